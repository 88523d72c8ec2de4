//! Ops that are defined by other ops.
//!
//! Each decomposes into primitives, which *is* its semantics; some state a cheaper or stabler VJP
//! of their own, which the laws check against the decomposition.

use super::attribute::{Axes, Real, as_axes};
use super::family::Composite;
use super::fold::{Mean, ReduceProd, reduced_shape};
use super::macros::op;
use super::spec::{
    Accepts, OpDef, TypeError, Types, check_axes, check_positions, elementwise, normalize_axes,
    single,
};
use crate::builder::Builder;
use crate::constant::Constant;
use crate::dtype::DType;
use crate::graph::Value;
use crate::op::{Pad, SubtractNoNan};
use crate::shape::{Shape, Type};
use smallvec::{SmallVec, smallvec};

pub(super) type Built = Result<SmallVec<[Value; 2]>, TypeError>;
pub(super) type Cotangents = Option<Result<Vec<Option<Value>>, TypeError>>;

pub(super) fn axis_of(axis: i64) -> usize {
    usize::try_from(axis).unwrap_or(usize::MAX)
}

/// x − max(x) along `axes`, with the shift taken as a constant: the result of what follows does
/// not depend on it.
fn shifted(b: &Builder, x: Value, axes: &[usize]) -> Result<Value, TypeError> {
    let shape = b.shape(x);
    let largest = b.stop_gradient(b.reduce_max(x, axes, true)?)?;
    b.sub(x, b.broadcast_to(largest, &shape)?)
}

impl Composite for Mean {
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let total = b.apply(self.sum(), operands)?;
        let (whole, rest) = (b.shape(operands[0]).elements(), b.shape(total).elements());
        let count = whole.checked_div(rest).unwrap_or(1);
        let count = b.full(&b.ty(total), &Constant::integer(count as i64))?;
        Ok(smallvec![b.div(total, count)?])
    }
}

impl Composite for ReduceProd {
    /// A tree: the first half times the second, and so on. The derivative of each product needs no
    /// division, so it is exact at zeros, and all together cost as much as the elements are many.
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let x = b.ty(operands[0]);
        let (folded, result) = self.parts(&x.shape);
        let kept = (0..x.shape.rank()).filter(|axis| !folded.contains(axis));
        let order: Vec<usize> = kept.chain(folded.iter().copied()).collect();
        let rows = result.elements();
        let mut length: u64 = folded.iter().map(|&axis| x.shape.extent(axis)).product();
        let one = Constant::integer(1);
        if length == 0 {
            return Ok(smallvec![b.full(&x.with_shape(result), &one)?]);
        }
        let moved = b.transpose(operands[0], &order)?;
        let mut products = b.reshape(moved, &Shape::new([rows, length]))?;
        while length > 1 {
            let half = length.div_ceil(2);
            let filled = Pad {
                low: smallvec![0, 0],
                high: smallvec![0, (2 * half - length) as i64],
                interior: None,
                value: Real(1.0),
            };
            let even = b.apply(filled, &[products])?;
            let part = |from: u64| b.slice(even, &[0, from], &[rows, from + half], &[1, 1]);
            products = b.mul(part(0)?, part(half)?)?;
            length = half;
        }
        Ok(smallvec![b.reshape(products, &result)?])
    }
}

/// An error unless there is such an axis, with elements along it.
pub(super) fn check_group(op: &str, axis: i64, operand: &Type) -> Result<(), TypeError> {
    check_axes(op, &[axis], operand.shape.rank())?;
    if operand.shape.extent(axis_of(axis)) == 0 {
        let message = format!("`{op}` over no elements: axis {axis} of {operand}");
        return Err(TypeError::new(message).at(0));
    }
    Ok(())
}

macro_rules! over_axis {
    ($Name:ident, $name:literal) => {
        impl OpDef for $Name {
            fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
                check_group($name, self.axis, operands[0])?;
                elementwise($name, Accepts::Floats, operands).map(single)
            }
            fn canonical(self, operands: &[&Type]) -> Self {
                $Name {
                    axis: normalize_axes(&[self.axis], operands[0].shape.rank())[0],
                }
            }
        }
    };
}

op! {
    /// eˣ / Σeˣ along an axis, computed from x − max x.
    Softmax = "softmax"(x) {
        /// The axis along which the result sums to 1.
        axis: i64 = -1,
    }
    examples ["(x: f32[2, 3]) -> softmax(x)", "(x: f32[2, 3]) -> softmax(x, axis = 0)"]
}
over_axis!(Softmax, "softmax");
impl Composite for Softmax {
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let (axis, shape) = (axis_of(self.axis), b.shape(operands[0]));
        let powers = b.exp(shifted(b, operands[0], &[axis])?)?;
        let total = b.broadcast_to(b.sum(powers, &[axis], true)?, &shape)?;
        Ok(smallvec![b.div(powers, total)?])
    }
    fn has_vjp(&self) -> bool {
        true
    }
    /// y⊙(δ − ⟨δ, y⟩).
    fn vjp(
        &self,
        b: &Builder,
        _operands: &[Value],
        results: &[Value],
        cotangents: &[Option<Value>],
    ) -> Cotangents {
        let (y, ct) = (results[0], cotangents[0]?);
        Some((|| {
            Ok(vec![Some(softmax_vjp(b, y, ct, axis_of(self.axis))?)])
        })())
    }
}

