//! Removes nodes that no output depends on.

use super::decompose::carry_outputs;
use crate::graph::{Fate, Graph, Remap, Value, Values};
use crate::op::{Op, TypeError};

/// The graph without dead nodes. Inputs stay, since they are the interface.
///
/// # Errors
/// None for a graph that verifies: nodes are copied as they are.
pub fn dce(graph: &Graph) -> Result<(Graph, Remap), TypeError> {
    let live = graph.live();
    let mut new = Graph::new();
    let mut remap = Remap::default();
    for node in graph.nodes() {
        let count = graph.results(node).len() as u16;
        if !live[node.index()] && !matches!(graph.op(node), Op::Input(_)) {
            remap.record((0..count).map(|_| Fate::Dead));
            continue;
        }
        let operands: Values = graph
            .operands(node)
            .iter()
            .filter_map(|operand| remap.value(*operand))
            .collect();
        let copy = new.copy_node(graph, node, &operands)?;
        remap.record((0..count).map(|result| Fate::Kept(Value { node: copy, result })));
    }
    carry_outputs(graph, &mut new, &remap);
    Ok((new, remap))
}
