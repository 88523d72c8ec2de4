//! What lowering knows of each node of a graph: what it reads, where, and what it costs.
//!
//! Nodes are told apart by how they become loops ([`Kind`]), which follows from their family. An
//! *elementwise* node computes each element from a few elements of its operands; a [`Reference`]
//! says which, as an index map from its own coordinates to the operand's. Views are elementwise
//! nodes that compute nothing; they are normally *transparent*: whoever reads them reads through
//! them.

use crate::lower::LowerError;
use crate::lower::analysis::bounds::{Bounds, bounds};
use crate::target::Costs;
use lgc_ir::expr::{Expr, Rule};
use lgc_ir::graph::{Graph, NodeId, Value};
use lgc_ir::index::{Index, IndexMap};
use lgc_ir::op::{
    ArgRule, ContractAxes, Family, FoldRule, Leaf, Monoid, Picking, PrefixRule, SortRule,
};
use lgc_ir::scalar::{Binary, Unary};
use lgc_ir::shape::{Shape, Type};
use smallvec::SmallVec;

/// A gather reads its table through at most this many views.
const MAX_TABLE_VIEWS: usize = 8;

/// How a node becomes loops.
#[derive(Clone, Debug)]
pub(in crate::lower) enum Kind {
    /// A graph input, by its position.
    Input(usize),
    /// A constant tensor with data.
    Literal,
    /// A value that is a function of coordinates only: a repeated number, or positions.
    Generated,
    /// Each element computed from elements of operands.
    Elementwise,
    /// Each element is an element of an operand, or a fill value.
    View,
    /// Elements picked by run-time indices.
    Gather(Picking),
    /// A scatter in which each row of the result takes one update at one index.
    ScatterRow(Picking),
    /// Any other scatter.
    Scatter(Picking),
    /// The positions of elements in sorted order along an axis.
    Sort(SortRule),
    /// A reduction over axes.
    Fold(Reduction),
    /// A prefix scan along an axis.
    Prefix(PrefixRule),
    /// A contraction.
    Contract(ContractAxes),
    /// The same tensor as its operand, which is in memory when it is read.
    Barrier,
    /// A loop or a branch over graphs, which has no memory of its own.
    Region,
    /// A result of a loop or branch, in memory.
    Part,
}

/// What a fold computes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::lower) struct Reduction {
    /// The folded axes of the operand, ascending.
    pub(in crate::lower) axes: SmallVec<[usize; 4]>,
    /// What is folded.
    pub(in crate::lower) state: FoldKind,
}

/// The state of a fold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lower) enum FoldKind {
    /// One partial value.
    Monoid(Monoid),
    /// The best value so far and its position.
    Arg {
        /// Whether the largest element is sought.
        largest: bool,
    },
}

/// One operand of an elementwise node, and where it is read.
#[derive(Clone, Debug)]
pub(in crate::lower) struct Reference {
    /// The operand.
    pub(in crate::lower) node: NodeId,
    /// From the coordinates of the reader to those of the operand.
    pub(in crate::lower) map: IndexMap,
}

/// A graph as lowering sees it.
pub(in crate::lower) struct Model<'g> {
    pub(in crate::lower) graph: &'g Graph,
    /// What operations cost, and from where on what pays.
    pub(in crate::lower) processor: &'g Costs,
    kinds: Vec<Kind>,
    costs: Vec<u32>,
    live: Vec<bool>,
    /// For each node, the node whose memory it is: another one for barriers only.
    roots: Vec<NodeId>,
    /// For each node of integers, what they lie between.
    bounds: Vec<Option<Bounds>>,
}

impl<'g> Model<'g> {
    /// Looks at each node of a graph without composites.
    pub(in crate::lower) fn new(
        graph: &'g Graph,
        processor: &'g Costs,
    ) -> Result<Self, LowerError> {
        let mut kinds = Vec::with_capacity(graph.len());
        let mut costs = Vec::with_capacity(graph.len());
        let mut inputs = 0;
        for node in graph.nodes() {
            let (kind, cost) = classify(graph, node, inputs, processor)?;
            inputs += usize::from(matches!(kind, Kind::Input(_)));
            kinds.push(kind);
            costs.push(cost);
        }
        let mut roots: Vec<NodeId> = Vec::with_capacity(graph.len());
        for (node, kind) in graph.nodes().zip(&kinds) {
            let behind = matches!(kind, Kind::Barrier).then(|| graph.operands(node)[0].node);
            roots.push(behind.map_or(node, |operand| roots[operand.index()]));
        }
        let live = graph.live();
        Ok(Model {
            graph,
            processor,
            kinds,
            costs,
            live,
            roots,
            bounds: bounds(graph),
        })
    }

