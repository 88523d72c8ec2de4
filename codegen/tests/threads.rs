//! Thread programs compute the bits of the kernels that they come from.
//!
//! Each pass is applied to the kernels of the golden cases with their derivatives, of random graphs with their
//! gradients, and of folds, contractions and prefix sums of odd extents, for targets with and without masked accesses.
//! What comes out must verify, and give the same bits in the kernel interpreter, iterations in another order each time.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the helpers of a test fail it by panicking"
)]

mod support;

use lgc_codegen::kernel::{Cells, Program, Region, Stmt, verify};
use lgc_codegen::legalize::Legal;
use lgc_codegen::lower::{Signature, lower};
use lgc_codegen::target::{Costs, Target};
use lgc_codegen::threads::{Threads, after_each_pass, is_thread_program};
use lgc_ir::autodiff::gradient;
use lgc_ir::generate::{CHOICES_PER_STEP, Generator};
use lgc_ir::graph::Graph;
use lgc_ir::lang::example;
use lgc_ir::rewrite::optimize;
use support::bits::{Native, golden_case, golden_cases, outputs, samples};

const TARGETS: [Target; 2] = [
    Target::BITS_128,
    Target {
        vector_bytes: 64,
        has_masks: true,
        tile_rows: 8,
        tile_vectors: 3,
        costs: Costs {
            tile_repetitions: 3,
            ..Costs::BITS_128
        },
        ..Target::BITS_128
    },
];

/// The kernels of a graph; if the target has masks, also small loops are worth tasks.
fn lowered(graph: &Graph, target: &Target) -> Program {
    fn shrink(region: &mut Region) {
        for stmt in &mut region.stmts {
            if let Stmt::Par { grain, .. } = stmt {
                *grain = 1;
            }
            stmt.regions_mut().for_each(shrink);
        }
    }
    let (optimized, _, _) = optimize(graph, true).unwrap();
    let lowering = lower(&optimized, &Signature::pure("f"), target).unwrap();
    let mut program = lowering.program;
    if target.has_masks {
        let kernels = program.kernels.iter_mut();
        kernels.for_each(|kernel| shrink(&mut kernel.body));
    }
    program
}

/// Every stage must verify, and the last one give the bits of the kernels that it comes from. Each one in between must,
/// too: it is run for every fourth graph, since running takes the time, and where the last one fails, to say which pass it
/// was.
#[track_caller]
fn check<S: Native>(what: &str, graph: &Graph, inputs: &[Cells<S>]) {
    for target in &TARGETS {
        let program = lowered(graph, target);
        let expected = outputs(&program, inputs, 1);
        let stages = after_each_pass(&program, target).unwrap();
        let is_right = |program: &Program, order| outputs(program, inputs, order) == expected;
        for (pass, program) in &stages {
            let errors = verify(program);
            assert!(errors.is_ok(), "{what}: {pass}: {errors:#?}\n{program}");
        }
        let last = stages
            .last()
            .is_none_or(|(_, program)| is_right(program, 2));
        if !last || what.len().is_multiple_of(4) {
            for ((pass, program), order) in stages.iter().zip(3..) {
                let right = is_right(program, order);
                assert!(right, "{what}: {pass} changes results\n{program}");
            }
            assert!(last, "{what}: results depend on the order of iterations");
        }
        if let Some((_, program)) = stages.last() {
            for kernel in &program.kernels {
                let fit = is_thread_program(kernel, target);
                assert_eq!(fit, Ok(()), "{what}\n{kernel}");
            }
            let text = program.to_string();
            assert_eq!(&text.parse::<Program>().unwrap().to_string(), &text);
        }
    }
}

fn check_example<S: Native>(text: &str) {
    let graph = example(text)
        .unwrap_or_else(|e| panic!("{text}: {e}"))
        .graph;
    check::<S>(text, &graph, &samples(&graph));
}

