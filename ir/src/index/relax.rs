//! Bounds by linear relaxation.
//!
//! Interval arithmetic loses that the parts of a sum vary together. Here an index is bounded by a
//! linear form with rational coefficients instead: remainders are rewritten as `A − c·⌊A/c⌋`, and a
//! quotient `⌊A/c⌋` lies between `(A − c + 1)/c` and `A/c`, outermost first, until only variables are
//! left. A linear form is bounded over the box, and with each relation of the guard, of which the
//! multiple is subtracted that cancels one of its variables.

use super::{Atom, Bounds, Guard, Index, Relation};
use std::collections::BTreeMap;

/// Quotients are expanded at most this often, so that shared nesting cannot blow up.
const MAX_STEPS: usize = 64;

/// Σ numerator·atom + constant, all over one positive denominator.
#[derive(Clone, Debug)]
struct Linear {
    terms: BTreeMap<Atom, i128>,
    constant: i128,
    denominator: i128,
}

impl Linear {
    fn of(index: &Index, sign: i128) -> Self {
        let terms = index
            .terms()
            .iter()
            .map(|(atom, c)| (atom.clone(), sign * i128::from(*c)));
        Linear {
            terms: terms.collect(),
            constant: sign * i128::from(index.offset()),
            denominator: 1,
        }
    }

    fn scale(&mut self, factor: i128) -> Option<()> {
        for numerator in self
            .terms
            .values_mut()
            .chain([&mut self.constant, &mut self.denominator])
        {
            *numerator = numerator.checked_mul(factor)?;
        }
        Some(())
    }

    fn add(&mut self, index: &Index, factor: i128) -> Option<()> {
        for (atom, coefficient) in index.terms() {
            let entry = self.terms.entry(atom.clone()).or_insert(0);
            *entry = entry.checked_add(factor.checked_mul(i128::from(*coefficient))?)?;
        }
        let constant = factor.checked_mul(i128::from(index.offset()))?;
        self.constant = self.constant.checked_add(constant)?;
        self.terms.retain(|_, numerator| *numerator != 0);
        Some(())
    }

    /// Replaces quotients and remainders by upper bounds, outermost first. A remainder is replaced
    /// by what it is the remainder of, or by its largest value.
    fn relax(mut self, expand_remainders: bool) -> Option<Self> {
        for _ in 0..MAX_STEPS {
            let nested = self
                .terms
                .keys()
                .filter(|atom| !matches!(atom, Atom::Var(_)));
            let Some(atom) = nested.max_by_key(|atom| depth(atom)).cloned() else {
                return Some(self);
            };
            let numerator = self.terms.remove(&atom)?;
            match atom {
                Atom::Var(_) => {}
                Atom::Mod(inner, divisor) if expand_remainders => {
                    self.add(&inner, numerator)?;
                    let quotient = Atom::FloorDiv(inner, divisor);
                    let entry = self.terms.entry(quotient).or_insert(0);
                    *entry = entry.checked_sub(numerator.checked_mul(i128::from(divisor))?)?;
                }
                Atom::Mod(_, divisor) => {
                    let largest = numerator.max(0).checked_mul(i128::from(divisor - 1))?;
                    self.constant = self.constant.checked_add(largest)?;
                }
                Atom::FloorDiv(inner, divisor) => {
                    self.scale(i128::from(divisor))?;
                    self.add(&inner, numerator)?;
                    if numerator < 0 {
                        let slack = numerator.checked_mul(i128::from(divisor - 1))?;
                        self.constant = self.constant.checked_sub(slack)?;
                    }
                }
            }
            self.terms.retain(|_, numerator| *numerator != 0);
        }
        None
    }

