//! How floats are grouped: compiled sums against the orders that `docs/ops.md` states, written out here, bit by bit;
//! and how far they are off where a single chain loses digits.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod support;

use support::{Compiled, whole};

// ----------------------------------------------------------------------------------- orders

/// A tree of neighbours.
fn tree(mut parts: Vec<f32>, join: impl Fn(f32, f32) -> f32) -> f32 {
    while parts.len() > 1 {
        let pairs = parts.chunks(2);
        parts = pairs
            .map(|pair| match *pair {
                [x, y] => join(x, y),
                _ => pair[0],
            })
            .collect();
    }
    parts[0]
}

fn add(x: f32, y: f32) -> f32 {
    x + y
}

/// Interleaved partial results, merged by halving.
fn interleaved(x: &[f32], count: usize) -> f32 {
    let mut lanes = vec![-0f32; count];
    for (at, x) in x.iter().enumerate() {
        lanes[at % count] += x;
    }
    while lanes.len() > 1 {
        let right = lanes.split_off(lanes.len() / 2);
        lanes = lanes.iter().zip(right).map(|(x, y)| x + y).collect();
    }
    lanes[0]
}

/// A line: interleaved lanes, chunks of 4096.
fn line(x: &[f32]) -> f32 {
    let count = match x.len() {
        0..8 => 1,
        8..16 => 4,
        16..32 => 8,
        32..64 => 16,
        _ => 32,
    };
    tree(
        x.chunks(4096)
            .map(|part| interleaved(part, count))
            .collect(),
        add,
    )
}

fn column(x: &[f32]) -> f32 {
    let chain = |part: &[f32]| part.iter().fold(-0.0, |sum, x| sum + x);
    tree(x.chunks(128).map(chain).collect(), add)
}

/// A product of two vectors, whose products come in pairs.
fn product(x: &[f32], y: &[f32]) -> f32 {
    let numbers: Vec<usize> = (0..x.len()).collect();
    let chain = |part: &[usize]| part.iter().fold(0.0, |sum, &at| x[at].mul_add(y[at], sum));
    tree(numbers.chunks(512).map(chain).collect(), add)
}

/// Prefix sums of what comes before each element; and the sum of all.
fn before(x: &[f32], block: usize, few: usize) -> Vec<f32> {
    let chain = |x: &[f32]| {
        let mut sum = -0f32;
        let next = |x: &f32| {
            let here = sum;
            sum += x;
            here
        };
        x.iter().map(next).collect::<Vec<f32>>()
    };
    if x.len() <= few {
        return chain(x);
    }
    let total = |part: &[f32]| match block {
        32 => interleaved(part, 4),
        _ => part.iter().fold(-0.0, |sum, x| sum + x),
    };
    let totals = x.chunks(block).map(total);
    let bases = before(&totals.collect::<Vec<f32>>(), 16, 64);
    let blocks = x.chunks(block).zip(bases);
    let block = |(part, base): (&[f32], f32)| {
        let add = move |x: f32| base + x;
        chain(part).into_iter().map(add).collect::<Vec<f32>>()
    };
    blocks.flat_map(block).collect()
}

// ----------------------------------------------------------------------------------- bits

/// Numbers of many sizes and both signs, the same in each run.
fn numbers(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        f64::from(state) / f64::from(u32::MAX)
    };
    let mut number = || ((next() - 0.4) * (6.0 * next()).exp()) as f32;
    (0..count).map(|_| number()).collect()
}

fn bytes(x: &[f32]) -> Vec<u8> {
    x.iter().flat_map(|x| x.to_le_bytes()).collect()
}

fn run(text: &str, inputs: &[&[f32]]) -> Vec<f32> {
    let compiled = Compiled::new(&whole(text, false));
    let inputs: Vec<Vec<u8>> = inputs.iter().map(|x| bytes(x)).collect();
    let inputs: Vec<&[u8]> = inputs.iter().map(Vec::as_slice).collect();
    let outputs = compiled.try_run_bytes(&inputs).unwrap();
    let element = |bytes: &[u8]| f32::from_le_bytes(bytes.try_into().unwrap());
    outputs[0].chunks(4).map(element).collect()
}

#[track_caller]
fn same(text: &str, found: &[f32], wanted: &[f32]) {
    assert_eq!(found.len(), wanted.len(), "{text}");
    for (at, (x, y)) in found.iter().zip(wanted).enumerate() {
        assert_eq!(
            x.to_bits(),
            y.to_bits(),
            "{text}, at {at}: {x:e}, not {y:e}"
        );
    }
}

