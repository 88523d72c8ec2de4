//! Laws 1 to 3, second order, composites and the Jacobian, at given points; which law is checked how.

use super::derivatives::{Derivatives, is_carrier};
use super::domain::Domain;
use super::number::{Number, Points};
use super::outcome::{Law, Outcome, Tally};
use super::point::{Point, Random};
use super::ranges::differentiated;
use super::{untaken, whole, witness};
use crate::autodiff::{self, AutodiffError};
use crate::dtype::DType;
use crate::graph::Graph;
use crate::interpret::{InterpretError, Tensor, interpret};
use crate::op::{Composite, Family, TypeError};
use crate::rewrite::decompose;
use crate::scalar::{Dual, Scalar};
use crate::shape::Type;
use std::collections::BTreeSet;

/// Why a law could not even be stated.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LawError {
    /// A derivative cannot be built.
    #[error(transparent)]
    Autodiff(#[from] AutodiffError),
    /// A decomposition does not type-check.
    #[error(transparent)]
    Type(#[from] TypeError),
    /// The graph has no value.
    #[error(transparent)]
    Interpret(#[from] InterpretError),
}

/// How hard laws are tried.
#[derive(Clone, Copy, Debug)]
pub(super) struct Effort {
    pub(super) points: usize,
    pub(super) seed: u64,
    /// How many rows, and how many columns, of a Jacobian are compared at most.
    pub(super) rows: u64,
}

impl Effort {
    /// At so many points, with whole Jacobians.
    pub(super) const fn at(points: usize, seed: u64) -> Effort {
        let rows = u64::MAX;
        Effort { points, seed, rows }
    }
}

/// Laws 1 to 3, the witness, the agreement of composites and the second order of one graph, each
/// over `N` (the witness over enclosures) at `points` random points.
///
/// # Errors
/// A derivative cannot be built.
pub fn laws_of<N: Number>(
    graph: &Graph,
    points: usize,
    seed: u64,
) -> Result<Vec<(Law, Outcome)>, LawError> {
    let (effort, first) = (Effort::at(points, seed), Derivatives::of(graph)?);
    let of_ops = Law::ALL.into_iter().filter(|law| !law.is_of_graphs());
    of_ops
        .map(|law| {
            let outcome = check_law::<N>(law, &first, effort)?;
            Ok((
                law,
                if law == Law::Zero {
                    zero_everywhere(&first, effort, outcome)?
                } else {
                    outcome
                },
            ))
        })
        .collect()
}

/// One law of a graph over `N`.
pub(super) fn check_law<N: Number>(
    law: Law,
    d: &Derivatives,
    effort: Effort,
) -> Result<Outcome, LawError> {
    if let Some(why) = nothing_to_check(law, d) {
        return Ok(Outcome::Vacuous(why));
    }
    match law {
        Law::Adjoint => adjoint_law::<N>(d, effort),
        Law::Tangent => check::<N>(d, effort, tangent::<N>),
        Law::Zero => check::<N>(d, effort, zero::<N>),
        Law::Composition => whole::composition::<N>(d, effort),
        Law::Weaken => whole::weaken::<N>(d, effort),
        Law::Sweep => whole::sweep::<N>(d, effort),
        Law::FanOut => whole::fan_out::<N>(d, effort),
        Law::Witness => witness::witness::<N::Steps>(d, effort),
        Law::Composite => composite_law::<N>(d, effort),
        Law::SecondOrder => second_order::<N>(d, effort),
        Law::Jacobian => check::<N>(d, effort, |d, point, random, tally| {
            jacobian_of::<N>(d, point, random, tally, effort.rows)
        }),
    }
}

/// Why a graph has no derivatives at all, if so.
pub(super) fn nothing_to_differentiate(d: &Derivatives) -> Option<&'static str> {
    let empty = |types: &[Type]| types.iter().all(|ty| ty.elements() == 0);
    if empty(&d.sources()) {
        Some("no float operand")
    } else if empty(&d.targets()) {
        Some("no float result")
    } else {
        None
    }
}

/// Why a law says nothing of a graph, if so. That nothing varies is what the witness sees.
pub(super) fn nothing_to_check(law: Law, d: &Derivatives) -> Option<&'static str> {
    nothing_to_differentiate(d).or_else(|| {
        let flows = differentiated(&d.graph).contains(&true);
        (law != Law::Witness && !flows).then_some("no result varies with a float operand")
    })
}

