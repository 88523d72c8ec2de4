//! Which theorems are to hold of each op.

use super::pointwise::{Printed, rules};
use super::structure::maps;
use super::{RulesError, used};
use crate::op::{Family, FoldRule, Monoid, Op, Prefix, PrefixRule, Spec};
use std::fmt::Write as _;

/// What is known of the derivative of an op.
enum Known {
    /// It has none: it yields or takes truth values, integers or positions, or nothing.
    Without,
    /// The theorems of its family, for all shapes.
    Theorems(&'static [&'static str]),
    /// Its rule is its own, and only its examples can vouch for it.
    Own,
}

/// What the family of an op says of it.
fn known(op: &Op) -> Known {
    match op.family() {
        Family::Pointwise(_) | Family::Discrete(_) => Known::Own,
        Family::Compare(_)
        | Family::Connect(_)
        | Family::Not
        | Family::ArgFold(_)
        | Family::ArgSort(_)
        | Family::Leaf(_) => Known::Without,
        Family::Select => Known::Theorems(&["Linear.select_adjoint"]),
        Family::Cast(_) | Family::Barrier => Known::Theorems(&["Linear.identity_adjoint"]),
        Family::View(_) => Known::Theorems(&["Linear.views_adjoint", "Linear.scatter_inverse"]),
        Family::Fold(FoldRule { monoid, .. }) => match monoid {
            Monoid::Sum => Known::Theorems(&["Linear.scatter_gather_adjoint"]),
            Monoid::Max => Known::Theorems(&["Extrema.max_derivative"]),
            Monoid::Min => Known::Theorems(&["Extrema.min_derivative"]),
        },
        Family::Prefix(PrefixRule { prefix, .. }) => match prefix {
            Prefix::Sum => Known::Theorems(&["Linear.prefix_adjoint"]),
            Prefix::Product | Prefix::Max | Prefix::Min | Prefix::Linear => {
                Known::Theorems(&["Linear.recurrence_adjoint"])
            }
        },
        Family::Contract(_) => {
            Known::Theorems(&["Linear.einsum_adjoint_l", "Linear.einsum_adjoint_r"])
        }
        Family::Gather(_) => Known::Theorems(&["Linear.gather_scatter_adjoint"]),
        Family::ScatterAdd(_) => Known::Theorems(&["Linear.scatter_add_adjoint"]),
        Family::Scan(_) => Known::Theorems(&["Reverse.scan_sound"]),
        Family::Cond(_) => Known::Theorems(&["Reverse.cond_sound"]),
        Family::Composite(composite) => match composite.has_vjp() {
            true => Known::Own,
            false => Known::Theorems(&["Reverse.reverse_mode_sound"]),
        },
    }
}

/// The commands that look the theorems of one op up, after a line that says whether there are any.
pub(super) fn entry(spec: &Spec) -> Result<String, RulesError> {
    let ops = used(spec)?;
    let (mut lines, mut is_open) = (Vec::new(), false);
    for op in &ops {
        match known(op) {
            Known::Without => {}
            Known::Theorems(theorems) => {
                lines.extend(theorems.iter().map(|theorem| format!("Check {theorem}.")));
            }
            Known::Own => is_open = true,
        }
    }
    lines.sort();
    lines.dedup();
    let own: Vec<String> = rules(spec)?.iter().map(Printed::theorem).collect();
    let of_examples: Vec<String> = maps(spec)
        .into_iter()
        .map(|(name, _)| {
            format!("Check (check_sound Maps.{name} (eq_refl true <: check Maps.{name} = true)).")
        })
        .collect();
    // What a discrete op does on integers has no derivative.
    let is_discrete = |op: &Op| matches!(op.family(), Family::Discrete(_));
    let is_proved = !own.is_empty() || !of_examples.is_empty() || ops.iter().any(is_discrete);
    let is_open = is_open && !is_proved;
    let word = match (is_open, own.is_empty() && lines.is_empty()) {
        (true, _) => "open",
        (false, true) if of_examples.is_empty() => "without derivative",
        (false, _) => "theorem",
    };
    let mut text = format!("\n(* {}: {word} *)\n", spec.name);
    for line in own.iter().chain(&lines).chain(&of_examples) {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{line}");
    }
    Ok(text)
}
