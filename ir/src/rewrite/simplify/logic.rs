//! Simplification of truth values, selection and conversion.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a rule is about the few ops that it names"
)]

use super::Simplification;
use super::site::Site;
use crate::dtype::DType;
use crate::graph::Value;
use crate::op::{
    Cast, Equal, Greater, GreaterEqual, Less, LessEqual, LogicalNot, NotEqual, Op, Select,
};

pub(super) const RULES: &[Simplification] = &[
    Simplification {
        name: "double not",
        law: "¬¬x = x",
        apply: |s| {
            matches!(s.op, Op::LogicalNot(_)).then_some(())?;
            s.value(inverted(s, s.x[0])?)
        },
    },
    Simplification {
        name: "not of a comparison",
        law: "¬(x = y) is x ≠ y, and back; the others likewise but for floats, where NaN is in the way",
        apply: |s| {
            matches!(s.op, Op::LogicalNot(_)).then_some(())?;
            let (comparison, x) = s.producer(s.x[0]);
            let total = !s.type_of(*x.first()?).dtype.is_float();
            match comparison {
                Op::Equal(_) => s.op(NotEqual {}, &x),
                Op::NotEqual(_) => s.op(Equal {}, &x),
                Op::Less(_) if total => s.op(GreaterEqual {}, &x),
                Op::LessEqual(_) if total => s.op(Greater {}, &x),
                Op::Greater(_) if total => s.op(LessEqual {}, &x),
                Op::GreaterEqual(_) if total => s.op(Less {}, &x),
                _ => None,
            }
        },
    },
    Simplification {
        name: "with a known truth value",
        law: "x ∧ true = x ∨ false = x ⊕ false = x, x ∧ false = false, x ∨ true = true, x ⊕ true = ¬x",
        apply: |s| {
            let with = |integer| s.either(|y| s.is(y, integer));
            match s.op {
                Op::LogicalAnd(_) => match with(1) {
                    Some((x, _)) => s.value(x),
                    None => with(0).and_then(|_| s.splat_of(0)),
                },
                Op::LogicalOr(_) => match with(0) {
                    Some((x, _)) => s.value(x),
                    None => with(1).and_then(|_| s.splat_of(1)),
                },
                Op::LogicalXor(_) => match with(0) {
                    Some((x, _)) => s.value(x),
                    None => with(1).and_then(|(x, _)| s.op(LogicalNot {}, &[x])),
                },
                _ => None,
            }
        },
    },
    Simplification {
        name: "truth value with itself",
        law: "x ∧ x = x ∨ x = x, x ⊕ x = false",
        apply: |s| {
            let (x, y) = s.pair()?;
            (x == y).then_some(())?;
            match s.op {
                Op::LogicalAnd(_) | Op::LogicalOr(_) => s.value(x),
                Op::LogicalXor(_) => s.splat_of(0),
                _ => None,
            }
        },
    },
    Simplification {
        name: "compared with itself",
        law: "x < x is false; x = x and x ≤ x are true but for floats, where x may be NaN",
        apply: |s| {
            let (x, y) = s.pair()?;
            (x == y).then_some(())?;
            let total = !s.type_of(x).dtype.is_float();
            match s.op {
                Op::Less(_) | Op::Greater(_) => s.splat_of(0),
                Op::NotEqual(_) if total => s.splat_of(0),
                Op::Equal(_) | Op::LessEqual(_) | Op::GreaterEqual(_) if total => s.splat_of(1),
                _ => None,
            }
        },
    },
    Simplification {
        name: "selection by a known condition",
        law: "select(true, x, y) = x, select(false, x, y) = y",
        apply: |s| {
            let (condition, x, y) = selection(s)?;
            let truth = s.splat(condition)?;
            s.value(if truth.is_zero() { y } else { x })
        },
    },
    Simplification {
        name: "selection between equals",
        law: "select(c, x, x) = x",
        apply: |s| {
            let (_, x, y) = selection(s)?;
            (x == y).then(|| s.value(x))?
        },
    },
    Simplification {
        name: "selection by a negation",
        law: "select(¬c, x, y) = select(c, y, x)",
        apply: |s| {
            let (condition, x, y) = selection(s)?;
            s.op(Select {}, &[inverted(s, condition)?, y, x])
        },
    },
    Simplification {
        name: "selection of truth values",
        law: "select(c, true, false) = c, select(c, false, true) = ¬c",
        apply: |s| {
            let (condition, x, y) = selection(s)?;
            (s.ty.dtype == DType::Bool).then_some(())?;
            if s.is(x, 1) && s.is(y, 0) {
                s.value(condition)
            } else if s.is(x, 0) && s.is(y, 1) {
                s.op(LogicalNot {}, &[condition])
            } else {
                None
            }
        },
    },
    Simplification {
        name: "selection twice by one condition",
        law: "select(c, select(c, x, y), z) = select(c, x, z), and likewise in the other arm",
        apply: |s| {
            let (condition, x, y) = selection(s)?;
            let inner = |value: Value, arm: usize| {
                let (op, operands) = s.producer(value);
                let same = matches!(op, Op::Select(_)) && operands[0] == condition;
                same.then(|| operands[arm])
            };
            match (inner(x, 1), inner(y, 2)) {
                (None, None) => None,
                (left, right) => {
                    let arms = [condition, left.unwrap_or(x), right.unwrap_or(y)];
                    s.op(Select {}, &arms)
                }
            }
        },
    },
    Simplification {
        name: "cast to the same dtype",
        law: "a cast that changes nothing",
        apply: |s| {
            matches!(s.op, Op::Cast(_)).then_some(())?;
            (s.type_of(s.x[0]) == s.ty).then(|| s.value(s.x[0]))?
        },
    },
    Simplification {
        name: "cast of a cast",
        law: "through a dtype that holds every value, or between integers through more bits",
        apply: |s| {
            matches!(s.op, Op::Cast(_)).then_some(())?;
            let (inner, x) = s.producer(s.x[0]);
            matches!(inner, Op::Cast(_)).then_some(())?;
            let (from, through, to) = (s.type_of(x[0]).dtype, s.dtype(), s.ty.dtype);
            let op = Cast { dtype: to };
            passes_through(from, through, to).then(|| s.op(op, &x))?
        },
    },
    Simplification {
        name: "gradient of what has none",
        law: "stop_gradient(x) = x for integers, and for what stops it already",
        apply: |s| {
            matches!(s.op, Op::StopGradient(_)).then_some(())?;
            let (inner, _) = s.producer(s.x[0]);
            let stopped = matches!(inner, Op::StopGradient(_)) || !s.ty.dtype.is_float();
            stopped.then(|| s.value(s.x[0]))?
        },
    },
];

