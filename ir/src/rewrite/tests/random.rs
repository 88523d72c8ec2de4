//! Random graphs of every family: each pass and each pipeline keeps every bit, errors included.

use super::bits;
use crate::builder::Builder;
use crate::constant::Constant;
use crate::dtype::DType;
use crate::graph::{Graph, Value};
use crate::op::*;
use crate::rewrite::{cse, dce, decompose, fold_constants, optimize, simplify};
use crate::shape::{Shape, Type};
use crate::span::Span;
use proptest::prelude::*;

/// One step of a random program: which op, which operands, which attributes.
type Choice = (u8, u8, u8, u8);

/// dtypes that single precision interprets exactly.
const DTYPES: [DType; 5] = [DType::Bool, DType::I32, DType::I64, DType::U32, DType::F32];
const CONSTANTS: [f64; 8] = [0.0, -0.0, 1.0, -1.0, 2.0, 0.5, f64::NAN, f64::INFINITY];

/// A program under construction: steps that do not type-check are left out.
struct Program {
    builder: Builder,
    values: Vec<Value>,
}

impl Program {
    fn new() -> Self {
        let builder = Builder::new(Graph::new(), Span::SYNTHETIC);
        let input = |dtype, shape: &[u64]| {
            let shape = Shape::new(shape.iter().copied());
            builder.apply(Input { dtype, shape }, &[]).unwrap()
        };
        let values = vec![
            input(DType::F32, &[2, 3]),
            input(DType::F32, &[2, 3]),
            input(DType::I32, &[2, 3]),
            input(DType::Bool, &[2, 3]),
        ];
        Program { builder, values }
    }

    fn value(&self, choice: u8) -> Value {
        // Late values are taken more often, so that programs are deep.
        let count = self.values.len();
        self.values[count - 1 - ((choice as usize * choice as usize) >> 8) % count]
    }

    /// A value of the type of `like`, as close as possible to the choice.
    fn like(&self, like: Value, choice: u8) -> Value {
        let ty = self.builder.ty(like);
        let alike: Vec<Value> = self
            .values
            .iter()
            .copied()
            .filter(|value| self.builder.ty(*value) == ty)
            .collect();
        alike[choice as usize % alike.len()]
    }

    fn step(&mut self, (op, x, y, z): Choice) {
        let x = self.value(x);
        let values = self.apply(op, x, y, z).unwrap_or_default();
        let small = |value: &Value| self.builder.ty(*value).elements() <= 64;
        let values: Vec<Value> = values.into_iter().filter(small).collect();
        self.values.extend(values);
    }