/// A law at several points of the domain.
pub(super) fn check<N: Number>(
    d: &Derivatives,
    effort: Effort,
    law: impl Fn(&Derivatives, &Point, &mut Random, &mut Tally) -> Result<(), LawError>,
) -> Result<Outcome, LawError> {
    let mut random = Random(effort.seed);
    let mut domain = Domain::of(&d.graph)?;
    let mut tally = Tally::default();
    for _ in 0..effort.points {
        match domain.draw::<N>(&mut random) {
            Ok(point) => {
                let mut at_point = Tally::default();
                law(d, &point, &mut random, &mut at_point)?;
                tally.merge(at_point);
            }
            Err(why) => {
                tally.skip(why);
                break;
            }
        }
    }
    Ok(tally.outcome())
}

/// The outputs of a graph at a point.
pub(super) fn outputs<S: Scalar<World = ()>>(
    graph: &Graph,
    inputs: &[Tensor<S>],
) -> Result<Vec<Tensor<S>>, InterpretError> {
    let values = interpret(graph, &(), inputs)?;
    Ok(values.outputs().into_iter().cloned().collect())
}

/// ⟪x, y⟫ over all float tensors of two lists.
pub(super) fn inner<N: Number>(x: &[Tensor<N>], y: &[Tensor<N>]) -> N {
    let pairs = x.iter().zip(y);
    let mut terms = pairs.flat_map(|(x, y)| {
        let elements = x.as_numbers().iter().zip(y.as_numbers());
        elements.map(|(x, y)| (x.clone(), y.clone()))
    });
    N::dot_of(&(), DType::F64, &mut terms)
}

/// The derivatives that a derivative graph yields after the outputs of the graph itself.
pub(super) fn derivatives<'a, S: Scalar>(
    d: &Derivatives,
    outputs: &'a [Tensor<S>],
) -> &'a [Tensor<S>] {
    outputs.get(d.graph.outputs().len()..).unwrap_or_default()
}

/// Compares the elements of two lists of float tensors one by one.
pub(super) fn compare_all<N: Number>(
    tally: &mut Tally,
    what: &str,
    x: &[Tensor<N>],
    y: &[Tensor<N>],
    at: &Point,
) {
    for (tensor, (x, y)) in x.iter().zip(y).enumerate() {
        for (element, (x, y)) in x.as_numbers().iter().zip(y.as_numbers()).enumerate() {
            let place = || format!("{what} {tensor}, element {element}, at {}", at.describe());
            tally.compare(x, y, place);
        }
    }
}

/// Law 1 at a point, and that both derivative graphs yield the forward's own results.
pub(super) fn adjoint<N: Number>(
    d: &Derivatives,
    point: &Point,
    random: &mut Random,
    tally: &mut Tally,
) -> Result<(), LawError> {
    let (dx, ct) = directions::<N>(d, random);
    let forward = outputs::<N>(&d.graph, &point.tensors())?;
    let along = outputs::<N>(&d.jvp, &point.with(&dx).tensors())?;
    let back = outputs::<N>(&d.vjp, &point.with(&ct).tensors())?;
    for other in [&along, &back] {
        let mut same = Tally::default();
        compare_all(&mut same, "result", &forward, other, point);
        tally.require(same);
    }
    let left = inner(derivatives(d, &along), &ct.tensors());
    let right = inner(&dx.tensors(), derivatives(d, &back));
    let place = || {
        let (dx, ct) = (dx.describe(), ct.describe());
        format!("at {} with dx = {dx}, δ = {ct}", point.describe())
    };
    tally.compare(&left, &right, place);
    Ok(())
}

/// A tangent and a cotangent.
pub(super) fn directions<N: Number>(d: &Derivatives, random: &mut Random) -> (Point, Point) {
    let mut of = |types: &[Type]| {
        let direction = Point::direction(types, random);
        match N::POINTS {
            Points::Fine => direction.refined(&[], random),
            Points::Short | Points::OffIntegers | Points::Small => direction,
        }
    };
    (of(&d.sources()), of(&d.targets()))
}

/// Law 1. Where every op on the way is pointwise, forward and reverse mode multiply by the same
/// partials, so that the law holds by construction and says nothing about them.
pub(super) fn adjoint_law<N: Number>(d: &Derivatives, effort: Effort) -> Result<Outcome, LawError> {
    let outcome = check::<N>(d, effort, adjoint::<N>)?;
    let holds = !outcome.is_failure() && !outcome.is_skipped();
    if holds && is_pointwise(&d.graph) {
        Ok(Outcome::ByConstruction)
    } else {
        Ok(outcome)
    }
}

