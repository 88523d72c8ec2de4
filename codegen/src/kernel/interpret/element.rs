//! Elements of any dtype over an abstract scalar, and operations on them.

use super::undefined_element;
use crate::kernel::Op;
use lgc_ir::constant::Constant;
use lgc_ir::dtype::DType;
use lgc_ir::half::Half;
use lgc_ir::interpret::{Data, Tensor};
use lgc_ir::scalar::{Binary, Comparison, Connective, Int, Logic, Scalar, Truth, Unary, Undefined};
use lgc_ir::shape::Type;
use std::any::Any;
use std::ops::Range;

/// An element of a tensor.
#[derive(Clone, Debug)]
pub enum Element<S: Scalar> {
    /// Of a float dtype.
    Number(S),
    /// Of an integer dtype.
    Int(Int),
    /// Of bool.
    Mask(S::Mask),
}

/// The elements of a buffer, row-major.
#[derive(Clone, Debug)]
pub struct Cells<S: Scalar> {
    /// What an element is.
    pub dtype: DType,
    /// The elements.
    pub elements: Vec<Element<S>>,
}

/// What cannot happen in verified kernels.
const ILL_TYPED: &str = "an operand has the wrong dtype";

type Outcome<T> = Result<T, String>;

fn ill_typed<T>() -> Outcome<T> {
    Err(ILL_TYPED.to_string())
}

impl<S: Scalar> Cells<S> {
    /// Elements of a float dtype.
    pub fn numbers(dtype: DType, numbers: impl IntoIterator<Item = S>) -> Self {
        let elements = numbers.into_iter().map(Element::Number).collect();
        Cells { dtype, elements }
    }

    /// Elements of an integer dtype, wrapped into it.
    pub fn integers(dtype: DType, integers: impl IntoIterator<Item = i64>) -> Self {
        let element = |value| Element::Int(Int::new(dtype, value));
        let elements = integers.into_iter().map(element).collect();
        Cells { dtype, elements }
    }

    /// Truth values.
    pub fn masks(truths: impl IntoIterator<Item = bool>) -> Self {
        let element = |truth| Element::Mask(S::Mask::known(Ok(truth)));
        Cells {
            dtype: DType::Bool,
            elements: truths.into_iter().map(element).collect(),
        }
    }

    /// Elements that nothing is known of.
    pub fn undefined(world: &S::World, ty: &Type, reason: Undefined) -> Self {
        let element = undefined_element(world, ty.dtype, reason);
        Cells {
            dtype: ty.dtype,
            elements: vec![element; ty.elements() as usize],
        }
    }

    /// Elements from little-endian data; an incomplete one at the end is ignored.
    pub fn from_bytes(world: &S::World, dtype: DType, bytes: &[u8]) -> Self {
        let elements = bytes.chunks_exact(dtype.size() as usize);
        Cells {
            dtype,
            elements: elements
                .map(|bytes| Element::from_bytes(world, dtype, bytes))
                .collect(),
        }
    }

    /// The elements as a tensor of the graph interpreter; `None` if they do not fit the type.
    pub fn into_tensor(self, ty: Type) -> Option<Tensor<S>> {
        if self.dtype != ty.dtype || self.elements.len() as u64 != ty.elements() {
            return None;
        }
        let elements = self.elements.into_iter();
        let data = match ty.dtype {
            DType::F16 | DType::Bf16 | DType::F32 | DType::F64 => {
                Data::Number(elements.map(Element::number).collect::<Option<_>>()?)
            }
            DType::I32 | DType::I64 | DType::U32 => {
                Data::Int(elements.map(Element::int).collect::<Option<_>>()?)
            }
            DType::Bool => Data::Mask(elements.map(Element::truth).collect::<Option<_>>()?),
        };
        Some(Tensor { ty, data })
    }

    pub(super) fn undefine(&mut self, world: &S::World, range: Range<usize>, reason: Undefined) {
        let element = undefined_element(world, self.dtype, reason);
        if let Some(elements) = self.elements.get_mut(range) {
            elements.fill(element);
        }
    }

    /// The elements of a float dtype; `None` if some are of another.
    pub fn as_numbers(&self) -> Option<Vec<S>> {
        self.elements.iter().cloned().map(Element::number).collect()
    }

