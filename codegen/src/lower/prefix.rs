//! Prefix scans.
//!
//! Lines are independent and run in parallel, in vectors where they lie next to each other. Along a line
//! goes a sequential loop that carries the value so far; what the operands are made of is computed where it
//! is read. How a long line of floats is cut into blocks follows from its length alone (see
//! [`super::grouping`]), and so do the bits of the results:
//!
//! * Sums ([`sums`]): each block begins from nothing, and what comes before it is added to its results.
//! * Products and recurrences ([`products`]): each block begins with what comes out of the one before it.
//! * Maxima are exact in any order. They stay whole: a second look at the elements costs more than
//!   waiting for each other.

mod products;
mod sums;

use super::LowerError;
use super::element::Elements;
use super::group::GroupId;
use super::grouping::CHAIN;
use super::lanes::Segment;
use super::model::Kind;
use super::plan::{Draft, Plan, Unsupported};
use crate::kernel::{BodyScalar, ForRange, KernelBuilder, MemId, Mode, ValueId};
use lgc_ir::dtype::DType;
use lgc_ir::graph::NodeId;
use lgc_ir::index::{Guard, Index};
use lgc_ir::op::{Prefix, PrefixRule};
use lgc_ir::shape::{Shape, Type};

/// Emits a prefix scan.
pub(super) fn lower(plan: &Plan<'_>, group: GroupId, node: NodeId) -> Result<Draft, LowerError> {
    let Kind::Prefix(rule) = *plan.model.kind(node) else {
        return Err(LowerError::Internal(
            "a prefix scan is of another kind".into(),
        ));
    };
    for in_vectors in [true, false] {
        if let Some(scan) = Scan::new(plan, node, rule, in_vectors)
            && let Ok(draft) = scan.build(group)?
        {
            return Ok(draft);
        }
    }
    Err(LowerError::Internal(
        "no loops could be made for a prefix scan".into(),
    ))
}

/// The work of a step along a line, in simple operations: it waits for the one before.
const STEP: u64 = 4;

/// How many blocks of a line are gone through at once where lines are no vectors, so that they need not
/// wait for each other's results.
const AT_ONCE: u64 = 8;

/// How many vectors of lines are gone through at once, for the same reason.
const VECTORS: u32 = 4;

/// What a turn of a loop makes of states.
type Turn<'a, 'p> = &'a mut dyn FnMut(&mut Elements<'p>, &Index, &[ValueId]) -> Vec<ValueId>;

/// Takes a line, and which of its tasks it is.
type Tasks<'a, 'p> = &'a mut dyn FnMut(&mut Elements<'p>, &[Index], &[Index]);

/// Takes the blocks of a line: their numbers, and the length of each.
type Blocks<'a, 'p> = &'a mut dyn FnMut(&mut Elements<'p>, &[Index], &[Index], u64);

struct Scan<'p> {
    plan: &'p Plan<'p>,
    node: NodeId,
    rule: PrefixRule,
    operands: Vec<NodeId>,
    ty: &'p Type,
    builder: KernelBuilder,
    /// The vectors of lines along the last axis; `None` where lines are gone through one by one.
    segments: Option<Vec<Segment>>,
    scratch: Vec<Type>,
}

impl<'p> Scan<'p> {
    /// A scan of lines in vectors or one by one; `None` if they are no vectors.
    fn new(plan: &'p Plan<'p>, node: NodeId, rule: PrefixRule, in_vectors: bool) -> Option<Self> {
        let ty = plan.model.ty(node);
        let width = plan.target.lanes(ty.dtype.compute());
        let last = ty.shape.rank().checked_sub(1)?;
        let extent = ty.shape.extent(last);
        if in_vectors && (last == rule.axis || extent < u64::from(width)) {
            return None;
        }
        let operands = plan.model.graph.operands(node);
        Some(Scan {
            plan,
            node,
            rule,
            operands: operands.iter().map(|x| x.node).collect(),
            ty,
            builder: KernelBuilder::new("scan"),
            segments: in_vectors.then(|| Segment::of(extent, VECTORS * width, width)),
            scratch: Vec::new(),
        })
    }

