//! Wrong derivatives, forwards and passes: each law must catch its kind.

use crate::builder::Builder;
use crate::dtype::DType;
use crate::graph::{Graph, Output, Value};
use crate::lang::example;
use crate::laws::derivatives::Derivatives;
use crate::laws::enclosed::Enclosed;
use crate::laws::graph::{evaluate, same_results};
use crate::laws::laws_of;
use crate::laws::outcome::{Law, Outcome};
use crate::laws::point::{Grid, Point, Random};
use crate::laws::rules::{Effort, agreement, check_law};
use crate::laws::untaken::{Choices, leak};
use crate::op::{Div, Input, Log, Scale, TypeError};
use crate::scalar::Exact;
use crate::span::Span;

const EFFORT: Effort = Effort::at(2, 5);

fn derivatives(text: &str) -> Derivatives {
    Derivatives::of(&example(text).unwrap().graph).unwrap()
}

/// The graph with `change` made to the outputs from number `from` on.
pub(super) fn with_outputs(
    graph: &Graph,
    from: usize,
    change: impl Fn(&Builder, Value) -> Result<Value, TypeError>,
) -> Graph {
    let outputs = graph.outputs().to_vec();
    let b = Builder::new(graph.clone(), Span::SYNTHETIC);
    let changed = outputs.iter().enumerate().map(|(at, output)| Output {
        name: output.name.clone(),
        value: if at < from {
            output.value
        } else {
            change(&b, output.value).unwrap()
        },
    });
    let changed = changed.collect();
    b.edit(|graph| graph.set_outputs(changed));
    b.finish()
}

fn doubled(b: &Builder, x: Value) -> Result<Value, TypeError> {
    b.add(x, x)
}

fn law(law: Law, d: &Derivatives) -> Outcome {
    check_law::<Exact>(law, d, EFFORT).unwrap()
}

const EXAMPLES: [&str; 5] = [
    "(x: f32[3]) -> tanh(x)",
    "(x: f32[2, 3], y: f32[3, 2]) -> x @ y",
    "(x: f32[2, 3]) -> softmax(x)",
    "(x: f32[4, 2], indices: i32[3]) -> gather(x, indices)",
    "(x: f32[2, 3]) -> reduce_max(x, axes = [1])",
];

#[test]
fn a_flipped_sign_of_the_vjp_is_caught() {
    for text in EXAMPLES {
        let mut d = derivatives(text);
        assert!(!law(Law::Adjoint, &d).is_failure());
        d.vjp = with_outputs(&d.vjp, 1, |b, x| b.neg(x));
        for caught in [Law::Adjoint, Law::Witness, Law::Jacobian] {
            assert!(law(caught, &d).is_failure(), "{caught:?} on {text}");
        }
        let enclosed = check_law::<Enclosed>(Law::Adjoint, &d, EFFORT).unwrap();
        assert!(enclosed.is_failure(), "{enclosed} on {text}");
    }
}

#[test]
fn a_wrong_pair_that_obeys_law_1_is_caught_by_law_2_and_the_witness() {
    for text in EXAMPLES {
        let mut d = derivatives(text);
        d.vjp = with_outputs(&d.vjp, 1, doubled);
        d.jvp = with_outputs(&d.jvp, 1, doubled);
        assert!(!law(Law::Adjoint, &d).is_failure(), "{text}");
        for caught in [Law::Tangent, Law::Witness] {
            assert!(law(caught, &d).is_failure(), "{caught:?} on {text}");
        }
    }
}

#[test]
fn an_error_of_a_millionth_is_caught() {
    let slightly = |b: &Builder, x: Value| {
        b.apply(
            Scale {
                factor: crate::op::Real(1.000_01),
            },
            &[x],
        )
    };
    let mut d = derivatives("(x: f32[3]) -> log(square(x) + 1)");
    d.vjp = with_outputs(&d.vjp, 1, slightly);
    d.jvp = with_outputs(&d.jvp, 1, slightly);
    for caught in [Law::Tangent, Law::Witness] {
        assert!(law(caught, &d).is_failure(), "{caught:?}");
    }
}

#[test]
fn a_changed_forward_is_caught() {
    let mut d = derivatives("(x: f32[3]) -> tanh(x)");
    d.jvp = with_outputs(&d.jvp, 0, |b, x| b.neg(x));
    d.vjp = with_outputs(&d.vjp, 0, |b, x| b.neg(x));
    assert!(law(Law::Adjoint, &d).is_failure());
}

