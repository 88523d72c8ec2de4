//! The numbers over which laws are checked.

use crate::scalar::{Exact, Scalar, Undefined};
use std::fmt::Display;

/// How two quantities that should be equal compare.
#[derive(Clone, Debug, PartialEq)]
pub enum Agreement {
    /// They are equal.
    Equal,
    /// They may be equal, and differ by no more than this, relative to max(1, magnitude).
    Within(f64),
    /// They are not equal.
    Different,
    /// This cannot be told.
    Unknown(String),
}

/// A scalar whose values can be compared.
pub trait Number: Scalar<World = ()> + Display {
    /// Whether equality is exact.
    const EXACT: bool;
    /// How two quantities that should be equal compare.
    fn agreement(&self, other: &Self) -> Agreement;
    /// Whether this is exactly zero.
    fn vanishes(&self) -> bool;
}

impl Display for Exact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Ok(value) => write!(f, "{value}"),
            Err(Undefined(why)) => write!(f, "undefined ({why})"),
        }
    }
}

impl Number for Exact {
    const EXACT: bool = true;
    fn agreement(&self, other: &Self) -> Agreement {
        match (&self.0, &other.0) {
            (Ok(x), Ok(y)) if x == y => Agreement::Equal,
            (Ok(_), Ok(_)) => Agreement::Different,
            (Err(why), _) | (_, Err(why)) => Agreement::Unknown(why.0.to_string()),
        }
    }
    fn vanishes(&self) -> bool {
        *self == Exact::integer(0)
    }
}
