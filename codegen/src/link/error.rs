//! What can go wrong between objects and a library.

use super::LIBC_IMPORTS;
use std::io;
use std::path::PathBuf;

/// Why objects could not be linked; the message says what to do where there is something to do.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The list of objects is empty.
    #[error("there is no object to link")]
    NoInput,
    /// An input is no relocatable ELF object for x86-64.
    #[error("`{object}` cannot be linked: {reason}")]
    NotAnObject {
        /// The name of the input.
        object: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Symbols are used that no object defines and that are no part of libc that we rely on.
    #[error("{}", undefined_message(.symbols))]
    UndefinedSymbols {
        /// Each symbol once, sorted by name.
        symbols: Vec<UndefinedSymbol>,
    },
    /// Two objects define the same global symbol.
    #[error("`{symbol}` is defined twice, in `{first}` and in `{second}`")]
    DuplicateSymbol {
        /// The symbol.
        symbol: String,
        /// The object that comes first in the list.
        first: String,
        /// The object that defines it again.
        second: String,
    },
    /// No object defines a symbol that the pattern matches.
    #[error(
        "the library would export nothing: no object defines a symbol that matches `{pattern}`"
    )]
    NothingExported {
        /// The pattern of exported symbols.
        pattern: String,
    },
    /// The pattern of exported symbols is none.
    #[error("`{pattern}` is no pattern of symbols; write a C identifier, then `*` for a prefix")]
    InvalidExportPattern {
        /// The text that was given.
        pattern: String,
    },
    /// The soname is empty, or holds a slash or a control character.
    #[error("`{soname}` cannot be a library's soname; write a file name such as `model.so`")]
    InvalidSoname {
        /// The text that was given.
        soname: String,
    },
    /// The external linker does not exist or cannot be run.
    #[error(
        "the linker `{}` cannot be run: {source}; install it or leave the linker out to use the \
         built-in one", .linker.display()
    )]
    LinkerMissing {
        /// The program that was asked for.
        linker: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The external linker ran and reported failure.
    #[error("the linker `{}` failed ({status}): {message}", .linker.display())]
    LinkerFailed {
        /// The program that was run.
        linker: PathBuf,
        /// Its exit status, in words.
        status: String,
        /// What it printed.
        message: String,
    },
    /// The built-in linker reported an error or a warning.
    #[error("the built-in linker failed: {message}")]
    InProcess {
        /// Its own words.
        message: String,
    },
    /// A file for or of the external linker could not be written or read.
    #[error("cannot {action} the linker's temporary files: {source}")]
    TemporaryFiles {
        /// What was being done, as a verb.
        action: &'static str,
        /// What the operating system says.
        source: io::Error,
    },
}

/// A symbol that is used and defined nowhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct UndefinedSymbol {
    /// The symbol.
    pub symbol: String,
    /// The first object that uses it.
    pub object: String,
}

fn undefined_message(symbols: &[UndefinedSymbol]) -> String {
    let uses: Vec<String> = symbols
        .iter()
        .map(|undefined| format!("`{}` (used by `{}`)", undefined.symbol, undefined.object))
        .collect();
    let permitted: Vec<&str> = LIBC_IMPORTS.iter().map(|import| import.name).collect();
    format!(
        "undefined symbol{}: {}; a library may use its own symbols and, of libc, {}",
        if symbols.len() == 1 { "" } else { "s" },
        uses.join(", "),
        permitted.join(", "),
    )
}
