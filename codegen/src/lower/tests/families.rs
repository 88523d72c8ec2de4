//! One or more small graphs for each family.

use super::*;
use lgc_ir::op::*;

const F: DType = DType::F64;

fn unary(extents: &[u64], build: impl Fn(&Builder, Value) -> Value) -> Lowering {
    let b = builder();
    let x = input(&b, "x", F, extents);
    let y = build(&b, x);
    check(&finish(b, &[y]))
}

fn axes(list: &[i64]) -> Axes {
    list.iter().copied().collect()
}

#[test]
fn pointwise_chains_are_one_kernel() {
    let lowering = unary(&[3, 5], |b, x| {
        let e = b.exp(x).unwrap();
        let t = b.apply(Tanh {}, &[e]).unwrap();
        b.mul(t, x).unwrap()
    });
    assert_eq!(launches(&lowering.program), 1);
}

#[test]
fn softmax_is_one_kernel() {
    for axis in [0, 1] {
        let lowering = unary(&[3, 40], |b, x| b.apply(Softmax { axis }, &[x]).unwrap());
        assert_eq!(launches(&lowering.program), 1, "{}", lowering.program);
    }
}

#[test]
fn layer_norm_is_one_kernel() {
    let b = builder();
    let x = input(&b, "x", F, &[3, 4, 6]);
    let gamma = input(&b, "gamma", F, &[6]);
    let beta = input(&b, "beta", F, &[6]);
    let op = LayerNorm { eps: Real(1e-5) };
    let y = b.apply(op, &[x, gamma, beta]).unwrap();
    let lowering = check(&finish(b, &[y]));
    assert_eq!(launches(&lowering.program), 1, "{}", lowering.program);
}

/// The fold keeps y, element by element; the first of them is read at every element of z, which is in
/// the same kernel.
#[test]
fn views_of_kept_values_read_other_elements() {
    let b = builder();
    let x = input(&b, "x", F, &[3]);
    let y = b.apply(Expm1 {}, &[x]).unwrap();
    let first = Slice {
        start: axes(&[0]),
        limit: axes(&[1]),
        step: None,
    };
    let first = b.apply(first, &[b.cast(y, DType::F32).unwrap()]).unwrap();
    let sum = b.sum(y, &[0], false).unwrap();
    let spread = b.broadcast_to(first, &Shape::new([3])).unwrap();
    let z = b.add(spread, b.integer_like(spread, 1).unwrap()).unwrap();
    let lowering = check(&finish(b, &[y, sum, z]));
    assert_eq!(launches(&lowering.program), 1, "{}", lowering.program);
}

#[test]
fn folds_of_every_kind() {
    for over in [&[0][..], &[1], &[2], &[0, 1], &[1, 2], &[0, 2], &[0, 1, 2]] {
        for keepdims in [false, true] {
            unary(&[3, 4, 9], |b, x| b.sum(x, over, keepdims).unwrap());
            unary(&[3, 4, 9], |b, x| b.reduce_max(x, over, keepdims).unwrap());
            unary(&[3, 4, 9], |b, x| {
                let y = b.exp(x).unwrap();
                let axes = Some(over.iter().map(|&a| a as i64).collect());
                b.apply(ReduceMin { axes, keepdims }, &[y]).unwrap()
            });
        }
    }
    for axis in [0, 1, 2] {
        unary(&[3, 4, 9], |b, x| b.arg_extreme(x, axis, true).unwrap());
        unary(&[3, 4, 9], |b, x| b.arg_extreme(x, axis, false).unwrap());
    }
    unary(&[40, 1100], |b, x| b.sum(x, &[0, 1], false).unwrap());
    unary(&[17, 21], |b, x| b.sum(x, &[0], false).unwrap());
}

#[test]
fn views_are_read_through() {
    unary(&[4, 6], |b, x| {
        let y = b.exp(x).unwrap();
        let y = b.transpose(y, &[1, 0]).unwrap();
        b.add(y, y).unwrap()
    });
    unary(&[4, 6], |b, x| {
        let y = b.reshape(x, &Shape::new([3, 8])).unwrap();
        let y = b.exp(y).unwrap();
        let op = Pad {
            low: axes(&[1, -1]),
            high: axes(&[0, 2]),
            interior: Some(axes(&[1, 0])),
            value: Real(0.5),
        };
        b.apply(op, &[y]).unwrap()
    });
    unary(&[4, 6], |b, x| {
        let y = b.apply(Reverse { axes: axes(&[1]) }, &[x]).unwrap();
        let z = b.slice(y, &[0, 1], &[4, 6], &[2, 2]).unwrap();
        let w = b.exp(z).unwrap();
        let c = b.apply(Concat { axis: 0 }, &[z, w, z]).unwrap();
        b.mul(c, c).unwrap()
    });
    unary(&[4, 6], |b, x| b.transpose(x, &[1, 0]).unwrap());
}

