//! Tables, scopes, types and loops of a kernel (K01–K06, K11).

use super::{MAX_ELEMENTS, MAX_LANES, Report, VerifyCode as Code};
use crate::kernel::{
    Condition, Fold, ForRange, Form, Kernel, MAX_NESTING, MemId, Op, Place, Region, Space, Stmt,
    ValueId, ValueType, VarId, end_of,
};
use lgc_ir::dtype::DType;
use lgc_ir::index::{Guard, Index, UNKNOWN};
use rustc_hash::FxHashSet;

/// How far an id has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    Never,
    InScope,
    OutOfScope,
}

/// What a region defines, to be closed at its end.
enum Defined {
    Value(ValueId),
    Var(VarId),
    Memory(MemId),
}

pub(super) struct Checker<'k, 'r> {
    pub(super) kernel: &'k Kernel,
    pub(super) report: &'r mut Report,
    values: Vec<Seen>,
    vars: Vec<Seen>,
    memories: Vec<Seen>,
    /// The ranges of index variables.
    pub(super) bounds: Vec<(i64, i64)>,
    /// Relations that hold at the statement at hand.
    pub(super) assumed: Guard,
    /// Whether the statement at hand provably never runs.
    pub(super) dead: bool,
    /// How many parallel loops are around the statement at hand, and around each local buffer.
    par_depth: usize,
    /// Whether the statement at hand belongs to a task.
    in_task: bool,
    declared_at: Vec<usize>,
    trail: Vec<Defined>,
}

pub(super) fn check(kernel: &Kernel, report: &mut Report) {
    let nested = kernel.body.nesting();
    let shallow = report.require(nested <= MAX_NESTING, Code::K02, || {
        format!("statements nest {nested} deep")
    });
    if !shallow || !tables_are_sound(kernel, report) {
        return;
    }
    let memory = |place: Place| match place {
        Place::Param(_) => Seen::InScope,
        Place::Local(_) => Seen::Never,
    };
    let mut checker = Checker {
        kernel,
        report,
        values: vec![Seen::Never; kernel.values.len()],
        vars: vec![Seen::Never; kernel.vars as usize],
        memories: kernel.memories.iter().map(|m| memory(m.place)).collect(),
        bounds: vec![UNKNOWN; kernel.vars as usize],
        assumed: Guard::always(),
        dead: false,
        par_depth: 0,
        in_task: false,
        declared_at: vec![0; kernel.memories.len()],
        trail: Vec::new(),
    };
    if let Some(lane) = kernel.lane {
        // No loop defines it: it is in scope in accesses by lanes only.
        checker.define_var(lane, UNKNOWN);
        checker.close(0);
    }
    checker.region(&kernel.body, &[]);
}

fn tables_are_sound(kernel: &Kernel, report: &mut Report) -> bool {
    let before = report.errors.len();
    let is_local = |place: Place| matches!(place, Place::Local(_));
    let sorted = kernel
        .memories
        .is_sorted_by_key(|memory| is_local(memory.place));
    report.require(sorted, Code::K01, || {
        "a parameter comes after a local buffer".into()
    });
    for memory in &kernel.memories {
        report.require(memory.ty.is_bounded(), Code::K01, || {
            format!("`{}` is too large", memory.name)
        });
    }
    report.require(
        kernel.vars as usize <= kernel.body.size() + usize::from(kernel.lane.is_some()),
        Code::K01,
        || "there are more index variables than loops".into(),
    );
    for ty in &kernel.values {
        let count = match ty.form {
            Form::Scalar => 1,
            Form::Vector(lanes) => lanes,
            Form::Tile(rows, columns) => rows.saturating_mul(columns),
        };
        report.require((1..=MAX_ELEMENTS).contains(&count), Code::K05, || {
            format!("{ty} has {count} elements")
        });
    }
    report.errors.len() == before
}

impl Checker<'_, '_> {
    // ---------------------------------------------------------------------------- scopes

    fn define_value(&mut self, value: ValueId) {
        match self.values.get_mut(value.index()) {
            Some(seen @ Seen::Never) => {
                *seen = Seen::InScope;
                self.trail.push(Defined::Value(value));
            }
            Some(Seen::InScope | Seen::OutOfScope) => {
                let message = format!("v{} is defined again", value.0);
                self.report.error(Code::K03, message);
            }
            None => self
                .report
                .error(Code::K01, format!("v{} has no type", value.0)),
        }
    }

