//! Dead code, common subexpressions, decomposition, pipelines: what happens to nodes.

use super::{assert_same, graph_of, input, op_count};
use crate::constant::Constant;
use crate::dtype::DType;
use crate::graph::{Fate, Graph, Output, Remap, Value};
use crate::op::*;
use crate::rewrite::{RewriteError, State, cse, dce, decompose, optimize, simplify};
use crate::shape::{Shape, Type};
use crate::verify::verify;

#[test]
fn dead_nodes_go_and_inputs_stay() {
    let mut values = Vec::new();
    let graph = graph_of(|b| {
        let (x, y) = (input(b, DType::F32, &[2]), input(b, DType::F32, &[3]));
        let dead = b.neg(y)?;
        let live = b.exp(x)?;
        values = vec![x, y, dead, live];
        Ok([live])
    });
    let (after, remap) = dce(&graph).unwrap();
    assert_eq!((after.len(), after.inputs().len()), (3, 2));
    assert_eq!(remap.fate(values[2]), Fate::Dead);
    assert_eq!(remap.value(values[3]), Some(after.outputs()[0].value));
    assert_same(&graph, &after);
}

#[test]
fn equal_ops_merge_and_inputs_do_not() {
    let graph = graph_of(|b| {
        let (x, y) = (input(b, DType::F32, &[24]), input(b, DType::F32, &[24]));
        let nan = |b: &crate::builder::Builder| b.full(&b.ty(x), &Constant::Nan);
        let pairs = [
            (b.add(x, y)?, b.add(y, x)?),
            (b.mul(x, nan(b)?)?, b.mul(nan(b)?, x)?),
        ];
        let apart = b.sub(b.sub(x, y)?, b.sub(y, x)?)?;
        let signed = [0.0, -0.0].map(|zero| b.full(&b.ty(x), &Constant::from_f64(zero)).unwrap());
        let zeros = b.div(b.div(x, signed[0])?, b.div(x, signed[1])?)?;
        Ok([pairs[0].0, pairs[0].1, pairs[1].0, pairs[1].1, apart, zeros])
    });
    let (after, remap) = cse(&graph).unwrap();
    let outputs: Vec<Value> = after.outputs().iter().map(|output| output.value).collect();
    assert_eq!((outputs[0], outputs[2]), (outputs[1], outputs[3]));
    assert_eq!(op_count(&after, |op| matches!(op, Op::Sub(_))), 3);
    assert_eq!(op_count(&after, |op| matches!(op, Op::Full(_))), 3);
    assert_eq!(after.inputs().len(), 2);
    let merged = remap.fate(graph.outputs()[1].value);
    assert_eq!(merged, Fate::Merged(outputs[0]));
    assert_same(&graph, &after);
}

#[test]
fn names_survive_their_nodes() {
    let mut graph = graph_of(|b| {
        let x = input(b, DType::F32, &[2]);
        let first = b.exp(x)?;
        let again = b.exp(x)?;
        b.edit(|graph| graph.set_name(again.node, "power"));
        Ok([first, again])
    });
    let input = graph.inputs()[0].node;
    graph.set_name(input, "x");
    let (after, _) = cse(&graph).unwrap();
    let first = after.outputs()[0].value.node;
    assert_eq!(after.name(first), Some("power"));
    assert_eq!(after.name(after.inputs()[0].node), Some("x"));
}

#[test]
fn composites_come_apart_to_the_last() {
    let graph = graph_of(|b| {
        let x = input(b, DType::F32, &[2, 3]);
        let labels = b.apply(Softmax { axis: -1 }, &[input(b, DType::F32, &[2, 3])])?;
        let loss = b.apply(
            CrossEntropy {
                label_smoothing: Real(0.0),
            },
            &[x, labels],
        )?;
        b.edit(|graph| graph.set_name(loss.node, "loss"));
        Ok([loss])
    });
    let (after, remap) = decompose(&graph, &|_| false).unwrap();
    assert_eq!(verify(&after), Ok(()));
    let composite = |op: &Op| matches!(op.family(), Family::Composite(_));
    assert_eq!(op_count(&after, composite), 0);
    assert_eq!(after.name(after.outputs()[0].value.node), Some("loss"));
    assert_eq!(
        remap.value(graph.outputs()[0].value),
        Some(after.outputs()[0].value)
    );
    let (kept, _) = decompose(&graph, &|composite| composite.has_vjp()).unwrap();
    assert_eq!(
        op_count(&kept, |op| matches!(op, Op::LogSoftmax(_) | Op::Softmax(_))),
        2
    );
    assert_eq!(op_count(&kept, composite), 2);
    assert_same(&graph, &after);
}

