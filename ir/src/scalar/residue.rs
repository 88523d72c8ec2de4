//! Arithmetic modulo large primes, with transcendental functions as symbols.
//!
//! Rational numbers grow with each operation, so that exact arithmetic gives up on deep networks;
//! residues modulo a prime do not. An equation between rational functions of degree d that is false
//! holds at random elements of the field with p elements with a chance of at most d/p (Schwartz and
//! Zippel), and p is about 2⁶¹ here. Functions that are not rational are *keyed*, as in
//! [`Exact`](super::Exact): the value at an argument is a random element of the field that depends on
//! the function and the argument only. What is true whatever values they take is thus found true. The
//! identities that are kept besides are all true of the real functions, so that none makes a wrong
//! equation hold:
//!
//! - e^(a+b) = eᵃ·eᵇ. No field has a homomorphism from its sums to its products, but the residues
//!   modulo q and modulo p = 2q + 1 do together: gᵃ modulo p depends on a modulo q, where g is a
//!   square. So a number is its residues along a *chain* of primes, each one half of what precedes it.
//!   The identity holds inside of as many exponentials as the chain has steps but one; deeper down only
//!   e⁻ˣ = 1/eˣ is left.
//! - e^(c + n·ln a) = eᶜ·aⁿ, since a number remembers the logarithms that it is a sum of; ln 1/a = −ln a.
//! - sin² + cos² = 1; sinh, cosh and tanh by the exponential; the parity of odd and even functions;
//!   integer powers; expm1 x = eˣ − 1 and log1p x = ln(1 + x).
//!
//! Nothing is kept of roots: a field cannot tell the positive one from its opposite.
//!
//! A field has no order. So a number also knows an enclosure of its real value, which decides
//! comparisons, and with them the branch of a piecewise function whose equation is looked at. Numbers
//! are equal if they are in every field of the chain: if they are for all values of the symbols.

use super::extended::{Extended, Finite};
use super::{Binary, Comparison, Int, Interval, Logic, Scalar, Truth, Unary, Undefined};
use crate::constant::Constant;
use crate::dtype::DType;
use dashu::integer::{IBig, UBig};
use dashu::rational::RBig;
use std::cmp::Ordering;
use std::fmt;
use std::rc::Rc;

mod field;

pub use field::PRIMES;
use field::{LEVELS, keyed, mixed, odd};

/// A number modulo primes, with an enclosure of its real value, or why it is not known.
#[derive(Clone, Debug)]
pub struct Residue(Result<Extended<Element>, Undefined>);

/// A finite number.
#[derive(Clone, Debug)]
struct Element {
    residues: [u64; LEVELS],
    /// The logarithms that the number is a sum of, besides others, with how often; sorted.
    logs: Option<Rc<Logs>>,
    real: Interval,
}

type Logs = [(Atom, i32)];

/// A number that a logarithm was taken of.
type Atom = [u64; LEVELS];

/// Sums of more logarithms than this are not remembered.
const MAX_LOGS: usize = 16;

/// Exponents beyond this magnitude are refused, as in exact arithmetic.
const MAX_EXPONENT: i64 = 1 << 12;

type Known<T> = Result<T, Undefined>;

fn each(residue: impl Fn(usize) -> u64) -> [u64; LEVELS] {
    std::array::from_fn(residue)
}

fn integer(value: &IBig, level: usize) -> u64 {
    let p = IBig::from(PRIMES[level]);
    let rest: IBig = value % &p;
    let rest = if rest < IBig::ZERO { rest + p } else { rest };
    u64::try_from(rest).unwrap_or(0)
}

fn rational(value: &RBig) -> Known<[u64; LEVELS]> {
    let denominator = IBig::from(UBig::clone(value.denominator()));
    let mut residues = [0; LEVELS];
    for (level, residue) in residues.iter_mut().enumerate() {
        let (p, below) = (PRIMES[level], integer(&denominator, level));
        if below == 0 {
            return Err(Undefined("a denominator is a multiple of the prime"));
        }
        *residue = match below {
            1 => integer(value.numerator(), level),
            _ => field::mul(
                integer(value.numerator(), level),
                field::inverse(below, p),
                p,
            ),
        };
    }
    Ok(residues)
}

