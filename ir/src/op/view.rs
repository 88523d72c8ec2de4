//! Views: ops whose every result element is one operand element, or a fill value.
//!
//! Each states its index map once; the interpreter and lowering read elements through it. Each also
//! states its transpose in terms of other ops, which is its VJP; its JVP is itself (with zero fill).

use super::attribute::{Axes, Real, as_axes};
use super::family::View;
use super::macros::op;
use super::spec::{OpDef, TypeError, Types, check_axes, normalize_axes, single};
use crate::autodiff::mask::any;
use crate::builder::Builder;
use crate::constant::Constant;
use crate::graph::Value;
use crate::index::{Guard as IndexGuard, Index, IndexMap};
use crate::op::{Op, check_written};
use crate::shape::{Shape, Type};
use smallvec::SmallVec;

fn var(axis: usize) -> Index {
    Index::var(axis as u32)
}

/// Axes of a tensor as axes of a stack of such tensors, behind the axis along which they are stacked.
fn behind_first(axes: &[i64]) -> Axes {
    after(0, &axes.iter().map(|axis| axis + 1).collect())
}

/// A list with a number for each axis, for a stack: that of the first axis, then the others.
fn after(first: i64, others: &Axes) -> Axes {
    std::iter::once(first)
        .chain(others.iter().copied())
        .collect()
}

op! {
    /// Axis i of x stands at axis `axes[i]` of the result; x is repeated along the other axes, and
    /// along those where its extent is 1.
    BroadcastInDim = "broadcast_in_dim"(x) {
        /// Extents of the result.
        shape: Shape,
        /// Where each axis of x stands in the result; ascending.
        axes: Axes,
    }
    examples [
        "(x: f32[3]) -> broadcast_in_dim(x, shape = [2, 3], axes = [1])",
        "(x: f32[2, 1]) -> broadcast_in_dim(x, shape = [2, 3], axes = [0, 1])",
    ]
}
impl OpDef for BroadcastInDim {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        let x = operands[0];
        check_axes("broadcast_in_dim", &self.axes, self.shape.rank())?;
        if self.axes.len() != x.shape.rank() || !self.axes.is_sorted() {
            return Err(TypeError::new(format!(
                "`broadcast_in_dim` needs an ascending axis for each of the {} axes of {x}",
                x.shape.rank()
            )));
        }
        for (from, to) in as_axes(&self.axes).into_iter().enumerate() {
            let (have, want) = (x.shape.extent(from), self.shape.extent(to));
            if have != want && have != 1 {
                return Err(TypeError::new(format!(
                    "cannot broadcast {x} to {}: axis {from} has extent {have}, not {want}",
                    self.shape
                ))
                .at(0));
            }
        }
        Ok(single(x.with_shape(self.shape.clone())))
    }
    fn canonical(self, _operands: &[&Type]) -> Self {
        let axes = normalize_axes(&self.axes, self.shape.rank());
        BroadcastInDim { axes, ..self }
    }
}
impl BroadcastInDim {
    /// The axes of the result along which the operand is repeated.
    fn stretched(&self, operand: &Type) -> Vec<usize> {
        let axes = as_axes(&self.axes);
        let is_stretched = |&axis: &usize| {
            let from = axes.iter().position(|&to| to == axis);
            from.is_none_or(|from| operand.shape.extent(from) != self.shape.extent(axis))
        };
        (0..self.shape.rank()).filter(is_stretched).collect()
    }
}
impl View for BroadcastInDim {
    fn maps(&self, operands: &[&Type], _result: &Type) -> Vec<IndexMap> {
        let axes = as_axes(&self.axes);
        let index = |(from, &to): (usize, &usize)| match operands[0].shape.extent(from) {
            1 => Index::constant(0),
            _ => var(to),
        };
        vec![IndexMap::total(
            axes.iter().enumerate().map(index).collect(),
        )]
    }
    fn is_total(&self) -> bool {
        true
    }
    fn linear(&self) -> Op {
        self.clone().into()
    }
    fn stacked(&self, count: u64) -> Op {
        BroadcastInDim {
            shape: self.shape.stacked(count),
            axes: behind_first(&self.axes),
        }
        .into()
    }
    /// The sum over the axes along which x was repeated.
    fn transpose(
        &self,
        b: &Builder,
        cotangent: Value,
        operands: &[&Type],
        _which: usize,
    ) -> Result<Value, TypeError> {
        let summed = self.stretched(operands[0]);
        b.reshape(b.sum(cotangent, &summed, false)?, &operands[0].shape)
    }
    fn transpose_adds(&self, operands: &[&Type]) -> bool {
        !self.stretched(operands[0]).is_empty()
    }
    fn transpose_truths(
        &self,
        b: &Builder,
        truths: Value,
        operands: &[&Type],
        _which: usize,
    ) -> Result<Value, TypeError> {
        let any = any(b, truths, &self.stretched(operands[0]))?;
        b.reshape(any, &operands[0].shape)
    }
}

