//! Makes emitted kernels faster without changing what they compute, down to the bits.
//!
//! * Two parallel loops, one directly inside the other, become one where every access then still
//!   moves by constant steps: whole tensors become one long loop, and so do rows of rows.
//! * What a loop does not change is computed before it, and what is equal is computed once.
//! * Innermost loops get a `vec` directive: several iterations at once, so that independent chains
//!   of operations overlap.

mod access;

use crate::kernel::{
    Access, Directive, ForRange, Form, IdVisitor, Kernel, MemId, Memory, Mode, Op, Place, Region,
    Stmt, Subscript, ValueId, VarId,
};
use crate::target::Target;
use access::{each_access, position, ranges};
use lgc_ir::index::{Guard, Index};
use rustc_hash::{FxHashMap, FxHashSet};

/// Loops with at most this many statements keep four vectors of each value.
const SHORT_BODY: usize = 8;

/// The kernel with loops merged, constants moved out and vectors attached.
pub(crate) fn polish(mut kernel: Kernel, target: &Target) -> Kernel {
    let mut ranges = ranges(&kernel);
    merge_loops(&mut kernel.body, &kernel.memories, &mut ranges);
    hoist(&mut kernel.body, &kernel.memories);
    merge_equal_values(&mut kernel);
    attach_vectors(&mut kernel, target);
    kernel
}

// --------------------------------------------------------------------------------- merging loops

/// Merges parallel loops from the inside out.
fn merge_loops(region: &mut Region, memories: &[Memory], ranges: &mut [(i64, i64)]) {
    for stmt in &mut region.stmts {
        for inner in stmt.regions_mut() {
            merge_loops(inner, memories, ranges);
        }
        while merge_with_inner(stmt, memories, ranges) {}
    }
}

/// Merges a parallel loop with the one that is all of its body.
fn merge_with_inner(stmt: &mut Stmt, memories: &[Memory], ranges: &mut [(i64, i64)]) -> bool {
    let Stmt::Par {
        var: outer,
        extent: rows,
        grain,
        body,
    } = stmt
    else {
        return false;
    };
    let [
        Stmt::Par {
            var: inner,
            extent: columns,
            body: inside,
            ..
        },
    ] = body.stmts.as_mut_slice()
    else {
        return false;
    };
    let (outer, inner, rows, columns) = (*outer, *inner, *rows, *columns);
    let pair = Pair {
        outer,
        inner,
        columns: columns as i64,
    };
    let total = rows.saturating_mul(columns);
    if i64::try_from(total).is_err() || !pair.runs_on(inside, memories, ranges) {
        return false;
    }
    ranges[inner.index()] = (0, total as i64);
    pair.rename(inside, ranges);
    *stmt = Stmt::Par {
        var: inner,
        extent: total,
        grain: grain.saturating_mul(columns),
        body: std::mem::take(inside),
    };
    true
}

/// Two loops to be merged into one over rows · columns.
struct Pair {
    outer: VarId,
    inner: VarId,
    columns: i64,
}

impl Pair {
    /// Whether the index takes the same step from the end of a row to the next row as within rows.
    fn is_linear(&self, index: &Index) -> bool {
        let (outer, inner) = (self.outer.0, self.inner.0);
        let (along, across) = (index.coefficient(inner), index.coefficient(outer));
        let rest = index
            .sub(&Index::var(inner).scale(along))
            .sub(&Index::var(outer).scale(across));
        let simple = !rest.mentions(inner) && !rest.mentions(outer);
        simple && along.checked_mul(self.columns) == Some(across)
    }

