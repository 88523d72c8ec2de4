//! `lgc compile`: what is written, and that it is whole, equal each time, and usable from C.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod support;

use std::path::Path;
use std::process::{Command, Stdio};
use support::{Place, digits, tool};

const LINE: &str = "\
/// A line.
entry line(x: f32[4], inout slope: f32[], bias: f32[]) -> (y: f32[4]) {
    y = x * slope + bias
    slope' = slope + 1
}
";

#[test]
fn a_shared_library_comes_with_its_header() {
    let place = Place::with("line.graph", LINE);
    let said = place.run(&["compile", "line.graph"]).success();
    assert!(said.starts_with("kernels by "), "{said}");
    assert_eq!(place.names(), ["line.graph", "line.h", "line.so"]);
    let info = place.run(&["info", "line.so"]).success();
    insta::assert_snapshot!(info);
}

#[test]
#[cfg_attr(not(feature = "llvm"), ignore = "lgc is built without LLVM")]
fn library_and_header_say_which_processor_is_needed() {
    let place = Place::with("line.graph", LINE);
    for (cpu, needs_v4) in [(None, false), (Some("v3"), false), (Some("v4"), true)] {
        let cpu = cpu.map_or(Vec::new(), |cpu| vec!["--cpu", cpu]);
        let arguments = [&["compile", "line.graph", "--backend", "llvm"], &cpu[..]];
        place.run(&arguments.concat()).success();
        let info = place.run(&["info", "line.so"]).success();
        let features = info
            .lines()
            .find_map(|line| line.split_once(" with sse3, "));
        let (_, features) = features.unwrap();
        assert!(features.contains("fma, bmi1, bmi2"), "{features}");
        assert_eq!(features.contains("avx512vl"), needs_v4, "{features}");
        let header = String::from_utf8(place.read("line.h")).unwrap();
        let header: Vec<&str> = header.split_whitespace().collect();
        let said = format!("on a CPU that has sse3, {features}. ");
        assert!(header.join(" ").contains(&said), "{header:?}");
    }
}