#[test]
fn stop_gradient_goes_once_derivatives_are_taken() {
    let graph = graph_of(|b| {
        let x = input(b, DType::F32, &[4]);
        Ok([b.add(b.stop_gradient(x)?, x)?])
    });
    let before = simplify(&graph).unwrap().0;
    assert_eq!(op_count(&before, |op| matches!(op, Op::StopGradient(_))), 1);
    let after = optimize(&graph, true).unwrap().0;
    assert_eq!(op_count(&after, |op| matches!(op, Op::StopGradient(_))), 0);
    assert_same(&graph, &after);
}

/// x·e⁰ + x·e⁰, reshaped to and fro: it takes several passes to see through.
fn nested() -> Graph {
    graph_of(|b| {
        let x = input(b, DType::F32, &[4, 3]);
        let ty = Type::new(DType::F32, Shape::new([4, 3]));
        let one = b.exp(b.full(&ty, &Constant::integer(0))?)?;
        let y = b.apply(Mul {}, &[x, one])?;
        let again = b.apply(Mul {}, &[one, x])?;
        let z = b.sub(y, b.neg(again)?)?;
        Ok([b.reshape(b.reshape(z, &Shape::new([12]))?, &Shape::new([4, 3]))?])
    })
}

#[test]
fn optimization_runs_to_a_fixed_point_and_reports() {
    let graph = nested();
    let (done, remap, records) = optimize(&graph, true).unwrap();
    assert_eq!(op_count(&done, |op| matches!(op, Op::Add(_))), 1);
    assert_eq!(done.len(), 2);
    assert_same(&graph, &done);
    assert_eq!(remap.value(graph.inputs()[0]), Some(done.inputs()[0]));
    assert_eq!(
        remap.value(graph.outputs()[0].value),
        Some(done.outputs()[0].value)
    );
    let mut length = graph.len();
    for record in &records {
        assert_eq!(record.before, length, "{}", record.pass);
        length = record.after;
    }
    assert_eq!(length, done.len());
    let (_, remap, records) = optimize(&done, true).unwrap();
    assert!(!remap.changes());
    assert_eq!(records.len(), 7);
}

/// Merging the arms lets the select go, which lets its condition go.
#[test]
fn what_merging_makes_simpler_is_simplified() {
    let graph = graph_of(|b| {
        let (x, c) = (input(b, DType::F32, &[4]), input(b, DType::Bool, &[4]));
        Ok([b.select(b.apply(LogicalNot {}, &[c])?, b.exp(x)?, b.exp(x)?)?])
    });
    let (done, _, _) = optimize(&graph, true).unwrap();
    assert_eq!(done.len(), 3);
    assert_same(&graph, &done);
}

#[test]
fn a_pass_that_breaks_an_invariant_is_named() {
    let graph = graph_of(|b| {
        let x = input(b, DType::F32, &[2]);
        Ok([b.neg(x)?, b.exp(x)?])
    });
    let mut state = State {
        remap: Remap::identity(&graph),
        graph,
        records: Vec::new(),
        check: true,
    };
    state.run("dce", dce).unwrap();
    let error = state.run("name-alike", |graph| {
        let mut broken = graph.clone();
        let alike = graph.outputs().iter().map(|output| Output {
            name: "y".into(),
            ..output.clone()
        });
        broken.set_outputs(alike.collect());
        Ok((broken, Remap::identity(graph)))
    });
    let Err(RewriteError::Violation { pass, violation }) = error else {
        panic!("{error:?}");
    };
    assert_eq!((pass, violation.code), ("name-alike", "V07"));
}
