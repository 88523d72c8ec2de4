//! What ops make of ranges of real numbers. Ends that are rounded are moved outwards.

use super::{End, Range};
use crate::scalar::{Binary, Unary};

/// How far functions of the system's library may be off, relative to what they yield: it promises less than 2 units in
/// the last place, which are 4.5 · 10⁻¹⁶.
const FUNCTION_ERROR: f64 = 1e-15;

/// A sum and how far it is from the exact one, which is a number itself; NaN where the sum is infinite.
pub(in crate::laws) fn exact_sum(x: f64, y: f64) -> (f64, f64) {
    let sum = x + y;
    let of_y = sum - x;
    (sum, (x - (sum - of_y)) + (y - of_y))
}

/// The low end of sums of what lies above two low ends. Where it is rounded, sums stop short of it.
fn sum(x: End, y: End) -> End {
    match exact_sum(x.at, y.at) {
        (sum, error) if error > 0.0 => End::open(sum),
        (sum, error) if error < 0.0 => End::open(sum.next_down()),
        (sum, error) => End {
            at: if error == 0.0 { sum } else { sum.next_down() },
            open: x.open || y.open,
        },
    }
}

/// What rounding took from a product, if no more than that is known to be lost: of small products it may vanish itself.
fn product_error(x: f64, y: f64, product: f64) -> f64 {
    match product.abs() > 1e-200 {
        true => x.mul_add(y, -product),
        false => f64::NAN,
    }
}

/// The low end of products that come near to that of two ends.
fn product(x: End, y: End) -> End {
    if x.at == 0.0 || y.at == 0.0 {
        // 0 times whatever there is, however large.
        let is_reached = |end: End| end.at == 0.0 && !end.open;
        let open = !is_reached(x) && !is_reached(y);
        return End { at: 0.0, open };
    }
    match x.at * y.at {
        // It underflowed.
        0.0 if x.at.signum() == y.at.signum() => End::open(0.0),
        0.0 => End::closed(0.0f64.next_down()),
        at => match product_error(x.at, y.at, at) {
            error if error > 0.0 => End::open(at),
            error if error < 0.0 => End::open(at.next_down()),
            error => End {
                at: if error == 0.0 { at } else { at.next_down() },
                open: x.open || y.open,
            },
        },
    }
}

/// A number, or another one where it is none: infinite ends may have none.
fn known_or(x: f64, otherwise: f64) -> f64 {
    if x.is_nan() { otherwise } else { x }
}

impl Range {
    fn add(&self, other: &Range) -> Range {
        let high = sum(self.neg().low, other.neg().low);
        Range {
            low: sum(self.low, other.low),
            high: high.moved(-high.at),
        }
    }

    fn mul(&self, other: &Range) -> Range {
        let least = |x: &Range| {
            let corners =
                [other.low, other.high].map(|y| product(x.low, y).lower(product(x.high, y)));
            corners[0].lower(corners[1])
        };
        let high = least(&self.neg());
        Range {
            low: least(self),
            high: high.moved(-high.at),
        }
    }

    /// A sum of so many numbers that lie here.
    pub(in crate::laws) fn times(&self, count: u64) -> Range {
        // Counts below 2⁵³ are exact.
        let count = count as f64;
        self.mul(&Range::between(count, count))
    }

    pub(in crate::laws) fn square(&self) -> Range {
        let magnitude = self.abs();
        magnitude.mul(&magnitude)
    }

    fn abs(&self) -> Range {
        match self.sign() {
            Some(1) => *self,
            Some(_) => self.neg(),
            None => {
                // Mirrored ends are low ends, of which the one that takes in more is the larger magnitude.
                let high = self.low.lower(self.neg().low);
                Range {
                    low: End::closed(0.0),
                    high: high.moved(-high.at),
                }
            }
        }
    }

    /// 1/x of numbers that are not 0.
    fn reciprocal(&self) -> Range {
        if self.sign() == Some(-1) {
            return self.neg().reciprocal().neg();
        }
        let inverse = |x: f64| {
            let inverse = 1.0 / x;
            (inverse, product_error(x, inverse, 1.0) == 0.0)
        };
        let low = match inverse(self.high.at) {
            _ if self.high.at.is_infinite() => End::open(0.0),
            (low, true) => self.high.moved(low),
            (low, false) => self.high.moved(low.next_down()),
        };
        // 1/0 is infinite, and so is what overflows.
        let high = match inverse(self.low.at.abs()) {
            (high, true) => self.low.moved(high),
            (high, false) => self.low.moved(high.next_up()),
        };
        Range { low, high }
    }

