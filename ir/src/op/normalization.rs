//! Normalisation: elements brought to mean 0 and variance 1 in groups.
//!
//! What differs is which elements make a group and what scales them. The variance is that of x − μ,
//! computed after μ, so a large common offset costs no accuracy beyond that of x itself. All have the
//! same VJP, which is stabler than one through the mean and the variance: with x̂ the normalised
//! elements, r = 1/√(v + ε) and g the cotangent of x̂, it is r(g − mean g − x̂·mean(g⊙x̂)) (Ioffe &
//! Szegedy, "Batch normalization", 2015, §3, with the sums put together).
//!
//! Squares are added up as they are, not of elements over the largest one. That would be right up to the
//! largest float, but the fold and the products made `layer_norm` of rows of 1024 half as slow again,
//! and `rms_norm`, which needs a pass more, twice as slow. So each op states its range.

use super::attribute::{Axes, Real, to_axes};
use super::composite::{Built, Cotangents};
use super::family::Composite;
use super::fold::Mean;
use super::macros::op;
use super::spec::{Accepts, OpDef, TypeError, Types, positive_attribute, single};
use crate::builder::Builder;
use crate::constant::Constant;
use crate::graph::Value;
use crate::op::Rsqrt;
use crate::shape::{Shape, Type};
use smallvec::smallvec;

/// The mean over `axes`, which stay with extent 1.
fn mean(b: &Builder, x: Value, axes: &[usize]) -> Result<Value, TypeError> {
    let axes: Axes = to_axes(axes.iter().copied());
    let mean = Mean {
        axes: Some(axes),
        keepdims: true,
    };
    b.apply(mean, &[x])
}

/// The mean over `axes`, repeated along them.
fn spread_mean(b: &Builder, x: Value, axes: &[usize]) -> Result<Value, TypeError> {
    b.broadcast_to(mean(b, x, axes)?, &b.shape(x))
}

/// 1/√(v + ε).
fn inverse_deviation(b: &Builder, variance: Value, eps: Real) -> Result<Value, TypeError> {
    let eps = b.full(&b.ty(variance), &eps.constant())?;
    b.apply(Rsqrt {}, &[b.add(variance, eps)?])
}

/// Elements in groups along `axes`, normalised.
struct Normalised {
    axes: Vec<usize>,
    /// μ, or nothing where none was subtracted; with extent 1 along the axes.
    mean: Option<Value>,
    /// The biased variance, or the mean square where no mean was subtracted; with extent 1 along the axes.
    variance: Value,
    /// x − μ.
    centred: Value,
    /// 1/√(v + ε), repeated along the axes.
    inverse_deviation: Value,
    /// (x − μ)/√(v + ε).
    standard: Value,
}

/// What is subtracted from the elements of a group.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Centre {
    /// Nothing.
    Origin,
    /// Their mean, and then the mean of what is left: what the first one lost when it was rounded. A
    /// real number has no such rest, so it has no derivative.
    Mean,
}

impl Normalised {
    fn new(
        b: &Builder,
        x: Value,
        axes: Vec<usize>,
        eps: Real,
        centre: Centre,
    ) -> Result<Self, TypeError> {
        let shape = b.shape(x);
        let (mut average, mut centred) = (None, x);
        if centre == Centre::Mean {
            let first = mean(b, x, &axes)?;
            centred = b.sub(x, b.broadcast_to(first, &shape)?)?;
            average = Some(first);
        }
        let mut variance = mean(b, b.mul(centred, centred)?, &axes)?;
        if let Some(first) = average {
            let rest = b.stop_gradient(mean(b, centred, &axes)?)?;
            variance = b.sub(variance, b.mul(rest, rest)?)?;
            centred = b.sub(centred, b.broadcast_to(rest, &shape)?)?;
            average = Some(b.add(first, rest)?);
        }
        let inverse = inverse_deviation(b, b.broadcast_to(variance, &shape)?, eps)?;
        Ok(Normalised {
            standard: b.mul(centred, inverse)?,
            axes,
            mean: average,
            variance,
            centred,
            inverse_deviation: inverse,
        })
    }

