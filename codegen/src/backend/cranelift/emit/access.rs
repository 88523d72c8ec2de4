//! Loads and stores.
//!
//! An access covers a grid of elements: the spans of a vector or tile, or the lanes of a vector as one row. Where the elements of a row are adjacent they are moved by registers, else one by
//! one. Conditions that all elements share become one branch around the access. Conditions that
//! differ from element to element are first decided for a whole register, by those at its two ends
//! where they are monotone between them; only registers that are not wholly inside are then moved
//! element by element. Elements that are left out are never touched: a load reads the first element
//! of the memory in their place.

mod wrapped;

use crate::backend::cranelift::emit::kernel::{KernelEmitter, Lane};
use crate::backend::cranelift::emit::lanes::{
    Extent, Lanes, Parts, cuts, element_type, native_unit,
};
use crate::backend::refusal::{Refusal, Result};
use crate::kernel::{Access, Form, Memory, Mode, Place, Subscript, ValueId};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Opcode, Value};
use lgc_ir::dtype::DType;
use lgc_ir::index::{Guard, Index, Relation};

use wrapped::Wrap;

/// A condition that differs along a row.
enum Lanewise {
    /// A relation that mentions the lane.
    Relation(Relation),
    /// Truth values.
    Mask(Parts),
    /// The element at this index plus the column is below the extent.
    Clip(Index, i64),
}

/// What decides whether some adjacent elements of a row are all accessed.
enum Decision {
    Always,
    Where(Value),
    /// Each element has to be looked at.
    Each,
}

/// The elements that an access covers.
struct Grid {
    dtype: DType,
    extent: Extent,
    /// What stands for the lane, if the access goes by lanes.
    lane: Option<Lane>,
    base: Value,
    /// The position of the first element in bytes, run-time subscripts apart.
    first: Index,
    /// Bytes from one row to the next.
    row_step: i64,
    /// Bytes from one column to the next, if it is the same everywhere.
    column_step: Option<i64>,
    /// Bytes that run-time subscripts add in each column.
    run_time: Vec<Option<Value>>,
    /// The condition that all elements share.
    shared: Option<Value>,
    /// Where rows begin along their axis, and its extent, if they may lie beyond it.
    row_clip: Option<(Index, i64)>,
    lanewise: Vec<Lanewise>,
    /// Whether elements that are loaded are used one by one.
    apart: bool,
}

impl Grid {
    fn is_adjacent(&self) -> bool {
        let same = self.run_time.windows(2).all(|pair| pair[0] == pair[1]);
        same && (self.column_step == Some(self.dtype.size() as i64) || self.extent.columns == 1)
    }

    /// Whether some elements may be left out.
    fn is_conditional(&self) -> bool {
        self.shared.is_some() || self.row_clip.is_some() || !self.lanewise.is_empty()
    }

    /// The position of an element in bytes, run-time subscripts apart.
    fn position(&self, row: u32, column: u32) -> Index {
        let row = self.row_step.wrapping_mul(i64::from(row));
        match (self.column_step, self.lane) {
            (None, Some(lane)) => lane.at(&self.first, column).add_constant(row),
            (None, None) => self.first.add_constant(row),
            (Some(step), _) => {
                let column = step.wrapping_mul(i64::from(column));
                self.first.add_constant(row.wrapping_add(column))
            }
        }
    }
}

