//! log, log1p, and the logarithm to twice the precision that pow needs.
//!
//! x = 2ᵉ·(1 + f) with 1 + f in [√½, √2), and ln(1 + f) = 2·atanh(s), s = f/(2 + f).

use super::double::{Arithmetic, Double};
use super::machine::{Machine, Width};

/// x = 2ᵉ·m with m in [√½, √2).
struct Normalised<M: Machine> {
    /// e as a float.
    exponent: M::Float,
    /// e + bias as an integer, of the number after scaling out of the subnormal range.
    stored_exponent: M::Int,
    /// m.
    mantissa: M::Float,
}

/// The bits of the float next to √½; of 1; and the smallest normal number.
const fn landmarks(width: Width) -> (i64, i64, f64) {
    match width {
        Width::F32 => (0x3f35_04f3, 0x3f80_0000, f32::MIN_POSITIVE as f64),
        Width::F64 => (
            0x3fe6_a09e_667f_3bcd,
            0x3ff0_0000_0000_0000,
            f64::MIN_POSITIVE,
        ),
    }
}

/// Split x, which is positive and finite. `may_be_tiny` says whether it may be subnormal.
#[inline(always)]
fn normalise<M: Machine>(m: &mut M, x: M::Float, may_be_tiny: bool) -> Normalised<M> {
    let width = m.width();
    let precision = width.precision();
    let (root_bits, one_bits, smallest) = landmarks(width);
    // 2^(p−1) + bias: what a float whose low bits hold the stored exponent is too large by.
    let unit = (1u64 << (precision - 1)) as f64;
    let excess = unit + width.bias() as f64;
    let mut excess_value = m.float(excess);
    let mut scaled = x;
    if may_be_tiny {
        let tiny = m.below(x, smallest);
        let lifted = m.scale(x, unit);
        scaled = m.select(tiny, lifted, x);
        let lifted_excess = m.float(excess + f64::from(precision - 1));
        excess_value = m.select(tiny, lifted_excess, excess_value);
    }
    let bits = m.as_int(scaled);
    let shift = m.int(one_bits - root_bits);
    let shifted = m.int_add(bits, shift);
    let stored_exponent = m.shift_right(shifted, precision - 1);
    let unit = m.float(unit);
    let unit_bits = m.as_int(unit);
    let exponent = m.int_or(stored_exponent, unit_bits);
    let exponent = m.as_float(exponent);
    let exponent = m.sub(exponent, excess_value);
    let fraction_mask = m.int((1i64 << (precision - 1)) - 1);
    let fraction = m.int_and(shifted, fraction_mask);
    let root = m.int(root_bits);
    let mantissa = m.int_add(fraction, root);
    Normalised {
        exponent,
        stored_exponent,
        mantissa: m.as_float(mantissa),
    }
}

/// e·ln 2 + ln(1 + f), accurate relative to the result.
#[inline(always)]
fn combine<M: Machine>(m: &mut M, exponent: M::Float, f: M::Float) -> M::Float {
    let tables = m.tables();
    let denominator = m.offset(f, 2.0);
    let s = m.div(f, denominator);
    let z = m.mul(s, s);
    let tail = m.polynomial(z, tables.logarithm);
    let tail = m.mul(z, tail);
    // 2s = f − s·f, and s·f = f²/2 − s·f²/2: only the last, small term is rounded twice.
    let square = m.mul(f, f);
    let half_square = m.scale(square, 0.5);
    let inner = m.add(half_square, tail);
    let low = m.scale(exponent, tables.ln_2[1]);
    let correction = m.fma(s, inner, low);
    let correction = m.sub(half_square, correction);
    let near = m.sub(f, correction);
    m.scale_add(exponent, tables.ln_2[0], near)
}

