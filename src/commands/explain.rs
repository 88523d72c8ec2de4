//! `lgc explain`: what a diagnostic means, at length.

use crate::args::Explain;
use crate::driver::suggestion;
use crate::{Failure, output};
use lgc_ir::diag::{Code, Diagnostic};

/// Shows the page of a code, or lists all codes.
pub(crate) fn run(arguments: &Explain) -> Result<(), Failure> {
    match &arguments.code {
        Some(number) => output::print(&page(number)?),
        None => output::print(&list()),
    }
}

fn page(number: &str) -> Result<String, Failure> {
    let code = Code::from_number(number).ok_or_else(|| unknown(number))?;
    Ok(format!("{code}: {}\n\n{}", code.title(), code.page()))
}

fn list() -> String {
    let line = |code: &Code| format!("{code}  {}\n", code.title());
    Code::ALL.iter().map(line).collect()
}

fn unknown(number: &str) -> Failure {
    let message = format!("no diagnostic has the code `{number}`");
    let known: Vec<&str> = Code::ALL.iter().map(|code| code.number()).collect();
    let close = suggestion(&number.to_uppercase(), &known);
    let help = if close.starts_with("did") {
        format!("{close} `lgc explain` lists all codes")
    } else {
        "`lgc explain` lists all codes".to_owned()
    };
    Failure::new(Diagnostic::error(Code::UnknownCode, message).help(help))
}
