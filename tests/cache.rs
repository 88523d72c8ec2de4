//! The cache of code: what it holds, who shares it, and what becomes of compilations where it is not as it should be.
#![cfg(feature = "llvm")]
#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use support::{Outcome, Place, digits};

const GRAPH: &str = "\
entry f(x: f32[40, 30], y: f32[30, 20]) -> (z: f32[40, 20], s: f32[40]) {
    z = tanh(x @ y)
    s = sum(exp(z), axes = [1])
}
";

/// A compilation through LLVM in a folder, which makes `m.so` there, with the cache in the folder `cache`.
fn compile(place: &Place, graph: &str, folder: &str) -> Command {
    std::fs::create_dir_all(place.path(folder)).unwrap();
    let output = format!("{folder}/m.so");
    let arguments = ["compile", graph, "--backend", "llvm", "-o", &output];
    let mut command = place.command(&arguments);
    command.env("LGC_CACHE_DIR", place.path("cache"));
    command.stdin(Stdio::null());
    command
}

fn library(place: &Place, folder: &str) -> Vec<u8> {
    place.read(&format!("{folder}/m.so"))
}

fn outcome(mut command: Command) -> Outcome {
    command.output().unwrap().into()
}

/// What a compilation that succeeds says beside what made its kernels.
#[track_caller]
fn remarks(command: Command) -> Vec<String> {
    let outcome = outcome(command);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let lines = outcome.stderr.lines().map(str::to_owned);
    lines
        .filter(|line| !line.starts_with("kernels by LLVM"))
        .collect()
}

/// The library that is made without a cache.
fn reference(place: &Place, graph: &str) -> Vec<u8> {
    let mut command = compile(place, graph, "without");
    command.env("LGC_CACHE_DIR", "");
    assert_eq!(remarks(command), [""; 0]);
    library(place, "without")
}

/// What `lgc cache` says in the line that begins with a word.
fn said(place: &Place, word: &str) -> String {
    let mut command = place.command(&["cache"]);
    command.env("LGC_CACHE_DIR", place.path("cache"));
    let text = outcome(command).success();
    let line = text.lines().find_map(|line| line.strip_prefix(word));
    line.unwrap().trim().to_owned()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = paths
        .flat_map(|path| match path.is_dir() {
            true => files(&path),
            false => vec![path],
        })
        .collect();
    files.sort();
    files
}

#[test]
fn code_is_kept_and_taken() {
    let place = Place::with("m.graph", GRAPH);
    let expected = reference(&place, "m.graph");
    assert_eq!(said(&place, "pieces"), "0");
    let mut first = Vec::new();
    for output in ["cold", "warm"] {
        assert_eq!(remarks(compile(&place, "m.graph", output)), [""; 0]);
        assert!(library(&place, output) == expected, "{output}");
        let files = files(&place.path("cache"));
        assert!(files.len() >= 2);
        match output {
            "cold" => first = files,
            _ => assert_eq!(first, files),
        }
    }
    assert_eq!(said(&place, "pieces"), first.len().to_string());
    let bytes: u64 = first
        .iter()
        .map(|file| file.metadata().unwrap().len())
        .sum();
    assert_eq!(said(&place, "bytes"), bytes.to_string());
    assert_eq!(said(&place, "bound"), (512 << 20).to_string());
    let folder = place.path("cache/kernels");
    assert_eq!(said(&place, "directory"), folder.display().to_string());
    // Another effort is other code.
    let mut command = compile(&place, "m.graph", "other");
    command.arg("-O1");
    assert_eq!(remarks(command), [""; 0]);
    assert_eq!(files(&place.path("cache")).len(), 2 * first.len());
    place.write("cache/kernels/mine", "");
    let mut command = place.command(&["cache", "--clear"]);
    command.env("LGC_CACHE_DIR", place.path("cache"));
    let count = 2 * first.len();
    let cleared = outcome(command).success();
    assert!(
        cleared.starts_with(&format!("removed   {count} pieces, ")),
        "{cleared}"
    );
    assert_eq!(
        files(&place.path("cache")),
        [place.path("cache/kernels/mine")]
    );
}

