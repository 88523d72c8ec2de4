//! What the documentation shows is what happens.
//!
//! Every fenced block of `README.md` and of `docs/` with a language that is known here is used, each
//! page in a directory of its own. A second word after the language is the name of a file that the
//! block is written to. A block of
//! - `graph` must be in canonical form and lower to kernels, unless its file is called `wrong….graph`;
//! - `rust` stands in the source file that is named;
//! - `c` without a file holds declarations of the header of the digits example;
//! - `sh` holds commands that succeed. `cargo run -- …` is `lgc …`; of other cargo commands, which take
//!   long and run elsewhere, the packages, examples and tests that they name exist;
//! - `console` holds commands after `$ ` and what they print, standard error included; a line `…`
//!   stands for any lines. Commands run in a shell. One whose program is missing here (a C compiler)
//!   is passed over with the rest of its block.
//!
//! `UPDATE_DOCS=1 cargo test --test docs` writes what the commands print into the pages.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail on what they do not expect"
)]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;
use support::{Place, digits, repository};

/// A fenced block: its lines lie in `lines` of the page.
struct Block<'p> {
    language: &'p str,
    file: Option<&'p str>,
    lines: std::ops::Range<usize>,
}

fn blocks<'p>(page: &[&'p str]) -> Vec<Block<'p>> {
    let mut blocks = Vec::new();
    let mut open: Option<Block<'p>> = None;
    for (number, line) in page.iter().enumerate() {
        let Some(info) = line.strip_prefix("```") else {
            continue;
        };
        match open.take() {
            Some(block) => blocks.push(Block {
                lines: block.lines.start..number,
                ..block
            }),
            None => {
                let mut words = info.split_whitespace();
                open = Some(Block {
                    language: words.next().unwrap_or_default(),
                    file: words.next(),
                    lines: number + 1..number + 1,
                });
            }
        }
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}

/// Whether the text is what is expected, in which a line `…` stands for any lines.
fn matches(expected: &[&str], text: &[&str]) -> bool {
    match expected.split_first() {
        None => text.is_empty(),
        Some((&"…", rest)) => (0..=text.len()).any(|skip| matches(rest, &text[skip..])),
        Some((line, rest)) => text.first() == Some(line) && matches(rest, &text[1..]),
    }
}

/// Whether the shell finds the program that a command begins with.
fn is_here(command: &str) -> bool {
    let program = command.split_whitespace().next().unwrap_or_default();
    let found = Command::new("sh")
        .args(["-c", &format!("command -v {program}")])
        .output();
    program.starts_with("./") || program == "lgc" || found.unwrap().status.success()
}

fn output_of(place: &Place, command: &str) -> String {
    let lgc = Path::new(env!("CARGO_BIN_EXE_lgc"));
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("sh")
        .args(["-c", &format!("exec 2>&1; {command}")])
        .current_dir(place.path(""))
        .env("LGC_CACHE_DIR", "")
        .env(
            "PATH",
            format!("{}:{path}", lgc.parent().unwrap().display()),
        )
        .output();
    String::from_utf8(output.unwrap().stdout).unwrap()
}

/// Runs a console block; its lines as they should be.
fn console(place: &Place, lines: &[&str], name: &str) -> Vec<String> {
    let mut actual = Vec::new();
    let mut rest = lines;
    while let Some((first, after)) = rest.split_first() {
        let command = first.strip_prefix("$ ");
        let command = command.unwrap_or_else(|| panic!("{name}: `{first}` is no command"));
        let end = after.iter().position(|line| line.starts_with("$ "));
        let (expected, next) = after.split_at(end.unwrap_or(after.len()));
        if !is_here(command) {
            actual.extend(rest.iter().map(ToString::to_string));
            break;
        }
        let output = output_of(place, command);
        let shown: Vec<&str> = output.lines().map(str::trim_end).collect();
        actual.push((*first).to_string());
        match matches(expected, &shown) {
            true => actual.extend(expected.iter().map(ToString::to_string)),
            false => actual.extend(shown.iter().map(ToString::to_string)),
        }
        rest = next;
    }
    actual
}

fn graph(place: &Place, text: &str, name: &str) {
    assert_eq!(place.pipe(&["fmt", "-"], text).success(), text, "{name}");
    let kernels = place.pipe(&["emit", "--stage", "kernels", "-"], text);
    assert_eq!(kernels.code, 0, "{name}: {}\n{text}", kernels.stderr);
}

/// Runs a block of commands, with the program in the place of what cargo would build.
fn commands(place: &Place, lines: &[&str], name: &str) {
    let mut script = String::from("set -e\n");
    for line in lines {
        let line = line.split(" #").next().unwrap().trim_end();
        let program = ["cargo run -- ", "cargo run --release -- "]
            .iter()
            .find_map(|prefix| line.strip_prefix(prefix));
        match program {
            Some(arguments) => script += &format!("lgc {arguments}\n"),
            None if line.starts_with("cargo ") => names_what_exists(line, name),
            None => script += &format!("{line}\n"),
        }
    }
    let output = output_of(place, &format!("({script}) && echo ok"));
    assert!(output.ends_with("ok\n"), "{name}: {script}{output}");
}

