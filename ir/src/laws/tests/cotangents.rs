//! Cotangents and tangents of values inside a graph, against graphs that are split there.

use crate::autodiff::{self, Derived};
use crate::generate::{CHOICES_PER_STEP, Generator};
use crate::graph::{Graph, Output, Value, Values};
use crate::lang::example;
use crate::laws::derivatives::input_types;
use crate::laws::domain::Domain;
use crate::laws::point::{Point, Random};
use crate::laws::rules::outputs;
use crate::op::Input;
use crate::scalar::Exact;
use crate::shape::Type;
use crate::span::Span;
use proptest::prelude::*;

/// The graph with one more input, which all that reads `at` reads instead.
pub(super) fn split(graph: &Graph, at: Value) -> Graph {
    let mut new = Graph::like(graph);
    let mut map: Vec<Values> = Vec::new();
    let mut copies = Vec::new();
    for node in graph.nodes() {
        let operands: Values = graph
            .operands(node)
            .iter()
            .map(|v| map[v.node.index()][v.result as usize])
            .collect();
        let copy = new.copy_node(graph, node, &operands).unwrap();
        map.push(new.results(copy));
        if node == at.node {
            let ty = graph.ty(at).clone();
            copies.push(
                new.push(
                    Input {
                        dtype: ty.dtype,
                        shape: ty.shape,
                    },
                    &[],
                    Span::SYNTHETIC,
                )
                .unwrap(),
            );
            map[node.index()][at.result as usize] = Value {
                node: copies[0],
                result: 0,
            };
        }
    }
    for Output { name, value } in graph.outputs() {
        new.add_output(name.clone(), map[value.node.index()][value.result as usize]);
    }
    new
}

/// Whether two lists of floats are the same wherever both are defined; how many are.
pub(super) fn same(x: &[Exact], y: &[Exact]) -> usize {
    assert_eq!(x.len(), y.len());
    let both = x.iter().zip(y).filter(|(x, y)| x.0.is_ok() && y.0.is_ok());
    both.map(|(x, y)| assert_eq!(x, y)).count()
}

/// Compares the cotangent of a value, and the effect of its tangent, with those of the split graph.
/// How many numbers were compared.
fn check(graph: &Graph, at: Value, seed: u64) -> usize {
    let graph = &graph.clone().with_exact_constants();
    let mut random = Random(seed);
    let Ok(point) = Domain::of(graph).unwrap().draw::<Exact>(&mut random) else {
        return 0;
    };
    let ty = graph.ty(at).clone();
    let float = |ty: &&Type| ty.dtype.is_float();
    let targets: Vec<Type> = graph
        .outputs()
        .iter()
        .map(|o| graph.ty(o.value))
        .filter(float)
        .cloned()
        .collect();
    let (ct, tangent) = (
        Point::direction(&targets, &mut random),
        Point::direction(&[ty], &mut random),
    );
    let x = point.tensors::<Exact>();

    // The split graph's input number `inner` takes what the whole graph computes there.
    let mut seen = graph.clone();
    seen.add_output("at", at);
    let value = outputs::<Exact>(&seen, &x).unwrap().pop().unwrap();
    let apart = split(graph, at);
    let inner = graph
        .inputs()
        .iter()
        .filter(|input| input.node <= at.node)
        .count();
    let with = |extra: &Point| {
        let mut all = x.clone();
        all.insert(inner, value.clone());
        all.extend(extra.tensors());
        all
    };
    let directed = |extra: &Point| point.with(extra).tensors::<Exact>();

    let whole: Derived = autodiff::vjp_of(graph, &[at]).unwrap();
    let cotangent = outputs::<Exact>(&whole.graph, &directed(&ct))
        .unwrap()
        .pop()
        .unwrap();
    let expected = outputs::<Exact>(&autodiff::vjp(&apart, &[inner]).unwrap(), &with(&ct))
        .unwrap()
        .pop()
        .unwrap();
    let mut compared = same(cotangent.as_numbers(), expected.as_numbers());

    let whole = autodiff::jvp_of(graph, &[at]).unwrap();
    let along = outputs::<Exact>(&whole.graph, &directed(&tangent)).unwrap();
    let expected =
        outputs::<Exact>(&autodiff::jvp(&apart, &[inner]).unwrap(), &with(&tangent)).unwrap();
    for (x, y) in along.iter().zip(&expected).skip(graph.outputs().len()) {
        compared += same(x.as_numbers(), y.as_numbers());
    }
    compared
}

pub(super) fn floats(graph: &Graph) -> Vec<Value> {
    let values = graph.nodes().flat_map(|node| graph.results(node));
    values
        .filter(|value| graph.ty(*value).dtype.is_float())
        .collect()
}

#[test]
fn every_value_of_some_graphs() {
    for text in [
        "(x: f32[3], w: f32[3]) -> tanh(w * x) * x + square(tanh(w * x))",
        "(x: f32[2, 3], y: f32[3, 2]) -> softmax(x @ y) @ x",
        "(p: f32[2], v: f32[2], g: f32[2], r: f32[], m: f32[]) -> momentum(p, v, g, r, m)",
        "(x: f32[4, 2], indices: i32[3]) -> mean(gather(exp(x), indices), axes = [0])",
        "(x: f32[2, 3], labels: i32[2]) -> cross_entropy(x * x, labels)",
    ] {
        let graph = example(text).unwrap().graph;
        for at in floats(&graph) {
            assert!(check(&graph, at, 3) > 0, "{text}");
        }
    }
}

#[test]
fn a_value_without_a_path_has_no_cotangent() {
    let graph = example("(x: f32[3]) -> stop_gradient(exp(x)) * x")
        .unwrap()
        .graph;
    let exp = floats(&graph)[1];
    let derived = autodiff::vjp_of(&graph, &[exp]).unwrap().graph;
    let mut inputs = Point::direction(&input_types(&derived), &mut Random(1)).tensors::<Exact>();
    inputs.truncate(2);
    let cotangent = outputs::<Exact>(&derived, &inputs).unwrap().pop().unwrap();
    assert!(
        cotangent
            .as_numbers()
            .iter()
            .all(|x| *x == Exact::integer(0))
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn values_of_random_graphs(
        choices in prop::collection::vec(any::<u16>(), CHOICES_PER_STEP..4 * CHOICES_PER_STEP),
        pick in any::<prop::sample::Index>(),
        seed in any::<u64>(),
    ) {
        let graph = Generator::new().graph(&choices).unwrap();
        let values = floats(&graph);
        check(&graph, values[pick.index(values.len())], seed);
    }
}
