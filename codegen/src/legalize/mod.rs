//! Legalisation: kernels in operations that a processor has.
//!
//! A kernel is given that verifies, and what its processor has ([`Operations`]). The result is a kernel like any
//! other, which verifies and computes the same bits: it can be printed and interpreted. What is left in it for back
//! ends is defined for every operand that it is given:
//!
//! | what kernels have | what is left |
//! |---|---|
//! | elementary functions, which are opaque so that what is validated does not depend on how they are computed | their expansions ([`crate::math`]): on native floats the interpreter computes the bits that every back end computes |
//! | quotients and remainders of integers | by divisors that are neither 0 nor, of signed integers, −1 |
//! | shifts of integers | by amounts from 0 to below the width |
//! | maxima and minima of 64-bit integers | comparisons and selects |
//!
//! The last three are left alone where the processor has them for all operands as [`lgc_ir::scalar`] defines them.
//!
//! # What stays with back ends
//! Casts. Each rounds once and is total: floats as integers saturate, and NaN is 0. Back ends have instructions or
//! intrinsics for most of that.
//!
//! Halves, too. In registers they may be whatever a back end likes; casts to them round once, from any dtype, and loads
//! and stores are exact and keep NaN. Written here, a rounding would go by way of `f32` and `f64` values that are rounded
//! themselves (to odd, or by adding a constant whose last bit is the smallest half), which the interpreter does on
//! floats of just that width: kernels that have both could not be compared with their legal forms, bit by bit. Loads
//! and stores would need operations between a half and its bits besides. So a back end brings what
//! [`lgc_ir::half`] defines, as instructions or as integer arithmetic on registers
//! (`backend/cranelift/halves.rs`).

mod functions;
mod integers;
#[cfg(test)]
mod tests;

use crate::kernel::{Form, Kernel, Op, Program, Region, SourceLine, Stmt, ValueId, ValueType};
use crate::target::{Operations, Target};
use crate::workers;
use functions::Opaque;
use integers::Partial;
use lgc_ir::constant::Constant;
use lgc_ir::dtype::DType;
use rayon::prelude::*;
use rustc_hash::FxHashMap;

/// A program of legal kernels: what back ends take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Legal {
    program: Program,
    target: Target,
}

impl Legal {
    /// A program with its kernels legalised for a processor. If it verifies, so does what comes out.
    #[must_use]
    pub fn new(program: &Program, target: &Target) -> Self {
        let legalize = |kernel| legalize(kernel, &target.operations);
        let kernels = workers::on_all(|| program.kernels.par_iter().map(legalize).collect());
        Self {
            program: Program {
                kernels,
                ..program.clone()
            },
            target: target.clone(),
        }
    }

    /// The program.
    #[must_use]
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// What its kernels are legal for.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.target
    }
}

/// The kernel in operations that a processor has.
#[must_use]
pub fn legalize(kernel: &Kernel, operations: &Operations) -> Kernel {
    let lacking = Lacking {
        operations,
        known: integers::known(kernel),
    };
    let mut is_legal = true;
    kernel.body.visit(&mut |stmt| {
        if let Stmt::Compute { op, .. } = stmt {
            is_legal &= lacking.rewrite(op, &kernel.values).is_none();
        }
    });
    let mut legal = kernel.clone();
    if !is_legal {
        let mut body = std::mem::take(&mut legal.body);
        legalize_region(&mut body, &mut legal, &lacking);
        legal.body = body;
    }
    legal
}

/// What decides which operations a processor lacks.
struct Lacking<'l> {
    operations: &'l Operations,
    /// The integer that a value is known to be in all elements, by value.
    known: Vec<Option<i64>>,
}

/// How an operation that a processor lacks is written.
enum Rewrite {
    /// As the expansion of an elementary function.
    Expand(Opaque),
    /// In operations on integers that are never given what they are not defined for.
    Guard(Partial),
}

impl Lacking<'_> {
    fn rewrite(&self, op: &Op, values: &[ValueType]) -> Option<Rewrite> {
        if let Some(opaque) = Opaque::of(op) {
            return Some(Rewrite::Expand(opaque));
        }
        let partial = Partial::of(op, values, &self.known, self.operations);
        partial.map(Rewrite::Guard)
    }
}

/// Legalises a region of a kernel and those inside; nesting is bounded in verified kernels.
fn legalize_region(region: &mut Region, kernel: &mut Kernel, lacking: &Lacking<'_>) {
    let stmts = std::mem::take(&mut region.stmts);
    let mut constants = FxHashMap::default();
    for mut stmt in stmts {
        stmt.regions_mut()
            .for_each(|inner| legalize_region(inner, kernel, lacking));
        let rewrite = match &stmt {
            Stmt::Compute { result, op } => lacking
                .rewrite(op, &kernel.values)
                .and_then(|rewrite| Some((rewrite, *result, *kernel.values.get(result.index())?))),
            Stmt::Par { .. }
            | Stmt::Tasks { .. }
            | Stmt::For { .. }
            | Stmt::Fold(_)
            | Stmt::If { .. }
            | Stmt::Let { .. }
            | Stmt::Load { .. }
            | Stmt::Store { .. } => None,
        };
        let Some((rewrite, result, ty)) = rewrite else {
            region.stmts.push(stmt);
            continue;
        };
        let mut emission = Emission {
            line: kernel.lines.of(result),
            kernel,
            stmts: &mut region.stmts,
            constants: &mut constants,
            form: ty.form,
        };
        match rewrite {
            Rewrite::Expand(opaque) => opaque.expand_to(emission, ty.dtype, result),
            Rewrite::Guard(partial) => {
                let op = partial.guarded(&mut emission, ty.dtype);
                region.stmts.push(Stmt::Compute { result, op });
            }
        }
    }
}

/// Operations of one form that are appended to a region.
struct Emission<'r> {
    kernel: &'r mut Kernel,
    /// The line of what is written in other operations.
    line: Option<SourceLine>,
    stmts: &'r mut Vec<Stmt>,
    /// The constants that are defined in the region already, by their bits.
    constants: &'r mut FxHashMap<(DType, Form, u64), ValueId>,
    form: Form,
}

impl Emission<'_> {
    fn define(&mut self, dtype: DType, op: Op) -> ValueId {
        self.define_form(dtype, self.form, op)
    }

    fn define_form(&mut self, dtype: DType, form: Form, op: Op) -> ValueId {
        let result = self.kernel.new_value(ValueType { dtype, form }, self.line);
        self.stmts.push(Stmt::Compute { result, op });
        result
    }

    fn integer(&mut self, dtype: DType, value: i64) -> ValueId {
        self.constant(dtype, value as u64, || Constant::integer(value))
    }

    fn constant(&mut self, dtype: DType, bits: u64, value: impl FnOnce() -> Constant) -> ValueId {
        let key = (dtype, self.form, bits);
        if let Some(&known) = self.constants.get(&key) {
            return known;
        }
        let scalar = self.define_form(dtype, Form::Scalar, Op::Const(dtype, value()));
        let constant = match self.form {
            Form::Scalar => scalar,
            Form::Vector(_) | Form::Tile(..) => self.define(dtype, Op::Splat(self.form, scalar)),
        };
        self.constants.insert(key, constant);
        constant
    }
}
