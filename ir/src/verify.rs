//! The verifier: what later stages may rely on.
//!
//! A verified graph cannot make a later stage panic; such stages return errors for what they do not
//! support. The invariants, each with its code:
//!
//! * `V01` every operand exists and comes before its user;
//! * `V02` every op has as many operands as it declares, in slots that count up from zero;
//! * `V03` every op is in canonical form for its operand types;
//! * `V04` the types of results are those that the op infers;
//! * `V05` no tensor exceeds the size bound;
//! * `V06` the list of inputs is the list of input nodes, in id order;
//! * `V07` every output exists, and output names are unique;
//! * `V08` the bodies of loops and branches hold to all of these.

use crate::graph::{Graph, NodeId, Value};
use crate::op::Op;
use crate::shape::Type;
use rustc_hash::FxHashSet;

/// An invariant that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Violation {
    /// The code of the invariant, such as `V04`.
    pub code: &'static str,
    /// Which node breaks it, and how.
    pub message: String,
}

fn violated(code: &'static str, message: String) -> Result<(), Violation> {
    Err(Violation { code, message })
}

/// Checks every invariant; the first one that does not hold is the error.
///
/// # Errors
/// An invariant does not hold, which is a bug of the pass that built the graph.
pub fn verify(graph: &Graph) -> Result<(), Violation> {
    for node in graph.nodes() {
        operands_precede(graph, node)?;
        types_agree(graph, node)?;
        bodies_agree(graph, node)?;
    }
    inputs_agree(graph)?;
    outputs_exist(graph)
}

fn describe(graph: &Graph, node: NodeId) -> String {
    format!("node {} (`{}`)", node.index(), graph.op(node).spec().name)
}

fn operands_precede(graph: &Graph, node: NodeId) -> Result<(), Violation> {
    let operands = graph.operands(node);
    for operand in &operands {
        if operand.node >= node || graph.get_type(*operand).is_none() {
            return violated(
                "V01",
                format!("{} reads a later value", describe(graph, node)),
            );
        }
    }
    let slots = graph.operand_slots(node);
    let in_order = slots
        .iter()
        .map(|(slot, _)| *slot)
        .eq(0..slots.len() as u32);
    if in_order && graph.op(node).spec().takes(operands.len()) {
        return Ok(());
    }
    let slots: Vec<u32> = slots.into_iter().map(|(slot, _)| slot).collect();
    violated(
        "V02",
        format!("{} has operands in slots {slots:?}", describe(graph, node)),
    )
}

fn types_agree(graph: &Graph, node: NodeId) -> Result<(), Violation> {
    let operands = graph.operands(node);
    let types: Vec<&Type> = operands.iter().map(|operand| graph.ty(*operand)).collect();
    let op = graph.op(node);
    if op.clone().canonical(&types) != *op {
        return violated("V03", format!("{} is not canonical", describe(graph, node)));
    }
    let inferred = match op.infer_types(&types) {
        Ok(inferred) => inferred,
        Err(error) => return violated("V04", format!("{}: {error}", describe(graph, node))),
    };
    let stored: Vec<&Type> = graph
        .results(node)
        .iter()
        .map(|result| graph.ty(*result))
        .collect();
    if !inferred.iter().eq(stored.iter().copied()) {
        return violated(
            "V04",
            format!("{} has other result types", describe(graph, node)),
        );
    }
    match stored.iter().find(|ty| !ty.is_countable()) {
        Some(ty) => violated("V05", format!("{} yields {ty}", describe(graph, node))),
        None => Ok(()),
    }
}

/// Regions nest as deep as calls, which the elaborator bounds.
fn bodies_agree(graph: &Graph, node: NodeId) -> Result<(), Violation> {
    let op = graph.op(node);
    for region in op.regions().iter().filter(|_| op.runs_regions()) {
        if let Err(violation) = verify(region.body()) {
            let at = describe(graph, node);
            return violated("V08", format!("in a body of {at}: {violation}"));
        }
    }
    Ok(())
}

fn inputs_agree(graph: &Graph) -> Result<(), Violation> {
    let is_input = |node: &NodeId| matches!(graph.op(*node), Op::Input(_));
    let nodes = graph
        .nodes()
        .filter(is_input)
        .map(|node| Value { node, result: 0 });
    if nodes.eq(graph.inputs().iter().copied()) {
        return Ok(());
    }
    violated(
        "V06",
        "the list of inputs does not fit the input nodes".to_string(),
    )
}

