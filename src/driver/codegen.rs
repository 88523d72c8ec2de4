//! The stages from verified graphs to files: simplify, lower, generate, link.

use super::lines::line_of;
use super::{Machine, Session};
use crate::Failure;
use crate::node_map::{Standing, map_of};
use crate::stage::Stage;
use lgc_abi::{AbiError, Condition, Interface, Library, ValueMap, header as c_header};
use lgc_codegen::backend::cranelift::{self, CompiledEntry, Jit};
use lgc_codegen::backend::{Backend, CompileError};
use lgc_codegen::kernel::{self, Program};
use lgc_codegen::legalize::Legal;
use lgc_codegen::link::{self, ExportPattern, LinkError, LinkOptions, ObjectFile};
use lgc_codegen::lower::{LineOf, LowerError, Lowering, Signature, lower_normal, normal_form};
use lgc_codegen::shell;
use lgc_codegen::target::Target;
use lgc_codegen::threads::Threads;
use lgc_ir::diag::{Code, Diagnostic};
use lgc_ir::graph::{Graph, Remap};
use lgc_ir::laws::margins::monitored;
use lgc_ir::laws::{self, Status, conditions};
use lgc_ir::module::{Entry, Module};
use lgc_ir::op::TypeError;
use lgc_ir::rewrite::optimize;
use lgc_ir::span::{SourceMap, Span};
use lgc_ir::verify::verify;
use std::ffi::OsStr;
use std::path::Path;

/// What every library rests on, as it says itself.
const EVIDENCE: &str = "graphs and kernels verified";

/// A module as programs of kernels, with the description of the library that they become.
#[derive(Clone, Debug)]
pub struct Build {
    /// What the library will say about itself.
    pub library: Library,
    /// A program for each entry.
    pub programs: Vec<Program>,
    /// The same for higher levels of the processor, level by level.
    pub higher: Vec<Vec<Program>>,
}

impl Build {
    /// The C header.
    ///
    /// # Errors
    /// If a name cannot be written in C.
    pub fn header(&self) -> Result<String, Failure> {
        header(&self.library)
    }

    /// How many bytes of workspace the programs of each entry need.
    pub(super) fn workspaces(&self) -> Vec<u64> {
        workspaces(&self.programs, &self.higher)
    }
}

/// What each entry needs, whatever level runs.
fn workspaces(programs: &[Program], higher: &[Vec<Program>]) -> Vec<u64> {
    let mut needed: Vec<u64> = programs.iter().map(|program| program.workspace).collect();
    for programs in higher {
        for (needed, program) in needed.iter_mut().zip(programs) {
            *needed = program.workspace.max(*needed);
        }
    }
    needed
}

/// The C header of a library.
pub(super) fn header(library: &Library) -> Result<String, Failure> {
    Ok(c_header::render(&interface(library, &[])?))
}

/// The names in C. What is wrong with them is said at the last of the entries that it names.
fn interface<'a>(
    library: &'a Library,
    places: &[(String, Span)],
) -> Result<Interface<'a>, Failure> {
    let diagnostic = |error: &AbiError| {
        let message = error.to_string();
        let named = |(entry, _): &&(String, Span)| message.contains(&format!("entry `{entry}`"));
        let place = places.iter().rfind(named).map(|(_, span)| *span);
        let diagnostic = Diagnostic::error(Code::NoInterface, message);
        match place {
            Some(span) => diagnostic.primary(span, "exported here"),
            None => diagnostic,
        }
    };
    Interface::new(library)
        .map_err(|errors| Failure::Diagnosed(errors.iter().map(diagnostic).collect()))
}

/// Lowers an entry, of which the graph in normal form is given, and verifies what comes out.
fn lower_entry(
    (entry, graph): (&Entry, &Graph),
    target: &Target,
    lines: Option<&LineOf<'_>>,
) -> Result<Lowering, Failure> {
    let lowering = lower_normal(graph, &Signature::of(entry), target, lines);
    let lowering = lowering.map_err(refused)?;
    kernel::verify(&lowering.program).map_err(|errors| {
        let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        Failure::internal(errors.join("; "))
    })?;
    Ok(lowering)
}

