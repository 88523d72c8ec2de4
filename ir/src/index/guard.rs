//! Guards: conjunctions of relations between indices.

use super::simplify::{ANY, Closed, combine, gcd};
use super::{Bounds, Index};

/// One condition on an index.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Relation {
    /// `low <= index < high`.
    Within {
        /// What is compared.
        index: Index,
        /// The smallest value that holds.
        low: i64,
        /// The smallest value above that does not hold.
        high: i64,
    },
    /// `index ≡ 0 (mod divisor)`, with a positive divisor.
    Divisible {
        /// What is divided.
        index: Index,
        /// The divisor.
        divisor: i64,
    },
}

/// A conjunction of relations; the empty one always holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Guard {
    relations: Vec<Relation>,
}

impl Relation {
    /// The index that the relation is about.
    pub fn index(&self) -> &Index {
        match self {
            Relation::Within { index, .. } | Relation::Divisible { index, .. } => index,
        }
    }

    /// Whether the relation holds where variable `i` is `variables[i]`.
    pub fn eval(&self, variables: &[i64]) -> bool {
        match self {
            Relation::Within { index, low, high } => (*low..*high).contains(&index.eval(variables)),
            Relation::Divisible { index, divisor } => index.eval(variables) % divisor == 0,
        }
    }

    fn map(&self, change: impl FnOnce(&Index) -> Index) -> Relation {
        match self {
            Relation::Within { index, low, high } => Relation::Within {
                index: change(index),
                low: *low,
                high: *high,
            },
            Relation::Divisible { index, divisor } => Relation::Divisible {
                index: change(index),
                divisor: *divisor,
            },
        }
    }
}

impl Guard {
    /// The guard that holds everywhere.
    pub fn always() -> Self {
        Guard::default()
    }

    /// The guard that holds nowhere.
    pub fn never() -> Self {
        Guard::within(Index::constant(0), 1, 1)
    }

    /// The guard `low <= index < high`.
    pub fn within(index: Index, low: i64, high: i64) -> Self {
        let mut guard = Guard::always();
        guard.push(Relation::Within { index, low, high });
        guard
    }

    /// The guard `index ≡ 0 (mod divisor)`. The divisor must be positive (else reads as 1).
    pub fn divisible(index: Index, divisor: i64) -> Self {
        let mut guard = Guard::always();
        guard.push(Relation::Divisible {
            index,
            divisor: divisor.max(1),
        });
        guard
    }

    /// The relations, ascending.
    pub fn relations(&self) -> &[Relation] {
        &self.relations
    }

    /// Whether there is no relation.
    pub fn is_always(&self) -> bool {
        self.relations.is_empty()
    }

    /// Whether the guard visibly holds nowhere: a relation between constants fails.
    pub fn is_never(&self) -> bool {
        self.relations
            .iter()
            .any(|relation| relation.index().as_constant().is_some() && !relation.eval(&[]))
    }

    fn push(&mut self, relation: Relation) {
        if let Err(at) = self.relations.binary_search(&relation) {
            self.relations.insert(at, relation);
        }
    }

    /// Both guards.
    #[must_use]
    pub fn and(&self, other: &Guard) -> Self {
        let mut both = self.clone();
        for relation in &other.relations {
            both.push(relation.clone());
        }
        both
    }

    /// Whether all relations hold where variable `i` is `variables[i]`.
    pub fn eval(&self, variables: &[i64]) -> bool {
        self.relations
            .iter()
            .all(|relation| relation.eval(variables))
    }

    /// The guard with its indices replaced by what `change` makes of them.
    #[must_use]
    pub fn map(&self, mut change: impl FnMut(&Index) -> Index) -> Self {
        let mut result = Guard::always();
        for relation in &self.relations {
            result.push(relation.map(&mut change));
        }
        result
    }

    /// The guard with variable `i` replaced by `replacements[i]` (kept beyond the list).
    #[must_use]
    pub fn substitute(&self, replacements: &[Index]) -> Self {
        self.map(|index| index.substitute(replacements))
    }

    /// A guard that is equal on the box: what always holds is dropped, what cannot hold makes it
    /// [`Guard::never`], relations about one index are merged, indices are in a normal form.
    #[must_use]
    pub fn simplify(&self, bounds: Bounds<'_>) -> Self {
        let mut result = Guard::always();
        for relation in &self.relations {
            let simplified = match relation {
                Relation::Within { index, low, high } => {
                    within_normal(&index.simplify(bounds), *low, *high)
                }
                Relation::Divisible { index, divisor } => {
                    divisible_normal(&index.simplify(bounds), *divisor)
                }
            };
            result.merge(simplified);
        }
        result.decided(bounds)
    }

