//! Each family against values worked out by hand.

use super::super::*;
use crate::dtype::DType;
use crate::lang::example;
use crate::op::SPECS;
use crate::scalar::{Dual, Exact, Interval};
use crate::shape::Shape;

const NAN: f64 = f64::NAN;

/// An argument: floats, integers or truth values for the parameter's type.
enum Arg<'a> {
    F(&'a [f64]),
    I(&'a [i64]),
    B(&'a [bool]),
}
use Arg::{B, F, I};

fn tensors(graph: &Graph, arguments: &[Arg<'_>]) -> Vec<Tensor<f64>> {
    let types = graph.inputs().iter().map(|input| graph.ty(*input).clone());
    let tensor = |(ty, argument): (Type, &Arg<'_>)| match argument {
        F(x) => Tensor::numbers(ty, x.to_vec()),
        I(x) => Tensor::integers(ty, x.iter().copied()),
        B(x) => Tensor::masks(ty.shape, x.iter().copied()),
    };
    types.zip(arguments).map(tensor).collect()
}

fn run_all(text: &str, arguments: &[Arg<'_>]) -> Result<Vec<Tensor<f64>>, InterpretError> {
    let graph = example(text).unwrap().graph;
    let values = interpret(&graph, &(), &tensors(&graph, arguments))?;
    Ok(values.outputs().into_iter().cloned().collect())
}

fn run(text: &str, arguments: &[Arg<'_>]) -> Tensor<f64> {
    run_all(text, arguments).unwrap().remove(0)
}

fn floats(text: &str, arguments: &[Arg<'_>]) -> Vec<f64> {
    run(text, arguments).as_numbers().to_vec()
}

fn ints(text: &str, arguments: &[Arg<'_>]) -> Vec<i64> {
    let result = run(text, arguments);
    result
        .as_ints()
        .iter()
        .map(|int| int.value.unwrap())
        .collect()
}

fn truths(text: &str, arguments: &[Arg<'_>]) -> Vec<bool> {
    run(text, arguments).as_masks().to_vec()
}

#[test]
fn pointwise() {
    let x = [-2.0, 0.0, 3.0];
    assert_eq!(floats("(x: f32[3]) -> relu(x)", &[F(&x)]), [0.0, 0.0, 3.0]);
    assert_eq!(
        floats("(x: f32[3]) -> square(x) - 1", &[F(&x)]),
        [3.0, -1.0, 8.0]
    );
    assert_eq!(
        floats("(x: f32[3]) -> clamp(x, lo = -1, hi = 1)", &[F(&x)]),
        [-1.0, 0.0, 1.0]
    );
    assert_eq!(
        floats(
            "(x: f32[3], y: f32[3]) -> x / y",
            &[F(&x), F(&[2.0, 1.0, 0.0])]
        ),
        [-1.0, 0.0, f64::INFINITY]
    );
    assert_eq!(
        ints(
            "(x: i32[3], y: i32[3]) -> x / y",
            &[I(&[7, -7, 5]), I(&[2, 2, 0])]
        ),
        [3, -3, -1]
    );
    assert_eq!(
        ints("(x: u32[2]) -> x - 1", &[I(&[0, 5])]),
        [u32::MAX as i64, 4]
    );
}

#[test]
fn nan_goes_through_max_min_and_relu() {
    let (x, y) = ([NAN, 1.0, NAN], [1.0, NAN, NAN]);
    for text in [
        "(x: f32[3], y: f32[3]) -> max(x, y)",
        "(x: f32[3], y: f32[3]) -> min(x, y)",
        "(x: f32[3], y: f32[3]) -> relu(x) + clamp(y, lo = 0, hi = 1)",
    ] {
        let result = floats(text, &[F(&x), F(&y)]);
        assert!(result.iter().all(|y| y.is_nan()), "{text}: {result:?}");
    }
}

#[test]
fn discrete() {
    let x = [-1.5, -0.5, 0.5, 1.5, 2.5];
    assert_eq!(
        floats("(x: f32[5]) -> round(x)", &[F(&x)]),
        [-2.0, 0.0, 0.0, 2.0, 2.0]
    );
    assert_eq!(
        floats("(x: f32[5]) -> floor(x)", &[F(&x)]),
        [-2.0, -1.0, 0.0, 1.0, 2.0]
    );
    assert_eq!(
        floats("(x: f32[5]) -> sign(x)", &[F(&x)]),
        [-1.0, -1.0, 1.0, 1.0, 1.0]
    );
    assert_eq!(
        ints(
            "(x: i32[2], y: i32[2]) -> x << y",
            &[I(&[1, 1]), I(&[4, 32])]
        ),
        [16, 0]
    );
}

#[test]
fn truth_values() {
    let (x, y) = ([1.0, NAN, 3.0], [1.0, NAN, 2.0]);
    assert_eq!(
        truths("(x: f32[3], y: f32[3]) -> x == y", &[F(&x), F(&y)]),
        [true, false, false]
    );
    assert_eq!(
        truths("(x: f32[3], y: f32[3]) -> x != y", &[F(&x), F(&y)]),
        [false, true, true]
    );
    assert_eq!(
        truths("(x: f32[3], y: f32[3]) -> !(x <= y)", &[F(&x), F(&y)]),
        [false, true, true]
    );
    let (a, b) = ([true, true, false], [true, false, false]);
    assert_eq!(
        truths("(x: bool[3], y: bool[3]) -> x && y", &[B(&a), B(&b)]),
        [true, false, false]
    );
    assert_eq!(
        truths("(x: bool[3], y: bool[3]) -> x == y", &[B(&a), B(&b)]),
        [true, false, true]
    );
    let text = "(c: bool[3], x: bool[3], y: bool[3]) -> select(c, x, y)";
    assert_eq!(
        truths(text, &[B(&b), B(&a), B(&[true, true, false])]),
        [true, true, false]
    );
}

#[test]
fn selection_does_not_look_at_the_other_side() {
    let text = "(c: bool[2], x: f32[2], y: f32[2]) -> select(c, x, y)";
    let result = floats(text, &[B(&[true, false]), F(&[1.0, NAN]), F(&[NAN, 2.0])]);
    assert_eq!(result, [1.0, 2.0]);
}

#[test]
fn casts() {
    let x = [1.9, -1.9, NAN, 1e20];
    let as_ints = ints("(x: f32[4]) -> cast(x, dtype = i32)", &[F(&x)]);
    assert_eq!(as_ints, [1, -1, 0, i32::MAX as i64]);
    assert_eq!(
        truths(
            "(x: f32[4]) -> cast(x, dtype = bool)",
            &[F(&[0.0, -0.0, 2.0, NAN])]
        ),
        [false, false, true, true]
    );
    assert_eq!(
        floats("(x: bool[2]) -> cast(x, dtype = f32)", &[B(&[true, false])]),
        [1.0, 0.0]
    );
    assert_eq!(
        ints(
            "(x: i64[1]) -> cast(x, dtype = i32)",
            &[I(&[(1 << 32) + 5])]
        ),
        [5]
    );
    assert_eq!(
        floats("(x: f64[1]) -> cast(x, dtype = f32)", &[F(&[0.1])]),
        [0.1f32 as f64]
    );
}

#[test]
fn views() {
    let x = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let of = |text| floats(text, &[F(&x)]);
    assert_eq!(
        of("(x: f32[2, 3]) -> transpose(x, permutation = [1, 0])"),
        [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]
    );
    assert_eq!(
        of("(x: f32[2, 3]) -> reverse(x, axes = [1])"),
        [3.0, 2.0, 1.0, 6.0, 5.0, 4.0]
    );
    assert_eq!(
        of("(x: f32[2, 3]) -> slice(x, start = [0, 0], limit = [2, 3], step = [1, 2])"),
        [1.0, 3.0, 4.0, 6.0]
    );
    assert_eq!(
        floats(
            "(x: f32[2]) -> pad(x, low = [1], high = [-1], interior = [2], value = 9)",
            &[F(&[1.0, 2.0])]
        ),
        [9.0, 1.0, 9.0, 9.0]
    );
    assert_eq!(
        floats(
            "(x: f32[1], y: f32[2]) -> concat(x, y)",
            &[F(&[1.0]), F(&[2.0, 3.0])]
        ),
        [1.0, 2.0, 3.0]
    );
    assert_eq!(
        floats(
            "(x: f32[2]) -> broadcast_in_dim(x, shape = [2, 2], axes = [0])",
            &[F(&[1.0, 2.0])]
        ),
        [1.0, 1.0, 2.0, 2.0]
    );
}

#[test]
fn folds() {
    let x = [1.0, 5.0, 2.0, -4.0, 0.0, -6.0];
    let of = |text| floats(text, &[F(&x)]);
    assert_eq!(of("(x: f32[2, 3]) -> sum(x, axes = [1])"), [8.0, -10.0]);
    assert_eq!(of("(x: f32[2, 3]) -> sum(x)"), [-2.0]);
    assert_eq!(
        of("(x: f32[2, 3]) -> mean(x, axes = [0])"),
        [-1.5, 2.5, -2.0]
    );
    assert_eq!(
        of("(x: f32[2, 3]) -> reduce_max(x, axes = [1])"),
        [5.0, 0.0]
    );
    assert_eq!(
        of("(x: f32[3, 2]) -> reduce_min(x, axes = [0])"),
        [0.0, -6.0]
    );
    assert!(floats("(x: f32[3]) -> reduce_max(x)", &[F(&[1.0, NAN, 2.0])])[0].is_nan());
    assert_eq!(
        ints("(x: i32[3]) -> reduce_min(x)", &[I(&[4, -1, 3])]),
        [-1]
    );
}

#[test]
fn searches_take_the_first_winner_and_nan_wins() {
    let text = "(x: f32[4]) -> argmax(x, axis = 0)";
    assert_eq!(ints(text, &[F(&[1.0, 3.0, 3.0, 2.0])]), [1]);
    assert_eq!(ints(text, &[F(&[1.0, NAN, 3.0, NAN])]), [1]);
    assert_eq!(ints(text, &[F(&[2.0, 2.0, 2.0, 2.0])]), [0]);
    let text = "(x: f32[4]) -> argmin(x, axis = 0)";
    assert_eq!(ints(text, &[F(&[1.0, 0.0, 0.0, 2.0])]), [1]);
    assert_eq!(ints(text, &[F(&[1.0, 0.0, NAN, 2.0])]), [2]);
    let rows = "(x: i32[2, 2]) -> argmax(x, axis = 1, keepdims = true, dtype = i64)";
    let result = run(rows, &[I(&[1, 2, 4, 3])]);
    assert_eq!(result.ty, Type::new(DType::I64, Shape::new([2, 1])));
    assert_eq!(ints(rows, &[I(&[1, 2, 4, 3])]), [1, 0]);
}

#[test]
fn contractions() {
    let (x, y) = ([1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]);
    assert_eq!(
        floats("(x: f32[2, 2], y: f32[2, 2]) -> x @ y", &[F(&x), F(&y)]),
        [19.0, 22.0, 43.0, 50.0]
    );
    let text = "(x: f32[2, 2], y: f32[2, 2]) -> dot_general(x, y, x_contract = [1], y_contract = [1], x_batch = [0], y_batch = [0])";
    assert_eq!(floats(text, &[F(&x), F(&y)]), [17.0, 53.0]);
    let text = "(x: f32[2, 2], y: f32[2, 2]) -> dot_general(x, y, x_contract = [0, 1], y_contract = [1, 0])";
    assert_eq!(
        floats(text, &[F(&x), F(&y)]),
        [5.0 + 2.0 * 7.0 + 3.0 * 6.0 + 4.0 * 8.0]
    );
    assert_eq!(
        ints("(x: i32[2], y: i32[2]) -> x @ y", &[I(&[2, 3]), I(&[4, 5])]),
        [23]
    );
}

#[test]
fn indices() {
    let table = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let text = "(x: f32[3, 2], i: i32[2]) -> gather(x, i)";
    assert_eq!(floats(text, &[F(&table), I(&[2, 0])]), [5.0, 6.0, 1.0, 2.0]);
    let text = "(x: f32[2, 3], i: i32[2]) -> gather(x, i, axis = 1, batch = 1)";
    assert_eq!(floats(text, &[F(&table), I(&[2, 0])]), [3.0, 4.0]);
    let text = "(x: f32[3], i: i32[4], u: f32[4]) -> scatter_add(x, i, u)";
    let updates = [1.0, 2.0, 4.0, 8.0];
    assert_eq!(
        floats(
            text,
            &[F(&[10.0, 20.0, 30.0]), I(&[0, 2, 0, 2]), F(&updates)]
        ),
        [15.0, 20.0, 40.0]
    );
}

#[test]
fn the_first_index_out_of_range_is_reported() {
    let text = "(x: f32[3], i: i32[2, 2]) -> gather(x, i)";
    let error = run_all(text, &[F(&[0.0; 3]), I(&[0, 2, -1, 7])]).unwrap_err();
    assert_eq!(error.to_string(), "index -1 at position 2 is outside 0..3");
    let text = "(x: f32[3], i: i32[2], u: f32[2]) -> scatter_add(x, i, u)";
    let error = run_all(text, &[F(&[0.0; 3]), I(&[3, 9]), F(&[0.0; 2])]).unwrap_err();
    let InterpretError::IndexOutOfRange {
        position,
        index,
        extent,
        ..
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!((position, index, extent), (0, 3, 3));
}

#[test]
fn leaves() {
    assert_eq!(
        ints("() -> iota(shape = [2, 2], axis = 0)", &[]),
        [0, 0, 1, 1]
    );
    assert_eq!(
        floats("() -> full(value = 0.5, shape = [2])", &[]),
        [0.5, 0.5]
    );
    assert_eq!(
        floats("(x: f32[2]) -> x + [1, 2]", &[F(&[0.5, 0.5])]),
        [1.5, 2.5]
    );
}

#[test]
fn composites() {
    let text = "(x: f32[3]) -> softmax(x)";
    assert_eq!(
        floats(text, &[F(&[7.0, 7.0, f64::NEG_INFINITY])]),
        [0.5, 0.5, 0.0]
    );
    let text =
        "(p: f32[1], v: f32[1], g: f32[1], rate: f32[], mu: f32[]) -> momentum(p, v, g, rate, mu)";
    let results = run_all(
        text,
        &[F(&[10.0]), F(&[4.0]), F(&[1.0]), F(&[0.5]), F(&[0.25])],
    )
    .unwrap();
    let numbers: Vec<&[f64]> = results.iter().map(Tensor::as_numbers).collect();
    assert_eq!(numbers, [&[9.0], &[2.0]]);
    assert_eq!(
        floats("(i: i32[2]) -> one_hot(i, depth = 2)", &[I(&[1, 5])]),
        [0.0, 1.0, 0.0, 0.0]
    );
}

#[test]
fn extents_of_zero_and_ranks_of_zero() {
    assert_eq!(floats("(x: f32[0]) -> exp(x)", &[F(&[])]), [0.0; 0]);
    assert_eq!(
        floats("(x: f32[2, 0]) -> sum(x, axes = [1])", &[F(&[])]),
        [0.0, 0.0]
    );
    assert_eq!(
        floats("(x: f32[2, 0], y: f32[0, 1]) -> x @ y", &[F(&[]), F(&[])]),
        [0.0, 0.0]
    );
    assert_eq!(
        floats(
            "(x: f32[0, 3], y: f32[3, 2]) -> x @ y",
            &[F(&[]), F(&[0.0; 6])]
        ),
        [0.0; 0]
    );
    assert_eq!(
        floats("(x: f32[0], i: i32[0]) -> gather(x, i)", &[F(&[]), I(&[])]),
        [0.0; 0]
    );
    assert_eq!(
        floats("(x: f32[0]) -> pad(x, low = [1], high = [1])", &[F(&[])]),
        [0.0, 0.0]
    );
    let scalar = run("(x: f32[], y: f32[]) -> x * y", &[F(&[3.0]), F(&[4.0])]);
    assert_eq!(
        (scalar.ty.shape.rank(), scalar.as_numbers()),
        (0, &[12.0][..])
    );
    assert_eq!(floats("(x: f32[]) -> sum(x)", &[F(&[3.0])]), [3.0]);
}

#[test]
fn inputs_are_checked() {
    let graph = example("(x: f32[2]) -> exp(x)").unwrap().graph;
    let ty = graph.ty(graph.inputs()[0]).clone();
    for inputs in [vec![], vec![Tensor::<f64>::numbers(ty, vec![0.0])]] {
        let error = interpret(&graph, &(), &inputs).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("input 0 of the graph is f32[2], but"),
            "{error}"
        );
    }
}

#[test]
fn discrete_ops_cut_derivatives() {
    let graph = example("(x: f32[2]) -> x * stop_gradient(x)")
        .unwrap()
        .graph;
    let ty = graph.ty(graph.inputs()[0]).clone();
    let x = [3.0, 5.0].map(|x| Dual::varying(x, 1.0)).to_vec();
    let values = interpret::<Dual<f64>>(&graph, &(), &[Tensor::numbers(ty, x)]).unwrap();
    let slopes = values.outputs()[0]
        .as_numbers()
        .iter()
        .map(Dual::derivative);
    assert_eq!(slopes.collect::<Vec<f64>>(), [3.0, 5.0]);
}

/// The value in double precision lies in the enclosure, on every example of every op.
#[test]
fn enclosures_contain_the_values_of_every_op() {
    for text in SPECS.iter().flat_map(|spec| spec.examples) {
        let graph = example(text).unwrap().graph;
        let types: Vec<Type> = graph
            .inputs()
            .iter()
            .map(|input| graph.ty(*input).clone())
            .collect();
        let value = |at: usize| 0.375 + (at * 7 % 5) as f64 * 0.5;
        fn inputs<S: Scalar<World = ()>>(
            types: &[Type],
            number: &dyn Fn(&Type, usize) -> S,
        ) -> Vec<Tensor<S>> {
            let tensor = |ty: &Type| {
                let count = ty.elements() as usize;
                match ty.dtype {
                    DType::F16 | DType::Bf16 | DType::F32 | DType::F64 => {
                        Tensor::numbers(ty.clone(), (0..count).map(|at| number(ty, at)).collect())
                    }
                    DType::Bool => {
                        Tensor::masks(ty.shape.clone(), (0..count).map(|at| at % 2 == 0))
                    }
                    DType::I32 | DType::I64 | DType::U32 => {
                        Tensor::integers(ty.clone(), (0..count).map(|at| at as i64 % 2))
                    }
                }
            };
            types.iter().map(tensor).collect()
        }
        let values = interpret::<f64>(&graph, &(), &inputs(&types, &|_, at| value(at))).unwrap();
        let enclosing = |ty: &Type, at| Interval::point(ty.dtype, value(at));
        let enclosures = interpret::<Interval>(&graph, &(), &inputs(&types, &enclosing)).unwrap();
        for (value, enclosure) in values.outputs().iter().zip(enclosures.outputs()) {
            for (value, enclosure) in value.as_numbers().iter().zip(enclosure.as_numbers()) {
                assert!(
                    enclosure.contains(*value),
                    "{text}: {value} outside {enclosure:?}"
                );
            }
        }
        assert!(
            interpret::<Exact>(
                &graph,
                &(),
                &inputs(&types, &|_, at| Exact::rational(value(at) as i64 + 1, 2))
            )
            .is_ok()
        );
    }
}