/// `result` for positive finite x, else what the logarithm is there.
#[inline(always)]
fn with_special_cases<M: Machine>(m: &mut M, x: M::Float, result: M::Float) -> M::Float {
    let finite = m.below(x, f64::INFINITY);
    let result = m.select(finite, result, x);
    let zero = m.equals(x, 0.0);
    let (pole, invalid) = (m.float(f64::NEG_INFINITY), m.float(f64::NAN));
    let outside = m.select(zero, pole, invalid);
    let positive = m.above(x, 0.0);
    m.select(positive, result, outside)
}

/// ln x.
#[inline(always)]
pub(super) fn log<M: Machine>(m: &mut M, x: M::Float) -> M::Float {
    let parts = normalise(m, x, true);
    let f = m.offset(parts.mantissa, -1.0);
    let result = combine(m, parts.exponent, f);
    with_special_cases(m, x, result)
}

/// ln(1 + x): the error of 1 + x, scaled like it, is put back into f.
#[inline(always)]
pub(super) fn log1p<M: Machine>(m: &mut M, x: M::Float) -> M::Float {
    let one = m.float(1.0);
    let sum = m.exact_sum(one, x);
    let parts = normalise(m, sum.high, false);
    // 2^(1−e), which is 0 for the largest e there is, halved.
    let bias = m.int(2 * m.width().bias() + 1);
    let opposite = m.int_sub(bias, parts.stored_exponent);
    let opposite = m.shift_left(opposite, m.width().precision() - 1);
    let opposite = m.as_float(opposite);
    let opposite = m.scale(opposite, 0.5);
    let f = m.offset(parts.mantissa, -1.0);
    let f = m.fma(sum.low, opposite, f);
    let result = combine(m, parts.exponent, f);
    let result = with_special_cases(m, sum.high, result);
    // ±0 + … loses the sign of a zero; the result has the sign of x anyway.
    let sign = m.sign(x);
    let bits = m.as_int(result);
    let signed = m.int_or(bits, sign);
    m.as_float(signed)
}

/// ln x for positive finite x, to nearly twice the precision.
#[inline(always)]
pub(super) fn log_double<M: Machine>(m: &mut M, x: M::Float) -> Double<M::Float> {
    let tables = m.tables();
    let parts = normalise(m, x, true);
    let s = halved_ratio(m, parts.mantissa);
    let z = m.double_product(s, s);
    // atanh(s)/s − 1 = z·(1/3 + z·p(z))
    let tail = m.polynomial(z.high, tables.logarithm_tail);
    let tail = m.mul(z.high, tail);
    let third = m.float(tables.third[0]);
    let inner = m.ordered_sum(third, tail);
    let inner = Double {
        high: inner.high,
        low: m.offset(inner.low, tables.third[1]),
    };
    let growth = m.double_product(z, inner);
    let excess = m.double_product(s, growth);
    let atanh = m.ordered_sum(s.high, excess.high);
    let low = m.add(s.low, excess.low);
    let low = m.add(atanh.low, low);
    // 2·atanh(s) + e·ln 2; the product with the short high part of ln 2 is exact.
    let large = m.scale(parts.exponent, tables.ln_2[0]);
    let twice = m.add(atanh.high, atanh.high);
    let sum = m.ordered_sum(large, twice);
    let low = m.scale_add(low, 2.0, sum.low);
    let low = m.scale_add(parts.exponent, tables.ln_2[1], low);
    m.ordered_sum(sum.high, low)
}

/// (m − 1)/(m + 1) to nearly twice the precision.
#[inline(always)]
fn halved_ratio<M: Machine>(m: &mut M, mantissa: M::Float) -> Double<M::Float> {
    let numerator = m.offset(mantissa, -1.0);
    let one = m.float(1.0);
    let denominator = m.exact_sum(mantissa, one);
    let high = m.div(numerator, denominator.high);
    let minus = m.negate(high);
    let rest = m.fma(minus, denominator.high, numerator);
    let rest = m.fma(minus, denominator.low, rest);
    Double {
        high,
        low: m.div(rest, denominator.high),
    }
}
