//! Line tables of a library in DWARF, so that debuggers and profilers show the lines of the user's graph.
//!
//! Each kernel and each task is a subprogram of one unit, whichever back end made it. What is described is code, not
//! values: there are no variables and no types. Version 4, which every reader knows.

use crate::backend::CompileError;
use crate::backend::lines::LineTable;
use crate::kernel::SourceLine;
use gimli::write::{
    Address, AttributeValue, Dwarf, EndianVec, FileId, LineProgram, LineString, Range, RangeList,
    RelocateWriter, Relocation, RelocationTarget, Sections, Unit,
};
use gimli::{Encoding, Format, LineEncoding, LittleEndian, constants};
use object::write::{self as obj, Object, SymbolId};
use object::{RelocationFlags, SectionKind, elf};
use rustc_hash::FxHashMap;

/// The files that lines of kernels are in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sources {
    /// The folder that relative names start from.
    pub directory: String,
    /// The names of the files, which lines number; the first is the one that was compiled.
    pub files: Vec<String>,
}

/// A function with lines.
pub(super) struct Described<'u> {
    /// Its name.
    pub(super) name: &'u str,
    /// Its symbol in the object.
    pub(super) symbol: SymbolId,
    /// Its size in bytes.
    pub(super) size: u64,
    /// Where its lines begin.
    pub(super) lines: &'u LineTable,
}

const ENCODING: Encoding = Encoding {
    format: Format::Dwarf32,
    version: 4,
    address_size: 8,
};

