//! Why a derivative could not be built.

use crate::op::TypeError;
use crate::scalar::Undefined;
use crate::span::Span;

/// Why a derivative could not be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AutodiffError {
    /// An op of the derivative does not type-check.
    #[error(transparent)]
    Type(#[from] TypeError),
    /// A rule has no value.
    #[error("a derivative rule has no value: {0}")]
    Undefined(&'static str),
    /// A composite op without a rule was left in the graph.
    #[error("`{0}` has no derivative rule and was not decomposed")]
    NotDecomposed(&'static str),
    /// The value to differentiate is no float scalar.
    #[error("only a float scalar has a gradient, not a value of type {0}")]
    NotScalar(String),
    /// The graph has no such input or output.
    #[error("there is no {0}")]
    Missing(String),
    /// An integer that has a cotangent is made by an op that passes none on.
    #[error("the cotangent of an integer ends at `{op}`, which has no derivative on integers")]
    Integers {
        /// The op.
        op: &'static str,
        /// Where it stands.
        span: Span,
    },
    /// A tangent reaches a call whose rule names cotangents of integers.
    #[error("`{name}` has no forward mode: its `vjp` block names cotangents of integers")]
    NoForward {
        /// The graph that is called.
        name: String,
        /// Where it is declared.
        span: Span,
    },
}

impl AutodiffError {
    /// Where in the source the fault lies, if it lies within what is differentiated.
    pub fn place(&self) -> Option<Span> {
        let span = match self {
            AutodiffError::Integers { span, .. } | AutodiffError::NoForward { span, .. } => *span,
            AutodiffError::Type(_)
            | AutodiffError::Undefined(_)
            | AutodiffError::NotDecomposed(_)
            | AutodiffError::NotScalar(_)
            | AutodiffError::Missing(_) => return None,
        };
        (!span.is_synthetic()).then_some(span)
    }

    /// What to do about it, where that is known.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            AutodiffError::Integers { .. } => Some(
                "ops on integers have no derivative unless a graph states one with a `vjp` block; only sums, \
                 differences and what moves elements pass cotangents on. Call such a graph here, or end the \
                 cotangent with `stop_gradient`",
            ),
            AutodiffError::NoForward { .. } => Some(
                "integers have no tangents; use `vjp` or `grad`, or pass `stop_gradient` of the arguments",
            ),
            AutodiffError::Type(_)
            | AutodiffError::Undefined(_)
            | AutodiffError::NotDecomposed(_)
            | AutodiffError::NotScalar(_)
            | AutodiffError::Missing(_) => None,
        }
    }

    /// The same as an error of an op that is differentiated.
    pub(crate) fn into_type_error(self) -> TypeError {
        match self {
            AutodiffError::Type(error) => error,
            AutodiffError::Undefined(_)
            | AutodiffError::NotDecomposed(_)
            | AutodiffError::NotScalar(_)
            | AutodiffError::Missing(_)
            | AutodiffError::Integers { .. }
            | AutodiffError::NoForward { .. } => TypeError::new(self.to_string()),
        }
    }
}

impl From<Undefined> for AutodiffError {
    fn from(undefined: Undefined) -> Self {
        AutodiffError::Undefined(undefined.0)
    }
}
