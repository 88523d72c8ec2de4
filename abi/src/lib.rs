//! The C ABI of a compiled library, as data.
//!
//! A [`Library`] describes what a compiled library offers: entries, their parameters as trees of
//! named tensors, workspace sizes, and what it was compiled for. Everything that two sides must
//! agree on is derived from it, and stated nowhere else:
//!
//! - [`Interface`] gives the C identifiers, by a documented rule, or says why there are none;
//! - [`header::render`] writes the C header;
//! - [`info::encode`] lays the description out as the constant that `<name>_info()` returns, and
//!   [`layout`] declares its structs once for Rust and for C;
//! - [`Status`] numbers the outcomes of a call, with their texts;
//! - [`checks`] lists what an entry verifies before it computes, in order.
//!
//! Code generation emits from these; the runtime reads a loaded library through them. The crate
//! knows neither Cranelift nor the loader.
//!
//! # The calling convention
//!
//! An entry `step` of the library `digits` is two functions:
//!
//! ```c
//! int32_t digits_step_v3(const digits_step_args *args, void *workspace, const lgc_ctx *ctx,
//!                        uint64_t signature);
//! int32_t digits_step_run_v3(const DLTensor *const *in, DLTensor *const *out, void *workspace,
//!                            const lgc_ctx *ctx, uint64_t signature);
//! ```
//!
//! - The header has functions `digits_step` and `digits_step_run` that pass the signature which the header
//!   was written with. If that is not the library's own ([`EntryInfo::signature`]), nothing is done.
//!   The symbols carry the [`ABI_VERSION`], so that headers and libraries of different ones do not link.
//! - `digits_step_args` is exactly an array of pointers, one per tensor, in the order of
//!   [`Entry::leaves`]: C gives nested structs of pointers that layout.
//! - `in` holds the leaves that are only read, `out` those that are written (`inout` as well as
//!   results), each in that same order.
//! - Tensors are dense, row-major, in host memory. A `bool` is one byte, 0 or 1. The pointer of a
//!   tensor without elements may be NULL.
//! - The memory of a tensor that is written overlaps neither another tensor nor the workspace.
//!   Tensors that are only read may overlap one another.
//! - The workspace is aligned to [`WORKSPACE_ALIGN`] bytes; it may be NULL if its size is 0. Its
//!   content need not be kept between calls.
//! - The result is a [`Status`], with the position of the tensor that is at fault above its
//!   [`STATUS_BITS`] where there is one. Unless it is `Ok`, `inout` tensors are unchanged and results
//!   unspecified.

pub mod checks;
mod describe;
mod dtype;
pub mod header;
pub mod info;
pub mod layout;
mod map;
mod names;
mod signature;
mod status;
mod words;

pub use describe::{
    Condition, Direction, Entry, Field, Leaf, Library, Param, Range, TensorType, TooLarge, Tree,
};
pub use dtype::{DlDataType, c_type};
pub use info::{EntryInfo, Info};
pub use lgc_ir::dtype::DType;
pub use lgc_ir::half::Half;
pub use map::{BadMap, MappedValue, ValueMap, Whereabouts};
pub use names::{
    AbiError, EntrySymbols, Interface, info_symbol, pool_create_symbol, pool_destroy_symbol,
    strerror_symbol,
};
pub use status::{STATUS_BITS, STATUS_MASK, Status, UNKNOWN_STATUS_TEXT};

/// Version of the binary interface. It changes when a library and a caller of different versions
/// would misunderstand each other; fields appended to `lgc_info` or `lgc_ctx` do not change it.
pub const ABI_VERSION: u32 = 3;

/// Alignment of the workspace in bytes.
pub const WORKSPACE_ALIGN: u64 = 64;
