//! From programs to a shared library that is called through its C ABI.

use super::programs::scan;
use super::{Bytes, CompiledEntry, Jit};
use crate::backend::Backend;
use crate::kernel::Program;
use crate::legalize::Legal;
use crate::level::Level;
use crate::link::{
    ExportPattern, LIBC_IMPORTS, LinkOptions, ObjectFile, link_shared, verify_objects,
};
use crate::shell::compile_library;
use crate::shell::freestanding::IMPORTS;
use crate::shell::library::compile_with;
use crate::target::Target;
use lgc_abi::layout::{DlTensor, RawCtx, RawInfo, RawTask};
use lgc_abi::{
    Direction, DlDataType, Entry, EntryInfo, Library, Param, Range, Status, TensorType, Tree,
};
use lgc_ir::dtype::DType;
use object::{Object, ObjectSymbol};
use std::ffi::{CStr, c_char, c_void};
use std::io::Write;

const EXTENT: u64 = 9;
const ROWS: u64 = 3;

/// Two entries, in tasks of at least `grain` elements.
fn programs_of(grain: u64) -> Vec<Program> {
    let program = |flag| Program {
        workspace: 4096,
        ..scan(EXTENT, ROWS, flag, grain)
    };
    vec![program(true), program(false)]
}

/// The same, with tasks.
fn programs() -> Vec<Program> {
    programs_of(1)
}

fn description() -> Library {
    let param = |name: &str, direction, dims: &[u64]| Param {
        name: name.to_string(),
        tree: Tree::Leaf(TensorType::new(DType::F32, dims.to_vec()).unwrap()),
        direction,
        doc: String::new(),
        range: Range::ALL,
    };
    let entry = |name: &str| Entry {
        name: name.to_string(),
        params: vec![
            param("x", Direction::In, &[ROWS, EXTENT]),
            param("now", Direction::InOut, &[EXTENT]),
            param("all", Direction::Out, &[ROWS, EXTENT]),
        ],
        workspace_bytes: 4096,
        doc: "Adds rows.".to_string(),
    };
    Library {
        name: "m".to_string(),
        doc: "A test.".to_string(),
        entries: vec![entry("add"), entry("copy")],
        target: String::new(),
        features: Vec::new(),
        compiler: "lgc".to_string(),
        evidence: String::new(),
        conditions: Vec::new(),
        map: lgc_abi::ValueMap::default(),
    }
}

/// One level for each entry.
fn legal(programs: &[Program]) -> Vec<Vec<Legal>> {
    let legal = |program| vec![Legal::new(program, &Target::BITS_128)];
    programs.iter().map(legal).collect()
}

/// Machine code that says that the processor is of a level, by number: mov eax, imm32; ret.
const SAYS: [&[u8]; 3] = [
    &[0xb8, 0, 0, 0, 0, 0xc3],
    &[0xb8, 1, 0, 0, 0, 0xc3],
    &[0xb8, 2, 0, 0, 0, 0xc3],
];

fn object() -> ObjectFile {
    compile_library(
        &description(),
        &legal(&programs()),
        Backend::Cranelift,
        None,
    )
    .unwrap()
}

#[repr(C, align(64))]
struct Workspace([u8; 4096 + 64]);

type Call = unsafe extern "C" fn(*const *mut u8, *mut u8, *const c_void, u64) -> i32;
type Run = unsafe extern "C" fn(
    *const *const DlTensor,
    *const *mut DlTensor,
    *mut u8,
    *const c_void,
    u64,
) -> i32;

/// What callers of an entry pass.
fn signature(entry: usize) -> u64 {
    EntryInfo::new("m", &description().entries[entry]).signature()
}

/// The library, linked, written to a file and loaded.
struct Loaded {
    library: libloading::Library,
    _file: tempfile::NamedTempFile,
}

impl Loaded {
    fn new() -> Self {
        Loaded::link(object())
    }

