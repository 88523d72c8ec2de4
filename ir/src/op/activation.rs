//! Activation functions.
//!
//! Formulas are TorchLean's (op specifications and tape nodes); where a function has a kink, the
//! slope there is 0.

use super::arithmetic::elementwise;
use super::attribute::{AttrValue, Attribute, Real};
use super::family::{Pointwise, same_type};
use super::macros::op;
use super::spec::{Accepts, Guard, OpDef, TypeError, Types};
use crate::constant::Constant;
use crate::scalar::{Scalar, Unary};
use crate::shape::Type;
use smallvec::{SmallVec, smallvec};

op! {
    /// max(x, 0); NaN stays NaN. The slope at 0 is 0.
    Relu = "relu"(x)
    examples ["(x: f32[4]) -> relu(x)"]
}
elementwise!(
    Relu,
    Numbers,
    Guard::Off {
        operand: 0,
        at: Constant::integer(0)
    }
);
impl Pointwise<1> for Relu {
    fn eval<S: Scalar>(&self, [x]: [S; 1]) -> S {
        x.max(&x.int(0))
    }
    fn partials<S: Scalar>(&self, [x]: [S; 1], _: &S) -> [S; 1] {
        [S::select(&x.gt(&x.int(0)), &x.int(1), &x.int(0))]
    }
}

op! {
    /// x where it is positive, else slope·x; the slope at 0 is that of the negative side.
    LeakyRelu = "leaky_relu"(x) {
        /// The slope for negative x.
        slope: Real = Real(0.01),
    }
    examples ["(x: f32[4]) -> leaky_relu(x, slope = 0.25)"]
}
elementwise!(
    LeakyRelu,
    Floats,
    Guard::Off {
        operand: 0,
        at: Constant::integer(0)
    }
);
impl Pointwise<1> for LeakyRelu {
    fn eval<S: Scalar>(&self, [x]: [S; 1]) -> S {
        let leak = x.lit(&self.slope.constant()).mul(&x);
        S::select(&x.gt(&x.int(0)), &x, &leak)
    }
    fn partials<S: Scalar>(&self, [x]: [S; 1], _: &S) -> [S; 1] {
        [S::select(
            &x.gt(&x.int(0)),
            &x.int(1),
            &x.lit(&self.slope.constant()),
        )]
    }
}

op! {
    /// x where it is positive, else α(eˣ − 1).
    Elu = "elu"(x) {
        /// The limit for x → −∞ is −α; with α = 1 the function is differentiable everywhere.
        alpha: Real = Real(1.0),
    }
    examples ["(x: f32[4]) -> elu(x, alpha = 0.5)"]
}
impl OpDef for Elu {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        same_type("elu", Accepts::Floats, operands)
    }
    fn guards(&self) -> SmallVec<[Guard; 1]> {
        if self.alpha.0 == 1.0 {
            smallvec![]
        } else {
            smallvec![Guard::Off {
                operand: 0,
                at: Constant::integer(0)
            }]
        }
    }
}
impl Pointwise<1> for Elu {
    fn eval<S: Scalar>(&self, [x]: [S; 1]) -> S {
        let below = x.lit(&self.alpha.constant()).mul(&x.unary(Unary::Expm1));
        S::select(&x.gt(&x.int(0)), &x, &below)
    }
    fn partials<S: Scalar>(&self, [x]: [S; 1], _: &S) -> [S; 1] {
        let below = x.lit(&self.alpha.constant()).mul(&x.exp());
        [S::select(&x.gt(&x.int(0)), &x.int(1), &below)]
    }
}

op! {
    /// The logistic function 1/(1 + e⁻ˣ).
    Sigmoid = "sigmoid"(x)
    examples ["(x: f32[3]) -> sigmoid(x)"]
}
elementwise!(Sigmoid, Floats);
impl Pointwise<1> for Sigmoid {
    fn eval<S: Scalar>(&self, [x]: [S; 1]) -> S {
        x.sigmoid()
    }
    fn partials<S: Scalar>(&self, [_]: [S; 1], y: &S) -> [S; 1] {
        [y.mul(&y.int(1).sub(y))]
    }
}

