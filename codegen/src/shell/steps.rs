//! The step tree of a program as a function.
//!
//! The function takes the address of an array of tensor addresses, that of the workspace and that of
//! the context (which says who runs tasks; it may be NULL), and returns a status: 0, or the code of the first check that found a fault.

use crate::backend::cranelift::core::{Advance, Core, POINTER};
use crate::backend::cranelift::emit::index::Variables;
use crate::backend::cranelift::emit::kernel::signature;
use crate::backend::cranelift::emit::lanes::element_type;
use crate::backend::refusal::{Refusal, Result, signed};
use crate::kernel::{Arg, BufferId, Program, Role, Step};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{AbiParam, FuncRef, Function, Signature, Value, types};
use cranelift_codegen::isa::CallConv;
use lgc_ir::dtype::DType;
use lgc_ir::index::Index;
use std::collections::HashMap;

/// What a tensor of an entry is, and its number among those: the order of the array of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tensor {
    /// An input.
    Input(u32),
    /// An output.
    Output(u32),
    /// A tensor that is updated in place.
    Inout(u32),
}

/// How the function of a program reaches what is outside it.
pub(crate) struct Links<'a> {
    /// The number in the module of the function of each kernel, and whether loops of it run as tasks.
    pub(crate) kernels: &'a [(u32, bool)],
    /// The number in the module of the data of each constant buffer.
    pub(crate) constants: &'a HashMap<BufferId, u32>,
    /// The order of the array of addresses.
    pub(crate) order: &'a [Tensor],
}

struct StepEmitter<'a> {
    program: &'a Program,
    links: &'a Links<'a>,
    core: Core,
    vars: Variables,
    tensors: Value,
    workspace: Value,
    context: Value,
    functions: HashMap<u32, FuncRef>,
    /// The places of tensors in the array of addresses.
    places: HashMap<Tensor, usize>,
}

/// The signature of the function of a program: tensors, workspace, context.
pub(crate) fn steps_signature() -> Signature {
    let mut signature = Signature::new(CallConv::SystemV);
    signature.params = vec![AbiParam::new(POINTER); 3];
    signature.returns = vec![AbiParam::new(types::I32)];
    signature
}

/// The function of the steps of a program.
pub(crate) fn emit(program: &Program, links: &Links<'_>) -> Result<Function> {
    let (core, params) = Core::new(steps_signature());
    let [tensors, workspace, context] = params.as_slice() else {
        return Err(Refusal("the function of a program has three parameters"));
    };
    let mut emitter = StepEmitter {
        program,
        links,
        core,
        vars: Variables::default(),
        tensors: *tensors,
        workspace: *workspace,
        context: *context,
        functions: HashMap::new(),
        places: links.order.iter().copied().zip(0..).collect(),
    };
    emitter.steps(&program.steps)?;
    let success = emitter.core.int(types::I32, 0);
    Ok(emitter.core.finish(&[success]))
}

