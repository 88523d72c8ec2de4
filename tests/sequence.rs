//! The example of a recurrent network: it has canonical form, its program does not grow with its
//! sequences, and training it through the compiled library teaches it to add.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod support;

use lgc_abi::Direction;
use lgc_runtime::{HostTensor, Library};
use support::{Place, repository};

fn example() -> String {
    let path = repository().join("examples/sequence/adding.graph");
    path.display().to_string()
}

#[test]
fn it_is_in_canonical_form_and_does_not_grow_with_its_sequences() {
    let place = Place::new();
    place.run(&["fmt", "--check", &example()]).success();
    let lines = |turns: &str| {
        let arguments = ["emit", "--stage", "graph", &example(), "--define", turns];
        place.run(&arguments).success().lines().count()
    };
    assert_eq!(lines("T=5"), lines("T=500"));
}

/// Numbers that look random, from 0 to 1.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f32 {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (self.0 >> 40) as f32 / (1u64 << 24) as f32
    }

    fn below(&mut self, count: usize) -> usize {
        (self.next() * count as f32) as usize
    }
}

const TURNS: usize = 8;
const BATCH: usize = 32;

/// Sequences with one number marked in each half, and the sums of the marked ones.
fn sequences(noise: &mut Noise) -> [HostTensor; 2] {
    let mut numbers = vec![0f32; TURNS * BATCH * 2];
    let mut sums = vec![0f32; BATCH];
    for (row, sum) in sums.iter_mut().enumerate() {
        let half = TURNS / 2;
        let marked = [noise.below(half), half + noise.below(half)];
        for turn in 0..TURNS {
            let at = (turn * BATCH + row) * 2;
            numbers[at] = noise.next();
            if marked.contains(&turn) {
                numbers[at + 1] = 1.0;
                *sum += numbers[at];
            }
        }
    }
    [
        HostTensor::from_slice(&[TURNS as u64, BATCH as u64, 2], &numbers).unwrap(),
        HostTensor::from_slice(&[BATCH as u64], &sums).unwrap(),
    ]
}

#[test]
fn training_through_time_teaches_it_to_add() {
    let place = Place::new();
    let file = example();
    let (turns, batch) = (format!("T={TURNS}"), format!("B={BATCH}"));
    let mut arguments = vec!["compile", file.as_str(), "-o", "adding.so"];
    for dim in [turns.as_str(), batch.as_str(), "H=16"] {
        arguments.extend(["--define", dim]);
    }
    place.run(&arguments).success();
    let library = Library::open(&place.path("adding.so")).unwrap();
    let step = library.entry("step").unwrap();

    let mut noise = Noise(7);
    let leaves = step.leaves().iter();
    let updated = leaves.filter(|leaf| leaf.direction == Direction::InOut);
    let mut updated: Vec<HostTensor> = updated
        .map(|leaf| {
            let mut tensor = HostTensor::zeros(leaf.tensor.clone()).unwrap();
            if leaf.path.starts_with("p.") {
                let elements = tensor.elements_mut::<f32>().unwrap();
                elements.fill_with(|| 0.6 * (noise.next() - 0.5));
            }
            tensor
        })
        .collect();
    let rate = HostTensor::scalar(0.01f32).unwrap();
    let mut losses = Vec::new();
    for _ in 0..400 {
        let [xs, targets] = sequences(&mut noise);
        let mut updated: Vec<&mut HostTensor> = updated.iter_mut().collect();
        let results = step.call(&[&xs, &targets, &rate], &mut updated).unwrap();
        losses.push(results[0].item::<f32>().unwrap());
    }
    // Who does not read the numbers is off by the variance of the sum, 1/6.
    let mean = |losses: &[f32]| losses.iter().sum::<f32>() / losses.len() as f32;
    assert!(mean(&losses[..5]) > 0.16, "{losses:?}");
    assert!(mean(&losses[380..]) < 0.01, "{losses:?}");
    assert_eq!(updated[0].item::<f32>(), Some(400.0), "steps are counted");
}
