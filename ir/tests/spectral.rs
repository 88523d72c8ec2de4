//! Fourier transforms: against their definition, against NumPy, and what they cost.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use lgc_ir::autodiff::gradient;
use lgc_ir::graph::{Graph, Value};
use lgc_ir::interpret::{Tensor, interpret};
use lgc_ir::op::Family;
use lgc_ir::rewrite::decompose;
use std::f64::consts::TAU;
use support::{module, round_trip};

/// The only graph of a text.
fn graph(text: &str) -> Graph {
    let module = module(text);
    round_trip(&module);
    module.entries[0].graph.clone()
}

fn run(graph: &Graph, inputs: &[&[f64]]) -> Vec<Vec<f64>> {
    let tensors = graph.inputs().iter().zip(inputs);
    let tensors = tensors.map(|(input, x)| Tensor::numbers(graph.ty(*input).clone(), x.to_vec()));
    let tensors: Vec<Tensor<f64>> = tensors.collect();
    let run = interpret::<f64>(graph, &(), &tensors).unwrap();
    let outputs = run.outputs().into_iter();
    outputs.map(|tensor| tensor.as_numbers().to_vec()).collect()
}

/// Numbers between −1 and 1.
fn numbers(count: usize, seed: u64) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let next = |_| {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    };
    (0..count).map(next).collect()
}

/// Σ x_j exp(sign·2πi jk/n), by the definition; jk is reduced exactly.
fn by_definition(x: &[f64], sign: f64) -> Vec<f64> {
    let n = x.len() / 2;
    let bin = |k: usize| {
        let mut sum = [0.0, 0.0];
        for j in 0..n {
            let (s, c) = (sign * TAU * (j * k % n) as f64 / n as f64).sin_cos();
            sum[0] += x[2 * j] * c - x[2 * j + 1] * s;
            sum[1] += x[2 * j] * s + x[2 * j + 1] * c;
        }
        sum
    };
    (0..n).flat_map(bin).collect()
}

/// The largest difference, over the root of the mean square of what is expected.
fn error(found: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let squares: f64 = expected.iter().map(|x| x * x).sum();
    let size = (squares / expected.len() as f64).sqrt();
    let differences = found.iter().zip(expected).map(|(x, y)| (x - y).abs());
    differences.fold(0.0, f64::max) / size.max(f64::MIN_POSITIVE)
}

/// Lengths that go in one step, in several with all kinds of factors, and by Bluestein's algorithm
/// alone and after a step.
const LENGTHS: [usize; 27] = [
    1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 16, 17, 18, 20, 31, 32, 37, 45, 49, 64, 74, 97, 100, 111,
    128, 210,
];

#[test]
fn complex_transforms_are_what_they_are_defined_as() {
    for n in LENGTHS {
        let text = format!(
            "entry f(x: f64[{n}, 2]) -> (y: f64[{n}, 2], z: f64[{n}, 2], back: f64[{n}, 2]) {{
                y = fft(x)
                z = ifft(x)
                back = ifft(y)
            }}"
        );
        let x = numbers(2 * n, n as u64);
        let found = run(&graph(&text), &[&x]);
        // The definition itself has errors that grow with n.
        let bound = 1e-15 * (n as f64).sqrt() + 2e-15;
        let forward = by_definition(&x, -1.0);
        assert!(
            error(&found[0], &forward) < bound,
            "fft of {n}: {}",
            error(&found[0], &forward)
        );
        let inverse: Vec<f64> = by_definition(&x, 1.0)
            .iter()
            .map(|x| x / n as f64)
            .collect();
        assert!(
            error(&found[1], &inverse) < bound,
            "ifft of {n}: {}",
            error(&found[1], &inverse)
        );
        assert!(
            error(&found[2], &x) < 4e-15,
            "back from {n}: {}",
            error(&found[2], &x)
        );
    }
}

