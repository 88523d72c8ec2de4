//! The line table in an object that LLVM made of a kernel.
//!
//! Files in it are called by their numbers (see `emit/debug.rs`), so that what is kept of it does not depend on where
//! sources lie. A library has one table for all that is in it, which `shell/debug.rs` makes of these.

use super::object::Strange;
use crate::backend::lines::LineTable;
use crate::kernel::SourceLine;
use gimli::{AttributeValue, DebugLine, DebugLineOffset, LittleEndian as Little};
use object::read::elf::ElfFile64;
use object::{
    LittleEndian, Object, ObjectSection, ObjectSymbol, RelocationFlags, RelocationTarget,
    SectionIndex, elf,
};

/// The bytes of an address.
const ADDRESS: u8 = 8;

/// Where lines begin in the piece that an object becomes; `place_of` tells where an address of a section is in it.
pub(super) fn lines(
    object: &ElfFile64<'_, LittleEndian>,
    place_of: impl Fn(SectionIndex, u64) -> Option<u64>,
) -> Result<LineTable, Strange> {
    let Some(section) = object.section_by_name(".debug_line") else {
        return Ok(LineTable::default());
    };
    let mut bytes = section.data().map_err(|e| e.to_string())?.to_vec();
    for (offset, relocation) in section.relocations() {
        let is_address = matches!(
            relocation.flags(),
            RelocationFlags::Elf {
                r_type: elf::R_X86_64_64
            }
        );
        let RelocationTarget::Symbol(symbol) = relocation.target() else {
            return Err("a line table that refers to no symbol".to_owned());
        };
        let symbol = object.symbol_by_index(symbol);
        let symbol = symbol.map_err(|e| e.to_string())?;
        let address = symbol.address().wrapping_add_signed(relocation.addend());
        let place = symbol
            .section_index()
            .filter(|_| is_address)
            .and_then(|section| place_of(section, address));
        let place = place.ok_or("a line table of something else than code")?;
        let slot = usize::try_from(offset).ok();
        let slot = slot.and_then(|at| bytes.get_mut(at..at + usize::from(ADDRESS)));
        let slot = slot.ok_or("a relocation outside its section")?;
        slot.copy_from_slice(&place.to_le_bytes());
    }
    read(&bytes).map_err(|error| format!("a damaged line table: {error}"))?
}

/// A line table whose addresses are those in the piece.
fn read(bytes: &[u8]) -> gimli::Result<Result<LineTable, Strange>> {
    let table = DebugLine::new(bytes, Little);
    let program = table.program(DebugLineOffset(0), ADDRESS, None, None)?;
    let mut rows = program.rows();
    let mut lines = LineTable::default();
    while let Some((header, row)) = rows.next_row()? {
        let number = row.line().map_or(0, std::num::NonZeroU64::get);
        let line = match (row.end_sequence(), number) {
            (true, _) | (_, 0) => None,
            (false, number) => {
                let name = row.file(header).map(gimli::FileEntry::path_name);
                let file = match name {
                    Some(AttributeValue::String(name)) => std::str::from_utf8(name.slice()).ok(),
                    Some(_) | None => None,
                };
                let file = file.and_then(|file| file.parse().ok());
                let (Some(file), Ok(line)) = (file, u32::try_from(number)) else {
                    return Ok(Err("a line of no file".to_owned()));
                };
                Some(SourceLine { file, line })
            }
        };
        let Ok(place) = u32::try_from(row.address()) else {
            return Ok(Err("a line beyond the code".to_owned()));
        };
        lines.push(place, line);
    }
    Ok(Ok(lines))
}
