//! A dense tensor in host memory.

use crate::AlignedBuffer;
use bytemuck::Pod;
use lgc_abi::{DType, Half, TensorType, TooLarge};
use thiserror::Error;

/// A Rust type whose values are the elements of tensors of one dtype. `bool` is not among them:
/// its tensors hold bytes that are 0 or 1, and are read with [`HostTensor::bools`]. Nor are the
/// halves, which are made with [`HostTensor::from_numbers`] and read with [`HostTensor::numbers`].
pub trait Element: Pod + private::Sealed {
    /// The dtype of tensors with such elements.
    const DTYPE: DType;
}

mod private {
    pub trait Sealed {}
}

macro_rules! elements {
    ($($rust:ty: $dtype:ident),+) => {
        $(
            impl private::Sealed for $rust {}
            impl Element for $rust {
                const DTYPE: DType = DType::$dtype;
            }
        )+
    };
}

elements!(i32: I32, i64: I64, u32: U32, f32: F32, f64: F64);

/// Why a tensor cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TensorError {
    /// The size in bytes exceeds the address space.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// There is not enough memory.
    #[error("not enough memory for {0} bytes")]
    OutOfMemory(u64),
    /// The number of elements is not that of the type.
    #[error("{found} elements do not make a tensor {tensor}, which has {}", tensor.elements())]
    Count {
        /// The type asked for.
        tensor: TensorType,
        /// How many elements were given.
        found: usize,
    },
}

/// A dense, row-major tensor in host memory; its data is aligned to 64 bytes.
#[derive(Clone, Debug)]
pub struct HostTensor {
    tensor: TensorType,
    data: AlignedBuffer,
}

impl HostTensor {
    /// A tensor whose elements are all zero (false).
    ///
    /// # Errors
    /// [`TensorError::OutOfMemory`].
    pub fn zeros(tensor: TensorType) -> Result<Self, TensorError> {
        let bytes = tensor.bytes();
        let data = AlignedBuffer::zeroed(bytes).ok_or(TensorError::OutOfMemory(bytes))?;
        Ok(Self { tensor, data })
    }

    /// A tensor of these extents with these elements, row by row.
    ///
    /// # Errors
    /// If their numbers differ, or memory does not suffice.
    pub fn from_slice<T: Element>(dims: &[u64], elements: &[T]) -> Result<Self, TensorError> {
        let tensor = TensorType::new(T::DTYPE, dims.to_vec())?;
        Self::copy_from(tensor, elements.len(), bytemuck::cast_slice(elements))
    }

    /// A tensor of these extents with these truth values, row by row.
    ///
    /// # Errors
    /// As [`HostTensor::from_slice`].
    pub fn from_bools(dims: &[u64], elements: &[bool]) -> Result<Self, TensorError> {
        let tensor = TensorType::new(DType::Bool, dims.to_vec())?;
        let bytes: Vec<u8> = elements.iter().map(|&element| u8::from(element)).collect();
        Self::copy_from(tensor, elements.len(), &bytes)
    }

    /// A tensor of a float dtype with these elements, row by row, each rounded once.
    ///
    /// # Errors
    /// As [`HostTensor::from_slice`]; of a dtype that is no float, no number of elements fits.
    pub fn from_numbers(tensor: TensorType, numbers: &[f64]) -> Result<Self, TensorError> {
        let found = numbers.len();
        if found as u64 != tensor.elements() {
            return Err(TensorError::Count { tensor, found });
        }
        let mut numbers = numbers.iter().copied();
        Self::from_each(tensor, || numbers.next().unwrap_or_default())
    }

    /// A tensor of a float dtype with elements that are asked for one by one, row by row, each rounded
    /// once. No memory is needed but that of the tensor.
    ///
    /// # Errors
    /// If memory does not suffice; of a dtype that is no float, no number of elements fits.
    pub fn from_each(
        tensor: TensorType,
        mut next: impl FnMut() -> f64,
    ) -> Result<Self, TensorError> {
        let mut result = Self::zeros(tensor)?;
        let bytes = result.data.bytes_mut();
        match (result.tensor.dtype(), result.tensor.dtype().half()) {
            (_, Some(half)) => fill(bytes, || half.encode(next()).to_le_bytes()),
            (DType::F32, None) => fill(bytes, || (next() as f32).to_le_bytes()),
            (DType::F64, None) => fill(bytes, || next().to_le_bytes()),
            (_, None) => {
                let (tensor, found) = (result.tensor, 0);
                return Err(TensorError::Count { tensor, found });
            }
        }
        Ok(result)
    }

    /// A tensor without axes.
    ///
    /// # Errors
    /// [`TensorError::OutOfMemory`].
    pub fn scalar<T: Element>(value: T) -> Result<Self, TensorError> {
        Self::from_slice(&[], &[value])
    }

    fn copy_from(tensor: TensorType, found: usize, bytes: &[u8]) -> Result<Self, TensorError> {
        if found as u64 != tensor.elements() {
            return Err(TensorError::Count { tensor, found });
        }
        let mut result = Self::zeros(tensor)?;
        result.data.bytes_mut().copy_from_slice(bytes);
        Ok(result)
    }

    /// Element type and extents.
    #[must_use]
    pub fn tensor_type(&self) -> &TensorType {
        &self.tensor
    }

    /// Element type.
    #[must_use]
    pub fn dtype(&self) -> DType {
        self.tensor.dtype()
    }

    /// Extents, outermost first.
    #[must_use]
    pub fn dims(&self) -> &[u64] {
        self.tensor.dims()
    }

