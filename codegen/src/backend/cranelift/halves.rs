//! The 16-bit floats in registers and in memory.
//!
//! In registers an f16 or bf16 is the f32 that it is, so that whatever is computed with it is computed
//! in f32 without a conversion; memory holds its 16 bits. Only a cast rounds: a value of these types
//! is a number that they have, and loads and stores are exact. All is integer arithmetic on bits, the
//! same on single elements and on registers of four, so that every processor yields the same bits:
//! those of [`lgc_ir::half`], and of the instructions that some processors have.

use crate::backend::cranelift::core::{Core, Shift};
use crate::backend::cranelift::emit::lanes::part_type;
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{InstBuilder, Opcode, Value, types};
use lgc_ir::dtype::DType;
use lgc_ir::half::Half;

/// The bits of an f32 other than its sign.
const MAGNITUDE: u32 = 0x7fff_ffff;
/// The bits of an infinite f32.
const INFINITY: u32 = 0x7f80_0000;
/// The bit of an f32 that makes a NaN quiet.
const QUIET: u32 = 0x0040_0000;
/// What the exponents of f16 and f32 are biased by differs by this, in the place of an f32's.
const REBIAS: u32 = 112 << 23;
/// The smallest normal f16 as an f32: 2⁻¹⁴.
const F16_NORMAL: u32 = REBIAS + (1 << 23);
/// The first power of two beyond the range of f16 as an f32: 2¹⁶.
const F16_LIMIT: u32 = 143 << 23;
/// An f32 whose unit in the last place is the smallest f16, 2⁻²⁴: ½.
const F16_QUANTUM: u32 = 126 << 23;

/// Parts of `width` elements as 32-bit integers and as f32.
struct Bits<'c> {
    core: &'c mut Core,
    width: u32,
}

