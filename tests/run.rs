//! `lgc run`: inputs from files, numbers and random draws; in this process and from libraries.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod support;

use lgc_codegen::level::Level;
use lgc_runtime::{HostTensor, npy, npz};
use support::{Outcome, Place, digits};

const LINE: &str = "\
entry line(x: f32[4], inout slope: f32[], bias: f32[]) -> (y: f32[4]) {
    y = x * slope + bias
    slope' = slope + 1
}
";

fn line() -> Place {
    let place = Place::with("line.graph", LINE);
    let x = HostTensor::from_slice(&[4], &[0.0f32, 1.0, 2.0, 3.0]).unwrap();
    place.write("x.npy", npy::encode(&x));
    place
}

#[test]
fn inputs_are_files_and_numbers() {
    let place = line();
    let arguments = ["run", "line.graph", "x=x.npy", "slope=2", "bias=10"];
    let expected = "slope: f32[] = 3.0\ny: f32[4] = 10.0, 12.0, 14.0, 16.0\n";
    assert_eq!(place.run(&arguments).success(), expected);
    let arguments = ["run", "-", "x=x.npy", "slope=2", "bias=10"];
    assert_eq!(place.pipe(&arguments, LINE).success(), expected);
}

#[test]
fn a_library_computes_what_its_graph_does() {
    let place = Place::new();
    let example = digits("digits.graph").display().to_string();
    place
        .run(&["compile", &example, "-o", "digits.so"])
        .success();
    for entry in ["step", "predict"] {
        let run = |file: &str, output: &str| {
            let arguments = ["run", file, "--entry", entry, "--random", "7", "-o", output];
            place.run(&arguments).success();
            place.read(output)
        };
        assert!(
            run(&example, "graph.npz") == run("digits.so", "library.npz"),
            "{entry}"
        );
    }
}

/// Products of integers with a rule of their own, added up and in a loop.
const COUNTS: &str = "\
graph times(n: i32[3], w: i32[3]) -> (y: i32[3]) { y = n * w } vjp(ct_y) -> (d_n, d_w) {
    d_n = ct_y * w
    d_w = ct_y * n
}
graph twice(n: i32[3], w: i32[3]) -> (y: i32[3]) { y = times(n, w) + times(n, n) }
graph turn(n: i32[3], w: i32[3]) -> (next: i32[3]) { next = times(n, w) }
entry sums(n: i32[3], w: i32[3]) -> (y: i32[3]) { y = twice(n, w) }
entry sums_back(n: i32[3], w: i32[3], ct_y: i32[3]) -> (y: i32[3], d_n: i32[3], d_w: i32[3]) {
    (y, d_n, d_w) = vjp(twice, wrt = [n, w])(n, w, ct_y)
}
entry turns(n: i32[3], w: i32[3]) -> (y: i32[3]) { y = scan(turn, length = 3)(n, w) }
entry turns_back(n: i32[3], w: i32[3], ct_y: i32[3]) -> (y: i32[3], d_n: i32[3], d_w: i32[3]) {
    (y, d_n, d_w) = vjp(scan(turn, length = 3), wrt = [n, w])(n, w, ct_y)
}
";

/// Cotangents of integers: compiled, in a library behind its C functions, and interpreted, they are what is written by
/// hand, also where they wrap around.
#[test]
fn cotangents_of_integers_are_compiled_as_they_are_interpreted() {
    let (n, w) = ([1i64, -2, 3], [4i64, 5, 5]);
    let expected = |dtype: &str, entry: &str, large: i64| {
        let (y, d_n, d_w) = match entry {
            // c (w + 2 n), and c n.
            "sums" => ([5, -6, 24], [6, 2, -large], [1, -4, -large]),
            // c w³, and 3 c n w².
            _ => ([64, -250, 375], [64, 250, large], [48, -300, large]),
        };
        let line = |name: &str, x: [i64; 3]| {
            format!("{name}: {dtype}[3] = {}, {}, {}\n", x[0], x[1], x[2])
        };
        line("y", y) + &line("d_n", d_n) + &line("d_w", d_w)
    };
    for (dtype, large) in [("i32", 1 << 30), ("i64", 1 << 62)] {
        let place = Place::with("counts.graph", COUNTS.replace("i32", dtype));
        let array = |x: [i64; 3]| match dtype {
            "i32" => npy::encode(&HostTensor::from_slice(&[3], &x.map(|x| x as i32)).unwrap()),
            _ => npy::encode(&HostTensor::from_slice(&[3], &x).unwrap()),
        };
        place.write("n.npy", array(n));
        place.write("w.npy", array(w));
        place.write("ct.npy", array([1, 2, large]));
        place
            .run(&["compile", "counts.graph", "-o", "counts.so"])
            .success();
        let run = |file: &str, entry: &str, flags: &[&str]| {
            let inputs = ["n=n.npy", "w=w.npy", "ct_y=ct.npy"];
            place
                .run(&[&["run", file, "--entry", entry], &inputs[..], flags].concat())
                .success()
        };
        for entry in ["sums", "turns"] {
            let back = format!("{entry}_back");
            let by_hand = expected(dtype, entry, large);
            assert_eq!(run("counts.graph", &back, &[]), by_hand);
            assert_eq!(run("counts.so", &back, &[]), by_hand);
            assert_eq!(run("counts.graph", &back, &["--scalar", "f64"]), by_hand);
            assert_eq!(run("counts.graph", entry, &["--adjoint"]), by_hand);
        }
    }
}