#[test]
fn real_transforms_are_half_of_the_complex_ones() {
    for n in LENGTHS {
        let bins = n / 2 + 1;
        let text = format!(
            "entry f(x: f64[{n}], z: f64[{bins}, 2]) -> (y: f64[{bins}, 2], back: f64[{n}], r: f64[{n}]) {{
                y = rfft(x)
                back = irfft(y, n = {n})
                r = irfft(z, n = {n})
            }}"
        );
        let (x, z) = (numbers(n, 3 + n as u64), numbers(2 * bins, 5 + n as u64));
        let found = run(&graph(&text), &[&x, &z]);
        let complex: Vec<f64> = x.iter().flat_map(|&x| [x, 0.0]).collect();
        let all = by_definition(&complex, -1.0);
        let bound = 1e-15 * (n as f64).sqrt() + 2e-15;
        assert!(error(&found[0], &all[..2 * bins]) < bound, "rfft of {n}");
        assert_eq!(found[0][1], 0.0, "bin 0 of {n} is real");
        assert!(
            n % 2 == 1 || found[0][n + 1] == 0.0,
            "bin {} of {n} is real",
            n / 2
        );
        assert!(error(&found[1], &x) < 4e-15, "irfft of rfft of {n}");
        // Each inner bin and its conjugate; of the others the real parts.
        let mut whole = vec![0.0; 2 * n];
        for k in 0..bins {
            let ends = k == 0 || 2 * k == n;
            let (re, im) = (z[2 * k], if ends { 0.0 } else { z[2 * k + 1] });
            let opposite = (n - k) % n;
            (whole[2 * opposite], whole[2 * opposite + 1]) = (re, -im);
            (whole[2 * k], whole[2 * k + 1]) = (re, im);
        }
        let inverse = by_definition(&whole, 1.0);
        let real: Vec<f64> = inverse.iter().step_by(2).map(|x| x / n as f64).collect();
        assert!(error(&found[2], &real) < bound, "irfft of {n}");
    }
}

/// NumPy 2.4.6: `np.fft.rfft`, `np.fft.irfft`.
#[test]
fn real_transforms_are_those_of_numpy() {
    let text = "entry f(x: f64[7], y: f64[6], z: f64[4, 2]) -> (
        a: f64[4, 2], b: f64[4, 2], c: f64[6], d: f64[7],
    ) {
        a = rfft(x)
        b = rfft(y)
        c = irfft(z, n = 6)
        d = irfft(z, n = 7)
    }";
    let x = [1.0, -2.0, 0.5, 3.0, 0.25, -1.5, 2.0];
    let z = [1.0, 9.0, 2.0, -1.0, -0.5, 0.25, 3.0, 7.0];
    let found = run(&graph(text), &[&x, &x[..6], &z]);
    let expected: [&[f64]; 4] = [
        &[
            3.25,
            0.0,
            -1.705_627_886_726_547_5,
            -0.015_710_177_064_812_703,
            3.927_310_723_943_303,
            6.917_515_703_749_492,
            -0.346_682_837_216_755_3,
            0.618_146_162_906_277_2,
        ],
        &[
            1.25,
            0.0,
            -4.125,
            0.216_506_350_946_109_72,
            5.375,
            0.649_519_052_838_329,
            2.25,
            0.0,
        ],
        &[
            1.166_666_666_666_666_5,
            0.299_839_684_279_442_96,
            0.777_510_584_910_182_7,
            -1.166_666_666_666_666_5,
            0.055_822_748_423_150_6,
            -0.133_173_017_612_776_4,
        ],
        &[
            1.428_571_428_571_428_4,
            -0.955_358_057_831_990_2,
            2.552_037_484_529_201,
            -2.421_828_346_897_528,
            1.118_259_524_838_586_3,
            -1.194_373_500_749_325_7,
            0.472_691_467_539_628_43,
        ],
    ];
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            error(found, expected) < 1e-15,
            "{found:?} is not {expected:?}"
        );
    }
}

#[test]
fn any_axis_is_transformed() {
    let text = "entry f(x: f64[3, 40, 2]) -> (
        a: f64[3, 21, 2, 2], b: f64[40, 3, 2, 2], c: f64[3, 40, 2], d: f64[3, 40, 2],
    ) {
        a = rfft(x, axis = 1)
        t = transpose(x, permutation = [1, 0, 2])
        y = pad(reshape(x, shape = [3, 40, 2, 1]), low = [0, 0, 0, 0], high = [0, 0, 0, 1])
        b = fft(transpose(y, permutation = [1, 0, 2, 3]), axis = 0)
        c = irfft(a, n = 40, axis = -2)
        d = fft(x, axis = 1)
    }";
    let x = numbers(240, 1);
    let found = run(&graph(text), &[&x]);
    for row in 0..3 {
        for column in 0..2 {
            let line: Vec<f64> = (0..40)
                .flat_map(|j| [x[(row * 40 + j) * 2 + column], 0.0])
                .collect();
            let expected = by_definition(&line, -1.0);
            let a: Vec<f64> = (0..42)
                .map(|i| found[0][((row * 21 + i / 2) * 2 + column) * 2 + i % 2])
                .collect();
            let b: Vec<f64> = (0..80)
                .map(|i| found[1][((i / 2 * 3 + row) * 2 + column) * 2 + i % 2])
                .collect();
            assert!(error(&a, &expected[..42]) < 1e-14);
            assert!(error(&b, &expected) < 1e-14);
        }
        let line = &x[row * 80..row * 80 + 80];
        assert!(
            error(
                &found[3][row * 80..row * 80 + 80],
                &by_definition(line, -1.0)
            ) < 1e-14
        );
    }
    assert!(error(&found[2], &x) < 1e-14);
}

