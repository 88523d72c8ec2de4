//! Checks objects before they reach a linker, so that errors name the object and the symbol
//! whichever linker it is.

use super::{LIBC_IMPORTS, LinkError, ObjectFile, UndefinedSymbol};
use object::read::elf::{ElfFile64, FileHeader};
use object::{LittleEndian, Object, ObjectSymbol, elf};
use std::collections::{BTreeMap, BTreeSet};

/// The symbol that every linker defines for position-independent code.
const GLOBAL_OFFSET_TABLE: &str = "_GLOBAL_OFFSET_TABLE_";

/// Checks that objects can be linked together: each is a relocatable ELF object for x86-64, no
/// global symbol is defined twice, and each symbol that is used is defined by one of them or is one
/// of [`LIBC_IMPORTS`].
///
/// # Errors
/// The first of [`LinkError::NoInput`], [`LinkError::NotAnObject`], [`LinkError::DuplicateSymbol`]
/// and [`LinkError::UndefinedSymbols`] that applies.
pub fn verify_objects(inputs: &[ObjectFile]) -> Result<(), LinkError> {
    resolve(inputs).map(drop)
}

/// Checks the objects as [`verify_objects`] does and returns the global symbols that they define.
pub(super) fn resolve(inputs: &[ObjectFile]) -> Result<BTreeSet<String>, LinkError> {
    if inputs.is_empty() {
        return Err(LinkError::NoInput);
    }
    let mut symbols = Symbols::default();
    for input in inputs {
        symbols.add(input)?;
    }
    symbols.into_defined()
}

/// The global symbols of the objects seen so far, each with the first object that has it.
#[derive(Default)]
struct Symbols<'a> {
    defined: BTreeMap<String, Definition<'a>>,
    used: BTreeMap<String, &'a str>,
}

/// Where a symbol is defined, and whether another definition may take its place.
struct Definition<'a> {
    object: &'a str,
    is_weak: bool,
}

impl<'a> Symbols<'a> {
    fn add(&mut self, input: &'a ObjectFile) -> Result<(), LinkError> {
        let object = parse(input)?;
        for symbol in object.symbols().filter(|symbol| symbol.is_global()) {
            let name = symbol
                .name()
                .map_err(|error| not_an_object(input, error.to_string()))?;
            if symbol.is_undefined() {
                self.add_use(name, symbol.is_weak(), input);
            } else {
                self.add_definition(name, symbol.is_weak(), input)?;
            }
        }
        Ok(())
    }

    /// A weak use is no error: it is null where nothing defines it.
    fn add_use(&mut self, name: &str, is_weak: bool, input: &'a ObjectFile) {
        if !is_weak {
            self.used.entry(name.to_owned()).or_insert(&input.name);
        }
    }

    fn add_definition(
        &mut self,
        name: &str,
        is_weak: bool,
        input: &'a ObjectFile,
    ) -> Result<(), LinkError> {
        match self.defined.get_mut(name) {
            Some(first) if !first.is_weak && !is_weak => Err(LinkError::DuplicateSymbol {
                symbol: name.to_owned(),
                first: first.object.to_owned(),
                second: input.name.clone(),
            }),
            Some(first) => {
                first.is_weak &= is_weak;
                Ok(())
            }
            None => {
                let definition = Definition {
                    object: &input.name,
                    is_weak,
                };
                self.defined.insert(name.to_owned(), definition);
                Ok(())
            }
        }
    }

    fn into_defined(self) -> Result<BTreeSet<String>, LinkError> {
        let is_provided = |name: &str| {
            name == GLOBAL_OFFSET_TABLE || LIBC_IMPORTS.iter().any(|import| import.name == name)
        };
        let symbols: Vec<UndefinedSymbol> = self
            .used
            .into_iter()
            .filter(|(name, _)| !self.defined.contains_key(name) && !is_provided(name))
            .map(|(symbol, object)| UndefinedSymbol {
                symbol,
                object: object.to_owned(),
            })
            .collect();
        if !symbols.is_empty() {
            return Err(LinkError::UndefinedSymbols { symbols });
        }
        Ok(self.defined.into_keys().collect())
    }
}

/// Reads the tables of an object and checks that it is for this linker.
fn parse(input: &ObjectFile) -> Result<ElfFile64<'_, LittleEndian>, LinkError> {
    if !input.bytes.starts_with(&elf::ELFMAG) {
        return Err(not_an_object(input, "it is no ELF file"));
    }
    let object = ElfFile64::<LittleEndian>::parse(input.bytes.as_slice())
        .map_err(|error| not_an_object(input, error.to_string()))?;
    let (header, endian) = (object.elf_header(), object.endian());
    if header.e_type(endian) != elf::ET_REL {
        return Err(not_an_object(
            input,
            "it is an ELF file, but not a relocatable object",
        ));
    }
    if header.e_machine(endian) != elf::EM_X86_64 {
        return Err(not_an_object(
            input,
            "it is for another machine than x86-64",
        ));
    }
    Ok(object)
}

fn not_an_object(input: &ObjectFile, reason: impl Into<String>) -> LinkError {
    LinkError::NotAnObject {
        object: input.name.clone(),
        reason: reason.into(),
    }
}
