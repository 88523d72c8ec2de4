//! How wide vectors are in loops of any length.

use super::attach_vectors;
use crate::kernel::{Directive, Kernel};
use crate::target::Target;

/// How many iterations of a loop over an operation go at once.
fn width(dtype: &str, extent: u64, target: &Target) -> Option<u32> {
    let text = format!(
        "kernel square(x: {dtype}[{extent}] in, y: {dtype}[{extent}] out) {{
           par i0 < {extent} grain 1 {{
             v0 = load x[i0] : {dtype}
             v1 = mul v0, v0 : {dtype}
             store y[i0] = v1
           }}
         }}"
    );
    let mut kernel: Kernel = text.parse().unwrap_or_else(|e| panic!("{e}\n{text}"));
    attach_vectors(&mut kernel, target);
    match kernel.schedule.as_slice() {
        [] => None,
        [Directive::Vec(_, width)] => Some(*width),
        more => panic!("{more:?}"),
    }
}

/// As many as registers are held at once, or those that the loop fills; fewer than 128 bits stay scalars.
#[test]
fn loops_that_are_short_have_fewer_lanes() {
    let extents = [1, 2, 3, 4, 15, 16, 31, 32, 63, 64, 1000];
    let found = extents.map(|extent| width("f32", extent, &Target::BITS_128));
    assert_eq!(found, some([0, 0, 0, 4, 8, 16, 16, 16, 16, 16, 16]));
    let found = extents.map(|extent| width("f64", extent, &Target::BITS_128));
    assert_eq!(found, some([0, 2, 2, 4, 8, 8, 8, 8, 8, 8, 8]));
}

/// With masks, a loop that is shorter than its vectors is one of them.
#[test]
fn masks_take_what_fills_no_vector() {
    let extents = [1, 3, 4, 5, 15, 16, 17, 33, 64, 65];
    let found = extents.map(|extent| width("f32", extent, &Target::X86_64_V3));
    assert_eq!(found, some([0, 0, 4, 8, 16, 16, 32, 32, 32, 32]));
    let found = extents.map(|extent| width("f32", extent, &Target::X86_64_V4));
    assert_eq!(found, some([0, 0, 4, 8, 16, 16, 32, 64, 64, 64]));
}

/// Widths, where 0 is none.
fn some<const N: usize>(widths: [u32; N]) -> [Option<u32>; N] {
    widths.map(|width| (width > 0).then_some(width))
}