impl<'k> KernelEmitter<'k> {
    /// Emits a load and defines its result.
    pub(crate) fn load(
        &mut self,
        result: ValueId,
        access: &Access,
        otherwise: Option<ValueId>,
    ) -> Result<()> {
        let ty = self.kernel.type_of(result);
        let default = match otherwise {
            Some(value) => Some(self.lanes(value)?),
            None => None,
        };
        let (memory, mut grid) = self.grid(access, ty.form)?;
        grid.apart = self.apart.get(result.index()).copied().unwrap_or(false);
        let is_empty = memory.ty.elements() == 0 || access.guard.is_never();
        let unit = Self::unit_of_transfer(&grid);
        let lanes = if is_empty || grid.is_conditional() {
            let default = match default {
                Some(default) => default,
                None => Lanes::Uniform(self.core.zero(ty.dtype)),
            };
            if is_empty {
                default
            } else if grid.extent.is_one() {
                Lanes::Uniform(self.load_one(&grid, &default)?)
            } else {
                let parts = self.load_grid(&grid, unit, &default)?;
                Lanes::Parts { unit, parts }
            }
        } else {
            if grid.apart && ty.form.rank() == 1 && memory.place == Place::Param(Mode::In) {
                let columns = 0..grid.extent.columns;
                let places = columns.map(|column| self.address(&grid, 0, column));
                let lanes = Lanes::Memory(places.collect());
                self.define(result, lanes);
                return Ok(());
            }
            if let Some(wrap) = Wrap::of(&grid) {
                let unit = native_unit(ty.dtype);
                let continued = self.continued(&grid, &wrap, memory);
                let parts = self.load_wrapped(&grid, &wrap, unit, continued);
                self.define(result, Lanes::Parts { unit, parts });
                return Ok(());
            }
            let rows = 0..grid.extent.rows;
            let columns = (0, grid.extent.columns);
            let parts: Parts = rows
                .flat_map(|row| self.load_whole(&grid, row, columns, unit))
                .collect();
            match parts.as_slice() {
                [x] if grid.extent.is_one() => Lanes::Uniform(*x),
                _ => Lanes::Parts { unit, parts },
            }
        };
        self.define(result, lanes);
        Ok(())
    }

    /// The unit of the parts in which a value is moved.
    fn unit_of_transfer(grid: &Grid) -> u32 {
        if grid.is_adjacent() && !grid.apart {
            native_unit(grid.dtype)
        } else {
            1
        }
    }

    /// Emits a store.
    pub(crate) fn store(&mut self, access: &Access, value: ValueId) -> Result<()> {
        let ty = self.kernel.type_of(value);
        let lanes = self.lanes(value)?;
        let (memory, grid) = self.grid(access, ty.form)?;
        if memory.ty.elements() == 0 || access.guard.is_never() {
            return Ok(());
        }
        let unit = Self::unit_of_transfer(&grid);
        let parts = self.core.parts(ty.dtype, grid.extent, &lanes, unit);
        match grid.shared {
            None => self.store_rows(&grid, unit, &parts),
            Some(shared) => {
                let branch = self.core.branch(shared);
                self.store_rows(&grid, unit, &parts);
                self.core.otherwise(&branch, &[]);
                self.core.join(branch, &[]);
            }
        }
        Ok(())
    }

    // ------------------------------------------------------------------------------------ grid

    /// Looks up what an access covers, and records faults.
    fn grid(&mut self, access: &Access, form: Form) -> Result<(&'k Memory, Grid)> {
        let kernel = self.kernel;
        let memory = kernel.memories.get(access.memory.index());
        let memory = memory.ok_or(Refusal("an access to memory that does not exist"))?;
        let base = self.memories[access.memory.index()];
        let base = base.ok_or(Refusal("an access to a local buffer outside its scope"))?;
        let extent = Extent::of(form);
        let lane = access
            .goes_by_lanes(form)
            .then(|| self.lane(extent.columns));
        let mut grid = Grid {
            dtype: memory.ty.dtype,
            extent,
            lane,
            base,
            first: Index::default(),
            row_step: 0,
            column_step: Some(0),
            run_time: Vec::new(),
            shared: None,
            row_clip: None,
            lanewise: Vec::new(),
            apart: false,
        };
        self.locate(&mut grid, access, memory);
        self.conditions(&mut grid, access)?;
        self.clip(&mut grid, access, memory, form);
        self.run_time_subscripts(&mut grid, access, memory)?;
        Ok((memory, grid))
    }

