//! Values of a turn, computed for all turns at once, in the graph around the loop.

use super::plan::{Facts, Plan};
use crate::builder::Builder;
use crate::constant::Constant;
use crate::graph::{Graph, NodeId, Value, Values};
use crate::op::attribute::{as_axes, to_axes};
use crate::op::{ContractAxes, DotGeneral, Family, Op, ScanRole, Sum, TypeError};
use rustc_hash::{FxHashMap, FxHashSet};

/// What stands for a value of a turn in the graph around the loop.
#[derive(Clone, Copy, Debug)]
pub(super) enum Lifted {
    /// It is the same in every turn.
    Once(Value),
    /// Its values in all turns, along a leading axis.
    Stacked(Value),
}

/// Whether a node whose operands differ from turn to turn can be computed for all turns at once.
pub(super) fn is_liftable(op: &Op) -> bool {
    match op.family() {
        Family::Pointwise(_)
        | Family::Discrete(_)
        | Family::Compare(_)
        | Family::Connect(_)
        | Family::Not
        | Family::Select
        | Family::Cast(_)
        | Family::View(_)
        | Family::Contract(_) => true,
        Family::Fold(_) => matches!(op, Op::Sum(_)),
        Family::ArgFold(_)
        | Family::ArgSort(_)
        | Family::Prefix(_)
        | Family::Gather(_)
        | Family::ScatterAdd(_)
        | Family::Leaf(_)
        | Family::Barrier
        | Family::Scan(_)
        | Family::Cond(_)
        | Family::Composite(_) => false,
    }
}

fn not_liftable() -> TypeError {
    TypeError::new("a value of a loop cannot be computed for all turns at once")
}

/// Values of turns in the graph around the loop.
pub(super) struct Lift<'a> {
    pub(super) builder: Builder,
    body: &'a Graph,
    facts: &'a Facts,
    length: u64,
    known: FxHashMap<Value, Lifted>,
    /// The operands of the loop that is left.
    pub(super) operands: Vec<Value>,
}

impl<'a> Lift<'a> {
    /// Knows the operands of the loop.
    pub(super) fn new(builder: &Builder, plan: &'a Plan<'_>, operands: &Values) -> Self {
        let (scan, body) = (plan.scan, plan.scan.body());
        let mut known = FxHashMap::default();
        for ((position, input), operand) in body.inputs().iter().enumerate().zip(operands) {
            match scan.role(position) {
                ScanRole::Carry => None,
                ScanRole::Slice => known.insert(*input, Lifted::Stacked(*operand)),
                ScanRole::Closed => known.insert(*input, Lifted::Once(*operand)),
            };
        }
        Lift {
            builder: builder.clone(),
            body,
            facts: &plan.facts,
            length: scan.length,
            known,
            operands: Vec::new(),
        }
    }

    /// Notes what stands for a value.
    pub(super) fn knows(&mut self, value: Value, lifted: Lifted) {
        self.known.insert(value, lifted);
    }

    /// A value that is the same in every turn.
    pub(super) fn once(&mut self, value: Value) -> Result<Value, TypeError> {
        match self.lifted(value)? {
            Lifted::Once(value) => Ok(value),
            Lifted::Stacked(_) => Err(not_liftable()),
        }
    }

    /// The values of all turns, along a leading axis.
    pub(super) fn stack(&mut self, value: Value) -> Result<Value, TypeError> {
        let lifted = self.lifted(value)?;
        self.stacked(lifted)
    }

    fn stacked(&self, lifted: Lifted) -> Result<Value, TypeError> {
        match lifted {
            Lifted::Stacked(value) => Ok(value),
            Lifted::Once(value) => {
                let shape = self.builder.shape(value);
                let behind: Vec<usize> = (1..=shape.rank()).collect();
                let stack = shape.stacked(self.length);
                self.builder.broadcast_in_dim(value, &stack, &behind)
            }
        }
    }