    /// Whether every access and every index of a body is linear.
    fn runs_on(&self, body: &Region, memories: &[Memory], ranges: &[(i64, i64)]) -> bool {
        let mut linear = true;
        each_access(body, &mut |access| {
            linear &= memories
                .get(access.memory.index())
                .is_some_and(|m| self.is_linear(&position(access, &m.ty.shape, ranges)));
            let relations = access.guard.relations().iter();
            linear &= relations.into_iter().all(|r| self.is_linear(r.index()));
            linear &= access.fault.is_none();
        });
        body.visit(&mut |stmt| {
            linear &= match stmt {
                Stmt::Compute {
                    op: Op::Index(_, index),
                    ..
                } => self.is_linear(index),
                Stmt::For { range, .. } => {
                    let ForRange { low, high, .. } = range;
                    self.is_linear(low) && self.is_linear(high)
                }
                // Conditions are left as they are.
                Stmt::If { .. } => false,
                Stmt::Par { .. }
                | Stmt::Fold(_)
                | Stmt::Let { .. }
                | Stmt::Compute { .. }
                | Stmt::Load { .. }
                | Stmt::Store { .. } => true,
            };
        });
        linear
    }

    fn rename(&self, body: &mut Region, ranges: &[(i64, i64)]) {
        let point = Index::var(self.inner.0);
        let mut merge = Merge {
            row: point.floor_div_within(self.columns, ranges),
            column: point.modulo_within(self.columns, ranges),
            pair: self,
            ranges,
        };
        body.visit_ids(&mut merge);
    }
}

/// Puts the merged variable in place of two.
struct Merge<'a> {
    pair: &'a Pair,
    row: Index,
    column: Index,
    ranges: &'a [(i64, i64)],
}

impl Merge<'_> {
    fn merged(&self, index: &Index) -> Index {
        let replacement = |var: u32| {
            if var == self.pair.outer.0 {
                Some(self.row.clone())
            } else {
                (var == self.pair.inner.0).then(|| self.column.clone())
            }
        };
        index.replace(&mut { replacement }).simplify(self.ranges)
    }
}

impl IdVisitor for Merge<'_> {
    fn value(&mut self, _: &mut ValueId) {}
    fn var(&mut self, _: &mut VarId) {}
    fn memory(&mut self, _: &mut MemId) {}
    fn index(&mut self, index: &mut Index) {
        *index = self.merged(index);
    }
    fn guard(&mut self, guard: &mut Guard) {
        *guard = guard.map(|index| self.merged(index)).simplify(self.ranges);
    }
}

// --------------------------------------------------------------------------------- hoisting

/// Moves what loops do not change before them, from the inside out.
fn hoist(region: &mut Region, memories: &[Memory]) {
    let mut stmts = Vec::with_capacity(region.stmts.len());
    for mut stmt in std::mem::take(&mut region.stmts) {
        for inner in stmt.regions_mut() {
            hoist(inner, memories);
        }
        stmts.extend(take_invariant(&mut stmt, memories));
        stmts.push(stmt);
    }
    region.stmts = stmts;
}

/// Takes what does not change out of the body of a loop.
fn take_invariant(stmt: &mut Stmt, memories: &[Memory]) -> Vec<Stmt> {
    let Some(var) = stmt.var() else {
        return Vec::new();
    };
    let mut changing: FxHashSet<ValueId> = match &*stmt {
        Stmt::For { carried, .. } => carried.iter().map(|carried| carried.state).collect(),
        Stmt::Fold(fold) => fold.states.iter().map(|state| state.state).collect(),
        Stmt::Par { .. }
        | Stmt::If { .. }
        | Stmt::Let { .. }
        | Stmt::Compute { .. }
        | Stmt::Load { .. }
        | Stmt::Store { .. } => FxHashSet::default(),
    };
    let Some(body) = stmt.regions_mut().next() else {
        return Vec::new();
    };
    let (mut moved, mut kept) = (Vec::new(), Vec::new());
    for inner in std::mem::take(&mut body.stmts) {
        if is_invariant(&inner, var, &changing, memories) {
            moved.push(inner);
        } else {
            changing.extend(defined(&inner));
            kept.push(inner);
        }
    }
    body.stmts = kept;
    moved
}

