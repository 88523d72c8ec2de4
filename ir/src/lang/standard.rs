//! The standard library: layers and optimisers in the graph language itself, part of this program.
//!
//! `use "std/layers.graph"` imports one of its files. They are written for readers: each graph is
//! documented, and tested against formulas that share nothing with it.

/// The files with their texts, by the names under which they are used.
pub const FILES: &[(&str, &str)] = &[("std/layers.graph", include_str!("standard/layers.graph"))];

/// The text of a file of the standard library.
pub fn text(name: &str) -> Option<&'static str> {
    let mut files = FILES.iter();
    files
        .find(|(known, _)| *known == name)
        .map(|(_, text)| *text)
}
