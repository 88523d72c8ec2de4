//! The commands, one file each.

mod cache;
mod check;
mod compile;
mod doctor;
mod emit;
mod explain;
mod fmt;
mod info;
mod manual;
mod margins;
mod reduce;
mod run;

use crate::args::Command;
use crate::driver::Session;
use crate::{Failure, demo, lsp};

/// Runs a command.
///
/// # Errors
/// Why it did not do what it was asked for.
pub(crate) fn run(command: &Command, session: &mut Session) -> Result<(), Failure> {
    match command {
        Command::Compile(arguments) => compile::run(arguments, session),
        Command::Emit(arguments) => emit::run(arguments, session),
        Command::Run(arguments) => run::run(arguments, session),
        Command::Check(arguments) => check::run(arguments, session),
        Command::Info(arguments) => info::run(arguments, session),
        Command::Fmt(arguments) => fmt::run(arguments, session),
        Command::Explain(arguments) => explain::run(arguments),
        Command::Lsp => lsp::serve(session.allowed()),
        Command::Reduce(arguments) => reduce::run(arguments, session),
        Command::Doctor => doctor::run(session),
        Command::Cache(arguments) => cache::run(arguments),
        Command::Man(arguments) => manual::page(arguments),
        Command::Completions(arguments) => manual::completions(arguments),
        Command::Demo(arguments) => demo::run(arguments, session),
    }
}
