//! Which parts of a node that is taken apart a derivative passes through, if it passes through the node.

use crate::graph::{Graph, NodeId, Value};
use crate::op::Op;

/// The nodes of a graph from some number on, as the parts of one.
pub(super) struct Passage<'g> {
    graph: &'g Graph,
    first: usize,
    /// For each part, whether floats from outside of the parts have a slope on the way to it.
    varying: Vec<bool>,
    /// For each part, whether results have a slope by it.
    sloped: Vec<bool>,
    /// For each part, whether results depend on it, by whatever.
    needed: Vec<bool>,
}

impl<'g> Passage<'g> {
    /// The parts from `first` on of a node with these results. All floats from outside of the parts may vary.
    pub(super) fn of(graph: &'g Graph, first: NodeId, results: &[Value]) -> Self {
        let (first, count) = (first.index(), graph.len());
        let mut passage = Passage {
            graph,
            first,
            varying: vec![false; count - first],
            sloped: vec![false; count - first],
            needed: vec![false; count - first],
        };
        passage.vary();
        passage.need(results);
        passage
    }

    /// The parts that a derivative passes through, and those that decide which way it takes.
    pub(super) fn nodes(&self) -> Vec<NodeId> {
        let parts = self.graph.nodes().skip(self.first);
        let is_passed = |node: &NodeId| {
            let at = node.index() - self.first;
            let decides = self.graph.op(*node).is_step() && self.needed[at];
            let operands = self.graph.operands(*node);
            let varies = operands.iter().any(|x| self.varies(*x));
            varies && (self.sloped[at] || decides)
        };
        parts.filter(is_passed).collect()
    }

    /// Whether a value is a float that varies.
    fn varies(&self, value: Value) -> bool {
        let is_float = self.graph.ty(value).dtype.is_float();
        let part = value.node.index().checked_sub(self.first);
        is_float && part.is_none_or(|part| self.varying[part])
    }

    fn vary(&mut self) {
        for node in self.graph.nodes().skip(self.first) {
            let operands = self.graph.operands(node);
            let varies = operands.iter().any(|x| self.varies(*x));
            self.varying[node.index() - self.first] = varies && !self.graph.op(node).is_step();
        }
    }

    fn need(&mut self, results: &[Value]) {
        let part = |value: &Value| value.node.index().checked_sub(self.first);
        for at in results.iter().filter_map(part) {
            (self.sloped[at], self.needed[at]) = (true, true);
        }
        for node in self.graph.nodes().skip(self.first).rev() {
            let at = node.index() - self.first;
            let is_stopped = matches!(self.graph.op(node), Op::StopGradient(_));
            let passes = self.sloped[at] && !self.graph.op(node).is_step();
            let decides = self.needed[at] && !is_stopped;
            for operand in self.graph.operands(node) {
                let is_float = self.graph.ty(operand).dtype.is_float();
                if let Some(part) = operand.node.index().checked_sub(self.first) {
                    self.sloped[part] |= passes && is_float;
                    self.needed[part] |= decides;
                }
            }
        }
    }
}
