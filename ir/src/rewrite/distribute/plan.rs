//! What of a loop is computed for all its turns at once.

use super::lift::is_liftable;
use crate::graph::{Graph, NodeId, Value};
use crate::op::attribute::to_axes;
use crate::op::{ContractAxes, DotGeneral, Family, Op, Scan, ScanRole};
use rustc_hash::{FxHashMap, FxHashSet};

/// What loops may have in stacks in addition, if they have less than that in stacks anyway.
const ROOM: u64 = 4 << 20;

/// What is known of each node of a body.
pub(super) struct Facts {
    /// Whether it is the same in every turn.
    pub(super) fixed: Vec<bool>,
    /// Whether it stands behind a barrier: what is computed again in order not to be kept.
    hidden: Vec<bool>,
    /// For nodes that are the same in every turn, the bytes that they are made of.
    source: Vec<u64>,
}

impl Facts {
    fn of(scan: &Scan) -> Facts {
        let body = scan.body();
        let count = body.len();
        let mut facts = Facts {
            fixed: vec![true; count],
            hidden: vec![false; count],
            source: vec![0; count],
        };
        for (position, input) in body.inputs().iter().enumerate() {
            let at = input.node.index();
            facts.fixed[at] = scan.role(position) == ScanRole::Closed;
            facts.source[at] = body.ty(*input).bytes();
        }
        for node in body.nodes() {
            let (at, op) = (node.index(), body.op(node));
            for operand in body.operands(node) {
                let from = operand.node.index();
                facts.fixed[at] &= facts.fixed[from];
                facts.hidden[at] |= facts.hidden[from];
                facts.source[at] = facts.source[at].saturating_add(facts.source[from]);
            }
            facts.hidden[at] |= matches!(op, Op::Barrier(_));
        }
        facts
    }
}

/// What is added to a carried value in each turn.
pub(super) struct Accumulator {
    /// The terms, and whether they are subtracted.
    pub(super) terms: Vec<(Value, bool)>,
    /// What the terms are linear in: what is summed.
    pub(super) leaves: FxHashSet<Value>,
}

/// A contraction that reads its weights in another order.
pub(super) struct Reordered {
    /// Which of its operands the weights are.
    pub(super) side: usize,
    /// The number in [`Plan::orders`].
    pub(super) number: usize,
    /// The contraction of the weights in that order.
    pub(super) op: DotGeneral,
}

/// What becomes of a loop.
pub(super) struct Plan<'s> {
    pub(super) scan: &'s Scan,
    pub(super) facts: Facts,
    /// Values that are computed before the loop, once.
    pub(super) once: Vec<Value>,
    /// Values that are the same in every turn, and the order of their axes in which turns take them.
    pub(super) orders: Vec<(Value, Vec<usize>)>,
    /// Contractions that take them so.
    pub(super) reordered: FxHashMap<NodeId, Reordered>,
    /// Values that are computed before the loop, for all turns.
    pub(super) before: Vec<Value>,
    /// Values that the loop stacks beside what it yields.
    pub(super) kept: Vec<Value>,
    /// Carried values that are sums over all turns.
    pub(super) sums: FxHashMap<usize, Accumulator>,
    /// Stacked results that are computed after the loop.
    after: FxHashSet<usize>,
    /// How many slots of live nodes and outputs read each node.
    uses: Vec<u32>,
    /// How many bytes more may be stacked in each turn.
    room: u64,
}

/// What computing a value for all turns, after the loop, would have the loop stack in addition.
#[derive(Clone, Copy)]
struct Cost {
    bytes: u64,
    /// Whether it is computed from other values, and not stacked itself.
    opened: bool,
    /// Whether it is computed by a contraction.
    contracts: bool,
}

/// More than there is room for.
const NEVER: u64 = u64::MAX;