/// What has to be stored and is too large is a fact about the graph; anything else is a fault of ours,
/// since the graph verifies.
fn refused(error: LowerError) -> Failure {
    let message = error.to_string();
    match error {
        LowerError::TooLarge { span, .. } => Failure::new(
            Diagnostic::error(Code::TooLarge, message)
                .primary(span, "kept in memory until it has been read")
                .help(
                    "work on a part at a time, as with `scan`; `lgc emit --stage kernels` of a \
                     smaller graph shows what is stored",
                ),
        ),
        LowerError::Rewrite(_)
        | LowerError::Signature(_)
        | LowerError::Build(_)
        | LowerError::Internal(_) => Failure::internal(message),
    }
}

/// A graph in normal form, and where the values of that before it stand.
pub(crate) type NormalForm = (Graph, Remap);

/// Where something stands, by the name of the file without its directory: what a library says does not depend on where
/// its source lay.
fn place_in(sources: &SourceMap, span: Span) -> String {
    match sources.location(span) {
        Some((file, at)) => {
            let name = Path::new(file).file_name().map(OsStr::to_string_lossy);
            let name = name.unwrap_or_else(|| file.into());
            format!("{name}:{}:{}", at.line, at.column)
        }
        None => String::new(),
    }
}

impl Session {
    /// Makes the graphs smaller without changing what they compute, and verifies them.
    ///
    /// # Errors
    /// If a pass is wrong.
    pub fn simplify(&mut self, module: Module) -> Result<Module, Failure> {
        let entries = self.simplified(&module)?.into_iter();
        Ok(Module {
            entries: entries.map(|(entry, _)| entry).collect(),
            ..module
        })
    }

    /// The entries of a module, made smaller, each with where its values stand then.
    fn simplified(&mut self, module: &Module) -> Result<Vec<(Entry, Remap)>, Failure> {
        let check = self.verify;
        self.stage(Stage::Simplify, || {
            let entries = module.entries.iter().map(|entry| {
                let (graph, remap, _) = optimize(&entry.graph, check).map_err(Failure::internal)?;
                verify(&graph).map_err(Failure::internal)?;
                let simple = Entry {
                    graph,
                    ..entry.clone()
                };
                Ok((simple, remap))
            });
            entries.collect()
        })
    }

    /// Lowers each entry to kernels, and verifies them.
    ///
    /// # Errors
    /// If an entry cannot be lowered, which is a fault of the compiler.
    pub fn lower(&mut self, module: &Module) -> Result<Vec<Lowering>, Failure> {
        let target = self.machine().target();
        Ok(self.lower_for(module, &[target])?.1)
    }

    /// Lowers an entry; the graph in normal form is that whose nodes the lowering speaks of.
    ///
    /// # Errors
    /// As [`Session::lower`].
    pub(crate) fn lower_single(&mut self, entry: Entry) -> Result<(NormalForm, Lowering), Failure> {
        let target = self.machine().target();
        let module = Module {
            entries: vec![entry],
            ..Module::default()
        };
        let (normal, lowerings) = self.lower_for(&module, &[target])?;
        let mut both = normal.into_iter().zip(lowerings);
        both.next().ok_or_else(|| Failure::internal("no program"))
    }

    /// Lowers each entry for each target: all for the first one, then all for the next. Before that come the graphs in
    /// normal form that are lowered.
    fn lower_for(
        &mut self,
        module: &Module,
        targets: &[Target],
    ) -> Result<(Vec<NormalForm>, Vec<Lowering>), Failure> {
        let sources = &self.sources;
        let line = |span| line_of(sources, span);
        let lines: Option<&LineOf<'_>> = self.lines.then_some(&line);
        let lower_all = || {
            let entries = module.entries.iter();
            let normal = entries.map(|entry| normal_form(&entry.graph).map_err(Failure::internal));
            let normal: Vec<NormalForm> = normal.collect::<Result<_, Failure>>()?;
            let graphs = || normal.iter().map(|(graph, _)| graph);
            let entries = || module.entries.iter().zip(graphs());
            let jobs = targets
                .iter()
                .flat_map(|target| entries().map(move |entry| (entry, target)));
            let lowerings = jobs.map(|(entry, target)| lower_entry(entry, target, lines));
            let lowerings = lowerings.collect::<Result<Vec<Lowering>, Failure>>()?;
            Ok::<_, Failure>((normal, lowerings))
        };
        let lowered = self.clock.time(Stage::Lower, lower_all)?;
        self.over(Stage::Lower)?;
        Ok(lowered)
    }

