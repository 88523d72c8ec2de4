//! Kernels of contractions.
//!
//! Each element of the result is a sum of chains of fused multiply-adds from zero, in row-major order of
//! the contracted axes, cut as [`crate::lower::grouping`] says; integers are summed in that order too. Axes of the result other than those of
//! the register tile are plain parallel loops. There are three shapes of loops:
//!
//! * *Tiles*: rows run along the longest free axis of the first operand, columns along the last free
//!   axis of the second, and one `mma` a step. Where extents are no multiples, smaller tiles do the
//!   rest; columns that do not fill a vector are clipped when they are stored.
//! * *Vectors*, when there is one row only (or few columns: then along the rows, for several columns at once). The elements of a vector may lie
//!   apart, as those along the rows of a matrix do: nothing is gained by packing what is read once.
//! * *Scalars*: integers, and results with less than a vector in either direction. A few of them are
//!   computed at once, so that their chains need not wait for themselves.
//!
//! An operand is read in place when its elements lie along the tile as needed: rows anywhere one step
//! apart, columns next to each other. Otherwise (views that rearrange, expressions, columns that do
//! not fill vectors, steps from cache line to cache line over more of these than the cache holds) it is first packed into scratch memory in the order in which the tiles read it; or
//! staged, if it is read through windows. Where windows have gaps, results go by residue classes.
//! The epilogue is computed on the tile before it is stored.

mod apart;
mod classes;
mod tiling;
mod windows;

use crate::kernel::{Access, Form, KernelBuilder, MemId, Mode, Subscript, ValueId, end_of};
use crate::lower::LowerError;
use crate::lower::analysis::model::Kind;
use crate::lower::emit::element::Elements;
use crate::lower::emit::lanes::{COLUMN, Lanes, ROW};
use crate::lower::fusion::group::{GroupId, TileAxes};
use crate::lower::fusion::plan::{Draft, Plan, Unsupported};
use crate::lower::grouping::{CHAIN, InPieces, Pieces};
use classes::Class;
use lgc_ir::constant::Constant;
use lgc_ir::dtype::DType;
use lgc_ir::graph::NodeId;
use lgc_ir::index::{Guard, Index};
use lgc_ir::op::ContractAxes;
use lgc_ir::scalar::Binary;
use lgc_ir::shape::{Shape, Type};
use tiling::{Blocked, LoopShape, Piece};
use windows::Stage;

/// Emits the kernel of a contraction with its epilogue.
pub(in crate::lower) fn lower(
    plan: &Plan<'_>,
    group: GroupId,
    node: NodeId,
    tile: TileAxes,
) -> Result<Draft, LowerError> {
    let Kind::Contract(axes) = plan.model.kind(node) else {
        return Err(LowerError::Internal(
            "a contraction is of another kind".into(),
        ));
    };
    for shape in LoopShape::candidates(plan, node, tile) {
        if let Ok(draft) = Contraction::new(plan, group, node, axes.clone(), shape).build()? {
            return Ok(draft);
        }
    }
    Err(LowerError::Internal(
        "no loops could be made for a contraction".into(),
    ))
}

/// One of the operands, and how it is read in the inner loop.
#[derive(Clone, Debug)]
enum Source {
    /// Element by element, where it is.
    InPlace,
    /// From scratch memory: batch and other axes, blocks, contracted axes, elements of the block.
    Packed(MemId),
    /// From a copy of what windows cover.
    Staged(MemId, Stage),
}

struct Contraction<'p> {
    plan: &'p Plan<'p>,
    group: GroupId,
    node: NodeId,
    axes: ContractAxes,
    shape: LoopShape,
    scratch: Vec<Type>,
    /// For each axis along which results are computed by classes, these.
    classes: Vec<Vec<Class>>,
}

impl<'p> Contraction<'p> {
    fn new(
        plan: &'p Plan<'p>,
        group: GroupId,
        node: NodeId,
        axes: ContractAxes,
        shape: LoopShape,
    ) -> Self {
        Contraction {
            plan,
            group,
            node,
            axes,
            shape,
            scratch: Vec::new(),
            classes: Vec::new(),
        }
    }

