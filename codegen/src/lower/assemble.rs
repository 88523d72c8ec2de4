//! From groups to a program: buffers, order, checks, copies, workspace.
//!
//! Steps come in this order, so that a failed check leaves everything that is updated in place as it
//! was:
//! 1. groups that need no new value of an input that is updated in place, each check as soon as its
//!    indices are there;
//! 2. copies of inputs that are outputs, or that are another input's next value;
//! 3. groups that write next values in place, and those that read them;
//! 4. copies of the other next values.
//!
//! A group writes a next value in place if it reads the old value only at the element that it is
//! about to write, all other readers of the old value come before, and no check depends on it.

use super::fuse::{Fusion, GroupId, GroupKind, Read, Site};
use super::memory::{self, Lifetime};
use super::model::Kind;
use super::plan::{Draft, Plan};
use super::polish::polish;
use super::storage::{self, Storage};
use super::target::Target;
use super::{Decision, LowerError, Lowering, Signature, contract, indexed, nest};
use crate::kernel::{Arg, Buffer, BufferId, Kernel, KernelId, Program, Role, Step};
use lgc_abi::Status;
use lgc_ir::dtype::DType;
use lgc_ir::graph::NodeId;
use lgc_ir::index::{Index, IndexMap};
use lgc_ir::op::{Family, Leaf};
use lgc_ir::shape::Type;
use rustc_hash::{FxHashMap, FxHashSet};

/// The offset of workspace buffers until the workspace is laid out.
const UNPLACED: u64 = 0;

/// Builds the program.
pub(super) fn assemble(
    fusion: &Fusion<'_>,
    signature: &Signature,
    target: &Target,
) -> Result<Lowering, LowerError> {
    let order = fusion.in_order();
    let storage = storage::decide(fusion, &order);
    let plan = Plan {
        model: fusion.model,
        fusion,
        target,
        storage,
        buffers: Vec::new(),
        buffer_of: vec![None; fusion.model.graph.len()],
    };
    Assembly::new(plan, signature, order).run()
}

/// Run-time indices that are to be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct CheckSite {
    indices: NodeId,
    extent: u64,
}

struct Assembly<'p> {
    plan: Plan<'p>,
    signature: &'p Signature,
    /// Groups with work, in order.
    order: Vec<GroupId>,
    /// What each of them reads from memory.
    reads: Vec<Vec<NodeId>>,
    /// The position in `order` of the group that saves a node.
    producer: FxHashMap<NodeId, usize>,
    checks: Vec<CheckSite>,
    kernels: Vec<Kernel>,
    known: FxHashMap<Kernel, KernelId>,
    steps: Vec<Step>,
    /// Old values, by the input (by position) whose next value they are.
    held: Vec<(usize, BufferId)>,
}

impl<'p> Assembly<'p> {
    fn new(plan: Plan<'p>, signature: &'p Signature, order: Vec<GroupId>) -> Self {
        let order: Vec<GroupId> = order.into_iter().filter(|&g| !plan.is_empty(g)).collect();
        let reads = order
            .iter()
            .map(|&group| plan.source_nodes(Some(group), &plan.needed(group)))
            .collect();
        let mut producer = FxHashMap::default();
        for (position, &group) in order.iter().enumerate() {
            producer.extend(plan.saved(group).map(|node| (node, position)));
        }
        let mut assembly = Assembly {
            plan,
            signature,
            order,
            reads,
            producer,
            checks: Vec::new(),
            kernels: Vec::new(),
            known: FxHashMap::default(),
            steps: Vec::new(),
            held: Vec::new(),
        };
        assembly.checks = assembly.find_checks();
        assembly
    }

    fn run(mut self) -> Result<Lowering, LowerError> {
        self.add_input_buffers();
        let placement = self.place_next_values();
        self.add_value_buffers(&placement);
        self.add_steps(&placement)?;
        let workspace = self.lay_out();
        let decisions = self.decisions(&placement);
        Ok(Lowering {
            program: Program {
                name: self.signature.name.clone().into(),
                workspace,
                buffers: self.plan.buffers,
                kernels: self.kernels,
                steps: self.steps,
            },
            decisions,
        })
    }

    // ------------------------------------------------------------------------------- checks

    fn find_checks(&self) -> Vec<CheckSite> {
        let model = self.plan.model;
        let mut seen = FxHashSet::default();
        let live = model.graph.nodes().filter(|&node| model.is_live(node));
        let sites = live.filter_map(|node| model.checked_indices(node));
        sites
            .map(|(indices, extent)| CheckSite { indices, extent })
            .filter(|site| model.shape(site.indices).elements() > 0 && seen.insert(*site))
            .collect()
    }