    /// Sets the positions of the elements.
    fn locate(&mut self, grid: &mut Grid, access: &Access, memory: &Memory) {
        let size = memory.ty.dtype.size() as i64;
        let strides = memory.ty.shape.strides();
        let mut first = Index::default();
        let mut spans: Vec<i64> = Vec::new();
        for (subscript, &stride) in access.at.iter().zip(&strides) {
            let bytes = size.wrapping_mul(stride as i64);
            match subscript {
                Subscript::At(index) => first = first.add(&index.scale(bytes)),
                Subscript::Span(index) => {
                    first = first.add(&index.scale(bytes));
                    spans.push(bytes);
                }
                Subscript::Value(_) => {}
            }
        }
        grid.first = first.simplify(&self.vars.bounds);
        match (spans.as_slice(), grid.lane) {
            ([row, column], _) => {
                grid.row_step = *row;
                grid.column_step = Some(*column);
            }
            ([column], _) => grid.column_step = Some(*column),
            (_, Some(lane)) => grid.column_step = lane.step(&grid.first),
            (_, None) => {}
        }
    }

    /// Sorts guard and mask into what all elements share and what they do not.
    fn conditions(&mut self, grid: &mut Grid, access: &Access) -> Result<()> {
        let guard = access.guard.simplify(&self.vars.bounds);
        for relation in guard.relations() {
            match grid.lane {
                Some(lane) if lane.moves(relation.index()) => {
                    grid.lanewise.push(Lanewise::Relation(relation.clone()));
                }
                Some(_) | None => {
                    let holds = self.core.relation(relation, &self.vars);
                    grid.shared = self.core.both(grid.shared, Some(holds));
                }
            }
        }
        let Some(mask) = access.mask else {
            return Ok(());
        };
        match self.lanes(mask)? {
            Lanes::Uniform(mask) => grid.shared = self.core.both(grid.shared, Some(mask)),
            lanes @ (Lanes::Memory(_) | Lanes::Parts { .. }) => {
                let elements = self.core.elements(DType::Bool, grid.extent, &lanes);
                grid.lanewise.push(Lanewise::Mask(elements));
            }
        }
        Ok(())
    }

    /// Adds the conditions of spans that may go past the end of their axis.
    fn clip(&mut self, grid: &mut Grid, access: &Access, memory: &Memory, form: Form) {
        let mut number = 0;
        for (axis, subscript) in access.at.iter().enumerate() {
            let Subscript::Span(start) = subscript else {
                continue;
            };
            let extent = memory.ty.shape.extent(axis) as i64;
            let most = extent - i64::from(form.extent(number)) + 1;
            let fits = || start.stays_within((None, Some(most)), &self.vars.bounds, &access.guard);
            if access.clip && !fits() {
                match number == 0 && form.rank() == 2 {
                    true => grid.row_clip = Some((start.clone(), extent)),
                    false => grid.lanewise.push(Lanewise::Clip(start.clone(), extent)),
                }
            }
            number += 1;
        }
    }

    // ----------------------------------------------------------------------------- conditions

    /// Whether an element of a row is accessed; `None` if it always is.
    fn condition_at(&mut self, grid: &Grid, column: u32) -> Option<Value> {
        let mut all = None;
        for condition in &grid.lanewise {
            let holds = match condition {
                Lanewise::Mask(truths) => truths.get(column as usize).copied(),
                Lanewise::Relation(relation) => self.relation_at(grid, relation, column),
                Lanewise::Clip(start, extent) => self.is_below(start, column, *extent),
            };
            all = self.core.both(all, holds);
        }
        all
    }

    fn relation_at(&mut self, grid: &Grid, relation: &Relation, column: u32) -> Option<Value> {
        let guard = match relation {
            Relation::Within { index, low, high } => {
                Guard::within(self.index_at(grid, index, column), *low, *high)
            }
            Relation::Divisible { index, divisor } => {
                Guard::divisible(self.index_at(grid, index, column), *divisor)
            }
        };
        self.core.guard(&guard, &self.vars)
    }

    fn index_at(&self, grid: &Grid, index: &Index, column: u32) -> Index {
        match grid.lane {
            Some(lane) => lane.at(index, column),
            None => index.clone(),
        }
    }

    fn is_below(&mut self, start: &Index, offset: u32, extent: i64) -> Option<Value> {
        let index = start.add_constant(i64::from(offset));
        let guard = Guard::within(index, i64::MIN, extent);
        self.core.guard(&guard, &self.vars)
    }

