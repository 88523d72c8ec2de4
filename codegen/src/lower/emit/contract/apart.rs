//! Contractions in which little is used again.
//!
//! Of a matrix and a vector, each element of the matrix serves one result: what is packed is read once more than
//! needed. So the matrix is read where it is, a vector across its rows at a time, although the elements of one lie apart:
//! what follows along the rows lies next to each other, and thread programs read whole squares
//! ([`crate::threads`]). A product of two vectors has one result, whose pieces are chains of their own.

use super::Contraction;
use crate::kernel::Form;
use crate::lower::emit::lanes::{COLUMN, ROW};

impl Contraction<'_> {
    /// Whether the operand along the vectors is read where it is although the elements of a vector lie apart: packing
    /// reads it once too, and what is read there serves few results.
    pub(super) fn streams(&self) -> bool {
        let Some(blocked) = self.shape.columns else {
            return false;
        };
        let side = self.side_of(blocked.axis);
        let readings: u64 = self.extents_of(&self.unmoved_axes()).iter().product();
        (1..=self.plan.target.costs.readings_apart).contains(&readings)
            && self.reads_in_place(side, blocked.axis, ROW)
            && !self.reads_in_place(side, blocked.axis, COLUMN)
    }

    /// The axes of the result along which the operand along the vectors does not vary, where elements lie apart: what
    /// is read of it serves all results along them at once.
    pub(super) fn unmoved_axes(&self) -> Vec<usize> {
        let Some(blocked) = self.shape.columns.filter(|_| self.shape.is_apart) else {
            return Vec::new();
        };
        let own = self.outer_axes_of(self.side_of(blocked.axis), blocked.axis);
        let others = (0..self.result().rank()).filter(|axis| *axis != blocked.axis);
        others.filter(|axis| !own.contains(axis)).collect()
    }

    /// How many pieces of a few scalars are gone through at once, so that there are chains enough.
    pub(super) fn pieces_at_once(&self, form: Form, points: usize) -> u64 {
        let most = self.plan.target.costs.chains / (points as u64).max(1);
        match form {
            Form::Scalar if most > 1 => 1 << most.ilog2(),
            Form::Scalar | Form::Vector(_) | Form::Tile(..) => 1,
        }
    }
}
