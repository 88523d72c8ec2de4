//! Rewrites: passes from graph to graph.
//!
//! A pass does not change a graph; it builds another, and says in a
//! [`Remap`] what became of each value. All inputs are kept, in order, even where nothing reads
//! them: they are the graph's interface. [`optimize`] runs the passes that make a graph smaller
//! without changing what it computes, down to the last bit; each pass is verified in debug builds.

mod bodies;
mod certain;
mod concat;
mod contract;
mod cse;
mod dce;
mod decompose;
mod distribute;
mod fold;
mod inline;
mod isolate;
mod passage;
mod rebuild;
mod simplify;
mod stop_gradient;
#[cfg(test)]
mod tests;

pub use concat::split_concats;
pub use contract::contract_sums;
pub use cse::cse;
pub use dce::dce;
pub(crate) use dce::{dce_but_conditions, region_without_hypothetical, without_hypothetical};
pub use decompose::decompose;
pub use decompose::decompose_deeply;
pub use distribute::distribute_loops;
pub use fold::fold_constants;
pub(crate) use inline::without_surrogates;
pub use inline::{Replaced, inline_calls};
pub(crate) use isolate::isolate;
pub use simplify::{SIMPLIFICATIONS, Simplification, simplify};
pub use stop_gradient::drop_stop_gradient;

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

/// A pass: another graph, and what became of each value.
pub type Pass = fn(&Graph) -> Result<(Graph, Remap), TypeError>;

/// The passes that run once, first.
const ONCE: [(&str, Pass); 3] = [
    ("dce", dce),
    ("inline-calls", inline_calls),
    ("drop-stop-gradient", drop_stop_gradient),
];

/// The passes of one round, in order.
const ROUND: [(&str, Pass); 4] = [
    ("simplify", simplify),
    ("fold-constants", fold_constants),
    ("cse", cse),
    ("dce", dce),
];

/// Every pass of [`optimize`] in the order of its first run.
pub fn passes() -> impl Iterator<Item = (&'static str, Pass)> {
    ONCE.into_iter().chain(ROUND)
}

/// Rounds end when one changes nothing, or here; what is left then is correct, if not smallest.
const MAX_ROUNDS: usize = 8;

/// Makes a graph smaller, once no derivative is to be taken of it any more: exact simplification,
/// constant folding, common subexpressions and dead code, to a fixpoint. `check` verifies after every
/// pass, which debug builds always do.
///
/// # Errors
/// A pass is wrong.
pub fn optimize(
    graph: &Graph,
    check: bool,
) -> Result<(Graph, Remap, Vec<PassRecord>), RewriteError> {
    let mut state = State {
        graph: graph.clone(),
        remap: Remap::identity(graph),
        records: Vec::new(),
        check: check || cfg!(debug_assertions),
    };
    for (name, pass) in ONCE {
        state.run(name, pass)?;
    }
    for _ in 0..MAX_ROUNDS {
        let mut changed = false;
        for (name, pass) in ROUND {
            // What is swept away was read by nothing: without it no rule fits that did not before.
            changed |= state.run(name, pass)? && name != "dce";
        }
        if !changed {
            break;
        }
    }
    Ok((state.graph, state.remap, state.records))
}

/// A graph on its way through passes.
struct State {
    graph: Graph,
    remap: Remap,
    records: Vec<PassRecord>,
    check: bool,
}

impl State {
    /// Runs a pass; whether it changed anything.
    fn run(&mut self, name: &'static str, pass: Pass) -> Result<bool, RewriteError> {
        let start = Instant::now();
        let (next, step) = pass(&self.graph)?;
        self.records.push(PassRecord {
            pass: name,
            before: self.graph.len(),
            after: next.len(),
            time: start.elapsed(),
        });
        if self.check {
            let broken = |violation| RewriteError::Violation {
                pass: name,
                violation,
            };
            verify(&next).map_err(broken)?;
        }
        self.remap = self.remap.then(&step);
        self.graph = next;
        Ok(step.changes())
    }
}
