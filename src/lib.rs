//! The program `lgc`: arguments, the driver that runs the stages, and a file for each command.
//!
//! What is asked for goes to standard output or to files, everything else to standard error. A
//! command returns `Ok` or a [`Failure`], which knows its exit code; nothing else ends the process.
//! [`driver::Session`] runs the stages one by one, so that benchmarks and tests can do so as well.

mod adjoint;
mod args;
mod commands;
mod demo;
pub mod driver;
mod failure;
mod fault;
mod library;
mod naming;
mod origin;
mod output;
mod random;
mod report;
pub mod stage;
mod tensors;

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
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        // Help and version go to standard output, with exit code 0.
        Err(error) => return usage(&error),
    };
    fault::guard(|| {
        let mut session = Session::new();
        let outcome = commands::run(&arguments.command, &mut session);
        session.finish(&arguments.common, outcome)
    })
}

fn usage(error: &clap::Error) -> ExitCode {
    // If not even the usage can be printed, the exit code has to do.
    let _ = error.print();
    u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from)
}
