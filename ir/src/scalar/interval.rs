//! Enclosures of everything that a rounded evaluation may yield.
//!
//! An [`Interval`] computed from a graph contains the exact real value *and* the value that any
//! lgc-compiled program computes: after each primitive the enclosure is widened by the error that
//! compiled code is allowed (four units in the last place of the element's dtype), and
//! sums are enclosed for every order of addition. This is where the tolerance of the differential
//! tests comes from; no test invents one.

use super::{Binary, Comparison, Connective, Int, Logic, Scalar, Truth, Unary, Undefined};
use crate::constant::Constant;
use crate::dtype::DType;

/// Error bound of compiled elementary functions, in units in the last place.
pub(crate) const PRIMITIVE_ULPS: f64 = 4.0;

/// A closed interval of reals with the rounding unit of a float dtype; NaN ends mean "anything,
/// including NaN".
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// The float dtype whose rounding is enclosed: the one that is computed in, f32 or f64.
    pub dtype: DType,
}

/// A truth value over enclosures: decided, or open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tri {
    /// Decided for all values of the enclosures.
    Known(bool),
    /// Some values say yes, others no.
    Open,
}

const OPEN: Undefined = Undefined("the enclosures do not decide this comparison");

impl Logic for Tri {
    fn known(truth: Truth) -> Self {
        truth.map_or(Tri::Open, Tri::Known)
    }
    fn decide(&self) -> Truth {
        match self {
            Tri::Known(truth) => Ok(*truth),
            Tri::Open => Err(OPEN),
        }
    }
    fn connect(&self, connective: Connective, other: &Self) -> Self {
        match (self, other) {
            (Tri::Known(a), Tri::Known(b)) => Tri::Known(connective.apply(*a, *b)),
            (Tri::Known(known), Tri::Open) | (Tri::Open, Tri::Known(known)) => {
                let (low, high) = (
                    connective.apply(*known, false),
                    connective.apply(*known, true),
                );
                if low == high {
                    Tri::Known(low)
                } else {
                    Tri::Open
                }
            }
            (Tri::Open, Tri::Open) => Tri::Open,
        }
    }
    fn not(&self) -> Self {
        match self {
            Tri::Known(truth) => Tri::Known(!truth),
            Tri::Open => Tri::Open,
        }
    }
}

impl Interval {
    /// The enclosure of exactly one value.
    pub fn point(dtype: DType, value: f64) -> Self {
        Interval {
            low: value,
            high: value,
            dtype: dtype.compute(),
        }
    }

    /// Everything, NaN included.
    pub fn anything(dtype: DType) -> Self {
        Interval {
            low: f64::NAN,
            high: f64::NAN,
            dtype: dtype.compute(),
        }
    }

    /// Whether nothing is known.
    pub fn is_anything(&self) -> bool {
        self.low.is_nan() || self.high.is_nan()
    }

    /// Whether a computed value lies in the enclosure.
    pub fn contains(&self, value: f64) -> bool {
        self.is_anything() || (self.low <= value && value <= self.high)
    }

    /// Whether no number is in both enclosures.
    pub fn is_apart(&self, other: &Self) -> bool {
        self.high < other.low || other.high < self.low
    }

    /// The distance between the ends; NaN when nothing is known.
    pub fn width(&self) -> f64 {
        if self.low == self.high {
            0.0
        } else {
            self.high - self.low
        }
    }

    fn between(&self, low: f64, high: f64) -> Self {
        if low.is_nan() || high.is_nan() {
            return Interval::anything(self.dtype);
        }
        Interval {
            low: low.min(high),
            high: low.max(high),
            dtype: self.dtype,
        }
    }

    /// Unit roundoff, smallest normal and largest finite value of the dtype.
    fn format(&self) -> (f64, f64, f64) {
        if self.dtype == DType::F32 {
            (
                f32::EPSILON as f64 / 2.0,
                f32::MIN_POSITIVE as f64,
                f32::MAX as f64,
            )
        } else {
            (f64::EPSILON / 2.0, f64::MIN_POSITIVE, f64::MAX)
        }
    }

    /// Widens both ends by `ulps` units of the dtype, with two more of double precision for the
    /// computation of the ends; what exceeds the finite range may be infinite.
    fn widened(self, ulps: f64) -> Self {
        let (unit, tiny, largest) = self.format();
        let unit = 2.0 * ulps * unit + 2.0 * f64::EPSILON;
        // Below the normal range spacing is absolute; flushing to zero is enclosed as well.
        let slack = |end: f64| end.abs() * unit + tiny * unit.max(f64::EPSILON) + tiny * 1e-6;
        let saturate = |end: f64| {
            if end > largest * (1.0 - unit) {
                f64::INFINITY
            } else if end < -largest * (1.0 - unit) {
                f64::NEG_INFINITY
            } else {
                end
            }
        };
        let (mut low, mut high) = (self.low, self.high);
        if low.is_finite() {
            low -= slack(low);
        }
        if high.is_finite() {
            high += slack(high);
        }
        // An end just beyond the largest number may round either way.
        let low = if low > largest {
            largest
        } else {
            saturate(low)
        };
        let high = if high < -largest {
            -largest
        } else {
            saturate(high)
        };
        self.between(low, high)
    }

