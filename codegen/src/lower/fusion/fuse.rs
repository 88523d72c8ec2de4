//! Which nodes share a kernel.
//!
//! One pass in id order puts each node into a *group*, which becomes a kernel. A group iterates over
//! one domain. Its members are computed at each point of it (*element level*), or, where the group
//! folds some axes, once for all points along those (*row level*). The rules:
//!
//! * Views are transparent: readers compose their index maps with the view's. A view whose map gets
//!   too large, and an output that is a view, are members like others. A gather reads through the views
//!   that its table is; what these are views of is in memory.
//! * A node may join the *latest* group among those of its operands (its anchor) if every member of
//!   that group that it reads is read at the very point where it was computed. Since it reads from
//!   that group and earlier ones only, groups in their order never form a cycle.
//! * A fold joins its anchor, or another group over the same domain and axes that reads what it
//!   reads, if it folds the same axes as the group does; a group that folds nothing so far folds its
//!   axes from then on, if rows are contiguous or nothing else of the group is needed elsewhere.
//! * A contraction opens a group over its result; what joins it is its epilogue, and reads
//!   other values in place along the axes of the register tile.
//! * A scatter or a sort has a group of its own. A scatter writes where a view of it has its elements,
//!   if nothing else is read of it.
//! * Small expressions of inputs alone *float*: whoever reads them first takes them in, and others
//!   repeat them.
//! * A barrier is the memory of its operand. What reads one joins only groups that come after the
//!   operand's, and does not float: what is computed again is computed where it is needed.
//! * A loop or branch is a group of its own, with its results; it takes its operands from memory.
//! * Groups have at most [`MAX_OPS`] members and read at most [`MAX_SOURCES`] buffers.
//!
//! Each attempt looks at one or two groups, so the pass is linear in the size of the graph.

use crate::lower::analysis::model::{Kind, Model, Reduction, Reference};
use crate::lower::fusion::group::{
    Group, GroupId, GroupKind, Member, Read, Site, TileAxes, outer_axes,
};
use lgc_ir::graph::NodeId;
use lgc_ir::index::{Index, IndexMap};
use lgc_ir::op::ContractAxes;
use lgc_ir::shape::Shape;
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;
use std::rc::Rc;

/// The most members of a group.
pub(super) const MAX_OPS: usize = 512;
/// The most buffers that a group reads.
pub(super) const MAX_SOURCES: usize = 12;
/// The most operands that a transparent view may read.
const MAX_THROUGH: usize = 8;
/// What a transparent view's indices may contain.
const MAX_THROUGH_DEPTH: u32 = 3;
const MAX_THROUGH_ATOMS: usize = 24;

/// The groups of a graph.
pub(in crate::lower) struct Fusion<'m> {
    pub(in crate::lower) model: &'m Model<'m>,
    pub(in crate::lower) groups: Vec<Group>,
    sites: Vec<Site>,
    /// Nodes that must be in memory: outputs, contraction operands, tables.
    pub(super) buffered: FxHashSet<NodeId>,
    tables: FxHashSet<NodeId>,
    /// Views that tables are read through.
    table_views: FxHashSet<NodeId>,
    uses: Vec<u32>,
    /// The last group that folds these axes of that domain.
    latest_rows: FxHashMap<(Shape, SmallVec<[usize; 4]>), GroupId>,
    preludes: u64,
}

/// Groups of expressions of inputs come before all others.
const FIRST_ORDER: u64 = 1 << 40;

impl<'m> Fusion<'m> {
    /// Groups the live nodes of a graph.
    pub(in crate::lower) fn new(model: &'m Model<'m>) -> Self {
        let mut fusion = Fusion {
            model,
            groups: Vec::new(),
            sites: vec![Site::Given; model.graph.len()],
            buffered: model.graph.outputs().iter().map(|o| o.value.node).collect(),
            tables: tables(model),
            table_views: table_views(model),
            uses: resolved_uses(model),
            latest_rows: FxHashMap::default(),
            preludes: 0,
        };
        fusion.buffered.extend(fusion.tables.iter().copied());
        fusion.buffered.extend(hidden_nodes(model));
        fusion.buffered.extend(region_tensors(model));
        for node in model.graph.nodes().filter(|&node| model.is_live(node)) {
            fusion.place(node);
        }
        for output in model.graph.outputs() {
            fusion.settle(output.value.node);
        }
        for group in &mut fusion.groups {
            group.members.sort_unstable();
        }
        fusion
    }

