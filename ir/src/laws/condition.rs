//! The conditions under which a graph is defined and differentiable.

use super::body::{Part, operand_of, visit};
use super::range::Range;
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
    visit(&graph, &mut |part, node| {
        for guard in part.guards(node) {
            found.add(condition(part, node, &guard));
        }
    });
    Ok(found.conditions)
}

/// The conditions so far.
#[derive(Default)]
struct Found {
    known: FxHashMap<(Span, &'static str, String), usize>,
    conditions: Vec<Condition>,
}

impl Found {
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

/// Whether a guard holds for all inputs, as the form of the operand shows.
pub(super) fn is_discharged(part: &Part<'_>, node: NodeId, guard: &Guard) -> bool {
    let operand = part.graph.operands(node).get(operand_of(guard)).copied();
    let range = operand.map_or(Range::ANY, |operand| part.ranges.value(operand));
    match guard {
        Guard::Above { bound, .. } => range.is_above(bound.to_f64()),
        Guard::Nonzero { .. } => range.excludes(0.0),
        Guard::Off { at, .. } => range.excludes(at.to_f64()),
        Guard::Distinct { .. } | Guard::UniqueWinner { .. } => false,
    }
}

fn condition(part: &Part<'_>, node: NodeId, guard: &Guard) -> Condition {
    let graph = part.graph;
    Condition {
        op: graph.op(node).spec().name,
        requirement: requirement(graph, node, guard),
        singular: guard.is_singular(),
        status: if is_discharged(part, node, guard) {
            Status::Discharged
        } else {
            Status::Assumed
        },
        span: graph.span(node),
        nodes: 1,
        body: part.region.map(|region| region.name().to_string()),
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
