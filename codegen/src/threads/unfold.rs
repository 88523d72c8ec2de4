//! Folds as loops.
//!
//! Extent, lanes and chunks of a fold are constants. A fold of scalars with a straight-line body keeps its lanes in
//! vectors and takes as many elements at once; those that are left over, fewer than the lanes and in the last chunk
//! only, are taken by masked vectors, or one by one with the lanes in memory where the target has no masks. Lanes of
//! other folds are in memory throughout. Chunks are a loop. What they come to is merged as they come, like a binary
//! counter: the state of 2ᵏ chunks waits at level k until there is another of its size. That is the tree of
//! neighbours, in as many places as it has levels. Where the chunks are worth it they are a parallel loop, of which an
//! iteration takes a number of them that is a power of two, so that it computes a subtree.

use super::rewrite::{Bounds, Draft, Renames, has_faults, is_flat, rescale, state_types, turns};
use super::widen::{Lanes, Widening};
use crate::backend::refusal::{Refusal, Result, signed};
use crate::kernel::{
    Access, Carried, Condition, Fold, ForRange, Form, Join, Kernel, MemId, Op, Region, Space, Stmt,
    Subscript, ValueId, ValueType, VarId,
};
use crate::target::{Costs, Target};
use lgc_ir::constant::Constant;
use lgc_ir::dtype::DType;
use lgc_ir::index::{Guard, Index};
use lgc_ir::scalar::{Binary, Comparison, Unary};

/// The kernel with loops in place of its folds.
///
/// # Errors
/// If a fold has more than 2⁶³ elements, which none has in a verified kernel.
pub(super) fn unfold(kernel: &Kernel, target: &Target) -> Result<Kernel> {
    let (draft, body) = Draft::of(kernel);
    let mut unfolder = Unfolder {
        draft,
        bounds: Bounds::of(kernel),
        results: Renames::default(),
        buffers: Vec::new(),
        has_masks: target.has_masks,
        costs: &target.costs,
    };
    let mut body = unfolder.scope(body, false)?;
    body.visit_ids(&mut unfolder.results);
    Ok(unfolder.draft.finish(body))
}

struct Unfolder<'t> {
    costs: &'t Costs,
    draft: Draft,
    bounds: Bounds,
    /// What the results of folds are called now.
    results: Renames,
    /// Buffers that the scope at hand needs.
    buffers: Vec<MemId>,
    has_masks: bool,
}

/// The elements of a chunk, or of the whole fold.
struct Chunk {
    /// Its number, if there are several.
    number: Option<Index>,
}

/// The states of a fold, by component.
type States = Vec<ValueId>;

type Out = Vec<Stmt>;

