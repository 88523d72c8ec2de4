//! Checking a user's graph: its laws, its domain, and the passes that rewrite it.

use super::condition::conditions;
use super::derivatives::Derivatives;
use super::domain::Domain;
use super::halves::composites_on_halves;
use super::lints::lints;
use super::number::Number;
use super::outcome::{Law, Outcome, Skip, Tally};
use super::point::{Point, Random};
use super::report::{Arithmetic, Report};
use super::rules::{Effort, LawError, check_law, nothing_to_check, outputs};
use super::settle::{Check, Digits, enclose, settle};
use super::stored::Stored;
use crate::generate::Scale;
use crate::graph::{Graph, NodeId, Value};
use crate::interpret::{Data, Tensor};
use crate::module::Entry;
use crate::op::Family;
use crate::rewrite::{decompose, passes, without_surrogates};
use crate::scalar::{Exact, Residue};
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

/// With 5 million operations the LSTM, the digits and the CNN of `examples/` take 8, 9 and 14 s (one core of 2026,
/// release build), and nothing of them is skipped; with four times as many the first two take 16 and 15 s, and no
/// more is checked.
impl Default for Options {
    fn default() -> Self {
        Options {
            points: 3,
            seed: 0,
            exact_work: 20_000,
            work: 5_000_000,
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
            ..Effort::at(self.points, self.seed)
        }
    }
}

/// What is told which law or pass comes next.
pub type Watch<'a> = &'a mut dyn FnMut(&'static str);

/// Checks the laws of an entry with respect to all its float inputs, lists the conditions under which
/// it is defined and differentiable, and compares the graph before and after every pass.
///
/// # Errors
/// A derivative or decomposition cannot be built, which is a bug of lgc.
pub fn check_graph(entry: &Entry, options: &Options, watch: Watch<'_>) -> Result<Report, LawError> {
    let report = check_derivatives(&entry.name, &entry.graph, options, watch)?;
    Ok(Report {
        conditions: conditions(entry)?,
        lints: lints(entry)?,
        passes: check_passes(&entry.graph, options, watch)?,
        ..report
    })
}

/// Checks the laws of a graph with respect to all its float inputs.
///
/// # Errors
/// As [`check_graph`].
pub fn check_derivatives(
    name: &str,
    graph: &Graph,
    options: &Options,
    watch: Watch<'_>,
) -> Result<Report, LawError> {
    let (graph, replaced) = without_surrogates(graph)?;
    let d = Derivatives::of(&graph)?;
    let work = work(&d.vjp)?;
    let arithmetic = if work <= options.exact_work {
        Arithmetic::Exact
    } else {
        Arithmetic::Modular
    };
    let digits = Digits::default();
    let mut laws = Vec::new();
    for law in Law::ALL {
        watch(law.name());
        let outcome = settle_law((law, &d), arithmetic, work, options, &digits)?;
        let outcome = if law == Law::Composite {
            with_halves(outcome, &d, work, options)?
        } else {
            outcome
        };
        laws.push((law, outcome));
    }
    let is_open = |(_, outcome): &(Law, Outcome)| matches!(outcome, Outcome::Skipped(_));
    let unmet = match work <= options.work && laws.iter().any(is_open) {
        true => Domain::of(&d.graph)?.unmet(options.seed),
        false => None,
    };
    let all = sides(&d);
    let rows = affordable_rows(&d, work, options);
    let compared = all.map(|all| all.min(rows));
    Ok(Report {
        entry: name.to_string(),
        arithmetic,
        work,
        points: options.points,
        laws,
        compared: (compared != all).then_some((compared, all)),
        replaced,
        unmet,
        conditions: Vec::new(),
        lints: Vec::new(),
        passes: Vec::new(),
    })
}

/// How many rows and columns the Jacobian has.
fn sides(d: &Derivatives) -> [u64; 2] {
    let count = |types: Vec<Type>| {
        types
            .iter()
            .map(Type::elements)
            .fold(0, u64::saturating_add)
    };
    [count(d.targets()), count(d.sources())]
}

/// As many rows, and as many columns, of the Jacobian as a check may take.
fn affordable_rows(d: &Derivatives, work: u64, options: &Options) -> u64 {
    let [rows, columns] = sides(d);
    let needed = work.saturating_mul(rows.saturating_add(columns));
    match needed <= options.work {
        true => u64::MAX,
        false => (options.work / work.max(1).saturating_mul(2 * Residue::COST)).max(1),
    }
}

/// The outcome of a law over the best arithmetic that settles it.
fn settle_law(
    (law, d): (Law, &Derivatives),
    arithmetic: Arithmetic,
    work: u64,
    options: &Options,
    digits: &Digits,
) -> Result<Outcome, LawError> {
    if let Some(why) = nothing_to_check(law, d) {
        return Ok(Outcome::Vacuous(why));
    }
    let rows = affordable_rows(d, work, options);
    let needed = evaluations(law, d, rows).saturating_mul(work);
    if needed > options.work {
        return Ok(Outcome::Skipped(too_many(needed).into()));
    }
    let check = OneLaw { law, d, rows };
    if law == Law::Witness {
        return enclose(&check, needed, options, digits);
    }
    // The zeros of a linear map are exact over enclosures, too.
    if law == Law::Zero && arithmetic == Arithmetic::Modular {
        let outcome = enclose(&check, needed, options, digits)?;
        if outcome == Outcome::Proved {
            return Ok(outcome);
        }
    }
    let is_short = needed <= options.exact_work.saturating_mul(16);
    let exact = arithmetic == Arithmetic::Exact && is_short;
    settle(&check, needed, exact, options, digits)
}

pub(super) fn too_many(operations: u64) -> String {
    format!("{operations} scalar operations at a point are too many without `--effort`")
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
    /// How many rows and columns of a Jacobian are compared.
    rows: u64,
}

impl Check for OneLaw<'_> {
    fn over<N: Number>(&self, effort: Effort) -> Result<Outcome, LawError> {
        let rows = self.rows;
        check_law::<N>(self.law, self.d, Effort { rows, ..effort })
    }
    fn derivatives(&self) -> &Derivatives {
        self.d
    }
}