    /// The elements of an integer dtype; `None` if some are of another, or are not known.
    pub fn as_integers(&self) -> Option<Vec<i64>> {
        let known = |element: &Element<S>| element.clone().int()?.value.ok();
        self.elements.iter().map(known).collect()
    }

    /// The truth values; `None` if some elements are none, or are not known.
    pub fn as_masks(&self) -> Option<Vec<bool>> {
        let known = |element: &Element<S>| element.clone().truth()?.decide().ok();
        self.elements.iter().map(known).collect()
    }
}

impl<S: Scalar> From<Tensor<S>> for Cells<S> {
    /// The elements of a tensor of the graph interpreter.
    fn from(tensor: Tensor<S>) -> Self {
        Cells {
            dtype: tensor.ty.dtype,
            elements: match tensor.data {
                Data::Number(numbers) => numbers.into_iter().map(Element::Number).collect(),
                Data::Int(integers) => integers.into_iter().map(Element::Int).collect(),
                Data::Mask(masks) => masks.into_iter().map(Element::Mask).collect(),
            },
        }
    }
}

impl<S: Scalar> Element<S> {
    fn number(self) -> Option<S> {
        match self {
            Element::Number(number) => Some(number),
            Element::Int(_) | Element::Mask(_) => None,
        }
    }

    fn int(self) -> Option<Int> {
        match self {
            Element::Int(integer) => Some(integer),
            Element::Number(_) | Element::Mask(_) => None,
        }
    }

    fn truth(self) -> Option<S::Mask> {
        match self {
            Element::Mask(mask) => Some(mask),
            Element::Number(_) | Element::Int(_) => None,
        }
    }

    /// A constant as an element of a dtype. For bool, what is not zero is true.
    pub fn constant(world: &S::World, dtype: DType, constant: &Constant) -> Self {
        match dtype {
            DType::F16 | DType::Bf16 | DType::F32 | DType::F64 => {
                Element::Number(S::constant(world, dtype, constant))
            }
            DType::I32 | DType::I64 | DType::U32 => {
                Element::Int(Int::constant(&(), dtype, constant))
            }
            DType::Bool => Element::Mask(S::Mask::known(Ok(!constant.is_zero()))),
        }
    }

    /// Zero, or false.
    pub fn zero(world: &S::World, dtype: DType) -> Self {
        Element::constant(world, dtype, &Constant::integer(0))
    }

    fn from_bytes(world: &S::World, dtype: DType, bytes: &[u8]) -> Self {
        let mut word = [0u8; 8];
        word.iter_mut()
            .zip(bytes)
            .for_each(|(to, from)| *to = *from);
        let word = u64::from_le_bytes(word);
        let constant = match dtype {
            DType::F16 => Constant::from_f64(Half::F16.decode(word as u16)),
            DType::Bf16 => Constant::from_f64(Half::BF16.decode(word as u16)),
            DType::F32 => Constant::from_f64(f64::from(f32::from_bits(word as u32))),
            DType::F64 => Constant::from_f64(f64::from_bits(word)),
            DType::I32 => Constant::integer(i64::from(word as u32 as i32)),
            DType::Bool | DType::U32 | DType::I64 => Constant::integer(word as i64),
        };
        Element::constant(world, dtype, &constant)
    }

    /// An element like this one that nothing is known of.
    pub(super) fn undefined(&self, reason: Undefined) -> Self {
        match self {
            Element::Number(number) => Element::Number(number.undefined(reason)),
            Element::Int(integer) => Element::Int(integer.undefined(reason)),
            Element::Mask(_) => Element::Mask(S::Mask::known(Err(reason))),
        }
    }

    /// The value of an integer.
    pub(super) fn integer(&self) -> Outcome<Result<i64, Undefined>> {
        match self {
            Element::Int(integer) => Ok(integer.value),
            Element::Number(_) | Element::Mask(_) => ill_typed(),
        }
    }

    pub(super) fn mask(&self) -> Outcome<&S::Mask> {
        match self {
            Element::Mask(mask) => Ok(mask),
            Element::Number(_) | Element::Int(_) => ill_typed(),
        }
    }