    fn define_var(&mut self, var: VarId, range: (i64, i64)) {
        match self.vars.get_mut(var.index()) {
            Some(seen @ Seen::Never) => {
                *seen = Seen::InScope;
                self.bounds[var.index()] = range;
                self.trail.push(Defined::Var(var));
            }
            Some(Seen::InScope | Seen::OutOfScope) => {
                let message = format!("i{} is defined again", var.0);
                self.report.error(Code::K03, message);
            }
            None => {
                let message = format!("i{} is beyond the {} declared", var.0, self.kernel.vars);
                self.report.error(Code::K01, message);
            }
        }
    }

    fn define_memory(&mut self, memory: MemId) {
        match self.memories.get_mut(memory.index()) {
            Some(seen @ Seen::Never) => {
                *seen = Seen::InScope;
                self.declared_at[memory.index()] = self.par_depth;
                self.trail.push(Defined::Memory(memory));
            }
            Some(Seen::InScope | Seen::OutOfScope) => {
                self.report.error(
                    Code::K03,
                    "a buffer is declared again, or a parameter is declared in the body",
                );
            }
            None => self.report.error(Code::K01, "a buffer is in no table"),
        }
    }

    /// The type of a value that is used, if it may be used here.
    pub(super) fn used(&mut self, value: ValueId) -> Option<ValueType> {
        match self.values.get(value.index()) {
            Some(Seen::InScope) => return self.kernel.values.get(value.index()).copied(),
            Some(Seen::Never) => {
                let message = format!("v{} is used before its definition", value.0);
                self.report.error(Code::K04, message);
            }
            Some(Seen::OutOfScope) => {
                let message = format!("v{} is used outside its scope", value.0);
                self.report.error(Code::K04, message);
            }
            None => self
                .report
                .error(Code::K01, format!("v{} has no type", value.0)),
        }
        None
    }

    /// Whether memory may be used here.
    pub(super) fn used_memory(&mut self, memory: MemId) -> bool {
        let Some(declared) = self.kernel.memories.get(memory.index()) else {
            self.report.error(Code::K01, "memory is in no table");
            return false;
        };
        let name = &declared.name;
        let is_private = declared.place == Place::Local(Space::Private);
        if is_private && self.declared_at[memory.index()] < self.par_depth {
            let message = format!("`{name}` is private to what is around a parallel loop");
            self.report.error(Code::K11, message);
        }
        let visible = self.memories[memory.index()] == Seen::InScope;
        self.report.require(visible, Code::K04, || {
            format!("`{name}` is used outside its scope")
        })
    }

    /// Whether the variables of an index may be used here.
    pub(super) fn used_index(&mut self, index: &Index) -> bool {
        let small = self.report.require(index.is_small(), Code::K01, || {
            "an index expression is too large".into()
        });
        if !small {
            return false;
        }
        let mut unseen = None;
        index.for_each_var(&mut |var| {
            if self.vars.get(var as usize) != Some(&Seen::InScope) {
                unseen = Some(var);
            }
        });
        if let Some(var) = unseen {
            let message = format!("i{var} is used outside its loop");
            self.report.error(Code::K04, message);
        }
        unseen.is_none()
    }

    pub(super) fn used_guard(&mut self, guard: &Guard) -> bool {
        let mut relations = guard.relations().iter();
        relations.all(|relation| self.used_index(relation.index()))
    }

    /// Checks something in which the variable that stands for the lane may be used.
    pub(super) fn in_lanes(&mut self, lanes: u32, check: impl FnOnce(&mut Self)) {
        let place = self.kernel.lane.map(VarId::index);
        let place = place.filter(|&place| self.vars.get(place) == Some(&Seen::OutOfScope));
        if let Some(place) = place {
            self.vars[place] = Seen::InScope;
            self.bounds[place] = (0, i64::from(lanes));
        }
        check(self);
        if let Some(place) = place {
            self.vars[place] = Seen::OutOfScope;
            self.bounds[place] = UNKNOWN;
        }
    }

    /// Checks a region; `yields` are used at its end.
    fn region(&mut self, region: &Region, yields: &[ValueId]) {
        let mark = self.trail.len();
        for stmt in &region.stmts {
            self.stmt(stmt);
        }
        for &value in yields {
            self.used(value);
        }
        self.close(mark);
    }

    /// Ends the scope of everything defined since the mark.
    fn close(&mut self, mark: usize) {
        for defined in self.trail.drain(mark..) {
            match defined {
                Defined::Value(value) => self.values[value.index()] = Seen::OutOfScope,
                Defined::Var(var) => self.vars[var.index()] = Seen::OutOfScope,
                Defined::Memory(memory) => self.memories[memory.index()] = Seen::OutOfScope,
            }
        }
    }

