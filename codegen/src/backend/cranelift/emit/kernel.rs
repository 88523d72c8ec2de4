//! A thread program as a function of its parameters' addresses.
//!
//! Statements are emitted in order; a loop of one iteration is none. Nothing is read or written that the program does
//! not read or write.

use crate::backend::cranelift::core::{Advance, Core, POINTER};
use crate::backend::cranelift::emit::index::Variables;
use crate::backend::cranelift::emit::lanes::{Lanes, Parts, count_of, cuts, native_unit};
use crate::backend::cranelift::emit::tasks::{TaskLinks, sites};
use crate::backend::cranelift::isa::OPERATIONS;
use crate::backend::refusal::{Refusal, Result};
use crate::kernel::{
    Carried, Condition, ForRange, Join, Kernel, MemId, Op, Region, SourceLine, Stmt, ValueId, VarId,
};
use crate::target::Target;
use crate::threads::ranges;
use cranelift_codegen::ir::{AbiParam, Function, Opcode, Signature, Value};
use cranelift_codegen::isa::CallConv;
use lgc_ir::dtype::DType;
use lgc_ir::index::{Index, UNKNOWN};

/// The variable that stands for the lane of a vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lane(u32);

impl Lane {
    /// An index in a lane.
    pub(crate) fn at(self, index: &Index, lane: u32) -> Index {
        let lane = Index::constant(i64::from(lane));
        index.replace(&mut |var| (var == self.0).then(|| lane.clone()))
    }

    /// Whether an index differs from lane to lane.
    pub(crate) fn moves(self, index: &Index) -> bool {
        index.mentions(self.0)
    }

    /// How far an index moves from lane to lane, if the same everywhere.
    pub(crate) fn step(self, index: &Index) -> Option<i64> {
        let step = index.coefficient(self.0);
        let rest = index.sub(&Index::var(self.0).scale(step));
        (!rest.mentions(self.0)).then_some(step)
    }
}

/// A kernel being emitted.
pub(crate) struct KernelEmitter<'k> {
    pub(crate) kernel: &'k Kernel,
    pub(crate) target: &'k Target,
    pub(crate) core: Core,
    pub(crate) vars: Variables,
    /// The address of each memory.
    pub(crate) memories: Vec<Option<Value>>,
    /// The elements of each value, where it is in scope.
    values: Vec<Option<Lanes>>,
    /// The operation that defines each value, where one does.
    definitions: Vec<Option<&'k Op>>,
    /// Values that only accesses use, element by element.
    pub(crate) apart: Vec<bool>,
    /// Tasks, and what reaches them, unless this is the function of one.
    pub(crate) sites: Option<(Vec<&'k Stmt>, TaskLinks)>,
    /// The address of the context, if there are tasks.
    pub(crate) context: Option<Value>,
    /// The lines of the kernel; what instructions come from is a position here.
    lines: Vec<SourceLine>,
}

/// The signature of the function of a thread program: an address for each parameter; then, if it has tasks, that of
/// the context.
pub(crate) fn signature(kernel: &Kernel, is_parallel: bool) -> Signature {
    let mut signature = Signature::new(CallConv::SystemV);
    let count = kernel.params().count() + usize::from(is_parallel);
    signature.params = vec![AbiParam::new(POINTER); count];
    signature
}

/// The function of a thread program for a processor. `links` is `None` if it has no tasks.
pub(crate) fn emit(kernel: &Kernel, target: &Target, links: Option<TaskLinks>) -> Result<Function> {
    let (core, params) = Core::new(signature(kernel, links.is_some()));
    let mut emitter = KernelEmitter::new(kernel, target, core)?;
    for ((id, _, _), &address) in kernel.params().zip(&params) {
        emitter.memories[id.index()] = Some(address);
    }
    if let Some(links) = links {
        emitter.sites = Some((sites(kernel), links));
        emitter.context = params.last().copied();
    }
    emitter.region(&kernel.body)?;
    emitter.finish()
}

fn definitions(kernel: &Kernel) -> Vec<Option<&Op>> {
    let mut definitions = vec![None; kernel.values.len()];
    kernel.body.visit(&mut |stmt| {
        if let Stmt::Compute { result, op } = stmt
            && let Some(definition) = definitions.get_mut(result.index())
        {
            *definition = Some(op);
        }
    });
    definitions
}

