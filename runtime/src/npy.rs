//! NumPy's `.npy` files: one array each.
//!
//! A file begins with the magic `\x93NUMPY`, a version, the length of the header, and the header,
//! a Python dictionary with `descr`, `fortran_order` and `shape`. Reading trusts nothing: the
//! header is parsed by a small strict grammar without recursion, and what it claims must agree
//! with the bytes that follow before memory is allocated. Big-endian and Fortran-ordered arrays
//! are converted; element types that tensors do not have are refused by name.

use crate::{HostTensor, TensorError};
use lgc_abi::{DType, TensorType};
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use thiserror::Error;

const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// The longest header that is read, in bytes.
const MAX_HEADER: u64 = 1 << 20;

/// The most bytes of a file that are no elements.
pub const MAX_OVERHEAD: u64 = MAX_HEADER + 12;

/// Why an array cannot be read.
#[derive(Debug, Error)]
pub enum NpyError {
    /// Reading failed.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    /// The file does not begin as `.npy` files do.
    #[error("is not a .npy file: it does not begin with \\x93NUMPY")]
    Magic,
    /// The version is not 1, 2 or 3.
    #[error("has .npy version {0}.{1}; versions 1.0, 2.0 and 3.0 are known")]
    Version(u8, u8),
    /// The file ends too early.
    #[error("ends within its {0}")]
    Truncated(&'static str),
    /// The header is longer than any that makes sense.
    #[error("has a header of {0} bytes, which no tensor needs")]
    LongHeader(u64),
    /// The header is not the dictionary that it must be.
    #[error("has a malformed header: {expected} expected at byte {position}")]
    Header {
        /// What the grammar asks for.
        expected: &'static str,
        /// Offset in the header.
        position: usize,
    },
    /// The element type is none of ours.
    #[error(
        "holds elements of NumPy type {0}; bool, int32, int64, uint32, float32 and float64 can be read (convert with `.astype`)"
    )]
    Dtype(String),
    /// The header's shape does not fit the data.
    #[error("claims to be {tensor}, {} bytes, but {found} follow its header", tensor.bytes())]
    Length {
        /// What the header says.
        tensor: TensorType,
        /// How many bytes there are.
        found: u64,
    },
    /// The tensor cannot be made.
    #[error("{0}")]
    Tensor(#[from] TensorError),
}

/// Reads the array in a file.
///
/// # Errors
/// As [`read`], or if the file cannot be opened.
pub fn load(path: &Path) -> Result<HostTensor, NpyError> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    read(&mut BufReader::new(file), length)
}

/// Reads an array from bytes.
///
/// # Errors
/// As [`read`].
pub fn decode(mut bytes: &[u8]) -> Result<HostTensor, NpyError> {
    let length = bytes.len() as u64;
    read(&mut bytes, length)
}

/// Reads an array from a source that holds `length` bytes. If it turns out to hold fewer, that is
/// an error; if more, they are not read.
///
/// # Errors
/// [`NpyError`], whatever the bytes are. No more memory is allocated than `length` and some
/// kilobytes (twice that for a Fortran-ordered array).
pub fn read(source: &mut impl Read, length: u64) -> Result<HostTensor, NpyError> {
    let mut source = Counted {
        source,
        left: length,
    };
    let header = read_header(&mut source)?;
    let tensor = TensorType::new(header.dtype, header.shape).map_err(TensorError::from)?;
    if tensor.bytes() != source.left {
        return Err(NpyError::Length {
            tensor,
            found: source.left,
        });
    }
    let mut array = HostTensor::zeros(tensor)?;
    source.fill(array.bytes_mut(), "data")?;
    if header.big_endian {
        let size = array.dtype().size() as usize;
        array
            .bytes_mut()
            .chunks_exact_mut(size)
            .for_each(<[u8]>::reverse);
    }
    if array.dtype() == DType::Bool {
        array
            .bytes_mut()
            .iter_mut()
            .for_each(|byte| *byte = u8::from(*byte != 0));
    }
    if header.fortran_order {
        array = from_fortran_order(&array)?;
    }
    Ok(array)
}

/// A source of which so many bytes are left.
struct Counted<'a, R> {
    source: &'a mut R,
    left: u64,
}

impl<R: Read> Counted<'_, R> {
    fn fill(&mut self, bytes: &mut [u8], part: &'static str) -> Result<(), NpyError> {
        let taken = bytes.len() as u64;
        self.left = self
            .left
            .checked_sub(taken)
            .ok_or(NpyError::Truncated(part))?;
        self.source.read_exact(bytes).map_err(|error| {
            if error.kind() == io::ErrorKind::UnexpectedEof {
                NpyError::Truncated(part)
            } else {
                NpyError::Io(error)
            }
        })
    }

    fn array<const N: usize>(&mut self, part: &'static str) -> Result<[u8; N], NpyError> {
        let mut bytes = [0; N];
        self.fill(&mut bytes, part)?;
        Ok(bytes)
    }
}