#[test]
fn lines_are_added_in_lanes_and_chunks() {
    for extent in [
        1, 7, 8, 31, 33, 63, 64, 65, 511, 4095, 4096, 4097, 8193, 40_000, 300_001,
    ] {
        let text = format!("(x: f32[2, {extent}]) -> sum(x, axes = [1])");
        let x = numbers(2 * extent, 1);
        let wanted: Vec<f32> = x.chunks(extent).map(line).collect();
        same(&text, &run(&text, &[&x]), &wanted);
        let text = format!("(x: f32[{extent}]) -> sum(x)");
        same(&text, &run(&text, &[&x[..extent]]), &wanted[..1]);
    }
}

#[test]
fn lines_take_the_last_axes_that_make_them_long() {
    for (text, length, line_of) in [
        ("(x: f32[40, 300]) -> sum(x)", 12_000, 300),
        ("(x: f32[5, 40, 30]) -> sum(x)", 6000, 1200),
        ("(x: f32[3000, 2]) -> sum(x)", 6000, 6000),
        ("(x: f32[40, 1, 300, 1]) -> sum(x)", 12_000, 300),
    ] {
        let x = numbers(length, 2);
        let wanted = tree(x.chunks(line_of).map(line).collect(), add);
        same(text, &run(text, &[&x]), &[wanted]);
    }
}

#[test]
fn a_broadcast_operand_changes_no_order() {
    let (x, a) = (numbers(50 * 300, 3), numbers(300, 4));
    let products: Vec<f32> = x
        .iter()
        .enumerate()
        .map(|(at, x)| x * a[at % 300])
        .collect();
    let text = "(x: f32[50, 300], a: f32[300]) -> sum(x * a)";
    let wanted = tree(products.chunks(300).map(line).collect(), add);
    same(text, &run(text, &[&x, &a]), &[wanted]);
    // Of a line of several rows, in which vectors of the broadcast operand do or do not wrap around.
    for columns in [10, 32, 64, 100] {
        let (x, a) = (numbers(100 * columns, 5), numbers(columns, 6));
        let products = x.iter().enumerate().map(|(at, x)| x * a[at % columns]);
        let products: Vec<f32> = products.collect();
        let text = format!("(x: f32[100, {columns}], a: f32[{columns}]) -> sum(x * a)");
        same(&text, &run(&text, &[&x, &a]), &[line(&products)]);
    }
}

#[test]
fn columns_are_added_in_blocks_of_rows() {
    for (rows, columns) in [
        (1, 5),
        (100, 3),
        (128, 8),
        (129, 8),
        (1000, 8),
        (1000, 1),
        (700, 37),
        (5000, 12),
        (300, 5000),
    ] {
        let text = format!("(x: f32[{rows}, {columns}]) -> sum(x, axes = [0])");
        let x = numbers(rows * columns, 7);
        let wanted = |at: usize| {
            let own: Vec<f32> = x.iter().skip(at).step_by(columns).copied().collect();
            // One column lies along the memory.
            if columns == 1 {
                line(&own)
            } else {
                column(&own)
            }
        };
        let wanted: Vec<f32> = (0..columns).map(wanted).collect();
        same(&text, &run(&text, &[&x]), &wanted);
    }
}

#[test]
fn products_are_chains_of_at_most_512() {
    for (rows, inner, columns) in [
        (1, 512, 1),
        (1, 513, 1),
        (1, 70_000, 1),
        // Whole pieces that go at once, others, and a rest.
        (1, 8 * 512, 1),
        (1, 19 * 512, 1),
        (1, 8 * 512 + 3, 1),
        (1, 11 * 512 + 3, 1),
        (2, 5 * 512 + 1, 2),
        (3, 1024, 5),
        (21, 1030, 1),
        (25, 600, 3),
        (9, 1300, 17),
        (1, 2000, 40),
        (40, 2000, 1),
    ] {
        let text = format!("(x: f32[{rows}, {inner}], y: f32[{inner}, {columns}]) -> x @ y");
        let (x, y) = (numbers(rows * inner, 8), numbers(inner * columns, 9));
        let mut wanted = Vec::new();
        for row in x.chunks(inner) {
            for at in 0..columns {
                let own: Vec<f32> = y.iter().skip(at).step_by(columns).copied().collect();
                wanted.push(product(row, &own));
            }
        }
        same(&text, &run(&text, &[&x, &y]), &wanted);
    }
}

