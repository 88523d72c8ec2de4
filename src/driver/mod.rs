//! The driver: runs the stages in order on one source, times them, and collects what they report.
//!
//! ```text
//! read → parse → elaborate → simplify → lower → legalise → generate → link → write
//! ```
//! Each stage is a method of [`Session`] that takes the result of the one before. The first stage
//! that reports an error is the last that runs.

mod codegen;
mod compiled;
mod inputs;
mod kept;
mod lines;
mod machine;

pub use codegen::Build;
pub use compiled::Compiled;
pub(crate) use inputs::Inputs;
pub(crate) use kept::Kept;
pub(crate) use machine::{Machine, Use};

use crate::args::{self, Common};
use crate::reach::Reach;
use crate::stage::{Clock, Stage};
use crate::{Failure, Origin, output, report};
use lgc_codegen::cache::Key;
use lgc_ir::diag::{Code, Diagnostic, Diagnostics};
use lgc_ir::lang::ast::{Ast, GraphKind, Item};
use lgc_ir::lang::{self, Options};
use lgc_ir::module::Module;
use lgc_ir::span::{FileId, SourceMap, Span};
use std::path::PathBuf;
use std::process::ExitCode;

/// The state of a run: the sources, what was reported on them, and what the stages cost.
#[derive(Debug, Default)]
pub struct Session {
    sources: SourceMap,
    diagnostics: Diagnostics,
    clock: Clock,
    stop_after: Option<Stage>,
    verify: bool,
    max_nodes: Option<u32>,
    machine: Machine,
    /// Whether entries yield the margins of their conditions.
    monitors: bool,
    /// Whether kernels say which lines they come from.
    lines: bool,
    /// The directories below which graphs may name files, beside that of the main file.
    allowed: Vec<PathBuf>,
    /// The dims that are set over those of the sources.
    defines: Vec<(String, u64)>,
    /// Hashes of the files of tensors that the sources load, with their names; none of one that was loaded where no
    /// code is kept.
    tensors: Vec<Option<Key>>,
}

impl Session {
    /// A session that has done nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A session that has done nothing, and does what the options for all commands say.
    pub(crate) fn with(common: &Common) -> Self {
        Self {
            stop_after: common.stop_after,
            verify: common.verify,
            max_nodes: common.max_nodes,
            allowed: common.allow_path.clone(),
            ..Self::default()
        }
    }

    /// Makes machine code as the options say from now on; otherwise Cranelift makes it.
    ///
    /// # Errors
    /// If they ask for what is not there.
    pub(crate) fn make_code(&mut self, options: &args::Code, purpose: Use) -> Result<(), Failure> {
        self.machine = Machine::of(options, purpose)?;
        Ok(())
    }

    /// What makes machine code.
    pub(crate) fn machine(&self) -> &Machine {
        &self.machine
    }

    /// The texts that were read.
    #[must_use]
    pub fn sources(&self) -> &SourceMap {
        &self.sources
    }

    /// What was reported so far.
    #[must_use]
    pub fn diagnostics(&self) -> &Diagnostics {
        &self.diagnostics
    }

    /// What the stages cost so far.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The directories below which graphs may name files, beside that of the main file.
    pub(crate) fn allowed(&self) -> &[PathBuf] {
        &self.allowed
    }

    /// Does a part of the work that the driver has no method for, and records its cost.
    pub fn time<T>(&mut self, stage: Stage, work: impl FnOnce() -> T) -> T {
        self.clock.time(stage, work)
    }

    /// Does the work of a stage and records its cost; stops if this was to be the last stage.
    fn stage<T>(
        &mut self,
        stage: Stage,
        work: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let result = self.clock.time(stage, work)?;
        self.over(stage)?;
        Ok(result)
    }

    /// Stops if this stage was to be the last.
    fn over(&self, stage: Stage) -> Result<(), Failure> {
        if self.stop_after == Some(stage) {
            return Err(Failure::Stopped);
        }
        Ok(())
    }

    /// Reports that something is wrong but does not keep the work from going on.
    pub(crate) fn report(&mut self, failure: Failure) {
        if let Failure::Diagnosed(diagnostics) = failure {
            self.diagnostics.extend(diagnostics);
        }
    }

    /// Reads a source.
    ///
    /// # Errors
    /// If it cannot be read, is not text, or is larger than 4 GiB.
    pub fn read(&mut self, origin: &Origin) -> Result<FileId, Failure> {
        let text = self.stage(Stage::Read, || origin.read())?;
        self.add_source(&origin.to_string(), text)
    }

