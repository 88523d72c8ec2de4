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
//! Which next values are written in place is decided in `order`.

use crate::kernel::{Arg, Buffer, BufferId, Kernel, KernelId, Program, Role, Step};
use crate::lower::analysis::model::Kind;
use crate::lower::emit::{contract, indexed, nest, prefix, scatter, sort};
use crate::lower::fusion::fuse::Fusion;
use crate::lower::fusion::group::{GroupId, GroupKind};
use crate::lower::fusion::plan::{Draft, Plan};
use crate::lower::fusion::storage::{self, Storage};
use crate::lower::program::order::{CheckSite, Placement};
use crate::lower::program::workspace::{self, Lifetime};
use crate::lower::{Decision, LineOf, LowerError, Lowering, Signature};
use crate::schedule::schedule;
use crate::target::Target;
use lgc_abi::Status;
use lgc_ir::dtype::DType;
use lgc_ir::graph::NodeId;
use lgc_ir::op::{Family, Leaf};
use lgc_ir::shape::Type;
use rustc_hash::{FxHashMap, FxHashSet};

/// The offset of workspace buffers until the workspace is laid out.
pub(super) const UNPLACED: u64 = 0;

/// Builds the program.
pub(in crate::lower) fn assemble(
    fusion: &Fusion<'_>,
    signature: &Signature,
    target: &Target,
    lines: Option<&LineOf<'_>>,
) -> Result<Lowering, LowerError> {
    let order = fusion.in_order();
    let storage = storage::decide(fusion, &order);
    let plan = Plan {
        model: fusion.model,
        fusion,
        target,
        lines,
        storage,
        buffers: Vec::new(),
        buffer_of: vec![None; fusion.model.graph.len()],
    };
    Assembly::new(plan, signature, order).run()
}

