//! Functions of numbers and truth values on single elements and on registers.
//!
//! `width` is the number of elements of the operands: 1 for a single element. What registers lack
//! is never asked of them (see [`crate::backend::cranelift::emit::ops`]), except where noted. Kernels are legal ([`crate::legalize`]):
//! what instructions are not defined for they are not given.

use crate::backend::cranelift::core::{Core, POINTER, Shift};
use crate::backend::cranelift::emit::lanes::{element_type, part_type};
use crate::backend::refusal::{Refusal, Result};
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{InstBuilder, Opcode, Type, Value, types};
use lgc_ir::constant::Constant;
use lgc_ir::dtype::DType;
use lgc_ir::half::Half;
use lgc_ir::scalar::{Binary, Comparison, Unary};

const NOT_LEGAL: Refusal = Refusal("an operation that legalisation was to replace");
const NO_SUCH: Refusal = Refusal("an operation is applied to a dtype that does not have it");

impl Core {
    /// A constant as a single element, rounded once.
    pub(crate) fn element(&mut self, dtype: DType, constant: &Constant) -> Value {
        match dtype {
            DType::F16 | DType::Bf16 | DType::F32 => self.float32(constant.to_float(dtype) as f32),
            DType::F64 => self.float64(constant.to_f64()),
            DType::Bool => self.int(types::I8, i64::from(!constant.is_zero())),
            DType::I32 | DType::I64 | DType::U32 => {
                let value = constant.as_i64().unwrap_or(constant.to_f64() as i64);
                self.int(element_type(dtype), value)
            }
        }
    }

    /// Zero or false as a single element.
    pub(crate) fn zero(&mut self, dtype: DType) -> Value {
        match dtype {
            DType::F16 | DType::Bf16 | DType::F32 => self.float32(0f32),
            DType::F64 => self.float64(0.0),
            DType::Bool | DType::I32 | DType::I64 | DType::U32 => self.int(element_type(dtype), 0),
        }
    }

    /// The low bits of a 64-bit integer as an element of an integer dtype.
    pub(crate) fn narrowed(&mut self, dtype: DType, value: Value) -> Value {
        match element_type(dtype) {
            POINTER => value,
            ty => match self.constant_of(value) {
                Some(value) => self.int(ty, value),
                None => self.unary(Opcode::Ireduce, ty, value),
            },
        }
    }

    /// first, first + step, … as one part.
    pub(crate) fn ramp(&mut self, dtype: DType, width: u32, first: Value, step: i64) -> Value {
        let first = self.splat(dtype, width, first);
        if width == 1 {
            return first;
        }
        let lane = (16 / width) as usize;
        let mut bytes = [0u8; 16];
        for (at, chunk) in bytes.chunks_mut(lane).enumerate() {
            let value = step.wrapping_mul(at as i64);
            chunk.copy_from_slice(&value.to_le_bytes()[..lane]);
        }
        let steps = self.vector_constant(part_type(dtype, width), bytes);
        self.binary(Opcode::Iadd, first, steps)
    }

    /// An operation on two values of one type, at the current place.
    pub(crate) fn apply_binary(&mut self, opcode: Opcode, x: Value, y: Value) -> Value {
        let ty = self.func.dfg.value_type(x);
        self.emit(|ins| {
            let (inst, dfg) = ins.Binary(opcode, ty, x, y);
            dfg.first_result(inst)
        })
    }

    /// An operation on one value, at the current place.
    fn apply_unary(&mut self, opcode: Opcode, controlling: Type, x: Value) -> Value {
        self.emit(|ins| {
            let (inst, dfg) = ins.Unary(opcode, controlling, x);
            dfg.first_result(inst)
        })
    }

    /// x · y + z, rounded once.
    pub(crate) fn fma(&mut self, x: Value, y: Value, z: Value) -> Value {
        self.emit(|ins| ins.fma(x, y, z))
    }

    /// The negation of truth values.
    pub(crate) fn negation(&mut self, width: u32, x: Value) -> Value {
        match width {
            1 => self.emit(|ins| ins.bxor_imm_u(x, 1)),
            _ => self.emit(|ins| ins.bnot(x)),
        }
    }

