//! Gathers and scatters through views: nothing is copied to be picked from, or to be added to.

use super::*;
use crate::kernel::Step;
use lgc_ir::lang::example;

fn lowered(text: &str) -> Lowering {
    let graph = example(text)
        .unwrap_or_else(|e| panic!("{text}: {e}"))
        .graph;
    lower(&graph, &Signature::pure("entry"), &Target::BITS_128).unwrap()
}

/// Gathers of views of x and of what has a few elements, so that samples are in range.
const GATHERS: &[&str] = &[
    "(x: f32[5, 4], i: i32[3]) -> gather(transpose(x, permutation = [1, 0]), i)",
    "(x: f32[5, 4], i: i32[3]) -> gather(transpose(x, permutation = [1, 0]), i, axis = 1)",
    "(x: f32[4, 6], i: i64[3, 2]) -> gather(reshape(x, shape = [24]), i)",
    "(x: f32[4, 6], i: i32[3]) -> gather(reshape(x, shape = [3, 8]), i)",
    "(x: f32[4, 6], i: i32[3]) -> gather(reshape(x, shape = [3, 2, 4]), i, axis = 1)",
    "(x: f32[24], i: i32[5]) -> gather(reshape(x, shape = [3, 8]), i, axis = 1)",
    "(x: f32[9, 4], i: i32[3]) -> gather(slice(x, start = [2, 1], limit = [8, 4], step = [2, 1]), i)",
    "(x: f32[4, 5], i: i32[6]) -> gather(reverse(x, axes = [0]), i)",
    "(x: f32[3], i: i32[2]) -> gather(broadcast_in_dim(x, shape = [4, 3], axes = [1]), i)",
    "(x: f32[3], i: i32[2]) -> gather(broadcast_in_dim(x, shape = [3, 4], axes = [0]), i)",
    "(x: f32[2, 3], i: i32[7]) -> gather(pad(x, low = [1, 0], high = [1, 1], value = 2.5), i)",
    "(x: f32[2, 3], i: i32[7]) -> gather(pad(x, low = [1, 0], high = [1, 1], value = 2.5), i, axis = 1)",
    "(x: f32[2, 3], i: i32[7]) -> gather(pad(x, low = [0, 0], high = [0, 0], interior = [1, 1]), i)",
    "(x: f32[3, 4], i: i32[5]) -> gather(reshape(pad(x, low = [1, 1], high = [0, 0]), shape = [20]), i)",
    "(x: f32[1, 3], y: f32[2, 3], i: i32[2]) -> gather(concat(x, y), i)",
    "(x: f32[6], i: i32[4]) -> gather(window(x, axes = [0], size = [3]), i)",
    "(x: f32[6], i: i32[4]) -> gather(window(x, axes = [0], size = [3], padding = [1, 1]), i, axis = 1)",
    "(x: f16[5, 4], i: u32[3]) -> gather(transpose(x, permutation = [1, 0]), i)",
    "(x: i32[5, 4], i: i32[3]) -> gather(reshape(transpose(x, permutation = [1, 0]), shape = [20]), i)",
    "(x: bool[5, 4], i: i32[3]) -> gather(transpose(x, permutation = [1, 0]), i)",
    "(x: f32[4, 3], i: i32[4, 2]) -> gather(reshape(x, shape = [4, 3]), i, axis = 1, batch = 1)",
    "(x: f32[4, 5], i: i32[3]) -> exp(gather(transpose(x, permutation = [1, 0]), i)) * 2.0",
    "(x: f32[4, 5], i: i32[3]) -> sum(gather(transpose(x, permutation = [1, 0]), i), axes = [1])",
    "(i: i32[3]) -> gather(iota(shape = [4, 5], axis = 0, dtype = f32), i)",
    "(i: i32[3]) -> gather(reshape(iota(shape = [24], axis = 0, dtype = i64), shape = [4, 6]), i, axis = 1)",
    "(x: f32[3, 4, 5], i: i32[6, 2]) -> gather_nd(x, i)",
    "(x: f32[3, 4, 5], i: i32[6, 3]) -> gather_nd(x, i)",
    "(x: f32[6, 4, 5], i: i32[6, 2, 2]) -> gather_nd(x, i, batch = 1)",
    "(x: f32[3, 4, 5], i: i32[6, 2]) -> gather_nd(transpose(x, permutation = [2, 0, 1]), i)",
    "(x: f32[4, 5], i: i32[2, 5]) -> take_along_axis(x, i, axis = 0)",
    "(x: f32[4, 5, 3], i: i64[4, 2, 3]) -> take_along_axis(x, i, axis = 1)",
];

