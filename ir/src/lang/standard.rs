//! The standard library: layers, cells, sequences and optimisers in the graph language itself, part of this program.
//!
//! `use "std/layers.graph"` imports one of its files. They are written for readers: each graph is
//! documented, and tested against formulas that share nothing with it.

use super::ast::Item;
use super::parse;
use crate::diag::Diagnostics;
use crate::span::{SourceMap, SourceTooLarge, Span};
use std::fmt::Write;

/// The files with their texts, by the names under which they are used.
pub const FILES: &[(&str, &str)] = &[
    ("std/layers.graph", include_str!("standard/layers.graph")),
    ("std/cells.graph", include_str!("standard/cells.graph")),
    (
        "std/sequences.graph",
        include_str!("standard/sequences.graph"),
    ),
    (
        "std/optimisers.graph",
        include_str!("standard/optimisers.graph"),
    ),
];

/// The text of a file of the standard library.
pub fn text(name: &str) -> Option<&'static str> {
    let mut files = FILES.iter();
    files
        .find(|(known, _)| *known == name)
        .map(|(_, text)| *text)
}

/// The reference of the library, as Markdown: what each file declares, with its documentation.
///
/// # Errors
/// None: the files are small.
pub fn reference() -> Result<String, SourceTooLarge> {
    let mut page = String::from(
        "# The standard library\n\nGenerated from its files; \
         `cargo run -p lgc-ir --example standard-reference` writes it.\n",
    );
    let mut sources = SourceMap::new();
    for (name, text) in FILES {
        let file = sources.add(*name, *text)?;
        let tree = parse(file, text, &mut Diagnostics::new());
        let opening = text.lines().take_while(|line| line.starts_with("// "));
        let opening: Vec<&str> = opening.map(|line| &line[3..]).collect();
        // Writing to a string does not fail.
        let _ = write!(page, "\n## `use \"{name}\"`\n\n{}\n", opening.join("\n"));
        for item in &tree.items {
            let head = sources.text(head(item)).trim_end();
            let docs: Vec<&str> = item.docs().iter().map(|line| line.text.as_str()).collect();
            let _ = write!(page, "\n```text\n{head}\n```\n{}\n", docs.join("\n"));
        }
    }
    Ok(page)
}

/// A declaration up to its body.
fn head(item: &Item) -> Span {
    match item {
        Item::Graph(graph) => Span {
            end: graph.body_span.start,
            ..graph.span
        },
        Item::Entry(_) | Item::Struct(_) | Item::Dim(_) | Item::Use(_) => item.span(),
    }
}
