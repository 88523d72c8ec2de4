//! Squares of a matrix, read row by row.
//!
//! Loads of vectors across the rows of a matrix, of one column after the other, are together a square of it. Its rows are
//! next to each other in memory: they are loaded as such, and made columns in registers. For 8×8 elements of 32 bits
//! that takes 16 loads and 24 shuffles in place of 64 loads and 56 insertions.

use super::{EmitError, Emitted, Emitter, Operand};
use crate::kernel::{Access, Form, MemId, Mode, Place, Region, Stmt, ValueId};
use lgc_ir::dtype::DType;
use lgc_ir::index::Index;
use lgc_llvm::inkwell::types::VectorType;
use lgc_llvm::inkwell::values::BasicValue;
use rustc_hash::{FxHashMap, FxHashSet};

/// Bytes within which x86-64 interleaves the elements of two registers in one instruction.
const BLOCK: u32 = 16;

/// What is the same of the columns of a square.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Across {
    memory: MemId,
    dtype: DType,
    lanes: u32,
    /// The distance of rows in bytes.
    step: i64,
    /// The place of the first element in bytes, but for what is constant of it.
    place: Index,
    /// How many statements before may have changed the memory.
    changes: usize,
}

/// A load of a column.
struct Column {
    /// What is constant of its place.
    at: i64,
    /// The number of the statement.
    number: usize,
    result: ValueId,
}

/// Loads that are made together.
pub(super) struct Square {
    across: Across,
    /// What is constant of its place.
    at: i64,
    columns: Vec<ValueId>,
}

/// The squares of a region.
#[derive(Default)]
pub(super) struct Squares {
    /// By the number of the first of their statements.
    first: FxHashMap<usize, Vec<Square>>,
    /// The numbers of their statements.
    all: FxHashSet<usize>,
}

impl Squares {
    /// Those of which a statement is the first.
    pub(super) fn from(&self, number: usize) -> &[Square] {
        self.first.get(&number).map_or(&[], Vec::as_slice)
    }

    /// Whether a statement belongs to one.
    pub(super) fn have(&self, number: usize) -> bool {
        self.all.contains(&number)
    }

    /// Adds those among loads that differ in their columns only.
    fn add(&mut self, across: &Across, mut columns: Vec<Column>) {
        columns.sort_by_key(|column| (column.at, column.number));
        columns.dedup_by_key(|column| column.at);
        let size = across.dtype.size() as i64;
        let mut rest = columns.as_slice();
        while let Some((square, others)) = rest.split_at_checked(across.lanes as usize) {
            let places = square.iter().zip(square.iter().skip(1));
            let mut steps = places.map(|(one, next)| next.at.checked_sub(one.at));
            let (Some(start), true) = (square.first(), steps.all(|step| step == Some(size))) else {
                rest = rest.get(1..).unwrap_or_default();
                continue;
            };
            let numbers = square.iter().map(|column| column.number);
            let first = numbers.clone().fold(start.number, usize::min);
            self.all.extend(numbers);
            self.first.entry(first).or_default().push(Square {
                across: across.clone(),
                at: start.at,
                columns: square.iter().map(|column| column.result).collect(),
            });
            rest = others;
        }
    }
}

