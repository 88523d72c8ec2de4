//! Loops, distributed: what need not be computed turn by turn is computed for all turns at once.
//!
//! A loop is cut into what comes before it, what must go turn by turn, and what comes after it:
//!
//! * *Once*: what is the same in every turn is computed before the loop, and so are the weights of
//!   contractions brought into the order in which contractions read them.
//! * *Before*: a contraction of slices with weights, Σ_k x_t[k]·w[k], is one contraction of the whole stack,
//!   and the turns take its slices.
//! * *Sums*: where a carried value only has something added to it each turn, c + g_t, that is summed after the
//!   loop: the turns stack what g_t is made of. A weight's gradient, Σ_t h_tᵀδ_t, is so one contraction
//!   over turns and batch, where in the loop it would read and write all of itself each turn.
//! * *After*: stacked results that contractions with weights yield are contracted after the loop.
//!
//! The real numbers are as they were; floats are added up in another order, so that the pass is part of
//! lowering. *Memory*: what is stacked in addition never comes to more than the loop has in stacks
//! anyway, or to 4 MiB where that is more; what stands for an accumulator is smaller than that, turn by
//! turn; and what a `checkpoint` computes again, behind its barrier, is never stacked.
//!
//! `plan` decides, `lift` computes values for all turns at once.

mod lift;
mod plan;

use super::bodies::with_bodies;
use super::dce;
use super::rebuild::{Step, rebuild};
use crate::builder::Builder;
use crate::graph::{Graph, NodeId, Remap, Value, Values};
use crate::op::{Input, Op, Scan, ScanRole, TypeError};
use lift::{Lift, Lifted};
use plan::Plan;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::rc::Rc;

/// Takes out of loops what can be computed for all turns at once, innermost loops first.
///
/// # Errors
/// None for a graph that verifies.
pub fn distribute_loops(graph: &Graph) -> Result<(Graph, Remap), TypeError> {
    let (graph, first) = with_bodies(graph, &distribute_here)?;
    if !first.changes() {
        return Ok((graph, first));
    }
    let (graph, second) = dce(&graph)?;
    Ok((graph, first.then(&second)))
}

fn distribute_here(graph: &Graph) -> Result<(Graph, Remap), TypeError> {
    rebuild(graph, |builder, node, operands| {
        let Op::Scan(scan) = graph.op(node) else {
            return Ok(Step::Keep);
        };
        let plan = Plan::of(scan);
        if plan.is_empty() {
            return Ok(Step::Keep);
        }
        let name = graph.name(node);
        Ok(Step::Expand(carry_out(builder, name, &plan, operands)?))
    })
}

/// Emits what comes before a loop, the loop, and what comes after; returns the results.
fn carry_out(
    builder: &Builder,
    name: Option<&str>,
    plan: &Plan<'_>,
    operands: &Values,
) -> Result<SmallVec<[Value; 2]>, TypeError> {
    let scan = plan.scan;
    let mut lift = Lift::new(builder, plan, operands);
    let rest = Rest::new(plan, &mut lift, operands)?;
    let outputs = rest.body.outputs().len();
    let results = if outputs == 0 {
        Values::new()
    } else {
        let rest = Scan {
            region: Rc::new(scan.region.with_body(rest.body)),
            carries: rest.carries,
            stacked: rest.stacked,
            ..scan.clone()
        };
        let loops = builder.node(rest, &lift.operands)?;
        if let Some(name) = name {
            builder.edit(|graph| graph.set_name(loops, name));
        }
        builder.with_graph(|graph| graph.results(loops))
    };
    // What the loop yields, in the order in which `Rest` lists it.
    let mut results = results.into_iter();
    let mut known: Vec<Option<Value>> = Vec::with_capacity(scan.body().outputs().len());
    for (position, output) in scan.body().outputs().iter().enumerate() {
        let result = match plan.stays(position) {
            true => results.next(),
            false => None,
        };
        if let Some(result) = result.filter(|_| position >= scan.carries) {
            lift.knows(output.value, Lifted::Stacked(result));
        }
        known.push(result);
    }
    for (value, result) in plan.kept.iter().zip(results) {
        lift.knows(*value, Lifted::Stacked(result));
    }
    let position = |(position, result): (usize, Option<Value>)| match result {
        Some(result) => Ok(result),
        None => finish(&mut lift, plan, position, operands),
    };
    known.into_iter().enumerate().map(position).collect()
}

/// A result that the loop does not yield.
fn finish(
    lift: &mut Lift<'_>,
    plan: &Plan<'_>,
    position: usize,
    operands: &Values,
) -> Result<Value, TypeError> {
    let Some(sum) = plan.sums.get(&position) else {
        let value = plan.scan.body().outputs()[position].value;
        return lift.stack(value);
    };
    let builder = lift.builder.clone();
    let is_zero = |value: Value| builder.splat(value).is_some_and(|splat| splat.is_zero());
    let first = operands[position];
    let mut total = (!is_zero(first)).then_some(first);
    for (term, negative) in &sum.terms {
        let term = lift.total(*term, &sum.leaves)?;
        total = Some(match (total, negative) {
            (Some(total), false) => builder.add(total, term)?,
            (Some(total), true) => builder.sub(total, term)?,
            (None, false) => term,
            (None, true) => builder.neg(term)?,
        });
    }
    Ok(total.unwrap_or(first))
}

