//! `lgc fmt`: graphs in canonical form.

use crate::args::Fmt;
use crate::driver::Session;
use crate::stage::Stage;
use crate::{Failure, Origin, output};
use lgc_codegen::output::{Access, write_whole};
use lgc_ir::diag::{Code, Diagnostic};
use lgc_ir::lang;
use lgc_ir::span::Span;

/// Rewrites each file, or says which would change. A file with errors is left as it is, and does
/// not keep the others from being rewritten.
pub(crate) fn run(arguments: &Fmt, session: &mut Session) -> Result<(), Failure> {
    let mut worst = Ok(());
    for origin in &arguments.files {
        match format(origin, arguments.check, session) {
            Ok(()) => {}
            Err(Failure::Closed) => return Err(Failure::Closed),
            Err(Failure::CheckFailed) => worst = worst.and(Err(Failure::CheckFailed)),
            Err(failure) => {
                session.report(failure);
                worst = Err(Failure::Reported);
            }
        }
    }
    worst
}

fn format(origin: &Origin, check: bool, session: &mut Session) -> Result<(), Failure> {
    let file = session.read(origin)?;
    let ast = session.parse(file)?;
    let text = session.time(Stage::Print, || lang::print(&ast));
    let difference = first_difference(session.text(file), &text);
    match (check, origin.path(), difference) {
        (true, _, Some(offset)) => {
            let place = Span::new(file, offset, offset);
            session.report(not_canonical(origin, place));
            Err(Failure::CheckFailed)
        }
        (true, _, None) => Ok(()),
        (false, None, _) => output::print(&text),
        (false, Some(path), Some(_)) => session.time(Stage::Write, || {
            Ok(write_whole(path, text.as_bytes(), Access::Keep)?)
        }),
        (false, Some(_), None) => Ok(()),
    }
}

/// Offset of the first character at which two texts differ; the texts are smaller than 4 GiB.
fn first_difference(old: &str, new: &str) -> Option<u32> {
    let mut pairs = old.char_indices().zip(new.chars());
    let differing = pairs.find(|((_, old), new)| old != new);
    let shorter = || (old.len() != new.len()).then_some(old.len().min(new.len()));
    let offset = differing.map(|((at, _), _)| at).or_else(shorter)?;
    Some(u32::try_from(offset).unwrap_or(u32::MAX))
}

fn not_canonical(origin: &Origin, place: Span) -> Failure {
    let message = format!("`{origin}` is not in canonical form");
    let help = format!("`lgc fmt {origin}` rewrites it");
    let diagnostic = Diagnostic::error(Code::NotCanonical, message);
    Failure::new(diagnostic.primary(place, "differs from here on").help(help))
}
