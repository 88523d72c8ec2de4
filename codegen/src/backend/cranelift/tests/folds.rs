//! Folds of every grouping and length, with states of one and several components.

use super::{agree, tensor};
use crate::kernel::{
    Access, FoldShape, ForRange, Form, Kernel, KernelBuilder, Mode, Subscript, ValueId,
};
use lgc_ir::constant::Constant;
use lgc_ir::dtype::DType;
use lgc_ir::index::Index;
use lgc_ir::scalar::{Binary, Comparison, Unary};

fn shapes() -> impl Iterator<Item = FoldShape> {
    let extents = (0..=19).chain([32, 48, 61]);
    extents.flat_map(|extent: u64| {
        [1, 2, 4, 8, 16].into_iter().flat_map(move |lanes| {
            // One chunk, two or three, and as many as there can be.
            let chunk = |count| extent.div_ceil(count).next_multiple_of(lanes.into()).max(1);
            [extent.max(1), chunk(2), chunk(3), lanes.into()].map(|chunk| FoldShape {
                extent,
                lanes,
                chunk,
            })
        })
    })
}

/// The sum of squares of a row, and the row scaled by it.
fn sum(dtype: DType, shape: FoldShape) -> Kernel {
    let k = KernelBuilder::new("sum");
    let x = k.param("x", tensor(dtype, &[2, shape.extent]), Mode::In);
    let y = k.param("y", tensor(dtype, &[2]), Mode::Out);
    k.par(2, 1, |row| {
        let init = k.constant(dtype, &Constant::NegZero);
        let (_, total) = k.fold(
            shape,
            &[init],
            |column, state| {
                let value = k.load(Access::element(x, [row.clone(), column]));
                vec![k.fma(value, value, state[0])]
            },
            |a, b| vec![k.binary(Binary::Add, a[0], b[0])],
        );
        k.store(Access::element(y, [row]), total[0]);
    });
    k.finish().unwrap()
}

#[test]
fn sums_of_every_grouping() {
    for shape in shapes() {
        for dtype in [DType::F32, DType::F64] {
            agree(sum(dtype, shape), 5, &format!("{shape:?} of {dtype}"));
        }
    }
}

/// The largest element and where it first is.
fn argmax(dtype: DType, shape: FoldShape, stores: bool) -> Kernel {
    let k = KernelBuilder::new("argmax");
    let x = k.param("x", tensor(dtype, &[shape.extent]), Mode::In);
    let value = k.param("value", tensor(dtype, &[]), Mode::Out);
    let place = k.param("place", tensor(DType::I64, &[]), Mode::Out);
    let twice = k.param("twice", tensor(dtype, &[shape.extent]), Mode::Out);
    let smallest = if dtype.is_float() {
        k.constant(dtype, &Constant::NegInfinity)
    } else {
        k.int(dtype, dtype.integer_range().unwrap().0)
    };
    let nowhere = k.int(DType::I64, i64::MAX);
    let better = |a: &[ValueId], b: &[ValueId]| {
        // b wins where it is larger, or where a is NaN; ties go to the smaller place.
        let larger = k.compare(Comparison::Gt, b[0], a[0]);
        let same = k.compare(Comparison::Eq, b[0], a[0]);
        let earlier = k.compare(Comparison::Lt, b[1], a[1]);
        let ties = k.connect(lgc_ir::scalar::Connective::And, same, earlier);
        let wins = k.connect(lgc_ir::scalar::Connective::Or, larger, ties);
        vec![k.select(wins, b[0], a[0]), k.select(wins, b[1], a[1])]
    };
    let (_, best) = k.fold(
        shape,
        &[smallest, nowhere],
        |i, state| {
            let loaded = k.load(Access::element(x, [i.clone()]));
            if stores {
                let doubled = k.binary(Binary::Add, loaded, loaded);
                k.store(Access::element(twice, [i.clone()]), doubled);
            }
            better(state, &[loaded, k.index_value(DType::I64, &i)])
        },
        |a, b| better(a, b),
    );
    if !stores {
        k.for_each(ForRange::upto(shape.extent), |i| {
            let zero = k.int(dtype, 0);
            k.store(Access::element(twice, [i]), zero);
        });
    }
    k.store(Access::new(value, vec![]), best[0]);
    k.store(Access::new(place, vec![]), best[1]);
    k.finish().unwrap()
}

