//! Checking a user's graph: its laws, its domain, and the passes that rewrite it.

use super::condition::conditions;
use super::derivatives::Derivatives;
use super::domain::Domain;
use super::enclosed::Enclosed;
use super::halves::composites_on_halves;
use super::number::Number;
use super::outcome::{Law, Outcome, Tally};
use super::point::{Point, Random};
use super::report::{Arithmetic, Report};
use super::rules::{Effort, LawError, check_law, nothing_to_differentiate, outputs};
use super::settle::{Check, settle};
use crate::generate::Scale;
use crate::graph::{Graph, NodeId, Value};
use crate::interpret::{Data, Tensor};
use crate::module::Entry;
use crate::op::Family;
use crate::rewrite::{decompose, passes};
use crate::scalar::Exact;
use crate::shape::Type;

/// How hard a graph is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// At how many random points, at most: fewer where they would take too much work.
    pub points: usize,
    /// The seed of the points.
    pub seed: u64,
    /// Graphs of more scalar operations than this are not checked in exact arithmetic.
    pub exact_work: u64,
    /// A law takes no more scalar operations than this; one that takes more at one point is skipped.
    pub work: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            points: 3,
            seed: 0,
            exact_work: 20_000,
            work: 50_000_000,
        }
    }
}

impl Options {
    /// The defaults, with bounds on the work that are so many times as large.
    pub fn with_effort(effort: u64) -> Self {
        let defaults = Options::default();
        Options {
            exact_work: defaults.exact_work.saturating_mul(effort),
            work: defaults.work.saturating_mul(effort),
            ..defaults
        }
    }

    /// As many points as a check may take that needs so many operations at each.
    pub(super) fn effort(&self, needed: u64) -> Effort {
        let affordable = usize::try_from(self.work / needed.max(1));
        Effort {
            points: affordable.map_or(self.points, |n| n.clamp(1, self.points)),
            seed: self.seed,
        }
    }
}

/// Checks the laws of an entry with respect to all its float inputs, lists the conditions under which
/// it is defined and differentiable, and compares the graph before and after every pass.
///
/// # Errors
/// A derivative or decomposition cannot be built, which is a bug of lgc.
pub fn check_graph(entry: &Entry, options: &Options) -> Result<Report, LawError> {
    let d = Derivatives::of(&entry.graph)?;
    let work = work(&d.vjp)?;
    let arithmetic = if work <= options.exact_work {
        Arithmetic::Exact
    } else {
        Arithmetic::Modular
    };
    let mut laws = Vec::new();
    for law in Law::ALL {
        let outcome = settle_law(law, &d, arithmetic, work, options)?;
        let outcome = if law == Law::Composite {
            with_halves(outcome, &d, work, options)?
        } else {
            outcome
        };
        laws.push((law, outcome));
    }
    Ok(Report {
        entry: entry.name.clone(),
        arithmetic,
        work,
        points: options.points,
        laws,
        conditions: conditions(&entry.graph)?,
        passes: check_passes(&entry.graph, options)?,
    })
}

/// The outcome of a law over the best arithmetic that settles it.
fn settle_law(
    law: Law,
    d: &Derivatives,
    arithmetic: Arithmetic,
    work: u64,
    options: &Options,
) -> Result<Outcome, LawError> {
    if let Some(why) = nothing_to_differentiate(d) {
        return Ok(Outcome::Skipped(why.to_string()));
    }
    let needed = evaluations(law, d).saturating_mul(work);
    if needed > options.work {
        let why = format!("{needed} scalar operations at a point are too many");
        return Ok(Outcome::Skipped(why));
    }
    if law == Law::Witness {
        return check_law::<Enclosed>(law, d, options.effort(needed));
    }
    // The zeros of a linear map are exact over enclosures, too.
    if law == Law::Zero && arithmetic == Arithmetic::Modular {
        let outcome = check_law::<Enclosed>(law, d, options.effort(needed))?;
        if outcome == Outcome::Proved {
            return Ok(outcome);
        }
    }
    let is_short = needed <= options.exact_work.saturating_mul(16);
    let exact = arithmetic == Arithmetic::Exact && is_short;
    settle(&OneLaw { law, d }, needed, exact, options)
}

