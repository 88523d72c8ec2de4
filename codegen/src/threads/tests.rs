//! Small kernels through single passes: their text, and that they compute the same.

use super::{edges, repeat};
use crate::kernel::{Cells, Kernel, interpret_kernel, verify_kernel};
use crate::target::{Costs, Target};
use insta::assert_snapshot;
use lgc_ir::dtype::DType;

/// Products of a 6×10 and a 10×n matrix by tiles of 4×8.
fn product(n: u64) -> Kernel {
    let text = format!(
        "kernel product(x: f32[6, 10] in, w: f32[10, {n}] in, y: f32[6, {n}] out) {{
           for i0 in 0..2 {{
             for i1 in 0..{} {{
               v0 = const 0 : f32
               v1 = splat v0 : f32 tile<4, 8>
               (v2) = carry (v3 = v1) for i2 in 0..10 {{
                 v4 = load x[4*i0:, i2] clip : f32<4>
                 v5 = load w[i2, 8*i1:] clip : f32<8>
                 v6 = mma v3, v4, v5 : f32 tile<4, 8>
                 yield v6
               }}
               store y[4*i0:, 8*i1:] = v2 clip
             }}
           }}
         }}",
        n.div_ceil(8)
    );
    parsed(&text)
}

fn parsed(text: &str) -> Kernel {
    let kernel: Kernel = text
        .parse()
        .unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(verify_kernel(&kernel), Ok(()), "{text}");
    kernel
}

/// What all memory holds after a kernel, which is first filled with wild numbers.
fn outcome(kernel: &Kernel) -> Vec<Vec<u32>> {
    let cells = |count: u64| {
        let wild = |at: u64| ((at * 2_654_435_761) % 1000) as f32 / 137.0 - 3.5;
        Cells::numbers(DType::F32, (0..count).map(wild))
    };
    let mut args: Vec<Cells<f32>> = kernel
        .params()
        .map(|(_, memory, _)| cells(memory.ty.elements()))
        .collect();
    interpret_kernel(&(), kernel, &mut args).unwrap_or_else(|error| panic!("{error}\n{kernel}"));
    let bits = |cells: &Cells<f32>| {
        let numbers = cells.as_numbers().unwrap_or_default();
        numbers.iter().map(|x| x.to_bits()).collect()
    };
    args.iter().map(bits).collect()
}

/// The kernel after some passes, each of which must keep what it computes.
fn passed(kernel: &Kernel, passes: &[super::Pass], target: &Target) -> Kernel {
    let mut kernel = kernel.clone();
    for pass in passes {
        let result = pass(&kernel, target).unwrap_or_else(|refusal| panic!("{refusal:?}"));
        assert_eq!(verify_kernel(&result), Ok(()), "{result}");
        assert_eq!(outcome(&result), outcome(&kernel), "{kernel}\n{result}");
        kernel = result;
    }
    kernel
}

#[test]
fn tiles_inside_have_a_loop_of_their_own() {
    let kernel = passed(&product(20), &[edges::edges], &Target::BITS_128);
    assert_snapshot!(kernel);
    // Columns lie inside in any case: only rows are asked for.
    let kernel = passed(&product(16), &[edges::edges], &Target::BITS_128);
    let text = kernel.to_string();
    assert!(text.contains("if 0 <= i0 < 1 {"), "{text}");
    assert_eq!(text.matches("clip").count(), 2, "{text}");
}

#[test]
fn edges_are_no_matter_where_all_or_no_tiles_lie_inside() {
    let inside = product(16).to_string().replace("f32[6, ", "f32[8, ");
    let inside = passed(&parsed(&inside), &[edges::edges], &Target::BITS_128);
    let text = inside.to_string();
    assert!(!text.contains("clip") && !text.contains("if"), "{text}");
    let kernel = product(5);
    let never = passed(&kernel, &[edges::edges], &Target::BITS_128);
    assert_eq!(never, kernel);
    // A span that moves with the loop is no matter of its tiles.
    let moving = kernel.to_string().replace("x[4*i0:, i2]", "x[i2:, 0]");
    let moving = parsed(&moving);
    let text = passed(&moving, &[edges::edges], &Target::BITS_128).to_string();
    assert!(text.contains("load x[i2:, 0] clip"), "{text}");
}

#[test]
fn bodies_are_repeated_in_whole_rounds() {
    let passes: [super::Pass; 2] = [edges::edges, repeat::repeat];
    let kernel = passed(&product(20), &passes, &Target::BITS_128);
    assert_snapshot!(kernel);
    for tile_repetitions in [1, 2, 3, 5, 10, 11] {
        let target = Target {
            costs: Costs {
                tile_repetitions,
                ..Costs::BITS_128
            },
            ..Target::BITS_128
        };
        let edges = passed(&product(16), &passes[..1], &target);
        let kernel = passed(&edges, &passes[1..], &target);
        let products = kernel.to_string().matches("mma").count() as u32;
        let more = match tile_repetitions {
            1 | 11 => 0,
            2 | 5 | 10 => tile_repetitions - 1,
            _ => tile_repetitions,
        };
        assert_eq!(products, 2 + more, "{kernel}");
    }
}
