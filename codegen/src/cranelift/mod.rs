//! Machine code from kernels, through Cranelift.
//!
//! A kernel becomes a function of the addresses of its parameters; the steps of a program become a
//! function that calls those of its kernels. Both go into this process ([`Jit`]) or, with the
//! functions of the C ABI around them, into an object file ([`compile_library`]). Code is for
//! x86-64-v3: 128-bit registers and fused multiply-add. It computes the same bits as the kernel
//! interpreter does on native floats, and calls nothing outside itself. Which program is compiled
//! decides every byte: not the machine, nor the number of threads.
//!
//! | module | what it does |
//! |---|---|
//! | `core` | blocks, nested scopes, placement of instructions |
//! | `index` | index expressions and guards |
//! | `lanes` | where the elements of values are |
//! | `arithmetic`, `ops` | functions on registers; operations on values |
//! | `access` | loads and stores |
//! | `kernel`, `fold`, `tiles` | statements |
//! | `parallel`, `pool` | loops that run as tasks; the threads that run them |
//! | `steps` | the step tree |
//! | `unit` | functions and data that are compiled together |
//! | `entry`, `cpu`, `object` | the C ABI |
//! | `jit`, `text` | code in this process; code to read |
//! | `isa` | what code may use |

mod access;
mod arithmetic;
mod core;
mod cpu;
mod entry;
mod fold;
mod freestanding;
mod halves;
mod index;
mod isa;
mod jit;
mod kernel;
mod lanes;
mod object;
mod ops;
mod parallel;
mod steps;
#[cfg(test)]
mod tests;
mod text;
mod tiles;
mod unit;

pub use isa::{FEATURES, TARGET, missing_features};
pub use jit::{CallError, CompiledEntry, Jit, RunTasks};
pub use object::compile_library;
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
    /// The description of the library does not fit what is to be compiled.
    #[error("the description of `{entry}` does not fit its program: {message}")]
    Description {
        /// The entry, or the library.
        entry: String,
        /// What differs.
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
