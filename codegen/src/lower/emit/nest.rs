//! Kernels of elementwise groups and of groups that fold.
//!
//! A group without folds is one parallel nest over its domain. A group that folds axes is a parallel
//! nest over the others, the *rows*. In a row come its *phases*: the folds that need no result of
//! others, then those that need these results, and so on, each phase one loop over the row that steps
//! all its folds; then one loop for the elements that are saved. What is costly and needed in several
//! phases is computed in the first and kept: in a private row where that fits the cache, else in
//! scratch memory.
//!
//! Where the last axis is not folded (column sums), rows lie across the memory. Then a vector of
//! neighbouring rows is computed at once, in vectors that are written out in the kernel.

use crate::kernel::{BufferId, ForRange, Mode, Space, Subscript, ValueId};
use crate::lower::LowerError;
use crate::lower::emit::element::{Elements, Kept, grain};
use crate::lower::emit::lanes::{COLUMN, Lanes, Segment};
use crate::lower::emit::reduce::rows::RowSchedule;
use crate::lower::fusion::group::GroupId;
use crate::lower::fusion::plan::{Draft, Plan, Unsupported};
use lgc_ir::dtype::DType;
use lgc_ir::graph::NodeId;
use lgc_ir::index::Index;
use lgc_ir::shape::{Shape, Type};
use rustc_hash::{FxHashMap, FxHashSet};

/// Emits the kernel of an elementwise or folding group.
pub(in crate::lower) fn lower(plan: &Plan<'_>, group: GroupId) -> Result<Draft, LowerError> {
    let schedule = RowSchedule::new(plan, group);
    let lanes_axis = schedule.lanes_axis(plan);
    if let Some(axis) = schedule.domain.rank().checked_sub(1)
        && let Some(Ok(draft)) = Nest::new(plan, &schedule, Some(axis)).build_by_blocks(axis)?
    {
        return Ok(draft);
    }
    let axes = lanes_axis.map(Some).into_iter().chain([None]);
    for axis in axes {
        if let Ok(draft) = Nest::new(plan, &schedule, axis).build()? {
            return Ok(draft);
        }
    }
    Err(LowerError::Internal(format!(
        "no loops could be made for {}",
        plan.kernel_name(group)
    )))
}

/// A kernel of a group under construction.
pub(super) struct Nest<'p> {
    pub(in crate::lower) plan: &'p Plan<'p>,
    pub(in crate::lower) schedule: &'p RowSchedule,
    pub(super) lanes_axis: Option<usize>,
    pub(in crate::lower) elements: Elements<'p>,
    pub(in crate::lower) scratch: Vec<Type>,
    /// Where kept values go.
    pub(in crate::lower) kept: FxHashMap<NodeId, Kept>,
    /// Saved values that a phase has stored.
    pub(in crate::lower) stored: FxHashSet<NodeId>,
}

impl<'p> Nest<'p> {
    fn new(plan: &'p Plan<'p>, schedule: &'p RowSchedule, lanes_axis: Option<usize>) -> Self {
        let builder = plan.builder(schedule.group);
        Nest {
            plan,
            schedule,
            lanes_axis,
            elements: Elements::new(plan, Some(schedule.group), builder),
            scratch: Vec::new(),
            kept: FxHashMap::default(),
            stored: FxHashSet::default(),
        }
    }

    fn build(mut self) -> Result<Result<Draft, Unsupported>, LowerError> {
        let (reads, writes) = self.plan.traffic(self.schedule.group);
        self.elements.declare(&reads, &writes);
        self.keep_in_parameters(&reads);
        match self.lanes_axis {
            Some(axis) => self.vector_rows(axis),
            None => self.scalar_rows(),
        }
        if self.elements.is_unsupported() {
            return Ok(Err(Unsupported));
        }
        let kernel = self.elements.builder.finish()?;
        Ok(Ok(Draft {
            kernel,
            args: self.elements.args(),
            scratch: self.scratch,
        }))
    }

    // ------------------------------------------------------------------------------- memory

    /// Places kept values that do not fit a private row: in their own buffers if they are saved
    /// anyway, else in scratch memory.
    fn keep_in_parameters(&mut self, reads: &[BufferId]) {
        let private = self.rows_are_private();
        for node in self.schedule.kept.iter().flatten().copied() {
            let buffer = self.plan.buffer(node).filter(|b| !reads.contains(b));
            let own = buffer.and_then(|_| self.elements.memory(node));
            if let Some(memory) = own.filter(|_| self.has_domain_shape(node)) {
                let whole = true;
                self.kept.insert(node, Kept { memory, whole });
                self.stored.insert(node);
            } else if !private {
                let ty = Type::new(self.plan.model.ty(node).dtype, self.schedule.domain.clone());
                let name = format!("scratch{}", self.scratch.len());
                let memory = self.elements.builder.param(name, ty.clone(), Mode::Scratch);
                self.scratch.push(ty);
                let whole = true;
                self.kept.insert(node, Kept { memory, whole });
            }
        }
    }

