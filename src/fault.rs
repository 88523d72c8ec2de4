//! Faults of the compiler itself: a panic anywhere becomes a short, honest diagnostic and exit code
//! 70. Outputs stay whole or absent, since unwinding drops what was staged.

use crate::report::{self, ErrorFormat};
use crate::{COMPILER, failure, stage};
use lgc_ir::diag::{Code, Diagnostic};
use lgc_ir::span::SourceMap;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::process::ExitCode;

/// Runs the program; if it panics, says so.
pub(crate) fn guard(format: ErrorFormat, program: impl FnOnce() -> ExitCode) -> ExitCode {
    panic::set_hook(Box::new(move |info| {
        report::write(&[diagnostic(info)], &SourceMap::new(), format);
    }));
    // What the closure leaves behind is not looked at again.
    let outcome = panic::catch_unwind(AssertUnwindSafe(program));
    let _ = panic::take_hook();
    outcome.unwrap_or(ExitCode::from(failure::INTERNAL))
}

fn diagnostic(info: &PanicHookInfo<'_>) -> Diagnostic {
    let payload = info.payload_as_str().unwrap_or("no message");
    let place = info.location().map_or_else(String::new, |place| {
        format!(" ({}:{})", within_crate(place.file()), place.line())
    });
    let doing = stage::current().map_or("not in any stage", stage::Stage::name);
    Diagnostic::error(Code::InternalFault, format!("{payload}{place}"))
        .note(format!("{COMPILER}, stage: {doing}"))
        .help(failure::REPORT)
}

/// The path of a source from its crate on: where the compiler was built is nobody's business.
fn within_crate(file: &str) -> &str {
    let crate_at = |sources: usize| file.get(..sources).and_then(|path| path.rfind('/'));
    let start = file
        .rfind("/src/")
        .and_then(crate_at)
        .map_or(0, |slash| slash + 1);
    file.get(start..).unwrap_or(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_do_not_say_where_the_compiler_was_built() {
        for (file, within) in [
            (
                "/home/me/.cargo/registry/src/index-1/rayon-core-1.13.0/src/registry.rs",
                "rayon-core-1.13.0/src/registry.rs",
            ),
            (
                "/rustc/4a4e/library/core/src/option.rs",
                "core/src/option.rs",
            ),
            ("abi/src/header.rs", "abi/src/header.rs"),
            ("src/main.rs", "src/main.rs"),
        ] {
            assert_eq!(within_crate(file), within);
        }
    }

    #[test]
    fn a_panic_has_exit_code_70_and_drops_what_was_staged() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out.so");
        let code = guard(ErrorFormat::Json, || {
            let mut outputs = lgc_codegen::output::OutputSet::default();
            let access = lgc_codegen::output::Access::Read;
            outputs.stage(&path, b"half", access).unwrap();
            panic!("a fault");
        });
        assert_eq!(format!("{code:?}"), format!("{:?}", ExitCode::from(70)));
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    }
}
