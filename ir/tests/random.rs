//! Random numbers: against numbers that nobody here wrote, and against their distributions.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use lgc_ir::dtype::DType;
use lgc_ir::interpret::{Tensor, interpret};
use lgc_ir::scalar::Logic;
use support::{module, round_trip};

/// The outputs of the only entry of a text, as numbers.
fn run(text: &str, inputs: &[&[i64]]) -> Vec<Vec<f64>> {
    let module = module(text);
    round_trip(&module);
    let graph = &module.entries[0].graph;
    let tensors = graph.inputs().iter().zip(inputs).map(|(input, elements)| {
        let ty = graph.ty(*input).clone();
        if ty.dtype.is_float() {
            Tensor::numbers(ty, elements.iter().map(|&x| x as f64).collect())
        } else {
            Tensor::integers(ty, elements.iter().copied())
        }
    });
    let tensors: Vec<Tensor<f64>> = tensors.collect();
    let run = interpret::<f64>(graph, &(), &tensors).unwrap();
    let numbers = |tensor: &Tensor<f64>| match tensor.ty.dtype {
        DType::F16 | DType::Bf16 | DType::F32 | DType::F64 => tensor.as_numbers().to_vec(),
        DType::I32 | DType::I64 | DType::U32 => {
            let ints = tensor.as_ints().iter();
            ints.map(|int| int.value.unwrap() as f64).collect()
        }
        DType::Bool => {
            let truths = tensor.as_masks().iter();
            truths
                .map(|truth| f64::from(u8::from(truth.decide().unwrap())))
                .collect()
        }
    };
    run.outputs().into_iter().map(numbers).collect()
}

/// Known answers of Threefry-2x32 with 20 rounds, from `kat_vectors` of Random123 1.14.
#[test]
fn threefry_gives_the_known_answers() {
    let text = "entry f(key: u32[2], x0: u32[], x1: u32[]) -> (y0: u32[], y1: u32[]) {
        (y0, y1) = threefry2x32(key, x0, x1)
    }";
    let all = 0xffff_ffff;
    let known: [([i64; 2], [i64; 2], [i64; 2]); 3] = [
        ([0, 0], [0, 0], [0x6b20_0159, 0x99ba_4efe]),
        ([all, all], [all, all], [0x1cb9_96fc, 0xbb00_2be7]),
        (
            [0x1319_8a2e, 0x0370_7344],
            [0x243f_6a88, 0x85a3_08d3],
            [0xc492_3a9c, 0x483d_f7a0],
        ),
    ];
    for (key, [x0, x1], [y0, y1]) in known {
        let found = run(text, &[&key, &[x0], &[x1]]);
        assert_eq!(found, [[y0 as f64], [y1 as f64]]);
    }
}

/// `jax.random` of JAX 0.10.2 with the key `fold_in(key(seed), stream)`.
#[test]
fn numbers_are_those_of_jax() {
    let text = "entry f(seed: i64[], x: f32[4, 3]) -> (
        key: u32[2], bits: u32[2, 3], u: f32[4], v: f64[4], w: f64[4], b: bool[7], c: i32[4], d: i32[3],
    ) {
        key = rng_fold_in(seed, 3)
        bits = rng_bits(seed, stream = 3, shape = [2, 3])
        u = rng_uniform(seed, stream = 3, shape = [4])
        v = rng_uniform(seed, stream = 3, shape = [4], dtype = f64)
        w = rng_uniform(seed, stream = 3, shape = [4], low = -2, high = 3, dtype = f64)
        b = rng_bernoulli(seed, 0.25, stream = 3, shape = [7])
        c = rng_categorical(seed, x, stream = 3)
        d = rng_categorical(seed, x, stream = 3, axis = 0)
    }";
    let logits = [0, 1, 2, 3, 1, 0, 0, 0, 0, 1, -1, 1];
    let found = run(text, &[&[42], &logits]);
    assert_eq!(found[0], [3_134_548_294.0, 894_150_801.0]);
    assert_eq!(
        found[1],
        [
            1_670_794_503.0,
            368_233_896.0,
            219_131_507.0,
            2_670_263_240.0,
            1_504_553_326.0,
            2_492_991_290.0
        ]
    );
    let u = [
        0.389_012_098_312_377_93,
        0.085_736_036_300_659_18,
        0.051_020_503_044_128_42,
        0.621_719_002_723_693_8,
    ];
    assert_eq!(found[2], u);
    let v = [
        0.573_498_866_973_091_6,
        0.445_824_211_092_099_35,
        0.200_368_257_296_094_53,
        0.839_338_115_949_396,
    ];
    assert_eq!(found[3], v);
    assert_eq!(found[4], v.map(|v| v * 5.0 - 2.0));
    assert_eq!(found[5], [0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
    assert_eq!(found[6], [2.0, 0.0, 0.0, 0.0]);
    assert_eq!(found[7], [1.0, 1.0, 0.0]);
}

/// A seed of 64 bits, in the same way.
#[test]
fn seeds_have_a_high_half() {
    let text = "entry f(seed: i64[]) -> (key: u32[2], bits: u32[3]) {
        key = rng_fold_in(seed, 0)
        bits = rng_bits(seed, stream = 0, shape = [3])
    }";
    let found = run(text, &[&[(1 << 40) + 5]]);
    assert_eq!(found[0], [841_998_169.0, 2_557_459_351.0]);
    assert_eq!(
        found[1],
        [1_685_995_345.0, 2_157_480_326.0, 2_226_643_497.0]
    );
}

