//! The conditions under which a graph is defined and differentiable.

use super::body::{Part, operand_of, visit_passed};
use super::facts::Facts;
use super::range::Set;
use super::refuted;
use crate::graph::{Graph, NodeId, Value};
use crate::module::Entry;
use crate::op::{Family, Guard, TypeError};
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
    /// It does not hold, as the ranges of inputs that are declared show.
    Refuted,
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
    /// Where the operand lies instead, in words, if it is refuted.
    pub found: Option<String>,
    /// Where in the source the op stands.
    pub span: Span,
    /// How many nodes of the graph stand for that place.
    pub nodes: usize,
    /// The graph in the body of which it stands, where that is a loop's or a branch's.
    pub body: Option<String>,
    /// Where derivatives are taken that ask for it, in the order of the source.
    pub derivatives: Vec<Span>,
}

/// The conditions of every node of an entry in the order of its graph, one for each place in the source. Those in
/// the body of a loop or branch stand where the loop or branch does.
///
/// Composite ops count as what they decompose into; a condition of differentiability only where a
/// derivative flows: one of the entry itself, or one that is taken in it. What is differentiated counts though
/// nothing may depend on its value, as on that of a loss of which only the gradient is wanted. It holds where it does
/// for all elements that a `select` may take. In the body of a loop nothing is known of what is carried, so that a
/// condition on it is assumed unless it holds for all numbers.
///
/// # Errors
/// A decomposition does not type-check.
pub fn conditions(entry: &Entry) -> Result<Vec<Condition>, TypeError> {
    let graph = entry.hypotheses.as_ref().unwrap_or(&entry.graph);
    let (graph, _) = decompose_deeply(graph)?;
    let mut found = Found::default();
    visit_passed(&graph, &mut |part, node| {
        for guard in part.guards(node) {
            found.add(condition(part, node, &guard));
        }
        if let Some(condition) = indices(part, node) {
            found.add(condition);
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
    /// One condition for each place: one that holds gives way to one that is assumed, and that to one that is refuted.
    fn add(&mut self, condition: Condition) {
        let key = (condition.span, condition.op, condition.requirement.clone());
        match self.known.get(&key) {
            Some(&at) => {
                let known = &mut self.conditions[at];
                known.nodes += 1;
                for at in condition.derivatives {
                    if let Err(place) = known.derivatives.binary_search(&at) {
                        known.derivatives.insert(place, at);
                    }
                }
                if known.status < condition.status {
                    known.status = condition.status;
                    known.found = condition.found;
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

/// Whether a guard holds for all inputs, as the form of the operand shows: of one element that counts as of any other, or
/// of each element by itself.
pub(super) fn is_discharged(part: &Part<'_>, node: NodeId, guard: &Guard) -> bool {
    holds_of_all(part, node, guard)
        || holds_of_few(part, node, guard)
        || part
            .elements(node)
            .is_some_and(|elements| elements.meet(&part.graph.op(node).family(), guard))
}

/// Whether a guard holds of whatever lies where the operands lie.
fn holds_of_all(part: &Part<'_>, node: NodeId, guard: &Guard) -> bool {
    let operands = part.graph.operands(node);
    // Facts are looked at where they matter only.
    let holds = |facts: Option<&Facts<'_>>| {
        let set = |operand: usize| match (operands.get(operand), facts) {
            (Some(x), Some(facts)) => facts.set(*x),
            (Some(x), None) => Some(part.ranges.set(*x)),
            (None, _) => Some(Set::ANY),
        };
        // Where no element counts, it holds of all that do.
        let of = |operand: usize, holds: &dyn Fn(&Set) -> bool| {
            set(operand).is_none_or(|set| holds(&set))
        };
        match guard {
            Guard::Above { operand, bound } => of(*operand, &|x| x.hull().is_above(bound.to_f64())),
            Guard::Nonzero { operand } => of(*operand, &|x| x.excludes(0.0)),
            Guard::Off { operand, at } => of(*operand, &|x| x.excludes(at.to_f64())),
            Guard::OffLattice { operand, at } => {
                of(*operand, &|x| x.is_between_neighbours(at.to_f64()))
            }
            Guard::Distinct { left, right } => match (operands.get(*left), operands.get(*right)) {
                (Some(x), Some(y)) => facts.map_or_else(
                    || part.ranges.are_apart(*x, *y),
                    |facts| facts.are_apart(*x, *y),
                ),
                (_, _) => false,
            },
            Guard::UniqueWinner { .. } | Guard::NoTies { .. } => false,
        }
    };
    holds(None) || holds(Some(&part.facts(node)))
}

/// Whether a guard holds because there is no element, or, where elements are compared with one another, one only.
fn holds_of_few(part: &Part<'_>, node: NodeId, guard: &Guard) -> bool {
    let Some(operand) = part.graph.operands(node).get(operand_of(guard)).copied() else {
        return false;
    };
    let ty = part.graph.ty(operand);
    if ty.elements() == 0 {
        return true;
    }
    match guard {
        // Of one element that one wins.
        Guard::UniqueWinner { .. } => {
            let result = Value { node, result: 0 };
            ty.elements() == part.graph.ty(result).elements()
        }
        Guard::NoTies { .. } => {
            let family = part.graph.op(node).family();
            if let Family::ArgSort(rule) = family {
                ty.shape.extent(rule.axis) <= 1
            } else if let Family::Prefix(rule) = family {
                ty.shape.extent(rule.axis) <= 1
            } else {
                false
            }
        }
        Guard::Above { .. }
        | Guard::Nonzero { .. }
        | Guard::Off { .. }
        | Guard::Distinct { .. }
        | Guard::OffLattice { .. } => false,
    }
}

fn condition(part: &Part<'_>, node: NodeId, guard: &Guard) -> Condition {
    let graph = part.graph;
    let found = refuted::of_guard(part, node, guard);
    let found = found.map(|ends| lies(graph, (node, operand_of(guard)), ends));
    Condition {
        op: graph.op(node).spec().name,
        requirement: requirement(graph, node, guard),
        singular: guard.is_singular(),
        status: if found.is_some() {
            Status::Refuted
        } else if is_discharged(part, node, guard) {
            Status::Discharged
        } else {
            Status::Assumed
        },
        found,
        span: graph.span(node),
        nodes: 1,
        body: part.region.map(|region| region.name().to_string()),
        derivatives: derivatives(part, node),
    }
}

/// Where derivatives are taken that ask for the conditions of a node, as far as that is known.
fn derivatives(part: &Part<'_>, node: NodeId) -> Vec<Span> {
    let at = part.asked(node).filter(|at| !at.is_synthetic());
    at.into_iter().collect()
}

/// The condition that indices are in range, where it does not hold: else it is checked when code runs.
fn indices(part: &Part<'_>, node: NodeId) -> Option<Condition> {
    let (rows, found) = refuted::of_indices(part, node)?;
    Some(Condition {
        op: part.graph.op(node).spec().name,
        requirement: indices_requirement(part.graph, node, rows),
        singular: true,
        status: Status::Refuted,
        found: Some(lies(part.graph, (node, 1), found)),
        span: part.graph.span(node),
        nodes: 1,
        body: part.region.map(|region| region.name().to_string()),
        derivatives: derivatives(part, node),
    })
}

/// That indices of a node into so many rows are in range, in words.
pub(super) fn indices_requirement(graph: &Graph, node: NodeId, rows: u64) -> String {
    let name = operand_name(graph, node, 1);
    format!("0 ≤ {name} < {rows}")
}

/// A guard in words, with the names that the op gives its operands.
pub(super) fn requirement(graph: &Graph, node: NodeId, guard: &Guard) -> String {
    describe_guard(guard, &|operand| operand_name(graph, node, operand))
}

/// The name that an op gives an operand.
fn operand_name(graph: &Graph, node: NodeId, operand: usize) -> &'static str {
    let spec = graph.op(node).spec();
    spec.operands.get(operand).copied().unwrap_or("x")
}

/// Where an operand of a node lies, in words.
fn lies(graph: &Graph, (node, operand): (NodeId, usize), (low, high): (f64, f64)) -> String {
    let name = operand_name(graph, node, operand);
    // No negative zeros.
    let (low, high) = (low + 0.0, high + 0.0);
    match (low.is_finite(), high.is_finite()) {
        (true, true) if low == high => format!("{name} = {low}"),
        (true, true) => format!("{name} ∈ [{low}, {high}]"),
        (false, _) => format!("{name} ≤ {high}"),
        (true, false) => format!("{name} ≥ {low}"),
    }
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
        Guard::OffLattice { operand, at } if at.is_zero() => {
            format!("{} is no integer", name(*operand))
        }
        Guard::OffLattice { operand, at } => {
            format!("{} − {at} is no integer", name(*operand))
        }
        Guard::NoTies { operand } => {
            format!(
                "no two elements of {} are equal along the axis",
                name(*operand)
            )
        }
    }
}
