//! Simplifications that are exact in floating point: the result has the same bits, NaN payloads
//! apart, for every input.
//!
//! What is *not* here is as important: x + 0 is not x (for x = −0), x · 0 is not 0 (for NaN, ∞ and
//! negative x), x − x is not 0, and nothing is reassociated. Each rule is a function with one
//! concern; the first that applies wins, and the pass runs again until none does.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a rule looks for the one or two ops that it is about"
)]

use super::rebuild::{Step, rebuild};
use crate::builder::Builder;
use crate::constant::Constant;
use crate::graph::{Graph, Remap, Value, Values};
use crate::op::{Full, Op, TypeError};
use crate::shape::Shape;

/// What a rule finds: a value that stands for the node, or nothing.
type Found = Result<Option<Value>, TypeError>;

type Rule = fn(&Builder, &Op, &Values) -> Found;

const RULES: [Rule; 9] = [
    unit_operand,
    double_negation,
    sum_with_negation,
    select_without_choice,
    identity_view,
    nested_view,
    view_of_splat,
    cast_of_cast,
    trivial_fold,
];

/// Applies every rule to every node, once, operands first.
///
/// # Errors
/// A rule builds an op that does not type-check, which is a bug.
pub fn simplify(graph: &Graph) -> Result<(Graph, Remap), TypeError> {
    rebuild(graph, |builder, node, operands| {
        for rule in RULES {
            if let Some(value) = rule(builder, graph.op(node), operands)? {
                return Ok(Step::Fold(value));
            }
        }
        Ok(Step::Keep)
    })
}

/// The op that computes a value.
fn definition(b: &Builder, value: Value) -> (Op, Values) {
    b.with_graph(|graph| (graph.op(value.node).clone(), graph.operands(value.node)))
}

fn is_one(b: &Builder, value: Value) -> bool {
    b.splat(value).is_some_and(|splat| splat.is_one())
}

/// x · 1, 1 · x, x / 1, x ** 1, x − 0 and scale by 1 are x. (x − (+0) is exact for x = −0.)
fn unit_operand(b: &Builder, op: &Op, x: &Values) -> Found {
    let plus_zero = |value| {
        b.splat(value)
            .is_some_and(|s| s.is_zero() && s != Constant::NegZero)
    };
    Ok(match op {
        Op::Mul(_) if is_one(b, x[0]) => Some(x[1]),
        Op::Mul(_) | Op::Div(_) | Op::Pow(_) if is_one(b, x[1]) => Some(x[0]),
        Op::Sub(_) if plus_zero(x[1]) => Some(x[0]),
        // The sum with −0 is exact for every x, that with +0 is not.
        Op::Add(_) if b.splat(x[1]) == Some(Constant::NegZero) => Some(x[0]),
        Op::Add(_) if b.splat(x[0]) == Some(Constant::NegZero) => Some(x[1]),
        Op::Scale(scale) if scale.factor.0 == 1.0 => Some(x[0]),
        Op::Power(power) if power.exponent.0 == 1.0 => Some(x[0]),
        Op::Clamp(clamp) if clamp.lo.0 == f64::NEG_INFINITY && clamp.hi.0 == f64::INFINITY => {
            Some(x[0])
        }
        _ => None,
    })
}

/// −(−x) and !(!x) are x; −1 · x and x / −1 are −x.
fn double_negation(b: &Builder, op: &Op, x: &Values) -> Found {
    let minus_one = |value| b.splat(value).is_some_and(|splat| splat.neg().is_one());
    Ok(match op {
        Op::Neg(_) | Op::LogicalNot(_) => {
            let (inner, operands) = definition(b, x[0]);
            (inner == *op).then(|| operands[0])
        }
        Op::Mul(_) if minus_one(x[0]) => Some(b.neg(x[1])?),
        Op::Mul(_) | Op::Div(_) if minus_one(x[1]) && b.ty(x[0]).dtype.is_float() => {
            Some(b.neg(x[0])?)
        }
        _ => None,
    })
}

