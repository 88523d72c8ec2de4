//! Lowering: from a graph to a program of kernels.
//!
//! ```text
//! Graph ─decompose, contract sums, distribute loops→ Model ─fuse→ groups ─storage→ buffers ─emit→ kernels ─order→ steps ─workspace→ Program
//! ```
//! * [`analysis`] says what each node reads, what it costs, and where integers lie.
//! * [`fusion`] puts nodes that share a kernel into groups, and decides which values go through memory.
//! * [`grouping`] says which floats are added before which.
//! * [`emit`] makes a kernel of each group, and [`crate::schedule`] makes it faster.
//! * [`program`] puts kernels in order, with checks before anything that is updated in place is written and with
//!   copies where values are exchanged; it lowers the bodies of loops and branches, and lays out the workspace.
//!
//! What a kernel computes follows from the graph, shapes and [`Target`]; never from numbers of
//! threads. How floats are grouped does not even depend on the target: it follows from extents alone.

mod analysis;
mod emit;
mod fusion;
mod grouping;
mod program;
#[cfg(test)]
mod tests;

pub use analysis::model::is_part;

use crate::kernel::{BufferId, BuildError, Program, SourceLine};
use crate::target::Target;
use lgc_ir::graph::{Graph, NodeId, Output, Remap};
use lgc_ir::module::Entry;
use lgc_ir::op::Op;
use lgc_ir::rewrite::{
    RewriteError, contract_sums, cse, decompose_deeply, distribute_loops, split_concats,
};
use lgc_ir::shape::Type;
use lgc_ir::span::Span;
use lgc_ir::verify::verify;

/// How a graph's inputs and outputs become buffers of an entry.
///
/// Inputs that some output is the next value of are updated in place ([`crate::kernel::Role::Inout`]),
/// the others are only read; outputs that are no next values are written to buffers of their own.
/// Each of the three kinds is numbered from 0, in the order of the graph.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signature {
    /// The name of the entry.
    pub name: String,
    /// For each output of the graph, the input (by position) whose next value it is. Outputs beyond
    /// the list are next values of none.
    pub next: Vec<Option<usize>>,
}

impl Signature {
    /// The entry of that name that updates nothing in place.
    pub fn pure(name: impl Into<String>) -> Self {
        Signature {
            name: name.into(),
            next: Vec::new(),
        }
    }

    /// The signature of an entry: its graph's outputs are results, then the next values of `inout`
    /// parameters, leaf by leaf.
    pub fn of(entry: &Entry) -> Self {
        let results = entry.signature.results.iter();
        let plain: usize = results.map(|result| result.tree.leaf_count()).sum();
        let mut next = vec![None; plain];
        let mut first = 0;
        for param in &entry.signature.params {
            let leaves = param.tree.leaf_count();
            if param.inout {
                next.extend((first..first + leaves).map(Some));
            }
            first += leaves;
        }
        let name = entry.name.clone();
        Signature { name, next }
    }

    /// The input that an output is the next value of.
    pub fn next_of(&self, output: usize) -> Option<usize> {
        self.next.get(output).copied().flatten()
    }
}

/// Why a graph could not be lowered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LowerError {
    /// A composite op does not decompose, or a pass on the way broke an invariant.
    #[error(transparent)]
    Rewrite(#[from] RewriteError),
    /// The signature does not fit the graph.
    #[error("the signature does not fit the graph: {0}")]
    Signature(String),
    /// A kernel could not be built; a verified graph gives no such kernel.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// A value has to be in memory, and is larger than what may be there.
    #[error("`{op}` stores a tensor of type {ty}, beyond 2^40 bytes")]
    TooLarge {
        /// The op that computes it.
        op: &'static str,
        /// What is stored: the value, or what its kernel needs beside it.
        ty: Type,
        /// The place of the op.
        span: Span,
    },
    /// The graph is none that verifies.
    #[error("the graph cannot be lowered: {0}")]
    Internal(String),
}

/// A decision about a value, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The kernel, by its position in the order of launches; `None` for values that are computed by
    /// whoever reads them.
    pub launch: Option<usize>,
    /// What was decided about what.
    pub text: String,
    /// The bytes that are not moved because of it.
    pub saved_bytes: u64,
}

/// A program with the decisions that led to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lowering {
    /// The program.
    pub program: Program,
    /// The decisions, in the order of the graph.
    pub decisions: Vec<Decision>,
    /// The nodes of the graph's [`normal_form`] that kernels compute into memory, in order, each with
    /// the buffer that holds it from then on, until its bytes are needed for another. The others
    /// are computed within kernels.
    pub buffers: Vec<(NodeId, BufferId)>,
}