/// Code for a level that this processor lacks is refused in this process with what it lacks, and in libraries with a
/// status.
#[test]
#[cfg_attr(not(feature = "llvm"), ignore = "lgc is built without LLVM")]
fn code_for_other_processors_is_refused() {
    let place = line();
    let run = |file: &str, cpu: &[&str]| {
        let arguments = ["run", file, "x=x.npy", "slope=2", "bias=10"];
        place.run(&[&arguments, cpu].concat())
    };
    let of_v4 = ["--cpu", "v4"];
    let compile = [&["compile", "line.graph"], &of_v4[..]].concat();
    place.run(&compile).success();
    let (here, library) = (run("line.graph", &of_v4), run("line.so", &[]));
    let missing = Level::V4.missing();
    if missing.is_empty() {
        assert_eq!(here.success(), library.success());
        return;
    }
    let reason = format!(
        "this processor is below x86-64-v4: it lacks {}",
        missing.join(", ")
    );
    assert_eq!(here.code, 1);
    assert!(here.stderr.contains(&reason), "{}", here.stderr);
    assert_eq!(library.code, 1);
    let status = lgc_abi::Status::UnsupportedCpu.text();
    assert!(library.stderr.contains(status), "{}", library.stderr);
}

#[test]
fn any_number_of_threads_computes_the_same() {
    let graph = "entry f(x: f32[512, 512], y: f32[512, 512]) -> (s: f32[], z: f32[512, 512]) {
    z = gelu(x @ y)
    s = sum(z)
}
";
    let place = Place::with("f.graph", graph);
    place.run(&["compile", "f.graph"]).success();
    let run = |file: &str, threads: &str| {
        let arguments = [
            "run",
            file,
            "--random",
            "3",
            "--threads",
            threads,
            "-o",
            "f.npz",
        ];
        place.run(&arguments).success();
        place.read("f.npz")
    };
    let serial = run("f.graph", "1");
    for threads in ["0", "2", "3"] {
        for file in ["f.graph", "f.so"] {
            assert!(run(file, threads) == serial, "{file} on {threads} threads");
        }
    }
    let refused = place.run(&["run", "f.graph", "--random", "3", "--threads", "257"]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
}

#[test]
fn the_dims_of_a_library_are_fixed() {
    let place = Place::with(
        "f.graph",
        "dim N = 2\nentry f(x: f32[N]) -> (y: f32[N]) { y = x }\n",
    );
    place.run(&["compile", "f.graph"]).success();
    for command in ["run", "info"] {
        let outcome = place.run(&[command, "f.so", "--define", "N=3"]);
        assert_eq!(outcome.code, 1, "{}", outcome.stderr);
        assert!(outcome.stderr.contains("the dims of a library are fixed"));
    }
}

#[test]
fn the_output_of_a_run_is_the_input_of_the_next() {
    let place = line();
    place
        .run(&[
            "run",
            "line.graph",
            "x=x.npy",
            "slope=2",
            "bias=10",
            "-o",
            "1.npz",
        ])
        .success();
    let names: Vec<String> = npz::load(&place.path("1.npz"))
        .unwrap()
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(names, ["slope", "y"]);
    let again = place
        .run(&["run", "line.graph", "1.npz", "x=x.npy", "bias=0"])
        .success();
    assert_eq!(
        again,
        "slope: f32[] = 4.0\ny: f32[4] = 0.0, 3.0, 6.0, 9.0\n"
    );
}

#[test]
fn random_inputs_depend_on_the_seed_alone() {
    let place = line();
    let run = |seed: &str| {
        place
            .run(&["run", "line.graph", "--random", seed])
            .success()
    };
    assert_eq!(run("1"), run("1"));
    assert_ne!(run("1"), run("2"));
}

