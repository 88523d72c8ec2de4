//! Integer points of systems of bounded linear sums.
//!
//! The rational relaxation is decided by the simplex method on bounded variables (B. Dutertre and
//! L. de Moura, "A Fast Linear-Arithmetic Solver for DPLL(T)", 2006), with Bland's rule, so that it
//! ends; integrality by branching on a variable with a fractional value. Arithmetic is exact, and
//! work is capped.

use dashu::integer::IBig;
use dashu::rational::RBig;

/// Changes of basis, over all branches.
const MAX_PIVOTS: usize = 4096;

/// Boxes that are looked at.
const MAX_BRANCHES: usize = 1024;

/// The smallest and the largest value.
type Ends = (IBig, IBig);

/// Σ coefficient·variable and where it is.
type Sum = (Vec<(usize, i64)>, Ends);

/// Integer variables and sums of them, all bounded.
#[derive(Clone, Debug, Default)]
pub(super) struct System {
    variables: Vec<Ends>,
    sums: Vec<Sum>,
}

impl System {
    /// A new variable in `low..=high`.
    pub(super) fn variable(&mut self, (low, high): (i64, i64)) -> usize {
        self.variables.push((low.into(), high.into()));
        self.variables.len() - 1
    }

    /// Demands that Σ coefficient·variable is in `low..=high`. No variable may stand there twice.
    pub(super) fn demand(&mut self, sum: Vec<(usize, i64)>, (low, high): (IBig, IBig)) {
        self.sums.push((sum, (low, high)));
    }

    /// Whether no integer point satisfies the system; `None` if that is too hard to tell.
    pub(super) fn is_empty(&self) -> Option<bool> {
        let mut tableau = Tableau::new(self);
        let sums = self.sums.iter().map(|(_, ends)| ends);
        let mut boxes = vec![
            self.variables
                .iter()
                .chain(sums)
                .cloned()
                .collect::<Vec<_>>(),
        ];
        for _ in 0..MAX_BRANCHES {
            let Some(region) = boxes.pop() else {
                return Some(true);
            };
            if !tableau.is_feasible(&region)? {
                continue;
            }
            let mut values = tableau.values.iter().take(self.variables.len()).enumerate();
            let Some((at, value)) = values.find(|(_, value)| !value.is_int()) else {
                return Some(false);
            };
            let floor = value.floor();
            let (mut below, mut above) = (region.clone(), region);
            above[at].0 = &floor + IBig::ONE;
            below[at].1 = floor;
            boxes.extend([above, below]);
        }
        None
    }
}

/// The sums solved for as many variables as there are sums.
///
/// Each sum counts as a variable, too; those come after the others.
struct Tableau {
    rows: Vec<Row>,
    is_basic: Vec<bool>,
    /// A point that satisfies the rows.
    values: Vec<RBig>,
    pivots: usize,
}

/// A basic variable as a sum of those that are not basic.
struct Row {
    basic: usize,
    /// One a variable; 0 for the basic ones.
    coefficients: Vec<RBig>,
}

impl Row {
    fn value(&self, values: &[RBig]) -> RBig {
        let terms = self.coefficients.iter().zip(values);
        let terms = terms.filter(|(coefficient, _)| !coefficient.is_zero());
        terms.fold(RBig::ZERO, |sum, (coefficient, value)| {
            sum + coefficient * value
        })
    }

    /// Solves for another variable, whose coefficient is not 0.
    fn solve_for(&mut self, entering: usize) {
        let pivot = std::mem::replace(&mut self.coefficients[entering], RBig::ZERO);
        for coefficient in self.coefficients.iter_mut().filter(|c| !c.is_zero()) {
            *coefficient = -(&*coefficient / &pivot);
        }
        self.coefficients[self.basic] = RBig::ONE / pivot;
        self.basic = entering;
    }

    /// Replaces the variable that `solved` is solved for.
    fn eliminate(&mut self, solved: &Row) {
        let factor = std::mem::replace(&mut self.coefficients[solved.basic], RBig::ZERO);
        if factor.is_zero() {
            return;
        }
        for (own, other) in self.coefficients.iter_mut().zip(&solved.coefficients) {
            if !other.is_zero() {
                *own += &factor * other;
            }
        }
    }
}

impl Tableau {
    fn new(system: &System) -> Self {
        let variables = system.variables.len();
        let width = variables + system.sums.len();
        let row = |(at, (sum, _)): (usize, &Sum)| {
            let mut coefficients = vec![RBig::ZERO; width];
            for (variable, coefficient) in sum {
                coefficients[*variable] = RBig::from(*coefficient);
            }
            let basic = variables + at;
            Row {
                basic,
                coefficients,
            }
        };
        Tableau {
            rows: system.sums.iter().enumerate().map(row).collect(),
            is_basic: (0..width).map(|variable| variable >= variables).collect(),
            values: vec![RBig::ZERO; width],
            pivots: 0,
        }
    }