/// How many evaluations of the reverse graph a law is worth at a point, roughly.
fn evaluations(law: Law, d: &Derivatives, rows: u64) -> u64 {
    match law {
        Law::Adjoint | Law::Tangent | Law::Zero | Law::Composite => 2,
        Law::Composition | Law::Weaken | Law::Sweep | Law::FanOut => 4,
        Law::SecondOrder => 6,
        // Eleven evaluations of the forward.
        Law::Witness => 5,
        Law::Jacobian => {
            let [all, others] = sides(d);
            all.min(rows).saturating_add(others.min(rows))
        }
    }
}

/// Scalar operations of one evaluation of a graph, roughly.
///
/// # Errors
/// A decomposition does not type-check.
pub fn work(graph: &Graph) -> Result<u64, LawError> {
    let (graph, _) = decompose(graph, &|_| false)?;
    let nodes = graph.nodes();
    Ok(nodes.fold(0, |sum, node| sum.saturating_add(node_work(&graph, node))))
}

/// Scalar operations of one node.
pub(super) fn node_work(graph: &Graph, node: NodeId) -> u64 {
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
/// that is affordable, and the same bits in the precision of each value.
pub(super) fn check_passes(
    graph: &Graph,
    options: &Options,
    watch: Watch<'_>,
) -> Result<Vec<(&'static str, Outcome)>, LawError> {
    let work = work(graph)?;
    let skipped = |why: Skip| {
        let all = passes().map(|(name, _)| (name, Outcome::Skipped(why.clone())));
        Ok(all.collect())
    };
    if work > options.work {
        return skipped(too_many(work).into());
    }
    // Each point is evaluated before all passes and after each; so are those of other scales.
    let evaluations = (1 + passes().count() as u64) * Scale::ALL.len() as u64;
    let points = options.effort(work.saturating_mul(evaluations)).points;
    let (points, moderate) = match points_of_scales(graph, points, options.seed)? {
        Ok(points) => points,
        Err(why) => return skipped(why),
    };
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
        watch(name);
        let (after, _) = pass(&before)?;
        let yields = evaluate(&after)?;
        let outcome = if name == ROUNDS {
            same_bits(&before, &points, &yielded, &yields).outcome()
        } else {
            same_results(&before, &points, &yielded, &yields)
        };
        outcomes.push((name, outcome));
        (before, yielded) = (after, yields);
    }
    Ok(outcomes)
}

/// So many points of moderate size, and then one of each other scale; and how many are of moderate size.
pub(super) type PointsOfScales = Result<(Vec<Point>, usize), Skip>;

pub(super) fn points_of_scales(
    graph: &Graph,
    count: usize,
    seed: u64,
) -> Result<PointsOfScales, LawError> {
    let mut random = Random(seed);
    let mut domain = Domain::of(graph)?;
    let mut points = Vec::new();
    for _ in 0..count {
        match domain.draw_enclosed(&mut random) {
            Ok(point) => points.push(point),
            Err(why) => return Ok(Err(why)),
        }
    }
    // What rounds or overflows is another thing at another scale.
    let others = Scale::ALL
        .into_iter()
        .filter(|scale| *scale != Scale::Moderate);
    let others = others.zip(points.iter().cycle());
    let others: Vec<Point> = others
        .map(|(scale, point)| point.at_scale(scale, domain.ranges()))
        .collect();
    points.extend(others);
    Ok(Ok((points, count)))
}

/// The pass that rounds constants where the program would have rounded them: it keeps bits, not the
/// rationals.
const ROUNDS: &str = "fold-constants";

/// What a graph yields at a point: in exact arithmetic, where that is affordable, and in the precision
/// of each value.
pub(super) struct Yield {
    exact: Option<Vec<Tensor<Exact>>>,
    stored: Vec<Tensor<Stored>>,
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
            stored: outputs::<Stored>(graph, &point.tensors())?,
        })
    };
    points.iter().map(at).collect()
}

/// Whether two graphs with the inputs and outputs of `graph` yield the same: the same rationals, where they are
/// known, and the same bits.
pub(super) fn same_results(
    graph: &Graph,
    points: &[Point],
    before: &[Yield],
    after: &[Yield],
) -> Outcome {
    let mut tally = same_bits(graph, points, before, after);
    for ((point, x), y) in points.iter().zip(before).zip(after) {
        if let (Some(x), Some(y)) = (&x.exact, &y.exact) {
            tally.merge(compare(graph, x, y, point, &|x, y| x == y));
        }
    }
    tally.outcome()
}

/// Whether two graphs yield the same, to the last bit.
fn same_bits(graph: &Graph, points: &[Point], before: &[Yield], after: &[Yield]) -> Tally {
    let mut tally = Tally::default();
    tally.matters(true);
    for ((point, x), y) in points.iter().zip(before).zip(after) {
        let (x, y) = (&x.stored, &y.stored);
        tally.merge(compare(graph, x, y, point, &Stored::is_same));
    }
    tally
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
