//! Floats in the precision in which programs keep them.
//!
//! A graph may hold values of several float dtypes, and a pass must keep the bits of each: those of f64 in
//! double precision, the others in single precision, of which halves are rounded where ops end.

use crate::constant::Constant;
use crate::dtype::DType;
use crate::scalar::{Binary, Comparison, Int, Scalar, Unary, Undefined};

/// A float in double or in single precision, as its dtype says.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stored {
    Single(f32),
    Double(f64),
}

impl Stored {
    /// Whether both are the same to the last bit, or no number.
    pub(super) fn is_same(&self, other: &Stored) -> bool {
        match (self, other) {
            (Stored::Single(x), Stored::Single(y)) => {
                x.to_bits() == y.to_bits() || (x.is_nan() && y.is_nan())
            }
            (Stored::Double(x), Stored::Double(y)) => {
                x.to_bits() == y.to_bits() || (x.is_nan() && y.is_nan())
            }
            (Stored::Single(_) | Stored::Double(_), _) => false,
        }
    }

    /// A number of a dtype, in its precision.
    fn of(dtype: DType, single: impl FnOnce() -> f32, double: impl FnOnce() -> f64) -> Stored {
        if dtype == DType::F64 {
            Stored::Double(double())
        } else {
            Stored::Single(single())
        }
    }

    fn double(self) -> f64 {
        match self {
            Stored::Single(x) => f64::from(x),
            Stored::Double(x) => x,
        }
    }

    /// A function of one number in the precision of that number.
    fn map(self, single: impl FnOnce(f32) -> f32, double: impl FnOnce(f64) -> f64) -> Self {
        match self {
            Stored::Single(x) => Stored::Single(single(x)),
            Stored::Double(x) => Stored::Double(double(x)),
        }
    }
}

impl Scalar for Stored {
    type Mask = bool;
    type World = ();

    fn constant((): &(), dtype: DType, value: &Constant) -> Self {
        let single = || f32::constant(&(), dtype, value);
        Stored::of(dtype, single, || f64::constant(&(), dtype, value))
    }
    fn lit(&self, value: &Constant) -> Self {
        self.map(|x| x.lit(value), |x| x.lit(value))
    }
    fn undefined(&self, reason: Undefined) -> Self {
        self.map(|x| x.undefined(reason), |x| x.undefined(reason))
    }
    fn unary(&self, function: Unary) -> Self {
        self.map(
            |x| Scalar::unary(&x, function),
            |x| Scalar::unary(&x, function),
        )
    }
    fn binary(&self, function: Binary, other: &Self) -> Self {
        match (self, other) {
            (Stored::Single(x), Stored::Single(y)) => {
                Stored::Single(Scalar::binary(x, function, y))
            }
            (Stored::Single(_) | Stored::Double(_), _) => {
                Stored::Double(Scalar::binary(&self.double(), function, &other.double()))
            }
        }
    }
    fn compare(&self, comparison: Comparison, other: &Self) -> bool {
        comparison.holds(&self.double(), &other.double())
    }
    fn select(mask: &bool, yes: &Self, no: &Self) -> Self {
        if *mask { *yes } else { *no }
    }
    fn cast_float(&self, dtype: DType) -> Self {
        match (self, dtype) {
            (_, DType::F64) => Stored::Double(self.double()),
            (Stored::Single(x), _) => Stored::Single(x.cast_float(dtype)),
            // A half is rounded once, from the double.
            (Stored::Double(x), _) => Stored::Single(x.cast_float(dtype) as f32),
        }
    }
    fn rounded(&self, dtype: DType) -> Self {
        self.map(|x| x.rounded(dtype), |x| x.rounded(dtype))
    }
    fn from_int((): &(), dtype: DType, integer: &Int) -> Self {
        let single = || f32::from_int(&(), dtype, integer);
        Stored::of(dtype, single, || f64::from_int(&(), dtype, integer))
    }
    fn to_int(&self, dtype: DType) -> Int {
        match self {
            Stored::Single(x) => Scalar::to_int(x, dtype),
            Stored::Double(x) => Scalar::to_int(x, dtype),
        }
    }
    fn fma(&self, factor: &Self, addend: &Self) -> Self {
        match (self, factor, addend) {
            (Stored::Single(x), Stored::Single(y), Stored::Single(z)) => {
                Stored::Single(Scalar::fma(x, y, z))
            }
            (Stored::Single(_) | Stored::Double(_), _, _) => Stored::Double(Scalar::fma(
                &self.double(),
                &factor.double(),
                &addend.double(),
            )),
        }
    }
}
