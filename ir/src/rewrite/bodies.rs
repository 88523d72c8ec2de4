//! Passes inside the bodies of loops and branches.

use super::rebuild::{Step, rebuild};
use crate::graph::{Graph, Remap};
use crate::op::TypeError;

type Passed = Result<(Graph, Remap), TypeError>;

/// Applies a pass to the bodies of loops and branches, innermost first, and then to the graph itself.
///
/// # Errors
/// Those of the pass.
pub(super) fn with_bodies(graph: &Graph, pass: &dyn Fn(&Graph) -> Passed) -> Passed {
    let mut nodes = graph.nodes();
    if !nodes.any(|node| graph.op(node).runs_regions()) {
        return pass(graph);
    }
    let mut changed = false;
    let (inner, _) = rebuild(graph, |_, node, _| {
        let op = graph.op(node);
        if !op.runs_regions() {
            return Ok(Step::Keep);
        }
        let mut bodies = Vec::new();
        let mut changed_here = false;
        for region in op.regions() {
            let (body, remap) = with_bodies(region.body(), pass)?;
            changed_here |= remap.changes();
            bodies.push(body);
        }
        changed |= changed_here;
        Ok(match changed_here {
            true => Step::Replace(op.with_bodies(&bodies)),
            false => Step::Keep,
        })
    })?;
    let (new, mut remap) = pass(if changed { &inner } else { graph })?;
    if changed {
        remap.note_change_inside();
    }
    Ok((new, remap))
}
