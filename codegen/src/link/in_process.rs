//! Linking with libwild, in this process and in memory.
//!
//! libwild reads and writes through [`MemoryFiles`], works in a thread pool of its own with one
//! thread (there is little to do, and the order is then fixed), and reports through `Result`. It
//! may be called many times, and from many threads at once.

use super::libc_stub::libc_stub;
use super::memory_files::MemoryFiles;
use super::{LIBC_SONAME, LinkError, SharedLink};
use crate::workers;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

const OUTPUT: &str = "output";
const VERSION_SCRIPT: &str = "exports";

/// What libwild takes as the name of the program: it selects the command line of ELF linkers.
const PROGRAM: &str = "ld";

pub(super) fn link(link: &SharedLink<'_>) -> Result<Vec<u8>, LinkError> {
    let files = MemoryFiles::default();
    let arguments = stage(link, &files)?;
    catch_unwind(AssertUnwindSafe(|| {
        workers::on_one("lgc-link", || run(&files, &arguments))
    }))
    .map_err(|_| failure("it panicked on these objects"))??;
    let library = files
        .remove(Path::new(OUTPUT))
        .ok_or_else(|| failure("it wrote no output"))?;
    Ok(library.to_vec())
}

/// Puts the inputs where libwild finds them and returns its command line.
fn stage(link: &SharedLink<'_>, files: &MemoryFiles) -> Result<Vec<String>, LinkError> {
    files.insert(VERSION_SCRIPT, link.exports.version_script().into_bytes());
    files.insert(LIBC_SONAME, libc_stub().map_err(failure)?);
    let mut arguments = [
        PROGRAM,
        "-m",
        "elf_x86_64",
        "-shared",
        "--no-identity-comment",
    ]
    .map(str::to_owned)
    .to_vec();
    arguments.extend(link.linker_flags(VERSION_SCRIPT));
    for (index, input) in link.inputs.iter().enumerate() {
        // The index keeps names apart, and keeps a name from looking like an option.
        let path = format!("{index}/{}", input.name);
        files.insert(&path, input.bytes.as_slice());
        arguments.push(path);
    }
    arguments.extend([LIBC_SONAME, "-o", OUTPUT].map(str::to_owned));
    Ok(arguments)
}

/// Runs libwild. A warning is an error too: the command line is ours, so there is none to expect.
fn run(files: &MemoryFiles, arguments: &[String]) -> Result<(), LinkError> {
    let warnings = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&warnings);
    let command_line = || arguments.iter();
    let mut args = libwild::Args::new(command_line).map_err(|error| failure(error.to_string()))?;
    args.on_warning(Box::new(move |warning| {
        let mut sink = sink.lock().unwrap_or_else(PoisonError::into_inner);
        sink.push(warning.warning().to_owned());
    }));
    args.parse(command_line)
        .map_err(|error| failure(error.to_string()))?;
    let linker = libwild::Linker::with_file_system(files.clone());
    linker
        .run(&args)
        .map(drop)
        .map_err(|error| failure(error.to_string()))?;
    let warnings = warnings.lock().unwrap_or_else(PoisonError::into_inner);
    if warnings.is_empty() {
        Ok(())
    } else {
        Err(failure(warnings.join("; ")))
    }
}

fn failure(message: impl ToString) -> LinkError {
    LinkError::InProcess {
        message: message.to_string().trim_end().to_owned(),
    }
}
