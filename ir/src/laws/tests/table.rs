//! The laws of every op on every example, as a reviewed table.

use crate::lang::example;
use crate::laws::derivatives::Derivatives;
use crate::laws::rules::{Effort, check_law};
use crate::laws::untaken::{Choices, leak};
use crate::laws::{Law, Outcome, laws_of};
use crate::op::SPECS;
use crate::scalar::{Exact, Residue};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Ops with a derivative: laws 1 to 3 and the witness must not be skipped for all their examples.
const DIFFERENTIABLE: &[&str] = &[
    "neg",
    "abs",
    "square",
    "scale",
    "smooth_abs",
    "clamp",
    "reciprocal",
    "sqrt",
    "rsqrt",
    "power",
    "add",
    "sub",
    "subtract_no_nan",
    "mul",
    "multiply_no_nan",
    "div",
    "max",
    "min",
    "pow",
    "exp",
    "expm1",
    "log",
    "log1p",
    "sin",
    "cos",
    "sinh",
    "cosh",
    "tanh",
    "erf",
    "safe_log",
    "relu",
    "leaky_relu",
    "elu",
    "sigmoid",
    "softplus",
    "silu",
    "gelu",
    "softsign",
    "select",
    "cast",
    "broadcast_in_dim",
    "reshape",
    "transpose",
    "slice",
    "pad",
    "reverse",
    "concat",
    "window",
    "shear",
    "sum",
    "reduce_max",
    "reduce_min",
    "dot_general",
    "gather",
    "scatter_add",
    "mean",
    "reduce_prod",
    "softmax",
    "masked_softmax",
    "log_softmax",
    "logsumexp",
    "layer_norm",
    "rms_norm",
    "group_norm",
    "instance_norm",
    "batch_norm_training",
    "batch_norm_inference",
    "scaled_dot_product_attention",
    "rotary_embedding",
    "mse",
    "mae",
    "huber",
    "hinge",
    "bce_with_logits",
    "cross_entropy",
    "nll",
    "kl_div",
    "conv",
    "conv_transpose",
    "max_pool",
    "avg_pool",
    "smooth_max_pool",
    "sgd",
    "momentum",
    "adam",
    "adamw",
    "take_along_axis",
    "scatter_elements_add",
    "gather_nd",
    "scatter_nd_add",
    "dynamic_slice",
    "dynamic_update_slice",
    "sort",
    "top_k",
    "fixed_mask_scale",
    "dropout",
    "complex_mul",
    "fft",
    "ifft",
    "rfft",
    "irfft",
    "spectral_conv1d",
    "spectral_conv2d",
    "barrier",
    "cumsum",
    "cumprod",
    "cummax",
    "cummin",
    "cumlogsumexp",
    "linear_recurrence",
    "call",
    "scan",
    "cond",
];

/// Ops without a derivative: leaves, what is piecewise constant, what is not on floats.
const WITHOUT_DERIVATIVE: &[&str] = &[
    "input",
    "full",
    "literal",
    "iota",
    "floor",
    "ceil",
    "round",
    "sign",
    "stop_gradient",
    "rem",
    "bit_and",
    "bit_or",
    "bit_xor",
    "shift_left",
    "shift_right",
    "equal",
    "not_equal",
    "less",
    "less_equal",
    "greater",
    "greater_equal",
    "logical_and",
    "logical_or",
    "logical_xor",
    "logical_not",
    "argmax",
    "argmin",
    "argsort",
    "threefry2x32",
    "rng_fold_in",
    "rng_bits",
    "rng_uniform",
    "rng_normal",
    "rng_bernoulli",
    "rng_categorical",
    "one_hot",
];

const POINTS: usize = 3;

/// One line of the table.
struct Row {
    op: &'static str,
    example: &'static str,
    outcomes: Vec<(Law, Outcome)>,
}

fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for spec in SPECS {
        for text in spec.examples {
            let entry = example(text).unwrap();
            rows.push(Row {
                op: spec.name,
                example: text,
                outcomes: laws_of::<Exact>(&entry.graph, POINTS, 1).unwrap(),
            });
        }
    }
    rows
}

fn class(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Proved => "proved",
        Outcome::Agreed(_) => "agreed",
        Outcome::Congruent(_) => "congruent",
        Outcome::ByConstruction => "construction",
        Outcome::Skipped(_) | Outcome::Vacuous(_) => "skipped",
        Outcome::Failed(_) => "FAILED",
    }
}

