//! Loops and branches: they stay what they are, whatever their operands and results are.

use super::checkpoint::graph_of;
use super::*;
use crate::kernel::Step;

/// The loops and choices of a program, however deep.
fn controls(program: &Program) -> [usize; 2] {
    let mut open: Vec<&Step> = program.steps.iter().collect();
    let mut found = [0; 2];
    while let Some(step) = open.pop() {
        found[0] += usize::from(matches!(step, Step::Loop { .. }));
        found[1] += usize::from(matches!(step, Step::If { .. }));
        open.extend(step.inner().flatten());
    }
    found
}

const LSTM: &str = "
    graph cell(h: f64[2, 5], c: f64[2, 5], x: f64[2, 3], w: f64[3, 20], u: f64[5, 20], b: f64[20])
        -> (h2: f64[2, 5], c2: f64[2, 5], y: f64[2, 5]) {
        z = x @ w + h @ u + b
        i = sigmoid(slice(z, start = [0, 0], limit = [2, 5]))
        f = sigmoid(slice(z, start = [0, 5], limit = [2, 10]))
        g = tanh(slice(z, start = [0, 10], limit = [2, 15]))
        o = sigmoid(slice(z, start = [0, 15], limit = [2, 20]))
        c2 = f * c + i * g
        h2 = o * tanh(c2)
        y = h2 * 2
    }
    graph loss(xs: f64[7, 2, 3], w: f64[3, 20], u: f64[5, 20], b: f64[20]) -> (l: f64[]) {
        zero: f64[2, 5] = broadcast_in_dim(0 * sum(b), shape = [2, 5], axes = [])
        (h, c, ys) = scan(CELL, carry = [h, c], over = x)(zero, zero, xs, w, u, b)
        l = sum(ys * ys) + sum(h * c)
    }
    entry gradient(xs: f64[7, 2, 3], w: f64[3, 20], u: f64[5, 20], b: f64[20])
        -> (l: f64[], dx: f64[7, 2, 3], dw: f64[3, 20], du: f64[5, 20], db: f64[20]) {
        (l, dx, dw, du, db) = value_and_grad(loss, wrt = [xs, w, u, b])(xs, w, u, b)
    }";

fn lstm(cell: &str) -> String {
    LSTM.replace("CELL", cell)
}

#[test]
fn gradients_through_time_are_two_loops() {
    let lowering = check(&graph_of(&lstm("cell")));
    assert_eq!(controls(&lowering.program), [2, 0]);
    let again = check(&graph_of(&lstm("checkpoint(cell)")));
    assert_eq!(controls(&again.program), [2, 0]);
    assert!(again.program.workspace < lowering.program.workspace);
}

/// Of n turns in chunks, about √n values are kept.
#[test]
fn chunks_need_a_smaller_workspace() {
    let text = |scan: &str, xs: &str| {
        format!(
            "graph cell(h: f64[64], x: f64[64]) -> (next: f64[64]) {{ next = sin(h * x) }}
            graph loss(h: f64[64], xs: f64[256, 64]) -> (l: f64[]) {{ l = sum({scan}(h, {xs})) }}
            entry slope(h: f64[64], xs: f64[256, 64]) -> (d: f64[64]) {{ d = grad(loss, wrt = h)(h, xs) }}"
        )
    };
    let signature = Signature::pure("entry");
    let workspace = |text: String| {
        let lowering = lower(&graph_of(&text), &signature, &Target::BITS_128).unwrap();
        assert!(verify(&lowering.program).is_ok());
        lowering.program.workspace
    };
    let kept = workspace(text("scan(cell)", "xs"));
    let chunks = "reshape(xs, shape = [16, 16, 64])";
    let chunked = workspace(text("scan(checkpoint(scan(cell)))", chunks));
    let input = 256 * 64 * 8;
    // The chunks of the input are the input itself, or a copy of it.
    assert!(
        kept >= input && chunked < input + input / 2,
        "{kept} {chunked}"
    );
}