/// ln(1 + eˣ) without overflow or cancellation, by one exponential and one logarithm: both sides of a
/// `select` would be computed.
pub(crate) fn softplus<S: Scalar>(x: &S) -> S {
    x.max(&x.int(0)).add(&x.abs().neg().exp().log1p())
}

op! {
    /// ln(1 + eˣ), computed as max(x, 0) + log1p(e^−|x|) (β = 1, no threshold).
    Softplus = "softplus"(x)
    examples ["(x: f32[3]) -> softplus(x)"]
}
elementwise!(Softplus, Floats);
impl Pointwise<1> for Softplus {
    fn eval<S: Scalar>(&self, [x]: [S; 1]) -> S {
        softplus(&x)
    }
    fn partials<S: Scalar>(&self, [x]: [S; 1], _: &S) -> [S; 1] {
        [x.sigmoid()]
    }
}

op! {
    /// x·sigmoid(x).
    Silu = "silu"(x)
    examples ["(x: f32[3]) -> silu(x)"]
}
elementwise!(Silu, Floats);
impl Pointwise<1> for Silu {
    fn eval<S: Scalar>(&self, [x]: [S; 1]) -> S {
        x.mul(&x.sigmoid())
    }
    fn partials<S: Scalar>(&self, [x]: [S; 1], y: &S) -> [S; 1] {
        // s + x·s(1 − s) = s + y(1 − s).
        let s = x.sigmoid();
        [s.add(&y.mul(&x.int(1).sub(&s)))]
    }
}

op! {
    /// x/(1 + |x|), between −1 and 1. Differentiable at 0 too, where the slope is 1; its slope has a
    /// kink there.
    Softsign = "softsign"(x)
    examples ["(x: f32[3]) -> softsign(x)"]
}
elementwise!(Softsign, Floats);
impl Pointwise<1> for Softsign {
    fn eval<S: Scalar>(&self, [x]: [S; 1]) -> S {
        x.div(&x.int(1).add(&x.abs()))
    }
    fn partials<S: Scalar>(&self, [x]: [S; 1], _: &S) -> [S; 1] {
        // The square of the reciprocal: (1 + |x|)² would overflow first.
        [x.int(1).add(&x.abs()).recip().square()]
    }
}

/// Which formula `gelu` uses, in ONNX's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Approximation {
    /// x·Φ(x) by erf.
    None,
    /// The tanh approximation of Hendrycks & Gimpel, arXiv:1606.08415.
    Tanh,
}

impl Attribute for Approximation {
    const KIND: &'static str = "none or tanh";
    fn read(value: &AttrValue) -> Option<Self> {
        match value {
            AttrValue::Name(name) if name == "none" => Some(Approximation::None),
            AttrValue::Name(name) if name == "tanh" => Some(Approximation::Tanh),
            AttrValue::Name(_) | AttrValue::Bool(_) | AttrValue::Number(_) | AttrValue::List(_) => {
                None
            }
        }
    }
    fn write(&self) -> AttrValue {
        let name = match self {
            Approximation::None => "none",
            Approximation::Tanh => "tanh",
        };
        AttrValue::Name(name.to_string())
    }
}

op! {
    /// The Gaussian error linear unit x·Φ(x): by erf, or by the tanh approximation
    /// ½x(1 + tanh(√(2/π)(x + 0.044715x³))).
    Gelu = "gelu"(x) {
        /// `none` for the erf form, `tanh` for the approximation.
        approximate: Approximation = Approximation::None,
    }
    examples ["(x: f32[3]) -> gelu(x)", "(x: f32[3]) -> gelu(x, approximate = tanh)"]
}
elementwise!(Gelu, Floats);

