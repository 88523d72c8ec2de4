//! Who runs tasks: a pool, the caller's own `parallel_for`, or the calling thread itself.
//!
//! All three run the same code on the same ranges, so that the bits of results do not depend on them.

use crate::backend::cranelift::core::{Advance, Core, POINTER};
use crate::backend::cranelift::emit::tasks::{dispatch_signature, task_signature};
use crate::backend::refusal::{Refusal, Result};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Function, InstBuilder, Signature, Value};
use lgc_abi::layout::RawCtx;
use std::mem::offset_of;

/// The function that runs tasks as the context wants them to be run.
pub(crate) fn dispatch() -> Result<Function> {
    let (mut core, params) = Core::new(dispatch_signature());
    let &[context, tasks, task, frame] = params.as_slice() else {
        return Err(Refusal("the function that runs tasks has four parameters"));
    };
    let zero = core.constant(0);
    // Whom to call, and with what in place of the context.
    let given = core.compare_constant(IntCC::NotEqual, context, 0);
    let with_context = core.branch(given);
    let size = core.load(POINTER, context, offset_of!(RawCtx, struct_size) as i32);
    let needed = size_of::<RawCtx>() as i64;
    let is_whole = core.compare_constant(IntCC::UnsignedGreaterThanOrEqual, size, needed);
    let whole = core.branch(is_whole);
    let function = core.load(POINTER, context, offset_of!(RawCtx, parallel_for) as i32);
    let has_function = core.compare_constant(IntCC::NotEqual, function, 0);
    let chosen = core.branch(has_function);
    let data = core.load(POINTER, context, offset_of!(RawCtx, data) as i32);
    core.otherwise(&chosen, &[function, data]);
    let pool = core.load(POINTER, context, offset_of!(RawCtx, pool) as i32);
    let has_pool = core.compare_constant(IntCC::NotEqual, pool, 0);
    let pooled = core.branch(has_pool);
    // A pool begins with the function that runs tasks on it.
    let run = core.load(POINTER, pool, 0);
    core.otherwise(&pooled, &[run, pool]);
    let runner = core.join(pooled, &[zero, zero]);
    let runner = core.join(chosen, &runner);
    core.otherwise(&whole, &runner);
    let runner = core.join(whole, &[zero, zero]);
    core.otherwise(&with_context, &runner);
    let runner = core.join(with_context, &[zero, zero]);
    let &[function, data] = runner.as_slice() else {
        return Err(Refusal("a branch yields another number of values"));
    };
    let is_parallel = core.compare_constant(IntCC::NotEqual, function, 0);
    let branch = core.branch(is_parallel);
    core.call_address(dispatch_signature(), function, &[data, tasks, task, frame]);
    core.otherwise(&branch, &[]);
    let open = core.begin_loop(zero, Vec::new());
    core.call_address(task_signature(), task, &[frame, open.point]);
    let advance = Advance {
        step: 1,
        bound: tasks,
        runs: None,
    };
    core.end_loop(open, advance, &[]);
    core.join(branch, &[]);
    Ok(core.finish(&[]))
}

impl Core {
    /// Calls the function at an address.
    fn call_address(&mut self, signature: Signature, function: Value, args: &[Value]) {
        let signature = self.func.import_signature(signature);
        self.emit(|ins| ins.call_indirect(signature, function, args));
    }
}
