//! The standard library: every layer, cell, sequence and optimiser against a formula written out here, element by
//! element, and the laws of its derivatives.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use lgc_ir::diag::Diagnostics;
use lgc_ir::generate::sample_inputs;
use lgc_ir::interpret::{Tensor, interpret};
use lgc_ir::lang::{ast, parse, print, standard};
use lgc_ir::laws::{Law, Options, Report, check_graph};
use lgc_ir::module::Entry;
use lgc_ir::scalar::Exact;
use lgc_ir::span::SourceMap;
use support::{module, round_trip};

/// The only entry of a text.
fn entry(text: &str) -> Entry {
    let module = module(text);
    round_trip(&module);
    module.entries.into_iter().next().unwrap()
}

/// Different numbers in (−1, 1), none of them near zero.
fn numbers(count: usize, seed: u64) -> Vec<f64> {
    let at = |i: usize| {
        let mixed = (i as u64 + 1 + 1000 * seed).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
        let unit = mixed as f64 / (1u64 << 24) as f64;
        (0.1 + 0.8 * unit) * if mixed.is_multiple_of(2) { 1.0 } else { -1.0 }
    };
    (0..count).map(at).collect()
}

/// Runs an entry on inputs made by `numbers`; the inputs and the outputs.
fn run(entry: &Entry) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
    let inputs = entry.graph.inputs().iter();
    let counts = inputs.map(|input| entry.graph.ty(*input).elements());
    let inputs = counts
        .zip(0..)
        .map(|(count, seed)| numbers(count as usize, seed));
    let inputs: Vec<Vec<f64>> = inputs.collect();
    let outputs = run_on(entry, &inputs);
    (inputs, outputs)
}

/// The outputs of an entry.
fn run_on(entry: &Entry, inputs: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let graph = &entry.graph;
    let types = graph.inputs().iter().map(|input| graph.ty(*input).clone());
    let inputs = types
        .zip(inputs)
        .map(|(ty, x)| Tensor::numbers(ty, x.clone()));
    let inputs: Vec<Tensor<f64>> = inputs.collect();
    let values = interpret::<f64>(graph, &(), &inputs).unwrap();
    let outputs = values.outputs().into_iter();
    outputs.map(|y| y.as_numbers().to_vec()).collect()
}

#[track_caller]
fn assert_close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (at, (x, y)) in found.iter().zip(expected).enumerate() {
        let close = (x - y).abs() <= 2e-6 * (1.0 + y.abs());
        assert!(close, "element {at}: {x}, expected {y}");
    }
}

/// The laws of the derivatives of an entry hold, and those named were not skipped.
#[track_caller]
fn assert_laws(entry: &Entry, settled: &[Law]) {
    let options = Options {
        points: 1,
        ..Options::default()
    };
    let report = check_graph(entry, &options, &mut |_| {}).unwrap();
    assert!(!Report::failed(&report), "{report}");
    for (law, outcome) in &report.laws {
        assert!(!settled.contains(law) || !outcome.is_skipped(), "{report}");
    }
}

const FIRST_ORDER: &[Law] = &[Law::Adjoint, Law::Tangent, Law::Witness];

/// x·w + b for rows of x.
fn affine(x: &[f64], w: &[f64], b: &[f64]) -> Vec<f64> {
    let (outs, ins) = (b.len(), w.len() / b.len());
    let mut y = Vec::new();
    for row in x.chunks(ins) {
        for (o, bias) in b.iter().enumerate() {
            let products = row.iter().enumerate().map(|(i, x)| x * w[i * outs + o]);
            y.push(products.sum::<f64>() + bias);
        }
    }
    y
}

fn each(x: &[f64], f: impl Fn(f64) -> f64) -> Vec<f64> {
    x.iter().map(|&x| f(x)).collect()
}

