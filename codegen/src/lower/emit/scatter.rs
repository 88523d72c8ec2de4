//! Scatters: updates added where run-time indices point.
//!
//! What is not indexed runs in parallel, in vectors where it lies next to each other; the updates of an element are added
//! in row-major order of the indices. Where an element may get more updates than one chain may have (see
//! [`crate::lower::grouping`]), a first pass over the indices ranks them: which of the updates of its element each is.
//! Then each run of [`CHAIN`] updates is added up by itself before it is added to the element; and where there may
//! be more such runs than that, runs of runs are too.

use crate::kernel::{Access, Condition, Form, KernelBuilder, MemId, Mode, Subscript, ValueId};
use crate::lower::LowerError;
use crate::lower::analysis::model::Kind;
use crate::lower::emit::element::Elements;
use crate::lower::emit::lanes::{Lanes, Segment};
use crate::lower::fusion::group::GroupId;
use crate::lower::fusion::plan::{Draft, Plan, Unsupported};
use crate::lower::grouping::CHAIN;
use lgc_ir::dtype::DType;
use lgc_ir::graph::NodeId;
use lgc_ir::index::{Guard, Index};
use lgc_ir::op::Picking;
use lgc_ir::scalar::{Binary, Comparison, Connective};
use lgc_ir::shape::{Shape, Type};

/// Emits a scatter: the result starts as x, to which the updates are added.
pub(in crate::lower) fn lower(
    plan: &Plan<'_>,
    group: GroupId,
    node: NodeId,
) -> Result<Draft, LowerError> {
    let Kind::Scatter(picking) = *plan.model.kind(node) else {
        return Err(LowerError::Internal("a scatter is of another kind".into()));
    };
    for in_vectors in [true, false] {
        if let Some(scatter) = Scatter::new(plan, group, (node, picking), in_vectors)
            && let Ok(draft) = scatter.build(group)?
        {
            return Ok(draft);
        }
    }
    Err(LowerError::Internal(
        "no loops could be made for a scatter".into(),
    ))
}

/// What counts the updates of each element.
struct Ranks {
    dtype: DType,
    /// For each index, how many before it are the same.
    ranks: MemId,
    /// For each place that an index may point to, how many do.
    counts: MemId,
    /// Sums of the latest updates of each element: of up to [`CHAIN`], of up to so many of these, …
    runs: Vec<MemId>,
}

/// An element of a memory, or those of a vector.
type Element = (MemId, Vec<Index>);

struct Scatter<'p> {
    elements: Elements<'p>,
    builder: KernelBuilder,
    node: NodeId,
    picking: Picking,
    /// Where the sums are, and the value whose elements these are: the scatter itself, or the view of it
    /// that is in memory.
    sums: (MemId, NodeId),
    updates: &'p Shape,
    result: &'p Type,
    /// The vectors of a row; `None` where elements are updated one by one.
    segments: Option<Vec<Segment>>,
    scratch: Vec<Type>,
}

impl<'p> Scatter<'p> {
    fn new(
        plan: &'p Plan<'p>,
        group: GroupId,
        (node, picking): (NodeId, Picking),
        in_vectors: bool,
    ) -> Option<Self> {
        let builder = plan.builder(group);
        let mut elements = Elements::new(plan, Some(group), builder.clone());
        let (reads, writes) = plan.traffic(group);
        elements.declare(&reads, &writes);
        let saved = plan.saved(group).next().unwrap_or(node);
        let memory = elements.memory(saved)?;
        let updates = plan.model.shape(plan.model.operand(node, 2));
        let result = plan.model.ty(node);
        let width = plan.target.lanes(result.dtype.compute());
        let last = result.shape.rank().checked_sub(1)?;
        let is_row = picking.table_axis(last).is_some();
        let extent = result.shape.extent(last);
        if in_vectors && (!is_row || last < picking.batch || extent < u64::from(width)) {
            return None;
        }
        Some(Scatter {
            elements,
            builder,
            node,
            picking,
            sums: (memory, saved),
            updates,
            result,
            segments: in_vectors
                .then(|| Segment::of(extent, plan.target.costs.scatter_vectors * width, width)),
            scratch: Vec::new(),
        })
    }

