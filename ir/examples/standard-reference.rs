//! Writes the reference of the standard library to `docs/std.md`, or to the file that is named.

use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/std.md");
    let path = std::env::args_os()
        .nth(1)
        .map_or_else(|| default.into(), PathBuf::from);
    std::fs::write(path, lgc_ir::lang::standard::reference()?)?;
    Ok(())
}
