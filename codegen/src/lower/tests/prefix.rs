//! Prefix scans, whole and in blocks.

use super::*;
use lgc_ir::op::{CumMax, CumProd, CumSum, Op};

/// Whether a scan is in blocks. It is checked.
fn is_cut(op: impl Into<Op>, dtype: DType, extents: &[u64]) -> bool {
    let b = builder();
    let x = input(&b, "x", dtype, extents);
    let y = b.apply(op, &[x]).unwrap();
    let graph = finish(b, &[y]);
    let lowering = lower(&graph, &Signature::pure("f"), &Target::default()).unwrap();
    check(&graph);
    // Sums keep what blocks come to in memory; of products, a block that is unsafe is marked by NaN.
    let text = lowering.program.to_string();
    text.contains("blocks0") || text.contains("const nan")
}

fn sum(axis: i64, reverse: bool, exclusive: bool) -> CumSum {
    CumSum {
        axis,
        reverse,
        exclusive,
    }
}

fn product() -> CumProd {
    CumProd {
        axis: 0,
        reverse: false,
        exclusive: false,
    }
}

#[test]
fn long_lines_are_cut_into_blocks() {
    // Whole blocks and a rest; and no rest.
    assert!(is_cut(sum(0, true, true), DType::F64, &[4133]));
    assert!(is_cut(sum(0, false, false), DType::I32, &[1024]));
    assert!(is_cut(sum(1, false, true), DType::Bf16, &[2, 1027]));
    assert!(is_cut(sum(0, true, false), DType::I32, &[1026, 2]));
    assert!(is_cut(sum(0, true, false), DType::F32, &[2060, 13]));
    assert!(is_cut(product(), DType::F64, &[1025]));
}

#[test]
fn short_lines_are_not_cut_however_many_they_are() {
    assert!(!is_cut(sum(0, false, false), DType::F64, &[512]));
    assert!(!is_cut(sum(1, false, false), DType::F64, &[5, 500]));
    assert!(!is_cut(sum(0, false, false), DType::F32, &[500, 11]));
}

#[test]
fn what_is_exact_in_any_order_is_not_cut() {
    let max = CumMax {
        axis: 0,
        reverse: false,
        exclusive: false,
    };
    assert!(!is_cut(product(), DType::I32, &[1025]));
    assert!(!is_cut(max, DType::F32, &[1025]));
}

/// Wide panels take several steps along their lines at once; what is left over of the lines, and of the panel in shorter
/// vectors, is taken too.
#[test]
fn wide_panels_take_several_steps_at_once() {
    for steps in [1, 2, 3, 4, 5, 7, 8, 11] {
        for width in [1024, 1030, 2054] {
            for reverse in [false, true] {
                let b = builder();
                let x = input(&b, "x", DType::F32, &[steps, width]);
                let scans: [Op; 3] = [
                    sum(0, reverse, false).into(),
                    sum(0, reverse, true).into(),
                    CumMax {
                        axis: 0,
                        reverse,
                        exclusive: false,
                    }
                    .into(),
                ];
                let results: Vec<_> = scans
                    .into_iter()
                    .map(|scan| b.apply(scan, std::slice::from_ref(&x)).unwrap())
                    .collect();
                check(&finish(b, &results));
            }
        }
    }
}
