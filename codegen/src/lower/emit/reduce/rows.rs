//! What happens in which phase of a row.

use crate::lower::fusion::group::{GroupId, GroupKind, outer_axes};
use crate::lower::fusion::plan::Plan;
use lgc_ir::dtype::DType;
use lgc_ir::graph::NodeId;
use lgc_ir::shape::Shape;
use rustc_hash::{FxHashMap, FxHashSet};

/// What happens in which phase of a group.
pub(in crate::lower) struct RowSchedule {
    pub(in crate::lower) group: GroupId,
    pub(in crate::lower) domain: Shape,
    pub(in crate::lower) folded: Vec<usize>,
    pub(in crate::lower) outer: Vec<usize>,
    pub(in crate::lower) needed: Vec<NodeId>,
    /// The folds of each phase.
    pub(in crate::lower) phases: Vec<Vec<NodeId>>,
    /// The values that are kept from a phase on, by that phase.
    pub(in crate::lower) kept: Vec<Vec<NodeId>>,
}

impl RowSchedule {
    pub(in crate::lower) fn new(plan: &Plan<'_>, group: GroupId) -> Self {
        let known = plan.fusion.group(group);
        let folded = match &known.kind {
            GroupKind::Rows(axes) => axes.to_vec(),
            GroupKind::Map
            | GroupKind::Contract(..)
            | GroupKind::Scatter(_)
            | GroupKind::Sort(_)
            | GroupKind::Prefix(_)
            | GroupKind::Region(_) => Vec::new(),
        };
        let mut schedule = RowSchedule {
            group,
            domain: known.domain.clone(),
            outer: outer_axes(known.domain.rank(), &folded),
            folded,
            needed: plan.needed(group),
            phases: Vec::new(),
            kept: Vec::new(),
        };
        schedule.assign_phases(plan);
        schedule.choose_kept(plan);
        schedule
    }

    fn assign_phases(&mut self, plan: &Plan<'_>) {
        // The number of phases that must be over before a member can be computed.
        let mut ready: FxHashMap<NodeId, usize> = FxHashMap::default();
        for &node in &self.needed {
            let reads = plan.inside_reads(self.group, node);
            let phase = reads.iter().filter_map(|n| ready.get(n)).max().copied();
            // What reads no fold of the group can be computed in the first phase.
            let phase = phase.unwrap_or(0);
            if plan.model.reduction(node).is_some() {
                if self.phases.len() <= phase {
                    self.phases.resize(phase + 1, Vec::new());
                }
                self.phases[phase].push(node);
                ready.insert(node, phase + 1);
            } else {
                ready.insert(node, phase);
            }
        }
        self.kept = vec![Vec::new(); self.phases.len()];
    }

    /// Costly element-level values that a later phase, or the last loop, needs again.
    fn choose_kept(&mut self, plan: &Plan<'_>) {
        let mut first_phase: FxHashMap<NodeId, usize> = FxHashMap::default();
        let mut kept: FxHashSet<NodeId> = FxHashSet::default();
        let costs = self.costs(plan);
        for phase in 0..=self.phases.len() {
            let mut open: Vec<NodeId> = match self.phases.get(phase) {
                Some(folds) => {
                    let reads = folds.iter().map(|&f| plan.inside_reads(self.group, f));
                    reads.flatten().collect()
                }
                None => self.saved(plan, false),
            };
            let mut seen: FxHashSet<NodeId> = FxHashSet::default();
            while let Some(node) = open.pop() {
                let element = plan.fusion.member(node).is_some_and(|m| !m.row);
                if !element || !seen.insert(node) || kept.contains(&node) {
                    continue;
                }
                match first_phase.get(&node) {
                    Some(&first) if first < phase && costs[&node] >= plan.target.costs.heavy => {
                        kept.insert(node);
                        self.kept[first].push(node);
                        continue;
                    }
                    Some(_) => {}
                    None => {
                        first_phase.insert(node, phase);
                    }
                }
                open.extend(plan.inside_reads(self.group, node));
            }
        }
        for phase in &mut self.kept {
            phase.sort_unstable();
        }
    }

    /// What computing each element-level value from memory costs.
    fn costs(&self, plan: &Plan<'_>) -> FxHashMap<NodeId, u32> {
        let mut costs: FxHashMap<NodeId, u32> = FxHashMap::default();
        for &node in &self.needed {
            let reads = plan.inside_reads(self.group, node);
            let elements = reads
                .iter()
                .filter(|&&n| plan.fusion.member(n).is_some_and(|m| !m.row));
            let inner: u32 = elements.filter_map(|n| costs.get(n)).sum();
            let total = plan.model.cost(node).saturating_add(inner).min(1 << 20);
            costs.insert(node, total);
        }
        costs
    }

    /// The saved members of a level that are no folds' operands only.
    pub(in crate::lower) fn saved(&self, plan: &Plan<'_>, row: bool) -> Vec<NodeId> {
        let level = |node: &NodeId| plan.fusion.member(*node).is_some_and(|m| m.row == row);
        let filled = |node: &NodeId| plan.model.ty(*node).elements() > 0;
        let saved = plan.saved(self.group);
        saved.filter(level).filter(filled).collect()
    }

    pub(in crate::lower) fn extents(&self, axes: &[usize]) -> Vec<u64> {
        axes.iter().map(|&axis| self.domain.extent(axis)).collect()
    }

    pub(in crate::lower) fn rows(&self) -> u64 {
        self.extents(&self.outer).iter().product()
    }

    /// Whether elements that are folded lie across the memory: the last axis with more than one element
    /// is not folded.
    pub(super) fn lies_across(&self) -> bool {
        let last = (0..self.domain.rank())
            .rev()
            .find(|&axis| self.domain.extent(axis) != 1);
        last.is_some_and(|last| !self.folded.contains(&last))
    }

    /// The last axis, if it is not folded and long enough for vectors.
    pub(in crate::lower) fn lanes_axis(&self, plan: &Plan<'_>) -> Option<usize> {
        let last = self.domain.rank().checked_sub(1)?;
        let vectors = !self.folded.is_empty() && !self.folded.contains(&last);
        let width = u64::from(plan.target.lanes(DType::F32));
        (vectors && self.domain.extent(last) >= width).then_some(last)
    }
}
