//! Margins at points where they are known.

use super::elaborated_with_warnings;
use crate::dtype::DType;
use crate::graph::{Graph, Value};
use crate::interpret::{Data, Tensor, interpret};
use crate::laws::margins::{Measured, measured, monitored};
use crate::module::{Entry, Module};
use crate::rewrite::{decompose_deeply, optimize};
use crate::verify::verify;

fn module(text: &str) -> Module {
    elaborated_with_warnings(text).0
}

/// The inputs of a graph over f64. Integers and truth values are given as numbers.
pub(super) fn given(graph: &Graph, inputs: &[&[f64]]) -> Vec<Tensor<f64>> {
    let given = graph.inputs().iter().zip(inputs);
    let tensor = |(input, numbers): (&Value, &&[f64])| {
        let ty = graph.ty(*input).clone();
        assert_eq!(ty.elements(), numbers.len() as u64);
        if ty.dtype == DType::Bool {
            Tensor::masks(ty.shape, numbers.iter().map(|x| *x != 0.0))
        } else if ty.dtype.is_integer() {
            Tensor::integers(ty, numbers.iter().map(|x| *x as i64))
        } else {
            Tensor::numbers(ty, numbers.to_vec())
        }
    };
    given.map(tensor).collect()
}

/// What a graph yields over f64.
pub(super) fn run(graph: &Graph, inputs: &[&[f64]]) -> Vec<Tensor<f64>> {
    verify(graph).unwrap();
    let values = interpret::<f64>(graph, &(), &given(graph, inputs)).unwrap();
    values.outputs().into_iter().cloned().collect()
}

pub(super) fn numbers(tensor: &Tensor<f64>) -> Vec<f64> {
    match &tensor.data {
        Data::Number(x) => x.clone(),
        Data::Int(x) => x.iter().map(|x| x.value.unwrap() as f64).collect(),
        Data::Mask(_) => Vec::new(),
    }
}

/// For each condition what it needs, its margin, its violations, and where the smallest margin is among which extents.
fn margins(entry: &Entry, inputs: &[&[f64]]) -> Vec<String> {
    let Measured {
        entry: with,
        conditions,
        readings,
    } = measured(entry).unwrap();
    let own = run(&entry.graph, inputs);
    let all = run(&with.graph, inputs);
    for (at, result) in own.iter().enumerate() {
        // Results come first, and the next values of `inout` parameters last.
        let results = entry.signature.results.len();
        let more = if at < results {
            0
        } else {
            all.len() - own.len()
        };
        assert!(same(&numbers(result), &numbers(&all[at + more])));
    }
    let (optimized, _, _) = optimize(&with.graph, true).unwrap();
    for (x, y) in all.iter().zip(run(&optimized, inputs)) {
        assert!(same(&numbers(x), &numbers(&y)));
    }
    if readings.is_empty() {
        assert_eq!(with.signature, entry.signature);
        return Vec::new();
    }
    let first = entry.signature.results.len();
    let [margins, violations, positions] = [0, 1, 2].map(|at| numbers(&all[first + at]));
    let told = readings.iter().enumerate().map(|(at, reading)| {
        let condition = &conditions[reading.condition];
        format!(
            "{} {}: {} at {} of {:?}, {} violated",
            condition.op,
            condition.requirement,
            margins[at],
            positions[at],
            reading.extents,
            violations[at]
        )
    });
    told.collect()
}

fn same(x: &[f64], y: &[f64]) -> bool {
    let equal = |(x, y): (&f64, &f64)| x == y || (x.is_nan() && y.is_nan());
    x.len() == y.len() && x.iter().zip(y).all(equal)
}

#[track_caller]
fn expect(text: &str, inputs: &[&[f64]], wanted: &[&str]) {
    let module = module(text);
    assert_eq!(margins(&module.entries[0], inputs), wanted, "{text}");
}

