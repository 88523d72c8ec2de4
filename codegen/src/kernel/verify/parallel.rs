//! Races (K10): iterations that may run at the same time, of which one stores where another loads or
//! stores.
//!
//! The loops in question are `par`, `fold` (whose lanes and chunks run at once), and `for` with a `vec`
//! directive. In each, every store to memory from outside the loop is compared with every access to the
//! same memory, in two iterations l and l + d, d ≥ 1, at any point of the loops inside. An access is a
//! tuple of coordinates over variables: those of the loops around, which both iterations share; those
//! of the loop and the loops inside, which each has of its own; the place in a span; and what a run-time
//! subscript may be, which is anything. Two accesses are apart if one coordinate, or the row-major
//! position, differs everywhere (interval arithmetic), or if no integer point makes all coordinates equal
//! where the guards hold (integer linear arithmetic).
//!
//! What cannot be shown to be apart is refused: masks and branches on run-time values are taken to hold,
//! and work is capped.

use super::kernel::points;
use super::{Report, VerifyCode as Code};
use crate::kernel::{
    Access, Condition, Directive, Form, Kernel, MemId, Region, Stmt, Subscript, VarId, end_of,
};
use lgc_ir::index::{Guard, Index, UNKNOWN};
use lgc_ir::shape::Shape;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;

/// How many pairs of accesses of a kernel are compared.
const PAIRS: usize = 1 << 16;

/// How many of them are put to integer linear arithmetic: the 48 pieces of a tile of 8 × 96 at the edge of a matrix
/// are 2304.
const HARD_PAIRS: usize = 1 << 12;

/// What is done to memory.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Deed {
    Load,
    Store,
    /// Notes a fault, which iterations may do at the same time.
    Note,
}

impl Deed {
    fn collides(self, other: Deed) -> bool {
        match (self, other) {
            (Deed::Load, Deed::Load) | (Deed::Note, Deed::Note) => false,
            (Deed::Store, _)
            | (_, Deed::Store)
            | (Deed::Load, Deed::Note)
            | (Deed::Note, Deed::Load) => true,
        }
    }

    fn text(self, at: &str) -> String {
        match self {
            Deed::Load => format!("loads at {at}"),
            Deed::Store => format!("stores at {at}"),
            Deed::Note => "notes a fault".to_string(),
        }
    }
}

/// Something that is done to memory inside a loop, over the variables of the kernel.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Touch<'k> {
    deed: Deed,
    at: &'k [Subscript],
    clip: bool,
    form: Form,
    /// Where it happens.
    guard: Guard,
}

/// The same in one of the two iterations.
struct Place {
    coords: Vec<Index>,
    /// The row-major position.
    position: Index,
    guard: Guard,
}

/// The points of the loops of a kernel, by variable.
struct Loops {
    /// Half-open ranges.
    ranges: Vec<(i64, i64)>,
    /// What else holds of the variable.
    guards: Vec<Guard>,
}

impl Loops {
    fn of(kernel: &Kernel) -> Self {
        let count = kernel.vars as usize;
        let mut loops = Loops {
            ranges: vec![UNKNOWN; count],
            guards: vec![Guard::always(); count],
        };
        loops.note(&kernel.body, &Guard::always());
        loops
    }

    fn note(&mut self, region: &Region, assumed: &Guard) {
        for stmt in &region.stmts {
            match stmt {
                Stmt::If {
                    condition,
                    then,
                    otherwise,
                    ..
                } => {
                    self.note(then, &where_holds(condition, assumed));
                    self.note(otherwise, assumed);
                }
                Stmt::Let { body, .. } => self.note(body, assumed),
                Stmt::Par {
                    var, extent, body, ..
                }
                | Stmt::Tasks {
                    var,
                    count: extent,
                    body,
                    ..
                } => {
                    self.set(*var, upto(*extent), Guard::always());
                    self.note(body, assumed);
                }
                Stmt::Fold(fold) => {
                    self.set(fold.var, upto(fold.extent), Guard::always());
                    self.note(&fold.body, assumed);
                }
                Stmt::For {
                    var, range, body, ..
                } => {
                    let (ends, guard) = points(*var, range, &self.ranges, assumed);
                    let step = end_of(range.step.unsigned_abs());
                    let turns = Guard::divisible(var.to_index().sub(&range.low), step);
                    let guard = if step > 1 { guard.and(&turns) } else { guard };
                    let inner = assumed.and(&guard);
                    self.set(*var, ends, guard);
                    self.note(body, &inner);
                }
                Stmt::Compute { .. } | Stmt::Load { .. } | Stmt::Store { .. } => {}
            }
        }
    }

