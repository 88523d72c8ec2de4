//! What kernels compute, against values worked out independently.

use super::samples::*;
use crate::kernel::{Arguments, Cells, Kernel, interpret, interpret_kernel};
use lgc_ir::dtype::DType;
use lgc_ir::scalar::{Exact, Scalar};

fn numbers(values: impl IntoIterator<Item = f32>) -> Cells<f32> {
    Cells::numbers(DType::F32, values)
}

/// Runs a kernel on `f32`; the last argument afterwards.
fn run(kernel: &Kernel, mut args: Vec<Cells<f32>>) -> Vec<Cells<f32>> {
    interpret_kernel(&(), kernel, &mut args).unwrap();
    args
}

fn blank(count: usize) -> Cells<f32> {
    numbers(vec![f32::NAN; count])
}

/// Numbers that are no multiples of each other, of both signs.
fn wild(count: usize) -> Vec<f32> {
    let value = |at: usize| ((at * 2_654_435_761) % 1000) as f32 / 137.0 - 3.5;
    (0..count).map(value).collect()
}

#[test]
fn pointwise() {
    let x = wild(24);
    let results = run(&silu(), vec![numbers(x.clone()), blank(24)]);
    let wanted: Vec<f32> = x.iter().map(|x| x * (1.0 / (1.0 + (-x).exp()))).collect();
    assert_eq!(results[1].as_numbers().unwrap(), wanted);
}

/// The sum that lanes and chunks define, written out for `lanes = 4`, `chunks = 2`.
fn sum_of_lanes(values: &[f32]) -> f32 {
    let length = values.len().div_ceil(2).div_ceil(4) * 4;
    let chunk = |part: &[f32]| {
        let lane = |lane: usize| part.iter().skip(lane).step_by(4).fold(-0.0, |s, x| s + x);
        (lane(0) + lane(2)) + (lane(1) + lane(3))
    };
    let (first, second) = values.split_at(length.min(values.len()));
    chunk(first) + chunk(second)
}

#[test]
fn softmax_sums_in_lanes_and_chunks() {
    let (rows, columns) = (6, 10);
    let x = wild(rows * columns);
    let results = run(
        &softmax(rows as u64, columns as u64, 4),
        vec![numbers(x.clone()), blank(rows * columns)],
    );
    let mut wanted = Vec::new();
    let mut sequential = Vec::new();
    for row in x.chunks(columns) {
        let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let e: Vec<f32> = row.iter().map(|x| (x - max).exp()).collect();
        let scale = 1.0 / sum_of_lanes(&e);
        wanted.extend(e.iter().map(|e| e * scale));
        sequential.push(e.iter().sum::<f32>() == sum_of_lanes(&e));
    }
    assert_eq!(results[1].as_numbers().unwrap(), wanted);
    // The test can tell the orders apart.
    assert!(sequential.contains(&false));
}

#[test]
fn products_do_not_depend_on_blocking() {
    let (m, n, depth) = (6, 20, 10);
    let (x, w, b) = (wild(m * depth), wild(depth * n + 7)[7..].to_vec(), wild(n));
    let mut wanted = Vec::new();
    for row in 0..m {
        for column in 0..n {
            let chain = |sum: f32, k: usize| x[row * depth + k].mul_add(w[k * n + column], sum);
            // Steps beyond the depth add 0·0, which changes no sum but −0.
            wanted.push((0..depth).fold(0.0, chain) + b[column]);
        }
    }
    for block in [1, 4, 10, 16] {
        let kernel = gemm(m as u64, n as u64, depth as u64, block);
        let args = vec![
            numbers(x.clone()),
            numbers(w.clone()),
            numbers(b.clone()),
            blank(m * n),
        ];
        assert_eq!(
            run(&kernel, args)[3].as_numbers().unwrap(),
            wanted,
            "{block}"
        );
    }
}

#[test]
fn argmax_takes_the_first_of_equals() {
    let x = [
        [1.0, 5.0, 2.0, 5.0, 5.0, 0.0, 1.0, 5.0, 3.0, 4.0, 5.0],
        [7.0; 11],
        [
            -1.0, -2.0, -3.0, -4.0, -5.0, -6.0, -7.0, -8.0, -9.0, -9.5, -0.5,
        ],
    ];
    for (lanes, chunk) in [(1, 11), (1, 1), (4, 8), (8, 8), (16, 16)] {
        let args = vec![
            numbers(x.concat()),
            Cells::integers(DType::I32, [0, 0, 0]),
            blank(3),
        ];
        let results = run(&argmax(3, 11, lanes, chunk), args);
        assert_eq!(
            results[1].as_integers().unwrap(),
            [1, 0, 10],
            "{lanes}, {chunk}"
        );
        assert_eq!(results[2].as_numbers().unwrap(), [5.0, 7.0, -0.5]);
    }
}

