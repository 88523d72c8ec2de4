//! Rules that graphs state: right ones hold, and wrong ones are named with what stands on both sides.

use crate::diag::Diagnostics;
use crate::lang::{self, elaborate, parse};
use crate::laws::{Options, Outcome, check_rules};
use crate::span::SourceMap;

fn outcomes(text: &str) -> Vec<(String, Outcome)> {
    let mut sources = SourceMap::new();
    let file = sources.add("m.graph", text).unwrap();
    let mut diagnostics = Diagnostics::new();
    let ast = parse(file, text, &mut diagnostics);
    let module = elaborate(&ast, &lang::Options::default(), &mut diagnostics);
    assert!(diagnostics.is_empty(), "{}", diagnostics.plain(&sources));
    let rules = check_rules(&module, &Options::default()).unwrap();
    rules
        .into_iter()
        .map(|rule| (rule.graph, rule.outcome))
        .collect()
}

#[test]
fn right_rules_hold() {
    let found = outcomes(
        "graph cube(x: f32[2], k: f32[]) -> (y: f32[2]) { y = k * x ** 3 } vjp(ct_y) -> (d_x, d_k) {
            d_x = 3 * k * square(x) * ct_y
            d_k = sum(ct_y * x ** 3)
        }
        graph soft(x: f32[3]) -> (y: f32[]) { y = log(sum(exp(x))) } vjp(ct_y) -> (d_x) {
            d_x = ct_y * exp(x - y)
        }
        graph integers(n: i32[3]) -> (m: i32[3]) { m = n + 1 } vjp(_) -> (_) { }
        graph outer(x: f32[2], k: f32[]) -> (y: f32[2], n: i32[]) {
            y = cube(sin(x), k)
            n = argmax(y, axis = 0)
        } vjp(ct_y, _) -> (d_x, d_k) {
            d_x = 3 * k * square(sin(x)) * cos(x) * ct_y
            d_k = sum(ct_y * y) / k
        }
        entry f(x: f32[2], k: f32[], z: f32[3], n: i32[3]) -> (y: f32[2], i: i32[], m: i32[3], l: f32[]) {
            (y, i) = outer(x, k)
            m = integers(n)
            l = soft(z)
        }",
    );
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["cube", "outer", "integers", "soft"]);
    assert_eq!(found[0].1, Outcome::Proved);
    for (name, outcome) in [&found[1], &found[3]] {
        let holds = matches!(outcome, Outcome::Proved | Outcome::Agreed(_));
        assert!(holds, "{name}: {outcome}");
    }
    assert!(found[2].1.is_skipped());
}

/// A rule that a body uses is judged, and does not excuse the rule around it.
#[test]
fn wrong_rules_are_found_with_graph_input_and_values() {
    let found = outcomes(
        "graph cube(x: f32[]) -> (y: f32[]) { y = x ** 3 } vjp(ct_y) -> (d_x) {
            d_x = 2 * square(x) * ct_y
        }
        graph twice(x: f32[]) -> (y: f32[]) { y = 2 * cube(x) } vjp(ct_y) -> (d_x) {
            d_x = 4 * square(x) * ct_y
        }
        entry f(x: f32[]) -> (y: f32[]) { y = twice(x) }",
    );
    for (name, outcome) in &found {
        let Outcome::Failed(what) = outcome else {
            panic!("{name}: {outcome}");
        };
        let place = format!("element 0 of `d_x` in the rule of `{name}`");
        assert!(what.contains(&place), "{what}");
        assert!(
            what.contains("x = [") && what.contains("ct_y = ["),
            "{what}"
        );
        assert!(what.contains(" ≠ "), "{what}");
    }
    assert_eq!(found.len(), 2);
}

/// A rule that no gradient flows through is checked, too.
#[test]
fn rules_whose_call_is_dead_after_differentiation_are_checked() {
    let found = outcomes(
        "graph cube(x: f32[]) -> (y: f32[]) { y = x ** 3 } vjp(ct_y) -> (d_x) { d_x = x * ct_y }
        entry f(x: f32[]) -> (d: f32[]) { d = grad(cube, wrt = x)(x) }",
    );
    assert!(found[0].1.is_failure());
}
