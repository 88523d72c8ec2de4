//! Prefix products and linear recurrences of long lines.
//!
//! What a block does to the value that comes in is a number a, for a recurrence h ↦ a·h + b two. Where a, or a
//! product on the way to it, leaves the normal range of the dtype, that says too little of what the line
//! itself would come to: 0 times what overflows is 0 in a line that was 0 before, and what falls to 0 may have
//! been multiplied by something large. Such a block is *unsafe*, which a NaN in place of a tells, and what comes out
//! of it is what comes out of its last part, if need be of its last element. So results are as accurate as
//! those of one long chain, or more so.
//!
//! Blocks have [`CHAIN`] elements, larger blocks as many blocks. Each begins with what comes out of the one before
//! it, and goes through its elements from there; what it does is computed beside that, while one step waits
//! for the other anyway.

use super::Scan;
use super::lines::{Lines, States};
use crate::kernel::{BodyScalar, ValueId};
use crate::lower::emit::element::Elements;
use crate::lower::grouping::CHAIN;
use lgc_ir::constant::Constant;
use lgc_ir::dtype::DType;
use lgc_ir::index::Index;
use lgc_ir::op::Prefix;
use lgc_ir::scalar::{Binary, Comparison, Connective, Scalar};

/// Makes states of those before a block and of those within it.
type After<'a, 'p> = &'a dyn Fn(&Elements<'p>, &[ValueId], &[ValueId]) -> Vec<ValueId>;

/// Neighbouring elements of lines.
struct Stretch {
    first: Index,
    length: u64,
}

impl<'p> Scan<'p> {
    /// Emits prefix products or a recurrence in blocks.
    pub(super) fn products(&self, elements: &mut Elements<'p>) {
        let extent = self.extent();
        let mut levels = 1;
        while extent.div_ceil(CHAIN.saturating_pow(levels)) > CHAIN {
            levels += 1;
        }
        let work = self.work_of(extent);
        self.over_lines(elements, &[], work, &mut |elements, lines, _| {
            let all = Stretch {
                first: Index::constant(0),
                length: extent,
            };
            self.with_identities(elements, lines, 1, |elements, before| {
                self.with_effects(elements, lines, &before, |elements, states| {
                    self.go_through(elements, lines, &all, levels, &states);
                });
            });
        });
    }

    /// States of a stretch before its first element: the value that comes in, the first of those `before`, and what
    /// nothing does.
    fn with_effects<R>(
        &self,
        elements: &mut Elements<'p>,
        lines: &Lines,
        before: &States,
        body: impl FnOnce(&mut Elements<'p>, States) -> R,
    ) -> Option<R> {
        let dtypes = self.dtypes();
        let init = &mut |elements: &mut Elements<'p>, _: &[Index], before: &[ValueId]| {
            let neutral = self.neutral(elements);
            before.iter().take(1).copied().chain(neutral).collect()
        };
        self.with_states(elements, lines, (&dtypes, before), init, body)
    }

    /// Goes through the elements of a stretch, in blocks of the size of the level below, and saves the
    /// results; what comes out at the end, and what its whole blocks do.
    fn go_through(
        &self,
        elements: &mut Elements<'p>,
        lines: &Lines,
        stretch: &Stretch,
        level: u32,
        states: &States,
    ) -> States {
        let Some(below) = level.checked_sub(1) else {
            return self.go_through_elements(elements, lines, stretch, states);
        };
        let size = CHAIN.saturating_pow(level);
        let (whole, rest) = (stretch.length / size, stretch.length % size);
        let mut states = states.clone();
        if whole > 0 {
            states = self.rounds(elements, whole, &states, &mut |elements, turn, states| {
                let block = Stretch {
                    first: stretch.first.add(&turn.scale(size as i64)),
                    length: size,
                };
                self.within(
                    elements,
                    lines,
                    (&block, below),
                    states,
                    &|elements, states, inner| {
                        let effect = self.settled(elements, &inner[1..]);
                        let safe = self.builder.compare(Comparison::Eq, effect[0], effect[0]);
                        let composed = self.combined(states[0], &effect);
                        let after = self.builder.select(safe, composed, inner[0]);
                        let effects = self.composed(elements, &states[1..], &effect);
                        std::iter::once(after).chain(effects).collect()
                    },
                )
            });
        }
        if rest > 0 {
            let block = Stretch {
                first: stretch.first.add_constant((whole * size) as i64),
                length: rest,
            };
            states = self.within(
                elements,
                lines,
                (&block, below),
                &states,
                &|_, states, inner| {
                    let effects = states.iter().skip(1);
                    inner.iter().take(1).chain(effects).copied().collect()
                },
            );
        }
        states
    }

    /// Goes through a block from states on, and takes these and those of the block to what they are after it.
    fn within(
        &self,
        elements: &mut Elements<'p>,
        lines: &Lines,
        (block, level): (&Stretch, u32),
        states: &States,
        after: After<'_, 'p>,
    ) -> States {
        let count = self.dtypes().len();
        let after = self.with_effects(elements, lines, states, |elements, inner| {
            let inner = self.go_through(elements, lines, block, level, &inner);
            self.each(
                elements,
                lines,
                (states, &inner),
                &mut |elements, _, values| {
                    let (states, inner) = values.split_at(count.min(values.len()));
                    after(elements, states, inner)
                },
            )
        });
        after.unwrap_or_else(|| states.clone())
    }

