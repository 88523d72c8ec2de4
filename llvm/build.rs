//! Writes the stubs of LLVM's functions from `src/functions.txt`, and notes where the building toolchain keeps its
//! LLVM. The library itself is neither needed nor read.

use std::env;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const FUNCTIONS: &str = "src/functions.txt";

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={FUNCTIONS}");
    println!("cargo::rerun-if-env-changed=RUSTC");
    match write_stubs() {
        Ok(()) => {
            let folder = folder_of_libraries().unwrap_or_default();
            println!("cargo::rustc-env=LGC_LLVM_BUILT_WITH={}", folder.display());
            ExitCode::SUCCESS
        }
        Err(message) => {
            println!("cargo::error={message}");
            ExitCode::FAILURE
        }
    }
}

fn write_stubs() -> Result<(), String> {
    let text = fs::read_to_string(FUNCTIONS).map_err(|error| format!("{FUNCTIONS}: {error}"))?;
    let names: Vec<&str> = text.lines().collect();
    let is_name = |name: &&str| {
        name.starts_with("LLVM") && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    if let Some(line) = names.iter().find(|name| !is_name(name)) {
        return Err(format!("{FUNCTIONS}: `{line}` is no function of LLVM"));
    }
    let out = env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?;
    let path = PathBuf::from(out).join("stubs.rs");
    fs::write(&path, stubs(&names)).map_err(|error| format!("{}: {error}", path.display()))
}

/// Each stub tells its number in a register that calls do not keep, and jumps where the table says. Each has a
/// section of its own, so that linkers leave out those that nobody calls.
fn stubs(names: &[&str]) -> String {
    let mut text = format!("const COUNT: usize = {};\n", names.len());
    text += "static NAMES: [&core::ffi::CStr; COUNT] = [\n";
    for name in names {
        let _ = writeln!(text, "c\"{name}\",");
    }
    text += "];\ncore::arch::global_asm!(\n";
    for (at, name) in names.iter().enumerate() {
        let offset = 8 * at;
        let _ = writeln!(
            text,
            r#"".section .text.{name},\"ax\",@progbits", ".globl {name}", ".hidden {name}", ".type {name},@function",
"{name}: mov r11d, {at}", "jmp qword ptr [rip + {{table}} + {offset}]", ".size {name}, .-{name}","#
        );
    }
    text += "\".text\", table = sym TABLE);\n";
    text
}

/// Where the compiler that builds this has its libraries.
fn folder_of_libraries() -> Option<PathBuf> {
    let mut rustc = Command::new(env::var_os("RUSTC")?);
    let output = rustc.args(["--print", "sysroot"]).output().ok()?;
    let sysroot = String::from_utf8(output.stdout).ok()?;
    Some(Path::new(sysroot.trim_end()).join("lib"))
}
