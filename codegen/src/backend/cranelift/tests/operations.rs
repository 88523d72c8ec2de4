//! Every operation on every dtype, in every form and for every length of a tail.

use super::{agree, tensor};
use crate::kernel::{
    Access, Directive, ForRange, Form, Kernel, KernelBuilder, Mode, Op, Subscript, ValueId,
};
use lgc_ir::dtype::DType;
use lgc_ir::index::Index;
use lgc_ir::scalar::{Binary, Comparison, Connective, Unary};

/// How the elements of a kernel are taken together.
#[derive(Clone, Copy, Debug)]
enum Shape {
    Scalar(u64),
    Loop(u64, u32),
    Vector(u64, u32),
    Tile(u64, u32, u32),
}

const SHAPES: [Shape; 7] = [
    Shape::Scalar(203),
    Shape::Loop(203, 4),
    Shape::Loop(205, 8),
    Shape::Loop(101, 2),
    Shape::Vector(40, 6),
    Shape::Vector(40, 8),
    Shape::Tile(12, 3, 5),
];

/// A kernel that applies `body` to elements of the inputs and stores the result.
fn elementwise(
    shape: Shape,
    inputs: &[DType],
    output: DType,
    body: impl Fn(&KernelBuilder, &[ValueId]) -> ValueId,
) -> Kernel {
    let k = KernelBuilder::new("elementwise");
    let dims: Vec<u64> = match shape {
        Shape::Scalar(count) | Shape::Loop(count, _) => vec![count],
        Shape::Vector(count, columns) => vec![count, u64::from(columns)],
        Shape::Tile(count, rows, columns) => vec![count, u64::from(rows), u64::from(columns)],
    };
    let form = match shape {
        Shape::Scalar(_) | Shape::Loop(..) => Form::Scalar,
        Shape::Vector(_, columns) => Form::Vector(columns),
        Shape::Tile(_, rows, columns) => Form::Tile(rows, columns),
    };
    let memories: Vec<_> = inputs
        .iter()
        .enumerate()
        .map(|(at, &dtype)| k.param(format!("x{at}"), tensor(dtype, &dims), Mode::In))
        .collect();
    let result = k.param("y", tensor(output, &dims), Mode::Out);
    let var = k.par(dims[0], 1, |point| {
        let at = || {
            let spans = (1..dims.len()).map(|_| Subscript::Span(Index::constant(0)));
            std::iter::once(Subscript::At(point.clone()))
                .chain(spans)
                .collect()
        };
        let loaded: Vec<ValueId> = memories
            .iter()
            .map(|&memory| k.load_form(Access::new(memory, at()), form, None))
            .collect();
        let value = body(&k, &loaded);
        k.store(Access::new(result, at()), value);
    });
    if let Shape::Loop(_, width) = shape {
        k.schedule(Directive::Vec(var, width));
    }
    k.finish().unwrap()
}

fn check(
    inputs: &[DType],
    output: DType,
    name: &str,
    body: impl Fn(&KernelBuilder, &[ValueId]) -> ValueId,
) {
    for (seed, shape) in SHAPES.into_iter().enumerate() {
        let kernel = elementwise(shape, inputs, output, &body);
        agree(
            kernel,
            seed as u64,
            &format!("{name} of {inputs:?}, {shape:?}"),
        );
    }
}

const NUMBERS: [DType; 5] = [DType::I32, DType::I64, DType::U32, DType::F32, DType::F64];

#[test]
fn unary_functions() {
    for dtype in NUMBERS {
        for &function in Unary::ALL {
            let is_defined = dtype.is_float() || matches!(function, Unary::Neg | Unary::Abs);
            if is_defined {
                check(&[dtype], dtype, function.name(), |k, x| {
                    k.unary(function, x[0])
                });
            }
        }
    }
}

#[test]
fn binary_functions() {
    for dtype in NUMBERS {
        for &function in Binary::ALL {
            use Binary::{And, Or, Pow, Rem, Shl, Shr, Xor};
            let is_defined = if dtype.is_float() {
                !matches!(function, Rem | And | Or | Xor | Shl | Shr)
            } else {
                function != Pow
            };
            if is_defined {
                check(&[dtype, dtype], dtype, function.name(), |k, x| {
                    k.binary(function, x[0], x[1])
                });
            }
        }
    }
}

