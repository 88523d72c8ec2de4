//! Libraries of several levels through LLVM, called through their C interface.

#![cfg(feature = "llvm")]

use super::*;
use crate::backend::llvm::Llvm;
use crate::backend::llvm::machine::Effort;
use crate::link::{ExportPattern, LinkOptions, link_shared, verify_objects};
use crate::lower::{Signature, lower};
use crate::shell::freestanding::IMPORTS;
use crate::target::{Costs, Target};
use lgc_abi::layout::{RawCtx, RawInfo, RawTask};
use lgc_abi::{Entry, Status, ValueMap};
use lgc_ir::diag::Diagnostics;
use lgc_ir::dtype::DType;
use lgc_ir::half::Half;
use lgc_ir::lang::{Options, elaborate, parse};
use lgc_ir::module::Module;
use lgc_ir::rewrite::optimize;
use lgc_ir::span::SourceMap;
use object::{Object, ObjectSection, ObjectSymbol};
use std::ffi::{CStr, c_char, c_void};
use std::io::Write;
use std::ptr::{null, null_mut};

/// A step of training, and entries with halves, integers, folds and prefix sums.
const WHOLE: &str = "\
struct Linear[I, O] { w: f32[I, O], b: f32[O] }

graph loss(x: f32[24, 35], labels: i32[24], p: Linear[35, 10]) -> (l: f32[]) {
    l = cross_entropy(gelu(x @ p.w + p.b), labels)
}

entry step(x: f32[24, 35], labels: i32[24], rate: f32[], inout p: Linear[35, 10]) -> (l: f32[]) {
    (l, d) = value_and_grad(loss, wrt = p)(x, labels, p)
    p.w' = p.w - rate * d.w
    p.b' = p.b - rate * d.b
}

entry rows(x: bf16[9, 130], y: f64[70, 33]) -> (s: bf16[9, 130], columns: f64[33], best: i32[9]) {
    s = softmax(x)
    columns = sum(exp(y), axes = [0])
    best = argmax(x, axis = 1)
}

entry integers(k: i32[40, 19], n: i32[]) -> (q: i32[40, 19], t: i32[40, 19]) {
    q = k / n
    t = cumsum(k)
}
";

/// Two libraries of one interface: what one doubles, the other one squares.
const DOUBLES: &str = "entry f(x: f32[40, 33]) -> (y: f32[40, 33]) { y = x + x }\n";
const SQUARES: &str = "entry f(x: f32[40, 33]) -> (y: f32[40, 33]) { y = x * x }\n";

/// Machine code that says that the processor is of a level, by number: mov eax, imm32; ret.
const SAYS: [&[u8]; 3] = [
    &[0xb8, 0, 0, 0, 0, 0xc3],
    &[0xb8, 1, 0, 0, 0, 0xc3],
    &[0xb8, 2, 0, 0, 0, 0xc3],
];

fn llvm() -> Backend {
    Backend::Llvm(Llvm::new(lgc_llvm::load(None).unwrap(), Effort::Most))
}

/// What LLVM makes code for at a level, with tasks of small loops.
fn target(level: Level) -> Target {
    let target = Target::of_level(level);
    Target {
        costs: Costs {
            task_work: 1 << 4,
            shared_work: 1 << 6,
            max_tasks: 5,
            fold_task: 1 << 6,
            ..target.costs
        },
        ..target
    }
}

fn targets() -> Vec<Target> {
    Level::ALL.map(target).to_vec()
}

fn module(text: &str) -> Module {
    let (mut sources, mut diagnostics) = (SourceMap::new(), Diagnostics::new());
    let file = sources.add("m.graph", text).unwrap();
    let tree = parse(file, text, &mut diagnostics);
    let module = elaborate(&tree, &Options::default(), &mut diagnostics);
    assert!(!diagnostics.has_errors(), "{}", diagnostics.plain(&sources));
    module
}

/// What is compiled: for each target the text of which it runs the entries. All describe the same.
struct Sources {
    library: Library,
    programs: Vec<Vec<Legal>>,
}

