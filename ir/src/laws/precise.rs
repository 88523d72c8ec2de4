//! Real numbers known to two hundred digits.

use super::number::{Agreement, Enclosure, Number, Points, agreement_within};
use crate::constant::Constant;
use crate::dtype::DType;
use crate::scalar::{Ball, Binary, Comparison, Int, Interval, Scalar, Tri, Unary, Undefined};
use std::cmp::Ordering;
use std::fmt;

/// A real number, enclosed by a ball, or by an interval where no ball is: at infinity, and where nothing is known.
/// As [`Enclosed`](super::Enclosed), it reads a graph as a function of the reals, but where that takes 16
/// digits each layer of a deep network takes some of them away, this has 230; and it takes
/// [longer](Number::COST).
#[derive(Clone, Copy, Debug)]
pub struct Precise(Held);

#[derive(Clone, Copy, Debug)]
enum Held {
    Ball(Ball),
    Beyond(Interval),
}

impl Precise {
    fn of(ball: Option<Ball>, otherwise: impl FnOnce() -> Interval) -> Precise {
        match ball {
            Some(ball) => Precise(Held::Ball(ball)),
            None => Precise::around(otherwise()),
        }
    }

    fn around(interval: Interval) -> Precise {
        Precise(match Ball::around(&interval) {
            Some(ball) => Held::Ball(ball),
            None => Held::Beyond(interval),
        })
    }

    fn ball(&self) -> Option<&Ball> {
        match &self.0 {
            Held::Ball(ball) => Some(ball),
            Held::Beyond(_) => None,
        }
    }

    /// The interval in double precision around it.
    pub fn interval(&self) -> Interval {
        match &self.0 {
            Held::Ball(ball) => ball.interval(),
            Held::Beyond(interval) => *interval,
        }
    }

    fn order(&self, other: &Precise) -> Option<Ordering> {
        match (self.ball(), other.ball()) {
            (Some(x), Some(y)) => x.order(y),
            (_, _) => {
                let (x, y) = (self.interval(), other.interval());
                let holds = |comparison| x.compare(comparison, &y) == Tri::Known(true);
                if holds(Comparison::Lt) {
                    Some(Ordering::Less)
                } else if holds(Comparison::Gt) {
                    Some(Ordering::Greater)
                } else if holds(Comparison::Eq) {
                    Some(Ordering::Equal)
                } else {
                    None
                }
            }
        }
    }
}

impl fmt::Display for Precise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:e} ± {:.0e}", self.middle(), self.radius())
    }
}

impl Number for Precise {
    /// It serves where digits were too few, which large numbers use up.
    const POINTS: Points = Points::Small;
    const COST: u64 = 16;
    type Steps = Precise;
    fn agreement(&self, other: &Self) -> Agreement {
        let Some((x, y)) = self.ball().zip(other.ball()) else {
            return Agreement::Unknown("a value is not finite, or nothing is known of it".into());
        };
        match (x.order(y), x.sub(y)) {
            (Some(Ordering::Equal), _) => Agreement::Equal,
            (Some(Ordering::Less | Ordering::Greater), _) => Agreement::Different,
            (None, Some(distance)) => {
                let size = x.middle().abs().max(y.middle().abs()).max(1.0);
                agreement_within(distance.most() / size)
            }
            (None, None) => Agreement::Unknown("a value is out of range".into()),
        }
    }
    fn vanishes(&self) -> bool {
        self.ball().is_some_and(Ball::is_zero)
    }
}

impl Enclosure for Precise {
    const EXPONENTS: &'static [i64] = &[8, 14, 20, 26, 32, 40, 50, 60];
    fn middle(&self) -> f64 {
        match &self.0 {
            Held::Ball(ball) => ball.middle(),
            Held::Beyond(interval) => f64::midpoint(interval.low, interval.high),
        }
    }
    fn radius(&self) -> f64 {
        match &self.0 {
            Held::Ball(ball) => ball.radius(),
            Held::Beyond(interval) => interval.width() / 2.0,
        }
    }
    fn with_error(&self, error: f64) -> Self {
        let wider = || Interval::anything(DType::F64);
        Precise::of(self.ball().and_then(|ball| ball.with_error(error)), wider)
    }
}

