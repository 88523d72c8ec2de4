//! Long folds across memory, by blocks of rows.
//!
//! Column by column, a long sum would read a little of each row, from another page each time. So the pieces
//! of columns that [`crate::lower::grouping`] cuts are computed side by side: for each block of rows a row of partial
//! results, which stays in the cache next to the processor while rows are added to it as they lie; then
//! the partial results of each column are joined. Blocks are tasks of their own.

use crate::kernel::{Access, ForRange, MemId, Mode, Subscript, ValueId};
use crate::lower::LowerError;
use crate::lower::analysis::model::Reduction;
use crate::lower::emit::lanes::{COLUMN as LANE, Lanes, Segment};
use crate::lower::emit::nest::Nest;
use crate::lower::fusion::plan::{Draft, Unsupported};
use crate::lower::grouping::{COLUMN, InPieces, Pieces};
use lgc_ir::graph::NodeId;
use lgc_ir::index::Index;
use lgc_ir::shape::{Shape, Type};

/// A group whose columns are folded in blocks of rows.
struct Columns {
    /// The axis along which columns lie next to each other.
    axis: usize,
    /// The axes that are not folded, but for that one.
    others: Vec<usize>,
    folds: Vec<(NodeId, Reduction)>,
    extents: Vec<u64>,
    pieces: Pieces,
    /// What is kept of each piece, for each part of the state: axes that are folded before the one that is cut,
    /// pieces, other axes, columns.
    partial: Vec<MemId>,
}

impl<'p> Nest<'p> {
    /// Emits the group by blocks of rows, if it is such a group.
    pub(in crate::lower) fn build_by_blocks(
        mut self,
        axis: usize,
    ) -> Result<Option<Result<Draft, Unsupported>>, LowerError> {
        let schedule = self.schedule;
        let extents = schedule.extents(&schedule.folded);
        let pieces = Pieces::of(&extents, COLUMN);
        let [phase] = schedule.phases.as_slice() else {
            return Ok(None);
        };
        let saves = !schedule.saved(self.plan, false).is_empty();
        let keeps = schedule.kept.iter().any(|kept| !kept.is_empty());
        let is_long = !pieces.are_one(&extents);
        let is_empty = schedule.domain.elements() == 0;
        if saves || keeps || is_empty || !is_long || !schedule.lies_across() {
            return Ok(None);
        }
        let reduction = |&node: &NodeId| Some((node, self.plan.model.reduction(node)?.clone()));
        let folds = phase.iter().filter_map(reduction).collect();
        let (reads, writes) = self.plan.traffic(schedule.group);
        self.elements.declare(&reads, &writes);
        let others = schedule
            .outer
            .iter()
            .copied()
            .filter(|&other| other != axis);
        let mut columns = Columns {
            axis,
            others: others.collect(),
            folds,
            extents,
            pieces,
            partial: Vec::new(),
        };
        columns.partial = self.declare_partial(&columns);
        for segment in self.segments(axis) {
            self.blocks_of_rows(&columns, &segment);
        }
        for segment in self.segments(axis) {
            self.joined_columns(&columns, &segment);
        }
        if self.elements.is_unsupported() {
            return Ok(Some(Err(Unsupported)));
        }
        let kernel = self.elements.builder.finish()?;
        Ok(Some(Ok(Draft {
            kernel,
            args: self.elements.args(),
            scratch: self.scratch,
        })))
    }

    /// Adds scratch memory for partial results.
    fn declare_partial(&mut self, columns: &Columns) -> Vec<MemId> {
        let (apart, cut) = (columns.pieces.apart(), columns.pieces.cut(&columns.extents));
        let mut extents = columns.extents[..apart].to_vec();
        extents.push(cut.pieces());
        extents.extend(self.schedule.extents(&columns.others));
        extents.push(self.schedule.domain.extent(columns.axis));
        let dtypes = columns
            .folds
            .iter()
            .flat_map(|(node, fold)| self.state_dtypes(*node, fold));
        let dtypes: Vec<_> = dtypes.collect();
        let mut partial = Vec::new();
        for dtype in dtypes {
            let ty = Type::new(dtype, Shape::new(extents.iter().copied()));
            let name = format!("partial{}", self.scratch.len());
            partial.push(self.elements.builder.param(name, ty.clone(), Mode::Scratch));
            self.scratch.push(ty);
        }
        partial
    }

