//! Ops that are defined by other ops.
//!
//! Each decomposes into primitives, which *is* its semantics; some state a cheaper or stabler VJP
//! of their own, which the laws check against the decomposition.

use super::attribute::{Axes, Real};
use super::family::Composite;
use super::fold::Mean;
use super::macros::op;
use super::spec::{
    Accepts, OpDef, TypeError, Types, check_axes, elementwise, normalize_axes, single,
};
use crate::builder::Builder;
use crate::constant::Constant;
use crate::dtype::DType;
use crate::graph::Value;
use crate::op::{Abs, Clamp, Gather, Rsqrt};
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

/// An error unless there is such an axis, with elements along it.
fn check_group(op: &str, axis: i64, operand: &Type) -> Result<(), TypeError> {
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
            let inner = b.sum(b.mul(ct, y)?, &[axis_of(self.axis)], true)?;
            let centred = b.sub(ct, b.broadcast_to(inner, &b.shape(y))?)?;
            Ok(vec![Some(b.mul(y, centred)?)])
        })())
    }
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
    /// ln Σeˣ along an axis, which goes; computed from x − max x. Of −∞ alone it is −∞.
    LogSumExp = "logsumexp"(x) {
        /// The axis to fold.
        axis: i64 = -1,
    }
    examples ["(x: f32[2, 3]) -> logsumexp(x)"]
}
impl OpDef for LogSumExp {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        Accepts::Floats.require("logsumexp", 0, operands[0])?;
        check_group("logsumexp", self.axis, operands[0])?;
        Ok(single(operands[0].with_shape(
            operands[0].shape.without(&[axis_of(self.axis)]),
        )))
    }
    fn canonical(self, operands: &[&Type]) -> Self {
        LogSumExp {
            axis: normalize_axes(&[self.axis], operands[0].shape.rank())[0],
        }
    }
}
impl Composite for LogSumExp {
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let (axis, shape) = (axis_of(self.axis), b.shape(operands[0]));
        let largest = b.stop_gradient(b.reduce_max(operands[0], &[axis], true)?)?;
        // −∞ less −∞ would be NaN: the shift is finite.
        let bound = match b.ty(largest).dtype {
            DType::F32 => f64::from(f32::MAX),
            DType::F64 | DType::Bool | DType::I32 | DType::I64 | DType::U32 => f64::MAX,
        };
        let (lo, hi) = (Real(-bound), Real(bound));
        let largest = b.apply(Clamp { lo, hi }, &[largest])?;
        let centred = b.sub(operands[0], b.broadcast_to(largest, &shape)?)?;
        let total = b.log(b.sum(b.exp(centred)?, &[axis], true)?)?;
        let result = b.add(total, largest)?;
        Ok(smallvec![b.reshape(result, &shape.without(&[axis]))?])
    }
}