    /// Whether `count` elements of a row from a column on are all accessed.
    fn decide(&mut self, grid: &Grid, column: u32, count: u32) -> Decision {
        let last = column + count - 1;
        let mut all = None;
        for condition in &grid.lanewise {
            let holds = match condition {
                Lanewise::Mask(_) | Lanewise::Relation(Relation::Divisible { .. }) => {
                    return Decision::Each;
                }
                Lanewise::Clip(start, extent) => self.is_below(start, last, *extent),
                Lanewise::Relation(relation @ Relation::Within { index, .. }) => {
                    if grid.lane.is_some_and(|lane| lane.step(index).is_none()) {
                        return Decision::Each;
                    }
                    let low = self.relation_at(grid, relation, column);
                    let high = self.relation_at(grid, relation, last);
                    self.core.both(low, high)
                }
            };
            all = self.core.both(all, holds);
        }
        all.map_or(Decision::Always, Decision::Where)
    }

    // ---------------------------------------------------------------------------- run time

    /// Adds run-time subscripts, clamped into their axes, to the positions, and records those that
    /// were out of range.
    fn run_time_subscripts(
        &mut self,
        grid: &mut Grid,
        access: &Access,
        memory: &Memory,
    ) -> Result<()> {
        let columns = grid.extent.columns as usize;
        grid.run_time = vec![None; columns];
        let mut outside: Vec<Option<Value>> = vec![None; columns];
        let strides = memory.ty.shape.strides();
        for (axis, subscript) in access.at.iter().enumerate() {
            let Subscript::Value(value) = subscript else {
                continue;
            };
            let dtype = self.kernel.type_of(*value).dtype;
            let lanes = self.lanes(*value)?;
            let elements = self
                .core
                .elements(dtype, Extent::row(columns as u32), &lanes);
            let bytes = (memory.ty.dtype.size() * strides[axis]) as i64;
            let last = memory.ty.shape.extent(axis) as i64 - 1;
            for (column, &element) in elements.iter().enumerate() {
                let index = self.core.convert(dtype, DType::I64, 1, element);
                let zero = self.core.constant(0);
                let most = self.core.constant(last.max(0));
                let clamped = self.core.binary(Opcode::Smax, index, zero);
                let clamped = self.core.binary(Opcode::Smin, clamped, most);
                let offset = self.core.multiply_constant(clamped, bytes);
                grid.run_time[column] = Some(match grid.run_time[column] {
                    Some(others) => self.core.add(others, offset),
                    None => offset,
                });
                let beyond = match last {
                    0.. => self
                        .core
                        .compare_constant(IntCC::UnsignedGreaterThan, index, last),
                    _ => self.core.int(element_type(DType::Bool), 1),
                };
                outside[column] = Some(match outside[column] {
                    Some(others) => self.core.binary(Opcode::Bor, others, beyond),
                    None => beyond,
                });
            }
        }
        self.record_faults(grid, access, &outside)
    }

    fn record_faults(
        &mut self,
        grid: &Grid,
        access: &Access,
        outside: &[Option<Value>],
    ) -> Result<()> {
        let Some(fault) = &access.fault else {
            return Ok(());
        };
        let status = self.memories.get(fault.status.index()).copied().flatten();
        let status = status.ok_or(Refusal("a fault is recorded in memory that does not exist"))?;
        // The elements of a vector or tile share their run-time subscripts.
        let lanes = if grid.lane.is_some() {
            outside.len()
        } else {
            1
        };
        for (column, &beyond) in outside.iter().enumerate().take(lanes) {
            let Some(beyond) = beyond else { continue };
            let own = match grid.lane {
                Some(_) => self.condition_at(grid, column as u32),
                None => None,
            };
            let happens = self.core.both(grid.shared, own);
            let faulty = self.core.both(happens, Some(beyond)).unwrap_or(beyond);
            let position = self.index_at(grid, &fault.position, column as u32);
            let branch = self.core.branch(faulty);
            let position = self.core.index(&position, &self.vars);
            let smallest = self.core.load(element_type(DType::I64), status, 0);
            let smallest = self.core.apply_binary(Opcode::Smin, smallest, position);
            self.core.store(smallest, status, 0);
            self.core.otherwise(&branch, &[]);
            self.core.join(branch, &[]);
        }
        Ok(())
    }