    fn build(mut self) -> Result<Result<Draft, Unsupported>, LowerError> {
        if self.shape.is_apart && !self.streams() {
            return Ok(Err(Unsupported));
        }
        let builder = self.plan.builder(self.group);
        let mut elements = Elements::new(self.plan, Some(self.group), builder);
        let (reads, writes) = self.plan.traffic(self.group);
        elements.declare(&reads, &writes);
        let sources = [0, 1].map(|side| self.source(&elements.builder, side));
        for (side, source) in sources.iter().enumerate() {
            match source {
                Source::InPlace => {}
                Source::Packed(memory) => self.pack(&mut elements, side, *memory),
                Source::Staged(memory, stage) => stage.copy(&mut elements, *memory),
            }
        }
        self.tiles(&mut elements, &sources);
        if elements.is_unsupported() {
            return Ok(Err(Unsupported));
        }
        let kernel = elements.builder.finish()?;
        Ok(Ok(Draft {
            kernel,
            args: elements.args(),
            scratch: self.scratch,
        }))
    }

    // ------------------------------------------------------------------------------- geometry

    fn operand(&self, side: usize) -> NodeId {
        self.plan.model.operand(self.node, side)
    }

    fn result(&self) -> &'p Shape {
        let plan: &'p Plan<'p> = self.plan;
        plan.model.shape(self.node)
    }

    fn contracted(&self) -> Vec<u64> {
        let x = self.plan.model.shape(self.operand(0));
        self.axes.contract[0]
            .iter()
            .map(|&axis| x.extent(axis))
            .collect()
    }

    fn geometry(&self, side: usize) -> Geometry {
        Geometry {
            axes: self.axes.clone(),
            side,
        }
    }

    /// The block of the result that an operand is read in: rows for the first one, columns for the
    /// second; where vectors run along the rows, the other way round.
    fn block_of(&self, side: usize) -> Option<(Blocked, u32)> {
        let own = |blocked: &Blocked| self.side_of(blocked.axis) == side;
        let rows = self.shape.rows.filter(own).map(|b| (b, ROW));
        rows.or_else(|| self.shape.columns.filter(own).map(|b| (b, COLUMN)))
    }

    fn side_of(&self, axis: usize) -> usize {
        let first = self.axes.batch[0].len();
        usize::from(axis >= first + self.axes.free[0].len())
    }

    /// How an operand is read. Adds a parameter if it is to be packed.
    fn source(&mut self, builder: &KernelBuilder, side: usize) -> Source {
        if self.contracted().contains(&0) {
            return Source::InPlace;
        }
        let Some((blocked, var)) = self.block_of(side) else {
            let elements = self.plan.model.shape(self.operand(side)).elements();
            return match self.stage(side, None, elements) {
                Some(stage) => {
                    Source::Staged(self.scratch(builder, "staged", stage.extents()), stage)
                }
                None => Source::InPlace,
            };
        };
        if self.shape.is_apart {
            return Source::InPlace;
        }
        let exact = var == ROW || blocked.is_exact();
        let in_place = exact && self.reads_in_place(side, blocked.axis, var);
        if in_place && !self.misses_the_cache(side) {
            return Source::InPlace;
        }
        let mut extents: Vec<u64> = self.packed_axes(side, blocked.axis);
        extents.push(blocked.blocks());
        extents.extend(self.contracted());
        extents.push(u64::from(blocked.block));
        let packed = extents.iter().product();
        match self.stage(side, Some(blocked), packed) {
            Some(stage) => Source::Staged(self.scratch(builder, "staged", stage.extents()), stage),
            None => Source::Packed(self.scratch(builder, "packed", extents)),
        }
    }

    /// Adds a parameter for scratch memory.
    fn scratch(&mut self, builder: &KernelBuilder, name: &str, extents: Vec<u64>) -> MemId {
        // Elements are packed as they are used: halves as f32.
        let dtype = self.plan.model.ty(self.node).dtype.compute();
        let ty = Type::new(dtype, Shape::new(extents));
        let name = format!("{name}{}", self.scratch.len());
        let memory = builder.param(name, ty.clone(), Mode::Scratch);
        self.scratch.push(ty);
        memory
    }

    /// How an operand is staged, if it is read through windows, so that this takes less memory than
    /// `packed` elements.
    fn stage(&mut self, side: usize, blocked: Option<Blocked>, packed: u64) -> Option<Stage> {
        let operand = self.operand(side);
        let shape = self.plan.model.shape(operand);
        let own = |axis: usize| self.geometry(side).result_axis(axis);
        let along = blocked.and_then(|b| (0..shape.rank()).find(|&axis| own(axis) == Some(b.axis)));
        // A last block may extend beyond the axis.
        let reach = |(axis, extent): (usize, u64)| match blocked.filter(|_| Some(axis) == along) {
            Some(blocked) => extent.next_multiple_of(u64::from(blocked.multiple)),
            None => extent,
        };
        let extents = shape.extents().enumerate().map(reach);
        let bounds: Vec<(i64, i64)> = extents.map(|extent| (0, extent as i64)).collect();
        let mut stage = Stage::of(self.plan, operand, &bounds, along)?;
        let known = self.classes.len();
        for gap in stage.gaps() {
            if let Some(classes) = self.classes_of(side, &gap) {
                stage.close(&gap);
                self.classes.push(classes);
            }
        }
        let staged = stage
            .extents()
            .iter()
            .fold(1u64, |n, &e| n.saturating_mul(e));
        let spares = staged.saturating_mul(3) <= packed.saturating_mul(2);
        let stages = spares && (blocked.is_some() || !stage.is_plain(&bounds));
        if !stages {
            self.classes.truncate(known);
        }
        stages.then_some(stage)
    }

    /// The axes of the result, the blocked one aside, along which an operand varies.
    fn outer_axes_of(&self, side: usize, blocked: usize) -> Vec<usize> {
        let rank = self.plan.model.shape(self.operand(side)).rank();
        let mut axes: Vec<usize> = (0..rank)
            .filter_map(|axis| self.geometry(side).result_axis(axis))
            .collect();
        axes.retain(|&axis| axis != blocked);
        axes.sort_unstable();
        axes
    }

    fn packed_axes(&self, side: usize, blocked: usize) -> Vec<u64> {
        self.extents_of(&self.outer_axes_of(side, blocked))
    }

    /// Whether an operand is a plain load whose elements lie as the tile needs them.
    fn reads_in_place(&self, side: usize, axis: usize, var: u32) -> bool {
        let reads = self.plan.fusion.resolved_operand(self.operand(side));
        let [read] = reads.as_slice() else {
            return false;
        };
        let (Some(map), Some(_)) = (&read.map, self.plan.buffer(read.node)) else {
            return false;
        };
        let rank = self.plan.model.shape(self.operand(side)).rank();
        let own = (0..rank).find(|&a| self.geometry(side).result_axis(a) == Some(axis));
        let Some(own) = own.filter(|_| map.guard.is_always()) else {
            return false;
        };
        let lane = Index::var(own as u32);
        let moved: Vec<usize> = (0..map.indices.len())
            .filter(|&at| map.indices[at].mentions(own as u32))
            .collect();
        let &[place] = moved.as_slice() else {
            return false;
        };
        let unit = !map.indices[place].sub(&lane).mentions(own as u32);
        let last = place + 1 == map.indices.len();
        unit && (var == ROW || last)
    }

    fn extents_of(&self, axes: &[usize]) -> Vec<u64> {
        axes.iter()
            .map(|&axis| self.result().extent(axis))
            .collect()
    }

    /// Whether an operand that could be read in place is read often, and each time from so many cache lines
    /// that the nearest cache does not keep them until the next: packed, they are next to each other.
    fn misses_the_cache(&self, side: usize) -> bool {
        let target = self.plan.target;
        let other = self.block_of(1 - side).map(|(blocked, _)| blocked);
        let often = other.is_some_and(|blocked| blocked.blocks() >= target.costs.often);
        let contract = &self.axes.contract[side];
        let extents = self.contracted();
        let Some(inner) = extents.iter().rposition(|&extent| extent > 1) else {
            return false;
        };
        let step = self.step(side, contract[inner]).unsigned_abs();
        let depth: u64 = extents.iter().product();
        // Rows of temporaries are to take half of that cache.
        let line = target.costs.line_bytes;
        let lines = 2 * target.row_bytes / line;
        often && step >= line && depth >= lines
    }

    /// The distance in memory, in bytes, of elements that are next to each other along an axis of an operand.
    fn step(&self, side: usize, axis: usize) -> i64 {
        let reads = self.plan.fusion.resolved_operand(self.operand(side));
        let [read] = reads.as_slice() else {
            return 0;
        };
        let ty = self.plan.model.ty(read.node);
        let indices = read.map.iter().flat_map(|map| &map.indices);
        let strides = indices.zip(ty.shape.strides());
        let step = strides.map(|(index, stride)| index.coefficient(axis as u32) * stride as i64);
        step.sum::<i64>() * ty.dtype.size() as i64
    }

    // ------------------------------------------------------------------------------- packing

    fn pack(&self, elements: &mut Elements<'p>, side: usize, memory: MemId) {
        let Some((blocked, _)) = self.block_of(side) else {
            return;
        };
        let outer = self.outer_axes_of(side, blocked.axis);
        let mut extents = self.packed_axes(side, blocked.axis);
        extents.push(blocked.blocks());
        let parallel = extents.len();
        extents.extend(self.contracted());
        extents.push(u64::from(blocked.block));
        let operand = self.operand(side);
        let contracted = self.contracted().len();
        let (outside, inside) = extents.split_at(parallel);
        let rank = self.result().rank();
        let work: u64 = inside.iter().product();
        let geometry = self.geometry(side);
        let whole = blocked.extent.is_multiple_of(u64::from(blocked.block));
        if whole && self.reads_in_place(side, blocked.axis, COLUMN) {
            return self.pack_vectors(elements, side, memory, blocked, &extents);
        }
        elements.nest(true, outside, work, &mut |elements, blocks| {
            elements.nest(false, inside, 1, &mut |elements, within| {
                let mut point = vec![Index::constant(0); rank];
                for (&axis, index) in outer.iter().zip(blocks) {
                    point[axis] = index.clone();
                }
                let block = blocks[outer.len()].scale(i64::from(blocked.block));
                let place = block.add(&within[contracted]);
                point[blocked.axis] = place.clone();
                let coords = geometry.coords(elements, operand, &point, &within[..contracted]);
                let guard = elements.guard_below(&place, blocked.extent);
                let value = elements.value_where(operand, coords, guard.clone());
                let value = elements.or_zero(&guard, value);
                let at: Vec<Index> = blocks.iter().chain(within).cloned().collect();
                elements.store_to(memory, &at, value);
            });
        });
    }

    /// Packs an operand whose elements lie next to each other: a vector for each block.
    fn pack_vectors(
        &self,
        elements: &mut Elements<'p>,
        side: usize,
        memory: MemId,
        blocked: Blocked,
        extents: &[u64],
    ) {
        let outer = self.outer_axes_of(side, blocked.axis);
        let (outside, inside) = extents.split_at(outer.len() + 1);
        let contracted = self.contracted().len();
        let (operand, geometry) = (self.operand(side), self.geometry(side));
        let rank = self.result().rank();
        let lanes = Lanes {
            rows: None,
            columns: Some(blocked.block),
            clip: None,
        };
        let work: u64 = inside.iter().product();
        elements.nest(true, outside, work, &mut |elements, blocks| {
            elements.nest(false, &inside[..contracted], 1, &mut |elements, within| {
                let mut point = vec![Index::constant(0); rank];
                for (&axis, index) in outer.iter().zip(blocks) {
                    point[axis] = index.clone();
                }
                let block = blocks[outer.len()].scale(i64::from(blocked.block));
                point[blocked.axis] = block.add(&Index::var(COLUMN));
                let coords = geometry.coords(elements, operand, &point, within);
                let kept = std::mem::replace(&mut elements.lanes, lanes);
                let value = elements.isolated(|e| e.value(operand, coords));
                elements.lanes = kept;
                let at = blocks.iter().chain(within).cloned();
                let mut subscripts: Vec<Subscript> = at.map(Subscript::At).collect();
                subscripts.push(Subscript::Span(Index::constant(0)));
                elements
                    .builder
                    .store(Access::new(memory, subscripts), value);
            });
        });
    }

    // ------------------------------------------------------------------------------- loops

    fn tiles(&self, elements: &mut Elements<'p>, sources: &[Source; 2]) {
        if self.shape.rows.is_none() && self.shape.columns.is_none() {
            return self.scalars(elements, sources);
        }
        let shape = &self.shape;
        let blocked: Vec<usize> = [shape.rows, shape.columns, shape.several]
            .iter()
            .flatten()
            .map(|b| b.axis)
            .collect();
        let rank = self.result().rank();
        let unmoved = self.unmoved_axes();
        let is_plain = |axis: &usize| !blocked.contains(axis) && !unmoved.contains(axis);
        let plain: Vec<usize> = (0..rank).filter(is_plain).collect();
        let whole = [Piece {
            first: 0,
            count: 1,
            size: 1,
            clip: None,
        }];
        let pieces = |blocked: Option<Blocked>| blocked.map_or(whole.to_vec(), Blocked::pieces);
        for class in self.combinations() {
            for rows in pieces(self.shape.rows.or(self.shape.several)) {
                for columns in pieces(self.shape.columns) {
                    self.piece(elements, sources, (&plain, &class), [rows, columns]);
                }
            }
        }
    }

    /// All tiles of one size, of the results of one class.
    fn piece(
        &self,
        elements: &mut Elements<'p>,
        sources: &[Source; 2],
        (plain, classes): (&[usize], &[Class]),
        [rows, columns]: [Piece; 2],
    ) {
        let class_of = |axis: usize| classes.iter().find(|class| class.axis == axis);
        let mut extents = self.extents_of(plain);
        for (&axis, extent) in plain.iter().zip(&mut extents) {
            *extent = class_of(axis).map_or(*extent, |class| class.extent(*extent));
        }
        extents.extend([rows.count, columns.count]);
        let unmoved = self.unmoved_axes();
        let joint = Shape::new(self.extents_of(&unmoved));
        let lanes = Lanes {
            rows: self.shape.rows.map(|_| rows.size),
            columns: self.shape.columns.map(|_| columns.size),
            clip: columns.clip,
        };
        elements.nest(
            true,
            &extents,
            self.work(u64::from(rows.size) * u64::from(columns.size) * joint.elements()),
            &mut |elements, at| {
                let (outer, blocks) = at.split_at(plain.len());
                let mut point = vec![Index::constant(0); self.result().rank()];
                for (&axis, index) in plain.iter().zip(outer) {
                    point[axis] = class_of(axis).map_or(index.clone(), |class| class.place(index));
                }
                let row = blocks[0].add_constant(rows.first as i64);
                let column = blocks[1].add_constant(columns.first as i64);
                let ways = [
                    (self.shape.rows, &row, ROW),
                    (self.shape.columns, &column, COLUMN),
                ];
                for (blocked, block, lane) in ways {
                    if let Some(blocked) = blocked {
                        let base = block.scale(i64::from(blocked.block));
                        point[blocked.axis] = base.add(&Index::var(lane));
                    }
                }
                elements.lanes = lanes;
                let point_at = |number: u64| {
                    let mut point = point.clone();
                    for (&axis, at) in unmoved.iter().zip(joint.unravel(number)) {
                        point[axis] = Index::constant(at);
                    }
                    point
                };
                let points = (0..joint.elements()).map(point_at);
                let points = points.flat_map(|point| self.neighbours(&point, &row, rows.size));
                let points: Vec<Vec<Index>> = points.collect();
                self.tile(elements, sources, (&points, classes), [&row, &column]);
                elements.lanes = Lanes::default();
            },
        );
    }

    /// The point, or where several neighbours are computed at once, as many of them as there are in the block.
    fn neighbours(&self, point: &[Index], block: &Index, size: u32) -> Vec<Vec<Index>> {
        let Some(blocked) = self.shape.several else {
            return vec![point.to_vec()];
        };
        let first = block.scale(i64::from(blocked.block));
        let neighbour = |number: u32| {
            let mut point = point.to_vec();
            point[blocked.axis] = first.add_constant(i64::from(number));
            point
        };
        (0..size).map(neighbour).collect()
    }

    /// Scalars: those along the last axes at once, as many as there are registers for.
    fn scalars(&self, elements: &mut Elements<'p>, sources: &[Source; 2]) {
        let extents: Vec<u64> = self.result().extents().collect();
        let mut count = 1u64;
        let mut outer = extents.len();
        let most = self.plan.target.costs.scalars;
        while outer > 0 && count * extents[outer - 1] <= most && extents[outer - 1] > 0 {
            outer -= 1;
            count *= extents[outer];
        }
        let (outside, inside) = extents.split_at(outer);
        let inside = Shape::new(inside.iter().copied());
        let work = self.work(count);
        elements.nest(true, outside, work, &mut |elements, at| {
            let point = |number: u64| {
                let within = inside.unravel(number).into_iter().map(Index::constant);
                at.iter().cloned().chain(within).collect::<Vec<Index>>()
            };
            let points: Vec<Vec<Index>> = (0..count).map(point).collect();
            let first = Index::constant(0);
            self.tile(elements, sources, (&points, &[]), [&first, &first]);
        });
    }

    /// The work of so many elements, in simple operations.
    fn work(&self, size: u64) -> u64 {
        let depth: u64 = self.contracted().iter().product();
        let epilogue = self.plan.work(&self.plan.needed(self.group));
        size.saturating_mul(depth.saturating_add(epilogue))
    }

    /// A tile, or scalars: the chains of multiply-adds, the epilogue, the stores.
    fn tile(
        &self,
        elements: &mut Elements<'p>,
        sources: &[Source; 2],
        (points, classes): (&[Vec<Index>], &[Class]),
        blocks: [&Index; 2],
    ) {
        let sums = self.chains(elements, sources, (points, classes), blocks);
        let saved: Vec<NodeId> = self.plan.saved(self.group).collect();
        for (point, sum) in points.iter().zip(sums) {
            elements.results.clear();
            elements.results.insert(self.node, sum);
            let value = |&node: &NodeId| (node, elements.member_value(node, point));
            let values: Vec<(NodeId, ValueId)> = saved.iter().map(value).collect();
            for (node, value) in values {
                let coords = elements.member_coords(node, point);
                elements.save(node, &coords, value);
            }
        }
        elements.results.clear();
    }

    /// The sums over the contracted axes, one for each point. Integers need no pieces.
    fn chains(
        &self,
        elements: &mut Elements<'p>,
        sources: &[Source; 2],
        (points, classes): (&[Vec<Index>], &[Class]),
        blocks: [&Index; 2],
    ) -> Vec<ValueId> {
        let dtype = self.plan.model.ty(self.node).dtype;
        let each = |elements: &Elements<'p>, constant: Constant| {
            let scalar = elements.builder.constant(dtype, &constant);
            let value = elements.builder.splat(elements.lanes.form(), scalar);
            vec![value; points.len()]
        };
        let extents = self.contracted();
        let limit = if dtype.is_float() { CHAIN } else { u64::MAX };
        let pieces = Pieces::of(&extents, limit);
        let start = each(elements, Constant::integer(0));
        let neutral = match pieces.are_one(&extents) {
            true => start.clone(),
            false => each(elements, Constant::NegZero),
        };
        let met = classes::met(classes, &extents);
        let sums = InPieces {
            extents: &met,
            pieces,
            start: &start,
            neutral: &neutral,
            join: &|elements: &mut Elements<'p>, left, right| {
                let pairs = left.iter().zip(right);
                let sum = |(&x, &y)| elements.builder.binary(Binary::Add, x, y);
                pairs.map(sum).collect()
            },
            at_once: self.pieces_at_once(elements.lanes.form(), points.len()),
            builder: elements.builder.clone(),
            life: std::marker::PhantomData,
        };
        sums.emit(elements, &mut |elements, inner, sums| {
            let inner = classes::taps(classes, inner);
            let each = points.iter().zip(sums);
            each.map(|(point, sum)| {
                self.multiply_add(elements, sources, point, blocks, &inner, *sum)
            })
            .collect()
        })
    }

    fn multiply_add(
        &self,
        elements: &mut Elements<'p>,
        sources: &[Source; 2],
        point: &[Index],
        blocks: [&Index; 2],
        inner: &[Index],
        sum: ValueId,
    ) -> ValueId {
        let whole = elements.lanes;
        let [x, y] = [0, 1].map(|side| {
            let value = self.factor(elements, &sources[side], side, point, blocks, inner);
            elements.lanes = whole;
            value
        });
        let builder = &elements.builder;
        if !builder.type_of(sum).dtype.is_float() {
            let product = builder.binary(Binary::Mul, x, y);
            return builder.binary(Binary::Add, sum, product);
        }
        match elements.lanes.form() {
            Form::Tile(..) => builder.mma(sum, x, y),
            Form::Scalar | Form::Vector(_) => builder.fma(x, y, sum),
        }
    }

    /// The part of an operand that a step needs: a vector along its block, or one element.
    fn factor(
        &self,
        elements: &mut Elements<'p>,
        source: &Source,
        side: usize,
        point: &[Index],
        blocks: [&Index; 2],
        inner: &[Index],
    ) -> ValueId {
        let whole = elements.lanes;
        let own = self.block_of(side);
        let columns = match own {
            Some((_, ROW)) => whole.rows,
            Some(_) => whole.columns,
            None => None,
        };
        elements.lanes = Lanes {
            rows: None,
            columns,
            clip: None,
        };
        // Along its block, an operand is a vector: rows and columns look alike.
        let renamed =
            |index: &Index| index.replace(&mut |v| (v == ROW).then(|| Index::var(COLUMN)));
        match (source, own) {
            (&Source::Packed(memory), Some((blocked, var))) => {
                let block = blocks[usize::from(var == COLUMN)];
                let outer = self.outer_axes_of(side, blocked.axis);
                let at = outer.iter().map(|&axis| point[axis].clone());
                let at = at.chain([block.clone()]).chain(inner.iter().cloned());
                let mut subscripts: Vec<Subscript> = at.map(Subscript::At).collect();
                subscripts.push(Subscript::Span(Index::constant(0)));
                let access = Access::new(memory, subscripts);
                elements
                    .builder
                    .load_form(access, elements.lanes.form(), None)
            }
            (source, _) => {
                let operand = self.operand(side);
                let coords = self.geometry(side).coords(elements, operand, point, inner);
                let coords: Vec<Index> = coords.iter().map(renamed).collect();
                if let Source::Staged(memory, stage) = source {
                    let place = stage.place(elements, &coords);
                    return elements.load_staged(*memory, &place);
                }
                elements.isolated(|e| e.value(operand, coords))
            }
        }
    }
}

