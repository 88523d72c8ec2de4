//! Loops that accumulate register tiles.
//!
//! At the edges of a matrix some elements of a tile lie outside. Whether there are any does not
//! change while a tile is accumulated, so it is decided once: the loop is emitted for tiles that lie
//! inside, without conditions and with its body repeated, and again for those at the edges.

use crate::kernel::{Access, Carried, Form, Memory, Op, Region, Stmt, Subscript, VarId};
use crate::machine::kernel::KernelEmitter;
use crate::machine::refusal::Result;
use cranelift_codegen::ir::Value;
use lgc_ir::index::{Guard, Index};

/// A span that may go past the end of its axis.
pub(crate) struct OpenSpan {
    /// Which axis of the form it is.
    pub(crate) axis: usize,
    /// Where it starts.
    pub(crate) start: Index,
    /// The extent of its axis.
    pub(crate) extent: i64,
    /// Its length.
    length: i64,
}

/// Whether a loop carries tiles that its body, which is straight-line, accumulates.
pub(crate) fn accumulates(carried: &[Carried], body: &Region) -> bool {
    let is_flat = body
        .stmts
        .iter()
        .all(|stmt| stmt.regions().next().is_none());
    let has_product = body.stmts.iter().any(|stmt| {
        matches!(
            stmt,
            Stmt::Compute {
                op: Op::Mma(..),
                ..
            }
        )
    });
    is_flat && has_product && !carried.is_empty()
}

impl<'k> KernelEmitter<'k> {
    /// The spans of an access that are clipped and not known to lie inside.
    pub(crate) fn open_spans(&self, access: &Access, memory: &Memory, form: Form) -> Vec<OpenSpan> {
        let mut spans = Vec::new();
        let mut axis_of_form = 0;
        for (axis, subscript) in access.at.iter().enumerate() {
            let Subscript::Span(start) = subscript else {
                continue;
            };
            let span = OpenSpan {
                axis: axis_of_form,
                start: start.clone(),
                extent: memory.ty.shape.extent(axis) as i64,
                length: i64::from(form.extent(axis_of_form)),
            };
            axis_of_form += 1;
            let most = span.extent - span.length + 1;
            let bounds = &self.vars.bounds;
            let fits = || start.stays_within((None, Some(most)), bounds, &access.guard);
            let is_interior = self.interior.is_some_and(|var| !start.mentions(var.0));
            if access.clip && !is_interior && !fits() {
                spans.push(span);
            }
        }
        spans
    }

    /// A loop over a known range that accumulates tiles; the parts of what is carried out of it.
    pub(crate) fn accumulate(
        &mut self,
        var: VarId,
        range: (i64, i64),
        (carried, inits): (&[Carried], Vec<Value>),
        body: &'k Region,
    ) -> Result<Vec<Value>> {
        let Some(inside) = self.lies_inside(var, body) else {
            return self.counted(
                var,
                range,
                (1, i64::from(self.target.costs.tile_repetitions)),
                (carried, inits),
                body,
            );
        };
        let branch = self.core.branch(inside);
        self.interior = Some(var);
        let interior = (carried, inits.clone());
        let values = self.counted(
            var,
            range,
            (1, i64::from(self.target.costs.tile_repetitions)),
            interior,
            body,
        )?;
        self.interior = None;
        self.core.otherwise(&branch, &values);
        let values = self.counted(var, range, (1, 1), (carried, inits), body)?;
        Ok(self.core.join(branch, &values))
    }

    /// Whether every clipped span that is the same in all iterations lies inside; `None` if that is
    /// known, or if there is none.
    fn lies_inside(&mut self, var: VarId, body: &Region) -> Option<Value> {
        let kernel = self.kernel;
        let mut all = None;
        for stmt in &body.stmts {
            let (access, value) = match stmt {
                Stmt::Load { result, access, .. } => (access, *result),
                Stmt::Store { access, value } => (access, *value),
                Stmt::Par { .. }
                | Stmt::Tasks { .. }
                | Stmt::For { .. }
                | Stmt::Fold(_)
                | Stmt::If { .. }
                | Stmt::Let { .. }
                | Stmt::Compute { .. } => continue,
            };
            let memory = kernel.memories.get(access.memory.index())?;
            for span in self.open_spans(access, memory, kernel.type_of(value).form) {
                if span.start.mentions(var.0) {
                    continue;
                }
                let last = span.start.add_constant(span.length - 1);
                let holds = Guard::within(last, i64::MIN, span.extent);
                let holds = self.core.guard(&holds, &self.vars);
                all = self.core.both(all, holds);
            }
        }
        all
    }
}