    /// The largest numerator over the box; the terms are variables.
    fn largest(&self, bounds: Bounds<'_>) -> Option<i128> {
        self.terms
            .iter()
            .try_fold(self.constant, |sum, (atom, numerator)| {
                let Atom::Var(variable) = atom else {
                    return None;
                };
                let (low, high) = *bounds.get(*variable as usize)?;
                if low >= high || (low, high) == super::UNKNOWN {
                    return None;
                }
                let end = if *numerator > 0 {
                    high.checked_sub(1)?
                } else {
                    low
                };
                sum.checked_add(numerator.checked_mul(i128::from(end))?)
            })
    }

    /// The largest numerator where `low <= related < high` too, by cancelling `variable`.
    fn largest_with(
        &self,
        bounds: Bounds<'_>,
        related: &Index,
        (low, high): (i64, i64),
        variable: &Atom,
    ) -> Option<i128> {
        let own = *self.terms.get(variable)?;
        let theirs = i128::from(related.coefficient_of(variable));
        if own == 0 || theirs == 0 {
            return None;
        }
        // self = (own / theirs)·related + rest / |theirs|.
        let sign = theirs.signum();
        let mut rest = self.clone();
        rest.scale(theirs.abs())?;
        rest.add(related, own.checked_mul(-sign)?)?;
        let multiple = own.checked_mul(sign)?;
        let end = if multiple > 0 {
            high.checked_sub(1)?
        } else {
            low
        };
        let sum = rest
            .largest(bounds)?
            .checked_add(multiple.checked_mul(i128::from(end))?)?;
        Some(sum.div_euclid(theirs.abs()))
    }
}

/// How deeply quotients and remainders nest in an atom.
fn depth(atom: &Atom) -> u32 {
    match atom {
        Atom::Var(_) => 0,
        Atom::FloorDiv(inner, _) | Atom::Mod(inner, _) => 1 + inner.depth(),
    }
}

/// A relation as one on an affine index, where it is one: `l <= ⌊A/c⌋ < h` says the same as
/// `c·l <= A < c·h`.
fn affine_relation(relation: &Relation) -> Option<(Index, (i64, i64))> {
    let Relation::Within { index, low, high } = relation else {
        return None;
    };
    let (mut index, mut low, mut high) = (index.clone(), *low, *high);
    while let [(Atom::FloorDiv(inner, divisor), 1)] = index.terms() {
        low = low.checked_sub(index.offset())?.checked_mul(*divisor)?;
        high = high.checked_sub(index.offset())?.checked_mul(*divisor)?;
        index = Index::clone(inner);
    }
    (low < high && index.as_affine().is_some()).then_some((index, (low, high)))
}

/// The largest value, if it can be bounded, of `sign·index` over the box where the guard holds.
fn largest(index: &Index, sign: i128, bounds: Bounds<'_>, guard: &Guard) -> Option<i128> {
    let mut best: Option<i128> = None;
    let related: Vec<(Index, (i64, i64))> = guard
        .relations()
        .iter()
        .filter_map(affine_relation)
        .collect();
    for expand in [true, false] {
        let Some(linear) = Linear::of(index, sign).relax(expand) else {
            continue;
        };
        let plain = linear.largest(bounds);
        let implied = related.iter().flat_map(|(related, range)| {
            let linear = &linear;
            let variables = related.terms().iter().map(|(atom, _)| atom);
            variables.filter_map(move |v| linear.largest_with(bounds, related, *range, v))
        });
        for numerator in plain.into_iter().chain(implied) {
            let value = numerator.div_euclid(linear.denominator);
            best = Some(best.map_or(value, |best| best.min(value)));
        }
    }
    best
}

/// The smallest and largest value of an index over the box where the guard holds, as far as the
/// relaxation bounds them.
pub(super) fn relaxed_range(
    index: &Index,
    bounds: Bounds<'_>,
    guard: &Guard,
) -> (Option<i64>, Option<i64>) {
    let fits = |value: i128| i64::try_from(value).ok();
    let low = largest(index, -1, bounds, guard).and_then(|value| fits(-value));
    (low, largest(index, 1, bounds, guard).and_then(fits))
}
