//! Integers whose cotangents graphs name in their `vjp` blocks: what is derived is what is written by hand, also after
//! the passes; and what has no derivative is refused where it stands.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

#[path = "support/equal.rs"]
mod equal;

use equal::assert_equal_entries;
use lgc_ir::autodiff::{AutodiffError, Carriers, jvp, vjp};
use lgc_ir::dtype::DType;
use lgc_ir::interpret::{Tensor, interpret};
use lgc_ir::lang::Options;
use lgc_ir::op::Op;
use lgc_ir::scalar::Exact;
use lgc_ir::shape::{Shape, Type};
use support::{module, read};

/// Products of integers with a rule of their own, and what says nothing of some.
const RULES: &str = "
graph times(n: i32[3], w: i32[3]) -> (y: i32[3]) { y = n * w } vjp(ct_y) -> (d_n, d_w) {
    d_n = ct_y * w
    d_w = ct_y * n
}
graph scaled(n: i32[3], w: i32[3]) -> (y: i32[3]) { y = n * w } vjp(ct_y) -> (d_n, _) { d_n = ct_y * w }
graph counted(n: i32[3], w: i32[3]) -> (y: i32[3], z: i32[3]) {
    y = n * w
    z = n + w
} vjp(ct_y, _) -> (d_n, d_w) {
    d_n = ct_y * w
    d_w = ct_y * n
}
graph quantised(x: f64[3]) -> (n: i32[3]) { n = cast(round(x), dtype = i32) } vjp(ct_n) -> (d_x) {
    d_x = cast(ct_n, dtype = f64)
}
graph restored(n: i32[3]) -> (x: f64[3]) { x = cast(n, dtype = f64) } vjp(ct_x) -> (d_n) {
    d_n = cast(round(ct_x), dtype = i32)
}
graph mixed(x: f64[3], n: i32[3]) -> (y: f64[3], m: i32[3]) {
    y = x * cast(n, dtype = f64)
    m = n * n
} vjp(ct_y, ct_m) -> (d_x, d_n) {
    d_x = ct_y * cast(n, dtype = f64)
    d_n = cast(round(ct_y * x), dtype = i32) + 2 * n * ct_m
}
";

/// That `f`, differentiated by n and w, yields what is written by hand.
#[track_caller]
fn assert_derived(graphs: &str, by_hand: &str) {
    let text = format!(
        "{RULES}{graphs}
entry derived(n: i32[3], w: i32[3], c: i32[3]) -> (y: i32[3], d_n: i32[3], d_w: i32[3]) {{
    (y, d_n, d_w) = vjp(f, wrt = [n, w])(n, w, c)
}}
entry by_hand(n: i32[3], w: i32[3], c: i32[3]) -> (y: i32[3], d_n: i32[3], d_w: i32[3]) {{ {by_hand} }}
"
    );
    for dtype in ["i32", "i64", "u32"] {
        assert_equal_entries::<Exact>(&text.replace("i32", dtype));
    }
}

#[test]
fn uses_of_an_integer_are_added_up() {
    assert_derived(
        "graph f(n: i32[3], w: i32[3]) -> (y: i32[3]) { y = times(n, w) + times(n, n) - times(w, n + n) + n }",
        "y = n * w + n * n - w * (n + n) + n; d_n = c * w + c * n + c * n - (c * w + c * w) + c; d_w = c * n - c * (n + n)",
    );
}

/// Sums wrap around, as those of the forward do.
#[test]
fn sums_of_cotangents_wrap_around() {
    for (dtype, name, large) in [(DType::I32, "i32", 1 << 30), (DType::I64, "i64", 1 << 62)] {
        let text = format!(
            "{RULES}
graph f(n: i32[3], w: i32[3]) -> (y: i32[3]) {{ y = times(n, w) + times(w, n) + times(n, w) }}
entry g(n: i32[3], w: i32[3], c: i32[3]) -> (d: i32[3]) {{ (y, d) = vjp(f, wrt = n)(n, w, c) }}
"
        );
        let module = module(&text.replace("i32", name));
        let tensor =
            |values: [i64; 3]| Tensor::<f64>::integers(Type::new(dtype, Shape::new([3])), values);
        let inputs = [
            tensor([5, 5, 5]),
            tensor([1, 2, -1]),
            tensor([large, large, 7]),
        ];
        let run = interpret::<f64>(&module.entries[0].graph, &(), &inputs).unwrap();
        // Three times 2ⁿ⁻², and six times.
        let expected = tensor([-large, -2 * large, -21]);
        assert_eq!(run.outputs()[0].as_ints(), expected.as_ints(), "{name}");
    }
}

