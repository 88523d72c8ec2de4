//! Simplification of arithmetic.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a rule is about the few ops that it names"
)]

use super::Simplification;
use super::site::Site;
use crate::dtype::DType;
use crate::graph::Value;
use crate::op::{Abs, Add, Div, Mul, Neg, Op, Real, Scale, SmoothAbs, Square, Sub};

pub(super) const RULES: &[Simplification] = &[
    Simplification {
        name: "times one",
        law: "x·1 = x",
        apply: |s| {
            matches!(s.op, Op::Mul(_)).then_some(())?;
            let (x, _) = s.either(|y| s.is(y, 1))?;
            s.value(x)
        },
    },
    Simplification {
        name: "times minus one",
        law: "x·−1 = −x",
        apply: |s| {
            matches!(s.op, Op::Mul(_)).then_some(())?;
            let (x, _) = s.either(|y| s.is(y, -1))?;
            s.op(Neg {}, &[x])
        },
    },
    Simplification {
        name: "scale by one",
        law: "scale(x, 1) = x and scale(x, −1) = −x",
        apply: |s| {
            let Op::Scale(Scale { factor }) = s.op else {
                return None;
            };
            match factor.0 {
                1.0 => s.value(s.x[0]),
                -1.0 => s.op(Neg {}, s.x),
                _ => None,
            }
        },
    },
    Simplification {
        name: "over one",
        law: "x/1 = x",
        apply: |s| {
            let y = divisor(s)?;
            s.is(y, 1).then(|| s.value(s.x[0]))?
        },
    },
    Simplification {
        name: "over minus one",
        law: "x/−1 = −x",
        apply: |s| {
            let y = divisor(s)?;
            s.is(y, -1).then(|| s.op(Neg {}, &[s.x[0]]))?
        },
    },
    Simplification {
        name: "over a power of two",
        law: "x/2ᵏ = 2⁻ᵏ·x for floats: both round the same real number once",
        apply: |s| {
            let value = s.splat(divisor(s)?)?.to_f64();
            let factor = Real(exact_reciprocal(s.dtype(), value)?);
            s.op(Scale { factor }, &[s.x[0]])
        },
    },
    Simplification {
        name: "minus zero",
        law: "x − 0 = x; for floats the zero is +0",
        apply: |s| {
            let (x, y) = difference(s)?;
            s.is(y, 0).then(|| s.value(x))?
        },
    },
    Simplification {
        name: "zero minus",
        law: "0 − x = −x for integers, −0 − x = −x for floats",
        apply: |s| {
            let (x, y) = difference(s)?;
            s.is_neutral_addend(x).then(|| s.op(Neg {}, &[y]))?
        },
    },
    Simplification {
        name: "plus zero",
        law: "x + 0 = x for integers, x + −0 = x for floats",
        apply: |s| {
            matches!(s.op, Op::Add(_)).then_some(())?;
            let (x, _) = s.either(|y| s.is_neutral_addend(y))?;
            s.value(x)
        },
    },
    Simplification {
        name: "plus a negation",
        law: "x + (−y) = x − y",
        apply: |s| {
            matches!(s.op, Op::Add(_)).then_some(())?;
            let (x, y) = s.either(|y| s.negated(y).is_some())?;
            s.op(Sub {}, &[x, s.negated(y)?])
        },
    },
    Simplification {
        name: "minus a negation",
        law: "x − (−y) = x + y",
        apply: |s| {
            let (x, y) = difference(s)?;
            s.op(Add {}, &[x, s.negated(y)?])
        },
    },
    Simplification {
        name: "double negation",
        law: "−(−x) = x",
        apply: |s| {
            matches!(s.op, Op::Neg(_)).then_some(())?;
            s.value(s.negated(s.x[0])?)
        },
    },
    Simplification {
        name: "negated factors",
        law: "(−x)·(−y) = x·y and (−x)/(−y) = x/y for floats; the product for integers too",
        apply: |s| {
            let operands = |s: &Site<'_>| {
                let (x, y) = s.pair()?;
                Some([s.negated(x)?, s.negated(y)?])
            };
            match s.op {
                Op::Mul(_) => s.op(Mul {}, &operands(s)?),
                Op::Div(_) if s.dtype().is_float() => s.op(Div {}, &operands(s)?),
                _ => None,
            }
        },
    },
    Simplification {
        name: "magnitude of unsigned",
        law: "|x| = x for u32 (and so |−x| is not |x|)",
        apply: |s| {
            let unsigned = s.ty.dtype == DType::U32;
            (unsigned && matches!(s.op, Op::Abs(_))).then(|| s.value(s.x[0]))?
        },
    },
    Simplification {
        name: "even function",
        law: "f(−x) = f(|x|) = f(x) for |x|, x² and √(x² + ε)",
        apply: |s| {
            let (inner, x) = s.producer(*s.x.first()?);
            matches!(inner, Op::Neg(_) | Op::Abs(_)).then_some(())?;
            match s.op {
                Op::Abs(_) => s.op(Abs {}, &x),
                Op::Square(_) => s.op(Square {}, &x),
                Op::SmoothAbs(SmoothAbs { eps }) => s.op(SmoothAbs { eps: *eps }, &x),
                _ => None,
            }
        },
    },
    Simplification {
        name: "idempotent function",
        law: "f(f(x)) = f(x) for relu, clamp and sign",
        apply: |s| {
            matches!(s.op, Op::Relu(_) | Op::Clamp(_) | Op::Sign(_)).then_some(())?;
            let (inner, _) = s.producer(s.x[0]);
            (inner == s.op).then(|| s.value(s.x[0]))?
        },
    },
    Simplification {
        name: "rounding a whole number",
        law: "floor, ceil and round keep what is whole already",
        apply: |s| {
            matches!(s.op, Op::Floor(_) | Op::Ceil(_) | Op::Round(_)).then_some(())?;
            is_whole(s, s.x[0]).then(|| s.value(s.x[0]))?
        },
    },
    Simplification {
        name: "with itself",
        law: "max(x, x) = min(x, x) = x & x = x | x = x",
        apply: |s| {
            let same = matches!(s.op, Op::Max(_) | Op::Min(_) | Op::BitAnd(_) | Op::BitOr(_));
            let (x, y) = s.pair().filter(|_| same)?;
            (x == y).then(|| s.value(x))?
        },
    },
    Simplification {
        name: "small power",
        law: "x¹ = x, x² = x·x and x⁰ = 1, as `power` defines them",
        apply: |s| {
            let Op::Power(power) = s.op else { return None };
            match power.exponent.0 {
                0.0 => s.splat_of(1),
                1.0 => s.value(s.x[0]),
                2.0 => s.op(Square {}, s.x),
                _ => None,
            }
        },
    },
    Simplification {
        name: "first power",
        law: "x ** 1 = x, as C99 has it",
        apply: |s| {
            matches!(s.op, Op::Pow(_)).then_some(())?;
            let (x, y) = s.pair()?;
            s.is(y, 1).then(|| s.value(x))?
        },
    },
    Simplification {
        name: "clamp between infinities",
        law: "clamp(x, −∞, ∞) = x",
        apply: |s| {
            let Op::Clamp(clamp) = s.op else { return None };
            let open = (clamp.lo.0, clamp.hi.0) == (f64::NEG_INFINITY, f64::INFINITY);
            open.then(|| s.value(s.x[0]))?
        },
    },
    Simplification {
        name: "integer times zero",
        law: "x·0 = x & 0 = 0 for integers",
        apply: |s| {
            integers(s)?;
            matches!(s.op, Op::Mul(_) | Op::BitAnd(_)).then_some(())?;
            s.either(|y| s.is(y, 0))?;
            s.splat_of(0)
        },
    },
    Simplification {
        name: "integer minus itself",
        law: "x − x = x ^ x = 0 for integers",
        apply: |s| {
            integers(s)?;
            matches!(s.op, Op::Sub(_) | Op::BitXor(_)).then_some(())?;
            let (x, y) = s.pair()?;
            (x == y).then(|| s.splat_of(0))?
        },
    },
    Simplification {
        name: "bits with zero",
        law: "x | 0 = x ^ 0 = x",
        apply: |s| {
            matches!(s.op, Op::BitOr(_) | Op::BitXor(_)).then_some(())?;
            let (x, _) = s.either(|y| s.is(y, 0))?;
            s.value(x)
        },
    },
    Simplification {
        name: "shift by zero",
        law: "x << 0 = x >> 0 = x",
        apply: |s| {
            matches!(s.op, Op::ShiftLeft(_) | Op::ShiftRight(_)).then_some(())?;
            let (x, y) = s.pair()?;
            s.is(y, 0).then(|| s.value(x))?
        },
    },
    Simplification {
        name: "remainder by one",
        law: "x rem 1 = 0",
        apply: |s| {
            matches!(s.op, Op::Rem(_)).then_some(())?;
            let (_, y) = s.pair()?;
            s.is(y, 1).then(|| s.splat_of(0))?
        },
    },
];

