//! Machine code through Cranelift: for x86-64-v3, with 128-bit registers and fused multiply-add.
//!
//! | module | what it does |
//! |---|---|
//! | `emit` | thread programs as functions |
//! | `core` | blocks, nested scopes, placement of instructions |
//! | `arithmetic`, `halves` | functions on registers |
//! | `isa` | what code may use |
//! | `jit`, `text` | code in this process; code to read |
//!
//! Programs that verify are given. What goes around kernels is in [`crate::shell`].

pub(crate) mod arithmetic;
pub(crate) mod core;
pub(crate) mod emit;
mod halves;
pub(crate) mod isa;
mod jit;
#[cfg(test)]
mod tests;
mod text;

pub use isa::TARGET;
pub use jit::{CallError, CompiledEntry, Jit, RunTasks};
pub use text::{assembly, clif};