/// x + (−y) is x − y, (−x) + y is y − x, and x − (−y) is x + y.
fn sum_with_negation(b: &Builder, op: &Op, x: &Values) -> Found {
    let negated = |value| match definition(b, value) {
        (Op::Neg(_), operands) => Some(operands[0]),
        _ => None,
    };
    Ok(match op {
        Op::Add(_) => match (negated(x[0]), negated(x[1])) {
            (_, Some(y)) => Some(b.sub(x[0], y)?),
            (Some(y), None) => Some(b.sub(x[1], y)?),
            (None, None) => None,
        },
        Op::Sub(_) => negated(x[1]).map(|y| b.add(x[0], y)).transpose()?,
        _ => None,
    })
}

/// A select by a known mask, or between equal arms; connectives with a known side.
fn select_without_choice(b: &Builder, op: &Op, x: &Values) -> Found {
    let known = |value| b.splat(value).map(|splat| !splat.is_zero());
    Ok(match op {
        Op::Select(_) => match known(x[0]) {
            Some(truth) => Some(if truth { x[1] } else { x[2] }),
            None if x[1] == x[2] => Some(x[1]),
            None => match definition(b, x[0]) {
                (Op::LogicalNot(_), inner) => Some(b.select(inner[0], x[2], x[1])?),
                _ => None,
            },
        },
        Op::LogicalAnd(_) => match (known(x[0]), known(x[1])) {
            (Some(true), _) | (_, Some(false)) => Some(x[1]),
            (Some(false), _) | (_, Some(true)) => Some(x[0]),
            (None, None) => (x[0] == x[1]).then(|| x[0]),
        },
        Op::LogicalOr(_) => match (known(x[0]), known(x[1])) {
            (Some(false), _) | (_, Some(true)) => Some(x[1]),
            (Some(true), _) | (_, Some(false)) => Some(x[0]),
            (None, None) => (x[0] == x[1]).then(|| x[0]),
        },
        _ => None,
    })
}

/// Views that change nothing: a shape to itself, an identity permutation, a slice of everything, a
/// pad by nothing, a reversal of single elements, a concatenation of one; `stop_gradient`, which has
/// done its work once derivatives are taken.
fn identity_view(b: &Builder, op: &Op, x: &Values) -> Found {
    let Some(&first) = x.first() else {
        return Ok(None);
    };
    let shape = b.shape(first);
    let identity = match op {
        Op::Reshape(reshape) => reshape.shape == shape,
        Op::BroadcastInDim(broadcast) => broadcast.shape == shape,
        Op::Transpose(transpose) => transpose
            .permutation
            .iter()
            .copied()
            .eq(0..shape.rank() as i64),
        Op::Slice(slice) => {
            let whole = slice
                .limit
                .iter()
                .copied()
                .eq(shape.extents().map(|e| e as i64));
            whole && slice.start.iter().all(|&start| start == 0) && slice.step.is_none()
        }
        Op::Pad(pad) => {
            let none = |list: &[i64]| list.iter().all(|&amount| amount == 0);
            none(&pad.low) && none(&pad.high) && pad.interior.is_none()
        }
        Op::Reverse(reverse) => reverse
            .axes
            .iter()
            .all(|&axis| shape.extent(axis as usize) <= 1),
        Op::Concat(_) => x.len() == 1,
        Op::Cast(cast) => cast.dtype == b.ty(first).dtype,
        Op::StopGradient(_) => true,
        _ => false,
    };
    Ok(identity.then_some(first))
}

/// Reshapes of reshapes, transposes of transposes, reversals and broadcasts of the same are one.
fn nested_view(b: &Builder, op: &Op, x: &Values) -> Found {
    let Some(&first) = x.first() else {
        return Ok(None);
    };
    let (inner, operands) = definition(b, first);
    Ok(match (op, &inner) {
        (Op::Reshape(outer), Op::Reshape(_)) => Some(b.reshape(operands[0], &outer.shape)?),
        (Op::Transpose(outer), Op::Transpose(inner)) => {
            let composed: Vec<usize> = outer
                .permutation
                .iter()
                .map(|&axis| inner.permutation[axis as usize] as usize)
                .collect();
            Some(b.transpose(operands[0], &composed)?)
        }
        (Op::Reverse(outer), Op::Reverse(inner)) if outer.axes == inner.axes => Some(operands[0]),
        (Op::BroadcastInDim(outer), Op::BroadcastInDim(inner)) => {
            let axes: Vec<usize> = inner
                .axes
                .iter()
                .map(|&axis| outer.axes[axis as usize] as usize)
                .collect();
            Some(b.broadcast_in_dim(operands[0], &outer.shape, &axes)?)
        }
        (Op::BroadcastInDim(outer), Op::Reshape(_)) => {
            broadcast_of_reshape(b, &outer.shape, &outer.axes, first, operands[0])?
        }
        _ => None,
    })
}

