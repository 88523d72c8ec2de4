//! Kernels that concern run-time indices: scatters, and checks that indices are in range.

use super::LowerError;
use super::element::Elements;
use super::group::GroupId;
use super::model::Kind;
use super::phases::chunks;
use super::plan::{Draft, Plan};
use crate::kernel::{Access, BufferId, FoldShape, KernelBuilder, MemId, Mode, ValueId};
use lgc_ir::dtype::DType;
use lgc_ir::graph::NodeId;
use lgc_ir::index::Index;
use lgc_ir::op::Picking;
use lgc_ir::scalar::{Binary, Comparison, Connective};

/// A scatter under construction.
struct Scatter<'p> {
    plan: &'p Plan<'p>,
    node: NodeId,
    picking: Picking,
    /// Where the sums are, and the value whose elements these are: the scatter itself, or the view of it
    /// that is in memory.
    sums: (MemId, NodeId),
}

/// Emits a scatter: the result starts as x; then, for each element of the axes that are not indexed
/// in parallel, the updates are added in row-major order of the indices.
pub(super) fn scatter(plan: &Plan<'_>, group: GroupId, node: NodeId) -> Result<Draft, LowerError> {
    let Kind::Scatter(picking) = *plan.model.kind(node) else {
        return Err(LowerError::Internal("a scatter is of another kind".into()));
    };
    let builder = KernelBuilder::new(plan.kernel_name(group));
    let mut elements = Elements::new(plan, Some(group), builder);
    let (reads, writes) = plan.traffic(group);
    elements.declare(&reads, &writes);
    let saved = plan.saved(group).next().unwrap_or(node);
    let Some(memory) = elements.memory(saved) else {
        return Err(LowerError::Internal("a scatter has no buffer".into()));
    };
    let ty = plan.model.ty(node);
    let extents: Vec<u64> = ty.shape.extents().collect();
    let mut scatter = Scatter {
        plan,
        node,
        picking,
        sums: (memory, saved),
    };
    // Halves are added up in f32, and rounded once.
    let mut scratch = Vec::new();
    if ty.dtype.half().is_some() {
        let wide = ty.with_dtype(ty.dtype.compute());
        let sums = elements.builder.param("sums", wide.clone(), Mode::Scratch);
        scatter.sums = (sums, node);
        scratch.push(wide);
    }
    let x = plan.model.operand(node, 0);
    if scatter.sums.0 != memory || !plan.updates_in_place(group, node) {
        elements.nest(true, &extents, 1, &mut |elements, at| {
            let value = elements.value(x, at.to_vec());
            let place = scatter.place(elements, at);
            elements.store_to(scatter.sums.0, &place, value);
        });
    }
    scatter.add_updates(&mut elements);
    if scatter.sums.0 != memory {
        elements.nest(true, &extents, 1, &mut |elements, at| {
            let sum = elements.load_element(scatter.sums.0, at);
            let place = elements.member_coords(saved, at);
            elements.store_to(memory, &place, sum);
        });
    }
    Ok(Draft {
        kernel: elements.builder.finish()?,
        args: elements.args(),
        scratch,
    })
}

