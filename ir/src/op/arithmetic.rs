//! Arithmetic: sums, products, quotients, powers, extrema.

use super::attribute::Real;
use super::family::{Discrete, Pointwise, same_type};
use super::macros::op;
use super::spec::{Accepts, Guard, OpDef, TypeError, Types};
use crate::constant::Constant;
use crate::scalar::{Binary, Comparison, Connective, Logic, Scalar, Unary};
use crate::shape::Type;
use smallvec::{SmallVec, smallvec};

/// `OpDef` of an elementwise op: one type in, the same type out, and guards as data.
macro_rules! elementwise {
    ($Name:ident, $accepts:ident $(, $guard:expr)* $(,)?) => {
        impl OpDef for $Name {
            fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
                same_type(<Self as super::spec::Described>::SPEC.name, Accepts::$accepts, operands)
            }
            fn guards(&self) -> SmallVec<[Guard; 1]> {
                smallvec![$($guard),*]
            }
        }
    };
}
pub(crate) use elementwise;

op! {
    /// Sum of two numbers. Integers wrap around.
    Add = "add"(x, y)
    examples ["(x: f32[3], y: f32[3]) -> x + y", "(x: i32[3], y: i32[3]) -> x + y"]
}
elementwise!(Add, Numbers);
impl Pointwise<2> for Add {
    fn eval<S: Scalar>(&self, [x, y]: [S; 2]) -> S {
        x.add(&y)
    }
    fn partials<S: Scalar>(&self, [x, _]: [S; 2], _: &S) -> [S; 2] {
        [x.int(1), x.int(1)]
    }
}

op! {
    /// Difference of two numbers. Integers wrap around.
    Sub = "sub"(x, y)
    examples ["(x: f32[3], y: f32[3]) -> x - y"]
}
elementwise!(Sub, Numbers);
impl Pointwise<2> for Sub {
    fn eval<S: Scalar>(&self, [x, y]: [S; 2]) -> S {
        x.sub(&y)
    }
    fn partials<S: Scalar>(&self, [x, _]: [S; 2], _: &S) -> [S; 2] {
        [x.int(1), x.int(-1)]
    }
}

op! {
    /// x − y, and 0 where both are the same infinity, whose difference would be NaN: how exponents are
    /// shifted by the largest of them. The slopes are 1 and −1 there too.
    SubtractNoNan = "subtract_no_nan"(x, y)
    examples ["(x: f32[3], y: f32[3]) -> subtract_no_nan(x, y)"]
}
elementwise!(SubtractNoNan, Floats);
impl Pointwise<2> for SubtractNoNan {
    fn eval<S: Scalar>(&self, [x, y]: [S; 2]) -> S {
        // Where finite numbers are equal it is the difference that has the tangents.
        let below = y.lt(&y.lit(&Constant::Infinity));
        let finite = below.connect(Connective::And, &y.gt(&y.lit(&Constant::NegInfinity)));
        let same = x.equals(&y).connect(Connective::And, &finite.not());
        S::select(&same, &x.int(0), &x.sub(&y))
    }
    fn partials<S: Scalar>(&self, [x, _]: [S; 2], _: &S) -> [S; 2] {
        [x.int(1), x.int(-1)]
    }
}

op! {
    /// Product of two numbers. Integers wrap around.
    Mul = "mul"(x, y)
    examples ["(x: f32[3], y: f32[3]) -> x * y"]
}
elementwise!(Mul, Numbers);
impl Pointwise<2> for Mul {
    fn eval<S: Scalar>(&self, [x, y]: [S; 2]) -> S {
        x.mul(&y)
    }
    fn partials<S: Scalar>(&self, [x, y]: [S; 2], _: &S) -> [S; 2] {
        [y, x]
    }
}

