//! Convolution and pooling: nothing that has an element for each element of each window is in memory,
//! neither forward nor in derivatives of first and second order.

use super::*;
use lgc_ir::autodiff::gradient;
use lgc_ir::op::*;

/// A graph with inputs of those shapes, whose output is the sum of the squares of an op's result.
fn energy(op: impl Into<Op>, inputs: &[&[u64]]) -> Graph {
    let b = builder();
    let named = inputs.iter().enumerate();
    let values: Vec<Value> = named
        .map(|(at, extents)| input(&b, ["x", "w"][at], DType::F32, extents))
        .collect();
    let y = b.apply(op, &values).unwrap();
    energy_of(b, &[y])
}

fn energy_of(b: Builder, values: &[Value]) -> Graph {
    let square = |&value: &Value| {
        let all: Vec<usize> = (0..b.shape(value).rank()).collect();
        b.sum(b.mul(value, value).unwrap(), &all, false).unwrap()
    };
    let total = values.iter().map(square);
    let total = total.reduce(|x, y| b.add(x, y).unwrap()).unwrap();
    b.edit(|graph| graph.set_outputs(Vec::new()));
    finish(b, &[total])
}

/// The same for what is added to the outputs by a gradient.
fn energy_of_gradients(graph: &Graph) -> Graph {
    let values: Vec<Value> = graph.outputs().iter().skip(1).map(|o| o.value).collect();
    energy_of(Builder::new(graph.clone(), Span::SYNTHETIC), &values)
}

fn optimized(graph: &Graph) -> Graph {
    lgc_ir::rewrite::optimize(graph, true).unwrap().0
}

/// The largest buffer, scratch memory included.
fn largest_buffer(lowering: &Lowering) -> u64 {
    let buffers = lowering.program.buffers.iter();
    buffers.map(|buffer| buffer.ty.elements()).max().unwrap()
}

/// Runs an op, its gradient and the gradient of that, and asserts that no buffer has more than `most`
/// elements.
#[track_caller]
fn stays_small(op: impl Into<Op>, inputs: &[&[u64]], most: u64) {
    stays_small_up_to(2, op, inputs, most);
}

/// The same, with the bound for derivatives up to an order.
#[track_caller]
fn stays_small_up_to(bounded: usize, op: impl Into<Op>, inputs: &[&[u64]], most: u64) {
    let all: Vec<usize> = (0..inputs.len()).collect();
    let forward = energy(op, inputs);
    let first = gradient(&forward, 0, &all).unwrap();
    let second = gradient(&energy_of_gradients(&first), 0, &all).unwrap();
    for (order, graph) in [forward, first, second].iter().enumerate() {
        let graph = optimized(graph);
        let lowering = lower(&graph, &Signature::pure("entry"), &Target::BITS_128).unwrap();
        let largest = largest_buffer(&lowering);
        assert!(
            largest <= most || order > bounded,
            "order {order}: a buffer has {largest} elements\n{lowering}"
        );
        // Second derivatives of larger ones take long to run, and are made of the same ops.
        if order < 2
            || inputs
                .iter()
                .all(|extents| extents.iter().product::<u64>() < 200)
        {
            check(&graph);
        }
    }
}

fn conv(stride: &[i64], padding: &[i64], dilation: &[i64], groups: i64) -> Conv {
    let [stride, padding, dilation] = [stride, padding, dilation].map(Numbers::from);
    Conv {
        stride,
        padding,
        dilation,
        groups,
    }
}

#[test]
fn convolutions_store_no_windows() {
    // Windows would have 2·4·63·9 = 4536 elements.
    let op = conv(&[1], &[1], &[1], 1);
    stays_small(op, &[&[2, 4, 7, 9], &[6, 4, 3, 3]], 1600);
    // 2·4·12·16·15 = 23040.
    let op = conv(&[1], &[2, 2, 1, 2], &[1], 1);
    stays_small(op, &[&[2, 4, 12, 16], &[5, 4, 3, 5]], 4000);
    // 1·3·33·5 = 495, and 1·9·33·5 = 1485 in the derivative.
    let op = conv(&[1], &[4], &[2], 1);
    stays_small(op, &[&[1, 3, 33], &[9, 3, 5]], 600);
}

#[test]
fn strided_convolutions_store_no_windows() {
    // 2·4·64·25 = 12800; the gradient spreads its cotangent over the image.
    let op = conv(&[2], &[1], &[1], 1);
    stays_small(op, &[&[2, 4, 17, 17], &[4, 4, 5, 5]], 5000);
    // 2·3·35·30 = 6300.
    let op = conv(&[3, 2], &[1, 2, 2, 3], &[1, 2], 1);
    stays_small(op, &[&[2, 3, 17, 13], &[4, 3, 6, 5]], 4500);
}

#[test]
fn grouped_convolutions_store_no_windows() {
    // 2·6·56·9 = 6048.
    let op = conv(&[1], &[1], &[1], 3);
    stays_small(op, &[&[2, 6, 7, 8], &[6, 2, 3, 3]], 1400);
    let op = conv(&[1], &[1], &[1], 6);
    stays_small(op, &[&[2, 6, 7, 8], &[6, 1, 3, 3]], 1400);
}

#[test]
fn transposed_convolutions_store_no_windows() {
    // 1·4·8·8·16 = 4096.
    let op = ConvTranspose {
        stride: Numbers::from([2]),
        padding: Numbers::from([1]),
        dilation: Numbers::from([1]),
        groups: 1,
        output_padding: Numbers::from([0]),
    };
    stays_small(op, &[&[1, 4, 4, 4], &[4, 3, 4, 4]], 500);
}

#[test]
fn pools_store_no_windows() {
    let [size, stride] = [[3], [2]].map(Numbers::from);
    let [padding, dilation] = [[1], [1]].map(Numbers::from);
    // 2·3·6·7·9 = 2268.
    let x: &[u64] = &[2, 3, 11, 13];
    let most = 2 * 3 * 11 * 13;
    let op = MaxPool {
        size: size.clone(),
        stride: stride.clone(),
        padding: padding.clone(),
        dilation: dilation.clone(),
    };
    stays_small(op, &[x], most);
    for count_include_pad in [false, true] {
        let op = AvgPool {
            count_include_pad,
            size: size.clone(),
            stride: stride.clone(),
            padding: padding.clone(),
            dilation: dilation.clone(),
        };
        stays_small(op, &[x], most);
    }
    let op = SmoothMaxPool {
        beta: Real(1.5),
        size,
        stride,
        padding,
        dilation,
    };
    // Its second derivatives are more than is computed again for each window.
    stays_small_up_to(1, op, &[x], most);
}
