//! Where the elements of a kernel value are.
//!
//! The elements of a value are cut into *parts*: as many registers of `unit` elements as fit, then single elements. The
//! unit is 4 or 2, whichever fills 128 bits, or 1. Truth values beside 32-bit numbers have unit 4,
//! beside 64-bit numbers unit 2: a part of several truth values is a mask of lanes that are all
//! ones or all zeros, a single one is a byte, 0 or 1. A half is the f32 that it is (see
//! `backend/cranelift/halves.rs`).

use crate::backend::cranelift::core::Core;
use crate::backend::refusal::{Refusal, Result};
use crate::kernel::{Form, ValueType};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Opcode, Type, Value, types};
use lgc_ir::dtype::DType;
use smallvec::SmallVec;

/// Parts of a value, in order.
pub(crate) type Parts = SmallVec<[Value; 4]>;

/// The elements of a value.
#[derive(Clone, Debug)]
pub(crate) enum Lanes {
    /// All elements are this one.
    Uniform(Value),
    /// Its parts.
    Parts {
        /// The most elements of a part.
        unit: u32,
        /// The parts, in order.
        parts: Parts,
    },
    /// Elements in memory that nobody writes, by base and offset. They are loaded where they are used, each time anew.
    Memory(SmallVec<[(Value, i32); 8]>),
}

/// How many elements a value of a form has.
///
/// # Errors
/// If it is a tile, which no thread program has.
pub(crate) const fn count_of(form: Form) -> Result<u32> {
    match form {
        Form::Scalar => Ok(1),
        Form::Vector(lanes) => Ok(lanes),
        Form::Tile(..) => Err(Refusal("a tile")),
    }
}

/// The parts of so many elements: the first element and the number of elements of each.
pub(crate) fn cuts(count: u32, unit: u32) -> impl Iterator<Item = (u32, u32)> {
    let unit = unit.max(1);
    let whole = count - count % unit;
    let registers = (0..whole).step_by(unit as usize).map(move |at| (at, unit));
    registers.chain((whole..count).map(|at| (at, 1)))
}

/// The type of a single element in a register; in memory, halves have 16 bits.
pub(crate) const fn element_type(dtype: DType) -> Type {
    match dtype {
        DType::Bool => types::I8,
        DType::I32 | DType::U32 => types::I32,
        DType::I64 => types::I64,
        DType::F16 | DType::Bf16 | DType::F32 => types::F32,
        DType::F64 => types::F64,
    }
}

/// The type of a part of `width` elements.
pub(crate) const fn part_type(dtype: DType, width: u32) -> Type {
    match (dtype, width) {
        (_, 1) => element_type(dtype),
        (DType::F16 | DType::Bf16 | DType::F32, _) => types::F32X4,
        (DType::F64, _) => types::F64X2,
        (DType::I32 | DType::U32, _) => types::I32X4,
        (DType::I64, _) => types::I64X2,
        (DType::Bool, 2) => types::I64X2,
        (DType::Bool, _) => types::I32X4,
    }
}

/// The types of the parts of a value, in order.
///
/// # Errors
/// If it is a tile.
pub(crate) fn part_types(ty: ValueType) -> Result<Vec<Type>> {
    let parts = cuts(count_of(ty.form)?, native_unit(ty.dtype));
    let types = parts.map(|(_, width)| part_type(ty.dtype, width));
    Ok(types.collect())
}

/// The elements of a dtype that fill a register; truth values go with 32-bit numbers.
pub(crate) const fn native_unit(dtype: DType) -> u32 {
    match dtype {
        DType::Bool | DType::I32 | DType::U32 | DType::F16 | DType::Bf16 | DType::F32 => 4,
        DType::I64 | DType::F64 => 2,
    }
}

impl Core {
    /// An element as every lane of a register (or itself, for width 1).
    pub(crate) fn splat(&mut self, dtype: DType, width: u32, x: Value) -> Value {
        if width == 1 {
            return self.refreshed(x);
        }
        let ty = part_type(dtype, width);
        if let Some(bits) = self.constant_of(x) {
            return self.splat_bits(dtype, width, bits);
        }
        let x = if dtype == DType::Bool {
            let lane = ty.lane_type();
            let wide = self.unary(Opcode::Uextend, lane, x);
            self.unary(Opcode::Ineg, lane, wide)
        } else {
            x
        };
        self.pure((Opcode::Splat, ty, 0), &[x], |ins| ins.splat(ty, x))
    }