    /// The elements of a stretch one by one.
    fn go_through_elements(
        &self,
        elements: &mut Elements<'p>,
        lines: &Lines,
        stretch: &Stretch,
        states: &States,
    ) -> States {
        let none = self.no_states(lines);
        let step =
            &mut |elements: &mut Elements<'p>, line: &[Index], turn: &Index, states: &[ValueId]| {
                let place = stretch.first.add(turn);
                let (values, at) = self.operands_at(elements, line, &place);
                let after = self.combined(states[0], &values);
                let here = match self.rule.exclusive {
                    true => states[0],
                    false => after,
                };
                elements.save(self.node, &at, here);
                let effects = self.composed(elements, &states[1..], &values);
                std::iter::once(after).chain(effects).collect()
            };
        self.run(elements, lines, stretch.length, (states, &none), step)
    }

    // ------------------------------------------------------------------------------- effects

    /// The dtypes of the states of a stretch: what comes out, a, b if there is one, and how far off the normal range
    /// a ever was, see [`Scan::off_range`].
    fn dtypes(&self) -> Vec<DType> {
        let float = self.ty.dtype.compute();
        let mut dtypes = vec![float; 2];
        if self.rule.prefix == Prefix::Linear {
            dtypes.push(float);
        }
        dtypes.push(bits_of(float).dtype);
        dtypes
    }

    /// What nothing does, as states.
    fn neutral(&self, elements: &Elements<'p>) -> Vec<ValueId> {
        let mut neutral = vec![self.constant(elements, &Constant::integer(1))];
        if self.rule.prefix == Prefix::Linear {
            neutral.push(self.constant(elements, &Constant::integer(0)));
        }
        let bits = bits_of(self.ty.dtype.compute());
        neutral.push(self.bits(elements, bits.dtype, bits.least));
        neutral
    }

    /// Takes what comes next, given as operands, into such states.
    fn composed(
        &self,
        elements: &Elements<'p>,
        states: &[ValueId],
        next: &[ValueId],
    ) -> Vec<ValueId> {
        let b = &self.builder;
        let (Some(&off), Some(&factor)) = (states.last(), next.first()) else {
            b.fail("a block of a prefix scan has no state");
            return states.to_vec();
        };
        let a = b.binary(Binary::Mul, states[0], factor);
        let mut after = vec![a];
        if self.rule.prefix == Prefix::Linear {
            after.push(self.combined(states[1], next));
        }
        after.push(b.binary(Binary::Max, off, self.off_range(elements, a)));
        after
    }

    /// The place of |a| among the floats of its dtype in ascending order, counted from the smallest normal number on
    /// as from the least integer; those below it come after infinity and NaN. So the largest such place tells
    /// whether all were normal, and integers need no care for NaN, which takes longer than the rest of a step.
    fn off_range(&self, elements: &Elements<'p>, a: ValueId) -> ValueId {
        let b = &self.builder;
        let size = BodyScalar::new(b, a).abs().value();
        let bits = bits_of(self.ty.dtype.compute());
        let offset = self.bits(elements, bits.dtype, bits.least.wrapping_sub(bits.smallest));
        b.binary(Binary::Add, b.bitcast(bits.dtype, size), offset)
    }

    fn bits(&self, elements: &Elements<'p>, dtype: DType, value: i64) -> ValueId {
        let value = if dtype == DType::I32 {
            i64::from(value as i32)
        } else {
            value
        };
        let scalar = self.builder.int(dtype, value);
        self.builder.splat(elements.lanes.form(), scalar)
    }

    /// What is stored of a block: a is NaN if it is unsafe.
    fn settled(&self, elements: &Elements<'p>, states: &[ValueId]) -> Vec<ValueId> {
        let b = &self.builder;
        let Some(&off) = states.last() else {
            b.fail("a block of a prefix scan has no state");
            return states.to_vec();
        };
        let bits = bits_of(self.ty.dtype.compute());
        let bound = bits.least.wrapping_add(bits.largest - bits.smallest);
        let mut safe = b.compare(Comparison::Le, off, self.bits(elements, bits.dtype, bound));
        if self.rule.prefix == Prefix::Linear {
            let size = BodyScalar::new(b, states[1]).abs().value();
            let largest = self.constant(elements, &bits.largest_float);
            let finite = b.compare(Comparison::Le, size, largest);
            safe = b.connect(Connective::And, safe, finite);
        }
        let nan = self.constant(elements, &Constant::Nan);
        let mut settled = vec![b.select(safe, states[0], nan)];
        match states.get(1..self.operands.len()) {
            Some(others) => settled.extend(others),
            None => b.fail("a scan lacks states"),
        }
        settled
    }
}

/// The bits of floats of full precision as integers, which order as they do.
struct Bits {
    dtype: DType,
    /// The least integer.
    least: i64,
    /// The smallest and the largest positive number of full precision.
    smallest: i64,
    largest: i64,
    largest_float: Constant,
}

fn bits_of(dtype: DType) -> Bits {
    match dtype {
        DType::F64 => Bits {
            dtype: DType::I64,
            least: i64::MIN,
            smallest: f64::MIN_POSITIVE.to_bits() as i64,
            largest: f64::MAX.to_bits() as i64,
            largest_float: Constant::from_f64(f64::MAX),
        },
        DType::Bool
        | DType::I32
        | DType::I64
        | DType::U32
        | DType::F16
        | DType::Bf16
        | DType::F32 => Bits {
            dtype: DType::I32,
            least: i32::MIN.into(),
            smallest: f32::MIN_POSITIVE.to_bits().into(),
            largest: f32::MAX.to_bits().into(),
            largest_float: Constant::from_f64(f32::MAX.into()),
        },
    }
}
