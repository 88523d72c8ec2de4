//! Leaves: inputs and constants.

use super::attribute::{AttrValue, Attribute, literal};
use super::macros::op;
use super::spec::{OpDef, TypeError, Types, single};
use crate::constant::Constant;
use crate::dtype::DType;
use crate::half::Half;
use crate::shape::{Shape, Type};
use std::sync::Arc;

op! {
    /// A graph input. Parameters of a graph are inputs; the name is not written as a call.
    Input = "input"() {
        /// Element type.
        dtype: DType,
        /// Extents.
        shape: Shape,
    }
    examples []
}
impl OpDef for Input {
    fn infer(&self, _operands: &[&Type]) -> Result<Types, TypeError> {
        Ok(single(Type::new(self.dtype, self.shape.clone())))
    }
}

op! {
    /// One number in every element. The value is rounded to the dtype once. Literals in expressions
    /// are written without `full`, and take shape and dtype of the other operand.
    Full = "full"() {
        /// The number.
        value: Constant,
        /// Extents.
        shape: Shape = Shape::scalar(),
        /// Element type.
        dtype: DType = DType::F32,
    }
    examples ["() -> full(value = 0.5, shape = [2, 3])"]
}
impl Full {
    /// The constant as stored: rounded to the dtype.
    pub fn stored(ty: &Type, value: &Constant) -> Full {
        Full {
            value: value.stored(ty.dtype),
            shape: ty.shape.clone(),
            dtype: ty.dtype,
        }
    }
}
impl OpDef for Full {
    fn infer(&self, _operands: &[&Type]) -> Result<Types, TypeError> {
        check_constant(self.dtype, &self.value)?;
        Ok(single(Type::new(self.dtype, self.shape.clone())))
    }
    fn canonical(self, _operands: &[&Type]) -> Self {
        Full {
            value: self.value.stored(self.dtype),
            ..self
        }
    }
}

/// An error unless the dtype has the value; what is between the values of a float is rounded to one.
fn check_constant(dtype: DType, value: &Constant) -> Result<(), TypeError> {
    let integer = if value.is_zero() {
        Some(0)
    } else {
        value.as_i64()
    };
    if dtype.is_float() || integer.is_some_and(|value| dtype.wrap(value) == value) {
        return Ok(());
    }
    let message = format!("{} is no value of {dtype}", literal(value));
    Err(TypeError::new(message))
}

/// An error unless a number that is written as an attribute has a finite place in the dtype.
pub(crate) fn check_written(dtype: DType, value: &Constant) -> Result<(), TypeError> {
    check_constant(dtype, value)?;
    let finite = matches!(value, Constant::Real { .. });
    if !finite || value.to_float(dtype).is_finite() {
        return Ok(());
    }
    let message = format!("{} is beyond the numbers of {dtype}", literal(value));
    let largest = dtype.largest();
    let help = format!("the largest is {largest:?}; write `inf` for infinity");
    Err(TypeError::new(message).help(help))
}

/// The elements of a constant tensor, little-endian in row-major order, shared between graphs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Elements {
    /// Element type.
    pub dtype: DType,
    /// Extents.
    pub shape: Shape,
    /// The elements, little-endian in row-major order.
    pub bytes: Arc<[u8]>,
}

impl Elements {
    /// The elements as constants.
    pub fn constants(&self) -> impl Iterator<Item = Constant> + '_ {
        self.bytes
            .chunks_exact(self.dtype.size() as usize)
            .map(|chunk| element(self.dtype, chunk))
    }

    /// The elements from constants, rounded to the dtype; `None` when one does not fit the dtype or
    /// their number does not fit the shape.
    pub fn from_constants(dtype: DType, shape: Shape, values: &[Constant]) -> Option<Self> {
        if values.len() as u64 != shape.elements() {
            return None;
        }
        let mut bytes = Vec::with_capacity(values.len() * dtype.size() as usize);
        for value in values {
            match dtype {
                DType::F16 => bytes.extend(Half::F16.encode(value.to_float(dtype)).to_le_bytes()),
                DType::Bf16 => bytes.extend(Half::BF16.encode(value.to_float(dtype)).to_le_bytes()),
                DType::F32 => bytes.extend(value.to_f32().to_le_bytes()),
                DType::F64 => bytes.extend(value.to_f64().to_le_bytes()),
                DType::Bool | DType::I32 | DType::I64 | DType::U32 => {
                    let integer = value.as_i64().filter(|&value| dtype.wrap(value) == value)?;
                    bytes.extend(&integer.to_le_bytes()[..dtype.size() as usize]);
                }
            }
        }
        Some(Elements {
            dtype,
            shape,
            bytes: bytes.into(),
        })
    }
}