impl Sources {
    fn new(levels: &[(&str, Target)]) -> Self {
        let modules = levels.iter().map(|(text, target)| (module(text), target));
        let modules: Vec<_> = modules.collect();
        let mut sources = Sources {
            library: Library {
                name: "m".to_owned(),
                doc: String::new(),
                entries: Vec::new(),
                target: String::new(),
                features: Vec::new(),
                compiler: "lgc".to_owned(),
                evidence: String::new(),
                conditions: Vec::new(),
                map: ValueMap::default(),
            },
            programs: Vec::new(),
        };
        for (number, entry) in modules[0].0.entries.iter().enumerate() {
            let programs = modules.iter().map(|(module, target)| {
                let entry = &module.entries[number];
                let (graph, _, _) = optimize(&entry.graph, true).unwrap();
                let lowering = lower(&graph, &Signature::of(entry), target).unwrap();
                Legal::new(&lowering.program, target)
            });
            let programs: Vec<Legal> = programs.collect();
            let sizes = programs.iter().map(|legal| legal.program().workspace);
            let entry = Entry::of_module(entry, sizes.max().unwrap()).unwrap();
            sources.library.entries.push(entry);
            sources.programs.push(programs);
        }
        sources
    }

    /// One text for several targets.
    fn of(text: &str, targets: &[Target]) -> Self {
        let levels = targets.iter().map(|target| (text, target.clone()));
        Self::new(&levels.collect::<Vec<_>>())
    }

    fn object(&self, backend: Backend) -> ObjectFile {
        compile_library(&self.library, &self.programs, backend, None).unwrap()
    }

    /// The library on a processor that says that it is of a level.
    fn told(&self, level: usize) -> Loaded {
        let object = compile_with(
            &self.library,
            &self.programs,
            (llvm(), None),
            Some(SAYS[level]),
        );
        Loaded::new(&self.library, object.unwrap())
    }
}

fn linked(object: ObjectFile) -> Vec<u8> {
    let exports = ExportPattern::new("m_*").unwrap();
    link_shared(&[object], &exports, "m.so", &LinkOptions::default()).unwrap()
}

/// A library that was linked and loaded.
struct Loaded {
    entries: Vec<EntryInfo>,
    library: libloading::Library,
    _file: tempfile::NamedTempFile,
}

type Call = unsafe extern "C" fn(*const *mut u8, *mut u8, *const RawCtx, u64) -> i32;

/// Memory for a workspace or a tensor.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; 64]);

fn memory(bytes: u64) -> Vec<Line> {
    vec![Line([0; 64]); bytes.div_ceil(64) as usize + 1]
}

