//! A graph with its derivatives, as the laws look at them.

use super::rules::LawError;
use crate::autodiff;
use crate::graph::{Graph, NodeId, Value};
use crate::op::Family;
use crate::shape::Type;

/// A graph, its forward mode and its reverse mode with respect to all of its float inputs.
#[derive(Clone, Debug)]
pub struct Derivatives {
    /// The graph.
    pub graph: Graph,
    /// The positions of its float inputs.
    pub wrt: Vec<usize>,
    /// As [`autodiff::jvp`] makes it.
    pub jvp: Graph,
    /// As [`autodiff::pullback`] makes it, from all float outputs.
    pub vjp: Graph,
}

impl Derivatives {
    /// Differentiates `graph` both ways, with the constants of rules kept exact.
    ///
    /// # Errors
    /// A derivative cannot be built.
    pub fn of(graph: &Graph) -> Result<Self, LawError> {
        let is_float = |position: &usize| graph.ty(graph.inputs()[*position]).dtype.is_float();
        let wrt: Vec<usize> = (0..graph.inputs().len()).filter(is_float).collect();
        let graph = graph.clone().with_exact_constants();
        Ok(Derivatives {
            jvp: autodiff::jvp(&graph, &wrt)?,
            vjp: autodiff::pullback(&graph, &float_outputs(&graph), &wrt)?,
            graph,
            wrt,
        })
    }

    /// The types of the inputs.
    pub(super) fn inputs(&self) -> Vec<Type> {
        input_types(&self.graph)
    }

    /// The types of the float inputs.
    pub(super) fn sources(&self) -> Vec<Type> {
        let inputs = self.inputs();
        self.wrt.iter().map(|&at| inputs[at].clone()).collect()
    }

    /// The types of the float outputs.
    pub(super) fn targets(&self) -> Vec<Type> {
        let outputs = self.graph.outputs().iter();
        let types = outputs.map(|output| self.graph.ty(output.value).clone());
        types.filter(|ty| ty.dtype.is_float()).collect()
    }
}

/// The positions of the float outputs of a graph: laws say nothing of integers, whose cotangents are what rules say.
pub(super) fn float_outputs(graph: &Graph) -> Vec<usize> {
    let is_float = |at: &usize| graph.ty(graph.outputs()[*at].value).dtype.is_float();
    (0..graph.outputs().len()).filter(is_float).collect()
}

pub(super) fn input_types(graph: &Graph) -> Vec<Type> {
    let inputs = graph.inputs().iter();
    inputs.map(|input| graph.ty(*input).clone()).collect()
}

/// Whether derivatives pass from the operands of a node to its results.
pub(super) fn is_carrier(graph: &Graph, node: NodeId) -> bool {
    match graph.op(node).family() {
        Family::Discrete(_)
        | Family::Compare(_)
        | Family::Connect(_)
        | Family::Not
        | Family::ArgFold(_)
        | Family::ArgSort(_)
        | Family::Leaf(_) => false,
        Family::Scan(_) | Family::Cond(_) => {
            let results = graph.results(node);
            results
                .iter()
                .any(|result| graph.ty(*result).dtype.is_float())
        }
        Family::Pointwise(_)
        | Family::Select
        | Family::Cast(_)
        | Family::View(_)
        | Family::Fold(_)
        | Family::Prefix(_)
        | Family::Contract(_)
        | Family::Gather(_)
        | Family::ScatterAdd(_)
        | Family::Barrier
        | Family::Composite(_) => graph.ty(Value { node, result: 0 }).dtype.is_float(),
    }
}