    fn link(object: ObjectFile) -> Self {
        let exports = ExportPattern::new("m_*").unwrap();
        let bytes = link_shared(&[object], &exports, "m.so", &LinkOptions::default()).unwrap();
        assert!(bytes.len() < 32 << 10, "{} bytes", bytes.len());
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&bytes).unwrap();
        // SAFETY: the library has no initialisers.
        let library = unsafe { libloading::Library::new(file.path()) }.unwrap();
        Loaded {
            library,
            _file: file,
        }
    }

    fn get<T: Copy>(&self, symbol: &str) -> T {
        // SAFETY: the callers state the types that the C ABI gives these symbols.
        unsafe { *self.library.get::<T>(symbol.as_bytes()).unwrap() }
    }

    fn strerror(&self, code: i32) -> String {
        let strerror: unsafe extern "C" fn(i32) -> *const c_char = self.get("m_strerror");
        // SAFETY: the function returns a constant string.
        unsafe { CStr::from_ptr(strerror(code)) }
            .to_str()
            .unwrap()
            .to_string()
    }
}

fn jit(program: &Program, mut bytes: Bytes) -> Bytes {
    let entry: CompiledEntry = Jit::compile(&Legal::new(program, &Target::BITS_128)).unwrap();
    assert_eq!(bytes.call(&entry), 0);
    bytes
}

#[test]
fn the_argument_struct_form_computes_and_checks() {
    let loaded = Loaded::new();
    for (entry, (program, symbol)) in programs().iter().zip(["m_add_v3", "m_copy_v3"]).enumerate() {
        let call: Call = loaded.get(symbol);
        let signature = signature(entry);
        let expected = jit(program, Bytes::random(program, 1));
        let mut bytes = Bytes::random(program, 1);
        let mut workspace = Box::new(Workspace([0; 4096 + 64]));
        let args = [
            bytes.inputs[0].as_mut_ptr(),
            bytes.inouts[0].as_mut_ptr(),
            bytes.outputs[0].as_mut_ptr(),
        ];
        let mut run = |args: *const *mut u8, offset: usize| {
            // SAFETY: the tensors and the workspace are as large as the entry says; a null or
            // misaligned one is refused before it is used.
            unsafe {
                call(
                    args,
                    workspace.0.as_mut_ptr().add(offset),
                    std::ptr::null(),
                    signature,
                )
            }
        };
        assert_eq!(run(std::ptr::null(), 0), Status::NullArgument.code());
        for leaf in 0..3 {
            let mut absent = args;
            absent[leaf] = std::ptr::null_mut();
            assert_eq!(run(absent.as_ptr(), 0), Status::NullArgument.code_at(leaf));
        }
        assert_eq!(run(args.as_ptr(), 4), Status::MisalignedWorkspace.code());
        // SAFETY: as above.
        let status = unsafe {
            call(
                args.as_ptr(),
                std::ptr::null_mut(),
                std::ptr::null(),
                signature,
            )
        };
        assert_eq!(status, Status::NullArgument.code());
        for leaf in 0..3 {
            let mut odd = args;
            odd[leaf] = odd[leaf].wrapping_add(2);
            let code = Status::TensorMisaligned.code_at(leaf);
            assert_eq!(run(odd.as_ptr(), 0), code);
        }
        // Another signature is refused whatever else is passed.
        // SAFETY: nothing is used.
        let status = unsafe {
            call(
                std::ptr::null(),
                std::ptr::null_mut(),
                std::ptr::null(),
                signature ^ 1,
            )
        };
        assert_eq!(status, Status::Signature.code());
        assert_eq!(run(args.as_ptr(), 0), Status::Ok.code());
        assert_eq!(bytes.outputs, expected.outputs);
        assert_eq!(bytes.inouts, expected.inouts);
    }
}

#[test]
fn a_processor_without_the_features_is_refused() {
    let object = compile_with(
        &description(),
        &legal(&programs()),
        (Backend::Cranelift, None),
        Some(SAYS[0]),
    );
    let loaded = Loaded::link(object.unwrap());
    let call: Call = loaded.get("m_add_v3");
    let mut bytes = Bytes::random(&programs()[0], 1);
    let before = bytes.inouts.clone();
    let args = [
        bytes.inputs[0].as_mut_ptr(),
        bytes.inouts[0].as_mut_ptr(),
        bytes.outputs[0].as_mut_ptr(),
    ];
    let mut workspace = Box::new(Workspace([0; 4096 + 64]));
    for _ in 0..2 {
        // SAFETY: the arguments are as the entry wants them.
        let status = unsafe {
            call(
                args.as_ptr(),
                workspace.0.as_mut_ptr(),
                std::ptr::null(),
                signature(0),
            )
        };
        assert_eq!(status, Status::UnsupportedCpu.code());
    }
    assert_eq!(bytes.inouts, before);
}