fn is_pointwise(graph: &Graph) -> bool {
    let mut carriers = graph.nodes().filter(|node| is_carrier(graph, *node));
    carriers.all(|node| matches!(graph.op(node).family(), Family::Pointwise(_)))
}

/// Law 2 at a point.
pub(super) fn tangent<N: Number>(
    d: &Derivatives,
    point: &Point,
    random: &mut Random,
    tally: &mut Tally,
) -> Result<(), LawError> {
    let (dx, _) = directions::<N>(d, random);
    let along = outputs::<N>(&d.jvp, &point.with(&dx).tensors())?;
    let duals = outputs::<Dual<N>>(&d.graph, &point.duals::<N>(&d.wrt, &dx))?;
    let floats = duals.iter().filter(|tensor| tensor.ty.dtype.is_float());
    let tangents: Vec<Tensor<N>> = floats
        .map(|tensor| {
            let elements = tensor.as_numbers().iter().map(Dual::derivative);
            Tensor::numbers(tensor.ty.clone(), elements.collect())
        })
        .collect();
    compare_all(tally, "tangent", derivatives(d, &along), &tangents, point);
    Ok(())
}

/// Law 3 at a point. It says something only where another cotangent gives something else.
pub(super) fn zero<N: Number>(
    d: &Derivatives,
    point: &Point,
    random: &mut Random,
    tally: &mut Tally,
) -> Result<(), LawError> {
    let (_, ct) = directions::<N>(d, random);
    let none = point.with(&Point::zeros(&d.targets()));
    let nothing = outputs::<N>(&d.vjp, &none.tensors())?;
    let zeros = Point::zeros(&d.sources()).tensors();
    compare_all(tally, "cotangent", derivatives(d, &nothing), &zeros, point);
    let something = outputs::<N>(&d.vjp, &point.with(&ct).tensors())?;
    let mut numbers = derivatives(d, &something)
        .iter()
        .flat_map(Tensor::as_numbers);
    tally.matters(numbers.any(|number| !number.vanishes()));
    Ok(())
}

/// Law 3 also in single precision, of results that are not taken, whatever stands in them.
fn zero_everywhere(d: &Derivatives, effort: Effort, exactly: Outcome) -> Result<Outcome, LawError> {
    if exactly.is_skipped() {
        return Ok(exactly);
    }
    let failure = untaken::leak(&untaken::Choices::of(&d.graph)?, effort)?;
    Ok(failure.map_or(exactly, Outcome::Failed))
}

/// Composite ops against what they decompose into: results and cotangents.
fn composite_law<N: Number>(d: &Derivatives, effort: Effort) -> Result<Outcome, LawError> {
    if !composites(&d.graph, &|_| true) {
        return Ok(Outcome::Vacuous("no composite op"));
    }
    // The reverse graph keeps the composite ops that have a VJP of their own, nested ones too.
    let own = composites(&d.vjp, &|composite| composite.has_vjp());
    let (decomposed, _) = decompose(&d.graph, &|_| false)?;
    let derived = Derivatives {
        vjp: autodiff::vjp(&decomposed, &d.wrt)?,
        ..d.clone()
    };
    let outcome = agreement::<N>(d, &derived, effort)?;
    let holds = !outcome.is_failure() && !outcome.is_skipped();
    Ok(if holds && !own {
        Outcome::ByConstruction
    } else {
        outcome
    })
}

/// Whether the graph has a composite op for which `test` holds.
fn composites(graph: &Graph, test: &dyn Fn(&dyn Composite) -> bool) -> bool {
    let mut nodes = graph.nodes();
    nodes.any(|node| matches!(graph.op(node).family(), Family::Composite(c) if test(c)))
}

/// Whether two reverse graphs of the same signature yield the same.
pub(super) fn agreement<N: Number>(
    d: &Derivatives,
    other: &Derivatives,
    effort: Effort,
) -> Result<Outcome, LawError> {
    let mut random = Random(effort.seed);
    let (mut domain, mut tally) = (Domain::of(&d.graph)?, Tally::default());
    for _ in 0..effort.points {
        match domain.draw::<N>(&mut random) {
            Ok(point) => {
                let (_, ct) = directions::<N>(d, &mut random);
                let inputs = point.with(&ct).tensors();
                let (x, y) = (
                    outputs::<N>(&d.vjp, &inputs)?,
                    outputs::<N>(&other.vjp, &inputs)?,
                );
                let mut at_point = Tally::default();
                compare_all(&mut at_point, "result", &x, &y, &point);
                tally.merge(at_point);
            }
            Err(why) => tally.skip(why),
        }
    }
    Ok(tally.outcome())
}

