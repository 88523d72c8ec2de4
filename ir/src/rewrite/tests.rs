//! Rules one by one, and random graphs before and after every pass, bit by bit.

use super::*;
use crate::builder::Builder;
use crate::constant::Constant;
use crate::dtype::DType;
use crate::graph::Value;
use crate::interpret::{Data, Tensor, interpret};
use crate::op::{self, Input, Op};
use crate::shape::{Shape, Type};
use crate::span::Span;
use proptest::prelude::*;

fn input(b: &Builder, dtype: DType, extents: &[u64]) -> Value {
    b.apply(
        Input {
            dtype,
            shape: Shape::new(extents.iter().copied()),
        },
        &[],
    )
    .unwrap()
}

fn finish(b: Builder, outputs: &[Value]) -> Graph {
    for (position, output) in outputs.iter().enumerate() {
        b.edit(|graph| graph.add_output(format!("y{position}"), *output));
    }
    b.finish()
}

/// Numbers on which inexact rules show.
const HARD: [f32; 12] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    1.5,
    -2.25,
    f32::NAN,
    f32::INFINITY,
    f32::NEG_INFINITY,
    1e-42,
    -3e38,
    7.0,
];

fn bits(graph: &Graph) -> Vec<Vec<u64>> {
    let tensors: Vec<Tensor<f32>> = graph
        .inputs()
        .iter()
        .enumerate()
        .map(|(position, input)| {
            let ty = graph.ty(*input).clone();
            let at = |i: usize| HARD[(i * 5 + position * 7) % HARD.len()];
            let count = ty.elements() as usize;
            match ty.dtype {
                DType::F32 | DType::F64 => Tensor::numbers(ty, (0..count).map(at).collect()),
                DType::I32 | DType::I64 | DType::U32 => {
                    Tensor::integers(ty, (0..count).map(|i| i as i64 * 3 - 4))
                }
                DType::Bool => Tensor::masks(ty.shape, (0..count).map(|i| i % 3 == 0)),
            }
        })
        .collect();
    let run = interpret(graph, &(), &tensors).unwrap();
    let canonical = |x: f32| {
        if x.is_nan() {
            1u64 << 40
        } else {
            u64::from(x.to_bits())
        }
    };
    run.outputs()
        .iter()
        .map(|tensor| match &tensor.data {
            Data::Number(v) => v.iter().map(|x| canonical(*x)).collect(),
            Data::Int(v) => v.iter().map(|x| x.value.unwrap() as u64).collect(),
            Data::Mask(v) => v.iter().map(|m| u64::from(*m)).collect(),
        })
        .collect()
}

/// Builds a graph over one f32[12] input; the passes must reduce it to `nodes` nodes with the same
/// results.
fn reduces_to(nodes: usize, build: impl Fn(&Builder, Value) -> Value) {
    let b = Builder::new(Graph::new(), Span::SYNTHETIC);
    let x = input(&b, DType::F32, &[12]);
    let y = build(&b, x);
    let graph = finish(b, &[y]);
    let (optimized, _, _) = optimize(&graph, true).unwrap();
    assert_eq!(bits(&graph), bits(&optimized));
    assert_eq!(optimized.len(), nodes, "{optimized:#?}");
}

fn splat(b: &Builder, like: Value, value: Constant) -> Value {
    b.full(&b.ty(like), &value).unwrap()
}

#[test]
fn units_vanish() {
    let one = |b: &Builder, x| splat(b, x, Constant::integer(1));
    reduces_to(1, |b, x| b.apply(op::Mul {}, &[x, one(b, x)]).unwrap());
    reduces_to(1, |b, x| b.apply(op::Mul {}, &[one(b, x), x]).unwrap());
    reduces_to(1, |b, x| b.div(x, one(b, x)).unwrap());
    reduces_to(1, |b, x| {
        b.sub(x, splat(b, x, Constant::integer(0))).unwrap()
    });
    reduces_to(1, |b, x| b.add(x, splat(b, x, Constant::NegZero)).unwrap());
}

#[test]
fn what_is_not_exact_stays() {
    reduces_to(3, |b, x| {
        b.add(x, splat(b, x, Constant::integer(0))).unwrap()
    });
    reduces_to(3, |b, x| {
        b.apply(op::Mul {}, &[x, splat(b, x, Constant::integer(0))])
            .unwrap()
    });
    reduces_to(2, |b, x| b.sub(x, x).unwrap());
    reduces_to(2, |b, x| b.div(x, x).unwrap());
}

