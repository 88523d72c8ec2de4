//! The LLVM of the toolchain loads, is what it should be, and is not linked.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

use lgc_llvm::inkwell::context::Context;
use lgc_llvm::inkwell::support::get_llvm_version;
use lgc_llvm::{LoadError, Loaded, MAJOR, load};
use object::read::ReadCache;
use object::read::elf::ElfFile64;
use object::{LittleEndian as LE, Object, ObjectSymbol, SymbolKind};
use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;

fn loaded() -> &'static Loaded {
    load(None).unwrap()
}

#[test]
fn the_library_of_the_toolchain_is_loaded_once_for_all_threads() {
    let starts = std::sync::Barrier::new(8);
    let addresses: BTreeSet<usize> = std::thread::scope(|scope| {
        let started: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    starts.wait();
                    std::ptr::from_ref(loaded()) as usize
                })
            })
            .collect();
        started
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert_eq!(addresses.len(), 1);
}

#[test]
fn what_is_said_of_it_is_so() {
    let llvm = loaded();
    let version = llvm.version();
    assert_eq!(version.major, MAJOR);
    assert_eq!(
        (version.major, version.minor, version.patch),
        get_llvm_version()
    );
    assert!(
        llvm.path().is_file() && llvm.path().is_absolute(),
        "{llvm:?}"
    );
    for target in ["AArch64", "NVPTX", "X86"] {
        assert!(llvm.targets().contains(&target), "{llvm:?}");
    }
}

#[test]
fn the_same_library_may_be_named_and_no_other() {
    let llvm = loaded();
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("link.so");
    std::os::unix::fs::symlink(llvm.path(), &link).unwrap();
    for path in [llvm.path(), &link] {
        assert!(std::ptr::eq(load(Some(path)).unwrap(), llvm));
    }
    let error = load(Some(Path::new("/nowhere/libLLVM.so"))).unwrap_err();
    assert!(matches!(error, LoadError::Another { .. }), "{error}");
    assert!(
        error.to_string().contains(llvm.path().to_str().unwrap()),
        "{error}"
    );
}

#[test]
fn functions_are_called_through_the_table() {
    loaded();
    let context = Context::create();
    let module = context.create_module("trial");
    let kind = context
        .i32_type()
        .fn_type(&[context.i32_type().into()], false);
    let function = module.add_function("twice", kind, None);
    let builder = context.create_builder();
    builder.position_at_end(context.append_basic_block(function, "entry"));
    let x = function.get_nth_param(0).unwrap().into_int_value();
    let twice = builder.build_int_add(x, x, "").unwrap();
    builder.build_return(Some(&twice)).unwrap();
    module.verify().unwrap();
    let text = module.print_to_string().to_string();
    assert!(text.contains("add i32 %0, %0"), "{text}");
}

/// The functions that a library defines for others.
fn exports(path: &Path) -> BTreeSet<String> {
    let cache = ReadCache::new(File::open(path).unwrap());
    let elf = ElfFile64::<LE, _>::parse(&cache).unwrap();
    let functions = elf
        .dynamic_symbols()
        .filter(|symbol| symbol.is_definition() && symbol.kind() == SymbolKind::Text);
    functions
        .map(|symbol| symbol.name().unwrap().to_owned())
        .collect()
}

#[test]
fn the_list_of_functions_is_that_of_the_library() {
    let listed: Vec<&str> = include_str!("../src/functions.txt").lines().collect();
    assert!(listed.is_sorted() && listed.len() > 1000);
    let listed: BTreeSet<String> = listed.into_iter().map(str::to_owned).collect();
    let exported: BTreeSet<String> = exports(loaded().path())
        .into_iter()
        .filter(|name| name.starts_with("LLVM"))
        .collect();
    let lost: Vec<_> = listed.difference(&exported).collect();
    let new: Vec<_> = exported.difference(&listed).collect();
    assert!(
        lost.is_empty() && new.is_empty(),
        "not there: {lost:?}; not listed: {new:?}"
    );
}

#[test]
fn a_program_with_llvm_in_it_does_not_need_the_library_to_start() {
    loaded();
    let bytes = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    let elf = ElfFile64::<LE>::parse(&*bytes).unwrap();
    let table = elf.elf_section_table().dynamic_table(LE, &*bytes).unwrap();
    let needed = table
        .iter()
        .filter(|entry| entry.tag == object::elf::DT_NEEDED);
    let needed: Vec<String> = needed
        .map(|entry| String::from_utf8_lossy(table.string(entry).unwrap()).into_owned())
        .collect();
    assert!(
        needed.iter().any(|name| name.starts_with("libc.so")),
        "{needed:?}"
    );
    let known = ["libc.so", "libgcc_s.so", "libm.so", "ld-linux"];
    for name in &needed {
        assert!(
            known.iter().any(|known| name.starts_with(known)),
            "{needed:?}"
        );
    }
    // The stubs are its own: nobody finds them from outside, the library itself least of all.
    let exported = elf
        .dynamic_symbols()
        .filter(|symbol| symbol.is_definition());
    let exported: Vec<&str> = exported.map(|symbol| symbol.name().unwrap()).collect();
    assert!(
        !exported.iter().any(|name| name.starts_with("LLVM")),
        "{exported:?}"
    );
}

#[test]
fn instructions_that_inkwell_lacks_are_built() {
    use lgc_llvm::inkwell::AddressSpace;
    loaded();
    let context = Context::create();
    let module = context.create_module("trial");
    let (pointer, long) = (
        context.ptr_type(AddressSpace::default()),
        context.i64_type(),
    );
    let kind = long.fn_type(&[pointer.into(), long.into()], false);
    let function = module.add_function("element", kind, None);
    let builder = context.create_builder();
    let value = long.const_zero().into();
    assert!(
        lgc_llvm::freeze(&builder, value).is_err(),
        "it stands nowhere"
    );
    builder.position_at_end(context.append_basic_block(function, "entry"));
    let base = function.get_nth_param(0).unwrap().into_pointer_value();
    let bytes = function.get_nth_param(1).unwrap().into_int_value();
    let at = lgc_llvm::byte_offset(&builder, base, bytes).unwrap();
    let value = builder.build_load(long, at, "").unwrap();
    let frozen = lgc_llvm::freeze(&builder, value).unwrap();
    builder.build_return(Some(&frozen)).unwrap();
    module.verify().unwrap();
    let text = module.print_to_string().to_string();
    for line in ["getelementptr i8, ptr %0, i64 %1", "freeze i64 "] {
        assert!(text.contains(line), "{text}");
    }
}
