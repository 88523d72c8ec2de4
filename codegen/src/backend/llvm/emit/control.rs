//! Regions, loops and branches.

use super::{EmitError, Emitted, Emitter, Operand, refuse};
use crate::kernel::{
    Carried, Condition, ForRange, Join, Region, Stmt, ValueId, VarId, loop_points,
};
use lgc_ir::index::{Guard, UNKNOWN};
use lgc_llvm::inkwell::IntPredicate;
use lgc_llvm::inkwell::basic_block::BasicBlock;
use lgc_llvm::inkwell::values::{BasicValue, IntValue, PhiValue};

impl<'c, 'e> Emitter<'c, 'e> {
    /// Emits the statements of a region.
    pub(super) fn region(&mut self, region: &'e Region) -> Emitted<()> {
        let squares = self.squares(region)?;
        for (number, stmt) in region.stmts.iter().enumerate() {
            self.at(stmt);
            for square in squares.from(number) {
                self.load_square(square)?;
            }
            if !squares.have(number) {
                self.stmt(stmt)?;
            }
        }
        Ok(())
    }

    fn stmt(&mut self, stmt: &'e Stmt) -> Emitted<()> {
        match stmt {
            Stmt::Tasks {
                var,
                count,
                frame,
                body,
            } => self.tasks((*var, *count), frame, body),
            Stmt::For {
                var,
                range,
                carried,
                body,
            } => self.for_loop(*var, range, carried, body),
            Stmt::If {
                condition,
                then,
                otherwise,
                joins,
            } => self.branch(condition, then, otherwise, joins),
            Stmt::Let { memory, body } => {
                let declared = self.kernel.memories.get(memory.index());
                let bytes = declared.map(|declared| declared.ty.bytes());
                let bytes = bytes.ok_or(EmitError::Refused("a buffer that is not declared"))?;
                let place = self.stack(bytes)?;
                self.memories[memory.index()] = Some(place);
                self.region(body)
            }
            Stmt::Compute { result, op } => {
                let value = self.compute(*result, op)?;
                self.define(*result, value);
                Ok(())
            }
            Stmt::Load {
                result,
                access,
                otherwise,
            } => {
                let value = self.load(*result, access, *otherwise)?;
                self.define(*result, value);
                Ok(())
            }
            Stmt::Store { access, value } => self.store(access, *value),
            Stmt::Par { .. } => refuse("a parallel loop"),
            Stmt::Fold(_) => refuse("a fold"),
        }
    }