fn selection(s: &Site<'_>) -> Option<(Value, Value, Value)> {
    match (s.op, s.x) {
        (Op::Select(_), [condition, x, y]) => Some((*condition, *x, *y)),
        (_, _) => None,
    }
}

/// The operand of the `logical_not` that makes a value.
fn inverted(s: &Site<'_>, value: Value) -> Option<Value> {
    let (op, x) = s.producer(value);
    matches!(op, Op::LogicalNot(_)).then(|| x[0])
}

/// Whether casting `from` → `through` → `to` is casting `from` → `to`.
fn passes_through(from: DType, through: DType, to: DType) -> bool {
    if !holds(through, from) {
        // Integers keep low bits, of which `to` takes no more than `through` has.
        return from.is_integer()
            && through.is_integer()
            && to.is_integer()
            && to.bits() <= through.bits();
    }
    // From a float the second cast saturates, where a cast between integers keeps low bits: the same
    // only if `to` holds every value.
    let saturates = through.is_float() && to.is_integer() && from.is_integer();
    !saturates || holds(to, from)
}

/// Whether a dtype holds every value of another.
fn holds(dtype: DType, other: DType) -> bool {
    match (dtype, other) {
        (_, DType::Bool) => true,
        (DType::I64 | DType::F64, DType::I32 | DType::U32) => true,
        (DType::F64, DType::F32) => true,
        (DType::F32 | DType::F64, DType::F16 | DType::Bf16) => true,
        (_, _) => dtype == other,
    }
}
