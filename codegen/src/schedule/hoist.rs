//! What a loop does not change, before it.

use crate::kernel::{Access, Memory, Mode, Op, Place, Region, Stmt, Subscript, ValueId, VarId};
use rustc_hash::FxHashSet;

/// Moves what loops do not change before them, from the inside out.
pub(super) fn hoist(region: &mut Region, memories: &[Memory]) {
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
        | Stmt::Tasks { .. }
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
        | Stmt::Tasks { .. }
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
        Stmt::Par { .. } | Stmt::Tasks { .. } | Stmt::Let { .. } | Stmt::Store { .. } => Vec::new(),
    }
}
