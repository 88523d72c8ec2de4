//! A shared object, made in memory, that stands for `libc.so.6` while linking.
//!
//! Generated code may call a handful of libc functions and nothing else. Linking against this stub
//! instead of the system's own library means that no libc development package is needed, that a
//! call of anything else is an error, and that the output does not depend on the machine on which
//! it is made.
//!
//! The stub holds what a linker reads and no code: a dynamic symbol table, the versions of its
//! symbols and its soname.

use object::elf;
use object::write::elf::{FileHeader, SectionHeader, SectionIndex, Sym, Verdef, Writer};
use object::write::{Error, StringId};

/// The name under which the loader finds libc.
pub const LIBC_SONAME: &str = "libc.so.6";

/// A function of libc with the symbol version that libraries ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LibcImport {
    /// The function's symbol, such as `memcpy`.
    pub name: &'static str,
    /// The version of the symbol: the oldest one of x86-64 glibc that behaves as we rely on.
    pub version: &'static str,
}

/// The first version of glibc on x86-64.
const BASELINE: &str = "GLIBC_2.2.5";

/// Every function of libc that generated code may call, sorted by name.
///
/// `memcpy` of the baseline is a compatibility symbol that does not choose by CPU, hence 2.14.
pub const LIBC_IMPORTS: [LibcImport; 8] = [
    import("memcmp", BASELINE),
    import("memcpy", "GLIBC_2.14"),
    import("memmove", BASELINE),
    import("memset", BASELINE),
    import("pthread_create", BASELINE),
    import("pthread_detach", BASELINE),
    import("pthread_join", BASELINE),
    import("syscall", BASELINE),
];

const fn import(name: &'static str, version: &'static str) -> LibcImport {
    LibcImport { name, version }
}

/// The version definitions of the stub, in order; the loader counts them from 2, because 0 and 1
/// are taken by local symbols and by the file itself.
const VERSIONS: [&str; 2] = [BASELINE, "GLIBC_2.14"];
const FIRST_VERSION: u16 = elf::VER_NDX_GLOBAL + 1;

/// Writes the stub: an x86-64 ELF shared object.
///
/// # Errors
/// Only when the ELF writer refuses, which no content of the tables above makes it do.
pub(super) fn libc_stub() -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let mut stub = StubWriter::reserve(&mut bytes)?;
    stub.write_contents()?;
    stub.write_section_headers();
    Ok(bytes)
}

/// The ELF writer with every index and offset of the stub reserved.
struct StubWriter<'a> {
    writer: Writer<'a>,
    text_name: StringId,
    text: SectionIndex,
    soname: StringId,
    versions: Vec<StringId>,
    functions: Vec<(StringId, u16)>,
}

impl<'a> StubWriter<'a> {
    fn reserve(bytes: &'a mut Vec<u8>) -> Result<Self, Error> {
        let mut writer = Writer::new(object::Endianness::Little, true, bytes);
        writer.reserve_file_header();
        writer.reserve_null_section_index();
        let text_name = writer.add_section_name(b".text");
        let text = writer.reserve_section_index();
        writer.reserve_dynsym_section_index();
        writer.reserve_dynstr_section_index();
        writer.reserve_gnu_versym_section_index();
        writer.reserve_gnu_verdef_section_index();
        writer.reserve_dynamic_section_index();
        writer.reserve_shstrtab_section_index();
        let soname = writer.add_dynamic_string(LIBC_SONAME.as_bytes());
        let versions = VERSIONS.map(|version| writer.add_dynamic_string(version.as_bytes()));
        let functions = LIBC_IMPORTS
            .iter()
            .map(|import| {
                writer.reserve_dynamic_symbol_index();
                let name = writer.add_dynamic_string(import.name.as_bytes());
                (name, version_index(import.version))
            })
            .collect();
        writer.reserve_dynsym();
        writer.reserve_dynstr();
        writer.reserve_gnu_versym();
        writer.reserve_gnu_verdef(VERSIONS.len() + 1, VERSIONS.len() + 1);
        writer.reserve_dynamic(2);
        writer.reserve_shstrtab();
        writer.reserve_section_headers();
        Ok(Self {
            writer,
            text_name,
            text,
            soname,
            versions: versions.to_vec(),
            functions,
        })
    }

