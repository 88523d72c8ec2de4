//! Case files: `cases/<stage>/*.graph`, each with the reviewed text of its result.
//!
//! - `graph`, `adjoint`: the expanded module. Everything printed is read back.
//! - `errors`: the diagnostics. A comment `// error: E0301` on a line expects that error there;
//!   every error must be expected.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use lgc_ir::diag::Code;
use lgc_ir::lang::{Options, example};
use lgc_ir::module::Module;
use lgc_ir::op::SPECS;
use std::collections::BTreeSet;
use std::path::Path;
use support::{read, round_trip};

fn file(path: &Path) -> (String, String) {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    (name, std::fs::read_to_string(path).unwrap())
}

fn printed(path: &Path) -> String {
    let (name, text) = file(path);
    let (module, diagnostics, sources) = read(&name, &text, &Options::default());
    assert!(diagnostics.is_empty(), "{}", diagnostics.plain(&sources));
    round_trip(&module)
}

#[test]
fn graph() {
    insta::glob!("cases/graph/*.graph", |path| insta::assert_snapshot!(
        printed(path)
    ));
}

#[test]
fn adjoint() {
    insta::glob!("cases/adjoint/*.graph", |path| insta::assert_snapshot!(
        printed(path)
    ));
}

/// The errors that the comments of a text expect: line and code.
fn expected(text: &str) -> BTreeSet<(usize, String)> {
    let lines = text.lines().zip(1..);
    let marks = lines.filter_map(|(line, number)| Some((line.split_once("// error: ")?.1, number)));
    marks
        .flat_map(|(codes, number)| {
            codes
                .split_whitespace()
                .map(move |code| (number, code.to_string()))
        })
        .collect()
}

#[test]
fn errors() {
    let mut surprises = String::new();
    insta::glob!("cases/errors/*.graph", |path| {
        let (name, text) = file(path);
        let (_, diagnostics, sources) = read(&name, &text, &Options::default());
        let found = diagnostics.iter().map(|diagnostic| {
            let place = diagnostic.span().and_then(|span| sources.location(span));
            let line = place.map_or(0, |(_, place)| place.line as usize);
            (line, diagnostic.code.to_string())
        });
        let found: BTreeSet<(usize, String)> = found.collect();
        let expected = expected(&text);
        for (line, code) in found.symmetric_difference(&expected) {
            let what = if expected.contains(&(*line, code.clone())) {
                "missing"
            } else {
                "unexpected"
            };
            surprises += &format!("{name}:{line}: {what} {code}\n");
        }
        insta::assert_snapshot!(diagnostics.plain(&sources));
    });
    assert!(surprises.is_empty(), "{surprises}");
}

#[test]
fn every_code_of_elaboration_has_a_case() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/errors");
    let files = std::fs::read_dir(directory).unwrap();
    let codes = files.flat_map(|entry| expected(&file(&entry.unwrap().path()).1));
    let codes: BTreeSet<String> = codes.map(|(_, code)| code).collect();
    let stages = ["E02", "E03", "E04", "E05"];
    let of_elaboration = |code: &&Code| stages.iter().any(|s| code.number().starts_with(s));
    let wanted = Code::ALL.iter().filter(of_elaboration);
    let missing: Vec<_> = wanted
        .filter(|code| !codes.contains(code.number()))
        .map(|code| format!("{code} {}", code.title()))
        .collect();
    assert!(missing.is_empty(), "no case for {missing:#?}");
}

#[test]
fn examples_of_ops() {
    let mut text = String::new();
    for spec in SPECS {
        for case in spec.examples {
            let module = Module {
                entries: vec![example(case).unwrap()],
                ..Module::default()
            };
            text += &format!("{}: {case}\n{}\n", spec.name, round_trip(&module));
        }
    }
    insta::assert_snapshot!(text);
}
