//! The link from graphs to code, counted: what becomes of each value of an entry.
//!
//! Every value is an input or a result of an op, and has one fate, so that the numbers must add up. Simplification
//! merges values, makes constants of them, or finds that nothing needs them; of the others, fusion keeps some in memory
//! and computes the rest within kernels.

use crate::lowered::Lowered;
use lgc_ir::graph::{Graph, NodeId, Value};
use lgc_ir::op::{Family, Leaf, Op};
use lgc_ir::shape::Type;
use lgc_ir::span::{SourceMap, Span};
use rustc_hash::{FxHashMap, FxHashSet};
use std::fmt;

/// What becomes of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The caller gives it.
    Input,
    /// A kernel leaves it in memory.
    Stored,
    /// Kernels compute it on the way to others.
    WithinKernels,
    /// It is the same as an earlier value, which is named.
    Merged(String),
    /// It is known when the graph is compiled.
    Constant,
    /// Nothing needs it.
    NotNeeded,
}

/// A value of an entry's graph.
#[derive(Clone, Debug)]
pub(crate) struct Mapped {
    name: String,
    op: &'static str,
    ty: Type,
    span: Span,
    pub(crate) place: Place,
}

/// The values of an entry, in the order of its graph.
#[derive(Clone, Debug)]
pub(crate) struct NodeMap {
    inputs: usize,
    results: usize,
    pub(crate) values: Vec<Mapped>,
}

impl NodeMap {
    /// What becomes of the values of a graph that was lowered.
    pub(crate) fn of(graph: &Graph, lowered: &Lowered) -> NodeMap {
        let held: FxHashSet<NodeId> = lowered.buffers.iter().map(|(node, _)| *node).collect();
        let outputs = lowered.graph.outputs().iter();
        let outputs: FxHashSet<NodeId> = outputs.map(|output| output.value.node).collect();
        let live = graph.live();
        let mut first: FxHashMap<Value, String> = FxHashMap::default();
        let mut values = Vec::new();
        let (mut inputs, mut results) = (0, 0);
        for (node, value) in graph
            .nodes()
            .flat_map(|node| graph.results(node).into_iter().map(move |x| (node, x)))
        {
            let name = name_of(graph, value);
            let place = if matches!(graph.op(node), Op::Input(_)) {
                inputs += 1;
                if let Some(stands) = lowered.value(value) {
                    first.entry(stands).or_insert_with(|| name.clone());
                }
                Place::Input
            } else {
                results += 1;
                let stands = lowered.value(value).filter(|_| live[node.index()]);
                match stands {
                    None => Place::NotNeeded,
                    Some(stands) => {
                        let own = place_in(&lowered.graph, stands, &held, &outputs);
                        match (own, first.get(&stands)) {
                            (Place::Constant, _) => Place::Constant,
                            (_, Some(same)) => Place::Merged(same.clone()),
                            (place, None) => {
                                first.insert(stands, name.clone());
                                place
                            }
                        }
                    }
                }
            };
            values.push(Mapped {
                name,
                op: graph.op(node).spec().name,
                ty: graph.ty(value).clone(),
                span: graph.span(node),
                place,
            });
        }
        NodeMap {
            inputs,
            results,
            values,
        }
    }

    /// Whether every value is an input or a result of an op, and each has one fate.
    pub(crate) fn adds_up(&self) -> bool {
        let given = self.count(&|place| *place == Place::Input);
        given == self.inputs && self.values.len() == self.inputs + self.results
    }

    fn count(&self, is_meant: &dyn Fn(&Place) -> bool) -> usize {
        let values = self.values.iter();
        values.filter(|value| is_meant(&value.place)).count()
    }

    /// A line for each value.
    pub(crate) fn lines(&self, sources: &SourceMap) -> String {
        let line = |value: &Mapped| {
            let place = match sources.location(value.span) {
                Some((file, at)) => format!("{file}:{}:{}: ", at.line, at.column),
                None => String::new(),
            };
            let Mapped {
                name,
                op,
                ty,
                place: fate,
                ..
            } = value;
            format!("    {place}{name} = {op}: {ty}: {fate}\n")
        };
        self.values.iter().map(line).collect()
    }
}

fn place_in(
    graph: &Graph,
    value: Value,
    held: &FxHashSet<NodeId>,
    outputs: &FxHashSet<NodeId>,
) -> Place {
    let node = value.node;
    let is_constant = matches!(
        graph.op(node).family(),
        Family::Leaf(Leaf::Full(_) | Leaf::Literal(_) | Leaf::Iota(_))
    );
    if is_constant {
        Place::Constant
    } else if held.contains(&node) || outputs.contains(&node) {
        Place::Stored
    } else {
        Place::WithinKernels
    }
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

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Input => f.write_str("input"),
            Place::Stored => f.write_str("stored"),
            Place::WithinKernels => f.write_str("within kernels"),
            Place::Merged(with) => write!(f, "merged with {with}"),
            Place::Constant => f.write_str("constant"),
            Place::NotNeeded => f.write_str("not needed"),
        }
    }
}

impl fmt::Display for NodeMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stored = self.count(&|place| *place == Place::Stored);
        let within = self.count(&|place| *place == Place::WithinKernels);
        let merged = self.count(&|place| matches!(place, Place::Merged(_)));
        let constant = self.count(&|place| *place == Place::Constant);
        let not_needed = self.count(&|place| *place == Place::NotNeeded);
        write!(
            f,
            "{} = {} inputs + {} of ops: {stored} stored, {within} within kernels, {merged} merged, {constant} \
             constant, {not_needed} not needed",
            self.values.len(),
            self.inputs,
            self.results
        )
    }
}