op! {
    /// The elements of x in row-major order with another shape of as many elements.
    Reshape = "reshape"(x) {
        /// Extents of the result.
        shape: Shape,
    }
    examples ["(x: f32[2, 6]) -> reshape(x, shape = [3, 4])"]
}
impl OpDef for Reshape {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        let (from, to) = (operands[0].elements(), self.shape.elements());
        if from != to {
            return Err(TypeError::new(format!(
                "cannot reshape {} ({from} elements) to {} ({to} elements)",
                operands[0], self.shape
            ))
            .at(0));
        }
        Ok(single(operands[0].with_shape(self.shape.clone())))
    }
}
impl View for Reshape {
    fn maps(&self, operands: &[&Type], result: &Type) -> Vec<IndexMap> {
        vec![IndexMap::reshape(&operands[0].shape, &result.shape)]
    }
    fn is_total(&self) -> bool {
        true
    }
    fn linear(&self) -> Op {
        self.clone().into()
    }
    fn stacked(&self, count: u64) -> Op {
        Reshape {
            shape: self.shape.stacked(count),
        }
        .into()
    }
    fn transpose(
        &self,
        b: &Builder,
        cotangent: Value,
        operands: &[&Type],
        _which: usize,
    ) -> Result<Value, TypeError> {
        b.reshape(cotangent, &operands[0].shape)
    }
}

op! {
    /// x with its axes in another order: axis i of the result is axis `permutation[i]` of x.
    Transpose = "transpose"(x) {
        /// Which axis of x stands at each axis of the result.
        permutation: Axes,
    }
    examples ["(x: f32[2, 3]) -> transpose(x, permutation = [1, 0])", "(x: f32[2, 3, 4]) -> transpose(x, permutation = [2, 0, 1])"]
}
impl OpDef for Transpose {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        let shape = &operands[0].shape;
        check_axes("transpose", &self.permutation, shape.rank())?;
        if self.permutation.len() != shape.rank() {
            return Err(TypeError::new(format!(
                "`transpose` of {} needs a permutation of {} axes, got {}",
                operands[0],
                shape.rank(),
                self.permutation.len()
            )));
        }
        let extents = as_axes(&self.permutation)
            .into_iter()
            .map(|axis| shape.extent(axis));
        Ok(single(
            operands[0].with_shape(Shape::new(extents.collect::<Vec<u64>>())),
        ))
    }
    fn canonical(self, operands: &[&Type]) -> Self {
        Transpose {
            permutation: normalize_axes(&self.permutation, operands[0].shape.rank()),
        }
    }
}
impl Transpose {
    /// The permutation that undoes this one.
    pub fn inverse(&self) -> SmallVec<[usize; 4]> {
        let permutation = as_axes(&self.permutation);
        let place = |axis| {
            permutation
                .iter()
                .position(|&from| from == axis)
                .unwrap_or(axis)
        };
        (0..permutation.len()).map(place).collect()
    }
}
impl View for Transpose {
    fn maps(&self, _operands: &[&Type], _result: &Type) -> Vec<IndexMap> {
        vec![IndexMap::transpose(&as_axes(&self.permutation))]
    }
    fn is_total(&self) -> bool {
        true
    }
    fn linear(&self) -> Op {
        self.clone().into()
    }
    fn stacked(&self, _count: u64) -> Op {
        Transpose {
            permutation: behind_first(&self.permutation),
        }
        .into()
    }
    fn transpose(
        &self,
        b: &Builder,
        cotangent: Value,
        _operands: &[&Type],
        _which: usize,
    ) -> Result<Value, TypeError> {
        b.transpose(cotangent, &self.inverse())
    }
}

