//! Parallel loops as tasks.
//!
//! A parallel loop that is worth it becomes *tasks*: calls of one function of the number of the task and of a frame,
//! which holds what the loop needs from outside. A task is a block of iterations that follows from its number and from
//! extents, so that results do not depend on who runs it. Loops inside a task, loops that record faults (which
//! iterations share), and loops that are not worth it become plain loops. A parallel loop inside a sequential one is
//! handed out anew in each of its iterations.

use super::rewrite::{Draft, Renames, defined_values, has_faults};
use crate::backend::refusal::{Result, signed};
use crate::kernel::{
    Directive, ForRange, IdVisitor, Kernel, MemId, Op, Region, Stmt, TaskFrame, ValueId, VarId,
};
use crate::target::{Costs, Target};
use lgc_ir::index::{Guard, Index};
use rustc_hash::{FxHashMap, FxHashSet};

/// The kernel with tasks and plain loops in place of its parallel loops.
///
/// # Errors
/// If a loop has more than 2⁶³ iterations, which none has in a verified kernel.
pub(super) fn outline(kernel: &Kernel, target: &Target) -> Result<Kernel> {
    let (draft, body) = Draft::of(kernel);
    let mut outliner = Outliner {
        draft,
        constants: Constants::default(),
        costs: &target.costs,
    };
    let body = outliner.region(body, false)?;
    Ok(outliner.draft.finish(body))
}

/// Values in scope that are computed from nothing but one another: tasks compute them again.
#[derive(Default)]
struct Constants {
    order: Vec<(ValueId, Op)>,
    values: FxHashSet<ValueId>,
}

struct Outliner<'t> {
    costs: &'t Costs,
    draft: Draft,
    constants: Constants,
}

/// The loops of a parallel nest: those outside whose points are spread over tasks, and that which is cut into blocks.
struct Nest {
    outer: Vec<(VarId, u64)>,
    var: VarId,
    extent: u64,
    block: u64,
    body: Region,
}

impl Nest {
    fn blocks(&self) -> u64 {
        self.extent.div_ceil(self.block)
    }

    fn count(&self) -> u64 {
        points(&self.outer).saturating_mul(self.blocks())
    }
}

/// The digits of a number, the last one first.
struct Digits {
    /// The variable that is what is left of the number.
    rest: VarId,
    /// It is below this.
    end: i64,
    /// The variables that are what was left before, and what each is.
    bindings: Vec<(VarId, Index)>,
}

impl Digits {
    /// The next digit, below `radix`. The number is below the product of all.
    fn next(&mut self, draft: &mut Draft, radix: i64) -> Index {
        let rest = self.rest.to_index();
        if radix <= 1 {
            return Index::constant(0);
        }
        if self.end <= radix {
            return rest;
        }
        let quotient = draft.var();
        self.bindings.push((quotient, rest.floor_div(radix)));
        self.rest = quotient;
        self.end /= radix;
        rest.modulo(radix)
    }
}

/// A statement in which a variable is an index.
fn bound(var: VarId, point: Index, stmt: Stmt) -> Stmt {
    Stmt::For {
        var,
        range: ForRange::new(point.clone(), point.add_constant(1), 1),
        carried: Vec::new(),
        body: Region { stmts: vec![stmt] },
    }
}

fn points(loops: &[(VarId, u64)]) -> u64 {
    let extents = loops.iter().map(|&(_, extent)| extent);
    extents.fold(1, u64::saturating_mul)
}

