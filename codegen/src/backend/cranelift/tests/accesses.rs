//! Guards, masks, strides, run-time subscripts and their faults.

use super::{Bytes, agree, agree_on, program, tensor};
use crate::kernel::{
    Access, Condition, Directive, Fault, ForRange, Form, Kernel, KernelBuilder, Mode, Space, Step,
    Subscript,
};
use lgc_ir::constant::Constant;
use lgc_ir::dtype::DType;
use lgc_ir::index::{Guard, Index};
use lgc_ir::scalar::{Binary, Comparison, Connective};

/// A loop over `extent` elements, vectorised by `width` unless that is 1.
fn each(k: &KernelBuilder, extent: u64, width: u32, body: impl FnOnce(Index)) {
    let var = k.par(extent, 1, body);
    if width > 1 {
        k.schedule(Directive::Vec(var, width));
    }
}

#[test]
fn padding_on_both_sides() {
    for (low, high, width) in [
        (0, 0, 4),
        (1, 1, 4),
        (3, 2, 4),
        (2, 5, 8),
        (3, 2, 1),
        (9, 0, 2),
    ] {
        for dtype in [DType::F32, DType::F64, DType::Bool] {
            let k = KernelBuilder::new("pad");
            let x = k.param("x", tensor(dtype, &[3, 11]), Mode::In);
            let extent = 11 + low + high;
            let y = k.param("y", tensor(dtype, &[5, extent]), Mode::Out);
            let value = k.int(dtype, 1);
            k.par(5, 1, |row| {
                each(&k, extent, width, |column| {
                    let from = [row.add_constant(-1), column.add_constant(-(low as i64))];
                    let inside = Guard::within(from[0].clone(), 0, 3).and(&Guard::within(
                        from[1].clone(),
                        0,
                        11,
                    ));
                    let loaded = k.load_or(Access::element(x, from).when(&inside), value);
                    k.store(Access::element(y, [row.clone(), column]), loaded);
                });
            });
            agree(
                k.finish().unwrap(),
                low,
                &format!("{dtype} {low} {high} by {width}"),
            );
        }
    }
}

#[test]
fn dilation_reversal_transposition_and_broadcast() {
    for width in [1, 4, 8] {
        let k = KernelBuilder::new("views");
        let x = k.param("x", tensor(DType::F32, &[7, 30]), Mode::In);
        let y = k.param("y", tensor(DType::F32, &[7, 30]), Mode::Out);
        k.par(7, 1, |row| {
            each(&k, 30, width, |column| {
                let load = |at: [Index; 2]| k.load(Access::element(x, at));
                let reversed = load([row.clone(), column.scale(-1).add_constant(29)]);
                let half = Guard::divisible(column.clone(), 2);
                let dilated =
                    k.load(Access::element(x, [row.clone(), column.floor_div(2)]).when(&half));
                let turned = load([column.floor_div(5), row.scale(2).add(&column.modulo(5))]);
                let same = load([row.clone(), Index::constant(3)]);
                let far = load([row.clone(), column.add(&row).floor_div(3).modulo(10)]);
                let sum = k.binary(Binary::Sub, reversed, dilated);
                let sum = k.binary(Binary::Add, sum, turned);
                let sum = k.binary(Binary::Mul, sum, same);
                let sum = k.binary(Binary::Max, sum, far);
                k.store(Access::element(y, [row.clone(), column]), sum);
            });
        });
        agree(k.finish().unwrap(), 2, &format!("by {width}"));
    }
}

#[test]
fn masked_loads_and_stores() {
    for (width, dtype) in [
        (1, DType::F32),
        (4, DType::F32),
        (8, DType::F64),
        (4, DType::Bool),
    ] {
        let k = KernelBuilder::new("masked");
        let x = k.param("x", tensor(DType::F32, &[29]), Mode::In);
        let z = k.param("z", tensor(dtype, &[29]), Mode::In);
        let y = k.param("y", tensor(dtype, &[29]), Mode::Inout);
        each(&k, 29, width, |i| {
            let value = k.load(Access::element(x, [i.clone()]));
            let positive = k.compare(Comparison::Gt, value, k.int(DType::F32, 0));
            let loaded = k.load_or(
                Access::element(z, [i.clone()]).masked(positive),
                k.int(dtype, 1),
            );
            let guard = Guard::divisible(i.clone(), 3);
            k.store(
                Access::element(y, [i]).masked(positive).when(&guard),
                loaded,
            );
        });
        agree(k.finish().unwrap(), 5, &format!("{dtype} by {width}"));
    }
}

