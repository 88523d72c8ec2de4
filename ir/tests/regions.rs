//! Loops and branches: what they mean, and that their derivatives are those of what they unroll to,
//! exactly over the rationals.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

#[path = "support/equal.rs"]
mod equal;

use equal::assert_equal_entries;
use lgc_ir::dtype::DType;
use lgc_ir::graph::Graph;
use lgc_ir::interpret::{Tensor, interpret};
use lgc_ir::op::Op;
use lgc_ir::rewrite::optimize;
use lgc_ir::scalar::Exact;
use lgc_ir::shape::{Shape, Type};
use support::module;

const CELL: &str = "
graph cell(h: f64[2], x: f64[2], w: f64[2, 2]) -> (next: f64[2], y: f64[2]) {
    next = h @ w * x + h
    y = next * next - x
}
";

/// The scan and its unrolled loop, as graphs `scanned` and `unrolled`.
fn twins() -> String {
    CELL.to_string()
        + "
graph scanned(h: f64[2], xs: f64[5, 2], w: f64[2, 2]) -> (last: f64[2], ys: f64[5, 2]) {
    (last, ys) = scan(cell, carry = h, over = x)(h, xs, w)
}
graph unrolled(h: f64[2], xs: f64[5, 2], w: f64[2, 2]) -> (last: f64[2], ys: f64[5, 2]) {
    for t in 0..5 with s = h, all = 0 * xs {
        x = reshape(slice(xs, start = [t, 0], limit = [t + 1, 2]), shape = [2])
        (next, y) = cell(s, x, w)
        s' = next
        all' = all + pad(reshape(y, shape = [1, 2]), low = [t, 0], high = [4 - t, 0])
    }
    last = s
    ys = all
}
graph scanned_loss(h: f64[2], xs: f64[5, 2], w: f64[2, 2]) -> (l: f64[]) {
    (last, ys) = scanned(h, xs, w)
    l = sum(last * last) + sum(ys * ys * xs)
}
graph unrolled_loss(h: f64[2], xs: f64[5, 2], w: f64[2, 2]) -> (l: f64[]) {
    (last, ys) = unrolled(h, xs, w)
    l = sum(last * last) + sum(ys * ys * xs)
}
"
}

#[test]
fn a_scan_is_its_unrolled_loop() {
    assert_equal_entries::<Exact>(
        &(twins()
            + "
entry a(h: f64[2], xs: f64[5, 2], w: f64[2, 2]) -> (last: f64[2], ys: f64[5, 2]) {
    (last, ys) = scanned(h, xs, w)
}
entry b(h: f64[2], xs: f64[5, 2], w: f64[2, 2]) -> (last: f64[2], ys: f64[5, 2]) {
    (last, ys) = unrolled(h, xs, w)
}
"),
    );
}

#[test]
fn gradients_through_time_are_those_of_the_unrolled_loop() {
    let entry = |name: &str, of: &str| {
        format!(
            "entry {name}(h: f64[2], xs: f64[5, 2], w: f64[2, 2]) -> (l: f64[], dh: f64[2], dx: f64[5, 2], dw: f64[2, 2]) {{
    (l, dh, dx, dw) = value_and_grad({of}, wrt = [h, xs, w])(h, xs, w)
}}
"
        )
    };
    assert_equal_entries::<Exact>(
        &(twins() + &entry("a", "scanned_loss") + &entry("b", "unrolled_loss")),
    );
}

#[test]
fn tangents_are_those_of_the_unrolled_loop() {
    let entry = |name: &str, of: &str| {
        format!(
            "entry {name}(h: f64[2], xs: f64[5, 2], w: f64[2, 2], th: f64[2], tw: f64[2, 2]) -> (l: f64[2], m: f64[5, 2], tl: f64[2], tm: f64[5, 2]) {{
    (l, m, tl, tm) = jvp({of}, wrt = [h, w])(h, xs, w, th, tw)
}}
"
        )
    };
    assert_equal_entries::<Exact>(&(twins() + &entry("a", "scanned") + &entry("b", "unrolled")));
}