fn gathered(indices: [i64; 4]) -> (i32, Vec<f32>) {
    let mut arguments = Arguments {
        inputs: vec![
            numbers([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
            Cells::integers(DType::I32, indices),
        ],
        ..Arguments::default()
    };
    let status = interpret(&(), &gather(), &mut arguments).unwrap();
    (status, arguments.outputs[0].as_numbers().unwrap())
}

#[test]
fn checked_accesses_report_and_clamp() {
    assert_eq!(
        gathered([2, 0, 1, 2]),
        (0, vec![5.0, 6.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    );
    assert_eq!(
        gathered([0, 9, -1, 1]),
        (3, vec![1.0, 2.0, 5.0, 6.0, 1.0, 2.0, 3.0, 4.0])
    );
}

#[test]
fn programs_loop_and_branch() {
    let program = SCAN.parse().unwrap();
    for again in [true, false] {
        let mut arguments = Arguments {
            inputs: vec![
                numbers([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
                Cells::masks([again]),
            ],
            inouts: vec![numbers([10.0, 20.0])],
            ..Arguments::default()
        };
        assert_eq!(interpret(&(), &program, &mut arguments), Ok(0));
        // a = [1, ½]; x rows are read backwards and reversed: [6, 5], [4, 3], [2, 1].
        let states = [[16.0, 15.0], [20.0, 10.5], [22.0, 6.25]];
        let hs = [states[2], states[1], states[0]].concat();
        assert_eq!(arguments.outputs[0].as_numbers().unwrap(), hs);
        assert_eq!(arguments.inouts[0].as_numbers().unwrap(), states[2]);
    }
}

#[test]
fn loops_run_backwards_over_the_same_points() {
    let order = |step: i64| {
        let text = format!(
            "kernel k(order: i32[4] out, count: i32[] out) {{
               v0 = const 0 : i32
               (v1) = carry (v2 = v0) for i0 in 1..9 step {step} {{
                 v3 = index i0 : i32
                 store order[v2] = v3
                 v4 = const 1 : i32
                 v5 = add v2, v4 : i32
                 yield v5
               }}
               store count[] = v1
             }}"
        );
        let kernel: Kernel = text.parse().unwrap();
        let mut args: Vec<Cells<f32>> = vec![
            Cells::integers(DType::I32, [0; 4]),
            Cells::integers(DType::I32, [0]),
        ];
        interpret_kernel(&(), &kernel, &mut args).unwrap();
        let count = args[1].as_integers().unwrap()[0] as usize;
        let visited = args[0].elements[..count].to_vec();
        Cells::<f32> {
            dtype: DType::I32,
            elements: visited,
        }
        .as_integers()
        .unwrap()
    };
    assert_eq!(order(3), [1, 4, 7]);
    assert_eq!(order(-3), [7, 4, 1]);
    assert_eq!(order(-2), [7, 5, 3, 1]);
}

#[test]
fn casts_and_bits() {
    let text =
        "kernel k(x: f32[4] in, n: i32[4] out, b: u32[4] out, y: f32[4] out, t: bool[4] out) {
      for i0 in 0..4 {
        v0 = load x[i0] : f32
        v1 = cast v0 : i32
        store n[i0] = v1
        v2 = bitcast v0 : u32
        store b[i0] = v2
        v3 = const 1 : u32
        v4 = add v2, v3 : u32
        v5 = bitcast v4 : f32
        store y[i0] = v5
        v6 = cast v0 : bool
        store t[i0] = v6
      }
    }";
    let kernel: Kernel = text.parse().unwrap();
    let x = [1.5f32, -0.0, f32::NAN, 1e20];
    let args = vec![
        numbers(x),
        Cells::integers(DType::I32, [0; 4]),
        Cells::integers(DType::U32, [0; 4]),
        blank(4),
        Cells::masks([false; 4]),
    ];
    let results = run(&kernel, args);
    assert_eq!(
        results[1].as_integers().unwrap(),
        [1, 0, 0, i64::from(i32::MAX)]
    );
    let bits = x.map(|x| i64::from(x.to_bits()));
    assert_eq!(results[2].as_integers().unwrap(), bits);
    let next = x.map(|x| f32::from_bits(x.to_bits() + 1));
    let same = results[3].as_numbers().unwrap();
    assert_eq!(
        same.iter().map(|x| x.to_bits()).collect::<Vec<_>>(),
        next.map(f32::to_bits)
    );
    assert_eq!(results[4].as_masks().unwrap(), [true, false, true, true]);
}

#[test]
fn exact_numbers_have_no_bits_but_all_else() {
    let exact = |values: &[i64]| {
        Cells::numbers(
            DType::F32,
            values.iter().map(|&value| Exact::integer(value)),
        )
    };
    let kernel = gemm(2, 3, 2, 1);
    let mut args = vec![
        exact(&[1, 2, 3, 4]),
        exact(&[1, 0, 2, 0, 1, 3]),
        exact(&[10, 20, 30]),
        exact(&[0; 6]),
    ];
    interpret_kernel(&(), &kernel, &mut args).unwrap();
    assert_eq!(
        args[3].as_numbers().unwrap(),
        [11, 22, 38, 13, 24, 48].map(Exact::integer)
    );
    let bits: Kernel = "kernel k(x: f32[] in, y: i32[] out) { v0 = load x[] : f32 v1 = bitcast v0 : i32 store y[] = v1 }"
        .parse().unwrap();
    let mut args = vec![exact(&[1]), Cells::integers(DType::I32, [0])];
    interpret_kernel(&(), &bits, &mut args).unwrap();
    assert_eq!(args[1].as_integers(), None);
}

#[test]
fn what_was_not_written_is_undefined() {
    let text = "kernel k(y: f32[2] out) {
      let b: f32[2] @private {
        v0 = const 1 : f32
        store b[0] = v0
        v1 = load b[0] : f32
        v2 = load b[1] : f32
        store y[0] = v1
        store y[1] = v2
      }
    }";
    let kernel: Kernel = text.parse().unwrap();
    let results = run(&kernel, vec![numbers([5.0, 5.0])]);
    let y = results[0].as_numbers().unwrap();
    assert_eq!(y[0], 1.0);
    assert!(y[1].is_nan());
}

#[test]
fn overwritten_workspace_is_undefined() {
    let text = "program p {
      workspace 64
      buffer a: f32[4] workspace 0
      buffer b: f32[2] workspace 8
      buffer y: f32[4] output 0
      kernel ones(y: f32[4] out) { for i0 in 0..4 { v0 = const 1 : f32 store y[i0] = v0 } }
      kernel twos(y: f32[2] out) { for i0 in 0..2 { v0 = const 2 : f32 store y[i0] = v0 } }
      launch ones(a)
      launch twos(b)
      copy a -> y
    }";
    let mut arguments = Arguments::<f32>::default();
    assert_eq!(
        interpret(&(), &text.parse().unwrap(), &mut arguments),
        Ok(0)
    );
    let y = arguments.outputs[0].as_numbers().unwrap();
    assert_eq!(y[..2], [1.0, 1.0]);
    assert!(y[2].is_nan() && y[3].is_nan());
}

#[test]
fn accesses_out_of_range_are_errors() {
    let kernel: Kernel = "kernel k(x: f32[4] in, y: f32[4] out) {
      for i0 in 0..4 { v0 = load x[i0 + 1] : f32 store y[i0] = v0 } }"
        .parse()
        .unwrap();
    let mut args = vec![numbers([0.0; 4]), blank(4)];
    let error = interpret_kernel(&(), &kernel, &mut args).unwrap_err();
    assert_eq!(error.to_string(), "k: the index 4 into `x` is not below 4");
}

