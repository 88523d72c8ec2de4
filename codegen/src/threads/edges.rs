//! Loops that accumulate tiles, apart for tiles that lie inside.
//!
//! At the edges of a matrix some elements of a tile lie outside, and accesses are clipped. Whether any do does not
//! change while a tile is accumulated, so it is decided once: the loop is there for tiles that lie inside, without
//! clipping, and again for those at the edges. Where ranges show that a span lies inside, nothing is decided.
//!
//! Kernels with `for` in place of `par` are given. Afterwards `clip` stands only where an element may be left out, and
//! in loops over tiles only on the way at the edges, or where the span moves with the loop.

use super::rewrite::{Draft, Renames, Scope, accumulates, extent_of};
use crate::backend::refusal::Result;
use crate::kernel::{
    Access, Carried, Condition, Form, Join, Kernel, Region, Stmt, Subscript, VarId,
};
use crate::target::Target;
use lgc_ir::index::{Guard, Index};

/// The kernel with two loops in place of one where tiles may lie at an edge.
///
/// # Errors
/// None for verified kernels.
pub(super) fn edges(kernel: &Kernel, _: &Target) -> Result<Kernel> {
    let (draft, body) = Draft::of(kernel);
    let mut edges = Edges {
        draft,
        scope: Scope::of(kernel),
    };
    let body = edges.region(body);
    Ok(edges.draft.finish(body))
}

struct Edges {
    draft: Draft,
    scope: Scope,
}

/// A span that may go past the end of its axis.
struct OpenSpan {
    start: Index,
    /// It lies inside if it starts below this.
    end: i64,
}

impl Edges {
    fn region(&mut self, region: Region) -> Region {
        let mut stmts = Vec::with_capacity(region.stmts.len());
        for mut stmt in region.stmts {
            let inner = self.scope.enter(&stmt);
            for (region, assumed) in stmt.regions_mut().zip(inner) {
                let outer = self.scope.assume(assumed);
                *region = self.region(std::mem::take(region));
                self.scope.assume(outer);
            }
            self.unclip(&mut stmt);
            stmts.push(self.apart(stmt));
        }
        Region { stmts }
    }

    /// Drops `clip` where all elements lie inside.
    fn unclip(&self, stmt: &mut Stmt) {
        let Some((access, form)) = self.access(stmt) else {
            return;
        };
        if access.clip && self.open_spans(access, form).is_empty() {
            set_clip(stmt, false);
        }
    }

    fn access<'s>(&self, stmt: &'s Stmt) -> Option<(&'s Access, Form)> {
        let form = match stmt {
            Stmt::Load { result: value, .. } | Stmt::Store { value, .. } => {
                self.draft.type_of(*value).form
            }
            Stmt::Par { .. }
            | Stmt::Tasks { .. }
            | Stmt::For { .. }
            | Stmt::Fold(_)
            | Stmt::If { .. }
            | Stmt::Let { .. }
            | Stmt::Compute { .. } => return None,
        };
        stmt.access().map(|access| (access, form))
    }

    /// The spans of a clipped access that are not known to lie inside.
    fn open_spans(&self, access: &Access, form: Form) -> Vec<OpenSpan> {
        let Some(memory) = self.draft.kernel.memories.get(access.memory.index()) else {
            return Vec::new();
        };
        let mut open = Vec::new();
        let mut number = 0;
        for (axis, subscript) in access.at.iter().enumerate() {
            let Subscript::Span(start) = subscript else {
                continue;
            };
            let length = i64::from(form.extent(number));
            number += 1;
            let end = extent_of(memory, axis).saturating_sub(length - 1);
            if !self.scope.is_below(start, end, &access.guard) {
                let start = start.clone();
                open.push(OpenSpan { start, end });
            }
        }
        open
    }

    /// The loop apart for tiles inside, if it accumulates tiles that may lie at an edge.
    fn apart(&mut self, mut stmt: Stmt) -> Stmt {
        let Stmt::For {
            var, carried, body, ..
        } = &mut stmt
        else {
            return stmt;
        };
        if !accumulates(carried, body) {
            return stmt;
        }
        let (inside, places) = self.inside(*var, body);
        let inside = inside.simplify(self.scope.bounds().all());
        if places.is_empty() || self.scope.is_never(&inside) {
            return stmt;
        }
        let (mut joins, mut results) = (Vec::new(), Vec::new());
        for carried in carried.iter_mut() {
            let result = carried.result;
            carried.result = self.draft.value(self.draft.type_of(result));
            results.push(result);
        }
        let edge = Region { stmts: vec![stmt] };
        let mut interior = self.draft.copy(&edge, &mut Renames::default());
        for (place, clipped) in body_of(&mut interior).into_iter().enumerate() {
            if places.contains(&place) {
                set_clip(clipped, false);
            }
        }
        for ((then, otherwise), result) in carried_of(&interior).zip(carried_of(&edge)).zip(results)
        {
            joins.push(Join {
                then: then.result,
                otherwise: otherwise.result,
                result,
            });
        }
        Stmt::If {
            condition: Condition::Guard(inside),
            then: interior,
            otherwise: edge,
            joins,
        }
    }

    /// Where all clipped spans that are the same in all iterations of a loop lie inside, and the places of their
    /// statements.
    fn inside(&self, var: VarId, body: &Region) -> (Guard, Vec<usize>) {
        let (mut inside, mut places) = (Guard::always(), Vec::new());
        for (place, stmt) in body.stmts.iter().enumerate() {
            let Some((access, form)) = self.access(stmt).filter(|(access, _)| access.clip) else {
                continue;
            };
            let open = self.open_spans(access, form);
            if open.iter().any(|span| span.start.mentions(var.0)) {
                continue;
            }
            for OpenSpan { start, end } in open {
                inside = inside.and(&Guard::within(start, 0, end));
            }
            places.push(place);
        }
        (inside, places)
    }
}

/// The statements of the loop that a region is.
fn body_of(region: &mut Region) -> Vec<&mut Stmt> {
    let inner = region.stmts.iter_mut().flat_map(Stmt::regions_mut);
    inner.flat_map(|body| body.stmts.iter_mut()).collect()
}

/// What the loop that a region is carries.
fn carried_of(region: &Region) -> impl Iterator<Item = &Carried> {
    region.stmts.iter().flat_map(|stmt| match stmt {
        Stmt::For { carried, .. } => carried.as_slice(),
        Stmt::Par { .. }
        | Stmt::Tasks { .. }
        | Stmt::Fold(_)
        | Stmt::If { .. }
        | Stmt::Let { .. }
        | Stmt::Compute { .. }
        | Stmt::Load { .. }
        | Stmt::Store { .. } => &[],
    })
}

fn set_clip(stmt: &mut Stmt, clip: bool) {
    if let Stmt::Load { access, .. } | Stmt::Store { access, .. } = stmt {
        access.clip = clip;
    }
}