    // ---------------------------------------------------------------------------- statements

    fn stmt(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::Par {
                var,
                extent,
                grain,
                body,
            } => {
                self.report
                    .require(*grain > 0, Code::K06, || "a grain of 0".into());
                self.countable(*extent);
                self.par_depth += 1;
                self.loop_body(
                    *var,
                    upto(*extent),
                    Guard::always(),
                    body,
                    |_| vec![],
                    |_| {},
                );
                self.par_depth -= 1;
            }
            Stmt::Tasks { .. } => self.tasks(stmt),
            Stmt::For { .. } => self.sequential(stmt),
            Stmt::Fold(fold) => self.fold(fold),
            Stmt::If { .. } => self.branch(stmt),
            Stmt::Let { memory, body } => {
                let mark = self.trail.len();
                self.define_memory(*memory);
                self.region(body, &[]);
                self.close(mark);
            }
            Stmt::Compute { result, op } => self.compute(*result, op),
            Stmt::Load {
                result,
                access,
                otherwise,
            } => {
                self.load(*result, access, *otherwise);
                self.define_value(*result);
            }
            Stmt::Store { access, value } => self.store(access, *value),
        }
    }

    /// Checks tasks, which see nothing from outside but what is in their frame.
    fn tasks(&mut self, stmt: &Stmt) {
        let Stmt::Tasks {
            var,
            count,
            frame,
            body,
        } = stmt
        else {
            return;
        };
        self.report.require(!self.in_task, Code::K13, || {
            "tasks are handed out by a task".into()
        });
        let own = |memory: &MemId| match self.kernel.memories.get(memory.index()) {
            Some(memory) => memory.place == Place::Local(Space::Private),
            None => false,
        };
        let shared = !frame.memories.iter().any(own);
        self.report.require(shared, Code::K11, || {
            "the frame of tasks has a private buffer".into()
        });
        for &memory in &frame.memories {
            self.used_memory(memory);
        }
        for &value in &frame.values {
            self.used(value);
        }
        for &var in &frame.vars {
            self.used_index(&var.to_index());
        }
        let outer = (
            self.values.clone(),
            self.vars.clone(),
            self.memories.clone(),
        );
        hide(&mut self.values, frame.values.iter().map(|v| v.index()));
        hide(&mut self.vars, frame.vars.iter().map(|v| v.index()));
        hide(&mut self.memories, frame.memories.iter().map(|m| m.index()));
        (self.par_depth, self.in_task) = (self.par_depth + 1, true);
        let nothing = |_: &mut Self| vec![];
        self.loop_body(*var, upto(*count), Guard::always(), body, nothing, |_| {});
        (self.par_depth, self.in_task) = (self.par_depth - 1, false);
        show(&mut self.values, &outer.0);
        show(&mut self.vars, &outer.1);
        show(&mut self.memories, &outer.2);
    }

    /// Checks the body of a loop: `define` makes what is visible in it, and gives what it yields.
    fn loop_body(
        &mut self,
        var: VarId,
        range: (i64, i64),
        assumed: Guard,
        body: &Region,
        define: impl FnOnce(&mut Self) -> Vec<ValueId>,
        after: impl FnOnce(&mut Self),
    ) {
        let outer = (self.assumed.clone(), self.dead);
        let mark = self.trail.len();
        self.define_var(var, range);
        self.assumed = self.assumed.and(&assumed);
        self.dead |= range.0 >= range.1;
        let yields = define(self);
        self.region(body, &yields);
        self.close(mark);
        (self.assumed, self.dead) = outer;
        after(self);
    }

    /// Requires that values have the type of the first one.
    fn one_type(&mut self, values: &[ValueId], what: &str) {
        let ty = |value: &ValueId| self.kernel.values.get(value.index());
        let first = values.first().and_then(ty);
        let same = first.is_some() && values.iter().all(|value| ty(value) == first);
        self.report
            .require(same, Code::K05, || format!("{what} have different types"));
    }

    /// Requires that the iterations of a loop can be counted.
    fn countable(&mut self, extent: u64) {
        let counts = i64::try_from(extent).is_ok();
        self.report
            .require(counts, Code::K06, || format!("{extent} iterations"));
    }

    fn sequential(&mut self, stmt: &Stmt) {
        let Stmt::For {
            var,
            range,
            carried,
            body,
        } = stmt
        else {
            return;
        };
        self.report
            .require(range.step != 0, Code::K06, || "a step of 0".into());
        let upwards = range.step > 0 || (range.below.is_none() && range.until.is_none());
        self.report.require(upwards, Code::K06, || {
            "`below` or `until` of a loop that goes downwards".into()
        });
        if let Some(ty) = range.until.and_then(|until| self.used(until)) {
            let fits = ty == ValueType::scalar(DType::I64);
            self.report.require(fits, Code::K06, || {
                format!("`until` has type {ty}, not i64")
            });
        }
        let is_small = range.step.checked_neg().is_some();
        self.report
            .require(is_small, Code::K06, || format!("a step of {}", range.step));
        if let (Some(low), Some(high)) = (range.low.as_constant(), range.high.as_constant()) {
            let counts = high.checked_sub(low).is_some();
            self.report
                .require(counts, Code::K06, || format!("points from {low} to {high}"));
        }
        let sound = self.used_index(&range.low) & self.used_index(&range.high);
        for state in carried {
            self.used(state.init);
            let all = [state.init, state.state, state.next, state.result];
            self.one_type(&all, "the parts of a carried value");
        }
        let (points, assumed) = match sound {
            true => points(*var, range, &self.bounds, &self.assumed),
            false => (UNKNOWN, Guard::always()),
        };
        self.loop_body(
            *var,
            points,
            assumed,
            body,
            |checker| {
                carried.iter().for_each(|c| checker.define_value(c.state));
                carried.iter().map(|c| c.next).collect()
            },
            |checker| carried.iter().for_each(|c| checker.define_value(c.result)),
        );
    }

    fn fold(&mut self, fold: &Fold) {
        let lanes = fold.lanes.is_power_of_two() && fold.lanes <= MAX_LANES;
        self.report
            .require(lanes, Code::K06, || format!("{} lanes", fold.lanes));
        self.countable(fold.extent);
        let whole = fold.chunk >= fold.extent;
        let chunk =
            fold.chunk > 0 && (whole || fold.chunk.is_multiple_of(fold.lanes.max(1).into()));
        self.report.require(chunk, Code::K06, || {
            format!("chunks of {} for {} lanes", fold.chunk, fold.lanes)
        });
        self.report.require(!fold.states.is_empty(), Code::K06, || {
            "a fold without state".into()
        });
        for state in &fold.states {
            self.used(state.init);
            let all = [
                state.init,
                state.state,
                state.next,
                state.left,
                state.right,
                state.merged,
                state.result,
            ];
            self.one_type(&all, "the parts of a fold's state");
        }
        let states = &fold.states;
        self.loop_body(
            fold.var,
            upto(fold.extent),
            Guard::always(),
            &fold.body,
            |checker| {
                states.iter().for_each(|s| checker.define_value(s.state));
                states.iter().map(|s| s.next).collect()
            },
            |_| {},
        );
        self.merge(fold);
        states.iter().for_each(|s| self.define_value(s.result));
    }

    fn merge(&mut self, fold: &Fold) {
        let computes = |stmt: &Stmt| matches!(stmt, Stmt::Compute { .. });
        let pure = fold.merge.stmts.iter().all(computes);
        self.report
            .require(pure, Code::K06, || "a merge does more than compute".into());
        let mark = self.trail.len();
        fold.states.iter().for_each(|s| self.define_value(s.left));
        fold.states.iter().for_each(|s| self.define_value(s.right));
        let merged: Vec<ValueId> = fold.states.iter().map(|s| s.merged).collect();
        self.region(&fold.merge, &merged);
        self.close(mark);
    }

    fn branch(&mut self, stmt: &Stmt) {
        let Stmt::If {
            condition,
            then,
            otherwise,
            joins,
        } = stmt
        else {
            return;
        };
        let outer = (self.assumed.clone(), self.dead);
        match condition {
            Condition::Guard(guard) => {
                if self.used_guard(guard) {
                    self.assumed = self.assumed.and(guard);
                    self.dead |= guard.simplify(&self.bounds).is_never();
                }
            }
            Condition::Mask(mask) => self.bool_scalar(*mask, "a condition"),
        }
        let yields: Vec<ValueId> = joins.iter().map(|join| join.then).collect();
        self.region(then, &yields);
        (self.assumed, self.dead) = outer;
        let yields: Vec<ValueId> = joins.iter().map(|join| join.otherwise).collect();
        self.region(otherwise, &yields);
        for join in joins {
            let all = [join.then, join.otherwise, join.result];
            self.one_type(&all, "the sides of a branch");
            self.define_value(join.result);
        }
    }

    pub(super) fn bool_scalar(&mut self, value: ValueId, what: &str) {
        if let Some(ty) = self.used(value) {
            let fits = ty == ValueType::scalar(DType::Bool);
            self.report.require(fits, Code::K07, || {
                format!("{what} has type {ty}, not bool")
            });
        }
    }

    fn compute(&mut self, result: ValueId, op: &Op) {
        let mut sound = true;
        for operand in op.operands() {
            sound &= self.used(operand).is_some();
        }
        match op {
            Op::Index(_, index) => sound &= self.used_index(index),
            Op::Ramp(_, lanes, index) => {
                self.in_lanes(*lanes, |checker| sound &= checker.used_index(index));
            }
            Op::Const(..)
            | Op::Unary(..)
            | Op::Binary(..)
            | Op::Compare(..)
            | Op::Connect(..)
            | Op::Not(_)
            | Op::Select(..)
            | Op::Cast(..)
            | Op::Bitcast(..)
            | Op::Fma(..)
            | Op::Splat(..)
            | Op::Slice(..)
            | Op::Rows(..)
            | Op::Columns(..)
            | Op::Mma(..) => {}
        }
        if sound {
            let ty = self.kernel.values.get(result.index());
            let inferred = op.result_type(&|value| self.kernel.type_of(value));
            match (inferred, ty) {
                (Ok(inferred), Some(ty)) => {
                    self.report.require(inferred == *ty, Code::K05, || {
                        format!("v{} has type {inferred}, not {ty}", result.0)
                    });
                }
                (Err(fault), _) => {
                    let message = format!("v{} = {}: {fault}", result.0, op.name());
                    self.report.error(Code::K05, message);
                }
                (Ok(_), None) => {}
            }
        }
        self.define_value(result);
    }
}

