//! Passes take time linear in the size of the graph, and no stack.

use super::{graph_of, input};
use crate::builder::Builder;
use crate::dtype::DType;
use crate::graph::{Graph, Value};
use crate::op::{Add, Mul, Transpose, TypeError};
use crate::rewrite::{Pass, cse, dce, decompose, drop_stop_gradient, fold_constants, simplify};
use crate::shape::Shape;
use crate::verify::verify;
use std::time::{Duration, Instant};

const NODES: usize = 1 << 16;

/// Where the kind of op is the point.
const FEW: usize = NODES / 16;

/// Generous for a debug build on a busy machine; what is quadratic takes minutes.
const LIMIT: Duration = Duration::from_secs(20);

fn chain(
    nodes: usize,
    step: impl Fn(&Builder, Value, Value, usize) -> Result<Value, TypeError>,
) -> Graph {
    graph_of(|b| {
        let start = input(b, DType::F32, &[2, 3]);
        let mut value = start;
        for index in 0..nodes {
            value = step(b, start, value, index)?;
        }
        Ok([value])
    })
}

fn graphs() -> Vec<Graph> {
    let shapes = [Shape::new([3, 2]), Shape::new([6]), Shape::new([2, 3])];
    vec![
        chain(FEW, |b, _, x, _| b.neg(x)),
        chain(NODES, |b, _, x, _| b.exp(x)),
        chain(FEW, |b, start, x, _| b.apply(Add {}, &[start, x])),
        chain(FEW, |b, _, x, _| b.apply(Mul {}, &[x, x])),
        chain(FEW, |b, _, x, index| b.reshape(x, &shapes[index % 3])),
        chain(NODES, |b, _, x, _| {
            let permutation = [1, 0].into_iter().collect();
            b.apply(Transpose { permutation }, &[x])
        }),
        chain(NODES, |b, _, x, index| {
            b.add(x, b.integer_like(x, (index % 7) as i64)?)
        }),
        graph_of(|b| {
            let mut value = b.iota(&Shape::new([4]), 0, DType::I32)?;
            for _ in 0..NODES / 16 {
                value = b.add(value, value)?;
            }
            Ok([value])
        }),
    ]
}

#[test]
fn passes_take_linear_time() {
    let passes: [(&str, Pass); 6] = [
        ("simplify", simplify),
        ("fold_constants", fold_constants),
        ("cse", cse),
        ("dce", dce),
        ("decompose", |graph| decompose(graph, &|_| false)),
        ("drop_stop_gradient", drop_stop_gradient),
    ];
    for (index, graph) in graphs().iter().enumerate() {
        let start = Instant::now();
        assert_eq!(verify(graph), Ok(()));
        println!("graph {index}, verify: {:?}", start.elapsed());
        for (name, pass) in passes {
            let start = Instant::now();
            let (after, _) = pass(graph).unwrap();
            let time = start.elapsed();
            println!("graph {index}, {}: {time:?}", name);
            assert!(time < LIMIT, "{} took {time:?} on graph {index}", name);
            assert_eq!(after.outputs().len(), 1);
        }
    }
}