op! {
    /// x·y, and 0 where either is 0, even if the other is infinite or NaN. So are its derivatives.
    /// TensorFlow's `multiply_no_nan` is the same for a zero y only.
    MultiplyNoNan = "multiply_no_nan"(x, y)
    examples [
        "(x: f32[3], y: f32[3]) -> multiply_no_nan(x, y)",
        "(x: f32[3], y: f32[3]) -> multiply_no_nan(x, relu(y))",
    ]
}
elementwise!(MultiplyNoNan, Floats);
/// x; 0 where it is infinite or NaN, and y is 0.
fn zero_beside_zero<S: Scalar>(x: &S, y: &S) -> S {
    let zero = x.int(0);
    let above = S::select(&x.gt(&x.lit(&Constant::NegInfinity)), x, &zero);
    let finite = S::select(&x.lt(&x.lit(&Constant::Infinity)), &above, &zero);
    S::select(&y.equals(&zero), &finite, x)
}
impl Pointwise<2> for MultiplyNoNan {
    fn eval<S: Scalar>(&self, [x, y]: [S; 2]) -> S {
        // Not 0 at once where a factor is, lest a tangent of it be lost.
        zero_beside_zero(&x, &y).mul(&zero_beside_zero(&y, &x))
    }
    fn partials<S: Scalar>(&self, [x, y]: [S; 2], _: &S) -> [S; 2] {
        [zero_beside_zero(&y, &x), zero_beside_zero(&x, &y)]
    }
}

op! {
    /// Quotient of two numbers. Integers are truncated towards zero, with x/0 = −1 and MIN/−1 = MIN
    /// (the conventions of XLA), so that no division traps.
    Div = "div"(x, y)
    examples ["(x: f32[3], y: f32[3]) -> x / y", "(x: i32[3], y: i32[3]) -> x / y"]
}
elementwise!(Div, Numbers, Guard::Nonzero { operand: 1 });
impl Pointwise<2> for Div {
    fn eval<S: Scalar>(&self, [x, y]: [S; 2]) -> S {
        x.div(&y)
    }
    fn partials<S: Scalar>(&self, [_, y]: [S; 2], quotient: &S) -> [S; 2] {
        [y.recip(), quotient.div(&y).neg()]
    }
}

op! {
    /// −x.
    Neg = "neg"(x)
    examples ["(x: f32[3]) -> -x"]
}
elementwise!(Neg, Numbers);
impl Pointwise<1> for Neg {
    fn eval<S: Scalar>(&self, [x]: [S; 1]) -> S {
        x.neg()
    }
    fn partials<S: Scalar>(&self, [x]: [S; 1], _: &S) -> [S; 1] {
        [x.int(-1)]
    }
}

op! {
    /// x·x.
    Square = "square"(x)
    examples ["(x: f32[3]) -> square(x)"]
}
elementwise!(Square, Numbers);
impl Pointwise<1> for Square {
    fn eval<S: Scalar>(&self, [x]: [S; 1]) -> S {
        x.square()
    }
    fn partials<S: Scalar>(&self, [x]: [S; 1], _: &S) -> [S; 1] {
        [x.int(2).mul(&x)]
    }
}

op! {
    /// factor·x with a constant factor.
    Scale = "scale"(x) {
        /// The constant factor.
        factor: Real,
    }
    examples ["(x: f32[3]) -> scale(x, factor = 0.5)"]
}
elementwise!(Scale, Floats);
impl Pointwise<1> for Scale {
    fn eval<S: Scalar>(&self, [x]: [S; 1]) -> S {
        x.lit(&self.factor.constant()).mul(&x)
    }
    fn partials<S: Scalar>(&self, [x]: [S; 1], _: &S) -> [S; 1] {
        [x.lit(&self.factor.constant())]
    }
}

op! {
    /// |x|. The slope at 0 is 0.
    Abs = "abs"(x)
    examples ["(x: f32[3]) -> abs(x)"]
}
elementwise!(
    Abs,
    Numbers,
    Guard::Off {
        operand: 0,
        at: Constant::integer(0)
    }
);
impl Pointwise<1> for Abs {
    fn eval<S: Scalar>(&self, [x]: [S; 1]) -> S {
        x.abs()
    }
    fn partials<S: Scalar>(&self, [x]: [S; 1], _: &S) -> [S; 1] {
        let zero = x.int(0);
        let negative = S::select(&x.lt(&zero), &x.int(-1), &zero);
        [S::select(&x.gt(&zero), &x.int(1), &negative)]
    }
}

