//! `lgc run --scalar` and `--adjoint`: entries over fractions, residues, intervals and double precision.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests fail on what they do not expect"
)]

mod support;

use lgc_ir::scalar::PRIMES;
use lgc_runtime::{HostTensor, npy, npz};
use support::{Outcome, Place};

const SCALARS: [&str; 4] = ["rational", "prime", "interval", "f64"];

/// Sums, quotients, a loop, a choice, integers and truth values.
const RATIO: &str = "\
graph decay(c: f32[], x: f32[]) -> (n: f32[], y: f32[]) {
    n = c / 3 + x
    y = n * n
}
entry ratio(x: f32[3], c: f32[], n: i32[3], b: bool[]) -> (
    last: f32[], squares: f32[3], m: f32[], k: i64[3], above: bool[3], f: bool[],
) {
    (last, squares) = scan(decay)(c, x)
    m = mean(select(x > 1, 1 / x, x * 7))
    k = cast(n * n - 3, dtype = i64)
    above = squares > 2
    f = !b
}
";

fn ratio() -> Place {
    let place = Place::with("ratio.graph", RATIO);
    let array = |values: &[f32]| npy::encode(&HostTensor::from_slice(&[3], values).unwrap());
    place.write("x.npy", array(&[0.5, -2.0, 3.0]));
    place.write("ct.npy", array(&[1.0, 0.0, -1.0]));
    let n = HostTensor::from_slice(&[3], &[2i32, -70000, 0]).unwrap();
    place.write("n.npy", npy::encode(&n));
    place
}

fn run_ratio(place: &Place, flags: &[&str]) -> Outcome {
    let inputs = ["x=x.npy", "c=1", "n=n.npy", "b=true"];
    place.run(&[&["run", "ratio.graph"], &inputs[..], flags].concat())
}

fn adjoint<'a>(flags: &[&'a str]) -> Vec<&'a str> {
    let cotangents = ["--adjoint", "ct_last=1", "ct_squares=ct.npy", "ct_m=2"];
    [&cotangents, flags].concat()
}

/// The line on a tensor without its path and type, element by element.
fn elements<'a>(printed: &'a str, path: &str) -> Vec<&'a str> {
    let mut lines = printed.lines();
    let line = lines.find(|line| line.starts_with(&format!("{path}: ")));
    let (_, values) = line.unwrap().split_once(" = ").unwrap();
    match values.contains('[') {
        true => values
            .split_inclusive(']')
            .map(|x| x.trim_start_matches(", "))
            .collect(),
        false => values.split(", ").collect(),
    }
}

#[test]
fn an_entry_and_its_adjoint_run_over_every_scalar() {
    let place = ratio();
    let mut shown = String::new();
    for scalar in SCALARS {
        let printed = run_ratio(&place, &adjoint(&["--scalar", scalar])).success();
        // The adjoint yields what the entry does, and then the gradients.
        let forward = run_ratio(&place, &["--scalar", scalar]).success();
        assert!(printed.starts_with(&forward), "{forward}{printed}");
        shown.push_str(&format!("---- {scalar}\n{printed}"));
    }
    insta::assert_snapshot!(shown);
}

/// p/q, and an integer as p/1.
fn fraction(text: &str) -> (i64, i64) {
    let (numerator, denominator) = text.split_once('/').unwrap_or((text, "1"));
    (numerator.parse().unwrap(), denominator.parse().unwrap())
}

/// p/q modulo the prime, by Fermat's little theorem.
fn residue((numerator, denominator): (i64, i64)) -> u64 {
    let p = i128::from(PRIMES[0]);
    let (mut inverse, mut square, mut exponent) = (1, i128::from(denominator), p - 2);
    while exponent > 0 {
        if exponent % 2 == 1 {
            inverse = inverse * square % p;
        }
        (square, exponent) = (square * square % p, exponent / 2);
    }
    let residue = (i128::from(numerator) * inverse).rem_euclid(p);
    u64::try_from(residue).unwrap()
}

