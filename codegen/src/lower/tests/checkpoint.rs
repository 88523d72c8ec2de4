//! Checkpointed calls: the same bits from a smaller workspace, and barriers that cost nothing.

use super::*;
use lgc_ir::diag::Diagnostics;
use lgc_ir::lang::{Options, elaborate, parse};
use lgc_ir::rewrite::optimize;
use lgc_ir::span::SourceMap;
use std::fmt::Write;

/// The optimised graph of the only entry of a text.
pub(super) fn graph_of(text: &str) -> Graph {
    let mut sources = SourceMap::new();
    let file = sources.add("test.graph", text).unwrap();
    let mut diagnostics = Diagnostics::new();
    let ast = parse(file, text, &mut diagnostics);
    let module = elaborate(&ast, &Options::default(), &mut diagnostics);
    assert!(diagnostics.is_empty(), "{}", diagnostics.plain(&sources));
    optimize(&module.entries[0].graph, true).unwrap().0
}

/// The gradient of a chain of `blocks` blocks of four layers, each block called as `call` says.
fn chain(blocks: usize, call: &str) -> String {
    let mut text = String::from(
        "struct Layer { w: f32[16, 16], b: f32[16] }
        graph layer(x: f32[64, 16], p: Layer) -> (y: f32[64, 16]) { y = tanh(x @ p.w + p.b) }
        struct Block { a: Layer, b: Layer, c: Layer, d: Layer }
        graph block(x: f32[64, 16], p: Block) -> (y: f32[64, 16]) {
            y = layer(layer(layer(layer(x, p.a), p.b), p.c), p.d)
        }\n",
    );
    let fields: Vec<String> = (0..blocks)
        .map(|block| format!("p{block}: Block"))
        .collect();
    writeln!(text, "struct Net {{ {} }}", fields.join(", ")).unwrap();
    writeln!(text, "graph loss(x: f32[64, 16], p: Net) -> (l: f32[]) {{").unwrap();
    for block in 0..blocks {
        let from = if block == 0 {
            "x".to_string()
        } else {
            format!("h{}", block - 1)
        };
        writeln!(text, "h{block} = {call}({from}, p.p{block})").unwrap();
    }
    write!(
        text,
        "l = sum(square(h{}))
        }}
        entry gradient(x: f32[64, 16], p: Net) -> (l: f32[], d_x: f32[64, 16], d: Net) {{
            (l, d_x, d) = value_and_grad(loss, wrt = [x, p])(x, p)
        }}",
        blocks - 1
    )
    .unwrap();
    text
}

#[test]
fn a_checkpointed_chain_gives_the_same_bits_from_a_smaller_workspace() {
    let kept = graph_of(&chain(6, "block"));
    let again = graph_of(&chain(6, "checkpoint(block)"));
    let inputs = samples(&kept);
    let signature = Signature::pure("entry");
    // The chain is too long for the bounds of `check`: its rounding errors grow exponentially.
    let lowered = |graph| lower(graph, &signature, &Target::BITS_128).unwrap();
    let (kept_lowering, again_lowering) = (lowered(&kept), lowered(&again));
    let bits = |graph, lowering: &Lowering| -> Vec<Vec<u64>> {
        assert!(verify(&lowering.program).is_ok());
        let outputs = compiled::run(&lowering.program, graph, &signature, &inputs);
        let bits = |cells: &Cells<f64>| {
            let numbers = cells.as_numbers().unwrap();
            numbers.iter().map(|x| x.to_bits()).collect()
        };
        outputs.iter().map(bits).collect()
    };
    let same = bits(&kept, &kept_lowering) == bits(&again, &again_lowering);
    assert!(same, "the gradients differ");
    let [kept, again] = [&kept_lowering, &again_lowering].map(|l| l.program.workspace);
    // 24 activations of 4 KiB are kept, or those between 6 blocks and the 4 of one block.
    assert!(kept >= 24 * 4096, "{kept}");
    assert!(again * 2 <= kept, "{again} of {kept} bytes");
}

/// What is computed again is not computed with the first computation, though it reads the same.
#[test]
fn what_is_behind_a_barrier_is_computed_later() {
    let text = "
        graph f(x: f32[64], y: f32[64]) -> (z: f32[64]) { z = exp(sin(x) * y) / (1 + exp(y)) }
        graph loss(x: f32[64], y: f32[64]) -> (l: f32[]) {
            l = sum(exp(checkpoint(f)(x, checkpoint(f)(y, x))))
        }
        entry gradient(x: f32[64], y: f32[64]) -> (l: f32[], d: f32[64]) {
            (l, d) = value_and_grad(loss, wrt = x)(x, y)
        }";
    let graph = graph_of(text);
    assert!(
        graph
            .nodes()
            .any(|node| matches!(graph.op(node), lgc_ir::op::Op::Barrier(_)))
    );
    check(&graph);
}

#[test]
fn barriers_are_the_memory_of_their_operands() {
    use lgc_ir::op::{Barrier, Gather};
    let b = builder();
    let (x, w) = (
        input(&b, "x", DType::F32, &[8, 8]),
        input(&b, "w", DType::F32, &[8, 8]),
    );
    let indices = input(&b, "i", DType::I32, &[5]);
    let behind = |value| b.apply(Barrier {}, &[value]).unwrap();
    let h = b.exp(b.transpose(x, &[1, 0]).unwrap()).unwrap();
    let twice = behind(behind(h));
    let rows = b.sum(twice, &[1], false).unwrap();
    let gather = Gather { axis: 0, batch: 0 };
    let picked = b.gather(behind(h), behind(indices), gather).unwrap();
    let product = b
        .mul(behind(b.transpose(w, &[1, 0]).unwrap()), twice)
        .unwrap();
    let view = b.add(product, behind(x)).unwrap();
    let graph = finish(b.clone(), &[rows, picked, view, behind(h), behind(x)]);
    let lowering = check(&graph);
    let copies = |step: &&crate::kernel::Step| matches!(step, crate::kernel::Step::Copy { .. });
    // Only the output that is an input.
    assert_eq!(
        lowering.program.steps.iter().filter(copies).count(),
        1,
        "{}",
        lowering.program
    );
}

/// An input that is read through a barrier is not overwritten before.
#[test]
fn barriers_keep_inputs_from_being_overwritten() {
    let text = "
        graph f(x: f32[16, 16], w: f32[16, 16]) -> (y: f32[16, 16]) { y = tanh(x @ w) }
        graph loss(x: f32[16, 16], w: f32[16, 16]) -> (l: f32[]) { l = sum(checkpoint(f)(x, w)) }
        entry step(x: f32[16, 16], inout w: f32[16, 16]) -> (l: f32[], d: f32[16, 16]) {
            (l, d, d_w) = value_and_grad(loss, wrt = [x, w])(x, w)
            w' = w - 0.5 * d_w
        }";
    let graph = graph_of(text);
    let next = vec![None, None, Some(1)];
    let signature = Signature {
        next,
        ..Signature::pure("entry")
    };
    check_with(&graph, &signature, &samples(&graph));
}
