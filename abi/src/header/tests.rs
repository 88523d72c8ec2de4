//! The header's text as a reviewed snapshot, and its acceptance by compilers where there are any.

use super::*;
use crate::describe::examples::{array, digits, entry, library, param, structure, tensor};
use crate::layout::DlTensor;
use crate::{DType, Field, Library};
use Direction::{In, InOut, Out};
use std::path::Path;
use std::process::Command;

fn header(library: &Library) -> String {
    render(&Interface::new(library).unwrap())
}

/// Names that must be mangled, comments that must be defused, tensors without elements, structs
/// that share instances, arrays, an entry without parameters.
fn awkward() -> Library {
    let scalar = || tensor(DType::F32, &[]);
    let inner = |dims| Tree::Struct {
        name: "Inner".to_owned(),
        doc: "Shared by all /* its instances.".to_owned(),
        fields: vec![Field {
            name: "w".to_owned(),
            doc: "weights */".to_owned(),
            tree: tensor(DType::U32, dims),
        }],
    };
    let outer = structure(
        "Outer",
        vec![("class", inner(&[2])), ("NULL", inner(&[0, 3]))],
    );
    let twist = Entry {
        doc: "Ends early? */ int x; /* nested \\\nwhat??/ \u{7} bell".to_owned(),
        ..entry(
            "twist",
            vec![
                param("int", In, outer.clone()),
                param("rows", In, array(array(inner(&[2]), 5), 3)),
                param("scales", Out, array(scalar(), 2)),
                param("awkward_Outer", In, tensor(DType::Bool, &[3])),
                param("halves", In, tensor(DType::F16, &[3])),
                param("brains", Out, tensor(DType::Bf16, &[])),
                param("unix", InOut, outer),
                param("info", Out, scalar()),
            ],
        )
    };
    let constant = entry("constant", vec![param("y", Out, scalar())]);
    Library {
        doc: "A rather long description ".repeat(8),
        features: Vec::new(),
        ..library("awkward", vec![twist, constant])
    }
}

#[test]
fn header_of_digits() {
    insta::assert_snapshot!(header(&digits()));
}

#[test]
fn header_of_awkward_names() {
    let text = header(&awkward());
    let own = text.split("#endif /* LGC_ABI_H_INCLUDED */\n").nth(1);
    insta::assert_snapshot!(own.unwrap());
}

/// A program that includes both headers and relies on what they promise.
fn program() -> String {
    let dlpack = [
        ("data", std::mem::offset_of!(DlTensor, data)),
        (
            "device.device_type",
            std::mem::offset_of!(DlTensor, device_type),
        ),
        (
            "device.device_id",
            std::mem::offset_of!(DlTensor, device_id),
        ),
        ("ndim", std::mem::offset_of!(DlTensor, ndim)),
        ("dtype", std::mem::offset_of!(DlTensor, dtype)),
        ("shape", std::mem::offset_of!(DlTensor, shape)),
        ("strides", std::mem::offset_of!(DlTensor, strides)),
        ("byte_offset", std::mem::offset_of!(DlTensor, byte_offset)),
    ]
    .map(|(field, offset)| format!("CHECK(offsetof(DLTensor, {field}) == {offset});\n"))
    .concat();
    let offsets: String = STRUCTS
        .iter()
        .flat_map(|structure| {
            let size = format!("CHECK(sizeof({}) == {});\n", structure.name, structure.size);
            let fields = structure.fields.iter().map(|field| {
                let (name, offset) = (field.name, field.offset);
                format!("CHECK(offsetof({}, {name}) == {offset});\n", structure.name)
            });
            std::iter::once(size).chain(fields).collect::<Vec<_>>()
        })
        .collect();
    format!(
        r#"#include "digits.h"
#include "awkward.h"
#include "digits.h"
#ifdef __cplusplus
#define CHECK(condition) static_assert(condition, #condition)
#else
#define CHECK(condition) _Static_assert(condition, #condition)
#endif
{offsets}{dlpack}
CHECK(sizeof(DLTensor) == {dl_size});
CHECK(sizeof(digits_step_args) == 8 * sizeof(void *));
CHECK(offsetof(digits_step_args, l) == 7 * sizeof(void *));
CHECK(sizeof(awkward_twist_args) == 25 * sizeof(void *));
static DIGITS_STEP_WORKSPACE(memory);
CHECK(sizeof(memory) == DIGITS_STEP_WORKSPACE_BYTES);
int32_t use(float *w, const float *x, const int32_t *labels, const lgc_ctx *ctx);
int32_t use(float *w, const float *x, const int32_t *labels, const lgc_ctx *ctx) {{
    AWKWARD_TWIST_WORKSPACE(local);
    digits_step_args args;
    awkward_twist_args twist;
    args.x = x;
    args.labels = labels;
    args.lr = x;
    args.p.hidden.w = args.p.hidden.b = args.p.out.w = args.p.out.b = args.l = w;
    twist.int_.class_.w = NULL;
    twist.unix_.NULL_.w = NULL;
    return digits_step(&args, memory, ctx) + awkward_twist(&twist, local, NULL)
         + (digits_info()->abi_version == LGC_ABI_VERSION) + (digits_strerror(LGC_OVERLAP) != NULL);
}}
"#,
        dl_size = size_of::<DlTensor>()
    )
}

