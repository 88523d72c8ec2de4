//! One op behind another: every two views, and every two functions, whatever their attributes.

use super::{assert_same, graph_of, input};
use crate::builder::Builder;
use crate::dtype::DType;
use crate::graph::Value;
use crate::op::*;
use crate::rewrite::{optimize, simplify};
use crate::shape::Shape;

type Built = Result<Value, TypeError>;
type Step = (&'static str, fn(&Builder, Value) -> Built);

fn axes<const N: usize>(list: [i64; N]) -> Axes {
    list.into_iter().collect()
}

fn pad(b: &Builder, x: Value, [low, high]: [[i64; 2]; 2], interior: i64, value: f64) -> Built {
    let pad = Pad {
        low: axes(low),
        high: axes(high),
        interior: (interior > 0).then(|| axes([interior, 0])),
        value: Real(value),
    };
    b.apply(pad, &[x])
}

fn slice(b: &Builder, x: Value, start: [u64; 2], cut: [u64; 2], step: [u64; 2]) -> Built {
    let shape = b.shape(x);
    let extents = shape.extents();
    let limit: Vec<u64> = extents
        .zip(cut)
        .map(|(e, cut)| e.saturating_sub(cut))
        .collect();
    b.slice(x, &start, &limit, &step)
}

/// Views of what has two axes.
const VIEWS: &[Step] = &[
    ("pad by 2", |b, x| pad(b, x, [[1, 0], [0, 2]], 0, 2.0)),
    ("pad by −1", |b, x| pad(b, x, [[1, 0], [0, 2]], 0, -1.0)),
    ("pad by 0", |b, x| pad(b, x, [[0, 1], [0, 0]], 0, 0.0)),
    ("pad by −0", |b, x| pad(b, x, [[0, 1], [0, 0]], 0, -0.0)),
    ("pad that cuts", |b, x| {
        pad(b, x, [[-1, 0], [2, -1]], 0, 2.0)
    }),
    ("pad between", |b, x| pad(b, x, [[0, 1], [1, 0]], 2, 2.0)),
    ("slice", |b, x| slice(b, x, [1, 0], [0, 1], [1, 1])),
    ("slice in steps", |b, x| slice(b, x, [0, 1], [0, 0], [2, 3])),
    ("slice in other steps", |b, x| {
        slice(b, x, [1, 1], [1, 0], [3, 2])
    }),
    ("slice of nothing", |b, x| {
        b.slice(x, &[1, 1], &[1, 2], &[1, 1])
    }),
    ("reversal of rows", |b, x| b.reverse(x, axes([0]))),
    ("reversal of both", |b, x| b.reverse(x, axes([0, 1]))),
    ("transpose", |b, x| b.transpose(x, &[1, 0])),
    ("reshape", |b, x| {
        let [rows, columns] = [0, 1].map(|axis| b.shape(x).extent(axis));
        b.reshape(x, &Shape::new([columns, rows]))
    }),
    ("broadcast of the first row", |b, x| {
        let columns = b.shape(x).extent(1);
        let row = b.slice(x, &[0, 0], &[1, columns], &[1, 1])?;
        let shape = Shape::new([3, columns]);
        b.broadcast_in_dim(row, &shape, &[0, 1])
    }),
    ("concatenation with itself", |b, x| {
        b.apply(Concat { axis: 1 }, &[x, x])
    }),
];

const fn real(value: f64) -> Real {
    Real(value)
}

/// Functions of floats.
const FUNCTIONS: &[Step] = &[
    ("relu", |b, x| b.apply(Relu {}, &[x])),
    ("clamp to 0..2", |b, x| {
        let (lo, hi) = (real(0.0), real(2.0));
        b.apply(Clamp { lo, hi }, &[x])
    }),
    ("clamp to −1..1", |b, x| {
        let (lo, hi) = (real(-1.0), real(1.0));
        b.apply(Clamp { lo, hi }, &[x])
    }),
    ("sign", |b, x| b.apply(Sign {}, &[x])),
    ("negation", |b, x| b.neg(x)),
    ("magnitude", |b, x| b.apply(Abs {}, &[x])),
    ("square", |b, x| b.apply(Square {}, &[x])),
    ("floor", |b, x| b.apply(Floor {}, &[x])),
    ("ceil", |b, x| b.apply(Ceil {}, &[x])),
    ("round", |b, x| b.apply(Round {}, &[x])),
    ("smooth magnitude", |b, x| {
        b.apply(SmoothAbs { eps: real(0.5) }, &[x])
    }),
    ("half", |b, x| b.apply(Scale { factor: real(0.5) }, &[x])),
    ("opposite", |b, x| {
        b.apply(Scale { factor: real(-1.0) }, &[x])
    }),
    ("cube", |b, x| {
        b.apply(
            Power {
                exponent: real(3.0),
            },
            &[x],
        )
    }),
    ("plus 0", |b, x| b.add(x, b.integer_like(x, 0)?)),
    ("0 minus", |b, x| b.sub(b.integer_like(x, 0)?, x)),
    ("third", |b, x| b.div(x, b.integer_like(x, 3)?)),
    ("quarter", |b, x| b.div(x, b.integer_like(x, 4)?)),
    ("through integers", |b, x| {
        b.cast(b.cast(x, DType::I32)?, DType::F32)
    }),
];

/// How many pairs type-check; each means the same when it is simplified and optimised.
fn pairs_that_hold(steps: &[Step], shape: &[u64]) -> usize {
    let mut count = 0;
    for (first, inner) in steps {
        for (second, outer) in steps {
            let builds = graph_builds(shape, *inner, *outer);
            if !builds {
                continue;
            }
            count += 1;
            let graph = graph_of(|b| Ok([outer(b, inner(b, input(b, DType::F32, shape))?)?]));
            let simplified = simplify(&graph).unwrap().0;
            let optimised = optimize(&graph, true).unwrap().0;
            println!("{second} of {first}");
            assert_same(&graph, &simplified);
            assert_same(&graph, &optimised);
        }
    }
    count
}

fn graph_builds(
    shape: &[u64],
    inner: fn(&Builder, Value) -> Built,
    outer: fn(&Builder, Value) -> Built,
) -> bool {
    let b = Builder::new(crate::graph::Graph::new(), crate::span::Span::SYNTHETIC);
    inner(&b, input(&b, DType::F32, shape))
        .and_then(|x| outer(&b, x))
        .is_ok()
}

#[test]
fn views_of_views_keep_their_elements() {
    let count = pairs_that_hold(VIEWS, &[5, 7]);
    assert!(count > 200, "{count}");
}

#[test]
fn functions_of_functions_keep_their_bits() {
    let count = pairs_that_hold(FUNCTIONS, &[24]);
    assert_eq!(count, FUNCTIONS.len() * FUNCTIONS.len());
}
