//! Writes output files whole or not at all.
//!
//! A file is written beside its final place under a temporary name and renamed when it is complete,
//! so that a reader sees the old file or the new one and a failure leaves the old one. Several
//! files that belong together, such as a library and its header, form an [`OutputSet`], of which
//! all appear or none. Devices and pipes, which cannot be renamed over, are written directly.
//!
//! Of several processes that write to one directory, one at a time makes its files appear, so that files which
//! belong together come from one of them. Whoever does so takes away what killed processes have left there.
//!
//! This protects against failures of the compiler and of the file system's operations. It does not
//! wait for the disk: after a loss of power a file may be the old or the new one.

use std::collections::BTreeSet;
use std::fs::{self, File, Permissions, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{self as unix_fs, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::{NamedTempFile, TempPath};

/// What an output file is for, which decides its permissions (less what the umask takes away).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// To be read: objects, archives, headers, text.
    Read,
    /// To be loaded or run as well: shared libraries.
    Execute,
    /// The same as the file whose new content it is, if there is one; else to be read.
    Keep,
}

impl Access {
    /// The permissions of a new file, from which the umask takes away.
    fn permissions(self) -> Permissions {
        Permissions::from_mode(match self {
            Access::Read | Access::Keep => 0o666,
            Access::Execute => 0o777,
        })
    }
}

/// Why an output file was not written; the message names the path and the remedy.
#[derive(Debug, thiserror::Error)]
#[error("cannot write `{}`: {fault}", path.display())]
pub struct OutputError {
    /// The file that was to be written.
    pub path: PathBuf,
    /// What stood in the way.
    pub fault: OutputFault,
}

/// What can stand in the way of an output file.
#[derive(Debug, thiserror::Error)]
pub enum OutputFault {
    /// The path names no file: it is empty or ends in `..`.
    #[error("the path names no file; add a file name, such as `model.so`")]
    NoFileName,
    /// There is a directory in the file's place.
    #[error("it is a directory; name a file in it, such as `model.so`")]
    IsDirectory,
    /// The directory of the file does not exist.
    #[error("the directory `{}` does not exist; create it first", .0.display())]
    DirectoryMissing(PathBuf),
    /// The file system of the directory, which exists, takes no such file: `/proc` for example.
    #[error("no file can be created in `{}`; choose another path", .0.display())]
    NoNewFiles(PathBuf),
    /// A part of the path that should be a directory is something else.
    #[error("`{}` is not a directory; choose another path", .0.display())]
    NotADirectory(PathBuf),
    /// The user may not write there.
    #[error("permission denied; make `{}` writable or choose another path", .0.display())]
    Denied(PathBuf),
    /// The file system is mounted read-only.
    #[error("the file system is read-only; choose another path")]
    ReadOnly,
    /// The disk, or the user's share of it, is full.
    #[error("no space is left on the device; free some or choose another path")]
    Full,
    /// The same file is already in the set.
    #[error("two outputs would be written to it; give them different names")]
    Twice,
    /// Anything else that the operating system reports.
    #[error("{0}")]
    Io(io::Error),
}

/// Writes one file whole, or leaves what was there.
///
/// # Errors
/// If the file cannot be written; nothing has changed then, except in a device or a pipe.
pub fn write_whole(path: &Path, bytes: &[u8], access: Access) -> Result<(), OutputError> {
    let mut set = OutputSet::default();
    set.stage(path, bytes, access)?;
    set.commit()
}

/// Output files that appear together or not at all.
///
/// Dropped without [`commit`](Self::commit), it leaves no trace.
#[derive(Debug, Default)]
pub struct OutputSet {
    staged: Vec<Staged>,
}

impl OutputSet {
    /// Writes the content of one more file to the disk, under a temporary name in the directory of
    /// `path`. A symbolic link at `path` is followed.
    ///
    /// # Errors
    /// If the file could not appear at `path`, as far as can be known before it does.
    pub fn stage(&mut self, path: &Path, bytes: &[u8], access: Access) -> Result<(), OutputError> {
        let staged = Staged::new(path, bytes, access).map_err(|fault| OutputError {
            path: path.to_owned(),
            fault,
        })?;
        if self
            .staged
            .iter()
            .any(|other| other.target == staged.target)
        {
            return Err(OutputError {
                path: path.to_owned(),
                fault: OutputFault::Twice,
            });
        }
        self.staged.push(staged);
        Ok(())
    }

    /// Writes to devices and pipes, then makes all files appear, in the order in which they were staged.
    ///
    /// # Errors
    /// If one of them cannot appear. Those before it are then as they were, except devices and
    /// pipes.
    pub fn commit(mut self) -> Result<(), OutputError> {
        // Who reads a pipe may take any time, in which nobody else should wait.
        let is_stream = |staged: &mut Staged| matches!(staged.content, Content::Stream(_));
        for staged in self.staged.extract_if(.., is_stream) {
            let path = staged.path.clone();
            let written = staged.commit();
            written.map_err(|fault| OutputError { path, fault })?;
        }
        let _turn = self.turn();
        let mut committed = Vec::with_capacity(self.staged.len());
        for staged in self.staged {
            let path = staged.path.clone();
            match staged.commit() {
                Ok(replaced) => committed.push(replaced),
                Err(fault) => {
                    committed.into_iter().rev().for_each(Replaced::restore);
                    return Err(OutputError { path, fault });
                }
            }
        }
        Ok(())
    }
}

impl OutputSet {
    /// Locks on the directories of all files, which end when they are dropped. File systems without locks
    /// have none.
    fn turn(&self) -> Vec<File> {
        let files = self.staged.iter();
        // In one order, so that nobody waits for who waits for him.
        let directories: BTreeSet<&Path> = files.map(|it| directory_of(&it.target)).collect();
        let lock = |directory: &Path| {
            let lock = File::open(directory).ok()?;
            let end = Instant::now() + PATIENCE;
            while let Err(refusal) = lock.try_lock() {
                match refusal {
                    TryLockError::WouldBlock if Instant::now() < end => thread::sleep(PAUSE),
                    TryLockError::WouldBlock | TryLockError::Error(_) => return None,
                }
            }
            take_away_remains(directory);
            Some(lock)
        };
        directories.into_iter().filter_map(lock).collect()
    }
}

/// How long to wait for others that make their files appear, which takes milliseconds. Who holds a lock for longer does
/// something else with it: anybody may who can read a directory.
const PATIENCE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(2);

/// How old a file is that no process can have just begun.
const AGE: Duration = Duration::from_secs(60);

/// Removes the temporary files of processes that are gone, from a directory in which nobody else makes
/// files appear. Those at work have a lock on theirs.
fn take_away_remains(directory: &Path) {
    let is_temporary = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(SUFFIX))
    };
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()).filter(is_temporary) {
        let is_left = || -> Option<bool> {
            let metadata = fs::symlink_metadata(&path).ok()?;
            let age = metadata.modified().ok()?.elapsed().ok()?;
            if !metadata.is_file() || age < AGE {
                return Some(false);
            }
            Some(File::open(&path).ok()?.try_lock().is_ok())
        };
        if is_left() == Some(true) {
            // What cannot be removed stays.
            let _ = fs::remove_file(&path);
        }
    }
}

