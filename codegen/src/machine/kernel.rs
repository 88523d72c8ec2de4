//! A kernel as a function of its parameters' addresses.
//!
//! Statements are emitted in order. A loop with a `vec` directive whose body is straight-line is
//! emitted twice: a main loop, in which each scalar of the body stands for that many consecutive
//! iterations, and a loop over what is left. Nothing is read or written that the kernel does not
//! read or write.

use crate::backend::cranelift::core::{Advance, Core, POINTER};
use crate::backend::cranelift::isa::OPERATIONS;
use crate::kernel::{
    Carried, Condition, Directive, ForRange, Form, Join, Kernel, MemId, Op, Region, Stmt, ValueId,
    ValueType, VarId,
};
use crate::machine::index::Variables;
use crate::machine::lanes::{Extent, Lanes, Parts, native_unit};
use crate::machine::parallel::{Site, TaskLinks, sites};
use crate::machine::refusal::{Refusal, Result, distance, signed};
use crate::machine::tiles::accumulates;
use crate::target::Target;
use cranelift_codegen::ir::{AbiParam, Function, Opcode, Signature, Value};
use cranelift_codegen::isa::CallConv;
use lgc_ir::dtype::DType;
use lgc_ir::index::{Index, UNKNOWN};
use rustc_hash::FxHashMap;

/// The loop whose iterations are the elements of scalars.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vector {
    /// Its variable, which has the value for the first lane.
    pub(crate) var: u32,
    /// The number of lanes.
    pub(crate) width: u32,
    /// Whether the value for the first lane is always a multiple of the number of lanes.
    pub(crate) is_aligned: bool,
}

