//! Kernels as machine code through LLVM.

use super::emit::emit;
use super::kept;
use super::machine::{Effort, Machine, MachineError};
use super::object::{Piece, piece};
use super::{Level, Unavailable, emit::EmitError};
use crate::backend::CompileError;
use crate::cache::Cache;
use crate::kernel::Kernel;
use crate::legalize::Legal;
use crate::threads::thread_program;
use crate::workers;
use lgc_llvm::Loaded;
use lgc_llvm::inkwell::context::Context;
use lgc_llvm::inkwell::module::Module;
use rayon::prelude::*;
use rustc_hash::FxHashSet;
use std::path::Path;

/// The name of the function of a kernel within its own module.
const NAME: &str = "kernel";

/// An LLVM, and how hard it tries.
#[derive(Clone, Copy, Debug)]
pub struct Llvm {
    loaded: &'static Loaded,
    /// How much is done for the speed of code.
    pub effort: Effort,
    /// What was made before.
    cache: Option<&'static Cache>,
}

impl Llvm {
    /// The one that was loaded.
    pub fn new(loaded: &'static Loaded, effort: Effort) -> Self {
        Llvm {
            loaded,
            effort,
            cache: None,
        }
    }

    /// The same, which looks for code in a cache, and keeps there what it makes.
    #[must_use]
    pub fn with_cache(self, cache: Option<&'static Cache>) -> Self {
        Llvm { cache, ..self }
    }

    /// The library that is named, else that of the environment or of a toolchain; and its version.
    ///
    /// # Errors
    /// If it cannot be loaded.
    pub fn load(named: Option<&Path>, effort: Effort) -> Result<(Self, String), Unavailable> {
        let loaded = lgc_llvm::load(named)?;
        Ok((Llvm::new(loaded, effort), loaded.version().to_string()))
    }

    /// The modules of the kernels of programs before LLVM's passes, as text; each distinct kernel once.
    ///
    /// # Errors
    /// What the compiler refuses.
    pub fn text(self, programs: &[Legal]) -> Result<String, CompileError> {
        self.render(programs, 0)
    }

    /// The same after them, as the text of an assembler.
    ///
    /// # Errors
    /// What the compiler refuses.
    pub fn assembly(self, programs: &[Legal]) -> Result<String, CompileError> {
        self.render(programs, 1)
    }

    fn render(self, programs: &[Legal], which: usize) -> Result<String, CompileError> {
        let mut seen = FxHashSet::default();
        let mut all = String::new();
        for program in programs {
            let target = program.target();
            for kernel in &program.program().kernels {
                if seen.insert((kernel, target)) {
                    let threads = thread_program(kernel, target)?;
                    all += &self.texts(target.level, &threads)?[which];
                    all.push('\n');
                }
            }
        }
        Ok(all)
    }

    /// The code of thread programs, each for its level, several at a time; in order.
    pub(crate) fn compile(self, kernels: &[(Level, &Kernel)]) -> Result<Vec<Piece>, CompileError> {
        let compile = |&(level, kernel): &(Level, &Kernel)| self.find_or_compile(level, kernel);
        workers::on_all(|| kernels.par_iter().map(compile).collect())
    }

    fn find_or_compile(self, level: Level, kernel: &Kernel) -> Result<Piece, CompileError> {
        // As its text has it, which decides the key: what is made must not depend on anything else.
        let kernel = &kernel.canonical();
        let Some(cache) = self.cache else {
            return self.compile_one(level, kernel);
        };
        let key = kept::key(self.loaded, self.effort, level, kernel);
        if let Some(piece) = cache.find(key, kept::read) {
            return Ok(piece);
        }
        let piece = self.compile_one(level, kernel)?;
        cache.keep(key, &kept::write(&piece));
        Ok(piece)
    }

    fn compile_one(self, level: Level, kernel: &Kernel) -> Result<Piece, CompileError> {
        self.with_module(level, kernel, |machine, module| {
            let object = machine.object(module).map_err(CompileError::backend)?;
            piece(&object, NAME).map_err(|strange| CompileError::Backend {
                message: format!("the code of `{}` has {strange}", kernel.name),
            })
        })
    }

    /// The module of a thread program before LLVM's passes, and its assembly, as text.
    fn texts(self, level: Level, kernel: &Kernel) -> Result<[String; 2], CompileError> {
        let machine =
            Machine::new(self.loaded, level, self.effort).map_err(CompileError::backend)?;
        let context = Context::create();
        let module = machine.module(&context, &kernel.name.0);
        emitted(&context, &module, &machine, kernel)?;
        let plain = module.print_to_string().to_string();
        machine.optimize(&module).map_err(CompileError::backend)?;
        let assembly = machine.assembly(module).map_err(CompileError::backend)?;
        Ok([plain, assembly])
    }

    fn with_module<T>(
        self,
        level: Level,
        kernel: &Kernel,
        then: impl FnOnce(&Machine, Module<'_>) -> Result<T, CompileError>,
    ) -> Result<T, CompileError> {
        let failed = |error: MachineError| CompileError::Backend {
            message: format!("{}: {error}", kernel.name),
        };
        let machine = Machine::new(self.loaded, level, self.effort).map_err(failed)?;
        let context = Context::create();
        let module = machine.module(&context, NAME);
        emitted(&context, &module, &machine, kernel)?;
        machine.optimize(&module).map_err(failed)?;
        then(&machine, module)
    }
}

fn emitted<'c>(
    context: &'c Context,
    module: &Module<'c>,
    machine: &Machine,
    kernel: &Kernel,
) -> Result<(), CompileError> {
    emit(context, module, machine, (kernel, NAME)).map_err(|error| match error {
        EmitError::Refused(message) => CompileError::Unsupported {
            function: kernel.name.0.clone(),
            message,
        },
        EmitError::Instruction(message) => CompileError::Backend {
            message: format!("{}: {message}", kernel.name),
        },
    })
}
