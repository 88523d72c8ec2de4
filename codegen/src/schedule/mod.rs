//! Schedules: kernels made faster without changing what they compute, down to the bits.
//!
//! A kernel as lowering emits it is given, without directives. Each pass maps a kernel to one that verifies and
//! computes the same bits: [`collapse`] merges parallel loops, [`hoist`] moves what a loop does not change out of it,
//! [`cse`] computes what is equal once, and [`vectorize`] attaches vectors.

mod access;
mod collapse;
mod cse;
mod hoist;
mod vectorize;

use crate::kernel::Kernel;
use crate::target::Target;
use access::ranges;

/// The kernel with loops merged, constants moved out and vectors attached.
pub(crate) fn schedule(mut kernel: Kernel, target: &Target) -> Kernel {
    let mut ranges = ranges(&kernel);
    collapse::merge_loops(&mut kernel.body, &kernel.memories, &mut ranges);
    hoist::hoist(&mut kernel.body, &kernel.memories);
    cse::merge_equal_values(&mut kernel);
    vectorize::attach_vectors(&mut kernel, target);
    kernel
}