    /// The cotangent of x, given that of `standard`.
    fn vjp(&self, b: &Builder, g: Value) -> Result<Value, TypeError> {
        let along = spread_mean(b, b.mul(g, self.standard)?, &self.axes)?;
        let free = match self.mean {
            Some(_) => b.sub(g, spread_mean(b, g, &self.axes)?)?,
            None => g,
        };
        let part = b.sub(free, b.mul(self.standard, along)?)?;
        b.mul(self.inverse_deviation, part)
    }
}

/// Where the parameters of a norm lie in x: axis i of a parameter is axis `axes[i]` of x.
#[derive(Clone)]
struct Placed {
    shape: Shape,
    axes: Vec<usize>,
}

impl Placed {
    /// Along the last axes of x.
    fn last(b: &Builder, x: Value, parameter: Value) -> Self {
        let shape = b.shape(x);
        let first = shape.rank() - b.shape(parameter).rank();
        Placed {
            axes: (first..shape.rank()).collect(),
            shape,
        }
    }

    /// Along the channels.
    fn channels(b: &Builder, x: Value) -> Self {
        Placed {
            shape: b.shape(x),
            axes: vec![1],
        }
    }

    /// A parameter, repeated to the shape of x.
    fn spread(&self, b: &Builder, parameter: Value) -> Result<Value, TypeError> {
        b.broadcast_in_dim(parameter, &self.shape, &self.axes)
    }

    /// The sum over the other axes: what `spread` is transposed.
    fn collect(&self, b: &Builder, ct: Value) -> Result<Value, TypeError> {
        let others = (0..self.shape.rank()).filter(|axis| !self.axes.contains(axis));
        b.sum(ct, &others.collect::<Vec<_>>(), false)
    }

    /// x̂·γ + β.
    fn scale(
        &self,
        b: &Builder,
        standard: Value,
        [gamma, beta]: [Value; 2],
    ) -> Result<Value, TypeError> {
        let scaled = b.mul(standard, self.spread(b, gamma)?)?;
        b.add(scaled, self.spread(b, beta)?)
    }

    /// The cotangents of γ and β.
    fn scale_vjp(&self, b: &Builder, standard: Value, ct: Value) -> Result<[Value; 2], TypeError> {
        Ok([self.collect(b, b.mul(ct, standard)?)?, self.collect(b, ct)?])
    }
}

// ------------------------------------------------------------------------------- over the last axes

/// An error unless γ has the dtype of x and the extents of its last axes, and those have elements.
fn check_last(op: &str, x: &Type, gamma: &Type) -> Result<(), TypeError> {
    Accepts::Floats.require(op, 0, x)?;
    let rank = gamma.shape.rank();
    let tail = Shape::new(x.shape.extents().skip(x.shape.rank().saturating_sub(rank)));
    if rank == 0 || rank > x.shape.rank() || gamma.shape != tail || gamma.dtype != x.dtype {
        let message = format!("`{op}` of {x} cannot be scaled by gamma of type {gamma}");
        return Err(TypeError::new(message)
            .at(1)
            .help("gamma has the dtype of x and the extents of its last axes"));
    }
    if tail.elements() == 0 {
        return Err(TypeError::new(format!("`{op}` over no elements: {x}")).at(0));
    }
    Ok(())
}

/// An error unless all parameters from operand `first` on have the type of the one before them.
fn check_alike(
    op: &str,
    names: &[&str],
    first: usize,
    operands: &[&Type],
) -> Result<(), TypeError> {
    let wanted = operands[first - 1];
    for (slot, name) in (first..).zip(names) {
        if operands[slot] != wanted {
            let message = format!(
                "`{op}` needs {name} of type {wanted}, not {}",
                operands[slot]
            );
            return Err(TypeError::new(message).at(slot));
        }
    }
    Ok(())
}