    pub(in crate::lower) fn site(&self, node: NodeId) -> &Site {
        &self.sites[node.index()]
    }

    /// The node as a member, if it is one.
    pub(in crate::lower) fn member(&self, node: NodeId) -> Option<&Member> {
        match self.site(node) {
            Site::Member(member) => Some(member),
            Site::Given | Site::Through(_) | Site::Floating { .. } => None,
        }
    }

    /// How many nodes that are no views, and outputs, read the node.
    pub(in crate::lower) fn uses(&self, node: NodeId) -> u32 {
        self.uses[node.index()]
    }

    /// The groups in the order in which they run.
    pub(in crate::lower) fn in_order(&self) -> Vec<GroupId> {
        let mut order: Vec<GroupId> = (0..self.groups.len() as u32).map(GroupId).collect();
        order.sort_unstable_by_key(|&group| self.group(group).order);
        order
    }

    pub(in crate::lower) fn group(&self, id: GroupId) -> &Group {
        &self.groups[id.index()]
    }

    fn place(&mut self, node: NodeId) {
        match self.model.kind(node) {
            Kind::Input(_) | Kind::Literal => {}
            Kind::Barrier => self.settle(self.model.root(node)),
            Kind::Generated => {
                if self.buffered.contains(&node) {
                    self.sites[node.index()] = floating(Rc::new([]), 1, 1);
                    self.settle(node);
                }
            }
            Kind::View => self.place_view(node),
            Kind::Elementwise | Kind::Gather(_) | Kind::ScatterRow(_) => self.place_element(node),
            Kind::Fold(reduction) => self.place_fold(node, &reduction.clone()),
            Kind::Contract(axes) => self.place_contract(node, &axes.clone()),
            Kind::Scatter(_) => self.place_scatter(node),
            Kind::Sort(_) => self.place_sort(node),
            Kind::Prefix(_) => self.place_prefix(node),
            Kind::Region => self.place_region(node),
            Kind::Part => self.place_part(node),
        }
    }

    // ------------------------------------------------------------------------------- references

    /// What a reference reads once views are seen through.
    fn resolve(&self, reader: &Shape, reference: Reference, reads: &mut Vec<Read>) {
        let Reference { node, map } = reference;
        match self.site(node) {
            Site::Given if matches!(self.model.kind(node), Kind::Generated) => {}
            Site::Given | Site::Floating { .. } | Site::Member(_) => reads.push(Read {
                node,
                map: Some(map),
            }),
            Site::Through(inner) => reads.extend(inner.iter().map(|read| {
                let composed = read.map.as_ref().and_then(|inner| map.compose(inner));
                Read {
                    node: read.node,
                    map: composed.map(|map| map.simplify_for(reader)),
                }
            })),
        }
    }

    fn resolved_references(&self, node: NodeId) -> Vec<Read> {
        let mut reads = Vec::new();
        for reference in self.model.references(node) {
            self.resolve(self.model.shape(node), reference, &mut reads);
        }
        reads
    }

    pub(in crate::lower) fn resolved_operand(&self, operand: NodeId) -> Vec<Read> {
        let shape = self.model.shape(operand);
        let mut reads = Vec::new();
        let map = IndexMap::identity(shape.rank());
        self.resolve(shape, Reference { node: operand, map }, &mut reads);
        reads
    }

    /// What `reads` come to once floating expressions are seen through: members, inputs, literals.
    pub(in crate::lower) fn leaves(&self, reads: &[Read]) -> Vec<Read> {
        let mut leaves = Vec::new();
        let mut open: Vec<Read> = reads.to_vec();
        while let Some(read) = open.pop() {
            match self.site(read.node) {
                Site::Floating { reads, .. } => open.extend(reads.iter().map(|inner| Read {
                    node: inner.node,
                    map: match (&read.map, &inner.map) {
                        (Some(outer), Some(inner)) => outer.compose(inner),
                        (_, _) => None,
                    },
                })),
                Site::Given | Site::Through(_) | Site::Member(_) => leaves.push(read),
            }
        }
        leaves
    }

