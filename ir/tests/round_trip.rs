//! Random graphs, their derivatives and what the passes make of them survive the trip through text,
//! and long ones do so in linear time.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use lgc_ir::autodiff;
use lgc_ir::builder::Builder;
use lgc_ir::dtype::DType;
use lgc_ir::generate::{CHOICES_PER_STEP, Generator};
use lgc_ir::graph::Graph;
use lgc_ir::lang::print_entry;
use lgc_ir::module::{Entry, Module, Param, Signature, Tree};
use lgc_ir::op::{Input, Relu};
use lgc_ir::rewrite::optimize;
use lgc_ir::shape::{Shape, Type};
use lgc_ir::span::Span;
use proptest::prelude::*;
use std::time::{Duration, Instant};
use support::{module, round_trip};

/// The graph as an entry: `x0`, `x1` … to `y0`, `y1` …
fn entry(graph: Graph) -> Entry {
    let param = |prefix: &str, index: usize, ty: &Type| Param {
        name: format!("{prefix}{index}"),
        doc: Vec::new(),
        inout: false,
        tree: Tree::Leaf(ty.clone()),
    };
    let inputs = graph.inputs().iter().enumerate();
    let params = inputs.map(|(at, input)| param("x", at, graph.ty(*input)));
    let outputs = graph.outputs().iter().enumerate();
    let results = outputs.map(|(at, output)| param("y", at, graph.ty(output.value)));
    let signature = Signature {
        params: params.collect(),
        results: results.collect(),
    };
    let outputs = graph.outputs().to_vec().into_iter().zip(&signature.results);
    let outputs = outputs.map(|(mut output, result)| {
        output.name.clone_from(&result.name);
        output
    });
    let outputs = outputs.collect();
    let mut graph = graph;
    graph.set_outputs(outputs);
    Entry {
        name: "random".to_string(),
        doc: Vec::new(),
        signature,
        graph,
        hypotheses: None,
        span: Span::SYNTHETIC,
    }
}

fn check(graph: Graph) {
    round_trip(&Module {
        entries: vec![entry(graph)],
        ..Module::default()
    });
}

#[test]
fn random_graphs() {
    let generator = Generator::new();
    let choices = prop::collection::vec(any::<u16>(), 0..10 * CHOICES_PER_STEP);
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(30)
    };
    proptest!(config, |(choices in choices)| {
        let graph = generator.graph(&choices).unwrap();
        let inputs = graph.inputs().iter().enumerate();
        let floats = inputs.filter(|(_, input)| graph.ty(**input).dtype.is_float());
        let floats: Vec<usize> = floats.map(|(at, _)| at).collect();
        check(autodiff::vjp(&graph, &floats).unwrap());
        check(autodiff::jvp(&graph, &floats).unwrap());
        check(optimize(&graph, true).unwrap().0);
        check(graph);
    });
}

/// A chain with fan-out, of `length` nodes.
fn chain(length: usize) -> Graph {
    let b = Builder::new(Graph::new(), Span::SYNTHETIC);
    let input = Input {
        dtype: DType::F32,
        shape: Shape::new([8]),
    };
    let x = b.apply(input, &[]).unwrap();
    let mut values = vec![x];
    for at in 1..length {
        let (last, other) = (values[at - 1], values[at / 2]);
        values.push(match at % 3 {
            0 => b.apply(Relu {}, &[last]).unwrap(),
            1 => b.add(last, other).unwrap(),
            _ => b.mul(last, other).unwrap(),
        });
    }
    b.edit(|graph| graph.add_output("y0", values[length - 1]));
    b.finish()
}

fn time(entry: &Entry, work: &dyn Fn(&Entry)) -> Duration {
    let start = Instant::now();
    work(entry);
    start.elapsed()
}

#[test]
fn time_to_print_and_to_read_grows_linearly() {
    let (short, long) = (entry(chain(2_000)), entry(chain(16_000)));
    let print = |entry: &Entry| drop(print_entry(entry));
    let read = |entry: &Entry| drop(module(&print_entry(entry)));
    for work in [&print as &dyn Fn(&Entry), &read] {
        // Eight times the nodes; anything quadratic takes sixty-four times as long. The best of some
        // attempts, since other processes may be in the way.
        let ratio = || time(&long, work).as_secs_f64() / time(&short, work).as_secs_f64();
        let best = (0..5).map(|_| ratio()).find(|ratio| *ratio < 24.0);
        assert!(best.is_some(), "time does not grow linearly");
    }
}

#[test]
fn names_of_many_equal_values_stay_cheap() {
    let b = Builder::new(chain(20_000), Span::SYNTHETIC);
    b.edit(|graph| graph.nodes().for_each(|node| graph.set_name(node, "h")));
    let entry = entry(b.finish());
    assert!(time(&entry, &|entry| drop(print_entry(entry))) < Duration::from_secs(20));
}