impl Bits<'_> {
    fn constant(&mut self, bits: u32) -> Value {
        match self.width {
            1 => self.core.int(types::I32, i64::from(bits as i32)),
            width => self.core.splat_bits(DType::U32, width, i64::from(bits)),
        }
    }
    fn binary(&mut self, opcode: Opcode, x: Value, bits: u32) -> Value {
        let constant = self.constant(bits);
        self.core.binary(opcode, x, constant)
    }
    fn and(&mut self, x: Value, bits: u32) -> Value {
        self.binary(Opcode::Band, x, bits)
    }
    fn or(&mut self, x: Value, bits: u32) -> Value {
        self.binary(Opcode::Bor, x, bits)
    }
    fn add(&mut self, x: Value, bits: u32) -> Value {
        self.binary(Opcode::Iadd, x, bits)
    }
    /// Whether integers, neither of which is negative, are below a bound.
    fn below(&mut self, x: Value, bound: u32) -> Value {
        let bound = self.constant(bound);
        self.core.compare(IntCC::SignedLessThan, x, bound)
    }
    fn choose(&mut self, mask: Value, yes: Value, no: Value) -> Value {
        self.core.choose(DType::U32, self.width, mask, yes, no)
    }
    fn as_float(&mut self, x: Value) -> Value {
        self.core.bitcast(part_type(DType::F32, self.width), x)
    }
    fn as_int(&mut self, x: Value) -> Value {
        self.core.bitcast(part_type(DType::U32, self.width), x)
    }
    /// A function of two f32, the second of which is a constant, on their bits.
    fn float(&mut self, opcode: Opcode, x: Value, constant: u32) -> Value {
        let constant = self.constant(constant);
        let (x, constant) = (self.as_float(x), self.as_float(constant));
        let result = self.core.binary(opcode, x, constant);
        self.as_int(result)
    }

    /// The f32 of which these are the bits as a bf16, in the low half of each lane.
    fn of_bf16(&mut self, x: Value) -> Value {
        self.core.shift(Shift::Left, x, 16)
    }

    /// The f32 of which these are the bits as an f16, in the low half of each lane.
    fn of_f16(&mut self, x: Value) -> Value {
        let magnitude = self.and(x, 0x7fff);
        let sign = self.and(x, 0x8000);
        let sign = self.core.shift(Shift::Left, sign, 16);
        let magnitude = self.core.shift(Shift::Left, magnitude, 13);
        let normal = self.add(magnitude, REBIAS);
        // Infinities and NaN have the largest exponent, and keep their payload.
        let special = self.add(magnitude, 2 * REBIAS);
        let finite = self.below(magnitude, 31 << 23);
        let result = self.choose(finite, normal, special);
        // Below the normal range, the fraction behind a one, less that one.
        let shifted = self.add(magnitude, F16_NORMAL);
        let small = self.float(Opcode::Fsub, shifted, F16_NORMAL);
        let is_small = self.below(magnitude, 1 << 23);
        let result = self.choose(is_small, small, result);
        self.core.binary(Opcode::Bor, result, sign)
    }

    /// The bits of an f32 that is an f16 as such.
    fn f16_from_f32(&mut self, x: Value) -> Value {
        let magnitude = self.and(x, MAGNITUDE);
        let sign = self.core.shift(Shift::Logical, x, 16);
        let sign = self.and(sign, 0x8000);
        let normal = self.add(magnitude, REBIAS.wrapping_neg());
        let special = self.add(magnitude, (2 * REBIAS).wrapping_neg());
        let finite = self.below(magnitude, INFINITY);
        let result = self.choose(finite, normal, special);
        let result = self.core.shift(Shift::Logical, result, 13);
        let small = self.float(Opcode::Fadd, magnitude, F16_QUANTUM);
        let small = self.add(small, F16_QUANTUM.wrapping_neg());
        let is_small = self.below(magnitude, F16_NORMAL);
        let result = self.choose(is_small, small, result);
        self.core.binary(Opcode::Bor, result, sign)
    }

    /// The bits of the nearest half as an f32, ties to even.
    fn rounded(&mut self, half: Half, x: Value) -> Value {
        let dropped = 23 - half.fraction;
        let kept = !((1 << dropped) - 1);
        let magnitude = self.and(x, MAGNITUDE);
        let sign = self.and(x, !MAGNITUDE);
        // A carry out of the fraction is the next exponent, and out of the largest one infinity.
        let odd = self.core.shift(Shift::Logical, magnitude, dropped);
        let odd = self.and(odd, 1);
        let up = self.add(odd, (1 << (dropped - 1)) - 1);
        let sum = self.core.binary(Opcode::Iadd, magnitude, up);
        let mut result = self.and(sum, kept);
        if half == Half::F16 {
            let sum = self.float(Opcode::Fadd, magnitude, F16_QUANTUM);
            let small = self.float(Opcode::Fsub, sum, F16_QUANTUM);
            let is_small = self.below(magnitude, F16_NORMAL);
            result = self.choose(is_small, small, result);
            let in_range = self.below(result, F16_LIMIT);
            let infinity = self.constant(INFINITY);
            result = self.choose(in_range, result, infinity);
        }
        let quiet = self.or(magnitude, QUIET);
        let quiet = self.and(quiet, kept);
        let is_number = self.below(magnitude, INFINITY + 1);
        let result = self.choose(is_number, result, quiet);
        self.core.binary(Opcode::Bor, result, sign)
    }
}

