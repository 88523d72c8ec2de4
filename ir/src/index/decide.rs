//! Deciding whether an index stays within a range wherever a guard holds.
//!
//! Interval arithmetic loses that the parts of a sum vary together, and what a guard says of one sum
//! about another. Here the question is put to integer linear arithmetic, which loses nothing: a
//! dividend A and a divisor d have a quotient q and a remainder r with A = d·q + r and 0 ≤ r < d;
//! each relation of the guard bounds a sum; and the index stays in the range if no integer point
//! satisfies all of that and lies outside. What is too hard to decide counts as not provable, and a
//! relation that might overflow counts as unknown.

use super::simplex::System;
use super::simplify::{ANY, Closed, divided, gcd, variable_range};
use super::{Atom, Bounds, Guard, Index, Relation};
use dashu::integer::IBig;
use std::collections::BTreeMap;

/// The points of a box where a guard holds, as a linear system.
#[derive(Clone)]
struct Points<'b> {
    bounds: Bounds<'b>,
    system: System,
    variables: BTreeMap<Atom, usize>,
    /// A demand on a constant fails.
    is_empty: bool,
}

impl<'b> Points<'b> {
    fn new(bounds: Bounds<'b>, guard: &Guard) -> Self {
        let mut points = Points {
            bounds,
            system: System::default(),
            variables: BTreeMap::new(),
            is_empty: false,
        };
        for relation in guard.relations() {
            // A relation that is left out leaves more points, which is sound.
            let _ = points.relation(relation);
        }
        points
    }

    fn relation(&mut self, relation: &Relation) -> Option<()> {
        match relation {
            Relation::Within { low, high, .. } if low >= high => {
                self.is_empty = true;
                Some(())
            }
            Relation::Within { index, low, high } => self.demand(index, (*low, high - 1)),
            Relation::Divisible { index, divisor } => {
                let remainder = Index::atom(Atom::Mod(index.clone().into(), *divisor), 1);
                self.demand(&remainder, (0, 0))
            }
        }
    }

    /// Demands that an index is in a range, both ends included; `None` if it might overflow.
    fn demand(&mut self, index: &Index, (low, high): Closed) -> Option<()> {
        let sum = self.sum(index)?;
        let shifted = |end: i64| i128::from(end) - i128::from(index.offset());
        let (low, high) = (shifted(low), shifted(high));
        let factor = sum.iter().fold(0, |g, (_, c)| gcd(g, *c)).max(1);
        // What is divisible by the factor lies between the multiples of it.
        let factor = i128::from(factor);
        let (low, high) = (-(-low).div_euclid(factor), high.div_euclid(factor));
        if sum.is_empty() {
            self.is_empty |= low > 0 || high < 0;
            return Some(());
        }
        let divide = |(variable, c): (usize, i64)| {
            i64::try_from(i128::from(c) / factor).map(|c| (variable, c))
        };
        let sum = sum.into_iter().map(divide).collect::<Result<Vec<_>, _>>();
        self.system
            .demand(sum.ok()?, (IBig::from(low), IBig::from(high)));
        Some(())
    }

    /// The sum of an index without its offset; `None` if it might overflow.
    fn sum(&mut self, index: &Index) -> Option<Vec<(usize, i64)>> {
        if index.closed_range(self.bounds, &Guard::always()) == ANY {
            return None;
        }
        let terms = index.terms().iter();
        terms
            .map(|(atom, c)| self.variable(atom).map(|variable| (variable, *c)))
            .collect()
    }

    /// The variable that stands for an atom, with all that defines it.
    fn variable(&mut self, atom: &Atom) -> Option<usize> {
        if let Some(variable) = self.variables.get(atom) {
            return Some(*variable);
        }
        match atom {
            Atom::Var(number) => {
                let range = variable_range(self.bounds, *number);
                let variable = (range != ANY).then(|| self.system.variable(range))?;
                self.variables.insert(atom.clone(), variable);
            }
            Atom::FloorDiv(inner, divisor) | Atom::Mod(inner, divisor) => {
                let mut sum = self.sum(inner)?;
                let range = inner.closed_range(self.bounds, &Guard::always());
                let (quotients, remainders) = divided(range, *divisor);
                let quotient = self.system.variable(quotients);
                let remainder = self.system.variable(remainders);
                sum.extend([(quotient, divisor.checked_neg()?), (remainder, -1)]);
                let constant = -IBig::from(inner.offset());
                self.system.demand(sum, (constant.clone(), constant));
                let atoms = [Atom::FloorDiv, Atom::Mod].map(|of| of(inner.clone(), *divisor));
                self.variables
                    .extend(atoms.into_iter().zip([quotient, remainder]));
            }
        }
        self.variables.get(atom).copied()
    }

    /// Whether an index is in the range `low..=high` at no point.
    fn avoid(&self, index: &Index, range: Closed) -> bool {
        let mut outside = self.clone();
        match range.0 > range.1 || outside.is_empty {
            true => true,
            false => {
                outside.demand(index, range).is_some()
                    && (outside.is_empty || outside.system.is_empty() == Some(true))
            }
        }
    }
}

impl Guard {
    /// Whether the guard is known to hold at no point of the box.
    ///
    /// `false` also where that is too hard to tell.
    pub fn holds_nowhere(&self, bounds: Bounds<'_>) -> bool {
        let points = Points::new(bounds, self);
        points.is_empty || points.system.is_empty() == Some(true)
    }
}

impl Index {
    /// Whether the index is known to be at least `low` and below `high`, where given, at those
    /// points of the box where `guard` holds.
    ///
    /// Interval arithmetic is asked first, integer linear arithmetic after it. `false` where the
    /// sum might overflow or the question is too hard.
    pub fn stays_within(
        &self,
        (low, high): (Option<i64>, Option<i64>),
        bounds: Bounds<'_>,
        guard: &Guard,
    ) -> bool {
        let range = self.closed_range(bounds, guard);
        if range == ANY {
            return low.is_none() && high.is_none();
        }
        let low = low.filter(|low| range.0 < *low);
        let high = high.filter(|high| range.1 >= *high);
        if low.is_none() && high.is_none() {
            return true;
        }
        let points = Points::new(bounds, guard);
        let below = low.is_none_or(|low| points.avoid(self, (range.0, low.saturating_sub(1))));
        below && high.is_none_or(|high| points.avoid(self, (high, range.1)))
    }
}
