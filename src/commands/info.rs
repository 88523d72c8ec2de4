//! `lgc info`: what a graph or a library offers, and which ops there are.

use crate::args::Info as Arguments;
use crate::driver::Session;
use crate::lowered::Lowered;
use crate::node_map::NodeMap;
use crate::{Failure, Origin, library, naming, output};
use lgc_abi::{Condition, EntryInfo, Info};
use lgc_ir::diag::{Code, Diagnostic};
use lgc_ir::op::SPECS;
use std::path::Path;

/// Describes the ops, a library or a graph.
pub(crate) fn run(arguments: &Arguments, session: &mut Session) -> Result<(), Failure> {
    let Some(origin) = &arguments.file else {
        return output::print(&ops());
    };
    let text = match library::path_of(origin) {
        Some(path) => {
            library::without_dims(path, &arguments.dims.defines)?;
            without_map(path, arguments.map)?;
            describe_library(library::open(path)?.info())
        }
        None => describe_graph(origin, (&arguments.dims.defines, arguments.map), session)?,
    };
    output::print(&text)
}

/// The op table: name, operands and attributes, and what each computes in a line.
fn ops() -> String {
    let rows: Vec<(String, String)> = SPECS
        .iter()
        .map(|spec| {
            let attributes = spec.attributes.iter().map(|attribute| attribute.name);
            let parameters: Vec<&str> = spec.operands.iter().copied().chain(attributes).collect();
            let call = format!("{}({})", spec.name, parameters.join(", "));
            (call, first_sentence(spec.doc))
        })
        .collect();
    let width = column(rows.iter().map(|(call, _)| call.as_str())).min(44);
    rows.iter()
        .map(|(call, doc)| format!("{call:<width$}  {doc}\n"))
        .collect()
}

fn first_sentence(doc: &str) -> String {
    let paragraph: Vec<&str> = doc.lines().take_while(|line| !line.is_empty()).collect();
    let paragraph = paragraph.join(" ");
    match paragraph.split_once(". ") {
        Some((sentence, _)) => format!("{sentence}."),
        None => paragraph,
    }
}

fn column<'a>(texts: impl Iterator<Item = &'a str>) -> usize {
    texts.map(|text| text.chars().count()).max().unwrap_or(0)
}

/// What the library of a graph will offer, and what is done for each entry.
fn describe_graph(
    origin: &Origin,
    (defines, map): (&[(String, u64)], bool),
    session: &mut Session,
) -> Result<String, Failure> {
    let (_, module) = session.load(origin, defines)?;
    let name = naming::library_name(None, origin, None)?;
    let nodes: Vec<usize> = module.entries.iter().map(|e| e.graph.len()).collect();
    let mut maps = Vec::new();
    for entry in module.entries.iter().filter(|_| map) {
        maps.push(NodeMap::of(&entry.graph, &Lowered::of(entry, session)?));
    }
    let build = session.build(module, &name)?;
    let info = Info::from(&build.library);
    let mut text = introduction(&info);
    let mut maps = maps.iter();
    for ((entry, program), nodes) in info.entries.iter().zip(&build.programs).zip(nodes) {
        let kernels = program.kernels.len();
        text.push_str(&describe_entry(entry, &info.conditions));
        text.push_str(&format!("  kernels    {kernels}, from {nodes} nodes\n"));
        if let Some(map) = maps.next() {
            text.push_str(&format!("  values     {map}\n"));
            text.push_str(&map.lines(session.sources()));
        }
    }
    Ok(text)
}

/// Refuses to tell what became of the values of a graph that is not there.
fn without_map(path: &Path, wanted: bool) -> Result<(), Failure> {
    if !wanted {
        return Ok(());
    }
    let path = path.display();
    let message = format!("`--map` takes a graph, and `{path}` is code: its graph is not in it");
    let help = "name the graph that it was compiled from";
    Err(Failure::new(
        Diagnostic::error(Code::BadUsage, message).help(help),
    ))
}

/// What a compiled library says of itself.
fn describe_library(info: &Info) -> String {
    let entries = info.entries.iter();
    let entries = entries.map(|entry| describe_entry(entry, &info.conditions));
    introduction(info) + &entries.collect::<String>()
}

fn introduction(info: &Info) -> String {
    let features = if info.features.is_empty() {
        String::new()
    } else {
        format!(" with {}", info.features.join(", "))
    };
    let mut text = format!(
        "library {}\n  compiler  {}\n  target    {}{features}\n",
        info.name, info.compiler, info.target
    );
    for line in info.evidence.lines() {
        text.push_str(&format!("  evidence  {line}\n"));
    }
    text.push_str(&indented("", &info.doc));
    text
}

fn describe_entry(entry: &EntryInfo, conditions: &[Condition]) -> String {
    let mut text = format!("\nentry {}  ({})\n", entry.name, entry.symbol);
    text.push_str(&indented("  ", &entry.doc));
    let types: Vec<String> = entry
        .leaves
        .iter()
        .map(|leaf| leaf.tensor.to_string())
        .collect();
    let paths = column(entry.leaves.iter().map(|leaf| leaf.path.as_str()));
    let widest = column(types.iter().map(String::as_str));
    for (leaf, ty) in entry.leaves.iter().zip(&types) {
        let (direction, path, bytes) = (leaf.direction.name(), &leaf.path, leaf.tensor.bytes());
        text.push_str(&format!(
            "  {direction:<5}  {path:<paths$}  {ty:<widest$}  {bytes} bytes\n"
        ));
        text.push_str(&indented("           ", &leaf.doc));
        if leaf.range.is_declared() {
            text.push_str(&indented("           ", &format!("in {}", leaf.range)));
        }
    }
    let (bytes, signature) = (entry.workspace_bytes, entry.signature());
    text.push_str(&format!("  workspace  {bytes} bytes\n"));
    text.push_str(&format!("  signature  {signature:#018x}\n"));
    for condition in conditions
        .iter()
        .filter(|condition| condition.entry == entry.name)
    {
        text.push_str(&format!("  relies on  {condition}\n"));
    }
    text
}

fn indented(indent: &str, text: &str) -> String {
    text.lines()
        .map(|line| format!("{indent}{line}\n"))
        .collect()
}
