//! Sorts, and what is picked by run-time places.

use super::*;
use lgc_ir::op::{ArgSort, DynamicSlice, DynamicUpdateSlice, GatherNd, Sort, TakeAlongAxis, TopK};

const F: DType = DType::F64;

/// Floats with ties, NaN, infinities and zeros of both signs.
fn mixed(count: usize, seed: u64) -> Vec<f64> {
    let mut state = seed;
    let next = |_| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(99);
        match state >> 59 {
            0 => f64::NAN,
            1 => f64::INFINITY,
            2 => f64::NEG_INFINITY,
            3 => -0.0,
            4 => 0.0,
            _ => (state >> 40) as i32 as f64 % 19.0,
        }
    };
    (0..count).map(next).collect()
}

/// The stable order in which NaN is larger than every number, by the standard library's sort.
fn expected_order(x: &[f64], descending: bool) -> Vec<i64> {
    let mut order: Vec<i64> = (0..x.len() as i64).collect();
    order.sort_by(|&a, &b| {
        let (a, b) = (x[a as usize], x[b as usize]);
        let ascending = a.partial_cmp(&b).unwrap_or(a.is_nan().cmp(&b.is_nan()));
        if descending {
            ascending.reverse()
        } else {
            ascending
        }
    });
    order
}

/// What kernels and machine code make of a graph; they must agree.
fn integers(graph: &Graph, inputs: &[Tensor<f64>]) -> Vec<Vec<i64>> {
    let signature = Signature::pure("entry");
    let program = lower(graph, &signature, &Target::BITS_128).unwrap().program;
    assert!(verify(&program).is_ok(), "{program}");
    let (status, interpreted) = run(&program, graph, &signature, inputs);
    assert_eq!(status, 0);
    let compiled = compiled::run(&program, graph, &signature, inputs);
    let lists = |cells: &[Cells<f64>]| -> Vec<Vec<i64>> {
        let list = |cells: &Cells<f64>| cells.as_integers().unwrap().to_vec();
        cells.iter().map(list).collect()
    };
    assert_eq!(lists(&interpreted), lists(&compiled));
    lists(&compiled)
}

#[test]
fn orders_are_stable_and_put_nan_beyond_all_numbers() {
    for count in [0, 1, 2, 3, 7, 8, 9, 64, 100, 1000] {
        for dtype in [DType::F32, DType::F64] {
            let b = builder();
            let x = input(&b, "x", dtype, &[count]);
            let order = |descending| ArgSort {
                axis: 0,
                descending,
                dtype: DType::I64,
            };
            let (up, down) = (order(false), order(true));
            let outputs = [b.apply(up, &[x]).unwrap(), b.apply(down, &[x]).unwrap()];
            let graph = finish(b, &outputs);
            let keys = mixed(count as usize, 7 + count);
            let inputs = [Tensor::numbers(graph.ty(x).clone(), keys.clone())];
            let expected = [expected_order(&keys, false), expected_order(&keys, true)];
            assert_eq!(integers(&graph, &inputs), expected, "{count} of {dtype}");
            let values = interpret_graph::<f64>(&graph, &(), &inputs).unwrap();
            for (output, expected) in values.outputs().iter().zip(expected) {
                let found = output.as_ints().iter().map(|i| i.value.unwrap());
                assert_eq!(found.collect::<Vec<_>>(), expected);
            }
        }
    }
}

#[test]
fn rows_and_columns_are_sorted_apart() {
    for (axis, shape) in [(0, [9, 4]), (1, [9, 4]), (1, [5, 33])] {
        for dtype in [DType::F32, DType::I32, DType::I64] {
            let b = builder();
            let x = input(&b, "x", dtype, &shape);
            let e = b.add(x, x).unwrap();
            let sort = Sort {
                axis,
                descending: axis == 0,
            };
            let sorted = b.apply(sort, &[e]).unwrap();
            let top = TopK {
                k: 3,
                axis,
                largest: true,
            };
            let top = b.apply_all(top, &[x]).unwrap();
            check(&finish(b, &[sorted, top[0], top[1]]));
        }
    }
}

