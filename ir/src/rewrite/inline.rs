//! Expands calls of regions, once no derivative is to be taken any more.

use super::bodies::with_bodies;
use super::rebuild::{Step, rebuild};
use crate::graph::{Graph, Remap};
use crate::op::TypeError;
use std::cell::RefCell;

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

/// The graph with the bodies of regions in the place of calls whose rule is meant to differ from the
/// derivative, and the names of these regions.
///
/// # Errors
/// As [`inline_calls`].
pub(crate) fn without_surrogates(graph: &Graph) -> Result<(Graph, Vec<String>), TypeError> {
    let names = RefCell::new(Vec::new());
    let inline = |graph: &Graph| {
        let (mut graph, mut remap) = (graph.clone(), Remap::identity(graph));
        loop {
            let mut found = false;
            let (next, step) = rebuild(&graph, |builder, node, operands| {
                let region = graph.op(node).region();
                let Some(region) = region.filter(|region| region.is_surrogate()) else {
                    return Ok(Step::Keep);
                };
                found = true;
                names.borrow_mut().push(region.name().to_string());
                Ok(Step::Expand(
                    builder.inline(region.body(), operands)?.into(),
                ))
            })?;
            remap = remap.then(&step);
            graph = next;
            if !found {
                return Ok((graph, remap));
            }
        }
    };
    let (graph, _) = with_bodies(graph, &inline)?;
    let mut names = names.into_inner();
    names.sort_unstable();
    names.dedup();
    Ok((graph, names))
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
