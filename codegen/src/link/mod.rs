//! From relocatable objects to the files that users link or load.
//!
//! The input is what the code generator emits: x86-64 ELF objects with position-independent code.
//! [`link_shared`] makes a shared library of them that needs nothing but libc and exports nothing
//! but the model's own symbols; [`archive`] makes a static archive. Both are pure functions from
//! bytes to bytes, and equal inputs give equal bytes. Linking happens inside this process (libwild,
//! on files in memory), so it needs no compiler, no linker and no libc development files, unless
//! the user asks for an external linker.
//!
//! Objects and archives are linked by users together with code of their own. There the symbols
//! that are not exported must not clash either, which is the code generator's part: what only one
//! object refers to has local binding in it.

mod archive;
mod error;
mod external;
mod in_process;
mod inputs;
mod libc_stub;
mod memory_files;
#[cfg(test)]
mod tests;

pub use archive::archive;
pub use error::{LinkError, UndefinedSymbol};
pub use inputs::verify_objects;
pub use libc_stub::{LIBC_IMPORTS, LIBC_SONAME, LibcImport};

use std::path::PathBuf;

/// A relocatable object in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectFile {
    /// The file name it goes by in messages and inside an archive, such as `digits.o`.
    pub name: String,
    /// The whole ELF file.
    pub bytes: Vec<u8>,
}

/// Which symbols a shared library exports: one name, or all names with a common prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportPattern {
    stem: String,
    is_prefix: bool,
}

impl ExportPattern {
    /// Reads a pattern: a C identifier, which stands for itself, or one that is followed by `*`,
    /// which stands for every symbol that starts with it, such as `digits*`.
    ///
    /// # Errors
    /// [`LinkError::InvalidExportPattern`] if it is anything else.
    pub fn new(pattern: &str) -> Result<Self, LinkError> {
        let (stem, is_prefix) = match pattern.strip_suffix('*') {
            Some(stem) => (stem, true),
            None => (pattern, false),
        };
        if !is_c_identifier(stem) {
            return Err(LinkError::InvalidExportPattern {
                pattern: pattern.to_owned(),
            });
        }
        Ok(Self {
            stem: stem.to_owned(),
            is_prefix,
        })
    }

    /// Whether a symbol of this name is exported.
    #[must_use]
    pub fn matches(&self, symbol: &str) -> bool {
        if self.is_prefix {
            symbol.starts_with(&self.stem)
        } else {
            symbol == self.stem
        }
    }

    /// The version script, in the language that all ELF linkers share, that exports just this.
    fn version_script(&self) -> String {
        format!("{{ global: {self}; local: *; }};\n")
    }
}

impl std::fmt::Display for ExportPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.stem, if self.is_prefix { "*" } else { "" })
    }
}

fn is_c_identifier(name: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    name.bytes().all(is_word)
        && name
            .bytes()
            .next()
            .is_some_and(|first| !first.is_ascii_digit())
}

/// Who links a shared library.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Linker {
    /// libwild, in this process.
    #[default]
    InProcess,
    /// A compiler driver that takes the options of `cc`, as a path or as a name to be found in
    /// `PATH`.
    External(PathBuf),
}

/// How a shared library is linked; the default suits every library without threads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinkOptions {
    /// Who links.
    pub linker: Linker,
    /// Whether the library stays in memory after `dlclose`, as a library must that has threads of
    /// its own running.
    pub keep_loaded: bool,
    /// Whether local symbols and what debuggers read stay in the library.
    pub keep_symbols: bool,
}

/// Links objects into a shared library (ELF, x86-64) and returns the whole file.
///
/// `soname` is the name under which the loader and other libraries know it, such as `digits.so`.
/// Only symbols that `exports` matches are visible. The library needs at most [`LIBC_SONAME`], and
/// of it only [`LIBC_IMPORTS`]; its relocations are bound when it is loaded and its tables are
/// read-only afterwards; no page of it is both writable and executable.
///
/// # Errors
/// If the objects cannot be linked ([`verify_objects`]), if they define nothing that `exports`
/// matches, or if the linker fails.
pub fn link_shared(
    inputs: &[ObjectFile],
    exports: &ExportPattern,
    soname: &str,
    options: &LinkOptions,
) -> Result<Vec<u8>, LinkError> {
    let defined = inputs::resolve(inputs)?;
    if !defined.iter().any(|symbol| exports.matches(symbol)) {
        return Err(LinkError::NothingExported {
            pattern: exports.to_string(),
        });
    }
    let link = SharedLink {
        inputs,
        exports,
        soname: checked_soname(soname)?,
        options,
    };
    match &options.linker {
        Linker::InProcess => in_process::link(&link),
        Linker::External(driver) => external::link(&link, driver),
    }
}

/// The soname, if it can be one: a file name without a directory.
fn checked_soname(soname: &str) -> Result<&str, LinkError> {
    if soname.is_empty() || soname.contains(|c: char| c == '/' || c.is_control()) {
        return Err(LinkError::InvalidSoname {
            soname: soname.to_owned(),
        });
    }
    Ok(soname)
}

/// A link whose inputs are known to be sound.
struct SharedLink<'a> {
    inputs: &'a [ObjectFile],
    exports: &'a ExportPattern,
    soname: &'a str,
    options: &'a LinkOptions,
}

impl SharedLink<'_> {
    /// The options that every ELF linker understands, apart from inputs and output.
    fn linker_flags(&self, version_script: &str) -> Vec<String> {
        let mut flags = vec![
            format!("--soname={}", self.soname),
            format!("--version-script={version_script}"),
        ];
        flags.extend(FLAGS.map(str::to_owned));
        if !self.options.keep_symbols {
            flags.push("--strip-all".to_owned());
        }
        if self.options.keep_loaded {
            flags.extend(["-z", "nodelete"].map(str::to_owned));
        }
        flags
    }
}

/// Small, deterministic, hardened, with references between its own symbols bound at link time.
const FLAGS: [&str; 13] = [
    "-Bsymbolic",
    "--gc-sections",
    "--hash-style=gnu",
    "--build-id=none",
    "--no-undefined",
    "--as-needed",
    "-z",
    "noexecstack",
    "-z",
    "relro",
    "-z",
    "now",
    "--no-eh-frame-hdr",
];
