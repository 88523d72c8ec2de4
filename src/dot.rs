//! Graphs as drawings: the language of Graphviz.

use lgc_ir::graph::{Graph, NodeId, Value};
use lgc_ir::module::{Entry, Module};
use lgc_ir::op::Op;
use std::fmt::Write;

/// All entries of a module as one drawing, each in a frame of its own. A box is a node, with its op,
/// attributes and types; a rounded one is an input, an ellipse an output. Edges are labelled with the
/// operand that they are where an op has several.
pub(crate) fn module(module: &Module) -> String {
    let mut text = String::from(
        "digraph module {\n    node [shape=box, fontname=\"monospace\", fontsize=10]\n    \
         edge [fontname=\"monospace\", fontsize=8]\n",
    );
    for (index, entry) in module.entries.iter().enumerate() {
        draw(&mut text, index, entry);
    }
    text + "}\n"
}

// Writing to a string does not fail, so the results are dropped.
fn draw(text: &mut String, index: usize, entry: &Entry) {
    let graph = &entry.graph;
    let _ = writeln!(text, "    subgraph cluster_{index} {{");
    let _ = writeln!(
        text,
        "        label={}",
        quoted(&format!("entry {}", entry.name))
    );
    for node in graph.nodes() {
        draw_node(text, index, graph, node);
    }
    for (at, output) in graph.outputs().iter().enumerate() {
        let label = format!("{}\n{}", output.name, graph.ty(output.value));
        let label = quoted(&label);
        let _ = writeln!(text, "        e{index}o{at} [shape=ellipse, label={label}]");
        let source = source(index, graph, output.value);
        let _ = writeln!(text, "        {source} -> e{index}o{at}");
    }
    text.push_str("    }\n");
}

fn draw_node(text: &mut String, index: usize, graph: &Graph, node: NodeId) {
    let is_input = matches!(graph.op(node), Op::Input(_));
    let style = if is_input { "style=rounded, " } else { "" };
    let label = quoted(&label(graph, node));
    let _ = writeln!(
        text,
        "        e{index}n{} [{style}label={label}]",
        node.index()
    );
    let operands = graph.operands(node);
    let names = graph.op(node).spec().operands;
    for (slot, operand) in operands.iter().enumerate() {
        let source = source(index, graph, *operand);
        let role = names
            .get(slot)
            .or(names.last())
            .filter(|_| operands.len() > 1);
        let role = role.map_or_else(String::new, |name| format!(" [label={}]", quoted(name)));
        let _ = writeln!(text, "        {source} -> e{index}n{}{role}", node.index());
    }
}

/// The end of an edge that comes from a value. Nodes with several results have a mark at the edge.
fn source(index: usize, graph: &Graph, value: Value) -> String {
    let node = format!("e{index}n{}", value.node.index());
    if graph.results(value.node).len() > 1 {
        // A compass point keeps the edges of different results apart.
        let points = ["sw", "s", "se"];
        let point = points[value.result as usize % points.len()];
        return format!("{node}:{point}");
    }
    node
}

/// Name, op, attributes and types of a node, a line each.
fn label(graph: &Graph, node: NodeId) -> String {
    let op = graph.op(node);
    let mut lines: Vec<String> = Vec::new();
    lines.extend(graph.name(node).map(str::to_owned));
    if !matches!(op, Op::Input(_)) {
        lines.push(op.spec().name.to_owned());
        let attributes = op.attributes().into_iter();
        lines.extend(attributes.map(|(name, value)| short(&format!("{name} = {value}"))));
    }
    let types = graph.results(node).into_iter();
    lines.extend(types.map(|value| graph.ty(value).to_string()));
    lines.join("\n")
}

/// No attribute makes a box wider than this.
fn short(text: &str) -> String {
    const WIDTH: usize = 40;
    if text.chars().count() <= WIDTH {
        return text.to_owned();
    }
    text.chars().take(WIDTH - 1).chain(['…']).collect()
}

/// A string as Graphviz reads it, its lines to the left.
fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", escaped.replace('\n', "\\n"))
}