    fn has_domain_shape(&self, node: NodeId) -> bool {
        *self.plan.model.shape(node) == self.schedule.domain
    }

    /// Whether kept values have a private row each.
    fn rows_are_private(&self) -> bool {
        let lanes = match self.lanes_axis {
            Some(_) => u64::from(self.width()),
            None => 1,
        };
        let kept = self.schedule.kept.iter().flatten();
        let bytes: u64 = kept
            .map(|&n| self.plan.model.ty(n).dtype.compute().size())
            .sum();
        let elements: u64 = self
            .schedule
            .extents(&self.schedule.folded)
            .iter()
            .product();
        let footprint = bytes.saturating_mul(elements).saturating_mul(lanes);
        self.schedule.rows() > 1 && footprint <= self.plan.target.row_bytes
    }

    /// Opens private rows for the kept values that have no place yet.
    fn with_private_rows(&mut self, mut rest: Vec<NodeId>, body: &mut dyn FnMut(&mut Self)) {
        let Some(node) = rest.pop() else {
            return body(self);
        };
        let mut extents = self.schedule.extents(&self.schedule.folded);
        extents.extend(self.elements.lanes.columns.map(u64::from));
        let dtype = self.plan.model.ty(node).dtype.compute();
        let ty = Type::new(dtype, Shape::new(extents));
        let builder = self.elements.builder.clone();
        builder.local(format!("row{}", rest.len()), ty, Space::Private, |memory| {
            let whole = false;
            self.kept.insert(node, Kept { memory, whole });
            self.with_private_rows(rest, body);
            self.kept.remove(&node);
        });
    }

    /// Where a kept value lies at a point of the domain.
    pub(super) fn kept_subscripts(&self, kept: &Kept, point: &[Index]) -> Vec<Subscript> {
        let lane = |index: &Index| match index.mentions(COLUMN) {
            true => Subscript::Span(index.sub(&Index::var(COLUMN))),
            false => Subscript::At(index.clone()),
        };
        if kept.whole {
            return point.iter().map(lane).collect();
        }
        let folded = self.schedule.folded.iter();
        let mut at: Vec<Subscript> = folded
            .map(|&axis| Subscript::At(point[axis].clone()))
            .collect();
        at.extend(
            self.elements
                .lanes
                .columns
                .map(|_| Subscript::Span(Index::constant(0))),
        );
        at
    }

    // ------------------------------------------------------------------------------- rows

    fn scalar_rows(&mut self) {
        let extents = self.schedule.extents(&self.schedule.outer);
        let work = self.row_work();
        self.over_rows(&extents, work, &mut |this, rows| {
            let mut point = vec![Index::constant(0); this.schedule.domain.rank()];
            for (&axis, index) in this.schedule.outer.iter().zip(rows) {
                point[axis] = index.clone();
            }
            this.row(point);
        });
    }

    fn row_work(&self) -> u64 {
        let folded = self.schedule.extents(&self.schedule.folded);
        let elements: u64 = folded.iter().product();
        elements.saturating_mul(self.plan.work(&self.schedule.needed))
    }

    /// A parallel nest of iterations of that much work.
    pub(super) fn over_rows(
        &mut self,
        extents: &[u64],
        work: u64,
        body: &mut dyn FnMut(&mut Self, &[Index]),
    ) {
        let total = extents.iter().fold(work, |w, &e| w.saturating_mul(e));
        self.over_rows_from(extents, (work, total), body);
    }

    fn over_rows_from(
        &mut self,
        extents: &[u64],
        (work, total): (u64, u64),
        body: &mut dyn FnMut(&mut Self, &[Index]),
    ) {
        let Some((&extent, rest)) = extents.split_first() else {
            return body(self, &[]);
        };
        if extent == 1 {
            return self.over_rows_from(rest, (work, total), &mut |this, inner| {
                let mut all = vec![Index::constant(0)];
                all.extend_from_slice(inner);
                body(this, &all);
            });
        }
        let inner_work = rest.iter().fold(work, |w, &e| w.saturating_mul(e));
        let builder = self.elements.builder.clone();
        let grain = grain(&self.plan.target.costs, extent, inner_work, total);
        builder.par(extent, grain, |index| {
            self.elements.enter(&index, extent);
            self.over_rows_from(rest, (work, total), &mut |this, inner| {
                let mut all = vec![index.clone()];
                all.extend_from_slice(inner);
                body(this, &all);
            });
            self.elements.leave();
        });
    }