impl<'s> Plan<'s> {
    pub(super) fn of(scan: &'s Scan) -> Plan<'s> {
        let body = scan.body();
        let mut plan = Plan {
            scan,
            facts: Facts::of(scan),
            once: Vec::new(),
            orders: Vec::new(),
            reordered: FxHashMap::default(),
            before: Vec::new(),
            kept: Vec::new(),
            sums: FxHashMap::default(),
            after: FxHashSet::default(),
            uses: Vec::new(),
            room: 0,
        };
        if scan.length < 2 {
            return plan;
        }
        let inputs = body.inputs().iter().enumerate();
        let slices = inputs.filter(|(position, _)| scan.role(*position) == ScanRole::Slice);
        let yielded = body.outputs()[scan.carries..].iter();
        let stacked = slices
            .map(|(_, input)| *input)
            .chain(yielded.map(|output| output.value));
        let stacked: u64 = stacked.map(|value| body.ty(value).bytes()).sum();
        plan.room = stacked.max(ROOM / scan.length);
        plan.refresh();
        plan.take_after();
        plan.take_before();
        plan.take_sums();
        plan.take_after();
        plan.take_once();
        plan.take_orders();
        plan
    }

    /// Whether the loop stays as it is.
    pub(super) fn is_empty(&self) -> bool {
        self.once.is_empty()
            && self.orders.is_empty()
            && self.before.is_empty()
            && self.sums.is_empty()
            && self.after.is_empty()
    }

    /// Whether the loop yields an output of its body.
    pub(super) fn stays(&self, output: usize) -> bool {
        !self.sums.contains_key(&output) && !self.after.contains(&output)
    }

    fn body(&self) -> &'s Graph {
        self.scan.body()
    }

    /// For each node, whether a turn of the loop that is left computes it.
    pub(super) fn live(&self) -> Vec<bool> {
        let body = self.body();
        let mut live = vec![false; body.len()];
        let outputs = body.outputs().iter().enumerate();
        let staying = outputs.filter(|(position, _)| self.stays(*position));
        let wanted = staying.map(|(_, output)| output.value);
        for value in wanted.chain(self.kept.iter().copied()) {
            live[value.node.index()] = !self.is_given(value);
        }
        for node in body.nodes().rev() {
            if !live[node.index()] {
                continue;
            }
            let reordered = self.reordered.get(&node).map(|order| order.side);
            for (slot, operand) in body.operands(node).into_iter().enumerate() {
                let is_given = reordered == Some(slot) || self.is_given(operand);
                live[operand.node.index()] |= !is_given;
            }
        }
        live
    }

    /// Whether turns take a value from before the loop.
    fn is_given(&self, value: Value) -> bool {
        self.before.contains(&value) || self.once.contains(&value)
    }

    /// Counts uses anew.
    fn refresh(&mut self) {
        let body = self.body();
        let mut uses = vec![0; body.len()];
        for node in body
            .nodes()
            .zip(self.live())
            .filter_map(|(n, l)| l.then_some(n))
        {
            for operand in body.operands(node) {
                uses[operand.node.index()] += 1;
            }
        }
        let outputs = body.outputs().iter().enumerate();
        for (_, output) in outputs.filter(|(position, _)| self.stays(*position)) {
            uses[output.value.node.index()] += 1;
        }
        for value in &self.kept {
            uses[value.node.index()] += 1;
        }
        self.uses = uses;
    }

    fn is_fixed(&self, value: Value) -> bool {
        self.facts.fixed[value.node.index()]
    }

    fn is_single(&self, node: NodeId) -> bool {
        self.uses[node.index()] == 1
    }

    /// Values that are in stacks anyway, but for that of output `except`.
    fn stacks(&self, except: Option<usize>) -> FxHashSet<Value> {
        let (scan, body) = (self.scan, self.body());
        let inputs = body.inputs().iter().enumerate();
        let slices = inputs.filter(|(position, _)| scan.role(*position) == ScanRole::Slice);
        let outputs = body.outputs().iter().enumerate().skip(scan.carries);
        let yielded = outputs.filter(|(at, _)| self.stays(*at) && Some(*at) != except);
        let own = slices
            .map(|(_, input)| *input)
            .chain(yielded.map(|(_, output)| output.value));
        let more = self.before.iter().chain(&self.kept).copied();
        own.chain(more).collect()
    }

