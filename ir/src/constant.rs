//! Symbolic constants.
//!
//! Rules name their constants exactly (`√(2/π)`, `2/√π`, `44715/1000000`), so that each reading of
//! a rule makes its own of them: a float rounds once, exact arithmetic keeps the symbol.

use crate::dtype::DType;
use dashu::base::{Abs, Sign};
use dashu::integer::IBig;
use dashu::rational::RBig;
use std::cmp::Ordering;
use std::fmt;

/// A real number of the form q · √r · π^(k/2), or one of the IEEE values that are no real number.
///
/// The form is closed under products, and covers every constant that the op table needs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Constant {
    /// q · √r · π^(k/2) with r > 0.
    Real {
        /// The rational factor q.
        factor: RBig,
        /// The radicand r; 1 when there is no root.
        radicand: RBig,
        /// k, the power of √π.
        half_powers_of_pi: i32,
    },
    /// +∞ of the floats.
    Infinity,
    /// −∞ of the floats.
    NegInfinity,
    /// The quiet NaN of the floats.
    Nan,
    /// −0 of the floats, which a rational cannot express.
    NegZero,
}

impl Constant {
    /// An integer.
    pub fn integer(value: i64) -> Self {
        Constant::rational(RBig::from(value))
    }

    /// An exact rational.
    pub fn rational(value: RBig) -> Self {
        Constant::Real {
            factor: value,
            radicand: RBig::ONE,
            half_powers_of_pi: 0,
        }
    }

    /// The quotient of two integers; the denominator must not be zero (zero reads as one).
    pub fn ratio(numerator: i64, denominator: i64) -> Self {
        let denominator = if denominator == 0 { 1 } else { denominator };
        Constant::rational(RBig::from(numerator) / RBig::from(denominator))
    }

    /// Exactly the stored value of a float.
    pub fn from_f64(value: f64) -> Self {
        if value.is_nan() {
            return Constant::Nan;
        }
        if value == 0.0 && value.is_sign_negative() {
            return Constant::NegZero;
        }
        match RBig::try_from(value) {
            Ok(exact) => Constant::rational(exact),
            Err(_) if value > 0.0 => Constant::Infinity,
            Err(_) => Constant::NegInfinity,
        }
    }

    /// 2√(2/π), of the tanh form of gelu.
    pub fn two_sqrt_two_over_pi() -> Self {
        Constant::Real {
            factor: RBig::from(2),
            radicand: RBig::from(2),
            half_powers_of_pi: -1,
        }
    }

    /// 2/√π, of the derivative of erf.
    pub fn two_over_sqrt_pi() -> Self {
        Constant::Real {
            factor: RBig::from(2),
            radicand: RBig::ONE,
            half_powers_of_pi: -1,
        }
    }

    /// 1/√2.
    pub fn sqrt_half() -> Self {
        let half = RBig::ONE / RBig::from(2);
        Constant::Real {
            factor: RBig::ONE,
            radicand: half,
            half_powers_of_pi: 0,
        }
    }

    /// 1/√(2π), the height of the normal density.
    pub fn inverse_sqrt_two_pi() -> Self {
        let half = RBig::ONE / RBig::from(2);
        Constant::Real {
            factor: RBig::ONE,
            radicand: half,
            half_powers_of_pi: -1,
        }
    }

    /// The value as an exact rational, if it is one.
    pub fn as_rational(&self) -> Option<RBig> {
        match self {
            Constant::Real {
                factor,
                radicand,
                half_powers_of_pi,
            } => (*half_powers_of_pi == 0 && *radicand == RBig::ONE || *factor == RBig::ZERO)
                .then(|| factor.clone()),
            Constant::NegZero => Some(RBig::ZERO),
            Constant::Infinity | Constant::NegInfinity | Constant::Nan => None,
        }
    }

    /// The value as an integer, if it is one that fits.
    pub fn as_i64(&self) -> Option<i64> {
        let rational = self.as_rational()?;
        if !rational.is_int() {
            return None;
        }
        i64::try_from(rational.trunc()).ok()
    }

    /// Whether this is the number zero (of either sign).
    pub fn is_zero(&self) -> bool {
        self.as_rational().is_some_and(|value| value == RBig::ZERO)
    }

