//! Branches that are not taken: whatever stands in them, derivatives are exactly 0 there and unharmed
//! elsewhere, to second order and in both modes; where a condition is truly violated they are NaN.
//!
//! Each case runs compiled and in the reference interpreter, in both precisions.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use lgc_codegen::lower::{Signature, lower};
use lgc_codegen::target::Target;
use lgc_ir::autodiff::{jvp, vjp};
use lgc_ir::graph::Graph;
use lgc_ir::interpret::{Tensor, interpret};
use lgc_ir::rewrite::optimize;
use lgc_ir::scalar::Scalar;
use lgc_ir::shape::Type;
use support::{Compiled, whole};

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

/// A graph of one result, its inputs, and the gradients of the sum of its results by the first inputs.
struct Case {
    call: &'static str,
    inputs: &'static [&'static [f64]],
    gradients: &'static [&'static [f64]],
}

const fn case(
    call: &'static str,
    inputs: &'static [&'static [f64]],
    gradients: &'static [&'static [f64]],
) -> Case {
    Case {
        call,
        inputs,
        gradients,
    }
}

/// Gradients are finite at all of these, and so are second derivatives.
const TAKEN: &[Case] = &[
    case(
        "(x: f64[2], k: f64[2]) -> select(x > 0, 0 * x, x * k)",
        &[&[1.0, 2.0], &[INF, NAN]],
        &[&[0.0, 0.0], &[0.0, 0.0]],
    ),
    case(
        "(c: bool[3], b: f64[3], x: f64[3]) -> select(c, b * x, 1)",
        &[&[0.0, 0.0, 1.0], &[2.0, 2.0, 2.0], &[NAN, INF, 3.0]],
        &[&[0.0, 0.0, 3.0], &[0.0, 0.0, 2.0]],
    ),
    // A row of a softmax that is not taken, and one that is.
    case(
        "(c: bool[2, 2], a: f64[2, 2], m: f64[2, 2]) -> select(c, softmax(a * m), 0)",
        &[
            &[0.0, 0.0, 1.0, 1.0],
            &[1.0, 1.0, 1.0, 1.0],
            &[-INF, NAN, 1.0, 1.0],
        ],
        &[&[0.0; 4], &[0.0; 4]],
    ),
    // What a softmax is of is not taken.
    case(
        "(c: bool[3], a: f64[3], m: f64[3]) -> softmax(select(c, a * m, 0))",
        &[&[0.0, 1.0, 1.0], &[1.0, 1.0, 1.0], &[-INF, 1.0, 1.0]],
        &[&[0.0; 3], &[0.0; 3]],
    ),
    case(
        "(a: f64[3], m: f64[3], c: bool[3]) -> masked_softmax(a * m, c)",
        &[&[1.0, 1.0, 1.0], &[NAN, 1.0, 1.0], &[0.0, 1.0, 1.0]],
        &[&[0.0; 3], &[0.0; 3]],
    ),
    case(
        "(c: bool[2, 2], x: f64[2, 2], w: f64[2]) -> select(c, log_softmax(x * w), 0)",
        &[&[0.0, 0.0, 1.0, 1.0], &[INF, NAN, 1.0, 1.0], &[0.0, 0.0]],
        &[&[0.0; 4], &[0.0; 2]],
    ),
    // Rows and columns of a product.
    case(
        "(c: bool[2, 2], x: f64[2, 2], w: f64[2, 2]) -> select(c, x @ w, 0)",
        &[
            &[1.0, 0.0, 0.0, 0.0],
            &[1.0, 2.0, NAN, INF],
            &[3.0, INF, 4.0, NAN],
        ],
        &[&[3.0, 4.0, 0.0, 0.0], &[1.0, 0.0, 2.0, 0.0]],
    ),
    case(
        "(c: bool[2], x: f64[2, 2], w: f64[2, 2]) -> select(broadcast_in_dim(c, shape = [2, 2], axes = [0]), x @ (w * w), 0)",
        &[&[1.0, 0.0], &[1.0, 2.0, NAN, INF], &[1.0, 1.0, 1.0, 1.0]],
        &[&[2.0, 2.0, 0.0, 0.0], &[2.0, 2.0, 4.0, 4.0]],
    ),
    // A product that is not taken at all, of factors that are infinite.
    case(
        "(c: bool[], x: f64[2, 2], k: f64[2, 2], w: f64[2, 2]) -> select(broadcast_in_dim(c, shape = [2, 2], axes = []), (x * k) @ w, 1)",
        &[&[0.0], &[1.0; 4], &[INF; 4], &[NAN, INF, 0.0, 1.0]],
        &[&[0.0; 4], &[0.0; 4], &[0.0; 4]],
    ),
    // Sums, folds, broadcasts, views, gathers.
    case(
        "(c: bool[2], a: f64[2, 2], k: f64[2, 2]) -> select(c, sum(a * k, axes = [1]), 0)",
        &[&[0.0, 1.0], &[1.0; 4], &[INF, NAN, 2.0, 3.0]],
        &[&[0.0, 0.0, 2.0, 3.0], &[0.0, 0.0, 1.0, 1.0]],
    ),
    case(
        "(a: f64[3], k: f64[3]) -> reduce_max(a * k)",
        &[&[1.0, 1.0, 1.0], &[-INF, 2.0, -INF]],
        &[&[0.0, 2.0, 0.0], &[0.0, 1.0, 0.0]],
    ),
    case(
        "(c: bool[2, 3], s: f64[2], k: f64[2]) -> select(c, broadcast_in_dim(s * k, shape = [2, 3], axes = [0]), 0)",
        &[&[0.0, 0.0, 0.0, 1.0, 0.0, 1.0], &[1.0, 1.0], &[INF, 3.0]],
        &[&[0.0, 6.0], &[0.0, 2.0]],
    ),
    case(
        "(c: bool[2], a: f64[4], k: f64[4]) -> select(c, reshape(reverse(slice(transpose(reshape(a * k, shape = [2, 2]), permutation = [1, 0]), start = [0, 1], limit = [2, 2]), axes = [0]), shape = [2]), 0)",
        &[&[0.0, 1.0], &[1.0; 4], &[2.0, 3.0, 5.0, INF]],
        &[&[0.0, 0.0, 5.0, 0.0], &[0.0, 0.0, 1.0, 0.0]],
    ),
    case(
        "(c: bool[3], a: f64[3], k: f64[3], i: i32[3]) -> select(c, gather(a * k, i), 0)",
        &[
            &[0.0, 1.0, 1.0],
            &[1.0; 3],
            &[INF, 2.0, 3.0],
            &[0.0, 1.0, 1.0],
        ],
        &[&[0.0, 4.0, 0.0], &[0.0, 2.0, 0.0]],
    ),
    case(
        "(c: bool[3], a: f64[3], k: f64[3]) -> select(c, cumsum(a * k), 0)",
        &[&[1.0, 0.0, 0.0], &[1.0; 3], &[2.0, INF, NAN]],
        &[&[2.0, 0.0, 0.0], &[1.0, 0.0, 0.0]],
    ),
    case(
        "(c: bool[3], a: f64[3], k: f64[3]) -> select(c, linear_recurrence(a * k, a), 0)",
        &[&[1.0, 0.0, 0.0], &[1.0, 2.0, 3.0], &[2.0, INF, NAN]],
        &[&[1.0, 0.0, 0.0], &[0.0; 3]],
    ),
    // Norms: a row that is not taken spoils neither the others nor the parameters.
    case(
        "(c: bool[2], x: f64[2, 2], g: f64[2], b: f64[2]) -> select(broadcast_in_dim(c, shape = [2, 2], axes = [0]), layer_norm(x, g, b), 0)",
        &[
            &[0.0, 1.0],
            &[NAN, INF, 1.0, -1.0],
            &[1.0, 1.0],
            &[0.0, 0.0],
        ],
        &[
            &[0.0; 4],
            &[0.999995000037499, -0.999995000037499],
            &[1.0, 1.0],
        ],
    ),
    // Slopes that are literally 0.
    case(
        "(x: f64[2], k: f64[2]) -> relu(x * k) + clamp(x * k, lo = -1, hi = 1) + max(x * k, 0 * x)",
        &[&[-1.0, 2.0], &[INF, 2.0]],
        &[&[0.0, 4.0], &[0.0, 4.0]],
    ),
    case(
        "(x: f64[2]) -> select(x > 0, sqrt(x) + log(x) + 1 / x, x)",
        &[&[0.0, -4.0]],
        &[&[1.0, 1.0]],
    ),
    // A branch in a branch.
    case(
        "(c: bool[3], d: bool[3], x: f64[3], k: f64[3]) -> select(c, select(d, x * k, x), k * x)",
        &[
            &[1.0, 1.0, 0.0],
            &[1.0, 0.0, 1.0],
            &[1.0; 3],
            &[2.0, 3.0, 4.0],
        ],
        &[&[2.0, 1.0, 4.0], &[1.0, 0.0, 1.0]],
    ),
    case(
        "(x: f64[2]) -> select(x > 700, 0 * x, square(exp(x)) * x)",
        &[&[1000.0, 0.0]],
        &[&[0.0, 1.0]],
    ),
];