#[test]
fn states_of_several_components() {
    for shape in shapes() {
        for (dtype, stores) in [(DType::F32, true), (DType::I32, false), (DType::F64, true)] {
            agree(
                argmax(dtype, shape, stores),
                7,
                &format!("{shape:?} of {dtype}"),
            );
        }
    }
}

#[test]
fn truth_values_as_states() {
    for shape in shapes().step_by(7) {
        let k = KernelBuilder::new("any");
        let x = k.param("x", tensor(DType::F64, &[shape.extent]), Mode::In);
        let y = k.param("y", tensor(DType::Bool, &[]), Mode::Out);
        let or = |a: ValueId, b: ValueId| k.connect(lgc_ir::scalar::Connective::Xor, a, b);
        let init = k.int(DType::Bool, 0);
        let (_, any) = k.fold(
            shape,
            &[init],
            |i, state| {
                let value = k.load(Access::element(x, [i]));
                let positive = k.compare(Comparison::Gt, value, k.int(DType::F64, 0));
                vec![or(state[0], positive)]
            },
            |a, b| vec![or(a[0], b[0])],
        );
        k.store(Access::new(y, vec![]), any[0]);
        agree(k.finish().unwrap(), 11, &format!("{shape:?}"));
    }
}

#[test]
fn bodies_with_loops_and_functions() {
    for shape in shapes().step_by(5) {
        let k = KernelBuilder::new("nested");
        let x = k.param("x", tensor(DType::F32, &[shape.extent, 3]), Mode::In);
        let y = k.param("y", tensor(DType::F32, &[]), Mode::Out);
        let init = k.constant(DType::F32, &Constant::NegZero);
        let (_, total) = k.fold(
            shape,
            &[init],
            |i, state| {
                let one = k.int(DType::F32, 1);
                let (_, product) = k.carry(ForRange::upto(3), &[one], |j, product| {
                    let value = k.load(Access::element(x, [i.clone(), j]));
                    vec![k.binary(Binary::Mul, product[0], value)]
                });
                vec![k.binary(Binary::Add, state[0], k.unary(Unary::Tanh, product[0]))]
            },
            |a, b| vec![k.binary(Binary::Add, a[0], b[0])],
        );
        k.store(Access::new(y, vec![]), total[0]);
        agree(k.finish().unwrap(), 13, &format!("{shape:?}"));
    }
}

#[test]
fn vectors_and_tiles_as_states() {
    for shape in shapes().step_by(3) {
        for form in [Form::Vector(6), Form::Tile(2, 5)] {
            let k = KernelBuilder::new("columns");
            let dims: Vec<u64> = (0..form.rank())
                .map(|axis| u64::from(form.extent(axis)))
                .collect();
            let all: Vec<u64> = std::iter::once(shape.extent)
                .chain(dims.iter().copied())
                .collect();
            let x = k.param("x", tensor(DType::F32, &all), Mode::In);
            let y = k.param("y", tensor(DType::F32, &dims), Mode::Out);
            let spans = || (0..form.rank()).map(|_| Subscript::Span(Index::constant(0)));
            let init = k.splat(form, k.constant(DType::F32, &Constant::NegZero));
            let (_, total) = k.fold(
                shape,
                &[init],
                |i, state| {
                    let at = std::iter::once(Subscript::At(i)).chain(spans()).collect();
                    let row = k.load_form(Access::new(x, at), form, None);
                    vec![k.binary(Binary::Add, state[0], row)]
                },
                |a, b| vec![k.binary(Binary::Add, a[0], b[0])],
            );
            k.store(Access::new(y, spans().collect()), total[0]);
            agree(k.finish().unwrap(), 17, &format!("{shape:?} {form:?}"));
        }
    }
}
