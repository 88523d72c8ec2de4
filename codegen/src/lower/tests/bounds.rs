//! Static bounds of integers against what the reference interpreter computes.

use super::super::bounds::bounds;
use lgc_ir::dtype::DType;
use lgc_ir::generate::{CHOICES_PER_STEP, Generator, sample_inputs};
use lgc_ir::graph::{Graph, Value};
use lgc_ir::interpret::{Tensor, trace};
use proptest::prelude::*;

thread_local! {
    static GENERATOR: Generator = Generator::new();
}

/// Inputs whose integers are drawn from the whole range of their dtype, its ends among them.
fn inputs(graph: &Graph, draws: &[i64]) -> Vec<Tensor<f64>> {
    let mut inputs = sample_inputs(graph, |_, x| x);
    let mut draws = draws.iter().copied().cycle();
    for (tensor, input) in inputs.iter_mut().zip(graph.inputs()) {
        let ty = graph.ty(*input).clone();
        let Some((low, high)) = ty.dtype.integer_range() else {
            continue;
        };
        let count = ty.elements() as usize;
        let elements: Vec<i64> = draws
            .by_ref()
            .take(count)
            .map(|draw| match draw % 5 {
                0 => low,
                1 => high,
                2 => (draw / 5) % 9 - 4,
                _ => draw,
            })
            .map(|x| match ty.dtype {
                DType::I32 => i64::from(x as i32),
                DType::U32 => i64::from(x as u32),
                DType::I64 | DType::Bool | DType::F16 | DType::Bf16 | DType::F32 | DType::F64 => x,
            })
            .collect();
        *tensor = Tensor::integers(ty, elements);
    }
    inputs
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// An index that is never checked, since its bounds are within the axis, never is outside.
    #[test]
    fn bounds_contain_what_is_computed(
        choices in prop::collection::vec(any::<u16>(), 0..CHOICES_PER_STEP * 8),
        draws in prop::collection::vec(any::<i64>(), 1..16),
    ) {
        let graph = GENERATOR.with(|generator| generator.graph(&choices).unwrap());
        let Ok(values) = trace::<f64>(&graph, &(), &inputs(&graph, &draws)) else {
            return Ok(());
        };
        for (node, known) in graph.nodes().zip(bounds(&graph)) {
            let value = Value { node, result: 0 };
            let Some((low, high)) = known else {
                prop_assert!(!graph.ty(value).dtype.is_integer());
                continue;
            };
            let elements = values.value(value).unwrap().as_ints().iter();
            for x in elements.filter_map(|x| x.value.ok()) {
                prop_assert!(
                    (low..=high).contains(&x),
                    "{x} is not between {low} and {high}, the bounds of {}:\n{graph:?}",
                    graph.op(node).spec().name
                );
            }
        }
    }
}
