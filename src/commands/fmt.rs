//! `lgc fmt`: graphs in canonical form.

use crate::args::Fmt;
use crate::driver::Session;
use crate::stage::Stage;
use crate::{Failure, Origin, output};
use lgc_codegen::output::{Access, write_whole};
use lgc_ir::lang;

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
    let changed = text != session.text(file);
    match (check, origin.path()) {
        (true, _) if changed => {
            output::remark(&format!("{origin} is not in canonical form"));
            Err(Failure::CheckFailed)
        }
        (true, _) => Ok(()),
        (false, None) => output::print(&text),
        (false, Some(path)) if changed => session.time(Stage::Write, || {
            Ok(write_whole(path, text.as_bytes(), Access::Read)?)
        }),
        (false, Some(_)) => Ok(()),
    }
}
