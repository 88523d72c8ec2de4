//! The code in an object that LLVM made of a kernel, as one piece.
//!
//! The functions of a kernel and its tasks refer to one another, to constants beside them, and to the function that
//! runs tasks. Code and constants are put behind one another, and what refers from one to the other is filled in: what
//! is left is a piece of position-independent code that begins with the function of the kernel and calls one function
//! outside. So a library stays one object, and code in this process needs no linker. What else would be loaded is
//! refused: tables for unwinding, data, calls of other functions.

use super::emit::RUN_TASKS;
use super::lines::lines;
use crate::backend::lines::LineTable;
use object::read::elf::{ElfFile64, ElfSection64};
use object::{
    LittleEndian, Object, ObjectSection, ObjectSymbol, RelocationFlags, RelocationTarget,
    SectionFlags, SectionIndex, SectionKind, SymbolIndex, SymbolKind, elf,
};
use std::collections::HashMap;

/// Position-independent code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// The bytes, which begin with the function of the kernel.
    pub(crate) bytes: Vec<u8>,
    /// What the first byte's address is a multiple of.
    pub(crate) align: u64,
    /// Where the function that runs tasks is called: the place of a 32-bit distance, and what is added to it.
    pub(crate) calls: Vec<(u32, i64)>,
    /// The lines that it comes from.
    pub(crate) lines: LineTable,
}

type Section<'o> = ElfSection64<'o, 'o, LittleEndian>;

/// What an object has that a piece cannot have.
pub(crate) type Strange = String;

/// The code and constants of an object whose first function has that name.
pub(crate) fn piece(object: &[u8], name: &str) -> Result<Piece, Strange> {
    let object = ElfFile64::<LittleEndian>::parse(object).map_err(|e| e.to_string())?;
    let mut joined = Joined {
        object: &object,
        piece: Piece {
            bytes: Vec::new(),
            align: 16,
            calls: Vec::new(),
            lines: LineTable::default(),
        },
        places: HashMap::new(),
    };
    let loaded = || object.sections().filter(is_loaded);
    let code = loaded().filter(is_code);
    let sections: Vec<Section<'_>> = code.chain(loaded().filter(is_constant)).collect();
    if let Some(other) = loaded().find(|section| !is_code(section) && !is_constant(section)) {
        return Err(format!("a section `{}`", other.name().unwrap_or("?")));
    }
    for section in &sections {
        joined.append(section)?;
    }
    for section in &sections {
        joined.fill_in(section)?;
    }
    joined.piece.lines = lines(&object, |section, address| {
        joined.place_of(section, address)
    })?;
    // The file has a symbol, too, of any name.
    let is_function = |symbol: &_| ObjectSymbol::kind(symbol) == SymbolKind::Text;
    let mut functions = object.symbols().filter(is_function);
    let first = functions.find(|symbol| symbol.name() == Ok(name));
    let first = first.and_then(|symbol| joined.place_of(symbol.section_index()?, symbol.address()));
    match first {
        Some(0) => Ok(joined.piece),
        Some(_) | None => Err(format!("something else than `{name}` in front")),
    }
}

/// Whether a section is there when code runs, with something in it.
fn is_loaded(section: &Section<'_>) -> bool {
    let is_alloc = |flags: u64| flags & u64::from(elf::SHF_ALLOC) != 0;
    section.size() > 0
        && matches!(section.flags(), SectionFlags::Elf { sh_flags } if is_alloc(sh_flags))
}

fn is_code(section: &Section<'_>) -> bool {
    section.kind() == SectionKind::Text
}

fn is_constant(section: &Section<'_>) -> bool {
    let kind = section.kind();
    matches!(
        kind,
        SectionKind::ReadOnlyData | SectionKind::ReadOnlyString
    )
}

struct Joined<'o> {
    object: &'o ElfFile64<'o, LittleEndian>,
    piece: Piece,
    /// Where each section begins.
    places: HashMap<SectionIndex, u64>,
}

impl Joined<'_> {
    fn append(&mut self, section: &Section<'_>) -> Result<(), Strange> {
        let bytes = &mut self.piece.bytes;
        let align = section.align().max(1);
        self.piece.align = self.piece.align.max(align);
        let start = (bytes.len() as u64).next_multiple_of(align);
        bytes.resize(start as usize, 0);
        bytes.extend(section.data().map_err(|e| e.to_string())?);
        self.places.insert(section.index(), start);
        Ok(())
    }

    /// Where an address of a section is in the piece.
    fn place_of(&self, section: SectionIndex, address: u64) -> Option<u64> {
        let start = self.places.get(&section)?;
        start.checked_add(address)
    }

    fn fill_in(&mut self, section: &Section<'_>) -> Result<(), Strange> {
        for (offset, relocation) in section.relocations() {
            let RelocationFlags::Elf { r_type } = relocation.flags() else {
                return Err("a relocation of another format".to_owned());
            };
            if !matches!(r_type, elf::R_X86_64_PC32 | elf::R_X86_64_PLT32) {
                return Err(format!("a relocation of kind {r_type}"));
            }
            let RelocationTarget::Symbol(symbol) = relocation.target() else {
                return Err("a relocation without a symbol".to_owned());
            };
            let place = self.place_of(section.index(), offset);
            let place = place.ok_or("a relocation outside its section")?;
            match self.target(symbol)? {
                Some(target) => self.write(place, target, relocation.addend())?,
                None => {
                    let place = u32::try_from(place).map_err(|e| e.to_string())?;
                    self.piece.calls.push((place, relocation.addend()));
                }
            }
        }
        Ok(())
    }

    /// Where a symbol is in the piece; `None` for the function that runs tasks.
    fn target(&self, symbol: SymbolIndex) -> Result<Option<u64>, Strange> {
        let symbol = self.object.symbol_by_index(symbol);
        let symbol = symbol.map_err(|e| e.to_string())?;
        let name = symbol.name().unwrap_or("?");
        match symbol.section_index() {
            Some(section) => {
                let place = self.place_of(section, symbol.address());
                let place = place.ok_or_else(|| format!("`{name}` is in no section"))?;
                Ok(Some(place))
            }
            None if name == RUN_TASKS => Ok(None),
            None => Err(format!("a call of `{name}`, which no library has")),
        }
    }

    fn write(&mut self, place: u64, target: u64, addend: i64) -> Result<(), Strange> {
        let distance = i128::from(target) + i128::from(addend) - i128::from(place);
        let distance = i32::try_from(distance).map_err(|e| e.to_string())?;
        let slot = usize::try_from(place).ok();
        let slot = slot.and_then(|place| self.piece.bytes.get_mut(place..place + 4));
        let slot = slot.ok_or("a relocation outside its section")?;
        slot.copy_from_slice(&distance.to_le_bytes());
        Ok(())
    }
}
