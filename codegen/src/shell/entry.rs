//! The functions of the C ABI.
//!
//! They make the checks that [`lgc_abi::checks`] lists, in that order, and then run the steps of the
//! program. Those of tensors are made by freestanding code, in loops over what the library describes of its
//! tensors, so that code does not grow with their number. All of it runs on any x86-64 processor, since whether
//! the processor will do is one of the checks.

use crate::backend::cranelift::core::{Core, POINTER};
use crate::backend::refusal::{Refusal, Result};
use crate::level::Level;
use crate::shell::freestanding::CheckFunctions;
use crate::shell::steps::steps_signature;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{AbiParam, Function, Opcode, Signature, Value, types};
use cranelift_codegen::isa::CallConv;
use lgc_abi::checks::{Check, Table, of_arguments, of_tensors, table_bytes, tables_in_workspace};
use lgc_abi::layout::{RawCtx, RawEntry, RawInfo};
use lgc_abi::{EntryInfo, STATUS_MASK, Status};
use std::mem::offset_of;

/// The numbers in the unit of what the functions of an entry refer to.
#[derive(Clone, Copy)]
pub(crate) struct EntryLinks<'s> {
    /// The functions of the steps, for levels of the processor, the lowest first.
    pub(crate) steps: &'s [(Level, u32)],
    /// The function that tells the level of the processor.
    pub(crate) cpu: u32,
    /// The byte that remembers what it said, and 1 more: 0 is nothing yet.
    pub(crate) cpu_state: u32,
    /// The functions that check tensors.
    pub(crate) checks: CheckFunctions,
    /// The constant of type `lgc_info`, which describes them.
    pub(crate) info: u32,
    /// The position of the entry there.
    pub(crate) entry: usize,
}

/// What is remembered of a processor of a level.
const fn remembered(level: Level) -> i64 {
    level.number() + 1
}

fn signature(params: usize, result: types::Type) -> Signature {
    let mut signature = Signature::new(CallConv::SystemV);
    signature.params = vec![AbiParam::new(POINTER); params];
    signature.returns = vec![AbiParam::new(result)];
    signature
}

/// The signature of the function that takes the argument struct: args, workspace, ctx, and the signature of the
/// entry that the caller knows.
pub(crate) fn call_signature() -> Signature {
    signature(4, types::I32)
}

/// The function that takes the argument struct: its checks, then the steps.
pub(crate) fn checked(
    entry: &EntryInfo,
    features: &[String],
    links: EntryLinks<'_>,
) -> Result<Function> {
    let (core, params) = Core::new(call_signature());
    let &[args, workspace, context, signature] = params.as_slice() else {
        return Err(Refusal("the function of an entry has four parameters"));
    };
    let mut checks = Checks {
        core,
        links,
        count: entry.leaves.len(),
        form: Form::Arguments(args),
        workspace,
        context,
        signature,
    };
    checks.all(&of_arguments(entry, features))?;
    let mut core = checks.core;
    let status = run_steps(&mut core, links, &[args, workspace, context])?;
    Ok(core.finish(&status))
}

/// Runs the steps for the highest level that the processor has, which has that of the lowest; their status.
fn run_steps(core: &mut Core, links: EntryLinks<'_>, args: &[Value]) -> Result<Vec<Value>> {
    let Some(((_, lowest), higher)) = links.steps.split_first() else {
        return Err(Refusal("an entry has no steps"));
    };
    let state = core.data(links.cpu_state);
    let state = core.load(types::I8, state, 0);
    let mut branches = Vec::new();
    for &(level, steps) in higher.iter().rev() {
        let has = IntCC::UnsignedGreaterThanOrEqual;
        let has = core.compare_constant(has, state, remembered(level));
        let branch = core.branch(has);
        let steps = core.function(steps, steps_signature());
        let status = core.call(steps, args);
        core.otherwise(&branch, &status);
        branches.push(branch);
    }
    let steps = core.function(*lowest, steps_signature());
    let mut status = core.call(steps, args).to_vec();
    for branch in branches.into_iter().rev() {
        status = core.join(branch, &status);
    }
    Ok(status)
}

