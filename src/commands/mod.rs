//! The commands, one file each.

mod emit;
mod fmt;
mod info;

use crate::Failure;
use crate::args::Command;
use crate::driver::Session;

/// Runs a command.
///
/// # Errors
/// Why it did not do what it was asked for.
pub(crate) fn run(command: &Command, session: &mut Session) -> Result<(), Failure> {
    match command {
        Command::Emit(arguments) => emit::run(arguments, session),
        Command::Info(arguments) => info::run(arguments, session),
        Command::Fmt(arguments) => fmt::run(arguments, session),
    }
}
