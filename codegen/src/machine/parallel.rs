//! Parallel loops as tasks.
//!
//! A parallel loop that is worth it, outside every other loop, becomes a function of its own: it runs
//! one *task*, a range of iterations that follows from the task's number and from shapes. So does the
//! loop over the chunks of a fold. The function of the kernel stores what the loop needs from outside
//! (addresses and values) in its frame, and hands function and frame to whoever runs tasks: a pool, the
//! caller's own `parallel_for`, or the calling thread itself. All three run the same code on the same
//! ranges, so that the bits of results do not depend on them.

use crate::backend::cranelift::core::{Advance, Core, POINTER};
use crate::kernel::{Directive, Fold, IdVisitor, Kernel, MemId, Op, Region, Stmt, ValueId, VarId};
use crate::machine::fold::{Store, part_types};
use crate::machine::kernel::{KernelEmitter, Vector};
use crate::machine::refusal::{Refusal, Result, signed};
use crate::target::{Costs, Target};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{AbiParam, FuncRef, Function, InstBuilder, Opcode, Signature, Value};
use cranelift_codegen::isa::CallConv;
use lgc_abi::layout::RawCtx;
use lgc_ir::index::{Guard, Index};
use rustc_hash::FxHashSet;
use std::mem::offset_of;

/// Bytes of the frame for each part of a value, and for each address.
const SLOT: i32 = 16;

/// A loop of a kernel that runs as tasks.
#[derive(Clone, Debug)]
pub(crate) struct Site<'k> {
    pub(crate) var: VarId,
    shape: Tasks<'k>,
    /// What is computed before it from nothing but one another: computed again by each task.
    constants: Vec<(ValueId, &'k Op)>,
    /// The memories and values that come from outside.
    memories: Vec<MemId>,
    values: Vec<ValueId>,
}

/// How a loop is cut into tasks.
#[derive(Clone, Debug)]
enum Tasks<'k> {
    /// Blocks of the iterations of a parallel loop, for every point of the loops around it.
    Par {
        outer: Vec<(VarId, u64)>,
        var: VarId,
        extent: u64,
        block: u64,
        body: &'k Region,
    },
    /// Blocks of the chunks of a fold.
    Fold { fold: &'k Fold, block: u64 },
}

impl Tasks<'_> {
    fn count(&self) -> u64 {
        match self {
            Tasks::Par {
                outer,
                extent,
                block,
                ..
            } => points(outer).saturating_mul(extent.div_ceil(*block)),
            Tasks::Fold { fold, block } => fold.chunks().div_ceil(*block),
        }
    }
}

fn points(loops: &[(VarId, u64)]) -> u64 {
    loops
        .iter()
        .fold(1, |points, &(_, extent)| points.saturating_mul(extent))
}

/// The loops of a legal kernel that run as tasks, in the order of the kernel.
pub(crate) fn sites<'k>(kernel: &'k Kernel, costs: &Costs) -> Vec<Site<'k>> {
    let mut sites = Vec::new();
    let mut constants = Constants::default();
    let looked = (kernel, costs);
    find_sites(looked, &kernel.body, &mut constants, &mut sites);
    sites
}

/// Values that are computed from nothing but one another.
#[derive(Default)]
struct Constants<'k> {
    stmts: Vec<(ValueId, &'k Op)>,
    values: FxHashSet<ValueId>,
}

/// Looks outside loops only: there no index variable is in scope.
fn find_sites<'k>(
    (kernel, costs): (&'k Kernel, &Costs),
    region: &'k Region,
    constants: &mut Constants<'k>,
    sites: &mut Vec<Site<'k>>,
) {
    for stmt in &region.stmts {
        match stmt {
            Stmt::Par { var, .. } => {
                sites
                    .extend(par_tasks(kernel, costs, stmt).map(|t| site(*var, stmt, t, constants)));
            }
            Stmt::Fold(fold) => {
                let tasks = fold_tasks(costs, fold).filter(|_| !has_faults(stmt));
                sites.extend(tasks.map(|t| site(fold.var, stmt, t, constants)));
            }
            Stmt::Let { body, .. } => find_sites((kernel, costs), body, constants, sites),
            Stmt::If {
                then, otherwise, ..
            } => {
                find_sites((kernel, costs), then, constants, sites);
                find_sites((kernel, costs), otherwise, constants, sites);
            }
            Stmt::Compute { result, op } => {
                if op.operands().iter().all(|x| constants.values.contains(x)) {
                    constants.stmts.push((*result, op));
                    constants.values.insert(*result);
                }
            }
            Stmt::Tasks { .. } | Stmt::For { .. } | Stmt::Load { .. } | Stmt::Store { .. } => {}
        }
    }
}

