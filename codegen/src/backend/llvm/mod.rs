//! Code through LLVM, which is loaded when it is first asked for.
//!
//! Without the feature `llvm` nothing here makes code, and [`find`] says so.

#[cfg(feature = "llvm")]
mod emit;
#[cfg(feature = "llvm")]
mod kept;
#[cfg(feature = "llvm")]
pub(crate) mod kernels;
#[cfg(feature = "llvm")]
mod lines;
#[cfg(feature = "llvm")]
pub mod machine;
#[cfg(feature = "llvm")]
mod masks;
#[cfg(feature = "llvm")]
pub(crate) mod object;

pub use crate::level::{Level, UnknownLevel};
#[cfg(feature = "llvm")]
pub use kernels::Llvm;

use std::path::{Path, PathBuf};

/// An LLVM that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its file.
    pub path: PathBuf,
    /// Its version.
    pub version: String,
    /// What it makes code for, as LLVM calls these.
    pub targets: Vec<&'static str>,
}

/// Why there is no LLVM.
#[derive(Debug, thiserror::Error)]
pub enum Unavailable {
    /// This was built without it.
    #[error("this lgc was built without LLVM (`--no-default-features`)")]
    BuiltWithout,
    /// It cannot be loaded.
    #[cfg(feature = "llvm")]
    #[error(transparent)]
    NotLoaded(#[from] lgc_llvm::LoadError),
}

/// Loads LLVM, unless that was done before: the library that is named, else the one that the environment names, else
/// that of a toolchain.
#[cfg(feature = "llvm")]
pub fn find(named: Option<&Path>) -> Result<Found, Unavailable> {
    let loaded = lgc_llvm::load(named)?;
    Ok(Found {
        path: loaded.path().to_owned(),
        version: loaded.version().to_string(),
        targets: loaded.targets().to_vec(),
    })
}

/// Says that this was built without LLVM.
#[cfg(not(feature = "llvm"))]
pub fn find(_named: Option<&Path>) -> Result<Found, Unavailable> {
    Err(Unavailable::BuiltWithout)
}
