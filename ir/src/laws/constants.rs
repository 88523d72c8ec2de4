//! Where sums of constants lie, such as how many elements each window of a pool holds: they are computed.

use super::enclosed::Enclosed;
use super::range::Range;
use crate::graph::{Graph, NodeId, Value};
use crate::interpret::{Tensor, interpret};
use crate::op::{Family, Op};
use rustc_hash::FxHashMap;

/// No tensor of more elements is computed: a window of each pixel of an image of 128 × 128 with two digits of
/// elements. More is left to what ranges show.
const MAX_ELEMENTS: u64 = 1 << 18;

/// The ranges of nodes that put constants together and depend on no input.
pub(super) fn constants(graph: &Graph) -> FxHashMap<NodeId, Range> {
    let constant = constant_nodes(graph);
    let is_sum = |node: &NodeId| {
        let family = graph.op(*node).family();
        let sums = matches!(
            family,
            Family::Fold(_) | Family::Prefix(_) | Family::Contract(_)
        );
        let result = Value {
            node: *node,
            result: 0,
        };
        sums && constant[node.index()] && graph.ty(result).dtype.is_float()
    };
    let sums: Vec<NodeId> = graph.nodes().filter(is_sum).collect();
    match sums.is_empty() {
        true => FxHashMap::default(),
        false => computed(graph, &sums).unwrap_or_default(),
    }
}

/// Which nodes depend on no input and are small enough to be computed.
fn constant_nodes(graph: &Graph) -> Vec<bool> {
    let mut constant = vec![false; graph.len()];
    for node in graph.nodes() {
        let op = graph.op(node);
        let results = graph.results(node);
        let is_small = results
            .iter()
            .all(|value| graph.ty(*value).elements() <= MAX_ELEMENTS);
        let is_open = matches!(op, Op::Input(_)) || op.runs_regions();
        let operands = graph.operands(node);
        let mut known = operands.iter().map(|x| constant[x.node.index()]);
        constant[node.index()] = is_small && !is_open && known.all(|known| known);
    }
    constant
}

/// The ranges of some nodes that depend on no input; nothing where one has no value.
fn computed(graph: &Graph, nodes: &[NodeId]) -> Option<FxHashMap<NodeId, Range>> {
    let mut needed = vec![false; graph.len()];
    for node in nodes {
        needed[node.index()] = true;
    }
    for node in graph.nodes().rev() {
        if needed[node.index()] {
            for operand in graph.operands(node) {
                needed[operand.node.index()] = true;
            }
        }
    }
    let mut excerpt = Graph::like(graph);
    let mut copies: FxHashMap<NodeId, NodeId> = FxHashMap::default();
    for node in graph.nodes().filter(|node| needed[node.index()]) {
        let moved = |value: Value| copies.get(&value.node).map(|&node| Value { node, ..value });
        let operands: Option<Vec<Value>> = graph.operands(node).into_iter().map(moved).collect();
        copies.insert(node, excerpt.copy_node(graph, node, &operands?).ok()?);
    }
    for node in nodes {
        let copy = Value {
            node: *copies.get(node)?,
            result: 0,
        };
        excerpt.add_output("constant", copy);
    }
    let values = interpret::<Enclosed>(&excerpt, &(), &[]).ok()?;
    let range = |tensor: &Tensor<Enclosed>| {
        let mut all = tensor.as_numbers().iter().map(|x| (x.0.low, x.0.high));
        let first = all.next()?;
        let (low, high) = all.fold(first, |(low, high), x| (low.min(x.0), high.max(x.1)));
        let is_known = !low.is_nan() && !high.is_nan();
        is_known.then(|| Range::between(low, high))
    };
    let outputs = values.outputs().into_iter().map(range);
    let known = nodes.iter().copied().zip(outputs);
    Some(
        known
            .filter_map(|(node, range)| Some((node, range?)))
            .collect(),
    )
}
