//! Whole graphs, as a user has them checked.

use super::elaborated;
use crate::lang::example;
use crate::laws::derivatives::Derivatives;
use crate::laws::graph::{check_passes, points_of_scales};
use crate::laws::precise::Precise;
use crate::laws::rules::{Effort, check_law};
use crate::laws::wanted::wanted;
use crate::laws::{Condition, Law, Options, Outcome, Report, check_graph, conditions, lints};
use crate::op::SPECS;
use crate::scalar::Residue;
use crate::span::SourceMap;

fn check(text: &str, options: &Options) -> (Report, SourceMap) {
    let (module, sources) = elaborated(text);
    (
        check_graph(&module.entries[0], options, &mut |_| {}).unwrap(),
        sources,
    )
}

fn outcome(report: &Report, wanted: Law) -> &Outcome {
    let found = report.laws.iter().find(|(law, _)| *law == wanted);
    &found.unwrap().1
}

const STEP: &str = "\
struct Linear[I, O] { w: f32[I, O], b: f32[O] }
struct Mlp { hidden: Linear[3, 4], out: Linear[4, 2] }
graph linear[B, I, O](x: f32[B, I], p: Linear[I, O]) -> (y: f32[B, O]) { y = x @ p.w + p.b }
graph loss[B](x: f32[B, 3], labels: i32[B], p: Mlp) -> (l: f32[]) {
    h = relu(linear(x, p.hidden))
    l = cross_entropy(linear(h, p.out), labels)
}
entry step(x: f32[2, 3], labels: i32[2], lr: f32[], inout p: Mlp) -> (l: f32[]) {
    (l, d) = value_and_grad(loss, wrt = p)(x, labels, p)
    p' = p - lr * d
}
";

#[test]
fn a_training_step_is_checked_exactly() {
    let (report, sources) = check(STEP, &Options::default());
    insta::assert_snapshot!(report.with_sources(&sources));
    assert!(!report.failed());
}

#[test]
fn a_large_graph_is_checked_modulo_a_prime() {
    let text = "\
entry net(x: f32[4, 16], w: f32[16, 6], v: f32[6, 3], labels: i32[4]) -> (l: f32[]) {
    l = cross_entropy(tanh(x @ w) @ v, labels)
}";
    let options = Options {
        points: 1,
        exact_work: 1000,
        ..Options::default()
    };
    let (report, sources) = check(text, &options);
    insta::assert_snapshot!(report.with_sources(&sources));
    for law in [Law::Adjoint, Law::Tangent, Law::SecondOrder] {
        assert_eq!(*outcome(&report, law), Outcome::Congruent(1), "{law:?}");
    }
    assert!(matches!(outcome(&report, Law::Witness), Outcome::Agreed(_)));
}

/// Enclosures of deep networks are too wide at numbers of moderate size to decide what wins a softmax.
#[test]
fn a_deep_network_is_checked_modulo_a_prime() {
    let text = "\
struct Block { q: f32[4, 4], k: f32[4, 4], v: f32[4, 4], g: f32[4], b: f32[4], up: f32[4, 6], down: f32[6, 4] }
graph block(x: f32[3, 4], p: Block) -> (y: f32[3, 4]) {
    scores = (x @ p.q) @ transpose(x @ p.k, permutation = [1, 0])
    a = layer_norm(x + softmax(scores) @ (x @ p.v), p.g, p.b)
    y = layer_norm(a + gelu(a @ p.up) @ p.down, p.g, p.b)
}
entry encoder(x: f32[3, 4], p: Block[4]) -> (y: f32[3, 4]) { y = fold(block, x, p) }";
    let (module, _) = elaborated(text);
    let d = Derivatives::of(&module.entries[0].graph).unwrap();
    let effort = Effort::at(1, 0);
    for law in [Law::Adjoint, Law::Tangent, Law::Composition] {
        let outcome = check_law::<Residue>(law, &d, effort).unwrap();
        assert_eq!(outcome, Outcome::Congruent(1), "{law:?}");
    }
}

