//! Operations of kernels as instructions.
//!
//! An operation is applied part by part where 128-bit registers have it, and element by element
//! elsewhere: division of integers, shifts by amounts that are not constant, conversions between
//! 64-bit integers and floats. What it is given is what it is defined for, since kernels are legal.

use crate::backend::cranelift::core::{Core, Shift};
use crate::backend::cranelift::emit::kernel::KernelEmitter;
use crate::backend::cranelift::emit::lanes::{
    Lanes, Parts, count_of, cuts, native_unit, part_type,
};
use crate::backend::refusal::{Refusal, Result};
use crate::kernel::{Form, Op, ValueId, ValueType};
use cranelift_codegen::ir::{Opcode, Value};
use lgc_ir::dtype::DType;
use lgc_ir::index::Index;
use lgc_ir::scalar::{Binary, Connective};

impl KernelEmitter<'_> {
    /// Emits an operation and defines its result.
    pub(crate) fn compute(&mut self, result: ValueId, op: &Op) -> Result<()> {
        let count = count_of(self.kernel.type_of(result).form)?;
        let lanes = match op {
            Op::Const(dtype, constant) => Lanes::Uniform(self.core.element(*dtype, constant)),
            Op::Index(dtype, index) => {
                let value = self.core.index(index, &self.vars);
                Lanes::Uniform(self.core.narrowed(*dtype, value))
            }
            Op::Ramp(dtype, count, index) => self.ramp(*dtype, *count, index),
            Op::Slice(form, from, x) => self.slice(*form, *from, *x)?,
            Op::Splat(_, x) => self.lanes(*x)?,
            Op::Rows(..) | Op::Columns(..) | Op::Mma(..) => {
                return Err(Refusal("an operation on tiles"));
            }
            Op::Cast(dtype, x) => self.cast(*dtype, *x)?,
            Op::Unary(..)
            | Op::Binary(..)
            | Op::Compare(..)
            | Op::Connect(..)
            | Op::Not(_)
            | Op::Select(..)
            | Op::Bitcast(..)
            | Op::Fma(..) => self.elementwise(count, op)?,
        };
        self.define(result, lanes);
        Ok(())
    }

    fn ramp(&mut self, dtype: DType, count: u32, index: &Index) -> Lanes {
        let lane = self.lane(count);
        let index = index.simplify(&self.vars.bounds);
        if !lane.moves(&index) {
            let value = self.core.index(&index, &self.vars);
            return Lanes::Uniform(self.core.narrowed(dtype, value));
        }
        let step = lane.step(&index);
        let unit = step.map_or(1, |_| native_unit(dtype));
        let parts = cuts(count, unit).map(|(at, width)| {
            let first = self.core.index(&lane.at(&index, at), &self.vars);
            let first = self.core.narrowed(dtype, first);
            match step {
                Some(step) if width > 1 => self.core.ramp(dtype, width, first, step),
                Some(_) | None => first,
            }
        });
        let parts = parts.collect();
        Lanes::Parts { unit, parts }
    }

    /// Some neighbouring elements of a vector: whole parts where they begin and end with one.
    fn slice(&mut self, form: Form, from: u32, x: ValueId) -> Result<Lanes> {
        let ty = self.kernel.type_of(x);
        let (lanes, all) = (self.lanes(x)?, count_of(ty.form)?);
        let count = count_of(form)?;
        if let Lanes::Uniform(_) = lanes {
            return Ok(lanes);
        }
        if let Lanes::Parts { unit, parts } = &lanes
            && form != Form::Scalar
            && from.is_multiple_of(*unit)
            && (count.is_multiple_of(*unit) || from + count == all)
        {
            let own = cuts(all, *unit).zip(parts);
            let own = own.filter(|((at, _), _)| (from..from + count).contains(at));
            return Ok(Lanes::Parts {
                unit: *unit,
                parts: own.map(|(_, &part)| part).collect(),
            });
        }
        let elements = self.core.elements(ty.dtype, all, &lanes);
        let own = elements.get(from as usize..(from + count) as usize);
        Ok(match own.ok_or(Refusal("a slice beyond a vector"))? {
            [element] if form == Form::Scalar => Lanes::Uniform(*element),
            own => Lanes::Parts {
                unit: 1,
                parts: own.into(),
            },
        })
    }

    // ----------------------------------------------------------------------------- elementwise

    fn elementwise(&mut self, count: u32, op: &Op) -> Result<Lanes> {
        if let Some((source, count)) = self.logical_shift(op) {
            return self.shift_parts(source, &|core, part| {
                Ok(core.shift(Shift::Logical, part, count))
            });
        }
        if let Op::Binary(function @ (Binary::Shl | Binary::Shr), x, y) = op
            && let Some(amount) = self.constant(*y)
        {
            let dtype = self.kernel.type_of(*x).dtype;
            return self.shift_parts(*x, &|core, part| {
                core.shift_by_constant(*function, dtype, part, amount)
            });
        }
        let operands = op.operands();
        let types: Vec<ValueType> = operands.iter().map(|&x| self.kernel.type_of(x)).collect();
        let mut lanes = Vec::with_capacity(operands.len());
        for &operand in &operands {
            lanes.push(self.lanes(operand)?);
        }
        let uniform: Option<Vec<Value>> = lanes.iter().map(uniform).collect();
        let subject = subject(op, &types);
        if let Some(mut args) = uniform {
            for arg in &mut args {
                *arg = self.core.refreshed(*arg);
            }
            return Ok(Lanes::Uniform(self.apply(op, subject, 1, &args)?));
        }
        let unit = Self::unit_of(op, subject, &lanes);
        let operands: Vec<Parts> = lanes
            .iter()
            .zip(&types)
            .map(|(lanes, ty)| self.core.parts(ty.dtype, count, lanes, unit))
            .collect();
        let mut parts = Parts::new();
        for (at, (_, width)) in cuts(count, unit).enumerate() {
            let args: Vec<Value> = operands.iter().map(|parts| parts[at]).collect();
            parts.push(self.apply(op, subject, width, &args)?);
        }
        Ok(Lanes::Parts { unit, parts })
    }

    /// The source and amount where an operation clears just those bits that an arithmetic shift
    /// filled with the sign: together they are a logical shift, which registers have at any width.
    fn logical_shift(&self, op: &Op) -> Option<(ValueId, u32)> {
        let Op::Binary(Binary::And, shifted, mask) = op else {
            return None;
        };
        let Some(Op::Binary(Binary::Shr, source, count)) = self.definition(*shifted) else {
            return None;
        };
        let bits = self.kernel.type_of(*source).dtype.bits();
        let count = u32::try_from(self.constant(*count)?).ok()?;
        let kept = bits
            .checked_sub(count)
            .filter(|&kept| 0 < kept && kept < bits)?;
        (self.constant(*mask)? == i64::MAX >> (63 - kept)).then_some((*source, count))
    }

    /// The integer that a value is known to be in all elements.
    fn constant(&self, value: ValueId) -> Option<i64> {
        let mut op = self.definition(value)?;
        if let Op::Splat(_, x) = op {
            op = self.definition(*x)?;
        }
        match op {
            Op::Const(_, constant) => constant.as_i64(),
            Op::Index(..)
            | Op::Unary(..)
            | Op::Binary(..)
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

    fn shift_parts(
        &mut self,
        source: ValueId,
        shift: &dyn Fn(&mut Core, Value) -> Result<Value>,
    ) -> Result<Lanes> {
        let ty = self.kernel.type_of(source);
        let lanes = self.lanes(source)?;
        if let Lanes::Uniform(x) = lanes {
            return Ok(Lanes::Uniform(shift(&mut self.core, x)?));
        }
        let (unit, count) = (native_unit(ty.dtype), count_of(ty.form)?);
        let parts = self.core.parts(ty.dtype, count, &lanes, unit);
        let parts = parts.iter().map(|&part| shift(&mut self.core, part));
        Ok(Lanes::Parts {
            unit,
            parts: parts.collect::<Result<_>>()?,
        })
    }

    // ----------------------------------------------------------------------------- conversions

    fn cast(&mut self, to: DType, x: ValueId) -> Result<Lanes> {
        let ty = self.kernel.type_of(x);
        let (from, count) = (ty.dtype, count_of(ty.form)?);
        let lanes = self.lanes(x)?;
        if from == to {
            return Ok(lanes);
        }
        if let Lanes::Uniform(x) = lanes {
            return Ok(Lanes::Uniform(self.core.convert(from, to, 1, x)));
        }
        if from.half().is_some() && to == DType::F32 {
            // They are f32 already.
            return Ok(match lanes {
                Lanes::Memory(_) => Lanes::Parts {
                    unit: 1,
                    parts: self.core.elements(from, count, &lanes),
                },
                Lanes::Uniform(_) | Lanes::Parts { .. } => lanes,
            });
        }
        let by_fours = count.is_multiple_of(4);
        Ok(match (from.compute(), to) {
            (DType::Bool, _) => self.cast_parts(from, to, count, &lanes, native_unit(to)),
            (_, DType::Bool) => self.cast_parts(from, to, count, &lanes, native_unit(from)),
            (DType::I32 | DType::U32 | DType::F32, DType::I32 | DType::U32 | DType::F32)
            | (DType::F32, DType::F16 | DType::Bf16) => self.cast_parts(from, to, count, &lanes, 4),
            (DType::I32 | DType::U32 | DType::F32, DType::F64)
            | (DType::I32 | DType::U32, DType::I64)
                if by_fours =>
            {
                let parts = self.core.parts(from, count, &lanes, 4);
                let halves = parts
                    .iter()
                    .flat_map(|&part| self.core.doubled(from.compute(), to, part));
                Lanes::Parts {
                    unit: 2,
                    parts: halves.collect(),
                }
            }
            (DType::F64, DType::F32) | (DType::I64, DType::I32 | DType::U32) if by_fours => {
                let parts = self.core.parts(from, count, &lanes, 2);
                let pairs = parts.chunks_exact(2);
                let wholes = pairs.map(|pair| self.core.halved(from, pair[0], pair[1]));
                Lanes::Parts {
                    unit: 4,
                    parts: wholes.collect(),
                }
            }
            (_, _) => self.cast_parts(from, to, count, &lanes, 1),
        })
    }

    fn cast_parts(
        &mut self,
        from: DType,
        to: DType,
        count: u32,
        lanes: &Lanes,
        unit: u32,
    ) -> Lanes {
        let parts = self.core.parts(from, count, lanes, unit);
        let widths = cuts(count, unit);
        let parts = parts
            .iter()
            .zip(widths)
            .map(|(&part, (_, width))| self.core.convert(from, to, width, part))
            .collect();
        Lanes::Parts { unit, parts }
    }

    /// The unit of parts that an operation can be applied to.
    fn unit_of(op: &Op, subject: DType, lanes: &[Lanes]) -> u32 {
        let by_registers = match op {
            Op::Binary(Binary::Div | Binary::Rem, ..) => subject.is_float(),
            Op::Binary(Binary::Shl | Binary::Shr, ..) => false,
            Op::Binary(..)
            | Op::Const(..)
            | Op::Index(..)
            | Op::Unary(..)
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
            | Op::Mma(..) => true,
        };
        if !by_registers {
            return 1;
        }
        if subject != DType::Bool {
            return native_unit(subject);
        }
        let widest = lanes.iter().filter_map(|lanes| match lanes {
            Lanes::Uniform(_) | Lanes::Memory(_) => None,
            Lanes::Parts { unit, .. } => Some(*unit),
        });
        widest.max().unwrap_or(native_unit(DType::Bool))
    }

    /// Applies an operation to parts of `width` elements of `dtype`.
    fn apply(&mut self, op: &Op, dtype: DType, width: u32, args: &[Value]) -> Result<Value> {
        let core = &mut self.core;
        let value = match (op, args) {
            (Op::Unary(function, _), &[x]) => core.unary_function(*function, dtype, width, x)?,
            (Op::Binary(function, ..), &[x, y]) => core.binary_function(*function, dtype, x, y)?,
            (Op::Compare(comparison, ..), &[x, y]) => {
                core.comparison(*comparison, dtype, width, x, y)
            }
            (Op::Connect(connective, ..), &[x, y]) => core.apply_binary(
                match connective {
                    Connective::And => Opcode::Band,
                    Connective::Or => Opcode::Bor,
                    Connective::Xor => Opcode::Bxor,
                },
                x,
                y,
            ),
            (Op::Not(_), &[x]) => core.negation(width, x),
            (Op::Select(..), &[mask, yes, no]) => core.choose(dtype, width, mask, yes, no),
            (Op::Bitcast(to, _), &[x]) => core.bitcast(part_type(*to, width), x),
            (Op::Fma(..), &[x, y, z]) => core.fma(x, y, z),
            (_, _) => return Err(Refusal("an operation has a wrong number of operands")),
        };
        Ok(value)
    }
}

/// The element of a value that is the same everywhere.
fn uniform(lanes: &Lanes) -> Option<Value> {
    match lanes {
        Lanes::Uniform(x) => Some(*x),
        Lanes::Memory(_) | Lanes::Parts { .. } => None,
    }
}

/// The dtype that an operation computes in: that of its last operand, which for a select and a
/// comparison is what is selected and compared.
fn subject(op: &Op, types: &[ValueType]) -> DType {
    match op {
        Op::Const(dtype, _) | Op::Index(dtype, _) => *dtype,
        Op::Unary(..)
        | Op::Binary(..)
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
        | Op::Mma(..) => types.last().map_or(DType::Bool, |ty| ty.dtype),
    }
}
