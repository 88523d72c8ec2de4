//! Replaces composite ops by what they are made of.

use super::bodies::map_bodies;
use super::rebuild::{Step, rebuild};
use crate::graph::{Graph, Remap};
use crate::op::{Composite, Family, TypeError, expansion};
use crate::shape::Type;

/// Decompositions nest a few levels deep, within regions that nest as deep as calls; more than this
/// is a composite that contains itself.
const MAX_LEVELS: usize = 256;

/// Replaces every composite op that `keep` does not hold for by its decomposition, until none is
/// left. The new nodes carry the span of the composite, and its result keeps the name.
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
        if !nodes.any(|node| to_replace(graph.op(node).family(), keep)) {
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

fn to_replace(family: Family<'_>, keep: &dyn Fn(&dyn Composite) -> bool) -> bool {
    composite(&family).is_some_and(|composite| !keep(composite))
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
        match composite(&graph.op(node).family()).filter(|composite| !keep(*composite)) {
            Some(composite) => {
                let results = graph.results(node).into_iter();
                let results: Vec<Type> = results.map(|value| graph.ty(value).clone()).collect();
                let values = expansion(composite, builder, operands, &results)?;
                Ok(Step::Expand(values))
            }
            None => Ok(Step::Keep),
        }
    })
}
