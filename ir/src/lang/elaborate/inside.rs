//! Values inside of what runs functions: `scan(f)`, `cond(f, g)` and `checkpoint(f)`.
//!
//! An instance of such a function is one node, but it remembers what it runs. A path leads on into that: in
//! `scan(cell)`, which is called `cell`, `cell.h` is the value `h` of `cell`, in each turn. Parameters and results are
//! those of the loop itself; those of `cell` in each turn are `cell.cell.next`: `scan(cell)` is a function that calls
//! `cell`. So it is with the functions of a branch: `f.h` is in the first, `f.g.h` in the other one.

use super::function::Instance;
use super::path::{Call, Miss, Names, Step};
use super::scan::stacked;
use crate::autodiff::Place;
use crate::diag::Code;
use crate::graph::{Graph, NodeId, Remap, Value};
use crate::module::Tree;
use crate::op::{Input, Op};
use std::rc::Rc;

/// A function that an instance runs in its one node.
#[derive(Clone, Debug)]
pub(super) struct Run {
    /// The graph that it is, or is made from.
    pub(super) name: String,
    pub(super) of: Rc<Instance>,
    /// For each input of the body, which input of the function it is; `None` if the body is the function's graph.
    pub(super) order: Option<Vec<usize>>,
    /// How many turns it takes, if it is repeated.
    pub(super) turns: Option<u64>,
    /// How many inputs of the body, the first ones, are values of their own; the others are values from outside.
    pub(super) carries: usize,
}

impl Run {
    /// The body.
    pub(super) fn body<'i>(&self, at: &'i Instance, number: usize) -> Option<(NodeId, &'i Graph)> {
        let node = at.graph.nodes().next_back()?;
        let region = at.graph.op(node).regions().get(number).copied()?;
        Some((node, region.body()))
    }

    /// Where a value of the function stands in the body.
    fn moved(&self, body: &Graph, value: Value) -> Option<Value> {
        let Some(order) = &self.order else {
            return Some(value);
        };
        let inputs = self.of.graph.inputs();
        let before = inputs.partition_point(|input| input.node < value.node);
        if inputs.get(before) == Some(&value) {
            let position = order.iter().position(|input| *input == before)?;
            return body.inputs().get(position).copied();
        }
        let node = value.node.index() + inputs.len() - before;
        let node = body.node_at(node)?;
        Some(Value { node, ..value })
    }
}

/// The run that a step leads into, and whether the step is its name.
pub(super) fn chosen_run(runs: &[Run], step: &Step, is_last: bool) -> (usize, bool) {
    let named = |(_, run): &(usize, &Run)| !is_last && run.name == step.name;
    let named: Vec<usize> = runs
        .iter()
        .enumerate()
        .filter(named)
        .map(|(at, _)| at)
        .collect();
    let index = step.indices.first().copied().unwrap_or(0);
    let index = usize::try_from(index).unwrap_or(usize::MAX);
    match named.get(index) {
        Some(run) => (*run, true),
        None => (0, false),
    }
}

/// From a function into one that it is made of.
#[derive(Clone, Copy)]
pub(super) enum Hop<'i> {
    /// Of a function into one that it calls.
    Call(&'i Instance, &'i Call),
    /// Of a derivative into what it is of.
    Derivative(&'i Instance, &'i Instance, &'i Remap),
    /// Into a function that is run, by its number.
    Run(&'i Instance, &'i Run, usize),
}

