//! Conversions between dtypes.
//!
//! In registers a half is its 16 bits, so that moving one changes none of them. An f16 becomes an f32, and an f32 the
//! nearest f16, by instructions of every processor of level v3; bf16 by integer arithmetic. What has more digits than an
//! f32 is rounded to odd first, so that it is rounded once (S. Boldo and G. Melquiond, "Emulation of FMA and correctly
//! rounded sums: proved algorithms using rounding to odd", 2008).

use super::{Emitted, Emitter, Operand, refuse};
use lgc_ir::dtype::DType;
use lgc_llvm::inkwell::types::BasicTypeEnum;
use lgc_llvm::inkwell::{FloatPredicate, IntPredicate};

/// The bits of an f32 other than its sign.
const MAGNITUDE: u32 = 0x7fff_ffff;
/// The bits of an infinite f32.
const INFINITY: u32 = 0x7f80_0000;
/// The bit of an f32 that makes a NaN quiet.
const QUIET: u32 = 0x0040_0000;

/// Applies a conversion of the builder to a scalar of a kind or a vector, to a type of another kind.
macro_rules! converted {
    ($self:expr, $kind:ident => $to:ident, $method:ident, $x:expr, $ty:expr) => {
        match ($x, $ty) {
            (Operand::$kind(x), BasicTypeEnum::$to(ty)) => $self.builder.$method(x, ty, "")?.into(),
            (Operand::VectorValue(x), BasicTypeEnum::VectorType(ty)) => {
                $self.builder.$method(x, ty, "")?.into()
            }
            (_, _) => return refuse("a conversion between forms"),
        }
    };
}

