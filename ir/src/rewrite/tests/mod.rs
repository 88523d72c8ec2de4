//! Tests of the passes: what a graph computes does not change, bit for bit.

mod contract;
mod distribute;
mod folding;
mod pairs;
mod passes;
mod random;
mod rules;
mod scale;

use crate::builder::Builder;
use crate::dtype::DType;
use crate::graph::{Graph, Value};
use crate::interpret::{Data, InterpretError, Tensor, interpret};
use crate::op::{Input, Op, TypeError};
use crate::scalar::{Exact, Scalar, Truth};
use crate::shape::{Shape, Type};
use crate::span::Span;

/// A graph whose outputs are the values that `build` returns.
fn graph_of<const N: usize>(
    build: impl FnOnce(&Builder) -> Result<[Value; N], TypeError>,
) -> Graph {
    let builder = Builder::new(Graph::new(), Span::SYNTHETIC);
    let values = build(&builder).unwrap();
    for (index, value) in values.into_iter().enumerate() {
        builder.edit(|graph| graph.add_output(format!("y{index}"), value));
    }
    builder.finish()
}

fn input(b: &Builder, dtype: DType, shape: &[u64]) -> Value {
    let shape = Shape::new(shape.iter().copied());
    b.apply(Input { dtype, shape }, &[]).unwrap()
}

fn op_count(graph: &Graph, holds: impl Fn(&Op) -> bool) -> usize {
    graph.nodes().filter(|&node| holds(graph.op(node))).count()
}

/// Floats at which identities of real numbers fail.
const FLOATS: [f32; 16] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    1.5,
    -2.5,
    0.1,
    3e38,
    -3e38,
    1e-40,
    -1e-45,
    f32::MIN_POSITIVE,
    f32::INFINITY,
    f32::NEG_INFINITY,
    f32::NAN,
    16777217.0,
];
const INTEGERS: [i64; 8] = [0, 1, -1, 2, 7, i32::MIN as i64, i32::MAX as i64, 40];

/// A generator of numbers (SplitMix64), so that a failing input is found again.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }
    fn below(&mut self, count: usize) -> usize {
        (self.next() % count as u64) as usize
    }
}

/// A tensor of that type, with floats made by `number`.
fn tensor<S: Scalar>(
    ty: &Type,
    random: &mut Random,
    number: &mut dyn FnMut(&mut Random) -> S,
) -> Tensor<S> {
    let count = ty.elements() as usize;
    match ty.dtype {
        DType::F16 | DType::Bf16 | DType::F32 | DType::F64 => {
            Tensor::numbers(ty.clone(), (0..count).map(|_| number(random)).collect())
        }
        DType::I32 | DType::I64 | DType::U32 => {
            let integer = |_| INTEGERS[random.below(INTEGERS.len())];
            Tensor::integers(ty.clone(), (0..count).map(integer).collect::<Vec<_>>())
        }
        DType::Bool => {
            let truth = |_| random.below(2) == 1;
            Tensor::masks(ty.shape.clone(), (0..count).map(truth).collect::<Vec<_>>())
        }
    }
}

fn inputs<S: Scalar>(
    graph: &Graph,
    seed: u64,
    number: &mut dyn FnMut(&mut Random) -> S,
) -> Vec<Tensor<S>> {
    let mut random = Random(seed);
    let make = |value: &Value| tensor(graph.ty(*value), &mut random, number);
    graph.inputs().iter().map(make).collect()
}

fn rationals(graph: &Graph, seed: u64) -> Vec<Tensor<Exact>> {
    inputs(graph, seed, &mut |random| {
        Exact::rational(random.below(41) as i64 - 20, 1 + random.below(6) as i64)
    })
}

/// Floats whose bits can be compared; every NaN has the same.
trait Bits: Scalar<Mask = bool, World = ()> {
    fn from_single(value: f32) -> Self;
    fn bits(&self) -> i128;
}
impl Bits for f32 {
    fn from_single(value: f32) -> Self {
        value
    }
    fn bits(&self) -> i128 {
        if self.is_nan() {
            -1
        } else {
            i128::from(self.to_bits())
        }
    }
}
impl Bits for f64 {
    fn from_single(value: f32) -> Self {
        value.into()
    }
    fn bits(&self) -> i128 {
        if self.is_nan() {
            -1
        } else {
            i128::from(self.to_bits())
        }
    }
}

/// The bits of all outputs, on inputs with everything that makes floats awkward.
fn bits<F: Bits>(graph: &Graph, seed: u64) -> Result<Vec<Vec<i128>>, InterpretError> {
    let inputs: Vec<Tensor<F>> = inputs(graph, seed, &mut |random| {
        F::from_single(FLOATS[random.below(FLOATS.len())])
    });
    let interpretation = interpret(graph, &(), &inputs)?;
    let outputs = interpretation.outputs();
    let data = outputs.iter().map(|tensor| match &tensor.data {
        Data::Number(numbers) => numbers.iter().map(F::bits).collect(),
        Data::Int(integers) => integers
            .iter()
            .map(|integer| integer.value.map_or(i128::MIN, i128::from))
            .collect(),
        Data::Mask(masks) => masks.iter().map(|&mask| i128::from(mask)).collect(),
    });
    Ok(data.collect())
}

/// Checks that two graphs with the same inputs compute the same bits: in single precision, or in
/// double precision where the graph has doubles.
#[track_caller]
fn assert_same_bits(before: &Graph, after: &Graph) {
    assert_eq!(crate::verify::verify(after), Ok(()));
    let is_double = |value: Value| before.ty(value).dtype == DType::F64;
    let doubles = before
        .nodes()
        .any(|node| before.results(node).into_iter().any(is_double));
    for seed in 0..12 {
        if doubles {
            assert_eq!(
                bits::<f64>(before, seed),
                bits::<f64>(after, seed),
                "seed {seed}"
            );
        } else {
            assert_eq!(
                bits::<f32>(before, seed),
                bits::<f32>(after, seed),
                "seed {seed}"
            );
        }
    }
}

/// An element over the rationals, where it is defined.
#[derive(Clone, Debug, PartialEq)]
enum Defined {
    Number(Exact),
    Int(i64),
    Mask(bool),
}

fn exact(graph: &Graph, inputs: &[Tensor<Exact>]) -> Vec<Vec<Option<Defined>>> {
    let interpretation = interpret::<Exact>(graph, &(), inputs).unwrap();
    let outputs = interpretation.outputs();
    let truth = |mask: &Truth| mask.ok().map(Defined::Mask);
    let data = outputs.iter().map(|tensor| match &tensor.data {
        Data::Number(numbers) => numbers
            .iter()
            .map(|x| x.0.is_ok().then(|| Defined::Number(x.clone())))
            .collect(),
        Data::Int(integers) => integers
            .iter()
            .map(|i| i.value.ok().map(Defined::Int))
            .collect(),
        Data::Mask(masks) => masks.iter().map(truth).collect(),
    });
    data.collect()
}

/// Checks that two graphs with the same inputs compute the same, in floats and over the rationals.
#[track_caller]
fn assert_same(before: &Graph, after: &Graph) {
    assert_same_bits(before, after);
    for seed in 0..12 {
        let inputs = rationals(before, seed);
        let pairs = exact(before, &inputs)
            .into_iter()
            .zip(exact(after, &inputs));
        for (old, new) in pairs.flat_map(|(old, new)| old.into_iter().zip(new)) {
            // A rewrite may define more, since what it drops may be undefined.
            assert!(old.is_none() || old == new, "{old:?} became {new:?}");
        }
    }
}
