//! Where a text comes from: a file, or standard input.

use crate::Failure;
use lgc_ir::diag::{Code, Diagnostic};
use lgc_ir::lang::Unreadable;
use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

/// No more than this is read: sources are smaller than 4 GiB, and devices may never end.
const LIMIT: u64 = 1 << 32;
/// A file of tensors is no larger: code addresses its constants with 31 bits.
const TENSOR_LIMIT: u64 = 1 << 31;

/// A source on the command line; `-` is standard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Standard input.
    Stdin,
    /// A file.
    File(PathBuf),
}

impl From<OsString> for Origin {
    fn from(argument: OsString) -> Self {
        if argument == "-" {
            Self::Stdin
        } else {
            Self::File(argument.into())
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdin => f.write_str("<stdin>"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

impl Origin {
    /// The file, unless it is standard input.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Stdin => None,
            Self::File(path) => Some(path),
        }
    }

    /// Reads the whole text.
    ///
    /// # Errors
    /// If it cannot be read, or is not UTF-8.
    pub(crate) fn read(&self) -> Result<String, Failure> {
        let mut bytes = Vec::new();
        let read = match self {
            Self::Stdin => io::stdin().lock().take(LIMIT).read_to_end(&mut bytes),
            Self::File(path) => {
                File::open(path).and_then(|file| file.take(LIMIT).read_to_end(&mut bytes))
            }
        };
        read.map_err(|error| unreadable(self, &error))?;
        String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            not_text(self, error.as_bytes(), at)
        })
    }
}

/// Reads a file that a source uses.
///
/// # Errors
/// Why it cannot be read, as a part of a sentence.
pub(crate) fn read_import(path: &str) -> Result<String, String> {
    // Others may never end, or never begin.
    if fs::metadata(path).is_ok_and(|file| !file.is_file() && !file.is_dir()) {
        return Err("it is neither a file nor a directory".to_owned());
    }
    let origin = Origin::File(path.into());
    origin.read().map_err(|failure| {
        let found = match failure {
            Failure::Diagnosed(found) => found,
            Failure::Reported | Failure::CheckFailed | Failure::Closed | Failure::Stopped => {
                Vec::new()
            }
        };
        let first = found.into_iter().next();
        let message = first.map_or_else(String::new, |diagnostic| diagnostic.message);
        let reason = message.strip_prefix(&format!("cannot read `{origin}`: "));
        reason.unwrap_or(&message).to_owned()
    })
}

/// Reads a file that a source loads tensors from.
///
/// # Errors
/// If it cannot be read, or is too large.
pub(crate) fn read_tensors(path: &str) -> Result<Vec<u8>, Unreadable> {
    let because = |error: io::Error| Unreadable::Because(explain(&error).0);
    let file = File::open(path).map_err(because)?;
    let size = file.metadata().map_err(because)?.len();
    if size > TENSOR_LIMIT {
        return Err(Unreadable::TooLarge(TENSOR_LIMIT));
    }
    let mut bytes = Vec::new();
    let read = file.take(TENSOR_LIMIT + 1).read_to_end(&mut bytes);
    match read.map_err(because)? as u64 > TENSOR_LIMIT {
        true => Err(Unreadable::TooLarge(TENSOR_LIMIT)),
        false => Ok(bytes),
    }
}

/// The failure to read a file or standard input.
pub(crate) fn unreadable(what: &impl fmt::Display, error: &io::Error) -> Failure {
    let (reason, help) = explain(error);
    let message = format!("cannot read `{what}`: {reason}");
    let diagnostic = Diagnostic::error(Code::UnreadableFile, message);
    Failure::new(match help {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    })
}

/// Why something cannot be read, as a part of a sentence, and what to do about it.
fn explain(error: &io::Error) -> (String, Option<&'static str>) {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the kinds of I/O errors are an open list"
    )]
    let (reason, help) = match error.kind() {
        ErrorKind::NotFound => ("there is no such file", Some("check the path")),
        ErrorKind::IsADirectory => ("it is a directory", Some("name a file in it")),
        ErrorKind::PermissionDenied => (
            "permission denied",
            Some("make the file readable, for example with `chmod +r`"),
        ),
        ErrorKind::NotADirectory => (
            "a part of the path is a file, not a directory",
            Some("check the path"),
        ),
        ErrorKind::InvalidInput => ("the path cannot name a file", Some("check the path")),
        _ => ("", None),
    };
    if reason.is_empty() {
        (error.to_string(), help)
    } else {
        (reason.to_owned(), help)
    }
}

fn not_text(origin: &Origin, bytes: &[u8], at: usize) -> Failure {
    let line = bytes.iter().take(at).filter(|&&byte| byte == b'\n').count() + 1;
    let byte = bytes.get(at).copied().unwrap_or_default();
    let message = format!("`{origin}` is not UTF-8 text: byte 0x{byte:02x} in line {line}");
    let help = if bytes.starts_with(b"\x7fELF") {
        "this is compiled code; `lgc info` and `lgc run` take compiled libraries if they end in `.so`"
    } else {
        "a graph is a text file; save it with the encoding UTF-8"
    };
    Failure::new(Diagnostic::error(Code::NotText, message).help(help))
}
