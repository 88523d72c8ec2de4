//! How much a cache holds, and which files go.

use super::{Cache, Key, file};
use rustc_hash::FxHashSet;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How many folders there are: one for each first digit.
pub(super) const FOLDERS: u64 = 16;

/// How old a temporary file is that nobody is writing any more.
const ABANDONED: Duration = Duration::from_secs(3600);

/// What a cache holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// How many answers.
    pub answers: u64,
    /// How many bytes, those of temporary files too.
    pub bytes: u64,
}

/// What was removed from a cache.
pub type Cleared = Usage;

/// A file of a cache.
struct Item {
    path: PathBuf,
    bytes: u64,
    modified: SystemTime,
    is_answer: bool,
}

impl Cache {
    /// What it holds.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn usage(&self) -> io::Result<Usage> {
        let items = self.items()?;
        Ok(Usage {
            answers: items.iter().filter(|item| item.is_answer).count() as u64,
            bytes: items.iter().map(|item| item.bytes).sum(),
        })
    }

    /// Removes everything that is its own, and then folders that are empty.
    ///
    /// # Errors
    /// If something cannot be removed.
    pub fn clear(&self) -> io::Result<Cleared> {
        let mut cleared = Cleared::default();
        for item in self.items()? {
            match fs::remove_file(&item.path) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {
                    cleared.answers += u64::from(item.is_answer);
                    cleared.bytes += item.bytes;
                }
            }
        }
        // Those in which something else lies stay.
        for folder in self.folders() {
            let _ = fs::remove_dir(folder);
        }
        let _ = fs::remove_dir(&self.folder);
        Ok(cleared)
    }

    fn folders(&self) -> impl Iterator<Item = PathBuf> {
        (0..FOLDERS).map(|first| self.folder.join(format!("{first:x}")))
    }

    fn items(&self) -> io::Result<Vec<Item>> {
        let mut all = Vec::new();
        for folder in self.folders() {
            all.extend(items(&folder)?);
        }
        Ok(all)
    }
}

/// The files of a cache in one of its folders; others are none of its business.
fn items(folder: &Path) -> io::Result<Vec<Item>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut items = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let Some(is_answer) = name.to_str().and_then(kind) else {
            continue;
        };
        // One that has gone meanwhile is none.
        let Ok(metadata) = entry.metadata() else {
            continue;
        };
        if metadata.is_dir() {
            continue;
        }
        items.push(Item {
            path: entry.path(),
            bytes: metadata.len(),
            modified: metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH),
            is_answer,
        });
    }
    Ok(items)
}

/// Whether a file of this name is an answer, or a temporary file; neither, if it is not of a cache.
fn kind(name: &str) -> Option<bool> {
    let (prefix, suffix) = file::PARTIAL;
    if name.starts_with(prefix) && name.ends_with(suffix) {
        return Some(false);
    }
    let digits = name.strip_suffix(file::SUFFIX)?;
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let is_key = digits.len() == 2 * blake3::OUT_LEN && digits.bytes().all(is_digit);
    is_key.then_some(true)
}

/// Removes what was not used for longest from a folder with more bytes than its share, until three quarters of that
/// are left; and what killed processes left. What is in use stays.
pub(super) fn make(folder: &Path, share: u64, used: &FxHashSet<Key>) {
    // What cannot be seen or removed stays.
    let Ok(mut items) = items(folder) else {
        return;
    };
    let is_abandoned = |item: &mut Item| {
        let age = item.modified.elapsed().unwrap_or_default();
        !item.is_answer && age > ABANDONED
    };
    for item in items.extract_if(.., is_abandoned) {
        let _ = fs::remove_file(item.path);
    }
    let mut bytes: u64 = items.iter().map(|item| item.bytes).sum();
    if bytes <= share {
        return;
    }
    let used: FxHashSet<String> = used.iter().map(Key::to_string).collect();
    let is_used = |item: &Item| {
        let name = item.path.file_stem().and_then(|name| name.to_str());
        name.is_some_and(|name| used.contains(name))
    };
    items.retain(|item| item.is_answer && !is_used(item));
    items.sort_by_key(|item| item.modified);
    for item in items {
        if bytes <= share / 4 * 3 {
            return;
        }
        if fs::remove_file(&item.path).is_ok() {
            bytes -= item.bytes;
        }
    }
}