    /// The columns in vectors, as rows are.
    fn segments(&self, axis: usize) -> Vec<Segment> {
        let width = self.width();
        Segment::of(self.schedule.domain.extent(axis), width, (width / 2).max(1))
    }

    // ------------------------------------------------------------------------------- blocks of rows

    /// The partial results of all pieces, for the columns of a segment.
    fn blocks_of_rows(&mut self, columns: &Columns, segment: &Segment) {
        self.elements.lanes = segment.lanes();
        let cut = columns.pieces.cut(&columns.extents);
        let costs = &self.plan.target.costs;
        let per_panel = (costs.panel_columns / u64::from(segment.width)).clamp(1, segment.blocks);
        let (panels, rest) = (segment.blocks / per_panel, segment.blocks % per_panel);
        for (first, count, blocks) in [(0, panels, per_panel), (panels * per_panel, 1, rest)] {
            let at_once = match blocks.saturating_mul(segment.width.into()) < costs.few_columns {
                true => costs.pieces_of_few,
                false => 1,
            };
            let joint = cut.whole / at_once * at_once;
            let kinds = [
                (0, joint / at_once, at_once, cut.length),
                (joint, cut.whole - joint, 1, cut.length),
                (cut.whole, 1, 1, cut.rest),
            ];
            for (number, turns, at_once, length) in kinds {
                if blocks == 0 || length == 0 || turns == 0 {
                    continue;
                }
                let panel =
                    |index: &Index| index.scale(per_panel as i64).add_constant(first as i64);
                // Far apart, since what fetches ahead follows one stream of a page.
                let pieces = |turn: &Index| {
                    let piece = |which: u64| turn.add_constant((number + which * turns) as i64);
                    (0..at_once).map(piece).collect()
                };
                let apart = &columns.extents[..columns.pieces.apart()];
                let inside =
                    &columns.extents[(columns.pieces.apart() + 1).min(columns.extents.len())..];
                let rows = inside.iter().product::<u64>().saturating_mul(length);
                let elements = rows
                    .saturating_mul(at_once)
                    .saturating_mul(blocks)
                    .saturating_mul(segment.width.into());
                let work = elements.saturating_mul(self.plan.work(&self.schedule.needed));
                let mut extents = apart.to_vec();
                extents.push(turns);
                extents.extend(self.schedule.extents(&columns.others));
                extents.push(count);
                self.over_rows(&extents, work, &mut |nest, at| {
                    let (folded, others) = at.split_at(apart.len() + 1);
                    let (others, last) = others.split_at(columns.others.len());
                    let mut point = vec![Index::constant(0); nest.schedule.domain.rank()];
                    for (&axis, index) in columns.others.iter().zip(others) {
                        point[axis] = index.clone();
                    }
                    let block = Block {
                        segment,
                        first: panel(&last[0]),
                        blocks,
                        apart: &folded[..apart.len()],
                        pieces: pieces(&folded[apart.len()]),
                        length,
                    };
                    nest.block_of_rows(columns, &block, &point);
                });
            }
        }
        self.elements.lanes = Lanes::default();
    }