impl std::fmt::Display for Lowering {
    /// The decisions as comments, each with its launch and the bytes that are not moved because of
    /// it; then the program.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for Decision {
            launch,
            text,
            saved_bytes,
        } in &self.decisions
        {
            let launch = launch.map_or("-".to_string(), |launch| launch.to_string());
            writeln!(f, "// {launch}: {text}, {saved_bytes} bytes")?;
        }
        write!(f, "{}", self.program)
    }
}

/// Lowers a graph to a program.
///
/// # Errors
/// The signature names inputs that do not exist, have another type than the output that is their
/// next value, or more than one next value; or the graph does not verify.
pub fn lower(
    graph: &Graph,
    signature: &Signature,
    target: &Target,
) -> Result<Lowering, LowerError> {
    lower_with_lines(graph, signature, target, None)
}

/// What tells the line of a place in a source; none for what has no source.
pub type LineOf<'l> = dyn Fn(Span) -> Option<SourceLine> + Sync + 'l;

/// Lowers a graph to a program whose kernels say which lines what they do comes from, if something tells them. Apart
/// from that, it is the program that [`lower`] makes, except that kernels which differ in lines only are not one.
///
/// # Errors
/// As [`lower`].
pub fn lower_with_lines(
    graph: &Graph,
    signature: &Signature,
    target: &Target,
    lines: Option<&LineOf<'_>>,
) -> Result<Lowering, LowerError> {
    let (graph, _) = normal_form(graph)?;
    lower_normal(&graph, signature, target, lines)
}

/// Lowers a graph in [`normal_form`], which is the same for every target.
///
/// # Errors
/// As [`lower`].
pub fn lower_normal(
    graph: &Graph,
    signature: &Signature,
    target: &Target,
    lines: Option<&LineOf<'_>>,
) -> Result<Lowering, LowerError> {
    check_signature(graph, signature)?;
    let model = analysis::model::Model::new(graph, &target.costs)?;
    let fusion = fusion::fuse::Fusion::new(&model);
    program::assemble::assemble(&fusion, signature, target, lines)
}

/// The graph that is lowered in place of a graph: composite ops are decomposed, what their
/// decompositions repeat is merged, sums of contractions are contracted where that spares memory, and
/// what loops compute is taken out of them where that pays; concatenations of many operands are split; each
/// result of a loop or branch is read through a barrier of its own. Also what became of each value. The
/// graph is verified after each of these.
///
/// # Errors
/// A decomposition does not type-check, or an invariant is broken.
pub fn normal_form(graph: &Graph) -> Result<(Graph, Remap), RewriteError> {
    let (graph, first) = decompose_deeply(graph)?;
    verify_after("decompose", &graph)?;
    // Decompositions repeat themselves: the same mean, the same maximum.
    let (graph, second) = cse(&graph)?;
    verify_after("cse", &graph)?;
    let (graph, third) = contract_sums(&graph)?;
    verify_after("contract-sums", &graph)?;
    let (graph, fourth) = distribute_loops(&graph)?;
    verify_after("distribute-loops", &graph)?;
    let (graph, fifth) = split_concats(&graph)?;
    verify_after("split-concats", &graph)?;
    let (mut graph, sixth) = program::region::parts(&graph)?;
    bare_outputs(&mut graph);
    verify_after("parts", &graph)?;
    let passes = [second, third, fourth, fifth, sixth];
    let remap = passes.iter().fold(first, |all, pass| all.then(pass));
    Ok((graph, remap))
}

fn verify_after(pass: &'static str, graph: &Graph) -> Result<(), RewriteError> {
    verify(graph).map_err(|violation| RewriteError::Violation { pass, violation })
}

/// An output behind a barrier is what the barrier hides.
fn bare_outputs(graph: &mut Graph) {
    let bare = |output: &Output| {
        let mut value = output.value;
        while let Op::Barrier(_) = graph.op(value.node)
            && !is_part(graph, value.node)
        {
            value = graph.operands(value.node)[0];
        }
        Output {
            value,
            ..output.clone()
        }
    };
    let outputs = graph.outputs().iter().map(bare).collect();
    graph.set_outputs(outputs);
}

fn check_signature(graph: &Graph, signature: &Signature) -> Result<(), LowerError> {
    let fault = |message: String| Err(LowerError::Signature(message));
    let mut updated = vec![false; graph.inputs().len()];
    for (position, output) in graph.outputs().iter().enumerate() {
        let Some(input) = signature.next_of(position) else {
            continue;
        };
        let Some(&value) = graph.inputs().get(input) else {
            return fault(format!("there is no input {input}"));
        };
        if graph.ty(value) != graph.ty(output.value) {
            let (is, next) = (graph.ty(value), graph.ty(output.value));
            return fault(format!(
                "input {input} is {is}, but its next value is {next}"
            ));
        }
        if std::mem::replace(&mut updated[input], true) {
            return fault(format!("input {input} has several next values"));
        }
    }
    Ok(())
}
