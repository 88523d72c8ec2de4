//! Element types as the ABI sees them: the C type, and the DLPack type code.

use lgc_ir::dtype::DType;

/// DLPack's description of an element type, laid out as its C struct `DLDataType`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DlDataType {
    /// `DLDataTypeCode`: 0 signed, 1 unsigned, 2 float, 4 bfloat, 6 bool.
    pub code: u8,
    /// Bits of one element.
    pub bits: u8,
    /// Elements per vector; always 1 here.
    pub lanes: u16,
}

impl DlDataType {
    /// The element type that this describes, if it is one of ours.
    #[must_use]
    pub fn dtype(self) -> Option<DType> {
        DType::ALL
            .into_iter()
            .find(|&dtype| Self::from(dtype) == self)
    }
}

impl From<DType> for DlDataType {
    fn from(dtype: DType) -> Self {
        let code = match dtype {
            DType::I32 | DType::I64 => 0,
            DType::U32 => 1,
            DType::F16 | DType::F32 | DType::F64 => 2,
            DType::Bf16 => 4,
            DType::Bool => 6,
        };
        Self {
            code,
            bits: dtype.size() as u8 * 8,
            lanes: 1,
        }
    }
}

/// Type of an element in C. A `bool` is a byte, 0 or 1. C11 has no type for halves that every
/// compiler knows: they are passed as their bits.
#[must_use]
pub const fn c_type(dtype: DType) -> &'static str {
    match dtype {
        DType::Bool => "uint8_t",
        DType::I32 => "int32_t",
        DType::I64 => "int64_t",
        DType::U32 => "uint32_t",
        DType::F16 | DType::Bf16 => "uint16_t",
        DType::F32 => "float",
        DType::F64 => "double",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dlpack_codes_are_distinct() {
        for dtype in DType::ALL {
            assert_eq!(DlDataType::from(dtype).dtype(), Some(dtype));
        }
        let float = |code, bits| DlDataType {
            code,
            bits,
            lanes: 1,
        };
        assert_eq!(float(2, 16).dtype(), Some(DType::F16));
        assert_eq!(float(4, 16).dtype(), Some(DType::Bf16));
        assert_eq!(float(2, 128).dtype(), None);
    }
}
