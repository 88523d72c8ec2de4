//! Kernels through LLVM compute the bits that they compute through Cranelift.
//!
//! Golden cases with their derivatives, random graphs with their gradients, folds and contractions of odd extents,
//! and every dtype, at each level that this processor has, with tasks and without.
#![cfg(feature = "llvm")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the helpers of a test fail it by panicking"
)]

mod support;

use lgc_codegen::backend::Backend;
use lgc_codegen::backend::llvm::machine::Effort;
use lgc_codegen::backend::llvm::{Level, Llvm};
use lgc_codegen::target::{Costs, Target};
use lgc_ir::autodiff::gradient;
use lgc_ir::dtype::DType;
use lgc_ir::generate::{CHOICES_PER_STEP, Generator, sample_inputs};
use lgc_ir::graph::Graph;
use lgc_ir::interpret::{Data, Tensor};
use lgc_ir::lang::example;
use support::bits::{golden_case, golden_cases};
use support::{Compiled, to_bytes, whole};

fn llvm(effort: Effort) -> Backend {
    Backend::Llvm(Llvm::new(lgc_llvm::load(None).unwrap(), effort))
}

/// The targets of levels that this processor has, one with the vectors and tiles of the highest level, and one that makes
/// tasks of small loops.
fn targets() -> Vec<Target> {
    let here = Level::ALL.into_iter().filter(|level| level.is_here());
    let mut targets: Vec<Target> = here.map(Target::of_level).collect();
    let Some(last) = targets.last().cloned() else {
        return targets;
    };
    if targets.len() < Level::ALL.len() {
        // Vectors and tiles of the highest level in instructions of a lower one.
        targets.push(Target {
            level: last.level,
            ..Target::X86_64_V4
        });
    }
    targets.push(Target {
        costs: Costs {
            task_work: 1 << 4,
            shared_work: 1 << 6,
            max_tasks: 5,
            fold_task: 1 << 6,
            ..last.costs
        },
        ..last
    });
    targets
}

/// Bytes of outputs, in which every NaN is the same.
fn known_bits(types: &[lgc_ir::shape::Type], outputs: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let outputs = types.iter().zip(outputs);
    let one = |(ty, bytes): (&lgc_ir::shape::Type, Vec<u8>)| -> Vec<u8> {
        let size = ty.dtype.size() as usize;
        let is_nan = |element: &[u8]| match (ty.dtype, element) {
            (DType::F32, &[a, b, c, d]) => f32::from_le_bytes([a, b, c, d]).is_nan(),
            (DType::F64, element) => f64::from_le_bytes(element.try_into().unwrap()).is_nan(),
            (DType::F16, &[a, b]) => u16::from_le_bytes([a, b]) & 0x7fff > 0x7c00,
            (DType::Bf16, &[a, b]) => u16::from_le_bytes([a, b]) & 0x7fff > 0x7f80,
            (_, _) => false,
        };
        let known = |element: &[u8]| match is_nan(element) {
            true => vec![0xff; size],
            false => element.to_vec(),
        };
        bytes.chunks(size).flat_map(known).collect()
    };
    outputs.map(one).collect()
}

#[track_caller]
fn check(what: &str, graph: &Graph, inputs: &[Vec<f64>]) {
    let types: Vec<_> = graph
        .inputs()
        .iter()
        .map(|x| graph.ty(*x).clone())
        .collect();
    let bytes: Vec<Vec<u8>> = types
        .iter()
        .zip(inputs)
        .map(|(ty, x)| to_bytes(ty, x))
        .collect();
    let bytes: Vec<&[u8]> = bytes.iter().map(Vec::as_slice).collect();
    let run = |compiled: &Compiled| {
        let outputs = compiled.try_run_bytes(&bytes);
        outputs.map(|outputs| known_bits(&compiled.outputs, outputs))
    };
    let expected = run(&Compiled::new(graph));
    for target in targets() {
        let compiled = Compiled::with(graph, &target, llvm(Effort::Most));
        let found = run(&compiled);
        assert!(
            found == expected,
            "{what} on {target:?}: {found:?}, {expected:?}"
        );
    }
}

fn elements(tensor: &Tensor<f64>) -> Vec<f64> {
    match &tensor.data {
        Data::Number(numbers) => numbers.clone(),
        Data::Int(integers) => integers.iter().map(|x| x.value.unwrap() as f64).collect(),
        Data::Mask(truths) => truths.iter().map(|x| f64::from(*x)).collect(),
    }
}

fn samples(graph: &Graph) -> Vec<Vec<f64>> {
    let inputs = sample_inputs(graph, |_, x: f64| x);
    inputs.iter().map(elements).collect()
}