/// What is left of a body.
struct Rest {
    body: Graph,
    carries: usize,
    stacked: usize,
}

impl Rest {
    /// Makes the body that is left, and notes the operands of its loop in `lift`.
    fn new(plan: &Plan<'_>, lift: &mut Lift<'_>, operands: &Values) -> Result<Rest, TypeError> {
        let (scan, old) = (plan.scan, plan.scan.body());
        let mut new = Graph::like(old);
        let mut copies: FxHashMap<Value, Value> = FxHashMap::default();
        let mut take = |new: &mut Graph, lift: &mut Lift<'_>, role: ScanRole| {
            let mut count = 0;
            for (position, input) in old.inputs().iter().enumerate() {
                let is_taken = scan.role(position) == role
                    && (role != ScanRole::Carry || plan.stays(position));
                if is_taken {
                    let node = new.copy_node(old, input.node, &[])?;
                    copies.insert(*input, Value { node, result: 0 });
                    lift.operands.push(operands[position]);
                    count += 1;
                }
            }
            Ok::<usize, TypeError>(count)
        };
        let carries = take(&mut new, lift, ScanRole::Carry)?;
        let mut stacked = take(&mut new, lift, ScanRole::Slice)?;
        let mut given: FxHashMap<Value, Value> = FxHashMap::default();
        for value in &plan.before {
            given.insert(*value, parameter(&mut new, old, *value)?);
            let stack = lift.stack(*value)?;
            lift.operands.push(stack);
            stacked += 1;
        }
        take(&mut new, lift, ScanRole::Closed)?;
        for value in &plan.once {
            given.insert(*value, parameter(&mut new, old, *value)?);
            let once = lift.once(*value)?;
            lift.operands.push(once);
        }
        let mut ordered = Vec::with_capacity(plan.orders.len());
        for (value, permutation) in &plan.orders {
            let once = lift.once(*value)?;
            let once = lift.builder.transpose(once, permutation)?;
            let ty = lift.builder.ty(once);
            let op = Input {
                dtype: ty.dtype,
                shape: ty.shape,
            };
            let node = new.push(op, &[], old.span(value.node))?;
            ordered.push(Value { node, result: 0 });
            lift.operands.push(once);
        }
        copies.extend(given);
        copy_turn(plan, &mut new, &mut copies, &ordered)?;
        let copy = |value: &Value| copies.get(value).copied().ok_or_else(missing);
        for (position, output) in old.outputs().iter().enumerate() {
            if plan.stays(position) {
                new.add_output(output.name.clone(), copy(&output.value)?);
            }
        }
        for (number, value) in plan.kept.iter().enumerate() {
            new.add_output(format!("kept_{number}"), copy(value)?);
        }
        Ok(Rest {
            body: new,
            carries,
            stacked,
        })
    }
}

fn missing() -> TypeError {
    TypeError::new("a turn of a loop lacks a value")
}

/// A parameter of a body in the place of a value of another one.
fn parameter(new: &mut Graph, old: &Graph, value: Value) -> Result<Value, TypeError> {
    let ty = old.ty(value);
    let op = Input {
        dtype: ty.dtype,
        shape: ty.shape.clone(),
    };
    let node = new.push(op, &[], old.span(value.node))?;
    if let Some(name) = old.name(value.node) {
        new.set_name(node, name);
    }
    if let Some(range) = old.range(value.node) {
        new.set_range(node, range);
    }
    Ok(Value { node, result: 0 })
}

/// Copies the nodes that are left in a turn.
fn copy_turn(
    plan: &Plan<'_>,
    new: &mut Graph,
    copies: &mut FxHashMap<Value, Value>,
    ordered: &[Value],
) -> Result<(), TypeError> {
    let old = plan.scan.body();
    let live = plan.live();
    for node in old.nodes().filter(|node| live[node.index()]) {
        let results = old.results(node);
        if results.iter().all(|value| copies.contains_key(value)) {
            continue;
        }
        let mut operands = Values::new();
        let reordered = plan.reordered.get(&node);
        for (slot, operand) in old.operands(node).into_iter().enumerate() {
            let own = reordered.filter(|order| order.side == slot);
            let own = own.and_then(|order| ordered.get(order.number));
            operands.push(*own.or_else(|| copies.get(&operand)).ok_or_else(missing)?);
        }
        let copy: NodeId = match reordered {
            Some(order) => new.copy_node_as(old, node, order.op.clone().into(), &operands)?,
            None => new.copy_node(old, node, &operands)?,
        };
        for value in results {
            // A result that is taken as a parameter stays one.
            copies.entry(value).or_insert(Value {
                node: copy,
                ..value
            });
        }
    }
    Ok(())
}
