//! Whether a file is a whole shared library, looked at before the system maps it: a mapped file whose end is
//! missing is a signal, not an error.

use crate::error::Reason;
use object::LittleEndian as LE;
use object::elf::{EM_X86_64, ET_DYN, FileHeader64};
use object::read::ReadCache;
use object::read::elf::{FileHeader, ProgramHeader};
use std::fs::{self, File};
use std::path::Path;

/// Refuses what is no shared library for x86-64, or only a part of one.
pub(crate) fn check(path: &Path) -> Result<(), Reason> {
    let about = fs::metadata(path)?;
    if !about.is_file() {
        return Err(Reason::NoLibrary("it is no regular file"));
    }
    let file = ReadCache::new(File::open(path)?);
    let header = FileHeader64::<LE>::parse(&file);
    let header = header.map_err(|_| Reason::NoLibrary("it does not start like an ELF file"))?;
    let endian = header.endian();
    let endian = endian.map_err(|_| Reason::NoLibrary("its bytes are in another order"))?;
    if header.e_machine(endian) != EM_X86_64 || header.e_type(endian) != ET_DYN {
        return Err(Reason::NoLibrary("it is another kind of ELF file"));
    }
    let has = about.len();
    let whole = |needs: u64| {
        if needs > has {
            return Err(Reason::CutShort { needs, has });
        }
        Ok(())
    };
    whole(end_of_table(
        header.e_phoff(endian),
        header.e_phnum(endian),
        header.e_phentsize(endian),
    ))?;
    let segments = header.program_headers(endian, &file);
    let segments = segments.map_err(|_| Reason::NoLibrary("its headers are damaged"))?;
    let ends = segments.iter().map(|segment| {
        let start: u64 = segment.p_offset(endian);
        start.saturating_add(segment.p_filesz(endian))
    });
    let sections = end_of_table(
        header.e_shoff(endian),
        header.e_shnum(endian),
        header.e_shentsize(endian),
    );
    whole(ends.fold(sections, u64::max))
}

/// Where a table of headers ends.
fn end_of_table(start: u64, count: u16, size: u16) -> u64 {
    start.saturating_add(u64::from(count) * u64::from(size))
}
