//! The command line: what goes where, exit codes, pipes, formatting and printing.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod support;

use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use support::{Place, digits, repository};

const TWICE: &str = "graph twice(x: f32[3]) -> (y: f32[3]) { y = x + x }\n";
const LOSS: &str = "\
/// Squared error of a linear model.
graph loss(w: f32[3], x: f32[8, 3], y: f32[8]) -> (l: f32[]) {
    l = mse(x @ w, y)
}
";

#[test]
fn help_and_version_go_to_standard_output() {
    let place = Place::new();
    let version = place.run(&["--version"]).success();
    assert_eq!(version, format!("lgc {}\n", env!("CARGO_PKG_VERSION")));
    insta::assert_snapshot!(place.run(&["--help"]).success());
}

#[test]
fn usage_errors_have_exit_code_2() {
    let place = Place::with("twice.graph", TWICE);
    let commands: [&[&str]; 7] = [
        &[],
        &["compute"],
        &["emit"],
        &["emit", "twice.graph", "--stage", "wasm"],
        &["emit", "twice.graph", "--define", "B"],
        &["emit", "twice.graph", "--define", "B=-3"],
        &["info"],
    ];
    for arguments in commands {
        let outcome = place.run(arguments);
        assert_eq!(
            (outcome.code, outcome.stdout.as_str()),
            (2, ""),
            "{arguments:?}"
        );
        let helps = ["Usage: lgc", "For more information, try '--help'."];
        assert!(
            helps.iter().any(|help| outcome.stderr.contains(help)),
            "{}",
            outcome.stderr
        );
    }
}

