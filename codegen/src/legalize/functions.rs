//! Elementary functions, as fused multiply-adds, selects and integer operations of the same form.

use super::Emission;
use crate::kernel::{Op, Stmt, ValueId};
use crate::math::{Function, Machine, Width, expand, pow};
use lgc_ir::constant::Constant;
use lgc_ir::dtype::DType;
use lgc_ir::scalar::{Binary, Comparison, Connective, Unary};

/// An operation that has an expansion.
#[derive(Clone, Copy)]
pub(super) enum Opaque {
    Unary(Function, ValueId),
    Pow(ValueId, ValueId),
}

impl Opaque {
    pub(super) fn of(op: &Op) -> Option<Self> {
        match op {
            Op::Unary(function, x) => function_of(*function).map(|f| Opaque::Unary(f, *x)),
            Op::Binary(Binary::Pow, x, y) => Some(Opaque::Pow(*x, *y)),
            Op::Binary(..)
            | Op::Const(..)
            | Op::Index(..)
            | Op::Compare(..)
            | Op::Connect(..)
            | Op::Not(_)
            | Op::Select(..)
            | Op::Cast(..)
            | Op::Bitcast(..)
            | Op::Fma(..)
            | Op::Ramp(..)
            | Op::Slice(..)
            | Op::Splat(..)
            | Op::Rows(..)
            | Op::Columns(..)
            | Op::Mma(..) => None,
        }
    }

    /// Emits the expansion, and lets the value that it ends with be `result`.
    pub(super) fn expand_to(self, emission: Emission<'_>, dtype: DType, result: ValueId) {
        let mut machine = Expansion {
            emission,
            width: match dtype {
                DType::F64 => Width::F64,
                DType::Bool
                | DType::I32
                | DType::I64
                | DType::U32
                | DType::F16
                | DType::Bf16
                | DType::F32 => Width::F32,
            },
        };
        let last = match self {
            Opaque::Unary(function, x) => expand(&mut machine, function, x),
            Opaque::Pow(x, y) => pow(&mut machine, x, y),
        };
        finish(machine.emission.stmts, last, result);
    }
}

/// The elementary function that a primitive is, if it is one.
pub(super) fn function_of(primitive: Unary) -> Option<Function> {
    match primitive {
        Unary::Exp => Some(Function::Exp),
        Unary::Expm1 => Some(Function::Expm1),
        Unary::Log => Some(Function::Log),
        Unary::Log1p => Some(Function::Log1p),
        Unary::Sin => Some(Function::Sin),
        Unary::Cos => Some(Function::Cos),
        Unary::Sinh => Some(Function::Sinh),
        Unary::Cosh => Some(Function::Cosh),
        Unary::Tanh => Some(Function::Tanh),
        Unary::Erf => Some(Function::Erf),
        Unary::Neg | Unary::Abs | Unary::Sqrt | Unary::Floor | Unary::Ceil | Unary::Round => None,
    }
}

/// Lets the value that an expansion ends with be `result`. Expansions end with a fresh operation.
fn finish(stmts: &mut [Stmt], last: ValueId, result: ValueId) {
    let definition = stmts.iter_mut().rev().find_map(|stmt| match stmt {
        Stmt::Compute { result, .. } if *result == last => Some(result),
        Stmt::Compute { .. }
        | Stmt::Par { .. }
        | Stmt::Tasks { .. }
        | Stmt::For { .. }
        | Stmt::Fold(_)
        | Stmt::If { .. }
        | Stmt::Let { .. }
        | Stmt::Load { .. }
        | Stmt::Store { .. } => None,
    });
    if let Some(definition) = definition {
        *definition = result;
    }
}

/// The machine that appends what it is told to do to a region.
struct Expansion<'r> {
    emission: Emission<'r>,
    width: Width,
}