/// Multiplications of a graph of primitives, roughly.
fn work(graph: &Graph) -> f64 {
    let (graph, _) = decompose(graph, &|_| false).unwrap();
    let cost = |node| {
        let elements = graph.ty(Value { node, result: 0 }).elements() as f64;
        match graph.op(node).family() {
            Family::Contract(op) => {
                let operands = graph.operands(node);
                let [x, y] = [0, 1].map(|slot: usize| graph.ty(operands[slot]));
                let axes = op.axes(x.shape.rank(), y.shape.rank());
                let inner = axes.contract[0].iter().map(|&axis| x.shape.extent(axis));
                elements * inner.product::<u64>() as f64
            }
            Family::View(_) | Family::Leaf(_) => 0.0,
            Family::Pointwise(_)
            | Family::Discrete(_)
            | Family::Compare(_)
            | Family::Connect(_)
            | Family::Not
            | Family::Select
            | Family::Cast(_)
            | Family::Fold(_)
            | Family::Prefix(_)
            | Family::ArgFold(_)
            | Family::ArgSort(_)
            | Family::Gather(_)
            | Family::ScatterAdd(_)
            | Family::Barrier
            | Family::Scan(_)
            | Family::Cond(_)
            | Family::Composite(_) => elements,
        }
    };
    graph.nodes().map(cost).sum()
}

#[test]
fn work_grows_as_n_log_n_and_so_does_that_of_derivatives() {
    let cost = |n: u64| {
        let text = format!(
            "entry f(x: f32[{n}]) -> (s: f32[]) {{
                y = rfft(x)
                s = sum(y * y)
            }}"
        );
        let graph = graph(&text);
        let derived = gradient(&graph, 0, &[0]).unwrap();
        [work(&graph), work(&derived)].map(|work| work / (n as f64 * (n as f64).log2()))
    };
    // Powers of two, mixed factors, and a prime that goes by Bluestein's algorithm.
    for n in [1 << 10, 1 << 14, 1 << 18, 3 * 5 * 7 * 11 * 13, 15_013] {
        let [forward, both] = cost(n);
        assert!(forward < 150.0, "rfft of {n}: {forward} n log n");
        assert!(both < 2.5 * forward, "{n}: {both} after {forward}");
    }
}

#[test]
fn spectral_convolutions_are_products_of_bins() {
    let text = "entry f(x: f64[2, 3, 10], w: f64[3, 2, 4, 2]) -> (y: f64[2, 2, 10]) {
        y = spectral_conv1d(x, w)
    }";
    let (x, w) = (numbers(60, 1), numbers(48, 2));
    let found = run(&graph(text), &[&x, &w]);
    for batch in 0..2 {
        for output in 0..2 {
            let mut whole = [0.0; 20];
            for channel in 0..3 {
                let line = &x[(batch * 3 + channel) * 10..][..10];
                let line: Vec<f64> = line.iter().flat_map(|&x| [x, 0.0]).collect();
                let bins = by_definition(&line, -1.0);
                for k in 0..4 {
                    let at = ((channel * 2 + output) * 4 + k) * 2;
                    let (re, im) = (bins[2 * k], bins[2 * k + 1]);
                    whole[2 * k] += re * w[at] - im * w[at + 1];
                    whole[2 * k + 1] += if k == 0 {
                        0.0
                    } else {
                        re * w[at + 1] + im * w[at]
                    };
                }
            }
            for k in 1..4 {
                (whole[20 - 2 * k], whole[21 - 2 * k]) = (whole[2 * k], -whole[2 * k + 1]);
            }
            let inverse = by_definition(&whole, 1.0);
            let expected: Vec<f64> = inverse.iter().step_by(2).map(|x| x / 10.0).collect();
            let found = &found[0][(batch * 2 + output) * 10..][..10];
            assert!(error(found, &expected) < 1e-14);
        }
    }
}
