//! The outcomes of a call: numbers, C names and texts, stated once. The header's macros, the
//! library's `_strerror` and the runtime's errors are made from this table.

macro_rules! statuses {
    ($($(#[doc = $doc:literal])+ $status:ident = $code:literal, $c:literal, $text:literal;)+) => {
        /// Result of a call into a compiled library. The numbers are part of the ABI: contiguous
        /// from 0, never reused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(i32)]
        pub enum Status {
            $($(#[doc = $doc])+ $status = $code,)+
        }

        impl Status {
            /// Every status, in the order of the codes.
            pub const ALL: &'static [Self] = &[$(Self::$status),+];

            /// Name of the code's macro in C.
            #[must_use]
            pub const fn c_name(self) -> &'static str {
                match self { $(Self::$status => $c),+ }
            }

            /// What `_strerror` says: one clause, no full stop.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$status => $text),+ }
            }
        }
    };
}

statuses! {
    /// The call succeeded.
    Ok = 0, "LGC_OK", "success";
    /// `args`, `in`, `out`, a tensor with elements, or a workspace that is needed is NULL.
    NullArgument = 1, "LGC_NULL_ARGUMENT", "a required pointer is NULL";
    /// The workspace is not aligned to 64 bytes.
    MisalignedWorkspace = 2, "LGC_MISALIGNED_WORKSPACE", "the workspace is not aligned to 64 bytes";
    /// What is written overlaps another tensor or the workspace (only the DLTensor form checks).
    Overlap = 3, "LGC_OVERLAP", "a tensor that is written overlaps another tensor or the workspace";
    /// The CPU lacks an instruction set extension that `lgc_info.features` lists.
    UnsupportedCpu = 4, "LGC_UNSUPPORTED_CPU", "this CPU lacks instructions that the library was compiled for";
    /// An index tensor holds a value outside the indexed axis.
    IndexOutOfRange = 5, "LGC_INDEX_OUT_OF_RANGE", "an index is out of range";
    /// A DLTensor lies elsewhere than in host memory.
    TensorDevice = 6, "LGC_TENSOR_DEVICE", "a DLTensor is not in host memory (kDLCPU)";
    /// The element type of a DLTensor is not the declared one.
    TensorDtype = 7, "LGC_TENSOR_DTYPE", "a DLTensor has the wrong element type";
    /// The number of axes of a DLTensor is not the declared one.
    TensorRank = 8, "LGC_TENSOR_RANK", "a DLTensor has the wrong number of axes";
    /// An extent of a DLTensor is not the declared one.
    TensorShape = 9, "LGC_TENSOR_SHAPE", "a DLTensor has the wrong shape";
    /// The strides of a DLTensor are not those of a dense row-major tensor.
    TensorStrides = 10, "LGC_TENSOR_STRIDES", "a DLTensor is not dense and row-major";
    /// A tensor is not aligned to the size of its elements.
    TensorMisaligned = 11, "LGC_TENSOR_MISALIGNED", "a tensor is not aligned to its element type";
    /// The caller knows another signature of the entry than the library has.
    Signature = 12, "LGC_SIGNATURE", "the caller was made for other tensors or another workspace: compile it with the header of this library";
    /// The `struct_size` of an `lgc_ctx` is less than that of the struct.
    Context = 13, "LGC_CONTEXT", "the struct_size of the lgc_ctx is not sizeof(lgc_ctx)";
}

/// The number of low bits of a returned number that are the status. Those above are 0, or 1 plus the
/// position of the tensor that is at fault.
pub const STATUS_BITS: u32 = 8;

/// These bits.
pub const STATUS_MASK: u32 = (1 << STATUS_BITS) - 1;

/// What `_strerror` says of a number that is no status.
pub const UNKNOWN_STATUS_TEXT: &str = "unknown status";

impl Status {
    /// The number that the C function returns.
    #[must_use]
    pub const fn code(self) -> i32 {
        self as i32
    }

    /// The number that the C function returns where a tensor is at fault, by its position among
    /// the leaves of the entry.
    #[must_use]
    pub const fn code_at(self, leaf: usize) -> i32 {
        self as i32 | ((leaf as i32 + 1) << STATUS_BITS)
    }

    /// The status in a number that a C function returned, if there is one.
    #[must_use]
    pub fn from_code(code: i32) -> Option<Self> {
        let code = u32::try_from(code).ok()?;
        let index = (code & STATUS_MASK) as usize;
        Self::ALL.get(index).copied()
    }

    /// The position of the leaf that is at fault, in a number that a C function returned.
    #[must_use]
    pub fn leaf_of(code: i32) -> Option<usize> {
        let code = usize::try_from(code).ok()?;
        (code >> STATUS_BITS).checked_sub(1)
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_contiguous_and_invert() {
        for (index, &status) in Status::ALL.iter().enumerate() {
            assert_eq!(status.code(), index as i32);
            assert_eq!(Status::from_code(status.code()), Some(status));
        }
        assert_eq!(Status::from_code(-1), None);
        let code = Status::TensorShape.code_at(7);
        assert_eq!(code, 9 + 8 * 256);
        assert_eq!(Status::from_code(code), Some(Status::TensorShape));
        assert_eq!(Status::leaf_of(code), Some(7));
        assert_eq!(Status::leaf_of(Status::Overlap.code()), None);
        assert_eq!(Status::leaf_of(-1), None);
        assert_eq!(Status::from_code(Status::ALL.len() as i32), None);
    }
}
