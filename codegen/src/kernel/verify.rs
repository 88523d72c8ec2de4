//! What holds of every program that later stages get to see.
//!
//! A verified program can be interpreted, scheduled and emitted without panics, and without access
//! outside its buffers. The invariants, with the codes of their violations:
//!
//! | code | invariant |
//! |---|---|
//! | K01 | Ids are within their tables; parameters come before local buffers; indices are small ([`lgc_ir::index::MAX_DEPTH`]); tensors are bounded. |
//! | K02 | Statements nest at most [`super::MAX_NESTING`] deep. |
//! | K03 | Each value, index variable and local buffer is defined once. |
//! | K04 | Values, index variables and local buffers are used in their scope, after their definition. |
//! | K05 | Operands fit their operation and the result has its type; what is carried, merged or joined has one type. |
//! | K06 | Loops have less than 2⁶³ points, steps are not 0 and have a negation, `below` and `until` stand in loops that go upwards, grains and chunks at least 1, chunks of a fold that has several a multiple of its lanes, lanes a power of two up to 1024, a fold has a state; merges only compute. |
//! | K07 | Accesses have a subscript for each axis and a span for each axis of their form, or, for vectors, no span: then they go by lanes. Run-time subscripts are integer scalars into a non-empty axis; masks are bool scalars, `else` values scalars of the dtype; by lanes, each of these may also be a vector of as many. |
//! | K08 | Indices are provably within their axis wherever the access happens. |
//! | K09 | Nothing is stored to `in` parameters; a status is an `i64[]` that may be written. |
//! | K10 | What an iteration of `par`, an element of a `fold`, or a point of a `for` with `vec` stores, no other one loads or stores, provably. |
//! | K11 | `private` buffers are not used across a `par` or `tasks`. |
//! | K12 | Directives name what exists, vector lengths are powers of two, `vec` names innermost loops. |
//! | K13 | Tasks use what is in their frame, and hand out no tasks. |
//! | P01 | Buffers and kernels of steps exist; coordinates of arguments are in range; loops define distinct variables. |
//! | P02 | Launches have one argument of the right type for each parameter. |
//! | P03 | What a launch or copy writes may be written, and overlaps no other argument. |
//! | P04 | Workspace buffers are 64-byte aligned and inside the workspace; constants have the size of their type; no two buffers have the same number in one role. |
//! | P05 | A condition is a bool scalar, a status an `i64` scalar with a code that is not 0. |
//! | P06 | Copies are between equal types. |
//! | P07 | Steps nest at most [`super::MAX_NESTING`] deep. |

mod accesses;
mod kernel;
mod parallel;
mod program;
mod schedule;

pub(crate) use kernel::points as loop_points;

use super::{Kernel, Program};
use std::fmt;

/// At most this many violations are reported.
pub const MAX_REPORTED: usize = 20;

/// The most elements that a vector or tile has.
pub const MAX_ELEMENTS: u32 = 1024;

/// The most lanes of a fold.
pub const MAX_LANES: u32 = 1024;

macro_rules! codes {
    ($($name:ident)+) => {
        /// Which invariant is violated (see the table in the source of the verifier).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[allow(missing_docs, reason = "the codes are defined in one table, above")]
        pub enum VerifyCode { $($name),+ }
        impl fmt::Display for VerifyCode {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self { $(VerifyCode::$name => f.write_str(stringify!($name)),)+ }
            }
        }
    };
}

codes! { K01 K02 K03 K04 K05 K06 K07 K08 K09 K10 K11 K12 K13 P01 P02 P03 P04 P05 P06 P07 }

/// A violation of an invariant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("[{code}] {place}: {message}")]
pub struct VerifyError {
    /// Which invariant.
    pub code: VerifyCode,
    /// The kernel, or the program, by name.
    pub place: String,
    /// What is wrong.
    pub message: String,
}

/// Violations found so far.
struct Report {
    place: String,
    errors: Vec<VerifyError>,
}

impl Report {
    fn new(place: &str) -> Self {
        Report {
            place: place.to_string(),
            errors: Vec::new(),
        }
    }

    fn error(&mut self, code: VerifyCode, message: impl Into<String>) {
        if self.errors.len() < MAX_REPORTED {
            self.errors.push(VerifyError {
                code,
                place: self.place.clone(),
                message: message.into(),
            });
        }
    }

    fn require(&mut self, holds: bool, code: VerifyCode, message: impl FnOnce() -> String) -> bool {
        if !holds {
            self.error(code, message());
        }
        holds
    }

    fn outcome(self) -> Result<(), Vec<VerifyError>> {
        match self.errors.is_empty() {
            true => Ok(()),
            false => Err(self.errors),
        }
    }
}

/// Checks a kernel; at most [`MAX_REPORTED`] violations.
pub fn verify_kernel(kernel: &Kernel) -> Result<(), Vec<VerifyError>> {
    let mut report = Report::new(&kernel.name.0);
    kernel::check(kernel, &mut report);
    if report.errors.is_empty() {
        parallel::check(kernel, &mut report);
        schedule::check(kernel, &mut report);
    }
    report.outcome()
}

/// Checks a program and its kernels; at most [`MAX_REPORTED`] violations.
pub fn verify(program: &Program) -> Result<(), Vec<VerifyError>> {
    let mut errors: Vec<VerifyError> = program
        .kernels
        .iter()
        .filter_map(|kernel| verify_kernel(kernel).err())
        .flatten()
        .take(MAX_REPORTED)
        .collect();
    let mut report = Report::new(&program.name.0);
    program::check(program, &mut report);
    errors.extend(report.errors);
    errors.truncate(MAX_REPORTED);
    match errors.is_empty() {
        true => Ok(()),
        false => Err(errors),
    }
}