#[test]
fn strided_stores_and_sequential_loops() {
    for step in [-3, -1, 1, 2] {
        let k = KernelBuilder::new("scan");
        let x = k.param("x", tensor(DType::F32, &[20]), Mode::In);
        let y = k.param("y", tensor(DType::F32, &[20, 2]), Mode::Inout);
        let zero = k.int(DType::F32, 0);
        let range = ForRange {
            step,
            ..ForRange::span(2, 19, 1)
        };
        let (_, total) = k.carry(range, &[zero], |i, state| {
            let value = k.load(Access::element(x, [i.clone()]));
            let sum = k.binary(
                Binary::Add,
                k.binary(
                    Binary::Mul,
                    state[0],
                    k.constant(DType::F32, &Constant::ratio(1, 2)),
                ),
                value,
            );
            k.store(Access::element(y, [i, Index::constant(1)]), sum);
            vec![sum]
        });
        k.store(
            Access::element(y, [Index::constant(0), Index::constant(0)]),
            total[0],
        );
        agree(k.finish().unwrap(), 9, &format!("step {step}"));
    }
}

#[test]
fn triangular_bounds_and_empty_loops() {
    for step in [1, 2, -1, -2] {
        let k = KernelBuilder::new("triangle");
        let y = k.param("y", tensor(DType::I32, &[6, 6]), Mode::Inout);
        let outer = k.par(6, 1, |row| {
            let range = ForRange::new(row.add_constant(-2), row.scale(-1).add_constant(4), step);
            let zero = k.int(DType::I32, 0);
            let (_, last) = k.carry(range, &[zero], |point, state| {
                let digit = k.binary(Binary::Mul, state[0], k.int(DType::I32, 10));
                vec![k.binary(Binary::Add, digit, k.index_value(DType::I32, &point))]
            });
            k.store(Access::element(y, [row.clone(), row]), last[0]);
        });
        let _ = outer;
        agree(k.finish().unwrap(), 1, &format!("step {step}"));
    }
}

#[test]
fn branches_and_local_buffers() {
    let k = KernelBuilder::new("branches");
    let x = k.param("x", tensor(DType::F64, &[4, 9]), Mode::In);
    let y = k.param("y", tensor(DType::F64, &[4, 9]), Mode::Out);
    k.par(4, 1, |row| {
        k.local("b", tensor(DType::F64, &[9]), Space::Private, |b| {
            let var = k.for_each(ForRange::upto(9), |i| {
                let value = k.load(Access::element(x, [row.clone(), i.clone()]));
                k.store(Access::element(b, [i]), k.binary(Binary::Add, value, value));
            });
            k.schedule(Directive::Vec(var, 2));
            k.for_each(ForRange::upto(9), |i| {
                let value = k.load(Access::element(b, [i.scale(-1).add_constant(8)]));
                let positive = k.compare(Comparison::Ge, value, k.int(DType::F64, 0));
                let chosen = k.branch(
                    Condition::Mask(positive),
                    || {
                        vec![
                            k.binary(Binary::Mul, value, value),
                            k.splat(Form::Vector(3), value),
                        ]
                    },
                    || vec![value, k.splat(Form::Vector(3), k.int(DType::F64, 2))],
                );
                let guard = Guard::within(i.add(&row), 2, 8);
                let result = k.branch(
                    Condition::Guard(guard),
                    || vec![k.binary(Binary::Add, chosen[0], k.int(DType::F64, 1))],
                    || vec![chosen[0]],
                );
                k.store(Access::element(y, [row.clone(), i]), result[0]);
            });
        });
    });
    agree(k.finish().unwrap(), 4, "branches");
}

/// y[i] = x[indices[i]], with faults recorded by position.
fn gather(width: u32, dtype: DType) -> Kernel {
    let k = KernelBuilder::new("gather");
    let x = k.param("x", tensor(DType::F32, &[6, 3]), Mode::In);
    let indices = k.param("indices", tensor(dtype, &[23]), Mode::In);
    let status = k.param("status", tensor(DType::I64, &[]), Mode::Inout);
    let y = k.param("y", tensor(DType::F32, &[23, 3]), Mode::Out);
    k.for_each(ForRange::upto(3), |column| {
        each(&k, 23, width, |i| {
            let index = k.load(Access::element(indices, [i.clone()]));
            let at = vec![Subscript::Value(index), Subscript::At(column.clone())];
            let access = Access {
                fault: Some(Fault {
                    status,
                    position: i.clone(),
                }),
                ..Access::new(x, at).when(&Guard::within(i.clone(), 0, 21))
            };
            let value = k.load(access);
            k.store(Access::element(y, [i, column.clone()]), value);
        });
    });
    k.finish().unwrap()
}

#[test]
fn run_time_subscripts_are_clamped_and_faults_recorded() {
    for dtype in [DType::I32, DType::I64, DType::U32] {
        for width in [1, 4, 8] {
            for bad in [
                None,
                Some((0, -1)),
                Some((13, 6)),
                Some((22, 6)),
                Some((20, i64::MAX)),
            ] {
                let mut program = program(gather(width, dtype));
                let status = program
                    .buffers
                    .iter()
                    .position(|b| b.name.0 == "status")
                    .unwrap();
                program.steps.push(Step::Check {
                    status: crate::kernel::BufferId(status as u32).into(),
                    code: 5,
                });
                let mut bytes = Bytes::random(&program, 3);
                let mut indices: Vec<i64> = (0..23).map(|i| i * 5 % 6).collect();
                if let Some((at, value)) = bad {
                    indices[at] = value;
                }
                let size = dtype.size() as usize;
                bytes.inputs[1] = indices
                    .iter()
                    .flat_map(|index| index.to_le_bytes()[..size].to_vec())
                    .collect();
                bytes.inouts[0] = i64::MAX.to_le_bytes().to_vec();
                let found =
                    agree_on::<f32>(&program, bytes, &format!("{dtype} by {width}, {bad:?}"));
                // Position 22 is guarded off.
                let faulty = bad.is_some_and(|(at, _)| at != 22);
                assert_eq!(found, if faulty { 5 } else { 0 });
            }
        }
    }
}