    /// The latest group that is read, through floating expressions as well.
    fn anchor(&self, reads: &[Read]) -> Option<GroupId> {
        let leaves = self.leaves(reads);
        let groups = leaves.iter().filter_map(|read| self.member(read.node));
        groups
            .map(|member| member.group)
            .max_by_key(|&group| self.group(group).order)
    }

    /// The nodes that are read through barriers. They must be in memory when they are.
    fn hidden(&self, reads: &[Read]) -> Vec<NodeId> {
        let leaves = self.leaves(reads).into_iter().map(|read| read.node);
        let barriers = leaves.filter(|&node| self.model.is_barrier(node));
        barriers.map(|node| self.model.root(node)).collect()
    }

    /// Whether a group comes after all groups that `nodes` are members of.
    fn comes_after(&self, group: GroupId, nodes: &[NodeId]) -> bool {
        let order = |group: GroupId| self.group(group).order;
        let members = nodes.iter().filter_map(|&node| self.member(node));
        members
            .into_iter()
            .all(|member| order(member.group) < order(group))
    }

    // ------------------------------------------------------------------------------- coordinates

    /// The coordinates of an element-level member of that shape at a point of the group's domain.
    fn element_coords(&self, group: GroupId, shape: &Shape) -> Option<Vec<Index>> {
        let group = self.group(group);
        if *shape == group.domain {
            return Some(IndexMap::identity(shape.rank()).indices);
        }
        if shape.elements() != group.domain.elements() || shape.elements() == 0 {
            return None;
        }
        let map = IndexMap::reshape(shape, &group.domain);
        let dense = match &group.kind {
            GroupKind::Contract(_, tile) => tile.reads_in_place(&map),
            GroupKind::Map
            | GroupKind::Rows(_)
            | GroupKind::Scatter(_)
            | GroupKind::Sort(_)
            | GroupKind::Prefix(_)
            | GroupKind::Region(_) => true,
        };
        dense.then_some(map.indices)
    }

    /// The coordinates of a row-level member of that shape at a point of the group's domain.
    fn row_coords(&self, group: GroupId, shape: &Shape) -> Option<Vec<Index>> {
        let group = self.group(group);
        let GroupKind::Rows(axes) = &group.kind else {
            return None;
        };
        let outer = outer_axes(group.domain.rank(), axes);
        let rows = Shape::new(outer.iter().map(|&axis| group.domain.extent(axis)));
        if rows.elements() != shape.elements() || shape.elements() == 0 {
            return None;
        }
        let axis_of = |var: u32| Some(Index::var(*outer.get(var as usize)? as u32));
        let map = IndexMap::reshape(shape, &rows);
        let index = |index: &Index| index.replace(&mut |var| axis_of(var));
        Some(map.indices.iter().map(index).collect())
    }

    /// Where a read happens, at a point of the group's domain.
    fn composed(&self, group: GroupId, coords: &[Index], map: &IndexMap) -> IndexMap {
        let composed = IndexMap {
            indices: map.indices.iter().map(|i| i.substitute(coords)).collect(),
            guard: map.guard.substitute(coords),
        };
        composed.simplify_for(&self.group(group).domain)
    }

    fn reads_at(&self, group: GroupId, coords: &[Index], map: &IndexMap, at: &[Index]) -> bool {
        let composed = self.composed(group, coords, map);
        // Along axes of extent 1 a coordinate is 0, however it is written.
        let at = IndexMap::total(at.to_vec()).simplify_for(&self.group(group).domain);
        composed.guard.is_always() && composed.indices == at.indices
    }

    // ------------------------------------------------------------------------------- legality

    /// Whether a node that is computed at `coords`, and reads `reads` from there, fits the group.
    fn fits(&self, group: GroupId, coords: &[Index], row: bool, reads: &[Read]) -> bool {
        let has_room = self.has_room(group, reads);
        has_room
            && reads
                .iter()
                .all(|read| self.read_fits(group, coords, row, read))
    }

    fn has_room(&self, group: GroupId, reads: &[Read]) -> bool {
        let known = self.group(group);
        let fresh = |read: &&Read| !known.sources.contains(&read.node);
        let sources = known.sources.len() + reads.iter().filter(fresh).count();
        let floating = self.model.processor.max_floating as usize;
        known.members.len() + 1 + floating <= MAX_OPS && sources <= MAX_SOURCES
    }

