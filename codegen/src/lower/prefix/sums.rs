//! Prefix sums of long lines.
//!
//! Blocks begin from nothing; what comes before each is the prefix of what they come to, which is computed in
//! the same way from blocks of blocks, until few are left. So an element is a sum of a few short chains,
//! and the larger numbers that come before it are rounded once for each of them.

use super::super::element::Elements;
use super::super::grouping::{BLOCK, BLOCK_LANES, BLOCKS, FEW_BLOCKS};
use super::{STEP, Scan};
use crate::kernel::{FoldShape, MemId, ValueId};
use lgc_ir::index::Index;

/// What blocks come to, and then what comes before each of them.
struct Level {
    memory: MemId,
    count: u64,
}

impl<'p> Scan<'p> {
    /// Emits prefix sums in blocks.
    pub(super) fn sums(&mut self, elements: &mut Elements<'p>) {
        let mut levels = Vec::new();
        let mut count = self.extent().div_ceil(BLOCK);
        loop {
            let memory = self.scratch(count);
            levels.push(Level { memory, count });
            if count <= FEW_BLOCKS {
                break;
            }
            count = count.div_ceil(BLOCKS);
        }
        self.totals_of_elements(elements, levels[0].memory);
        for pair in levels.windows(2) {
            self.totals_of_blocks(elements, &pair[0], &pair[1]);
        }
        if let Some(top) = levels.last() {
            self.over_lines(elements, &[], STEP * top.count, &mut |elements, line, _| {
                let nothing = self.identity(elements);
                self.exclusive(
                    elements,
                    (line, &Index::constant(0)),
                    top,
                    top.count,
                    nothing,
                );
            });
        }
        for pair in levels.windows(2).rev() {
            self.before_blocks(elements, &pair[0], &pair[1]);
        }
        self.results(elements, levels[0].memory);
    }

    /// What blocks come to, in interleaved lanes: in vectors along a line, or of lines each lane by itself.
    fn totals_of_elements(&self, elements: &mut Elements<'p>, totals: MemId) {
        let shape = (self.extent(), BLOCK, 1);
        self.over_blocks(elements, shape, &mut |elements, line, numbers, length| {
            for number in numbers {
                let first = number.scale(BLOCK as i64);
                let sum = match self.segments {
                    Some(_) => self.total_lane_by_lane(elements, line, &first, length),
                    None => self.total_in_lanes(elements, line, &first, length),
                };
                self.store(elements, totals, (line, number), sum);
            }
        });
    }

    fn total_in_lanes(
        &self,
        elements: &mut Elements<'p>,
        line: &[Index],
        first: &Index,
        length: u64,
    ) -> ValueId {
        let shape = FoldShape::lanes(length, BLOCK_LANES);
        let inits = [self.identity(elements)];
        let (_, sum) = self.builder.fold(
            shape,
            &inits,
            |turn, states| {
                elements.enter(&turn, length);
                let (values, _) = self.operands_at(elements, line, &first.add(&turn));
                let next = self.combined(states[0], &values);
                elements.leave();
                vec![next]
            },
            |left, right| vec![self.combined(left[0], right)],
        );
        sum[0]
    }

    fn total_lane_by_lane(
        &self,
        elements: &mut Elements<'p>,
        line: &[Index],
        first: &Index,
        length: u64,
    ) -> ValueId {
        let lanes = u64::from(BLOCK_LANES);
        let (turns, rest) = (length / lanes, length % lanes);
        let mut states = vec![self.identity(elements); lanes as usize];
        let step = |elements: &mut Elements<'p>, turn: &Index, lane: u64, state: ValueId| {
            let place = first.add(&turn.scale(lanes as i64));
            let place = place.add_constant(lane as i64);
            let (values, _) = self.operands_at(elements, line, &place);
            self.combined(state, &values)
        };
        if turns > 0 {
            states = self.run(elements, turns, &states, &mut |elements, turn, states| {
                let each = (0..lanes).zip(states);
                each.map(|(lane, &state)| step(elements, turn, lane, state))
                    .collect()
            });
        }
        let last = Index::constant(turns as i64);
        for (lane, state) in (0..rest).zip(&mut states) {
            *state = step(elements, &last, lane, *state);
        }
        while states.len() > 1 {
            let right = states.split_off(states.len() / 2);
            let pairs = states.iter().zip(right);
            states = pairs.map(|(&x, y)| self.combined(x, &[y])).collect();
        }
        states[0]
    }

    fn totals_of_blocks(&self, elements: &mut Elements<'p>, from: &Level, to: &Level) {
        let shape = (from.count, BLOCKS, 1);
        self.over_blocks(elements, shape, &mut |elements, line, numbers, length| {
            for number in numbers {
                let inits = [self.identity(elements)];
                let sum = self.run(elements, length, &inits, &mut |elements, turn, states| {
                    let place = number.scale(BLOCKS as i64).add(turn);
                    let total = self.load(elements, from.memory, line, &place);
                    vec![self.combined(states[0], &[total])]
                });
                self.store(elements, to.memory, (line, number), sum[0]);
            }
        });
    }

    /// Puts what comes before each of `length` blocks from a place on in place of what they come to, where
    /// `before` comes before the first.
    fn exclusive(
        &self,
        elements: &mut Elements<'p>,
        (line, first): (&[Index], &Index),
        level: &Level,
        length: u64,
        before: ValueId,
    ) {
        let inits = [self.identity(elements)];
        self.run(elements, length, &inits, &mut |elements, turn, states| {
            let place = first.add(turn);
            let total = self.load(elements, level.memory, line, &place);
            let here = self.combined(before, states);
            self.store(elements, level.memory, (line, &place), here);
            vec![self.combined(states[0], &[total])]
        });
    }

    fn before_blocks(&self, elements: &mut Elements<'p>, level: &Level, above: &Level) {
        let shape = (level.count, BLOCKS, 1);
        self.over_blocks(elements, shape, &mut |elements, line, numbers, length| {
            for number in numbers {
                let before = self.load(elements, above.memory, line, number);
                let first = number.scale(BLOCKS as i64);
                self.exclusive(elements, (line, &first), level, length, before);
            }
        });
    }

    fn results(&self, elements: &mut Elements<'p>, before: MemId) {
        let shape = (self.extent(), BLOCK, self.at_once());
        self.over_blocks(elements, shape, &mut |elements, line, numbers, length| {
            let load = |number: &Index| self.load(elements, before, line, number);
            let bases: Vec<ValueId> = numbers.iter().map(load).collect();
            let starts = numbers.iter().map(|number| number.scale(BLOCK as i64));
            let starts: Vec<Index> = starts.collect();
            let inits = vec![self.identity(elements); numbers.len()];
            self.save_run(
                elements,
                line,
                (&starts, &inits),
                length,
                &|number, state| self.combined(bases[number], &[state]),
            );
        });
    }
}