/// The signature of the functions that make and end a pool of threads.
pub(crate) fn pool_signature() -> Signature {
    signature(1, POINTER)
}

/// A function that passes its parameters on to another of the same signature.
pub(crate) fn forward(target: u32, signature: Signature) -> Function {
    let (mut core, params) = Core::new(signature.clone());
    let target = core.function(target, signature);
    let results = core.call(target, &params);
    core.finish(&results)
}

/// The functions that make and end a pool in a library without tasks.
pub(crate) fn null() -> Function {
    let (mut core, _) = Core::new(pool_signature());
    let null = core.constant(0);
    core.finish(&[null])
}

/// The function that takes DLTensors: its checks, then the function `target`, which takes the
/// argument struct.
pub(crate) fn run(entry: &EntryInfo, target: u32, links: EntryLinks<'_>) -> Result<Function> {
    let (core, params) = Core::new(signature(5, types::I32));
    let &[read, written, workspace, context, signature] = params.as_slice() else {
        return Err(Refusal("the function for tensors has five parameters"));
    };
    let mut checks = Checks {
        core,
        links,
        count: entry.leaves.len(),
        form: Form::Tensors { read, written },
        workspace,
        context,
        signature,
    };
    checks.all(&of_tensors(entry))?;
    let args = checks.gather(tables_at(entry)?, entry.workspace_bytes)?;
    let mut core = checks.core;
    let target = core.function(target, call_signature());
    let signature = core.constant(entry.signature() as i64);
    let status = core.call(target, &[args, workspace, context, signature]);
    Ok(core.finish(&status))
}

/// Where in the workspace the tables for DLTensors lie, if not on the stack.
fn tables_at(entry: &EntryInfo) -> Result<Option<i64>> {
    let bytes = tables_in_workspace(entry.leaves.len());
    let place = entry.workspace_bytes.checked_sub(bytes);
    let place = place.ok_or(Refusal("the workspace has no room for tables of tensors"))?;
    Ok((bytes > 0).then_some(place as i64))
}

/// The function that returns the address of data.
pub(crate) fn info(data: u32) -> Function {
    let (mut core, _) = Core::new(signature(0, POINTER));
    let address = core.data(data);
    core.finish(&[address])
}

/// The function that looks up the text of a status in a table of pointers.
pub(crate) fn strerror(table: u32) -> Function {
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
}

/// What the caller of an entry passes its tensors as.
#[derive(Clone, Copy)]
enum Form {
    /// The address of the argument struct.
    Arguments(Value),
    /// The addresses of the tables `in` and `out`.
    Tensors { read: Value, written: Value },
}

struct Checks<'s> {
    core: Core,
    links: EntryLinks<'s>,
    /// The number of tensors.
    count: usize,
    form: Form,
    workspace: Value,
    context: Value,
    signature: Value,
}