impl Element {
    fn rational(value: &RBig) -> Known<Element> {
        Ok(Element {
            residues: rational(value)?,
            logs: None,
            real: Interval::constant(&(), DType::F64, &Constant::rational(value.clone())),
        })
    }

    /// Whether this is the integer in every field.
    fn is(&self, value: i64) -> bool {
        let value = IBig::from(value);
        (0..LEVELS).all(|level| self.residues[level] == integer(&value, level))
    }

    /// The element with other residues, the logarithms of which are not known.
    fn with(&self, real: Interval, residue: impl Fn(usize, u64, u64) -> u64) -> Element {
        Element {
            residues: each(|level| residue(level, self.residues[level], PRIMES[level])),
            logs: None,
            real,
        }
    }

    fn neg(&self) -> Element {
        let negated = |logs: &Rc<Logs>| logs.iter().map(|(a, n)| (*a, -n)).collect();
        Element {
            logs: self.logs.as_ref().map(negated),
            ..self.with(self.real.unary(Unary::Neg), |_, x, p| field::neg(x, p))
        }
    }

    fn add(&self, other: &Element) -> Element {
        let real = self.real.binary(Binary::Add, &other.real);
        Element {
            logs: self.added_logs(other),
            ..self.with(real, |level, x, p| field::add(x, other.residues[level], p))
        }
    }

    fn added_logs(&self, other: &Element) -> Option<Rc<Logs>> {
        let (left, right) = match (&self.logs, &other.logs) {
            (Some(left), Some(right)) => (left, right),
            (logs, None) | (None, logs) => return logs.clone(),
        };
        let mut sum: Vec<(Atom, i32)> = left.to_vec();
        for (atom, times) in right.iter() {
            match sum.binary_search_by_key(atom, |(atom, _)| *atom) {
                Ok(at) => sum[at].1 += times,
                Err(at) => sum.insert(at, (*atom, *times)),
            }
        }
        sum.retain(|(_, times)| *times != 0);
        (!sum.is_empty() && sum.len() <= MAX_LOGS).then(|| sum.into())
    }

    fn mul(&self, other: &Element) -> Element {
        let real = self.real.binary(Binary::Mul, &other.real);
        let product = self.with(real, |level, x, p| field::mul(x, other.residues[level], p));
        let kept = [(self, other), (other, self)]
            .into_iter()
            .find_map(|(x, y)| {
                if x.is(1) {
                    Some(y.logs.clone())
                } else if x.is(-1) {
                    Some(y.neg().logs)
                } else {
                    None
                }
            });
        Element {
            logs: kept.flatten(),
            ..product
        }
    }

    fn recip(&self) -> Known<Element> {
        if self.residues.contains(&0) {
            return Err(Undefined("division by zero"));
        }
        let one = Interval::point(DType::F64, 1.0);
        let real = one.binary(Binary::Div, &self.real);
        Ok(self.with(real, |_, x, p| field::inverse(x, p)))
    }

    fn div(&self, other: &Element) -> Known<Element> {
        let real = self.real.binary(Binary::Div, &other.real);
        Ok(Element {
            real,
            ..self.mul(&other.recip()?)
        })
    }

    /// A keyed function of every residue.
    fn symbol(&self, function: Unary, symbol: impl Fn(u64, usize) -> u64) -> Element {
        self.with(self.real.unary(function), |level, x, _| symbol(x, level))
    }

