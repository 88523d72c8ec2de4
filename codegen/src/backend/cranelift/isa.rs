//! The instruction sets that code is made for.
//!
//! They are named by explicit features, never taken from the machine that compiles, so that equal
//! programs give equal bytes everywhere.

use crate::backend::CompileError;
use crate::target::Operations;
use cranelift_codegen::isa::{OwnedTargetIsa, lookup};
use cranelift_codegen::settings::{self, Configurable, Flags};
use std::str::FromStr;
use target_lexicon::Triple;

/// The triple that code is made for.
pub const TARGET: &str = "x86_64-unknown-linux-gnu";

/// What instructions have for all operands: kernels are to be legal for that.
pub(crate) const OPERATIONS: Operations = Operations::COMMON;

/// What a function may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InstructionSet {
    /// Any x86-64 processor: for code that runs before the processor has been checked.
    Baseline,
    /// Processors of level v3.
    Extended,
}

/// Where code is going to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    /// In an object file; it must be position independent.
    Object,
    /// In this process.
    Memory,
}

/// The flags of Cranelift for the extensions of a level.
const fn flags(level: InstructionSet) -> &'static [&'static str] {
    match level {
        InstructionSet::Baseline => &[],
        InstructionSet::Extended => &[
            "has_sse3",
            "has_ssse3",
            "has_sse41",
            "has_sse42",
            "has_popcnt",
            "has_avx",
            "has_avx2",
            "has_fma",
            "has_bmi1",
        ],
    }
}

/// The back end for a level and destination.
pub(crate) fn isa(
    level: InstructionSet,
    destination: Destination,
) -> Result<OwnedTargetIsa, CompileError> {
    let is_pic = match destination {
        Destination::Object => "true",
        Destination::Memory => "false",
    };
    let mut shared = settings::builder();
    let verifies = if cfg!(debug_assertions) {
        "true"
    } else {
        "false"
    };
    for (name, value) in [
        // Instructions are placed well already, and the optimiser would move them: it sinks the
        // arithmetic of a loop body below all its loads, which then do not fit in registers.
        ("opt_level", "none"),
        ("is_pic", is_pic),
        ("enable_verifier", verifies),
        ("unwind_info", "false"),
        ("enable_probestack", "true"),
        ("probestack_strategy", "inline"),
    ] {
        shared.set(name, value).map_err(CompileError::backend)?;
    }
    let triple = Triple::from_str(TARGET).map_err(CompileError::backend)?;
    let mut builder = lookup(triple).map_err(CompileError::backend)?;
    for name in flags(level) {
        builder.enable(name).map_err(CompileError::backend)?;
    }
    builder
        .finish(Flags::new(shared))
        .map_err(CompileError::backend)
}