    fn build(mut self, group: GroupId) -> Result<Result<Draft, Unsupported>, LowerError> {
        let (memory, saved) = self.sums;
        // Halves are added up in f32, and rounded once.
        if self.result.dtype.half().is_some() {
            let wide = self.result.with_dtype(self.result.dtype.compute());
            self.sums = (self.scratch("sums", wide), self.node);
        }
        let is_apart = self.sums.0 != memory;
        let extents: Vec<u64> = self.result.shape.extents().collect();
        if is_apart || !self.elements.plan.updates_in_place(group, self.node) {
            let (x, sums) = (self.elements.plan.model.operand(self.node, 0), self.sums);
            self.elements.nest(true, &extents, 1, &mut |elements, at| {
                let value = elements.value(x, at.to_vec());
                let place = place(elements, sums.1, self.node, at);
                elements.store_to(sums.0, &place, value);
            });
        }
        if self.updates.elements() > 0 {
            let ranks = self.ranks();
            self.add_updates(ranks.as_ref());
            if let Some(ranks) = &ranks {
                self.add_last_runs(ranks);
            }
        }
        if is_apart {
            let sums = self.sums.0;
            self.elements.nest(true, &extents, 1, &mut |elements, at| {
                let sum = elements.load_element(sums, at);
                let place = elements.member_coords(saved, at);
                elements.store_to(memory, &place, sum);
            });
        }
        if self.elements.is_unsupported() {
            return Ok(Err(Unsupported));
        }
        Ok(Ok(Draft {
            kernel: self.builder.finish()?,
            args: self.elements.args(),
            scratch: self.scratch,
        }))
    }

    fn scratch(&mut self, name: &str, ty: Type) -> MemId {
        let memory = self.builder.param(name, ty.clone(), Mode::Scratch);
        self.scratch.push(ty);
        memory
    }

    // ------------------------------------------------------------------------------- geometry

    /// The axes of the updates along which indices run one after the other.
    fn sequential(&self) -> Vec<usize> {
        self.picking.index_axes().skip(self.picking.batch).collect()
    }

    fn extents(&self, axes: &[usize]) -> Vec<u64> {
        axes.iter().map(|&axis| self.updates.extent(axis)).collect()
    }

    /// The index of an update.
    fn index(&mut self, point: &[Index]) -> ValueId {
        let indices = self.elements.plan.model.operand(self.node, 1);
        let at = self.picking.index_axes().map(|axis| point[axis].clone());
        let at: Vec<Index> = at.collect();
        let lanes = std::mem::take(&mut self.elements.lanes);
        let index = self
            .elements
            .isolated(|elements| elements.value(indices, at));
        self.elements.lanes = lanes;
        index
    }

    /// The element of the result that an update is added to.
    fn target(&mut self, point: &[Index], index: ValueId) -> Vec<Index> {
        let model = self.elements.plan.model;
        let shape = &self.result.shape;
        let certain = model.checked_indices(self.node).is_none();
        let extent = shape.extent(self.picking.axis);
        let picked = self.elements.pick(index, extent, certain);
        let coordinate = |axis: usize| match self.picking.table_axis(axis) {
            Some(own) => point[own].clone(),
            None => picked.clone(),
        };
        (0..shape.rank()).map(coordinate).collect()
    }

    /// What is kept for each index: the batch, then the axes of the indices.
    fn of_index(&self, memory: MemId, point: &[Index]) -> Access {
        let at = self.picking.index_axes().map(|axis| point[axis].clone());
        Access::element(memory, at)
    }

    // ------------------------------------------------------------------------------- ranks

    /// Ranks the indices, if there are too many for one chain of floats.
    fn ranks(&mut self) -> Option<Ranks> {
        let count: u64 = self.extents(&self.sequential()).iter().product();
        if count <= CHAIN || !self.result.dtype.is_float() {
            return None;
        }
        let dtype = match i32::try_from(count) {
            Ok(_) => DType::I32,
            Err(_) => DType::I64,
        };
        let batch: Vec<u64> = self
            .result
            .shape
            .extents()
            .take(self.picking.batch)
            .collect();
        let places = self.result.shape.extent(self.picking.axis);
        let indices: Vec<usize> = self.picking.index_axes().collect();
        let indices = Shape::new(self.extents(&indices));
        let counted = Shape::new(batch.iter().copied().chain([places]));
        let mut ranks = Ranks {
            dtype,
            ranks: self.scratch("ranks", Type::new(dtype, indices)),
            counts: self.scratch("counts", Type::new(dtype, counted)),
            runs: Vec::new(),
        };
        self.rank(&ranks, &batch, places);
        let wide = self.result.with_dtype(self.result.dtype.compute());
        let mut runs = count.div_ceil(CHAIN);
        loop {
            let name = format!("runs{}", ranks.runs.len());
            ranks.runs.push(self.scratch(&name, wide.clone()));
            if runs <= CHAIN {
                return Some(ranks);
            }
            runs = runs.div_ceil(CHAIN);
        }
    }

