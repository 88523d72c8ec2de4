//! sin and cos, accurate for every finite argument.
//!
//! |x|/2π is needed modulo 1 to far more bits than a float has (Payne and Hanek). 1/2π is
//! stored as signed digits in base 2^p. Where x is so large that its product with the
//! leading digits is a whole number, those digits are dropped and x is scaled down by as
//! many places: a barrel shifter whose steps are one comparison and a few selects. Five
//! digits remain; their exact products with x are reduced modulo 1 and summed without error
//! until the multiple of a quarter turn has been taken out.

use super::double::{Arithmetic, Double};
use super::exponential::rounding_magic;
use super::machine::Machine;

/// Digits of 1/2π that one product needs: p bits of x, p of cancellation, p of result, one
/// for the range of x within a digit and one to spare.
const WINDOW: usize = 5;

/// |x| = quadrant·π/2 + angle, modulo 2π.
struct Reduced<M: Machine> {
    /// A small multiple of a quarter turn.
    quadrant: M::Float,
    /// At most π/4 in size, or a little more.
    angle: Double<M::Float>,
}

/// 2^exponent.
fn power_of_two(exponent: i32) -> f64 {
    f64::from(exponent).exp2()
}

/// Room for the digits of 1/2π of either width.
const DIGITS: usize = 23;

/// The digits by which x is to be multiplied, weighted, and x scaled to match.
#[inline(always)]
fn select_digits<M: Machine>(m: &mut M, x: M::Float) -> ([M::Float; WINDOW], M::Float) {
    let tables = m.tables();
    let precision = m.width().precision() as i32;
    let mut scaled = x;
    let zero = m.float(0.0);
    let mut digits = [zero; DIGITS];
    for (slot, &digit) in digits.iter_mut().zip(tables.turn_digits) {
        *slot = m.float(digit);
    }
    let mut remaining = tables.turn_digits.len().min(DIGITS);
    for &shift in tables.turn_shifts {
        let places = precision * shift as i32;
        let keep = m.below(scaled, power_of_two(places + precision - 1));
        let lowered = m.scale(scaled, power_of_two(-places));
        scaled = m.select(keep, scaled, lowered);
        remaining -= shift;
        for place in 0..remaining {
            digits[place] = m.select(keep, digits[place], digits[place + shift]);
        }
    }
    let weighted = std::array::from_fn(|place| {
        m.scale(digits[place], power_of_two(-precision * (place as i32 + 1)))
    });
    (weighted, scaled)
}

/// a − round(a), exactly.
#[inline(always)]
fn fraction<M: Machine>(m: &mut M, a: M::Float) -> M::Float {
    let whole = m.round(a);
    m.sub(a, whole)
}

/// |x|/2π modulo 1 less a number of quarters, at most an eighth in size, and that number.
#[inline(always)]
fn turns<M: Machine>(m: &mut M, x: M::Float) -> (M::Float, Double<M::Float>) {
    let (digits, scaled) = select_digits(m, x);
    let [first, second, third, fourth, fifth] = digits.map(|digit| m.exact_product(scaled, digit));
    // With scaled < 2^(2p−1) only these three can exceed a quarter.
    let (head, head_rest) = (fraction(m, first.high), fraction(m, first.low));
    let next = fraction(m, second.high);
    let sum_1 = m.exact_sum(head, head_rest);
    let sum_2 = m.exact_sum(sum_1.high, next);
    let sum_3 = m.exact_sum(sum_2.high, second.low);
    let sum_4 = m.exact_sum(sum_3.high, third.high);
    let quarters = m.scale(sum_4.high, 4.0);
    let quadrant = m.round(quarters);
    let leading = m.scale_add(quadrant, -0.25, sum_4.high);
    // After cancellation what was rounded off above matters in full.
    let rest_1 = m.exact_sum(sum_1.low, sum_2.low);
    let rest_2 = m.exact_sum(sum_3.low, sum_4.low);
    let rest_3 = m.exact_sum(third.low, fourth.high);
    let rest_4 = m.exact_sum(rest_1.high, rest_2.high);
    let rest_5 = m.exact_sum(rest_3.high, rest_4.high);
    let total = m.exact_sum(leading, rest_5.high);
    let low = [
        rest_5.low, rest_4.low, rest_3.low, rest_2.low, rest_1.low, fourth.low,
    ]
    .into_iter()
    .fold(fifth.high, |sum, term| m.add(sum, term));
    let low = m.add(low, total.low);
    (quadrant, m.ordered_sum(total.high, low))
}

