//! Removes nodes that no output depends on.
//!
//! Of a loop or a branch, that which is not needed goes as well: stacked results that nothing reads,
//! carried values that nothing depends on, operands that no body reads.
//!
//! While derivatives are taken, nodes stay of which their conditions speak, though no result depends on them:
//! [`dce_but_conditions`] marks them as hypothetical, and [`without_hypothetical`] removes them in the end.

use super::bodies::with_bodies;
use super::rebuild::{Step, rebuild};
use crate::graph::{Fate, Graph, NodeId, Output, Remap, Value};
use crate::op::{Cond, Op, Region, Scan, ScanRole, TypeError, states_conditions};
use rustc_hash::{FxHashMap, FxHashSet};
use std::rc::Rc;

/// The graph without dead nodes. Inputs stay, since they are the interface.
///
/// # Errors
/// None for a graph that verifies: nodes are copied as they are.
pub fn dce(graph: &Graph) -> Result<(Graph, Remap), TypeError> {
    with_bodies(graph, &dce_here)
}

/// The graph without dead nodes but those of which the conditions of a derivative speak, with what these are computed
/// from: they become hypothetical, and count as dead in what is said of values.
///
/// # Errors
/// As [`dce`].
pub(crate) fn dce_but_conditions(graph: &Graph) -> Result<(Graph, Remap), TypeError> {
    with_bodies(graph, &|graph| dce_but(graph, &states_conditions))
}

/// The graph without hypothetical nodes, if it has any: in what it calls and runs as well.
///
/// # Errors
/// As [`dce`].
pub(crate) fn without_hypothetical(graph: &Graph) -> Result<Option<Graph>, TypeError> {
    Stripping::default().stripped(graph)
}

/// The region without hypothetical nodes.
///
/// # Errors
/// As [`dce`].
pub(crate) fn region_without_hypothetical(region: &Rc<Region>) -> Result<Rc<Region>, TypeError> {
    Stripping::default().region(region)
}

/// The regions that have been looked at, which graphs share, by their addresses: with themselves, lest another come to
/// lie where one was, and what is left of them.
#[derive(Default)]
struct Stripping {
    known: FxHashMap<*const Region, (Rc<Region>, Rc<Region>)>,
}

impl Stripping {
    /// Graphs nest as deep as calls.
    fn stripped(&mut self, graph: &Graph) -> Result<Option<Graph>, TypeError> {
        let mut nodes = graph.nodes();
        if !nodes.any(|node| graph.is_hypothetical(node) || !graph.op(node).regions().is_empty()) {
            return Ok(None);
        }
        let mut changed = false;
        let (new, _) = rebuild(graph, |_, node, _| {
            if graph.is_hypothetical(node) {
                changed = true;
                return Ok(Step::Drop);
            }
            let op = graph.op(node);
            let mut left = Vec::new();
            let mut changed_here = false;
            for region in op.regions() {
                let region_left = self.region(region)?;
                changed_here |= !Rc::ptr_eq(region, &region_left);
                left.push(region_left);
            }
            changed |= changed_here;
            Ok(match changed_here {
                true => Step::Replace(op.with_regions(&left)),
                false => Step::Keep,
            })
        })?;
        Ok(changed.then_some(new))
    }

    /// The region itself, if nothing in it is hypothetical.
    fn region(&mut self, region: &Rc<Region>) -> Result<Rc<Region>, TypeError> {
        let key = Rc::as_ptr(region);
        if let Some((_, known)) = self.known.get(&key) {
            return Ok(known.clone());
        }
        let mut left = region.clone();
        if let Some(body) = self.stripped(region.body())? {
            left = Rc::new(left.with_body(body));
        }
        if let Some(rule) = region
            .rule()
            .map(|rule| self.stripped(rule))
            .transpose()?
            .flatten()
        {
            left = Rc::new(left.with_rule(rule));
        }
        self.known.insert(key, (region.clone(), left.clone()));
        Ok(left)
    }
}

fn dce_here(graph: &Graph) -> Result<(Graph, Remap), TypeError> {
    dce_but(graph, &|_, _| false)
}

/// A loop or branch without what is not needed of it.
struct Trimmed {
    op: Op,
    /// The operands that stay, by position.
    operands: Vec<usize>,
    /// The results that stay, by number.
    results: Vec<u16>,
}

impl Trimmed {
    /// Which result another one has become.
    fn place(&self, result: u16) -> Option<u16> {
        let place = self.results.iter().position(|kept| *kept == result);
        place.map(|place| place as u16)
    }
}

/// What outputs need of a graph.
struct Needs {
    live: Vec<bool>,
    trimmed: FxHashMap<NodeId, Trimmed>,
}

