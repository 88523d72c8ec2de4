//! One text as far as it can be understood: its syntax tree, what elaboration found out, and what is
//! wrong with it.

use super::imports::{OpenTexts, Reader};
use super::position::Encoding;
use lgc_ir::diag::{Code, Diagnostic, Diagnostics, Label, Severity};
use lgc_ir::lang::ast::Ast;
use lgc_ir::lang::{self, Observations, Options};
use lgc_ir::span::{FileId, SourceMap, SourceTooLarge, Span};
use lsp_types::{
    DiagnosticRelatedInformation, DiagnosticSeverity, Location, NumberOrString, Position, Range,
    Uri,
};
use std::collections::BTreeSet;
use std::panic::{self, AssertUnwindSafe};
use std::rc::Rc;

/// How many errors are shown.
const MAX_ERRORS: usize = 100;

/// What is known of a text.
pub(super) struct Analysis {
    pub(super) sources: SourceMap,
    pub(super) file: FileId,
    /// With the items of all files that are used.
    pub(super) ast: Ast,
    pub(super) observations: Observations,
    /// Whether the text has the form of the language.
    pub(super) parses: bool,
    /// The paths of the files that it uses, directly or not, there or not.
    pub(super) uses: BTreeSet<String>,
    /// The texts that were open.
    open: Rc<OpenTexts>,
    diagnostics: Vec<Diagnostic>,
}

impl Analysis {
    /// Reads and elaborates a text, beside the others that are open. What cannot be read is left out,
    /// and the rest elaborated for what it tells, but not reported on.
    ///
    /// # Errors
    /// A text of 4 GiB or more.
    pub(super) fn new(
        name: &str,
        text: &str,
        open: &Rc<OpenTexts>,
    ) -> Result<Self, SourceTooLarge> {
        let mut sources = SourceMap::new();
        let file = sources.add(name, text)?;
        let mut found = Diagnostics::with_limit(MAX_ERRORS);
        let ast = lang::parse(file, text, &mut found);
        let parses = !found.has_errors();
        let mut reader = Reader::new(open, name);
        let mut read = |address: &str| reader.read(address);
        let mut ast = lang::import(ast, &mut sources, &mut read, &mut found);
        let mut tensors = |address: &str| reader.tensors(address);
        lang::load(&mut ast, &sources, &mut tensors, &mut found);
        let mut analysis = Self {
            sources,
            file,
            ast,
            observations: Observations::default(),
            parses,
            uses: reader.paths,
            open: open.clone(),
            diagnostics: Vec::new(),
        };
        let mut meaning = Diagnostics::with_limit(MAX_ERRORS);
        let elaborated = panic::catch_unwind(AssertUnwindSafe(|| analysis.elaborate(&mut meaning)));
        match elaborated {
            Ok(observations) => analysis.observations = observations,
            Err(_) => meaning.push(fault(file)),
        }
        if !found.has_errors() {
            found.extend(meaning.into_vec());
        }
        analysis.diagnostics = found.into_vec();
        Ok(analysis)
    }

    /// What would be known of another text in the place of this one.
    ///
    /// # Errors
    /// As [`Analysis::new`].
    pub(super) fn with_text(&self, text: &str) -> Result<Self, SourceTooLarge> {
        let name = self.sources.file(self.file).map_or("", |file| file.name());
        Self::new(name, text, &self.open)
    }

    fn elaborate(&self, found: &mut Diagnostics) -> Observations {
        lang::observe(&self.ast, &Options::default(), found).1
    }

    /// The tree of the text alone, without what it uses.
    pub(super) fn own(&self) -> Ast {
        lang::parse(self.file, self.text(), &mut Diagnostics::new())
    }

    /// The text.
    pub(super) fn text(&self) -> &str {
        self.sources.file(self.file).map_or("", |file| file.text())
    }

    /// What is wrong, in the form of the protocol.
    pub(super) fn diagnostics(&self, uri: &Uri, encoding: Encoding) -> Vec<lsp_types::Diagnostic> {
        let diagnostics = self.diagnostics.iter();
        diagnostics
            .map(|diagnostic| self.diagnostic(diagnostic, uri, encoding))
            .collect()
    }

    fn diagnostic(
        &self,
        diagnostic: &Diagnostic,
        uri: &Uri,
        encoding: Encoding,
    ) -> lsp_types::Diagnostic {
        let place = diagnostic.span().filter(|span| span.file == self.file);
        let range = place.map_or(Range::default(), |span| encoding.range(&self.sources, span));
        let related = |label: &Label| {
            let location = Location::new(uri.clone(), encoding.range(&self.sources, label.span));
            let message = label.text.clone();
            DiagnosticRelatedInformation { location, message }
        };
        let labels = diagnostic.labels.iter();
        let tells = |label: &&Label| !label.text.is_empty() && label.span.file == self.file;
        lsp_types::Diagnostic {
            range,
            severity: Some(severity(diagnostic)),
            code: Some(NumberOrString::String(diagnostic.code.number().to_owned())),
            source: Some("lgc".to_owned()),
            message: message(diagnostic),
            related_information: Some(labels.filter(tells).map(related).collect()),
            ..lsp_types::Diagnostic::default()
        }
    }
}

fn severity(diagnostic: &Diagnostic) -> DiagnosticSeverity {
    match diagnostic.severity {
        Severity::Error => DiagnosticSeverity::ERROR,
        Severity::Warning => DiagnosticSeverity::WARNING,
    }
}

/// The message with notes and help, a line each.
fn message(diagnostic: &Diagnostic) -> String {
    let mut text = diagnostic.message.clone();
    for note in &diagnostic.notes {
        text += &format!("\nnote: {note}");
    }
    for help in &diagnostic.help {
        text += &format!("\nhelp: {help}");
    }
    text
}

fn fault(file: FileId) -> Diagnostic {
    Diagnostic::error(Code::InternalFault, "this text brought the compiler down")
        .primary(Span::new(file, 0, 0), "")
        .help(crate::failure::REPORT)
}

/// The whole of a text.
pub(super) fn whole(text: &str, encoding: Encoding) -> Range {
    Range::new(Position::default(), encoding.position(text, text.len()))
}