/// What is printed over each scalar is the same number.
#[test]
fn scalars_agree_with_one_another() {
    let place = ratio();
    let run = |scalar| run_ratio(&place, &adjoint(&["--scalar", scalar])).success();
    let [rational, prime, interval, double] = SCALARS.map(run);
    for path in ["last", "squares", "d_x", "d_c"] {
        let fractions = elements(&rational, path);
        let others = [&prime, &interval, &double].map(|printed| elements(printed, path));
        assert!(!fractions.is_empty() && others.iter().all(|x| x.len() == fractions.len()));
        for (at, text) in fractions.into_iter().enumerate() {
            let [prime, interval, double] = [0, 1, 2].map(|scalar| others[scalar][at]);
            assert_eq!(residue(fraction(text)).to_string(), prime, "{path} {at}");
            let (numerator, denominator) = fraction(text);
            let value = numerator as f64 / denominator as f64;
            let ends = interval.trim_matches(['[', ']']).split_once(", ").unwrap();
            let (low, high): (f64, f64) = (ends.0.parse().unwrap(), ends.1.parse().unwrap());
            assert!(low <= value && value <= high, "{text} {interval}");
            let width = value.abs().max(1.0) * 1e-14;
            assert!(high - low <= width, "{interval}");
            let double: f64 = double.parse().unwrap();
            assert!((double - value).abs() <= width, "{double} {text}");
        }
    }
}

/// Compiled code runs the adjoint that `emit` prints.
#[test]
fn the_adjoint_is_compiled_as_well() {
    let place = ratio();
    let compiled = run_ratio(&place, &adjoint(&[])).success();
    let double = run_ratio(&place, &adjoint(&["--scalar", "f64"])).success();
    for path in ["last", "squares", "m", "d_x", "d_c"] {
        let pairs = elements(&compiled, path)
            .into_iter()
            .zip(elements(&double, path));
        for (single, double) in pairs {
            let (single, double): (f64, f64) = (single.parse().unwrap(), double.parse().unwrap());
            assert!((single - double).abs() < 1e-5, "{path}: {single} {double}");
        }
    }
    let missing = run_ratio(&place, &["--adjoint"]);
    assert_eq!(missing.code, 1);
    let wanted = "no value for the inputs `ct_last` (f32[]), `ct_squares` (f32[3]), `ct_m` (f32[])";
    assert!(missing.stderr.contains(wanted), "{}", missing.stderr);
}

/// One op of each sort that an arithmetic may lack, each in a graph of its own.
const LACKING: &str = "\
graph shrink(c: f32[], x: f32[]) -> (n: f32[], y: f32[]) {
    n = c / 2
    y = x + log(n * 2)
}
graph cube(x: f32[]) -> (y: f32[]) { y = x * x * x } vjp(ct_y) -> (d_x) { d_x = sin(x) * ct_y }
graph half(x: f32[]) -> (y: f32[]) { y = x / 2 }
graph inverse(x: f32[]) -> (y: f32[]) { y = 1 / x }
entry pointwise(x: f32[2]) -> (y: f32[2]) { y = exp(x) }
entry parts(x: f32[2]) -> (n: f32[], y: f32[2]) { n = sum(x); y = softmax(x) * 2 }
entry turns(c: f32[], x: f32[3]) -> (n: f32[], y: f32[3]) { (n, y) = scan(shrink)(c, x) }
entry branch(b: bool[], x: f32[]) -> (y: f32[]) { y = cond(half, inverse)(b, x) }
entry chosen(x: f32[2]) -> (y: f32[2], z: f32[]) {
    y = select(x > 1, log(x - 1), x)
    z = log(sum(y))
}
entry ruled(x: f32[]) -> (y: f32[]) { y = cube(x) + 1 }
entry constants(x: f32[]) -> (y: f32[]) { y = gelu(x) }
entry index(x: f32[], t: f32[3]) -> (y: f32[]) { y = gather(t, cast(floor(x / 3 * 3), dtype = i32)) }
entry open(x: f32[]) -> (k: i32[], b: bool[], z: f32[]) {
    third = x / 3
    k = cast(floor(third * 3), dtype = i32)
    b = third * 3 < x
    z = select(b, third, x)
}
entry long(x: f32[]) -> (y: f32[]) {
    a = x * x * x * x
    b = a * a * a * a
    c = b * b * b * b
    d = c * c * c * c
    y = d * d * d * d
}
";

