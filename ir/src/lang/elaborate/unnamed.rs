//! Values without a name: `tanh[0]` is what the first call of `tanh` in a body results in, `add[1]` the second sum.
//!
//! An op is called in the body like a graph, be it by its name or by an operator, and its calls are numbered in their
//! order, those that have a name included: to name a value changes no other path. Of an op with several results a
//! second index says which: `momentum[0][1]`. The ops of a derivative are counted on after those of what it is of.

use super::function::Instance;
use super::inside::{Hop, derived_nodes, own_nodes, place_of, tree_of};
use super::path::{Chosen, Miss, Step};
use crate::diag::Code;
use crate::graph::{NodeId, Value};
use crate::module::Tree;
use crate::op::SPECS;

/// What a step names that is the call of an op in `at`, to which the hops lead; none if there is no such op.
pub(super) fn unnamed(at: &Instance, hops: &[Hop], step: &Step) -> Result<Option<Chosen>, Miss> {
    let is_op = SPECS.iter().any(|spec| spec.name == step.name);
    if !is_op {
        return Ok(None);
    }
    let levels = levels(at, hops, &step.name);
    let count: usize = levels.iter().map(|(_, _, nodes)| nodes.len()).sum();
    let index = match (step.indices.first(), count) {
        (_, 0) => return Ok(None),
        (Some(index), _) => usize::try_from(*index).unwrap_or(usize::MAX),
        (None, 1) => 0,
        (None, _) => {
            let code = Code::AmbiguousName;
            let calls = super::count(count, "call");
            let message = format!("the body has {calls} of `{}`", step.name);
            return Err(miss(code, message, numbered(step, count)));
        }
    };
    let mut before = index;
    for (level, hops, nodes) in levels {
        match nodes.get(before) {
            Some(node) => return result(level, hops, *node, step).map(Some),
            None => before -= nodes.len(),
        }
    }
    let calls = super::count(count, "call");
    let message = format!(
        "there is no `{step}`: the body has {calls} of `{}`",
        step.name
    );
    Err(miss(Code::UnknownName, message, numbered(step, count)))
}

/// The function, and the derivatives on the way to it, each with what leads to it and its calls of an op.
fn levels<'h, 'i: 'h>(
    at: &'i Instance,
    hops: &'h [Hop<'i>],
    name: &str,
) -> Vec<(&'i Instance, &'h [Hop<'i>], Vec<NodeId>)> {
    let of_op = |level: &Instance, nodes: Vec<NodeId>| -> Vec<NodeId> {
        let is_named = |node: &NodeId| level.graph.op(*node).spec().name == name;
        nodes.into_iter().filter(is_named).collect()
    };
    let mut levels = vec![(at, hops, of_op(at, own_nodes(at)))];
    for (depth, hop) in hops.iter().enumerate().rev() {
        let Hop::Derivative(derived, of, remap) = hop else {
            break;
        };
        let nodes = of_op(derived, derived_nodes(derived, of, remap));
        levels.push((derived, &hops[..depth], nodes));
    }
    levels
}

/// The result of a node that a step names.
fn result(level: &Instance, hops: &[Hop], node: NodeId, step: &Step) -> Result<Chosen, Miss> {
    let results = level.graph.results(node);
    let number = match (step.indices.get(1), results.len()) {
        (None, 1) => 0,
        (None, count) => {
            let message = format!("`{step}` has {count} results");
            let help = format!("say which is meant: `{step}[0]` … `{step}[{}]`", count - 1);
            return Err(miss(Code::AmbiguousName, message, help));
        }
        (Some(number), _) => usize::try_from(*number).unwrap_or(usize::MAX),
    };
    let value = results.get(number).filter(|_| step.indices.len() <= 2);
    let Some(value) = value.filter(|_| step.indices.len() < 2 || results.len() > 1) else {
        let message = format!(
            "there is no `{step}`: the call has {}",
            super::count(results.len(), "result")
        );
        let help =
            "results of one call are numbered from 0, in a second pair of brackets".to_string();
        return Err(miss(Code::UnknownName, message, help));
    };
    let leaves = vec![place_of(hops, *value)?];
    let tree = tree_of(hops, Tree::Leaf(level.graph.ty(*value).clone()));
    Ok(Chosen { tree, leaves })
}

fn numbered(step: &Step, count: usize) -> String {
    let name = &step.name;
    if count == 1 {
        return format!("it is `{name}[0]`");
    }
    format!(
        "calls are numbered in the order of the body: `{name}[0]` … `{name}[{}]`",
        count - 1
    )
}

fn miss(code: Code, message: String, help: String) -> Miss {
    Miss {
        code,
        message,
        help,
        calls: Vec::new(),
    }
}

/// The calls of ops among nodes, each result with its path: `tanh[0]`, `momentum[0][1]`. Constants are none.
/// `counts` says how many calls of each op came before.
pub(super) fn op_results(
    at: &Instance,
    nodes: &[NodeId],
    counts: &mut rustc_hash::FxHashMap<&'static str, usize>,
) -> Vec<(String, Value)> {
    let mut found = Vec::with_capacity(nodes.len());
    for node in nodes {
        let name = at.graph.op(*node).spec().name;
        let index = counts.entry(name).or_default();
        let results = at.graph.results(*node);
        let is_constant = at.graph.operands(*node).is_empty();
        for value in results.iter().filter(|_| !is_constant) {
            let path = match results.len() {
                1 => format!("{name}[{index}]"),
                _ => format!("{name}[{index}][{}]", value.result),
            };
            found.push((path, *value));
        }
        *index += 1;
    }
    found
}
