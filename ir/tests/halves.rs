//! Halves: each op computes in f32 and rounds its result once, whatever its size.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use lgc_ir::autodiff::{jvp, vjp};
use lgc_ir::builder::Builder;
use lgc_ir::dtype::DType;
use lgc_ir::generate::{Scale, sample_inputs_at};
use lgc_ir::graph::{Graph, Value};
use lgc_ir::half::Half;
use lgc_ir::interpret::{Data, Tensor, interpret};
use lgc_ir::lang::example;
use lgc_ir::op::{Family, Input, SPECS};
use lgc_ir::rewrite::optimize;
use lgc_ir::scalar::{Int, Scalar};
use lgc_ir::shape::Type;
use lgc_ir::span::Span;
use std::collections::BTreeSet;
use support::{module, round_trip};

/// Standard deviations, from moderate ones up to such that the largest elements are next to the end of f16.
const SIZES: [f64; 6] = [0.004, 1.0, 256.0, 1000.0, 8000.0, 30_000.0];

/// A wave of that standard deviation, each element a half.
fn wave(half: Half, count: u64, phase: f64, size: f64) -> Vec<f32> {
    let element = |i: u64| 1.41 * (1.7 * i as f64 + phase).sin() * size;
    let elements = (0..count).map(element);
    elements.map(|x| half.round(x) as f32).collect()
}

/// Inputs of a graph: floats of that size, but for those from `unit` on, which are of size 1; integers 0
/// and 1; truth values of both kinds.
fn inputs(graph: &Graph, half: Half, unit: usize, size: f64) -> Vec<Tensor<f32>> {
    let tensor = |(position, input): (usize, &Value)| {
        let ty = graph.ty(*input).clone();
        let count = ty.elements();
        match ty.dtype {
            DType::Bool => Tensor::masks(ty.shape, (0..count).map(|i| i % 3 != 1)),
            DType::I32 | DType::I64 | DType::U32 => {
                Tensor::integers(ty, (0..count).map(|i| i as i64 % 2))
            }
            DType::F16 | DType::Bf16 | DType::F32 | DType::F64 => {
                let size = if position < unit { size } else { 1.0 };
                Tensor::numbers(ty, wave(half, count, position as f64 + 0.3, size))
            }
        }
    };
    graph.inputs().iter().enumerate().map(tensor).collect()
}

fn floats(graph: &Graph) -> Vec<usize> {
    let inputs = graph.inputs().iter().enumerate();
    let floats = inputs.filter(|(_, input)| graph.ty(**input).dtype.is_float());
    floats.map(|(position, _)| position).collect()
}

/// The only graph of a text.
fn graph_of(text: &str) -> Graph {
    let module = module(text);
    round_trip(&module);
    module.entries[0].graph.clone()
}

/// The numbers of the outputs; NaN has one form.
fn numbers<S: Scalar<World = ()>>(graph: &Graph, inputs: &[Tensor<S>]) -> Vec<Vec<S>> {
    let run = interpret::<S>(graph, &(), inputs).unwrap();
    let outputs = run.outputs().into_iter();
    outputs.map(|tensor| tensor.as_numbers().to_vec()).collect()
}

/// Examples of composite ops that are computed in f32 from halves, with f32 for the halves.
fn composites() -> Vec<(&'static str, &'static str)> {
    let mut found = Vec::new();
    for spec in SPECS {
        for text in spec.examples {
            let Ok(entry) = example(&text.replace("f32", "f16")) else {
                continue;
            };
            let graph = &entry.graph;
            let last = graph.nodes().next_back().unwrap();
            let wide = matches!(
                graph.op(last).family(),
                Family::Composite(op) if !op.keeps_halves()
            );
            if wide && text.contains("f32") && !floats(graph).is_empty() {
                found.push((spec.name, *text));
            }
        }
    }
    found
}

