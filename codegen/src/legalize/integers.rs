//! Functions of integers that processors have for some operands only.
//!
//! Operands that they do not have are replaced before, and the result where they were selected after: without a
//! branch, so that it is the same for vectors. An operand that is known needs neither.

use super::Emission;
use crate::kernel::{Kernel, Op, Stmt, ValueId, ValueType};
use crate::target::Operations;
use lgc_ir::dtype::DType;
use lgc_ir::scalar::{Binary, Comparison, Connective, Unary};

/// The integer that each value of a kernel is known to be in all elements.
pub(super) fn known(kernel: &Kernel) -> Vec<Option<i64>> {
    let mut known = vec![None; kernel.values.len()];
    kernel.body.visit(&mut |stmt| {
        let Stmt::Compute { result, op } = stmt else {
            return;
        };
        let integer = match op {
            Op::Const(dtype, constant) if dtype.is_integer() => {
                constant.as_i64().map(|value| dtype.wrap(value))
            }
            // Definitions come before uses.
            Op::Splat(_, x) => known.get(x.index()).copied().flatten(),
            Op::Const(..)
            | Op::Index(..)
            | Op::Ramp(..)
            | Op::Slice(..)
            | Op::Unary(..)
            | Op::Binary(..)
            | Op::Compare(..)
            | Op::Connect(..)
            | Op::Not(_)
            | Op::Select(..)
            | Op::Cast(..)
            | Op::Bitcast(..)
            | Op::Fma(..)
            | Op::Rows(..)
            | Op::Columns(..)
            | Op::Mma(..) => None,
        };
        if let Some(known) = known.get_mut(result.index()) {
            *known = integer;
        }
    });
    known
}

/// A function that a processor does not have for the operands that it is given.
#[derive(Clone, Copy)]
pub(super) enum Partial {
    /// x/y, where y may be 0 or −1.
    Quotient(ValueId, ValueId),
    /// x rem y, where y may be 0 or −1.
    Remainder(ValueId, ValueId),
    /// A shift by an amount that may be out of range.
    Shift(Binary, ValueId, ValueId),
    /// A shift by an amount that is out of range.
    FarShift(Binary, ValueId),
    /// The one of two that stands in this relation to the other.
    Extremum(Comparison, ValueId, ValueId),
}

impl Partial {
    pub(super) fn of(
        op: &Op,
        values: &[ValueType],
        known: &[Option<i64>],
        operations: &Operations,
    ) -> Option<Self> {
        let Op::Binary(function, x, y) = *op else {
            return None;
        };
        let dtype = values.get(x.index())?.dtype;
        if !dtype.is_integer() {
            return None;
        }
        let known = known.get(y.index()).copied().flatten();
        match function {
            Binary::Div | Binary::Rem => {
                let is_safe = known.is_some_and(|divisor| divisor != 0 && divisor != -1);
                if operations.division || is_safe {
                    return None;
                }
                Some(match function == Binary::Div {
                    true => Partial::Quotient(x, y),
                    false => Partial::Remainder(x, y),
                })
            }
            Binary::Shl | Binary::Shr if operations.shifts => None,
            Binary::Shl | Binary::Shr => match known {
                Some(amount) if (0..dtype.bits().into()).contains(&amount) => None,
                Some(_) => Some(Partial::FarShift(function, x)),
                None => Some(Partial::Shift(function, x, y)),
            },
            Binary::Max | Binary::Min if operations.extrema_of_i64 || dtype != DType::I64 => None,
            Binary::Max => Some(Partial::Extremum(Comparison::Gt, x, y)),
            Binary::Min => Some(Partial::Extremum(Comparison::Lt, x, y)),
            Binary::Add
            | Binary::Sub
            | Binary::Mul
            | Binary::Pow
            | Binary::And
            | Binary::Or
            | Binary::Xor => None,
        }
    }

