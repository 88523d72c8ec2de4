//! Stopping, verifying, drawing, and what `doctor`, `man` and `completions` say.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod support;

use clap::ValueEnum;
use lgc::stage::Stage;
use support::{Place, digits};

const NORM: &str = "\
graph loss(w: f32[3], x: f32[8, 3]) -> (l: f32[]) { l = mean(square(tanh(x @ w))) }

entry step(x: f32[8, 3], inout w: f32[3]) -> (l: f32[]) {
    (l, d) = value_and_grad(loss, wrt = w)(w, x)
    w' = w - 0.5 * d
}
";

/// The stages of the table that `--time-passes` prints.
fn stages(table: &str) -> Vec<&str> {
    let lines = table.lines().skip(1);
    let names = lines.filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "total").collect()
}

#[test]
fn a_compilation_stops_after_any_of_its_stages() {
    let order = [
        "read",
        "parse",
        "elaborate",
        "simplify",
        "lower",
        "legalise",
        "generate",
        "link",
    ];
    for (at, stage) in order.iter().enumerate() {
        let place = Place::with("m.graph", NORM);
        let arguments = ["compile", "m.graph", "--time-passes", "--stop-after", stage];
        let outcome = place.run(&arguments);
        assert_eq!(
            (outcome.code, outcome.stdout.as_str()),
            (0, ""),
            "{}",
            outcome.stderr
        );
        let ran = stages(&outcome.stderr);
        let ran: Vec<&str> = ran.into_iter().filter(|name| *name != "verify").collect();
        assert_eq!(ran, order[..=at]);
        assert_eq!(place.names(), ["m.graph"], "nothing is written");
    }
}

#[test]
fn other_commands_stop_too_and_errors_come_first() {
    let place = Place::with("m.graph", NORM);
    for command in ["emit", "run", "check", "info"] {
        let arguments = [command, "m.graph", "--stop-after", "elaborate"];
        assert_eq!(place.run(&arguments).success(), "", "{command}");
    }
    place.write("bad.graph", "graph f(");
    let outcome = place.run(&["emit", "bad.graph", "--stop-after", "parse"]);
    assert_eq!(outcome.code, 1);
    // A stage that a command does not come to does not keep it from its end.
    let printed = place
        .run(&["emit", "m.graph", "--stop-after", "link"])
        .success();
    assert!(printed.contains("entry step("));
    let outcome = place.run(&["emit", "m.graph", "--stop-after", "optimise"]);
    assert_eq!(outcome.code, 2);
    for stage in Stage::value_variants() {
        assert!(outcome.stderr.contains(stage.name()), "{}", outcome.stderr);
    }
}

#[test]
fn every_stage_can_be_verified() {
    let example = digits("digits.graph").display().to_string();
    for arguments in [
        &["compile", &example, "-o", "d.so"][..],
        &["emit", &example, "--stage", "asm"],
    ] {
        let place = Place::new();
        let outcome = place.run(&[arguments, &["--verify", "--time-passes"]].concat());
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        let ran = stages(&outcome.stderr);
        for stage in [
            "elaborate",
            "verify",
            "simplify",
            "lower",
            "legalise",
            "generate",
        ] {
            assert!(ran.contains(&stage), "{stage} in {ran:?}");
        }
    }
}

#[test]
fn verification_changes_nothing() {
    let place = Place::with("m.graph", NORM);
    for folder in ["a", "b"] {
        std::fs::create_dir(place.path(folder)).unwrap();
        let output = format!("{folder}/m.so");
        let verify = (folder == "b").then_some("--verify");
        let arguments = ["compile", "m.graph", "-o", &output]
            .into_iter()
            .chain(verify);
        place.run(&arguments.collect::<Vec<_>>()).success();
    }
    assert!(place.read("a/m.so") == place.read("b/m.so"));
}

#[test]
fn graphs_are_drawn() {
    let place = Place::new();
    let text = "entry f(x: f32[2, 3]) -> (y: f32[2], z: f32[2]) {\n    s = sum(x, axes = [1])\n    y = s - s * 2\n    z = y\n}\n";
    insta::assert_snapshot!(place.pipe(&["emit", "--stage", "dot", "-"], text).success());
}

#[test]
fn drawings_show_every_node_and_operand_once() {
    let example = digits("digits.graph").display().to_string();
    let drawing = Place::new()
        .run(&["emit", "--stage", "dot", &example])
        .success();
    let nodes = drawing
        .lines()
        .filter(|line| line.contains("label=") && !line.contains("->"));
    let names: Vec<&str> = nodes
        .filter_map(|line| line.trim().split_once(" ["))
        .map(|(name, _)| name)
        .filter(|name| name.starts_with('e'))
        .collect();
    let unique: std::collections::BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!(names.len(), unique.len());
    let edges = drawing
        .lines()
        .filter_map(|line| line.trim().split_once(" -> "));
    let mut count = 0;
    for (from, to) in edges {
        let to = to.split(' ').next().unwrap();
        let from = from.split(':').next().unwrap();
        assert!(
            unique.contains(from) && unique.contains(to),
            "{from} -> {to}"
        );
        count += 1;
    }
    assert!(
        count >= names.len(),
        "{count} edges of {} nodes",
        names.len()
    );
    let braces = |brace: char| drawing.matches(brace).count();
    assert_eq!(braces('{'), braces('}'));
}

