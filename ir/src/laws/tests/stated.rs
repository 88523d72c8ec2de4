//! Rules that graphs state: right ones hold, and wrong ones are named with what stands on both sides.

use super::elaborated;
use crate::laws::{Law, Options, Outcome, check_graph, check_rules};
use crate::module::Module;

fn module(text: &str) -> Module {
    elaborated(text).0
}

fn outcomes(text: &str) -> Vec<(String, Outcome)> {
    let rules = check_rules(&module(text), &Options::default()).unwrap();
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

const HARD: &str = "\
graph hard(x: f32[3]) -> (y: f32[3]) { y = sign(x) } vjp surrogate(ct_y) -> (d_x) {
    d_x = select(abs(x) < 20, ct_y, 0)
}
graph layer(x: f32[3], w: f32[3]) -> (y: f32[3]) { y = hard(x * w) * x }
graph loud(x: f32[3]) -> (y: f32[3]) { y = 2 * hard(x) } vjp(ct_y) -> (d_x) {
    d_x = select(abs(x) < 20, 2 * ct_y, 0)
}
graph flat(x: f32[3]) -> (y: f32[3]) { y = 2 * hard(x) + x } vjp(ct_y) -> (d_x) { d_x = ct_y }
graph cube(x: f32[3]) -> (y: f32[3]) { y = x * x * x } vjp(ct_y) -> (d_x) {
    d_x = 3 * x * x * hard(x) * hard(x) * ct_y
}
graph turn(h: f32[3], x: f32[3]) -> (next: f32[3]) { next = h + checkpoint(layer)(x, h) }
graph negative(x: f32[3]) -> (y: f32[3]) { y = -x }
";

/// A surrogate counts as its body wherever it is called: in what is checkpointed, in graphs with rules of their own and
/// in such rules, in loops and branches, and in each of these in one another.
#[test]
fn surrogates_are_replaced_wherever_they_are_called() {
    for body in [
        "y = checkpoint(layer)(x, w) * w",
        "y = loud(x) * w",
        "y = flat(x) * w",
        "y = checkpoint(loud)(x) * w",
        "y = cube(x) * w",
        "y = scan(turn)(w, xs) * w",
        "y = cond(loud, negative)(c, x) * w",
        "y = checkpoint(cube)(hard(x) + x) * w",
    ] {
        let entry =
            "entry f(c: bool[], x: f32[3], w: f32[3], xs: f32[2, 3]) -> (y: f32[3]) { BODY }";
        let module = module(&format!("{HARD}{}", entry.replace("BODY", body)));
        let report = check_graph(&module.entries[0], &Options::default(), &mut |_| {}).unwrap();
        assert!(!report.failed(), "{body}: {report}");
        assert!(report.replaced.surrogates.iter().eq(["hard"]), "{body}");
        for (law, outcome) in &report.laws {
            let of_rules = [Law::Adjoint, Law::Tangent, Law::SecondOrder, Law::Witness];
            let is_open = outcome.is_skipped() && of_rules.contains(law);
            assert!(!is_open, "{body}: {report}");
        }
    }
}

/// A rule around a surrogate may be the derivative of what is computed, or what follows from the surrogate; and
/// nothing else.
#[test]
fn rules_around_surrogates_follow_from_them_or_from_their_bodies() {
    let wrong = "graph wrong(x: f32[3]) -> (y: f32[3]) { y = 2 * hard(x) } vjp(ct_y) -> (d_x) { d_x = 3 * ct_y }\n";
    let entry = "entry f(x: f32[3]) -> (y: f32[3]) { y = loud(x) + flat(x) + cube(x) + wrong(x) }";
    for (name, outcome) in outcomes(&format!("{HARD}{wrong}{entry}")) {
        match name.as_str() {
            "hard" => assert!(outcome.is_skipped(), "{outcome}"),
            "wrong" => assert!(outcome.is_failure(), "{outcome}"),
            _ => assert!(
                !outcome.is_failure() && !outcome.is_skipped(),
                "{name}: {outcome}"
            ),
        }
    }
}

