//! The kernel IR: what an entry does, as loops over memory.
//!
//! Lowering turns a graph into a [`Program`]: buffers, kernels, and a tree of steps that launch
//! them. A [`Kernel`] is a closed function of its parameters, shared by every launch that has the
//! same shapes. Printer and parser give it a text form, the verifier says what the emitter may rely
//! on, the interpreter what it means, over any [`lgc_ir::scalar::Scalar`].
//!
//! # Values and memory
//! Values are in static single assignment form: [`ValueId`] indexes [`Kernel::values`], which holds
//! a [`ValueType`]: a dtype and a form, one element, a vector of `n`, or a tile of `m×n`. Operations
//! work element by element on equal forms. Truth values are elements of `bool`. Index variables are
//! a namespace of their own: [`VarId`] `k` is variable `k` of every [`Index`](lgc_ir::index::Index)
//! of the kernel, has one defining loop, and is visible in its body only. Memory is what
//! [`MemId`] indexes in [`Kernel::memories`]: the parameters, then local buffers. Parameters never
//! overlap, except that two `in` parameters may. All memory is dense and row-major.
//!
//! # Statements
//! * `par i < E grain g {…}`: the iterations, `0..E`, may run in any order and at the same time; none
//!   may read or write what another writes (faults excepted). A task is at least `g` iterations.
//! * `tasks i < N with (memories; values; variables) {…}`: the same as `par`, as N calls of one function, which sees
//!   nothing of what is around it but what is listed: its frame.
//! * `for i in lo..hi step s below c until v {…}`: the points lo, lo+|s|, … below hi (and below the constant c and
//!   the `i64` scalar v, if they are given), in increasing order, or in decreasing order of the same points when s < 0.
//! * `(r…) = carry (s = init, …) for … { … yield n, … }`: the same, with values handed from one
//!   iteration to the next. After the last, r is the last n (or init when there was no iteration).
//! * `(r…) = fold i < E lanes L chunk N (s = init, …) { … yield n, … } merge (a, b, …) {… yield m, …}`:
//!   see below.
//! * `if c {…} else {…}`: c is a guard over index variables or a truth value; both branches may
//!   yield values.
//! * `let b: f32[…] @private {…}`: a local buffer; its contents are undefined on entry.
//! * `v = op …`, `v = load …`, `store …`.
//!
//! # Folds: lanes and chunks are semantics
//! L is a power of two. Chunk `c` holds the elements `c·N .. min((c+1)·N, E)`: it is cut at multiples of
//! N, whatever E is. Within a chunk, element `i` belongs to lane `i mod L` (N is a multiple of L where
//! there are several chunks, so that is also its place since the start of the chunk).
//! Each lane of each chunk starts from `init` and steps through its elements in increasing order.
//! Then, in each chunk, lanes merge by halving: for `w = L/2, L/4, …, 1`, and each `l < w`,
//! `lane[l] = merge(lane[l], lane[l + w])`; the chunk's value is `lane[0]`. Then chunks merge as
//! neighbours: `[x0, x1, x2, x3, x4] → [merge(x0, x1), merge(x2, x3), x4] → …` until one is left.
//! Lanes without elements take part with their `init`, which must therefore be neutral
//! (−0 for sums of floats). Different elements may otherwise be stepped in any order: the body may
//! store, but must not load what another element stores.
//!
//! # Accesses
//! An [`Access`] names memory and one [`Subscript`] per axis: an index, a *span* (`i0:`: a vector
//! lies along that axis; a tile along two, rows along the first) or a run-time integer. An access
//! happens where its guard and its mask hold. A vector may also be accessed *by lanes*, without a span: the variable
//! that the kernel declares with `lane i` then stands for 0, 1, … in its subscripts, guard and position of a fault,
//! and mask, `else` value and run-time subscripts may be vectors themselves. Lanes are stored in increasing order. Elsewhere a load yields its `else` value, or zero
//! without one, and a store does nothing. With `clip`, the elements of a span past the end of the
//! axis are likewise left out. Apart from that, every index must be in range (the verifier proves
//! it). A run-time subscript is clamped into the axis; with `guard s at p`, one that was out of range
//! also lowers `s` (an `i64`, the smallest position of a fault, `i64::MAX` meaning none) to `p`.
//!
//! # Arithmetic
//! As [`lgc_ir::scalar`] defines it. `mma(acc, a, b)` is `acc[r, c] = fma(a[r], b[c], acc[r, c])`,
//! rounded once; so a contraction is one chain of fused multiply-adds in the order of its loop.
//!
//! # Thread programs
//! Kernels in which a thread, and later a warp, can see all that it does are *thread programs*: tasks in place of
//! `par`, loops in place of folds, vectors that fill registers and go by lanes in place of spans, tiles and `vec`. The
//! passes of [`crate::threads`] make them; back ends read nothing else.
//!
//! # Lines of sources
//! Values may have the [`SourceLine`] that they are computed for, written after their type: `v1 = exp v0 : f32 @12`. Kernels that differ in lines differ, so what is compiled once has one.
//!
//! # Schedules
//! [`Directive`]s stand beside the body and never change what it means, down to the bits. There are those that
//! [`crate::schedule`] attaches and back ends honour, and no others: `vec`, on innermost loops.

mod body;
mod builder;
mod interpret;
mod lines;
mod observe;
pub mod op;
mod parse;
mod print;
mod program;
mod renumber;
mod stmt;
#[cfg(test)]
mod tests;
mod verify;

pub use body::{BodyMask, BodyScalar};
pub use builder::{BuildError, FoldShape, KernelBuilder};
pub use interpret::{
    Arguments, Cells, Element, InterpretError, Interpreter, interpret, interpret_kernel,
};
pub use lines::{SourceLine, SourceLines};
pub use op::{Form, Op, ValueType};
pub use parse::ParseError;
pub use program::{
    Arg, Buffer, BufferId, Directive, Kernel, KernelId, Memory, Mode, Name, Place, Program, Role,
    Space, Step,
};
pub use renumber::IdVisitor;
pub(crate) use stmt::end_of;
pub use stmt::{
    Access, Carried, Condition, Fault, Fold, FoldState, ForRange, Join, Region, Stmt, Subscript,
    TaskFrame,
};
pub(crate) use verify::loop_points;
pub use verify::{
    MAX_ELEMENTS, MAX_LANES, MAX_REPORTED, VerifyCode, VerifyError, verify, verify_kernel,
};

/// Loops, branches and buffers of a kernel, or steps of a program, nest no deeper than this.
pub const MAX_NESTING: usize = 64;

macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident)+) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u32);
        impl $name {
            /// The number as a position in the table of these.
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }
    )+};
}

ids! {
    /// A value of a kernel: a position in [`Kernel::values`].
    ValueId
    /// Memory of a kernel: a position in [`Kernel::memories`].
    MemId
    /// An index variable: the number of a variable in index expressions.
    VarId
}

pub(crate) use ids;

impl VarId {
    /// The variable as an index expression.
    pub fn to_index(self) -> lgc_ir::index::Index {
        lgc_ir::index::Index::var(self.0)
    }
}
