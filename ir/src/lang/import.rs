//! Importing: `use "layers.graph"`.
//!
//! A file that uses another sees all of its structs, dims and graphs, and those that it uses in turn;
//! an imported `entry` is a graph like others. The files are parsed into one tree, whose spans say
//! which file they are of, so that everything after is none the wiser. A file that is used on several
//! ways is read once; files that use each other in a circle are refused.
//!
//! What begins with `std/` is the standard library, which is part of this program ([`standard`]);
//! any other path is relative to the file that uses it. Reading is up to the caller: nothing here knows
//! a file system.

use super::ast::{Ast, GraphKind, Item, Use};
use super::parser::parse_into;
use super::standard;
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::span::{FileId, SourceMap, Span};
use std::collections::BTreeMap;

/// Files use one another no deeper than this.
const MAX_DEPTH: usize = 64;

/// Reads the file at a path: its text, or why there is none.
pub type Read<'r> = dyn FnMut(&str) -> Result<String, String> + 'r;

/// Where a file comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    /// A part of the standard library, with its name there.
    Standard(String),
    /// A path.
    Path(String),
}

/// How far the import of a file has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// What it uses is being imported.
    Open,
    Done,
}

struct Importer<'a> {
    sources: &'a mut SourceMap,
    read: &'a mut Read<'a>,
    sink: &'a mut Diagnostics,
    ast: Ast,
    known: BTreeMap<Key, State>,
    /// The uses that lead to the file at hand, outermost first.
    trail: Vec<(Key, Span)>,
    /// The items of imported files, each after what it uses.
    items: Vec<Item>,
}

/// The tree with the items of all files that it uses, directly or not, before its own. Files that
/// cannot be had are reported to the sink, and so is what is wrong in those that can.
pub fn import<'a>(
    mut ast: Ast,
    sources: &'a mut SourceMap,
    read: &'a mut Read<'a>,
    sink: &'a mut Diagnostics,
) -> Ast {
    let own = std::mem::take(&mut ast.items);
    let main = Key::Path(normalized(
        sources.file(ast.file).map_or("", |file| file.name()),
    ));
    let mut importer = Importer {
        sources,
        read,
        sink,
        ast,
        known: BTreeMap::from([(main.clone(), State::Open)]),
        trail: Vec::new(),
        items: Vec::new(),
    };
    importer.uses_of(&main, &own);
    let mut ast = importer.ast;
    ast.items = importer.items;
    ast.items.extend(own);
    ast
}

impl Importer<'_> {
    /// Imports what the items of a file use. Depth is bounded by [`MAX_DEPTH`].
    fn uses_of(&mut self, from: &Key, items: &[Item]) {
        for item in items {
            let Item::Use(item) = item else { continue };
            if self.sink.is_full() {
                return;
            }
            self.import(from, item);
        }
    }

    fn import(&mut self, from: &Key, item: &Use) {
        let key = resolved(from, &item.path.name);
        match self.known.get(&key) {
            Some(State::Done) => return,
            Some(State::Open) => return self.circle(&key, item),
            None => {}
        }
        if self.trail.len() >= MAX_DEPTH {
            let message = format!("files use one another more than {MAX_DEPTH} deep");
            return self.refuse(item, message, "use the innermost files directly");
        }
        let Some(file) = self.open(&key, item) else {
            return;
        };
        self.known.insert(key.clone(), State::Open);
        self.trail.push((key.clone(), item.path.span));
        let items = self.parse(file);
        self.uses_of(&key, &items);
        self.trail.pop();
        self.known.insert(key, State::Done);
        self.items.extend(items.into_iter().filter_map(imported));
    }

    /// The text of a file, as a source.
    fn open(&mut self, key: &Key, item: &Use) -> Option<FileId> {
        let (name, text) = match key {
            Key::Standard(name) => match standard::text(name) {
                Some(text) => (name, text.to_string()),
                None => {
                    let known: Vec<&str> = standard::FILES.iter().map(|(name, _)| *name).collect();
                    let message = format!("the standard library has no `{name}`");
                    let help = format!("it has {}", known.join(", "));
                    self.refuse(item, message, &help);
                    return None;
                }
            },
            Key::Path(path) => match (self.read)(path) {
                Ok(text) => (path, text),
                Err(reason) => {
                    let help = "paths are relative to the file that uses them; what begins with \
                                `std/` is the standard library";
                    self.refuse(item, format!("cannot use `{path}`: {reason}"), help);
                    return None;
                }
            },
        };
        match self.sources.add(name, text) {
            Ok(file) => Some(file),
            Err(error) => {
                self.refuse(item, error.to_string(), "use a smaller file");
                None
            }
        }
    }

    fn parse(&mut self, file: FileId) -> Vec<Item> {
        let text = self.sources.file(file).map_or("", |file| file.text());
        let ast = std::mem::replace(&mut self.ast, Ast::new(file));
        self.ast = parse_into(ast, file, text, self.sink);
        std::mem::take(&mut self.ast.items)
    }

    fn refuse(&mut self, item: &Use, message: String, help: &str) {
        let diagnostic = Diagnostic::error(Code::BadImport, message);
        self.sink
            .push(diagnostic.primary(item.path.span, "used here").help(help));
    }

    fn circle(&mut self, key: &Key, item: &Use) {
        let from = self.trail.iter().position(|(open, _)| open == key);
        let around = self.trail[from.map_or(0, |at| at + 1)..].iter();
        let message = format!("`{}` uses itself", path_of(key));
        let mut diagnostic = Diagnostic::error(Code::BadImport, message)
            .primary(item.path.span, "used again here, in a circle");
        for (open, span) in around {
            diagnostic = diagnostic.secondary(*span, format!("`{}` is used here", path_of(open)));
        }
        let help = "move what both need into a third file";
        self.sink.push(diagnostic.help(help));
    }
}