    /// What a node is in memory: the operand behind a barrier, else itself.
    pub(in crate::lower) fn root(&self, node: NodeId) -> NodeId {
        self.roots[node.index()]
    }

    /// Whether a node is a barrier.
    pub(in crate::lower) fn is_barrier(&self, node: NodeId) -> bool {
        self.root(node) != node
    }

    pub(in crate::lower) fn kind(&self, node: NodeId) -> &Kind {
        &self.kinds[node.index()]
    }

    /// What computing one element costs, in simple operations.
    pub(in crate::lower) fn cost(&self, node: NodeId) -> u32 {
        self.costs[node.index()]
    }

    /// Whether an output depends on the node.
    pub(in crate::lower) fn is_live(&self, node: NodeId) -> bool {
        self.live[node.index()]
    }

    pub(in crate::lower) fn ty(&self, node: NodeId) -> &Type {
        self.graph.ty(Value { node, result: 0 })
    }

    pub(in crate::lower) fn shape(&self, node: NodeId) -> &Shape {
        &self.ty(node).shape
    }

    pub(in crate::lower) fn operand(&self, node: NodeId, slot: usize) -> NodeId {
        // Arity was checked when the node was pushed.
        self.graph.operands(node)[slot].node
    }

    /// What a node folds, if it is a fold.
    pub(in crate::lower) fn reduction(&self, node: NodeId) -> Option<&Reduction> {
        match self.kind(node) {
            Kind::Fold(reduction) => Some(reduction),
            Kind::Input(_)
            | Kind::Literal
            | Kind::Generated
            | Kind::Elementwise
            | Kind::View
            | Kind::Gather(_)
            | Kind::ScatterRow(_)
            | Kind::Scatter(_)
            | Kind::Sort(_)
            | Kind::Prefix(_)
            | Kind::Barrier
            | Kind::Region
            | Kind::Part
            | Kind::Contract(_) => None,
        }
    }

    /// The tensors that a gather or a sort reads at run-time coordinates: what is sorted, and what a
    /// table is a view of.
    pub(in crate::lower) fn tables(&self, node: NodeId) -> Vec<NodeId> {
        match self.kind(node) {
            Kind::Sort(_) => vec![self.root(self.operand(node, 0))],
            Kind::Gather(_) => self.views_of_table(node).1,
            Kind::Input(_)
            | Kind::Literal
            | Kind::Generated
            | Kind::Elementwise
            | Kind::View
            | Kind::ScatterRow(_)
            | Kind::Scatter(_)
            | Kind::Fold(_)
            | Kind::Prefix(_)
            | Kind::Barrier
            | Kind::Region
            | Kind::Part
            | Kind::Contract(_) => Vec::new(),
        }
    }

    /// The views that a gather reads its table through, and what they are views of: tensors that must
    /// be in memory.
    pub(in crate::lower) fn views_of_table(&self, node: NodeId) -> (Vec<NodeId>, Vec<NodeId>) {
        let picked = self.shape(node).elements();
        let (mut views, mut tables) = (Vec::new(), Vec::new());
        let mut open = vec![self.operand(node, 0)];
        while let Some(operand) = open.pop() {
            let operands = self.graph.operands(operand);
            // Each element of several tensors costs a load of each.
            let loads = picked.saturating_mul(operands.len() as u64);
            let spares = operands.len() <= 1 || loads <= self.shape(operand).elements();
            match self.kind(operand) {
                Kind::View if views.len() < MAX_TABLE_VIEWS && spares => {
                    views.push(operand);
                    open.extend(operands.iter().map(|value| value.node));
                }
                Kind::Generated => {}
                Kind::Input(_)
                | Kind::Literal
                | Kind::Elementwise
                | Kind::View
                | Kind::Gather(_)
                | Kind::ScatterRow(_)
                | Kind::Scatter(_)
                | Kind::Sort(_)
                | Kind::Fold(_)
                | Kind::Prefix(_)
                | Kind::Contract(_)
                | Kind::Barrier
                | Kind::Region
                | Kind::Part => tables.push(self.root(operand)),
            }
        }
        (views, tables)
    }