#[test]
fn negations_cancel() {
    reduces_to(1, |b, x| b.neg(b.neg(x).unwrap()).unwrap());
    reduces_to(2, |b, x| {
        b.apply(op::Mul {}, &[x, splat(b, x, Constant::integer(-1))])
            .unwrap()
    });
    reduces_to(3, |b, x| {
        let square = b.apply(op::Mul {}, &[x, x]).unwrap();
        b.add(x, b.neg(square).unwrap()).unwrap()
    });
}

#[test]
fn views_compose() {
    let shape = |extents: &[u64]| Shape::new(extents.iter().copied());
    reduces_to(2, |b, x| {
        b.reshape(b.reshape(x, &shape(&[3, 4])).unwrap(), &shape(&[2, 6]))
            .unwrap()
    });
    reduces_to(1, |b, x| {
        b.reshape(b.reshape(x, &shape(&[3, 4])).unwrap(), &shape(&[12]))
            .unwrap()
    });
    reduces_to(2, |b, x| {
        let m = b.reshape(x, &shape(&[3, 4])).unwrap();
        b.transpose(b.transpose(m, &[1, 0]).unwrap(), &[1, 0])
            .unwrap()
    });
    reduces_to(2, |b, x| {
        let row = b.reshape(x, &shape(&[1, 12])).unwrap();
        b.broadcast_in_dim(row, &shape(&[5, 12]), &[0, 1]).unwrap()
    });
    reduces_to(2, |b, x| {
        let zeros = splat(b, x, Constant::integer(0));
        b.reshape(zeros, &shape(&[3, 4])).unwrap()
    });
}

#[test]
fn constants_fold_with_the_rounding_of_their_dtype() {
    reduces_to(3, |b, x| {
        let third = b.div(
            splat(b, x, Constant::integer(1)),
            splat(b, x, Constant::integer(3)),
        );
        b.add(x, third.unwrap()).unwrap()
    });
    let b = Builder::new(Graph::new(), Span::SYNTHETIC);
    let ty = Type::new(DType::F32, Shape::new([2]));
    let tenth = b.full(&ty, &Constant::ratio(1, 10)).unwrap();
    let sum = b.add(tenth, b.add(tenth, tenth).unwrap()).unwrap();
    let graph = finish(b, &[sum]);
    let (folded, _, _) = optimize(&graph, true).unwrap();
    assert_eq!(folded.len(), 1);
    assert_eq!(
        bits(&folded)[0][0],
        u64::from((0.1f32 + (0.1 + 0.1)).to_bits())
    );
}

#[test]
fn transcendental_functions_of_constants_are_left_to_run_time() {
    reduces_to(4, |b, x| {
        let power = b.exp(splat(b, x, Constant::integer(1))).unwrap();
        b.add(x, power).unwrap()
    });
}

#[test]
fn equal_nodes_merge_and_inputs_do_not() {
    let b = Builder::new(Graph::new(), Span::SYNTHETIC);
    let (x, y) = (input(&b, DType::F32, &[12]), input(&b, DType::F32, &[12]));
    let (p, q) = (b.exp(x).unwrap(), b.exp(x).unwrap());
    let outputs = [b.add(p, q).unwrap(), b.exp(y).unwrap()];
    let graph = finish(b, &outputs);
    let (merged, remap) = cse(&graph).unwrap();
    assert_eq!(merged.len(), 5);
    assert_eq!(remap.value(p), remap.value(q));
    assert_eq!(bits(&graph), bits(&merged));
}

#[test]
fn dead_code_goes_and_inputs_stay() {
    let b = Builder::new(Graph::new(), Span::SYNTHETIC);
    let (x, _unused) = (input(&b, DType::F32, &[12]), input(&b, DType::F32, &[4]));
    b.exp(x).unwrap();
    let y = b.neg(x).unwrap();
    let graph = finish(b, &[y]);
    let (swept, _) = dce(&graph).unwrap();
    assert_eq!(swept.len(), 3);
    assert_eq!(swept.inputs().len(), 2);
}

#[test]
fn long_chains_take_linear_time_and_no_stack() {
    let b = Builder::new(Graph::new(), Span::SYNTHETIC);
    let x = input(&b, DType::F32, &[4]);
    let mut y = x;
    for step in 0..65_536 {
        y = if step % 2 == 0 {
            b.exp(y).unwrap()
        } else {
            b.add(y, x).unwrap()
        };
    }
    let graph = finish(b, &[y]);
    let (optimized, _, _) = optimize(&graph, true).unwrap();
    assert_eq!(optimized.len(), graph.len());
}

/// One random step on values of type f32[2, 3] and bool[2, 3].
#[derive(Clone, Debug)]
enum RandomStep {
    Unary(u8, usize),
    Binary(u8, usize, usize),
    Select(u8, usize, usize, usize),
    View(u8, usize),
    Constant(u8),
}

