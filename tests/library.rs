//! The shipped library against the code compiled in process: the same bits, on random graphs.
//!
//! That compiled code agrees with the reference is the business of the code generator's own
//! differential test; here the same programs go through object, linker, loader and C ABI.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod support;

use lgc::driver::Session;
use lgc_abi::TensorType;
use lgc_ir::autodiff::gradient;
use lgc_ir::generate::{CHOICES_PER_STEP, Generator, sample_inputs};
use lgc_ir::graph::Graph;
use lgc_ir::module::Module;
use lgc_ir::shape::Type;
use lgc_runtime::{HostTensor, Library};
use proptest::prelude::*;
use support::Place;
use support::graphs::{bytes_of, entry};

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
    let library = session
        .shared_library(&build.library, object, "random.so")
        .unwrap();
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

#[test]
fn a_library_that_is_cut_off_is_refused() {
    let place = Place::with(
        "f.graph",
        "entry f(x: f32[64]) -> (y: f32[64]) { y = exp(x) }\n",
    );
    place.run(&["compile", "f.graph"]).success();
    let whole = place.read("f.so");
    // What fills up the last page may be missing.
    let end = whole.iter().rposition(|&byte| byte != 0).unwrap();
    for kept in (0..end).step_by(97).chain([end]) {
        place.write("cut.so", &whole[..kept]);
        let outcome = place.run(&["info", "cut.so"]);
        assert_eq!(outcome.code, 1, "{kept} bytes: {}", outcome.stderr);
        assert!(outcome.stderr.contains("E0708"), "{}", outcome.stderr);
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
