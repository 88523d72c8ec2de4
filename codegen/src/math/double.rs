//! Error-free transformations and polynomials: the arithmetic that the functions share.
//!
//! A [`Double`] is an unevaluated sum of two floats, about twice the precision of one.

use super::Tables;
use super::machine::{Machine, Width};
use super::tables;

/// `high + low`, with `low` small against `high`.
#[derive(Clone, Copy)]
pub(super) struct Double<F> {
    pub(super) high: F,
    pub(super) low: F,
}

/// Arithmetic built from the machine's own; every machine has it.
pub(super) trait Arithmetic: Machine {
    /// The constants for this machine's width.
    #[inline(always)]
    fn tables(&self) -> &'static Tables {
        match self.width() {
            Width::F32 => &tables::F32,
            Width::F64 => &tables::F64,
        }
    }

    /// `a + value`.
    #[inline(always)]
    fn offset(&mut self, a: Self::Float, value: f64) -> Self::Float {
        let value = self.float(value);
        self.add(a, value)
    }

    /// `a · value`.
    #[inline(always)]
    fn scale(&mut self, a: Self::Float, value: f64) -> Self::Float {
        let value = self.float(value);
        self.mul(a, value)
    }

    /// `a · factor + c`.
    #[inline(always)]
    fn scale_add(&mut self, a: Self::Float, factor: f64, c: Self::Float) -> Self::Float {
        let factor = self.float(factor);
        self.fma(a, factor, c)
    }

    /// `a · b + value`.
    #[inline(always)]
    fn fma_offset(&mut self, a: Self::Float, b: Self::Float, value: f64) -> Self::Float {
        let value = self.float(value);
        self.fma(a, b, value)
    }

    /// `a < value`.
    #[inline(always)]
    fn below(&mut self, a: Self::Float, value: f64) -> Self::Mask {
        let value = self.float(value);
        self.less(a, value)
    }

    /// `value < a`.
    #[inline(always)]
    fn above(&mut self, a: Self::Float, value: f64) -> Self::Mask {
        let value = self.float(value);
        self.less(value, a)
    }

    /// `a = value`.
    #[inline(always)]
    fn equals(&mut self, a: Self::Float, value: f64) -> Self::Mask {
        let value = self.float(value);
        self.equal(a, value)
    }

    /// `a` brought into `low ..= high`; NaN stays.
    #[inline(always)]
    fn clamp(&mut self, a: Self::Float, low: f64, high: f64) -> Self::Float {
        let (low, high) = (self.float(low), self.float(high));
        let a = self.at_least(a, low);
        self.at_most(a, high)
    }

    /// The sign bit of `a`, in place.
    #[inline(always)]
    fn sign(&mut self, a: Self::Float) -> Self::Int {
        let bits = self.as_int(a);
        let sign = self.sign_bit();
        self.int_and(bits, sign)
    }

    /// `a` with its sign bit flipped where `sign` has one.
    #[inline(always)]
    fn flip_sign(&mut self, a: Self::Float, sign: Self::Int) -> Self::Float {
        let bits = self.as_int(a);
        let flipped = self.int_xor(bits, sign);
        self.as_float(flipped)
    }

    /// Whether bit `index` of `a` is set: moved to the sign of ±1, which is compared.
    #[inline(always)]
    fn bit_is_set(&mut self, a: Self::Int, index: u32) -> Self::Mask {
        let top = self.shift_left(a, self.width().bits() - 1 - index);
        let sign = self.sign_bit();
        let sign = self.int_and(top, sign);
        let one = self.float(1.0);
        let signed = self.flip_sign(one, sign);
        self.below(signed, 0.0)
    }

    /// Σ coefficients[k]·x^k by Horner's rule; at least one coefficient.
    #[inline(always)]
    fn polynomial(&mut self, x: Self::Float, coefficients: &[f64]) -> Self::Float {
        let (last, rest) = coefficients.split_last().unwrap_or((&0.0, &[]));
        let mut sum = self.float(*last);
        for coefficient in rest.iter().rev() {
            sum = self.fma_offset(sum, x, *coefficient);
        }
        sum
    }

    /// `a · b` exactly, barring underflow (Dekker, with a fused multiply-add).
    #[inline(always)]
    fn exact_product(&mut self, a: Self::Float, b: Self::Float) -> Double<Self::Float> {
        let high = self.mul(a, b);
        let minus = self.negate(high);
        Double {
            high,
            low: self.fma(a, b, minus),
        }
    }

    /// `a + b` exactly (Knuth).
    #[inline(always)]
    fn exact_sum(&mut self, a: Self::Float, b: Self::Float) -> Double<Self::Float> {
        let high = self.add(a, b);
        let b_part = self.sub(high, a);
        let a_part = self.sub(high, b_part);
        let b_rest = self.sub(b, b_part);
        let a_rest = self.sub(a, a_part);
        Double {
            high,
            low: self.add(a_rest, b_rest),
        }
    }

    /// `a + b` exactly if `|a| ≥ |b|` or `a = 0` (Dekker).
    #[inline(always)]
    fn ordered_sum(&mut self, a: Self::Float, b: Self::Float) -> Double<Self::Float> {
        let high = self.add(a, b);
        let b_part = self.sub(high, a);
        Double {
            high,
            low: self.sub(b, b_part),
        }
    }

    /// `a · b` to nearly twice the precision.
    #[inline(always)]
    fn double_product(
        &mut self,
        a: Double<Self::Float>,
        b: Double<Self::Float>,
    ) -> Double<Self::Float> {
        let product = self.exact_product(a.high, b.high);
        let low = self.fma(a.high, b.low, product.low);
        let low = self.fma(a.low, b.high, low);
        self.ordered_sum(product.high, low)
    }
}

impl<M: Machine + ?Sized> Arithmetic for M {}