    fn set(&mut self, var: VarId, range: (i64, i64), guard: Guard) {
        let entries = self
            .ranges
            .get_mut(var.index())
            .zip(self.guards.get_mut(var.index()));
        if let Some((known_range, known_guard)) = entries {
            (*known_range, *known_guard) = (range, guard);
        }
    }

    fn range(&self, var: VarId) -> (i64, i64) {
        self.ranges.get(var.index()).copied().unwrap_or(UNKNOWN)
    }

    /// What holds in the body of a loop.
    fn inside(&self, var: VarId, assumed: &Guard) -> Guard {
        self.guards
            .get(var.index())
            .map_or_else(|| assumed.clone(), |guard| assumed.and(guard))
    }
}

/// What holds where a condition does. One on run-time values may hold anywhere.
fn where_holds(condition: &Condition, assumed: &Guard) -> Guard {
    match condition {
        Condition::Guard(guard) => assumed.and(guard),
        Condition::Mask(_) => assumed.clone(),
    }
}

struct Search<'k, 'r> {
    kernel: &'k Kernel,
    report: &'r mut Report,
    loops: Loops,
    /// The loops of which several points run as one vector.
    vectors: FxHashSet<VarId>,
    pairs: usize,
    hard_pairs: usize,
}

pub(super) fn check(kernel: &Kernel, report: &mut Report) {
    let vector = |Directive::Vec(var, _): &Directive| *var;
    let mut search = Search {
        kernel,
        report,
        loops: Loops::of(kernel),
        vectors: kernel.schedule.iter().map(vector).collect(),
        pairs: PAIRS,
        hard_pairs: HARD_PAIRS,
    };
    search.region(&kernel.body, &Guard::always());
}

impl<'k> Search<'k, '_> {
    /// Looks at every loop of a region.
    fn region(&mut self, region: &'k Region, assumed: &Guard) {
        for stmt in &region.stmts {
            match stmt {
                Stmt::Par { var, body, .. } | Stmt::Tasks { var, body, .. } => {
                    self.body(*var, body, true, assumed);
                }
                Stmt::Fold(fold) => self.body(fold.var, &fold.body, true, assumed),
                Stmt::For {
                    var, carried, body, ..
                } => {
                    let vector = carried.is_empty() && self.vectors.contains(var);
                    self.body(*var, body, vector, assumed);
                }
                Stmt::If {
                    condition,
                    then,
                    otherwise,
                    ..
                } => {
                    self.region(then, &where_holds(condition, assumed));
                    self.region(otherwise, assumed);
                }
                Stmt::Let { body, .. } => self.region(body, assumed),
                Stmt::Compute { .. } | Stmt::Load { .. } | Stmt::Store { .. } => {}
            }
        }
    }

    /// Looks at a loop, and at those inside.
    fn body(&mut self, var: VarId, body: &'k Region, at_once: bool, assumed: &Guard) {
        let (first, end) = self.loops.range(var);
        if first >= end {
            return;
        }
        let inside = self.loops.inside(var, assumed);
        if at_once && end.saturating_sub(first) > 1 {
            self.compare(var, body, &inside);
        }
        self.region(body, &inside);
    }

    /// Compares what two iterations of a loop do.
    fn compare(&mut self, var: VarId, body: &'k Region, assumed: &Guard) {
        let mut found = Found::new(self.kernel, &self.loops);
        found.region(body, assumed);
        let Found {
            inner, memories, ..
        } = found;
        let mut pair = Pair::new(var, &inner, &self.loops);
        pair.lane = self.kernel.lane;
        for (memory, touches) in memories {
            let is_read = |touch: &Touch<'_>| touch.deed == Deed::Load;
            let Some(declared) = self.kernel.memories.get(memory.index()) else {
                continue;
            };
            if touches.iter().all(is_read) {
                continue;
            }
            let shape = &declared.ty.shape;
            let sides: Vec<(Place, Place)> = touches
                .iter()
                .map(|touch| [false, true].map(|later| pair.place(touch, shape, later)))
                .map(|[first, second]| (first, second))
                .collect();
            for (one, (first, _)) in touches.iter().zip(&sides) {
                for (other, (_, second)) in touches.iter().zip(&sides) {
                    if !one.deed.collides(other.deed) {
                        continue;
                    }
                    match self.are_apart(&pair, first, second) {
                        Some(true) => {}
                        Some(false) => return self.report_race(var, memory, one, other),
                        None => return self.give_up(var),
                    }
                }
            }
        }
    }

    /// Whether two accesses are known to be apart; `None` if too much has been asked.
    fn are_apart(&mut self, pair: &Pair, first: &Place, second: &Place) -> Option<bool> {
        self.pairs = self.pairs.checked_sub(1)?;
        let coords = first.coords.iter().zip(&second.coords);
        let gaps: Vec<Index> = coords.map(|(one, other)| one.sub(other)).collect();
        let position = first.position.sub(&second.position);
        if gaps.iter().chain([&position]).any(|gap| pair.differs(gap)) {
            return Some(true);
        }
        self.hard_pairs = self.hard_pairs.checked_sub(1)?;
        let both = pair.guard.and(&first.guard).and(&second.guard);
        let meet = gaps.into_iter().map(|gap| Guard::within(gap, 0, 1));
        let meet = meet.fold(both, |all, one| all.and(&one));
        Some(meet.holds_nowhere(&pair.ranges))
    }

    fn report_race(&mut self, var: VarId, memory: MemId, one: &Touch<'_>, other: &Touch<'_>) {
        let name = &self.kernel.memories[memory.index()].name;
        let [one, other] = [one, other].map(|touch| touch.deed.text(&subscripts(touch.at)));
        let message = format!(
            "iterations of i{} may race for `{name}`: one {one}, another {other}",
            var.0
        );
        self.report.error(Code::K10, message);
    }

    fn give_up(&mut self, var: VarId) {
        let message = format!(
            "iterations of i{} access memory too often to compare",
            var.0
        );
        self.report.error(Code::K10, message);
    }
}