/// 0·∞ that no mask is about.
const VIOLATED: &[Case] = &[
    case("(x: f64[1]) -> square(sqrt(x))", &[&[0.0]], &[&[NAN]]),
    case("(x: f64[1]) -> exp(log(x))", &[&[0.0]], &[&[NAN]]),
    case(
        "(x: f64[1], k: f64[1], w: f64[1]) -> w * (x * k)",
        &[&[1.0], &[INF], &[0.0]],
        &[&[NAN], &[0.0], &[INF]],
    ),
    case(
        "(x: f64[2], w: f64[]) -> w * sqrt(sum(square(x)))",
        &[&[0.0, 0.0], &[0.0]],
        &[&[NAN, NAN], &[0.0]],
    ),
    case(
        "(a: f64[2], b: f64[2]) -> exp(-square(sqrt(sum(square(a - b)))))",
        &[&[1.0, 2.0], &[1.0, 2.0]],
        &[&[NAN, NAN], &[NAN, NAN]],
    ),
];

/// The graph, its inputs of floats, and its derivatives.
fn run(graph: &Graph, inputs: &[Vec<f64>]) -> [Vec<Vec<f64>>; 2] {
    let tensors: Vec<Tensor<f64>> = graph
        .inputs()
        .iter()
        .zip(inputs)
        .map(|(input, numbers)| tensor(graph.ty(*input), numbers))
        .collect();
    let values = interpret::<f64>(graph, &(), &tensors).unwrap();
    let interpreted = values.outputs().into_iter();
    let interpreted = interpreted.map(|x| x.as_numbers().to_vec()).collect();
    [Compiled::new(graph).run(inputs), interpreted]
}