#[test]
fn prefix_sums_are_in_blocks() {
    for extent in [1, 512, 513, 1000, 2048, 2049, 40_001] {
        let x = numbers(extent, 10);
        let wanted = before(&x, 32, 512);
        let text = format!("(x: f32[{extent}]) -> cumsum(x, axis = 0, exclusive = true)");
        same(&text, &run(&text, &[&x]), &wanted);
        // Backwards, and lines next to each other in vectors and one by one.
        let reversed: Vec<f32> = x.iter().rev().copied().collect();
        let text =
            format!("(x: f32[{extent}]) -> cumsum(x, axis = 0, exclusive = true, reverse = true)");
        let found: Vec<f32> = run(&text, &[&reversed]).into_iter().rev().collect();
        same(&text, &found, &wanted);
        let rows: Vec<f32> = x.iter().flat_map(|&x| [x; 21]).collect();
        let text = format!("(x: f32[{extent}, 21]) -> cumsum(x, axis = 0, exclusive = true)");
        let wanted: Vec<f32> = wanted.iter().flat_map(|&x| [x; 21]).collect();
        same(&text, &run(&text, &[&rows]), &wanted);
    }
}

#[test]
fn updates_of_an_element_are_added_in_runs() {
    // Two elements take turns, so that one gets the even and one the odd updates.
    let count = 2 * 1300;
    let updates = numbers(count, 11);
    let x = numbers(3, 12);
    let text = format!(
        "(x: f32[3], updates: f32[{count}]) -> scatter_add(x, iota(shape = [{count}], axis = 0, dtype = i32) % 2, updates)"
    );
    let wanted = |at: usize| {
        let own: Vec<f32> = updates.iter().skip(at).step_by(2).copied().collect();
        let run = |part: &[f32]| part[1..].iter().fold(part[0], |sum, x| sum + x);
        own.chunks(512).fold(x[at], |sum, part| sum + run(part))
    };
    same(
        &text,
        &run(&text, &[&x, &updates]),
        &[wanted(0), wanted(1), x[2]],
    );
}

#[test]
fn runs_of_runs_are_added_too() {
    // So many ones that 512 runs of 512 are full, and one is left.
    let count = 513 * 512 + 1;
    for columns in [1, 9] {
        let updates = vec![1.0; count * columns];
        let text = format!(
            "(x: f32[2, {columns}], updates: f32[{count}, {columns}]) -> scatter_add(x, iota(shape = [{count}], axis = 0, dtype = i32) * 0 + 1, updates)"
        );
        let found = run(&text, &[&vec![0.5; 2 * columns], &updates]);
        let sum = count as f32 + 0.5;
        let wanted: Vec<f32> = [[0.5], [sum]]
            .iter()
            .flat_map(|x| x.repeat(columns))
            .collect();
        same(&text, &found, &wanted);
    }
}

// ----------------------------------------------------------------------------------- products and recurrences

/// The factor at each place of a line.
type Factors = Box<dyn Fn(usize) -> f32>;

/// Prefixes of a recurrence in double precision.
fn recurrence(a: &[f32], b: &[f32]) -> Vec<f64> {
    let mut h = 0.0;
    let next = |(&a, &b): (&f32, &f32)| {
        h = f64::from(a) * h + f64::from(b);
        h
    };
    a.iter().zip(b).map(next).collect()
}

fn close(text: &str, found: &[f32], wanted: &[f64], bound: f64) {
    for (at, (&x, &y)) in found.iter().zip(wanted).enumerate() {
        let x = f64::from(x);
        let is_close = x == y || (x - y).abs() <= bound * y.abs().max(f64::from(f32::MIN_POSITIVE));
        assert!(
            is_close || y.abs() > f64::from(f32::MAX) && x.is_infinite(),
            "{text}, at {at}: {x:e}, not {y:e}"
        );
    }
}

#[test]
fn products_of_blocks_keep_their_digits() {
    let extent = 2 * 512 * 512 + 777;
    // A walk through the range; overflow from one block on; zeros; blocks that fall out of the range and come back.
    let back = |at: usize| match at % 1024 {
        10..30 => 1e-3,
        600..620 => 1e3,
        _ => 1.0,
    };
    let walk = |at: usize| {
        if (at / 100).is_multiple_of(2) {
            1.5
        } else {
            1.0 / 1.5
        }
    };
    let cases: [(&str, Factors); 5] = [
        ("a walk", Box::new(walk)),
        ("overflow", Box::new(|at| if at > 700 { 1.2 } else { 1.0 })),
        ("zero", Box::new(|at| if at == 5 { 0.0 } else { 3.0 })),
        ("there and back", Box::new(back)),
        (
            "to nothing",
            Box::new(|at| if at < 2000 { 0.99 } else { 1.01 }),
        ),
    ];
    for (name, factor) in cases {
        let x: Vec<f32> = (0..extent).map(factor).collect();
        let text = format!("(x: f32[{extent}]) -> cumprod(x, axis = 0)");
        let mut product = 1f32;
        let alone = x.iter().map(|x| {
            product *= x;
            f64::from(product)
        });
        // What one chain comes to, which has no more digits.
        let alone: Vec<f64> = alone.collect();
        let found = run(&text, &[&x]);
        for (at, (&x, &y)) in found.iter().zip(&alone).enumerate() {
            let bound = 1e-6 * (at as f64 + 1.0).sqrt() * y.abs() + f64::from(f32::MIN_POSITIVE);
            let is_close = f64::from(x) == y || (f64::from(x) - y).abs() <= bound;
            assert!(is_close, "{name}, at {at}: {x:e}, not {y:e}");
        }
    }
}

