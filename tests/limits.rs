//! What is too large, too long, or no file: every limit is a message with its exit code.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod support;

use std::fmt::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::symlink;
use std::process::Command;
use support::{Outcome, Place};

/// What came of a command: the exit code, and the first lines of what it said.
fn brief(outcome: &Outcome) -> String {
    let mut lines = outcome.stderr.lines();
    let first = lines.next().unwrap_or("");
    let help: String = lines.filter(|line| line.starts_with("  help")).collect();
    format!("[{}] {first}\n{help}\n", outcome.code)
}

/// What compiling each of these texts to kernels comes to.
fn compiled(texts: &[&str]) -> String {
    let mut shown = String::new();
    for text in texts {
        let place = Place::with("m.graph", text);
        let outcome = place.run(&["compile", "m.graph", "--error-format", "short"]);
        let start: String = text.chars().take(200).collect();
        write!(shown, "{start}\n{}", brief(&outcome)).unwrap();
    }
    shown
}

/// Views and products that are never stored are as large as they like; what is stored is not.
#[test]
fn the_limit_on_bytes_is_one_on_what_is_stored() {
    let image = "x: f32[1, 1, 16384, 16384]";
    let pooled = |op: &str| {
        format!(
            "entry f({image}) -> (y: f32[1, 1, 16384, 16384]) {{\n    \
             y = {op}(x, size = [33, 33], stride = [1, 1], padding = [16, 16])\n}}"
        )
    };
    let convolved = format!(
        "entry f({image}, w: f32[1, 1, 33, 33]) -> (y: f32[1, 1, 16384, 16384]) {{\n    \
         y = conv(x, w, padding = [16, 16])\n}}"
    );
    let gradient = format!(
        "graph l({image}, w: f32[1, 1, 33, 33]) -> (s: f32[]) {{ s = sum(square(conv(x, w))) }}\n\
         entry g({image}, w: f32[1, 1, 33, 33]) -> (d: f32[1, 1, 33, 33]) {{\n    \
         d = grad(l, wrt = w)(x, w)\n}}"
    );
    let qkv = ["q", "k", "v"].map(|name| format!("{name}: f32[8, 12, 65536, 64]"));
    let attention = format!(
        "entry f({}) -> (y: f32[8, 12, 65536, 64]) {{\n    \
         y = scaled_dot_product_attention(q, k, v)\n}}",
        qkv.join(", ")
    );
    let [max, mean] = ["max_pool", "avg_pool"].map(pooled);
    insta::assert_snapshot!(compiled(&[
        &convolved,
        &gradient,
        &max,
        &mean,
        "entry f(x: f32[1048576], y: f32[1048576, 1]) -> (s: f32[]) { s = sum(x * y) }",
        &attention,
        "entry f(x: f16[300000000000]) -> (y: f16[300000000000]) { y = sort(x) }",
        "entry f(x: f32[1048576], y: f32[1048576, 1]) -> (s: f32[1048576, 1]) {\n    s = softmax(x * y, axis = 0) @ y\n}",
        "entry f(x: f32[1099511627776]) -> (y: f32[]) { y = sum(x) }",
        "entry f(x: f32[1, 1, 8, 8], w: f32[1, 1, 3, 3]) -> (y: f32[1, 1, 8, 8]) {\n    \
         y = conv(x, w, padding = 9223372036854775807)\n}",
    ]));
}

#[test]
fn axes_are_counted() {
    let ones = |count: usize| vec!["1"; count].join(", ");
    let entry = |count: usize, value: &str| {
        let extents = ones(count);
        format!("entry f(x: f32[{extents}]) -> (y: f32[]) {{ y = sum({value}) }}")
    };
    let more = format!("reshape(x, shape = [{}])", ones(33));
    insta::assert_snapshot!(compiled(&[
        &entry(32, "x"),
        &entry(33, "x"),
        &entry(32, &more),
        &entry(400, "x"),
    ]));
}

