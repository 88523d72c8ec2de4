//! Loads and stores.
//!
//! An access covers one element, or one for each lane of a vector. Where those of a vector are adjacent they are moved
//! by registers, else one by one. Conditions that all lanes share become one branch around the access. Conditions that
//! differ from lane to lane are first decided for a whole register, by those at its two ends where they are monotone
//! between them; only registers that are not wholly inside are then moved element by element. Elements that are left
//! out are never touched: a load reads the first element of the memory in their place.

use crate::backend::cranelift::emit::kernel::{KernelEmitter, Lane};
use crate::backend::cranelift::emit::lanes::{
    Lanes, Parts, count_of, cuts, element_type, native_unit,
};
use crate::backend::refusal::{Refusal, Result};
use crate::kernel::{Access, Form, Memory, Mode, Place, Subscript, ValueId};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Opcode, Value};
use lgc_ir::dtype::DType;
use lgc_ir::index::{Guard, Index, Relation};

/// A condition that differs from lane to lane.
enum Lanewise {
    /// A relation that mentions the lane.
    Relation(Relation),
    /// Truth values.
    Mask(Parts),
}

/// What decides whether some adjacent elements are all accessed.
enum Decision {
    Always,
    Where(Value),
    /// Each element has to be looked at.
    Each,
}

/// The elements that an access moves.
struct Transfer {
    dtype: DType,
    /// How many there are.
    count: u32,
    /// What stands for the lane of a vector.
    lane: Option<Lane>,
    base: Value,
    /// The position of the first element in bytes, run-time subscripts apart. The lane may be mentioned, and is 0.
    first: Index,
    /// Bytes from one element to the next, if it is the same everywhere.
    step: Option<i64>,
    /// Bytes that run-time subscripts add in each lane.
    run_time: Vec<Option<Value>>,
    /// The condition that all elements share.
    shared: Option<Value>,
    lanewise: Vec<Lanewise>,
    /// Whether elements that are loaded are used one by one.
    apart: bool,
}

impl Transfer {
    fn is_adjacent(&self) -> bool {
        let same = self.run_time.windows(2).all(|pair| pair[0] == pair[1]);
        same && (self.step == Some(self.dtype.size() as i64) || self.count == 1)
    }

    /// Whether some elements may be left out.
    fn is_conditional(&self) -> bool {
        self.shared.is_some() || !self.lanewise.is_empty()
    }

    /// An index in a lane.
    fn index_at(&self, index: &Index, lane: u32) -> Index {
        match self.lane {
            Some(var) => var.at(index, lane),
            None => index.clone(),
        }
    }

    /// The position of an element in bytes, run-time subscripts apart.
    fn position(&self, lane: u32) -> Index {
        match self.step {
            Some(step) => self.first.add_constant(step.wrapping_mul(i64::from(lane))),
            None => self.index_at(&self.first, lane),
        }
    }