#[test]
fn recurrences_of_every_kind_agree_with_double_precision() {
    let extent = 512 * 512 + 5000;
    let b: Vec<f32> = numbers(extent, 13).iter().map(|x| x.abs()).collect();
    let cases: [(&str, f64, Factors); 5] = [
        ("sums", 5e-6, Box::new(|_| 1.0)),
        ("short memory", 1e-6, Box::new(|_| 0.5)),
        (
            "long memory",
            5e-5,
            Box::new(|at| if at % 3 == 0 { 0.9999 } else { 1.0 }),
        ),
        (
            "resets",
            5e-6,
            Box::new(|at| if at % 700 == 0 { 0.0 } else { 1.0 }),
        ),
        (
            "growth within blocks",
            1e-4,
            Box::new(|at| if at % 600 < 300 { 1.1 } else { 1.0 / 1.1 }),
        ),
    ];
    for (name, bound, factor) in cases {
        let a: Vec<f32> = (0..extent).map(factor).collect();
        let text =
            format!("(a: f32[{extent}], b: f32[{extent}]) -> linear_recurrence(a, b, axis = 0)");
        close(name, &run(&text, &[&a, &b]), &recurrence(&a, &b), bound);
    }
    // Nothing comes of nothing, however large what it is multiplied by.
    let a = vec![1e10; 2000];
    let text = "(a: f32[2000], b: f32[2000]) -> linear_recurrence(a, b, axis = 0)";
    assert!(run(text, &[&a, &vec![0.0; 2000]]).iter().all(|&h| h == 0.0));
}

#[test]
fn lines_next_to_each_other_are_as_one() {
    let extent = 1300;
    let (a, b) = (numbers(extent, 14), numbers(extent, 15));
    let a: Vec<f32> = a.iter().map(|a| a / (1.0 + a.abs())).collect();
    let text = |shape: &str| {
        format!("(a: f32[{shape}], b: f32[{shape}]) -> linear_recurrence(a, b, axis = 0)")
    };
    let alone = run(&text("1300"), &[&a, &b]);
    let [wide_a, wide_b] = [&a, &b].map(|x| x.iter().flat_map(|&x| [x; 19]).collect::<Vec<f32>>());
    let wanted: Vec<f32> = alone.iter().flat_map(|&x| [x; 19]).collect();
    same(
        "19 lines",
        &run(&text("1300, 19"), &[&wide_a, &wide_b]),
        &wanted,
    );
}

// ----------------------------------------------------------------------------------- errors

/// The largest relative error of results, given the inputs as one number.
fn error(text: &str, number: f32, count: usize, wanted: impl Fn(usize) -> f64) -> f64 {
    let compiled = Compiled::new(&whole(text, false));
    let input = number.to_le_bytes().repeat(count);
    let outputs = compiled.try_run_bytes(&[&input]).unwrap();
    let results = outputs[0].chunks(4).enumerate();
    let error = |(at, bytes): (usize, &[u8])| {
        let found = f64::from(f32::from_le_bytes(bytes.try_into().unwrap()));
        (found / wanted(at) - 1.0).abs()
    };
    results.map(error).fold(0.0, f64::max)
}

#[test]
fn sums_of_millions_of_equal_numbers_keep_their_digits() {
    let count = 5_000_000;
    let number = 0.0005f32;
    let all = f64::from(number) * count as f64;
    let text = format!("(x: f32[{count}]) -> sum(x)");
    assert!(error(&text, number, count, |_| all) <= 1e-6);
    let text = format!("(x: f32[{count}]) -> mean(x)");
    assert!(error(&text, number, count, |_| f64::from(number)) <= 1e-6);
    let text = format!("(x: f32[{count}]) -> cumsum(x, axis = 0)");
    let prefix = |at: usize| f64::from(number) * (at + 1) as f64;
    assert!(error(&text, number, count, prefix) <= 1e-6);
    let text = format!("(x: f32[{count}, 2]) -> sum(x, axes = [0])");
    assert!(error(&text, number, 2 * count, |_| all) <= 1e-6);
}

#[test]
fn a_product_counts_beyond_the_digits_of_a_float() {
    let count = 1 << 25;
    let text = format!("(x: f32[{count}]) -> x @ x");
    assert_eq!(error(&text, 1.0, count, |_| count as f64), 0.0);
}
