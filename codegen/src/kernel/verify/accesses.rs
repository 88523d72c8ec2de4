//! Accesses of a kernel (K07–K09).

use super::VerifyCode as Code;
use super::kernel::Checker;
use crate::kernel::{Access, Form, Mode, Place, Subscript, ValueId, ValueType, end_of};
use lgc_ir::dtype::DType;
use lgc_ir::index::{Guard, Index};

impl Checker<'_, '_> {
    pub(super) fn load(&mut self, result: ValueId, access: &Access, otherwise: Option<ValueId>) {
        let Some(ty) = self.kernel.values.get(result.index()).copied() else {
            return;
        };
        if let Some(fill) = otherwise.and_then(|value| self.used(value)) {
            let by_lanes = fill == ty && access.goes_by_lanes(ty.form);
            let fits = by_lanes || fill == ValueType::scalar(ty.dtype);
            self.report.require(fits, Code::K07, || {
                format!("an `else` value has type {fill}, not {}", ty.dtype)
            });
        }
        self.access(access, ty);
    }

    pub(super) fn store(&mut self, access: &Access, value: ValueId) {
        if let Some(ty) = self.used(value) {
            self.access(access, ty);
        }
        if let Some(memory) = self.kernel.memories.get(access.memory.index()) {
            let read_only = memory.place == Place::Param(Mode::In);
            self.report.require(!read_only, Code::K09, || {
                format!("a store to `{}`, which is `in`", memory.name)
            });
        }
    }

    fn access(&mut self, access: &Access, ty: ValueType) {
        match ty.form {
            Form::Vector(lanes) if access.goes_by_lanes(ty.form) => {
                self.in_lanes(lanes, |checker| checker.access_of(access, ty, lanes));
            }
            Form::Scalar | Form::Vector(_) | Form::Tile(..) => self.access_of(access, ty, 1),
        }
    }

    /// Whether a value fits where one of a dtype is needed: a scalar, or one for each lane.
    fn is_scalar_or_lanes(ty: ValueType, lanes: u32) -> bool {
        ty.form == Form::Scalar || (lanes > 1 && ty.form == Form::Vector(lanes))
    }

    fn access_of(&mut self, access: &Access, ty: ValueType, lanes: u32) {
        if let Some(mask) = access.mask.and_then(|mask| self.used(mask)) {
            let fits = mask.dtype == DType::Bool && Self::is_scalar_or_lanes(mask, lanes);
            self.report.require(fits, Code::K07, || {
                format!("a mask has type {mask}, not bool")
            });
        }
        self.fault(access);
        let guard_is_sound = self.used_guard(&access.guard);
        if !self.used_memory(access.memory) {
            return;
        }
        let memory = &self.kernel.memories[access.memory.index()];
        let (name, shape) = (&memory.name, &memory.ty.shape);
        self.report
            .require(memory.ty.dtype == ty.dtype, Code::K07, || {
                format!("an access of {ty} in `{name}: {}`", memory.ty)
            });
        let is_span = |subscript: &&Subscript| matches!(subscript, Subscript::Span(_));
        let spans = access.at.iter().filter(is_span).count();
        let by_lanes = access.goes_by_lanes(ty.form);
        let fits = access.at.len() == shape.rank() && (by_lanes || spans == ty.form.rank());
        let fits = self.report.require(fits, Code::K07, || {
            format!(
                "{} subscripts, {spans} of them spans, for {ty} in `{name}: {}`",
                access.at.len(),
                memory.ty
            )
        });
        if !fits {
            return;
        }
        let guard = match guard_is_sound {
            true => self.assumed.and(&access.guard),
            false => self.assumed.clone(),
        };
        let unreachable = self.dead || access.guard.simplify(&self.bounds).is_never();
        let extents: Vec<u64> = shape.extents().collect();
        let mut axis = 0;
        for (subscript, extent) in access.at.iter().zip(extents) {
            let extent = end_of(extent);
            match subscript {
                Subscript::At(index) => {
                    self.in_range(access, &guard, index, 1, extent, unreachable);
                }
                Subscript::Span(index) => {
                    let length = span_length(access, ty.form, axis);
                    axis += 1;
                    self.in_range(access, &guard, index, length, extent, unreachable);
                }
                Subscript::Value(value) => self.run_time(*value, lanes, extent, unreachable),
            }
        }
    }

    fn in_range(
        &mut self,
        access: &Access,
        guard: &Guard,
        index: &Index,
        length: i64,
        extent: i64,
        unreachable: bool,
    ) {
        if !self.used_index(index) || unreachable {
            return;
        }
        // A clipped span may begin beyond the end, but not before the beginning.
        let end = (length > 0).then(|| extent.saturating_sub(length - 1));
        let stays = index.stays_within((Some(0), end), &self.bounds, guard);
        let name = &self.kernel.memories[access.memory.index()].name;
        self.report.require(stays, Code::K08, || {
            let range = match index.range_within(&self.bounds, guard) {
                lgc_ir::index::UNKNOWN => "unbounded".to_string(),
                (low, high) => format!("in {low}..{high}"),
            };
            format!("the index {index} into `{name}` is {range}, the axis has {extent}")
        });
    }

    fn run_time(&mut self, value: ValueId, lanes: u32, extent: i64, unreachable: bool) {
        if let Some(ty) = self.used(value) {
            let fits = Self::is_scalar_or_lanes(ty, lanes) && ty.dtype.is_integer();
            self.report.require(fits, Code::K07, || {
                format!("a run-time subscript has type {ty}, which is no integer scalar")
            });
        }
        self.report
            .require(extent > 0 || unreachable, Code::K07, || {
                "a run-time subscript into an empty axis".into()
            });
    }

    fn fault(&mut self, access: &Access) {
        let Some(fault) = &access.fault else {
            return;
        };
        self.used_index(&fault.position);
        if !self.used_memory(fault.status) {
            return;
        }
        let status = &self.kernel.memories[fault.status.index()];
        let fits = status.ty.dtype == DType::I64
            && status.ty.shape.rank() == 0
            && status.place != Place::Param(Mode::In);
        self.report.require(fits, Code::K09, || {
            format!("the status `{}` is no writable i64[]", status.name)
        });
    }
}

/// How many elements along a span must be inside; 0 for those that are clipped.
fn span_length(access: &Access, form: Form, axis: usize) -> i64 {
    match access.clip {
        true => 0,
        false => i64::from(form.extent(axis)),
    }
}