#[test]
fn the_suffix_says_what_is_written() {
    let place = Place::with("line.graph", LINE);
    let outputs = ["-o", "a.o", "-o", "a.a", "-o", "a.h", "-o", "a.clif"];
    place
        .run(&[&["compile", "line.graph"], &outputs[..]].concat())
        .success();
    assert_eq!(place.names(), ["a.a", "a.clif", "a.h", "a.o", "line.graph"]);
    assert!(place.read("a.o").starts_with(b"\x7fELF"));
    assert!(place.read("a.a").starts_with(b"!<arch>\n"));
    assert!(place.read("a.h").starts_with(b"/* C interface of `line`"));
    assert!(
        String::from_utf8(place.read("a.clif"))
            .unwrap()
            .contains("function")
    );
    let outcome = place.run(&["compile", "line.graph", "-o", "a.dll"]);
    assert_eq!(outcome.code, 2);
    assert!(
        outcome.stderr.contains("its suffix must say what to write"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn nothing_but_lgc_is_needed() {
    let place = Place::with("line.graph", LINE);
    let output = place
        .command(&["compile", "line.graph"])
        .env_clear()
        .env("PATH", "")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    place.run(&["info", "line.so"]).success();
}

#[test]
fn equal_input_gives_equal_bytes() {
    let example = digits("digits.graph").display().to_string();
    let (first, second) = (Place::new(), Place::new());
    first
        .run(&["compile", &example, "-o", "d.so", "-o", "d.a"])
        .success();
    let output = second
        .command(&["compile", &example, "-o", "d.so", "-o", "d.a"])
        .env("RAYON_NUM_THREADS", "1")
        .output()
        .unwrap();
    assert!(output.status.success());
    for file in ["d.so", "d.h", "d.a"] {
        assert!(first.read(file) == second.read(file), "{file} differs");
    }
}

#[test]
fn the_name_is_that_of_the_source_or_is_given() {
    let place = Place::with("my-line.graph", LINE);
    place
        .run(&["compile", "my-line.graph", "-o", "renamed.so"])
        .success();
    let info = place.run(&["info", "renamed.so"]).success();
    assert!(info.starts_with("library my_line\n"), "{info}");
    place
        .run(&[
            "compile",
            "my-line.graph",
            "--name",
            "other",
            "-o",
            "renamed.so",
        ])
        .success();
    let info = place.run(&["info", "renamed.so"]).success();
    assert!(info.starts_with("library other\n"), "{info}");
    let piped = place.pipe(&["compile", "-", "-o", "piped.so"], LINE);
    assert!(piped.success().starts_with("kernels by "));
    assert!(
        place
            .run(&["info", "piped.so"])
            .success()
            .starts_with("library piped\n")
    );
}

#[test]
fn names_that_c_cannot_have_are_refused() {
    let place = Place::with("2d.graph", LINE);
    place.write("line.graph", LINE);
    let two = "entry f(x: f32[2]) -> (y: f32[2]) { y = x }\n\
               entry f_run(x: f32[2]) -> (y: f32[2]) { y = x }\n";
    place.write("two.graph", two);
    let commands: [&[&str]; 3] = [
        &["compile", "2d.graph"],
        &["compile", "line.graph", "--name", "a b"],
        &["compile", "two.graph"],
    ];
    let mut messages = String::new();
    for arguments in commands {
        let outcome = place.run(arguments);
        assert_eq!(outcome.code, 1, "{}", outcome.stderr);
        messages.push_str(&outcome.stderr);
    }
    insta::assert_snapshot!(messages);
    assert_eq!(place.names(), ["2d.graph", "line.graph", "two.graph"]);
}

#[test]
fn outputs_are_whole_or_absent() {
    let place = Place::with("line.graph", LINE);
    place.write("old.so", "old");
    std::fs::create_dir(place.path("old.h")).unwrap();
    std::fs::create_dir(place.path("directory.so")).unwrap();
    let mut messages = String::new();
    for output in [
        "old.so",
        "missing/line.so",
        "directory.so",
        "line.graph/x.so",
    ] {
        let outcome = place.run(&["compile", "line.graph", "-o", output]);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (1, ""));
        messages.push_str(&outcome.stderr);
    }
    insta::assert_snapshot!(messages);
    assert_eq!(place.read("old.so"), b"old");
    assert_eq!(
        place.names(),
        ["directory.so", "line.graph", "old.h", "old.so"]
    );
    let full = place.run(&[
        "compile",
        "line.graph",
        "-o",
        "line.o",
        "-o",
        "line.so",
        "-o",
        "line.o",
    ]);
    assert_eq!(full.code, 1, "two outputs in one file");
    assert_eq!(
        place.names(),
        ["directory.so", "line.graph", "old.h", "old.so"]
    );
}

#[test]
fn what_is_read_is_not_replaced() {
    let text = "use \"used.h\"\nentry f(x: f32[2]) -> (y: f32[2]) { y = twice(x) }\n";
    let used = "graph twice(x: f32[2]) -> (y: f32[2]) { y = 2 * x }\n";
    for source in ["own.graph", "own.o", "own.h", "own.clif"] {
        let place = Place::with(source, text);
        place.write("used.h", used);
        for arguments in [
            &["emit", source, "-o", source][..],
            &["emit", source, "--stage", "asm", "-o", "used.h"],
            &[
                "compile", source, "-o", "own.o", "-o", "own.h", "-o", "own.clif",
            ],
            &["compile", source, "-o", "used.so"],
        ] {
            let outcome = place.run(arguments);
            let written = source == "own.graph" && arguments.contains(&"own.o");
            assert_eq!(outcome.code, i32::from(!written), "{arguments:?}");
            assert!(
                written || outcome.stderr.contains("E0703"),
                "{}",
                outcome.stderr
            );
            assert_eq!(place.read(source), text.as_bytes());
            assert_eq!(place.read("used.h"), used.as_bytes());
        }
    }
}

#[test]
fn a_source_with_errors_writes_nothing() {
    let place = Place::with("bad.graph", "entry f(x: f32[2]) -> (y: f32[3]) { y = x }");
    let outcome = place.run(&["compile", "bad.graph"]);
    assert_eq!(outcome.code, 1);
    assert_eq!(place.names(), ["bad.graph"]);
}

#[test]
fn the_stages_of_a_compilation_are_timed() {
    let place = Place::with("line.graph", LINE);
    let outcome = place.run(&["compile", "line.graph", "--time-passes"]);
    assert_eq!(outcome.code, 0);
    let stages = outcome
        .stderr
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    let expected = [
        "stage",
        "read",
        "parse",
        "elaborate",
        "simplify",
        "lower",
        "legalise",
        "generate",
        "link",
        "write",
        "total",
    ];
    assert_eq!(stages.collect::<Vec<_>>(), expected);
}

#[test]
fn the_header_is_c11_and_cpp17() {
    let place = Place::new();
    let example = digits("digits.graph").display().to_string();
    place
        .run(&["compile", &example, "-o", "digits.h"])
        .success();
    place.write("use.c", "#include \"digits.h\"\n#include \"digits.h\"\n");
    place.write("use.cpp", "#include \"digits.h\"\n");
    let warnings = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only"];
    tool(
        "cc",
        &[&["-std=c11", "use.c"], &warnings[..]].concat(),
        &place,
    );
    tool(
        "c++",
        &[&["-std=c++17", "use.cpp"], &warnings[..]].concat(),
        &place,
    );
}

#[test]
fn libraries_archives_and_objects_serve_a_program_in_c() {
    let place = Place::with("line.graph", LINE);
    place
        .run(&[
            "compile",
            "line.graph",
            "-o",
            "line.so",
            "-o",
            "line.a",
            "-o",
            "line.o",
        ])
        .success();
    place.write(
        "main.c",
        r#"
#include "line.h"
#include <stdio.h>
int main(void) {
    const float x[4] = {0, 1, 2, 3}, bias = 10;
    float slope = 2, y[4];
    const line_line_args args = {.x = x, .slope = &slope, .bias = &bias, .y = y};
    if (line_line(&args, NULL, NULL) != LGC_OK) return 1;
    printf("%g %g %g %g, %g\n", y[0], y[1], y[2], y[3], slope);
    return line_line(NULL, NULL, NULL) == LGC_NULL_ARGUMENT ? 0 : 1;
}
"#,
    );
    let flags = [
        "-std=c11",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-Wl,-rpath,.",
        "-o",
        "main",
        "main.c",
    ];
    for library in ["./line.so", "line.a", "line.o"] {
        if tool("cc", &[&flags[..], &[library]].concat(), &place).is_none() {
            return;
        }
        let main = place.path("main").display().to_string();
        assert_eq!(
            tool(&main, &[], &place).unwrap(),
            "10 12 14 16, 3\n",
            "{library}"
        );
    }
}

#[test]
fn arrays_of_structs_are_arrays_in_c() {
    let graph = "\
struct Layer { w: f32[2], b: f32[] }

struct Net { layers: Layer[3], scales: f32[][2] }

entry step(x: f32[2], inout p: Net, more: Layer[1]) -> (y: f32[], rest: Layer[2]) {
    y = sum(x * p.layers[2].w) + p.layers[1].b + p.scales[1]
    rest = p.layers[1:]
    p.layers' = p.layers
    p.scales' = [p.scales[1], more[0].b]
}
";
    let place = Place::with("net.graph", graph);
    place
        .run(&["compile", "net.graph", "-o", "net.o", "-o", "net.h"])
        .success();
    place.write(
        "main.c",
        r#"
#include "net.h"
#include <stdio.h>
int main(void) {
    const float x[2] = {1, 2}, more_w[2] = {0, 0}, more_b = 9;
    float w[3][2] = {{0, 0}, {3, 4}, {5, 6}}, b[3] = {7, 8, 9}, scale[2] = {10, 20};
    float y, rest_w[2][2], rest_b[2];
    net_step_args args = {.x = x, .y = &y, .more[0] = {more_w, &more_b}};
    for (int i = 0; i < 3; ++i) args.p.layers[i] = (net_Layer){w[i], &b[i]};
    for (int i = 0; i < 2; ++i) args.p.scales[i] = &scale[i];
    for (int i = 0; i < 2; ++i) args.rest[i] = (net_Layer){rest_w[i], &rest_b[i]};
    static NET_STEP_WORKSPACE(memory);
    if (net_step(&args, memory, NULL) != LGC_OK) return 1;
    printf("%g, %g %g, %g %g\n", y, rest_w[0][1], rest_b[1], scale[0], scale[1]);
    return 0;
}
"#,
    );
    let flags = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-o", "main"];
    if tool("cc", &[&flags[..], &["main.c", "net.o"]].concat(), &place).is_some() {
        let main = place.path("main").display().to_string();
        assert_eq!(tool(&main, &[], &place).unwrap(), "45, 4 9, 20 9\n");
    }
}

/// The share of held-out digits that a run reports in its last line.
fn accuracy(output: &str) -> f64 {
    let percent = output.trim_end().trim_end_matches(" %").rsplit(' ').next();
    percent.unwrap().parse().unwrap()
}

fn compiled_digits() -> Place {
    let place = Place::new();
    let example = digits("digits.graph").display().to_string();
    place.run(&["compile", &example]).success();
    place
}

#[test]
fn digits_are_learned_from_c() {
    let place = compiled_digits();
    let main = digits("main.c").display().to_string();
    let flags = [
        "-std=c11",
        "-O2",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-I.",
        "-Wl,-rpath,.",
        "-o",
        "digits",
    ];
    if tool(
        "cc",
        &[&flags[..], &[&main, "./digits.so"]].concat(),
        &place,
    )
    .is_none()
    {
        return;
    }
    let packed = std::fs::read(digits("digits.csv.gz")).unwrap();
    let mut text = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&packed[..]), &mut text).unwrap();
    place.write("digits.csv", text);
    let output = Command::new(place.path("digits"))
        .current_dir(place.path("."))
        .stdin(std::fs::File::open(place.path("digits.csv")).unwrap())
        .output()
        .unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    assert!(accuracy(&output) >= 97.0, "{output}");
}