    /// A constant element, given by its bits, as every lane of a register.
    pub(crate) fn splat_bits(&mut self, dtype: DType, width: u32, bits: i64) -> Value {
        let bits = if dtype == DType::Bool {
            -(bits & 1)
        } else {
            bits
        };
        let lane = (16 / width) as usize;
        let mut bytes = [0u8; 16];
        for chunk in bytes.chunks_mut(lane) {
            chunk.copy_from_slice(&bits.to_le_bytes()[..lane]);
        }
        self.vector_constant(part_type(dtype, width), bytes)
    }

    /// A lane of a register as a single element.
    fn extract(&mut self, dtype: DType, x: Value, lane: u32) -> Value {
        let ty = self.func.dfg.value_type(x);
        let key = (Opcode::Extractlane, ty, u128::from(lane));
        let element = self.pure(key, &[x], |ins| ins.extractlane(x, lane as u8));
        if dtype != DType::Bool {
            return element;
        }
        let byte = self.unary(Opcode::Ireduce, types::I8, element);
        self.pure((Opcode::Band, types::I8, 1 << 64 | 1), &[byte], |ins| {
            ins.band_imm_u(byte, 1)
        })
    }

    /// Single elements as one register.
    fn assemble(&mut self, dtype: DType, elements: &[Value]) -> Value {
        let width = elements.len() as u32;
        let ty = part_type(dtype, width);
        let lane = ty.lane_type();
        let mut register = None;
        for (at, &element) in elements.iter().enumerate() {
            let element = if dtype == DType::Bool {
                let wide = self.unary(Opcode::Uextend, lane, element);
                self.unary(Opcode::Ineg, lane, wide)
            } else {
                element
            };
            register = Some(match register {
                None => self.unary(Opcode::ScalarToVector, ty, element),
                Some(others) => {
                    let key = (Opcode::Insertlane, ty, at as u128);
                    self.pure(key, &[others, element], |ins| {
                        ins.insertlane(others, element, at as u8)
                    })
                }
            });
        }
        match register {
            Some(register) => register,
            None => self.splat_bits(dtype, width, 0),
        }
    }

    /// The elements of a value one by one, of which there are so many.
    pub(crate) fn elements(&mut self, dtype: DType, count: u32, lanes: &Lanes) -> Parts {
        match lanes {
            Lanes::Uniform(x) => std::iter::repeat_n(*x, count as usize).collect(),
            Lanes::Memory(places) => places
                .iter()
                .map(|&(base, offset)| self.load_part(dtype, 1, base, offset))
                .collect(),
            Lanes::Parts { unit, parts } => {
                let mut elements = Parts::with_capacity(count as usize);
                for ((_, width), &part) in cuts(count, *unit).zip(parts) {
                    match width {
                        1 => elements.push(part),
                        _ => {
                            elements.extend((0..width).map(|lane| self.extract(dtype, part, lane)));
                        }
                    }
                }
                elements
            }
        }
    }

    /// The parts of a value of so many elements, with registers of `unit` elements.
    pub(crate) fn parts(&mut self, dtype: DType, count: u32, lanes: &Lanes, unit: u32) -> Parts {
        match lanes {
            Lanes::Uniform(x) => cuts(count, unit)
                .map(|(_, width)| self.splat(dtype, width, *x))
                .collect(),
            Lanes::Parts { unit: own, parts } if *own == unit => parts.clone(),
            Lanes::Parts { unit: 4, parts } if unit == 2 && count.is_multiple_of(4) => parts
                .iter()
                .flat_map(|&part| self.widen_mask(part))
                .collect(),
            Lanes::Parts { unit: 2, parts } if unit == 4 && count.is_multiple_of(4) => {
                let pairs = parts.chunks_exact(2);
                pairs
                    .map(|pair| self.even_halves(pair[0], pair[1]))
                    .collect()
            }
            Lanes::Memory(_) | Lanes::Parts { .. } => {
                let elements = self.elements(dtype, count, lanes);
                let parts = cuts(count, unit).map(|(at, width)| {
                    match &elements[at as usize..(at + width) as usize] {
                        [element] => *element,
                        elements => self.assemble(dtype, elements),
                    }
                });
                parts.collect()
            }
        }
    }