    fn unary(&self, function: Unary) -> Outcome<Self> {
        match self {
            Element::Number(number) => Ok(Element::Number(number.unary(function))),
            Element::Int(integer) => Ok(Element::Int(integer.unary(function))),
            Element::Mask(_) => ill_typed(),
        }
    }

    pub(super) fn binary(&self, function: Binary, other: &Self) -> Outcome<Self> {
        match (self, other) {
            (Element::Number(x), Element::Number(y)) => Ok(Element::Number(x.binary(function, y))),
            (Element::Int(x), Element::Int(y)) => Ok(Element::Int(x.binary(function, y))),
            (Element::Number(_) | Element::Int(_) | Element::Mask(_), _) => ill_typed(),
        }
    }

    fn compare(&self, comparison: Comparison, other: &Self) -> Outcome<Self> {
        let mask = match (self, other) {
            (Element::Number(x), Element::Number(y)) => x.compare(comparison, y),
            (Element::Int(x), Element::Int(y)) => S::Mask::known(x.compare(comparison, y)),
            (Element::Mask(x), Element::Mask(y)) => {
                let differ = x.connect(Connective::Xor, y);
                match comparison {
                    Comparison::Eq => differ.not(),
                    Comparison::Ne => differ,
                    Comparison::Lt | Comparison::Le | Comparison::Gt | Comparison::Ge => {
                        return ill_typed();
                    }
                }
            }
            (Element::Number(_) | Element::Int(_) | Element::Mask(_), _) => return ill_typed(),
        };
        Ok(Element::Mask(mask))
    }

    /// `yes` where the mask holds, else `no`.
    pub(super) fn select(mask: &S::Mask, yes: &Self, no: &Self) -> Outcome<Self> {
        match (yes, no) {
            (Element::Number(x), Element::Number(y)) => Ok(Element::Number(S::select(mask, x, y))),
            (Element::Int(x), Element::Int(y)) => {
                let truth: Truth = mask.decide();
                Ok(Element::Int(Int::select(&truth, x, y)))
            }
            (Element::Mask(x), Element::Mask(y)) => {
                let yes = mask.connect(Connective::And, x);
                let no = mask.not().connect(Connective::And, y);
                Ok(Element::Mask(yes.connect(Connective::Or, &no)))
            }
            (Element::Number(_) | Element::Int(_) | Element::Mask(_), _) => ill_typed(),
        }
    }

    fn cast(&self, world: &S::World, dtype: DType) -> Outcome<Self> {
        let zero = || Element::zero(world, dtype);
        let one = || Element::constant(world, dtype, &Constant::integer(1));
        match (self, dtype) {
            (Element::Mask(_), DType::Bool) => Ok(self.clone()),
            (Element::Mask(mask), _) => Element::select(mask, &one(), &zero()),
            (Element::Number(x), DType::Bool) => {
                Ok(Element::Mask(x.compare(Comparison::Ne, &x.int(0))))
            }
            (Element::Int(x), DType::Bool) => {
                let truth = x.compare(Comparison::Ne, &Int::new(x.dtype, 0));
                Ok(Element::Mask(S::Mask::known(truth)))
            }
            (Element::Number(x), DType::F16 | DType::Bf16 | DType::F32 | DType::F64) => {
                Ok(Element::Number(x.cast_float(dtype)))
            }
            (Element::Number(x), DType::I32 | DType::I64 | DType::U32) => {
                Ok(Element::Int(x.to_int(dtype)))
            }
            (Element::Int(x), DType::F16 | DType::Bf16 | DType::F32 | DType::F64) => {
                Ok(Element::Number(S::from_int(world, dtype, x)))
            }
            (Element::Int(x), DType::I32 | DType::I64 | DType::U32) => {
                Ok(Element::Int(x.cast(dtype)))
            }
        }
    }

    fn connect(&self, connective: Connective, other: &Self) -> Outcome<Self> {
        Ok(Element::Mask(
            self.mask()?.connect(connective, other.mask()?),
        ))
    }

    pub(super) fn fma(&self, factor: &Self, addend: &Self) -> Outcome<Self> {
        match (self, factor, addend) {
            (Element::Number(x), Element::Number(y), Element::Number(z)) => {
                Ok(Element::Number(x.fma(y, z)))
            }
            (Element::Number(_) | Element::Int(_) | Element::Mask(_), _, _) => ill_typed(),
        }
    }

