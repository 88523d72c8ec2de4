//! The shipped library against the code compiled in process: the same bits, on random graphs.
//!
//! That compiled code agrees with the reference is the business of the code generator's own
//! differential test; here the same programs go through object, linker, loader and C ABI.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

use lgc::driver::Session;
use lgc_abi::TensorType;
use lgc_ir::autodiff::gradient;
use lgc_ir::dtype::DType;
use lgc_ir::generate::{CHOICES_PER_STEP, Generator, sample_inputs};
use lgc_ir::graph::Graph;
use lgc_ir::interpret::{Data, Tensor};
use lgc_ir::module::{Entry, Module, Param, Signature, Tree};
use lgc_ir::shape::Type;
use lgc_ir::span::Span;
use lgc_runtime::{HostTensor, Library};
use proptest::prelude::*;

/// The graph as an exported entry whose parameters and results are tensors.
fn entry(graph: Graph) -> Entry {
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
        span: Span::SYNTHETIC,
    }
}

fn bytes_of(tensor: &Tensor<f64>) -> Vec<u8> {
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

fn host_tensor(ty: &Type, bytes: &[u8]) -> HostTensor {
    let dims: Vec<u64> = ty.shape.extents().collect();
    let mut tensor = HostTensor::zeros(TensorType::new(ty.dtype, dims).unwrap()).unwrap();
    tensor.bytes_mut().copy_from_slice(bytes);
    tensor
}

/// Runs the entry both ways and compares all outputs, bit by bit.
fn library_equals_jit(graph: Graph) {
    let inputs: Vec<(Type, Vec<u8>)> = sample_inputs(&graph, |_, x: f64| x)
        .iter()
        .map(|tensor| (tensor.ty.clone(), bytes_of(tensor)))
        .collect();
    let types: Vec<Type> = graph
        .outputs()
        .iter()
        .map(|output| graph.ty(output.value).clone())
        .collect();
    let mut session = Session::new();
    let build = session
        .build(
            Module {
                entries: vec![entry(graph)],
                ..Module::default()
            },
            "random",
        )
        .unwrap();

    let jit = session.jit(&build.programs[0]).unwrap();
    let mut expected: Vec<Vec<u8>> = types
        .iter()
        .map(|ty| vec![0; ty.bytes() as usize])
        .collect();
    let slices: Vec<&[u8]> = inputs.iter().map(|(_, bytes)| bytes.as_slice()).collect();
    let mut outputs: Vec<&mut [u8]> = expected.iter_mut().map(Vec::as_mut_slice).collect();
    assert_eq!(jit.call(&slices, &mut [], &mut outputs).unwrap(), 0);

    let object = session.object(&build).unwrap();
    let library = session.shared_library(&build, object, "random.so").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("random.so");
    std::fs::write(&path, library).unwrap();
    let loaded = Library::open(&path).unwrap();
    let tensors: Vec<HostTensor> = inputs
        .iter()
        .map(|(ty, bytes)| host_tensor(ty, bytes))
        .collect();
    let references: Vec<&HostTensor> = tensors.iter().collect();
    let results = loaded
        .entry("f")
        .unwrap()
        .call(&references, &mut [])
        .unwrap();
    assert_eq!(results.len(), expected.len());
    for (position, (result, expected)) in results.iter().zip(&expected).enumerate() {
        assert_eq!(result.bytes(), expected.as_slice(), "output {position}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn random_libraries_compute_the_bits_of_the_jit(
        choices in proptest::collection::vec(any::<u16>(), CHOICES_PER_STEP..10 * CHOICES_PER_STEP)
    ) {
        let graph = Generator::new().graph(&choices).unwrap();
        let loss = graph.outputs().len() - 1;
        library_equals_jit(gradient(&graph, loss, &[0, 1, 2]).unwrap());
        library_equals_jit(graph);
    }
}