    /// eˣ: of what is no logarithm a power of a keyed square, to the next residue of the chain; of the
    /// logarithms the numbers themselves.
    fn exp(&self) -> Element {
        let logs = self.logs.as_deref().unwrap_or_default();
        let rest = each(|level| {
            let p = PRIMES[level];
            logs.iter().fold(self.residues[level], |rest, (atom, n)| {
                let term = field::mul(keyed("log", atom[level], level), signed(-n, p), p);
                field::add(rest, term, p)
            })
        });
        self.with(self.real.unary(Unary::Exp), |level, _, p| {
            let power = match rest.get(level + 1) {
                Some(exponent) => field::pow(base(level), *exponent, p),
                None => last_exp(rest[level], level),
            };
            logs.iter().fold(power, |product, (atom, n)| {
                let factor = field::pow(atom[level], u64::from(n.unsigned_abs()), p);
                let factor = match *n < 0 {
                    true => field::inverse(factor, p),
                    false => factor,
                };
                field::mul(product, factor, p)
            })
        })
    }

    fn log(&self) -> Known<Element> {
        let zero = Interval::point(DType::F64, 0.0);
        if self.real.compare(Comparison::Gt, &zero).decide() != Ok(true) {
            return Err(Undefined("logarithm outside x > 0"));
        }
        let real = self.real.unary(Unary::Log);
        if self.is(1) {
            return Ok(self.with(real, |_, _, _| 0));
        }
        let inverse = self.recip()?.residues;
        let (atom, times) = match inverse < self.residues {
            true => (inverse, -1),
            false => (self.residues, 1),
        };
        Ok(Element {
            logs: Some(Rc::new([(atom, times)])),
            ..self.with(real, |level, _, p| {
                let symbol = keyed("log", atom[level], level);
                field::mul(symbol, signed(times, p), p)
            })
        })
    }

    fn sqrt(&self) -> Known<Element> {
        if is_negative(&self.real) == Ok(true) {
            return Err(Undefined("square root of a negative number"));
        }
        Ok(self.symbol(Unary::Sqrt, |x, level| keyed("sqrt", x, level)))
    }

    fn powi(&self, exponent: i64, real: Interval) -> Known<Element> {
        if exponent.abs() > MAX_EXPONENT {
            return Err(Undefined("the exponent is too large for exact arithmetic"));
        }
        let base = match exponent < 0 {
            true => self.recip()?,
            false => self.clone(),
        };
        Ok(base.with(real, |_, x, p| field::pow(x, exponent.unsigned_abs(), p)))
    }

    /// x^(⌊y⌋ + f) = x^⌊y⌋ · x^f, with x^f keyed.
    fn pow(&self, exponent: &Element) -> Known<Element> {
        let real = self.real.binary(Binary::Pow, &exponent.real);
        let below = whole(&exponent.real.unary(Unary::Floor))?;
        if exponent.is(below) {
            return self.powi(below, real);
        }
        let zero = Interval::point(DType::F64, 0.0);
        if self.real.compare(Comparison::Gt, &zero).decide() != Ok(true) {
            return Err(Undefined("a fractional power outside x > 0"));
        }
        let fraction = exponent.add(&Element::rational(&RBig::from(-below))?);
        let power = self.powi(below, real)?;
        Ok(power.with(real, |level, power, p| {
            let argument = mixed(self.residues[level]) ^ fraction.residues[level];
            field::mul(power, keyed("pow", argument, level), p)
        }))
    }

    /// The integer that a function rounds to.
    fn rounded(&self, function: Unary) -> Known<Element> {
        Element::rational(&RBig::from(whole(&self.real.unary(function))?))
    }

    /// (sin x, cos x) with sin² + cos² = 1, by the tangent of half the angle.
    fn circular(&self, function: Unary, value: impl Fn(u64, u64) -> u64) -> Element {
        self.symbol(function, |x, level| {
            let (p, tangent) = (PRIMES[level], odd("tan", x, level));
            // −1 is no square.
            let scale = field::inverse(field::add(1, field::mul(tangent, tangent, p), p), p);
            field::mul(value(tangent, p), scale, p)
        })
    }

    fn sin(&self) -> Element {
        self.circular(Unary::Sin, |tangent, p| field::add(tangent, tangent, p))
    }