    /// The value of an operation that works element by element.
    pub(super) fn apply(
        world: &S::World,
        op: &Op,
        source: DType,
        operands: &[&Element<S>],
    ) -> Outcome<Self>
    where
        S: 'static,
    {
        match (op, operands) {
            (Op::Unary(function, _), [x]) => x.unary(*function),
            (Op::Binary(function, ..), [x, y]) => x.binary(*function, y),
            (Op::Compare(comparison, ..), [x, y]) => x.compare(*comparison, y),
            (Op::Connect(connective, ..), [x, y]) => x.connect(*connective, y),
            (Op::Not(_), [x]) => Ok(Element::Mask(x.mask()?.not())),
            (Op::Select(..), [mask, yes, no]) => Element::select(mask.mask()?, yes, no),
            (Op::Cast(dtype, _), [x]) => x.cast(world, *dtype),
            (Op::Bitcast(dtype, _), [x]) => x.bitcast(world, source, *dtype),
            (Op::Fma(..), [x, y, z]) => x.fma(y, z),
            (
                Op::Const(..)
                | Op::Index(..)
                | Op::Unary(..)
                | Op::Binary(..)
                | Op::Compare(..)
                | Op::Connect(..)
                | Op::Not(_)
                | Op::Select(..)
                | Op::Cast(..)
                | Op::Bitcast(..)
                | Op::Fma(..)
                | Op::Ramp(..)
                | Op::Slice(..)
                | Op::Splat(..)
                | Op::Rows(..)
                | Op::Columns(..)
                | Op::Mma(..),
                _,
            ) => ill_typed(),
        }
    }

    /// The same bits as another dtype. Only native floats have bits: others become undefined.
    /// A native float of another width than `source` has the bits of its value as a `source`.
    fn bitcast(&self, world: &S::World, source: DType, target: DType) -> Outcome<Self>
    where
        S: 'static,
    {
        const NO_BITS: Undefined = Undefined("this kind of number has no bits");
        match (self, target.is_float()) {
            (Element::Int(integer), false) => Ok(Element::Int(integer.cast(target))),
            (Element::Number(_), true) => Ok(self.clone()),
            (Element::Number(number), false) => Ok(Element::Int(match bits(number, source) {
                Some(bits) => Int::new(target, bits),
                None => Int::unknown(target, NO_BITS),
            })),
            (Element::Int(integer), true) => {
                let zero = S::constant(world, target, &Constant::integer(0));
                Ok(Element::Number(match integer.value {
                    Ok(value) => from_bits(value, target).unwrap_or(zero.undefined(NO_BITS)),
                    Err(reason) => zero.undefined(reason),
                }))
            }
            (Element::Mask(_), _) => ill_typed(),
        }
    }
}

/// The bits of a native float as an element of `dtype`.
fn bits<S: 'static>(number: &S, dtype: DType) -> Option<i64> {
    let number: &dyn Any = number;
    let single = number.downcast_ref::<f32>().copied();
    let double = number.downcast_ref::<f64>().copied();
    match dtype {
        DType::F32 => {
            let value = single.or(double.map(|x| x as f32))?;
            Some(i64::from(value.to_bits()))
        }
        DType::F64 => {
            let value = double.or(single.map(f64::from))?;
            Some(value.to_bits() as i64)
        }
        DType::Bool | DType::I32 | DType::I64 | DType::U32 | DType::F16 | DType::Bf16 => None,
    }
}

/// The native float of `dtype` with these bits.
fn from_bits<S: Clone + 'static>(bits: i64, dtype: DType) -> Option<S> {
    let value = match dtype {
        DType::F32 => f64::from(f32::from_bits(bits as u32)),
        DType::F64 => f64::from_bits(bits as u64),
        DType::Bool | DType::I32 | DType::I64 | DType::U32 | DType::F16 | DType::Bf16 => {
            return None;
        }
    };
    let (single, double): (&dyn Any, &dyn Any) = (&(value as f32), &value);
    single
        .downcast_ref::<S>()
        .or(double.downcast_ref::<S>())
        .cloned()
}