struct Header {
    dtype: DType,
    big_endian: bool,
    fortran_order: bool,
    shape: Vec<u64>,
}

fn read_header(source: &mut Counted<'_, impl Read>) -> Result<Header, NpyError> {
    if source.left < MAGIC.len() as u64 {
        return Err(NpyError::Magic);
    }
    let magic: [u8; 6] = source.array("magic")?;
    if &magic != MAGIC {
        return Err(NpyError::Magic);
    }
    let length = match source.array("version")? {
        [1, 0] => u64::from(u16::from_le_bytes(source.array("header")?)),
        [2 | 3, 0] => u64::from(u32::from_le_bytes(source.array("header")?)),
        [major, minor] => return Err(NpyError::Version(major, minor)),
    };
    if length > MAX_HEADER {
        return Err(NpyError::LongHeader(length));
    }
    let mut text = vec![0; length as usize];
    source.fill(&mut text, "header")?;
    Parser {
        text: &text,
        position: 0,
    }
    .header()
}

/// Parser of the header's dictionary.
struct Parser<'a> {
    text: &'a [u8],
    position: usize,
}

impl<'a> Parser<'a> {
    /// `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`, keys in any order.
    fn header(mut self) -> Result<Header, NpyError> {
        let (mut descr, mut fortran_order, mut shape) = (None, None, None);
        self.expect(b'{', "`{`")?;
        while !self.accept(b'}') {
            let start = self.position;
            let key = self.string("a key in quotes")?;
            self.expect(b':', "`:`")?;
            let fresh = match key {
                b"descr" => descr.replace(self.descr()?).is_none(),
                b"fortran_order" => fortran_order.replace(self.boolean()?).is_none(),
                b"shape" => shape.replace(self.shape()?).is_none(),
                _ => false,
            };
            if !fresh {
                self.position = start;
                return Err(self.error("each of `descr`, `fortran_order` and `shape` once"));
            }
            if !self.accept(b',') && self.peek() != Some(b'}') {
                return Err(self.error("`,` or `}`"));
            }
        }
        if self.peek().is_some() {
            return Err(self.error("the end"));
        }
        match (descr, fortran_order, shape) {
            (Some((dtype, big_endian)), Some(fortran_order), Some(shape)) => Ok(Header {
                dtype,
                big_endian,
                fortran_order,
                shape,
            }),
            _ => Err(self.error("`descr`, `fortran_order` and `shape`")),
        }
    }

    fn error(&self, expected: &'static str) -> NpyError {
        let position = self.position;
        NpyError::Header { expected, position }
    }

    /// The next character that is not white space, where the position then stands.
    fn peek(&mut self) -> Option<u8> {
        let rest = self.text.get(self.position..)?;
        let blank = rest.iter().take_while(|byte| byte.is_ascii_whitespace());
        self.position += blank.count();
        self.text.get(self.position).copied()
    }

    fn accept(&mut self, character: u8) -> bool {
        let accepted = self.peek() == Some(character);
        self.position += usize::from(accepted);
        accepted
    }

    fn expect(&mut self, character: u8, expected: &'static str) -> Result<(), NpyError> {
        if self.accept(character) {
            Ok(())
        } else {
            Err(self.error(expected))
        }
    }

    /// The bytes from here on for which the predicate holds.
    fn take_while(&mut self, predicate: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = self.text.get(self.position..).unwrap_or(&[]);
        let length = rest.iter().take_while(|&&byte| predicate(byte)).count();
        self.position += length;
        &rest[..length]
    }

