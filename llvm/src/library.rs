//! The library itself: loaded once, and never unloaded.

use crate::error::{LoadError, Origin, Reason};
use crate::{Loaded, MAJOR, Version, file, search, stubs};
use inkwell::targets::{InitializationConfig, Target};
use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
use std::error::Error;
use std::ffi::{CStr, c_uint, c_void};
use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};

static LOADED: OnceLock<Loaded> = OnceLock::new();
static LOADING: Mutex<()> = Mutex::new(());

/// What LLVM calls the functions that make a target known start and end with.
const MAKES_KNOWN: (&str, &str) = ("LLVMInitialize", "TargetInfo");

/// LLVM, loaded on the first call; later calls, in whatever thread, get the same.
///
/// `named` is a library to use and no other. Without it, `LGC_LLVM` names one; else that of the toolchain which built
/// this is used, and else that of `rustc` on `PATH`. The target x86-64 is ready. A failure is not remembered.
pub fn load(named: Option<&Path>) -> Result<&'static Loaded, LoadError> {
    let _one_at_a_time = LOADING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(loaded) = LOADED.get() {
        return match named {
            Some(path) if !is_same(path, &loaded.path) => Err(LoadError::Another {
                wanted: path.to_owned(),
                loaded: loaded.path.clone(),
            }),
            _ => Ok(loaded),
        };
    }
    let (path, origin) = search::library(named)?;
    let loaded = open(&path, origin);
    let loaded = loaded.map_err(|reason| LoadError::Unusable {
        path,
        origin,
        reason,
    })?;
    // Disassembling, and parsing inline assembly, are not needed.
    Target::initialize_x86(&InitializationConfig {
        asm_parser: false,
        disassembler: false,
        ..InitializationConfig::default()
    });
    Ok(LOADED.get_or_init(|| loaded))
}

fn is_same(path: &Path, loaded: &Path) -> bool {
    path.canonicalize().is_ok_and(|path| path == loaded)
}

/// Loads a library, and lets the stubs jump into it if it is what they need.
fn open(path: &Path, origin: Origin) -> Result<Loaded, Reason> {
    let path = path.canonicalize()?;
    file::check(&path)?;
    // SAFETY: what the library does when it is loaded is its own affair: whoever named it, or installed it as part of
    // the compiler that built this, trusts it. That the file is whole was checked.
    let library = unsafe { Library::open(Some(&path), RTLD_NOW | RTLD_LOCAL) };
    let library = library.map_err(|error| Reason::Refused(said(&error)))?;
    let version = version(&library)?;
    if version.major != MAJOR {
        return Err(Reason::Version(version));
    }
    let functions: Vec<_> = stubs::names()
        .iter()
        .map(|name| find(&library, name))
        .collect();
    let absent = stubs::names()
        .iter()
        .zip(&functions)
        .filter(|(_, function)| function.is_null());
    let absent = absent.map(|(name, _)| name.to_string_lossy().into_owned());
    let lacks: Vec<String> = absent.filter(|name| is_needed(name)).collect();
    if !lacks.is_empty() {
        return Err(Reason::Lacks(lacks));
    }
    // The library stays for as long as the process: it is never closed.
    std::mem::forget(library);
    // SAFETY: the pointers are those of the functions of these names in a library that says it is LLVM 22, and which
    // is never unloaded.
    unsafe { stubs::fill(&functions) };
    let known = stubs::names()
        .iter()
        .zip(&functions)
        .filter(|(_, function)| !function.is_null());
    let targets = known
        .filter_map(|(name, _)| target(name.to_str().ok()?))
        .collect();
    Ok(Loaded {
        path,
        origin,
        version,
        targets,
    })
}

/// What the system says of a library that it does not load.
fn said(error: &libloading::Error) -> String {
    let inner = error.source().map(ToString::to_string);
    inner.unwrap_or_else(|| error.to_string())
}

/// The target that a function makes known.
fn target(name: &'static str) -> Option<&'static str> {
    name.strip_prefix(MAKES_KNOWN.0)?
        .strip_suffix(MAKES_KNOWN.1)
}

/// Whether nothing goes without a function: all but those of other targets than x86, which an LLVM may lack.
fn is_needed(name: &str) -> bool {
    !name.starts_with(MAKES_KNOWN.0) || name.starts_with("LLVMInitializeX86")
}

/// The function of a name, or null.
fn find(library: &Library, name: &CStr) -> *mut c_void {
    // SAFETY: nothing is called here, and a symbol of another kind than a function would be no LLVM of ours.
    let symbol = unsafe { library.get::<*mut c_void>(name.to_bytes_with_nul()) };
    symbol.map_or(std::ptr::null_mut(), |symbol| symbol.into_raw())
}

fn version(library: &Library) -> Result<Version, Reason> {
    type GetVersion = unsafe extern "C" fn(*mut c_uint, *mut c_uint, *mut c_uint);
    // SAFETY: in every LLVM that has this function (since 16), it is of this type.
    let function = unsafe { library.get::<GetVersion>(c"LLVMGetVersion".to_bytes_with_nul()) };
    let function = function.map_err(|_| Reason::NoLlvm)?;
    let (mut major, mut minor, mut patch) = (0, 0, 0);
    // SAFETY: it writes three numbers, which outlive the call.
    unsafe { function(&mut major, &mut minor, &mut patch) };
    Ok(Version {
        major,
        minor,
        patch,
    })
}
