//! The machine whose lanes are Rust's own numbers: what the kernel interpreter runs and
//! what the error bounds are measured on.
//!
//! Fused multiply-adds are exact by specification: an instruction where the build targets a
//! processor that has it, a slow library routine otherwise.

use super::machine::{Machine, Width};

/// The machine over `f32` and `i32`.
#[derive(Clone, Copy, Debug, Default)]
pub struct NativeF32;

/// The machine over `f64` and `i64`.
#[derive(Clone, Copy, Debug, Default)]
pub struct NativeF64;

macro_rules! native_machine {
    ($machine:ty, $float:ty, $int:ty, $width:expr) => {
        impl Machine for $machine {
            type Float = $float;
            type Int = $int;
            type Mask = bool;

            #[inline(always)]
            fn width(&self) -> Width {
                $width
            }
            #[inline(always)]
            #[allow(
                clippy::cast_possible_truncation,
                reason = "by contract a float of this width"
            )]
            fn float(&mut self, value: f64) -> $float {
                value as $float
            }
            #[inline(always)]
            #[allow(
                clippy::cast_possible_truncation,
                reason = "by contract an integer of this width"
            )]
            fn int(&mut self, value: i64) -> $int {
                value as $int
            }
            #[inline(always)]
            fn add(&mut self, a: $float, b: $float) -> $float {
                a + b
            }
            #[inline(always)]
            fn sub(&mut self, a: $float, b: $float) -> $float {
                a - b
            }
            #[inline(always)]
            fn mul(&mut self, a: $float, b: $float) -> $float {
                a * b
            }
            #[inline(always)]
            fn div(&mut self, a: $float, b: $float) -> $float {
                a / b
            }
            #[inline(always)]
            fn fma(&mut self, a: $float, b: $float, c: $float) -> $float {
                a.mul_add(b, c)
            }
            #[inline(always)]
            fn round(&mut self, a: $float) -> $float {
                a.round_ties_even()
            }
            #[inline(always)]
            fn less(&mut self, a: $float, b: $float) -> bool {
                a < b
            }
            #[inline(always)]
            #[allow(clippy::float_cmp, reason = "IEEE equality is what is meant")]
            fn equal(&mut self, a: $float, b: $float) -> bool {
                a == b
            }
            #[inline(always)]
            fn both(&mut self, a: bool, b: bool) -> bool {
                a & b
            }
            #[inline(always)]
            fn either(&mut self, a: bool, b: bool) -> bool {
                a | b
            }
            #[inline(always)]
            fn not(&mut self, a: bool) -> bool {
                !a
            }
            #[inline(always)]
            fn select(&mut self, mask: bool, yes: $float, no: $float) -> $float {
                if mask { yes } else { no }
            }
            #[inline(always)]
            fn as_int(&mut self, a: $float) -> $int {
                a.to_bits().cast_signed()
            }
            #[inline(always)]
            fn as_float(&mut self, a: $int) -> $float {
                <$float>::from_bits(a.cast_unsigned())
            }
            #[inline(always)]
            fn int_add(&mut self, a: $int, b: $int) -> $int {
                a.wrapping_add(b)
            }
            #[inline(always)]
            fn int_sub(&mut self, a: $int, b: $int) -> $int {
                a.wrapping_sub(b)
            }
            #[inline(always)]
            fn int_and(&mut self, a: $int, b: $int) -> $int {
                a & b
            }
            #[inline(always)]
            fn int_or(&mut self, a: $int, b: $int) -> $int {
                a | b
            }
            #[inline(always)]
            fn int_xor(&mut self, a: $int, b: $int) -> $int {
                a ^ b
            }
            #[inline(always)]
            fn shift_left(&mut self, a: $int, count: u32) -> $int {
                a.wrapping_shl(count)
            }
            #[inline(always)]
            fn shift_right(&mut self, a: $int, count: u32) -> $int {
                a.cast_unsigned().wrapping_shr(count).cast_signed()
            }
        }
    };
}

native_machine!(NativeF32, f32, i32, Width::F32);
native_machine!(NativeF64, f64, i64, Width::F64);
