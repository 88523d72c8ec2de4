//! The order of groups, and which of them write next values in place.
//!
//! A group writes a next value in place if it reads the old value only at the element that it is
//! about to write, all other readers of the old value come before, and no check depends on it.

use crate::lower::fusion::group::{GroupId, GroupKind, Read, Site};
use crate::lower::fusion::storage::Storage;
use crate::lower::program::assemble::Assembly;
use lgc_ir::graph::NodeId;
use lgc_ir::index::{Index, IndexMap};
use rustc_hash::{FxHashMap, FxHashSet};

/// Run-time indices that are to be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct CheckSite {
    pub(in crate::lower) indices: NodeId,
    pub(in crate::lower) extent: u64,
}

/// Where next values go, and the order of groups.
pub(super) struct Placement {
    /// Values that are written to the buffer of an input (by position).
    pub(in crate::lower) in_place: FxHashMap<NodeId, usize>,
    /// Positions in the order of groups.
    pub(super) sequence: Vec<usize>,
    /// How many of them come before anything is updated in place.
    pub(super) early: usize,
}

impl Assembly<'_> {
    // ------------------------------------------------------------------------------- checks

    pub(super) fn find_checks(&self) -> Vec<CheckSite> {
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
    pub(super) fn check_needs(&self, site: CheckSite) -> Vec<usize> {
        let sources = self.plan.source_nodes(None, &[site.indices]);
        let positions = sources.iter().filter_map(|node| self.producer.get(node));
        positions.copied().collect()
    }

    // ------------------------------------------------------------------------------- order

    /// Decides which next values are written in place, and with that the order of groups.
    pub(super) fn place_next_values(&self) -> Placement {
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

    /// Which groups a check depends on. Loops and branches may have checks inside.
    fn before_checks(&self) -> Vec<bool> {
        let mut needed = vec![false; self.order.len()];
        for &site in &self.checks {
            for at in self.check_needs(site) {
                needed[at] = true;
            }
        }
        for (at, &group) in self.order.iter().enumerate() {
            let kind = &self.plan.fusion.group(group).kind;
            needed[at] |= matches!(kind, GroupKind::Region(_));
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
            // Of what no group computes it is not known when it is written: as early as can be.
            let write = self.producer.get(value).map_or(0, |&at| time[at]);
            last_read.get(&old).is_none_or(|&last| last <= write)
        });
    }

    /// Whether a group reads `old` only at the element of `value` that it computes there.
    fn overwrites_in_place(&self, group: GroupId, value: NodeId, old: NodeId) -> bool {
        let fusion = self.plan.fusion;
        match fusion.group(group).kind {
            GroupKind::Scatter(scatter) => return self.adds_in_place(group, scatter, value, old),
            GroupKind::Sort(_) | GroupKind::Prefix(_) | GroupKind::Region(_) => return false,
            GroupKind::Map | GroupKind::Rows(_) | GroupKind::Contract(..) => {}
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
            !self.plan.model.tables(node).contains(&old)
                && self.reads_match(group, &start, &member.reads, old, &target.coords)
        })
    }

    /// Whether a scatter starts from `old`, element by element, and reads it nowhere else.
    fn adds_in_place(&self, group: GroupId, scatter: NodeId, value: NodeId, old: NodeId) -> bool {
        let (model, fusion) = (self.plan.model, self.plan.fusion);
        let [x, indices, updates] = [0, 1, 2].map(|slot| model.operand(scatter, slot));
        let reads = fusion.resolved_operand(x);
        let (
            [
                Read {
                    node,
                    map: Some(map),
                },
            ],
            Some(target),
        ) = (reads.as_slice(), fusion.member(value))
        else {
            return false;
        };
        let shape = model.shape(scatter);
        let at = IndexMap::total(target.coords.to_vec()).simplify_for(shape);
        let map = map.simplify_for(shape);
        let others = self.plan.source_nodes(Some(group), &[indices, updates]);
        // A barrier asks for the old value as it was.
        *node == old && map.guard.is_always() && map.indices == at.indices && !others.contains(&old)
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
            if self.plan.model.root(read.node) == old {
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
            if self.plan.model.tables(read.node).contains(&old) {
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
}
