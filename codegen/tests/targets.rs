//! Results have the same bits on every target.
//!
//! What a graph computes is lowered for processors with other vectors, register tiles and caches, and run
//! by the kernel interpreter on native floats, iterations in another order each time. All must agree, bit
//! for bit; a NaN is a NaN. The graphs are those of the golden cases with their derivatives, random ones
//! with their gradients, and folds, contractions and prefix sums of extents where groupings begin and end.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the helpers of a test fail it by panicking"
)]

mod support;

use lgc_codegen::kernel::{Cells, Program, verify};
use lgc_codegen::lower::{Signature, lower};
use lgc_codegen::target::{Costs, Target};
use lgc_ir::autodiff::gradient;
use lgc_ir::generate::{CHOICES_PER_STEP, Generator, sample_inputs};
use lgc_ir::graph::Graph;
use lgc_ir::interpret::{Data, Tensor};
use lgc_ir::lang::example;
use lgc_ir::rewrite::optimize;
use support::Compiled;
use support::bits::{Native, golden_case, golden_cases, outputs, samples};

/// The first one with a small cache, and where other ways pay.
const ODD: Target = Target {
    row_bytes: 1 << 10,
    costs: Costs {
        function: 2,
        division: 1,
        scan_step: 1,
        sort_place: 1,
        task_work: 1 << 4,
        shared_work: 1 << 6,
        max_tasks: 7,
        enough_tasks: 3,
        fold_task: 1 << 9,
        fold_tasks: 2,
        max_width: 16,
        short_body: 2,
        short_body_vectors: 2,
        long_body_vectors: 1,
        least_vector_bytes: 4,
        short_fold: 1,
        long_fold_lanes: 8,
        tile_repetitions: 3,
        line_bytes: 16,
        max_continued: 8,
        scalars: 4,
        chains: 3,
        often: 2,
        readings_apart: 2,
        rows_apart: 3,
        long_axis: 3,
        panel_columns: 16,
        rows_at_once: 3,
        few_columns: 5,
        pieces_of_few: 2,
        few_column_vectors: 1,
        many_lines: 2,
        blocks_at_once: 3,
        line_vectors: 2,
        panel_bytes: 32,
        panel_steps: 3,
        few_line_vectors: 1,
        scatter_vectors: 1,
        light_work: 1,
        light_loads: 1,
        movable_work: 8,
        movable_loads: 2,
        max_floating: 2,
        heavy: 3,
    },
    ..Target::BITS_128
};

const TARGETS: [Target; 4] = [
    Target::BITS_128,
    Target {
        vector_bytes: 32,
        has_masks: true,
        tile_rows: 6,
        tile_vectors: 2,
        row_bytes: 1 << 10,
        ..Target::BITS_128
    },
    Target {
        vector_bytes: 64,
        has_masks: true,
        tile_rows: 8,
        tile_vectors: 3,
        row_bytes: 256 << 10,
        ..Target::BITS_128
    },
    ODD,
];

/// What was compared, and what differs between targets.
#[derive(Default)]
struct Tally {
    /// How many graphs are not lowered alike for all targets.
    compared: usize,
    differences: Vec<String>,
}

impl Tally {
    /// Compares the results of a graph on all targets.
    fn compare<S: Native>(&mut self, what: &str, graph: &Graph, inputs: &[Cells<S>]) {
        let programs = programs(what, graph);
        let [(first, program), others @ ..] = programs.as_slice() else {
            return;
        };
        if others.is_empty() {
            return;
        }
        self.compared += 1;
        let expected = outputs(program, inputs, 1);
        for ((target, program), order) in others.iter().zip(2..) {
            let found = outputs(program, inputs, order);
            for (output, (found, expected)) in found.iter().zip(&expected).enumerate() {
                let pairs = found.iter().zip(expected);
                let different = pairs.filter(|(found, expected)| found != expected).count();
                if different > 0 || found.len() != expected.len() {
                    self.differences.push(format!(
                        "{what}: {different} of {} elements of output {output}: {first:?}, {target:?}",
                        found.len()
                    ));
                    return;
                }
            }
        }
    }

    fn compare_example<S: Native>(&mut self, text: &str) {
        let graph = example(text)
            .unwrap_or_else(|e| panic!("{text}: {e}"))
            .graph;
        self.compare::<S>(text, &graph, &samples(&graph));
    }

    /// Asserts that nothing differs, and that at least so many graphs could have.
    #[track_caller]
    fn check(self, least: usize) {
        let count = self.differences.len();
        assert!(
            count == 0,
            "{count} differ\n{}",
            self.differences.join("\n")
        );
        assert!(self.compared >= least, "only {} compared", self.compared);
    }
}