#[test]
fn contractions_of_every_shape() {
    let shapes = [
        (1, 1, 1),
        (3, 3, 3),
        (1, 5, 9),
        (5, 7, 1),
        (9, 4, 8),
        (8, 3, 12),
        (6, 5, 10),
        (17, 9, 33),
        (4, 0, 8),
    ];
    for (m, k, n) in shapes {
        for (tx, ty_) in [(false, false), (true, false), (false, true), (true, true)] {
            let b = builder();
            let x = input(&b, "x", F, if tx { [k, m] } else { [m, k] }.as_slice());
            let y = input(&b, "y", F, if ty_ { [n, k] } else { [k, n] }.as_slice());
            let op = DotGeneral {
                x_contract: axes(&[i64::from(!tx)]),
                y_contract: axes(&[i64::from(ty_)]),
                x_batch: axes(&[]),
                y_batch: axes(&[]),
            };
            let z = b.apply(op, &[x, y]).unwrap();
            check(&finish(b, &[z]));
        }
    }
    let b = builder();
    let x = input(&b, "x", F, &[3, 2, 5, 4]);
    let y = input(&b, "y", F, &[4, 6, 3, 5]);
    let op = DotGeneral {
        x_contract: axes(&[3, 2]),
        y_contract: axes(&[0, 3]),
        x_batch: axes(&[0]),
        y_batch: axes(&[2]),
    };
    let z = b.apply(op, &[x, y]).unwrap();
    check(&finish(b, &[z]));
    let b = builder();
    let x = input(&b, "x", DType::I32, &[3, 7]);
    let y = input(&b, "y", DType::I32, &[7, 6]);
    let z = matmul(&b, x, y);
    check(&finish(b, &[z]));
    // A vector on either side.
    let b = builder();
    let x = input(&b, "x", F, &[9]);
    let y = input(&b, "y", F, &[9, 20]);
    let op = DotGeneral {
        x_contract: axes(&[0]),
        y_contract: axes(&[0]),
        x_batch: axes(&[]),
        y_batch: axes(&[]),
    };
    let z = b.apply(op, &[x, y]).unwrap();
    check(&finish(b, &[z]));
}

#[test]
fn epilogues_of_tiles_of_several_sizes() {
    // With no more than one tile of each size there is no loop between them.
    for m in 1..=9 {
        for n in [3, 4, 5, 8, 10, 13] {
            let b = builder();
            let x = input(&b, "x", F, &[m, 6]);
            let y = input(&b, "y", F, &[6, n]);
            let bias = input(&b, "bias", F, &[n]);
            let z = matmul(&b, x, y);
            let z = b.add(z, b.broadcast_to(bias, &b.shape(z)).unwrap());
            check(&finish(b, &[z.unwrap()]));
        }
    }
}

fn matmul(b: &Builder, x: Value, y: Value) -> Value {
    let op = DotGeneral {
        x_contract: axes(&[1]),
        y_contract: axes(&[0]),
        x_batch: axes(&[]),
        y_batch: axes(&[]),
    };
    b.apply(op, &[x, y]).unwrap()
}

/// relu(x·w + bias)·v, as in a classifier.
fn mlp(b: &Builder) -> Vec<Value> {
    let x = input(b, "x", F, &[8, 6]);
    let w = input(b, "w", F, &[6, 12]);
    let bias = input(b, "bias", F, &[12]);
    let v = input(b, "v", F, &[12, 10]);
    let h = matmul(b, x, w);
    let shift = b.broadcast_to(bias, &b.shape(h)).unwrap();
    let h = b.apply(Relu {}, &[b.add(h, shift).unwrap()]).unwrap();
    let y = matmul(b, h, v);
    vec![y]
}

