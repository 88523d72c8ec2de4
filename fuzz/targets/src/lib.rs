//! What fuzzing asks of everything that reads what it has not written: any bytes whatever are accepted
//! or refused without a panic, a hang or a large allocation, and what is accepted survives the way
//! through its own printed form.
//!
//! Each target is a function of bytes. libFuzzer calls them (`cargo fuzz run text`, in `fuzz/`), and so
//! does a test, with the committed corpus and a bounded number of mutations of it.

pub mod growth;

use lgc_codegen::kernel::{self, Kernel, Program};
use lgc_codegen::lower::{LowerError, Signature, lower as lower_graph};
use lgc_codegen::target::Target as LowerTarget;
use lgc_ir::diag::Diagnostics;
use lgc_ir::lang::{self, Options, Unreadable};
use lgc_ir::module::Module;
use lgc_ir::rewrite::optimize;
use lgc_ir::span::SourceMap;
use lgc_ir::verify::verify;
use lgc_ir::weights::{self, Weights};
use lgc_runtime::{npy as npy_file, npz as npz_file};
use std::io::Cursor;

/// A target: its name, which is that of its corpus, and what it does.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 7] = [
    ("text", text),
    ("elaborate", elaborate),
    ("lower", lower),
    ("kernel", kernel),
    ("npy", npy),
    ("npz", npz),
    ("safetensors", safetensors),
];

/// More nodes than this are not expanded, so that no input takes long.
const MAX_NODES: usize = 1 << 10;

/// The parser and the formatter of the graph language. The canonical form of what parses parses, is
/// its own canonical form, and has the same comments.
///
/// # Panics
/// If any of that is not so.
pub fn text(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Some(canonical) = format(&text) else {
        return;
    };
    let again = format(&canonical);
    assert_eq!(
        again.as_ref(),
        Some(&canonical),
        "formatting is no fixed point"
    );
}

/// The canonical form of a text, if it parses. A text that does not is printed, too, as far as it was
/// understood.
fn format(text: &str) -> Option<String> {
    let mut sources = SourceMap::new();
    let file = sources.add("input", text).ok()?;
    let mut found = Diagnostics::new();
    let ast = lang::parse(file, text, &mut found);
    let printed = lang::print(&ast);
    found.plain(&sources);
    (!found.has_errors()).then_some(printed)
}

/// The elaborator, on whatever parses and on what is left of what does not. Graphs verify, and their
/// printed form elaborates to the same text.
///
/// # Panics
/// If any of that is not so.
pub fn elaborate(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Some(module) = elaborated(&text) else {
        return;
    };
    for entry in &module.entries {
        assert_eq!(verify(&entry.graph), Ok(()), "of `{}`", entry.name);
    }
    if module.entries.is_empty() {
        // A file for others to use: as a file of its own it would export nothing.
        return;
    }
    let printed = lang::print_module(&module);
    let again = elaborated(&printed).map(|module| lang::print_module(&module));
    assert_eq!(again.as_ref(), Some(&printed), "printing is no fixed point");
}

/// The module of a text without errors.
fn elaborated(text: &str) -> Option<Module> {
    let mut sources = SourceMap::new();
    let options = Options {
        max_nodes: MAX_NODES,
        ..Options::default()
    };
    let (module, found) = observed(text, &mut sources, &options)?;
    found.plain(&sources);
    (!found.has_errors()).then_some(module)
}

/// What becomes of a text that may name no files, with what was found; nothing if it is too long for a source.
fn observed(
    text: &str,
    sources: &mut SourceMap,
    options: &Options,
) -> Option<(Module, Diagnostics)> {
    let file = sources.add("input", text).ok()?;
    let mut found = Diagnostics::new();
    let ast = lang::parse(file, text, &mut found);
    let mut no_files = |_: &str| Err("there are no files here".to_owned());
    let mut ast = lang::import(ast, sources, &mut no_files, &mut found);
    let mut no_tensors = |_: &str| Err(Unreadable::Because("there are no files here".to_owned()));
    lang::load(&mut ast, sources, &mut no_tensors, &mut found);
    let (module, _) = lang::observe(&ast, options, &mut found);
    Some((module, found))
}