    /// Adds a text that is there already, under the name that messages show.
    ///
    /// # Errors
    /// If it is larger than 4 GiB.
    pub fn add_source(&mut self, name: &str, text: String) -> Result<FileId, Failure> {
        let added = self.sources.add(name, text);
        added.map_err(|error| Failure::message(Code::UnreadableFile, error.to_string()))
    }

    /// The text of a source.
    #[must_use]
    pub fn text(&self, file: FileId) -> &str {
        self.sources.file(file).map_or("", |file| file.text())
    }

    /// Parses a source.
    ///
    /// # Errors
    /// Syntax errors, which are reported.
    pub fn parse(&mut self, file: FileId) -> Result<Ast, Failure> {
        let ast = self.parse_alone(file)?;
        self.over(Stage::Parse)?;
        Ok(ast)
    }

    /// Parses a source, after which the files that it uses may follow.
    fn parse_alone(&mut self, file: FileId) -> Result<Ast, Failure> {
        let text = self.sources.file(file).map_or("", |file| file.text());
        let mut found = Diagnostics::new();
        let ast = self
            .clock
            .time(Stage::Parse, || lang::parse(file, text, &mut found));
        self.accept(found)?;
        Ok(ast)
    }

    /// Reads and parses the files that a source uses, and reads the tensors that it loads.
    ///
    /// # Errors
    /// Files that cannot be used or loaded from, and syntax errors in them, which are reported.
    pub fn import(&mut self, ast: Ast) -> Result<Ast, Failure> {
        let mut found = Diagnostics::new();
        let main = self.sources.file(ast.file).map_or("", |file| file.name());
        let reach = Reach::of(main, &self.allowed);
        let sources = &mut self.sources;
        let ast = self.clock.time(Stage::Parse, || {
            let mut read = |path: &str| reach.read_import(path);
            lang::import(ast, sources, &mut read, &mut found)
        });
        let (mut ast, sources) = (ast, &self.sources);
        let has_cache = self.machine.cache().is_some();
        let tensors = &mut self.tensors;
        self.clock.time(Stage::Read, || {
            let mut read = |path: &str| {
                let content = reach.read_tensors(path)?;
                let key = || Key::of(&[path.as_bytes(), (*content).as_ref()]);
                tensors.push(has_cache.then(key));
                Ok(content)
            };
            lang::load(&mut ast, sources, &mut read, &mut found);
        });
        self.accept(found)?;
        self.over(Stage::Parse)?;
        Ok(ast)
    }

    /// Expands a syntax tree to graphs.
    ///
    /// # Errors
    /// Errors of names, types, shapes, derivatives and limits, which are reported.
    pub fn elaborate(&mut self, ast: &Ast, defines: &[(String, u64)]) -> Result<Module, Failure> {
        check_defines(ast, defines)?;
        self.defines = defines.to_vec();
        let mut options = Options {
            defines: defines.iter().cloned().collect(),
            ..Options::default()
        };
        if let Some(nodes) = self.max_nodes {
            options.max_nodes = nodes as usize;
        }
        let mut found = Diagnostics::new();
        let module = self.clock.time(Stage::Elaborate, || {
            lang::elaborate(ast, &options, &mut found)
        });
        self.accept(found)?;
        self.verify_graphs(&module, Stage::Elaborate)?;
        self.over(Stage::Elaborate)?;
        Ok(module)
    }

    /// The graphs of a syntax tree that has been expanded before, with other dims, unless it does not expand with
    /// these.
    pub(crate) fn try_elaborate(&mut self, ast: &Ast, defines: &[(String, u64)]) -> Option<Module> {
        let mut options = Options {
            defines: defines.iter().cloned().collect(),
            ..Options::default()
        };
        if let Some(nodes) = self.max_nodes {
            options.max_nodes = nodes as usize;
        }
        let mut found = Diagnostics::new();
        let module = self.clock.time(Stage::Elaborate, || {
            lang::elaborate(ast, &options, &mut found)
        });
        (!found.has_errors()).then_some(module)
    }

    /// Reads, parses and elaborates a source with the files that it uses.
    ///
    /// # Errors
    /// As those three.
    pub fn load(
        &mut self,
        origin: &Origin,
        defines: &[(String, u64)],
    ) -> Result<(Ast, Module), Failure> {
        let file = self.read(origin)?;
        let ast = self.parse_alone(file)?;
        let ast = self.import(ast)?;
        let module = self.elaborate(&ast, defines)?;
        Ok((ast, module))
    }

    /// Takes over what a stage found, and stops at errors.
    fn accept(&mut self, found: Diagnostics) -> Result<(), Failure> {
        let failed = found.has_errors();
        self.diagnostics.extend(found.into_vec());
        if failed {
            Err(Failure::Reported)
        } else {
            Ok(())
        }
    }

