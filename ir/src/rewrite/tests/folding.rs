//! Constant folding: what is folded, to what, and what is left.

use super::{assert_same_bits, graph_of, input, op_count};
use crate::builder::Builder;
use crate::constant::Constant;
use crate::dtype::DType;
use crate::graph::{Graph, Value};
use crate::op::*;
use crate::rewrite::{dce, fold_constants};
use crate::shape::{Shape, Type};

type Built = Result<Value, TypeError>;

fn full(b: &Builder, dtype: DType, shape: &[u64], value: f64) -> Value {
    let ty = Type::new(dtype, Shape::new(shape.iter().copied()));
    b.full(&ty, &Constant::from_f64(value)).unwrap()
}

fn literal(b: &Builder, dtype: DType, values: &[f64]) -> Value {
    let values: Vec<Constant> = values.iter().copied().map(Constant::from_f64).collect();
    let shape = Shape::new([values.len() as u64]);
    let elements = Elements::from_constants(dtype, shape, &values).unwrap();
    b.apply(Literal { elements }, &[]).unwrap()
}

fn folded(build: impl FnOnce(&Builder) -> Built) -> Graph {
    let before = graph_of(|b| Ok([build(b)?]));
    let (after, _) = fold_constants(&before).unwrap();
    assert_same_bits(&before, &after);
    dce(&after).unwrap().0
}

/// The number in every element of the only node left.
fn splat(build: impl FnOnce(&Builder) -> Built) -> f64 {
    let graph = folded(build);
    let node = graph.outputs()[0].value.node;
    let Op::Full(full) = graph.op(node) else {
        panic!("not a splat: {:?}", graph.op(node));
    };
    assert_eq!(graph.len(), 1);
    full.value.to_f64()
}

/// The elements of the only node left.
fn elements(build: impl FnOnce(&Builder) -> Built) -> Vec<f64> {
    let graph = folded(build);
    let node = graph.outputs()[0].value.node;
    let Op::Literal(literal) = graph.op(node) else {
        panic!("not a literal: {:?}", graph.op(node));
    };
    literal.elements.constants().map(|c| c.to_f64()).collect()
}

fn is_left(build: impl FnOnce(&Builder) -> Built) -> bool {
    let graph = folded(build);
    let constant = |op: &Op| matches!(op, Op::Full(_) | Op::Literal(_) | Op::Iota(_));
    op_count(&graph, constant) < graph.len()
}

const HUGE: &[u64] = &[1 << 12, 1 << 12];

/// Neighbours in double precision are one number in single precision.
#[test]
fn doubles_are_compared_and_cast_as_doubles() {
    let double = |b: &Builder, value| full(b, DType::F64, &[2], value);
    let [small, large] = [16_777_216.0, 16_777_217.0];
    assert_eq!(splat(|b| b.equal(double(b, small), double(b, large))), 0.0);
    assert_eq!(
        splat(|b| b.apply(Less {}, &[double(b, small), double(b, large)])),
        1.0
    );
    assert_eq!(splat(|b| b.cast(double(b, large), DType::I32)), large);
    let listed = elements(|b| {
        let x = literal(b, DType::F64, &[small, large, 1e-300]);
        let y = literal(b, DType::F64, &[large, large, 0.0]);
        b.apply(GreaterEqual {}, &[x, y])
    });
    assert_eq!(listed, [0.0, 1.0, 1.0]);
}

