//! Ranges of real numbers: what lies in them, and what they have in common. What ops make of them is in [`image`], and
//! ranges with a hole in [`set`].

mod image;
mod set;

use crate::constant::Constant;

pub(super) use image::exact_sum;
pub(super) use set::Set;

/// An end of a range: a number, and whether the range stops short of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct End {
    pub(super) at: f64,
    pub(super) open: bool,
}

impl End {
    pub(super) fn closed(at: f64) -> End {
        End { at, open: false }
    }
    pub(super) fn open(at: f64) -> End {
        End { at, open: true }
    }
    pub(super) fn moved(self, to: f64) -> End {
        End { at: to, ..self }
    }

    /// The one of two low ends that takes in more.
    fn lower(self, other: End) -> End {
        if self.at < other.at || (self.at == other.at && !self.open) {
            self
        } else {
            other
        }
    }

    /// The one of two low ends that takes in less.
    fn higher(self, other: End) -> End {
        if self.at > other.at || (self.at == other.at && self.open) {
            self
        } else {
            other
        }
    }
}

/// The real numbers between two ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Range {
    pub(super) low: End,
    pub(super) high: End,
}

impl Range {
    pub(super) const ANY: Range = Range {
        low: End {
            at: f64::NEG_INFINITY,
            open: false,
        },
        high: End {
            at: f64::INFINITY,
            open: false,
        },
    };

    pub(super) fn from(low: End) -> Range {
        Range { low, ..Range::ANY }
    }

    pub(super) fn between(low: f64, high: f64) -> Range {
        Range {
            low: End::closed(low),
            high: End::closed(high),
        }
    }

    pub(super) fn constant(value: &Constant) -> Range {
        let nearest = value.to_f64();
        if nearest.is_nan() {
            Range::ANY
        } else if Constant::from_f64(nearest) == *value || value.is_zero() {
            Range::between(nearest, nearest)
        } else {
            Range::between(nearest.next_down(), nearest.next_up())
        }
    }

    /// Whether every number here is above `bound`.
    pub(super) fn is_above(&self, bound: f64) -> bool {
        self.low.at > bound || (self.low.at == bound && self.low.open)
    }

    /// Whether every number here is one of another range.
    pub(super) fn is_within(&self, other: &Range) -> bool {
        let begins = |x: &End, y: &End| x.at > y.at || (x.at == y.at && (x.open || !y.open));
        begins(&self.low, &other.low) && begins(&self.neg().low, &other.neg().low)
    }

    /// What is in both, unless that is nothing.
    pub(super) fn meet(&self, other: &Range) -> Option<Range> {
        let low = self.low.higher(other.low);
        let high = self.neg().low.higher(other.neg().low);
        let high = high.moved(-high.at);
        let touch = low.at == high.at && !low.open && !high.open;
        (low.at < high.at || touch).then_some(Range { low, high })
    }

    /// Whether no number here is `at`.
    pub(super) fn excludes(&self, at: f64) -> bool {
        self.is_above(at) || self.neg().is_above(-at)
    }

    /// Whether all of it lies between two neighbours among the numbers that are whole numbers away from `at`.
    pub(super) fn is_between_neighbours(&self, at: f64) -> bool {
        let (low, high) = (self.low.at - at, self.high.at - at);
        let is_known = low.is_finite() && high.is_finite();
        let cell = low.floor();
        let first = Range {
            low: End::open(at + cell),
            high: End::open(at + cell + 1.0),
        };
        is_known && self.is_within(&first)
    }

    /// The number, if it is the only one here.
    pub(super) fn only(&self) -> Option<f64> {
        let is_one = self.low.at == self.high.at && self.low.at.is_finite();
        is_one.then_some(self.low.at)
    }

    pub(super) fn is_at_least(&self, bound: f64) -> bool {
        self.low.at >= bound
    }

    /// 1 for a range of x ≥ 0, −1 for one of x ≤ 0.
    pub(super) fn sign(&self) -> Option<i32> {
        if self.is_at_least(0.0) {
            Some(1)
        } else if self.neg().is_at_least(0.0) {
            Some(-1)
        } else {
            None
        }
    }

    pub(super) fn neg(&self) -> Range {
        Range {
            low: self.high.moved(-self.high.at),
            high: self.low.moved(-self.low.at),
        }
    }

    pub(super) fn join(&self, other: &Range) -> Range {
        let high = self.neg().low.lower(other.neg().low);
        Range {
            low: self.low.lower(other.low),
            high: high.moved(-high.at),
        }
    }
}
