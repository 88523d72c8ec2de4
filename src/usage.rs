//! What is wrong with a command line, in the form of messages that it asks for as far as it can be
//! read.

use crate::report::{self, ErrorFormat};
use crate::{Failure, output};
use clap::ValueEnum;
use clap::error::ErrorKind;
use lgc_ir::diag::{Code, Diagnostic};
use lgc_ir::span::SourceMap;
use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

/// Reports why the arguments are refused, with exit code 2; or prints what `--help` or `--version`
/// asks for, to standard output, with exit code 0.
pub(crate) fn report(error: &clap::Error, arguments: &[OsString]) -> ExitCode {
    // If not even this can be printed, the exit code has to do.
    let printed = match (error.use_stderr(), error_format(arguments)) {
        (false, _) => error.print().and_then(|()| output::stream().flush()),
        (true, ErrorFormat::Human) => print_marked(error),
        (true, format @ (ErrorFormat::Short | ErrorFormat::Json)) => {
            report::write(&[diagnostic(error)], &SourceMap::new(), format);
            Ok(())
        }
    };
    // What was asked for has to arrive.
    if let (false, Err(fault)) = (error.use_stderr(), printed) {
        let failure = Failure::from(fault);
        let code = failure.exit_code();
        if let Failure::Diagnosed(found) = failure {
            report::write(&found, &SourceMap::new(), error_format(arguments));
        }
        return ExitCode::from(code);
    }
    u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from)
}

/// The form that the arguments ask for, of which not all could be read.
fn error_format(arguments: &[OsString]) -> ErrorFormat {
    const FLAG: &str = "--error-format";
    let mut words = arguments.iter().filter_map(|word| word.to_str());
    let mut value = None;
    while let Some(word) = words.next() {
        match word.strip_prefix(FLAG) {
            Some("") => value = words.next(),
            Some(rest) => value = rest.strip_prefix('='),
            None => {}
        }
    }
    let format = value.and_then(|value| ErrorFormat::from_str(value, false).ok());
    format.unwrap_or_default()
}

/// The message as `clap` words and colours it, with the code.
fn print_marked(error: &clap::Error) -> std::io::Result<()> {
    let text = error.render().ansi().to_string();
    let marked = format!("error[{}]:", Code::BadUsage);
    let text = text.replacen("error:", &marked, 1);
    anstream::stderr().lock().write_all(text.as_bytes())
}

fn diagnostic(error: &clap::Error) -> Diagnostic {
    let help = "`lgc --help` lists the commands, `lgc COMMAND --help` the options of one";
    // Without any argument, the text is the whole help.
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return Diagnostic::error(Code::BadUsage, "no command is given").help(help);
    }
    let text = error.render().to_string();
    let (message, rest) = text.split_once('\n').unwrap_or((&text, ""));
    let message = message.strip_prefix("error: ").unwrap_or(message);
    let notes = rest
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("For more information"));
    let diagnostic = Diagnostic::error(Code::BadUsage, message).help(help);
    notes.fold(diagnostic, Diagnostic::note)
}