    /// Whether this is the number one.
    pub fn is_one(&self) -> bool {
        self.as_rational().is_some_and(|value| value == RBig::ONE)
    }

    /// Whether this is a number greater than zero.
    pub fn is_positive(&self) -> bool {
        match self {
            Constant::Real { factor, .. } => *factor > RBig::ZERO,
            Constant::Infinity => true,
            Constant::NegInfinity | Constant::Nan | Constant::NegZero => false,
        }
    }

    /// The nearest f64, correctly rounded.
    pub fn to_f64(&self) -> f64 {
        match self {
            Constant::Real {
                factor,
                radicand,
                half_powers_of_pi,
            } => {
                if *radicand == RBig::ONE && *half_powers_of_pi == 0 {
                    return factor.to_f64().value();
                }
                // The square of the constant is rational up to a power of π: round it in 200 bits.
                real_with_root(factor, radicand, *half_powers_of_pi)
            }
            Constant::Infinity => f64::INFINITY,
            Constant::NegInfinity => f64::NEG_INFINITY,
            Constant::Nan => f64::NAN,
            Constant::NegZero => -0.0,
        }
    }

    /// The f64 that is exactly this constant, where that takes no arithmetic to see: a numerator below
    /// 2⁵³ over a power of two. Points at which graphs are evaluated are of such numbers.
    pub(crate) fn small_dyadic(&self) -> Option<f64> {
        let Constant::Real {
            factor,
            radicand,
            half_powers_of_pi: 0,
        } = self
        else {
            return None;
        };
        let numerator = i64::try_from(factor.numerator()).ok()?;
        let denominator = u64::try_from(factor.denominator()).ok()?;
        let small = numerator.unsigned_abs() < 1 << 53 && denominator.is_power_of_two();
        (small && radicand.is_one()).then(|| numerator as f64 / denominator as f64)
    }

    /// The nearest f32, rounded once from the exact value where that is rational.
    pub fn to_f32(&self) -> f32 {
        match self {
            Constant::Real {
                factor,
                radicand,
                half_powers_of_pi,
            } if *radicand == RBig::ONE && *half_powers_of_pi == 0 => factor.to_f32().value(),
            Constant::Real { .. } => self.to_f64() as f32,
            Constant::Infinity => f32::INFINITY,
            Constant::NegInfinity => f32::NEG_INFINITY,
            Constant::Nan => f32::NAN,
            Constant::NegZero => -0.0,
        }
    }

    /// The shortest decimal that is exactly this number, such as `1e-8`, if it is that of a float.
    pub fn decimal(&self) -> Option<String> {
        let exact = self.as_rational()?;
        if exact.is_int() && self.as_i64().is_some() {
            return Some(exact.to_string());
        }
        let float = exact.to_f64().value();
        let text = format!("{float:?}");
        let digits = text.strip_prefix('-').unwrap_or(&text);
        let read = parse_decimal(digits)?;
        let read = if float < 0.0 { -read } else { read };
        (read == exact).then_some(text)
    }

    /// The nearest number of a float dtype, rounded once from the exact value where that is rational;
    /// for other dtypes the nearest f64.
    pub fn to_float(&self, dtype: DType) -> f64 {
        match (dtype, dtype.half()) {
            (_, Some(half)) => {
                let double = self.to_f64();
                half.round_near(double, self.compare_with(double))
            }
            (DType::F32, None) => f64::from(self.to_f32()),
            (_, None) => self.to_f64(),
        }
    }

    /// The constant as an element of a dtype: the nearest number that a float dtype has; others keep it.
    #[must_use]
    pub fn stored(&self, dtype: DType) -> Self {
        match dtype {
            DType::F16 | DType::Bf16 | DType::F32 | DType::F64 => {
                Constant::from_f64(self.to_float(dtype))
            }
            DType::Bool | DType::I32 | DType::I64 | DType::U32 => match self {
                Constant::NegZero => Constant::integer(0),
                Constant::Real { .. }
                | Constant::Infinity
                | Constant::NegInfinity
                | Constant::Nan => self.clone(),
            },
        }
    }

    /// How a rational constant compares with a number; equal where that is not known.
    fn compare_with(&self, number: f64) -> Ordering {
        match (self, RBig::try_from(number)) {
            (
                Constant::Real {
                    factor,
                    radicand,
                    half_powers_of_pi: 0,
                },
                Ok(number),
            ) if *radicand == RBig::ONE => factor.cmp(&number),
            (_, _) => Ordering::Equal,
        }
    }