    /// Four 32-bit masks as two registers of 64-bit masks.
    fn widen_mask(&mut self, mask: Value) -> [Value; 2] {
        [Opcode::SwidenLow, Opcode::SwidenHigh].map(|opcode| self.widen(opcode, mask))
    }

    /// Half the lanes of four integers at twice the width.
    pub(crate) fn widen(&mut self, opcode: Opcode, x: Value) -> Value {
        self.unary(opcode, types::I32X4, x)
    }

    /// The low halves of the four 64-bit lanes of two registers, as 32-bit lanes.
    pub(crate) fn even_halves(&mut self, low: Value, high: Value) -> Value {
        let (low, high) = (
            self.bitcast(types::I32X4, low),
            self.bitcast(types::I32X4, high),
        );
        let picked = [0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27];
        self.shuffle(low, high, picked)
    }

    /// The high half of a register in both halves.
    pub(crate) fn high_half(&mut self, x: Value) -> Value {
        let picked = [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15];
        self.shuffle(x, x, picked)
    }

    /// Loads `width` adjacent elements as one part.
    pub(crate) fn load_part(
        &mut self,
        dtype: DType,
        width: u32,
        address: Value,
        offset: i32,
    ) -> Value {
        if let Some(half) = dtype.half() {
            return self.load_halves(half, width, address, offset);
        }
        if dtype != DType::Bool || width == 1 {
            return self.load(part_type(dtype, width), address, offset);
        }
        let (packed, register) = match width {
            2 => (types::I16, types::I16X8),
            _ => (types::I32, types::I32X4),
        };
        let bytes = self.load(packed, address, offset);
        let bytes = self.unary(Opcode::ScalarToVector, register, bytes);
        let bytes = self.bitcast(types::I8X16, bytes);
        let halves = self.unary(Opcode::UwidenLow, types::I8X16, bytes);
        let mut words = self.unary(Opcode::UwidenLow, types::I16X8, halves);
        if width == 2 {
            words = self.unary(Opcode::UwidenLow, types::I32X4, words);
        }
        let zero = self.splat_bits(DType::Bool, width, 0);
        self.compare(IntCC::NotEqual, words, zero)
    }

    /// Stores a part of `width` elements.
    pub(crate) fn store_part(
        &mut self,
        dtype: DType,
        width: u32,
        part: Value,
        address: Value,
        offset: i32,
    ) {
        if let Some(half) = dtype.half() {
            return self.store_halves(half, width, part, address, offset);
        }
        if dtype != DType::Bool || width == 1 {
            return self.store(part, address, offset);
        }
        let (packed, register) = match width {
            2 => (types::I16, types::I16X8),
            _ => (types::I32, types::I32X4),
        };
        let words = match width {
            2 => self.even_halves(part, part),
            _ => part,
        };
        let halves = self.binary_narrowing(types::I32X4, words);
        let bytes = self.binary_narrowing(types::I16X8, halves);
        let one = self.vector_constant(types::I8X16, [1; 16]);
        let bytes = self.binary(Opcode::Band, bytes, one);
        let bytes = self.bitcast(register, bytes);
        let key = (Opcode::Extractlane, register, 0);
        let bytes = self.pure(key, &[bytes], |ins| ins.extractlane(bytes, 0));
        debug_assert_eq!(self.func.dfg.value_type(bytes), packed);
        self.store(bytes, address, offset);
    }

    /// Signed lanes at half the width, saturated, twice in a row.
    fn binary_narrowing(&mut self, from: Type, x: Value) -> Value {
        self.pure((Opcode::Snarrow, from, 0), &[x, x], |ins| ins.snarrow(x, x))
    }
}
