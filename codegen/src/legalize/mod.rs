//! Legalisation: kernels in operations that processors have.
//!
//! Elementary functions are opaque in kernels, so that what is validated does not depend on how they
//! are computed. Here each is replaced by its expansion ([`crate::math`]) into fused multiply-adds,
//! selects and integer operations of the same form. The result is a kernel like any other: it can be
//! printed, verified, and interpreted, and on native floats the interpreter computes the bits that
//! every back end computes.

#[cfg(test)]
mod tests;

use crate::kernel::{Form, Kernel, Op, Program, Region, Stmt, ValueId, ValueType};
use crate::math::{Function, Machine, Width, expand, pow};
use crate::workers;
use lgc_ir::constant::Constant;
use lgc_ir::dtype::DType;
use lgc_ir::scalar::{Binary, Comparison, Connective, Unary};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

/// A program of legal kernels: what back ends take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Legal(Program);

impl Legal {
    /// A program with its kernels legalised. If it verifies, so does what comes out.
    #[must_use]
    pub fn new(program: &Program) -> Self {
        let kernels = workers::on_all(|| program.kernels.par_iter().map(legalize).collect());
        Self(Program {
            kernels,
            ..program.clone()
        })
    }

    /// The program.
    #[must_use]
    pub fn program(&self) -> &Program {
        &self.0
    }
}

/// The kernel with every elementary function expanded.
#[must_use]
pub fn legalize(kernel: &Kernel) -> Kernel {
    let mut legal = kernel.clone();
    let mut is_legal = true;
    legal.body.visit(&mut |stmt| {
        if let Stmt::Compute { op, .. } = stmt {
            is_legal &= op.is_legal();
        }
    });
    if !is_legal {
        let mut values = std::mem::take(&mut legal.values);
        expand_region(&mut legal.body, &mut values);
        legal.values = values;
    }
    legal
}

/// Expands the functions of a region and of those inside; nesting is bounded in verified kernels.
fn expand_region(region: &mut Region, values: &mut Vec<ValueType>) {
    let stmts = std::mem::take(&mut region.stmts);
    let mut constants = FxHashMap::default();
    for mut stmt in stmts {
        stmt.regions_mut()
            .for_each(|inner| expand_region(inner, values));
        let Stmt::Compute { result, op } = &stmt else {
            region.stmts.push(stmt);
            continue;
        };
        let Some(opaque) = Opaque::of(op) else {
            region.stmts.push(stmt);
            continue;
        };
        let ty = values
            .get(result.index())
            .copied()
            .unwrap_or(ValueType::scalar(DType::F32));
        let mut machine = Expansion {
            values,
            stmts: &mut region.stmts,
            constants: &mut constants,
            form: ty.form,
            width: match ty.dtype {
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
        let last = match opaque {
            Opaque::Unary(function, x) => expand(&mut machine, function, x),
            Opaque::Pow(x, y) => pow(&mut machine, x, y),
        };
        finish(&mut region.stmts, last, *result);
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

/// An operation that has an expansion.
enum Opaque {
    Unary(Function, ValueId),
    Pow(ValueId, ValueId),
}

impl Opaque {
    fn of(op: &Op) -> Option<Self> {
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
}

/// The elementary function that a primitive is, if it is one.
fn function_of(primitive: Unary) -> Option<Function> {
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

/// The machine that appends what it is told to do to a region.
struct Expansion<'r> {
    values: &'r mut Vec<ValueType>,
    stmts: &'r mut Vec<Stmt>,
    /// The constants that are defined in the region already, by their bits.
    constants: &'r mut FxHashMap<(DType, Form, u64), ValueId>,
    form: Form,
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

    fn define(&mut self, dtype: DType, form: Form, op: Op) -> ValueId {
        let result = ValueId(self.values.len() as u32);
        self.values.push(ValueType { dtype, form });
        self.stmts.push(Stmt::Compute { result, op });
        result
    }

    fn float_op(&mut self, op: Op) -> ValueId {
        self.define(self.float_dtype(), self.form, op)
    }

    fn int_op(&mut self, op: Op) -> ValueId {
        self.define(self.int_dtype(), self.form, op)
    }

    fn mask_op(&mut self, op: Op) -> ValueId {
        self.define(DType::Bool, self.form, op)
    }

    fn constant(&mut self, dtype: DType, bits: u64, value: impl FnOnce() -> Constant) -> ValueId {
        let key = (dtype, self.form, bits);
        if let Some(&known) = self.constants.get(&key) {
            return known;
        }
        let scalar = self.define(dtype, Form::Scalar, Op::Const(dtype, value()));
        let constant = match self.form {
            Form::Scalar => scalar,
            Form::Vector(_) | Form::Tile(..) => {
                self.define(dtype, self.form, Op::Splat(self.form, scalar))
            }
        };
        self.constants.insert(key, constant);
        constant
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
        self.constant(dtype, value.to_bits(), || Constant::from_f64(value))
    }
    fn int(&mut self, value: i64) -> ValueId {
        let dtype = self.int_dtype();
        self.constant(dtype, value as u64, || Constant::integer(value))
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