fn path_of(key: &Key) -> &str {
    match key {
        Key::Standard(path) | Key::Path(path) => path,
    }
}

/// An item as others see it: nothing of it is exported.
fn imported(item: Item) -> Option<Item> {
    match item {
        Item::Use(_) | Item::Entry(_) => None,
        Item::Graph(mut graph) => {
            graph.kind = GraphKind::Graph;
            Some(Item::Graph(graph))
        }
        Item::Struct(_) | Item::Dim(_) => Some(item),
    }
}

/// The file that a path means in a file.
fn resolved(from: &Key, path: &str) -> Key {
    if path.starts_with("std/") {
        return Key::Standard(normalized(path));
    }
    if path.starts_with('/') {
        return Key::Path(beside("", path));
    }
    let whole = beside(path_of(from), path);
    match from {
        Key::Standard(_) => Key::Standard(whole),
        Key::Path(_) => Key::Path(whole),
    }
}

/// A path that is relative to the file `from`, normalized.
pub(super) fn beside(from: &str, path: &str) -> String {
    let folder = from.rsplit_once('/').filter(|_| !path.starts_with('/'));
    match folder {
        Some((folder, _)) => normalized(&format!("{folder}/{path}")),
        None => normalized(path),
    }
}

/// The path without `.`, and without `..` after a folder.
fn normalized(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match (part, parts.last()) {
            (".", _) => {}
            ("..", Some(last)) if !last.is_empty() && *last != ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_to_the_file_that_uses_them() {
        let from = |path: &str| Key::Path(path.to_string());
        let path = |key: Key| path_of(&key).to_string();
        for (main, used, expected) in [
            ("m.graph", "l.graph", "l.graph"),
            ("a/m.graph", "l.graph", "a/l.graph"),
            ("a/m.graph", "./b/../l.graph", "a/l.graph"),
            ("a/m.graph", "../l.graph", "l.graph"),
            ("m.graph", "../l.graph", "../l.graph"),
            ("../m.graph", "../l.graph", "../../l.graph"),
            ("/a/m.graph", "../l.graph", "/l.graph"),
            ("/a/m.graph", "/b/l.graph", "/b/l.graph"),
            ("<stdin>", "l.graph", "l.graph"),
            ("a/m.graph", "std/layers.graph", "std/layers.graph"),
        ] {
            assert_eq!(path(resolved(&from(main), used)), expected, "{main} {used}");
        }
        let library = Key::Standard("std/a.graph".into());
        assert_eq!(
            resolved(&library, "b.graph"),
            Key::Standard("std/b.graph".into())
        );
    }
}