#[test]
fn the_doctor_finds_what_works() {
    let report = Place::new().run(&["doctor"]).success();
    let lines: Vec<&str> = report.lines().collect();
    assert!(lines[0].starts_with("lgc "), "{report}");
    for what in ["processor", "temporary files", "compiler", "linker"] {
        let line = lines
            .iter()
            .find(|line| line.trim_start().starts_with(what));
        assert!(line.unwrap().contains("  works  "), "{report}");
    }
}

#[test]
fn the_doctor_says_what_fails() {
    let place = Place::new();
    let mut command = place.command(&["doctor"]);
    let output = command
        .env("TMPDIR", "/nowhere/at/all")
        .env("PATH", "")
        .env("CC", "")
        .output();
    let output = output.unwrap();
    let report = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(3), "{report}");
    let line = |what: &str| report.lines().find(|line| line.contains(what)).unwrap();
    assert!(line("temporary files").contains("fails"), "{report}");
    assert!(line("temporary files").contains("TMPDIR"), "{report}");
    assert!(line("C compiler").contains("absent"), "{report}");
    assert!(line("compiler  ").contains("works"), "{report}");
}

/// What the doctor says of LLVM, with these variables and no others.
fn said_of_llvm(environment: &[(&str, &str)]) -> String {
    let place = Place::new();
    let mut command = place.command(&["doctor"]);
    let output = command.env_clear().envs(environment.iter().copied());
    let output = output.output().unwrap();
    let report = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{report}");
    let line = report.lines().find(|line| line.contains("LLVM"));
    line.unwrap().to_owned()
}

#[cfg(feature = "llvm")]
#[test]
fn the_doctor_finds_llvm_without_an_environment() {
    let line = said_of_llvm(&[]);
    assert!(line.contains("  works   22."), "{line}");
    assert!(line.contains("libLLVM.so.22"), "{line}");
    assert!(line.contains("X86"), "{line}");
}

#[cfg(feature = "llvm")]
#[test]
fn the_doctor_says_why_llvm_is_not_loaded() {
    let place = Place::with("short.so", "no library");
    let path = place.path("short.so");
    let path = path.to_str().unwrap();
    let reasons = [
        ("/nowhere/libLLVM.so", "No such file"),
        (path, "does not start like an ELF file"),
    ];
    for (named, reason) in reasons {
        let line = said_of_llvm(&[("LGC_LLVM", named)]);
        for part in ["  absent  ", named, "named by LGC_LLVM", reason] {
            assert!(line.contains(part), "{line}");
        }
    }
}

#[cfg(not(feature = "llvm"))]
#[test]
fn the_doctor_says_that_llvm_was_left_out() {
    let line = said_of_llvm(&[]);
    assert!(
        line.contains("  absent  this lgc was built without LLVM"),
        "{line}"
    );
}

#[test]
fn there_is_a_manual_page_for_every_command() {
    let place = Place::new();
    let page = place.run(&["man"]).success();
    assert!(page.contains(".TH lgc 1"), "{page}");
    let help = place.run(&["--help"]).success();
    let commands = help.split("Commands:\n").nth(1).unwrap().lines();
    let commands = commands.take_while(|line| !line.is_empty());
    let names = commands.filter_map(|line| line.split_whitespace().next());
    let names: Vec<&str> = names.filter(|name| *name != "help").collect();
    assert!(names.len() > 10, "{names:?}");
    for name in names {
        let escaped = format!("lgc\\-{name}");
        assert!(page.contains(&escaped), "{name}");
        let own = place.run(&["man", name]).success();
        assert!(own.contains(&format!(".TH lgc-{name} 1")), "{own}");
        assert!(own.contains("SYNOPSIS"), "{own}");
    }
    let unknown = place.run(&["man", "compil"]);
    assert_eq!(unknown.code, 1);
    assert!(
        unknown.stderr.contains("did you mean `compile`?"),
        "{}",
        unknown.stderr
    );
}

#[test]
fn shells_complete_commands_and_options() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = place.run(&["completions", shell]).success();
        for word in ["compile", "explain", "time-passes", "stop-after", "kernels"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    let bash = place.run(&["completions", "bash"]).success();
    place.write("lgc.bash", bash);
    let complete = "source lgc.bash; COMP_WORDS=(lgc expl); COMP_CWORD=1; _lgc lgc expl lgc; \
                    echo \"${COMPREPLY[@]}\"";
    let output = std::process::Command::new("bash")
        .args(["--norc", "-c", complete])
        .current_dir(place.path("."))
        .output();
    if let Ok(output) = output {
        assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), "explain");
    }
    assert_eq!(place.run(&["completions", "command.com"]).code, 2);
}
