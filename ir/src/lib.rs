//! Graph IR of lgc.

pub mod constant;
pub mod diag;
pub mod dtype;
pub mod index;
pub mod lang;
pub mod scalar;
pub mod shape;
pub mod span;
