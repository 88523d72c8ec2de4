//! The decisions about a graph that kernels are emitted from: groups, storage, buffers.

use crate::kernel::{Buffer, BufferId, Kernel, KernelBuilder, SourceLine};
use crate::lower::LineOf;
use crate::lower::analysis::model::{Kind, Model};
use crate::lower::fusion::fuse::Fusion;
use crate::lower::fusion::group::{GroupId, GroupKind, Site};
use crate::lower::fusion::storage::Storage;
use crate::target::Target;
use lgc_ir::graph::NodeId;
use lgc_ir::shape::Type;
use rustc_hash::FxHashSet;

/// What kernels are emitted from.
pub(in crate::lower) struct Plan<'p> {
    pub(in crate::lower) model: &'p Model<'p>,
    pub(in crate::lower) fusion: &'p Fusion<'p>,
    pub(in crate::lower) target: &'p Target,
    /// What tells the line of a place in a source, if lines are asked for.
    pub(in crate::lower) lines: Option<&'p LineOf<'p>>,
    /// By node.
    pub(in crate::lower) storage: Vec<Storage>,
    /// The buffers of the program so far; offsets in the workspace come later.
    pub(in crate::lower) buffers: Vec<Buffer>,
    /// By node.
    pub(in crate::lower) buffer_of: Vec<Option<BufferId>>,
}

/// A kernel with what it is to be launched with.
pub(in crate::lower) struct Draft {
    pub(in crate::lower) kernel: Kernel,
    /// The buffers of the first parameters.
    pub(in crate::lower) args: Vec<BufferId>,
    /// The types of the others, which are scratch memory.
    pub(in crate::lower) scratch: Vec<Type>,
}

/// A kernel could not be emitted with the lanes that were tried.
pub(in crate::lower) struct Unsupported;

