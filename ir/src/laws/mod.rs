//! The laws of derivatives, checked.
//!
//! 1. *Adjointness*: ⟪JVP(x, dx), δ⟫ = ⟪dx, VJP(x, δ)⟫.
//! 2. *Derivative of the forward*: the JVP graph computes what dual numbers carried through the
//!    forward graph compute. A wrong forward with a matching wrong pair of rules passes law 1.
//! 3. *Zero*: VJP(x, 0) = 0, so that dead cotangents may be dropped.
//! 4. *Composition*: the VJP of a graph is that of its second half followed by that of its first,
//!    wherever it is cut; before the last op this says how an op is appended. *Weaken*: inputs that
//!    nothing reads change nothing and have a gradient of exactly zero.
//! 5. *Dense sweep*: operands precede their users, and one sweep gives the cotangents of all values,
//!    inputs first. *Jacobian*: its reverse rows are its forward columns.
//! 6. *Fan-out*: the cotangent of a value that is used k times is the sum of k contributions, in the
//!    order of the sweep: outputs first, then users from the last to the first.
//!
//! The first three are about the rules of ops, the others about how graphs are differentiated.
//!
//! Beside them stand the *witness* (difference quotients of the forward graph alone, which share no
//! code with any rule), the agreement of *composite* ops with what they decompose into, the
//! *second order* (laws 1 and 2 of the reverse graph itself), and the whole *Jacobian* by rows and by
//! columns. A check draws random points of the domain and evaluates graphs over a [`Number`]: over
//! [`Exact`](crate::scalar::Exact) equality is exact; over [`Residue`](crate::scalar::Residue) it is
//! modulo a large prime, where numbers stay short however deep the graph is, and a false equation of
//! degree d survives a random point with a chance of at most d/2⁶⁰ (Schwartz and Zippel); over
//! [`Enclosed`] values are intervals of reals, and those of equal quantities overlap.
//!
//! Where composite ops take halves, these are computed as floats as well, at points of every
//! [`Scale`](crate::generate::Scale), and compared with the same ops in f32; so are the graphs before and
//! after each pass, bit by bit.
//!
//! A law that compared nothing, or nothing but zeros, is [`Outcome::Skipped`], never proved.

mod affine;
mod body;
mod condition;
mod constants;
mod derivatives;
mod differences;
mod domain;
mod elements;
mod enclosed;
mod evaluation;
mod facts;
mod graph;
mod halves;
mod lints;
pub mod margins;
mod needed;
mod number;
mod outcome;
mod point;
mod precise;
mod preimage;
mod range;
mod ranges;
mod refuted;
mod report;
mod rules;
mod settle;
mod sides;
mod stated;
mod stored;
mod symbols;
mod untaken;
mod wanted;
mod whole;
mod witness;

#[cfg(test)]
mod tests;

pub(crate) use condition::describe_guard;
pub use condition::{Condition, Status, conditions};
pub use derivatives::Derivatives;
pub use domain::{Parameter, Remedy, Unmet};
pub use enclosed::Enclosed;
pub use graph::{Options, Watch, check_derivatives, check_graph, work};
pub use lints::{Lint, lints};
pub use number::{Agreement, Enclosure, Number, Points};
pub use outcome::{Law, Outcome, Skip};
pub use precise::Precise;
pub use report::{Arithmetic, Report};
pub use rules::{LawError, laws_of};
pub use stated::{StatedRule, check_rules};
pub use wanted::sensible_ranges;
