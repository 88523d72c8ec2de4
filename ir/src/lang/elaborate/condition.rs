//! Comparisons and logic of what is known at compile time.

use super::body::Body;
use super::value::Val;
use super::{Elaborator, Reported};
use crate::constant::Constant;
use crate::dtype::DType;
use crate::lang::ast::BinaryOp;
use crate::span::Span;
use std::cmp::Ordering;

impl<'a> Elaborator<'a> {
    /// Whether two names, such as dtypes, are the same; `None` if the operator does not ask that.
    pub(super) fn compare_names(
        &mut self,
        body: &Body<'a>,
        op: BinaryOp,
        operands: [&Val; 2],
        spans: [Span; 2],
    ) -> Option<Result<Val, Reported>> {
        let ([Val::Name(x), Val::Name(y)], Some(equal)) = (operands, equality(op)) else {
            return None;
        };
        for (name, span) in [x, y].into_iter().zip(spans) {
            if name.parse::<DType>().is_err() && !self.is_function(name) {
                return Some(Err(self.unknown_name(body, name, span)));
            }
        }
        Some(Ok(Val::Bool((x == y) == equal)))
    }
}

/// A comparison of numbers, or logic of truth values; `None` where the operator is neither.
pub(super) fn fold(op: BinaryOp, x: &Val, y: &Val) -> Option<Val> {
    match (x, y) {
        (Val::Number(x), Val::Number(y)) => compare(op, x, y).map(Val::Bool),
        (Val::Bool(x), Val::Bool(y)) => match (op, equality(op)) {
            (BinaryOp::And | BinaryOp::BitAnd, _) => Some(Val::Bool(*x && *y)),
            (BinaryOp::Or | BinaryOp::BitOr, _) => Some(Val::Bool(*x || *y)),
            (BinaryOp::BitXor, _) => Some(Val::Bool(x != y)),
            (_, Some(equal)) => Some(Val::Bool((x == y) == equal)),
            (_, None) => None,
        },
        _ => None,
    }
}

/// Whether an operator asks for equality (true) or for its absence (false).
fn equality(op: BinaryOp) -> Option<bool> {
    match op {
        BinaryOp::Eq => Some(true),
        BinaryOp::Ne => Some(false),
        _ => None,
    }
}

/// The comparison of two numbers: exact, but for infinities, which are beyond all numbers, and nan,
/// which is unlike any.
fn compare(op: BinaryOp, x: &Constant, y: &Constant) -> Option<bool> {
    let order = match (x.as_rational(), y.as_rational()) {
        (Some(x), Some(y)) => Some(x.cmp(&y)),
        _ => x.to_f64().partial_cmp(&y.to_f64()),
    };
    let holds = |wanted: &[Ordering]| order.is_some_and(|order| wanted.contains(&order));
    match op {
        BinaryOp::Eq => Some(holds(&[Ordering::Equal])),
        BinaryOp::Ne => Some(!holds(&[Ordering::Equal])),
        BinaryOp::Lt => Some(holds(&[Ordering::Less])),
        BinaryOp::Le => Some(holds(&[Ordering::Less, Ordering::Equal])),
        BinaryOp::Gt => Some(holds(&[Ordering::Greater])),
        BinaryOp::Ge => Some(holds(&[Ordering::Greater, Ordering::Equal])),
        _ => None,
    }
}
