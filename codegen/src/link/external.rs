//! Linking with an external compiler driver, for users who want their own linker.
//!
//! It gets the same objects, the same flags and the same stand-in for libc as the linker in this
//! process, as files in a temporary directory of which no path ends up in the output.

use super::libc_stub::libc_stub;
use super::{LIBC_SONAME, LinkError, SharedLink};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

pub(super) fn link(link: &SharedLink<'_>, driver: &Path) -> Result<Vec<u8>, LinkError> {
    let directory = tempfile::Builder::new()
        .prefix("lgc-link-")
        .tempdir()
        .map_err(|source| LinkError::TemporaryFiles {
            action: "create",
            source,
        })?;
    let library = directory.path().join("output");
    let mut command = stage(link, driver, directory.path(), &library).map_err(|source| {
        LinkError::TemporaryFiles {
            action: "write",
            source,
        }
    })?;
    let output = command
        .output()
        .map_err(|source| LinkError::LinkerMissing {
            linker: driver.to_owned(),
            source,
        })?;
    if !output.status.success() {
        return Err(failure(driver, &output));
    }
    fs::read(&library).map_err(|source| LinkError::TemporaryFiles {
        action: "read",
        source,
    })
}

/// Writes the inputs into the directory and returns the command that links them.
fn stage(
    link: &SharedLink<'_>,
    driver: &Path,
    directory: &Path,
    library: &Path,
) -> io::Result<Command> {
    let write = |name: &str, bytes: &[u8]| -> io::Result<PathBuf> {
        let path = directory.join(name);
        fs::write(&path, bytes).map(|()| path)
    };
    let version_script = write("exports", link.exports.version_script().as_bytes())?;
    let mut command = Command::new(driver);
    command
        .args(["-shared", "-nostdlib", "-Wl,-z,text", "-o"])
        .arg(library)
        .stdin(Stdio::null());
    for flag in link.linker_flags(&version_script.to_string_lossy()) {
        command.arg("-Xlinker").arg(flag);
    }
    for (index, input) in link.inputs.iter().enumerate() {
        command.arg(write(&format!("{index}.o"), &input.bytes)?);
    }
    command.arg(write(LIBC_SONAME, &libc_stub().map_err(io::Error::other)?)?);
    Ok(command)
}

fn failure(driver: &Path, output: &Output) -> LinkError {
    let text = [output.stderr.as_slice(), output.stdout.as_slice()].concat();
    let text = String::from_utf8_lossy(&text);
    let message = if text.trim().is_empty() {
        "it printed nothing"
    } else {
        text.trim_end()
    };
    LinkError::LinkerFailed {
        linker: driver.to_owned(),
        status: output.status.to_string(),
        message: message.to_owned(),
    }
}
