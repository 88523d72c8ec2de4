//! Compiles the freestanding code that libraries carry to objects, which `lgc` embeds: whoever uses
//! `lgc` needs no compiler. Also hashes the sources that make code, so that what one compiler keeps is not taken by
//! another.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// What libraries are for, whatever machine `lgc` is built for.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// What is compiled.
const OBJECTS: [&str; 3] = ["pool", "checks", "cpu"];

/// Small code that refers to nothing but what it calls: no unwinding, no checks that panic.
const FLAGS: [&str; 15] = [
    "--edition=2024",
    "--crate-type=lib",
    "--emit=obj",
    "-Cpanic=abort",
    "-Copt-level=2",
    "-Ccodegen-units=1",
    "-Cdebuginfo=0",
    "-Cdebug-assertions=off",
    "-Coverflow-checks=off",
    "-Cforce-unwind-tables=no",
    "-Crelocation-model=pic",
    "-Ctarget-cpu=x86-64",
    "-Cno-vectorize-loops",
    "-Cno-vectorize-slp",
    "-Csymbol-mangling-version=v0",
];

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=freestanding");
    println!("cargo::rerun-if-changed=build.rs");
    for name in OBJECTS {
        if let Err(message) = compile(name) {
            eprintln!("freestanding/{name}.rs could not be compiled: {message}");
            return ExitCode::FAILURE;
        }
    }
    match hash_of_sources() {
        Ok(hash) => {
            println!("cargo::rustc-env=LGC_CODEGEN_SOURCES={hash:032x}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("the sources could not be read: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What decides the bytes of a library that are made of graphs, dependencies included. Those outside this package are
/// there in the repository.
const SOURCES: [&str; 6] = [
    "src",
    "freestanding",
    "../abi/src",
    "../ir/src",
    "../llvm/src",
    "../Cargo.lock",
];

/// FNV-1a of names and contents, tests apart. It tells sources from others, and guards against nobody.
fn hash_of_sources() -> io::Result<u128> {
    let mut files = Vec::new();
    for place in SOURCES.map(Path::new).into_iter().filter(|it| it.exists()) {
        collect(place, &mut files)?;
    }
    files.sort();
    let mut hash: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    let mut add = |bytes: &[u8]| {
        let length = (bytes.len() as u64).to_le_bytes();
        for byte in length.iter().chain(bytes) {
            hash = (hash ^ u128::from(*byte)).wrapping_mul((1 << 88) + 0x13b);
        }
    };
    for file in files {
        println!("cargo::rerun-if-changed={}", file.display());
        add(file.as_os_str().as_encoded_bytes());
        add(&fs::read(&file)?);
    }
    Ok(hash)
}

/// The files of a folder and of those in it. A new one is seen as another has to name it.
fn collect(place: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if !place.is_dir() {
        files.push(place.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(place)? {
        let path = entry?.path();
        let is_test = path.file_stem().is_some_and(|name| name == "tests");
        if !is_test {
            collect(&path, files)?;
        }
    }
    Ok(())
}

fn compile(name: &str) -> Result<(), String> {
    let variable = |name: &str| env::var_os(name).ok_or_else(|| format!("{name} is not set"));
    let object = PathBuf::from(variable("OUT_DIR")?).join(format!("{name}.o"));
    let mut command = Command::new(variable("RUSTC")?);
    command
        .args(FLAGS)
        .arg(format!("--crate-name=lgc_{name}"))
        .arg("-o")
        .arg(&object)
        .arg(format!("freestanding/{name}_object.rs"));
    // The host's own target is used without being named, so that a toolchain without a target of
    // that name installed beside it will do.
    if variable("HOST")? != TARGET {
        command.arg("--target").arg(TARGET);
    }
    command
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    let status = command.status().map_err(|error| error.to_string())?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("the compiler ended with {status}"))
    }
}
