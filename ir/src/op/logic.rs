//! Truth values: comparisons, connectives, selection; and conversion between dtypes.

use super::family::same_type;
use super::macros::op;
use super::spec::{Accepts, OpDef, TypeError, Types, elementwise, single};
use crate::dtype::DType;
use crate::shape::Type;

macro_rules! comparison {
    ($($(#[doc = $doc:literal])+ $Name:ident = $name:literal on $accepts:ident, $($example:literal),+;)+) => {$(
        op! {
            $(#[doc = $doc])+
            $Name = $name(x, y)
            examples [$($example),+]
        }
        impl OpDef for $Name {
            fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
                let ty = elementwise($name, Accepts::$accepts, operands)?;
                Ok(single(ty.with_dtype(DType::Bool)))
            }
        }
    )+};
}

comparison! {
    /// x = y; false if either is NaN.
    Equal = "equal" on Anything, "(x: f32[3], y: f32[3]) -> x == y";
    /// x ≠ y; true if either is NaN.
    NotEqual = "not_equal" on Anything, "(x: f32[3], y: f32[3]) -> x != y",
        "(x: bool[3], y: bool[3]) -> x != y";
    /// x < y; false if either is NaN.
    Less = "less" on Numbers, "(x: f32[3], y: f32[3]) -> x < y";
    /// x ≤ y; false if either is NaN.
    LessEqual = "less_equal" on Numbers, "(x: i32[3], y: i32[3]) -> x <= y";
    /// x > y; false if either is NaN.
    Greater = "greater" on Numbers, "(x: f32[3], y: f32[3]) -> x > y";
    /// x ≥ y; false if either is NaN.
    GreaterEqual = "greater_equal" on Numbers, "(x: i32[3], y: i32[3]) -> x >= y";
}

fn booleans(op: &str, operands: &[&Type]) -> Result<Types, TypeError> {
    let ty = elementwise(op, Accepts::Anything, operands)?;
    if ty.dtype == DType::Bool {
        return Ok(single(ty));
    }
    Err(
        TypeError::new(format!("`{op}` takes bool operands, not {}", ty.dtype))
            .at(0)
            .help("compare first, for example `x > 0`"),
    )
}

macro_rules! connective {
    ($($(#[doc = $doc:literal])+ $Name:ident = $name:literal, $example:literal;)+) => {$(
        op! {
            $(#[doc = $doc])+
            $Name = $name(x, y)
            examples [$example]
        }
        impl OpDef for $Name {
            fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
                booleans($name, operands)
            }
        }
    )+};
}

connective! {
    /// Both of two truth values.
    LogicalAnd = "logical_and", "(x: bool[3], y: bool[3]) -> x && y";
    /// At least one of two truth values.
    LogicalOr = "logical_or", "(x: bool[3], y: bool[3]) -> x || y";
    /// Exactly one of two truth values.
    LogicalXor = "logical_xor", "(x: bool[3], y: bool[3]) -> logical_xor(x, y)";
}

op! {
    /// The opposite truth value.
    LogicalNot = "logical_not"(x)
    examples ["(x: bool[3]) -> !x"]
}
impl OpDef for LogicalNot {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        booleans("logical_not", operands)
    }
}

op! {
    /// x where the condition holds, else y. Linear in x and y; the condition has no derivative.
    Select = "select"(condition, x, y)
    examples ["(c: bool[3], x: f32[3], y: f32[3]) -> select(c, x, y)"]
}
impl OpDef for Select {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        let condition = operands[0];
        if condition.dtype != DType::Bool {
            return Err(TypeError::new(format!(
                "`select` needs a bool condition, not {}",
                condition.dtype
            ))
            .at(0)
            .help("compare first, for example `select(x > 0, x, y)`"));
        }
        let types =
            same_type("select", Accepts::Anything, &operands[1..]).map_err(|error| TypeError {
                operand: error.operand.map(|i| i + 1),
                ..error
            })?;
        if types[0].shape != condition.shape {
            let (a, b) = (&condition.shape, &types[0].shape);
            return Err(TypeError::new(format!("`select` by {a} between {b}")).at(0));
        }
        Ok(types)
    }
}

op! {
    /// x as another dtype. Float to integer truncates, saturates and turns NaN to 0; integers keep
    /// their low bits; to bool is x ≠ 0; bool to number is 0 or 1; what becomes a float is rounded
    /// once, to nearest, ties to even, and may become infinite. Linear between floats, else without
    /// derivative.
    Cast = "cast"(x) {
        /// The dtype of the result.
        dtype: DType,
    }
    examples [
        "(x: f32[3]) -> cast(x, dtype = f64)",
        "(x: f32[3]) -> cast(x, dtype = i32)",
        "(x: f32[5]) -> cast(x, dtype = bf16)",
        "(x: bf16[2, 3]) -> cast(x, dtype = f16)",
        "(x: f16[5]) -> cast(x, dtype = f32)",
        "(x: f32[3]) -> cast(x, dtype = bool)",
        "(x: i32[5]) -> cast(x, dtype = bf16)",
    ]
}
impl OpDef for Cast {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        Ok(single(operands[0].with_dtype(self.dtype)))
    }
}