#[test]
fn folds_and_contractions_of_odd_extents() {
    for n in [0, 1, 7, 16, 33, 65, 130, 513, 1030] {
        for text in [
            format!("(x: f32[{n}]) -> sum(x)"),
            format!("(x: f32[3, {n}]) -> sum(exp(x), axes = [1])"),
            format!("(x: f32[{n}, 5]) -> sum(x, axes = [0])"),
            format!("(x: f32[{n}, 17]) -> sum(x, axes = [0])"),
            format!("(x: f32[2, {n}, 3]) -> sum(x, axes = [1, 2])"),
            format!("(x: f32[{n}]) -> cumsum(x)"),
            format!("(x: f32[2, {n}], y: f32[{n}, 9]) -> x @ y"),
            format!("(x: f32[9, 7], y: f32[7, {n}]) -> relu(x @ y)"),
            format!("(x: f32[3, {n}]) -> x + 1"),
        ] {
            check_example::<f32>(&text);
        }
        for text in [
            format!("(x: f32[{n}, 8]) -> argmax(x, axis = 0)"),
            format!("(x: f64[3, {n}]) -> argmin(x, axis = 1)"),
            format!("(x: bf16[3, {n}]) -> softmax(x)"),
            format!("(x: f32[{n}, 9], y: f32[9]) -> mean(exp(x * y))"),
            format!("(x: f32[70, {n}], y: f32[{n}]) -> sum(x * y)"),
            format!("(x: bf16[9, 5, {n}], y: bf16[{n}]) -> sum(x * y)"),
        ] {
            if n > 0 {
                check_example::<f32>(&text);
            }
        }
    }
}

#[test]
fn tasks() {
    for text in [
        "(x: f32[140000]) -> argmax(x, axis = 0)",
        "(x: f32[7, 300]) -> tanh(x)",
        "(x: f32[20, 40], y: f32[40, 50]) -> x @ y",
    ] {
        for target in TARGETS.iter().filter(|target| target.has_masks) {
            let program = lowered(&example(text).unwrap().graph, target);
            let stages = after_each_pass(&program, target).unwrap();
            let program = &stages.last().unwrap().1;
            assert!(program.to_string().contains("tasks "), "{text}\n{program}");
        }
        check_example::<f32>(text);
    }
}

#[test]
fn legal_kernels() {
    for text in [
        "(x: f32[3, 37]) -> softmax(x)",
        "(x: f64[40]) -> sin(x)",
        "(x: bf16[70]) -> gelu(x)",
        "(x: f32[50]) -> logsumexp(x, axis = 0)",
    ] {
        let graph = example(text).unwrap().graph;
        let inputs = samples::<f64>(&graph);
        for target in &TARGETS {
            let legal = Legal::new(&lowered(&graph, target), target);
            let threads = Threads::new(&legal).unwrap();
            let expected = outputs(legal.program(), &inputs, 1);
            assert_eq!(outputs(threads.program(), &inputs, 2), expected, "{text}");
        }
    }
}

#[test]
fn random_graphs_and_their_gradients() {
    let generator = Generator::new();
    let mut state = 7u64;
    let mut draw = || {
        state = state
            .wrapping_mul(0x5851_f42d_4c95_7f2d)
            .wrapping_add(0x1405_7b7e_f767_814f);
        (state >> 48) as u16
    };
    for number in 0..24 {
        let steps = 1 + number % 6;
        let choices: Vec<u16> = (0..steps * CHOICES_PER_STEP).map(|_| draw()).collect();
        let graph = generator.graph(&choices).unwrap();
        let what = format!("random graph {number}");
        check::<f32>(&what, &graph, &samples(&graph));
        let last = graph.outputs().len() - 1;
        let floats = graph.inputs().iter().enumerate();
        let floats = floats.filter(|(_, input)| graph.ty(**input).dtype.is_float());
        let floats: Vec<usize> = floats.map(|(at, _)| at).collect();
        let graph = gradient(&graph, last, &floats).unwrap();
        let what = format!("the gradient of {what}");
        check::<f32>(&what, &graph, &samples(&graph));
    }
}

#[test]
fn golden_cases_and_their_derivatives() {
    for case in golden_cases() {
        let text = case["graph"].as_str().unwrap();
        if case["double"].as_bool().unwrap_or(false) {
            let (graph, inputs) = golden_case::<f64>(text, &case);
            check(text, &graph, &inputs);
        } else {
            let text = text.replace("f64", "f32");
            let (graph, inputs) = golden_case::<f32>(&text, &case);
            check(&text, &graph, &inputs);
        }
    }
}
