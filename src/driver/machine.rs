//! What makes machine code, and for which processors.

use super::kept::Kept;
use crate::args::{BackendName, Code as CodeArgs, Cpu};
use crate::{COMPILER, Failure};
use lgc_codegen::backend::Backend;
use lgc_codegen::cache::Cache;
use lgc_codegen::level::Level;
use lgc_codegen::target::Target;
use lgc_ir::diag::{Code, Diagnostic};

/// A back end, and the targets that it makes code for.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    /// The back end for kernels.
    pub(crate) backend: Backend,
    /// What kernels are lowered for, the lowest level first; at least one.
    pub(crate) targets: Vec<Target>,
    /// The version of LLVM, if that is the back end.
    version: Option<String>,
    /// Where its code is kept, or why it is not.
    kept: Kept,
}

impl Default for Machine {
    /// Cranelift.
    fn default() -> Self {
        Machine {
            backend: Backend::Cranelift,
            targets: vec![Target::default()],
            version: None,
            kept: Kept::default(),
        }
    }
}

/// Where code is going to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// In libraries, on whatever processor loads them: LLVM where there is one.
    Anywhere,
    /// As text for people: Cranelift unless something else is asked for, whatever this machine has.
    Text,
    /// In this process, once: Cranelift, which is quick, unless something else is asked for.
    Here,
}

impl Machine {
    /// What the options ask for.
    ///
    /// # Errors
    /// If that is not there, or does not go together.
    pub(crate) fn of(options: &CodeArgs, purpose: Use) -> Result<Self, Failure> {
        let asks_for_llvm = options.llvm.is_some()
            || options.opt_level.is_some()
            || options.cpu.is_some_and(|cpu| cpu != Cpu::V3);
        match options.backend {
            Some(BackendName::Cranelift) => cranelift(options),
            Some(BackendName::Llvm) => llvm(options, purpose),
            None if asks_for_llvm => llvm(options, purpose),
            None if purpose != Use::Anywhere => cranelift(options),
            // Without LLVM there is a back end still.
            None => llvm(options, purpose).or_else(|_| cranelift(options)),
        }
    }

    /// A line that says what makes code, and for what.
    pub(crate) fn describe(&self) -> String {
        let levels: Vec<&str> = self.targets.iter().map(|t| t.level.processor()).collect();
        let levels = levels.join(" and ");
        match &self.version {
            None => format!("Cranelift, for {levels} in 128-bit registers"),
            Some(version) => format!("LLVM {version}, for {levels}"),
        }
    }

    /// What libraries say that they were made by.
    pub(crate) fn compiler(&self) -> String {
        match &self.version {
            None => COMPILER.to_owned(),
            Some(version) => format!("{COMPILER} with LLVM {version}"),
        }
    }

    /// The extensions that libraries need: those of the lowest level.
    pub(crate) fn features(&self) -> Vec<String> {
        let features = self.target().level.features();
        features.iter().map(ToString::to_string).collect()
    }

    /// Where code is kept.
    pub(crate) fn cache(&self) -> Option<&'static Cache> {
        self.kept.cache()
    }

    /// What there is to say of the cache, once code was made.
    pub(crate) fn said_of_cache(&self) -> Vec<String> {
        self.kept.remarks()
    }

    /// The target of the lowest level.
    pub(crate) fn target(&self) -> Target {
        self.targets.first().cloned().unwrap_or_default()
    }
}

fn refused(message: impl Into<String>, help: &str) -> Failure {
    Failure::new(Diagnostic::error(Code::NotCompilable, message).help(help))
}

fn cranelift(options: &CodeArgs) -> Result<Machine, Failure> {
    if matches!(options.cpu, Some(Cpu::V4)) {
        return Err(refused(
            "Cranelift makes no code for x86-64-v4",
            "leave `--cpu` or `--backend` out",
        ));
    }
    if options.llvm.is_some() || options.opt_level.is_some() {
        return Err(refused(
            "`--llvm` and `--opt-level` are for LLVM, which `--backend cranelift` rules out",
            "leave `--backend` out",
        ));
    }
    Ok(Machine::default())
}

#[cfg(feature = "llvm")]
fn llvm(options: &CodeArgs, purpose: Use) -> Result<Machine, Failure> {
    use lgc_codegen::backend::llvm::{Llvm, machine::Effort};
    let targets = levels(options.cpu, purpose)?;
    let (llvm, version) =
        Llvm::load(options.llvm.as_deref(), effort(options)).map_err(|reason| {
            refused(
                reason.to_string(),
                "`--backend cranelift` needs no LLVM; `lgc doctor` says what there is",
            )
        })?;
    let kept = Kept::of_environment();
    fn effort(options: &CodeArgs) -> Effort {
        match options.opt_level {
            Some(0) => Effort::None,
            Some(1) => Effort::Less,
            Some(2) => Effort::Usual,
            Some(_) | None => Effort::Most,
        }
    }
    Ok(Machine {
        backend: Backend::Llvm(llvm.with_cache(kept.cache())),
        targets: targets.into_iter().map(Target::of_level).collect(),
        version: Some(version),
        kept,
    })
}

#[cfg(not(feature = "llvm"))]
fn llvm(_: &CodeArgs, _: Use) -> Result<Machine, Failure> {
    let reason = lgc_codegen::backend::llvm::Unavailable::BuiltWithout;
    Err(refused(
        reason.to_string(),
        "build lgc with its default features, or leave `--backend` out",
    ))
}

/// The levels to make code for, the lowest first.
#[cfg(feature = "llvm")]
fn levels(cpu: Option<Cpu>, purpose: Use) -> Result<Vec<Level>, Failure> {
    let here = || {
        let best = Level::ALL.into_iter().rfind(|level| level.is_here());
        best.ok_or_else(|| {
            refused(
                "this processor is below x86-64-v3",
                "`--cpu v3` compiles for processors that are not",
            )
        })
    };
    match (cpu, purpose) {
        (Some(Cpu::V3), _) | (None, Use::Text) => Ok(vec![Level::V3]),
        (Some(Cpu::V4), _) => Ok(vec![Level::V4]),
        (Some(Cpu::Native), _) | (None, Use::Here) => Ok(vec![here()?]),
        (None, Use::Anywhere) => Ok(Level::ALL.to_vec()),
    }
}
