//! Balls: real numbers to within a radius, of some two hundred digits.
//!
//! An [`Interval`](super::Interval) in double precision knows 16 digits, of which each layer of a deep network
//! takes some away. A ball knows 230: its middle is a float of 768 bits and its radius bounds all that is
//! not known of the number (van der Hoeven, "Ball arithmetic", 2009; Johansson, "Arb", IEEE Transactions on
//! Computers 2017). Functions are computed in ball arithmetic themselves, so that their rounding is bounded as they
//! go; what a series leaves out is added.

mod float;
mod functions;
#[cfg(test)]
mod tests;

use super::Interval;
use crate::constant::Constant;
use crate::dtype::DType;
use dashu::base::{BitTest, PowerOfTwo, Sign};
use dashu::integer::UBig;
use dashu::rational::RBig;
use float::{Cut, Float};
use std::cmp::Ordering;

/// A finite real number to within a radius.
#[derive(Clone, Copy, Debug)]
pub struct Ball {
    middle: Float,
    radius: f64,
}

/// A magnitude beyond 2 to the power of this is no ball, and one that is as small is 0.
const MAX_EXPONENT: i32 = 900;

/// A bound of a radius that was computed with few roundings.
fn up(radius: f64) -> f64 {
    match radius == 0.0 {
        true => 0.0,
        false => radius * (1.0 + 1e-14) + f64::MIN_POSITIVE,
    }
}

/// A bound of a product of radii, which is 0 only where one of them is.
fn product(x: f64, y: f64) -> f64 {
    match x == 0.0 || y == 0.0 {
        true => 0.0,
        false => up(x * y),
    }
}

/// The words of an integer, the last one first.
fn words(value: &UBig) -> Vec<u64> {
    let bytes = value.to_le_bytes();
    let word = |bytes: &[u8]| {
        bytes
            .iter()
            .rev()
            .fold(0, |word, byte| word << 8 | u64::from(*byte))
    };
    bytes.chunks(8).map(word).collect()
}

impl Ball {
    /// Zero.
    pub const ZERO: Ball = Ball {
        middle: Float::ZERO,
        radius: 0.0,
    };

    /// What is cut off makes a radius; `None` beyond the range.
    fn of((middle, error): Cut, radius: f64) -> Option<Ball> {
        let radius = up(radius + error);
        let in_range = middle.exponent() <= MAX_EXPONENT && radius.is_finite();
        let is_tiny = !middle.is_zero() && middle.exponent() < -MAX_EXPONENT;
        in_range.then(|| match is_tiny {
            true => Ball {
                middle: Float::ZERO,
                radius: radius + float::power_of_two(-MAX_EXPONENT),
            },
            false => Ball { middle, radius },
        })
    }

    /// A finite number, exactly.
    pub fn point(value: f64) -> Option<Ball> {
        value
            .is_finite()
            .then(|| Ball::of((Float::from_f64(value), 0.0), 0.0))?
    }

    pub(super) fn small(value: u64) -> Ball {
        Ball {
            middle: Float::from_u64(value),
            radius: 0.0,
        }
    }

    /// A rational number.
    pub fn rational(value: &RBig) -> Option<Ball> {
        let integer = |value: &UBig| match value.bit_len() < MAX_EXPONENT as usize {
            true => Ball::of(Float::from_words(&words(value)), 0.0),
            false => None,
        };
        let (sign, numerator) = value.numerator().clone().into_parts();
        let numerator = integer(&numerator)?;
        let denominator = value.denominator();
        let quotient = match denominator.is_power_of_two() {
            true => numerator.scaled(1 - i32::try_from(denominator.bit_len()).ok()?)?,
            false => numerator.div(&integer(denominator)?)?,
        };
        Some(match sign {
            Sign::Positive => quotient,
            Sign::Negative => quotient.neg(),
        })
    }

