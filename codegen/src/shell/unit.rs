//! A unit of compilation: functions and data that refer to one another by number.
//!
//! Legal kernels of one structure become one thread program, which is compiled once. Functions are compiled
//! independently, several at a time; what comes out does not depend on how many.

use crate::backend::cranelift::emit::kernel;
use crate::backend::cranelift::emit::tasks::{TaskLinks, emit_task, sites};
use crate::backend::cranelift::isa::{Destination, InstructionSet, isa};
use crate::backend::lines::LineTable;
use crate::backend::refusal::Refusal;
use crate::backend::{Backend, CompileError};
use crate::kernel::{BufferId, Kernel, Program, Role};
use crate::legalize::Legal;
use crate::shell::dispatch::dispatch;
use crate::shell::steps;
use crate::shell::steps::{Links, Tensor};
use crate::target::Target;
use crate::threads::thread_program;
use crate::workers;
use cranelift_codegen::Context;
#[cfg(feature = "llvm")]
use cranelift_codegen::binemit::Reloc;
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::ir::Function;
use cranelift_codegen::isa::TargetIsa;
use cranelift_codegen::{Final, MachSrcLoc};
#[cfg(feature = "llvm")]
use cranelift_module::ModuleRelocTarget;
use cranelift_module::{DataDescription, DataId, FuncId, Linkage, Module, ModuleReloc};
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::collections::HashMap;
use std::sync::Arc;

/// The alignment of constant buffers in bytes.
const CONSTANT_ALIGN: u64 = 64;

/// What a function is made of.
pub(crate) enum Source<'a> {
    /// A thread program for a processor, with what reaches its tasks if it has any.
    Kernel(Arc<Kernel>, &'a Target, Option<TaskLinks>),
    /// Tasks of such a program, by their position among those.
    Task(Arc<Kernel>, &'a Target, usize),
    /// The function that runs tasks.
    Dispatch,
    /// The steps of a program: the numbers of its kernels and constants, and the order of the
    /// tensors it is given.
    Steps {
        program: &'a Program,
        kernels: Vec<(u32, bool)>,
        constants: HashMap<BufferId, u32>,
        order: &'a [Tensor],
    },
    /// A finished function.
    Function(Box<Function>, InstructionSet),
    /// Machine code.
    Code(&'static [u8]),
    /// Machine code that was made elsewhere.
    Linked(Box<Compiled>),
    /// Nothing: a function of another library.
    Import,
}

/// A function of a unit.
pub(crate) struct FunctionItem<'a> {
    /// Its symbol. Those that others cannot see have dots, so that they clash with none in C.
    pub(crate) name: String,
    /// Whether others can see it.
    pub(crate) linkage: Linkage,
    /// What it is made of.
    pub(crate) source: Source<'a>,
}

/// A pointer within data to data.
pub(crate) struct Pointer {
    /// Where it is.
    pub(crate) offset: usize,
    /// The number of the data that it points into.
    pub(crate) target: u32,
    /// Where it points there.
    pub(crate) addend: usize,
}

/// Data of a unit; nobody outside sees it.
pub(crate) struct DataItem {
    /// Its symbol.
    pub(crate) name: String,
    /// The contents.
    pub(crate) bytes: Arc<[u8]>,
    /// Alignment in bytes.
    pub(crate) align: u64,
    /// Whether code writes to it.
    pub(crate) writable: bool,
    /// The pointers in it.
    pub(crate) pointers: Vec<Pointer>,
}

/// Functions and data.
#[derive(Default)]
pub(crate) struct Unit<'a> {
    pub(crate) functions: Vec<FunctionItem<'a>>,
    pub(crate) data: Vec<DataItem>,
}

/// A compiled function.
#[derive(Clone)]
pub(crate) struct Compiled {
    pub(crate) bytes: Vec<u8>,
    /// What its address is a multiple of.
    align: u64,
    /// Where it refers to functions and data of the unit.
    relocations: Vec<ModuleReloc>,
    /// The lines that it comes from.
    pub(crate) lines: LineTable,
    /// The intermediate code, if asked for.
    pub(crate) clif: String,
    /// The machine code as text, if asked for.
    pub(crate) assembly: String,
}

impl Compiled {
    /// Machine code of which nothing else is known: at a multiple of `align`.
    pub(crate) fn of(bytes: Vec<u8>, relocations: Vec<ModuleReloc>, align: u64) -> Self {
        Compiled {
            bytes,
            align,
            relocations,
            lines: LineTable::default(),
            clif: String::new(),
            assembly: String::new(),
        }
    }
}

