//! The graph: single static assignment over petgraph.
//!
//! Only this file imports petgraph, and nothing of it shows: there is no `Deref`, no removal and
//! no edge API. [`Graph::push`] is the only constructor of nodes; it checks the operands and infers
//! the result types, and since operands must exist before their users, *id order is a topological
//! order* and no cycle can be built. Passes do not mutate a graph: they build another, with a
//! [`Remap`] that says what became of each node.
//!
//! petgraph facts relied upon: node indices of a stable graph without removals count up from zero,
//! and the incoming edges of a node iterate newest first.

use crate::constant::Constant;
use crate::op::{Full, Op, Spec, TypeError, Types};
use crate::shape::Type;
use crate::span::Span;
use indexmap::IndexSet;
use petgraph::Direction;
use petgraph::stable_graph::{NodeIndex, StableDiGraph};
use petgraph::visit::EdgeRef;
use rustc_hash::FxBuildHasher;
use smallvec::SmallVec;
use std::rc::Rc;

/// A node of a graph. Nodes are numbered in the order in which they were pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(u32);

impl NodeId {
    /// The position in push order.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// One result of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Value {
    /// The node.
    pub node: NodeId,
    /// Which of its results.
    pub result: u16,
}

/// Operands or results of a node; few have more than three.
pub type Values = SmallVec<[Value; 3]>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct TypeId(u32);

#[derive(Clone, Debug)]
struct Node {
    op: Op,
    results: SmallVec<[TypeId; 1]>,
    span: Span,
    name: Option<Rc<str>>,
    range: Option<(f64, f64)>,
    differentiation: Option<Span>,
    is_hypothetical: bool,
    is_of_rule: bool,
}

#[derive(Clone, Copy, Debug)]
struct Edge {
    result: u16,
    slot: u32,
}

/// A named result of a graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// The name, which is a path such as `p.hidden.w` for a leaf of a struct.
    pub name: String,
    /// The value.
    pub value: Value,
}

/// A tensor program in single static assignment form.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    dag: StableDiGraph<Node, Edge>,
    types: IndexSet<Type, FxBuildHasher>,
    inputs: Vec<Value>,
    outputs: Vec<Output>,
    /// Whether constants stay as exact as they are pushed.
    exact: bool,
    /// Number of nodes once calls of regions are expanded.
    expanded: usize,
}

impl Graph {
    /// A graph without nodes.
    pub fn new() -> Self {
        Graph::default()
    }

    /// The graph as mathematics: constants that are pushed from now on, here and in graphs derived
    /// from this one, are not rounded to their dtype. Laws are checked on such graphs, where 1/3 and
    /// √(2/π) mean the same in a rule as in the ops that it emits; they do not verify, and are never
    /// compiled.
    #[must_use]
    pub fn with_exact_constants(mut self) -> Graph {
        self.exact = true;
        self
    }

    /// The graph, treating constants that are pushed from now on as `other` does.
    #[must_use]
    pub(crate) fn constants_as_in(mut self, other: &Graph) -> Graph {
        self.exact = other.exact;
        self
    }

    /// An empty graph that treats constants as `other` does.
    pub fn like(other: &Graph) -> Graph {
        Graph {
            exact: other.exact,
            ..Graph::default()
        }
    }

