//! The elementary functions, expanded into fused multiply-adds and bit operations.
//!
//! Legalisation replaces every opaque intrinsic of a kernel by the straight-line code that
//! [`expand`] and [`pow`] write on a [`Machine`], so that compiled code needs no libm and
//! every back end computes the same bits. Each function is written once, for both widths;
//! only constants differ (`tables.rs`, which `fit.py` derives). There are no branches and no
//! table look-ups: cases are told apart by selects.
//!
//! All inputs are handled: subnormal numbers in and out, infinities, NaN, signs of zeros, and
//! arguments of sin and cos up to the largest float. Results are within [`ulp_bound`] units
//! in the last place of the exact value; the bounds for binary32 are measured on all 2³²
//! inputs (`cargo run --release --example ulp`), those for binary64 and pow on dense samples.
//!
//! [`NativeF32`] and [`NativeF64`] evaluate the same code on Rust's numbers.

mod double;
mod error_function;
mod exponential;
mod logarithm;
mod machine;
mod native;
mod power;
mod tables;
mod trigonometric;

pub use machine::{Machine, Width};
pub use native::{NativeF32, NativeF64};

/// An elementary function of one argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Function {
    /// eˣ.
    Exp,
    /// eˣ − 1, accurate near 0.
    Expm1,
    /// The natural logarithm.
    Log,
    /// ln(1 + x), accurate near 0.
    Log1p,
    /// Sine of an angle in radians.
    Sin,
    /// Cosine of an angle in radians.
    Cos,
    /// Hyperbolic sine.
    Sinh,
    /// Hyperbolic cosine.
    Cosh,
    /// Hyperbolic tangent.
    Tanh,
    /// The error function, 2/√π·∫₀ˣ e^(−t²) dt.
    Erf,
}

impl Function {
    /// Every function.
    pub const ALL: [Self; 10] = [
        Self::Exp,
        Self::Expm1,
        Self::Log,
        Self::Log1p,
        Self::Sin,
        Self::Cos,
        Self::Sinh,
        Self::Cosh,
        Self::Tanh,
        Self::Erf,
    ];

    /// The function's name in C and in the kernel language.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exp => "exp",
            Self::Expm1 => "expm1",
            Self::Log => "log",
            Self::Log1p => "log1p",
            Self::Sin => "sin",
            Self::Cos => "cos",
            Self::Sinh => "sinh",
            Self::Cosh => "cosh",
            Self::Tanh => "tanh",
            Self::Erf => "erf",
        }
    }
}

/// Write `function` of `x` on the machine and return the result.
#[inline(always)]
pub fn expand<M: Machine>(m: &mut M, function: Function, x: M::Float) -> M::Float {
    match function {
        Function::Exp => exponential::exp(m, x),
        Function::Expm1 => exponential::expm1(m, x),
        Function::Log => logarithm::log(m, x),
        Function::Log1p => logarithm::log1p(m, x),
        Function::Sin => trigonometric::sin(m, x),
        Function::Cos => trigonometric::cos(m, x),
        Function::Sinh => exponential::sinh(m, x),
        Function::Cosh => exponential::cosh(m, x),
        Function::Tanh => exponential::tanh(m, x),
        Function::Erf => error_function::erf(m, x),
    }
}

/// Write `x` to the power of `y` on the machine and return the result.
///
/// Special cases are those of C: x⁰ = 1^y = 1 even for NaN, a negative finite base with a
/// broken exponent gives NaN, and odd exponents keep the sign of the base.
#[inline(always)]
pub fn pow<M: Machine>(m: &mut M, x: M::Float, y: M::Float) -> M::Float {
    power::pow(m, x, y)
}

/// The constants of one width. Coefficients are in increasing order of power; a pair is a
/// number in two parts.
struct Tables {
    /// log₂ e.
    log2_e: f64,
    /// ln 2; products of the first part with an exponent are exact.
    ln_2: [f64; 2],
    /// 1/3.
    third: [f64; 2],
    /// 2π.
    turn: [f64; 2],
    /// Where erf changes from one polynomial to the other.
    erf_split: f64,
    /// Beyond this erf is 1.
    erf_limit: f64,
    /// Signed digits of 1/2π in base 2^p, most significant first.
    turn_digits: &'static [f64],
    /// By how many digits the window on them may be moved, step by step.
    turn_shifts: &'static [usize],
    /// (eʳ − 1 − r)/r².
    exponential: &'static [f64],
    /// (ln((1+s)/(1−s)) − 2s)/s³ in s².
    logarithm: &'static [f64],
    /// (atanh(s) − s − s³/3)/s⁵ in s².
    logarithm_tail: &'static [f64],
    /// (sin r − r)/r³ in r².
    sine: &'static [f64],
    /// (cos r − 1 + r²/2)/r⁴ in r².
    cosine: &'static [f64],
    /// (erf x − x)/x in x².
    error_function: &'static [f64],
    /// ln erfc(x).
    log_erfc: &'static [f64],
}

/// The largest error of `function` in units in the last place.
///
/// For binary32 this is the largest error over all 2³² inputs, rounded up in the second
/// decimal. For binary64 it is an allowance above both that and the largest error among
/// 200,000 samples, since samples miss the worst case:
///
/// | function | binary32, all inputs | binary64, samples |
/// |---|---|---|
/// | exp | 1.0395 | 0.9822 |
/// | expm1 | 1.5305 | 1.7451 |
/// | log | 0.8399 | 0.7807 |
/// | log1p | 1.3928 | 1.3431 |
/// | sin | 0.7822 | 0.7412 |
/// | cos | 0.7823 | 0.7490 |
/// | sinh | 2.2584 | 2.0360 |
/// | cosh | 1.5087 | 1.2781 |
/// | tanh | 2.5656 | 2.1776 |
/// | erf | 1.0796 | 0.9953 |
#[must_use]
pub const fn ulp_bound(function: Function, width: Width) -> f64 {
    let (single, double) = match function {
        Function::Exp => (1.04, 1.1),
        Function::Expm1 => (1.54, 1.9),
        Function::Log => (0.84, 0.9),
        Function::Log1p => (1.40, 1.5),
        Function::Sin => (0.79, 0.85),
        Function::Cos => (0.79, 0.85),
        Function::Sinh => (2.26, 2.4),
        Function::Cosh => (1.51, 1.6),
        Function::Tanh => (2.57, 2.7),
        Function::Erf => (1.08, 1.2),
    };
    match width {
        Width::F32 => single,
        Width::F64 => double,
    }
}

/// The largest error of [`pow`] in units in the last place: an allowance above the largest
/// among 20 million binary32 samples, 1.1982, and 200,000 binary64 samples, 1.1656.
#[must_use]
pub const fn pow_ulp_bound(width: Width) -> f64 {
    match width {
        Width::F32 | Width::F64 => 1.35,
    }
}
