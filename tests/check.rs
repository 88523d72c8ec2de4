//! `lgc check`: it says what it did, passes what is right, and fails what is not.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod support;

use std::time::{Duration, Instant};
use support::{Outcome, Place};

fn check(text: &str, flags: &[&str]) -> Outcome {
    let place = Place::with("m.graph", text);
    let arguments: Vec<&str> = ["check"]
        .iter()
        .chain(flags)
        .copied()
        .chain(["m.graph"])
        .collect();
    place.run(&arguments)
}

/// The lines of a report with one of these words, after the exit code.
fn lines(outcome: &Outcome, words: &[&str]) -> String {
    let wanted = |line: &&str| words.iter().any(|word| line.contains(word));
    let all = outcome.stdout.lines().chain(outcome.stderr.lines());
    let lines: Vec<&str> = all.filter(wanted).collect();
    format!("exit code {}\n{}", outcome.code, lines.join("\n"))
}

/// Constants that are folded in f64 and in halves, derivatives in halves, and parameters in f32 that are cast to
/// halves and back: each pass is compared in the precision of each value.
#[test]
fn passes_are_compared_in_the_precision_of_each_value() {
    let text = "\
graph scaled(x: f64[4]) -> (l: f64[]) { l = sum(x * 0.1 * 0.3) }
entry folded(x: f64[4]) -> (l: f64[4]) { l = grad(scaled, wrt = x)(x) }
entry product(x: f64[4]) -> (l: f64[]) {
    a: f64[] = 0.1
    b: f64[] = 0.3
    l = sum(x * (a * b))
}
entry halves(x: f16[4]) -> (l: f16[]) {
    a: f16[] = 0.1
    b: f16[] = 0.3
    l = sum(x * (a * b))
}
graph waves(x: f16[4], b: f16[4]) -> (l: f16[]) {
    y = x + b
    l = sum(sin(y) * y)
}
entry derived(x: f16[4], b: f16[4]) -> (d: f16[4]) { d = grad(waves, wrt = x)(x, b) }
graph loss(x: bf16[5, 4], y: bf16[5, 3], w: f32[4, 3], b: f32[3]) -> (l: f32[]) {
    h = tanh(x @ cast(w, dtype = bf16) + cast(b, dtype = bf16))
    l = cast(mse(h, y), dtype = f32)
}
entry mixed(x: bf16[5, 4], y: bf16[5, 3], b: f32[3], inout w: f32[4, 3]) -> (l: f32[]) {
    (l, d) = value_and_grad(loss, wrt = w)(x, y, w, b)
    w' = w - 0.1 * d
}
";
    insta::assert_snapshot!(lines(
        &check(text, &["--strict"]),
        &["checked", "FAILED", "skipped: "]
    ));
}

/// An index is drawn from all positions of its axis, be there one or many; where none is in range in any sample,
/// nothing was compared.
#[test]
fn indices_are_drawn_from_the_range_of_what_they_index() {
    let text = "\
entry one(x: f32[1], i: i32[2]) -> (y: f32[2]) { y = gather(x, i) }
entry many(x: f32[5, 2], i: i32[40]) -> (y: f32[40, 2]) { y = gather(x, 7 - i) }
entry labels(x: f32[4, 10], t: i32[4]) -> (l: f32[]) { l = cross_entropy(x, t) }
entry count(n: i32[7], m: i64[7]) -> (a: i32[7], b: i64[7]) {
    a = n * n + n
    b = m * m - m
}
";
    let right = check(text, &["--strict"]);
    insta::assert_snapshot!(lines(&right, &["checked", "compiled code", "skipped: "]));
    let beyond =
        "entry f(x: f32[3], i: i32[2] in [3, 9]) -> (y: f32[2]) { y = gather(x, i * i) }\n";
    let (lax, strict) = (check(beyond, &[]), check(beyond, &["--strict"]));
    insta::assert_snapshot!(lines(&lax, &["checked", "compiled code"]));
    insta::assert_snapshot!(lines(
        &strict,
        &["checked", "compiled code", "skipped, which"]
    ));
}

