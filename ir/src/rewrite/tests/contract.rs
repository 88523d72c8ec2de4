//! Sums of contractions: contracted ones are equal over the rationals, and spare what they are for.

use super::{exact, graph_of, input, op_count, rationals};
use crate::autodiff::gradient;
use crate::builder::Builder;
use crate::dtype::DType;
use crate::graph::{Graph, Value};
use crate::lang::example;
use crate::op::attribute::as_axes;
use crate::op::*;
use crate::rewrite::{contract_sums, cse, dce, decompose, optimize};
use crate::verify::verify;
use proptest::prelude::*;

/// The graph after the pass, which computes the same over the rationals.
fn contracted(before: &Graph) -> Graph {
    let (after, _) = contract_sums(before).unwrap();
    assert_eq!(verify(&after), Ok(()));
    for seed in 0..3 {
        let inputs = rationals(before, seed);
        assert_eq!(
            exact(before, &inputs),
            exact(&after, &inputs),
            "seed {seed}"
        );
    }
    dce(&after).unwrap().0
}

fn sums(graph: &Graph) -> usize {
    op_count(graph, |op| matches!(op, Op::Sum(_)))
}

fn contract(b: &Builder, x: Value, y: Value, roles: [&[usize]; 4]) -> Value {
    let [x_batch, y_batch, x_contract, y_contract] =
        roles.map(|axes| axes.iter().copied().collect());
    let axes = ContractAxes {
        batch: [x_batch, y_batch],
        contract: [x_contract, y_contract],
        free: Default::default(),
    };
    b.contract(x, y, &axes).unwrap()
}

#[test]
fn a_sum_over_batch_axes_is_contracted_where_the_product_is_large() {
    let batched = |places: u64, keepdims: bool| {
        graph_of(|b| {
            let x = input(b, DType::F32, &[3, places, 4]);
            let y = input(b, DType::F32, &[3, places, 5]);
            let product = contract(b, x, y, [&[0], &[0], &[1], &[1]]);
            let turned = b.transpose(product, &[2, 0, 1])?;
            Ok([b.sum(turned, &[1], keepdims)?])
        })
    };
    for keepdims in [false, true] {
        let after = contracted(&batched(2, keepdims));
        assert_eq!(sums(&after), 0);
        // A product that is smaller than what it is made of is not worth it.
        assert_eq!(sums(&contracted(&batched(20, keepdims))), 1);
    }
}

#[test]
fn what_is_read_elsewhere_too_stays() {
    let graph = graph_of(|b| {
        let x = input(b, DType::F32, &[3, 2, 4]);
        let product = contract(b, x, x, [&[0], &[0], &[1], &[1]]);
        Ok([b.sum(product, &[0], false)?, product])
    });
    assert!(!contract_sums(&graph).unwrap().1.changes());
}

#[test]
fn sums_of_other_axes_stay_outside() {
    let graph = graph_of(|b| {
        let x = input(b, DType::F32, &[3, 2, 4]);
        let y = input(b, DType::F32, &[3, 2, 5]);
        let product = contract(b, x, y, [&[0], &[0], &[1], &[1]]);
        Ok([b.sum(product, &[0, 2], true)?])
    });
    assert_eq!(sums(&contracted(&graph)), 1);
}

/// Places of a shear along one axis: those of an image, of windows and of a kernel.
#[derive(Clone, Debug)]
struct Place {
    windows: u64,
    size: u64,
    extent: i64,
    stride: i64,
    dilation: i64,
    low: i64,
    base: i64,
}

