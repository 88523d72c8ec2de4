//! Large graphs: work grows with the size of the graph and no faster.

use super::*;
use lgc_ir::op::{Add, Sigmoid};
use std::time::Instant;

/// A chain with fan-out: each node reads its predecessor and one a few steps back.
fn chain(length: usize) -> Graph {
    let b = builder();
    let mut values = vec![input(&b, "x", DType::F32, &[8, 16])];
    for step in 1..length {
        let last = values[step - 1];
        let value = match step % 5 {
            0 => b.apply(Sigmoid {}, &[last]),
            3 => b.mul(last, values[step.saturating_sub(7)]),
            _ => b.apply(Add {}, &[last, values[step.saturating_sub(3)]]),
        };
        values.push(value.unwrap());
    }
    let last = values[length - 1];
    finish(b, &[last])
}

#[test]
fn long_chains_become_kernels_of_bounded_size() {
    let mut launched = Vec::new();
    for length in [4 << 10, 16 << 10, 64 << 10] {
        let graph = chain(length);
        let start = Instant::now();
        let lowering = lower(&graph, &Signature::pure("chain"), &Target::BITS_128).unwrap();
        let time = start.elapsed();
        let program = &lowering.program;
        let (count, largest) = (
            launches(program),
            program.kernels.iter().map(|k| k.body.size()).max(),
        );
        println!(
            "{length} nodes: {time:?}, {count} launches, workspace {}",
            program.workspace
        );
        assert!(largest.unwrap() < 4 << 10, "a kernel is too large");
        assert!(
            program.workspace <= 64 << 10,
            "dead values keep their memory"
        );
        launched.push(count);
    }
    assert!(launched[2] <= launched[0] * 17, "{launched:?}");
}
