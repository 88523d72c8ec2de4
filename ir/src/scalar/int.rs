//! Integers with a dtype: wrapping arithmetic, total division, poison.

use super::{Binary, Comparison, Scalar, Truth, Unary, Undefined};
use crate::constant::Constant;
use crate::dtype::DType;

/// An element of an integer dtype (or of bool, as 0 or 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Int {
    /// The dtype whose width and signedness the arithmetic has.
    pub dtype: DType,
    /// The value, within the range of the dtype, or why it is not known.
    pub value: Result<i64, Undefined>,
}

impl Int {
    /// The integer of `dtype` with the low bits of `value`.
    pub fn new(dtype: DType, value: i64) -> Self {
        Int {
            dtype,
            value: Ok(dtype.wrap(value)),
        }
    }

    /// An integer that is not known.
    pub fn unknown(dtype: DType, reason: Undefined) -> Self {
        Int {
            dtype,
            value: Err(reason),
        }
    }

    /// The value as an element of another integer dtype: the low bits.
    #[must_use]
    pub fn cast(&self, dtype: DType) -> Self {
        Int {
            dtype,
            value: self.value.map(|value| dtype.wrap(value)),
        }
    }
}

const NOT_INTEGER: Undefined = Undefined("integers have no such function");

/// The value of a binary primitive on integers of `dtype`, or `None` where integers have none.
///
/// The conventions of division and shifts are stated at [`Binary`].
pub fn integer_binary(dtype: DType, function: Binary, x: i64, y: i64) -> Option<i64> {
    let bits = dtype.bits() as i64;
    let shift_in_range = (0..bits).contains(&y);
    let value = match function {
        Binary::Add => x.wrapping_add(y),
        Binary::Sub => x.wrapping_sub(y),
        Binary::Mul => x.wrapping_mul(y),
        Binary::Div if y == 0 => -1,
        Binary::Div => x.wrapping_div(y),
        Binary::Rem if y == 0 => x,
        Binary::Rem => x.wrapping_rem(y),
        Binary::Max => x.max(y),
        Binary::Min => x.min(y),
        Binary::And => x & y,
        Binary::Or => x | y,
        Binary::Xor => x ^ y,
        Binary::Shl if shift_in_range => x.wrapping_shl(y as u32),
        Binary::Shl => 0,
        Binary::Shr if shift_in_range => x >> y,
        Binary::Shr => x >> 63,
        Binary::Pow => return None,
    };
    Some(dtype.wrap(value))
}

impl Scalar for Int {
    type Mask = Truth;
    type World = ();

    fn constant((): &(), dtype: DType, value: &Constant) -> Self {
        match value.as_i64() {
            Some(value) => Int::new(dtype, value),
            None => Int::unknown(dtype, Undefined("the constant is no integer")),
        }
    }
    fn lit(&self, value: &Constant) -> Self {
        Int::constant(&(), self.dtype, value)
    }
    fn undefined(&self, reason: Undefined) -> Self {
        Int::unknown(self.dtype, reason)
    }
    fn unary(&self, function: Unary) -> Self {
        let value = self.value.and_then(|x| match function {
            Unary::Neg => Ok(x.wrapping_neg()),
            Unary::Abs => Ok(x.wrapping_abs()),
            Unary::Floor | Unary::Ceil | Unary::Round => Ok(x),
            Unary::Sqrt
            | Unary::Exp
            | Unary::Expm1
            | Unary::Log
            | Unary::Log1p
            | Unary::Sin
            | Unary::Cos
            | Unary::Sinh
            | Unary::Cosh
            | Unary::Tanh
            | Unary::Erf => Err(NOT_INTEGER),
        });
        Int {
            dtype: self.dtype,
            value: value.map(|value| self.dtype.wrap(value)),
        }
    }
    fn binary(&self, function: Binary, other: &Self) -> Self {
        let value = self.value.and_then(|x| {
            other
                .value
                .and_then(|y| integer_binary(self.dtype, function, x, y).ok_or(NOT_INTEGER))
        });
        Int {
            dtype: self.dtype,
            value,
        }
    }
    fn compare(&self, comparison: Comparison, other: &Self) -> Truth {
        Ok(comparison.holds(&self.value?, &other.value?))
    }
    fn select(mask: &Truth, yes: &Self, no: &Self) -> Self {
        match mask {
            Ok(true) => *yes,
            Ok(false) => *no,
            Err(reason) => Int::unknown(yes.dtype, *reason),
        }
    }
    fn cast_float(&self, _dtype: DType) -> Self {
        self.undefined(NOT_INTEGER)
    }
    fn from_int((): &(), dtype: DType, integer: &Int) -> Self {
        integer.cast(dtype)
    }
    fn to_int(&self, dtype: DType) -> Int {
        self.cast(dtype)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn division_is_total() {
        let at = |dtype, f, x, y| integer_binary(dtype, f, x, y).unwrap();
        assert_eq!(at(DType::I32, Binary::Div, 7, 0), -1);
        assert_eq!(at(DType::U32, Binary::Div, 7, 0), u32::MAX as i64);
        assert_eq!(
            at(DType::I32, Binary::Div, i32::MIN as i64, -1),
            i32::MIN as i64
        );
        assert_eq!(at(DType::I64, Binary::Div, i64::MIN, -1), i64::MIN);
        assert_eq!(at(DType::I32, Binary::Rem, 7, 0), 7);
        assert_eq!(at(DType::I32, Binary::Rem, -7, 3), -1);
    }

    #[test]
    fn shifts_beyond_the_width_fill() {
        let at = |dtype, f, x, y| integer_binary(dtype, f, x, y).unwrap();
        assert_eq!(at(DType::I32, Binary::Shl, 1, 32), 0);
        assert_eq!(at(DType::I32, Binary::Shl, 1, -1), 0);
        assert_eq!(at(DType::I32, Binary::Shr, -8, 40), -1);
        assert_eq!(at(DType::U32, Binary::Shr, u32::MAX as i64, 40), 0);
        assert_eq!(at(DType::I64, Binary::Shr, -8, 1), -4);
    }
}