fn integers(s: &Site<'_>) -> Option<()> {
    s.ty.dtype.is_integer().then_some(())
}

fn divisor(s: &Site<'_>) -> Option<Value> {
    let (_, y) = s.pair()?;
    matches!(s.op, Op::Div(_)).then_some(y)
}

fn difference(s: &Site<'_>) -> Option<(Value, Value)> {
    s.pair().filter(|_| matches!(s.op, Op::Sub(_)))
}

/// Whether a float is made so that it is a whole number, an infinity or NaN.
fn is_whole(s: &Site<'_>, x: Value) -> bool {
    let (op, operands) = s.producer(x);
    match op {
        Op::Floor(_) | Op::Ceil(_) | Op::Round(_) | Op::Sign(_) => true,
        Op::Cast(_) => !s.type_of(operands[0]).dtype.is_float(),
        _ => false,
    }
}

/// 1/x where x is a power of two and both are normal numbers of the dtype.
fn exact_reciprocal(dtype: DType, x: f64) -> Option<f64> {
    let reciprocal = x.recip();
    let is_power = x.is_normal() && x.to_bits() & ((1 << 52) - 1) == 0;
    let normal = match dtype {
        DType::F16 | DType::Bf16 | DType::F32 => {
            (x as f32).is_normal() && (reciprocal as f32).is_normal()
        }
        DType::F64 => reciprocal.is_normal(),
        DType::Bool | DType::I32 | DType::I64 | DType::U32 => false,
    };
    (is_power && normal).then_some(reciprocal)
}