#[test]
fn rank_zero_and_empty_tensors() {
    let k = KernelBuilder::new("empty");
    let x = k.param("x", tensor(DType::F32, &[0, 4]), Mode::In);
    let s = k.param("s", tensor(DType::F32, &[]), Mode::In);
    let y = k.param("y", tensor(DType::F32, &[3]), Mode::Out);
    let scalar = k.load(Access::new(s, vec![]));
    each(&k, 3, 2, |i| {
        let never = Guard::within(i.clone(), 5, 7);
        let at = [i.add_constant(-5), Index::constant(0)];
        let value = k.load_or(Access::element(x, at).when(&never), scalar);
        k.store(Access::element(y, [i]), value);
    });
    agree(k.finish().unwrap(), 1, "empty");
}

/// A row beside the elements of a matrix in row-major order, of every dtype.
#[test]
fn neighbours_that_start_again() {
    for dtype in [DType::F32, DType::F64, DType::I64, DType::F16, DType::Bool] {
        for (period, width) in [
            (3, 8),
            (5, 16),
            (7, 4),
            (8, 8),
            (50, 16),
            (130, 16),
            (300, 8),
        ] {
            let k = KernelBuilder::new("beside");
            let extent = 3 * period + 101;
            let x = k.param("x", tensor(dtype, &[extent]), Mode::In);
            let a = k.param("a", tensor(dtype, &[2, period]), Mode::In);
            let y = k.param("y", tensor(dtype, &[extent]), Mode::Out);
            each(&k, extent, width, |i| {
                let place = i.add_constant(2).modulo(period as i64);
                let row = k.load(Access::element(a, [Index::constant(1), place]));
                let own = k.load(Access::element(x, [i.clone()]));
                let guard = Guard::within(i.clone(), 3, 99);
                let either = k.load_or(Access::element(x, [i.clone()]).when(&guard), row);
                let value = if dtype == DType::Bool {
                    k.connect(Connective::Xor, either, own)
                } else if dtype.half().is_some() {
                    either
                } else {
                    k.binary(Binary::Sub, k.binary(Binary::Mul, row, own), either)
                };
                k.store(Access::element(y, [i]), value);
            });
            agree(
                k.finish().unwrap(),
                period,
                &format!("{dtype}, {period} by {width}"),
            );
        }
    }
}

/// Columns of a matrix, one after the other, with a store to it after some of them.
fn columns(dtype: DType, lanes: u32, stored_after: u32, order: &[u32]) -> String {
    let mut text = format!(
        "kernel columns(x: {dtype}[20, 40] inout, y: {dtype}[{}, {lanes}] out) {{ lane i0 for i1 in 0..3 {{",
        order.len()
    );
    for (number, column) in order.iter().enumerate() {
        if number as u32 == stored_after {
            // Over columns that are loaded before and after.
            text += "store x[i1 + i0, 2] = v0 store x[2, i0 + i1] = v0 ";
        }
        text += &format!("v{number} = load x[i1 + i0, i1 + {column}] : {dtype}<{lanes}> ");
    }
    for number in 0..order.len() {
        text += &format!("store y[{number}, i0] = v{number} ");
    }
    text + "} }"
}

/// What LLVM's code loads as squares, row by row: all of them, some, again, in any order, and with stores between.
#[test]
fn squares_of_a_matrix() {
    for dtype in [
        DType::F32,
        DType::F64,
        DType::I64,
        DType::I32,
        DType::F16,
        DType::Bf16,
    ] {
        for lanes in [2, 4, 8, 16] {
            let straight: Vec<u32> = (0..2 * lanes).collect();
            let back: Vec<u32> = straight.iter().rev().copied().collect();
            let again = [straight.as_slice(), &back].concat();
            // One is missing, and what is left over on both sides is less than a square.
            let gap: Vec<u32> = straight
                .iter()
                .copied()
                .filter(|at| *at != lanes / 2)
                .collect();
            for (order, stored_after) in [
                (&straight, u32::MAX),
                (&straight, lanes / 2),
                (&straight, lanes),
                (&back, 1),
                (&again, 2 * lanes),
                (&again, u32::MAX),
                (&gap, lanes + 1),
            ] {
                let text = columns(dtype, lanes, stored_after, order);
                let kernel = text.parse().unwrap();
                agree(kernel, lanes.into(), &text);
            }
        }
    }
}
