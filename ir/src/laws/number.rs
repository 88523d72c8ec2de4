//! The numbers over which laws are checked.

use super::enclosed::Enclosed;
use crate::scalar::{Exact, Extended, Residue, Scalar, Undefined};
use std::fmt::Display;

/// How two quantities that should be equal compare.
#[derive(Clone, Debug, PartialEq)]
pub enum Agreement {
    /// They are equal.
    Equal,
    /// They are equal modulo a large prime.
    Congruent,
    /// They may be equal, and differ by no more than this, relative to max(1, magnitude).
    Within(f64),
    /// They are not equal.
    Different,
    /// This cannot be told.
    Unknown(String),
}

/// What random points are made of, to suit the numbers that read them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Points {
    /// Small multiples of ½, on which exact exponentials are homomorphisms.
    Short,
    /// Numbers off the integers, which enclosures cannot mistake for them.
    OffIntegers,
    /// Small numbers, with which enclosures of deep networks stay narrow.
    Small,
    /// As those, with 60 random bits more, far behind the point: in a field these are random elements.
    Fine,
}

/// A scalar whose values can be compared.
pub trait Number: Scalar<World = ()> + Display {
    /// What points are made of.
    const POINTS: Points;
    /// A scalar operation takes about as long as so many on enclosures in double precision.
    const COST: u64;
    /// The numbers over which difference quotients are taken.
    type Steps: Enclosure;
    /// How two quantities that should be equal compare.
    fn agreement(&self, other: &Self) -> Agreement;
    /// Whether this is exactly zero.
    fn vanishes(&self) -> bool;
}

/// Enclosures wider than this, relative to max(1, magnitude), tell nothing.
const WIDEST: f64 = 1e-5;

/// What enclosures that touch tell, which are so wide together.
pub(super) fn agreement_within(bound: f64) -> Agreement {
    if bound > WIDEST {
        Agreement::Unknown(format!("the enclosures, {bound:.0e} wide, do not tell"))
    } else if bound == 0.0 {
        Agreement::Equal
    } else {
        Agreement::Within(bound)
    }
}

/// A number that is known to lie next to another one.
pub trait Enclosure: Number {
    /// Steps of difference quotients are 2⁻ⁿ for these n, one after the other: shorter ones where a graph is steep
    /// or has many kinks, down to where too few digits are left.
    const EXPONENTS: &'static [i64];
    /// What it is next to; NaN when nothing is known.
    fn middle(&self) -> f64;
    /// How far it may be from there; NaN when nothing is known.
    fn radius(&self) -> f64;
    /// The same number, less well known.
    fn with_error(&self, error: f64) -> Self;
}

/// Infinities that are equal agree in nothing that can be compared.
fn infinite<T>(x: &Extended<T>, y: &Extended<T>) -> Option<Agreement> {
    match (x, y) {
        (Extended::Finite(_), Extended::Finite(_)) => None,
        (Extended::Infinite { negative: x }, Extended::Infinite { negative: y }) if x == y => {
            Some(Agreement::Unknown("both sides are infinite".into()))
        }
        (_, _) => Some(Agreement::Different),
    }
}

impl Display for Exact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Ok(value) => value.fmt(f),
            Err(Undefined(why)) => write!(f, "undefined ({why})"),
        }
    }
}

impl Number for Exact {
    const POINTS: Points = Points::Short;
    const COST: u64 = 1;
    type Steps = Enclosed;
    fn agreement(&self, other: &Self) -> Agreement {
        match (&self.0, &other.0) {
            (Ok(x), Ok(y)) => infinite(x, y).unwrap_or(match x == y {
                true => Agreement::Equal,
                false => Agreement::Different,
            }),
            (Err(why), _) | (_, Err(why)) => Agreement::Unknown(why.0.to_string()),
        }
    }
    fn vanishes(&self) -> bool {
        *self == Exact::integer(0)
    }
}

impl Number for Residue {
    const POINTS: Points = Points::Fine;
    const COST: u64 = 8;
    type Steps = Enclosed;
    fn agreement(&self, other: &Self) -> Agreement {
        match (self.residue(), other.residue()) {
            (Ok(x), Ok(y)) if x == y && !self.real().is_apart(&other.real()) => {
                Agreement::Congruent
            }
            (Ok(_), Ok(_)) => Agreement::Different,
            (Err(why), _) | (_, Err(why)) => Agreement::Unknown(why.0.to_string()),
        }
    }
    fn vanishes(&self) -> bool {
        self.residue() == Ok(0)
    }
}
