//! The link from graphs to code, counted: what becomes of each value of an entry.
//!
//! Every value is an input or a result of an op, and has one whereabouts, so that the numbers must add up. Simplification
//! merges values, makes constants of them, or finds that nothing needs them; of the others, fusion keeps some in memory
//! and computes the rest within kernels. A library carries the map, so that it can be asked without its graph.

use lgc_abi::{MappedValue, Whereabouts};
use lgc_codegen::kernel::BufferId;
use lgc_codegen::lower::is_part;
use lgc_ir::graph::{Graph, NodeId, Remap, Value};
use lgc_ir::module::Entry;
use lgc_ir::op::{Family, Leaf, Op};
use lgc_ir::span::Span;
use rustc_hash::{FxHashMap, FxHashSet};
use std::fmt;

/// Where the values of an entry's graph stand in the graph that is lowered, and which of that are stored.
pub(crate) struct Standing {
    /// The graph that is lowered.
    graph: Graph,
    remap: Remap,
    /// The nodes that kernels leave in memory.
    held: FxHashSet<NodeId>,
}

impl Standing {
    /// As a remapping says, and with the nodes that have buffers.
    pub(crate) fn new(graph: Graph, remap: Remap, buffers: &[(NodeId, BufferId)]) -> Standing {
        let outputs = graph.outputs().iter().map(|output| output.value.node);
        let held = buffers.iter().map(|(node, _)| *node).chain(outputs);
        Standing {
            held: held.collect(),
            graph,
            remap,
        }
    }

    /// The graph that is lowered.
    pub(crate) fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Where the values stand in it, but for barriers.
    pub(crate) fn remap(&self) -> &Remap {
        &self.remap
    }

    /// The value of the lowered graph that is a value of the entry; of a result of a loop or branch, the barrier through
    /// which it is read, since that is what a buffer holds.
    pub(crate) fn value(&self, value: Value) -> Option<Value> {
        let mut value = self.remap.value(value)?;
        let is_barrier = |node| matches!(self.graph.op(node), Op::Barrier(_));
        while is_barrier(value.node) && !is_part(&self.graph, value.node) {
            value = *self.graph.operands(value.node).first()?;
        }
        Some(value)
    }

    /// What becomes of a value of the lowered graph.
    fn whereabouts(&self, value: Value) -> Whereabouts {
        let is_constant = matches!(
            self.graph.op(value.node).family(),
            Family::Leaf(Leaf::Full(_) | Leaf::Literal(_) | Leaf::Iota(_))
        );
        if is_constant {
            Whereabouts::Constant
        } else if self.held.contains(&value.node) {
            Whereabouts::Stored
        } else {
            Whereabouts::WithinKernels
        }
    }
}

/// What becomes of the values of an entry, in the order of its graph.
pub(crate) fn map_of(
    entry: &Entry,
    standing: &Standing,
    place: &dyn Fn(Span) -> String,
) -> Vec<MappedValue> {
    let graph = &entry.graph;
    let live = graph.live();
    let mut first: FxHashMap<Value, String> = FxHashMap::default();
    let mut whereabouts_of = |value: Value, name: &str| {
        let stands = standing.value(value);
        if matches!(graph.op(value.node), Op::Input(_)) {
            if let Some(stands) = stands {
                first.entry(stands).or_insert_with(|| name.to_owned());
            }
            return Whereabouts::Input;
        }
        let Some(stands) = stands.filter(|_| live[value.node.index()]) else {
            return Whereabouts::NotNeeded;
        };
        match (standing.whereabouts(stands), first.get(&stands)) {
            (Whereabouts::Constant, _) => Whereabouts::Constant,
            (_, Some(same)) => Whereabouts::Merged(same.clone()),
            (whereabouts, None) => {
                first.insert(stands, name.to_owned());
                whereabouts
            }
        }
    };
    let values = graph.nodes().flat_map(|node| graph.results(node));
    let mapped = values.map(|value| {
        let name = name_of(graph, value);
        MappedValue {
            entry: entry.name.clone(),
            place: place(graph.span(value.node)),
            op: graph.op(value.node).spec().name.to_owned(),
            ty: graph.ty(value).to_string(),
            whereabouts: whereabouts_of(value, &name),
            name,
        }
    });
    mapped.collect()
}

fn name_of(graph: &Graph, value: Value) -> String {
    let name = match graph.name(value.node) {
        Some(name) => name.to_owned(),
        None => format!("v{}", value.node.index()),
    };
    match value.result {
        0 => name,
        result => format!("{name}#{result}"),
    }
}

/// How many values of an entry there are of each whereabouts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Census {
    inputs: usize,
    stored: usize,
    within: usize,
    merged: usize,
    constant: usize,
    not_needed: usize,
}

impl Census {
    /// Those of these values.
    pub(crate) fn of<'m>(values: impl IntoIterator<Item = &'m MappedValue>) -> Census {
        let mut census = Census::default();
        for value in values {
            let count = match value.whereabouts {
                Whereabouts::Input => &mut census.inputs,
                Whereabouts::Stored => &mut census.stored,
                Whereabouts::WithinKernels => &mut census.within,
                Whereabouts::Merged(_) => &mut census.merged,
                Whereabouts::Constant => &mut census.constant,
                Whereabouts::NotNeeded => &mut census.not_needed,
            };
            *count += 1;
        }
        census
    }

    fn of_ops(&self) -> usize {
        self.stored + self.within + self.merged + self.constant + self.not_needed
    }

    /// Whether every value of a graph is an input or a result of an op, and has one whereabouts.
    pub(crate) fn add_up(&self, graph: &Graph) -> bool {
        let inputs = graph.inputs().len();
        let results = graph.nodes().map(|node| graph.results(node).len());
        self.inputs == inputs && self.inputs + self.of_ops() == results.sum::<usize>()
    }
}

impl fmt::Display for Census {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Census {
            inputs,
            stored,
            within,
            merged,
            constant,
            not_needed,
        } = self;
        let of_ops = self.of_ops();
        write!(
            f,
            "{} = {inputs} inputs + {of_ops} of ops: {stored} stored, {within} within kernels, {merged} merged, \
             {constant} constant, {not_needed} not needed",
            inputs + of_ops,
        )
    }
}
