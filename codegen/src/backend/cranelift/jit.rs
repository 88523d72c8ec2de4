//! Programs compiled into this process.
//!
//! A [`CompiledEntry`] owns its code and checks what it is called with, so that calling is safe.
//! This is the one place where generated code is run.

use crate::backend::cranelift::isa::{Destination, InstructionSet, isa};
use crate::backend::{Backend, CompileError};
use crate::kernel::{Program, Role};
use crate::legalize::Legal;
use crate::shell::steps::Tensor;
use crate::shell::unit::{Text, Unit};
use cranelift_jit::{ArenaMemoryProvider, JITBuilder, JITModule};
use cranelift_module::{FuncId, default_libcall_names};
use lgc_abi::layout::{RawCtx, RawTask};
use std::ffi::c_void;

/// The just-in-time compiler.
#[derive(Clone, Copy, Debug, Default)]
pub struct Jit;

type Run = unsafe extern "C" fn(*const *mut u8, *mut u8, *const RawCtx) -> i32;

/// Who runs the tasks of a call: it is given their number and the task, by number, and runs each once,
/// in any order and on any threads, before it returns.
pub type RunTasks<'a> = &'a (dyn Fn(u64, &(dyn Fn(u64) + Sync)) + 'a);

/// A program as code in this process.
pub struct CompiledEntry {
    /// `None` once dropped.
    module: Option<JITModule>,
    run: Run,
    /// The tensors of the entry in the order in which the code wants them, with sizes in bytes.
    tensors: Vec<(Tensor, usize)>,
    workspace: usize,
}

/// Why a compiled entry was not called.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// An argument is missing, or there are too many.
    #[error("{given} {kind} instead of {expected}")]
    Count {
        /// `inputs`, `inouts` or `outputs`.
        kind: &'static str,
        /// How many there should be.
        expected: usize,
        /// How many there are.
        given: usize,
    },
    /// An argument has the wrong size.
    #[error("{tensor:?} has {given} bytes instead of {expected}")]
    Size {
        /// Which argument.
        tensor: Tensor,
        /// How many bytes it should have.
        expected: usize,
        /// How many bytes it has.
        given: usize,
    },
}

/// 64 bytes, aligned as workspaces are.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// The tensors of an entry: inputs, tensors that are updated in place, outputs; each by number.
pub(crate) fn tensors(program: &Program) -> Vec<(Tensor, usize)> {
    let mut tensors: Vec<(Tensor, usize)> = program
        .buffers
        .iter()
        .filter_map(|buffer| {
            let tensor = match buffer.role {
                Role::Input(number) => Tensor::Input(number),
                Role::Inout(number) => Tensor::Inout(number),
                Role::Output(number) => Tensor::Output(number),
                Role::Workspace(_) | Role::Constant(_) => return None,
            };
            Some((tensor, buffer.ty.bytes() as usize))
        })
        .collect();
    tensors.sort_by_key(|&(tensor, _)| match tensor {
        Tensor::Input(number) => (0, number),
        Tensor::Inout(number) => (1, number),
        Tensor::Output(number) => (2, number),
    });
    tensors.dedup_by_key(|&mut (tensor, _)| tensor);
    tensors
}

impl Jit {
    /// Compiles a program that was verified into this process.
    ///
    /// # Errors
    /// [`CompileError::UnsupportedCpu`] on a processor below the level of the program's target, and what the compiler
    /// refuses.
    pub fn compile(program: &Legal) -> Result<CompiledEntry, CompileError> {
        Jit::compile_with(program, Backend::Cranelift)
    }

    /// The same, with kernels made by a back end. Those of LLVM are for the level of the program's target, which this
    /// processor must have.
    ///
    /// # Errors
    /// As [`Jit::compile`].
    pub fn compile_with(program: &Legal, backend: Backend) -> Result<CompiledEntry, CompileError> {
        let level = program.target().level;
        if !level.is_here() {
            return Err(CompileError::UnsupportedCpu(level));
        }
        let tensors = tensors(program.program());
        let orders = [tensors.iter().map(|&(tensor, _)| tensor).collect()];
        let (unit, bodies) = Unit::new("jit", &[program], &orders, backend)?;
        let compiled = unit.compile(Destination::Memory, Text::None)?;
        let isa = isa(InstructionSet::Extended, Destination::Memory)?;
        let mut builder = JITBuilder::with_isa(isa, default_libcall_names());
        // One region for all, so that relative addresses reach.
        let size = unit.footprint(&compiled) + (1 << 16);
        let memory = ArenaMemoryProvider::new_with_size(size).map_err(CompileError::backend)?;
        builder.memory_provider(Box::new(memory));
        let mut module = JITModule::new(builder);
        unit.define(&compiled, &mut module)?;
        module
            .finalize_definitions()
            .map_err(CompileError::backend)?;
        let body = bodies.first().copied();
        let body = body.ok_or_else(|| CompileError::backend("a unit without its program"))?;
        let code = module.get_finalized_function(FuncId::from_u32(body));
        // SAFETY: `code` is the start of a finished function of the signature that
        // `steps::steps_signature` states: three addresses to an i32, in the C calling convention. The
        // entry keeps the module, and thus the code, for as long as it keeps the pointer.
        let run = unsafe { std::mem::transmute::<*const u8, Run>(code) };
        Ok(CompiledEntry {
            module: Some(module),
            run,
            tensors,
            workspace: program.program().workspace as usize,
        })
    }
}

