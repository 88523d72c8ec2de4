//! What LLVM needs to know to make code for a level of x86-64, and how it is made: which passes run, and what a
//! module becomes.
//!
//! Modules, contexts and machines belong to one thread: threads that compile side by side have one each. Equal modules
//! become equal bytes.

use super::{Level, masks};
use lgc_llvm::Loaded;
use lgc_llvm::inkwell::OptimizationLevel;
use lgc_llvm::inkwell::attributes::{Attribute, AttributeLoc};
use lgc_llvm::inkwell::context::Context;
use lgc_llvm::inkwell::module::Module;
use lgc_llvm::inkwell::passes::PassBuilderOptions;
use lgc_llvm::inkwell::support::LLVMString;
use lgc_llvm::inkwell::targets::{
    CodeModel, FileType, RelocMode, Target, TargetMachine, TargetTriple,
};
use lgc_llvm::inkwell::values::FunctionValue;
use std::cell::RefCell;
use std::rc::Rc;

/// What libraries are for.
const TRIPLE: &str = "x86_64-unknown-linux-gnu";

/// What kernels gain from: they come with vectors chosen, loops tiled and nothing to inline. All of `default<O2>` makes
/// the same code from them in seven times the time.
///
/// `instcombine` asked for by name checks that a second round would find nothing, and ends the process if it would:
/// that is for LLVM's own tests.
const PASSES: &str = "function(sroa,early-cse<memssa>,instcombine<no-verify-fixpoint>,simplifycfg,\
                      loop-mssa(loop-rotate,licm),loop(indvars),\
                      early-cse<memssa>,instcombine<no-verify-fixpoint>,simplifycfg)";

/// How much is done for the speed of code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effort {
    /// Nothing.
    None,
    /// Little: the passes run, and code is chosen quickly.
    Less,
    /// What is usual.
    Usual,
    /// Everything.
    Most,
}

impl Effort {
    /// Every effort, the least first: `-O0` to `-O3`.
    pub const ALL: [Effort; 4] = [Effort::None, Effort::Less, Effort::Usual, Effort::Most];

    fn of_llvm(self) -> OptimizationLevel {
        match self {
            Effort::None => OptimizationLevel::None,
            Effort::Less => OptimizationLevel::Less,
            Effort::Usual => OptimizationLevel::Default,
            Effort::Most => OptimizationLevel::Aggressive,
        }
    }
}

/// Why LLVM made no code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MachineError {
    /// This LLVM makes no code for x86-64.
    #[error("LLVM makes no code for {TRIPLE}: {0}")]
    NoTarget(String),
    /// The module is not what LLVM takes.
    #[error("LLVM refuses what it was given: {0}")]
    Invalid(String),
    /// The passes failed.
    #[error("a pass of LLVM failed: {0}")]
    Passes(String),
    /// The code could not be emitted.
    #[error("LLVM emitted no code: {0}")]
    Emission(String),
}

/// What makes code for one level.
#[derive(Debug)]
pub struct Machine {
    level: Level,
    effort: Effort,
    machine: TargetMachine,
}

thread_local! {
    /// The machines that this thread has made. LLVM keeps in them what it worked out of a processor, which takes it as
    /// long as a small kernel does: of the digits example, 6 % of all that is done for its kernels.
    static MACHINES: RefCell<Vec<Rc<Machine>>> = const { RefCell::new(Vec::new()) };
}

impl Machine {
    /// The machine of this thread for a level. Whoever asks has loaded LLVM.
    ///
    /// # Errors
    /// If there is none in this LLVM.
    pub fn here(
        llvm: &'static Loaded,
        level: Level,
        effort: Effort,
    ) -> Result<Rc<Machine>, MachineError> {
        MACHINES.with_borrow_mut(|machines| {
            let is_wanted = |it: &&Rc<Machine>| it.level == level && it.effort == effort;
            if let Some(machine) = machines.iter().find(is_wanted) {
                return Ok(Rc::clone(machine));
            }
            let machine = Rc::new(Machine::new(llvm, level, effort)?);
            machines.push(Rc::clone(&machine));
            Ok(machine)
        })
    }

