//! `load`, and the files of tensors that `lgc emit -o` writes.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod support;

use lgc_ir::dtype::DType;
use lgc_ir::op::Elements;
use lgc_ir::shape::Shape;
use lgc_ir::weights::{Weights, encode, hash};
use object::{Object, ObjectSection, SectionKind};
use support::Place;

/// Values of all kinds, among them some whose decimals do not tell them apart.
fn weights() -> Vec<(String, Elements)> {
    let tensor = |name: &str, dtype: DType, dims: &[u64], bytes: Vec<u8>| {
        let elements = Elements {
            dtype,
            shape: Shape::new(dims.iter().copied()),
            bytes: bytes.into(),
        };
        (name.to_string(), elements)
    };
    let mut floats: Vec<f32> = (0_u8..80).map(|n| (f32::from(n) - 40.3) / 7.0).collect();
    floats[..3].copy_from_slice(&[-0.0, f32::MIN_POSITIVE / 3.0, 0.1]);
    let bytes = |floats: &[f32]| floats.iter().flat_map(|x| x.to_le_bytes()).collect();
    let even = bytes(&floats[..70]);
    let mut odd = floats.clone();
    odd[..2].copy_from_slice(&[f32::from_bits(0x7fc0_1234), f32::NEG_INFINITY]);
    let integers = (0_i64..66).flat_map(|n| (i64::MIN + n).to_le_bytes());
    vec![
        tensor("fc.weight", DType::F32, &[10, 8], bytes(&floats)),
        tensor("odd", DType::F32, &[70], bytes(&odd[..70])),
        tensor("big", DType::I64, &[66], integers.collect()),
        tensor("even", DType::F32, &[70], even),
        tensor("mask", DType::Bool, &[3], vec![0, 1, 1]),
        tensor("scale", DType::F64, &[], 0.1_f64.to_le_bytes().to_vec()),
        tensor("none", DType::U32, &[0], Vec::new()),
    ]
}

const MODEL: &str = "\
use \"parts/layer.graph\"

