//! Which elements of the nodes of a graph count: those that `select` does not take are not asked what they are.
//!
//! An op on single elements needs of its operands what is needed of it, `select` what it takes; of any other op's
//! operands all is needed. What only formulas of derivatives read counts where the function that is differentiated
//! reads it, and everywhere where that is not there.

use super::super::body::Part;
use crate::autodiff::mask::{Mask, Where, both, either};
use crate::builder::Builder;
use crate::graph::{NodeId, Value};
use crate::op::{Family, TypeError};

/// For each node, the elements that count: none at all, or where a mask holds.
pub(super) struct Need(Vec<Option<Where>>);

impl Need {
    /// The masks are values of the builder's graph, in which `copies` stand for the nodes of the part's.
    pub(super) fn of(
        part: &Part<'_>,
        b: &Builder,
        copies: &[Vec<Value>],
    ) -> Result<Need, TypeError> {
        let graph = part.graph;
        let mut need = Need(vec![None; graph.len()]);
        for output in graph.outputs() {
            need.0[output.value.node.index()] = Some(None);
        }
        let mut is_read = vec![false; graph.len()];
        for node in graph.nodes().filter(|node| !graph.is_of_rule(*node)) {
            for operand in graph.operands(node) {
                is_read[operand.node.index()] = true;
            }
        }
        for node in graph.nodes().rev() {
            let at = node.index();
            if need.0[at].is_none() && part.is_visited(node) && !is_read[at] {
                need.0[at] = Some(None);
            }
            if let Some(elements) = need.0[at]
                && !graph.is_of_rule(node)
            {
                need.pass(part, node, elements, (b, copies))?;
            }
        }
        Ok(need)
    }

    /// The elements of a node that count.
    pub(super) fn elements(&self, node: NodeId) -> Option<Where> {
        self.0[node.index()]
    }

    fn pass(
        &mut self,
        part: &Part<'_>,
        node: NodeId,
        elements: Where,
        (b, copies): (&Builder, &[Vec<Value>]),
    ) -> Result<(), TypeError> {
        let operands = part.graph.operands(node);
        let op = part.graph.op(node);
        if matches!(op.family(), Family::Select) {
            let condition = operands[0];
            let truths = copies[condition.node.index()][usize::from(condition.result)];
            let taken = Mask::of(truths);
            let first = both(b, elements, Some(taken))?;
            let second = both(b, elements, Some(taken.not()))?;
            self.add(b, condition, elements)?;
            self.add(b, operands[1], first)?;
            return self.add(b, operands[2], second);
        }
        let needed = elements.filter(|_| op.is_elementwise());
        let mut all = operands.into_iter();
        all.try_for_each(|operand| self.add(b, operand, needed))
    }

    fn add(&mut self, b: &Builder, value: Value, more: Where) -> Result<(), TypeError> {
        let known = &mut self.0[value.node.index()];
        *known = Some(match *known {
            None => more,
            Some(known) => either(b, known, more)?,
        });
        Ok(())
    }
}
