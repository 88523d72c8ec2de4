//! Nodes in whose place others come that compute more.

use crate::graph::{Fate, Graph, NodeId, Output, Remap, Value};
use crate::op::{Op, TypeError};
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

/// The graph with merged nodes in one place, and without the nodes from number `first` on that no output
/// needs: masks, most of them, that nothing came to be settled by. What only conditions of derivatives speak of, in rules
/// that take some, stays.
pub(in crate::autodiff) fn merge(
    graph: Graph,
    first: usize,
    merges: &[Merge],
) -> Result<(Graph, Remap), TypeError> {
    let mut needed = vec![false; graph.len()];
    for output in graph.outputs() {
        needed[output.value.node.index()] = true;
    }
    for merge in merges {
        needed[merge.by.index()] = true;
    }
    for node in graph.nodes().rev() {
        let at = node.index();
        needed[at] |= at < first || matches!(graph.op(node), Op::Input(_));
        needed[at] |= graph.is_hypothetical(node);
        if needed[at] {
            for operand in graph.operands(node) {
                needed[operand.node.index()] = true;
            }
        }
    }
    merge_needed(graph, merges, &needed)
}

/// As [`merge`], of all nodes.
pub(super) fn merge_all(graph: Graph, merges: &[Merge]) -> Result<(Graph, Remap), TypeError> {
    let needed = vec![true; graph.len()];
    merge_needed(graph, merges, &needed)
}

/// The graph of the needed nodes, merged ones in one place, in an order in which operands precede their
/// users.
fn merge_needed(
    graph: Graph,
    merges: &[Merge],
    needed: &[bool],
) -> Result<(Graph, Remap), TypeError> {
    if merges.is_empty() && needed.iter().all(|needed| *needed) {
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
    let kept = |node: &NodeId| needed[node.index()] && !merged.contains_key(node);
    for node in graph.nodes().filter(kept) {
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
        let Some(copy) = copies[merge.by.index()] else {
            continue;
        };
        if let Some(name) = graph.name(merge.of) {
            new.set_name(copy, name);
        }
        if let Some(at) = graph.differentiation(merge.of) {
            new.set_differentiation(copy, at);
        }
    }
    for Output { name, value } in graph.outputs() {
        if let Some(value) = remap.value(*value) {
            new.add_output(name.clone(), value);
        }
    }
    Ok((new, remap))
}
