//! Case files: `tests/cases/<stage>/*.graph`, each printed at the stage that its folder names.
//!
//! The snapshots are the reviewed text of every stage behind the graph language. (Graphs, adjoints
//! and error messages have their case files in the `ir` crate.)

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

use std::path::{Path, PathBuf};
use std::process::Command;

fn emit(stage: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/cases")
        .join(stage);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "no case for `{stage}`");
    for path in paths {
        let output = Command::new(env!("CARGO_BIN_EXE_lgc"))
            .args(["emit", "--stage", stage])
            .env("LGC_CACHE_DIR", "")
            .arg(&path)
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {errors}", path.display());
        let name = format!("{stage}_{}", path.file_stem().unwrap().to_string_lossy());
        insta::assert_snapshot!(name, String::from_utf8(output.stdout).unwrap());
    }
}

#[test]
fn optimised_graphs() {
    emit("opt");
}

#[test]
fn kernels() {
    emit("kernels");
}

#[test]
fn legal_kernels() {
    emit("legal");
}

#[test]
fn thread_programs() {
    emit("threads");
}

#[test]
fn cranelift() {
    emit("clif");
}

#[test]
#[cfg_attr(not(feature = "llvm"), ignore = "lgc is built without LLVM")]
fn llvm() {
    emit("llvm");
}

#[test]
fn machine_code() {
    emit("asm");
}