    /// The elements that an element of an elementwise node is computed from. Empty for others; the
    /// table of a gather is not among them.
    pub(in crate::lower) fn references(&self, node: NodeId) -> Vec<Reference> {
        match self.kind(node) {
            Kind::Input(_)
            | Kind::Literal
            | Kind::Generated
            | Kind::Scatter(_)
            | Kind::Sort(_)
            | Kind::Prefix(_)
            | Kind::Fold(_)
            | Kind::Barrier
            | Kind::Region
            | Kind::Part
            | Kind::Contract(_) => Vec::new(),
            Kind::Elementwise => {
                let identity = IndexMap::identity(self.shape(node).rank());
                let operands = self.graph.operands(node);
                let read = |value: &Value| Reference {
                    node: value.node,
                    map: identity.clone(),
                };
                operands.iter().map(read).collect()
            }
            Kind::View => self.view_references(node),
            Kind::Gather(picking) => vec![Reference {
                node: self.operand(node, 1),
                map: IndexMap::total(picking.index_axes().map(axis_var).collect()),
            }],
            Kind::ScatterRow(picking) => self.scatter_references(node, picking),
        }
    }

    fn view_references(&self, node: NodeId) -> Vec<Reference> {
        let Family::View(view) = self.graph.op(node).family() else {
            return Vec::new();
        };
        let operands = self.graph.operands(node);
        let types: SmallVec<[&Type; 3]> = operands.iter().map(|v| self.graph.ty(*v)).collect();
        let maps = view.maps(&types, self.ty(node));
        let read = |(value, map): (&Value, IndexMap)| Reference {
            node: value.node,
            map: map.simplify_for(self.shape(node)),
        };
        operands.iter().zip(maps).map(read).collect()
    }

    /// x in place, the index of the row, and the update of the row.
    fn scatter_references(&self, node: NodeId, picking: &Picking) -> Vec<Reference> {
        let rank = self.shape(node).rank();
        let [x, indices, updates] = [0, 1, 2].map(|slot| self.operand(node, slot));
        let rest = (0..rank).filter(|&axis| axis != picking.axis);
        let maps = [
            IndexMap::identity(rank),
            IndexMap::total(picking.index_axes().map(axis_var).collect()),
            IndexMap::total(rest.map(axis_var).collect()),
        ];
        let nodes = [x, indices, updates];
        let read = |(node, map)| Reference { node, map };
        nodes.into_iter().zip(maps).map(read).collect()
    }

    /// The run-time indices that a node uses and the extent that they must lie in, unless it is
    /// known that they do.
    pub(in crate::lower) fn checked_indices(&self, node: NodeId) -> Option<(NodeId, u64)> {
        match self.kind(node) {
            Kind::Gather(picking) | Kind::ScatterRow(picking) | Kind::Scatter(picking) => {
                let extent = self.shape(self.operand(node, 0)).extent(picking.axis);
                let indices = self.operand(node, 1);
                let inside = |(low, high): Bounds| low >= 0 && high.unsigned_abs() < extent;
                let certain = self.bounds[indices.index()].is_some_and(inside);
                (!certain).then_some((indices, extent))
            }
            Kind::Input(_)
            | Kind::Literal
            | Kind::Generated
            | Kind::Elementwise
            | Kind::View
            | Kind::Sort(_)
            | Kind::Prefix(_)
            | Kind::Fold(_)
            | Kind::Barrier
            | Kind::Region
            | Kind::Part
            | Kind::Contract(_) => None,
        }
    }
}

fn axis_var(axis: usize) -> Index {
    Index::var(axis as u32)
}

