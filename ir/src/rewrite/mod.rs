//! Rewrites: passes from graph to graph.
//!
//! A pass does not change a graph; it builds another, and says in a
//! [`Remap`] what became of each value. All inputs are kept, in order, even where nothing reads
//! them: they are the graph's interface. [`optimize`] runs the passes that make a graph smaller
//! without changing what it computes, down to the last bit; each pass is verified in debug builds.

mod cse;
mod dce;
mod decompose;
mod fold;
mod rebuild;
mod simplify;
#[cfg(test)]
mod tests;

pub use cse::cse;
pub use dce::dce;
pub use decompose::decompose;
pub use fold::fold_constants;
pub use simplify::simplify;

use crate::graph::{Graph, Remap};
use crate::op::TypeError;
use crate::verify::{Violation, verify};
use std::time::{Duration, Instant};

/// Why a pass pipeline stopped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RewriteError {
    /// A pass built an op that does not type-check.
    #[error(transparent)]
    Type(#[from] TypeError),
    /// A pass broke an invariant.
    #[error("after {pass}: {violation}")]
    Violation {
        /// The pass.
        pass: &'static str,
        /// The invariant.
        violation: Violation,
    },
}

/// What one pass did.
#[derive(Clone, Debug)]
pub struct PassRecord {
    /// The pass.
    pub pass: &'static str,
    /// Number of nodes before it.
    pub before: usize,
    /// Number of nodes after it.
    pub after: usize,
    /// How long it took.
    pub time: Duration,
}

type Pass = fn(&Graph) -> Result<(Graph, Remap), TypeError>;

/// The passes of one round, in order.
const ROUND: [(&str, Pass); 4] = [
    ("simplify", simplify),
    ("fold-constants", fold_constants),
    ("cse", cse),
    ("dce", dce),
];

/// Rounds end when one changes nothing, or here; what is left then is correct, if not smallest.
const MAX_ROUNDS: usize = 8;

/// Makes a graph smaller: exact simplification, constant folding, common subexpressions and dead
/// code, to a fixpoint. `check` verifies after every pass, which debug builds always do.
///
/// # Errors
/// A pass is wrong.
pub fn optimize(
    graph: &Graph,
    check: bool,
) -> Result<(Graph, Remap, Vec<PassRecord>), RewriteError> {
    let (mut current, mut remap) = dce(graph)?;
    let mut records = Vec::new();
    for _ in 0..MAX_ROUNDS {
        let mut changed = false;
        for (name, pass) in ROUND {
            let start = Instant::now();
            let (next, step) = pass(&current)?;
            records.push(PassRecord {
                pass: name,
                before: current.len(),
                after: next.len(),
                time: start.elapsed(),
            });
            if check || cfg!(debug_assertions) {
                verify(&next).map_err(|violation| RewriteError::Violation {
                    pass: name,
                    violation,
                })?;
            }
            // What merging and sweeping leave is no simpler to simplify than it was.
            changed |= matches!(name, "simplify" | "fold-constants") && step.changes();
            remap = remap.then(&step);
            current = next;
        }
        if !changed {
            break;
        }
    }
    Ok((current, remap, records))
}
