//! The interpreter against results worked out by hand, its errors, and its poison.

mod families;

use super::*;
use crate::builder::Builder;
use crate::dtype::DType;
use crate::op::*;
use crate::scalar::{Exact, Interval, Undefined};
use crate::shape::Shape;
use std::time::{Duration, Instant};

fn ty(dtype: DType, shape: &[u64]) -> Type {
    Type::new(dtype, Shape::new(shape.iter().copied()))
}

/// The inputs' values follow the order in which `build` makes them.
fn graph_of(build: impl FnOnce(&Builder) -> Result<Value, TypeError>) -> Graph {
    let builder = Builder::new(Graph::new(), Span::SYNTHETIC);
    let result = build(&builder).unwrap();
    builder.edit(|graph| graph.add_output("y", result));
    builder.finish()
}

fn input(b: &Builder, dtype: DType, shape: &[u64]) -> Value {
    let Type { dtype, shape } = ty(dtype, shape);
    b.apply(Input { dtype, shape }, &[]).unwrap()
}

fn floats(shape: &[u64], values: &[f64]) -> Tensor<f64> {
    Tensor::numbers(ty(DType::F32, shape), values.to_vec())
}

fn ints<S: Scalar>(shape: &[u64], values: &[i64]) -> Tensor<S> {
    Tensor::integers(ty(DType::I32, shape), values.iter().copied())
}

fn run_f64(graph: &Graph, inputs: &[Tensor<f64>]) -> Vec<f64> {
    let result = interpret(graph, &(), inputs).unwrap();
    result.outputs()[0].as_numbers().to_vec()
}

fn run_ints(graph: &Graph, inputs: &[Tensor<f64>]) -> Vec<i64> {
    let result = interpret(graph, &(), inputs).unwrap();
    let ints = result.outputs()[0].as_ints();
    ints.iter().map(|int| int.value.unwrap()).collect()
}

#[test]
fn contractions_pair_and_order_axes() {
    // Batch axis last in x and first in y: yᵦᵢⱼ = Σₖ xₖᵢᵦ·yᵦⱼₖ.
    let graph = graph_of(|b| {
        let (x, y) = (
            input(b, DType::F32, &[2, 1, 2]),
            input(b, DType::F32, &[2, 3, 2]),
        );
        let list = |axis| [axis].into_iter().collect();
        let axes = ContractAxes {
            batch: [list(2), list(0)],
            contract: [list(0), list(2)],
            free: [list(1), list(1)],
        };
        b.contract(x, y, &axes)
    });
    let x = floats(&[2, 1, 2], &[1.0, 2.0, 3.0, 4.0]);
    let y = floats(
        &[2, 3, 2],
        &[1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 1.0],
    );
    assert_eq!(run_f64(&graph, &[x, y]), [1.0, 3.0, 4.0, 2.0, 4.0, 6.0]);
}

#[test]
fn the_first_nan_wins_a_search() {
    let search = |largest| graph_of(|b| b.arg_extreme(input(b, DType::F32, &[3, 4]), 1, largest));
    let nan = f64::NAN;
    let x = floats(
        &[3, 4],
        &[1.0, 7.0, 7.0, 2.0, 5.0, nan, 9.0, nan, -0.0, 0.0, 0.0, -1.0],
    );
    assert_eq!(run_ints(&search(true), std::slice::from_ref(&x)), [1, 1, 0]);
    assert_eq!(run_ints(&search(false), &[x]), [0, 1, 3]);
}

#[test]
fn casts_saturate_wrap_and_decide() {
    let cast = |from, to| graph_of(move |b| b.cast(input(b, from, &[4]), to));
    let x = floats(&[4], &[-2.7, 1e30, f64::NAN, 0.5]);
    let to_int = run_ints(&cast(DType::F32, DType::I32), std::slice::from_ref(&x));
    assert_eq!(to_int, [-2, i64::from(i32::MAX), 0, 0]);
    assert_eq!(
        run_ints(&cast(DType::F32, DType::U32), std::slice::from_ref(&x))[0],
        0
    );
    let truths = interpret(&cast(DType::F32, DType::Bool), &(), &[x]).unwrap();
    assert_eq!(truths.outputs()[0].as_masks(), [true, true, true, true]);
    let n = ints(&[4], &[-1, 0, 1, i64::from(i32::MIN)]);
    let wrapped = run_ints(&cast(DType::I32, DType::U32), &[n]);
    assert_eq!(wrapped, [u32::MAX.into(), 0, 1, 1 << 31]);
    let masks = Tensor::<f64>::masks(Shape::new([4]), [true, false, true, false]);
    assert_eq!(
        run_f64(&cast(DType::Bool, DType::F32), &[masks]),
        [1.0, 0.0, 1.0, 0.0]
    );
}

