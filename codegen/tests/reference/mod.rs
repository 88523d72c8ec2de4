//! What the elementary functions ought to be, computed independently of them, and how far a
//! result is from it: the system's binary64 functions judge binary32 results, 192-bit
//! arithmetic judges binary64 ones. Shared by the tests and the `ulp` example.

use dashu::base::Approximation;
use dashu::float::FBig;
use dashu::float::round::mode::HalfEven;
use lgc_codegen::math::Function;

/// A number of 192 bits or more.
pub(crate) type Real = FBig<HalfEven, 2>;

const PRECISION: usize = 192;

/// A finite float, exactly.
#[allow(clippy::expect_used, reason = "callers ask only for finite numbers")]
pub(crate) fn real(value: f64) -> Real {
    Real::try_from(value)
        .expect("finite")
        .with_precision(PRECISION)
        .value()
}

/// `function` of the binary32 number x, to nearly 53 bits.
pub(crate) fn wide(function: Function, x: f32) -> f64 {
    let x = f64::from(x);
    match function {
        Function::Exp => x.exp(),
        Function::Expm1 => x.exp_m1(),
        Function::Log => x.ln(),
        Function::Log1p => x.ln_1p(),
        Function::Sin => x.sin(),
        Function::Cos => x.cos(),
        Function::Sinh => x.sinh(),
        Function::Cosh => x.cosh(),
        Function::Tanh => x.tanh(),
        Function::Erf => libm::erf(x),
    }
}

/// `function` of x, to 192 bits; x is finite, inside the domain, and not absurdly large for
/// the functions that grow.
pub(crate) fn exact(function: Function, x: f64) -> Real {
    let x = real(x);
    match function {
        Function::Exp => x.exp(),
        Function::Expm1 => x.exp_m1(),
        Function::Log => x.ln(),
        Function::Log1p => x.ln_1p(),
        Function::Sin => x.sin(),
        Function::Cos => x.cos(),
        Function::Sinh => x.sinh(),
        Function::Cosh => x.cosh(),
        Function::Tanh => x.tanh(),
        Function::Erf => error_function(&x),
    }
}

/// x^y for positive x, to about 180 bits.
pub(crate) fn exact_power(x: f64, y: f64) -> Real {
    (real(x).ln() * real(y)).exp()
}

/// erf x = 2/√π·e^(−x²)·Σ 2ⁿx^(2n+1)/(2n+1)!!, whose terms are all of one sign.
fn error_function(x: &Real) -> Real {
    let square = x.clone() * x;
    let mut term = x.clone();
    let mut sum = term.clone();
    for n in 1..400_u32 {
        term = term * &square * real(2.0) / real(f64::from(2 * n + 1));
        sum += &term;
    }
    let root_pi: Real = dashu::base::SquareRoot::sqrt(&Real::pi(PRECISION));
    sum * (-square).exp() * real(2.0) / root_pi
}

/// The exponent of the last place of a number near `value`, for a format of `precision` bits
/// whose smallest normal number is 2^`smallest`.
fn last_place(value: f64, precision: i32, smallest: i32) -> i32 {
    let exponent = if value == 0.0 {
        smallest
    } else {
        exponent(value.abs())
    };
    exponent.max(smallest) - (precision - 1)
}

/// ⌊log₂ value⌋ of a positive number, at most 1023.
fn exponent(value: f64) -> i32 {
    if value < f64::MIN_POSITIVE {
        return exponent(value * 2f64.powi(64)) - 64;
    }
    (value.to_bits() >> 52).min(2046) as i32 - 1023
}

