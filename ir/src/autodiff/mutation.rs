//! Wrong sweeps, for the tests of the laws: each law must notice its kind.

use super::AutodiffError;
use super::rules::{Parts, Site, plus};
use crate::builder::Builder;
use crate::graph::Value;
use crate::op::Op;
use std::cell::Cell;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mutation {
    /// Of several contributions to a cotangent, the last is kept.
    KeepLast,
    /// Of several contributions to a cotangent, the first is kept.
    KeepFirst,
    /// Contributions are added in another order.
    RightNested,
    /// The rule of the op of that name yields the first cotangent with the wrong sign.
    Negated(&'static str),
    /// The rule of the op of that name yields the second cotangent first.
    Swapped(&'static str),
}

thread_local! {
    static ACTIVE: Cell<Option<Mutation>> = const { Cell::new(None) };
}

/// Runs `body` while the sweep of this thread is wrong.
pub(crate) fn with<T>(mutation: Mutation, body: impl FnOnce() -> T) -> T {
    ACTIVE.set(Some(mutation));
    let result = body();
    ACTIVE.set(None);
    result
}

/// The cotangent after one more contribution.
pub(super) fn accumulated(
    builder: &Builder,
    known: Option<Value>,
    contribution: Value,
) -> Result<Option<Value>, AutodiffError> {
    match (ACTIVE.get(), known) {
        (Some(Mutation::KeepLast), _) => Ok(Some(contribution)),
        (Some(Mutation::KeepFirst), Some(known)) => Ok(Some(known)),
        (Some(Mutation::RightNested), Some(known)) => {
            let operands = builder.with_graph(|graph| {
                let is_sum = matches!(graph.op(known.node), Op::Add(_));
                is_sum.then(|| graph.operands(known.node))
            });
            match operands {
                Some(parts) => {
                    let rest = plus(builder, Some(parts[1]), Some(contribution))?;
                    plus(builder, Some(parts[0]), rest)
                }
                None => plus(builder, Some(known), Some(contribution)),
            }
        }
        (_, known) => plus(builder, known, Some(contribution)),
    }
}

/// The cotangents of the operands of a node.
pub(super) fn parts(
    builder: &Builder,
    site: &Site,
    mut parts: Parts,
) -> Result<Parts, AutodiffError> {
    let is = |name: &str| site.op.spec().name == name;
    match ACTIVE.get() {
        Some(Mutation::Negated(name)) if is(name) => {
            let negated = parts[0].map(|part| builder.neg(part)).transpose()?;
            parts[0] = negated;
        }
        Some(Mutation::Swapped(name)) if is(name) => parts.swap(0, 1),
        _ => {}
    }
    Ok(parts)
}