    /// For each node, what computing it after the loop costs, where `stacks` are there.
    fn costs(&self, stacks: &FxHashSet<Value>, contracts: bool) -> Vec<Cost> {
        let body = self.body();
        let mut costs: Vec<Cost> = Vec::with_capacity(body.len());
        for node in body.nodes() {
            let first = Value { node, result: 0 };
            let kept = Cost {
                bytes: self.stacking(stacks, first),
                opened: false,
                contracts: false,
            };
            costs.push(
                self.opened(node, stacks, contracts, &costs, kept)
                    .unwrap_or(kept),
            );
        }
        costs
    }

    /// What stacking a value itself costs.
    fn stacking(&self, stacks: &FxHashSet<Value>, value: Value) -> u64 {
        if stacks.contains(&value) || self.is_fixed(value) {
            0
        } else if self.facts.hidden[value.node.index()] {
            NEVER
        } else {
            self.body().ty(value).bytes()
        }
    }

    /// The cost of a value that is computed from others, where that is less than `kept`.
    fn opened(
        &self,
        node: NodeId,
        stacks: &FxHashSet<Value>,
        contracts: bool,
        costs: &[Cost],
        kept: Cost,
    ) -> Option<Cost> {
        let (body, op) = (self.body(), self.body().op(node));
        let is_view = matches!(op.family(), Family::View(_));
        let operands: FxHashSet<Value> = body.operands(node).into_iter().collect();
        if kept.bytes == 0 || !is_liftable(op) || !is_view && !self.is_single(node) {
            return None;
        }
        if matches!(op, Op::Sum(_)) {
            return None;
        }
        let is_contraction = matches!(op, Op::DotGeneral(_));
        let weighted = operands.iter().any(|x| self.is_fixed(*x));
        if is_contraction && !(contracts && weighted) {
            return None;
        }
        let mut cost = Cost {
            bytes: 0,
            opened: true,
            contracts: is_contraction,
        };
        for operand in operands {
            let part = match operand.result {
                0 => costs[operand.node.index()],
                _ => Cost {
                    bytes: self.stacking(stacks, operand),
                    opened: false,
                    contracts: false,
                },
            };
            // The product that a contraction reads would be in memory for all turns.
            if is_contraction && part.contracts {
                return None;
            }
            cost.bytes = cost.bytes.saturating_add(part.bytes);
            cost.contracts |= part.contracts;
        }
        let worthwhile = match is_view || cost.contracts {
            true => cost.bytes <= kept.bytes,
            false => cost.bytes < kept.bytes,
        };
        (worthwhile && cost.bytes != NEVER).then_some(cost)
    }

    /// What the loop would stack in addition, so that `wanted` can be computed after it.
    fn frontier(&self, wanted: &[Value], stacks: &FxHashSet<Value>, costs: &[Cost]) -> Vec<Value> {
        let mut frontier = Vec::new();
        let mut seen: FxHashSet<Value> = FxHashSet::default();
        let mut open = wanted.to_vec();
        while let Some(value) = open.pop() {
            if !seen.insert(value) || stacks.contains(&value) || self.is_fixed(value) {
                continue;
            }
            let cost = costs[value.node.index()];
            if value.result == 0 && cost.opened {
                open.extend(self.body().operands(value.node));
            } else {
                frontier.push(value);
            }
        }
        frontier.sort_unstable();
        frontier
    }

    /// Stacks values, if there is room and they have less than `limit` bytes; whether they are stacked.
    fn keep(&mut self, values: &[Value], limit: u64) -> bool {
        let body = self.body();
        let hidden = |value: &Value| self.facts.hidden[value.node.index()];
        let bytes: u64 = values.iter().map(|value| body.ty(*value).bytes()).sum();
        if values.iter().any(hidden) || bytes > limit || bytes > self.room {
            return false;
        }
        self.room -= bytes;
        self.kept.extend(values);
        true
    }

