//! Freestanding code, as functions of a unit.
//!
//! The build script has compiled the pool of threads, the checks of tensors, and what tells the level of the processor
//! to objects. Their functions
//! become functions of the library, hidden, so that a library stays one object, and two libraries in one program
//! have their own.

use crate::backend::CompileError;
#[cfg(doc)]
use crate::level::Level;
use crate::shell::unit::{Compiled, FunctionItem, Source};
use cranelift_codegen::binemit::Reloc;
use cranelift_module::{Linkage, ModuleReloc, ModuleRelocTarget};
use object::read::elf::{ElfFile64, ElfSection64};
use object::{
    LittleEndian, Object, ObjectSection, ObjectSymbol, RelocationFlags, RelocationTarget,
    SectionIndex, SectionKind, SymbolIndex, elf,
};
use std::collections::HashMap;

const POOL: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/pool.o"));
const CHECKS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/checks.o"));
const CPU: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/cpu.o"));

/// The functions of the pool that a library exports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PoolFunctions {
    /// Makes a pool.
    pub(crate) create: u32,
    /// Ends it.
    pub(crate) destroy: u32,
}

/// The functions of libc that the pool calls: all that a library imports.
pub(crate) const IMPORTS: [&str; 2] = ["pthread_create", "pthread_join"];

type Section<'o> = ElfSection64<'o, 'o, LittleEndian>;

/// Appends the functions of the pool.
pub(crate) fn add_pool(
    functions: &mut Vec<FunctionItem<'_>>,
    prefix: &str,
) -> Result<PoolFunctions, CompileError> {
    let [create, destroy] = add(
        functions,
        &format!("{prefix}.pool"),
        (POOL, &IMPORTS),
        ["lgc_pool_create", "lgc_pool_destroy"],
    )?;
    Ok(PoolFunctions { create, destroy })
}

/// The functions that check the tensors of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CheckFunctions {
    /// Looks at the pointers of an argument struct.
    pub(crate) arguments: u32,
    /// Looks at DLTensors.
    pub(crate) tensors: u32,
    /// Writes an argument struct from DLTensors, and looks for overlaps.
    pub(crate) gather: u32,
}

/// Appends the functions that check tensors.
pub(crate) fn add_checks(
    functions: &mut Vec<FunctionItem<'_>>,
    prefix: &str,
) -> Result<CheckFunctions, CompileError> {
    let [arguments, tensors, gather] = add(
        functions,
        &format!("{prefix}.checks"),
        (CHECKS, &[]),
        ["lgc_check_arguments", "lgc_check_tensors", "lgc_gather"],
    )?;
    Ok(CheckFunctions {
        arguments,
        tensors,
        gather,
    })
}

/// Appends the function that tells the level of the processor: 0, or the place in [`Level::ALL`] from 1 on.
pub(crate) fn add_cpu(
    functions: &mut Vec<FunctionItem<'_>>,
    prefix: &str,
) -> Result<u32, CompileError> {
    let [level] = add(
        functions,
        &format!("{prefix}.cpu_level"),
        (CPU, &[]),
        ["lgc_cpu_level"],
    )?;
    Ok(level)
}

/// Appends the functions of an object, which calls these imports; the numbers of those with these symbols.
fn add<const COUNT: usize>(
    functions: &mut Vec<FunctionItem<'_>>,
    name: &str,
    (object, imports): (&[u8], &[&'static str]),
    wanted: [&'static str; COUNT],
) -> Result<[u32; COUNT], CompileError> {
    let object = ElfFile64::<LittleEndian>::parse(object).map_err(CompileError::backend)?;
    let sections: Vec<Section<'_>> = object
        .sections()
        .filter(|section| section.kind() == SectionKind::Text && section.size() > 0)
        .collect();
    let mut links = Links {
        object: &object,
        sections: HashMap::new(),
        imports: HashMap::new(),
    };
    for &import in imports {
        links.imports.insert(import, functions.len() as u32);
        functions.push(FunctionItem {
            name: import.to_string(),
            linkage: Linkage::Import,
            source: Source::Import,
        });
    }
    for (number, section) in (functions.len() as u32..).zip(&sections) {
        links.sections.insert(section.index(), number);
    }
    for (number, section) in sections.iter().enumerate() {
        let code = section.data().map_err(CompileError::backend)?;
        let relocations = links.relocations(section)?;
        functions.push(FunctionItem {
            name: format!("{name}{number}"),
            linkage: Linkage::Local,
            source: Source::Linked(Box::new(Compiled::of(code.to_vec(), relocations, 16))),
        });
    }
    let mut numbers = [0; COUNT];
    for (number, symbol) in numbers.iter_mut().zip(wanted) {
        *number = links.defined(symbol)?;
    }
    Ok(numbers)
}

/// The numbers of what the object refers to.
struct Links<'o> {
    object: &'o ElfFile64<'o, LittleEndian>,
    sections: HashMap<SectionIndex, u32>,
    imports: HashMap<&'static str, u32>,
}

fn fault(message: impl std::fmt::Display) -> CompileError {
    CompileError::backend(format!("freestanding code {message}"))
}

impl Links<'_> {
    /// The number of a function of that symbol.
    fn defined(&self, symbol: &str) -> Result<u32, CompileError> {
        let found = self.object.symbol_by_name(symbol);
        let section = found.and_then(|symbol| symbol.section_index());
        let number = section.and_then(|section| self.sections.get(&section));
        number
            .copied()
            .ok_or_else(|| fault(format!("lacks `{symbol}`")))
    }

    fn relocations(&self, section: &Section<'_>) -> Result<Vec<ModuleReloc>, CompileError> {
        let mut relocations = Vec::new();
        for (offset, relocation) in section.relocations() {
            let RelocationFlags::Elf { r_type } = relocation.flags() else {
                return Err(fault("has a relocation of another format"));
            };
            let RelocationTarget::Symbol(symbol) = relocation.target() else {
                return Err(fault("refers to what is no symbol"));
            };
            relocations.push(ModuleReloc {
                offset: offset as u32,
                kind: kind(r_type).ok_or_else(|| fault("has an unknown relocation"))?,
                name: ModuleRelocTarget::user(0, self.target(symbol)?),
                addend: relocation.addend(),
            });
        }
        Ok(relocations)
    }

    /// The number of the function that a symbol stands for: each has a section of its own.
    fn target(&self, symbol: SymbolIndex) -> Result<u32, CompileError> {
        let symbol = self
            .object
            .symbol_by_index(symbol)
            .map_err(CompileError::backend)?;
        let name = symbol.name().map_err(CompileError::backend)?;
        let number = match symbol.section_index() {
            Some(section) if symbol.address() == 0 => self.sections.get(&section),
            Some(_) => None,
            None => self.imports.get(name),
        };
        number
            .copied()
            .ok_or_else(|| fault(format!("refers to `{name}`")))
    }
}

fn kind(r_type: u32) -> Option<Reloc> {
    match r_type {
        elf::R_X86_64_PC32 => Some(Reloc::X86PCRel4),
        elf::R_X86_64_PLT32 => Some(Reloc::X86CallPCRel4),
        elf::R_X86_64_GOTPCREL | elf::R_X86_64_GOTPCRELX | elf::R_X86_64_REX_GOTPCRELX => {
            Some(Reloc::X86GOTPCRel4)
        }
        _ => None,
    }
}
