//! The canonical text of expanded graphs, in the graph language itself.
//!
//! A [`Module`] is printed as one `struct` per instance that its signatures use, one `graph` per region
//! that is called, and one `entry` per entry, with a statement per node: `h: f32[64, 128] = relu(y)`. Every type is ascribed and every
//! broadcast written out, so that the text says exactly what the graph holds. Elaborating it gives a
//! module with the same nodes in the same order (inputs first) and prints as the same text; the
//! formatter leaves the text as it is.
//!
//! The text is built as a syntax tree and written by [`print()`](super::print()), which knows about
//! parentheses and line lengths. Large constants may go to a file of tensors ([`beside`]). [`names`] chooses names of values, [`notation`] writes ops.

mod beside;
mod body;
mod names;
mod notation;
mod region;

pub use beside::Detached;

use super::ast::{self, Ast, DeclaredRange, DocLine, GraphKind, Ident, Item};
use crate::constant::Constant;
use crate::dtype::DType;
use crate::graph::Graph;
use crate::module::{Entry, Module, Param, Tree};
use crate::shape::Type;
use crate::span::{FileId, Span};
use indexmap::IndexMap;
use names::Names;
use notation::Notation;
use region::Regions;
use rustc_hash::FxBuildHasher;

/// The canonical text of a module.
pub fn print_module(module: &Module) -> String {
    let entries: Vec<&Entry> = module.entries.iter().collect();
    print_entries(&module.doc, &entries, None).0
}

/// The canonical text of a module without its large constants, which it loads from `path`, a path
/// relative to the text, and the constants, which belong there.
pub fn print_module_beside(module: &Module, path: &str) -> (String, Detached) {
    let entries: Vec<&Entry> = module.entries.iter().collect();
    let (text, detached) = print_entries(&module.doc, &entries, Some(Detached::new(path)));
    (text, detached.unwrap_or_default())
}

/// The canonical text of one entry, with the structs that its signature uses.
pub fn print_entry(entry: &Entry) -> String {
    print_entries(&[], &[entry], None).0
}

fn print_entries(
    doc: &[String],
    entries: &[&Entry],
    detached: Option<Detached>,
) -> (String, Option<Detached>) {
    let names = entries.iter().map(|entry| entry.name.as_str());
    let mut names = Names::new(names.chain(region::reserved()));
    let structs = Structs::of(entries, &mut names);
    let regions = Regions::of(entries, &mut names);
    let mut notation = Notation::new(Ast::new(FileId::SYNTHETIC), regions, detached);
    let mut items: Vec<Item> = Vec::with_capacity(structs.names.len() + entries.len());
    for (tree, name) in &structs.names {
        items.extend(structs.item(&mut notation, tree, name));
    }
    items.extend(region::items(&mut notation));
    for entry in entries {
        items.push(Item::Graph(structs.entry(&mut notation, entry)));
    }
    let (mut ast, detached) = notation.finish();
    ast.docs = docs(doc);
    ast.items = items;
    (super::print(&ast), detached)
}

fn ident(name: &str) -> Ident {
    Ident::new(name, Span::SYNTHETIC)
}

fn docs(lines: &[String]) -> Vec<DocLine> {
    let line = |text: &String| DocLine {
        text: text.clone(),
        span: Span::SYNTHETIC,
    };
    lines.iter().map(line).collect()
}

/// The distinct structs of some signatures, each after those that it contains, with their names.
struct Structs {
    names: IndexMap<Tree, String, FxBuildHasher>,
}

impl Structs {
    fn of(entries: &[&Entry], names: &mut Names) -> Structs {
        let mut structs = Structs {
            names: IndexMap::default(),
        };
        for entry in entries {
            let Entry { signature, .. } = entry;
            for param in signature.params.iter().chain(&signature.results) {
                structs.collect(&param.tree, names);
            }
        }
        structs
    }