#[test]
fn second_derivatives_are_those_of_the_unrolled_loop() {
    let entries = |prefix: &str| {
        format!(
            "
graph {prefix}_slope(h: f64[2], xs: f64[5, 2], w: f64[2, 2]) -> (s: f64[]) {{
    (dh, dx, dw) = grad({prefix}_loss, wrt = [h, xs, w])(h, xs, w)
    s = sum(dh * h) + sum(dx * xs) + sum(dw * dw)
}}
entry {prefix}_second(h: f64[2], xs: f64[5, 2], w: f64[2, 2]) -> (dh: f64[2], dx: f64[5, 2], dw: f64[2, 2]) {{
    (dh, dx, dw) = grad({prefix}_slope, wrt = [h, xs, w])(h, xs, w)
}}
"
        )
    };
    assert_equal_entries::<Exact>(&(twins() + &entries("scanned") + &entries("unrolled")));
}

/// Entries with a gradient by all float parameters of graphs of one signature.
fn gradients(params: &str, names: &str, wrt: &[&str], results: &str, graphs: &[&str]) -> String {
    let derived: Vec<String> = wrt.iter().map(|name| format!("d_{name}")).collect();
    let entry = |of: &&str| {
        format!(
            "entry gradient_{of}({params}) -> (l: f64[], {results}) {{
    (l, {}) = value_and_grad({of}, wrt = [{}])({names})
}}
",
            derived.join(", "),
            wrt.join(", ")
        )
    };
    graphs.iter().map(entry).collect()
}

#[test]
fn loops_in_loops_backwards_and_on_structs() {
    let text = "
struct State { a: f64[2], b: f64[] }

graph inner(s: State, x: f64[2], w: f64[2]) -> (next: State, y: f64[2]) {
    a = s.a * x + w
    next.a = a
    next.b = s.b + sum(s.a * w)
    y = a * s.b
}
graph outer(s: State, xs: f64[3, 2], w: f64[2]) -> (next: State, t: f64[3, 2]) {
    (next, t) = scan(inner, carry = s, over = x, reverse = true)(s, xs, w)
}
graph scanned(a: f64[2], b: f64[], xs: f64[2, 3, 2], w: f64[2]) -> (l: f64[]) {
    start = pair(a, b)
    (s, ys) = scan(outer, carry = s, over = xs)(start, xs, w)
    l = sum(s.a) * s.b + sum(ys * xs)
}
graph unrolled(a: f64[2], b: f64[], xs: f64[2, 3, 2], w: f64[2]) -> (l: f64[]) {
    start = pair(a, b)
    for i in 0..2 with s = start, sums = 0 * b {
        for j in 0..3 with r = s, part = 0 * b {
            k = 2 - j
            x = reshape(slice(xs, start = [i, k, 0], limit = [i + 1, k + 1, 2]), shape = [2])
            (next, y) = inner(r, x, w)
            r' = next
            part' = part + sum(y * x)
        }
        s' = r
        sums' = sums + part
    }
    l = sum(s.a) * s.b + sums
}
graph pair(a: f64[2], b: f64[]) -> (s: State) { s.a = a; s.b = b }
";
    assert_equal_entries::<Exact>(
        &(text.to_string()
            + &gradients(
                "a: f64[2], b: f64[], xs: f64[2, 3, 2], w: f64[2]",
                "a, b, xs, w",
                &["a", "b", "xs", "w"],
                "d_a: f64[2], d_b: f64[], d_xs: f64[2, 3, 2], d_w: f64[2]",
                &["scanned", "unrolled"],
            )),
    );
}