    // ------------------------------------------------------------------------------- sums

    /// Carried values that are sums: the largest first, since others may be made of what they stack.
    fn take_sums(&mut self) {
        let body = self.body();
        let bytes = |carry: usize| body.ty(body.inputs()[carry]).bytes();
        let mut carries: Vec<usize> = (0..self.scan.carries).collect();
        carries.sort_by_key(|carry| std::cmp::Reverse(bytes(*carry)));
        for carry in carries {
            let Some(terms) = self.terms(carry) else {
                continue;
            };
            let stacks = self.stacks(None);
            let costs = self.costs(&stacks, false);
            let leaves = self.leaves(&terms, &costs);
            let factors: Vec<Value> = leaves
                .iter()
                .flat_map(|leaf| self.factors(*leaf, &stacks))
                .collect();
            let frontier = self.frontier(&factors, &stacks, &costs);
            // An accumulator is read and written, and so is a stack.
            let limit = match frontier.is_empty() {
                true => 0,
                false => bytes(carry).saturating_sub(1),
            };
            if self.keep(&frontier, limit) {
                self.sums.insert(carry, Accumulator { terms, leaves });
                self.refresh();
            }
        }
    }

    /// What is added to a carried value in each turn, with what is subtracted marked, if nothing else
    /// becomes of it.
    fn terms(&self, carry: usize) -> Option<Vec<(Value, bool)>> {
        let body = self.body();
        let (input, mut at) = (body.inputs()[carry], body.outputs()[carry].value);
        // A half is rounded in each turn.
        if body.ty(input).dtype.half().is_some() {
            return None;
        }
        let mut terms = Vec::new();
        let mut depends = vec![false; body.len()];
        depends[input.node.index()] = true;
        for node in body.nodes().skip(input.node.index() + 1) {
            let operands = body.operands(node);
            depends[node.index()] = operands.iter().any(|x| depends[x.node.index()]);
        }
        loop {
            if !self.is_single(at.node) {
                return None;
            }
            if at == input {
                return Some(terms);
            }
            let operands = body.operands(at.node);
            let &[x, y] = operands.as_slice() else {
                return None;
            };
            let on = [x, y].map(|operand| depends[operand.node.index()]);
            let (next, term) = match (body.op(at.node), on) {
                (Op::Add(_), [true, false]) => (x, (y, false)),
                (Op::Add(_), [false, true]) => (y, (x, false)),
                (Op::Sub(_), [true, false]) => (x, (y, true)),
                (_, _) => return None,
            };
            terms.push(term);
            at = next;
        }
    }

    /// Whether the sum of what an op yields is what it makes of the sums of its operands.
    fn is_linear(&self, node: NodeId) -> bool {
        let op = self.body().op(node);
        if let Family::View(view) = op.family() {
            view.fill().is_zero()
        } else {
            matches!(op, Op::Add(_) | Op::Sub(_) | Op::Neg(_) | Op::Sum(_))
        }
    }

    /// What terms are linear in: products, and what is in stacks anyway.
    fn leaves(&self, terms: &[(Value, bool)], costs: &[Cost]) -> FxHashSet<Value> {
        let mut leaves = FxHashSet::default();
        let mut open: Vec<Value> = terms.iter().map(|(value, _)| *value).collect();
        let body = self.body();
        while let Some(value) = open.pop() {
            let operands = body.operands(value.node);
            let cost = |value: &Value| costs[value.node.index()].bytes;
            // To stack a sum costs less than to stack what it is of.
            let smaller = operands.iter().all(|x| cost(x) <= cost(&value))
                || !matches!(body.op(value.node), Op::Sum(_));
            let opens = self.is_linear(value.node)
                && self.is_single(value.node)
                && cost(&value) > 0
                && smaller;
            if opens {
                open.extend(operands);
            } else {
                leaves.insert(value);
            }
        }
        leaves
    }