    /// `yes` where the mask holds, else `no`.
    pub(crate) fn choose(
        &mut self,
        dtype: DType,
        width: u32,
        mask: Value,
        yes: Value,
        no: Value,
    ) -> Value {
        if width == 1 {
            return self.emit(|ins| ins.select(mask, yes, no));
        }
        let bits = part_type(DType::Bool, width);
        let (yes, no) = (self.bitcast(bits, yes), self.bitcast(bits, no));
        let chosen = self.emit(|ins| ins.blendv(mask, yes, no));
        self.bitcast(part_type(dtype, width), chosen)
    }

    /// A function of one number.
    pub(crate) fn unary_function(
        &mut self,
        function: Unary,
        dtype: DType,
        width: u32,
        x: Value,
    ) -> Result<Value> {
        let ty = part_type(dtype, width);
        let opcode = match (function, dtype) {
            (_, DType::F16 | DType::Bf16) => return Err(NO_SUCH),
            (_, DType::Bool) => return Err(NO_SUCH),
            (Unary::Neg, DType::F32 | DType::F64) => Opcode::Fneg,
            (Unary::Neg, DType::I32 | DType::I64 | DType::U32) => Opcode::Ineg,
            (Unary::Abs, DType::F32 | DType::F64) => Opcode::Fabs,
            (Unary::Abs, DType::I32 | DType::I64) => Opcode::Iabs,
            (Unary::Abs, DType::U32) => return Ok(x),
            (_, DType::I32 | DType::I64 | DType::U32) => return Err(NO_SUCH),
            (Unary::Sqrt, DType::F32 | DType::F64) => Opcode::Sqrt,
            (Unary::Floor, DType::F32 | DType::F64) => Opcode::Floor,
            (Unary::Ceil, DType::F32 | DType::F64) => Opcode::Ceil,
            (Unary::Round, DType::F32 | DType::F64) => Opcode::Nearest,
            (
                Unary::Exp
                | Unary::Expm1
                | Unary::Log
                | Unary::Log1p
                | Unary::Sin
                | Unary::Cos
                | Unary::Sinh
                | Unary::Cosh
                | Unary::Tanh
                | Unary::Erf,
                DType::F32 | DType::F64,
            ) => return Err(NOT_LEGAL),
        };
        Ok(self.apply_unary(opcode, ty, x))
    }

    /// A function of two numbers. Registers have all but division and remainder of integers, and
    /// shifts by amounts that are not constant.
    pub(crate) fn binary_function(
        &mut self,
        function: Binary,
        dtype: DType,
        x: Value,
        y: Value,
    ) -> Result<Value> {
        let opcode = match (function, dtype) {
            (_, DType::F16 | DType::Bf16) => return Err(NO_SUCH),
            (_, DType::Bool) => return Err(NO_SUCH),
            (Binary::Pow, _) => return Err(NOT_LEGAL),
            (Binary::Add, DType::F32 | DType::F64) => Opcode::Fadd,
            (Binary::Sub, DType::F32 | DType::F64) => Opcode::Fsub,
            (Binary::Mul, DType::F32 | DType::F64) => Opcode::Fmul,
            (Binary::Div, DType::F32 | DType::F64) => Opcode::Fdiv,
            // These propagate NaN and order −0 below +0.
            (Binary::Max, DType::F32 | DType::F64) => Opcode::Fmax,
            (Binary::Min, DType::F32 | DType::F64) => Opcode::Fmin,
            (_, DType::F32 | DType::F64) => return Err(NO_SUCH),
            (Binary::Add, DType::I32 | DType::I64 | DType::U32) => Opcode::Iadd,
            (Binary::Sub, DType::I32 | DType::I64 | DType::U32) => Opcode::Isub,
            (Binary::Mul, DType::I32 | DType::I64 | DType::U32) => Opcode::Imul,
            (Binary::And, DType::I32 | DType::I64 | DType::U32) => Opcode::Band,
            (Binary::Or, DType::I32 | DType::I64 | DType::U32) => Opcode::Bor,
            (Binary::Xor, DType::I32 | DType::I64 | DType::U32) => Opcode::Bxor,
            (Binary::Max, DType::I32) => Opcode::Smax,
            (Binary::Min, DType::I32) => Opcode::Smin,
            (Binary::Max, DType::U32) => Opcode::Umax,
            (Binary::Min, DType::U32) => Opcode::Umin,
            (Binary::Max | Binary::Min, DType::I64) => return Err(NOT_LEGAL),
            // Operands for which these would not be defined are not legal.
            (Binary::Div, DType::I32 | DType::I64) => Opcode::Sdiv,
            (Binary::Div, DType::U32) => Opcode::Udiv,
            (Binary::Rem, DType::I32 | DType::I64) => Opcode::Srem,
            (Binary::Rem, DType::U32) => Opcode::Urem,
            (Binary::Shl, DType::I32 | DType::I64 | DType::U32) => Opcode::Ishl,
            (Binary::Shr, DType::I32 | DType::I64) => Opcode::Sshr,
            (Binary::Shr, DType::U32) => Opcode::Ushr,
        };
        Ok(self.apply_binary(opcode, x, y))
    }