    /// Reports the outcome of a command, and the costs if they were asked for.
    pub(crate) fn finish(mut self, common: &Common, outcome: Result<(), Failure>) -> ExitCode {
        let code = outcome.as_ref().err().map_or(0, Failure::exit_code);
        if let Err(failure) = outcome {
            self.report(failure);
        }
        for remark in self.machine.said_of_cache() {
            output::remark(&remark);
        }
        let diagnostics = self.diagnostics.into_vec();
        report::write(&diagnostics, &self.sources, common.error_format);
        if common.time_passes {
            output::remark(self.clock.table().trim_end());
        }
        ExitCode::from(code)
    }
}

/// A definition of a dim that the file does not have is a slip of the pen.
fn check_defines(ast: &Ast, defines: &[(String, u64)]) -> Result<(), Failure> {
    let known = definable(ast);
    let unknown = defines.iter().map(|(name, _)| name.as_str());
    let unknown = unknown.filter(|name| !known.contains(name));
    let diagnostics: Vec<Diagnostic> = unknown
        .map(|name| {
            let message = format!("`--define {name}=…` sets a dim that the file does not have");
            let help = if known.is_empty() {
                "declare it in the file, for example `dim B = 64`".to_owned()
            } else {
                format!("its dims are {}", quoted(&known))
            };
            Diagnostic::error(Code::UnknownDim, message)
                .primary(Span::new(ast.file, 0, 0), "")
                .help(help)
        })
        .collect();
    if diagnostics.is_empty() {
        Ok(())
    } else {
        Err(Failure::Diagnosed(diagnostics))
    }
}

/// The names that `--define` can set: those of `dim` declarations, and the dims of exported graphs,
/// which have no caller to infer them from.
fn definable(ast: &Ast) -> Vec<&str> {
    let graphs = || {
        ast.items.iter().filter_map(|item| match item {
            Item::Graph(graph) => Some(graph),
            Item::Entry(_) | Item::Dim(_) | Item::Struct(_) | Item::Use(_) => None,
        })
    };
    // What an entry is a function of is exported with it.
    let has_function = ast.items.iter().any(|item| matches!(item, Item::Entry(_)));
    let has_entry = !has_function && graphs().any(|graph| graph.kind == GraphKind::Entry);
    let own = graphs().filter(|graph| graph.span.file == ast.file);
    let exported = own.filter(|graph| !has_entry || graph.kind == GraphKind::Entry);
    let parameters = exported.flat_map(|graph| &graph.dims);
    let declared = ast.items.iter().filter_map(|item| match item {
        Item::Dim(dim) => Some(&dim.name),
        Item::Graph(_) | Item::Entry(_) | Item::Struct(_) | Item::Use(_) => None,
    });
    let mut names: Vec<&str> = declared
        .chain(parameters)
        .map(|dim| dim.name.as_str())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Names in back quotes, with commas between.
pub(crate) fn quoted<T: AsRef<str>>(names: &[T]) -> String {
    let quoted: Vec<String> = names
        .iter()
        .map(|name| format!("`{}`", name.as_ref()))
        .collect();
    quoted.join(", ")
}

/// The position of the entry with this name, or of the only one if none is given.
///
/// # Errors
/// If there is none, or several and no name.
pub(crate) fn choose<T: AsRef<str>>(
    entries: impl Iterator<Item = T>,
    name: Option<&str>,
) -> Result<usize, Failure> {
    let entries: Vec<T> = entries.collect();
    let known: Vec<&str> = entries.iter().map(AsRef::as_ref).collect();
    let Some(name) = name else {
        if known.len() == 1 {
            return Ok(0);
        }
        let message = format!("there are {} entries: {}", known.len(), quoted(&known));
        let help = "choose one with `--entry NAME`";
        return Err(Failure::new(
            Diagnostic::error(Code::UnknownEntry, message).help(help),
        ));
    };
    known
        .iter()
        .position(|&entry| entry == name)
        .ok_or_else(|| {
            let message = format!("there is no entry `{name}`");
            Failure::new(
                Diagnostic::error(Code::UnknownEntry, message).help(suggestion(name, &known)),
            )
        })
}

/// A hint at what may have been meant by a name that is unknown.
pub(crate) fn suggestion(name: &str, known: &[&str]) -> String {
    let scored = known
        .iter()
        .map(|&other| (strsim::damerau_levenshtein(name, other), other));
    match scored.min() {
        Some((distance, best)) if distance * 3 <= name.len().max(best.len()) => {
            format!("did you mean `{best}`?")
        }
        Some(_) => format!("there are {}", quoted(known)),
        None => "there are none".to_owned(),
    }
}