#[test]
fn what_is_recomputed_gives_the_same_gradients() {
    let module = assert_equal_entries::<Exact>(
        &(twins()
            + "
graph checkpointed(h: f64[2], xs: f64[5, 2], w: f64[2, 2]) -> (l: f64[]) {
    (last, ys) = scan(checkpoint(cell), carry = h, over = x)(h, xs, w)
    l = sum(last * last) + sum(ys * ys * xs)
}
" + &gradients(
            "h: f64[2], xs: f64[5, 2], w: f64[2, 2]",
            "h, xs, w",
            &["h", "xs", "w"],
            "d_h: f64[2], d_xs: f64[5, 2], d_w: f64[2, 2]",
            &["scanned_loss", "checkpointed"],
        )),
    );
    // Only what is carried is kept: the augmented scan stacks one tensor beside `ys`.
    let graph = &module.entries[1].graph;
    let scans = graph.nodes().filter(|node| graph.op(*node).runs_regions());
    let results: Vec<usize> = scans.map(|node| graph.results(node).len()).collect();
    assert_eq!(results, [3, 3]);
}

/// Chunks of a sequence, of which each is computed again.
#[test]
fn chunks_give_the_same_gradients() {
    let text = twins()
        .replace("[5, 2]", "[6, 2]")
        .replace("0..5", "0..6")
        .replace("4 - t", "5 - t");
    assert_equal_entries::<Exact>(
        &(text
            + "
graph chunked(h: f64[2], xs: f64[6, 2], w: f64[2, 2]) -> (l: f64[]) {
    (last, ys) = scan(checkpoint(scan(cell)))(h, reshape(xs, shape = [2, 3, 2]), w)
    l = sum(last * last) + sum(reshape(ys, shape = [6, 2]) ** 2 * xs)
}
" + &gradients(
            "h: f64[2], xs: f64[6, 2], w: f64[2, 2]",
            "h, xs, w",
            &["h", "xs", "w"],
            "d_h: f64[2], d_xs: f64[6, 2], d_w: f64[2, 2]",
            &["unrolled_loss", "chunked"],
        )),
    );
}

#[test]
fn integers_are_carried_without_a_derivative() {
    let body = "
graph turn(h: f64[3], n: i32[], table: f64[4, 3]) -> (next: f64[3], m: i32[]) {
    next = h * gather(table, n, axis = 0) + h
    m = (n * 3 + 1) % 4
}
graph scanned(h: f64[3], table: f64[4, 3]) -> (l: f64[]) {
    zero: i32[] = 2
    (last, n) = scan(turn, carry = [h, n], length = 4)(h, zero, table)
    l = sum(last * last)
}
graph unrolled(h: f64[3], table: f64[4, 3]) -> (l: f64[]) {
    zero: i32[] = 2
    for t in 0..4 with s = h, n = zero {
        (next, m) = turn(s, n, table)
        s' = next
        n' = m
    }
    l = sum(s * s)
}
";
    assert_equal_entries::<Exact>(
        &(body.to_string()
            + &gradients(
                "h: f64[3], table: f64[4, 3]",
                "h, table",
                &["h", "table"],
                "d_h: f64[3], d_table: f64[4, 3]",
                &["scanned", "unrolled"],
            )),
    );
}

#[test]
fn a_loop_without_a_turn_is_its_initial_value() {
    assert_equal_entries::<Exact>(
        &(CELL.to_string()
            + "
graph scanned(h: f64[2], xs: f64[0, 2], w: f64[2, 2]) -> (l: f64[]) {
    (last, ys) = scan(cell)(h, xs, w)
    l = sum(last * last) + sum(ys)
}
graph plain(h: f64[2], xs: f64[0, 2], w: f64[2, 2]) -> (l: f64[]) { l = sum(h * h) }
" + &gradients(
            "h: f64[2], xs: f64[0, 2], w: f64[2, 2]",
            "h, xs, w",
            &["h", "xs", "w"],
            "d_h: f64[2], d_xs: f64[0, 2], d_w: f64[2, 2]",
            &["scanned", "plain"],
        )),
    );
}

