//! Optimisers: the next value of one parameter, from its gradient.
//!
//! These take one tensor at a time. Graphs of the standard library (`optimisers.graph`) take whole
//! structs of parameters.

use super::attribute::Real;
use super::composite::Built;
use super::family::Composite;
use super::macros::op;
use super::spec::{Accepts, OpDef, TypeError, Types, elementwise, positive_attribute};
use crate::builder::Builder;
use crate::graph::Value;
use crate::op::{Expm1, Scale, Sqrt};
use crate::shape::Type;
use smallvec::smallvec;

/// The common type of the first `tensors` operands; the others are scalars of its dtype.
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

op! {
    /// One step of gradient descent: p − rate·g. The rate is a scalar.
    Sgd = "sgd"(p, g, rate)
    examples ["(p: f32[3], g: f32[3], rate: f32[]) -> sgd(p, g, rate)"]
}
impl OpDef for Sgd {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        let ty = same_and_scalars("sgd", &["p", "g", "rate"], 2, operands)?;
        Ok(smallvec![ty])
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

/// The means of gradients and of their squares that Adam keeps, and how fast they fade.
struct Moments {
    beta1: Real,
    beta2: Real,
    eps: Real,
}

impl Moments {
    fn check(&self, op: &str) -> Result<(), TypeError> {
        for (name, beta) in [("beta1", self.beta1), ("beta2", self.beta2)] {
            if !(beta.0 > 0.0 && beta.0 < 1.0) {
                let message = format!("`{op}` cannot have {} for `{name}`", beta.0);
                return Err(TypeError::new(message).help("it is above 0 and below 1"));
            }
        }
        positive_attribute(op, "eps", self.eps)
    }

    /// β·old + (1 − β)·new.
    fn fade(b: &Builder, beta: Real, old: Value, new: Value) -> Result<Value, TypeError> {
        let kept = b.apply(Scale { factor: beta }, &[old])?;
        let taken = Real(1.0 - beta.0);
        b.add(kept, b.apply(Scale { factor: taken }, &[new])?)
    }

    /// x/(1 − βᵗ), which corrects a mean for having begun at 0. The divisor is −expm1(t ln β): in single
    /// precision 1 − 0.999ᵗ has no more than four digits in the first steps.
    fn corrected(b: &Builder, x: Value, beta: Real, t: Value) -> Result<Value, TypeError> {
        let exponent = Scale {
            factor: Real(beta.0.ln()),
        };
        let faded = b.apply(Expm1 {}, &[b.apply(exponent, &[t])?])?;
        let weight = b.neg(faded)?;
        b.div(x, b.broadcast_to(weight, &b.shape(x))?)
    }

