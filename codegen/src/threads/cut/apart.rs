//! Vectors of which only single elements are used.

use crate::kernel::{Form, Kernel, Mode, Op, Place, Region, Stmt, ValueId};
use lgc_ir::dtype::DType;
use rustc_hash::FxHashSet;

/// Vectors of which every use is element by element: as the first factor of an `mma`, by `columns`, or, of halves, as
/// the `f32` that they are where those are used so.
pub(super) fn used_apart(kernel: &Kernel) -> FxHashSet<ValueId> {
    let mut apart: FxHashSet<ValueId> = FxHashSet::default();
    for (value, ty) in (0..).map(ValueId).zip(&kernel.values) {
        if matches!(ty.form, Form::Vector(_)) {
            apart.insert(value);
        }
    }
    let mut singles = Vec::new();
    kernel.body.visit(&mut |stmt| {
        if let Stmt::Compute {
            result,
            op: Op::Cast(DType::F32, x),
        } = stmt
            && kernel.type_of(*x).dtype.half().is_some()
        {
            singles.push((*x, *result));
            return;
        }
        for value in used_together(stmt) {
            apart.remove(&value);
        }
    });
    for (half, single) in singles {
        if !apart.contains(&single) {
            apart.remove(&half);
        }
    }
    apart
}

/// The values that a statement uses as they are.
fn used_together(stmt: &Stmt) -> Vec<ValueId> {
    match stmt {
        Stmt::Compute { op, .. } => match op {
            Op::Mma(acc, _, b) => vec![*acc, *b],
            Op::Columns(..) => Vec::new(),
            Op::Const(..)
            | Op::Index(..)
            | Op::Ramp(..)
            | Op::Unary(..)
            | Op::Binary(..)
            | Op::Compare(..)
            | Op::Connect(..)
            | Op::Not(_)
            | Op::Select(..)
            | Op::Cast(..)
            | Op::Bitcast(..)
            | Op::Fma(..)
            | Op::Splat(..)
            | Op::Slice(..)
            | Op::Rows(..) => op.operands().to_vec(),
        },
        Stmt::Load {
            access, otherwise, ..
        } => access.operands().chain(*otherwise).collect(),
        Stmt::Store { access, value } => access.operands().chain([*value]).collect(),
        Stmt::For { carried, .. } => carried.iter().flat_map(|c| [c.init, c.next]).collect(),
        Stmt::Fold(fold) => {
            let states = fold.states.iter();
            states.flat_map(|s| [s.init, s.next, s.merged]).collect()
        }
        Stmt::If { joins, .. } => joins.iter().flat_map(|j| [j.then, j.otherwise]).collect(),
        Stmt::Tasks { frame, .. } => frame.values.clone(),
        Stmt::Par { .. } | Stmt::Let { .. } => Vec::new(),
    }
}

/// Those of some values that are loaded from what is not stored to while they are in scope.
pub(super) fn unchanged(kernel: &Kernel, among: &FxHashSet<ValueId>) -> FxHashSet<ValueId> {
    let mut unchanged = FxHashSet::default();
    let mut regions = vec![&kernel.body];
    while let Some(region) = regions.pop() {
        for (place, stmt) in (1..).zip(&region.stmts) {
            regions.extend(stmt.regions());
            let Stmt::Load { result, access, .. } = stmt else {
                continue;
            };
            if !among.contains(result) {
                continue;
            }
            let memory = kernel.memories.get(access.memory.index());
            let is_input = memory.is_some_and(|memory| memory.place == Place::Param(Mode::In));
            let stores = |stmt: &Stmt| matches!(stmt, Stmt::Store { access: stored, .. } if stored.memory == access.memory);
            if is_input || !any_after(region, place, stores) {
                unchanged.insert(*result);
            }
        }
    }
    unchanged
}

/// Whether a statement from a place on, or one inside of those, is such a one.
fn any_after(region: &Region, place: usize, is_such: impl Fn(&Stmt) -> bool) -> bool {
    let mut found = false;
    for stmt in region.stmts.iter().skip(place) {
        found |= is_such(stmt);
        for inner in stmt.regions() {
            inner.visit(&mut |stmt| found |= is_such(stmt));
        }
    }
    found
}
