//! Compiled code touches its tensors and its workspace, and nothing around them.
//!
//! Every buffer of a call lies between pages that cannot be accessed, once flush with the one after it
//! and once with the one before; what is left of its own pages holds a pattern that must not change, and
//! what is only read cannot be written. An access outside ends the test by a signal.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests fail the test"
)]

mod support;

use lgc::driver::Session;
use lgc_abi::EntryInfo;
use lgc_abi::layout::RawCtx;
use lgc_codegen::kernel::{Directive, Program, Region, Stmt};
use lgc_ir::autodiff::gradient;
use lgc_ir::generate::{CHOICES_PER_STEP, Generator, sample_inputs};
use lgc_ir::graph::Graph;
use lgc_ir::module::Module;
use proptest::prelude::*;
use std::ffi::c_void;
use std::ptr;
use support::graphs::{bytes_of, entry};

const PAGE: usize = 4096;
const PATTERN: u8 = 0xa5;
const NO_ACCESS: i32 = 0;
const READ: i32 = 1;
const READ_WRITE: i32 = 3;
const PRIVATE_ANONYMOUS: i32 = 0x22;

unsafe extern "C" {
    fn mmap(
        at: *mut c_void,
        bytes: usize,
        access: i32,
        flags: i32,
        file: i32,
        from: i64,
    ) -> *mut c_void;
    fn mprotect(at: *mut c_void, bytes: usize, access: i32) -> i32;
    fn munmap(at: *mut c_void, bytes: usize) -> i32;
}

/// Where a buffer lies in its pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flush {
    /// It begins where they begin.
    Before,
    /// It ends where they end.
    After,
}

/// A buffer between two pages that cannot be accessed.
struct Guarded {
    base: *mut u8,
    /// The bytes of its own pages, between those.
    room: usize,
    offset: usize,
    bytes: usize,
}

impl Guarded {
    fn new(content: &[u8], flush: Flush) -> Self {
        let bytes = content.len();
        let room = bytes.div_ceil(PAGE).max(1) * PAGE;
        let offset = match flush {
            Flush::Before => 0,
            Flush::After => room - bytes,
        };
        // SAFETY: new memory, of which the pages in the middle can be written.
        let base = unsafe {
            let flags = PRIVATE_ANONYMOUS;
            let base = mmap(ptr::null_mut(), room + 2 * PAGE, NO_ACCESS, flags, -1, 0);
            assert_ne!(base, usize::MAX as *mut c_void);
            let inner = base.cast::<u8>().add(PAGE);
            assert_eq!(mprotect(inner.cast(), room, READ_WRITE), 0);
            inner.write_bytes(PATTERN, room);
            inner
                .add(offset)
                .copy_from_nonoverlapping(content.as_ptr(), bytes);
            base.cast()
        };
        Guarded {
            base,
            room,
            offset,
            bytes,
        }
    }

    fn inner(&self) -> *mut u8 {
        self.base.wrapping_add(PAGE)
    }

    fn address(&self) -> *mut c_void {
        self.inner().wrapping_add(self.offset).cast()
    }

    fn make_read_only(&self) {
        // SAFETY: the pages are this buffer's.
        let result = unsafe { mprotect(self.inner().cast(), self.room, READ) };
        assert_eq!(result, 0);
    }

    /// The content, if the rest of its pages is as it was.
    fn content(&self) -> Option<&[u8]> {
        // SAFETY: the pages can be read, and nobody writes to them any more.
        let all = unsafe { std::slice::from_raw_parts(self.inner(), self.room) };
        let (before, rest) = all.split_at(self.offset);
        let (content, after) = rest.split_at(self.bytes);
        let mut around = before.iter().chain(after);
        around.all(|&byte| byte == PATTERN).then_some(content)
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // SAFETY: nobody has an address of these pages any more.
        unsafe { munmap(self.base.cast(), self.room + 2 * PAGE) };
    }
}

/// Cuts every parallel loop into as many tasks as it can be.
fn make_small_tasks(program: &mut Program) {
    fn shrink(region: &mut Region) {
        for stmt in &mut region.stmts {
            if let Stmt::Par { grain, .. } = stmt {
                *grain = 1;
            }
            stmt.regions_mut().for_each(shrink);
        }
    }
    for kernel in &mut program.kernels {
        shrink(&mut kernel.body);
        for directive in &mut kernel.schedule {
            let Directive::Vec(_, width) = directive;
            *width = 2;
        }
    }
}

/// A library, linked and loaded.
struct Loaded {
    /// What callers of its entry pass.
    signature: u64,
    library: libloading::Library,
    _folder: tempfile::TempDir,
}

type Call = unsafe extern "C" fn(*const *mut c_void, *mut c_void, *const RawCtx, u64) -> i32;
type Create = unsafe extern "C" fn(u32) -> *mut c_void;
type Destroy = unsafe extern "C" fn(*mut c_void);