    /// A constant that is a finite number.
    pub fn constant(value: &Constant) -> Option<Ball> {
        if let Some(exact) = value.small_dyadic() {
            return Ball::point(exact);
        }
        match value {
            Constant::Real {
                factor,
                radicand,
                half_powers_of_pi,
            } => {
                let mut product = Ball::rational(factor)?;
                if *radicand != RBig::ONE {
                    product = product.mul(&Ball::rational(radicand)?.sqrt()?)?;
                }
                let root = Ball::sqrt_pi()?;
                for _ in 0..half_powers_of_pi.unsigned_abs() {
                    product = match *half_powers_of_pi > 0 {
                        true => product.mul(&root)?,
                        false => product.div(&root)?,
                    };
                }
                Some(product)
            }
            Constant::NegZero => Some(Ball::ZERO),
            Constant::Infinity | Constant::NegInfinity | Constant::Nan => None,
        }
    }

    /// The ball around an interval, if that is finite.
    pub fn around(interval: &Interval) -> Option<Ball> {
        let (low, high) = (interval.low, interval.high);
        let middle = low / 2.0 + high / 2.0;
        let radius = (high - middle).max(middle - low);
        let bounded = low.is_finite() && high.is_finite();
        bounded.then(|| Ball::of((Float::from_f64(middle), 0.0), radius))?
    }

    /// The interval in double precision around the ball.
    pub fn interval(&self) -> Interval {
        let middle = self.middle.to_f64();
        if self.radius == 0.0 && Float::from_f64(middle) == self.middle {
            return Interval::point(DType::F64, middle);
        }
        let slack = up(self.radius + up(middle.abs() * f64::EPSILON));
        Interval {
            low: (middle - slack).next_down(),
            high: (middle + slack).next_up(),
            dtype: DType::F64,
        }
    }

    /// The middle, in double precision.
    pub fn middle(&self) -> f64 {
        self.middle.to_f64()
    }

    /// The radius.
    pub fn radius(&self) -> f64 {
        self.radius
    }

    /// The ball with a larger radius.
    pub fn with_error(self, error: f64) -> Option<Ball> {
        Ball::of((self.middle, 0.0), self.radius + error)
    }

    /// Whether it is exactly zero.
    pub fn is_zero(&self) -> bool {
        self.middle.is_zero() && self.radius == 0.0
    }

    /// How two numbers compare, if the balls tell.
    pub fn order(&self, other: &Ball) -> Option<Ordering> {
        let (distance, error) = self.middle.plus(&other.middle.neg());
        let radius = up(up(self.radius + other.radius) + error);
        if distance.is_zero() {
            return (radius == 0.0).then_some(Ordering::Equal);
        }
        (distance.least() > radius).then(|| match distance.is_negative() {
            true => Ordering::Less,
            false => Ordering::Greater,
        })
    }

    /// A bound of |x| from above.
    pub fn most(&self) -> f64 {
        up(self.middle.most() + self.radius)
    }

    /// A bound of |x| from below, 0 where 0 is in the ball.
    pub(super) fn least(&self) -> f64 {
        ((self.middle.least() - self.radius) * (1.0 - 1e-15)).max(0.0)
    }

    /// The larger of two numbers, also where the balls do not tell which it is: it is no farther from the larger
    /// middle than the numbers are from theirs.
    #[must_use]
    pub fn max(&self, other: &Ball) -> Ball {
        let (distance, error) = self.middle.plus(&other.middle.neg());
        let middle = match distance.is_negative() {
            true => other.middle,
            false => self.middle,
        };
        // Middles may differ by what their difference has cut off.
        let off = if distance.is_zero() { error } else { 0.0 };
        Ball {
            middle,
            radius: up(self.radius.max(other.radius) + off),
        }
    }

    /// A ball around two.
    pub fn around_both(&self, other: &Ball) -> Option<Ball> {
        let (x, y) = (self.center(), other.center());
        let middle = x.add(&y)?.scaled(-1)?;
        let reach = x.sub(&y)?.most() / 2.0;
        middle.with_error(up(reach + self.radius.max(other.radius)))
    }

    /// −x.
    #[must_use]
    pub fn neg(&self) -> Ball {
        Ball {
            middle: self.middle.neg(),
            ..*self
        }
    }

    /// |x|.
    pub fn abs(self) -> Option<Ball> {
        match self.middle.is_negative() {
            true if self.least() > 0.0 || self.radius == 0.0 => Some(self.neg()),
            false if self.least() > 0.0 || self.radius == 0.0 => Some(self),
            _ => None,
        }
    }

