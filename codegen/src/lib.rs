//! Kernel IR and code generation of lgc.

pub mod kernel;
pub mod link;
pub mod math;
pub mod output;