    /// Allows rounding of an exactly known integer-valued result: none is needed.
    fn exact_zero(&self) -> bool {
        self.low == 0.0 && self.high == 0.0
    }

    fn monotone(&self, function: impl Fn(f64) -> f64) -> Self {
        self.between(function(self.low), function(self.high))
    }

    /// An even function that grows with |x|.
    fn even(&self, function: impl Fn(f64) -> f64) -> Self {
        let (a, b) = (function(self.low), function(self.high));
        let low = if self.low <= 0.0 && self.high >= 0.0 {
            function(0.0)
        } else {
            a.min(b)
        };
        self.between(low, a.max(b))
    }

    /// sin or cos: `quarter` is where the function peaks, in quarter turns.
    fn periodic(&self, function: impl Fn(f64) -> f64, peak: f64) -> Self {
        if !self.width().is_finite() || self.width() >= std::f64::consts::TAU {
            let finite = self.low.is_finite() && self.high.is_finite();
            return if finite {
                self.between(-1.0, 1.0)
            } else {
                Interval::anything(self.dtype)
            };
        }
        let (a, b) = (function(self.low), function(self.high));
        let margin = 1e-9 * (1.0 + self.low.abs().max(self.high.abs()));
        let meets = |at: f64| {
            let turns = ((self.low - margin - at) / std::f64::consts::TAU).ceil();
            at + turns * std::f64::consts::TAU <= self.high + margin
        };
        let high = if meets(peak) { 1.0 } else { a.max(b) };
        let low = if meets(peak + std::f64::consts::PI) {
            -1.0
        } else {
            a.min(b)
        };
        self.between(low, high)
    }

    fn corners(&self, other: &Self, function: impl Fn(f64, f64) -> f64) -> Self {
        let ends = [
            function(self.low, other.low),
            function(self.low, other.high),
            function(self.high, other.low),
            function(self.high, other.high),
        ];
        if ends.iter().any(|end| end.is_nan()) {
            return Interval::anything(self.dtype);
        }
        let low = ends.iter().copied().fold(f64::INFINITY, f64::min);
        let high = ends.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        self.between(low, high)
    }

    fn divide(&self, other: &Self) -> Self {
        if other.low <= 0.0 && other.high >= 0.0 {
            return Interval::anything(self.dtype);
        }
        self.corners(other, |x, y| x / y)
    }

    fn power(&self, other: &Self) -> Self {
        let integral = other.low == other.high && other.low == other.low.trunc();
        if self.low > 0.0 {
            self.corners(other, f64::powf)
        } else if integral && other.low >= 0.0 {
            let exponent = other.low;
            if exponent % 2.0 == 0.0 {
                self.even(|x| x.powf(exponent))
            } else {
                self.monotone(|x| x.powf(exponent))
            }
        } else if self.low >= 0.0 && other.low > 0.0 {
            self.corners(other, f64::powf)
        } else {
            Interval::anything(self.dtype)
        }
    }

    fn hull(&self, other: &Self) -> Self {
        if self.is_anything() || other.is_anything() {
            return Interval::anything(self.dtype);
        }
        self.between(self.low.min(other.low), self.high.max(other.high))
    }

    fn magnitude(&self) -> f64 {
        self.low.abs().max(self.high.abs())
    }

    /// The enclosure of a sum of `terms` in any order, with or without fused products.
    fn total(dtype: DType, terms: impl Iterator<Item = Interval>) -> Self {
        let dtype = dtype.compute();
        let mut sum = Interval::point(dtype, 0.0);
        let (mut magnitude, mut count) = (0.0f64, 0u32);
        for term in terms {
            if term.is_anything() {
                sum = Interval::anything(dtype);
            }
            sum = Interval {
                low: sum.low + term.low,
                high: sum.high + term.high,
                dtype,
            };
            magnitude += term.magnitude();
            count += 1;
        }
        if magnitude == 0.0 {
            return sum;
        }
        let (unit, tiny, largest) = sum.format();
        if magnitude * (1.0 + 1e-6) >= largest {
            return Interval::anything(dtype);
        }
        // γₙ·Σ|x| (Higham, Accuracy and Stability, §4.2), and underflow of each product.
        let slack = (count as f64 + 2.0) * (unit + f64::EPSILON) * 1.01 * magnitude
            + count as f64 * tiny * 2.0 * unit;
        sum.between(sum.low - slack, sum.high + slack)
    }
}

