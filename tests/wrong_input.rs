//! Wrong input: the whole message is a snapshot, and nothing is left behind.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod support;

use std::os::unix::fs::PermissionsExt;
use support::{Outcome, Place};

/// The message of `lgc emit` on a file with this content, which must be refused.
fn message(content: impl AsRef<[u8]>) -> String {
    let place = Place::with("m.graph", content);
    let outcome = place.run(&["emit", "m.graph"]);
    refused(&outcome);
    outcome.stderr
}

#[track_caller]
fn refused(outcome: &Outcome) {
    assert_eq!(
        (outcome.code, outcome.stdout.as_str()),
        (1, ""),
        "{}",
        outcome.stderr
    );
}

#[test]
fn sources_that_cannot_be_read() {
    let place = Place::with("junk.graph", [0x67, 0x0a, 0x80, 0x00, 0xff]);
    place.write("elf.graph", b"\x7fELF\x02\x01\x01\x00\x00\x00\xfe\xfe");
    place.write("locked.graph", "");
    std::fs::set_permissions(
        place.path("locked.graph"),
        std::fs::Permissions::from_mode(0o000),
    )
    .unwrap();
    std::fs::create_dir(place.path("directory.graph")).unwrap();
    let mut messages = String::new();
    for file in [
        "missing.graph",
        "directory.graph",
        "junk.graph",
        "elf.graph",
        "junk.graph/x",
    ] {
        let outcome = place.run(&["emit", file]);
        refused(&outcome);
        messages.push_str(&outcome.stderr);
    }
    insta::assert_snapshot!(messages);
    // Nothing is locked for root.
    if std::fs::read(place.path("locked.graph")).is_err() {
        let outcome = place.run(&["emit", "locked.graph"]);
        refused(&outcome);
        assert!(
            outcome.stderr.contains("permission denied"),
            "{}",
            outcome.stderr
        );
    }
}

#[test]
fn text_that_is_no_graph() {
    insta::assert_snapshot!(
        [
            message(""),
            message("// nothing but a comment\n"),
            message("hello, world\n"),
            message("graph f(x: f32[3]) -> (y: f32[3]) {\n    y = x +\n}\ngraph g(x: f32[3) {}\n"),
            message("graph f() -> (s: f32[]) { s = \"text }\n"),
        ]
        .concat()
    );
}

#[test]
fn names_that_are_unknown() {
    insta::assert_snapshot!(
        [
            message("graph f(x: f32[3]) -> (y: f32[3]) { y = sofmax(x) }"),
            message("graph f(x: f32[3]) -> (y: f32[3]) { y = xs * 2 }"),
            message("graph f(x: f23[3]) -> (y: f32[3]) { y = x }"),
            message("struct P { w: f32[2] }\ngraph f(p: P) -> (y: f32[2]) { y = p.v }"),
            message("graph f[N](x: f32[N]) -> (y: f32[N]) { y = x }"),
            message("graph f(x: f32[3]) -> (y: f32[3]) { x = x + 1; y = x }"),
        ]
        .concat()
    );
}

#[test]
fn types_that_do_not_fit() {
    insta::assert_snapshot!(
        [
            message("graph f(x: f32[2, 3], w: f32[4, 5]) -> (y: f32[2, 5]) { y = x @ w }"),
            message("graph f(x: f32[3], y: f32[4]) -> (z: f32[3]) { z = x + y }"),
            message("graph f(x: f32[3], i: i32[3]) -> (z: f32[3]) { z = x * i }"),
            message("graph f(x: i32[3]) -> (y: i32[3]) { y = exp(x) }"),
            message("graph f(x: f32[3]) -> (y: f32[4]) { y = x }"),
            message("graph f(x: f32[3]) -> (y: f32[]) { y = sum(x, axes = [1]) }"),
        ]
        .concat()
    );
}

#[test]
fn derivatives_that_do_not_exist() {
    let square = "graph sq(x: f32[3]) -> (y: f32[3]) { y = x * x }\n";
    insta::assert_snapshot!(message(format!(
        "{square}entry f(x: f32[3]) -> (d: f32[3]) {{ d = grad(sq, wrt = x)(x) }}"
    )));
}

#[test]
fn what_grows_without_bound() {
    insta::assert_snapshot!(
        [
            message("graph f(x: f32[1099511627776]) -> (y: f32[1099511627776]) { y = x }"),
            message("graph f(x: f32[99999999999999999999]) -> (y: f32[]) { y = sum(x) }"),
            message("dim N = 4294967296 * 4294967296\ngraph f(x: f32[N]) -> (y: f32[N]) { y = x }"),
            message(
                "graph f(x: f32[]) -> (y: f32[]) { y = g(x) }\n\
             graph g(x: f32[]) -> (y: f32[]) { y = f(x) }\n\
             entry e(x: f32[]) -> (y: f32[]) { y = f(x) }"
            ),
            message("struct S { s: S }\ngraph f(s: S) -> (y: f32[]) { y = 1 }"),
        ]
        .concat()
    );
}

#[test]
fn deep_nesting_is_refused_and_long_chains_are_not() {
    let deep = format!(
        "graph f(x: f32[]) -> (y: f32[]) {{ y = {}x{} }}",
        "(".repeat(100_000),
        ")".repeat(100_000)
    );
    let refusal = message(deep);
    assert!(refusal.contains("E0116"), "{refusal}");
    let long = format!(
        "graph f(x: f32[]) -> (y: f32[]) {{ y = x{} }}",
        " + x".repeat(50_000)
    );
    let place = Place::with("m.graph", long);
    let printed = place.run(&["emit", "m.graph"]).success();
    assert_eq!(printed.lines().count(), 50_002);
}

#[test]
fn definitions_of_dims_that_do_not_exist() {
    let place = Place::with(
        "m.graph",
        "dim B = 2\ngraph f(x: f32[B]) -> (y: f32[B]) { y = x }",
    );
    let outcome = place.run(&["emit", "m.graph", "--define", "C=3"]);
    refused(&outcome);
    insta::assert_snapshot!(outcome.stderr);
}

#[test]
fn entries_that_do_not_exist() {
    let place = Place::with("m.graph", "graph step(x: f32[2]) -> (y: f32[2]) { y = x }");
    let outcome = place.run(&["emit", "m.graph", "--entry", "stop"]);
    refused(&outcome);
    insta::assert_snapshot!(outcome.stderr);
}

#[test]
fn messages_have_three_forms() {
    let place = Place::with(
        "m.graph",
        "graph f(x: f32[2, 3], w: f32[4]) -> (y: f32[2]) {\n    // é\n    y = x @ w\n}",
    );
    let mut forms = String::new();
    for form in ["human", "short", "json"] {
        let outcome = place.run(&["--error-format", form, "emit", "m.graph"]);
        refused(&outcome);
        forms.push_str(&outcome.stderr);
    }
    insta::assert_snapshot!(forms);
}

#[test]
fn files_that_are_no_libraries() {
    let place = Place::with("text.so", "graph f() {}");
    std::fs::copy("/proc/self/exe", place.path("program.so")).unwrap();
    let mut messages = String::new();
    for file in ["missing.so", "text.so", "program.so"] {
        let outcome = place.run(&["info", file]);
        refused(&outcome);
        messages.push_str(&outcome.stderr);
    }
    insta::assert_snapshot!(messages);
}
