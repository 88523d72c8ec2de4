//! Kernels that sort.
//!
//! Rows are independent and run in parallel. In a row positions are merged bottom up: runs of 1, 2,
//! 4, … sorted positions become runs of twice the length, from one buffer to another and back, such
//! that the last pass writes the result. A pass is one loop without branches over all places of the
//! row; what it carries is how far each of the two runs is used up. Of two elements that compare
//! equal the one from the left run goes first, so the order is stable, and there is but one result.

use crate::kernel::{Access, ForRange, KernelBuilder, MemId, Mode, Subscript, ValueId};
use crate::lower::LowerError;
use crate::lower::analysis::model::Kind;
use crate::lower::emit::element::Elements;
use crate::lower::fusion::group::GroupId;
use crate::lower::fusion::plan::{Draft, Plan};
use lgc_ir::dtype::DType;
use lgc_ir::graph::NodeId;
use lgc_ir::index::Index;
use lgc_ir::op::SortRule;
use lgc_ir::scalar::{Binary, Comparison, Connective};

/// One row of a tensor that is sorted along an axis.
struct Row<'a> {
    b: &'a KernelBuilder,
    rule: SortRule,
    /// The elements.
    keys: MemId,
    /// Coordinates; that along the axis is of no matter.
    at: Vec<Index>,
    extent: u64,
}

/// Emits a sort.
pub(in crate::lower) fn lower(
    plan: &Plan<'_>,
    group: GroupId,
    node: NodeId,
) -> Result<Draft, LowerError> {
    let Kind::Sort(rule) = *plan.model.kind(node) else {
        return Err(LowerError::Internal("a sort is of another kind".into()));
    };
    let mut elements = Elements::new(plan, Some(group), plan.builder(group));
    let (reads, writes) = plan.traffic(group);
    elements.declare(&reads, &writes);
    let (ty, shape) = (plan.model.ty(node), plan.model.shape(node));
    let extent = shape.extent(rule.axis);
    let passes = extent.max(1).next_power_of_two().trailing_zeros();
    let mut scratch = Vec::new();
    let builder = elements.builder.clone();
    let memories = elements.memory(plan.model.operand(node, 0));
    let (Some(keys), Some(result)) = (memories, elements.memory(node)) else {
        return Err(LowerError::Internal("a sort has no buffer".into()));
    };
    let other = (passes > 0).then(|| {
        scratch.push(ty.clone());
        builder.param("scratch0", ty.clone(), Mode::Scratch)
    });
    let extents = shape.extents().enumerate();
    let rows: Vec<u64> = extents
        .map(|(a, e)| if a == rule.axis { 1 } else { e })
        .collect();
    let work = plan
        .target
        .costs
        .sort_place
        .saturating_mul(extent)
        .saturating_mul(u64::from(passes) + 1);
    elements.nest(true, &rows, work, &mut |_, at| {
        let (b, at) = (&builder, at.to_vec());
        let row = Row {
            b,
            rule,
            keys,
            at,
            extent,
        };
        row.sort([result, other.unwrap_or(result)], passes);
    });
    Ok(Draft {
        kernel: builder.finish()?,
        args: elements.args(),
        scratch,
    })
}

impl Row<'_> {
    /// Sorts the positions into the first of two buffers.
    fn sort(&self, [result, other]: [MemId; 2], passes: u32) {
        let buffer = |passes_to_come: u32| {
            if passes_to_come.is_multiple_of(2) {
                result
            } else {
                other
            }
        };
        self.b.for_each(ForRange::upto(self.extent), |place| {
            let position = self.b.index_value(self.rule.dtype, &place);
            let access = self.access(buffer(passes), Subscript::At(place));
            self.b.store(access, position);
        });
        for pass in 0..passes {
            let left = passes - pass;
            self.merge(1 << pass, buffer(left), buffer(left - 1));
        }
    }

    /// Merges each two neighbouring runs of `width` positions.
    fn merge(&self, width: i64, from: MemId, to: MemId) {
        let b = self.b;
        let int = |value: i64| b.int(DType::I64, value);
        let count = int(self.extent as i64);
        b.carry(
            ForRange::upto(self.extent),
            &[int(0), int(0)],
            |place, used| {
                let within = place.modulo(2 * width);
                let start = b.index_value(DType::I64, &place.sub(&within));
                let upto = |length: i64| {
                    b.binary(
                        Binary::Min,
                        b.binary(Binary::Add, start, int(length)),
                        count,
                    )
                };
                let (middle, end) = (upto(width), upto(2 * width));
                let opens = b.compare(Comparison::Eq, b.index_value(DType::I64, &within), int(0));
                let left = b.select(opens, start, used[0]);
                let right = b.select(opens, middle, used[1]);
                let (from_left, left_key) = self.candidate(from, left);
                let (from_right, right_key) = self.candidate(from, right);
                let left_is_empty = b.compare(Comparison::Ge, left, middle);
                let right_has_some = b.compare(Comparison::Lt, right, end);
                let first = self.comes_before(right_key, left_key);
                let wins = b.connect(Connective::Or, left_is_empty, first);
                let takes_right = b.connect(Connective::And, right_has_some, wins);
                let access = self.access(to, Subscript::At(place));
                b.store(access, b.select(takes_right, from_right, from_left));
                let step = |index: ValueId, taken: ValueId| {
                    b.select(taken, b.binary(Binary::Add, index, int(1)), index)
                };
                vec![step(left, b.not(takes_right)), step(right, takes_right)]
            },
        );
    }

    /// The position at a place of a run, and its element. Of a run that is used up some other.
    fn candidate(&self, from: MemId, place: ValueId) -> (ValueId, ValueId) {
        let last = self.b.int(DType::I64, self.extent as i64 - 1);
        let place = self.b.binary(Binary::Min, place, last);
        let position = self.b.load(self.access(from, Subscript::Value(place)));
        let key = self
            .b
            .load(self.access(self.keys, Subscript::Value(position)));
        (position, key)
    }

    fn access(&self, memory: MemId, along: Subscript) -> Access {
        let at = self.at.iter().cloned().map(Subscript::At);
        let mut subscripts: Vec<Subscript> = at.collect();
        if let Some(subscript) = subscripts.get_mut(self.rule.axis) {
            *subscript = along;
        }
        Access::new(memory, subscripts)
    }

    /// Whether y must go before x. NaN is larger than every number.
    fn comes_before(&self, y: ValueId, x: ValueId) -> ValueId {
        let b = self.b;
        let (beyond, [nan, number]) = if self.rule.descending {
            (Comparison::Gt, [y, x])
        } else {
            (Comparison::Lt, [x, y])
        };
        let ahead = b.compare(beyond, y, x);
        if !b.type_of(x).dtype.is_float() {
            return ahead;
        }
        let is_nan = b.compare(Comparison::Ne, nan, nan);
        let is_number = b.compare(Comparison::Eq, number, number);
        b.connect(
            Connective::Or,
            ahead,
            b.connect(Connective::And, is_nan, is_number),
        )
    }
}
