//! A real shared library, compiled by the system's C compiler where there is one, that keeps the
//! ABI: header, description and checks are made from the same data that code generation follows,
//! the checks printed as C. It is called from C in every forbidden way, and from Rust.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests may panic, as tests may"
)]

use lgc_abi::checks::{self, AxisStride, Check, Origin, Positions, Region, Slot, Table};
use lgc_abi::info::{Image, encode, encode_status_texts};
use lgc_abi::{
    DlDataType, Entry as EntryDescription, EntryInfo, Field, Interface, Param, Range, Status, Tree,
};
use lgc_runtime::{
    CallError, DType, Direction, HostTensor, Info, InfoError, Library, OpenError, TensorType,
};
use std::path::{Path, PathBuf};
use std::process::Command;

const BODY: &str = include_str!("loader/body.c");
const DRIVER: &str = include_str!("loader/driver.c");

fn tensor(dtype: DType, dims: &[u64]) -> Tree {
    Tree::Leaf(TensorType::new(dtype, dims.to_vec()).unwrap())
}

fn toy() -> lgc_abi::Library {
    use Direction::{In, InOut, Out};
    let param = |name: &str, direction, tree| Param {
        name: name.to_owned(),
        tree,
        direction,
        doc: String::new(),
        range: Range::ALL,
    };
    let field = |name: &str, tree| Field {
        name: name.to_owned(),
        doc: String::new(),
        tree,
    };
    let p = Tree::Struct {
        name: "P".to_owned(),
        doc: String::new(),
        fields: vec![
            field("w", tensor(DType::F32, &[3])),
            field("n", tensor(DType::I64, &[])),
        ],
    };
    let step = EntryDescription {
        name: "step".to_owned(),
        params: vec![
            param("x", In, tensor(DType::F32, &[3])),
            param("i", In, tensor(DType::I32, &[2])),
            param("p", InOut, p),
            param("y", Out, tensor(DType::F32, &[2])),
            param("again", Out, tensor(DType::Bool, &[])),
            param("spare", Out, tensor(DType::F64, &[0, 4])),
        ],
        workspace_bytes: 72,
        doc: "Takes x at i, and counts.".to_owned(),
    };
    lgc_abi::Library {
        name: "toy".to_owned(),
        doc: String::new(),
        entries: vec![step],
        target: "x86_64-unknown-linux-gnu".to_owned(),
        features: Vec::new(),
        compiler: "lgc 0.1.0".to_owned(),
        evidence: "none".to_owned(),
        conditions: Vec::new(),
        map: lgc_abi::ValueMap::default(),
    }
}

/// Constants as C: bytes, or words that are numbers or pointers.
fn image_text(image: &Image) -> String {
    let mut text = String::new();
    for object in &image.objects {
        let words = object.bytes.chunks(8).enumerate().map(|(index, word)| {
            let relocation = object.relocations.iter().find(|r| r.offset == index * 8);
            match relocation {
                Some(pointer) => {
                    let target = image.objects[pointer.target].label;
                    format!("{{.p = (const char *){target} + {}}}", pointer.addend)
                }
                None => {
                    let mut bytes = [0; 8];
                    bytes[..word.len()].copy_from_slice(word);
                    format!("{{.n = {}u}}", u64::from_le_bytes(bytes))
                }
            }
        });
        let words: Vec<_> = words.collect();
        let label = object.label;
        text += &format!("static const word {label}[] = {{{}}};\n", words.join(", "));
    }
    text
}

fn slot_text(slot: Slot) -> String {
    match slot.table {
        Table::In => format!("in[{}]", slot.index),
        Table::Out => format!("out[{}]", slot.index),
    }
}

fn address(slot: Slot) -> String {
    let tensor = slot_text(slot);
    format!("((uintptr_t){tensor}->data + {tensor}->byte_offset)")
}

fn shape_text(tensor: &str, dims: &[u64]) -> String {
    let axes = dims.iter().enumerate();
    let equal = axes.map(|(axis, dim)| format!(" && {tensor}->shape[{axis}] == {dim}"));
    format!("{tensor}->shape != NULL{}", equal.collect::<String>())
}

fn strides_text(tensor: &str, strides: &[AxisStride]) -> String {
    let equal = strides
        .iter()
        .map(|AxisStride { axis, stride }| format!("{tensor}->strides[{axis}] == {stride}"));
    let equal: Vec<_> = equal.collect();
    format!("{tensor}->strides == NULL || ({})", equal.join(" && "))
}

