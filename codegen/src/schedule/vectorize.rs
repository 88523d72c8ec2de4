//! Vectors: innermost loops get a `vec` directive, so that several iterations go at once and independent chains of
//! operations overlap.

use crate::kernel::{Directive, Form, Kernel, Region, Stmt};
use crate::target::Target;
use rustc_hash::FxHashSet;

/// Attaches vectors to innermost loops over scalars without carried values. (Folds are run in their
/// lanes anyway.)
pub(super) fn attach_vectors(kernel: &mut Kernel, target: &Target) {
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
            Stmt::Tasks { .. }
            | Stmt::For { .. }
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
                | Stmt::Tasks { .. }
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
            | Stmt::Tasks { .. }
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
    let costs = &target.costs;
    let vectors = match body.stmts.len() <= costs.short_body {
        true => costs.short_body_vectors,
        false => costs.long_body_vectors,
    };
    let width = u32::try_from(lanes * u64::from(vectors)).ok();
    width.filter(|width| *width <= costs.max_width)
}
