//! Graph IR of lgc.

pub mod constant;
pub mod dtype;
pub mod scalar;
pub mod shape;