    /// The unit of the parts in which the elements are moved.
    fn unit(&self) -> u32 {
        match self.is_adjacent() && !self.apart {
            true => native_unit(self.dtype),
            false => 1,
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
        let (memory, mut transfer) = self.transfer(access, ty.form)?;
        transfer.apart = self.apart.get(result.index()).copied().unwrap_or(false);
        let is_empty = memory.ty.elements() == 0 || access.guard.is_never();
        let unit = transfer.unit();
        let lanes = if is_empty || transfer.is_conditional() {
            let default = match default {
                Some(default) => default,
                None => Lanes::Uniform(self.core.zero(ty.dtype)),
            };
            if is_empty {
                default
            } else if transfer.count == 1 {
                Lanes::Uniform(self.load_one(&transfer, &default)?)
            } else {
                let parts = self.load_vector(&transfer, unit, &default);
                Lanes::Parts { unit, parts }
            }
        } else {
            if transfer.apart && transfer.count > 1 && memory.place == Place::Param(Mode::In) {
                let places = (0..transfer.count).map(|lane| self.address(&transfer, lane));
                let lanes = Lanes::Memory(places.collect());
                self.define(result, lanes);
                return Ok(());
            }
            let parts = self.load_whole(&transfer, (0, transfer.count), unit);
            match parts.as_slice() {
                [x] if transfer.count == 1 => Lanes::Uniform(*x),
                _ => Lanes::Parts { unit, parts },
            }
        };
        self.define(result, lanes);
        Ok(())
    }

    /// Emits a store.
    pub(crate) fn store(&mut self, access: &Access, value: ValueId) -> Result<()> {
        let ty = self.kernel.type_of(value);
        let lanes = self.lanes(value)?;
        let (memory, transfer) = self.transfer(access, ty.form)?;
        if memory.ty.elements() == 0 || access.guard.is_never() {
            return Ok(());
        }
        let unit = transfer.unit();
        let parts = self.core.parts(ty.dtype, transfer.count, &lanes, unit);
        match transfer.shared {
            None => self.store_vector(&transfer, unit, &parts),
            Some(shared) => {
                let branch = self.core.branch(shared);
                self.store_vector(&transfer, unit, &parts);
                self.core.otherwise(&branch, &[]);
                self.core.join(branch, &[]);
            }
        }
        Ok(())
    }

    // -------------------------------------------------------------------------------- transfer

    /// Looks up what an access moves, and records faults.
    fn transfer(&mut self, access: &Access, form: Form) -> Result<(&'k Memory, Transfer)> {
        let kernel = self.kernel;
        let memory = kernel.memories.get(access.memory.index());
        let memory = memory.ok_or(Refusal("an access to memory that does not exist"))?;
        let base = self.memories[access.memory.index()];
        let base = base.ok_or(Refusal("an access to a local buffer outside its scope"))?;
        if access.clip {
            return Err(Refusal("a clipped access"));
        }
        let count = count_of(form)?;
        let lane = match form {
            Form::Vector(_) => Some(self.lane(count)),
            Form::Scalar | Form::Tile(..) => None,
        };
        let mut transfer = Transfer {
            dtype: memory.ty.dtype,
            count,
            lane,
            base,
            first: Index::default(),
            step: Some(0),
            run_time: Vec::new(),
            shared: None,
            lanewise: Vec::new(),
            apart: false,
        };
        self.locate(&mut transfer, access, memory)?;
        self.conditions(&mut transfer, access)?;
        self.run_time_subscripts(&mut transfer, access, memory)?;
        Ok((memory, transfer))
    }

    /// Sets the positions of the elements.
    fn locate(&mut self, transfer: &mut Transfer, access: &Access, memory: &Memory) -> Result<()> {
        let size = memory.ty.dtype.size() as i64;
        let strides = memory.ty.shape.strides();
        let mut first = Index::default();
        for (subscript, &stride) in access.at.iter().zip(&strides) {
            match subscript {
                Subscript::At(index) => {
                    first = first.add(&index.scale(size.wrapping_mul(stride as i64)));
                }
                Subscript::Span(_) => return Err(Refusal("a span")),
                Subscript::Value(_) => {}
            }
        }
        transfer.first = first.simplify(&self.vars.bounds);
        if let Some(lane) = transfer.lane {
            transfer.step = lane.step(&transfer.first);
        }
        Ok(())
    }

    /// Sorts guard and mask into what all elements share and what they do not.
    fn conditions(&mut self, transfer: &mut Transfer, access: &Access) -> Result<()> {
        let guard = access.guard.simplify(&self.vars.bounds);
        for relation in guard.relations() {
            match transfer.lane {
                Some(lane) if lane.moves(relation.index()) => {
                    transfer.lanewise.push(Lanewise::Relation(relation.clone()));
                }
                Some(_) | None => {
                    let holds = self.core.relation(relation, &self.vars);
                    transfer.shared = self.core.both(transfer.shared, Some(holds));
                }
            }
        }
        let Some(mask) = access.mask else {
            return Ok(());
        };
        match self.lanes(mask)? {
            Lanes::Uniform(mask) => transfer.shared = self.core.both(transfer.shared, Some(mask)),
            lanes @ (Lanes::Memory(_) | Lanes::Parts { .. }) => {
                let elements = self.core.elements(DType::Bool, transfer.count, &lanes);
                transfer.lanewise.push(Lanewise::Mask(elements));
            }
        }
        Ok(())
    }

    // ----------------------------------------------------------------------------- conditions

    /// Whether an element is accessed, beside the condition that all share; `None` if it always is.
    fn condition_at(&mut self, transfer: &Transfer, lane: u32) -> Option<Value> {
        let mut all = None;
        for condition in &transfer.lanewise {
            let holds = match condition {
                Lanewise::Mask(truths) => truths.get(lane as usize).copied(),
                Lanewise::Relation(relation) => self.relation_at(transfer, relation, lane),
            };
            all = self.core.both(all, holds);
        }
        all
    }

    fn relation_at(
        &mut self,
        transfer: &Transfer,
        relation: &Relation,
        lane: u32,
    ) -> Option<Value> {
        let guard = match relation {
            Relation::Within { index, low, high } => {
                Guard::within(transfer.index_at(index, lane), *low, *high)
            }
            Relation::Divisible { index, divisor } => {
                Guard::divisible(transfer.index_at(index, lane), *divisor)
            }
        };
        self.core.guard(&guard, &self.vars)
    }

    /// Whether `count` elements from a lane on are all accessed.
    fn decide(&mut self, transfer: &Transfer, lane: u32, count: u32) -> Decision {
        let last = lane + count - 1;
        let mut all = None;
        for condition in &transfer.lanewise {
            let holds = match condition {
                Lanewise::Mask(_) | Lanewise::Relation(Relation::Divisible { .. }) => {
                    return Decision::Each;
                }
                Lanewise::Relation(relation @ Relation::Within { index, .. }) => {
                    if transfer.lane.is_some_and(|var| var.step(index).is_none()) {
                        return Decision::Each;
                    }
                    let low = self.relation_at(transfer, relation, lane);
                    let high = self.relation_at(transfer, relation, last);
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
        transfer: &mut Transfer,
        access: &Access,
        memory: &Memory,
    ) -> Result<()> {
        let count = transfer.count as usize;
        transfer.run_time = vec![None; count];
        let mut outside: Vec<Option<Value>> = vec![None; count];
        let strides = memory.ty.shape.strides();
        for (axis, subscript) in access.at.iter().enumerate() {
            let Subscript::Value(value) = subscript else {
                continue;
            };
            let dtype = self.kernel.type_of(*value).dtype;
            let lanes = self.lanes(*value)?;
            let elements = self.core.elements(dtype, transfer.count, &lanes);
            let bytes = (memory.ty.dtype.size() * strides[axis]) as i64;
            let last = memory.ty.shape.extent(axis) as i64 - 1;
            for (lane, &element) in elements.iter().enumerate() {
                let index = self.core.convert(dtype, DType::I64, 1, element);
                let zero = self.core.constant(0);
                let most = self.core.constant(last.max(0));
                let clamped = self.core.binary(Opcode::Smax, index, zero);
                let clamped = self.core.binary(Opcode::Smin, clamped, most);
                let offset = self.core.multiply_constant(clamped, bytes);
                transfer.run_time[lane] = Some(match transfer.run_time[lane] {
                    Some(others) => self.core.add(others, offset),
                    None => offset,
                });
                let beyond = match last {
                    0.. => self
                        .core
                        .compare_constant(IntCC::UnsignedGreaterThan, index, last),
                    _ => self.core.int(element_type(DType::Bool), 1),
                };
                outside[lane] = Some(match outside[lane] {
                    Some(others) => self.core.binary(Opcode::Bor, others, beyond),
                    None => beyond,
                });
            }
        }
        self.record_faults(transfer, access, &outside)
    }

    fn record_faults(
        &mut self,
        transfer: &Transfer,
        access: &Access,
        outside: &[Option<Value>],
    ) -> Result<()> {
        let Some(fault) = &access.fault else {
            return Ok(());
        };
        let status = self.memories.get(fault.status.index()).copied().flatten();
        let status = status.ok_or(Refusal("a fault is recorded in memory that does not exist"))?;
        for (lane, &beyond) in (0..).zip(outside) {
            let Some(beyond) = beyond else { continue };
            let own = self.condition_at(transfer, lane);
            let happens = self.core.both(transfer.shared, own);
            let faulty = self.core.both(happens, Some(beyond)).unwrap_or(beyond);
            let position = transfer.index_at(&fault.position, lane);
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

    // ------------------------------------------------------------------------- loads and stores

    /// The address of an element, as a base and an offset.
    fn address(&mut self, transfer: &Transfer, lane: u32) -> (Value, i32) {
        let position = transfer.position(lane);
        let base = match transfer.run_time.get(lane as usize).copied().flatten() {
            Some(run_time) => self.core.add(transfer.base, run_time),
            None => transfer.base,
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
        transfer: &Transfer,
        lane: u32,
        condition: Option<Value>,
        default: Value,
    ) -> Value {
        let dtype = transfer.dtype;
        let (address, offset) = self.address(transfer, lane);
        let Some(condition) = condition else {
            return self.core.load_part(dtype, 1, address, offset);
        };
        let address = self.core.add_constant(address, i64::from(offset));
        let address = self.core.select(condition, address, transfer.base);
        let loaded = self.core.load_part(dtype, 1, address, 0);
        self.core.choose(dtype, 1, condition, loaded, default)
    }

    fn load_one(&mut self, transfer: &Transfer, default: &Lanes) -> Result<Value> {
        let own = self.condition_at(transfer, 0);
        let condition = self.core.both(transfer.shared, own);
        let default = self.core.elements(transfer.dtype, transfer.count, default);
        let default = default.first().ok_or(Refusal("a load without elements"))?;
        Ok(self.load_where(transfer, 0, condition, *default))
    }

    /// The parts of a vector that is loaded where its conditions hold.
    fn load_vector(&mut self, transfer: &Transfer, unit: u32, default: &Lanes) -> Parts {
        let Some(shared) = transfer.shared else {
            return self.load_lanewise(transfer, unit, default);
        };
        let branch = self.core.branch(shared);
        let parts = self.load_lanewise(transfer, unit, default);
        self.core.otherwise(&branch, &parts);
        let parts = self
            .core
            .parts(transfer.dtype, transfer.count, default, unit);
        self.core.join(branch, &parts).into()
    }

    /// The parts of a vector where the condition holds that all share. Elements that are taken one by one are decided
    /// on together.
    fn load_lanewise(&mut self, transfer: &Transfer, unit: u32, default: &Lanes) -> Parts {
        let defaults = self.core.elements(transfer.dtype, transfer.count, default);
        if unit == 1 {
            return self.load_group(transfer, (0, transfer.count), 1, &defaults);
        }
        cuts(transfer.count, unit)
            .flat_map(|group| self.load_group(transfer, group, unit, &defaults))
            .collect()
    }

    fn load_group(
        &mut self,
        transfer: &Transfer,
        (lane, count): (u32, u32),
        unit: u32,
        defaults: &[Value],
    ) -> Parts {
        if count == 1 {
            return self.load_each(transfer, (lane, count), unit, defaults);
        }
        match self.decide(transfer, lane, count) {
            Decision::Always => self.load_whole(transfer, (lane, count), unit),
            Decision::Each => self.load_each(transfer, (lane, count), unit, defaults),
            Decision::Where(inside) => {
                let branch = self.core.branch(inside);
                let parts = self.load_whole(transfer, (lane, count), unit);
                self.core.otherwise(&branch, &parts);
                let parts = self.load_each(transfer, (lane, count), unit, defaults);
                self.core.join(branch, &parts).into()
            }
        }
    }

    fn load_whole(&mut self, transfer: &Transfer, (lane, count): (u32, u32), unit: u32) -> Parts {
        cuts(count, unit)
            .map(|(at, width)| {
                let (address, offset) = self.address(transfer, lane + at);
                self.core.load_part(transfer.dtype, width, address, offset)
            })
            .collect()
    }

    fn load_each(
        &mut self,
        transfer: &Transfer,
        (lane, count): (u32, u32),
        unit: u32,
        defaults: &[Value],
    ) -> Parts {
        let elements: Parts = (lane..lane + count)
            .map(|lane| {
                let condition = self.condition_at(transfer, lane);
                self.load_where(transfer, lane, condition, defaults[lane as usize])
            })
            .collect();
        let lanes = Lanes::Parts {
            unit: 1,
            parts: elements,
        };
        self.core.parts(transfer.dtype, count, &lanes, unit)
    }

    /// Stores parts where the condition holds that all share.
    fn store_vector(&mut self, transfer: &Transfer, unit: u32, parts: &[Value]) {
        for ((lane, width), &part) in cuts(transfer.count, unit).zip(parts) {
            match self.decide(transfer, lane, width) {
                Decision::Always => self.store_whole(transfer, lane, width, part),
                Decision::Each => self.store_each(transfer, lane, width, part),
                Decision::Where(inside) => {
                    let branch = self.core.branch(inside);
                    self.store_whole(transfer, lane, width, part);
                    self.core.otherwise(&branch, &[]);
                    if width > 1 {
                        self.store_each(transfer, lane, width, part);
                    }
                    self.core.join(branch, &[]);
                }
            }
        }
    }

    fn store_whole(&mut self, transfer: &Transfer, lane: u32, width: u32, part: Value) {
        let (address, offset) = self.address(transfer, lane);
        self.core
            .store_part(transfer.dtype, width, part, address, offset);
    }

    fn store_each(&mut self, transfer: &Transfer, lane: u32, width: u32, part: Value) {
        let lanes = Lanes::Parts {
            unit: width,
            parts: Parts::from_slice(&[part]),
        };
        let elements = self.core.elements(transfer.dtype, width, &lanes);
        for (at, &element) in (lane..).zip(&elements) {
            let Some(condition) = self.condition_at(transfer, at) else {
                self.store_whole(transfer, at, 1, element);
                continue;
            };
            let branch = self.core.branch(condition);
            self.store_whole(transfer, at, 1, element);
            self.core.otherwise(&branch, &[]);
            self.core.join(branch, &[]);
        }
    }
}
