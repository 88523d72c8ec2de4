//! Prefix scans.
//!
//! Lines are independent and run in parallel, in vectors where they lie next to each other. Along a line
//! goes a sequential loop that carries the value so far; what the operands are made of is computed where it
//! is read. How a long line of floats is cut into blocks follows from its length alone (see
//! [`crate::lower::grouping`]), and so do the bits of the results:
//!
//! * Sums ([`sums`]): each block begins from nothing, and what comes before it is added to its results.
//! * Products and recurrences ([`products`]): each block begins with what comes out of the one before it.
//! * Maxima are exact in any order. They stay whole: a second look at the elements costs more than
//!   waiting for each other.

mod lines;
mod products;
mod sums;

use crate::kernel::{BodyScalar, KernelBuilder, MemId, Mode, ValueId};
use crate::lower::LowerError;
use crate::lower::analysis::model::Kind;
use crate::lower::emit::element::Elements;
use crate::lower::emit::lanes::Segment;
use crate::lower::fusion::group::GroupId;
use crate::lower::fusion::plan::{Draft, Plan, Unsupported};
use crate::lower::grouping::CHAIN;
use lgc_ir::dtype::DType;
use lgc_ir::graph::NodeId;
use lgc_ir::index::{Guard, Index};
use lgc_ir::op::{Prefix, PrefixRule};
use lgc_ir::shape::{Shape, Type};
use lines::{Lines, Part, States};
use std::cell::Cell;

/// Emits a prefix scan.
pub(in crate::lower) fn lower(
    plan: &Plan<'_>,
    group: GroupId,
    node: NodeId,
) -> Result<Draft, LowerError> {
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

/// Takes lines, and which of their tasks it is.
type Tasks<'a, 'p> = &'a mut dyn FnMut(&mut Elements<'p>, &Lines, &[Index]);

/// Takes the blocks of lines: their numbers, and the length of each.
type Blocks<'a, 'p> = &'a mut dyn FnMut(&mut Elements<'p>, &Lines, &[Index], u64);