/// Packages, examples and tests that a cargo command names are there.
fn names_what_exists(command: &str, name: &str) {
    let words: Vec<&str> = command.split_whitespace().collect();
    let after = |flag: &str| {
        let at = words.iter().position(|word| *word == flag);
        at.and_then(|at| words.get(at + 1))
    };
    let folder = match after("-p") {
        Some(package) => package.strip_prefix("lgc-").unwrap_or("."),
        None => ".",
    };
    let package = repository().join(folder);
    assert!(package.join("Cargo.toml").exists(), "{name}: {command}");
    for (flag, directory) in [("--example", "examples"), ("--test", "tests")] {
        let named = after(flag).map(|named| package.join(directory).join(format!("{named}.rs")));
        assert!(named.is_none_or(|file| file.exists()), "{name}: {command}");
    }
}

/// C without comments, with one space wherever there is any.
fn bare_c(text: &str) -> String {
    let mut bare = String::new();
    for part in text.split("/*") {
        let code = part.split_once("*/").map_or(part, |(_, code)| code);
        bare.push_str(code);
    }
    let words: Vec<&str> = bare.split_whitespace().collect();
    words.join(" ")
}

/// Declarations that the header of the digits example holds.
fn declarations(text: &str, name: &str) {
    let place = Place::new();
    let example = digits("digits.graph").display().to_string();
    place
        .run(&["compile", &example, "-o", "digits.h"])
        .success();
    let header = bare_c(&String::from_utf8(place.read("digits.h")).unwrap());
    let mut declaration = String::new();
    for part in bare_c(text).split_inclusive(';') {
        declaration += part;
        if declaration.matches('{').count() == declaration.matches('}').count() {
            let wanted = std::mem::take(&mut declaration);
            // A function that the header defines has a body there.
            let wanted = wanted.trim().trim_end_matches(';');
            assert!(header.contains(wanted), "{name}: {wanted}");
        }
    }
    assert!(declaration.is_empty(), "{name}: {declaration}");
}

/// Uses every block of a page; the page as it should be.
fn actual(path: &Path) -> (String, String) {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let place = Place::new();
    let mut page: Vec<String> = Vec::new();
    let mut copied = 0;
    for block in blocks(&lines) {
        let content = &lines[block.lines.clone()];
        let text = content
            .iter()
            .map(|line| format!("{line}\n"))
            .collect::<String>();
        match (block.language, block.file) {
            ("rust", Some(file)) => {
                let source = std::fs::read_to_string(repository().join(file)).unwrap();
                assert!(source.contains(&text), "{name}: not in {file}:\n{text}");
            }
            (_, Some(file)) => place.write(file, &text),
            ("sh", None) => commands(&place, content, &name),
            ("c", None) => declarations(&text, &name),
            (_, None) => {}
        }
        if block.language == "graph" && block.file.is_none_or(|file| !file.starts_with("wrong")) {
            graph(&place, &text, &name);
        }
        if block.language == "console" {
            page.extend(
                lines[copied..block.lines.start]
                    .iter()
                    .map(ToString::to_string),
            );
            page.extend(console(&place, content, &name));
            copied = block.lines.end;
        }
    }
    page.extend(lines[copied..].iter().map(ToString::to_string));
    (text, page.join("\n") + "\n")
}

fn pages() -> Vec<PathBuf> {
    let mut pages = vec![repository().join("README.md")];
    for folder in ["docs", "docs/guide"] {
        let entries = std::fs::read_dir(repository().join(folder)).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        pages.extend(paths.filter(|path| path.extension().is_some_and(|suffix| suffix == "md")));
    }
    // These two are generated from tables whose examples have tests of their own.
    pages.retain(|page| !page.ends_with("ops.md") && !page.ends_with("diagnostics.md"));
    pages.sort();
    pages
}

#[test]
fn pages_show_what_happens() {
    let update = std::env::var_os("UPDATE_DOCS").is_some();
    let mut wrong = Vec::new();
    for path in pages() {
        let (shown, actual) = actual(&path);
        if shown == actual {
            continue;
        }
        if update {
            std::fs::write(&path, actual).unwrap();
        } else {
            let differs = shown.lines().zip(actual.lines()).position(|(a, b)| a != b);
            let at = differs.unwrap_or(0);
            let context: Vec<&str> = actual.lines().skip(at).take(20).collect();
            let line = at + 1;
            wrong.push(format!(
                "{}:{line}: in fact:\n{}",
                path.display(),
                context.join("\n")
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn links_lead_somewhere() {
    for path in pages() {
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let blocks = blocks(&lines);
        let is_prose = |at: usize| !blocks.iter().any(|block| block.lines.contains(&at));
        let prose = (0..lines.len()).filter(|&at| is_prose(at));
        let prose: Vec<&str> = prose.map(|at| lines[at]).collect();
        // What stands between backticks is code, where brackets mean something else.
        let text: String = prose.join("\n").split('`').step_by(2).collect();
        for part in text.split("](").skip(1) {
            let target = part.split([')', '#']).next().unwrap();
            let is_local = !target.is_empty() && !target.contains("://");
            let file = path.parent().unwrap().join(target);
            assert!(!is_local || file.exists(), "{}: {target}", path.display());
        }
    }
}