    /// The operation that yields the result, after those that lead to it.
    pub(super) fn guarded(self, emission: &mut Emission<'_>, dtype: DType) -> Op {
        match self {
            Partial::Quotient(x, y) => quotient(emission, dtype, x, y),
            Partial::Remainder(x, y) => {
                let divisor = Divisor::of(emission, dtype, y);
                let remainder = Op::Binary(Binary::Rem, x, divisor.safe);
                let remainder = emission.define(dtype, remainder);
                // That by 1 in place of −1 is 0 as it is to be.
                Op::Select(divisor.is_zero, x, remainder)
            }
            Partial::Shift(function, x, amount) => shift(emission, dtype, function, x, amount),
            Partial::FarShift(function, x) if fills_with_sign(function, dtype) => {
                let most = emission.integer(dtype, i64::from(dtype.bits()) - 1);
                Op::Binary(Binary::Shr, x, most)
            }
            // Everything is shifted out.
            Partial::FarShift(_, x) => Op::Binary(Binary::Xor, x, x),
            Partial::Extremum(relation, x, y) => {
                let first = emission.define(DType::Bool, Op::Compare(relation, x, y));
                Op::Select(first, x, y)
            }
        }
    }
}

/// A divisor that is 1 where it may not be what it is.
struct Divisor {
    safe: ValueId,
    is_zero: ValueId,
    /// Whether it is −1, of signed integers.
    is_minus_one: Option<ValueId>,
}

impl Divisor {
    fn of(emission: &mut Emission<'_>, dtype: DType, y: ValueId) -> Self {
        let mut is = |value: i64| {
            let value = emission.integer(dtype, value);
            emission.define(DType::Bool, Op::Compare(Comparison::Eq, y, value))
        };
        let is_zero = is(0);
        let is_minus_one = (dtype != DType::U32).then(|| is(-1));
        let is_special = match is_minus_one {
            Some(is_minus_one) => {
                let either = Op::Connect(Connective::Or, is_zero, is_minus_one);
                emission.define(DType::Bool, either)
            }
            None => is_zero,
        };
        let one = emission.integer(dtype, 1);
        Divisor {
            safe: emission.define(dtype, Op::Select(is_special, one, y)),
            is_zero,
            is_minus_one,
        }
    }
}

/// x/0 = −1, and x/−1 = −x, which is x for the least integer.
fn quotient(emission: &mut Emission<'_>, dtype: DType, x: ValueId, y: ValueId) -> Op {
    let divisor = Divisor::of(emission, dtype, y);
    let mut quotient = emission.define(dtype, Op::Binary(Binary::Div, x, divisor.safe));
    if let Some(is_minus_one) = divisor.is_minus_one {
        let negated = emission.define(dtype, Op::Unary(Unary::Neg, x));
        quotient = emission.define(dtype, Op::Select(is_minus_one, negated, quotient));
    }
    let minus_one = emission.integer(dtype, dtype.wrap(-1));
    Op::Select(divisor.is_zero, minus_one, quotient)
}

fn fills_with_sign(function: Binary, dtype: DType) -> bool {
    function == Binary::Shr && dtype != DType::U32
}

/// Beyond the width an arithmetic shift leaves the sign in every bit, another one nothing.
fn shift(
    emission: &mut Emission<'_>,
    dtype: DType,
    function: Binary,
    x: ValueId,
    amount: ValueId,
) -> Op {
    let most = emission.integer(dtype, i64::from(dtype.bits()) - 1);
    // The width is a power of two, so the amounts in range are those that its last bits are.
    let low = emission.define(dtype, Op::Binary(Binary::And, amount, most));
    let is_in_range = Op::Compare(Comparison::Eq, low, amount);
    let is_in_range = emission.define(DType::Bool, is_in_range);
    if fills_with_sign(function, dtype) {
        let amount = emission.define(dtype, Op::Select(is_in_range, low, most));
        return Op::Binary(function, x, amount);
    }
    let shifted = emission.define(dtype, Op::Binary(function, x, low));
    let zero = emission.integer(dtype, 0);
    Op::Select(is_in_range, shifted, zero)
}
