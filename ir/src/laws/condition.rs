//! The conditions under which a graph is defined and differentiable.

use super::body::bodies;
use super::range::{Range, Ranges, differentiated, differentiated_from};
use crate::graph::{Graph, NodeId};
use crate::op::{Guard, TypeError};
use crate::rewrite::decompose_deeply;
use crate::span::Span;
use rustc_hash::FxHashMap;

/// How a condition is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// It holds for all inputs, as the form of the operand shows.
    Discharged,
    /// It is up to the inputs.
    Assumed,
}

/// A condition on the operands of an op.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// The op.
    pub op: &'static str,
    /// What must hold of each element, such as `x > 0`.
    pub requirement: String,
    /// Whether the op is undefined or singular where the condition fails. Otherwise a convention
    /// chooses the slope there.
    pub singular: bool,
    /// How it is known.
    pub status: Status,
    /// Where in the source the op stands.
    pub span: Span,
    /// How many nodes of the graph stand for that place.
    pub nodes: usize,
    /// The graph in the body of which it stands, where that is a loop's or a branch's.
    pub body: Option<String>,
}

/// The conditions of every node in the order of the graph, one for each place in the source. Those in
/// the body of a loop or branch stand where the loop or branch does.
///
/// Composite ops count as what they decompose into; a condition of differentiability only where a
/// derivative flows. In the body of a loop nothing is known of what is carried, so that a condition on
/// it is assumed unless it holds for all numbers.
///
/// # Errors
/// A decomposition does not type-check.
pub fn conditions(graph: &Graph) -> Result<Vec<Condition>, TypeError> {
    let (graph, _) = decompose_deeply(graph)?;
    let mut found = Found::default();
    found.look_into(&Part {
        graph: &graph,
        ranges: Ranges::of(&graph),
        flow: differentiated(&graph),
        body: None,
    });
    Ok(found.conditions)
}

/// A graph in which conditions are looked for: the whole one, or a body in it.
struct Part<'g> {
    graph: &'g Graph,
    ranges: Ranges,
    flow: Vec<bool>,
    body: Option<&'g str>,
}

/// The conditions so far.
#[derive(Default)]
struct Found {
    known: FxHashMap<(Span, &'static str, String), usize>,
    conditions: Vec<Condition>,
}

impl Found {
    /// Takes the conditions of a graph, and of the bodies that it runs. Bodies nest as deep as calls.
    fn look_into(&mut self, part: &Part<'_>) {
        let Part { graph, .. } = part;
        let live = graph.live();
        for node in graph.nodes().filter(|node| live[node.index()]) {
            for guard in graph.op(node).guards() {
                if guard_applies(graph, node, &guard, &part.flow) {
                    self.add(condition(part, node, &guard));
                }
            }
            for body in bodies(graph, node, &part.ranges, &part.flow) {
                let inner = body.region.body();
                let flow = match part.flow[node.index()] {
                    true => differentiated_from(inner, &body.flow),
                    false => vec![false; inner.len()],
                };
                self.look_into(&Part {
                    graph: inner,
                    ranges: Ranges::given(inner, &body.ranges),
                    flow,
                    body: Some(body.region.name()),
                });
            }
        }
    }

    /// One condition for each place: one that is not assumed where another one is gives way to it.
    fn add(&mut self, condition: Condition) {
        let key = (condition.span, condition.op, condition.requirement.clone());
        match self.known.get(&key) {
            Some(&at) => {
                let known = &mut self.conditions[at];
                known.nodes += 1;
                if known.status < condition.status {
                    known.status = condition.status;
                    known.body = condition.body;
                }
            }
            None => {
                self.known.insert(key, self.conditions.len());
                self.conditions.push(condition);
            }
        }
    }
}

/// Whether a guard of a node matters: integers have no singularities, and slopes matter only where a
/// derivative flows.
pub(super) fn guard_applies(graph: &Graph, node: NodeId, guard: &Guard, flow: &[bool]) -> bool {
    let operands = graph.operands(node);
    let float = |operand: usize| {
        let value = operands.get(operand);
        value.is_some_and(|value| graph.ty(*value).dtype.is_float())
    };
    float(operand_of(guard)) && (guard.is_singular() || flow[node.index()])
}

fn operand_of(guard: &Guard) -> usize {
    match guard {
        Guard::Above { operand, .. }
        | Guard::Nonzero { operand }
        | Guard::Off { operand, .. }
        | Guard::UniqueWinner { operand } => *operand,
        Guard::Distinct { left, .. } => *left,
    }
}

fn condition(part: &Part<'_>, node: NodeId, guard: &Guard) -> Condition {
    let graph = part.graph;
    let operands = graph.operands(node);
    let holds =
        |test: &dyn Fn(&Range) -> bool| test(&part.ranges.value(operands[operand_of(guard)]));
    let discharged = match guard {
        Guard::Above { bound, .. } => holds(&|range| range.is_above(bound.to_f64())),
        Guard::Nonzero { .. } => holds(&|range| range.excludes(0.0)),
        Guard::Off { at, .. } => holds(&|range| range.excludes(at.to_f64())),
        Guard::Distinct { .. } | Guard::UniqueWinner { .. } => false,
    };
    Condition {
        op: graph.op(node).spec().name,
        requirement: requirement(graph, node, guard),
        singular: guard.is_singular(),
        status: if discharged {
            Status::Discharged
        } else {
            Status::Assumed
        },
        span: graph.span(node),
        nodes: 1,
        body: part.body.map(str::to_string),
    }
}

/// A guard in words, with the names that the op gives its operands.
pub(super) fn requirement(graph: &Graph, node: NodeId, guard: &Guard) -> String {
    let spec = graph.op(node).spec();
    let name = |operand: usize| spec.operands.get(operand).copied().unwrap_or("x");
    describe_guard(guard, &name)
}

/// A guard in words.
pub(crate) fn describe_guard(guard: &Guard, name: &dyn Fn(usize) -> &'static str) -> String {
    match guard {
        Guard::Above { operand, bound } => format!("{} > {bound}", name(*operand)),
        Guard::Nonzero { operand } => format!("{} ≠ 0", name(*operand)),
        Guard::Off { operand, at } => format!("{} ≠ {at}", name(*operand)),
        Guard::Distinct { left, right } => format!("{} ≠ {}", name(*left), name(*right)),
        Guard::UniqueWinner { operand } => {
            format!("one element of {} wins alone", name(*operand))
        }
    }
}
