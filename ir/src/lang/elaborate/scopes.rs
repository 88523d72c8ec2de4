//! Names that are bound twice, found on the syntax tree.
//!
//! In a graph a name means one thing: a dim or type in its brackets, a parameter, an attribute, a
//! result, or what its body defines; and none of these may hide a `dim` of the file. Dims and types of
//! a graph are parameters of it, and may be named after a `dim`, which gives them a value where the
//! graph is exported. Which values a body defines twice depends on its conditions and is found out when
//! it is elaborated; all that is seen here holds for each of its uses.
//!
//! A file is written without knowledge of those that use it. So only a file itself and the file that
//! is compiled, which sees all, are held to a `dim`; in other files, what has its name hides it.

use super::Elaborator;
use crate::diag::{Code, Diagnostic};
use crate::lang::ast::{self, Ident, Item, Statement, Target, statements_in};
use crate::span::Span;
use rustc_hash::FxHashMap;

/// What a name is taken by, and where.
type Taken<'a> = FxHashMap<&'a str, (&'static str, Span)>;

impl<'a> Elaborator<'a> {
    /// Reports the names of graphs and structs that are bound twice.
    pub(super) fn check_names(&mut self) {
        let ast = self.ast;
        let dims = ast.items.iter().filter_map(|item| match item {
            Item::Dim(dim) => Some((dim.name.name.as_str(), ("a dim", dim.name.span))),
            Item::Use(_) | Item::Struct(_) | Item::Graph(_) | Item::Entry(_) => None,
        });
        let dims: Taken<'a> = dims.collect();
        for item in &ast.items {
            match item {
                Item::Struct(item) => {
                    self.check_unique("dim", item.dims.iter());
                    self.check_unique("field", item.fields.iter().map(|field| &field.name));
                }
                Item::Graph(graph) => {
                    let fine = self.check_graph_names(graph, &dims);
                    if let (Some(rule), true) = (&graph.rule, fine) {
                        self.check_graph_names(&rule.graph, &dims);
                    }
                }
                Item::Entry(_) | Item::Dim(_) | Item::Use(_) => {}
            }
        }
    }

    /// Whether the names in the head of a graph are bound once.
    fn check_graph_names(&mut self, graph: &'a ast::Graph, dims: &Taken<'a>) -> bool {
        let params = graph.params.iter().map(|param| &param.name);
        let attributes = graph.attributes.iter().map(|attribute| &attribute.name);
        let results = graph.results.iter().map(|result| &result.name);
        let values: Vec<&Ident> = params.chain(attributes).chain(results).collect();
        let mut fine = self.check_unique("name", graph.dims.iter().chain(values.iter().copied()));
        let mut structs: Taken<'a> = FxHashMap::default();
        for (name, item) in &self.structs {
            structs.insert(name, ("a struct", item.name.span));
        }
        for dim in &graph.dims {
            fine &= self.check_hidden(dim, &structs, "declared again here");
        }
        for name in &values {
            fine &= self.check_hidden(name, dims, "declared again here");
        }
        let own = graph.dims.iter().map(|dim| {
            let is_type = graph.is_type_parameter(&dim.name);
            let what = if is_type { "a type" } else { "a dim" };
            (dim.name.as_str(), (what, dim.span))
        });
        let own: Taken<'a> = own.collect();
        let declared = |name: &Ident| values.iter().any(|value| value.name == name.name);
        for name in bound_in(&graph.body).filter(|name| !declared(name)) {
            let taken = if own.contains_key(name.name.as_str()) {
                &own
            } else {
                dims
            };
            self.check_hidden(name, taken, "defined again here");
        }
        self.check_variables(graph);
        fine
    }

    /// What a loop names has names of its own. A result has one value in the end, and no other in the
    /// turns of a loop.
    fn check_variables(&mut self, graph: &ast::Graph) {
        for statement in statements_in(&graph.body) {
            let Statement::For(item) = statement else {
                continue;
            };
            let name = &item.variable;
            let carried = item.carries.iter().map(|carry| &carry.name);
            self.check_unique("name", std::iter::once(name).chain(carried));
            let results = graph.results.iter().map(|result| &result.name);
            if let Some(result) = results.into_iter().find(|result| result.name == name.name) {
                let message = format!("`{}` is a result", name.name);
                self.report(
                    Diagnostic::error(Code::Shadowing, message)
                        .primary(name.span, "defined again here")
                        .secondary(result.span, "first defined here")
                        .help("a loop has names of its own; choose another one"),
                );
            }
        }
    }

    /// Whether a name is none of those that are taken, which is reported.
    fn check_hidden(&mut self, name: &Ident, taken: &Taken<'a>, again: &str) -> bool {
        let Some((what, first)) = taken.get(name.name.as_str()) else {
            return true;
        };
        if name.span.file != first.file && name.span.file != self.ast.file {
            return true;
        }
        let message = format!("`{}` is {what}", name.name);
        self.report(
            Diagnostic::error(Code::Shadowing, message)
                .primary(name.span, again)
                .secondary(*first, "declared here")
                .help("a name means one thing; choose another one"),
        );
        false
    }
}

/// The names that statements bind, those within loops and conditions too.
fn bound_in(statements: &[Statement]) -> impl Iterator<Item = &Ident> {
    statements_in(statements).into_iter().flat_map(bound_by)
}

fn bound_by(statement: &Statement) -> Vec<&Ident> {
    match statement {
        Statement::Definition(definition) => {
            let targets = definition.pattern.targets().iter();
            let names = targets.filter_map(|target| match target {
                Target::Place(place) if place.is_name() => Some(&place.root),
                Target::Place(_) | Target::Discard(_) => None,
            });
            names.collect()
        }
        Statement::For(item) => {
            let carried = item.carries.iter().map(|carry| &carry.name);
            std::iter::once(&item.variable).chain(carried).collect()
        }
        Statement::If(_) => Vec::new(),
    }
}