/// A broadcast of a reshape that only inserted axes of extent 1 is a broadcast.
fn broadcast_of_reshape(
    b: &Builder,
    shape: &Shape,
    axes: &[i64],
    reshaped: Value,
    original: Value,
) -> Found {
    let (from, to) = (b.shape(original), b.shape(reshaped));
    let mut kept = Vec::with_capacity(from.rank());
    let mut next = 0;
    for (axis, extent) in to.extents().enumerate() {
        if next < from.rank() && from.extent(next) == extent {
            kept.push(axes[axis] as usize);
            next += 1;
        } else if extent != 1 {
            return Ok(None);
        }
    }
    if next < from.rank() {
        return Ok(None);
    }
    Ok(Some(b.broadcast_in_dim(original, shape, &kept)?))
}

/// A view of a splat constant is a splat constant.
fn view_of_splat(b: &Builder, op: &Op, x: &Values) -> Found {
    let Some(&first) = x.first() else {
        return Ok(None);
    };
    let Some(splat) = b.splat(first) else {
        return Ok(None);
    };
    let shape = match op {
        Op::Reshape(reshape) => reshape.shape.clone(),
        Op::BroadcastInDim(broadcast) => broadcast.shape.clone(),
        Op::Transpose(_) | Op::Slice(_) | Op::Reverse(_) => {
            let types = [b.ty(first)];
            let types: Vec<_> = types.iter().collect();
            match op.infer_types(&types) {
                Ok(types) => types[0].shape.clone(),
                Err(_) => return Ok(None),
            }
        }
        _ => return Ok(None),
    };
    let dtype = b.ty(first).dtype;
    Ok(Some(b.apply(
        Full {
            value: splat,
            shape,
            dtype,
        },
        &[],
    )?))
}

/// A widening cast undone is nothing: f32 → f64 → f32, i32 → i64 → i32, u32 → i64 → u32, and bool →
/// number → bool.
fn cast_of_cast(b: &Builder, op: &Op, x: &Values) -> Found {
    use crate::dtype::DType;
    let Op::Cast(outer) = op else { return Ok(None) };
    let (Op::Cast(inner), operands) = definition(b, x[0]) else {
        return Ok(None);
    };
    let from = b.ty(operands[0]).dtype;
    let lossless = matches!(
        (from, inner.dtype),
        (DType::F32, DType::F64)
            | (DType::I32 | DType::U32, DType::I64 | DType::F64)
            | (
                DType::Bool,
                DType::I32 | DType::I64 | DType::U32 | DType::F32 | DType::F64
            )
    );
    Ok((lossless && outer.dtype == from).then(|| operands[0]))
}

/// A fold over axes of extent 1 only moves elements. For sums this needs that the empty sum, from
/// which a fold starts, is −0, which is neutral.
fn trivial_fold(b: &Builder, op: &Op, x: &Values) -> Found {
    let axes = match op {
        Op::Sum(fold) => &fold.axes,
        Op::ReduceMax(fold) => &fold.axes,
        Op::ReduceMin(fold) => &fold.axes,
        _ => return Ok(None),
    };
    let ty = b.ty(x[0]);
    let axes = axes.clone().unwrap_or_default();
    if axes.iter().any(|&axis| ty.shape.extent(axis as usize) != 1) {
        return Ok(None);
    }
    match op.infer_types(&[&ty]) {
        Ok(types) => Ok(Some(b.reshape(x[0], &types[0].shape)?)),
        Err(_) => Ok(None),
    }
}