/// The different programs that a graph is lowered to, directives aside, which say how to run them only.
fn programs(what: &str, graph: &Graph) -> Vec<(&'static Target, Program)> {
    let (optimized, _, _) = optimize(graph, true).unwrap();
    let mut programs: Vec<(&Target, Program)> = Vec::new();
    for target in &TARGETS {
        let lowering = lower(&optimized, &Signature::pure("f"), target).unwrap();
        let mut program = lowering.program;
        let errors = verify(&program);
        assert!(errors.is_ok(), "{what}: {errors:?}\n{program}");
        for kernel in &mut program.kernels {
            kernel.schedule.clear();
        }
        if !programs.iter().any(|(_, known)| *known == program) {
            programs.push((target, program));
        }
    }
    programs
}

/// Extents at which lanes, chunks and blocks of folds begin and end, and odd ones.
const EXTENTS: [u64; 16] = [
    7, 8, 16, 17, 31, 32, 33, 63, 64, 65, 129, 511, 512, 513, 1024, 1025,
];

#[test]
fn folds_and_prefixes_of_every_extent() {
    let mut tally = Tally::default();
    for n in EXTENTS {
        for text in [
            format!("(x: f32[{n}]) -> sum(x)"),
            format!("(x: f32[3, {n}]) -> sum(x, axes = [1])"),
            format!("(x: f32[{n}, 5]) -> sum(x, axes = [0])"),
            format!("(x: f32[{n}, 8]) -> sum(x, axes = [0])"),
            format!("(x: f32[{n}, 17]) -> mean(x, axes = [0])"),
            format!("(x: f32[2, {n}, 4]) -> sum(x, axes = [0, 1])"),
            format!("(x: f32[2, {n}, 3]) -> sum(x, axes = [1, 2])"),
            format!("(x: f64[{n}, 4]) -> sum(x, axes = [0])"),
            format!("(x: f32[{n}, 9], y: f32[9]) -> sum(exp(x * y), axes = [0])"),
            format!("(x: f32[{n}, 9], y: f32[9]) -> sum(x * y)"),
            format!("(x: f32[{n}, 9], y: f32[{n}, 9]) -> mse(x, y)"),
            format!("(x: f32[{n}]) -> cumsum(x)"),
            format!("(x: f32[2, {n}]) -> cumsum(x, axis = 1)"),
            format!("(x: f32[{n}, 9]) -> cumsum(x, axis = 0)"),
            format!("(x: f32[{n}]) -> cumprod(x)"),
            format!("(x: f32[{n}, 8]) -> argmax(x, axis = 0)"),
            format!("(x: f32[{n}, 8]) -> reduce_max(x, axes = [0])"),
        ] {
            tally.compare_example::<f32>(&text);
        }
    }
    tally.check(50);
}

#[test]
fn contractions_of_every_extent() {
    let mut tally = Tally::default();
    for n in [7, 16, 33, 64, 65, 511, 512, 513, 1025] {
        for text in [
            format!("(x: f32[{n}], y: f32[{n}]) -> x @ y"),
            format!("(x: f32[3, {n}], y: f32[{n}]) -> x @ y"),
            format!("(x: f32[{n}], y: f32[{n}, 9]) -> x @ y"),
            format!("(x: f32[5, {n}], y: f32[{n}, 9]) -> x @ y"),
            format!("(x: f32[9, 7], y: f32[7, {n}]) -> x @ y"),
            format!("(x: f32[{n}, 3], y: f32[3, 5]) -> relu(x @ y)"),
            format!("(x: f64[5, {n}], y: f64[{n}, 4]) -> x @ y"),
        ] {
            tally.compare_example::<f32>(&text);
        }
    }
    for n in [64, 65, 513] {
        let text = format!("(x: f32[9, {n}], y: f32[{n}, 33]) -> x @ y");
        tally.compare_example::<f32>(&text);
    }
    // Columns that do not fill the vectors of a tile, in batches of two axes.
    for n in [6, 24, 33] {
        let text = format!(
            "(x: f32[3, 5, 40, 8], y: f32[8, {n}]) -> dot_general(x, y, x_contract = [3], y_contract = [0])"
        );
        tally.compare_example::<f32>(&text);
    }
    tally.check(30);
}

#[test]
fn rows_that_do_not_fit_the_cache() {
    let mut tally = Tally::default();
    for n in [7, 64, 255, 257, 513, 1025] {
        for dtype in ["f32", "bf16", "f16"] {
            for text in [
                format!("(x: {dtype}[3, {n}]) -> softmax(x)"),
                format!("(x: {dtype}[{n}, 9]) -> softmax(x, axis = 0)"),
                format!("(x: {dtype}[3, {n}]) -> logsumexp(x, axis = 1)"),
                format!(
                    "(x: {dtype}[3, {n}], g: {dtype}[{n}], b: {dtype}[{n}]) -> layer_norm(x, g, b)"
                ),
                format!(
                    "(x: {dtype}[3, {n}]) -> sum(square(exp(x) - mean(exp(x), axes = [1], keepdims = true)), axes = [1])"
                ),
            ] {
                tally.compare_example::<f32>(&text);
            }
        }
    }
    tally.check(15);
}