#[test]
fn the_program_does_not_grow_with_the_turns() {
    let lowered = |turns: u64| {
        let text = lstm("cell").replace("[7, 2, 3]", &format!("[{turns}, 2, 3]"));
        let signature = Signature::pure("entry");
        lower(&graph_of(&text), &signature, &Target::BITS_128).unwrap()
    };
    let (few, many) = (lowered(10), lowered(100_000));
    assert_eq!(few.program.kernels.len(), many.program.kernels.len());
    assert_eq!(launches(&few.program), launches(&many.program));
    assert!(verify(&many.program).is_ok());
}

/// Views, constants, one tensor twice, results that nothing reads, parameters as results, values that
/// change places.
#[test]
fn operands_and_results_are_whatever_they_are() {
    let lowering = check(&graph_of(
        "graph turn(a: f64[3], b: f64[3], n: i32[], x: f64[3], y: f64[3], w: f64[3], v: f64[3])
            -> (p: f64[3], q: f64[3], m: i32[], r: f64[3], s: f64[3], t: f64[3]) {
            p = b
            q = a * w + v
            m = n + 1
            r = x
            s = y * a
            t = w
        }
        entry run(a: f64[3], xs: f64[3, 4])
            -> (p: f64[3], q: f64[3], m: i32[], r: f64[4, 3], s: f64[4, 3], also: f64[4, 3]) {
            xt = transpose(xs, permutation = [1, 0])
            zero: i32[] = 0
            one: f64[3] = broadcast_in_dim(1 + 0 * sum(a), shape = [3], axes = [])
            w: f64[3] = [1, 2, 3]
            (p, q, m, r, s, t) =
                scan(turn, carry = [a, b, n], over = [x, y], reverse = true)(a, a, zero, xt, xt * 2, w, one)
            also = s
        }",
    ));
    assert_eq!(controls(&lowering.program), [1, 0]);
}

#[test]
fn loops_nest_and_choose() {
    let lowering = check(&graph_of(
        "graph up(x: f64[2], w: f64[2]) -> (y: f64[2]) { y = x * w + 1 }
        graph down(x: f64[2], w: f64[2]) -> (y: f64[2]) { y = x - w }
        graph turn(h: f64[2], x: f64[2]) -> (next: f64[2], y: f64[]) {
            next = cond(up, down)(sum(h) < 3, h, x)
            y = sum(next)
        }
        graph rows(h: f64[2], xs: f64[3, 2]) -> (next: f64[2], ys: f64[3]) {
            (next, ys) = scan(turn)(h, xs)
        }
        graph loss(h: f64[2], xs: f64[4, 3, 2]) -> (l: f64[]) {
            (last, ys) = scan(rows)(h, xs)
            l = sum(last) + sum(ys * ys)
        }
        entry gradient(h: f64[2], xs: f64[4, 3, 2]) -> (l: f64[], dh: f64[2], dx: f64[4, 3, 2]) {
            (l, dh, dx) = value_and_grad(loss, wrt = [h, xs])(h, xs)
        }",
    ));
    assert_eq!(controls(&lowering.program), [4, 2]);
}

/// A check inside a loop comes before anything outside is updated in place.
#[test]
fn checks_in_loops_come_before_updates() {
    let graph = graph_of(
        "graph turn(h: f64[3], i: i32[], table: f64[5, 3]) -> (next: f64[3]) {
            next = h + gather(table, i, axis = 0)
        }
        entry step(inout h: f64[3], is: i32[4], table: f64[5, 3]) -> (y: f64[3]) {
            y = scan(turn, carry = h, over = i)(h, is, table)
            h' = h * 2
        }",
    );
    let next = vec![None, Some(0)];
    let signature = Signature {
        next,
        ..Signature::pure("entry")
    };
    let lowering = check_with(&graph, &signature, &samples(&graph));
    let at = |wanted: fn(&Step) -> bool| lowering.program.steps.iter().rposition(wanted);
    let last_loop = at(|step| matches!(step, Step::Loop { .. }));
    let last_launch = at(|step| matches!(step, Step::Launch { .. }));
    assert!(last_loop < last_launch, "{}", lowering.program);
}
