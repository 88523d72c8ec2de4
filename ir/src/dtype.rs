//! Element types.
//!
//! The dtypes that a tensor can hold, their sizes and what may be done with them. f16 and bf16 have no
//! arithmetic of their own: each op computes from them in f32 ([`DType::compute`]), and rounds what it
//! yields once (see [`crate::half`]).

use crate::half::Half;
use std::fmt;
use std::str::FromStr;

/// The type of one tensor element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DType {
    /// A truth value, stored as one byte that is 0 or 1.
    Bool,
    /// A signed 32-bit integer with wrapping arithmetic.
    I32,
    /// A signed 64-bit integer with wrapping arithmetic.
    I64,
    /// An unsigned 32-bit integer with wrapping arithmetic.
    U32,
    /// An IEEE 754 binary16 number: 5 bits of exponent, 10 of fraction.
    F16,
    /// The upper half of an IEEE 754 binary32 number: 8 bits of exponent, 7 of fraction.
    Bf16,
    /// An IEEE 754 binary32 number.
    F32,
    /// An IEEE 754 binary64 number.
    F64,
}

impl DType {
    /// Every dtype, in canonical order.
    pub const ALL: [DType; 8] = [
        DType::Bool,
        DType::I32,
        DType::I64,
        DType::U32,
        DType::F16,
        DType::Bf16,
        DType::F32,
        DType::F64,
    ];

    /// The name in the graph language, such as `f32`.
    pub const fn name(self) -> &'static str {
        match self {
            DType::Bool => "bool",
            DType::I32 => "i32",
            DType::I64 => "i64",
            DType::U32 => "u32",
            DType::F16 => "f16",
            DType::Bf16 => "bf16",
            DType::F32 => "f32",
            DType::F64 => "f64",
        }
    }

    /// Size of one element in bytes.
    pub const fn size(self) -> u64 {
        match self {
            DType::Bool => 1,
            DType::F16 | DType::Bf16 => 2,
            DType::I32 | DType::U32 | DType::F32 => 4,
            DType::I64 | DType::F64 => 8,
        }
    }

    /// Whether values of this type are differentiable, that is, have tangents and cotangents.
    pub const fn is_float(self) -> bool {
        match self {
            DType::F16 | DType::Bf16 | DType::F32 | DType::F64 => true,
            DType::Bool | DType::I32 | DType::I64 | DType::U32 => false,
        }
    }

    /// The 16-bit format of this type, where it is one.
    pub const fn half(self) -> Option<Half> {
        match self {
            DType::F16 => Some(Half::F16),
            DType::Bf16 => Some(Half::BF16),
            DType::Bool | DType::I32 | DType::I64 | DType::U32 | DType::F32 | DType::F64 => None,
        }
    }

    /// The dtype that values of this one are computed in: f32 for the halves, itself for others.
    pub const fn compute(self) -> Self {
        match self {
            DType::F16 | DType::Bf16 => DType::F32,
            DType::Bool | DType::I32 | DType::I64 | DType::U32 | DType::F32 | DType::F64 => self,
        }
    }

    /// Whether this is one of the wrapping integer types.
    pub const fn is_integer(self) -> bool {
        match self {
            DType::I32 | DType::I64 | DType::U32 => true,
            DType::Bool | DType::F16 | DType::Bf16 | DType::F32 | DType::F64 => false,
        }
    }

    /// The largest finite number of a float type; for others, that of f64.
    pub const fn largest(self) -> f64 {
        match self {
            DType::F16 => Half::F16.largest(),
            DType::Bf16 => Half::BF16.largest(),
            DType::F32 => f32::MAX as f64,
            DType::Bool | DType::I32 | DType::I64 | DType::U32 | DType::F64 => f64::MAX,
        }
    }

    /// The value of an integer of this type that has the same low bits as `value`.
    pub const fn wrap(self, value: i64) -> i64 {
        match self {
            DType::Bool => (value != 0) as i64,
            DType::I32 => value as i32 as i64,
            DType::U32 => value as u32 as i64,
            DType::I64 | DType::F16 | DType::Bf16 | DType::F32 | DType::F64 => value,
        }
    }

    /// The number of bits of an integer of this type (of a float, of its representation).
    pub const fn bits(self) -> u32 {
        self.size() as u32 * 8
    }

    /// Smallest and largest value of an integer type; `None` for bool and floats.
    pub const fn integer_range(self) -> Option<(i64, i64)> {
        match self {
            DType::I32 => Some((i32::MIN as i64, i32::MAX as i64)),
            DType::I64 => Some((i64::MIN, i64::MAX)),
            DType::U32 => Some((0, u32::MAX as i64)),
            DType::Bool | DType::F16 | DType::Bf16 | DType::F32 | DType::F64 => None,
        }
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text is not the name of a dtype.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a dtype; the dtypes are bool, i32, i64, u32, f16, bf16, f32 and f64")]
pub struct UnknownDType(pub String);

impl FromStr for DType {
    type Err = UnknownDType;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        DType::ALL
            .into_iter()
            .find(|dtype| dtype.name() == text)
            .ok_or_else(|| UnknownDType(text.to_string()))
    }
}
