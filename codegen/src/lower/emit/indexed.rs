//! Checks that run-time indices are in range.

use crate::kernel::{Access, BufferId, FoldShape, KernelBuilder, ValueId};
use crate::lower::LowerError;
use crate::lower::emit::element::Elements;
use crate::lower::fusion::plan::{Draft, Plan};
use crate::lower::grouping::CHUNK;
use lgc_ir::dtype::DType;
use lgc_ir::graph::NodeId;
use lgc_ir::scalar::{Binary, Comparison, Connective};

/// Emits a check: the position of the first index outside `0..extent` into a status, `i64::MAX` if
/// there is none.
pub(in crate::lower) fn check(
    plan: &Plan<'_>,
    indices: NodeId,
    extent: u64,
    status: BufferId,
) -> Result<Draft, LowerError> {
    let builder = KernelBuilder::new("check");
    builder.at(plan.line(indices));
    let mut elements = Elements::new(plan, None, builder.clone());
    elements.declare(&plan.sources(None, &[indices]), &[status]);
    let shape = plan.model.shape(indices).clone();
    let none = builder.int(DType::I64, i64::MAX);
    let count = shape.elements();
    let first = if count == 0 {
        none
    } else {
        let fold = FoldShape {
            extent: count,
            lanes: if count < 4 { 1 } else { 4 },
            chunk: count.min(CHUNK),
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