op! {
    /// Layer normalisation over the last axes: (x − μ)·rsqrt(v + ε)·γ + β with mean μ and biased
    /// variance v of each group. γ and β have the shape of the normalised axes. The variance is that
    /// of x − μ, so a large common offset costs no accuracy beyond that of x itself.
    LayerNorm = "layer_norm"(x, gamma, beta) {
        /// Added to the variance; must be positive.
        eps: Real = Real(1e-5),
    }
    examples ["(x: f32[2, 4], gamma: f32[4], beta: f32[4]) -> layer_norm(x, gamma, beta)"]
}
impl OpDef for LayerNorm {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        super::spec::positive_attribute("layer_norm", "eps", self.eps)?;
        let [x, gamma, beta] = [operands[0], operands[1], operands[2]];
        Accepts::Floats.require("layer_norm", 0, x)?;
        let rank = gamma.shape.rank();
        let tail = Shape::new(x.shape.extents().skip(x.shape.rank().saturating_sub(rank)));
        if rank == 0 || rank > x.shape.rank() || gamma.shape != tail || gamma.dtype != x.dtype {
            let message = format!("`layer_norm` of {x} cannot be scaled by gamma of type {gamma}");
            return Err(TypeError::new(message)
                .at(1)
                .help("gamma has the dtype of x and the extents of its last axes"));
        }
        if beta != gamma {
            let message = format!("`layer_norm` needs beta of type {gamma}, not {beta}");
            return Err(TypeError::new(message).at(2));
        }
        if tail.elements() == 0 {
            return Err(TypeError::new(format!("`layer_norm` over no elements: {x}")).at(0));
        }
        Ok(single(x.clone()))
    }
}
/// What layer normalisation computes on the way, each with the shape of x.
struct Normalised {
    axes: Vec<usize>,
    /// 1/√(v + ε).
    inverse_deviation: Value,
    /// (x − μ)/√(v + ε).
    standard: Value,
}
impl LayerNorm {
    fn normalise(&self, b: &Builder, x: Value, gamma: Value) -> Result<Normalised, TypeError> {
        let ty = b.ty(x);
        let first = ty.shape.rank() - b.shape(gamma).rank();
        let axes: Vec<usize> = (first..ty.shape.rank()).collect();
        let centred = b.sub(x, self.mean(b, x, &axes)?)?;
        let variance = self.mean(b, b.mul(centred, centred)?, &axes)?;
        let eps = b.full(&ty, &self.eps.constant())?;
        let inverse_deviation = b.apply(Rsqrt {}, &[b.add(variance, eps)?])?;
        let standard = b.mul(centred, inverse_deviation)?;
        Ok(Normalised {
            axes,
            inverse_deviation,
            standard,
        })
    }
    /// The mean over `axes`, repeated along them.
    fn mean(&self, b: &Builder, x: Value, axes: &[usize]) -> Result<Value, TypeError> {
        let axes = Some(axes.iter().map(|&axis| axis as i64).collect::<Axes>());
        let mean = b.apply(
            Mean {
                axes,
                keepdims: true,
            },
            &[x],
        )?;
        b.broadcast_to(mean, &b.shape(x))
    }
}
impl Composite for LayerNorm {
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let [x, gamma, beta] = [operands[0], operands[1], operands[2]];
        let shape = b.shape(x);
        let standard = self.normalise(b, x, gamma)?.standard;
        let scaled = b.mul(standard, b.broadcast_to(gamma, &shape)?)?;
        Ok(smallvec![b.add(scaled, b.broadcast_to(beta, &shape)?)?])
    }
    fn has_vjp(&self) -> bool {
        true
    }
    /// r(g − mean g − x̂·mean(g⊙x̂)) with g = γδ; dγ = Σδx̂; dβ = Σδ.
    fn vjp(
        &self,
        b: &Builder,
        operands: &[Value],
        _results: &[Value],
        cotangents: &[Option<Value>],
    ) -> Cotangents {
        let ([x, gamma], ct) = ([operands[0], operands[1]], cotangents[0]?);
        Some((|| {
            let n = self.normalise(b, x, gamma)?;
            let g = b.mul(ct, b.broadcast_to(gamma, &b.shape(x))?)?;
            let along = self.mean(b, b.mul(g, n.standard)?, &n.axes)?;
            let centred = b.sub(
                b.sub(g, self.mean(b, g, &n.axes)?)?,
                b.mul(n.standard, along)?,
            )?;
            let batch: Vec<usize> = (0..b.shape(x).rank() - n.axes.len()).collect();
            Ok(vec![
                Some(b.mul(n.inverse_deviation, centred)?),
                Some(b.sum(b.mul(ct, n.standard)?, &batch, false)?),
                Some(b.sum(ct, &batch, false)?),
            ])
        })())
    }
}

op! {
    /// Mean squared error: the mean of (x − target)² over all elements.
    Mse = "mse"(x, target)
    examples ["(x: f32[2, 3], target: f32[2, 3]) -> mse(x, target)"]
}
impl OpDef for Mse {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        let ty = elementwise("mse", Accepts::Floats, operands)?;
        if ty.elements() == 0 {
            return Err(TypeError::new(format!("`mse` of no elements: {ty}")).at(0));
        }
        Ok(single(Type::scalar(ty.dtype)))
    }
}
impl Composite for Mse {
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let difference = b.sub(operands[0], operands[1])?;
        let square = b.mul(difference, difference)?;
        Ok(smallvec![b.apply(
            Mean {
                axes: None,
                keepdims: false
            },
            &[square]
        )?])
    }
}

op! {
    /// Mean absolute error: the mean of |x − target| over all elements. Where x and target are equal
    /// the slope is 0.
    Mae = "mae"(x, target)
    examples ["(x: f32[2, 3], target: f32[2, 3]) -> mae(x, target)"]
}
impl OpDef for Mae {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        let ty = elementwise("mae", Accepts::Floats, operands)?;
        if ty.elements() == 0 {
            return Err(TypeError::new(format!("`mae` of no elements: {ty}")).at(0));
        }
        Ok(single(Type::scalar(ty.dtype)))
    }
}
impl Composite for Mae {
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let difference = b.sub(operands[0], operands[1])?;
        let distance = b.apply(Abs {}, &[difference])?;
        Ok(smallvec![b.apply(
            Mean {
                axes: None,
                keepdims: false
            },
            &[distance]
        )?])
    }
}

