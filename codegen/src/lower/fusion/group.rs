//! Groups of nodes that share a kernel, and where nodes are computed.

use lgc_ir::graph::NodeId;
use lgc_ir::index::{Guard, Index, IndexMap};
use lgc_ir::op::ContractAxes;
use lgc_ir::shape::Shape;
use rustc_hash::FxHashSet;
use smallvec::SmallVec;
use std::rc::Rc;

/// A group, by its position in [`Fusion::groups`](super::fuse::Fusion).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::lower) struct GroupId(pub(in crate::lower) u32);

impl GroupId {
    pub(in crate::lower) fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a group does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::lower) enum GroupKind {
    /// Computes elements.
    Map,
    /// Folds these axes of its domain, and computes elements.
    Rows(SmallVec<[usize; 4]>),
    /// Contracts, and computes elements of the result.
    Contract(NodeId, TileAxes),
    /// Scatters.
    Scatter(NodeId),
    /// Runs along an axis.
    Prefix(NodeId),
    /// Sorts.
    Sort(NodeId),
    /// Runs a loop or a branch.
    Region(NodeId),
}

/// Which axes of a contraction's result run along the rows and columns of a register tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lower) struct TileAxes {
    /// An axis of the first operand.
    pub(in crate::lower) rows: Option<usize>,
    /// An axis of the second operand.
    pub(in crate::lower) columns: Option<usize>,
}

/// Nodes that share a kernel.
#[derive(Debug)]
pub(in crate::lower) struct Group {
    /// Groups run in ascending order of this.
    pub(in crate::lower) order: u64,
    /// The domain. Variable k of members' coordinates is its axis k.
    pub(in crate::lower) domain: Shape,
    /// What the group does.
    pub(in crate::lower) kind: GroupKind,
    /// The members; ascending once fusion is done.
    pub(in crate::lower) members: Vec<NodeId>,
    /// What the group reads from elsewhere.
    pub(in crate::lower) sources: FxHashSet<NodeId>,
    /// Uses of members that are not from inside the group so far.
    pub(super) open_uses: i64,
}

/// Where a source is read; `None` if its index map is too large to tell.
#[derive(Clone, Debug)]
pub(in crate::lower) struct Read {
    pub(in crate::lower) node: NodeId,
    pub(in crate::lower) map: Option<IndexMap>,
}

/// A node with its place in a group.
#[derive(Clone, Debug)]
pub(in crate::lower) struct Member {
    /// The group.
    pub(in crate::lower) group: GroupId,
    /// The coordinates of the element that is computed at a point of the group's domain.
    pub(in crate::lower) coords: Rc<[Index]>,
    /// Whether it is computed once for a row.
    pub(in crate::lower) row: bool,
    /// What it reads, through views. For a fold, from points of the domain; for others, from its own
    /// coordinates. Constants are left out.
    pub(in crate::lower) reads: Rc<[Read]>,
}

/// Where a node is computed.
#[derive(Clone, Debug)]
pub(in crate::lower) enum Site {
    /// Nowhere: it is in memory, is generated from coordinates, or nothing needs it.
    Given,
    /// By whoever reads it, who reads these through it.
    Through(Rc<[Read]>),
    /// By whoever reads it.
    Floating {
        reads: Rc<[Read]>,
        size: u32,
        cost: u32,
    },
    /// In a group.
    Member(Member),
}

/// The axes that are not folded.
pub(in crate::lower) fn outer_axes(rank: usize, folded: &[usize]) -> Vec<usize> {
    (0..rank).filter(|axis| !folded.contains(axis)).collect()
}

impl TileAxes {
    /// The longest free axis of the first operand, and the last one of the second, or the longest if
    /// the last is short (the gradient of a small kernel): shorter than `long`.
    pub(in crate::lower) fn of(axes: &ContractAxes, result: &Shape, long: u64) -> Self {
        let first = axes.batch[0].len();
        let between = first + axes.free[0].len();
        let longest =
            |range: std::ops::Range<usize>| range.max_by_key(|&axis| (result.extent(axis), axis));
        let last = (between..result.rank()).next_back();
        let is_long = |axis: &usize| result.extent(*axis) >= long;
        TileAxes {
            rows: longest(first..between),
            columns: last
                .filter(is_long)
                .or_else(|| longest(between..result.rank())),
        }
    }

    /// Whether a map from the result's coordinates reads a dense part along the tile: each of the
    /// two axes moves one coordinate by one step, rows before columns.
    pub(in crate::lower) fn reads_in_place(&self, map: &IndexMap) -> bool {
        let place = |axis: Option<usize>| match axis {
            Some(axis) => span_position(map, axis as u32),
            None => Some(None),
        };
        match (place(self.rows), place(self.columns)) {
            (Some(Some(row)), Some(Some(column))) => row < column,
            (Some(_), Some(_)) => true,
            (_, _) => false,
        }
    }
}

/// The position of the only coordinate that a variable moves, by one step; `None` inside if it moves
/// none, `None` outside if it does anything else.
#[expect(
    clippy::option_option,
    reason = "the two answers differ, as documented"
)]
fn span_position(map: &IndexMap, var: u32) -> Option<Option<usize>> {
    let mentions = |guard: &Guard| guard.relations().iter().any(|r| r.index().mentions(var));
    if mentions(&map.guard) {
        return None;
    }
    let mut found = None;
    for (position, index) in map.indices.iter().enumerate() {
        if !index.mentions(var) {
            continue;
        }
        let rest = index.sub(&Index::var(var));
        if found.is_some() || rest.mentions(var) {
            return None;
        }
        found = Some(position);
    }
    Some(found)
}