op! {
    /// Layer normalisation over the last axes: (x − μ)·rsqrt(v + ε)·γ + β with mean μ and biased
    /// variance v of each group. γ and β have the shape of the normalised axes. The variance is that
    /// of x − μ, so a large common offset costs no accuracy beyond that of x itself.
    /// Squares are added up as they are: n elements beyond √(largest float/n), in f32 1.8e19/√n, overflow,
    /// and the result is 0 or NaN.
    LayerNorm = "layer_norm"(x, gamma, beta) {
        /// Added to the variance; must be positive.
        eps: Real = Real(1e-5),
    }
    examples ["(x: f32[2, 4], gamma: f32[4], beta: f32[4]) -> layer_norm(x, gamma, beta)"]
}
impl OpDef for LayerNorm {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        positive_attribute("layer_norm", "eps", self.eps)?;
        check_last("layer_norm", operands[0], operands[1])?;
        check_alike("layer_norm", &["beta"], 2, operands)?;
        Ok(single(operands[0].clone()))
    }
}
impl LayerNorm {
    fn normalise(
        &self,
        b: &Builder,
        x: Value,
        gamma: Value,
    ) -> Result<(Normalised, Placed), TypeError> {
        let placed = Placed::last(b, x, gamma);
        let axes = placed.axes.clone();
        let normalised = Normalised::new(b, x, axes, self.eps, Centre::Mean)?;
        Ok((normalised, placed))
    }
}
impl Composite for LayerNorm {
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let [x, gamma, beta] = [operands[0], operands[1], operands[2]];
        let (normalised, placed) = self.normalise(b, x, gamma)?;
        Ok(smallvec![placed.scale(
            b,
            normalised.standard,
            [gamma, beta]
        )?])
    }
    fn has_vjp(&self) -> bool {
        true
    }
    /// That of the module's introduction with g = γδ; dγ = Σδx̂; dβ = Σδ.
    fn vjp(
        &self,
        b: &Builder,
        operands: &[Value],
        _results: &[Value],
        cotangents: &[Option<Value>],
    ) -> Cotangents {
        let ([x, gamma], ct) = ([operands[0], operands[1]], cotangents[0]?);
        Some((|| {
            let (normalised, placed) = self.normalise(b, x, gamma)?;
            let [dgamma, dbeta] = placed.scale_vjp(b, normalised.standard, ct)?;
            let dx = normalised.vjp(b, b.mul(ct, placed.spread(b, gamma)?)?)?;
            Ok(vec![Some(dx), Some(dgamma), Some(dbeta)])
        })())
    }
}

op! {
    /// Root mean square normalisation over the last axes: x·rsqrt(m + ε)·γ with m the mean of x² in
    /// each group (Zhang & Sennrich, "Root mean square layer normalization", 2019). Nothing is
    /// subtracted. γ has the shape of the normalised axes.
    /// Squares are added up as they are: n elements beyond √(largest float/n), in f32 1.8e19/√n, overflow,
    /// and the result is 0 or NaN.
    RmsNorm = "rms_norm"(x, gamma) {
        /// Added to the mean square; must be positive.
        eps: Real = Real(1e-6),
    }
    examples [
        "(x: f32[2, 4], gamma: f32[4]) -> rms_norm(x, gamma)",
        "(x: f64[2, 3, 2], gamma: f64[3, 2]) -> rms_norm(x, gamma, eps = 0.01)",
        "(x: f32[0, 3], gamma: f32[3]) -> rms_norm(x, gamma)",
    ]
}
impl OpDef for RmsNorm {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        positive_attribute("rms_norm", "eps", self.eps)?;
        check_last("rms_norm", operands[0], operands[1])?;
        Ok(single(operands[0].clone()))
    }
}
impl RmsNorm {
    fn normalise(
        &self,
        b: &Builder,
        x: Value,
        gamma: Value,
    ) -> Result<(Normalised, Placed), TypeError> {
        let placed = Placed::last(b, x, gamma);
        let normalised = Normalised::new(b, x, placed.axes.clone(), self.eps, Centre::Origin)?;
        Ok((normalised, placed))
    }
}
impl Composite for RmsNorm {
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let [x, gamma] = [operands[0], operands[1]];
        let (normalised, placed) = self.normalise(b, x, gamma)?;
        Ok(smallvec![
            b.mul(normalised.standard, placed.spread(b, gamma)?)?
        ])
    }
    fn has_vjp(&self) -> bool {
        true
    }
    /// r(g − x̂·mean(g⊙x̂)) with g = γδ; dγ = Σδx̂.
    fn vjp(
        &self,
        b: &Builder,
        operands: &[Value],
        _results: &[Value],
        cotangents: &[Option<Value>],
    ) -> Cotangents {
        let ([x, gamma], ct) = ([operands[0], operands[1]], cotangents[0]?);
        Some((|| {
            let (normalised, placed) = self.normalise(b, x, gamma)?;
            let dgamma = placed.collect(b, b.mul(ct, normalised.standard)?)?;
            let dx = normalised.vjp(b, b.mul(ct, placed.spread(b, gamma)?)?)?;
            Ok(vec![Some(dx), Some(dgamma)])
        })())
    }
}

