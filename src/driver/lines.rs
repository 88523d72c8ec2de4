//! Lines of sources in compiled code: which line a node comes from, and what the files are called.

use super::Session;
use lgc_codegen::kernel::SourceLine;
use lgc_codegen::shell::Sources;
use lgc_ir::span::{SourceMap, Span};

impl Session {
    /// Lets kernels, and the code of libraries, say which lines they come from, if that is wanted.
    pub(crate) fn keep_lines(&mut self, wanted: bool) {
        self.lines = wanted;
    }

    /// The names of all sources, by their numbers.
    pub(super) fn source_names(&self) -> Vec<String> {
        let files = self.sources.files();
        files.map(|file| file.name().to_owned()).collect()
    }

    /// The sources as libraries tell of them, if they do.
    pub(super) fn told_sources(&self) -> Option<Sources> {
        let here = || std::env::current_dir().ok();
        self.lines.then(|| Sources {
            // Relative names are found from here; where there is no such place, from where the reader is.
            directory: here().map_or_else(|| ".".to_owned(), |path| path.display().to_string()),
            files: self.source_names(),
        })
    }
}

/// The line at which a place begins, unless no source stands behind it.
pub(super) fn line_of(sources: &SourceMap, span: Span) -> Option<SourceLine> {
    let (_, location) = sources.location(span)?;
    let file = sources.number(span.file)?;
    let line = location.line;
    Some(SourceLine { file, line })
}
