//! `lgc reduce`: a small graph on which a command fails as it does on a large one.

use crate::args::Reduce;
use crate::driver::Session;
use crate::reach::Reach;
use crate::reduce::{Oracle, Verdict, reduce};
use crate::stage::Stage;
use crate::{Failure, Origin, output};
use lgc_codegen::output::{Access, OutputError, write_whole};
use lgc_ir::diag::{Code, Diagnostic};
use std::panic;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Shrinks the graph, and writes the smallest that was found whenever there is a smaller one.
pub(crate) fn run(arguments: &Reduce, session: &mut Session) -> Result<(), Failure> {
    let Origin::File(path) = &arguments.source.file else {
        let message = "standard input cannot be reduced";
        return Err(refused(message, "name a file, which the command names too"));
    };
    let file = session.read(&arguments.source.file)?;
    session.parse(file)?;
    let text = session.text(file).to_owned();
    let mut oracle = oracle(arguments, path)?;
    first_run(&mut oracle, &text, arguments)?;
    let target = target(arguments, path);
    let mut written: Result<(), OutputError> = Ok(());
    let mut keep = |text: &str| {
        if written.is_ok() {
            written = write_whole(&target, text.as_bytes(), Access::Read);
        }
    };
    // A fault that is being reduced shows in every attempt; the command is what speaks of it.
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let name = arguments.source.file.to_string();
    let defines = &arguments.source.dims.defines;
    let reach = Reach::of(&name, session.allowed());
    let outcome = session.time(Stage::Check, || {
        reduce(&name, &reach, &text, defines, &mut oracle, &mut keep)
    });
    panic::set_hook(hook);
    let outcome = outcome.ok_or_else(|| Failure::internal("a text no longer parses"))?;
    keep(&outcome.text);
    written?;
    let [before, after] = outcome.statements;
    let (runs, bytes, original) = (oracle.runs(), outcome.text.len(), text.len());
    output::print(&format!(
        "{}: {after} of {before} statements, {bytes} of {original} bytes, {runs} runs\n",
        target.display()
    ))
}

fn refused(message: impl Into<String>, help: &str) -> Failure {
    Failure::new(Diagnostic::error(Code::NotReducible, message).help(help))
}

fn oracle(arguments: &Reduce, path: &Path) -> Result<Oracle, Failure> {
    let command = arguments.command.clone();
    let timeout = Duration::from_secs(arguments.timeout);
    let limit = arguments.tries as usize;
    let oracle = Oracle::new(command, path, timeout, limit).map_err(|error| {
        let message = format!("cannot create a file beside `{}`: {error}", path.display());
        let help = "candidates are written there, since what a graph uses is found relative to it";
        Failure::new(Diagnostic::error(Code::UnwritableFile, message).help(help))
    })?;
    if oracle.names_the_original() {
        return Ok(oracle);
    }
    let message = format!("the command does not name `{}`", path.display());
    let help = "where it names the graph, just as it stands before `--`, it gets the candidates";
    Err(refused(message, help))
}

/// The command has to fail on the original.
fn first_run(oracle: &mut Oracle, text: &str, arguments: &Reduce) -> Result<(), Failure> {
    match oracle.begin(text) {
        Ok(Verdict::Ended(status)) if !status.success() => Ok(()),
        Ok(Verdict::Ended(_)) => {
            let message = "the command succeeds on the graph as it is";
            let help = "it has to fail; `sh -c '! …'` turns success into failure";
            Err(refused(message, help))
        }
        Ok(Verdict::TimedOut) => {
            let message = format!("the command runs for more than {} s", arguments.timeout);
            Err(refused(
                message,
                "give it more time with `--timeout SECONDS`",
            ))
        }
        Err(error) => {
            let program = arguments.command.first().map(|word| word.to_string_lossy());
            let message = format!("cannot run `{}`: {error}", program.unwrap_or_default());
            Err(refused(message, "name a program after `--`"))
        }
    }
}

/// Where the outcome goes: beside the original, unless it was said.
fn target(arguments: &Reduce, path: &Path) -> PathBuf {
    let beside = || path.with_extension("reduced.graph");
    arguments.output.clone().unwrap_or_else(beside)
}