#[test]
fn what_moves_elements_moves_cotangents() {
    assert_derived(
        "graph f(n: i32[3], w: i32[3]) -> (y: i32[3]) {
            pairs = transpose(reshape(concat(n, n, axis = 0), shape = [2, 3]), permutation = [1, 0])
            total = broadcast_in_dim(sum(pairs, axes = [1]), shape = [3], axes = [0])
            tail = pad(slice(w, start = [1], limit = [3]), low = [0], high = [1])
            chosen = select(w > 1, total, n)
            y = times(chosen, tail) - gather(n, stop_gradient(w) * 0, axis = 0)
        }",
        "
            tail = pad(slice(w, start = [1], limit = [3]), low = [0], high = [1])
            y = select(w > 1, n + n, n) * tail - broadcast_in_dim(slice(n, start = [0], limit = [1]), shape = [3], axes = [0])
            back = c * tail
            d_n = select(w > 1, back + back, back) - pad(sum(c, keepdims = true), low = [0], high = [2])
            d_w = pad(slice(c * select(w > 1, n + n, n), start = [0], limit = [2]), low = [1], high = [0])
        ",
    );
}

/// `_` says that there is none: what comes back to it ends.
#[test]
fn what_has_no_name_has_no_cotangent() {
    assert_derived(
        "graph f(n: i32[3], w: i32[3]) -> (y: i32[3]) { y = scaled(n, w) + stop_gradient(times(n, w)) }",
        "y = n * w + n * w; d_n = c * w; d_w = 0 * c",
    );
    assert_derived(
        "graph f(n: i32[3], w: i32[3]) -> (y: i32[3]) { (a, b) = counted(n, w); y = a + b }",
        "y = n * w + (n + w); d_n = c * w; d_w = c * n",
    );
}

#[test]
fn loops_branches_and_checkpoints_pass_cotangents_on() {
    let by_hand = "a = n * w; b = a * w; y = b * w; d_n = c * w * w * w; d_w = c * b + c * w * a + c * w * w * n";
    let unrolled = "y = times(times(times(n, w), w), w)";
    let turn = "graph turn(n: i32[3], w: i32[3]) -> (next: i32[3]) { next = times(n, w) }\n";
    let other = "graph other(n: i32[3], w: i32[3]) -> (y: i32[3]) { y = w - n }\n";
    for body in [
        unrolled,
        "y = checkpoint(turn)(checkpoint(turn)(turn(n, w), w), w)",
        "y = scan(turn, length = 3)(n, w)",
        "y = scan(checkpoint(turn), length = 3)(n, w)",
        "y = cond(turn, other)(sum(n * n) >= 0, turn(turn(n, w), w), w)",
        "y = cond(other, turn)(sum(n * n) < 0, scan(turn, length = 2)(n, w), w)",
    ] {
        let f = format!("graph f(n: i32[3], w: i32[3]) -> (y: i32[3]) {{ {body} }}");
        let text = format!("{turn}{other}{f}");
        assert_equal_entries::<Exact>(&format!(
            "{RULES}{text}
entry derived(n: i32[3], w: i32[3], c: i32[3]) -> (y: i32[3], d_n: i32[3], d_w: i32[3]) {{
    (y, d_n, d_w) = vjp(f, wrt = [n, w])(n, w, c)
}}
entry by_hand(n: i32[3], w: i32[3], c: i32[3]) -> (y: i32[3], d_n: i32[3], d_w: i32[3]) {{ {by_hand} }}
"
        ));
    }
    // Of a branch that only adds, and of slices that are stacked.
    assert_derived(
        &format!(
            "{other}graph sums(k: i32[], a: i32[]) -> (next: i32[], y: i32[]) {{ next = k + a; y = k - a }}
            graph f(n: i32[3], w: i32[3]) -> (y: i32[3]) {{
                (last, ys) = scan(sums, carry = k, over = a)(sum(n), times(n, w))
                y = cond(other, other)(sum(w * w) >= 0, ys, w)
            }}"
        ),
        "
            p = n * w
            s = broadcast_in_dim(sum(n), shape = [3], axes = [])
            before = pad(slice(p, start = [0], limit = [2]), low = [1], high = [0])
            first = pad(slice(p, start = [0], limit = [1]), low = [2], high = [0])
            y = w - (s + before + first - p)
            e = 0 - c
            after = pad(slice(e, start = [1], limit = [3]), low = [0], high = [1])
            last = pad(slice(e, start = [2], limit = [3]), low = [0], high = [2])
            d_p = after + last - e
            d_n = broadcast_in_dim(sum(e), shape = [3], axes = []) + d_p * w
            d_w = c + d_p * n
        ",
    );
}

