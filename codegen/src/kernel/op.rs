//! Values of kernels: their types, and the operations that make them.

use super::ValueId;
use lgc_ir::constant::Constant;
use lgc_ir::dtype::DType;
use lgc_ir::index::Index;
use lgc_ir::scalar::{Binary, Comparison, Connective, Unary};
use smallvec::{SmallVec, smallvec};
use std::fmt;

/// How many elements a value has, and how they are arranged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Form {
    /// One element.
    Scalar,
    /// This many elements.
    Vector(u32),
    /// A matrix of rows × columns.
    Tile(u32, u32),
}

impl Form {
    /// Number of elements (saturating).
    pub const fn elements(self) -> u32 {
        match self {
            Form::Scalar => 1,
            Form::Vector(lanes) => lanes,
            Form::Tile(rows, columns) => rows.saturating_mul(columns),
        }
    }

    /// Number of axes, which is how many subscripts of an access of this form are spans.
    pub const fn rank(self) -> usize {
        match self {
            Form::Scalar => 0,
            Form::Vector(_) => 1,
            Form::Tile(..) => 2,
        }
    }

    /// The extent along an axis (1 past the last).
    pub const fn extent(self, axis: usize) -> u32 {
        match (self, axis) {
            (Form::Vector(extent), 0) | (Form::Tile(extent, _), 0) | (Form::Tile(_, extent), 1) => {
                extent
            }
            (Form::Scalar | Form::Vector(_) | Form::Tile(..), _) => 1,
        }
    }
}

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ValueType {
    /// What an element is.
    pub dtype: DType,
    /// How many there are.
    pub form: Form,
}

impl ValueType {
    /// The type of one element.
    pub const fn scalar(dtype: DType) -> Self {
        ValueType {
            dtype,
            form: Form::Scalar,
        }
    }

    /// The type of a vector of `lanes` elements.
    pub const fn vector(dtype: DType, lanes: u32) -> Self {
        ValueType {
            dtype,
            form: Form::Vector(lanes),
        }
    }

    /// The type of a `rows × columns` tile.
    pub const fn tile(dtype: DType, rows: u32, columns: u32) -> Self {
        ValueType {
            dtype,
            form: Form::Tile(rows, columns),
        }
    }

    /// The same dtype in another form.
    pub const fn with_form(self, form: Form) -> Self {
        ValueType { form, ..self }
    }

    /// The same form with another dtype.
    pub const fn with_dtype(self, dtype: DType) -> Self {
        ValueType { dtype, ..self }
    }
}

impl fmt::Display for ValueType {
    /// `f32`, `f32<8>` or `f32 tile<4, 8>`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.form {
            Form::Scalar => write!(f, "{}", self.dtype),
            Form::Vector(lanes) => write!(f, "{}<{lanes}>", self.dtype),
            Form::Tile(rows, columns) => write!(f, "{} tile<{rows}, {columns}>", self.dtype),
        }
    }
}

/// An operation without side effects. Unless said otherwise, operands and result have one form, and
/// the operation works element by element.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// A constant element, rounded once to the dtype. For bool, 0 is false and 1 is true.
    Const(DType, Constant),
    /// The value of an index expression as an element of an integer dtype (the low bits).
    Index(DType, Index),
    /// The value of an index expression in each of that many lanes, as a vector of an integer dtype (the low
    /// bits). The expression may mention the variable that stands for the lane.
    Ramp(DType, u32, Index),
    /// A function of one number.
    Unary(Unary, ValueId),
    /// A function of two numbers of one dtype.
    Binary(Binary, ValueId, ValueId),
    /// A relation between two numbers of one dtype, or equality of two truth values; yields bool.
    Compare(Comparison, ValueId, ValueId),
    /// A function of two truth values.
    Connect(Connective, ValueId, ValueId),
    /// The negation of a truth value.
    Not(ValueId),
    /// The second operand where the first, a bool, holds, else the third.
    Select(ValueId, ValueId, ValueId),
    /// The value as an element of another dtype. Floats to integers truncate and saturate, NaN
    /// becomes 0; integers to integers keep low bits; to bool is ≠ 0; bool becomes 0 or 1. To floats
    /// rounds once, to nearest, ties to even. Halves have no other arithmetic.
    Cast(DType, ValueId),
    /// The same bits as an element of another numeric dtype of equal width.
    Bitcast(DType, ValueId),
    /// first · second + third, rounded once; floats only.
    Fma(ValueId, ValueId, ValueId),
    /// A value of the given form whose elements all are the operand, a scalar.
    Splat(Form, ValueId),
    /// As many elements of a vector as the form has, from a place on.
    Slice(Form, u32, ValueId),
    /// A tile with this many rows that all are the operand, a vector.
    Rows(u32, ValueId),
    /// A tile with this many columns that all are the operand, a vector.
    Columns(u32, ValueId),
    /// `acc[r, c] = fma(a[r], b[c], acc[r, c])` of a float tile and two vectors.
    Mma(ValueId, ValueId, ValueId),
}