    fn apply(&self, op: u8, x: Value, y: u8, z: u8) -> Result<Vec<Value>, TypeError> {
        let (b, ty) = (&self.builder, self.builder.ty(x));
        let rank = ty.shape.rank();
        let axis = if rank == 0 { 0 } else { y as usize % rank };
        let other = self.like(x, y);
        let one = |value: Value| Ok(vec![value]);
        let unary = |op: Op| Ok(vec![b.apply(op, &[x])?]);
        let binary = |op: Op| Ok(vec![b.apply(op, &[x, other])?]);
        let amount = |amounts: [i64; 2]| -> Axes { (0..rank).map(|a| amounts[a % 2]).collect() };
        match op % 44 {
            0 | 1 => binary(Add {}.into()),
            2 => binary(Sub {}.into()),
            3 => binary(Mul {}.into()),
            4 => binary(Div {}.into()),
            5 => binary(Max {}.into()),
            6 => binary(Min {}.into()),
            7 | 8 => unary(Neg {}.into()),
            9 => unary(Abs {}.into()),
            10 => unary(Square {}.into()),
            11 => unary(Relu {}.into()),
            12 => unary(Sqrt {}.into()),
            13 => unary(Exp {}.into()),
            14 => unary(Floor {}.into()),
            15 => unary(Round {}.into()),
            16 => unary(Sign {}.into()),
            17 => unary(
                Scale {
                    factor: Real(CONSTANTS[y as usize % 6]),
                }
                .into(),
            ),
            18 => unary(
                Power {
                    exponent: Real(f64::from(y % 4)),
                }
                .into(),
            ),
            19 => unary(LogicalNot {}.into()),
            20 => binary(
                [
                    Op::from(LogicalAnd {}),
                    LogicalOr {}.into(),
                    LogicalXor {}.into(),
                ][z as usize % 3]
                    .clone(),
            ),
            21 | 22 => binary(
                [
                    Op::from(Equal {}),
                    NotEqual {}.into(),
                    Less {}.into(),
                    LessEqual {}.into(),
                    Greater {}.into(),
                    GreaterEqual {}.into(),
                ][z as usize % 6]
                    .clone(),
            ),
            23 | 24 => {
                let condition = b.ty(x).with_dtype(DType::Bool);
                let conditions: Vec<Value> = self
                    .values
                    .iter()
                    .copied()
                    .filter(|v| b.ty(*v) == condition)
                    .collect();
                match conditions.get(z as usize % conditions.len().max(1)) {
                    Some(condition) => one(b.select(*condition, x, other)?),
                    None => Ok(vec![]),
                }
            }
            25 | 26 => unary(
                Cast {
                    dtype: DTYPES[y as usize % 5],
                }
                .into(),
            ),
            27 => {
                let op = [
                    Op::from(BitAnd {}),
                    BitOr {}.into(),
                    BitXor {}.into(),
                    ShiftLeft {}.into(),
                    ShiftRight {}.into(),
                    Rem {}.into(),
                ];
                binary(op[z as usize % 6].clone())
            }
            28 | 29 => one(b.full(&ty, &constant(ty.dtype, y))?),
            30 => {
                let values: Vec<Constant> = (0..ty.elements())
                    .map(|at| constant(ty.dtype, y.wrapping_add((at as u8).wrapping_mul(z))))
                    .collect();
                let elements = Elements::from_constants(ty.dtype, ty.shape.clone(), &values);
                one(b.apply(
                    Literal {
                        elements: elements.unwrap(),
                    },
                    &[],
                )?)
            }
            31 => one(b.iota(&ty.shape, axis, DTYPES[1 + z as usize % 4])?),
            32 => {
                let shape = Shape::new([[6, 1], [3, 2], [2, 3], [1, 6]][y as usize % 4]);
                unary(Reshape { shape }.into())
            }
            33 => {
                let permutation = (0..rank).rev().map(|a| a as i64).collect();
                unary(Transpose { permutation }.into())
            }
            34 => {
                let shape = Shape::new(
                    [[2, 3, 1].as_slice(), &[2, 2, 3]][y as usize % 2]
                        .iter()
                        .copied(),
                );
                let axes = if y.is_multiple_of(2) { [0, 1] } else { [1, 2] };
                unary(
                    BroadcastInDim {
                        shape,
                        axes: axes.into_iter().take(rank).collect(),
                    }
                    .into(),
                )
            }
            35 => {
                let extent = ty.shape.extent(axis);
                let mut limit: Vec<u64> = ty.shape.extents().collect();
                let start = vec![0; rank];
                if let Some(limit) = limit.get_mut(axis) {
                    *limit = u64::from(z) % (extent + 1);
                }
                one(b.slice(x, &start, &limit, &vec![1 + u64::from(y % 2); rank])?)
            }
            36 => {
                let amounts = [[0, 0], [1, 0], [0, 2], [-1, 1]];
                let (low, high) = (
                    amount(amounts[y as usize % 4]),
                    amount(amounts[z as usize % 4]),
                );
                let value = Real(f64::from(y % 2));
                unary(
                    Pad {
                        low,
                        high,
                        interior: None,
                        value,
                    }
                    .into(),
                )
            }
            37 => unary(
                Reverse {
                    axes: [axis as i64].into_iter().take(rank).collect(),
                }
                .into(),
            ),
            38 => one(b.apply(Concat { axis: axis as i64 }, &[x, other])?),
            39 => {
                let (axes, keepdims) = (
                    Some([axis as i64].into_iter().collect()),
                    z.is_multiple_of(2),
                );
                match z % 3 {
                    0 => unary(Sum { axes, keepdims }.into()),
                    1 => unary(ReduceMax { axes, keepdims }.into()),
                    _ => unary(ReduceMin { axes, keepdims }.into()),
                }
            }
            40 => one(b.arg_extreme(x, axis, z.is_multiple_of(2))?),
            41 => {
                // Some of the indices are out of range: the error is kept too.
                let indices: Vec<Value> = self
                    .values
                    .iter()
                    .copied()
                    .filter(|v| b.ty(*v).dtype.is_integer())
                    .collect();
                let indices = indices[z as usize % indices.len()];
                one(b.gather(
                    x,
                    indices,
                    Gather {
                        axis: axis as i64,
                        batch: 0,
                    },
                )?)
            }
            42 => {
                let contract = [[axis].into_iter().collect(), [axis].into_iter().collect()];
                let (batch, free) = Default::default();
                one(b.contract(
                    x,
                    other,
                    &ContractAxes {
                        batch,
                        contract,
                        free,
                    },
                )?)
            }
            _ => match z % 3 {
                0 => unary(Softmax { axis: axis as i64 }.into()),
                1 => unary(
                    Mean {
                        axes: None,
                        keepdims: false,
                    }
                    .into(),
                ),
                _ => unary(StopGradient {}.into()),
            },
        }
    }

