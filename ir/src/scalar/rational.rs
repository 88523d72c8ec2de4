//! Numbers that are rational, or nothing.
//!
//! To a law any value of eˣ is as good as another, so that [`Exact`] and [`Residue`] draw one. To a reader who
//! asks what a graph computes it is a wrong number. A [`Rational`] is held as one of those two and has their
//! arithmetic, but functions have a value only where that is rational: √(9/4) is 3/2, e⁰ is 1, and of e¹ or
//! the constant π nothing is known.
//!
//! No other case is left out: the functions here but roots and powers take no rational number to a rational one,
//! save those that are listed (Lindemann and Weierstrass; for erf Siegel and Shidlovsky). But residues do not
//! always tell which number they are of.

use super::{Binary, Comparison, Exact, Extended, Int, Logic, Residue, Scalar, Unary, Undefined};
use crate::constant::Constant;
use crate::dtype::DType;
use dashu::base::Signed;
use dashu::integer::{IBig, UBig};
use dashu::rational::RBig;

/// Numbers that rational ones can be held as.
pub trait HoldsRational: Scalar<World = ()> {
    /// Whether this is a number, neither an infinity nor unknown.
    fn is_finite(&self) -> bool;
    /// Which rational number this is, where that can be told.
    fn known(&self) -> Option<RBig>;
}

impl HoldsRational for Exact {
    fn is_finite(&self) -> bool {
        self.known().is_some()
    }
    fn known(&self) -> Option<RBig> {
        match &self.0 {
            Ok(Extended::Finite(value)) => Some(value.clone()),
            Ok(Extended::Infinite { .. }) | Err(_) => None,
        }
    }
}

impl HoldsRational for Residue {
    fn is_finite(&self) -> bool {
        self.residue().is_ok()
    }
    /// The number that is alone in its enclosure, or 0 or 1, which residues tell.
    fn known(&self) -> Option<RBig> {
        let real = self.real();
        if real.low == real.high && self.is_finite() {
            return Constant::from_f64(real.low).as_rational();
        }
        let mut small = [0, 1].into_iter();
        let found = small.find(|value| self.equals(&self.int(*value)).decide() == Ok(true));
        found.map(RBig::from)
    }
}

/// A rational number or an infinity, held as an [`Exact`] or a [`Residue`], or why it is not known.
#[derive(Clone, Debug)]
pub struct Rational<S>(pub S);

const IRRATIONAL_CONSTANT: Undefined = Undefined("the constant is irrational");
const IRRATIONAL_ROOT: Undefined = Undefined("the root is irrational");
const UNKNOWN_EXPONENT: Undefined =
    Undefined("a power is known to be rational for known exponents");
const UNKNOWN_BASE: Undefined = Undefined("a root is known to be rational for known numbers");

/// Denominators of exponents beyond this are refused, so that roots stay cheap.
const MAX_ROOT: usize = 1 << 10;

/// Where a function takes a rational number to a rational one, and to which; or why there alone.
enum Rationality {
    /// Everywhere, by arithmetic.
    Everywhere,
    /// For perfect squares.
    Squares,
    /// At one number, to another one; the text says so.
    At(i64, i64, Undefined),
}

fn rationality(function: Unary) -> Rationality {
    let at = |x, y, why| Rationality::At(x, y, Undefined(why));
    match function {
        Unary::Neg | Unary::Abs | Unary::Floor | Unary::Ceil | Unary::Round => {
            Rationality::Everywhere
        }
        Unary::Sqrt => Rationality::Squares,
        Unary::Exp => at(0, 1, "eˣ is rational at x = 0 only"),
        Unary::Expm1 => at(0, 0, "eˣ − 1 is rational at x = 0 only"),
        Unary::Log => at(1, 0, "ln x is rational at x = 1 only"),
        Unary::Log1p => at(0, 0, "ln(1 + x) is rational at x = 0 only"),
        Unary::Sin => at(0, 0, "sin x is rational at x = 0 only"),
        Unary::Cos => at(0, 1, "cos x is rational at x = 0 only"),
        Unary::Sinh => at(0, 0, "sinh x is rational at x = 0 only"),
        Unary::Cosh => at(0, 1, "cosh x is rational at x = 0 only"),
        Unary::Tanh => at(0, 0, "tanh x is rational at x = 0 only"),
        Unary::Erf => at(0, 0, "erf x is rational at x = 0 only"),
    }
}