impl Scatter<'_> {
    /// Where the sum of the element at these coordinates is.
    fn place(&self, elements: &Elements<'_>, at: &[Index]) -> Vec<Index> {
        match self.sums.1 == self.node {
            true => at.to_vec(),
            false => elements.member_coords(self.sums.1, at),
        }
    }

    fn add_updates(&self, elements: &mut Elements<'_>) {
        let model = self.plan.model;
        let updates = model.shape(model.operand(self.node, 2)).clone();
        if updates.elements() == 0 {
            return;
        }
        // Coordinates of an update: those of the indices beyond the shared axes run in order.
        let indexed: Vec<usize> = self.picking.index_axes().skip(self.picking.batch).collect();
        let (sequential, parallel): (Vec<usize>, Vec<usize>) =
            (0..updates.rank()).partition(|axis| indexed.contains(axis));
        let extents =
            |axes: &[usize]| -> Vec<u64> { axes.iter().map(|&a| updates.extent(a)).collect() };
        let (outer, inner) = (extents(&parallel), extents(&sequential));
        let work = inner.iter().product();
        elements.nest(true, &outer, work, &mut |elements, apart| {
            elements.nest(false, &inner, 1, &mut |elements, along| {
                let mut point = vec![Index::constant(0); updates.rank()];
                for (&axis, index) in parallel.iter().zip(apart) {
                    point[axis] = index.clone();
                }
                for (&axis, index) in sequential.iter().zip(along) {
                    point[axis] = index.clone();
                }
                self.add_update(elements, &point);
            });
        });
    }

    fn add_update(&self, elements: &mut Elements<'_>, point: &[Index]) {
        let model = self.plan.model;
        let [indices, updates] = [1, 2].map(|slot| model.operand(self.node, slot));
        let at = self
            .picking
            .index_axes()
            .map(|axis| point[axis].clone())
            .collect();
        let index = elements.value(indices, at);
        let update = elements.value(updates, point.to_vec());
        let shape = model.shape(self.node);
        let certain = model.checked_indices(self.node).is_none();
        let picked = elements.pick(index, shape.extent(self.picking.axis), certain);
        let coord = |axis: usize| match self.picking.table_axis(axis) {
            Some(own) => point[own].clone(),
            None => picked.clone(),
        };
        let at: Vec<Index> = (0..shape.rank()).map(coord).collect();
        let place = self.place(elements, &at);
        let old = elements.load_element(self.sums.0, &place);
        let sum = elements.builder.binary(Binary::Add, old, update);
        elements.store_to(self.sums.0, &place, sum);
    }
}

/// Emits a check: the position of the first index outside `0..extent` into a status, `i64::MAX` if
/// there is none.
pub(super) fn check(
    plan: &Plan<'_>,
    indices: NodeId,
    extent: u64,
    status: BufferId,
) -> Result<Draft, LowerError> {
    let builder = KernelBuilder::new("check");
    let mut elements = Elements::new(plan, None, builder.clone());
    elements.declare(&plan.sources(None, &[indices]), &[status]);
    let shape = plan.model.shape(indices).clone();
    let none = builder.int(DType::I64, i64::MAX);
    let count = shape.elements();
    let first = if count == 0 {
        none
    } else {
        let fold = FoldShape {
            chunks: chunks(count) as u32,
            ..FoldShape::lanes(count, if count < 4 { 1 } else { 4 })
        };
        let this = &mut elements;
        let (_, results) = builder.fold(
            fold,
            &[none],
            |place, states| {
                this.enter(&place, count);
                let coords = this.unraveled(&shape, &place);
                let index = this.value(indices, coords);
                let valid = in_range(&this.builder, index, extent);
                let own = this.builder.index_value(DType::I64, &place);
                let fault = this.builder.select(valid, none, own);
                this.leave();
                vec![builder.binary(Binary::Min, states[0], fault)]
            },
            |left, right| vec![builder.binary(Binary::Min, left[0], right[0])],
        );
        results[0]
    };
    match elements.memory_of(status) {
        Some(memory) => builder.store(Access::element(memory, []), first),
        None => builder.fail("a check has no status"),
    }
    Ok(Draft {
        kernel: builder.finish()?,
        args: elements.args(),
        scratch: Vec::new(),
    })
}

fn in_range(b: &KernelBuilder, index: ValueId, extent: u64) -> ValueId {
    let dtype = b.type_of(index).dtype;
    let above = b.compare(Comparison::Ge, index, b.int(dtype, 0));
    let largest = dtype.integer_range().map_or(i64::MAX, |(_, high)| high);
    match i64::try_from(extent) {
        Ok(extent) if extent <= largest => {
            let below = b.compare(Comparison::Lt, index, b.int(dtype, extent));
            b.connect(Connective::And, above, below)
        }
        Ok(_) | Err(_) => above,
    }
}
