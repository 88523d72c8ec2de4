//! Wrong sweeps, for the tests of the laws: each law must notice its kind.

use super::AutodiffError;
use super::rules::{Adjoints, Site};
use crate::builder::Builder;
use crate::graph::Value;
use crate::op::{Op, TypeError};
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

/// Whether the sweep of this thread is wrong.
pub(super) fn is_active() -> bool {
    ACTIVE.get().is_some()
}

/// The cotangent after one more contribution.
pub(super) fn accumulated(
    builder: &Builder,
    known: Value,
    contribution: Value,
) -> Result<Value, TypeError> {
    match ACTIVE.get() {
        Some(Mutation::KeepLast) => Ok(contribution),
        Some(Mutation::KeepFirst) => Ok(known),
        Some(Mutation::RightNested) => {
            let operands = builder.with_graph(|graph| {
                let is_sum = matches!(graph.op(known.node), Op::Add(_));
                is_sum.then(|| graph.operands(known.node))
            });
            match operands {
                Some(parts) => builder.add(parts[0], builder.add(parts[1], contribution)?),
                None => builder.add(known, contribution),
            }
        }
        _ => builder.add(known, contribution),
    }
}

/// The cotangents of the operands of a node.
pub(super) fn parts(
    builder: &Builder,
    site: &Site,
    mut parts: Adjoints,
) -> Result<Adjoints, AutodiffError> {
    let is = |name: &str| site.op.spec().name == name;
    match ACTIVE.get() {
        Some(Mutation::Negated(name)) if is(name) => {
            if let Some(part) = &mut parts[0] {
                part.value = builder.neg(part.value)?;
            }
        }
        Some(Mutation::Swapped(name)) if is(name) => parts.swap(0, 1),
        _ => {}
    }
    Ok(parts)
}