/// A list with one amount for each axis, or `default` for all.
fn amounts(given: &Option<Axes>, rank: usize, default: i64) -> Axes {
    given
        .clone()
        .unwrap_or_else(|| SmallVec::from_elem(default, rank))
}

fn check_lengths(op: &str, lists: &[(&str, usize)], rank: usize) -> Result<(), TypeError> {
    match lists.iter().find(|(_, length)| *length != rank) {
        Some((name, length)) => Err(TypeError::new(format!(
            "`{op}` needs {rank} numbers in `{name}`, one for each axis, got {length}"
        ))),
        None => Ok(()),
    }
}

op! {
    /// Elements `start`, `start + step`, … below `limit` along each axis. Negative starts and limits
    /// count from the end.
    Slice = "slice"(x) {
        /// First element along each axis.
        start: Axes,
        /// End of the range along each axis.
        limit: Axes,
        /// Distance of elements along each axis; 1 if left out.
        step: Option<Axes> = None,
    }
    examples ["(x: f32[4, 5]) -> slice(x, start = [1, 0], limit = [3, 5], step = [1, 2])"]
}
impl OpDef for Slice {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        let shape = &operands[0].shape;
        let step = amounts(&self.step, shape.rank(), 1);
        let lists = [
            ("start", self.start.len()),
            ("limit", self.limit.len()),
            ("step", step.len()),
        ];
        check_lengths("slice", &lists, shape.rank())?;
        let mut extents = Vec::with_capacity(shape.rank());
        for (axis, extent) in shape.extents().enumerate() {
            let (start, limit, step) = (self.start[axis], self.limit[axis], step[axis]);
            if step < 1 || start < 0 || limit < start || limit > extent as i64 {
                return Err(TypeError::new(format!(
                    "`slice` {start}..{limit} by {step} does not fit axis {axis} of {}",
                    operands[0]
                ))
                .help("needed: 0 ≤ start ≤ limit ≤ extent, and a step of at least 1"));
            }
            extents.push(
                (limit - start)
                    .cast_unsigned()
                    .div_ceil(step.cast_unsigned()),
            );
        }
        Ok(single(operands[0].with_shape(Shape::new(extents))))
    }
    fn canonical(self, operands: &[&Type]) -> Self {
        let shape = &operands[0].shape;
        let wrap = |list: Axes| -> Axes {
            let from_end = |(axis, value): (usize, i64)| {
                if value < 0 {
                    value.saturating_add(shape.extent(axis) as i64)
                } else {
                    value
                }
            };
            list.into_iter().enumerate().map(from_end).collect()
        };
        let step = amounts(&self.step, shape.rank(), 1);
        let step = step.iter().any(|&step| step != 1).then_some(step);
        Slice {
            start: wrap(self.start),
            limit: wrap(self.limit),
            step,
        }
    }
}
impl View for Slice {
    fn maps(&self, operands: &[&Type], _result: &Type) -> Vec<IndexMap> {
        let step = amounts(&self.step, operands[0].shape.rank(), 1);
        let index = |(axis, &start): (usize, &i64)| var(axis).scale(step[axis]).add_constant(start);
        vec![IndexMap::total(
            self.start.iter().enumerate().map(index).collect(),
        )]
    }
    fn is_total(&self) -> bool {
        true
    }
    fn linear(&self) -> Op {
        self.clone().into()
    }
    fn stacked(&self, count: u64) -> Op {
        Slice {
            start: after(0, &self.start),
            limit: after(count.cast_signed(), &self.limit),
            step: self.step.as_ref().map(|step| after(1, step)),
        }
        .into()
    }
    /// Zeros put where the slice took nothing.
    fn transpose(
        &self,
        b: &Builder,
        cotangent: Value,
        operands: &[&Type],
        _which: usize,
    ) -> Result<Value, TypeError> {
        let shape = &operands[0].shape;
        let step = amounts(&self.step, shape.rank(), 1);
        let taken = b.shape(cotangent);
        let high = shape.extents().enumerate().map(|(axis, extent)| {
            let last = taken.extent(axis) as i64 - 1;
            // Of an empty slice nothing comes back: all is padding.
            let covered = if last < 0 { 0 } else { last * step[axis] + 1 };
            extent as i64 - self.start[axis] - covered
        });
        let (high, interior) = (high.collect(), step.iter().map(|step| step - 1).collect());
        b.pad_zero(cotangent, self.start.clone(), high, interior)
    }
}

