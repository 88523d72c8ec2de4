//! Where single elements of values lie, where one set for all of them says too little: of pieces that are put side by
//! side, of positions, of constant tensors.
//!
//! The part of a graph that leads to a value is run with enclosures of what it begins with. That takes as long as the
//! tensors are large, so that it is done within a budget, and only where elements are told apart at all.

use super::enclosed::Enclosed;
use super::range::Range;
use super::ranges::Ranges;
use crate::dtype::DType;
use crate::graph::{Graph, NodeId, Value};
use crate::interpret::{Data, Groups, Tensor, interpret};
use crate::op::{Family, Guard, Input, Leaf, Monoid, Op};
use crate::scalar::{Int, Interval, Tri, Undefined};
use crate::shape::Type;
use rustc_hash::FxHashMap;
use std::cell::Cell;
use std::collections::BTreeSet;

/// So many scalar operations are done for one condition: `sort` of 4000 elements that lie apart takes 16000, and 2 ms of an
/// unoptimised build (of 100 that the conditions of GPT's training step take).
const MOST: u64 = 1 << 15;

/// And so many for all conditions of a graph: sixteen times that.
pub(super) const BUDGET: u64 = 1 << 19;

const UNKNOWN: Undefined = Undefined("an integer of which only the range is known");

/// Where the elements of the operands of an op lie.
pub(super) struct Elements {
    operands: Vec<Tensor<Enclosed>>,
}

impl Elements {
    /// Of the operands of a node, if elements are told apart there and what is left of the budget is enough.
    pub(super) fn of(
        graph: &Graph,
        node: NodeId,
        ranges: &Ranges,
        budget: &Cell<u64>,
    ) -> Option<Elements> {
        let excerpt = Excerpt::of(graph, node);
        if !excerpt.tells_apart || excerpt.work > budget.get() {
            return None;
        }
        budget.set(budget.get() - excerpt.work);
        excerpt.run(graph, node, ranges)
    }

    /// Whether a guard holds of every element.
    pub(super) fn meet(&self, family: &Family<'_>, guard: &Guard) -> bool {
        let intervals = |operand: usize| {
            let tensor = self.operands.get(operand)?;
            let numbers = tensor.as_numbers();
            (numbers.len() as u64 == tensor.ty.elements()).then_some(numbers)
        };
        let all = |operand: usize, holds: &dyn Fn(&Range) -> bool| {
            intervals(operand)
                .is_some_and(|x| x.iter().all(|x| range(x).is_some_and(|x| holds(&x))))
        };
        match guard {
            Guard::Above { operand, bound } => all(*operand, &|x| x.is_above(bound.to_f64())),
            Guard::Nonzero { operand } => all(*operand, &|x| x.excludes(0.0)),
            Guard::Off { operand, at } => all(*operand, &|x| x.excludes(at.to_f64())),
            Guard::OffLattice { operand, at } => {
                all(*operand, &|x| x.is_between_neighbours(at.to_f64()))
            }
            Guard::Distinct { left, right } => {
                let (Some(x), Some(y)) = (intervals(*left), intervals(*right)) else {
                    return false;
                };
                x.len() == y.len() && x.iter().zip(y).all(|(x, y)| is_apart(x, y))
            }
            Guard::UniqueWinner { operand } => {
                let Some((largest, axes)) = winner(family) else {
                    return false;
                };
                self.each_group(*operand, &axes, &|group| has_winner(group, largest))
            }
            Guard::NoTies { operand } => {
                let axis = if let Family::ArgSort(rule) = family {
                    rule.axis
                } else if let Family::Prefix(rule) = family {
                    rule.axis
                } else {
                    return false;
                };
                self.each_group(*operand, &[axis], &are_all_apart)
            }
        }
    }

    fn each_group(&self, operand: usize, axes: &[usize], holds: &dyn Fn(&[Range]) -> bool) -> bool {
        let Some(tensor) = self.operands.get(operand) else {
            return false;
        };
        let numbers: Option<Vec<Range>> = tensor.as_numbers().iter().map(range).collect();
        let Some(numbers) = numbers.filter(|numbers| numbers.len() as u64 == tensor.ty.elements())
        else {
            return false;
        };
        let groups = Groups::new(&tensor.ty.shape, axes);
        let held = groups.map(|group| {
            let members: Vec<Range> = group.iter().map(|at| numbers[*at]).collect();
            holds(&members)
        });
        held.into_iter().all(|held| held)
    }
}

/// Whether the largest element of groups wins, or the smallest, and along which axes.
fn winner(family: &Family<'_>) -> Option<(bool, Vec<usize>)> {
    if let Family::Fold(rule) = family {
        Some((rule.monoid == Monoid::Max, rule.axes.to_vec()))
    } else if let Family::ArgFold(rule) = family {
        Some((rule.largest, vec![rule.axis]))
    } else {
        None
    }
}

/// The range of an enclosure, if anything is known.
fn range(x: &Enclosed) -> Option<Range> {
    (!x.0.is_anything()).then(|| Range::between(x.0.low, x.0.high))
}

fn is_apart(x: &Enclosed, y: &Enclosed) -> bool {
    matches!((range(x), range(y)), (Some(x), Some(y)) if x.meet(&y).is_none())
}