fn is_invariant(
    stmt: &Stmt,
    var: VarId,
    changing: &FxHashSet<ValueId>,
    memories: &[Memory],
) -> bool {
    match stmt {
        Stmt::Compute { op, .. } => {
            let moves = matches!(op, Op::Index(_, index) if index.mentions(var.0));
            !moves && !op.operands().iter().any(|value| changing.contains(value))
        }
        Stmt::Load {
            access, otherwise, ..
        } => {
            let memory = memories.get(access.memory.index());
            let read_only = memory.is_some_and(|m| m.place == Place::Param(Mode::In));
            let mut operands = access.operands().chain(*otherwise);
            read_only
                && access.fault.is_none()
                && !access_mentions(access, var)
                && !operands.any(|value| changing.contains(&value))
        }
        Stmt::Par { .. }
        | Stmt::For { .. }
        | Stmt::Fold(_)
        | Stmt::If { .. }
        | Stmt::Let { .. }
        | Stmt::Store { .. } => false,
    }
}

fn access_mentions(access: &Access, var: VarId) -> bool {
    let subscript = |subscript: &Subscript| match subscript {
        Subscript::At(index) | Subscript::Span(index) => index.mentions(var.0),
        Subscript::Value(_) => false,
    };
    let relations = access.guard.relations().iter();
    access.at.iter().any(subscript) || relations.into_iter().any(|r| r.index().mentions(var.0))
}

/// The values that a statement defines for those after it.
fn defined(stmt: &Stmt) -> Vec<ValueId> {
    match stmt {
        Stmt::Compute { result, .. } | Stmt::Load { result, .. } => vec![*result],
        Stmt::For { carried, .. } => carried.iter().map(|carried| carried.result).collect(),
        Stmt::Fold(fold) => fold.states.iter().map(|state| state.result).collect(),
        Stmt::If { joins, .. } => joins.iter().map(|join| join.result).collect(),
        Stmt::Par { .. } | Stmt::Let { .. } | Stmt::Store { .. } => Vec::new(),
    }
}

// --------------------------------------------------------------------------------- equal values

/// What a statement computes, if it is computed alike wherever it stands.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Computation {
    Op(Op),
    Load(Access, Form, Option<ValueId>),
}

/// Values that stand for others.
#[derive(Default)]
struct Replaced(FxHashMap<ValueId, ValueId>);

impl IdVisitor for Replaced {
    fn value(&mut self, value: &mut ValueId) {
        if let Some(&other) = self.0.get(value) {
            *value = other;
        }
    }
    fn var(&mut self, _: &mut VarId) {}
    fn memory(&mut self, _: &mut MemId) {}
    fn index(&mut self, _: &mut Index) {}
    fn guard(&mut self, _: &mut Guard) {}
}

/// Removes computations that a statement before, in the same region or around it, does already.
fn merge_equal_values(kernel: &mut Kernel) {
    let mut body = std::mem::take(&mut kernel.body);
    let mut replaced = Replaced::default();
    let mut scopes = vec![FxHashMap::default()];
    merge_equal(&mut body, kernel, &mut scopes, &mut replaced);
    body.visit_ids(&mut replaced);
    kernel.body = body;
}

type Scope = FxHashMap<Computation, ValueId>;

fn merge_equal(
    region: &mut Region,
    kernel: &Kernel,
    scopes: &mut Vec<Scope>,
    replaced: &mut Replaced,
) {
    region.stmts.retain_mut(|stmt| {
        if let Some((computation, result)) = computation(stmt, kernel, replaced) {
            let known = scopes.iter().find_map(|scope| scope.get(&computation));
            if let Some(&known) = known {
                replaced.0.insert(result, known);
                return false;
            }
            if let Some(scope) = scopes.last_mut() {
                scope.insert(computation, result);
            }
        }
        for inner in stmt.regions_mut() {
            scopes.push(Scope::default());
            merge_equal(inner, kernel, scopes, replaced);
            scopes.pop();
        }
        true
    });
}