op! {
    /// x with `value` put before (`low`), after (`high`) and between (`interior`) its elements along
    /// each axis, as StableHLO's `pad`. Negative amounts before and after cut elements off.
    Pad = "pad"(x) {
        /// How many elements go before, along each axis.
        low: Axes,
        /// How many elements go after, along each axis.
        high: Axes,
        /// How many elements go between neighbours, along each axis; none if left out.
        interior: Option<Axes> = None,
        /// What is put there.
        value: Real = Real(0.0),
    }
    examples [
        "(x: f32[2, 3]) -> pad(x, low = [1, 0], high = [0, 2], interior = [0, 1])",
        "(x: f32[4]) -> pad(x, low = [-1], high = [2], value = 0.5)",
        "(x: u32[3]) -> pad(x, low = [1], high = [2], value = 7)",
        "(x: i32[0, 2]) -> pad(x, low = [1, 0], high = [2, 0], interior = [3, 0], value = -1)",
        "(x: bool[2]) -> pad(x, low = [1], high = [1], interior = [1], value = 1)",
    ]
}
impl Pad {
    /// Extent of a padded axis.
    fn padded(extent: u64, low: i64, high: i64, interior: i64) -> Option<u64> {
        let gaps = (extent as i64 - 1).max(0).checked_mul(interior)?;
        let total = (extent as i64)
            .checked_add(gaps)?
            .checked_add(low)?
            .checked_add(high)?;
        u64::try_from(total).ok()
    }
}
impl OpDef for Pad {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        let shape = &operands[0].shape;
        check_written(operands[0].dtype, &Constant::from_f64(self.value.0))?;
        let interior = amounts(&self.interior, shape.rank(), 0);
        let lists = [
            ("low", self.low.len()),
            ("high", self.high.len()),
            ("interior", interior.len()),
        ];
        check_lengths("pad", &lists, shape.rank())?;
        let mut extents = Vec::with_capacity(shape.rank());
        for (axis, extent) in shape.extents().enumerate() {
            let (low, high, interior) = (self.low[axis], self.high[axis], interior[axis]);
            let padded = Pad::padded(extent, low, high, interior).filter(|_| interior >= 0);
            extents.push(padded.ok_or_else(|| {
                TypeError::new(format!(
                    "`pad` by {low}, {high} and {interior} does not fit axis {axis} of {}",
                    operands[0]
                ))
            })?);
        }
        Ok(single(operands[0].with_shape(Shape::new(extents))))
    }
    fn canonical(self, operands: &[&Type]) -> Self {
        let interior = amounts(&self.interior, operands[0].shape.rank(), 0);
        let interior = interior
            .iter()
            .any(|&amount| amount != 0)
            .then_some(interior);
        Pad { interior, ..self }
    }
}
impl View for Pad {
    fn maps(&self, operands: &[&Type], _result: &Type) -> Vec<IndexMap> {
        let shape = &operands[0].shape;
        let interior = amounts(&self.interior, shape.rank(), 0);
        let mut guard = IndexGuard::always();
        let mut indices = Vec::with_capacity(shape.rank());
        for (axis, extent) in shape.extents().enumerate() {
            let spacing = interior[axis] + 1;
            let position = var(axis).add_constant(-self.low[axis]);
            let reach = (extent as i64 - 1) * spacing + 1;
            guard = guard.and(&IndexGuard::within(position.clone(), 0, reach.max(0)));
            if spacing > 1 {
                guard = guard.and(&IndexGuard::divisible(position.clone(), spacing));
            }
            indices.push(position.floor_div(spacing));
        }
        vec![IndexMap { indices, guard }]
    }
    fn fill(&self) -> Constant {
        self.value.constant()
    }
    fn linear(&self) -> Op {
        Pad {
            value: Real(0.0),
            ..self.clone()
        }
        .into()
    }
    fn stacked(&self, _count: u64) -> Op {
        Pad {
            low: after(0, &self.low),
            high: after(0, &self.high),
            interior: self.interior.as_ref().map(|amounts| after(0, amounts)),
            value: self.value,
        }
        .into()
    }
    /// The slice of what was not padding; where elements were cut off, zeros.
    fn transpose(
        &self,
        b: &Builder,
        cotangent: Value,
        operands: &[&Type],
        _which: usize,
    ) -> Result<Value, TypeError> {
        let shape = &operands[0].shape;
        let interior = amounts(&self.interior, shape.rank(), 0);
        // First undo cuts (negative amounts) by padding, then take what was padded around.
        let cut = |list: &Axes| -> Axes { list.iter().map(|&amount| (-amount).max(0)).collect() };
        let whole = b.pad_zero(
            cotangent,
            cut(&self.low),
            cut(&self.high),
            SmallVec::from_elem(0, shape.rank()),
        )?;
        let start: Vec<u64> = self.low.iter().map(|&low| low.max(0) as u64).collect();
        let step: Vec<u64> = interior.iter().map(|&gap| gap as u64 + 1).collect();
        let limit: Vec<u64> = (0..shape.rank())
            .map(|axis| match shape.extent(axis) {
                0 => start[axis],
                extent => start[axis] + (extent - 1) * step[axis] + 1,
            })
            .collect();
        b.slice(whole, &start, &limit, &step)
    }
}

