//! The verifier: what later stages may rely on.
//!
//! A verified graph cannot make a later stage panic; such stages return errors for what they do not
//! support. The invariants, each with its code:
//!
//! * `V01` every operand exists and comes before its user;
//! * `V02` every op has as many operands as it declares;
//! * `V03` every op is in canonical form for its operand types;
//! * `V04` the types of results are those that the op infers;
//! * `V05` no tensor exceeds the size bound;
//! * `V06` the list of inputs is the list of input nodes, in id order;
//! * `V07` every output exists, and output names are unique.

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
    let spec = graph.op(node).spec();
    let declared = spec.operands.len();
    let fits = operands.len() == declared || (spec.variadic && operands.len() > declared);
    if fits {
        return Ok(());
    }
    let count = operands.len();
    violated(
        "V02",
        format!(
            "{} has {count} operands, not {declared}",
            describe(graph, node)
        ),
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
    match stored.iter().find(|ty| !ty.is_bounded()) {
        Some(ty) => violated("V05", format!("{} yields {ty}", describe(graph, node))),
        None => Ok(()),
    }
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
    use crate::builder::Builder;
    use crate::dtype::DType;
    use crate::op::Input;
    use crate::shape::Shape;
    use crate::span::Span;

    fn small() -> Graph {
        let b = Builder::new(Graph::new(), Span::SYNTHETIC);
        let x = b
            .apply(
                Input {
                    dtype: DType::F32,
                    shape: Shape::new([3]),
                },
                &[],
            )
            .unwrap();
        let y = b.mul(x, x).unwrap();
        b.edit(|graph| graph.add_output("y", y));
        b.finish()
    }

    #[test]
    fn what_push_builds_verifies() {
        assert_eq!(verify(&small()), Ok(()));
    }

    #[test]
    fn duplicate_and_missing_outputs_are_found() {
        let mut graph = small();
        let value = graph.outputs()[0].value;
        graph.add_output("y", value);
        assert_eq!(verify(&graph).unwrap_err().code, "V07");
        let mut graph = small();
        graph.add_output("z", Value { result: 7, ..value });
        assert_eq!(verify(&graph).unwrap_err().code, "V07");
    }
}