impl Needs {
    fn of(graph: &Graph) -> Result<Needs, TypeError> {
        let mut needed: FxHashSet<Value> = graph.outputs().iter().map(|o| o.value).collect();
        let mut live = vec![false; graph.len()];
        let mut trimmed: FxHashMap<NodeId, Trimmed> = FxHashMap::default();
        for node in graph.nodes().rev() {
            let results = graph.results(node);
            let used: Vec<bool> = results.iter().map(|value| needed.contains(value)).collect();
            if !used.contains(&true) {
                continue;
            }
            live[node.index()] = true;
            let operands = graph.operands(node);
            match trim(graph.op(node), &used)? {
                Some(less) => {
                    needed.extend(less.operands.iter().map(|&at| operands[at]));
                    trimmed.insert(node, less);
                }
                None => needed.extend(operands),
            }
        }
        Ok(Needs { live, trimmed })
    }

    /// Whether a value is computed for the outputs.
    fn has(&self, value: Value) -> bool {
        let trimmed = self.trimmed.get(&value.node);
        self.live[value.node.index()]
            && trimmed.is_none_or(|less| less.place(value.result).is_some())
    }

    /// The nodes of which copies are needed for those that `keep` holds for, beside those for the outputs.
    fn beside(&self, graph: &Graph, keep: &dyn Fn(&Graph, NodeId) -> bool) -> Vec<bool> {
        let mut beside = vec![false; graph.len()];
        let is_input = |node: NodeId| matches!(graph.op(node), Op::Input(_));
        for node in graph.nodes().rev() {
            let is_whole = self.live[node.index()] && !self.trimmed.contains_key(&node);
            beside[node.index()] |= !is_whole && !is_input(node) && keep(graph, node);
            if beside[node.index()] {
                for operand in graph.operands(node) {
                    beside[operand.node.index()] |= !self.has(operand) && !is_input(operand.node);
                }
            }
        }
        beside
    }
}

fn dce_but(
    graph: &Graph,
    keep: &dyn Fn(&Graph, NodeId) -> bool,
) -> Result<(Graph, Remap), TypeError> {
    let needs = Needs::of(graph)?;
    let beside = needs.beside(graph, keep);
    let mut new = Graph::like(graph);
    let mut remap = Remap::default();
    let mut hypothetical: FxHashMap<NodeId, NodeId> = FxHashMap::default();
    for node in graph.nodes() {
        let results = graph.results(node);
        let operands = graph.operands(node);
        if beside[node.index()] {
            let moved = |value: &Value| {
                let copy = hypothetical.get(&value.node);
                let copy = copy.map(|&node| Value { node, ..*value });
                copy.or_else(|| remap.value(*value))
            };
            let operands: Vec<Value> = operands.iter().filter_map(moved).collect();
            let copy = new.copy_node(graph, node, &operands)?;
            new.set_hypothetical(copy);
            hypothetical.insert(node, copy);
        }
        if !needs.live[node.index()] && !matches!(graph.op(node), Op::Input(_)) {
            remap.record(results.iter().map(|_| Fate::Dead));
            continue;
        }
        let moved = |value: &Value| remap.value(*value);
        if let Some(less) = needs.trimmed.get(&node) {
            let kept = less.operands.iter();
            let operands: Vec<Value> = kept.filter_map(|&at| moved(&operands[at])).collect();
            let copy = new.copy_node_as(graph, node, less.op.clone(), &operands)?;
            let fate = |value: &Value| match less.place(value.result) {
                Some(result) => Fate::Kept(Value { node: copy, result }),
                None => Fate::Dead,
            };
            remap.record(results.iter().map(fate));
            continue;
        }
        let operands: Vec<Value> = operands.iter().filter_map(moved).collect();
        let copy = new.copy_node(graph, node, &operands)?;
        remap.record(results.iter().map(|value| {
            Fate::Kept(Value {
                node: copy,
                ..*value
            })
        }));
    }
    for Output { name, value } in graph.outputs() {
        if let Some(value) = remap.value(*value) {
            new.add_output(name.clone(), value);
        }
    }
    Ok((new, remap))
}

/// What is left of a loop or branch of which only some results are used, if that is less.
fn trim(op: &Op, used: &[bool]) -> Result<Option<Trimmed>, TypeError> {
    if let Op::Scan(scan) = op {
        trim_scan(scan, used)
    } else if let Op::Cond(cond) = op {
        trim_cond(cond, used)
    } else {
        Ok(None)
    }
}

