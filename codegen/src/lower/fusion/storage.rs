//! Which values go through memory.
//!
//! A member of a group that is read by another group is *saved* in a buffer, or *repeated* by its
//! readers. It is repeated when that costs less than moving its bytes: a few simple operations on
//! values that are in memory anyway; or any work, when there is one reader and it reads each element
//! at most once. Outputs, operands of contractions and tables are always saved.
//!
//! What has more elements than all that it is computed from (each element of each window of an image) is
//! repeated rather than saved. The values of rows that it is computed from are saved in its stead.

use crate::lower::analysis::model::Kind;
use crate::lower::fusion::fuse::Fusion;
use crate::lower::fusion::group::{GroupId, Read, Site};
use crate::target::Costs;
use lgc_ir::graph::NodeId;
use lgc_ir::index::{Index, IndexMap};

/// What computing an element costs.
#[derive(Clone, Copy, Debug, Default)]
struct Expense {
    work: u32,
    loads: u32,
}

impl Expense {
    /// The most of a value that several readers repeat.
    fn light(costs: &Costs) -> Expense {
        Expense {
            work: costs.light_work,
            loads: costs.light_loads,
        }
    }

    /// The most of a value that moves to its only reader.
    fn movable(costs: &Costs) -> Expense {
        Expense {
            work: costs.movable_work,
            loads: costs.movable_loads,
        }
    }

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
pub(in crate::lower) enum Storage {
    /// Only its own group needs it.
    Inside,
    /// It has a buffer.
    Saved,
    /// Its readers compute it.
    Repeated,
}

/// What is known of members so far.
struct Known {
    storage: Vec<Storage>,
    /// What a reader elsewhere pays; none for what must be saved to be read elsewhere.
    expenses: Vec<Option<Expense>>,
    /// The same, were all values of rows saved.
    beside_rows: Vec<Option<Expense>>,
    /// The elements in memory that a value is computed from.
    origins: Vec<u64>,
    /// Whether a value is computed from the windows of something.
    windowed: Vec<bool>,
}

/// Decides for each node; nodes that are no members are [`Storage::Inside`].
pub(in crate::lower) fn decide(fusion: &Fusion<'_>, order: &[GroupId]) -> Vec<Storage> {
    let outside = outside_uses(fusion, order);
    let count = fusion.model.graph.len();
    let mut known = Known {
        storage: vec![Storage::Inside; count],
        expenses: vec![None; count],
        beside_rows: vec![None; count],
        origins: vec![0; count],
        windowed: vec![false; count],
    };
    let loaded = Some(Expense { work: 0, loads: 1 });
    for &group in order {
        for &node in &fusion.group(group).members {
            let at = node.index();
            let expense = repetition(fusion, node, &known.expenses);
            known.beside_rows[at] = match is_row(fusion, node) {
                true => loaded,
                false => repetition(fusion, node, &known.beside_rows),
            };
            known.note_origin(fusion, node);
            let use_ = outside[at];
            let decision = if fusion.buffered.contains(&node) {
                Storage::Saved
            } else if use_.readers == 0 {
                Storage::Inside
            } else if expense.is_some_and(|e| pays(fusion, node, e, use_)) {
                Storage::Repeated
            } else if known.is_expansion(fusion, node) {
                known.save_rows_of(fusion, node);
                Storage::Repeated
            } else {
                Storage::Saved
            };
            known.storage[at] = decision;
            known.expenses[at] = match decision {
                Storage::Saved => loaded,
                Storage::Repeated => expense.or(known.beside_rows[at]),
                Storage::Inside => expense,
            };
            if decision == Storage::Saved {
                known.beside_rows[at] = loaded;
            }
        }
    }
    known.storage
}

impl Known {
    fn note_origin(&mut self, fusion: &Fusion<'_>, node: NodeId) {
        let Some(member) = fusion.member(node) else {
            return;
        };
        let (mut origin, mut windowed) = (0u64, false);
        for read in member.reads.iter() {
            let at = read.node.index();
            let elements = fusion.model.shape(read.node).elements();
            let inner = fusion.member(read.node).map(|_| self.storage[at]);
            let computed = matches!(inner, Some(Storage::Inside | Storage::Repeated))
                && !is_row(fusion, read.node);
            origin = origin.saturating_add(if computed { self.origins[at] } else { elements });
            windowed |= computed && self.windowed[at];
            windowed |= read.map.as_ref().is_some_and(is_window);
        }
        self.origins[node.index()] = origin;
        self.windowed[node.index()] = windowed;
    }

    /// Whether a value has more elements than what it is computed from, and is computed with little
    /// work from that.
    fn is_expansion(&self, fusion: &Fusion<'_>, node: NodeId) -> bool {
        let at = node.index();
        let costs = fusion.model.processor;
        let limit = match self.windowed[at] {
            true => Expense::movable(costs),
            false => Expense::light(costs),
        };
        let expands =
            fusion.model.shape(node).elements() > self.origins[at] && !is_row(fusion, node);
        expands && self.beside_rows[at].is_some_and(|expense| expense.within(limit))
    }

    /// Saves the values of rows that a value is computed from and that are not in memory.
    fn save_rows_of(&mut self, fusion: &Fusion<'_>, node: NodeId) {
        let mut open = vec![node];
        while let Some(node) = open.pop() {
            let Some(member) = fusion.member(node) else {
                continue;
            };
            if member.row {
                self.storage[node.index()] = Storage::Saved;
                self.expenses[node.index()] = Some(Expense { work: 0, loads: 1 });
            } else if self.storage[node.index()] != Storage::Saved {
                open.extend(member.reads.iter().map(|read| read.node));
            }
        }
    }
}

/// Whether a member is computed once for a row.
fn is_row(fusion: &Fusion<'_>, node: NodeId) -> bool {
    fusion.member(node).is_some_and(|member| member.row)
}

/// Whether a map reads elements of windows: places that depend on several coordinates.
fn is_window(map: &IndexMap) -> bool {
    let several = |index: &Index| {
        let mut count = 0;
        index.for_each_var(&mut |_| count += 1);
        count > 1
    };
    map.indices.iter().any(several)
}

fn pays(fusion: &Fusion<'_>, node: NodeId, expense: Expense, outside: Outside) -> bool {
    let single = outside.readers == 1 && !outside.repeated && fusion.uses(node) == 1;
    let costs = fusion.model.processor;
    expense.within(Expense::light(costs)) || single && expense.within(Expense::movable(costs))
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
        | Kind::Prefix(_)
        | Kind::Fold(_)
        | Kind::Barrier
        | Kind::Region
        | Kind::Part
        | Kind::Contract(_) => return None,
    }
    let member = fusion.member(node)?;
    let own = Expense {
        work: fusion.model.cost(node).max(1),
        loads: fusion.model.tables(node).len() as u32,
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
            for table in model.tables(node) {
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
