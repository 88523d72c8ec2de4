//! Masks: where a cotangent counts.

use crate::builder::Builder;
use crate::constant::Constant;
use crate::dtype::DType;
use crate::graph::{Graph, Value};
use crate::op::attribute::{as_axes, to_axes};
use crate::op::{Greater, LogicalAnd, LogicalNot, LogicalOr, Op, ReduceMax, TypeError};
use crate::shape::{Shape, Type};

/// Truth values, or their opposites, of the shape of what they mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Mask {
    truths: Value,
    negated: bool,
}

/// A mask, or none, which is true everywhere.
pub(crate) type Where = Option<Mask>;

impl Mask {
    pub(crate) fn of(truths: Value) -> Self {
        Mask {
            truths,
            negated: false,
        }
    }

    pub(crate) fn not(self) -> Self {
        Mask {
            negated: !self.negated,
            ..self
        }
    }

    /// The truth values.
    pub(super) fn emit(self, b: &Builder) -> Result<Value, TypeError> {
        if self.negated {
            b.apply(LogicalNot {}, &[self.truths])
        } else {
            Ok(self.truths)
        }
    }

    /// x where the mask holds, else y.
    pub(crate) fn choose(self, b: &Builder, x: Value, y: Value) -> Result<Value, TypeError> {
        let (x, y) = if self.negated { (y, x) } else { (x, y) };
        b.select(self.truths, x, y)
    }

    /// x where the mask holds, else 0.
    pub(super) fn keep(self, b: &Builder, x: Value) -> Result<Value, TypeError> {
        let zero = b.integer_like(x, 0)?;
        self.choose(b, x, zero)
    }
}

/// Where both hold.
pub(crate) fn both(b: &Builder, x: Where, y: Where) -> Result<Where, TypeError> {
    Ok(match (x, y) {
        (Some(x), Some(y)) if x != y => {
            Some(Mask::of(b.apply(LogicalAnd {}, &[x.emit(b)?, y.emit(b)?])?))
        }
        (x, y) => x.or(y),
    })
}

/// Where either holds.
pub(crate) fn either(b: &Builder, x: Where, y: Where) -> Result<Where, TypeError> {
    Ok(match (x, y) {
        (Some(x), Some(y)) if x == y => Some(x),
        (Some(x), Some(y)) if x == y.not() => None,
        (Some(x), Some(y)) => Some(Mask::of(b.apply(LogicalOr {}, &[x.emit(b)?, y.emit(b)?])?)),
        (_, _) => None,
    })
}

/// Truth values as numbers that can be added up: 1 and 0.
pub(super) fn counted(b: &Builder, truths: Value, dtype: DType) -> Result<Value, TypeError> {
    b.cast(truths, dtype)
}

/// Where counts are not 0.
pub(crate) fn found(b: &Builder, counts: Value) -> Result<Value, TypeError> {
    b.apply(Greater {}, &[counts, b.integer_like(counts, 0)?])
}

/// Whether any element along `axes` is true; the axes stay, with extent 1. Along axes on which the mask
/// does not depend there is nothing to look for.
pub(crate) fn any(b: &Builder, truths: Value, axes: &[usize]) -> Result<Value, TypeError> {
    let shape = b.shape(truths);
    if axes.iter().any(|&axis| shape.extent(axis) == 0) {
        let ones = Type::new(DType::Bool, shape.with_ones(axes));
        return b.full(&ones, &Constant::integer(0));
    }
    let is_same = |axis: &usize| b.with_graph(|graph| is_constant_along(graph, truths, *axis));
    let (same, varying): (Vec<usize>, Vec<usize>) = axes.iter().copied().partition(is_same);
    let limit = |axis| {
        if same.contains(&axis) {
            1
        } else {
            shape.extent(axis)
        }
    };
    let rank = shape.rank();
    let limits: Vec<u64> = (0..rank).map(limit).collect();
    let one = match limits.iter().copied().eq(shape.extents()) {
        true => truths,
        false => b.slice(truths, &vec![0; rank], &limits, &vec![1; rank])?,
    };
    if varying.is_empty() {
        return Ok(one);
    }
    let largest = ReduceMax {
        axes: Some(to_axes(varying)),
        keepdims: true,
    };
    found(b, b.apply(largest, &[counted(b, one, DType::I32)?])?)
}

/// How many nodes are looked at to find out whether a mask depends on an axis.
const MAX_LOOKED_AT: usize = 64;

/// Whether the form of a value shows that it is the same along an axis.
pub(super) fn is_constant_along(graph: &Graph, value: Value, axis: usize) -> bool {
    let mut pending = vec![(value, axis)];
    for _ in 0..MAX_LOOKED_AT {
        let Some((value, axis)) = pending.pop() else {
            return true;
        };
        if graph.ty(value).shape.extent(axis) == 1 {
            continue;
        }
        let operands = graph.operands(value.node);
        let op = graph.op(value.node);
        if let Op::BroadcastInDim(view) = op {
            let from = as_axes(&view.axes).iter().position(|&to| to == axis);
            pending.extend(from.map(|from| (operands[0], from)));
        } else if op.is_elementwise() {
            pending.extend(operands.iter().map(|operand| (*operand, axis)));
        } else if !matches!(op, Op::Full(_)) {
            return false;
        }
    }
    pending.is_empty()
}

/// Truth values with axes of other extents, or none, repeated to a shape: axis i stands at `axes[i]`.
pub(super) fn placed(
    b: &Builder,
    truths: Value,
    axes: &[usize],
    shape: &Shape,
) -> Result<Value, TypeError> {
    let mut order: Vec<usize> = (0..axes.len()).collect();
    order.sort_by_key(|&axis| axes[axis]);
    let sorted: Vec<usize> = order.iter().map(|&axis| axes[axis]).collect();
    b.broadcast_in_dim(b.transpose(truths, &order)?, shape, &sorted)
}