impl Hop<'_> {
    /// Where a place in the inner function is in the outer one.
    fn out(&self, mut place: Place) -> Result<Option<Place>, Miss> {
        match self {
            Hop::Call(caller, call) => Ok(head_moved(place, &|value| call.value(caller, value))),
            Hop::Derivative(derived, of, remap) => match place.way.first().copied() {
                None => Ok(head_moved(place, &|value| remap.value(value))),
                Some((node, number)) => {
                    let results = of.graph.results(node).into_iter();
                    let Some(copy) = results.filter_map(|value| remap.value(value)).next() else {
                        return Ok(None);
                    };
                    let op = derived.graph.op(copy.node);
                    let (was, is) = (of.graph.op(node).regions(), op.regions());
                    if was.get(number) != is.get(number) {
                        return Err(changed());
                    }
                    place.way[0].0 = copy.node;
                    Ok(Some(place))
                }
            },
            Hop::Run(at, run, number) => {
                let Some((node, body)) = run.body(at, *number) else {
                    return Ok(None);
                };
                let moved = head_moved(place, &|value| run.moved(body, value));
                Ok(moved.map(|mut place| {
                    place.way.insert(0, (node, *number));
                    place
                }))
            }
        }
    }

    /// What a type is from outside.
    fn tree(&self, tree: Tree) -> Tree {
        match self {
            Hop::Run(_, run, _) => match run.turns {
                Some(turns) => stacked(&tree, turns),
                None => tree,
            },
            Hop::Call(..) | Hop::Derivative(..) => tree,
        }
    }
}

/// The place with the outermost node, or the value itself, moved.
fn head_moved(mut place: Place, moved: &dyn Fn(Value) -> Option<Value>) -> Option<Place> {
    match place.way.first_mut() {
        Some((node, _)) => {
            let first = Value {
                node: *node,
                result: 0,
            };
            *node = moved(first)?.node;
        }
        None => place.value = moved(place.value)?,
    }
    Some(place)
}

/// A derivative has changed a loop.
fn changed() -> Miss {
    Miss {
        code: Code::UnknownName,
        message: "what a loop or branch computes has no name once a derivative of it was taken".into(),
        help: "differentiate by an argument or a result of the loop, or by what it computes where no derivative \
               is taken of it before"
            .into(),
        calls: Vec::new(),
    }
}

/// Where a value of the innermost function is in the outermost one: none if that does not depend on it.
pub(super) fn place_of(hops: &[Hop], value: Value) -> Result<Option<Place>, Miss> {
    let mut place = Place::of(value);
    for hop in hops.iter().rev() {
        match hop.out(place)? {
            Some(outer) => place = outer,
            None => return Ok(None),
        }
    }
    Ok(Some(place))
}

/// The type of a value of the innermost function in the outermost one.
pub(super) fn tree_of(hops: &[Hop], tree: Tree) -> Tree {
    hops.iter().rev().fold(tree, |tree, hop| hop.tree(tree))
}

/// The nodes that the statements of a body made themselves: those of no call, which compute something.
pub(super) fn own_nodes(at: &Instance) -> Vec<NodeId> {
    let Names::Body { calls, .. } = &at.names else {
        return Vec::new();
    };
    let size = |call: &Call| call.instance.graph.len() - call.instance.graph.inputs().len();
    let is_called = |node: &NodeId| {
        let before = calls.partition_point(|call| call.first <= node.index());
        let last = calls[..before].iter().rev().find(|call| size(call) > 0);
        last.is_some_and(|call| node.index() < call.first + size(call))
    };
    let is_input = |node: &NodeId| matches!(at.graph.op(*node), Op::Input(Input { .. }));
    let nodes = at.graph.nodes();
    nodes
        .filter(|node| !is_input(node) && !is_called(node))
        .collect()
}

/// The nodes that a derivative has beside those of what it is of.
pub(super) fn derived_nodes(derived: &Instance, of: &Instance, remap: &Remap) -> Vec<NodeId> {
    let mut is_known = vec![false; derived.graph.len()];
    for value in of.graph.nodes().flat_map(|node| of.graph.results(node)) {
        if let Some(copy) = remap.value(value) {
            is_known[copy.node.index()] = true;
        }
    }
    let is_own =
        |node: &NodeId| !is_known[node.index()] && !matches!(derived.graph.op(*node), Op::Input(_));
    derived.graph.nodes().filter(is_own).collect()
}