/// Where an operand of a contraction is read.
struct Geometry {
    axes: ContractAxes,
    side: usize,
}

impl Geometry {
    /// The axis of the result along which an axis of the operand runs; `None` for contracted ones.
    fn result_axis(&self, axis: usize) -> Option<usize> {
        let place = |axes: &[usize]| axes.iter().position(|&a| a == axis);
        let first_free = self.axes.batch[0].len() + self.side * self.axes.free[0].len();
        place(&self.axes.batch[self.side])
            .or_else(|| Some(first_free + place(&self.axes.free[self.side])?))
    }

    /// The coordinates of the operand for a point of the result and of the contracted axes.
    fn coords(
        &self,
        elements: &Elements<'_>,
        operand: NodeId,
        point: &[Index],
        inner: &[Index],
    ) -> Vec<Index> {
        let contract = &self.axes.contract[self.side];
        let coordinate = |axis: usize| match self.result_axis(axis) {
            Some(result) => elements.coordinate(point, result),
            None => {
                // An axis that is not contracted has no place among those that are.
                let place = contract.iter().position(|&a| a == axis);
                elements.coordinate(inner, place.unwrap_or(usize::MAX))
            }
        };
        let rank = elements.plan.model.shape(operand).rank();
        (0..rank).map(coordinate).collect()
    }
}

impl Elements<'_> {
    /// The guard `index < extent`, always if that always holds.
    fn guard_below(&self, index: &Index, extent: u64) -> Guard {
        self.simplified_guard(&Guard::within(index.clone(), 0, end_of(extent)))
    }

    /// The elements of a staged operand, all of which are there.
    fn load_staged(&mut self, memory: MemId, place: &[Index]) -> ValueId {
        let loaded = self.load_from(memory, place, &Guard::always(), None);
        loaded.unwrap_or_else(|| {
            self.refuse_lanes();
            self.builder.int(DType::F32, 0)
        })
    }

    /// The value where the guard holds, else zero.
    pub(super) fn or_zero(&mut self, guard: &Guard, value: ValueId) -> ValueId {
        let Some(mask) = self.mask(guard) else {
            return value;
        };
        let dtype = self.builder.type_of(value).dtype;
        let zero = self.builder.constant(dtype, &Constant::integer(0));
        self.builder.select(mask, value, zero)
    }
}
