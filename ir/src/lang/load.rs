//! Loading: `load("w.safetensors", "fc1.weight")`.
//!
//! The files that a tree loads from are read before it is elaborated, each once, and the tensors kept
//! beside the calls ([`Ast::loaded`]). A path is relative to the file that says it. Reading is up to the
//! caller: nothing here knows a file system.

use super::ast::{Ast, Attribute, ExprId, ExprKind, Literal};
use super::elaborate::closest;
use super::import::beside;
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::op::Elements;
use crate::span::{SourceMap, Span};
use crate::weights::{Lack, Weights, has_hash, is_hash};
use std::collections::BTreeMap;

/// What loads a tensor, and is called like an op.
pub(super) const LOAD: &str = "load";

/// Why a file of tensors has no content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It has more bytes than this.
    TooLarge(u64),
    /// It cannot be read, for this reason, a part of a sentence.
    Because(String),
}

/// Finds the content of the file at a path, or why there is none.
pub type ReadTensors<'r> = dyn FnMut(&str) -> Result<Box<dyn AsRef<[u8]>>, Unreadable> + 'r;

/// A call of `load` of the right form.
struct Load {
    call: ExprId,
    path: Text,
    tensor: Text,
    hash: Option<Text>,
}

/// A string and its place.
struct Text {
    text: String,
    span: Span,
}

/// Reads what the calls of `load` in a tree name, so that it can be elaborated. What cannot be had is
/// reported to the sink.
pub fn load(
    ast: &mut Ast,
    sources: &SourceMap,
    read: &mut ReadTensors<'_>,
    sink: &mut Diagnostics,
) {
    let known = sink.len();
    let mut found = Vec::new();
    // By path, so that a file is opened once.
    let mut loads: BTreeMap<String, Vec<Load>> = BTreeMap::new();
    for (call, load) in calls(ast, sink) {
        found.push((call, None));
        if let Some(load) = load {
            let from = sources.file(load.path.span.file);
            let path = beside(from.map_or("", |file| file.name()), &load.path.text);
            loads.entry(path).or_default().push(load);
        }
    }
    for (path, loads) in &loads {
        if sink.is_full() {
            break;
        }
        found.extend(from_file(path, loads, read, sink));
    }
    for (call, elements) in found {
        ast.set_loaded(call, elements);
    }
    sink.sort_after(known);
    ast.loaded_from = loads.into_keys().collect();
}

/// All calls of `load`; those of the wrong form are reported.
fn calls(ast: &Ast, sink: &mut Diagnostics) -> Vec<(ExprId, Option<Load>)> {
    let mut found = Vec::new();
    for (id, expr) in ast.exprs() {
        let ExprKind::Call {
            callee,
            args,
            attributes,
        } = &expr.kind
        else {
            continue;
        };
        if ast.is_load(*callee) {
            let load = call(ast, id, args, attributes);
            found.push((id, load.map_err(|wrong| sink.push(wrong)).ok()));
        }
    }
    found
}

fn call(
    ast: &Ast,
    call: ExprId,
    args: &[ExprId],
    attributes: &[Attribute],
) -> Result<Load, Diagnostic> {
    let form = "write `load(\"w.safetensors\", \"name\")`; both are known at compile time";
    let &[path, tensor] = args else {
        let message = "`load` takes the path of a file and the name of a tensor";
        let diagnostic = Diagnostic::error(Code::ArgumentCount, message);
        return Err(diagnostic.primary(ast.expr(call).span, "").help(form));
    };
    let string = |id: ExprId| {
        text(ast, id).ok_or_else(|| {
            let message = "`load` takes strings";
            let diagnostic = Diagnostic::error(Code::TypeMismatch, message);
            diagnostic.primary(ast.expr(id).span, "").help(form)
        })
    };
    let mut load = Load {
        call,
        path: string(path)?,
        tensor: string(tensor)?,
        hash: None,
    };
    for attribute in attributes {
        let hash = text(ast, attribute.value).filter(|hash| is_hash(&hash.text));
        if attribute.name.name != "hash" || hash.is_none() || load.hash.is_some() {
            let message = "`load` takes one attribute, the tensor's hash";
            let diagnostic = Diagnostic::error(Code::BadAttribute, message);
            return Err(diagnostic.primary(attribute.span, "").help(
                "a hash is a string of 16 to 64 hexadecimal digits in lower case; `lgc emit -o` \
                 writes it",
            ));
        }
        load.hash = hash;
    }
    Ok(load)
}

fn text(ast: &Ast, id: ExprId) -> Option<Text> {
    let expr = ast.expr(id);
    let ExprKind::Literal(Literal::String(text)) = &expr.kind else {
        return None;
    };
    Some(Text {
        text: text.clone(),
        span: expr.span,
    })
}