/// From floats to integers and back, and rules that speak of both.
#[test]
fn floats_and_integers_meet_in_rules() {
    assert_equal_entries::<Exact>(&format!(
        "{RULES}
graph loss(x: f64[3], w: i32[3]) -> (l: f64[]) {{
    n = quantised(x)
    l = sum(2 * restored(times(n, w) + n))
}}
entry derived(x: f64[3], w: i32[3]) -> (l: f64[], d_x: f64[3], d_w: i32[3], d_n: i32[3]) {{
    (l, d_x, d_w, d_n) = value_and_grad(loss, wrt = [x, w, n])(x, w)
}}
entry by_hand(x: f64[3], w: i32[3]) -> (l: f64[], d_x: f64[3], d_w: i32[3], d_n: i32[3]) {{
    n = cast(round(x), dtype = i32)
    l = sum(2 * cast(n * w + n, dtype = f64))
    d_n = 2 * w + 2
    d_w = 2 * n
    d_x = cast(d_n, dtype = f64)
}}
"
    ));
    assert_equal_entries::<Exact>(&format!(
        "{RULES}
struct Pair {{ x: f64[3], n: i32[3] }}
graph f(p: Pair) -> (q: Pair) {{ (q.x, q.n) = mixed(p.x, p.n + p.n) }}
entry derived(p: Pair, c: Pair) -> (q: Pair, d: Pair) {{ (q, d) = vjp(f, wrt = p)(p, c) }}
entry by_hand(p: Pair, c: Pair) -> (q: Pair, d: Pair) {{
    n = p.n + p.n
    q.x = p.x * cast(n, dtype = f64)
    q.n = n * n
    d.x = c.x * cast(n, dtype = f64)
    d.n = 2 * (cast(round(c.x * p.x), dtype = i32) + 2 * n * c.n)
}}
"
    ));
}

/// The derivative of a rule is a derivative again: by integers where that calls graphs with rules.
#[test]
fn rules_that_call_rules_are_differentiated_again() {
    assert_equal_entries::<Exact>(&format!(
        "{RULES}
graph product(n: i32[3], w: i32[3]) -> (y: i32[3]) {{ y = times(n, w) }} vjp(ct_y) -> (d_n, d_w) {{
    d_n = times(ct_y, w)
    d_w = times(ct_y, n)
}}
graph slope(n: i32[3], w: i32[3], c: i32[3]) -> (d: i32[3]) {{ (y, d) = vjp(product, wrt = n)(n, w, c) }}
entry derived(n: i32[3], w: i32[3], c: i32[3], e: i32[3]) -> (d: i32[3], d_w: i32[3], d_c: i32[3]) {{
    (d, d_w, d_c) = vjp(slope, wrt = [w, c])(n, w, c, e)
}}
entry by_hand(n: i32[3], w: i32[3], c: i32[3], e: i32[3]) -> (d: i32[3], d_w: i32[3], d_c: i32[3]) {{
    d = c * w
    d_w = e * c
    d_c = e * w
}}
"
    ));
}