/// A file of the set that is ready to appear.
#[derive(Debug)]
struct Staged {
    /// The path that the user gave.
    path: PathBuf,
    /// The same file with symbolic links resolved.
    target: PathBuf,
    content: Content,
}

#[derive(Debug)]
enum Content {
    /// On the disk, beside the target; with the lock that shows that somebody is at work on it.
    File(TempPath, File),
    /// For a device or a pipe.
    Stream(Vec<u8>),
}

impl Staged {
    fn new(path: &Path, bytes: &[u8], access: Access) -> Result<Self, OutputFault> {
        let (target, kind) = locate(path)?;
        let content = match kind {
            TargetKind::Stream => Content::Stream(bytes.to_vec()),
            TargetKind::File => {
                let (path, lock) = write_beside(&target, bytes, access)?;
                Content::File(path, lock)
            }
        };
        Ok(Self {
            path: path.to_owned(),
            target,
            content,
        })
    }

    fn commit(self) -> Result<Replaced, OutputFault> {
        let explain = |error| explain(error, directory_of(&self.target));
        match self.content {
            Content::Stream(bytes) => {
                let mut stream = File::options()
                    .write(true)
                    .open(&self.target)
                    .map_err(explain)?;
                stream.write_all(&bytes).map_err(explain)?;
                Ok(Replaced::Stream)
            }
            Content::File(temporary, _lock) => {
                let backup = back_up(&self.target).map_err(explain)?;
                temporary
                    .persist(&self.target)
                    .map_err(|error| explain(error.error))?;
                Ok(Replaced::File {
                    target: self.target,
                    backup,
                })
            }
        }
    }
}