/// Reduce x ≥ 0; an infinity becomes NaN.
#[inline(always)]
fn reduce<M: Machine>(m: &mut M, x: M::Float) -> Reduced<M> {
    let tables = m.tables();
    let (quadrant, turns) = turns(m, x);
    let turn = Double {
        high: m.float(tables.turn[0]),
        low: m.float(tables.turn[1]),
    };
    let angle = m.double_product(turns, turn);
    // What is small already is exact as it is.
    let small = m.below(x, 0.75);
    let zero = m.float(0.0);
    Reduced {
        quadrant: m.select(small, zero, quadrant),
        angle: Double {
            high: m.select(small, x, angle.high),
            low: m.select(small, zero, angle.low),
        },
    }
}

/// sin and cos of a reduced angle.
#[inline(always)]
fn kernels<M: Machine>(m: &mut M, angle: Double<M::Float>) -> (M::Float, M::Float) {
    let tables = m.tables();
    let r = angle.high;
    let z = m.mul(r, r);
    let cube = m.mul(z, r);
    let sine_tail = m.polynomial(z, tables.sine);
    let cosine_tail = m.polynomial(z, tables.cosine);
    // 1 − z/2, and what its rounding lost.
    let half_square = m.scale(z, 0.5);
    let one = m.float(1.0);
    let parabola = m.sub(one, half_square);
    let taken = m.sub(one, parabola);
    let lost = m.sub(taken, half_square);
    // sin(r + l) = r + (r·z·p(z) + l·(1 − z/2))
    let shift = m.mul(angle.low, parabola);
    let sine = m.fma(cube, sine_tail, shift);
    let sine = m.add(r, sine);
    // cos(r + l) = (1 − z/2) + (z²·p(z) − r·l)
    let minus_r = m.negate(r);
    let lost = m.fma(minus_r, angle.low, lost);
    let fourth_power = m.mul(z, z);
    let cosine = m.fma(fourth_power, cosine_tail, lost);
    (sine, m.add(parabola, cosine))
}

/// sin(|x| + quarter·π/2), with the sign flipped where `sign` says so.
#[inline(always)]
fn shifted_sine<M: Machine>(m: &mut M, x: M::Float, quarter: f64, sign: M::Int) -> M::Float {
    let size = m.absolute(x);
    let reduced = reduce(m, size);
    let (sine, cosine) = kernels(m, reduced.angle);
    let counted = m.offset(reduced.quadrant, quarter + rounding_magic(m.width()));
    let count = m.as_int(counted);
    let odd = m.bit_is_set(count, 0);
    let result = m.select(odd, cosine, sine);
    let top = m.shift_left(count, m.width().bits() - 2);
    let top_sign = m.sign_bit();
    let half_turn = m.int_and(top, top_sign);
    let flipped = m.int_xor(half_turn, sign);
    m.flip_sign(result, flipped)
}

/// sin x.
#[inline(always)]
pub(super) fn sin<M: Machine>(m: &mut M, x: M::Float) -> M::Float {
    let sign = m.sign(x);
    shifted_sine(m, x, 0.0, sign)
}

/// cos x.
#[inline(always)]
pub(super) fn cos<M: Machine>(m: &mut M, x: M::Float) -> M::Float {
    let sign = m.int(0);
    shifted_sine(m, x, 1.0, sign)
}