/// Programs in which no rule names an integer's cotangent mean what they meant: integers have none.
#[test]
fn integers_without_a_name_carry_nothing() {
    let text = "
graph floor_of(x: f32[3], n: i32[3]) -> (y: f32[3], m: i32[3]) {
    y = x * 2
    m = n * 2
} vjp(ct_y, _) -> (d_x, _) { d_x = 2 * ct_y }
entry f(x: f32[3], n: i32[3]) -> (y: f32[3], m: i32[3]) { (y, m) = floor_of(x, n + 1) }
";
    let module = module(text);
    let graph = &module.entries[0].graph;
    let carriers = Carriers::of(graph);
    assert!(!carriers.has(graph, graph.inputs()[1]));
    assert!(!carriers.takes(graph, graph.outputs()[1].value));
    // One cotangent, and nothing by the integer.
    assert_eq!(vjp(graph, &[0]).unwrap().inputs().len(), 3);
    assert!(vjp(graph, &[1]).is_err());
}

/// What cannot be differentiated is named with the op and its place, within loops and checkpoints too.
#[test]
fn refusals_name_the_op() {
    for (body, op) in [
        ("y = times(n * n, w)", "mul"),
        ("y = times(n, w) % 7", "rem"),
        (
            "y = broadcast_in_dim(reduce_max(times(n, w)), shape = [3], axes = [])",
            "reduce_max",
        ),
        (
            "y = cast(cast(times(n, w), dtype = i64), dtype = i32)",
            "convert",
        ),
        ("y = cumsum(times(n, w), axis = 0)", "cumsum"),
        ("y = gather(w, times(n, w), axis = 0)", "gather"),
        ("y = checkpoint(inner)(n, w)", "mul"),
        ("y = scan(inner, length = 2)(n, w)", "mul"),
        ("y = cond(times, inner)(sum(n) > 0, n, w)", "mul"),
    ] {
        let text = format!(
            "{RULES}
graph inner(n: i32[3], w: i32[3]) -> (y: i32[3]) {{ y = times(n * w, w) }}
entry f(n: i32[3], w: i32[3]) -> (y: i32[3]) {{ {body} }}"
        );
        let (module, diagnostics, sources) = read("test.graph", &text, &Options::default());
        assert!(diagnostics.is_empty(), "{}", diagnostics.plain(&sources));
        let error = vjp(&module.entries[0].graph, &[0]).unwrap_err();
        let AutodiffError::Integers { op: found, span } = error else {
            panic!("{body}: {error}");
        };
        let at = sources.text(span);
        assert!(found == op || op == "convert", "{body}: {found} at {at}");
        assert!(!at.is_empty(), "{body}");
    }
}

/// There is no forward mode by integers, nor through rules that speak of them; what reaches none has one.
#[test]
fn forward_mode_ends_at_rules_for_integers() {
    let text = format!(
        "{RULES}
graph halved(x: f64[3], n: i32[3]) -> (y: f64[3]) {{ y = x * restored(times(n, n)) / 2 }}
entry f(x: f64[3], n: i32[3]) -> (y: f64[3]) {{ y = halved(x, n) }}
entry g(x: f64[3], n: i32[3]) -> (y: f64[3]) {{ (y, m) = mixed(x, n) }}
entry h(x: f64[3], n: i32[3]) -> (y: f64[3]) {{ y = checkpoint(restored)(quantised(x)) }}"
    );
    let module = module(&text);
    let of = |entry: usize, wrt: usize| jvp(&module.entries[entry].graph, &[wrt]);
    let forward = of(0, 0).unwrap();
    // The calls stay, which nothing that varies reaches.
    let is_call = |op: &Op| matches!(op, Op::Call(_));
    assert_eq!(
        forward
            .nodes()
            .filter(|node| is_call(forward.op(*node)))
            .count(),
        2
    );
    assert!(matches!(of(0, 1), Err(AutodiffError::Missing(_))));
    for entry in [1, 2] {
        assert!(matches!(of(entry, 0), Err(AutodiffError::NoForward { .. })));
    }
}