    fn read_fits(&self, group: GroupId, coords: &[Index], row: bool, read: &Read) -> bool {
        if let Some(member) = self.member(read.node)
            && member.group == group
        {
            let level = !row || member.row;
            return level
                && read
                    .map
                    .as_ref()
                    .is_some_and(|map| self.reads_at(group, coords, map, &member.coords));
        }
        let GroupKind::Contract(_, tile) = self.group(group).kind else {
            return true;
        };
        let in_place = |leaf: &Read| {
            let composed = leaf
                .map
                .as_ref()
                .map(|map| self.composed(group, coords, map));
            composed.is_some_and(|map| tile.reads_in_place(&map))
        };
        self.leaves(std::slice::from_ref(read)).iter().all(in_place)
    }

    // ------------------------------------------------------------------------------- placing

    fn open(&mut self, kind: GroupKind, domain: Shape, order: u64) -> GroupId {
        let id = GroupId(self.groups.len() as u32);
        if let GroupKind::Rows(axes) = &kind {
            self.latest_rows.insert((domain.clone(), axes.clone()), id);
        }
        self.groups.push(Group {
            order,
            domain,
            kind,
            members: Vec::new(),
            sources: FxHashSet::default(),
            open_uses: 0,
        });
        id
    }

    fn open_next(&mut self, kind: GroupKind, domain: Shape) -> GroupId {
        let order = FIRST_ORDER + self.groups.len() as u64;
        self.open(kind, domain, order)
    }

    /// Adds a node to a group, and with it the floating expressions that it reads in place.
    pub(in crate::lower) fn join(&mut self, node: NodeId, member: Member) {
        let group = member.group;
        let mut open = vec![(node, member)];
        while let Some((node, member)) = open.pop() {
            if self.member(node).is_some() {
                continue;
            }
            let is_fold = self.model.reduction(node).is_some();
            let points: Rc<[Index]> = if is_fold {
                let rank = self.group(group).domain.rank();
                IndexMap::identity(rank).indices.into()
            } else {
                member.coords.clone()
            };
            let (reads, row) = (member.reads.clone(), member.row);
            let uses = i64::from(self.uses[node.index()]);
            self.groups[group.index()].members.push(node);
            self.groups[group.index()].open_uses += uses;
            self.sites[node.index()] = Site::Member(member);
            for read in reads.iter() {
                open.extend(self.absorbed(group, &points, row && !is_fold, read));
                self.note_read(group, node, read);
            }
        }
    }

    fn note_read(&mut self, group: GroupId, reader: NodeId, read: &Read) {
        let inside = self.member(read.node).is_some_and(|m| m.group == group);
        if inside {
            self.groups[group.index()].open_uses -= 1;
            return;
        }
        if let Site::Floating { cost, .. } = self.site(read.node) {
            let repeated = 2 * self.model.shape(read.node).elements();
            let heavy = *cost >= self.model.processor.heavy
                && self.model.shape(reader).elements() > repeated;
            if heavy {
                self.settle(read.node);
            }
        }
        self.groups[group.index()].sources.insert(read.node);
    }

    /// The floating expression that is read, as a member, if it is read in place.
    fn absorbed(
        &mut self,
        group: GroupId,
        points: &[Index],
        row: bool,
        read: &Read,
    ) -> Option<(NodeId, Member)> {
        let Site::Floating { reads, .. } = self.site(read.node) else {
            return None;
        };
        let (reads, shape) = (reads.clone(), self.model.shape(read.node));
        let coords = if row {
            self.row_coords(group, shape)
        } else {
            self.element_coords(group, shape)
        }?;
        if !self.reads_at(group, points, read.map.as_ref()?, &coords) {
            return None;
        }
        // The reader counts as inside: it is one of the uses.
        self.groups[group.index()].open_uses -= 1;
        let member = Member {
            group,
            coords: coords.into(),
            row,
            reads,
        };
        Some((read.node, member))
    }

