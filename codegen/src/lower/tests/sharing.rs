//! Costly functions are computed once, however the rules of ops and of their derivatives write them.

use super::*;
use crate::kernel::{Op, Stmt};
use lgc_ir::autodiff::vjp;
use lgc_ir::lang::example;
use lgc_ir::rewrite::optimize;
use lgc_ir::scalar::Unary;

/// The functions in the kernels of an example, with the cotangents of its inputs if wanted.
fn functions(text: &str, derivative: bool) -> Vec<&'static str> {
    let graph = example(text).unwrap().graph;
    let graph = match derivative {
        true => vjp(&graph, &(0..graph.inputs().len()).collect::<Vec<_>>()).unwrap(),
        false => graph,
    };
    let (graph, _, _) = optimize(&graph, true).unwrap();
    let lowering = lower(&graph, &Signature::pure("f"), &Target::default()).unwrap();
    let mut names = Vec::new();
    for kernel in &lowering.program.kernels {
        kernel.body.visit(&mut |stmt| {
            if let Stmt::Compute {
                op: Op::Unary(function @ (Unary::Exp | Unary::Log | Unary::Log1p), _),
                ..
            } = stmt
            {
                names.push(function.name());
            }
        });
    }
    names.sort_unstable();
    names
}

/// The constants of the rule are those of the graph that the derivative is, once both are rounded.
#[test]
fn gelu_and_its_derivative_share_the_exponential() {
    for dtype in ["f32", "f64"] {
        let text =
            format!("(x: {dtype}[64, 16], w: {dtype}[16, 8]) -> gelu(x @ w, approximate = tanh)");
        assert_eq!(functions(&text, true), ["exp"], "{dtype}");
    }
}

#[test]
fn one_branch_of_softplus_is_computed() {
    let once = ["exp", "log1p"];
    assert_eq!(functions("(x: f32[64]) -> softplus(x)", false), once);
    let both = "(x: f32[64]) -> softplus(x) + softplus(-x)";
    assert_eq!(functions(both, false), once);
    let loss = "(x: f32[64], t: f32[64]) -> bce_with_logits(x, t)";
    assert_eq!(functions(loss, false), once);
    let log = "(x: f32[64]) -> safe_log(x)";
    assert_eq!(functions(log, false), ["exp", "log", "log1p"]);
}