    fn build(mut self, group: GroupId) -> Result<Result<Draft, Unsupported>, LowerError> {
        self.builder = KernelBuilder::new(self.plan.kernel_name(group));
        let mut elements = Elements::new(self.plan, Some(group), self.builder.clone());
        let (reads, writes) = self.plan.traffic(group);
        elements.declare(&reads, &writes);
        let (is_long, is_float) = (self.extent() > CHAIN, self.ty.dtype.is_float());
        match self.rule.prefix {
            Prefix::Sum if is_long => self.sums(&mut elements),
            Prefix::Product | Prefix::Linear if is_long && is_float => self.products(&mut elements),
            Prefix::Sum | Prefix::Product | Prefix::Linear | Prefix::Max | Prefix::Min => {
                self.whole(&mut elements);
            }
        }
        if elements.is_unsupported() {
            return Ok(Err(Unsupported));
        }
        Ok(Ok(Draft {
            kernel: elements.builder.finish()?,
            args: elements.args(),
            scratch: self.scratch,
        }))
    }

    fn extent(&self) -> u64 {
        self.ty.shape.extent(self.rule.axis)
    }

    /// What is carried before the first element.
    fn identity(&self, elements: &Elements<'_>) -> ValueId {
        self.constant(elements, &self.rule.prefix.identity(self.ty.dtype))
    }

    fn constant(&self, elements: &Elements<'_>, value: &lgc_ir::constant::Constant) -> ValueId {
        let scalar = self.builder.constant(self.ty.dtype, value);
        self.builder.splat(elements.lanes.form(), scalar)
    }

    // ------------------------------------------------------------------------------- steps

    fn combined(&self, state: ValueId, values: &[ValueId]) -> ValueId {
        let scalar = |value: ValueId| BodyScalar::new(&self.builder, value);
        let values: Vec<BodyScalar> = values.iter().map(|value| scalar(*value)).collect();
        let combined = self.rule.prefix.combine(&scalar(state), &values);
        combined.value()
    }

    /// The operands at the element of a line that comes at a turn, and where that is.
    fn operands_at(
        &self,
        elements: &mut Elements<'p>,
        line: &[Index],
        turn: &Index,
    ) -> (Vec<ValueId>, Vec<Index>) {
        let mut at = line.to_vec();
        at[self.rule.axis] = match self.rule.reverse {
            true => Index::constant(self.extent() as i64 - 1).sub(turn),
            false => turn.clone(),
        };
        let form = elements.lanes.form();
        let operands = self.operands.iter();
        let values = operands.map(|x| {
            let value = elements.value(*x, at.to_vec());
            match self.builder.type_of(value).form {
                crate::kernel::Form::Scalar => self.builder.splat(form, value),
                crate::kernel::Form::Vector(_) | crate::kernel::Form::Tile(..) => value,
            }
        });
        let values = values.collect();
        (values, at)
    }

    /// A sequential loop that carries states.
    fn run(
        &self,
        elements: &mut Elements<'p>,
        length: u64,
        inits: &[ValueId],
        body: Turn<'_, 'p>,
    ) -> Vec<ValueId> {
        let range = ForRange::upto(length);
        let (_, last) = self.builder.carry(range, inits, |turn, states| {
            elements.enter(&turn, length);
            let next = body(elements, &turn, states);
            elements.leave();
            next
        });
        last
    }

    /// Goes through `length` elements of a line from each of `starts` on, with what is carried there, and
    /// saves their results.
    fn save_run(
        &self,
        elements: &mut Elements<'p>,
        line: &[Index],
        (starts, inits): (&[Index], &[ValueId]),
        length: u64,
        result: &dyn Fn(usize, ValueId) -> ValueId,
    ) {
        self.run(elements, length, inits, &mut |elements, turn, states| {
            let mut next = Vec::with_capacity(states.len());
            for (number, (start, &state)) in starts.iter().zip(states).enumerate() {
                let (values, at) = self.operands_at(elements, line, &start.add(turn));
                let after = self.combined(state, &values);
                let here = if self.rule.exclusive { state } else { after };
                elements.save(self.node, &at, result(number, here));
                next.push(after);
            }
            next
        });
    }

    /// Lines from their first to their last element.
    fn whole(&self, elements: &mut Elements<'p>) {
        let extent = self.extent();
        let work = STEP.saturating_mul(extent);
        self.over_lines(elements, &[], work, &mut |elements, line, _| {
            let identity = self.identity(elements);
            let start = Index::constant(0);
            self.save_run(elements, line, (&[start], &[identity]), extent, &|_, x| x);
        });
    }

