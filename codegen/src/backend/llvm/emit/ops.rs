//! Operations, on scalars and on vectors alike.

use super::{Emitted, Emitter, Operand, refuse};
use crate::kernel::{Form, Op, ValueId};
use lgc_ir::constant::Constant;
use lgc_ir::dtype::DType;
use lgc_ir::scalar::{Binary, Comparison, Connective, Unary};
use lgc_llvm::inkwell::types::{BasicTypeEnum, VectorType};
use lgc_llvm::inkwell::{FloatPredicate, IntPredicate};

/// Applies a method of the builder to two values, both scalars of a kind or both vectors.
macro_rules! pairwise {
    ($self:expr, $kind:ident, $method:ident, $x:expr, $y:expr) => {
        match ($x, $y) {
            (Operand::$kind(x), Operand::$kind(y)) => $self.builder.$method(x, y, "")?.into(),
            (Operand::VectorValue(x), Operand::VectorValue(y)) => {
                $self.builder.$method(x, y, "")?.into()
            }
            (_, _) => return refuse("operands of different forms"),
        }
    };
}

/// Applies a method of the builder to a value, a scalar of a kind or a vector.
macro_rules! single {
    ($self:expr, $kind:ident, $method:ident, $x:expr) => {
        match $x {
            Operand::$kind(x) => $self.builder.$method(x, "")?.into(),
            Operand::VectorValue(x) => $self.builder.$method(x, "")?.into(),
            _ => return refuse("an operand of another kind"),
        }
    };
}