    /// Writes everything between the file header and the section headers, in the reserved order.
    fn write_contents(&mut self) -> Result<(), Error> {
        self.writer.write_file_header(&FileHeader {
            os_abi: elf::ELFOSABI_NONE,
            abi_version: 0,
            e_type: elf::ET_DYN,
            e_machine: elf::EM_X86_64,
            e_entry: 0,
            e_flags: 0,
        })?;
        self.write_symbols();
        self.writer.write_dynstr();
        self.write_versions();
        self.writer.write_align_dynamic();
        self.writer
            .write_dynamic_string(elf::DT_SONAME, self.soname)?;
        self.writer.write_dynamic(elf::DT_NULL, 0)?;
        self.writer.write_shstrtab();
        Ok(())
    }

    fn write_symbols(&mut self) {
        self.writer.write_null_dynamic_symbol();
        for &(name, _) in &self.functions {
            self.writer.write_dynamic_symbol(&Sym {
                name: Some(name),
                section: Some(self.text),
                st_info: (elf::STB_GLOBAL << 4) | elf::STT_FUNC,
                st_other: elf::STV_DEFAULT,
                st_shndx: 0,
                st_value: 0,
                st_size: 0,
            });
        }
    }

    /// The version of each symbol, then the definitions: the file itself and `VERSIONS`.
    fn write_versions(&mut self) {
        self.writer.write_null_gnu_versym();
        for &(_, version) in &self.functions {
            self.writer.write_gnu_versym(version);
        }
        self.writer.write_align_gnu_verdef();
        self.write_version(elf::VER_FLG_BASE, elf::VER_NDX_GLOBAL, self.soname);
        for (index, version) in (FIRST_VERSION..).zip(self.versions.clone()) {
            self.write_version(0, index, version);
        }
    }

    fn write_version(&mut self, flags: u16, index: u16, name: StringId) {
        let version = elf::VER_DEF_CURRENT;
        self.writer.write_gnu_verdef(&Verdef {
            version,
            flags,
            index,
            aux_count: 1,
            name,
        });
    }

    fn write_section_headers(&mut self) {
        self.writer.write_null_section_header();
        self.writer.write_section_header(&SectionHeader {
            name: Some(self.text_name),
            sh_type: elf::SHT_PROGBITS,
            sh_flags: u64::from(elf::SHF_ALLOC | elf::SHF_EXECINSTR),
            sh_addr: 0,
            sh_offset: 0,
            sh_size: 0,
            sh_link: 0,
            sh_info: 0,
            sh_addralign: 1,
            sh_entsize: 0,
        });
        self.writer.write_dynsym_section_header(0, 1);
        self.writer.write_dynstr_section_header(0);
        self.writer.write_gnu_versym_section_header(0);
        self.writer.write_gnu_verdef_section_header(0);
        self.writer.write_dynamic_section_header(0);
        self.writer.write_shstrtab_section_header();
    }
}

/// The index of a version's definition in the stub.
fn version_index(version: &str) -> u16 {
    let position = VERSIONS.iter().position(|known| *known == version);
    position.map_or(elf::VER_NDX_GLOBAL, |position| {
        FIRST_VERSION + position as u16
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_import_has_a_version_and_the_list_is_sorted() {
        assert!(LIBC_IMPORTS.is_sorted_by_key(|import| import.name));
        for import in LIBC_IMPORTS {
            assert!(
                VERSIONS.contains(&import.version),
                "{} has an unknown version",
                import.name
            );
        }
    }
}
