//! Compiles the pool of threads that libraries carry to an object, which `lgc` embeds: whoever uses
//! `lgc` needs no compiler.

use std::env;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// What libraries are for, whatever machine `lgc` is built for.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Small code that refers to nothing but what the pool calls: no unwinding, no checks that panic.
const FLAGS: [&str; 16] = [
    "--edition=2024",
    "--crate-name=lgc_pool",
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
    match compile() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("the pool of threads could not be compiled: {message}");
            ExitCode::FAILURE
        }
    }
}

fn compile() -> Result<(), String> {
    println!("cargo::rerun-if-changed=pool");
    println!("cargo::rerun-if-changed=build.rs");
    let variable = |name: &str| env::var_os(name).ok_or_else(|| format!("{name} is not set"));
    let object = PathBuf::from(variable("OUT_DIR")?).join("pool.o");
    let mut command = Command::new(variable("RUSTC")?);
    command
        .args(FLAGS)
        .arg("-o")
        .arg(&object)
        .arg("pool/object.rs");
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