/// The outcome of the law of composite ops, unless one of them is wrong on halves.
fn with_halves(
    outcome: Outcome,
    d: &Derivatives,
    work: u64,
    options: &Options,
) -> Result<Outcome, LawError> {
    let needed = work.saturating_mul(4 * Scale::ALL.len() as u64);
    if outcome.is_failure() || needed > options.work {
        return Ok(outcome);
    }
    let halves = composites_on_halves(d, options.effort(needed))?;
    Ok(if halves.is_failure() { halves } else { outcome })
}

struct OneLaw<'a> {
    law: Law,
    d: &'a Derivatives,
}

impl Check for OneLaw<'_> {
    fn over<N: Number>(&self, effort: Effort) -> Result<Outcome, LawError> {
        check_law::<N>(self.law, self.d, effort)
    }
    fn derivatives(&self) -> &Derivatives {
        self.d
    }
}

/// How many evaluations of the reverse graph a law is worth at a point, roughly.
fn evaluations(law: Law, d: &Derivatives) -> u64 {
    let count = |types: Vec<Type>| types.iter().map(Type::elements).sum::<u64>();
    match law {
        Law::Adjoint | Law::Tangent | Law::Zero | Law::Composite => 2,
        Law::Composition | Law::Weaken | Law::Sweep | Law::FanOut => 4,
        Law::SecondOrder => 6,
        // Eleven evaluations of the forward.
        Law::Witness => 5,
        Law::Jacobian => count(d.sources()).saturating_add(count(d.targets())),
    }
}

/// Scalar operations of one evaluation of a graph, roughly.
pub(super) fn work(graph: &Graph) -> Result<u64, LawError> {
    let (graph, _) = decompose(graph, &|_| false)?;
    let nodes = graph.nodes();
    Ok(nodes.fold(0, |sum, node| sum.saturating_add(node_work(&graph, node))))
}

fn node_work(graph: &Graph, node: NodeId) -> u64 {
    let result = graph.ty(Value { node, result: 0 }).elements();
    let operands = graph.operands(node);
    let largest = operands.iter().map(|operand| graph.ty(*operand).elements());
    match graph.op(node).family() {
        Family::Pointwise(rule) | Family::Discrete(rule) => {
            let steps = rule.reachable(&[rule.value()]).len() as u64;
            result.saturating_mul(steps)
        }
        Family::Contract(op) => {
            let [x, y] = [operands[0], operands[1]].map(|operand| graph.ty(operand));
            let axes = op.axes(x.shape.rank(), y.shape.rank());
            let inner = axes.contract[0].iter().map(|&axis| x.shape.extent(axis));
            inner.fold(result, u64::saturating_mul)
        }
        Family::Compare(_)
        | Family::Connect(_)
        | Family::Not
        | Family::Select
        | Family::Cast(_)
        | Family::View(_)
        | Family::Fold(_)
        | Family::ArgFold(_)
        | Family::ArgSort(_)
        | Family::Prefix(_)
        | Family::Gather(_)
        | Family::ScatterAdd(_)
        | Family::Leaf(_)
        | Family::Barrier
        | Family::Composite(_) => largest.fold(result, u64::max),
        Family::Scan(scan) => body_work(scan.body()).saturating_mul(scan.length),
        Family::Cond(cond) => body_work(cond.then.body()).max(body_work(cond.otherwise.body())),
    }
}

/// A body that does not decompose is too much work for anything.
fn body_work(body: &Graph) -> u64 {
    work(body).unwrap_or(u64::MAX)
}

