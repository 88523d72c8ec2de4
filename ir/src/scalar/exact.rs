//! Exact rational arithmetic, with transcendental functions as opaque symbols.
//!
//! A law that holds because of algebra alone holds whatever values eˣ or √x take, as long as the
//! same argument gives the same value. So each function is *keyed*: its value at an argument is a
//! small rational drawn from a hash of both. A few identities that rules rely on are kept:
//! e^(a+n/4) = eᵃ·e^(n/4) for integers n; e⁻ˣ = 1/eˣ (save at odd eighths); e^(c + ln x) = eᶜ·x at
//! quarters c, and ln eᶜ = c there; the parity of odd and even functions, √ of perfect squares,
//! integer powers, expm1 x = eˣ − 1, log1p x = ln(1 + x) and the definitions of sinh and cosh. An equality over ℚ that a keyed value makes true by accident
//! is excluded by repeating a check at several random points.

use super::extended::{Extended, Finite};
use super::{Binary, Comparison, Int, Scalar, Truth, Unary, Undefined};
use crate::constant::Constant;
use crate::dtype::DType;
use dashu::base::{Abs, BitTest, Gcd, Signed, SquareRoot};
use dashu::integer::{IBig, UBig};
use dashu::rational::RBig;
use rustc_hash::FxHasher;
use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

/// A rational number or an infinity, or why it is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exact(pub Result<Extended<RBig>, Undefined>);

/// Exponents beyond this magnitude are refused, so that numbers stay small.
const MAX_EXPONENT: i64 = 1 << 12;

/// Numbers with more bits in numerator and denominator than this are refused, which bounds the cost
/// of every operation.
const MAX_BITS: usize = 1 << 14;

impl Exact {
    /// An exact integer.
    pub fn integer(value: i64) -> Self {
        Exact::finite(RBig::from(value))
    }

    /// An exact ratio; the denominator must not be zero (zero reads as one).
    pub fn rational(numerator: i64, denominator: i64) -> Self {
        let ratio = Constant::ratio(numerator, denominator).as_rational();
        ratio.map_or(Exact(Err(Undefined("no ratio"))), Exact::finite)
    }

    fn finite(value: RBig) -> Self {
        Exact(Ok(Extended::Finite(value)))
    }

    /// The number, if it is one.
    fn number(&self) -> Result<&RBig, Undefined> {
        match &self.0 {
            Ok(Extended::Finite(value)) => Ok(value),
            Ok(Extended::Infinite { .. }) => Err(Undefined("not a real number")),
            Err(reason) => Err(*reason),
        }
    }
}

/// A number that is not too long.
fn checked(value: Result<RBig, Undefined>) -> Result<Extended<RBig>, Undefined> {
    let value = value?;
    let bits = value.numerator().bit_len() + value.denominator().bit_len();
    if bits <= MAX_BITS {
        Ok(Extended::Finite(value))
    } else {
        Err(Undefined("a number is too long for exact arithmetic"))
    }
}

impl Finite for RBig {
    fn small(value: i64) -> Self {
        RBig::from(value)
    }
    fn sign(&self) -> Result<Ordering, Undefined> {
        Ok(self.cmp(&RBig::ZERO))
    }
}

/// The symbol `name(argument)`: a rational in (0, 1] of small height that depends on both only.
fn keyed(name: &str, argument: &RBig) -> RBig {
    let mut hasher = FxHasher::default();
    name.hash(&mut hasher);
    argument.numerator().to_string().hash(&mut hasher);
    argument.denominator().to_string().hash(&mut hasher);
    let mut bits = hasher.finish();
    // One round of SplitMix64 finalisation: FxHash leaves its low bits poorly mixed.
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^= bits >> 31;
    let denominator = 64 + (bits & 63) as i64;
    let numerator = 1 + ((bits >> 8) % 64) as i64;
    RBig::from(numerator) / RBig::from(denominator)
}

fn one() -> RBig {
    RBig::ONE
}

/// The whole quarters of x, and what is left of it, in 0..¼.
fn quarters(x: &RBig) -> Result<(i64, RBig), Undefined> {
    let scaled = x * RBig::from(4);
    let whole = scaled.floor();
    let units = i64::try_from(&whole)
        .ok()
        .filter(|units| units.abs() <= MAX_EXPONENT)
        .ok_or(Undefined("the exponent is too large for exact arithmetic"))?;
    Ok((units, (scaled - RBig::from(whole)) / RBig::from(4)))
}