impl Expansion<'_> {
    fn float_dtype(&self) -> DType {
        match self.width {
            Width::F32 => DType::F32,
            Width::F64 => DType::F64,
        }
    }

    fn int_dtype(&self) -> DType {
        match self.width {
            Width::F32 => DType::I32,
            Width::F64 => DType::I64,
        }
    }

    fn float_op(&mut self, op: Op) -> ValueId {
        self.emission.define(self.float_dtype(), op)
    }

    fn int_op(&mut self, op: Op) -> ValueId {
        self.emission.define(self.int_dtype(), op)
    }

    fn mask_op(&mut self, op: Op) -> ValueId {
        self.emission.define(DType::Bool, op)
    }
}

impl Machine for Expansion<'_> {
    type Float = ValueId;
    type Int = ValueId;
    type Mask = ValueId;

    fn width(&self) -> Width {
        self.width
    }
    fn float(&mut self, value: f64) -> ValueId {
        let dtype = self.float_dtype();
        self.emission
            .constant(dtype, value.to_bits(), || Constant::from_f64(value))
    }
    fn int(&mut self, value: i64) -> ValueId {
        let dtype = self.int_dtype();
        self.emission.integer(dtype, value)
    }
    fn add(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.float_op(Op::Binary(Binary::Add, a, b))
    }
    fn sub(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.float_op(Op::Binary(Binary::Sub, a, b))
    }
    fn mul(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.float_op(Op::Binary(Binary::Mul, a, b))
    }
    fn div(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.float_op(Op::Binary(Binary::Div, a, b))
    }
    fn fma(&mut self, a: ValueId, b: ValueId, c: ValueId) -> ValueId {
        self.float_op(Op::Fma(a, b, c))
    }
    fn round(&mut self, a: ValueId) -> ValueId {
        self.float_op(Op::Unary(Unary::Round, a))
    }
    fn less(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.mask_op(Op::Compare(Comparison::Lt, a, b))
    }
    fn equal(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.mask_op(Op::Compare(Comparison::Eq, a, b))
    }
    fn both(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.mask_op(Op::Connect(Connective::And, a, b))
    }
    fn either(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.mask_op(Op::Connect(Connective::Or, a, b))
    }
    fn not(&mut self, a: ValueId) -> ValueId {
        self.mask_op(Op::Not(a))
    }
    fn select(&mut self, mask: ValueId, yes: ValueId, no: ValueId) -> ValueId {
        self.float_op(Op::Select(mask, yes, no))
    }
    fn as_int(&mut self, a: ValueId) -> ValueId {
        let dtype = self.int_dtype();
        self.int_op(Op::Bitcast(dtype, a))
    }
    fn as_float(&mut self, a: ValueId) -> ValueId {
        let dtype = self.float_dtype();
        self.float_op(Op::Bitcast(dtype, a))
    }
    fn int_add(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.int_op(Op::Binary(Binary::Add, a, b))
    }
    fn int_sub(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.int_op(Op::Binary(Binary::Sub, a, b))
    }
    fn int_and(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.int_op(Op::Binary(Binary::And, a, b))
    }
    fn int_or(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.int_op(Op::Binary(Binary::Or, a, b))
    }
    fn int_xor(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.int_op(Op::Binary(Binary::Xor, a, b))
    }
    fn shift_left(&mut self, a: ValueId, count: u32) -> ValueId {
        let count = self.int(i64::from(count));
        self.int_op(Op::Binary(Binary::Shl, a, count))
    }
    fn shift_right(&mut self, a: ValueId, count: u32) -> ValueId {
        let by = self.int(i64::from(count));
        let shifted = self.int_op(Op::Binary(Binary::Shr, a, by));
        if self.width == Width::F32 || count == 0 || count >= 64 {
            return shifted;
        }
        // Registers have logical shifts of 64-bit lanes only; the kernel IR has arithmetic ones of
        // signed integers. Clearing the sign copies makes it the former.
        let kept = self.int(i64::MAX >> (count - 1));
        self.int_op(Op::Binary(Binary::And, shifted, kept))
    }
    fn absolute(&mut self, a: ValueId) -> ValueId {
        self.float_op(Op::Unary(Unary::Abs, a))
    }
    fn negate(&mut self, a: ValueId) -> ValueId {
        self.float_op(Op::Unary(Unary::Neg, a))
    }
}
