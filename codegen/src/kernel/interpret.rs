//! The meaning of programs and kernels, over any [`Scalar`].
//!
//! The interpreter follows the order of evaluation that [`super`] lays down to the letter: for
//! `S = f32` and kernels of `f32`, emitted code must give the same bits (as far as its elementary
//! functions do). It is also strict where that finds mistakes: what a launch may not read (fresh
//! local buffers, `out` and `scratch` parameters, a part of the workspace that another buffer has
//! overwritten) is undefined, and an access out of range ends the interpretation with an error.
//!
//! Iterations of a parallel loop, chunks and lanes of a fold have no order, so an [`Interpreter`] can be
//! told to draw one: verified kernels give the same results in each.

mod element;
mod frame;
mod order;

pub use element::{Cells, Element};

use super::{Arg, Kernel, Mode, Program, Role, Step};
use frame::{Frame, View};
use lgc_ir::dtype::DType;
use lgc_ir::scalar::{Logic, Scalar, Undefined};
use lgc_ir::shape::Type;
use order::Order;
use std::ops::Range;

/// Why a program could not be interpreted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct InterpretError {
    /// The kernel, or the program.
    pub place: String,
    /// What happened.
    pub message: String,
}

type Outcome<T> = Result<T, InterpretError>;

const UNWRITTEN: Undefined = Undefined("nothing has been written here");

/// The buffers that a caller passes to an entry.
#[derive(Clone, Debug)]
pub struct Arguments<S: Scalar> {
    /// By number, the buffers with [`Role::Input`].
    pub inputs: Vec<Cells<S>>,
    /// By number, the buffers with [`Role::Inout`]; updated.
    pub inouts: Vec<Cells<S>>,
    /// By number, the buffers with [`Role::Output`]; filled in.
    pub outputs: Vec<Cells<S>>,
}

impl<S: Scalar> Default for Arguments<S> {
    fn default() -> Self {
        Arguments {
            inputs: Vec::new(),
            inouts: Vec::new(),
            outputs: Vec::new(),
        }
    }
}

/// A way of interpreting programs and kernels.
#[derive(Clone, Copy, Debug, Default)]
pub struct Interpreter {
    /// What orders are drawn from.
    seed: Option<u64>,
}

impl Interpreter {
    /// Runs what has no order from the first iteration to the last.
    pub const IN_TURN: Interpreter = Interpreter { seed: None };

    /// Runs what has no order in an order drawn from `seed`.
    pub const fn with_order(seed: u64) -> Self {
        Interpreter { seed: Some(seed) }
    }

    /// Runs a program. The status that it returns: 0, or the code of the first check that failed.
    ///
    /// # Errors
    /// Arguments are missing or of another type, or something undefined is asked for.
    pub fn run<S: Scalar + 'static>(
        self,
        world: &S::World,
        program: &Program,
        arguments: &mut Arguments<S>,
    ) -> Outcome<i32> {
        let mut machine = Machine::new(world, program, arguments, Order::new(self.seed))?;
        let status = machine.steps(&program.steps)?;
        machine.write_back(arguments);
        // Programs that return no status end well.
        Ok(status.unwrap_or(0))
    }

    /// Runs one kernel on whole buffers, one for each parameter.
    ///
    /// # Errors
    /// As for [`Interpreter::run`].
    pub fn run_kernel<S: Scalar + 'static>(
        self,
        world: &S::World,
        kernel: &Kernel,
        args: &mut Vec<Cells<S>>,
    ) -> Outcome<()> {
        let params: Vec<(Type, Mode)> = kernel
            .params()
            .map(|(_, memory, mode)| (memory.ty.clone(), mode))
            .collect();
        if params.len() != args.len() {
            return fail(
                &kernel.name.0,
                format!("{} arguments for {} parameters", args.len(), params.len()),
            );
        }
        for ((ty, _), cells) in params.iter().zip(args.iter()) {
            if cells.elements.len() as u64 != ty.elements() || cells.dtype != ty.dtype {
                return fail(&kernel.name.0, format!("an argument is no {ty}"));
            }
        }
        let views = (0..args.len()).map(|cells| View { cells, offset: 0 });
        let mut order = Order::new(self.seed);
        launch(world, kernel, views.collect(), args, &mut order)
    }
}

/// Runs a program in turn (see [`Interpreter::run`]).
pub fn interpret<S: Scalar + 'static>(
    world: &S::World,
    program: &Program,
    arguments: &mut Arguments<S>,
) -> Outcome<i32> {
    Interpreter::IN_TURN.run(world, program, arguments)
}

/// Runs a kernel in turn (see [`Interpreter::run_kernel`]).
pub fn interpret_kernel<S: Scalar + 'static>(
    world: &S::World,
    kernel: &Kernel,
    args: &mut Vec<Cells<S>>,
) -> Outcome<()> {
    Interpreter::IN_TURN.run_kernel(world, kernel, args)
}

fn fail<T>(place: &str, message: impl Into<String>) -> Outcome<T> {
    Err(InterpretError {
        place: place.to_string(),
        message: message.into(),
    })
}

