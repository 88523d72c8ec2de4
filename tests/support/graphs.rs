//! Graphs as entries of libraries.

use lgc_ir::dtype::DType;
use lgc_ir::graph::Graph;
use lgc_ir::interpret::{Data, Tensor};
use lgc_ir::module::{Entry, Param, Signature, Tree};
use lgc_ir::shape::Type;
use lgc_ir::span::Span;

/// The graph as an exported entry whose parameters and results are tensors.
pub(crate) fn entry(graph: Graph) -> Entry {
    let param = |name: String, ty: &Type| {
        let (doc, tree) = (Vec::new(), Tree::Leaf(ty.clone()));
        Param {
            name,
            doc,
            inout: false,
            tree,
        }
    };
    let inputs = graph.inputs().iter().enumerate();
    let params = inputs
        .map(|(at, input)| param(format!("in{at}"), graph.ty(*input)))
        .collect();
    let outputs = graph.outputs().iter();
    let results = outputs
        .map(|output| param(output.name.clone(), graph.ty(output.value)))
        .collect();
    let signature = Signature { params, results };
    Entry {
        name: "f".into(),
        doc: Vec::new(),
        signature,
        graph,
        hypotheses: None,
        span: Span::SYNTHETIC,
    }
}

/// The bytes of a tensor, as the C ABI has them.
pub(crate) fn bytes_of(tensor: &Tensor<f64>) -> Vec<u8> {
    match (&tensor.data, tensor.ty.dtype) {
        (Data::Number(v), DType::F32) => v.iter().flat_map(|x| (*x as f32).to_le_bytes()).collect(),
        (Data::Number(v), _) => v.iter().flat_map(|x| x.to_le_bytes()).collect(),
        (Data::Int(v), dtype) => {
            let size = dtype.size() as usize;
            v.iter()
                .flat_map(|x| x.value.unwrap().to_le_bytes()[..size].to_vec())
                .collect()
        }
        (Data::Mask(v), _) => v.iter().map(|m| u8::from(*m)).collect(),
    }
}
