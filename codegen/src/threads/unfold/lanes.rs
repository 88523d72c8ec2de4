//! Lanes in vectors: the groups of elements that fill all, what is left over, and merging by halving.

use super::{Chunk, Out, States, Unfolder};
use crate::backend::refusal::{Refusal, Result, signed};
use crate::kernel::{
    Access, Carried, Condition, Fold, ForRange, Form, Join, MemId, Op, Region, Stmt, Subscript,
    ValueId, ValueType,
};
use crate::threads::rewrite::{Renames, rescale, state_types};
use crate::threads::widen::{Iterations, Widening};
use lgc_ir::constant::Constant;
use lgc_ir::dtype::DType;
use lgc_ir::index::{Guard, Index};
use lgc_ir::scalar::Comparison;

impl Unfolder<'_> {
    pub(super) fn in_vectors(
        &mut self,
        fold: &Fold,
        chunk: &Chunk,
        out: &mut Out,
    ) -> Result<States> {
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

    pub(super) fn vector_of(&self, fold: &Fold, width: u32) -> Vec<ValueType> {
        let types = state_types(&self.draft, fold).into_iter();
        types.map(|ty| ty.with_form(Form::Vector(width))).collect()
    }

    pub(super) fn initial(&mut self, fold: &Fold, width: u32, out: &mut Out) -> Vec<States> {
        let types = self.vector_of(fold, width);
        let inits = fold.states.iter().zip(&types);
        let splat = |(state, &ty): (&crate::kernel::FoldState, &ValueType)| {
            self.draft.compute(out, ty, Op::Splat(ty.form, state.init))
        };
        let states: States = inits.map(splat).collect();
        vec![states; (fold.lanes / width) as usize]
    }

    /// The groups of elements, one for each lane, of a chunk, by number; those from `end` on are left out.
    pub(super) fn groups_of(fold: &Fold, chunk: &Chunk, end: i64) -> Result<ForRange> {
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
    pub(super) fn groups(
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
            let lanes = Iterations {
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
    pub(super) fn step(
        &mut self,
        fold: &Fold,
        lanes: Iterations,
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
    pub(super) fn rest(
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

    pub(super) fn masked_rest(
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
            let lanes = Iterations {
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
    pub(super) fn chosen(
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

    pub(super) fn rest_in_memory(
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
    pub(super) fn merge_lanes(
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

    pub(super) fn merged_vectors(
        &mut self,
        fold: &Fold,
        width: u32,
        left: &[ValueId],
        right: &[ValueId],
        out: &mut Out,
    ) -> Result<States> {
        // A merge only computes: there is no index in it.
        let lanes = Iterations {
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
}