op! {
    /// Cross entropy of logits along the last axis, averaged over the other axes. Labels are class
    /// indices (an integer tensor of the other axes' shape; one outside the classes is an error,
    /// which compiled code reports) or probabilities (of the logits' type).
    CrossEntropy = "cross_entropy"(logits, labels)
    examples [
        "(logits: f32[2, 3], labels: i32[2]) -> cross_entropy(logits, labels)",
        "(logits: f32[2, 3], labels: f32[2, 3]) -> cross_entropy(logits, labels)",
    ]
}
impl OpDef for CrossEntropy {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        let [logits, labels] = [operands[0], operands[1]];
        Accepts::Floats.require("cross_entropy", 0, logits)?;
        let Some(last) = logits.shape.rank().checked_sub(1) else {
            return Err(TypeError::new("`cross_entropy` needs logits with a class axis").at(0));
        };
        if logits.elements() == 0 {
            return Err(TypeError::new(format!("`cross_entropy` of no elements: {logits}")).at(0));
        }
        let batch = logits.shape.without(&[last]);
        let by_index = labels.dtype.is_integer() && labels.shape == batch;
        if by_index || labels == logits {
            return Ok(single(Type::scalar(logits.dtype)));
        }
        Err(TypeError::new(format!(
            "`cross_entropy` of logits {logits} with labels {labels}"
        ))
        .at(1)
        .help(format!(
            "labels are class indices i32{batch} or probabilities {logits}"
        )))
    }
}
impl Composite for CrossEntropy {
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let [logits, labels] = [operands[0], operands[1]];
        let (ty, last) = (b.ty(logits), b.shape(logits).rank() - 1);
        let count = ty.shape.without(&[last]).elements().max(1);
        let logs = b.apply(LogSoftmax { axis: last as i64 }, &[logits])?;
        let total = if b.ty(labels).dtype.is_integer() {
            picked(b, logs, labels)?
        } else {
            let all: Vec<usize> = (0..=last).collect();
            b.sum(b.mul(labels, logs)?, &all, false)?
        };
        let count = b.full(&b.ty(total), &Constant::integer(-(count as i64)))?;
        Ok(smallvec![b.div(total, count)?])
    }
}

/// Σ over rows of the element that the row's index picks along the last axis.
fn picked(b: &Builder, table: Value, indices: Value) -> Result<Value, TypeError> {
    let last = b.shape(table).rank() - 1;
    let rows = b.gather(
        table,
        indices,
        Gather {
            axis: last as i64,
            batch: last as i64,
        },
    )?;
    let all: Vec<usize> = (0..last).collect();
    b.sum(rows, &all, false)
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

op! {
    /// One step of gradient descent: p − rate·g. The rate is a scalar.
    Sgd = "sgd"(p, g, rate)
    examples ["(p: f32[3], g: f32[3], rate: f32[]) -> sgd(p, g, rate)"]
}
fn same_and_scalars(
    op: &str,
    names: &[&str],
    tensors: usize,
    operands: &[&Type],
) -> Result<Type, TypeError> {
    let ty = elementwise(op, Accepts::Floats, &operands[..tensors])?;
    for (index, operand) in operands.iter().enumerate().skip(tensors) {
        if **operand != Type::scalar(ty.dtype) {
            let message = format!(
                "`{op}` needs {} of type {}[], not {operand}",
                names[index], ty.dtype
            );
            return Err(TypeError::new(message).at(index));
        }
    }
    Ok(ty)
}
impl OpDef for Sgd {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        same_and_scalars("sgd", &["p", "g", "rate"], 2, operands).map(single)
    }
}
impl Composite for Sgd {
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let [p, g, rate] = [operands[0], operands[1], operands[2]];
        let rate = b.broadcast_to(rate, &b.shape(p))?;
        Ok(smallvec![b.sub(p, b.mul(rate, g)?)?])
    }
}

op! {
    /// One step of gradient descent with momentum (PyTorch's convention, no dampening):
    /// v' = momentum·v + g, p' = p − rate·v'. Rate and momentum are scalars.
    Momentum = "momentum"(p, v, g, rate, momentum) -> (next_p, next_v)
    examples ["(p: f32[3], v: f32[3], g: f32[3], rate: f32[], mu: f32[]) -> momentum(p, v, g, rate, mu)"]
}
impl OpDef for Momentum {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        let names = ["p", "v", "g", "rate", "momentum"];
        let ty = same_and_scalars("momentum", &names, 3, operands)?;
        Ok(smallvec![ty.clone(), ty])
    }
}
impl Composite for Momentum {
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let [p, v, g, rate, momentum] = [
            operands[0],
            operands[1],
            operands[2],
            operands[3],
            operands[4],
        ];
        let shape = b.shape(p);
        let kept = b.mul(b.broadcast_to(momentum, &shape)?, v)?;
        let velocity = b.add(kept, g)?;
        let moved = b.mul(b.broadcast_to(rate, &shape)?, velocity)?;
        Ok(smallvec![b.sub(p, moved)?, velocity])
    }
}