#[test]
fn every_dtype_is_read_and_shown() {
    let place = Place::with(
        "all.graph",
        "entry all(a: bool[], b: i32[], c: i64[], d: u32[], e: f32[], f: f64[]) -> (\n    \
         na: bool[], nb: i32[], nc: i64[], nd: u32[], ne: f32[], nf: f64[],\n) {\n    \
         na = !a; nb = -b; nc = -c; nd = d + 1; ne = -e; nf = -f\n}\n",
    );
    let inputs = [
        "a=true",
        "b=-5",
        "c=9007199254740993",
        "d=4294967295",
        "e=0.5",
        "f=1e-300",
    ];
    let printed = place
        .run(&[&["run", "all.graph"], &inputs[..]].concat())
        .success();
    insta::assert_snapshot!(printed);
}

fn refused(outcome: &Outcome) -> &str {
    assert_eq!(
        (outcome.code, outcome.stdout.as_str()),
        (1, ""),
        "{}",
        outcome.stderr
    );
    &outcome.stderr
}

#[test]
fn wrong_inputs_are_refused() {
    let place = line();
    let whole = place.read("x.npy");
    place.write("short.npy", &whole[..whole.len() - 3]);
    place.write("header.npy", &whole[..40]);
    place.write("junk.npy", "not an array");
    place.write("junk.npz", "not an archive");
    let long = HostTensor::from_slice(&[5], &[0.0f32; 5]).unwrap();
    place.write("long.npy", npy::encode(&long));
    let other = npz::encode([("z", &long)]).unwrap();
    place.write("other.npz", other);
    let cases: [&[&str]; 11] = [
        &[],
        &["x=x.npy", "slope=1"],
        &["x=missing.npy"],
        &["x=short.npy"],
        &["x=header.npy"],
        &["x=junk.npy"],
        &["x=long.npy"],
        &["slop=1"],
        &["slope=one"],
        &["junk.npz"],
        &["other.npz"],
    ];
    let mut messages = String::new();
    for inputs in cases {
        let outcome = place.run(&[&["run", "line.graph"], inputs].concat());
        messages.push_str(refused(&outcome));
    }
    let twice = place.run(&["run", "line.graph", "slope=1", "slope=2"]);
    messages.push_str(refused(&twice));
    insta::assert_snapshot!(messages);
}

#[test]
fn an_entry_has_to_be_chosen() {
    let example = digits("digits.graph").display().to_string();
    let outcome = Place::new().run(&["run", &example, "--random", "1"]);
    insta::assert_snapshot!(refused(&outcome));
}

#[test]
fn a_status_is_reported() {
    let place = Place::with(
        "pick.graph",
        "entry pick(x: f32[3], i: i32[2]) -> (y: f32[2]) { y = gather(x, i, axis = 0) }\n",
    );
    let index = HostTensor::from_slice(&[2], &[0i32, 3]).unwrap();
    place.write("i.npy", npy::encode(&index));
    place
        .run(&["compile", "pick.graph", "-o", "pick.so"])
        .success();
    for file in ["pick.graph", "pick.so"] {
        let outcome = place.run(&["run", file, "i=i.npy", "--random", "1"]);
        let message = refused(&outcome);
        assert!(
            message.contains("entry `pick`: an index is out of range"),
            "{message}"
        );
    }
}

/// All cotangents of a loop with a seed on every value, compiled and as the interpreter computes them.
#[test]
fn the_backpropagation_of_everything_is_what_the_graph_means() {
    let text = "\
graph cell(h: f64[3], x: f64[3], w: f64[3]) -> (next: f64[3], y: f64[3]) {
    a = h * w
    next = tanh(a + x)
    y = next * a
}

graph loss(h: f64[3], xs: f64[5, 3], w: f64[3]) -> (l: f64[]) {
    (last, ys) = scan(cell)(h, xs, w)
    l = sum(square(last)) + mean(ys)
}

entry dense = vjp(loss, wrt = all, ct = all)
";
    let place = Place::with("dense.graph", text);
    let arguments = ["run", "dense.graph", "--random", "3"];
    place
        .run(&[&arguments[..], &["-o", "out.npz"]].concat())
        .success();
    let compiled = npz::read(std::io::Cursor::new(place.read("out.npz"))).unwrap();
    let meant = [&arguments[..], &["--scalar", "f64"]].concat();
    let meant = place.run(&meant).success();
    assert_eq!(compiled.len(), meant.lines().count());
    for (name, tensor) in compiled {
        let mut lines = meant.lines();
        let line = lines
            .find(|line| line.starts_with(&format!("{name}: ")))
            .unwrap();
        let (_, numbers) = line.split_once(" = ").unwrap();
        let numbers = numbers.split(", ").map(|number| number.parse().unwrap());
        let numbers: Vec<f64> = numbers.collect();
        let found = tensor.elements::<f64>().unwrap();
        assert_eq!(found.len(), numbers.len());
        for (x, y) in found.iter().zip(numbers) {
            assert!((x - y).abs() <= 1e-12 * y.abs().max(1.0), "{name}: {x} {y}");
        }
    }
}