impl Outliner<'_> {
    fn region(&mut self, region: Region, in_task: bool) -> Result<Region> {
        let known = self.constants.order.len();
        let mut stmts = Vec::with_capacity(region.stmts.len());
        for stmt in region.stmts {
            stmts.push(self.stmt(stmt, in_task)?);
        }
        for (value, _) in self.constants.order.drain(known..) {
            self.constants.values.remove(&value);
        }
        Ok(Region { stmts })
    }

    fn stmt(&mut self, mut stmt: Stmt, in_task: bool) -> Result<Stmt> {
        if let Stmt::Compute { result, op } = &stmt {
            let constants = &mut self.constants;
            let is_index = matches!(op, Op::Index(..) | Op::Ramp(..));
            if !is_index && op.operands().iter().all(|x| constants.values.contains(x)) {
                constants.order.push((*result, op.clone()));
                constants.values.insert(*result);
            }
        }
        if let Stmt::Par { .. } = stmt {
            if !in_task && let Some(nest) = self.nest(&stmt) {
                return self.tasks(nest);
            }
            return self.plain(stmt, in_task);
        }
        for inner in stmt.regions_mut() {
            *inner = self.region(std::mem::take(inner), in_task)?;
        }
        Ok(stmt)
    }

    /// A parallel loop, run in order.
    fn plain(&mut self, stmt: Stmt, in_task: bool) -> Result<Stmt> {
        let Stmt::Par {
            var, extent, body, ..
        } = stmt
        else {
            return Ok(stmt);
        };
        Ok(Stmt::For {
            var,
            range: ForRange::span(0, signed(extent)?, 1),
            carried: Vec::new(),
            body: self.region(body, in_task)?,
        })
    }

    /// How a parallel loop is cut into tasks, if it is worth two.
    fn nest(&self, stmt: &Stmt) -> Option<Nest> {
        let mut outer = Vec::new();
        let mut inner = stmt;
        while let Stmt::Par {
            var,
            extent,
            grain,
            body,
        } = inner
        {
            let points = points(&outer);
            if let [next @ Stmt::Par { .. }] = body.stmts.as_slice()
                && *grain == 1
                && points.saturating_mul(*extent) < self.costs.enough_tasks
            {
                outer.push((*var, *extent));
                inner = next;
                continue;
            }
            let block = extent
                .saturating_mul(points)
                .div_ceil(self.costs.max_tasks.max(1))
                .max(*grain)
                .min(*extent)
                .max(1)
                .next_multiple_of(self.pace(*var));
            let nest = Nest {
                outer,
                var: *var,
                extent: *extent,
                block,
                body: body.clone(),
            };
            return (*extent > 0 && nest.count() >= 2 && !has_faults(stmt)).then_some(nest);
        }
        None
    }

    /// The iterations that a loop takes at once: blocks are multiples, so that only the last one has a rest.
    fn pace(&self, var: VarId) -> u64 {
        let schedule = self.draft.kernel.schedule.iter();
        let own = schedule.filter(|Directive::Vec(other, _)| *other == var);
        own.fold(1, |pace, Directive::Vec(_, count)| {
            pace * u64::from((*count).max(1))
        })
    }

    fn tasks(&mut self, nest: Nest) -> Result<Stmt> {
        let (number, count) = (self.draft.var(), nest.count());
        let (block, extent) = (signed(nest.block)?, signed(nest.extent)?);
        // The points of the nest follow from the number like its digits. What is left of the number after each digit is
        // bound to a variable of its own: so it is divided once, and that different numbers have different points is
        // plain to see.
        let mut digits = Digits {
            rest: number,
            end: signed(count)?,
            bindings: Vec::new(),
        };
        let start = digits
            .next(&mut self.draft, signed(nest.blocks())?)
            .scale(block);
        let mut points = Vec::new();
        for &(var, extent) in nest.outer.iter().rev() {
            points.push((var, digits.next(&mut self.draft, signed(extent)?)));
        }
        let mut range = ForRange::new(start.clone(), start.add_constant(block), 1);
        if extent % block != 0 {
            range.below = Some(extent);
        }
        let mut stmt = Stmt::For {
            var: nest.var,
            range,
            carried: Vec::new(),
            body: self.region(nest.body, true)?,
        };
        for (var, point) in points.into_iter().chain(digits.bindings.into_iter().rev()) {
            stmt = bound(var, point, stmt);
        }
        let mut body = Region { stmts: vec![stmt] };
        let frame = self.frame(&mut body, number);
        Ok(Stmt::Tasks {
            var: number,
            count,
            frame,
            body,
        })
    }

    /// What a body uses from outside; constants are computed again in it.
    fn frame(&mut self, body: &mut Region, number: VarId) -> TaskFrame {
        let mut used = Used::default();
        body.visit_ids(&mut used);
        let mut own = Own::default();
        own.vars.insert(number);
        own.vars.extend(self.draft.kernel.lane);
        body.visit(&mut |stmt| own.note(stmt));
        let mut renames = Renames::default();
        let mut again = Vec::new();
        let needed = self.needed(&used.values);
        for (value, op) in &self.constants.order {
            if !needed.contains(value) {
                continue;
            }
            let mut op = op.clone();
            for operand in op.operands_mut() {
                *operand = renames.of(*operand);
            }
            let result = self.draft.like(*value);
            renames.values.insert(*value, result);
            again.push(Stmt::Compute { result, op });
        }
        body.visit_ids(&mut renames);
        body.stmts.splice(0..0, again);
        TaskFrame {
            memories: used.memories.without(&own.memories),
            values: used
                .values
                .without(&own.values)
                .into_iter()
                .filter(|v| !needed.contains(v))
                .collect(),
            vars: used.vars.without(&own.vars),
        }
    }

    /// The constants among values, and those that they are computed from.
    fn needed(&self, used: &Ordered<ValueId>) -> FxHashSet<ValueId> {
        let mut needed: FxHashSet<ValueId> = FxHashSet::default();
        for (value, op) in self.constants.order.iter().rev() {
            if needed.contains(value) || used.seen.contains_key(value) {
                needed.insert(*value);
                needed.extend(op.operands());
            }
        }
        needed
    }
}

/// Ids in the order in which they are first seen.
struct Ordered<T> {
    order: Vec<T>,
    seen: FxHashMap<T, ()>,
}

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Ordered {
            order: Vec::new(),
            seen: FxHashMap::default(),
        }
    }
}

impl<T: Copy + Eq + std::hash::Hash> Ordered<T> {
    fn insert(&mut self, id: T) {
        if self.seen.insert(id, ()).is_none() {
            self.order.push(id);
        }
    }

    fn without(self, others: &FxHashSet<T>) -> Vec<T> {
        let mut order = self.order;
        order.retain(|id| !others.contains(id));
        order
    }
}

/// What a body mentions.
#[derive(Default)]
struct Used {
    values: Ordered<ValueId>,
    memories: Ordered<MemId>,
    vars: Ordered<VarId>,
}

impl IdVisitor for Used {
    fn value(&mut self, value: &mut ValueId) {
        self.values.insert(*value);
    }
    fn var(&mut self, _: &mut VarId) {}
    fn memory(&mut self, memory: &mut MemId) {
        self.memories.insert(*memory);
    }
    fn index(&mut self, index: &mut Index) {
        index.for_each_var(&mut |var| self.vars.insert(VarId(var)));
    }
    fn guard(&mut self, guard: &mut Guard) {
        for relation in guard.relations() {
            let index = relation.index();
            index.for_each_var(&mut |var| self.vars.insert(VarId(var)));
        }
    }
}

/// What a body defines.
#[derive(Default)]
struct Own {
    values: FxHashSet<ValueId>,
    memories: FxHashSet<MemId>,
    vars: FxHashSet<VarId>,
}

impl Own {
    fn note(&mut self, stmt: &Stmt) {
        self.values.extend(defined_values(stmt));
        self.vars.extend(stmt.var());
        if let Stmt::Let { memory, .. } = stmt {
            self.memories.insert(*memory);
        }
    }
}