    // ------------------------------------------------------------------------------- loops

    /// A parallel nest over lines, in vectors if they are, and the tasks of each line.
    fn over_lines(
        &self,
        elements: &mut Elements<'p>,
        tasks: &[u64],
        work: u64,
        body: Tasks<'_, 'p>,
    ) {
        let extents = self.ty.shape.extents().enumerate();
        let apart = |(axis, extent)| if axis == self.rule.axis { 1 } else { extent };
        let extents: Vec<u64> = extents.map(apart).collect();
        let rank = extents.len();
        let segments = self.segments.iter().flatten();
        let segments: Vec<Option<&Segment>> = match segments.map(Some).collect::<Vec<_>>() {
            none if none.is_empty() => vec![None],
            segments => segments,
        };
        for segment in segments {
            let mut extents = extents.clone();
            let mut work = work;
            if let (Some(segment), Some(last)) = (segment, extents.last_mut()) {
                *last = segment.blocks;
                work = work.saturating_mul(segment.width.into());
                elements.lanes = segment.lanes();
            }
            extents.extend(tasks);
            elements.nest(true, &extents, work, &mut |elements, at| {
                let (line, task) = at.split_at(rank);
                let mut line = line.to_vec();
                if let (Some(segment), Some(last)) = (segment, line.last_mut()) {
                    *last = segment.column(last);
                }
                body(elements, &line, task);
            });
            elements.lanes = super::lanes::Lanes::default();
        }
    }

    /// A parallel nest over the blocks of `size` of `total` elements of each line, several at once
    /// where that pays; the last one may be shorter.
    fn over_blocks(
        &self,
        elements: &mut Elements<'p>,
        (total, size, at_once): (u64, u64, u64),
        body: Blocks<'_, 'p>,
    ) {
        let full = total / size;
        let joint = full / at_once * at_once;
        let kinds = [
            (0, full / at_once, at_once, size),
            (joint, full - joint, 1, size),
            (full, 1, 1, total % size),
        ];
        for (first, count, at_once, length) in kinds {
            if count == 0 || length == 0 {
                continue;
            }
            let work = STEP.saturating_mul(at_once).saturating_mul(length);
            self.over_lines(elements, &[count], work, &mut |elements, line, task| {
                let number = |which: u64| {
                    let block = task[0].scale(at_once as i64);
                    block.add_constant((first + which) as i64)
                };
                let numbers: Vec<Index> = (0..at_once).map(number).collect();
                body(elements, line, &numbers, length);
            });
        }
    }

    /// How many blocks are gone through at once.
    fn at_once(&self) -> u64 {
        match self.segments {
            Some(_) => 1,
            None => AT_ONCE,
        }
    }

    // ------------------------------------------------------------------------------- memory

    /// Adds scratch memory for that many values of each line.
    fn scratch(&mut self, count: u64) -> MemId {
        let extents = self.ty.shape.extents().enumerate();
        let apart = |(axis, extent)| if axis == self.rule.axis { 1 } else { extent };
        let extents = std::iter::once(count).chain(extents.map(apart));
        let ty = Type::new(self.ty.dtype.compute(), Shape::new(extents));
        let name = format!("blocks{}", self.scratch.len());
        let memory = self.builder.param(name, ty.clone(), Mode::Scratch);
        self.scratch.push(ty);
        memory
    }

    fn load(
        &self,
        elements: &mut Elements<'p>,
        memory: MemId,
        line: &[Index],
        number: &Index,
    ) -> ValueId {
        let coords = self.coordinates(line, number);
        match elements.load_from(memory, &coords, &Guard::always(), None) {
            Some(value) => value,
            None => {
                elements.refuse_lanes();
                self.builder.int(DType::F32, 0)
            }
        }
    }

    fn store(
        &self,
        elements: &mut Elements<'p>,
        memory: MemId,
        (line, number): (&[Index], &Index),
        value: ValueId,
    ) {
        let coords = self.coordinates(line, number);
        elements.store_to(memory, &coords, value);
    }

    fn coordinates(&self, line: &[Index], number: &Index) -> Vec<Index> {
        let mut coords: Vec<Index> = std::iter::once(number).chain(line).cloned().collect();
        coords[self.rule.axis + 1] = Index::constant(0);
        coords
    }
}