const COUNT: usize = 20_000;

/// Mean, variance, skewness and excess of numbers.
fn moments(x: &[f64]) -> [f64; 4] {
    let count = x.len() as f64;
    let mean = x.iter().sum::<f64>() / count;
    let central = |n: i32| x.iter().map(|x| (x - mean).powi(n)).sum::<f64>() / count;
    let variance = central(2);
    [
        mean,
        variance,
        central(3) / variance.powf(1.5),
        central(4) / variance.powi(2) - 3.0,
    ]
}

/// Σ (observed − expected)² / expected.
fn chi_square(observed: &[usize], shares: &[f64]) -> f64 {
    let count = observed.iter().sum::<usize>() as f64;
    let cell = |(&o, &share): (&usize, &f64)| (o as f64 - count * share).powi(2) / (count * share);
    observed.iter().zip(shares).map(cell).sum()
}

#[test]
fn uniform_numbers_are_uniform() {
    for dtype in ["f32", "f64"] {
        let text = format!(
            "entry f(key: u32[2]) -> (u: {dtype}[{COUNT}]) {{
                u = rng_uniform(key, stream = 5, shape = [{COUNT}], dtype = {dtype})
            }}"
        );
        let u = &run(&text, &[&[1, 2]])[0];
        assert!(u.iter().all(|u| (0.0..1.0).contains(u)));
        let [mean, variance, ..] = moments(u);
        // Five standard errors.
        let error = (1.0 / 12.0 / COUNT as f64).sqrt();
        assert!((mean - 0.5).abs() < 5.0 * error, "{dtype}: mean {mean}");
        assert!(
            (variance - 1.0 / 12.0).abs() < 0.003,
            "{dtype}: variance {variance}"
        );
        let mut cells = [0; 50];
        for u in u {
            cells[(u * 50.0) as usize] += 1;
        }
        // 49 degrees of freedom: above 94 with a probability of 1e-4, below 20 likewise.
        let chi = chi_square(&cells, &[0.02; 50]);
        assert!((20.0..94.0).contains(&chi), "{dtype}: chi² {chi}");
        let pairs = u.windows(2).map(|pair| (pair[0] - 0.5) * (pair[1] - 0.5));
        let correlation = pairs.sum::<f64>() / COUNT as f64 * 12.0;
        assert!(
            correlation.abs() < 5.0 / (COUNT as f64).sqrt(),
            "{dtype}: {correlation}"
        );
    }
}