    /// Gives a floating expression a group of its own, before all that are not such.
    fn settle(&mut self, node: NodeId) {
        let Site::Floating { reads, .. } = self.site(node).clone() else {
            return;
        };
        self.preludes += 1;
        let shape = self.model.shape(node).clone();
        let coords = IndexMap::identity(shape.rank()).indices.into();
        let group = self.open(GroupKind::Map, shape, self.preludes);
        let member = Member {
            group,
            coords,
            row: false,
            reads,
        };
        self.join(node, member);
    }

    fn place_view(&mut self, node: NodeId) {
        let reads = self.resolved_references(node);
        let small = |map: &IndexMap| {
            let relations = map.guard.relations().iter();
            let indices = map.indices.iter().chain(relations.map(|r| r.index()));
            let (mut depth, mut atoms) = (0, 0);
            for index in indices {
                depth = depth.max(index.depth());
                atoms += index.size();
            }
            depth <= MAX_THROUGH_DEPTH && atoms <= MAX_THROUGH_ATOMS
        };
        let transparent = reads.len() <= MAX_THROUGH
            && !self.buffered.contains(&node)
            && reads
                .iter()
                .all(|read| read.map.as_ref().is_some_and(small));
        if transparent {
            self.sites[node.index()] = Site::Through(reads.into());
            return;
        }
        if self.table_views.contains(&node) {
            // Whoever picks from it finds it in memory.
            self.buffered.insert(node);
        }
        if !self.place_with_scatter(node, &reads) {
            self.place_element(node);
        }
    }

    fn place_element(&mut self, node: NodeId) {
        let reads = self.resolved_references(node);
        let mut before = self.hidden(&reads);
        before.extend(self.picked_from(node));
        let anchor = self.anchor(&reads);
        if anchor.is_none() && before.is_empty() && self.float(node, &reads) {
            return;
        }
        let candidate = anchor.filter(|&anchor| self.comes_after(anchor, &before));
        let placed = candidate.and_then(|group| Some((group, self.level(group, node, &reads)?)));
        let (group, (coords, row)) = placed.unwrap_or_else(|| {
            let shape = self.model.shape(node).clone();
            let coords = IndexMap::identity(shape.rank()).indices;
            (self.open_next(GroupKind::Map, shape), (coords, false))
        });
        let (coords, reads) = (coords.into(), reads.into());
        let member = Member {
            group,
            coords,
            row,
            reads,
        };
        self.join(node, member);
    }

    /// The members that a gather picks from, or through.
    fn picked_from(&self, node: NodeId) -> Vec<NodeId> {
        if !matches!(self.model.kind(node), Kind::Gather(_)) {
            return Vec::new();
        }
        let (views, tables) = self.model.views_of_table(node);
        let all = views.into_iter().chain(tables);
        all.filter(|&node| self.member(node).is_some()).collect()
    }

    /// At which level, and where, a node can be computed in a group.
    fn level(&self, group: GroupId, node: NodeId, reads: &[Read]) -> Option<(Vec<Index>, bool)> {
        if matches!(
            self.group(group).kind,
            GroupKind::Scatter(_)
                | GroupKind::Sort(_)
                | GroupKind::Prefix(_)
                | GroupKind::Region(_)
        ) {
            return None;
        }
        let shape = self.model.shape(node);
        let element = self.element_coords(group, shape).map(|c| (c, false));
        let row = || self.row_coords(group, shape).map(|c| (c, true));
        let fits = |(coords, row): &(Vec<Index>, bool)| self.fits(group, coords, *row, reads);
        element.filter(fits).or_else(|| row().filter(fits))
    }

    /// Leaves a small expression of inputs to its readers.
    fn float(&mut self, node: NodeId, reads: &[Read]) -> bool {
        let (mut size, mut cost) = (1, self.model.cost(node));
        for read in reads {
            if let Site::Floating {
                size: inner,
                cost: inner_cost,
                ..
            } = self.site(read.node)
            {
                size += inner;
                cost += inner_cost;
            }
        }
        if size > self.model.processor.max_floating {
            return false;
        }
        self.sites[node.index()] = floating(reads.into(), size, cost);
        if self.tables.contains(&node) {
            self.settle(node);
        }
        true
    }

