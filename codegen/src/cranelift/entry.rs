//! The functions of the C ABI.
//!
//! They make the checks that [`lgc_abi::checks`] lists, in that order, and then run the steps of the
//! program. They are compiled for any x86-64 processor, since whether the processor will do is one of
//! the checks.

use super::core::{Advance, Core, POINTER};
use super::kernel::{Fault, Result};
use super::steps::steps_signature;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{AbiParam, Function, Opcode, Signature, Value, types};
use cranelift_codegen::isa::CallConv;
use lgc_abi::checks::{
    Check, Origin, Positions, REGION_ROW, Region, Slot, Table, of_arguments, of_tensors, slots,
    table_bytes, tables_in_workspace,
};
use lgc_abi::layout::{DEVICE_CPU, DlTensor, RawCtx};
use lgc_abi::{DlDataType, EntryInfo, STATUS_MASK, Status};
use std::mem::offset_of;

/// The numbers in the unit of what the functions of an entry refer to.
#[derive(Clone, Copy)]
pub(super) struct EntryLinks {
    /// The function of the steps.
    pub(super) steps: u32,
    /// The function that looks at the processor.
    pub(super) cpu: u32,
    /// The byte that remembers what it found: 0 nothing yet, [`CPU_LACKS`] or [`CPU_HAS`].
    pub(super) cpu_state: u32,
}

/// Bytes of a row of the table of regions.
const ROW: i64 = REGION_ROW as i64;

const CPU_LACKS: i64 = 1;
const CPU_HAS: i64 = 2;

fn signature(params: usize, result: types::Type) -> Signature {
    let mut signature = Signature::new(CallConv::SystemV);
    signature.params = vec![AbiParam::new(POINTER); params];
    signature.returns = vec![AbiParam::new(result)];
    signature
}

/// The signature of the function that takes the argument struct: args, workspace, ctx, and the signature of the
/// entry that the caller knows.
pub(super) fn call_signature() -> Signature {
    signature(4, types::I32)
}

/// The function that takes the argument struct: its checks, then the steps.
pub(super) fn checked(
    entry: &EntryInfo,
    features: &[String],
    links: EntryLinks,
) -> Result<Function> {
    let (core, params) = Core::new(call_signature());
    let &[args, workspace, context, signature] = params.as_slice() else {
        return Err(Fault("the function of an entry has four parameters"));
    };
    let mut emitter = ArgumentChecks {
        core,
        positions: Positions::new(&slots(&entry.leaves)),
        args,
        workspace,
        context,
        signature,
        links,
    };
    for check in of_arguments(entry, features) {
        emitter.check(&check)?;
    }
    let mut core = emitter.core;
    let steps = core.function(links.steps, steps_signature());
    let status = core.call(steps, &[args, workspace, context]);
    Ok(core.finish(&status))
}

/// The signature of the functions that make and end a pool of threads.
pub(super) fn pool_signature() -> Signature {
    signature(1, POINTER)
}

/// A function that passes its parameters on to another of the same signature.
pub(super) fn forward(target: u32, signature: Signature) -> Function {
    let (mut core, params) = Core::new(signature.clone());
    let target = core.function(target, signature);
    let results = core.call(target, &params);
    core.finish(&results)
}

/// The functions that make and end a pool in a library without tasks.
pub(super) fn null() -> Function {
    let (mut core, _) = Core::new(pool_signature());
    let null = core.constant(0);
    core.finish(&[null])
}

/// Up to so many tensors, overlaps are found by comparing each region with each.
const FEW_TENSORS: usize = 64;

/// Whether an entry with so many tensors finds overlaps by sorting regions.
pub(super) fn sorts_regions(tensors: usize) -> bool {
    tensors > FEW_TENSORS
}

