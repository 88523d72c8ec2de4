//! Values of a kernel under construction as scalars: running a rule on them emits its body.

use super::{KernelBuilder, ValueId};
use lgc_ir::constant::Constant;
use lgc_ir::dtype::DType;
use lgc_ir::scalar::{Binary, Comparison, Connective, Int, Logic, Scalar, Truth, Unary, Undefined};
use std::fmt;

/// A value of a kernel under construction.
#[derive(Clone)]
pub struct BodyScalar {
    builder: KernelBuilder,
    value: ValueId,
}

/// A truth value of a kernel under construction, or one that is known while building.
#[derive(Clone, Debug)]
pub enum BodyMask {
    /// Known.
    Known(Truth),
    /// A bool value.
    Value(BodyScalar),
}

impl fmt::Debug for BodyScalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}", self.value.0)
    }
}

impl BodyScalar {
    /// The value as a scalar.
    pub fn new(builder: &KernelBuilder, value: ValueId) -> Self {
        BodyScalar {
            builder: builder.clone(),
            value,
        }
    }

    /// The value.
    pub fn value(&self) -> ValueId {
        self.value
    }

    fn with(&self, value: ValueId) -> Self {
        BodyScalar::new(&self.builder, value)
    }

    fn refused(builder: &KernelBuilder, dtype: DType, reason: Undefined) -> Self {
        builder.fail(reason.0);
        BodyScalar::new(builder, builder.int(dtype, 0))
    }
}

impl BodyMask {
    /// The truth value as a bool of the kernel.
    pub fn value(&self, builder: &KernelBuilder) -> ValueId {
        match self {
            BodyMask::Value(scalar) => scalar.value,
            BodyMask::Known(Ok(truth)) => builder.int(DType::Bool, i64::from(*truth)),
            BodyMask::Known(Err(reason)) => {
                BodyScalar::refused(builder, DType::Bool, *reason).value
            }
        }
    }
}

/// A connective where one side is known.
fn connect_known(connective: Connective, known: bool, other: &BodyMask) -> BodyMask {
    match (connective, known) {
        (Connective::And, true) | (Connective::Or | Connective::Xor, false) => other.clone(),
        (Connective::And, false) | (Connective::Or, true) => BodyMask::Known(Ok(known)),
        (Connective::Xor, true) => other.not(),
    }
}

impl Logic for BodyMask {
    fn known(truth: Truth) -> Self {
        BodyMask::Known(truth)
    }
    fn decide(&self) -> Truth {
        match self {
            BodyMask::Known(truth) => *truth,
            BodyMask::Value(_) => Err(Undefined("the condition depends on run-time values")),
        }
    }
    fn connect(&self, connective: Connective, other: &Self) -> Self {
        match (self, other) {
            (BodyMask::Value(x), BodyMask::Value(y)) => {
                BodyMask::Value(x.with(x.builder.connect(connective, x.value, y.value)))
            }
            (BodyMask::Known(Err(reason)), _) | (_, BodyMask::Known(Err(reason))) => {
                BodyMask::Known(Err(*reason))
            }
            (BodyMask::Known(Ok(truth)), mask) | (mask, BodyMask::Known(Ok(truth))) => {
                connect_known(connective, *truth, mask)
            }
        }
    }
    fn not(&self) -> Self {
        match self {
            BodyMask::Known(truth) => BodyMask::Known(truth.map(|truth| !truth)),
            BodyMask::Value(x) => BodyMask::Value(x.with(x.builder.not(x.value))),
        }
    }
}

impl Scalar for BodyScalar {
    type Mask = BodyMask;
    type World = KernelBuilder;

    fn constant(builder: &KernelBuilder, dtype: DType, value: &Constant) -> Self {
        BodyScalar::new(builder, builder.constant(dtype, value))
    }
    fn lit(&self, value: &Constant) -> Self {
        let ty = self.builder.type_of(self.value);
        let scalar = self.builder.constant(ty.dtype, value);
        self.with(self.builder.splat(ty.form, scalar))
    }
    fn undefined(&self, reason: Undefined) -> Self {
        let ty = self.builder.type_of(self.value);
        let poison = BodyScalar::refused(&self.builder, ty.dtype, reason);
        self.with(self.builder.splat(ty.form, poison.value))
    }
    fn unary(&self, function: Unary) -> Self {
        self.with(self.builder.unary(function, self.value))
    }
    fn binary(&self, function: Binary, other: &Self) -> Self {
        self.with(self.builder.binary(function, self.value, other.value))
    }
    fn compare(&self, comparison: Comparison, other: &Self) -> BodyMask {
        BodyMask::Value(self.with(self.builder.compare(comparison, self.value, other.value)))
    }
    fn select(mask: &BodyMask, yes: &Self, no: &Self) -> Self {
        match mask {
            BodyMask::Known(Ok(true)) => yes.clone(),
            BodyMask::Known(Ok(false)) => no.clone(),
            BodyMask::Known(Err(reason)) => yes.undefined(*reason),
            BodyMask::Value(mask) => yes.with(yes.builder.select(mask.value, yes.value, no.value)),
        }
    }
    fn cast_float(&self, dtype: DType) -> Self {
        self.with(self.builder.cast(dtype, self.value))
    }
    fn from_int(builder: &KernelBuilder, dtype: DType, integer: &Int) -> Self {
        match integer.value {
            Ok(value) => BodyScalar::new(builder, builder.int(dtype, value)),
            Err(reason) => BodyScalar::refused(builder, dtype, reason),
        }
    }
    fn to_int(&self, dtype: DType) -> Int {
        Int::unknown(dtype, Undefined("the value is known at run time only"))
    }
    fn fma(&self, factor: &Self, addend: &Self) -> Self {
        let fma = |x, y, z| self.builder.fma(x, y, z);
        self.with(fma(self.value, factor.value, addend.value))
    }
}