/// Values of which every use is in an access, which takes subscripts and masks element by element.
fn used_apart(kernel: &Kernel) -> Vec<bool> {
    let mut apart = vec![true; kernel.values.len()];
    let mut together = |value: ValueId| {
        if let Some(apart) = apart.get_mut(value.index()) {
            *apart = false;
        }
    };
    let mut widened = Vec::new();
    kernel.body.visit(&mut |stmt| match stmt {
        Stmt::Compute { result, op } => match op {
            // A half is an f32 already: it is used as that is.
            Op::Cast(DType::F32, x) if kernel.type_of(*x).dtype.half().is_some() => {
                widened.push((*x, *result));
            }
            Op::Const(..)
            | Op::Index(..)
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
            | Op::Mma(..) => op.operands().into_iter().for_each(&mut together),
        },
        Stmt::Store { value, .. } => together(*value),
        Stmt::For { carried, .. } => {
            for carried in carried {
                together(carried.init);
                together(carried.next);
            }
        }
        Stmt::Fold(fold) => {
            for state in &fold.states {
                together(state.init);
                together(state.next);
                together(state.merged);
            }
        }
        Stmt::If { joins, .. } => {
            for join in joins {
                together(join.then);
                together(join.otherwise);
            }
        }
        Stmt::Par { .. } | Stmt::Tasks { .. } | Stmt::Let { .. } | Stmt::Load { .. } => {}
    });
    for (half, single) in widened {
        let single = apart.get(single.index()).copied().unwrap_or(false);
        if let Some(apart) = apart.get_mut(half.index()) {
            *apart &= single;
        }
    }
    apart
}

impl<'k> KernelEmitter<'k> {
    /// A kernel of which nothing is in scope yet.
    ///
    /// # Errors
    /// If it is legal for a processor that has operations which instructions do not have.
    pub(crate) fn new(kernel: &'k Kernel, target: &'k Target, core: Core) -> Result<Self> {
        if target.operations != OPERATIONS {
            return Err(Refusal("a kernel that is legal for another processor"));
        }
        Ok(KernelEmitter {
            kernel,
            target,
            core,
            vars: Variables::new(ranges(kernel)),
            memories: vec![None; kernel.memories.len()],
            values: vec![None; kernel.values.len()],
            definitions: definitions(kernel),
            apart: used_apart(kernel),
            sites: None,
            context: None,
            lines: kernel.lines.distinct(),
        })
    }

    /// Ends the function.
    pub(crate) fn finish(self) -> Result<Function> {
        if self.core.stack_bytes() > self.target.stack_bytes {
            return Err(Refusal(
                "local buffers exceed the stack that kernels may take",
            ));
        }
        Ok(self.core.finish(&[]))
    }

    // ---------------------------------------------------------------------------------- values

    /// The variable that stands for the lane, in a vector of that many. If the kernel declares none, one that nothing
    /// mentions.
    pub(crate) fn lane(&mut self, count: u32) -> Lane {
        let var = self.kernel.lane.map_or(self.kernel.vars, |lane| lane.0);
        self.vars.bound(var, (0, i64::from(count)));
        Lane(var)
    }

    /// The elements of a value.
    pub(crate) fn lanes(&self, value: ValueId) -> Result<Lanes> {
        let lanes = self.values.get(value.index()).cloned().flatten();
        lanes.ok_or(Refusal("a value is used where it is not defined"))
    }

    /// The single element of a scalar.
    pub(crate) fn scalar(&self, value: ValueId) -> Result<Value> {
        match self.lanes(value)? {
            Lanes::Uniform(x) => Ok(x),
            Lanes::Parts { parts, .. } if parts.len() == 1 => Ok(parts[0]),
            Lanes::Memory(_) | Lanes::Parts { .. } => Err(Refusal(
                "a scalar is expected where there are more elements",
            )),
        }
    }

    /// Defines a value.
    pub(crate) fn define(&mut self, value: ValueId, lanes: Lanes) {
        if let Some(slot) = self.values.get_mut(value.index()) {
            *slot = Some(lanes);
        }
    }