/// What the first entry does, called on `bytes`, in a library whose first entry is the first program at level v3 and
/// the second at v4, where the processor says that it is of a level.
fn called(levels: &[Level], says: &'static [u8], bytes: &mut Bytes) -> i32 {
    let programs = programs();
    let entry = |programs: [&Program; 2]| -> Vec<Legal> {
        let level = |(level, program): (&Level, &Program)| {
            let target = Target {
                level: *level,
                ..Target::BITS_128
            };
            Legal::new(program, &target)
        };
        let all = Level::ALL.iter().zip(programs);
        all.filter(|(level, _)| levels.contains(level))
            .map(level)
            .collect()
    };
    let entries = [
        entry([&programs[0], &programs[1]]),
        entry([&programs[1], &programs[1]]),
    ];
    let object = compile_with(
        &description(),
        &entries,
        (Backend::Cranelift, None),
        Some(says),
    );
    let loaded = Loaded::link(object.unwrap());
    let call: Call = loaded.get("m_add_v3");
    let args = [
        bytes.inputs[0].as_mut_ptr(),
        bytes.inouts[0].as_mut_ptr(),
        bytes.outputs[0].as_mut_ptr(),
    ];
    let mut workspace = Box::new(Workspace([0; 4096 + 64]));
    let workspace = workspace.0.as_mut_ptr();
    // SAFETY: the arguments are as the entry wants them.
    unsafe { call(args.as_ptr(), workspace, std::ptr::null(), signature(0)) }
}

#[test]
fn the_highest_level_that_the_processor_has_runs() {
    let programs = programs();
    let run = |levels: &[Level], says: usize| {
        let mut bytes = Bytes::random(&programs[0], 1);
        let status = called(levels, SAYS[says], &mut bytes);
        (status, bytes.outputs)
    };
    let expected = |program: &Program| {
        let mut bytes = Bytes::random(program, 1);
        let entry = Jit::compile(&Legal::new(program, &Target::BITS_128)).unwrap();
        let status = bytes.call(&entry);
        (status, bytes.outputs)
    };
    let (v3, v4) = (expected(&programs[0]), expected(&programs[1]));
    assert_ne!(v3, v4);
    let both = Level::ALL;
    assert_eq!(run(&both, 1), v3);
    assert_eq!(run(&both, 2), v4);
    assert_eq!(run(&both, 0).0, Status::UnsupportedCpu.code());
    assert_eq!(run(&[Level::V3], 2), v3);
    assert_eq!(run(&[Level::V4], 2), v4);
    assert_eq!(run(&[Level::V4], 1).0, Status::UnsupportedCpu.code());
}

/// The tensors of a call in DLPack's form, with the arrays that they point to.
struct Tensors {
    tensors: Vec<DlTensor>,
    shapes: Vec<Vec<i64>>,
    strides: Vec<Vec<i64>>,
}

impl Tensors {
    fn new(bytes: &mut Bytes) -> Self {
        let (rows, extent) = (ROWS as i64, EXTENT as i64);
        let shapes = vec![vec![rows, extent], vec![extent], vec![rows, extent]];
        let strides = vec![vec![extent, 1], vec![1], vec![extent, 1]];
        let data = [
            &mut bytes.inputs[0],
            &mut bytes.inouts[0],
            &mut bytes.outputs[0],
        ];
        let mut tensors = Tensors {
            tensors: Vec::new(),
            shapes,
            strides,
        };
        for (at, data) in data.into_iter().enumerate() {
            tensors.tensors.push(DlTensor {
                data: data.as_mut_ptr().cast(),
                device_type: 1,
                device_id: 0,
                ndim: tensors.shapes[at].len() as i32,
                dtype: DlDataType::from(DType::F32),
                shape: tensors.shapes[at].as_mut_ptr(),
                strides: tensors.strides[at].as_mut_ptr(),
                byte_offset: 0,
            });
        }
        tensors
    }
}

