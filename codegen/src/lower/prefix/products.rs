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

use super::super::element::Elements;
use super::super::grouping::CHAIN;
use super::{STEP, Scan};
use crate::kernel::{BodyScalar, ValueId};
use lgc_ir::constant::Constant;
use lgc_ir::dtype::DType;
use lgc_ir::index::Index;
use lgc_ir::op::Prefix;
use lgc_ir::scalar::{Binary, Comparison, Connective, Scalar};

/// Neighbouring elements of a line.
struct Stretch<'a> {
    line: &'a [Index],
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
        let work = STEP.saturating_mul(extent);
        self.over_lines(elements, &[], work, &mut |elements, line, _| {
            let identity = self.identity(elements);
            let all = Stretch {
                line,
                first: Index::constant(0),
                length: extent,
            };
            self.go_through(elements, &all, levels, identity);
        });
    }

    /// Goes through the elements of a stretch, in blocks of the size of the level below, and saves the
    /// results; what comes out at the end, and what its whole blocks do.
    fn go_through(
        &self,
        elements: &mut Elements<'p>,
        stretch: &Stretch<'_>,
        level: u32,
        state: ValueId,
    ) -> Vec<ValueId> {
        let inits: Vec<ValueId> = std::iter::once(state)
            .chain(self.neutral(elements))
            .collect();
        let Some(below) = level.checked_sub(1) else {
            return self.go_through_elements(elements, stretch, &inits);
        };
        let size = CHAIN.saturating_pow(level);
        let (whole, rest) = (stretch.length / size, stretch.length % size);
        let mut states = inits.clone();
        if whole > 0 {
            states = self.run(elements, whole, &inits, &mut |elements, turn, states| {
                let block = Stretch {
                    line: stretch.line,
                    first: stretch.first.add(&turn.scale(size as i64)),
                    length: size,
                };
                let (after, effect) = self.block(elements, &block, below, states[0]);
                let effects = self.composed(&states[1..], &effect);
                std::iter::once(after).chain(effects).collect()
            });
        }
        if rest > 0 {
            let block = Stretch {
                line: stretch.line,
                first: stretch.first.add_constant((whole * size) as i64),
                length: rest,
            };
            states[0] = self.go_through(elements, &block, below, states[0])[0];
        }
        states
    }

    /// The elements of a stretch one by one.
    fn go_through_elements(
        &self,
        elements: &mut Elements<'p>,
        stretch: &Stretch<'_>,
        inits: &[ValueId],
    ) -> Vec<ValueId> {
        let length = stretch.length;
        self.run(elements, length, inits, &mut |elements, turn, states| {
            let place = stretch.first.add(turn);
            let (values, at) = self.operands_at(elements, stretch.line, &place);
            let after = self.combined(states[0], &values);
            let here = if self.rule.exclusive {
                states[0]
            } else {
                after
            };
            elements.save(self.node, &at, here);
            let effects = self.composed(&states[1..], &values);
            std::iter::once(after).chain(effects).collect()
        })
    }

    /// What comes out of a whole block, and what the block does.
    fn block(
        &self,
        elements: &mut Elements<'p>,
        block: &Stretch<'_>,
        level: u32,
        state: ValueId,
    ) -> (ValueId, Vec<ValueId>) {
        let states = self.go_through(elements, block, level, state);
        let effect = self.settled(elements, &states[1..]);
        let safe = self.builder.compare(Comparison::Eq, effect[0], effect[0]);
        let composed = self.combined(state, &effect);
        (self.builder.select(safe, composed, states[0]), effect)
    }

    // ------------------------------------------------------------------------------- effects

    /// The states from which totals start: a, b if there is one, the least and the largest |a|.
    fn neutral(&self, elements: &Elements<'p>) -> Vec<ValueId> {
        let one = self.constant(elements, &Constant::integer(1));
        match self.rule.prefix {
            Prefix::Linear => vec![
                one,
                self.constant(elements, &Constant::integer(0)),
                one,
                one,
            ],
            Prefix::Product | Prefix::Sum | Prefix::Max | Prefix::Min => vec![one, one, one],
        }
    }

    /// Takes what comes next, given as operands, into such states.
    fn composed(&self, states: &[ValueId], next: &[ValueId]) -> Vec<ValueId> {
        let b = &self.builder;
        let (Some((&low, &high)), Some(&factor)) = (range_of(states), next.first()) else {
            b.fail("a block of a prefix scan has no state");
            return states.to_vec();
        };
        let a = b.binary(Binary::Mul, states[0], factor);
        let size = BodyScalar::new(b, a).abs().value();
        let mut after = vec![a];
        if self.rule.prefix == Prefix::Linear {
            after.push(self.combined(states[1], next));
        }
        after.push(b.binary(Binary::Min, low, size));
        after.push(b.binary(Binary::Max, high, size));
        after
    }

    /// What is stored of a block: a is NaN if it is unsafe.
    fn settled(&self, elements: &Elements<'p>, states: &[ValueId]) -> Vec<ValueId> {
        let b = &self.builder;
        let (smallest, largest) = normal_range(self.ty.dtype.compute());
        let [smallest, largest] = [smallest, largest].map(|bound| self.constant(elements, &bound));
        let Some((&low, &high)) = range_of(states) else {
            b.fail("a block of a prefix scan has no state");
            return states.to_vec();
        };
        let mut safe = b.connect(
            Connective::And,
            b.compare(Comparison::Ge, low, smallest),
            b.compare(Comparison::Le, high, largest),
        );
        if self.rule.prefix == Prefix::Linear {
            let size = BodyScalar::new(b, states[1]).abs().value();
            let finite = b.compare(Comparison::Le, size, largest);
            safe = b.connect(Connective::And, safe, finite);
        }
        let nan = self.constant(elements, &Constant::Nan);
        let mut settled = vec![b.select(safe, states[0], nan)];
        settled.extend(states.get(1..self.operands.len()).unwrap_or_default());
        settled
    }
}

/// The least and the largest |a| among the states of a block.
fn range_of(states: &[ValueId]) -> Option<(&ValueId, &ValueId)> {
    match states {
        [.., low, high] => Some((low, high)),
        [] | [_] => None,
    }
}

/// The smallest and the largest positive number of full precision.
fn normal_range(dtype: DType) -> (Constant, Constant) {
    match dtype {
        DType::F64 => (
            Constant::from_f64(f64::MIN_POSITIVE),
            Constant::from_f64(f64::MAX),
        ),
        DType::Bool
        | DType::I32
        | DType::I64
        | DType::U32
        | DType::F16
        | DType::Bf16
        | DType::F32 => (
            Constant::from_f64(f32::MIN_POSITIVE.into()),
            Constant::from_f64(f32::MAX.into()),
        ),
    }
}
