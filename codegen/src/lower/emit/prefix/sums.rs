//! Prefix sums of long lines.
//!
//! Blocks begin from nothing; what comes before each is the prefix of what they come to, which is computed in
//! the same way from blocks of blocks, until few are left. So an element is a sum of a few short chains,
//! and the larger numbers that come before it are rounded once for each of them.

use super::Scan;
use super::lines::{Lines, States};
use crate::kernel::{FoldShape, ForRange, MemId, ValueId};
use crate::lower::emit::element::Elements;
use crate::lower::grouping::{BLOCK, BLOCK_LANES, BLOCKS, FEW_BLOCKS};
use lgc_ir::index::Index;

/// What blocks come to, and then what comes before each of them.
struct Level {
    memory: MemId,
    count: u64,
}

/// Neighbouring elements of lines.
#[derive(Clone, Copy)]
struct Block<'a> {
    number: &'a Index,
    length: u64,
}

impl<'p> Scan<'p> {
    /// Emits prefix sums in blocks.
    pub(super) fn sums(&mut self, elements: &mut Elements<'p>) {
        let lines = self.ty.elements() / self.extent().max(1);
        match self.segments {
            None if lines >= self.plan.target.costs.many_lines => self.sweeps(elements),
            None | Some(_) => self.sums_in_phases(elements),
        }
    }

