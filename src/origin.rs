//! Where a text comes from: a file, or standard input.

use crate::Failure;
use lgc_ir::diag::{Code, Diagnostic};
use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

/// No file with more bytes is read: sources are smaller than 4 GiB.
const LIMIT: u64 = (1 << 32) - 1;
/// No more than this is read from what may never end.
const STREAM_LIMIT: u64 = 1 << 28;
/// Why what is no regular file is not read, as a part of a sentence.
const IRREGULAR: &str = "it is neither a file nor a directory";

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
        let read = match self {
            Self::Stdin => read_within(io::stdin().lock(), STREAM_LIMIT),
            Self::File(path) => read_file(path),
        };
        let bytes = read.map_err(|error| unreadable(self, &error))?;
        String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            not_text(self, error.as_bytes(), at)
        })
    }
}

/// Sees to it that a path names a regular file, without opening it: to open a pipe is to wait for a
/// writer, and a device may never end. A directory is left to who opens it.
///
/// # Errors
/// If it names none.
pub(crate) fn regular(path: &Path) -> io::Result<()> {
    let kind = fs::metadata(path)?;
    if kind.is_file() || kind.is_dir() {
        return Ok(());
    }
    Err(io::Error::other(IRREGULAR))
}

/// All bytes of a source, of which there may be no more than `limit`.
fn read_within(source: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(too_long(limit));
    }
    Ok(bytes)
}

fn too_long(limit: u64) -> io::Error {
    io::Error::other(format!("it has more than {limit} bytes"))
}

/// The whole content of a file; of a device or a pipe, which may never end, no more than [`STREAM_LIMIT`].
fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    match metadata.is_file() {
        true if metadata.len() > LIMIT => Err(too_long(LIMIT)),
        true => read_within(file, LIMIT),
        false => read_within(file, STREAM_LIMIT),
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
pub(crate) fn explain(error: &io::Error) -> (String, Option<&'static str>) {
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
