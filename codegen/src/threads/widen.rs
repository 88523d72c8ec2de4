//! Iterations of a loop as the lanes of vectors.
//!
//! The statements of a straight-line body of scalars are made anew for several consecutive iterations at once. What
//! is the same in all of them stays a scalar; everything else becomes a vector, and accesses go by lanes.

use super::rewrite::{Bounds, Draft};
use crate::backend::refusal::{Refusal, Result};
use crate::kernel::{Access, Fault, Form, Op, Region, Stmt, Subscript, ValueId, ValueType, VarId};
use lgc_ir::index::{Guard, Index};
use rustc_hash::FxHashMap;

/// What iterations become lanes.
pub(super) struct Iterations {
    /// The variable of the loop.
    pub(super) var: VarId,
    /// How many iterations there are at once.
    pub(super) count: u32,
    /// The first of them.
    pub(super) first: Index,
    /// How many of them there really are, if fewer: the others touch no memory.
    pub(super) real: Option<u32>,
}

/// Makes statements of vectors.
pub(super) struct Widening<'d> {
    draft: &'d mut Draft,
    bounds: Bounds,
    lanes: Iterations,
    lane: VarId,
    /// The vectors of values that differ from iteration to iteration.
    wide: FxHashMap<ValueId, ValueId>,
    /// The scalars of values that do not, where they are made anew.
    same: FxHashMap<ValueId, ValueId>,
    splats: FxHashMap<ValueId, ValueId>,
    stmts: Vec<Stmt>,
}

impl<'d> Widening<'d> {
    /// Nothing yet; `bounds` are those of the variables around.
    pub(super) fn new(draft: &'d mut Draft, bounds: &Bounds, lanes: Iterations) -> Self {
        let lane = draft.lane();
        let mut bounds = bounds.clone();
        bounds.set(lane, (0, i64::from(lanes.count)));
        Widening {
            draft,
            bounds,
            lanes,
            lane,
            wide: FxHashMap::default(),
            same: FxHashMap::default(),
            splats: FxHashMap::default(),
            stmts: Vec::new(),
        }
    }

    /// Lets a value be a vector.
    pub(super) fn define(&mut self, value: ValueId, vector: ValueId) {
        self.wide.insert(value, vector);
    }

    /// Makes the statements of a region.
    ///
    /// # Errors
    /// If one of them is no operation, load or store.
    pub(super) fn region(&mut self, region: &Region) -> Result<()> {
        region.stmts.iter().try_for_each(|stmt| self.stmt(stmt))
    }

    /// The statements that were made.
    pub(super) fn finish(self) -> Vec<Stmt> {
        self.stmts
    }

    /// A value as a vector.
    pub(super) fn vector(&mut self, value: ValueId) -> ValueId {
        if let Some(&vector) = self.wide.get(&value) {
            return vector;
        }
        if let Some(&splat) = self.splats.get(&value) {
            return splat;
        }
        let scalar = self.scalar(value);
        let ty = self.wide_type(self.draft.type_of(scalar));
        let splat = self.push(ty, Op::Splat(ty.form, scalar));
        self.splats.insert(value, splat);
        splat
    }

    fn push(&mut self, ty: ValueType, op: Op) -> ValueId {
        self.draft.compute(&mut self.stmts, ty, op)
    }

    fn wide_type(&self, ty: ValueType) -> ValueType {
        ty.with_form(Form::Vector(self.lanes.count))
    }

    fn scalar(&self, value: ValueId) -> ValueId {
        self.same.get(&value).copied().unwrap_or(value)
    }

    fn is_wide(&self, value: ValueId) -> bool {
        self.wide.contains_key(&value)
    }

    /// A value as it is, a vector or a scalar.
    fn either(&self, value: ValueId) -> ValueId {
        let wide = self.wide.get(&value).copied();
        wide.unwrap_or_else(|| self.scalar(value))
    }

    fn stmt(&mut self, stmt: &Stmt) -> Result<()> {
        self.draft.at(stmt);
        match stmt {
            Stmt::Compute { result, op } => self.compute(*result, op),
            Stmt::Load {
                result,
                access,
                otherwise,
            } => self.load(*result, access, *otherwise),
            Stmt::Store { access, value } => self.store(access, *value),
            Stmt::Par { .. }
            | Stmt::Tasks { .. }
            | Stmt::For { .. }
            | Stmt::Fold(_)
            | Stmt::If { .. }
            | Stmt::Let { .. } => return Err(Refusal("a vectorised loop has statements inside")),
        }
        Ok(())
    }