impl StepEmitter<'_> {
    fn steps(&mut self, steps: &[Step]) -> Result<()> {
        for step in steps {
            self.step(step)?;
        }
        Ok(())
    }

    fn step(&mut self, step: &Step) -> Result<()> {
        match step {
            Step::Launch { kernel, args } => self.launch(kernel.index(), args),
            Step::Loop { var, count, body } => {
                let zero = self.core.constant(0);
                let count = signed(*count)?;
                let bound = self.core.constant(count);
                let open = self.core.begin_loop(zero, Vec::new());
                self.vars.set(var.0, open.point);
                self.vars.bound(var.0, (0, count.max(1)));
                self.steps(body)?;
                let advance = Advance {
                    step: 1,
                    bound,
                    runs: (count > 0).then_some(true),
                };
                self.core.end_loop(open, advance, &[]);
                Ok(())
            }
            Step::If {
                condition,
                then,
                otherwise,
            } => {
                let address = self.address(condition)?;
                let truth = self.core.load(element_type(DType::Bool), address, 0);
                let branch = self.core.branch(truth);
                self.steps(then)?;
                self.core.otherwise(&branch, &[]);
                self.steps(otherwise)?;
                self.core.join(branch, &[]);
                Ok(())
            }
            Step::Check { status, code } => {
                let address = self.address(status)?;
                let status = self.core.load(types::I64, address, 0);
                let fault = self
                    .core
                    .compare_constant(IntCC::NotEqual, status, i64::MAX);
                self.core.return_if(fault, *code);
                Ok(())
            }
            Step::Copy { from, to } => {
                let ty = self.program.arg_type(from);
                let bytes = ty
                    .ok_or(Refusal("a copy of a buffer that does not exist"))?
                    .bytes();
                let (from, to) = (self.address(from)?, self.address(to)?);
                self.copy(from, to, bytes);
                Ok(())
            }
        }
    }

    fn launch(&mut self, kernel: usize, args: &[Arg]) -> Result<()> {
        let number = self.links.kernels.get(kernel);
        let (Some(&(number, is_parallel)), Some(definition)) =
            (number, self.program.kernels.get(kernel))
        else {
            return Err(Refusal("a launch of a kernel that does not exist"));
        };
        if definition.params().count() != args.len() {
            return Err(Refusal("a launch with a wrong number of arguments"));
        }
        let mut addresses = Vec::with_capacity(args.len());
        for arg in args {
            addresses.push(self.address(arg)?);
        }
        addresses.extend(is_parallel.then_some(self.context));
        let core = &mut self.core;
        let function = *self
            .functions
            .entry(number)
            .or_insert_with(|| core.function(number, signature(definition, is_parallel)));
        self.core.call(function, &addresses);
        Ok(())
    }

    /// The address of what an argument denotes.
    fn address(&mut self, arg: &Arg) -> Result<Value> {
        let buffer = self.program.buffers.get(arg.buffer.index());
        let buffer = buffer.ok_or(Refusal("an argument is a buffer that does not exist"))?;
        let (base, offset) = match &buffer.role {
            Role::Input(number) => (self.tensor(Tensor::Input(*number))?, 0),
            Role::Output(number) => (self.tensor(Tensor::Output(*number))?, 0),
            Role::Inout(number) => (self.tensor(Tensor::Inout(*number))?, 0),
            Role::Workspace(offset) => (self.workspace, *offset as i64),
            Role::Constant(_) => {
                let number = self.links.constants.get(&arg.buffer);
                let number = number.ok_or(Refusal("a constant without data"))?;
                (self.core.data(*number), 0)
            }
        };
        let strides = buffer.ty.shape.strides();
        let size = buffer.ty.dtype.size() as i64;
        let strides: Vec<i64> = strides.iter().map(|&stride| stride as i64 * size).collect();
        let position = Index::linear(&arg.at, &strides).simplify(&self.vars.bounds);
        let (address, rest) = self.core.index_sum(Some(base), &position, &self.vars);
        Ok(self.core.add_constant(address, offset + rest))
    }

    fn tensor(&mut self, tensor: Tensor) -> Result<Value> {
        let place = self.places.get(&tensor).copied();
        let place = place.ok_or(Refusal("a tensor that is no argument of the entry"))?;
        Ok(self.core.load(POINTER, self.tensors, place as i32 * 8))
    }

    /// Copies bytes between places that do not overlap.
    fn copy(&mut self, from: Value, to: Value, bytes: u64) {
        const BLOCK: u64 = 64;
        const UNROLLED: u64 = 4 * BLOCK;
        let looped = if bytes > UNROLLED {
            bytes / BLOCK * BLOCK
        } else {
            0
        };
        if looped > 0 {
            let zero = self.core.constant(0);
            let bound = self.core.constant(looped as i64);
            let open = self.core.begin_loop(zero, Vec::new());
            let (source, target) = (
                self.core.add(from, open.point),
                self.core.add(to, open.point),
            );
            self.copy_straight(source, target, 0..BLOCK);
            let advance = Advance {
                step: BLOCK as i64,
                bound,
                runs: Some(true),
            };
            self.core.end_loop(open, advance, &[]);
        }
        let (from, to) = (
            self.core.add_constant(from, looped as i64),
            self.core.add_constant(to, looped as i64),
        );
        self.copy_straight(from, to, 0..bytes - looped);
    }

    fn copy_straight(&mut self, from: Value, to: Value, range: std::ops::Range<u64>) {
        let mut at = range.start;
        while at < range.end {
            let (ty, size) = match range.end - at {
                16.. => (types::I8X16, 16),
                8..16 => (types::I64, 8),
                4..8 => (types::I32, 4),
                _ => (types::I8, 1),
            };
            let value = self.core.load(ty, from, at as i32);
            self.core.store(value, to, at as i32);
            at += size;
        }
    }
}
