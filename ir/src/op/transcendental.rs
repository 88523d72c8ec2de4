//! Exponentials, logarithms, trigonometric and hyperbolic functions, erf.

use super::arithmetic::elementwise;
use super::attribute::Real;
use super::family::{Pointwise, same_type};
use super::macros::op;
use super::spec::{Accepts, Guard, OpDef, TypeError, Types};
use crate::constant::Constant;
use crate::scalar::{Scalar, Unary};
use crate::shape::Type;
use smallvec::{SmallVec, smallvec};

/// A function of one number that is one primitive: its name, doc, guards and derivative.
macro_rules! function {
    (
        $(#[doc = $doc:literal])+
        $Name:ident = $name:literal => $primitive:ident $(, guard $guard:expr)?;
        |$x:ident, $y:ident| $partial:expr
    ) => {
        op! {
            $(#[doc = $doc])+
            $Name = $name(x)
            examples [concat!("(x: f32[3]) -> ", $name, "(x)")]
        }
        elementwise!($Name, Floats $(, $guard)?);
        impl Pointwise<1> for $Name {
            fn eval<S: Scalar>(&self, [x]: [S; 1]) -> S {
                x.unary(Unary::$primitive)
            }
            fn partials<S: Scalar>(&self, [$x]: [S; 1], $y: &S) -> [S; 1] {
                let _ = ($y, &$x);
                [$partial]
            }
        }
    };
}

function! {
    /// eˣ.
    Exp = "exp" => Exp;
    |x, y| y.clone()
}
function! {
    /// eˣ − 1, accurate near 0.
    Expm1 = "expm1" => Expm1;
    |x, y| x.exp()
}
function! {
    /// Natural logarithm.
    Log = "log" => Log, guard Guard::Above { operand: 0, bound: Constant::integer(0) };
    |x, y| x.recip()
}
function! {
    /// ln(1 + x), accurate near 0.
    Log1p = "log1p" => Log1p, guard Guard::Above { operand: 0, bound: Constant::integer(-1) };
    |x, y| x.int(1).add(&x).recip()
}
function! {
    /// Sine of x in radians.
    Sin = "sin" => Sin;
    |x, y| x.unary(Unary::Cos)
}
function! {
    /// Cosine of x in radians.
    Cos = "cos" => Cos;
    |x, y| x.unary(Unary::Sin).neg()
}
function! {
    /// Hyperbolic sine.
    Sinh = "sinh" => Sinh;
    |x, y| x.unary(Unary::Cosh)
}
function! {
    /// Hyperbolic cosine.
    Cosh = "cosh" => Cosh;
    |x, y| x.unary(Unary::Sinh)
}
function! {
    /// Hyperbolic tangent.
    Tanh = "tanh" => Tanh;
    |x, y| y.int(1).sub(&y.square())
}
function! {
    /// The error function 2/√π ∫₀ˣ e^(−t²) dt.
    Erf = "erf" => Erf;
    |x, y| x.lit(&Constant::two_over_sqrt_pi()).mul(&x.square().neg().exp())
}

op! {
    /// ln(softplus(x) + ε), a logarithm that is smooth and finite everywhere; not `log(x + ε)`.
    SafeLog = "safe_log"(x) {
        /// Added inside the logarithm; must be positive.
        eps: Real = Real(1e-6),
    }
    examples ["(x: f32[3]) -> safe_log(x, eps = 0.001)"]
}
impl OpDef for SafeLog {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        super::spec::positive_attribute("safe_log", "eps", self.eps)?;
        same_type("safe_log", Accepts::Floats, operands)
    }
    fn guards(&self) -> SmallVec<[Guard; 1]> {
        smallvec![]
    }
}
impl SafeLog {
    fn argument<S: Scalar>(&self, x: &S) -> S {
        super::activation::softplus(x).add(&x.lit(&self.eps.constant()))
    }
}
impl Pointwise<1> for SafeLog {
    fn eval<S: Scalar>(&self, [x]: [S; 1]) -> S {
        self.argument(&x).log()
    }
    fn partials<S: Scalar>(&self, [x]: [S; 1], _: &S) -> [S; 1] {
        [x.sigmoid().div(&self.argument(&x))]
    }
}
