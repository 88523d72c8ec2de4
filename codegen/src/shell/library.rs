//! Libraries as object files.

use crate::backend::cranelift::TARGET;
use crate::backend::cranelift::isa::{Destination, InstructionSet, isa};
use crate::backend::refusal::Refusal;
use crate::backend::{Backend, CompileError};
use crate::kernel::{Program, Role};
use crate::legalize::Legal;
use crate::level::Level;
use crate::link::ObjectFile;
use crate::shell::debug::{self, Described, Sources};
use crate::shell::entry::{self, EntryLinks};
use crate::shell::freestanding;
use crate::shell::steps::Tensor;
use crate::shell::unit::{DataItem, FunctionItem, Pointer, Source, Text, Unit};
use cranelift_codegen::ir::Function;
use cranelift_module::{Linkage, default_libcall_names};
use cranelift_object::{ObjectBuilder, ObjectModule};
use lgc_abi::checks::workspace_bytes;
use lgc_abi::info::{Image, encode, encode_status_texts};
use lgc_abi::{
    Direction, EntryInfo, Info, Library, info_symbol, pool_create_symbol, pool_destroy_symbol,
    strerror_symbol,
};

/// Compiles a library into one position-independent object file for [`TARGET`].
///
/// `programs` are what the entries of the description do, in its order: for each entry a program for each level of the
/// processor, the same ones for all, the lowest first. `backend` makes their kernels. An entry runs the program of the
/// highest level that the processor has; in the workspace that is described there is room for each. The object exports just the
/// functions of the C ABI. It refers to nothing outside, but for the functions of libc that threads
/// need if some loop is worth them. The target and the features that
/// the library tells of itself are always [`TARGET`] and those of its lowest level. With `sources`, the object says in
/// DWARF which lines of them the code of kernels comes from, as far as the kernels do. Equal arguments give equal bytes.
///
/// # Errors
/// [`CompileError::Description`] if a program is not what the description says of its entry, and what
/// the compiler refuses.
pub fn compile_library(
    library: &Library,
    programs: &[Vec<Legal>],
    backend: Backend,
    sources: Option<&Sources>,
) -> Result<ObjectFile, CompileError> {
    compile_with(library, programs, (backend, sources), None)
}

/// The same with the function that tells the level of the processor given as machine code.
pub(crate) fn compile_with(
    library: &Library,
    programs: &[Vec<Legal>],
    (backend, sources): (Backend, Option<&Sources>),
    cpu_level: Option<&'static [u8]>,
) -> Result<ObjectFile, CompileError> {
    let levels = levels(library, programs)?;
    let lowest = levels.first().copied().unwrap_or(Level::V3);
    let features: Vec<String> = lowest.features().iter().map(ToString::to_string).collect();
    let info = Info {
        target: TARGET.to_string(),
        features,
        ..Info::from(library)
    };
    if info.entries.len() != programs.len() {
        return Err(mismatch(
            &info.name,
            "there is not one program for each entry",
        ));
    }
    let mut orders = Vec::new();
    for (entry, programs) in info.entries.iter().zip(programs) {
        for program in programs {
            orders.push(order(entry, program.program())?);
        }
    }
    let flat: Vec<&Legal> = programs.iter().flatten().collect();
    let (mut unit, bodies) = Unit::new(&info.name, &flat, &orders, backend)?;
    let steps: Vec<(Level, u32)> = levels.iter().copied().cycle().zip(bodies).collect();
    add_functions(&mut unit, &info, &steps, cpu_level)?;
    emit(&unit, &info, sources)
}

/// The levels that programs are for: in all entries the same, at least one, and ascending.
fn levels(library: &Library, programs: &[Vec<Legal>]) -> Result<Vec<Level>, CompileError> {
    let of = |programs: &Vec<Legal>| -> Vec<Level> {
        let targets = programs.iter().map(|program| program.target().level);
        targets.collect()
    };
    let Some(levels) = programs.first().map(of) else {
        return Ok(Vec::new());
    };
    let same = programs.iter().all(|programs| of(programs) == levels);
    let ascend = levels.is_sorted_by(|low, high| low < high);
    if levels.is_empty() || !same || !ascend {
        let message = "there is not one program for each level, from the lowest on";
        return Err(mismatch(&library.name, message));
    }
    Ok(levels)
}

fn mismatch(entry: &str, message: &'static str) -> CompileError {
    CompileError::Description {
        entry: entry.to_string(),
        message,
    }
}

/// What the tensors of an entry are to its program, in the order of its argument struct.
fn order(entry: &EntryInfo, program: &Program) -> Result<Vec<Tensor>, CompileError> {
    let workspace = workspace_bytes(program.workspace, entry.leaves.len());
    if entry.workspace_bytes < workspace {
        return Err(mismatch(&entry.name, "the workspace is too small"));
    }
    let mut counts = [0u32; 3];
    let mut order = Vec::new();
    for leaf in &entry.leaves {
        let kind = match leaf.direction {
            Direction::In => 0,
            Direction::InOut => 1,
            Direction::Out => 2,
        };
        let number = counts[kind];
        counts[kind] += 1;
        let (tensor, role) = match leaf.direction {
            Direction::In => (Tensor::Input(number), Role::Input(number)),
            Direction::InOut => (Tensor::Inout(number), Role::Inout(number)),
            Direction::Out => (Tensor::Output(number), Role::Output(number)),
        };
        let buffer = program.buffers.iter().find(|buffer| buffer.role == role);
        let same = |ty: &lgc_ir::shape::Type| {
            ty.dtype == leaf.tensor.dtype()
                && ty.shape.extents().eq(leaf.tensor.dims().iter().copied())
        };
        if buffer.is_some_and(|buffer| !same(&buffer.ty)) {
            return Err(mismatch(&entry.name, "the type of a tensor differs"));
        }
        order.push(tensor);
    }
    Ok(order)
}