fn subscripts(at: &[Subscript]) -> String {
    let subscript = |subscript: &Subscript| match subscript {
        Subscript::At(index) => index.to_string(),
        Subscript::Span(index) => format!("{index}:"),
        Subscript::Value(value) => format!("v{}", value.0),
    };
    let all: Vec<String> = at.iter().map(subscript).collect();
    format!("[{}]", all.join(", "))
}

fn upto(extent: u64) -> (i64, i64) {
    (0, end_of(extent))
}

/// What the body of a loop does to memory from outside.
struct Found<'k, 'l> {
    kernel: &'k Kernel,
    loops: &'l Loops,
    /// The variables of the loops inside.
    inner: Vec<VarId>,
    memories: BTreeMap<MemId, Vec<Touch<'k>>>,
    seen: FxHashSet<(MemId, Touch<'k>)>,
}

impl<'k, 'l> Found<'k, 'l> {
    fn new(kernel: &'k Kernel, loops: &'l Loops) -> Self {
        Found {
            kernel,
            loops,
            inner: Vec::new(),
            memories: BTreeMap::new(),
            seen: FxHashSet::default(),
        }
    }

    fn region(&mut self, region: &'k Region, assumed: &Guard) {
        for stmt in &region.stmts {
            match stmt {
                Stmt::Par { var, body, .. }
                | Stmt::Tasks { var, body, .. }
                | Stmt::For { var, body, .. } => {
                    self.body(*var, body, assumed);
                }
                Stmt::Fold(fold) => self.body(fold.var, &fold.body, assumed),
                Stmt::If {
                    condition,
                    then,
                    otherwise,
                    ..
                } => {
                    self.region(then, &where_holds(condition, assumed));
                    self.region(otherwise, assumed);
                }
                Stmt::Let { memory, body } => {
                    self.region(body, assumed);
                    // Other iterations have one of their own.
                    self.memories.remove(memory);
                }
                Stmt::Load { result, access, .. } => {
                    let form = self.kernel.type_of(*result).form;
                    self.access(Deed::Load, access, form, assumed);
                }
                Stmt::Store { access, value } => {
                    let form = self.kernel.type_of(*value).form;
                    self.access(Deed::Store, access, form, assumed);
                }
                Stmt::Compute { .. } => {}
            }
        }
    }

    fn body(&mut self, var: VarId, body: &'k Region, assumed: &Guard) {
        let (first, end) = self.loops.range(var);
        if first < end {
            self.inner.push(var);
            self.region(body, &self.loops.inside(var, assumed));
        }
    }

