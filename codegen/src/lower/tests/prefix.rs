//! Prefix scans, whole and in chunks.

use super::*;
use lgc_ir::op::{CumMax, CumProd, CumSum, Op};

/// Whether a scan is in chunks; then it is checked.
fn is_chunked(op: impl Into<Op>, dtype: DType, extents: &[u64]) -> bool {
    let b = builder();
    let x = input(&b, "x", dtype, extents);
    let y = b.apply(op, &[x]).unwrap();
    let graph = finish(b, &[y]);
    let lowering = lower(&graph, &Signature::pure("f"), &Target::default()).unwrap();
    let is_chunked = lowering.program.to_string().contains("totals");
    if is_chunked {
        check(&graph);
    }
    is_chunked
}

fn sum(axis: i64, reverse: bool, exclusive: bool) -> CumSum {
    CumSum {
        axis,
        reverse,
        exclusive,
    }
}

#[test]
fn long_lines_are_cut_into_chunks() {
    // Eight chunks and a rest; and no rest.
    assert!(is_chunked(sum(0, true, true), DType::F64, &[65_541]));
    assert!(is_chunked(sum(0, false, false), DType::I32, &[65_536]));
    assert!(is_chunked(sum(1, false, true), DType::Bf16, &[2, 65_539]));
    assert!(is_chunked(sum(0, true, false), DType::I32, &[65_538, 2]));
}

#[test]
fn short_lines_and_many_lines_are_not_cut() {
    assert!(!is_chunked(sum(0, false, false), DType::F64, &[60_000]));
    assert!(!is_chunked(sum(1, false, false), DType::F64, &[16, 65_536]));
}

#[test]
fn products_of_floats_are_not_cut() {
    let product = CumProd {
        axis: 0,
        reverse: false,
        exclusive: false,
    };
    let max = CumMax {
        axis: 0,
        reverse: false,
        exclusive: false,
    };
    assert!(is_chunked(product.clone(), DType::I32, &[65_537]));
    assert!(!is_chunked(product, DType::F32, &[65_537]));
    assert!(!is_chunked(max, DType::F32, &[65_537]));
}
