//! Ranges of indices, and the rules that remove quotients and remainders.
//!
//! All rules are instances of one split: for a divisor q and a factor g of q, write the index as
//! g·U + V with 0 ≤ V < g; then its quotient by q is U floordiv (q/g), and its remainder is
//! g·(U mod (q/g)) + V. With g = q this takes multiples of q out; with V = 0 it cancels a common
//! factor; with g = 1 it says nothing. Which V are small enough is read off the ranges.

use super::{Atom, Bounds, Guard, Index, UNKNOWN};
use std::sync::Arc;

/// Both ends included. The full range of `i64` stands for "unknown, and the sum may wrap".
pub(super) type Closed = (i64, i64);

pub(super) const ANY: Closed = (i64::MIN, i64::MAX);

pub(super) fn gcd(a: i64, b: i64) -> i64 {
    let (mut a, mut b) = (a.unsigned_abs(), b.unsigned_abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    i64::try_from(a).unwrap_or(1).max(1)
}

/// An interval in wide arithmetic as one of `i64`, or [`ANY`] where it does not fit.
fn narrow(low: i128, high: i128) -> Closed {
    match (i64::try_from(low), i64::try_from(high)) {
        (Ok(low), Ok(high)) => (low, high),
        (_, _) => ANY,
    }
}

/// The interval of `x + factor·y`.
pub(super) fn combine(x: Closed, y: Closed, factor: i64) -> Closed {
    if x == ANY || y == ANY {
        return ANY;
    }
    let product = |end: i64| end as i128 * factor as i128;
    let (a, b) = (product(y.0), product(y.1));
    narrow(x.0 as i128 + a.min(b), x.1 as i128 + a.max(b))
}

pub(super) fn variable_range(bounds: Bounds<'_>, variable: u32) -> Closed {
    let (lo, hi) = bounds.get(variable as usize).copied().unwrap_or(UNKNOWN);
    if (lo, hi) == UNKNOWN {
        ANY
    } else {
        // Nothing is evaluated on an empty range, so any non-empty range will do for it.
        (lo, hi.saturating_sub(1).max(lo))
    }
}

/// The interval of the quotient and of the remainder of values in `range`.
pub(super) fn divided(range: Closed, divisor: i64) -> (Closed, Closed) {
    let quotients = (range.0.div_euclid(divisor), range.1.div_euclid(divisor));
    let remainders = if quotients.0 == quotients.1 {
        (range.0.rem_euclid(divisor), range.1.rem_euclid(divisor))
    } else {
        (0, divisor - 1)
    };
    (quotients, remainders)
}

impl Index {
    /// A half-open range `lo..hi` that holds every value over a box of variables; [`UNKNOWN`] where
    /// a variable is unbounded or the sum might overflow.
    pub fn range(&self, bounds: Bounds<'_>) -> (i64, i64) {
        self.range_within(bounds, &Guard::always())
    }

    /// The range over those points of the box where `guard` holds.
    ///
    /// A relation of the guard is used wherever a sum differs from the related index by something
    /// of smaller range, at any depth of nesting; [`Index::stays_within`] knows more.
    pub fn range_within(&self, bounds: Bounds<'_>, guard: &Guard) -> (i64, i64) {
        match self.closed_range(bounds, guard) {
            ANY => UNKNOWN,
            (low, high) => (low, high.saturating_add(1)),
        }
    }

    pub(super) fn closed_range(&self, bounds: Bounds<'_>, guard: &Guard) -> Closed {
        guard.refine(self, self.plain_range(bounds, guard), bounds)
    }

    /// The range of the sum as it stands: relations are used for its atoms, not for the sum.
    pub(super) fn plain_range(&self, bounds: Bounds<'_>, guard: &Guard) -> Closed {
        let start = (self.offset, self.offset);
        self.terms.iter().fold(start, |sum, (atom, coefficient)| {
            let range = match atom {
                Atom::Var(variable) => guard.refine(
                    &Index::var(*variable),
                    variable_range(bounds, *variable),
                    bounds,
                ),
                Atom::FloorDiv(inner, divisor) => {
                    divided(inner.closed_range(bounds, guard), *divisor).0
                }
                Atom::Mod(inner, divisor) => divided(inner.closed_range(bounds, guard), *divisor).1,
            };
            combine(sum, range, *coefficient)
        })
    }

    /// An index with the same values on the box, with quotients and remainders removed where the
    /// ranges of variables allow it.
    #[must_use]
    pub fn simplify(&self, bounds: Bounds<'_>) -> Self {
        let mut result = Index::constant(self.offset);
        for (atom, coefficient) in &self.terms {
            let value = match atom {
                Atom::Var(variable) => match variable_range(bounds, *variable) {
                    (low, high) if low == high => Index::constant(low),
                    _ => Index::var(*variable),
                },
                Atom::FloorDiv(inner, divisor) => {
                    inner.simplify(bounds).floor_div_within(*divisor, bounds)
                }
                Atom::Mod(inner, divisor) => inner.simplify(bounds).modulo_within(*divisor, bounds),
            };
            result.accumulate_scaled(&value, *coefficient);
        }
        result.recombined(bounds)
    }

    /// Replaces c·(x mod n) by c·x − c·n·(x floordiv n) where that cancels a quotient of the sum.
    fn recombined(mut self, bounds: Bounds<'_>) -> Self {
        // Each replacement removes a quotient atom; those of x stand deeper, so this ends.
        while let Some(next) = self.recombine_one(bounds) {
            self = next;
        }
        self
    }

    fn recombine_one(&self, bounds: Bounds<'_>) -> Option<Self> {
        for (atom, coefficient) in &self.terms {
            let Atom::Mod(inner, divisor) = atom else {
                continue;
            };
            let Some(factor) = coefficient.checked_mul(*divisor) else {
                continue;
            };
            let quotient = inner.floor_div_within(*divisor, bounds);
            let cancels = |(other, c): &(Atom, i64)| {
                other.inner().is_some()
                    && c.checked_mul(factor)
                        .is_some_and(|c| self.coefficient_of(other) == c)
            };
            if quotient.terms.iter().any(cancels) {
                let mut result = self.clone();
                result.accumulate(atom.clone(), coefficient.wrapping_neg());
                result.accumulate_scaled(inner, *coefficient);
                result.accumulate_scaled(&quotient, factor.wrapping_neg());
                if result.size() < self.size() {
                    return Some(result);
                }
            }
        }
        None
    }

    /// Splits the index into (U, V) with index = g·U + V and 0 ≤ V < g on the box, if the terms that
    /// g does not divide are that small.
    fn split(&self, g: i64, bounds: Bounds<'_>) -> Option<(Index, Index)> {
        let mut multiple = Index::constant(self.offset.div_euclid(g));
        let mut rest = Index::constant(self.offset.rem_euclid(g));
        for (atom, coefficient) in &self.terms {
            if coefficient % g == 0 {
                multiple.accumulate(atom.clone(), coefficient / g);
            } else {
                rest.accumulate(atom.clone(), *coefficient);
            }
        }
        let (low, high) = rest.plain_range(bounds, &Guard::always());
        // A rest that stays within another period is shifted into the first one.
        let period = low.div_euclid(g);
        if (low, high) == ANY || period != high.div_euclid(g) {
            return None;
        }
        multiple.offset = multiple.offset.wrapping_add(period);
        rest.offset = rest.offset.wrapping_sub(period.wrapping_mul(g));
        Some((multiple, rest))
    }

    /// The best split by a factor of `divisor`: the largest factor found among its common factors
    /// with the coefficients.
    fn best_split(&self, divisor: i64, bounds: Bounds<'_>) -> Option<(i64, Index, Index)> {
        let mut factors: Vec<i64> = self.terms.iter().map(|(_, c)| gcd(*c, divisor)).collect();
        factors.push(divisor);
        factors.sort_unstable_by(|a, b| b.cmp(a));
        factors.dedup();
        factors
            .into_iter()
            .filter(|&g| g > 1)
            .find_map(|g| self.split(g, bounds).map(|(u, v)| (g, u, v)))
    }

    /// Takes multiples of the divisor out of the sum: (A, R) with index = divisor·A + R.
    fn without_multiples(&self, divisor: i64) -> (Index, Index) {
        let mut multiple = Index::constant(self.offset.div_euclid(divisor));
        let mut rest = Index::constant(self.offset.rem_euclid(divisor));
        for (atom, coefficient) in &self.terms {
            multiple.accumulate(atom.clone(), coefficient / divisor);
            rest.accumulate(atom.clone(), coefficient % divisor);
        }
        (multiple, rest)
    }

    /// The quotient rounded towards −∞, simplified for variables within `bounds`.
    /// The divisor must be positive (else reads as 1).
    #[must_use]
    pub fn floor_div_within(&self, divisor: i64, bounds: Bounds<'_>) -> Self {
        if divisor <= 1 {
            return self.clone();
        }
        if let Some((g, multiple, _)) = self.best_split(divisor, bounds) {
            return multiple.floor_div_within(divisor / g, bounds);
        }
        let (whole, rest) = self.without_multiples(divisor);
        let quotient = if rest == *self {
            self.opaque_quotient(divisor, bounds)
        } else {
            rest.floor_div_within(divisor, bounds)
        };
        whole.add(&quotient)
    }

    /// The quotient of an index that neither splits nor has multiples of the divisor.
    fn opaque_quotient(&self, divisor: i64, bounds: Bounds<'_>) -> Self {
        if let [(atom, 1)] = self.terms.as_slice() {
            match atom {
                // (x floordiv c + k) floordiv q = (x + k·c) floordiv (c·q)
                Atom::FloorDiv(inner, other) => {
                    let product = other.checked_mul(divisor);
                    if let (Some(product), Some(shift)) = (product, self.offset.checked_mul(*other))
                    {
                        return inner.add_constant(shift).floor_div_within(product, bounds);
                    }
                }
                // (x mod n) floordiv q = (x floordiv q) mod (n/q), if q divides n
                Atom::Mod(inner, modulus) if self.offset == 0 && modulus % divisor == 0 => {
                    return inner
                        .floor_div_within(divisor, bounds)
                        .modulo_within(modulus / divisor, bounds);
                }
                Atom::Mod(..) | Atom::Var(_) => {}
            }
        }
        Index::atom(Atom::FloorDiv(Arc::new(self.clone()), divisor), 1)
    }

    /// The remainder in `0..divisor`, simplified for variables within `bounds`.
    /// The divisor must be positive (else reads as 1).
    #[must_use]
    pub fn modulo_within(&self, divisor: i64, bounds: Bounds<'_>) -> Self {
        if divisor <= 1 {
            return Index::constant(0);
        }
        if let Some((g, multiple, rest)) = self.best_split(divisor, bounds) {
            return multiple
                .modulo_within(divisor / g, bounds)
                .scale(g)
                .add(&rest);
        }
        let rest = self.without_multiples(divisor).1.without_moduli(divisor);
        if rest == *self {
            Index::atom(Atom::Mod(Arc::new(rest), divisor), 1)
        } else {
            rest.modulo_within(divisor, bounds)
        }
    }

    /// Replaces c·(x mod n) by c·x where the divisor divides c·n: the remainder stays the same.
    fn without_moduli(&self, divisor: i64) -> Self {
        let mut result = Index::constant(self.offset);
        for (atom, coefficient) in &self.terms {
            match atom {
                Atom::Mod(inner, modulus)
                    if coefficient
                        .checked_mul(*modulus)
                        .is_some_and(|c| c % divisor == 0) =>
                {
                    result.accumulate_scaled(inner, *coefficient);
                }
                Atom::Mod(..) | Atom::Var(_) | Atom::FloorDiv(..) => {
                    result.accumulate(atom.clone(), *coefficient);
                }
            }
        }
        result
    }
}
