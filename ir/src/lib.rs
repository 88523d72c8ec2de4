//! Graphs of tensor programs: what they are, how they are written, and how they are differentiated.
//!
//! # What a program means
//! A program is a [`graph::Graph`]: ops in single static assignment over tensors of fixed type. An
//! op is written once, in [`op`], as a struct with typed attributes and a few methods over an
//! abstract [`scalar::Scalar`]. Everything that must be known of an op is a reading of those methods:
//!
//! * over `f64` they are the reference semantics ([`interpret`]);
//! * over [`scalar::Exact`] and [`scalar::Residue`] they are checked against the laws of
//!   differentiation in exact arithmetic;
//! * over [`scalar::Dual`] they differentiate themselves, a witness against the stated derivatives;
//! * over [`scalar::Interval`] they enclose whatever rounding can make of them, which is the tolerance
//!   of every test of compiled code;
//! * over [`expr::Sym`] they are data, which lowering, documentation and proofs read;
//! * over [`autodiff::Traced`] they append the ops of their own derivative to a graph.
//!
//! # The way through
//! [`lang`] reads text into a syntax tree and elaborates it into a [`module::Module`] of graphs;
//! [`autodiff`] turns graphs into graphs that compute derivatives; [`rewrite`] makes graphs smaller
//! without changing a bit of what they compute; [`verify`] says what the next stage may rely on. Each
//! of these builds a new graph and leaves the old one as it was. Problems are [`diag::Diagnostic`]s
//! with places in the source; how they look is not decided here.
//!
//! # Invariants
//! * Id order is a topological order, by construction: operands exist before their users.
//! * Only `graph.rs` knows petgraph. Nothing here knows a target, a file or a process.
//! * Code that treats ops differently matches on [`op::Family`], exhaustively; only the op table and
//!   local rewrite rules name single ops.
//! * Nothing recurses over the depth of a graph or of an expression, and nothing panics on input.

pub mod autodiff;
pub mod builder;
pub mod constant;
pub mod coq;
pub mod diag;
pub mod dtype;
pub mod expr;
pub mod generate;
pub mod graph;
pub mod half;
pub mod index;
pub mod interpret;
pub mod lang;
pub mod laws;
pub mod module;
pub mod op;
pub mod reference;
pub mod rewrite;
pub mod scalar;
pub mod shape;
pub mod span;
pub mod verify;
pub mod weights;