fn tensor(ty: &Type, numbers: &[f64]) -> Tensor<f64> {
    if ty.dtype.is_float() {
        let cast = |x: &f64| Scalar::cast_float(x, ty.dtype);
        Tensor::numbers(ty.clone(), numbers.iter().map(cast).collect())
    } else if ty.dtype.is_integer() {
        Tensor::integers(ty.clone(), numbers.iter().map(|x| *x as i64))
    } else {
        Tensor::masks(ty.shape.clone(), numbers.iter().map(|x| *x != 0.0))
    }
}

fn is_close(actual: f64, wanted: f64) -> bool {
    actual == wanted
        || (actual.is_nan() && wanted.is_nan())
        || (actual - wanted).abs() <= 1e-5 * wanted.abs()
}

fn float_positions(graph: &Graph) -> Vec<usize> {
    let is_float = |at: &usize| graph.ty(graph.inputs()[*at]).dtype.is_float();
    (0..graph.inputs().len()).filter(is_float).collect()
}

fn check(case: &Case, call: &str, is_finite: bool) {
    let graph = whole(call, false);
    let floats = float_positions(&graph);
    let back = vjp(&graph, &floats).unwrap();
    let mut inputs: Vec<Vec<f64>> = case.inputs.iter().map(|x| x.to_vec()).collect();
    let ones = |graph: &Graph, at: usize| {
        let elements = graph.ty(graph.inputs()[at]).elements();
        vec![1.0; elements as usize]
    };
    inputs.push(ones(&back, inputs.len()));
    for outputs in run(&back, &inputs) {
        for (actual, wanted) in outputs[1..].iter().zip(case.gradients) {
            let same = actual.iter().zip(*wanted).all(|(x, y)| is_close(*x, *y));
            assert!(same, "{call}: {actual:?}, not {wanted:?}");
        }
    }
    if !is_finite {
        return;
    }
    // Forward mode, by the derivative along all inputs at once.
    let along = jvp(&graph, &floats).unwrap();
    let mut tangents = inputs[..case.inputs.len()].to_vec();
    tangents.extend(floats.iter().map(|at| ones(&graph, *at)));
    let sum = |rows: &[Vec<f64>]| rows.iter().flatten().sum::<f64>();
    let wanted = sum(&run(&back, &inputs)[0][1..]);
    for outputs in run(&along, &tangents) {
        let actual = sum(&outputs[1..]);
        assert!(
            is_close(actual, wanted) || (actual - wanted).abs() < 1e-6,
            "{call}: {actual} along, not {wanted}"
        );
    }
    // Second derivatives, forward over reverse and reverse over reverse.
    let forward = whole(call, true);
    let mut all = inputs.clone();
    all.extend(floats.iter().map(|at| ones(&graph, *at)));
    let by = float_positions(&back);
    let twice = vjp(&back, &by).unwrap();
    let mut both = inputs.clone();
    both.extend((inputs.len()..twice.inputs().len()).map(|at| ones(&twice, at)));
    for (second, inputs) in [(forward, all), (twice, both)] {
        for outputs in run(&second, &inputs) {
            let skipped = 1 + floats.len();
            let numbers = outputs[skipped..].iter().flatten();
            let bad = numbers.filter(|x| !x.is_finite()).count();
            assert_eq!(bad, 0, "{call}: {:?}", &outputs[skipped..]);
        }
    }
}