    /// Structs nest as deep as their declarations, which the elaborator bounds.
    fn collect(&mut self, tree: &Tree, names: &mut Names) {
        let (tree, _) = tree.innermost();
        let Tree::Struct { fields, .. } = tree else {
            return;
        };
        if self.names.contains_key(tree) {
            return;
        }
        for field in fields {
            self.collect(&field.tree, names);
        }
        let name = names.claim(&tree.instance_name());
        self.names.insert(tree.clone(), name);
    }

    fn ty(&self, notation: &mut Notation, tree: &Tree) -> ast::Type {
        match tree {
            Tree::Leaf(ty) => tensor(notation, ty),
            Tree::Struct { .. } => ast::Type {
                name: ident(self.names.get(tree).map_or("", String::as_str)),
                dims: None,
                lengths: Vec::new(),
                span: Span::SYNTHETIC,
            },
            Tree::Array { .. } => {
                let (element, lengths) = tree.innermost();
                let mut ty = self.ty(notation, element);
                let lengths = lengths.into_iter();
                ty.lengths = lengths.map(|length| notation.integer(length)).collect();
                ty
            }
        }
    }

    fn item(&self, notation: &mut Notation, tree: &Tree, name: &str) -> Option<Item> {
        let Tree::Struct { doc, fields, .. } = tree else {
            return None;
        };
        let field = |field: &crate::module::Field| ast::Field {
            docs: docs(&field.doc),
            name: ident(&field.name),
            ty: self.ty(notation, &field.tree),
            span: Span::SYNTHETIC,
        };
        let fields = fields.iter().map(field).collect();
        Some(Item::Struct(ast::Struct {
            docs: docs(doc),
            name: ident(name),
            dims: Vec::new(),
            fields,
            span: Span::SYNTHETIC,
        }))
    }

    fn param(
        &self,
        notation: &mut Notation,
        param: &Param,
        range: Option<DeclaredRange>,
    ) -> ast::Param {
        ast::Param {
            range,
            docs: docs(&param.doc),
            inout: param.inout.then_some(Span::SYNTHETIC),
            name: ident(&param.name),
            ty: self.ty(notation, &param.tree),
            span: Span::SYNTHETIC,
        }
    }

    fn result(&self, notation: &mut Notation, result: &Param) -> ast::Field {
        ast::Field {
            docs: docs(&result.doc),
            name: ident(&result.name),
            ty: self.ty(notation, &result.tree),
            span: Span::SYNTHETIC,
        }
    }

    fn entry(&self, notation: &mut Notation, entry: &Entry) -> ast::Graph {
        let signature = &entry.signature;
        let mut first = 0;
        let params = signature.params.iter().map(|param| {
            let range = declared_range(notation, &entry.graph, first);
            first += param.tree.leaf_count();
            self.param(notation, param, range)
        });
        let params = params.collect();
        let results = signature.results.iter();
        let results: Vec<_> = results
            .map(|result| self.result(notation, result))
            .collect();
        ast::Graph {
            docs: docs(&entry.doc),
            kind: GraphKind::Entry,
            name: ident(&entry.name),
            dims: Vec::new(),
            params,
            attributes: Vec::new(),
            params_span: Span::SYNTHETIC,
            results_span: (!results.is_empty()).then_some(Span::SYNTHETIC),
            results,
            body: body::statements(notation, entry),
            body_span: Span::SYNTHETIC,
            rule: None,
            span: Span::SYNTHETIC,
        }
    }
}

/// Where the elements of an input, by its position, are declared to lie.
fn declared_range(
    notation: &mut Notation,
    graph: &Graph,
    position: usize,
) -> Option<DeclaredRange> {
    let (low, high) = graph.range(graph.inputs().get(position)?.node)?;
    let mut bound = |bound| notation.number(DType::F64, &Constant::from_f64(bound));
    Some(DeclaredRange {
        low: bound(low),
        high: bound(high),
        span: Span::SYNTHETIC,
    })
}

/// A tensor type as it is written.
fn tensor(notation: &mut Notation, ty: &Type) -> ast::Type {
    let extents = ty.shape.extents();
    ast::Type {
        name: ident(ty.dtype.name()),
        dims: Some(extents.map(|extent| notation.integer(extent)).collect()),
        lengths: Vec::new(),
        span: Span::SYNTHETIC,
    }
}