fn run_lacking(place: &Place, entry: &str, rest: &[&str]) -> Outcome {
    place.run(&[&["run", "m.graph", "--entry", entry], rest].concat())
}

fn lacking() -> Place {
    let place = Place::with("m.graph", LACKING);
    let array = |values: &[f32]| {
        npy::encode(&HostTensor::from_slice(&[values.len() as u64], values).unwrap())
    };
    place.write("x.npy", array(&[0.0, 1.0]));
    place.write("t.npy", array(&[5.0, 6.0, 7.0]));
    place
}

/// Runs that have no values among some numbers: their entries and inputs.
const LOST: [(&str, &[&str]); 9] = [
    ("pointwise", &["x=x.npy"]),
    ("parts", &["x=x.npy"]),
    ("turns", &["c=1", "x=t.npy"]),
    ("branch", &["b=false", "x=0"]),
    ("chosen", &["x=x.npy", "--adjoint", "ct_y=x.npy", "ct_z=1"]),
    ("ruled", &["x=2", "ct_y=1", "--adjoint"]),
    ("constants", &["x=1"]),
    ("constants", &["x=NaN"]),
    ("long", &["x=0.1"]),
];

/// Over fractions and residues alike, save that those stay short.
#[test]
fn an_op_that_a_scalar_lacks_is_named() {
    let place = lacking();
    let mut shown = String::new();
    for (entry, inputs) in LOST {
        let outcome = run_lacking(&place, entry, &[inputs, &["--scalar", "rational"]].concat());
        let fine = entry == "chosen";
        assert_eq!(
            outcome.code,
            i32::from(!fine),
            "{entry}: {}",
            outcome.stderr
        );
        shown.push_str(&outcome.shown());
    }
    let prime = |entry, inputs: &[&str]| {
        run_lacking(&place, entry, &[inputs, &["--scalar", "prime"]].concat())
    };
    for (entry, inputs) in LOST.into_iter().take(2) {
        shown.push_str(&prime(entry, inputs).shown());
    }
    shown.push_str(&prime("long", &["x=0.1"]).shown());
    // A third of 1, three times, is 1, but where a residue lies on the line is known from an enclosure.
    shown.push_str(&prime("index", &["x=1", "t=t.npy"]).shown());
    insta::assert_snapshot!(shown);
}

