//! Kernel IR and code generation of lgc.

pub mod backend;
pub mod cache;
pub mod kernel;
pub mod legalize;
pub mod level;
pub mod link;
pub mod lower;
pub mod math;
pub mod output;
pub mod schedule;
pub mod shell;
pub mod target;
pub mod threads;
pub mod workers;