#[test]
fn tables_are_read_through_views() {
    for text in GATHERS {
        let graph = example(text)
            .unwrap_or_else(|e| panic!("{text}: {e}"))
            .graph;
        let lowering = check(&graph);
        let inside = lowering.program.buffers.iter();
        let statuses = inside.filter(|buffer| buffer.name.0.starts_with("status"));
        // Nothing but the statuses of checks is in the workspace.
        let most = 64 * statuses.count() as u64;
        let workspace = lowering.program.workspace;
        assert!(
            workspace <= most,
            "{text}: {workspace}\n{}",
            lowering.program
        );
    }
}

/// Eight gigabytes, of which a few numbers are read.
#[test]
fn large_tables_are_not_copied() {
    for text in [
        "(x: f32[46340, 46340], i: i32[2, 2]) -> gather_nd(x, i)",
        "(x: f32[46340, 46340], i: i64[1, 46340]) -> take_along_axis(x, i, axis = 0)",
        "(x: f32[46340, 46340], i: i32[2]) -> gather(transpose(x, permutation = [1, 0]), i)",
        "(x: f32[46340, 46340], i: i32[2]) -> gather(reshape(x, shape = [2147395600]), i)",
        "(x: f32[46340], i: i32[2]) -> gather(broadcast_in_dim(x, shape = [46340, 46340], axes = [0]), i)",
        "(x: f32[46340, 23170], y: f32[46340, 23170], i: i32[2]) -> gather(concat(x, y, axis = 1), i, axis = 1)",
        "(x: f32[46340, 46340], i: i32[2, 2], u: f32[2]) -> scatter_nd_add(x, i, u)",
        "(x: f32[46340, 46340], i: i32[2, 1], u: f32[2, 46340]) -> scatter_nd_add(x, i, u)",
        "(x: f32[46340, 46340], i: i32[1, 46340], u: f32[1, 46340]) -> scatter_elements_add(x, i, u, axis = 0)",
    ] {
        let lowering = lowered(text);
        let workspace = lowering.program.workspace;
        assert!(
            workspace <= 4096,
            "{text}: {workspace}\n{}",
            lowering.program
        );
    }
}

/// A table that each of many indices would read in several places is put together once.
#[test]
fn tables_of_parts_are_copied_where_that_is_less() {
    let lowering = lowered("(x: f32[8, 4], y: f32[8, 4], i: i32[1000]) -> gather(concat(x, y), i)");
    assert!(
        lowering.program.workspace >= 16 * 4 * 4,
        "{}",
        lowering.program
    );
}

/// Scatters whose result is a view, with the number of buffers of the program that hold all of it.
const SCATTERS: &[&str] = &[
    "(x: f32[3, 4], i: i32[5, 2], u: f32[5]) -> scatter_nd_add(x, i, u)",
    "(x: f32[3, 4, 5], i: i32[6, 2], u: f32[6, 5]) -> scatter_nd_add(x, i, u)",
    "(x: f32[3, 4, 5], i: i32[6, 3], u: f32[6]) -> scatter_nd_add(x, i, u)",
    "(x: f32[2, 3, 4], i: i32[2, 2, 1], u: f32[2, 2, 4]) -> scatter_nd_add(x, i, u, batch = 1)",
    "(x: f32[4, 5], i: i32[3, 5], u: f32[3, 5]) -> scatter_elements_add(x, i, u, axis = 0)",
    "(x: f32[4, 5, 3], i: i64[4, 2, 3], u: f32[4, 2, 3]) -> scatter_elements_add(x, i, u, axis = 1)",
    "(x: f16[3, 4], i: i32[5, 2], u: f16[5]) -> scatter_nd_add(x, i, u)",
    "(x: i32[3, 4, 1], i: i32[5, 2], u: i32[5, 1]) -> scatter_nd_add(x, i, u)",
    "(x: f32[4, 5], i: i32[3], u: f32[5, 3]) -> scatter_add(x, i, transpose(u, permutation = [1, 0]))",
    "(x: f32[4, 5], i: i32[3], u: f32[3, 5]) -> reverse(scatter_add(x, i, u), axes = [0])",
    "(x: f32[4, 6], i: i32[3], u: f32[3, 6]) -> reshape(scatter_add(x, i, u), shape = [24])",
    "(x: f32[4, 6], i: i32[3], u: f32[3, 6]) -> (scatter_add(x, i, u), reshape(scatter_add(x, i, u), shape = [6, 4]))",
];

