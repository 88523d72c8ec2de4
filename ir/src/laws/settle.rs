//! Over which numbers a check is settled.

use super::derivatives::Derivatives;
use super::enclosed::Enclosed;
use super::graph::{Options, too_many};
use super::number::Number;
use super::outcome::{Cause, Outcome, Skip};
use super::precise::Precise;
use super::rules::{Effort, LawError};
use crate::expr::Class;
use crate::graph::Graph;
use crate::op::{Family, Leaf};
use crate::rewrite::decompose;
use crate::scalar::{Exact, Residue};
use std::cell::Cell;

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

/// Where digits are too few, so many times as much work may be spent on more of them.
const PRECISE_SHARE: u64 = 16;

/// Whether double precision has turned out to have too few digits to tell whether a point is in the domain. Then it
/// is not tried again for other laws of the same graph.
#[derive(Debug, Default)]
pub(super) struct Digits(Cell<bool>);

impl Digits {
    fn are_few(&self) -> bool {
        self.0.get()
    }

    fn note(&self, outcome: &Outcome) {
        if let Outcome::Skipped(skip) = outcome {
            self.0
                .set(self.0.get() || skip.cause == Cause::DigitsOfConditions);
        }
    }
}

/// The outcome over rationals, if `exact`; over residues where these are too long, too much work or
/// know too few identities; and over enclosures of the reals where residues are no better. At a point
/// `needed` scalar operations are made.
pub(super) fn settle(
    check: &impl Check,
    needed: u64,
    exact: bool,
    options: &Options,
    digits: &Digits,
) -> Result<Outcome, LawError> {
    let mut unsettled = None;
    if exact {
        let outcome = check.over::<Exact>(options.effort(needed))?;
        if is_settled(&outcome) {
            return Ok(outcome);
        }
        unsettled = Some(outcome);
    }
    let modular = needed.saturating_mul(Residue::COST);
    if modular <= options.work && !digits.are_few() {
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
    let enclosed = enclose(check, needed, options, digits)?;
    match unsettled {
        Some(symbolic) => second_opinion(check.derivatives(), symbolic, enclosed),
        None => Ok(enclosed),
    }
}

/// The outcome over enclosures: of 16 digits, and of 230 where those are too few.
pub(super) fn enclose(
    check: &impl Check,
    needed: u64,
    options: &Options,
    digits: &Digits,
) -> Result<Outcome, LawError> {
    if !digits.are_few() {
        let outcome = check.over::<Enclosed>(options.effort(needed))?;
        digits.note(&outcome);
        let lacks_digits = |skip: &Skip| skip.cause != Cause::Known;
        if !matches!(&outcome, Outcome::Skipped(skip) if lacks_digits(skip)) {
            return Ok(outcome);
        }
    }
    let precise = needed.saturating_mul(Precise::COST);
    match precise <= options.work.saturating_mul(PRECISE_SHARE) {
        true => check.over::<Precise>(options.effort(precise)),
        false => Ok(Outcome::Skipped(too_many(precise).into())),
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
        let why =
            format!("exact arithmetic knows too few identities of the functions here; {enclosed}");
        return Ok(Outcome::Skipped(why.into()));
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