fn place() -> impl Strategy<Value = Place> {
    (
        1u64..5,
        1u64..4,
        0i64..6,
        1i64..3,
        -2i64..3,
        -3i64..3,
        1i64..3,
    )
        .prop_map(
            |(windows, size, extent, stride, dilation, low, base)| Place {
                windows,
                size,
                extent,
                stride,
                dilation,
                low,
                base,
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Σ over k of what a shear makes of a contraction, whichever operand has the windows, whether the
    /// shear's axes are batch axes, and however axes are ordered on the way.
    #[test]
    fn sums_of_shears_are_contracted(
        places in prop::collection::vec(place(), 1..3),
        flipped in any::<bool>(),
        shared in any::<bool>(),
        turn in 0usize..4,
    ) {
        let count = places.len();
        let graph = graph_of(|b| {
            let windows = places.iter().map(|place| place.windows);
            let sizes = places.iter().map(|place| place.size);
            // [batch, channel, windows…] and [batch, channel, filter, sizes…].
            let image: Vec<u64> = [2, 3].into_iter().chain(windows.clone()).collect();
            let kernel: Vec<u64> = [2, 3, 2].into_iter().chain(sizes).collect();
            let (x, w) = (input(b, DType::F32, &image), input(b, DType::F32, &kernel));
            let batches = if shared { 1 } else { 0 };
            let batch: &[usize] = &[0][..batches];
            let contracted: &[usize] = if shared { &[1] } else { &[0, 1] };
            let operands = if flipped { [w, x] } else { [x, w] };
            let product = contract(b, operands[0], operands[1], [batch, batch, contracted, contracted]);
            let rank = b.shape(product).rank();
            let order: Vec<usize> = (0..rank).map(|axis| (axis + turn) % rank).collect();
            let turned = b.transpose(product, &order)?;
            let at = |axis: usize| order.iter().position(|&from| from == axis).unwrap_or(0) as i64;
            let free = if flipped { [batches + count + 1, batches + 1] } else { [batches, batches + count + 1] };
            let of = |number: &dyn Fn(&Place) -> i64| -> Numbers { places.iter().map(number).collect() };
            let shear = Shear {
                axes: (0..count).map(|place| at(free[0] + place)).collect(),
                along: (0..count).map(|place| at(free[1] + place)).collect(),
                extent: of(&|place| place.extent),
                stride: of(&|place| place.stride),
                dilation: of(&|place| place.dilation),
                low: of(&|place| place.low),
                base: of(&|place| place.base),
            };
            let along: Vec<usize> = as_axes(&shear.along).to_vec();
            let moved = b.apply(shear, &[turned])?;
            Ok([b.sum(moved, &along, false)?])
        });
        prop_assert_eq!(sums(&contracted(&graph)), 0);
    }
}

/// The sum of the squares of all outputs of an example.
fn energy(text: &str) -> Graph {
    let graph = example(text).unwrap().graph;
    let builder = Builder::new(graph, crate::span::Span::SYNTHETIC);
    energy_of(builder)
}

fn energy_of(builder: Builder) -> Graph {
    let outputs: Vec<Value> = builder.with_graph(|g| g.outputs().iter().map(|o| o.value).collect());
    let squares = outputs.iter().map(|&value| {
        let all: Vec<usize> = (0..builder.shape(value).rank()).collect();
        builder
            .sum(builder.mul(value, value).unwrap(), &all, false)
            .unwrap()
    });
    let total = squares.reduce(|x, y| builder.add(x, y).unwrap()).unwrap();
    builder.edit(|graph| graph.set_outputs(Vec::new()));
    builder.edit(|graph| graph.add_output("energy", total));
    builder.finish()
}

/// The graph as it is lowered, and before sums are contracted.
fn lowered(graph: &Graph) -> (Graph, Graph) {
    let (graph, _, _) = optimize(graph, true).unwrap();
    let (graph, _) = decompose(&graph, &|_| false).unwrap();
    let before = cse(&graph).unwrap().0;
    let after = contracted(&before);
    (before, after)
}

fn largest_product(graph: &Graph) -> u64 {
    let contractions = graph
        .nodes()
        .filter(|&n| matches!(graph.op(n), Op::DotGeneral(_)));
    let elements = contractions.map(|node| graph.ty(Value { node, result: 0 }).elements());
    elements.max().unwrap_or(0)
}

#[test]
fn derivatives_of_convolutions_make_no_product_of_windows() {
    let examples = [
        "(x: f32[2, 3, 6, 5], w: f32[4, 3, 3, 3]) -> conv(x, w, padding = 1)",
        "(x: f32[2, 4, 6, 5], w: f32[4, 2, 3, 2]) -> conv(x, w, stride = 2, padding = [1, 0, 2, 1], groups = 2)",
        "(x: f32[1, 3, 7], w: f32[3, 1, 3]) -> conv(x, w, dilation = 2, groups = 3)",
        "(x: f32[2, 3, 4, 3], w: f32[3, 2, 3, 3]) -> conv_transpose(x, w, stride = 2, padding = 1)",
    ];
    for text in examples {
        let first = gradient(&energy(text), 0, &[0, 1]).unwrap();
        let (_, after) = lowered(&first);
        let forward = example(text).unwrap().graph;
        let interface = forward
            .inputs()
            .iter()
            .chain(forward.outputs().iter().map(|o| &o.value));
        let largest = interface
            .map(|value| forward.ty(*value).elements())
            .max()
            .unwrap();
        assert!(
            largest_product(&after) <= largest,
            "{text}: {}",
            largest_product(&after)
        );

        let twice = energy_of(Builder::new(first, crate::span::Span::SYNTHETIC));
        let (_, after) = lowered(&gradient(&twice, 0, &[0, 1]).unwrap());
        assert!(
            largest_product(&after) <= largest,
            "{text}, twice: {}",
            largest_product(&after)
        );
    }
}

#[test]
fn shapes_without_elements_are_contracted() {
    let text = "(x: f32[0, 2, 5], w: f32[3, 2, 3]) -> conv(x, w, padding = 1)";
    lowered(&gradient(&energy(text), 0, &[0, 1]).unwrap());
    let graph = graph_of(|b| {
        let x = input(b, DType::F32, &[2, 0, 3]);
        let product = contract(b, x, x, [&[0], &[0], &[1], &[1]]);
        Ok([b.sum(product, &[0], false)?])
    });
    assert_eq!(sums(&contracted(&graph)), 0);
}
