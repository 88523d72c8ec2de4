//! Dual numbers: forward-mode differentiation of the semantics themselves.
//!
//! The derivative of each *primitive* stands here, independent of any op's `partials`, which is
//! what makes `Dual` a witness for them. A tangent of `None` is a structural zero.

use super::{Binary, Comparison, Int, Scalar, Unary, Undefined};
use crate::constant::Constant;
use crate::dtype::DType;

/// A value with its derivative along one direction.
#[derive(Clone, Debug)]
pub struct Dual<S> {
    /// The value.
    pub value: S,
    /// The derivative; `None` is exactly zero.
    pub tangent: Option<S>,
}

impl<S: Scalar> Dual<S> {
    /// A value that does not vary.
    pub fn fixed(value: S) -> Self {
        Dual {
            value,
            tangent: None,
        }
    }

    /// A value that varies with derivative `tangent`.
    pub fn varying(value: S, tangent: S) -> Self {
        Dual {
            value,
            tangent: Some(tangent),
        }
    }

    /// The derivative as a number.
    pub fn derivative(&self) -> S {
        self.tangent.clone().unwrap_or_else(|| self.value.int(0))
    }

    fn chain(&self, value: S, slope: impl FnOnce(&S, &S) -> S) -> Self {
        let tangent = self
            .tangent
            .as_ref()
            .map(|t| slope(&self.value, &value).mul(t));
        Dual { value, tangent }
    }
}

/// Sum of two optional tangents.
fn plus<S: Scalar>(left: Option<S>, right: Option<S>) -> Option<S> {
    match (left, right) {
        (Some(left), Some(right)) => Some(left.add(&right)),
        (left, None) => left,
        (None, right) => right,
    }
}

/// ½ at a tie, else 1 for the winner: the convention of `max` and `min`.
fn share<S: Scalar>(winner: &S, loser: &S, wins: Comparison) -> S {
    let strict = S::select(&winner.compare(wins, loser), &winner.int(1), &winner.int(0));
    S::select(&winner.equals(loser), &winner.ratio(1, 2), &strict)
}

impl<S: Scalar> Scalar for Dual<S> {
    type Mask = S::Mask;
    type World = S::World;