const STEP: &str = "\
use \"std/optimisers.graph\"

struct Net { w: f32[3, 4], b: f32[4] }
graph loss(x: f32[2, 3], t: f32[2], p: Net) -> (l: f32[]) {
    h = relu(x @ p.w + p.b)
    l = mean(square(sqrt(sum(square(h), axes = [1]) + 0.01) - t))
}
entry step(x: f32[2, 3], t: f32[2], rate: f32[], inout n: f32[], inout p: Net, inout m: Net, inout v: Net) -> (l: f32[]) {
    (l, d) = value_and_grad(loss, wrt = p)(x, t, p)
    n' = n + 1
    (p', m', v') = adam_step(p, d, m, v, n', rate)
}
";

/// The moments of an optimiser are drawn where their roots are defined, and its count where it is a count.
#[test]
fn points_of_training_steps_are_found() {
    let outcome = check(STEP, &["--strict"]);
    insta::assert_snapshot!(outcome.shown());
}

/// Several zeros of a rectifier may win a maximum together.
#[test]
fn ties_of_what_does_not_vary_are_no_kinks() {
    let text = "\
entry pooled(x: f32[1, 2, 8, 8]) -> (y: f32[1, 2, 4, 4]) { y = max_pool(relu(x), size = 2, stride = 2) }
";
    insta::assert_snapshot!(lines(
        &check(text, &["--strict"]),
        &["checked", "skipped: "]
    ));
}

/// Nothing that is computed of such inputs is defined: that is a fault of the graph, and nothing that may be skipped.
#[test]
fn ranges_on_which_nothing_is_defined_fail() {
    let text = "\
entry f(x: f32[4] in [-3, -1]) -> (y: f32[4]) { y = log(x) }
entry g(x: f32[6, 2], i: i32[3] in [4, 9]) -> (y: f32[3, 2]) { y = gather(x, i) }
entry h(x: f32[6, 2], i: i32[3] in [6, 9]) -> (y: f32[3, 2]) { y = gather(x, i) }
";
    let outcome = check(text, &[]);
    assert_eq!(outcome.code, 3);
    insta::assert_snapshot!(lines(
        &outcome,
        &["checked", "FAILED", "conditions", "adjoint"]
    ));
}

/// Where dims are cut down, conditions are those of the file: fewer rows make no declared index wrong.
#[test]
fn indices_are_declared_for_the_dims_of_the_file() {
    let text = "\
dim V = 500
dim D = 300
entry f(table: f32[V, D], i: i32[8] in [0, 499]) -> (y: f32[]) {
    y = sum(square(gather(table, i)) @ square(transpose(table, permutation = [1, 0])))
}
";
    let outcome = check(text, &[]);
    assert_eq!(outcome.code, 0, "{}", outcome.stdout);
    insta::assert_snapshot!(lines(
        &outcome,
        &["checked", "FAILED", "conditions", "adjoint"]
    ));
}

/// What no point fulfils is named with its place, and the parameters whose range would help with theirs.
#[test]
fn what_would_help_is_said_where_no_point_is_found() {
    let text = "\
/// Defined in narrow intervals only.
entry narrow(
    a: f32[2],
    b: f32[2],
    c: f32[2],
) -> (y: f32[2]) {
    y = sqrt(sin(a * b) - 0.999999) + c
}
";
    let (lax, strict) = (check(text, &[]), check(text, &["--strict"]));
    insta::assert_snapshot!(lax.shown());
    insta::assert_snapshot!(lines(&strict, &["checked", "skipped, which"]));
    let declared = text.replace("a: f32[2]", "a: f32[2] in [1.5705, 1.571]");
    let declared = declared.replace("b: f32[2]", "b: f32[2] in [0.9999, 1.0001]");
    insta::assert_snapshot!(lines(
        &check(&declared, &["--strict"]),
        &["checked", "skipped: "]
    ));
}

