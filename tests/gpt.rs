//! The example of a GPT: it has canonical form, its text comes back from the printer, and training it
//! through the compiled library lowers its loss as far as a sequence can be learned by heart.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod support;

use lgc_abi::Direction;
use lgc_runtime::{HostTensor, Library};
use support::{Place, repository};

fn example() -> String {
    let path = repository().join("examples/gpt/gpt.graph");
    path.display().to_string()
}

#[test]
fn it_is_one_page_in_canonical_form() {
    let text = std::fs::read_to_string(example()).unwrap();
    assert!(text.lines().count() < 110, "a readable page");
    let place = Place::new();
    place.run(&["fmt", "--check", &example()]).success();
    let small = ["--define", "D=8", "--define", "T=4", "--define", "V=6"];
    let emit = |file: &str, defines: &[&str]| {
        let arguments = ["emit", "--stage", "graph", file];
        place.run(&[&arguments[..], defines].concat()).success()
    };
    let printed = emit(&example(), &small);
    place.write("printed.graph", &printed);
    assert_eq!(emit("printed.graph", &[]), printed);
    assert!(printed.contains("blocks: Block[12]"), "{printed}");
}

#[test]
fn dims_that_do_not_divide_are_named() {
    let file = example();
    let arguments = ["emit", "--stage", "graph", &file, "--define", "D=10"];
    let outcome = Place::new().run(&[&arguments[..], &["--define", "H=3"]].concat());
    let message = "`D / H` must divide: D = 10, H = 3";
    assert!(outcome.stderr.contains(message), "{}", outcome.stderr);
}

/// Numbers that look random, around 0.
fn noise(state: &mut u64) -> f32 {
    *state = state
        .wrapping_mul(6364136223846793005)
        .wrapping_add(1442695040888963407);
    (*state >> 40) as f32 / (1u64 << 24) as f32 - 0.5
}

/// What a parameter of the model is before training.
fn initial(path: &str, tensor: &mut HostTensor, state: &mut u64) {
    let scale = match path.rsplit('.').next() {
        Some("gamma") => return tensor.elements_mut::<f32>().unwrap().fill(1.0),
        Some("beta" | "b") => return,
        Some(_) | None => 0.3,
    };
    for element in tensor.elements_mut::<f32>().unwrap() {
        *element = scale * noise(state);
    }
}

#[test]
fn training_lowers_the_loss() {
    let place = Place::new();
    let file = example();
    let mut arguments = vec!["compile", file.as_str(), "-o", "gpt.so"];
    for dim in ["B=2", "T=6", "V=5", "D=8", "H=2"] {
        arguments.extend(["--define", dim]);
    }
    place.run(&arguments).success();
    let library = Library::open(&place.path("gpt.so")).unwrap();
    let step = library.entry("step").unwrap();

    let tokens = [0, 1, 2, 3, 4, 0, 3, 3, 1, 4, 2, 2];
    let targets = [1, 2, 3, 4, 0, 1, 3, 1, 4, 2, 2, 0];
    let inputs = [
        HostTensor::from_slice(&[2, 6], &tokens).unwrap(),
        HostTensor::from_slice(&[2, 6], &targets).unwrap(),
        HostTensor::scalar(0.01f32).unwrap(),
    ];
    let inputs: Vec<&HostTensor> = inputs.iter().collect();
    let mut state = 7;
    let updated = step
        .leaves()
        .iter()
        .filter(|leaf| leaf.direction == Direction::InOut);
    let mut updated: Vec<HostTensor> = updated
        .map(|leaf| {
            let mut tensor = HostTensor::zeros(leaf.tensor.clone()).unwrap();
            if leaf.path.starts_with("p.") {
                initial(&leaf.path, &mut tensor, &mut state);
            }
            tensor
        })
        .collect();
    let mut losses = Vec::new();
    for _ in 0..60 {
        let mut updated: Vec<&mut HostTensor> = updated.iter_mut().collect();
        let results = step.call(&inputs, &mut updated).unwrap();
        losses.push(results[0].item::<f32>().unwrap());
    }
    let (first, last) = (losses[0], losses[losses.len() - 1]);
    assert!(
        (1.2..2.5).contains(&first),
        "about ln 5 at first: {losses:?}"
    );
    assert!(last < 0.2 * first, "{losses:?}");
    assert_eq!(updated[0].item::<f32>(), Some(60.0), "steps are counted");
}
