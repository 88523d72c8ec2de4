//! Gives values a node of their own before they are decomposed.

use super::rebuild::{Step, rebuild};
use crate::graph::{Graph, Remap, Value};
use crate::op::{Composite, Family, Reshape, TypeError};
use smallvec::SmallVec;

/// Appends an identity to those of `values` that come from composite ops for which `keep` does not
/// hold. A decomposition may use what it results in (the velocity of `momentum` moves the parameter,
/// too); after this, the value is what users of the op see, and nothing else.
///
/// # Errors
/// None for a graph that verifies.
pub(crate) fn isolate(
    graph: &Graph,
    values: &[Value],
    keep: &dyn Fn(&dyn Composite) -> bool,
) -> Result<(Graph, Remap), TypeError> {
    rebuild(graph, |builder, node, operands| {
        let results = graph.results(node);
        let replaced = matches!(graph.op(node).family(), Family::Composite(op) if !keep(op));
        if !replaced || !results.iter().any(|result| values.contains(result)) {
            return Ok(Step::Keep);
        }
        let copy = builder.edit(|new| new.copy_node(graph, node, operands))?;
        let identity = |result: &Value| {
            let value = Value {
                node: copy,
                result: result.result,
            };
            let shape = builder.shape(value);
            builder.apply(Reshape { shape }, &[value])
        };
        let results: Result<SmallVec<[Value; 2]>, TypeError> =
            results.iter().map(identity).collect();
        Ok(Step::Expand(results?))
    })
}
