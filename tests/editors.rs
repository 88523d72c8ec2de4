//! What `editors/` holds is what the language says.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod support;

use fancy_regex::Regex;
use lgc_ir::dtype::DType;
use lgc_ir::lang::BUILTINS;
use lgc_ir::lang::ast::BinaryOp;
use lgc_ir::lang::token::TokenKind;
use lgc_ir::op::SPECS;
use serde_json::Value;
use support::repository;

fn file(name: &str) -> Value {
    let text = std::fs::read_to_string(repository().join("editors/vscode").join(name)).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// A rule of the grammar: what it matches, and how that is called.
struct Rule {
    regex: Regex,
    /// The name of the whole match, or of its first group.
    scope: String,
}

fn rules() -> Vec<Rule> {
    let grammar = file("syntaxes/lgc.tmLanguage.json");
    let patterns = grammar["patterns"].as_array().unwrap().iter();
    let rules = patterns.map(|pattern| {
        let regex = pattern.get("match").or(pattern.get("begin")).unwrap();
        let name = pattern.get("name");
        let name = name.unwrap_or_else(|| &pattern["captures"]["1"]["name"]);
        Rule {
            regex: Regex::new(regex.as_str().unwrap()).unwrap(),
            scope: name.as_str().unwrap().to_owned(),
        }
    });
    rules.collect()
}

/// How the grammar calls what a line begins with: the first rule that matches there.
fn scope_at_start(rules: &[Rule], line: &str) -> Option<String> {
    let matching = rules.iter().find(|rule| {
        let found = rule.regex.find(line).unwrap();
        found.is_some_and(|found| found.start() == 0)
    });
    matching.map(|rule| rule.scope.replace(".lgc", ""))
}

#[test]
fn the_grammar_is_up_to_date() {
    assert!(
        file("syntaxes/lgc.tmLanguage.json") == lgc::grammar::textmate(),
        "run `cargo run --example textmate-grammar`"
    );
}

#[test]
fn every_word_of_the_language_has_a_colour() {
    let rules = rules();
    let scope = |text: &str| scope_at_start(&rules, text).unwrap_or_default();
    for (word, kind, _) in TokenKind::KEYWORDS {
        let truth = matches!(kind, TokenKind::True | TokenKind::False);
        let wanted = if truth {
            "constant.language"
        } else {
            "keyword.control"
        };
        assert_eq!(scope(word), wanted, "{word}");
    }
    for dtype in DType::ALL {
        assert_eq!(scope(dtype.name()), "storage.type", "{}", dtype.name());
    }
    let ops = SPECS.iter().map(|spec| spec.name);
    for name in ops.chain(BUILTINS.iter().map(|builtin| builtin.name)) {
        assert_eq!(scope(&format!("{name}(x)")), "support.function", "{name}");
    }
    for op in BinaryOp::ALL {
        let rule = rules
            .iter()
            .find(|rule| rule.scope.starts_with("keyword.operator"));
        let found = rule.unwrap().regex.find(op.symbol()).unwrap().unwrap();
        assert_eq!(found.as_str(), op.symbol(), "the whole operator");
    }
}

#[test]
fn forms_have_their_colours() {
    let rules = rules();
    for (text, wanted) in [
        ("// c", "comment.line.double-slash"),
        ("/// d", "comment.line.documentation"),
        ("\"text\"", "string.quoted.double"),
        ("0x2a", "constant.numeric.hex"),
        ("1_000", "constant.numeric.integer"),
        ("1.5e-3 ", "constant.numeric.float"),
        ("2e7", "constant.numeric.float"),
        ("inf", "constant.language"),
        ("graph f(x", "keyword.declaration"),
        ("my_graph(x)", "entity.name.function"),
        ("weights: f32[3]", "variable.parameter"),
        ("->", "keyword.operator"),
    ] {
        assert_eq!(
            scope_at_start(&rules, text).as_deref(),
            Some(wanted),
            "{text}"
        );
    }
    for text in ["weights", "graphs", "trues", "_"] {
        assert_eq!(scope_at_start(&rules, text), None, "{text}");
    }
}

#[test]
fn the_extension_names_files_that_are_there() {
    let package = file("package.json");
    let contributes = &package["contributes"];
    let paths = [
        &contributes["languages"][0]["configuration"],
        &contributes["grammars"][0]["path"],
    ];
    for path in paths {
        file(path.as_str().unwrap());
    }
    let scope = &contributes["grammars"][0]["scopeName"];
    assert_eq!(*scope, file("syntaxes/lgc.tmLanguage.json")["scopeName"]);
    assert_eq!(contributes["languages"][0]["extensions"][0], ".graph");
    assert_eq!(package["version"], env!("CARGO_PKG_VERSION"));
}