/// The range that is suggested is one with which points are found, of as few parameters as may be, which are told as
/// they are declared.
#[test]
fn the_range_that_is_suggested_helps() {
    let text = "\
dim N = 64
entry f(
    a: f32[N],
    b: f32[N],
    c: f32[N],
) -> (y: f32[N]) { y = sqrt(sin(2 * a) - 0.8) + b * c }
";
    let words = ["checked", "note", "help", "skipped, which"];
    insta::assert_snapshot!(lines(&check(text, &["--strict"]), &words));
    let declared = text.replace("a: f32[N]", "a: f32[N] in [0.5, 1]");
    insta::assert_snapshot!(lines(&check(&declared, &["--strict"]), &words));
}

/// A loop that runs long is too much work before anything of it is run.
#[test]
fn what_takes_too_much_work_is_skipped_before() {
    let text = "\
graph turn(h: f32[], k: f32[]) -> (next: f32[]) { next = h * k }
entry long(h: f32[], k: f32[]) -> (y: f32[]) { y = scan(turn, length = 100000000)(h, k) }
";
    let start = Instant::now();
    let outcome = check(text, &[]);
    assert!(
        start.elapsed() < Duration::from_secs(20),
        "{:?}",
        start.elapsed()
    );
    insta::assert_snapshot!(lines(&outcome, &["checked", "skipped: "]));
}

/// Where dims make an entry too large, its laws are checked with smaller ones, and that is said.
#[test]
fn large_dims_are_cut_down() {
    let text = "\
dim B = 512
dim D = 96
graph loss(x: f32[B, D], w: f32[D, D]) -> (l: f32[]) { l = mean(square(tanh(x @ w))) }
entry step(x: f32[B, D], inout w: f32[D, D]) -> (l: f32[]) {
    (l, d) = value_and_grad(loss, wrt = w)(x, w)
    w' = w - 0.1 * d
}
";
    insta::assert_snapshot!(lines(
        &check(text, &["--strict"]),
        &["checked", "skipped: ", "compiled"]
    ));
}

/// A rule that is meant to differ from the derivative is listed; one that is not meant to fails.
#[test]
fn surrogates_are_listed_and_do_not_fail() {
    let text = |mark: &str| {
        format!(
            "graph hard(x: f32[3]) -> (y: f32[3]) {{ y = sign(x) }} vjp{mark}(ct_y) -> (d_x) {{\n\
             d_x = select(abs(x) < 1, ct_y, 0)\n\
             }}\n\
             graph loss(x: f32[3], w: f32[3]) -> (l: f32[]) {{ l = sum(hard(x * w) * x * w) }}\n\
             entry step(x: f32[3], w: f32[3]) -> (d: f32[3]) {{ d = grad(loss, wrt = w)(x, w) }}\n"
        )
    };
    let words = ["checked", "FAILED", "note", "hard", "rules"];
    let marked = check(&text(" surrogate"), &[]);
    insta::assert_snapshot!(lines(&marked, &words));
    let plain = check(&text(""), &[]);
    assert_eq!(plain.code, 3);
    assert!(
        plain.stdout.contains("`d_x` in the rule of `hard`"),
        "{}",
        plain.stdout
    );
    let place = Place::with("m.graph", text(" surrogate"));
    let printed = place
        .run(&["emit", "--stage", "graph", "m.graph"])
        .success();
    assert!(
        printed.contains("} vjp surrogate(ct_y) -> (d_x) {"),
        "{printed}"
    );
    let again = place.pipe(&["emit", "--stage", "graph", "-"], &printed);
    assert_eq!(again.success(), printed);
}