/// What is needed to undo the appearance of a file.
enum Replaced {
    Stream,
    File {
        target: PathBuf,
        backup: Option<TempPath>,
    },
}

impl Replaced {
    /// Puts back what was there. If that fails too, nothing better can be done than to report the
    /// first failure.
    fn restore(self) {
        match self {
            Replaced::Stream => {}
            Replaced::File {
                target,
                backup: Some(backup),
            } => drop(backup.persist(target)),
            Replaced::File {
                target,
                backup: None,
            } => drop(fs::remove_file(target)),
        }
    }
}

enum TargetKind {
    /// A regular file, or nothing yet.
    File,
    /// A device, a pipe or a socket.
    Stream,
}

/// Finds what a path stands for at the moment, through symbolic links.
fn locate(path: &Path) -> Result<(PathBuf, TargetKind), OutputFault> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => Err(OutputFault::IsDirectory),
        Ok(metadata) => {
            let kind = if metadata.is_file() {
                TargetKind::File
            } else {
                TargetKind::Stream
            };
            Ok((fs::canonicalize(path).map_err(OutputFault::Io)?, kind))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let name = path.file_name().ok_or(OutputFault::NoFileName)?;
            let directory = directory_of(path);
            let directory =
                fs::canonicalize(directory).map_err(|error| explain(error, directory))?;
            Ok((directory.join(name), TargetKind::File))
        }
        Err(error) => Err(explain(error, directory_of(path))),
    }
}

/// The directory that holds a file.
fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    }
}

fn write_beside(
    target: &Path,
    bytes: &[u8],
    access: Access,
) -> Result<(TempPath, File), OutputFault> {
    let directory = directory_of(target);
    let write = || -> io::Result<(TempPath, File)> {
        let mut file = temporary_in(directory, |builder, directory| {
            builder
                .permissions(access.permissions())
                .tempfile_in(directory)
        })?;
        // Not all file systems have locks.
        let _ = file.as_file().try_lock();
        file.write_all(bytes)?;
        if access == Access::Keep {
            keep_permissions(target, file.as_file())?;
        }
        let (lock, path) = file.into_parts();
        Ok((path, lock))
    };
    write().map_err(|error| explain(error, directory))
}

/// Gives a file the owner, the group and the mode of that which it replaces, if there is one. Files can
/// be given away only by the superuser; for others they become their own.
fn keep_permissions(replaced: &Path, file: &File) -> io::Result<()> {
    let metadata = match fs::metadata(replaced) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let _ = unix_fs::fchown(file, Some(metadata.uid()), Some(metadata.gid()));
    // The mode comes last, since a change of owner takes away some of its bits.
    file.set_permissions(metadata.permissions())
}

/// What names of temporary files begin and end with.
const PREFIX: &str = ".lgc-";
const SUFFIX: &str = ".part";