/// For each input of a body, whether some of its outputs depend on it.
fn read_inputs(body: &Graph, outputs: &[bool]) -> Vec<bool> {
    let mut read = vec![false; body.len()];
    for (output, _) in body
        .outputs()
        .iter()
        .zip(outputs)
        .filter(|(_, used)| **used)
    {
        read[output.value.node.index()] = true;
    }
    for node in body.nodes().rev() {
        if read[node.index()] {
            for operand in body.operands(node) {
                read[operand.node.index()] = true;
            }
        }
    }
    let inputs = body.inputs().iter();
    inputs.map(|input| read[input.node.index()]).collect()
}

fn positions(marked: &[bool]) -> Vec<usize> {
    (0..marked.len()).filter(|&at| marked[at]).collect()
}

fn trim_scan(scan: &Scan, used: &[bool]) -> Result<Option<Trimmed>, TypeError> {
    let body = scan.body();
    let mut outputs = used.to_vec();
    // A carried value is needed if a result that is needed depends on it, in whatever turn.
    let inputs = loop {
        let mut inputs = read_inputs(body, &outputs);
        let fresh = |&carry: &usize| inputs[carry] && !outputs[carry];
        let grown: Vec<usize> = (0..scan.carries).filter(fresh).collect();
        if grown.is_empty() {
            (0..scan.carries).for_each(|carry| inputs[carry] |= outputs[carry]);
            break inputs;
        }
        grown.into_iter().for_each(|carry| outputs[carry] = true);
    };
    // The stacked operands say how many turns there are; where none is read, the op itself does.
    if !inputs.contains(&false) && !outputs.contains(&false) {
        return Ok(None);
    }
    let count = |role: ScanRole| {
        let kept = positions(&inputs).into_iter();
        kept.filter(|&at| scan.role(at) == role).count()
    };
    let smaller = Scan {
        region: excerpt(&scan.region, &inputs, &outputs)?,
        carries: count(ScanRole::Carry),
        stacked: count(ScanRole::Slice),
        ..scan.clone()
    };
    Ok(Some(Trimmed {
        op: smaller.into(),
        operands: positions(&inputs),
        results: positions(&outputs)
            .into_iter()
            .map(|at| at as u16)
            .collect(),
    }))
}

fn trim_cond(cond: &Cond, used: &[bool]) -> Result<Option<Trimmed>, TypeError> {
    let then = read_inputs(cond.then.body(), used);
    let otherwise = read_inputs(cond.otherwise.body(), used);
    let inputs: Vec<bool> = then.iter().zip(otherwise).map(|(x, y)| *x || y).collect();
    if !inputs.contains(&false) && !used.contains(&false) {
        return Ok(None);
    }
    let smaller = Cond {
        then: excerpt(&cond.then, &inputs, used)?,
        otherwise: excerpt(&cond.otherwise, &inputs, used)?,
    };
    let operands = positions(&inputs).into_iter().map(|at| at + 1);
    Ok(Some(Trimmed {
        op: smaller.into(),
        operands: std::iter::once(0).chain(operands).collect(),
        results: positions(used).into_iter().map(|at| at as u16).collect(),
    }))
}

/// The region with some of its inputs and outputs.
fn excerpt(
    region: &Rc<Region>,
    inputs: &[bool],
    outputs: &[bool],
) -> Result<Rc<Region>, TypeError> {
    let body = region.body();
    let mut needed = vec![false; body.len()];
    for (output, used) in body.outputs().iter().zip(outputs) {
        needed[output.value.node.index()] |= *used;
    }
    for node in body
        .nodes()
        .rev()
        .filter(|node| !matches!(body.op(*node), Op::Input(_)))
    {
        if needed[node.index()] {
            for operand in body.operands(node) {
                needed[operand.node.index()] = true;
            }
        }
    }
    for (input, kept) in body.inputs().iter().zip(inputs) {
        needed[input.node.index()] = *kept;
    }
    let mut new = Graph::like(body);
    let mut copies: Vec<Option<NodeId>> = vec![None; body.len()];
    let moved = |copies: &[Option<NodeId>], value: Value| {
        let node = copies[value.node.index()];
        node.map(|node| Value { node, ..value })
    };
    for node in body.nodes().filter(|node| needed[node.index()]) {
        let operands = body.operands(node).into_iter();
        let operands: Vec<Value> = operands.filter_map(|x| moved(&copies, x)).collect();
        copies[node.index()] = Some(new.copy_node(body, node, &operands)?);
    }
    for (output, _) in body
        .outputs()
        .iter()
        .zip(outputs)
        .filter(|(_, used)| **used)
    {
        if let Some(value) = moved(&copies, output.value) {
            new.add_output(output.name.clone(), value);
        }
    }
    Ok(Rc::new(region.with_body(new)))
}