    /// The operation that defines a value.
    pub(crate) fn definition(&self, value: ValueId) -> Option<&'k Op> {
        self.definitions.get(value.index()).copied().flatten()
    }

    /// The parts of a value in the layout that block parameters have.
    pub(crate) fn flat(&mut self, value: ValueId) -> Result<Parts> {
        let ty = self.kernel.type_of(value);
        let lanes = self.lanes(value)?;
        let (count, unit) = (count_of(ty.form)?, native_unit(ty.dtype));
        Ok(self.core.parts(ty.dtype, count, &lanes, unit))
    }

    /// The parts of several values, one after the other.
    pub(crate) fn flat_all(&mut self, values: impl Iterator<Item = ValueId>) -> Result<Vec<Value>> {
        let mut all = Vec::new();
        for value in values {
            all.extend(self.flat(value)?);
        }
        Ok(all)
    }

    /// Defines several values from their parts, one after the other.
    pub(crate) fn define_flat(
        &mut self,
        values: impl Iterator<Item = ValueId>,
        parts: &[Value],
    ) -> Result<()> {
        let mut rest = parts;
        for value in values {
            let ty = self.kernel.type_of(value);
            let (count, unit) = (count_of(ty.form)?, native_unit(ty.dtype));
            let parts = cuts(count, unit).count();
            let (own, others) = rest.split_at(parts.min(rest.len()));
            rest = others;
            let lanes = match own {
                [x] if count == 1 => Lanes::Uniform(*x),
                _ => Lanes::Parts {
                    unit,
                    parts: own.into(),
                },
            };
            self.define(value, lanes);
        }
        Ok(())
    }

    // ------------------------------------------------------------------------------ statements

    /// Emits the statements of a region.
    pub(crate) fn region(&mut self, region: &'k Region) -> Result<()> {
        for stmt in &region.stmts {
            self.stmt(stmt)?;
        }
        Ok(())
    }

    fn stmt(&mut self, stmt: &'k Stmt) -> Result<()> {
        if let Some(line) = self.kernel.line_of(stmt)
            && let Ok(at) = self.lines.binary_search(&line)
        {
            self.core.set_origin(at as u32);
        }
        match stmt {
            Stmt::Par { .. } => Err(Refusal("a parallel loop that is neither tasks nor a loop")),
            Stmt::For {
                var,
                range,
                carried,
                body,
            } => self.for_loop(*var, range, carried, body),
            Stmt::Tasks {
                var, count, frame, ..
            } => self.hand_out(*var, *count, frame),
            Stmt::Fold(_) => Err(Refusal("a fold that is no loop")),
            Stmt::If {
                condition,
                then,
                otherwise,
                joins,
            } => self.branch(condition, then, otherwise, joins),
            Stmt::Let { memory, body } => {
                self.allocate(*memory)?;
                self.region(body)
            }
            Stmt::Compute { result, op } => self.compute(*result, op),
            Stmt::Load {
                result,
                access,
                otherwise,
            } => self.load(*result, access, *otherwise),
            Stmt::Store { access, value } => self.store(access, *value),
        }
    }

    fn allocate(&mut self, memory: MemId) -> Result<()> {
        if let Some(local) = self.kernel.memories.get(memory.index()) {
            let bytes = u32::try_from(local.ty.bytes().max(1).next_multiple_of(16));
            let bytes = bytes.map_err(|_| Refusal("a local buffer of 4 GiB and more"))?;
            let address = self.core.stack_memory(bytes);
            self.memories[memory.index()] = Some(address);
        }
        Ok(())
    }

    fn branch(
        &mut self,
        condition: &Condition,
        then: &'k Region,
        otherwise: &'k Region,
        joins: &[Join],
    ) -> Result<()> {
        let holds = match condition {
            Condition::Guard(guard) => self.core.guard(guard, &self.vars),
            Condition::Mask(mask) => Some(self.scalar(*mask)?),
        };
        let Some(holds) = holds else {
            self.region(then)?;
            let parts = self.flat_all(joins.iter().map(|join| join.then))?;
            return self.define_flat(joins.iter().map(|join| join.result), &parts);
        };
        let branch = self.core.branch(holds);
        self.region(then)?;
        let parts = self.flat_all(joins.iter().map(|join| join.then))?;
        self.core.otherwise(&branch, &parts);
        self.region(otherwise)?;
        let parts = self.flat_all(joins.iter().map(|join| join.otherwise))?;
        let parts = self.core.join(branch, &parts);
        self.define_flat(joins.iter().map(|join| join.result), &parts)
    }

    // ----------------------------------------------------------------------------------- loops

    fn for_loop(
        &mut self,
        var: VarId,
        range: &ForRange,
        carried: &[Carried],
        body: &'k Region,
    ) -> Result<()> {
        let mut values = self.flat_all(carried.iter().map(|carried| carried.init))?;
        if self.is_single(range) {
            let point = self.core.index(&range.low, &self.vars);
            self.vars.set(var.0, point);
            values = self.iteration(carried, &values, body)?;
        } else if !matches!(range.known(), Some((low, high, _)) if low >= high) {
            let (start, advance) = self.advance(range)?;
            let open = self.core.begin_loop(start, values);
            self.vars.set(var.0, open.point);
            let next = self.iteration(carried, &open.states.clone(), body)?;
            values = self.core.end_loop(open, advance, &next);
        }
        self.define_flat(carried.iter().map(|carried| carried.result), &values)
    }

    /// The number of points between both ends of a range, if it is always the same.
    fn length(range: &ForRange) -> Option<i64> {
        range.high.sub(&range.low).as_constant()
    }

    /// Whether a range always begins before its further ends.
    fn begins(&self, range: &ForRange) -> bool {
        let (_, end) = range.low.range(&self.vars.bounds);
        range.until.is_none()
            && range
                .below
                .is_none_or(|below| end.saturating_sub(1) < below)
    }

    /// Whether a loop always has one iteration.
    fn is_single(&self, range: &ForRange) -> bool {
        let size = range.step.saturating_abs();
        Self::length(range).is_some_and(|length| 0 < length && length <= size) && self.begins(range)
    }

    /// Emits the body of a loop once, given the parts of the states; the parts of the next ones.
    fn iteration(
        &mut self,
        carried: &[Carried],
        states: &[Value],
        body: &'k Region,
    ) -> Result<Vec<Value>> {
        self.define_flat(carried.iter().map(|carried| carried.state), states)?;
        self.region(body)?;
        self.flat_all(carried.iter().map(|carried| carried.next))
    }

    /// Where a loop starts and how it goes on.
    fn advance(&mut self, range: &ForRange) -> Result<(Value, Advance)> {
        let first = self.core.index(&range.low, &self.vars);
        let mut end = self.core.index(&range.high, &self.vars);
        let (_, most) = range.high.range(&self.vars.bounds);
        if let Some(below) = range.below.filter(|&below| most.saturating_sub(1) > below) {
            let below = self.core.constant(below);
            end = match range.high.as_constant() {
                Some(_) => below,
                None => self.core.binary(Opcode::Smin, end, below),
            };
        }
        if let Some(until) = range.until {
            let until = self.scalar(until)?;
            end = self.core.binary(Opcode::Smin, end, until);
        }
        let runs = self.runs(range);
        if range.step > 0 {
            let advance = Advance {
                step: range.step,
                bound: end,
                runs,
            };
            return Ok((first, advance));
        }
        // The last point is low + ⌊(high − 1 − low) / |step|⌋ · |step|.
        let distance = self.core.binary(Opcode::Isub, end, first);
        let distance = self.core.add_constant(distance, -1);
        let size = range.step.checked_neg();
        let size = size.ok_or(Refusal("a step of -2^63"))?;
        let start = match size {
            1 => self.core.add(first, distance),
            _ => {
                let steps = self.core.floor_divide(distance, UNKNOWN, size);
                let span = self.core.multiply_constant(steps, size);
                self.core.add(first, span)
            }
        };
        let advance = Advance {
            step: range.step,
            bound: first,
            runs,
        };
        Ok((start, advance))
    }

    /// Whether a loop has an iteration, if it is known.
    fn runs(&self, range: &ForRange) -> Option<bool> {
        if Self::length(range).is_some_and(|length| length > 0) && self.begins(range) {
            return Some(true);
        }
        let low = range.low.range(&self.vars.bounds);
        let high = range.high.range(&self.vars.bounds);
        let known = low != UNKNOWN && high != UNKNOWN;
        if known && low.1.saturating_sub(1) < high.0 && self.begins(range) {
            return Some(true);
        }
        (known && low.0 >= high.1.saturating_sub(1)).then_some(false)
    }
}
