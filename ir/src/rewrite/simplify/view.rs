//! Simplification of views, and of folds and gathers that are views.

use super::Simplification;

use crate::graph::Value;
use crate::op::attribute::as_axes;
use crate::op::{Axes, BroadcastInDim, Family, Iota, Op, Pad, Reverse, Slice, Transpose};
use crate::shape::Shape;

pub(super) const RULES: &[Simplification] = &[
    Simplification {
        name: "reshape of nothing",
        law: "a reshape to the same shape",
        apply: |s| {
            matches!(s.op, Op::Reshape(_)).then_some(())?;
            (s.type_of(s.x[0]) == s.ty).then(|| s.value(s.x[0]))?
        },
    },
    Simplification {
        name: "reshape of a reshape",
        law: "both keep the row-major order",
        apply: |s| {
            matches!(s.op, Op::Reshape(_)).then_some(())?;
            let (inner, x) = s.producer(s.x[0]);
            matches!(inner, Op::Reshape(_)).then(|| s.reshaped(x[0]))?
        },
    },
    Simplification {
        name: "transpose that moves unit axes",
        law: "a permutation that keeps the order of all axes but those of extent 1 is a reshape",
        apply: |s| {
            let axes = as_axes(permutation(s.op)?);
            let shape = &s.type_of(s.x[0]).shape;
            let long = axes.into_iter().filter(|&axis| shape.extent(axis) != 1);
            long.is_sorted().then(|| s.reshaped(s.x[0]))?
        },
    },
    Simplification {
        name: "transpose of a transpose",
        law: "permutations compose",
        apply: |s| {
            let outer = as_axes(permutation(s.op)?);
            let (inner, x) = s.producer(s.x[0]);
            let inner = permutation(inner)?;
            let permutation = outer.into_iter().map(|axis| inner[axis]).collect();
            s.op(Transpose { permutation }, &x)
        },
    },
    Simplification {
        name: "broadcast that repeats nothing",
        law: "a broadcast with as many elements as its operand is a reshape",
        apply: |s| {
            matches!(s.op, Op::BroadcastInDim(_)).then_some(())?;
            let x = s.x[0];
            let repeats = s.type_of(x).elements() != s.ty.elements();
            (!repeats && s.ty.elements() != 0).then(|| s.reshaped(x))?
        },
    },
    Simplification {
        name: "broadcast of a broadcast",
        law: "axes of axes",
        apply: |s| {
            let (shape, outer) = broadcast(s.op)?;
            let (inner, x) = s.producer(s.x[0]);
            let (_, inner) = broadcast(inner)?;
            let axes = as_axes(inner).into_iter().map(|axis| outer[axis]).collect();
            let shape = shape.clone();
            s.op(BroadcastInDim { shape, axes }, &x)
        },
    },
    Simplification {
        name: "broadcast of a reshape",
        law: "unit axes that a reshape adds a broadcast can add itself",
        apply: |s| {
            let (shape, axes) = broadcast(s.op)?;
            let (inner, x) = s.producer(s.x[0]);
            matches!(inner, Op::Reshape(_)).then_some(())?;
            let (from, through) = (&s.type_of(x[0]).shape, &s.type_of(s.x[0]).shape);
            let axes = embedded(from, through)?
                .into_iter()
                .map(|a| axes[a])
                .collect();
            let shape = shape.clone();
            s.op(BroadcastInDim { shape, axes }, &x)
        },
    },
    Simplification {
        name: "slice of everything",
        law: "a slice that leaves nothing out",
        apply: |s| {
            matches!(s.op, Op::Slice(_)).then_some(())?;
            // With the extents of its operand a slice starts at 0 and steps by 1, or is empty.
            (s.type_of(s.x[0]) == s.ty).then(|| s.value(s.x[0]))?
        },
    },
    Simplification {
        name: "slice of a slice",
        law: "starts and steps compose",
        apply: |s| {
            let Op::Slice(outer) = s.op else { return None };
            let (inner, x) = s.producer(s.x[0]);
            let Op::Slice(inner) = inner else { return None };
            s.op(composed(inner, outer, &s.ty.shape), &x)
        },
    },
    Simplification {
        name: "pad with nothing",
        law: "a pad that adds nothing and cuts nothing off",
        apply: |s| {
            let Op::Pad(pad) = s.op else { return None };
            let nothing = pad.interior.is_none() && is_zero(&pad.low) && is_zero(&pad.high);
            nothing.then(|| s.value(s.x[0]))?
        },
    },
    Simplification {
        name: "pad of a pad",
        law: "with one value around one value, amounts add up where neither cuts nor parts elements",
        apply: |s| {
            let Op::Pad(outer) = s.op else { return None };
            let (inner, x) = s.producer(s.x[0]);
            let Op::Pad(inner) = inner else { return None };
            let plain = |pad: &Pad| {
                let mut amounts = pad.low.iter().chain(&pad.high);
                pad.interior.is_none() && amounts.all(|&amount| amount >= 0)
            };
            (plain(inner) && plain(outer) && inner.value == outer.value).then_some(())?;
            let low = sum(&inner.low, &outer.low)?;
            let high = sum(&inner.high, &outer.high)?;
            s.op(
                Pad {
                    low,
                    high,
                    ..outer.clone()
                },
                &x,
            )
        },
    },
    Simplification {
        name: "reversal of nothing",
        law: "along axes of extent at most 1 there is no order to reverse",
        apply: |s| {
            let Op::Reverse(Reverse { axes }) = s.op else {
                return None;
            };
            let long: Axes = axes
                .iter()
                .copied()
                .filter(|&axis| s.ty.shape.extent(axis as usize) > 1)
                .collect();
            if long.is_empty() {
                s.value(s.x[0])
            } else {
                (long != *axes).then(|| s.op(Reverse { axes: long }, s.x))?
            }
        },
    },
    Simplification {
        name: "reversal of a reversal",
        law: "axes that are reversed twice are not",
        apply: |s| {
            let Op::Reverse(Reverse { axes: outer }) = s.op else {
                return None;
            };
            let (inner, x) = s.producer(s.x[0]);
            let Op::Reverse(Reverse { axes: inner }) = inner else {
                return None;
            };
            let once = |left: &Axes, right: &Axes| -> Axes {
                left.iter()
                    .copied()
                    .filter(|axis| !right.contains(axis))
                    .collect()
            };
            let mut axes = once(inner, outer);
            axes.extend(once(outer, inner));
            axes.sort_unstable();
            if axes.is_empty() {
                s.value(x[0])
            } else {
                s.op(Reverse { axes }, &x)
            }
        },
    },
    Simplification {
        name: "concatenation of one",
        law: "concat(x) = x, and operands without elements count for nothing",
        apply: |s| {
            matches!(s.op, Op::Concat(_)).then_some(())?;
            let holds_some = |x: &Value| s.type_of(*x).elements() > 0;
            let full: Vec<Value> = s.x.iter().copied().filter(holds_some).collect();
            match full.as_slice() {
                [] => s.value(s.x[0]).filter(|_| s.type_of(s.x[0]) == s.ty),
                [x] => s.value(*x),
                some if some.len() < s.x.len() => s.op(s.op.clone(), some),
                _ => None,
            }
        },
    },
];

