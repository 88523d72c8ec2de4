//! Where values lie, and where they must not be said to lie.

use super::*;
use crate::generate::{CHOICES_PER_STEP, Generator, sample_inputs};
use crate::interpret::{Tensor, trace};
use crate::laws::Enclosed;
use crate::scalar::Interval;
use proptest::prelude::*;

thread_local! {
    static GENERATOR: Generator = Generator::new();
}

/// Whether a real number, of which an enclosure is known, may be one of a set.
fn admits(set: &Set, x: &Interval) -> bool {
    x.is_anything() || !set.is_apart(&Range::between(x.low, x.high).into())
}

/// Each value of a graph, with where it is said to lie, must admit what is computed of some inputs.
fn check(graph: &Graph, inputs: &[Tensor<Enclosed>]) -> Result<(), TestCaseError> {
    let Ok(values) = trace::<Enclosed>(graph, &(), inputs) else {
        return Ok(());
    };
    let ranges = Ranges::of(graph);
    for value in graph.nodes().flat_map(|node| graph.results(node)) {
        let (set, tensor) = (ranges.set(value), values.value(value).unwrap());
        let numbers = tensor.as_numbers().iter().map(|x| x.0);
        let ints = tensor.as_ints().iter().filter_map(|x| x.value.ok());
        for x in numbers.chain(ints.map(|x| Interval::point(DType::F64, x as f64))) {
            prop_assert!(
                admits(&set, &x),
                "{x:?} is not in {set:?}, which {} is said to be in:\n{graph:?}",
                graph.op(value.node).spec().name
            );
        }
    }
    Ok(())
}

/// Expressions in x and y: sums and multiples, of which terms cancel, and guards against poles.
fn expressions() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("x".to_string()),
        Just("y".to_string()),
        (-4i32..=4).prop_map(|n| format!("({n} + 0 * x)")),
    ];
    leaf.prop_recursive(5, 24, 3, |inner| {
        let (one, two) = (inner.clone(), (inner.clone(), inner.clone()));
        let three = (inner.clone(), inner.clone(), inner);
        let functions = [
            "abs",
            "square",
            "exp",
            "tanh",
            "relu",
            "sqrt",
            "log",
            "reciprocal",
            "stop_gradient",
        ];
        let operators = ["+", "-", "*", "/"];
        let relations = [">", "<", ">=", "<=", "==", "!="];
        let negated = one.clone().prop_map(|x| format!("(-{x})"));
        let scaled = (one.clone(), prop::sample::select(vec![0.5, -0.9, 0.3, 2.0]));
        prop_oneof![
            negated,
            scaled.prop_map(|(x, factor)| format!("({factor} * {x})")),
            (one, prop::sample::select(functions.to_vec()))
                .prop_map(|(x, function)| format!("{function}({x})")),
            (two.clone(), prop::sample::select(operators.to_vec()))
                .prop_map(|((x, y), operator)| format!("({x} {operator} {y})")),
            (two.clone(), prop::sample::select(vec!["max", "min"]))
                .prop_map(|((x, y), function)| format!("{function}({x}, {y})")),
            (three, prop::sample::select(relations.to_vec()))
                .prop_map(|((x, y, z), relation)| format!("select({x} {relation} {y}, {x}, {z})")),
            (two, prop::sample::select(relations.to_vec())).prop_map(|((x, y), relation)| format!(
                "select(abs({x}) {relation} 0.5, {x}, {y})"
            )),
        ]
    })
}

/// An end, or a number between.
fn place((low, high): (f64, f64), at: u8) -> f64 {
    match at {
        0 => low,
        1 => high,
        // Where guards part.
        2 => 0.0f64.clamp(low, high),
        at => low + (high - low) * f64::from(at) / 255.0,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the analysis says of a value holds of what the reals give, in every node.
    #[test]
    fn ranges_of_random_graphs_contain_what_is_computed(
        choices in prop::collection::vec(any::<u16>(), 0..CHOICES_PER_STEP * 6),
        spread in -3.0f64..3.0,
    ) {
        let graph = GENERATOR.with(|generator| generator.graph(&choices).unwrap());
        let exactly = |x: f64| Interval { low: x, high: x, dtype: DType::F64 };
        let inputs = sample_inputs(&graph, |dtype, x| Enclosed(exactly(match dtype.half() {
            Some(half) => half.round(x * spread),
            None if dtype == DType::F32 => f64::from((x * spread) as f32),
            None => x * spread,
        })));
        check(&graph, &inputs)?;
    }

    /// So does it of sums of which terms cancel and of guarded numbers, at the ends of what is declared, too.
    #[test]
    fn sets_of_random_expressions_contain_what_is_computed(
        text in expressions(),
        ends in [-3i32..=2, -3i32..=2],
        widths in [0i32..=4, 0i32..=4],
        places in prop::collection::vec(any::<u8>(), 12),
        special in prop::collection::vec(0u8..6, 4),
    ) {
        let declared = [0, 1].map(|at| {
            let low = f64::from(ends[at]) / 2.0;
            (low, low + f64::from(widths[at]) / 2.0)
        });
        let [x, y] = declared.map(|(low, high)| format!("f64[8] in [{low}, {high}]"));
        let entry = crate::lang::example(&format!("(x: {x}, y: {y}) -> {text}")).unwrap();
        let (graph, _) = crate::rewrite::decompose_deeply(&entry.graph).unwrap();
        let inputs = graph.inputs().iter().zip(declared).enumerate().map(|(at, (input, declared))| {
            let drawn = places.iter().chain(&special).cycle().skip(5 * at).take(8);
            let numbers = drawn.map(|at| Enclosed(Interval::point(DType::F64, place(declared, *at))));
            Tensor::numbers(graph.ty(*input).clone(), numbers.collect())
        });
        let inputs: Vec<Tensor<Enclosed>> = inputs.collect();
        check(&graph, &inputs)?;
    }
}

#[test]
fn a_condition_narrows_the_branch_that_it_belongs_to() {
    let positive = |text: &str| {
        let graph = crate::lang::example(text).unwrap().graph;
        Ranges::of(&graph)
            .value(graph.outputs()[0].value)
            .is_above(0.0)
    };
    assert!(!positive("(x: f64[3]) -> leaky_relu(x, slope = 0.5)"));
    assert!(!positive("(x: f64[3]) -> elu(x)"));
    assert!(positive("(x: f64[3]) -> exp(x) + 1"));
    // x where it is positive, and −x/2 elsewhere: not negative only with the condition in each branch.
    assert!(positive("(x: f64[3]) -> leaky_relu(x, slope = -0.5) + 1"));
    assert!(!positive(
        "(x: f64[2, 3]) -> window(exp(x), axes = [1], size = [2], stride = [1], padding = [1])"
    ));
    assert!(positive("(x: f64[2, 3]) -> sum(exp(x), axes = [0])"));
    assert!(!positive("(x: f64[0, 3]) -> sum(exp(x), axes = [0])"));
}