impl Scalar for Precise {
    type Mask = Tri;
    type World = ();

    fn constant((): &(), _dtype: DType, value: &Constant) -> Self {
        let otherwise = || Interval::constant(&(), DType::F64, value);
        Precise::of(Ball::constant(value), otherwise)
    }
    fn lit(&self, value: &Constant) -> Self {
        Precise::constant(&(), DType::F64, value)
    }
    fn undefined(&self, _reason: Undefined) -> Self {
        Precise(Held::Beyond(Interval::anything(DType::F64)))
    }
    fn unary(&self, function: Unary) -> Self {
        let of = |x: &Ball| -> Option<Ball> {
            match function {
                Unary::Neg => Some(x.neg()),
                Unary::Abs => x.abs(),
                Unary::Sqrt => x.sqrt(),
                Unary::Exp => x.exp(),
                Unary::Expm1 => x.exp()?.sub(&Ball::point(1.0)?),
                Unary::Log => x.log(),
                Unary::Log1p => x.add(&Ball::point(1.0)?)?.log(),
                Unary::Sin => x.sin_cos().map(|[sin, _]| sin),
                Unary::Cos => x.sin_cos().map(|[_, cos]| cos),
                Unary::Sinh => x.sinh_cosh().map(|[sinh, _]| sinh),
                Unary::Cosh => x.sinh_cosh().map(|[_, cosh]| cosh),
                Unary::Tanh => x.tanh(),
                Unary::Erf => x.erf(),
                Unary::Floor | Unary::Ceil | Unary::Round => None,
            }
        };
        Precise::of(self.ball().and_then(of), || self.interval().unary(function))
    }
    fn binary(&self, function: Binary, other: &Self) -> Self {
        if let Binary::Max | Binary::Min = function
            && let Some(order) = self.order(other)
        {
            let is_first = order.is_gt() == (function == Binary::Max);
            return if is_first { *self } else { *other };
        }
        let of = |(x, y): (&Ball, &Ball)| match function {
            Binary::Add => x.add(y),
            Binary::Sub => x.sub(y),
            Binary::Mul => x.mul(y),
            Binary::Div => x.div(y),
            Binary::Pow => x.pow(y),
            Binary::Max => Some(x.max(y)),
            Binary::Min => Some(x.neg().max(&y.neg()).neg()),
            Binary::Rem | Binary::And | Binary::Or | Binary::Xor | Binary::Shl | Binary::Shr => {
                None
            }
        };
        let otherwise = || self.interval().binary(function, &other.interval());
        Precise::of(self.ball().zip(other.ball()).and_then(of), otherwise)
    }
    fn compare(&self, comparison: Comparison, other: &Self) -> Tri {
        match self.order(other) {
            Some(order) => Tri::Known(comparison.holds(&order, &Ordering::Equal)),
            None => self.interval().compare(comparison, &other.interval()),
        }
    }
    fn select(mask: &Tri, yes: &Self, no: &Self) -> Self {
        match mask {
            Tri::Known(true) => *yes,
            Tri::Known(false) => *no,
            Tri::Open => {
                let between = Interval::select(mask, &yes.interval(), &no.interval());
                let both = yes.ball().zip(no.ball());
                let ball = both.and_then(|(yes, no)| yes.around_both(no));
                // Of numbers that are apart the ends of an interval tell more.
                let is_narrow = |ball: &Ball| ball.radius() < 1e-3 * between.width();
                Precise::of(ball.filter(is_narrow), || between)
            }
        }
    }
    fn cast_float(&self, _dtype: DType) -> Self {
        *self
    }
    fn from_int((): &(), _dtype: DType, integer: &Int) -> Self {
        Precise::around(Interval::from_int(&(), DType::F64, integer))
    }
    fn to_int(&self, dtype: DType) -> Int {
        Scalar::to_int(&self.interval(), dtype)
    }
}
