//! Scatters: updates added where run-time indices point.
//!
//! What is not indexed runs in parallel, in vectors where it lies next to each other; the updates of an element are added
//! in row-major order of the indices. Where an element may get more updates than one chain may have (see
//! [`super::grouping`]), a first pass over the indices ranks them: which of the updates of its element each is.
//! Then each run of [`CHAIN`] updates is added up by itself before it is added to the element; and where there may
//! be more such runs than that, runs of runs are too.

use super::LowerError;
use super::element::Elements;
use super::group::GroupId;
use super::grouping::CHAIN;
use super::lanes::{COLUMN, Lanes, Segment};
use super::model::Kind;
use super::plan::{Draft, Plan, Unsupported};
use crate::kernel::{Access, Condition, Form, KernelBuilder, MemId, Mode, Subscript, ValueId};
use lgc_ir::dtype::DType;
use lgc_ir::graph::NodeId;
use lgc_ir::index::Index;
use lgc_ir::op::Picking;
use lgc_ir::scalar::{Binary, Comparison, Connective};
use lgc_ir::shape::{Shape, Type};

/// How many vectors of a row are updated at once: an index is then read once for all of them.
const VECTORS: u32 = 16;

/// Emits a scatter: the result starts as x, to which the updates are added.
pub(super) fn lower(plan: &Plan<'_>, group: GroupId, node: NodeId) -> Result<Draft, LowerError> {
    let Kind::Scatter(picking) = *plan.model.kind(node) else {
        return Err(LowerError::Internal("a scatter is of another kind".into()));
    };
    for in_vectors in [true, false] {
        if let Some(scatter) = Scatter::new(plan, group, (node, picking), in_vectors)
            && let Ok(draft) = scatter.build()?
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

struct Scatter<'p> {
    elements: Elements<'p>,
    builder: KernelBuilder,
    node: NodeId,
    picking: Picking,
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
        let builder = KernelBuilder::new(plan.kernel_name(group));
        let mut elements = Elements::new(plan, Some(group), builder.clone());
        let (reads, writes) = plan.traffic(group);
        elements.declare(&reads, &writes);
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
            updates,
            result,
            segments: in_vectors.then(|| Segment::of(extent, VECTORS * width, width)),
            scratch: Vec::new(),
        })
    }

    fn build(mut self) -> Result<Result<Draft, Unsupported>, LowerError> {
        let Some(memory) = self.elements.memory(self.node) else {
            return Err(LowerError::Internal("a scatter has no buffer".into()));
        };
        // Halves are added up in f32, and rounded once.
        let sums = match self.result.dtype.half() {
            Some(_) => self.scratch("sums", self.result.with_dtype(self.result.dtype.compute())),
            None => memory,
        };
        let extents: Vec<u64> = self.result.shape.extents().collect();
        let x = self.elements.plan.model.operand(self.node, 0);
        self.elements.nest(true, &extents, 1, &mut |elements, at| {
            let value = elements.value(x, at.to_vec());
            elements.store_to(sums, at, value);
        });
        if self.updates.elements() > 0 {
            let ranks = self.ranks();
            self.add_updates(sums, ranks.as_ref());
            if let Some(ranks) = &ranks {
                self.add_last_runs(sums, ranks);
            }
        }
        if sums != memory {
            self.elements.nest(true, &extents, 1, &mut |elements, at| {
                let there = Access::element(sums, at.iter().cloned());
                let sum = elements.builder.load(there);
                elements.store_to(memory, at, sum);
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

    /// The element that an update is added to.
    fn target(&self, memory: MemId, point: &[Index], index: ValueId) -> Access {
        let subscript = |axis: usize| match self.picking.table_axis(axis) {
            Some(own) => span(&point[own]),
            None => Subscript::Value(index),
        };
        Access::new(
            memory,
            (0..self.result.shape.rank()).map(subscript).collect(),
        )
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

    fn add_updates(&mut self, sums: MemId, ranks: Option<&Ranks>) {
        let segments: Vec<Option<Segment>> = match self.segments.clone() {
            Some(segments) => segments.into_iter().map(Some).collect(),
            None => vec![None],
        };
        for segment in segments {
            self.add_segment(segment.as_ref(), sums, ranks);
        }
    }

    fn add_segment(&mut self, segment: Option<&Segment>, sums: MemId, ranks: Option<&Ranks>) {
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
                self.with_elements(elements, |scatter| scatter.add_update(&point, sums, ranks));
            });
        });
        self.elements = elements;
        self.elements.lanes = Lanes::default();
    }

    fn add_update(&mut self, point: &[Index], sums: MemId, ranks: Option<&Ranks>) {
        let index = self.index(point);
        let updates = self.elements.plan.model.operand(self.node, 2);
        let update = self.elements.value(updates, point.to_vec());
        let update = match self.builder.type_of(update).form {
            Form::Scalar => self.builder.splat(self.elements.lanes.form(), update),
            Form::Vector(_) | Form::Tile(..) => update,
        };
        let Some(ranks) = ranks else {
            return self.add(self.target(sums, point, index), update);
        };
        let rank = self.builder.load(self.of_index(ranks.ranks, point));
        let there = |memory| self.target(memory, point, index);
        let runs: Vec<Access> = ranks.runs.iter().map(|&run| there(run)).collect();
        self.add_to_run(&runs, &there(sums), (ranks.dtype, rank), update);
    }

    /// Adds what comes next to the latest run, in whose place a new one begins where it is full; `rank` is how many
    /// came before.
    fn add_to_run(
        &self,
        runs: &[Access],
        sums: &Access,
        (dtype, rank): (DType, ValueId),
        update: ValueId,
    ) {
        let b = &self.builder;
        let Some((run, above)) = runs.split_first() else {
            return self.add(sums.clone(), update);
        };
        let length = b.int(dtype, CHAIN as i64);
        let zero = b.int(dtype, 0);
        let place = b.binary(Binary::Rem, rank, length);
        let begins = b.compare(Comparison::Eq, place, zero);
        let is_full = b.connect(
            Connective::And,
            begins,
            b.compare(Comparison::Gt, rank, zero),
        );
        b.when(Condition::Mask(is_full), || {
            let full = b.load_form(run.clone(), self.elements.lanes.form(), None);
            let number = b.binary(Binary::Div, rank, length);
            let before = b.binary(Binary::Sub, number, b.int(dtype, 1));
            self.add_to_run(above, sums, (dtype, before), full);
        });
        b.branch(
            Condition::Mask(begins),
            || {
                b.store(run.clone(), update);
                Vec::new()
            },
            || {
                self.add(run.clone(), update);
                Vec::new()
            },
        );
    }

    fn add(&self, target: Access, value: ValueId) {
        let b = &self.builder;
        let old = b.load_form(target.clone(), self.elements.lanes.form(), None);
        b.store(target, b.binary(Binary::Add, old, value));
    }

    /// Adds the runs that are left, the longest first.
    fn add_last_runs(&mut self, sums: MemId, ranks: &Ranks) {
        let b = self.builder.clone();
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
                    held = held.saturating_add(1).saturating_mul(CHAIN as i64);
                }
                for (run, has_some) in levels.into_iter().rev() {
                    b.when(Condition::Mask(has_some), || {
                        elements.nest(true, inside, 1, &mut |elements, inner| {
                            let at = outer.iter().chain(inner).cloned();
                            let at: Vec<Index> = at.collect();
                            let sum = elements.builder.load(Access::element(sums, at.clone()));
                            let more = elements.builder.load(Access::element(run, at.clone()));
                            let sum = elements.builder.binary(Binary::Add, sum, more);
                            elements.store_to(sums, &at, sum);
                        });
                    });
                }
            });
    }
}

/// A coordinate, which may have a lane for each element.
fn span(index: &Index) -> Subscript {
    match index.mentions(COLUMN) {
        true => Subscript::Span(index.sub(&Index::var(COLUMN))),
        false => Subscript::At(index.clone()),
    }
}
