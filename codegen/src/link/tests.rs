//! Links small objects made with Cranelift, reads the results back and runs them.

use super::*;
use cranelift_codegen::ir::{AbiParam, Function, InstBuilder, MemFlagsData, Value, types};
use cranelift_codegen::settings::{self, Configurable};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use cranelift_module::{DataDescription, FuncId, Linkage, Module};
use cranelift_object::{ObjectBuilder, ObjectModule};
use object::read::archive::ArchiveFile;
use object::read::elf::{Dyn, ElfFile64, FileHeader, ProgramHeader};
use object::{LittleEndian, Object, ObjectSection, ObjectSymbol, elf};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

const TABLE: [i64; 4] = [11, 22, 33, 44];

/// A module under construction whose functions take and return 64-bit integers.
struct Fixture {
    module: ObjectModule,
}

impl Fixture {
    fn new() -> Self {
        Self::with_pic("true")
    }

    fn with_pic(is_pic: &str) -> Self {
        let mut flags = settings::builder();
        flags.set("is_pic", is_pic).unwrap();
        flags.set("opt_level", "speed").unwrap();
        let isa = cranelift_native::builder()
            .unwrap()
            .finish(settings::Flags::new(flags))
            .unwrap();
        let names = cranelift_module::default_libcall_names();
        let mut builder = ObjectBuilder::new(isa, "fixture", names).unwrap();
        builder
            .per_function_section(true)
            .per_data_object_section(true);
        Self {
            module: ObjectModule::new(builder),
        }
    }

    fn declare(&mut self, name: &str, linkage: Linkage, arity: usize) -> FuncId {
        let mut signature = self.module.make_signature();
        signature.params = vec![AbiParam::new(types::I64); arity];
        signature.returns = vec![AbiParam::new(types::I64)];
        self.module
            .declare_function(name, linkage, &signature)
            .unwrap()
    }

    fn define(
        &mut self,
        id: FuncId,
        body: impl FnOnce(&mut ObjectModule, &mut FunctionBuilder<'_>, &[Value]) -> Value,
    ) {
        let mut context = self.module.make_context();
        let signature = self
            .module
            .declarations()
            .get_function_decl(id)
            .signature
            .clone();
        context.func = Function::with_name_signature(Default::default(), signature);
        let mut builder_context = FunctionBuilderContext::new();
        let mut builder = FunctionBuilder::new(&mut context.func, &mut builder_context);
        let block = builder.create_block();
        builder.append_block_params_for_function_params(block);
        builder.switch_to_block(block);
        builder.seal_all_blocks();
        let parameters = builder.block_params(block).to_vec();
        let result = body(&mut self.module, &mut builder, &parameters);
        builder.ins().return_(&[result]);
        builder.finalize(self.module.target_config());
        self.module.define_function(id, &mut context).unwrap();
    }

    /// A function that passes its parameters on to another.
    fn define_forward(&mut self, id: FuncId, callee: FuncId) {
        self.define(id, |module, builder, parameters| {
            let callee = module.declare_func_in_func(callee, builder.func);
            let call = builder.ins().call(callee, parameters);
            builder.inst_results(call)[0]
        });
    }

    fn finish(self, name: &str) -> ObjectFile {
        ObjectFile {
            name: name.to_owned(),
            bytes: self.module.finish().emit().unwrap(),
        }
    }
}

/// The library under test: `m_add` through a local helper, `m_at` reads a constant table through
/// a pointer in relocated data, `m_copy` and `m_fill` call libc, `unused` is reachable from nothing.
fn model(prefix: &str, bias: i64) -> ObjectFile {
    let mut fixture = Fixture::new();
    let helper = fixture.declare("helper", Linkage::Local, 2);
    fixture.define(helper, |_, builder, x| {
        let sum = builder.ins().iadd(x[0], x[1]);
        builder.ins().iadd_imm_s(sum, bias)
    });
    let unused = fixture.declare("unused", Linkage::Local, 2);
    fixture.define_forward(unused, helper);
    let add = fixture.declare(&format!("{prefix}_add"), Linkage::Export, 2);
    fixture.define_forward(add, helper);
    define_table_reader(&mut fixture, prefix);
    for (name, callee) in [("copy", "memcpy"), ("fill", "memset")] {
        let callee = fixture.declare(callee, Linkage::Import, 3);
        let caller = fixture.declare(&format!("{prefix}_{name}"), Linkage::Export, 3);
        fixture.define_forward(caller, callee);
    }
    fixture.finish(&format!("{prefix}.o"))
}

fn define_table_reader(fixture: &mut Fixture, prefix: &str) {
    let table = fixture
        .module
        .declare_data("table", Linkage::Local, false, false)
        .unwrap();
    let mut constants = DataDescription::new();
    constants.define(TABLE.iter().flat_map(|entry| entry.to_le_bytes()).collect());
    constants.set_align(64);
    fixture.module.define_data(table, &constants).unwrap();
    let pointer = fixture
        .module
        .declare_data("pointer", Linkage::Local, false, false)
        .unwrap();
    let mut relocated = DataDescription::new();
    relocated.define(vec![0; 8].into());
    let target = fixture.module.declare_data_in_data(table, &mut relocated);
    relocated.write_data_addr(0, target, 0);
    fixture.module.define_data(pointer, &relocated).unwrap();
    let at = fixture.declare(&format!("{prefix}_at"), Linkage::Export, 1);
    fixture.define(at, |module, builder, x| {
        let flags = MemFlagsData::trusted();
        let pointer = module.declare_data_in_func(pointer, builder.func);
        let cell = builder.ins().symbol_value(types::I64, pointer);
        let base = builder.ins().load(types::I64, flags, cell, 0);
        let offset = builder.ins().imul_imm_s(x[0], 8);
        let address = builder.ins().iadd(base, offset);
        builder.ins().load(types::I64, flags, address, 0)
    });
}

/// An object that calls a function that nobody defines.
fn object_with_undefined() -> ObjectFile {
    let mut fixture = Fixture::new();
    let missing = fixture.declare("foo_missing", Linkage::Import, 1);
    let caller = fixture.declare("m_caller", Linkage::Export, 1);
    fixture.define_forward(caller, missing);
    fixture.finish("caller.o")
}

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
        keep_loaded: false,
    })
}

