//! Where kernels access memory, as positions over their loops.

use crate::kernel::{Access, ForRange, Kernel, Region, Stmt, Subscript, end_of};
use lgc_ir::index::{Index, UNKNOWN};
use lgc_ir::shape::Shape;

/// The range of each index variable of a kernel.
pub(super) fn ranges(kernel: &Kernel) -> Vec<(i64, i64)> {
    let mut ranges = vec![UNKNOWN; kernel.vars as usize];
    kernel.body.visit(&mut |stmt| {
        if let (Some(var), Some(range)) = (stmt.var(), range_of(stmt))
            && let Some(entry) = ranges.get_mut(var.index())
        {
            *entry = range;
        }
    });
    ranges
}

fn range_of(stmt: &Stmt) -> Option<(i64, i64)> {
    let upto = |extent: u64| (0, end_of(extent));
    match stmt {
        Stmt::Par { extent, .. } | Stmt::Tasks { count: extent, .. } => Some(upto(*extent)),
        Stmt::Fold(fold) => Some(upto(fold.extent)),
        Stmt::For { range, .. } => {
            let ForRange { low, high, .. } = range;
            Some((low.as_constant()?, high.as_constant()?))
        }
        Stmt::If { .. }
        | Stmt::Let { .. }
        | Stmt::Compute { .. }
        | Stmt::Load { .. }
        | Stmt::Store { .. } => None,
    }
}

/// The row-major position of an access, run-time subscripts aside.
pub(super) fn position(access: &Access, shape: &Shape, ranges: &[(i64, i64)]) -> Index {
    let mut position = Index::default();
    for (subscript, stride) in access.at.iter().zip(shape.strides()) {
        match subscript {
            Subscript::At(index) | Subscript::Span(index) => {
                position = position.add(&index.scale(stride as i64));
            }
            Subscript::Value(_) => {}
        }
    }
    position.simplify(ranges)
}

/// Calls `visit` with every access of a region.
pub(super) fn each_access<'a>(region: &'a Region, visit: &mut dyn FnMut(&'a Access)) {
    region.visit(&mut |stmt| {
        if let Some(access) = stmt.access() {
            visit(access);
        }
    });
}