/// How a parallel loop is cut into tasks, if it is worth two.
fn par_tasks<'k>(kernel: &Kernel, costs: &Costs, stmt: &'k Stmt) -> Option<Tasks<'k>> {
    let mut outer = Vec::new();
    let mut inner = stmt;
    loop {
        let Stmt::Par {
            var,
            extent,
            grain,
            body,
        } = inner
        else {
            return None;
        };
        let points = points(&outer);
        if let [next @ Stmt::Par { .. }] = body.stmts.as_slice()
            && *grain == 1
            && points.saturating_mul(*extent) < costs.enough_tasks
        {
            outer.push((*var, *extent));
            inner = next;
            continue;
        }
        let pace = pace(kernel, *var);
        let block = extent
            .saturating_mul(points)
            .div_ceil(costs.max_tasks)
            .max(*grain)
            .min(*extent)
            .max(1)
            .next_multiple_of(pace);
        let tasks = Tasks::Par {
            outer,
            var: *var,
            extent: *extent,
            block,
            body,
        };
        return (*extent > 0 && tasks.count() >= 2 && !has_faults(stmt)).then_some(tasks);
    }
}

/// The iterations that the emitted loop takes at once: blocks are multiples, so that only the last one
/// has a tail.
fn pace(kernel: &Kernel, var: VarId) -> u64 {
    kernel
        .schedule
        .iter()
        .fold(1, |pace, directive| match directive {
            Directive::Vec(other, count) if *other == var => pace * u64::from((*count).max(1)),
            Directive::Vec(..) => pace,
        })
}

/// How the chunks of a fold are shared out: a power of two of them to a task, so that it computes a
/// subtree of the tree in which they merge.
fn fold_tasks<'k>(costs: &Costs, fold: &'k Fold) -> Option<Tasks<'k>> {
    let chunk = fold.chunk.saturating_mul(turns(&fold.body));
    let enough = costs.fold_task.div_ceil(chunk.max(1));
    let few = fold.chunks().div_ceil(costs.max_tasks);
    let block = enough.max(few).max(1).checked_next_power_of_two()?;
    let tasks = Tasks::Fold { fold, block };
    (fold.chunks() > 1 && fold.extent > 0 && tasks.count() >= costs.fold_tasks).then_some(tasks)
}

/// How often the innermost statements of a region run.
fn turns(region: &Region) -> u64 {
    let inside = |stmt: &Stmt| {
        let extent = match stmt {
            Stmt::Par { extent, .. } | Stmt::Tasks { count: extent, .. } => *extent,
            Stmt::Fold(fold) => fold.extent,
            Stmt::For { range, .. } => match (range.low.as_constant(), range.high.as_constant()) {
                (Some(low), Some(high)) => {
                    let length = high.saturating_sub(low).max(0).unsigned_abs();
                    length / range.step.unsigned_abs().max(1)
                }
                (_, _) => 1,
            },
            Stmt::If { .. } | Stmt::Let { .. } => 1,
            Stmt::Compute { .. } | Stmt::Load { .. } | Stmt::Store { .. } => return 0,
        };
        stmt.regions()
            .map(turns)
            .max()
            .unwrap_or(1)
            .saturating_mul(extent)
    };
    region
        .stmts
        .iter()
        .map(inside)
        .fold(0, u64::saturating_add)
        .max(1)
}

/// Whether a statement records faults, which its iterations share.
fn has_faults(stmt: &Stmt) -> bool {
    let mut found = false;
    let mut look = |stmt: &Stmt| {
        found |= stmt.access().is_some_and(|access| access.fault.is_some());
    };
    for region in stmt.regions() {
        region.visit(&mut look);
    }
    found
}