/// Whether compiled functions also have a text form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Text {
    /// Only code.
    None,
    /// Intermediate code and assembly.
    Both,
}

impl<'a> Unit<'a> {
    /// The functions of programs: those of their kernels, then one for the steps of each. `order`
    /// says for each program how it is given its tensors. Also the numbers of the latter.
    pub(crate) fn new(
        prefix: &str,
        programs: &[&'a Legal],
        orders: &'a [Vec<Tensor>],
        backend: Backend,
    ) -> Result<(Self, Vec<u32>), CompileError> {
        let mut unit = Unit::default();
        // Equal kernels of entries are functions once.
        let mut numbers = FxHashMap::default();
        let mut distinct = Vec::new();
        let kernels: Vec<Vec<u32>> = programs
            .iter()
            .map(|program| {
                let number_of = |kernel: &'a Kernel| {
                    let kernel = (kernel, program.target());
                    *numbers.entry(kernel).or_insert_with(|| {
                        distinct.push(kernel);
                        distinct.len() as u32 - 1
                    })
                };
                program.program().kernels.iter().map(number_of).collect()
            })
            .collect();
        let places = match backend {
            Backend::Cranelift => unit.add_kernels(prefix, &distinct)?,
            #[cfg(feature = "llvm")]
            Backend::Llvm(llvm) => unit.add_pieces(prefix, &distinct, llvm)?,
        };
        let kernels = kernels.into_iter().map(|numbers| {
            let place = |number: u32| places.get(number as usize).copied();
            numbers.into_iter().filter_map(place).collect::<Vec<_>>()
        });
        let mut bodies = Vec::new();
        let mut known = HashMap::new();
        for ((program, kernels), order) in programs.iter().zip(kernels).zip(orders) {
            let program = program.program();
            bodies.push(unit.functions.len() as u32);
            let constants = unit.constants(prefix, program, &mut known);
            unit.functions.push(FunctionItem {
                name: format!("{prefix}.steps{}.{}", bodies.len() - 1, program.name),
                linkage: Linkage::Local,
                source: Source::Steps {
                    program,
                    kernels,
                    constants,
                    order,
                },
            });
        }
        Ok((unit, bodies))
    }

