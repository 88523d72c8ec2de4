//! Real numbers known to lie in an interval.

use super::number::{Agreement, Enclosure, Number, Points, agreement_within};
use crate::constant::Constant;
use crate::dtype::DType;
use crate::scalar::{Binary, Comparison, Int, Interval, Scalar, Tri, Unary, Undefined};
use std::fmt;

/// A real number, enclosed by an interval in double precision. Unlike [`Interval`], it reads a graph
/// as a function of the reals: dtypes do not round.
#[derive(Clone, Copy, Debug)]
pub struct Enclosed(pub Interval);

impl Enclosure for Enclosed {
    const EXPONENTS: &'static [i64] = &[6, 8, 10, 13, 16, 19];
    fn middle(&self) -> f64 {
        (self.0.low + self.0.high) / 2.0
    }
    fn radius(&self) -> f64 {
        self.0.width() / 2.0
    }
    fn with_error(&self, error: f64) -> Self {
        let error = error + self.radius();
        Enclosed(Interval {
            low: (self.middle() - error).next_down(),
            high: (self.middle() + error).next_up(),
            dtype: DType::F64,
        })
    }
}

impl fmt::Display for Enclosed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:e} ± {:.0e}", self.middle(), self.radius())
    }
}

impl Number for Enclosed {
    const POINTS: Points = Points::OffIntegers;
    const COST: u64 = 1;
    type Steps = Enclosed;
    fn agreement(&self, other: &Self) -> Agreement {
        let (x, y) = (&self.0, &other.0);
        let finite = [x.low, x.high, y.low, y.high]
            .iter()
            .all(|end| end.is_finite());
        if !finite {
            return Agreement::Unknown("a value is not finite, or nothing is known of it".into());
        }
        if x.is_apart(y) {
            return Agreement::Different;
        }
        let (low, high) = (x.low.min(y.low), x.high.max(y.high));
        let bound = (high - low) / low.abs().max(high.abs()).max(1.0);
        agreement_within(bound)
    }
    fn vanishes(&self) -> bool {
        self.0.low == 0.0 && self.0.high == 0.0
    }
}

impl Scalar for Enclosed {
    type Mask = Tri;
    type World = ();

    fn constant((): &(), _dtype: DType, value: &Constant) -> Self {
        Enclosed(Interval::constant(&(), DType::F64, value))
    }
    fn lit(&self, value: &Constant) -> Self {
        Enclosed::constant(&(), DType::F64, value)
    }
    fn undefined(&self, reason: Undefined) -> Self {
        Enclosed(self.0.undefined(reason))
    }
    fn unary(&self, function: Unary) -> Self {
        Enclosed(self.0.unary(function))
    }
    fn binary(&self, function: Binary, other: &Self) -> Self {
        Enclosed(self.0.binary(function, &other.0))
    }
    fn compare(&self, comparison: Comparison, other: &Self) -> Tri {
        self.0.compare(comparison, &other.0)
    }
    fn select(mask: &Tri, yes: &Self, no: &Self) -> Self {
        Enclosed(Interval::select(mask, &yes.0, &no.0))
    }
    fn cast_float(&self, _dtype: DType) -> Self {
        *self
    }
    fn from_int((): &(), _dtype: DType, integer: &Int) -> Self {
        Enclosed(Interval::from_int(&(), DType::F64, integer))
    }
    fn to_int(&self, dtype: DType) -> Int {
        Scalar::to_int(&self.0, dtype)
    }
    fn sum_of((): &(), _dtype: DType, terms: &mut dyn Iterator<Item = Self>) -> Self {
        Enclosed(Interval::sum_of(
            &(),
            DType::F64,
            &mut terms.map(|term| term.0),
        ))
    }
    fn dot_of((): &(), _dtype: DType, pairs: &mut dyn Iterator<Item = (Self, Self)>) -> Self {
        let mut pairs = pairs.map(|(left, right)| (left.0, right.0));
        Enclosed(Interval::dot_of(&(), DType::F64, &mut pairs))
    }
    fn dot_at(
        (): &(),
        _dtype: DType,
        operands: [&[Self]; 2],
        start: [usize; 2],
        steps: &[[usize; 2]],
    ) -> Self {
        let [x, y] = operands;
        let pair = |step: &[usize; 2]| (&x[start[0] + step[0]].0, &y[start[1] + step[1]].0);
        Enclosed(Interval::dot(DType::F64, steps.iter().map(pair)))
    }
}
