//! Register tiles of contractions, with edges of every size.

use super::{agree, tensor};
use crate::kernel::{Access, ForRange, Form, Kernel, KernelBuilder, Mode, Subscript};
use lgc_ir::constant::Constant;
use lgc_ir::dtype::DType;
use lgc_ir::index::Index;
use lgc_ir::scalar::{Binary, Unary};

/// y = tanh(a · b + bias), in m × n tiles; a is read by columns of the tile.
fn contraction(dtype: DType, [rows, inner, columns]: [u64; 3], (m, n): (u32, u32)) -> Kernel {
    let k = KernelBuilder::new("contraction");
    let a = k.param("a", tensor(dtype, &[rows, inner]), Mode::In);
    let b = k.param("b", tensor(dtype, &[inner, columns]), Mode::In);
    let bias = k.param("bias", tensor(dtype, &[columns]), Mode::In);
    let y = k.param("y", tensor(dtype, &[rows, columns]), Mode::Out);
    let tile = Form::Tile(m, n);
    k.par(rows.div_ceil(u64::from(m)), 1, |block| {
        let row = block.scale(i64::from(m));
        k.par(columns.div_ceil(u64::from(n)), 1, |block| {
            let column = block.scale(i64::from(n));
            let clipped = |memory, at: Vec<Subscript>| Access::new(memory, at).clipped();
            let zero = k.splat(tile, k.constant(dtype, &Constant::integer(0)));
            let (_, sum) = k.carry(ForRange::upto(inner), &[zero], |point, sum| {
                let left = vec![Subscript::Span(row.clone()), Subscript::At(point.clone())];
                let left = k.load_form(clipped(a, left), Form::Vector(m), None);
                let right = vec![Subscript::At(point), Subscript::Span(column.clone())];
                let right = k.load_form(clipped(b, right), Form::Vector(n), None);
                vec![k.mma(sum[0], left, right)]
            });
            let offset = vec![Subscript::Span(column.clone())];
            let offset = k.load_form(clipped(bias, offset), Form::Vector(n), None);
            let total = k.binary(Binary::Add, sum[0], k.rows(m, offset));
            let result = k.unary(Unary::Tanh, total);
            let at = vec![
                Subscript::Span(row.clone()),
                Subscript::Span(column.clone()),
            ];
            k.store(clipped(y, at), result);
        });
    });
    k.finish().unwrap()
}

#[test]
fn edges_of_every_size() {
    for rows in 1..=9 {
        for columns in [1, 2, 3, 4, 5, 7, 8, 9, 11, 12, 16, 17] {
            let kernel = contraction(DType::F32, [rows, 5, columns], (4, 8));
            agree(kernel, rows * 31 + columns, &format!("{rows} × {columns}"));
        }
    }
}

#[test]
fn tiles_of_other_shapes_and_dtypes() {
    for tile in [(1, 4), (2, 6), (3, 3), (6, 8), (5, 1)] {
        for dtype in [DType::F32, DType::F64] {
            for size in [[6, 3, 8], [7, 1, 10], [5, 0, 3]] {
                let kernel = contraction(dtype, size, tile);
                agree(kernel, 3, &format!("{size:?} in {tile:?} of {dtype}"));
            }
        }
    }
}

#[test]
fn tiles_that_are_updated_in_memory() {
    for (rows, columns) in [(4, 8), (5, 9), (3, 4)] {
        let k = KernelBuilder::new("update");
        let y = k.param("y", tensor(DType::F32, &[rows, columns]), Mode::Inout);
        let span = || {
            vec![
                Subscript::Span(Index::constant(0)),
                Subscript::Span(Index::constant(0)),
            ]
        };
        let half = k.constant(DType::F32, &Constant::ratio(1, 2));
        let loaded = k.load_form(
            Access::new(y, span()).clipped(),
            Form::Tile(4, 8),
            Some(half),
        );
        let (_, result) = k.carry(ForRange::upto(3), &[loaded], |_, tile| {
            vec![k.binary(Binary::Mul, tile[0], tile[0])]
        });
        k.store(Access::new(y, span()).clipped(), result[0]);
        agree(k.finish().unwrap(), rows, &format!("{rows} × {columns}"));
    }
}

/// Matrices are stored from the last one on, so that what goes beyond an edge, be it by one element, changes what
/// is there already.
#[test]
fn loops_that_accumulate_and_store_at_edges() {
    for (rows, columns) in [(4, 8), (6, 11), (3, 17), (3, 8), (4, 7), (8, 15)] {
        let k = KernelBuilder::new("partial sums");
        let a = k.param("a", tensor(DType::F32, &[rows, 9]), Mode::In);
        let b = k.param("b", tensor(DType::F32, &[9, columns]), Mode::In);
        let y = k.param("y", tensor(DType::F32, &[9, rows, columns]), Mode::Inout);
        k.par(rows.div_ceil(4), 1, |block| {
            let row = block.scale(4);
            k.par(columns.div_ceil(8), 1, |block| {
                let column = block.scale(8);
                let zero = k.splat(Form::Tile(4, 8), k.int(DType::F32, 0));
                let span = |index: &Index| Subscript::Span(index.clone());
                k.carry(ForRange::upto(9), &[zero], |point, sum| {
                    let at = || Subscript::At(point.clone());
                    let left = Access::new(a, vec![span(&row), at()]).clipped();
                    let right = Access::new(b, vec![at(), span(&column)]).clipped();
                    let left = k.load_form(left, Form::Vector(4), None);
                    let right = k.load_form(right, Form::Vector(8), None);
                    let sum = k.mma(sum[0], left, right);
                    let last = Subscript::At(point.scale(-1).add_constant(8));
                    let place = vec![last, span(&row), span(&column)];
                    k.store(Access::new(y, place).clipped(), sum);
                    vec![sum]
                });
            });
        });
        agree(k.finish().unwrap(), rows, &format!("{rows} × {columns}"));
    }
}
