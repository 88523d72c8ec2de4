//! The alphabet in which every rule is written.
//!
//! [`Scalar`] is one trait of total methods over a small set of primitives. A rule that is written
//! once over an abstract `S: Scalar` is the reference semantics for `S = f64`, an exact check for
//! `S = `[`Exact`] and `S = `[`Residue`], of which a [`Rational`] has only what is true of numbers,
//! forward-mode differentiation for `S = `[`Dual`], a rounding enclosure for `S = `[`Interval`], a
//! symbolic expression for [`crate::expr::Sym`], and the emission of adjoint nodes for
//! [`crate::autodiff::Traced`]. What an instance cannot do yields an [`Undefined`] value, which
//! poisons everything computed from it; nothing here panics.

mod ball;
mod dual;
mod exact;
mod extended;
mod float;
mod int;
mod interval;
mod rational;
mod residue;

pub use ball::Ball;
pub use dual::Dual;
pub use exact::Exact;
pub use extended::Extended;
pub use int::{Int, integer_binary};
pub use interval::{Interval, Tri};
pub use rational::{HoldsRational, Rational};
pub use residue::{PRIMES, Residue};

use crate::constant::Constant;
use crate::dtype::DType;
use std::fmt::Debug;

/// Why a value could not be computed. It poisons all that depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Undefined(pub &'static str);

/// A truth value, or the reason why it is not known.
pub type Truth = Result<bool, Undefined>;

/// Declares an enum of primitives with their names in kernels and printed expressions.
macro_rules! primitives {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$doc])* $variant,)+ }
        impl $name {
            /// Every primitive of this arity, in canonical order.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];
            /// The name in printed expressions and kernels.
            pub const fn name(self) -> &'static str {
                match self { $($name::$variant => $text,)+ }
            }
            /// The primitive of that name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($text => Some($name::$variant),)+ _ => None }
            }
        }
    };
}

primitives! {
    /// Functions of one number.
    Unary {
        /// −x; on integers two's complement negation.
        Neg = "neg",
        /// |x|.
        Abs = "abs",
        /// √x.
        Sqrt = "sqrt",
        /// eˣ.
        Exp = "exp",
        /// eˣ − 1 without cancellation near 0.
        Expm1 = "expm1",
        /// Natural logarithm.
        Log = "log",
        /// ln(1 + x) without cancellation near 0.
        Log1p = "log1p",
        /// Sine of radians.
        Sin = "sin",
        /// Cosine of radians.
        Cos = "cos",
        /// Hyperbolic sine.
        Sinh = "sinh",
        /// Hyperbolic cosine.
        Cosh = "cosh",
        /// Hyperbolic tangent.
        Tanh = "tanh",
        /// The error function.
        Erf = "erf",
        /// Largest integer not above x.
        Floor = "floor",
        /// Smallest integer not below x.
        Ceil = "ceil",
        /// Nearest integer, halves to even.
        Round = "round",
    }
}

primitives! {
    /// Functions of two numbers of one dtype.
    Binary {
        /// Sum; wrapping on integers.
        Add = "add",
        /// Difference; wrapping on integers.
        Sub = "sub",
        /// Product; wrapping on integers.
        Mul = "mul",
        /// Quotient; on integers truncated, with x/0 = −1 and MIN/−1 = MIN as in XLA.
        Div = "div",
        /// Larger of two; NaN if either is NaN.
        Max = "max",
        /// Smaller of two; NaN if either is NaN.
        Min = "min",
        /// xʸ as in C99's `pow`.
        Pow = "pow",
        /// Remainder of the truncated integer quotient; x rem 0 = x.
        Rem = "rem",
        /// Bitwise conjunction of integers.
        And = "and",
        /// Bitwise disjunction of integers.
        Or = "or",
        /// Bitwise exclusive or of integers.
        Xor = "xor",
        /// Shift left; 0 when the amount is not within the width.
        Shl = "shl",
        /// Shift right, arithmetic for signed types; the sign fills when the amount is not within
        /// the width.
        Shr = "shr",
    }
}

primitives! {
    /// Relations between two numbers of one dtype; any relation but `ne` with a NaN is false.
    Comparison {
        /// Equal.
        Eq = "eq",
        /// Not equal.
        Ne = "ne",
        /// Less.
        Lt = "lt",
        /// Less or equal.
        Le = "le",
        /// Greater.
        Gt = "gt",
        /// Greater or equal.
        Ge = "ge",
    }
}

