//! Writes the TextMate grammar to `editors/vscode/syntaxes/lgc.tmLanguage.json`, or to the file that is
//! named.

use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let default = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/editors/vscode/syntaxes/lgc.tmLanguage.json"
    );
    let path = std::env::args_os()
        .nth(1)
        .map_or_else(|| default.into(), PathBuf::from);
    let text = serde_json::to_string_pretty(&lgc::grammar::textmate())?;
    std::fs::write(path, text + "\n")?;
    Ok(())
}