fn check_example(text: &str) {
    let graph = example(text)
        .unwrap_or_else(|e| panic!("{text}: {e}"))
        .graph;
    check(text, &graph, &samples(&graph));
}

#[test]
fn folds_and_contractions_of_odd_extents() {
    for n in [1, 7, 16, 33, 130, 513] {
        for text in [
            format!("(x: f32[{n}]) -> sum(x)"),
            format!("(x: f32[3, {n}]) -> softmax(x)"),
            format!("(x: f32[{n}, 17]) -> sum(exp(x), axes = [0])"),
            format!("(x: f32[2, {n}, 3]) -> sum(x, axes = [1, 2])"),
            format!("(x: f32[{n}]) -> cumsum(x)"),
            format!("(x: f32[9, 7], y: f32[7, {n}]) -> relu(x @ y)"),
            format!("(x: f64[5, {n}], y: f64[{n}, 4]) -> x @ y"),
            format!("(x: f32[29, {n}], y: f32[{n}]) -> x @ y"),
            format!("(x: f32[17, {n}], y: f32[{n}, 3]) -> x @ y"),
            format!("(x: f64[2, 13, {n}], y: f64[2, {n}, 1]) -> x @ y"),
            format!("(x: f16[20, {n}], y: f16[{n}]) -> x @ y"),
            format!("(x: f32[{n}], y: f32[18, {n}]) -> x @ transpose(y, permutation = [1, 0])"),
            format!("(x: f32[{n}, 8]) -> argmax(x, axis = 0)"),
            format!("(x: bf16[3, {n}]) -> softmax(x)"),
            format!("(x: f16[{n}]) -> gelu(x)"),
            format!("(x: i64[3, {n}]) -> reduce_max(x, axes = [1])"),
        ] {
            check_example(&text);
        }
    }
}

#[test]
fn random_graphs_and_their_gradients() {
    let generator = Generator::new();
    let mut state = 3u64;
    let mut draw = || {
        state = state
            .wrapping_mul(0x5851_f42d_4c95_7f2d)
            .wrapping_add(0x1405_7b7e_f767_814f);
        (state >> 48) as u16
    };
    for number in 0..16 {
        let steps = 1 + number % 6;
        let choices: Vec<u16> = (0..steps * CHOICES_PER_STEP).map(|_| draw()).collect();
        let graph = generator.graph(&choices).unwrap();
        let what = format!("random graph {number}");
        check(&what, &graph, &samples(&graph));
        let last = graph.outputs().len() - 1;
        let floats = graph.inputs().iter().enumerate();
        let floats = floats.filter(|(_, input)| graph.ty(**input).dtype.is_float());
        let floats: Vec<usize> = floats.map(|(at, _)| at).collect();
        let graph = gradient(&graph, last, &floats).unwrap();
        let what = format!("the gradient of {what}");
        check(&what, &graph, &samples(&graph));
    }
}

#[test]
fn golden_cases_and_their_derivatives() {
    for case in golden_cases() {
        let text = case["graph"].as_str().unwrap();
        let is_double = case["double"].as_bool().unwrap_or(false);
        let text = match is_double {
            true => text.to_owned(),
            false => text.replace("f64", "f32"),
        };
        let (_, inputs) = golden_case::<f64>(&text, &case);
        let graph = whole(
            &text,
            case.get("tangents")
                .is_some_and(|t| !t.as_array().unwrap().is_empty()),
        );
        let numbers = |cells: &lgc_codegen::kernel::Cells<f64>| -> Vec<f64> {
            match (cells.as_numbers(), cells.as_integers()) {
                (Some(numbers), _) => numbers,
                (None, Some(integers)) => integers.iter().map(|&x| x as f64).collect(),
                (None, None) => {
                    let masks = cells.as_masks().unwrap();
                    masks.into_iter().map(f64::from).collect()
                }
            }
        };
        let inputs: Vec<Vec<f64>> = inputs.iter().map(numbers).collect();
        check(&text, &graph, &inputs);
    }
}

/// What LLVM likes to make calls of: filling, copying, and functions that processors lack. A library imports none, so
/// code that calls one is refused.
#[test]
fn nothing_is_called() {
    for text in [
        "(x: f32[1000]) -> broadcast_in_dim(x, shape = [50, 1000], axes = [1])",
        "(x: f32[3, 1000]) -> concat(x, x, axis = 0)",
        "(x: f64[1000]) -> floor(x) + round(x) + sqrt(x)",
        "(x: f64[100]) -> cast(x, dtype = f16)",
        "(x: i64[100]) -> cast(x, dtype = bf16)",
        "(x: f32[100]) -> cast(x, dtype = u32)",
        "(x: i64[100], y: i64[100]) -> x / y",
        "(x: i32[100], y: i32[100]) -> shift_left(x, y)",
    ] {
        check_example(text);
    }
}
