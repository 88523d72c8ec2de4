//! Loads, stores and faults.
//!
//! What all lanes access at adjacent places is moved as one vector, masked where lanes may be left out; what lies
//! apart, lane by lane. Elements that are left out are never touched: a load reads the first element of the memory in
//! their place, or nothing.

use super::{EmitError, Emitted, Emitter, Operand};
use crate::kernel::{Access, Fault, MemId, Memory, Subscript, ValueId};
use lgc_ir::dtype::DType;
use lgc_ir::index::Index;
use lgc_llvm::inkwell::IntPredicate;
use lgc_llvm::inkwell::types::BasicTypeEnum;
use lgc_llvm::inkwell::values::{BasicValue, IntValue, PointerValue};

/// Where an access goes and when.
struct Place<'c> {
    memory: MemId,
    dtype: DType,
    /// The address of the memory.
    base: PointerValue<'c>,
    /// The position of the element in bytes, run-time subscripts apart; it may mention the lane.
    position: Index,
    /// Bytes that run-time subscripts add, in all lanes or in each.
    run_time: Option<Operand<'c>>,
    /// The condition that all lanes share.
    shared: Option<IntValue<'c>>,
    /// The condition of each lane, a vector.
    lanewise: Option<Operand<'c>>,
    /// How many lanes there are; none for one element.
    lanes: Option<u32>,
}

