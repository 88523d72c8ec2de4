//! Chunks: a loop over them, tasks where they are worth it, and the tree in which they merge.

use super::{Chunk, Out, States, Unfolder, place};
use crate::backend::refusal::{Refusal, Result, signed};
use crate::kernel::{
    Carried, Condition, Fold, ForRange, Join, MemId, Op, Region, Space, Stmt, Subscript, ValueId,
    ValueType, VarId,
};
use crate::threads::rewrite::state_types;
use lgc_ir::constant::Constant;
use lgc_ir::dtype::DType;
use lgc_ir::index::{Guard, Index};
use lgc_ir::scalar::{Binary, Unary};

impl Unfolder<'_> {
    /// The state of all chunks, taken by tasks.
    pub(super) fn shared(&mut self, fold: &Fold, block: u64, out: &mut Out) -> Result<States> {
        let chunks = fold.chunks();
        let tasks = chunks.div_ceil(block);
        let types = state_types(&self.draft, fold);
        let stored: Vec<MemId> = types
            .iter()
            .map(|&ty| self.draft.buffer("partial", (tasks, ty), Space::Shared))
            .collect();
        self.buffers.extend(&stored);
        let task = self.draft.var();
        self.bounds.set(task, (0, signed(tasks)?));
        let first = task.to_index().scale(signed(block)?);
        let outer = std::mem::take(&mut self.buffers);
        let mut body = Vec::new();
        let state = self.block(fold, (&first, block), (task, tasks), &mut body)?;
        for (&memory, &value) in stored.iter().zip(&state) {
            let access = place(
                memory,
                Subscript::At(task.to_index()),
                self.draft.type_of(value),
            );
            body.push(Stmt::Store { access, value });
        }
        let body = self.enclosed(Region { stmts: body }, outer);
        out.push(Stmt::Par {
            var: task,
            extent: tasks,
            grain: 1,
            body,
        });
        self.tree(fold, (tasks, None), out, |unfolder, number, out| {
            let loads = stored.iter().zip(&types);
            let load = |(&memory, &ty): (&MemId, &ValueType)| {
                let access = place(memory, Subscript::At(number.clone()), ty);
                unfolder.load(access, ty, out)
            };
            Ok(loads.map(load).collect())
        })
    }

    /// The state of the chunks of a task, which the last one may have fewer of.
    pub(super) fn block(
        &mut self,
        fold: &Fold,
        (first, block): (&Index, u64),
        (task, tasks): (VarId, u64),
        out: &mut Out,
    ) -> Result<States> {
        let rest = fold.chunks() % block;
        if rest == 0 {
            return self.chunks(fold, (first, block), out);
        }
        // One loop for both numbers of chunks: the code of a chunk is there once.
        let last = signed(tasks - 1)?;
        let is_last = Guard::within(task.to_index(), last, last + 1);
        let end = signed(fold.chunks())?;
        let first = first.clone();
        self.tree(
            fold,
            (block, Some((rest, is_last, end, first.clone()))),
            out,
            |unfolder, number, out| {
                let number = first.add(number);
                unfolder.chunk(
                    fold,
                    &Chunk {
                        number: Some(number),
                    },
                    out,
                )
            },
        )
    }

    /// The state of a known number of chunks from one on.
    pub(super) fn chunks(
        &mut self,
        fold: &Fold,
        (first, count): (&Index, u64),
        out: &mut Out,
    ) -> Result<States> {
        self.tree(fold, (count, None), out, |unfolder, number, out| {
            let number = first.add(number);
            unfolder.chunk(
                fold,
                &Chunk {
                    number: Some(number),
                },
                out,
            )
        })
    }

    /// The states of `count` parts, merged as neighbours. With `fewer`, there are only that many where its guard
    /// holds: those whose number, added to the first, is below the end.
    pub(super) fn tree(
        &mut self,
        fold: &Fold,
        (count, fewer): (u64, Option<(u64, Guard, i64, Index)>),
        out: &mut Out,
        part: impl FnOnce(&mut Self, &Index, &mut Out) -> Result<States>,
    ) -> Result<States> {
        let types = state_types(&self.draft, fold);
        let depth = u64::from(u64::BITS - count.leading_zeros());
        let levels: Vec<MemId> = types
            .iter()
            .map(|&ty| self.draft.buffer("waiting", (depth, ty), Space::Private))
            .collect();
        self.buffers.extend(&levels);
        let at = |level: u64, unfolder: &mut Self, out: &mut Out| -> Result<States> {
            let level = Subscript::At(Index::constant(signed(level)?));
            Ok(unfolder.load_all(&levels, &types, &level, out))
        };
        let number = self.draft.var();
        self.bounds.set(number, (0, signed(count)?));
        let mut body = Vec::new();
        // Numbers count from 0 here; in a block cut short they end before the last chunk.
        let mut range = ForRange::span(0, signed(count)?, 1);
        let mut point = number.to_index();
        if let Some((_, _, end, first)) = &fewer {
            range = ForRange::new(first.clone(), first.add_constant(signed(count)?), 1);
            range.below = Some(*end);
            point = number.to_index().sub(first);
        }
        let latest = part(self, &point, &mut body)?;
        // With this part, as many levels are full as its number, from 1 on, ends in zeros.
        let full = self.trailing_zeros(&point.add_constant(1), &mut body);
        let latest = self.carry_up(fold, (&levels, &types), (depth, full), latest, &mut body)?;
        for (&memory, &value) in levels.iter().zip(&latest) {
            let access = place(memory, Subscript::Value(full), self.draft.type_of(value));
            body.push(Stmt::Store { access, value });
        }
        out.push(Stmt::For {
            var: number,
            range,
            carried: Vec::new(),
            body: Region { stmts: body },
        });
        let Some((rest, is_last, ..)) = fewer else {
            return self.drain(fold, count, out, at);
        };
        let mut then = Vec::new();
        let few = self.drain(fold, rest, &mut then, at)?;
        let mut otherwise = Vec::new();
        let all = self.drain(fold, count, &mut otherwise, at)?;
        let mut joins = Vec::new();
        for (then, otherwise) in few.into_iter().zip(all) {
            let result = self.draft.value(self.draft.type_of(then));
            joins.push(Join {
                then,
                otherwise,
                result,
            });
        }
        let results = joins.iter().map(|join| join.result).collect();
        out.push(Stmt::If {
            condition: Condition::Guard(is_last),
            then: Region { stmts: then },
            otherwise: Region { stmts: otherwise },
            joins,
        });
        Ok(results)
    }

    /// Merges a state with those that wait at the levels below `full`, from the smallest on.
    pub(super) fn carry_up(
        &mut self,
        fold: &Fold,
        (levels, types): (&[MemId], &[ValueType]),
        (depth, full): (u64, ValueId),
        latest: States,
        out: &mut Out,
    ) -> Result<States> {
        let level = self.draft.var();
        self.bounds.set(level, (0, signed(depth)?));
        let states: States = types.iter().map(|&ty| self.draft.value(ty)).collect();
        let mut body = Vec::new();
        let subscript = Subscript::At(level.to_index());
        let waiting = self.load_all(levels, types, &subscript, &mut body);
        let merged = self.merged(fold, &waiting, &states, &mut body);
        let mut carried = Vec::new();
        for (((init, state), next), &ty) in latest.into_iter().zip(states).zip(merged).zip(types) {
            let result = self.draft.value(ty);
            carried.push(Carried {
                init,
                state,
                next,
                result,
            });
        }
        let results = carried.iter().map(|carried| carried.result).collect();
        let mut range = ForRange::span(0, signed(depth)?, 1);
        range.until = Some(full);
        out.push(Stmt::For {
            var: level,
            range,
            carried,
            body: Region { stmts: body },
        });
        Ok(results)
    }

    /// Merges what waits after `count` parts, from the last one on.
    pub(super) fn drain(
        &mut self,
        fold: &Fold,
        count: u64,
        out: &mut Out,
        at: impl Fn(u64, &mut Self, &mut Out) -> Result<States>,
    ) -> Result<States> {
        let mut levels = (0..u64::BITS).filter(|level| count >> level & 1 == 1);
        let Some(lowest) = levels.next() else {
            return Err(Refusal("a fold without chunks is merged"));
        };
        let mut latest = at(u64::from(lowest), self, out)?;
        for level in levels {
            let waiting = at(u64::from(level), self, out)?;
            latest = self.merged(fold, &waiting, &latest, out);
        }
        Ok(latest)
    }

    /// The number of zeros that a positive number ends in. Its last bit is a power of two, whose exponent as an f64 is
    /// what is asked for.
    pub(super) fn trailing_zeros(&mut self, number: &Index, out: &mut Out) -> ValueId {
        let (int, float) = (ValueType::scalar(DType::I64), ValueType::scalar(DType::F64));
        let mut push = |ty, op| self.draft.compute(out, ty, op);
        let number = push(int, Op::Index(DType::I64, number.clone()));
        let negated = push(int, Op::Unary(Unary::Neg, number));
        let last = push(int, Op::Binary(Binary::And, number, negated));
        let power = push(float, Op::Cast(DType::F64, last));
        let bits = push(int, Op::Bitcast(DType::I64, power));
        let places = push(int, Op::Const(DType::I64, Constant::from(52)));
        let exponent = push(int, Op::Binary(Binary::Shr, bits, places));
        let bias = push(int, Op::Const(DType::I64, Constant::from(1023)));
        push(int, Op::Binary(Binary::Sub, exponent, bias))
    }
}
