//! Distributed loops: equal over the rationals to what they were, whatever their turns compute and
//! whatever changes from turn to turn; and smaller where they should be.

use super::{exact, graph_of, input, op_count};
use crate::autodiff::gradient;
use crate::builder::Builder;
use crate::dtype::DType;
use crate::generate::sample_inputs;
use crate::graph::{Graph, Value};
use crate::interpret::Tensor;
use crate::lang::{Options, elaborate, example, parse};
use crate::op::*;
use crate::rewrite::{decompose_deeply, distribute_loops, optimize};
use crate::scalar::Exact;
use crate::span::{SourceMap, Span};
use crate::verify::verify;
use std::rc::Rc;

fn numbers(graph: &Graph) -> Vec<Tensor<Exact>> {
    sample_inputs(graph, |_, x| {
        Exact::rational((x * 4.0).round() as i64 * 2 + 1, 4)
    })
}

/// The graph with its loops distributed, which computes the same over the rationals.
#[track_caller]
fn distributed(before: &Graph) -> Graph {
    let (before, _) = decompose_deeply(before).unwrap();
    let (after, _) = distribute_loops(&before).unwrap();
    assert_eq!(verify(&after), Ok(()));
    let inputs = numbers(&before);
    for (old, new) in exact(&before, &inputs)
        .into_iter()
        .zip(exact(&after, &inputs))
    {
        assert_eq!(old.len(), new.len());
        for (old, new) in old.iter().zip(&new) {
            // The product with a weight that is 0 may be undefined, where its sum with others is.
            assert!(old.is_none() || old == new, "{old:?} became {new:?}");
        }
    }
    after
}

/// The entry of a text.
fn entry(text: &str) -> Graph {
    let mut sources = SourceMap::new();
    let file = sources.add("test", text.to_string()).unwrap();
    let mut diagnostics = crate::diag::Diagnostics::new();
    let ast = parse(file, text, &mut diagnostics);
    let mut module = elaborate(&ast, &Options::default(), &mut diagnostics);
    assert!(!diagnostics.has_errors(), "{}", diagnostics.plain(&sources));
    module.entries.pop().unwrap().graph
}

fn scans(graph: &Graph) -> Vec<&Scan> {
    let mut scans = Vec::new();
    for node in graph.nodes() {
        if let Op::Scan(scan) = graph.op(node) {
            scans.push(scan);
        }
    }
    scans
}

fn contractions(graph: &Graph) -> usize {
    op_count(graph, |op| matches!(op, Op::DotGeneral(_)))
}

/// A loop of three turns over a body: operand number i is a slice if bit i of `varying` is set, else it
/// is the same in every turn. The loop adds up the float results, and yields all of them stacked.
fn looped(body: &Graph, varying: usize) -> Option<Graph> {
    let operands = body.inputs().len();
    let is_slice = |at: &usize| varying >> at & 1 == 1;
    let order = (0..operands)
        .filter(is_slice)
        .chain((0..operands).filter(|at| !is_slice(at)));
    let order: Vec<usize> = order.collect();
    let result = body.outputs().first()?.value;
    let ty = body.ty(result).clone();
    let adds = ty.dtype.is_float();
    let turn = Builder::new(Graph::new(), Span::SYNTHETIC);
    let parameter = |b: &Builder, ty: &crate::shape::Type| {
        let op = Input {
            dtype: ty.dtype,
            shape: ty.shape.clone(),
        };
        b.apply(op, &[]).unwrap()
    };
    let sum = adds.then(|| parameter(&turn, &ty));
    let mut arguments = vec![None; operands];
    for &at in &order {
        arguments[at] = Some(parameter(&turn, body.ty(body.inputs()[at])));
    }
    let arguments: Option<Vec<Value>> = arguments.into_iter().collect();
    let result = turn.inline(body, &arguments?).unwrap()[0];
    if let Some(sum) = sum {
        let next = turn.sub(turn.add(result, sum).unwrap(), result).unwrap();
        let next = turn.add(next, result).unwrap();
        turn.edit(|graph| graph.add_output("sum", next));
    }
    turn.edit(|graph| graph.add_output("result", result));
    let scan = Scan {
        region: Rc::new(Region::made("turn", Vec::new(), turn.finish())),
        carries: usize::from(adds),
        stacked: order.iter().filter(|at| is_slice(at)).count(),
        length: 3,
        reverse: false,
    };
    let b = Builder::new(Graph::new(), Span::SYNTHETIC);
    let mut given: Vec<Value> = sum.iter().map(|_| parameter(&b, &ty)).collect();
    for &at in &order {
        let own = body.ty(body.inputs()[at]);
        given.push(match is_slice(&at) {
            true => parameter(&b, &scan.stack(own)),
            false => parameter(&b, own),
        });
    }
    let results = b.apply_all(scan, &given).ok()?;
    for (number, result) in results.into_iter().enumerate() {
        b.edit(|graph| graph.add_output(format!("y{number}"), result));
    }
    Some(b.finish())
}