op! {
    /// √(x² + ε), a smooth |x|; ε is not squared. Where x² + ε overflows it is computed as
    /// |x|·√(1 + ε/x²).
    SmoothAbs = "smooth_abs"(x) {
        /// Added under the root; must be positive.
        eps: Real = Real(1e-6),
    }
    examples ["(x: f32[3]) -> smooth_abs(x, eps = 0.01)"]
}
impl OpDef for SmoothAbs {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        super::spec::positive_attribute("smooth_abs", "eps", self.eps)?;
        same_type("smooth_abs", Accepts::Floats, operands)
    }
}
impl Pointwise<1> for SmoothAbs {
    fn eval<S: Scalar>(&self, [x]: [S; 1]) -> S {
        // The two formulas are equal, and only of floats is the second ever taken.
        let eps = x.lit(&self.eps.constant());
        let sum = x.square().add(&eps);
        let fits = sum.lt(&x.lit(&Constant::Infinity));
        let relative = x.int(1).add(&eps.mul(&x.recip().square()));
        let factor = S::select(&fits, &x.int(1), &x.abs());
        factor.mul(&S::select(&fits, &sum, &relative).sqrt())
    }
    fn partials<S: Scalar>(&self, [x]: [S; 1], y: &S) -> [S; 1] {
        // y is infinite at the infinities only.
        let infinite = y.equals(&y.lit(&Constant::Infinity));
        let sign = S::select(&x.gt(&x.int(0)), &x.int(1), &x.int(-1));
        [S::select(&infinite, &sign, &x.div(y))]
    }
}

op! {
    /// Larger of two numbers; NaN if either is NaN. At a tie each operand takes half the cotangent.
    Max = "max"(x, y)
    examples ["(x: f32[3], y: f32[3]) -> max(x, y)"]
}
elementwise!(Max, Numbers, Guard::Distinct { left: 0, right: 1 });
impl Pointwise<2> for Max {
    fn eval<S: Scalar>(&self, [x, y]: [S; 2]) -> S {
        x.max(&y)
    }
    fn partials<S: Scalar>(&self, [x, y]: [S; 2], _: &S) -> [S; 2] {
        winner_partials(&x, &y, Comparison::Gt)
    }
}

op! {
    /// Smaller of two numbers; NaN if either is NaN. At a tie each operand takes half the cotangent.
    Min = "min"(x, y)
    examples ["(x: f32[3], y: f32[3]) -> min(x, y)"]
}
elementwise!(Min, Numbers, Guard::Distinct { left: 0, right: 1 });
impl Pointwise<2> for Min {
    fn eval<S: Scalar>(&self, [x, y]: [S; 2]) -> S {
        x.min(&y)
    }
    fn partials<S: Scalar>(&self, [x, y]: [S; 2], _: &S) -> [S; 2] {
        winner_partials(&x, &y, Comparison::Lt)
    }
}

/// 1 for the winner, 0 for the other, ½ each at a tie.
fn winner_partials<S: Scalar>(x: &S, y: &S, wins: Comparison) -> [S; 2] {
    let (zero, half, one) = (x.int(0), x.ratio(1, 2), x.int(1));
    let tie = x.equals(y);
    let share = |winner: &S, loser: &S| {
        let strict = S::select(&winner.compare(wins, loser), &one, &zero);
        S::select(&tie, &half, &strict)
    };
    [share(x, y), share(y, x)]
}