    /// Whether a rational point of the box satisfies the rows, found in `values` then; `None` if
    /// that takes too long to tell.
    fn is_feasible(&mut self, region: &[Ends]) -> Option<bool> {
        if region.iter().any(|(low, high)| low > high) {
            return Some(false);
        }
        for (variable, (low, high)) in region.iter().enumerate() {
            if !self.is_basic[variable] {
                let value = &mut self.values[variable];
                let (low, high) = (RBig::from(low.clone()), RBig::from(high.clone()));
                if *value < low {
                    *value = low;
                } else if *value > high {
                    *value = high;
                }
            }
        }
        self.settle();
        while let Some((row, end)) = self.violated(region) {
            let Some(entering) = self.entering(row, &end, region) else {
                return Some(false);
            };
            self.pivots += 1;
            if self.pivots > MAX_PIVOTS {
                return None;
            }
            self.pivot(row, entering, end);
        }
        Some(true)
    }

    /// Gives the basic variables the values that the others demand.
    fn settle(&mut self) {
        for row in &self.rows {
            self.values[row.basic] = row.value(&self.values);
        }
    }

    /// The row of the first basic variable outside its range, and the end that it has crossed.
    fn violated(&self, region: &[Ends]) -> Option<(usize, RBig)> {
        let crossed = |(at, row): (usize, &Row)| {
            let (low, high) = &region[row.basic];
            let (low, high) = (RBig::from(low.clone()), RBig::from(high.clone()));
            let value = &self.values[row.basic];
            match (*value < low, *value > high) {
                (true, _) => Some((row.basic, at, low)),
                (false, true) => Some((row.basic, at, high)),
                (false, false) => None,
            }
        };
        let crossed = self.rows.iter().enumerate().filter_map(crossed);
        let first = crossed.min_by_key(|(variable, ..)| *variable);
        first.map(|(_, at, end)| (at, end))
    }

    /// The first variable that can move so that the row's basic variable comes closer to `end`.
    fn entering(&self, row: usize, end: &RBig, region: &[Ends]) -> Option<usize> {
        let row = &self.rows[row];
        let must_grow = self.values[row.basic] < *end;
        (0..self.values.len()).find(|&variable| {
            let coefficient = &row.coefficients[variable];
            let (low, high) = &region[variable];
            let value = &self.values[variable];
            match (
                coefficient.is_zero(),
                must_grow == (*coefficient > RBig::ZERO),
            ) {
                (true, _) => false,
                (false, true) => *value < RBig::from(high.clone()),
                (false, false) => *value > RBig::from(low.clone()),
            }
        })
    }

    /// Moves the row's basic variable to `end` and makes `entering` basic in its place.
    fn pivot(&mut self, row: usize, entering: usize, end: RBig) {
        let leaving = self.rows[row].basic;
        self.rows[row].solve_for(entering);
        let (before, rest) = self.rows.split_at_mut(row);
        if let [solved, after @ ..] = rest {
            for other in before.iter_mut().chain(after) {
                other.eliminate(solved);
            }
        }
        self.is_basic[leaving] = false;
        self.is_basic[entering] = true;
        self.values[leaving] = end;
        self.settle();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The ranges of four variables; coefficients and ends of sums of them.
    type Drawn = (Vec<(i64, i64)>, Vec<([i64; 4], i64, i64)>);

    fn any_system() -> impl Strategy<Value = Drawn> {
        let variable = (-5i64..5, 0i64..6).prop_map(|(low, n)| (low, low + n));
        let sum = (
            [-7i64..8, -7i64..8, -7i64..8, -7i64..8],
            -40i64..40,
            0i64..9,
        );
        let sum = sum.prop_map(|(c, low, n)| (c, low, low + n));
        (
            proptest::collection::vec(variable, 4),
            proptest::collection::vec(sum, 0..6),
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn agrees_with_trying_every_point((variables, sums) in any_system()) {
            let mut system = System::default();
            for ends in &variables {
                system.variable(*ends);
            }
            for (c, low, high) in &sums {
                let terms = c.iter().copied().enumerate().filter(|(_, c)| *c != 0);
                system.demand(terms.collect(), ((*low).into(), (*high).into()));
            }
            let mut points = vec![vec![]];
            for (low, high) in &variables {
                let longer = |p: &Vec<i64>| (*low..=*high).map({ let p = p.clone(); move |v| [&p[..], &[v]].concat() }).collect::<Vec<_>>();
                points = points.iter().flat_map(longer).collect();
            }
            let inside = |point: &&Vec<i64>| sums.iter().all(|(c, low, high)| {
                let sum: i64 = c.iter().zip(point.iter()).map(|(c, x)| c * x).sum();
                (*low..=*high).contains(&sum)
            });
            prop_assert_eq!(system.is_empty(), Some(!points.iter().any(|point| inside(&point))));
        }
    }
}
