//! Gradients of convolutions with strides, against the reference interpreter.
//!
//! They read their cotangents through windows with gaps, which lowering leaves out: results of one residue modulo the
//! stride have loops of their own, over the taps that they meet. So extents, strides, dilations and paddings are gone
//! through that leave classes empty, uneven, without taps, or with taps in steps. Inputs are small integers, of which all
//! sums are exact: results must be equal.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use lgc_ir::graph::Graph;
use lgc_ir::interpret::{Tensor, interpret};
use lgc_ir::shape::Type;
use support::{Compiled, whole};

/// Small integers, others in each tensor.
fn sample(seed: usize, ty: &Type) -> Vec<f64> {
    let element = |at: u64| ((at * 7 + seed as u64 * 5 + at / 11) % 9) as f64 - 4.0;
    (0..ty.shape.elements()).map(element).collect()
}

/// The results of compiled code and of the interpreter.
fn both(graph: &Graph) -> [Vec<Vec<f64>>; 2] {
    let types = graph.inputs().iter().map(|input| graph.ty(*input).clone());
    let types: Vec<Type> = types.collect();
    let inputs: Vec<Vec<f64>> = types
        .iter()
        .enumerate()
        .map(|(at, ty)| sample(at, ty))
        .collect();
    let tensors = types.iter().zip(&inputs);
    let tensors: Vec<Tensor<f64>> = tensors
        .map(|(ty, numbers)| Tensor::numbers(ty.clone(), numbers.clone()))
        .collect();
    let values = interpret::<f64>(graph, &(), &tensors).unwrap();
    let interpreted = values.outputs().into_iter();
    let interpreted = interpreted.map(|x| x.as_numbers().to_vec()).collect();
    [Compiled::new(graph).run(&inputs), interpreted]
}

#[track_caller]
fn compare(text: &str) {
    let [compiled, interpreted] = both(&whole(text, true));
    assert_eq!(compiled, interpreted, "{text}");
}

#[test]
fn strides_dilations_and_paddings_along_both_axes() {
    for stride in [1, 2, 3, 4, 5] {
        for (dilation, padding) in [(1, 0), (1, 1), (2, 1), (3, 2)] {
            for (x, taps) in [([9, 12], [3, 3]), ([13, 11], [2, 4]), ([10, 16], [1, 2])] {
                let ([a, b], [k, l]) = (x, taps);
                compare(&format!(
                    "(x: f32[2, 3, {a}, {b}], w: f32[8, 3, {k}, {l}]) -> \
                     conv(x, w, stride = {stride}, dilation = {dilation}, padding = {padding})"
                ));
            }
        }
    }
}

/// Where strides differ along the axes, where channels are in groups, and where there are more taps and channels than are
/// added in one chain.
#[test]
fn uneven_strides_groups_and_long_chains() {
    for text in [
        "(x: f32[1, 2, 9, 16], w: f32[4, 2, 3, 3]) -> conv(x, w, stride = [3, 1], padding = 1)",
        "(x: f32[1, 2, 9, 16], w: f32[4, 2, 3, 3]) -> conv(x, w, stride = [2, 4], padding = [0, 1, 2, 0])",
        "(x: f32[1, 4, 8, 16], w: f32[8, 2, 3, 3]) -> conv(x, w, stride = 2, groups = 2)",
        "(x: f32[1, 3, 8, 16], w: f32[3, 1, 3, 3]) -> conv(x, w, stride = 2, groups = 3)",
        "(x: f32[1, 2, 8, 16], w: f32[130, 2, 3, 3]) -> conv(x, w, stride = 2, padding = 1)",
        "(x: f32[1, 2, 30, 40], w: f32[4, 2, 29, 31]) -> conv(x, w, stride = [2, 3], padding = 4)",
        "(x: f32[2, 2, 40], w: f32[4, 2, 5]) -> conv(x, w, stride = 2)",
        "(x: f32[1, 2, 5, 6, 16], w: f32[4, 2, 2, 3, 2]) -> conv(x, w, stride = [2, 3, 1])",
    ] {
        compare(text);
    }
}
