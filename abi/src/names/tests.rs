//! Names that clash, that C does not allow, and that are chosen so that neither happens.

use super::*;
use crate::describe::examples::{array, digits, entry, library, param, structure, tensor};
use Direction::{In, InOut, Out};

fn scalar() -> Tree {
    tensor(DType::F32, &[])
}

fn results(name: &str) -> Entry {
    entry(name, vec![param("y", Out, scalar())])
}

fn errors(library: &Library) -> Vec<String> {
    match Interface::new(library) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn symbols_follow_the_rule() {
    let library = digits();
    let interface = Interface::new(&library).unwrap();
    assert_eq!(
        interface.exported_symbols(),
        [
            "digits_step_v3",
            "digits_step_run_v3",
            "digits_predict_v3",
            "digits_predict_run_v3",
            "digits_info",
            "digits_strerror",
            "digits_pool_create",
            "digits_pool_destroy"
        ]
    );
    let names: Vec<_> = interface.structs.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, ["Linear", "Mlp"]);
}

#[test]
fn clashes_at_file_scope_are_errors() {
    assert_eq!(
        errors(&library("m", vec![results("step"), results("step_run")])),
        [
            "entry `step_run` would be called `m_step_run` in C, as is the DLTensor form of \
             entry `step`: rename one of them"
        ]
    );
    assert_eq!(
        errors(&library("m", vec![results("step"), results("step_v3")])),
        [
            "entry `step_v3` would be called `m_step_v3` in C, as is the exported function of \
             entry `step`: rename one of them"
        ]
    );
    assert_eq!(
        errors(&library("m", vec![results("info"), results("strerror")])),
        [
            "entry `info` would be called `m_info` in C, as is the library's info function: \
             rename one of them",
            "entry `strerror` would be called `m_strerror` in C, as is the library's strerror \
             function: rename one of them"
        ]
    );
    assert_eq!(
        errors(&library("m", vec![results("a_b"), results("A_B")])),
        [
            "the signature of entry `A_B` would be called `M_A_B_SIGNATURE` in C, as is the \
             signature of entry `a_b`: rename one of them",
            "the workspace size of entry `A_B` would be called `M_A_B_WORKSPACE_BYTES` in C, \
             as is the workspace size of entry `a_b`: rename one of them",
            "the workspace declaration of entry `A_B` would be called `M_A_B_WORKSPACE` in C, \
             as is the workspace declaration of entry `a_b`: rename one of them"
        ]
    );
    assert_eq!(
        errors(&library("lgc", vec![results("f")])),
        [
            "the library's info function would be called `lgc_info` in C, as is a name that \
             all libraries share: rename one of them"
        ]
    );
    assert_eq!(
        errors(&library("static", vec![results("assert")])),
        [
            "entry `assert` would be called `static_assert` in C, as is a word of C or C++: \
             rename one of them"
        ]
    );
    let own = structure("step_args", vec![("w", scalar())]);
    let step = entry("step", vec![param("p", InOut, own)]);
    assert_eq!(
        errors(&library("m", vec![step])),
        [
            "struct `step_args` would be called `m_step_args` in C, as is the argument struct \
             of entry `step`: rename one of them"
        ]
    );
}

#[test]
fn fields_are_mangled_or_refused() {
    let p = structure("P", vec![("int", scalar()), ("class", scalar())]);
    let f = entry(
        "f",
        vec![
            param("m_P", In, scalar()),
            param("default", In, p),
            param("info", Out, scalar()),
        ],
    );
    let library_ = library("m", vec![f]);
    // `m_P_const` is the type in use; `m_P` is not declared, so the name stands.
    let interface = Interface::new(&library_).unwrap();
    assert_eq!(interface.entries[0].fields, ["m_P", "default_", "info"]);
    assert_eq!(interface.structs[0].fields[0].name, "int_");
    let clash = entry(
        "f",
        vec![param("int", In, scalar()), param("int_", Out, scalar())],
    );
    assert_eq!(
        errors(&library("m", vec![clash])),
        [
            "parameter `int_` of entry `f` would be called `int_` in C, as is parameter \
             `int`: rename one of them"
        ]
    );
}

#[test]
fn structs_that_c_cannot_have_are_errors() {
    let p = |fields| structure("P", fields);
    let f = entry(
        "f",
        vec![
            param("a", In, p(vec![("w", scalar())])),
            param("b", In, p(vec![("w", tensor(DType::F64, &[]))])),
            param("c", Out, structure("Q", vec![])),
            param("none", In, array(scalar(), 0)),
        ],
    );
    assert_eq!(
        errors(&library("m", vec![f, entry("g", vec![])])),
        [
            "struct `P` occurs with different fields, but is one type in C",
            "the array `none` of entry `f` has no elements, which C does not allow",
            "entry `g` has neither parameters nor results",
            "struct `Q` has no fields, which C does not allow",
        ]
    );
}

#[test]
fn names_that_cpp_reserves_are_errors() {
    let p = structure("P_", vec![("w__", scalar()), ("w_", scalar())]);
    let f = entry("f_", vec![param("a__b", In, p), param("_", Out, scalar())]);
    let messages = errors(&library("m__n", vec![f]));
    let reserved =
        |what: &str| format!("{what} has a name with `__` in C, which C++ reserves: rename it");
    assert_eq!(
        messages,
        [
            reserved("library `m__n`"),
            reserved("entry `f_`"),
            reserved("struct `P_`"),
            reserved("a field of struct `P_`, `w__`"),
            reserved("a parameter of entry `f_`, `a__b`"),
            "a parameter of entry `f_`, `_` has a name that C cannot spell: use ASCII letters, \
             digits and `_`, and begin with a letter"
                .to_owned(),
        ]
    );
}

#[test]
fn entries_called_as_functions_of_the_library_are_errors() {
    for (name, what) in [
        ("info", "the library's info function"),
        ("strerror", "the library's strerror function"),
        ("pool_create", "the library's function that makes a pool"),
        ("pool_destroy", "the library's function that ends a pool"),
    ] {
        let f = entry(name, vec![param("y", Out, scalar())]);
        assert_eq!(
            errors(&library("m", vec![f])),
            [format!(
                "entry `{name}` would be called `m_{name}` in C, as is {what}: rename one of them"
            )]
        );
    }
}

#[test]
fn names_that_c_cannot_spell_are_errors() {
    let f = entry("λ", vec![param("p'", Out, scalar())]);
    assert_eq!(
        errors(&library("2d", vec![f])),
        [
            "library `2d` has a name that C cannot spell: use ASCII letters, digits and `_`, \
             and begin with a letter",
            "entry `λ` has a name that C cannot spell: use ASCII letters, digits and `_`, and \
             begin with a letter",
            "a parameter of entry `λ`, `p'` has a name that C cannot spell: use ASCII \
             letters, digits and `_`, and begin with a letter",
        ]
    );
}