    fn finish(self) -> Graph {
        for (index, value) in self.values.iter().rev().take(6).enumerate() {
            self.builder
                .edit(|graph| graph.add_output(format!("y{index}"), *value));
        }
        self.builder.finish()
    }
}

fn constant(dtype: DType, choice: u8) -> Constant {
    let value = CONSTANTS[choice as usize % CONSTANTS.len()];
    if dtype.is_float() {
        Constant::from_f64(value)
    } else {
        Constant::integer(i64::from(choice % 2))
    }
}

fn graph_of(choices: &[Choice]) -> Graph {
    let mut program = Program::new();
    for choice in choices {
        program.step(*choice);
    }
    program.finish()
}

/// Where the graph has a value the new one has the same. Where an index is out of range the new graph
/// may have dropped what reads it.
fn assert_same_outcome(before: &Graph, after: &Graph) {
    for seed in 0..8 {
        if let Ok(values) = bits::<f32>(before, seed) {
            assert_eq!(bits::<f32>(after, seed), Ok(values), "seed {seed}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn passes_keep_every_bit(choices in prop::collection::vec(any::<Choice>(), 1..40)) {
        let graph = graph_of(&choices);
        prop_assert_eq!(crate::verify::verify(&graph), Ok(()));
        let graph = dce(&graph).unwrap().0;
        for pass in [simplify, fold_constants, cse, dce, |graph: &Graph| decompose(graph, &|_| false)] {
            assert_same_outcome(&graph, &pass(&graph).unwrap().0);
        }
        let (done, _, _) = optimize(&graph, true).unwrap();
        assert_same_outcome(&graph, &done);
        prop_assert!(!optimize(&done, true).unwrap().1.changes());
    }
}

#[test]
fn random_programs_use_every_op_of_the_generator() {
    let seeds = (0..=255u8).flat_map(|op| (0..8u8).map(move |x| (op, x * 7, x * 31, x * 13)));
    let choices: Vec<Choice> = seeds.collect();
    let used: std::collections::BTreeSet<&str> = choices
        .chunks(40)
        .flat_map(|chunk| {
            let graph = graph_of(chunk);
            graph
                .nodes()
                .map(|node| graph.op(node).spec().name)
                .collect::<Vec<_>>()
        })
        .collect();
    for name in [
        "gather",
        "concat",
        "dot_general",
        "select",
        "cast",
        "pad",
        "argmax",
        "softmax",
        "iota",
    ] {
        assert!(used.contains(name), "{name}");
    }
    assert!(used.len() > 45, "only {} ops: {used:?}", used.len());
}

#[test]
fn types_in_use_are_interpreted_exactly() {
    let graph = graph_of(&[(25, 0, 0, 0), (25, 0, 3, 0)]);
    let ty = |value: &Value| -> Type { graph.ty(*value).clone() };
    assert!(
        graph
            .outputs()
            .iter()
            .all(|output| ty(&output.value).dtype != DType::F64)
    );
}