#[test]
fn every_command_reads_standard_input() {
    let place = Place::new();
    let printed = place.pipe(&["emit", "-"], TWICE).success();
    assert!(printed.starts_with("entry twice("), "{printed}");
    assert_eq!(place.pipe(&["fmt", "-"], TWICE).success(), TWICE);
    let info = place.pipe(&["info", "-"], TWICE).success();
    assert!(info.contains("x  f32[3]"), "{info}");
    let error = place.pipe(&["emit", "-"], "graph f(");
    assert!(error.stderr.contains("--> <stdin>:1:"), "{}", error.stderr);
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let place = Place::new();
    let mut child = place
        .command(&["info", "--ops"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
}

#[test]
fn a_full_disk_behind_standard_output_is_an_error() {
    let place = Place::new();
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let output = place
        .command(&["info", "--ops"])
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("E0703"), "{message}");
}

#[test]
fn files_are_formatted_in_place() {
    let place = Place::with("a.graph", "graph f(x:f32[3])->(y:f32[3]){y=x*2}");
    place.write("b.graph", TWICE);
    let check = place.run(&["fmt", "--check", "a.graph", "b.graph"]);
    assert_eq!(check.code, 3);
    insta::assert_snapshot!(check.stderr, @r"
    error[E0711]: `a.graph` is not in canonical form
     --> a.graph:1:11
      |
    1 | graph f(x:f32[3])->(y:f32[3]){y=x*2}
      |           ^ differs from here on
      |
      = help: `lgc fmt a.graph` rewrites it
    ");
    place.run(&["fmt", "a.graph", "b.graph"]).success();
    let formatted = "graph f(x: f32[3]) -> (y: f32[3]) { y = x * 2 }\n";
    assert_eq!(place.read("a.graph"), formatted.as_bytes());
    place
        .run(&["fmt", "--check", "a.graph", "b.graph"])
        .success();
    assert_eq!(place.names(), ["a.graph", "b.graph"]);
}

#[test]
fn formatting_keeps_permissions() {
    let place = Place::with("a.graph", "graph f(x:f32[3])->(y:f32[3]){y=x*2}");
    let path = place.path("a.graph");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    place.run(&["fmt", "a.graph"]).success();
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o640
    );
}

#[test]
fn a_file_with_errors_is_not_formatted_and_does_not_hold_up_the_others() {
    let place = Place::with("bad.graph", "graph f( {");
    place.write("good.graph", "graph f(x:f32[3])->(y:f32[3]){y=x*2}");
    let outcome = place.run(&["fmt", "bad.graph", "missing.graph", "good.graph"]);
    assert_eq!(outcome.code, 1);
    assert!(
        outcome.stderr.contains("bad.graph:1:"),
        "{}",
        outcome.stderr
    );
    assert!(
        outcome.stderr.contains("missing.graph"),
        "{}",
        outcome.stderr
    );
    assert_eq!(place.read("bad.graph"), b"graph f( {");
    assert!(place.read("good.graph").starts_with(b"graph f(x: f32[3])"));
}

#[test]
fn the_examples_are_in_canonical_form() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let (mut open, mut checked) = (vec![folder], 0);
    while let Some(path) = open.pop() {
        if path.is_dir() {
            let entries = std::fs::read_dir(path).unwrap();
            open.extend(entries.map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|suffix| suffix == "graph") {
            let path = path.display().to_string();
            Place::new().run(&["fmt", "--check", &path]).success();
            checked += 1;
        }
    }
    assert!(checked >= 3);
}

#[test]
fn the_adjoint_of_a_small_graph_can_be_read() {
    let place = Place::with("loss.graph", LOSS);
    insta::assert_snapshot!(
        place
            .run(&["emit", "--stage", "adjoint", "loss.graph"])
            .success()
    );
}

#[test]
fn what_is_printed_can_be_read_again() {
    let place = Place::with("loss.graph", LOSS);
    let example = digits("digits.graph").display().to_string();
    for file in ["loss.graph", &example] {
        for stage in ["graph", "adjoint", "opt"] {
            let printed = place.run(&["emit", "--stage", stage, file]).success();
            let again = place.pipe(&["emit", "-"], &printed).success();
            assert_eq!(again, printed, "{file} {stage}");
            assert_eq!(place.pipe(&["fmt", "-"], &printed).success(), printed);
        }
    }
}

#[test]
fn dims_can_be_set() {
    let example = digits("digits.graph").display().to_string();
    let place = Place::new();
    let info = place.run(&["info", &example, "--define", "B=7"]).success();
    assert!(info.contains("in     x           f32[7, 64]"), "{info}");
}

#[test]
fn one_entry_can_be_chosen() {
    let example = digits("digits.graph").display().to_string();
    let printed = Place::new()
        .run(&["emit", &example, "--entry", "predict"])
        .success();
    assert!(printed.contains("entry predict(") && !printed.contains("entry step("));
}

#[test]
fn the_ops_are_listed() {
    let listed = Place::new().run(&["info", "--ops"]).success();
    assert_eq!(listed.lines().count(), lgc_ir::op::SPECS.len());
    for spec in lgc_ir::op::SPECS {
        let call = format!("{}(", spec.name);
        assert!(listed.lines().any(|line| line.starts_with(&call)), "{call}");
    }
}

#[test]
fn the_stages_are_timed() {
    let place = Place::with("twice.graph", TWICE);
    let outcome = place.run(&["emit", "--stage", "opt", "twice.graph", "--time-passes"]);
    let stages: Vec<&str> = outcome
        .stderr
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    let expected = [
        "stage",
        "read",
        "parse",
        "elaborate",
        "simplify",
        "print",
        "total",
    ];
    assert_eq!(stages, expected);
}

#[test]
fn the_laws_of_a_graph_are_checked() {
    let place = Place::with("loss.graph", LOSS);
    let report = place.run(&["check", "loss.graph"]).success();
    assert!(report.starts_with("checked "), "{report}");
    assert!(report.contains("\nloss: exact arithmetic"), "{report}");
    for law in ["adjoint", "tangent", "zero"] {
        let line = report
            .lines()
            .find(|line| line.trim_start().starts_with(law));
        assert!(line.unwrap().ends_with(": proved"), "{report}");
    }
}

#[test]
fn values_inside_a_compiled_program_are_traced() {
    let graph = "entry f(x: f32[4, 3], w: f32[3, 3]) -> (y: f32[4]) {\n    h = tanh(x @ w)\n    y = sum(h @ w, axes = [1])\n}\n";
    let place = Place::new();
    let trace = |scope: &str| {
        let report = place.pipe(&["check", scope, "-"], graph).success();
        let at = report.find("  trace").unwrap();
        report[at..].to_string()
    };
    insta::assert_snapshot!("trace_memory", trace("--trace"));
    insta::assert_snapshot!("trace_all", trace("--trace=all"));
}

#[test]
fn every_stage_has_a_text() {
    let example = digits("digits.graph").display().to_string();
    let place = Place::new();
    for (stage, sign) in [
        ("kernels", "program step {"),
        ("legal", "program step {"),
        ("clif", "function u0:0("),
        ("asm", "ret"),
    ] {
        let printed = place.run(&["emit", "--stage", stage, &example]).success();
        assert!(printed.contains(sign), "{stage}: {printed}");
        let again = place.run(&["emit", "--stage", stage, &example]).success();
        assert_eq!(printed, again, "{stage}");
    }
}

#[test]
fn the_readme_shows_what_happens() {
    let readme = std::fs::read_to_string(repository().join("README.md")).unwrap();
    let mut blocks = readme.split("```graph\n").skip(1);
    let mut block = || {
        blocks
            .next()
            .and_then(|rest| rest.split("```").next())
            .unwrap()
    };
    let place = Place::with("line.graph", block());
    let adjoint = place
        .run(&["emit", "--stage", "adjoint", "line.graph"])
        .success();
    assert_eq!(adjoint, block());
}

#[test]
fn check_compares_compiled_code_with_its_enclosure() {
    let place = Place::new();
    let step = "graph loss(w: f32[3], x: f32[4, 3]) -> (l: f32[]) { l = mean(softmax(x @ w) ** 2) }\n\
        entry step(x: f32[4, 3], inout w: f32[3]) -> (l: f32[]) {\n\
        (l, d) = value_and_grad(loss, wrt = w)(w, x)\n\
        w' = w - 0.5 * d\n\
        }\n";
    let report = place.pipe(&["check", "-"], step).success();
    for wanted in [
        "  compiled code         agreed: ",
        " stored elements enclosed by those before them, and ",
        " of 32 of results by the inputs alone, in 8 samples at 4 scales of the inputs, all inside; at most ",
    ] {
        assert!(report.contains(wanted), "{report}");
    }
    let halves = "graph loss(x: f16[4], b: f16[4]) -> (l: f16[]) {\n\
        y = x + b\n\
        l = sum(sin(y) * y)\n\
        }\n\
        entry step(x: f16[4], b: f16[4]) -> (l: f16[], d: f16[4]) {\n\
        (l, d) = value_and_grad(loss, wrt = x)(x, b)\n\
        }\n\
        graph scaled(x: f16[3, 8], g: f16[8]) -> (y: f16[3, 8]) { y = rms_norm(x, g) }\n\
        entry norm(x: f16[3, 8], g: f16[8], ct: f16[3, 8]) -> (y: f16[3, 8], d: f16[3, 8]) {\n\
        (y, d) = vjp(scaled, wrt = x)(x, g, ct)\n\
        }\n";
    place.pipe(&["check", "-"], halves).success();
}

#[test]
fn check_judges_the_rules_that_graphs_state() {
    let place = Place::new();
    let cube = |slope: u32| {
        format!(
            "graph cube(x: f32[2]) -> (y: f32[2]) {{ y = x ** 3 }}\n\
             vjp(ct_y) -> (d_x) {{ d_x = {slope} * x * x * ct_y }}\n\
             entry f(x: f32[2]) -> (y: f32[2]) {{ y = cube(x) }}\n"
        )
    };
    let report = place.pipe(&["check", "-"], &cube(3)).success();
    assert!(report.contains("cube                  proved"), "{report}");
    let outcome = place.pipe(&["check", "-"], &cube(2));
    assert_eq!(outcome.code, 3);
    let named =
        "element 0 of `d_x` in the rule of `cube`, against the derivative of its body, at x = [";
    assert!(outcome.stdout.contains(named), "{}", outcome.stdout);
}

#[test]
fn files_use_others_beside_them() {
    let place = Place::new();
    std::fs::create_dir(place.path("layers")).unwrap();
    place.write(
        "layers/base.graph",
        "graph double(x: f32[3]) -> (y: f32[3]) { y = x + x }\n",
    );
    place.write(
        "layers/model.graph",
        "use \"base.graph\"\nuse \"std/layers.graph\"\n\n\
         entry f(x: f32[3]) -> (y: f32[3]) { y = double(x) }\n",
    );
    let text = place
        .run(&["emit", "--stage", "graph", "layers/model.graph"])
        .success();
    assert_eq!(
        text,
        "entry f(x: f32[3]) -> (y: f32[3]) { y: f32[3] = x + x }\n"
    );
    place.write("wrong.graph", "use \"layers/base.graf\"\n");
    let outcome = place.run(&["emit", "--error-format", "short", "wrong.graph"]);
    assert_eq!(outcome.code, 1);
    let wanted =
        "wrong.graph:1:5: error[E0211]: cannot use `layers/base.graf`: there is no such file";
    assert!(outcome.stderr.starts_with(wanted), "{}", outcome.stderr);
}

#[test]
fn declared_ranges_are_told_and_honoured() {
    let text = "\
entry root(
    /// What is under the root.
    x: f32[64] in [0.5, 2],
    n: i32[8] in [3, 5],
) -> (low: f32[], high: f32[], least: i32[], most: i32[]) {
    low = sqrt(reduce_min(x) - 0.5)
    high = sqrt(2 - reduce_max(x))
    least = reduce_min(n)
    most = reduce_max(n)
}
";
    let place = Place::with("root.graph", text);
    assert_eq!(place.run(&["fmt", "--check", "root.graph"]).success(), "");
    place.run(&["compile", "root.graph"]).success();
    for file in ["root.graph", "root.so"] {
        let report = place.run(&["run", "--random", "1", file]).success();
        assert!(!report.to_lowercase().contains("nan"), "{report}");
        assert!(
            report.contains("least: i32[] = 3\n") && report.contains("most: i32[] = 5\n"),
            "{report}"
        );
    }
    let report = place.run(&["check", "root.graph"]).success();
    assert!(report.contains("all inside"), "{report}");
    place
        .run(&["compile", "root.graph", "-o", "root.h"])
        .success();
    let header = String::from_utf8(place.read("root.h")).unwrap();
    assert!(
        header.contains("Every element lies in [0.5, 2]."),
        "{header}"
    );
}

#[test]
fn libraries_tell_the_documentation_of_their_tensors() {
    let graph = "//! Points that move, */ and nothing else.
/// A layer.
struct Layer {
    /// The weights.
    w: f32[2, 2],
    b: f32[2],
}

/// Predicts.
entry predict(
    /// A point.
    x: f32[2] in [-1, 1],
    p: Layer[2],
) -> (
    /// Where it goes.
    y: f32[2],
) { y = x @ p[0].w + p[1].b }
";
    let place = Place::with("layer.graph", graph);
    place.run(&["compile", "layer.graph"]).success();
    insta::assert_snapshot!(place.run(&["info", "layer.so"]).success());
}