    fn rank(&mut self, ranks: &Ranks, batch: &[u64], places: u64) {
        let zero = self.builder.int(ranks.dtype, 0);
        let all: Vec<u64> = batch.iter().copied().chain([places]).collect();
        self.elements.nest(true, &all, 1, &mut |elements, at| {
            elements.store_to(ranks.counts, at, zero);
        });
        let sequential = self.sequential();
        let along = self.extents(&sequential);
        let work = along.iter().product();
        let (builder, rank) = (self.builder.clone(), self.updates.rank());
        // The elements are a part of what the body needs.
        let mut elements = self.without_elements();
        elements.nest(true, batch, work, &mut |elements, shared| {
            elements.nest(false, &along, 1, &mut |elements, within| {
                let mut point = vec![Index::constant(0); rank];
                let axes = (0..batch.len()).chain(sequential.iter().copied());
                for (axis, index) in axes.zip(shared.iter().chain(within)) {
                    point[axis] = index.clone();
                }
                self.with_elements(elements, |scatter| {
                    let index = scatter.index(&point);
                    let subscripts = shared.iter().cloned().map(Subscript::At);
                    let subscripts = subscripts.chain([Subscript::Value(index)]);
                    let count = Access::new(ranks.counts, subscripts.collect());
                    let before = builder.load(count.clone());
                    builder.store(scatter.of_index(ranks.ranks, &point), before);
                    let one = builder.int(ranks.dtype, 1);
                    builder.store(count, builder.binary(Binary::Add, before, one));
                });
            });
        });
        self.elements = elements;
    }

