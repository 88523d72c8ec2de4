//! Laws 4 to 6: on graphs of our own, on random ones, and where the sweep is wrong.

use super::wrong::with_outputs;
use crate::autodiff::mutation::{self, Mutation};
use crate::generate::{CHOICES_PER_STEP, Generator};
use crate::lang::example;
use crate::laws::derivatives::Derivatives;
use crate::laws::domain::Domain;
use crate::laws::enclosed::Enclosed;
use crate::laws::outcome::{Law, Outcome, Tally};
use crate::laws::point::Random;
use crate::laws::rules::{Effort, check_law};
use crate::laws::whole::{Dense, Halves, composed_at, fan_out_of, sweep_of, weaken_to, weakened};
use crate::scalar::Exact;
use proptest::prelude::*;

const EFFORT: Effort = Effort::at(3, 7);
const LAWS: [Law; 4] = [Law::Composition, Law::Weaken, Law::Sweep, Law::FanOut];

fn derivatives(text: &str) -> Derivatives {
    Derivatives::of(&example(text).unwrap().graph).unwrap()
}

const EXAMPLES: [&str; 5] = [
    "(x: f32[3], w: f32[3]) -> tanh(w * x) * x + square(tanh(w * x))",
    "(x: f32[2, 3], y: f32[3, 2]) -> softmax(x @ y) @ x",
    "(p: f32[2], v: f32[2], g: f32[2], r: f32[], m: f32[]) -> momentum(p * g, v, g, r, m)",
    "(x: f32[4, 2], indices: i32[3]) -> gather(x * x, indices) * gather(x, indices)",
    "(x: f32[2, 3], labels: i32[2]) -> cross_entropy(x * x, labels)",
];

#[test]
fn they_hold_exactly() {
    for text in EXAMPLES {
        let d = derivatives(text);
        for law in LAWS {
            let outcome = check_law::<Exact>(law, &d, EFFORT).unwrap();
            assert_eq!(outcome, Outcome::Proved, "{law:?} on {text}");
            let outcome = check_law::<Enclosed>(law, &d, EFFORT).unwrap();
            assert!(
                !outcome.is_skipped() && !outcome.is_failure(),
                "{law:?} on {text}: {outcome}"
            );
        }
    }
}

#[test]
fn every_cut_composes() {
    for text in EXAMPLES {
        let d = derivatives(text);
        let mut random = Random(1);
        let point = Domain::of(&d.graph)
            .unwrap()
            .draw::<Exact>(&mut random)
            .unwrap();
        for cut in 0..=d.graph.len() {
            let (halves, mut tally) = (Halves::of(&d, cut).unwrap(), Tally::default());
            composed_at::<Exact>(&d, &halves, &point, &mut random, &mut tally).unwrap();
            assert_eq!(tally.outcome(), Outcome::Proved, "cut {cut} of {text}");
        }
    }
}

/// Laws that fail on a graph while the sweep is wrong.
fn caught(text: &str, wrong: Mutation) -> Vec<Law> {
    mutation::with(wrong, || {
        let d = derivatives(text);
        let fails = |law: &Law| check_law::<Exact>(*law, &d, EFFORT).unwrap().is_failure();
        let laws = [
            Law::Adjoint,
            Law::Sweep,
            Law::FanOut,
            Law::Jacobian,
            Law::Witness,
        ];
        laws.into_iter().filter(fails).collect()
    })
}

#[test]
fn wrong_sweeps_are_caught() {
    let text = "(x: f32[3], w: f32[3]) -> (x * w) * x + (x * w) / (1 + x * x)";
    let all = [
        Law::Adjoint,
        Law::Sweep,
        Law::FanOut,
        Law::Jacobian,
        Law::Witness,
    ];
    assert_eq!(caught(text, Mutation::KeepLast), all);
    assert_eq!(caught(text, Mutation::KeepFirst), all);
    // A wrong rule is wrong wherever its value is read.
    let rules = [Law::Adjoint, Law::Sweep, Law::Jacobian, Law::Witness];
    assert_eq!(caught(text, Mutation::Negated("mul")), rules);
    assert_eq!(caught(text, Mutation::Negated("div")), rules);
    assert_eq!(
        caught("(x: f32[3], w: f32[3]) -> x / w", Mutation::Swapped("div")),
        rules
    );
    // The order of a sum is no matter of numbers.
    let text = "(x: f32[3]) -> exp(x) + sin(x) + tanh(x) + x * x";
    assert_eq!(caught(text, Mutation::RightNested), [Law::FanOut]);
}