impl Checks<'_> {
    /// Makes checks in their order. Those of tensors follow one another, and are made at once.
    fn all(&mut self, checks: &[Check]) -> Result<()> {
        let mut before = None;
        for check in checks {
            match (check.is_of_tensor(), before) {
                (true, Some(true)) => {}
                (true, _) => self.tensors()?,
                (false, _) => self.check(check)?,
            }
            before = Some(check.is_of_tensor());
        }
        Ok(())
    }

    fn check(&mut self, check: &Check) -> Result<()> {
        let code = check.status().code();
        let core = &mut self.core;
        match (check, self.form) {
            (Check::ArgumentsPresent, Form::Arguments(args)) => core.return_if_zero(args, code),
            (Check::TablePresent(Table::In), Form::Tensors { read, .. }) => {
                core.return_if_zero(read, code);
            }
            (Check::TablePresent(Table::Out), Form::Tensors { written, .. }) => {
                core.return_if_zero(written, code);
            }
            (Check::WorkspacePresent, _) => core.return_if_zero(self.workspace, code),
            (Check::WorkspaceAligned(align), _) => {
                core.return_unless_aligned(self.workspace, *align, code);
            }
            (Check::Signature(expected), _) => {
                core.return_unless_same(self.signature, *expected, code);
            }
            (Check::ContextComplete(bytes), _) => self.context(*bytes, code),
            (Check::CpuFeatures(_), _) => self.cpu(code),
            // As the argument struct is gathered.
            (Check::Disjoint(_), Form::Tensors { .. }) => {}
            _ => return Err(Refusal("a check is made by the wrong function of an entry")),
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
        let lowest = self
            .links
            .steps
            .first()
            .map_or(Level::V3, |&(level, _)| level);
        let least = remembered(lowest);
        let core = &mut self.core;
        let memory = core.data(self.links.cpu_state);
        let known = core.load(types::I8, memory, 0);
        let is_new = core.compare_constant(IntCC::Equal, known, 0);
        let branch = core.branch(is_new);
        let function = core.function(self.links.cpu, signature(0, types::I32));
        let has = core.call(function, &[]);
        let has = has.first().copied().unwrap_or(known);
        let has = core.unary(Opcode::Ireduce, types::I8, has);
        let one = core.int(types::I8, 1);
        let state = core.binary(Opcode::Iadd, has, one);
        core.store(state, memory, 0);
        core.otherwise(&branch, &[state]);
        let state = core.join(branch, &[known]);
        for state in state {
            let fails = core.compare_constant(IntCC::UnsignedLessThan, state, least);
            core.return_if(fails, code);
        }
    }

    /// Where the library describes the tensors of the entry.
    fn described(&mut self) -> Result<Value> {
        let core = &mut self.core;
        let info = core.data(self.links.info);
        let entries = core.load(POINTER, info, offset_of!(RawInfo, entries) as i32);
        let place = self.links.entry * size_of::<RawEntry>() + offset_of!(RawEntry, tensors);
        let place = i32::try_from(place);
        let place =
            place.map_err(|_| Refusal("a library has more entries than addresses reach"))?;
        Ok(core.load(POINTER, entries, place))
    }

    /// Returns if a tensor is not as the library describes it.
    fn tensors(&mut self) -> Result<()> {
        let (function, passed) = match self.form {
            Form::Arguments(args) => (self.links.checks.arguments, vec![args]),
            Form::Tensors { read, written } => (self.links.checks.tensors, vec![read, written]),
        };
        let mut params = vec![self.described()?, self.core.constant(self.count as i64)];
        params.extend(passed);
        self.call_check(function, &params);
        Ok(())
    }

    /// Calls a function that returns a code, and returns that if it is not 0.
    fn call_check(&mut self, function: u32, params: &[Value]) {
        let core = &mut self.core;
        let function = core.function(function, signature(params.len(), types::I32));
        for code in core.call(function, params) {
            let fails = core.compare_constant(IntCC::NotEqual, code, 0);
            core.return_value_if(fails, code);
        }
    }

    /// Lays out the argument struct of the tensors, on the stack or at this place in the workspace; returns if some
    /// overlap.
    fn gather(&mut self, tables_at: Option<i64>, workspace_bytes: u64) -> Result<Value> {
        let Form::Tensors { read, written } = self.form else {
            return Err(Refusal("an argument struct is gathered from tensors"));
        };
        let args = match tables_at {
            Some(place) => self.core.add_constant(self.workspace, place),
            None => self.core.stack_memory(table_bytes(self.count) as u32),
        };
        let bytes = self.core.constant(workspace_bytes as i64);
        let described = self.described()?;
        let count = self.core.constant(self.count as i64);
        let params = [described, count, read, written, self.workspace, bytes, args];
        self.call_check(self.links.checks.gather, &params);
        Ok(args)
    }
}
