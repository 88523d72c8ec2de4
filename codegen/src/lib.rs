//! Kernel IR and code generation of lgc.

pub mod link;
pub mod output;