    /// The positions of the groups that a check needs.
    fn check_needs(&self, site: CheckSite) -> Vec<usize> {
        let sources = self.plan.source_nodes(None, &[site.indices]);
        let positions = sources.iter().filter_map(|node| self.producer.get(node));
        positions.copied().collect()
    }

    // ------------------------------------------------------------------------------- order

    /// Decides which next values are written in place, and with that the order of groups.
    fn place_next_values(&self) -> Placement {
        let before_checks = self.before_checks();
        let mut in_place: FxHashMap<NodeId, usize> = FxHashMap::default();
        let outputs = self.plan.model.graph.outputs();
        for (position, output) in outputs.iter().enumerate() {
            let value = output.value.node;
            let Some(input) = self.signature.next_of(position) else {
                continue;
            };
            let old = self.plan.model.graph.inputs()[input].node;
            let possible = self.producer.get(&value).is_some_and(|&at| {
                !before_checks[at] && self.overwrites_in_place(self.order[at], value, old)
            });
            if possible && !in_place.contains_key(&value) {
                in_place.insert(value, input);
            }
        }
        let late = self.late_groups(&in_place);
        let early_first = |&at: &usize| (late[at], at);
        let mut sequence: Vec<usize> = (0..self.order.len()).collect();
        sequence.sort_by_key(early_first);
        self.demote(&mut in_place, &sequence);
        let early = late.iter().filter(|late| !**late).count();
        Placement {
            in_place,
            sequence,
            early,
        }
    }

    /// Which groups a check depends on.
    fn before_checks(&self) -> Vec<bool> {
        let mut needed = vec![false; self.order.len()];
        for &site in &self.checks {
            for at in self.check_needs(site) {
                needed[at] = true;
            }
        }
        for at in (0..self.order.len()).rev() {
            if needed[at] {
                for node in &self.reads[at] {
                    if let Some(&producer) = self.producer.get(node) {
                        needed[producer] = true;
                    }
                }
            }
        }
        needed
    }

    /// Which groups write in place, or read what such a group writes.
    fn late_groups(&self, in_place: &FxHashMap<NodeId, usize>) -> Vec<bool> {
        let mut late = vec![false; self.order.len()];
        for node in in_place.keys() {
            if let Some(&at) = self.producer.get(node) {
                late[at] = true;
            }
        }
        for at in 0..self.order.len() {
            let mut producers = self.reads[at].iter().filter_map(|n| self.producer.get(n));
            late[at] |= producers.any(|&producer| late[producer]);
        }
        late
    }

    /// Takes back what would overwrite a value that is still to be read.
    fn demote(&self, in_place: &mut FxHashMap<NodeId, usize>, sequence: &[usize]) {
        let mut time = vec![0; sequence.len()];
        for (position, &at) in sequence.iter().enumerate() {
            time[at] = position;
        }
        let mut last_read: FxHashMap<NodeId, usize> = FxHashMap::default();
        for (at, reads) in self.reads.iter().enumerate() {
            for &node in reads.iter().filter(|&&node| self.plan.is_input(node)) {
                let last = last_read.entry(node).or_insert(0);
                *last = (*last).max(time[at]);
            }
        }
        let inputs = self.plan.model.graph.inputs();
        in_place.retain(|value, input| {
            let old = inputs[*input].node;
            let write = self.producer.get(value).map_or(0, |&at| time[at]);
            last_read.get(&old).is_none_or(|&last| last <= write)
        });
    }

    /// Whether a group reads `old` only at the element of `value` that it computes there.
    fn overwrites_in_place(&self, group: GroupId, value: NodeId, old: NodeId) -> bool {
        let fusion = self.plan.fusion;
        if matches!(fusion.group(group).kind, GroupKind::Scatter(_)) {
            return false;
        }
        let Some(target) = fusion.member(value) else {
            return false;
        };
        let domain = &fusion.group(group).domain;
        let identity = IndexMap::identity(domain.rank()).indices;
        self.plan.needed(group).iter().all(|&node| {
            let Some(member) = fusion.member(node) else {
                return false;
            };
            let is_fold = self.plan.model.reduction(node).is_some();
            let start: Vec<Index> = if is_fold {
                identity.clone()
            } else {
                member.coords.to_vec()
            };
            self.plan.model.table(node) != Some(old)
                && self.reads_match(group, &start, &member.reads, old, &target.coords)
        })
    }