#[test]
fn conditions_point_at_the_source() {
    let text = "\
entry f(x: f32[4], y: f32[4]) -> (z: f32[4]) {
    a = log(exp(x) + square(y))
    b = log(x) / y
    c = sqrt(y * y + 0.5) / sum(softmax(x))
    z = a + b * relu(c) + max(x, y) + log(softplus(x)) + abs(x) * reciprocal(sigmoid(y))
}";
    let (report, sources) = check(text, &Options::default());
    insta::assert_snapshot!(report.with_sources(&sources));
}

/// Conditions inside bodies: on what is carried they are assumed, on slices and closed values what is
/// known of the operands counts, and what runs in no turn has none.
#[test]
fn conditions_stand_in_bodies_of_loops_and_branches() {
    let text = "\
graph cell(h: f32[2], x: f32[2], scale: f32[2]) -> (next: f32[2], y: f32[2]) {
    carried = log(h)
    sliced = log(x)
    closed = h / scale
    shown = log(exp(h) + 1)
    next = carried + closed
    y = sliced + shown
}
graph outer(h: f32[2], xs: f32[3, 2], scale: f32[2]) -> (next: f32[2], ys: f32[3, 2]) {
    (next, ys) = scan(cell)(h, xs, scale)
}
graph never(h: f32[2], x: f32[2]) -> (next: f32[2]) { next = h / x }
graph root(x: f32[2]) -> (y: f32[2]) { y = sqrt(x) }
graph kink(x: f32[2]) -> (y: f32[2]) { y = relu(x) }

entry f(c: bool[], h: f32[2], xs: f32[4, 3, 2], none: f32[0, 2], w: f32[2]) -> (z: f32[2]) {
    (last, ys) = scan(outer)(h, exp(xs), sigmoid(w))
    z = scan(never)(last, none) + cond(root, kink)(c, w) + sum(log(exp(ys) + 1), axes = [0, 1])
}";
    let (module, _) = elaborated(text);
    let found = conditions(&module.entries[0]).unwrap();
    let mut listed: Vec<String> = found
        .iter()
        .map(|condition| said(text, condition))
        .collect();
    listed.sort();
    insta::assert_snapshot!(listed.join("\n"));
}

/// The gradient of a loop lists the same conditions, each once, where they stand in the source.
#[test]
fn conditions_of_the_gradient_of_a_loop_are_those_of_the_loop() {
    let text = "\
graph cell(h: f32[2], x: f32[2]) -> (next: f32[2]) { next = tanh(h) / x }
graph loss(h: f32[2], xs: f32[3, 2]) -> (l: f32[]) { l = sum(scan(cell)(h, exp(xs))) }
entry f(h: f32[2], xs: f32[3, 2]) -> (d: f32[2]) { d = grad(loss, wrt = h)(h, xs) }";
    let (module, _) = elaborated(text);
    let found = conditions(&module.entries[0]).unwrap();
    let listed: Vec<String> = found
        .iter()
        .map(|condition| said(text, condition))
        .collect();
    assert_eq!(listed, ["`tanh(h) / x`: y ≠ 0, Discharged, in cell"]);
}