primitives! {
    /// Functions of two truth values.
    Connective {
        /// Both.
        And = "and",
        /// At least one.
        Or = "or",
        /// Exactly one.
        Xor = "xor",
    }
}

impl Comparison {
    /// The relation between two comparable values.
    pub fn holds<T: PartialOrd>(self, left: &T, right: &T) -> bool {
        match self {
            Comparison::Eq => left == right,
            Comparison::Ne => left != right,
            Comparison::Lt => left < right,
            Comparison::Le => left <= right,
            Comparison::Gt => left > right,
            Comparison::Ge => left >= right,
        }
    }
}

impl Connective {
    /// The function on known truth values.
    pub fn apply(self, left: bool, right: bool) -> bool {
        match self {
            Connective::And => left & right,
            Connective::Or => left | right,
            Connective::Xor => left ^ right,
        }
    }
}

/// Truth values of an abstract scalar.
pub trait Logic: Clone + Debug {
    /// A truth value that does not depend on scalars.
    fn known(truth: Truth) -> Self;
    /// The truth value, where it is decided.
    fn decide(&self) -> Truth;
    /// A connective of two truth values.
    #[must_use]
    fn connect(&self, connective: Connective, other: &Self) -> Self;
    /// Negation.
    #[must_use]
    fn not(&self) -> Self;
}

impl Logic for bool {
    fn known(truth: Truth) -> Self {
        truth.unwrap_or(false)
    }
    fn decide(&self) -> Truth {
        Ok(*self)
    }
    fn connect(&self, connective: Connective, other: &Self) -> Self {
        connective.apply(*self, *other)
    }
    fn not(&self) -> Self {
        !*self
    }
}

impl Logic for Truth {
    fn known(truth: Truth) -> Self {
        truth
    }
    fn decide(&self) -> Truth {
        *self
    }
    fn connect(&self, connective: Connective, other: &Self) -> Self {
        Ok(connective.apply((*self)?, (*other)?))
    }
    fn not(&self) -> Self {
        self.map(|truth| !truth)
    }
}

/// A number that rules can compute with. All methods are total.
///
/// The lower half of the methods are readable names for the primitives; an instance implements
/// only the upper half.
pub trait Scalar: Clone + Debug {
    /// The truth values that comparisons yield.
    type Mask: Logic;
    /// What is needed to make a constant where no other scalar is at hand.
    type World: Clone;

    /// A constant as an element of `dtype`.
    fn constant(world: &Self::World, dtype: DType, value: &Constant) -> Self;
    /// A constant in the world, and of the dtype, of `self`.
    fn lit(&self, value: &Constant) -> Self;
    /// A value that nothing is known of.
    fn undefined(&self, reason: Undefined) -> Self;
    /// Applies a function of one number.
    #[must_use]
    fn unary(&self, function: Unary) -> Self;
    /// Applies a function of two numbers.
    #[must_use]
    fn binary(&self, function: Binary, other: &Self) -> Self;
    /// Compares two numbers.
    fn compare(&self, comparison: Comparison, other: &Self) -> Self::Mask;
    /// `yes` where the mask holds, `no` elsewhere; never looks at the other one's poison.
    fn select(mask: &Self::Mask, yes: &Self, no: &Self) -> Self;
    /// The value as an element of another float dtype.
    #[must_use]
    fn cast_float(&self, dtype: DType) -> Self;
    /// What an op of `dtype` yields once it has computed this value: for a half, the half next to it,
    /// where rounding exists. (Single and double precision round as they go, or not at all.)
    #[must_use]
    fn rounded(&self, _dtype: DType) -> Self {
        self.clone()
    }
    /// The value of `integer` as an element of float `dtype`.
    fn from_int(world: &Self::World, dtype: DType, integer: &Int) -> Self;
    /// The value as an element of integer `dtype`: truncated, saturating, NaN as 0.
    fn to_int(&self, dtype: DType) -> Int;
    /// The value without its derivative, where it carries one: what an op without derivative yields.
    #[must_use]
    fn detached(&self) -> Self {
        self.clone()
    }
    /// `self · factor + addend`, rounded once where rounding exists.
    #[must_use]
    fn fma(&self, factor: &Self, addend: &Self) -> Self {
        self.mul(factor).add(addend)
    }
    /// The sum of many terms, added in order.
    ///
    /// Enclosures override this with a bound that holds for every order of summation.
    fn sum_of(world: &Self::World, dtype: DType, terms: &mut dyn Iterator<Item = Self>) -> Self {
        let zero = || Self::constant(world, dtype, &Constant::integer(0));
        let Some(first) = terms.next() else {
            return zero();
        };
        terms.fold(first, |sum, term| sum.add(&term))
    }
    /// Σ aᵢ·bᵢ as a chain of fused multiply-adds that starts from zero, in order.
    fn dot_of(
        world: &Self::World,
        dtype: DType,
        pairs: &mut dyn Iterator<Item = (Self, Self)>,
    ) -> Self {
        let zero = Self::constant(world, dtype, &Constant::integer(0));
        pairs.fold(zero, |sum, (left, right)| left.fma(&right, &sum))
    }

