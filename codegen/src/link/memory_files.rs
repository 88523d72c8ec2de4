//! The files of one link, held in memory, as libwild sees them: no link touches the disk.

use libwild::error::Result;
use libwild::{FileSystem, FileType, InputFileData, OutputFileData, OutputOptions};
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// A file system of a few named files; a clone is the same file system.
#[derive(Clone, Default)]
pub(super) struct MemoryFiles {
    files: Arc<Mutex<BTreeMap<PathBuf, Arc<[u8]>>>>,
}

impl MemoryFiles {
    /// Adds a file, or replaces it.
    pub(super) fn insert(&self, path: impl Into<PathBuf>, bytes: impl Into<Arc<[u8]>>) {
        self.with(|files| files.insert(path.into(), bytes.into()));
    }

    /// Takes a file out, if it is there.
    pub(super) fn remove(&self, path: &Path) -> Option<Arc<[u8]>> {
        self.with(|files| files.remove(path))
    }

    /// A map of whole files is consistent whenever its lock is free, even after a panic.
    fn with<T>(&self, act: impl FnOnce(&mut BTreeMap<PathBuf, Arc<[u8]>>) -> T) -> T {
        act(&mut self.files.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn get(&self, path: &Path) -> Result<Arc<[u8]>> {
        let found = self.with(|files| files.get(path).cloned());
        Ok(found.ok_or_else(|| not_found(path))?)
    }
}

fn not_found(path: &Path) -> io::Error {
    io::Error::new(
        io::ErrorKind::NotFound,
        format!("no file `{}` in this link", path.display()),
    )
}

/// An input of the link.
#[derive(Debug)]
pub(super) struct Input(Arc<[u8]>);

impl InputFileData for Input {
    fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// An output of the link, which becomes a file when it is finished.
pub(super) struct Output {
    path: Arc<Path>,
    bytes: Vec<u8>,
    files: MemoryFiles,
}

impl OutputFileData for Output {
    fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    fn finish(self) -> Result {
        self.files.insert(self.path.as_ref(), self.bytes);
        Ok(())
    }
}

impl FileSystem for MemoryFiles {
    type Input = Input;
    type Output = Output;

    fn open_input(&self, path: &Path, _prepopulate: bool) -> Result<(Input, Option<Arc<File>>)> {
        Ok((Input(self.get(path)?), None))
    }

    fn file_type(&self, path: &Path) -> Result<FileType> {
        self.get(path).map(|_| FileType::File)
    }

    fn canonicalize(&self, path: &Path) -> Result<PathBuf> {
        Ok(path.to_path_buf())
    }

    fn remove_file(&self, path: &Path) -> Result<()> {
        Ok(self.remove(path).map(drop).ok_or_else(|| not_found(path))?)
    }

    fn rename_file(&self, path: &Path, new_path: &Path) -> Result<()> {
        let bytes = self.remove(path).ok_or_else(|| not_found(path))?;
        self.insert(new_path, bytes);
        Ok(())
    }

    fn create_output(&self, path: Arc<Path>, options: OutputOptions) -> Result<Output> {
        let size = usize::try_from(options.size)?;
        Ok(Output {
            path,
            bytes: vec![0; size],
            files: self.clone(),
        })
    }

    fn write_auxiliary(&self, path: &Path, bytes: &[u8]) -> Result {
        self.insert(path, bytes);
        Ok(())
    }
}
