//! Files as bytes that are read when they are looked at.

use memmap2::Mmap;
use std::fs::File;
use std::io;
use std::path::Path;

/// The content of a regular file, which is not copied into memory. Nobody may make the file shorter meanwhile: the
/// system ends a process that looks at what is no longer there.
#[derive(Debug)]
pub struct Mapped(Mmap);

impl Mapped {
    /// The content of a file; none if it has more than `limit` bytes.
    ///
    /// # Errors
    /// If it cannot be opened or mapped, or is no regular file.
    pub fn open(path: &Path, limit: u64) -> io::Result<Option<Self>> {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if !metadata.is_file() {
            return Err(io::Error::other("it is no regular file"));
        }
        if metadata.len() > limit {
            return Ok(None);
        }
        // SAFETY: any bytes are valid. Who writes to the file at the same time changes what is read: what is made
        // of the bytes is checked as it is copied out of them, by code that relies on no byte being the same
        // when it is read again. Who makes the file shorter ends this process with SIGBUS, which no code here
        // sees: that is the price of files that are not read into memory.
        let map = unsafe { Mmap::map(&file)? };
        Ok(Some(Self(map)))
    }
}

impl AsRef<[u8]> for Mapped {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_mapped_whole_or_not_at_all() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("f");
        for content in [&b""[..], b"abc"] {
            std::fs::write(&path, content).unwrap();
            let map = Mapped::open(&path, 3).unwrap().unwrap();
            assert_eq!(map.as_ref(), content);
        }
        assert!(Mapped::open(&path, 2).unwrap().is_none());
        assert!(Mapped::open(place.path(), 3).is_err());
    }
}