/// What a cell says: reasons for skipping are numbered.
fn cell(outcome: &Outcome, reasons: &mut Vec<String>) -> String {
    match outcome {
        Outcome::Vacuous(why) => cell(&Outcome::Skipped((*why).into()), reasons),
        Outcome::Skipped(why) => {
            let known = reasons.iter().position(|reason| *reason == why.to_string());
            let number = known.unwrap_or_else(|| {
                reasons.push(why.to_string());
                reasons.len() - 1
            });
            format!("skipped {}", number + 1)
        }
        Outcome::Failed(why) => format!("FAILED {why}"),
        Outcome::Proved | Outcome::Agreed(_) | Outcome::Congruent(_) | Outcome::ByConstruction => {
            class(outcome).into()
        }
    }
}

fn table(rows: &[Row]) -> String {
    let laws: Vec<Law> = rows[0].outcomes.iter().map(|(law, _)| *law).collect();
    let (mut text, mut reasons) = (String::new(), Vec::new());
    let mut counts: BTreeMap<Law, BTreeMap<&str, usize>> = BTreeMap::new();
    for law in &laws {
        write!(text, "{:<13}", law.name()).unwrap();
    }
    text.push_str("op | example\n");
    for row in rows {
        for (law, outcome) in &row.outcomes {
            *counts
                .entry(*law)
                .or_default()
                .entry(class(outcome))
                .or_default() += 1;
            write!(text, "{:<13}", cell(outcome, &mut reasons)).unwrap();
        }
        writeln!(text, "{} | {}", row.op, row.example).unwrap();
    }
    for (law, counts) in &counts {
        let parts: Vec<String> = counts
            .iter()
            .map(|(what, n)| format!("{n} {what}"))
            .collect();
        writeln!(text, "{}: {}", law.name(), parts.join(", ")).unwrap();
    }
    for (number, reason) in reasons.iter().enumerate() {
        writeln!(text, "skipped {}: {reason}", number + 1).unwrap();
    }
    text
}

/// Second derivatives by either mode are the derivatives of the reverse graph.
#[test]
fn nothing_flows_from_what_is_not_taken_to_second_order() {
    let effort = Effort::at(1, 3);
    for spec in SPECS {
        for text in spec.examples {
            let entry = example(text).unwrap();
            let choices = Choices::of(&entry.graph).unwrap();
            let found = leak(&choices.reversed().unwrap(), effort).unwrap();
            assert_eq!(found, None, "{text}");
        }
    }
}

#[test]
fn every_op_obeys_its_laws() {
    let rows = rows();
    insta::assert_snapshot!(table(&rows));
    for row in &rows {
        for (law, outcome) in &row.outcomes {
            assert!(!outcome.is_failure(), "{} {law:?}: {outcome}", row.example);
        }
    }
    let settled = |op: &str, wanted: Law| {
        let of_op = rows.iter().filter(|row| row.op == op);
        let mut outcomes = of_op.flat_map(|row| &row.outcomes);
        outcomes.any(|(law, outcome)| *law == wanted && !outcome.is_skipped())
    };
    for op in DIFFERENTIABLE {
        for law in [
            Law::Adjoint,
            Law::Tangent,
            Law::Zero,
            Law::Witness,
            Law::SecondOrder,
        ] {
            assert!(settled(op, law), "{law:?} was skipped for `{op}`");
        }
    }
}

#[test]
fn every_op_is_differentiable_or_is_known_not_to_be() {
    let listed: BTreeSet<&str> = DIFFERENTIABLE
        .iter()
        .chain(WITHOUT_DERIVATIVE)
        .copied()
        .collect();
    let specs: BTreeSet<&str> = SPECS.iter().map(|spec| spec.name).collect();
    assert_eq!(listed, specs);
    assert_eq!(
        listed.len(),
        DIFFERENTIABLE.len() + WITHOUT_DERIVATIVE.len()
    );
}

/// Residues keep the identities that the rules of all ops need.
#[test]
fn every_op_obeys_its_laws_modulo_a_prime() {
    let effort = Effort::at(1, 3);
    for spec in SPECS {
        for text in spec.examples {
            let d = Derivatives::of(&example(text).unwrap().graph).unwrap();
            let algebraic = Law::ALL.into_iter().filter(|law| *law != Law::Witness);
            for law in algebraic.filter(|law| !law.is_of_graphs()) {
                let outcome = check_law::<Residue>(law, &d, effort).unwrap();
                let holds = match &outcome {
                    Outcome::Congruent(1) | Outcome::ByConstruction | Outcome::Vacuous(_) => true,
                    Outcome::Skipped(_) => check_law::<Exact>(law, &d, effort).unwrap() == outcome,
                    Outcome::Proved
                    | Outcome::Congruent(_)
                    | Outcome::Agreed(_)
                    | Outcome::Failed(_) => false,
                };
                assert!(holds, "{law:?} of {text}: {outcome}");
            }
        }
    }
}