/// The function that takes DLTensors: its checks, then the function `target`, which takes the
/// argument struct. `overlap` is the function that sorts regions, if there is one.
pub(super) fn run(entry: &EntryInfo, target: u32, overlap: Option<u32>) -> Result<Function> {
    let (core, params) = Core::new(signature(5, types::I32));
    let &[input, output, workspace, context, signature] = params.as_slice() else {
        return Err(Fault("the function for tensors has five parameters"));
    };
    let slots = slots(&entry.leaves);
    let mut emitter = TensorChecks {
        core,
        positions: Positions::new(&slots),
        slots,
        input,
        output,
        workspace,
        signature,
        tables: None,
        overlap: overlap.filter(|_| sorts_regions(entry.leaves.len())),
        workspace_bytes: entry.workspace_bytes as i64,
        tables_at: tables_at(entry)?,
    };
    for check in of_tensors(entry) {
        emitter.check(&check)?;
    }
    let slots = emitter.slots.clone();
    let args = emitter.tables();
    for (at, &slot) in slots.iter().enumerate() {
        let begin = emitter.begin(Origin::Tensor(slot));
        emitter.core.store(begin, args, at as i32 * 8);
    }
    let mut core = emitter.core;
    let target = core.function(target, call_signature());
    let signature = core.constant(entry.signature() as i64);
    let status = core.call(target, &[args, workspace, context, signature]);
    Ok(core.finish(&status))
}

/// Where in the workspace the tables for DLTensors lie, if not on the stack.
fn tables_at(entry: &EntryInfo) -> Result<Option<i64>> {
    let bytes = tables_in_workspace(entry.leaves.len());
    let place = entry.workspace_bytes.checked_sub(bytes);
    let place = place.ok_or(Fault("the workspace has no room for tables of tensors"))?;
    Ok((bytes > 0).then_some(place as i64))
}

/// The function that returns the address of data.
pub(super) fn info(data: u32) -> Function {
    let (mut core, _) = Core::new(signature(0, POINTER));
    let address = core.data(data);
    core.finish(&[address])
}

/// The function that looks up the text of a status in a table of pointers.
pub(super) fn strerror(table: u32) -> Function {
    let mut signature = signature(0, POINTER);
    signature.params = vec![AbiParam::new(types::I32)];
    let (mut core, params) = Core::new(signature);
    let unknown = core.int(types::I32, Status::ALL.len() as i64);
    let code = params.first().copied().unwrap_or(unknown);
    let mask = core.int(types::I32, i64::from(STATUS_MASK));
    let status = core.binary(Opcode::Band, code, mask);
    let is_negative = core.compare_constant(IntCC::SignedLessThan, code, 0);
    let code = core.select(is_negative, unknown, status);
    let code = core.binary(Opcode::Umin, code, unknown);
    let code = core.unary(Opcode::Uextend, POINTER, code);
    let offset = core.multiply_constant(code, 8);
    let table = core.data(table);
    let place = core.add(table, offset);
    let text = core.load(POINTER, place, 0);
    core.finish(&[text])
}

const MISPLACED: Fault = Fault("a check is made by the wrong function of an entry");

impl Core {
    fn return_if_zero(&mut self, value: Value, code: i32) {
        let is_zero = self.compare_constant(IntCC::Equal, value, 0);
        self.return_if(is_zero, code);
    }

    fn return_unless_same(&mut self, value: Value, expected: u64, code: i32) {
        let differs = self.compare_constant(IntCC::NotEqual, value, expected as i64);
        self.return_if(differs, code);
    }

    fn return_unless_aligned(&mut self, address: Value, align: u64, code: i32) {
        let mask = self.constant(align as i64 - 1);
        let rest = self.binary(Opcode::Band, address, mask);
        let is_off = self.compare_constant(IntCC::NotEqual, rest, 0);
        self.return_if(is_off, code);
    }

    /// Returns unless each of the 64-bit integers in an array at the given places is as given.
    fn return_unless_equal(
        &mut self,
        array: Value,
        expected: impl Iterator<Item = (usize, u64)>,
        code: i32,
    ) {
        let mut differs = None;
        for (place, value) in expected {
            let found = self.load(types::I64, array, place as i32 * 8);
            let other = self.compare_constant(IntCC::NotEqual, found, value as i64);
            differs = Some(match differs {
                Some(differs) => self.binary(Opcode::Bor, differs, other),
                None => other,
            });
        }
        if let Some(differs) = differs {
            self.return_if(differs, code);
        }
    }
}

struct ArgumentChecks {
    core: Core,
    positions: Positions,
    args: Value,
    workspace: Value,
    context: Value,
    signature: Value,
    links: EntryLinks,
}

