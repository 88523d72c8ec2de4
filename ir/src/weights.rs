//! Tensors in files: the safetensors format, and hashes of tensors.
//!
//! A file is bytes here; who reads and writes it is up to the caller. What a file says is not trusted:
//! lengths, offsets and names are checked before anything is made of them. `load` of the graph
//! language reads such files ([`lang::load`](crate::lang::load)), and printed graphs keep their large
//! constants in them ([`lang::print_module_beside`](crate::lang::print_module_beside)).

use crate::dtype::DType;
use crate::op::Elements;
use crate::shape::{MAX_RANK, Shape, Type};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

/// How many digits of a hash are written.
const DIGITS: usize = 32;
/// A hash that is compared has at least so many digits, so that it tells tensors apart.
const MIN_DIGITS: usize = 16;

/// The tensors of a file.
#[derive(Debug)]
pub struct Weights<'d>(SafeTensors<'d>);

/// Why a tensor of a file cannot be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lack {
    /// The file has none of this name.
    Unknown,
    /// Its elements are of a kind that is none of [`DType`], which is named.
    Foreign(String),
    /// What the file says of it cannot be, as a sentence.
    Malformed(String),
}

impl<'d> Weights<'d> {
    /// The tensors of a file with this content.
    ///
    /// # Errors
    /// What is wrong with it, as a part of a sentence, if it is no safetensors file.
    pub fn open(bytes: &'d [u8]) -> Result<Self, String> {
        let file = SafeTensors::deserialize(bytes);
        file.map(Weights).map_err(|error| error.to_string())
    }

    /// The names of all tensors, sorted.
    pub fn names(&self) -> Vec<&str> {
        let mut names = self.0.names();
        names.sort_unstable();
        names
    }

    /// The tensor with this name.
    ///
    /// # Errors
    /// If there is none, or none that this compiler can compute with.
    pub fn tensor(&self, name: &str) -> Result<Elements, Lack> {
        let view = self.0.tensor(name).map_err(|_| Lack::Unknown)?;
        let foreign = || Lack::Foreign(view.dtype().to_string());
        let dtype = dtype(view.dtype()).ok_or_else(foreign)?;
        let dims = view.shape();
        if dims.len() > MAX_RANK {
            let message = format!("it has {} axes, more than {MAX_RANK}", dims.len());
            return Err(Lack::Malformed(message));
        }
        let shape = Shape::new(dims.iter().map(|dim| *dim as u64));
        let ty = Type::new(dtype, shape);
        if !ty.is_bounded() || ty.bytes() != view.data().len() as u64 {
            let message = format!("{} bytes are no {ty}", view.data().len());
            return Err(Lack::Malformed(message));
        }
        if dtype == DType::Bool && view.data().iter().any(|byte| *byte > 1) {
            let message = "a truth value is neither 0 nor 1".to_string();
            return Err(Lack::Malformed(message));
        }
        Ok(Elements {
            dtype,
            shape: ty.shape,
            bytes: view.data().into(),
        })
    }
}

/// The dtype that the format means, if this compiler has it.
fn dtype(dtype: Dtype) -> Option<DType> {
    DType::ALL
        .iter()
        .copied()
        .find(|own| foreign(*own) == dtype)
}

/// What the format calls a dtype.
fn foreign(dtype: DType) -> Dtype {
    match dtype {
        DType::Bool => Dtype::BOOL,
        DType::I32 => Dtype::I32,
        DType::I64 => Dtype::I64,
        DType::U32 => Dtype::U32,
        DType::F16 => Dtype::F16,
        DType::Bf16 => Dtype::BF16,
        DType::F32 => Dtype::F32,
        DType::F64 => Dtype::F64,
    }
}

/// The content of a file with these tensors, the same for equal tensors in any order.
///
/// # Errors
/// If the format cannot hold them, as a part of a sentence.
pub fn encode<'e>(
    tensors: impl IntoIterator<Item = (String, &'e Elements)>,
) -> Result<Vec<u8>, String> {
    let mut views = Vec::new();
    for (name, elements) in tensors {
        let extents = elements.shape.extents();
        let dims: Result<Vec<usize>, _> = extents.map(usize::try_from).collect();
        let dims = dims.map_err(|error| error.to_string())?;
        let view = TensorView::new(foreign(elements.dtype), dims, &elements.bytes);
        views.push((name, view.map_err(|error| error.to_string())?));
    }
    safetensors::serialize(views, None).map_err(|error| error.to_string())
}

/// The hash of a tensor as hexadecimal digits: the first half of BLAKE3 of its type as text
/// (`f32[2, 3]`), a zero byte, and its elements, little-endian in row-major order.
pub fn hash(elements: &Elements) -> String {
    digits(elements).chars().take(DIGITS).collect()
}

/// All digits of a tensor's hash.
fn digits(elements: &Elements) -> String {
    let ty = Type::new(elements.dtype, elements.shape.clone());
    let mut hasher = blake3::Hasher::new();
    hasher.update(ty.to_string().as_bytes());
    hasher.update(&[0]);
    hasher.update(&elements.bytes);
    hasher.finalize().to_string()
}

/// Whether a text could be the hash of a tensor: 16 to 64 hexadecimal digits in lower case.
pub fn is_hash(text: &str) -> bool {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    (MIN_DIGITS..=blake3::OUT_LEN * 2).contains(&text.len()) && text.bytes().all(is_digit)
}