#[test]
fn scatters_write_where_their_views_are() {
    let mut direct = 0;
    for text in SCATTERS {
        let graph = example(text)
            .unwrap_or_else(|e| panic!("{text}: {e}"))
            .graph;
        let lowering = check(&graph);
        let scatters = |step: &&Step| matches!(step, Step::Launch { .. });
        let launches = lowering.program.steps.iter().filter(scatters).count();
        let checks = lowering.program.steps.iter();
        let checks = checks.filter(|step| matches!(step, Step::Check { .. }));
        direct += usize::from(launches - checks.count() == 1);
    }
    // The last three are no such views.
    assert_eq!(direct, SCATTERS.len() - 3);
}

#[test]
fn scatters_update_in_place() {
    for (text, in_place) in [
        (
            "(x: f32[4, 5], i: i32[3], u: f32[3, 5]) -> scatter_add(x, i, u)",
            true,
        ),
        (
            "(x: f32[3, 4, 5], i: i32[6, 2], u: f32[6, 5]) -> scatter_nd_add(x, i, u)",
            true,
        ),
        (
            "(x: bf16[4, 5], i: i32[3], u: bf16[3, 5]) -> scatter_add(x, i, u)",
            true,
        ),
        // The old value is read elsewhere, or is not what the sums start from.
        ("(x: f32[4, 5], i: i32[4]) -> scatter_add(x, i, x)", false),
        (
            "(x: f32[5, 5], i: i32[3], u: f32[3, 5]) -> scatter_add(transpose(x, permutation = [1, 0]), i, u)",
            false,
        ),
        (
            "(x: f32[4, 5], i: i32[3], u: f32[3, 5]) -> scatter_add(x * 2.0, i, u)",
            false,
        ),
    ] {
        let graph = example(text).unwrap().graph;
        let signature = Signature {
            name: "step".into(),
            next: vec![Some(0)],
        };
        let lowering = check_with(&graph, &signature, &samples(&graph));
        let mut steps = lowering.program.steps.iter();
        let copies = steps.any(|step| matches!(step, Step::Copy { .. }));
        assert_eq!(!copies, in_place, "{text}\n{}", lowering.program);
    }
}

#[test]
fn indices_out_of_range_are_errors_through_views() {
    for (text, wrong) in [
        (
            "(x: f32[5, 4], i: i32[3]) -> gather(transpose(x, permutation = [1, 0]), i)",
            [0, 4, 1],
        ),
        (
            "(x: f32[9], i: i32[3]) -> gather(slice(x, start = [0], limit = [4]), i)",
            [0, 4, 1],
        ),
        (
            "(x: f32[9], i: i32[3]) -> gather(pad(x, low = [2], high = [2]), i)",
            [0, -1, 1],
        ),
        (
            "(x: f32[3, 4], i: i32[1, 3]) -> take_along_axis(transpose(x, permutation = [1, 0]), i, axis = 0)",
            [0, 1, 4],
        ),
        (
            "(x: f32[3, 4, 5], i: i32[1, 3]) -> gather_nd(x, i)",
            [2, 4, 1],
        ),
        (
            "(x: f32[3, 4, 5], i: i32[1, 3], u: f32[1]) -> scatter_nd_add(x, i, u)",
            [2, 3, 5],
        ),
    ] {
        let graph = example(text).unwrap().graph;
        let signature = Signature::pure("entry");
        let lowering = lower(&graph, &signature, &Target::BITS_128).unwrap();
        let mut inputs = samples(&graph);
        inputs[1] = Tensor::integers(inputs[1].ty.clone(), wrong);
        let (status, _) = run(&lowering.program, &graph, &signature, &inputs);
        assert_eq!(status, lgc_abi::Status::IndexOutOfRange.code(), "{text}");
    }
}
