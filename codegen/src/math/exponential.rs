//! exp, expm1 and the hyperbolic functions.
//!
//! x = n·ln 2 + r with |r| ≤ ln 2 / 2, so that eˣ = 2ⁿ·(1 + t), t = eʳ − 1 from one table.
//! Adding 1.5·2^(p−1) to x·log₂e rounds it to the integer n, which then also stands in the
//! low bits of the sum.

use super::double::{Arithmetic, Double};
use super::machine::{Machine, Width};

/// x = n·ln 2 + r.
pub(super) struct Reduced<M: Machine> {
    /// n + 2·bias: positive, so that it can be halved by a logical shift.
    exponent: M::Int,
    /// eʳ − 1.
    growth: M::Float,
}

/// Where the functions reach infinity or a limit, in units of x.
struct Reach {
    /// exp is 0 below, even with subnormals.
    vanishing: f64,
    /// exp is infinite above.
    overflow: f64,
    /// sinh and cosh are infinite here, and 2^(n−2) is not yet.
    half_overflow: f64,
    /// expm1(−x) is −1 and tanh(x) is 1, rounded.
    saturation: f64,
    /// expm1(x) = sinh(x) = x, rounded, below.
    linear: f64,
}

const fn reach(width: Width) -> Reach {
    match width {
        Width::F32 => Reach {
            vanishing: -104.0,
            overflow: 89.0,
            half_overflow: 89.5,
            saturation: 20.0,
            linear: 1.0 / (1u64 << 25) as f64,
        },
        Width::F64 => Reach {
            vanishing: -746.0,
            overflow: 710.0,
            half_overflow: 710.625,
            saturation: 40.0,
            linear: 1.0 / (1u64 << 54) as f64,
        },
    }
}

/// 1.5·2^(p−1): a sum with it has a last place of 1.
pub(super) const fn rounding_magic(width: Width) -> f64 {
    1.5 * (1u64 << (width.precision() - 1)) as f64
}

/// Split x, which is within the reach of exp, and add `low` to the remainder.
#[inline(always)]
fn reduce<M: Machine>(m: &mut M, x: M::Float, low: Option<M::Float>) -> Reduced<M> {
    let tables = m.tables();
    let magic = rounding_magic(m.width());
    let biased_magic = magic + (2 * m.width().bias()) as f64;
    let log2_e = m.float(tables.log2_e);
    let sum = m.fma_offset(x, log2_e, biased_magic);
    let n = m.offset(sum, -biased_magic);
    let r = m.scale_add(n, -tables.ln_2[0], x);
    let mut r = m.scale_add(n, -tables.ln_2[1], r);
    if let Some(low) = low {
        r = m.add(r, low);
    }
    let magic = m.float(magic);
    let magic_bits = m.as_int(magic);
    let sum_bits = m.as_int(sum);
    let exponent = m.int_sub(sum_bits, magic_bits);
    let tail = m.polynomial(r, tables.exponential);
    let square = m.mul(r, r);
    Reduced {
        exponent,
        growth: m.fma(square, tail, r),
    }
}

/// 2^(n + shift), which must be normal.
#[inline(always)]
fn power_of_two<M: Machine>(m: &mut M, exponent: M::Int, shift: i64) -> M::Float {
    let bias = m.int(m.width().bias() - shift);
    let stored = m.int_sub(exponent, bias);
    let bits = m.shift_left(stored, m.width().precision() - 1);
    m.as_float(bits)
}

/// 2ⁿ·(1 + t) with one rounding into the subnormal range: 2ⁿ is applied in two halves.
#[inline(always)]
fn grow<M: Machine>(m: &mut M, reduced: &Reduced<M>) -> M::Float {
    let mantissa_bits = m.width().precision() - 1;
    let half = m.shift_right(reduced.exponent, 1);
    let other = m.int_sub(reduced.exponent, half);
    let half = m.shift_left(half, mantissa_bits);
    let half = m.as_float(half);
    let other = m.shift_left(other, mantissa_bits);
    let other = m.as_float(other);
    let grown = m.fma(reduced.growth, half, half);
    m.mul(grown, other)
}

/// eˣ.
#[inline(always)]
pub(super) fn exp<M: Machine>(m: &mut M, x: M::Float) -> M::Float {
    let reach = reach(m.width());
    let x = m.clamp(x, reach.vanishing, reach.overflow);
    let reduced = reduce(m, x, None);
    grow(m, &reduced)
}