#[test]
fn margins_of_ops() {
    const RELU: &str = "entry f(x: f64[3]) -> (y: f64[3]) { y = relu(x) }";
    expect(
        RELU,
        &[&[-1.0, 0.25, 3.0]],
        &["relu x ≠ 0: 0.25 at 1 of [3], 0 violated"],
    );
    expect(
        RELU,
        &[&[2.0, 0.0, 0.0]],
        &["relu x ≠ 0: 0 at 1 of [3], 2 violated"],
    );
    expect(
        RELU,
        &[&[2.0, 1.0, f64::NAN]],
        &["relu x ≠ 0: NaN at 2 of [3], 1 violated"],
    );
    expect(
        "entry f(x: f64[2, 2]) -> (y: f64[2, 2]) { y = log(x) }",
        &[&[1.0, -2.0, 3.0, -0.5]],
        &["log x > 0: -2 at 1 of [2, 2], 2 violated"],
    );
    expect(
        "entry f(x: f64[2]) -> (y: f64[2]) { y = clamp(x, lo = -1, hi = 2) }",
        &[&[-1.0, 1.5]],
        &[
            "clamp x ≠ -1: 0 at 0 of [2], 1 violated",
            "clamp x ≠ 2: 0.5 at 1 of [2], 0 violated",
        ],
    );
    expect(
        "entry f(x: f64[2], y: f64[2]) -> (z: f64[2]) { z = max(x, y) / y }",
        &[&[1.0, 5.0], &[3.0, 4.5]],
        &[
            "max x ≠ y: 0.5 at 1 of [2], 0 violated",
            "div y ≠ 0: 3 at 0 of [2], 0 violated",
        ],
    );
    expect(
        "entry f(x: f64[2]) -> (y: f64[2]) { y = floor(x) + round(x) }",
        &[&[1.25, -0.5]],
        &[
            "floor x is no integer: 0.25 at 0 of [2], 0 violated",
            "round x − 1/2 is no integer: 0 at 1 of [2], 1 violated",
        ],
    );
    expect(
        "entry f(x: f64[2, 3]) -> (y: f64[2]) { y = reduce_max(x, axes = [1]) }",
        &[&[1.0, 2.0, 2.0, 7.0, 4.0, 5.0]],
        &["reduce_max one element of x wins alone: 0 at 0 of [2], 1 violated"],
    );
    expect(
        "entry f(x: f64[2, 3]) -> (y: f64[1, 3]) { y = reduce_min(x, axes = [0], keepdims = true) }",
        &[&[1.0, 2.0, 2.5, 7.0, 4.0, 2.25]],
        &["reduce_min one element of x wins alone: 0.25 at 2 of [1, 3], 0 violated"],
    );
    expect(
        "entry f(x: f64[4]) -> (y: f64[2]) { (y, at) = top_k(x, k = 2) }",
        &[&[1.0, 9.0, 4.0, 1.5]],
        &["argsort no two elements of x are equal along the axis: 0.5 at 0 of [3], 0 violated"],
    );
    expect(
        "entry f(x: f64[4], w: f64[4]) -> (y: f64[]) { y = sum(gather(w, argmax(x))) }",
        &[&[1.0, 9.0, 4.0, 8.0], &[0.0; 4]],
        &["argmax one element of x wins alone: 1 at 0 of [], 0 violated"],
    );
    expect(
        "entry f(x: f64[4], i: i32[2] in [3, 5]) -> (y: f64[2]) { y = gather(x, i) }",
        &[&[0.0; 4], &[3.0, 3.0]],
        &["gather 0 ≤ indices < 4: 1 at 0 of [2], 0 violated"],
    );
    expect(
        "entry f(x: f64[4]) -> (y: f64[4]) { y = exp(x) }",
        &[&[0.0; 4]],
        &[],
    );
}

#[test]
fn what_is_not_taken_does_not_count() {
    expect(
        "entry f(x: f64[3]) -> (y: f64[3]) { y = select(x > 0, log(x), 2 * x) }",
        &[&[-1.0, 2.0, 3.0]],
        &[],
    );
    expect(
        "entry f(c: bool[3], x: f64[3]) -> (y: f64[3]) { y = select(c, log(x), 2 * x) }",
        &[&[0.0, 1.0, 1.0], &[-1.0, 2.0, 3.0]],
        &["log x > 0: 2 at 1 of [3], 0 violated"],
    );
    expect(
        "entry f(c: bool[3], x: f64[3]) -> (y: f64[3]) { y = select(c, log(x), 1 / x) }",
        &[&[0.0, 1.0, 1.0], &[-1.0, 2.0, 3.0]],
        &[
            "log x > 0: 2 at 1 of [3], 0 violated",
            "div y ≠ 0: 1 at 0 of [3], 0 violated",
        ],
    );
    // The gradient alone, where nothing but conditions speaks of the choice.
    expect(
        "graph g(c: bool[3], x: f64[3], w: f64[3]) -> (l: f64[]) { l = sum(w * select(c, sqrt(x), 0)) }
entry f(c: bool[3], x: f64[3], w: f64[3]) -> (d: f64[3]) { d = grad(g, wrt = x)(c, x, w) }",
        &[&[0.0, 1.0, 1.0], &[-1.0, 2.0, 3.0], &[1.0, 1.0, 1.0]],
        &["sqrt x > 0: 2 at 1 of [3], 0 violated"],
    );
    const BRANCHES: &str = "graph log_of(x: f64[2]) -> (y: f64[2]) { y = log(x) }
graph kink(x: f64[2]) -> (y: f64[2]) { y = abs(x) }
entry f(c: bool[], x: f64[2]) -> (y: f64[2]) { y = cond(log_of, kink)(c, x) }";
    expect(
        BRANCHES,
        &[&[1.0], &[-1.0, 2.0]],
        &[
            "log x > 0: -1 at 0 of [2], 1 violated",
            "abs x ≠ 0: inf at 0 of [2], 0 violated",
        ],
    );
    expect(
        BRANCHES,
        &[&[0.0], &[-1.0, 2.0]],
        &[
            "log x > 0: inf at 0 of [2], 0 violated",
            "abs x ≠ 0: 1 at 0 of [2], 0 violated",
        ],
    );
}