op! {
    /// min(hi, max(lo, x)); NaN stays NaN. The slope at the end points is 0.
    Clamp = "clamp"(x) {
        /// Lower end.
        lo: Real,
        /// Upper end; must not be below `lo`.
        hi: Real,
    }
    examples ["(x: f32[4]) -> clamp(x, lo = -1, hi = 1)"]
}
impl OpDef for Clamp {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        let (lo, hi) = (self.lo.0, self.hi.0);
        if lo.is_nan() || hi.is_nan() || lo > hi {
            return Err(TypeError::new(format!(
                "`clamp`: lo = {lo} is not below hi = {hi}"
            )));
        }
        same_type("clamp", Accepts::Floats, operands)
    }
    fn guards(&self) -> SmallVec<[Guard; 1]> {
        smallvec![
            Guard::Off {
                operand: 0,
                at: self.lo.constant()
            },
            Guard::Off {
                operand: 0,
                at: self.hi.constant()
            },
        ]
    }
}
impl Pointwise<1> for Clamp {
    fn eval<S: Scalar>(&self, [x]: [S; 1]) -> S {
        x.max(&x.lit(&self.lo.constant()))
            .min(&x.lit(&self.hi.constant()))
    }
    fn partials<S: Scalar>(&self, [x]: [S; 1], _: &S) -> [S; 1] {
        let (lo, hi) = (x.lit(&self.lo.constant()), x.lit(&self.hi.constant()));
        let below = S::select(&x.lt(&hi), &x.int(1), &x.int(0));
        [S::select(&x.gt(&lo), &below, &x.int(0))]
    }
}

op! {
    /// 1/x.
    Reciprocal = "reciprocal"(x)
    examples ["(x: f32[3]) -> reciprocal(x)"]
}
elementwise!(Reciprocal, Floats, Guard::Nonzero { operand: 0 });
impl Pointwise<1> for Reciprocal {
    fn eval<S: Scalar>(&self, [x]: [S; 1]) -> S {
        x.recip()
    }
    fn partials<S: Scalar>(&self, _: [S; 1], y: &S) -> [S; 1] {
        [y.square().neg()]
    }
}

op! {
    /// √x.
    Sqrt = "sqrt"(x)
    examples ["(x: f32[3]) -> sqrt(x)"]
}
elementwise!(
    Sqrt,
    Floats,
    Guard::Above {
        operand: 0,
        bound: Constant::integer(0)
    }
);
impl Pointwise<1> for Sqrt {
    fn eval<S: Scalar>(&self, [x]: [S; 1]) -> S {
        x.sqrt()
    }
    fn partials<S: Scalar>(&self, [x]: [S; 1], y: &S) -> [S; 1] {
        [x.ratio(1, 2).div(y)]
    }
}

op! {
    /// 1/√x.
    Rsqrt = "rsqrt"(x)
    examples ["(x: f32[3]) -> rsqrt(x)"]
}
elementwise!(
    Rsqrt,
    Floats,
    Guard::Above {
        operand: 0,
        bound: Constant::integer(0)
    }
);
impl Pointwise<1> for Rsqrt {
    fn eval<S: Scalar>(&self, [x]: [S; 1]) -> S {
        x.sqrt().recip()
    }
    fn partials<S: Scalar>(&self, [x]: [S; 1], y: &S) -> [S; 1] {
        [x.ratio(-1, 2).mul(&y.mul(&y.square()))]
    }
}

op! {
    /// xʸ, as C99's `pow`. Differentiable for x > 0; where x is not positive the partial with
    /// respect to y is taken as 0.
    Pow = "pow"(x, y)
    examples ["(x: f32[3], y: f32[3]) -> x ** y"]
}
elementwise!(
    Pow,
    Floats,
    Guard::Above {
        operand: 0,
        bound: Constant::integer(0)
    }
);
impl Pointwise<2> for Pow {
    fn eval<S: Scalar>(&self, [x, y]: [S; 2]) -> S {
        x.pow(&y)
    }
    fn partials<S: Scalar>(&self, [x, y]: [S; 2], power: &S) -> [S; 2] {
        let zero = x.int(0);
        let positive = x.gt(&zero);
        // ln is kept away from x ≤ 0, where it would turn the other operand's cotangent to NaN.
        let log = S::select(&positive, &x, &x.int(1)).log();
        let by_exponent = S::select(&positive, &power.mul(&log), &zero);
        // x⁰ is 1 for every x, 0 too.
        let by_base = y.mul(&x.pow(&y.sub(&y.int(1))));
        [S::select(&y.equals(&zero), &zero, &by_base), by_exponent]
    }
}

