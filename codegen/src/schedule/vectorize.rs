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
        if let Some(width) = width(kernel, body, extent, target) {
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

/// How many of the `extent` iterations of a straight-line body of scalars run at once, if several do: a power of two.
fn width(kernel: &Kernel, body: &Region, extent: u64, target: &Target) -> Option<u32> {
    let bytes = widest(kernel, body)?;
    let costs = &target.costs;
    let vectors = match body.stmts.len() <= costs.short_body {
        true => costs.short_body_vectors,
        false => costs.long_body_vectors,
    };
    let lanes = u64::from(target.vector_bytes) / bytes;
    let wanted = (lanes * u64::from(vectors)).min(costs.max_width.into());
    // A loop that is shorter goes in fewer vectors, or shorter ones: in one with lanes that touch no memory, if there
    // are masks. Elements that fill no 128 bits stay scalars.
    let all = match target.has_masks {
        true => extent.checked_next_power_of_two()?,
        false => 1 << extent.checked_ilog2()?,
    };
    let is_long = extent > 1 && extent * bytes >= u64::from(costs.least_vector_bytes);
    let width = u32::try_from(wanted.min(all)).ok();
    width.filter(|&width| is_long && width > 1)
}

/// How many bytes the widest value of a body takes, if all are scalars.
fn widest(kernel: &Kernel, body: &Region) -> Option<u64> {
    let mut bytes = 1;
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
    Some(bytes)
}

#[cfg(test)]
mod tests;