    // ------------------------------------------------------------------------------- transfers

    /// The address of an element, as a base and an offset.
    fn address(&mut self, grid: &Grid, row: u32, column: u32) -> (Value, i32) {
        let position = grid.position(row, column);
        let base = match grid.run_time.get(column as usize).copied().flatten() {
            Some(run_time) => self.core.add(grid.base, run_time),
            None => grid.base,
        };
        let (sum, offset) = self.core.index_sum(Some(base), &position, &self.vars);
        match i32::try_from(offset) {
            Ok(offset) => (sum, offset),
            Err(_) => (self.core.add_constant(sum, offset), 0),
        }
    }

    /// Loads an element where a condition holds; elsewhere it is `default`.
    fn load_where(
        &mut self,
        grid: &Grid,
        (row, column): (u32, u32),
        condition: Option<Value>,
        default: Value,
    ) -> Value {
        let dtype = grid.dtype;
        let (address, offset) = self.address(grid, row, column);
        let Some(condition) = condition else {
            return self.core.load_part(dtype, 1, address, offset);
        };
        let address = self.core.add_constant(address, i64::from(offset));
        let address = self.core.select(condition, address, grid.base);
        let loaded = self.core.load_part(dtype, 1, address, 0);
        self.core.choose(grid.dtype, 1, condition, loaded, default)
    }

    fn load_one(&mut self, grid: &Grid, default: &Lanes) -> Result<Value> {
        let row = self.row_condition(grid, 0);
        let shared = self.core.both(grid.shared, row);
        let own = self.condition_at(grid, 0);
        let condition = self.core.both(shared, own);
        let default = self.core.elements(grid.dtype, grid.extent, default);
        let default = default.first().ok_or(Refusal("a load without elements"))?;
        Ok(self.load_where(grid, (0, 0), condition, *default))
    }

    fn row_condition(&mut self, grid: &Grid, row: u32) -> Option<Value> {
        let (start, extent) = grid.row_clip.as_ref()?;
        self.is_below(start, row, *extent)
    }

    fn load_grid(&mut self, grid: &Grid, unit: u32, default: &Lanes) -> Result<Parts> {
        let Some(shared) = grid.shared else {
            return self.load_rows(grid, unit, default);
        };
        let branch = self.core.branch(shared);
        let parts = self.load_rows(grid, unit, default)?;
        self.core.otherwise(&branch, &parts);
        let parts = self.core.parts(grid.dtype, grid.extent, default, unit);
        Ok(self.core.join(branch, &parts).into())
    }

    fn load_rows(&mut self, grid: &Grid, unit: u32, default: &Lanes) -> Result<Parts> {
        let mut all = Parts::new();
        let row_extent = Extent::row(grid.extent.columns);
        let defaults = match (default, grid.extent.rows) {
            (Lanes::Parts { .. }, 2..) => {
                return Err(Refusal("the default of a tile is no scalar"));
            }
            (_, _) => self.core.elements(grid.dtype, row_extent, default),
        };
        for row in 0..grid.extent.rows {
            let Some(inside) = self.row_condition(grid, row) else {
                all.extend(self.load_row(grid, row, unit, &defaults));
                continue;
            };
            let branch = self.core.branch(inside);
            let parts = self.load_row(grid, row, unit, &defaults);
            self.core.otherwise(&branch, &parts);
            let parts = self.core.parts(grid.dtype, row_extent, default, unit);
            all.extend(self.core.join(branch, &parts));
        }
        Ok(all)
    }

    /// The parts of a row. Elements that are taken one by one are decided on together.
    fn load_row(&mut self, grid: &Grid, row: u32, unit: u32, defaults: &[Value]) -> Parts {
        let columns = grid.extent.columns;
        if unit == 1 {
            return self.load_group(grid, row, (0, columns), 1, defaults);
        }
        cuts(columns, unit)
            .flat_map(|(at, width)| self.load_group(grid, row, (at, width), unit, defaults))
            .collect()
    }