// ------------------------------------------------------------------------------- by channels

/// An error unless x is [batch, channels, places…] with at least `least` axes, and the parameters
/// after it have one number for each channel.
fn check_channels(
    op: &str,
    names: &[&str],
    least: usize,
    operands: &[&Type],
) -> Result<(), TypeError> {
    let x = operands[0];
    Accepts::Floats.require(op, 0, x)?;
    if x.shape.rank() < least {
        let places = if least > 2 {
            "places…"
        } else {
            "and perhaps places…"
        };
        return Err(TypeError::new(format!("`{op}` of {x}"))
            .at(0)
            .help(format!("x is [batch, channels, {places}]")));
    }
    let wanted = x.with_shape(Shape::new([x.shape.extent(1)]));
    for (slot, name) in (1..).zip(names) {
        if *operands[slot] != wanted {
            let message = format!(
                "`{op}` of {x} needs {name} of type {wanted}, not {}",
                operands[slot]
            );
            return Err(TypeError::new(message).at(slot).help(
                "it has the dtype of x and an element for each channel, which is axis 1 of x",
            ));
        }
    }
    Ok(())
}

/// An error where a group would have no elements, though x has groups.
fn check_elements(
    op: &str,
    x: &Type,
    axes: impl IntoIterator<Item = usize>,
) -> Result<(), TypeError> {
    if axes.into_iter().any(|axis| x.shape.extent(axis) == 0) {
        return Err(TypeError::new(format!("`{op}` over no elements: {x}")).at(0));
    }
    Ok(())
}

/// x[N, C, P…] in groups of neighbouring channels, normalised as [N, groups, elements].
struct Grouped {
    normalised: Normalised,
    placed: Placed,
    /// The shape [N, groups, elements].
    shape: Shape,
}

impl Grouped {
    fn new(b: &Builder, x: Value, groups: u64, eps: Real) -> Result<Self, TypeError> {
        let whole = b.shape(x);
        let places: u64 = whole.extents().skip(2).product();
        let channels = whole.extent(1).checked_div(groups).unwrap_or(1);
        let shape = Shape::new([whole.extent(0), groups, channels * places]);
        let grouped = b.reshape(x, &shape)?;
        Ok(Grouped {
            normalised: Normalised::new(b, grouped, vec![2], eps, Centre::Mean)?,
            placed: Placed::channels(b, x),
            shape,
        })
    }

    fn scaled(&self, b: &Builder, parameters: [Value; 2]) -> Built {
        let standard = b.reshape(self.normalised.standard, &self.placed.shape)?;
        Ok(smallvec![self.placed.scale(b, standard, parameters)?])
    }