/// The smaller and the larger of two numbers, neither of which is NaN.
fn sorted(x: f64, y: f64) -> (f64, f64) {
    if x < y { (x, y) } else { (y, x) }
}

impl Interval {
    /// The enclosure of a sum of products in any order, fused or not.
    ///
    /// It is that of [`Interval::total`] of the products, with the slack of all of them added at once.
    pub(crate) fn dot<'x>(
        dtype: DType,
        pairs: impl Iterator<Item = (&'x Interval, &'x Interval)>,
    ) -> Self {
        let dtype = dtype.compute();
        let (mut low, mut high, mut magnitude, mut count) = (0.0f64, 0.0f64, 0.0f64, 0u32);
        // NaN as soon as any end is not finite.
        let mut poison = 0.0f64;
        let mut underflow = false;
        for (x, y) in pairs {
            let (a, b) = (x.low * y.low, x.high * y.high);
            let (c, d) = (x.low * y.high, x.high * y.low);
            poison += (a + b) * 0.0 + (c + d) * 0.0;
            let (ab, cd) = (sorted(a, b), sorted(c, d));
            let (least, most) = (sorted(ab.0, cd.0).0, sorted(ab.1, cd.1).1);
            low += least;
            high += most;
            magnitude += sorted(-least, most).1;
            underflow |= least == 0.0 && most == 0.0 && !x.exact_zero() && !y.exact_zero();
            count += 1;
        }
        let sum = Interval { low, high, dtype };
        if poison.is_nan() {
            return Interval::anything(dtype);
        }
        if magnitude == 0.0 && !underflow {
            return sum;
        }
        let (unit, tiny, largest) = sum.format();
        if magnitude * (1.0 + 1e-6) >= largest {
            return Interval::anything(dtype);
        }
        // Each product is rounded to the dtype, and its ends are; then the sum is.
        let product = unit + 2.0 * f64::EPSILON;
        let relative = (count as f64 + 2.0) * (unit + f64::EPSILON) + product;
        let absolute = tiny * (2.0 * unit + product + 1e-6);
        let slack = relative * 1.01 * magnitude + count as f64 * absolute;
        sum.between(sum.low - slack, sum.high + slack)
    }
}

impl Scalar for Interval {
    type Mask = Tri;
    type World = ();