/// Why operands do not fit an operation.
pub type TypeFault = &'static str;

const FORMS_DIFFER: TypeFault = "the operands must have one form";
const DTYPES_DIFFER: TypeFault = "the operands must have one dtype";
const NEEDS_BOOL: TypeFault = "the operand must be bool";
const NEEDS_NUMBER: TypeFault = "the operands must be numbers";
const NEEDS_FLOAT: TypeFault = "the operands must be floats";
const HALVES: TypeFault = "halves are computed with as f32: cast them";
const NEEDS_INTEGER: TypeFault = "the operands must be integers";
const NEEDS_SCALAR: TypeFault = "the operand must be a scalar";
const NEEDS_VECTOR: TypeFault = "the operand must be a vector";

/// `Ok` if the condition holds.
fn require(holds: bool, fault: TypeFault) -> Result<(), TypeFault> {
    if holds { Ok(()) } else { Err(fault) }
}

/// The common type of two operands.
fn same(a: ValueType, b: ValueType) -> Result<ValueType, TypeFault> {
    require(a.form == b.form, FORMS_DIFFER)?;
    require(a.dtype == b.dtype, DTYPES_DIFFER)?;
    Ok(a)
}

fn unary_type(function: Unary, x: ValueType) -> Result<ValueType, TypeFault> {
    require(x.dtype.half().is_none(), HALVES)?;
    match function {
        Unary::Neg | Unary::Abs => require(x.dtype != DType::Bool, NEEDS_NUMBER)?,
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
        | Unary::Erf
        | Unary::Floor
        | Unary::Ceil
        | Unary::Round => require(x.dtype.is_float(), NEEDS_FLOAT)?,
    }
    Ok(x)
}

fn binary_type(function: Binary, x: ValueType, y: ValueType) -> Result<ValueType, TypeFault> {
    let common = same(x, y)?;
    require(common.dtype.half().is_none(), HALVES)?;
    match function {
        Binary::Add | Binary::Sub | Binary::Mul | Binary::Div | Binary::Max | Binary::Min => {
            require(common.dtype != DType::Bool, NEEDS_NUMBER)?;
        }
        Binary::Pow => require(common.dtype.is_float(), NEEDS_FLOAT)?,
        Binary::Rem | Binary::And | Binary::Or | Binary::Xor | Binary::Shl | Binary::Shr => {
            require(common.dtype.is_integer(), NEEDS_INTEGER)?;
        }
    }
    Ok(common)
}

fn select_type(mask: ValueType, yes: ValueType, no: ValueType) -> Result<ValueType, TypeFault> {
    let common = same(yes, no)?;
    require(mask.dtype == DType::Bool, NEEDS_BOOL)?;
    require(mask.form == common.form, FORMS_DIFFER)?;
    Ok(common)
}

fn mma_type(acc: ValueType, a: ValueType, b: ValueType) -> Result<ValueType, TypeFault> {
    require(acc.dtype.is_float(), NEEDS_FLOAT)?;
    require(acc.dtype.half().is_none(), HALVES)?;
    require(a.dtype == acc.dtype && b.dtype == acc.dtype, DTYPES_DIFFER)?;
    let fits = match (acc.form, a.form, b.form) {
        (Form::Tile(m, n), Form::Vector(rows), Form::Vector(columns)) => rows == m && columns == n,
        (Form::Scalar | Form::Vector(_) | Form::Tile(..), _, _) => false,
    };
    require(fits, "mma takes a tile<m, n>, a vector of m and one of n")?;
    Ok(acc)
}

fn spread(x: ValueType, tile: impl FnOnce(u32) -> Form) -> Result<ValueType, TypeFault> {
    match x.form {
        Form::Vector(lanes) => Ok(ValueType {
            dtype: x.dtype,
            form: tile(lanes),
        }),
        Form::Scalar | Form::Tile(..) => Err(NEEDS_VECTOR),
    }
}