    /// Verifies the graphs that a stage made, if every stage is to be verified.
    pub(super) fn verify_graphs(&mut self, module: &Module, made_by: Stage) -> Result<(), Failure> {
        if !self.verify {
            return Ok(());
        }
        self.time(Stage::Verify, || {
            for entry in &module.entries {
                verify(&entry.graph)
                    .map_err(|violation| broken(made_by, &entry.name, violation))?;
            }
            Ok(())
        })
    }

    /// Puts kernels in operations that processors have.
    ///
    /// # Errors
    /// If every stage is to be verified or this is to be the last one, and the outcome is not verified, which is a
    /// fault of the compiler.
    pub fn legalise(&mut self, programs: &[Program]) -> Result<Vec<Legal>, Failure> {
        self.legalise_for(programs, &self.machine().target())
    }

    fn legalise_for(
        &mut self,
        programs: &[Program],
        target: &Target,
    ) -> Result<Vec<Legal>, Failure> {
        let legal = self.time(Stage::Legalise, || -> Vec<Legal> {
            let legal = |program| Legal::new(program, target);
            programs.iter().map(legal).collect()
        });
        if self.verify || self.stop_after == Some(Stage::Legalise) {
            self.time(Stage::Verify, || legal.iter().try_for_each(verify_legal))?;
        }
        self.over(Stage::Legalise)?;
        Ok(legal)
    }

    /// Lets each entry yield the margins of its conditions beside its results.
    ///
    /// # Errors
    /// If something that is added does not type-check, which is a fault of the compiler.
    pub fn monitor(&mut self, module: Module) -> Result<Module, Failure> {
        self.monitors = true;
        self.clock.time(Stage::Simplify, || {
            let entries = module.entries.iter();
            let entries = entries.map(|entry| Ok(monitored(entry)?.entry));
            let entries = entries.collect::<Result<_, TypeError>>();
            Ok(Module {
                entries: entries.map_err(Failure::internal)?,
                ..module
            })
        })
    }

    /// What entries rely on beside what is shown to hold.
    fn conditions(&mut self, module: &Module) -> Result<Vec<Condition>, Failure> {
        let sources = &self.sources;
        let place = |span: Span| place_in(sources, span);
        self.clock.time(Stage::Simplify, || {
            let mut all = Vec::new();
            for entry in &module.entries {
                let found = conditions(entry).map_err(Failure::internal)?.into_iter();
                let open = found.filter(|condition| condition.status != Status::Discharged);
                all.extend(open.map(|condition| described(&entry.name, condition, &place)));
            }
            Ok(all)
        })
    }

    /// What became of the values of entries, which were simplified, brought to normal form and lowered.
    fn map(
        &mut self,
        entries: &[Entry],
        forms: impl Iterator<Item = (Remap, NormalForm)>,
        lowerings: &[Lowering],
    ) -> Result<ValueMap, Failure> {
        let sources = &self.sources;
        let place = |span: Span| place_in(sources, span);
        self.clock.time(Stage::Lower, || {
            let stages = forms.zip(lowerings);
            let values = entries.iter().zip(stages).flat_map(|(entry, stages)| {
                let ((first, (graph, second)), lowering) = stages;
                let standing = Standing::new(graph, first.then(&second), &lowering.buffers);
                map_of(entry, &standing, &place)
            });
            ValueMap::of(&values.collect::<Vec<_>>()).map_err(Failure::internal)
        })
    }