/// Elements of a tensor, different ones for each seed. Integers are from 0 to 9: they may be labels.
fn elements(dtype: DType, count: u64, seed: u64) -> Vec<u8> {
    let bytes = |at: u64| {
        let drawn = (at + 1 + (seed << 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        let number = drawn as f64 / f64::from(1 << 23) - 1.0;
        match dtype {
            DType::F64 => number.to_le_bytes().to_vec(),
            DType::F32 => (number as f32).to_le_bytes().to_vec(),
            DType::Bf16 => Half::BF16.encode(number).to_le_bytes().to_vec(),
            DType::I32 => (drawn as i32 % 10).to_le_bytes().to_vec(),
            DType::Bool | DType::I64 | DType::U32 | DType::F16 => panic!("no entry has {dtype}"),
        }
    };
    (0..count).flat_map(bytes).collect()
}

impl Loaded {
    fn new(library: &Library, object: ObjectFile) -> Self {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&linked(object)).unwrap();
        let entries = library.entries.iter();
        Loaded {
            entries: entries.map(|entry| EntryInfo::new("m", entry)).collect(),
            // SAFETY: the library has no initialisers.
            library: unsafe { libloading::Library::new(file.path()) }.unwrap(),
            _file: file,
        }
    }

    fn get<T: Copy>(&self, symbol: &str) -> T {
        // SAFETY: the callers state the types that the C ABI gives these symbols.
        unsafe { *self.library.get::<T>(symbol.as_bytes()).unwrap() }
    }

    /// The extensions that it says it needs.
    fn features(&self) -> String {
        let info: unsafe extern "C" fn() -> *const RawInfo = self.get("m_info");
        // SAFETY: the function returns a constant, whose texts are constants too.
        let text = unsafe { CStr::from_ptr((*info()).features.cast::<c_char>()) };
        text.to_str().unwrap().to_owned()
    }

    /// The status of each entry, and the tensors after it was called.
    fn call(&self, context: Option<&RawCtx>) -> Vec<(i32, Vec<Vec<u8>>)> {
        let entries = self.entries.iter();
        entries
            .map(|entry| self.call_entry(entry, context))
            .collect()
    }

    fn call_entry(&self, entry: &EntryInfo, context: Option<&RawCtx>) -> (i32, Vec<Vec<u8>>) {
        let mut tensors = Vec::new();
        for (number, leaf) in entry.leaves.iter().enumerate() {
            let count = leaf.tensor.dims().iter().product::<u64>();
            let mut tensor = elements(leaf.tensor.dtype(), count, number as u64);
            if leaf.direction == Direction::Out {
                tensor.fill(0xcd);
            }
            let mut lines = memory(tensor.len() as u64);
            // SAFETY: there are so many bytes.
            unsafe {
                lines
                    .as_mut_ptr()
                    .cast::<u8>()
                    .copy_from(tensor.as_ptr(), tensor.len())
            };
            tensors.push((lines, tensor.len()));
        }
        let args = tensors.iter_mut();
        let args: Vec<*mut u8> = args.map(|(lines, _)| lines.as_mut_ptr().cast()).collect();
        let mut workspace = memory(entry.workspace_bytes);
        let call: Call = self.get(&entry.symbol);
        let context = context.map_or(null(), std::ptr::from_ref);
        // SAFETY: tensors and workspace are as large as the entry says, and nobody else uses them.
        let status = unsafe {
            let workspace = workspace.as_mut_ptr().cast();
            call(args.as_ptr(), workspace, context, entry.signature())
        };
        let after = tensors.iter().map(|(lines, size)| {
            let bytes = lines.iter().flat_map(|line| line.0);
            bytes.take(*size).collect()
        });
        (status, after.collect())
    }
}

/// A `parallel_for` that runs tasks in turn, the last one first, and counts calls of more than one.
unsafe extern "C" fn backwards(
    count: *mut c_void,
    tasks: u64,
    task: Option<RawTask>,
    task_data: *mut c_void,
) {
    for number in (0..tasks).rev() {
        // SAFETY: the contract of `lgc_parallel_for`.
        unsafe { task.unwrap()(task_data, number) };
    }
    // SAFETY: the data of the test is a number.
    unsafe { *count.cast::<u64>() += u64::from(tasks > 1) };
}

/// Whoever runs tasks, and whichever level does, the bits are those of Cranelift.
#[test]
fn entries_compute_the_bits_of_cranelift() {
    let expected = Sources::of(WHOLE, &[Target::BITS_128]);
    let object = expected.object(Backend::Cranelift);
    let expected = Loaded::new(&expected.library, object).call(None);
    assert!(expected.iter().all(|(status, _)| *status == 0));
    let here = Level::ALL.into_iter().filter(|level| level.is_here());
    let single = here.map(|level| vec![target(level)]);
    for targets in single.chain([targets()]) {
        let sources = Sources::of(WHOLE, &targets);
        let loaded = Loaded::new(&sources.library, sources.object(llvm()));
        assert!(loaded.call(None) == expected, "{targets:?}");
        let create: unsafe extern "C" fn(u32) -> *mut c_void = loaded.get("m_pool_create");
        let destroy: unsafe extern "C" fn(*mut c_void) = loaded.get("m_pool_destroy");
        // SAFETY: the function may be called with any number.
        let pool = unsafe { create(3) };
        assert!(!pool.is_null());
        let mut count = 0u64;
        let on_pool = RawCtx {
            struct_size: size_of::<RawCtx>() as u64,
            pool,
            parallel_for: None,
            data: null_mut(),
        };
        assert!(loaded.call(Some(&on_pool)) == expected, "{targets:?}");
        // SAFETY: nobody uses the pool any more.
        unsafe { destroy(pool) };
        let counting = RawCtx {
            pool: null_mut(),
            parallel_for: Some(backwards),
            data: (&raw mut count).cast(),
            ..on_pool
        };
        for (entry, expected) in loaded.entries.iter().zip(&expected) {
            let before = count;
            let found = loaded.call_entry(entry, Some(&counting));
            assert!(found == *expected, "{} for {targets:?}", entry.name);
            assert!(count > before, "{} has tasks", entry.name);
        }
    }
}

#[test]
fn the_highest_level_that_the_processor_has_runs() {
    let both = Sources::new(&[(DOUBLES, target(Level::V3)), (SQUARES, target(Level::V4))]);
    let only_v4 = Sources::of(SQUARES, &[target(Level::V4)]);
    let cranelift = |text: &str| {
        let sources = Sources::of(text, &[Target::BITS_128]);
        let object = sources.object(Backend::Cranelift);
        Loaded::new(&sources.library, object).call(None)
    };
    let (doubled, squared) = (cranelift(DOUBLES), cranelift(SQUARES));
    assert!(doubled != squared);
    for refused in [both.told(0), only_v4.told(0), only_v4.told(1)] {
        // The second time, what is remembered says so.
        for _ in 0..2 {
            let found = refused.call(None);
            let [(status, tensors)] = found.as_slice() else {
                panic!("there is one entry");
            };
            assert_eq!(*status, Status::UnsupportedCpu.code());
            assert!(tensors[1].iter().all(|byte| *byte == 0xcd), "it ran");
        }
    }
    if Level::V3.is_here() {
        let told = both.told(1);
        assert!(told.call(None) == doubled);
        assert!(told.call(None) == doubled, "as remembered");
    }
    if Level::V4.is_here() {
        for told in [both.told(2), only_v4.told(2)] {
            assert!(told.call(None) == squared);
            assert!(told.call(None) == squared, "as remembered");
        }
    }
}

#[test]
fn a_library_needs_its_lowest_level() {
    for (targets, lowest) in [(targets(), Level::V3), (vec![target(Level::V4)], Level::V4)] {
        let sources = Sources::of(DOUBLES, &targets);
        let loaded = Loaded::new(&sources.library, sources.object(llvm()));
        assert_eq!(loaded.features(), lowest.features().join(","));
    }
}

#[test]
fn levels_out_of_order_or_twice_are_refused() {
    let [v3, v4] = Level::ALL.map(target);
    let two = |targets: [&Target; 2]| Sources::of(WHOLE, &targets.map(Target::clone));
    let mut uneven = two([&v3, &v4]);
    uneven.programs[1].pop();
    let mut none = two([&v3, &v4]);
    none.programs.iter_mut().for_each(Vec::clear);
    let mut small = two([&v3, &v4]);
    small.library.entries[0].workspace_bytes = 0;
    for wrong in [two([&v4, &v3]), two([&v3, &v3]), uneven, none, small] {
        let object = compile_library(&wrong.library, &wrong.programs, llvm(), None);
        assert!(matches!(object, Err(CompileError::Description { .. })));
    }
}

/// The names of an object's symbols that are not defined there, but of those that are, these.
fn symbols(bytes: &[u8]) -> (Vec<String>, Vec<String>) {
    let file = object::File::parse(bytes).unwrap();
    let symbols = file.symbols().chain(file.dynamic_symbols());
    let named = symbols.filter(|symbol| !symbol.name().unwrap().is_empty());
    let (absent, there): (Vec<_>, Vec<_>) = named.partition(ObjectSymbol::is_undefined);
    let names = |symbols: Vec<object::Symbol<'_, '_>>| {
        let names = symbols.iter().map(|symbol| symbol.name().unwrap());
        names.map(str::to_owned).collect()
    };
    (names(there), names(absent))
}

#[test]
fn objects_import_threads_and_nothing_else() {
    let serial = Level::ALL.map(Target::of_level).to_vec();
    let tasks: &[&str] = &IMPORTS;
    for (targets, needed) in [(targets(), tasks), (serial, &[])] {
        let object = Sources::of(WHOLE, &targets).object(llvm());
        let again = Sources::of(WHOLE, &targets).object(llvm());
        assert!(object == again, "equal input, equal bytes");
        verify_objects(std::slice::from_ref(&object)).unwrap();
        assert_eq!(symbols(&object.bytes).1, needed);
        let library = linked(object.clone());
        assert_eq!(symbols(&library).1, needed);
        for bytes in [&object.bytes, &library] {
            let file = object::File::parse(bytes.as_slice()).unwrap();
            let names = file
                .sections()
                .map(|section| section.name().unwrap().to_owned());
            let names: Vec<String> = names.collect();
            assert!(names.iter().any(|name| name.starts_with(".text")));
            assert!(
                !names.iter().any(|name| name.contains("eh_frame")),
                "{names:?}"
            );
        }
    }
}

#[test]
fn equal_kernels_are_there_once_for_each_level() {
    let twice = DOUBLES.to_owned() + &DOUBLES.replace("entry f", "entry g");
    let count = |text: &str, targets: &[Target], part: &str| {
        let (there, _) = symbols(&Sources::of(text, targets).object(llvm()).bytes);
        let prefix = format!("m.{part}");
        there
            .iter()
            .filter(|name| name.starts_with(&prefix))
            .count()
    };
    for text in [DOUBLES, &twice] {
        assert_eq!(count(text, &targets()[..1], "kernel"), 1);
        assert_eq!(count(text, &targets(), "kernel"), 2);
    }
    assert_eq!(count(DOUBLES, &targets(), "steps"), 2);
    assert_eq!(count(&twice, &targets(), "steps"), 4);
}