/// The op of the result of an example alone, on inputs of the types of its operands.
fn alone(text: &str) -> Graph {
    let graph = example(text).unwrap().graph;
    let last = graph.nodes().next_back().unwrap();
    let builder = Builder::new(Graph::new(), Span::SYNTHETIC);
    let input = |operand: Value| {
        let Type { dtype, shape } = graph.ty(operand).clone();
        builder.apply(Input { dtype, shape }, &[]).unwrap()
    };
    let operands: Vec<Value> = graph.operands(last).into_iter().map(input).collect();
    let results = builder
        .apply_all(graph.op(last).clone(), &operands)
        .unwrap();
    for (position, result) in results.into_iter().enumerate() {
        builder.edit(|graph| graph.add_output(format!("y{position}"), result));
    }
    builder.finish()
}

/// Whether numbers that are halves are those in f32, rounded.
fn same(half: Half, x: f32, single: f32) -> bool {
    let rounded = half.round(f64::from(single));
    f64::from(x) == rounded || (x.is_nan() && rounded.is_nan())
}

/// Values, cotangents and tangents of every composite op on halves are those in f32, rounded once. (The
/// gradients of norms were 0 from a standard deviation of 256 on: the variance is no f16.)
#[test]
fn composite_ops_and_their_derivatives_round_once() {
    let (mut ops, mut finite) = (BTreeSet::new(), 0);
    for (name, text) in composites() {
        for (dtype, half) in [("f16", Half::F16), ("bf16", Half::BF16)] {
            let single = alone(text);
            let halves = alone(&text.replace("f32", dtype));
            let (wrt, count) = (floats(&single), single.inputs().len());
            type Derive = fn(&Graph, &[usize]) -> Result<Graph, lgc_ir::autodiff::AutodiffError>;
            for (mode, derive) in [("vjp", vjp as Derive), ("jvp", jvp)] {
                let (single, halves) = (
                    derive(&single, &wrt).unwrap(),
                    derive(&halves, &wrt).unwrap(),
                );
                for size in SIZES {
                    let expected = inputs(&single, half, count, size);
                    let found = inputs(&halves, half, count, size);
                    let expected = numbers(&single, &expected);
                    let found = numbers(&halves, &found);
                    for (output, (x, single)) in found.iter().zip(&expected).enumerate() {
                        let what = &halves.outputs()[output];
                        if halves.ty(what.value).dtype.half().is_none() {
                            continue;
                        }
                        for (at, (x, single)) in x.iter().zip(single).enumerate() {
                            assert!(
                                same(half, *x, *single),
                                "{mode} of {text} in {dtype}, size {size}: `{}`[{at}] is {x}, \
                                 and in f32 {single}",
                                what.name
                            );
                            finite += usize::from(x.is_finite() && *x != 0.0);
                        }
                    }
                }
            }
            ops.insert(name);
        }
    }
    println!("{} ops, {finite} numbers: {ops:?}", ops.len());
    assert!(ops.len() >= 30 && finite > 10_000);
}

/// The gradient of a norm at a standard deviation of 256 and more is what f32 says, and not 0.
#[test]
fn norms_of_large_halves_have_gradients() {
    for size in [256.0, 1000.0, 8000.0, 30_000.0] {
        for (name, text) in composites()
            .iter()
            .filter(|(name, _)| name.contains("norm"))
        {
            let graph = alone(&text.replace("f32", "f16"));
            let count = graph.inputs().len();
            let derived = vjp(&graph, &[0]).unwrap();
            let x = numbers(&derived, &inputs(&derived, Half::F16, count, size));
            let gradient = x.last().unwrap();
            let some = gradient.is_empty() || gradient.iter().any(|x| *x != 0.0);
            // What is divided by what it is a norm of has a gradient that is smaller than any half.
            assert!(some || *name == "norm", "{text} at {size}: {gradient:?}");
        }
    }
}