#[test]
fn damaged_pieces_are_made_again_and_counted() {
    let place = Place::with("m.graph", GRAPH);
    let expected = reference(&place, "m.graph");
    assert_eq!(remarks(compile(&place, "m.graph", "out")), [""; 0]);
    let kept = files(&place.path("cache"));
    let whole: Vec<Vec<u8>> = kept
        .iter()
        .map(|file| std::fs::read(file).unwrap())
        .collect();
    let folder = place.path("cache/kernels").display().to_string();
    let all = match kept.len() {
        1 => "1 piece of code was".to_owned(),
        count => format!("{count} pieces of code were"),
    };
    let all = format!("{all} damaged in `{folder}`, and made again");
    let one = format!("1 piece of code was damaged in `{folder}`, and made again");
    // Cut short, and each in the place of another.
    for round in ["short", "swapped", "one"] {
        let last = whole.iter().cycle().skip(1);
        for (file, (own, other)) in kept.iter().zip(whole.iter().zip(last)) {
            match round {
                "short" => std::fs::write(file, &own[..own.len() / 2]).unwrap(),
                "swapped" => std::fs::write(file, other).unwrap(),
                _ => {}
            }
        }
        if round == "one" {
            let object = whole_object(&kept);
            let mut bytes = std::fs::read(object).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            std::fs::write(object, bytes).unwrap();
        }
        let expected_remark = if round == "one" { &one } else { &all };
        assert_eq!(
            remarks(compile(&place, "m.graph", "out")),
            [expected_remark.as_str()]
        );
        assert!(library(&place, "out") == expected);
        let now: Vec<Vec<u8>> = kept
            .iter()
            .map(|file| std::fs::read(file).unwrap())
            .collect();
        assert!(now == whole);
        assert_eq!(remarks(compile(&place, "m.graph", "out")), [""; 0]);
    }
}

/// The file of the whole object, which is larger than that of any piece of it.
fn whole_object(files: &[PathBuf]) -> &PathBuf {
    let sizes = files
        .iter()
        .map(|file| (file.metadata().unwrap().len(), file));
    sizes.max().unwrap().1
}

/// Two entries with what a header tells of them, a file that is used, and one that is loaded.
const PARTS: &str = "\
use \"part.graph\"

dim N = 6

