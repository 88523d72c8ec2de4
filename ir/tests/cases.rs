//! Case files: `cases/<stage>/*.graph`, each with the reviewed text of its result.
//!
//! - `graph`: the expanded module. Everything printed is read back.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use lgc_ir::lang::{Options, example};
use lgc_ir::module::Module;
use lgc_ir::op::SPECS;
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
fn examples_of_ops() {
    let mut text = String::new();
    for spec in SPECS {
        for case in spec.examples {
            let module = Module {
                entries: vec![example(case).unwrap()],
            };
            text += &format!("{}: {case}\n{}\n", spec.name, round_trip(&module));
        }
    }
    insta::assert_snapshot!(text);
}