/// What the declared ranges rule out is refuted, where it is surely taken; what they leave open is not.
#[test]
fn declared_ranges_refute_conditions() {
    let text = "\
graph turn(h: f32[2], x: f32[2]) -> (next: f32[2]) { next = h + log(x) }
graph root(x: f32[2]) -> (y: f32[2]) { y = sqrt(x) }
graph same(x: f32[2]) -> (y: f32[2]) { y = x }
entry below(x: f32[2] in [-3, -1]) -> (y: f32[2]) { y = log(x) }
entry at_end(x: f32[2] in [-3, 0]) -> (y: f32[2]) { y = log(x) }
entry both(x: f32[2] in [-3, 1]) -> (y: f32[2]) { y = log(x) }
entry above(x: f32[2] in [1, 3]) -> (y: f32[2]) { y = log(x) }
entry shown(x: f32[2]) -> (y: f32[2]) { y = log(-exp(x)) }
entry constant(x: f32[2]) -> (y: f32[2]) { y = x / 0 }
entry none(x: f32[0] in [-3, -1]) -> (y: f32[0]) { y = log(x) }
entry unread(x: f32[2] in [-3, -1]) -> (y: f32[2]) { z = log(x); y = x }
entry chosen(x: f32[2] in [-3, -1]) -> (y: f32[2]) { y = select(x > 0, log(x), x) }
entry beside(x: f32[2] in [-3, -1]) -> (y: f32[2]) { z = log(x); y = select(x > 0, z, x) + z }
entry branch(c: bool[], x: f32[2] in [-3, -1]) -> (y: f32[2]) { y = cond(root, same)(c, x) }
entry turns(h: f32[2], xs: f32[3, 2] in [-3, -1]) -> (y: f32[2]) { y = scan(turn)(h, xs) }
entry no_turns(h: f32[2], xs: f32[0, 2] in [-3, -1]) -> (y: f32[2]) { y = scan(turn)(h, xs) }
graph both_ways(h: f32[2], x: f32[2]) -> (next: f32[2], y: f32[2]) { next = h + x; y = log(x) }
entry unread_turns(h: f32[2], xs: f32[3, 2] in [-3, -1]) -> (z: f32[2]) { (z, ys) = scan(both_ways)(h, xs) }
entry kink(x: f32[2] in [0, 0]) -> (y: f32[2]) { y = relu(x) }
graph loss(x: f32[2]) -> (l: f32[]) { l = sum(log(x)) }
graph choice(x: f32[2]) -> (l: f32[]) { l = sum(select(x > -2, log(x), x)) }
graph descent(x: f32[2], y: f32[2]) -> (next: f32[2]) { next = x - grad(loss, wrt = x)(y) }
entry slope(x: f32[2] in [-3, -1]) -> (d: f32[2]) { d = grad(loss, wrt = x)(x) }
entry chosen_slope(x: f32[2] in [-3, -1]) -> (d: f32[2]) { d = grad(choice, wrt = x)(x) }
entry unread_slope(x: f32[2] in [-3, -1]) -> (y: f32[2]) { d = grad(loss, wrt = x)(x); y = x }
entry slope_beside(c: bool[], x: f32[2] in [-3, -1]) -> (y: f32[2]) { y = select(c, grad(loss, wrt = x)(x), x) }
entry slope_in_loop(x: f32[2], ys: f32[3, 2] in [-3, -1]) -> (z: f32[2]) { z = scan(descent)(x, ys) }
entry slope_in_branch(c: bool[], x: f32[2], y: f32[2] in [-3, -1]) -> (z: f32[2]) { z = cond(descent, add)(c, x, y) }
";
    insta::assert_snapshot!(statuses(text));
}