#[test]
fn digits_are_learned_from_python() {
    let place = compiled_digits();
    let script = digits("train.py").display().to_string();
    let data = digits("digits.csv.gz").display().to_string();
    let library = place.path("digits.so").display().to_string();
    if let Some(output) = tool("python3", &["-B", &script, &library, &data], &place) {
        assert!(accuracy(&output) >= 97.0, "{output}");
    }
}

#[test]
fn the_library_is_small_and_needs_libc_at_most() {
    let place = compiled_digits();
    assert!(place.read("digits.so").len() < 1_000_000);
    if let Some(dynamic) = tool("readelf", &["-d", "digits.so"], &place) {
        let needed = dynamic.lines().filter(|line| line.contains("(NEEDED)"));
        assert!(
            needed.into_iter().all(|line| line.contains("[libc.so.6]")),
            "{dynamic}"
        );
    }
    if let Some(symbols) = tool("nm", &["-D", "--defined-only", "digits.so"], &place) {
        let names = symbols
            .lines()
            .filter_map(|line| line.split_whitespace().last());
        let expected = [
            "digits_info",
            "digits_pool_create",
            "digits_pool_destroy",
            "digits_predict_run_v3",
            "digits_predict_v3",
            "digits_step_run_v3",
            "digits_step_v3",
            "digits_strerror",
        ];
        assert_eq!(names.collect::<Vec<_>>(), expected);
    }
    let imports = |place: &Place| {
        let symbols = tool("nm", &["-D", "--undefined-only", "digits.so"], place)?;
        let words = symbols
            .lines()
            .filter_map(|line| line.split_whitespace().last());
        let names = words.filter_map(|word| word.split('@').next());
        Some(names.map(str::to_string).collect::<Vec<String>>())
    };
    if let Some(names) = imports(&place) {
        assert!(names.is_empty(), "batches too small for threads: {names:?}");
    }
    let source = std::fs::read_to_string(digits("digits.graph")).unwrap();
    let place = Place::with("digits.graph", source.replace("dim B = 64", "dim B = 512"));
    place.run(&["compile", "digits.graph"]).success();
    if let Some(names) = imports(&place) {
        let expected = ["pthread_create", "pthread_join"];
        assert_eq!(names, expected, "threads, and nothing else");
    }
}