fn random_steps() -> impl Strategy<Value = Vec<RandomStep>> {
    let step = prop_oneof![
        (0u8..8, 0usize..64).prop_map(|(op, x)| RandomStep::Unary(op, x)),
        (0u8..6, 0usize..64, 0usize..64).prop_map(|(op, x, y)| RandomStep::Binary(op, x, y)),
        (0u8..6, 0usize..64, 0usize..64, 0usize..64)
            .prop_map(|(op, c, x, y)| RandomStep::Select(op, c, x, y)),
        (0u8..6, 0usize..64).prop_map(|(op, x)| RandomStep::View(op, x)),
        (0u8..6).prop_map(RandomStep::Constant),
    ];
    proptest::collection::vec(step, 1..24)
}

fn build(steps: &[RandomStep]) -> Graph {
    let b = Builder::new(Graph::new(), Span::SYNTHETIC);
    let shape = Shape::new([2, 3]);
    let mut values = vec![
        input(&b, DType::F32, &[2, 3]),
        input(&b, DType::F32, &[2, 3]),
    ];
    for step in steps {
        let at = |i: usize| values[i % values.len()];
        let value = match step {
            RandomStep::Unary(op, x) => {
                let op: Op = match op {
                    0 => op::Neg {}.into(),
                    1 => op::Abs {}.into(),
                    2 => op::Sqrt {}.into(),
                    3 => op::Relu {}.into(),
                    4 => op::Floor {}.into(),
                    5 => op::StopGradient {}.into(),
                    6 => op::Scale {
                        factor: op::Real(1.0),
                    }
                    .into(),
                    _ => op::Square {}.into(),
                };
                b.apply(op, &[at(*x)]).unwrap()
            }
            RandomStep::Binary(op, x, y) => {
                let op: Op = match op {
                    0 => op::Add {}.into(),
                    1 => op::Sub {}.into(),
                    2 => op::Mul {}.into(),
                    3 => op::Div {}.into(),
                    4 => op::Max {}.into(),
                    _ => op::Min {}.into(),
                };
                b.apply(op, &[at(*x), at(*y)]).unwrap()
            }
            RandomStep::Select(op, c, x, y) => {
                let mask = if op % 2 == 0 {
                    b.apply(op::Less {}, &[at(*c), at(*x)]).unwrap()
                } else {
                    let equal = b.equal(at(*c), at(*c)).unwrap();
                    b.apply(op::LogicalNot {}, &[equal]).unwrap()
                };
                b.select(mask, at(*x), at(*y)).unwrap()
            }
            RandomStep::View(op, x) => {
                let x = at(*x);
                match op {
                    0 => b
                        .transpose(b.reshape(x, &Shape::new([3, 2])).unwrap(), &[1, 0])
                        .unwrap(),
                    1 => b
                        .apply(
                            op::Reverse {
                                axes: [1i64].into_iter().collect(),
                            },
                            &[x],
                        )
                        .unwrap(),
                    2 => b
                        .reshape(b.reshape(x, &Shape::new([6])).unwrap(), &shape)
                        .unwrap(),
                    3 => {
                        let row = b.slice(x, &[0, 0], &[1, 3], &[1, 1]).unwrap();
                        b.broadcast_to(row, &shape).unwrap()
                    }
                    4 => b.cast(b.cast(x, DType::F64).unwrap(), DType::F32).unwrap(),
                    _ => {
                        let wide = b.apply(op::Concat { axis: 0 }, &[x, x]).unwrap();
                        b.slice(wide, &[1, 0], &[3, 3], &[1, 1]).unwrap()
                    }
                }
            }
            RandomStep::Constant(op) => {
                let value = match op {
                    0 => Constant::integer(0),
                    1 => Constant::integer(1),
                    2 => Constant::NegZero,
                    3 => Constant::integer(-1),
                    4 => Constant::Infinity,
                    _ => Constant::ratio(1, 3),
                };
                b.full(&Type::new(DType::F32, shape.clone()), &value)
                    .unwrap()
            }
        };
        values.push(value);
    }
    let outputs: Vec<Value> = values.iter().rev().take(3).copied().collect();
    finish(b, &outputs)
}

proptest! {
    #[test]
    fn passes_keep_every_bit(steps in random_steps()) {
        let graph = build(&steps);
        let want = bits(&graph);
        for (name, pass) in ROUND {
            let (next, _) = pass(&graph).unwrap();
            verify(&next).unwrap();
            prop_assert_eq!(&bits(&next), &want, "{}", name);
        }
        let (optimized, remap, _) = optimize(&graph, true).unwrap();
        prop_assert_eq!(bits(&optimized), want);
        for (old, new) in graph.outputs().iter().zip(optimized.outputs()) {
            prop_assert_eq!(remap.value(old.value), Some(new.value));
        }
    }
}