fn read(library: &[u8]) -> ElfFile64<'_, LittleEndian> {
    ElfFile64::parse(library).unwrap()
}

/// The values of all entries of `.dynamic` with a tag.
fn dynamic_values(library: &ElfFile64<'_, LittleEndian>, tag: i64) -> Vec<u64> {
    let sections = library.elf_section_table();
    let (entries, _) = sections
        .dynamic(LittleEndian, library.data())
        .unwrap()
        .unwrap();
    entries
        .iter()
        .take_while(|entry| entry.d_tag(LittleEndian) != elf::DT_NULL)
        .filter(|entry| entry.d_tag(LittleEndian) == tag)
        .map(|entry| entry.d_val(LittleEndian))
        .collect()
}

/// The strings that the entries of `.dynamic` with a tag name.
fn dynamic_strings(library: &ElfFile64<'_, LittleEndian>, tag: i64) -> Vec<String> {
    let strings = library.section_by_name(".dynstr").unwrap().data().unwrap();
    let at = |offset: u64| {
        let rest = &strings[offset as usize..];
        let end = rest.iter().position(|byte| *byte == 0).unwrap();
        String::from_utf8(rest[..end].to_vec()).unwrap()
    };
    dynamic_values(library, tag).into_iter().map(at).collect()
}

fn dynamic_symbols(library: &ElfFile64<'_, LittleEndian>, defined: bool) -> BTreeSet<String> {
    library
        .dynamic_symbols()
        .filter(|symbol| symbol.is_undefined() != defined)
        .map(|symbol| symbol.name().unwrap().to_owned())
        .filter(|name| !name.is_empty())
        .collect()
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
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

/// A library on disk, loaded.
struct Loaded {
    library: libloading::Library,
    _directory: tempfile::TempDir,
}

impl Loaded {
    fn new(bytes: &[u8], name: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        // SAFETY: the library was linked from a fixture, which has no initialisers.
        let library = unsafe { libloading::Library::new(&path) }.unwrap();
        Self {
            library,
            _directory: directory,
        }
    }

    fn unary(&self, name: &str) -> extern "C" fn(i64) -> i64 {
        // SAFETY: the fixtures' functions of one parameter have this type.
        *unsafe { self.library.get(name) }.unwrap()
    }

    fn binary(&self, name: &str) -> extern "C" fn(i64, i64) -> i64 {
        // SAFETY: the fixtures' functions of two parameters have this type.
        *unsafe { self.library.get(name) }.unwrap()
    }

    fn ternary(&self, name: &str) -> extern "C" fn(i64, i64, i64) -> i64 {
        // SAFETY: the fixtures' functions of three parameters have this type.
        *unsafe { self.library.get(name) }.unwrap()
    }
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