op! {
    /// x with the order along some axes reversed.
    Reverse = "reverse"(x) {
        /// The axes to reverse.
        axes: Axes,
    }
    examples ["(x: f32[2, 3]) -> reverse(x, axes = [1])"]
}
impl OpDef for Reverse {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        check_axes("reverse", &self.axes, operands[0].shape.rank())?;
        Ok(single(operands[0].clone()))
    }
    fn canonical(self, operands: &[&Type]) -> Self {
        let mut axes = normalize_axes(&self.axes, operands[0].shape.rank());
        axes.sort_unstable();
        Reverse { axes }
    }
}
impl View for Reverse {
    fn maps(&self, operands: &[&Type], _result: &Type) -> Vec<IndexMap> {
        let index = |(axis, extent): (usize, u64)| {
            if self.axes.contains(&(axis as i64)) {
                var(axis).scale(-1).add_constant(extent as i64 - 1)
            } else {
                var(axis)
            }
        };
        vec![IndexMap::total(
            operands[0].shape.extents().enumerate().map(index).collect(),
        )]
    }
    fn is_total(&self) -> bool {
        true
    }
    fn linear(&self) -> Op {
        self.clone().into()
    }
    fn stacked(&self, _count: u64) -> Op {
        Reverse {
            axes: self.axes.iter().map(|axis| axis + 1).collect(),
        }
        .into()
    }
    fn transpose(
        &self,
        b: &Builder,
        cotangent: Value,
        _operands: &[&Type],
        _which: usize,
    ) -> Result<Value, TypeError> {
        b.reverse(cotangent, self.axes.clone())
    }
}