/// Runs a kernel on parts of stored cells.
fn launch<S: Scalar + 'static>(
    world: &S::World,
    kernel: &Kernel,
    views: Vec<View>,
    store: &mut Vec<Cells<S>>,
    order: &mut Order,
) -> Outcome<()> {
    for ((_, memory, mode), view) in kernel.params().zip(&views) {
        if matches!(mode, Mode::Out | Mode::Scratch) {
            let end = view.offset + memory.ty.elements() as usize;
            store[view.cells].undefine(world, view.offset..end, UNWRITTEN);
        }
    }
    let locals = store.len();
    let result = Frame::new(world, kernel, views, store, order).run();
    store.truncate(locals);
    result.map_err(|message| InterpretError {
        place: kernel.name.0.clone(),
        message,
    })
}

struct Machine<'p, S: Scalar> {
    world: S::World,
    program: &'p Program,
    store: Vec<Cells<S>>,
    vars: Vec<i64>,
    /// For each buffer, the others whose part of the workspace overlaps its own.
    overlaps: Vec<Vec<usize>>,
    order: Order,
}

impl<'p, S: Scalar + 'static> Machine<'p, S> {
    fn new(
        world: &S::World,
        program: &'p Program,
        given: &Arguments<S>,
        order: Order,
    ) -> Outcome<Self> {
        let mut store = Vec::new();
        for buffer in &program.buffers {
            let ty = &buffer.ty;
            let cells = match &buffer.role {
                Role::Input(number) => given.inputs.get(*number as usize).cloned(),
                Role::Inout(number) => given.inouts.get(*number as usize).cloned(),
                Role::Constant(bytes) => Some(Cells::from_bytes(world, ty.dtype, bytes)),
                Role::Output(_) | Role::Workspace(_) => {
                    Some(Cells::undefined(world, ty, UNWRITTEN))
                }
            };
            let fits = |cells: &Cells<S>| {
                cells.dtype == ty.dtype && cells.elements.len() as u64 == ty.elements()
            };
            match cells.filter(fits) {
                Some(cells) => store.push(cells),
                None => {
                    let message = format!("no {ty} is given for `{}`", buffer.name);
                    return fail(&program.name.0, message);
                }
            }
        }
        Ok(Machine {
            world: world.clone(),
            program,
            store,
            vars: Vec::new(),
            overlaps: overlaps(program),
            order,
        })
    }

    fn write_back(self, arguments: &mut Arguments<S>) {
        let place = |list: &mut Vec<Cells<S>>, number: u32, cells: Cells<S>| {
            let number = number as usize;
            while list.len() <= number {
                list.push(Cells {
                    dtype: cells.dtype,
                    elements: Vec::new(),
                });
            }
            list[number] = cells;
        };
        for (buffer, cells) in self.program.buffers.iter().zip(self.store) {
            match buffer.role {
                Role::Output(number) => place(&mut arguments.outputs, number, cells),
                Role::Inout(number) => place(&mut arguments.inouts, number, cells),
                Role::Input(_) | Role::Workspace(_) | Role::Constant(_) => {}
            }
        }
    }

    fn fail<T>(&self, message: impl Into<String>) -> Outcome<T> {
        fail(&self.program.name.0, message)
    }

    /// Runs steps; the status of the check that failed, if one did.
    fn steps(&mut self, steps: &[Step]) -> Outcome<Option<i32>> {
        for step in steps {
            if let Some(status) = self.step(step)? {
                return Ok(Some(status));
            }
        }
        Ok(None)
    }

    fn step(&mut self, step: &Step) -> Outcome<Option<i32>> {
        match step {
            Step::Launch { kernel, args } => {
                let Some(kernel) = self.program.kernels.get(kernel.index()) else {
                    return self.fail("no such kernel");
                };
                self.launch(kernel, args).map(|()| None)
            }
            Step::Loop { var, count, body } => {
                if self.vars.len() <= var.index() {
                    self.vars.resize(var.index() + 1, 0);
                }
                for point in 0..*count {
                    self.vars[var.index()] = point as i64;
                    if let Some(status) = self.steps(body)? {
                        return Ok(Some(status));
                    }
                }
                Ok(None)
            }
            Step::If {
                condition,
                then,
                otherwise,
            } => match self.condition(condition)? {
                true => self.steps(then),
                false => self.steps(otherwise),
            },
            Step::Check { status, code } => {
                let fault = self.integer(status)? != i64::MAX;
                Ok(fault.then_some(*code))
            }
            Step::Copy { from, to } => self.copy(from, to).map(|()| None),
        }
    }

    /// The stored elements that an argument denotes.
    fn place(&self, arg: &Arg) -> Outcome<(usize, Range<usize>)> {
        let Some(rest) = self.program.arg_type(arg) else {
            return self.fail("an argument does not exist");
        };
        let shape = &self.program.buffers[arg.buffer.index()].ty.shape;
        let mut position = 0u64;
        for (index, extent) in arg.at.iter().zip(shape.extents()) {
            let coordinate = u64::try_from(index.eval(&self.vars)).unwrap_or(u64::MAX);
            if coordinate >= extent {
                return self.fail(format!("the argument index {index} is out of range"));
            }
            position = position * extent + coordinate;
        }
        let start = (position * rest.elements()) as usize;
        Ok((arg.buffer.index(), start..start + rest.elements() as usize))
    }

    fn only(&self, arg: &Arg) -> Outcome<&Element<S>> {
        let (cells, range) = self.place(arg)?;
        match self.store[cells].elements.get(range).unwrap_or(&[]) {
            [element] => Ok(element),
            _ => self.fail("a step needs a scalar"),
        }
    }

    fn condition(&self, arg: &Arg) -> Outcome<bool> {
        match self.only(arg)? {
            Element::Mask(mask) => mask.decide().or_else(|reason| self.fail(reason.0)),
            Element::Number(_) | Element::Int(_) => self.fail("the condition is not bool"),
        }
    }

    fn integer(&self, arg: &Arg) -> Outcome<i64> {
        match self.only(arg)? {
            Element::Int(integer) => integer.value.or_else(|reason| self.fail(reason.0)),
            Element::Number(_) | Element::Mask(_) => self.fail("the status is no integer"),
        }
    }

    fn launch(&mut self, kernel: &Kernel, args: &[Arg]) -> Outcome<()> {
        let params: Vec<Mode> = kernel.params().map(|(_, _, mode)| mode).collect();
        if params.len() != args.len() {
            return self.fail(format!("wrong number of arguments for `{}`", kernel.name));
        }
        let mut views = Vec::new();
        let mut written = Vec::new();
        for ((arg, (_, memory, mode)), _) in args.iter().zip(kernel.params()).zip(&params) {
            if self.program.arg_type(arg).as_ref() != Some(&memory.ty) {
                return self.fail(format!(
                    "an argument of `{}` is no {}",
                    kernel.name, memory.ty
                ));
            }
            let (cells, range) = self.place(arg)?;
            views.push(View {
                cells,
                offset: range.start,
            });
            if mode.is_written() {
                written.push((cells, range));
            }
        }
        for (cells, range) in written {
            self.overwrite(cells, range);
        }
        let order = &mut self.order;
        launch(&self.world, kernel, views, &mut self.store, order)
    }

    fn copy(&mut self, from: &Arg, to: &Arg) -> Outcome<()> {
        let (source, source_range) = self.place(from)?;
        let (target, target_range) = self.place(to)?;
        if source_range.len() != target_range.len() {
            return self.fail("a copy between different sizes");
        }
        let elements = self.store[source].elements[source_range].to_vec();
        self.overwrite(target, target_range.clone());
        self.store[target].elements[target_range].clone_from_slice(&elements);
        Ok(())
    }

    /// Forgets what other buffers had in the part of the workspace that is about to be written.
    fn overwrite(&mut self, cells: usize, range: Range<usize>) {
        let bytes = byte_range(self.program, cells, &range);
        for &other in &self.overlaps[cells] {
            let ty = &self.program.buffers[other].ty;
            let whole = 0..ty.elements() as usize;
            let own = byte_range(self.program, other, &whole);
            let size = ty.dtype.size();
            // A part that begins before the buffer covers it from its first byte on.
            let first = bytes.start.saturating_sub(own.start) / size;
            let last = bytes.end.saturating_sub(own.start).div_ceil(size);
            let hit = first.min(whole.end as u64) as usize..last.min(whole.end as u64) as usize;
            let reason = Undefined("another buffer was written here");
            self.store[other].undefine(&self.world, hit, reason);
        }
    }
}