impl Unfolder<'_> {
    /// A region whose private buffers lie around it: the body of the kernel, or of a parallel loop.
    fn scope(&mut self, region: Region, is_parallel: bool) -> Result<Region> {
        let outer = std::mem::take(&mut self.buffers);
        let mut region = self.region(region, is_parallel)?;
        for memory in std::mem::replace(&mut self.buffers, outer)
            .into_iter()
            .rev()
        {
            let body = region;
            region = Region {
                stmts: vec![Stmt::Let { memory, body }],
            };
        }
        Ok(region)
    }

    fn region(&mut self, region: Region, is_parallel: bool) -> Result<Region> {
        let mut out = Vec::with_capacity(region.stmts.len());
        for mut stmt in region.stmts {
            match stmt {
                Stmt::Fold(fold) => {
                    let faulty = has_faults(&Stmt::Fold(fold.clone()));
                    self.fold(*fold, is_parallel || faulty, &mut out)?;
                    continue;
                }
                Stmt::Par { ref mut body, .. } => *body = self.scope(std::mem::take(body), true)?,
                Stmt::Tasks { .. }
                | Stmt::For { .. }
                | Stmt::If { .. }
                | Stmt::Let { .. }
                | Stmt::Compute { .. }
                | Stmt::Load { .. }
                | Stmt::Store { .. } => {
                    for inner in stmt.regions_mut() {
                        *inner = self.region(std::mem::take(inner), is_parallel)?;
                    }
                }
            }
            out.push(stmt);
        }
        Ok(Region { stmts: out })
    }

    fn fold(&mut self, mut fold: Fold, is_parallel: bool, out: &mut Out) -> Result<()> {
        // What folds inside are worth is seen before they are loops.
        let block = self.block_of_task(&fold);
        // Folds inside are unfolded first, in the copies that are made of the body.
        fold.body = self.region(fold.body, true)?;
        let count = fold.chunks();
        let states = match (count, block) {
            (0 | 1, _) => self.chunk(&fold, &Chunk { number: None }, out)?,
            (_, Some(block)) if !is_parallel => self.shared(&fold, block, out)?,
            (_, Some(_) | None) => {
                let first = Index::constant(0);
                self.chunks(&fold, (&first, count), out)?
            }
        };
        let results = fold.states.iter().map(|state| state.result);
        self.results.rename(results, states);
        Ok(())
    }

    /// How many chunks a task takes, a power of two, if they are worth handing out.
    fn block_of_task(&self, fold: &Fold) -> Option<u64> {
        let chunk = fold.chunk.saturating_mul(turns(&fold.body));
        let enough = self.costs.fold_task.div_ceil(chunk.max(1));
        let few = fold.chunks().div_ceil(self.costs.max_tasks.max(1));
        let block = enough.max(few).max(1).checked_next_power_of_two()?;
        let tasks = fold.chunks().div_ceil(block);
        (fold.chunks() > 1 && fold.extent > 0 && tasks >= self.costs.fold_tasks).then_some(block)
    }

    // ----------------------------------------------------------------------------------- chunks

    /// The state of all chunks, taken by tasks.
    fn shared(&mut self, fold: &Fold, block: u64, out: &mut Out) -> Result<States> {
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
        let mut body = Region { stmts: body };
        for memory in std::mem::replace(&mut self.buffers, outer)
            .into_iter()
            .rev()
        {
            body = Region {
                stmts: vec![Stmt::Let { memory, body }],
            };
        }
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
    fn block(
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
    fn chunks(
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
    fn tree(
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
    fn carry_up(
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
    fn drain(
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
    fn trailing_zeros(&mut self, number: &Index, out: &mut Out) -> ValueId {
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

    // ------------------------------------------------------------------------------ one chunk

    /// The state of a chunk, merged over its lanes.
    fn chunk(&mut self, fold: &Fold, chunk: &Chunk, out: &mut Out) -> Result<States> {
        if fold.lanes <= 1 {
            return self.sequence(fold, chunk, out);
        }
        let types = state_types(&self.draft, fold);
        let are_scalars = types.iter().all(|ty| ty.form == Form::Scalar);
        match are_scalars
            && fold.lanes <= self.costs.max_width
            && is_flat(&self.draft.kernel, &fold.body)
        {
            true => self.in_vectors(fold, chunk, out),
            false => self.in_memory(fold, chunk, out),
        }
    }

    /// The elements of a chunk.
    fn elements(fold: &Fold, chunk: &Chunk) -> Result<ForRange> {
        let end = signed(fold.extent)?;
        let Some(number) = &chunk.number else {
            return Ok(ForRange::span(0, end, 1));
        };
        let length = signed(fold.chunk)?;
        let start = number.scale(length);
        let mut range = ForRange::new(start.clone(), start.add_constant(length), 1);
        range.below = (end % length != 0).then_some(end);
        Ok(range)
    }

    /// A loop over the elements of a chunk, each taken into one state.
    fn sequence(&mut self, fold: &Fold, chunk: &Chunk, out: &mut Out) -> Result<States> {
        let range = Self::elements(fold, chunk)?;
        let mut carried = Vec::new();
        for state in &fold.states {
            let result = self.draft.value(self.draft.type_of(state.state));
            carried.push(Carried {
                init: state.init,
                state: state.state,
                next: state.next,
                result,
            });
        }
        let results = carried.iter().map(|carried| carried.result).collect();
        out.push(Stmt::For {
            var: fold.var,
            range,
            carried,
            body: fold.body.clone(),
        });
        Ok(results)
    }

    /// What a copy of the merge region makes of an earlier and a later state.
    fn merged(
        &mut self,
        fold: &Fold,
        left: &[ValueId],
        right: &[ValueId],
        out: &mut Out,
    ) -> States {
        let mut renames = Renames::default();
        renames.rename(fold.states.iter().map(|s| s.left), left.iter().copied());
        renames.rename(fold.states.iter().map(|s| s.right), right.iter().copied());
        let copy = self.draft.copy(&fold.merge, &mut renames);
        out.extend(copy.stmts);
        fold.states.iter().map(|s| renames.of(s.merged)).collect()
    }

    // --------------------------------------------------------------------------------- vectors

    fn in_vectors(&mut self, fold: &Fold, chunk: &Chunk, out: &mut Out) -> Result<States> {
        let lanes = i64::from(fold.lanes);
        let width = match fold.body.stmts.len() <= self.costs.short_fold {
            true => fold.lanes,
            false => fold.lanes.min(self.costs.long_fold_lanes),
        };
        let extent = signed(fold.extent)?;
        let middle = extent / lanes * lanes;
        // By part of the lanes, the states.
        let mut parts = self.initial(fold, width, out);
        if middle > 0 {
            let range = Self::groups_of(fold, chunk, extent / lanes)?;
            parts = self.groups(fold, (range, width), parts, out)?;
        }
        if middle < extent {
            parts = self.rest(fold, chunk, (middle, width), parts, out)?;
        }
        self.merge_lanes(fold, width, parts, out)
    }

    fn vector_of(&self, fold: &Fold, width: u32) -> Vec<ValueType> {
        let types = state_types(&self.draft, fold).into_iter();
        types.map(|ty| ty.with_form(Form::Vector(width))).collect()
    }

    fn initial(&mut self, fold: &Fold, width: u32, out: &mut Out) -> Vec<States> {
        let types = self.vector_of(fold, width);
        let inits = fold.states.iter().zip(&types);
        let splat = |(state, &ty): (&crate::kernel::FoldState, &ValueType)| {
            self.draft.compute(out, ty, Op::Splat(ty.form, state.init))
        };
        let states: States = inits.map(splat).collect();
        vec![states; (fold.lanes / width) as usize]
    }

    /// The groups of elements, one for each lane, of a chunk, by number; those from `end` on are left out.
    fn groups_of(fold: &Fold, chunk: &Chunk, end: i64) -> Result<ForRange> {
        let Some(number) = &chunk.number else {
            return Ok(ForRange::span(0, end, 1));
        };
        // There are several chunks, so that their length is a multiple of the lanes.
        let groups = signed(fold.chunk)? / i64::from(fold.lanes);
        let start = number.scale(groups);
        let mut range = ForRange::new(start.clone(), start.add_constant(groups), 1);
        let all = signed(fold.chunks())?.saturating_mul(groups);
        range.below = (end < all).then_some(end);
        Ok(range)
    }

    /// The loop over whole groups of elements, one for each lane.
    fn groups(
        &mut self,
        fold: &Fold,
        (range, width): (ForRange, u32),
        parts: Vec<States>,
        out: &mut Out,
    ) -> Result<Vec<States>> {
        let types = self.vector_of(fold, width);
        let number = self.draft.var();
        let mut fresh = || -> Vec<States> {
            let mut part = |_: &States| types.iter().map(|&ty| self.draft.value(ty)).collect();
            parts.iter().map(&mut part).collect()
        };
        let (states, results) = (fresh(), fresh());
        let mut group = Stmt::For {
            var: number,
            range,
            carried: Vec::new(),
            body: Region::default(),
        };
        self.bounds.note(&group);
        let first = number.to_index().scale(fold.lanes.into());
        let mut stmts = Vec::new();
        let mut next = Vec::new();
        for (at, states) in (0..).zip(&states) {
            let lanes = Lanes {
                var: fold.var,
                count: width,
                first: first.add_constant(i64::from(width) * at),
                real: None,
            };
            next.push(self.step(fold, lanes, states, &mut stmts)?);
        }
        if let Stmt::For { carried, body, .. } = &mut group {
            let inits = parts.iter().flatten().zip(states.iter().flatten());
            let ends = next.iter().flatten().zip(results.iter().flatten());
            let states = inits.zip(ends);
            carried.extend(states.map(|((&init, &state), (&next, &result))| Carried {
                init,
                state,
                next,
                result,
            }));
            body.stmts = stmts;
        }
        rescale(&mut group, fold.lanes.into());
        out.push(group);
        Ok(results)
    }

    /// Takes an element into each lane of a part; the next states.
    fn step(
        &mut self,
        fold: &Fold,
        lanes: Lanes,
        states: &[ValueId],
        out: &mut Out,
    ) -> Result<States> {
        let mut widening = Widening::new(&mut self.draft, &self.bounds, lanes);
        for (state, &vector) in fold.states.iter().zip(states) {
            widening.define(state.state, vector);
        }
        widening.region(&fold.body)?;
        let next = fold.states.iter().map(|state| widening.vector(state.next));
        let next = next.collect();
        out.extend(widening.finish());
        Ok(next)
    }

    /// Takes the elements after the last whole group, which only the last chunk has.
    fn rest(
        &mut self,
        fold: &Fold,
        chunk: &Chunk,
        (middle, width): (i64, u32),
        parts: Vec<States>,
        out: &mut Out,
    ) -> Result<Vec<States>> {
        let mut then = Vec::new();
        let taken = match self.has_masks {
            true => self.masked_rest(fold, (middle, width), &parts, &mut then)?,
            false => self.rest_in_memory(fold, (middle, width), &parts, &mut then)?,
        };
        let Some(number) = &chunk.number else {
            out.extend(then);
            return Ok(taken);
        };
        let last = signed(fold.chunks() - 1)?;
        let mut joins = Vec::new();
        let mut results = Vec::new();
        for (taken, given) in taken.into_iter().zip(parts) {
            let mut own = Vec::new();
            for (then, otherwise) in taken.into_iter().zip(given) {
                let result = self.draft.value(self.draft.type_of(then));
                own.push(result);
                joins.push(Join {
                    then,
                    otherwise,
                    result,
                });
            }
            results.push(own);
        }
        out.push(Stmt::If {
            condition: Condition::Guard(Guard::within(number.clone(), last, last + 1)),
            then: Region { stmts: then },
            otherwise: Region::default(),
            joins,
        });
        Ok(results)
    }

    fn masked_rest(
        &mut self,
        fold: &Fold,
        (middle, width): (i64, u32),
        parts: &[States],
        out: &mut Out,
    ) -> Result<Vec<States>> {
        let mut results = Vec::new();
        for (number, states) in parts.iter().enumerate() {
            let start = middle + i64::from(width) * number as i64;
            let left = signed(fold.extent)? - start;
            if left <= 0 {
                results.push(states.clone());
                continue;
            }
            let real = u32::try_from(left).ok().filter(|&left| left < width);
            let lanes = Lanes {
                var: fold.var,
                count: width,
                first: Index::constant(start),
                real,
            };
            let next = self.step(fold, lanes, states, out)?;
            results.push(match real {
                None => next,
                Some(real) => self.chosen(real, width, &next, states, out),
            });
        }
        Ok(results)
    }

    /// The next states in the first lanes, those before in the others.
    fn chosen(
        &mut self,
        real: u32,
        width: u32,
        next: &[ValueId],
        before: &[ValueId],
        out: &mut Out,
    ) -> States {
        let lane = self.draft.lane();
        let int = ValueType::vector(DType::I32, width);
        let ramp = Op::Ramp(DType::I32, width, lane.to_index());
        let ramp = self.draft.compute(out, int, ramp);
        let scalar = ValueType::scalar(DType::I32);
        let real = Op::Const(DType::I32, Constant::from(i64::from(real)));
        let real = self.draft.compute(out, scalar, real);
        let real = self.draft.compute(out, int, Op::Splat(int.form, real));
        let bool = int.with_dtype(DType::Bool);
        let mask = Op::Compare(Comparison::Lt, ramp, real);
        let mask = self.draft.compute(out, bool, mask);
        let pairs = next.iter().zip(before);
        let choose = |(&next, &before): (&ValueId, &ValueId)| {
            let ty = self.draft.type_of(next);
            self.draft.compute(out, ty, Op::Select(mask, next, before))
        };
        pairs.map(choose).collect()
    }

    fn rest_in_memory(
        &mut self,
        fold: &Fold,
        (middle, width): (i64, u32),
        parts: &[States],
        out: &mut Out,
    ) -> Result<Vec<States>> {
        let types = state_types(&self.draft, fold);
        let lanes = self.lanes_in_memory(fold, &types);
        let wide = self.vector_of(fold, width);
        let start = |number: usize| Index::constant(i64::from(width) * number as i64);
        for (number, states) in parts.iter().enumerate() {
            for (&memory, &value) in lanes.iter().zip(states) {
                let access = Access::new(memory, vec![Subscript::Span(start(number))]);
                out.push(Stmt::Store { access, value });
            }
        }
        let mut renames = Renames::default();
        let point = self.draft.var();
        renames.vars.insert(fold.var.0, point.to_index());
        let mut body = Vec::new();
        let lane = Subscript::At(point.to_index().add_constant(-middle));
        let states = self.load_all(&lanes, &types, &lane, &mut body);
        renames.rename(fold.states.iter().map(|s| s.state), states);
        body.extend(self.draft.copy(&fold.body, &mut renames).stmts);
        for (&memory, state) in lanes.iter().zip(&fold.states) {
            let value = renames.of(state.next);
            let access = Access::new(memory, vec![lane.clone()]);
            body.push(Stmt::Store { access, value });
        }
        out.push(Stmt::For {
            var: point,
            range: ForRange::span(middle, signed(fold.extent)?, 1),
            carried: Vec::new(),
            body: Region { stmts: body },
        });
        let mut results = Vec::new();
        for number in 0..parts.len() {
            let at = Subscript::Span(start(number));
            let loads = lanes.iter().zip(&wide);
            let load = |(&memory, &ty): (&MemId, &ValueType)| {
                let access = Access::new(memory, vec![at.clone()]);
                self.load(access, ty, out)
            };
            results.push(loads.map(load).collect());
        }
        Ok(results)
    }

    /// Merges lanes by halving.
    fn merge_lanes(
        &mut self,
        fold: &Fold,
        mut width: u32,
        mut parts: Vec<States>,
        out: &mut Out,
    ) -> Result<States> {
        while parts.len() > 1 {
            let upper = parts.split_off(parts.len() / 2);
            let pairs = parts.iter().zip(&upper);
            let mut merged = Vec::new();
            for (left, right) in pairs {
                merged.push(self.merged_vectors(fold, width, left, right, out)?);
            }
            parts = merged;
        }
        let Some(mut states) = parts.pop() else {
            return Err(Refusal("a fold without lanes"));
        };
        while width > 1 {
            width /= 2;
            let form = match width {
                1 => Form::Scalar,
                _ => Form::Vector(width),
            };
            let mut half = |from: u32, out: &mut Out| -> States {
                let slice = |&state: &ValueId| {
                    let ty = self.draft.type_of(state).with_form(form);
                    self.draft.compute(out, ty, Op::Slice(form, from, state))
                };
                states.iter().map(slice).collect()
            };
            let (left, right) = (half(0, out), half(width, out));
            states = match width {
                1 => self.merged(fold, &left, &right, out),
                _ => self.merged_vectors(fold, width, &left, &right, out)?,
            };
        }
        Ok(states)
    }

    fn merged_vectors(
        &mut self,
        fold: &Fold,
        width: u32,
        left: &[ValueId],
        right: &[ValueId],
        out: &mut Out,
    ) -> Result<States> {
        // A merge only computes: there is no index in it.
        let lanes = Lanes {
            var: fold.var,
            count: width,
            first: Index::constant(0),
            real: None,
        };
        let mut widening = Widening::new(&mut self.draft, &self.bounds, lanes);
        for ((state, &left), &right) in fold.states.iter().zip(left).zip(right) {
            widening.define(state.left, left);
            widening.define(state.right, right);
        }
        widening.region(&fold.merge)?;
        let merged = fold
            .states
            .iter()
            .map(|state| widening.vector(state.merged));
        let merged = merged.collect();
        out.extend(widening.finish());
        Ok(merged)
    }

    // ---------------------------------------------------------------------------------- memory

    /// A buffer of lanes for each component.
    fn lanes_in_memory(&mut self, fold: &Fold, types: &[ValueType]) -> Vec<MemId> {
        let places = u64::from(fold.lanes);
        let buffer = |&ty: &ValueType| self.draft.buffer("lanes", (places, ty), Space::Private);
        let lanes: Vec<MemId> = types.iter().map(buffer).collect();
        self.buffers.extend(&lanes);
        lanes
    }

    fn load(&mut self, access: Access, ty: ValueType, out: &mut Out) -> ValueId {
        let result = self.draft.value(ty);
        out.push(Stmt::Load {
            result,
            access,
            otherwise: None,
        });
        result
    }

    fn load_all(
        &mut self,
        memories: &[MemId],
        types: &[ValueType],
        at: &Subscript,
        out: &mut Out,
    ) -> States {
        let loads = memories.iter().zip(types);
        let load = |(&memory, &ty): (&MemId, &ValueType)| {
            self.load(place(memory, at.clone(), ty), ty, out)
        };
        loads.map(load).collect()
    }

    fn in_memory(&mut self, fold: &Fold, chunk: &Chunk, out: &mut Out) -> Result<States> {
        let types = state_types(&self.draft, fold);
        let lanes = self.lanes_in_memory(fold, &types);
        let count = i64::from(fold.lanes);
        let inits: States = fold.states.iter().map(|state| state.init).collect();
        self.each_lane(count, out, |_, lane, body| {
            store_all(&lanes, &types, &lane, &inits, body);
        });
        let lane = Subscript::At(fold.var.to_index().modulo(count));
        let mut body = Vec::new();
        let states = self.load_all(&lanes, &types, &lane, &mut body);
        let mut renames = Renames::default();
        renames.rename(fold.states.iter().map(|s| s.state), states);
        let mut elements = fold.body.clone();
        elements.visit_ids(&mut renames);
        body.extend(elements.stmts);
        let next: States = fold.states.iter().map(|s| renames.of(s.next)).collect();
        store_all(&lanes, &types, &lane, &next, &mut body);
        out.push(Stmt::For {
            var: fold.var,
            range: Self::elements(fold, chunk)?,
            carried: Vec::new(),
            body: Region { stmts: body },
        });
        let mut half = count / 2;
        while half > 0 {
            self.each_lane(half, out, |unfolder, lane, body| {
                let later = match &lane {
                    Subscript::At(lane) => Subscript::At(lane.add_constant(half)),
                    Subscript::Span(_) | Subscript::Value(_) => lane.clone(),
                };
                let left = unfolder.load_all(&lanes, &types, &lane, body);
                let right = unfolder.load_all(&lanes, &types, &later, body);
                let merged = unfolder.merged(fold, &left, &right, body);
                store_all(&lanes, &types, &lane, &merged, body);
            });
            half /= 2;
        }
        let first = Subscript::At(Index::constant(0));
        Ok(self.load_all(&lanes, &types, &first, out))
    }

    /// A loop over lanes.
    fn each_lane(
        &mut self,
        count: i64,
        out: &mut Out,
        make: impl FnOnce(&mut Self, Subscript, &mut Out),
    ) {
        let var = self.draft.var();
        let mut body = Vec::new();
        make(self, Subscript::At(var.to_index()), &mut body);
        out.push(Stmt::For {
            var,
            range: ForRange::span(0, count, 1),
            carried: Vec::new(),
            body: Region { stmts: body },
        });
    }
}

/// Where a value of a type is in a buffer that has a place for each.
fn place(memory: MemId, at: Subscript, ty: ValueType) -> Access {
    let spans = (0..ty.form.rank()).map(|_| Subscript::Span(Index::constant(0)));
    Access::new(memory, std::iter::once(at).chain(spans).collect())
}

fn store_all(
    memories: &[MemId],
    types: &[ValueType],
    at: &Subscript,
    values: &[ValueId],
    out: &mut Out,
) {
    for ((&memory, &ty), &value) in memories.iter().zip(types).zip(values) {
        let access = place(memory, at.clone(), ty);
        out.push(Stmt::Store { access, value });
    }
}
