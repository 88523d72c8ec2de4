//! Prefix scans, whole and in chunks.

use super::*;
use lgc_ir::op::{CumMax, CumProd, CumSum, Op};

/// Whether a scan of `ty` along an axis, which is checked, is in chunks.
fn is_chunked(op: impl Into<Op>, dtype: DType, extents: &[u64]) -> bool {
    let b = builder();
    let x = input(&b, "x", dtype, extents);
    let y = b.apply(op, &[x]).unwrap();
    let lowering = check(&finish(b, &[y]));
    lowering.program.to_string().contains("totals")
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
    for (reverse, exclusive) in [(false, false), (true, false), (false, true), (true, true)] {
        // Eight chunks and a rest; and no rest.
        assert!(is_chunked(
            sum(0, reverse, exclusive),
            DType::F64,
            &[65_541]
        ));
        assert!(is_chunked(
            sum(0, reverse, exclusive),
            DType::I32,
            &[65_536]
        ));
    }
    assert!(is_chunked(sum(1, true, false), DType::F64, &[2, 65_539]));
    assert!(is_chunked(sum(0, false, true), DType::F64, &[65_538, 2]));
}

#[test]
fn short_lines_and_many_lines_are_not_cut() {
    assert!(!is_chunked(sum(0, false, false), DType::F64, &[6000]));
    let b = builder();
    let x = input(&b, "x", DType::F64, &[16, 65_536]);
    let y = b.apply(sum(1, false, false), &[x]).unwrap();
    let lowering = lower(&finish(b, &[y]), &Signature::pure("f"), &Target::default()).unwrap();
    assert!(!lowering.program.to_string().contains("totals"));
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
    assert!(!is_chunked(product, DType::F64, &[65_537]));
    assert!(!is_chunked(max, DType::F64, &[65_537]));
}