impl<'c> Emitter<'c, '_> {
    /// Emits an operation.
    pub(super) fn compute(&self, result: ValueId, op: &Op) -> Emitted<Operand<'c>> {
        match op {
            Op::Const(dtype, constant) => Ok(self.constant(*dtype, constant)),
            Op::Index(dtype, index) => {
                let index = self.index(&index.simplify(&self.bounds))?;
                self.convert(DType::I64, *dtype, index.into())
            }
            Op::Ramp(dtype, lanes, index) => {
                let indices = self.index_of_lanes(index, *lanes)?;
                self.convert(DType::I64, *dtype, indices)
            }
            Op::Splat(Form::Vector(lanes), x) => self.splat(self.value(*x)?, *lanes),
            Op::Slice(form, from, x) => self.slice(*form, *from, self.value(*x)?),
            Op::Cast(dtype, x) => self.convert(self.dtype(*x), *dtype, self.value(*x)?),
            Op::Bitcast(dtype, x) => {
                let ty = self.kernel.type_of(*x).with_dtype(*dtype);
                Ok(self
                    .builder
                    .build_bit_cast(self.value(*x)?, self.type_of(ty)?, "")?)
            }
            Op::Unary(function, x) => self.unary(*function, self.dtype(*x), self.value(*x)?),
            Op::Binary(function, x, y) => {
                let operands = (self.value(*x)?, self.value(*y)?);
                self.binary(*function, self.dtype(*x), operands)
            }
            Op::Compare(comparison, x, y) => {
                let operands = (self.value(*x)?, self.value(*y)?);
                self.comparison(*comparison, self.dtype(*x), operands)
            }
            Op::Connect(connective, x, y) => {
                let (x, y) = (self.value(*x)?, self.value(*y)?);
                Ok(match connective {
                    Connective::And => pairwise!(self, IntValue, build_and, x, y),
                    Connective::Or => pairwise!(self, IntValue, build_or, x, y),
                    Connective::Xor => pairwise!(self, IntValue, build_xor, x, y),
                })
            }
            Op::Not(x) => Ok(single!(self, IntValue, build_not, self.value(*x)?)),
            Op::Select(mask, yes, no) => {
                let (yes, no) = (self.value(*yes)?, self.value(*no)?);
                self.select(self.value(*mask)?, yes, no)
            }
            Op::Fma(x, y, z) => {
                let args = [self.value(*x)?, self.value(*y)?, self.value(*z)?];
                let ty = self.type_of(self.kernel.type_of(result))?;
                self.call("llvm.fma", &[ty], &args)
            }
            Op::Splat(..) | Op::Rows(..) | Op::Columns(..) | Op::Mma(..) => refuse("a tile"),
        }
    }

    /// A constant element, rounded once.
    fn constant(&self, dtype: DType, constant: &Constant) -> Operand<'c> {
        match dtype {
            DType::F32 => {
                let x = constant.to_float(dtype);
                self.context.f32_type().const_float(x).into()
            }
            DType::F64 => self
                .context
                .f64_type()
                .const_float(constant.to_f64())
                .into(),
            DType::F16 | DType::Bf16 => {
                let bits = dtype
                    .half()
                    .map_or(0, |half| half.encode(constant.to_float(dtype)));
                self.context.i16_type().const_int(bits.into(), false).into()
            }
            DType::Bool => {
                let truth = u64::from(!constant.is_zero());
                self.context.bool_type().const_int(truth, false).into()
            }
            DType::I32 | DType::I64 | DType::U32 => {
                let value = constant.as_i64().unwrap_or(constant.to_f64() as i64);
                let bits = value.cast_unsigned();
                if dtype == DType::I64 {
                    return self.context.i64_type().const_int(bits, true).into();
                }
                let low = bits & u64::from(u32::MAX);
                self.context.i32_type().const_int(low, false).into()
            }
        }
    }

    fn slice(&self, form: Form, from: u32, x: Operand<'c>) -> Emitted<Operand<'c>> {
        let Operand::VectorValue(x) = x else {
            return refuse("a slice of what is no vector");
        };
        match form {
            Form::Scalar => Ok(self
                .builder
                .build_extract_element(x, self.int32(from), "")?),
            Form::Vector(lanes) => {
                let picked: Vec<_> = (from..from + lanes).map(|at| self.int32(at)).collect();
                let picked = VectorType::const_vector(&picked);
                let poison = x.get_type().get_poison();
                Ok(self
                    .builder
                    .build_shuffle_vector(x, poison, picked, "")?
                    .into())
            }
            Form::Tile(..) => refuse("a tile"),
        }
    }

    fn unary(&self, function: Unary, dtype: DType, x: Operand<'c>) -> Emitted<Operand<'c>> {
        let ty = [x.get_type()];
        match (function, dtype) {
            (Unary::Neg, DType::F32 | DType::F64) => {
                Ok(single!(self, FloatValue, build_float_neg, x))
            }
            (Unary::Neg, DType::I32 | DType::I64 | DType::U32) => {
                Ok(single!(self, IntValue, build_int_neg, x))
            }
            (Unary::Abs, DType::U32) => Ok(x),
            (Unary::Abs, DType::I32 | DType::I64) => {
                // The least integer is its own magnitude.
                let defined = self.context.bool_type().const_zero();
                self.call("llvm.abs", &ty, &[x, defined.into()])
            }
            (Unary::Abs, DType::F32 | DType::F64) => self.call("llvm.fabs", &ty, &[x]),
            (Unary::Sqrt, DType::F32 | DType::F64) => self.call("llvm.sqrt", &ty, &[x]),
            (Unary::Floor, DType::F32 | DType::F64) => self.call("llvm.floor", &ty, &[x]),
            (Unary::Ceil, DType::F32 | DType::F64) => self.call("llvm.ceil", &ty, &[x]),
            (Unary::Round, DType::F32 | DType::F64) => self.call("llvm.roundeven", &ty, &[x]),
            (_, _) => refuse("an operation that is not legal"),
        }
    }

    fn binary(
        &self,
        function: Binary,
        dtype: DType,
        (x, y): (Operand<'c>, Operand<'c>),
    ) -> Emitted<Operand<'c>> {
        match dtype {
            DType::F32 | DType::F64 => self.binary_of_floats(function, x, y),
            DType::I32 | DType::I64 => self.binary_of_ints(function, true, x, y),
            DType::U32 => self.binary_of_ints(function, false, x, y),
            DType::Bool | DType::F16 | DType::Bf16 => refuse("an operation of a dtype without it"),
        }
    }

    fn binary_of_floats(
        &self,
        function: Binary,
        x: Operand<'c>,
        y: Operand<'c>,
    ) -> Emitted<Operand<'c>> {
        let ty = [x.get_type()];
        Ok(match function {
            Binary::Add => pairwise!(self, FloatValue, build_float_add, x, y),
            Binary::Sub => pairwise!(self, FloatValue, build_float_sub, x, y),
            Binary::Mul => pairwise!(self, FloatValue, build_float_mul, x, y),
            Binary::Div => pairwise!(self, FloatValue, build_float_div, x, y),
            // These propagate NaN and order −0 below +0.
            Binary::Max => self.call("llvm.maximum", &ty, &[x, y])?,
            Binary::Min => self.call("llvm.minimum", &ty, &[x, y])?,
            Binary::Pow
            | Binary::Rem
            | Binary::And
            | Binary::Or
            | Binary::Xor
            | Binary::Shl
            | Binary::Shr => return refuse("an operation that floats do not have"),
        })
    }

    fn binary_of_ints(
        &self,
        function: Binary,
        is_signed: bool,
        x: Operand<'c>,
        y: Operand<'c>,
    ) -> Emitted<Operand<'c>> {
        let ty = [x.get_type()];
        Ok(match (function, is_signed) {
            (Binary::Add, _) => self.add(x, y)?,
            (Binary::Sub, _) => pairwise!(self, IntValue, build_int_sub, x, y),
            (Binary::Mul, _) => self.multiply(x, y)?,
            // Operands for which these are not defined are not legal.
            (Binary::Div, true) => pairwise!(self, IntValue, build_int_signed_div, x, y),
            (Binary::Div, false) => pairwise!(self, IntValue, build_int_unsigned_div, x, y),
            (Binary::Rem, true) => pairwise!(self, IntValue, build_int_signed_rem, x, y),
            (Binary::Rem, false) => pairwise!(self, IntValue, build_int_unsigned_rem, x, y),
            (Binary::And, _) => pairwise!(self, IntValue, build_and, x, y),
            (Binary::Or, _) => self.either(x, y)?,
            (Binary::Xor, _) => pairwise!(self, IntValue, build_xor, x, y),
            (Binary::Shl, _) => pairwise!(self, IntValue, build_left_shift, x, y),
            (Binary::Shr, _) => self.shift_right(x, y, is_signed)?,
            (Binary::Max, true) => self.call("llvm.smax", &ty, &[x, y])?,
            (Binary::Max, false) => self.call("llvm.umax", &ty, &[x, y])?,
            (Binary::Min, true) => self.call("llvm.smin", &ty, &[x, y])?,
            (Binary::Min, false) => self.call("llvm.umin", &ty, &[x, y])?,
            (Binary::Pow, _) => return refuse("an operation that is not legal"),
        })
    }

    pub(super) fn shift_right(
        &self,
        x: Operand<'c>,
        y: Operand<'c>,
        is_signed: bool,
    ) -> Emitted<Operand<'c>> {
        Ok(match (x, y) {
            (Operand::IntValue(x), Operand::IntValue(y)) => {
                self.builder.build_right_shift(x, y, is_signed, "")?.into()
            }
            (Operand::VectorValue(x), Operand::VectorValue(y)) => {
                self.builder.build_right_shift(x, y, is_signed, "")?.into()
            }
            (_, _) => return refuse("operands of different forms"),
        })
    }

    /// The sum of integers.
    pub(super) fn add(&self, x: Operand<'c>, y: Operand<'c>) -> Emitted<Operand<'c>> {
        let (x, y) = self.alike(x, y)?;
        Ok(pairwise!(self, IntValue, build_int_add, x, y))
    }

    /// The product of integers.
    pub(super) fn multiply(&self, x: Operand<'c>, y: Operand<'c>) -> Emitted<Operand<'c>> {
        Ok(pairwise!(self, IntValue, build_int_mul, x, y))
    }

    /// The bits that either has.
    pub(super) fn either(&self, x: Operand<'c>, y: Operand<'c>) -> Emitted<Operand<'c>> {
        let (x, y) = self.alike(x, y)?;
        Ok(pairwise!(self, IntValue, build_or, x, y))
    }

    /// The bits that both have.
    pub(super) fn common(&self, x: Operand<'c>, y: Operand<'c>) -> Emitted<Operand<'c>> {
        Ok(pairwise!(self, IntValue, build_and, x, y))
    }

    /// Two values of one form: a scalar beside a vector is spread.
    fn alike(&self, x: Operand<'c>, y: Operand<'c>) -> Emitted<(Operand<'c>, Operand<'c>)> {
        Ok((self.like(y, x)?, self.like(x, y)?))
    }

    /// A relation between integers or truth values.
    pub(super) fn compare(
        &self,
        predicate: IntPredicate,
        x: Operand<'c>,
        y: Operand<'c>,
    ) -> Emitted<Operand<'c>> {
        Ok(match (x, y) {
            (Operand::IntValue(x), Operand::IntValue(y)) => {
                self.builder.build_int_compare(predicate, x, y, "")?.into()
            }
            (Operand::VectorValue(x), Operand::VectorValue(y)) => {
                self.builder.build_int_compare(predicate, x, y, "")?.into()
            }
            (_, _) => return refuse("operands of different forms"),
        })
    }

    /// A relation between floats.
    pub(super) fn compare_floats(
        &self,
        predicate: FloatPredicate,
        x: Operand<'c>,
        y: Operand<'c>,
    ) -> Emitted<Operand<'c>> {
        Ok(match (x, y) {
            (Operand::FloatValue(x), Operand::FloatValue(y)) => self
                .builder
                .build_float_compare(predicate, x, y, "")?
                .into(),
            (Operand::VectorValue(x), Operand::VectorValue(y)) => self
                .builder
                .build_float_compare(predicate, x, y, "")?
                .into(),
            (_, _) => return refuse("operands of different forms"),
        })
    }

    fn comparison(
        &self,
        comparison: Comparison,
        dtype: DType,
        (x, y): (Operand<'c>, Operand<'c>),
    ) -> Emitted<Operand<'c>> {
        match dtype {
            DType::F32 | DType::F64 => {
                let predicate = match comparison {
                    Comparison::Eq => FloatPredicate::OEQ,
                    Comparison::Ne => FloatPredicate::UNE,
                    Comparison::Lt => FloatPredicate::OLT,
                    Comparison::Le => FloatPredicate::OLE,
                    Comparison::Gt => FloatPredicate::OGT,
                    Comparison::Ge => FloatPredicate::OGE,
                };
                self.compare_floats(predicate, x, y)
            }
            DType::F16 | DType::Bf16 => {
                let (x, y) = (
                    self.convert(dtype, DType::F32, x)?,
                    self.convert(dtype, DType::F32, y)?,
                );
                self.comparison(comparison, DType::F32, (x, y))
            }
            DType::Bool | DType::I32 | DType::I64 | DType::U32 => {
                let is_signed = matches!(dtype, DType::I32 | DType::I64);
                self.compare(relation(comparison, is_signed), x, y)
            }
        }
    }

    /// `yes` where a mask holds, else `no`.
    pub(super) fn select(
        &self,
        mask: Operand<'c>,
        yes: Operand<'c>,
        no: Operand<'c>,
    ) -> Emitted<Operand<'c>> {
        if let Operand::VectorValue(mask) = mask {
            return Ok(self.builder.build_select(mask, yes, no, "")?);
        }
        if let Operand::IntValue(mask) = mask {
            return Ok(self.builder.build_select(mask, yes, no, "")?);
        }
        refuse("a mask that is no truth value")
    }

    /// The type of an element in the form of a value.
    pub(super) fn type_like(
        &self,
        other: Operand<'c>,
        element: BasicTypeEnum<'c>,
    ) -> Emitted<BasicTypeEnum<'c>> {
        if let Operand::VectorValue(vector) = other {
            return self.form(element, Some(vector.get_type().get_size()));
        }
        self.form(element, None)
    }

    /// An integer of 32 bits in the form of a value.
    pub(super) fn bits_like(&self, other: Operand<'c>, bits: u32) -> Emitted<Operand<'c>> {
        self.like(other, self.int32(bits).into())
    }
}

fn relation(comparison: Comparison, is_signed: bool) -> IntPredicate {
    match (comparison, is_signed) {
        (Comparison::Eq, _) => IntPredicate::EQ,
        (Comparison::Ne, _) => IntPredicate::NE,
        (Comparison::Lt, true) => IntPredicate::SLT,
        (Comparison::Le, true) => IntPredicate::SLE,
        (Comparison::Gt, true) => IntPredicate::SGT,
        (Comparison::Ge, true) => IntPredicate::SGE,
        (Comparison::Lt, false) => IntPredicate::ULT,
        (Comparison::Le, false) => IntPredicate::ULE,
        (Comparison::Gt, false) => IntPredicate::UGT,
        (Comparison::Ge, false) => IntPredicate::UGE,
    }
}
