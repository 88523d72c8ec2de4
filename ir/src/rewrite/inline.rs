//! Expands calls of regions, once no derivative is to be taken any more.

use super::bodies::with_bodies;
use super::rebuild::{Step, rebuild};
use crate::graph::{Graph, Remap};
use crate::op::TypeError;

/// The graph with the bodies of regions in the place of their calls, those within them included: a
/// region only speaks to the derivative passes, so this pass comes after them.
///
/// # Errors
/// None for a graph that verifies: nodes are copied as they are.
pub fn inline_calls(graph: &Graph) -> Result<(Graph, Remap), TypeError> {
    with_bodies(graph, &inline_calls_here)
}

fn inline_calls_here(graph: &Graph) -> Result<(Graph, Remap), TypeError> {
    let has_calls = |graph: &Graph| graph.nodes().any(|node| graph.op(node).region().is_some());
    let (mut graph, mut remap) = one_level(graph)?;
    while has_calls(&graph) {
        let (next, step) = one_level(&graph)?;
        remap = remap.then(&step);
        graph = next;
    }
    Ok((graph, remap))
}

fn one_level(graph: &Graph) -> Result<(Graph, Remap), TypeError> {
    rebuild(graph, |builder, node, operands| {
        match graph.op(node).region() {
            Some(region) => Ok(Step::Expand(
                builder.inline(region.body(), operands)?.into(),
            )),
            None => Ok(Step::Keep),
        }
    })
}
