//! `lgc explain`: every code has a page, and the examples of the pages do what they say.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod support;

use lgc_ir::diag::{Code, Language, Part, Role};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};
use support::{Outcome, Place};

/// Codes without an example: a processor without the extensions, and faults of lgc.
const WITHOUT_EXAMPLE: [Code; 3] = [Code::NotCompilable, Code::LinkFailure, Code::InternalFault];

/// An example, run in a place of its own beside `model.graph`, if the page gives one.
fn run(language: Language, text: &str, given: Option<&str>) -> Outcome {
    let place = Place::new();
    if let Some(model) = given {
        place.write("model.graph", model);
    }
    match language {
        Language::Graph => place.pipe(&["emit", "--stage", "kernels", "-"], text),
        Language::Shell => {
            let program = Path::new(env!("CARGO_BIN_EXE_lgc"));
            let path = std::env::var("PATH").unwrap();
            let path = format!("{}:{path}", program.parent().unwrap().display());
            let output = Command::new("sh")
                .args(["-ec", text])
                .env("PATH", path)
                .current_dir(place.path("."))
                .stdin(Stdio::null())
                .output();
            output.unwrap().into()
        }
    }
}

/// The codes of the errors in messages for people.
fn codes(stderr: &str) -> BTreeSet<&str> {
    let errors = stderr.split("error[").skip(1);
    errors.map(|rest| rest.split(']').next().unwrap()).collect()
}

#[test]
fn examples_are_refused_and_mended() {
    let mut complaints = String::new();
    for code in Code::ALL {
        let mut given = None;
        let mut seen = Vec::new();
        for part in code.page().parts() {
            let Part::Example {
                language,
                role,
                text,
            } = part
            else {
                continue;
            };
            if role == Role::Given {
                given = Some(text);
                continue;
            }
            seen.push(role);
            let outcome = run(language, text, given);
            let found = codes(&outcome.stderr);
            let wanted = match role {
                Role::Given | Role::Mended => BTreeSet::new(),
                Role::Wrong => BTreeSet::from([code.number()]),
            };
            // This one comes after others by its nature.
            let as_stated = match (role, code) {
                (Role::Wrong, Code::TooManyErrors) => found.is_superset(&wanted),
                _ => found == wanted && (outcome.code == 0) == wanted.is_empty(),
            };
            if !as_stated {
                complaints += &format!("{code} {role:?}:\n{}", outcome.shown());
            }
        }
        let expected: &[Role] = match WITHOUT_EXAMPLE.contains(code) {
            true => &[],
            false => &[Role::Wrong, Role::Mended],
        };
        assert_eq!(seen, expected, "{code}");
    }
    assert!(complaints.is_empty(), "{complaints}");
}

#[test]
fn a_page_is_shown_by_its_code() {
    let place = Place::new();
    let page = place.run(&["explain", "E0302"]).success();
    insta::assert_snapshot!(page);
    for spelling in ["e0302", "302"] {
        assert_eq!(place.run(&["explain", spelling]).success(), page);
    }
}

#[test]
fn all_codes_are_listed() {
    let list = Place::new().run(&["explain"]).success();
    let lines: Vec<&str> = list.lines().collect();
    assert_eq!(lines.len(), Code::ALL.len());
    for (line, code) in lines.iter().zip(Code::ALL) {
        assert_eq!(*line, format!("{}  {}", code.number(), code.title()));
    }
}

#[test]
fn unknown_codes_are_refused() {
    let place = Place::new();
    let wrong = ["E0300", "kernel", ""];
    let outcomes = wrong.map(|code| place.run(&["explain", code]));
    assert!(outcomes.iter().all(|outcome| outcome.code == 1));
    insta::assert_snapshot!(outcomes.map(|outcome| outcome.stderr).concat());
}
