//! `f32` and `f64` as scalars: the reference arithmetic.
//!
//! `f64` evaluates a graph of any float dtype in double precision; `f32` evaluates everything in
//! single precision. Operations that only integers have yield NaN, the poison that floats carry.

use super::{Binary, Comparison, Int, Scalar, Unary, Undefined};
use crate::constant::Constant;
use crate::dtype::DType;

/// The error function, from the series near 0 and a continued fraction beyond.
///
/// erf x = 2/√π Σ (−1)ⁿ x²ⁿ⁺¹ / (n!(2n+1)) (DLMF 7.6.1) loses digits as x grows, so from |x| = 2 on
/// erfc comes from the Laplace continued fraction (DLMF 7.9.1), evaluated from a fixed depth.
pub(crate) fn erf(x: f64) -> f64 {
    let magnitude = x.abs();
    if x.is_nan() {
        return x;
    }
    if magnitude < 2.0 {
        // The all-positive form erf x = 2/√π e^(−x²) Σ 2ⁿ x²ⁿ⁺¹ / (2n+1)!! (DLMF 7.6.2).
        let (mut term, mut sum) = (x, x);
        for n in 1..80 {
            term *= 2.0 * x * x / (2 * n + 1) as f64;
            sum += term;
        }
        return std::f64::consts::FRAC_2_SQRT_PI * (-x * x).exp() * sum;
    }
    if magnitude > 6.0 {
        return 1f64.copysign(x);
    }
    let mut fraction = 0.0;
    for k in (1..=120).rev() {
        fraction = 0.5 * k as f64 / (magnitude + fraction);
    }
    let complement =
        (-x * x).exp() * 0.5 * std::f64::consts::FRAC_2_SQRT_PI / (magnitude + fraction);
    (1.0 - complement).copysign(x)
}

macro_rules! float_scalar {
    ($float:ident, $to:ident, |$x:ident| $erf:expr) => {
        impl Scalar for $float {
            type Mask = bool;
            type World = ();

            fn constant((): &(), dtype: DType, value: &Constant) -> Self {
                match dtype.half() {
                    Some(_) => value.to_float(dtype) as $float,
                    None => value.$to(),
                }
            }
            fn lit(&self, value: &Constant) -> Self {
                value.$to()
            }
            fn undefined(&self, _reason: Undefined) -> Self {
                $float::NAN
            }
            fn unary(&self, function: Unary) -> Self {
                let $x = *self;
                match function {
                    Unary::Neg => -$x,
                    Unary::Abs => $x.abs(),
                    Unary::Sqrt => $x.sqrt(),
                    Unary::Exp => $x.exp(),
                    Unary::Expm1 => $x.exp_m1(),
                    Unary::Log => $x.ln(),
                    Unary::Log1p => $x.ln_1p(),
                    Unary::Sin => $x.sin(),
                    Unary::Cos => $x.cos(),
                    Unary::Sinh => $x.sinh(),
                    Unary::Cosh => $x.cosh(),
                    Unary::Tanh => $x.tanh(),
                    Unary::Erf => $erf,
                    Unary::Floor => $x.floor(),
                    Unary::Ceil => $x.ceil(),
                    Unary::Round => $x.round_ties_even(),
                }
            }
            fn binary(&self, function: Binary, other: &Self) -> Self {
                let (x, y) = (*self, *other);
                match function {
                    Binary::Add => x + y,
                    Binary::Sub => x - y,
                    Binary::Mul => x * y,
                    Binary::Div => x / y,
                    Binary::Max => maximum(x as f64, y as f64) as $float,
                    Binary::Min => -(maximum(-x as f64, -y as f64) as $float),
                    Binary::Pow => x.powf(y),
                    Binary::Rem
                    | Binary::And
                    | Binary::Or
                    | Binary::Xor
                    | Binary::Shl
                    | Binary::Shr => $float::NAN,
                }
            }
            fn compare(&self, comparison: Comparison, other: &Self) -> bool {
                comparison.holds(self, other)
            }
            fn select(mask: &bool, yes: &Self, no: &Self) -> Self {
                if *mask { *yes } else { *no }
            }
            fn cast_float(&self, dtype: DType) -> Self {
                match (dtype, dtype.half()) {
                    (_, Some(half)) => half.round(f64::from(*self)) as $float,
                    (DType::F32, None) => *self as f32 as $float,
                    (DType::F64, None) => *self,
                    (_, None) => $float::NAN,
                }
            }
            fn rounded(&self, dtype: DType) -> Self {
                match dtype.half() {
                    Some(_) => self.cast_float(dtype),
                    None => *self,
                }
            }
            fn from_int((): &(), dtype: DType, integer: &Int) -> Self {
                match (integer.value, dtype, dtype.half()) {
                    (Err(_), ..) => $float::NAN,
                    (Ok(value), _, Some(half)) => half.round_integer(value) as $float,
                    (Ok(value), DType::F32, None) => value as f32 as $float,
                    (Ok(value), _, None) => value as $float,
                }
            }
            fn to_int(&self, dtype: DType) -> Int {
                let value = match dtype {
                    DType::I32 => *self as i32 as i64,
                    DType::U32 => *self as u32 as i64,
                    DType::I64
                    | DType::Bool
                    | DType::F16
                    | DType::Bf16
                    | DType::F32
                    | DType::F64 => *self as i64,
                };
                Int::new(dtype, value)
            }
            fn fma(&self, factor: &Self, addend: &Self) -> Self {
                self.mul_add(*factor, *addend)
            }
        }
    };
}

/// IEEE 754-2019 `maximum`: NaN wins, and +0 is above −0.
fn maximum(x: f64, y: f64) -> f64 {
    if x.is_nan() || y.is_nan() {
        f64::NAN
    } else if x > y || (x == y && x.is_sign_positive()) {
        x
    } else {
        y
    }
}

float_scalar!(f64, to_f64, |x| erf(x));
float_scalar!(f32, to_f32, |x| erf(x as f64) as f32);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn erf_agrees_with_tabulated_values() {
        // Abramowitz & Stegun, table 7.1.
        for (x, want) in [
            (0.1, 0.112_462_916_0),
            (0.5, 0.520_499_877_8),
            (1.0, 0.842_700_792_9),
            (2.0, 0.995_322_265_0),
            (3.0, 0.999_977_909_5),
        ] {
            assert!((erf(x) - want).abs() < 2e-10, "erf({x}) = {}", erf(x));
            assert_eq!(erf(-x), -erf(x));
        }
        let seam = erf(2.0 - 1e-15) - erf(2.0 + 1e-15);
        assert!(seam.abs() < 1e-15);
    }

    #[test]
    fn max_propagates_nan_and_orders_zeros() {
        assert!(Scalar::max(&1f32, &f32::NAN).is_nan());
        assert!(Scalar::max(&f64::NAN, &1.0).is_nan());
        assert!(Scalar::max(&-0f32, &0.0).is_sign_positive());
        assert!(Scalar::min(&0f32, &-0.0).is_sign_negative());
    }
}
