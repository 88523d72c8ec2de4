//! The files that a compilation has read, which none of its outputs may replace.

use super::Session;
use crate::Failure;
use lgc_ir::diag::{Code, Diagnostic};
use lgc_ir::lang::ast::Ast;
use std::fs;
use std::path::{Path, PathBuf};

/// The files that were read, with symbolic links resolved.
pub(crate) struct Inputs(Vec<PathBuf>);

impl Session {
    /// The files that were read for a source: it itself, what it uses, and what it loads.
    pub(crate) fn inputs(&self, ast: &Ast) -> Inputs {
        let sources = self.sources.files().map(|file| file.name());
        let tensors = ast.loaded_from.iter().map(String::as_str);
        let real = |path: &str| fs::canonicalize(path).ok();
        Inputs(sources.chain(tensors).filter_map(real).collect())
    }
}

impl Inputs {
    /// Sees to it that a file that is to be written is none of these.
    ///
    /// # Errors
    /// If it is.
    pub(crate) fn keep(&self, output: &Path) -> Result<(), Failure> {
        let real = fs::canonicalize(output);
        if !real.is_ok_and(|real| self.0.contains(&real)) {
            return Ok(());
        }
        let message = format!(
            "cannot write `{}`: the graph is read from it",
            output.display()
        );
        let help = "give the output another name with `-o`";
        Err(Failure::new(
            Diagnostic::error(Code::UnwritableFile, message).help(help),
        ))
    }
}