#[test]
fn bias_and_relu_are_an_epilogue() {
    let b = builder();
    let outputs = mlp(&b);
    let lowering = check(&finish(b, &outputs));
    assert_eq!(launches(&lowering.program), 2, "{}", lowering.program);
}

#[test]
fn gathers_and_scatters() {
    let b = builder();
    let x = input(&b, "x", F, &[4, 5]);
    let i = input(&b, "i", DType::I32, &[3, 2]);
    let rows = input(&b, "rows", DType::I64, &[4]);
    let g = b.gather(x, i, Gather { axis: 0, batch: 0 }).unwrap();
    let h = b.gather(x, i, Gather { axis: 1, batch: 0 }).unwrap();
    let r = b.gather(x, rows, Gather { axis: 1, batch: 1 }).unwrap();
    let e = b.exp(x).unwrap();
    let k = b.gather(e, rows, Gather { axis: 1, batch: 1 }).unwrap();
    let s = b
        .scatter_add(x, i, g, ScatterAdd { axis: 0, batch: 0 })
        .unwrap();
    let t = b
        .scatter_add(x, i, h, ScatterAdd { axis: 1, batch: 0 })
        .unwrap();
    let u = b
        .scatter_add(e, rows, r, ScatterAdd { axis: 1, batch: 1 })
        .unwrap();
    check(&finish(b, &[g, h, r, k, s, t, u]));
}

#[test]
fn the_first_index_out_of_range_is_reported() {
    let b = builder();
    let x = input(&b, "x", F, &[4, 5]);
    let i = input(&b, "i", DType::I32, &[3]);
    let g = b.gather(x, i, Gather { axis: 0, batch: 0 }).unwrap();
    let graph = finish(b, &[g, g]);
    let signature = Signature::pure("entry");
    let lowering = lower(&graph, &signature, &Target::BITS_128).unwrap();
    let mut inputs = samples(&graph);
    inputs[1] = Tensor::integers(inputs[1].ty.clone(), [0, 7, -1]);
    let (status, _) = run(&lowering.program, &graph, &signature, &inputs);
    assert_eq!(status, lgc_abi::Status::IndexOutOfRange.code());
}

/// A fold that reads what another one reads, and something that is computed after that.
#[test]
fn a_fold_joins_no_kernel_before_what_it_reads() {
    for axis in [0, 1] {
        let b = builder();
        let x = input(&b, "x", F, &[6, 6]);
        let w = input(&b, "w", F, &[6, 6]);
        let first = b.sum(x, &[axis], false).unwrap();
        let product = matmul(&b, x, w);
        let upper = b.slice(x, &[0, 0], &[2, 6], &[1, 1]).unwrap();
        let lower = b.slice(product, &[2, 0], &[6, 6], &[1, 1]).unwrap();
        let both = b.apply(Concat { axis: 0 }, &[upper, lower]).unwrap();
        let second = b.reduce_max(both, &[axis], false).unwrap();
        let third = b.sum(both, &[axis], false).unwrap();
        check(&finish(b, &[first, second, third]));
    }
}

/// What reads other elements of a product, or of a fold, than the one beside it is no part of its kernel.
#[test]
fn products_and_folds_are_read_elsewhere() {
    let b = builder();
    let x = input(&b, "x", F, &[9, 9]);
    let w = input(&b, "w", F, &[9, 9]);
    let product = matmul(&b, x, w);
    let turned = b.transpose(product, &[1, 0]).unwrap();
    let symmetric = b.add(product, turned).unwrap();
    let means = b.sum(x, &[1], true).unwrap();
    let upside = b.reverse(means, axes(&[0])).unwrap();
    let centred = b.sub(x, b.broadcast_to(upside, &b.shape(x)).unwrap());
    let part = b.slice(product, &[0, 0], &[9, 7], &[1, 1]).unwrap();
    let pad = Pad {
        low: axes(&[0, 0]),
        high: axes(&[0, 2]),
        interior: None,
        value: Real(7.0),
    };
    let masked = b.exp(b.apply(pad, &[part]).unwrap()).unwrap();
    let masked = b.add(masked, product).unwrap();
    check(&finish(b, &[symmetric, centred.unwrap(), masked]));
}