    fn constant((): &(), dtype: DType, value: &Constant) -> Self {
        if let Some(exact) = value.small_dyadic()
            && value.to_float(dtype) == exact
        {
            return Interval::point(dtype, exact);
        }
        // Compiled code holds the rounded constant; rules mean the exact one.
        let nearest = value.to_f64();
        let rounded = value.to_float(dtype);
        let point = Interval::point(dtype, nearest).hull(&Interval::point(dtype, rounded));
        if nearest == rounded && Constant::from_f64(nearest) == *value {
            point
        } else {
            point.widened(0.0)
        }
    }
    fn lit(&self, value: &Constant) -> Self {
        Interval::constant(&(), self.dtype, value)
    }
    fn undefined(&self, _reason: Undefined) -> Self {
        Interval::anything(self.dtype)
    }
    fn unary(&self, function: Unary) -> Self {
        if self.is_anything() {
            return *self;
        }
        let outside = |inside: bool| {
            if inside {
                *self
            } else {
                Interval::anything(self.dtype)
            }
        };
        let rounded = match function {
            Unary::Neg => return self.monotone(|x| -x),
            Unary::Abs => return self.even(f64::abs),
            Unary::Floor => return self.monotone(f64::floor),
            Unary::Ceil => return self.monotone(f64::ceil),
            Unary::Round => return self.monotone(f64::round_ties_even),
            Unary::Sqrt => return outside(self.low >= 0.0).monotone(f64::sqrt).widened(0.5),
            Unary::Exp => self.monotone(f64::exp),
            Unary::Expm1 => self.monotone(f64::exp_m1),
            Unary::Log => outside(self.low > 0.0).monotone(f64::ln),
            Unary::Log1p => outside(self.low > -1.0).monotone(f64::ln_1p),
            Unary::Sin => self.periodic(f64::sin, std::f64::consts::FRAC_PI_2),
            Unary::Cos => self.periodic(f64::cos, 0.0),
            Unary::Sinh => self.monotone(f64::sinh),
            Unary::Cosh => self.even(f64::cosh),
            Unary::Tanh => self.monotone(f64::tanh),
            Unary::Erf => self.monotone(super::float::erf),
        };
        rounded.widened(PRIMITIVE_ULPS)
    }
    fn binary(&self, function: Binary, other: &Self) -> Self {
        if self.is_anything() || other.is_anything() {
            return Interval::anything(self.dtype);
        }
        match function {
            Binary::Add if self.exact_zero() => *other,
            Binary::Add | Binary::Sub if other.exact_zero() => *self,
            Binary::Add => Interval {
                low: self.low + other.low,
                high: self.high + other.high,
                ..*self
            }
            .widened(0.5),
            Binary::Sub => Interval {
                low: self.low - other.high,
                high: self.high - other.low,
                ..*self
            }
            .widened(0.5),
            Binary::Mul if self.exact_zero() && other.magnitude().is_finite() => *self,
            Binary::Mul if other.exact_zero() && self.magnitude().is_finite() => *other,
            Binary::Mul => self.corners(other, |x, y| x * y).widened(0.5),
            Binary::Div => self.divide(other).widened(0.5),
            Binary::Max => Interval {
                low: self.low.max(other.low),
                high: self.high.max(other.high),
                ..*self
            },
            Binary::Min => Interval {
                low: self.low.min(other.low),
                high: self.high.min(other.high),
                ..*self
            },
            Binary::Pow => self.power(other).widened(PRIMITIVE_ULPS),
            Binary::Rem | Binary::And | Binary::Or | Binary::Xor | Binary::Shl | Binary::Shr => {
                Interval::anything(self.dtype)
            }
        }
    }
    fn compare(&self, comparison: Comparison, other: &Self) -> Tri {
        if self.is_anything() || other.is_anything() {
            return Tri::Open;
        }
        let decided = |yes: bool, no: bool| {
            if yes {
                Tri::Known(true)
            } else if no {
                Tri::Known(false)
            } else {
                Tri::Open
            }
        };
        let same = self.low == self.high && other.low == other.high && self.low == other.low;
        let apart = self.high < other.low || other.high < self.low;
        match comparison {
            Comparison::Eq => decided(same, apart),
            Comparison::Ne => decided(apart, same),
            Comparison::Lt => decided(self.high < other.low, self.low >= other.high),
            Comparison::Le => decided(self.high <= other.low, self.low > other.high),
            Comparison::Gt => decided(self.low > other.high, self.high <= other.low),
            Comparison::Ge => decided(self.low >= other.high, self.high < other.low),
        }
    }
    fn select(mask: &Tri, yes: &Self, no: &Self) -> Self {
        match mask {
            Tri::Known(true) => *yes,
            Tri::Known(false) => *no,
            Tri::Open => yes.hull(no),
        }
    }
    fn cast_float(&self, dtype: DType) -> Self {
        let cast = Interval {
            dtype: dtype.compute(),
            ..*self
        };
        if dtype.half().is_some() {
            cast.rounded(dtype)
        } else if dtype == DType::F32 && self.dtype != DType::F32 {
            cast.widened(0.5)
        } else {
            cast
        }
    }
    fn rounded(&self, dtype: DType) -> Self {
        match dtype.half() {
            // Rounding keeps the order of numbers.
            Some(half) => Interval {
                low: half.round(self.low),
                high: half.round(self.high),
                dtype: DType::F32,
            },
            None => *self,
        }
    }
    fn from_int((): &(), dtype: DType, integer: &Int) -> Self {
        match integer.value {
            Err(_) => Interval::anything(dtype),
            Ok(value) if value.unsigned_abs() <= 1 << 24 => {
                Interval::point(dtype, value as f64).rounded(dtype)
            }
            Ok(value) => Interval::point(dtype, value as f64)
                .widened(0.5)
                .rounded(dtype),
        }
    }
    fn to_int(&self, dtype: DType) -> Int {
        let (low, high) = (
            Scalar::to_int(&self.low, dtype),
            Scalar::to_int(&self.high, dtype),
        );
        if !self.is_anything() && low == high {
            low
        } else {
            Int::unknown(dtype, OPEN)
        }
    }
    fn fma(&self, factor: &Self, addend: &Self) -> Self {
        self.mul(factor).add(addend)
    }
    fn sum_of((): &(), dtype: DType, terms: &mut dyn Iterator<Item = Self>) -> Self {
        Interval::total(dtype, terms)
    }
    fn dot_of((): &(), dtype: DType, pairs: &mut dyn Iterator<Item = (Self, Self)>) -> Self {
        let pairs: Vec<(Self, Self)> = pairs.collect();
        Interval::dot(dtype, pairs.iter().map(|(left, right)| (left, right)))
    }
    fn dot_at(
        (): &(),
        dtype: DType,
        operands: [&[Self]; 2],
        start: [usize; 2],
        steps: &[[usize; 2]],
    ) -> Self {
        let [x, y] = operands;
        let pair = |step: &[usize; 2]| (&x[start[0] + step[0]], &y[start[1] + step[1]]);
        Interval::dot(dtype, steps.iter().map(pair))
    }
}

#[cfg(test)]
mod tests;
