//! `lgc doctor`: what works on this machine, found out by doing it.

use crate::driver::{Build, Session};
use crate::{COMPILER, Failure, output};
use lgc_codegen::backend::cranelift::TARGET;
use lgc_codegen::backend::llvm;
use lgc_codegen::level::Level;
use lgc_runtime::{HostTensor, Library};
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A graph small enough to be compiled and run in no time.
const TRIAL: &str = "entry trial(x: f32[4]) -> (y: f32[4]) { y = x * 2 + exp(x - x) }\n";
const INPUT: [f32; 4] = [0.0, 1.0, -2.5, 4.0];
const OUTPUT: [f32; 4] = [1.0, 3.0, -4.0, 9.0];

/// What became of a check.
enum Finding {
    /// It works; how, or where.
    Works(String),
    /// Something that lgc does without is not there.
    Absent(String),
    /// Something that lgc needs does not work; why.
    Fails(String),
}

/// Checks everything, says what was found, and fails if something does not work that is needed.
pub(crate) fn run(session: &mut Session) -> Result<(), Failure> {
    let build = trial(session);
    let folder = tempfile::tempdir();
    let library = match (&build, &folder) {
        (Ok(build), Ok(folder)) => linker(build, folder.path(), session),
        (Err(reason), _) => Finding::Fails(reason.clone()),
        (_, Err(error)) => Finding::Fails(format!("nowhere to put a library: {error}")),
    };
    let findings = [
        ("processor", processor()),
        ("temporary files", temporary_files()),
        ("compiler", in_process(&build, session)),
        ("linker", library),
        ("LLVM", llvm()),
        ("C compiler", c_compiler(&build)),
    ];
    let mut text = format!("{COMPILER}, for {TARGET}\n");
    for (what, finding) in &findings {
        let (state, remark) = match finding {
            Finding::Works(remark) => ("works", remark),
            Finding::Absent(remark) => ("absent", remark),
            Finding::Fails(remark) => ("fails", remark),
        };
        text += &format!("  {what:<15}  {state:<6}  {remark}\n");
    }
    output::print(&text)?;
    let failed = |(_, finding): &(_, Finding)| matches!(finding, Finding::Fails(_));
    if findings.iter().any(failed) {
        return Err(Failure::CheckFailed);
    }
    Ok(())
}

/// What a failure says, in a line.
fn reason(failure: Failure) -> String {
    let Failure::Diagnosed(diagnostics) = failure else {
        return "a graph without errors was refused".to_owned();
    };
    let messages: Vec<String> = diagnostics.into_iter().map(|d| d.message).collect();
    messages.join("; ")
}

fn processor() -> Finding {
    let best = Level::ALL.into_iter().rfind(|level| level.is_here());
    if let Some(best) = best {
        return Finding::Works(format!("is an {best}: {}", best.features().join(", ")));
    }
    let missing = Level::V3.missing().join(", ");
    Finding::Fails(format!(
        "lacks {missing}: libraries can be compiled here, but not run"
    ))
}

/// Whether a file can be written where temporary ones belong.
fn temporary_files() -> Finding {
    let folder = env::temp_dir();
    let place = folder.display();
    let written = tempfile::NamedTempFile::new().and_then(|file| fs::write(file.path(), TRIAL));
    match written {
        Ok(()) => Finding::Works(format!("in {place}")),
        Err(error) => Finding::Fails(format!(
            "in {place}: {error}; set TMPDIR to a directory that can be written"
        )),
    }
}

/// The trial graph as kernels.
fn trial(session: &mut Session) -> Result<Build, String> {
    let mut build = || {
        let file = session.add_source("trial.graph", TRIAL.to_owned())?;
        let ast = session.parse(file)?;
        let module = session.elaborate(&ast, &[])?;
        session.build(module, "trial")
    };
    build().map_err(reason)
}

