//! Compiled code of halves: each op computes in f32 and rounds its result once, wherever that goes.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use lgc_codegen::target::Target;
use lgc_ir::autodiff::vjp;
use lgc_ir::dtype::DType;
use lgc_ir::generate::{Scale, sample_inputs_at};
use lgc_ir::graph::{Graph, Value};
use lgc_ir::half::Half;
use lgc_ir::interpret::{Data, InterpretError, Tensor, interpret};
use lgc_ir::lang::example;
use lgc_ir::op::SPECS;
use lgc_ir::scalar::{Int, Interval, Logic, Scalar};
use support::{Compiled, whole};

/// Results of a graph of one entry on numbers that fill each input.
fn on_numbers(text: &str, inputs: &[f64]) -> Vec<Vec<f64>> {
    let compiled = Compiled::new(&whole(text, false));
    let filled = compiled.inputs.iter().zip(inputs);
    let filled: Vec<Vec<f64>> = filled
        .map(|(ty, x)| vec![*x; ty.elements() as usize])
        .collect();
    compiled.run(&filled)
}

/// What lies between two neighbours of bf16 is rounded before the next op sees it: 257 becomes 256.
#[test]
fn every_op_of_a_kernel_rounds() {
    let cases: [(&str, &[f64], f64); 8] = [
        (
            "(a: bf16[9], b: bf16[9]) -> cast(cast(a + b, dtype = f32), dtype = bf16) - a",
            &[256.0, 1.0],
            0.0,
        ),
        (
            "(a: bf16[9], b: bf16[9]) -> (a + b) - a",
            &[256.0, 1.0],
            0.0,
        ),
        (
            "(a: bf16[9], b: bf16[9]) -> a * b - 256",
            &[17.0, 15.125],
            2.0,
        ),
        // A sum along the memory, one across it, and one of everything.
        ("(x: bf16[4, 257]) -> sum(x, axes = [1]) - 256", &[1.0], 0.0),
        (
            "(x: bf16[257, 40]) -> sum(x, axes = [0]) - 256",
            &[1.0],
            0.0,
        ),
        ("(x: bf16[257]) -> sum(x) - 256", &[1.0], 0.0),
        // Products in tiles, with what is done to them.
        (
            "(x: bf16[9, 257], y: bf16[257, 40]) -> x @ y - 256",
            &[1.0, 1.0],
            0.0,
        ),
        (
            "(x: bf16[257], y: bf16[257]) -> dot_general(x, y, x_contract = [0], y_contract = [0]) - 256",
            &[1.0, 1.0],
            0.0,
        ),
    ];
    for (text, inputs, expected) in cases {
        for result in on_numbers(text, inputs) {
            assert!(
                result.iter().all(|x| *x == expected),
                "{text}: {result:?} for {expected}"
            );
        }
    }
}

/// Graphs that keep halves in rows, compute them again, or store them.
const KEPT: &[&str] = &[
    "entry f(x: bf16[8, 400]) -> (y: bf16[8, 400]) {
        e = exp(x)
        y = e / sum(e, axes = [1], keepdims = true)
    }",
    "entry f(x: f16[40, 33]) -> (y: f16[40, 33]) {
        e = sin(x) * exp(x)
        s = sum(e, axes = [0], keepdims = true)
        y = tanh(e - s) / s
    }",
    "entry f(x: bf16[6, 70], g: bf16[70]) -> (y: bf16[6, 70]) {
        c = exp(x) - sum(exp(x), axes = [1], keepdims = true) * 0.01
        y = c / sqrt(sum(c * c, axes = [1], keepdims = true)) * g
    }",
    "entry f(x: bf16[12, 20], w: bf16[20, 24]) -> (y: bf16[12, 24]) { y = tanh(sin(x) @ exp(w) + 0.1) * 3 }",
];

/// Inputs of a graph as numbers.
fn numbers(graph: &Graph) -> Vec<Vec<f64>> {
    let tensors = sample_inputs_at(graph, Scale::Moderate, |_, x: f64| x);
    tensors.iter().map(|x| x.as_numbers().to_vec()).collect()
}

/// No size of a cache changes a bit: rows that stay in registers and caches, and rows that go through memory.
#[test]
fn sizes_of_caches_change_no_bits() {
    for text in KEPT {
        let graph = whole(text, false);
        let on = |row_bytes: u64| {
            let target = Target {
                row_bytes,
                ..Target::default()
            };
            Compiled::on(&graph, &target).run(&numbers(&graph))
        };
        let expected = on(16 << 10);
        assert!(expected[0].iter().any(|x| *x != 0.0), "{text}");
        for row_bytes in [0, 256, 2 << 10, 1 << 20] {
            assert_eq!(on(row_bytes), expected, "{text} with rows of {row_bytes}");
        }
    }
}

/// What is an output beside others is stored; the others are what they were when it was not.
#[test]
fn storing_values_changes_no_bits() {
    for text in KEPT {
        let graph = whole(text, false);
        let inputs = numbers(&graph);
        let expected = Compiled::new(&graph).run(&inputs);
        let mut exposed = graph.clone();
        for node in graph.nodes() {
            let value = Value { node, result: 0 };
            if graph.ty(value).dtype.half().is_some() {
                exposed.add_output(format!("v{}", node.index()), value);
            }
        }
        let found = Compiled::new(&exposed).run(&inputs);
        assert_eq!(found[..expected.len()], expected, "{text}");
    }
}