/// What holds on the declared ranges is shown.
#[test]
fn declared_ranges_discharge_conditions() {
    let text = "\
entry affine(x: f32[2] in [-1, 1]) -> (y: f32[2]) { y = log(1 + 0.5 * x) }
entry quadratic(x: f32[2] in [-1, 1]) -> (y: f32[2]) { y = log(2 - x * x) }
entry product(x: f32[2, 3] in [0.1, 1], y: f32[3, 4]) -> (z: f32[2, 4]) { z = log(x @ exp(y)) }
entry no_terms(x: f32[2, 0] in [0.1, 1], y: f32[0, 4]) -> (z: f32[2, 4]) { z = log(x @ exp(y)) }
entry sums(x: f32[8] in [-0.1, 0.1]) -> (y: f32[]) { y = log(1 + sum(x)) }
entry long_sums(x: f32[16] in [-0.1, 0.1]) -> (y: f32[]) { y = log(1 + sum(x)) }
entry growing(x: f32[2] in [-1, 1]) -> (y: f32[2]) { y = log(tanh(x) + 0.9) + log(3 - exp(x)) }
entry apart(x: f32[2] in [0, 1], y: f32[2] in [2, 3]) -> (z: f32[2]) { z = max(x, y) + min(x, y) }
entry touching(x: f32[2] in [0, 2], y: f32[2] in [2, 3]) -> (z: f32[2]) { z = max(x, y) }
entry spread(x: f32[8]) -> (y: f32[]) { y = log(mean(x * x) - square(mean(x)) + 0.1) }
entry spreads(x: f32[2, 8]) -> (y: f32[2]) {
    m = mean(x, axes = [1])
    y = log(mean(square(x), axes = [1]) - stop_gradient(m) * m + 0.1)
}
entry of_others(x: f32[8], y: f32[8]) -> (z: f32[]) { z = log(mean(x * x) - square(mean(y)) + 0.1) }
entry along_others(x: f32[8, 8]) -> (y: f32[8]) {
    y = log(mean(x * x, axes = [0]) - square(mean(x, axes = [1])) + 0.1)
}
entry of_too_many(x: f32[8]) -> (y: f32[]) { y = log(sum(x * x) / 7 - square(sum(x) / 7) + 0.1) }
entry chosen(x: f32[2]) -> (y: f32[2]) { y = log(select(x > 0, x, 1)) + 1 / select(0 == x, 2, x) }
entry otherwise(x: f32[2]) -> (y: f32[2]) { y = log(select(x > 0, 1, x)) }
entry up_to(x: f32[5]) -> (y: f32[5]) { y = log(cumsum(exp(x))) }
entry before(x: f32[5]) -> (y: f32[5]) { y = log(cumsum(exp(x), exclusive = true)) }
entry counted(x: f32[1, 2, 4, 5]) -> (y: f32[1, 2, 4, 5]) { y = avg_pool(x, size = 2, padding = [1, 0, 0, 1]) }
entry bits(key: u32[2]) -> (y: f32[3]) { y = rng_normal(key, stream = 1, shape = [3]) }
entry of_integers(n: u32[3], i: i32[3]) -> (y: f32[3]) { y = log(cast(n, dtype = f32) + 1) + log(cast(i, dtype = f32)) }
entry one(x: f32[2, 1]) -> (z: f32[2]) { z = reduce_max(x, axes = [1]) }
entry two(x: f32[2, 2]) -> (z: f32[2]) { z = reduce_max(x, axes = [1]) }
";
    insta::assert_snapshot!(statuses(text));
}

/// Indices that are declared must all be in range, others not all out of it; where nothing is known, code checks them.
#[test]
fn declared_ranges_refute_indices() {
    let text = "\
graph picked(x: f32[6, 2], i: i32[3]) -> (y: f32[3, 2]) { y = gather(x, i) }
graph first(x: f32[6, 2], i: i32[3]) -> (y: f32[3, 2]) { y = gather(x, 0 * i) }
entry branch(c: bool[], x: f32[6, 2], i: i32[3] in [4, 9]) -> (y: f32[3, 2]) { y = cond(picked, first)(c, x, i) }
graph row(h: f32[2], i: i32[3], x: f32[6, 2]) -> (next: f32[2]) { next = h + sum(gather(x, i), axes = [0]) }
entry turns(h: f32[2], i: i32[4, 3] in [4, 9], x: f32[6, 2]) -> (y: f32[2]) { y = scan(row)(h, i - i, x) }
entry partly(x: f32[6, 2], i: i32[3] in [4, 9]) -> (y: f32[3, 2]) { y = gather(x, i) }
entry negative(x: f32[6, 2], i: i32[3] in [-1, 2]) -> (y: f32[3, 2]) { y = gather(x, i) }
entry moved(x: f32[6, 2], i: i32[4] in [4, 9]) -> (y: f32[2, 2, 2]) { y = gather(x, reshape(i, shape = [2, 2])) }
entry fits(x: f32[6, 2], i: i32[3] in [0, 5]) -> (y: f32[3, 2]) { y = gather(x, i) }
entry open(x: f32[6, 2], i: i32[3]) -> (y: f32[3, 2]) { y = gather(x, i) }
entry no_indices(x: f32[6, 2], i: i32[0] in [4, 9]) -> (y: f32[0, 2]) { y = gather(x, i) }
entry computed(x: f32[6, 2], i: i32[3] in [4, 9]) -> (y: f32[3, 2]) { y = gather(x, i - 4) }
entry literal(x: f32[6, 2]) -> (y: f32[2, 2]) { i: i32[2] = [7, 8]; y = gather(x, i) }
entry added(x: f32[6, 2], i: i32[3] in [6, 9], u: f32[3, 2]) -> (y: f32[6, 2]) { y = scatter_add(x, i, u) }
entry axis(x: f32[2, 6], i: i32[3] in [2, 5]) -> (y: f32[2, 3]) { y = gather(x, i, axis = 1) }
";
    insta::assert_snapshot!(statuses(text));
}