    /// Simplifies and lowers a module, and describes it as the library of this name.
    ///
    /// # Errors
    /// As [`Session::simplify`] and [`Session::lower`], and if the library cannot have a C interface.
    pub fn build(&mut self, module: Module, name: &str) -> Result<Build, Failure> {
        let conditions = self.conditions(&module)?;
        let (simple, first): (Vec<Entry>, Vec<Remap>) =
            self.simplified(&module)?.into_iter().unzip();
        let mut module = module;
        let original = std::mem::replace(&mut module.entries, simple);
        let targets = self.machine().targets.clone();
        let (normal, lowerings) = self.lower_for(&module, &targets)?;
        let map = self.map(&original, first.into_iter().zip(normal), &lowerings)?;
        let mut all = lowerings.into_iter().map(|lowering| lowering.program);
        let mut level = || all.by_ref().take(module.entries.len()).collect();
        let programs: Vec<Program> = level();
        let higher: Vec<Vec<Program>> = targets.iter().skip(1).map(|_| level()).collect();
        let workspaces = workspaces(&programs, &higher);
        let library = Library {
            conditions,
            map,
            ..describe(&module, &workspaces, name, self.machine())?
        };
        let entries = module.entries.iter();
        let places: Vec<(String, Span)> = entries.map(|e| (e.name.clone(), e.span)).collect();
        interface(&library, &places)?;
        Ok(Build {
            library,
            programs,
            higher,
        })
    }

    /// Compiles everything into one object file.
    ///
    /// # Errors
    /// If the back end refuses a program, which is a fault of the compiler.
    pub fn object(&mut self, build: &Build) -> Result<ObjectFile, Failure> {
        let machine = self.machine().clone();
        let sources = self.told_sources();
        let levels = std::iter::once(&build.programs).chain(&build.higher);
        let mut legal = vec![Vec::new(); build.programs.len()];
        for (target, programs) in machine.targets.iter().zip(levels) {
            let level = self.legalise_for(programs, target)?;
            for (entry, program) in legal.iter_mut().zip(level) {
                entry.push(program);
            }
        }
        self.stage(Stage::Generate, || {
            let library = &build.library;
            let object = shell::compile_library(library, &legal, machine.backend, sources.as_ref());
            object.map_err(compile_failure)
        })
    }

    /// Links the object to a shared library of this soname, which exports what the interface names.
    ///
    /// # Errors
    /// If the linker fails, or the soname is none.
    pub fn shared_library(
        &mut self,
        library: &Library,
        object: ObjectFile,
        soname: &str,
    ) -> Result<Vec<u8>, Failure> {
        let exports = format!("{}_*", library.name);
        let options = LinkOptions {
            keep_symbols: self.lines,
            ..LinkOptions::default()
        };
        self.stage(Stage::Link, || {
            let exports = ExportPattern::new(&exports).map_err(link_failure)?;
            link::link_shared(&[object], &exports, soname, &options).map_err(link_failure)
        })
    }

    /// Puts the object into a static archive.
    ///
    /// # Errors
    /// If the object is damaged, which is a fault of the compiler.
    pub fn archive(&mut self, object: ObjectFile) -> Result<Vec<u8>, Failure> {
        self.stage(Stage::Link, || {
            link::archive(&[object]).map_err(link_failure)
        })
    }

    /// Cranelift's intermediate form of the programs, as text.
    ///
    /// # Errors
    /// As [`Session::object`].
    pub fn clif(&mut self, programs: &[Program]) -> Result<String, Failure> {
        let legal = self.legalise(programs)?;
        self.stage(Stage::Generate, || {
            cranelift::clif(&legal).map_err(compile_failure)
        })
    }

    /// The machine's instructions for the programs, as text.
    ///
    /// # Errors
    /// As [`Session::object`].
    pub fn assembly(&mut self, programs: &[Program]) -> Result<String, Failure> {
        let legal = self.legalise(programs)?;
        let backend = self.machine().backend;
        #[cfg(feature = "llvm")]
        let sources = self.source_names();
        self.stage(Stage::Generate, || {
            let text = match backend {
                Backend::Cranelift => cranelift::assembly(&legal),
                #[cfg(feature = "llvm")]
                Backend::Llvm(llvm) => llvm.assembly(&legal, &sources),
            };
            text.map_err(compile_failure)
        })
    }