op! {
    /// x to a constant power. Differentiable for x > 0, and everywhere for a natural exponent.
    Power = "power"(x) {
        /// The constant exponent.
        exponent: Real,
    }
    examples ["(x: f32[3]) -> power(x, exponent = 3)", "(x: f32[3]) -> power(x, exponent = 2.5)"]
}
impl OpDef for Power {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        same_type("power", Accepts::Floats, operands)
    }
    fn guards(&self) -> SmallVec<[Guard; 1]> {
        if self.small_natural().is_some() {
            smallvec![]
        } else {
            smallvec![Guard::Above {
                operand: 0,
                bound: Constant::integer(0)
            }]
        }
    }
}
impl Power {
    /// The exponent, where repeated multiplication is the better algorithm.
    fn small_natural(&self) -> Option<u32> {
        let exponent = self.exponent.0;
        ((0.0..=16.0).contains(&exponent) && exponent.fract() == 0.0).then_some(exponent as u32)
    }
}
/// xⁿ by squaring.
fn natural_power<S: Scalar>(x: &S, exponent: u32) -> S {
    let (mut result, mut base, mut rest) = (None::<S>, x.clone(), exponent);
    while rest > 0 {
        if rest & 1 == 1 {
            result = Some(result.map_or_else(|| base.clone(), |product| product.mul(&base)));
        }
        rest >>= 1;
        if rest > 0 {
            base = base.square();
        }
    }
    result.unwrap_or_else(|| x.int(1))
}
impl Pointwise<1> for Power {
    fn eval<S: Scalar>(&self, [x]: [S; 1]) -> S {
        match self.small_natural() {
            Some(exponent) => natural_power(&x, exponent),
            None => x.pow(&x.lit(&self.exponent.constant())),
        }
    }
    fn partials<S: Scalar>(&self, [x]: [S; 1], _: &S) -> [S; 1] {
        let exponent = x.lit(&self.exponent.constant());
        match self.small_natural() {
            Some(0) => [x.int(0)],
            Some(natural) => [exponent.mul(&natural_power(&x, natural - 1))],
            None => {
                let lowered = x.pow(&exponent.sub(&x.int(1)));
                [exponent.mul(&lowered)]
            }
        }
    }
}

op! {
    /// Largest integer not above x.
    Floor = "floor"(x)
    examples ["(x: f32[3]) -> floor(x)"]
}
elementwise!(
    Floor,
    Floats,
    Guard::OffLattice {
        operand: 0,
        at: Constant::integer(0)
    }
);
impl Discrete<1> for Floor {
    fn eval<S: Scalar>(&self, [x]: [S; 1]) -> S {
        x.unary(Unary::Floor)
    }
}

op! {
    /// Smallest integer not below x.
    Ceil = "ceil"(x)
    examples ["(x: f32[3]) -> ceil(x)"]
}
elementwise!(
    Ceil,
    Floats,
    Guard::OffLattice {
        operand: 0,
        at: Constant::integer(0)
    }
);
impl Discrete<1> for Ceil {
    fn eval<S: Scalar>(&self, [x]: [S; 1]) -> S {
        x.unary(Unary::Ceil)
    }
}

op! {
    /// Nearest integer; halves go to the even one.
    Round = "round"(x)
    examples ["(x: f32[3]) -> round(x)"]
}
elementwise!(
    Round,
    Floats,
    Guard::OffLattice {
        operand: 0,
        at: Constant::ratio(1, 2)
    }
);
impl Discrete<1> for Round {
    fn eval<S: Scalar>(&self, [x]: [S; 1]) -> S {
        x.unary(Unary::Round)
    }
}