    /// A machine for a level. Whoever asks has loaded LLVM.
    pub fn new(
        _llvm: &'static Loaded,
        level: Level,
        effort: Effort,
    ) -> Result<Machine, MachineError> {
        let triple = TargetTriple::create(TRIPLE);
        let target = Target::from_triple(&triple).map_err(|e| MachineError::NoTarget(said(&e)))?;
        let machine = target.create_target_machine(
            &triple,
            level.processor(),
            "",
            effort.of_llvm(),
            RelocMode::PIC,
            CodeModel::Default,
        );
        let machine = machine.ok_or_else(|| MachineError::NoTarget("no machine".to_owned()))?;
        Ok(Machine {
            level,
            effort,
            machine,
        })
    }

    /// An empty module for this machine.
    pub fn module<'c>(&self, context: &'c Context, name: &str) -> Module<'c> {
        let module = context.create_module(name);
        module.set_triple(&self.machine.get_triple());
        module.set_data_layout(&self.machine.get_target_data().get_data_layout());
        module
    }

    /// Gives a function what each one of this machine must have:
    /// - its processor, and vectors as wide as that has registers (LLVM prefers 256 bits at `x86-64-v4`);
    /// - no unwinding, so that no tables are made for it;
    /// - no functions of the C library, so that a loop becomes no call of `memset`: objects import nothing;
    /// - pages of the stack touched one after another, so that a stack which is too small ends at its guard and not in
    ///   the memory behind it.
    pub fn prepare(&self, context: &Context, function: FunctionValue<'_>) {
        let bits = self.level.vector_bits().to_string();
        let texts = [
            ("target-cpu", self.level.processor()),
            ("prefer-vector-width", &bits),
            ("min-legal-vector-width", &bits),
            ("no-builtins", ""),
            ("probe-stack", "inline-asm"),
        ];
        let nounwind = Attribute::get_named_enum_kind_id("nounwind");
        let texts = texts.map(|(key, value)| context.create_string_attribute(key, value));
        let all = texts
            .into_iter()
            .chain([context.create_enum_attribute(nounwind, 0)]);
        for attribute in all {
            function.add_attribute(AttributeLoc::Function, attribute);
        }
    }

    /// Checks a module, and runs the passes on it.
    pub fn optimize(&self, module: &Module<'_>) -> Result<(), MachineError> {
        module
            .verify()
            .map_err(|e| MachineError::Invalid(said(&e)))?;
        if self.effort != Effort::None {
            self.run(module, PASSES)?;
        }
        masks::store_single_lanes(module)
    }

    fn run(&self, module: &Module<'_>, passes: &str) -> Result<(), MachineError> {
        let options = PassBuilderOptions::create();
        options.set_loop_unrolling(false);
        options.set_loop_interleaving(false);
        options.set_loop_vectorization(false);
        options.set_loop_slp_vectorization(false);
        let outcome = module.run_passes(passes, &self.machine, options);
        outcome.map_err(|e| MachineError::Passes(said(&e)))
    }

    /// A module that was optimised as an object file. Emission changes modules, so each is emitted once.
    pub fn object(&self, module: Module<'_>) -> Result<Vec<u8>, MachineError> {
        self.emit(&module, FileType::Object)
    }

    /// A module that was optimised as the text of an assembler.
    pub fn assembly(&self, module: Module<'_>) -> Result<String, MachineError> {
        let text = self.emit(&module, FileType::Assembly)?;
        String::from_utf8(text).map_err(|e| MachineError::Emission(e.to_string()))
    }

    fn emit(&self, module: &Module<'_>, kind: FileType) -> Result<Vec<u8>, MachineError> {
        module
            .verify()
            .map_err(|e| MachineError::Invalid(said(&e)))?;
        let buffer = self.machine.write_to_memory_buffer(module, kind);
        let buffer = buffer.map_err(|e| MachineError::Emission(said(&e)))?;
        Ok(buffer.as_slice().to_vec())
    }
}

/// What LLVM says, in a line.
fn said(message: &LLVMString) -> String {
    message.to_string().trim_end().replace('\n', "; ")
}

#[cfg(test)]
mod tests;
