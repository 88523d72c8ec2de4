//! One answer as a file.

use super::Key;
use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::time::SystemTime;

/// What names of answers end in.
pub(super) const SUFFIX: &str = ".kept";
/// What names of files begin with and end in that are still being written.
pub(super) const PARTIAL: (&str, &str) = (".lgc-", ".part");

const MAGIC: [u8; 8] = *b"lgckept\x01";
const HASH: usize = blake3::OUT_LEN;
/// Magic, key and length.
const HEAD: usize = MAGIC.len() + HASH + 8;
/// No answer is as large as this.
const MAX_BYTES: u64 = 1 << 30;

/// Why a file is no answer.
pub(super) enum Fault {
    /// It is not there.
    Absent,
    /// It cannot be read.
    Unreadable(io::Error),
    /// It is not what was written.
    Damaged,
}

/// The answer in a file, which is then the youngest.
pub(super) fn read(path: &Path, key: Key) -> Result<Vec<u8>, Fault> {
    let fault = |error: io::Error| match error.kind() == ErrorKind::NotFound {
        true => Fault::Absent,
        false => Fault::Unreadable(error),
    };
    // Before it is opened: a pipe would be waited for.
    let metadata = fs::symlink_metadata(path).map_err(fault)?;
    if !metadata.is_file() || metadata.len() > MAX_BYTES {
        return Err(Fault::Damaged);
    }
    let file = File::open(path).map_err(fault)?;
    let mut bytes = Vec::new();
    let read = (&file).take(MAX_BYTES).read_to_end(&mut bytes);
    read.map_err(fault)?;
    let answer = decode(bytes, key).ok_or(Fault::Damaged)?;
    // That of a cache which can only be read stays as old as it is.
    let _ = file.set_modified(SystemTime::now());
    Ok(answer)
}

/// Writes an answer, whole or not at all, with the folders above it.
pub(super) fn write(path: &Path, key: Key, answer: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let (prefix, suffix) = PARTIAL;
    let mut builder = tempfile::Builder::new();
    let builder = builder.prefix(prefix).suffix(suffix);
    let mut file = match builder.tempfile_in(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            // What is in it becomes code: nobody else writes there.
            let mut folders = DirBuilder::new();
            folders.recursive(true).mode(0o700).create(folder)?;
            match builder.tempfile_in(folder) {
                // Somebody empties the cache at this moment.
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
                file => file,
            }
        }
        file => file,
    }
    .map_err(bare)?;
    file.write_all(&encode(key, answer)).map_err(bare)?;
    match file.persist(path) {
        Err(error) if error.error.kind() != ErrorKind::NotFound => Err(error.error),
        _ => Ok(()),
    }
}

/// Without the name of the temporary file, which says nothing to anybody.
fn bare(error: io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => error.kind().into(),
    }
}

/// Removes what lies in the place of an answer. What cannot be removed is found damaged again.
pub(super) fn remove(path: &Path) {
    let _ = fs::remove_file(path);
}

fn encode(key: Key, answer: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEAD + answer.len() + HASH);
    bytes.extend(MAGIC);
    bytes.extend(key.0);
    bytes.extend((answer.len() as u64).to_le_bytes());
    bytes.extend(answer);
    let checksum = blake3::hash(&bytes);
    bytes.extend(checksum.as_bytes());
    bytes
}

fn decode(mut bytes: Vec<u8>, key: Key) -> Option<Vec<u8>> {
    let end = bytes.len().checked_sub(HASH)?;
    let (whole, checksum) = bytes.split_at_checked(end)?;
    if blake3::hash(whole).as_bytes().as_slice() != checksum {
        return None;
    }
    let rest = whole.strip_prefix(&MAGIC)?.strip_prefix(&key.0)?;
    let (length, answer) = rest.split_first_chunk()?;
    if u64::from_le_bytes(*length) != answer.len() as u64 {
        return None;
    }
    bytes.truncate(end);
    Some(bytes.split_off(HEAD))
}