#[test]
fn a_cotangent_out_of_nothing_is_caught() {
    for text in EXAMPLES {
        let mut d = derivatives(text);
        d.vjp = with_outputs(&d.vjp, 1, |b, x| b.add(x, b.integer_like(x, 1)?));
        assert!(law(Law::Zero, &d).is_failure(), "{text}");
    }
}

#[test]
fn zero_times_infinity_is_caught() {
    let graph = example("(x: f32[3]) -> log(x)").unwrap().graph;
    let mut choices = Choices::of(&graph).unwrap();
    assert_eq!(leak(&choices, EFFORT).unwrap(), None);
    let d = &mut choices.d;
    let b = Builder::new(Graph::new(), Span::SYNTHETIC);
    let input = |dtype: DType| {
        let shape = d.inputs()[0].shape.clone();
        b.apply(Input { dtype, shape }, &[]).unwrap()
    };
    let (x, taken, ct) = (input(DType::F32), input(DType::Bool), input(DType::F32));
    let zero = b.integer_like(x, 0).unwrap();
    let y = b.apply(Log {}, &[x]).unwrap();
    let y = b.select(taken, y, zero).unwrap();
    let settled = b.select(taken, ct, zero).unwrap();
    let dx = b.apply(Div {}, &[settled, x]).unwrap();
    b.edit(|graph| graph.add_output("y", y));
    b.edit(|graph| graph.add_output("d_x", dx));
    d.vjp = b.finish();
    assert!(!law(Law::Adjoint, d).is_failure());
    assert!(leak(&choices, EFFORT).unwrap().unwrap().contains("NaN"));
}

#[test]
fn a_composite_vjp_that_differs_from_the_derived_one_is_caught() {
    let d = derivatives("(x: f32[2, 3]) -> log_softmax(x)");
    let mut other = d.clone();
    assert_eq!(
        agreement::<Exact>(&d, &other, EFFORT).unwrap(),
        Outcome::Proved
    );
    other.vjp = with_outputs(&d.vjp, 1, doubled);
    assert!(agreement::<Exact>(&d, &other, EFFORT).unwrap().is_failure());
}

#[test]
fn a_pass_that_changes_the_meaning_is_caught() {
    let graph = example("(x: f32[2, 3]) -> exp(x) / 3").unwrap().graph;
    let types = [graph.ty(graph.inputs()[0]).clone()];
    let points = [Point::random(&types, &mut Random(1), (0, 1), Grid::Halves)];
    let same = |after: &Graph, exact| {
        let yields = |graph: &Graph| evaluate(graph, &points, exact).unwrap();
        same_results(&graph, &points, &yields(&graph), &yields(after))
    };
    assert_eq!(same(&graph, true), Outcome::Proved);
    let wrong = with_outputs(&graph, 0, doubled);
    assert!(same(&wrong, true).is_failure() && same(&wrong, false).is_failure());
    // x/3 ≈ x·fl(1/3) is another rounding: a pass must not do that either.
    let third = example("(x: f32[2, 3]) -> exp(x) * 0.33333333")
        .unwrap()
        .graph;
    assert!(same(&third, true).is_failure());
}

#[test]
fn what_compares_nothing_is_not_proved() {
    for text in [
        "(x: i32[3]) -> x * x",
        "(x: f32[3]) -> x > 0",
        "(x: f32[3]) -> stop_gradient(x)",
        "(x: f32[0]) -> exp(x)",
        "(x: f32[3]) -> log(-square(x))",
        "(x: f32[3]) -> max(x, x)",
    ] {
        let d = derivatives(text);
        for which in Law::ALL {
            let outcome = law(which, &d);
            assert!(outcome.is_skipped(), "{which:?} on {text}: {outcome}");
        }
    }
}

/// Half of all points are outside the conditions of a branch, but not where it is taken.
#[test]
fn conditions_hold_where_branches_are_taken() {
    for text in [
        "(x: f32[3]) -> select(x > 0, log(x) + sqrt(x) + 1 / x, x * x)",
        "(x: f32[2]) -> select(x * x > 0, tanh(x), log(-x * x))",
        "(x: f32[2, 2], y: f32[2, 2]) -> select(y > 0, softmax(x * log(y)), x * y)",
        "(x: f32[2, 2], y: f32[2, 2]) -> sum(select(x > 100, x @ log(-y * y), y))",
    ] {
        let graph = example(text).unwrap().graph;
        for (law, outcome) in laws_of::<Exact>(&graph, 4, 1).unwrap() {
            assert!(!outcome.is_failure(), "{law:?} of {text}: {outcome}");
            let compares = matches!(law, Law::Adjoint | Law::Tangent | Law::Zero);
            assert!(
                !compares || !outcome.is_skipped(),
                "{law:?} of {text}: {outcome}"
            );
        }
    }
}
