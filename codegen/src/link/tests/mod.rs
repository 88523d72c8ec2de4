//! Links small objects made with Cranelift, reads the results back and runs them.

mod fixture;

use super::*;
use cranelift_module::Linkage;
use fixture::*;
use object::read::archive::ArchiveFile;
use object::read::elf::{Dyn, ElfFile64, FileHeader, ProgramHeader};
use object::{LittleEndian, Object, ObjectSection, ObjectSymbol, elf};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

fn pattern(text: &str) -> ExportPattern {
    ExportPattern::new(text).unwrap()
}

fn link_model(options: &LinkOptions) -> Vec<u8> {
    link_shared(&[model("m", 0)], &pattern("m*"), "m.so", options).unwrap()
}

fn external() -> Option<LinkOptions> {
    let cc = Path::new("/usr/bin/cc");
    cc.exists().then(|| LinkOptions {
        linker: Linker::External(cc.into()),
        ..LinkOptions::default()
    })
}

fn assert_well_formed(bytes: &[u8]) {
    let library = read(bytes);
    assert_eq!(
        dynamic_symbols(&library, true),
        names(&["m_add", "m_at", "m_copy", "m_fill"]),
        "exports"
    );
    assert_eq!(
        dynamic_symbols(&library, false),
        names(&["memcpy", "memset"]),
        "imports"
    );
    assert_eq!(dynamic_strings(&library, elf::DT_NEEDED), ["libc.so.6"]);
    assert_eq!(dynamic_strings(&library, elf::DT_SONAME), ["m.so"]);
    assert!(
        dynamic_values(&library, elf::DT_TEXTREL).is_empty(),
        "text relocations"
    );
    assert!(dynamic_values(&library, elf::DT_RPATH).is_empty());
    assert!(dynamic_values(&library, elf::DT_RUNPATH).is_empty());
    let bind_now = dynamic_values(&library, elf::DT_FLAGS_1)
        .iter()
        .any(|f| f & 1 == 1);
    assert!(bind_now, "all symbols are bound at load");
    assert_eq!(library.symbols().count(), 0, "local symbols are stripped");
    assert!(library.section_by_name(".symtab").is_none());
    assert!(bytes.len() < 24 * 1024, "{} bytes", bytes.len());
    assert_protected(&library);
}

/// No segment is writable and executable, the stack is not executable, and RELRO is there.
fn assert_protected(library: &ElfFile64<'_, LittleEndian>) {
    let mut kinds = BTreeSet::new();
    for segment in library.elf_program_headers() {
        let (kind, flags) = (segment.p_type(LittleEndian), segment.p_flags(LittleEndian));
        kinds.insert(kind);
        if kind == elf::PT_LOAD || kind == elf::PT_GNU_STACK {
            assert_ne!(
                flags & (elf::PF_W | elf::PF_X),
                elf::PF_W | elf::PF_X,
                "W^X"
            );
        }
        if kind == elf::PT_GNU_STACK {
            assert_eq!(flags & elf::PF_X, 0, "executable stack");
        }
    }
    assert!(kinds.contains(&elf::PT_GNU_STACK) && kinds.contains(&elf::PT_GNU_RELRO));
    assert_eq!(library.elf_header().e_machine(LittleEndian), elf::EM_X86_64);
}

fn assert_runs(bytes: &[u8]) {
    let library = Loaded::new(bytes, "m.so");
    assert_eq!(library.binary("m_add")(40, 2), 42);
    for (index, entry) in TABLE.into_iter().enumerate() {
        assert_eq!(library.unary("m_at")(index as i64), entry);
    }
    let mut copy = [0_i64; 4];
    let bytes = size_of_val(&copy) as i64;
    library.ternary("m_copy")(copy.as_mut_ptr() as i64, TABLE.as_ptr() as i64, bytes);
    assert_eq!(copy, TABLE);
    library.ternary("m_fill")(copy.as_mut_ptr() as i64, 0xff, bytes);
    assert_eq!(copy, [-1; 4]);
}

#[test]
fn a_linked_library_is_small_closed_and_hardened() {
    assert_well_formed(&link_model(&LinkOptions::default()));
}

#[test]
fn a_linked_library_loads_and_runs() {
    assert_runs(&link_model(&LinkOptions::default()));
}

/// Runs the test above in a process that has no environment at all, so no `PATH` either.
#[test]
fn linking_needs_no_other_program() {
    let test = "link::tests::a_linked_library_loads_and_runs";
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test])
        .env_clear()
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}"
    );
}

#[test]
fn an_external_linker_gives_the_same_guarantees() {
    let Some(options) = external() else { return };
    let library = link_model(&options);
    assert_well_formed(&library);
    assert_runs(&library);
    assert_eq!(library, link_model(&options));
}