    fn cos(&self) -> Element {
        self.circular(Unary::Cos, |tangent, p| {
            field::add(1, field::neg(field::mul(tangent, tangent, p), p), p)
        })
    }

    /// (eˣ − e⁻ˣ)/2 and (eˣ + e⁻ˣ)/2.
    fn hyperbolic(&self) -> Known<[Element; 2]> {
        let (up, half) = (self.exp(), Element::rational(&(RBig::ONE / RBig::from(2)))?);
        let down = up.recip()?;
        Ok([up.add(&down.neg()), up.add(&down)].map(|twice| twice.mul(&half)))
    }

    /// The element with the enclosure that a function has.
    fn enclosed(self, real: Interval) -> Element {
        Element { real, ..self }
    }

    fn unary(&self, function: Unary) -> Known<Element> {
        let one = || Element::rational(&RBig::ONE);
        let real = || self.real.unary(function);
        Ok(match function {
            Unary::Neg => self.neg(),
            Unary::Abs if is_negative(&self.real)? => self.neg(),
            Unary::Abs => self.clone(),
            Unary::Sqrt => self.sqrt()?,
            Unary::Exp => self.exp(),
            Unary::Expm1 => self.exp().add(&one()?.neg()).enclosed(real()),
            Unary::Log => self.log()?,
            Unary::Log1p => self.add(&one()?).log()?.enclosed(real()),
            Unary::Sin => self.sin(),
            Unary::Cos => self.cos(),
            Unary::Sinh => self.hyperbolic()?[0].clone().enclosed(real()),
            Unary::Cosh => self.hyperbolic()?[1].clone().enclosed(real()),
            Unary::Tanh => {
                let [sinh, cosh] = self.hyperbolic()?;
                sinh.div(&cosh)?.enclosed(real())
            }
            Unary::Erf => self.symbol(function, |x, level| odd("erf", x, level)),
            Unary::Floor | Unary::Ceil | Unary::Round => self.rounded(function)?,
        })
    }

    fn binary(&self, function: Binary, other: &Element) -> Known<Element> {
        let greater = || self.order(other).map(|order| order == Ordering::Greater);
        Ok(match function {
            Binary::Add => self.add(other),
            Binary::Sub => self.add(&other.neg()),
            Binary::Mul => self.mul(other),
            Binary::Div => self.div(other)?,
            Binary::Max if greater()? => self.clone(),
            Binary::Min if greater()? => other.clone(),
            Binary::Max => other.clone(),
            Binary::Min => self.clone(),
            Binary::Pow => self.pow(other)?,
            Binary::Rem | Binary::And | Binary::Or | Binary::Xor | Binary::Shl | Binary::Shr => {
                return Err(Undefined("only integers have this function"));
            }
        })
    }

    fn compares(&self, comparison: Comparison, other: &Element) -> Truth {
        let equal = self.residues == other.residues && !self.real.is_apart(&other.real);
        match comparison {
            Comparison::Eq => Ok(equal),
            Comparison::Ne => Ok(!equal),
            Comparison::Lt | Comparison::Le | Comparison::Gt | Comparison::Ge => {
                // Enclosures that touch decide some.
                let decided = self.real.compare(comparison, &other.real).decide();
                decided.or_else(|_| Ok(comparison.holds(&self.order(other)?, &Ordering::Equal)))
            }
        }
    }

    /// How two numbers compare, if their enclosures tell or they are equal.
    fn order(&self, other: &Element) -> Known<Ordering> {
        let holds = |comparison| self.real.compare(comparison, &other.real).decide() == Ok(true);
        if holds(Comparison::Lt) {
            Ok(Ordering::Less)
        } else if holds(Comparison::Gt) {
            Ok(Ordering::Greater)
        } else if self.residues == other.residues {
            Ok(Ordering::Equal)
        } else {
            Err(Undefined("the enclosures do not decide this comparison"))
        }
    }
}

