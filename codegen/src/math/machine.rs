//! The abstract machine that the elementary functions are written for: one lane of a
//! binary32 or binary64 vector unit with fused multiply-add and integer operations of the
//! same width.
//!
//! Every required method is one instruction on 128-bit vectors of an x86-64-v3 processor,
//! and one on a GPU, for both widths. That is why there is no shift by a variable, no
//! arithmetic shift, no multiplication or comparison of integers, no conversion between
//! integers and floats, and no table look-up: 64-bit lanes lack them before AVX-512.

/// The two widths for which functions are expanded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Width {
    /// IEEE 754 binary32, with 32-bit integers beside it.
    F32,
    /// IEEE 754 binary64, with 64-bit integers beside it.
    F64,
}

impl Width {
    /// Significant bits, the hidden one included.
    #[must_use]
    pub const fn precision(self) -> u32 {
        match self {
            Self::F32 => 24,
            Self::F64 => 53,
        }
    }

    /// Bits of the whole number.
    #[must_use]
    pub const fn bits(self) -> u32 {
        match self {
            Self::F32 => 32,
            Self::F64 => 64,
        }
    }

    /// What is added to an exponent to store it.
    #[must_use]
    pub const fn bias(self) -> i64 {
        match self {
            Self::F32 => 127,
            Self::F64 => 1023,
        }
    }
}

/// A builder or evaluator of straight-line code over one float width.
///
/// Floats follow IEEE 754 with rounding to nearest even, subnormal numbers and infinities
/// included; nothing may be reassociated, contracted or flushed to zero. Which NaN an
/// operation returns is left open. Integers have the float's width and wrap.
pub trait Machine {
    /// A float lane.
    type Float: Copy;
    /// A signed integer lane of the same width.
    type Int: Copy;
    /// A truth value, as comparisons give it.
    type Mask: Copy;

    /// The width of every lane of this machine.
    fn width(&self) -> Width;

    /// The constant `value`, which is a float of this width, an infinity or NaN.
    fn float(&mut self, value: f64) -> Self::Float;
    /// The constant `value`, which fits this width.
    fn int(&mut self, value: i64) -> Self::Int;

    /// `a + b`, rounded once.
    fn add(&mut self, a: Self::Float, b: Self::Float) -> Self::Float;
    /// `a − b`, rounded once.
    fn sub(&mut self, a: Self::Float, b: Self::Float) -> Self::Float;
    /// `a · b`, rounded once.
    fn mul(&mut self, a: Self::Float, b: Self::Float) -> Self::Float;
    /// `a / b`, rounded once.
    fn div(&mut self, a: Self::Float, b: Self::Float) -> Self::Float;
    /// `a · b + c`, rounded once.
    fn fma(&mut self, a: Self::Float, b: Self::Float, c: Self::Float) -> Self::Float;
    /// The integer nearest to `a`, ties to even; infinities are themselves.
    fn round(&mut self, a: Self::Float) -> Self::Float;

    /// `a < b`; false if either is NaN.
    fn less(&mut self, a: Self::Float, b: Self::Float) -> Self::Mask;
    /// `a = b`; false if either is NaN, and −0 = +0.
    fn equal(&mut self, a: Self::Float, b: Self::Float) -> Self::Mask;
    /// Both `a` and `b`.
    fn both(&mut self, a: Self::Mask, b: Self::Mask) -> Self::Mask;
    /// `a`, `b` or both.
    fn either(&mut self, a: Self::Mask, b: Self::Mask) -> Self::Mask;
    /// Not `a`.
    fn not(&mut self, a: Self::Mask) -> Self::Mask;
    /// `yes` where `mask` holds, else `no`, bit for bit.
    fn select(&mut self, mask: Self::Mask, yes: Self::Float, no: Self::Float) -> Self::Float;

    /// The bits of `a`, reinterpreted as an integer.
    fn as_int(&mut self, a: Self::Float) -> Self::Int;
    /// The float whose bits are `a`.
    fn as_float(&mut self, a: Self::Int) -> Self::Float;
    /// `a + b`, wrapping.
    fn int_add(&mut self, a: Self::Int, b: Self::Int) -> Self::Int;
    /// `a − b`, wrapping.
    fn int_sub(&mut self, a: Self::Int, b: Self::Int) -> Self::Int;
    /// Bitwise and.
    fn int_and(&mut self, a: Self::Int, b: Self::Int) -> Self::Int;
    /// Bitwise or.
    fn int_or(&mut self, a: Self::Int, b: Self::Int) -> Self::Int;
    /// Bitwise exclusive or.
    fn int_xor(&mut self, a: Self::Int, b: Self::Int) -> Self::Int;
    /// `a · 2^count`, wrapping; `count` is below the width.
    fn shift_left(&mut self, a: Self::Int, count: u32) -> Self::Int;
    /// `a / 2^count`, rounded down; `count` is below the width. Wherever the result reaches the
    /// function's value, `a` is not negative: shifting in zeros or copies of the sign is the same.
    fn shift_right(&mut self, a: Self::Int, count: u32) -> Self::Int;

    /// `|a|`: the sign bit cleared, of a NaN too.
    fn absolute(&mut self, a: Self::Float) -> Self::Float {
        let bits = self.as_int(a);
        let mask = self.int(match self.width() {
            Width::F32 => i64::from(i32::MAX),
            Width::F64 => i64::MAX,
        });
        let cleared = self.int_and(bits, mask);
        self.as_float(cleared)
    }

    /// `−a`: the sign bit flipped, of a NaN too.
    fn negate(&mut self, a: Self::Float) -> Self::Float {
        let bits = self.as_int(a);
        let sign = self.sign_bit();
        let flipped = self.int_xor(bits, sign);
        self.as_float(flipped)
    }

    /// `bound` if `bound < a`, else `a`; so a NaN stays.
    fn at_most(&mut self, a: Self::Float, bound: Self::Float) -> Self::Float {
        let over = self.less(bound, a);
        self.select(over, bound, a)
    }

    /// `bound` if `a < bound`, else `a`; so a NaN stays.
    fn at_least(&mut self, a: Self::Float, bound: Self::Float) -> Self::Float {
        let under = self.less(a, bound);
        self.select(under, bound, a)
    }

    /// The integer of which only the top bit is set.
    fn sign_bit(&mut self) -> Self::Int {
        self.int(match self.width() {
            Width::F32 => i64::from(i32::MIN),
            Width::F64 => i64::MIN,
        })
    }
}