/// e^(n/4) = 2ⁿ. Between quarters stands the number whose logarithm the rest is, if there is one,
/// else a keyed factor κ; either way with e^(¼ − f) = 2/eᶠ, so that e⁻ˣ = 1/eˣ.
fn exp(x: &RBig) -> Result<RBig, Undefined> {
    let (units, rest) = quarters(x)?;
    let power = power_of(&RBig::from(2), units)?;
    let quarter = RBig::ONE / RBig::from(4);
    if rest == RBig::ZERO {
        return Ok(power);
    }
    let mirrored = quarter - &rest;
    let factor = match (unlog(&rest), unlog(&mirrored)) {
        (Some(number), _) => number,
        (None, Some(number)) => RBig::from(2) / number,
        (None, None) if rest <= mirrored => one() + keyed("exp", &rest),
        (None, None) => RBig::from(2) / (one() + keyed("exp", &mirrored)),
    };
    Ok(power * factor)
}

/// The n for which x = 2ⁿ.
fn power_of_two(x: &RBig) -> Option<i64> {
    let bits = |n: &UBig| {
        let zeros = n.trailing_zeros()?;
        (n.bit_len() == zeros + 1).then_some(zeros as i64)
    };
    Some(bits(&x.numerator().clone().into_parts().1)? - bits(x.denominator())?)
}

/// The logarithm of a positive number, an injective code that [`exp`] undoes: ln 2ⁿ = n/4, and
/// ln p/q = −ln q/p = 1/(p² + q + 4) for other p > q.
fn log(x: &RBig) -> Result<RBig, Undefined> {
    if *x <= RBig::ZERO {
        return Err(Undefined("logarithm outside x > 0"));
    }
    if let Some(exponent) = power_of_two(x) {
        return Ok(RBig::from(exponent) / RBig::from(4));
    }
    if *x < one() {
        return Ok(-log_above_one(&(one() / x)));
    }
    Ok(log_above_one(x))
}

fn log_above_one(x: &RBig) -> RBig {
    let (p, q) = (x.numerator(), IBig::from(x.denominator().clone()));
    one() / RBig::from(p * p + q + IBig::from(4))
}

/// The number other than a power of two whose [`log`] this is. No code reaches ⅛, so that at most
/// one of f and ¼ − f is one.
fn unlog(x: &RBig) -> Option<RBig> {
    if *x.numerator() != IBig::ONE || *x.denominator() <= UBig::from(8u8) {
        return None;
    }
    let code = x.denominator().clone() - UBig::from(4u8);
    let p = code.sqrt();
    let q = code - &p * &p;
    let proper = q > UBig::ZERO && q < p && (&p).gcd(&q) == UBig::ONE;
    let number = proper.then(|| RBig::from(IBig::from(p)) / RBig::from(IBig::from(q)))?;
    power_of_two(&number).is_none().then_some(number)
}

fn power_of(base: &RBig, exponent: i64) -> Result<RBig, Undefined> {
    if exponent.abs() > MAX_EXPONENT {
        return Err(Undefined("the exponent is too large for exact arithmetic"));
    }
    if exponent < 0 && *base == RBig::ZERO {
        return Err(Undefined("division by zero"));
    }
    let power = base.pow(exponent.unsigned_abs() as isize);
    Ok(if exponent < 0 { one() / power } else { power })
}

/// The exact root of a perfect square, else a keyed positive number.
fn sqrt(x: &RBig) -> Result<RBig, Undefined> {
    if x.is_negative() {
        return Err(Undefined("square root of a negative number"));
    }
    let root = |n: UBig| Some(n.sqrt()).filter(|root| root * root == n);
    let numerator = x.numerator().clone().into_parts().1;
    match (root(numerator), root(x.denominator().clone())) {
        (Some(p), Some(q)) => Ok(RBig::from(IBig::from(p)) / RBig::from(IBig::from(q))),
        (_, _) => Ok(keyed("sqrt", x)),
    }
}

/// A keyed function that is odd and vanishes at 0.
fn odd(name: &str, x: &RBig) -> RBig {
    if *x == RBig::ZERO {
        RBig::ZERO
    } else if x.is_negative() {
        -keyed(name, &-x.clone())
    } else {
        keyed(name, x)
    }
}

fn divide(x: &RBig, y: &RBig) -> Result<RBig, Undefined> {
    if *y == RBig::ZERO {
        Err(Undefined("division by zero"))
    } else {
        Ok(x / y)
    }
}

