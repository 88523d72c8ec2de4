//! Tensors of scalars: what the interpreter computes with.

use crate::constant::Constant;
use crate::dtype::DType;
use crate::scalar::{Int, Logic, Scalar, Undefined};
use crate::shape::{Shape, Type};

/// The elements of a tensor in row-major order.
#[derive(Clone, Debug)]
pub enum Data<S: Scalar> {
    /// Of a float dtype.
    Number(Vec<S>),
    /// Of an integer dtype.
    Int(Vec<Int>),
    /// Of bool.
    Mask(Vec<S::Mask>),
}

impl<S: Scalar> Data<S> {
    /// The elements as an op of `dtype` yields them: halves are rounded.
    pub(super) fn rounded(self, dtype: DType) -> Self {
        match self {
            Data::Number(elements) if dtype.half().is_some() => {
                Data::Number(elements.iter().map(|x| x.rounded(dtype)).collect())
            }
            Data::Number(_) | Data::Int(_) | Data::Mask(_) => self,
        }
    }

    /// The elements without their derivatives, where they carry any.
    pub(super) fn detached(self) -> Self {
        match self {
            Data::Number(elements) => Data::Number(elements.iter().map(S::detached).collect()),
            Data::Int(_) | Data::Mask(_) => self,
        }
    }
}

/// A tensor of scalars.
#[derive(Clone, Debug)]
pub struct Tensor<S: Scalar> {
    /// Its type.
    pub ty: Type,
    /// Its elements, as many as the type says.
    pub data: Data<S>,
}
impl<S: Scalar> Tensor<S> {
    /// A float tensor; the number of elements must fit the shape.
    pub fn numbers(ty: Type, elements: Vec<S>) -> Self {
        Tensor {
            ty,
            data: Data::Number(elements),
        }
    }

    /// An integer tensor; the number of elements must fit the shape.
    pub fn integers(ty: Type, elements: impl IntoIterator<Item = i64>) -> Self {
        let dtype = ty.dtype;
        let data = elements
            .into_iter()
            .map(|value| Int::new(dtype, value))
            .collect();
        Tensor {
            ty,
            data: Data::Int(data),
        }
    }

    /// A bool tensor; the number of elements must fit the shape.
    pub fn masks(shape: Shape, elements: impl IntoIterator<Item = bool>) -> Self {
        let data = elements
            .into_iter()
            .map(|truth| S::Mask::known(Ok(truth)))
            .collect();
        Tensor {
            ty: Type::new(DType::Bool, shape),
            data: Data::Mask(data),
        }
    }

    /// The same constant in every element.
    pub fn full(world: &S::World, ty: &Type, value: &Constant) -> Self {
        let count = ty.elements() as usize;
        let data = match ty.dtype {
            DType::F16 | DType::Bf16 | DType::F32 | DType::F64 => {
                Data::Number(vec![S::constant(world, ty.dtype, value); count])
            }
            DType::I32 | DType::I64 | DType::U32 => {
                Data::Int(vec![Int::constant(&(), ty.dtype, value); count])
            }
            DType::Bool => Data::Mask(vec![S::Mask::known(Ok(!value.is_zero())); count]),
        };
        Tensor {
            ty: ty.clone(),
            data,
        }
    }

    /// The float elements; none for other dtypes.
    pub fn as_numbers(&self) -> &[S] {
        match &self.data {
            Data::Number(elements) => elements,
            Data::Int(_) | Data::Mask(_) => &[],
        }
    }

    /// The integer elements; none for other dtypes.
    pub fn as_ints(&self) -> &[Int] {
        match &self.data {
            Data::Int(elements) => elements,
            Data::Number(_) | Data::Mask(_) => &[],
        }
    }

    /// The truth values; none for other dtypes.
    pub fn as_masks(&self) -> &[S::Mask] {
        match &self.data {
            Data::Mask(elements) => elements,
            Data::Number(_) | Data::Int(_) => &[],
        }
    }

    /// Elements of which nothing is known.
    pub(super) fn undefined(world: &S::World, ty: &Type, reason: Undefined) -> Self {
        let count = ty.elements() as usize;
        let data = if ty.dtype.is_float() {
            let zero = S::constant(world, ty.dtype, &Constant::integer(0));
            Data::Number(vec![zero.undefined(reason); count])
        } else if ty.dtype.is_integer() {
            Data::Int(vec![Int::unknown(ty.dtype, reason); count])
        } else {
            Data::Mask(vec![S::Mask::known(Err(reason)); count])
        };
        Tensor {
            ty: ty.clone(),
            data,
        }
    }

    /// The slice number `at` along the leading axis, which is of type `ty`.
    pub(super) fn slice(&self, ty: &Type, at: u64) -> Self {
        let size = ty.elements() as usize;
        let start = at as usize * size;
        let range = start..start + size;
        let data = match &self.data {
            Data::Number(elements) => Data::Number(elements[range].to_vec()),
            Data::Int(elements) => Data::Int(elements[range].to_vec()),
            Data::Mask(elements) => Data::Mask(elements[range].to_vec()),
        };
        Tensor {
            ty: ty.clone(),
            data,
        }
    }

    /// Number of elements.
    pub(super) fn len(&self) -> usize {
        match &self.data {
            Data::Number(elements) => elements.len(),
            Data::Int(elements) => elements.len(),
            Data::Mask(elements) => elements.len(),
        }
    }
}

/// No elements of `dtype`.
pub(super) fn empty_like<S: Scalar>(dtype: DType) -> Data<S> {
    if dtype.is_float() {
        Data::Number(Vec::new())
    } else if dtype.is_integer() {
        Data::Int(Vec::new())
    } else {
        Data::Mask(Vec::new())
    }
}

/// Adds the elements of `part` to `whole`, which has the same dtype.
pub(super) fn append<S: Scalar>(whole: &mut Data<S>, part: Data<S>) {
    match (whole, part) {
        (Data::Number(whole), Data::Number(part)) => whole.extend(part),
        (Data::Int(whole), Data::Int(part)) => whole.extend(part),
        (Data::Mask(whole), Data::Mask(part)) => whole.extend(part),
        // Parts are made with the dtype of the whole.
        (Data::Number(_) | Data::Int(_) | Data::Mask(_), _) => {}
    }
}
