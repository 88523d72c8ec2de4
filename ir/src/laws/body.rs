//! What is known of the bodies of loops and branches from the graph around them, and the walk through
//! them all.
//!
//! A slice lies where the stacked tensor does, a closed value where the operand does. Of a carried
//! value nothing is known but what the body itself shows of the next one, so that what holds in every
//! turn is what holds for any value that is carried.

use super::elements::{BUDGET, Elements};
use super::facts::{Facts, Taken};
use super::range::Set;
use super::ranges::{Ranges, differentiated, differentiated_from, jumps};
use super::refuted::taken;
use crate::graph::{Graph, NodeId};
use crate::op::{Family, Guard, Region, ScanRole};
use crate::span::Span;
use std::cell::{Cell, OnceCell};
use std::rc::Rc;

/// A graph with what is known of its values: a whole one, or a body in it.
pub(super) struct Part<'g> {
    pub(super) graph: &'g Graph,
    pub(super) ranges: Ranges,
    /// Through which nodes a derivative flows.
    pub(super) flow: Vec<bool>,
    /// Which nodes decide by floats that vary what a derivative is taken of.
    jumps: Vec<bool>,
    /// Which nodes outputs depend on.
    live: Vec<bool>,
    /// Whether nodes count that only derivatives pass through.
    is_whole: bool,
    /// Where the derivative is taken that passes through all of a body, if one does.
    differentiation: Option<Span>,
    /// Whether it runs whatever the inputs are.
    pub(super) runs: bool,
    /// Which nodes some result needs whatever the inputs are.
    pub(super) taken: Vec<bool>,
    /// What the body is of; `None` for the whole graph.
    pub(super) region: Option<&'g Rc<Region>>,
    /// Under which conditions nodes count; looked at where something is open.
    counted: OnceCell<Taken>,
    /// How many elements may still be looked at one by one.
    budget: Cell<u64>,
}