/// y⊙(δ − ⟨δ, y⟩).
pub(super) fn softmax_vjp(
    b: &Builder,
    y: Value,
    ct: Value,
    axis: usize,
) -> Result<Value, TypeError> {
    let inner = b.sum(b.mul(ct, y)?, &[axis], true)?;
    b.mul(y, b.sub(ct, b.broadcast_to(inner, &b.shape(y))?)?)
}

op! {
    /// x − ln Σeˣ along an axis, computed from x − max x.
    LogSoftmax = "log_softmax"(x) {
        /// The axis along which the exponentials of the result sum to 1.
        axis: i64 = -1,
    }
    examples ["(x: f32[2, 3]) -> log_softmax(x)", "(x: f32[2, 3]) -> log_softmax(x, axis = 0)"]
}
over_axis!(LogSoftmax, "log_softmax");
impl Composite for LogSoftmax {
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let (axis, shape) = (axis_of(self.axis), b.shape(operands[0]));
        let centred = shifted(b, operands[0], &[axis])?;
        let total = b.log(b.sum(b.exp(centred)?, &[axis], true)?)?;
        Ok(smallvec![b.sub(centred, b.broadcast_to(total, &shape)?)?])
    }
    fn has_vjp(&self) -> bool {
        true
    }
    /// δ − eʸ Σδ.
    fn vjp(
        &self,
        b: &Builder,
        _operands: &[Value],
        results: &[Value],
        cotangents: &[Option<Value>],
    ) -> Cotangents {
        let (y, ct) = (results[0], cotangents[0]?);
        Some((|| {
            let total = b.sum(ct, &[axis_of(self.axis)], true)?;
            let share = b.mul(b.exp(y)?, b.broadcast_to(total, &b.shape(y))?)?;
            Ok(vec![Some(b.sub(ct, share)?)])
        })())
    }
}

op! {
    /// ln Σeˣ along an axis, or over several; computed from x − max x. Of −∞ alone it is −∞. Where the
    /// largest element is infinite, those that equal it share the cotangent.
    LogSumExp = "logsumexp"(x) {
        /// The axis to fold, or a list of axes.
        axis: Axes = smallvec![-1],
        /// Whether folded axes stay, with extent 1.
        keepdims: bool = false,
    }
    examples [
        "(x: f32[2, 3]) -> logsumexp(x)",
        "(x: f64[2, 3, 2]) -> logsumexp(x, axis = [2, 0], keepdims = true)",
        "(x: f32[2, 2, 3]) -> logsumexp(x, axis = [0, 1, 2])",
        "(x: f32[0, 3]) -> logsumexp(x, axis = 1)",
    ]
}
impl OpDef for LogSumExp {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        Accepts::Floats.require("logsumexp", 0, operands[0])?;
        check_axes("logsumexp", &self.axis, operands[0].shape.rank())?;
        for &axis in &self.axis {
            check_group("logsumexp", axis, operands[0])?;
        }
        let shape = reduced_shape(&operands[0].shape, &as_axes(&self.axis), self.keepdims);
        Ok(single(operands[0].with_shape(shape)))
    }
    fn canonical(self, operands: &[&Type]) -> Self {
        let mut axis = normalize_axes(&self.axis, operands[0].shape.rank());
        axis.sort_unstable();
        LogSumExp { axis, ..self }
    }
}
impl Composite for LogSumExp {
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let (axes, shape) = (as_axes(&self.axis), b.shape(operands[0]));
        let largest = b.stop_gradient(b.reduce_max(operands[0], &axes, true)?)?;
        let shift = b.broadcast_to(largest, &shape)?;
        let centred = b.apply(SubtractNoNan {}, &[operands[0], shift])?;
        let total = b.log(b.sum(b.exp(centred)?, &axes, true)?)?;
        let result = b.add(total, largest)?;
        let shape = reduced_shape(&shape, &axes, self.keepdims);
        Ok(smallvec![b.reshape(result, &shape)?])
    }
}

op! {
    /// 1 at the index of each row, 0 elsewhere, along a new last axis. No derivative. An index
    /// outside 0..depth gives a row of zeros.
    OneHot = "one_hot"(indices) {
        /// Extent of the new axis.
        depth: i64,
        /// Element type of the result.
        dtype: DType = DType::F32,
    }
    examples ["(indices: i32[3]) -> one_hot(indices, depth = 4)"]
}
impl OpDef for OneHot {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        Accepts::Integers.require("one_hot", 0, operands[0])?;
        let depth = u64::try_from(self.depth)
            .map_err(|_| TypeError::new(format!("`one_hot`: depth {} is negative", self.depth)))?;
        check_positions("one_hot", operands[0].dtype, depth)
            .map_err(|error| error.help("give the indices as i64"))?;
        let shape = Shape::new(operands[0].shape.extents().chain([depth]));
        Ok(single(Type::new(self.dtype, shape)))
    }
}
impl Composite for OneHot {
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let indices = b.ty(operands[0]);
        let rank = indices.shape.rank();
        let depth = u64::try_from(self.depth).unwrap_or(0);
        let shape = Shape::new(indices.shape.extents().chain([depth]));
        let axes: Vec<usize> = (0..rank).collect();
        let repeated = b.broadcast_in_dim(operands[0], &shape, &axes)?;
        let positions = b.iota(&shape, rank, indices.dtype)?;
        Ok(smallvec![
            b.cast(b.equal(repeated, positions)?, self.dtype)?
        ])
    }
}
