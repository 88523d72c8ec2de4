//! Which elements of values a graph needs at a point: not those of branches that are not taken there.
//!
//! An op on single elements needs of its operands what is needed of it, `select` what it takes; of any
//! other op's operands all is needed, if anything is of its results.

use crate::graph::{Graph, NodeId, Value};
use crate::interpret::{Data, Interpretation};
use crate::op::Family;
use crate::scalar::{Logic, Scalar};
use rustc_hash::FxHashMap;

/// The needed elements of the values of one run of a graph; none of a value that is not there.
pub(super) struct Needed(FxHashMap<Value, Vec<bool>>);

impl Needed {
    pub(super) fn of<S: Scalar>(graph: &Graph, values: &Interpretation<S>) -> Self {
        let mut needed = Needed(FxHashMap::default());
        for output in graph.outputs() {
            needed.add_all(graph, output.value);
        }
        let mut nodes: Vec<NodeId> = graph.nodes().collect();
        nodes.reverse();
        for node in nodes {
            needed.visit(graph, node, values);
        }
        needed
    }

    /// Whether an element of the first result of a node is needed.
    pub(super) fn holds(&self, node: NodeId, element: usize) -> bool {
        let value = Value { node, result: 0 };
        let elements = self.0.get(&value);
        elements.is_some_and(|elements| elements.get(element) == Some(&true))
    }

    fn visit<S: Scalar>(&mut self, graph: &Graph, node: NodeId, values: &Interpretation<S>) {
        let results = graph.results(node);
        let some = |value: &Value| self.0.get(value).is_some_and(|all| all.contains(&true));
        if !results.iter().any(some) {
            return;
        }
        let first = self.0.get(&results[0]).cloned().unwrap_or_default();
        let operands = graph.operands(node);
        let op = graph.op(node);
        if matches!(op.family(), Family::Select) {
            self.add(operands[0], &first);
            let condition = values.value(operands[0]).map(|tensor| &tensor.data);
            for (operand, wanted) in [(operands[1], true), (operands[2], false)] {
                let is_taken = |element: usize| match condition {
                    Some(Data::Mask(truths)) => truths
                        .get(element)
                        .is_none_or(|truth| truth.decide().is_ok_and(|x| x == wanted)),
                    Some(Data::Number(_) | Data::Int(_)) | None => true,
                };
                let taken = first.iter().enumerate();
                let taken = taken.map(|(element, needed)| *needed && is_taken(element));
                self.add(operand, &taken.collect::<Vec<bool>>());
            }
            return;
        }
        for operand in operands {
            match op.is_elementwise() {
                true => self.add(operand, &first),
                false => self.add_all(graph, operand),
            }
        }
    }

    fn add(&mut self, value: Value, more: &[bool]) {
        let known = self.0.entry(value).or_default();
        known.resize(more.len().max(known.len()), false);
        for (known, more) in known.iter_mut().zip(more) {
            *known |= more;
        }
    }

    fn add_all(&mut self, graph: &Graph, value: Value) {
        let count = graph.ty(value).elements() as usize;
        self.0.insert(value, vec![true; count]);
    }
}
