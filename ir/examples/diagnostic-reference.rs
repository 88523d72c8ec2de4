//! Writes the pages of all diagnostics to `docs/diagnostics.md`, or to the file that is named.

use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/diagnostics.md");
    let path = std::env::args_os()
        .nth(1)
        .map_or_else(|| default.into(), PathBuf::from);
    std::fs::write(path, lgc_ir::diag::reference())
}
