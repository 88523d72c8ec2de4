//! Prefix scans.
//!
//! Lines are independent and run in parallel. Along a line goes one sequential loop that carries the
//! value so far; what the operands are made of is computed where it is read.
//!
//! Where there are few lines and these are long, they are cut into chunks: first what each chunk comes to,
//! then what each begins with, and then the chunks as lines are, several at once, so that they need not wait
//! for each other's sums. How a line is cut follows from its length alone, and so do the bits of the results.
//! Sums of floats are the more accurate for it. Products and recurrences of floats are not cut: what a
//! chunk comes to may overflow where the line, which was 0 before, does not. Nor are maxima: they wait for
//! each other too little for a second look at their elements to pay on one thread.

use super::LowerError;
use super::element::Elements;
use super::group::GroupId;
use super::model::Kind;
use super::plan::{Draft, Plan};
use crate::kernel::{
    Access, BodyScalar, FoldShape, ForRange, KernelBuilder, MemId, Mode, Subscript, ValueId,
};
use lgc_ir::graph::NodeId;
use lgc_ir::index::Index;
use lgc_ir::op::{Prefix, PrefixRule};
use lgc_ir::shape::{Shape, Type};

/// Emits a prefix scan.
pub(super) fn lower(plan: &Plan<'_>, group: GroupId, node: NodeId) -> Result<Draft, LowerError> {
    let Kind::Prefix(rule) = *plan.model.kind(node) else {
        return Err(LowerError::Internal(
            "a prefix scan is of another kind".into(),
        ));
    };
    let builder = KernelBuilder::new(plan.kernel_name(group));
    let mut elements = Elements::new(plan, Some(group), builder.clone());
    let (reads, writes) = plan.traffic(group);
    elements.declare(&reads, &writes);
    let ty = plan.model.ty(node);
    let identity = rule.prefix.identity(ty.dtype);
    let scan = Scan {
        node,
        rule,
        operands: plan
            .model
            .graph
            .operands(node)
            .iter()
            .map(|x| x.node)
            .collect(),
        ty,
        identity: builder.constant(ty.dtype, &identity),
        builder,
    };
    let scratch = match Chunks::of(&rule, ty) {
        Some(chunks) => vec![scan.chunked(&mut elements, &chunks)],
        None => {
            scan.whole(&mut elements);
            Vec::new()
        }
    };
    Ok(Draft {
        kernel: elements.builder.finish()?,
        args: elements.args(),
        scratch,
    })
}

/// Lines of at least this many elements are cut.
const LONG: u64 = 1 << 16;
/// So many lines are shared out among threads as they are.
const MANY_LINES: u64 = 16;
/// About how many elements a chunk has.
const CHUNK: u64 = 1 << 13;
/// How many chunks are gone through at once.
const AT_ONCE: u64 = 4;
/// The work of a step along a line, in simple operations: it is no vector, and waits for the one before.
const STEP: u64 = 4;

/// How lines are cut: into `count` chunks of `length` elements, and `rest` elements after these.
struct Chunks {
    count: u64,
    length: u64,
    rest: u64,
}

impl Chunks {
    fn of(rule: &PrefixRule, ty: &Type) -> Option<Chunks> {
        let exact = !ty.dtype.is_float();
        let is_cut = match rule.prefix {
            Prefix::Sum => true,
            Prefix::Product => exact,
            Prefix::Max | Prefix::Min | Prefix::Linear => false,
        };
        let extent = ty.shape.extent(rule.axis);
        let lines = ty.shape.elements() / extent.max(1);
        let count = extent / CHUNK / AT_ONCE * AT_ONCE;
        (is_cut && extent >= LONG && lines < MANY_LINES).then(|| Chunks {
            count,
            length: extent / count,
            rest: extent % count,
        })
    }
}

struct Scan<'p> {
    node: NodeId,
    rule: PrefixRule,
    operands: Vec<NodeId>,
    ty: &'p Type,
    identity: ValueId,
    builder: KernelBuilder,
}

