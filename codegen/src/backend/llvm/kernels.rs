//! Kernels as machine code through LLVM.

use super::emit::emit;
use super::kept;
use super::machine::{Effort, Machine, MachineError};
use super::object::{Piece, piece};
use super::{Unavailable, emit::EmitError};
use crate::backend::CompileError;
use crate::cache::Cache;
use crate::kernel::Kernel;
use crate::legalize::Legal;
use crate::target::{Operations, Target};
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

    /// Which LLVM this is, and how hard it tries: all that its code depends on beside what it is made of.
    pub fn identity(self) -> String {
        let [version, file] = kept::llvm_of(self.loaded);
        format!("LLVM {version}, {file}, {:?}", self.effort)
    }

    /// The library that is named, else that of the environment or of a toolchain; and its version.
    ///
    /// # Errors
    /// If it cannot be loaded.
    pub fn load(named: Option<&Path>, effort: Effort) -> Result<(Self, String), Unavailable> {
        let loaded = lgc_llvm::load(named)?;
        Ok((Llvm::new(loaded, effort), loaded.version().to_string()))
    }

    /// The modules of the kernels of programs before LLVM's passes, as text; each distinct kernel once. The files of
    /// lines are called what `sources` calls them.
    ///
    /// # Errors
    /// What the compiler refuses.
    pub fn text(self, programs: &[Legal], sources: &[String]) -> Result<String, CompileError> {
        self.render((programs, sources), |_, module| {
            Ok(module.print_to_string().to_string())
        })
    }

    /// The same after them, as the text of an assembler.
    ///
    /// # Errors
    /// What the compiler refuses.
    pub fn assembly(self, programs: &[Legal], sources: &[String]) -> Result<String, CompileError> {
        self.render((programs, sources), |machine, module| {
            machine.optimize(&module)?;
            machine.assembly(module)
        })
    }

    fn render(
        self,
        (programs, sources): (&[Legal], &[String]),
        text: fn(&Machine, Module<'_>) -> Result<String, MachineError>,
    ) -> Result<String, CompileError> {
        let mut seen = FxHashSet::default();
        let mut all = String::new();
        for program in programs {
            let target = program.target();
            for kernel in &program.program().kernels {
                if seen.insert((kernel, target)) {
                    let threads = thread_program(kernel, target)?;
                    all += &self.made(target, (&threads, &kernel.name.0), sources, text)?;
                    all.push('\n');
                }
            }
        }
        Ok(all)
    }

    /// The code of legal kernels, each for its target, several at a time; in order.
    pub(crate) fn compile(
        self,
        kernels: &[(&Kernel, &Target)],
    ) -> Result<Vec<Piece>, CompileError> {
        let compile = |&(kernel, target): &(&Kernel, &Target)| self.find_or_compile(target, kernel);
        workers::on_all(|| kernels.par_iter().map(compile).collect())
    }

    fn find_or_compile(self, target: &Target, kernel: &Kernel) -> Result<Piece, CompileError> {
        // As its text has it, which decides the key: what is made must not depend on anything else.
        let kernel = &kernel.canonical();
        let Some(cache) = self.cache else {
            return self.compile_one(target, kernel);
        };
        let key = kept::key(self.loaded, self.effort, target, kernel);
        if let Some(piece) = cache.find(key, kept::read) {
            return Ok(piece);
        }
        let piece = self.compile_one(target, kernel)?;
        cache.keep(key, &kept::write(&piece));
        Ok(piece)
    }

    fn compile_one(self, target: &Target, kernel: &Kernel) -> Result<Piece, CompileError> {
        let threads = thread_program(kernel, target)?;
        let object = self.made(target, (&threads, NAME), &[], |machine, module| {
            machine.optimize(&module)?;
            machine.object(module)
        })?;
        piece(&object, NAME).map_err(|strange| CompileError::Backend {
            message: format!("the code of `{}` has {strange}", kernel.name),
        })
    }

    /// What is made of the module of a thread program, which has a name; so have the files of its lines.
    fn made<T>(
        self,
        target: &Target,
        (kernel, name): (&Kernel, &str),
        sources: &[String],
        then: impl FnOnce(&Machine, Module<'_>) -> Result<T, MachineError>,
    ) -> Result<T, CompileError> {
        let failed = |message: String| CompileError::Backend {
            message: format!("{}: {message}", kernel.name),
        };
        let refused = |message| CompileError::Unsupported {
            function: kernel.name.0.clone(),
            message,
        };
        if target.operations != Operations::COMMON {
            // What LLVM leaves undefined is not undefined in kernels.
            return Err(refused("a kernel that is legal for another processor"));
        }
        let machine = Machine::here(self.loaded, target.level, self.effort);
        let machine = machine.map_err(|error| failed(error.to_string()))?;
        let context = Context::create();
        let module = machine.module(&context, name);
        let stack_bytes = target.stack_bytes;
        let emitted = emit(
            &context,
            &module,
            &machine,
            (kernel, NAME),
            stack_bytes,
            sources,
        );
        emitted.map_err(|error| match error {
            EmitError::Refused(message) => refused(message),
            EmitError::Instruction(message) => failed(message),
        })?;
        then(&machine, module).map_err(|error| failed(error.to_string()))
    }
}

#[cfg(test)]
mod tests;