    /// The partial results of pieces for the columns of a panel.
    fn block_of_rows(&mut self, columns: &Columns, block: &Block<'_>, point: &[Index]) {
        let length = columns.pieces.cut(&columns.extents).length;
        let after = (columns.pieces.apart() + 1).min(columns.extents.len());
        let inside = columns.extents[after..].to_vec();
        let costs = &self.plan.target.costs;
        // Several rows at once where they lie along the axis that is cut alone.
        let is_plain = inside.iter().all(|&extent| extent == 1);
        if is_plain && block.blocks <= costs.few_column_vectors {
            return self.block_of_few(columns, block, point, &inside);
        }
        let at_once = match is_plain {
            true => costs.rows_at_once.min(block.length),
            false => 1,
        };
        let (turns, rest) = (block.length / at_once, block.length % at_once);
        self.over_columns(block, point, &mut |nest, at| {
            let inits = nest.inits_of(&columns.folds);
            for piece in &block.pieces {
                nest.store_partial(columns, &block.folded(piece), at, &inits);
            }
        });
        let builder = self.elements.builder.clone();
        let stretch = |nest: &mut Self, first: Index, count: u64| {
            nest.over_inside(&inside, &mut Vec::new(), &mut |nest, inner| {
                nest.over_columns(block, point, &mut |nest, at| {
                    let pieces = block.pieces.iter();
                    let load = |piece| nest.load_partial(columns, &block.folded(piece), at);
                    let mut states: Vec<Vec<ValueId>> = pieces.map(load).collect();
                    for row in 0..count {
                        for (piece, states) in block.pieces.iter().zip(&mut states) {
                            let row = first.add_constant(row as i64);
                            let row = piece.scale(length as i64).add(&row);
                            let folded = block.apart.iter().chain([&row]).chain(inner);
                            let folded: Vec<Index> = folded.cloned().collect();
                            let at = nest.completed(at, &folded);
                            *states = nest.step(&columns.folds, 0, &at, states);
                        }
                    }
                    for (piece, states) in block.pieces.iter().zip(&states) {
                        nest.store_partial(columns, &block.folded(piece), at, states);
                    }
                });
            });
        };
        if turns > 0 {
            builder.for_each(ForRange::upto(turns), |turn| {
                self.elements.enter(&turn, turns);
                stretch(self, turn.scale(at_once as i64), at_once);
                self.elements.leave();
            });
        }
        if rest > 0 {
            stretch(self, Index::constant((turns * at_once) as i64), rest);
        }
    }

    /// The same for so few columns that registers hold their states.
    fn block_of_few(
        &mut self,
        columns: &Columns,
        block: &Block<'_>,
        point: &[Index],
        inside: &[u64],
    ) {
        let length = columns.pieces.cut(&columns.extents).length;
        let places = (0..block.blocks).flat_map(|vector| {
            let column = block
                .segment
                .column(&block.first.add_constant(vector as i64));
            let mut at = point.to_vec();
            at[columns.axis] = column;
            block.pieces.iter().map(move |piece| (at.clone(), piece))
        });
        let places: Vec<(Vec<Index>, &Index)> = places.collect();
        let inits = self.inits_of(&columns.folds);
        let per_place = inits.len();
        let inits = inits.repeat(places.len());
        let inner = vec![Index::constant(0); inside.len()];
        let builder = self.elements.builder.clone();
        let range = ForRange::upto(block.length);
        let (_, last) = builder.carry(range, &inits, |row, states| {
            self.elements.enter(&row, block.length);
            let mut next = Vec::with_capacity(states.len());
            for ((at, piece), states) in places.iter().zip(states.chunks(per_place.max(1))) {
                let row = piece.scale(length as i64).add(&row);
                let folded = block.apart.iter().chain([&row]).chain(&inner);
                let folded: Vec<Index> = folded.cloned().collect();
                let at = self.completed(at, &folded);
                next.extend(self.step(&columns.folds, 0, &at, states));
            }
            self.elements.leave();
            next
        });
        for ((at, piece), states) in places.iter().zip(last.chunks(per_place.max(1))) {
            self.store_partial(columns, &block.folded(piece), at, states);
        }
    }

    /// Sequential loops over axes that lie in pieces whole.
    fn over_inside(
        &mut self,
        extents: &[u64],
        inner: &mut Vec<Index>,
        body: &mut dyn FnMut(&mut Self, &[Index]),
    ) {
        let Some(&extent) = extents.get(inner.len()) else {
            return body(self, inner);
        };
        if extent == 1 {
            inner.push(Index::constant(0));
            self.over_inside(extents, inner, body);
            inner.pop();
            return;
        }
        let builder = self.elements.builder.clone();
        builder.for_each(ForRange::upto(extent), |index| {
            self.elements.enter(&index, extent);
            inner.push(index);
            self.over_inside(extents, inner, body);
            inner.pop();
            self.elements.leave();
        });
    }

    /// A loop over the vectors of columns of a panel, with the point completed.
    fn over_columns(
        &mut self,
        block: &Block<'_>,
        point: &[Index],
        body: &mut dyn FnMut(&mut Self, &[Index]),
    ) {
        let Some(axis) = self.lanes_axis else {
            self.elements
                .builder
                .fail("columns without an axis for lanes");
            return;
        };
        let mut at = point.to_vec();
        if block.blocks == 1 {
            at[axis] = block.segment.column(&block.first);
            return body(self, &at);
        }
        let builder = self.elements.builder.clone();
        builder.par(block.blocks, block.blocks, |index| {
            self.elements.enter(&index, block.blocks);
            at[axis] = block.segment.column(&block.first.add(&index));
            body(self, &at);
            self.elements.leave();
        });
    }

