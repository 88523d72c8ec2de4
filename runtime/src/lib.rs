//! Host tensors, their files, and calls into compiled libraries.
//!
//! - [`HostTensor`] is a dense tensor in aligned host memory; [`npy`] and [`npz`] read and write
//!   NumPy's files, and take no file at its word.
//! - [`Library`] loads what lgc compiled and reads its description, [`Entry`] is one of its
//!   functions, [`Session`] keeps the tensors of repeated calls in place, and [`Pool`] has the threads
//!   that share the work of a call.
//!
//! What both sides of a call agree on is `lgc_abi`'s. All code that is unsafe is in private
//! modules: `foreign`, which turns the foreign tables into owned values and makes the calls, `buffer` and
//! `mapped`.

mod buffer;
mod foreign;
mod library;
mod mapped;
pub mod npy;
pub mod npz;
mod session;
mod tensor;

pub use buffer::AlignedBuffer;
pub use foreign::{Entry, InfoError, Pool};
pub use library::{CallError, Library, OpenError};
pub use mapped::Mapped;
pub use session::Session;
pub use tensor::{Element, HostTensor, TensorError};

pub use lgc_abi::{DType, Direction, EntryInfo, Info, Leaf, Status, TensorType, TooLarge};