/// What is saved of a step: given which of the blocks it is, the state there, and what lies beside the states.
type Saved<'a> = &'a dyn Fn(usize, ValueId, &[ValueId]) -> ValueId;

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
    /// The work of an element, in simple operations.
    work: u64,
    /// How many private rows there are.
    rows: Cell<u32>,
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
            segments: in_vectors
                .then(|| Segment::of(extent, plan.target.costs.line_vectors * width, width)),
            scratch: Vec::new(),
            work: 1,
            rows: Cell::new(0),
        })
    }

    fn build(mut self, group: GroupId) -> Result<Result<Draft, Unsupported>, LowerError> {
        self.builder = self.plan.builder(group);
        let mut elements = Elements::new(self.plan, Some(group), self.builder.clone());
        self.work = self.plan.work(&self.plan.needed(group));
        let (reads, writes) = self.plan.traffic(group);
        elements.declare(&reads, &writes);
        match self.rule.prefix {
            Prefix::Sum if self.is_long() => self.sums(&mut elements),
            Prefix::Product | Prefix::Linear if self.has_many_states() => {
                self.products(&mut elements);
            }
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

    fn is_long(&self) -> bool {
        self.extent() > CHAIN
    }

    /// Whether lines are cut into blocks of products.
    fn has_many_states(&self) -> bool {
        let multiplies = matches!(self.rule.prefix, Prefix::Product | Prefix::Linear);
        multiplies && self.is_long() && self.ty.dtype.is_float()
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

    /// Goes through `length` elements of lines from each of `starts` on, with a state for each, and saves their
    /// results.
    fn save_run(
        &self,
        elements: &mut Elements<'p>,
        lines: &Lines,
        (starts, states, beside): (&[Index], &States, &States),
        length: u64,
        result: Saved<'_>,
    ) {
        self.run(
            elements,
            lines,
            length,
            (states, beside),
            &mut |elements, line, turn, values| {
                let (states, beside) = values.split_at(starts.len().min(values.len()));
                let mut next = Vec::with_capacity(states.len());
                for (number, (start, &state)) in starts.iter().zip(states).enumerate() {
                    let (values, at) = self.operands_at(elements, line, &start.add(turn));
                    let after = self.combined(state, &values);
                    let here = if self.rule.exclusive { state } else { after };
                    elements.save(self.node, &at, result(number, here, beside));
                    next.push(after);
                }
                next
            },
        );
    }

    /// The work of so many steps along a line, each of which waits for the one before.
    fn work_of(&self, steps: u64) -> u64 {
        self.plan.target.costs.scan_step.saturating_mul(steps)
    }

    /// Lines from their first to their last element.
    fn whole(&self, elements: &mut Elements<'p>) {
        let extent = self.extent();
        let work = self.work_of(extent);
        self.over_lines(elements, &[], work, &mut |elements, lines, _| {
            self.with_identities(elements, lines, 1, |elements, states| {
                let start = [Index::constant(0)];
                let none = self.no_states(lines);
                self.save_run(
                    elements,
                    lines,
                    (&start, &states, &none),
                    extent,
                    &|_, x, _| x,
                );
            });
        });
    }

    /// States from which lines begin.
    fn with_identities(
        &self,
        elements: &mut Elements<'p>,
        lines: &Lines,
        count: usize,
        body: impl FnOnce(&mut Elements<'p>, States),
    ) {
        let none = self.no_states(lines);
        let init = &mut |elements: &mut Elements<'p>, _: &[Index], _: &[ValueId]| {
            vec![self.identity(elements); count]
        };
        let dtypes = vec![self.ty.dtype.compute(); count];
        self.with_states(elements, lines, (&dtypes, &none), init, body);
    }

    // ------------------------------------------------------------------------------- loops

    /// A parallel nest over lines, in vectors and panels if they are, and the tasks of each.
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
        let Some(segments) = &self.segments else {
            let extents = [&extents, tasks].concat();
            return elements.nest(true, &extents, work, &mut |elements, at| {
                let (line, task) = at.split_at(at.len() - tasks.len());
                body(elements, &Lines::one(line.to_vec()), task);
            });
        };
        for (count, parts) in self.panels(segments) {
            let Some(head) = parts.first() else {
                continue;
            };
            elements.lanes = head.segment.lanes();
            let mut extents = extents.clone();
            if let Some(last) = extents.last_mut() {
                *last = count;
            }
            let width: u64 = parts.iter().map(Part::lanes).sum();
            let work = work.saturating_mul(width);
            let extents = [&extents, tasks].concat();
            elements.nest(true, &extents, work, &mut |elements, at| {
                let (line, task) = at.split_at(at.len() - tasks.len());
                let mut line = line.to_vec();
                let Some(panel) = line.pop() else {
                    return self.builder.fail("lines in panels have no axis");
                };
                let moved = |part: &Part| Part {
                    first: panel.scale(part.vectors as i64).add(&part.first),
                    ..part.clone()
                };
                let parts: Vec<Part> = parts.iter().map(moved).collect();
                let lines = match parts.as_slice() {
                    [part] if part.vectors == 1 => {
                        line.push(part.segment.column(&part.first));
                        Lines::one(line)
                    }
                    _ => {
                        line.push(Index::constant(0));
                        Lines::panel(line, parts)
                    }
                };
                body(elements, &lines, task);
            });
            elements.lanes = crate::lower::emit::lanes::Lanes::default();
        }
    }

    /// The panels: how many there are of a kind, and the first of them. What is left over in shorter vectors goes with
    /// the last panel, since a pass of its own would read little of each row, from another page each time.
    fn panels(&self, segments: &[Segment]) -> Vec<(u64, Vec<Part>)> {
        let mut panels: Vec<(u64, Vec<Part>)> = Vec::new();
        for segment in segments {
            let part = |(first, vectors): (u64, u64)| Part {
                segment: *segment,
                first: Index::constant(first as i64),
                vectors,
            };
            let (whole, vectors, rest) = self.panels_of(segment);
            match panels.last_mut() {
                Some((1, parts))
                    if segment.width > 1 && parts.iter().any(|part| part.vectors > 1) =>
                {
                    parts.push(part((0, segment.blocks)));
                }
                Some(_) | None => {
                    let is_split = segments.len() > 1 && whole > 1 && vectors > 1;
                    let kinds = match (rest, is_split) {
                        (0, true) => [
                            (whole - 1, (0, vectors)),
                            (1, ((whole - 1) * vectors, vectors)),
                        ],
                        (_, _) => [(whole, (0, vectors)), (1, (whole * vectors, rest))],
                    };
                    let some = kinds.into_iter().filter(|(_, (_, vectors))| *vectors > 0);
                    panels.extend(some.map(|(count, kind)| (count, vec![part(kind)])));
                }
            }
        }
        panels
    }

    /// The panels of a segment: how many there are, the vectors of each, and what is left over.
    fn panels_of(&self, segment: &Segment) -> (u64, u64, u64) {
        let costs = &self.plan.target.costs;
        let size = self.ty.dtype.compute().size();
        let most = match self.has_many_states() && segment.blocks <= costs.few_line_vectors {
            true => 1,
            false => (costs.panel_bytes / (size * u64::from(segment.width))).max(1),
        };
        let count = segment.blocks.div_ceil(most);
        let vectors = segment.blocks.div_ceil(count.max(1));
        (segment.blocks / vectors, vectors, segment.blocks % vectors)
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
            let work = self.work_of(at_once).saturating_mul(length);
            self.over_lines(elements, &[count], work, &mut |elements, line, task| {
                // Far apart, since what fetches ahead follows one stream of a page.
                let number = |which: u64| task[0].add_constant((first + which * count) as i64);
                let numbers: Vec<Index> = (0..at_once).map(number).collect();
                body(elements, line, &numbers, length);
            });
        }
    }

    /// How many blocks are gone through at once.
    fn at_once(&self) -> u64 {
        match self.segments {
            Some(_) => 1,
            None => self.plan.target.costs.blocks_at_once,
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