    /// The elements, row by row; `None` if they are of another type.
    #[must_use]
    pub fn elements<T: Element>(&self) -> Option<&[T]> {
        (T::DTYPE == self.dtype()).then(|| bytemuck::cast_slice(self.data.bytes()))
    }

    /// The elements for writing, row by row; `None` if they are of another type.
    #[must_use]
    pub fn elements_mut<T: Element>(&mut self) -> Option<&mut [T]> {
        (T::DTYPE == self.dtype()).then(|| bytemuck::cast_slice_mut(self.data.bytes_mut()))
    }

    /// The truth values, row by row; `None` if the dtype is not `bool`.
    #[must_use]
    pub fn bools(&self) -> Option<impl ExactSizeIterator<Item = bool> + '_> {
        let bytes = self.data.bytes().iter();
        (self.dtype() == DType::Bool).then(|| bytes.map(|&byte| byte != 0))
    }

    /// The elements of any dtype as numbers, row by row; of i64, the nearest f64.
    pub fn each_number(&self) -> Box<dyn Iterator<Item = f64> + '_> {
        fn all<T: Pod>(
            bytes: &[u8],
            number: impl Fn(T) -> f64 + 'static,
        ) -> Box<dyn Iterator<Item = f64> + '_> {
            let elements: &[T] = bytemuck::cast_slice(bytes);
            Box::new(elements.iter().map(move |&element| number(element)))
        }
        let bytes = self.bytes();
        match self.dtype() {
            DType::Bool => all(bytes, |byte: u8| f64::from(byte)),
            DType::I32 => all(bytes, |x: i32| f64::from(x)),
            DType::I64 => all(bytes, |x: i64| x as f64),
            DType::U32 => all(bytes, |x: u32| f64::from(x)),
            DType::F16 => all(bytes, |bits| Half::F16.decode(bits)),
            DType::Bf16 => all(bytes, |bits| Half::BF16.decode(bits)),
            DType::F32 => all(bytes, |x: f32| f64::from(x)),
            DType::F64 => all(bytes, |x: f64| x),
        }
    }

    /// The elements as [`HostTensor::each_number`] has them, in a list.
    #[must_use]
    pub fn numbers(&self) -> Vec<f64> {
        self.each_number().collect()
    }

    /// The one element of a tensor that has one of this type.
    #[must_use]
    pub fn item<T: Element>(&self) -> Option<T> {
        match self.elements()? {
            [element] => Some(*element),
            _ => None,
        }
    }

    /// The elements as they lie in memory.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.data.bytes()
    }

    /// The elements as they lie in memory, for writing. Those of a `bool` tensor must be left 0
    /// or 1.
    #[must_use]
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        self.data.bytes_mut()
    }
}

/// Writes elements of N bytes, one after another.
fn fill<const N: usize>(bytes: &mut [u8], mut next: impl FnMut() -> [u8; N]) {
    for element in bytes.chunks_exact_mut(N) {
        element.copy_from_slice(&next());
    }
}

/// Equality of type and bits: NaN equals itself, and the zeros differ.
impl PartialEq for HostTensor {
    fn eq(&self, other: &Self) -> bool {
        self.tensor == other.tensor && self.bytes() == other.bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_keep_their_type() {
        let mut tensor = HostTensor::from_slice(&[2, 2], &[1.0f32, 2.0, 3.0, 4.0]).unwrap();
        assert_eq!(tensor.elements::<f32>(), Some(&[1.0, 2.0, 3.0, 4.0][..]));
        assert_eq!(tensor.elements::<i32>(), None);
        assert_eq!(tensor.item::<f32>(), None);
        tensor.elements_mut::<f32>().unwrap()[3] = 5.0;
        assert_eq!(tensor.elements::<f32>().unwrap()[3], 5.0);
        assert_eq!(HostTensor::scalar(7i64).unwrap().item(), Some(7i64));
        let flags = HostTensor::from_bools(&[3], &[true, false, true]).unwrap();
        assert_eq!(flags.bytes(), [1, 0, 1]);
        assert_eq!(flags.bools().unwrap().filter(|&flag| flag).count(), 2);
        assert!(tensor.bools().is_none());
    }

    #[test]
    fn halves_are_numbers_rounded_once() {
        for (dtype, third) in [(DType::F16, 0x3555u16), (DType::Bf16, 0x3eab)] {
            let ty = TensorType::new(dtype, vec![3]).unwrap();
            let halves = HostTensor::from_numbers(ty.clone(), &[1.0 / 3.0, -0.0, 1e9]).unwrap();
            assert_eq!(
                halves.bytes()[..4],
                [third.to_le_bytes(), [0, 0x80]].concat()
            );
            let numbers = halves.numbers();
            assert_eq!(HostTensor::from_numbers(ty, &numbers).unwrap(), halves);
            assert_eq!(
                numbers[2],
                if dtype == DType::F16 {
                    f64::INFINITY
                } else {
                    998_244_352.0
                }
            );
        }
        let integers = TensorType::new(DType::I32, vec![0]).unwrap();
        assert!(HostTensor::from_numbers(integers, &[]).is_err());
        assert_eq!(HostTensor::scalar(-7i64).unwrap().numbers(), [-7.0]);
    }

    #[test]
    fn counts_must_agree() {
        let error = HostTensor::from_slice(&[2, 3], &[1u32]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "1 elements do not make a tensor u32[2, 3], which has 6"
        );
        assert!(HostTensor::from_slice::<f64>(&[0, 3], &[]).is_ok());
    }
}
