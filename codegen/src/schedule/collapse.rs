//! Parallel loops, one directly inside the other, as one.
//!
//! They become one where every access then still moves by constant steps: whole tensors become one long loop, and so
//! do rows of rows.

use super::access::{each_access, position};
use crate::kernel::{ForRange, IdVisitor, MemId, Memory, Op, Region, Stmt, ValueId, VarId};
use lgc_ir::index::{Guard, Index};

/// Merges parallel loops from the inside out.
pub(super) fn merge_loops(region: &mut Region, memories: &[Memory], ranges: &mut [(i64, i64)]) {
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
                | Stmt::Tasks { .. }
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
