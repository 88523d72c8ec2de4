//! Values and derivatives of ops, against numbers that JAX and PyTorch have computed.
//!
//! `golden/generate.py` writes the files; each case names its source. Of every case, the value, the
//! tangents, the cotangents and the second derivatives are compared
//! - as the interpreter computes them in double precision, and compiled code: to 1e-10, relative;
//! - as compiled code computes them in single precision: to a few units in the last place, and what
//!   rounding the inputs may change.
//!
//! `LGC_GOLDEN=FILE` takes the cases of that file instead, for example those that `generate.py --fuzz`
//! draws anew; `FILE:FILE` those of several.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use lgc_ir::dtype::DType;
use lgc_ir::graph::Graph;
use lgc_ir::interpret::{Data, Tensor, interpret};
use lgc_ir::op::SPECS;
use lgc_ir::shape::Type;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use support::{Compiled, number, whole};

/// How far a number in double precision may be off, relative to itself.
const RELATIVE: f64 = 1e-10;

/// How far any may be off besides, relative to the largest number of its tensor.
const FLOOR: f64 = 1e-13;

/// How far a number in single precision may be off, in units in the last place.
const ULPS: f64 = 8.0;

/// How many changes of the inputs by half a unit in the last place are tried.
const PERTURBATIONS: u64 = 6;

/// What a change of the inputs may do to a result, as a multiple of what those that were tried did:
/// computing rounds more than once.
const SPREAD: f64 = 8.0;

/// The same for loops, of which each turn rounds.
const SPREAD_OF_LOOPS: f64 = 32.0;

/// What may be off in either precision as a multiple of what JAX is in single precision, where that is known.
const PEER: f64 = 8.0;

/// How far any may be off besides, in units in the last place of the largest number of its tensor.
const FLOOR_ULPS: f64 = 4.0;

/// A unit in the last place of single precision, relative.
const ULP: f64 = 1.0 / (1u64 << 23) as f64;

/// Ops that no case has, and why.
const WITHOUT_CASE: &[(&str, &str)] = &[
    ("input", "a case is made of inputs"),
    ("full", "a number in a case"),
    ("literal", "it says what it is"),
    ("iota", "it says what it is"),
    ("barrier", "it computes nothing"),
    ("call", "it is what it calls"),
    (
        "subtract_no_nan",
        "a difference but at infinity, which `logsumexp` is made of",
    ),
    ("scan", "it is the loop that it unrolls to"),
    ("cond", "it is one of its branches"),
    (
        "rng_normal",
        "the references map the same words another way; `ir/tests/random.rs` looks at its distribution",
    ),
];

/// One case, as the files have it.
struct Case {
    graph: String,
    inputs: Vec<Vec<f64>>,
    tangents: Vec<Vec<f64>>,
    cotangents: Vec<Vec<f64>>,
    /// Results, then cotangents of the inputs, then the tangents of both.
    expected: Vec<Vec<f64>>,
    /// By how much JAX is off in single precision, at most, of each of these.
    single: Vec<f64>,
    /// Whether it is for double precision alone.
    double: bool,
    /// Whether no error is excused by what rounding the inputs would change.
    exact: bool,
}

fn tensors(case: &Value, key: &str) -> Vec<Vec<f64>> {
    let tensors = case.get(key).and_then(Value::as_array);
    let tensor = |tensor: &Value| tensor.as_array().unwrap().iter().map(number).collect();
    tensors.into_iter().flatten().map(tensor).collect()
}

fn cases_of(file: &Path) -> Vec<Case> {
    let text = std::fs::read_to_string(file).unwrap();
    let cases: Value = serde_json::from_str(&text).unwrap();
    let case = |case: &Value| Case {
        graph: case["graph"].as_str().unwrap().to_owned(),
        inputs: tensors(case, "inputs"),
        tangents: tensors(case, "tangents"),
        cotangents: tensors(case, "cotangents"),
        expected: ["results", "vjp", "jvp", "second"]
            .iter()
            .flat_map(|key| tensors(case, key))
            .collect(),
        single: case["single"]
            .as_array()
            .map_or(Vec::new(), |errors| errors.iter().map(number).collect()),
        double: case["double"].as_bool().unwrap_or(false),
        exact: case["exact"].as_bool().unwrap_or(false),
    };
    cases.as_array().unwrap().iter().map(case).collect()
}

fn files() -> Vec<PathBuf> {
    if let Some(files) = std::env::var_os("LGC_GOLDEN") {
        return std::env::split_paths(&files).collect();
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let entries = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|suffix| suffix == "json"));
    files.sort();
    files
}