    /// Adds the functions of kernels: for each its own, then those of its tasks; last the function
    /// that runs tasks, if there are any. The number of each, and whether it has tasks.
    fn add_kernels(
        &mut self,
        prefix: &str,
        kernels: &[(&'a Kernel, &'a Target)],
    ) -> Result<Vec<(u32, bool)>, CompileError> {
        let threads = |&(kernel, target): &(&Kernel, &'a Target)| {
            Ok((Arc::new(thread_program(kernel, target)?), target))
        };
        let kernels: Result<Vec<_>, CompileError> =
            workers::on_all(|| kernels.par_iter().map(threads).collect());
        let kernels = kernels?;
        let tasks = kernels.iter().map(|(kernel, _)| sites(kernel).len() as u32);
        let tasks: Vec<u32> = tasks.collect();
        let dispatch = kernels.len() as u32 + tasks.iter().sum::<u32>();
        let mut places = Vec::with_capacity(kernels.len());
        let mut add = |name: String, source: Source<'a>| {
            self.functions.push(FunctionItem {
                name,
                linkage: Linkage::Local,
                source,
            });
        };
        let mut next = 0;
        for (number, ((kernel, target), tasks)) in kernels.iter().zip(tasks).enumerate() {
            let name = format!("{prefix}.kernel{number}.{}", kernel.name);
            let first = next + 1;
            let links = (tasks > 0).then_some(TaskLinks { dispatch, first });
            places.push((next, tasks > 0));
            add(name.clone(), Source::Kernel(kernel.clone(), target, links));
            for task in 0..tasks as usize {
                add(
                    format!("{name}.tasks{task}"),
                    Source::Task(kernel.clone(), target, task),
                );
            }
            next += 1 + tasks;
        }
        if places.iter().any(|&(_, is_parallel)| is_parallel) {
            add(format!("{prefix}.run_tasks"), Source::Dispatch);
        }
        Ok(places)
    }

    /// Adds what LLVM makes of kernels, as [`Self::add_kernels`] does: a kernel and its tasks are one piece.
    #[cfg(feature = "llvm")]
    fn add_pieces(
        &mut self,
        prefix: &str,
        kernels: &[(&'a Kernel, &'a Target)],
        llvm: crate::backend::llvm::Llvm,
    ) -> Result<Vec<(u32, bool)>, CompileError> {
        let pieces = llvm.compile(kernels)?;
        let dispatch = pieces.len() as u32;
        let mut places = Vec::with_capacity(pieces.len());
        for (number, (piece, (kernel, _))) in pieces.into_iter().zip(kernels).enumerate() {
            let is_parallel = !piece.calls.is_empty();
            let relocation = |(offset, addend)| ModuleReloc {
                offset,
                kind: Reloc::X86CallPCRel4,
                name: ModuleRelocTarget::user(0, dispatch),
                addend,
            };
            let relocations = piece.calls.into_iter().map(relocation).collect();
            self.functions.push(FunctionItem {
                name: format!("{prefix}.kernel{number}.{}", kernel.name),
                linkage: Linkage::Local,
                source: Source::Linked(Box::new(Compiled {
                    lines: piece.lines,
                    ..Compiled::of(piece.bytes, relocations, piece.align)
                })),
            });
            places.push((number as u32, is_parallel));
        }
        if places.iter().any(|&(_, is_parallel)| is_parallel) {
            self.functions.push(FunctionItem {
                name: format!("{prefix}.run_tasks"),
                linkage: Linkage::Local,
                source: Source::Dispatch,
            });
        }
        Ok(places)
    }

    /// Whether some function has tasks.
    pub(crate) fn is_parallel(&self) -> bool {
        let mut sources = self.functions.iter().map(|item| &item.source);
        sources.any(|source| matches!(source, Source::Dispatch))
    }

    /// Adds the constant buffers of a program; equal ones are one.
    fn constants(
        &mut self,
        prefix: &str,
        program: &Program,
        known: &mut HashMap<Arc<[u8]>, u32>,
    ) -> HashMap<BufferId, u32> {
        let mut numbers = HashMap::new();
        for (at, buffer) in program.buffers.iter().enumerate() {
            let Role::Constant(bytes) = &buffer.role else {
                continue;
            };
            let number = *known.entry(bytes.clone()).or_insert_with(|| {
                self.data.push(DataItem {
                    name: format!("{prefix}.constant{}", self.data.len()),
                    bytes: bytes.clone(),
                    align: CONSTANT_ALIGN,
                    writable: false,
                    pointers: Vec::new(),
                });
                self.data.len() as u32 - 1
            });
            numbers.insert(BufferId(at as u32), number);
        }
        numbers
    }

    /// Compiles every function, in order.
    pub(crate) fn compile(
        &self,
        destination: Destination,
        text: Text,
    ) -> Result<Vec<Compiled>, CompileError> {
        let extended = isa(InstructionSet::Extended, destination)?;
        let baseline = isa(InstructionSet::Baseline, destination)?;
        let numbered: Vec<_> = self.functions.iter().enumerate().collect();
        workers::on_all(|| {
            numbered
                .into_par_iter()
                .with_min_len(4)
                .map_init(Context::new, |context, (number, item)| {
                    let isa = match item.source.instructions() {
                        InstructionSet::Extended => &*extended,
                        InstructionSet::Baseline => &*baseline,
                    };
                    item.compile(context, isa, number as u32, text)
                })
                .collect()
        })
    }

    /// Adds everything to an empty module, in which functions and data then have their numbers; the functions, in order.
    pub(crate) fn define(
        &self,
        compiled: &[Compiled],
        module: &mut dyn Module,
    ) -> Result<Vec<FuncId>, CompileError> {
        let signature = module.make_signature();
        let mut functions = Vec::new();
        for item in &self.functions {
            let id = module.declare_function(&item.name, item.linkage, &signature);
            functions.push(id.map_err(CompileError::backend)?);
        }
        let mut data = Vec::new();
        for item in &self.data {
            let id = module.declare_data(&item.name, Linkage::Local, item.writable, false);
            data.push(id.map_err(CompileError::backend)?);
        }
        for ((&id, code), item) in functions.iter().zip(compiled).zip(&self.functions) {
            if item.linkage == Linkage::Import {
                continue;
            }
            module
                .define_function_bytes(id, code.align, &code.bytes, &code.relocations)
                .map_err(CompileError::backend)?;
        }
        for (&id, item) in data.iter().zip(&self.data) {
            let description = item.describe(&data, module);
            module
                .define_data(id, &description)
                .map_err(CompileError::backend)?;
        }
        Ok(functions)
    }

    /// The bytes of all code and data, with room for alignment.
    pub(crate) fn footprint(&self, compiled: &[Compiled]) -> usize {
        let code = compiled.iter().map(|code| code.bytes.len() + 64);
        let data = self.data.iter().map(|item| item.bytes.len() + 128);
        code.chain(data).sum()
    }
}

