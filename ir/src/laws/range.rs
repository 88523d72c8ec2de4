//! Ranges of real numbers, and what arithmetic makes of them.

use crate::constant::Constant;
use crate::scalar::{Binary, Comparison, Unary};

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
}

/// The real numbers between two ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Range {
    pub(super) low: End,
    pub(super) high: End,
}

/// A rounded sum or product, moved outwards; 0 is exact unless it underflowed, and then it is the
/// outer end.
fn below(x: f64) -> f64 {
    if x == 0.0 { x } else { x.next_down() }
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
        let higher = |x: End, y: End| {
            if x.at > y.at || (x.at == y.at && x.open) {
                x
            } else {
                y
            }
        };
        let low = higher(self.low, other.low);
        let high = higher(self.neg().low, other.neg().low);
        let high = high.moved(-high.at);
        let touch = low.at == high.at && !low.open && !high.open;
        (low.at < high.at || touch).then_some(Range { low, high })
    }

    /// Whether no number here is `at`.
    pub(super) fn excludes(&self, at: f64) -> bool {
        self.is_above(at) || self.neg().is_above(-at)
    }

    pub(super) fn is_at_least(&self, bound: f64) -> bool {
        self.low.at >= bound
    }

    pub(super) fn neg(&self) -> Range {
        Range {
            low: self.high.moved(-self.high.at),
            high: self.low.moved(-self.low.at),
        }
    }

    pub(super) fn join(&self, other: &Range) -> Range {
        let lower = |x: End, y: End| {
            if x.at < y.at || (x.at == y.at && !x.open) {
                x
            } else {
                y
            }
        };
        let high = lower(self.neg().low, other.neg().low);
        Range {
            low: lower(self.low, other.low),
            high: high.moved(-high.at),
        }
    }

    fn add(&self, other: &Range) -> Range {
        let low = |x: &Range, y: &Range| End {
            at: below(x.low.at + y.low.at),
            open: x.low.open || y.low.open,
        };
        let high = low(&self.neg(), &other.neg());
        Range {
            low: low(self, other),
            high: high.moved(-high.at),
        }
    }

    pub(super) fn square(&self) -> Range {
        let magnitude = self.abs();
        magnitude.times_nonnegative(&magnitude)
    }

    fn abs(&self) -> Range {
        if self.is_at_least(0.0) {
            return *self;
        }
        if self.neg().is_at_least(0.0) {
            return self.neg();
        }
        Range::from(End::closed(0.0))
    }

    fn times_nonnegative(&self, other: &Range) -> Range {
        let at = self.low.at * other.low.at;
        let open = if at == 0.0 {
            self.is_above(0.0) && other.is_above(0.0)
        } else {
            self.low.open || other.low.open
        };
        Range::from(End {
            at: below(at).max(0.0),
            open,
        })
    }

    fn mul(&self, other: &Range) -> Range {
        match (self.sign(), other.sign()) {
            (Some(1), Some(1)) => self.times_nonnegative(other),
            (Some(-1), Some(-1)) => self.neg().times_nonnegative(&other.neg()),
            (Some(-1), Some(_)) => self.neg().times_nonnegative(other).neg(),
            (Some(_), Some(_)) => self.times_nonnegative(&other.neg()).neg(),
            (_, _) => Range::ANY,
        }
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

    fn div(&self, other: &Range) -> Range {
        if !other.excludes(0.0) {
            return Range::ANY;
        }
        // The reciprocal of a positive number is positive; how small it is does not matter here.
        let positive = Range::from(End::open(0.0));
        match other.sign() {
            Some(1) => self.mul(&positive),
            Some(_) | None => self.mul(&positive.neg()),
        }
    }

    fn max(&self, other: &Range) -> Range {
        let higher = |x: End, y: End| {
            if x.at > y.at || (x.at == y.at && x.open) {
                x
            } else {
                y
            }
        };
        let high = if self.high.at > other.high.at {
            self.high
        } else {
            other.high
        };
        Range {
            low: higher(self.low, other.low),
            high,
        }
    }

    /// A growing function that is 0 at 0 and stays within ±`limit`.
    fn through_zero(&self, limit: f64) -> Range {
        let low = |x: &Range| {
            if x.is_at_least(0.0) {
                End {
                    at: 0.0,
                    open: x.is_above(0.0),
                }
            } else {
                End {
                    at: -limit,
                    open: limit.is_finite(),
                }
            }
        };
        let high = low(&self.neg());
        Range {
            low: low(self),
            high: high.moved(-high.at),
        }
    }

    pub(super) fn unary(&self, function: Unary) -> Range {
        match function {
            Unary::Neg => self.neg(),
            Unary::Abs => self.abs(),
            Unary::Sqrt => Range::from(End {
                at: 0.0,
                open: self.is_above(0.0),
            }),
            Unary::Exp if self.is_at_least(0.0) => Range::from(End {
                at: 1.0,
                open: self.is_above(0.0),
            }),
            Unary::Exp => Range::from(End::open(0.0)),
            Unary::Expm1 => Range {
                low: self.through_zero(1.0).low,
                high: self.through_zero(f64::INFINITY).high,
            },
            Unary::Log => self
                .add(&Range::between(-1.0, -1.0))
                .through_zero(f64::INFINITY),
            Unary::Log1p | Unary::Sinh => self.through_zero(f64::INFINITY),
            Unary::Tanh | Unary::Erf => self.through_zero(1.0),
            Unary::Cosh => Range::from(End::closed(1.0)),
            Unary::Sin | Unary::Cos => Range::between(-1.0, 1.0),
            Unary::Floor | Unary::Ceil | Unary::Round => Range {
                low: End::closed(self.low.at.floor()),
                high: End::closed(self.high.at.ceil()),
            },
        }
    }

    pub(super) fn binary(&self, function: Binary, other: &Range) -> Range {
        match function {
            Binary::Add => self.add(other),
            Binary::Sub => self.add(&other.neg()),
            Binary::Mul => self.mul(other),
            Binary::Div => self.div(other),
            Binary::Max => self.max(other),
            Binary::Min => self.neg().max(&other.neg()).neg(),
            Binary::Pow if self.is_above(0.0) => Range::from(End::open(0.0)),
            Binary::Pow
            | Binary::Rem
            | Binary::And
            | Binary::Or
            | Binary::Xor
            | Binary::Shl
            | Binary::Shr => Range::ANY,
        }
    }

    /// The part where a relation to `bound` holds.
    pub(super) fn where_holds(&self, comparison: Comparison, bound: f64) -> Range {
        match comparison {
            Comparison::Gt => self.max(&Range::from(End::open(bound))),
            Comparison::Ge => self.max(&Range::from(End::closed(bound))),
            Comparison::Lt => self.neg().where_holds(Comparison::Gt, -bound).neg(),
            Comparison::Le => self.neg().where_holds(Comparison::Ge, -bound).neg(),
            Comparison::Eq | Comparison::Ne => *self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_arithmetic_contain_what_they_stand_for() {
        let ends = [-2.0f64, -0.5, 0.0, 0.5, 3.0];
        let samples = |low: f64, high: f64| {
            (0..=8).map(move |step| low + (high - low) * f64::from(step) / 8.0)
        };
        let functions = [
            Binary::Add,
            Binary::Sub,
            Binary::Mul,
            Binary::Div,
            Binary::Max,
            Binary::Min,
            Binary::Pow,
        ];
        let contains = |range: &Range, value: f64| {
            value.is_nan() || (range.low.at <= value && value <= range.high.at)
        };
        for (a, b) in ends.iter().flat_map(|a| ends.iter().map(move |b| (*a, *b))) {
            let x = Range::between(a.min(b), a.max(b));
            for &function in Unary::ALL {
                let range = x.unary(function);
                for value in samples(x.low.at, x.high.at) {
                    let image = crate::scalar::Scalar::unary(&value, function);
                    assert!(
                        contains(&range, image),
                        "{function:?}({value}) = {image}: {range:?}"
                    );
                }
            }
            for (c, d) in ends.iter().flat_map(|c| ends.iter().map(move |d| (*c, *d))) {
                let y = Range::between(c.min(d), c.max(d));
                for function in functions {
                    let range = x.binary(function, &y);
                    for value in samples(x.low.at, x.high.at) {
                        for other in samples(y.low.at, y.high.at).filter(|other| *other != 0.0) {
                            let image = crate::scalar::Scalar::binary(&value, function, &other);
                            assert!(contains(&range, image), "{function:?}({value}, {other})");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn strictness_survives_what_keeps_it() {
        let any = Range::ANY;
        let positive = any.unary(Unary::Exp);
        assert!(positive.is_above(0.0));
        assert!(positive.mul(&positive).is_above(0.0));
        assert!(positive.div(&positive).is_above(0.0));
        assert!(positive.add(&any.square()).is_above(0.0));
        assert!(!any.square().is_above(0.0));
        assert!(!any.square().mul(&positive).is_above(0.0));
        assert!(!positive.mul(&any.square()).is_above(0.0));
        assert!(positive.neg().excludes(0.0));
        assert!(!any.excludes(0.0));
        assert!(
            any.unary(Unary::Tanh)
                .add(&Range::between(1.0, 1.0))
                .is_above(-0.5)
        );
    }
}
