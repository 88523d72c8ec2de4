//! Prefix products and linear recurrences of long lines.
//!
//! What a block does to the value that comes in is a number a, for a recurrence h ↦ a·h + b two. Where a, or a
//! product on the way to it, leaves the normal range of the dtype, that says too little of what the line
//! itself would come to: 0 times what overflows is 0 in a line that was 0 before, and what falls to 0 may have
//! been multiplied by something large. Such a block is *unsafe*, which a NaN in place of a tells, and what goes on
//! from it is computed from its parts, if need be from its elements, in order. So results are as accurate
//! as those of one long chain, or more so.
//!
//! Blocks have [`CHAIN`] elements, blocks of blocks as many blocks; each begins with what comes before it, and goes
//! through its elements from there.

use super::super::element::Elements;
use super::super::grouping::CHAIN;
use super::{STEP, Scan};
use crate::kernel::{BodyScalar, Condition, MemId, ValueId};
use lgc_ir::constant::Constant;
use lgc_ir::dtype::DType;
use lgc_ir::index::Index;
use lgc_ir::op::Prefix;
use lgc_ir::scalar::{Binary, Comparison, Connective, Scalar};
use std::cell::RefCell;

/// Blocks of one size.
struct Level {
    /// What whole blocks do to what comes in: a, and b of a recurrence.
    totals: Vec<MemId>,
    /// What comes before each block.
    before: MemId,
    count: u64,
}

impl<'p> Scan<'p> {
    /// Emits prefix products or a recurrence in blocks.
    pub(super) fn products(&mut self, elements: &mut Elements<'p>) {
        let mut levels = Vec::new();
        let mut count = self.extent().div_ceil(CHAIN);
        loop {
            let totals = (0..self.operands.len())
                .map(|_| self.scratch(count))
                .collect();
            let before = self.scratch(count);
            levels.push(Level {
                totals,
                before,
                count,
            });
            if count <= CHAIN {
                break;
            }
            count = count.div_ceil(CHAIN);
        }
        self.effects_of_elements(elements, &levels[0]);
        for pair in levels.windows(2) {
            self.effects_of_blocks(elements, &pair[0], &pair[1]);
        }
        if let Some(top) = levels.last() {
            let work = STEP.saturating_mul(top.count);
            // Whether a block is safe is another question for each line.
            self.over_lines(elements, false, &[], work, &mut |elements, line, _| {
                let identity = self.identity(elements);
                let first = Index::constant(0);
                self.go_through(elements, (line, &first), &levels, top.count, identity);
            });
        }
        for depth in (1..levels.len()).rev() {
            self.states_before_blocks(elements, &levels[..=depth]);
        }
        self.results_of_products(elements, levels[0].before);
    }

    // ------------------------------------------------------------------------------- totals

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

    fn store_totals(
        &self,
        elements: &mut Elements<'p>,
        level: &Level,
        at: (&[Index], &Index),
        states: &[ValueId],
    ) {
        let settled = self.settled(elements, states);
        for (&memory, value) in level.totals.iter().zip(settled) {
            self.store(elements, memory, at, value);
        }
    }

    fn totals_at(
        &self,
        elements: &mut Elements<'p>,
        level: &Level,
        line: &[Index],
        number: &Index,
    ) -> Vec<ValueId> {
        let load = |&memory: &MemId| self.load(elements, memory, line, number);
        level.totals.iter().map(load).collect()
    }

    /// The totals of whole blocks; nothing comes after another.
    fn effects_of_elements(&self, elements: &mut Elements<'p>, level: &Level) {
        let total = self.extent() / CHAIN * CHAIN;
        let shape = (total, CHAIN, 1);
        self.over_blocks(elements, shape, &mut |elements, line, numbers, length| {
            for number in numbers {
                let inits = self.neutral(elements);
                let states = self.run(elements, length, &inits, &mut |elements, turn, states| {
                    let place = number.scale(CHAIN as i64).add(turn);
                    let (values, _) = self.operands_at(elements, line, &place);
                    self.composed(states, &values)
                });
                self.store_totals(elements, level, (line, number), &states);
            }
        });
    }