impl<'c> Emitter<'c, '_> {
    /// Emits a load.
    pub(super) fn load(
        &mut self,
        result: ValueId,
        access: &Access,
        otherwise: Option<ValueId>,
    ) -> Emitted<Operand<'c>> {
        let ty = self.kernel.type_of(result);
        let lanes = Self::lanes(ty)?;
        let default = match otherwise {
            Some(value) => self.value(value)?,
            None => self.zero(ty.dtype),
        };
        let Some(place) = self.place(access, lanes)? else {
            return match lanes {
                Some(lanes) => self.spread(default, lanes),
                None => Ok(default),
            };
        };
        match lanes {
            None => self.load_one(&place, &place.position, place.shared, default, 0),
            Some(lanes) => self.load_lanes(&place, lanes, default),
        }
    }

    /// Emits a store.
    pub(super) fn store(&mut self, access: &Access, value: ValueId) -> Emitted<()> {
        let lanes = Self::lanes(self.kernel.type_of(value))?;
        let x = self.value(value)?;
        let Some(place) = self.place(access, lanes)? else {
            return Ok(());
        };
        match place.shared {
            None => self.store_all(&place, x),
            Some(shared) => self.only_if(shared, |emitter| emitter.store_all(&place, x)),
        }
    }

    fn zero(&self, dtype: DType) -> Operand<'c> {
        match self.element(dtype) {
            BasicTypeEnum::FloatType(ty) => ty.const_zero().into(),
            BasicTypeEnum::IntType(ty) => ty.const_zero().into(),
            BasicTypeEnum::PointerType(_)
            | BasicTypeEnum::ArrayType(_)
            | BasicTypeEnum::StructType(_)
            | BasicTypeEnum::VectorType(_)
            | BasicTypeEnum::ScalableVectorType(_) => self.int(0).into(),
        }
    }

    // ----------------------------------------------------------------------------------- places

    /// Where an access goes, after faults are recorded; `None` if it never happens.
    fn place(&mut self, access: &Access, lanes: Option<u32>) -> Emitted<Option<Place<'c>>> {
        let memory = self.kernel.memories.get(access.memory.index());
        let memory = memory.ok_or(EmitError::Refused("memory that does not exist"))?;
        let base = self.memories.get(access.memory.index()).copied().flatten();
        let base = base.ok_or(EmitError::Refused("memory outside its scope"))?;
        let position = self.position(access, memory)?;
        if access.clip {
            return Err(EmitError::Refused("a clipped access"));
        }
        let mut place = Place {
            memory: access.memory,
            dtype: memory.ty.dtype,
            base,
            position: position.simplify(&self.bounds_in(lanes.unwrap_or(1))),
            run_time: None,
            shared: None,
            lanewise: None,
            lanes,
        };
        let never = self.conditions(&mut place, access)?;
        if memory.ty.elements() == 0 || never {
            return Ok(None);
        }
        self.run_time(&mut place, access)?;
        Ok(Some(place))
    }

    /// The position of the element that is accessed in bytes, run-time subscripts apart.
    pub(super) fn position(&self, access: &Access, memory: &Memory) -> Emitted<Index> {
        let size = memory.ty.dtype.size() as i64;
        let mut position = Index::default();
        for (subscript, stride) in access.at.iter().zip(memory.ty.shape.strides()) {
            match subscript {
                Subscript::At(index) => {
                    let stride = i64::try_from(stride).ok();
                    let bytes = stride.and_then(|stride| stride.checked_mul(size));
                    let bytes = bytes.ok_or(EmitError::Refused("memory of 2⁶³ bytes"))?;
                    position = position.add(&index.scale(bytes));
                }
                Subscript::Span(_) => return Err(EmitError::Refused("a span")),
                Subscript::Value(_) => {}
            }
        }
        Ok(position)
    }

    /// Sets what the access depends on; whether it never happens.
    fn conditions(&self, place: &mut Place<'c>, access: &Access) -> Emitted<bool> {
        let guard = access
            .guard
            .simplify(&self.bounds_in(place.lanes.unwrap_or(1)));
        if guard.is_never() {
            return Ok(true);
        }
        for relation in guard.relations() {
            match place.lanes {
                Some(lanes) if self.differs(relation.index()) => {
                    let holds = self.relation_of_lanes(relation, lanes)?;
                    self.add_lanewise(place, holds, lanes)?;
                }
                Some(_) | None => {
                    let own = lgc_ir::index::Guard::always();
                    let own = own.and(&guard_of(relation));
                    let holds = self.guard(&own)?;
                    place.shared = self.both(place.shared, holds)?;
                }
            }
        }
        if let Some(mask) = access.mask {
            match (self.value(mask)?, place.lanes) {
                (mask, Some(lanes)) if mask.is_vector_value() => {
                    self.add_lanewise(place, mask, lanes)?;
                }
                (mask, _) => {
                    let mask = Some(mask.into_int_value());
                    place.shared = self.both(place.shared, mask)?;
                }
            }
        }
        Ok(false)
    }

    fn add_lanewise(&self, place: &mut Place<'c>, holds: Operand<'c>, lanes: u32) -> Emitted<()> {
        place.lanewise = Some(match place.lanewise {
            Some(others) => self.and(others, holds, lanes)?,
            None => holds,
        });
        Ok(())
    }

    /// Adds run-time subscripts, clamped into their axes, and records those that were out of range.
    fn run_time(&mut self, place: &mut Place<'c>, access: &Access) -> Emitted<()> {
        let Some(memory) = self.kernel.memories.get(access.memory.index()) else {
            return Ok(());
        };
        let strides = memory.ty.shape.strides();
        let size = memory.ty.dtype.size();
        let extents = memory.ty.shape.extents();
        let mut outside: Option<Operand<'c>> = None;
        for ((subscript, stride), extent) in access.at.iter().zip(strides).zip(extents) {
            let Subscript::Value(value) = subscript else {
                continue;
            };
            let bytes = i64::try_from(stride.saturating_mul(size));
            let last = i64::try_from(extent);
            let (Ok(bytes), Ok(extent)) = (bytes, last) else {
                return Err(EmitError::Refused("memory of 2⁶³ bytes"));
            };
            let given = self.convert(self.dtype(*value), DType::I64, self.value(*value)?)?;
            let like = |x: i64| self.like(given, self.int(x).into());
            let ty = [given.get_type()];
            let (zero, last) = (like(0)?, like(extent.saturating_sub(1))?);
            let clamped = self.call("llvm.smax", &ty, &[given, zero])?;
            let clamped = self.call("llvm.smin", &ty, &[clamped, last])?;
            let offset = self.multiply(clamped, like(bytes)?)?;
            let beyond = self.compare(IntPredicate::UGT, given, last)?;
            place.run_time = Some(match place.run_time {
                Some(others) => self.add(others, offset)?,
                None => offset,
            });
            outside = Some(match outside {
                Some(others) => self.either(others, beyond)?,
                None => beyond,
            });
        }
        match (&access.fault, outside) {
            (Some(fault), Some(outside)) => self.record(place, fault, outside),
            (_, _) => Ok(()),
        }
    }

    /// A scalar in the form of another value.
    pub(super) fn like(&self, other: Operand<'c>, x: Operand<'c>) -> Emitted<Operand<'c>> {
        if let Operand::VectorValue(vector) = other {
            return self.spread(x, vector.get_type().get_size());
        }
        Ok(x)
    }

    fn record(&mut self, place: &Place<'c>, fault: &Fault, outside: Operand<'c>) -> Emitted<()> {
        let status = self.memories.get(fault.status.index()).copied().flatten();
        let status = status.ok_or(EmitError::Refused("a status outside its scope"))?;
        for lane in 0..place.lanes.unwrap_or(1) {
            let mut faulty = Some(self.lane_of(outside, lane)?.into_int_value());
            if let Some(lanewise) = place.lanewise {
                let own = self.lane_of(lanewise, lane)?.into_int_value();
                faulty = self.both(faulty, Some(own))?;
            }
            let faulty = self.both(faulty, place.shared)?;
            let faulty = faulty.ok_or(EmitError::Refused("a fault without a condition"))?;
            let position = self.at_lane(&fault.position, lane);
            self.only_if(faulty, |emitter| {
                let int = emitter.context.i64_type();
                let position = emitter.index(&position)?;
                let before = emitter.builder.build_load(int, status, "")?;
                let args = [before, position.into()];
                let smallest = emitter.call("llvm.smin", &[int.into()], &args)?;
                emitter.builder.build_store(status, smallest)?;
                Ok(())
            })?;
        }
        Ok(())
    }

    /// The address of an element at a position that is the same in all lanes.
    fn address(&self, place: &Place<'c>, position: &Index, lane: u32) -> Emitted<PointerValue<'c>> {
        let mut address = self.at_bytes(place.base, position)?;
        if let Some(run_time) = place.run_time {
            let more = self.lane_of(run_time, lane)?.into_int_value();
            address = self.offset(address, more)?;
        }
        Ok(address)
    }

    /// Where the lanes begin, if they are adjacent.
    fn adjacent(&self, place: &Place<'c>) -> Option<Index> {
        let (first, step) = self.even(&place.position)?;
        let same = place.run_time.is_none_or(|x| !x.is_vector_value());
        (same && step == place.dtype.size() as i64).then_some(first)
    }

    // ------------------------------------------------------------------------------------ loads

    /// Reads `lanes` elements at an address.
    fn read(
        &self,
        place: &Place<'c>,
        address: PointerValue<'c>,
        lanes: Option<u32>,
    ) -> Emitted<Operand<'c>> {
        let ty = self.form(self.stored(place.dtype), lanes)?;
        let mut loaded = self.builder.build_load(ty, address, "")?;
        if let Some(instruction) = loaded.as_instruction_value() {
            let aligned = instruction.set_alignment(place.dtype.size() as u32);
            aligned.map_err(|e| EmitError::Instruction(e.to_string()))?;
        }
        if self.is_local(place.memory) {
            loaded = lgc_llvm::freeze(&self.builder, loaded)?;
        }
        self.as_held(place.dtype, loaded)
    }

    /// Loads an element where a condition holds; elsewhere it is `default`.
    fn load_one(
        &self,
        place: &Place<'c>,
        position: &Index,
        condition: Option<IntValue<'c>>,
        default: Operand<'c>,
        lane: u32,
    ) -> Emitted<Operand<'c>> {
        let address = self.address(place, position, lane)?;
        let Some(condition) = condition else {
            return self.read(place, address, None);
        };
        let chosen = self
            .builder
            .build_select(condition, address, place.base, "")?;
        let loaded = self.read(place, chosen.into_pointer_value(), None)?;
        Ok(self.builder.build_select(condition, loaded, default, "")?)
    }

    fn load_lanes(
        &self,
        place: &Place<'c>,
        lanes: u32,
        default: Operand<'c>,
    ) -> Emitted<Operand<'c>> {
        if let Some(first) = self.adjacent(place) {
            let address = self.address(place, &first, 0)?;
            return match self.mask(place, lanes)? {
                None => self.read(place, address, Some(lanes)),
                Some(mask) => self.read_masked(place, (address, mask), lanes, default),
            };
        }
        let all_same = !self.differs(&place.position)
            && place.lanewise.is_none()
            && place.run_time.is_none_or(|x| !x.is_vector_value())
            && !default.is_vector_value();
        if all_same {
            let one = self.load_one(place, &place.position, place.shared, default, 0)?;
            return self.splat(one, lanes);
        }
        let mut elements = Vec::new();
        for lane in 0..lanes {
            let position = self.at_lane(&place.position, lane).simplify(&self.bounds);
            let condition = self.condition_in(place, lane)?;
            let default = self.lane_of(default, lane)?;
            elements.push(self.load_one(place, &position, condition, default, lane)?);
        }
        self.assembled(&elements)
    }

    /// Whether a lane is accessed, if that is not always.
    fn condition_in(&self, place: &Place<'c>, lane: u32) -> Emitted<Option<IntValue<'c>>> {
        let own = match place.lanewise {
            Some(lanewise) => Some(self.lane_of(lanewise, lane)?.into_int_value()),
            None => None,
        };
        self.both(place.shared, own)
    }

    /// The lanes that are accessed, if those are not always all.
    fn mask(&self, place: &Place<'c>, lanes: u32) -> Emitted<Option<Operand<'c>>> {
        match (place.shared, place.lanewise) {
            (None, lanewise) => Ok(lanewise),
            (Some(shared), None) => Ok(Some(self.splat(shared.into(), lanes)?)),
            (Some(shared), Some(lanewise)) => Ok(Some(self.and(lanewise, shared.into(), lanes)?)),
        }
    }

    fn read_masked(
        &self,
        place: &Place<'c>,
        (address, mask): (PointerValue<'c>, Operand<'c>),
        lanes: u32,
        default: Operand<'c>,
    ) -> Emitted<Operand<'c>> {
        let default = self.spread(default, lanes)?;
        let default = self.as_stored(place.dtype, default)?;
        let types = [default.get_type(), self.pointer().into()];
        let args = [address.into(), mask, default];
        let loaded = self.aligned_call("llvm.masked.load", &types, &args, (0, place.dtype))?;
        let mut loaded = loaded.ok_or(EmitError::Refused("a load without a value"))?;
        if self.is_local(place.memory) {
            loaded = lgc_llvm::freeze(&self.builder, loaded)?;
        }
        self.as_held(place.dtype, loaded)
    }

    /// Calls a function of LLVM's own that takes an address, which is aligned as elements are.
    fn aligned_call(
        &self,
        name: &str,
        types: &[BasicTypeEnum<'c>],
        args: &[Operand<'c>],
        (address, dtype): (u32, DType),
    ) -> Emitted<Option<Operand<'c>>> {
        use lgc_llvm::inkwell::attributes::{Attribute, AttributeLoc};
        use lgc_llvm::inkwell::intrinsics::Intrinsic;
        let function = Intrinsic::find(name);
        let function = function.and_then(|it| it.get_declaration(self.unit.module, types));
        let Some(function) = function else {
            return Err(EmitError::Instruction(name.to_owned()));
        };
        let args: Vec<_> = args.iter().map(|&arg| arg.into()).collect();
        let call = self.builder.build_call(function, &args, "")?;
        let kind = Attribute::get_named_enum_kind_id("align");
        let align = self.context.create_enum_attribute(kind, dtype.size());
        call.add_attribute(AttributeLoc::Param(address), align);
        Ok(call.try_as_basic_value().basic())
    }

    // ----------------------------------------------------------------------------------- stores

    fn write(&self, place: &Place<'c>, address: PointerValue<'c>, x: Operand<'c>) -> Emitted<()> {
        let x = self.as_stored(place.dtype, x)?;
        let store = self.builder.build_store(address, x)?;
        let aligned = store.set_alignment(place.dtype.size() as u32);
        aligned.map_err(|e| EmitError::Instruction(e.to_string()))
    }

    /// Stores where the condition that all lanes share holds.
    fn store_all(&mut self, place: &Place<'c>, x: Operand<'c>) -> Emitted<()> {
        let Some(lanes) = place.lanes else {
            let address = self.address(place, &place.position, 0)?;
            return self.write(place, address, x);
        };
        if let Some(first) = self.adjacent(place) {
            let address = self.address(place, &first, 0)?;
            let Some(mask) = place.lanewise else {
                return self.write(place, address, x);
            };
            let x = self.as_stored(place.dtype, x)?;
            let types = [x.get_type(), self.pointer().into()];
            let args = [x, address.into(), mask];
            self.aligned_call("llvm.masked.store", &types, &args, (1, place.dtype))?;
            return Ok(());
        }
        for lane in 0..lanes {
            let position = self.at_lane(&place.position, lane).simplify(&self.bounds);
            let element = self.lane_of(x, lane)?;
            let store = |emitter: &mut Self| {
                let address = emitter.address(place, &position, lane)?;
                emitter.write(place, address, element)
            };
            match place.lanewise {
                None => store(self)?,
                Some(lanewise) => {
                    let own = self.lane_of(lanewise, lane)?.into_int_value();
                    self.only_if(own, store)?;
                }
            }
        }
        Ok(())
    }
}

/// A relation as a guard.
fn guard_of(relation: &lgc_ir::index::Relation) -> lgc_ir::index::Guard {
    use lgc_ir::index::{Guard, Relation};
    match relation {
        Relation::Within { index, low, high } => Guard::within(index.clone(), *low, *high),
        Relation::Divisible { index, divisor } => Guard::divisible(index.clone(), *divisor),
    }
}