/// The tensors that are loaded from one file. A file without any is reported where it is named first.
fn from_file(
    path: &str,
    loads: &[Load],
    read: &mut ReadTensors<'_>,
    sink: &mut Diagnostics,
) -> Vec<(ExprId, Option<Elements>)> {
    let place = loads.first().map_or(Span::SYNTHETIC, |load| load.path.span);
    let bytes = match read(path) {
        Ok(bytes) => bytes,
        Err(reason) => {
            sink.push(unreadable(path, &reason).primary(place, "loaded here"));
            return Vec::new();
        }
    };
    let weights = match Weights::open((*bytes).as_ref()) {
        Ok(weights) => weights,
        Err(reason) => {
            let message = format!("`{path}` is no safetensors file: {reason}");
            let diagnostic = Diagnostic::error(Code::BadTensorFile, message);
            let help = "it is damaged, or of another format";
            sink.push(diagnostic.primary(place, "loaded here").help(help));
            return Vec::new();
        }
    };
    // Calls for the same tensor share its bytes.
    let mut known: BTreeMap<&str, Option<Elements>> = BTreeMap::new();
    let mut found = Vec::with_capacity(loads.len());
    for load in loads {
        let name = load.tensor.text.as_str();
        let elements = known.entry(name).or_insert_with(|| {
            let tensor = weights.tensor(name);
            let refuse = |lack| sink.push(lacking(path, &weights, &load.tensor, lack));
            tensor.map_err(refuse).ok()
        });
        let elements = elements.clone().filter(|elements| {
            let wrong = mismatch(path, load, elements);
            wrong.map(|wrong| sink.push(wrong)).is_none()
        });
        found.push((load.call, elements));
    }
    found
}

fn unreadable(path: &str, reason: &Unreadable) -> Diagnostic {
    match reason {
        Unreadable::TooLarge(limit) => {
            let message = format!("`{path}` has more than {limit} bytes");
            Diagnostic::error(Code::TensorsTooLarge, message).help(
                "what is loaded becomes part of the compiled code; make the tensors parameters, or \
                 keep them in several files",
            )
        }
        Unreadable::Because(reason) => {
            let message = format!("cannot load from `{path}`: {reason}");
            let help = "paths are relative to the file that loads from them";
            Diagnostic::error(Code::UnreadableFile, message).help(help)
        }
    }
}

fn lacking(path: &str, weights: &Weights<'_>, tensor: &Text, lack: Lack) -> Diagnostic {
    let name = &tensor.text;
    let (code, message, help) = match lack {
        Lack::Unknown => {
            let names = weights.names();
            let help = match closest(name, names.iter().copied()) {
                Some(close) => format!("did you mean `{close}`?"),
                None => listed(&names),
            };
            let message = format!("`{path}` has no tensor `{name}`");
            (Code::UnknownTensor, message, help)
        }
        Lack::Foreign(dtype) => {
            let message = format!("`{name}` of `{path}` has the dtype {dtype}");
            let help = "bool, i32, i64, u32, f16, bf16, f32 and f64 are read; convert the tensor to one of them";
            (Code::BadTensorFile, message, help.to_string())
        }
        Lack::Malformed(reason) => {
            let message = format!("`{name}` of `{path}` cannot be read: {reason}");
            let help = "the file is damaged, or was written by something else";
            (Code::BadTensorFile, message, help.to_string())
        }
    };
    Diagnostic::error(code, message)
        .primary(tensor.span, "")
        .help(help)
}

/// Some of the names that there are.
fn listed(names: &[&str]) -> String {
    const SHOWN: usize = 8;
    let shown: Vec<String> = names.iter().take(SHOWN).map(|n| format!("`{n}`")).collect();
    match names.len() {
        0 => "it has no tensors at all".to_string(),
        more if more > SHOWN => format!("it has {} and {} more", shown.join(", "), more - SHOWN),
        _ => format!("it has {}", shown.join(", ")),
    }
}

/// What there is to say about a tensor whose hash is not the one that the call gives.
fn mismatch(path: &str, load: &Load, elements: &Elements) -> Option<Diagnostic> {
    let hash = load.hash.as_ref()?;
    if has_hash(elements, &hash.text) {
        return None;
    }
    let message = format!(
        "`{}` of `{path}` is not the tensor that was meant",
        load.tensor.text
    );
    let own = crate::weights::hash(elements);
    Some(
        Diagnostic::error(Code::TensorMismatch, message)
            .primary(hash.span, format!("its hash is \"{own}\""))
            .help("the file has changed since; restore it, or give the new hash or none"),
    )
}