/// An enclosure of everything is one: it is printed, with a warning.
#[test]
fn what_intervals_do_not_know_is_warned_of() {
    let place = lacking();
    let mut shown = String::new();
    let runs = LOST
        .into_iter()
        .chain([("index", &["x=1", "t=t.npy"][..]), ("open", &["x=1"])]);
    for (entry, inputs) in runs {
        let outcome = run_lacking(&place, entry, &[inputs, &["--scalar", "interval"]].concat());
        assert_eq!(outcome.code, 0, "{entry}: {}", outcome.stderr);
        shown.push_str(&outcome.shown());
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn indices_out_of_range_are_refused() {
    let place = lacking();
    for scalar in SCALARS {
        let outcome = run_lacking(&place, "index", &["x=3.5", "t=t.npy", "--scalar", scalar]);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (1, ""));
        let message = "m.graph:18:54: error[E0709]: entry `index`: an index is out of range: index 3 at position 0 is outside 0..3";
        let short = run_lacking(
            &place,
            "index",
            &[
                "x=3.5",
                "t=t.npy",
                "--error-format",
                "short",
                "--scalar",
                scalar,
            ],
        );
        assert!(short.stderr.contains(message), "{}", short.stderr);
    }
}

#[test]
fn wrong_combinations_are_refused() {
    let place = ratio();
    place
        .run(&["compile", "ratio.graph", "--backend", "cranelift"])
        .success();
    let graph = ["run", "ratio.graph", "--random", "1"];
    let cases: [&[&str]; 8] = [
        &["--scalar", "exact"],
        &["--scalar", "f64", "--threads", "2"],
        &["--scalar", "rational", "--backend", "cranelift"],
        &["--scalar", "rational", "-O", "1"],
        &["--elements", "3"],
        &["--scalar", "rational", "-o", "r.npz"],
        &["--scalar", "interval", "-o", "r.npz"],
        &["--scalar", "prime", "--entry", "decay"],
    ];
    let mut shown = String::new();
    for flags in cases {
        shown.push_str(&place.run(&[&graph, flags].concat()).shown());
    }
    for flags in [&["--scalar", "f64"][..], &["--adjoint"]] {
        let library = ["run", "ratio.so", "--random", "1"];
        shown.push_str(&place.run(&[&library, flags].concat()).shown());
    }
    insta::assert_snapshot!(shown);
}

/// Results come in the order of a run, under the same names, and are the inputs of the next.
#[test]
fn double_precision_is_saved() {
    let graph = "\
entry s(h: f16[3], n: u32[], inout w: f32[3], b: bool[2]) -> (y: f16[3], k: u32[], c: bool[2]) {
    y = h / 3
    k = n + 1
    c = !b
    w' = w / 3
}
";
    let place = Place::with("s.graph", graph);
    let run = |flags: &[&str]| {
        let arguments = ["run", "s.graph", "n=4294967295", "--random", "5"];
        place.run(&[&arguments, flags].concat()).success()
    };
    let lines = |printed: &str| -> Vec<String> {
        let paths = printed
            .lines()
            .map(|line| line.split(" = ").next().unwrap());
        paths.map(str::to_owned).collect()
    };
    let printed = run(&["--scalar", "f64"]);
    assert_eq!(lines(&printed), lines(&run(&[])));
    run(&["--scalar", "f64", "-o", "s.npz"]);
    let saved = npz::load(&place.path("s.npz")).unwrap();
    let paths: Vec<&str> = saved.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["w", "y", "k", "c"]);
    for (path, tensor) in saved {
        let numbers = tensor.each_number().map(|x| match path.as_str() {
            "w" | "y" => format!("{x:?}"),
            "k" => format!("{x}"),
            _ => (x != 0.0).to_string(),
        });
        assert_eq!(
            numbers.collect::<Vec<_>>(),
            elements(&printed, &path),
            "{path}"
        );
    }
    // An op on halves rounds to a half in double precision, and nowhere else: y·3 is h.
    let rational = run(&["--scalar", "rational"]);
    let thirds: Vec<(i64, i64)> = elements(&rational, "y").into_iter().map(fraction).collect();
    assert!(thirds.iter().any(|(_, denominator)| denominator % 3 == 0));
    let halves = elements(&printed, "y")
        .into_iter()
        .map(|x| x.parse().unwrap());
    let is_half = |x: f64| lgc_ir::half::Half::F16.round(x) == x;
    assert!(halves.into_iter().all(is_half));
}

#[test]
fn large_tensors_are_summarised() {
    let graph = "entry l(x: f32[10, 10]) -> (y: f32[10, 10], z: f32[2, 3], e: f32[0]) {
    y = x * 0 + 0.5
    z = slice(x, start = [0, 0], limit = [2, 3]) * 0
    e = reshape(slice(x, start = [0, 0], limit = [0, 10]), shape = [0])
}
";
    let place = Place::with("l.graph", graph);
    let mut shown = String::new();
    for scalar in SCALARS {
        for elements in ["64", "4"] {
            let flags = ["--random", "1", "--scalar", scalar, "--elements", elements];
            let printed = place.run(&[&["run", "l.graph"], &flags[..]].concat());
            shown.push_str(&printed.success());
        }
    }
    let flags = ["--random", "1", "--scalar", "rational", "--elements", "100"];
    let whole = place
        .run(&[&["run", "l.graph"], &flags[..]].concat())
        .success();
    assert_eq!(elements(&whole, "y"), ["1/2"; 100]);
    insta::assert_snapshot!(shown);
}

#[test]
fn memory_that_is_not_there_is_missed() {
    let graph = "entry b(x: f32[1]) -> (y: f32[]) {
    y = sum(exp(broadcast_in_dim(x, shape = [1000000, 10000000], axes = [0])))
}
";
    let place = Place::with("b.graph", graph);
    for scalar in SCALARS {
        let outcome = place.run(&["run", "b.graph", "--random", "1", "--scalar", scalar]);
        assert_eq!(outcome.code, 1);
        assert!(
            outcome.stderr.contains("not enough memory"),
            "{}",
            outcome.stderr
        );
    }
}