#[test]
fn equal_inputs_give_equal_bytes() {
    let first = link_model(&LinkOptions::default());
    let others: Vec<Vec<u8>> = std::thread::scope(|scope| {
        let link = || {
            (0..5)
                .map(|_| link_model(&LinkOptions::default()))
                .collect::<Vec<_>>()
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(link)).collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    assert_eq!(others.len(), 20);
    assert!(others.iter().all(|other| *other == first));
}

#[test]
fn two_libraries_live_in_one_process() {
    let load = |prefix: &str, bias: i64| {
        let inputs = [model(prefix, bias)];
        let name = format!("{prefix}.so");
        let exports = pattern(&format!("{prefix}_*"));
        let library = link_shared(&inputs, &exports, &name, &LinkOptions::default()).unwrap();
        Loaded::new(&library, &name)
    };
    let (m, n) = (load("m", 0), load("n", 1000));
    assert_eq!(m.binary("m_add")(1, 2), 3);
    assert_eq!(n.binary("n_add")(1, 2), 1003);
}

#[test]
fn objects_are_linked_together_and_what_nothing_reaches_is_left_out() {
    let mut fixture = Fixture::new();
    let add = fixture.declare("m_add", Linkage::Import, 2);
    let sum = fixture.declare("m_sum", Linkage::Export, 2);
    fixture.define_forward(sum, add);
    let inputs = [fixture.finish("m.o"), model("m", 5)];
    let link =
        |text: &str| link_shared(&inputs, &pattern(text), "m.so", &LinkOptions::default()).unwrap();
    let (all, one) = (link("m*"), link("m_sum"));
    assert_eq!(Loaded::new(&all, "m.so").binary("m_sum")(1, 2), 8);
    assert_eq!(Loaded::new(&one, "m.so").binary("m_sum")(1, 2), 8);
    assert_eq!(dynamic_symbols(&read(&one), true), names(&["m_sum"]));
    assert_eq!(
        dynamic_symbols(&read(&one), false),
        names(&[]),
        "memcpy is not reached"
    );
    let code = |bytes| read(bytes).section_by_name(".text").unwrap().size();
    assert!(code(&one) < code(&all));
}

#[test]
fn a_library_with_threads_stays_loaded() {
    let nodelete = |keep_loaded| {
        let library = link_model(&LinkOptions {
            keep_loaded,
            ..LinkOptions::default()
        });
        let flags = dynamic_values(&read(&library), elf::DT_FLAGS_1);
        flags
            .iter()
            .any(|flags| flags & u64::from(elf::DF_1_NODELETE) != 0)
    };
    assert!(nodelete(true) && !nodelete(false));
}

fn link_error(inputs: &[ObjectFile], options: &LinkOptions) -> String {
    link_shared(inputs, &pattern("m_*"), "m.so", options)
        .unwrap_err()
        .to_string()
}

#[test]
fn a_symbol_that_nobody_defines_is_named() {
    let inputs = [model("m", 0), object_with_undefined()];
    insta::assert_snapshot!(
        link_error(&inputs, &LinkOptions::default()),
        @"undefined symbol: `foo_missing` (used by `caller.o`); a library may use its own symbols and, of libc, memcmp, memcpy, memmove, memset, pthread_create, pthread_detach, pthread_join, syscall"
    );
    assert!(matches!(
        archive(&inputs),
        Err(LinkError::UndefinedSymbols { .. })
    ));
}

#[test]
fn inputs_that_are_no_objects_are_named() {
    let object = |bytes: &[u8]| ObjectFile {
        name: "x.o".to_owned(),
        bytes: bytes.to_vec(),
    };
    let mut other_machine = model("m", 0).bytes;
    other_machine[18] = elf::EM_AARCH64 as u8;
    let inputs = [
        object(b""),
        object(b"this is no object, but text"),
        object(&model("m", 0).bytes[..100]),
        object(&link_model(&LinkOptions::default())),
        object(&other_machine),
    ];
    let errors = inputs.map(|input| link_error(&[input], &LinkOptions::default()));
    insta::assert_snapshot!(errors.join("\n"), @"
    `x.o` cannot be linked: it is no ELF file
    `x.o` cannot be linked: it is no ELF file
    `x.o` cannot be linked: Invalid ELF section header offset/size/alignment
    `x.o` cannot be linked: it is an ELF file, but not a relocatable object
    `x.o` cannot be linked: it is for another machine than x86-64
    ");
}

#[test]
fn a_truncated_object_is_an_error() {
    let whole = model("m", 0);
    for length in (0..whole.bytes.len()).step_by(97) {
        let input = ObjectFile {
            name: "m.o".to_owned(),
            bytes: whole.bytes[..length].to_vec(),
        };
        let error = link_error(&[input], &LinkOptions::default());
        assert!(
            error.contains("`m.o` cannot be linked"),
            "{length}: {error}"
        );
    }
}

#[test]
fn other_mistakes_are_explained() {
    let options = LinkOptions::default();
    let twice = [
        model("m", 0),
        ObjectFile {
            name: "again.o".to_owned(),
            ..model("m", 0)
        },
    ];
    let soname = |name: &str| {
        link_shared(&[model("m", 0)], &pattern("m*"), name, &options)
            .unwrap_err()
            .to_string()
    };
    let missing = LinkOptions {
        linker: Linker::External("/nonexistent/cc".into()),
        ..LinkOptions::default()
    };
    let failing = LinkOptions {
        linker: Linker::External("/bin/false".into()),
        ..missing.clone()
    };
    let errors = [
        link_error(&[], &options),
        link_error(&twice, &options),
        link_error(&[model("other", 0)], &options),
        soname(""),
        soname("lib/m.so"),
        ExportPattern::new("m*n").unwrap_err().to_string(),
        ExportPattern::new("*").unwrap_err().to_string(),
        ExportPattern::new("1m").unwrap_err().to_string(),
        link_error(&[model("m", 0)], &missing),
        link_error(&[model("m", 0)], &failing),
    ];
    insta::assert_snapshot!(errors.join("\n"), @"
    there is no object to link
    `m_add` is defined twice, in `m.o` and in `again.o`
    the library would export nothing: no object defines a symbol that matches `m_*`
    `` cannot be a library's soname; write a file name such as `model.so`
    `lib/m.so` cannot be a library's soname; write a file name such as `model.so`
    `m*n` is no pattern of symbols; write a C identifier, then `*` for a prefix
    `*` is no pattern of symbols; write a C identifier, then `*` for a prefix
    `1m` is no pattern of symbols; write a C identifier, then `*` for a prefix
    the linker `/nonexistent/cc` cannot be run: No such file or directory (os error 2); install it or leave the linker out to use the built-in one
    the linker `/bin/false` failed (exit status: 1): it printed nothing
    ");
}

#[test]
fn code_that_is_not_position_independent_is_refused() {
    let mut fixture = Fixture::with_pic("false");
    let helper = fixture.declare("helper", Linkage::Import, 1);
    let caller = fixture.declare("m_caller", Linkage::Export, 1);
    fixture.define_forward(caller, helper);
    let caller = fixture.finish("caller.o");
    let mut fixture = Fixture::new();
    let helper = fixture.declare("helper", Linkage::Hidden, 1);
    fixture.define(helper, |_, _, x| x[0]);
    insta::assert_snapshot!(
        link_error(&[caller, fixture.finish("helper.o")], &LinkOptions::default()),
        @"
    the built-in linker failed: Failed to copy section `.text.subsection` from file 0/caller.o (256 (1/0))
      Caused by:
        Cannot apply relocation R_X86_64_64 to read-only section. Please recompile with -fPIC or link with -no-pie
    "
    );
}

#[test]
fn an_archive_has_an_index_and_is_deterministic() {
    let inputs = [model("m", 0), model("second_model_with_a_long_name", 1)];
    let bytes = archive(&inputs).unwrap();
    assert_eq!(bytes, archive(&inputs).unwrap());
    let parsed = ArchiveFile::parse(bytes.as_slice()).unwrap();
    let index: BTreeSet<String> = parsed
        .symbols()
        .unwrap()
        .unwrap()
        .map(|symbol| String::from_utf8(symbol.unwrap().name().to_vec()).unwrap())
        .collect();
    assert!(
        index.is_superset(&names(&["m_add", "m_at", "m_copy", "m_fill"])),
        "{index:?}"
    );
    for (member, input) in parsed.members().zip(&inputs) {
        let member = member.unwrap();
        assert_eq!(member.name(), input.name.as_bytes());
        assert_eq!(member.data(bytes.as_slice()).unwrap(), input.bytes);
        assert_eq!(
            (member.date(), member.uid(), member.gid()),
            (Some(0), Some(0), Some(0))
        );
    }
}

#[test]
fn a_c_compiler_links_the_archive() {
    let Some(LinkOptions {
        linker: Linker::External(cc),
        ..
    }) = external()
    else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let [source, library, program] =
        ["main.c", "libm_model.a", "main"].map(|name| directory.path().join(name));
    let main = "long m_add(long, long); int main(void) { return m_add(40, 2) != 42; }";
    std::fs::write(&source, main).unwrap();
    std::fs::write(&library, archive(&[model("m", 0), model("n", 1)]).unwrap()).unwrap();
    let mut link = Command::new(cc);
    link.arg(&source)
        .arg(&library)
        .arg("-Wl,--fatal-warnings")
        .arg("-o")
        .arg(&program);
    let output = link.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(Command::new(&program).status().unwrap().success());
}