#[test]
fn arrays_are_stacked() {
    assert_equal_entries::<Exact>(
        "
struct Layer { w: f64[2, 2], b: f64[2] }
graph layer(h: f64[2], p: Layer) -> (y: f64[2]) { y = (h @ p.w + p.b) * h }
graph scanned(h: f64[2], p: Layer[3]) -> (l: f64[]) { l = sum(scan(layer)(h, p)) }
graph unrolled(h: f64[2], p: Layer[3]) -> (l: f64[]) { l = sum(fold(layer, h, p)) }
entry a(h: f64[2], p: Layer[3]) -> (l: f64[], d_h: f64[2], d_p: Layer[3]) {
    (l, d_h, d_p) = value_and_grad(scanned, wrt = [h, p])(h, p)
}
entry b(h: f64[2], p: Layer[3]) -> (l: f64[], d_h: f64[2], d_p: Layer[3]) {
    (l, d_h, d_p) = value_and_grad(unrolled, wrt = [h, p])(h, p)
}
",
    );
}

#[test]
fn carried_values_without_a_derivative_are_no_carries_of_it() {
    let module = module(
        "
graph turn(h: f64[], k: f64[], x: f64[]) -> (next: f64[], step: f64[], y: f64[]) {
    next = h * x
    step = k + 1
    y = k * x
}
graph total(h: f64[], k: f64[], xs: f64[6]) -> (l: f64[]) {
    (last, n, ys) = scan(turn, carry = [h, k], over = x)(h, k, xs)
    l = last * n + sum(stop_gradient(ys))
}
entry g(h: f64[], k: f64[], xs: f64[6]) -> (d: f64[]) { d = grad(total, wrt = h)(h, k, xs) }
",
    );
    let graph = &module.entries[0].graph;
    let scans = graph.nodes().filter_map(|node| {
        let Op::Scan(scan) = graph.op(node) else {
            return None;
        };
        Some((scan.carries, scan.stacked))
    });
    // Of the first only what counts k is left; the second carries the cotangent of h alone, over xs.
    assert_eq!(scans.collect::<Vec<_>>(), [(1, 0), (1, 1)]);
}

#[test]
fn branches_and_their_derivatives_are_those_of_select() {
    let text = "
graph yes(x: f64[3], y: f64[3]) -> (r: f64[3], s: f64[3]) { r = x * y; s = x * x * x }
graph no(x: f64[3], y: f64[3]) -> (r: f64[3], s: f64[3]) { r = y - x; s = 2 * y }
graph branched(n: i32[], x: f64[3], y: f64[3]) -> (l: f64[]) {
    (r, s) = cond(yes, no)(n OP 0, x, y)
    l = sum(r * s)
}
graph selected(n: i32[], x: f64[3], y: f64[3]) -> (l: f64[]) {
    (a, b) = yes(x, y)
    (c, d) = no(x, y)
    m = broadcast_in_dim(n OP 0, shape = [3], axes = [])
    l = sum(select(m, a, c) * select(m, b, d))
}
graph slope_branched(n: i32[], x: f64[3], y: f64[3]) -> (l: f64[]) {
    (dx, dy) = grad(branched, wrt = [x, y])(n, x, y)
    l = sum(dx * y) + sum(dy * dx)
}
graph slope_selected(n: i32[], x: f64[3], y: f64[3]) -> (l: f64[]) {
    (dx, dy) = grad(selected, wrt = [x, y])(n, x, y)
    l = sum(dx * y) + sum(dy * dx)
}
";
    for op in [">", "<"] {
        for pair in [
            ["branched", "selected"],
            ["slope_branched", "slope_selected"],
        ] {
            assert_equal_entries::<Exact>(
                &(text.replace("OP", op)
                    + &gradients(
                        "n: i32[], x: f64[3], y: f64[3]",
                        "n, x, y",
                        &["x", "y"],
                        "d_x: f64[3], d_y: f64[3]",
                        &pair,
                    )),
            );
        }
    }
}

