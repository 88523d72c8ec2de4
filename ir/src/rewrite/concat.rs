//! Long concatenations in steps.
//!
//! An element of a concatenation is looked for in all operands: code and time for one element grow with their
//! number. Of many operands, runs are joined first, then runs of these, so that each element passes through
//! a few short concatenations. Each but the last is in memory, behind a barrier, lest they be one again.

use super::bodies::with_bodies;
use super::rebuild::{Step, rebuild};
use crate::graph::{Graph, Remap, Value};
use crate::op::{Barrier, Op, TypeError};
use smallvec::smallvec;

/// A concatenation of no more operands stays one.
const FAN_IN: usize = 32;

/// Puts short concatenations in the place of long ones; in the bodies of loops and branches as well.
///
/// # Errors
/// None for a graph that verifies.
pub fn split_concats(graph: &Graph) -> Result<(Graph, Remap), TypeError> {
    with_bodies(graph, &split_here)
}

fn split_here(graph: &Graph) -> Result<(Graph, Remap), TypeError> {
    rebuild(graph, |builder, node, operands| {
        let op = graph.op(node);
        if !matches!(op, Op::Concat(_)) || operands.len() <= FAN_IN {
            return Ok(Step::Keep);
        }
        let mut parts: Vec<Value> = operands.to_vec();
        while parts.len() > FAN_IN {
            let join = |run: &[Value]| match run {
                [one] => Ok(*one),
                several => {
                    let joined = builder.apply(op.clone(), several)?;
                    builder.apply(Barrier {}, &[joined])
                }
            };
            let joined: Result<_, TypeError> = parts.chunks(FAN_IN).map(join).collect();
            parts = joined?;
        }
        let whole = builder.apply(op.clone(), &parts)?;
        Ok(Step::Expand(smallvec![whole]))
    })
}