/// Conditions that hold in the first and the last lane of a vector, and not between.
#[test]
fn conditions_change_within_vectors() {
    for dtype in [DType::F32, DType::F64] {
        for (columns, gap) in [(1, 1), (1, 2), (2, 1), (3, 2), (4, 3)] {
            let b = builder();
            let x = input(&b, "x", dtype, &[12, columns]);
            let pad = Pad {
                low: axes(&[0, gap]),
                high: axes(&[0, gap - 1]),
                interior: None,
                value: Real(7.0),
            };
            let padded = b.apply(pad, &[x]).unwrap();
            let flat = b.ty(padded).elements();
            let flat = b.reshape(padded, &Shape::new([flat])).unwrap();
            let turned = b.reverse(flat, axes(&[0])).unwrap();
            let sum = b.add(b.exp(flat).unwrap(), turned).unwrap();
            check(&finish(b, &[sum]));
        }
    }
}

/// Checks that kernels, machine code and the interpreter accept indices or refuse them.
fn judge(graph: &Graph, signature: &Signature, inputs: &[Tensor<f64>], is_inside: bool) {
    let lowering = lower(graph, signature, &Target::BITS_128).unwrap();
    let expected = if is_inside {
        0
    } else {
        lgc_abi::Status::IndexOutOfRange.code()
    };
    let indices = inputs[inputs.len() - 1].as_ints();
    let (status, _) = run(&lowering.program, graph, signature, inputs);
    assert_eq!(status, expected, "{indices:?}\n{}", lowering.program);
    let (status, _) = compiled::outcome(&lowering.program, graph, signature, inputs);
    assert_eq!(status, expected, "{indices:?}\n{}", lowering.program);
    let interpreted = interpret_graph::<f64>(graph, &(), inputs);
    assert_eq!(interpreted.is_ok(), is_inside, "{indices:?}");
}

#[test]
fn each_index_out_of_range_is_refused() {
    for dtype in [DType::I32, DType::I64, DType::U32] {
        let b = builder();
        let x = input(&b, "x", F, &[4, 5]);
        let i = input(&b, "i", dtype, &[3]);
        let g = b.gather(x, i, Gather { axis: 0, batch: 0 }).unwrap();
        let graph = finish(b, &[g]);
        let (low, high) = dtype.integer_range().unwrap();
        for index in [0, 3, 4, 5, high, low, -1] {
            if index < low {
                continue;
            }
            let mut inputs = samples(&graph);
            inputs[1] = Tensor::integers(inputs[1].ty.clone(), [0, index, 1]);
            let is_inside = (0..4).contains(&index);
            judge(&graph, &Signature::pure("entry"), &inputs, is_inside);
        }
    }
}

#[test]
fn indices_of_several_tables_are_checked_against_each() {
    for [first, second] in [[8, 4], [4, 8]] {
        let b = builder();
        let x = input(&b, "x", F, &[first, 2]);
        let y = input(&b, "y", F, &[second, 3]);
        let i = input(&b, "i", DType::I32, &[2]);
        let g = b.gather(x, i, Gather { axis: 0, batch: 0 }).unwrap();
        let h = b.gather(y, i, Gather { axis: 0, batch: 0 }).unwrap();
        let graph = finish(b, &[g, h]);
        for (index, is_inside) in [(3, true), (6, false)] {
            let mut inputs = samples(&graph);
            inputs[2] = Tensor::integers(inputs[2].ty.clone(), [1, index]);
            judge(&graph, &Signature::pure("entry"), &inputs, is_inside);
        }
    }
}

/// Where an index is out of range no `inout` has changed, though the index is what it becomes.
#[test]
fn nothing_is_updated_before_indices_are_checked() {
    let b = builder();
    let p = input(&b, "p", DType::I32, &[4]);
    let x = input(&b, "x", F, &[8, 3]);
    let one = b.integer_like(p, 1).unwrap();
    let next = b.add(p, one).unwrap();
    let g = b.gather(x, next, Gather { axis: 0, batch: 0 }).unwrap();
    let graph = finish(b, &[next, g]);
    let signature = Signature {
        name: "step".into(),
        next: vec![Some(0), None],
    };
    let lowering = check_with(&graph, &signature, &samples(&graph));
    let mut inputs = samples(&graph);
    let old = vec![0, 7, 1, 2];
    inputs[0] = Tensor::integers(inputs[0].ty.clone(), old.clone());
    let ways = [run, compiled::outcome];
    for way in ways {
        let (status, values) = way(&lowering.program, &graph, &signature, &inputs);
        assert_eq!(status, lgc_abi::Status::IndexOutOfRange.code());
        assert_eq!(
            values[0].as_integers().unwrap(),
            old,
            "{}",
            lowering.program
        );
    }
}