    /// Σ x[i]·y[j] over the places `start + step` of both operands, as [`Scalar::dot_of`].
    ///
    /// The interpreter spends most of its time here, so that scalars may have a faster way.
    fn dot_at(
        world: &Self::World,
        dtype: DType,
        operands: [&[Self]; 2],
        start: [usize; 2],
        steps: &[[usize; 2]],
    ) -> Self {
        let [x, y] = operands;
        let pair = |step: &[usize; 2]| {
            let [i, j] = [start[0] + step[0], start[1] + step[1]];
            (x[i].clone(), y[j].clone())
        };
        Self::dot_of(world, dtype, &mut steps.iter().map(pair))
    }

    /// A small integer in the world of `self`.
    fn int(&self, value: i64) -> Self {
        self.lit(&Constant::integer(value))
    }
    /// A ratio of small integers in the world of `self`.
    fn ratio(&self, numerator: i64, denominator: i64) -> Self {
        self.lit(&Constant::ratio(numerator, denominator))
    }
    /// Sum.
    #[must_use]
    fn add(&self, other: &Self) -> Self {
        self.binary(Binary::Add, other)
    }
    /// Difference.
    #[must_use]
    fn sub(&self, other: &Self) -> Self {
        self.binary(Binary::Sub, other)
    }
    /// Product.
    #[must_use]
    fn mul(&self, other: &Self) -> Self {
        self.binary(Binary::Mul, other)
    }
    /// Quotient.
    #[must_use]
    fn div(&self, other: &Self) -> Self {
        self.binary(Binary::Div, other)
    }
    /// Larger of two.
    #[must_use]
    fn max(&self, other: &Self) -> Self {
        self.binary(Binary::Max, other)
    }
    /// Smaller of two.
    #[must_use]
    fn min(&self, other: &Self) -> Self {
        self.binary(Binary::Min, other)
    }
    /// `self` to the power of `exponent`.
    #[must_use]
    fn pow(&self, exponent: &Self) -> Self {
        self.binary(Binary::Pow, exponent)
    }
    /// −x.
    #[must_use]
    fn neg(&self) -> Self {
        self.unary(Unary::Neg)
    }
    /// |x|.
    #[must_use]
    fn abs(&self) -> Self {
        self.unary(Unary::Abs)
    }
    /// √x.
    #[must_use]
    fn sqrt(&self) -> Self {
        self.unary(Unary::Sqrt)
    }
    /// eˣ.
    #[must_use]
    fn exp(&self) -> Self {
        self.unary(Unary::Exp)
    }
    /// ln x.
    #[must_use]
    fn log(&self) -> Self {
        self.unary(Unary::Log)
    }
    /// ln(1 + x).
    #[must_use]
    fn log1p(&self) -> Self {
        self.unary(Unary::Log1p)
    }
    /// x·x.
    #[must_use]
    fn square(&self) -> Self {
        self.mul(self)
    }
    /// 1/x.
    #[must_use]
    fn recip(&self) -> Self {
        self.int(1).div(self)
    }
    /// The logistic function 1/(1 + e⁻ˣ).
    #[must_use]
    fn sigmoid(&self) -> Self {
        self.int(1).add(&self.neg().exp()).recip()
    }
    /// self > other.
    fn gt(&self, other: &Self) -> Self::Mask {
        self.compare(Comparison::Gt, other)
    }
    /// self < other.
    fn lt(&self, other: &Self) -> Self::Mask {
        self.compare(Comparison::Lt, other)
    }
    /// self = other.
    fn equals(&self, other: &Self) -> Self::Mask {
        self.compare(Comparison::Eq, other)
    }
}