    /// What is subtracted from the parameters, over the rate; then the next means.
    fn direction(
        &self,
        b: &Builder,
        [m, v, g]: [Value; 3],
        t: Value,
    ) -> Result<[Value; 3], TypeError> {
        let next_m = Self::fade(b, self.beta1, m, g)?;
        let next_v = Self::fade(b, self.beta2, v, b.mul(g, g)?)?;
        let mean = Self::corrected(b, next_m, self.beta1, t)?;
        let square = Self::corrected(b, next_v, self.beta2, t)?;
        let root = b.apply(Sqrt {}, &[square])?;
        let eps = b.full(&b.ty(root), &self.eps.constant())?;
        Ok([b.div(mean, b.add(root, eps)?)?, next_m, next_v])
    }
}

op! {
    /// One step of Adam (Kingma & Ba, 2015): m' = β₁m + (1 − β₁)g, v' = β₂v + (1 − β₂)g²,
    /// p' = p − rate·m̂/(√v̂ + ε) with m̂ = m'/(1 − β₁ᵗ) and v̂ = v'/(1 − β₂ᵗ). Rate and t are scalars;
    /// t is the number of the step, from 1 on. m and v begin at 0.
    Adam = "adam"(p, m, v, g, rate, t) -> (next_p, next_m, next_v) {
        /// How fast the mean of gradients fades; above 0 and below 1.
        beta1: Real = Real(0.9),
        /// How fast the mean of their squares fades; above 0 and below 1.
        beta2: Real = Real(0.999),
        /// Added to the root; must be positive.
        eps: Real = Real(1e-8),
    }
    examples [
        "(p: f32[3], m: f32[3], v: f32[3], g: f32[3], rate: f32[], t: f32[]) -> adam(p, m, v * v + 1, g, rate, t * t + 1)",
        "(p: f64[2, 2], m: f64[2, 2], v: f64[2, 2], g: f64[2, 2], rate: f64[], t: f64[]) -> adam(p, m, v * v + 1, g, rate, t * t + 1, beta1 = 0.5, beta2 = 0.75, eps = 0.001)",
    ]
}
impl Adam {
    fn moments(&self) -> Moments {
        Moments {
            beta1: self.beta1,
            beta2: self.beta2,
            eps: self.eps,
        }
    }
}
const ADAM_OPERANDS: [&str; 6] = ["p", "m", "v", "g", "rate", "t"];
impl OpDef for Adam {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        self.moments().check("adam")?;
        let ty = same_and_scalars("adam", &ADAM_OPERANDS, 4, operands)?;
        Ok(smallvec![ty.clone(), ty.clone(), ty])
    }
}
impl Composite for Adam {
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let [p, m, v] = [operands[0], operands[1], operands[2]];
        let [g, rate, t] = [operands[3], operands[4], operands[5]];
        let [direction, next_m, next_v] = self.moments().direction(b, [m, v, g], t)?;
        let step = b.mul(b.broadcast_to(rate, &b.shape(p))?, direction)?;
        Ok(smallvec![b.sub(p, step)?, next_m, next_v])
    }
}

op! {
    /// One step of AdamW (Loshchilov & Hutter, 2019): that of `adam`, and apart from it the parameter
    /// shrinks by the factor 1 − rate·decay.
    AdamW = "adamw"(p, m, v, g, rate, t) -> (next_p, next_m, next_v) {
        /// How fast the mean of gradients fades; above 0 and below 1.
        beta1: Real = Real(0.9),
        /// How fast the mean of their squares fades; above 0 and below 1.
        beta2: Real = Real(0.999),
        /// Added to the root; must be positive.
        eps: Real = Real(1e-8),
        /// How much of the parameter is taken off, times the rate.
        decay: Real = Real(0.01),
    }
    examples [
        "(p: f32[3], m: f32[3], v: f32[3], g: f32[3], rate: f32[], t: f32[]) -> adamw(p, m, v * v + 1, g, rate, t * t + 1)",
        "(p: f64[2, 2], m: f64[2, 2], v: f64[2, 2], g: f64[2, 2], rate: f64[], t: f64[]) -> adamw(p, m, v * v + 1, g, rate, t * t + 1, beta1 = 0.5, decay = 0.25)",
    ]
}
impl AdamW {
    fn moments(&self) -> Moments {
        Moments {
            beta1: self.beta1,
            beta2: self.beta2,
            eps: self.eps,
        }
    }
}
impl OpDef for AdamW {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        self.moments().check("adamw")?;
        let ty = same_and_scalars("adamw", &ADAM_OPERANDS, 4, operands)?;
        Ok(smallvec![ty.clone(), ty.clone(), ty])
    }
}
impl Composite for AdamW {
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let [p, m, v] = [operands[0], operands[1], operands[2]];
        let [g, rate, t] = [operands[3], operands[4], operands[5]];
        let [direction, next_m, next_v] = self.moments().direction(b, [m, v, g], t)?;
        let shape = b.shape(p);
        let decay = b.apply(Scale { factor: self.decay }, &[rate])?;
        let kept = b.sub(b.integer_like(rate, 1)?, decay)?;
        let shrunk = b.mul(b.broadcast_to(kept, &shape)?, p)?;
        let step = b.mul(b.broadcast_to(rate, &shape)?, direction)?;
        Ok(smallvec![b.sub(shrunk, step)?, next_m, next_v])
    }
}
