//! Tests of the laws: the table of all ops, and wrong rules that the laws must catch.

mod alarms;
mod asked;
mod conditions;
mod cotangents;
mod dense;
mod graphs;
mod known;
mod margins;
mod stated;
mod table;
mod whole;
mod wrong;

use crate::diag::Diagnostics;
use crate::lang::{Options, elaborate, parse};
use crate::module::Module;
use crate::span::SourceMap;

/// The module of a text, and what was said of it.
fn read(text: &str) -> (Module, SourceMap, Diagnostics) {
    let (mut sources, mut diagnostics) = (SourceMap::new(), Diagnostics::new());
    let file = sources.add("m.graph", text).unwrap();
    let ast = parse(file, text, &mut diagnostics);
    let module = elaborate(&ast, &Options::default(), &mut diagnostics);
    (module, sources, diagnostics)
}

/// The module of a text of which nothing was said.
#[track_caller]
fn elaborated(text: &str) -> (Module, SourceMap) {
    let (module, sources, diagnostics) = read(text);
    assert!(
        diagnostics.is_empty(),
        "{text}\n{}",
        diagnostics.plain(&sources)
    );
    (module, sources)
}

/// The module of a text that is right, of which warnings may be given.
#[track_caller]
fn elaborated_with_warnings(text: &str) -> (Module, SourceMap) {
    let (module, sources, diagnostics) = read(text);
    assert!(
        !diagnostics.has_errors(),
        "{text}\n{}",
        diagnostics.plain(&sources)
    );
    (module, sources)
}