impl<'c> Emitter<'c, '_> {
    /// A number or truth value as an element of another dtype.
    pub(super) fn convert(&self, from: DType, to: DType, x: Operand<'c>) -> Emitted<Operand<'c>> {
        if from == to {
            return Ok(x);
        }
        let ty = self.type_like(x, self.element(to))?;
        Ok(match (from, to) {
            (DType::F16 | DType::Bf16, DType::F32) => self.single_of(from, x)?,
            (DType::F16 | DType::Bf16, _) => {
                let single = self.single_of(from, x)?;
                self.convert(DType::F32, to, single)?
            }
            (_, DType::F16 | DType::Bf16) => self.to_half(from, to, x)?,
            (DType::F32, DType::F64) => {
                converted!(self, FloatValue => FloatType, build_float_ext, x, ty)
            }
            (DType::F64, DType::F32) => {
                converted!(self, FloatValue => FloatType, build_float_trunc, x, ty)
            }
            (DType::F32 | DType::F64, DType::U32) => {
                self.call("llvm.fptoui.sat", &[ty, x.get_type()], &[x])?
            }
            (DType::F32 | DType::F64, DType::I32 | DType::I64) => {
                self.call("llvm.fptosi.sat", &[ty, x.get_type()], &[x])?
            }
            (DType::F32 | DType::F64, DType::Bool) => {
                let zero = self.like(x, self.element_zero(from))?;
                self.compare_floats(FloatPredicate::UNE, x, zero)?
            }
            (DType::I32 | DType::I64, DType::F32 | DType::F64) => {
                converted!(self, IntValue => FloatType, build_signed_int_to_float, x, ty)
            }
            (DType::U32 | DType::Bool, DType::F32 | DType::F64) => {
                converted!(self, IntValue => FloatType, build_unsigned_int_to_float, x, ty)
            }
            (DType::I32, DType::I64) => {
                converted!(self, IntValue => IntType, build_int_s_extend, x, ty)
            }
            (DType::U32, DType::I64) | (DType::Bool, DType::I32 | DType::U32 | DType::I64) => {
                converted!(self, IntValue => IntType, build_int_z_extend, x, ty)
            }
            (DType::I64, DType::I32 | DType::U32) => {
                converted!(self, IntValue => IntType, build_int_truncate, x, ty)
            }
            (DType::I32 | DType::U32 | DType::I64, DType::Bool) => {
                let zero = self.like(x, self.element_zero(from))?;
                self.compare(IntPredicate::NE, x, zero)?
            }
            (DType::I32, DType::U32) | (DType::U32, DType::I32) => x,
            (DType::Bool, DType::Bool)
            | (DType::I32, DType::I32)
            | (DType::U32, DType::U32)
            | (DType::I64, DType::I64)
            | (DType::F32, DType::F32)
            | (DType::F64, DType::F64) => x,
        })
    }

    fn element_zero(&self, dtype: DType) -> Operand<'c> {
        match dtype {
            DType::F32 | DType::F16 | DType::Bf16 => self.context.f32_type().const_zero().into(),
            DType::F64 => self.context.f64_type().const_zero().into(),
            DType::I64 => self.int(0).into(),
            DType::I32 | DType::U32 | DType::Bool => self.int32(0).into(),
        }
    }

    fn bitcast(&self, x: Operand<'c>, element: BasicTypeEnum<'c>) -> Emitted<Operand<'c>> {
        let ty = self.type_like(x, element)?;
        Ok(self.builder.build_bit_cast(x, ty, "")?)
    }

    fn widened(&self, x: Operand<'c>, element: BasicTypeEnum<'c>) -> Emitted<Operand<'c>> {
        let ty = self.type_like(x, element)?;
        Ok(converted!(self, IntValue => IntType, build_int_z_extend, x, ty))
    }

    fn narrowed(&self, x: Operand<'c>, element: BasicTypeEnum<'c>) -> Emitted<Operand<'c>> {
        let ty = self.type_like(x, element)?;
        Ok(converted!(self, IntValue => IntType, build_int_truncate, x, ty))
    }

    /// The f32 that a half is.
    fn single_of(&self, from: DType, bits: Operand<'c>) -> Emitted<Operand<'c>> {
        let single = self.element(DType::F32);
        if from == DType::F16 {
            let half = self.bitcast(bits, self.context.f16_type().into())?;
            let ty = self.type_like(bits, single)?;
            return Ok(converted!(self, FloatValue => FloatType, build_float_ext, half, ty));
        }
        let bits = self.widened(bits, self.element(DType::U32))?;
        let places = self.bits_like(bits, 16)?;
        let bits = self.shift_left(bits, places)?;
        self.bitcast(bits, single)
    }

    fn shift_left(&self, x: Operand<'c>, y: Operand<'c>) -> Emitted<Operand<'c>> {
        Ok(match (x, y) {
            (Operand::IntValue(x), Operand::IntValue(y)) => {
                self.builder.build_left_shift(x, y, "")?.into()
            }
            (Operand::VectorValue(x), Operand::VectorValue(y)) => {
                self.builder.build_left_shift(x, y, "")?.into()
            }
            (_, _) => return refuse("operands of different forms"),
        })
    }

    /// The nearest half of a number, ties to even.
    fn to_half(&self, from: DType, to: DType, x: Operand<'c>) -> Emitted<Operand<'c>> {
        let single = match from {
            DType::F32 => x,
            DType::Bool => self.convert(from, DType::F32, x)?,
            DType::F16 | DType::Bf16 => self.single_of(from, x)?,
            DType::F64 => self.odd_single(x)?,
            DType::I32 | DType::U32 => {
                let double = self.convert(from, DType::F64, x)?;
                self.odd_single(double)?
            }
            DType::I64 => {
                let few = self.few_digits(x)?;
                let double = self.convert(DType::I64, DType::F64, few)?;
                self.odd_single(double)?
            }
        };
        let short = self.context.i16_type().into();
        if to == DType::F16 {
            let ty = self.type_like(single, self.context.f16_type().into())?;
            let half = converted!(self, FloatValue => FloatType, build_float_trunc, single, ty);
            return self.bitcast(half, short);
        }
        let bits = self.rounded_bf16(single)?;
        self.narrowed(bits, short)
    }

    /// The bits of the nearest bf16, in the low half of 32.
    fn rounded_bf16(&self, x: Operand<'c>) -> Emitted<Operand<'c>> {
        let bits = self.bitcast(x, self.element(DType::U32))?;
        let constant = |value: u32| self.bits_like(bits, value);
        let magnitude = self.common(bits, constant(MAGNITUDE)?)?;
        // A carry out of the fraction is the next exponent, and out of the largest one infinity.
        let odd = self.shift_right(bits, constant(16)?, false)?;
        let odd = self.common(odd, constant(1)?)?;
        let up = self.add(odd, constant(0x7fff)?)?;
        let sum = self.add(bits, up)?;
        let quiet = self.either(bits, constant(QUIET)?)?;
        let is_nan = self.compare(IntPredicate::UGT, magnitude, constant(INFINITY)?)?;
        let rounded = self.select(is_nan, quiet, sum)?;
        self.shift_right(rounded, constant(16)?, false)
    }

    /// An f64 as an f32, rounded to odd: towards zero, and where that is inexact with the last bit set.
    fn odd_single(&self, x: Operand<'c>) -> Emitted<Operand<'c>> {
        let nearest = self.convert(DType::F64, DType::F32, x)?;
        let back = self.convert(DType::F32, DType::F64, nearest)?;
        let ty = [x.get_type()];
        let magnitude = self.call("llvm.fabs", &ty, &[back])?;
        let limit = self.call("llvm.fabs", &ty, &[x])?;
        let beyond = self.compare_floats(FloatPredicate::OGT, magnitude, limit)?;
        let inexact = self.compare_floats(FloatPredicate::UNE, back, x)?;
        let int = self.element(DType::U32);
        let (beyond, inexact) = (self.widened(beyond, int)?, self.widened(inexact, int)?);
        let bits = self.bitcast(nearest, int)?;
        let bits = self.subtract(bits, beyond)?;
        let bits = self.either(bits, inexact)?;
        self.bitcast(bits, self.element(DType::F32))
    }

    fn subtract(&self, x: Operand<'c>, y: Operand<'c>) -> Emitted<Operand<'c>> {
        Ok(match (x, y) {
            (Operand::IntValue(x), Operand::IntValue(y)) => {
                self.builder.build_int_sub(x, y, "")?.into()
            }
            (Operand::VectorValue(x), Operand::VectorValue(y)) => {
                self.builder.build_int_sub(x, y, "")?.into()
            }
            (_, _) => return refuse("operands of different forms"),
        })
    }

    /// An integer that is an f64, and is the same as `x` but for rounding `x` to odd where it has more than 52 bits:
    /// then its last 12 bits are gone.
    fn few_digits(&self, x: Operand<'c>) -> Emitted<Operand<'c>> {
        const LOST: i64 = 0xfff;
        let constant = |value: i64| self.like(x, self.int(value).into());
        let lost = self.common(x, constant(LOST)?)?;
        let inexact = self.compare(IntPredicate::NE, lost, constant(0)?)?;
        let inexact = self.widened(inexact, self.element(DType::I64))?;
        let odd = self.shift_left(inexact, constant(LOST.count_ones().into())?)?;
        let kept = self.common(x, constant(!LOST)?)?;
        let rounded = self.either(kept, odd)?;
        let places = self.add(x, constant(1 << 52)?)?;
        let is_small = self.compare(IntPredicate::ULT, places, constant(1 << 53)?)?;
        self.select(is_small, x, rounded)
    }
}