    fn compute(&mut self, result: ValueId, op: &Op) {
        let ty = self.draft.type_of(result);
        if let Op::Index(dtype, index) = op {
            let index = self.index(index);
            if index.mentions(self.lane.0) {
                let ramp = Op::Ramp(*dtype, self.lanes.count, index);
                let ramp = self.push(self.wide_type(ty), ramp);
                self.wide.insert(result, ramp);
                return;
            }
            let scalar = self.push(ty, Op::Index(*dtype, index));
            self.same.insert(result, scalar);
            return;
        }
        let is_wide = op.operands().iter().any(|&x| self.is_wide(x));
        let mut op = op.clone();
        for operand in op.operands_mut() {
            *operand = match is_wide {
                true => self.vector(*operand),
                false => self.scalar(*operand),
            };
        }
        match is_wide {
            true => {
                let vector = self.push(self.wide_type(ty), op);
                self.wide.insert(result, vector);
            }
            false => {
                let scalar = self.push(ty, op);
                self.same.insert(result, scalar);
            }
        }
    }

    fn load(&mut self, result: ValueId, access: &Access, otherwise: Option<ValueId>) {
        let ty = self.draft.type_of(result);
        let is_wide = self.varies(access) || otherwise.is_some_and(|x| self.is_wide(x));
        let access = self.access(access, is_wide);
        let otherwise = otherwise.map(|value| self.either(value));
        let ty = if is_wide { self.wide_type(ty) } else { ty };
        let loaded = self.draft.value(ty);
        self.stmts.push(Stmt::Load {
            result: loaded,
            access,
            otherwise,
        });
        let names = if is_wide {
            &mut self.wide
        } else {
            &mut self.same
        };
        names.insert(result, loaded);
    }

    fn store(&mut self, access: &Access, value: ValueId) {
        let is_wide = self.varies(access) || self.is_wide(value);
        let value = match is_wide {
            true => self.vector(value),
            false => self.scalar(value),
        };
        let access = self.access(access, is_wide);
        self.stmts.push(Stmt::Store { access, value });
    }

    // ---------------------------------------------------------------------------------- indices

    /// Whether an access is another one in each iteration.
    fn varies(&self, access: &Access) -> bool {
        let moves = |index: &Index| index.mentions(self.lanes.var.0);
        let subscript = |subscript: &Subscript| match subscript {
            Subscript::At(index) | Subscript::Span(index) => moves(index),
            Subscript::Value(value) => self.is_wide(*value),
        };
        let mut relations = access.guard.relations().iter();
        access.at.iter().any(subscript)
            || relations.any(|relation| moves(relation.index()))
            || access.mask.is_some_and(|mask| self.is_wide(mask))
            || access
                .fault
                .as_ref()
                .is_some_and(|fault| moves(&fault.position))
    }

    fn access(&self, access: &Access, is_wide: bool) -> Access {
        let mut guard = access.guard.map(|index| self.index(index));
        if let Some(real) = self.lanes.real.filter(|_| is_wide) {
            guard = guard.and(&Guard::within(self.lane.to_index(), 0, i64::from(real)));
        }
        let subscript = |subscript: &Subscript| match subscript {
            Subscript::At(index) => Subscript::At(self.index(index)),
            Subscript::Span(index) => Subscript::Span(self.index(index)),
            Subscript::Value(value) => Subscript::Value(self.either(*value)),
        };
        Access {
            memory: access.memory,
            at: access.at.iter().map(subscript).collect(),
            guard,
            mask: access.mask.map(|mask| self.either(mask)),
            clip: access.clip,
            fault: access.fault.as_ref().map(|fault| Fault {
                status: fault.status,
                position: self.index(&fault.position),
            }),
        }
    }

    /// An index in the iteration of each lane.
    fn index(&self, index: &Index) -> Index {
        let var = self.lanes.var.0;
        if !index.mentions(var) {
            return index.clone();
        }
        let point = self.lanes.first.add(&self.lane.to_index());
        let index = index.replace(&mut |v| (v == var).then(|| point.clone()));
        index.simplify(self.bounds.all())
    }
}
