//! Graph IR of lgc.

pub mod autodiff;
pub mod builder;
pub mod constant;
pub mod diag;
pub mod dtype;
pub mod expr;
pub mod generate;
pub mod graph;
pub mod index;
pub mod interpret;
pub mod lang;
pub mod module;
pub mod op;
pub mod rewrite;
pub mod scalar;
pub mod shape;
pub mod span;
pub mod verify;
