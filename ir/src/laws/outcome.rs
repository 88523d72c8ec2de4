//! What became of a law.

use super::number::{Agreement, Number};
use crate::scalar::PRIMES;
use std::fmt;

/// A law or another check of derivatives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Law {
    /// Law 1: ⟪JVP(x, dx), δ⟫ = ⟪dx, VJP(x, δ)⟫.
    Adjoint,
    /// Law 2: the JVP is what dual numbers through the forward compute.
    Tangent,
    /// Law 3: VJP(x, 0) = 0, and derivatives of results that are not taken are 0 whatever x is.
    Zero,
    /// Law 4: the VJP of a composition is the composition of the VJPs.
    Composition,
    /// Law 4: inputs that nothing reads change nothing.
    Weaken,
    /// Law 5: one sweep gives the cotangents of all values.
    Sweep,
    /// Law 6: the cotangent of a shared value is the sum over its uses, in a fixed order.
    FanOut,
    /// Difference quotients of the forward agree with the VJP.
    Witness,
    /// Composite ops agree with what they decompose into.
    Composite,
    /// Laws 1 and 2 of the reverse graph.
    SecondOrder,
    /// The Jacobian by reverse rows is the Jacobian by forward columns.
    Jacobian,
}

impl Law {
    /// Every law, in the order of reports.
    pub const ALL: [Law; 11] = [
        Law::Adjoint,
        Law::Tangent,
        Law::Zero,
        Law::Composition,
        Law::Weaken,
        Law::Sweep,
        Law::FanOut,
        Law::Jacobian,
        Law::Witness,
        Law::Composite,
        Law::SecondOrder,
    ];

    /// Whether the law is about how a graph is differentiated, rather than about the rules of its ops.
    pub fn is_of_graphs(self) -> bool {
        match self {
            Law::Composition | Law::Weaken | Law::Sweep | Law::FanOut | Law::Jacobian => true,
            Law::Adjoint
            | Law::Tangent
            | Law::Zero
            | Law::Witness
            | Law::Composite
            | Law::SecondOrder => false,
        }
    }

    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Law::Adjoint => "adjoint",
            Law::Tangent => "tangent",
            Law::Zero => "zero",
            Law::Composition => "composition",
            Law::Weaken => "weaken",
            Law::Sweep => "dense sweep",
            Law::FanOut => "fan-out",
            Law::Witness => "witness",
            Law::Composite => "composite",
            Law::SecondOrder => "second order",
            Law::Jacobian => "jacobian",
        }
    }

    /// What the law says, in one line.
    pub fn statement(self) -> &'static str {
        match self {
            Law::Adjoint => "⟪JVP(x, dx), δ⟫ = ⟪dx, VJP(x, δ)⟫",
            Law::Tangent => "JVP = dual numbers through the forward",
            Law::Zero => "VJP(x, 0) = 0",
            Law::Composition => "VJP of a composition = composition of VJPs",
            Law::Weaken => "unread inputs change nothing, and have no gradient",
            Law::Sweep => "one sweep = the cotangents of all values",
            Law::FanOut => "shared cotangent = sum over uses, in order",
            Law::Witness => "difference quotients of the forward = VJP",
            Law::Composite => "composite ops = what they decompose into",
            Law::SecondOrder => "adjoint and tangent laws of the VJP itself",
            Law::Jacobian => "reverse rows = forward columns",
        }
    }
}

/// Why nothing was compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Skip {
    why: String,
    /// Whether numbers of more digits may tell more.
    pub(super) cause: Cause,
}

/// What keeps something from being compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// What is so, whatever one computes with.
    Known,
    /// The numbers have too few digits to tell.
    Digits,
    /// They have too few digits even to tell whether a point is in the domain.
    DigitsOfConditions,
}

impl Skip {
    /// For want of digits.
    pub(super) fn of_digits(why: impl Into<String>) -> Skip {
        let (why, cause) = (why.into(), Cause::Digits);
        Skip { why, cause }
    }

    /// For want of digits of conditions.
    pub(super) fn of_conditions(why: impl Into<String>) -> Skip {
        let (why, cause) = (why.into(), Cause::DigitsOfConditions);
        Skip { why, cause }
    }
}

impl<T: Into<String>> From<T> for Skip {
    fn from(why: T) -> Skip {
        let (why, cause) = (why.into(), Cause::Known);
        Skip { why, cause }
    }
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

/// What became of a law.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Holds exactly at every point that was drawn.
    Proved,
    /// Holds up to this error, relative to max(1, the value), which is that of the arithmetic.
    Agreed(f64),
    /// Holds modulo a prime next to 2⁶¹ at that many points with random coordinates: a false equation of
    /// degree d passes each of them with a chance of at most d/2⁶⁰.
    Congruent(usize),
    /// The code leaves no other possibility, and it does hold at every point that was drawn.
    ByConstruction,
    /// Nothing was compared, and why.
    Skipped(Skip),
    /// There is nothing in the graph that the law speaks of.
    Vacuous(&'static str),
    /// Does not hold: where, and what stands on both sides.
    Failed(String),
}

impl Outcome {
    /// Whether the law does not hold.
    pub fn is_failure(&self) -> bool {
        match self {
            Outcome::Failed(_) => true,
            Outcome::Proved
            | Outcome::Agreed(_)
            | Outcome::Congruent(_)
            | Outcome::ByConstruction
            | Outcome::Vacuous(_)
            | Outcome::Skipped(_) => false,
        }
    }