    /// The number of neighbouring rows in a vector.
    pub(super) fn width(&self) -> u32 {
        let dtypes = self
            .schedule
            .needed
            .iter()
            .map(|&n| self.plan.model.ty(n).dtype.compute());
        let widest = dtypes.max_by_key(|dtype| dtype.size());
        2 * self.plan.target.lanes(widest.unwrap_or(DType::F32))
    }

    /// Rows in vectors along the last axis, then in smaller ones, then one by one.
    fn vector_rows(&mut self, axis: usize) {
        let width = self.width();
        for segment in Segment::of(self.schedule.domain.extent(axis), width, (width / 2).max(1)) {
            self.row_blocks(axis, &segment);
        }
    }

    fn row_blocks(&mut self, axis: usize, segment: &Segment) {
        let others: Vec<usize> = self
            .schedule
            .outer
            .iter()
            .copied()
            .filter(|&a| a != axis)
            .collect();
        let mut extents = self.schedule.extents(&others);
        extents.push(segment.blocks);
        let work = self.row_work().saturating_mul(u64::from(segment.width));
        self.elements.lanes = segment.lanes();
        self.over_rows(&extents, work, &mut |this, rows| {
            let mut point = vec![Index::constant(0); this.schedule.domain.rank()];
            for (&axis, index) in others.iter().zip(rows) {
                point[axis] = index.clone();
            }
            // The blocks are the last extent.
            let block = this.elements.coordinate(rows, rows.len().wrapping_sub(1));
            point[axis] = segment.column(&block);
            this.row(point);
        });
        self.elements.lanes = Lanes::default();
    }

    /// All phases of a row. Coordinates along folded axes of `point` are set by the phases.
    fn row(&mut self, point: Vec<Index>) {
        self.elements.results.clear();
        let kept = self.schedule.kept.iter().flatten().copied();
        let homeless: Vec<NodeId> = kept.filter(|n| !self.kept.contains_key(n)).collect();
        self.with_private_rows(homeless, &mut |this| this.phases(&point));
    }

    fn phases(&mut self, point: &[Index]) {
        self.elements.kept.clear();
        for phase in 0..self.schedule.phases.len() {
            self.phase(phase, point);
        }
        self.save_elements(point);
        self.save_row(point);
        self.elements.results.clear();
    }

    // ------------------------------------------------------------------------------- the last loop

    fn save_elements(&mut self, point: &[Index]) {
        let saved = self.schedule.saved(self.plan, false);
        let left: Vec<NodeId> = saved
            .into_iter()
            .filter(|n| !self.stored.contains(n))
            .collect();
        if left.is_empty() || self.schedule.domain.elements() == 0 {
            return;
        }
        let extents = self.schedule.extents(&self.schedule.folded);
        let parallel = self.schedule.rows() == 1;
        let work = self.plan.work(&self.schedule.needed);
        let nodes = &left;
        self.over_elements(parallel, &extents, work, point, &mut |this, at| {
            this.load_kept(at, this.schedule.phases.len());
            let values: Vec<(NodeId, ValueId)> = nodes
                .iter()
                .map(|&node| (node, this.elements.member_value(node, at)))
                .collect();
            for (node, value) in values {
                let coords = this.elements.member_coords(node, at);
                this.elements.save(node, &coords, value);
            }
        });
    }

    /// Loops over the folded axes, with the point completed.
    fn over_elements(
        &mut self,
        parallel: bool,
        extents: &[u64],
        work: u64,
        point: &[Index],
        body: &mut dyn FnMut(&mut Self, &[Index]),
    ) {
        if parallel {
            return self.over_rows(extents, work, &mut |this, folded| {
                let at = this.completed(point, folded);
                body(this, &at);
            });
        }
        let Some((&extent, rest)) = extents.split_first() else {
            return body(self, point);
        };
        let axis = self.schedule.folded[self.schedule.folded.len() - extents.len()];
        let mut at = point.to_vec();
        if extent == 1 {
            at[axis] = Index::constant(0);
            return self.over_elements(false, rest, work, &at, body);
        }
        let builder = self.elements.builder.clone();
        builder.for_each(ForRange::upto(extent), |index| {
            self.elements.enter(&index, extent);
            at[axis] = index;
            self.over_elements(false, rest, work, &at, body);
            self.elements.leave();
        });
    }

    pub(super) fn completed(&self, point: &[Index], folded: &[Index]) -> Vec<Index> {
        let mut at = point.to_vec();
        for (&axis, index) in self.schedule.folded.iter().zip(folded) {
            at[axis] = index.clone();
        }
        at
    }

    pub(super) fn save_row(&mut self, point: &[Index]) {
        let saved = self.schedule.saved(self.plan, true);
        let values: Vec<(NodeId, ValueId)> = saved
            .into_iter()
            .map(|node| (node, self.elements.member_value(node, point)))
            .collect();
        for (node, value) in values {
            let coords = self.elements.member_coords(node, point);
            self.elements.save(node, &coords, value);
        }
    }
}