    /// The thread programs of kernels.
    ///
    /// # Errors
    /// As [`Session::object`].
    pub fn threads(&mut self, programs: &[Program]) -> Result<Vec<Threads>, Failure> {
        let legal = self.legalise(programs)?;
        self.stage(Stage::Generate, || {
            let threads = legal.iter().map(Threads::new);
            threads.collect::<Result<_, _>>().map_err(compile_failure)
        })
    }

    /// LLVM's intermediate form of the programs, as text.
    ///
    /// # Errors
    /// As [`Session::object`], and if LLVM is not the back end.
    pub fn llvm(&mut self, programs: &[Program]) -> Result<String, Failure> {
        let legal = self.legalise(programs)?;
        let backend = self.machine().backend;
        #[cfg(feature = "llvm")]
        let sources = self.source_names();
        self.stage(Stage::Generate, || match backend {
            Backend::Cranelift => Err(Failure::internal("Cranelift has no LLVM text")),
            #[cfg(feature = "llvm")]
            Backend::Llvm(llvm) => llvm.text(&legal, &sources).map_err(compile_failure),
        })
    }

    /// Compiles programs into this process, each entry by itself.
    ///
    /// # Errors
    /// If this machine cannot run compiled code, or the back end refuses a program.
    pub fn jit(&mut self, program: &Program) -> Result<CompiledEntry, Failure> {
        let legal = self.legalise(std::slice::from_ref(program))?;
        let backend = self.machine().backend;
        self.stage(Stage::Generate, || {
            let compile = |legal| Jit::compile_with(legal, backend);
            let entries = legal.iter().map(compile);
            let mut entries = entries
                .collect::<Result<Vec<_>, _>>()
                .map_err(compile_failure)?;
            entries
                .pop()
                .ok_or_else(|| Failure::internal("a program without code"))
        })
    }
}

fn verify_legal(legal: &Legal) -> Result<(), Failure> {
    let program = legal.program();
    kernel::verify(program).map_err(|errors| {
        let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        broken(Stage::Legalise, &program.name.0, errors.join("; "))
    })
}

/// A stage broke an invariant.
fn broken(stage: Stage, entry: &str, violation: impl std::fmt::Display) -> Failure {
    let stage = stage.name();
    Failure::internal(format!("after {stage}, of `{entry}`: {violation}"))
}

/// A machine that cannot run the code is a fact to report; anything else is a fault of ours, since
/// the programs verify.
fn compile_failure(error: CompileError) -> Failure {
    match error {
        CompileError::UnsupportedCpu(_) => {
            let help = "`lgc compile` makes libraries for processors that are not";
            Failure::new(Diagnostic::error(Code::NotCompilable, error.to_string()).help(help))
        }
        CompileError::Unsupported { .. }
        | CompileError::Description { .. }
        | CompileError::Backend { .. } => Failure::internal(error),
    }
}

fn link_failure(error: LinkError) -> Failure {
    Failure::message(Code::LinkFailure, error.to_string())
}

/// A condition of an entry as a library tells it.
fn described(entry: &str, condition: laws::Condition, place: &dyn Fn(Span) -> String) -> Condition {
    let derivatives: Vec<String> = condition.derivatives.into_iter().map(place).collect();
    Condition {
        entry: entry.to_owned(),
        place: place(condition.span),
        op: condition.op.to_owned(),
        requirement: condition.requirement,
        body: condition.body.unwrap_or_default(),
        derivatives: derivatives.join(", "),
        singular: condition.singular,
        refuted: condition.status == Status::Refuted,
    }
}

/// What the library says about itself, of which each entry has a workspace.
pub(super) fn describe(
    module: &Module,
    workspaces: &[u64],
    name: &str,
    machine: &Machine,
) -> Result<Library, Failure> {
    let entries = module.entries.iter().zip(workspaces);
    let entries = entries
        .map(|(entry, &workspace)| lgc_abi::Entry::of_module(entry, workspace))
        .collect::<Result<_, _>>();
    Ok(Library {
        name: name.to_owned(),
        doc: module.doc.join("\n"),
        entries: entries.map_err(Failure::internal)?,
        target: cranelift::TARGET.to_owned(),
        features: machine.features(),
        compiler: machine.compiler(),
        evidence: EVIDENCE.to_owned(),
        conditions: Vec::new(),
        map: ValueMap::default(),
    })
}