/// Of branches with several results only some are needed, and then only what these read, of either branch.
#[test]
fn what_one_branch_alone_reads_stays() {
    let text = "
graph yes(x: f64[], y: f64[], z: f64[]) -> (r: f64[], s: f64[]) { r = x * 2; s = z * z }
graph no(x: f64[], y: f64[], z: f64[]) -> (r: f64[], s: f64[]) { r = y - 1; s = x + z }
entry first(n: i32[], x: f64[], y: f64[], z: f64[]) -> (r: f64[]) { (r, s) = cond(yes, no)(n > 0, x, y, z) }
entry second(n: i32[], x: f64[], y: f64[], z: f64[]) -> (s: f64[]) { (r, s) = cond(no, yes)(n > 0, x, y, z) }
";
    for entry in &module(text).entries {
        let (simplified, _, _) = optimize(&entry.graph, true).unwrap();
        for n in [1, -1] {
            let scalar = |value| Tensor::numbers(Type::scalar(DType::F64), vec![value]);
            let condition = Tensor::integers(Type::scalar(DType::I32), [n]);
            let inputs = [condition, scalar(3.0), scalar(5.0), scalar(7.0)];
            let of = |graph: &Graph| {
                let values = interpret::<f64>(graph, &(), &inputs).unwrap();
                values.outputs()[0].as_numbers().to_vec()
            };
            let expected = match (entry.name.as_str(), n > 0) {
                ("first", true) => 6.0,
                ("first", false) => 4.0,
                (_, true) => 10.0,
                (_, false) => 49.0,
            };
            assert_eq!(of(&entry.graph), [expected]);
            assert_eq!(of(&simplified), [expected]);
        }
    }
}

/// A rule may choose zeros on either side.
#[test]
fn a_rule_that_chooses_zeros_counts_where_it_does_not() {
    for (rule, expected) in [
        ("select(x > 0, ct_y, 0)", [0.0, 0.0, 6.0]),
        ("select(x > 0, 0, ct_y)", [2.0, 4.0, 0.0]),
        ("select(x > 0, 0 * ct_y, 3 * ct_y)", [6.0, 12.0, 0.0]),
    ] {
        let text = format!(
            "graph f(x: f64[3]) -> (y: f64[3]) {{ y = x }} vjp surrogate(ct_y) -> (d_x) {{ d_x = {rule} }}
            graph loss(x: f64[3], w: f64[3]) -> (l: f64[]) {{ l = sum(f(x) * w) }}
            entry slope(x: f64[3], w: f64[3]) -> (d: f64[3]) {{ d = grad(loss, wrt = x)(x, w) }}"
        );
        let vector = |values: [f64; 3]| {
            Tensor::numbers(Type::new(DType::F64, Shape::new([3])), values.to_vec())
        };
        let inputs = [vector([-1.0, 0.0, 1.0]), vector([2.0, 4.0, 6.0])];
        let graph = &module(&text).entries[0].graph;
        let values = interpret::<f64>(graph, &(), &inputs).unwrap();
        assert_eq!(values.outputs()[0].as_numbers(), expected, "{rule}");
    }
}

#[test]
fn a_gradient_through_a_loop_is_a_loop() {
    // A thousand turns make no more nodes than ten.
    let nodes = |turns: u64| {
        let text = twins().replace("[5, 2]", &format!("[{turns}, 2]"));
        let start = text.find("graph unrolled(").unwrap();
        let end = text.find("graph scanned_loss").unwrap();
        let rest = text.find("graph unrolled_loss").unwrap();
        let text = format!("{}{}", &text[..start], &text[end..rest]);
        let module = module(
            &(text
                + &format!(
                    "entry g(h: f64[2], xs: f64[{turns}, 2], w: f64[2, 2]) -> (d: f64[2, 2]) {{ d = grad(scanned_loss, wrt = w)(h, xs, w) }}"
                )),
        );
        module.entries[0].graph.expanded_len()
    };
    assert_eq!(nodes(10), nodes(1000));
}