impl Finite for Element {
    fn small(value: i64) -> Self {
        let whole = IBig::from(value);
        Element {
            residues: each(|level| integer(&whole, level)),
            logs: None,
            real: Interval::point(DType::F64, value as f64),
        }
    }
    fn sign(&self) -> Known<Ordering> {
        self.order(&Element::small(0))
    }
}

/// −x where x > 0 for a small integer.
fn signed(value: i32, p: u64) -> u64 {
    let magnitude = u64::from(value.unsigned_abs());
    if value < 0 {
        field::neg(magnitude, p)
    } else {
        magnitude
    }
}

/// The keyed square that exponentials are powers of.
fn base(level: usize) -> u64 {
    let root = keyed("exp", 0, level);
    field::mul(root, root, PRIMES[level])
}

/// eˣ where the chain ends: keyed, with e⁻ˣ = 1/eˣ.
fn last_exp(x: u64, level: usize) -> u64 {
    let (p, opposite) = (PRIMES[level], field::neg(x, PRIMES[level]));
    match x.cmp(&opposite) {
        Ordering::Equal => 1,
        Ordering::Less => keyed("exp", x, level),
        Ordering::Greater => field::inverse(keyed("exp", opposite, level), p),
    }
}

fn is_negative(real: &Interval) -> Truth {
    let zero = Interval::point(DType::F64, 0.0);
    real.compare(Comparison::Lt, &zero).decide()
}

/// The integer that is the only number in an enclosure.
fn whole(real: &Interval) -> Known<i64> {
    let int = Scalar::to_int(real, DType::I64).value?;
    if real.low == real.high && int as f64 == real.low {
        Ok(int)
    } else {
        Err(Undefined(
            "the enclosures do not decide to which integer to round",
        ))
    }
}

impl Residue {
    fn finite(element: Known<Element>) -> Self {
        Residue(element.map(Extended::Finite))
    }

    /// The sum of products of finite numbers, without making a number of each.
    fn products<'a>(
        pairs: impl Iterator<Item = (&'a Residue, &'a Residue)> + Clone,
    ) -> Option<Residue> {
        let finite = |(x, y): (&'a Residue, &'a Residue)| Some((x.element()?, y.element()?));
        let mut residues = [0; LEVELS];
        for pair in pairs.clone() {
            let (x, y) = finite(pair)?;
            for (level, sum) in residues.iter_mut().enumerate() {
                let p = PRIMES[level];
                *sum = field::add(*sum, field::mul(x.residues[level], y.residues[level], p), p);
            }
        }
        let reals = pairs.filter_map(finite).map(|(x, y)| (&x.real, &y.real));
        Some(Residue::finite(Ok(Element {
            residues,
            logs: None,
            real: Interval::dot(DType::F64, reals),
        })))
    }

    fn element(&self) -> Option<&Element> {
        match &self.0 {
            Ok(Extended::Finite(element)) => Some(element),
            Ok(Extended::Infinite { .. }) | Err(_) => None,
        }
    }

    /// The residue modulo the first prime.
    ///
    /// # Errors
    /// The value is not known or infinite.
    pub fn residue(&self) -> Result<u64, Undefined> {
        match self.0.as_ref().map_err(|reason| *reason)? {
            Extended::Finite(element) => Ok(element.residues[0]),
            Extended::Infinite { .. } => Err(Undefined("an infinity has no residue")),
        }
    }

    /// An enclosure of the real value.
    pub fn real(&self) -> Interval {
        match &self.0 {
            Ok(Extended::Finite(element)) => element.real,
            Ok(Extended::Infinite { negative }) => {
                let infinity = if *negative {
                    f64::NEG_INFINITY
                } else {
                    f64::INFINITY
                };
                Interval::point(DType::F64, infinity)
            }
            Err(_) => Interval::anything(DType::F64),
        }
    }
}

