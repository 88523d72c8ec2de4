//! Removes `stop_gradient` where no derivative is to be taken any more.

use super::bodies::with_bodies;
use super::rebuild::{Step, rebuild};
use crate::graph::{Graph, Remap};
use crate::op::{Op, TypeError};

/// The graph without `stop_gradient`, which computes nothing: it only speaks to the derivative
/// passes, so this pass comes after them.
///
/// # Errors
/// None for a graph that verifies: nodes are copied as they are.
pub fn drop_stop_gradient(graph: &Graph) -> Result<(Graph, Remap), TypeError> {
    with_bodies(graph, &drop_stop_gradient_here)
}

fn drop_stop_gradient_here(graph: &Graph) -> Result<(Graph, Remap), TypeError> {
    rebuild(graph, |_, node, operands| {
        let is_barrier = matches!(graph.op(node), Op::StopGradient(_));
        let operand = operands.first().filter(|_| is_barrier);
        Ok(operand.map_or(Step::Keep, |x| Step::Fold(*x)))
    })
}