    /// Computes a value, and what it needs that is not yet known.
    pub(super) fn lifted(&mut self, value: Value) -> Result<Lifted, TypeError> {
        let mut needed: FxHashSet<NodeId> = FxHashSet::default();
        let mut open = vec![value];
        while let Some(value) = open.pop() {
            if !self.known.contains_key(&value) && needed.insert(value.node) {
                open.extend(self.body.operands(value.node));
            }
        }
        let mut needed: Vec<NodeId> = needed.into_iter().collect();
        needed.sort_unstable();
        for node in needed {
            self.lift(node)?;
        }
        self.known.get(&value).copied().ok_or_else(not_liftable)
    }

    fn lift(&mut self, node: NodeId) -> Result<(), TypeError> {
        let body = self.body;
        let operands = body.operands(node).into_iter();
        let operands = operands.map(|x| self.known.get(&x).copied().ok_or_else(not_liftable));
        let operands: Vec<Lifted> = operands.collect::<Result<_, _>>()?;
        self.builder.set_span(body.span(node));
        if self.facts.fixed[node.index()] {
            let operands: Vec<Value> = operands.iter().map(|x| self.plain(*x)).collect();
            let copy = self
                .builder
                .edit(|new| new.copy_node(body, node, &operands))?;
            for value in body.results(node) {
                let there = Value {
                    node: copy,
                    ..value
                };
                self.known.entry(value).or_insert(Lifted::Once(there));
            }
            return Ok(());
        }
        let stack = self.lift_varying(node, &operands)?;
        self.builder.edit(|new| {
            if let Some(name) = body.name(node).filter(|_| new.name(stack.node).is_none()) {
                new.set_name(stack.node, name);
            }
        });
        let value = Value { node, result: 0 };
        self.known.entry(value).or_insert(Lifted::Stacked(stack));
        Ok(())
    }

    fn plain(&self, lifted: Lifted) -> Value {
        match lifted {
            Lifted::Once(value) | Lifted::Stacked(value) => value,
        }
    }

    /// A node with operands that differ from turn to turn.
    fn lift_varying(&self, node: NodeId, operands: &[Lifted]) -> Result<Value, TypeError> {
        let op = self.body.op(node);
        if let (Op::DotGeneral(op), &[x, y]) = (op, operands) {
            return self.contract(node, op, [x, y]);
        }
        let stacks = operands.iter().map(|x| self.stacked(*x));
        let stacks: Vec<Value> = stacks.collect::<Result<_, _>>()?;
        if let Op::Sum(sum) = op {
            let axes = as_axes(sum.axes.as_deref().unwrap_or_default());
            let behind = to_axes(axes.iter().map(|axis| axis + 1));
            let sum = Sum {
                axes: Some(behind),
                ..sum.clone()
            };
            return self.builder.apply(sum, &stacks);
        }
        match op.family() {
            Family::View(view) => self.builder.apply(view.stacked(self.length), &stacks),
            Family::Pointwise(_)
            | Family::Discrete(_)
            | Family::Compare(_)
            | Family::Connect(_)
            | Family::Not
            | Family::Select
            | Family::Cast(_) => self.builder.apply(op.clone(), &stacks),
            Family::Fold(_)
            | Family::Contract(_)
            | Family::ArgFold(_)
            | Family::ArgSort(_)
            | Family::Prefix(_)
            | Family::Gather(_)
            | Family::ScatterAdd(_)
            | Family::Leaf(_)
            | Family::Barrier
            | Family::Scan(_)
            | Family::Cond(_)
            | Family::Composite(_) => Err(not_liftable()),
        }
    }

    fn axes(&self, node: NodeId, op: &DotGeneral) -> ContractAxes {
        let operands = self.body.operands(node);
        let rank = |slot: usize| self.body.ty(operands[slot]).shape.rank();
        op.axes(rank(0), rank(1))
    }