    fn place_fold(&mut self, node: NodeId, reduction: &Reduction) {
        let operand = self.model.operand(node, 0);
        let domain = self.model.shape(operand).clone();
        let reads = self.resolved_operand(operand);
        let anchor = self.anchor(&reads);
        let sibling = self
            .latest_rows
            .get(&(domain.clone(), reduction.axes.clone()))
            .copied()
            .filter(|&sibling| self.is_sibling(sibling, anchor, &reads));
        let hidden = self.hidden(&reads);
        let fits = |group: &GroupId| {
            self.comes_after(*group, &hidden) && self.fold_fits(*group, &domain, reduction, &reads)
        };
        let found = anchor.filter(fits).or_else(|| sibling.filter(fits));
        let kind = GroupKind::Rows(reduction.axes.clone());
        let group = match found {
            Some(group) => {
                self.latest_rows
                    .insert((domain, reduction.axes.clone()), group);
                self.groups[group.index()].kind = kind;
                group
            }
            None => self.open_next(kind, domain),
        };
        let coords = self.row_coords(group, self.model.shape(node));
        let member = Member {
            group,
            // There are none where there are no elements, which nobody computes.
            coords: coords.unwrap_or_default().into(),
            row: true,
            reads: reads.into(),
        };
        self.join(node, member);
    }

    /// Whether a group comes late enough, and reads something that is also in `reads`.
    fn is_sibling(&self, group: GroupId, anchor: Option<GroupId>, reads: &[Read]) -> bool {
        let late = anchor.is_none_or(|a| self.group(a).order <= self.group(group).order);
        late && reads
            .iter()
            .any(|read| self.group(group).sources.contains(&read.node))
    }

    fn fold_fits(
        &self,
        id: GroupId,
        domain: &Shape,
        reduction: &Reduction,
        reads: &[Read],
    ) -> bool {
        let group = self.group(id);
        let axes = match &group.kind {
            GroupKind::Rows(axes) => *axes == reduction.axes,
            GroupKind::Map => {
                let last = domain.rank().checked_sub(1);
                let contiguous = last.is_some_and(|last| reduction.axes.contains(&last));
                let inside = |read: &&Read| self.member(read.node).is_some_and(|m| m.group == id);
                let own = reads.iter().filter(inside).count() as i64;
                contiguous || group.open_uses == own
            }
            GroupKind::Contract(..)
            | GroupKind::Scatter(_)
            | GroupKind::Sort(_)
            | GroupKind::Prefix(_)
            | GroupKind::Region(_) => false,
        };
        let points = IndexMap::identity(domain.rank()).indices;
        axes && group.domain == *domain
            && domain.elements() > 0
            && self.fits(id, &points, false, reads)
    }

    fn place_contract(&mut self, node: NodeId, axes: &ContractAxes) {
        let mut reads = Vec::new();
        for slot in 0..2 {
            let operand = self.model.operand(node, slot);
            for read in self.resolved_operand(operand) {
                self.settle(read.node);
                self.buffered.insert(read.node);
                // Operands are read along the contracted axes, never in place.
                reads.push(Read {
                    node: read.node,
                    map: None,
                });
            }
        }
        let shape = self.model.shape(node).clone();
        let tile = TileAxes::of(axes, &shape, self.model.processor.long_axis);
        self.place_opaque(node, GroupKind::Contract(node, tile), shape, reads);
    }

    fn place_scatter(&mut self, node: NodeId) {
        self.place_reader(node, GroupKind::Scatter(node), 3);
    }

    /// A prefix scan reads its operands line by line.
    fn place_prefix(&mut self, node: NodeId) {
        let operands = self.model.graph.operands(node).len();
        self.place_reader(node, GroupKind::Prefix(node), operands);
    }

    /// A group of its own for a node that computes its operands where it reads them.
    fn place_reader(&mut self, node: NodeId, kind: GroupKind, operands: usize) {
        let mut reads = Vec::new();
        for slot in 0..operands {
            let inner = self.resolved_operand(self.model.operand(node, slot));
            reads.extend(inner.into_iter().map(|read| Read {
                node: read.node,
                map: None,
            }));
        }
        let shape = self.model.shape(node).clone();
        self.place_opaque(node, kind, shape, reads);
    }

    /// A sort reads its operand, a table, along the axis again and again.
    fn place_sort(&mut self, node: NodeId) {
        let shape = self.model.shape(node).clone();
        let tables = self.model.tables(node).into_iter();
        let reads = tables.map(|node| Read { node, map: None }).collect();
        self.place_opaque(node, GroupKind::Sort(node), shape, reads);
    }

