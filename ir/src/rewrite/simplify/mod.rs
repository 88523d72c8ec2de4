//! Simplification by named rules.
//!
//! A rule looks at one op and at the ops that make its operands, and puts a value that is there
//! already, or one other op, in its place. Every rule is exact in floating point, for NaN,
//! infinities, zeros of either sign and denormal numbers alike, and keeps derivatives, so that it
//! may run before and after the derivative passes. What looks harmless and is not exact is left
//! out: x + 0 (−0 becomes +0), x·0 and x − x (NaN, ∞), 0 − x (the sign of zero), −(a − b) (likewise),
//! ¬(x < y) (NaN).

mod arithmetic;
mod logic;
mod site;
mod view;

use super::bodies::with_bodies;
use super::rebuild::{Step, rebuild};
use crate::graph::{Graph, Remap, Value, Values};
use crate::op::{Op, TypeError};
use crate::shape::Type;
use site::{Rewrite, Site};

/// A named rewrite rule.
#[derive(Clone, Copy)]
pub struct Simplification {
    /// The name, unique among the rules.
    pub name: &'static str,
    /// What is equal to what, and why, where that is not plain.
    pub law: &'static str,
    apply: fn(&Site<'_>) -> Option<Rewrite>,
}

/// Every rule, by group.
pub const SIMPLIFICATIONS: &[&[Simplification]] =
    &[arithmetic::RULES, logic::RULES, view::RULES, view::FOLDS];

/// Rewrites of one op end after few steps, since each makes it simpler; this bounds them.
const MAX_STEPS: usize = 32;

/// The graph with all rules applied, in one sweep: operands are simple before their users are
/// looked at. Values that nothing reads any more stay, for [`dce`](super::dce).
///
/// # Errors
/// None for a graph that verifies: replacements have the types of what they replace.
pub fn simplify(graph: &Graph) -> Result<(Graph, Remap), TypeError> {
    with_bodies(graph, &|graph| simplify_observed(graph, &mut |_| ()))
}

/// [`simplify`], with `observe` called with each rule that fires.
pub(super) fn simplify_observed(
    graph: &Graph,
    observe: &mut dyn FnMut(&'static str),
) -> Result<(Graph, Remap), TypeError> {
    rebuild(graph, |builder, node, operands| {
        let (op, ty) = (graph.op(node), graph.ty(Value { node, result: 0 }));
        let found = builder.with_graph(|new| simplest(new, op, operands, ty, observe));
        Ok(match found {
            None => Step::Keep,
            Some(Rewrite::Value(value)) => Step::Fold(value),
            Some(Rewrite::Op(op, operands)) => Step::Fold(builder.apply(op, &operands)?),
        })
    })
}

/// Applies rules until none fits: what to put in the place of the op, if any did.
fn simplest(
    graph: &Graph,
    op: &Op,
    operands: &Values,
    ty: &Type,
    observe: &mut dyn FnMut(&'static str),
) -> Option<Rewrite> {
    let mut best: Option<(Op, Values)> = None;
    for _ in 0..MAX_STEPS {
        let (op, operands) = best.as_ref().map_or((op, operands), |(op, x)| (op, x));
        let site = Site::new(graph, op, operands, ty);
        let mut rules = SIMPLIFICATIONS.iter().copied().flatten();
        let Some((rule, rewrite)) = rules.find_map(|rule| Some((rule, (rule.apply)(&site)?)))
        else {
            break;
        };
        observe(rule.name);
        match rewrite {
            Rewrite::Value(value) => return Some(Rewrite::Value(value)),
            Rewrite::Op(op, operands) => {
                let types: Vec<&Type> = operands.iter().map(|x| graph.ty(*x)).collect();
                best = Some((op.canonical(&types), operands));
            }
        }
    }
    best.map(|(op, operands)| Rewrite::Op(op, operands))
}

impl std::fmt::Debug for Simplification {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.name, self.law)
    }
}