entry f(x: f32[4, 10]) -> (y: f32[4, 8], b: i64[66], m: bool[3], s: f64[], n: u32[0], o: f32[70]) {
    y = fc(fc(x) @ transpose(load(\"parts/w.safetensors\", \"fc.weight\"), permutation = [1, 0]))
    b = load(\"parts/w.safetensors\", \"big\")
    m = load(\"parts/w.safetensors\", \"mask\")
    s = 2 * load(\"./parts/w.safetensors\", \"scale\")
    n = load(\"parts/w.safetensors\", \"none\")
    o = load(\"parts/w.safetensors\", \"odd\")
}
";

const LAYER: &str = "\
graph fc[B](x: f32[B, 10]) -> (y: f32[B, 8]) { y = x @ load(\"w.safetensors\", \"fc.weight\") }
";

fn place() -> Place {
    let place = Place::with("m.graph", MODEL);
    std::fs::create_dir(place.path("parts")).unwrap();
    place.write("parts/layer.graph", LAYER);
    let weights = weights();
    let pairs = weights.iter().map(|(name, tensor)| (name.clone(), tensor));
    place.write("parts/w.safetensors", encode(pairs).unwrap());
    place
}

/// The code in an object; what it says of its values names their places, which differ.
fn code(object: &[u8]) -> Vec<u8> {
    let file = object::File::parse(object).unwrap();
    let sections = file.sections();
    let code = sections.filter(|section| section.kind() == SectionKind::Text);
    let code: Vec<u8> = code
        .flat_map(|section| section.data().unwrap().to_vec())
        .collect();
    assert!(!code.is_empty());
    code
}

#[test]
fn what_is_loaded_is_a_constant_like_others() {
    let place = place();
    // The text of a graph does not tell one NaN from another.
    place.write("m.graph", MODEL.replace("odd", "even"));
    let text = place.run(&["emit", "m.graph"]).success();
    place.write("inline.graph", &text);
    assert!(!text.contains("load") && text.contains("-9223372036854775808"));
    assert_eq!(place.run(&["emit", "inline.graph"]).success(), text);
    let mut outputs = Vec::new();
    for model in ["m.graph", "inline.graph"] {
        place
            .run(&["compile", model, "--name", "m", "-o", "m.o"])
            .success();
        outputs.push(code(&place.read("m.o")));
        let run = ["run", model, "--random", "1", "-o", "y.npz"];
        place.run(&run).success();
        outputs.push(place.read("y.npz"));
    }
    assert!(outputs[0] == outputs[2], "the same code");
    assert!(outputs[1] == outputs[3], "the same results");
    // The list of results is too long for its line; `./parts` is a path like others.
    place.run(&["fmt", "m.graph"]).success();
    let formatted = String::from_utf8(place.read("m.graph")).unwrap();
    assert!(formatted.contains("s = 2 * load(\"./parts/w.safetensors\", \"scale\")\n"));
    place
        .run(&["fmt", "--check", "parts/layer.graph"])
        .success();
}

#[test]
fn a_written_graph_keeps_its_large_constants_beside_it_bit_by_bit() {
    let place = place();
    for stage in ["graph", "adjoint", "opt"] {
        let emit = |from: &str, stage: &str, to: &str| {
            let arguments = ["emit", from, "--stage", stage, "-o", to];
            assert_eq!(place.run(&arguments).success(), "");
        };
        emit("m.graph", stage, "parts/out.graph");
        let text = String::from_utf8(place.read("parts/out.graph")).unwrap();
        let tensors = place.read("parts/out.safetensors");
        place.run(&["fmt", "--check", "parts/out.graph"]).success();
        for (name, tensor) in weights().into_iter().take(3) {
            let written = Weights::open(&tensors).unwrap();
            let kept = written.names().into_iter().find(|kept| {
                let load = format!(
                    "load(\"out.safetensors\", \"{kept}\", hash = \"{}\")",
                    hash(&tensor)
                );
                written.tensor(kept).as_ref() == Ok(&tensor) && text.contains(&load)
            });
            assert!(kept.is_some(), "{stage}: {name} in\n{text}");
        }
        // The same text and the same bytes come of it again.
        emit("parts/out.graph", "graph", "out.graph");
        assert_eq!(String::from_utf8(place.read("out.graph")).unwrap(), text);
        assert_eq!(place.read("out.safetensors"), tensors);
    }
    let programs = ["m.graph", "parts/out.graph"].map(|model| {
        place
            .run(&["compile", model, "--name", "m", "-o", "m.o"])
            .success();
        code(&place.read("m.o"))
    });
    assert!(programs[0] == programs[1], "the same program");
}

#[test]
fn small_constants_and_other_stages_need_no_file() {
    let place = Place::with(
        "s.graph",
        "entry f(x: f32[2]) -> (y: f32[2]) { y = x + [1, 2] }\n",
    );
    for stage in ["opt", "kernels", "dot"] {
        let printed = place.run(&["emit", "s.graph", "--stage", stage]).success();
        let arguments = ["emit", "s.graph", "--stage", stage, "-o", "out.txt"];
        assert_eq!(place.run(&arguments).success(), "");
        assert_eq!(place.read("out.txt"), printed.as_bytes());
    }
    assert_eq!(place.names(), ["out.txt", "s.graph"]);
}

#[test]
fn files_are_written_whole_or_not_at_all() {
    let place = place();
    let before = place.read("parts/w.safetensors");
    let text = LAYER.replace("graph fc[B]", "entry fc").replace('B', "4");
    place.write("parts/w.graph", &text);
    let onto_itself = place.run(&["emit", "parts/w.graph", "-o", "parts/w.graph"]);
    std::fs::create_dir(place.path("out.graph")).unwrap();
    let onto_a_folder = place.run(&["emit", "m.graph", "-o", "out.graph"]);
    for outcome in [onto_itself, onto_a_folder] {
        assert_eq!(outcome.code, 1);
        assert!(outcome.stderr.contains("E0703"), "{}", outcome.stderr);
    }
    assert_eq!(place.read("parts/w.graph"), text.as_bytes());
    assert_eq!(place.read("parts/w.safetensors"), before);
    assert_eq!(place.names(), ["m.graph", "out.graph", "parts"]);
}

#[test]
fn what_cannot_be_loaded_is_said() {
    let place = place();
    place.write("damaged.safetensors", "no tensors");
    let quarter = br#"{"h":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}"#;
    let quarter = [
        &(quarter.len() as u64).to_le_bytes(),
        quarter.as_slice(),
        b"\0",
    ]
    .concat();
    place.write("quarter.safetensors", quarter);
    let calls = [
        r#"load("parts/w.safetensors", "fc.weigth")"#,
        r#"load("parts/w.safetensors", "else")"#,
        r#"load("parts/w.safetensors", "mask", hash = "0123456789abcdef")"#,
        r#"load("parts/w.safetensors", "mask", hash = "short")"#,
        r#"load("parts/w.safetensors", "mask", axes = [1])"#,
        r#"load("parts/w.safetensors")"#,
        r#"load(x, "mask")"#,
        r#"load("quarter.safetensors", "h")"#,
        r#"load("damaged.safetensors", "h")"#,
        r#"load("missing.safetensors", "h")"#,
        r#"load("parts", "h")"#,
        r#"load("parts/w.safetensors", "mask") + x"#,
        "load",
    ];
    let shown = calls.map(|call| {
        let text = format!("entry f(x: f32[3]) -> (y: f32[3]) {{ y = {call} }}\n");
        let outcome = place.pipe(&["--error-format", "short", "emit", "-"], &text);
        assert_eq!(outcome.code, 1, "{call}: {}", outcome.shown());
        format!("{call}\n{}", outcome.stderr)
    });
    insta::assert_snapshot!(shown.join("\n"));
}