    fn access(&mut self, deed: Deed, access: &'k Access, form: Form, assumed: &Guard) {
        let guard = assumed.and(&access.guard);
        if guard.simplify(&self.loops.ranges).is_never() {
            return;
        }
        if let Some(fault) = &access.fault {
            let note = Touch {
                deed: Deed::Note,
                at: &[],
                clip: false,
                form: Form::Scalar,
                guard: guard.clone(),
            };
            self.add(fault.status, note);
        }
        let touch = Touch {
            deed,
            at: &access.at,
            clip: access.clip,
            form,
            guard,
        };
        self.add(access.memory, touch);
    }

    fn add(&mut self, memory: MemId, touch: Touch<'k>) {
        if self.seen.insert((memory, touch.clone())) {
            self.memories.entry(memory).or_default().push(touch);
        }
    }
}

/// Two iterations of a loop, the second one d ≥ 1 after the first.
struct Pair {
    /// The ranges of the kernel's variables, which are those of the first iteration, and of more.
    ranges: Vec<(i64, i64)>,
    /// What the variables of the first iteration are in the second.
    later: FxHashMap<u32, Index>,
    /// The second is an iteration, too.
    guard: Guard,
    /// The variable that stands for the lane, which each access has of its own.
    lane: Option<VarId>,
}

impl Pair {
    fn new(var: VarId, inner: &[VarId], loops: &Loops) -> Self {
        let (first, end) = loops.range(var);
        let mut pair = Pair {
            ranges: loops.ranges.clone(),
            later: FxHashMap::default(),
            guard: Guard::always(),
            lane: None,
        };
        let second = var
            .to_index()
            .add(&fresh(&mut pair.ranges, (1, end.saturating_sub(first))));
        pair.guard = Guard::within(second.clone(), first, end);
        pair.later.insert(var.0, second);
        for &var in inner {
            let other = fresh(&mut pair.ranges, loops.range(var));
            pair.later.insert(var.0, other);
        }
        pair
    }

    /// Where something happens in one of the two iterations.
    fn place(&mut self, touch: &Touch<'_>, shape: &Shape, later: bool) -> Place {
        let (ranges, renames) = (&mut self.ranges, &self.later);
        let has_spans = touch.at.iter().any(|at| matches!(at, Subscript::Span(_)));
        let own_lane = self.lane.filter(|_| !has_spans).map(|lane| {
            let lanes = i64::from(touch.form.elements());
            (lane.0, fresh(ranges, (0, lanes)))
        });
        let renamed = |index: &Index| {
            index.replace(&mut |var| match &own_lane {
                Some((lane, own)) if *lane == var => Some(own.clone()),
                Some(_) | None if later => renames.get(&var).cloned(),
                Some(_) | None => None,
            })
        };
        let mut guard = touch.guard.map(renamed);
        let mut lengths = [0, 1]
            .map(|axis| i64::from(touch.form.extent(axis)))
            .into_iter();
        let mut coords = Vec::with_capacity(touch.at.len());
        for (subscript, extent) in touch.at.iter().zip(shape.extents()) {
            let axis = upto(extent);
            coords.push(match subscript {
                Subscript::At(index) => renamed(index),
                Subscript::Span(index) => {
                    // Accesses have as many spans as their form has axes: that was checked before.
                    let length = lengths.next().unwrap_or(1);
                    let first = renamed(index);
                    // What is left out of a span from a known place on needs no condition of its own.
                    let known = first.as_constant().filter(|_| touch.clip);
                    let kept = known.map(|at| ((axis.0 - at).max(0), (axis.1 - at).min(length)));
                    let kept = kept.filter(|(low, high)| low < high);
                    let coord = first.add(&fresh(ranges, kept.unwrap_or((0, length))));
                    if touch.clip && kept.is_none() {
                        guard = guard.and(&Guard::within(coord.clone(), axis.0, axis.1));
                    }
                    coord
                }
                Subscript::Value(_) => fresh(ranges, axis),
            });
        }
        let strides = shape.strides();
        let strides: Vec<i64> = strides.iter().map(|&stride| stride as i64).collect();
        let position = Index::linear(&coords, &strides).simplify(ranges);
        Place {
            coords,
            position,
            guard,
        }
    }

    /// Whether a difference is 0 nowhere, as far as ranges tell.
    fn differs(&self, gap: &Index) -> bool {
        let range = gap.range(&self.ranges);
        range != UNKNOWN && (range.0 > 0 || range.1 <= 0)
    }
}

/// A new variable of that range.
fn fresh(ranges: &mut Vec<(i64, i64)>, range: (i64, i64)) -> Index {
    ranges.push(range);
    Index::var(ranges.len() as u32 - 1)
}