/// What is done.
entry f(x: f32[N] in [0, 1]) -> (y: f32[N]) { y = twice(sqrt(x)) + sum(load(\"w.safetensors\", \"w\")) }

entry g(inout p: f32[N, N], x: f32[N]) -> (y: f32[N]) {
    y = p @ x
    p' = p * 0.5
}
";

fn part(factor: u32) -> String {
    format!("graph twice[N](x: f32[N]) -> (y: f32[N]) {{ y = {factor} * x }}\n")
}

/// A file of one tensor of two numbers.
fn weights(numbers: [f32; 2]) -> Vec<u8> {
    let header = r#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#;
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
    bytes
}

fn parts() -> Place {
    let place = Place::with("m.graph", PARTS);
    place.write("part.graph", part(2));
    place.write("w.safetensors", weights([1.0, 2.0]));
    place
}

#[test]
fn a_library_is_taken_whole_if_nothing_changed() {
    let place = parts();
    let expected = reference(&place, "m.graph");
    let header = place.read("without/m.h");
    assert_eq!(remarks(compile(&place, "m.graph", "cold")), [""; 0]);
    let kept = files(&place.path("cache"));
    let object = whole_object(&kept);
    // Without the pieces, nothing but the whole can be taken; and they are not made again.
    for file in &kept {
        if file != object {
            std::fs::remove_file(file).unwrap();
        }
    }
    assert_eq!(remarks(compile(&place, "m.graph", "warm")), [""; 0]);
    assert!(library(&place, "warm") == expected);
    assert!(place.read("warm/m.h") == header);
    assert_eq!(files(&place.path("cache")), std::slice::from_ref(object));
    // What is to be seen at work works, and makes the pieces.
    let mut command = compile(&place, "m.graph", "seen");
    command.arg("--verify");
    assert_eq!(remarks(command), [""; 0]);
    assert!(library(&place, "seen") == expected);
    assert_eq!(files(&place.path("cache")), kept);
}

#[test]
fn whatever_changes_makes_another_library() {
    let place = parts();
    assert_eq!(remarks(compile(&place, "m.graph", "out")), [""; 0]);
    let first = library(&place, "out");
    let kept = files(&place.path("cache")).len();
    let check = |what: &str, arguments: &[&str]| {
        let mut command = compile(&place, "m.graph", "out");
        command.args(arguments);
        assert_eq!(remarks(command), [""; 0], "{what}");
        let made = [library(&place, "out"), place.read("out/m.h")];
        let mut command = compile(&place, "m.graph", "without");
        command.env("LGC_CACHE_DIR", "").args(arguments);
        assert_eq!(remarks(command), [""; 0], "{what}");
        let expected = [library(&place, "without"), place.read("without/m.h")];
        assert!(made == expected, "{what}");
        assert!(made[0] != first, "{what}");
    };
    check("a dim", &["--define", "N=7"]);
    check("the name", &["--name", "other"]);
    check("the effort", &["-O0"]);
    check("the level", &["--cpu", "v3"]);
    check("lines", &["-g"]);
    place.write("w.safetensors", weights([1.0, 3.0]));
    check("a tensor", &[]);
    place.write("part.graph", part(3));
    check("a file that is used", &[]);
    place.write("m.graph", PARTS.replace("0.5", "0.25"));
    check("the graph", &[]);
    // Lines change where the code does not.
    place.write("m.graph", PARTS.replace("/// What", "\n/// What"));
    check("lines that moved", &["-g"]);
    // Only the whole is new where there is another word in a comment.
    place.write("m.graph", PARTS);
    place.write("part.graph", part(2));
    place.write("w.safetensors", weights([1.0, 2.0]));
    assert_eq!(remarks(compile(&place, "m.graph", "out")), [""; 0]);
    assert!(library(&place, "out") == first);
    let before = files(&place.path("cache")).len();
    assert!(before > kept);
    place.write("m.graph", format!("{PARTS}// A word.\n"));
    assert_eq!(remarks(compile(&place, "m.graph", "out")), [""; 0]);
    assert!(library(&place, "out") == first);
    assert_eq!(files(&place.path("cache")).len(), before + 1);
}

#[test]
fn a_cache_that_cannot_be_written_is_said_in_a_line() {
    let place = Place::with("m.graph", GRAPH);
    let expected = reference(&place, "m.graph");
    place.write("file", "");
    let with = |variable: &str, value: &str| {
        let mut command = compile(&place, "m.graph", "out");
        command.env(variable, value);
        let said = remarks(command);
        assert!(library(&place, "out") == expected);
        said
    };
    for folder in [
        place.path("file").display().to_string(),
        "/proc/cache".to_owned(),
    ] {
        let said = with("LGC_CACHE_DIR", &folder);
        let start = format!("code is not kept in `{folder}/kernels`: ");
        assert!(said.len() == 1 && said[0].starts_with(&start), "{said:?}");
    }
    assert_eq!(place.read("file"), b"");
    assert_eq!(
        with("LGC_CACHE_SIZE", "much"),
        ["no code is kept: `LGC_CACHE_SIZE` is `much`, which is no size"]
    );
    assert_eq!(with("LGC_CACHE_SIZE", "0"), [""; 0]);
    assert!(!place.path("cache").exists());
    let mut command = place.command(&["cache"]);
    command.env("LGC_CACHE_SIZE", "much");
    let outcome = outcome(command);
    assert_eq!(outcome.code, 1);
    assert!(
        outcome.stderr.contains("which is no size"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn nobody_has_a_cache_without_a_home() {
    let place = Place::with("m.graph", GRAPH);
    let mut command = compile(&place, "m.graph", "out");
    command.env_clear();
    assert_eq!(remarks(command), [""; 0]);
    assert_eq!(place.names(), ["m.graph", "out"]);
    let mut command = place.command(&["cache"]);
    command.env_clear();
    let outcome = outcome(command);
    assert_eq!(outcome.code, 1);
    assert!(
        outcome.stderr.contains("no code is kept"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn eight_processes_share_an_empty_cache() {
    let place = Place::new();
    let example = digits("digits.graph").display().to_string();
    let expected = reference(&place, &example);
    let outputs: Vec<String> = (0..8).map(|number| number.to_string()).collect();
    let children: Vec<_> = outputs
        .iter()
        .map(|output| {
            let mut command = compile(&place, &example, output);
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    for (child, output) in children.into_iter().zip(&outputs) {
        let outcome: Outcome = child.wait_with_output().unwrap().into();
        assert_eq!(
            (outcome.code, outcome.stderr.lines().count()),
            (0, 0),
            "{}",
            outcome.stderr
        );
        assert!(library(&place, output) == expected, "{output}");
    }
    let left = files(&place.path("cache"));
    assert_eq!(said(&place, "pieces"), left.len().to_string());
}

#[test]
fn killed_processes_leave_a_cache_that_works() {
    let place = Place::with("m.graph", GRAPH);
    let expected = reference(&place, "m.graph");
    for round in 0..40 {
        let mut command = compile(&place, "m.graph", "killed");
        command.stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        std::thread::sleep(Duration::from_millis(7 * round));
        // It may be over already.
        let _ = child.kill();
        child.wait().unwrap();
        if round % 10 == 9 {
            assert_eq!(remarks(compile(&place, "m.graph", "out")), [""; 0]);
            assert!(library(&place, "out") == expected, "{round}");
            let _ = std::fs::remove_dir_all(place.path("cache"));
        }
    }
}