pub(super) const FOLDS: &[Simplification] = &[
    Simplification {
        name: "fold of single elements",
        law: "the sum, maximum or minimum of one element is that element, with its sign if it is zero",
        apply: |s| {
            // Only folds trace nothing: other families are not looked at.
            matches!(s.op, Op::Sum(_) | Op::ReduceMax(_) | Op::ReduceMin(_)).then_some(())?;
            let Family::Fold(rule) = s.op.family() else {
                return None;
            };
            let shape = &s.type_of(s.x[0]).shape;
            let single = rule.axes.iter().all(|&axis| shape.extent(axis) == 1);
            single.then(|| s.reshaped(s.x[0]))?
        },
    },
    Simplification {
        name: "position among one",
        law: "the only element along an axis stands at 0",
        apply: |s| {
            matches!(s.op, Op::Argmax(_) | Op::Argmin(_)).then_some(())?;
            let Family::ArgFold(rule) = s.op.family() else {
                return None;
            };
            let extent = s.type_of(s.x[0]).shape.extent(rule.axis);
            (extent == 1).then(|| s.splat_of(0))?
        },
    },
    Simplification {
        name: "iota along a unit axis",
        law: "the only position along an axis is 0",
        apply: |s| {
            let Op::Iota(Iota { axis, .. }) = s.op else {
                return None;
            };
            let extent = s.ty.shape.extent(as_axes(&[*axis])[0]);
            (extent <= 1).then(|| s.splat_of(0))?
        },
    },
    Simplification {
        name: "gather in order",
        law: "picking elements 0, 1, 2, … along an axis is a slice",
        apply: |s| {
            let Op::Gather(gather) = s.op else {
                return None;
            };
            let (x, indices) = s.pair()?;
            let Op::Iota(Iota { shape, .. }) = s.producer(indices).0 else {
                return None;
            };
            let table = &s.type_of(x).shape;
            let axis = as_axes(&[gather.axis])[0];
            let count = shape.extent(0);
            let plain = gather.batch == 0 && shape.rank() == 1;
            (plain && count <= table.extent(axis)).then_some(())?;
            let extents = table.extents().enumerate();
            let limit = |(a, extent)| if a == axis { count } else { extent } as i64;
            let slice = Slice {
                start: table.extents().map(|_| 0).collect(),
                limit: extents.map(limit).collect(),
                step: None,
            };
            s.op(slice, &[x])
        },
    },
];