/// What a statement mentions.
#[derive(Default)]
struct Mentioned {
    values: Vec<ValueId>,
    memories: Vec<MemId>,
}

impl IdVisitor for Mentioned {
    fn value(&mut self, value: &mut ValueId) {
        self.values.push(*value);
    }
    fn var(&mut self, _: &mut VarId) {}
    fn memory(&mut self, memory: &mut MemId) {
        self.memories.push(*memory);
    }
    fn index(&mut self, _: &mut Index) {}
    fn guard(&mut self, _: &mut Guard) {}
}

fn site<'k>(var: VarId, stmt: &'k Stmt, shape: Tasks<'k>, constants: &Constants<'k>) -> Site<'k> {
    let mut mentioned = Mentioned::default();
    stmt.clone().visit_ids(&mut mentioned);
    let (mut values, mut memories) = (FxHashSet::default(), FxHashSet::default());
    let inside = Region {
        stmts: vec![stmt.clone()],
    };
    inside.visit(&mut |stmt| own(stmt, &mut values, &mut memories));
    values.extend(&constants.values);
    mentioned.values.retain(|value| values.insert(*value));
    mentioned.memories.retain(|memory| memories.insert(*memory));
    Site {
        var,
        shape,
        constants: constants.stmts.clone(),
        memories: mentioned.memories,
        values: mentioned.values,
    }
}

/// Adds what a statement defines.
fn own(stmt: &Stmt, values: &mut FxHashSet<ValueId>, memories: &mut FxHashSet<MemId>) {
    match stmt {
        Stmt::For { carried, .. } => {
            values.extend(carried.iter().flat_map(|c| [c.state, c.result]));
        }
        Stmt::Fold(fold) => {
            let states = fold.states.iter();
            values.extend(states.flat_map(|s| [s.state, s.left, s.right, s.result]));
        }
        Stmt::If { joins, .. } => values.extend(joins.iter().map(|join| join.result)),
        Stmt::Compute { result, .. } | Stmt::Load { result, .. } => {
            values.insert(*result);
        }
        Stmt::Let { memory, .. } => {
            memories.insert(*memory);
        }
        Stmt::Par { .. } | Stmt::Tasks { .. } | Stmt::Store { .. } => {}
    }
}

// ------------------------------------------------------------------------------------- functions

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

/// How the function of a kernel reaches its tasks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TaskLinks {
    /// The number in the module of the function that runs tasks.
    pub(crate) dispatch: u32,
    /// The number of the function of the first site; those of the others follow.
    pub(crate) first: u32,
}

/// The function of the tasks of a site.
pub(crate) fn emit_task<'k>(
    kernel: &'k Kernel,
    target: &'k Target,
    site: &Site<'k>,
) -> Result<Function> {
    let (core, params) = Core::new(task_signature());
    let &[frame, task] = params.as_slice() else {
        return Err(Refusal("the function of a task has two parameters"));
    };
    let mut emitter = KernelEmitter::new(kernel, target, core)?;
    for &(result, op) in &site.constants {
        emitter.compute(result, op)?;
    }
    let mut place = 0;
    emitter.take_frame(site, frame, &mut place);
    match &site.shape {
        Tasks::Par {
            outer,
            var,
            extent,
            block,
            body,
        } => {
            let number = emitter.outer_points(outer, extent.div_ceil(*block), task, site);
            emitter.par_block(*var, (*extent, *block), number, body)?;
        }
        Tasks::Fold { fold, block } => {
            let chunks = emitter.taken_states(fold, frame, &mut place);
            emitter.chunk_block(fold, &chunks, *block, task)?;
        }
    }
    emitter.finish()
}

impl<'k> KernelEmitter<'k> {
    /// Hands the tasks of a parallel loop out, if it is such a loop.
    pub(crate) fn launch_par(&mut self, var: VarId) -> Result<bool> {
        let Some((site, number)) = self.site(var) else {
            return Ok(false);
        };
        let frame = self.give_frame(&site, &[])?;
        self.dispatch(&site, number, frame)?;
        Ok(true)
    }