#[test]
fn wrong_cotangents_of_single_values_are_caught() {
    for text in EXAMPLES {
        let d = derivatives(text);
        let dense = Dense::of(&d).unwrap();
        let inputs = d.graph.outputs().len() + d.wrt.len();
        let outputs = dense.vjp.outputs().len();
        for wrong in inputs..outputs {
            // That of one value is doubled.
            let mut wrong_vjp = with_outputs(&dense.vjp, wrong, |b, x| b.add(x, x));
            let mut all = wrong_vjp.outputs().to_vec();
            all.truncate(wrong + 1);
            all.extend(dense.vjp.outputs()[wrong + 1..].iter().cloned());
            wrong_vjp.set_outputs(all);
            let broken = Dense {
                vjp: wrong_vjp,
                jvp: dense.jvp.clone(),
                values: dense.values.clone(),
                types: dense.types.clone(),
            };
            let outcome = sweep_of::<Exact>(&d, &broken, EFFORT).unwrap();
            let at = dense.values[wrong - d.graph.outputs().len()];
            let zero = d.graph.op(at.node).spec().name;
            assert!(outcome.is_failure(), "{zero} of {text}: {outcome}");
        }
        assert!(outputs > inputs);
        let doubled = Dense {
            vjp: with_outputs(&dense.vjp, d.graph.outputs().len(), |b, x| b.add(x, x)),
            ..dense
        };
        assert!(
            fan_out_of::<Exact>(&d, &doubled, EFFORT)
                .unwrap()
                .is_failure(),
            "{text}"
        );
    }
}

#[test]
fn wrong_compositions_and_weakenings_are_caught() {
    for text in EXAMPLES {
        let mut d = derivatives(text);
        let mut weak = weakened(&d).unwrap();
        assert_eq!(
            weaken_to::<Exact>(&d, &weak, EFFORT).unwrap(),
            Outcome::Proved
        );
        let extra = d.vjp.outputs().len();
        weak.vjp = with_outputs(&weak.vjp, extra, |b, x| b.integer_like(x, 1));
        assert!(weaken_to::<Exact>(&d, &weak, EFFORT).unwrap().is_failure());
        assert!(
            weaken_to::<Enclosed>(&d, &weak, EFFORT)
                .unwrap()
                .is_failure()
        );
        let results = d.graph.outputs().len();
        d.vjp = with_outputs(&d.vjp, results, |b, x| b.add(x, x));
        for law in [Law::Composition, Law::Weaken] {
            assert!(
                check_law::<Exact>(law, &d, EFFORT).unwrap().is_failure(),
                "{law:?} on {text}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn they_hold_on_random_graphs(
        choices in prop::collection::vec(any::<u16>(), CHOICES_PER_STEP..4 * CHOICES_PER_STEP),
        seed in any::<u64>(),
    ) {
        let d = Derivatives::of(&Generator::new().graph(&choices).unwrap()).unwrap();
        let effort = Effort::at(2, seed);
        for law in LAWS {
            // Exact arithmetic has few identities of transcendental functions, enclosures have all.
            let exact = check_law::<Exact>(law, &d, effort).unwrap();
            if exact.is_failure() || exact.is_skipped() {
                let enclosed = check_law::<Enclosed>(law, &d, effort).unwrap();
                prop_assert!(!enclosed.is_failure(), "{law:?}: {enclosed}, {exact}");
            }
        }
    }
}