#[test]
fn splats_of_any_size_are_folded() {
    let huge = |b: &Builder, value| full(b, DType::F32, HUGE, value);
    // The interpreter would take long: the arithmetic is checked on small ones below.
    let fold = |build: &dyn Fn(&Builder) -> Built| {
        let graph = graph_of(|b| Ok([build(b)?]));
        let graph = dce(&fold_constants(&graph).unwrap().0).unwrap().0;
        let node = graph.outputs()[0].value.node;
        let Op::Full(full) = graph.op(node) else {
            panic!("{:?}", graph.op(node));
        };
        let ty = graph.ty(graph.outputs()[0].value).clone();
        (ty, full.value.to_f64())
    };
    let (ty, sum) = fold(&|b| b.add(huge(b, 0.1f32.into()), huge(b, 0.2f32.into())));
    assert_eq!(
        (ty.to_string().as_str(), sum as f32),
        ("f32[4096, 4096]", 0.1f32 + 0.2)
    );
    let (ty, value) = fold(&|b| b.transpose(huge(b, -0.0), &[1, 0]));
    assert!(value == 0.0 && value.is_sign_negative() && ty.elements() == 1 << 24);
    assert_eq!(fold(&|b| b.sum(huge(b, 1.0), &[1], false)).1, 4096.0);
    assert_eq!(
        fold(&|b| b.reduce_max(huge(b, 0.1), &[0], true)).1 as f32,
        0.1
    );
    let count = fold(&|b| b.sum(full(b, DType::I32, HUGE, 1000.0), &[0, 1], false));
    assert_eq!(count.1, f64::from((1000i64 << 24) as i32));
    let (ty, position) = fold(&|b| b.arg_extreme(huge(b, 2.0), 1, true));
    assert_eq!((ty.to_string().as_str(), position), ("i64[4096, 1]", 0.0));
}

#[test]
fn arithmetic_rounds_as_the_dtype_does() {
    let f32s = |b: &Builder, x, y| [full(b, DType::F32, &[2], x), full(b, DType::F32, &[2], y)];
    assert_eq!(
        splat(|b| b.apply(Div {}, &f32s(b, 1.0, 3.0))) as f32,
        1.0 / 3.0
    );
    assert_eq!(
        splat(|b| b.apply(Add {}, &f32s(b, 16777216.0, 1.0))),
        16777216.0
    );
    assert!(splat(|b| b.apply(Div {}, &f32s(b, 0.0, 0.0))).is_nan());
    assert_eq!(
        splat(|b| b.apply(Mul {}, &f32s(b, 1e30, 1e30))),
        f64::INFINITY
    );
    assert_eq!(
        splat(|b| b.apply(Sqrt {}, &[f32s(b, 2.0, 0.0)[0]])) as f32,
        2f32.sqrt()
    );
    let third = |b: &Builder| {
        let one = full(b, DType::F64, &[], 1.0);
        b.div(one, full(b, DType::F64, &[], 3.0))
    };
    assert_eq!(splat(third), 1.0 / 3.0);
}

#[test]
fn integers_wrap_and_truths_connect() {
    let ints = |b: &Builder| literal(b, DType::I32, &[2147483647.0, -7.0, 0.0]);
    let one = |b: &Builder| literal(b, DType::I32, &[1.0, 2.0, 0.0]);
    assert_eq!(
        elements(|b| b.add(ints(b), one(b))),
        [-2147483648.0, -5.0, 0.0]
    );
    assert_eq!(
        elements(|b| b.div(ints(b), one(b))),
        [2147483647.0, -3.0, -1.0]
    );
    assert_eq!(
        elements(|b| b.apply(Less {}, &[ints(b), one(b)])),
        [0.0, 1.0, 0.0]
    );
    assert_eq!(splat(|b| b.equal(one(b), one(b))), 1.0);
    assert_eq!(
        elements(|b| b.cast(ints(b), DType::U32)),
        [2147483647.0, 4294967289.0, 0.0]
    );
    assert_eq!(
        splat(|b| b.cast(full(b, DType::F32, &[3], -1e30), DType::I32)),
        f64::from(i32::MIN)
    );
}