/// Adds the functions of the C ABI, and the data that they need.
fn add_functions(
    unit: &mut Unit<'_>,
    info: &Info,
    steps: &[(Level, u32)],
    cpu_level: Option<&'static [u8]>,
) -> Result<(), CompileError> {
    let name = &info.name;
    let cpu = match cpu_level {
        None => freestanding::add_cpu(&mut unit.functions, name)?,
        Some(code) => {
            let symbol = format!("{name}.cpu_level");
            add(unit, symbol, Linkage::Local, Source::Code(code))
        }
    };
    let cpu_state = unit.data.len() as u32;
    unit.data.push(DataItem {
        name: format!("{name}.cpu_state"),
        bytes: [0u8].as_slice().into(),
        align: 1,
        writable: true,
        pointers: Vec::new(),
    });
    let checks = freestanding::add_checks(&mut unit.functions, name)?;
    let root = add_image(unit, name, encode(info));
    let levels = steps.len() / info.entries.len().max(1);
    let steps = steps.chunks(levels.max(1));
    for (number, (entry, steps)) in info.entries.iter().zip(steps).enumerate() {
        let unsupported = |fault: Refusal| CompileError::Unsupported {
            function: entry.symbol.clone(),
            message: fault.0,
        };
        let links = EntryLinks {
            steps,
            cpu,
            cpu_state,
            checks,
            info: root,
            entry: number,
        };
        let checked = entry::checked(entry, &info.features, links).map_err(unsupported)?;
        let symbol = format!("{name}.checked.{}", entry.name);
        let checked = add(unit, symbol, Linkage::Local, baseline(checked));
        let call = baseline(entry::forward(checked, entry::call_signature()));
        add(unit, entry.symbol.clone(), Linkage::Export, call);
        let run = entry::run(entry, checked, links).map_err(unsupported)?;
        add(
            unit,
            entry.run_symbol.clone(),
            Linkage::Export,
            baseline(run),
        );
    }
    add_pool(unit, name)?;
    add(
        unit,
        info_symbol(name),
        Linkage::Export,
        baseline(entry::info(root)),
    );
    let root = add_image(unit, name, encode_status_texts());
    let strerror = baseline(entry::strerror(root));
    add(unit, strerror_symbol(name), Linkage::Export, strerror);
    Ok(())
}

/// Adds the functions that make and end a pool of threads. A library without tasks has no threads
/// either: it makes NULL.
fn add_pool(unit: &mut Unit<'_>, name: &str) -> Result<(), CompileError> {
    let (create, destroy) = if unit.is_parallel() {
        let pool = freestanding::add_pool(&mut unit.functions, name)?;
        let forward = |target| baseline(entry::forward(target, entry::pool_signature()));
        (forward(pool.create), forward(pool.destroy))
    } else {
        (baseline(entry::null()), baseline(entry::null()))
    };
    add(unit, pool_create_symbol(name), Linkage::Export, create);
    add(unit, pool_destroy_symbol(name), Linkage::Export, destroy);
    Ok(())
}

fn baseline(function: Function) -> Source<'static> {
    Source::Function(Box::new(function), InstructionSet::Baseline)
}

fn add<'a>(unit: &mut Unit<'a>, name: String, linkage: Linkage, source: Source<'a>) -> u32 {
    unit.functions.push(FunctionItem {
        name,
        linkage,
        source,
    });
    unit.functions.len() as u32 - 1
}

/// Adds the objects of an image; the number of the one that code refers to.
fn add_image(unit: &mut Unit<'_>, prefix: &str, image: Image) -> u32 {
    let first = unit.data.len() as u32;
    for object in image.objects {
        let pointers = object.relocations.iter().map(|relocation| Pointer {
            offset: relocation.offset,
            target: first + relocation.target as u32,
            addend: relocation.addend,
        });
        unit.data.push(DataItem {
            name: format!("{prefix}.{}", object.label),
            align: object.align,
            writable: false,
            pointers: pointers.collect(),
            bytes: object.bytes.into(),
        });
    }
    first + image.root as u32
}

fn emit(
    unit: &Unit<'_>,
    info: &Info,
    sources: Option<&Sources>,
) -> Result<ObjectFile, CompileError> {
    let name = info.name.as_str();
    let compiled = unit.compile(Destination::Object, Text::None)?;
    let isa = isa(InstructionSet::Extended, Destination::Object)?;
    let builder = ObjectBuilder::new(isa, name, default_libcall_names());
    let mut builder = builder.map_err(CompileError::backend)?;
    builder.per_function_section(true);
    let mut module = ObjectModule::new(builder);
    let functions = unit.define(&compiled, &mut module)?;
    let mut product = module.finish();
    if let Some(sources) = sources {
        let all = unit.functions.iter().zip(&compiled).zip(functions);
        let described = all.filter(|((_, code), _)| !code.lines.is_empty());
        let described = described.map(|((item, code), id)| Described {
            name: &item.name,
            symbol: product.function_symbol(id),
            size: code.bytes.len() as u64,
            lines: &code.lines,
        });
        let described: Vec<Described<'_>> = described.collect();
        debug::describe(&mut product.object, &described, sources, &info.compiler)?;
    }
    Ok(ObjectFile {
        name: format!("{name}.o"),
        bytes: product.emit().map_err(CompileError::backend)?,
    })
}

#[cfg(test)]
mod tests;