/// What floats do on the declared ranges that reals do not, and gradients that are nothing.
#[test]
fn lints_say_what_may_not_be_meant() {
    let text = "\
graph flat(x: f32[3]) -> (l: f32[]) { l = sum(floor(x)) }
graph steep(x: f32[3]) -> (l: f32[]) { l = sum(square(x)) }
entry large(x: f32[3] in [0, 100]) -> (y: f32[3]) { y = exp(x) }
entry large_enough(x: f64[3] in [0, 100]) -> (y: f64[3]) { y = exp(x) }
entry small(x: f32[3] in [-100, 80]) -> (y: f32[3]) { y = exp(x) }
entry nothing_known(x: f32[3]) -> (y: f32[3]) { y = exp(x) }
entry halves(x: f16[300] in [0, 300]) -> (y: f16[]) { y = sum(square(x)) }
entry shifted(x: f32[2, 3] in [-1e4, 1e4]) -> (y: f32[2, 3]) { y = softmax(x) + log_softmax(x) }
entry near_one(x: f32[3]) -> (y: f32[3]) { y = log(1 + square(x)) + (exp(x) - 1) }
entry far_from_one(x: f32[3] in [1, 2]) -> (y: f32[3]) { y = log(1 + x) + (exp(x) - 1) }
entry spread(x: f32[3]) -> (y: f32[]) { y = mean(x * x) - square(mean(x)) }
entry centred(x: f32[3, 4], g: f32[4], b: f32[4]) -> (y: f32[3, 4]) { y = layer_norm(x, g, b) }
entry vain(x: f32[3]) -> (d: f32[3]) { d = grad(flat, wrt = x)(x) }
entry useful(x: f32[3]) -> (d: f32[3]) { d = grad(steep, wrt = x)(x) }
entry zeros(x: f32[3]) -> (z: f32[3]) { z = 0 * x }
";
    let (module, sources) = elaborated(text);
    let mut lines = Vec::new();
    for entry in &module.entries {
        for lint in lints(entry).unwrap() {
            let (_, at) = sources.location(lint.span).unwrap();
            lines.push(format!(
                "{}: {}:{}: {}",
                entry.name, at.line, at.column, lint.what
            ));
        }
    }
    insta::assert_snapshot!(lines.join("\n"));
}

/// Each entry with its conditions.
fn statuses(text: &str) -> String {
    let (module, _) = elaborated(text);
    let mut lines = Vec::new();
    for entry in &module.entries {
        let found = conditions(entry).unwrap();
        if found.is_empty() {
            lines.push(format!("{}: nothing", entry.name));
        }
        for condition in &found {
            let but = condition.found.as_deref().unwrap_or("");
            lines.push(format!("{}: {} {but}", entry.name, said(text, condition)));
        }
    }
    let trimmed: Vec<&str> = lines.iter().map(|line| line.trim_end()).collect();
    trimmed.join("\n")
}

fn said(text: &str, condition: &Condition) -> String {
    let Condition {
        requirement,
        status,
        span,
        body,
        ..
    } = condition;
    let source = &text[span.start as usize..span.end as usize];
    let body = body.as_deref().unwrap_or("the entry");
    format!("`{source}`: {requirement}, {status:?}, in {body}")
}

