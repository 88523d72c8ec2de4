//! How diagnostics look: for people with the source beside them, in one line for editors, as JSON
//! for programs.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use clap::ValueEnum;
use lgc_ir::diag::{Diagnostic, Label, Severity};
use lgc_ir::span::{FileId, SourceFile, SourceMap, Span};
use serde::Serialize;
use std::io::Write;

/// The form of messages on standard error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ErrorFormat {
    /// With the source and marks in it, coloured on a terminal.
    #[default]
    Human,
    /// `file:line:column: error[E0110]: message`.
    Short,
    /// One JSON object per line.
    Json,
}

/// Writes diagnostics to standard error. If that is closed, the exit code has to do.
pub(crate) fn write(diagnostics: &[Diagnostic], sources: &SourceMap, format: ErrorFormat) {
    let mut stderr = anstream::stderr().lock();
    for diagnostic in diagnostics {
        let text = match format {
            ErrorFormat::Human => human(diagnostic, sources),
            ErrorFormat::Short => diagnostic.plain(sources).to_string(),
            ErrorFormat::Json => json(diagnostic, sources),
        };
        let _ = stderr.write_all(text.as_bytes());
    }
}

/// The diagnostic with the source it is about, and an empty line; in colours, which
/// `anstream` takes away where they are not wanted.
fn human(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let level = match diagnostic.severity {
        Severity::Warning => Level::WARNING,
        Severity::Error => Level::ERROR,
    };
    let title = level
        .primary_title(diagnostic.message.as_str())
        .id(diagnostic.code.number());
    let notes = diagnostic.notes.iter();
    let helps = diagnostic.help.iter();
    let report: Group<'_> = title
        .elements(snippets(diagnostic, sources))
        .elements(notes.map(|note| Level::NOTE.message(note.as_str())))
        .elements(helps.map(|help| Level::HELP.message(help.as_str())));
    format!("{}\n\n", Renderer::styled().render(&[report]))
}

/// The excerpts that the labels point into: one for each file, that of the problem first.
fn snippets<'a>(
    diagnostic: &'a Diagnostic,
    sources: &'a SourceMap,
) -> Vec<Snippet<'a, annotate_snippets::Annotation<'a>>> {
    let mut files: Vec<FileId> = diagnostic.span().iter().map(|span| span.file).collect();
    for label in &diagnostic.labels {
        if !files.contains(&label.span.file) {
            files.push(label.span.file);
        }
    }
    let snippet = |id: FileId| {
        let file = sources.file(id)?;
        let labels = diagnostic.labels.iter();
        let annotations = labels
            .filter(|label| label.span.file == id)
            .map(|label| annotation(label, file));
        Some(
            Snippet::source(file.text())
                .path(file.name())
                .annotations(annotations),
        )
    };
    files.into_iter().filter_map(snippet).collect()
}

fn annotation<'a>(label: &'a Label, file: &SourceFile) -> annotate_snippets::Annotation<'a> {
    let kind = if label.primary {
        AnnotationKind::Primary
    } else {
        AnnotationKind::Context
    };
    let length = file.text().len();
    let start = (label.span.start as usize).min(length);
    let end = (label.span.end as usize).clamp(start, length);
    let text = Some(label.text.as_str()).filter(|text| !text.is_empty());
    kind.span(start..end).label(text)
}

#[derive(Serialize)]
struct JsonDiagnostic<'a> {
    severity: String,
    code: &'static str,
    message: &'a str,
    /// The file of the problem; null if it concerns no source.
    file: Option<&'a str>,
    spans: Vec<JsonSpan<'a>>,
    notes: &'a [String],
    help: &'a [String],
}

/// A label. Offsets are bytes from 0; lines and columns count from 1, columns in characters.
#[derive(Serialize)]
struct JsonSpan<'a> {
    file: &'a str,
    start: u32,
    end: u32,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
    primary: bool,
    label: &'a str,
}

fn json(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let labels = diagnostic.labels.iter();
    let form = JsonDiagnostic {
        severity: diagnostic.severity.to_string(),
        code: diagnostic.code.number(),
        message: &diagnostic.message,
        file: diagnostic
            .span()
            .and_then(|span| sources.file(span.file))
            .map(SourceFile::name),
        spans: labels
            .filter_map(|label| json_span(label, sources))
            .collect(),
        notes: &diagnostic.notes,
        help: &diagnostic.help,
    };
    // Serialisation of strings and numbers does not fail.
    serde_json::to_string(&form).map_or_else(|_| String::new(), |line| line + "\n")
}

fn json_span<'a>(label: &'a Label, sources: &'a SourceMap) -> Option<JsonSpan<'a>> {
    let Span { file, start, end } = label.span;
    let file = sources.file(file)?;
    let (first, last) = (file.location(start), file.location(end));
    Some(JsonSpan {
        file: file.name(),
        start,
        end,
        line: first.line,
        column: first.column,
        end_line: last.line,
        end_column: last.column,
        primary: label.primary,
        label: &label.text,
    })
}