const COUNTS: &str = "\
graph times(n: i32[3], w: i32[3]) -> (y: i32[3]) { y = n * w } vjp(ct_y) -> (d_n, d_w) {
    d_n = ct_y * w
    d_w = ct_y * n
}
graph counted(x: f32[3]) -> (n: i32[3]) { n = cast(x, dtype = i32) } vjp(ct_n) -> (d_x) {
    d_x = cast(ct_n, dtype = f32)
}
graph restored(n: i32[3]) -> (x: f32[3]) { x = cast(n, dtype = f32) } vjp(ct_x) -> (d_n) {
    d_n = cast(3 * ct_x, dtype = i32)
}
graph mixed(x: f32[3], n: i32[3]) -> (y: f32[3], m: i32[3]) {
    y = x * x
    m = n * n
} vjp(ct_y, ct_m) -> (d_x, d_n) {
    d_x = 2 * x * ct_y + cast(ct_m, dtype = f32)
    d_n = 2 * n * ct_m
}
graph wrong(x: f32[3], n: i32[3]) -> (y: f32[3], m: i32[3]) {
    y = x * x
    m = n * n
} vjp(ct_y, _) -> (d_x, d_n) {
    d_x = 3 * x * ct_y
    d_n = n
}
graph around(x: f32[3]) -> (y: f32[3]) { y = restored(counted(x)) } vjp(ct_y) -> (d_x) {
    d_x = cast(cast(3 * ct_y, dtype = i32), dtype = f32)
}
graph blocked(x: f32[3]) -> (y: f32[3]) { y = restored(2 * counted(x)) + x } vjp(ct_y) -> (d_x) { d_x = ct_y }
graph loss(x: f32[3], w: i32[3]) -> (l: f32[]) {
    (y, m) = mixed(x, w)
    n = counted(x)
    l = sum(restored(times(n, w) + m)) + sum(y)
}
";

/// Of a rule that names cotangents of integers only what it says of floats is compared, and that is said.
#[test]
fn rules_for_integers_are_compared_as_far_as_they_speak_of_floats() {
    let entry = "entry f(x: f32[3], n: i32[3]) -> (l: f32[], v: f32[3], k: i32[3]) {
        l = loss(x, n)
        (v, k) = wrong(around(x) + blocked(x), n)
    }";
    let module = module(&format!("{COUNTS}{entry}"));
    let rules = check_rules(&module, &Options::default()).unwrap();
    for rule in &rules {
        let text = rule.to_string();
        let stated = text.contains("stated for integers, with nothing to compare");
        match rule.graph.as_str() {
            "times" | "counted" | "restored" => {
                assert!(rule.outcome.is_skipped() && stated, "{text}")
            }
            "mixed" => assert!(text.starts_with("proved, for floats; ") && stated, "{text}"),
            "wrong" => assert!(rule.outcome.is_failure() && rule.integers, "{text}"),
            // What follows from the rules, and what the body computes.
            name => assert!(
                !rule.outcome.is_failure() && !rule.outcome.is_skipped() && !stated,
                "{name}: {text}"
            ),
        }
    }
    assert_eq!(rules.len(), 7);
}

/// Laws are those of what the bodies compute, and name the graphs whose rules they leave out.
#[test]
fn laws_speak_of_the_bodies_of_rules_for_integers() {
    let entry = "entry f(x: f32[3], w: i32[3]) -> (l: f32[], d_x: f32[3], d_w: i32[3]) {
        (l, d_x, d_w) = value_and_grad(loss, wrt = [x, w])(x, w)
    }";
    let module = module(&format!("{COUNTS}{entry}"));
    let report = check_graph(&module.entries[0], &Options::default(), &mut |_| {}).unwrap();
    assert!(!report.failed(), "{report}");
    let left_out = &report.replaced.integers;
    assert!(
        left_out
            .iter()
            .eq(["counted", "mixed", "restored", "times"]),
        "{report}"
    );
    assert!(report.replaced.surrogates.is_empty(), "{report}");
}