fn dtype_text(tensor: &str, dtype: DlDataType) -> String {
    let DlDataType { code, bits, lanes } = dtype;
    format!(
        "{tensor}->dtype.code == {code} && {tensor}->dtype.bits == {bits} && \
         {tensor}->dtype.lanes == {lanes}"
    )
}

fn disjoint_text(regions: &[Region]) -> String {
    let start = |region: &Region| match region.origin {
        Origin::Tensor(slot) => address(slot),
        Origin::Workspace => "(uintptr_t)workspace".to_owned(),
    };
    let mut conditions = Vec::new();
    for (index, a) in regions.iter().enumerate() {
        for b in &regions[..index] {
            if a.exclusive || b.exclusive {
                let (from, to) = (start(a), start(b));
                let (length, other) = (a.bytes, b.bytes);
                conditions.push(format!(
                    "({from} + {length} <= {to} || {to} + {other} <= {from})"
                ));
            }
        }
    }
    conditions.join(" && ")
}

/// A check as C. The pointers of leaf `n` are word `n` of the argument struct.
fn check_text(check: &Check, positions: &Positions) -> String {
    let condition = match check {
        Check::ArgumentsPresent => "args != NULL".to_owned(),
        Check::TablePresent(Table::In) => "in != NULL".to_owned(),
        Check::TablePresent(Table::Out) => "out != NULL".to_owned(),
        Check::TensorPresent(slot) => format!("{} != NULL", slot_text(*slot)),
        Check::TensorDevice(slot) => {
            let tensor = slot_text(*slot);
            format!("{tensor}->device.device_type == kDLCPU && {tensor}->device.device_id == 0")
        }
        Check::TensorDtype(slot, dtype) => dtype_text(&slot_text(*slot), *dtype),
        Check::TensorRank(slot, rank) => format!("{}->ndim == {rank}", slot_text(*slot)),
        Check::TensorShape(slot, dims) => shape_text(&slot_text(*slot), dims),
        Check::TensorStrides(slot, strides) => strides_text(&slot_text(*slot), strides),
        Check::TensorData(slot) => format!("{}->data != NULL", slot_text(*slot)),
        Check::TensorAligned(slot, bytes) => format!("{} % {bytes} == 0", address(*slot)),
        Check::Disjoint(regions) => disjoint_text(regions),
        Check::LeafPresent { leaf } => format!("((void *const *)args)[{leaf}] != NULL"),
        Check::LeafAligned { leaf, align } => {
            format!("((const uintptr_t *)args)[{leaf}] % {align} == 0")
        }
        Check::Signature(signature) => format!("signature == {signature:#x}u"),
        Check::ContextComplete(bytes) => format!("ctx == NULL || ctx->struct_size >= {bytes}"),
        Check::WorkspacePresent => "workspace != NULL".to_owned(),
        Check::WorkspaceAligned(bytes) => format!("(uintptr_t)workspace % {bytes} == 0"),
        Check::CpuFeatures(_) => "1".to_owned(),
    };
    let code = check.code(positions);
    format!("    if (!({condition})) return {code};\n")
}

fn checks_text(checks: &[Check], positions: &Positions) -> String {
    let checks = checks.iter();
    checks.map(|check| check_text(check, positions)).collect()
}

/// The library's source: description, texts, and the two forms of its entry.
fn source() -> String {
    let library = toy();
    let entry = EntryInfo::new("toy", &library.entries[0]);
    let slots = checks::slots(&entry.leaves);
    let positions = Positions::new(&slots);
    let gathered: Vec<_> = slots
        .iter()
        .map(|&slot| format!("(void *){}", address(slot)))
        .collect();
    format!(
        r#"#include "toy.h"
typedef union {{ uint64_t n; const char *p; }} word;
{info}{texts}
const lgc_info *toy_info(void) {{ return (const lgc_info *)info; }}
lgc_pool *toy_pool_create(uint32_t threads) {{ (void)threads; return NULL; }}
void toy_pool_destroy(lgc_pool *pool) {{ (void)pool; }}
const char *toy_strerror(int32_t code) {{
    uint32_t index = code < 0 ? {known}u : (uint32_t)LGC_STATUS(code);
    return status_table[index < {known}u ? index : {known}u].p;
}}
{BODY}
int32_t toy_step_v3(const toy_step_args *args, void *workspace, const lgc_ctx *ctx,
    uint64_t signature) {{
{of_arguments}    return compute(args, workspace);
}}
int32_t toy_step_run_v3(const DLTensor *const *in, DLTensor *const *out, void *workspace,
    const lgc_ctx *ctx, uint64_t signature) {{
{of_tensors}    void *pointers[] = {{{gathered}}};
    return toy_step_v3((const toy_step_args *)(const void *)pointers, workspace, ctx, signature);
}}
"#,
        info = image_text(&encode(&Info::from(&library))),
        texts = image_text(&encode_status_texts()),
        known = Status::ALL.len(),
        of_arguments = checks_text(&checks::of_arguments(&entry, &library.features), &positions),
        of_tensors = checks_text(&checks::of_tensors(&entry), &positions),
        gathered = gathered.join(", "),
    )
}

