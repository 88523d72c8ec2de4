//! The shipped examples pass `lgc check --strict`: every law, pass and stored value of them is checked, and none skipped.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use support::{Place, repository};

/// Checks an example, of which nothing may be skipped.
#[track_caller]
fn passes(name: &str) {
    let path = repository().join("examples").join(name);
    let path = path.to_str().unwrap();
    let report = Place::new().run(&["check", "--strict", path]).success();
    let first = report.lines().next().unwrap();
    assert!(first.contains(" 0 failed; 0 skipped"), "{report}");
    assert!(!report.contains("skipped: "), "{report}");
}

#[test]
fn digits() {
    passes("digits/digits.graph");
}

#[test]
fn gpt() {
    passes("gpt/gpt.graph");
}

#[test]
fn lstm() {
    passes("sequence/adding.graph");
}

#[test]
fn cnn() {
    passes("cnn/cnn.graph");
}