#[test]
fn running_products_have_exact_derivatives_at_zeros() {
    // A zero in the middle, so that no quotient of products is the derivative.
    let text = "
graph factors(x: f64[4]) -> (z: f64[4]) { z = x * cast(iota(shape = [4], axis = 0, dtype = i32) != 2, dtype = f64) }
graph run(x: f64[4], w: f64[4]) -> (l: f64[]) { l = sum(cumprod(factors(x)) * w) }
graph loop(x: f64[4], w: f64[4]) -> (l: f64[]) {
    one: f64[] = 1
    (last, ys) = scan(turn)(one, factors(x))
    l = sum(ys * w)
}
graph turn(p: f64[], x: f64[]) -> (next: f64[], y: f64[]) { next = p * x; y = next * 1 }
";
    assert_equal_entries::<Exact>(
        &(text.to_string()
            + &gradients(
                "x: f64[4], w: f64[4]",
                "x, w",
                &["x", "w"],
                "d_x: f64[4], d_w: f64[4]",
                &["run", "loop"],
            )),
    );
}

#[test]
fn prefix_scans_are_loops() {
    let text = "
graph sum_turn(s: f64[3], x: f64[3]) -> (next: f64[3], y: f64[3]) { next = s + x; y = s }
graph linear_turn(h: f64[3], a: f64[3], b: f64[3]) -> (next: f64[3], y: f64[3]) {
    next = a * h + b
    y = next * 1
}
graph run(a: f64[4, 3], b: f64[4, 3]) -> (l: f64[]) {
    h = linear_recurrence(a, b, axis = 0, reverse = true)
    s = cumsum(a, axis = 0, exclusive = true)
    l = sum(h * s * b)
}
graph loop(a: f64[4, 3], b: f64[4, 3]) -> (l: f64[]) {
    zero: f64[3] = broadcast_in_dim(0 * sum(a), shape = [3], axes = [])
    (last, h) = scan(linear_turn, carry = h, over = [a, b], reverse = true)(zero, a, b)
    (total, s) = scan(sum_turn)(zero, a)
    l = sum(h * s * b)
}
";
    assert_equal_entries::<Exact>(
        &(text.to_string()
            + &gradients(
                "a: f64[4, 3], b: f64[4, 3]",
                "a, b",
                &["a", "b"],
                "d_a: f64[4, 3], d_b: f64[4, 3]",
                &["run", "loop"],
            )),
    );
}

/// Prefixes under functions that ops know too, forwards and backwards, with their derivatives.
#[test]
fn prefixes_under_a_function_are_those_of_the_op() {
    for (combine, op) in [("add", "cumsum"), ("mul", "cumprod")] {
        for reverse in [false, true] {
            let prefixes = format!("associative_scan({combine}, reverse = {reverse})(xs)");
            let entry = |name: &str, value: &str| {
                format!(
                    "
graph of_{name}(xs: f64[5, 2]) -> (ys: f64[5, 2]) {{ ys = {value} }}
entry {name}(xs: f64[5, 2], t: f64[5, 2], c: f64[5, 2]) -> (ys: f64[5, 2], ty: f64[5, 2], zs: f64[5, 2], d: f64[5, 2]) {{
    (ys, ty) = jvp(of_{name}, wrt = xs)(xs, t)
    (zs, d) = vjp(of_{name}, wrt = xs)(xs, c)
}}
"
                )
            };
            let op = format!("{op}(xs, axis = 0, reverse = {reverse})");
            assert_equal_entries::<Exact>(&(entry("a", &prefixes) + &entry("b", &op)));
        }
    }
}