#[test]
fn scattered_updates_add_up() {
    let graph = graph_of(|b| {
        let x = input(b, DType::F32, &[3, 2]);
        let (indices, updates) = (input(b, DType::I32, &[3]), input(b, DType::F32, &[3, 2]));
        b.scatter_add(x, indices, updates, ScatterAdd { axis: 0, batch: 0 })
    });
    let x = floats(&[3, 2], &[100.0, 200.0, 300.0, 400.0, 500.0, 600.0]);
    let updates = floats(&[3, 2], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let y = run_f64(&graph, &[x, ints(&[3], &[2, 0, 2]), updates]);
    assert_eq!(y, [103.0, 204.0, 300.0, 400.0, 506.0, 608.0]);
}

fn lookup() -> Graph {
    graph_of(|b| {
        let (table, indices) = (input(b, DType::F32, &[3]), input(b, DType::I32, &[2, 2]));
        b.gather(table, indices, Gather { axis: 0, batch: 0 })
    })
}

#[test]
fn the_first_index_out_of_range_is_reported() {
    let table = floats(&[3], &[1.0, 2.0, 3.0]);
    let error = interpret(&lookup(), &(), &[table, ints(&[2, 2], &[0, 3, -1, 7])]).unwrap_err();
    assert_eq!(error.to_string(), "index 3 at position 1 is outside 0..3");
    let InterpretError::IndexOutOfRange { node, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(node.index(), 2);
}

#[test]
fn errors_inside_composites_name_the_composite() {
    let graph = graph_of(|b| {
        let logits = b.neg(b.neg(b.neg(input(b, DType::F32, &[2, 3]))?)?)?;
        b.apply(
            CrossEntropy {
                label_smoothing: Real(0.0),
            },
            &[logits, input(b, DType::I32, &[2])],
        )
    });
    let logits = floats(&[2, 3], &[0.0; 6]);
    let error = interpret(&graph, &(), &[logits, ints(&[2], &[2, 3])]).unwrap_err();
    let InterpretError::IndexOutOfRange { node, index, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(
        (graph.op(node), index),
        (
            &Op::from(CrossEntropy {
                label_smoothing: Real(0.0)
            }),
            3
        )
    );
}

#[test]
fn inputs_must_fit() {
    let graph = lookup();
    let table = || floats(&[3], &[1.0, 2.0, 3.0]);
    let missing = interpret(&graph, &(), &[table()]).unwrap_err();
    let message = "input 1 of the graph is i32[2, 2], but nothing is given";
    assert_eq!(missing.to_string(), message);
    let short = Tensor::numbers(ty(DType::F32, &[3]), vec![1.0]);
    let error = interpret(&graph, &(), &[short, ints(&[2, 2], &[0; 4])]).unwrap_err();
    let message = "input 0 of the graph is f32[3], but f32[3] with 1 elements is given";
    assert_eq!(error.to_string(), message);
}

#[test]
fn unknown_indices_poison_what_they_may_touch() {
    // The index of the second row is a cast of an interval that holds several integers.
    let (low, high) = (0.0, 1.5);
    let interval = |low, high| Interval {
        low,
        high,
        dtype: DType::F32,
    };
    let position = Tensor::numbers(
        ty(DType::F32, &[2]),
        vec![interval(1.0, 1.0), interval(low, high)],
    );
    let points = |shape: &[u64], count| {
        Tensor::numbers(ty(DType::F32, shape), vec![interval(2.0, 2.0); count])
    };
    let picked = graph_of(|b| {
        let (x, at) = (input(b, DType::F32, &[2, 3]), input(b, DType::F32, &[2]));
        let at = b.cast(at, DType::I32)?;
        b.gather(x, at, Gather { axis: 1, batch: 1 })
    });
    let y = interpret(&picked, &(), &[points(&[2, 3], 6), position.clone()]).unwrap();
    let unknown: Vec<bool> = y.outputs()[0]
        .as_numbers()
        .iter()
        .map(Interval::is_anything)
        .collect();
    assert_eq!(unknown, [false, true]);
    let scattered = graph_of(|b| {
        let (x, at) = (input(b, DType::F32, &[2, 3]), input(b, DType::F32, &[2]));
        let (at, updates) = (b.cast(at, DType::I32)?, input(b, DType::F32, &[2]));
        b.scatter_add(x, at, updates, ScatterAdd { axis: 1, batch: 1 })
    });
    let inputs = [points(&[2, 3], 6), position, points(&[2], 2)];
    let y = interpret(&scattered, &(), &inputs).unwrap();
    let unknown: Vec<bool> = y.outputs()[0]
        .as_numbers()
        .iter()
        .map(Interval::is_anything)
        .collect();
    assert_eq!(unknown, [false, false, false, true, true, true]);
}

#[test]
fn poison_spreads_only_along_data() {
    let graph = graph_of(|b| {
        let x = input(b, DType::F32, &[3]);
        let safe = b.apply(Greater {}, &[x, b.integer_like(x, 0)?])?;
        b.select(safe, b.log(x)?, x)
    });
    let x = [1, 0, -4].map(Exact::integer).to_vec();
    let y = interpret(&graph, &(), &[Tensor::numbers(ty(DType::F32, &[3]), x)]).unwrap();
    let y = y.outputs()[0].as_numbers();
    assert_eq!(y, [0, 0, -4].map(Exact::integer));
    let bad = Exact(Err(Undefined("bad")));
    let tensor = Tensor::numbers(
        ty(DType::F32, &[3]),
        vec![Exact::integer(1), bad.clone(), Exact::integer(2)],
    );
    let sum = graph_of(|b| b.sum(input(b, DType::F32, &[3]), &[0], false));
    assert_eq!(
        interpret(&sum, &(), &[tensor]).unwrap().outputs()[0].as_numbers(),
        [bad]
    );
}

#[test]
fn only_outputs_are_kept_unless_traced() {
    let graph = graph_of(|b| {
        let x = input(b, DType::F32, &[1]);
        b.exp(x)?;
        b.neg(b.neg(x)?)
    });
    let x = [floats(&[1], &[3.0])];
    let kept = |interpretation: &Interpretation<f64>| {
        let values = graph.nodes().map(|node| Value { node, result: 0 });
        values
            .filter(|value| interpretation.value(*value).is_some())
            .count()
    };
    assert_eq!(kept(&interpret(&graph, &(), &x).unwrap()), 1);
    assert_eq!(kept(&trace(&graph, &(), &x).unwrap()), 4);
}

/// The products and activations of one training step of the digits example.
#[test]
fn a_small_model_takes_seconds_at_most() {
    let graph = graph_of(|b| {
        let (x, w) = (
            input(b, DType::F32, &[64, 64]),
            input(b, DType::F32, &[64, 128]),
        );
        let axes = ContractAxes {
            batch: Default::default(),
            contract: [[1].into_iter().collect(), [0].into_iter().collect()],
            free: [[0].into_iter().collect(), [1].into_iter().collect()],
        };
        let h = b.apply(Relu {}, &[b.contract(x, w, &axes)?])?;
        let y = b.contract(h, b.transpose(w, &[1, 0])?, &axes)?;
        b.sum(b.apply(Softmax { axis: -1 }, &[y])?, &[0], false)
    });
    let values = |count: u64| {
        (0..count)
            .map(|i| (i % 17) as f64 / 16.0 - 0.5)
            .collect::<Vec<f64>>()
    };
    let inputs = [
        floats(&[64, 64], &values(4096)),
        floats(&[64, 128], &values(8192)),
    ];
    let start = Instant::now();
    let sums = run_f64(&graph, &inputs);
    assert!((sums.iter().sum::<f64>() - 64.0).abs() < 1e-9);
    assert!(
        start.elapsed() < Duration::from_secs(20),
        "{:?}",
        start.elapsed()
    );
    println!("{:?}", start.elapsed());
}