#[test]
fn double_precision_reads_the_same_kernel() {
    let x = [0.5f64, -1.25, 3.0];
    let mut args = vec![
        Cells::numbers(DType::F32, x),
        Cells::numbers(DType::F32, [0.0; 3]),
    ];
    interpret_kernel(&(), &softmax(1, 3, 1), &mut args).unwrap();
    let sum: f64 = args[1].as_numbers().unwrap().iter().sum();
    assert!((sum - 1.0).abs() < 1e-15);
    let top = args[1].as_numbers().unwrap()[2];
    assert!((top - 1.0 / (1.0 + (-2.5f64).exp() + Scalar::exp(&-4.25f64))).abs() < 1e-15);
}

#[test]
fn lanes_tasks_and_further_ends() {
    let x = wild(35);
    let args = vec![
        numbers(x.clone()),
        Cells::integers(DType::I64, [37]),
        blank(35),
        Cells::integers(DType::I64, [0]),
    ];
    let results = run(&threads(), args);
    let mut wanted = Vec::new();
    for row in x.chunks(7) {
        let reversed: Vec<f32> = row.iter().rev().copied().collect();
        let raised = |lane: usize| reversed[lane] + lane as f32;
        let mut out: Vec<f32> = (0..7)
            .map(|lane| {
                if lane % 2 == 1 {
                    raised(lane)
                } else {
                    reversed[lane]
                }
            })
            .collect();
        (out[0], out[2]) = (raised(0) * 10.0, raised(1) * 10.0);
        out[4] = raised(3);
        wanted.extend(out);
    }
    assert_eq!(results[2].as_numbers().unwrap(), wanted);
    assert_eq!(results[3].as_integers().unwrap(), vec![37]);
}
