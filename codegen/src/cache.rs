//! What a back end made before, kept in files: the same question is not answered twice.
//!
//! Each answer is a file of its own, named by the hash of its question, in one of sixteen folders. A file appears
//! whole, by renaming; what is read is believed only if its length, its question and its checksum are right. So there
//! are no locks, processes that race write equal files, and one that is killed leaves at most a temporary file.
//! Whatever goes wrong with the cache, the answer is found without it: [`Cache::report`] says what did.
//!
//! Files that nobody used for longest go when there are more than the bound allows. Only every sixteenth answer that is
//! kept looks for them, and only in its own folder, which holds a sixteenth of everything.

mod file;
mod place;
mod room;
#[cfg(test)]
mod tests;

pub use place::{DEFAULT_BOUND, Place, VARIABLE_OF_PLACE, VARIABLE_OF_SIZE};
pub use room::{Cleared, Usage};

use rustc_hash::FxHashSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A hash of the sources that make libraries of graphs, by the build script. As a part of each question, it lets a
/// compiler that was changed take nothing that it made before, released or not, and one that was only built again or
/// moved take all of it.
pub const SOURCES: &str = env!("LGC_CODEGEN_SOURCES");

/// The hash of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key([u8; 32]);

impl Key {
    /// The key of a question in several parts, which are told apart.
    pub fn of(parts: &[&[u8]]) -> Key {
        let mut hasher = blake3::Hasher::new();
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        Key(*hasher.finalize().as_bytes())
    }
}

impl Key {
    /// The hash itself, which may be a part of another question.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What became of a cache in this process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Answers that were there.
    pub found: u64,
    /// Answers that were kept.
    pub kept: u64,
    /// Files that were not what was kept, which are removed.
    pub damaged: u64,
    /// Why answers are not kept.
    pub fault: Option<String>,
}

/// A folder of answers.
#[derive(Debug)]
pub struct Cache {
    folder: PathBuf,
    bound: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    report: Report,
    /// What was found or kept, which stays.
    used: FxHashSet<Key>,
}

impl Cache {
    /// The cache in a folder, which need not exist, of so many bytes.
    pub fn new(folder: &Path, bound: u64) -> Cache {
        Cache {
            folder: folder.to_owned(),
            bound,
            state: Mutex::default(),
        }
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// How many bytes it may hold.
    pub fn bound(&self) -> u64 {
        self.bound
    }

    /// What became of it so far.
    pub fn report(&self) -> Report {
        self.state().report.clone()
    }

    /// The answer to a question, if `read` makes something of it.
    pub fn find<T>(&self, key: Key, read: impl FnOnce(&[u8]) -> Option<T>) -> Option<T> {
        let path = self.path_of(key);
        let found = match file::read(&path, key) {
            Ok(answer) => read(&answer),
            Err(file::Fault::Absent) => return None,
            Err(file::Fault::Unreadable(error)) => {
                self.give_up(&error);
                return None;
            }
            Err(file::Fault::Damaged) => None,
        };
        let mut state = self.state();
        if found.is_some() {
            state.report.found += 1;
            state.used.insert(key);
        } else {
            state.report.damaged += 1;
            drop(state);
            file::remove(&path);
        }
        found
    }

    /// Keeps the answer to a question. After a failure nothing more is kept.
    pub fn keep(&self, key: Key, answer: &[u8]) {
        if self.state().report.fault.is_some() {
            return;
        }
        match file::write(&self.path_of(key), key, answer) {
            Ok(()) => {
                let mut state = self.state();
                state.report.kept += 1;
                state.used.insert(key);
            }
            Err(error) => self.give_up(&error),
        }
        if key.0.first().is_some_and(|byte| byte & 0xf == 0) {
            let used = self.state().used.clone();
            room::make(&self.folder_of(key), self.bound / room::FOLDERS, &used);
        }
    }

    fn give_up(&self, error: &std::io::Error) {
        let fault = &mut self.state().report.fault;
        fault.get_or_insert_with(|| error.to_string());
    }

    fn folder_of(&self, key: Key) -> PathBuf {
        let first = key.0.first().map_or(0, |byte| byte >> 4);
        self.folder.join(format!("{first:x}"))
    }

    fn path_of(&self, key: Key) -> PathBuf {
        self.folder_of(key).join(format!("{key}{}", file::SUFFIX))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