    /// What the sum of a leaf is computed from.
    fn factors(&self, leaf: Value, stacks: &FxHashSet<Value>) -> Vec<Value> {
        let body = self.body();
        let is_product = matches!(body.op(leaf.node), Op::DotGeneral(_));
        if is_product && !stacks.contains(&leaf) && !self.is_fixed(leaf) {
            body.operands(leaf.node).to_vec()
        } else {
            vec![leaf]
        }
    }

    // ------------------------------------------------------------------------------- after

    /// Stacked results that are contractions with weights, or computed from stacks.
    fn take_after(&mut self) {
        let body = self.body();
        for position in self.scan.carries..body.outputs().len() {
            let value = body.outputs()[position].value;
            if !self.stays(position) || value.result != 0 || !self.is_single(value.node) {
                continue;
            }
            let stacks = self.stacks(Some(position));
            let costs = self.costs(&stacks, true);
            let cost = costs[value.node.index()];
            if !cost.opened || !cost.contracts && cost.bytes > 0 {
                continue;
            }
            let frontier = self.frontier(&[value], &stacks, &costs);
            if self.keep(&frontier, body.ty(value).bytes()) {
                self.after.insert(position);
                self.refresh();
            }
        }
    }

    // ------------------------------------------------------------------------------- before

    /// Contractions of slices with weights.
    fn take_before(&mut self) {
        let body = self.body();
        let mut ready = vec![false; body.len()];
        for (position, input) in body.inputs().iter().enumerate() {
            ready[input.node.index()] = self.scan.role(position) == ScanRole::Slice;
        }
        for node in body.nodes() {
            let operands = body.operands(node);
            let has = |x: &Value| ready[x.node.index()] || self.is_fixed(*x);
            let liftable = is_liftable(body.op(node)) && operands.iter().all(has);
            if self.facts.fixed[node.index()] || !liftable {
                continue;
            }
            if !matches!(body.op(node), Op::DotGeneral(_)) {
                ready[node.index()] = true;
                continue;
            }
            if let Some(value) = self.weighted_slices(node, &ready) {
                self.room -= body.ty(value).bytes();
                self.before.push(value);
                ready[node.index()] = true;
                self.refresh();
            }
        }
    }

    /// What is computed before the loop of a contraction of slices with weights: that, or what it alone is
    /// for.
    fn weighted_slices(&self, node: NodeId, ready: &[bool]) -> Option<Value> {
        let body = self.body();
        let operands = body.operands(node);
        let weights = operands.iter().filter(|x| self.is_fixed(**x));
        let weights: u64 = weights.map(|x| body.ty(*x).bytes()).sum();
        let first = |node: NodeId| Value { node, result: 0 };
        let bytes = body.ty(first(node)).bytes();
        // The turns read the product in place of the weights.
        if self.uses[node.index()] == 0 || bytes > weights || bytes > self.room {
            return None;
        }
        let mut top = node;
        while self.is_single(top)
            && let Some(&user) = body
                .users(top)
                .iter()
                .find(|user| self.uses[user.index()] > 0)
        {
            let has = |x: &Value| x.node == top || ready[x.node.index()] || self.is_fixed(*x);
            let is_ready = body.operands(user).iter().all(has);
            let is_light = !matches!(body.op(user), Op::DotGeneral(_));
            let grows = body.ty(first(user)).bytes() > bytes;
            if !is_ready || !is_light || grows || !is_liftable(body.op(user)) {
                break;
            }
            top = user;
        }
        Some(first(top))
    }

    // ------------------------------------------------------------------------------- once