    fn vjp(&self, b: &Builder, gamma: Value, ct: Value) -> Result<Vec<Option<Value>>, TypeError> {
        let standard = b.reshape(self.normalised.standard, &self.placed.shape)?;
        let [dgamma, dbeta] = self.placed.scale_vjp(b, standard, ct)?;
        let g = b.reshape(b.mul(ct, self.placed.spread(b, gamma)?)?, &self.shape)?;
        let dx = b.reshape(self.normalised.vjp(b, g)?, &self.placed.shape)?;
        Ok(vec![Some(dx), Some(dgamma), Some(dbeta)])
    }
}

op! {
    /// Group normalisation of x[N, C, P…], as ONNX's `GroupNormalization` (Wu & He, 2018): neighbouring
    /// channels are put in groups; (x − μ)·rsqrt(v + ε)·γ + β with mean μ and biased variance v of each
    /// group of each example, and γ and β of each channel.
    /// Squares are added up as they are: n elements beyond √(largest float/n), in f32 1.8e19/√n, overflow,
    /// and the result is 0 or NaN.
    GroupNorm = "group_norm"(x, gamma, beta) {
        /// Channels are in so many groups, in order.
        groups: i64,
        /// Added to the variance; must be positive.
        eps: Real = Real(1e-5),
    }
    examples [
        "(x: f32[2, 4, 3], gamma: f32[4], beta: f32[4]) -> group_norm(x, gamma, beta, groups = 2)",
        "(x: f64[1, 3, 2, 2], gamma: f64[3], beta: f64[3]) -> group_norm(x, gamma, beta, groups = 1, eps = 0.01)",
        "(x: f32[2, 6], gamma: f32[6], beta: f32[6]) -> group_norm(x, gamma, beta, groups = 3)",
        "(x: f32[0, 2, 3], gamma: f32[2], beta: f32[2]) -> group_norm(x, gamma, beta, groups = 2)",
    ]
}
impl OpDef for GroupNorm {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        positive_attribute("group_norm", "eps", self.eps)?;
        check_channels("group_norm", &["gamma", "beta"], 2, operands)?;
        let x = operands[0];
        super::conv::check_groups("group_norm", self.groups, "channels", x.shape.extent(1))?;
        check_elements("group_norm", x, 1..x.shape.rank())?;
        Ok(single(x.clone()))
    }
}
impl Composite for GroupNorm {
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let grouped = Grouped::new(b, operands[0], self.groups.unsigned_abs(), self.eps)?;
        grouped.scaled(b, [operands[1], operands[2]])
    }
    fn has_vjp(&self) -> bool {
        true
    }
    /// That of the module's introduction with g = γδ; dγ = Σδx̂; dβ = Σδ.
    fn vjp(
        &self,
        b: &Builder,
        operands: &[Value],
        _results: &[Value],
        cotangents: &[Option<Value>],
    ) -> Cotangents {
        let ct = cotangents[0]?;
        let grouped = Grouped::new(b, operands[0], self.groups.unsigned_abs(), self.eps);
        Some(grouped.and_then(|grouped| grouped.vjp(b, operands[1], ct)))
    }
}

