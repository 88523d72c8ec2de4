//! `lgc reduce`: small graphs on which a command goes on failing.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod support;

use support::{Outcome, Place, digits};

const NET: &str = "\
// A comment.
struct Linear[I, O] { w: f32[I, O], b: f32[O] }

dim B = 64

/// Documentation.
graph linear[N, I, O](x: f32[N, I], p: Linear[I, O]) -> (y: f32[N, O]) { y = x @ p.w + p.b }

graph loss(x: f32[B, 16], t: f32[B, 4], p: Linear[16, 8], q: Linear[8, 4]) -> (l: f32[], z: f32[B, 4]) {
    h = tanh(linear(x, p))
    z = linear(h, q)
    e = square(z - t)
    l = mean(e)
}

entry step(x: f32[B, 16], t: f32[B, 4], inout p: Linear[16, 8], inout q: Linear[8, 4]) -> (l: f32[]) {
    (l, _, dp, dq) = value_and_grad(loss, wrt = [p, q], of = l)(x, t, p, q)
    p' = p - 0.1 * dp
    q' = q - 0.1 * dq
}

entry other(x: f32[3]) -> (y: f32[3]) { y = sin(x) }
";

/// Reduces a graph while a script, which gets its path as `$1` and may call lgc as `$LGC`, fails.
fn reduce(place: &Place, options: &[&str], script: &str) -> Outcome {
    let arguments = [
        &["reduce", "net.graph"],
        options,
        &["--", "sh", "-c", script, "sh", "net.graph"],
    ];
    let mut command = place.command(&arguments.concat());
    command
        .env("LGC", env!("CARGO_BIN_EXE_lgc"))
        .output()
        .unwrap()
        .into()
}

fn reduced(script: &str) -> String {
    let place = Place::with("net.graph", NET);
    let outcome = reduce(&place, &[], script);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert_eq!(
        place.names(),
        ["net.graph", "net.reduced.graph"],
        "nothing else is left"
    );
    assert_eq!(place.read("net.graph"), NET.as_bytes());
    let text = String::from_utf8(place.read("net.reduced.graph")).unwrap();
    place.run(&["emit", "net.reduced.graph"]).success();
    text
}

#[test]
fn what_does_not_matter_goes() {
    let text = reduced("! \"$LGC\" emit \"$1\" | grep -q tanh");
    insta::assert_snapshot!(text);
}

#[test]
fn a_fault_deep_in_a_gradient_is_cut_out() {
    // As a wrong lowering of products with a transposed operand would show.
    let text = reduced(
        "! \"$LGC\" emit --stage opt \"$1\" | grep -q 'rhs_batch\\|transpose\\|dot_general'",
    );
    insta::assert_snapshot!(text);
}

#[test]
fn the_exit_code_has_to_stay() {
    // 3 while there is a `tanh`, 4 as soon as there is none.
    let script = "grep -q tanh \"$1\" && exit 3; exit 4";
    assert!(reduced(script).contains("tanh"));
}

#[test]
fn the_outcome_is_the_same_every_time() {
    let script = "! grep -q 'mean' \"$1\"";
    assert_eq!(reduced(script), reduced(script));
}

#[test]
fn tries_are_bounded_and_the_best_is_kept() {
    let place = Place::with("net.graph", NET);
    let outcome = reduce(
        &place,
        &["--tries", "6", "-o", "small.graph"],
        "! grep -q tanh \"$1\"",
    );
    assert!(
        outcome.stdout.trim_end().ends_with(" 6 runs"),
        "{}",
        outcome.stdout
    );
    let text = String::from_utf8(place.read("small.graph")).unwrap();
    assert!(text.contains("tanh") && text.len() < NET.len());
}

#[test]
fn graphs_that_do_not_elaborate_are_reduced_too() {
    let place = Place::with("net.graph", NET.replace("mean(e)", "mean(e) + missing"));
    let outcome = reduce(
        &place,
        &[],
        "\"$LGC\" emit \"$1\" 2>&1 | grep -q E0201 && exit 1; exit 0",
    );
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let text = String::from_utf8(place.read("net.reduced.graph")).unwrap();
    // Another name that is unknown will do.
    assert!(text.len() < 80, "{text}");
}

#[test]
fn used_files_are_merged_or_found() {
    let place = Place::with(
        "parts.graph",
        "graph twice(x: f32[3]) -> (y: f32[3]) { y = tanh(x) * 2 }\n",
    );
    place.write(
        "net.graph",
        "use \"parts.graph\"\nentry f(x: f32[3]) -> (y: f32[3]) { y = twice(x) + sin(x) }\n",
    );
    let outcome = reduce(&place, &[], "! \"$LGC\" emit \"$1\" | grep -q tanh");
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let text = String::from_utf8(place.read("net.reduced.graph")).unwrap();
    assert!(
        text.contains("tanh") && !text.contains("use ") && !text.contains("sin"),
        "{text}"
    );
}

#[test]
fn a_large_graph_becomes_small() {
    let place = Place::new();
    std::fs::copy(digits("digits.graph"), place.path("net.graph")).unwrap();
    let outcome = reduce(&place, &[], "! \"$LGC\" emit \"$1\" | grep -q softmax");
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    insta::assert_snapshot!(String::from_utf8(place.read("net.reduced.graph")).unwrap());
}

#[test]
fn wrong_commands_are_refused() {
    let place = Place::with("net.graph", NET);
    let mut messages = String::new();
    let commands: [&[&str]; 5] = [
        &["reduce", "net.graph", "--", "false"],
        &["reduce", "net.graph", "--", "true", "net.graph"],
        &["reduce", "net.graph", "--", "no-such-program", "net.graph"],
        &[
            "reduce",
            "net.graph",
            "--timeout",
            "1",
            "--",
            "sh",
            "-c",
            "exec sleep 9",
            "net.graph",
        ],
        &["reduce", "-", "--", "false", "-"],
    ];
    for arguments in commands {
        let outcome = place.run(arguments);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (1, ""));
        messages += &outcome.stderr;
    }
    assert_eq!(place.names(), ["net.graph"]);
    insta::assert_snapshot!(messages);
    assert_eq!(place.run(&["reduce", "net.graph"]).code, 2);
    assert_eq!(
        place
            .run(&["reduce", "net.graph", "--tries", "0", "--", "false"])
            .code,
        2
    );
    place.write("bad.graph", "graph f(");
    assert_eq!(
        place
            .run(&["reduce", "bad.graph", "--", "false", "bad.graph"])
            .code,
        1
    );
}
