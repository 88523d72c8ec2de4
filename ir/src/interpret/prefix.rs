//! Prefix scans.

use super::{Data, InterpretError, NOT_NUMBERS, Outcome, Tensor};
use crate::op::{Prefix, PrefixRule};
use crate::scalar::{Comparison, Int, Logic, Scalar};
use crate::shape::Type;
use std::rc::Rc;

/// Runs along the axis of each line.
pub(super) fn prefix<S: Scalar>(
    rule: &PrefixRule,
    world: &S::World,
    x: &[Rc<Tensor<S>>],
) -> Outcome<S> {
    let ty = &x[0].ty;
    match &x[0].data {
        Data::Number(_) => {
            let columns: Vec<&[S]> = x.iter().map(|tensor| tensor.as_numbers()).collect();
            Ok(Data::Number(lines(rule, world, ty, &columns)?))
        }
        Data::Int(_) => {
            let columns: Vec<&[Int]> = x.iter().map(|tensor| tensor.as_ints()).collect();
            Ok(Data::Int(lines(rule, &(), ty, &columns)?))
        }
        Data::Mask(_) => Err(NOT_NUMBERS),
    }
}

fn lines<S: Scalar>(
    rule: &PrefixRule,
    world: &S::World,
    ty: &Type,
    columns: &[&[S]],
) -> Result<Vec<S>, InterpretError> {
    let extents: Vec<usize> = ty.shape.extents().map(|extent| extent as usize).collect();
    let length = extents.get(rule.axis).copied().unwrap_or(1);
    let inner: usize = extents.iter().skip(rule.axis + 1).product();
    let outer: usize = extents.iter().take(rule.axis).product();
    let identity = S::constant(world, ty.dtype, &rule.prefix.identity(ty.dtype));
    let mut results: Vec<S> = vec![identity.clone(); ty.elements() as usize];
    for line in 0..outer * inner {
        let start = line / inner.max(1) * length * inner + line % inner.max(1);
        let mut state: Option<S> = match rule.prefix {
            // What comes first is itself, in arithmetic that has no infinities as well.
            Prefix::Max | Prefix::Min => None,
            Prefix::Sum | Prefix::Product | Prefix::Linear => Some(identity.clone()),
        };
        for turn in 0..length {
            let place = if rule.reverse {
                length - 1 - turn
            } else {
                turn
            };
            let at = start + place * inner;
            let elements: Vec<S> = columns.iter().map(|column| column[at].clone()).collect();
            let next = match &state {
                Some(state) => combined(rule.prefix, state, &elements),
                None => elements[0].clone(),
            };
            results[at] = match (rule.exclusive, state) {
                (false, _) => next.clone(),
                (true, Some(before)) => before,
                (true, None) => identity.clone(),
            };
            state = Some(next);
        }
    }
    Ok(results)
}

/// What is carried after an element. Of equal largest ones the first is kept, whose derivative counts.
fn combined<S: Scalar>(prefix: Prefix, state: &S, x: &[S]) -> S {
    let beyond = match prefix {
        Prefix::Max => Comparison::Gt,
        Prefix::Min => Comparison::Lt,
        Prefix::Sum | Prefix::Product | Prefix::Linear => return prefix.combine(state, x),
    };
    let is_nan = |x: &S| x.compare(Comparison::Ne, x).decide() == Ok(true);
    match x[0].compare(beyond, state).decide() {
        Ok(wins) if wins || (is_nan(&x[0]) && !is_nan(state)) => x[0].clone(),
        Ok(_) => state.clone(),
        Err(_) => prefix.combine(state, x),
    }
}