impl<'c> Emitter<'c, '_> {
    /// The squares that statements of a region load.
    pub(super) fn squares(&self, region: &Region) -> Emitted<Squares> {
        let mut groups: Vec<(Across, Vec<Column>)> = Vec::new();
        let mut known: FxHashMap<Across, usize> = FxHashMap::default();
        let mut changes = 0;
        for (number, stmt) in region.stmts.iter().enumerate() {
            if matches!(stmt, Stmt::Store { .. }) || stmt.regions().next().is_some() {
                changes += 1;
            }
            let Stmt::Load { result, access, .. } = stmt else {
                continue;
            };
            let Some((across, at)) = self.across(*result, access, changes)? else {
                continue;
            };
            let column = Column {
                at,
                number,
                result: *result,
            };
            let next = groups.len();
            let group = *known.entry(across.clone()).or_insert(next);
            match groups.get_mut(group) {
                Some((_, columns)) => columns.push(column),
                None => groups.push((across, vec![column])),
            }
        }
        let mut squares = Squares::default();
        for (across, columns) in groups {
            squares.add(&across, columns);
        }
        Ok(squares)
    }

    /// What a load has in common with other columns of a square, and what not, if it may be one.
    fn across(
        &self,
        result: ValueId,
        access: &Access,
        changes: usize,
    ) -> Emitted<Option<(Across, i64)>> {
        let Form::Vector(lanes) = self.kernel.type_of(result).form else {
            return Ok(None);
        };
        let memory = self.kernel.memories.get(access.memory.index());
        let memory = memory.ok_or(EmitError::Refused("memory that does not exist"))?;
        let dtype = memory.ty.dtype;
        let is_plain = access.is_unconditional()
            && access.fault.is_none()
            && access.operands().next().is_none()
            && lanes.is_power_of_two()
            && memory.ty.elements() > 0
            && dtype != DType::Bool;
        if !is_plain {
            return Ok(None);
        }
        let position = self.position(access, memory)?;
        let Some((first, step)) = self.even(&position.simplify(&self.bounds_in(lanes))) else {
            return Ok(None);
        };
        if step == 0 || step == dtype.size() as i64 {
            return Ok(None);
        }
        let is_fixed = memory.place == Place::Param(Mode::In);
        let at = first.offset();
        let across = Across {
            memory: access.memory,
            dtype,
            lanes,
            step,
            place: first.add_constant(at.wrapping_neg()),
            changes: if is_fixed { 0 } else { changes },
        };
        Ok(Some((across, at)))
    }

    /// Loads a square.
    pub(super) fn load_square(&mut self, square: &Square) -> Emitted<()> {
        let across = &square.across;
        let size = across.dtype.size() as u32;
        let width = across.lanes.min((BLOCK / size).max(1));
        let base = self.memories.get(across.memory.index()).copied().flatten();
        let base = base.ok_or(EmitError::Refused("memory outside its scope"))?;
        let start = across.place.add_constant(square.at);
        let ty = self.vector(self.stored(across.dtype), width)?;
        let part = |row: u32, column: u32| -> Emitted<Operand<'c>> {
            let bytes = across.step.wrapping_mul(row.into());
            let bytes = bytes.wrapping_add(i64::from(column * size));
            let address = self.at_bytes(base, &start.add_constant(bytes))?;
            let loaded = self.builder.build_load(ty, address, "")?;
            if let Some(instruction) = loaded.as_instruction_value() {
                let aligned = instruction.set_alignment(size);
                aligned.map_err(|e| EmitError::Instruction(e.to_string()))?;
            }
            match self.is_local(across.memory) {
                true => Ok(lgc_llvm::freeze(&self.builder, loaded)?),
                false => Ok(loaded),
            }
        };
        let mut columns = Vec::with_capacity(square.columns.len());
        for column in (0..across.lanes).step_by(width as usize) {
            let mut blocks = Vec::new();
            for row in 0..width {
                let rows = (row..across.lanes).step_by(width as usize);
                let parts = rows.map(|row| part(row, column));
                blocks.push(self.joined(parts.collect::<Emitted<Vec<_>>>()?)?);
            }
            columns.extend(self.transposed(blocks, (across.lanes, width))?);
        }
        for (&result, column) in square.columns.iter().zip(columns) {
            self.define(result, column);
        }
        Ok(())
    }

    /// Vectors of one length, as many as a power of two, one after the other.
    fn joined(&self, mut parts: Vec<Operand<'c>>) -> Emitted<Operand<'c>> {
        while let [_, _, ..] = parts.as_slice() {
            let pairs = parts.chunks(2).map(|pair| {
                let [Operand::VectorValue(one), Operand::VectorValue(other)] = pair else {
                    return Err(EmitError::Refused("parts that are no pairs of vectors"));
                };
                let lanes = 2 * one.get_type().get_size();
                let all: Vec<_> = (0..lanes).map(|lane| self.int32(lane)).collect();
                let all = VectorType::const_vector(&all);
                let joined = self.builder.build_shuffle_vector(*one, *other, all, "")?;
                Ok(joined.into())
            });
            parts = pairs.collect::<Emitted<_>>()?;
        }
        let whole = parts.pop();
        whole.ok_or(EmitError::Refused("a vector without parts"))
    }

    /// As many vectors as a block has elements, with the blocks of all transposed. Each round interleaves the first and
    /// the second half of the vectors; after as many as halves them to one, every element has gone round to its place.
    fn transposed(
        &self,
        mut vectors: Vec<Operand<'c>>,
        (lanes, width): (u32, u32),
    ) -> Emitted<Vec<Operand<'c>>> {
        let interleaved = |half: u32| {
            let place = |lane: u32| {
                let (block, within) = (lane / width, lane % width);
                let from = block * width + half * (width / 2) + within / 2;
                self.int32(from + lanes * (within % 2))
            };
            VectorType::const_vector(&(0..lanes).map(place).collect::<Vec<_>>())
        };
        let masks = [interleaved(0), interleaved(1)];
        for _ in 0..width.ilog2() {
            let (one, other) = vectors.split_at(vectors.len() / 2);
            let mut next = Vec::with_capacity(vectors.len());
            for pair in one.iter().zip(other) {
                let (Operand::VectorValue(one), Operand::VectorValue(other)) = pair else {
                    return Err(EmitError::Refused("rows that are no vectors"));
                };
                for mask in masks {
                    let shuffled = self.builder.build_shuffle_vector(*one, *other, mask, "")?;
                    next.push(shuffled.into());
                }
            }
            vectors = next;
        }
        Ok(vectors)
    }
}