fn outputs_exist(graph: &Graph) -> Result<(), Violation> {
    let mut names = FxHashSet::default();
    for output in graph.outputs() {
        if graph.get_type(output.value).is_none() {
            return violated("V07", format!("output `{}` does not exist", output.name));
        }
        if !names.insert(&output.name) {
            return violated("V07", format!("two outputs are called `{}`", output.name));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dtype::DType;
    use crate::op::{Add, Input, Neg, Scale, Slice, Sum};
    use crate::op::{Axes, Real};
    use crate::shape::{MAX_ELEMENTS, Shape};
    use crate::span::Span;

    fn input(shape: &[u64]) -> Input {
        Input {
            dtype: DType::F32,
            shape: Shape::new(shape.iter().copied()),
        }
    }

    /// x and −x and x + −x, with the sum as output.
    fn example() -> (Graph, [Value; 3]) {
        let mut graph = Graph::new();
        let value = |node| Value { node, result: 0 };
        let x = value(graph.push(input(&[2, 3]), &[], Span::SYNTHETIC).unwrap());
        let y = value(graph.push(Neg {}, &[x], Span::SYNTHETIC).unwrap());
        let z = value(graph.push(Add {}, &[x, y], Span::SYNTHETIC).unwrap());
        graph.add_output("z", z);
        (graph, [x, y, z])
    }

    #[track_caller]
    fn assert_broken(code: &str, change: impl FnOnce(&mut Graph, [Value; 3])) {
        let (mut graph, values) = example();
        assert_eq!(verify(&graph), Ok(()));
        change(&mut graph, values);
        assert_eq!(verify(&graph).unwrap_err().code, code);
    }

    fn absent(value: Value) -> Value {
        Value { result: 7, ..value }
    }

    fn f32s(shape: &[u64]) -> Vec<Type> {
        let shape = Shape::new(shape.iter().copied());
        vec![Type::new(DType::F32, shape)]
    }

    #[test]
    fn operands_out_of_place_are_found() {
        assert_broken("V01", |graph, [_, y, z]| {
            graph.corrupt_by_cutting(y.node);
            graph.corrupt_edge(z, y.node, 0);
        });
        assert_broken("V01", |graph, [x, y, _]| {
            graph.corrupt_by_cutting(y.node);
            graph.corrupt_edge(absent(x), y.node, 0);
        });
        assert_broken("V02", |graph, [x, y, _]| {
            graph.corrupt_by_cutting(y.node);
            graph.corrupt_edge(x, y.node, 1);
        });
        assert_broken("V02", |graph, [_, y, _]| graph.corrupt_by_cutting(y.node));
    }

    #[test]
    fn ops_and_types_that_do_not_fit_are_found() {
        let (axes, keepdims) = (None, false);
        let all = Sum { axes, keepdims };
        assert_broken("V03", |graph, [_, y, _]| {
            graph.corrupt_op(y.node, all.into());
        });
        let (start, limit) = (Axes::from_elem(0, 1), Axes::from_elem(1, 1));
        let step = None;
        let flat = Slice { start, limit, step };
        assert_broken("V04", |graph, [_, y, _]| {
            graph.corrupt_op(y.node, flat.into());
        });
        assert_broken("V04", |graph, [_, y, _]| {
            graph.corrupt_types(y.node, f32s(&[3, 2]));
        });
        assert_broken("V05", |graph, [x, _, _]| {
            graph.corrupt_op(x.node, input(&[MAX_ELEMENTS, 3]).into());
            graph.corrupt_types(x.node, f32s(&[MAX_ELEMENTS, 3]));
        });
    }

    #[test]
    fn wrong_interfaces_are_found() {
        assert_broken("V06", |graph, _| graph.corrupt_inputs(Vec::new()));
        assert_broken("V07", |graph, [_, _, z]| graph.add_output("z", z));
        assert_broken("V07", |graph, [_, _, z]| graph.add_output("w", absent(z)));
    }

    #[test]
    fn violations_name_their_node() {
        let (mut graph, [_, y, _]) = example();
        let factor = Real(2.0);
        graph.corrupt_op(y.node, Scale { factor }.into());
        assert_eq!(verify(&graph), Ok(()), "a scale is as good as a negation");
        graph.corrupt_by_cutting(y.node);
        let violation = verify(&graph).unwrap_err().to_string();
        assert_eq!(violation, "V02: node 1 (`scale`) has operands in slots []");
    }
}