fn round_half_even(x: &RBig) -> RBig {
    let below = x.floor();
    let rest = x - RBig::from(below.clone());
    let half = one() / RBig::from(2);
    let odd = &below % IBig::from(2) != IBig::ZERO;
    let up = rest > half || (rest == half && odd);
    RBig::from(if up { below + IBig::ONE } else { below })
}

fn unary(function: Unary, x: &RBig) -> Result<RBig, Undefined> {
    let two = || RBig::from(2);
    match function {
        Unary::Neg => Ok(-x.clone()),
        Unary::Abs => Ok(x.clone().abs()),
        Unary::Sqrt => sqrt(x),
        Unary::Exp => exp(x),
        Unary::Expm1 => Ok(exp(x)? - one()),
        Unary::Log => log(x),
        Unary::Log1p => log(&(x + one())),
        Unary::Sin => Ok(odd("sin", x)),
        Unary::Cos if *x == RBig::ZERO => Ok(one()),
        Unary::Cos => Ok(keyed("cos", &x.clone().abs())),
        Unary::Sinh => Ok((exp(x)? - one() / exp(x)?) / two()),
        Unary::Cosh => Ok((exp(x)? + one() / exp(x)?) / two()),
        Unary::Tanh => Ok(odd("tanh", x)),
        Unary::Erf => Ok(odd("erf", x)),
        Unary::Floor => Ok(RBig::from(x.floor())),
        Unary::Ceil => Ok(RBig::from(x.ceil())),
        Unary::Round => Ok(round_half_even(x)),
    }
}

fn binary(function: Binary, x: &RBig, y: &RBig) -> Result<RBig, Undefined> {
    match function {
        Binary::Add => Ok(x + y),
        Binary::Sub => Ok(x - y),
        Binary::Mul => Ok(x * y),
        Binary::Div => divide(x, y),
        Binary::Max => Ok(x.max(y).clone()),
        Binary::Min => Ok(x.min(y).clone()),
        Binary::Pow => pow(x, y),
        Binary::Rem | Binary::And | Binary::Or | Binary::Xor | Binary::Shl | Binary::Shr => {
            Err(Undefined("only integers have this function"))
        }
    }
}

fn pow(x: &RBig, y: &RBig) -> Result<RBig, Undefined> {
    if y.is_int() {
        let exponent = i64::try_from(y.trunc());
        return power_of(
            x,
            exponent.map_err(|_| Undefined("the exponent is too large"))?,
        );
    }
    if *x <= RBig::ZERO {
        return Err(Undefined("a fractional power outside x > 0"));
    }
    // x^(⌊y⌋ + f) = x^⌊y⌋ · x^f, with x^f keyed.
    let whole = y.floor();
    let fraction = y - RBig::from(whole.clone());
    let exponent = i64::try_from(whole).map_err(|_| Undefined("the exponent is too large"))?;
    let scaled = x * RBig::from(1009) + fraction;
    Ok(power_of(x, exponent)? * keyed("pow", &scaled))
}

impl Scalar for Exact {
    type Mask = Truth;
    type World = ();

