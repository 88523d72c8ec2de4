//! The structs of the ABI, declared once for Rust (`#[repr(C)]`) and for the C header.
//!
//! All targets are 64-bit and little-endian, so one layout serves them all.

use crate::DlDataType;
use std::ffi::{c_char, c_void};

/// DLPack's code for host memory, `kDLCPU`.
pub const DEVICE_CPU: i32 = 1;

/// DLPack's `DLTensor`, which `dlpack.h.in` declares for C.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct DlTensor {
    /// The tensor begins at `data + byte_offset`.
    pub data: *mut c_void,
    /// `DLDeviceType`: where `data` lies.
    pub device_type: i32,
    /// Number of the device among those of its type.
    pub device_id: i32,
    /// Number of axes.
    pub ndim: i32,
    /// Element type.
    pub dtype: DlDataType,
    /// `ndim` extents.
    pub shape: *mut i64,
    /// `ndim` strides in elements, or NULL: dense, row-major.
    pub strides: *mut i64,
    /// Bytes from `data` to the first element.
    pub byte_offset: u64,
}

/// A task of an entry, `lgc_task`: called with the data that came with it and its number. Tasks may run
/// at once, in any order.
pub type RawTask = unsafe extern "C" fn(*mut c_void, u64);

/// A function of the caller that runs tasks, `lgc_parallel_for`: called with `lgc_ctx.data`, the number of
/// tasks, the task and its data. It calls the task once for each number, and returns when all are done.
pub type RawParallelFor = unsafe extern "C" fn(*mut c_void, u64, Option<RawTask>, *mut c_void);

/// A struct as the header declares it.
#[derive(Clone, Copy, Debug)]
pub struct CStruct {
    /// Name of the type in C.
    pub name: &'static str,
    /// What it is.
    pub doc: &'static str,
    /// Size in bytes.
    pub size: usize,
    /// Fields in order.
    pub fields: &'static [CField],
}

/// A field as the header declares it.
#[derive(Clone, Copy, Debug)]
pub struct CField {
    /// Name, the same in Rust.
    pub name: &'static str,
    /// The type in C, written so that the name can follow: `const char *`.
    pub c_type: &'static str,
    /// What it holds.
    pub doc: &'static str,
    /// Offset in bytes.
    pub offset: usize,
}