    /// Applies `op` to `operands`, inferring the result types; returns the new node.
    ///
    /// # Errors
    /// The op does not take these operands, a result would exceed the size bound, or an operand
    /// does not exist.
    pub fn push(
        &mut self,
        op: impl Into<Op>,
        operands: &[Value],
        span: Span,
    ) -> Result<NodeId, TypeError> {
        let op = op.into();
        let (op, results) = self.check(op, operands)?;
        if let Some(large) = results.iter().find(|ty| !ty.is_countable()) {
            return Err(TypeError::too_large(op.spec().name, large));
        }
        let interned = |ty| TypeId(self.types.insert_full(ty).0 as u32);
        let results = results.into_iter().map(interned).collect();
        let is_input = matches!(op, Op::Input(_));
        let inner = op
            .regions()
            .iter()
            .map(|region| region.expanded_len())
            .sum::<usize>();
        let size = inner.max(1);
        self.expanded = self.expanded.saturating_add(size);
        let node = self.dag.add_node(Node {
            op,
            results,
            span,
            name: None,
            range: None,
            differentiation: None,
            is_hypothetical: false,
            is_of_rule: false,
        });
        for (slot, operand) in operands.iter().enumerate() {
            let edge = Edge {
                result: operand.result,
                slot: slot as u32,
            };
            self.dag
                .add_edge(NodeIndex::new(operand.node.index()), node, edge);
        }
        let id = NodeId(node.index() as u32);
        if is_input {
            self.inputs.push(Value {
                node: id,
                result: 0,
            });
        }
        Ok(id)
    }

    /// The op in canonical form with the types of its results.
    fn check(&self, op: Op, operands: &[Value]) -> Result<(Op, Types), TypeError> {
        let types = self.operand_types(operands)?;
        check_arity(&op.spec(), operands.len())?;
        // Rounding to the dtype is what makes a constant canonical.
        let keep = self.exact && matches!(op, Op::Full(_));
        let op = if keep { op } else { op.canonical(&types) };
        let results = op.infer_types(&types)?;
        Ok((op, results))
    }

    fn operand_types(&self, operands: &[Value]) -> Result<SmallVec<[&Type; 3]>, TypeError> {
        operands
            .iter()
            .enumerate()
            .map(|(slot, operand)| {
                self.get_type(*operand)
                    .ok_or_else(|| TypeError::new("an operand does not exist").at(slot))
            })
            .collect()
    }

    fn node(&self, id: NodeId) -> &Node {
        &self.dag[NodeIndex::new(id.index())]
    }

    /// Number of nodes.
    pub fn len(&self) -> usize {
        self.dag.node_count()
    }

    /// The id that the next node will have.
    pub fn next_id(&self) -> NodeId {
        NodeId(self.len() as u32)
    }

    /// Number of nodes once calls of regions are expanded.
    pub fn expanded_len(&self) -> usize {
        self.expanded
    }

    /// Whether there is no node.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All nodes; every node comes after its operands.
    pub fn nodes(&self) -> impl DoubleEndedIterator<Item = NodeId> + ExactSizeIterator + use<> {
        (0..self.len() as u32).map(NodeId)
    }