#[test]
fn margins_of_loops_and_of_what_is_differentiated() {
    expect(
        "graph turn(h: f64[2], x: f64[2]) -> (next: f64[2]) { next = abs(h + x) }
entry f(h: f64[2], xs: f64[3, 2]) -> (y: f64[2]) { y = scan(turn)(h, xs) }",
        &[&[1.0, 1.0], &[1.0, 2.0, -1.5, -3.0, 0.25, 4.0]],
        &["abs x ≠ 0: 0 at 3 of [3, 2], 1 violated"],
    );
    expect(
        "graph inner(h: f64[], x: f64[]) -> (next: f64[]) { next = abs(h - x) }
graph turn(h: f64[], xs: f64[2]) -> (next: f64[]) { next = scan(inner)(h, xs) }
entry f(h: f64[], xs: f64[3, 2]) -> (y: f64[]) { y = scan(turn)(h, xs) }",
        &[&[10.0], &[1.0, 2.0, 3.0, 3.5, 0.25, 7.0]],
        &["abs x ≠ 0: 0.25 at 4 of [3, 2], 0 violated"],
    );
    expect(
        "graph loss(w: f64[2], x: f64[3, 2]) -> (l: f64[]) { l = sum(relu(x @ w)) }
entry step(x: f64[3, 2], inout w: f64[2]) -> () { w' = w - grad(loss, wrt = w)(w, x) }",
        &[&[1.0, 0.0, 0.0, 1.0, 1.0, 1.0], &[2.0, -2.0]],
        &["relu x ≠ 0: 0 at 2 of [3], 1 violated"],
    );
    expect(
        "graph loss(w: f64[], x: f64[]) -> (l: f64[]) { l = abs(w - x) }
graph step(w: f64[], x: f64[]) -> (next: f64[]) { next = w - grad(loss, wrt = w)(w, x) }
entry f(w: f64[], xs: f64[3]) -> (y: f64[]) { y = scan(step)(w, xs) }",
        &[&[5.0], &[1.0, 3.0, 3.0]],
        &["abs x ≠ 0: 0 at 2 of [3], 1 violated"],
    );
}

/// Each condition once, over all places that state it.
#[test]
fn monitors_have_one_margin_for_each_condition() {
    let text = "graph kink(x: f64[2]) -> (y: f64[2]) { y = abs(x) }
entry f(x: f64[2], margins: f64[2]) -> (y: f64[2]) { y = kink(x) + kink(margins) / x }";
    let entry = &module(text).entries[0];
    let Measured {
        entry: with,
        conditions,
        ..
    } = monitored(entry).unwrap();
    assert_eq!(conditions.len(), 2);
    let names: Vec<&str> = with
        .signature
        .results
        .iter()
        .map(|x| x.name.as_str())
        .collect();
    assert_eq!(names, ["y", "margins_", "violations"]);
    let inputs: [&[f64]; 2] = [&[3.0, -0.5], &[0.0, 2.0]];
    let all = run(&with.graph, &inputs);
    assert_eq!(numbers(&all[1]), [0.0, 0.5]);
    assert_eq!(numbers(&all[2]), [1.0, 0.0]);
    let (deep, _) = decompose_deeply(&entry.graph).unwrap();
    assert_eq!(numbers(&all[0]), numbers(&run(&deep, &inputs)[0]));
}