#[test]
fn long_names_are_refused_and_not_quoted_whole() {
    let long = |count: usize| "n".repeat(count);
    let named = |name: &str| format!("entry f({name}: f32[3]) -> (y: f32[3]) {{ y = {name} }}");
    let text = format!(
        "entry f(x: f32[3]) -> (y: f32[3]) {{ y = x + load(\"{}\", \"a\") }}",
        long(1 << 20)
    );
    let mut shown = String::new();
    for text in [
        named(&long(1024)),
        named(&long(1025)),
        named(&long(1 << 20)),
        text,
    ] {
        let place = Place::with("m.graph", &text);
        for format in ["human", "short", "json"] {
            let outcome = place.run(&["compile", "m.graph", "--error-format", format]);
            assert!(
                outcome.stderr.len() < 4000,
                "{} bytes",
                outcome.stderr.len()
            );
        }
        let outcome = place.run(&["compile", "m.graph", "--error-format", "short"]);
        shown.push_str(&brief(&outcome));
    }
    insta::assert_snapshot!(shown);
}

/// Runs with as many threads as there are allowed to be: the one that is there.
fn alone(place: &Place, arguments: &[&str]) -> Outcome {
    let mut command = Command::new("bash");
    command.args(["-c", "ulimit -u 1; exec \"$@\"", "bash"]);
    if is_superuser() {
        // The limit holds for everybody else.
        command.args(["setpriv", "--reuid=65534", "--clear-groups"]);
    }
    command.arg(env!("CARGO_BIN_EXE_lgc"));
    command.args(arguments).current_dir(place.path(""));
    command.env("LGC_CACHE_DIR", "");
    command.output().unwrap().into()
}

fn is_superuser() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").unwrap().uid() == 0
}

#[test]
fn one_thread_is_enough() {
    let text = "entry f(x: f32[70000]) -> (y: f32[]) { y = sum(sin(x)) }\n\
                entry g(x: f32[8]) -> (y: f32[8]) { y = sin(x) }\n";
    let place = Place::with("m.graph", text);
    let open = |path: &str| {
        let mut permissions = std::fs::metadata(place.path(path)).unwrap().permissions();
        permissions.set_mode(0o777);
        std::fs::set_permissions(place.path(path), permissions).unwrap();
    };
    open("");
    if alone(&place, &["--version"]).code != 0 {
        // Somebody else than the superuser may not reach the program.
        assert!(is_superuser());
        return;
    }
    for folder in ["alone", "threads"] {
        std::fs::create_dir(place.path(folder)).unwrap();
        open(folder);
    }
    // Somebody else may not reach the LLVM of this toolchain.
    let compile = |output| ["compile", "m.graph", "--backend", "cranelift", "-o", output];
    alone(&place, &compile("alone/m.so")).success();
    place.run(&compile("threads/m.so")).success();
    assert_eq!(place.read("alone/m.so"), place.read("threads/m.so"));
    let run = [
        "run",
        "m.graph",
        "--entry",
        "f",
        "--random",
        "1",
        "--threads",
        "4",
    ];
    assert_eq!(alone(&place, &run).success(), place.run(&run).success());
    let server = alone(&place, &["lsp"]);
    insta::assert_snapshot!(server.shown());
}

/// Files of all kinds that a graph may name, and a directory that it may not look into.
fn kinds() -> Place {
    let place = Place::with("secret.graph", "topsecret\n");
    for folder in ["main", "main/lib", "other"] {
        std::fs::create_dir(place.path(folder)).unwrap();
    }
    place.write(
        "other/o.graph",
        "graph o(x: f32[2]) -> (y: f32[2]) { y = x }\n",
    );
    place.write(
        "main/lib/l.graph",
        "graph l(x: f32[2]) -> (y: f32[2]) { y = x }\n",
    );
    place.pipe_named("main/pipe");
    symlink("/dev/zero", place.path("main/zero")).unwrap();
    symlink("/dev/zero", place.path("main/zero.npy")).unwrap();
    symlink("../secret.graph", place.path("main/link.graph")).unwrap();
    for pipe in ["main/pipe.npy", "main/pipe.npz", "main/pipe.so"] {
        place.pipe_named(pipe);
    }
    let big = std::fs::File::create(place.path("main/big.safetensors")).unwrap();
    big.set_len(1 << 40).unwrap();
    let big = std::fs::File::create(place.path("main/big.npy")).unwrap();
    big.set_len(1 << 40).unwrap();
    let big = std::fs::File::create(place.path("main/big.graph")).unwrap();
    big.set_len(1 << 40).unwrap();
    place
}

