//! What the tests of whole files share: reading modules, and the round trip through text.

use lgc_ir::diag::Diagnostics;
use lgc_ir::graph::{Graph, NodeId};
use lgc_ir::lang::{Options, Unreadable, elaborate, import, load, parse, print, print_module};
use lgc_ir::module::{Field, Module, Param, Tree};
use lgc_ir::op::Op;
use lgc_ir::span::SourceMap;
use lgc_ir::verify::verify;
use std::collections::HashMap;

/// A text elaborated, with the diagnostics and the sources that they speak of.
pub(crate) fn read(name: &str, text: &str, options: &Options) -> (Module, Diagnostics, SourceMap) {
    let mut sources = SourceMap::new();
    let file = sources.add(name, text).unwrap();
    let mut diagnostics = Diagnostics::with_limit(100);
    let ast = parse(file, text, &mut diagnostics);
    let mut ast = import(ast, &mut sources, &mut used, &mut diagnostics);
    load(&mut ast, &sources, &mut tensors, &mut diagnostics);
    let module = if diagnostics.has_errors() {
        Module::default()
    } else {
        elaborate(&ast, options, &mut diagnostics)
    };
    (module, diagnostics, sources)
}

/// Files that texts use stand in a folder of their own.
const FILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/files");

fn used(path: &str) -> Result<String, String> {
    std::fs::read_to_string(format!("{FILES}/{path}"))
        .map_err(|error| format!("{:?}", error.kind()))
}

/// Those that texts load from do, too. One of them would be too large if it were there.
fn tensors(path: &str) -> Result<Box<dyn AsRef<[u8]>>, Unreadable> {
    if path == "large.safetensors" {
        return Err(Unreadable::TooLarge(1 << 31));
    }
    match std::fs::read(format!("{FILES}/{path}")) {
        Ok(bytes) => Ok(Box::new(bytes)),
        Err(error) => Err(Unreadable::Because(format!("{:?}", error.kind()))),
    }
}

/// The module of a text without errors.
pub(crate) fn module(text: &str) -> Module {
    let (module, diagnostics, sources) = read("test.graph", text, &Options::default());
    assert!(
        diagnostics.is_empty(),
        "{}\n{text}",
        diagnostics.plain(&sources)
    );
    module
}

/// The canonical text of a module, after checking that it reads back as the same module, that this
/// prints alike, and that the formatter leaves it alone.
pub(crate) fn round_trip(original: &Module) -> String {
    for entry in &original.entries {
        verify(&entry.graph).unwrap();
    }
    let text = print_module(original);
    let again = module(&text);
    assert_eq!(print_module(&again), text, "printing is no fixed point");
    assert_eq!(formatted(&text), text, "the formatter changes the text");
    assert_eq!(original.doc, again.doc);
    assert_eq!(original.entries.len(), again.entries.len());
    for (before, after) in original.entries.iter().zip(&again.entries) {
        assert_eq!(before.name, after.name);
        assert_eq!(before.doc, after.doc);
        let (old, new) = (&before.signature, &after.signature);
        assert_eq!(params(&old.params), params(&new.params));
        assert_eq!(params(&old.results), params(&new.results));
        assert_eq!(nodes(&before.graph), nodes(&after.graph), "{text}");
    }
    text
}

fn formatted(text: &str) -> String {
    let mut sources = SourceMap::new();
    let file = sources.add("printed.graph", text).unwrap();
    let mut diagnostics = Diagnostics::new();
    let ast = parse(file, text, &mut diagnostics);
    print(&ast)
}

/// Parameters with instances of structs in place of generic ones.
fn params(params: &[Param]) -> Vec<Param> {
    let plain = |param: &Param| Param {
        tree: plain(&param.tree),
        ..param.clone()
    };
    params.iter().map(plain).collect()
}

fn plain(tree: &Tree) -> Tree {
    match tree {
        Tree::Leaf(ty) => Tree::Leaf(ty.clone()),
        Tree::Array { element, length } => plain(element).repeated(*length),
        Tree::Struct { doc, fields, .. } => {
            let field = |field: &Field| Field {
                tree: plain(&field.tree),
                ..field.clone()
            };
            Tree::Struct {
                name: tree.instance_name(),
                doc: doc.clone(),
                dims: Vec::new(),
                fields: fields.iter().map(field).collect(),
            }
        }
    }
}

/// The nodes as lines, numbered anew with inputs first, then the outputs.
fn nodes(graph: &Graph) -> Vec<String> {
    let (inputs, rest): (Vec<NodeId>, Vec<NodeId>) = graph
        .nodes()
        .partition(|node| matches!(graph.op(*node), Op::Input(_)));
    let order: Vec<NodeId> = inputs.into_iter().chain(rest).collect();
    let numbers: HashMap<NodeId, usize> = order.iter().copied().zip(0..).collect();
    let line = |node: &NodeId| {
        let operands = graph.operands(*node);
        let operands = operands.iter().map(|v| (numbers[&v.node], v.result));
        let results = graph.results(*node);
        let types: Vec<String> = results.iter().map(|v| graph.ty(*v).to_string()).collect();
        let operands: Vec<_> = operands.collect();
        format!("{:?} {operands:?} : {}", graph.op(*node), types.join(" "))
    };
    let outputs = graph.outputs().iter();
    let outputs = outputs.map(|o| {
        format!(
            "{} = {:?}",
            o.name,
            (numbers[&o.value.node], o.value.result)
        )
    });
    order.iter().map(line).chain(outputs).collect()
}
