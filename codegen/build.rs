//! Compiles the freestanding code that libraries carry to objects, which `lgc` embeds: whoever uses
//! `lgc` needs no compiler.

use std::env;
use std::path::PathBuf;
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
    ExitCode::SUCCESS
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