/// The distance between a binary32 result and the true value in units of its last place;
/// infinite if one is NaN and the other not, or the sign of a zero is lost. An infinite
/// result counts as 2^128.
pub(crate) fn distance(result: f32, truth: f64) -> f64 {
    if truth.is_nan() || result.is_nan() {
        return if truth.is_nan() && result.is_nan() {
            0.0
        } else {
            f64::INFINITY
        };
    }
    if result.is_sign_negative() != truth.is_sign_negative() {
        return f64::INFINITY;
    }
    let ceiling = 2f64.powi(128);
    let truth = truth.clamp(-ceiling, ceiling);
    let result = f64::from(result).clamp(-ceiling, ceiling);
    (result - truth).abs() / 2f64.powi(last_place(truth, 24, -126).min(104))
}

/// The distance between a binary64 result and the true value in units of its last place;
/// infinite if the result is NaN. An infinite result counts as 2^1024.
pub(crate) fn exact_distance(result: f64, truth: &Real) -> f64 {
    if result.is_nan() {
        return f64::INFINITY;
    }
    let nearest = nearest(truth);
    if nearest.is_infinite() && nearest == result {
        return 0.0;
    }
    let ceiling = || Real::ONE.with_precision(PRECISION).value() << 1024;
    let result = match result {
        f64::INFINITY => ceiling(),
        f64::NEG_INFINITY => -ceiling(),
        finite => real(finite),
    };
    let difference = (result - truth) << -(last_place(nearest, 53, -1022) as isize);
    self::nearest(&difference).abs()
}

/// The binary64 number nearest to `value`.
fn nearest(value: &Real) -> f64 {
    match value.to_f64() {
        Approximation::Exact(float) | Approximation::Inexact(float, _) => float,
    }
}

/// A generator of test inputs (splitmix64).
pub(crate) struct Sampler(pub(crate) u64);

impl Sampler {
    /// The next 64 bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number in 0 .. 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / 2f64.powi(53)
    }

    /// A finite number of any size and sign.
    pub(crate) fn any(&mut self) -> f64 {
        let value = f64::from_bits(self.bits());
        if value.is_finite() {
            value
        } else {
            self.unit()
        }
    }

    /// An argument of `function` in binary64: half of them spread evenly over the range
    /// where the function varies, half with exponents spread evenly.
    pub(crate) fn argument(&mut self, function: Function) -> f64 {
        let evenly = self.bits() & 1 == 0;
        let unit = self.unit();
        let tiny = 2f64.powf(-60.0 + 66.0 * self.unit()) * if unit < 0.5 { -1.0 } else { 1.0 };
        match function {
            Function::Exp if evenly => -746.0 + 1456.0 * unit,
            Function::Expm1 if evenly => -40.0 + 750.0 * unit,
            Function::Sinh | Function::Cosh if evenly => -711.0 + 1422.0 * unit,
            Function::Exp | Function::Expm1 | Function::Sinh | Function::Cosh => tiny,
            Function::Tanh if evenly => -20.0 + 40.0 * unit,
            Function::Erf if evenly => -6.0 + 12.0 * unit,
            Function::Tanh | Function::Erf => tiny.clamp(-6.0, 6.0),
            Function::Sin | Function::Cos if evenly => -100.0 + 200.0 * unit,
            Function::Sin | Function::Cos => self.any(),
            Function::Log if evenly => 3.0 * unit + 1e-9,
            Function::Log => self.any().abs().max(f64::from_bits(1)),
            Function::Log1p if evenly => -1.0 + 3.0 * unit + 1e-9,
            Function::Log1p => self.any().abs(),
        }
    }

    /// Arguments of pow whose result is in range, x positive: all sizes of the result, and
    /// bases near 1 with large exponents.
    pub(crate) fn power_arguments(&mut self, reach: f64) -> (f64, f64) {
        let x = match self.bits() % 3 {
            0 => self.any().abs().max(f64::from_bits(1)),
            1 => 4.0 * self.unit() + 1e-9,
            _ => 1.0 + (self.unit() - 0.5) * 2f64.powf(-40.0 * self.unit()),
        };
        let y = reach * (2.0 * self.unit() - 1.0) / x.ln();
        (x, if y.is_finite() { y } else { 0.5 })
    }
}
