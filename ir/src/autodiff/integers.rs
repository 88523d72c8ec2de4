//! Cotangents of integers.
//!
//! To accumulate cotangents takes `+` only, so that integers can have some: where a graph names those of its integer
//! parameters or results in its `vjp` block. Nothing else says what the derivative of an integer is. On the way
//! between such calls integer cotangents are added up and moved: through sums and differences and through what moves
//! elements, all of whose adjoints are exact modulo 2ⁿ; through loops, branches and checkpoints by what these are made
//! of. Where one would have to pass through any other op that depends on what the derivative is by, that is an error:
//! no op takes it for 0. A cotangent of a float ends at an integer operand, as everywhere, and `stop_gradient` ends any.
//!
//! Before a derivative is taken, [`Carriers`] tells which results take a cotangent, and by which values a derivative
//! can be. In the sweep cotangents go where they come; [`flows`] says where to, and [`check`] what is refused.

use super::AutodiffError;
use super::cotangent::Cotangent;
use super::rules::{Adjoints, Site};
use crate::builder::Builder;
use crate::graph::{Graph, NodeId, Value};
use crate::op::{Family, Monoid, Op, Scan, TypeError, names_integers};
use rustc_hash::FxHashSet;

/// The integers of a graph that have cotangents.
#[derive(Debug, Default)]
pub struct Carriers {
    /// Those that depend, by integers, on a result whose cotangent a rule names.
    after: FxHashSet<Value>,
    /// Those on which an operand whose cotangent a rule names, or an output after a named result, depends by integers.
    before: FxHashSet<Value>,
}

impl Carriers {
    /// Those of a graph.
    pub fn of(graph: &Graph) -> Self {
        if !names_integers(graph) {
            return Carriers::default();
        }
        let after = after(graph, &vec![false; graph.inputs().len()]);
        let outputs = graph.outputs().iter();
        let sought: Vec<bool> = outputs.map(|x| after.contains(&x.value)).collect();
        let before = before(graph, &sought);
        Carriers { after, before }
    }

    /// Whether a value takes a cotangent where it is a result.
    pub fn takes(&self, graph: &Graph, value: Value) -> bool {
        graph.ty(value).dtype.is_float() || self.after.contains(&value)
    }

    /// Whether a derivative can be by a value.
    pub fn has(&self, graph: &Graph, value: Value) -> bool {
        self.takes(graph, value) || self.before.contains(&value)
    }
}

fn is_integer(graph: &Graph, value: &Value) -> bool {
    graph.ty(*value).dtype.is_integer()
}

/// The integers after a named result, or after an input that is `given`.
fn after(graph: &Graph, given: &[bool]) -> FxHashSet<Value> {
    let inputs = graph.inputs().iter().zip(given);
    let mut found: FxHashSet<Value> = inputs.filter(|x| *x.1).map(|(input, _)| *input).collect();
    for node in graph.nodes() {
        let operands = graph.operands(node);
        let given: Vec<bool> = operands.iter().map(|x| found.contains(x)).collect();
        let results = graph.results(node);
        let reached = results_after(graph.op(node), &given, results.len());
        let reached = results.into_iter().zip(reached).filter(|(_, is)| *is);
        found.extend(
            reached
                .map(|(value, _)| value)
                .filter(|x| is_integer(graph, x)),
        );
    }
    found
}

/// For each output of a body, whether it is after a named result or a given input.
fn outputs_after(body: &Graph, given: &[bool]) -> Vec<bool> {
    let found = after(body, given);
    let outputs = body.outputs().iter();
    outputs
        .map(|output| found.contains(&output.value))
        .collect()
}

fn results_after(op: &Op, given: &[bool], count: usize) -> Vec<bool> {
    if let Op::Call(call) = op {
        return match call.region.stated() {
            Some(stated) => stated.results.clone(),
            None => outputs_after(call.region.body(), given),
        };
    }
    if let Op::Cond(cond) = op {
        let of = |region: &crate::op::Region| outputs_after(region.body(), &given[1..]);
        return either(&of(&cond.then), &of(&cond.otherwise));
    }
    if let Op::Scan(scan) = op {
        return turns(scan, given.to_vec(), &outputs_after);
    }
    let reached = !matches!(op, Op::StopGradient(_)) && given.contains(&true);
    vec![reached; count]
}

/// The integers before a named operand, or before an output that is `sought`.
fn before(graph: &Graph, sought: &[bool]) -> FxHashSet<Value> {
    let outputs = graph.outputs().iter().zip(sought);
    let outputs = outputs
        .filter(|(_, is)| **is)
        .map(|(output, _)| output.value);
    let mut found: FxHashSet<Value> = outputs.collect();
    for node in graph.nodes().rev() {
        let results = graph.results(node);
        let sought: Vec<bool> = results.iter().map(|x| found.contains(x)).collect();
        let operands = graph.operands(node);
        let reached = operands_before(graph.op(node), &sought, operands.len());
        let reached = operands.into_iter().zip(reached).filter(|(_, is)| *is);
        found.extend(
            reached
                .map(|(value, _)| value)
                .filter(|x| is_integer(graph, x)),
        );
    }
    found
}

