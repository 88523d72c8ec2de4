//! Entries as they are lowered: where each value of a graph stands in the one that kernels are made of.

use crate::Failure;
use crate::driver::Session;
use crate::node_map::Standing;
use lgc_codegen::kernel::{BufferId, Program};
use lgc_codegen::lower::Lowering;
use lgc_ir::graph::{Graph, NodeId, Remap, Value};
use lgc_ir::module::Entry;
use lgc_ir::op::{Family, Op};
use lgc_ir::rewrite::optimize;

/// How an entry is compiled: what becomes of each of its values.
pub(crate) struct Lowered {
    /// Where its values stand in the graph that is lowered.
    pub(crate) standing: Standing,
    pub(crate) program: Program,
    /// The nodes that kernels leave in memory, each with its buffer.
    pub(crate) buffers: Vec<(NodeId, BufferId)>,
}

impl Lowered {
    /// The entry as it is compiled.
    ///
    /// # Errors
    /// If a pass is wrong, or the entry cannot be lowered.
    pub(crate) fn of(entry: &Entry, session: &mut Session) -> Result<Lowered, Failure> {
        let (simple, remap, _) = optimize(&entry.graph, false).map_err(Failure::internal)?;
        Lowered::lower(entry, simple, &remap, session)
    }

    /// As [`Lowered::of`], with all values in memory: another program, since what is stored is not fused.
    ///
    /// # Errors
    /// As [`Lowered::of`].
    pub(crate) fn exposed(entry: &Entry, session: &mut Session) -> Result<Lowered, Failure> {
        let lowered = Lowered::of(entry, session)?;
        let graph = lowered.with_all_outputs();
        Lowered::lower(entry, graph, lowered.standing.remap(), session)
    }

    /// Lowers a graph in which the values of an entry stand where a remapping says.
    fn lower(
        entry: &Entry,
        graph: Graph,
        remap: &Remap,
        session: &mut Session,
    ) -> Result<Lowered, Failure> {
        let entry = Entry {
            graph,
            ..entry.clone()
        };
        let ((graph, last), lowering) = session.lower_single(entry)?;
        let Lowering {
            program, buffers, ..
        } = lowering;
        Ok(Lowered {
            standing: Standing::new(graph, remap.then(&last), &buffers),
            program,
            buffers,
        })
    }

    /// The graph with all values as outputs, those after its own that are none so far.
    fn with_all_outputs(&self) -> Graph {
        let mut graph = self.standing.graph().clone();
        let live = graph.live();
        let mut stored = vec![false; graph.len()];
        for output in graph.outputs() {
            stored[output.value.node.index()] = true;
        }
        for node in graph.nodes() {
            let inside = live[node.index()] && !stored[node.index()];
            if inside && !is_leaf(&graph, node) && !is_barrier(&graph, node) {
                let value = Value { node, result: 0 };
                graph.add_output(format!("exposed{}", node.index()), value);
            }
        }
        graph
    }

    /// The graph that is lowered.
    pub(crate) fn graph(&self) -> &Graph {
        self.standing.graph()
    }

    /// The node of the lowered graph that computes a value of the entry.
    pub(crate) fn node(&self, value: Value) -> Option<NodeId> {
        self.standing.value(value).map(|value| value.node)
    }
}

fn is_barrier(graph: &Graph, node: NodeId) -> bool {
    matches!(graph.op(node), Op::Barrier(_))
}

/// Whether a node is an input or a constant.
pub(crate) fn is_leaf(graph: &Graph, node: NodeId) -> bool {
    matches!(graph.op(node).family(), Family::Leaf(_))
}
