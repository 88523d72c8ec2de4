//! Prefix scans.
//!
//! Lines are independent and run in parallel; along a line goes one sequential loop that carries the
//! value so far. What the operands are made of is computed where it is read.

use super::LowerError;
use super::element::Elements;
use super::group::GroupId;
use super::model::Kind;
use super::plan::{Draft, Plan};
use crate::kernel::{BodyScalar, ForRange, KernelBuilder};
use lgc_ir::graph::NodeId;
use lgc_ir::index::Index;

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
    let (ty, shape) = (plan.model.ty(node), plan.model.shape(node));
    let extent = shape.extent(rule.axis);
    let operands = plan.model.graph.operands(node);
    let extents = shape.extents().enumerate();
    let lines: Vec<u64> = extents
        .map(|(axis, e)| if axis == rule.axis { 1 } else { e })
        .collect();
    let identity = builder.constant(ty.dtype, &rule.prefix.identity(ty.dtype));
    elements.nest(true, &lines, extent, &mut |elements, line| {
        builder.carry(ForRange::upto(extent), &[identity], |turn, states| {
            elements.enter(&turn, extent);
            let place = if rule.reverse {
                Index::constant(extent as i64 - 1).sub(&turn)
            } else {
                turn
            };
            let mut at = line.to_vec();
            at[rule.axis] = place;
            let values = operands
                .iter()
                .map(|operand| elements.value(operand.node, at.clone()));
            let values: Vec<BodyScalar> = values.map(|x| BodyScalar::new(&builder, x)).collect();
            let state = states.first().copied().unwrap_or(identity);
            let next = rule
                .prefix
                .combine(&BodyScalar::new(&builder, state), &values)
                .value();
            elements.save(node, &at, if rule.exclusive { state } else { next });
            elements.leave();
            vec![next]
        });
    });
    Ok(Draft {
        kernel: elements.builder.finish()?,
        args: elements.args(),
        scratch: Vec::new(),
    })
}