/// Visits the live nodes of a graph in order, after each one those of the bodies that it runs. Bodies
/// nest as deep as calls.
pub(super) fn visit(graph: &Graph, visitor: &mut dyn FnMut(&Part<'_>, NodeId)) {
    Part::whole(graph).visit(visitor);
}

/// As [`visit`], with the nodes that derivatives pass through which are taken in the graph, though no result may
/// depend on them.
pub(super) fn visit_passed(graph: &Graph, visitor: &mut dyn FnMut(&Part<'_>, NodeId)) {
    Part::whole_with_hypotheses(graph).visit(visitor);
}

impl<'g> Part<'g> {
    /// A graph that is in no other.
    pub(super) fn whole(graph: &'g Graph) -> Part<'g> {
        Part {
            graph,
            ranges: Ranges::of(graph),
            flow: differentiated(graph),
            jumps: jumps(graph, &vec![true; graph.inputs().len()]),
            live: graph.live(),
            is_whole: false,
            differentiation: None,
            runs: true,
            taken: taken(graph),
            region: None,
            counted: OnceCell::new(),
            budget: Cell::new(BUDGET),
        }
    }

    /// As [`Part::whole`], where nodes count that only derivatives pass through.
    pub(super) fn whole_with_hypotheses(graph: &'g Graph) -> Part<'g> {
        Part {
            is_whole: true,
            ..Part::whole(graph)
        }
    }

    /// Whether a node matters: to the outputs, or to a derivative.
    pub(super) fn is_visited(&self, node: NodeId) -> bool {
        let is_passed = self.is_whole && self.graph.differentiation(node).is_some();
        self.live[node.index()] || is_passed
    }

    /// The bodies that a node runs at least once, each with the position of the operand that is its
    /// first parameter.
    pub(super) fn within(&self, node: NodeId) -> Vec<(usize, Part<'g>)> {
        let first = usize::from(matches!(self.graph.op(node).family(), Family::Cond(_)));
        let bodies = bodies(self.graph, node, &self.ranges, &self.flow);
        let inside = |body: &Body<'g>| (first, self.inside(node, body));
        bodies.iter().map(inside).collect()
    }

    fn visit(&self, visitor: &mut dyn FnMut(&Part<'_>, NodeId)) {
        for node in self.graph.nodes().filter(|node| self.is_visited(*node)) {
            visitor(self, node);
            for (_, inside) in self.within(node) {
                inside.visit(visitor);
            }
        }
    }

    fn inside(&self, node: NodeId, body: &Body<'g>) -> Part<'g> {
        let graph = body.region.body();
        let is_branch = matches!(self.graph.op(node).family(), Family::Cond(_));
        let runs = self.runs && !is_branch;
        let differentiation = self.asked(node);
        let passes = self.flow[node.index()] || differentiation.is_some();
        Part {
            graph,
            ranges: Ranges::given(graph, &body.ranges),
            flow: match passes {
                true => differentiated_from(graph, &body.flow),
                false => vec![false; graph.len()],
            },
            jumps: match passes {
                true => jumps(graph, &body.flow),
                false => vec![false; graph.len()],
            },
            live: graph.live(),
            is_whole: self.is_whole,
            differentiation,
            runs,
            // Of several results, some may be read by nothing.
            taken: match runs && self.taken[node.index()] && graph.outputs().len() == 1 {
                true => taken(graph),
                false => vec![false; graph.len()],
            },
            region: Some(body.region),
            counted: OnceCell::new(),
            budget: Cell::new(self.budget.get()),
        }
    }

    /// The guards of a node that matter here.
    pub(super) fn guards(&self, node: NodeId) -> impl Iterator<Item = Guard> {
        let matters = self.jumps[node.index()] || self.graph.differentiation(node).is_some();
        let all = self.graph.op(node).guards().into_iter();
        // Where what an op needs holds, so does what its rule does. Where a further derivative passes through the rule, that
        // has slopes of its own: softsign has a second derivative off 0 only.
        let is_of_rule = self.graph.is_of_rule(node);
        let is_passed = self.graph.differentiation(node).is_some();
        let all = all.filter(move |guard| !is_of_rule || (is_passed && !guard.is_singular()));
        all.filter(move |guard| self.applies(node, guard, matters))
    }

    /// Those of them that a derivative of the whole graph needs, beside that nothing jumps.
    pub(super) fn slopes(&self, node: NodeId) -> impl Iterator<Item = Guard> {
        let all = self.graph.op(node).guards().into_iter();
        all.filter(move |guard| self.applies(node, guard, false))
    }

    /// Integers have no singularities, and slopes matter only where a derivative flows.
    fn applies(&self, node: NodeId, guard: &Guard, matters: bool) -> bool {
        let operand = self.graph.operands(node).get(operand_of(guard)).copied();
        let float = operand.is_some_and(|value| self.graph.ty(value).dtype.is_float());
        float && (guard.is_singular() || self.flow[node.index()] || matters)
    }

    /// What is known of values at the elements of a node that count.
    pub(super) fn facts(&self, node: NodeId) -> Facts<'_> {
        let is_passed = |at: NodeId| self.is_visited(at);
        let counted = self
            .counted
            .get_or_init(|| Taken::of(self.graph, &is_passed));
        Facts::of(self.graph, &self.ranges, counted.at(node))
    }

    /// Where single elements of the operands of a node lie, if they are told apart there.
    pub(super) fn elements(&self, node: NodeId) -> Option<Elements> {
        Elements::of(self.graph, node, &self.ranges, &self.budget)
    }

    /// Where the derivative is taken that asks for the conditions of a node, if one does that is taken in the graph.
    pub(super) fn asked(&self, node: NodeId) -> Option<Span> {
        let own = self.graph.differentiation(node);
        own.or(self
            .differentiation
            .filter(|_| self.flow[node.index()] || self.jumps[node.index()]))
    }
}

/// The operand that a guard speaks of first.
pub(super) fn operand_of(guard: &Guard) -> usize {
    match guard {
        Guard::Above { operand, .. }
        | Guard::Nonzero { operand }
        | Guard::Off { operand, .. }
        | Guard::OffLattice { operand, .. }
        | Guard::NoTies { operand }
        | Guard::UniqueWinner { operand } => *operand,
        Guard::Distinct { left, .. } => *left,
    }
}

/// A body that a node runs.
struct Body<'g> {
    region: &'g Rc<Region>,
    /// Where its parameters lie.
    ranges: Vec<Set>,
    /// Through which of its parameters a derivative may flow, if one flows through the node.
    flow: Vec<bool>,
}

/// The bodies that a node runs at least once.
fn bodies<'g>(graph: &'g Graph, node: NodeId, ranges: &Ranges, flow: &[bool]) -> Vec<Body<'g>> {
    let operands = graph.operands(node);
    let flows = |operand: usize| flow.get(operands[operand].node.index()) == Some(&true);
    match graph.op(node).family() {
        Family::Scan(scan) if scan.length > 0 => {
            let is_carry = |at: usize| scan.role(at) == ScanRole::Carry;
            let range = |at: usize| match is_carry(at) {
                true => Set::ANY,
                false => ranges.set(operands[at]),
            };
            vec![Body {
                region: &scan.region,
                ranges: (0..operands.len()).map(range).collect(),
                flow: (0..operands.len())
                    .map(|at| is_carry(at) || flows(at))
                    .collect(),
            }]
        }
        Family::Cond(cond) => {
            let branch = |region| Body {
                region,
                ranges: operands.iter().skip(1).map(|x| ranges.set(*x)).collect(),
                flow: (1..operands.len()).map(flows).collect(),
            };
            vec![branch(&cond.then), branch(&cond.otherwise)]
        }
        Family::Scan(_)
        | Family::Pointwise(_)
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
        | Family::Leaf(_)
        | Family::Composite(_) => Vec::new(),
    }
}

/// Where the results of a loop or branch lie. What is carried is the initial value where there is no
/// turn, else what the body yields for it.
pub(super) fn results(graph: &Graph, node: NodeId, ranges: &Ranges) -> Vec<Set> {
    let yielded = |body: &Body<'_>| -> Vec<Set> {
        let inner = Ranges::given(body.region.body(), &body.ranges);
        let outputs = body.region.body().outputs().iter();
        outputs.map(|output| inner.set(output.value)).collect()
    };
    let join = |x: Vec<Set>, y: Vec<Set>| x.iter().zip(&y).map(|(x, y)| x.join(y)).collect();
    let bodies = bodies(graph, node, ranges, &[]);
    let results = bodies.iter().map(yielded).reduce(join);
    results.unwrap_or_default()
}