    /// Whether all reads of `old`, also through what is computed on the way, are at `coords`.
    fn reads_match(
        &self,
        group: GroupId,
        start: &[Index],
        reads: &[Read],
        old: NodeId,
        coords: &[Index],
    ) -> bool {
        let domain = &self.plan.fusion.group(group).domain;
        let mut open: Vec<(Vec<Index>, Read)> = Vec::new();
        open.extend(reads.iter().map(|read| (start.to_vec(), read.clone())));
        while let Some((from, read)) = open.pop() {
            if read.node == old {
                let Some(map) = &read.map else {
                    return false;
                };
                let at = map.indices.iter().map(|index| index.substitute(&from));
                let at = IndexMap::total(at.collect()).simplify_for(domain);
                if !map.guard.is_always() || at.indices != coords {
                    return false;
                }
                continue;
            }
            let inner = match self.plan.fusion.site(read.node) {
                Site::Floating { reads, .. } => reads,
                Site::Member(m) if self.plan.storage(read.node) == Storage::Repeated => &m.reads,
                Site::Member(m) if m.group != group && self.is_computed_elsewhere(read.node) => {
                    &m.reads
                }
                Site::Member(_) | Site::Given | Site::Through(_) => continue,
            };
            if self.plan.model.table(read.node) == Some(old) {
                return false;
            }
            let Some(map) = &read.map else {
                // Nothing is known of where this is read.
                if self
                    .plan
                    .source_nodes(Some(group), &[read.node])
                    .contains(&old)
                {
                    return false;
                }
                continue;
            };
            let at: Vec<Index> = map.indices.iter().map(|i| i.substitute(&from)).collect();
            open.extend(inner.iter().map(|read| (at.clone(), read.clone())));
        }
        true
    }

    /// Whether a member of another group is computed by its readers.
    fn is_computed_elsewhere(&self, node: NodeId) -> bool {
        self.plan.storage(node) != Storage::Saved
    }

    // ------------------------------------------------------------------------------- buffers

    fn add_buffer(&mut self, name: String, ty: Type, role: Role) -> BufferId {
        let id = BufferId(self.plan.buffers.len() as u32);
        let name = name.into();
        self.plan.buffers.push(Buffer { name, ty, role });
        id
    }

    fn name_of(&self, node: NodeId) -> String {
        let name = self.plan.model.graph.name(node);
        name.map_or_else(|| format!("v{}", node.index()), str::to_string)
    }

    /// For each input, whether it is updated in place.
    fn updated_inputs(&self) -> Vec<bool> {
        let graph = self.plan.model.graph;
        let mut updated = vec![false; graph.inputs().len()];
        for output in 0..graph.outputs().len() {
            if let Some(input) = self.signature.next_of(output) {
                updated[input] = true;
            }
        }
        updated
    }

    fn add_input_buffers(&mut self) {
        let (mut read, mut updated) = (0, 0);
        let inputs = self.plan.model.graph.inputs().to_vec();
        for (input, is_updated) in inputs.into_iter().zip(self.updated_inputs()) {
            let count = if is_updated { &mut updated } else { &mut read };
            let number = *count;
            *count += 1;
            let role = if is_updated {
                Role::Inout(number)
            } else {
                Role::Input(number)
            };
            let ty = self.plan.model.ty(input.node).clone();
            let buffer = self.add_buffer(self.name_of(input.node), ty, role);
            self.plan.buffer_of[input.node.index()] = Some(buffer);
        }
    }

    fn add_value_buffers(&mut self, placement: &Placement) {
        let graph = self.plan.model.graph;
        let mut number = 0;
        for (position, output) in graph.outputs().iter().enumerate() {
            if self.signature.next_of(position).is_some() {
                continue;
            }
            let node = output.value.node;
            let role = Role::Output(number);
            number += 1;
            let ty = graph.ty(output.value).clone();
            let buffer = self.add_buffer(output.name.clone(), ty, role);
            let free = self.plan.buffer(node).is_none() && !placement.in_place.contains_key(&node);
            if free && self.is_computed(node) {
                self.plan.buffer_of[node.index()] = Some(buffer);
            }
        }
        for (node, input) in &placement.in_place {
            let old = graph.inputs()[*input].node;
            self.plan.buffer_of[node.index()] = self.plan.buffer_of[old.index()];
        }
        for node in graph.nodes().filter(|&n| self.plan.model.is_live(n)) {
            self.add_buffer_of(node);
        }
    }

    /// Whether a kernel computes the node into memory (also one without elements).
    fn is_computed(&self, node: NodeId) -> bool {
        self.plan.storage(node) == Storage::Saved
    }

