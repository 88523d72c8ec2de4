//! Objects to link, made with Cranelift, and libraries to look into and to run.

use super::*;
use cranelift_codegen::ir::{AbiParam, Function, InstBuilder, MemFlagsData, Value, types};
use cranelift_codegen::settings::{self, Configurable};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use cranelift_module::{DataDescription, FuncId, Module};
use cranelift_object::{ObjectBuilder, ObjectModule};

pub(super) const TABLE: [i64; 4] = [11, 22, 33, 44];

/// A module under construction whose functions take and return 64-bit integers.
pub(super) struct Fixture {
    module: ObjectModule,
}

impl Fixture {
    pub(super) fn new() -> Self {
        Self::with_pic("true")
    }

    pub(super) fn with_pic(is_pic: &str) -> Self {
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

    pub(super) fn declare(&mut self, name: &str, linkage: Linkage, arity: usize) -> FuncId {
        let mut signature = self.module.make_signature();
        signature.params = vec![AbiParam::new(types::I64); arity];
        signature.returns = vec![AbiParam::new(types::I64)];
        self.module
            .declare_function(name, linkage, &signature)
            .unwrap()
    }

    pub(super) fn define(
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
    pub(super) fn define_forward(&mut self, id: FuncId, callee: FuncId) {
        self.define(id, |module, builder, parameters| {
            let callee = module.declare_func_in_func(callee, builder.func);
            let call = builder.ins().call(callee, parameters);
            builder.inst_results(call)[0]
        });
    }

    pub(super) fn finish(self, name: &str) -> ObjectFile {
        ObjectFile {
            name: name.to_owned(),
            bytes: self.module.finish().emit().unwrap(),
        }
    }
}

/// The library under test: `m_add` through a local helper, `m_at` reads a constant table through
/// a pointer in relocated data, `m_copy` and `m_fill` call libc, `unused` is reachable from nothing.
pub(super) fn model(prefix: &str, bias: i64) -> ObjectFile {
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

pub(super) fn define_table_reader(fixture: &mut Fixture, prefix: &str) {
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
pub(super) fn object_with_undefined() -> ObjectFile {
    let mut fixture = Fixture::new();
    let missing = fixture.declare("foo_missing", Linkage::Import, 1);
    let caller = fixture.declare("m_caller", Linkage::Export, 1);
    fixture.define_forward(caller, missing);
    fixture.finish("caller.o")
}

pub(super) fn read(library: &[u8]) -> ElfFile64<'_, LittleEndian> {
    ElfFile64::parse(library).unwrap()
}

/// The values of all entries of `.dynamic` with a tag.
pub(super) fn dynamic_values(library: &ElfFile64<'_, LittleEndian>, tag: i64) -> Vec<u64> {
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
pub(super) fn dynamic_strings(library: &ElfFile64<'_, LittleEndian>, tag: i64) -> Vec<String> {
    let strings = library.section_by_name(".dynstr").unwrap().data().unwrap();
    let at = |offset: u64| {
        let rest = &strings[offset as usize..];
        let end = rest.iter().position(|byte| *byte == 0).unwrap();
        String::from_utf8(rest[..end].to_vec()).unwrap()
    };
    dynamic_values(library, tag).into_iter().map(at).collect()
}

pub(super) fn dynamic_symbols(
    library: &ElfFile64<'_, LittleEndian>,
    defined: bool,
) -> BTreeSet<String> {
    library
        .dynamic_symbols()
        .filter(|symbol| symbol.is_undefined() != defined)
        .map(|symbol| symbol.name().unwrap().to_owned())
        .filter(|name| !name.is_empty())
        .collect()
}

pub(super) fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// A library on disk, loaded.
pub(super) struct Loaded {
    library: libloading::Library,
    _directory: tempfile::TempDir,
}

impl Loaded {
    pub(super) fn new(bytes: &[u8], name: &str) -> Self {
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

    pub(super) fn unary(&self, name: &str) -> extern "C" fn(i64) -> i64 {
        // SAFETY: the fixtures' functions of one parameter have this type.
        *unsafe { self.library.get(name) }.unwrap()
    }

    pub(super) fn binary(&self, name: &str) -> extern "C" fn(i64, i64) -> i64 {
        // SAFETY: the fixtures' functions of two parameters have this type.
        *unsafe { self.library.get(name) }.unwrap()
    }

    pub(super) fn ternary(&self, name: &str) -> extern "C" fn(i64, i64, i64) -> i64 {
        // SAFETY: the fixtures' functions of three parameters have this type.
        *unsafe { self.library.get(name) }.unwrap()
    }
}