#[test]
fn the_tensor_form_computes_and_checks() {
    let loaded = Loaded::new();
    let run: Run = loaded.get("m_add_run_v3");
    let program = &programs()[0];
    let expected = jit(program, Bytes::random(program, 2));
    let mut bytes = Bytes::random(program, 2);
    let before = bytes.inouts.clone();
    let mut workspace = Box::new(Workspace([0; 4096 + 64]));
    let memory = workspace.0.as_mut_ptr();
    let mut tensors = Tensors::new(&mut bytes);
    let attempt = |tensors: &mut Tensors| {
        let (read, written) = tensors.tensors.split_at_mut(1);
        let (input, output) = (
            [&raw const read[0]],
            [&raw mut written[0], &raw mut written[1]],
        );
        // SAFETY: pointers are valid wherever the function gets to use them.
        unsafe {
            run(
                input.as_ptr(),
                output.as_ptr(),
                memory,
                std::ptr::null(),
                signature(0),
            )
        }
    };
    let mut refused = |status: Status, leaf: usize, change: &dyn Fn(&mut Tensors)| {
        let saved = (
            tensors.tensors.clone(),
            tensors.shapes.clone(),
            tensors.strides.clone(),
        );
        change(&mut tensors);
        assert_eq!(
            attempt(&mut tensors),
            status.code_at(leaf),
            "{status} {leaf}"
        );
        tensors.tensors = saved.0;
        tensors
            .shapes
            .iter_mut()
            .zip(saved.1)
            .for_each(|(to, from)| to.copy_from_slice(&from));
        tensors
            .strides
            .iter_mut()
            .zip(saved.2)
            .for_each(|(to, from)| to.copy_from_slice(&from));
    };
    for at in 0..3 {
        let mut refused = |status, change: &dyn Fn(&mut Tensors)| refused(status, at, change);
        refused(Status::TensorDevice, &|t| t.tensors[at].device_type = 2);
        refused(Status::TensorDevice, &|t| t.tensors[at].device_id = 1);
        refused(Status::TensorDtype, &|t| {
            t.tensors[at].dtype = DType::I32.into()
        });
        refused(Status::TensorDtype, &|t| t.tensors[at].dtype.lanes = 2);
        refused(Status::TensorDtype, &|t| t.tensors[at].dtype.lanes = 0);
        refused(Status::TensorDtype, &|t| t.tensors[at].dtype.bits = 64);
        refused(Status::TensorRank, &|t| t.tensors[at].ndim += 1);
        refused(Status::TensorRank, &|t| t.tensors[at].ndim = -1);
        refused(Status::TensorShape, &|t| {
            t.tensors[at].shape = std::ptr::null_mut()
        });
        refused(Status::TensorShape, &|t| t.shapes[at][0] += 1);
        refused(Status::TensorShape, &|t| t.shapes[at][0] = -1);
        refused(Status::TensorStrides, &|t| t.strides[at][0] += 1);
        refused(Status::TensorStrides, &|t| t.strides[at][0] = -1);
        refused(Status::TensorStrides, &|t| t.strides[at][0] = 0);
        refused(Status::NullArgument, &|t| {
            t.tensors[at].data = std::ptr::null_mut()
        });
        refused(Status::TensorMisaligned, &|t| t.tensors[at].byte_offset = 2);
    }
    // Columns first is another order, whatever the shape is.
    refused(Status::TensorStrides, 0, &|t| {
        t.strides[0].copy_from_slice(&[1, ROWS as i64])
    });
    refused(Status::Overlap, 1, &|t| {
        t.tensors[1].data = t.tensors[2].data
    });
    refused(Status::Overlap, 1, &|t| {
        t.tensors[1].data = t.tensors[0]
            .data
            .wrapping_byte_add(4 * (ROWS * EXTENT) as usize - 4);
    });
    // What overlaps is seen with the byte offset.
    refused(Status::Overlap, 2, &|t| {
        t.tensors[2].data = t.tensors[0].data.wrapping_byte_sub(64);
        t.tensors[2].byte_offset = 64;
    });
    let memory: *mut c_void = memory.cast();
    refused(Status::Overlap, 2, &|t| {
        t.tensors[2].data = memory.wrapping_byte_add(4000)
    });
    assert_eq!(bytes.inouts, before);

    let mut tensors = Tensors::new(&mut bytes);
    tensors.tensors[0].strides = std::ptr::null_mut();
    tensors.tensors[1].data = tensors.tensors[1].data.wrapping_byte_sub(8);
    tensors.tensors[1].byte_offset = 8;
    assert_eq!(attempt(&mut tensors), Status::Ok.code());
    assert_eq!(bytes.outputs, expected.outputs);
    assert_eq!(bytes.inouts, expected.inouts);

    // What is only read may not lie in the workspace either.
    let mut tensors = Tensors::new(&mut bytes);
    tensors.tensors[0].data = memory.wrapping_byte_add(64);
    assert_eq!(attempt(&mut tensors), Status::Overlap.code_at(0));
    // Tensors may lie next to each other, in either order.
    let (read, written) = (4 * (ROWS * EXTENT) as usize, bytes.outputs[0].len());
    let mut room = vec![0u64; (read + written).div_ceil(8)];
    let room: *mut c_void = room.as_mut_ptr().cast();
    for [input, output] in [[0, read], [written, 0]] {
        let mut tensors = Tensors::new(&mut bytes);
        tensors.tensors[0].data = room.wrapping_byte_add(input);
        tensors.tensors[1].data = room.wrapping_byte_add(output);
        assert_eq!(attempt(&mut tensors), Status::Ok.code());
    }
}