impl CompiledEntry {
    /// Runs the entry on the bytes of its tensors, by number: dense, row-major, little-endian, of
    /// any alignment; a bool is a byte, 0 or 1. The status: 0, or the code of the first check that
    /// failed, in which case `inouts` are unchanged where the program checks before it stores.
    ///
    /// # Errors
    /// [`CallError`] if the number or size of arguments is wrong; then nothing was run.
    pub fn call(
        &self,
        inputs: &[&[u8]],
        inouts: &mut [&mut [u8]],
        outputs: &mut [&mut [u8]],
    ) -> Result<i32, CallError> {
        self.run(inputs, inouts, outputs, std::ptr::null())
    }

    /// The same, with tasks run by a function. The bits of the results do not depend on it.
    ///
    /// # Errors
    /// As [`CompiledEntry::call`].
    pub fn call_on(
        &self,
        run_tasks: RunTasks<'_>,
        inputs: &[&[u8]],
        inouts: &mut [&mut [u8]],
        outputs: &mut [&mut [u8]],
    ) -> Result<i32, CallError> {
        let context = RawCtx {
            struct_size: size_of::<RawCtx>() as u64,
            pool: std::ptr::null_mut(),
            parallel_for: Some(run_tasks_from_code),
            data: std::ptr::from_ref(&run_tasks).cast_mut().cast(),
        };
        self.run(inputs, inouts, outputs, &context)
    }

    fn run(
        &self,
        inputs: &[&[u8]],
        inouts: &mut [&mut [u8]],
        outputs: &mut [&mut [u8]],
        context: *const RawCtx,
    ) -> Result<i32, CallError> {
        self.check_count("inputs", inputs.len(), |t| matches!(t, Tensor::Input(_)))?;
        self.check_count("inouts", inouts.len(), |t| matches!(t, Tensor::Inout(_)))?;
        self.check_count("outputs", outputs.len(), |t| matches!(t, Tensor::Output(_)))?;
        let mut addresses = Vec::with_capacity(self.tensors.len());
        for &(tensor, expected) in &self.tensors {
            let (address, given) = match tensor {
                Tensor::Input(number) => inputs
                    .get(number as usize)
                    .map(|bytes| (bytes.as_ptr().cast_mut(), bytes.len())),
                Tensor::Inout(number) => inouts
                    .get_mut(number as usize)
                    .map(|bytes| (bytes.as_mut_ptr(), bytes.len())),
                Tensor::Output(number) => outputs
                    .get_mut(number as usize)
                    .map(|bytes| (bytes.as_mut_ptr(), bytes.len())),
            }
            .unwrap_or((std::ptr::null_mut(), 0));
            if given != expected {
                return Err(CallError::Size {
                    tensor,
                    expected,
                    given,
                });
            }
            addresses.push(address);
        }
        let mut workspace = vec![Line([0; 64]); self.workspace.div_ceil(64)];
        let workspace = workspace.as_mut_ptr().cast::<u8>();
        // SAFETY: the code belongs to `self.module`, which is alive. Its tensors, at the addresses
        // that it is given in its own order, have the sizes that it was compiled for; those that it
        // writes are borrowed exclusively, those that it reads are borrowed. The workspace has the
        // size and alignment that the program states. Compiled code of a verified program touches
        // nothing else but its own stack. The context is NULL or whole.
        Ok(unsafe { (self.run)(addresses.as_ptr(), workspace, context) })
    }

    fn check_count(
        &self,
        kind: &'static str,
        given: usize,
        is_of_kind: impl Fn(&Tensor) -> bool,
    ) -> Result<(), CallError> {
        let tensors = self.tensors.iter();
        let expected = tensors.filter(|(tensor, _)| is_of_kind(tensor)).count();
        if given == expected {
            Ok(())
        } else {
            Err(CallError::Count {
                kind,
                expected,
                given,
            })
        }
    }
}

/// The `parallel_for` of calls with a function that runs tasks.
unsafe extern "C" fn run_tasks_from_code(
    data: *mut c_void,
    tasks: u64,
    task: Option<RawTask>,
    task_data: *mut c_void,
) {
    /// An address that several threads use.
    struct Shared(*mut c_void);
    // SAFETY: tasks of compiled code may run at once on the same data.
    unsafe impl Sync for Shared {}
    let task_data = Shared(task_data);
    // SAFETY: `data` is the address of what `call_on` was given, which is alive during the call.
    let run_tasks = unsafe { *data.cast_const().cast::<RunTasks<'_>>() };
    if let Some(task) = task {
        run_tasks(tasks, &|number| {
            let data = &task_data;
            // SAFETY: compiled code gives a function for this data; numbers below `tasks` are its.
            unsafe { task(data.0, number) };
        });
    }
}

impl Drop for CompiledEntry {
    fn drop(&mut self) {
        if let Some(module) = self.module.take() {
            // SAFETY: the only pointer into the code is `self.run`, which goes with `self`; calls
            // borrow `self`, so none is under way.
            unsafe { module.free_memory() };
        }
    }
}

impl std::fmt::Debug for CompiledEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CompiledEntry")
            .field("tensors", &self.tensors)
            .field("workspace", &self.workspace)
            .finish_non_exhaustive()
    }
}
