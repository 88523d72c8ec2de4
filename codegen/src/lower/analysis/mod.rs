//! What is known of a graph before anything is decided.
//!
//! A graph in normal form is given: verified, without composites and calls. [`model`] says what each node reads, where
//! and what it costs; [`bounds`] where integers lie. Both describe, and neither changes the graph.

pub(super) mod bounds;
pub(super) mod model;