    fn add_buffer_of(&mut self, node: NodeId) {
        if self.plan.buffer(node).is_some() {
            return;
        }
        let family = self.plan.model.graph.op(node).family();
        let role = if let Family::Leaf(Leaf::Literal(literal)) = family {
            Role::Constant(literal.elements.bytes.clone())
        } else if self.is_computed(node) {
            Role::Workspace(UNPLACED)
        } else {
            return;
        };
        let ty = self.plan.model.ty(node).clone();
        let buffer = self.add_buffer(self.name_of(node), ty, role);
        self.plan.buffer_of[node.index()] = Some(buffer);
    }

    // ------------------------------------------------------------------------------- steps

    fn add_steps(&mut self, placement: &Placement) -> Result<(), LowerError> {
        let mut pending: Vec<(usize, CheckSite)> = Vec::new();
        let mut time = vec![0; placement.sequence.len()];
        for (position, &at) in placement.sequence.iter().enumerate() {
            time[at] = position + 1;
        }
        for &site in &self.checks {
            let needs = self.check_needs(site);
            pending.push((needs.iter().map(|&at| time[at]).max().unwrap_or(0), site));
        }
        pending.sort_by_key(|(ready, _)| *ready);
        let mut pending = pending.into_iter().peekable();
        for position in 0..=placement.sequence.len() {
            while let Some((_, site)) = pending.next_if(|(ready, _)| *ready <= position) {
                self.add_check(site)?;
            }
            if position == placement.early {
                self.save_old_values();
            }
            if let Some(&at) = placement.sequence.get(position) {
                self.add_group(self.order[at])?;
            }
        }
        self.add_final_copies();
        Ok(())
    }

    fn add_group(&mut self, group: GroupId) -> Result<(), LowerError> {
        let draft = match self.plan.fusion.group(group).kind {
            GroupKind::Map | GroupKind::Rows(_) => nest::lower(&self.plan, group)?,
            GroupKind::Contract(node, tile) => contract::lower(&self.plan, group, node, tile)?,
            GroupKind::Scatter(node) => indexed::scatter(&self.plan, group, node)?,
        };
        self.launch(draft);
        Ok(())
    }

    fn add_check(&mut self, site: CheckSite) -> Result<(), LowerError> {
        let ty = Type::scalar(DType::I64);
        let name = format!("status{}", self.plan.buffers.len());
        let status = self.add_buffer(name, ty, Role::Workspace(UNPLACED));
        let draft = indexed::check(&self.plan, site.indices, site.extent, status)?;
        self.launch(draft);
        self.steps.push(Step::Check {
            status: Arg::whole(status),
            code: Status::IndexOutOfRange.code(),
        });
        Ok(())
    }

    fn launch(&mut self, draft: Draft) {
        let Draft {
            kernel,
            mut args,
            scratch,
        } = draft;
        for ty in scratch {
            let name = format!("scratch{}", self.plan.buffers.len());
            args.push(self.add_buffer(name, ty, Role::Workspace(UNPLACED)));
        }
        let kernel = polish(kernel, self.plan.target).canonical();
        let next = KernelId(self.kernels.len() as u32);
        let id = *self.known.entry(kernel.clone()).or_insert(next);
        if id == next {
            let name = format!("{}{}", kernel.name, next.0).into();
            self.kernels.push(Kernel { name, ..kernel });
        }
        self.steps.push(Step::Launch {
            kernel: id,
            args: args.into_iter().map(Arg::whole).collect(),
        });
    }

    fn copy(&mut self, from: BufferId, to: BufferId) {
        let bytes = self.plan.buffers[to.index()].ty.bytes();
        if from != to && bytes > 0 {
            self.steps.push(Step::Copy {
                from: Arg::whole(from),
                to: Arg::whole(to),
            });
        }
    }

    /// The output buffers of the program, by position among the graph's outputs.
    fn output_buffers(&self) -> Vec<Option<BufferId>> {
        let by_number: FxHashMap<u32, BufferId> = (0..)
            .zip(&self.plan.buffers)
            .filter_map(|(id, buffer)| match buffer.role {
                Role::Output(number) => Some((number, BufferId(id))),
                Role::Input(_) | Role::Inout(_) | Role::Workspace(_) | Role::Constant(_) => None,
            })
            .collect();
        let mut number = 0;
        let mut buffer = |output: usize| {
            if self.signature.next_of(output).is_some() {
                return None;
            }
            number += 1;
            by_number.get(&(number - 1)).copied()
        };
        (0..self.plan.model.graph.outputs().len())
            .map(&mut buffer)
            .collect()
    }

