//! Every rule of the simplifier fires on an example of its own, and keeps its meaning.

use super::{assert_same, graph_of, input};
use crate::builder::Builder;
use crate::constant::Constant;
use crate::dtype::DType;
use crate::graph::Value;
use crate::op::*;
use crate::rewrite::SIMPLIFICATIONS;
use crate::rewrite::simplify::simplify_observed;
use crate::shape::{Shape, Type};
use std::collections::BTreeSet;

type Built = Result<Value, TypeError>;
type Case = (&'static str, fn(&Builder) -> Built);

fn x(b: &Builder) -> Value {
    input(b, DType::F32, &[24])
}
fn n(b: &Builder) -> Value {
    input(b, DType::I32, &[24])
}
fn p(b: &Builder) -> Value {
    input(b, DType::Bool, &[24])
}
fn m(b: &Builder) -> Value {
    input(b, DType::F32, &[2, 3, 4])
}
fn full(b: &Builder, like: Value, value: f64) -> Value {
    b.full(&b.ty(like), &Constant::from_f64(value)).unwrap()
}
fn axes(list: &[i64]) -> Axes {
    list.iter().copied().collect()
}
fn shape(list: &[u64]) -> Shape {
    Shape::new(list.iter().copied())
}
fn with(b: &Builder, op: impl Into<Op>, x: Value, value: f64) -> Built {
    let y = full(b, x, value);
    b.apply(op, &[x, y])
}
fn not(b: &Builder, x: Value) -> Value {
    b.apply(LogicalNot {}, &[x]).unwrap()
}
fn truth(b: &Builder, value: f64) -> Value {
    b.full(
        &Type::new(DType::Bool, shape(&[24])),
        &Constant::from_f64(value),
    )
    .unwrap()
}
fn reverse(b: &Builder, x: Value, list: &[i64]) -> Built {
    b.reverse(x, axes(list))
}
fn sum(keepdims: bool, list: &[i64]) -> Sum {
    let axes = Some(axes(list));
    Sum { axes, keepdims }
}
fn pad(low: &[i64], high: &[i64], value: f64) -> Pad {
    let (low, high, value) = (axes(low), axes(high), Real(value));
    Pad {
        low,
        high,
        interior: None,
        value,
    }
}

const CASES: &[Case] = &[
    ("times one", |b| {
        b.apply(Mul {}, &{
            let v = x(b);
            [full(b, v, 1.0), v]
        })
    }),
    ("times one", |b| with(b, Mul {}, n(b), 1.0)),
    ("times minus one", |b| with(b, Mul {}, x(b), -1.0)),
    ("times minus one", |b| with(b, Mul {}, n(b), -1.0)),
    ("scale by one", |b| {
        b.apply(Scale { factor: Real(1.0) }, &[x(b)])
    }),
    ("scale by one", |b| {
        b.apply(Scale { factor: Real(-1.0) }, &[x(b)])
    }),
    ("over one", |b| with(b, Div {}, x(b), 1.0)),
    ("over one", |b| with(b, Div {}, n(b), 1.0)),
    ("over minus one", |b| with(b, Div {}, x(b), -1.0)),
    ("over minus one", |b| with(b, Div {}, n(b), -1.0)),
    ("over a power of two", |b| with(b, Div {}, x(b), 64.0)),
    ("over a power of two", |b| with(b, Div {}, x(b), -0.125)),
    ("minus zero", |b| with(b, Sub {}, x(b), 0.0)),
    ("minus zero", |b| with(b, Sub {}, n(b), 0.0)),
    ("zero minus", |b| {
        let v = x(b);
        b.sub(full(b, v, -0.0), v)
    }),
    ("zero minus", |b| {
        let v = n(b);
        b.sub(full(b, v, 0.0), v)
    }),
    ("plus zero", |b| with(b, Add {}, x(b), -0.0)),
    ("plus zero", |b| {
        let v = n(b);
        b.add(full(b, v, 0.0), v)
    }),
    ("plus a negation", |b| {
        let v = x(b);
        b.add(v, b.neg(x(b))?)
    }),
    ("plus a negation", |b| {
        let v = n(b);
        b.add(b.neg(v)?, n(b))
    }),
    ("minus a negation", |b| {
        let v = x(b);
        b.sub(v, b.neg(x(b))?)
    }),
    ("double negation", |b| b.neg(b.neg(x(b))?)),
    ("negated factors", |b| b.mul(b.neg(x(b))?, b.neg(x(b))?)),
    ("negated factors", |b| b.mul(b.neg(n(b))?, b.neg(n(b))?)),
    ("negated factors", |b| b.div(b.neg(x(b))?, b.neg(x(b))?)),
    ("magnitude of unsigned", |b| {
        b.apply(Abs {}, &[b.neg(input(b, DType::U32, &[24]))?])
    }),
    ("even function", |b| b.apply(Abs {}, &[b.neg(x(b))?])),
    ("even function", |b| b.apply(Square {}, &[b.neg(n(b))?])),
    ("even function", |b| {
        b.apply(Abs {}, &[b.apply(Abs {}, &[n(b)])?])
    }),
    ("even function", |b| {
        b.apply(SmoothAbs { eps: Real(0.5) }, &[b.apply(Abs {}, &[x(b)])?])
    }),
    ("idempotent function", |b| {
        b.apply(Relu {}, &[b.apply(Relu {}, &[x(b)])?])
    }),
    ("idempotent function", |b| {
        let clamp = Clamp {
            lo: Real(0.0),
            hi: Real(2.0),
        };
        b.apply(clamp.clone(), &[b.apply(clamp, &[x(b)])?])
    }),
    ("idempotent function", |b| {
        b.apply(Sign {}, &[b.apply(Sign {}, &[n(b)])?])
    }),
    ("rounding a whole number", |b| {
        b.apply(Round {}, &[b.apply(Floor {}, &[x(b)])?])
    }),
    ("rounding a whole number", |b| {
        b.apply(Ceil {}, &[b.cast(n(b), DType::F32)?])
    }),
    ("with itself", |b| {
        let v = x(b);
        b.apply(Max {}, &[v, v])
    }),
    ("with itself", |b| {
        let v = n(b);
        b.apply(BitAnd {}, &[v, v])
    }),
    ("small power", |b| {
        b.apply(
            Power {
                exponent: Real(0.0),
            },
            &[x(b)],
        )
    }),
    ("small power", |b| {
        b.apply(
            Power {
                exponent: Real(1.0),
            },
            &[x(b)],
        )
    }),
    ("small power", |b| {
        b.apply(
            Power {
                exponent: Real(2.0),
            },
            &[x(b)],
        )
    }),
    ("first power", |b| with(b, Pow {}, x(b), 1.0)),
    ("clamp between infinities", |b| {
        let (lo, hi) = (Real(f64::NEG_INFINITY), Real(f64::INFINITY));
        b.apply(Clamp { lo, hi }, &[x(b)])
    }),
    ("integer times zero", |b| with(b, Mul {}, n(b), 0.0)),
    ("integer minus itself", |b| {
        let v = n(b);
        b.sub(v, v)
    }),
    ("integer minus itself", |b| {
        let v = n(b);
        b.apply(BitXor {}, &[v, v])
    }),
    ("bits with zero", |b| with(b, BitOr {}, n(b), 0.0)),
    ("shift by zero", |b| with(b, ShiftRight {}, n(b), 0.0)),
    ("remainder by one", |b| with(b, Rem {}, n(b), 1.0)),
    ("double not", |b| Ok(not(b, not(b, p(b))))),
    ("not of a comparison", |b| Ok(not(b, b.equal(x(b), x(b))?))),
    ("not of a comparison", |b| {
        Ok(not(b, b.apply(NotEqual {}, &[x(b), x(b)])?))
    }),
    ("not of a comparison", |b| {
        Ok(not(b, b.apply(Less {}, &[n(b), n(b)])?))
    }),
    ("not of a comparison", |b| {
        Ok(not(b, b.apply(GreaterEqual {}, &[n(b), n(b)])?))
    }),
    ("with a known truth value", |b| {
        b.apply(LogicalAnd {}, &[truth(b, 1.0), p(b)])
    }),
    ("with a known truth value", |b| {
        b.apply(LogicalAnd {}, &[p(b), truth(b, 0.0)])
    }),
    ("with a known truth value", |b| {
        b.apply(LogicalOr {}, &[p(b), truth(b, 0.0)])
    }),
    ("with a known truth value", |b| {
        b.apply(LogicalOr {}, &[p(b), truth(b, 1.0)])
    }),
    ("with a known truth value", |b| {
        b.apply(LogicalXor {}, &[p(b), truth(b, 0.0)])
    }),
    ("with a known truth value", |b| {
        b.apply(LogicalXor {}, &[p(b), truth(b, 1.0)])
    }),
    ("truth value with itself", |b| {
        let v = p(b);
        b.apply(LogicalOr {}, &[v, v])
    }),
    ("truth value with itself", |b| {
        let v = p(b);
        b.apply(LogicalXor {}, &[v, v])
    }),
    ("compared with itself", |b| {
        let v = x(b);
        b.apply(Less {}, &[v, v])
    }),
    ("compared with itself", |b| {
        let v = n(b);
        b.apply(LessEqual {}, &[v, v])
    }),
    ("compared with itself", |b| {
        let v = p(b);
        b.apply(NotEqual {}, &[v, v])
    }),
    ("selection by a known condition", |b| {
        b.select(truth(b, 1.0), x(b), x(b))
    }),
    ("selection by a known condition", |b| {
        b.select(truth(b, 0.0), n(b), n(b))
    }),
    ("selection between equals", |b| {
        let v = x(b);
        b.select(p(b), v, v)
    }),
    ("selection by a negation", |b| {
        b.select(not(b, p(b)), x(b), x(b))
    }),
    ("selection of truth values", |b| {
        b.select(p(b), truth(b, 1.0), truth(b, 0.0))
    }),
    ("selection of truth values", |b| {
        b.select(p(b), truth(b, 0.0), truth(b, 1.0))
    }),
    ("selection twice by one condition", |b| {
        let c = p(b);
        b.select(c, b.select(c, x(b), x(b))?, b.select(c, x(b), x(b))?)
    }),
    ("cast to the same dtype", |b| {
        b.apply(Cast { dtype: DType::F32 }, &[x(b)])
    }),
    ("cast of a cast", |b| {
        b.cast(b.cast(x(b), DType::F64)?, DType::I32)
    }),
    ("cast of a cast", |b| {
        b.cast(b.cast(n(b), DType::F64)?, DType::I64)
    }),
    ("cast of a cast", |b| {
        b.cast(b.cast(n(b), DType::U32)?, DType::I32)
    }),
    ("cast of a cast", |b| {
        b.cast(b.cast(p(b), DType::F32)?, DType::Bool)
    }),
    ("gradient of what has none", |b| b.stop_gradient(n(b))),
    ("gradient of what has none", |b| {
        b.stop_gradient(b.stop_gradient(x(b))?)
    }),
    ("reshape of nothing", |b| {
        b.apply(
            Reshape {
                shape: shape(&[24]),
            },
            &[x(b)],
        )
    }),
    ("reshape of a reshape", |b| {
        b.reshape(b.reshape(m(b), &shape(&[6, 4]))?, &shape(&[24]))
    }),
    ("transpose that moves unit axes", |b| {
        let v = input(b, DType::F32, &[2, 1, 3]);
        b.transpose(v, &[1, 0, 2])
    }),
    ("transpose of a transpose", |b| {
        b.transpose(b.transpose(m(b), &[1, 2, 0])?, &[0, 2, 1])
    }),
    ("broadcast that repeats nothing", |b| {
        b.broadcast_in_dim(m(b), &shape(&[1, 2, 3, 1, 4]), &[1, 2, 4])
    }),
    ("broadcast of a broadcast", |b| {
        let inner = b.broadcast_in_dim(input(b, DType::F32, &[3, 1]), &shape(&[3, 2]), &[0, 1])?;
        b.broadcast_in_dim(inner, &shape(&[3, 4, 2]), &[0, 2])
    }),
    ("broadcast of a reshape", |b| {
        let row = b.reshape(input(b, DType::F32, &[3, 2]), &shape(&[1, 3, 1, 2]))?;
        b.broadcast_in_dim(row, &shape(&[4, 3, 5, 2]), &[0, 1, 2, 3])
    }),
    ("slice of everything", |b| {
        b.slice(m(b), &[0, 0, 0], &[2, 3, 4], &[1, 1, 1])
    }),
    ("slice of a slice", |b| {
        let inner = b.slice(m(b), &[1, 0, 0], &[2, 3, 4], &[1, 2, 1])?;
        b.slice(inner, &[0, 1, 1], &[1, 2, 4], &[1, 1, 2])
    }),
    ("slice of a slice", |b| {
        let inner = b.slice(x(b), &[3], &[23], &[4])?;
        b.slice(inner, &[2], &[2], &[3])
    }),
    ("pad with nothing", |b| {
        b.apply(pad(&[0], &[0], 1.0), &[x(b)])
    }),
    ("pad of a pad", |b| {
        b.apply(
            pad(&[1], &[0], 2.0),
            &[b.apply(pad(&[2], &[1], 2.0), &[x(b)])?],
        )
    }),
    ("reversal of nothing", |b| reverse(b, x(b), &[])),
    ("reversal of nothing", |b| {
        reverse(b, input(b, DType::F32, &[1, 4]), &[0, 1])
    }),
    ("reversal of a reversal", |b| {
        reverse(b, reverse(b, m(b), &[0, 2])?, &[1, 2])
    }),
    ("reversal of a reversal", |b| {
        reverse(b, reverse(b, m(b), &[0])?, &[0])
    }),
    ("concatenation of one", |b| {
        b.apply(Concat { axis: 0 }, &[x(b)])
    }),
    ("concatenation of one", |b| {
        b.apply(
            Concat { axis: 0 },
            &[x(b), input(b, DType::F32, &[0]), x(b)],
        )
    }),
    ("fold of single elements", |b| {
        b.apply(sum(false, &[0, 2]), &[input(b, DType::F32, &[1, 4, 1])])
    }),
    ("fold of single elements", |b| {
        let v = input(b, DType::F32, &[1, 4]);
        b.reduce_max(v, &[0], true)
    }),
    ("position among one", |b| {
        b.arg_extreme(input(b, DType::F32, &[4, 1]), 1, true)
    }),
    ("iota along a unit axis", |b| {
        b.iota(&shape(&[4, 1]), 1, DType::F32)
    }),
    ("gather in order", |b| {
        let indices = b.iota(&shape(&[2]), 0, DType::I32)?;
        b.gather(m(b), indices, Gather { axis: 1, batch: 0 })
    }),
];

#[test]
fn every_rule_fires_and_keeps_the_meaning() {
    for (name, build) in CASES {
        let before = graph_of(|b| Ok([build(b)?]));
        let mut fired = Vec::new();
        let (after, remap) = simplify_observed(&before, &mut |name| fired.push(name)).unwrap();
        assert!(
            fired.contains(name),
            "`{name}` did not fire, but {fired:?} did"
        );
        assert!(remap.changes(), "{name}");
        assert_same(&before, &after);
    }
}

#[test]
fn every_rule_has_a_case_and_a_name_of_its_own() {
    let cases: BTreeSet<&str> = CASES.iter().map(|(name, _)| *name).collect();
    let rules: Vec<&str> = SIMPLIFICATIONS
        .iter()
        .copied()
        .flatten()
        .map(|rule| rule.name)
        .collect();
    assert_eq!(rules.iter().copied().collect::<BTreeSet<_>>(), cases);
    assert_eq!(rules.len(), cases.len(), "names are unique");
}

/// What looks like an identity and is none in floating point, or would change an error.
#[test]
fn inexact_identities_are_left_alone() {
    let cases: &[fn(&Builder) -> Built] = &[
        |b| with(b, Add {}, x(b), 0.0),
        |b| with(b, Sub {}, x(b), -0.0),
        |b| with(b, Mul {}, x(b), 0.0),
        |b| with(b, Div {}, x(b), 3.0),
        |b| with(b, Div {}, x(b), 0.0),
        |b| with(b, Div {}, x(b), 2f64.powi(127)),
        |b| with(b, Div {}, x(b), 2f64.powi(-140)),
        |b| with(b, Div {}, n(b), 2.0),
        |b| {
            let v = x(b);
            b.sub(full(b, v, 0.0), v)
        },
        |b| {
            let v = x(b);
            b.sub(v, v)
        },
        |b| {
            let v = x(b);
            b.div(v, v)
        },
        |b| {
            let v = x(b);
            b.equal(v, v)
        },
        |b| b.neg(b.sub(x(b), x(b))?),
        |b| Ok(not(b, b.apply(Less {}, &[x(b), x(b)])?)),
        |b| b.div(b.neg(n(b))?, b.neg(n(b))?),
        |b| b.cast(b.cast(n(b), DType::F32)?, DType::I32),
        |b| b.cast(b.cast(n(b), DType::F64)?, DType::U32),
        |b| b.cast(b.cast(n(b), DType::U32)?, DType::I64),
        |b| b.stop_gradient(x(b)),
        |b| {
            b.apply(
                pad(&[-1], &[0], 2.0),
                &[b.apply(pad(&[2], &[1], 2.0), &[x(b)])?],
            )
        },
        |b| {
            let indices = b.iota(&shape(&[5]), 0, DType::I32)?;
            b.gather(m(b), indices, Gather { axis: 1, batch: 0 })
        },
    ];
    for (index, build) in cases.iter().enumerate() {
        let graph = graph_of(|b| Ok([build(b)?]));
        let (_, remap) = simplify_observed(&graph, &mut |name| {
            panic!("case {index}: `{name}` fired");
        })
        .unwrap();
        assert!(!remap.changes());
    }
}