#[test]
fn views_contractions_and_iotas_are_folded_while_small() {
    let row = |b: &Builder| literal(b, DType::F32, &[1.0, 2.0, 3.0]);
    assert_eq!(
        elements(|b| b.reverse(row(b), [0].into_iter().collect())),
        [3.0, 2.0, 1.0]
    );
    let axes = ContractAxes {
        batch: Default::default(),
        contract: [[0].into_iter().collect(), [0].into_iter().collect()],
        free: Default::default(),
    };
    assert_eq!(splat(|b| b.contract(row(b), row(b), &axes)), 14.0);
    let iota = |b: &Builder, n| b.iota(&Shape::new([n]), 0, DType::I32);
    assert_eq!(elements(|b| b.neg(iota(b, 3)?)), [0.0, -1.0, -2.0]);
    assert!(is_left(|b| b.neg(iota(b, 2000)?)));
    assert_eq!(splat(|b| Ok(literal(b, DType::I64, &[5.0, 5.0]))), 5.0);
}

#[test]
fn sums_are_folded_where_their_order_is_of_no_account() {
    let sum = |values: &'static [f64]| {
        move |b: &Builder| b.sum(literal(b, DType::F32, values), &[0], false)
    };
    assert_eq!(splat(sum(&[1.0, -3.0, 1e6])), 999998.0);
    assert!(is_left(sum(&[0.1, 0.2, 0.3])));
    assert!(is_left(sum(&[16777216.0, 1.0])));
    assert!(is_left(sum(&[-0.0, 0.0])));
    assert!(is_left(|b| b.sum(
        full(b, DType::F32, &[3], 0.1),
        &[0],
        false
    )));
    assert!(is_left(|b| b.sum(
        full(b, DType::F32, &[3], -0.0),
        &[0],
        false
    )));
}

#[test]
fn elementary_functions_are_folded_where_they_are_exact() {
    let at = |op: Op, x: f64| move |b: &Builder| b.apply(op, &[full(b, DType::F32, &[], x)]);
    assert_eq!(splat(at(Exp {}.into(), 0.0)), 1.0);
    assert_eq!(splat(at(Sigmoid {}.into(), 0.0)), 0.5);
    assert_eq!(splat(at(Log {}.into(), 1.0)), 0.0);
    assert!(splat(at(Sin {}.into(), -0.0)).is_sign_negative());
    assert!(is_left(at(Exp {}.into(), 1.0)));
    assert!(is_left(at(Softplus {}.into(), 0.0)));
    let pow = |x, y| {
        move |b: &Builder| {
            b.apply(
                Pow {},
                &[full(b, DType::F32, &[], x), full(b, DType::F32, &[], y)],
            )
        }
    };
    assert_eq!(splat(pow(3.5, 1.0)), 3.5);
    assert_eq!(splat(pow(3.5, 0.0)), 1.0);
    assert!(is_left(pow(3.5, 2.0)));
}

#[test]
fn what_fails_or_varies_is_left() {
    let table = |b: &Builder| literal(b, DType::F32, &[1.0, 2.0]);
    let gather = Gather { axis: 0, batch: 0 };
    let pick = |at: f64| {
        let gather = gather.clone();
        graph_of(move |b| Ok([b.gather(table(b), literal(b, DType::I32, &[0.0, at]), gather)?]))
    };
    let (good, _) = fold_constants(&pick(1.0)).unwrap();
    assert_eq!(op_count(&good, |op| matches!(op, Op::Gather(_))), 0);
    let (bad, remap) = fold_constants(&pick(2.0)).unwrap();
    assert_eq!(op_count(&bad, |op| matches!(op, Op::Gather(_))), 1);
    assert!(!remap.changes());
    assert!(is_left(|b| b.neg(input(b, DType::F32, &[2]))));
    assert!(is_left(|b| {
        let pad = Pad {
            low: [1].into_iter().collect(),
            high: [0].into_iter().collect(),
            interior: None,
            value: Real(0.0),
        };
        let huge = full(b, DType::F32, &[2000], 1.0);
        b.apply(pad, &[huge])
    }));
}