/// The sample inputs of a scale, with integers of 0 and 1.
fn inputs<S: Scalar>(
    graph: &Graph,
    scale: Scale,
    number: impl Fn(DType, f64) -> S,
) -> Vec<Tensor<S>> {
    let mut tensors = sample_inputs_at(graph, scale, number);
    for tensor in &mut tensors {
        if let Data::Int(integers) = &mut tensor.data {
            let dtype = tensor.ty.dtype;
            let small = (0..integers.len()).map(|at| Int::new(dtype, at as i64 % 2));
            *integers = small.collect();
        }
    }
    tensors
}

fn elements(tensor: &Tensor<f64>) -> Vec<f64> {
    match &tensor.data {
        Data::Number(elements) => elements.clone(),
        Data::Int(elements) => elements.iter().map(|x| x.value.unwrap() as f64).collect(),
        Data::Mask(elements) => elements.iter().map(|&x| f64::from(u8::from(x))).collect(),
    }
}

/// Whether a number is what its enclosure allows, and whether that is anything.
fn fits(enclosure: &Tensor<Interval>, at: usize, value: f64) -> (bool, bool) {
    match &enclosure.data {
        Data::Number(x) => (x[at].contains(value), x[at].width().is_finite()),
        Data::Int(x) => match x[at].value {
            Ok(integer) => (integer as f64 == value, true),
            Err(_) => (true, false),
        },
        Data::Mask(x) => match x[at].decide() {
            Ok(truth) => (f64::from(u8::from(truth)) == value, true),
            Err(_) => (true, false),
        },
    }
}

/// Compares compiled code of a graph with its enclosure at each scale; how many elements that decides.
fn compare_at_all_scales(what: &str, graph: &Graph) -> [usize; 2] {
    let compiled = Compiled::new(graph);
    let mut counts = [0, 0];
    for scale in Scale::ALL {
        let found: Vec<Vec<f64>> = inputs(graph, scale, |_, x: f64| x)
            .iter()
            .map(elements)
            .collect();
        let found = compiled.try_run(&found);
        let enclosures = interpret(graph, &(), &inputs(graph, scale, Interval::point));
        let (found, enclosures) = match (found, enclosures) {
            (Ok(found), Ok(enclosures)) => (found, enclosures),
            (Err(_), Err(InterpretError::IndexOutOfRange { .. })) => continue,
            (found, enclosures) => {
                assert!(found.is_err() == enclosures.is_err(), "{what}: {found:?}");
                continue;
            }
        };
        for (output, (found, enclosure)) in found.iter().zip(enclosures.outputs()).enumerate() {
            for (at, x) in found.iter().enumerate() {
                let (inside, known) = fits(enclosure, at, *x);
                assert!(
                    inside,
                    "{what}, {scale:?}: {output}[{at}] is {x}, not in {:?}",
                    enclosure.as_numbers().get(at)
                );
                counts[0] += 1;
                counts[1] += usize::from(known);
            }
        }
    }
    counts
}

/// Values and cotangents of each example of each op, in each float dtype, with inputs of each scale.
#[test]
fn each_example_agrees_at_every_scale() {
    let mut total = [0, 0];
    for text in SPECS.iter().flat_map(|spec| spec.examples) {
        for dtype in ["f32", "f16", "bf16"] {
            let changed = text.replace("f32", dtype);
            if dtype != "f32" && changed == *text {
                continue;
            }
            let Ok(entry) = example(&changed) else {
                continue;
            };
            let inputs = entry.graph.inputs().iter().enumerate();
            let floats = inputs.filter(|(_, x)| entry.graph.ty(**x).dtype.is_float());
            let floats: Vec<usize> = floats.map(|(position, _)| position).collect();
            let graph = vjp(&entry.graph, &floats).unwrap();
            let counts = compare_at_all_scales(&changed, &graph);
            total = [total[0] + counts[0], total[1] + counts[1]];
        }
    }
    let [all, decided] = total;
    println!("{decided} of {all} elements are enclosed");
    assert!(decided * 10 > all * 8, "{decided} of {all}");
}

/// The gradient of a norm in f16, where the variance is far beyond f16, is that in f32.
#[test]
fn norms_of_large_halves_have_gradients() {
    for text in [
        "(x: f32[4, 70], gamma: f32[70], beta: f32[70]) -> layer_norm(x, gamma, beta)",
        "(x: f32[4, 70], gamma: f32[70]) -> rms_norm(x, gamma)",
    ] {
        let derived =
            |text: &str| Compiled::new(&vjp(&example(text).unwrap().graph, &[0]).unwrap());
        let (single, halves) = (derived(text), derived(&text.replace("f32", "f16")));
        for size in [256.0, 4000.0, 30_000.0] {
            let wave = |phase: f64, size: f64, count: u64| -> Vec<f64> {
                let x = (0..count).map(|i| 1.41 * size * (1.7 * i as f64 + phase).sin());
                x.map(|x| Half::F16.round(x)).collect()
            };
            let types = single.inputs.iter().enumerate();
            let inputs: Vec<Vec<f64>> = types
                .map(|(at, ty)| wave(at as f64, if at == 0 { size } else { 1.0 }, ty.elements()))
                .collect();
            let (expected, found) = (single.run(&inputs), halves.run(&inputs));
            let (expected, found) = (expected.last().unwrap(), found.last().unwrap());
            assert!(found.iter().filter(|x| **x != 0.0).count() * 2 > found.len());
            for (x, single) in found.iter().zip(expected) {
                // The order of sums may be another: a unit in the last place of a half.
                let unit = Half::F16.above(single.abs()) - Half::F16.below(single.abs());
                assert!(
                    (x - single).abs() <= unit.max(Half::F16.quantum()),
                    "{x} {single}"
                );
            }
        }
    }
}