#[test]
fn the_demonstration_learns() {
    let place = Place::new();
    let outcome = place.run(&["demo", "--keep", "."]);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
    assert_eq!(place.names(), ["digits-loss.svg", "digits.h", "digits.so"]);
    let tested = outcome
        .stdout
        .lines()
        .find(|line| line.starts_with("trained in "));
    assert!(accuracy(tested.unwrap()) >= 97.0, "{}", outcome.stdout);
    let epochs = outcome
        .stdout
        .lines()
        .filter(|line| line.starts_with("epoch "));
    let losses: Vec<f64> = epochs
        .map(|line| line.split_whitespace().nth(3).unwrap().parse().unwrap())
        .collect();
    assert_eq!(losses.len(), 30);
    assert!(losses[29] < losses[0] / 20.0, "{losses:?}");
    let drawing = String::from_utf8(place.read("digits-loss.svg")).unwrap();
    assert!(drawing.starts_with("<svg"));
    // The same seed gives the same run, times apart.
    let again = place.run(&["demo"]);
    let learned = |output: &str| -> Vec<String> {
        let epochs = output.lines().filter(|line| line.starts_with("epoch "));
        epochs.map(str::to_owned).collect()
    };
    assert_eq!(learned(&again.stdout), learned(&outcome.stdout));
}

#[test]
fn a_demonstration_that_cannot_write_says_so() {
    let place = Place::new();
    let missing = Path::new("missing").join("loss.svg");
    let outcome = place.run(&["demo", "--epochs", "1", "--svg", missing.to_str().unwrap()]);
    assert_eq!(outcome.code, 1);
    assert!(outcome.stderr.contains("E0703"), "{}", outcome.stderr);
}