#[test]
fn the_library_describes_itself() {
    let loaded = Loaded::new();
    for &status in Status::ALL {
        assert_eq!(loaded.strerror(status.code()), status.text());
    }
    let of_a_tensor = Status::TensorShape.code_at(3);
    assert_eq!(loaded.strerror(of_a_tensor), Status::TensorShape.text());
    for code in [-1, i32::MIN, Status::ALL.len() as i32, i32::MAX] {
        assert_eq!(loaded.strerror(code), lgc_abi::UNKNOWN_STATUS_TEXT);
    }
    let info: unsafe extern "C" fn() -> *const RawInfo = loaded.get("m_info");
    // SAFETY: the function returns a constant of that type, whose texts are constants too.
    let (info, target) = unsafe {
        let info = *info();
        (info, CStr::from_ptr(info.target).to_str().unwrap())
    };
    assert_eq!(info.struct_size, size_of::<RawInfo>() as u64);
    assert_eq!(info.entry_count, 2);
    assert_eq!(target, crate::backend::cranelift::TARGET);
}

/// The symbols of an object: those that it exports, and those that it needs.
fn symbols(object: &ObjectFile) -> (Vec<String>, Vec<String>) {
    let file = object::File::parse(object.bytes.as_slice()).unwrap();
    let (mut exported, mut needed) = (Vec::new(), Vec::new());
    for symbol in file.symbols() {
        let name = symbol.name().unwrap().to_string();
        if symbol.is_undefined() {
            needed.extend((!name.is_empty()).then_some(name));
        } else if symbol.is_global() {
            exported.push(name);
        }
    }
    exported.sort();
    (exported, needed)
}

const EXPORTED: [&str; 8] = [
    "m_add_run_v3",
    "m_add_v3",
    "m_copy_run_v3",
    "m_copy_v3",
    "m_info",
    "m_pool_create",
    "m_pool_destroy",
    "m_strerror",
];

#[test]
fn objects_are_equal_and_stand_alone() {
    let whole = || {
        compile_library(
            &description(),
            &legal(&programs_of(EXTENT)),
            Backend::Cranelift,
            None,
        )
        .unwrap()
    };
    assert_eq!(whole(), whole());
    verify_objects(&[whole()]).unwrap();
    let (exported, needed) = symbols(&whole());
    assert_eq!(exported, EXPORTED);
    assert!(needed.is_empty(), "{needed:?}");
    let loaded = Loaded::link(whole());
    let create: unsafe extern "C" fn(u32) -> *mut c_void = loaded.get("m_pool_create");
    // SAFETY: the function may be called with any number.
    let pool = unsafe { create(4) };
    assert!(pool.is_null(), "there is no work for threads");
}