/// Takes what is in scope and not among `kept` out of it.
fn hide(seen: &mut [Seen], kept: impl Iterator<Item = usize>) {
    let kept: FxHashSet<usize> = kept.collect();
    for (at, seen) in seen.iter_mut().enumerate() {
        if *seen == Seen::InScope && !kept.contains(&at) {
            *seen = Seen::OutOfScope;
        }
    }
}

/// Takes what was in scope before into it again.
fn show(seen: &mut [Seen], before: &[Seen]) {
    for (seen, &before) in seen.iter_mut().zip(before) {
        if before == Seen::InScope {
            *seen = before;
        }
    }
}

fn upto(extent: u64) -> (i64, i64) {
    (0, end_of(extent))
}

/// The range of the points of a loop, and what is known of them besides.
pub(crate) fn points(
    var: VarId,
    range: &ForRange,
    bounds: &[(i64, i64)],
    assumed: &Guard,
) -> ((i64, i64), Guard) {
    let below = range.below.unwrap_or(i64::MAX);
    if let (Some(low), Some(high)) = (range.low.as_constant(), range.high.as_constant()) {
        let high = high.min(below);
        let step = i128::from(range.step.unsigned_abs().max(1));
        let width = i128::from(high) - i128::from(low);
        let last = i128::from(low) + (width - 1).div_euclid(step) * step;
        let end = i64::try_from(last + 1).unwrap_or(high);
        return ((low, if width > 0 { end } else { low }), Guard::always());
    }
    let low = range.low.range_within(bounds, assumed);
    let high = range.high.range_within(bounds, assumed);
    if low == UNKNOWN || high == UNKNOWN {
        return (UNKNOWN, Guard::always());
    }
    // Ranges may be anything up to all integers, of which the nearest bound is one as well.
    let width = high.1.saturating_sub(low.0);
    let point = var.to_index();
    let above = Guard::within(point.sub(&range.low), 0, width);
    let before = Guard::within(range.high.sub(&point), 1, width.saturating_add(1));
    let end = high.1.saturating_sub(1).min(below);
    ((low.0, last_point(range, end)), above.and(&before))
}

/// The end of a range of points that are multiples of the step, where the start is one.
fn last_point(range: &ForRange, end: i64) -> i64 {
    let step = range.step;
    let multiple = |factor: i64| factor.checked_rem(step) == Some(0);
    let aligned = range
        .low
        .terms()
        .iter()
        .all(|&(_, factor)| multiple(factor));
    if step <= 1 || !aligned || !multiple(range.low.offset()) {
        return end;
    }
    let last = end.saturating_sub(1).div_euclid(step).saturating_mul(step);
    last.saturating_add(1).min(end)
}
