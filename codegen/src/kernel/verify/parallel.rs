//! Whether parallel iterations store to one place (K10), decided on the first few of them.
//!
//! Each parallel loop, and each fold that stores, is run on its first iterations, inner loops on
//! their first points, everything around at its first point. Two iterations that store to the same
//! element of memory from outside the loop are a conflict: that is no guess, it happens. Branches on
//! run-time values, masks and run-time subscripts are skipped, as are very long bodies.

use super::{Report, VerifyCode as Code};
use crate::kernel::{
    Access, Condition, Form, Kernel, MemId, Region, Stmt, Subscript, ValueId, VarId,
};
use lgc_ir::index::Guard;
use rustc_hash::{FxHashMap, FxHashSet};

/// How many iterations of a loop are looked at.
const FIRST: u64 = 3;

/// How many statements are looked at for each loop.
const BUDGET: usize = 4096;

struct Search<'k> {
    kernel: &'k Kernel,
    vars: Vec<i64>,
    /// Which iteration stored to an element.
    stored: FxHashMap<(MemId, u64), i64>,
    /// Local buffers of an iteration: nobody else sees them.
    own: FxHashSet<MemId>,
    iteration: i64,
    budget: usize,
    conflict: Option<MemId>,
}

pub(super) fn check(kernel: &Kernel, report: &mut Report) {
    let vars = vec![0; kernel.vars as usize];
    walk(kernel, &kernel.body, vars, report);
}

/// Looks at every loop of a region, with variables around it at their first point.
fn walk(kernel: &Kernel, region: &Region, mut vars: Vec<i64>, report: &mut Report) {
    for stmt in &region.stmts {
        match stmt {
            Stmt::Par {
                var, extent, body, ..
            } => {
                search(kernel, *var, *extent, body, &vars, report);
                vars[var.index()] = 0;
                walk(kernel, body, vars.clone(), report);
            }
            Stmt::For {
                var, range, body, ..
            } => {
                let (low, high) = (range.low.eval(&vars), range.high.eval(&vars));
                if low < high {
                    vars[var.index()] = low;
                    walk(kernel, body, vars.clone(), report);
                }
            }
            Stmt::Fold(fold) => {
                search(kernel, fold.var, fold.extent, &fold.body, &vars, report);
                vars[fold.var.index()] = 0;
                walk(kernel, &fold.body, vars.clone(), report);
            }
            Stmt::If {
                condition,
                then,
                otherwise,
                ..
            } => {
                for (region, wanted) in [(then, true), (otherwise, false)] {
                    if holds(condition, &vars).is_none_or(|holds| holds == wanted) {
                        walk(kernel, region, vars.clone(), report);
                    }
                }
            }
            Stmt::Let { body, .. } => walk(kernel, body, vars.clone(), report),
            Stmt::Compute { .. } | Stmt::Load { .. } | Stmt::Store { .. } => {}
        }
    }
}

/// Whether a condition holds; `None` when it is known at run time only.
fn holds(condition: &Condition, vars: &[i64]) -> Option<bool> {
    match condition {
        Condition::Guard(guard) => Some(guard.eval(vars)),
        Condition::Mask(_) => None,
    }
}

fn search(
    kernel: &Kernel,
    var: VarId,
    extent: u64,
    body: &Region,
    vars: &[i64],
    report: &mut Report,
) {
    let mut search = Search {
        kernel,
        vars: vars.to_vec(),
        stored: FxHashMap::default(),
        own: FxHashSet::default(),
        iteration: 0,
        budget: BUDGET,
        conflict: None,
    };
    for point in 0..extent.min(FIRST) {
        search.iteration = point as i64;
        search.vars[var.index()] = point as i64;
        search.region(body);
    }
    if let Some(memory) = search.conflict {
        let name = &kernel.memories[memory.index()].name;
        let message = format!("iterations of i{} store to one element of `{name}`", var.0);
        report.error(Code::K10, message);
    }
}

impl Search<'_> {
    fn region(&mut self, region: &Region) {
        for stmt in &region.stmts {
            if self.budget == 0 || self.conflict.is_some() {
                return;
            }
            self.budget -= 1;
            self.stmt(stmt);
        }
    }

    fn points(&mut self, var: VarId, points: impl Iterator<Item = i64>, body: &Region) {
        for point in points.take(FIRST as usize) {
            self.vars[var.index()] = point;
            self.region(body);
        }
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::Par {
                var, extent, body, ..
            } => self.points(*var, 0..*extent as i64, body),
            Stmt::For {
                var, range, body, ..
            } => {
                let step = usize::try_from(range.step.unsigned_abs()).unwrap_or(usize::MAX);
                let points = range.low.eval(&self.vars)..range.high.eval(&self.vars);
                self.points(*var, points.step_by(step.max(1)), body);
            }
            Stmt::Fold(fold) => self.points(fold.var, 0..fold.extent as i64, &fold.body),
            Stmt::If {
                condition,
                then,
                otherwise,
                ..
            } => match holds(condition, &self.vars) {
                Some(true) => self.region(then),
                Some(false) => self.region(otherwise),
                None => {}
            },
            Stmt::Let { memory, body } => {
                self.own.insert(*memory);
                self.region(body);
            }
            Stmt::Store { access, value } => self.store(access, *value),
            Stmt::Compute { .. } | Stmt::Load { .. } => {}
        }
    }

    fn store(&mut self, access: &Access, value: ValueId) {
        let guard: &Guard = &access.guard;
        if access.mask.is_some() || self.own.contains(&access.memory) || !guard.eval(&self.vars) {
            return;
        }
        let form = self.kernel.type_of(value).form;
        for row in 0..form.extent(0) {
            for column in 0..form.extent(1) {
                if let Some(position) = self.position(access, form, [row, column]) {
                    let first = self.stored.entry((access.memory, position));
                    if *first.or_insert(self.iteration) != self.iteration {
                        self.conflict = Some(access.memory);
                    }
                }
            }
        }
    }

    /// The element of an access, if it can be told and is inside.
    fn position(&self, access: &Access, form: Form, along: [u32; 2]) -> Option<u64> {
        let shape = &self.kernel.memories[access.memory.index()].ty.shape;
        let mut spans = along.into_iter().take(form.rank());
        let coordinate = |subscript: &Subscript| match subscript {
            Subscript::At(index) => Some(index.eval(&self.vars)),
            Subscript::Span(index) => {
                let offset = i64::from(spans.next().unwrap_or(0));
                Some(index.eval(&self.vars).saturating_add(offset))
            }
            Subscript::Value(_) => None,
        };
        let coordinates: Option<Vec<i64>> = access.at.iter().map(coordinate).collect();
        shape.ravel(&coordinates?)
    }
}
