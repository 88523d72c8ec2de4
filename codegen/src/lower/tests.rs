//! Lowered programs against the graphs that they come from.
//!
//! Both are interpreted over `f64`. Integers and truth values must be equal; floats must lie in the
//! enclosure that the graph has over [`Interval`]s, which bounds what any order of summation gives.

mod bounds;
mod checkpoint;
mod compiled;
mod families;
mod order;
mod picked;
mod prefix;
mod random;
mod regions;
mod scale;
mod sharing;
mod snapshots;
mod tails;
mod windows;

use super::{Lowering, Signature, Target, lower, normal_form};
use crate::kernel::Program;
use crate::kernel::{Arguments, BufferId, Cells, Interpreter, verify};
use lgc_ir::builder::Builder;
use lgc_ir::dtype::DType;
use lgc_ir::graph::Graph;
use lgc_ir::graph::Value;
use lgc_ir::interpret::{Data, Tensor, interpret as interpret_graph};
use lgc_ir::op::Input;
use lgc_ir::scalar::{Interval, Logic, Scalar};
use lgc_ir::shape::{Shape, Type};
use lgc_ir::span::Span;

/// A graph under construction, with named inputs.
pub(super) fn builder() -> Builder {
    Builder::new(Graph::new(), Span::SYNTHETIC)
}

pub(super) fn input(b: &Builder, name: &str, dtype: DType, extents: &[u64]) -> Value {
    let shape = Shape::new(extents.iter().copied());
    let value = b.apply(Input { dtype, shape }, &[]).unwrap();
    b.edit(|graph| graph.set_name(value.node, name));
    value
}

/// The graph with those outputs.
pub(super) fn finish(b: Builder, outputs: &[Value]) -> Graph {
    for (position, &value) in outputs.iter().enumerate() {
        b.edit(|graph| graph.add_output(format!("out{position}"), value));
    }
    b.finish()
}

/// Deterministic elements: floats between −2 and 2 that f32 holds, small non-negative integers.
pub(super) fn sample(ty: &Type, seed: u64) -> Tensor<f64> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        state >> 33
    };
    let count = ty.elements() as usize;
    match ty.dtype {
        DType::F16 | DType::Bf16 | DType::F32 | DType::F64 => {
            let elements = (0..count).map(|_| {
                let x = (next() % 4097) as f64 / 1024.0 - 2.0;
                ty.dtype.half().map_or(x, |half| half.round(x))
            });
            Tensor::numbers(ty.clone(), elements.collect())
        }
        DType::I32 | DType::I64 | DType::U32 => Tensor::integers(
            ty.clone(),
            (0..count).map(|_| (next() % 3) as i64).collect::<Vec<_>>(),
        ),
        DType::Bool => Tensor::masks(
            ty.shape.clone(),
            (0..count).map(|_| next() % 2 == 0).collect::<Vec<_>>(),
        ),
    }
}

fn cells(tensor: &Tensor<f64>) -> Cells<f64> {
    let dtype = tensor.ty.dtype;
    match &tensor.data {
        Data::Number(x) => Cells::numbers(dtype, x.iter().copied()),
        Data::Int(x) => Cells::integers(dtype, x.iter().map(|i| i.value.unwrap())),
        Data::Mask(x) => Cells::masks(x.iter().copied()),
    }
}

fn enclosing(tensor: &Tensor<f64>) -> Tensor<Interval> {
    let ty = tensor.ty.clone();
    match &tensor.data {
        Data::Number(x) => {
            let point = |&x: &f64| Interval::point(ty.dtype, x);
            Tensor::numbers(ty.clone(), x.iter().map(point).collect())
        }
        Data::Int(x) => Tensor::integers(ty, x.iter().map(|i| i.value.unwrap())),
        Data::Mask(x) => Tensor::masks(ty.shape, x.iter().copied()),
    }
}

/// What a program gives for inputs: its status, and the outputs in the order of the graph.
pub(super) fn run(
    program: &Program,
    graph: &Graph,
    signature: &Signature,
    inputs: &[Tensor<f64>],
) -> (i32, Vec<Cells<f64>>) {
    let updated = |input: usize| signature.next.contains(&Some(input));
    let mut arguments = Arguments::default();
    let mut places = Vec::new();
    for (position, tensor) in inputs.iter().enumerate() {
        if updated(position) {
            places.push((position, arguments.inouts.len()));
            arguments.inouts.push(cells(tensor));
        } else {
            arguments.inputs.push(cells(tensor));
        }
    }
    // Whatever has no order runs in one that is drawn, another for each program.
    let interpreter = Interpreter::with_order(graph.len() as u64);
    let status = interpreter
        .run(&(), program, &mut arguments)
        .unwrap_or_else(|error| panic!("{error}\n{program}"));
    let mut plain = arguments.outputs.into_iter();
    let outputs = (0..graph.outputs().len()).map(|output| match signature.next_of(output) {
        Some(input) => {
            let place = places
                .iter()
                .find(|(position, _)| *position == input)
                .unwrap()
                .1;
            arguments.inouts[place].clone()
        }
        None => plain.next().unwrap(),
    });
    (status, outputs.collect())
}