/// The passes and the lowering, on whatever elaborates: graphs of any sizes come to kernels that verify, or
/// are refused for what they would have to store.
///
/// # Panics
/// If that is not so.
pub fn lower(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Some(module) = elaborated(&text) else {
        return;
    };
    for entry in &module.entries {
        let name = &entry.name;
        let optimized = optimize(&entry.graph, true);
        let fault = optimized.as_ref().err().map(ToString::to_string);
        assert_eq!(fault, None, "of `{name}`");
        let Ok((graph, ..)) = optimized else { continue };
        match lower_graph(&graph, &Signature::of(entry), &LowerTarget::default()) {
            Ok(lowering) => assert_eq!(kernel::verify(&lowering.program), Ok(()), "of `{name}`"),
            Err(LowerError::TooLarge { span, .. }) => {
                assert!(!span.is_synthetic(), "what is too large has a place");
            }
            Err(error) => assert_eq!(error.to_string(), "", "of `{name}`"),
        }
    }
}

/// The parsers and verifiers of kernels and programs. What parses survives the way through text.
///
/// # Panics
/// If it does not.
pub fn kernel(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(program) = text.parse::<Program>() {
        // Whether it verifies does not matter, but it must not panic.
        drop(kernel::verify(&program));
        let printed = program.to_string();
        let again = printed
            .parse::<Program>()
            .map(|program| program.to_string());
        assert_eq!(again.as_ref(), Ok(&printed), "printing is no fixed point");
    }
    if let Ok(kernel) = text.parse::<Kernel>() {
        let printed = kernel.to_string();
        let again = printed.parse::<Kernel>().map(|kernel| kernel.to_string());
        assert_eq!(again.as_ref(), Ok(&printed), "printing is no fixed point");
    }
}

/// The reader of `.npy` files. What it reads it reads again from what it writes.
///
/// # Panics
/// If it does not.
pub fn npy(data: &[u8]) {
    let Ok(tensor) = npy_file::decode(data) else {
        return;
    };
    let again = npy_file::decode(&npy_file::encode(&tensor));
    let same = again.is_ok_and(|again| {
        again.tensor_type() == tensor.tensor_type() && again.bytes() == tensor.bytes()
    });
    assert!(same, "an array changes on its way through a file");
}

/// The reader of `.npz` archives. What it reads it reads again from what it writes.
///
/// # Panics
/// If it does not.
pub fn npz(data: &[u8]) {
    let Ok(arrays) = npz_file::read(Cursor::new(data)) else {
        return;
    };
    let pairs = arrays.iter().map(|(name, tensor)| (name.as_str(), tensor));
    let Ok(written) = npz_file::encode(pairs) else {
        return;
    };
    let again = npz_file::read(Cursor::new(&written));
    let same = again.is_ok_and(|again| {
        let mut pairs = again.iter().zip(&arrays);
        again.len() == arrays.len() && pairs.all(|(a, b)| a.0 == b.0 && a.1.bytes() == b.1.bytes())
    });
    assert!(same, "an archive changes on its way through a file");
}

/// The reader of safetensors files. What it reads it reads again from what is written of it.
///
/// # Panics
/// If it does not.
pub fn safetensors(data: &[u8]) {
    let Ok(file) = Weights::open(data) else {
        return;
    };
    let tensor = |name: &str| Some((name.to_owned(), file.tensor(name).ok()?));
    let tensors: Vec<_> = file.names().into_iter().filter_map(tensor).collect();
    let pairs = tensors.iter().map(|(name, tensor)| (name.clone(), tensor));
    let written = weights::encode(pairs).unwrap_or_default();
    let again = Weights::open(&written);
    for (name, tensor) in &tensors {
        let same = again.as_ref().is_ok_and(|again| {
            again.tensor(name).is_ok_and(|again| {
                again == *tensor && weights::has_hash(&again, &weights::hash(tensor))
            })
        });
        assert!(same, "a tensor changes on its way through a file");
    }
}