fn tensor(ty: &Type, elements: &[f64]) -> Tensor<f64> {
    match ty.dtype {
        DType::Bool => Tensor::masks(ty.shape.clone(), elements.iter().map(|&x| x != 0.0)),
        DType::I32 | DType::I64 | DType::U32 => {
            Tensor::integers(ty.clone(), elements.iter().map(|&x| x as i64))
        }
        DType::F16 | DType::Bf16 | DType::F32 | DType::F64 => {
            Tensor::numbers(ty.clone(), elements.to_vec())
        }
    }
}

fn elements(tensor: &Tensor<f64>) -> Vec<f64> {
    match &tensor.data {
        Data::Number(elements) => elements.clone(),
        Data::Int(elements) => elements.iter().map(|x| x.value.unwrap() as f64).collect(),
        Data::Mask(elements) => elements.iter().map(|&x| f64::from(u8::from(x))).collect(),
    }
}

fn interpreted(graph: &Graph, inputs: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let types = graph.inputs().iter().map(|input| graph.ty(*input));
    let inputs = types.zip(inputs).map(|(ty, elements)| tensor(ty, elements));
    let inputs: Vec<Tensor<f64>> = inputs.collect();
    let run = interpret(graph, &(), &inputs).unwrap();
    // A result that is a half is rounded where it is stored.
    let stored = |tensor: &Tensor<f64>| match tensor.ty.dtype.half() {
        Some(half) => elements(tensor)
            .into_iter()
            .map(|x| half.round(x))
            .collect(),
        None => elements(tensor),
    };
    run.outputs().iter().map(|tensor| stored(tensor)).collect()
}

/// The inputs, each changed by up to half a unit in the last place of single precision.
fn perturbed(types: &[Type], inputs: &[Vec<f64>], draw: u64) -> Vec<Vec<f64>> {
    let mut state = draw;
    let mut sign = || {
        state = state
            .wrapping_mul(0x5851_f42d_4c95_7f2d)
            .wrapping_add(0x1405_7b7e_f767_814f);
        if state >> 63 == 0 { 1.0 } else { -1.0 }
    };
    let tensors = types.iter().zip(inputs);
    let tensors = tensors.map(|(ty, elements)| match ty.dtype.is_float() {
        true => elements
            .iter()
            .map(|x| x * (1.0 + sign() * ULP / 2.0))
            .collect(),
        false => elements.clone(),
    });
    tensors.collect()
}

/// What is off further than it may be.
fn compare(way: &str, case: &Case, actual: &[Vec<f64>], bounds: &[Vec<f64>]) -> Option<String> {
    let tensors = actual.iter().zip(&case.expected).zip(bounds);
    for (at, ((actual, expected), bounds)) in tensors.enumerate() {
        assert_eq!(actual.len(), expected.len(), "{}: result {at}", case.graph);
        for (element, (x, wanted)) in actual.iter().zip(expected).enumerate() {
            let same = x == wanted || (x.is_nan() && wanted.is_nan());
            let off = (x - wanted).abs();
            if !same && (off.is_nan() || off > bounds[element]) {
                return Some(format!(
                    "{}: {way}: result {at}[{element}] is {x:?}, not {wanted:?}: off by {off:.2e}, \
                     which may be {:.2e}",
                    case.graph, bounds[element]
                ));
            }
        }
    }
    None
}

fn largest(tensor: &[f64]) -> f64 {
    let finite = tensor.iter().filter(|x| x.is_finite());
    finite.fold(0.0, |largest, x| largest.max(x.abs()))
}

fn double_bounds(case: &Case, types: &[Type]) -> Vec<Vec<f64>> {
    let tensors = case.expected.iter().zip(types).enumerate();
    let bounds = |(at, (tensor, ty)): (usize, (&Vec<f64>, &Type))| -> Vec<f64> {
        let largest = largest(tensor);
        // What is off in single precision is off by that much less.
        let peer = PEER * case.single.get(at).copied().unwrap_or(0.0) * f64::EPSILON / ULP;
        let relative = if ty.dtype == DType::F32 {
            ULP
        } else {
            RELATIVE
        };
        let bound = |x: &f64| match ty.dtype.is_float() {
            true => relative * x.abs() + FLOOR * largest + peer,
            false => 0.0,
        };
        tensor.iter().map(bound).collect()
    };
    tensors.map(bounds).collect()
}