#[test]
fn graphs_name_regular_files_below_their_own() {
    let place = kinds();
    let using =
        |path: &str| format!("use \"{path}\"\nentry f(x: f32[2]) -> (y: f32[2]) {{ y = x }}\n");
    let loading = |path: &str| {
        format!("entry f(x: f32[2]) -> (y: f32[2]) {{ y = x + load(\"{path}\", \"b\") }}\n")
    };
    let mut shown = String::new();
    let texts = [
        using("lib/l.graph"),
        using("lib/../lib/l.graph"),
        using("../secret.graph"),
        using("link.graph"),
        using("/etc/passwd"),
        using("/no/such/file"),
        using("../other/o.graph"),
        using("pipe"),
        using("big.graph"),
        loading("pipe"),
        loading("zero"),
        loading("big.safetensors"),
        loading("../secret.graph"),
        loading("lib"),
        loading("none"),
    ];
    for text in texts {
        place.write("main/m.graph", &text);
        for more in [&[][..], &["--allow-path", "other"]] {
            let arguments = [&["emit", "main/m.graph", "--error-format", "short"], more].concat();
            let outcome = place.run(&arguments);
            assert!(!outcome.stderr.contains("topsecret"), "{}", outcome.stderr);
            let line = text.lines().next().unwrap();
            writeln!(shown, "{line} {}\n{}", more.join(" "), brief(&outcome)).unwrap();
        }
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn directories_that_are_allowed_exist() {
    let place = Place::with("m.graph", "entry f(x: f32[2]) -> (y: f32[2]) { y = x }\n");
    let mut shown = String::new();
    for path in ["moduls", "m.graph"] {
        let outcome = place.run(&["emit", "m.graph", "--allow-path", path]);
        writeln!(shown, "[{}] {}", outcome.code, outcome.stderr).unwrap();
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn inputs_are_regular_files_of_the_size_that_is_needed() {
    let place = kinds();
    place.write(
        "main/m.graph",
        "entry f(x: f32[2]) -> (y: f32[2]) { y = x }\n",
    );
    let mut shown = String::new();
    for input in [
        "x=main/pipe.npy",
        "main/pipe.npz",
        "x=main/zero.npy",
        "x=main/big.npy",
    ] {
        let outcome = place.run(&["run", "main/m.graph", input, "--error-format", "short"]);
        writeln!(shown, "{input}\n{}", brief(&outcome)).unwrap();
    }
    for file in ["main/pipe.so", "main/big.graph", "/dev/zero"] {
        let outcome = place.run(&["info", file, "--error-format", "short"]);
        writeln!(shown, "{file}\n{}", brief(&outcome)).unwrap();
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn archives_are_not_unpacked_beyond_what_is_wanted() {
    let place = Place::with("m.graph", "entry f(x: f32[2]) -> (y: f32[2]) { y = x }\n");
    let large = "entry f(x: f32[4000000]) -> (x_: f32[4000000]) { x_ = x }\n";
    place.write("large.graph", large.replace("x_", "x2"));
    let made = place.run(&["run", "large.graph", "--random", "1", "-o", "large.npz"]);
    made.success();
    place.write(
        "read.graph",
        "entry f(x2: f32[2]) -> (y: f32[2]) { y = x2 }\n",
    );
    let outcome = place.run(&["run", "read.graph", "large.npz", "--error-format", "short"]);
    let unknown = place.run(&["run", "m.graph", "large.npz", "--error-format", "short"]);
    insta::assert_snapshot!(brief(&outcome) + &brief(&unknown));
}

#[test]
fn memory_that_is_not_there_is_missed_in_words() {
    // 16 TB; a single tensor may have no more than 1.1, which a workspace of one stays just below.
    let inputs = "entry f(x: f32[250000000000][16]) -> (y: f32[]) { y = sum(x[3]) }";
    let results = "graph ones(x: f32[]) -> (y: f32[250000000000]) { y = broadcast_in_dim(x, shape = [250000000000], axes = []) }
entry f(x: f32[][16]) -> (y: f32[250000000000][16]) { y = zip(ones, x) }";
    let workspace = "entry f(x: f32[500000]) -> (y: f32[3]) {\n    \
         z = softmax(reshape(x, shape = [500000, 1]) * x, axis = 0)\n    y = slice(sum(square(z @ z), axes = [1]), start = [0], limit = [3])\n}";
    let mut shown = String::new();
    for text in [inputs, results, workspace] {
        let place = Place::with("m.graph", text);
        let outcome = place.run(&["run", "m.graph", "--random", "1", "--error-format", "short"]);
        shown.push_str(&brief(&outcome));
    }
    insta::assert_snapshot!(shown);
}

/// The checks of tensors are loops over what the library describes of them: 154 bytes for each.
#[test]
fn code_does_not_grow_with_the_number_of_tensors() {
    let size = |tensors: u64| {
        let text = format!(
            "entry f(p: f32[3][{tensors}]) -> (y: f32[3]) {{ y = p[0] + p[{}] }}\n",
            tensors - 1
        );
        let place = Place::with("m.graph", text);
        place.run(&["compile", "m.graph"]).success();
        place.read("m.so").len() as u64
    };
    let (few, many) = (size(500), size(4500));
    assert!((many - few) / 4000 < 200, "{few} and {many} bytes");
}

/// Transforms of any length: the tables of twiddle factors are computed.
#[test]
fn code_does_not_grow_with_the_length_of_transforms() {
    let size = |length: u64| {
        let text = format!(
            "entry f(x: f32[{length}, 2]) -> (y: f32[{length}, 2]) {{ y = fft(x) }}\n\
             entry r(x: f32[{length}]) -> (y: f32[{}, 2]) {{ y = rfft(x) }}\n",
            length / 2 + 1
        );
        let place = Place::with("m.graph", text);
        place.run(&["compile", "m.graph"]).success();
        place.read("m.so").len() as u64
    };
    for (length, most) in [(1 << 12, 1 << 18), (1 << 20, 1 << 19), (1 << 24, 3 << 19)] {
        let bytes = size(length);
        assert!(bytes <= most, "{bytes} bytes for {length} points");
    }
    let prime = size((1 << 31) - 1);
    assert!(prime < 20 << 20, "{prime} bytes for a prime of 31 bits");
}

/// A constant of more than 64 elements goes to a file beside the text, which may be there already.
#[test]
fn files_of_tensors_that_are_not_ours_are_kept() {
    let numbers = vec!["1.5"; 70].join(", ");
    let text = format!("entry f(x: f32[70]) -> (y: f32[70]) {{ y = x + [{numbers}] }}\n");
    let place = Place::with("m.graph", text);
    let emit = [
        "emit",
        "m.graph",
        "-o",
        "out.graph",
        "--error-format",
        "short",
    ];
    place.write("out.safetensors", "somebody else's");
    let refused = place.run(&emit);
    assert_eq!(place.read("out.safetensors"), b"somebody else's");
    place.write("out.graph", "graph g(x: f32[2]) -> (y: f32[2]) { y = x }\n");
    assert_eq!(place.run(&emit).code, 1, "an unrelated graph beside it");
    for name in ["out.safetensors", "out.graph"] {
        std::fs::remove_file(place.path(name)).unwrap();
    }
    for _ in 0..2 {
        place.run(&emit).success();
    }
    let long = format!("{}.graph", "a long name ".repeat(15));
    let emit = ["emit", "m.graph", "-o", &long];
    for _ in 0..2 {
        place.run(&emit).success();
    }
    insta::assert_snapshot!(brief(&refused));
}

#[test]
fn help_that_cannot_be_printed_is_a_failure() {
    let place = Place::new();
    let mut shown = String::new();
    for arguments in [
        &["--help"][..],
        &["compile", "--help"],
        &["--version"],
        &["explain"],
    ] {
        let full = std::fs::File::options()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let outcome: Outcome = place
            .command(arguments)
            .stdout(full)
            .output()
            .unwrap()
            .into();
        writeln!(shown, "{arguments:?} {}", brief(&outcome)).unwrap();
    }
    insta::assert_snapshot!(shown);
}