#[test]
fn any_op_may_stand_in_a_turn() {
    let mut loops = 0;
    for text in SPECS.iter().flat_map(|spec| spec.examples) {
        let body = example(text).unwrap().graph;
        let floats = |value: &Value| body.ty(*value).dtype.is_float();
        if body.inputs().len() > 3 || !body.inputs().iter().all(floats) {
            continue;
        }
        for varying in 0..1 << body.inputs().len() {
            let Some(graph) = looped(&body, varying) else {
                continue;
            };
            distributed(&graph);
            loops += 1;
        }
    }
    assert!(loops > 300, "{loops}");
}

#[test]
fn a_view_of_a_stack_is_the_stack_of_views() {
    let mut views = 0;
    for text in SPECS.iter().flat_map(|spec| spec.examples) {
        let body = example(text).unwrap().graph;
        let node = body.nodes().next_back().unwrap();
        if !matches!(body.op(node).family(), Family::View(_)) {
            continue;
        }
        let all = (1 << body.inputs().len()) - 1;
        let after = distributed(&looped(&body, all).unwrap());
        assert_eq!(scans(&after).len(), 0, "{text}");
        views += 1;
    }
    assert!(views > 10, "{views}");
}

const CELL: &str = "
graph cell(h: f64[2, 4], x: f64[2, 3], u: f64[4, 4], w: f64[3, 4], b: f64[4]) -> (
    next: f64[2, 4],
    y: f64[2, 4],
) {
    next = (x @ w + h @ u + b) * h
    y = next
}
graph loss(h: f64[2, 4], xs: f64[5, 2, 3], u: f64[4, 4], w: f64[3, 4], b: f64[4]) -> (l: f64[]) {
    (last, ys) = scan(cell, carry = h, over = x)(h, xs, u, w, b)
    l = sum(ys * ys)
}
";

/// The gradient of the loss of a recurrent network, optimised and distributed.
fn recurrent(cell: &str) -> Graph {
    let text = format!(
        "{cell}entry g(h: f64[2, 4], xs: f64[5, 2, 3], u: f64[4, 4], w: f64[3, 4], b: f64[4]) -> (
            l: f64[], d_u: f64[4, 4], d_w: f64[3, 4], d_b: f64[4], d_xs: f64[5, 2, 3],
        ) {{ (l, d_u, d_w, d_b, d_xs) = value_and_grad(loss, wrt = [u, w, b, xs])(h, xs, u, w, b) }}"
    );
    let (graph, _, _) = optimize(&entry(&text), true).unwrap();
    distributed(&graph)
}

#[test]
fn gradients_of_weights_are_contracted_after_the_loop() {
    let after = recurrent(CELL);
    let scans = scans(&after);
    let [forward, backward] = scans.as_slice() else {
        panic!("{} loops", scans.len());
    };
    // The states, and their cotangents: none of the weights.
    assert_eq!((forward.carries, backward.carries), (1, 1));
    // x·w before the loop, h·u in it; the gradients of u, w and the slices after the loop back.
    assert_eq!(contractions(forward.body()), 1);
    assert_eq!(contractions(backward.body()), 1);
    assert_eq!(contractions(&after), 4);
}

#[test]
fn weights_stand_in_the_order_in_which_turns_read_them() {
    let after = recurrent(CELL);
    let scans = scans(&after);
    let body = scans.last().unwrap().body();
    let mut contracted = Vec::new();
    for node in body.nodes() {
        if let Op::DotGeneral(op) = body.op(node) {
            contracted.push(op.y_contract.to_vec());
        }
    }
    assert_eq!(contracted, [[0]]);
}

#[test]
fn what_a_checkpoint_computes_again_is_not_stacked() {
    let stacks = |graph: &Graph| {
        let results = |scan: &&Scan| scan.body().outputs().len() - scan.carries;
        scans(graph).iter().map(results).collect::<Vec<usize>>()
    };
    let after = recurrent(&CELL.replace("scan(cell,", "scan(checkpoint(cell),"));
    // Forward the states and the outputs; back the cotangents of slices.
    assert_eq!(stacks(&after), [2, 1]);
    assert_eq!(scans(&after)[1].carries, 4);
}

