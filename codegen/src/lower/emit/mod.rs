//! Kernels from groups.
//!
//! A plan is given, and each of its groups becomes a kernel that computes what the graph says, in the order that
//! [`super::grouping`] settles. [`element`] emits the value of a node at a point ([`lanes`]: of a vector or tile;
//! [`picked`]: at run-time coordinates); the others emit the loops around it: [`nest`] for elementwise groups and
//! with [`reduce`] for those that fold, [`contract`], [`prefix`], [`scatter`] and [`sort`], each for its op, and
//! [`indexed`] for the checks of indices. Kernels are not scheduled: no directive is attached here.

pub(super) mod contract;
pub(super) mod element;
pub(super) mod indexed;
pub(super) mod lanes;
pub(super) mod nest;
mod picked;
pub(super) mod prefix;
mod reduce;
pub(super) mod scatter;
pub(super) mod sort;