impl Core {
    fn bits(&mut self, width: u32) -> Bits<'_> {
        Bits { core: self, width }
    }

    /// Loads `width` adjacent halves as f32.
    pub(crate) fn load_halves(
        &mut self,
        half: Half,
        width: u32,
        address: Value,
        offset: i32,
    ) -> Value {
        let words = if width == 1 {
            let word = self.load(types::I16, address, offset);
            self.unary(Opcode::Uextend, types::I32, word)
        } else {
            let packed = self.load(types::I64, address, offset);
            let packed = self.unary(Opcode::ScalarToVector, types::I64X2, packed);
            let packed = self.bitcast(types::I16X8, packed);
            self.unary(Opcode::UwidenLow, types::I16X8, packed)
        };
        let mut bits = self.bits(width);
        let loaded = if half == Half::F16 {
            bits.of_f16(words)
        } else {
            bits.of_bf16(words)
        };
        bits.as_float(loaded)
    }

    /// Stores f32 that are halves, `width` of them, next to each other.
    pub(crate) fn store_halves(
        &mut self,
        half: Half,
        width: u32,
        part: Value,
        address: Value,
        offset: i32,
    ) {
        let mut bits = self.bits(width);
        let part = bits.as_int(part);
        let words = if half == Half::F16 {
            bits.f16_from_f32(part)
        } else {
            self.shift(Shift::Logical, part, 16)
        };
        let packed = if width == 1 {
            self.unary(Opcode::Ireduce, types::I16, words)
        } else {
            let key = (Opcode::Unarrow, types::I32X4, 0);
            let packed = self.pure(key, &[words, words], |ins| ins.unarrow(words, words));
            let packed = self.bitcast(types::I64X2, packed);
            let key = (Opcode::Extractlane, types::I64X2, 0);
            self.pure(key, &[packed], |ins| ins.extractlane(packed, 0))
        };
        self.store(packed, address, offset);
    }

    /// A number as the nearest half, ties to even: an f32 that is one. Registers have this for f32,
    /// halves and truth values.
    pub(crate) fn convert_to_half(
        &mut self,
        from: DType,
        half: Half,
        width: u32,
        x: Value,
    ) -> Value {
        let single = match from {
            DType::Bool => return self.truth_as_number(DType::F32, width, x),
            DType::F16 | DType::Bf16 | DType::F32 => x,
            DType::F64 => self.odd_single(x),
            DType::I32 | DType::U32 => {
                let double = self.convert(from, DType::F64, width, x);
                self.odd_single(double)
            }
            DType::I64 => {
                let few = self.few_digits(x);
                let double = self.convert(DType::I64, DType::F64, width, few);
                self.odd_single(double)
            }
        };
        let mut bits = self.bits(width);
        let single = bits.as_int(single);
        let rounded = bits.rounded(half, single);
        bits.as_float(rounded)
    }

    /// An f64 as an f32, rounded to odd: towards zero, and where that is inexact with the last bit
    /// set. Rounding the result to fewer bits is rounding the f64 once (S. Boldo and G. Melquiond,
    /// "Emulation of FMA and correctly rounded sums: proved algorithms using rounding to odd", 2008).
    fn odd_single(&mut self, x: Value) -> Value {
        let nearest = self.unary(Opcode::Fdemote, types::F32, x);
        let back = self.unary(Opcode::Fpromote, types::F64, nearest);
        let (magnitude, limit) = (
            self.unary(Opcode::Fabs, types::F64, back),
            self.unary(Opcode::Fabs, types::F64, x),
        );
        let beyond = self.emit(|ins| ins.fcmp(FloatCC::GreaterThan, magnitude, limit));
        let inexact = self.emit(|ins| ins.fcmp(FloatCC::NotEqual, back, x));
        let [beyond, inexact] =
            [beyond, inexact].map(|truth| self.unary(Opcode::Uextend, types::I32, truth));
        let bits = self.bitcast(types::I32, nearest);
        let bits = self.binary(Opcode::Isub, bits, beyond);
        let bits = self.binary(Opcode::Bor, bits, inexact);
        self.bitcast(types::F32, bits)
    }

    /// An integer that is an f64, and is the same as `x` but for rounding `x` to odd where it has
    /// more than 52 bits: then its last 12 bits are gone.
    fn few_digits(&mut self, x: Value) -> Value {
        const LOST: i64 = 0xfff;
        let mask = self.constant(LOST);
        let lost = self.binary(Opcode::Band, x, mask);
        let inexact = self.compare_constant(IntCC::NotEqual, lost, 0);
        let inexact = self.unary(Opcode::Uextend, types::I64, inexact);
        let odd = self.shift(Shift::Left, inexact, LOST.count_ones());
        let mask = self.constant(!LOST);
        let kept = self.binary(Opcode::Band, x, mask);
        let rounded = self.binary(Opcode::Bor, kept, odd);
        let places = self.add_constant(x, 1 << 52);
        let is_small = self.compare_constant(IntCC::UnsignedLessThan, places, 1 << 53);
        self.select(is_small, x, rounded)
    }
}
