//! Floats that are computed only where every compiled program computes the same.

use crate::constant::Constant;
use crate::dtype::DType;
use crate::scalar::{Binary, Comparison, Int, Scalar, Truth, Unary, Undefined};

/// The largest integer up to which sums of integers are exact in every float dtype.
pub(super) const EXACT_INTEGERS: f64 = (1u64 << 24) as f64;

/// Floats with the reference arithmetic.
pub(super) trait Float: Scalar<Mask = bool, World = ()> + Copy + Into<f64> {}
impl Float for f32 {}
impl Float for f64 {}

/// A float, or nothing where compiled code may compute another one than the reference does:
/// elementary functions but at the points where they are exact, sums that depend on their order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Certain<F>(pub(super) Option<F>);

const UNCERTAIN: Undefined = Undefined("compiled code may round this differently");

impl<F: Float> Certain<F> {
    fn map(self, function: impl FnOnce(F) -> Option<F>) -> Self {
        Certain(self.0.and_then(function))
    }
}

/// The value of an elementary function where it is a number that the dtype holds.
fn elementary<F: Float>(function: Unary, x: F) -> Option<F> {
    let is = |value| x.equals(&x.int(value));
    match function {
        Unary::Neg | Unary::Abs | Unary::Sqrt | Unary::Floor | Unary::Ceil | Unary::Round => {
            Some(x.unary(function))
        }
        Unary::Exp | Unary::Cos | Unary::Cosh => is(0).then(|| x.int(1)),
        Unary::Log => is(1).then(|| x.int(0)),
        // Odd functions keep the sign of zero.
        Unary::Expm1 | Unary::Log1p | Unary::Sin | Unary::Sinh | Unary::Tanh | Unary::Erf => {
            is(0).then_some(x)
        }
    }
}

/// The value of `pow` where it is one of its operands or 1.
fn power<F: Float>(x: F, y: F) -> Option<F> {
    if x.equals(&x.int(1)) || y.equals(&y.int(0)) {
        Some(x.int(1))
    } else {
        y.equals(&y.int(1)).then_some(x)
    }
}

impl<F: Float> Scalar for Certain<F> {
    type Mask = Truth;
    type World = ();

    fn constant((): &(), dtype: DType, value: &Constant) -> Self {
        Certain(Some(F::constant(&(), dtype, value)))
    }
    fn lit(&self, value: &Constant) -> Self {
        // Float scalars round constants by their own format, whatever the dtype.
        Self::constant(&(), DType::F64, value)
    }
    fn undefined(&self, _reason: Undefined) -> Self {
        Certain(None)
    }
    fn unary(&self, function: Unary) -> Self {
        self.map(|x| elementary(function, x))
    }
    fn binary(&self, function: Binary, other: &Self) -> Self {
        let (Some(x), Some(y)) = (self.0, other.0) else {
            return Certain(None);
        };
        Certain(match function {
            Binary::Add | Binary::Sub | Binary::Mul | Binary::Div | Binary::Max | Binary::Min => {
                Some(x.binary(function, &y))
            }
            Binary::Pow => power(x, y),
            Binary::Rem | Binary::And | Binary::Or | Binary::Xor | Binary::Shl | Binary::Shr => {
                None
            }
        })
    }
    fn compare(&self, comparison: Comparison, other: &Self) -> Truth {
        let (x, y) = (self.0.ok_or(UNCERTAIN)?, other.0.ok_or(UNCERTAIN)?);
        Ok(x.compare(comparison, &y))
    }
    fn select(mask: &Truth, yes: &Self, no: &Self) -> Self {
        match mask {
            Ok(true) => *yes,
            Ok(false) => *no,
            Err(_) => Certain(None),
        }
    }
    fn cast_float(&self, dtype: DType) -> Self {
        self.map(|x| Some(x.cast_float(dtype)))
    }
    fn rounded(&self, dtype: DType) -> Self {
        self.map(|x| Some(x.rounded(dtype)))
    }
    fn from_int((): &(), dtype: DType, integer: &Int) -> Self {
        let known = integer.value.is_ok();
        Certain(known.then(|| F::from_int(&(), dtype, integer)))
    }
    fn to_int(&self, dtype: DType) -> Int {
        match self.0 {
            Some(x) => x.to_int(dtype),
            None => Int::unknown(dtype, UNCERTAIN),
        }
    }
    fn fma(&self, factor: &Self, addend: &Self) -> Self {
        match (self.0, factor.0, addend.0) {
            (Some(x), Some(y), Some(z)) => Certain(Some(x.fma(&y, &z))),
            (_, _, _) => Certain(None),
        }
    }
    /// Certain where the order of addition does not matter: there is one term, or all are integers
    /// whose sums are exact. (A −0 among others is left alone: its sum may have either sign.)
    fn sum_of((): &(), dtype: DType, terms: &mut dyn Iterator<Item = Self>) -> Self {
        let terms: Vec<Self> = terms.collect();
        if let [term] = terms.as_slice() {
            return *term;
        }
        let (mut sum, mut magnitude) = (0.0f64, 0.0f64);
        for term in &terms {
            let Some(term) = term.0.map(Into::<f64>::into) else {
                return Certain(None);
            };
            let negative_zero = term == 0.0 && term.is_sign_negative();
            magnitude += term.abs();
            sum += term;
            let exact = term.fract() == 0.0 && magnitude <= EXACT_INTEGERS;
            if negative_zero || !exact {
                return Certain(None);
            }
        }
        Self::constant(&(), dtype, &Constant::from_f64(sum))
    }
}
