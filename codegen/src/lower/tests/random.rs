//! Every example of the op table, and random graphs made of them, with their gradients.

use super::*;
use lgc_ir::autodiff::gradient;
use lgc_ir::generate::{CHOICES_PER_STEP, Generator};
use lgc_ir::lang::example;
use lgc_ir::op::SPECS;
use proptest::prelude::*;

#[test]
fn every_example_of_the_op_table_is_lowered() {
    let mut count = 0;
    for text in SPECS.iter().flat_map(|spec| spec.examples) {
        let entry = example(text).unwrap();
        check(&entry.graph);
        count += 1;
    }
    assert!(count >= SPECS.len() - 1, "only `input` has no example");
}

thread_local! {
    static GENERATOR: Generator = Generator::new();
}

fn graph_of(choices: &[u16]) -> Graph {
    GENERATOR.with(|generator| generator.graph(choices).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_graphs_are_lowered(choices in prop::collection::vec(any::<u16>(), 0..CHOICES_PER_STEP * 9)) {
        check(&graph_of(&choices));
    }

    #[test]
    fn their_gradients_are_lowered(choices in prop::collection::vec(any::<u16>(), 0..CHOICES_PER_STEP * 5)) {
        let graph = graph_of(&choices);
        let loss = graph.outputs().len() - 1;
        let wrt: Vec<usize> = (0..graph.inputs().len())
            .filter(|&at| graph.ty(graph.inputs()[at]).dtype.is_float())
            .collect();
        check(&gradient(&graph, loss, &wrt).unwrap());
    }
}
