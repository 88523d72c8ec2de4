//! `lgc man` and `lgc completions`: what shells and manuals want to know, from the command line's own
//! description.

use crate::args::{Arguments, Completions, Man};
use crate::driver::suggestion;
use crate::{Failure, output};
use clap::CommandFactory;
use lgc_ir::diag::{Code, Diagnostic};

/// Prints a manual page in the language of `man`.
pub(crate) fn page(arguments: &Man) -> Result<(), Failure> {
    let mut program = Arguments::command().max_term_width(0);
    program.build();
    let command = match &arguments.command {
        None => program,
        Some(name) => find(&program, name)?,
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(command).render(&mut text)?;
    output::print(&String::from_utf8_lossy(&text))
}

fn find(program: &clap::Command, name: &str) -> Result<clap::Command, Failure> {
    let Some(command) = program.find_subcommand(name) else {
        let known: Vec<&str> = program.get_subcommands().map(|c| c.get_name()).collect();
        let message = format!("there is no command `{name}`");
        let diagnostic = Diagnostic::error(Code::BadUsage, message);
        return Err(Failure::new(diagnostic.help(suggestion(name, &known))));
    };
    // The page is called as its file is: `lgc-compile`.
    let title = format!("lgc-{name}");
    Ok(command.clone().display_name(title))
}

/// Prints a script for a shell.
pub(crate) fn completions(arguments: &Completions) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(
        arguments.shell,
        &mut Arguments::command(),
        "lgc",
        &mut script,
    );
    output::print(&String::from_utf8_lossy(&script))
}