impl Scan<'_> {
    fn extent(&self) -> u64 {
        self.ty.shape.extent(self.rule.axis)
    }

    /// The extents of the lines.
    fn lines(&self) -> Vec<u64> {
        let extents = self.ty.shape.extents().enumerate();
        let line = |(axis, extent)| if axis == self.rule.axis { 1 } else { extent };
        extents.map(line).collect()
    }

    /// The element of a line that comes at a turn.
    fn place(&self, line: &[Index], turn: &Index) -> Vec<Index> {
        let mut at = line.to_vec();
        at[self.rule.axis] = match self.rule.reverse {
            true => Index::constant(self.extent() as i64 - 1).sub(turn),
            false => turn.clone(),
        };
        at
    }

    fn combined(&self, state: ValueId, values: &[ValueId]) -> ValueId {
        let scalar = |value: ValueId| BodyScalar::new(&self.builder, value);
        let values: Vec<BodyScalar> = values.iter().map(|value| scalar(*value)).collect();
        self.rule.prefix.combine(&scalar(state), &values).value()
    }

    /// What is carried on from an element.
    fn step(&self, elements: &mut Elements<'_>, at: &[Index], state: ValueId) -> ValueId {
        let values = self
            .operands
            .iter()
            .map(|x| elements.value(*x, at.to_vec()));
        let values: Vec<ValueId> = values.collect();
        self.combined(state, &values)
    }

    /// Goes through `length` elements of a line from each of `starts` on, with what is carried there, and
    /// saves their results; what is carried in the end.
    fn run(
        &self,
        elements: &mut Elements<'_>,
        line: &[Index],
        starts: &[(Index, ValueId)],
        length: u64,
    ) -> Vec<ValueId> {
        let inits: Vec<ValueId> = starts.iter().map(|(_, state)| *state).collect();
        let (_, last) = self
            .builder
            .carry(ForRange::upto(length), &inits, |turn, states| {
                elements.enter(&turn, length);
                let mut next = Vec::with_capacity(states.len());
                for ((start, _), &state) in starts.iter().zip(states) {
                    let at = self.place(line, &start.add(&turn));
                    let after = self.step(elements, &at, state);
                    let result = if self.rule.exclusive { state } else { after };
                    elements.save(self.node, &at, result);
                    next.push(after);
                }
                elements.leave();
                next
            });
        last
    }

    fn whole(&self, elements: &mut Elements<'_>) {
        let extent = self.extent();
        elements.nest(true, &self.lines(), STEP * extent, &mut |elements, line| {
            let start = (Index::constant(0), self.identity);
            self.run(elements, line, &[start], extent);
        });
    }

    /// Emits the scan in chunks; returns the type of its scratch memory.
    fn chunked(&self, elements: &mut Elements<'_>, chunks: &Chunks) -> Type {
        let lines = self.lines();
        // What each chunk comes to; then what it begins with, and what remains for the rest.
        let extents = lines.iter().copied().chain([chunks.count + 1]);
        let ty = Type::new(self.ty.dtype.compute(), Shape::new(extents));
        let totals = self.builder.param("totals", ty.clone(), Mode::Scratch);
        self.totals(elements, chunks, totals);
        elements.nest(true, &lines, chunks.count, &mut |_, line| {
            let all = ForRange::upto(chunks.count);
            let (_, last) = self.builder.carry(all, &[self.identity], |chunk, states| {
                let there = element(totals, line, &chunk);
                let total = self.builder.load(there.clone());
                self.builder.store(there, states[0]);
                vec![self.combined(states[0], &[total])]
            });
            let end = Index::constant(chunks.count as i64);
            self.builder.store(element(totals, line, &end), last[0]);
        });
        let tasks: Vec<u64> = lines
            .iter()
            .copied()
            .chain([chunks.count / AT_ONCE])
            .collect();
        elements.nest(
            true,
            &tasks,
            STEP * AT_ONCE * chunks.length,
            &mut |elements, at| {
                let (line, task) = at.split_at(lines.len());
                let start = |number: u64| {
                    let chunk = task[0].scale(AT_ONCE as i64).add_constant(number as i64);
                    let state = self.builder.load(element(totals, line, &chunk));
                    (chunk.scale(chunks.length as i64), state)
                };
                let starts: Vec<(Index, ValueId)> = (0..AT_ONCE).map(start).collect();
                self.run(elements, line, &starts, chunks.length);
            },
        );
        if chunks.rest > 0 {
            elements.nest(true, &lines, chunks.rest, &mut |elements, line| {
                let end = Index::constant(chunks.count as i64);
                let state = self.builder.load(element(totals, line, &end));
                let start = Index::constant((chunks.count * chunks.length) as i64);
                self.run(elements, line, &[(start, state)], chunks.rest);
            });
        }
        ty
    }

    /// Emits what each chunk comes to, in lanes: the order within a chunk does not matter.
    fn totals(&self, elements: &mut Elements<'_>, chunks: &Chunks, totals: MemId) {
        let lines = self.lines();
        let tasks: Vec<u64> = lines.iter().copied().chain([chunks.count]).collect();
        elements.nest(true, &tasks, chunks.length, &mut |elements, at| {
            let (line, chunk) = at.split_at(lines.len());
            let first = match self.rule.reverse {
                true => chunk[0]
                    .scale(-(chunks.length as i64))
                    .add_constant((self.extent() - chunks.length) as i64),
                false => chunk[0].scale(chunks.length as i64),
            };
            let shape = FoldShape {
                extent: chunks.length,
                lanes: 16,
                chunks: 1,
            };
            let (_, total) = self.builder.fold(
                shape,
                &[self.identity],
                |index, states| {
                    elements.enter(&index, chunks.length);
                    let mut at = line.to_vec();
                    at[self.rule.axis] = first.add(&index);
                    let next = self.step(elements, &at, states[0]);
                    elements.leave();
                    vec![next]
                },
                |left, right| vec![self.combined(left[0], &[right[0]])],
            );
            self.builder
                .store(element(totals, line, &chunk[0]), total[0]);
        });
    }
}

/// What is kept of a chunk of a line.
fn element(totals: MemId, line: &[Index], chunk: &Index) -> Access {
    let at = line.iter().chain([chunk]).cloned();
    Access::new(totals, at.map(Subscript::At).collect::<Vec<_>>())
}
