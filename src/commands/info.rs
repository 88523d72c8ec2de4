//! `lgc info`: what a graph or a library offers, and which ops there are.

use crate::args::Info as Arguments;
use crate::driver::Session;
use crate::node_map::Census;
use crate::{Failure, Origin, library, naming, output};
use lgc_abi::{Condition, EntryInfo, Info, MappedValue};
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
            let library = library::open(path)?;
            let values = match arguments.map {
                true => Some(values_of(path, library.info())?),
                false => None,
            };
            describe_library(library.info(), values.as_deref())
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
    let build = session.build(module, &name)?;
    let info = Info::from(&build.library);
    let values = match map {
        true => Some(info.map.values().map_err(Failure::internal)?),
        false => None,
    };
    let mut text = introduction(&info);
    for ((entry, program), nodes) in info.entries.iter().zip(&build.programs).zip(nodes) {
        let kernels = program.kernels.len();
        text.push_str(&describe_entry(entry, &info.conditions));
        text.push_str(&format!("  kernels    {kernels}, from {nodes} nodes\n"));
        if let Some(values) = &values {
            text.push_str(&describe_values(entry, values));
        }
    }
    Ok(text)
}

/// What a library says of the values of its graphs.
fn values_of(path: &Path, info: &Info) -> Result<Vec<MappedValue>, Failure> {
    let bad = |reason: &str| {
        let message = format!("`{}`: {reason}", path.display());
        let help = "compile it again, or name the graph that it was compiled from";
        Failure::new(Diagnostic::error(Code::BadLibrary, message).help(help))
    };
    if info.map.bytes().is_empty() {
        return Err(bad(
            "it does not tell what became of the values of its graphs",
        ));
    }
    info.map.values().map_err(|error| bad(&error.to_string()))
}

/// What became of the values of an entry: how many there are of each whereabouts, and a line for each.
fn describe_values(entry: &EntryInfo, values: &[MappedValue]) -> String {
    let of_entry = || values.iter().filter(|value| value.entry == entry.name);
    let mut text = format!("  values     {}\n", Census::of(of_entry()));
    for value in of_entry() {
        let MappedValue {
            place,
            name,
            op,
            ty,
            whereabouts,
            ..
        } = value;
        let place = match place.as_str() {
            "" => String::new(),
            place => format!("{place}: "),
        };
        text.push_str(&format!("    {place}{name} = {op}: {ty}: {whereabouts}\n"));
    }
    text
}

/// What a compiled library says of itself.
fn describe_library(info: &Info, values: Option<&[MappedValue]>) -> String {
    let mut text = introduction(info);
    for entry in &info.entries {
        text.push_str(&describe_entry(entry, &info.conditions));
        if let Some(values) = values {
            text.push_str(&describe_values(entry, values));
        }
    }
    text
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
