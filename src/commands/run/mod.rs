//! `lgc run`: an entry on given or random inputs, compiled or interpreted.

mod interpreted;
mod loss;
mod numbers;

use super::margins::{self, Margins};
use crate::adjoint::adjoint_of;
use crate::args::Run;
use crate::driver::{Session, Use, choose};
use crate::stage::Stage;
use crate::tensors::{Given, summary};
use crate::{Failure, Origin, library, output};
use lgc_abi::{Direction, EntryInfo, Leaf, Status};
use lgc_codegen::backend::cranelift::CompiledEntry;
use lgc_codegen::output::{Access, write_whole};
use lgc_ir::diag::{Code, Diagnostic};
use lgc_ir::laws::margins::Measured;
use lgc_ir::module::Module;
use lgc_runtime::{CallError, HostTensor, Pool, npz};
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::path::Path;

/// Runs an entry of a graph, compiled into this process or interpreted, or of a compiled library; then prints a
/// summary of what it wrote, or saves it.
pub(crate) fn run(arguments: &Run, session: &mut Session) -> Result<(), Failure> {
    let library = library::path_of(&arguments.file);
    if let Some(path) = library {
        without_graphs(path, arguments)?;
    }
    if let Some(scalar) = arguments.scalar {
        return interpreted::run(arguments, scalar, session);
    }
    let (leaves, tensors, margins) = match library {
        Some(path) => {
            library::without_dims(path, &arguments.dims.defines)?;
            let library = library::open(path)?;
            let names = library.info().entries.iter().map(|entry| &entry.name);
            let index = choose(names, arguments.entry.as_deref())?;
            let entry = library.entry(&library.info().entries[index].name)?;
            let leaves = entry.leaves().to_vec();
            let workspace = library.info().entries[index].workspace_bytes;
            let tensors = inputs(arguments, &leaves, workspace, session)?;
            let pool = match arguments.threads {
                1 => None,
                threads => library.pool(threads)?,
            };
            let run = || run_library(&entry, pool, tensors);
            let tensors = session.time(Stage::Run, run)?;
            (leaves, tensors, None)
        }
        None => {
            session.make_code(&arguments.code, Use::Here)?;
            let point = Point {
                file: &arguments.file,
                defines: &arguments.dims.defines,
                entry: arguments.entry.as_deref(),
                adjoint: arguments.adjoint,
                inputs: &arguments.inputs,
                random: arguments.random,
                threads: arguments.threads,
            };
            point.run(arguments.margins, session)?
        }
    };
    let (mut leaves, mut tensors) = (leaves, tensors);
    let margins = match &margins {
        Some(measured) => Some(Margins::taken(measured, &mut leaves, &mut tensors)?),
        None => None,
    };
    let written = leaves.iter().zip(&tensors);
    let written = written.filter(|(leaf, _)| leaf.direction.is_written());
    let written = written.map(|(leaf, tensor)| (leaf.path.as_str(), tensor));
    match &arguments.output {
        Some(path) => {
            let archive = npz::encode(written).map_err(Failure::internal)?;
            let write = || Ok::<_, Failure>(write_whole(path, &archive, Access::Read)?);
            session.time(Stage::Write, write)?;
        }
        None => {
            let lines = written.map(|(path, tensor)| summary(path, tensor));
            output::print(&lines.collect::<String>())?;
        }
    }
    match margins {
        Some(margins) => margins.report(session.sources()),
        None => Ok(()),
    }
}

/// An entry of a graph and its inputs.
pub(crate) struct Point<'a> {
    pub(crate) file: &'a Origin,
    pub(crate) defines: &'a [(String, u64)],
    pub(crate) entry: Option<&'a str>,
    /// Whether it is the adjoint of the entry that runs.
    pub(crate) adjoint: bool,
    pub(crate) inputs: &'a [String],
    pub(crate) random: Option<u64>,
    pub(crate) threads: u32,
}

/// The leaves of an entry, their tensors after it ran, and what margins among them are of, if there are any.
pub(crate) type Ran = (Vec<Leaf>, Vec<HostTensor>, Option<Measured>);

impl Point<'_> {
    /// Compiles the entry into this process, with margins beside its results or without, and runs it.
    pub(crate) fn run(&self, with_margins: bool, session: &mut Session) -> Result<Ran, Failure> {
        let (_, module) = session.load(self.file, self.defines)?;
        let mut module = chosen(module, (self.entry, self.adjoint), false)?;
        let measured = match with_margins {
            true => Some(session.time(Stage::Check, || margins::of_module(&mut module))?),
            false => None,
        };
        let (info, code) = compile(module, session)?;
        let tensors = self.tensors(&info.leaves, info.workspace_bytes, session)?;
        let pool = match self.threads {
            1 => None,
            threads => threads_of(threads),
        };
        let run = || run_code(&code, pool.as_ref(), &info, tensors);
        let tensors = session.time(Stage::Run, run)?;
        Ok((info.leaves, tensors, measured))
    }

    fn tensors(
        &self,
        leaves: &[Leaf],
        workspace: u64,
        session: &mut Session,
    ) -> Result<Vec<HostTensor>, Failure> {
        let read = || Given::read(self.inputs, leaves)?.complete(leaves, workspace, self.random);
        session.time(Stage::Read, read)
    }
}