/// For each input of a body, whether it is before a named operand or an output that is sought.
fn inputs_before(body: &Graph, sought: &[bool]) -> Vec<bool> {
    let found = before(body, sought);
    body.inputs().iter().map(|x| found.contains(x)).collect()
}

fn operands_before(op: &Op, sought: &[bool], count: usize) -> Vec<bool> {
    if let Op::Call(call) = op {
        return match call.region.stated() {
            Some(stated) => stated.operands.clone(),
            None => inputs_before(call.region.body(), sought),
        };
    }
    if let Op::Cond(cond) = op {
        let of = |region: &crate::op::Region| inputs_before(region.body(), sought);
        let branches = either(&of(&cond.then), &of(&cond.otherwise));
        return [vec![false], branches].concat();
    }
    if let Op::Scan(scan) = op {
        return turns(scan, sought.to_vec(), &inputs_before);
    }
    let reached = !matches!(op, Op::StopGradient(_)) && sought.contains(&true);
    vec![reached; count]
}

fn either(x: &[bool], y: &[bool]) -> Vec<bool> {
    x.iter().zip(y).map(|(x, y)| *x || *y).collect()
}

/// What a turn makes of what is marked, once all carried values are marked that any turn marks.
fn turns(
    scan: &Scan,
    mut marked: Vec<bool>,
    turn: &dyn Fn(&Graph, &[bool]) -> Vec<bool>,
) -> Vec<bool> {
    loop {
        let reached = turn(scan.body(), &marked);
        let mut grows = false;
        for (marked, reached) in marked.iter_mut().zip(&reached).take(scan.carries) {
            grows |= *reached && !*marked;
            *marked |= reached;
        }
        if !grows {
            return reached;
        }
    }
}

/// Whether cotangents of a node's results flow on to an operand: to floats always, and to integers, where these have
/// any, that results are made of.
pub(super) fn flows(
    graph: &Graph,
    node: NodeId,
    (operand, value): (usize, Value),
    integers: bool,
) -> bool {
    let dtype = graph.ty(value).dtype;
    if !integers || !dtype.is_integer() {
        return dtype.is_float();
    }
    let op = graph.op(node);
    if let Some(stated) = op.region().and_then(|region| region.stated()) {
        return stated.operands[operand];
    }
    let results = graph.results(node);
    let is_made = !op.regions().is_empty() || results.iter().any(|x| is_integer(graph, x));
    is_made && !matches!(op, Op::StopGradient(_))
}

/// Whether the results of a node depend on what varies in a way by which cotangents flow.
pub(super) fn is_varying(graph: &Graph, node: NodeId, varying: &[bool], integers: bool) -> bool {
    let operands = graph.operands(node);
    let mut varies = operands
        .iter()
        .copied()
        .enumerate()
        .filter(|(_, x)| varying[x.node.index()]);
    varies.any(|operand| flows(graph, node, operand, integers))
}

/// Whether a cotangent is one of integers.
pub(super) fn is_of_integers(b: &Builder, cotangent: &Option<Cotangent>) -> bool {
    cotangent.is_some_and(|cotangent| b.ty(cotangent.value).dtype.is_integer())
}

/// An error where a node has cotangents of integers, and passes none on to an operand that is `wanted`.
pub(super) fn check(
    b: &Builder,
    (node, site): (NodeId, &Site),
    incoming: &Adjoints,
    wanted: &dyn Fn(usize) -> bool,
) -> Result<(), AutodiffError> {
    if !incoming
        .iter()
        .any(|cotangent| is_of_integers(b, cotangent))
    {
        return Ok(());
    }
    let mut operands = 0..site.operands.len();
    if operands.all(|at| passes(&site.op, at) || !wanted(at)) {
        return Ok(());
    }
    Err(AutodiffError::Integers {
        op: site.op.spec().name,
        span: b.with_graph(|graph| graph.span(node)),
    })
}

/// Whether an op passes cotangents of integers on to an operand, by moving them and adding them up.
fn passes(op: &Op, operand: usize) -> bool {
    match op.family() {
        Family::View(_) | Family::Barrier | Family::Select => true,
        Family::Scan(_) | Family::Cond(_) | Family::Composite(_) => true,
        Family::Pointwise(_) => matches!(op, Op::Add(_) | Op::Sub(_) | Op::Neg(_)),
        Family::Fold(rule) => rule.monoid == Monoid::Sum,
        Family::Gather(_) => operand == 0,
        Family::ScatterAdd(_) => operand != 1,
        Family::Discrete(_)
        | Family::Compare(_)
        | Family::Connect(_)
        | Family::Not
        | Family::Cast(_)
        | Family::ArgFold(_)
        | Family::ArgSort(_)
        | Family::Prefix(_)
        | Family::Contract(_)
        | Family::Leaf(_) => false,
    }
}

/// The cotangent of an operand of a sum, a difference or a negation of integers.
pub(super) fn pointwise_part(
    b: &Builder,
    op: &Op,
    operand: usize,
    ct: Cotangent,
) -> Result<Cotangent, TypeError> {
    let is_negated = matches!((op, operand), (Op::Neg(_), _) | (Op::Sub(_), 1));
    let value = if is_negated {
        b.neg(ct.value)?
    } else {
        ct.value
    };
    Ok(Cotangent { value, ..ct })
}