pub(super) struct Assembly<'p> {
    pub(in crate::lower) plan: Plan<'p>,
    pub(in crate::lower) signature: &'p Signature,
    /// Groups with work, in order.
    pub(in crate::lower) order: Vec<GroupId>,
    /// What each of them reads from memory.
    pub(in crate::lower) reads: Vec<Vec<NodeId>>,
    /// The position in `order` of the group that saves a node.
    pub(super) producer: FxHashMap<NodeId, usize>,
    pub(in crate::lower) checks: Vec<CheckSite>,
    kernels: Vec<Kernel>,
    known: FxHashMap<Kernel, KernelId>,
    pub(in crate::lower) steps: Vec<Step>,
    /// The workspaces of the programs within loops and branches.
    pub(in crate::lower) blocks: Vec<Block>,
    /// The number of loop variables so far.
    pub(super) vars: u32,
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
            blocks: Vec::new(),
            vars: 0,
            held: Vec::new(),
        };
        assembly.checks = assembly.find_checks();
        assembly
    }

    fn run(mut self) -> Result<Lowering, LowerError> {
        self.add_input_buffers()?;
        let placement = self.place_next_values();
        self.add_value_buffers(&placement)?;
        self.add_steps(&placement)?;
        let workspace = self.lay_out();
        let decisions = self.decisions(&placement);
        let saved = self.plan.model.graph.nodes().filter_map(|node| {
            let buffer = self.plan.buffer(node).filter(|_| self.is_computed(node));
            Some((node, buffer?))
        });
        let buffers = saved.collect();
        Ok(Lowering {
            program: Program {
                name: self.signature.name.clone().into(),
                workspace,
                buffers: self.plan.buffers,
                kernels: self.kernels,
                steps: self.steps,
            },
            decisions,
            buffers,
        })
    }

    // ------------------------------------------------------------------------------- buffers

    pub(super) fn add_buffer(&mut self, name: String, ty: Type, role: Role) -> BufferId {
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

    fn add_input_buffers(&mut self) -> Result<(), LowerError> {
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
            self.check_stored(input.node, &ty)?;
            let buffer = self.add_buffer(self.name_of(input.node), ty, role);
            self.plan.buffer_of[input.node.index()] = Some(buffer);
        }
        Ok(())
    }

    /// An error unless a value that a node computes, or something beside it, may be in memory.
    fn check_stored(&self, node: NodeId, ty: &Type) -> Result<(), LowerError> {
        if ty.is_bounded() {
            return Ok(());
        }
        let graph = self.plan.model.graph;
        Err(LowerError::TooLarge {
            op: graph.op(node).spec().name,
            ty: ty.clone(),
            span: graph.span(node),
        })
    }

    fn add_value_buffers(&mut self, placement: &Placement) -> Result<(), LowerError> {
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
            self.check_stored(node, &ty)?;
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
            self.add_buffer_of(node)?;
        }
        Ok(())
    }

    /// Whether a kernel computes the node into memory (also one without elements).
    fn is_computed(&self, node: NodeId) -> bool {
        self.plan.storage(node) == Storage::Saved
    }

    fn add_buffer_of(&mut self, node: NodeId) -> Result<(), LowerError> {
        if self.plan.buffer(node).is_some() {
            return Ok(());
        }
        let family = self.plan.model.graph.op(node).family();
        let role = if let Family::Leaf(Leaf::Literal(literal)) = family {
            Role::Constant(literal.elements.bytes.clone())
        } else if self.is_computed(node) {
            Role::Workspace(UNPLACED)
        } else {
            return Ok(());
        };
        let ty = self.plan.model.ty(node).clone();
        self.check_stored(node, &ty)?;
        let buffer = self.add_buffer(self.name_of(node), ty, role);
        self.plan.buffer_of[node.index()] = Some(buffer);
        Ok(())
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
            // A check of inputs needs no group to be over.
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
            GroupKind::Scatter(node) => scatter::lower(&self.plan, group, node)?,
            GroupKind::Prefix(node) => prefix::lower(&self.plan, group, node)?,
            GroupKind::Sort(node) => sort::lower(&self.plan, group, node)?,
            GroupKind::Region(node) => return self.add_region(node),
        };
        if let Some(&last) = self.plan.fusion.group(group).members.last() {
            let scratch = draft.scratch.iter();
            scratch
                .clone()
                .try_for_each(|ty| self.check_stored(last, ty))?;
        }
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
        let id = self.kernel(schedule(kernel, self.plan.target).canonical());
        self.steps.push(Step::Launch {
            kernel: id,
            args: args.into_iter().map(Arg::whole).collect(),
        });
    }

    /// The number of a kernel, which is added unless an equal one is there.
    pub(in crate::lower) fn kernel(&mut self, kernel: Kernel) -> KernelId {
        let next = KernelId(self.kernels.len() as u32);
        let id = *self.known.entry(kernel.clone()).or_insert(next);
        if id == next {
            let stem = kernel.name.0.trim_end_matches(|c: char| c.is_ascii_digit());
            let name = format!("{stem}{}", next.0).into();
            self.kernels.push(Kernel { name, ..kernel });
        }
        id
    }

    pub(in crate::lower) fn copy(&mut self, from: BufferId, to: BufferId) {
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
        let mut inside = FxHashSet::default();
        for block in &self.blocks {
            inside.extend(block.buffers.iter().map(|&(id, _)| id));
            let times = block.buffers.iter().filter_map(|(id, _)| first.get(id));
            let times = times.copied().reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
            let (first, last) = times.unwrap_or((0, 0));
            let bytes = block.bytes;
            lifetimes.push(Lifetime { bytes, first, last });
        }
        for (id, buffer) in (0..).zip(&self.plan.buffers) {
            let id = BufferId(id);
            if matches!(buffer.role, Role::Workspace(_)) && !inside.contains(&id) {
                let (first, last) = first.get(&id).copied().unwrap_or((0, 0));
                let bytes = buffer.ty.bytes();
                placed.push(id);
                lifetimes.push(Lifetime { bytes, first, last });
            }
        }
        let layout = workspace::plan(&lifetimes);
        let (blocks, offsets) = layout.offsets.split_at(self.blocks.len());
        for (block, start) in self.blocks.iter().zip(blocks) {
            for (id, offset) in &block.buffers {
                self.plan.buffers[id.index()].role = Role::Workspace(start + offset);
            }
        }
        for (id, offset) in placed.into_iter().zip(offsets) {
            self.plan.buffers[id.index()].role = Role::Workspace(*offset);
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
                Storage::Inside if matches!(model.kind(node), Kind::Region) => {
                    ("a loop or branch", 0)
                }
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

/// The workspace of a program within a loop or branch: a block of that of the whole.
pub(in crate::lower) struct Block {
    pub(in crate::lower) bytes: u64,
    /// The buffers within, with their offsets.
    pub(in crate::lower) buffers: Vec<(BufferId, u64)>,
}

/// The buffers that a step, or one inside it, reads or writes.
fn touched(step: &Step) -> Vec<BufferId> {
    let mut buffers = Vec::new();
    let mut open = vec![step];
    while let Some(step) = open.pop() {
        buffers.extend(touched_alone(step));
        open.extend(step.inner().flatten());
    }
    buffers
}

fn touched_alone(step: &Step) -> Vec<BufferId> {
    match step {
        Step::Launch { args, .. } => args.iter().map(|arg| arg.buffer).collect(),
        Step::Check { status, .. } => vec![status.buffer],
        Step::Copy { from, to } => vec![from.buffer, to.buffer],
        Step::If { condition, .. } => vec![condition.buffer],
        Step::Loop { .. } => Vec::new(),
    }
}
