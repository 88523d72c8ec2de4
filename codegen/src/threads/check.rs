//! What holds of thread programs besides what the verifier says of all kernels.

use super::cut::register;
use crate::kernel::{Directive, Form, Kernel, Op, Stmt, Subscript};
use crate::target::Target;

/// Why a kernel is no thread program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotThreads {
    /// Parallel loops are tasks or plain loops.
    #[error("there is a parallel loop")]
    Par,
    /// Folds are loops.
    #[error("there is a fold")]
    Fold,
    /// What directives say has been done.
    #[error("there is a directive for {0:?}")]
    Directive(crate::kernel::VarId),
    /// Accesses go by lanes.
    #[error("an access goes along a span")]
    Span,
    /// What is left out is left out by guards and masks.
    #[error("an access is clipped")]
    Clip,
    /// Tiles are the pieces of their rows.
    #[error("there is a tile")]
    Tile,
    /// Vectors fit into a register.
    #[error("a vector of {0} elements, of which a register holds {1}")]
    Vector(u32, u32),
    /// Operations on tiles are operations on vectors.
    #[error("there is the operation {0}")]
    Op(&'static str),
}

/// Checks that a kernel, which verifies, is a thread program for a target: no parallel loop, fold or directive; no tile,
/// span, `clip` or operation on tiles; and no vector that is longer than a register.
///
/// # Errors
/// What it has, first of all in its text, that no thread program has.
pub fn is_thread_program(kernel: &Kernel, target: &Target) -> Result<(), NotThreads> {
    if let Some(Directive::Vec(var, _)) = kernel.schedule.first() {
        return Err(NotThreads::Directive(*var));
    }
    let most = register(target);
    let mut found = Ok(());
    kernel.body.visit(&mut |stmt| {
        if found.is_ok() {
            found = statement(kernel, stmt, most);
        }
    });
    found
}

fn statement(kernel: &Kernel, stmt: &Stmt, most: u32) -> Result<(), NotThreads> {
    match stmt {
        Stmt::Par { .. } => return Err(NotThreads::Par),
        Stmt::Fold(_) => return Err(NotThreads::Fold),
        Stmt::Compute {
            op: op @ (Op::Rows(..) | Op::Columns(..) | Op::Mma(..)),
            ..
        } => return Err(NotThreads::Op(op.name())),
        Stmt::Tasks { .. }
        | Stmt::For { .. }
        | Stmt::If { .. }
        | Stmt::Let { .. }
        | Stmt::Compute { .. }
        | Stmt::Load { .. }
        | Stmt::Store { .. } => {}
    }
    if let Some(access) = stmt.access() {
        let is_span = |subscript: &Subscript| matches!(subscript, Subscript::Span(_));
        if access.at.iter().any(is_span) {
            return Err(NotThreads::Span);
        }
        if access.clip {
            return Err(NotThreads::Clip);
        }
    }
    for value in super::rewrite::defined_values(stmt) {
        match kernel.type_of(value).form {
            Form::Scalar => {}
            Form::Vector(lanes) if lanes <= most => {}
            Form::Vector(lanes) => return Err(NotThreads::Vector(lanes, most)),
            Form::Tile(..) => return Err(NotThreads::Tile),
        }
    }
    Ok(())
}