fn element(dtype: DType, chunk: &[u8]) -> Constant {
    let mut wide = [0u8; 8];
    wide[..chunk.len()].copy_from_slice(chunk);
    let bits = u64::from_le_bytes(wide);
    match dtype {
        DType::F16 => Constant::from_f64(Half::F16.decode(bits as u16)),
        DType::Bf16 => Constant::from_f64(Half::BF16.decode(bits as u16)),
        DType::F32 => Constant::from_f64(f64::from(f32::from_bits(bits as u32))),
        DType::F64 => Constant::from_f64(f64::from_bits(bits)),
        DType::I32 => Constant::integer(i64::from(bits as u32 as i32)),
        DType::Bool | DType::U32 | DType::I64 => Constant::integer(bits as i64),
    }
}

impl Attribute for Elements {
    const KIND: &'static str = "a nested list of numbers";
    fn read(_value: &AttrValue) -> Option<Self> {
        // A nested list has no dtype of its own: `[1, 2]` is read as an expression, not as this.
        None
    }
    fn write(&self) -> AttrValue {
        nest(
            self.shape.dims().len(),
            &self.shape,
            &mut self.constants(),
            self.dtype,
        )
    }
}

fn nest(
    rank: usize,
    shape: &Shape,
    values: &mut dyn Iterator<Item = Constant>,
    dtype: DType,
) -> AttrValue {
    // Rank is bounded by the type checker's limits on nesting of literals, and by shapes in use.
    match rank {
        0 => {
            let value = values.next().unwrap_or_else(|| Constant::integer(0));
            if dtype == DType::Bool {
                AttrValue::Bool(!value.is_zero())
            } else {
                AttrValue::Number(value)
            }
        }
        _ => {
            let extent = shape.extent(shape.rank() - rank);
            AttrValue::List(
                (0..extent)
                    .map(|_| nest(rank - 1, shape, values, dtype))
                    .collect(),
            )
        }
    }
}

op! {
    /// A constant tensor, written as a nested list such as `[[1, 2], [3, 4]]`.
    Literal = "literal"() {
        /// The elements.
        elements: Elements,
    }
    examples ["(x: f32[2, 2]) -> x + [[1, 2], [3, 4]]"]
}
impl OpDef for Literal {
    fn infer(&self, _operands: &[&Type]) -> Result<Types, TypeError> {
        let ty = Type::new(self.elements.dtype, self.elements.shape.clone());
        if ty.shape.rank() == 0 {
            // A list has at least one axis, so this could not be written.
            return Err(TypeError::new("a constant scalar is a `full`"));
        }
        if ty.bytes() != self.elements.bytes.len() as u64 {
            return Err(TypeError::new("the constant's data does not fit its shape"));
        }
        Ok(single(ty))
    }
}

op! {
    /// The position of each element along an axis: 0, 1, 2, …
    Iota = "iota"() {
        /// Extents.
        shape: Shape,
        /// The axis along which positions count.
        axis: i64 = 0,
        /// Element type; a number type.
        dtype: DType = DType::I32,
    }
    examples ["() -> iota(shape = [2, 3], axis = 1)"]
}
impl OpDef for Iota {
    fn infer(&self, _operands: &[&Type]) -> Result<Types, TypeError> {
        super::spec::check_axes("iota", &[self.axis], self.shape.rank())?;
        if self.dtype == DType::Bool {
            return Err(TypeError::new("`iota` counts in a number type, not bool"));
        }
        let axis = usize::try_from(self.axis).unwrap_or(usize::MAX);
        super::spec::check_positions("iota", self.dtype, self.shape.extent(axis))?;
        Ok(single(Type::new(self.dtype, self.shape.clone())))
    }
    fn canonical(self, _operands: &[&Type]) -> Self {
        let axis = super::spec::normalize_axes(&[self.axis], self.shape.rank())[0];
        Iota { axis, ..self }
    }
}