    fn div(&self, other: &Range) -> Range {
        match other.excludes(0.0) {
            true => self.mul(&other.reciprocal()),
            false => Range::ANY,
        }
    }

    pub(in crate::laws) fn max(&self, other: &Range) -> Range {
        let high = self.neg().low.lower(other.neg().low);
        Range {
            low: self.low.higher(other.low),
            high: high.moved(-high.at),
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

    /// A growing function of what lies in its domain, of which other bounds are known.
    fn growing(&self, domain: Range, function: fn(f64) -> f64, known: Range) -> Range {
        let Some(x) = self.meet(&domain) else {
            return known;
        };
        let low = |y: f64| (y - FUNCTION_ERROR * y.abs()).next_down();
        let high = |y: f64| (y + FUNCTION_ERROR * y.abs()).next_up();
        let image = Range {
            low: x
                .low
                .moved(known_or(low(function(x.low.at)), f64::NEG_INFINITY)),
            high: x
                .high
                .moved(known_or(high(function(x.high.at)), f64::INFINITY)),
        };
        known.meet(&image).unwrap_or(known)
    }

    pub(in crate::laws) fn unary(&self, function: Unary) -> Range {
        let any = Range::ANY;
        let positive = Range::from(End::open(0.0));
        let nonnegative = Range::from(End::closed(0.0));
        match function {
            Unary::Neg => self.neg(),
            Unary::Abs => self.abs(),
            Unary::Sqrt => {
                let open = self.is_above(0.0);
                self.growing(nonnegative, f64::sqrt, Range::from(End { at: 0.0, open }))
            }
            Unary::Exp => {
                let one = |x: &Range| End {
                    at: 1.0,
                    open: x.is_above(0.0),
                };
                let mut known = positive;
                if self.is_at_least(0.0) {
                    known.low = one(self);
                }
                if self.neg().is_at_least(0.0) {
                    known.high = one(&self.neg());
                }
                self.growing(any, f64::exp, known)
            }
            Unary::Expm1 => {
                let low = self.through_zero(1.0).low;
                let high = self.through_zero(f64::INFINITY).high;
                self.growing(any, f64::exp_m1, Range { low, high })
            }
            Unary::Log => {
                let beyond_one = self.add(&Range::between(-1.0, -1.0));
                self.growing(positive, f64::ln, beyond_one.through_zero(f64::INFINITY))
            }
            Unary::Log1p => {
                let known = self.through_zero(f64::INFINITY);
                self.growing(Range::from(End::open(-1.0)), f64::ln_1p, known)
            }
            Unary::Sinh => self.growing(any, f64::sinh, self.through_zero(f64::INFINITY)),
            Unary::Tanh => self.growing(any, f64::tanh, self.through_zero(1.0)),
            Unary::Erf => self.through_zero(1.0),
            Unary::Cosh => {
                let known = Range::from(End::closed(1.0));
                self.abs().growing(nonnegative, f64::cosh, known)
            }
            Unary::Sin | Unary::Cos => Range::between(-1.0, 1.0),
            Unary::Floor | Unary::Ceil | Unary::Round => Range {
                low: End::closed(self.low.at.floor()),
                high: End::closed(self.high.at.ceil()),
            },
        }
    }

    pub(in crate::laws) fn binary(&self, function: Binary, other: &Range) -> Range {
        match function {
            Binary::Add => self.add(other),
            Binary::Sub => self.add(&other.neg()),
            Binary::Mul => self.mul(other),
            Binary::Div => self.div(other),
            Binary::Max => self.max(other),
            Binary::Min => self.neg().max(&other.neg()).neg(),
            // xʸ = exp(y log x)
            Binary::Pow if self.is_above(0.0) => {
                let logarithm = self.unary(Unary::Log);
                logarithm.mul(other).unary(Unary::Exp)
            }
            Binary::Shr => match other.only() {
                Some(bits) if self.is_at_least(0.0) && (0.0..32.0).contains(&bits) => {
                    Range::between(0.0, (self.high.at / bits.exp2()).floor())
                }
                Some(_) | None => Range::ANY,
            },
            Binary::Pow | Binary::Rem | Binary::And | Binary::Or | Binary::Xor | Binary::Shl => {
                Range::ANY
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ranges with ends of every kind, and numbers that lie in each.
    fn samples() -> Vec<(Range, Vec<f64>)> {
        const ENDS: [f64; 7] = [f64::NEG_INFINITY, -2.0, -0.5, 0.0, 0.5, 3.0, f64::INFINITY];
        const NUMBERS: [f64; 15] = [
            -1e9, -20.0, -2.0, -1.9, -1.0, -0.5, -1e-3, 0.0, 1e-3, 0.5, 0.7, 1.0, 3.0, 20.0, 1e9,
        ];
        let mut all = Vec::new();
        for (i, low) in ENDS.into_iter().enumerate() {
            for high in ENDS.into_iter().skip(i) {
                for open in [[false, false], [false, true], [true, false], [true, true]] {
                    let [low, high] =
                        [(low, open[0]), (high, open[1])].map(|(at, open)| End { at, open });
                    let range = Range { low, high };
                    let is_inside = |x: &f64| Range::between(*x, *x).is_within(&range);
                    let inside: Vec<f64> = NUMBERS.into_iter().filter(is_inside).collect();
                    if !inside.is_empty() {
                        all.push((range, inside));
                    }
                }
            }
        }
        all
    }

    fn contains(range: &Range, value: f64) -> bool {
        value.is_nan() || (range.low.at <= value && value <= range.high.at)
    }

    #[test]
    fn ranges_of_arithmetic_contain_what_they_stand_for() {
        let functions = [
            Binary::Add,
            Binary::Sub,
            Binary::Mul,
            Binary::Div,
            Binary::Max,
            Binary::Min,
            Binary::Pow,
        ];
        let samples = samples();
        for (x, values) in &samples {
            for &function in Unary::ALL {
                let range = x.unary(function);
                for value in values {
                    let image = crate::scalar::Scalar::unary(value, function);
                    let what = format!("{function:?}({value}) = {image} of {x:?}: {range:?}");
                    assert!(contains(&range, image), "{what}");
                }
            }
            for (y, others) in &samples {
                for function in functions {
                    let range = x.binary(function, y);
                    for (value, other) in values
                        .iter()
                        .flat_map(|x| others.iter().map(move |y| (x, y)))
                    {
                        let image = crate::scalar::Scalar::binary(value, function, other);
                        let is_defined = function != Binary::Div || *other != 0.0;
                        let what =
                            format!("{function:?}({value}, {other}) of {x:?}, {y:?}: {range:?}");
                        assert!(!is_defined || contains(&range, image), "{what}");
                    }
                }
            }
        }
    }

    /// Ends that are not reached stay so, and those that are do not become so.
    #[test]
    fn open_ends_of_products_are_not_reached() {
        for (x, values) in samples() {
            for (y, others) in samples() {
                let range = x.mul(&y);
                for image in values
                    .iter()
                    .flat_map(|x| others.iter().map(move |y| x * y))
                {
                    let is_end = |end: End| end.open && end.at == image;
                    assert!(
                        !is_end(range.low) && !is_end(range.high),
                        "{image} of {x:?} and {y:?}: {range:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn both_ends_are_bounds() {
        let unit = Range::between(-1.0, 1.0);
        let near = |range: Range, low: f64, high: f64| {
            let close =
                |end: f64, wanted: f64| (end - wanted).abs() <= 1e-12 * wanted.abs().max(1e-3);
            assert!(
                close(range.low.at, low) && close(range.high.at, high),
                "{range:?}"
            );
        };
        let to_three = Range::between(-2.0, 3.0);
        near(unit.mul(&to_three), -3.0, 3.0);
        near(to_three.mul(&to_three), -6.0, 9.0);
        near(to_three.square(), 0.0, 9.0);
        near(Range::between(2.0, 4.0).reciprocal(), 0.25, 0.5);
        near(unit.div(&Range::between(-4.0, -2.0)), -0.5, 0.5);
        near(unit.times(10), -10.0, 10.0);
        near(Range::ANY.times(0), 0.0, 0.0);
        near(unit.unary(Unary::Exp), (-1.0f64).exp(), 1.0f64.exp());
        near(unit.unary(Unary::Cosh), 1.0, 1.0f64.cosh());
        near(to_three.unary(Unary::Tanh), (-2.0f64).tanh(), 3.0f64.tanh());
        near(to_three.unary(Unary::Sqrt), 0.0, 3.0f64.sqrt());
        near(Range::between(1.0, 4.0).unary(Unary::Log), 0.0, 4.0f64.ln());
        near(
            Range::between(1.0, 4.0).binary(Binary::Pow, &Range::between(0.5, 2.0)),
            1.0,
            16.0,
        );
        near(unit.max(&Range::between(0.5, 0.5)), 0.5, 1.0);
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
