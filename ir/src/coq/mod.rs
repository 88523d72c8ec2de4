//! The op table as data for the proofs in `proofs/`.
//!
//! [`rules`] prints every rule of the table as a Coq term: what the op computes, its partial derivatives and
//! its conditions, as they are traced from the one place where the op is written. [`table`] prints, for every
//! op of the table, which theorem is to hold of it; Coq then finds each, or fails. Nothing here knows a
//! single op by name, so that a new op is printed without more ado, and asks for its theorem.

mod expression;
mod pointwise;
mod structure;
mod table;

use crate::lang::example;
use crate::op::{Op, SPECS, Spec};
use std::fmt::Write as _;

/// Why the rules cannot be printed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// An example does not elaborate; the diagnostics as text.
    #[error("an example of `{op}` is wrong: {message}")]
    Example {
        /// The op.
        op: &'static str,
        /// What is wrong with it.
        message: String,
    },
    /// Which attributes an op refuses is no condition that the proofs know.
    #[error("what `{0}` asks of its attributes is neither to be positive nor to be in order")]
    Attributes(&'static str),
    /// A pointwise op has a condition on more than one element.
    #[error("`{0}` is pointwise, and has a condition on more than one element")]
    Guard(&'static str),
}

/// Every rule of pointwise and discrete ops, as `proofs/Rules.v`.
///
/// # Errors
/// An op states what the proofs have no words for.
pub fn rules() -> Result<String, RulesError> {
    let mut text = String::from(
        "(* Written from the op table by `cargo run -p lgc-ir --example proof-rules`; a test fails when this\n   \
         file is out of date. *)\n\
         From Coq Require Import ZArith List.\n\
         From LGC Require Import Syntax.\n\
         Import ListNotations.\n\
         Open Scope Z_scope.\n",
    );
    for spec in SPECS {
        for rule in pointwise::rules(spec)? {
            // Writing to a String cannot fail.
            let _ = write!(text, "\n{}", rule.text);
        }
    }
    Ok(text)
}

/// What the examples of other ops compute and what reverse mode makes of them, where these are polynomials, as
/// `proofs/Maps.v`.
pub fn maps() -> String {
    let mut text = String::from(
        "(* Written from the op table by `cargo run -p lgc-ir --example proof-rules`; a test fails when this\n   \
         file is out of date. *)\n\
         From Coq Require Import ZArith List.\n\
         From LGC Require Import Syntax Polynomial.\n\
         Import ListNotations.\n\
         Open Scope Z_scope.\n",
    );
    for spec in SPECS {
        for (_, definition) in structure::maps(spec) {
            // Writing to a String cannot fail.
            let _ = write!(text, "\n{definition}");
        }
    }
    text
}

/// Which theorem is to hold of each op, as `proofs/Table.v`.
///
/// # Errors
/// An op states what the proofs have no words for.
pub fn table() -> Result<String, RulesError> {
    let mut text = String::from(
        "(* Written from the op table by `cargo run -p lgc-ir --example proof-rules`; a test fails when this\n   \
         file is out of date. It looks up what is proved of each op; `open.txt` says of which nothing is. *)\n\
         From LGC Require Import Syntax Polynomial.\n\
         From LGC Require Meaning Rules Maps Pointwise Linear Extrema Reverse.\n",
    );
    for spec in SPECS {
        text.push_str(&table::entry(spec)?);
    }
    Ok(text)
}

/// The op as its examples use it, each way once.
fn used(spec: &Spec) -> Result<Vec<Op>, RulesError> {
    let mut used = Vec::new();
    for text in spec.examples {
        let entry = example(text).map_err(|message| RulesError::Example {
            op: spec.name,
            message,
        })?;
        let ops = entry.graph.nodes().map(|node| entry.graph.op(node).clone());
        for op in ops.filter(|op| op.spec().name == spec.name) {
            if !used.contains(&op) {
                used.push(op);
            }
        }
    }
    Ok(used)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition of a rule or a map, up to where the next one begins.
    fn definition<'t>(text: &'t str, name: &str) -> &'t str {
        let from = text.find(&format!("Definition {name} :")).unwrap();
        let rest = &text[from..];
        rest.split("\n\n").next().unwrap()
    }

    #[test]
    fn rules_are_of_all_values_of_attributes_and_of_those_that_are_treated_apart() {
        let text = rules().unwrap();
        let power = definition(&text, "power");
        assert!(power.contains("attributes := [Any]") && power.contains("Above 0 (Int (0))"));
        assert!(power.contains("(Bin Pow (In 0) (Attr 0))"), "{power}");
        let cube = definition(&text, "power_exponent_3");
        assert!(cube.contains("[Fixed (Int (3))]") && cube.contains("guards := []"));
        assert!(definition(&text, "power_exponent_16").contains("(Int (16))"));
        assert!(!text.contains("power_exponent_17") && !text.contains("power_exponent_2_5"));
        assert!(definition(&text, "elu_alpha_1").contains("guards := []"));
        assert!(definition(&text, "leaky_relu").contains("[Off 0 (Int (0))]"));
        assert!(!text.contains("leaky_relu_slope"));
    }

    #[test]
    fn what_an_op_asks_of_its_attributes_is_found() {
        let text = rules().unwrap();
        assert!(definition(&text, "smooth_abs").contains("demands := [Positive 0]"));
        assert!(definition(&text, "clamp").contains("demands := [Ordered 0 1]"));
        assert!(definition(&text, "scale").contains("demands := []"));
    }

    #[test]
    fn maps_are_what_reverse_mode_makes_of_examples() {
        let text = maps();
        let flipped = definition(&text, "reverse_0");
        assert!(flipped.contains("forward := [(In "), "{flipped}");
        assert!(definition(&text, "cumsum_0").contains("(Bin Add "));
    }

    #[test]
    fn every_op_of_the_table_is_spoken_of() {
        let text = table().unwrap();
        for spec in SPECS {
            let line = format!("\n(* {}: ", spec.name);
            assert!(text.contains(&line), "{}", spec.name);
        }
    }
}