    /// A loop or branch takes its operands whole.
    fn place_region(&mut self, node: NodeId) {
        let mut reads = Vec::new();
        for operand in self.model.graph.operands(node) {
            let operand = self.model.root(operand.node);
            self.settle(operand);
            reads.push(Read {
                node: operand,
                map: None,
            });
        }
        let shape = self.model.shape(node).clone();
        self.place_opaque(node, GroupKind::Region(node), shape, reads);
    }

    /// A result of a loop or branch is in the group of that.
    fn place_part(&mut self, node: NodeId) {
        let region = self.model.operand(node, 0);
        let Some(group) = self.member(region).map(|member| member.group) else {
            return;
        };
        let rank = self.model.shape(node).rank();
        let read = Read {
            node: region,
            map: None,
        };
        let member = Member {
            group,
            coords: IndexMap::identity(rank).indices.into(),
            row: false,
            reads: Rc::new([read]),
        };
        self.join(node, member);
    }

    fn place_opaque(&mut self, node: NodeId, kind: GroupKind, domain: Shape, reads: Vec<Read>) {
        let coords = IndexMap::identity(domain.rank()).indices.into();
        let group = self.open_next(kind, domain);
        let member = Member {
            group,
            coords,
            row: false,
            reads: reads.into(),
        };
        self.join(node, member);
    }
}

fn floating(reads: Rc<[Read]>, size: u32, cost: u32) -> Site {
    Site::Floating { reads, size, cost }
}

/// Tensors that elements are picked from at run-time indices.
fn tables(model: &Model<'_>) -> FxHashSet<NodeId> {
    let live = model.graph.nodes().filter(|&node| model.is_live(node));
    live.flat_map(|node| model.tables(node)).collect()
}

/// Views that gathers read their tables through.
fn table_views(model: &Model<'_>) -> FxHashSet<NodeId> {
    let live = model.graph.nodes().filter(|&node| model.is_live(node));
    let gathers = live.filter(|&node| matches!(model.kind(node), Kind::Gather(_)));
    gathers
        .flat_map(|node| model.views_of_table(node).0)
        .collect()
}

/// The operands and results of loops and branches.
fn region_tensors(model: &Model<'_>) -> Vec<NodeId> {
    let mut tensors = Vec::new();
    for node in model.graph.nodes().filter(|&node| model.is_live(node)) {
        match model.kind(node) {
            Kind::Part => tensors.push(node),
            Kind::Region => {
                let operands = model.graph.operands(node);
                tensors.extend(operands.iter().map(|operand| model.root(operand.node)));
            }
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
            | Kind::Fold(_)
            | Kind::Contract(_)
            | Kind::Barrier => {}
        }
    }
    tensors
}

/// Tensors that are read through barriers.
fn hidden_nodes(model: &Model<'_>) -> Vec<NodeId> {
    let live = model.graph.nodes().filter(|&node| model.is_live(node));
    let barriers = live.filter(|&node| model.is_barrier(node));
    barriers.map(|node| model.root(node)).collect()
}

/// How many nodes that are no views, and outputs, read each node, through views.
fn resolved_uses(model: &Model<'_>) -> Vec<u32> {
    let mut uses = vec![0u32; model.graph.len()];
    for output in model.graph.outputs() {
        uses[output.value.node.index()] += 1;
    }
    for node in model.graph.nodes().rev().filter(|&n| model.is_live(n)) {
        let weight = match model.kind(node) {
            Kind::View => uses[node.index()],
            Kind::Input(_)
            | Kind::Literal
            | Kind::Generated
            | Kind::Elementwise
            | Kind::Gather(_)
            | Kind::ScatterRow(_)
            | Kind::Scatter(_)
            | Kind::Sort(_)
            | Kind::Prefix(_)
            | Kind::Fold(_)
            | Kind::Barrier
            | Kind::Region
            | Kind::Part
            | Kind::Contract(_) => 1,
        };
        for operand in model.graph.operands(node) {
            let count = &mut uses[operand.node.index()];
            *count = count.saturating_add(weight);
        }
    }
    uses
}
