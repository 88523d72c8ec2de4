//! Replaces composite ops by what they are made of.

use super::bodies::map_bodies;
use super::rebuild::{Step, rebuild};
use crate::graph::{Graph, NodeId, Remap};
use crate::op::{Composite, Family, TypeError, expansion, widened};
use crate::shape::Type;

/// Decompositions nest a few levels deep, within regions that nest as deep as calls; more than this
/// is a composite that contains itself.
const MAX_LEVELS: usize = 256;

/// Replaces every composite op that `keep` does not hold for by its decomposition, until none is
/// left. The new nodes carry the span of the composite, and its result keeps the name. Those that are
/// kept are put between casts where their operands are halves, so that their derivatives are computed in
/// f32, as they are, and rounded once.
///
/// # Errors
/// A decomposition does not type-check, or composites nest without end.
pub fn decompose(
    graph: &Graph,
    keep: &dyn Fn(&dyn Composite) -> bool,
) -> Result<(Graph, Remap), TypeError> {
    let (mut graph, mut remap) = one_level(graph, keep)?;
    for _ in 0..MAX_LEVELS {
        let mut nodes = graph.nodes();
        if !nodes.any(|node| to_replace(&graph, node, keep)) {
            return Ok((graph, remap));
        }
        let (next, step) = one_level(&graph, keep)?;
        remap = remap.then(&step);
        graph = next;
    }
    Err(TypeError::new("a composite op decomposes into itself"))
}

/// Replaces every composite op, in the bodies of loops and branches as well.
///
/// # Errors
/// A decomposition does not type-check, or composites nest without end.
pub fn decompose_deeply(graph: &Graph) -> Result<(Graph, Remap), TypeError> {
    let (flat, mut remap) = decompose(graph, &|_| false)?;
    let deep = map_bodies(&flat, &mut |body| {
        let (body, remap) = decompose_deeply(body)?;
        Ok(remap.changes().then_some(body))
    })?;
    if deep.is_some() {
        remap.note_change_inside();
    }
    Ok((deep.unwrap_or(flat), remap))
}

fn to_replace(graph: &Graph, node: NodeId, keep: &dyn Fn(&dyn Composite) -> bool) -> bool {
    composite(&graph.op(node).family())
        .is_some_and(|composite| !keep(composite) || takes_halves(graph, node, composite))
}

/// Whether a composite that is computed in f32 has operands that are halves.
fn takes_halves(graph: &Graph, node: NodeId, composite: &dyn Composite) -> bool {
    let mut operands = graph.operands(node).into_iter();
    !composite.keeps_halves() && operands.any(|x| graph.ty(x).dtype.half().is_some())
}

fn composite<'a>(family: &Family<'a>) -> Option<&'a dyn Composite> {
    match family {
        Family::Composite(composite) => Some(*composite),
        Family::Pointwise(_)
        | Family::Discrete(_)
        | Family::Compare(_)
        | Family::Connect(_)
        | Family::Not
        | Family::Select
        | Family::Cast(_)
        | Family::View(_)
        | Family::Fold(_)
        | Family::ArgFold(_)
        | Family::ArgSort(_)
        | Family::Prefix(_)
        | Family::Contract(_)
        | Family::Gather(_)
        | Family::ScatterAdd(_)
        | Family::Barrier
        | Family::Scan(_)
        | Family::Cond(_)
        | Family::Leaf(_) => None,
    }
}

fn one_level(
    graph: &Graph,
    keep: &dyn Fn(&dyn Composite) -> bool,
) -> Result<(Graph, Remap), TypeError> {
    rebuild(graph, |builder, node, operands| {
        let family = graph.op(node).family();
        let Some(composite) = composite(&family).filter(|_| to_replace(graph, node, keep)) else {
            return Ok(Step::Keep);
        };
        let results = graph.results(node).into_iter();
        let results: Vec<Type> = results.map(|value| graph.ty(value).clone()).collect();
        let values = match keep(composite) {
            true => widened(graph.op(node), builder, operands, &results)?,
            false => expansion(composite, builder, operands, &results)?,
        };
        Ok(Step::Expand(values))
    })
}
