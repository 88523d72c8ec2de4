//! Slopes where a function has a left and a right one, as `docs/differences.md` promises them: stated here by
//! hand, so that neither the table of ops nor another system decides what the test expects.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

use lgc_ir::autodiff::gradient;
use lgc_ir::dtype::DType;
use lgc_ir::interpret::{Tensor, interpret};
use lgc_ir::lang::example;
use lgc_ir::rewrite::optimize;
use lgc_ir::shape::{Shape, Type};

/// The gradient of the sum of an expression of `x: f64[3]`, before and after simplification.
fn slopes(expression: &str, x: [f64; 3]) -> Vec<f64> {
    let text = format!("(x: f64[3]) -> sum({expression})");
    let graph = example(&text).unwrap().graph;
    let derived = gradient(&graph, 0, &[0]).unwrap();
    let (simplified, _, _) = optimize(&derived, true).unwrap();
    let input = [Tensor::numbers(
        Type::new(DType::F64, Shape::new([3])),
        x.to_vec(),
    )];
    let of = |graph: &lgc_ir::graph::Graph| {
        let values = interpret::<f64>(graph, &(), &input).unwrap();
        let outputs = values.outputs();
        outputs.last().unwrap().as_numbers().to_vec()
    };
    assert_eq!(of(&derived), of(&simplified), "{text}");
    of(&derived)
}

#[test]
fn slopes_at_kinks_are_those_that_are_documented() {
    let cases: [(&str, [f64; 3], [f64; 3]); 14] = [
        ("relu(x)", [-1.0, 0.0, 1.0], [0.0, 0.0, 1.0]),
        ("relu(x)", [-0.0, 0.0, 1e-300], [0.0, 0.0, 1.0]),
        ("abs(x)", [-1.0, 0.0, 1.0], [-1.0, 0.0, 1.0]),
        (
            "leaky_relu(x, slope = 0.25)",
            [-1.0, 0.0, 1.0],
            [0.25, 0.25, 1.0],
        ),
        (
            "leaky_relu(x, slope = 0.25)",
            [-0.0, 0.0, 1e-300],
            [0.25, 0.25, 1.0],
        ),
        ("elu(x, alpha = 0.5)", [0.0, 1.0, 2.0], [0.5, 1.0, 1.0]),
        (
            "clamp(x, lo = -1, hi = 1)",
            [-1.0, 0.0, 1.0],
            [0.0, 1.0, 0.0],
        ),
        ("max(x, 0 * x)", [-1.0, 0.0, 1.0], [0.0, 0.5, 1.0]),
        ("min(x, 0 * x)", [-1.0, 0.0, 1.0], [1.0, 0.5, 0.0]),
        ("floor(x)", [-1.0, 0.0, 1.5], [0.0, 0.0, 0.0]),
        ("sign(x)", [-1.0, 0.0, 1.0], [0.0, 0.0, 0.0]),
        ("select(x > 0, x, 3 * x)", [-1.0, 0.0, 1.0], [3.0, 3.0, 1.0]),
        // A slope of 0 within a branch, and a branch that is not taken within a slope.
        (
            "select(x > -0.5, relu(x), 3 * x)",
            [-1.0, -0.25, 1.0],
            [3.0, 0.0, 1.0],
        ),
        (
            "relu(select(x > -0.5, x, 3 * x)) + select(x < 2, abs(x), x)",
            [-1.0, -0.25, 1.0],
            [-1.0, -1.0, 2.0],
        ),
    ];
    for (expression, x, expected) in cases {
        assert_eq!(slopes(expression, x), expected, "{expression} at {x:?}");
    }
}