impl Vector {
    /// An index in the iteration of a lane.
    pub(crate) fn at(self, index: &Index, lane: u32) -> Index {
        let point = Index::var(self.var).add_constant(i64::from(lane));
        index.replace(&mut |var| (var == self.var).then(|| point.clone()))
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
    /// The vectorised loop that is being emitted.
    pub(crate) vector: Option<Vector>,
    /// Values that are only used element by element.
    pub(crate) apart: Vec<bool>,
    /// Rows that are continued from their start, by the place of the row and its length in bytes.
    pub(crate) continued: FxHashMap<(Value, i64, i64), Value>,
    widths: FxHashMap<VarId, u32>,
    /// The loop that is being emitted for tiles that lie inside.
    pub(crate) interior: Option<VarId>,
    /// Loops that run as tasks, unless this is the function of one.
    pub(crate) sites: Option<(Vec<Site<'k>>, TaskLinks)>,
    /// The address of the context, if there are such loops.
    pub(crate) context: Option<Value>,
}

/// The signature of the function of a kernel: an address for each parameter; then, if some of its
/// loops run as tasks, that of the context.
pub(crate) fn signature(kernel: &Kernel, is_parallel: bool) -> Signature {
    let mut signature = Signature::new(CallConv::SystemV);
    let count = kernel.params().count() + usize::from(is_parallel);
    signature.params = vec![AbiParam::new(POINTER); count];
    signature
}

/// The function of a kernel that is legal for a processor. `links` is `None` if no loop of it runs as tasks.
pub(crate) fn emit(kernel: &Kernel, target: &Target, links: Option<TaskLinks>) -> Result<Function> {
    let (core, params) = Core::new(signature(kernel, links.is_some()));
    let mut emitter = KernelEmitter::new(kernel, target, core)?;
    for ((id, _, _), &address) in kernel.params().zip(&params) {
        emitter.memories[id.index()] = Some(address);
    }
    if let Some(links) = links {
        emitter.sites = Some((sites(kernel, &target.costs), links));
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

/// Values of which every use is element by element: as the first factor of an `mma`, or in an access.
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
            Op::Mma(acc, _, b) => {
                together(*acc);
                together(*b);
            }
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
            | Op::Columns(..) => op.operands().into_iter().for_each(&mut together),
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
        let width = |Directive::Vec(var, width): &Directive| (*var, *width);
        Ok(KernelEmitter {
            kernel,
            target,
            core,
            vars: Variables::new(kernel.vars),
            memories: vec![None; kernel.memories.len()],
            values: vec![None; kernel.values.len()],
            definitions: definitions(kernel),
            vector: None,
            apart: used_apart(kernel),
            widths: kernel.schedule.iter().map(width).collect(),
            continued: FxHashMap::default(),
            interior: None,
            sites: None,
            context: None,
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

    /// The number of elements that a value of a type has here.
    pub(crate) fn extent(&self, ty: ValueType) -> Extent {
        match (ty.form, self.vector) {
            (Form::Scalar, Some(vector)) => Extent::row(vector.width),
            (Form::Scalar, None) => Extent::row(1),
            (Form::Vector(columns), _) => Extent::row(columns),
            (Form::Tile(rows, columns), _) => Extent { rows, columns },
        }
    }

    /// The elements of a value.
    pub(crate) fn lanes(&self, value: ValueId) -> Result<Lanes> {
        let lanes = self.values.get(value.index()).cloned().flatten();
        lanes.ok_or(Refusal("a value is used where it is not defined"))
    }

    /// The single element of a scalar outside vectorised loops, or one that all iterations share.
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
        let extent = self.extent(ty);
        Ok(self
            .core
            .parts(ty.dtype, extent, &lanes, native_unit(ty.dtype)))
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
    pub(crate) fn define_flat(&mut self, values: impl Iterator<Item = ValueId>, parts: &[Value]) {
        let mut rest = parts;
        for value in values {
            let ty = self.kernel.type_of(value);
            let (extent, unit) = (self.extent(ty), native_unit(ty.dtype));
            let per_row = extent.columns / unit + extent.columns % unit;
            let count = (extent.rows * per_row) as usize;
            let (own, others) = rest.split_at(count.min(rest.len()));
            rest = others;
            let lanes = match own {
                [x] if extent.is_one() => Lanes::Uniform(*x),
                _ => Lanes::Parts {
                    unit,
                    parts: own.into(),
                },
            };
            self.define(value, lanes);
        }
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
        match stmt {
            Stmt::Par {
                var, extent, body, ..
            } => {
                if self.launch_par(*var)? {
                    return Ok(());
                }
                let extent = signed(*extent)?;
                match self.vector_width(*var, body) {
                    Some(width) => self.vector_loop(*var, (0, extent), width, body),
                    None => self.for_loop(*var, &ForRange::span(0, extent, 1), &[], body),
                }
            }
            Stmt::For {
                var,
                range,
                carried,
                body,
            } => self.for_loop(*var, range, carried, body),
            Stmt::Tasks { .. } => Err(Refusal("tasks that were made before")),
            Stmt::Fold(fold) => self.fold(fold),
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
            self.define_flat(joins.iter().map(|join| join.result), &parts);
            return Ok(());
        };
        let branch = self.core.branch(holds);
        self.region(then)?;
        let parts = self.flat_all(joins.iter().map(|join| join.then))?;
        self.core.otherwise(&branch, &parts);
        self.region(otherwise)?;
        let parts = self.flat_all(joins.iter().map(|join| join.otherwise))?;
        let parts = self.core.join(branch, &parts);
        self.define_flat(joins.iter().map(|join| join.result), &parts);
        Ok(())
    }

    // ----------------------------------------------------------------------------------- loops

    fn for_loop(
        &mut self,
        var: VarId,
        range: &ForRange,
        carried: &[Carried],
        body: &'k Region,
    ) -> Result<()> {
        if range.below.is_some() || range.until.is_some() {
            return Err(Refusal("a loop with a further end"));
        }
        let low = range.low.range(&self.vars.bounds);
        let high = range.high.range(&self.vars.bounds);
        // Ranges are half-open; of the least integer there is none below.
        let bounds = (low.0, high.1.saturating_sub(1).max(low.0));
        let ends = (range.low.as_constant(), range.high.as_constant());
        if let (Some(low), Some(high), 1) = (ends.0, ends.1, range.step)
            && carried.is_empty()
            && let Some(width) = self.vector_width(var, body)
            && !reads_its_writes(body)
        {
            return self.vector_loop(var, (low, high), width, body);
        }
        let mut values = self.flat_all(carried.iter().map(|carried| carried.init))?;
        if let (Some(low), Some(high), 1) = (ends.0, ends.1, range.step) {
            values = if accumulates(carried, body) {
                self.accumulate(var, (low, high), (carried, values), body)?
            } else {
                let pace = (1, 1);
                self.counted(var, (low, high), pace, (carried, values), body)?
            };
        } else {
            let (start, advance) = self.advance(range, low, high)?;
            let open = self.core.begin_loop(start, values);
            self.vars.set(var.0, open.point, bounds);
            let next = self.iteration(carried, &open.states.clone(), body)?;
            values = self.core.end_loop(open, advance, &next);
        }
        self.define_flat(carried.iter().map(|carried| carried.result), &values);
        Ok(())
    }

    /// Emits the body of a loop once, given the parts of the states; the parts of the next ones.
    fn iteration(
        &mut self,
        carried: &[Carried],
        states: &[Value],
        body: &'k Region,
    ) -> Result<Vec<Value>> {
        self.define_flat(carried.iter().map(|carried| carried.state), states);
        self.region(body)?;
        self.flat_all(carried.iter().map(|carried| carried.next))
    }

    /// Where a loop starts and how it goes on. Both ends have half-open ranges of values.
    fn advance(
        &mut self,
        range: &ForRange,
        low: (i64, i64),
        high: (i64, i64),
    ) -> Result<(Value, Advance)> {
        let first = self.core.index(&range.low, &self.vars);
        let end = self.core.index(&range.high, &self.vars);
        let known = (low != UNKNOWN && high != UNKNOWN).then_some((
            low.1.saturating_sub(1) < high.0,
            low.0 >= high.1.saturating_sub(1),
        ));
        let runs = match known {
            Some((true, _)) => Some(true),
            Some((false, true)) => Some(false),
            Some((false, false)) | None => None,
        };
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

    /// The number of iterations to run at once, if a loop is to be and can be vectorised.
    pub(crate) fn vector_width(&self, var: VarId, body: &Region) -> Option<u32> {
        let width = *self.widths.get(&var)?;
        (self.vector.is_none()
            && (2..=self.target.costs.max_width).contains(&width)
            && self.is_flat(body))
        .then_some(width)
    }

    /// Whether a region only computes, loads and stores scalars.
    pub(crate) fn is_flat(&self, body: &Region) -> bool {
        body.stmts.iter().all(|stmt| match stmt {
            Stmt::Compute { result, .. } | Stmt::Load { result, .. } => {
                self.kernel.type_of(*result).form == Form::Scalar
            }
            Stmt::Store { value, .. } => self.kernel.type_of(*value).form == Form::Scalar,
            Stmt::Par { .. }
            | Stmt::Tasks { .. }
            | Stmt::For { .. }
            | Stmt::Fold(_)
            | Stmt::If { .. }
            | Stmt::Let { .. } => false,
        })
    }

    fn vector_loop(
        &mut self,
        var: VarId,
        (low, high): (i64, i64),
        width: u32,
        body: &'k Region,
    ) -> Result<()> {
        let lanes = i64::from(width);
        let middle = low + distance(low, high)? / lanes * lanes;
        if low < middle {
            self.vector = Some(Vector {
                var: var.0,
                width,
                is_aligned: low == 0,
            });
            let pace = (lanes, 1);
            self.counted(var, (low, middle), pace, (&[], Vec::new()), body)?;
            self.vector = None;
        }
        self.counted(var, (middle, high), (1, 1), (&[], Vec::new()), body)?;
        Ok(())
    }

    /// A loop over a known range; the parts of what is carried out of it. The variable has the whole
    /// range in a vectorised loop too, where it stands for all lanes of an iteration. The points are
    /// `step` apart, and the body is `repeated` that often in an iteration of the loop.
    pub(crate) fn counted(
        &mut self,
        var: VarId,
        (low, high): (i64, i64),
        (step, repeated): (i64, i64),
        (carried, inits): (&[Carried], Vec<Value>),
        body: &'k Region,
    ) -> Result<Vec<Value>> {
        let count = distance(low, high)? / step;
        let mut values = inits;
        let mut start = low;
        for repeated in [repeated, 1] {
            let rounds = (count - (start - low) / step) / repeated;
            if rounds == 0 {
                continue;
            }
            let end = start + rounds * repeated * step;
            let (first, bound) = (self.core.constant(start), self.core.constant(end));
            let open = self.core.begin_loop(first, values);
            let mut states = open.states.clone();
            for repetition in 0..repeated {
                let point = (open.point, repetition * step);
                self.vars.set_shifted(var.0, point, (low, high));
                states = self.iteration(carried, &states, body)?;
            }
            let advance = Advance {
                step: repeated * step,
                bound,
                runs: Some(true),
            };
            values = self.core.end_loop(open, advance, &states);
            start = end;
        }
        Ok(values)
    }
}

/// Whether a region loads from memory that it also stores to, so that its iterations may depend on
/// one another.
fn reads_its_writes(body: &Region) -> bool {
    let stored = |memory: MemId| {
        body.stmts.iter().any(|stmt| match stmt {
            Stmt::Store { access, .. } => access.memory == memory,
            Stmt::Par { .. }
            | Stmt::Tasks { .. }
            | Stmt::For { .. }
            | Stmt::Fold(_)
            | Stmt::If { .. }
            | Stmt::Let { .. }
            | Stmt::Compute { .. }
            | Stmt::Load { .. } => false,
        })
    };
    body.stmts.iter().any(|stmt| match stmt {
        Stmt::Load { access, .. } => stored(access.memory),
        Stmt::Par { .. }
        | Stmt::Tasks { .. }
        | Stmt::For { .. }
        | Stmt::Fold(_)
        | Stmt::If { .. }
        | Stmt::Let { .. }
        | Stmt::Compute { .. }
        | Stmt::Store { .. } => false,
    })
}