/// A rounding that the language promises stays, whatever is simplified.
#[test]
fn casts_there_and_back_keep_roundings() {
    let text = "entry f(a: bf16[], b: bf16[]) -> (y: bf16[], z: bf16[]) {
        y = cast(cast(a + b, dtype = f32), dtype = bf16) - a
        z = (a + b) - a
    }";
    let graph = graph_of(text);
    let (optimized, _, _) = optimize(&graph, true).unwrap();
    for graph in [&graph, &optimized] {
        let scalar = |x: f32| Tensor::numbers(graph.ty(graph.inputs()[0]).clone(), vec![x]);
        assert_eq!(numbers(graph, &[scalar(256.0), scalar(1.0)]), [[0.0]; 2]);
    }
    // A cast to a half rounds, and so does one of a sum in f32.
    let text = "entry f(a: f32[]) -> (y: f32[], z: f16[]) {
        y = cast(cast(a, dtype = bf16), dtype = f32)
        z = cast(cast(cast(a, dtype = f16), dtype = f32) + 1, dtype = f16)
    }";
    let graph = graph_of(text);
    let (optimized, _, _) = optimize(&graph, true).unwrap();
    for graph in [&graph, &optimized] {
        let a = Tensor::numbers(graph.ty(graph.inputs()[0]).clone(), vec![1.0 / 3.0f32]);
        let third = Half::F16.round(f64::from(1.0 / 3.0f32));
        let y = Half::BF16.round(f64::from(1.0 / 3.0f32)) as f32;
        assert_eq!(
            numbers(graph, &[a]),
            [[y], [Half::F16.round(third + 1.0) as f32]]
        );
    }
}

/// Each op of a chain rounds: a value of a half dtype is a half.
#[test]
fn every_value_of_a_half_dtype_is_a_half() {
    let round = |x: f64| Half::F16.round(x);
    let text = "entry f(a: f16[4], b: f16[4]) -> (y: f16[4]) { y = (a * b + a) / (b - a) }";
    let graph = graph_of(text);
    let (a, b) = ([0.1, 3.0, 1024.0, 255.5], [0.7, 2047.0, 31.9, 255.25]);
    let (a, b) = (a.map(round), b.map(round));
    let expected: Vec<f64> = (0..4)
        .map(|i| round(round(round(a[i] * b[i]) + a[i]) / round(b[i] - a[i])))
        .collect();
    let ty = graph.ty(graph.inputs()[0]);
    let tensors = [a, b].map(|x| Tensor::numbers(ty.clone(), x.to_vec()));
    assert_eq!(numbers::<f64>(&graph, &tensors), [expected]);
}

/// The prefix sums are those of f32, each rounded once.
#[test]
fn running_sums_stay_in_single_precision() {
    let graph = example("(x: bf16[700]) -> cumsum(x, axis = 0)")
        .unwrap()
        .graph;
    let ty = graph.ty(graph.inputs()[0]).clone();
    let y = numbers(&graph, &[Tensor::numbers(ty, vec![1.0f32; 700])]);
    let expected: Vec<f32> = (1..=700)
        .map(|i| Half::BF16.round(f64::from(i)) as f32)
        .collect();
    assert_eq!(y, [expected]);
}

/// All passes keep all bits of graphs of halves, whatever the size of numbers.
#[test]
fn passes_keep_the_bits_of_halves() {
    let mut compared = 0;
    for text in SPECS.iter().flat_map(|spec| spec.examples) {
        for dtype in ["f16", "bf16"] {
            let Ok(entry) = example(&text.replace("f32", dtype)) else {
                continue;
            };
            let wrt = floats(&entry.graph);
            let Ok(graph) = vjp(&entry.graph, &wrt) else {
                continue;
            };
            let (optimized, _, _) = optimize(&graph, true).unwrap();
            for scale in Scale::ALL {
                let mut inputs = sample_inputs_at(&graph, scale, |_, x| x as f32);
                for tensor in &mut inputs {
                    if let Data::Int(integers) = &mut tensor.data {
                        let (dtype, count) = (tensor.ty.dtype, integers.len());
                        let small = (0..count).map(|at| Int::new(dtype, at as i64 % 2));
                        *integers = small.collect();
                    }
                }
                let (Ok(before), Ok(after)) = (
                    interpret::<f32>(&graph, &(), &inputs),
                    interpret::<f32>(&optimized, &(), &inputs),
                ) else {
                    continue;
                };
                for (x, y) in before.outputs().iter().zip(after.outputs()) {
                    for (x, y) in x.as_numbers().iter().zip(y.as_numbers()) {
                        let same = x.to_bits() == y.to_bits() || x.is_nan() && y.is_nan();
                        assert!(same, "{text} in {dtype}, {scale:?}: {x} becomes {y}");
                        compared += 1;
                    }
                }
            }
        }
    }
    assert!(compared > 10_000, "{compared}");
}