    /// Emits them with blocks as tasks: what they come to, what comes before them, and their results.
    fn sums_in_phases(&mut self, elements: &mut Elements<'p>) {
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
            self.over_lines(
                elements,
                &[],
                self.work_of(top.count),
                &mut |elements, lines, _| {
                    self.with_identities(elements, lines, 1, |elements, before| {
                        let start = (&Index::constant(0), top.count);
                        self.exclusive(elements, lines, top, start, &before);
                    });
                },
            );
        }
        for pair in levels.windows(2).rev() {
            self.before_blocks(elements, &pair[0], &pair[1]);
        }
        self.results(elements, levels[0].memory);
    }

    /// What blocks come to, in interleaved lanes: in vectors along a line, or of lines each lane by itself.
    fn totals_of_elements(&self, elements: &mut Elements<'p>, totals: MemId) {
        let shape = (self.extent(), BLOCK, self.at_once());
        self.over_blocks(elements, shape, &mut |elements, lines, numbers, length| {
            for number in numbers {
                let block = Block { number, length };
                match self.segments {
                    Some(_) => self.total_lane_by_lane(elements, lines, block, totals),
                    None => self.total_in_lanes(elements, lines, block, totals),
                };
            }
        });
    }

    fn total_in_lanes(
        &self,
        elements: &mut Elements<'p>,
        lines: &Lines,
        block: Block<'_>,
        totals: MemId,
    ) {
        let none = self.no_states(lines);
        let first = block.number.scale(BLOCK as i64);
        self.each(elements, lines, (&none, &none), &mut |elements, line, _| {
            let total = self.total(elements, line, (&first, block.length));
            self.store(elements, totals, (line, block.number), total);
            Vec::new()
        });
    }

    /// What neighbouring elements of a line come to, in interleaved lanes.
    fn total(
        &self,
        elements: &mut Elements<'p>,
        line: &[Index],
        (first, length): (&Index, u64),
    ) -> ValueId {
        let inits = [self.identity(elements)];
        let (_, sum) = self.builder.fold(
            FoldShape::lanes(length, BLOCK_LANES),
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
        lines: &Lines,
        block: Block<'_>,
        totals: MemId,
    ) {
        let lanes = u64::from(BLOCK_LANES);
        let (turns, rest) = (block.length / lanes, block.length % lanes);
        let first = block.number.scale(BLOCK as i64);
        let step = |elements: &mut Elements<'p>,
                    line: &[Index],
                    (turn, taken): (&Index, u64),
                    states: &[ValueId]| {
            let mut next = states.to_vec();
            for (lane, state) in (0..taken).zip(&mut next) {
                let place = first.add(&turn.scale(lanes as i64));
                let place = place.add_constant(lane as i64);
                let (values, _) = self.operands_at(elements, line, &place);
                *state = self.combined(*state, &values);
            }
            next
        };
        let none = self.no_states(lines);
        self.with_identities(elements, lines, lanes as usize, |elements, mut states| {
            if turns > 0 {
                let body = &mut |elements: &mut Elements<'p>,
                                 line: &[Index],
                                 turn: &Index,
                                 states: &[ValueId]| {
                    step(elements, line, (turn, lanes), states)
                };
                states = self.run(elements, lines, turns, (&states, &none), body);
            }
            self.each(
                elements,
                lines,
                (&none, &states),
                &mut |elements, line, states| {
                    let mut states = step(
                        elements,
                        line,
                        (&Index::constant(turns as i64), rest),
                        states,
                    );
                    while states.len() > 1 {
                        let right = states.split_off(states.len() / 2);
                        let pairs = states.iter().zip(right);
                        states = pairs.map(|(&x, y)| self.combined(x, &[y])).collect();
                    }
                    self.store(elements, totals, (line, block.number), states[0]);
                    Vec::new()
                },
            );
        });
    }

    fn totals_of_blocks(&self, elements: &mut Elements<'p>, from: &Level, to: &Level) {
        let shape = (from.count, BLOCKS, 1);
        self.over_blocks(elements, shape, &mut |elements, lines, numbers, length| {
            for number in numbers {
                self.with_identities(elements, lines, 1, |elements, sum| {
                    let first = number.scale(BLOCKS as i64);
                    let none = self.no_states(lines);
                    let add = &mut |elements: &mut Elements<'p>,
                                    line: &[Index],
                                    turn: &Index,
                                    sum: &[ValueId]| {
                        let total = self.load(elements, from.memory, line, &first.add(turn));
                        vec![self.combined(sum[0], &[total])]
                    };
                    let sum = self.run(elements, lines, length, (&sum, &none), add);
                    self.each(
                        elements,
                        lines,
                        (&none, &sum),
                        &mut |elements, line, sum| {
                            self.store(elements, to.memory, (line, number), sum[0]);
                            Vec::new()
                        },
                    );
                });
            }
        });
    }

    /// Puts what comes before each of `length` blocks from a place on in place of what they come to, where
    /// `before` comes before the first.
    fn exclusive(
        &self,
        elements: &mut Elements<'p>,
        lines: &Lines,
        level: &Level,
        (first, length): (&Index, u64),
        before: &States,
    ) {
        self.with_identities(elements, lines, 1, |elements, sum| {
            let put = &mut |elements: &mut Elements<'p>,
                            line: &[Index],
                            turn: &Index,
                            values: &[ValueId]| {
                let [sum, before] = *values else {
                    self.builder.fail("a block of a prefix sum has no state");
                    return values.to_vec();
                };
                let place = first.add(turn);
                let total = self.load(elements, level.memory, line, &place);
                let here = self.combined(before, &[sum]);
                self.store(elements, level.memory, (line, &place), here);
                vec![self.combined(sum, &[total])]
            };
            self.run(elements, lines, length, (&sum, before), put);
        });
    }

    /// What comes before blocks, as states.
    fn with_bases(
        &self,
        elements: &mut Elements<'p>,
        lines: &Lines,
        (memory, numbers): (MemId, &[Index]),
        body: impl FnOnce(&mut Elements<'p>, States),
    ) {
        let none = self.no_states(lines);
        let init = &mut |elements: &mut Elements<'p>, line: &[Index], _: &[ValueId]| {
            let load = |number: &Index| self.load(elements, memory, line, number);
            numbers.iter().map(load).collect()
        };
        let dtypes = vec![self.ty.dtype.compute(); numbers.len()];
        self.with_states(elements, lines, (&dtypes, &none), init, body);
    }

    fn before_blocks(&self, elements: &mut Elements<'p>, level: &Level, above: &Level) {
        let shape = (level.count, BLOCKS, 1);
        self.over_blocks(elements, shape, &mut |elements, lines, numbers, length| {
            for number in numbers {
                let base = (above.memory, std::slice::from_ref(number));
                self.with_bases(elements, lines, base, |elements, before| {
                    let first = number.scale(BLOCKS as i64);
                    self.exclusive(elements, lines, level, (&first, length), &before);
                });
            }
        });
    }

    fn results(&self, elements: &mut Elements<'p>, before: MemId) {
        let shape = (self.extent(), BLOCK, self.at_once());
        self.over_blocks(elements, shape, &mut |elements, lines, numbers, length| {
            let starts = numbers.iter().map(|number| number.scale(BLOCK as i64));
            let starts: Vec<Index> = starts.collect();
            self.with_bases(elements, lines, (before, numbers), |elements, bases| {
                self.with_identities(elements, lines, numbers.len(), |elements, sums| {
                    let states = (starts.as_slice(), &sums, &bases);
                    self.save_run(elements, lines, states, length, &|number, sum, bases| {
                        self.combined(bases[number], &[sum])
                    });
                });
            });
        });
    }

    // ------------------------------------------------------------------------------- sweeps

    /// Emits them line by line, each from its first to its last element.
    fn sweeps(&self, elements: &mut Elements<'p>) {
        let (mut level, mut count) = (0, self.extent().div_ceil(BLOCK));
        while count > FEW_BLOCKS {
            level += 1;
            count = count.div_ceil(BLOCKS);
        }
        let work = self.work_of(self.extent());
        self.over_lines(elements, &[], work, &mut |elements, lines, _| {
            let none = self.no_states(lines);
            self.each(elements, lines, (&none, &none), &mut |elements, line, _| {
                let nothing = self.identity(elements);
                let all = (&Index::constant(0), self.extent());
                self.sweep(elements, line, level, all, nothing);
                Vec::new()
            });
        });
    }

    /// Goes through `length` elements in the blocks of a level; what they come to.
    fn sweep(
        &self,
        elements: &mut Elements<'p>,
        line: &[Index],
        level: u32,
        (first, length): (&Index, u64),
        before: ValueId,
    ) -> ValueId {
        let Some(below) = level.checked_sub(1) else {
            return self.sweep_blocks(elements, line, (first, length), before);
        };
        let size = BLOCK * BLOCKS.saturating_pow(level);
        let (whole, rest) = (length / size, length % size);
        let step = |elements: &mut Elements<'p>, first: &Index, length: u64, sum: ValueId| {
            let here = self.combined(before, &[sum]);
            let total = self.sweep(elements, line, below, (first, length), here);
            self.combined(sum, &[total])
        };
        let mut sum = self.identity(elements);
        if whole > 0 {
            sum = self.values(elements, whole, sum, &mut |elements, turn, sum| {
                step(elements, &first.add(&turn.scale(size as i64)), size, sum)
            });
        }
        if rest > 0 {
            sum = step(
                elements,
                &first.add_constant((whole * size) as i64),
                rest,
                sum,
            );
        }
        sum
    }

    /// The same in blocks of elements, several at once.
    fn sweep_blocks(
        &self,
        elements: &mut Elements<'p>,
        line: &[Index],
        (first, length): (&Index, u64),
        before: ValueId,
    ) -> ValueId {
        let whole = length / BLOCK;
        let at_once = self.at_once();
        let (rounds, others, rest) = (whole / at_once, whole % at_once, length % BLOCK);
        let start = |block: u64| first.add_constant((block * BLOCK) as i64);
        let mut sum = self.identity(elements);
        if rounds > 0 {
            sum = self.values(elements, rounds, sum, &mut |elements, turn, sum| {
                let first = first.add(&turn.scale((at_once * BLOCK) as i64));
                self.joint_blocks(elements, line, (&first, at_once, BLOCK), (before, sum))
            });
        }
        let joint = rounds * at_once;
        for (block, count, length) in [(joint, others, BLOCK), (whole, 1, rest)] {
            if count > 0 && length > 0 {
                let blocks = (&start(block), count, length);
                sum = self.joint_blocks(elements, line, blocks, (before, sum));
            }
        }
        sum
    }

    /// Goes through neighbouring blocks at once.
    fn joint_blocks(
        &self,
        elements: &mut Elements<'p>,
        line: &[Index],
        (first, count, length): (&Index, u64, u64),
        (before, mut sum): (ValueId, ValueId),
    ) -> ValueId {
        let start = |block: u64| first.add_constant((block * BLOCK) as i64);
        let starts: Vec<Index> = (0..count).map(start).collect();
        let mut bases = Vec::with_capacity(starts.len());
        for start in &starts {
            bases.push(self.combined(before, &[sum]));
            let total = self.total(elements, line, (start, length));
            sum = self.combined(sum, &[total]);
        }
        let lines = Lines::one(line.to_vec());
        let sums = States::Values(vec![self.identity(elements); starts.len()]);
        let states = (starts.as_slice(), &sums, &States::Values(bases));
        self.save_run(elements, &lines, states, length, &|number, sum, bases| {
            self.combined(bases[number], &[sum])
        });
        sum
    }

    /// A sequential loop that carries one value.
    fn values(
        &self,
        elements: &mut Elements<'p>,
        length: u64,
        init: ValueId,
        body: &mut dyn FnMut(&mut Elements<'p>, &Index, ValueId) -> ValueId,
    ) -> ValueId {
        let (_, last) = self
            .builder
            .carry(ForRange::upto(length), &[init], |turn, values| {
                elements.enter(&turn, length);
                let next = body(elements, &turn, values[0]);
                elements.leave();
                vec![next]
            });
        last[0]
    }
}
