//! Why LLVM could not be loaded.

use crate::Version;
use std::fmt;
use std::io;
use std::path::PathBuf;

/// How a library came to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The caller named it.
    Caller,
    /// The environment variable `LGC_LLVM` names it.
    Environment,
    /// It is in the toolchain that built this.
    Built,
    /// It is in the toolchain of `rustc` on `PATH`.
    Rustc,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Origin::Caller => "as asked for",
            Origin::Environment => "named by LGC_LLVM",
            Origin::Built => "of the toolchain that built lgc",
            Origin::Rustc => "of the `rustc` on PATH",
        })
    }
}

/// Why LLVM could not be loaded: one message, which says what to do where that is known.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// No library was named, and none was found.
    #[error(
        "no LLVM {} found: looked {}. It is part of Rust's toolchain (`rustup toolchain install {}`); or let LGC_LLVM name a libLLVM.so",
        crate::MAJOR,
        .looked.join(" and "),
        crate::TOOLCHAIN
    )]
    NotFound {
        /// Where it was looked for, and what was there.
        looked: Vec<String>,
    },
    /// A library was named or found, and is not used.
    #[error("{} ({origin}): {reason}", .path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// How it came to be looked at.
        origin: Origin,
        /// What is wrong with it.
        #[source]
        reason: Reason,
    },
    /// A library was named while another one is in use.
    #[error(
        "{} was asked for, but LLVM is already loaded from {}",
        .wanted.display(),
        .loaded.display()
    )]
    Another {
        /// What was named.
        wanted: PathBuf,
        /// What is in use.
        loaded: PathBuf,
    },
}

/// What is wrong with a library.
#[derive(Debug, thiserror::Error)]
pub enum Reason {
    /// It is not there, or cannot be read.
    #[error("{0}")]
    Unreadable(#[from] io::Error),
    /// It is something else.
    #[error("no shared library for x86-64: {0}")]
    NoLibrary(&'static str),
    /// Its end is missing.
    #[error("cut short: it has {has} bytes of {needs}")]
    CutShort {
        /// How many bytes its headers speak of.
        needs: u64,
        /// How many there are.
        has: u64,
    },
    /// The system does not load it.
    #[error("cannot be loaded: {0}")]
    Refused(String),
    /// It has none of LLVM's functions.
    #[error("a library, but no LLVM: it has no `LLVMGetVersion`")]
    NoLlvm,
    /// It is another LLVM.
    #[error("LLVM {0}, and lgc needs LLVM {major}", major = crate::MAJOR)]
    Version(Version),
    /// It lacks functions that this needs.
    #[error("LLVM lacks {} of the functions that lgc needs: {}", .0.len(), few(.0))]
    Lacks(Vec<String>),
}

/// The first names of a list, and how many more there are.
fn few(names: &[String]) -> String {
    const SHOWN: usize = 4;
    let shown: Vec<&str> = names.iter().take(SHOWN).map(String::as_str).collect();
    let shown = shown.join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