op! {
    /// Instance normalisation of x[N, C, P…], as ONNX's `InstanceNormalization` (Ulyanov, Vedaldi &
    /// Lempitsky, 2016): (x − μ)·rsqrt(v + ε)·γ + β with mean μ and biased variance v of each channel of
    /// each example, and γ and β of each channel.
    /// Squares are added up as they are: n elements beyond √(largest float/n), in f32 1.8e19/√n, overflow,
    /// and the result is 0 or NaN.
    InstanceNorm = "instance_norm"(x, gamma, beta) {
        /// Added to the variance; must be positive.
        eps: Real = Real(1e-5),
    }
    examples [
        "(x: f32[2, 3, 4], gamma: f32[3], beta: f32[3]) -> instance_norm(x, gamma, beta)",
        "(x: f64[1, 2, 3, 2], gamma: f64[2], beta: f64[2]) -> instance_norm(x, gamma, beta, eps = 0.01)",
        "(x: f32[2, 0, 3], gamma: f32[0], beta: f32[0]) -> instance_norm(x, gamma, beta)",
    ]
}
impl OpDef for InstanceNorm {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        positive_attribute("instance_norm", "eps", self.eps)?;
        check_channels("instance_norm", &["gamma", "beta"], 3, operands)?;
        check_elements("instance_norm", operands[0], 2..operands[0].shape.rank())?;
        Ok(single(operands[0].clone()))
    }
}
impl Composite for InstanceNorm {
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let channels = b.shape(operands[0]).extent(1);
        let grouped = Grouped::new(b, operands[0], channels, self.eps)?;
        grouped.scaled(b, [operands[1], operands[2]])
    }
    fn has_vjp(&self) -> bool {
        true
    }
    /// That of the module's introduction with g = γδ; dγ = Σδx̂; dβ = Σδ.
    fn vjp(
        &self,
        b: &Builder,
        operands: &[Value],
        _results: &[Value],
        cotangents: &[Option<Value>],
    ) -> Cotangents {
        let (ct, channels) = (cotangents[0]?, b.shape(operands[0]).extent(1));
        let grouped = Grouped::new(b, operands[0], channels, self.eps);
        Some(grouped.and_then(|grouped| grouped.vjp(b, operands[1], ct)))
    }
}

op! {
    /// Batch normalisation of x[N, C, P…] in training, as StableHLO's op: (x − μ)·rsqrt(v + ε)·γ + β with
    /// mean μ and biased variance v of each channel over all other axes, and μ and v themselves, of which
    /// running statistics are made. Derivatives pass through all three results.
    /// Squares are added up as they are: n elements beyond √(largest float/n), in f32 1.8e19/√n, overflow,
    /// and the result is 0 or NaN.
    BatchNormTraining = "batch_norm_training"(x, gamma, beta) -> (y, mean, variance) {
        /// Added to the variance; must be positive.
        eps: Real = Real(1e-5),
    }
    examples [
        "(x: f32[4, 3], gamma: f32[3], beta: f32[3]) -> batch_norm_training(x, gamma, beta)",
        "(x: f32[2, 2, 3], gamma: f32[2], beta: f32[2]) -> batch_norm_training(x, gamma, beta)",
        "(x: f64[2, 3, 1, 2], gamma: f64[3], beta: f64[3]) -> batch_norm_training(x, gamma, beta, eps = 0.01)",
        "(x: f32[2, 0, 3], gamma: f32[0], beta: f32[0]) -> batch_norm_training(x, gamma, beta)",
    ]
}
impl OpDef for BatchNormTraining {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        positive_attribute("batch_norm_training", "eps", self.eps)?;
        check_channels("batch_norm_training", &["gamma", "beta"], 2, operands)?;
        let (x, channel) = (operands[0], operands[1]);
        let others = (0..x.shape.rank()).filter(|&axis| axis != 1);
        check_elements("batch_norm_training", x, others)?;
        Ok(smallvec![x.clone(), channel.clone(), channel.clone()])
    }
}
impl BatchNormTraining {
    fn normalise(&self, b: &Builder, x: Value) -> Result<(Normalised, Placed), TypeError> {
        let others = (0..b.shape(x).rank()).filter(|&axis| axis != 1).collect();
        let normalised = Normalised::new(b, x, others, self.eps, Centre::Mean)?;
        Ok((normalised, Placed::channels(b, x)))
    }
}
impl Composite for BatchNormTraining {
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let (normalised, placed) = self.normalise(b, operands[0])?;
        let channel = b.shape(operands[1]);
        let mean = normalised.mean.unwrap_or(normalised.variance);
        Ok(smallvec![
            placed.scale(b, normalised.standard, [operands[1], operands[2]])?,
            b.reshape(mean, &channel)?,
            b.reshape(normalised.variance, &channel)?,
        ])
    }
    fn has_vjp(&self) -> bool {
        true
    }
    /// That of the module's introduction with g = γδ, and of n elements, δ/n for that of the mean and
    /// 2(x − μ)δ/n for that of the variance; dγ = Σδx̂; dβ = Σδ.
    fn vjp(
        &self,
        b: &Builder,
        operands: &[Value],
        _results: &[Value],
        cotangents: &[Option<Value>],
    ) -> Cotangents {
        let [x, gamma] = [operands[0], operands[1]];
        if cotangents.iter().all(Option::is_none) {
            return None;
        }
        Some((|| {
            let (normalised, placed) = self.normalise(b, x)?;
            let (mut dx, mut parameters) = (None, [None, None]);
            if let Some(ct) = cotangents[0] {
                parameters = placed.scale_vjp(b, normalised.standard, ct)?.map(Some);
                dx = Some(normalised.vjp(b, b.mul(ct, placed.spread(b, gamma)?)?)?);
            }
            if let Some(ct) = cotangents[1] {
                dx = Some(plus(b, dx, self.share(b, &placed, ct, 1)?)?);
            }
            if let Some(ct) = cotangents[2] {
                let share = self.share(b, &placed, ct, 2)?;
                dx = Some(plus(b, dx, b.mul(normalised.centred, share)?)?);
            }
            let [dgamma, dbeta] = parameters;
            Ok(vec![dx, dgamma, dbeta])
        })())
    }
}
impl BatchNormTraining {
    /// factor·δ/n, with n the elements of a channel, repeated along them.
    fn share(
        &self,
        b: &Builder,
        placed: &Placed,
        ct: Value,
        factor: i64,
    ) -> Result<Value, TypeError> {
        let channels = placed.shape.extent(1).max(1);
        let count = Constant::ratio(factor, (placed.shape.elements() / channels).max(1) as i64);
        let share = b.mul(ct, b.full(&b.ty(ct), &count)?)?;
        placed.spread(b, share)
    }
}

