//! Merges nodes that compute the same: equal ops on equal operands.

use super::bodies::with_bodies;
use super::rebuild::{Step, rebuild};
use crate::graph::{Graph, NodeId, Remap, Values};
use crate::op::{Op, TypeError};
use rustc_hash::FxHashMap;

/// The graph with each op on each operands computed once (hash-consing). The first of equal nodes
/// stays, and takes on a name if it had none. The operands of a commutative op may stand in any
/// order. Attributes compare by their bits: NaN constants merge, zeros of different sign do not.
/// Inputs are never merged.
///
/// # Errors
/// None for a graph that verifies: nodes are copied as they are.
pub fn cse(graph: &Graph) -> Result<(Graph, Remap), TypeError> {
    with_bodies(graph, &cse_here)
}

fn cse_here(graph: &Graph) -> Result<(Graph, Remap), TypeError> {
    let mut known: FxHashMap<(Op, Values), NodeId> = FxHashMap::default();
    rebuild(graph, |builder, node, operands| {
        let op = graph.op(node);
        if matches!(op, Op::Input(_)) {
            return Ok(Step::Keep);
        }
        let key = key(op, operands);
        if let Some(twin) = known.get(&key) {
            return Ok(Step::Merge(*twin));
        }
        // The node about to be copied gets the next id.
        let next = builder.with_graph(|new| new.next_id());
        known.insert(key, next);
        Ok(Step::Keep)
    })
}

fn key(op: &Op, operands: &Values) -> (Op, Values) {
    let mut operands = operands.clone();
    if commutes(op) {
        operands.sort_unstable();
    }
    (op.clone(), operands)
}

/// Whether the op yields the same (up to the payload of a NaN) with its operands exchanged.
fn commutes(op: &Op) -> bool {
    matches!(
        op,
        Op::Add(_)
            | Op::Mul(_)
            | Op::Max(_)
            | Op::Min(_)
            | Op::BitAnd(_)
            | Op::BitOr(_)
            | Op::BitXor(_)
            | Op::Equal(_)
            | Op::NotEqual(_)
            | Op::LogicalAnd(_)
            | Op::LogicalOr(_)
            | Op::LogicalXor(_)
    )
}