    /// Copies inputs that are outputs, and inputs that are another's next value, before anything is
    /// updated in place.
    fn save_old_values(&mut self) {
        let graph = self.plan.model.graph;
        let updated = self.updated_inputs();
        let destinations = self.output_buffers();
        for (position, output) in graph.outputs().iter().enumerate() {
            let value = output.value.node;
            let Kind::Input(source) = *self.plan.model.kind(value) else {
                continue;
            };
            let Some(from) = self.plan.buffer(value) else {
                continue;
            };
            match (destinations[position], self.signature.next_of(position)) {
                (Some(to), _) => self.copy(from, to),
                (None, Some(input)) if input != source => {
                    let held = if updated[source] {
                        let (name, ty) = self.plan.describe(from);
                        let held =
                            self.add_buffer(format!("old_{name}"), ty, Role::Workspace(UNPLACED));
                        self.copy(from, held);
                        held
                    } else {
                        from
                    };
                    self.held.push((input, held));
                }
                (None, _) => {}
            }
        }
    }

    fn add_final_copies(&mut self) {
        let graph = self.plan.model.graph;
        let destinations = self.output_buffers();
        for (position, output) in graph.outputs().iter().enumerate() {
            let value = output.value.node;
            let Some(from) = self.plan.buffer(value) else {
                continue;
            };
            if self.plan.is_input(value) {
                continue;
            }
            let to = match self.signature.next_of(position) {
                Some(input) => self.plan.buffer(graph.inputs()[input].node),
                None => destinations[position],
            };
            if let Some(to) = to {
                self.copy(from, to);
            }
        }
        for (input, held) in std::mem::take(&mut self.held) {
            if let Some(to) = self.plan.buffer(graph.inputs()[input].node) {
                self.copy(held, to);
            }
        }
    }

    // ------------------------------------------------------------------------------- workspace

    /// Gives workspace buffers their offsets; the size of the workspace.
    fn lay_out(&mut self) -> u64 {
        let mut first: FxHashMap<BufferId, (usize, usize)> = FxHashMap::default();
        for (time, step) in self.steps.iter().enumerate() {
            for buffer in touched(step) {
                let life = first.entry(buffer).or_insert((time, time));
                life.1 = time;
            }
        }
        let mut placed = Vec::new();
        let mut lifetimes = Vec::new();
        for (id, buffer) in (0..).zip(&self.plan.buffers) {
            let id = BufferId(id);
            if matches!(buffer.role, Role::Workspace(_)) {
                let (first, last) = first.get(&id).copied().unwrap_or((0, 0));
                let bytes = buffer.ty.bytes();
                placed.push(id);
                lifetimes.push(Lifetime { bytes, first, last });
            }
        }
        let layout = memory::plan(&lifetimes);
        for (id, offset) in placed.into_iter().zip(layout.offsets) {
            self.plan.buffers[id.index()].role = Role::Workspace(offset);
        }
        layout.bytes
    }

    // ------------------------------------------------------------------------------- report

    fn decisions(&self, placement: &Placement) -> Vec<Decision> {
        let mut launch: FxHashMap<GroupId, usize> = FxHashMap::default();
        for (position, &at) in placement.sequence.iter().enumerate() {
            launch.insert(self.order[at], position);
        }
        let model = self.plan.model;
        let live = model.graph.nodes().filter(|&node| model.is_live(node));
        live.filter_map(|node| {
            let member = self.plan.fusion.member(node)?;
            let bytes = model.ty(node).bytes();
            let (text, saved_bytes) = match self.plan.storage(node) {
                Storage::Saved if placement.in_place.contains_key(&node) => {
                    ("updated in place", 2 * bytes)
                }
                Storage::Saved => ("saved", 0),
                Storage::Inside => ("fused", 2 * bytes),
                Storage::Repeated => ("repeated by its readers", 2 * bytes),
            };
            let op = model.graph.op(node).spec().name;
            Some(Decision {
                launch: launch.get(&member.group).copied(),
                text: format!("{} = {op}: {text}", self.name_of(node)),
                saved_bytes,
            })
        })
        .collect()
    }
}

/// Where next values go, and the order of groups.
struct Placement {
    /// Values that are written to the buffer of an input (by position).
    in_place: FxHashMap<NodeId, usize>,
    /// Positions in the order of groups.
    sequence: Vec<usize>,
    /// How many of them come before anything is updated in place.
    early: usize,
}

/// The buffers that a step reads or writes.
fn touched(step: &Step) -> Vec<BufferId> {
    match step {
        Step::Launch { args, .. } => args.iter().map(|arg| arg.buffer).collect(),
        Step::Check { status, .. } => vec![status.buffer],
        Step::Copy { from, to } => vec![from.buffer, to.buffer],
        Step::If { condition, .. } => vec![condition.buffer],
        Step::Loop { .. } => Vec::new(),
    }
}