    fn constant(world: &S::World, dtype: DType, value: &Constant) -> Self {
        Dual::fixed(S::constant(world, dtype, value))
    }
    fn lit(&self, value: &Constant) -> Self {
        Dual::fixed(self.value.lit(value))
    }
    fn undefined(&self, reason: Undefined) -> Self {
        Dual::fixed(self.value.undefined(reason))
    }
    fn unary(&self, function: Unary) -> Self {
        let value = self.value.unary(function);
        let one = |x: &S| x.int(1);
        match function {
            Unary::Neg => self.chain(value, |x, _| x.int(-1)),
            Unary::Abs => self.chain(value, |x, _| {
                let zero = x.int(0);
                let negative = S::select(&x.lt(&zero), &x.int(-1), &zero);
                S::select(&x.gt(&zero), &one(x), &negative)
            }),
            Unary::Sqrt => self.chain(value, |x, y| x.ratio(1, 2).div(y)),
            Unary::Exp | Unary::Expm1 => self.chain(value, |x, _| x.exp()),
            Unary::Log => self.chain(value, |x, _| x.recip()),
            Unary::Log1p => self.chain(value, |x, _| one(x).add(x).recip()),
            Unary::Sin => self.chain(value, |x, _| x.unary(Unary::Cos)),
            Unary::Cos => self.chain(value, |x, _| x.unary(Unary::Sin).neg()),
            Unary::Sinh => self.chain(value, |x, _| x.unary(Unary::Cosh)),
            Unary::Cosh => self.chain(value, |x, _| x.unary(Unary::Sinh)),
            Unary::Tanh => self.chain(value, |x, y| one(x).sub(&y.square())),
            Unary::Erf => self.chain(value, |x, _| {
                x.lit(&Constant::two_over_sqrt_pi())
                    .mul(&x.square().neg().exp())
            }),
            Unary::Floor | Unary::Ceil | Unary::Round => Dual::fixed(value),
        }
    }
    fn binary(&self, function: Binary, other: &Self) -> Self {
        let value = self.value.binary(function, &other.value);
        let (x, y) = (&self.value, &other.value);
        let (dx, dy) = (self.tangent.as_ref(), other.tangent.as_ref());
        let tangent = match function {
            Binary::Add => plus(dx.cloned(), dy.cloned()),
            Binary::Sub => plus(dx.cloned(), dy.map(S::neg)),
            Binary::Mul => plus(dx.map(|d| d.mul(y)), dy.map(|d| x.mul(d))),
            Binary::Div => plus(
                dx.map(|d| d.div(y)),
                dy.map(|d| x.mul(d).div(&y.square()).neg()),
            ),
            Binary::Max => plus(
                dx.map(|d| share(x, y, Comparison::Gt).mul(d)),
                dy.map(|d| share(y, x, Comparison::Gt).mul(d)),
            ),
            Binary::Min => plus(
                dx.map(|d| share(x, y, Comparison::Lt).mul(d)),
                dy.map(|d| share(y, x, Comparison::Lt).mul(d)),
            ),
            Binary::Pow => plus(
                dx.map(|d| y.mul(&x.pow(&y.sub(&y.int(1)))).mul(d)),
                dy.map(|d| value.mul(&x.log()).mul(d)),
            ),
            Binary::Rem | Binary::And | Binary::Or | Binary::Xor | Binary::Shl | Binary::Shr => {
                None
            }
        };
        Dual { value, tangent }
    }
    /// Σ xᵢ·yᵢ, and Σ (dxᵢ·yᵢ + xᵢ·dyᵢ) as one sum of products.
    fn dot_at(
        world: &S::World,
        dtype: DType,
        operands: [&[Self]; 2],
        start: [usize; 2],
        steps: &[[usize; 2]],
    ) -> Self {
        let [x, y] = operands;
        let pairs = || {
            let pair = |step: &[usize; 2]| (&x[start[0] + step[0]], &y[start[1] + step[1]]);
            steps.iter().map(pair)
        };
        let mut values = pairs().map(|(x, y)| (x.value.clone(), y.value.clone()));
        let mut slopes = pairs().flat_map(|(x, y)| {
            let dx = x.tangent.clone().map(|dx| (dx, y.value.clone()));
            let dy = y.tangent.clone().map(|dy| (x.value.clone(), dy));
            [dx, dy].into_iter().flatten()
        });
        let varies = pairs().any(|(x, y)| x.tangent.is_some() || y.tangent.is_some());
        Dual {
            value: S::dot_of(world, dtype, &mut values),
            tangent: varies.then(|| S::dot_of(world, dtype, &mut slopes)),
        }
    }
    fn compare(&self, comparison: Comparison, other: &Self) -> S::Mask {
        self.value.compare(comparison, &other.value)
    }
    fn select(mask: &S::Mask, yes: &Self, no: &Self) -> Self {
        let tangent = match (&yes.tangent, &no.tangent) {
            (None, None) => None,
            (Some(_), _) | (_, Some(_)) => {
                Some(S::select(mask, &yes.derivative(), &no.derivative()))
            }
        };
        Dual {
            value: S::select(mask, &yes.value, &no.value),
            tangent,
        }
    }
    fn cast_float(&self, dtype: DType) -> Self {
        Dual {
            value: self.value.cast_float(dtype),
            tangent: self
                .tangent
                .as_ref()
                .map(|tangent| tangent.cast_float(dtype)),
        }
    }
    fn rounded(&self, dtype: DType) -> Self {
        Dual {
            value: self.value.rounded(dtype),
            tangent: self.tangent.as_ref().map(|tangent| tangent.rounded(dtype)),
        }
    }
    fn detached(&self) -> Self {
        Dual::fixed(self.value.detached())
    }
    fn from_int(world: &S::World, dtype: DType, integer: &Int) -> Self {
        Dual::fixed(S::from_int(world, dtype, integer))
    }
    fn to_int(&self, dtype: DType) -> Int {
        self.value.to_int(dtype)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_of_primitives_agree_with_finite_differences() {
        for &function in Unary::ALL {
            let x = 0.37f64;
            let dual = Dual::varying(x, 1.0).unary(function).derivative();
            let h = 1e-6;
            let quotient = ((x + h).unary(function) - (x - h).unary(function)) / (2.0 * h);
            assert!(
                (dual - quotient).abs() < 1e-8,
                "{function:?}: {dual} against {quotient}"
            );
        }
        for function in [
            Binary::Add,
            Binary::Sub,
            Binary::Mul,
            Binary::Div,
            Binary::Max,
            Binary::Min,
            Binary::Pow,
        ] {
            let (x, y, h) = (1.3f64, 0.7f64, 1e-6);
            let along = Dual::varying(x, 2.0)
                .binary(function, &Dual::varying(y, -3.0))
                .derivative();
            let at = |t: f64| (x + 2.0 * t).binary(function, &(y - 3.0 * t));
            let quotient = (at(h) - at(-h)) / (2.0 * h);
            assert!(
                (along - quotient).abs() < 1e-7,
                "{function:?}: {along} against {quotient}"
            );
        }
    }
}