/// The root of a number that is not negative, if it is rational.
fn root(x: &RBig, degree: usize) -> Option<RBig> {
    let exact = |n: &UBig| Some(n.nth_root(degree)).filter(|root| root.pow(degree) == *n);
    let numerator = exact(&x.numerator().clone().into_parts().1)?;
    let denominator = exact(x.denominator())?;
    Some(RBig::from(IBig::from(numerator)) / RBig::from(IBig::from(denominator)))
}

impl<S: HoldsRational> Rational<S> {
    fn of(value: RBig) -> Self {
        Rational(S::constant(&(), DType::F64, &Constant::rational(value)))
    }

    /// A function of a number that has no place in the arithmetic of those that hold it.
    fn at(&self, value: &RBig, result: i64, why: Undefined) -> Self {
        match self.0.known() {
            Some(x) if x == *value => Rational::of(RBig::from(result)),
            Some(_) | None => self.undefined(why),
        }
    }

    fn sqrt(&self) -> Self {
        match self.0.known() {
            Some(x) if x.is_negative() => {
                self.undefined(Undefined("square root of a negative number"))
            }
            Some(x) => root(&x, 2).map_or_else(|| self.undefined(IRRATIONAL_ROOT), Rational::of),
            None => self.undefined(UNKNOWN_BASE),
        }
    }

    /// x^(p/q), which is the p-th power of the q-th root.
    fn pow(&self, exponent: &Self) -> Self {
        let Some(y) = exponent.0.known() else {
            return self.undefined(UNKNOWN_EXPONENT);
        };
        if y.is_int() {
            return Rational(self.0.binary(Binary::Pow, &exponent.0));
        }
        let Some(x) = self.0.known() else {
            return self.undefined(UNKNOWN_BASE);
        };
        if x.is_negative() {
            return self.undefined(Undefined("a fractional power outside x > 0"));
        }
        let degree = usize::try_from(y.denominator()).ok();
        let degree = degree.filter(|degree| *degree <= MAX_ROOT);
        match degree.and_then(|degree| root(&x, degree)) {
            Some(root) => {
                let times = Rational::<S>::of(RBig::from(y.numerator().clone()));
                Rational(Rational::<S>::of(root).0.binary(Binary::Pow, &times.0))
            }
            None => self.undefined(IRRATIONAL_ROOT),
        }
    }
}

impl<S: HoldsRational> Scalar for Rational<S> {
    type Mask = S::Mask;
    type World = ();