impl DataItem {
    fn describe(&self, data: &[DataId], module: &mut dyn Module) -> DataDescription {
        let mut description = DataDescription::new();
        let is_zero = self.writable && self.bytes.iter().all(|&byte| byte == 0);
        if is_zero {
            description.define_zeroinit(self.bytes.len().max(1));
        } else if self.bytes.is_empty() {
            description.define(Box::new([0]));
        } else {
            description.define(self.bytes.as_ref().into());
        }
        description.set_align(self.align);
        for pointer in &self.pointers {
            if let Some(&target) = data.get(pointer.target as usize) {
                let target = module.declare_data_in_data(target, &mut description);
                description.write_data_addr(pointer.offset as u32, target, pointer.addend as i64);
            }
        }
        description
    }
}

impl Source<'_> {
    fn instructions(&self) -> InstructionSet {
        match self {
            Source::Kernel(..) | Source::Task(..) | Source::Steps { .. } => {
                InstructionSet::Extended
            }
            Source::Function(_, set) => *set,
            Source::Dispatch | Source::Code(_) | Source::Linked(_) | Source::Import => {
                InstructionSet::Baseline
            }
        }
    }
}

impl FunctionItem<'_> {
    fn build(&self) -> Result<Option<Function>, CompileError> {
        let unsupported = |fault: Refusal| CompileError::Unsupported {
            function: self.name.clone(),
            message: fault.0,
        };
        match &self.source {
            Source::Kernel(kernel, target, links) => {
                let function = kernel::emit(kernel, target, *links);
                function.map(Some).map_err(unsupported)
            }
            Source::Task(kernel, target, number) => {
                let function = emit_task(kernel, target, *number);
                function.map(Some).map_err(unsupported)
            }
            Source::Dispatch => dispatch().map(Some).map_err(unsupported),
            Source::Steps {
                program,
                kernels,
                constants,
                order,
            } => {
                let links = Links {
                    kernels,
                    constants,
                    order,
                };
                steps::emit(program, &links).map(Some).map_err(unsupported)
            }
            Source::Function(function, _) => Ok(Some(function.as_ref().clone())),
            Source::Code(_) | Source::Linked(_) | Source::Import => Ok(None),
        }
    }

    fn compile(
        &self,
        context: &mut Context,
        isa: &dyn TargetIsa,
        number: u32,
        text: Text,
    ) -> Result<Compiled, CompileError> {
        let Some(function) = self.build()? else {
            return Ok(self.verbatim());
        };
        context.clear();
        context.func = function;
        let clif = match text {
            Text::None => String::new(),
            Text::Both => context.func.display().to_string(),
        };
        context.set_disasm(text == Text::Both);
        let code = context
            .compile(isa, &mut ControlPlane::default())
            .map_err(|error| CompileError::Backend {
                message: format!("{}: {:?}", self.name, error.inner),
            })?;
        let align = u64::from(code.buffer.alignment);
        let bytes = code.buffer.data().to_vec();
        let lines = self.lines(code.buffer.get_srclocs_sorted());
        let assembly = code.vcode.clone().unwrap_or_default();
        let relocations = code.buffer.relocs().to_vec();
        let relocations = relocations
            .iter()
            .map(|reloc| {
                ModuleReloc::from_mach_reloc(reloc, &context.func, FuncId::from_u32(number))
            })
            .collect();
        Ok(Compiled {
            bytes,
            align,
            relocations,
            lines,
            clif,
            assembly,
        })
    }

    /// The lines of code, of which each part comes from a position in those of the kernel.
    fn lines(&self, parts: &[MachSrcLoc<Final>]) -> LineTable {
        let mut table = LineTable::default();
        let (Source::Kernel(kernel, ..) | Source::Task(kernel, ..)) = &self.source else {
            return table;
        };
        let lines = kernel.lines.distinct();
        for part in parts {
            table.push(part.start, lines.get(part.loc.bits() as usize).copied());
        }
        table
    }

    fn verbatim(&self) -> Compiled {
        let bytes = match &self.source {
            Source::Linked(compiled) => return (**compiled).clone(),
            Source::Code(bytes) => bytes,
            Source::Kernel(..)
            | Source::Task(..)
            | Source::Dispatch
            | Source::Steps { .. }
            | Source::Function(..)
            | Source::Import => [].as_slice(),
        };
        Compiled::of(bytes.to_vec(), Vec::new(), 16)
    }
}