/// Makes a temporary file in a directory; its short name fits where any name fits.
fn temporary_in<T>(
    directory: &Path,
    make: impl FnOnce(&mut tempfile::Builder<'_, '_>, &Path) -> io::Result<T>,
) -> io::Result<T> {
    make(
        tempfile::Builder::new().prefix(PREFIX).suffix(SUFFIX),
        directory,
    )
}

/// Keeps the present content of a file under another name, if there is a file: as a second link to it
/// where the file system has links, and otherwise as a copy.
fn back_up(target: &Path) -> io::Result<Option<TempPath>> {
    if !target.is_file() {
        return Ok(None);
    }
    let linked = temporary_in(directory_of(target), |builder, directory| {
        builder.make_in(directory, |path| fs::hard_link(target, path))
    });
    let backup = match linked {
        Ok(backup) => backup.into_temp_path(),
        Err(_) => copy_beside(target)?,
    };
    Ok(Some(backup))
}

fn copy_beside(target: &Path) -> io::Result<TempPath> {
    let copy: NamedTempFile = temporary_in(directory_of(target), |builder, directory| {
        builder.tempfile_in(directory)
    })?;
    fs::copy(target, copy.path())?;
    Ok(copy.into_temp_path())
}

/// Turns what the operating system reports about a file in a directory into a fault.
fn explain(error: io::Error, directory: &Path) -> OutputFault {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the kinds of I/O errors are an open list"
    )]
    match error.kind() {
        ErrorKind::NotFound if directory.is_dir() => OutputFault::NoNewFiles(directory.to_owned()),
        ErrorKind::NotFound => OutputFault::DirectoryMissing(directory.to_owned()),
        ErrorKind::NotADirectory => OutputFault::NotADirectory(directory.to_owned()),
        ErrorKind::IsADirectory => OutputFault::IsDirectory,
        ErrorKind::PermissionDenied => OutputFault::Denied(directory.to_owned()),
        ErrorKind::ReadOnlyFilesystem => OutputFault::ReadOnly,
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => OutputFault::Full,
        _ => OutputFault::Io(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::os::unix::fs::symlink;

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_file_is_created_and_replaced_with_the_permissions_of_the_umask() {
        let directory = tempfile::tempdir().unwrap();
        let (library, header) = (directory.path().join("m.so"), directory.path().join("m.h"));
        let plain = directory.path().join("plain");
        fs::write(&plain, "").unwrap();
        for content in ["first", "second, and longer", "3"] {
            write_whole(&library, content.as_bytes(), Access::Execute).unwrap();
            write_whole(&header, content.as_bytes(), Access::Read).unwrap();
            assert_eq!(fs::read_to_string(&library).unwrap(), content);
            assert_eq!(fs::read_to_string(&header).unwrap(), content);
        }
        assert_eq!(mode(&header), mode(&plain), "the umask decides");
        assert_eq!(mode(&library), mode(&plain) | (mode(&plain) & 0o444) >> 2);
        assert_eq!(names(directory.path()), ["m.h", "m.so", "plain"]);
    }

    #[test]
    fn permissions_are_kept_where_that_is_asked_for() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("m.graph");
        write_whole(&path, b"new", Access::Keep).unwrap();
        let usual = mode(&path);
        for wanted in [0o600, 0o444, 0o755, 0o666] {
            fs::set_permissions(&path, Permissions::from_mode(wanted)).unwrap();
            write_whole(&path, b"kept", Access::Keep).unwrap();
            assert_eq!(mode(&path), wanted);
        }
        write_whole(&path, b"reset", Access::Read).unwrap();
        assert_eq!(mode(&path), usual);
    }

    #[test]
    fn a_symbolic_link_stays_a_link() {
        let directory = tempfile::tempdir().unwrap();
        let (file, link) = (directory.path().join("file"), directory.path().join("link"));
        fs::write(&file, "old").unwrap();
        symlink(&file, &link).unwrap();
        write_whole(&link, b"new", Access::Read).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
    }

    #[test]
    fn a_set_that_is_dropped_or_fails_to_stage_leaves_no_trace() {
        let directory = tempfile::tempdir().unwrap();
        let first = directory.path().join("first");
        fs::write(&first, "old").unwrap();
        let mut set = OutputSet::default();
        set.stage(&first, b"new", Access::Read).unwrap();
        set.stage(
            &directory.path().join("missing/second"),
            b"new",
            Access::Read,
        )
        .unwrap_err();
        assert_eq!(names(directory.path()).len(), 2, "one file is staged");
        drop(set);
        assert_eq!(names(directory.path()), ["first"]);
        assert_eq!(fs::read_to_string(&first).unwrap(), "old");
    }

    #[test]
    fn a_set_that_fails_to_commit_is_undone() {
        let directory = tempfile::tempdir().unwrap();
        let [old, new, blocked] = ["old", "new", "blocked"].map(|name| directory.path().join(name));
        fs::write(&old, "before").unwrap();
        let mut set = OutputSet::default();
        for path in [&old, &new, &blocked] {
            set.stage(path, b"after", Access::Read).unwrap();
        }
        fs::create_dir(&blocked).unwrap();
        let error = set.commit().unwrap_err();
        assert_eq!(error.path, blocked);
        assert!(matches!(error.fault, OutputFault::IsDirectory), "{error}");
        assert_eq!(fs::read_to_string(&old).unwrap(), "before");
        assert_eq!(names(directory.path()), ["blocked", "old"]);
    }

    #[test]
    fn a_set_appears_as_a_whole() {
        let directory = tempfile::tempdir().unwrap();
        let mut set = OutputSet::default();
        set.stage(&directory.path().join("m.so"), b"library", Access::Execute)
            .unwrap();
        set.stage(&directory.path().join("m.h"), b"header", Access::Read)
            .unwrap();
        assert!(!directory.path().join("m.so").exists());
        set.commit().unwrap();
        assert_eq!(names(directory.path()), ["m.h", "m.so"]);
    }

    #[test]
    fn devices_are_written_and_not_replaced() {
        write_whole(Path::new("/dev/null"), b"bytes", Access::Read).unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }

    /// The message of a failed write, without the parts of the path that change.
    fn message(directory: &Path, path: &Path) -> String {
        let error = write_whole(path, b"bytes", Access::Read)
            .unwrap_err()
            .to_string();
        let real = fs::canonicalize(directory).unwrap();
        error
            .replace(real.to_str().unwrap(), "DIRECTORY")
            .replace(directory.to_str().unwrap(), "DIRECTORY")
    }

    #[test]
    fn each_fault_names_the_path_and_the_remedy() {
        let temporary = tempfile::tempdir().unwrap();
        let directory = temporary.path();
        fs::write(directory.join("file"), "").unwrap();
        let mut twice = OutputSet::default();
        twice
            .stage(&directory.join("file"), b"", Access::Read)
            .unwrap();
        let again = twice
            .stage(&directory.join("./file"), b"", Access::Read)
            .unwrap_err();
        let messages = [
            message(directory, Path::new("")),
            message(directory, directory),
            message(directory, &directory.join("missing/m.so")),
            message(directory, &directory.join("file/m.so")),
            message(directory, Path::new("/dev/full")),
            message(directory, Path::new("/proc/m.so")),
            again
                .to_string()
                .replace(directory.to_str().unwrap(), "DIRECTORY"),
        ];
        insta::assert_snapshot!(messages.join("\n"), @"
        cannot write ``: the path names no file; add a file name, such as `model.so`
        cannot write `DIRECTORY`: it is a directory; name a file in it, such as `model.so`
        cannot write `DIRECTORY/missing/m.so`: the directory `DIRECTORY/missing` does not exist; create it first
        cannot write `DIRECTORY/file/m.so`: `DIRECTORY/file` is not a directory; choose another path
        cannot write `/dev/full`: no space is left on the device; free some or choose another path
        cannot write `/proc/m.so`: no file can be created in `/proc`; choose another path
        cannot write `DIRECTORY/./file`: two outputs would be written to it; give them different names
        ");
        assert_eq!(
            names(directory).len(),
            2,
            "the file and its staged successor"
        );
    }

    #[test]
    fn refusals_of_the_file_system_are_explained() {
        let kinds = [
            ErrorKind::PermissionDenied,
            ErrorKind::ReadOnlyFilesystem,
            ErrorKind::StorageFull,
            ErrorKind::QuotaExceeded,
            ErrorKind::InvalidFilename,
        ];
        let explained = kinds.map(|kind| explain(kind.into(), Path::new("out")).to_string());
        insta::assert_snapshot!(explained.join("\n"), @"
        permission denied; make `out` writable or choose another path
        the file system is read-only; choose another path
        no space is left on the device; free some or choose another path
        no space is left on the device; free some or choose another path
        invalid filename
        ");
    }

    /// Two sets of files at once: what appears is one of them, whole.
    #[test]
    fn sets_appear_one_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let paths = ["m.so", "m.h"].map(|name| directory.path().join(name));
        for round in 0..50 {
            let contents = ["one", "other"].map(|who| format!("{who} {round}"));
            std::thread::scope(|scope| {
                for content in &contents {
                    scope.spawn(|| {
                        let mut set = OutputSet::default();
                        for path in &paths {
                            set.stage(path, content.as_bytes(), Access::Read).unwrap();
                        }
                        set.commit().unwrap();
                    });
                }
            });
            let [first, second] = [0, 1].map(|at| fs::read_to_string(&paths[at]).unwrap());
            assert_eq!(first, second);
            assert!(contents.contains(&first));
        }
        assert_eq!(names(directory.path()), ["m.h", "m.so"]);
    }

    /// Of a pipe that is being read, while files wait to appear.
    #[test]
    fn nobody_waits_for_who_reads_a_pipe() {
        let directory = tempfile::tempdir().unwrap();
        let (pipe, file) = (directory.path().join("pipe"), directory.path().join("m.h"));
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        // More than a pipe holds, so that the writer is in the midst of it once the first byte has come.
        let text = vec![b'x'; 1 << 20];
        let mut set = OutputSet::default();
        set.stage(&file, b"new", Access::Read).unwrap();
        set.stage(&pipe, &text, Access::Read).unwrap();
        let writer = thread::spawn(|| set.commit());
        let mut reader = File::open(&pipe).unwrap();
        let mut read = vec![0];
        reader.read_exact(&mut read).unwrap();
        let lock = File::open(directory.path()).unwrap();
        lock.try_lock().unwrap();
        drop(lock);
        reader.read_to_end(&mut read).unwrap();
        writer.join().unwrap().unwrap();
        assert_eq!(
            (read.len(), fs::read(&file).unwrap()),
            (1 << 20, b"new".to_vec())
        );
    }

    #[test]
    fn a_directory_that_somebody_else_keeps_locked_is_not_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let lock = File::open(directory.path()).unwrap();
        lock.lock().unwrap();
        write_whole(&directory.path().join("m.h"), b"new", Access::Read).unwrap();
        assert_eq!(names(directory.path()), ["m.h"]);
    }

    #[test]
    fn what_killed_processes_left_is_taken_away() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let file = |name: &str, seconds: u64| {
            let file = File::create(at(name)).unwrap();
            let then = std::time::SystemTime::now() - Duration::from_secs(seconds);
            file.set_modified(then).unwrap();
            file
        };
        drop(file(".lgc-left.part", 3600));
        let busy = file(".lgc-busy.part", 3600);
        busy.lock().unwrap();
        drop(file(".lgc-fresh.part", 0));
        drop(file(".lgc-other", 3600));
        write_whole(&at("m.h"), b"new", Access::Read).unwrap();
        let left = [".lgc-busy.part", ".lgc-fresh.part", ".lgc-other", "m.h"];
        assert_eq!(names(directory.path()), left);
    }
}