    /// Hands the chunks of a fold out; each task stores the state that its chunks come to.
    pub(crate) fn launch_fold(&mut self, fold: &Fold, chunks: &Store) -> Result<()> {
        let Some((site, number)) = self.site(fold.var) else {
            return Err(Refusal("a fold without tasks is handed out"));
        };
        let addresses: Vec<Value> = chunks.components.iter().map(|&(base, _, _)| base).collect();
        let frame = self.give_frame(&site, &addresses)?;
        self.dispatch(&site, number, frame)
    }

    /// The number of tasks that the chunks of a fold are, if they are handed out.
    pub(crate) fn tasks_of_fold(&self, fold: &Fold) -> Option<u32> {
        let (site, _) = self.site(fold.var)?;
        u32::try_from(site.shape.count()).ok()
    }

    fn site(&self, var: VarId) -> Option<(Site<'k>, u32)> {
        let (sites, links) = self.sites.as_ref()?;
        let at = sites.iter().position(|site| site.var == var)?;
        Some((sites[at].clone(), links.first + at as u32))
    }

    fn dispatch(&mut self, site: &Site<'_>, number: u32, frame: Value) -> Result<()> {
        let (Some((_, links)), Some(context)) = (&self.sites, self.context) else {
            return Err(Refusal("a kernel with tasks has no context"));
        };
        let dispatch = links.dispatch;
        let count = signed(site.shape.count())?;
        let core = &mut self.core;
        let tasks = core.constant(count);
        let task = core.function(number, task_signature());
        let task = core.function_address(task);
        let dispatch = core.function(dispatch, dispatch_signature());
        core.call(dispatch, &[context, tasks, task, frame]);
        Ok(())
    }

    /// Stores what a site needs, and more addresses after it; the address of all that.
    fn give_frame(&mut self, site: &Site<'_>, more: &[Value]) -> Result<Value> {
        let mut slots = Vec::new();
        for memory in &site.memories {
            let address = self.memories.get(memory.index()).copied().flatten();
            slots.push(address.ok_or(Refusal("memory is used where it is not defined"))?);
        }
        slots.extend(self.flat_all(site.values.iter().copied())?);
        slots.extend(more);
        let bytes = u32::try_from(slots.len().max(1)).ok();
        let bytes = bytes.and_then(|slots| slots.checked_mul(SLOT.unsigned_abs()));
        let bytes = bytes.ok_or(Refusal("a frame of 4 GiB and more"))?;
        let frame = self.core.stack_memory(bytes);
        for (place, &slot) in slots.iter().enumerate() {
            self.core.store(slot, frame, place as i32 * SLOT);
        }
        Ok(frame)
    }

    /// Defines what a site needs from where [`Self::give_frame`] stored it.
    fn take_frame(&mut self, site: &Site<'_>, frame: Value, place: &mut i32) {
        for memory in &site.memories {
            let address = self.core.load(POINTER, frame, *place);
            *place += SLOT;
            if let Some(slot) = self.memories.get_mut(memory.index()) {
                *slot = Some(address);
            }
        }
        for &value in &site.values {
            let mut parts = Vec::new();
            for ty in part_types(self.kernel.type_of(value)) {
                parts.push(self.core.load(ty, frame, *place));
                *place += SLOT;
            }
            self.define_flat(std::iter::once(value), &parts);
        }
    }

    /// The arrays of states that [`Self::launch_fold`] added to the frame.
    fn taken_states(&mut self, fold: &Fold, frame: Value, place: &mut i32) -> Store {
        let mut components = Vec::new();
        for (ty, bytes) in self.state_sizes(fold) {
            components.push((self.core.load(POINTER, frame, *place), ty, bytes));
            *place += SLOT;
        }
        Store { components }
    }

    /// Sets the variables of the outer loops of a task; the number of its block.
    fn outer_points(
        &mut self,
        outer: &[(VarId, u64)],
        blocks: u64,
        task: Value,
        site: &Site<'_>,
    ) -> Value {
        let mut count = site.shape.count() as i64;
        let (mut rest, block) = self.divided(task, count, blocks as i64);
        count /= blocks.max(1) as i64;
        for &(var, extent) in outer.iter().rev() {
            let (next, point) = self.divided(rest, count, extent as i64);
            count /= extent.max(1) as i64;
            self.vars.set(var.0, point, (0, extent as i64));
            rest = next;
        }
        block
    }

