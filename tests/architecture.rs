//! What `ARCHITECTURE.md` states of the sources holds of them.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

use std::path::{Path, PathBuf};

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The sources outside tests, with their paths from the repository.
fn sources() -> Vec<(String, String)> {
    let mut pending: Vec<PathBuf> = [
        "src",
        "abi/src",
        "ir/src",
        "codegen/src",
        "codegen/freestanding",
        "llvm/src",
        "runtime/src",
    ]
    .map(|folder| repository().join(folder))
    .to_vec();
    let mut sources = Vec::new();
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            pending.extend(
                std::fs::read_dir(path)
                    .unwrap()
                    .map(|file| file.unwrap().path()),
            );
            continue;
        }
        let name = path.strip_prefix(repository()).unwrap();
        let name = name.to_str().unwrap().to_owned();
        if name.ends_with(".rs") && !name.contains("/tests") {
            sources.push((name, std::fs::read_to_string(&path).unwrap()));
        }
    }
    sources.sort();
    sources
}

/// The files in whose code, comments and tests apart, a word occurs.
fn users_of(word: &str) -> Vec<String> {
    let uses = |text: &str| {
        let code = text.split("#[cfg(test)]\nmod ").next().unwrap();
        let mut lines = code.lines().map(|line| line.split("//").next().unwrap());
        lines.any(|line| line.contains(word))
    };
    let users = sources().into_iter().filter(|(_, text)| uses(text));
    users.map(|(name, _)| name).collect()
}

#[test]
fn what_is_described_exists() {
    let text = std::fs::read_to_string(repository().join("ARCHITECTURE.md")).unwrap();
    let quoted = text.split('`').skip(1).step_by(2);
    let paths: Vec<&str> = quoted.filter(|quoted| quoted.contains("/src")).collect();
    assert!(paths.len() > 20, "{paths:?}");
    for path in paths {
        assert!(repository().join(path).exists(), "{path}");
    }
}

#[test]
fn only_the_graph_knows_petgraph() {
    assert_eq!(users_of("petgraph"), ["ir/src/graph.rs"]);
}

#[test]
fn only_code_generation_knows_cranelift_and_the_linker() {
    for word in ["cranelift_", "libwild"] {
        let users = users_of(word);
        assert!(!users.is_empty());
        assert!(
            users.iter().all(|user| user.starts_with("codegen/")),
            "{users:?}"
        );
    }
}

#[test]
fn libraries_are_loaded_in_two_places() {
    let users = users_of("libloading::");
    let places = ["llvm/src/library.rs", "runtime/"];
    for place in places {
        assert!(
            users.iter().any(|user| user.starts_with(place)),
            "{users:?}"
        );
    }
    let known = |user: &String| places.iter().any(|place| user.starts_with(place));
    assert!(users.iter().all(known), "{users:?}");
}

#[test]
fn only_one_back_end_knows_llvm() {
    for word in ["lgc_llvm", "inkwell", "llvm_sys"] {
        let users = users_of(word);
        assert!(!users.is_empty(), "{word}");
        let places = ["codegen/src/backend/llvm/", "llvm/src/"];
        let known = |user: &String| places.iter().any(|place| user.starts_with(place));
        assert!(users.iter().all(known), "{users:?}");
    }
}

#[test]
fn unsafe_code_is_where_it_is_said_to_be() {
    let places = [
        "runtime/src/foreign",
        "runtime/src/buffer.rs",
        "runtime/src/mapped.rs",
        "codegen/src/backend/cranelift/jit.rs",
        "codegen/freestanding",
        "llvm/src/build.rs",
        "llvm/src/library.rs",
        "llvm/src/stubs.rs",
    ];
    for user in ["unsafe {", "unsafe impl", "unsafe(naked)"]
        .into_iter()
        .flat_map(users_of)
    {
        assert!(places.iter().any(|place| user.starts_with(place)), "{user}");
    }
}

#[test]
fn one_file_writes_to_standard_output() {
    assert_eq!(users_of("stdout()"), ["src/output.rs"]);
}