/// What lowering once did as the target liked.
#[test]
fn sums_of_columns_and_halves_in_rows() {
    let mut tally = Tally::default();
    for text in [
        // In vectors one after another from so many columns on as a vector has, else in lanes.
        "(x: f32[1000, 8]) -> sum(x, axes = [0])",
        "(x: f32[1000, 4]) -> sum(x, axes = [0])",
        "(x: f32[100, 15]) -> mean(x, axes = [0])",
        // In a private row as f32, in scratch memory as halves.
        "(x: bf16[4, 300]) -> softmax(x)",
        "(x: bf16[4, 3000]) -> softmax(x)",
        "(x: f16[3, 300]) -> sum(square(exp(x) - mean(exp(x), axes = [1], keepdims = true)), axes = [1])",
    ] {
        tally.compare_example::<f32>(text);
    }
    tally.check(3);
}

#[test]
fn random_graphs_and_their_gradients() {
    let generator = Generator::new();
    let mut state = 1u64;
    let mut draw = || {
        state = state
            .wrapping_mul(0x5851_f42d_4c95_7f2d)
            .wrapping_add(0x1405_7b7e_f767_814f);
        (state >> 48) as u16
    };
    let mut tally = Tally::default();
    for number in 0..16 {
        let steps = 1 + number % 6;
        let choices: Vec<u16> = (0..steps * CHOICES_PER_STEP).map(|_| draw()).collect();
        let graph = generator.graph(&choices).unwrap();
        let what = format!("random graph {number}");
        tally.compare::<f32>(&what, &graph, &samples(&graph));
        let last = graph.outputs().len() - 1;
        let floats = graph.inputs().iter().enumerate();
        let floats = floats.filter(|(_, input)| graph.ty(**input).dtype.is_float());
        let floats: Vec<usize> = floats.map(|(at, _)| at).collect();
        let graph = gradient(&graph, last, &floats).unwrap();
        let what = format!("the gradient of {what}");
        tally.compare::<f32>(&what, &graph, &samples(&graph));
    }
    tally.check(3);
}

/// What machine code does as it pays: vectors, tiles, lanes, tasks.
#[test]
fn costs_change_no_bits_of_machine_code() {
    for text in [
        "(x: f32[37, 50], y: f32[50]) -> x * y + tanh(x)",
        "(x: f32[5000]) -> sum(x)",
        "(x: f32[40000]) -> sum(exp(x) * x)",
        "(x: f32[33, 300]) -> softmax(x)",
        "(x: f32[300, 33]) -> softmax(x, axis = 0)",
        "(x: f32[19, 70], y: f32[70, 45]) -> relu(x @ y)",
        "(x: f64[1000, 3]) -> sum(x, axes = [0])",
        "(x: f32[3, 1000]) -> cumsum(x, axis = 1)",
        "(x: f32[1000, 20]) -> cumsum(x, axis = 0)",
        "(x: bf16[4, 300]) -> softmax(x)",
        "(x: i64[31, 100]) -> reduce_max(x, axes = [1])",
    ] {
        let graph = example(text).unwrap().graph;
        let inputs = sample_inputs(&graph, |_, x: f64| x);
        let inputs: Vec<Vec<f64>> = inputs.iter().map(elements).collect();
        let run = |target| Compiled::on(&graph, target).run(&inputs);
        let bits = |outputs: Vec<Vec<f64>>| -> Vec<u64> {
            outputs.iter().flatten().map(Native::bits).collect()
        };
        let expected = bits(run(&Target::BITS_128));
        assert!(expected.iter().any(|bits| *bits != 0), "{text}");
        assert_eq!(bits(run(&ODD)), expected, "{text}");
    }
}

fn elements(tensor: &Tensor<f64>) -> Vec<f64> {
    match &tensor.data {
        Data::Number(numbers) => numbers.clone(),
        Data::Int(integers) => integers.iter().map(|x| x.value.unwrap() as f64).collect(),
        Data::Mask(truths) => truths.iter().map(|x| f64::from(*x)).collect(),
    }
}

fn compare_case<S: Native>(tally: &mut Tally, text: &str, case: &serde_json::Value) {
    let (graph, inputs) = golden_case::<S>(text, case);
    tally.compare::<S>(text, &graph, &inputs);
}

/// In single precision, unless a case is for double precision alone.
#[test]
fn golden_cases_and_their_derivatives() {
    let mut tally = Tally::default();
    let mut count = 0;
    for case in golden_cases() {
        let text = case["graph"].as_str().unwrap();
        match case["double"].as_bool().unwrap_or(false) {
            true => compare_case::<f64>(&mut tally, text, &case),
            false => compare_case::<f32>(&mut tally, &text.replace("f64", "f32"), &case),
        }
        count += 1;
    }
    assert!(count > 300, "only {count} cases");
    tally.check(30);
}
