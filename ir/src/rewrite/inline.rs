//! Expands calls of regions, once no derivative is to be taken any more.

use super::bodies::{map_bodies, with_bodies};
use super::rebuild::{Step, rebuild};
use crate::graph::{Graph, Remap};
use crate::op::{Call, Op, Pullback, Region, TypeError};
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;
use std::rc::Rc;

/// The graph with the bodies of regions in the place of their calls, those within them included: a
/// region only speaks to the derivative passes, so this pass comes after them.
///
/// # Errors
/// None for a graph that verifies: nodes are copied as they are.
pub fn inline_calls(graph: &Graph) -> Result<(Graph, Remap), TypeError> {
    with_bodies(graph, &inline_calls_here)
}

fn inline_calls_here(graph: &Graph) -> Result<(Graph, Remap), TypeError> {
    let has_calls = |graph: &Graph| graph.nodes().any(|node| graph.op(node).region().is_some());
    let (mut graph, mut remap) = one_level(graph)?;
    while has_calls(&graph) {
        let (next, step) = one_level(&graph)?;
        remap = remap.then(&step);
        graph = next;
    }
    Ok((graph, remap))
}

/// The graph without rules that are not the derivative: those that are meant to differ from it, and those that name
/// cotangents of integers. Also who states them. Their bodies stand in the place of calls, wherever these are: in loops
/// and branches, in what is checkpointed, in graphs with rules of their own and in these rules. A graph with a rule that
/// calls such a graph is expanded as well, since its rule may follow from that.
///
/// # Errors
/// As [`inline_calls`].
pub(crate) fn without_surrogates(graph: &Graph) -> Result<(Graph, Replaced), TypeError> {
    let mut surrogates = Surrogates::default();
    let new = surrogates.replaced(graph)?;
    Ok((new.unwrap_or_else(|| graph.clone()), surrogates.names))
}

/// The graphs whose rules are not the derivative of what they compute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replaced {
    /// Those that are meant to differ from it.
    pub surrogates: BTreeSet<String>,
    /// Those that name cotangents of integers, which have no derivative.
    pub integers: BTreeSet<String>,
}

impl Replaced {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.surrogates.is_empty() && self.integers.is_empty()
    }
}

/// What stands in the place of a call.
#[derive(Clone)]
enum Instead {
    Itself,
    /// A call of another region.
    Call(Rc<Region>),
    /// What this graph computes.
    Body(Rc<Graph>),
}

/// Surrogates that are replaced.
#[derive(Default)]
struct Surrogates {
    names: Replaced,
    /// What stands in the place of calls of regions, which graphs share, by their addresses; with the regions, lest
    /// another come to lie where one was.
    known: FxHashMap<*const Region, (Rc<Region>, Instead)>,
}

impl Surrogates {
    /// The graph without surrogates, if it has any.
    fn replaced(&mut self, graph: &Graph) -> Result<Option<Graph>, TypeError> {
        let deep = map_bodies(graph, &mut |body| self.replaced(body))?;
        let graph = deep.as_ref().unwrap_or(graph);
        let mut changed = false;
        let (new, _) = rebuild(graph, |builder, node, operands| {
            let Some(region) = graph.op(node).region() else {
                return Ok(Step::Keep);
            };
            let instead = self.instead_of(region)?;
            changed |= !matches!(instead, Instead::Itself);
            Ok(match instead {
                Instead::Itself => Step::Keep,
                Instead::Call(region) => Step::Replace(Op::Call(Call { region })),
                Instead::Body(body) => Step::Expand(builder.inline(&body, operands)?.into()),
            })
        })?;
        Ok(if changed { Some(new) } else { deep })
    }

    fn instead_of(&mut self, region: &Rc<Region>) -> Result<Instead, TypeError> {
        let key = Rc::as_ptr(region);
        if let Some((_, known)) = self.known.get(&key) {
            return Ok(known.clone());
        }
        let body = self.replaced(region.body())?;
        let instead = match (region.pullback(), body) {
            (Pullback::Surrogate(_), body) => {
                self.names.surrogates.insert(region.name().to_string());
                Instead::Body(Rc::new(body.unwrap_or_else(|| region.body().clone())))
            }
            (Pullback::Rule(_), body) if region.states_integers() => {
                self.names.integers.insert(region.name().to_string());
                Instead::Body(Rc::new(body.unwrap_or_else(|| region.body().clone())))
            }
            (Pullback::Rule(_), Some(body)) => Instead::Body(Rc::new(body)),
            (Pullback::Rule(stated), None) => match self.replaced(&stated.rule)? {
                Some(rule) => Instead::Call(Rc::new(region.with_rule(rule))),
                None => Instead::Itself,
            },
            (Pullback::Recompute | Pullback::Derived, Some(body)) => {
                Instead::Call(Rc::new(region.with_body(body)))
            }
            (Pullback::Recompute | Pullback::Derived, None) => Instead::Itself,
        };
        self.known.insert(key, (region.clone(), instead.clone()));
        Ok(instead)
    }
}

fn one_level(graph: &Graph) -> Result<(Graph, Remap), TypeError> {
    rebuild(graph, |builder, node, operands| {
        match graph.op(node).region() {
            Some(region) => Ok(Step::Expand(
                builder.inline(region.body(), operands)?.into(),
            )),
            None => Ok(Step::Keep),
        }
    })
}