/// Affine maps as pairs of tensors, and what linear_recurrence makes of them.
#[test]
fn prefixes_of_affine_maps_are_a_linear_recurrence() {
    for reverse in [false, true] {
        assert_equal_entries::<Exact>(&format!(
            "
graph both(a: f64[2], b: f64[2], c: f64[2], d: f64[2]) -> (e: f64[2], f: f64[2]) {{
    e = a * c
    f = c * b + d
}}
graph prefixes(a: f64[4, 2], b: f64[4, 2]) -> (h: f64[4, 2]) {{
    (_, h) = associative_scan(both, reverse = {reverse})(a, b)
}}
graph recurrence(a: f64[4, 2], b: f64[4, 2]) -> (h: f64[4, 2]) {{
    h = linear_recurrence(a, b, axis = 0, reverse = {reverse})
}}
entry x(a: f64[4, 2], b: f64[4, 2], c: f64[4, 2]) -> (h: f64[4, 2], da: f64[4, 2], db: f64[4, 2]) {{
    (h, da, db) = vjp(prefixes, wrt = [a, b])(a, b, c)
}}
entry y(a: f64[4, 2], b: f64[4, 2], c: f64[4, 2]) -> (h: f64[4, 2], da: f64[4, 2], db: f64[4, 2]) {{
    (h, da, db) = vjp(recurrence, wrt = [a, b])(a, b, c)
}}
"
        ));
    }
}

/// Products of matrices do not commute: what comes first is the left factor.
#[test]
fn prefixes_keep_the_order_of_what_they_combine() {
    assert_equal_entries::<Exact>(
        "
graph product(x: f64[2, 2], y: f64[2, 2]) -> (z: f64[2, 2]) { z = x @ y }
graph at(ms: f64[3, 2, 2]) -> (a: f64[2, 2], b: f64[2, 2], c: f64[2, 2]) {
    a = reshape(slice(ms, start = [0, 0, 0], limit = [1, 2, 2]), shape = [2, 2])
    b = reshape(slice(ms, start = [1, 0, 0], limit = [2, 2, 2]), shape = [2, 2])
    c = reshape(slice(ms, start = [2, 0, 0], limit = [3, 2, 2]), shape = [2, 2])
}
entry x(ms: f64[3, 2, 2]) -> (forth: f64[3, 2, 2], back: f64[3, 2, 2]) {
    forth = associative_scan(product)(ms)
    back = associative_scan(product, reverse = true)(ms)
}
entry y(ms: f64[3, 2, 2]) -> (forth: f64[3, 2, 2], back: f64[3, 2, 2]) {
    (a, b, c) = at(ms)
    forth = reshape(concat(a, a @ b, a @ b @ c, axis = 0), shape = [3, 2, 2])
    back = reshape(concat(c @ b @ a, c @ b, c, axis = 0), shape = [3, 2, 2])
}
",
    );
}

#[test]
fn prefixes_of_one_slice_and_of_none_are_these() {
    for slices in [0, 1] {
        assert_equal_entries::<Exact>(&format!(
            "
graph prefixes(xs: f64[{slices}, 2]) -> (ys: f64[{slices}, 2]) {{ ys = associative_scan(mul)(xs) }}
entry x(xs: f64[{slices}, 2], c: f64[{slices}, 2]) -> (ys: f64[{slices}, 2], d: f64[{slices}, 2]) {{
    (ys, d) = vjp(prefixes, wrt = xs)(xs, c)
}}
entry y(xs: f64[{slices}, 2], c: f64[{slices}, 2]) -> (ys: f64[{slices}, 2], d: f64[{slices}, 2]) {{
    (ys, d) = (xs, c)
}}
"
        ));
    }
}

#[test]
fn prefixes_of_structs_are_stacked_structs() {
    assert_equal_entries::<Exact>(
        "
struct Map { a: f64[2], b: f64[] }
graph compose(f: Map, g: Map) -> (h: Map) {
    h.a = f.a * g.a
    h.b = g.b + sum(g.a) * f.b
}
entry x(p: Map[3]) -> (a: f64[3, 2], b: f64[3]) {
    ps = associative_scan(compose)(p)
    a = ps.a
    b = ps.b
}
entry y(p: Map[3]) -> (a: f64[3, 2], b: f64[3]) {
    q = compose(p[0], p[1])
    r = compose(q, p[2])
    a = reshape(concat(p[0].a, q.a, r.a, axis = 0), shape = [3, 2])
    b = concat(reshape(p[0].b, shape = [1]), reshape(q.b, shape = [1]), reshape(r.b, shape = [1]), axis = 0)
}
",
    );
}
