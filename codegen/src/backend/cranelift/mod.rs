//! Machine code through Cranelift: for x86-64-v3, with 128-bit registers and fused multiply-add.
//!
//! | module | what it does |
//! |---|---|
//! | `core` | blocks, nested scopes, placement of instructions |
//! | `arithmetic`, `halves` | functions on registers |
//! | `isa` | what code may use |
//! | `jit`, `text` | code in this process; code to read |
//!
//! What is emitted for kernels is said in [`crate::machine`], and what goes around them in [`crate::shell`].

pub(crate) mod arithmetic;
pub(crate) mod core;
mod halves;
pub(crate) mod isa;
mod jit;
#[cfg(test)]
mod tests;
mod text;

pub use isa::{FEATURES, TARGET, missing_features};
pub use jit::{CallError, CompiledEntry, Jit, RunTasks};
pub use text::{assembly, clif};