    /// Appends zeros of a type.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub(crate) fn push_zeros(&mut self, ty: &Type, span: Span) -> Result<Value, TypeError> {
        let op = Full {
            value: Constant::integer(0),
            dtype: ty.dtype,
            shape: ty.shape.clone(),
        };
        let node = self.push(op, &[], span)?;
        Ok(Value { node, result: 0 })
    }

    /// The node that was pushed after that many others.
    pub(crate) fn node_at(&self, index: usize) -> Option<NodeId> {
        (index < self.len()).then_some(NodeId(index as u32))
    }

    /// The op of a node.
    pub fn op(&self, node: NodeId) -> &Op {
        &self.node(node).op
    }

    /// The operands of a node, in slot order.
    pub fn operands(&self, node: NodeId) -> Values {
        let slots = self.operand_slots(node);
        slots.into_iter().map(|(_, value)| value).collect()
    }

    /// The operands of a node with the slots that they are stored in, ascending. In a graph that
    /// verifies the slots count up from zero.
    pub(crate) fn operand_slots(&self, node: NodeId) -> SmallVec<[(u32, Value); 3]> {
        let incoming = self
            .dag
            .edges_directed(NodeIndex::new(node.index()), Direction::Incoming);
        let mut slots: SmallVec<[(u32, Value); 3]> = incoming
            .map(|edge| {
                let Edge { result, slot } = *edge.weight();
                let node = NodeId(edge.source().index() as u32);
                (slot, Value { node, result })
            })
            .collect();
        slots.sort_unstable_by_key(|(slot, _)| *slot);
        slots
    }

    /// The nodes that use a result of `node`, in id order, each once.
    pub fn users(&self, node: NodeId) -> Vec<NodeId> {
        let outgoing = self
            .dag
            .neighbors_directed(NodeIndex::new(node.index()), Direction::Outgoing);
        let mut users: Vec<NodeId> = outgoing.map(|user| NodeId(user.index() as u32)).collect();
        users.sort_unstable();
        users.dedup();
        users
    }

    /// The results of a node.
    pub fn results(&self, node: NodeId) -> Values {
        (0..self.node(node).results.len() as u16)
            .map(|result| Value { node, result })
            .collect()
    }

    /// The type of a value. The value must be of this graph.
    pub fn ty(&self, value: Value) -> &Type {
        let id = self.node(value.node).results[value.result as usize];
        &self.types[id.0 as usize]
    }

    /// The type of a value, if there is such a value.
    pub fn get_type(&self, value: Value) -> Option<&Type> {
        let node = self.dag.node_weight(NodeIndex::new(value.node.index()))?;
        self.types
            .get_index(node.results.get(value.result as usize)?.0 as usize)
    }

    /// Where in the source a node comes from.
    pub fn span(&self, node: NodeId) -> Span {
        self.node(node).span
    }

    /// The name that a node was given, if any.
    pub fn name(&self, node: NodeId) -> Option<&str> {
        self.node(node).name.as_deref()
    }

    /// Names a node. Names are for readers: they need not be unique.
    pub fn set_name(&mut self, node: NodeId, name: &str) {
        if let Some(weight) = self.dag.node_weight_mut(NodeIndex::new(node.index())) {
            weight.name = Some(Rc::from(name));
        }
    }

    /// Where the elements of a node's result are declared to lie: bounds, which belong to it.
    pub fn range(&self, node: NodeId) -> Option<(f64, f64)> {
        self.node(node).range
    }

    /// Declares where the elements of a node's result lie. It is up to callers that they do.
    pub fn set_range(&mut self, node: NodeId, range: (f64, f64)) {
        if let Some(weight) = self.dag.node_weight_mut(NodeIndex::new(node.index())) {
            weight.range = Some(range);
        }
    }

    /// Where in the source the derivative is taken that passes through a node, if one does: the conditions of its
    /// op are conditions of that derivative.
    pub fn differentiation(&self, node: NodeId) -> Option<Span> {
        self.node(node).differentiation
    }

    /// Says that a derivative passes through a node which is taken there.
    pub fn set_differentiation(&mut self, node: NodeId, at: Span) {
        if let Some(weight) = self.dag.node_weight_mut(NodeIndex::new(node.index())) {
            weight.differentiation = Some(at);
        }
    }

    /// Whether a node is there only since the conditions of a derivative speak of it: no result depends on it.
    pub fn is_hypothetical(&self, node: NodeId) -> bool {
        self.node(node).is_hypothetical
    }

    /// Says that a node is there only for the conditions of a derivative.
    pub(crate) fn set_hypothetical(&mut self, node: NodeId) {
        if let Some(weight) = self.dag.node_weight_mut(NodeIndex::new(node.index())) {
            weight.is_hypothetical = true;
        }
    }

    /// Whether a node is part of a formula by which lgc differentiates an op. Where the conditions of the op hold, the
    /// laws of its rule show that the formula is defined.
    pub fn is_of_rule(&self, node: NodeId) -> bool {
        self.node(node).is_of_rule
    }

    /// Says that a node is part of a formula by which an op is differentiated.
    pub(crate) fn set_of_rule(&mut self, node: NodeId) {
        if let Some(weight) = self.dag.node_weight_mut(NodeIndex::new(node.index())) {
            weight.is_of_rule = true;
        }
    }

    /// The inputs, in the order in which they were pushed.
    pub fn inputs(&self) -> &[Value] {
        &self.inputs
    }

    /// The named results.
    pub fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    /// Declares a result.
    pub fn add_output(&mut self, name: impl Into<String>, value: Value) {
        self.outputs.push(Output {
            name: name.into(),
            value,
        });
    }

    /// Replaces the results.
    pub fn set_outputs(&mut self, outputs: Vec<Output>) {
        self.outputs = outputs;
    }

    /// Copies `node` of `source` here, onto `operands` of this graph, with its span, name and range, and what is
    /// said of derivatives.
    ///
    /// # Errors
    /// As [`Graph::push`]; none when the operands have the types that they have in `source`.
    pub fn copy_node(
        &mut self,
        source: &Graph,
        node: NodeId,
        operands: &[Value],
    ) -> Result<NodeId, TypeError> {
        let id = self.push(source.op(node).clone(), operands, source.span(node))?;
        let from = source.node(node);
        if let Some(weight) = self.dag.node_weight_mut(NodeIndex::new(id.index())) {
            weight.name.clone_from(&from.name);
            weight.range = from.range;
            weight.differentiation = from.differentiation;
            weight.is_hypothetical = from.is_hypothetical;
            weight.is_of_rule = from.is_of_rule;
        }
        Ok(id)
    }

    /// Copies `node` of `source` here with another op, which has as many results.
    ///
    /// # Errors
    /// As [`Graph::push`].
    pub(crate) fn copy_node_as(
        &mut self,
        source: &Graph,
        node: NodeId,
        op: Op,
        operands: &[Value],
    ) -> Result<NodeId, TypeError> {
        let id = self.push(op, operands, source.span(node))?;
        let from = source.node(node);
        if let Some(weight) = self.dag.node_weight_mut(NodeIndex::new(id.index())) {
            weight.name.clone_from(&from.name);
            weight.differentiation = from.differentiation;
            weight.is_hypothetical = from.is_hypothetical;
            weight.is_of_rule = from.is_of_rule;
        }
        Ok(id)
    }

    /// For each node, whether the outputs depend on it.
    pub fn live(&self) -> Vec<bool> {
        let mut live = vec![false; self.len()];
        for output in &self.outputs {
            live[output.value.node.index()] = true;
        }
        for node in self.nodes().rev() {
            if live[node.index()] {
                for operand in self.operands(node) {
                    live[operand.node.index()] = true;
                }
            }
        }
        live
    }

    /// How many operand slots and outputs read each node.
    pub fn use_counts(&self) -> Vec<u32> {
        let mut counts = vec![0; self.len()];
        for node in self.nodes() {
            for operand in self.operands(node) {
                counts[operand.node.index()] += 1;
            }
        }
        for output in &self.outputs {
            counts[output.value.node.index()] += 1;
        }
        counts
    }
}

