//! Over which numbers a check is settled.

use super::derivatives::Derivatives;
use super::enclosed::Enclosed;
use super::graph::Options;
use super::number::Number;
use super::outcome::Outcome;
use super::rules::{Effort, LawError};
use crate::expr::Class;
use crate::graph::Graph;
use crate::op::{Family, Leaf};
use crate::rewrite::decompose;
use crate::scalar::{Exact, Residue};

/// Something that can be compared over any numbers.
pub(super) trait Check {
    /// What comes of it over `N`.
    ///
    /// # Errors
    /// A derivative cannot be built.
    fn over<N: Number>(&self, effort: Effort) -> Result<Outcome, LawError>;
    /// Derivatives that have symbols wherever the check does.
    fn derivatives(&self) -> &Derivatives;
}

/// A scalar operation on residues takes about as long as so many on enclosures.
pub(super) const RESIDUE: u64 = 8;

/// The outcome over rationals, if `exact`; over residues where these are too long, too much work or
/// know too few identities; and over enclosures of the reals where residues are no better. At a point
/// `needed` scalar operations are made.
pub(super) fn settle(
    check: &impl Check,
    needed: u64,
    exact: bool,
    options: &Options,
) -> Result<Outcome, LawError> {
    let mut unsettled = None;
    if exact {
        let outcome = check.over::<Exact>(options.effort(needed))?;
        if is_settled(&outcome) {
            return Ok(outcome);
        }
        unsettled = Some(outcome);
    }
    let modular = needed.saturating_mul(RESIDUE);
    if modular <= options.work {
        let outcome = check.over::<Residue>(options.effort(modular))?;
        if is_settled(&outcome) {
            return Ok(outcome);
        }
        // A counterexample of either is one.
        unsettled = Some(match unsettled {
            Some(exact) => exact.and(outcome),
            None => outcome,
        });
    }
    let enclosed = check.over::<Enclosed>(options.effort(needed))?;
    match unsettled {
        Some(symbolic) => second_opinion(check.derivatives(), symbolic, enclosed),
        None => Ok(enclosed),
    }
}

fn is_settled(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Vacuous(_)) || !(outcome.is_skipped() || outcome.is_failure())
}

/// The verdict where exact arithmetic finds an inequality, or nothing. Its transcendental functions
/// are symbols that keep few identities, so that an inequality of such symbols is no counterexample
/// unless enclosures of the reals are apart as well.
fn second_opinion(d: &Derivatives, exact: Outcome, enclosed: Outcome) -> Result<Outcome, LawError> {
    if !enclosed.is_skipped() {
        return Ok(enclosed);
    }
    if exact.is_failure() && has_symbols(&d.vjp)? {
        return Ok(Outcome::Skipped(format!(
            "exact arithmetic knows too few identities of the functions here; {enclosed}"
        )));
    }
    Ok(exact)
}

/// Whether exact arithmetic has symbols for what the graph computes.
fn has_symbols(graph: &Graph) -> Result<bool, LawError> {
    let (graph, _) = decompose(graph, &|_| false)?;
    let mut nodes = graph.nodes();
    Ok(nodes.any(|node| match graph.op(node).family() {
        Family::Pointwise(rule) | Family::Discrete(rule) => rule.class() == Class::Real,
        Family::Leaf(Leaf::Full(full)) => full.value.as_rational().is_none(),
        Family::Compare(_)
        | Family::Connect(_)
        | Family::Not
        | Family::Select
        | Family::Cast(_)
        | Family::View(_)
        | Family::Fold(_)
        | Family::ArgFold(_)
        | Family::ArgSort(_)
        | Family::Prefix(_)
        | Family::Contract(_)
        | Family::Gather(_)
        | Family::ScatterAdd(_)
        | Family::Leaf(_)
        | Family::Barrier
        | Family::Composite(_) => false,
        Family::Scan(_) | Family::Cond(_) => {
            let regions = graph.op(node).regions();
            regions.iter().any(|region| body_has_symbols(region.body()))
        }
    }))
}

/// A body that does not decompose is not known to be without symbols.
fn body_has_symbols(body: &Graph) -> bool {
    has_symbols(body).unwrap_or(true)
}