    /// What is the same in every turn, and costs more to compute than to read.
    fn take_once(&mut self) {
        let body = self.body();
        let live = self.live();
        let heavy = |node: NodeId| {
            let at = node.index();
            live[at] && self.facts.fixed[at] && !body.op(node).is_cheap()
        };
        let mut read: FxHashSet<Value> = FxHashSet::default();
        for node in body
            .nodes()
            .filter(|node| live[node.index()] && !heavy(*node))
        {
            read.extend(body.operands(node));
        }
        let outputs = body.outputs().iter().enumerate();
        let staying = outputs.filter(|(position, _)| self.stays(*position));
        read.extend(staying.map(|(_, output)| output.value));
        let results = body
            .nodes()
            .filter(|node| heavy(*node))
            .flat_map(|node| body.results(node));
        let once: Vec<Value> = results.filter(|value| read.contains(value)).collect();
        self.once = once;
    }

    // ------------------------------------------------------------------------------- orders

    /// Weights that contractions would else bring into their order in every turn.
    fn take_orders(&mut self) {
        let body = self.body();
        for node in body
            .nodes()
            .zip(self.live())
            .filter_map(|(n, l)| l.then_some(n))
        {
            let Op::DotGeneral(op) = body.op(node) else {
                continue;
            };
            let operands = body.operands(node);
            let fixed = [0, 1].map(|side| self.is_fixed(operands[side]));
            let side = match fixed {
                [true, false] => 0,
                [false, true] => 1,
                [_, _] => continue,
            };
            if let Some(order) = self.order(op, [operands[0], operands[1]], side) {
                let weights = operands[side];
                let known = self.orders.iter();
                let known = known
                    .clone()
                    .position(|(value, axes)| *value == weights && *axes == order);
                let number = known.unwrap_or(self.orders.len());
                if known.is_none() {
                    self.orders.push((weights, order.clone()));
                }
                let reordered = Reordered {
                    side,
                    number,
                    op: in_order(op, side, op_axes(body, op, [operands[0], operands[1]])),
                };
                self.reordered.insert(node, reordered);
            }
        }
    }

    /// The order of axes in which a contraction reads weights along their rows, unless they are in
    /// memory so: first what turns pair and contract, then what they yield.
    fn order(&self, op: &DotGeneral, operands: [Value; 2], side: usize) -> Option<Vec<usize>> {
        let body = self.body();
        let weights = operands[side];
        let axes = op_axes(body, op, operands);
        let extent = |side: usize, axis: &usize| body.ty(operands[side]).shape.extent(*axis);
        let many = |side: usize, list: &[usize]| list.iter().any(|axis| extent(side, axis) > 1);
        let other = 1 - side;
        // Rows are read one by one, wherever they are; it is columns that are read in vectors.
        let in_rows = side == 0 && many(other, &axes.free[other]);
        let pays = many(side, &axes.free[side]) && many(side, &axes.contract[side]) && !in_rows;
        let order: Vec<usize> = [&axes.batch[side], &axes.contract[side], &axes.free[side]]
            .into_iter()
            .flatten()
            .copied()
            .collect();
        let is_plain =
            matches!(body.op(weights.node), Op::Input(_)) || self.once.contains(&weights);
        let in_place = is_plain && axes.free[side].last() == order.len().checked_sub(1).as_ref();
        let spread = body.ty(weights).bytes() > self.facts.source[weights.node.index()];
        (pays && !in_place && !spread).then_some(order)
    }
}

fn op_axes(body: &Graph, op: &DotGeneral, operands: [Value; 2]) -> ContractAxes {
    let [x, y] = operands.map(|operand| body.ty(operand).shape.rank());
    op.axes(x, y)
}

/// The contraction whose operand on one side has its axes in order: batch, contracted, free.
fn in_order(op: &DotGeneral, side: usize, axes: ContractAxes) -> DotGeneral {
    let batches = axes.batch[side].len();
    let contracted = batches + axes.contract[side].len();
    let (batch, contract) = (to_axes(0..batches), to_axes(batches..contracted));
    match side {
        0 => DotGeneral {
            x_batch: batch,
            x_contract: contract,
            ..op.clone()
        },
        _ => DotGeneral {
            y_batch: batch,
            y_contract: contract,
            ..op.clone()
        },
    }
}