/// Points are drawn where conditions hold inside of bodies, in every turn and in the branch that is taken.
#[test]
fn points_satisfy_conditions_inside_of_bodies() {
    let text = "\
graph cell(h: f32[2], x: f32[2], w: f32[2]) -> (next: f32[2], y: f32[2]) {
    next = h * log(w) + x
    y = sqrt(x * x * x) / h
}
graph outer(h: f32[2], xs: f32[2, 2], w: f32[2]) -> (next: f32[2], ys: f32[2, 2]) {
    (next, ys) = scan(cell)(h, xs, w)
}
graph root(x: f32[2]) -> (y: f32[2]) { y = sqrt(x) }
graph shifted(x: f32[2]) -> (y: f32[2]) { y = log(x + 3) }
entry f(c: bool[], h: f32[2], xs: f32[2, 2, 2], w: f32[2], v: f32[2]) -> (last: f32[2], ys: f32[2, 2, 2], z: f32[2]) {
    (last, ys) = scan(outer)(h, xs, w)
    z = cond(root, shifted)(c, v)
}
";
    let (report, _) = check(text, &Options::default());
    assert!(!report.failed(), "{report}");
    for law in [Law::Adjoint, Law::Tangent, Law::Jacobian, Law::SecondOrder] {
        assert_eq!(*outcome(&report, law), Outcome::Proved, "{report}");
    }
    assert!(!outcome(&report, Law::Witness).is_skipped(), "{report}");
    // Where there is no such point the law says which condition fails, and where.
    let nowhere = text.replace("log(w)", "log(-w * w)");
    let (report, _) = check(&nowhere, &Options::default());
    let why = "no point was found in the domain: `log` needs x > 0, in the body of `cell`";
    for law in [Law::Adjoint, Law::Jacobian, Law::Witness] {
        assert_eq!(*outcome(&report, law), Outcome::Skipped(why.into()));
    }
}

#[test]
fn graphs_without_floats_have_sensible_reports() {
    let text = "entry f(x: i32[3], m: bool[3]) -> (y: i32[3], any: bool[3]) {\n    y = select(m, x * x, x / 2)\n    any = m || x > 1\n}";
    let (report, sources) = check(text, &Options::default());
    insta::assert_snapshot!(report.with_sources(&sources));
}

#[test]
fn too_much_work_is_refused() {
    let options = Options {
        work: 10,
        ..Options::default()
    };
    let (report, _) = check(
        "entry f(x: f32[8]) -> (y: f32[8]) { y = exp(x) * x }",
        &options,
    );
    assert!(report.laws.iter().all(|(_, outcome)| outcome.is_skipped()));
    assert!(
        report
            .passes
            .iter()
            .all(|(_, outcome)| outcome.is_skipped())
    );
}

/// No pass changes a bit of a right graph, whatever floats it computes with: the derivative of an example of each
/// op, in double precision and in halves.
#[test]
fn passes_keep_the_bits_of_derivatives_in_doubles_and_halves() {
    let options = Options {
        points: 1,
        exact_work: 0,
        ..Options::default()
    };
    let mut compared = 0;
    for text in SPECS.iter().filter_map(|spec| spec.examples.first()) {
        for dtype in ["f64", "f16"] {
            let text = text.replace("f32", dtype);
            let Ok(entry) = example(&text) else { continue };
            let d = Derivatives::of(&entry.graph).unwrap();
            for (pass, outcome) in check_passes(&d.vjp, &options, &mut |_| {}).unwrap() {
                assert!(!outcome.is_failure(), "{pass} of {text}: {outcome}");
                compared += usize::from(!outcome.is_skipped());
            }
        }
    }
    assert!(compared > 500, "{compared} comparisons");
}