    /// x + y.
    pub fn add(&self, other: &Ball) -> Option<Ball> {
        let radius = up(self.radius + other.radius);
        Ball::of(self.middle.plus(&other.middle), radius)
    }

    /// x − y.
    pub fn sub(&self, other: &Ball) -> Option<Ball> {
        self.add(&other.neg())
    }

    /// x · y.
    pub fn mul(&self, other: &Ball) -> Option<Ball> {
        let radius = match self.radius == 0.0 && other.radius == 0.0 {
            true => 0.0,
            false => {
                product(self.middle.most(), other.radius)
                    + product(other.middle.most(), self.radius)
                    + product(self.radius, other.radius)
            }
        };
        Ball::of(self.middle.times(&other.middle), radius)
    }

    /// x · 2ⁿ.
    pub(super) fn scaled(&self, twos: i32) -> Option<Ball> {
        let radius = product(self.radius, float::power_of_two(twos));
        Ball::of((self.middle.scaled(twos), 0.0), radius)
    }

    /// x / n.
    pub(super) fn over(&self, divisor: u64) -> Option<Ball> {
        let radius = match self.radius == 0.0 {
            true => 0.0,
            false => up(self.radius / divisor as f64),
        };
        Ball::of(self.middle.over(divisor), radius)
    }

    /// The ball without its radius.
    pub(super) fn center(&self) -> Ball {
        Ball {
            radius: 0.0,
            ..*self
        }
    }

    /// x / y, where y is not 0: by a reciprocal that Newton's method finds, of which the residual tells the error.
    pub fn div(&self, other: &Ball) -> Option<Ball> {
        let least = other.least();
        if least == 0.0 {
            return None;
        }
        let (x, y) = (self.center(), other.center());
        // Near 1 nothing of the iteration is out of range.
        let twos = y.middle.exponent();
        let unit = y.middle.scaled(-twos);
        let mut inverse = Float::from_f64(1.0 / unit.to_f64());
        for _ in 0..4 {
            let (error, _) = Float::from_u64(1).plus(&unit.times(&inverse).0.neg());
            (inverse, _) = inverse.plus(&inverse.times(&error).0);
        }
        let (quotient, _) = x.middle.times(&inverse.scaled(-twos));
        let exactly = Ball::of((quotient, 0.0), 0.0)?;
        let rest = x.sub(&exactly.mul(&y)?)?;
        // |x/y − q| = |x − qy| / |y| in the middle, and what both are off besides.
        let off =
            rest.most() / y.least() + (self.radius + product(exactly.most(), other.radius)) / least;
        let is_exact = rest.is_zero() && self.radius == 0.0 && other.radius == 0.0;
        exactly.with_error(if is_exact { 0.0 } else { up(off) })
    }

    /// √x, where x ≥ 0.
    pub fn sqrt(&self) -> Option<Ball> {
        if self.is_zero() {
            return Some(*self);
        }
        let least = self.least();
        if least == 0.0 || self.middle.is_negative() {
            return None;
        }
        let x = self.center();
        // An even power of two goes through the root.
        let twos = self.middle.exponent() & !1;
        let unit = self.middle.scaled(-twos);
        let mut inverse = Float::from_f64(1.0 / unit.to_f64().sqrt());
        for _ in 0..4 {
            let (square, _) = inverse.times(&inverse);
            let (error, _) = Float::from_u64(1).plus(&unit.times(&square).0.neg());
            (inverse, _) = inverse.plus(&inverse.times(&error).0.scaled(-1));
        }
        let (root, _) = unit.times(&inverse);
        let root = Ball::of((root.scaled(twos / 2), 0.0), 0.0)?;
        let rest = x.sub(&root.mul(&root)?)?;
        if rest.is_zero() && self.radius == 0.0 {
            return Some(root);
        }
        // |√x − r| ≤ |x − r²| / r, and the roots of two numbers are no farther apart than that either.
        let off = (rest.most() + self.radius) / root.least();
        root.with_error(up(off))
    }
}
