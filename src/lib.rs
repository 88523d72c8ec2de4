//! The program `lgc`: arguments, the driver that runs the stages, and a file for each command.
//!
//! What is asked for goes to standard output or to files, everything else to standard error. A
//! command returns `Ok` or a [`Failure`], which knows its exit code; nothing else ends the process.
//! [`driver::Session`] runs the stages one by one, so that benchmarks and tests can do so as well.

mod adjoint;
mod args;
mod commands;
mod demo;
mod dot;
pub mod driver;
mod failure;
mod fault;
pub mod grammar;
mod library;
mod lowered;
mod lsp;
mod naming;
mod node_map;
mod origin;
mod output;
mod random;
mod reach;
mod reduce;
mod report;
pub mod stage;
mod tensors;
mod usage;

pub use failure::Failure;
pub use origin::Origin;

use args::Arguments;
use clap::Parser;
use driver::Session;
use std::ffi::OsString;
use std::process::ExitCode;

/// Name and version, as the compiled libraries and messages show them.
pub const COMPILER: &str = concat!("lgc ", env!("CARGO_PKG_VERSION"));

/// Runs the program with these arguments, the first of which is its own name.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let given: Vec<OsString> = arguments.into_iter().collect();
    let arguments = match Arguments::try_parse_from(&given) {
        Ok(arguments) => arguments,
        Err(error) => return usage::report(&error, &given),
    };
    fault::guard(arguments.common.error_format, || {
        let mut session = Session::with(&arguments.common);
        let outcome = commands::run(&arguments.command, &mut session);
        session.finish(&arguments.common, outcome)
    })
}
