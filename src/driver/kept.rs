//! The cache of code, as the environment has it, and what is said of it.

use crate::Failure;
use lgc_codegen::cache::{Cache, Place, VARIABLE_OF_PLACE, VARIABLE_OF_SIZE};
use lgc_ir::diag::{Code, Diagnostic};
use std::env;

/// Where code is kept.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Kept {
    /// Nowhere.
    #[default]
    Nowhere,
    /// In a cache, as long as the process.
    In(&'static Cache),
    /// Nowhere, since the size is none.
    NoSize(&'static str),
}

impl Kept {
    /// What the environment says.
    pub(crate) fn of_environment() -> Kept {
        // One for each run of the program.
        match Place::of(|name| env::var_os(name)) {
            Place::At(cache) => Kept::In(Box::leak(Box::new(cache))),
            Place::None => Kept::Nowhere,
            Place::NoSize(text) => Kept::NoSize(text.leak()),
        }
    }

    /// The cache, if there is one.
    pub(crate) fn cache(self) -> Option<&'static Cache> {
        match self {
            Kept::In(cache) => Some(cache),
            Kept::Nowhere | Kept::NoSize(_) => None,
        }
    }

    /// The cache, for a command that is about it.
    ///
    /// # Errors
    /// If there is none.
    pub(crate) fn for_command(self) -> Result<&'static Cache, Failure> {
        let (message, help) = match self {
            Kept::In(cache) => return Ok(cache),
            Kept::NoSize(text) => (no_size(text), SIZES.to_owned()),
            Kept::Nowhere => (
                "no code is kept".to_owned(),
                format!(
                    "unset `{VARIABLE_OF_SIZE}`, and name a directory with `{VARIABLE_OF_PLACE}`, \
                     `XDG_CACHE_HOME` or `HOME`"
                ),
            ),
        };
        Err(Failure::new(
            Diagnostic::error(Code::BadUsage, message).help(help),
        ))
    }

    /// What went wrong with it; compilation did not suffer.
    pub(crate) fn remarks(self) -> Vec<String> {
        let cache = match self {
            Kept::Nowhere => return Vec::new(),
            Kept::NoSize(text) => return vec![format!("no code is kept: {}", no_size(text))],
            Kept::In(cache) => cache,
        };
        let report = cache.report();
        let folder = cache.folder().display();
        let damaged = match report.damaged {
            0 => None,
            1 => Some("1 piece of code was".to_owned()),
            count => Some(format!("{count} pieces of code were")),
        };
        let damaged = damaged.map(|were| format!("{were} damaged in `{folder}`, and made again"));
        let fault = report.fault;
        let fault = fault.map(|reason| format!("code is not kept in `{folder}`: {reason}"));
        damaged.into_iter().chain(fault).collect()
    }
}

const SIZES: &str = "write a number of bytes, or one with K, M or G behind it, such as `512M`";

fn no_size(text: &str) -> String {
    format!("`{VARIABLE_OF_SIZE}` is `{text}`, which is no size")
}
