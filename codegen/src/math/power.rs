//! pow: e^(y·ln|x|) with the logarithm and the product to twice the precision, and then the
//! table of special cases of C (annex F.10.4.4, `pow`).

use super::double::{Arithmetic, Double};
use super::exponential::exp_double;
use super::logarithm::log_double;
use super::machine::Machine;

/// Whether y is a whole number, and whether an odd one.
#[inline(always)]
fn parity<M: Machine>(m: &mut M, y: M::Float) -> (M::Mask, M::Mask) {
    let whole = m.round(y);
    let is_whole = m.equal(whole, y);
    let half = m.scale(y, 0.5);
    let half_whole = m.round(half);
    let is_even = m.equal(half_whole, half);
    let is_uneven = m.not(is_even);
    (is_whole, m.both(is_whole, is_uneven))
}

/// |x|^y for finite positive |x|; for y = ±∞ whatever is not |x| = 1.
#[inline(always)]
fn magnitude<M: Machine>(m: &mut M, size: M::Float, y: M::Float) -> M::Float {
    let logarithm = log_double(m, size);
    let product = m.exact_product(y, logarithm.high);
    let low = m.fma(y, logarithm.low, product.low);
    exp_double(
        m,
        Double {
            high: product.high,
            low,
        },
    )
}

/// x^y.
#[inline(always)]
pub(super) fn pow<M: Machine>(m: &mut M, x: M::Float, y: M::Float) -> M::Float {
    let size = m.absolute(x);
    let (is_whole, is_odd) = parity(m, y);
    let result = magnitude(m, size, y);
    let (zero, one, infinity) = (m.float(0.0), m.float(1.0), m.float(f64::INFINITY));

    // 0 and ∞: which of the two comes out depends on the sign of y alone.
    let y_negative = m.less(y, zero);
    let from_zero = m.select(y_negative, infinity, zero);
    let from_infinity = m.select(y_negative, zero, infinity);
    let is_zero = m.equal(size, zero);
    let result = m.select(is_zero, from_zero, result);
    let is_infinite = m.equal(size, infinity);
    let result = m.select(is_infinite, from_infinity, result);
    let is_unit = m.equal(size, one);
    let result = m.select(is_unit, one, result);

    // A negative base: odd powers are negative, broken powers of finite bases are not real.
    let sign = m.sign(x);
    let signed = m.flip_sign(result, sign);
    let result = m.select(is_odd, signed, result);
    let minus_infinity = m.float(f64::NEG_INFINITY);
    let negative = m.less(x, zero);
    let above_infinity = m.less(minus_infinity, x);
    let finite_negative = m.both(negative, above_infinity);
    let broken = m.not(is_whole);
    let invalid = m.both(finite_negative, broken);
    let x_is_number = m.equal(x, x);
    let y_is_number = m.equal(y, y);
    let numbers = m.both(x_is_number, y_is_number);
    let unordered = m.not(numbers);
    let invalid = m.either(invalid, unordered);
    let not_a_number = m.float(f64::NAN);
    let result = m.select(invalid, not_a_number, result);

    // x^0 = 1^y = 1, even for NaN.
    let y_zero = m.equal(y, zero);
    let x_one = m.equal(x, one);
    let always_one = m.either(y_zero, x_one);
    m.select(always_one, one, result)
}