    /// A shift of a part by a constant amount.
    pub(crate) fn shift_by_constant(
        &mut self,
        function: Binary,
        dtype: DType,
        x: Value,
        amount: i64,
    ) -> Result<Value> {
        let in_range = u32::try_from(amount).ok();
        let in_range = in_range.filter(|amount| u64::from(*amount) < u64::from(dtype.bits()));
        let amount = in_range.ok_or(Refusal("a shift by an amount that is out of range"))?;
        let shift = match (function == Binary::Shl, dtype == DType::U32) {
            (true, _) => Shift::Left,
            (false, true) => Shift::Logical,
            (false, false) => Shift::Arithmetic,
        };
        Ok(self.shift(shift, x, amount))
    }

    /// A relation between two parts of one dtype.
    pub(crate) fn comparison(
        &mut self,
        comparison: Comparison,
        dtype: DType,
        width: u32,
        x: Value,
        y: Value,
    ) -> Value {
        match dtype {
            DType::F16 | DType::Bf16 | DType::F32 | DType::F64 => {
                let relation = match comparison {
                    Comparison::Eq => FloatCC::Equal,
                    Comparison::Ne => FloatCC::NotEqual,
                    Comparison::Lt => FloatCC::LessThan,
                    Comparison::Le => FloatCC::LessThanOrEqual,
                    Comparison::Gt => FloatCC::GreaterThan,
                    Comparison::Ge => FloatCC::GreaterThanOrEqual,
                };
                self.emit(|ins| ins.fcmp(relation, x, y))
            }
            DType::Bool if width > 1 => {
                let differ = self.apply_binary(Opcode::Bxor, x, y);
                match comparison {
                    Comparison::Ne => differ,
                    Comparison::Eq
                    | Comparison::Lt
                    | Comparison::Le
                    | Comparison::Gt
                    | Comparison::Ge => self.negation(width, differ),
                }
            }
            DType::Bool | DType::I32 | DType::I64 | DType::U32 => {
                let relation = integer_relation(comparison, dtype == DType::U32);
                self.emit(|ins| ins.icmp(relation, x, y))
            }
        }
    }

    /// A truth value as 0 or 1, lane by lane.
    pub(crate) fn truth_as_number(&mut self, to: DType, width: u32, x: Value) -> Value {
        if width == 1 {
            return match to {
                DType::Bool => x,
                DType::I32 | DType::U32 | DType::I64 => {
                    self.apply_unary(Opcode::Uextend, element_type(to), x)
                }
                DType::F16 | DType::Bf16 | DType::F32 | DType::F64 => {
                    let wide = self.apply_unary(Opcode::Uextend, types::I32, x);
                    self.apply_unary(Opcode::FcvtFromSint, element_type(to), wide)
                }
            };
        }
        let one = self.element(to, &Constant::integer(1));
        let one = self.splat(to, width, one);
        let one = self.bitcast(part_type(DType::Bool, width), one);
        let bits = self.apply_binary(Opcode::Band, x, one);
        self.bitcast(part_type(to, width), bits)
    }

