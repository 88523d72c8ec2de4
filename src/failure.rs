//! How a command can fail, and the exit codes that scripts rely on.

use lgc_codegen::output::OutputError;
use lgc_ir::diag::{Code, Diagnostic};
use lgc_runtime::{CallError, OpenError};
use std::io;

/// Exit code of a failure that was diagnosed.
const DIAGNOSED: u8 = 1;
/// Exit code of a check that did not hold.
const CHECK_FAILED: u8 = 3;
/// Exit code of a fault of the compiler itself.
pub(crate) const INTERNAL: u8 = 70;

/// What to do about a fault of the compiler.
pub(crate) const REPORT: &str = "this is a fault of lgc, not of the graph: please report it with \
                                 the graph and the command line";

/// Why a command did not do what it was asked for.
#[derive(Debug)]
pub enum Failure {
    /// What is wrong was reported to the session.
    Reported,
    /// These are to be reported.
    Diagnosed(Vec<Diagnostic>),
    /// A check does not hold; the command has said which.
    CheckFailed,
    /// Nobody reads standard output any more, so there is nothing left to do.
    Closed,
    /// The stage after which the work was to stop is over.
    Stopped,
}

impl Failure {
    /// A failure with one diagnostic.
    pub(crate) fn new(diagnostic: Diagnostic) -> Self {
        Self::Diagnosed(vec![diagnostic])
    }

    /// A failure with one message that concerns no place in a source.
    pub(crate) fn message(code: Code, message: impl Into<String>) -> Self {
        Self::new(Diagnostic::error(code, message))
    }

    /// A stage refused what the stage before it had verified.
    pub(crate) fn internal(message: impl std::fmt::Display) -> Self {
        Self::new(Diagnostic::error(Code::InternalFault, message.to_string()).help(REPORT))
    }

    /// What its first diagnostic says, if it has any.
    pub(crate) fn first_message(self) -> String {
        let found = match self {
            Self::Diagnosed(found) => found,
            Self::Reported | Self::CheckFailed | Self::Closed | Self::Stopped => Vec::new(),
        };
        let first = found.into_iter().next();
        first.map_or_else(String::new, |diagnostic| diagnostic.message)
    }

    /// The exit code: 0 if nobody listened or the work was to stop, 1 for what was diagnosed, 3 for a check that failed, 70
    /// for a fault of the compiler.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Closed | Self::Stopped => 0,
            Self::Reported => DIAGNOSED,
            Self::Diagnosed(diagnostics) => {
                let internal = |diagnostic: &Diagnostic| diagnostic.code == Code::InternalFault;
                if diagnostics.iter().any(internal) {
                    INTERNAL
                } else {
                    DIAGNOSED
                }
            }
            Self::CheckFailed => CHECK_FAILED,
        }
    }
}

impl From<OutputError> for Failure {
    fn from(error: OutputError) -> Self {
        Self::message(Code::UnwritableFile, error.to_string())
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        Self::message(Code::BadLibrary, error.to_string())
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        Self::message(Code::CallFailure, error.to_string())
    }
}

/// An error of writing to standard output.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::Closed;
        }
        let message = format!("cannot write to standard output: {error}");
        Self::message(Code::UnwritableFile, message)
    }
}
