//! Programs from kernels.
//!
//! Kernels of all groups are given, in no order. [`assemble`] makes buffers and steps of them; [`order`] puts checks before
//! anything that is updated in place is written, and decides what is; [`workspace`] says which buffers share
//! bytes; [`region`] lowers the bodies of loops and branches, which are programs of their own. The program that
//! comes out verifies.

pub(super) mod assemble;
pub(super) mod order;
pub(super) mod region;
pub(super) mod workspace;
