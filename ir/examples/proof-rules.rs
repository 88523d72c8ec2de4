//! Writes what the proofs speak of from the op table: `Rules.v`, `Maps.v` and `Table.v` in `proofs`, or in the
//! folder that is named.

use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../proofs");
    let folder = std::env::args_os()
        .nth(1)
        .map_or_else(|| default.into(), PathBuf::from);
    std::fs::write(folder.join("Rules.v"), lgc_ir::coq::rules()?)?;
    std::fs::write(folder.join("Maps.v"), lgc_ir::coq::maps())?;
    std::fs::write(folder.join("Table.v"), lgc_ir::coq::table()?)?;
    Ok(())
}