fn classify(
    graph: &Graph,
    node: NodeId,
    inputs: usize,
    costs: &Costs,
) -> Result<(Kind, u32), LowerError> {
    let operand_type = |slot: usize| graph.ty(graph.operands(node)[slot]);
    let indexed = |picking: Picking| {
        if picking.index_rank == picking.batch {
            (Kind::ScatterRow(picking), 3)
        } else {
            (Kind::Scatter(picking), 2)
        }
    };
    Ok(match graph.op(node).family() {
        Family::Leaf(Leaf::Input(_)) => (Kind::Input(inputs), 0),
        Family::Leaf(Leaf::Literal(_)) => (Kind::Literal, 0),
        Family::Leaf(Leaf::Full(_)) => (Kind::Generated, 0),
        Family::Leaf(Leaf::Iota(_)) => (Kind::Generated, 1),
        Family::Pointwise(rule) | Family::Discrete(rule) => {
            (Kind::Elementwise, rule_cost(&rule, costs))
        }
        Family::Compare(_)
        | Family::Connect(_)
        | Family::Not
        | Family::Select
        | Family::Cast(_) => (Kind::Elementwise, 1),
        Family::View(_) => (Kind::View, 0),
        Family::Barrier if is_part(graph, node) => (Kind::Part, 0),
        Family::Barrier => (Kind::Barrier, 0),
        Family::Scan(_) | Family::Cond(_) => (Kind::Region, 0),
        Family::Fold(FoldRule { monoid, axes, .. }) => {
            let state = FoldKind::Monoid(monoid);
            (Kind::Fold(Reduction { axes, state }), 1)
        }
        Family::ArgFold(ArgRule { largest, axis, .. }) => {
            let (axes, state) = (SmallVec::from_elem(axis, 1), FoldKind::Arg { largest });
            (Kind::Fold(Reduction { axes, state }), 4)
        }
        Family::ArgSort(rule) => (Kind::Sort(rule), 2),
        Family::Prefix(rule) => (Kind::Prefix(rule), 2),
        Family::Contract(op) => {
            let (x, y) = (operand_type(0).shape.rank(), operand_type(1).shape.rank());
            (Kind::Contract(op.axes(x, y)), 2)
        }
        Family::Gather(op) => (Kind::Gather(op.picking(operand_type(1))), 2),
        Family::ScatterAdd(op) => indexed(op.picking(operand_type(1))),
        Family::Composite(_) => {
            return Err(LowerError::Internal(
                "a composite op is left after decomposition".into(),
            ));
        }
    })
}

/// Whether a node is a result of a loop or branch: the [normal form](crate::lower::normal_form) has a barrier
/// for each, and nothing else reads loops and branches.
pub fn is_part(graph: &Graph, node: NodeId) -> bool {
    let operands = graph.operands(node);
    matches!(graph.op(node).family(), Family::Barrier)
        && operands
            .iter()
            .any(|operand| graph.op(operand.node).runs_regions())
}

fn rule_cost(rule: &Rule, costs: &Costs) -> u32 {
    let cost = |id| match rule.expr(id) {
        Expr::Input(_) | Expr::Constant(_) | Expr::Truth(_) | Expr::Undefined(_) => 0,
        Expr::Unary(function, _) => unary_cost(*function, costs),
        Expr::Binary(function, _, _) => binary_cost(*function, costs),
        Expr::Compare(..) | Expr::Connect(..) | Expr::Not(_) | Expr::Select(..) => 1,
    };
    let order = rule.reachable(&[rule.value()]);
    order.into_iter().map(cost).sum()
}

fn unary_cost(function: Unary, costs: &Costs) -> u32 {
    match function {
        Unary::Neg | Unary::Abs | Unary::Floor | Unary::Ceil | Unary::Round => 1,
        Unary::Sqrt => costs.division,
        Unary::Exp
        | Unary::Expm1
        | Unary::Log
        | Unary::Log1p
        | Unary::Sin
        | Unary::Cos
        | Unary::Sinh
        | Unary::Cosh
        | Unary::Tanh
        | Unary::Erf => costs.function,
    }
}

fn binary_cost(function: Binary, costs: &Costs) -> u32 {
    match function {
        Binary::Add
        | Binary::Sub
        | Binary::Mul
        | Binary::Max
        | Binary::Min
        | Binary::And
        | Binary::Or
        | Binary::Xor
        | Binary::Shl
        | Binary::Shr => 1,
        Binary::Div | Binary::Rem => costs.division,
        Binary::Pow => 2 * costs.function,
    }
}