/// ½(1 + tanh u) = sigmoid(2u) for u = √(2/π)(x + 0.044715x³). As a sigmoid the left tail keeps its
/// relative accuracy; 1 + tanh u would cancel.
fn gelu_tanh<S: Scalar>(x: &S) -> S {
    let cubic = x.int(1).add(&x.ratio(44_715, 1_000_000).mul(&x.square()));
    x.lit(&Constant::two_sqrt_two_over_pi())
        .mul(&x.mul(&cubic))
        .sigmoid()
}

/// How `gelu_tanh` = s grows, times x: x·s(1 − s)·2√(2/π)(1 + 3·0.044715x²). The factors x go to s(1 − s)
/// one by one, which is 0 long before a power of x overflows: no ∞ meets this 0 at any number, and nothing
/// is clamped.
fn gelu_tanh_growth<S: Scalar>(x: &S, s: &S) -> S {
    let first = x.mul(&s.mul(&x.int(1).sub(s)));
    let third = x.mul(&x.mul(&first));
    let sum = first.add(&x.ratio(134_145, 1_000_000).mul(&third));
    x.lit(&Constant::two_sqrt_two_over_pi()).mul(&sum)
}

/// Φ(x) by erf, and x/√2.
fn normal_cdf<S: Scalar>(x: &S) -> (S, S) {
    let scaled = x.lit(&Constant::sqrt_half()).mul(x);
    (
        x.ratio(1, 2).mul(&x.int(1).add(&scaled.unary(Unary::Erf))),
        scaled,
    )
}

impl Pointwise<1> for Gelu {
    fn eval<S: Scalar>(&self, [x]: [S; 1]) -> S {
        match self.approximate {
            Approximation::None => x.mul(&normal_cdf(&x).0),
            Approximation::Tanh => x.mul(&gelu_tanh(&x)),
        }
    }
    fn partials<S: Scalar>(&self, [x]: [S; 1], _: &S) -> [S; 1] {
        match self.approximate {
            Approximation::None => {
                // Φ(x) + xφ(x), φ(x) = ½ · 2/√π · e^(−(x/√2)²) · 1/√2.
                let (cdf, scaled) = normal_cdf(&x);
                let slope = x.lit(&Constant::two_over_sqrt_pi());
                let bell = slope.mul(&scaled.square().neg().exp());
                let density = x.ratio(1, 2).mul(&bell).mul(&x.lit(&Constant::sqrt_half()));
                [cdf.add(&x.mul(&density))]
            }
            Approximation::Tanh => {
                let s = gelu_tanh(&x);
                [s.add(&gelu_tanh_growth(&x, &s))]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::example;
    use crate::laws::{Law, laws_of};
    use crate::scalar::Residue;

    /// Where floats have long reached a limit, numbers have not.
    #[test]
    fn slopes_are_those_of_what_is_computed_far_from_zero() {
        for text in [
            "(x: f32[3]) -> gelu(1000 * x, approximate = tanh)",
            "(x: f32[3]) -> smooth_abs(100000000000 * x)",
        ] {
            let graph = example(text).unwrap().graph;
            for (law, outcome) in laws_of::<Residue>(&graph, 3, 1).unwrap() {
                if [Law::Adjoint, Law::Tangent, Law::SecondOrder].contains(&law) {
                    let holds = !outcome.is_failure() && !outcome.is_skipped();
                    assert!(holds, "{law:?} of {text}: {outcome}");
                }
            }
        }
    }

    #[test]
    fn the_slope_of_gelu_has_its_limits_at_the_largest_floats() {
        let gelu = Gelu {
            approximate: Approximation::Tanh,
        };
        for exponent in 2..39 {
            let x = 10f32.powi(exponent);
            assert_eq!(gelu.partials([x], &x), [1.0], "{x}");
            assert_eq!(gelu.partials([-x], &0.0), [0.0], "{x}");
        }
        let [slope] = gelu.partials([f32::NAN], &f32::NAN);
        assert!(slope.is_nan());
    }
}
