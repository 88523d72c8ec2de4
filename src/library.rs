//! Compiled libraries on the command line.

use crate::origin::{regular, unreadable};
use crate::{Failure, Origin};
use lgc_abi::{info_symbol, strerror_symbol};
use lgc_ir::diag::{Code, Diagnostic};
use lgc_runtime::{Library, Mapped};
use object::elf::DT_NEEDED;
use object::elf::FileHeader64;
use object::read::elf::{ElfFile64, FileHeader, ProgramHeader, SectionHeader};
use object::{Endianness, Object, ObjectSymbol};
use std::path::Path;

/// The file, if it is a compiled library by its suffix.
pub(crate) fn path_of(origin: &Origin) -> Option<&Path> {
    origin
        .path()
        .filter(|path| path.extension().is_some_and(|suffix| suffix == "so"))
}

/// Refuses values for dims of a library, whose dims are fixed.
///
/// # Errors
/// If there are any.
pub(crate) fn without_dims(path: &Path, defines: &[(String, u64)]) -> Result<(), Failure> {
    let Some((dim, _)) = defines.first() else {
        return Ok(());
    };
    let message = format!(
        "`--define {dim}=…` has no effect on `{}`: the dims of a library are fixed",
        path.display()
    );
    let help = "give it to `lgc compile`";
    Err(Failure::new(
        Diagnostic::error(Code::BadUsage, message).help(help),
    ))
}

/// Loads a library, whatever its file is called: its name is the prefix of the symbols that it
/// exports.
///
/// # Errors
/// If the file cannot be read or loaded, or is no library that lgc compiled.
pub(crate) fn open(path: &Path) -> Result<Library, Failure> {
    // Addresses of code have 31 bits, and those of constants are beside it.
    const LIMIT: u64 = 1 << 34;
    let bytes = regular(path).and_then(|()| Mapped::open(path, LIMIT));
    let bytes = bytes.map_err(|error| unreadable(&path.display(), &error))?;
    let bytes = bytes.ok_or_else(|| {
        let message = format!("`{}` has more than {LIMIT} bytes", path.display());
        Failure::message(Code::BadLibrary, message)
    })?;
    let name = name_in(bytes.as_ref()).map_err(|reason| {
        let message = format!("`{}` {reason}", path.display());
        let help = "name a shared library that `lgc compile` wrote for this machine";
        Failure::new(Diagnostic::error(Code::BadLibrary, message).help(help))
    })?;
    Ok(Library::open_named(path, &name)?)
}

/// The library's name: that for which it exports both functions which every library has.
fn name_in(bytes: &[u8]) -> Result<String, String> {
    let file = object::File::parse(bytes).map_err(|_| "is no shared library".to_owned())?;
    if is_truncated(bytes).unwrap_or(true) {
        return Err("is damaged: parts of it are missing".to_owned());
    }
    let symbols: Vec<&str> = file
        .dynamic_symbols()
        .filter(|symbol| symbol.is_definition())
        .filter_map(|symbol| symbol.name().ok())
        .collect();
    let suffix = info_symbol("");
    let names = symbols
        .iter()
        .filter_map(|symbol| symbol.strip_suffix(&suffix));
    let is_library = |name: &&str| symbols.contains(&strerror_symbol(name).as_str());
    let mut names = names.filter(is_library);
    let name = names.next().map(str::to_owned);
    name.ok_or_else(|| "is a library, but not one that lgc compiled".to_owned())
}

/// Whether the file ends before its last segment or section does: the loader maps segments without
/// looking, and what lies beyond the end of a file stops the process when it is touched.
fn is_truncated(bytes: &[u8]) -> object::Result<bool> {
    let header = FileHeader64::<Endianness>::parse(bytes)?;
    let endian = header.endian()?;
    let length = bytes.len() as u64;
    let beyond =
        |(offset, size): (u64, u64)| offset.checked_add(size).is_none_or(|end| end > length);
    let segments = header.program_headers(endian, bytes)?.iter();
    let sections = header.section_headers(endian, bytes)?.iter();
    let mut segments = segments.map(|segment| segment.file_range(endian));
    let mut sections = sections.filter_map(|section| section.file_range(endian));
    Ok(segments.any(beyond) || sections.any(beyond))
}

/// The libraries that a shared library needs, by their sonames.
pub(crate) fn needed(bytes: &[u8]) -> Vec<String> {
    read_needed(bytes).unwrap_or_default()
}

fn read_needed(bytes: &[u8]) -> object::Result<Vec<String>> {
    let file = ElfFile64::<Endianness>::parse(bytes)?;
    let table = file
        .elf_section_table()
        .dynamic_table(file.endian(), bytes)?;
    let needed = table.iter().filter(|entry| entry.tag == DT_NEEDED);
    needed
        .map(|entry| Ok(String::from_utf8_lossy(table.string(entry)?).into_owned()))
        .collect()
}
