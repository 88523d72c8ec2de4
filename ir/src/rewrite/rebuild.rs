//! The frame of a pass: nodes are visited in id order and copied, replaced or dropped.

use super::passage::Passage;
use crate::builder::Builder;
use crate::graph::{Fate, Graph, NodeId, Output, Remap, Value, Values};
use crate::op::{Op, TypeError};
use crate::span::Span;
use smallvec::SmallVec;

/// What a pass does with one node, given its operands in the new graph.
pub(super) enum Step {
    /// Copy it.
    Keep,
    /// Its single result is this value of the new graph, a simpler way to compute it.
    Fold(Value),
    /// Its results are these values of the new graph, of which it is composed.
    Expand(SmallVec<[Value; 2]>),
    /// Copy it with another op.
    Replace(Op),
    /// Its results are those of this node of the new graph, which computes the same.
    Merge(NodeId),
    /// Leave it out: nothing that stays reads it.
    Drop,
}

/// Runs `step` over the nodes of a graph; the new graph has the old one's inputs and outputs.
pub(super) fn rebuild(
    graph: &Graph,
    mut step: impl FnMut(&Builder, NodeId, &Values) -> Result<Step, TypeError>,
) -> Result<(Graph, Remap), TypeError> {
    let builder = Builder::new(Graph::like(graph), Span::SYNTHETIC);
    let mut remap = Remap::default();
    for node in graph.nodes() {
        let operands: Values = graph
            .operands(node)
            .iter()
            .filter_map(|operand| remap.value(*operand))
            .collect();
        let count = graph.results(node).len() as u16;
        builder.set_span(graph.span(node));
        let first = builder.with_graph(Graph::next_id);
        match step(&builder, node, &operands)? {
            Step::Keep => {
                let copy = builder.edit(|new| new.copy_node(graph, node, &operands))?;
                remap.record((0..count).map(|result| Fate::Kept(Value { node: copy, result })));
            }
            Step::Replace(op) => {
                let copy = builder.edit(|new| new.copy_node_as(graph, node, op, &operands))?;
                remap.record((0..count).map(|result| Fate::Kept(Value { node: copy, result })));
            }
            Step::Fold(value) => {
                carry_name(graph, node, &builder, value);
                remap.record([Fate::Folded(value)]);
            }
            Step::Expand(results) => {
                if let Some(first) = results.first() {
                    carry_name(graph, node, &builder, *first);
                }
                builder.edit(|new| carry_derivatives((graph, node), new, first, &results));
                remap.record(results.into_iter().map(Fate::Folded));
            }
            Step::Merge(twin) => {
                let first = Value {
                    node: twin,
                    result: 0,
                };
                carry_name(graph, node, &builder, first);
                remap.record((0..count).map(|result| Fate::Merged(Value { node: twin, result })));
            }
            Step::Drop => remap.record((0..count).map(|_| Fate::Dead)),
        }
    }
    let mut new = builder.finish();
    for Output { name, value } in graph.outputs() {
        if let Some(value) = remap.value(*value) {
            new.add_output(name.clone(), value);
        }
    }
    Ok((new, remap))
}

/// Hands the name of a replaced node on, where its replacement has none. Inputs keep to the names
/// that they were declared with.
fn carry_name(graph: &Graph, node: NodeId, builder: &Builder, value: Value) {
    let Some(name) = graph.name(node) else { return };
    builder.edit(|new| {
        let is_input = matches!(new.op(value.node), Op::Input(_));
        if new.name(value.node).is_none() && value.result == 0 && !is_input {
            new.set_name(value.node, name);
        }
    });
}

/// Says of the nodes from `first` on, which a node is composed of, what is said of it about derivatives: they pass
/// through those that lead from its operands to its results.
fn carry_derivatives(
    (graph, node): (&Graph, NodeId),
    new: &mut Graph,
    first: NodeId,
    results: &[Value],
) {
    let parts = || new.nodes().skip(first.index());
    let passed: Vec<NodeId> = match graph.differentiation(node) {
        None => Vec::new(),
        Some(_) => Passage::of(new, first, results).nodes(),
    };
    let all: Vec<NodeId> = parts().collect();
    for part in all {
        if graph.is_hypothetical(node) {
            new.set_hypothetical(part);
        }
        if graph.is_of_rule(node) {
            new.set_of_rule(part);
        }
    }
    for part in passed {
        if let (Some(at), None) = (graph.differentiation(node), new.differentiation(part)) {
            new.set_differentiation(part, at);
        }
    }
}
