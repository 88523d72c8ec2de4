//! Machine code from kernels, through Cranelift.
//!
//! A kernel becomes a function of the addresses of its parameters ([`kernel`]); the steps of a
//! program become a function that calls those of its kernels ([`steps`]). Both go into this process
//! ([`jit`]) or, with the functions of the C ABI around them ([`entry`]), into an object file
//! ([`object`]). Code is for x86-64-v3: 128-bit registers and fused multiply-add. It computes the
//! same bits as the kernel interpreter does on native floats, and calls nothing outside the unit.
//!
//! | module | what it does |
//! |---|---|
//! | `core` | blocks, scopes, placement of instructions |
//! | `index` | index expressions and guards |
//! | `lanes` | elements of values in registers |
//! | `arithmetic`, `ops` | operations on parts, and on values |
//! | `access` | loads and stores |
//! | `kernel`, `fold` | statements |
//! | `steps` | the step tree |
//! | `unit` | everything that is compiled together |
//! | `isa` | targets |

mod access;
mod arithmetic;
mod core;
mod fold;
mod index;
mod isa;
mod jit;
mod kernel;
mod lanes;
mod ops;
mod steps;
#[cfg(test)]
mod tests;
mod text;
mod unit;

pub use isa::{FEATURES, TARGET};
pub use jit::{CallError, CompiledEntry, Jit};
pub use steps::Tensor;
pub use text::{assembly, clif};

/// Why machine code could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    /// The program has something that this back end does not do.
    #[error("cannot compile `{function}`: {message}")]
    Unsupported {
        /// The symbol of the function.
        function: String,
        /// What it is.
        message: &'static str,
    },
    /// This processor lacks some of [`FEATURES`], so compiled code cannot run here.
    #[error("this processor lacks some of the extensions that compiled code needs")]
    UnsupportedCpu,
    /// Cranelift refused what it was given.
    #[error("the Cranelift back end failed: {message}")]
    Backend {
        /// What it said.
        message: String,
    },
}

impl CompileError {
    fn backend(error: impl std::fmt::Display) -> Self {
        CompileError::Backend {
            message: error.to_string(),
        }
    }
}
