//! Contractions whose rows and columns do not fill vectors, and what then becomes of the elements that
//! follow them in memory.

use super::*;
use lgc_ir::op::{Axes, DotGeneral, Reshape, Transpose};

/// x[2, r, 3] times y[3, c], with the axes in an order and joined to one.
fn joined(dtype: DType, rows: u64, columns: u64, order: [usize; 3]) -> Graph {
    let b = builder();
    let x = input(&b, "x", dtype, &[2, rows, 3]);
    let y = input(&b, "y", dtype, &[3, columns]);
    let contraction = DotGeneral {
        x_contract: [2].into_iter().collect(),
        y_contract: [0].into_iter().collect(),
        x_batch: Axes::new(),
        y_batch: Axes::new(),
    };
    let product = b.apply(contraction, &[x, y]).unwrap();
    let permutation = order.into_iter().map(|axis| axis as i64).collect();
    let turned = b.apply(Transpose { permutation }, &[product]).unwrap();
    let shape = Shape::new([2 * rows * columns]);
    let flat = b.apply(Reshape { shape }, &[turned]).unwrap();
    finish(b, &[flat])
}

#[test]
fn columns_beyond_the_end_leave_the_next_row_alone() {
    for dtype in [DType::F32, DType::F64, DType::I32] {
        for (rows, columns) in [(5, 1), (9, 1), (18, 1), (1, 5), (3, 7), (7, 9), (6, 18)] {
            for order in [[0, 1, 2], [1, 0, 2], [2, 0, 1], [0, 2, 1]] {
                check(&joined(dtype, rows, columns, order));
            }
        }
    }
}

#[test]
fn a_fold_over_no_axes_is_what_it_folds() {
    for dtype in [DType::F32, DType::F64, DType::F16, DType::I64] {
        let b = builder();
        let x = input(&b, "x", dtype, &[]);
        let square = b.mul(x, x).unwrap();
        let sum = lgc_ir::op::Sum {
            axes: Some(Axes::new()),
            keepdims: false,
        };
        let sum = b.apply(sum, &[square]).unwrap();
        let largest = lgc_ir::op::ReduceMax {
            axes: Some(Axes::new()),
            keepdims: true,
        };
        let largest = b.apply(largest, &[square]).unwrap();
        check(&finish(b, &[sum, largest]));
    }
}