/// A rule that names cotangents of integers is compared as far as it speaks of floats; the rest is stated.
#[test]
fn rules_for_integers_are_listed_and_do_not_fail() {
    let text = "\
graph times(n: i32[3], w: i32[3]) -> (y: i32[3]) { y = n * w } vjp(ct_y) -> (d_n, d_w) {
    d_n = ct_y * w
    d_w = ct_y * n
}
graph scaled(x: f32[3], n: i32[3]) -> (y: f32[3]) { y = x * cast(n, dtype = f32) } vjp(ct_y) -> (d_x, d_n) {
    d_x = ct_y * cast(n, dtype = f32)
    d_n = cast(ct_y * x, dtype = i32)
}
graph loss(x: f32[3], n: i32[3]) -> (l: f32[]) { l = sum(scaled(x, times(n, n))) }
entry step(x: f32[3], n: i32[3]) -> (l: f32[], d_x: f32[3], d_n: i32[3]) {
    (l, d_x, d_n) = value_and_grad(loss, wrt = [x, n])(x, n)
}
";
    let words = ["checked", "FAILED", "note", "stated", "rules"];
    insta::assert_snapshot!(lines(&check(text, &[]), &words));
    let refused = check(
        &text.replace("scaled(x, times(n, n))", "scaled(x, n * n)"),
        &[],
    );
    insta::assert_snapshot!(refused.stderr);
}

/// The laws of what a derivative is taken of show a rule that is wrong, which the laws of the derivative do not.
#[test]
fn a_wrong_rule_shows_in_the_laws_of_what_is_differentiated() {
    let text = "\
graph cube(x: f32[2]) -> (y: f32[2]) { y = x ** 3 } vjp(ct_y) -> (d_x) { d_x = 2 * x * x * ct_y }
graph loss(x: f32[2]) -> (l: f32[]) { l = sum(cube(x)) }
entry slope(x: f32[2]) -> (d: f32[2]) { d = grad(loss, wrt = x)(x) }
";
    let outcome = check(text, &[]);
    insta::assert_snapshot!(lines(
        &outcome,
        &["checked", ": at most", "arithmetic", "FAILED"]
    ));
    let of_loss = outcome
        .stdout
        .split("loss, of which a derivative is taken")
        .nth(1)
        .unwrap();
    assert!(
        of_loss.contains("adjoint") && of_loss.contains("FAILED"),
        "{}",
        outcome.stdout
    );
    let of_slope = outcome.stdout.split("slope: ").nth(1).unwrap();
    let of_slope = of_slope.split("loss, of which").next().unwrap();
    assert!(!of_slope.contains("FAILED"), "{of_slope}");
}

/// A rule that is wrong shows in a product that is too large to be checked as it is.
#[test]
fn what_is_too_large_is_checked_with_smaller_numbers_in_types() {
    let text = "\
graph product(x: f32[512, 512], y: f32[512, 512]) -> (z: f32[512, 512]) { z = x @ y }
vjp(ct_z) -> (d_x, d_y) { d_x = ct_z @ y; d_y = transpose(x, permutation = [1, 0]) @ ct_z }
entry f(x: f32[512, 512], y: f32[512, 512]) -> (z: f32[512, 512]) { z = product(x, y) }
";
    insta::assert_snapshot!(lines(
        &check(text, &[]),
        &["checked", "in place of", "product  "]
    ));
}

/// Each value of an entry is an input or the result of an op, and one thing becomes of it.
#[test]
fn what_becomes_of_values_is_listed() {
    let place = Place::with(
        "m.graph",
        "\
entry f(x: f32[4, 3], w: f32[3, 3]) -> (y: f32[4, 3]) {
    h = tanh(x @ w)
    same = tanh(x @ w)
    unread = exp(x)
    y = (h + same) * 1 + 0.5 * (2 - 1)
}
",
    );
    let text = place.run(&["info", "m.graph", "--map"]).success();
    let (_, map) = text.split_once("  values     ").unwrap();
    insta::assert_snapshot!(map);
    let report = place.run(&["check", "m.graph"]).success();
    let (counts, _) = map.split_once('\n').unwrap();
    assert!(report.contains(&format!("  values                {counts}\n")));
    // The library says the same without its graph.
    place.run(&["compile", "m.graph", "-o", "m.so"]).success();
    std::fs::remove_file(place.path("m.graph")).unwrap();
    let of_library = place.run(&["info", "m.so", "--map"]).success();
    let (_, of_library) = of_library.split_once("  values     ").unwrap();
    assert_eq!(of_library, map);
    let without = place.run(&["info", "m.so"]).success();
    assert!(!without.contains("  values     "));
}
