//! What may come next at a place.

use super::analysis::Analysis;
use super::hover::{describe, describe_op, form};
use super::lookup::{Subject, is_text, word_at};
use lgc_ir::dtype::DType;
use lgc_ir::lang::ast::{ExprKind, Item};
use lgc_ir::lang::{BUILTINS, Meaning, token::TokenKind};
use lgc_ir::module::Tree;
use lgc_ir::op::{SPECS, Spec};
use lsp_types::{CompletionItem, CompletionItemKind, Documentation, MarkupContent, MarkupKind};
use std::collections::BTreeSet;

/// A name that no text has, put where the name is that is to be completed, so that what is around it
/// can be read.
const HOLE: &str = "_lgc_completion";

/// What stands before the place.
enum Context {
    /// `.`: a field.
    Field,
    /// `:`: a type.
    Type,
    /// Anything else: a value, or an attribute of the op that is being called.
    Value(Option<&'static Spec>),
}

/// What may be written at an offset.
pub(super) fn complete(analysis: &Analysis, offset: usize) -> Vec<CompletionItem> {
    let text = analysis.text();
    let start = word_at(text, offset).start;
    if is_text(text, start) {
        return Vec::new();
    }
    match context(text, start) {
        Context::Field => fields(analysis, start),
        Context::Type => types(analysis, start),
        Context::Value(op) => {
            let attributes = op.into_iter().flat_map(attributes);
            attributes.chain(values(analysis, start)).collect()
        }
    }
}

fn context(text: &str, start: usize) -> Context {
    let before = text.get(..start).unwrap_or_default();
    let trimmed = before.trim_end();
    if trimmed.ends_with('.') && !trimmed.ends_with("..") {
        return Context::Field;
    }
    if trimmed.ends_with(':') {
        return Context::Type;
    }
    let op = open_call(before).and_then(|name| SPECS.iter().find(|s| s.name == name));
    Context::Value(op)
}

/// The name before the innermost parenthesis that is open at the end of a text. Braces end the search:
/// a call does not reach beyond the body that it is in.
fn open_call(before: &str) -> Option<&str> {
    let mut closed = 0usize;
    for (at, character) in before.char_indices().rev() {
        match character {
            ')' | ']' => closed += 1,
            '(' | '[' if closed > 0 => closed -= 1,
            '(' => {
                let word = word_at(before, at);
                return before.get(word.start..at);
            }
            '{' | '}' => return None,
            _ => {}
        }
    }
    None
}

/// The fields of what stands before the point, found out with a name in the place of the missing one.
fn fields(analysis: &Analysis, start: usize) -> Vec<CompletionItem> {
    let text = analysis.text();
    let word = word_at(text, start);
    let (before, after) = (text.get(..word.start), text.get(word.end..));
    let whole = format!("{}{HOLE}{}", before.unwrap_or(""), after.unwrap_or(""));
    let Ok(filled) = analysis.with_text(&whole) else {
        return Vec::new();
    };
    let base = filled.ast.exprs().find_map(|(_, expr)| {
        let ExprKind::Field { base, field } = &expr.kind else {
            return None;
        };
        (field.name == HOLE).then_some(*base)
    });
    let Some(Meaning::Data(Tree::Struct { fields, .. })) =
        base.and_then(|base| filled.meanings(base).first())
    else {
        return Vec::new();
    };
    let item = |field: &lgc_ir::module::Field| {
        let detail = field.tree.to_string();
        let doc = field.doc.join("\n");
        item(&field.name, CompletionItemKind::FIELD, detail, doc)
    };
    fields.iter().map(item).collect()
}

fn types(analysis: &Analysis, start: usize) -> Vec<CompletionItem> {
    let dtypes = DType::ALL.into_iter().map(|dtype| {
        let doc = describe(analysis, &Subject::DType(dtype));
        item(
            dtype.name(),
            CompletionItemKind::KEYWORD,
            String::new(),
            doc,
        )
    });
    let structs = analysis.ast.items.iter();
    let structs = structs.filter(|declared| matches!(declared, Item::Struct(_)));
    let structs = structs.map(|declared| of_item(analysis, declared));
    dtypes.chain(structs).chain(dims(analysis, start)).collect()
}

/// The dims in force at a place: those of the graph around it, and of the file.
fn dims(analysis: &Analysis, start: usize) -> Vec<CompletionItem> {
    let offset = u32::try_from(start).unwrap_or(u32::MAX);
    let locals = analysis.locals(offset).into_iter();
    let local = locals
        .filter(|local| local.declaration.is_none() && (local.place.end as usize) < start)
        .filter(|local| {
            local
                .name
                .starts_with(|first: char| first.is_ascii_uppercase())
        })
        .map(|local| item(local.name, CompletionItemKind::CONSTANT, String::new(), ""));
    let file = analysis.ast.items.iter();
    let file = file.filter(|declared| matches!(declared, Item::Dim(_)));
    let file = file.map(|declared| of_item(analysis, declared));
    local.chain(file).collect()
}

fn of_item(analysis: &Analysis, declared: &Item) -> CompletionItem {
    let kind = match declared {
        Item::Struct(_) => CompletionItemKind::STRUCT,
        Item::Graph(_) | Item::Entry(_) => CompletionItemKind::FUNCTION,
        Item::Dim(_) => CompletionItemKind::CONSTANT,
        Item::Use(_) => CompletionItemKind::FILE,
    };
    let doc = describe(analysis, &Subject::Item(declared));
    item(&declared.name().name, kind, String::new(), doc)
}

/// Attributes of an op, as they are written in a call.
fn attributes(spec: &'static Spec) -> impl Iterator<Item = CompletionItem> {
    spec.attributes.iter().map(|attribute| CompletionItem {
        insert_text: Some(format!("{} = ", attribute.name)),
        ..item(
            attribute.name,
            CompletionItemKind::PROPERTY,
            attribute.kind,
            attribute.doc.trim(),
        )
    })
}

/// Everything that can begin an expression or a statement: names of the graph that are defined above,
/// declarations of the file, ops, transforms, words of the language.
fn values(analysis: &Analysis, start: usize) -> Vec<CompletionItem> {
    let offset = u32::try_from(start).unwrap_or(u32::MAX);
    let above = |place: u32| place < offset;
    let mut seen = BTreeSet::new();
    let mut items = Vec::new();
    for local in analysis.locals(offset) {
        if above(local.place.start) && seen.insert(local.name.to_owned()) {
            let meanings = analysis.observations.meanings(local.place);
            let detail = meanings
                .first()
                .map_or_else(String::new, |meaning| match meaning {
                    Meaning::Data(tree) => tree.to_string(),
                    Meaning::Number(number) => number.clone(),
                });
            items.push(item(local.name, CompletionItemKind::VARIABLE, detail, ""));
        }
    }
    items.extend(
        analysis
            .ast
            .items
            .iter()
            .filter(|declared| !matches!(declared, Item::Use(_)))
            .map(|declared| of_item(analysis, declared)),
    );
    items.extend(SPECS.iter().map(|spec| {
        item(
            spec.name,
            CompletionItemKind::FUNCTION,
            form(spec),
            describe_op(spec),
        )
    }));
    items.extend(BUILTINS.iter().map(|builtin| {
        item(
            builtin.name,
            CompletionItemKind::FUNCTION,
            builtin.form,
            builtin.doc,
        )
    }));
    items.extend(
        TokenKind::KEYWORDS
            .iter()
            .map(|(word, _, meaning)| item(word, CompletionItemKind::KEYWORD, *meaning, "")),
    );
    items
}

fn item(
    label: &str,
    kind: CompletionItemKind,
    detail: impl Into<String>,
    doc: impl Into<String>,
) -> CompletionItem {
    let (detail, value) = (detail.into(), doc.into());
    let documentation = Documentation::MarkupContent(MarkupContent {
        kind: MarkupKind::Markdown,
        value: value.clone(),
    });
    CompletionItem {
        label: label.to_owned(),
        kind: Some(kind),
        detail: Some(detail).filter(|detail| !detail.is_empty()),
        documentation: Some(documentation).filter(|_| !value.is_empty()),
        ..CompletionItem::default()
    }
}