impl ArgumentChecks {
    fn check(&mut self, check: &Check) -> Result<()> {
        let code = check.code(&self.positions);
        match check {
            Check::ArgumentsPresent => self.core.return_if_zero(self.args, code),
            Check::LeafPresent { leaf } => {
                let address = self.core.load(POINTER, self.args, *leaf as i32 * 8);
                self.core.return_if_zero(address, code);
            }
            Check::WorkspacePresent => self.core.return_if_zero(self.workspace, code),
            Check::WorkspaceAligned(align) => {
                self.core
                    .return_unless_aligned(self.workspace, *align, code);
            }
            Check::Signature(expected) => {
                self.core
                    .return_unless_same(self.signature, *expected, code);
            }
            Check::ContextComplete(bytes) => self.context(*bytes, code),
            Check::LeafAligned { leaf, align } => {
                let address = self.core.load(POINTER, self.args, *leaf as i32 * 8);
                self.core.return_unless_aligned(address, *align, code);
            }
            Check::CpuFeatures(_) => self.cpu(code),
            Check::TablePresent(_)
            | Check::TensorPresent(_)
            | Check::TensorDevice(_)
            | Check::TensorDtype(..)
            | Check::TensorRank(..)
            | Check::TensorShape(..)
            | Check::TensorStrides(..)
            | Check::TensorData(_)
            | Check::TensorAligned(..)
            | Check::Disjoint(_) => return Err(MISPLACED),
        }
        Ok(())
    }

    /// Returns if there is a context whose `struct_size` is less than this.
    fn context(&mut self, bytes: u64, code: i32) {
        let core = &mut self.core;
        let given = core.compare_constant(IntCC::NotEqual, self.context, 0);
        let branch = core.branch(given);
        let place = offset_of!(RawCtx, struct_size) as i32;
        let size = core.load(POINTER, self.context, place);
        let is_less = core.compare_constant(IntCC::UnsignedLessThan, size, bytes as i64);
        core.return_if(is_less, code);
        core.otherwise(&branch, &[]);
        core.join(branch, &[]);
    }

    /// Looks at the processor the first time; several threads that do so at once find the same.
    fn cpu(&mut self, code: i32) {
        let core = &mut self.core;
        let memory = core.data(self.links.cpu_state);
        let known = core.load(types::I8, memory, 0);
        let is_new = core.compare_constant(IntCC::Equal, known, 0);
        let branch = core.branch(is_new);
        let function = core.function(self.links.cpu, signature(0, types::I32));
        let has = core.call(function, &[]);
        let has = has.first().copied().unwrap_or(known);
        let has = core.unary(Opcode::Ireduce, types::I8, has);
        let lacks = core.int(types::I8, CPU_LACKS);
        let state = core.binary(Opcode::Iadd, has, lacks);
        core.store(state, memory, 0);
        core.otherwise(&branch, &[state]);
        let state = core.join(branch, &[known]);
        for state in state {
            let fails = core.compare_constant(IntCC::NotEqual, state, CPU_HAS);
            core.return_if(fails, code);
        }
    }
}

struct TensorChecks {
    core: Core,
    slots: Vec<Slot>,
    positions: Positions,
    input: Value,
    output: Value,
    workspace: Value,
    workspace_bytes: i64,
    signature: Value,
    /// Room for the argument struct, then for the regions.
    tables: Option<Value>,
    /// Where that lies in the workspace, if not on the stack.
    tables_at: Option<i64>,
    /// The function that finds overlaps, if regions are sorted.
    overlap: Option<u32>,
}

impl TensorChecks {
    fn table(&self, table: Table) -> Value {
        match table {
            Table::In => self.input,
            Table::Out => self.output,
        }
    }

    fn tensor(&mut self, slot: Slot) -> Value {
        let table = self.table(slot.table);
        self.core.load(POINTER, table, slot.index as i32 * 8)
    }

    fn field(&mut self, slot: Slot, ty: types::Type, offset: usize) -> Value {
        let tensor = self.tensor(slot);
        self.core.load(ty, tensor, offset as i32)
    }