/// Graphs are equal that have equal ops on equal operands in the same order, and the same names;
/// where in a source their nodes come from does not matter.
impl PartialEq for Graph {
    fn eq(&self, other: &Graph) -> bool {
        let same_node = |node: NodeId| {
            self.op(node) == other.op(node)
                && self.operand_slots(node) == other.operand_slots(node)
                && self.name(node) == other.name(node)
        };
        self.len() == other.len()
            && self.outputs == other.outputs
            && self.inputs == other.inputs
            && self.exact == other.exact
            && self.nodes().all(same_node)
    }
}

impl Eq for Graph {}

pub(crate) fn check_arity(spec: &Spec, given: usize) -> Result<(), TypeError> {
    let declared = spec.operands.len();
    if spec.takes(given) {
        return Ok(());
    }
    let wanted = match (spec.variadic, spec.optional) {
        (true, _) => format!("at least {declared}"),
        (false, true) => format!("{} or {declared}", declared.saturating_sub(1)),
        (false, false) => declared.to_string(),
    };
    let operands = spec.operands.join(", ");
    Err(TypeError::new(format!(
        "`{}` takes {wanted} operand{}, got {given}",
        spec.name,
        if declared == 1 { "" } else { "s" }
    ))
    .help(format!(
        "it is written {}({operands}{})",
        spec.name,
        if spec.variadic { ", …" } else { "" }
    )))
}