#[test]
fn shifts_and_divisions_by_constants() {
    for dtype in [DType::I32, DType::I64, DType::U32] {
        for amount in [0, 1, 5, 31, 32, 33, 63, 64, -1] {
            for function in [Binary::Shl, Binary::Shr, Binary::Div, Binary::Rem] {
                let name = format!("{} by {amount}", function.name());
                check(&[dtype], dtype, &name, |k, x| {
                    k.binary(function, x[0], k.int(dtype, amount))
                });
            }
            if (1..dtype.bits() as i64).contains(&amount) {
                check(&[dtype], dtype, "logical shift", |k, x| {
                    let shifted = k.binary(Binary::Shr, x[0], k.int(dtype, amount));
                    let kept = i64::MAX >> (63 - (i64::from(dtype.bits()) - amount));
                    k.binary(Binary::And, shifted, k.int(dtype, kept))
                });
            }
        }
    }
}

#[test]
fn comparisons_select_and_store_truth() {
    for dtype in NUMBERS {
        for &comparison in Comparison::ALL {
            check(&[dtype, dtype], DType::Bool, comparison.name(), |k, x| {
                k.compare(comparison, x[0], x[1])
            });
            check(&[dtype, dtype], dtype, comparison.name(), |k, x| {
                let mask = k.compare(comparison, x[0], x[1]);
                k.select(mask, x[0], x[1])
            });
        }
    }
    for comparison in [Comparison::Eq, Comparison::Ne] {
        check(
            &[DType::Bool, DType::Bool],
            DType::Bool,
            comparison.name(),
            |k, x| k.compare(comparison, x[0], x[1]),
        );
    }
}

#[test]
fn truth_values_of_all_widths_combine() {
    for &connective in Connective::ALL {
        for narrow in [DType::F32, DType::I32, DType::Bool] {
            for wide in [DType::F64, DType::I64] {
                check(
                    &[narrow, wide, DType::Bool],
                    DType::Bool,
                    connective.name(),
                    |k, x| {
                        let truth = |value: ValueId| k.cast(DType::Bool, value);
                        let first = k.connect(connective, truth(x[0]), truth(x[1]));
                        k.connect(connective, k.not(first), x[2])
                    },
                );
                check(&[narrow, wide, wide], wide, connective.name(), |k, x| {
                    let mask = k.connect(
                        connective,
                        k.cast(DType::Bool, x[0]),
                        k.cast(DType::Bool, x[1]),
                    );
                    k.select(mask, x[1], x[2])
                });
            }
        }
    }
    check(
        &[DType::Bool, DType::Bool, DType::Bool],
        DType::Bool,
        "select",
        |k, x| k.select(x[0], x[1], x[2]),
    );
}

#[test]
fn casts_between_all_dtypes() {
    for from in DType::ALL {
        for to in DType::ALL {
            check(&[from], to, &format!("cast to {to}"), |k, x| {
                k.cast(to, x[0])
            });
        }
    }
}

#[test]
fn bitcasts_and_fused_multiply_adds() {
    for (from, to) in [
        (DType::F32, DType::I32),
        (DType::I32, DType::F32),
        (DType::F64, DType::I64),
        (DType::I64, DType::F64),
        (DType::I32, DType::U32),
    ] {
        // A NaN is canonical in the test data, so its bits agree.
        check(&[from], to, "bitcast", |k, x| k.bitcast(to, x[0]));
    }
    for dtype in [DType::F32, DType::F64] {
        check(&[dtype, dtype, dtype], dtype, "fma", |k, x| {
            k.fma(x[0], x[1], x[2])
        });
    }
}

#[test]
fn tails_of_every_length() {
    for extent in (0..=9).chain([16, 17, 31]) {
        for width in [2, 4, 8, 16] {
            for dtype in [DType::F32, DType::F64, DType::Bool, DType::I64] {
                let kernel = elementwise(
                    Shape::Loop(extent, width),
                    &[dtype, dtype],
                    dtype,
                    |k, x| {
                        if dtype == DType::Bool {
                            k.connect(Connective::Xor, x[0], x[1])
                        } else {
                            k.binary(Binary::Mul, x[0], x[1])
                        }
                    },
                );
                agree(kernel, extent, &format!("{extent} elements by {width}"));
            }
        }
    }
}