    /// Where a tensor or the workspace begins.
    fn begin(&mut self, origin: Origin) -> Value {
        match origin {
            Origin::Workspace => self.workspace,
            Origin::Tensor(slot) => {
                let data = self.field(slot, POINTER, offset_of!(DlTensor, data));
                let offset = self.field(slot, POINTER, offset_of!(DlTensor, byte_offset));
                self.core.add(data, offset)
            }
        }
    }

    fn check(&mut self, check: &Check) -> Result<()> {
        let code = check.code(&self.positions);
        match check {
            Check::TablePresent(table) => {
                let table = self.table(*table);
                self.core.return_if_zero(table, code);
            }
            Check::TensorPresent(slot) => {
                let tensor = self.tensor(*slot);
                self.core.return_if_zero(tensor, code);
            }
            Check::TensorDevice(slot) => {
                let device = offset_of!(DlTensor, device_type);
                self.expect(*slot, device, i64::from(DEVICE_CPU), code);
                self.expect(*slot, offset_of!(DlTensor, device_id), 0, code);
            }
            Check::TensorDtype(slot, dtype) => {
                self.expect(*slot, offset_of!(DlTensor, dtype), packed(*dtype), code);
            }
            Check::TensorRank(slot, rank) => {
                self.expect(*slot, offset_of!(DlTensor, ndim), i64::from(*rank), code);
            }
            Check::TensorShape(slot, dims) => {
                let shape = self.field(*slot, POINTER, offset_of!(DlTensor, shape));
                self.core.return_if_zero(shape, code);
                let dims = dims.iter().copied().enumerate();
                self.core.return_unless_equal(shape, dims, code);
            }
            Check::TensorStrides(slot, strides) => {
                let array = self.field(*slot, POINTER, offset_of!(DlTensor, strides));
                let given = self.core.compare_constant(IntCC::NotEqual, array, 0);
                let branch = self.core.branch(given);
                let strides = strides.iter().map(|stride| (stride.axis, stride.stride));
                self.core.return_unless_equal(array, strides, code);
                self.core.otherwise(&branch, &[]);
                self.core.join(branch, &[]);
            }
            Check::TensorData(slot) => {
                let data = self.field(*slot, POINTER, offset_of!(DlTensor, data));
                self.core.return_if_zero(data, code);
            }
            Check::TensorAligned(slot, align) => {
                let begin = self.begin(Origin::Tensor(*slot));
                self.core.return_unless_aligned(begin, *align, code);
            }
            Check::Disjoint(regions) => self.disjoint(regions, check.status()),
            Check::Signature(expected) => {
                self.core
                    .return_unless_same(self.signature, *expected, code);
            }
            Check::WorkspacePresent => self.core.return_if_zero(self.workspace, code),
            Check::WorkspaceAligned(align) => {
                self.core
                    .return_unless_aligned(self.workspace, *align, code);
            }
            Check::ArgumentsPresent
            | Check::ContextComplete(_)
            | Check::LeafPresent { .. }
            | Check::LeafAligned { .. }
            | Check::CpuFeatures(_) => return Err(MISPLACED),
        }
        Ok(())
    }

    /// Returns unless a 32-bit field is as given.
    fn expect(&mut self, slot: Slot, offset: usize, value: i64, code: i32) {
        let found = self.field(slot, types::I32, offset);
        let differs = self.core.compare_constant(IntCC::NotEqual, found, value);
        self.core.return_if(differs, code);
    }

    /// Room for the argument struct, with the regions behind it.
    fn tables(&mut self) -> Value {
        if let Some(tables) = self.tables {
            return tables;
        }
        let tables = match self.tables_at {
            Some(place) => self.core.add_constant(self.workspace, place),
            None => self.core.stack_memory(table_bytes(self.slots.len()) as u32),
        };
        self.tables = Some(tables);
        tables
    }