fn cc(directory: &Path, arguments: &[&str]) -> Option<()> {
    let output = Command::new("cc")
        .args([
            "-std=c11",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-fno-strict-aliasing",
        ])
        .args(arguments)
        .current_dir(directory)
        .output()
        .ok()?;
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cc {arguments:?}: {message}");
    Some(())
}

/// Compiles the library; `None` if there is no C compiler.
fn compiled() -> Option<(tempfile::TempDir, PathBuf)> {
    let directory = tempfile::tempdir().unwrap();
    let library = toy();
    let header = lgc_abi::header::render(&Interface::new(&library).unwrap());
    std::fs::write(directory.path().join("toy.h"), header).unwrap();
    std::fs::write(directory.path().join("toy.c"), source()).unwrap();
    cc(
        directory.path(),
        &["-shared", "-fPIC", "-o", "toy.so", "toy.c"],
    )?;
    let path = directory.path().join("toy.so");
    Some((directory, path))
}

#[test]
fn every_misuse_from_c_has_its_status() {
    let Some((directory, _library)) = compiled() else {
        return;
    };
    std::fs::write(directory.path().join("driver.c"), DRIVER).unwrap();
    cc(directory.path(), &["-o", "driver", "driver.c", "./toy.so"]).unwrap();
    let driver = directory.path().join("driver");
    let output = Command::new(driver)
        .current_dir(directory.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{:?}", output.status);
    insta::assert_snapshot!(String::from_utf8(output.stdout).unwrap());
}

#[test]
fn descriptions_survive_compiler_linker_and_loader() {
    let Some((_directory, path)) = compiled() else {
        return;
    };
    let library = Library::open(&path).unwrap();
    assert_eq!(library.info(), &Info::from(&toy()));
    assert_eq!(library.strerror(3).unwrap(), Status::Overlap.text());
    assert_eq!(library.strerror(-7).unwrap(), lgc_abi::UNKNOWN_STATUS_TEXT);
    assert!(library.pool(2).unwrap().is_none(), "it makes no pools");
}

fn inputs(index: i32) -> (HostTensor, HostTensor) {
    let x = HostTensor::from_slice(&[3], &[1f32, 2.0, 3.0]).unwrap();
    let i = HostTensor::from_slice(&[2], &[2, index]).unwrap();
    (x, i)
}

#[test]
fn entries_are_called_with_tensors() {
    let Some((_directory, path)) = compiled() else {
        return;
    };
    let step = Library::open(&path).unwrap().entry("step").unwrap();
    // The library itself is dropped by now: the entry keeps its code.
    let (x, i) = inputs(0);
    let mut w = HostTensor::from_slice(&[3], &[10f32; 3]).unwrap();
    let mut n = HostTensor::scalar(0i64).unwrap();
    for round in 0..3 {
        let results = step.call(&[&x, &i], &mut [&mut w, &mut n]).unwrap();
        assert_eq!(results[0].elements::<f32>(), Some(&[3.0, 1.0][..]));
        assert_eq!(results[1].bools().unwrap().next(), Some(round > 0));
        assert_eq!(results[2].dims(), [0, 4]);
    }
    assert_eq!(w.elements::<f32>(), Some(&[13.0, 16.0, 19.0][..]));
    assert_eq!(n.item(), Some(3i64));

    let (_, wrong) = inputs(3);
    let error = step.call(&[&x, &wrong], &mut [&mut w, &mut n]).unwrap_err();
    assert_eq!(error.to_string(), "entry `step`: an index is out of range");
    assert_eq!(n.item(), Some(3i64), "inout tensors are unchanged");
    let error = step.call(&[&x, &x], &mut [&mut w, &mut n]).unwrap_err();
    assert_eq!(error.to_string(), "`i` is i32[2], not f32[3]");
    let error = step.call(&[&x, &i], &mut [&mut w]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "entry `step` takes 2 inout tensors, not 1"
    );
}

#[test]
fn sessions_keep_their_tensors_in_place() {
    let Some((_directory, path)) = compiled() else {
        return;
    };
    let step = Library::open(&path).unwrap().entry("step").unwrap();
    let mut session = step.session().unwrap();
    let (x, i) = inputs(1);
    session.set("x", x).unwrap();
    session.set("i", i).unwrap();
    session.elements_mut::<f32>("p.w").unwrap().fill(1.0);
    let address = session.tensor("p.w").unwrap().bytes().as_ptr();
    session.run().unwrap();
    session.run_tensors().unwrap();
    assert_eq!(session.elements::<f32>("p.w").unwrap(), [3.0, 5.0, 7.0]);
    assert_eq!(session.elements::<f32>("y").unwrap(), [3.0, 2.0]);
    assert_eq!(session.tensor("p.n").unwrap().item(), Some(2i64));
    assert_eq!(session.tensor("p.w").unwrap().bytes().as_ptr(), address);
    let paths: Vec<_> = session.tensors().map(|(path, _)| path.to_owned()).collect();
    assert_eq!(paths, ["x", "i", "p.w", "p.n", "y", "again", "spare"]);

    let messages = [
        session.tensor("p").unwrap_err(),
        session.elements::<i32>("p.w").unwrap_err(),
        session
            .set("p.w", HostTensor::scalar(1f32).unwrap())
            .unwrap_err(),
    ];
    assert_eq!(
        messages.map(|error| error.to_string()),
        [
            "entry `step` has no tensor `p`",
            "the elements of `p.w` are f32, not i32",
            "`p.w` is f32[3], not f32[]",
        ]
    );
    session.elements_mut::<i32>("i").unwrap()[0] = -1;
    let failed = CallError::Failed {
        entry: "step".to_owned(),
        path: None,
        status: Status::IndexOutOfRange,
    };
    assert_eq!(session.run(), Err(failed.clone()));
    assert_eq!(session.run_tensors(), Err(failed));
}

#[test]
fn what_cannot_be_opened_is_explained() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("missing.so");
    assert!(matches!(Library::open(&missing), Err(OpenError::Io { .. })));
    let junk = directory.path().join("junk.so");
    std::fs::write(&junk, b"\x7fELF, or so it says").unwrap();
    assert!(matches!(Library::open(&junk), Err(OpenError::Load { .. })));
    let unnamed = directory.path().join("a b.so");
    assert!(matches!(
        Library::open(&unnamed),
        Err(OpenError::Unnamed(_))
    ));

    let Some((directory, path)) = compiled() else {
        return;
    };
    let renamed = directory.path().join("other.so");
    std::fs::copy(&path, &renamed).unwrap();
    let error = Library::open(&renamed).unwrap_err().to_string();
    assert!(
        error.ends_with("has no function `other_info`; is it a library `other` that lgc compiled?")
    );
    assert!(Library::open_named(&renamed, "toy").is_ok());
    let prefixed = directory.path().join("libtoy.so");
    std::fs::copy(&path, &prefixed).unwrap();
    let library = Library::open(&prefixed).unwrap();
    let error = library.entry("stop").unwrap_err().to_string();
    assert_eq!(error, "library `toy` has no entry `stop`; it has `step`");
}

#[test]
fn libraries_that_describe_themselves_wrongly_are_refused() {
    let Some((directory, _)) = compiled() else {
        return;
    };
    let other = source().replace("toy_info(void) {", "liar_info(void) {");
    let declared = "const lgc_info *liar_info(void);\ntypedef union";
    let other = other.replacen("typedef union", declared, 1);
    std::fs::write(directory.path().join("liar.c"), other).unwrap();
    cc(
        directory.path(),
        &["-shared", "-fPIC", "-o", "liar.so", "liar.c"],
    )
    .unwrap();
    let error = Library::open(&directory.path().join("liar.so")).unwrap_err();
    let OpenError::Info { source, .. } = error else {
        panic!("{error}");
    };
    let (expected, found) = ("liar".to_owned(), "toy".to_owned());
    assert_eq!(source, InfoError::Name { expected, found });
}