fn permutation(op: &Op) -> Option<&Axes> {
    if let Op::Transpose(Transpose { permutation }) = op {
        Some(permutation)
    } else {
        None
    }
}

fn broadcast(op: &Op) -> Option<(&Shape, &Axes)> {
    if let Op::BroadcastInDim(BroadcastInDim { shape, axes }) = op {
        Some((shape, axes))
    } else {
        None
    }
}

/// Where each axis of a shape stands in another one that only has more axes of extent 1.
fn embedded(from: &Shape, to: &Shape) -> Option<Vec<usize>> {
    let mut places = Vec::with_capacity(from.rank());
    for (axis, extent) in to.extents().enumerate() {
        if places.len() < from.rank() && from.extent(places.len()) == extent {
            places.push(axis);
        } else if extent != 1 {
            return None;
        }
    }
    (places.len() == from.rank()).then_some(places)
}

fn is_zero(amounts: &Axes) -> bool {
    amounts.iter().all(|&amount| amount == 0)
}

fn sum(left: &Axes, right: &Axes) -> Option<Axes> {
    let pairs = left.iter().zip(right);
    pairs.map(|(x, y)| x.checked_add(*y)).collect()
}

/// The slice that takes what `outer` takes of what `inner` takes.
fn composed(inner: &Slice, outer: &Slice, result: &Shape) -> Slice {
    let step_of = |slice: &Slice, axis: usize| slice.step.as_ref().map_or(1, |step| step[axis]);
    let (mut start, mut limit, mut step) = (Axes::new(), Axes::new(), Axes::new());
    for (axis, extent) in result.extents().enumerate() {
        // An empty slice is 0..0: its own start may lie past the end of x.
        let first = if extent == 0 {
            0
        } else {
            inner.start[axis] + outer.start[axis] * step_of(inner, axis)
        };
        let stride = step_of(inner, axis).saturating_mul(step_of(outer, axis));
        let covered = match extent as i64 - 1 {
            -1 => 0,
            0 => 1,
            steps => steps * stride + 1,
        };
        start.push(first);
        limit.push(first + covered);
        step.push(stride);
    }
    Slice {
        start,
        limit,
        step: Some(step),
    }
}