    /// Whether numbers are not zero; NaN is not.
    pub(crate) fn is_nonzero(&mut self, from: DType, width: u32, x: Value) -> Value {
        let zero = self.zero(from);
        let zero = self.splat(from, width, zero);
        self.comparison(Comparison::Ne, from, width, x, zero)
    }

    /// Four 32-bit numbers as 64-bit numbers.
    pub(crate) fn doubled(&mut self, from: DType, to: DType, x: Value) -> [Value; 2] {
        if from == DType::F32 {
            let high = self.high_half(x);
            return [x, high].map(|half| self.emit(|ins| ins.fvpromote_low(half)));
        }
        let (low, high, convert) = match from == DType::U32 {
            true => (Opcode::UwidenLow, Opcode::UwidenHigh, Opcode::FcvtFromUint),
            false => (Opcode::SwidenLow, Opcode::SwidenHigh, Opcode::FcvtFromSint),
        };
        if to == DType::I64 {
            return [low, high].map(|opcode| self.widen(opcode, x));
        }
        // Conversions exist for the low half only.
        let upper = self.high_half(x);
        [x, upper].map(|half| {
            let wide = self.widen(low, half);
            self.apply_unary(convert, types::F64X2, wide)
        })
    }

    /// Four 64-bit numbers as 32-bit numbers.
    pub(crate) fn halved(&mut self, from: DType, low: Value, high: Value) -> Value {
        if from != DType::F64 {
            return self.even_halves(low, high);
        }
        let [low, high] = [low, high].map(|half| self.emit(|ins| ins.fvdemote(half)));
        let picked = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];
        self.shuffle(low, high, picked)
    }

    /// A number as an element of another numeric dtype. Registers have this where both are 32 bits.
    pub(crate) fn convert(&mut self, from: DType, to: DType, width: u32, x: Value) -> Value {
        let ty = part_type(to, width);
        let opcode = match (from, to) {
            (DType::F16 | DType::Bf16, _) => return self.convert(DType::F32, to, width, x),
            (_, DType::F16) => return self.convert_to_half(from, Half::F16, width, x),
            (_, DType::Bf16) => return self.convert_to_half(from, Half::BF16, width, x),
            (DType::F32, DType::F64) => Opcode::Fpromote,
            (DType::F64, DType::F32) => Opcode::Fdemote,
            (DType::F32 | DType::F64, DType::U32) => Opcode::FcvtToUintSat,
            (DType::F32 | DType::F64, DType::I32 | DType::I64) => Opcode::FcvtToSintSat,
            (DType::I32 | DType::I64, DType::F32 | DType::F64) => Opcode::FcvtFromSint,
            (DType::U32, DType::F32 | DType::F64) if width == 1 => {
                // Every u32 is an i64.
                let wide = self.apply_unary(Opcode::Uextend, types::I64, x);
                return self.apply_unary(Opcode::FcvtFromSint, ty, wide);
            }
            (DType::U32, DType::F32 | DType::F64) => Opcode::FcvtFromUint,
            (DType::I32, DType::I64) => Opcode::Sextend,
            (DType::U32, DType::I64) => Opcode::Uextend,
            (DType::I64, DType::I32 | DType::U32) => Opcode::Ireduce,
            (DType::Bool, _) => return self.truth_as_number(to, width, x),
            (_, DType::Bool) => return self.is_nonzero(from, width, x),
            (DType::F32, DType::F32)
            | (DType::F64, DType::F64)
            | (DType::I64, DType::I64)
            | (DType::I32 | DType::U32, DType::I32 | DType::U32) => return x,
        };
        self.apply_unary(opcode, ty, x)
    }
}

fn integer_relation(comparison: Comparison, unsigned: bool) -> IntCC {
    let relation = match comparison {
        Comparison::Eq => IntCC::Equal,
        Comparison::Ne => IntCC::NotEqual,
        Comparison::Lt => IntCC::SignedLessThan,
        Comparison::Le => IntCC::SignedLessThanOrEqual,
        Comparison::Gt => IntCC::SignedGreaterThan,
        Comparison::Ge => IntCC::SignedGreaterThanOrEqual,
    };
    if unsigned {
        relation.unsigned()
    } else {
        relation
    }
}