/// A point in the domain is found for what optimisers, norms and logarithms of sums need, without luck.
#[test]
fn points_are_found_by_solving_for_conditions() {
    for text in [
        "(v: f32[64], d: f32[64]) -> d / (sqrt(0.999 * v + 0.001 * d * d) + 1e-8)",
        "(v: f32[64], d: f32[64], t: f32[]) -> d / sqrt((0.9 * v + 0.1 * d * d) / -expm1(-0.1 * (t + 1)))",
        "(x: f32[40, 3]) -> sqrt(sum(square(x), axes = [1]))",
        "(x: f32[100], y: f32[100]) -> log(2 * x - y) * sqrt(x)",
        "(x: f32[100], y: f32[100]) -> log(2 - exp(x)) + log1p(-y)",
        "(x: f32[30, 4], w: f32[4, 20]) -> log(x @ w)",
        "(x: f32[100]) -> sqrt(cumsum(x, axis = 0))",
        "(x: f32[100]) -> log(floor(x)) * x",
    ] {
        let entry = example(text).unwrap();
        let report = check_graph(&entry, &Options::default(), &mut |_| {}).unwrap();
        assert_eq!(report.unmet, None, "{text}: {report}");
        for law in [Law::Adjoint, Law::Tangent, Law::Zero] {
            let outcome = outcome(&report, law);
            assert!(
                !outcome.is_skipped() && !outcome.is_failure(),
                "{text}: {report}"
            );
        }
    }
}

/// A function that bends more than one extrapolation sees is right all the same.
#[test]
fn quotients_of_functions_that_bend_are_not_taken_for_wrong() {
    let entry = example("(x: f32[300], w: f32[300, 300]) -> tanh(x @ w)").unwrap();
    let report = check_graph(&entry, &Options::default(), &mut |_| {}).unwrap();
    let witness = outcome(&report, Law::Witness);
    assert!(!witness.is_failure(), "{report}");
}

/// What conditions need is carried back through loops within loops in a time that does not double with each.
#[test]
fn conditions_of_deeply_nested_loops_are_carried_back() {
    const DEPTH: usize = 24;
    let mut text =
        String::from("graph g0(h: f32[], x: f32[2]) -> (h2: f32[]) { h2 = h + sqrt(sum(x)) }\n");
    for depth in 1..DEPTH {
        let before = depth - 1;
        text += &format!(
            "graph g{depth}(h: f32[], x: f32[2]) -> (h2: f32[]) {{\n    \
             h2 = scan(g{before}, carry = h, length = 1)(h, x)\n}}\n"
        );
    }
    let last = DEPTH - 1;
    text += &format!("entry f(h: f32[], x: f32[2]) -> (y: f32[]) {{ y = g{last}(h, x) }}\n");
    let (module, _) = elaborated(&text);
    let ranges = wanted(&module.entries[0].graph);
    assert_eq!(ranges.len(), 2);
}

/// However few points may be afforded, floats of every scale are among them.
#[test]
fn passes_are_compared_at_every_scale() {
    let entry = example("(x: f32[4], y: f16[4]) -> cast(y, dtype = f32) * x").unwrap();
    for count in [1, 3] {
        let (points, moderate) = points_of_scales(&entry.graph, count, 0).unwrap().unwrap();
        assert_eq!((points.len(), moderate), (count + 3, count));
        for other in &points[count..] {
            assert!(
                points[..count]
                    .iter()
                    .all(|point| point.elements != other.elements)
            );
        }
    }
}

/// Numbers of many digits hold the laws, where double precision has digits enough and where it has not.
#[test]
fn laws_hold_in_enclosures_of_many_digits() {
    for text in [
        "(x: f32[3], w: f32[3]) -> sum(tanh(x * w) * exp(x) / (1 + w * w))",
        "(x: f32[2, 3]) -> log_softmax(x, axis = 1)",
        "(x: f32[5]) -> sum(relu(sin(20000 * x)) * x)",
    ] {
        let d = Derivatives::of(&example(text).unwrap().graph).unwrap();
        for law in [Law::Adjoint, Law::Tangent, Law::Witness, Law::SecondOrder] {
            let outcome = check_law::<Precise>(law, &d, Effort::at(2, 0)).unwrap();
            let holds = !outcome.is_failure() && !outcome.is_skipped();
            assert!(holds, "{text}: {law:?}: {outcome}");
        }
    }
}
