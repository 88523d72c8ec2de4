//! Removes nodes that no output depends on.

use super::rebuild::{Step, rebuild};
use crate::graph::{Graph, Remap};
use crate::op::{Op, TypeError};

/// The graph without dead nodes. Inputs stay, since they are the interface.
///
/// # Errors
/// None for a graph that verifies: nodes are copied as they are.
pub fn dce(graph: &Graph) -> Result<(Graph, Remap), TypeError> {
    let live = graph.live();
    rebuild(graph, |_, node, _| {
        let needed = live[node.index()] || matches!(graph.op(node), Op::Input(_));
        Ok(if needed { Step::Keep } else { Step::Drop })
    })
}