    /// Takes the elements out, so that loops that need them may call what needs all.
    fn without_elements(&mut self) -> Elements<'p> {
        let plan = self.elements.plan;
        let none = Elements::new(plan, None, self.builder.clone());
        std::mem::replace(&mut self.elements, none)
    }

    fn with_elements(&mut self, elements: &mut Elements<'p>, body: impl FnOnce(&mut Self)) {
        std::mem::swap(&mut self.elements, elements);
        body(self);
        std::mem::swap(&mut self.elements, elements);
    }

    // ------------------------------------------------------------------------------- updates

    fn add_updates(&mut self, ranks: Option<&Ranks>) {
        let segments: Vec<Option<Segment>> = match self.segments.clone() {
            Some(segments) => segments.into_iter().map(Some).collect(),
            None => vec![None],
        };
        for segment in segments {
            self.add_segment(segment.as_ref(), ranks);
        }
    }

    fn add_segment(&mut self, segment: Option<&Segment>, ranks: Option<&Ranks>) {
        let sequential = self.sequential();
        let rank = self.updates.rank();
        let parallel: Vec<usize> = (0..rank)
            .filter(|axis| !sequential.contains(axis))
            .collect();
        let (mut outer, inner) = (self.extents(&parallel), self.extents(&sequential));
        let mut work = inner.iter().product::<u64>();
        if let (Some(segment), Some(last)) = (segment, outer.last_mut()) {
            *last = segment.blocks;
            work = work.saturating_mul(segment.width.into());
            self.elements.lanes = segment.lanes();
        }
        let mut elements = self.without_elements();
        elements.nest(true, &outer, work, &mut |elements, apart| {
            elements.nest(false, &inner, 1, &mut |elements, along| {
                let mut point = vec![Index::constant(0); rank];
                for (&axis, index) in sequential.iter().zip(along) {
                    point[axis] = index.clone();
                }
                for (&axis, index) in parallel.iter().zip(apart) {
                    point[axis] = index.clone();
                }
                if let (Some(segment), Some(last)) = (segment, point.last_mut()) {
                    *last = segment.column(last);
                }
                self.with_elements(elements, |scatter| scatter.add_update(&point, ranks));
            });
        });
        self.elements = elements;
        self.elements.lanes = Lanes::default();
    }

    fn add_update(&mut self, point: &[Index], ranks: Option<&Ranks>) {
        let index = self.index(point);
        let updates = self.elements.plan.model.operand(self.node, 2);
        let update = self.elements.value(updates, point.to_vec());
        let update = match self.builder.type_of(update).form {
            Form::Scalar => self.builder.splat(self.elements.lanes.form(), update),
            Form::Vector(_) | Form::Tile(..) => update,
        };
        let at = self.target(point, index);
        let there = place(&self.elements, self.sums.1, self.node, &at);
        let sums = (self.sums.0, there);
        let Some(ranks) = ranks else {
            return self.add(&sums, update);
        };
        let rank = self.builder.load(self.of_index(ranks.ranks, point));
        let runs = ranks.runs.iter().map(|&run| (run, at.clone()));
        let runs: Vec<Element> = runs.collect();
        self.add_to_run(&runs, &sums, (ranks.dtype, rank), update);
    }

    /// Adds what comes next to the latest run, in whose place a new one begins where it is full; `rank` is how many
    /// came before.
    fn add_to_run(
        &mut self,
        runs: &[Element],
        sums: &Element,
        (dtype, rank): (DType, ValueId),
        update: ValueId,
    ) {
        let b = self.builder.clone();
        let Some((run, above)) = runs.split_first() else {
            return self.add(sums, update);
        };
        let length = b.int(dtype, CHAIN as i64);
        let zero = b.int(dtype, 0);
        let remainder = b.binary(Binary::Rem, rank, length);
        let begins = b.compare(Comparison::Eq, remainder, zero);
        let later = b.compare(Comparison::Gt, rank, zero);
        let is_full = b.connect(Connective::And, begins, later);
        b.when(Condition::Mask(is_full), || {
            let full = self.load(run);
            let number = b.binary(Binary::Div, rank, length);
            let before = b.binary(Binary::Sub, number, b.int(dtype, 1));
            self.add_to_run(above, sums, (dtype, before), full);
        });
        // Both sides need the elements, one after the other.
        let this = std::cell::RefCell::new(self);
        b.branch(
            Condition::Mask(begins),
            || {
                let (memory, at) = run;
                this.borrow_mut().elements.store_to(*memory, at, update);
                Vec::new()
            },
            || {
                this.borrow_mut().add(run, update);
                Vec::new()
            },
        );
    }

    fn load(&mut self, (memory, at): &Element) -> ValueId {
        let loaded = self.elements.load_from(*memory, at, &Guard::always(), None);
        loaded.unwrap_or_else(|| {
            self.elements.refuse_lanes();
            self.builder.int(DType::F32, 0)
        })
    }

    fn add(&mut self, target: &Element, value: ValueId) {
        let old = self.load(target);
        let sum = self.builder.binary(Binary::Add, old, value);
        self.elements.store_to(target.0, &target.1, sum);
    }

    /// Adds the runs that are left, the longest first.
    fn add_last_runs(&mut self, ranks: &Ranks) {
        let b = self.builder.clone();
        let (node, sums) = (self.node, self.sums);
        let (batch, axis) = (self.picking.batch, self.picking.axis);
        let extents: Vec<u64> = self.result.shape.extents().collect();
        let (outside, inside) = extents.split_at((axis + 1).max(batch));
        let work = inside.iter().product();
        self.elements
            .nest(true, outside, work, &mut |elements, outer| {
                let counted = outer[..batch].iter().chain([&outer[axis]]).cloned();
                let count = b.load(Access::element(ranks.counts, counted));
                // A run holds something if more came than the runs below it are full of.
                let mut held = 0i64;
                let mut levels = Vec::new();
                for &run in &ranks.runs {
                    let least = b.int(ranks.dtype, held + 1);
                    levels.push((run, b.compare(Comparison::Ge, count, least)));
                    // As runs are no longer than there are updates, this stays far below 2⁶³.
                    held = held.saturating_add(1).saturating_mul(CHAIN as i64);
                }
                for (run, has_some) in levels.into_iter().rev() {
                    b.when(Condition::Mask(has_some), || {
                        elements.nest(true, inside, 1, &mut |elements, inner| {
                            let at = outer.iter().chain(inner).cloned();
                            let at: Vec<Index> = at.collect();
                            let there = place(elements, sums.1, node, &at);
                            let sum = elements.load_element(sums.0, &there);
                            let more = elements.load_element(run, &at);
                            let sum = elements.builder.binary(Binary::Add, sum, more);
                            elements.store_to(sums.0, &there, sum);
                        });
                    });
                }
            });
    }
}

/// Where the element of a scatter at these coordinates is among those of a view of it.
fn place(elements: &Elements<'_>, view: NodeId, scatter: NodeId, at: &[Index]) -> Vec<Index> {
    match view == scatter {
        true => at.to_vec(),
        false => elements.member_coords(view, at),
    }
}
