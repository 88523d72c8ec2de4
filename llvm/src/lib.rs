//! LLVM, loaded when it is first needed.
//!
//! [`load`] finds the LLVM of a Rust toolchain and opens it; from then on [`inkwell`], which is handed on from here,
//! works in this process. Nothing is linked: building needs no LLVM and no `llvm-config`, and a program starts without
//! one. Whoever calls into `inkwell` before `load` succeeded is stopped with a message, so code that needs LLVM asks for
//! a [`Loaded`].
//!
//! ```
//! let llvm = lgc_llvm::load(None)?;
//! assert_eq!(llvm.version().major, lgc_llvm::MAJOR);
//! let context = lgc_llvm::inkwell::context::Context::create();
//! let module = context.create_module("m");
//! assert!(module.verify().is_ok());
//! # Ok::<(), lgc_llvm::LoadError>(())
//! ```

#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
compile_error!("LLVM is loaded on x86-64 Linux only: build without the feature `llvm`");

mod build;
mod error;
mod file;
mod library;
mod search;
mod stubs;

pub use build::{byte_offset, freeze, known_lanes};
pub use error::{LoadError, Origin, Reason};
pub use inkwell;
pub use library::load;
pub use search::VARIABLE;

use std::fmt;
use std::path::{Path, PathBuf};

/// The major version of LLVM whose functions these are.
pub const MAJOR: u32 = 22;

/// A toolchain of Rust that has it.
const TOOLCHAIN: &str = env!("CARGO_PKG_RUST_VERSION");

/// A version of LLVM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// The first number: APIs differ between these.
    pub major: u32,
    /// The second number.
    pub minor: u32,
    /// The third number.
    pub patch: u32,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// An LLVM that is loaded. There is at most one in a process.
#[derive(Debug)]
pub struct Loaded {
    path: PathBuf,
    origin: Origin,
    version: Version,
    targets: Vec<&'static str>,
}

impl Loaded {
    /// Its file, links followed.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How it was found.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// Its version.
    pub fn version(&self) -> Version {
        self.version
    }

    /// What it makes code for, as LLVM calls these, in order.
    pub fn targets(&self) -> &[&'static str] {
        &self.targets
    }
}
