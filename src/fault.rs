//! Faults of the compiler itself: a panic anywhere becomes a short, honest message and exit code
//! 70. Outputs stay whole or absent, since unwinding drops what was staged.

use crate::{COMPILER, failure, stage};
use std::io::Write;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::process::ExitCode;

/// Runs the program; if it panics, says so.
pub(crate) fn guard(program: impl FnOnce() -> ExitCode) -> ExitCode {
    panic::set_hook(Box::new(|info| {
        // If standard error is closed, the exit code has to do.
        let _ = std::io::stderr().write_all(message(info).as_bytes());
    }));
    // What the closure leaves behind is not looked at again.
    let outcome = panic::catch_unwind(AssertUnwindSafe(program));
    let _ = panic::take_hook();
    outcome.unwrap_or(ExitCode::from(failure::INTERNAL))
}

fn message(info: &PanicHookInfo<'_>) -> String {
    let payload = info.payload_as_str().unwrap_or("no message");
    let place = info
        .location()
        .map_or_else(String::new, |place| format!(" ({place})"));
    let doing = stage::current().map_or("not in any stage", stage::Stage::name);
    format!(
        "internal error: {payload}{place}\n  \
         {COMPILER}, stage: {doing}\n  \
         This is a fault of lgc, not of your graph. Please report it with the graph and the \
         command line.\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_has_exit_code_70_and_drops_what_was_staged() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out.so");
        let code = guard(|| {
            let mut outputs = lgc_codegen::output::OutputSet::default();
            let access = lgc_codegen::output::Access::Read;
            outputs.stage(&path, b"half", access).unwrap();
            panic!("a fault");
        });
        assert_eq!(format!("{code:?}"), format!("{:?}", ExitCode::from(70)));
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    }
}