/// A loop whose accumulator `sum` takes an outer product of `rows` rows in each turn.
fn outer_products(rows: u64, length: u64) -> Graph {
    entry(&format!(
        "
graph turn(sum: f64[4, 4], h: f64[{rows}, 4], x: f64[{rows}, 4]) -> (next: f64[4, 4], last: f64[{rows}, 4]) {{
    last = h * x
    next = sum + transpose(last, permutation = [1, 0]) @ x
}}
entry g(sum: f64[4, 4], h: f64[{rows}, 4], xs: f64[{length}, {rows}, 4]) -> (s: f64[4, 4], h1: f64[{rows}, 4]) {{
    (s, h1) = scan(turn, carry = [sum, h], over = x)(sum, h, xs)
}}"
    ))
}

#[test]
fn an_accumulator_that_is_smaller_than_what_it_adds_up_stays() {
    let carries = |rows| scans(&distributed(&outer_products(rows, 3)))[0].carries;
    assert_eq!(carries(3), 1);
    assert_eq!(carries(4), 2);
}

#[test]
fn loops_that_stack_little_do_not_come_to_stack_much() {
    // A loop that keeps nothing: what it adds up would take a stack of its own.
    let text = |length: u64| {
        format!(
            "
graph turn(sum: f64[8, 8], h: f64[8]) -> (next: f64[8, 8], last: f64[8]) {{
    last = h * h
    next = sum + reshape(last, shape = [8, 1]) @ reshape(h, shape = [1, 8])
}}
entry g(sum: f64[8, 8], h: f64[8]) -> (s: f64[8, 8]) {{
    (s, h1) = scan(turn, carry = [sum, h], over = [], length = {length})(sum, h)
}}"
        )
    };
    let carries = |length: u64| {
        let (graph, _) = decompose_deeply(&entry(&text(length))).unwrap();
        scans(&distribute_loops(&graph).unwrap().0)[0].carries
    };
    // 128 bytes a turn, of 4 MiB.
    assert_eq!(carries(1 << 15), 1);
    assert_eq!(carries((1 << 15) + 1), 2);
}

#[test]
fn what_does_not_change_is_computed_once() {
    let after = distributed(&entry(
        "
graph turn(h: f64[3], x: f64[3], a: f64[3, 3], b: f64[3, 3]) -> (next: f64[3]) {
    next = h @ (a @ b) * x
}
entry g(h: f64[3], xs: f64[4, 3], a: f64[3, 3], b: f64[3, 3]) -> (l: f64[3]) {
    l = scan(turn, carry = h, over = x)(h, xs, a, b)
}",
    ));
    assert_eq!(contractions(scans(&after)[0].body()), 1);
    assert_eq!(contractions(&after), 1);
}

#[test]
fn loops_of_one_turn_stay_as_they_are() {
    let graph = outer_products(1, 1);
    assert!(!distribute_loops(&graph).unwrap().1.changes());
}

#[test]
fn what_a_carried_value_else_becomes_keeps_it() {
    let graph = graph_of(|b| {
        let x = input(b, DType::F64, &[4]);
        Ok([b.add(x, x)?])
    });
    // c + 2c is no sum of something else.
    let doubled = entry(
        "
graph turn(c: f64[4], x: f64[4]) -> (next: f64[4]) { next = c + (c + x) }
entry g(c: f64[4], xs: f64[3, 4]) -> (l: f64[4]) { l = scan(turn, carry = c, over = x)(c, xs) }",
    );
    assert_eq!(scans(&distributed(&doubled))[0].carries, 1);
    assert!(!distribute_loops(&graph).unwrap().1.changes());
}

#[test]
fn second_derivatives_of_distributed_loops_are_those_of_the_loops() {
    let (first, _, _) = optimize(
        &entry(&format!(
            "{CELL}entry g(h: f64[2, 4], xs: f64[5, 2, 3], u: f64[4, 4], w: f64[3, 4], b: f64[4]) -> (l: f64[]) {{
                d = grad(loss, wrt = u)(h, xs, u, w, b)
                l = sum(d * d)
            }}"
        )),
        true,
    )
    .unwrap();
    let second = gradient(&first, 0, &[2, 3]).unwrap();
    let (second, _, _) = optimize(&second, true).unwrap();
    let loops = |graph: &Graph| scans(graph).iter().map(|scan| scan.carries).sum::<usize>();
    let after = distributed(&second);
    assert!(loops(&after) < loops(&second));
    // The derivative of what is distributed is the same, too.
    let energy = distributed(&first);
    let twice = gradient(&energy, 0, &[2, 3]).unwrap();
    let inputs = numbers(&twice);
    assert_eq!(exact(&twice, &inputs), exact(&after, &inputs));
}