#[test]
fn normal_numbers_are_normal() {
    for dtype in ["f32", "f64"] {
        let text = format!(
            "entry f(key: u32[2]) -> (z: {dtype}[{COUNT}]) {{
                z = rng_normal(key, stream = 6, shape = [{COUNT}], dtype = {dtype})
            }}"
        );
        let z = &run(&text, &[&[3, 4]])[0];
        let [mean, variance, skewness, excess] = moments(z);
        let unit = 1.0 / (COUNT as f64).sqrt();
        assert!(mean.abs() < 5.0 * unit, "{dtype}: mean {mean}");
        assert!(
            (variance - 1.0).abs() < 5.0 * 1.5 * unit,
            "{dtype}: variance {variance}"
        );
        assert!(
            skewness.abs() < 5.0 * 2.5 * unit,
            "{dtype}: skewness {skewness}"
        );
        assert!(excess.abs() < 5.0 * 4.9 * unit, "{dtype}: excess {excess}");
        // Φ at −2, −1, 0, 1, 2 (Abramowitz & Stegun, table 26.1).
        let tail = [0.022_750_131_948, 0.135_905_121_983, 0.341_344_746_069];
        let shares = [tail[0], tail[1], tail[2], tail[2], tail[1], tail[0]];
        let mut cells = [0; 6];
        for z in z {
            cells[(z.floor() + 3.0).clamp(0.0, 5.0) as usize] += 1;
        }
        // 5 degrees of freedom: above 25.7 with a probability of 1e-4.
        let chi = chi_square(&cells, &shares);
        assert!(chi < 25.7, "{dtype}: chi² {chi}");
    }
}

#[test]
fn truth_values_and_classes_have_their_probabilities() {
    let text = format!(
        "entry f(key: u32[2], x: f32[3]) -> (b: bool[{COUNT}], c: i32[{COUNT}]) {{
            b = rng_bernoulli(key, 0.3, stream = 0, shape = [{COUNT}])
            logits = broadcast_in_dim(x, shape = [{COUNT}, 3], axes = [1])
            c = rng_categorical(key, logits, stream = 1)
        }}"
    );
    let found = run(&text, &[&[5, 6], &[0, 1, 2]]);
    let count = |x: &[f64], value: f64| x.iter().filter(|&&x| x == value).count();
    let truths = [count(&found[0], 0.0), count(&found[0], 1.0)];
    // 1 degree of freedom: above 15.1 with a probability of 1e-4; 2: above 18.4.
    assert!(chi_square(&truths, &[0.7, 0.3]) < 15.1, "{truths:?}");
    let classes = [0.0, 1.0, 2.0].map(|class| count(&found[1], class));
    let powers = [1.0, 1f64.exp(), 2f64.exp()];
    let shares = powers.map(|power| power / powers.iter().sum::<f64>());
    assert!(chi_square(&classes, &shares) < 18.4, "{classes:?}");
}

#[test]
fn a_mask_can_be_had_again_and_streams_differ() {
    let text = "entry f(key: u32[2], x: f64[100]) -> (
        y: f64[100], dx: f64[100], z: f64[100], other: f64[100], still: f64[100], all: f64[100],
    ) {
        (s, y, dx) = value_and_grad(dropped, wrt = x, of = s)(x, key)
        mask = rng_bernoulli(key, 0.25, stream = 4, shape = [100])
        z = fixed_mask_scale(x, mask, keep = 0.25)
        other = dropout(x, key, stream = 5, keep = 0.25)
        still = dropout(x, key, stream = 4, keep = 0.25, training = false)
        all = dropout(x, key, stream = 4, keep = 1)
    }
    graph dropped(x: f64[100], key: u32[2]) -> (s: f64[], y: f64[100]) {
        y = dropout(x, key, stream = 4, keep = 0.25)
        s = sum(y)
    }";
    let x: Vec<i64> = (1..=100).collect();
    let found = run(text, &[&[9, 9], &x]);
    let kept = found[0].iter().filter(|y| **y != 0.0).count();
    assert!((10..45).contains(&kept), "{kept} of 100 elements stay");
    assert_eq!(found[0], found[2], "the same mask");
    assert_ne!(found[0], found[3], "another stream");
    for ((y, dx), x) in found[0].iter().zip(&found[1]).zip(&x) {
        assert_eq!(*y, dx * *x as f64);
        assert!(*dx == 0.0 || *dx == 4.0);
    }
    let x: Vec<f64> = x.into_iter().map(|x| x as f64).collect();
    assert_eq!(found[4], x);
    assert_eq!(found[5], x);
}
