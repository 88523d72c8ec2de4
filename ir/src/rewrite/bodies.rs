//! Passes inside the bodies of loops and branches.

use super::rebuild::{Step, rebuild};
use crate::graph::{Graph, Remap};
use crate::op::TypeError;

type Passed = Result<(Graph, Remap), TypeError>;

/// The graph with the bodies of its loops and branches changed, where `change` yields another one.
///
/// # Errors
/// Those of `change`.
pub(super) fn map_bodies(
    graph: &Graph,
    change: &mut dyn FnMut(&Graph) -> Result<Option<Graph>, TypeError>,
) -> Result<Option<Graph>, TypeError> {
    let mut nodes = graph.nodes();
    if !nodes.any(|node| graph.op(node).runs_regions()) {
        return Ok(None);
    }
    let mut changed = false;
    let (new, _) = rebuild(graph, |_, node, _| {
        let op = graph.op(node);
        if !op.runs_regions() {
            return Ok(Step::Keep);
        }
        let mut changed_here = false;
        let mut bodies = Vec::new();
        for region in op.regions() {
            let body = change(region.body())?;
            changed_here |= body.is_some();
            bodies.push(body.unwrap_or_else(|| region.body().clone()));
        }
        changed |= changed_here;
        Ok(match changed_here {
            true => Step::Replace(op.with_bodies(&bodies)),
            false => Step::Keep,
        })
    })?;
    Ok(changed.then_some(new))
}

/// Applies a pass to the bodies of loops and branches, innermost first, and then to the graph itself.
///
/// # Errors
/// Those of the pass.
pub(super) fn with_bodies(graph: &Graph, pass: &dyn Fn(&Graph) -> Passed) -> Passed {
    let inner = map_bodies(graph, &mut |body| {
        let (body, remap) = with_bodies(body, pass)?;
        Ok(remap.changes().then_some(body))
    })?;
    let (new, mut remap) = pass(inner.as_ref().unwrap_or(graph))?;
    if inner.is_some() {
        remap.note_change_inside();
    }
    Ok((new, remap))
}