impl Op {
    /// The name in kernels. Connectives are told from the bitwise functions by a prefix.
    pub const fn name(&self) -> &'static str {
        match self {
            Op::Const(..) => "const",
            Op::Index(..) => "index",
            Op::Ramp(..) => "ramp",
            Op::Slice(..) => "slice",
            Op::Unary(function, _) => function.name(),
            Op::Binary(function, ..) => function.name(),
            Op::Compare(comparison, ..) => comparison.name(),
            Op::Connect(Connective::And, ..) => "logic.and",
            Op::Connect(Connective::Or, ..) => "logic.or",
            Op::Connect(Connective::Xor, ..) => "logic.xor",
            Op::Not(_) => "not",
            Op::Select(..) => "select",
            Op::Cast(..) => "cast",
            Op::Bitcast(..) => "bitcast",
            Op::Fma(..) => "fma",
            Op::Splat(..) => "splat",
            Op::Rows(..) => "rows",
            Op::Columns(..) => "columns",
            Op::Mma(..) => "mma",
        }
    }

    /// The operands, in order.
    pub fn operands(&self) -> SmallVec<[ValueId; 3]> {
        match *self {
            Op::Const(..) | Op::Index(..) | Op::Ramp(..) => smallvec![],
            Op::Unary(_, x)
            | Op::Not(x)
            | Op::Cast(_, x)
            | Op::Bitcast(_, x)
            | Op::Splat(_, x)
            | Op::Slice(_, _, x)
            | Op::Rows(_, x)
            | Op::Columns(_, x) => smallvec![x],
            Op::Binary(_, x, y) | Op::Compare(_, x, y) | Op::Connect(_, x, y) => smallvec![x, y],
            Op::Select(x, y, z) | Op::Fma(x, y, z) | Op::Mma(x, y, z) => smallvec![x, y, z],
        }
    }

    /// The operands, in order, to be replaced.
    pub fn operands_mut(&mut self) -> SmallVec<[&mut ValueId; 3]> {
        match self {
            Op::Const(..) | Op::Index(..) | Op::Ramp(..) => smallvec![],
            Op::Unary(_, x)
            | Op::Not(x)
            | Op::Cast(_, x)
            | Op::Bitcast(_, x)
            | Op::Splat(_, x)
            | Op::Slice(_, _, x)
            | Op::Rows(_, x)
            | Op::Columns(_, x) => smallvec![x],
            Op::Binary(_, x, y) | Op::Compare(_, x, y) | Op::Connect(_, x, y) => smallvec![x, y],
            Op::Select(x, y, z) | Op::Fma(x, y, z) | Op::Mma(x, y, z) => smallvec![x, y, z],
        }
    }

    /// The type of the result, given the types of operands, or why they do not fit.
    pub fn result_type(
        &self,
        type_of: &dyn Fn(ValueId) -> ValueType,
    ) -> Result<ValueType, TypeFault> {
        match *self {
            Op::Const(dtype, _) => Ok(ValueType::scalar(dtype)),
            Op::Index(dtype, _) => {
                require(dtype.is_integer(), NEEDS_INTEGER)?;
                Ok(ValueType::scalar(dtype))
            }
            Op::Ramp(dtype, lanes, _) => {
                require(dtype.is_integer(), NEEDS_INTEGER)?;
                Ok(ValueType::vector(dtype, lanes))
            }
            Op::Slice(form, from, x) => {
                let of = type_of(x);
                let Form::Vector(lanes) = of.form else {
                    return Err(NEEDS_VECTOR);
                };
                require(form.rank() < 2, "a slice is a vector or a scalar")?;
                let inside = from
                    .checked_add(form.elements())
                    .is_some_and(|end| end <= lanes);
                require(inside, "the slice goes beyond the vector")?;
                Ok(ValueType { form, ..of })
            }
            Op::Unary(function, x) => unary_type(function, type_of(x)),
            Op::Binary(function, x, y) => binary_type(function, type_of(x), type_of(y)),
            Op::Compare(comparison, x, y) => {
                let common = same(type_of(x), type_of(y))?;
                let ordered = !matches!(comparison, Comparison::Eq | Comparison::Ne);
                require(!(ordered && common.dtype == DType::Bool), NEEDS_NUMBER)?;
                Ok(common.with_dtype(DType::Bool))
            }
            Op::Connect(_, x, y) => {
                let common = same(type_of(x), type_of(y))?;
                require(common.dtype == DType::Bool, NEEDS_BOOL)?;
                Ok(common)
            }
            Op::Not(x) => {
                require(type_of(x).dtype == DType::Bool, NEEDS_BOOL)?;
                Ok(type_of(x))
            }
            Op::Select(mask, yes, no) => select_type(type_of(mask), type_of(yes), type_of(no)),
            Op::Cast(dtype, x) => Ok(type_of(x).with_dtype(dtype)),
            Op::Bitcast(dtype, x) => {
                let from = type_of(x).dtype;
                let halves = from.half().or(dtype.half());
                require(halves.is_none(), HALVES)?;
                let numeric = from != DType::Bool && dtype != DType::Bool;
                require(numeric, NEEDS_NUMBER)?;
                require(
                    from.size() == dtype.size(),
                    "the dtypes must have one width",
                )?;
                Ok(type_of(x).with_dtype(dtype))
            }
            Op::Fma(x, y, z) => {
                let common = same(same(type_of(x), type_of(y))?, type_of(z))?;
                require(common.dtype.is_float(), NEEDS_FLOAT)?;
                require(common.dtype.half().is_none(), HALVES)?;
                Ok(common)
            }
            Op::Splat(form, x) => {
                require(type_of(x).form == Form::Scalar, NEEDS_SCALAR)?;
                require(form != Form::Scalar, "a scalar is no splat")?;
                Ok(ValueType { form, ..type_of(x) })
            }
            Op::Rows(rows, x) => spread(type_of(x), |lanes| Form::Tile(rows, lanes)),
            Op::Columns(columns, x) => spread(type_of(x), |lanes| Form::Tile(lanes, columns)),
            Op::Mma(acc, a, b) => mma_type(type_of(acc), type_of(a), type_of(b)),
        }
    }
}