    fn effects_of_blocks(&self, elements: &mut Elements<'p>, from: &Level, to: &Level) {
        let whole = from.count / CHAIN * CHAIN;
        let shape = (whole, CHAIN, 1);
        self.over_blocks(elements, shape, &mut |elements, line, numbers, length| {
            for number in numbers {
                let inits = self.neutral(elements);
                let states = self.run(elements, length, &inits, &mut |elements, turn, states| {
                    let place = number.scale(CHAIN as i64).add(turn);
                    let values = self.totals_at(elements, from, line, &place);
                    self.composed(states, &values)
                });
                self.store_totals(elements, to, (line, number), &states);
            }
        });
    }

    // ------------------------------------------------------------------------------- what comes before

    /// Stores what comes before each of `length` blocks of the last level from a place on, where `state` comes
    /// before the first. None comes after the last, which may be shorter.
    fn go_through(
        &self,
        elements: &mut Elements<'p>,
        (line, first): (&[Index], &Index),
        levels: &[Level],
        length: u64,
        state: ValueId,
    ) {
        let Some(level) = levels.last() else {
            return;
        };
        let last = self.run(
            elements,
            length - 1,
            &[state],
            &mut |elements, turn, states| {
                let number = first.add(turn);
                self.store(elements, level.before, (line, &number), states[0]);
                vec![self.after(elements, line, levels, &number, states[0])]
            },
        );
        let number = first.add_constant(length as i64 - 1);
        self.store(elements, level.before, (line, &number), last[0]);
    }

    /// What comes out of a whole block of the last level.
    fn after(
        &self,
        elements: &mut Elements<'p>,
        line: &[Index],
        levels: &[Level],
        number: &Index,
        state: ValueId,
    ) -> ValueId {
        let Some((level, below)) = levels.split_last() else {
            let (values, _) = self.operands_at(elements, line, number);
            return self.combined(state, &values);
        };
        let totals = self.totals_at(elements, level, line, number);
        let safe = self.builder.compare(Comparison::Eq, totals[0], totals[0]);
        // Both sides need the elements, one after the other.
        let elements = RefCell::new(elements);
        let results = self.builder.branch(
            Condition::Mask(safe),
            || vec![self.combined(state, &totals)],
            || {
                let elements = &mut *elements.borrow_mut();
                self.run(elements, CHAIN, &[state], &mut |elements, turn, states| {
                    let number = number.scale(CHAIN as i64).add(turn);
                    vec![self.after(elements, line, below, &number, states[0])]
                })
            },
        );
        results[0]
    }

    fn states_before_blocks(&self, elements: &mut Elements<'p>, levels: &[Level]) {
        let Some((above, levels)) = levels.split_last() else {
            return;
        };
        let Some(level) = levels.last() else {
            return;
        };
        let groups = [
            (0, level.count / CHAIN, CHAIN),
            (level.count / CHAIN, 1, level.count % CHAIN),
        ];
        for (first, count, length) in groups {
            if count == 0 || length == 0 {
                continue;
            }
            let work = STEP.saturating_mul(length);
            self.over_lines(
                elements,
                false,
                &[count],
                work,
                &mut |elements, line, task| {
                    let number = task[0].add_constant(first as i64);
                    let state = self.load(elements, above.before, line, &number);
                    let first = number.scale(CHAIN as i64);
                    self.go_through(elements, (line, &first), levels, length, state);
                },
            );
        }
    }

    fn results_of_products(&self, elements: &mut Elements<'p>, before: MemId) {
        let shape = (self.extent(), CHAIN, self.at_once());
        self.over_blocks(elements, shape, &mut |elements, line, numbers, length| {
            let load = |number: &Index| self.load(elements, before, line, number);
            let inits: Vec<ValueId> = numbers.iter().map(load).collect();
            let starts = numbers.iter().map(|number| number.scale(CHAIN as i64));
            let starts: Vec<Index> = starts.collect();
            self.save_run(elements, line, (&starts, &inits), length, &|_, state| state);
        });
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
