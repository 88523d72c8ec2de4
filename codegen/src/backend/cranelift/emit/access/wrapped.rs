//! Loads of neighbours that start again after a period, as those of a row beside the elements of a matrix in
//! row-major order.
//!
//! A register of them is adjacent unless the row starts again within it. Short rows are copied to the stack
//! once, where they go on from their start; of longer ones, that is decided for each register.

use super::Transfer;
use crate::backend::cranelift::emit::kernel::KernelEmitter;
use crate::backend::cranelift::emit::lanes::{Lanes, Parts, cuts, element_type, native_unit};
use crate::kernel::{Memory, Mode, Place};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Value, types};
use lgc_ir::dtype::DType;
use lgc_ir::index::{Atom, Index};

/// The bytes of a register.
const REGISTER: i32 = 16;

/// Neighbours that start again after a period: an element lies `rest` bytes and `place` elements after the base,
/// and the place moves by one from lane to lane, through the period to 0.
pub(super) struct Wrap {
    rest: Index,
    /// The place of the first lane.
    place: Index,
    /// In elements; no less than a register has, so that it starts again at most once within one.
    period: i64,
}

impl Wrap {
    pub(super) fn of(transfer: &Transfer) -> Option<Self> {
        let (Some(lane), None) = (transfer.lane, transfer.step) else {
            return None;
        };
        let unit = native_unit(transfer.dtype);
        let is_fixed = transfer.run_time.iter().all(Option::is_none);
        let is_wide = transfer.dtype.size() >= 4 && unit > 1 && transfer.count >= unit;
        if transfer.apart || !is_fixed || !is_wide {
            return None;
        }
        let terms = transfer.first.terms().iter();
        let mut varying = terms.filter(|(atom, _)| lane.moves(&Index::atom(atom.clone(), 1)));
        let (Some((atom, factor)), None) = (varying.next(), varying.next()) else {
            return None;
        };
        let Atom::Mod(inner, period) = atom else {
            return None;
        };
        let moves_by_one = lane.step(inner) == Some(1);
        let is_long = *period >= i64::from(unit);
        if !moves_by_one || !is_long || *factor != transfer.dtype.size() as i64 {
            return None;
        }
        let place = inner.modulo(*period);
        Some(Wrap {
            rest: transfer.first.sub(&place.scale(*factor)),
            place: lane.at(&place, 0),
            period: *period,
        })
    }
}

impl KernelEmitter<'_> {
    /// A copy of a short row on the stack that goes on from its start for as long as a register, so that
    /// every register lies there without a break.
    pub(super) fn continued(
        &mut self,
        transfer: &Transfer,
        wrap: &Wrap,
        memory: &Memory,
    ) -> Option<Value> {
        let size = transfer.dtype.size() as i64;
        let (first, bytes) = (wrap.rest.as_constant()?, wrap.period * size);
        // Offsets of loads have 32 bits.
        let end = first
            .checked_add(bytes)
            .filter(|&end| end <= i32::MAX.into())?;
        let is_whole = first >= 0 && end <= memory.ty.bytes() as i64;
        let is_constant =
            memory.place == Place::Param(Mode::In) && self.core.home(transfer.base) == 0;
        if wrap.period > self.target.costs.max_continued || !is_whole || !is_constant {
            return None;
        }
        let key = (transfer.base, first, bytes);
        if let Some(&row) = self.continued.get(&key) {
            return Some(row);
        }
        let (first, bytes, size) = (first as i32, bytes as i32, size as i32);
        let row = self.core.stack_memory((bytes + REGISTER) as u32);
        let element = element_type(transfer.dtype);
        let mut at = 0;
        while at < bytes + REGISTER {
            let (from, to) = ((transfer.base, first + at % bytes), (row, at));
            let (ty, step) = match at + REGISTER <= bytes {
                true => (types::I8X16, REGISTER),
                false => (element, size),
            };
            self.core.copy_at_start(ty, from, to);
            at += step;
        }
        self.continued.insert(key, row);
        Some(row)
    }

    /// Loads neighbours that start again: from the continued row, or a register at once if they do not start
    /// again within it.
    pub(super) fn load_wrapped(
        &mut self,
        transfer: &Transfer,
        wrap: &Wrap,
        unit: u32,
        continued: Option<Value>,
    ) -> Parts {
        let rest = self.core.index(&wrap.rest, &self.vars);
        let base = self.core.add(transfer.base, rest);
        let mut place = self.core.index(&wrap.place, &self.vars);
        let mut parts = Parts::new();
        for (_, width) in cuts(transfer.count, unit) {
            parts.push(match continued {
                Some(row) => self.load_at(transfer.dtype, row, place, width),
                None => self.load_register(transfer.dtype, wrap, (base, place), width),
            });
            place = self.wrapped(wrap, place, width);
        }
        parts
    }

    /// Loads the elements from a place of a row on.
    fn load_at(&mut self, dtype: DType, row: Value, place: Value, width: u32) -> Value {
        let offset = self.core.multiply_constant(place, dtype.size() as i64);
        let address = self.core.add(row, offset);
        self.core.load_part(dtype, width, address, 0)
    }

    /// A place that many elements further on.
    fn wrapped(&mut self, wrap: &Wrap, place: Value, elements: u32) -> Value {
        let next = self.core.add_constant(place, elements.into());
        let again = self.core.add_constant(next, -wrap.period);
        let over = IntCC::SignedGreaterThanOrEqual;
        let over = self.core.compare_constant(over, next, wrap.period);
        self.core.select(over, again, next)
    }

    fn load_register(
        &mut self,
        dtype: DType,
        wrap: &Wrap,
        (base, first): (Value, Value),
        width: u32,
    ) -> Value {
        let last = wrap.period - i64::from(width);
        let fits = self
            .core
            .compare_constant(IntCC::SignedLessThanOrEqual, first, last);
        let branch = self.core.branch(fits);
        let whole = self.load_at(dtype, base, first, width);
        self.core.otherwise(&branch, &[whole]);
        let mut parts = Parts::new();
        let mut place = first;
        for _ in 0..width {
            parts.push(self.load_at(dtype, base, place, 1));
            place = self.wrapped(wrap, place, 1);
        }
        let lanes = Lanes::Parts { unit: 1, parts };
        let single = self.core.parts(dtype, width, &lanes, width);
        self.core.join(branch, &single)[0]
    }
}