impl Plan<'_> {
    pub(in crate::lower) fn storage(&self, node: NodeId) -> Storage {
        self.storage[node.index()]
    }

    /// The buffer of a node, if it has one. A barrier has that of its operand.
    pub(in crate::lower) fn buffer(&self, node: NodeId) -> Option<BufferId> {
        self.buffer_of[self.model.root(node).index()]
    }

    /// The name and type of a buffer, for a parameter.
    pub(in crate::lower) fn describe(&self, buffer: BufferId) -> (String, Type) {
        let buffer = &self.buffers[buffer.index()];
        (buffer.name.0.clone(), buffer.ty.clone())
    }

    /// The members of a group that are saved.
    pub(in crate::lower) fn saved(&self, group: GroupId) -> impl Iterator<Item = NodeId> + '_ {
        let members = self.fusion.group(group).members.iter().copied();
        members.filter(|&node| self.storage(node) == Storage::Saved)
    }

    /// The members of a group that its saved members need, ascending.
    pub(in crate::lower) fn needed(&self, group: GroupId) -> Vec<NodeId> {
        let members = &self.fusion.group(group).members;
        let mut needed: FxHashSet<NodeId> = self.saved(group).collect();
        for node in members.iter().rev() {
            if needed.contains(node) {
                needed.extend(self.inside_reads(group, *node));
            }
        }
        let all = members.iter().copied();
        all.filter(|node| needed.contains(node)).collect()
    }

    /// The members of the group that a member reads.
    pub(in crate::lower) fn inside_reads(&self, group: GroupId, node: NodeId) -> Vec<NodeId> {
        let member = self.fusion.member(node);
        let reads = member.map(|member| member.reads.clone());
        let inside = |node: &NodeId| self.fusion.member(*node).is_some_and(|m| m.group == group);
        let reads = reads.iter().flat_map(|reads| reads.iter());
        reads.map(|read| read.node).filter(inside).collect()
    }

    /// The buffers that a group reads and writes, each in the order in which they are met.
    pub(in crate::lower) fn traffic(&self, group: GroupId) -> (Vec<BufferId>, Vec<BufferId>) {
        let roots = self.needed(group);
        let reads = self.sources(Some(group), &roots);
        let mut writes: Vec<BufferId> = Vec::new();
        for node in self.saved(group) {
            push_new(&mut writes, self.buffer(node));
        }
        (reads, writes)
    }

    /// The buffers that computing these nodes reads.
    pub(in crate::lower) fn sources(
        &self,
        group: Option<GroupId>,
        roots: &[NodeId],
    ) -> Vec<BufferId> {
        let mut buffers = Vec::new();
        for node in self.source_nodes(group, roots) {
            push_new(&mut buffers, self.buffer(node));
        }
        buffers
    }

    /// The nodes in memory that computing these nodes reads, in the order in which they are met.
    pub(in crate::lower) fn source_nodes(
        &self,
        group: Option<GroupId>,
        roots: &[NodeId],
    ) -> Vec<NodeId> {
        let mut sources = Vec::new();
        let mut seen: FxHashSet<NodeId> = roots.iter().copied().collect();
        let mut open: Vec<NodeId> = roots.iter().rev().copied().collect();
        while let Some(node) = open.pop() {
            if self.is_loaded(group, node) {
                let root = self.model.root(node);
                if root == node || seen.insert(root) {
                    sources.push(root);
                }
                continue;
            }
            for operand in self.model.graph.operands(node).iter().rev() {
                if seen.insert(operand.node) {
                    open.push(operand.node);
                }
            }
        }
        sources
    }

    /// Whether a group reads a node from memory instead of computing it. An expression of inputs that
    /// was given a group of its own after others had taken it in may come later than these.
    pub(in crate::lower) fn is_loaded(&self, group: Option<GroupId>, node: NodeId) -> bool {
        match self.fusion.site(node) {
            Site::Given => !matches!(self.model.kind(node), Kind::Generated),
            Site::Member(member) => {
                let order = |group: GroupId| self.fusion.group(group).order;
                let before = group.is_none_or(|group| order(member.group) < order(group));
                self.storage(node) == Storage::Saved && before
            }
            Site::Through(_) | Site::Floating { .. } => false,
        }
    }

    /// Whether a scatter adds to its operand where that is: both are in one buffer, element by element.
    pub(in crate::lower) fn updates_in_place(&self, group: GroupId, scatter: NodeId) -> bool {
        let saved = self.saved(group).next().and_then(|node| self.buffer(node));
        let x = self.fusion.resolved_operand(self.model.operand(scatter, 0));
        let old = x.first().and_then(|read| self.buffer(read.node));
        saved.is_some() && saved == old
    }

    /// Whether the group has anything to do.
    pub(in crate::lower) fn is_empty(&self, group: GroupId) -> bool {
        let mut saved = self.saved(group);
        saved.all(|node| self.model.ty(node).elements() == 0)
    }

    /// The line that a node comes from, if lines are asked for.
    pub(in crate::lower) fn line(&self, node: NodeId) -> Option<SourceLine> {
        self.lines?(self.model.graph.span(node))
    }

    /// A builder for the kernel of a group. What is not built for a node in particular is for what the group does, or
    /// for its last member.
    pub(in crate::lower) fn builder(&self, group: GroupId) -> KernelBuilder {
        let builder = KernelBuilder::new(self.kernel_name(group));
        let group = self.fusion.group(group);
        let node = match group.kind {
            GroupKind::Map | GroupKind::Rows(_) => group.members.last().copied(),
            GroupKind::Contract(node, _)
            | GroupKind::Scatter(node)
            | GroupKind::Sort(node)
            | GroupKind::Prefix(node)
            | GroupKind::Region(node) => Some(node),
        };
        builder.at(node.and_then(|node| self.line(node)));
        builder
    }

    /// A name for the kernel of a group.
    pub(in crate::lower) fn kernel_name(&self, group: GroupId) -> &'static str {
        match self.fusion.group(group).kind {
            GroupKind::Map => "map",
            GroupKind::Rows(_) => "rows",
            GroupKind::Contract(..) => "contract",
            GroupKind::Scatter(_) => "scatter",
            GroupKind::Sort(_) => "sort",
            GroupKind::Prefix(_) => "prefix",
            GroupKind::Region(_) => "region",
        }
    }

    /// The work of one point of a group, in simple operations.
    pub(in crate::lower) fn work(&self, needed: &[NodeId]) -> u64 {
        let costs = needed.iter().map(|&node| u64::from(self.model.cost(node)));
        costs.sum::<u64>().max(1)
    }

    /// Whether a node is a graph input.
    pub(in crate::lower) fn is_input(&self, node: NodeId) -> bool {
        matches!(self.model.kind(node), Kind::Input(_))
    }
}

fn push_new(list: &mut Vec<BufferId>, buffer: Option<BufferId>) {
    if let Some(buffer) = buffer.filter(|buffer| !list.contains(buffer)) {
        list.push(buffer);
    }
}