impl Loaded {
    /// The library of a graph, and the size of its workspace.
    fn new(graph: &Graph, small_tasks: bool) -> (Self, usize) {
        let mut session = Session::new();
        let module = Module {
            entries: vec![entry(graph.clone())],
            ..Module::default()
        };
        let mut build = session.build(module, "guarded").unwrap();
        if small_tasks {
            build.programs.iter_mut().for_each(make_small_tasks);
        }
        let object = session.object(&build).unwrap();
        let library = session
            .shared_library(&build.library, object, "guarded.so")
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("guarded.so");
        std::fs::write(&path, library).unwrap();
        // SAFETY: the library has no initialisers.
        let library = unsafe { libloading::Library::new(&path) }.unwrap();
        let loaded = Loaded {
            signature: EntryInfo::new("guarded", &build.library.entries[0]).signature(),
            library,
            _folder: folder,
        };
        (loaded, build.programs[0].workspace as usize)
    }

    fn get<T: Copy>(&self, symbol: &str) -> T {
        // SAFETY: the callers state the types that the C ABI gives these symbols.
        unsafe { *self.library.get::<T>(symbol.as_bytes()).unwrap() }
    }
}

/// The outputs of a call between guards.
fn outputs(loaded: &Loaded, workspace: usize, graph: &Graph, flush: Flush) -> Vec<Vec<u8>> {
    let guarded = |bytes: &[u8]| Guarded::new(bytes, flush);
    let inputs = sample_inputs(graph, |_, x: f64| x);
    let inputs: Vec<Vec<u8>> = inputs.iter().map(bytes_of).collect();
    let read: Vec<Guarded> = inputs.iter().map(|bytes| guarded(bytes)).collect();
    read.iter().for_each(Guarded::make_read_only);
    let types = graph.outputs().iter().map(|output| graph.ty(output.value));
    let written: Vec<Guarded> = types
        .map(|ty| guarded(&vec![PATTERN; ty.bytes() as usize]))
        .collect();
    assert_eq!(workspace % 64, 0, "so that it can be flush with its end");
    let memory = guarded(&vec![PATTERN; workspace]);
    let pointers: Vec<*mut c_void> = read.iter().chain(&written).map(Guarded::address).collect();

    let (create, destroy): (Create, Destroy) = (
        loaded.get("guarded_pool_create"),
        loaded.get("guarded_pool_destroy"),
    );
    let call: Call = loaded.get("guarded_f_v3");
    // SAFETY: the pointers are to tensors of the entry's types, the workspace is as large and aligned
    // as it wants, and the pool is ended when nobody uses it.
    let status = unsafe {
        let context = RawCtx {
            struct_size: size_of::<RawCtx>() as u64,
            pool: create(2),
            parallel_for: None,
            data: ptr::null_mut(),
        };
        let status = call(
            pointers.as_ptr(),
            memory.address(),
            &context,
            loaded.signature,
        );
        destroy(context.pool);
        status
    };
    assert_eq!(status, 0);
    for (buffer, before) in read.iter().zip(&inputs) {
        assert_eq!(buffer.content(), Some(before.as_slice()));
    }
    assert!(
        memory.content().is_some(),
        "something was written beside the workspace"
    );
    let written = written.iter().map(|buffer| {
        let content = buffer.content();
        content
            .expect("something was written beside a result")
            .to_vec()
    });
    written.collect()
}

fn stays_inside(graph: &Graph, small_tasks: bool) {
    let (loaded, workspace) = Loaded::new(graph, small_tasks);
    let [before, after] =
        [Flush::Before, Flush::After].map(|flush| outputs(&loaded, workspace, graph, flush));
    assert_eq!(before, after);
}

fn with_gradient(graph: &Graph) -> Graph {
    gradient(graph, graph.outputs().len() - 1, &[0, 1, 2]).unwrap()
}

#[test]
fn each_example_of_each_op_stays_inside_its_buffers() {
    let generator = Generator::new();
    for template in 0..generator.len() as u16 {
        let graph = generator.graph(&[template, 0, 1, 2, 3, 0]).unwrap();
        stays_inside(&with_gradient(&graph), template % 2 == 0);
    }
}

#[test]
fn guards_are_guards() {
    let buffer = Guarded::new(&[1, 2, 3], Flush::Before);
    assert_eq!(buffer.content(), Some([1u8, 2, 3].as_slice()));
    assert_eq!(buffer.address() as usize % PAGE, 0);
    // SAFETY: within the page of the buffer.
    unsafe { buffer.inner().add(3).write(0) };
    assert_eq!(buffer.content(), None, "a byte beside it has changed");
    let buffer = Guarded::new(&[1, 2, 3, 4], Flush::After);
    assert_eq!((buffer.address() as usize + 4) % PAGE, 0);
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    for guard in [buffer.base as usize, buffer.base as usize + 2 * PAGE] {
        let access_of = |line: &str| {
            let (range, rest) = line.split_once(' ')?;
            let (from, to) = range.split_once('-')?;
            let [from, to] = [from, to].map(|end| usize::from_str_radix(end, 16).unwrap());
            (from <= guard && guard < to).then(|| rest[..4].to_owned())
        };
        let access = maps.lines().find_map(access_of);
        assert_eq!(access.as_deref(), Some("---p"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn random_graphs_stay_inside_their_buffers(
        choices in proptest::collection::vec(any::<u16>(), CHOICES_PER_STEP..10 * CHOICES_PER_STEP),
        small_tasks in any::<bool>(),
    ) {
        let graph = Generator::new().graph(&choices).unwrap();
        stays_inside(&with_gradient(&graph), small_tasks);
        stays_inside(&graph, small_tasks);
    }
}