    /// Quotient and remainder of a value in `0..count`.
    fn divided(&mut self, value: Value, count: i64, divisor: i64) -> (Value, Value) {
        let zero = self.core.constant(0);
        if divisor <= 1 {
            return (value, zero);
        }
        if divisor >= count {
            return (zero, value);
        }
        let quotient = self.core.floor_divide(value, (0, count), divisor);
        let product = self.core.multiply_constant(quotient, divisor);
        let remainder = self.core.binary(Opcode::Isub, value, product);
        (quotient, remainder)
    }

    /// The iterations of a block of a parallel loop.
    fn par_block(
        &mut self,
        var: VarId,
        (extent, block): (u64, u64),
        number: Value,
        body: &'k Region,
    ) -> Result<()> {
        let bounds = (0, signed(extent)?);
        let size = block as i64;
        let start = self.core.multiply_constant(number, size);
        let mut end = self.core.add_constant(start, size);
        let is_even = extent.is_multiple_of(block);
        if !is_even {
            let last = self.core.constant(bounds.1);
            end = self.core.binary(Opcode::Smin, end, last);
        }
        // Loops that are not vectorised take one iteration at a time.
        let width = i64::from(self.vector_width(var, body).unwrap_or(1));
        let repeated = 1;
        let mut start = start;
        let mut paces = vec![(width, repeated), (width, 1), (1, 1)];
        paces.dedup();
        for (width, repeated) in paces {
            let step = width * repeated;
            let middle = if step == 1 {
                end
            } else {
                let count = self.core.binary(Opcode::Isub, end, start);
                let rounds = self.core.floor_divide(count, (0, size + 1), step);
                let taken = self.core.multiply_constant(rounds, step);
                self.core.add(start, taken)
            };
            // Blocks are multiples of what the loop takes at once.
            let is_aligned = size % step == 0;
            self.stretch(
                var,
                bounds,
                (start, middle),
                (width, repeated, is_aligned),
                body,
            )?;
            if bounds.1 % step == 0 && size % step == 0 {
                break;
            }
            start = middle;
        }
        Ok(())
    }

    /// A loop over points between two values, `width` iterations at once, the body `repeated`.
    fn stretch(
        &mut self,
        var: VarId,
        bounds: (i64, i64),
        (start, end): (Value, Value),
        (width, repeated, is_aligned): (i64, i64, bool),
        body: &'k Region,
    ) -> Result<()> {
        let open = self.core.begin_loop(start, Vec::new());
        self.vector = (width > 1).then_some(Vector {
            var: var.0,
            width: width as u32,
            is_aligned,
        });
        for repetition in 0..repeated {
            let point = (open.point, repetition * width);
            self.vars.set_shifted(var.0, point, bounds);
            self.region(body)?;
        }
        self.vector = None;
        let advance = Advance {
            step: width * repeated,
            bound: end,
            runs: None,
        };
        self.core.end_loop(open, advance, &[]);
        Ok(())
    }

    /// A block of the chunks of a fold.
    fn chunk_block(
        &mut self,
        fold: &'k Fold,
        states: &Store,
        block: u64,
        task: Value,
    ) -> Result<()> {
        let start = self.core.multiply_constant(task, block as i64);
        let end = self.core.add_constant(start, block as i64);
        let last = self.core.constant(fold.chunks() as i64);
        let end = self.core.binary(Opcode::Smin, end, last);
        let parts = self.fold_chunks(fold, start, end, block)?;
        self.put(states, task, &parts);
        Ok(())
    }
}

impl Core {
    /// Calls the function at an address.
    fn call_address(&mut self, signature: Signature, function: Value, args: &[Value]) {
        let signature = self.func.import_signature(signature);
        self.emit(|ins| ins.call_indirect(signature, function, args));
    }

    /// The address of a function of the same module.
    fn function_address(&mut self, function: FuncRef) -> Value {
        self.emit(|ins| ins.func_addr(POINTER, function))
    }
}
