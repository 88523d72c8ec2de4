//! Conditions that the declared ranges rule out.
//!
//! A condition is *refuted* where its operand lies outside of it at all inputs that are declared, and what the op yields
//! is taken: not only one side of a `select`, which may never be chosen, nor in a branch, which may never run. What only
//! a derivative passes through is taken where its slope is. Indices are looked at when rows are picked, whether these
//! are taken or not. Those that are inputs, moved about but not computed with, have every value that is declared, so that
//! none of these may be out of range; of others, all must be.

use super::body::{Part, operand_of};
use super::range::Range;
use crate::graph::{Graph, NodeId, Value};
use crate::op::{Family, Guard, Leaf};
use crate::span::Span;
use rustc_hash::FxHashSet;

/// Where a value lies: from the first number to the second.
pub(super) type Ends = (f64, f64);

/// Which nodes some output needs whatever is chosen; of those that only a derivative passes through, those by whose
/// slopes some output is computed whatever is chosen.
pub(super) fn taken(graph: &Graph) -> Vec<bool> {
    let outputs = graph.outputs().iter().map(|output| output.value.node);
    let mut taken = needed(graph, outputs);
    let is_hypothetical = |node: &NodeId| graph.is_hypothetical(*node);
    if !graph.nodes().any(|node| is_hypothetical(&node)) {
        return taken;
    }
    let mut read = vec![false; graph.len()];
    for node in graph.nodes() {
        for operand in graph.operands(node) {
            read[operand.node.index()] = true;
        }
    }
    // What nothing reads of those stands for the value that is differentiated.
    let last = graph.nodes().filter(is_hypothetical);
    let passed = needed(graph, last.filter(|node| !read[node.index()]));
    let slopes = Slopes::of(graph, &taken);
    for node in graph.nodes().filter(is_hypothetical) {
        taken[node.index()] = passed[node.index()] && slopes.has(graph, node);
    }
    taken
}

/// Which nodes some of `of` need whatever is chosen.
fn needed(graph: &Graph, of: impl Iterator<Item = NodeId>) -> Vec<bool> {
    let mut needed = vec![false; graph.len()];
    for node in of {
        needed[node.index()] = true;
    }
    for node in graph.nodes().rev() {
        if !needed[node.index()] {
            continue;
        }
        let operands = graph.operands(node);
        let is_choice = matches!(graph.op(node).family(), Family::Select);
        let sure = if is_choice { 1 } else { operands.len() };
        for operand in &operands[..sure.min(operands.len())] {
            needed[operand.node.index()] = true;
        }
    }
    needed
}

/// The operands of formulas of derivatives that some output needs, each with the place of the op whose rule it is.
struct Slopes(FxHashSet<(Span, Value)>);

impl Slopes {
    fn of(graph: &Graph, taken: &[bool]) -> Slopes {
        let of_rules = graph
            .nodes()
            .filter(|node| taken[node.index()] && graph.is_of_rule(*node));
        let operands = of_rules.flat_map(|node| {
            let span = graph.span(node);
            graph.operands(node).into_iter().map(move |x| (span, x))
        });
        Slopes(operands.collect())
    }

    /// Whether the slope of a node is among them, as far as that shows: a formula at its place that reads what it reads.
    fn has(&self, graph: &Graph, node: NodeId) -> bool {
        let span = graph.span(node);
        let mut operands = graph.operands(node).into_iter();
        operands.any(|operand| self.0.contains(&(span, operand)))
    }
}

/// Where the operand of a guard lies, if no number there meets it and the result is taken.
pub(super) fn of_guard(part: &Part<'_>, node: NodeId, guard: &Guard) -> Option<Ends> {
    let operand = *part.graph.operands(node).get(operand_of(guard))?;
    let is_there = part.taken[node.index()] && part.graph.ty(operand).elements() > 0;
    let range = part.ranges.value(operand);
    let is_only = |at: f64| range.low.at == at && range.high.at == at;
    let never = match guard {
        Guard::Above { bound, .. } => range.high.at <= bound.to_f64(),
        Guard::Nonzero { .. } => is_only(0.0),
        Guard::Off { at, .. } => is_only(at.to_f64()),
        Guard::Distinct { .. }
        | Guard::UniqueWinner { .. }
        | Guard::OffLattice { .. }
        | Guard::NoTies { .. } => false,
    };
    (is_there && guard.is_singular() && never).then_some((range.low.at, range.high.at))
}

/// How many rows the indices of a node pick from, and where they lie, if that is out of range.
pub(super) fn of_indices(part: &Part<'_>, node: NodeId) -> Option<(u64, Ends)> {
    let graph = part.graph;
    let operands = graph.operands(node);
    let [table, indices] = [operands.first()?, operands.get(1)?].map(|x| graph.ty(*x));
    let family = graph.op(node).family();
    let picking = if let Family::Gather(op) = family {
        op.picking(indices)
    } else if let Family::ScatterAdd(op) = family {
        op.picking(indices)
    } else {
        return None;
    };
    let rows = table.shape.extent(picking.axis);
    let range = part.ranges.value(operands[1]);
    let ends = (range.low.at, range.high.at);
    let is_known = ends.0.is_finite() && ends.1.is_finite();
    if !part.runs || indices.elements() == 0 || !is_known || has_arithmetic(graph, operands[1]) {
        return None;
    }
    // Integers below 2⁵³ are exact.
    let inside = Range::between(0.0, rows as f64 - 1.0);
    // What a body is given lies in a range, but need not be all of it.
    let is_whole = part.region.is_none();
    let is_out = match is_whole && is_declared(graph, operands[1]) {
        true => !range.is_within(&inside),
        false => range.meet(&inside).is_none(),
    };
    is_out.then_some((rows, ends))
}

/// Whether a value is more than leaves that are moved about: ranges of integers that wrap say nothing.
fn has_arithmetic(graph: &Graph, value: Value) -> bool {
    let mut sources = Sources::of(graph, value);
    sources.any(|node| !matches!(graph.op(node).family(), Family::View(_) | Family::Leaf(_)))
}

/// Whether all that a value is moved from are inputs.
fn is_declared(graph: &Graph, value: Value) -> bool {
    let mut sources = Sources::of(graph, value);
    sources.all(|node| {
        matches!(
            graph.op(node).family(),
            Family::View(_) | Family::Leaf(Leaf::Input(_))
        )
    })
}

/// The nodes that a value is made of, each once.
struct Sources<'g> {
    graph: &'g Graph,
    seen: Vec<bool>,
    open: Vec<NodeId>,
}

impl<'g> Sources<'g> {
    fn of(graph: &'g Graph, value: Value) -> Self {
        let mut seen = vec![false; graph.len()];
        seen[value.node.index()] = true;
        let open = vec![value.node];
        Sources { graph, seen, open }
    }
}

impl Iterator for Sources<'_> {
    type Item = NodeId;

    fn next(&mut self) -> Option<NodeId> {
        let node = self.open.pop()?;
        for operand in self.graph.operands(node) {
            if !std::mem::replace(&mut self.seen[operand.node.index()], true) {
                self.open.push(operand.node);
            }
        }
        Some(node)
    }
}
