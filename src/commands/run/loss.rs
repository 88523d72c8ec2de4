//! Where a value is lost: the op that has none while its operands have theirs.
//!
//! What a scalar cannot do poisons all that is computed from it, with a reason and no place. So the graph is
//! interpreted once more with every value kept, composite ops taken apart, and the lost value followed back
//! through operands that are lost as well. Bodies of loops and branches are looked at as they run.

use super::numbers::{Numbers, lost, text};
use lgc_ir::graph::{Graph, NodeId, Value};
use lgc_ir::interpret::{InterpretError, Interpretation, Tensor, trace_bodies};
use lgc_ir::op::{Family, Leaf, Op};
use lgc_ir::rewrite::decompose_deeply;
use lgc_ir::scalar::{Logic, Undefined};
use lgc_ir::span::Span;
use rustc_hash::FxHashMap;
use std::cell::RefCell;

/// An op that has no value.
#[derive(Clone, Debug)]
pub(super) struct Loss {
    /// Where it is written.
    pub(super) span: Span,
    /// Its name, with that of the op that it is a part of; or that of an input.
    pub(super) what: String,
    /// Why it has none.
    pub(super) why: Undefined,
    /// Its operands, where each result is computed of one element of each.
    pub(super) operands: Vec<String>,
    is_input: bool,
    /// The bodies that it runs, by their addresses.
    bodies: Vec<usize>,
}

/// An element of a value.
#[derive(Clone, Copy)]
struct Spot {
    value: Value,
    element: usize,
}

/// The op at which an element of an output is lost, if that can be told.
///
/// # Errors
/// As those of the interpreter.
pub(super) fn find<S: Numbers>(
    graph: &Graph,
    inputs: &[Tensor<S>],
    (output, element): (usize, usize),
) -> Result<Option<Loss>, InterpretError> {
    let (flat, _) = decompose_deeply(graph)?;
    let inside: RefCell<FxHashMap<usize, Loss>> = RefCell::default();
    let watch = |body: &Graph, values: &Interpretation<S>| {
        if !inside.borrow().contains_key(&address(body))
            && let Some(loss) = lost_within(body, values)
        {
            inside.borrow_mut().insert(address(body), loss);
        }
    };
    let values = trace_bodies(&flat, &(), inputs, &watch)?;
    let Some(value) = flat.outputs().get(output).map(|output| output.value) else {
        return Ok(None);
    };
    let mut loss = traced_back(&flat, &values, Spot { value, element });
    let mut inside = inside.into_inner();
    while let Some(outer) = &loss {
        let mut found = outer.bodies.iter().filter_map(|body| inside.remove(body));
        match found.next() {
            Some(inner) => loss = Some(inner),
            None => break,
        }
    }
    Ok(loss.map(|loss| named_whole(graph, loss)))
}

/// The graphs that an op runs in place.
pub(super) fn bodies(op: &Op) -> impl Iterator<Item = &Graph> {
    let regions = op.runs_regions().then(|| op.regions());
    regions.into_iter().flatten().map(|region| region.body())
}

/// Bodies are shared, and stay where they are while the graph that runs them does.
fn address(body: &Graph) -> usize {
    std::ptr::from_ref(body).addr()
}

/// Where a body loses what it yields, if it has not been given it.
fn lost_within<S: Numbers>(body: &Graph, values: &Interpretation<S>) -> Option<Loss> {
    let outputs = body.outputs().iter().map(|output| output.value);
    let mut lost = outputs.filter_map(|value| {
        let element = first_lost(values.value(value)?, None)?;
        traced_back(body, values, Spot { value, element })
    });
    lost.find(|loss| !loss.is_input)
}

/// The first element of which nothing is known, for this reason if one is given.
pub(super) fn first_lost<S: Numbers>(tensor: &Tensor<S>, why: Option<Undefined>) -> Option<usize> {
    let mut all = 0..usize::try_from(tensor.ty.elements()).unwrap_or(usize::MAX);
    all.find(|element| {
        let found = lost(tensor, *element);
        found.is_some() && (why.is_none() || found == why)
    })
}

fn traced_back<S: Numbers>(
    graph: &Graph,
    values: &Interpretation<S>,
    mut spot: Spot,
) -> Option<Loss> {
    let why = loop {
        let why = lost(values.value(spot.value)?, spot.element)?;
        // Operands come before their users, so that this ends.
        match before(graph, values, spot, why) {
            Some(operand) => spot = operand,
            None => break why,
        }
    };
    let node = spot.value.node;
    let operands = match graph.op(node).is_elementwise() {
        true => {
            let operands = graph.operands(node).into_iter();
            let tensors = operands.filter_map(|operand| values.value(operand));
            tensors.map(|tensor| text(tensor, spot.element)).collect()
        }
        false => Vec::new(),
    };
    Some(Loss {
        span: graph.span(node),
        what: name(graph, node),
        why,
        operands,
        is_input: is_input(graph, node),
        bodies: bodies(graph.op(node)).map(address).collect(),
    })
}

/// An operand that is lost as well: the same element where ops work element by element, else one that is lost for the
/// same reason before one that is for another.
fn before<S: Numbers>(
    graph: &Graph,
    values: &Interpretation<S>,
    spot: Spot,
    why: Undefined,
) -> Option<Spot> {
    let family = graph.op(spot.value.node).family();
    let operands = graph.operands(spot.value.node);
    let element = spot.element;
    let at = |value: &Value| {
        lost(values.value(*value)?, element)?;
        let value = *value;
        Some(Spot { value, element })
    };
    if let (Family::Select, [mask, yes, no]) = (&family, operands.as_slice()) {
        return match values.value(*mask)?.as_masks().get(element)?.decide() {
            Ok(true) => at(yes),
            Ok(false) => at(no),
            Err(_) => at(mask).or_else(|| at(yes)).or_else(|| at(no)),
        };
    }
    if graph.op(spot.value.node).is_elementwise() {
        return operands.iter().find_map(at);
    }
    let anywhere = |why: Option<Undefined>| {
        operands.iter().find_map(|value| {
            let element = first_lost(values.value(*value)?, why)?;
            let value = *value;
            Some(Spot { value, element })
        })
    };
    anywhere(Some(why)).or_else(|| anywhere(None))
}

fn is_input(graph: &Graph, node: NodeId) -> bool {
    matches!(graph.op(node).family(), Family::Leaf(Leaf::Input(_)))
}

fn name(graph: &Graph, node: NodeId) -> String {
    match graph.name(node) {
        Some(name) if is_input(graph, node) => format!("input `{name}`"),
        Some(_) | None => format!("`{}`", graph.op(node).spec().name),
    }
}

/// The op with the name of the composite op that it is a part of, if there is one in its place.
fn named_whole(graph: &Graph, loss: Loss) -> Loss {
    let mut composites = graph.nodes().filter(|node| {
        let is_composite = matches!(graph.op(*node).family(), Family::Composite(_));
        is_composite && graph.span(*node) == loss.span && !loss.span.is_synthetic()
    });
    match composites.next() {
        Some(whole) => Loss {
            what: format!("{} of `{}`", loss.what, graph.op(whole).spec().name),
            ..loss
        },
        None => loss,
    }
}