fn pairwise(x: &[f64], y: &[f64], f: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    x.iter().zip(y).map(|(&x, &y)| f(x, y)).collect()
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

#[test]
fn the_files_are_canonical_and_everything_in_them_is_documented() {
    for (name, text) in standard::FILES {
        let mut sources = SourceMap::new();
        let file = sources.add(*name, *text).unwrap();
        let tree = parse(file, text, &mut Diagnostics::new());
        assert_eq!(print(&tree), *text, "{name}");
        for item in &tree.items {
            let documented = matches!(item, ast::Item::Use(_)) || !item.docs().is_empty();
            assert!(documented, "`{}` in {name}", item.name().name);
        }
    }
}

#[test]
fn linear_and_mlp() {
    let linear = entry(
        "use \"std/layers.graph\"
        entry f(x: f32[2, 3], p: Linear[3, 4]) -> (y: f32[2, 4]) { y = linear(x, p) }",
    );
    let (x, y) = run(&linear);
    assert_close(&y[0], &affine(&x[0], &x[1], &x[2]));
    assert_laws(&linear, FIRST_ORDER);

    let mlp = entry(
        "use \"std/layers.graph\"
        entry f(x: f32[2, 3], p: Mlp[3, 4, 2, 2]) -> (y: f32[2, 2]) { y = mlp(x, p) }",
    );
    let (x, y) = run(&mlp);
    let relu = |x: Vec<f64>| each(&x, |x| x.max(0.0));
    let mut h = relu(affine(&x[0], &x[1], &x[2]));
    for layer in 0..2 {
        h = relu(affine(&h, &x[3 + 2 * layer], &x[4 + 2 * layer]));
    }
    assert_close(&y[0], &affine(&h, &x[7], &x[8]));
    assert_laws(&mlp, FIRST_ORDER);
}

#[test]
fn norms() {
    let layer = entry(
        "use \"std/layers.graph\"
        entry f(x: f32[3, 4], p: LayerNorm[4]) -> (y: f32[3, 4]) { y = normalize(x, p) }",
    );
    let (x, y) = run(&layer);
    let rows = x[0].chunks(4).flat_map(|row| {
        let mean = row.iter().sum::<f64>() / 4.0;
        let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 4.0;
        let normal = row
            .iter()
            .map(move |x| (x - mean) / (variance + 1e-5).sqrt());
        normal.collect::<Vec<_>>()
    });
    let scaled = rows
        .enumerate()
        .map(|(at, n)| n * x[1][at % 4] + x[2][at % 4]);
    assert_close(&y[0], &scaled.collect::<Vec<_>>());
    assert_laws(&layer, FIRST_ORDER);
}

/// Attention of one sequence, position by position and head by head.
fn attention(x: &[Vec<f64>], features: usize, heads: usize, causal: bool) -> Vec<f64> {
    let [q, k, v] = [1, 3, 5].map(|at| affine(&x[0], &x[at], &x[at + 1]));
    let (positions, size) = (x[0].len() / features, features / heads);
    let mut mixed = vec![0.0; x[0].len()];
    for head in 0..heads {
        for i in 0..positions {
            let seen = if causal { i + 1 } else { positions };
            let score = |j: usize| {
                let products = (0..size).map(|c| {
                    let at = head * size + c;
                    q[i * features + at] * k[j * features + at]
                });
                (products.sum::<f64>() / (size as f64).sqrt()).exp()
            };
            let weights: Vec<f64> = (0..seen).map(score).collect();
            let total: f64 = weights.iter().sum();
            for (j, weight) in weights.iter().enumerate() {
                for at in head * size..(head + 1) * size {
                    mixed[i * features + at] += weight / total * v[j * features + at];
                }
            }
        }
    }
    affine(&mixed, &x[7], &x[8])
}

#[test]
fn attention_with_and_without_causality() {
    for causal in [false, true] {
        let text = |extents: &str| {
            format!(
                "use \"std/layers.graph\"
                entry f(x: f32[{extents}], p: Attention[4, 2]) -> (y: f32[{extents}]) {{
                    y = attention(x, p, causal = {causal})
                }}"
            )
        };
        let (x, y) = run(&entry(&text("1, 3, 4")));
        assert_close(&y[0], &attention(&x, 4, 2, causal));
        // A batch is attended to sequence by sequence.
        let (x, y) = run(&entry(&text("2, 3, 4")));
        for (sequence, y) in y[0].chunks(12).enumerate() {
            let mut alone = x.clone();
            alone[0] = x[0][12 * sequence..12 * (sequence + 1)].to_vec();
            assert_close(y, &attention(&alone, 4, 2, causal));
        }
        assert_laws(&entry(&text("1, 2, 4")), &[Law::Adjoint]);
    }
}

/// What a gate makes of input and state.
fn gate(x: &[f64], h: &[f64], p: &[Vec<f64>]) -> Vec<f64> {
    let zero = vec![0.0; p[2].len()];
    let from_state = affine(h, &p[1], &zero);
    pairwise(&affine(x, &p[0], &p[2]), &from_state, |x, y| x + y)
}

#[test]
fn cells() {
    let rnn = entry(
        "use \"std/cells.graph\"
        entry f(x: f32[2, 3], h: f32[2, 4], p: Gate[3, 4]) -> (y: f32[2, 4]) { y = rnn_cell(x, h, p) }",
    );
    let (x, y) = run(&rnn);
    assert_close(&y[0], &each(&gate(&x[0], &x[1], &x[2..]), f64::tanh));
    assert_laws(&rnn, FIRST_ORDER);

    let gru = entry(
        "use \"std/cells.graph\"
        entry f(x: f32[2, 3], h: f32[2, 4], p: Gru[3, 4]) -> (y: f32[2, 4]) { y = gru_cell(x, h, p) }",
    );
    let (x, y) = run(&gru);
    let [r, z] = [2, 5].map(|at| each(&gate(&x[0], &x[1], &x[at..]), sigmoid));
    let seen = pairwise(&r, &x[1], |r, h| r * h);
    let candidate = each(&gate(&x[0], &seen, &x[8..]), f64::tanh);
    let kept = pairwise(&z, &x[1], |z, h| z * h);
    let new = pairwise(&z, &candidate, |z, c| (1.0 - z) * c);
    assert_close(&y[0], &pairwise(&kept, &new, |x, y| x + y));
    assert_laws(&gru, FIRST_ORDER);

    let lstm = entry(
        "use \"std/cells.graph\"
        entry f(x: f32[2, 3], h: f32[2, 4], c: f32[2, 4], p: Lstm[3, 4]) -> (y: f32[2, 4], m: f32[2, 4]) {
            (y, m) = lstm_cell(x, h, c, p)
        }",
    );
    let (x, y) = run(&lstm);
    let [i, f, o] = [3, 6, 9].map(|at| each(&gate(&x[0], &x[1], &x[at..]), sigmoid));
    let candidate = each(&gate(&x[0], &x[1], &x[12..]), f64::tanh);
    let kept = pairwise(&f, &x[2], |f, c| f * c);
    let taken = pairwise(&i, &candidate, |i, c| i * c);
    let memory = pairwise(&kept, &taken, |x, y| x + y);
    assert_close(&y[1], &memory);
    assert_close(&y[0], &pairwise(&o, &memory, |o, m| o * m.tanh()));
    assert_laws(&lstm, FIRST_ORDER);
}

/// The networks over three steps, written out step by step: the outputs, and the last states.
const UNROLLED: &str = "
use \"std/sequences.graph\"
graph taken(xs: f32[3, 1, 1]) -> (a: f32[1, 1], b: f32[1, 1], c: f32[1, 1]) {
    a = reshape(slice(xs, start = [0, 0, 0], limit = [1, 1, 1]), shape = [1, 1])
    b = reshape(slice(xs, start = [1, 0, 0], limit = [2, 1, 1]), shape = [1, 1])
    c = reshape(slice(xs, start = [2, 0, 0], limit = [3, 1, 1]), shape = [1, 1])
}
graph unrolled_rnn(xs: f32[3, 1, 1], h: f32[1, 2], p: Gate[1, 2]) -> (ys: f32[3, 1, 2], last: f32[1, 2]) {
    (x, y, z) = taken(xs)
    a = rnn_cell(x, h, p)
    b = rnn_cell(y, a, p)
    last = rnn_cell(z, b, p)
    ys = reshape(concat(a, b, last, axis = 0), shape = [3, 1, 2])
}
graph unrolled_gru(xs: f32[3, 1, 1], h: f32[1, 2], p: Gru[1, 2]) -> (ys: f32[3, 1, 2], last: f32[1, 2]) {
    (x, y, z) = taken(xs)
    a = gru_cell(x, h, p)
    b = gru_cell(y, a, p)
    last = gru_cell(z, b, p)
    ys = reshape(concat(a, b, last, axis = 0), shape = [3, 1, 2])
}
graph unrolled_gru_after(xs: f32[3, 1, 1], h: f32[1, 2], p: GruAfter[1, 2]) -> (
    ys: f32[3, 1, 2],
    last: f32[1, 2],
) {
    (x, y, z) = taken(xs)
    a = gru_cell_after(x, h, p)
    b = gru_cell_after(y, a, p)
    last = gru_cell_after(z, b, p)
    ys = reshape(concat(a, b, last, axis = 0), shape = [3, 1, 2])
}
graph unrolled_lstm(xs: f32[3, 1, 1], h: f32[1, 2], m: f32[1, 2], p: Lstm[1, 2]) -> (
    ys: f32[3, 1, 2],
    last: f32[1, 2],
    memory: f32[1, 2],
) {
    (x, y, z) = taken(xs)
    (a, k) = lstm_cell(x, h, m, p)
    (b, l) = lstm_cell(y, a, k, p)
    (last, memory) = lstm_cell(z, b, l, p)
    ys = reshape(concat(a, b, last, axis = 0), shape = [3, 1, 2])
}
";

/// The networks, with the types of their parameters and the names of their states and last states.
const NETWORKS: [(&str, &str, &[&str], &[&str]); 4] = [
    ("rnn", "Gate", &["h"], &["last"]),
    ("gru", "Gru", &["h"], &["last"]),
    ("gru_after", "GruAfter", &["h"], &["last"]),
    ("lstm", "Lstm", &["h", "m"], &["last", "memory"]),
];

/// What a network of one of these names computes, and the gradients of a loss of that by all it takes.
fn through_time(network: &str, prefix: &str, attributes: &str) -> Entry {
    let known = NETWORKS.iter().find(|known| known.0 == network);
    let (_, params, states, lasts) = known.unwrap();
    let typed = |names: &[&str]| {
        let typed: Vec<String> = names
            .iter()
            .map(|name| format!("{name}: f32[1, 2]"))
            .collect();
        typed.join(", ")
    };
    let takes = format!("xs: f32[3, 1, 1], {}, p: {params}[1, 2]", typed(states));
    let yields = format!("ys: f32[3, 1, 2], {}", typed(lasts));
    let (given, results) = (states.join(", "), lasts.join(", "));
    let squares: Vec<String> = lasts
        .iter()
        .map(|last| format!("sum({last} * {last})"))
        .collect();
    let slopes: Vec<String> = states.iter().map(|state| format!("d{state}")).collect();
    let slope_types = typed(&slopes.iter().map(String::as_str).collect::<Vec<_>>());
    let slopes = slopes.join(", ");
    entry(&format!(
        "{UNROLLED}
        graph loss({takes}) -> (l: f32[], {yields}) {{
            (ys, {results}) = {prefix}{network}(xs, {given}, p{attributes})
            l = sum(ys * iota(shape = [3, 1, 2], axis = 0, dtype = f32)) + {}
        }}
        entry f({takes}) -> (l: f32[], {yields}, dxs: f32[3, 1, 1], {}, dp: {params}[1, 2]) {{
            (l, ys, {results}, dxs, {slopes}, dp) =
                value_and_grad(loss, wrt = [xs, {given}, p], of = l)(xs, {given}, p)
        }}",
        squares.join(" + "),
        slope_types,
    ))
}

/// The results of an entry over the rationals, with functions of them as symbols.
fn exactly(entry: &Entry) -> Vec<Vec<Exact>> {
    let inputs = sample_inputs(&entry.graph, |_, x| {
        Exact::rational((x * 4.0).round() as i64 * 2 + 1, 8)
    });
    let run = interpret(&entry.graph, &(), &inputs).unwrap();
    let outputs = run.outputs().into_iter();
    outputs.map(|y| y.as_numbers().to_vec()).collect()
}

#[test]
fn networks_over_time_are_their_cells_step_by_step() {
    for (network, ..) in NETWORKS {
        let [scanned, unrolled] = ["", "unrolled_"].map(|prefix| through_time(network, prefix, ""));
        let (found, expected) = (exactly(&scanned), exactly(&unrolled));
        assert_eq!(found.len(), expected.len());
        for (at, (x, y)) in found.iter().zip(&expected).enumerate() {
            assert_eq!(x, y, "result {at} of {network}");
        }
    }
}

#[test]
fn networks_run_backwards_in_time() {
    for (network, _, states, _) in NETWORKS {
        let [forwards, backwards] =
            ["", ", reverse = true"].map(|attributes| through_time(network, "", attributes));
        let (mut inputs, forward) = run(&forwards);
        inputs[0].reverse();
        let backward = run_on(&backwards, &inputs);
        let flipped: Vec<f64> = backward[1].chunks(2).rev().flatten().copied().collect();
        assert_close(&flipped, &forward[1]);
        for state in 0..states.len() {
            assert_close(&backward[2 + state], &forward[2 + state]);
        }
    }
}

/// The leaves of a struct of two tensors, which all optimisers are tried on.
const PAIR: &str = "struct Pair { a: f32[2], b: f32[2, 2][2] }\n";

#[test]
fn descent() {
    let sgd = entry(&format!(
        "use \"std/optimisers.graph\"
        {PAIR}
        entry f(p: Pair, d: Pair, rate: f32[]) -> (next: Pair) {{ next = sgd_step(p, d, rate) }}"
    ));
    let (x, y) = run(&sgd);
    let rate = x[6][0];
    for leaf in 0..3 {
        assert_close(
            &y[leaf],
            &pairwise(&x[leaf], &x[3 + leaf], |p, d| p - rate * d),
        );
    }
    assert_laws(&sgd, FIRST_ORDER);

    let momentum = entry(&format!(
        "use \"std/optimisers.graph\"
        {PAIR}
        entry f(p: Pair, d: Pair, v: Pair, rate: f32[]) -> (next: Pair, next_v: Pair) {{
            (next, next_v) = momentum_step(p, d, v, rate, mu = 0.75)
        }}"
    ));
    let (x, y) = run(&momentum);
    let (rate, mu) = (x[9][0], 0.75);
    for leaf in 0..3 {
        let velocity = pairwise(&x[6 + leaf], &x[3 + leaf], |v, d| mu * v + d);
        assert_close(
            &y[leaf],
            &pairwise(&x[leaf], &velocity, |p, v| p - rate * v),
        );
        assert_close(&y[3 + leaf], &velocity);
    }
    assert_laws(&momentum, FIRST_ORDER);
}

/// Three steps of Adam on one number, as its authors write them.
fn adam(p: f64, gradients: [f64; 3], decay: f64) -> (f64, f64, f64) {
    let (mut p, mut m, mut v) = (p, 0.0, 0.0);
    for (t, g) in (1..).zip(gradients) {
        m = 0.9 * m + 0.1 * g;
        v = 0.99 * v + 0.01 * g * g;
        let (m_hat, v_hat) = (m / (1.0 - 0.9f64.powi(t)), v / (1.0 - 0.99f64.powi(t)));
        p = p - 0.05 * decay * p - 0.05 * m_hat / (v_hat.sqrt() + 1e-8);
    }
    (p, m, v)
}

#[test]
fn adam_and_adamw() {
    for (step, extra, decay) in [("adam_step", "", 0.0), ("adamw_step", ", decay = 0.1", 0.1)] {
        let text = |v: &str, t: &str| {
            format!(
                "use \"std/optimisers.graph\"
                {PAIR}
                entry f(p: Pair, g: Pair, m: Pair, v: Pair, t: f32[]) -> (q: Pair, n: Pair, w: Pair) {{
                    (q, n, w) = {step}(p, g, m, {v}, {t}, 0.05, beta2 = 0.99{extra})
                }}"
            )
        };
        let once = entry(&text("v", "t"));
        let (first, _) = run(&once);
        let mut x = first.clone();
        for (t, factor) in (1..).zip([1.0, 2.0, 0.5]) {
            if t == 1 {
                x[6..12].iter_mut().for_each(|state| state.fill(0.0));
            }
            x[12] = vec![f64::from(t)];
            for leaf in 3..6 {
                x[leaf] = each(&first[leaf], |g| factor * g);
            }
            let y = run_on(&once, &x);
            x[..3].clone_from_slice(&y[..3]);
            x[6..12].clone_from_slice(&y[3..]);
        }
        for leaf in 0..3 {
            for (at, (&p, &g)) in first[leaf].iter().zip(&first[3 + leaf]).enumerate() {
                let (q, m, v) = adam(p, [g, 2.0 * g, 0.5 * g], decay);
                let found = [0, 6, 9].map(|first| x[first + leaf][at]);
                assert_close(&found, &[q, m, v]);
            }
        }
        // Means of squares are not negative, and steps count from 1.
        assert_laws(&entry(&text("v * v", "t * t + 1")), FIRST_ORDER);
    }
}

#[test]
fn sequences_are_mapped_position_by_position() {
    for (graph, single, params) in [
        ("sequence_linear", "linear", "Linear[4, 5]"),
        ("sequence_normalize", "normalize", "LayerNorm[4]"),
    ] {
        let out = if single == "linear" { 5 } else { 4 };
        let whole = entry(&format!(
            "use \"std/layers.graph\"
            entry f(x: f32[2, 3, 4], p: {params}) -> (y: f32[2, 3, {out}]) {{ y = {graph}(x, p) }}"
        ));
        let rows = entry(&format!(
            "use \"std/layers.graph\"
            entry f(x: f32[6, 4], p: {params}) -> (y: f32[6, {out}]) {{ y = {single}(x, p) }}"
        ));
        assert_eq!(run(&whole).1, run(&rows).1);
        assert_laws(&whole, FIRST_ORDER);
    }
}

#[test]
fn optimisers_take_tensors_and_arrays() {
    let text = |ty: &str| {
        format!(
            "use \"std/optimisers.graph\"
            struct One {{ w: f32[3] }}
            entry f(p: {ty}, g: {ty}, m: {ty}, v: {ty}, t: f32[]) -> (q: {ty}, n: {ty}, w: {ty}) {{
                (q, n, w) = adam_step(p, g, m, v * v, t, 0.05)
            }}"
        )
    };
    let expected = run(&entry(&text("One")));
    assert_eq!(run(&entry(&text("f32[3]"))), expected);
    assert_eq!(run(&entry(&text("f32[3][1]"))), expected);
}

#[test]
fn optimisers_take_any_struct_of_one_type() {
    let (_, diagnostics, sources) = support::read(
        "wrong.graph",
        "use \"std/optimisers.graph\"
        struct A { x: f32[2] }
        struct B { x: f32[2] }
        graph lost[P](x: f32[], y: P) -> (z: P) { z = y + x }
        entry f(a: A, b: B, n: f32[3], rate: f32[]) -> (next: A, m: f32[3]) {
            next = sgd_step(a, b, rate)
            m = sgd_step(n, n, rate)
            l = lost(rate, rate, rate)
        }",
        &lgc_ir::lang::Options::default(),
    );
    insta::assert_snapshot!(diagnostics.plain(&sources));
}

#[test]
fn gated_units_with_the_reset_after_the_map() {
    let after = entry(
        "use \"std/cells.graph\"
        entry f(x: f32[2, 3], h: f32[2, 4], p: GruAfter[3, 4]) -> (y: f32[2, 4]) {
            y = gru_cell_after(x, h, p)
        }",
    );
    let (x, y) = run(&after);
    let [r, z] = [2, 5].map(|at| each(&gate(&x[0], &x[1], &x[at..]), sigmoid));
    let seen = pairwise(&r, &affine(&x[1], &x[9], &x[11]), |r, seen| r * seen);
    let from_input = affine(&x[0], &x[8], &x[10]);
    let candidate = pairwise(&from_input, &seen, |x, h| (x + h).tanh());
    let kept = pairwise(&z, &x[1], |z, h| z * h);
    let new = pairwise(&z, &candidate, |z, c| (1.0 - z) * c);
    assert_close(&y[0], &pairwise(&kept, &new, |x, y| x + y));
    assert_laws(&after, FIRST_ORDER);

    // Where the map of the state multiplies each feature by one number, it commutes with the reset, and
    // both conventions are one.
    let both = entry(
        "use \"std/cells.graph\"
        entry f(x: f32[2, 3], h: f32[2, 4], p: Gru[3, 4], c: f32[], zero: f32[4]) -> (y: f32[2, 4], z: f32[2, 4]) {
            same = cast(iota(shape = [4, 4], axis = 0) == iota(shape = [4, 4], axis = 1), dtype = f32) * c
            candidate = Gate(input = p.candidate.input, state = same, bias = p.candidate.bias)
            q = Gru(reset = p.reset, update = p.update, candidate = candidate)
            y = gru_cell(x, h, q)
            z = gru_cell_after(x, h, GruAfter(gates = q, state_bias = 0 * zero))
        }",
    );
    let (_, y) = run(&both);
    assert_close(&y[0], &y[1]);
}

#[test]
fn selective_scan_goes_step_by_step() {
    let scan = entry(
        "use \"std/sequences.graph\"
        entry f(x: f32[4, 3], d: f32[4, 3], a: f32[3, 2], b: f32[4, 2], c: f32[4, 2], s: f32[3], h: f32[3, 2]) -> (
            y: f32[4, 3],
            last: f32[3, 2],
        ) { (y, last) = selective_scan(x, d, a, b, c, s, h) }",
    );
    let (x, y) = run(&scan);
    let (mut state, mut expected) = (x[6].clone(), Vec::new());
    for t in 0..4 {
        for channel in 0..3 {
            let (input, delta) = (x[0][3 * t + channel], x[1][3 * t + channel]);
            let step = delta.exp().ln_1p();
            let mut seen = x[5][channel] * input;
            for n in 0..2 {
                let at = 2 * channel + n;
                let kept = (step * x[2][at]).exp() * state[at];
                state[at] = kept + step * x[3][2 * t + n] * input;
                seen += x[4][2 * t + n] * state[at];
            }
            expected.push(seen);
        }
    }
    assert_close(&y[0], &expected);
    assert_close(&y[1], &state);
    assert_laws(&scan, FIRST_ORDER);
}

#[test]
fn clipping_decay_and_schedules() {
    let text = |limit: &str| {
        format!(
            "use \"std/optimisers.graph\"
            {PAIR}
            entry f(d: Pair) -> (clipped: Pair, norm: f32[]) {{ (clipped, norm) = clip_by_global_norm(d, {limit}) }}"
        )
    };
    for limit in [0.5, 100.0] {
        let clip = entry(&text(&format!("{limit:?}")));
        let (x, y) = run(&clip);
        let squares = x.iter().flatten().map(|x| x * x);
        let norm = squares.sum::<f64>().sqrt();
        assert_close(&y[3], &[norm]);
        let factor = (limit / norm).min(1.0);
        for leaf in 0..3 {
            assert_close(&y[leaf], &each(&x[leaf], |d| factor * d));
        }
        assert_laws(&clip, FIRST_ORDER);
    }
    let decay = entry(&format!(
        "use \"std/optimisers.graph\"
        {PAIR}
        entry f(d: Pair, p: Pair) -> (next: Pair) {{ next = add_weight_decay(d, p, decay = 0.25) }}"
    ));
    let (x, y) = run(&decay);
    assert_close(&y[1], &pairwise(&x[1], &x[4], |d, p| d + 0.25 * p));

    let rates = entry(
        "use \"std/optimisers.graph\"
        entry f(t: f32[]) -> (a: f32[], b: f32[], c: f32[]) {
            a = cosine_schedule(t, 0.5, 10, last = 0.25)
            b = warmup_linear(t, 0.5, 10)
            c = exponential_schedule(t, 0.5, 10)
        }",
    );
    for (t, expected) in [
        (0.0, [0.5, 0.0, 0.5]),
        (5.0, [0.3125, 0.25, 0.5 * 0.5f64.sqrt()]),
        (10.0, [0.125, 0.5, 0.25]),
        (20.0, [0.125, 0.5, 0.125]),
    ] {
        let y = run_on(&rates, &[vec![t]]);
        assert_close(&y.concat(), &expected);
    }
}

#[test]
fn convolution_with_bias_and_running_statistics() {
    let conv = entry(
        "use \"std/layers.graph\"
        entry f(x: f32[1, 2, 3, 4], p: Conv2d[2, 3, 2, 3]) -> (y: f32[1, 3, 2, 2]) { y = conv2d(x, p) }",
    );
    let (x, y) = run(&conv);
    let mut expected = Vec::new();
    for filter in 0..3 {
        for (row, column) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let mut sum = x[2][filter];
            for (c, k, l) in (0..12).map(|at| (at / 6, at / 3 % 2, at % 3)) {
                sum += x[1][filter * 12 + c * 6 + k * 3 + l]
                    * x[0][c * 12 + (row + k) * 4 + column + l];
            }
            expected.push(sum);
        }
    }
    assert_close(&y[0], &expected);
    assert_laws(&conv, FIRST_ORDER);

    let norm = entry(
        "use \"std/layers.graph\"
        entry f(x: f32[2, 2, 1, 3], p: LayerNorm[2], s: Statistics[2]) -> (y: f32[2, 2, 1, 3], next: Statistics[2]) {
            (y, next) = batch_norm_2d(x, p, s, momentum = 0.25)
        }",
    );
    let (x, y) = run(&norm);
    for channel in 0..2 {
        let at = |i: usize| i / 3 * 6 + channel * 3 + i % 3;
        let of: Vec<f64> = (0..6).map(|i| x[0][at(i)]).collect();
        let mean = of.iter().sum::<f64>() / 6.0;
        let variance = of.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 6.0;
        let kept = [
            0.75 * x[3][channel] + 0.25 * mean,
            0.75 * x[4][channel] + 0.25 * variance,
        ];
        assert_close(&[y[1][channel], y[2][channel]], &kept);
        for (i, &value) in of.iter().enumerate() {
            let normal = (value - mean) / (variance + 1e-5).sqrt();
            assert_close(&[y[0][at(i)]], &[normal * x[1][channel] + x[2][channel]]);
        }
    }
    assert_laws(&norm, FIRST_ORDER);
}

#[test]
fn multi_head_attention_is_attention_where_no_heads_are_shared() {
    for causal in [false, true] {
        let heads = entry(&format!(
            "use \"std/layers.graph\"
            entry f(x: f32[1, 3, 4], p: MultiHeadAttention[4, 2, 2, 2]) -> (y: f32[1, 3, 4]) {{
                y = multi_head_attention(x, x, p, causal = {causal})
            }}"
        ));
        let (x, y) = run(&heads);
        assert_close(&y[0], &attention(&x, 4, 2, causal));
    }
    // Two heads of queries that share one of keys and values.
    let shared = entry(
        "use \"std/layers.graph\"
        entry f(x: f32[2, 2, 4], y: f32[2, 3, 4], p: MultiHeadAttention[4, 2, 1, 3]) -> (z: f32[2, 2, 4]) {
            z = multi_head_attention(x, y, p)
        }",
    );
    assert_laws(&shared, &[Law::Adjoint]);
}
