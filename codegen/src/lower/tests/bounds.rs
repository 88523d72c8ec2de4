//! Static bounds of integers against what the reference interpreter computes.

use crate::lower::analysis::bounds::bounds;
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

/// What is wrong about the bounds of a graph, if something is.
fn violation(graph: &Graph, draws: &[i64]) -> Option<String> {
    let values = trace::<f64>(graph, &(), &inputs(graph, draws)).ok()?;
    for (node, known) in graph.nodes().zip(bounds(graph)) {
        let value = Value { node, result: 0 };
        let name = graph.op(node).spec().name;
        let elements = values.value(value)?.as_ints().iter();
        for x in elements.filter_map(|x| x.value.ok()) {
            let Some((low, high)) = known else {
                return Some(format!("the integers of {name} have no bounds"));
            };
            if !(low..=high).contains(&x) {
                return Some(format!("{x} of {name} is not in {low}..={high}"));
            }
        }
    }
    None
}

#[test]
fn bounds_of_each_example_of_each_op_contain_what_is_computed() {
    let generator = Generator::new();
    for template in 0..generator.len() as u16 {
        let graph = generator.graph(&[template, 0, 1, 2, 3, 1]).unwrap();
        for draws in [[0, 1, 5, 1], [1, 0, 3, 7], [2, 12, 22, -3]] {
            assert_eq!(violation(&graph, &draws), None, "{graph:?}");
        }
    }
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
        let wrong = violation(&graph, &draws);
        prop_assert!(wrong.is_none(), "{wrong:?}:\n{graph:?}");
    }
}
