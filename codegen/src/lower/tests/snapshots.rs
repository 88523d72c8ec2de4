//! Printed programs, reviewed.

use super::*;
use lgc_ir::diag::Diagnostics;
use lgc_ir::lang::{Options, elaborate, parse};
use lgc_ir::span::SourceMap;

/// The program of the only entry of a text, after a check that it computes what the graph says.
fn program(text: &str) -> String {
    let mut sources = SourceMap::new();
    let file = sources.add("test", text.to_string()).unwrap();
    let mut diagnostics = Diagnostics::new();
    let ast = parse(file, text, &mut diagnostics);
    let module = elaborate(&ast, &Options::default(), &mut diagnostics);
    assert!(!diagnostics.has_errors(), "{}", diagnostics.plain(&sources));
    let entry = &module.entries[0];
    let signature = Signature::of(entry);
    check_with(&entry.graph, &signature, &samples(&entry.graph)).to_string()
}

macro_rules! snapshots {
    ($($name:ident: $text:expr;)+) => {$(
        #[test]
        fn $name() {
            insta::assert_snapshot!(program($text));
        }
    )+};
}

snapshots! {
    pointwise_chain: "entry f(x: f32[64, 32], b: f32[32]) -> (y: f32[64, 32]) { y = gelu(x * 2.0 + b) }";
    softmax: "entry f(x: f32[8, 100]) -> (y: f32[8, 100]) { y = softmax(x) }";
    layer_norm: "entry f(x: f32[8, 64], g: f32[64], b: f32[64]) -> (y: f32[8, 64]) { y = layer_norm(x, g, b) }";
    mlp: "entry f(x: f32[16, 64], w: f32[64, 32], b: f32[32], v: f32[32, 10], c: f32[10]) -> (y: f32[16, 10]) {
        y = relu(x @ w + b) @ v + c
    }";
    gather_and_check: "entry f(table: f32[10, 4], i: i32[3]) -> (y: f32[3, 4]) { y = gather(table, i) * 2.0 }";
    swap: "entry f(inout a: f32[4], inout b: f32[4]) { a' = b
        b' = a }";
    column_sum: "entry f(x: f32[100, 20]) -> (y: f32[20]) { y = sum(x, axes = [0]) }";
    training_step: "graph loss(x: f32[8, 6], labels: i32[8], w: f32[6, 12], b: f32[12], v: f32[12, 5]) -> (l: f32[]) {
        l = cross_entropy(relu(x @ w + b) @ v, labels)
    }
    entry step(x: f32[8, 6], labels: i32[8], lr: f32[], inout w: f32[6, 12], inout b: f32[12], inout v: f32[12, 5]) -> (l: f32[]) {
        (l, dw, db, dv) = value_and_grad(loss, wrt = [w, b, v], of = l)(x, labels, w, b, v)
        w' = w - lr * dw
        b' = b - lr * db
        v' = v - lr * dv
    }";
}