    /// −c.
    #[must_use]
    pub fn neg(&self) -> Self {
        match self {
            Constant::Real { factor, .. } if *factor == RBig::ZERO => Constant::NegZero,
            Constant::Real {
                factor,
                radicand,
                half_powers_of_pi,
            } => Constant::Real {
                factor: -factor.clone(),
                radicand: radicand.clone(),
                half_powers_of_pi: *half_powers_of_pi,
            },
            Constant::Infinity => Constant::NegInfinity,
            Constant::NegInfinity => Constant::Infinity,
            Constant::Nan => Constant::Nan,
            Constant::NegZero => Constant::integer(0),
        }
    }
}

/// π to 60 decimal digits (OEIS A000796).
const PI_DIGITS: &str = "314159265358979323846264338327950288419716939937510582097494";

fn real_with_root(factor: &RBig, radicand: &RBig, half_powers_of_pi: i32) -> f64 {
    let digits: IBig = PI_DIGITS.parse().unwrap_or(IBig::ZERO);
    let pi = RBig::from(digits) / RBig::from(IBig::from(10).pow(59));
    let mut square = factor.clone() * factor.clone() * radicand.clone();
    for _ in 0..half_powers_of_pi.unsigned_abs() {
        square = if half_powers_of_pi > 0 {
            square * &pi
        } else {
            square / &pi
        };
    }
    let (numerator, denominator) = square.into_parts();
    // √(n/d) = √(n·d·4ˢ) / (d·2ˢ): an integer root with some 200 significant bits.
    let shift = 200usize;
    let denominator = IBig::from(denominator);
    let scaled: IBig = (numerator * &denominator).abs() << (2 * shift);
    let root = IBig::from(dashu::base::SquareRoot::sqrt(&scaled.unsigned_abs_value()));
    let magnitude = RBig::from(root) / RBig::from(denominator << shift);
    let value = magnitude.to_f64().value();
    if factor.sign() == Sign::Negative {
        -value
    } else {
        value
    }
}

/// The absolute value of a big integer as an unsigned one.
trait UnsignedAbsValue {
    fn unsigned_abs_value(&self) -> dashu::integer::UBig;
}

impl UnsignedAbsValue for IBig {
    fn unsigned_abs_value(&self) -> dashu::integer::UBig {
        self.clone().into_parts().1
    }
}

impl From<i64> for Constant {
    fn from(value: i64) -> Self {
        Constant::integer(value)
    }
}

impl fmt::Display for Constant {
    /// Exact text: decimal where the value has a short one, else `p/q`, with `√` and `π` factors.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Constant::Real {
                factor,
                radicand,
                half_powers_of_pi,
            } => {
                write!(f, "{factor}")?;
                if *radicand != RBig::ONE {
                    write!(f, "·√({radicand})")?;
                }
                if *half_powers_of_pi != 0 {
                    write!(f, "·π^({half_powers_of_pi}/2)")?;
                }
                Ok(())
            }
            Constant::Infinity => f.write_str("inf"),
            Constant::NegInfinity => f.write_str("-inf"),
            Constant::Nan => f.write_str("nan"),
            Constant::NegZero => f.write_str("-0"),
        }
    }
}