/// Whether one element is beyond all others.
fn has_winner(group: &[Range], largest: bool) -> bool {
    let ends = group.iter().map(|x| match largest {
        true => (x.low.at, x.high.at),
        false => (-x.high.at, -x.low.at),
    });
    let mut ends: Vec<(f64, f64)> = ends.collect();
    ends.sort_by(|x, y| y.0.total_cmp(&x.0));
    let Some(((first, _), rest)) = ends.split_first() else {
        return true;
    };
    rest.iter().all(|(_, high)| high < first)
}

/// Whether no two of these may be equal.
fn are_all_apart(group: &[Range]) -> bool {
    let mut ends: Vec<(f64, f64)> = group.iter().map(|x| (x.low.at, x.high.at)).collect();
    ends.sort_by(|x, y| x.0.total_cmp(&y.0));
    ends.windows(2).all(|pair| pair[0].1 < pair[1].0)
}

/// The part of a graph that is run for the operands of a node.
struct Excerpt {
    /// Which nodes are computed, and which are only what computing begins with.
    role: FxHashMap<NodeId, Role>,
    work: u64,
    /// Whether something in it differs from element to element.
    tells_apart: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Begins,
    Computed,
}

impl Excerpt {
    /// From a node backwards, until there is too much to compute.
    fn of(graph: &Graph, node: NodeId) -> Excerpt {
        let mut excerpt = Excerpt {
            role: FxHashMap::default(),
            work: 0,
            tells_apart: false,
        };
        let operands = graph.operands(node);
        // The last ones first, so that all users of a node come before it.
        let mut open: BTreeSet<NodeId> = operands.iter().map(|operand| operand.node).collect();
        while let Some(at) = open.pop_last() {
            let work = super::graph::node_work(graph, at);
            let is_run = is_run(graph, at) && excerpt.work.saturating_add(work) <= MOST;
            let role = if is_run { Role::Computed } else { Role::Begins };
            excerpt.role.insert(at, role);
            if is_run {
                excerpt.work += work;
                excerpt.tells_apart |= tells_apart(graph, at);
                open.extend(graph.operands(at).iter().map(|operand| operand.node));
            }
        }
        excerpt
    }

    fn run(&self, graph: &Graph, node: NodeId, ranges: &Ranges) -> Option<Elements> {
        let mut excerpt = Graph::like(graph);
        let mut copies: FxHashMap<NodeId, NodeId> = FxHashMap::default();
        let mut inputs = Vec::new();
        let mut nodes: Vec<NodeId> = self.role.keys().copied().collect();
        nodes.sort_by_key(|node| node.index());
        for at in nodes {
            let operands = graph.operands(at).into_iter();
            let moved = |value: Value| {
                let node = copies.get(&value.node).copied()?;
                Some(Value { node, ..value })
            };
            let copy = match self.role.get(&at) {
                Some(Role::Computed) => {
                    let operands: Option<Vec<Value>> = operands.map(moved).collect();
                    excerpt.copy_node(graph, at, &operands?).ok()?
                }
                Some(Role::Begins) | None => {
                    let value = Value {
                        node: at,
                        result: 0,
                    };
                    let ty = graph.ty(value).clone();
                    inputs.push(whole(&ty, &ranges.value(value)));
                    let input = Input {
                        dtype: ty.dtype,
                        shape: ty.shape,
                    };
                    excerpt.push(input, &[], graph.span(at)).ok()?
                }
            };
            copies.insert(at, copy);
        }
        for operand in graph.operands(node) {
            // Of other results nothing is known here.
            let of = Some(operand).filter(|operand| operand.result == 0)?;
            let node = copies.get(&of.node).copied()?;
            excerpt.add_output("operand", Value { node, result: 0 });
        }
        let values = interpret::<Enclosed>(&excerpt, &(), &inputs).ok()?;
        Some(Elements {
            operands: values.outputs().into_iter().cloned().collect(),
        })
    }
}

/// Whether a node is computed of its operands alone, and has one result.
fn is_run(graph: &Graph, node: NodeId) -> bool {
    let operands = graph.operands(node);
    let is_open = matches!(graph.op(node), Op::Input(_)) || graph.op(node).runs_regions();
    let firsts = operands.iter().all(|operand| operand.result == 0);
    !is_open && firsts && graph.results(node).len() == 1
}

/// Whether a node makes elements that differ though those of its operands do not.
fn tells_apart(graph: &Graph, node: NodeId) -> bool {
    let family = graph.op(node).family();
    let is_concat = matches!(family, Family::View(_)) && graph.operands(node).len() > 1;
    is_concat || matches!(family, Family::Leaf(Leaf::Iota(_) | Leaf::Literal(_)))
}

/// A tensor of which every element lies in a range.
fn whole(ty: &Type, range: &Range) -> Tensor<Enclosed> {
    let count = ty.elements() as usize;
    let interval = Interval {
        low: range.low.at,
        high: range.high.at,
        dtype: DType::F64,
    };
    let int = match range.only() {
        Some(only) if only.fract() == 0.0 => Int::new(ty.dtype, only as i64),
        Some(_) | None => Int::unknown(ty.dtype, UNKNOWN),
    };
    let data = if ty.dtype == DType::Bool {
        Data::Mask(vec![Tri::Open; count])
    } else if ty.dtype.is_integer() {
        Data::Int(vec![int; count])
    } else {
        Data::Number(vec![Enclosed(interval); count])
    };
    Tensor {
        ty: ty.clone(),
        data,
    }
}
