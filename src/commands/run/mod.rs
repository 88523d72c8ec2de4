//! `lgc run`: an entry on given or random inputs, compiled or interpreted.

mod interpreted;
mod loss;
mod numbers;

use crate::adjoint::adjoint_of;
use crate::args::Run;
use crate::driver::{Session, Use, choose};
use crate::stage::Stage;
use crate::tensors::{Given, summary};
use crate::{Failure, library, output};
use lgc_abi::{Direction, EntryInfo, Leaf, Status};
use lgc_codegen::backend::cranelift::CompiledEntry;
use lgc_codegen::output::{Access, write_whole};
use lgc_ir::diag::{Code, Diagnostic};
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
    let (leaves, tensors) = match library {
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
            (leaves, tensors)
        }
        None => {
            let (info, code) = compile(arguments, session)?;
            let tensors = inputs(arguments, &info.leaves, info.workspace_bytes, session)?;
            let pool = match arguments.threads {
                1 => None,
                threads => threads_of(threads),
            };
            let run = || run_code(&code, pool.as_ref(), &info, tensors);
            let tensors = session.time(Stage::Run, run)?;
            (info.leaves, tensors)
        }
    };
    let written = leaves.iter().zip(&tensors);
    let written = written.filter(|(leaf, _)| leaf.direction.is_written());
    let written = written.map(|(leaf, tensor)| (leaf.path.as_str(), tensor));
    match &arguments.output {
        Some(path) => {
            let archive = npz::encode(written).map_err(Failure::internal)?;
            session.time(Stage::Write, || {
                Ok(write_whole(path, &archive, Access::Read)?)
            })
        }
        None => {
            let lines = written.map(|(path, tensor)| summary(path, tensor));
            output::print(&lines.collect::<String>())
        }
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
    let option = match (arguments.scalar, arguments.adjoint) {
        (Some(_), _) => "--scalar",
        (None, true) => "--adjoint",
        (None, false) => return Ok(()),
    };
    let path = path.display();
    let message = format!("`{option}` takes a graph, and `{path}` is code: its graph is not in it");
    let help = "name the graph that it was compiled from";
    Err(Failure::new(
        Diagnostic::error(Code::BadUsage, message).help(help),
    ))
}

/// The module of the entry that is to run, or of its adjoint, alone.
fn chosen(mut module: Module, arguments: &Run) -> Result<Module, Failure> {
    let names = module.entries.iter().map(|entry| &entry.name);
    let index = choose(names, arguments.entry.as_deref())?;
    let mut entry = module.entries.swap_remove(index);
    if arguments.scalar.is_some() {
        entry.graph = entry.graph.with_exact_constants();
    }
    let entry = match arguments.adjoint {
        true => adjoint_of(&entry)?,
        false => entry,
    };
    module.entries = vec![entry];
    Ok(module)
}

/// The chosen entry of a graph, as code in this process.
fn compile(arguments: &Run, session: &mut Session) -> Result<(EntryInfo, CompiledEntry), Failure> {
    session.make_code(&arguments.code, Use::Here)?;
    let (_, module) = session.load(&arguments.file, &arguments.dims.defines)?;
    let module = session.simplify(chosen(module, arguments)?)?;
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