/// The exact rational that a decimal literal such as `1.5e-3` denotes.
///
/// Returns `None` when the text is no decimal number or its exponent is beyond ±400 (which no
/// dtype can hold).
pub fn parse_decimal(text: &str) -> Option<RBig> {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], text[at + 1..].parse::<i64>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.len() > 1000 || whole.len() > 1000 {
        return None;
    }
    if !whole
        .bytes()
        .chain(fraction.bytes())
        .all(|byte| byte.is_ascii_digit())
    {
        return None;
    }
    let digits: IBig = format!("0{whole}{fraction}").parse().ok()?;
    let exponent = exponent.checked_sub(fraction.len() as i64)?;
    if exponent.abs() > 1400 {
        return (digits == IBig::ZERO).then_some(RBig::ZERO);
    }
    let power = RBig::from(IBig::from(10).pow(exponent.unsigned_abs() as usize));
    let value = RBig::from(digits);
    Some(if exponent < 0 {
        value / power
    } else {
        value * power
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_round_to_the_nearest_float() {
        assert_eq!(
            Constant::two_over_sqrt_pi().to_f64(),
            std::f64::consts::FRAC_2_SQRT_PI
        );
        assert_eq!(
            Constant::sqrt_half().to_f64(),
            std::f64::consts::FRAC_1_SQRT_2
        );
        // 0.79788456080286535587989211986876373… (√(2/π)).
        assert_eq!(
            Constant::two_sqrt_two_over_pi().to_f64(),
            2.0 * 0.797_884_560_802_865_4
        );
        assert_eq!(
            Constant::inverse_sqrt_two_pi().to_f64(),
            0.398_942_280_401_432_7
        );
        assert_eq!(Constant::ratio(1, 10).to_f32(), 0.1);
    }

    #[test]
    fn constants_round_once_to_halves() {
        // A hair above the middle between two neighbours of bf16, by less than an f64 can tell.
        let hair = Constant::Real {
            factor: RBig::from(257) / RBig::from(256) + RBig::ONE / RBig::from(1u64 << 63),
            radicand: RBig::ONE,
            half_powers_of_pi: 0,
        };
        assert_eq!(hair.to_f64(), 257.0 / 256.0);
        assert_eq!(hair.to_float(DType::Bf16), 1.0 + 1.0 / 128.0);
        assert_eq!(hair.neg().to_float(DType::Bf16), -1.0 - 1.0 / 128.0);
        assert_eq!(Constant::ratio(257, 256).to_float(DType::Bf16), 1.0);
        assert_eq!(
            Constant::ratio(1, 10).to_float(DType::F16),
            0.099_975_585_937_5
        );
        assert_eq!(
            Constant::integer(70_000).to_float(DType::F16),
            f64::INFINITY
        );
    }

    #[test]
    fn constants_are_equal_where_they_are_stored_alike() {
        // As the rule of tanh-`gelu` writes it, and as a graph of f32 has it.
        let (written, read) = (
            Constant::ratio(44_715, 1_000_000),
            Constant::from_f64(f64::from(0.044_715f32)),
        );
        assert_ne!(written, read);
        assert_eq!(written.stored(DType::F32), read);
        assert_ne!(written.stored(DType::F64), read);
        let root = Constant::sqrt_half();
        assert_eq!(
            root.stored(DType::F64),
            Constant::from_f64(std::f64::consts::FRAC_1_SQRT_2)
        );
        assert_eq!(Constant::NegZero.stored(DType::I32), Constant::integer(0));
        assert_eq!(Constant::NegZero.stored(DType::F32), Constant::NegZero);
    }

    #[test]
    fn floats_are_kept_exactly() {
        for value in [0.1, -3.5, 1e-310, f64::MAX, 5e-324, 0.0, -0.0] {
            assert_eq!(
                Constant::from_f64(value).to_f64().to_bits(),
                value.to_bits()
            );
        }
        assert!(Constant::from_f64(f64::NAN).to_f64().is_nan());
        assert_eq!(Constant::from_f64(f64::NEG_INFINITY), Constant::NegInfinity);
    }

    #[test]
    fn numbers_are_told_as_short_decimals_where_these_are_exact() {
        let decimal = |numerator, denominator| Constant::ratio(numerator, denominator).decimal();
        assert_eq!(decimal(1, 100_000_000).as_deref(), Some("1e-8"));
        assert_eq!(decimal(-3, 2).as_deref(), Some("-1.5"));
        assert_eq!(decimal(7, 1).as_deref(), Some("7"));
        assert_eq!(decimal(1, 3), None);
        assert_eq!(Constant::Infinity.decimal(), None);
        let huge = parse_decimal("3.5e38").map(Constant::rational);
        assert_eq!(
            huge.and_then(|huge| huge.decimal()).as_deref(),
            Some("3.5e38")
        );
    }

    #[test]
    fn decimals_are_exact() {
        assert_eq!(parse_decimal("0.1"), Some(RBig::ONE / RBig::from(10)));
        assert_eq!(parse_decimal("1.5e2"), Some(RBig::from(150)));
        assert_eq!(parse_decimal("1e"), None);
        assert_eq!(parse_decimal("."), None);
        assert_eq!(parse_decimal("1e999999999"), None);
    }
}