    fn load_group(
        &mut self,
        grid: &Grid,
        row: u32,
        (column, count): (u32, u32),
        unit: u32,
        defaults: &[Value],
    ) -> Parts {
        if count == 1 {
            return self.load_each(grid, row, (column, count), unit, defaults);
        }
        match self.decide(grid, column, count) {
            Decision::Always => self.load_whole(grid, row, (column, count), unit),
            Decision::Each => self.load_each(grid, row, (column, count), unit, defaults),
            Decision::Where(inside) => {
                let branch = self.core.branch(inside);
                let parts = self.load_whole(grid, row, (column, count), unit);
                self.core.otherwise(&branch, &parts);
                let parts = self.load_each(grid, row, (column, count), unit, defaults);
                self.core.join(branch, &parts).into()
            }
        }
    }

    fn load_whole(
        &mut self,
        grid: &Grid,
        row: u32,
        (column, count): (u32, u32),
        unit: u32,
    ) -> Parts {
        let dtype = grid.dtype;
        cuts(count, unit)
            .map(|(at, width)| {
                let (address, offset) = self.address(grid, row, column + at);
                self.core.load_part(dtype, width, address, offset)
            })
            .collect()
    }

    fn load_each(
        &mut self,
        grid: &Grid,
        row: u32,
        (column, count): (u32, u32),
        unit: u32,
        defaults: &[Value],
    ) -> Parts {
        let columns = column..column + count;
        let elements: Parts = columns
            .map(|column| {
                let condition = self.condition_at(grid, column);
                let default = defaults[column as usize];
                self.load_where(grid, (row, column), condition, default)
            })
            .collect();
        let lanes = Lanes::Parts {
            unit: 1,
            parts: elements,
        };
        self.core
            .parts(grid.dtype, Extent::row(count), &lanes, unit)
    }

    fn store_rows(&mut self, grid: &Grid, unit: u32, parts: &[Value]) {
        let per_row = cuts(grid.extent.columns, unit).count().max(1);
        for (row, parts) in (0..grid.extent.rows).zip(parts.chunks(per_row)) {
            let Some(inside) = self.row_condition(grid, row) else {
                self.store_row(grid, row, unit, parts);
                continue;
            };
            let branch = self.core.branch(inside);
            self.store_row(grid, row, unit, parts);
            self.core.otherwise(&branch, &[]);
            self.core.join(branch, &[]);
        }
    }

    fn store_row(&mut self, grid: &Grid, row: u32, unit: u32, parts: &[Value]) {
        for ((column, width), &part) in cuts(grid.extent.columns, unit).zip(parts) {
            match self.decide(grid, column, width) {
                Decision::Always => self.store_whole(grid, (row, column), width, part),
                Decision::Each => self.store_each(grid, (row, column), width, part),
                Decision::Where(inside) => {
                    let branch = self.core.branch(inside);
                    self.store_whole(grid, (row, column), width, part);
                    self.core.otherwise(&branch, &[]);
                    if width > 1 {
                        self.store_each(grid, (row, column), width, part);
                    }
                    self.core.join(branch, &[]);
                }
            }
        }
    }

    fn store_whole(&mut self, grid: &Grid, (row, column): (u32, u32), width: u32, part: Value) {
        let (address, offset) = self.address(grid, row, column);
        self.core
            .store_part(grid.dtype, width, part, address, offset);
    }

    fn store_each(&mut self, grid: &Grid, (row, column): (u32, u32), width: u32, part: Value) {
        let lanes = Lanes::Parts {
            unit: width,
            parts: Parts::from_slice(&[part]),
        };
        let elements = self.core.elements(grid.dtype, Extent::row(width), &lanes);
        for (at, &element) in (column..).zip(&elements) {
            let Some(condition) = self.condition_at(grid, at) else {
                self.store_whole(grid, (row, at), 1, element);
                continue;
            };
            let branch = self.core.branch(condition);
            self.store_whole(grid, (row, at), 1, element);
            self.core.otherwise(&branch, &[]);
            self.core.join(branch, &[]);
        }
    }
}
