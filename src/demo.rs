//! The demonstration: handwritten digits, learned by a compiled library.

pub(crate) mod data;
