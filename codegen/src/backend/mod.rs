//! Machine code from kernels: one room for each way to make it.
//!
//! Legal kernels are given ([`crate::legalize`]); each back end reads the thread programs that they become
//! ([`crate::threads`]). What comes out computes the same bits as the kernel interpreter does
//! on native floats, calls nothing outside itself, and is the same for the same program, whatever the machine it
//! is made on and the number of threads. What a back end does not know it refuses: it ignores no statement and no
//! directive.

pub mod cranelift;
pub(crate) mod lines;
pub mod llvm;
pub(crate) mod refusal;

use crate::level::Level;

/// What makes machine code of kernels. What goes around them is made by Cranelift, whatever makes kernels.
#[derive(Clone, Copy, Debug, Default)]
pub enum Backend {
    /// Cranelift, which is always there and quick.
    #[default]
    Cranelift,
    /// LLVM, which has vectors as wide as those of the processor.
    #[cfg(feature = "llvm")]
    Llvm(llvm::Llvm),
}

impl Backend {
    /// Which one this is: all that code depends on beside this compiler, and what it is made of.
    #[must_use]
    pub fn identity(self) -> String {
        match self {
            Backend::Cranelift => "Cranelift".to_owned(),
            #[cfg(feature = "llvm")]
            Backend::Llvm(llvm) => llvm.identity(),
        }
    }
}

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
    /// This processor is below a level, so code that was compiled for that cannot run here.
    #[error("this processor is below {0}: it lacks {missing}", missing = .0.missing().join(", "))]
    UnsupportedCpu(Level),
    /// A back end refused what it was given, or failed.
    #[error("the back end failed: {message}")]
    Backend {
        /// What it said.
        message: String,
    },
}

impl CompileError {
    pub(crate) fn backend(error: impl std::fmt::Display) -> Self {
        CompileError::Backend {
            message: error.to_string(),
        }
    }
}