/// For each pass, whether the graph computes the same before and after it: the same rationals where
/// that is affordable, and the same bits in single precision.
fn check_passes(
    graph: &Graph,
    options: &Options,
) -> Result<Vec<(&'static str, Outcome)>, LawError> {
    let work = work(graph)?;
    let skipped = |why: String| {
        let all = passes().map(|(name, _)| (name, Outcome::Skipped(why.clone())));
        Ok(all.collect())
    };
    if work > options.work {
        return skipped(format!("{work} scalar operations at a point are too many"));
    }
    let mut random = Random(options.seed);
    let mut domain = Domain::of(graph)?;
    let mut points = Vec::new();
    for _ in 0..options.points {
        match domain.draw::<Enclosed>(&mut random) {
            Ok(point) => points.push(point),
            Err(why) => return skipped(why),
        }
    }
    let moderate = points.len();
    // What rounds or overflows in single precision is another thing at another scale.
    let others = Scale::ALL
        .into_iter()
        .filter(|scale| *scale != Scale::Moderate);
    let others = others.zip(points.iter().cycle());
    let others: Vec<Point> = others
        .map(|(scale, point)| point.at_scale(scale, domain.ranges()))
        .collect();
    points.extend(others);
    let evaluate = |graph: &Graph| {
        let (first, others) = points.split_at(moderate);
        let mut yielded = evaluate(graph, first, work <= options.exact_work)?;
        yielded.extend(evaluate(graph, others, false)?);
        Ok::<_, LawError>(yielded)
    };
    let mut outcomes = Vec::new();
    let mut before = graph.clone();
    let mut yielded = evaluate(&before)?;
    for (name, pass) in passes() {
        let (after, _) = pass(&before)?;
        let yields = evaluate(&after)?;
        let outcome = if name == ROUNDS {
            same_bits(&before, &points, &yielded, &yields)
        } else {
            same_results(&before, &points, &yielded, &yields)
        };
        outcomes.push((name, outcome));
        (before, yielded) = (after, yields);
    }
    Ok(outcomes)
}

/// The pass that rounds constants where the program would have rounded them: it keeps the bits of
/// single precision, not the rationals.
const ROUNDS: &str = "fold-constants";

/// What a graph yields at a point: in exact arithmetic, where that is affordable, and in single
/// precision.
pub(super) struct Yield {
    exact: Option<Vec<Tensor<Exact>>>,
    single: Vec<Tensor<f32>>,
}

pub(super) fn evaluate(
    graph: &Graph,
    points: &[Point],
    exact: bool,
) -> Result<Vec<Yield>, LawError> {
    let at = |point: &Point| {
        let exact = exact.then(|| outputs::<Exact>(graph, &point.tensors()));
        Ok(Yield {
            exact: exact.transpose()?,
            single: outputs::<f32>(graph, &point.tensors())?,
        })
    };
    points.iter().map(at).collect()
}

/// Whether two graphs with the inputs and outputs of `graph` yield the same.
pub(super) fn same_results(
    graph: &Graph,
    points: &[Point],
    before: &[Yield],
    after: &[Yield],
) -> Outcome {
    let mut tally = Tally::default();
    tally.matters(true);
    for ((point, x), y) in points.iter().zip(before).zip(after) {
        if let (Some(x), Some(y)) = (&x.exact, &y.exact) {
            tally.merge(compare(graph, x, y, point, &|x, y| x == y));
        }
        tally.merge(compare(graph, &x.single, &y.single, point, &equal_bits));
    }
    tally.outcome()
}

/// Whether two graphs yield the same in single precision.
fn same_bits(graph: &Graph, points: &[Point], before: &[Yield], after: &[Yield]) -> Outcome {
    let mut tally = Tally::default();
    tally.matters(true);
    for ((point, x), y) in points.iter().zip(before).zip(after) {
        tally.merge(compare(graph, &x.single, &y.single, point, &equal_bits));
    }
    tally.outcome()
}

fn equal_bits(x: &f32, y: &f32) -> bool {
    x.to_bits() == y.to_bits() || (x.is_nan() && y.is_nan())
}

/// Compares all outputs, of any dtype.
fn compare<S: crate::scalar::Scalar>(
    graph: &Graph,
    x: &[Tensor<S>],
    y: &[Tensor<S>],
    point: &Point,
    same: &dyn Fn(&S, &S) -> bool,
) -> Tally
where
    S::Mask: PartialEq,
{
    let mut tally = Tally::default();
    for ((x, y), output) in x.iter().zip(y).zip(graph.outputs()) {
        let different = match (&x.data, &y.data) {
            (Data::Number(x), Data::Number(y)) => x.iter().zip(y).position(|(x, y)| !same(x, y)),
            (Data::Int(x), Data::Int(y)) => x.iter().zip(y).position(|(x, y)| x != y),
            (Data::Mask(x), Data::Mask(y)) => x.iter().zip(y).position(|(x, y)| x != y),
            (Data::Number(_) | Data::Int(_) | Data::Mask(_), _) => Some(0),
        };
        tally.settle(different.map(|element| {
            let name = &output.name;
            format!(
                "element {element} of `{name}` changes at {}",
                point.describe()
            )
        }));
    }
    tally
}