/// The bounds in single precision, from the same in double precision on inputs that are changed.
fn single_bounds(case: &Case, double: &Compiled, inputs: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let mut spreads: Vec<Vec<f64>> = case.expected.iter().map(|t| vec![0.0; t.len()]).collect();
    let exact = double.run(inputs);
    for draw in 0..if case.exact { 0 } else { PERTURBATIONS } {
        let changed = double.run(&perturbed(&double.inputs, inputs, draw));
        for (at, tensor) in spreads.iter_mut().enumerate() {
            for (element, spread) in tensor.iter_mut().enumerate() {
                let change = (changed[at][element] - exact[at][element]).abs();
                *spread = spread.max(change);
            }
        }
    }
    let graph = whole(&case.graph, false);
    let factor = match graph.nodes().any(|node| graph.op(node).runs_regions()) {
        true => SPREAD_OF_LOOPS,
        false => SPREAD,
    };
    let tensors = case.expected.iter().zip(&spreads).zip(&double.outputs);
    let tensors = tensors.enumerate().map(|(at, ((expected, spreads), ty))| {
        let elements = expected.iter().zip(spreads);
        let peer = PEER * case.single.get(at).copied().unwrap_or(0.0);
        let floor = FLOOR_ULPS * ULP * largest(expected) + f64::from(f32::MIN_POSITIVE) + peer;
        let bound = |(x, spread): (&f64, &f64)| match ty.dtype.is_float() {
            true => ULPS * ULP * x.abs() + factor * spread + floor,
            false => 0.0,
        };
        elements.map(bound).collect()
    });
    tensors.collect()
}

/// Whether each number of a tensor is one in single precision, too.
fn fits_single(case: &Case) -> bool {
    let numbers = case
        .expected
        .iter()
        .flatten()
        .chain(case.inputs.iter().flatten());
    let mut numbers = numbers.filter(|x| x.is_finite());
    numbers.all(|x| x.abs() < f64::from(f32::MAX) && (*x == 0.0 || x.abs() > 1e-37))
}

fn check(case: &Case) -> Vec<String> {
    let derivatives = !case.tangents.is_empty();
    let graph = whole(&case.graph, derivatives);
    let parts = [&case.inputs, &case.cotangents, &case.tangents];
    let inputs: Vec<Vec<f64>> = parts.into_iter().flatten().cloned().collect();
    assert_eq!(graph.inputs().len(), inputs.len(), "{}", case.graph);
    assert_eq!(graph.outputs().len(), case.expected.len(), "{}", case.graph);
    let double = Compiled::new(&graph);
    let bounds = double_bounds(case, &double.outputs);
    let mut wrong = Vec::new();
    wrong.extend(compare(
        "interpreted",
        case,
        &interpreted(&graph, &inputs),
        &bounds,
    ));
    wrong.extend(compare("compiled", case, &double.run(&inputs), &bounds));
    if case.graph.contains("f64") && !case.double && fits_single(case) {
        let single = Compiled::new(&whole(&case.graph.replace("f64", "f32"), derivatives));
        let bounds = single_bounds(case, &double, &inputs);
        wrong.extend(compare(
            "compiled, f32",
            case,
            &single.run(&inputs),
            &bounds,
        ));
    }
    wrong
}

#[test]
fn values_and_derivatives_are_those_of_others() {
    let mut wrong = Vec::new();
    for file in files() {
        let cases = cases_of(&file);
        println!("{}: {} cases", file.display(), cases.len());
        wrong.extend(cases.iter().flat_map(check));
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.join("\n"), wrong.len());
}

/// How many cases each op has, which are counted with what they call, loop over or branch to.
fn cases_per_op() -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for case in files().iter().flat_map(|file| cases_of(file)) {
        let case = whole(&case.graph, false);
        let (mut used, mut graphs) = (BTreeSet::new(), vec![&case]);
        while let Some(graph) = graphs.pop() {
            for op in graph.nodes().map(|node| graph.op(node)) {
                used.insert(op.spec().name);
                graphs.extend(op.regions().into_iter().map(|region| region.body()));
            }
        }
        for name in used {
            *counts.entry(name).or_default() += 1;
        }
    }
    counts
}

/// Those of the files here, as well as those of a file that has been drawn, however many it has.
#[test]
fn every_op_has_a_case() {
    let counts = cases_per_op();
    for spec in SPECS {
        println!("{}: {}", spec.name, counts.get(spec.name).unwrap_or(&0));
    }
    let excused: BTreeSet<&str> = WITHOUT_CASE.iter().map(|(name, _)| *name).collect();
    let missing = SPECS.iter().map(|spec| spec.name);
    let missing: Vec<&str> = missing
        .filter(|name| !counts.contains_key(name) && !excused.contains(name))
        .collect();
    assert_eq!(
        missing, [""; 0],
        "add cases to `golden/table.py` or `golden/fuzz`"
    );
}