/// Laws 1 and 2 of the reverse graph.
pub(super) fn second_order<N: Number>(
    d: &Derivatives,
    effort: Effort,
) -> Result<Outcome, LawError> {
    let second = Derivatives::of(&d.vjp)?;
    let adjoint = check::<N>(&second, effort, adjoint::<N>)?;
    Ok(adjoint.and(check::<N>(&second, effort, tangent::<N>)?))
}

/// The Jacobian at a point, by reverse rows and by forward columns: no more than `limit` of each, drawn where
/// there are more. Half of the columns that are drawn are among those where the first row is not zero.
pub(super) fn jacobian_of<N: Number>(
    d: &Derivatives,
    point: &Point,
    random: &mut Random,
    tally: &mut Tally,
    limit: u64,
) -> Result<(), LawError> {
    let flat = |tensors: &[Tensor<N>]| -> Vec<N> {
        tensors
            .iter()
            .flat_map(|tensor| tensor.as_numbers().to_vec())
            .collect()
    };
    let (sources, targets) = (d.sources(), d.targets());
    let count = |types: &[Type]| types.iter().map(|ty| ty.elements()).sum::<u64>();
    let mut rows: Vec<(u64, Vec<N>)> = Vec::new();
    for row in some(count(&targets), limit, random) {
        let inputs = point.with(&Point::unit(&targets, row)).tensors();
        let back = outputs::<N>(&d.vjp, &inputs)?;
        rows.push((row, flat(derivatives(d, &back))));
    }
    let busy = rows.iter().flat_map(|(_, row)| (0..).zip(row));
    let busy = busy.filter(|(_, x)| !x.vanishes()).map(|(at, _)| at);
    let columns = with_some(count(&sources), limit, busy, random);
    for column in columns {
        let inputs = point.with(&Point::unit(&sources, column)).tensors();
        let along = flat(derivatives(d, &outputs::<N>(&d.jvp, &inputs)?));
        for (row, back) in &rows {
            if let (Some(back), Some(along)) = (back.get(column as usize), along.get(*row as usize))
            {
                tally.compare(back, along, || {
                    format!("∂y[{row}]/∂x[{column}] at {}", point.describe())
                });
            }
        }
    }
    Ok(())
}

/// The numbers below `count`, or as many of them as `limit` says, in order: each set of so many is as likely as any
/// other (Bentley & Floyd, "A sample of brilliance", CACM 1987).
fn some(count: u64, limit: u64, random: &mut Random) -> BTreeSet<u64> {
    if count <= limit {
        return (0..count).collect();
    }
    let mut drawn = BTreeSet::new();
    for last in count - limit..count {
        let any = random.within(0, last as i64) as u64;
        if !drawn.insert(any) {
            drawn.insert(last);
        }
    }
    drawn
}

/// As [`some`]; where these are not all, half of them are the first of `wanted`, if there are so many.
fn with_some(
    count: u64,
    limit: u64,
    wanted: impl Iterator<Item = u64>,
    random: &mut Random,
) -> BTreeSet<u64> {
    let drawn = some(count, limit, random);
    if drawn.len() as u64 == count {
        return drawn;
    }
    let (all, half) = (drawn.len(), drawn.len().div_ceil(2));
    let mut chosen = BTreeSet::new();
    for number in wanted {
        if chosen.len() == half {
            break;
        }
        chosen.insert(number);
    }
    // There are enough of those that were drawn to make up for any that were chosen.
    for number in drawn {
        if chosen.len() == all {
            break;
        }
        chosen.insert(number);
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_are_drawn_as_are_asked_for() {
        let mut random = Random(7);
        for (count, limit) in [
            (5, 9),
            (5, 5),
            (5, 4),
            (100, 99),
            (1000, 30),
            (3, 1),
            (4, 0),
        ] {
            let drawn = some(count, limit, &mut random);
            assert_eq!(drawn.len() as u64, count.min(limit));
            assert!(drawn.iter().all(|number| *number < count));
            for wanted in [vec![], vec![2, 1, 2, 1, 0], (0..count).rev().collect()] {
                let wanted: Vec<u64> = wanted.into_iter().filter(|x| *x < count).collect();
                let both = with_some(count, limit, wanted.iter().copied(), &mut random);
                assert_eq!(both.len() as u64, count.min(limit), "{count} {limit}");
            }
        }
        // Each number has its turn.
        let mut seen = BTreeSet::new();
        for _ in 0..200 {
            seen.extend(some(20, 3, &mut random));
        }
        assert_eq!(seen.len(), 20);
    }
}
