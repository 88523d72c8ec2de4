//! Derivatives of contractions, which are contractions.

use super::AutodiffError;
use super::cotangent::Cotangent;
use super::mask::{self, Mask};
use super::rules::{Site, plus};
use crate::builder::Builder;
use crate::graph::Value;
use crate::op::{ContractAxes, DotGeneral, TypeError};
use smallvec::SmallVec;

/// The two contractions that are the adjoint of one: dx = ct·y over y's free axes, dy = x·ct over
/// x's, with axes put back in the operand's order.
pub(super) fn vjp(
    b: &Builder,
    site: &Site,
    op: &DotGeneral,
    ct: Cotangent,
    which: usize,
) -> Result<Cotangent, AutodiffError> {
    let ranks = [0, 1].map(|side| b.shape(site.operands[side]).rank());
    let axes = op.axes(ranks[0], ranks[1]);
    let mut factor = site.operands[1 - which];
    let (mut taken, mut settled) = (None, None);
    if let Some(mask) = ct.settled {
        let truths = mask.emit(b)?;
        let own = Mask::of(reach(b, site, &axes, truths, which)?);
        // Where each element of the operand reads results that are all taken, or all not, that is all.
        // Else the other operand is 0 where no result that it makes is taken.
        let is_same =
            |axis: &usize| b.with_graph(|graph| mask::is_constant_along(graph, truths, *axis));
        if free_axes(&axes, 1 - which).iter().all(is_same) {
            taken = Some(own);
        } else {
            let other = reach(b, site, &axes, truths, 1 - which)?;
            factor = Mask::of(other).keep(b, factor)?;
            settled = Some(own);
        }
    }
    let value = part(b, &axes, ct.value, factor, which)?;
    Ok(Cotangent {
        taken,
        settled,
        ..Cotangent::plain(value)
    })
}

/// The axes of the result that are free axes of one operand.
fn free_axes(axes: &ContractAxes, side: usize) -> Vec<usize> {
    let batches = axes.batch[0].len();
    let first = match side {
        0 => batches,
        _ => batches + axes.free[0].len(),
    };
    (first..first + axes.free[side].len()).collect()
}

/// Which elements of an operand some result that is taken is made of.
fn reach(
    b: &Builder,
    site: &Site,
    axes: &ContractAxes,
    taken: Value,
    side: usize,
) -> Result<Value, TypeError> {
    let dropped = free_axes(axes, 1 - side);
    let kept = b.shape(taken).without(&dropped);
    let any = b.reshape(mask::any(b, taken, &dropped)?, &kept)?;
    let sources: Vec<usize> = axes.batch[side]
        .iter()
        .chain(&axes.free[side])
        .copied()
        .collect();
    mask::placed(b, any, &sources, &b.shape(site.operands[side]))
}

/// The contraction of a cotangent with the other operand.
fn part(
    b: &Builder,
    axes: &ContractAxes,
    ct: Value,
    factor: Value,
    which: usize,
) -> Result<Value, TypeError> {
    let (batches, x_free) = (axes.batch[0].len(), axes.free[0].len());
    let ct_batch: SmallVec<[usize; 4]> = (0..batches).collect();
    let ct_x: SmallVec<[usize; 4]> = (batches..batches + x_free).collect();
    let ct_y = (batches + x_free..batches + x_free + axes.free[1].len()).collect();
    let other = 1 - which;
    let mut inner = axes.contract[other].clone();
    inner.sort_unstable();
    // The axis of this operand that is paired with a contracting axis of the other.
    let partner = |axis: &usize| {
        let pair = axes.contract[other]
            .iter()
            .position(|a| a == axis)
            .unwrap_or(0);
        axes.contract[which][pair]
    };
    let mut sources: Vec<usize> = axes.batch[which].to_vec();
    let product = if which == 0 {
        sources.extend(&axes.free[0]);
        sources.extend(inner.iter().map(partner));
        let roles = ContractAxes {
            batch: [ct_batch, axes.batch[1].clone()],
            contract: [ct_y, axes.free[1].clone()],
            free: Default::default(),
        };
        b.contract(ct, factor, &roles)?
    } else {
        sources.extend(inner.iter().map(partner));
        sources.extend(&axes.free[1]);
        let roles = ContractAxes {
            batch: [axes.batch[0].clone(), ct_batch],
            contract: [axes.free[0].clone(), ct_x],
            free: Default::default(),
        };
        b.contract(factor, ct, &roles)?
    };
    let permutation: Vec<usize> = (0..sources.len())
        .filter_map(|axis| sources.iter().position(|&source| source == axis))
        .collect();
    b.transpose(product, &permutation)
}

pub(super) fn jvp(
    b: &Builder,
    site: &Site,
    op: &DotGeneral,
    tangents: &[Option<Value>],
) -> Result<Option<Value>, AutodiffError> {
    let [x, y] = [site.operands[0], site.operands[1]];
    let left = tangents[0]
        .map(|dx| b.apply(op.clone(), &[dx, y]))
        .transpose()?;
    let right = tangents[1]
        .map(|dy| b.apply(op.clone(), &[x, dy]))
        .transpose()?;
    plus(b, left, right)
}
