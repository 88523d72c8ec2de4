//! Libraries that are not LLVM 22, or not whole, are refused, each with its message. No test here loads one.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

use lgc_llvm::load;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is said of a library.
#[track_caller]
fn refused(path: &Path, expected: &str) {
    let message = load(Some(path)).unwrap_err().to_string();
    let file = path.file_name().unwrap().to_str().unwrap();
    assert!(
        message.contains(file) && message.contains(expected),
        "{message}"
    );
    assert!(!message.contains('\n'), "{message}");
}

/// The toolchain's library.
fn library() -> PathBuf {
    let output = Command::new("rustc")
        .args(["--print", "sysroot"])
        .output()
        .unwrap();
    let folder = Path::new(String::from_utf8(output.stdout).unwrap().trim()).join("lib");
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap());
    let mut names = files.filter(|file| {
        file.file_name()
            .to_str()
            .unwrap()
            .starts_with("libLLVM.so.")
    });
    names.next().unwrap().path()
}

/// A file of this process whose name starts so.
fn mapped(name: &str) -> PathBuf {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let paths = maps
        .lines()
        .filter_map(|line| line.split_whitespace().nth(5));
    let mut paths = paths.map(PathBuf::from);
    paths
        .find(|path| {
            path.file_name()
                .is_some_and(|n| n.to_str().unwrap().starts_with(name))
        })
        .unwrap()
}

/// The first bytes of the toolchain's library, in a file of their own.
fn start_of_library(bytes: u64, to: &Path) {
    let mut start = File::open(library()).unwrap().take(bytes);
    std::io::copy(&mut start, &mut File::create(to).unwrap()).unwrap();
}

/// A shared library of this source.
fn compiled(source: &str, folder: &Path) -> PathBuf {
    let (text, library) = (folder.join("fake.rs"), folder.join("fake.so"));
    fs::write(&text, source).unwrap();
    let status = Command::new("rustc")
        .args(["--edition=2024", "--crate-type=cdylib", "-o"])
        .args([&library, &text])
        .status();
    assert!(status.unwrap().success());
    library
}

fn version(numbers: [u32; 3]) -> String {
    format!(
        "#[unsafe(no_mangle)]
         pub extern \"C\" fn LLVMGetVersion(major: &mut u32, minor: &mut u32, patch: &mut u32) {{
             [*major, *minor, *patch] = {numbers:?};
         }}"
    )
}

#[test]
fn a_file_that_is_not_there() {
    refused(Path::new("/nowhere/libLLVM.so"), "No such file");
}

#[test]
fn files_that_are_no_libraries() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("library.so");
    refused(folder.path(), "no regular file");
    for text in ["", "INPUT(libLLVM.so.22.1)", "\x7fELF"] {
        fs::write(&path, text).unwrap();
        refused(&path, "does not start like an ELF file");
    }
    let mut head = fs::read(mapped("libc.so")).unwrap();
    head[16] = 1;
    fs::write(&path, &head).unwrap();
    refused(&path, "another kind of ELF file");
    refused(Path::new("/proc/self/exe"), "cannot be loaded");
}

#[test]
fn a_library_whose_end_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("library.so");
    let whole = fs::metadata(library()).unwrap().len();
    for bytes in [64, 500, whole / 2, whole - 1] {
        start_of_library(bytes, &path);
        refused(&path, &format!("cut short: it has {bytes} bytes of "));
    }
}

#[test]
fn a_library_that_is_no_llvm() {
    refused(&mapped("libc.so"), "no LLVM");
}

#[test]
fn another_version() {
    let folder = tempfile::tempdir().unwrap();
    for (numbers, said) in [([21, 1, 8], "LLVM 21.1.8"), ([23, 0, 0], "LLVM 23.0.0")] {
        let library = compiled(&version(numbers), folder.path());
        refused(&library, &format!("{said}, and lgc needs LLVM 22"));
    }
}

#[test]
fn an_llvm_without_functions_that_are_needed() {
    let folder = tempfile::tempdir().unwrap();
    let library = compiled(&version([22, 1, 0]), folder.path());
    refused(&library, "lacks ");
    let message = load(Some(&library)).unwrap_err().to_string();
    assert!(message.contains("LLVMABIAlignmentOfType, "), "{message}");
    assert!(message.ends_with(" more"), "{message}");
}

#[test]
fn a_library_whose_own_libraries_are_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let other = compiled(
        "#[unsafe(no_mangle)] pub extern \"C\" fn other() {}",
        folder.path(),
    );
    let needed = folder.path().join("libother.so");
    fs::rename(other, &needed).unwrap();
    let text = "#[link(name = \"other\")] unsafe extern \"C\" { safe fn other(); }
                #[unsafe(no_mangle)] pub extern \"C\" fn LLVMGetVersion() { other() }";
    fs::write(folder.path().join("needs.rs"), text).unwrap();
    let library = folder.path().join("needs.so");
    let status = Command::new("rustc")
        .args(["--edition=2024", "--crate-type=cdylib", "-L"])
        .arg(folder.path())
        .arg("-o")
        .args([&library, &folder.path().join("needs.rs")])
        .status();
    assert!(status.unwrap().success());
    refused(&library, "libother.so: cannot open shared object file");
}
