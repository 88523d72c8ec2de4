//! The TextMate grammar of the graph language, from the tables of the language itself: `editors/` holds
//! it as a file, and a test compares the two.

use lgc_ir::dtype::DType;
use lgc_ir::lang::BUILTINS;
use lgc_ir::lang::ast::{BinaryOp, UnaryOp};
use lgc_ir::lang::token::TokenKind;
use lgc_ir::op::SPECS;
use serde_json::{Value, json};

/// The grammar, for editors that colour text by TextMate grammars. Its patterns are regular
/// expressions in the common subset of Oniguruma and others.
#[must_use]
pub fn textmate() -> Value {
    json!({
        "$schema": "https://raw.githubusercontent.com/martinring/tmlanguage/master/tmlanguage.json",
        "name": "lgc graph",
        "scopeName": "source.lgc",
        "fileTypes": ["graph"],
        "patterns": [
            { "name": "comment.line.documentation.lgc", "match": "//[/!].*$" },
            { "name": "comment.line.double-slash.lgc", "match": "//.*$" },
            string(),
            { "name": "constant.numeric.hex.lgc", "match": r"\b0x[0-9a-fA-F_]+\b" },
            {
                "name": "constant.numeric.float.lgc",
                "match": r"\b[0-9][0-9_]*(\.[0-9][0-9_]*([eE][+-]?[0-9]+)?|[eE][+-]?[0-9]+)",
            },
            { "name": "constant.numeric.integer.lgc", "match": r"\b[0-9][0-9_]*\b" },
            declaration("graph|entry", "entity.name.function.lgc"),
            declaration("struct", "entity.name.type.lgc"),
            declaration("dim", "entity.name.constant.lgc"),
            { "name": "constant.language.lgc", "match": words(&constants()) },
            { "name": "keyword.control.lgc", "match": words(&keywords()) },
            { "name": "storage.type.lgc", "match": words(&DType::ALL.map(DType::name)) },
            {
                "name": "support.function.lgc",
                "match": format!(r"{}(?=\s*[(,\)])", words(&functions())),
            },
            {
                "match": r"\b([A-Za-z_][A-Za-z0-9_]*)\s*(?=\()",
                "captures": { "1": { "name": "entity.name.function.lgc" } },
            },
            {
                "match": r"\b([A-Za-z_][A-Za-z0-9_]*)\s*(?=:)",
                "captures": { "1": { "name": "variable.parameter.lgc" } },
            },
            { "name": "keyword.operator.lgc", "match": operators() },
        ],
    })
}

fn string() -> Value {
    json!({
        "name": "string.quoted.double.lgc",
        "begin": "\"",
        "end": "\"|$",
        "patterns": [{ "name": "constant.character.escape.lgc", "match": r"\\." }],
    })
}

/// A declaring word with the name after it.
fn declaration(keyword: &str, name: &str) -> Value {
    json!({
        "match": format!(r"\b({keyword})\s+([A-Za-z_][A-Za-z0-9_]*)"),
        "captures": { "1": { "name": "keyword.declaration.lgc" }, "2": { "name": name } },
    })
}

/// Any of these words.
fn words(words: &[&str]) -> String {
    format!(r"\b({})\b", words.join("|"))
}

fn is_truth(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::True | TokenKind::False)
}

fn constants() -> Vec<&'static str> {
    let keywords = TokenKind::KEYWORDS.iter();
    let truths = keywords.filter(|(_, kind, _)| is_truth(*kind));
    truths
        .map(|(word, ..)| *word)
        .chain(["inf", "nan"])
        .collect()
}

fn keywords() -> Vec<&'static str> {
    let keywords = TokenKind::KEYWORDS.iter();
    let others = keywords.filter(|(_, kind, _)| !is_truth(*kind));
    others.map(|(word, ..)| *word).collect()
}

fn functions() -> Vec<&'static str> {
    let ops = SPECS.iter().map(|spec| spec.name);
    let builtins = BUILTINS.iter().map(|builtin| builtin.name);
    ops.chain(builtins).collect()
}

/// Any operator, the longest first.
fn operators() -> String {
    let infix = BinaryOp::ALL.iter().map(|op| op.symbol());
    let prefix = [UnaryOp::Neg, UnaryOp::Not].map(UnaryOp::symbol);
    let mut symbols: Vec<&str> = infix.chain(prefix).chain(["->", "=", "'"]).collect();
    symbols.sort_unstable_by_key(|symbol| (std::cmp::Reverse(symbol.len()), *symbol));
    symbols.dedup();
    let quote = |symbol: &str| -> String {
        let special = |c: char| r"\.+*?()|[]{}^$".contains(c);
        let escape = |c: char| {
            if special(c) {
                format!("\\{c}")
            } else {
                c.to_string()
            }
        };
        symbol.chars().map(escape).collect()
    };
    let quoted: Vec<String> = symbols.into_iter().map(quote).collect();
    quoted.join("|")
}
