//! Numbers with two infinities, for scalars that have none of their own.
//!
//! Masks and padding use −∞, as what loses each maximum and has the exponential 0. So infinities add,
//! compare and have limits; where these disagree (∞ − ∞, 0·∞) nothing is known.

use super::{Binary, Truth, Unary, Undefined};
use std::cmp::Ordering;
use std::fmt;

/// A number or an infinity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extended<T> {
    /// A number.
    Finite(T),
    /// −∞ if `negative`, else +∞.
    Infinite {
        /// Whether this is −∞.
        negative: bool,
    },
}

/// Numbers that infinities can be added to.
pub trait Finite: Clone {
    /// A small integer.
    fn small(value: i64) -> Self;
    /// How the number compares with 0, if that is known.
    fn sign(&self) -> Result<Ordering, Undefined>;
}

use Extended::{Finite as Number, Infinite};

const UNDEFINED: Undefined = Undefined("an infinity for which no value is the limit");

type Known<T> = Result<Extended<T>, Undefined>;

impl<T: fmt::Display> fmt::Display for Extended<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Number(value) => value.fmt(f),
            Infinite { negative: true } => f.write_str("-∞"),
            Infinite { negative: false } => f.write_str("∞"),
        }
    }
}

impl<T: Finite> Extended<T> {
    /// How the number compares with 0, if that is known.
    fn sign(&self) -> Result<Ordering, Undefined> {
        match self {
            Number(value) => value.sign(),
            Infinite { negative: true } => Ok(Ordering::Less),
            Infinite { negative: false } => Ok(Ordering::Greater),
        }
    }

    /// How two numbers compare, of which at least one is infinite.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Infinite { negative }, Infinite { negative: other }) => other.cmp(negative),
            (Infinite { negative: true }, Number(_))
            | (Number(_), Infinite { negative: false }) => Ordering::Less,
            (Infinite { .. }, Number(_)) | (Number(_), Infinite { .. }) => Ordering::Greater,
            (Number(_), Number(_)) => Ordering::Equal,
        }
    }

    /// The limit of a function at an infinity.
    pub(super) fn limit(function: Unary, negative: bool) -> Known<T> {
        let infinite = |negative| Ok(Infinite { negative });
        let finite = |value| Ok(Number(T::small(value)));
        match function {
            Unary::Neg => infinite(!negative),
            Unary::Abs | Unary::Cosh => infinite(false),
            Unary::Exp if negative => finite(0),
            Unary::Expm1 if negative => finite(-1),
            Unary::Sqrt | Unary::Log | Unary::Log1p if negative => Err(UNDEFINED),
            Unary::Sqrt | Unary::Exp | Unary::Expm1 | Unary::Log | Unary::Log1p => infinite(false),
            Unary::Tanh | Unary::Erf => finite(if negative { -1 } else { 1 }),
            Unary::Sinh | Unary::Floor | Unary::Ceil | Unary::Round => infinite(negative),
            Unary::Sin | Unary::Cos => Err(UNDEFINED),
        }
    }

    fn negated(&self) -> Self {
        match self {
            // Only that the other one is infinite matters where this is added to it.
            Number(value) => Number(value.clone()),
            Infinite { negative } => Infinite {
                negative: !negative,
            },
        }
    }

    /// The limit of a function of two numbers, of which at least one is infinite.
    pub(super) fn limit_of(function: Binary, x: &Self, y: &Self) -> Known<T> {
        match function {
            Binary::Add => Self::sum(x, y),
            Binary::Sub => Self::sum(x, &y.negated()),
            Binary::Mul => Self::product(x, y),
            Binary::Div => match (x, y) {
                (Number(_), Infinite { .. }) => Ok(Number(T::small(0))),
                (Infinite { .. }, Number(_)) => Self::product(x, y),
                (_, _) => Err(UNDEFINED),
            },
            Binary::Max if x.order(y) == Ordering::Less => Ok(y.clone()),
            Binary::Min if x.order(y) == Ordering::Greater => Ok(y.clone()),
            Binary::Max | Binary::Min => Ok(x.clone()),
            Binary::Pow => Err(UNDEFINED),
            Binary::Rem | Binary::And | Binary::Or | Binary::Xor | Binary::Shl | Binary::Shr => {
                Err(Undefined("only integers have this function"))
            }
        }
    }

    fn sum(x: &Self, y: &Self) -> Known<T> {
        match (x, y) {
            (Infinite { negative }, Number(_)) | (Number(_), Infinite { negative }) => {
                Ok(Infinite {
                    negative: *negative,
                })
            }
            (Infinite { .. }, Infinite { .. }) if x.order(y) == Ordering::Equal => Ok(x.clone()),
            (_, _) => Err(UNDEFINED),
        }
    }

    fn product(x: &Self, y: &Self) -> Known<T> {
        match (x.sign()?, y.sign()?) {
            (Ordering::Equal, _) | (_, Ordering::Equal) => Err(UNDEFINED),
            (x, y) => Ok(Infinite { negative: x != y }),
        }
    }

    /// Whether a comparison of two numbers holds, of which at least one is infinite.
    pub(super) fn compares(comparison: super::Comparison, x: &Self, y: &Self) -> Truth {
        Ok(comparison.holds(&x.order(y), &Ordering::Equal))
    }
}
