//! What is shown about a word: type, shape, documentation.

use super::analysis::Analysis;
use super::lookup::{Local, Subject};
use lgc_ir::lang::Meaning;
use lgc_ir::lang::ast::{DocLine, Item};
use lgc_ir::op::{AttrSpec, Spec};
use lgc_ir::span::Span;

/// The text for an offset, as Markdown, and the place that it is about.
pub(super) fn hover(analysis: &Analysis, offset: usize) -> Option<(String, Span)> {
    if let Some((subject, place)) = analysis.subject(offset) {
        return Some((describe(analysis, &subject), place));
    }
    let offset = u32::try_from(offset).ok()?;
    let observations = &analysis.observations;
    let place = observations.smallest_around(analysis.file, offset)?;
    let types = meanings(observations.meanings(place), "");
    Some((code(&types), place))
}

/// A block of code.
fn code(text: &str) -> String {
    format!("```graph\n{text}\n```\n")
}

/// Each meaning on a line, after the name.
fn meanings(meanings: &[Meaning], name: &str) -> String {
    let line = |meaning: &Meaning| match (meaning, name) {
        (Meaning::Data(tree), "") => tree.to_string(),
        (Meaning::Data(tree), name) => format!("{name}: {tree}"),
        (Meaning::Number(number), "") => number.clone(),
        (Meaning::Number(number), name) => format!("{name} = {number}"),
    };
    let lines: Vec<String> = meanings.iter().map(line).collect();
    lines.join("\n")
}

/// What a subject is, as Markdown.
pub(super) fn describe(analysis: &Analysis, subject: &Subject<'_>) -> String {
    match subject {
        Subject::Item(item) => describe_item(analysis, item),
        Subject::Local(local) => describe_local(analysis, local),
        Subject::Field {
            text, tree, doc, ..
        } => {
            let name = text.split(':').next().unwrap_or(text);
            let shown = tree.as_ref().map(|tree| format!("{name}: {tree}"));
            paragraphs(&code(shown.as_ref().unwrap_or(text)), doc)
        }
        Subject::Op(spec) => describe_op(spec),
        Subject::Attribute(spec, attribute) => {
            format!("{}\n{}\n", code(&form(spec)), attribute_line(attribute))
        }
        Subject::Builtin(builtin) => format!("{}\n{}\n", code(builtin.form), builtin.doc),
        Subject::DType(dtype) => {
            let kind = if dtype.is_float() {
                "a float"
            } else {
                "exact, without derivatives"
            };
            let bytes = dtype.size();
            format!("{}\nA dtype: {kind}, {bytes} bytes.\n", code(dtype.name()))
        }
        Subject::Keyword(word, meaning) => format!("`{word}`: {meaning}\n"),
    }
}

/// A declaration up to its body, and its documentation.
fn describe_item(analysis: &Analysis, item: &Item) -> String {
    let span = match item {
        Item::Graph(graph) => Span {
            end: graph.body_span.start,
            ..graph.span
        },
        Item::Entry(_) | Item::Struct(_) | Item::Dim(_) | Item::Use(_) => item.span(),
    };
    let head = analysis.sources.text(span).trim_end();
    paragraphs(&code(head), &lines(item.docs()))
}

/// A name with the types that it was seen with, else with the one that it is declared with.
fn describe_local(analysis: &Analysis, local: &Local<'_>) -> String {
    let seen = meanings(analysis.observations.meanings(local.place), local.name);
    let declared = local.declaration.map(|span| analysis.sources.text(span));
    let text = match (seen.is_empty(), declared) {
        (false, _) => seen.as_str(),
        (true, Some(declared)) => declared,
        (true, None) => local.name,
    };
    paragraphs(&code(text), &lines(local.docs))
}

fn lines(docs: &[DocLine]) -> Vec<String> {
    docs.iter().map(|line| line.text.clone()).collect()
}

fn paragraphs(head: &str, doc: &[String]) -> String {
    if doc.is_empty() {
        head.to_owned()
    } else {
        format!("{head}\n{}\n", doc.join("\n"))
    }
}

/// How an op is called: `sum(x, axes, keepdims)`.
pub(super) fn form(spec: &Spec) -> String {
    let attributes = spec.attributes.iter().map(|attribute| attribute.name);
    let operands = spec.operands.iter().copied();
    let parameters: Vec<&str> = operands.chain(attributes).collect();
    format!("{}({})", spec.name, parameters.join(", "))
}

/// The section of the op reference on an op.
pub(super) fn describe_op(spec: &Spec) -> String {
    let mut text = format!("{}\n{}\n", code(&form(spec)), spec.doc.trim());
    if !spec.attributes.is_empty() {
        text += "\n";
    }
    for attribute in spec.attributes {
        text += &format!("- {}\n", attribute_line(attribute));
    }
    text
}

fn attribute_line(attribute: &AttrSpec) -> String {
    let needed = if attribute.required { "; required" } else { "" };
    let AttrSpec {
        name, kind, doc, ..
    } = attribute;
    format!("`{name}` ({kind}{needed}): {}", doc.trim())
}