/// The bytes of the workspace that a range of elements of a buffer takes (empty for others).
fn byte_range(program: &Program, buffer: usize, range: &Range<usize>) -> Range<u64> {
    let buffer = &program.buffers[buffer];
    match buffer.role {
        Role::Workspace(offset) => {
            let size = buffer.ty.dtype.size();
            let end = |at: usize| offset.saturating_add(at as u64 * size);
            end(range.start)..end(range.end)
        }
        Role::Input(_) | Role::Output(_) | Role::Inout(_) | Role::Constant(_) => 0..0,
    }
}

/// For each buffer, the others that overlap it in the workspace.
fn overlaps(program: &Program) -> Vec<Vec<usize>> {
    let mut result = vec![Vec::new(); program.buffers.len()];
    let mut ranges: Vec<(Range<u64>, usize)> = (0..program.buffers.len())
        .map(|at| {
            let whole = 0..program.buffers[at].ty.elements() as usize;
            (byte_range(program, at, &whole), at)
        })
        .filter(|(range, _)| !range.is_empty())
        .collect();
    ranges.sort_by_key(|(range, _)| range.start);
    for (at, (range, buffer)) in ranges.iter().enumerate() {
        let later = ranges[at + 1..].iter();
        for (_, other) in later.take_while(|(other, _)| other.start < range.end) {
            result[*buffer].push(*other);
            result[*other].push(*buffer);
        }
    }
    result
}

/// A number of a dtype that nothing is known of.
fn undefined_element<S: Scalar>(world: &S::World, dtype: DType, reason: Undefined) -> Element<S> {
    Element::zero(world, dtype).undefined(reason)
}