impl fmt::Display for Residue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Ok(Extended::Finite(element)) => {
                let middle = f64::midpoint(element.real.low, element.real.high);
                write!(f, "{} (about {middle:e})", element.residues[0])
            }
            Ok(Extended::Infinite { negative }) => {
                write!(f, "{}∞", if *negative { "-" } else { "" })
            }
            Err(Undefined(why)) => write!(f, "undefined ({why})"),
        }
    }
}

impl Scalar for Residue {
    type Mask = Truth;
    type World = ();

    fn constant((): &(), _dtype: DType, value: &Constant) -> Self {
        let real = Interval::constant(&(), DType::F64, value);
        match value {
            Constant::Real {
                factor,
                radicand,
                half_powers_of_pi,
            } => Residue::finite(Element::rational(factor).and_then(|factor| {
                let radical = match *radicand == RBig::ONE {
                    true => Element::small(1),
                    false => Element::rational(radicand)?.sqrt()?,
                };
                let pi =
                    Element::small(1).symbol(Unary::Sqrt, |one, level| keyed("pi", one, level));
                let power = pi.powi(i64::from(*half_powers_of_pi), real)?;
                Ok(factor.mul(&radical).mul(&power).enclosed(real))
            })),
            Constant::NegZero => Residue::finite(Ok(Element::small(0))),
            Constant::Infinity => Residue(Ok(Extended::Infinite { negative: false })),
            Constant::NegInfinity => Residue(Ok(Extended::Infinite { negative: true })),
            Constant::Nan => Residue(Err(Undefined("not a real number"))),
        }
    }
    fn lit(&self, value: &Constant) -> Self {
        Residue::constant(&(), DType::F64, value)
    }
    fn undefined(&self, reason: Undefined) -> Self {
        Residue(Err(reason))
    }
    fn unary(&self, function: Unary) -> Self {
        Residue(match &self.0 {
            Ok(Extended::Finite(x)) => x.unary(function).map(Extended::Finite),
            Ok(Extended::Infinite { negative }) => Extended::limit(function, *negative),
            Err(reason) => Err(*reason),
        })
    }
    fn binary(&self, function: Binary, other: &Self) -> Self {
        Residue(match (&self.0, &other.0) {
            (Ok(Extended::Finite(x)), Ok(Extended::Finite(y))) => {
                x.binary(function, y).map(Extended::Finite)
            }
            (Ok(x), Ok(y)) => Extended::limit_of(function, x, y),
            (Err(reason), _) | (_, Err(reason)) => Err(*reason),
        })
    }
    fn compare(&self, comparison: Comparison, other: &Self) -> Truth {
        match (&self.0, &other.0) {
            (Ok(Extended::Finite(x)), Ok(Extended::Finite(y))) => x.compares(comparison, y),
            (Ok(x), Ok(y)) => Extended::compares(comparison, x, y),
            (Err(reason), _) | (_, Err(reason)) => Err(*reason),
        }
    }
    fn select(mask: &Truth, yes: &Self, no: &Self) -> Self {
        match mask {
            Ok(true) => yes.clone(),
            Ok(false) => no.clone(),
            Err(reason) => Residue(Err(*reason)),
        }
    }
    fn cast_float(&self, _dtype: DType) -> Self {
        self.clone()
    }
    fn from_int((): &(), _dtype: DType, integer: &Int) -> Self {
        Residue::finite(integer.value.map(Element::small))
    }
    fn to_int(&self, dtype: DType) -> Int {
        Scalar::to_int(&self.real(), dtype)
    }
    fn dot_at(
        (): &(),
        dtype: DType,
        operands: [&[Self]; 2],
        start: [usize; 2],
        steps: &[[usize; 2]],
    ) -> Self {
        let [x, y] = operands;
        let pairs = steps
            .iter()
            .map(|[i, j]| (&x[start[0] + i], &y[start[1] + j]));
        Residue::products(pairs.clone()).unwrap_or_else(|| {
            let mut pairs = pairs.map(|(x, y)| (x.clone(), y.clone()));
            Residue::dot_of(&(), dtype, &mut pairs)
        })
    }
}

#[cfg(test)]
mod tests;