/// Lowers, runs, compares. Returns the program, for more checks.
pub(super) fn check_with(graph: &Graph, signature: &Signature, inputs: &[Tensor<f64>]) -> Lowering {
    let lowering = lower(graph, signature, &Target::BITS_128).unwrap();
    let program = &lowering.program;
    if let Err(errors) = verify(program) {
        let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        panic!("{}\n{program}", errors.join("\n"));
    }
    let (status, outputs) = run(program, graph, signature, inputs);
    assert_eq!(status, 0, "{program}");
    compare(graph, program, inputs, &outputs);
    compare(
        graph,
        program,
        inputs,
        &compiled::run(program, graph, signature, inputs),
    );
    check_inside(graph, signature, inputs, &lowering);
    lowering
}

/// Compares every value that a program keeps in memory with the graph, when it has been written.
fn check_inside(graph: &Graph, signature: &Signature, inputs: &[Tensor<f64>], lowering: &Lowering) {
    let (mut seen, _) = normal_form(graph).unwrap();
    for &(node, _) in &lowering.buffers {
        seen.add_output("inside", Value { node, result: 0 });
    }
    let buffers: Vec<BufferId> = lowering.buffers.iter().map(|(_, buffer)| *buffer).collect();
    let program = lowering.program.observed(&buffers);
    assert!(verify(&program).is_ok(), "{program}");
    let (_, outputs) = run(&program, &seen, signature, inputs);
    compare(&seen, &program, inputs, &outputs);
}

/// Compares what a program gave with the graph.
fn compare(graph: &Graph, program: &Program, inputs: &[Tensor<f64>], outputs: &[Cells<f64>]) {
    let exact = interpret_graph(graph, &<f64 as Scalar>::World::default(), inputs).unwrap();
    let wide: Vec<Tensor<Interval>> = inputs.iter().map(enclosing).collect();
    let wide = interpret_graph(graph, &(), &wide).unwrap();
    // Of two sums in f32 that differ in their order, halves are not next to each other alike.
    let has_half = |node| {
        graph
            .results(node)
            .into_iter()
            .any(|v| graph.ty(v).dtype.half().is_some())
    };
    let has_halves = graph.nodes().any(has_half);
    for (position, found) in outputs.iter().enumerate() {
        let expected = exact.outputs()[position];
        match &expected.data {
            Data::Number(numbers) => {
                let bounds = wide.outputs()[position].as_numbers().to_vec();
                let found = found.as_numbers().unwrap();
                assert_eq!(found.len(), numbers.len());
                for (at, ((x, bound), reference)) in
                    found.iter().zip(&bounds).zip(numbers).enumerate()
                {
                    let ok = bound.contains(*x) && x.is_nan() == reference.is_nan()
                        || x.is_nan() && reference.is_nan();
                    let close = (x - reference).abs() <= 1e-3 * (1.0 + reference.abs())
                        || x == reference
                        || x.is_nan();
                    assert!(
                        ok && (close || has_halves),
                        "output {position}, element {at}: {x} is not {reference} (in {bound:?})\n{program}"
                    );
                }
            }
            Data::Int(integers) => {
                // Of two sums in f32 that differ in their order, either may come first in a sort.
                let bounds = wide.outputs()[position].as_ints().to_vec();
                let found = found.as_integers().unwrap();
                assert_eq!(found.len(), integers.len());
                for ((found, integer), bound) in found.iter().zip(integers).zip(&bounds) {
                    let expected = match bound.value {
                        Ok(_) => integer.value.unwrap(),
                        Err(_) => *found,
                    };
                    assert_eq!(*found, expected, "output {position}\n{program}");
                }
            }
            Data::Mask(masks) => {
                let bounds = wide.outputs()[position].as_masks().to_vec();
                let found = found.as_masks().unwrap();
                assert_eq!(found.len(), masks.len());
                for ((found, mask), bound) in found.iter().zip(masks).zip(&bounds) {
                    let expected = bound.decide().or(if has_halves {
                        Ok(*found)
                    } else {
                        mask.decide()
                    });
                    assert_eq!(Ok(*found), expected, "output {position}\n{program}");
                }
            }
        }
    }
}

/// Inputs for a graph.
pub(super) fn samples(graph: &Graph) -> Vec<Tensor<f64>> {
    let inputs = graph.inputs().iter().enumerate();
    inputs
        .map(|(seed, input)| sample(graph.ty(*input), seed as u64 + 1))
        .collect()
}

pub(super) fn check(graph: &Graph) -> Lowering {
    check_with(graph, &Signature::pure("entry"), &samples(graph))
}

/// How many kernels a program launches.
pub(super) fn launches(program: &Program) -> usize {
    let launch = |step: &&crate::kernel::Step| matches!(step, crate::kernel::Step::Launch { .. });
    program.steps.iter().filter(launch).count()
}