#[test]
fn index_values_in_vectorised_loops() {
    for dtype in [DType::I32, DType::I64, DType::U32] {
        for width in [4, 8] {
            let k = KernelBuilder::new("iota");
            let y = k.param("y", tensor(dtype, &[5, 21]), Mode::Out);
            k.par(5, 1, |row| {
                let var = k.par(21, 1, |column| {
                    let affine = row.scale(100).sub(&column.scale(3)).add_constant(7);
                    let nested = column.scale(5).add(&row).floor_div(3).modulo(4);
                    let sum = k.binary(
                        Binary::Add,
                        k.index_value(dtype, &affine),
                        k.index_value(dtype, &nested),
                    );
                    k.store(Access::element(y, [row.clone(), column]), sum);
                });
                k.schedule(Directive::Vec(var, width));
            });
            agree(k.finish().unwrap(), 1, "iota");
        }
    }
}

#[test]
fn quotients_and_remainders_of_positions_of_any_sign_and_size() {
    // Offsets come out of quotients, apart from what is left of them; multiples of coordinates do not.
    const FAR: i64 = (1 << 34) + 1;
    for divisor in [2, 3, 5, 7, 10, 16, 1000] {
        for (step, offset) in [
            (1, -2001),
            (1, 1 << 40),
            (-1, 0),
            (-1, -divisor),
            (-3, -1),
            (-11, (1 << 31) - 20),
            (FAR, 1),
            (-FAR, 0),
            (-FAR, -(1 << 40)),
        ] {
            let k = KernelBuilder::new("quotients");
            let y = k.param("y", tensor(DType::I64, &[41, 2]), Mode::Out);
            k.par(41, 1, |row| {
                let position = row.scale(step).add_constant(offset);
                let parts = [position.floor_div(divisor), position.modulo(divisor)];
                for (at, part) in (0..).zip(parts) {
                    let value = k.index_value(DType::I64, &part);
                    let place = [row.clone(), Index::constant(at)];
                    k.store(Access::element(y, place), value);
                }
            });
            agree(k.finish().unwrap(), 1, "quotients");
        }
    }
}

/// Of coordinates that are themselves beyond 32 bits.
#[test]
fn quotients_of_far_coordinates_are_rounded_down() {
    const STEP: i64 = 1 << 35;
    for divisor in [3, 7, 1000] {
        let k = KernelBuilder::new("quotients");
        let y = k.param("y", tensor(DType::I64, &[64, 2]), Mode::Out);
        k.for_each(ForRange::span(-32 * STEP, 32 * STEP, STEP), |point| {
            let row = point.add_constant(32 * STEP).floor_div(STEP);
            let parts = [point.floor_div(divisor), point.modulo(divisor)];
            for (at, part) in (0..).zip(parts) {
                let value = k.index_value(DType::I64, &part);
                let place = [row.clone(), Index::constant(at)];
                k.store(Access::element(y, place), value);
            }
        });
        agree(k.finish().unwrap(), 1, "quotients");
    }
}

#[test]
fn rows_columns_and_splats_make_tiles() {
    for (dtype, columns) in [
        (DType::F32, 5u32),
        (DType::F64, 4),
        (DType::I32, 8),
        (DType::Bool, 6),
    ] {
        let k = KernelBuilder::new("outer");
        let wide = u64::from(columns);
        let a = k.param("a", tensor(dtype, &[3]), Mode::In);
        let b = k.param("b", tensor(dtype, &[wide]), Mode::In);
        let s = k.param("s", tensor(dtype, &[]), Mode::In);
        let y = k.param("y", tensor(dtype, &[3, wide]), Mode::Out);
        let zero = || Subscript::Span(Index::constant(0));
        let rows = k.load_form(Access::new(a, vec![zero()]), Form::Vector(3), None);
        let row = k.load_form(Access::new(b, vec![zero()]), Form::Vector(columns), None);
        let scalar = k.load(Access::new(s, vec![]));
        let left = k.op(Op::Columns(columns, rows));
        let right = k.op(Op::Rows(3, row));
        let other = k.splat(Form::Tile(3, columns), scalar);
        let value = if dtype == DType::Bool {
            k.connect(
                Connective::And,
                k.connect(Connective::Or, left, right),
                other,
            )
        } else {
            k.binary(Binary::Add, k.binary(Binary::Mul, left, right), other)
        };
        k.store(Access::new(y, vec![zero(), zero()]), value);
        agree(k.finish().unwrap(), 3, "outer product");
    }
}