/// What became of a value in a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It stands in the new graph as this value.
    Kept(Value),
    /// An equal value, which stands in the new graph, took its place.
    Merged(Value),
    /// A simpler value took its place.
    Folded(Value),
    /// Nothing needs it.
    Dead,
}

impl Fate {
    /// The value that stands for it in the new graph.
    pub fn value(self) -> Option<Value> {
        match self {
            Fate::Kept(value) | Fate::Merged(value) | Fate::Folded(value) => Some(value),
            Fate::Dead => None,
        }
    }
}

/// What became of each node's results in a pass.
#[derive(Clone, Debug, Default)]
pub struct Remap {
    fates: Vec<SmallVec<[Fate; 1]>>,
    /// Whether the body of a loop or branch was changed.
    inside: bool,
}

impl Remap {
    /// The map of a pass that changes nothing.
    pub fn identity(graph: &Graph) -> Remap {
        let kept = |node| graph.results(node).into_iter().map(Fate::Kept).collect();
        Remap {
            fates: graph.nodes().map(kept).collect(),
            inside: false,
        }
    }

    /// Records the fate of the next node's results.
    pub fn record(&mut self, fates: impl IntoIterator<Item = Fate>) {
        self.fates.push(fates.into_iter().collect());
    }

    /// What became of `value`.
    pub fn fate(&self, value: Value) -> Fate {
        let node = self.fates.get(value.node.index());
        node.and_then(|fates| fates.get(value.result as usize))
            .copied()
            .unwrap_or(Fate::Dead)
    }

    /// The value that stands for `value` in the new graph.
    pub fn value(&self, value: Value) -> Option<Value> {
        self.fate(value).value()
    }

    /// Whether any value was merged, folded or dropped, here or in the body of a loop or branch.
    pub fn changes(&self) -> bool {
        let kept = |fate: &Fate| matches!(fate, Fate::Kept(_));
        self.inside || !self.fates.iter().flatten().all(kept)
    }

    /// Records that the pass changed the body of a loop or branch.
    pub(crate) fn note_change_inside(&mut self) {
        self.inside = true;
    }

    /// This pass followed by `next`.
    #[must_use]
    pub fn then(&self, next: &Remap) -> Remap {
        let follow = |fate: &Fate| match (fate.value().map(|value| next.fate(value)), fate) {
            (Some(Fate::Kept(value)), Fate::Merged(_)) => Fate::Merged(value),
            (Some(Fate::Kept(value)), Fate::Folded(_)) => Fate::Folded(value),
            (Some(fate), _) => fate,
            (None, _) => Fate::Dead,
        };
        Remap {
            fates: self
                .fates
                .iter()
                .map(|fates| fates.iter().map(follow).collect())
                .collect(),
            inside: self.inside || next.inside,
        }
    }
}

/// Ways to break a graph, for the tests of the verifier: nothing else can build a wrong one.
#[cfg(test)]
pub(crate) mod corruption {
    use super::*;

    fn index(node: NodeId) -> NodeIndex {
        NodeIndex::new(node.index())
    }

    impl Graph {
        pub(crate) fn corrupt_op(&mut self, node: NodeId, op: Op) {
            self.dag[index(node)].op = op;
        }
        pub(crate) fn corrupt_types(&mut self, node: NodeId, types: Vec<Type>) {
            let intern = |ty| TypeId(self.types.insert_full(ty).0 as u32);
            self.dag[index(node)].results = types.into_iter().map(intern).collect();
        }
        pub(crate) fn corrupt_inputs(&mut self, inputs: Vec<Value>) {
            self.inputs = inputs;
        }
        pub(crate) fn corrupt_edge(&mut self, from: Value, to: NodeId, slot: u32) {
            let Value { node, result } = from;
            self.dag
                .add_edge(index(node), index(to), Edge { result, slot });
        }
        pub(crate) fn corrupt_by_cutting(&mut self, to: NodeId) {
            let edges = self.dag.edges_directed(index(to), Direction::Incoming);
            let edges: Vec<_> = edges.map(|edge| edge.id()).collect();
            for edge in edges {
                self.dag.remove_edge(edge);
            }
        }
    }
}
