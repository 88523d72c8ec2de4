//! Nodes in whose place others come that compute more.

use crate::graph::{Fate, Graph, NodeId, Output, Remap, Value};
use crate::op::TypeError;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A node that computes all that another does, and more.
#[derive(Clone, Debug)]
pub(in crate::autodiff) struct Merge {
    /// The node that is no longer needed.
    pub of: NodeId,
    /// The node that takes its place.
    pub by: NodeId,
    /// For each result of the one, which result of the other it is.
    pub results: Vec<u16>,
}

/// The graph with merged nodes in one place, in an order in which operands precede their users.
pub(in crate::autodiff) fn merge(
    graph: Graph,
    merges: &[Merge],
) -> Result<(Graph, Remap), TypeError> {
    if merges.is_empty() {
        let remap = Remap::identity(&graph);
        return Ok((graph, remap));
    }
    let merged: FxHashMap<NodeId, &Merge> = merges.iter().map(|merge| (merge.of, merge)).collect();
    let stands_for = |value: Value| match merged.get(&value.node) {
        Some(merge) => Value {
            node: merge.by,
            result: merge.results[usize::from(value.result)],
        },
        None => value,
    };
    let operands_of =
        |node: NodeId| -> Vec<Value> { graph.operands(node).into_iter().map(stands_for).collect() };
    let mut waiting = vec![0usize; graph.len()];
    let mut users: Vec<SmallVec<[NodeId; 2]>> = vec![SmallVec::new(); graph.len()];
    let mut ready = BinaryHeap::new();
    for node in graph.nodes().filter(|node| !merged.contains_key(node)) {
        let operands = operands_of(node);
        waiting[node.index()] = operands.len();
        for operand in &operands {
            users[operand.node.index()].push(node);
        }
        if operands.is_empty() {
            ready.push(Reverse(node));
        }
    }
    let mut new = Graph::like(&graph);
    let mut copies: Vec<Option<NodeId>> = vec![None; graph.len()];
    let copy_of = |copies: &[Option<NodeId>], value: Value| {
        let node = copies[value.node.index()];
        node.map(|node| Value { node, ..value })
    };
    while let Some(Reverse(node)) = ready.pop() {
        let operands = operands_of(node).into_iter();
        let operands: Vec<Value> = operands.filter_map(|v| copy_of(&copies, v)).collect();
        copies[node.index()] = Some(new.copy_node(&graph, node, &operands)?);
        for user in std::mem::take(&mut users[node.index()]) {
            waiting[user.index()] -= 1;
            if waiting[user.index()] == 0 {
                ready.push(Reverse(user));
            }
        }
    }
    let mut remap = Remap::default();
    for node in graph.nodes() {
        let moved = |value: Value| match copy_of(&copies, stands_for(value)) {
            Some(copy) if merged.contains_key(&value.node) => Fate::Merged(copy),
            Some(copy) => Fate::Kept(copy),
            None => Fate::Dead,
        };
        remap.record(graph.results(node).into_iter().map(moved));
    }
    for merge in merges {
        let copy = copies[merge.by.index()];
        if let (Some(copy), Some(name)) = (copy, graph.name(merge.of)) {
            new.set_name(copy, name);
        }
    }
    for Output { name, value } in graph.outputs() {
        if let Some(value) = remap.value(*value) {
            new.add_output(name.clone(), value);
        }
    }
    Ok((new, remap))
}