fn inputs(
    arguments: &Run,
    leaves: &[Leaf],
    workspace: u64,
    session: &mut Session,
) -> Result<Vec<HostTensor>, Failure> {
    let read = || {
        let given = Given::read(&arguments.inputs, leaves)?;
        given.complete(leaves, workspace, arguments.random)
    };
    session.time(Stage::Read, read)
}

/// Threads that run tasks of code in this process; none where the system refuses to start them, which
/// makes no difference to the results.
fn threads_of(threads: u32) -> Option<ThreadPool> {
    let pool = ThreadPoolBuilder::new().num_threads(threads as usize);
    pool.build().ok()
}

/// Refuses what takes the graph of a library.
fn without_graphs(path: &Path, arguments: &Run) -> Result<(), Failure> {
    let options = [
        (arguments.scalar.is_some(), "--scalar"),
        (arguments.adjoint, "--adjoint"),
        (arguments.margins, "--margins"),
    ];
    let Some((_, option)) = options.into_iter().find(|(is_given, _)| *is_given) else {
        return Ok(());
    };
    let path = path.display();
    let message = format!("`{option}` takes a graph, and `{path}` is code: its graph is not in it");
    let help = "name the graph that it was compiled from";
    Err(Failure::new(
        Diagnostic::error(Code::BadUsage, message).help(help),
    ))
}

/// The module of the entry that is to run, or of its adjoint, alone; with constants as exact as they are written, if they
/// are not to be compiled.
fn chosen(
    mut module: Module,
    (name, adjoint): (Option<&str>, bool),
    exact: bool,
) -> Result<Module, Failure> {
    let names = module.entries.iter().map(|entry| &entry.name);
    let index = choose(names, name)?;
    let mut entry = module.entries.swap_remove(index);
    if exact {
        entry.graph = entry.graph.with_exact_constants();
    }
    let entry = match adjoint {
        true => adjoint_of(&entry)?,
        false => entry,
    };
    module.entries = vec![entry];
    Ok(module)
}

/// The only entry of a module, as code in this process.
fn compile(module: Module, session: &mut Session) -> Result<(EntryInfo, CompiledEntry), Failure> {
    let module = session.simplify(module)?;
    let lowerings = session.lower(&module)?;
    let (Some(entry), Some(lowering)) = (module.entries.first(), lowerings.first()) else {
        return Err(Failure::internal("an entry was lost"));
    };
    let described = lgc_abi::Entry::of_module(entry, lowering.program.workspace);
    let described = described.map_err(Failure::internal)?;
    let code = session.jit(&lowering.program)?;
    Ok((EntryInfo::new("", &described), code))
}

fn run_library(
    entry: &lgc_runtime::Entry,
    pool: Option<Pool>,
    tensors: Vec<HostTensor>,
) -> Result<Vec<HostTensor>, Failure> {
    let mut call = entry.session()?;
    call.set_pool(pool);
    let leaves = entry.leaves().iter();
    for (leaf, tensor) in leaves.zip(tensors) {
        call.set(&leaf.path, tensor)?;
    }
    call.run()?;
    Ok(call.tensors().map(|(_, tensor)| tensor.clone()).collect())
}

/// Calls code in this process on tensors in the order of the leaves.
fn run_code(
    code: &CompiledEntry,
    pool: Option<&ThreadPool>,
    info: &EntryInfo,
    mut tensors: Vec<HostTensor>,
) -> Result<Vec<HostTensor>, Failure> {
    let (mut read, mut updated, mut written) = (Vec::new(), Vec::new(), Vec::new());
    for (leaf, tensor) in info.leaves.iter().zip(&mut tensors) {
        match leaf.direction {
            Direction::In => read.push(&*tensor.bytes_mut()),
            Direction::InOut => updated.push(tensor.bytes_mut()),
            Direction::Out => written.push(tensor.bytes_mut()),
        }
    }
    let run_tasks = |count: u64, task: &(dyn Fn(u64) + Sync)| match pool {
        Some(pool) => pool.install(|| (0..count).into_par_iter().for_each(task)),
        None => (0..count).for_each(task),
    };
    let status = code
        .call_on(&run_tasks, &read, &mut updated, &mut written)
        .map_err(Failure::internal)?;
    let entry = info.name.clone();
    match Status::from_code(status) {
        Some(Status::Ok) => Ok(tensors),
        Some(status) => {
            let path = None;
            Err(CallError::Failed {
                entry,
                path,
                status,
            }
            .into())
        }
        None => {
            let code = status;
            Err(CallError::UnknownStatus { entry, code }.into())
        }
    }
}