/// Compiles `program.c` in `directory` with warnings as errors; `None` if there is no compiler.
fn compiles(directory: &Path, compiler: &str, arguments: &[&str]) -> Option<()> {
    let output = Command::new(compiler)
        .args([
            "-Wall",
            "-Wextra",
            "-Werror",
            "-pedantic",
            "-c",
            "-o",
            "program.o",
        ])
        .args(arguments)
        .arg("program.c")
        .current_dir(directory)
        .output()
        .ok()?;
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{compiler} {arguments:?}: {message}"
    );
    Some(())
}

#[test]
fn headers_compile_as_c_and_cpp_without_warnings() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| std::fs::write(directory.path().join(name), text);
    write("digits.h", header(&digits())).unwrap();
    write("awkward.h", header(&awkward())).unwrap();
    write("program.c", program()).unwrap();
    for compiler in ["cc", "gcc", "clang"] {
        for standard in ["-std=c11", "-std=gnu11", "-std=c17"] {
            compiles(directory.path(), compiler, &[standard]);
        }
    }
    for compiler in ["c++", "g++", "clang++"] {
        for standard in ["-std=c++17", "-std=gnu++20"] {
            compiles(directory.path(), compiler, &["-x", "c++", standard]);
        }
    }
}

#[test]
fn a_field_may_have_any_reserved_name() {
    let names = crate::words::RESERVED
        .iter()
        .map(|&name| (name, tensor(DType::F32, &[])));
    let p = structure("P", names.collect());
    let text = header(&library("m", vec![entry("f", vec![param("p", Out, p)])]));
    let directory = tempfile::tempdir().unwrap();
    let system =
        "#include <complex.h>\n#include <stdio.h>\n#include <errno.h>\n#include <assert.h>\n";
    std::fs::write(
        directory.path().join("program.c"),
        system.to_owned() + &text,
    )
    .unwrap();
    compiles(directory.path(), "cc", &["-std=gnu11"]);
    std::fs::write(directory.path().join("program.c"), text).unwrap();
    compiles(directory.path(), "c++", &["-x", "c++", "-std=gnu++20"]);
}

#[test]
fn characters_that_change_how_text_is_shown_are_left_out() {
    let hidden = "a\u{202e}b\u{2066}c\u{200b}d\u{feff}e\u{2028}f";
    let library = Library {
        doc: hidden.to_owned(),
        ..digits()
    };
    let text = header(&library);
    assert!(text.contains("a b c d e f"), "{text}");
    assert!(!text.chars().any(is_invisible));
}