    /// A contraction in all turns: turns are a batch axis where both operands have them, else a free axis.
    fn contract(
        &self,
        node: NodeId,
        op: &DotGeneral,
        [x, y]: [Lifted; 2],
    ) -> Result<Value, TypeError> {
        let own = self.axes(node, op);
        let mut axes = own.clone();
        let stacked = [x, y].map(|side| matches!(side, Lifted::Stacked(_)));
        for side in (0..2).filter(|side| stacked[*side]) {
            axes.contract[side].iter_mut().for_each(|axis| *axis += 1);
            axes.batch[side].iter_mut().for_each(|axis| *axis += 1);
            if stacked == [true, true] {
                axes.batch[side].insert(0, 0);
            }
        }
        let product = self.builder.contract(self.plain(x), self.plain(y), &axes)?;
        // Where the turns stand in the product.
        let turns = match stacked {
            [true, true] => 0,
            [true, false] => own.batch[0].len(),
            [false, _] => own.batch[0].len() + own.free[0].len(),
        };
        let rank = self.builder.shape(product).rank();
        let others = (0..rank).filter(|axis| *axis != turns);
        let first: Vec<usize> = std::iter::once(turns).chain(others).collect();
        self.builder.transpose(product, &first)
    }

    /// The sum of a value over all turns. What leads to it from `leaves` is linear.
    pub(super) fn total(
        &mut self,
        value: Value,
        leaves: &FxHashSet<Value>,
    ) -> Result<Value, TypeError> {
        let mut needed: FxHashSet<Value> = FxHashSet::default();
        let mut open = vec![value];
        while let Some(value) = open.pop() {
            if needed.insert(value) && !leaves.contains(&value) {
                open.extend(self.body.operands(value.node));
            }
        }
        let mut needed: Vec<Value> = needed.into_iter().collect();
        needed.sort_unstable();
        let mut totals: FxHashMap<Value, Value> = FxHashMap::default();
        for value in needed {
            let total = if leaves.contains(&value) {
                self.leaf_total(value)?
            } else {
                let operands = self.body.operands(value.node).into_iter();
                let operands = operands.map(|x| totals.get(&x).copied().ok_or_else(not_liftable));
                let operands: Values = operands.collect::<Result<_, _>>()?;
                let body = self.body;
                let copy = |new: &mut Graph| new.copy_node(body, value.node, &operands);
                let node = self.builder.edit(copy)?;
                Value { node, ..value }
            };
            totals.insert(value, total);
        }
        totals.get(&value).copied().ok_or_else(not_liftable)
    }

    fn leaf_total(&mut self, value: Value) -> Result<Value, TypeError> {
        self.builder.set_span(self.body.span(value.node));
        let is_known = self.known.contains_key(&value) || self.facts.fixed[value.node.index()];
        if let Op::DotGeneral(op) = self.body.op(value.node)
            && !is_known
        {
            return self.contract_total(value.node, op);
        }
        match self.lifted(value)? {
            Lifted::Stacked(stack) => self.builder.sum(stack, &[0], false),
            Lifted::Once(once) => {
                let times = Constant::integer(self.length.cast_signed());
                let times = self.builder.full(&self.builder.ty(once), &times)?;
                self.builder.mul(once, times)
            }
        }
    }

    /// The sum of a contraction over all turns: turns are contracted, or the operand that has them is
    /// summed first.
    fn contract_total(&mut self, node: NodeId, op: &DotGeneral) -> Result<Value, TypeError> {
        let operands = self.body.operands(node);
        let mut axes = self.axes(node, op);
        let sides = [self.lifted(operands[0])?, self.lifted(operands[1])?];
        self.builder.set_span(self.body.span(node));
        let b = &self.builder;
        match sides {
            [Lifted::Stacked(x), Lifted::Stacked(y)] => {
                for side in 0..2 {
                    axes.batch[side].iter_mut().for_each(|axis| *axis += 1);
                    axes.contract[side].iter_mut().for_each(|axis| *axis += 1);
                    axes.contract[side].insert(0, 0);
                }
                b.contract(x, y, &axes)
            }
            [Lifted::Stacked(x), Lifted::Once(y)] => b.contract(b.sum(x, &[0], false)?, y, &axes),
            [Lifted::Once(x), Lifted::Stacked(y)] => b.contract(x, b.sum(y, &[0], false)?, &axes),
            [Lifted::Once(_), Lifted::Once(_)] => Err(not_liftable()),
        }
    }
}