op! {
    /// The operands one after another along an axis. Other extents agree.
    Concat = "concat"(; x ...) {
        /// The axis along which they stand.
        axis: i64 = 0,
    }
    examples ["(x: f32[2, 3], y: f32[1, 3]) -> concat(x, y)", "(x: f32[2, 1], y: f32[2, 3], z: f32[2, 1]) -> concat(x, y, z, axis = 1)"]
}
impl Concat {
    /// Where each operand starts along the axis, and where the last one ends.
    fn starts(&self, operands: &[&Type]) -> Vec<u64> {
        let axis = usize::try_from(self.axis).unwrap_or(usize::MAX);
        let mut starts = vec![0u64];
        for operand in operands {
            let last = starts.last().copied().unwrap_or(0);
            starts.push(last.saturating_add(operand.shape.extent(axis)));
        }
        starts
    }
}
impl OpDef for Concat {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        let first = operands[0];
        check_axes("concat", &[self.axis], first.shape.rank())?;
        let axis = usize::try_from(self.axis).unwrap_or(usize::MAX);
        for (index, operand) in operands.iter().enumerate() {
            let alike = operand.dtype == first.dtype
                && operand.shape.rank() == first.shape.rank()
                && operand.shape.without(&[axis]) == first.shape.without(&[axis]);
            if !alike {
                let message = format!("`concat` of {first} and {operand} along axis {axis}");
                return Err(TypeError::new(message)
                    .at(index)
                    .help("dtypes, and extents other than along the axis, must agree"));
            }
        }
        let total = self.starts(operands).last().copied().unwrap_or(0);
        let extent = |(a, extent): (usize, u64)| if a == axis { total } else { extent };
        let shape = Shape::new(first.shape.extents().enumerate().map(extent));
        Ok(single(first.with_shape(shape)))
    }
    fn canonical(self, operands: &[&Type]) -> Self {
        Concat {
            axis: normalize_axes(&[self.axis], operands[0].shape.rank())[0],
        }
    }
}
impl View for Concat {
    fn maps(&self, operands: &[&Type], result: &Type) -> Vec<IndexMap> {
        let axis = usize::try_from(self.axis).unwrap_or(usize::MAX);
        let starts = self.starts(operands);
        let map = |which: usize| {
            let (low, high) = (starts[which] as i64, starts[which + 1] as i64);
            let shift = |a: usize| {
                if a == axis {
                    var(a).add_constant(-low)
                } else {
                    var(a)
                }
            };
            IndexMap {
                indices: (0..result.shape.rank()).map(shift).collect(),
                guard: IndexGuard::within(var(axis), low, high),
            }
        };
        (0..operands.len()).map(map).collect()
    }
    fn is_total(&self) -> bool {
        true
    }
    fn linear(&self) -> Op {
        self.clone().into()
    }
    fn stacked(&self, _count: u64) -> Op {
        Concat {
            axis: self.axis + 1,
        }
        .into()
    }
    fn transpose(
        &self,
        b: &Builder,
        cotangent: Value,
        operands: &[&Type],
        which: usize,
    ) -> Result<Value, TypeError> {
        let axis = usize::try_from(self.axis).unwrap_or(usize::MAX);
        let starts = self.starts(operands);
        let shape = &operands[which].shape;
        let mut start = vec![0; shape.rank()];
        let mut limit: Vec<u64> = shape.extents().collect();
        start[axis] = starts[which];
        limit[axis] = starts[which + 1];
        b.slice(cotangent, &start, &limit, &vec![1; shape.rank()])
    }
}
