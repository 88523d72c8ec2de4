//! Rewrites: passes from graph to graph.
//!
//! A pass does not change a graph; it builds another, and says in a
//! [`Remap`](crate::graph::Remap) what became of each value. All inputs are kept, in order, even
//! where nothing reads them: they are the graph's interface.

mod dce;
mod decompose;

pub use dce::dce;
pub use decompose::decompose;