    fn partial_access(
        &self,
        columns: &Columns,
        memory: MemId,
        folded: &[Index],
        at: &[Index],
    ) -> Access {
        let lane = |index: &Index| match index.mentions(LANE) {
            true => Subscript::Span(index.sub(&Index::var(LANE))),
            false => Subscript::At(index.clone()),
        };
        let others = columns
            .others
            .iter()
            .map(|&axis| Subscript::At(at[axis].clone()));
        let folded = folded.iter().map(|index| Subscript::At(index.clone()));
        let subscripts = folded.chain(others).chain([lane(&at[columns.axis])]);
        Access::new(memory, subscripts.collect())
    }

    fn load_partial(&mut self, columns: &Columns, folded: &[Index], at: &[Index]) -> Vec<ValueId> {
        let form = self.elements.lanes.form();
        let mut states = Vec::new();
        for &memory in &columns.partial {
            let access = self.partial_access(columns, memory, folded, at);
            states.push(self.elements.builder.load_form(access, form, None));
        }
        states
    }

    fn store_partial(
        &mut self,
        columns: &Columns,
        folded: &[Index],
        at: &[Index],
        states: &[ValueId],
    ) {
        for (&memory, &state) in columns.partial.iter().zip(states) {
            let access = self.partial_access(columns, memory, folded, at);
            self.elements.builder.store(access, state);
        }
    }

    // ------------------------------------------------------------------------------- joined

    /// The results of the columns of a segment.
    fn joined_columns(&mut self, columns: &Columns, segment: &Segment) {
        self.elements.lanes = segment.lanes();
        let mut extents = self.schedule.extents(&columns.others);
        extents.push(segment.blocks);
        let cut = columns.pieces.cut(&columns.extents);
        let apart: u64 = columns.extents[..columns.pieces.apart()].iter().product();
        let work = apart
            .saturating_mul(cut.pieces())
            .saturating_mul(segment.width.into());
        self.over_rows(&extents, work, &mut |nest, rows| {
            let mut point = vec![Index::constant(0); nest.schedule.domain.rank()];
            for (&axis, index) in columns.others.iter().zip(rows) {
                point[axis] = index.clone();
            }
            // The blocks are the last extent.
            let block = nest.elements.coordinate(rows, rows.len().wrapping_sub(1));
            point[columns.axis] = segment.column(&block);
            let inits = nest.inits_of(&columns.folds);
            let joined = InPieces {
                extents: &columns.extents,
                pieces: columns.pieces,
                start: &inits,
                neutral: &inits,
                join: &|nest: &mut Nest<'p>, left, right| {
                    nest.all_combined(&columns.folds, left, right)
                },
                at_once: 1,
                builder: nest.elements.builder.clone(),
                life: std::marker::PhantomData,
            };
            let finals = joined.emit_tree(nest, &mut |nest, apart, piece| {
                let mut folded = apart.clone();
                folded.push(piece.clone());
                nest.load_partial(columns, &folded, &point)
            });
            let results = nest.folded_results(&columns.folds, &finals);
            nest.elements.results.clear();
            let nodes = columns.folds.iter().map(|(node, _)| *node);
            nest.elements.results.extend(nodes.zip(results));
            nest.save_row(&point);
            nest.elements.results.clear();
        });
        self.elements.lanes = Lanes::default();
    }
}

/// The rows of pieces, in the columns of a panel.
struct Block<'a> {
    segment: &'a Segment,
    /// The first vector of columns.
    first: Index,
    /// The number of vectors.
    blocks: u64,
    /// The coordinates along the axes before the one that is cut.
    apart: &'a [Index],
    /// Which pieces of the axis that is cut.
    pieces: Vec<Index>,
    /// How many elements of that axis each has.
    length: u64,
}

impl Block<'_> {
    fn folded(&self, piece: &Index) -> Vec<Index> {
        self.apart.iter().chain([piece]).cloned().collect()
    }
}