    /// Whether nothing was compared.
    pub fn is_skipped(&self) -> bool {
        match self {
            Outcome::Skipped(_) | Outcome::Vacuous(_) => true,
            Outcome::Proved
            | Outcome::Agreed(_)
            | Outcome::Congruent(_)
            | Outcome::ByConstruction
            | Outcome::Failed(_) => false,
        }
    }

    /// Both of two checks: the worse one tells.
    #[must_use]
    pub(crate) fn and(self, other: Outcome) -> Outcome {
        match (self, other) {
            (Outcome::Vacuous(_), other) | (other, Outcome::Vacuous(_)) => other,
            (Outcome::Failed(what), _) | (_, Outcome::Failed(what)) => Outcome::Failed(what),
            (Outcome::Skipped(why), _) | (_, Outcome::Skipped(why)) => Outcome::Skipped(why),
            (Outcome::Agreed(x), Outcome::Agreed(y)) => Outcome::Agreed(x.max(y)),
            (Outcome::Agreed(bound), _) | (_, Outcome::Agreed(bound)) => Outcome::Agreed(bound),
            (Outcome::Congruent(x), Outcome::Congruent(y)) => Outcome::Congruent(x.min(y)),
            (Outcome::Congruent(points), _) | (_, Outcome::Congruent(points)) => {
                Outcome::Congruent(points)
            }
            (Outcome::Proved, _) | (_, Outcome::Proved) => Outcome::Proved,
            (Outcome::ByConstruction, Outcome::ByConstruction) => Outcome::ByConstruction,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Proved => f.write_str("proved"),
            // The bound depends on the machine's elementary functions in its last digits.
            Outcome::Agreed(bound) => {
                write!(f, "agreed within 1e{}", bound.log10().ceil().max(-16.0))
            }
            Outcome::Congruent(points) => {
                let plural = if *points == 1 { "" } else { "s" };
                write!(
                    f,
                    "equal modulo 2⁶¹ − {} at {points} point{plural}",
                    (1 << 61) - PRIMES[0]
                )
            }
            Outcome::ByConstruction => f.write_str("by construction"),
            Outcome::Skipped(why) => write!(f, "skipped: {why}"),
            Outcome::Vacuous(why) => write!(f, "does not apply: {why}"),
            Outcome::Failed(what) => write!(f, "FAILED: {what}"),
        }
    }
}

/// Comparisons under way.
#[derive(Debug, Default)]
pub(super) struct Tally {
    compared: usize,
    /// At how many points something was equal modulo a prime only.
    congruent: usize,
    nonzero: bool,
    bound: f64,
    unknown: Option<Skip>,
    failure: Option<String>,
}

impl Tally {
    /// Compares what should be equal; `place` tells where, should it not be.
    pub(super) fn compare<N: Number>(&mut self, left: &N, right: &N, place: impl Fn() -> String) {
        self.nonzero |= !left.vanishes() && !right.vanishes();
        match left.agreement(right) {
            Agreement::Equal => self.compared += 1,
            Agreement::Congruent => {
                self.compared += 1;
                self.congruent = self.congruent.max(1);
            }
            Agreement::Within(bound) => {
                self.compared += 1;
                self.bound = self.bound.max(bound);
            }
            Agreement::Different => {
                self.failure
                    .get_or_insert_with(|| format!("{}: {left} ≠ {right}", place()));
            }
            Agreement::Unknown(why) => self.skip(Skip::of_digits(why)),
        }
    }

    /// Counts one comparison that was made elsewhere, with what is wrong, if anything.
    pub(super) fn settle(&mut self, failure: Option<String>) {
        match failure {
            Some(failure) => {
                self.failure.get_or_insert(failure);
            }
            None => self.compared += 1,
        }
    }

    /// Counts the comparison as of something that matters although both sides are zero.
    pub(super) fn matters(&mut self, matters: bool) {
        self.nonzero |= matters;
    }

    /// Adds comparisons that must hold, but are not what the law is about.
    pub(super) fn require(&mut self, side: Tally) {
        if let Some(failure) = side.failure {
            self.failure.get_or_insert(failure);
        }
    }

    /// Notes that there was nothing to compare.
    pub(super) fn skip(&mut self, why: impl Into<Skip>) {
        self.unknown.get_or_insert_with(|| why.into());
    }

    /// Adds the comparisons at one more point; a point with something unknown counts for nothing.
    pub(super) fn merge(&mut self, point: Tally) {
        if let Some(failure) = point.failure {
            self.failure.get_or_insert(failure);
        } else if let Some(why) = point.unknown {
            self.skip(why);
        } else {
            self.compared += point.compared;
            self.congruent += point.congruent;
            self.nonzero |= point.nonzero;
            self.bound = self.bound.max(point.bound);
        }
    }

    /// The verdict.
    pub(super) fn outcome(self) -> Outcome {
        if let Some(failure) = self.failure {
            return Outcome::Failed(failure);
        }
        if self.compared == 0 {
            let why = self.unknown;
            return Outcome::Skipped(why.unwrap_or_else(|| "there is nothing to compare".into()));
        }
        if !self.nonzero {
            return Outcome::Skipped("every derivative is zero".into());
        }
        if self.bound > 0.0 {
            Outcome::Agreed(self.bound)
        } else if self.congruent > 0 {
            Outcome::Congruent(self.congruent)
        } else {
            Outcome::Proved
        }
    }
}