    /// Adds a relation; two ranges of one index become their intersection.
    fn merge(&mut self, relation: Relation) {
        let Relation::Within { index, low, high } = &relation else {
            self.push(relation);
            return;
        };
        let same = self.relations.iter().position(
            |other| matches!(other, Relation::Within { index: known, .. } if known == index),
        );
        let merged = match same.map(|at| self.relations.remove(at)) {
            Some(Relation::Within {
                low: other_low,
                high: other_high,
                ..
            }) => Relation::Within {
                index: index.clone(),
                low: other_low.max(*low),
                high: other_high.min(*high),
            },
            Some(Relation::Divisible { .. }) | None => relation,
        };
        self.push(merged);
    }

    /// Drops relations that hold on the whole box, tightens the others to it, finds impossible ones.
    fn decided(self, bounds: Bounds<'_>) -> Self {
        let mut result = Guard::always();
        for relation in self.relations {
            match relation {
                Relation::Within { index, low, high } => {
                    let range = index.closed_range(bounds, &Guard::always());
                    if low >= high || range.1 < low || range.0 >= high {
                        return Guard::never();
                    }
                    let (low, high) = (low.max(range.0), high.min(range.1.saturating_add(1)));
                    let everything = range != ANY && low == range.0 && high > range.1;
                    if !everything {
                        result.push(Relation::Within { index, low, high });
                    }
                }
                Relation::Divisible { index, divisor } => {
                    let remainder = index.modulo_within(divisor, bounds);
                    match remainder.as_constant() {
                        Some(0) => {}
                        Some(_) => return Guard::never(),
                        None => result.push(Relation::Divisible { index, divisor }),
                    }
                }
            }
        }
        result
    }

    /// The part of `plain`, a range of `index`, in which the index can be where the guard holds.
    pub(super) fn refine(&self, index: &Index, plain: Closed, bounds: Bounds<'_>) -> Closed {
        let mut best = plain;
        for relation in &self.relations {
            let Relation::Within {
                index: related,
                low,
                high,
            } = relation
            else {
                continue;
            };
            if low >= high {
                continue;
            }
            let Some(factor) = common_factor(index, related) else {
                continue;
            };
            let rest = index.sub(&related.scale(factor));
            if rest.size() >= index.size() {
                continue;
            }
            let rest = rest.plain_range(bounds, &Guard::always());
            let implied = combine(rest, (*low, *high - 1), factor);
            if implied != ANY {
                best = (best.0.max(implied.0), best.1.min(implied.1));
            }
        }
        // A contradiction means that nothing is evaluated here: any range will do.
        if best.0 <= best.1 { best } else { plain }
    }
}

/// f such that index − f·related has fewer atoms: read off the first atom of `related`.
fn common_factor(index: &Index, related: &Index) -> Option<i64> {
    let (atom, coefficient) = related.terms().first()?;
    let own = index.coefficient_of(atom);
    (own != 0 && own.checked_rem(*coefficient) == Some(0)).then(|| own.wrapping_div(*coefficient))
}

/// The relation with no offset, no common factor, and a positive leading coefficient.
fn within_normal(index: &Index, low: i64, high: i64) -> Relation {
    let unchanged = || Relation::Within {
        index: index.clone(),
        low,
        high,
    };
    let shift = index.offset();
    let (Some(low), Some(high)) = (low.checked_sub(shift), high.checked_sub(shift)) else {
        return unchanged();
    };
    let index = index.add_constant(shift.wrapping_neg());
    let Some((_, leading)) = index.terms().first() else {
        return Relation::Within { index, low, high };
    };
    let factor = index.terms().iter().fold(0, |g, (_, c)| gcd(g, *c)) * leading.signum();
    let divide = |end: i64| {
        // The smallest k with factor·k ≥ end; for a negative factor the largest plus one.
        let quotient = (end as i128).div_euclid(factor.unsigned_abs() as i128)
            + i128::from((end as i128).rem_euclid(factor.unsigned_abs() as i128) != 0);
        i64::try_from(quotient).unwrap_or(i64::MAX)
    };
    let mut reduced = Index::default();
    for (atom, coefficient) in index.terms() {
        reduced.accumulate(atom.clone(), coefficient / factor);
    }
    let (low, high) = (divide(low), divide(high));
    if factor > 0 {
        Relation::Within {
            index: reduced,
            low,
            high,
        }
    } else {
        Relation::Within {
            index: reduced,
            low: 1i64.saturating_sub(high),
            high: 1i64.saturating_sub(low),
        }
    }
}

/// The relation with coefficients below the divisor and no factor common to all.
fn divisible_normal(index: &Index, divisor: i64) -> Relation {
    let mut reduced = Index::constant(index.offset().rem_euclid(divisor));
    for (atom, coefficient) in index.terms() {
        reduced.accumulate(atom.clone(), coefficient.rem_euclid(divisor));
    }
    let factor = reduced
        .terms()
        .iter()
        .fold(gcd(divisor, reduced.offset()), |g, (_, c)| gcd(g, *c));
    let mut quotient = Index::constant(reduced.offset() / factor);
    for (atom, coefficient) in reduced.terms() {
        quotient.accumulate(atom.clone(), coefficient / factor);
    }
    Relation::Divisible {
        index: quotient,
        divisor: divisor / factor,
    }
}