    pub(super) fn block(&self) -> BasicBlock<'c> {
        self.context.append_basic_block(self.function, "")
    }

    /// The block at hand.
    pub(super) fn here(&self) -> Emitted<BasicBlock<'c>> {
        let here = self.builder.get_insert_block();
        here.ok_or(EmitError::Refused("code outside of a block"))
    }

    pub(super) fn set_var(&mut self, var: VarId, point: IntValue<'c>, bounds: (i64, i64)) {
        self.forget_places();
        let slots = self.vars.get_mut(var.index());
        if let Some((slot, range)) = slots.zip(self.bounds.get_mut(var.index())) {
            (*slot, *range) = (Some(point), bounds);
        }
    }

    fn all(&self, values: impl Iterator<Item = ValueId>) -> Emitted<Vec<Operand<'c>>> {
        values.map(|value| self.value(value)).collect()
    }

    /// Emits code that runs where a truth value holds.
    pub(super) fn only_if(
        &mut self,
        holds: IntValue<'c>,
        then: impl FnOnce(&mut Self) -> Emitted<()>,
    ) -> Emitted<()> {
        let (inside, after) = (self.block(), self.block());
        self.builder
            .build_conditional_branch(holds, inside, after)?;
        self.builder.position_at_end(inside);
        then(self)?;
        self.builder.build_unconditional_branch(after)?;
        self.builder.position_at_end(after);
        Ok(())
    }

    fn branch(
        &mut self,
        condition: &Condition,
        then: &'e Region,
        otherwise: &'e Region,
        joins: &[Join],
    ) -> Emitted<()> {
        let holds = match condition {
            Condition::Guard(guard) => self.guard(guard)?,
            Condition::Mask(mask) => Some(self.value(*mask)?.into_int_value()),
        };
        let Some(holds) = holds else {
            self.region(then)?;
            let values = self.all(joins.iter().map(|join| join.then))?;
            for (join, value) in joins.iter().zip(values) {
                self.define(join.result, value);
            }
            return Ok(());
        };
        let (yes, no, after) = (self.block(), self.block(), self.block());
        self.builder.build_conditional_branch(holds, yes, no)?;
        self.builder.position_at_end(yes);
        self.region(then)?;
        let taken = self.all(joins.iter().map(|join| join.then))?;
        let taken_from = self.here()?;
        self.builder.build_unconditional_branch(after)?;
        self.builder.position_at_end(no);
        self.region(otherwise)?;
        let left = self.all(joins.iter().map(|join| join.otherwise))?;
        let left_from = self.here()?;
        self.builder.build_unconditional_branch(after)?;
        self.builder.position_at_end(after);
        for ((join, taken), left) in joins.iter().zip(taken).zip(left) {
            let phi = self.builder.build_phi(taken.get_type(), "")?;
            phi.add_incoming(&[(&taken, taken_from), (&left, left_from)]);
            self.define(join.result, phi.as_basic_value());
        }
        Ok(())
    }

    // ----------------------------------------------------------------------------------- loops

    fn for_loop(
        &mut self,
        var: VarId,
        range: &ForRange,
        carried: &[Carried],
        body: &'e Region,
    ) -> Emitted<()> {
        let points = loop_points(var, range, &self.bounds, &Guard::always()).0;
        if self.runs_once(range) {
            let point = self.index(&range.low)?;
            self.set_var(var, point, points);
            let inits = self.all(carried.iter().map(|c| c.init))?;
            for (carried, init) in carried.iter().zip(inits) {
                self.define(carried.state, init);
            }
            self.region(body)?;
            let next = self.all(carried.iter().map(|c| c.next))?;
            for (carried, next) in carried.iter().zip(next) {
                self.define(carried.result, next);
            }
            return Ok(());
        }
        let (start, end) = self.ends(range)?;
        let inits = self.all(carried.iter().map(|c| c.init))?;
        let before = self.here()?;
        let (inside, after) = (self.block(), self.block());
        let runs = match self.is_never_empty(range) {
            true => None,
            false => Some(self.goes_on(start, end, range.step)?),
        };
        match runs {
            None => self.builder.build_unconditional_branch(inside)?,
            Some(runs) => self.builder.build_conditional_branch(runs, inside, after)?,
        };
        self.builder.position_at_end(inside);
        let point = self.builder.build_phi(self.context.i64_type(), "")?;
        point.add_incoming(&[(&start, before)]);
        let states = self.phis(&inits, before)?;
        for (carried, state) in carried.iter().zip(&states) {
            self.define(carried.state, state.as_basic_value());
        }
        let current = point.as_basic_value().into_int_value();
        self.set_var(var, current, points);
        self.region(body)?;
        let next = self.all(carried.iter().map(|c| c.next))?;
        let latch = self.here()?;
        let step = self.int(range.step);
        let advanced = self.builder.build_int_nsw_add(current, step, "")?;
        point.add_incoming(&[(&advanced, latch)]);
        for (state, next) in states.iter().zip(&next) {
            state.add_incoming(&[(next as &dyn BasicValue<'c>, latch)]);
        }
        let more = self.goes_on(advanced, end, range.step)?;
        self.builder.build_conditional_branch(more, inside, after)?;
        self.builder.position_at_end(after);
        for ((carried, init), next) in carried.iter().zip(&inits).zip(next) {
            let result = match runs {
                None => next,
                Some(_) => {
                    let phi = self.builder.build_phi(next.get_type(), "")?;
                    phi.add_incoming(&[(init, before), (&next, latch)]);
                    phi.as_basic_value()
                }
            };
            self.define(carried.result, result);
        }
        Ok(())
    }

    fn phis(&self, inits: &[Operand<'c>], before: BasicBlock<'c>) -> Emitted<Vec<PhiValue<'c>>> {
        let phi = |init: &Operand<'c>| -> Emitted<PhiValue<'c>> {
            let phi = self.builder.build_phi(init.get_type(), "")?;
            phi.add_incoming(&[(init as &dyn BasicValue<'c>, before)]);
            Ok(phi)
        };
        inits.iter().map(phi).collect()
    }

    /// Whether a loop has one point, whatever the variables around it are.
    fn runs_once(&self, range: &ForRange) -> bool {
        let length = range.high.sub(&range.low).as_constant();
        let is_capped = range.below.is_some() || range.until.is_some();
        !is_capped && length.is_some_and(|length| 0 < length && length <= range.step)
    }

    /// Whether a loop has a point, as far as ranges tell.
    fn is_never_empty(&self, range: &ForRange) -> bool {
        let (low, high) = (
            range.low.range(&self.bounds),
            range.high.range(&self.bounds),
        );
        let longer = range.high.sub(&range.low).range(&self.bounds);
        let is_known = low != UNKNOWN && high != UNKNOWN && longer != UNKNOWN;
        let last = low.1.saturating_sub(1);
        is_known
            && range.until.is_none()
            && longer.0 > 0
            && range.below.is_none_or(|below| last < below)
    }

    /// Where a loop starts, and what it does not reach.
    fn ends(&self, range: &ForRange) -> Emitted<(IntValue<'c>, IntValue<'c>)> {
        let low = self.index(&range.low)?;
        let mut high = self.index(&range.high)?;
        let caps = [
            range.below.map(|below| self.int(below).into()),
            match range.until {
                Some(until) => Some(self.value(until)?),
                None => None,
            },
        ];
        for cap in caps.into_iter().flatten() {
            let int = self.context.i64_type().into();
            high = self
                .call("llvm.smin", &[int], &[high.into(), cap])?
                .into_int_value();
        }
        if range.step > 0 {
            return Ok((low, high));
        }
        // The last point is low + ⌊(high − 1 − low) / |step|⌋ · |step|; before the first nothing is reached.
        let size = range.step.checked_neg();
        let size = size.ok_or(EmitError::Refused("a step that has no negation"))?;
        let builder = &self.builder;
        let distance = builder.build_int_sub(high, low, "")?;
        let distance = builder.build_int_sub(distance, self.int(1), "")?;
        let steps = self.floor_divided(distance, self.int(size))?;
        let span = builder.build_int_mul(steps, self.int(size), "")?;
        let start = builder.build_int_add(low, span, "")?;
        Ok((start, builder.build_int_sub(low, self.int(1), "")?))
    }

    /// Whether a point belongs to a loop that goes that way.
    fn goes_on(&self, point: IntValue<'c>, end: IntValue<'c>, step: i64) -> Emitted<IntValue<'c>> {
        let predicate = match step > 0 {
            true => IntPredicate::SLT,
            false => IntPredicate::SGT,
        };
        self.compare_ints(predicate, point, end)
    }
}