#[test]
fn values_are_exchanged_in_place() {
    let b = builder();
    let p = input(&b, "p", F, &[3, 4]);
    let q = input(&b, "q", F, &[3, 4]);
    let graph = finish(b, &[q, p, p, q]);
    let signature = Signature {
        name: "swap".into(),
        next: vec![Some(0), Some(1), None, None],
    };
    check_with(&graph, &signature, &samples(&graph));
}

#[test]
fn updates_are_written_in_place() {
    let b = builder();
    let p = input(&b, "p", F, &[3, 4]);
    let g = input(&b, "g", F, &[3, 4]);
    let rate = input(&b, "rate", F, &[]);
    let next = b.apply(Sgd {}, &[p, g, rate]).unwrap();
    let total = b.sum(p, &[0, 1], false).unwrap();
    let graph = finish(b, &[next, total]);
    let signature = Signature {
        name: "step".into(),
        next: vec![Some(0), None],
    };
    let lowering = check_with(&graph, &signature, &samples(&graph));
    let copies = lowering
        .program
        .steps
        .iter()
        .any(|s| matches!(s, crate::kernel::Step::Copy { .. }));
    assert!(!copies, "{}", lowering.program);
}

/// Each of two updates reads the old value that the other one overwrites, in kernels of their own.
#[test]
fn updates_that_read_each_other_see_old_values() {
    let b = builder();
    let p = input(&b, "p", F, &[4]);
    let q = input(&b, "q", F, &[6]);
    let front = b.slice(q, &[0], &[4], &[1]).unwrap();
    let padded = b.pad_zero(p, axes(&[1]), axes(&[1]), axes(&[0])).unwrap();
    let nexts = [b.add(p, front).unwrap(), b.sub(q, padded).unwrap()];
    let graph = finish(b, &nexts);
    let signature = Signature {
        name: "step".into(),
        next: vec![Some(0), Some(1)],
    };
    check_with(&graph, &signature, &samples(&graph));
}

/// What belongs to a row reads an element of it, of which there is one.
#[test]
fn rows_of_one_element_are_read_once_they_are_there() {
    let b = builder();
    let x = input(&b, "x", F, &[5, 1]);
    let e = b.exp(x).unwrap();
    let s = b.sum(e, &[1], false).unwrap();
    let only = b.reshape(e, &b.shape(s)).unwrap();
    let t = b.mul(s, only).unwrap();
    let wide = b.broadcast_in_dim(t, &b.shape(x), &[0]).unwrap();
    let y = b.add(e, wide).unwrap();
    check(&finish(b, &[y, t]));
}

#[test]
fn a_value_that_is_read_transposed_is_not_overwritten() {
    let b = builder();
    let p = input(&b, "p", F, &[4, 4]);
    let t = b.transpose(p, &[1, 0]).unwrap();
    let next = b.add(p, t).unwrap();
    let graph = finish(b, &[next]);
    let signature = Signature {
        name: "step".into(),
        next: vec![Some(0)],
    };
    check_with(&graph, &signature, &samples(&graph));
}

#[test]
fn empty_tensors_and_scalars() {
    unary(&[0, 4], |b, x| b.exp(x).unwrap());
    unary(&[3, 0], |b, x| b.sum(x, &[1], false).unwrap());
    unary(&[], |b, x| b.exp(x).unwrap());
    unary(&[1, 1], |b, x| b.apply(Softmax { axis: 1 }, &[x]).unwrap());
    unary(&[2, 3], |b, x| {
        b.full(&b.ty(x), &lgc_ir::constant::Constant::integer(3))
            .unwrap()
    });
    unary(&[2, 3], |b, x| b.iota(&b.shape(x), 1, F).unwrap());
}

#[test]
fn cross_entropy_and_its_gradient() {
    let b = builder();
    let x = input(&b, "x", F, &[6, 10]);
    let labels = input(&b, "labels", DType::I32, &[6]);
    let label_smoothing = Real(0.0);
    let op = CrossEntropy { label_smoothing };
    let l = b.apply(op, &[x, labels]).unwrap();
    let graph = finish(b, &[l]);
    let lowering = check(&graph);
    assert!(launches(&lowering.program) <= 4, "{}", lowering.program);
}