    fn constant((): &(), _dtype: DType, value: &Constant) -> Self {
        match value {
            Constant::Real {
                factor,
                radicand,
                half_powers_of_pi,
            } => {
                let mut value = factor.clone();
                if *radicand != RBig::ONE {
                    value *= keyed("root", radicand);
                }
                let root_of_pi = keyed("root of pi", &RBig::ONE);
                for _ in 0..half_powers_of_pi.unsigned_abs() {
                    let up = *half_powers_of_pi > 0;
                    value = if up {
                        value * &root_of_pi
                    } else {
                        value / &root_of_pi
                    };
                }
                Exact::finite(value)
            }
            Constant::NegZero => Exact::finite(RBig::ZERO),
            Constant::Infinity => Exact(Ok(Extended::Infinite { negative: false })),
            Constant::NegInfinity => Exact(Ok(Extended::Infinite { negative: true })),
            Constant::Nan => Exact(Err(Undefined("not a real number"))),
        }
    }
    fn lit(&self, value: &Constant) -> Self {
        Exact::constant(&(), DType::F64, value)
    }
    fn undefined(&self, reason: Undefined) -> Self {
        Exact(Err(reason))
    }
    fn unary(&self, function: Unary) -> Self {
        Exact(match &self.0 {
            Ok(Extended::Finite(x)) => checked(unary(function, x)),
            Ok(Extended::Infinite { negative }) => Extended::limit(function, *negative),
            Err(reason) => Err(*reason),
        })
    }
    fn binary(&self, function: Binary, other: &Self) -> Self {
        Exact(match (&self.0, &other.0) {
            (Ok(Extended::Finite(x)), Ok(Extended::Finite(y))) => checked(binary(function, x, y)),
            (Ok(x), Ok(y)) => Extended::limit_of(function, x, y),
            (Err(reason), _) | (_, Err(reason)) => Err(*reason),
        })
    }
    fn compare(&self, comparison: Comparison, other: &Self) -> Truth {
        match (&self.0, &other.0) {
            (Ok(Extended::Finite(x)), Ok(Extended::Finite(y))) => Ok(comparison.holds(x, y)),
            (Ok(x), Ok(y)) => Extended::compares(comparison, x, y),
            (Err(reason), _) | (_, Err(reason)) => Err(*reason),
        }
    }
    fn select(mask: &Truth, yes: &Self, no: &Self) -> Self {
        match mask {
            Ok(true) => yes.clone(),
            Ok(false) => no.clone(),
            Err(reason) => Exact(Err(*reason)),
        }
    }
    fn cast_float(&self, _dtype: DType) -> Self {
        // Rounding is a matter of floats; the linear map that a cast stands for is the identity.
        self.clone()
    }
    fn from_int((): &(), _dtype: DType, integer: &Int) -> Self {
        Exact(
            integer
                .value
                .map(|value| Extended::Finite(RBig::from(value))),
        )
    }
    fn to_int(&self, dtype: DType) -> Int {
        let truncated = self.number().and_then(|x| {
            i64::try_from(x.trunc()).map_err(|_| Undefined("beyond the range of integers"))
        });
        match (truncated, dtype.integer_range()) {
            (Ok(value), Some((low, high))) => Int::new(dtype, value.clamp(low, high)),
            (Ok(value), None) => Int::new(dtype, value),
            (Err(reason), _) => Int::unknown(dtype, reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_a_homomorphism_on_quarters() {
        let exp = |n| Exact::rational(n, 4).exp();
        for (a, b) in [(1, 2), (-3, 3), (-5, 2), (7, -9)] {
            assert_eq!(exp(a).mul(&exp(b)), exp(a + b));
        }
        let x = Exact::rational(1, 3);
        assert_eq!(x.add(&Exact::rational(5, 2)).exp(), x.exp().mul(&exp(10)));
    }

    #[test]
    fn exp_of_the_opposite_is_the_reciprocal() {
        for (p, q) in [
            (1, 3),
            (-2, 7),
            (5, 11),
            (17, 5),
            (1, 4),
            (3, 2),
            (1, 15),
            (-1, 10),
        ] {
            let x = Exact::rational(p, q);
            assert_eq!(x.neg().exp(), x.exp().recip(), "{p}/{q}");
        }
    }

    #[test]
    fn exp_undoes_log() {
        for (p, q) in [
            (3, 1),
            (1, 3),
            (3, 2),
            (2, 3),
            (1025, 1024),
            (17, 19),
            (8, 1),
            (1, 2),
        ] {
            let x = Exact::rational(p, q);
            assert_eq!(x.log().exp(), x, "{p}/{q}");
            let quotient = Exact::rational(-5, 2).sub(&x.log()).exp();
            assert_eq!(quotient, Exact::rational(-5, 2).exp().div(&x), "{p}/{q}");
            assert_eq!(x.recip().log(), x.log().neg());
        }
        assert_eq!(Exact::rational(-7, 2).exp().log(), Exact::rational(-7, 2));
        assert_eq!(Exact::integer(1).log(), Exact::integer(0));
    }

    #[test]
    fn long_numbers_are_refused() {
        let mut x = Exact::rational(3, 7);
        for _ in 0..20 {
            x = x.square();
        }
        assert!(x.0.is_err());
    }

    #[test]
    fn symbols_depend_on_their_argument_only() {
        let x = Exact::rational(3, 7);
        assert_eq!(
            x.unary(Unary::Sin),
            Exact::rational(6, 14).unary(Unary::Sin)
        );
        assert_ne!(x.unary(Unary::Sin), Exact::rational(4, 7).unary(Unary::Sin));
        assert_eq!(x.unary(Unary::Sin).neg(), x.neg().unary(Unary::Sin));
    }

    #[test]
    fn what_is_undefined_poisons() {
        let bad = Exact::integer(1).div(&Exact::integer(0));
        assert_eq!(bad.0, Err(Undefined("division by zero")));
        assert_eq!(bad.add(&Exact::integer(1)).0, bad.0);
        let guarded = Exact::select(&Ok(false), &bad, &Exact::integer(4));
        assert_eq!(guarded, Exact::integer(4));
    }
}