/// The sum of what there may be and of what there is.
fn plus(b: &Builder, sum: Option<Value>, part: Value) -> Result<Value, TypeError> {
    sum.map_or(Ok(part), |sum| b.add(sum, part))
}

op! {
    /// Batch normalisation of x[N, C, P…] once trained, as StableHLO's op: (x − μ)·rsqrt(v + ε)·γ + β with
    /// the mean μ and variance v given for each channel.
    BatchNormInference = "batch_norm_inference"(x, gamma, beta, mean, variance) {
        /// Added to the variance; must be positive.
        eps: Real = Real(1e-5),
    }
    examples [
        "(x: f32[2, 3], gamma: f32[3], beta: f32[3], m: f32[3], v: f32[3]) -> batch_norm_inference(x, gamma, beta, m, v * v)",
        "(x: f64[1, 2, 2, 3], gamma: f64[2], beta: f64[2], m: f64[2], v: f64[2]) -> batch_norm_inference(x, gamma, beta, m, v * v, eps = 0.01)",
        "(x: f32[0, 2, 3], gamma: f32[2], beta: f32[2], m: f32[2], v: f32[2]) -> batch_norm_inference(x, gamma, beta, m, v * v)",
    ]
}
impl OpDef for BatchNormInference {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        positive_attribute("batch_norm_inference", "eps", self.eps)?;
        let names = ["gamma", "beta", "mean", "variance"];
        check_channels("batch_norm_inference", &names, 2, operands)?;
        Ok(single(operands[0].clone()))
    }
}
impl Composite for BatchNormInference {
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let [x, gamma, beta] = [operands[0], operands[1], operands[2]];
        let [mean, variance] = [operands[3], operands[4]];
        let placed = Placed::channels(b, x);
        let centred = b.sub(x, placed.spread(b, mean)?)?;
        let inverse = inverse_deviation(b, variance, self.eps)?;
        let scale = placed.spread(b, b.mul(inverse, gamma)?)?;
        let scaled = b.mul(centred, scale)?;
        Ok(smallvec![b.add(scaled, placed.spread(b, beta)?)?])
    }
}
