//! Merges nodes that compute the same: equal ops on equal operands.

use super::rebuild::{Step, rebuild};
use crate::graph::{Graph, NodeId, Remap, Values};
use crate::op::{Op, TypeError};
use rustc_hash::FxHashMap;

/// The graph with each op on each operands computed once. Inputs are never merged.
///
/// # Errors
/// None for a graph that verifies: nodes are copied as they are.
pub fn cse(graph: &Graph) -> Result<(Graph, Remap), TypeError> {
    let mut known: FxHashMap<(Op, Values), NodeId> = FxHashMap::default();
    rebuild(graph, |builder, node, operands| {
        let op = graph.op(node);
        if matches!(op, Op::Input(_)) {
            return Ok(Step::Keep);
        }
        let key = (op.clone(), operands.clone());
        if let Some(twin) = known.get(&key) {
            return Ok(Step::Merge(*twin));
        }
        // The node about to be copied gets the next id.
        let next = builder.with_graph(|new| new.next_id());
        known.insert(key, next);
        Ok(Step::Keep)
    })
}