macro_rules! c_structs {
    ($($(#[doc = $doc:literal])+ $rust:ident = $c:literal {
        $($(#[doc = $field_doc:literal])+ $field:ident: $type:ty = $c_type:literal,)+
    })+) => {
        $(
            $(#[doc = $doc])+
            #[repr(C)]
            #[derive(Clone, Copy, Debug)]
            pub struct $rust {
                $($(#[doc = $field_doc])+ pub $field: $type,)+
            }

            impl $rust {
                /// The declaration of this struct in C.
                pub const C: CStruct = CStruct {
                    name: $c,
                    doc: concat!($($doc),+),
                    size: size_of::<Self>(),
                    fields: &[$(CField {
                        name: stringify!($field),
                        c_type: $c_type,
                        doc: concat!($($field_doc),+),
                        offset: std::mem::offset_of!(Self, $field),
                    }),+],
                };
            }
        )+

        /// Every struct of the ABI, in the order in which the header declares them.
        pub const STRUCTS: &[CStruct] = &[$($rust::C),+];
    };
}

c_structs! {
    /// Who runs the tasks that an entry is cut into; a NULL lgc_ctx is one whose fields are 0: the
    /// calling thread runs them. Results have the same bits whoever runs them. Later versions append
    /// fields, which are used where struct_size covers them.
    RawCtx = "lgc_ctx" {
        /// sizeof(lgc_ctx)
        struct_size: u64 = "uint64_t ",
        /// a pool of threads from a _pool_create function, of this library or another; or NULL
        pool: *mut c_void = "lgc_pool *",
        /// or a function of your own, which goes before pool; or NULL
        parallel_for: Option<RawParallelFor> = "lgc_parallel_for ",
        /// its first argument
        data: *mut c_void = "void *",
    }
    /// One tensor of an entry.
    RawTensor = "lgc_tensor" {
        /// path as in the graph: "p.hidden.w"
        name: *const c_char = "const char *",
        /// rank extents, outermost first
        dims: *const i64 = "const int64_t *",
        /// size in bytes
        bytes: u64 = "uint64_t ",
        /// number of axes
        rank: u32 = "uint32_t ",
        /// element type
        dtype: DlDataType = "DLDataType ",
        /// LGC_IN, LGC_INOUT or LGC_OUT
        direction: u32 = "uint32_t ",
        /// 1: may overlap nothing else; 0: may overlap tensors that are also 0
        exclusive: u32 = "uint32_t ",
        /// what it means, in the author's words; never NULL
        doc: *const c_char = "const char *",
        /// no element is below this; -INFINITY if the author declared no bound
        low: f64 = "double ",
        /// no element is above this; INFINITY if the author declared no bound
        high: f64 = "double ",
    }
    /// One entry of the library.
    RawEntry = "lgc_entry" {
        /// name as in the graph
        name: *const c_char = "const char *",
        /// the exported function that takes the argument struct
        symbol: *const c_char = "const char *",
        /// the exported function that takes DLTensors
        run_symbol: *const c_char = "const char *",
        /// what it does, in the author's words
        doc: *const c_char = "const char *",
        /// its tensors, in the order of the fields of its argument struct
        tensors: *const RawTensor = "const lgc_tensor *",
        /// number of tensors
        tensor_count: u64 = "uint64_t ",
        /// size of the workspace, which is aligned to 64 bytes
        workspace_bytes: u64 = "uint64_t ",
        /// a hash of name, tensors and workspace: the last argument of its functions
        signature: u64 = "uint64_t ",
    }
    /// A condition on the operands of an op that is not shown to hold for all inputs. Where it fails, the op is
    /// undefined, or a derivative is what a convention makes it.
    RawCondition = "lgc_condition" {
        /// the entry, by its name as in the graph
        entry: *const c_char = "const char *",
        /// where the op stands: "digits.graph:12:9"; empty where that is not known
        place: *const c_char = "const char *",
        /// the op: "relu"
        op: *const c_char = "const char *",
        /// what must hold of each element: "x ≠ 0"
        requirement: *const c_char = "const char *",
        /// the loop or branch in the body of which the op stands, by the name of its graph; else empty
        body: *const c_char = "const char *",
        /// where derivatives are taken that ask for it, separated by commas; empty if only those of the entry itself do
        derivatives: *const c_char = "const char *",
        /// 1: where it fails the op or its derivative is undefined; 0: a convention chooses the slope
        singular: u32 = "uint32_t ",
        /// 1: the declared ranges of the inputs rule it out; 0: it is up to the inputs
        refuted: u32 = "uint32_t ",
    }
    /// What a library tells about itself. Later versions append fields; struct_size says which
    /// are there.
    RawInfo = "lgc_info" {
        /// sizeof(lgc_info) when the library was compiled
        struct_size: u64 = "uint64_t ",
        /// LGC_ABI_VERSION when the library was compiled
        abi_version: u32 = "uint32_t ",
        /// number of entries
        entry_count: u32 = "uint32_t ",
        /// prefix of every symbol
        name: *const c_char = "const char *",
        /// what it is, in the author's words
        doc: *const c_char = "const char *",
        /// its entries
        entries: *const RawEntry = "const lgc_entry *",
        /// target triple
        target: *const c_char = "const char *",
        /// extensions that the CPU must have, separated by commas
        features: *const c_char = "const char *",
        /// name and version of the compiler
        compiler: *const c_char = "const char *",
        /// what was checked about this compilation, and how
        evidence: *const c_char = "const char *",
        /// what its entries rely on
        conditions: *const RawCondition = "const lgc_condition *",
        /// number of conditions
        condition_count: u64 = "uint64_t ",
        /// what became of each value of its graphs: lines of text, compressed as zlib does
        map: *const u8 = "const uint8_t *",
        /// number of bytes of map
        map_bytes: u64 = "uint64_t ",
    }
}

const _: () = assert!(size_of::<usize>() == 8, "the ABI is 64-bit");
