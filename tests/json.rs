//! `--error-format json`: one object a line, of the form that `docs/cli.md` states.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod support;

use lgc_ir::diag::Code;
use serde_json::Value;
use support::{Outcome, Place};

/// The objects that a run wrote, each checked against the documented form and against the source.
#[track_caller]
fn objects(outcome: &Outcome, source: &str) -> Vec<Value> {
    let lines = outcome.stderr.lines();
    let objects: Vec<Value> = lines.map(|l| serde_json::from_str(l).unwrap()).collect();
    assert!(!objects.is_empty());
    for object in &objects {
        check(object, source);
    }
    objects
}

#[track_caller]
fn keys(object: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = object
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    keys.sort_unstable();
    keys
}

#[track_caller]
fn check(object: &Value, source: &str) {
    let expected = [
        "code", "file", "help", "message", "notes", "severity", "spans",
    ];
    assert_eq!(keys(object), expected);
    assert!(["error", "warning"].contains(&object["severity"].as_str().unwrap()));
    assert!(Code::from_number(object["code"].as_str().unwrap()).is_some());
    assert!(!object["message"].as_str().unwrap().is_empty());
    for list in ["notes", "help"] {
        assert!(
            object[list]
                .as_array()
                .unwrap()
                .iter()
                .all(Value::is_string)
        );
    }
    let spans = object["spans"].as_array().unwrap();
    let first = spans
        .iter()
        .find(|span| span["primary"] == true)
        .or(spans.first());
    assert_eq!(
        object["file"],
        first.map_or(Value::Null, |span| span["file"].clone())
    );
    for span in spans {
        check_span(span, source);
    }
}

#[track_caller]
fn check_span(span: &Value, source: &str) {
    let expected = [
        "column",
        "end",
        "end_column",
        "end_line",
        "file",
        "label",
        "line",
        "primary",
        "start",
    ];
    assert_eq!(keys(span), expected);
    let number = |key: &str| usize::try_from(span[key].as_u64().unwrap()).unwrap();
    let place = |offset: usize| {
        let before = &source[..offset];
        let line = before.rsplit('\n').next().unwrap();
        (before.matches('\n').count() + 1, line.chars().count() + 1)
    };
    assert!(number("start") <= number("end"));
    assert_eq!((number("line"), number("column")), place(number("start")));
    assert_eq!(
        (number("end_line"), number("end_column")),
        place(number("end"))
    );
}

#[test]
fn each_error_is_an_object_with_places() {
    let source = "graph f(x: f32[3], é: f32[2]) -> (y: f32[3]) {\n    // é\n    y = x + \n        é\n    z = q\n}\n";
    // `é` is no character of a name.
    let outcome = Place::new().pipe(&["--error-format", "json", "emit", "-"], source);
    assert_eq!(outcome.code, 1);
    objects(&outcome, source);
    let source = "graph f(x: f32[3], b: f32[2]) -> (y: f32[3]) {\n    // é ✓\n    y = (x +\n        b)\n    z = q\n}\n";
    let outcome = Place::new().pipe(&["emit", "--error-format=json", "-"], source);
    let objects = objects(&outcome, source);
    let codes: Vec<_> = objects.iter().map(|object| &object["code"]).collect();
    assert_eq!(codes, ["E0302", "E0201"]);
    assert_eq!(objects[1]["spans"][0]["line"], 5);
    assert_eq!(objects[1]["file"], "<stdin>");
}

#[test]
fn errors_without_a_place_have_no_file() {
    let place = Place::new();
    for arguments in [
        &["emit", "missing.graph"][..],
        &["emit", "a.graph", "--stage", "wasm"],
        &["info"],
        &[],
    ] {
        let outcome = place.run(&[&["--error-format", "json"], arguments].concat());
        let objects = objects(&outcome, "");
        assert_eq!((objects.len(), &objects[0]["file"]), (1, &Value::Null));
        assert_eq!(objects[0]["spans"], Value::Array(Vec::new()));
        let usage = objects[0]["code"] == "E0712";
        assert_eq!(outcome.code, if usage { 2 } else { 1 });
    }
}

#[test]
fn usage_errors_have_a_code_in_every_form() {
    let place = Place::new();
    let arguments = ["emit", "a.graph", "--stage", "wasm", "--error-format"];
    let outcomes =
        ["human", "short", "json"].map(|form| place.run(&[&arguments[..], &[form]].concat()));
    insta::assert_snapshot!(outcomes.map(|outcome| outcome.stderr).concat());
    let unknown = place.run(&[&arguments[..], &["xml"]].concat());
    assert!(
        unknown.stderr.starts_with("error[E0712]: "),
        "{}",
        unknown.stderr
    );
}