    /// Returns if two regions overlap of which one at least is exclusive. The regions are written
    /// to a table, exclusive ones first, each with what is returned if it is at fault.
    fn disjoint(&mut self, regions: &[Region], status: Status) {
        if self.tables_at.is_some() {
            self.apart_from_workspace(regions, status);
        }
        let mut sorted: Vec<&Region> = regions.iter().collect();
        // The workspace last of the exclusive ones, so that a tensor that overlaps it is named.
        sorted.sort_by_key(|region| (!region.exclusive, region.origin == Origin::Workspace));
        let exclusive = sorted.iter().filter(|region| region.exclusive).count() as i64;
        let count = sorted.len() as i64;
        let tables = self.tables();
        let table = self.core.add_constant(tables, self.slots.len() as i64 * 8);
        for (at, region) in sorted.iter().enumerate() {
            let begin = self.begin(region.origin);
            let end = self.core.add_constant(begin, region.bytes as i64);
            let code = self
                .core
                .int(types::I32, i64::from(self.code_of(region, status)));
            let written = self.core.int(types::I32, i64::from(region.exclusive));
            let row = at as i32 * ROW as i32;
            self.core.store(begin, table, row);
            self.core.store(end, table, row + 8);
            self.core.store(code, table, row + 16);
            self.core.store(written, table, row + 20);
        }
        match self.overlap {
            Some(function) => self.sorted_apart(table, count, function),
            None => self.compared_apart(table, count, exclusive),
        }
    }

    fn code_of(&self, region: &Region, status: Status) -> i32 {
        let leaf = match region.origin {
            Origin::Tensor(slot) => self.positions.of(slot),
            Origin::Workspace => None,
        };
        leaf.map_or(status.code(), |leaf| status.code_at(leaf))
    }

    /// Returns if a tensor overlaps the workspace, before anything is written there.
    fn apart_from_workspace(&mut self, regions: &[Region], status: Status) {
        let limit = self.core.add_constant(self.workspace, self.workspace_bytes);
        let tensors = regions.iter();
        for region in tensors.filter(|region| region.origin != Origin::Workspace) {
            let begin = self.begin(region.origin);
            let end = self.core.add_constant(begin, region.bytes as i64);
            let code = self.code_of(region, status);
            let core = &mut self.core;
            let before = core.compare(IntCC::UnsignedLessThan, begin, limit);
            let after = core.compare(IntCC::UnsignedLessThan, self.workspace, end);
            let overlap = core.binary(Opcode::Band, before, after);
            core.return_if(overlap, code);
        }
    }

    /// Calls the function that sorts the regions.
    fn sorted_apart(&mut self, table: Value, count: i64, function: u32) {
        let core = &mut self.core;
        let mut signature = signature(2, types::I32);
        signature.params = vec![AbiParam::new(POINTER), AbiParam::new(types::I64)];
        let function = core.function(function, signature);
        let count = core.constant(count);
        let codes = core.call(function, &[table, count]);
        for code in codes {
            let overlap = core.compare_constant(IntCC::NotEqual, code, 0);
            core.return_value_if(overlap, code);
        }
    }

    /// Compares each of the exclusive regions, which come first, with all after it.
    fn compared_apart(&mut self, table: Value, count: i64, exclusive: i64) {
        let core = &mut self.core;
        let zero = core.constant(0);
        let bound = core.constant(count * ROW);
        let outer = core.begin_loop(zero, Vec::new());
        let place = core.add(table, outer.point);
        let begin = core.load(POINTER, place, 0);
        let end = core.load(POINTER, place, 8);
        let code = core.load(types::I32, place, 16);
        let next = core.add_constant(outer.point, ROW);
        let inner = core.begin_loop(next, Vec::new());
        let place = core.add(table, inner.point);
        let other_begin = core.load(POINTER, place, 0);
        let other_end = core.load(POINTER, place, 8);
        let before = core.compare(IntCC::UnsignedLessThan, begin, other_end);
        let after = core.compare(IntCC::UnsignedLessThan, other_begin, end);
        let overlap = core.binary(Opcode::Band, before, after);
        core.return_value_if(overlap, code);
        let advance = |bound: Value, runs: Option<bool>| Advance {
            step: ROW,
            bound,
            runs,
        };
        core.end_loop(inner, advance(bound, None), &[]);
        let last = core.constant(exclusive * ROW);
        core.end_loop(outer, advance(last, Some(true)), &[]);
    }
}

/// A `DLDataType` as the 32-bit integer that its bytes are.
fn packed(dtype: DlDataType) -> i64 {
    let [low, high] = dtype.lanes.to_le_bytes();
    i64::from(i32::from_le_bytes([dtype.code, dtype.bits, low, high]))
}
