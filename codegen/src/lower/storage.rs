//! Which values go through memory.
//!
//! A member of a group that is read by another group is *saved* in a buffer, or *repeated* by its
//! readers. It is repeated when that costs less than moving its bytes: a few simple operations on
//! values that are in memory anyway; or any work, when there is one reader and it reads each element
//! at most once. Outputs, operands of contractions and tables are always saved.

use super::fuse::Fusion;
use super::group::{GroupId, Read, Site};
use super::model::Kind;
use lgc_ir::graph::NodeId;

/// The most simple operations, and loads, of a value that several readers repeat.
const LIGHT: Expense = Expense { work: 6, loads: 2 };
/// The same for a value that moves to its only reader.
const MOVABLE: Expense = Expense { work: 64, loads: 6 };

/// What computing an element costs.
#[derive(Clone, Copy, Debug, Default)]
struct Expense {
    work: u32,
    loads: u32,
}

impl Expense {
    fn plus(self, other: Expense) -> Expense {
        Expense {
            work: self.work.saturating_add(other.work),
            loads: self.loads.saturating_add(other.loads),
        }
    }

    fn within(self, limit: Expense) -> bool {
        self.work <= limit.work && self.loads <= limit.loads
    }
}

/// How a member is used outside its group.
#[derive(Clone, Copy, Debug, Default)]
struct Outside {
    readers: u32,
    /// Whether a reader reads elements more than once.
    repeated: bool,
}

/// Why a value is, or is not, in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Storage {
    /// Only its own group needs it.
    Inside,
    /// It has a buffer.
    Saved,
    /// Its readers compute it.
    Repeated,
}

/// Decides for each node; nodes that are no members are [`Storage::Inside`].
pub(super) fn decide(fusion: &Fusion<'_>, order: &[GroupId]) -> Vec<Storage> {
    let outside = outside_uses(fusion, order);
    let count = fusion.model.graph.len();
    let mut storage = vec![Storage::Inside; count];
    // What a reader elsewhere pays; none for what must be saved to be read elsewhere.
    let mut expenses: Vec<Option<Expense>> = vec![None; count];
    for &group in order {
        for &node in &fusion.group(group).members {
            let expense = repetition(fusion, node, &expenses);
            let use_ = outside[node.index()];
            let (decision, price) = if fusion.buffered.contains(&node) {
                (Storage::Saved, Some(Expense { work: 0, loads: 1 }))
            } else if use_.readers == 0 {
                (Storage::Inside, expense)
            } else if expense.is_some_and(|e| pays(fusion, node, e, use_)) {
                (Storage::Repeated, expense)
            } else {
                (Storage::Saved, Some(Expense { work: 0, loads: 1 }))
            };
            storage[node.index()] = decision;
            expenses[node.index()] = price;
        }
    }
    storage
}

fn pays(fusion: &Fusion<'_>, node: NodeId, expense: Expense, outside: Outside) -> bool {
    let single = outside.readers == 1 && !outside.repeated && fusion.uses(node) == 1;
    expense.within(LIGHT) || single && expense.within(MOVABLE)
}

/// What it costs to compute an element elsewhere, if its operands can be had there.
fn repetition(fusion: &Fusion<'_>, node: NodeId, expenses: &[Option<Expense>]) -> Option<Expense> {
    match fusion.model.kind(node) {
        Kind::Elementwise | Kind::View | Kind::Gather(_) | Kind::ScatterRow(_) => {}
        Kind::Generated => return Some(Expense::default()),
        Kind::Input(_)
        | Kind::Literal
        | Kind::Scatter(_)
        | Kind::Sort(_)
        | Kind::Fold(_)
        | Kind::Barrier
        | Kind::Region
        | Kind::Part
        | Kind::Contract(_) => return None,
    }
    let member = fusion.member(node)?;
    let own = Expense {
        work: fusion.model.cost(node).max(1),
        loads: u32::from(fusion.model.table(node).is_some()),
    };
    let mut total = own;
    for read in member.reads.iter() {
        total = total.plus(price(fusion, read, expenses)?);
    }
    Some(total)
}

fn price(fusion: &Fusion<'_>, read: &Read, expenses: &[Option<Expense>]) -> Option<Expense> {
    match fusion.site(read.node) {
        Site::Member(_) => expenses[read.node.index()],
        Site::Floating { cost, size, .. } => Some(Expense {
            work: *cost,
            loads: *size,
        }),
        Site::Given | Site::Through(_) => {
            let scalar = fusion.model.shape(read.node).elements() <= 1;
            Some(Expense {
                work: 0,
                loads: u32::from(!scalar),
            })
        }
    }
}

fn outside_uses(fusion: &Fusion<'_>, order: &[GroupId]) -> Vec<Outside> {
    let model = fusion.model;
    let mut outside = vec![Outside::default(); model.graph.len()];
    let mut note = |group: GroupId, reader: u64, node: NodeId| {
        if fusion.member(node).is_some_and(|m| m.group != group) {
            let entry = &mut outside[node.index()];
            entry.readers += 1;
            entry.repeated |= reader > model.shape(node).elements();
        }
    };
    for &group in order {
        for &node in &fusion.group(group).members {
            let Some(member) = fusion.member(node) else {
                continue;
            };
            let points = match model.reduction(node) {
                Some(_) => fusion.group(group).domain.elements(),
                None => model.shape(node).elements(),
            };
            for read in fusion.leaves(&member.reads) {
                note(group, points, read.node);
            }
            if let Some(table) = model.table(node) {
                note(group, points, table);
            }
        }
    }
    for node in model.graph.nodes().filter(|&node| model.is_live(node)) {
        // Indices are checked in a kernel of their own.
        if let Some((indices, _)) = model.checked_indices(node) {
            for read in fusion.resolved_operand(indices) {
                for leaf in fusion.leaves(&[read]) {
                    let entry = &mut outside[leaf.node.index()];
                    entry.readers += 1;
                }
            }
        }
    }
    outside
}