    fn string(&mut self, expected: &'static str) -> Result<&'a [u8], NpyError> {
        let quote = match self.peek() {
            Some(quote @ (b'\'' | b'"')) => quote,
            _ => return Err(self.error(expected)),
        };
        self.position += 1;
        let content = self.take_while(|byte| byte != quote && byte != b'\\');
        self.expect(quote, "the closing quote")?;
        Ok(content)
    }

    fn boolean(&mut self) -> Result<bool, NpyError> {
        self.peek();
        match self.take_while(|byte| byte.is_ascii_alphabetic()) {
            b"True" => Ok(true),
            b"False" => Ok(false),
            _ => Err(self.error("`True` or `False`")),
        }
    }

    fn shape(&mut self) -> Result<Vec<u64>, NpyError> {
        let mut shape = Vec::new();
        self.expect(b'(', "`(`")?;
        while !self.accept(b')') {
            shape.push(self.extent()?);
            if !self.accept(b',') && (self.peek() != Some(b')') || shape.len() == 1) {
                return Err(self.error("`,` or `)`"));
            }
        }
        Ok(shape)
    }

    /// A natural number. Python 2 wrote an `L` after it.
    fn extent(&mut self) -> Result<u64, NpyError> {
        self.peek();
        let start = self.position;
        let digits = std::str::from_utf8(self.take_while(|byte| byte.is_ascii_digit()));
        match digits.ok().and_then(|digits| digits.parse().ok()) {
            Some(extent) => {
                self.accept(b'L');
                Ok(extent)
            }
            None => {
                self.position = start;
                Err(self.error("a number below 2^64"))
            }
        }
    }

    /// An element type, and whether it is big-endian.
    fn descr(&mut self) -> Result<(DType, bool), NpyError> {
        if self.peek() == Some(b'[') {
            return Err(NpyError::Dtype("record".to_owned()));
        }
        let text = self.string("an element type in quotes")?;
        dtype_of(text).ok_or_else(|| {
            let text: String = String::from_utf8_lossy(text).chars().take(40).collect();
            NpyError::Dtype(format!("{text:?}"))
        })
    }
}

fn dtype_of(descr: &[u8]) -> Option<(DType, bool)> {
    let (order, kind) = descr.split_first()?;
    let big_endian = match order {
        b'<' | b'|' => false,
        b'=' => cfg!(target_endian = "big"),
        b'>' => true,
        _ => return None,
    };
    let dtype = DType::ALL
        .into_iter()
        .find(|&dtype| kind_of(dtype).as_bytes() == kind)?;
    Some((dtype, big_endian))
}

/// NumPy's kind and size of an element type.
const fn kind_of(dtype: DType) -> &'static str {
    match dtype {
        DType::Bool => "b1",
        DType::I32 => "i4",
        DType::I64 => "i8",
        DType::U32 => "u4",
        DType::F16 => "f2",
        // NumPy has no bf16: arrays of ml_dtypes are written as two bytes without a meaning.
        DType::Bf16 => "V2",
        DType::F32 => "f4",
        DType::F64 => "f8",
    }
}

/// The array whose elements lie in memory with the first axis innermost, in row-major order.
fn from_fortran_order(array: &HostTensor) -> Result<HostTensor, TensorError> {
    let size = array.dtype().size() as usize;
    let mut result = HostTensor::zeros(array.tensor_type().clone())?;
    let mut index = vec![0u64; array.dims().len()];
    let mut source = 0;
    let strides = fortran_strides(array.dims());
    for target in result.bytes_mut().chunks_exact_mut(size) {
        let start = source as usize * size;
        target.copy_from_slice(&array.bytes()[start..start + size]);
        for axis in (0..index.len()).rev() {
            index[axis] += 1;
            source += strides[axis];
            if index[axis] < array.dims()[axis] {
                break;
            }
            source -= strides[axis] * array.dims()[axis];
            index[axis] = 0;
        }
    }
    Ok(result)
}

fn fortran_strides(dims: &[u64]) -> Vec<u64> {
    let products = dims.iter().scan(1, |stride, &dim| {
        let this = *stride;
        *stride *= dim;
        Some(this)
    });
    products.collect()
}

/// The bytes of a `.npy` file, as NumPy itself writes it: little-endian, row-major, the data
/// aligned to 64 bytes.
#[must_use]
pub fn encode(tensor: &HostTensor) -> Vec<u8> {
    let mut file = header_of(tensor.tensor_type());
    file.extend_from_slice(tensor.bytes());
    file
}

/// Everything in the file before the data.
#[must_use]
pub fn header_of(tensor: &TensorType) -> Vec<u8> {
    let order = if tensor.dtype().size() == 1 { '|' } else { '<' };
    let extents: Vec<_> = tensor.dims().iter().map(u64::to_string).collect();
    let comma = if extents.len() == 1 { "," } else { "" };
    let (kind, shape) = (kind_of(tensor.dtype()), extents.join(", "));
    let text = format!(
        "{{'descr': '{order}{kind}', 'fortran_order': False, 'shape': ({shape}{comma}), }}"
    );
    // Version 2 has room for the extents of thousands of axes.
    let version: u8 = if text.len() < 60_000 { 1 } else { 2 };
    let prefix = MAGIC.len() + 2 + usize::from(version) * 2;
    let length = (prefix + text.len() + 1).next_multiple_of(64) - prefix;
    let mut file = MAGIC.to_vec();
    file.extend([version, 0]);
    file.extend(&(length as u32).to_le_bytes()[..usize::from(version) * 2]);
    file.extend_from_slice(text.as_bytes());
    file.resize(prefix + length - 1, b' ');
    file.push(b'\n');
    file
}

#[cfg(test)]
mod tests;