    fn constant((): &(), dtype: DType, value: &Constant) -> Self {
        let held = S::constant(&(), dtype, value);
        let is_real = matches!(value, Constant::Real { .. });
        match is_real && value.as_rational().is_none() {
            true => Rational(held.undefined(IRRATIONAL_CONSTANT)),
            false => Rational(held),
        }
    }
    fn lit(&self, value: &Constant) -> Self {
        Rational::constant(&(), DType::F64, value)
    }
    fn undefined(&self, reason: Undefined) -> Self {
        Rational(self.0.undefined(reason))
    }
    fn unary(&self, function: Unary) -> Self {
        let held = || Rational(self.0.unary(function));
        if !self.0.is_finite() {
            return held();
        }
        match rationality(function) {
            Rationality::Everywhere => held(),
            Rationality::Squares => self.sqrt(),
            Rationality::At(x, y, why) => self.at(&RBig::from(x), y, why),
        }
    }
    fn binary(&self, function: Binary, other: &Self) -> Self {
        let are_finite = self.0.is_finite() && other.0.is_finite();
        match function {
            Binary::Pow if are_finite => self.pow(other),
            Binary::Pow
            | Binary::Add
            | Binary::Sub
            | Binary::Mul
            | Binary::Div
            | Binary::Max
            | Binary::Min
            | Binary::Rem
            | Binary::And
            | Binary::Or
            | Binary::Xor
            | Binary::Shl
            | Binary::Shr => Rational(self.0.binary(function, &other.0)),
        }
    }
    fn compare(&self, comparison: Comparison, other: &Self) -> S::Mask {
        self.0.compare(comparison, &other.0)
    }
    fn select(mask: &S::Mask, yes: &Self, no: &Self) -> Self {
        Rational(S::select(mask, &yes.0, &no.0))
    }
    fn cast_float(&self, dtype: DType) -> Self {
        Rational(self.0.cast_float(dtype))
    }
    fn from_int((): &(), dtype: DType, integer: &Int) -> Self {
        Rational(S::from_int(&(), dtype, integer))
    }
    fn to_int(&self, dtype: DType) -> Int {
        self.0.to_int(dtype)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::PRIMES;

    fn exact(numerator: i64, denominator: i64) -> Rational<Exact> {
        Rational(Exact::rational(numerator, denominator))
    }

    fn prime(value: i64) -> Rational<Residue> {
        Rational(Residue::constant(
            &(),
            DType::F64,
            &Constant::integer(value),
        ))
    }

    #[test]
    fn functions_have_values_where_these_are_rational() {
        for function in Unary::ALL {
            let Rationality::At(x, y, why) = rationality(*function) else {
                continue;
            };
            let value = exact(x, 1).unary(*function);
            assert_eq!(value.0, Exact::integer(y), "{function:?}");
            let elsewhere = exact(x, 1).add(&exact(1, 4)).unary(*function);
            assert_eq!(elsewhere.0, Exact(Err(why)), "{function:?}");
            let residue = prime(x).unary(*function);
            assert_eq!(residue.0.residue(), Ok(y as u64), "{function:?}");
            assert_eq!(prime(x + 2).unary(*function).0.residue(), Err(why));
            // What is said of numbers is true of floats.
            let float = Scalar::unary(&(x as f64), *function);
            assert_eq!(float, y as f64, "{function:?}");
        }
    }

    #[test]
    fn roots_and_powers_of_squares_and_cubes_are_rational() {
        assert_eq!(exact(9, 4).sqrt().0, Exact::rational(3, 2));
        assert_eq!(exact(2, 1).sqrt().0, Exact(Err(IRRATIONAL_ROOT)));
        assert!(exact(-4, 1).sqrt().0.0.is_err());
        assert_eq!(exact(8, 27).pow(&exact(-2, 3)).0, Exact::rational(9, 4));
        assert_eq!(exact(-2, 3).pow(&exact(3, 1)).0, Exact::rational(-8, 27));
        assert!(exact(-8, 1).pow(&exact(1, 3)).0.0.is_err());
        assert_eq!(exact(0, 1).pow(&exact(1, 2)).0, Exact::integer(0));
        assert!(exact(0, 1).pow(&exact(-1, 2)).0.0.is_err());
        assert_eq!(prime(9).sqrt().0.residue(), Ok(3));
        assert_eq!(prime(3).pow(&prime(4)).0.residue(), Ok(81));
        assert_eq!(prime(8).sqrt().0.residue(), Err(IRRATIONAL_ROOT));
    }

    #[test]
    fn limits_and_constants_are_those_of_numbers() {
        let infinity = |constant| Rational::<Exact>::constant(&(), DType::F32, &constant);
        let least = infinity(Constant::NegInfinity);
        assert_eq!(least.exp().0, Exact::integer(0));
        assert_eq!(least.max(&exact(1, 3)).0, Exact::rational(1, 3));
        let pi = exact(1, 1).lit(&Constant::sqrt_half());
        assert_eq!(pi.0, Exact(Err(IRRATIONAL_CONSTANT)));
        assert!(exact(1, 1).lit(&Constant::Nan).0.0.is_err());
    }

    #[test]
    fn residues_are_those_of_fractions() {
        let third = prime(1).div(&prime(3));
        assert_eq!(third.mul(&prime(3)).0.residue(), Ok(1));
        assert_eq!(prime(-1).0.residue(), Ok(PRIMES[0] - 1));
        // 3·⅓ is known to be 1, though its enclosure holds other numbers.
        assert_eq!(third.mul(&prime(3)).log().0.residue(), Ok(0));
    }
}