/// Whether a tensor has this hash, or one that begins so.
pub fn has_hash(elements: &Elements, text: &str) -> bool {
    is_hash(text) && digits(elements).starts_with(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elements(dtype: DType, dims: &[u64], bytes: &[u8]) -> Elements {
        Elements {
            dtype,
            shape: Shape::new(dims.iter().copied()),
            bytes: bytes.into(),
        }
    }

    /// A file with this header and data.
    fn file(header: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.extend(data);
        bytes
    }

    #[test]
    fn tensors_of_every_dtype_keep_their_bits() {
        let nan = 0x7fc0_1234_u32.to_le_bytes();
        let tensors = [
            elements(DType::Bool, &[3], &[0, 1, 1]),
            elements(DType::I32, &[], &[1, 2, 3, 0xff]),
            elements(DType::I64, &[1, 1], &[0x80; 8]),
            elements(DType::U32, &[1], &[0xff; 4]),
            elements(DType::F16, &[2], &[0x55, 0x35, 0, 0xfc]),
            elements(DType::Bf16, &[1, 2], &[0x49, 0x40, 1, 0x80]),
            elements(DType::F32, &[1], &nan),
            elements(DType::F64, &[2, 0, 5], &[]),
        ];
        assert_eq!(tensors.len(), DType::ALL.len());
        let named = || (0..).map(|at| format!("t{at}")).zip(&tensors);
        let bytes = encode(named()).unwrap();
        let reversed: Vec<_> = named().take(tensors.len()).collect();
        assert_eq!(encode(reversed.into_iter().rev()).unwrap(), bytes);
        let weights = Weights::open(&bytes).unwrap();
        for (name, tensor) in named() {
            assert_eq!(weights.tensor(&name).as_ref(), Ok(tensor), "{name}");
        }
        assert_eq!(weights.tensor("t8"), Err(Lack::Unknown));
        assert_eq!(
            weights.names(),
            ["t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7"]
        );
    }

    #[test]
    fn what_a_header_claims_is_checked() {
        let tensor = |dtype: &str, shape: &str, offsets: &str| {
            format!(r#"{{"a":{{"dtype":"{dtype}","shape":{shape},"data_offsets":{offsets}}}}}"#)
        };
        let nested = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let huge = [u64::MAX.to_le_bytes().as_slice(), b"{}"].concat();
        let wrong = [
            Vec::new(),
            vec![0; 7],
            vec![0; 8],
            huge,
            file("", b""),
            file("nonsense", b""),
            file("{\"a\0\":1}", b""),
            file(&format!(r#"{{"a":{nested}}}"#), b""),
            file(&tensor("F32", "[2]", "[0,8]"), &[0; 7]),
            file(&tensor("F32", "[2]", "[0,8]"), &[0; 9]),
            file(&tensor("F32", "[2]", "[8,0]"), &[0; 8]),
            file(&tensor("F32", "[2]", "[4,12]"), &[0; 12]),
            file(&tensor("F32", "[3]", "[0,8]"), &[0; 8]),
            file(&tensor("F32", "[-1]", "[0,4]"), &[0; 4]),
            file(&tensor("F99", "[2]", "[0,8]"), &[0; 8]),
            file(
                &tensor("F32", "[4294967296,4294967296,4294967296]", "[0,8]"),
                &[0; 8],
            ),
            file(&tensor("F32", "[2]", "[0,18446744073709551615]"), &[0; 8]),
            file(
                r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},
                    "b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#,
                &[0; 12],
            ),
        ];
        for bytes in wrong {
            let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(100)]).into_owned();
            assert!(Weights::open(&bytes).is_err(), "{shown}");
        }
        let lack = |header: &str, data: &[u8]| {
            let bytes = file(header, data);
            Weights::open(&bytes).unwrap().tensor("a").unwrap_err()
        };
        let quarter = lack(&tensor("F8_E4M3", "[4]", "[0,4]"), &[0; 4]);
        assert_eq!(quarter, Lack::Foreign("F8_E4M3".to_string()));
        let ones = format!("[{}1]", "1,".repeat(MAX_RANK));
        for lacking in [
            lack(&tensor("BOOL", "[2]", "[0,2]"), &[1, 2]),
            lack(&tensor("F32", &ones, "[0,4]"), &[0; 4]),
            lack(&tensor("F32", "[0,1099511627777]", "[0,0]"), &[]),
        ] {
            assert!(matches!(lacking, Lack::Malformed(_)), "{lacking:?}");
        }
    }

    #[test]
    fn hashes_tell_types_and_bits_apart() {
        let zeros = elements(DType::F32, &[2, 2], &[0; 16]);
        let others = [
            elements(DType::I32, &[2, 2], &[0; 16]),
            elements(DType::F32, &[4], &[0; 16]),
            elements(DType::F32, &[2, 2], &[[0; 15].as_slice(), &[0x80]].concat()),
        ];
        let own = hash(&zeros);
        assert!(is_hash(&own) && has_hash(&zeros, &own) && has_hash(&zeros, &own[..16]));
        assert!(others.iter().all(|other| !has_hash(other, &own)));
        for text in ["", &own[..15], &own.to_uppercase(), &format!("{own}g")] {
            assert!(!has_hash(&zeros, text), "{text}");
        }
    }
}
