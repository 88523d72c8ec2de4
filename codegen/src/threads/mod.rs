//! Thread programs: what a legal kernel does, spelled out for one thread.
//!
//! A kernel says which iterations are independent and how partial results of a fold are grouped. A thread program
//! says what is done about it, in the same IR and so with the same text, verifier and interpreter: parallel loops are
//! tasks or plain loops, folds are loops that carry vectors, and every vector fills a register (two, of 64-bit elements) or less, and goes
//! by lanes. Legal kernels are given; each pass here yields a kernel that verifies and computes the same bits, which
//! tests hold against the kernel that it came from. Back ends read nothing else, and make no such decision again.
//!
//! | pass | what it decides |
//! |---|---|
//! | [`unfold`] | folds: chunks, lanes in vectors, merges |
//! | [`outline`] | parallel loops: tasks, or plain loops |
//! | [`vectorise`] | loops with `vec`: vectors by lanes, and what is left over |
//! | [`periods`] | loads that start again after a period: rows that are continued, or a branch |
//! | [`edges`] | tiles that may lie at the edge of a matrix: a loop apart for those inside |
//! | [`repeat`] | how often the body of a loop over tiles, or across rows, is there |
//! | [`cut`] | tiles and vectors: pieces that fill a register, or are shorter |
//!
//! [`rewrite`] and [`widen`] are what they are written with.

mod check;
mod cut;
mod edges;
mod outline;
mod periods;
mod repeat;
mod rewrite;
#[cfg(test)]
mod tests;
mod unfold;
mod vectorise;
mod widen;

pub use check::{NotThreads, is_thread_program};

use crate::backend::CompileError;
use crate::backend::refusal::Refusal;
use crate::kernel::{Kernel, Program};
use crate::legalize::Legal;
use crate::target::Target;
use crate::workers;
use rayon::prelude::*;

/// A step from kernels to thread programs.
type Pass = fn(&Kernel, &Target) -> Result<Kernel, Refusal>;

/// The passes, by name and in order.
const PASSES: [(&str, Pass); 7] = [
    ("unfold", unfold::unfold),
    ("outline", outline::outline),
    ("vectorise", vectorise::vectorise),
    ("periods", periods::periods),
    ("edges", edges::edges),
    ("repeat", repeat::repeat),
    ("cut", cut::cut),
];

/// A program whose kernels are thread programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Threads(Program);

impl Threads {
    /// The thread programs of a program, for the target that it is legal for. If it verifies, so does what comes out.
    ///
    /// # Errors
    /// [`CompileError::Unsupported`] if a kernel cannot be one, which no verified kernel is.
    pub fn new(legal: &Legal) -> Result<Self, CompileError> {
        let make = |kernel: &Kernel| thread_program(kernel, legal.target());
        let program = legal.program();
        let kernels: Result<_, _> =
            workers::on_all(|| program.kernels.par_iter().map(make).collect());
        Ok(Self(Program {
            kernels: kernels?,
            ..program.clone()
        }))
    }

    /// The program.
    #[must_use]
    pub fn program(&self) -> &Program {
        &self.0
    }
}

/// What a legal kernel is for a target.
pub(crate) fn thread_program(kernel: &Kernel, target: &Target) -> Result<Kernel, CompileError> {
    let mut passes = PASSES.iter();
    passes.try_fold(kernel.clone(), |kernel, &(_, pass)| {
        passed(&kernel, pass, target)
    })
}

fn passed(kernel: &Kernel, pass: Pass, target: &Target) -> Result<Kernel, CompileError> {
    pass(kernel, target).map_err(|refusal| CompileError::Unsupported {
        function: kernel.name.0.clone(),
        message: refusal.0,
    })
}

/// What a program of kernels is after each pass, by the name of the pass.
///
/// # Errors
/// As [`Threads::new`].
pub fn after_each_pass(
    program: &Program,
    target: &Target,
) -> Result<Vec<(&'static str, Program)>, CompileError> {
    let mut stages: Vec<(&'static str, Program)> = Vec::new();
    for &(name, pass) in &PASSES {
        let before = stages.last().map_or(program, |(_, program)| program);
        let kernels = before.kernels.iter();
        let kernels = kernels.map(|kernel| passed(kernel, pass, target));
        let after = Program {
            kernels: kernels.collect::<Result<_, _>>()?,
            ..before.clone()
        };
        stages.push((name, after));
    }
    Ok(stages)
}

/// The range of each index variable of a thread program.
pub(crate) fn ranges(kernel: &Kernel) -> Vec<(i64, i64)> {
    rewrite::Bounds::of(kernel).all().to_vec()
}