op! {
    /// −1, 0 or 1; NaN stays NaN.
    Sign = "sign"(x)
    examples ["(x: f32[3]) -> sign(x)"]
}
elementwise!(
    Sign,
    Numbers,
    Guard::Off {
        operand: 0,
        at: Constant::integer(0)
    }
);
impl Discrete<1> for Sign {
    fn eval<S: Scalar>(&self, [x]: [S; 1]) -> S {
        let zero = x.int(0);
        let below = S::select(&x.lt(&zero), &x.int(-1), &x);
        S::select(&x.gt(&zero), &x.int(1), &below)
    }
}

op! {
    /// x, without a derivative.
    StopGradient = "stop_gradient"(x)
    examples ["(x: f32[3]) -> stop_gradient(x)"]
}
elementwise!(StopGradient, Numbers);
impl Discrete<1> for StopGradient {
    fn eval<S: Scalar>(&self, [x]: [S; 1]) -> S {
        x
    }
}

op! {
    /// Remainder of the truncated integer quotient; it has the sign of x, and x rem 0 = x.
    Rem = "rem"(x, y)
    examples ["(x: i32[3], y: i32[3]) -> x % y"]
}
op! {
    /// Bitwise conjunction.
    BitAnd = "bit_and"(x, y)
    examples ["(x: i32[3], y: i32[3]) -> x & y"]
}
op! {
    /// Bitwise disjunction.
    BitOr = "bit_or"(x, y)
    examples ["(x: i32[3], y: i32[3]) -> x | y"]
}
op! {
    /// Bitwise exclusive or.
    BitXor = "bit_xor"(x, y)
    examples ["(x: i32[3], y: i32[3]) -> x ^ y"]
}
op! {
    /// Shift to the left; 0 when the amount is negative or not below the width.
    ShiftLeft = "shift_left"(x, y)
    examples ["(x: i32[3], y: i32[3]) -> x << y"]
}
op! {
    /// Shift to the right, arithmetic for signed dtypes; the sign fills when the amount is negative
    /// or not below the width.
    ShiftRight = "shift_right"(x, y)
    examples ["(x: i32[3], y: i32[3]) -> x >> y"]
}

/// An integer op that is one primitive.
macro_rules! integer_op {
    ($($Name:ident => $primitive:ident),+ $(,)?) => {$(
        elementwise!($Name, Integers);
        impl Discrete<2> for $Name {
            fn eval<S: Scalar>(&self, [x, y]: [S; 2]) -> S {
                x.binary(Binary::$primitive, &y)
            }
        }
    )+};
}
integer_op!(Rem => Rem, BitAnd => And, BitOr => Or, BitXor => Xor, ShiftLeft => Shl, ShiftRight => Shr);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_smooth_absolute_value_jumps_nowhere() {
        for eps in [1e-6, 1.0, 1e12, 1e31, 3e38] {
            let op = SmoothAbs { eps: Real(eps) };
            for x in (-30..=38).map(|exponent| 3f32 * 10f32.powi(exponent)) {
                let wanted = (f64::from(x) * f64::from(x) + eps).sqrt();
                let y = op.eval([x]);
                let off = (f64::from(y) / wanted - 1.0).abs();
                assert!(off < 3e-7, "√({x}² + {eps}) is {wanted}, not {y}");
                let [slope] = op.partials([-x], &y);
                let wanted = f64::from(x) / wanted;
                let allowed = f64::from(f32::MIN_POSITIVE) + 4e-7 * wanted;
                let off = (f64::from(slope) + wanted).abs();
                assert!(off < allowed, "the slope at -{x} is -{wanted}, not {slope}");
            }
            let infinite = op.eval([f32::NEG_INFINITY]);
            assert_eq!(infinite, f32::INFINITY);
            assert_eq!(op.partials([f32::NEG_INFINITY], &infinite), [-1.0]);
            let unknown = op.eval([f32::NAN]);
            assert!(unknown.is_nan() && op.partials([f32::NAN], &unknown)[0].is_nan());
        }
    }
}