/// Adds the sections that describe functions of an object. `producer` is who made it.
///
/// # Errors
/// If a table cannot be written.
pub(super) fn describe(
    object: &mut Object<'static>,
    functions: &[Described<'_>],
    sources: &Sources,
    producer: &str,
) -> Result<(), CompileError> {
    let mut dwarf = Dwarf::new();
    let main = sources.files.first().map_or("", String::as_str);
    let (program, files) = line_program(functions, sources);
    let mut unit = Unit::new(ENCODING, program);
    let ranges = functions.iter().zip(0..).map(|(function, symbol)| {
        let (begin, length) = (Address::Symbol { symbol, addend: 0 }, function.size);
        Range::StartLength { begin, length }
    });
    let ranges = unit.ranges.add(RangeList(ranges.collect()));
    let mut text = |text: &str| AttributeValue::StringRef(dwarf.strings.add(text));
    let root = unit.root();
    let attributes = [
        (constants::DW_AT_producer, text(producer)),
        // Readers know how to write an expression in it; there is no number for graphs.
        (
            constants::DW_AT_language,
            AttributeValue::Language(constants::DW_LANG_C99),
        ),
        (constants::DW_AT_name, text(main)),
        (constants::DW_AT_comp_dir, text(&sources.directory)),
        (
            constants::DW_AT_low_pc,
            AttributeValue::Address(Address::Constant(0)),
        ),
        (
            constants::DW_AT_ranges,
            AttributeValue::RangeListRef(ranges),
        ),
    ];
    for (key, value) in attributes {
        unit.get_mut(root).set(key, value);
    }
    for (function, symbol) in functions.iter().zip(0..) {
        let id = unit.add(root, constants::DW_TAG_subprogram);
        let entry = unit.get_mut(id);
        let start = Address::Symbol { symbol, addend: 0 };
        entry.set(constants::DW_AT_name, text(function.name));
        entry.set(constants::DW_AT_low_pc, AttributeValue::Address(start));
        entry.set(
            constants::DW_AT_high_pc,
            AttributeValue::Udata(function.size),
        );
        if let Some(line) = first_line(function) {
            let file = files.get(&line.file).copied();
            let number = AttributeValue::Udata(line.line.into());
            entry.set(constants::DW_AT_decl_file, AttributeValue::FileIndex(file));
            entry.set(constants::DW_AT_decl_line, number);
        }
    }
    dwarf.units.add(unit);
    let mut sections = Sections::new(Section::default());
    dwarf.write(&mut sections).map_err(CompileError::backend)?;
    add_sections(object, functions, &sections)
}

fn first_line(function: &Described<'_>) -> Option<SourceLine> {
    let mut rows = function.lines.rows().iter();
    rows.find_map(|&(_, line)| line)
}

/// The line table, and the number of each file in it.
fn line_program(
    functions: &[Described<'_>],
    sources: &Sources,
) -> (LineProgram, FxHashMap<u32, FileId>) {
    // An empty name would end the list of files.
    let name = |name: &str| {
        let legal = !name.is_empty() && !name.contains('\0');
        LineString::String(if legal { name } else { "?" }.as_bytes().to_vec())
    };
    let main = sources.files.first().map_or("", String::as_str);
    let mut program = LineProgram::new(
        ENCODING,
        LineEncoding::default(),
        name(&sources.directory),
        None,
        name(main),
        None,
    );
    let directory = program.default_directory();
    let mut files = FxHashMap::default();
    for (function, symbol) in functions.iter().zip(0..) {
        program.begin_sequence(Some(Address::Symbol { symbol, addend: 0 }));
        for &(place, line) in function.lines.rows() {
            let file = line.map(|line| {
                *files.entry(line.file).or_insert_with(|| {
                    let known = sources.files.get(line.file as usize);
                    let file = known.map_or_else(|| line.file.to_string(), Clone::clone);
                    program.add_file(name(&file), directory, None)
                })
            });
            let row = program.row();
            row.address_offset = place.into();
            // Line 0 is code that comes from no line.
            row.line = line.map_or(0, |line| line.line.into());
            if let Some(file) = file {
                row.file = file;
            }
            program.generate_row();
        }
        program.end_sequence(function.size);
    }
    (program, files)
}

/// A section with what is filled in once addresses are known.
#[derive(Clone, Debug)]
struct Section {
    bytes: EndianVec<LittleEndian>,
    relocations: Vec<Relocation>,
}

impl Default for Section {
    fn default() -> Self {
        Section {
            bytes: EndianVec::new(LittleEndian),
            relocations: Vec::new(),
        }
    }
}

impl RelocateWriter for Section {
    type Writer = EndianVec<LittleEndian>;

    fn writer(&self) -> &Self::Writer {
        &self.bytes
    }

    fn writer_mut(&mut self) -> &mut Self::Writer {
        &mut self.bytes
    }

    fn relocate(&mut self, relocation: Relocation) {
        self.relocations.push(relocation);
    }
}

fn add_sections(
    object: &mut Object<'static>,
    functions: &[Described<'_>],
    sections: &Sections<Section>,
) -> Result<(), CompileError> {
    let mut added = FxHashMap::default();
    sections.for_each(|id, section| -> Result<(), CompileError> {
        if section.bytes.slice().is_empty() {
            return Ok(());
        }
        let name = id.name().as_bytes().to_vec();
        let place = object.add_section(Vec::new(), name, SectionKind::Debug);
        object.set_section_data(place, section.bytes.slice().to_vec(), 1);
        added.insert(id, place);
        Ok(())
    })?;
    sections.for_each(|id, section| {
        let Some(&place) = added.get(&id) else {
            return Ok(());
        };
        for relocation in &section.relocations {
            let symbol = match relocation.target {
                RelocationTarget::Symbol(at) => functions.get(at).map(|f| f.symbol),
                RelocationTarget::Section(id) => added
                    .get(&id)
                    .map(|&section| object.section_symbol(section)),
            };
            let r_type = match relocation.size {
                4 => Some(elf::R_X86_64_32),
                8 => Some(elf::R_X86_64_64),
                _ => None,
            };
            let (Some(symbol), Some(r_type)) = (symbol, r_type) else {
                return Err(CompileError::backend("a line table of nothing"));
            };
            let relocation = obj::Relocation {
                offset: relocation.offset as u64,
                symbol,
                addend: relocation.addend,
                flags: RelocationFlags::Elf { r_type },
            };
            let added = object.add_relocation(place, relocation);
            added.map_err(CompileError::backend)?;
        }
        Ok(())
    })
}