#[test]
fn what_cannot_be_out_of_range_is_not_checked() {
    let b = builder();
    let x = input(&b, "x", F, &[6, 4]);
    let i = input(&b, "i", DType::I32, &[]);
    let sorted = b
        .apply(
            Sort {
                axis: 1,
                descending: false,
            },
            &[x],
        )
        .unwrap();
    let sizes = [2, 4].into_iter().collect();
    let part = b.apply(DynamicSlice { sizes }, &[x, i, i]).unwrap();
    let whole = b.apply(DynamicUpdateSlice {}, &[x, part, i, i]).unwrap();
    let graph = finish(b, &[sorted, part, whole]);
    let lowering = check(&graph);
    let is_check = |step: &crate::kernel::Step| matches!(step, crate::kernel::Step::Check { .. });
    assert!(
        !lowering.program.steps.iter().any(is_check),
        "{}",
        lowering.program
    );
}

#[test]
fn starts_are_clamped() {
    for start in [i64::from(i32::MIN), -1, 0, 2, 3, 4, i64::from(i32::MAX)] {
        let b = builder();
        let x = input(&b, "x", DType::I32, &[5]);
        let i = input(&b, "i", DType::I32, &[]);
        let sizes = [2].into_iter().collect();
        let part = b.apply(DynamicSlice { sizes }, &[x, i]).unwrap();
        let zeros = b.integer_like(part, 0).unwrap();
        let whole = b.apply(DynamicUpdateSlice {}, &[x, zeros, i]).unwrap();
        let graph = finish(b, &[part, whole]);
        let inputs = [
            Tensor::integers(graph.ty(x).clone(), [1, 2, 3, 4, 5]),
            Tensor::integers(graph.ty(i).clone(), [start]),
        ];
        let first = start.clamp(0, 3);
        let mut without = vec![1, 2, 3, 4, 5];
        without[first as usize..first as usize + 2].fill(0);
        let expected = [vec![first + 1, first + 2], without];
        assert_eq!(integers(&graph, &inputs), expected, "from {start}");
    }
}

#[test]
fn each_coordinate_of_a_tuple_is_checked() {
    // (0, 3) of a 2×3 table is where (1, 0) is, but no element.
    for (tuple, is_inside) in [
        ([1, 2], true),
        ([0, 3], false),
        ([2, 0], false),
        ([1, -1], false),
    ] {
        let b = builder();
        let x = input(&b, "x", F, &[2, 3]);
        let i = input(&b, "i", DType::I32, &[1, 2]);
        let y = b.apply(GatherNd { batch: 0 }, &[x, i]).unwrap();
        let graph = finish(b, &[y]);
        let signature = Signature::pure("entry");
        let lowering = lower(&graph, &signature, &Target::BITS_128).unwrap();
        let mut inputs = samples(&graph);
        inputs[1] = Tensor::integers(inputs[1].ty.clone(), tuple);
        let (status, _) = run(&lowering.program, &graph, &signature, &inputs);
        let expected = if is_inside {
            0
        } else {
            lgc_abi::Status::IndexOutOfRange.code()
        };
        assert_eq!(status, expected, "{tuple:?}");
        assert_eq!(
            interpret_graph::<f64>(&graph, &(), &inputs).is_ok(),
            is_inside
        );
    }
}

#[test]
fn an_index_along_an_axis_is_checked() {
    let b = builder();
    let x = input(&b, "x", F, &[2, 3]);
    let i = input(&b, "i", DType::I32, &[1, 3]);
    let y = b.apply(TakeAlongAxis { axis: 0 }, &[x, i]).unwrap();
    let graph = finish(b, &[y]);
    let signature = Signature::pure("entry");
    let lowering = lower(&graph, &signature, &Target::BITS_128).unwrap();
    let mut inputs = samples(&graph);
    inputs[1] = Tensor::integers(inputs[1].ty.clone(), [0, 2, 1]);
    let (status, _) = run(&lowering.program, &graph, &signature, &inputs);
    assert_eq!(status, lgc_abi::Status::IndexOutOfRange.code());
}
