//! The conditions under which a graph is defined and differentiable.

use super::range::{Range, differentiated, ranges};
use crate::graph::{Graph, NodeId};
use crate::op::{Guard, TypeError};
use crate::rewrite::decompose;
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
}

/// The conditions of every node in the order of the graph, one for each place in the source.
///
/// Composite ops count as what they decompose into; a condition of differentiability only where a
/// derivative flows.
///
/// # Errors
/// A decomposition does not type-check.
pub fn conditions(graph: &Graph) -> Result<Vec<Condition>, TypeError> {
    let (graph, _) = decompose(graph, &|_| false)?;
    let (ranges, flow, live) = (ranges(&graph), differentiated(&graph), graph.live());
    let mut known: FxHashMap<(Span, &'static str, String), usize> = FxHashMap::default();
    let mut conditions: Vec<Condition> = Vec::new();
    for node in graph.nodes().filter(|node| live[node.index()]) {
        for guard in graph.op(node).guards() {
            if !guard_applies(&graph, node, &guard, &flow) {
                continue;
            }
            let condition = condition(&graph, node, &guard, &ranges);
            let key = (condition.span, condition.op, condition.requirement.clone());
            match known.get(&key) {
                Some(&at) => {
                    conditions[at].nodes += 1;
                    conditions[at].status = conditions[at].status.max(condition.status);
                }
                None => {
                    known.insert(key, conditions.len());
                    conditions.push(condition);
                }
            }
        }
    }
    Ok(conditions)
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

fn condition(graph: &Graph, node: NodeId, guard: &Guard, ranges: &[Range]) -> Condition {
    let operands = graph.operands(node);
    let holds = |test: &dyn Fn(&Range) -> bool| {
        let value = operands[operand_of(guard)];
        value.result == 0 && test(&ranges[value.node.index()])
    };
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