/// e^(high + low) for any finite or infinite `high`.
#[inline(always)]
pub(super) fn exp_double<M: Machine>(m: &mut M, x: Double<M::Float>) -> M::Float {
    let reach = reach(m.width());
    let high = m.clamp(x.high, reach.vanishing, reach.overflow);
    let inside = m.equal(high, x.high);
    let zero = m.float(0.0);
    let low = m.select(inside, x.low, zero);
    let reduced = reduce(m, high, Some(low));
    grow(m, &reduced)
}

/// eˣ where the result is known to be normal and finite.
#[inline(always)]
pub(super) fn exp_normal<M: Machine>(m: &mut M, x: M::Float) -> M::Float {
    let reduced = reduce(m, x, None);
    let power = power_of_two(m, reduced.exponent, 0);
    m.fma(reduced.growth, power, power)
}

/// (eˣ − 1)·2^shift for a clamped x, where 2^(n + shift) is normal.
#[inline(always)]
fn scaled_expm1<M: Machine>(m: &mut M, x: M::Float, shift: i64, scale: f64) -> M::Float {
    let reduced = reduce(m, x, None);
    let power = power_of_two(m, reduced.exponent, shift);
    let rest = m.offset(power, -scale);
    m.fma(power, reduced.growth, rest)
}

/// eˣ − 1, relatively accurate near 0.
#[inline(always)]
pub(super) fn expm1<M: Machine>(m: &mut M, x: M::Float) -> M::Float {
    let reach = reach(m.width());
    let clamped = m.clamp(x, -reach.saturation, reach.overflow);
    let half = scaled_expm1(m, clamped, -1, 0.5);
    let result = m.add(half, half);
    let size = m.absolute(x);
    let tiny = m.below(size, reach.linear);
    m.select(tiny, x, result)
}

/// sinh x = h + h/(2h + 1) with h = (e^|x| − 1)/2, computed at a quarter of its size so that
/// it overflows no earlier than the result.
#[inline(always)]
pub(super) fn sinh<M: Machine>(m: &mut M, x: M::Float) -> M::Float {
    let reach = reach(m.width());
    let size = m.absolute(x);
    let bound = m.float(reach.half_overflow);
    let clamped = m.at_most(size, bound);
    let quarter = scaled_expm1(m, clamped, -2, 0.25);
    let half = m.add(quarter, quarter);
    let one = m.float(1.0);
    let denominator = m.scale_add(half, 2.0, one);
    let largest = m.float(largest(m.width()));
    let denominator = m.at_most(denominator, largest);
    let quotient = m.div(half, denominator);
    let result = m.add(half, quotient);
    let tiny = m.below(size, reach.linear);
    let result = m.select(tiny, size, result);
    let sign = m.sign(x);
    m.flip_sign(result, sign)
}

/// The largest finite number.
const fn largest(width: Width) -> f64 {
    match width {
        Width::F32 => f32::MAX as f64,
        Width::F64 => f64::MAX,
    }
}

/// cosh x = h + 1/(4h) with h = e^|x| / 2.
#[inline(always)]
pub(super) fn cosh<M: Machine>(m: &mut M, x: M::Float) -> M::Float {
    let size = m.absolute(x);
    let bound = m.float(reach(m.width()).half_overflow);
    let clamped = m.at_most(size, bound);
    let reduced = reduce(m, clamped, None);
    let power = power_of_two(m, reduced.exponent, -2);
    let quarter = m.fma(reduced.growth, power, power);
    let half = m.add(quarter, quarter);
    let reciprocal = m.float(0.25);
    let reciprocal = m.div(reciprocal, half);
    m.add(half, reciprocal)
}

/// tanh x = g/(g + 2) with g = e^2|x| − 1: the form in which the error of g shrinks as g grows.
#[inline(always)]
pub(super) fn tanh<M: Machine>(m: &mut M, x: M::Float) -> M::Float {
    let size = m.absolute(x);
    let bound = m.float(reach(m.width()).saturation / 2.0);
    let size = m.at_most(size, bound);
    let twice = m.add(size, size);
    let growth = scaled_expm1(m, twice, 0, 1.0);
    let denominator = m.offset(growth, 2.0);
    let result = m.div(growth, denominator);
    let sign = m.sign(x);
    m.flip_sign(result, sign)
}