/// What a statement computes, with replaced operands.
fn computation(
    stmt: &mut Stmt,
    kernel: &Kernel,
    replaced: &mut Replaced,
) -> Option<(Computation, ValueId)> {
    match stmt {
        Stmt::Compute { result, op } => {
            for operand in op.operands_mut() {
                replaced.value(operand);
            }
            Some((Computation::Op(op.clone()), *result))
        }
        Stmt::Load { .. } => {
            stmt.visit_ids(replaced);
            let Stmt::Load {
                result,
                access,
                otherwise,
            } = stmt
            else {
                return None;
            };
            let memory = kernel.memories.get(access.memory.index())?;
            let read_only = memory.place == Place::Param(Mode::In) && access.fault.is_none();
            let form = kernel.type_of(*result).form;
            let load = Computation::Load(access.clone(), form, *otherwise);
            read_only.then_some((load, *result))
        }
        Stmt::Par { .. }
        | Stmt::For { .. }
        | Stmt::Fold(_)
        | Stmt::If { .. }
        | Stmt::Let { .. }
        | Stmt::Store { .. } => None,
    }
}

// --------------------------------------------------------------------------------- vectors

/// Attaches vectors to innermost loops over scalars without carried values. (Folds are run in their
/// lanes anyway.)
fn attach_vectors(kernel: &mut Kernel, target: &Target) {
    let mut directives = Vec::new();
    kernel.body.visit(&mut |stmt| {
        let (var, extent, body) = match stmt {
            Stmt::Par {
                var, extent, body, ..
            } => (*var, *extent, body),
            Stmt::For {
                var,
                range,
                carried,
                body,
            } if carried.is_empty() && range.step == 1 && !reads_what_it_writes(body) => {
                let ends = (range.low.as_constant(), range.high.as_constant());
                let (Some(0), Some(high)) = ends else {
                    return;
                };
                (*var, high.max(0).cast_unsigned(), body)
            }
            Stmt::For { .. }
            | Stmt::Fold(_)
            | Stmt::If { .. }
            | Stmt::Let { .. }
            | Stmt::Compute { .. }
            | Stmt::Load { .. }
            | Stmt::Store { .. } => return,
        };
        let width = width(kernel, body, target).filter(|&width| u64::from(width) <= extent);
        if let Some(width) = width.filter(|&width| width > 1) {
            directives.push(Directive::Vec(var, width));
        }
    });
    kernel.schedule.extend(directives);
}

/// Whether a body loads from memory that it stores to: its iterations may depend on one another.
fn reads_what_it_writes(body: &Region) -> bool {
    let (mut read, mut written) = (FxHashSet::default(), FxHashSet::default());
    body.visit(&mut |stmt| {
        if let Some(access) = stmt.access() {
            let list = match stmt {
                Stmt::Store { .. } => &mut written,
                Stmt::Par { .. }
                | Stmt::For { .. }
                | Stmt::Fold(_)
                | Stmt::If { .. }
                | Stmt::Let { .. }
                | Stmt::Compute { .. }
                | Stmt::Load { .. } => &mut read,
            };
            list.insert(access.memory);
        }
    });
    !read.is_disjoint(&written)
}

/// How many iterations of a straight-line body of scalars run at once.
fn width(kernel: &Kernel, body: &Region, target: &Target) -> Option<u32> {
    let mut bytes = 0;
    for stmt in &body.stmts {
        let value = match stmt {
            Stmt::Compute { result, .. } | Stmt::Load { result, .. } => *result,
            Stmt::Store { value, .. } => *value,
            Stmt::Par { .. }
            | Stmt::For { .. }
            | Stmt::Fold(_)
            | Stmt::If { .. }
            | Stmt::Let { .. } => return None,
        };
        let ty = kernel.type_of(value);
        if ty.form != Form::Scalar {
            return None;
        }
        bytes = bytes.max(ty.dtype.compute().size());
    }
    let lanes = u64::from(target.vector_bytes) / bytes.max(1);
    let vectors = if body.stmts.len() <= SHORT_BODY { 4 } else { 2 };
    u32::try_from(lanes * vectors).ok().filter(|w| *w <= 64)
}
