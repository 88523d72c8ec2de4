//! Compiled libraries on the command line.

use crate::origin::unreadable;
use crate::{Failure, Origin};
use lgc_abi::{info_symbol, strerror_symbol};
use lgc_ir::diag::{Code, Diagnostic};
use lgc_runtime::Library;
use object::elf::DT_NEEDED;
use object::read::elf::ElfFile64;
use object::{Endianness, Object, ObjectSymbol};
use std::fs;
use std::path::Path;

/// The file, if it is a compiled library by its suffix.
pub(crate) fn path_of(origin: &Origin) -> Option<&Path> {
    origin
        .path()
        .filter(|path| path.extension().is_some_and(|suffix| suffix == "so"))
}

/// Loads a library, whatever its file is called: its name is the prefix of the symbols that it
/// exports.
///
/// # Errors
/// If the file cannot be read or loaded, or is no library that lgc compiled.
pub(crate) fn open(path: &Path) -> Result<Library, Failure> {
    let bytes = fs::read(path).map_err(|error| unreadable(&path.display(), &error))?;
    let name = name_in(&bytes).map_err(|reason| {
        let message = format!("`{}` {reason}", path.display());
        let help = "name a shared library that `lgc compile` wrote for this machine";
        Failure::new(Diagnostic::error(Code::BadLibrary, message).help(help))
    })?;
    Ok(Library::open_named(path, &name)?)
}

/// The library's name: that for which it exports both functions which every library has.
fn name_in(bytes: &[u8]) -> Result<String, String> {
    let file = object::File::parse(bytes).map_err(|_| "is no shared library".to_owned())?;
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