#[test]
fn objects_with_tasks_need_threads_and_nothing_else() {
    assert_eq!(object(), object());
    verify_objects(&[object()]).unwrap();
    let (exported, needed) = symbols(&object());
    assert_eq!(exported, EXPORTED);
    assert_eq!(needed, IMPORTS);
    assert!(
        IMPORTS
            .iter()
            .all(|name| LIBC_IMPORTS.iter().any(|import| import.name == *name))
    );
}

/// A `parallel_for` that runs tasks in turn, the last one first, and counts them.
unsafe extern "C" fn backwards(
    count: *mut c_void,
    tasks: u64,
    task: Option<RawTask>,
    task_data: *mut c_void,
) {
    for number in (0..tasks).rev() {
        // SAFETY: the contract of `lgc_parallel_for`; the data of the test is a number.
        unsafe {
            task.unwrap()(task_data, number);
            *count.cast::<u64>() += 1;
        }
    }
}

#[test]
fn a_context_says_who_runs_tasks() {
    type Create = unsafe extern "C" fn(u32) -> *mut c_void;
    type Destroy = unsafe extern "C" fn(*mut c_void);
    let (loaded, other) = (Loaded::new(), Loaded::new());
    let (create, destroy): (Create, Destroy) =
        (other.get("m_pool_create"), other.get("m_pool_destroy"));
    // SAFETY: the function may be called with any number.
    let pool = unsafe { create(3) };
    assert!(!pool.is_null());
    let mut count = 0u64;
    let whole = RawCtx {
        struct_size: size_of::<RawCtx>() as u64,
        pool: std::ptr::null_mut(),
        parallel_for: None,
        data: (&raw mut count).cast(),
    };
    let contexts = [
        (whole, 0, 0),
        (RawCtx { pool, ..whole }, 0, 0),
        (
            RawCtx {
                pool,
                parallel_for: Some(backwards),
                ..whole
            },
            1,
            0,
        ),
        // A struct that ends before the fields that matter.
        (
            RawCtx {
                struct_size: 8,
                parallel_for: Some(backwards),
                ..whole
            },
            0,
            Status::Context.code(),
        ),
    ];
    let call: Call = loaded.get("m_add_v3");
    let program = &programs()[0];
    let expected = jit(program, Bytes::random(program, 1));
    for (context, uses_function, code) in contexts {
        let mut bytes = Bytes::random(program, 1);
        let mut workspace = Box::new(Workspace([0; 4096 + 64]));
        let args = [
            bytes.inputs[0].as_mut_ptr(),
            bytes.inouts[0].as_mut_ptr(),
            bytes.outputs[0].as_mut_ptr(),
        ];
        let before = count;
        // SAFETY: the arguments are as the entry wants them; the pool is alive.
        let status = unsafe {
            call(
                args.as_ptr(),
                workspace.0.as_mut_ptr(),
                (&raw const context).cast(),
                signature(0),
            )
        };
        assert_eq!(status, code);
        if code != 0 {
            continue;
        }
        assert_eq!(bytes.outputs, expected.outputs);
        assert_eq!(bytes.inouts, expected.inouts);
        assert_eq!(u64::from(count > before), uses_function);
    }
    // SAFETY: nobody uses the pool any more. NULL is allowed.
    unsafe {
        destroy(pool);
        destroy(std::ptr::null_mut());
    }
}

#[test]
fn descriptions_that_do_not_fit_are_refused() {
    let mut small = description();
    small.entries[1].workspace_bytes = 64;
    let mut fewer = description();
    fewer.entries.pop();
    let mut other = description();
    other.entries[0].params[0].direction = Direction::Out;
    for library in [small, fewer, other] {
        let object = compile_library(&library, &legal(&programs()), Backend::Cranelift, None);
        assert!(object.is_err());
    }
}
