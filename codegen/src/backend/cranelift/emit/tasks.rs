//! Tasks: functions of their own, each given a frame and the number of the task.
//!
//! The function of a thread program stores what its tasks need from outside in the frame: addresses, values, and
//! variables of the loops around. It hands the function of the tasks and the frame to the function that runs them
//! ([`crate::shell::dispatch`]).

use crate::backend::cranelift::core::{Core, POINTER};
use crate::backend::cranelift::emit::kernel::KernelEmitter;
use crate::backend::cranelift::emit::lanes::part_types;
use crate::backend::refusal::{Refusal, Result, signed};
use crate::kernel::{Kernel, Stmt, TaskFrame, VarId};
use crate::target::Target;
use cranelift_codegen::ir::{AbiParam, FuncRef, Function, InstBuilder, Signature, Value};
use cranelift_codegen::isa::CallConv;

/// Bytes of the frame for each address, each part of a value and each variable.
const SLOT: i32 = 16;

/// How the function of a kernel reaches its tasks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TaskLinks {
    /// The number in the module of the function that runs tasks.
    pub(crate) dispatch: u32,
    /// The number of the function of the first tasks; those of the others follow.
    pub(crate) first: u32,
}

/// The tasks of a thread program, in the order of its text.
pub(crate) fn sites(kernel: &Kernel) -> Vec<&Stmt> {
    let mut sites = Vec::new();
    kernel.body.visit(&mut |stmt| {
        if let Stmt::Tasks { .. } = stmt {
            sites.push(stmt);
        }
    });
    sites
}

/// The signature of the function of a task: the frame, the number of the task.
pub(crate) fn task_signature() -> Signature {
    let mut signature = Signature::new(CallConv::SystemV);
    signature.params = vec![AbiParam::new(POINTER); 2];
    signature
}

/// The signature of the function that runs tasks: context, their number, the function of a task, its
/// frame. That of a `parallel_for` is the same, with its own data in place of the context.
pub(crate) fn dispatch_signature() -> Signature {
    let mut signature = Signature::new(CallConv::SystemV);
    signature.params = vec![AbiParam::new(POINTER); 4];
    signature
}

/// The function of the tasks at a position among those of a thread program.
pub(crate) fn emit_task(kernel: &Kernel, target: &Target, number: usize) -> Result<Function> {
    let Some(Stmt::Tasks {
        var, frame, body, ..
    }) = sites(kernel).get(number).copied()
    else {
        return Err(Refusal("a function of tasks that do not exist"));
    };
    let (core, params) = Core::new(task_signature());
    let &[address, task] = params.as_slice() else {
        return Err(Refusal("the function of a task has two parameters"));
    };
    let mut emitter = KernelEmitter::new(kernel, target, core)?;
    emitter.take_frame(frame, address)?;
    emitter.vars.set(var.0, task);
    emitter.region(body)?;
    emitter.finish()
}

impl KernelEmitter<'_> {
    /// Hands tasks out to whoever runs them.
    pub(crate) fn hand_out(&mut self, var: VarId, count: u64, frame: &TaskFrame) -> Result<()> {
        let (Some((sites, links)), Some(context)) = (&self.sites, self.context) else {
            return Err(Refusal("tasks that are handed out by a task"));
        };
        let at = sites.iter().position(|site| site.var() == Some(var));
        let at = at.ok_or(Refusal("tasks without a function"))?;
        let (number, dispatch) = (links.first + at as u32, links.dispatch);
        let frame = self.give_frame(frame)?;
        let core = &mut self.core;
        let tasks = core.constant(signed(count)?);
        let task = core.function(number, task_signature());
        let task = core.function_address(task);
        let dispatch = core.function(dispatch, dispatch_signature());
        core.call(dispatch, &[context, tasks, task, frame]);
        Ok(())
    }

    /// Stores a frame; its address.
    fn give_frame(&mut self, frame: &TaskFrame) -> Result<Value> {
        let mut slots = Vec::new();
        for memory in &frame.memories {
            let address = self.memories.get(memory.index()).copied().flatten();
            slots.push(address.ok_or(Refusal("memory is used where it is not defined"))?);
        }
        slots.extend(self.flat_all(frame.values.iter().copied())?);
        for var in &frame.vars {
            slots.push(self.core.index(&var.to_index(), &self.vars));
        }
        let bytes = u32::try_from(slots.len().max(1)).ok();
        let bytes = bytes.and_then(|slots| slots.checked_mul(SLOT.unsigned_abs()));
        let bytes = bytes.ok_or(Refusal("a frame of 4 GiB and more"))?;
        let address = self.core.stack_memory(bytes);
        for (place, &slot) in (0..).zip(&slots) {
            self.core.store(slot, address, place * SLOT);
        }
        Ok(address)
    }

    /// Defines what is in a frame.
    fn take_frame(&mut self, frame: &TaskFrame, address: Value) -> Result<()> {
        let mut place = 0;
        let mut take = |core: &mut Core, ty| {
            let slot = core.load(ty, address, place);
            place += SLOT;
            slot
        };
        for memory in &frame.memories {
            let address = take(&mut self.core, POINTER);
            if let Some(slot) = self.memories.get_mut(memory.index()) {
                *slot = Some(address);
            }
        }
        for &value in &frame.values {
            let types = part_types(self.kernel.type_of(value))?.into_iter();
            let parts: Vec<Value> = types.map(|ty| take(&mut self.core, ty)).collect();
            self.define_flat(std::iter::once(value), &parts)?;
        }
        for var in &frame.vars {
            let value = take(&mut self.core, POINTER);
            self.vars.set(var.0, value);
        }
        Ok(())
    }
}

impl Core {
    /// The address of a function of the same module.
    fn function_address(&mut self, function: FuncRef) -> Value {
        self.emit(|ins| ins.func_addr(POINTER, function))
    }
}
