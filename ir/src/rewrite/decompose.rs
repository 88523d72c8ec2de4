//! Replaces composite ops by what they are made of.

use crate::builder::Builder;
use crate::graph::{Fate, Graph, Output, Remap, Value, Values};
use crate::op::{Composite, Family, TypeError};
use crate::span::Span;

/// Decompositions nest a few levels deep; more than this is a composite that contains itself.
const MAX_LEVELS: usize = 16;

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
        | Family::Contract(_)
        | Family::Gather(_)
        | Family::ScatterAdd(_)
        | Family::Leaf(_) => None,
    }
}

fn one_level(
    graph: &Graph,
    keep: &dyn Fn(&dyn Composite) -> bool,
) -> Result<(Graph, Remap), TypeError> {
    let builder = Builder::new(Graph::new(), Span::SYNTHETIC);
    let mut remap = Remap::default();
    for node in graph.nodes() {
        let operands: Values = graph
            .operands(node)
            .iter()
            .filter_map(|operand| remap.value(*operand))
            .collect();
        builder.set_span(graph.span(node));
        match composite(&graph.op(node).family()).filter(|composite| !keep(*composite)) {
            Some(composite) => {
                let results = composite.decompose(&builder, &operands)?;
                if let (Some(name), [result, ..]) = (graph.name(node), results.as_slice()) {
                    builder.edit(|new| new.set_name(result.node, name));
                }
                remap.record(results.into_iter().map(Fate::Folded));
            }
            None => {
                let copy = builder.edit(|new| new.copy_node(graph, node, &operands))?;
                let results = (0..graph.results(node).len() as u16)
                    .map(|result| Fate::Kept(Value { node: copy, result }));
                remap.record(results);
            }
        }
    }
    let mut new = builder.finish();
    carry_outputs(graph, &mut new, &remap);
    Ok((new, remap))
}

/// Declares the outputs of `old` in `new`.
pub(super) fn carry_outputs(old: &Graph, new: &mut Graph, remap: &Remap) {
    for Output { name, value } in old.outputs() {
        if let Some(value) = remap.value(*value) {
            new.add_output(name.clone(), value);
        }
    }
}
