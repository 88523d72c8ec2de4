//! Where LLVM is looked for.

use crate::error::{LoadError, Origin};
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The environment variable that names a library.
pub const VARIABLE: &str = "LGC_LLVM";

/// Where the toolchain that built this has its libraries; empty if it did not say so.
const BUILT_WITH: &str = env!("LGC_LLVM_BUILT_WITH");

/// The library to load: the one that is named, else that of the environment, else the first one found.
pub(crate) fn library(named: Option<&Path>) -> Result<(PathBuf, Origin), LoadError> {
    if let Some(path) = named {
        return Ok((path.to_owned(), Origin::Caller));
    }
    if let Some(path) = env::var_os(VARIABLE).filter(|path| !path.is_empty()) {
        return Ok((path.into(), Origin::Environment));
    }
    in_toolchains(Path::new(BUILT_WITH), OsStr::new("rustc"))
}

/// The library of the toolchain in a folder, or of the one that a compiler belongs to.
fn in_toolchains(built_with: &Path, rustc: &OsStr) -> Result<(PathBuf, Origin), LoadError> {
    if let Some(path) = in_folder(built_with) {
        return Ok((path, Origin::Built));
    }
    let folder = folder_of(rustc);
    if let Some(path) = folder.as_deref().and_then(in_folder) {
        return Ok((path, Origin::Rustc));
    }
    let built = format!(
        "in {}, where the building toolchain was",
        built_with.display()
    );
    let other = match folder {
        Some(folder) => format!("in {}, for the `rustc` on PATH", folder.display()),
        None => "for a `rustc` on PATH, which is not there".to_owned(),
    };
    Err(LoadError::NotFound {
        looked: vec![built, other],
    })
}

/// The LLVM in a folder of libraries: of several, the last one by name.
fn in_folder(folder: &Path) -> Option<PathBuf> {
    let files = fs::read_dir(folder).ok()?.filter_map(Result::ok);
    let is_llvm = |name: &OsStr| name.to_string_lossy().starts_with("libLLVM.so.");
    let files = files.filter(|file| is_llvm(&file.file_name()));
    files.map(|file| file.path()).max()
}

/// Where a compiler has its libraries, if it runs.
fn folder_of(rustc: &OsStr) -> Option<PathBuf> {
    let output = Command::new(rustc)
        .args(["--print", "sysroot"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let sysroot = String::from_utf8(output.stdout).ok()?;
    let sysroot = sysroot.trim_end();
    (output.status.success() && !sysroot.is_empty()).then(|| Path::new(sysroot).join("lib"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_building_toolchain_comes_first() {
        let (path, origin) = in_toolchains(Path::new(BUILT_WITH), OsStr::new("rustc")).unwrap();
        assert_eq!(origin, Origin::Built);
        assert!(path.starts_with(BUILT_WITH), "{path:?}");
    }

    #[test]
    fn another_toolchain_is_found_by_its_compiler() {
        let (path, origin) = in_toolchains(Path::new("/nowhere"), OsStr::new("rustc")).unwrap();
        assert_eq!(origin, Origin::Rustc);
        assert!(path.is_file(), "{path:?}");
    }

    #[test]
    fn what_is_not_found_is_said_with_where_it_was_looked_for() {
        let empty = tempfile::tempdir().unwrap();
        let error = in_toolchains(empty.path(), OsStr::new("/nowhere/rustc")).unwrap_err();
        let message = error.to_string();
        let folder = empty.path().to_str().unwrap();
        for part in [
            folder,
            "`rustc` on PATH",
            "rustup toolchain install 1.95",
            VARIABLE,
        ] {
            assert!(message.contains(part), "{message}");
        }
    }
}