/// Whether code can be compiled into this process, and computes what it should.
fn in_process(build: &Result<Build, String>, session: &mut Session) -> Finding {
    let mut run = || -> Result<bool, String> {
        let build = build.as_ref().map_err(Clone::clone)?;
        let program = build.programs.first().ok_or("the entry was lost")?;
        let code = session.jit(program).map_err(reason)?;
        let input: Vec<u8> = INPUT.iter().flat_map(|x| x.to_ne_bytes()).collect();
        let mut output = vec![0; input.len()];
        let status = code.call(&[&input], &mut [], &mut [&mut output]);
        let status = status.map_err(|error| error.to_string())?;
        let expected: Vec<u8> = OUTPUT.iter().flat_map(|y| y.to_ne_bytes()).collect();
        Ok(status == 0 && output == expected)
    };
    judge(run(), "compiled code runs in this process")
}

fn judge(outcome: Result<bool, String>, remark: &str) -> Finding {
    match outcome {
        Ok(true) => Finding::Works(remark.to_owned()),
        Ok(false) => Finding::Fails("compiled code computes something wrong".to_owned()),
        Err(reason) => Finding::Fails(reason),
    }
}

/// Whether a library can be linked, loaded and called.
fn linker(build: &Build, folder: &Path, session: &mut Session) -> Finding {
    let mut run = || -> Result<bool, String> {
        let object = session.object(build).map_err(reason)?;
        let library = session.shared_library(&build.library, object, "trial.so");
        let path = folder.join("trial.so");
        fs::write(&path, library.map_err(reason)?).map_err(|error| error.to_string())?;
        let library = Library::open_named(&path, "trial").map_err(|error| error.to_string())?;
        let entry = library.entry("trial").map_err(|error| error.to_string())?;
        let mut call = entry.session().map_err(|error| error.to_string())?;
        let input = HostTensor::from_slice(&[4], &INPUT).map_err(|error| error.to_string())?;
        call.set("x", input).map_err(|error| error.to_string())?;
        call.run().map_err(|error| error.to_string())?;
        let output = call
            .elements::<f32>("y")
            .map_err(|error| error.to_string())?;
        Ok(output == OUTPUT)
    };
    judge(run(), "a shared library links, loads and runs")
}

/// Which LLVM can be loaded, and what it makes code for.
fn llvm() -> Finding {
    match llvm::find(None) {
        Ok(llvm::Found {
            path,
            version,
            targets,
        }) => {
            let (path, targets) = (path.display(), targets.join(", "));
            Finding::Works(format!("{version} in {path}, for {targets}"))
        }
        Err(reason) => Finding::Absent(format!("{reason}; lgc does without")),
    }
}

/// Whether there is a compiler for C, which nothing here needs but callers may, and whether it takes a
/// header.
fn c_compiler(build: &Result<Build, String>) -> Finding {
    let Some(compiler) = find_c_compiler() else {
        return Finding::Absent("none of $CC, cc, gcc and clang; lgc does without".to_owned());
    };
    let shown = compiler.display();
    let Ok(Ok(header)) = build.as_ref().map(Build::header) else {
        return Finding::Works(format!("{shown}"));
    };
    match takes_header(&compiler, &header) {
        Ok(true) => Finding::Works(format!("{shown} takes the header of a library")),
        Ok(false) => Finding::Absent(format!("{shown} refuses the header of a library")),
        Err(error) => Finding::Absent(format!("{shown} does not run: {error}")),
    }
}

fn find_c_compiler() -> Option<PathBuf> {
    let named = env::var_os("CC").filter(|name| !name.is_empty());
    let names = named
        .into_iter()
        .chain(["cc", "gcc", "clang"].map(OsString::from));
    let path = env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = env::split_paths(&path).collect();
    let mut candidates =
        names.flat_map(|name| folders.iter().map(move |folder| folder.join(&name)));
    candidates.find(|candidate| candidate.is_file())
}

fn takes_header(compiler: &Path, header: &str) -> std::io::Result<bool> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("trial.c");
    fs::write(&path, header)?;
    let status = Command::new(compiler)
        .args(["-std=c11", "-fsyntax-only"])
        .arg(&path)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    Ok(status.success())
}