fn in_both_precisions(cases: &[Case], is_finite: bool) {
    for case in cases {
        check(case, case.call, is_finite);
        check(case, &case.call.replace("f64", "f32"), is_finite);
    }
}

#[test]
fn what_is_not_taken_has_a_gradient_of_zero() {
    in_both_precisions(TAKEN, true);
}

#[test]
fn zero_times_infinity_is_nan_where_a_condition_is_violated() {
    in_both_precisions(VIOLATED, false);
}

/// Where nothing chooses, the adjoint has no choices, and no product that is kept from infinities.
#[test]
fn masks_cost_nothing_where_nothing_chooses() {
    for call in [
        "(x: f32[4096], a: f32[], b: f32[]) -> sum(gelu(a * x + b) * sigmoid(x))",
        "(x: f32[4096], a: f32[], b: f32[]) -> sum(gelu(a * x + b, approximate = tanh) * silu(x))",
        "(x: f32[64, 64], w: f32[64, 64]) -> sum(log(1 + exp(softmax(x @ w))))",
    ] {
        let graph = whole(call, false);
        let (back, _, _) = optimize(&vjp(&graph, &[0]).unwrap(), true).unwrap();
        let names = back.nodes().map(|node| back.op(node).spec().name);
        let chooses =
            |name: &&str| ["select", "multiply_no_nan", "logical_and", "logical_or"].contains(name);
        assert_eq!(names.filter(chooses).count(), 0, "{call}");
        let lowering = lower(&back, &Signature::pure("d"), &Target::default()).unwrap();
        let program = lowering.program.to_string();
        let computes = |line: &&str| line.contains(" = ") && !line.contains(" = const ");
        println!(
            "{} statements: {call}",
            program.lines().filter(computes).count()
        );
    }
}

#[test]
fn derivatives_of_every_order_are_smooth_where_formulas_change() {
    let text = "
graph f(x: f64[]) -> (y: f64[]) { y = safe_log(x, eps = 0.5) }
graph slope(x: f64[]) -> (d: f64[]) { d = grad(f, wrt = x)(x) }
graph curvature(x: f64[]) -> (d: f64[]) { d = grad(slope, wrt = x)(x) }
entry third(x: f64[]) -> (d: f64[]) { d = grad(curvature, wrt = x)(x) }
";
    // With u = softplus + ε and s = sigmoid: (ln u)''' = s''/u − 3ss'/u² + 2s³/u³.
    let third = |x: f64| {
        let (s, u) = (1.0 / (1.0 + (-x).exp()), (1.0 + x.exp()).ln() + 0.5);
        let (first, second) = (s * (1.0 - s), s * (1.0 - s) * (1.0 - 2.0 * s));
        second / u - 3.0 * s * first / (u * u) + 2.0 * s.powi(3) / u.powi(3)
    };
    let compiled = Compiled::new(&whole(text, false));
    for x in [-1.0, 0.0, 2.0] {
        let found = compiled.run(&[vec![x]])[0][0];
        assert!(
            (found - third(x)).abs() < 1e-14,
            "at {x}: {found}, not {}",
            third(x)
        );
    }
}
