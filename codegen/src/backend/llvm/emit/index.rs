//! Indices and guards: as numbers, or as one for each lane.

use super::{EmitError, Emitted, Emitter, Operand, refuse};
use lgc_ir::index::{Atom, Guard, Index, Relation};
use lgc_llvm::inkwell::IntPredicate;
use lgc_llvm::inkwell::types::VectorType;
use lgc_llvm::inkwell::values::IntValue;

impl<'c> Emitter<'c, '_> {
    /// The value of an index variable.
    pub(super) fn var(&self, var: u32) -> Emitted<IntValue<'c>> {
        let found = self.vars.get(var as usize).copied().flatten();
        found.ok_or(EmitError::Refused("a variable is used outside its loop"))
    }

    /// The value of an index that is the same in every lane.
    pub(super) fn index(&self, index: &Index) -> Emitted<IntValue<'c>> {
        let mut sum: Option<IntValue<'c>> = None;
        for (atom, coefficient) in index.terms() {
            let mut term = self.atom(atom)?;
            if *coefficient != 1 {
                let factor = self.int(*coefficient);
                term = self.builder.build_int_nsw_mul(term, factor, "")?;
            }
            sum = Some(match sum {
                Some(sum) => self.builder.build_int_nsw_add(sum, term, "")?,
                None => term,
            });
        }
        let offset = self.int(index.offset());
        match sum {
            None => Ok(offset),
            Some(sum) if index.offset() == 0 => Ok(sum),
            Some(sum) => Ok(self.builder.build_int_nsw_add(sum, offset, "")?),
        }
    }

    fn atom(&self, atom: &Atom) -> Emitted<IntValue<'c>> {
        let (index, divisor) = match atom {
            Atom::Var(var) => return self.var(*var),
            Atom::FloorDiv(index, divisor) | Atom::Mod(index, divisor) => (index, *divisor),
        };
        let is_quotient = matches!(atom, Atom::FloorDiv(..));
        let (low, _) = index.range(&self.bounds);
        let (x, divisor) = (self.index(index)?, self.int(divisor));
        if low >= 0 {
            return Ok(match is_quotient {
                true => self.builder.build_int_unsigned_div(x, divisor, "")?,
                false => self.builder.build_int_unsigned_rem(x, divisor, "")?,
            });
        }
        let quotient = self.floor_divided(x, divisor)?;
        if is_quotient {
            return Ok(quotient);
        }
        let product = self.builder.build_int_mul(quotient, divisor, "")?;
        Ok(self.builder.build_int_sub(x, product, "")?)
    }

    /// The quotient by a positive number, rounded towards −∞.
    pub(super) fn floor_divided(
        &self,
        x: IntValue<'c>,
        divisor: IntValue<'c>,
    ) -> Emitted<IntValue<'c>> {
        let builder = &self.builder;
        let quotient = builder.build_int_signed_div(x, divisor, "")?;
        let rest = builder.build_int_signed_rem(x, divisor, "")?;
        let below = self.compare_ints(IntPredicate::SLT, rest, self.int(0))?;
        let one = builder.build_int_z_extend(below, self.context.i64_type(), "")?;
        Ok(builder.build_int_sub(quotient, one, "")?)
    }

    /// An index in a lane.
    pub(super) fn at_lane(&self, index: &Index, lane: u32) -> Index {
        let Some(var) = self.kernel.lane else {
            return index.clone();
        };
        let point = Index::constant(i64::from(lane));
        index.replace(&mut |v| (v == var.0).then(|| point.clone()))
    }

    /// Whether an index differs from lane to lane.
    pub(super) fn differs(&self, index: &Index) -> bool {
        self.kernel.lane.is_some_and(|lane| index.mentions(lane.0))
    }

    /// What an index is in lane 0, and by how much it grows from lane to lane, if it does evenly.
    pub(super) fn even(&self, index: &Index) -> Option<(Index, i64)> {
        let Some(lane) = self.kernel.lane else {
            return Some((index.clone(), 0));
        };
        let step = index.coefficient(lane.0);
        let first = index.sub(&lane.to_index().scale(step));
        (!first.mentions(lane.0)).then_some((first, step))
    }

    /// The bounds of variables beside so many lanes.
    pub(super) fn bounds_in(&self, lanes: u32) -> Vec<(i64, i64)> {
        let mut bounds = self.bounds.clone();
        let range = self
            .kernel
            .lane
            .and_then(|lane| bounds.get_mut(lane.index()));
        if let Some(range) = range {
            *range = (0, i64::from(lanes));
        }
        bounds
    }

    /// An index in each lane, as 64-bit integers.
    pub(super) fn index_of_lanes(&self, index: &Index, lanes: u32) -> Emitted<Operand<'c>> {
        let index = index.simplify(&self.bounds_in(lanes));
        let Some((first, step)) = self.even(&index) else {
            let each = (0..lanes).map(|lane| {
                let index = self.at_lane(&index, lane).simplify(&self.bounds);
                Ok(self.index(&index)?.into())
            });
            return self.assembled(&each.collect::<Emitted<Vec<_>>>()?);
        };
        let first = self.splat(self.index(&first)?.into(), lanes)?;
        if step == 0 {
            return Ok(first);
        }
        let ramp = (0..lanes).map(|lane| self.int(step.wrapping_mul(i64::from(lane))));
        let ramp = VectorType::const_vector(&ramp.collect::<Vec<_>>());
        let first = first.into_vector_value();
        Ok(self.builder.build_int_add(first, ramp, "")?.into())
    }

    // ---------------------------------------------------------------------------------- guards

    /// Whether a guard holds that is the same in every lane; `None` if it always does.
    pub(super) fn guard(&self, guard: &Guard) -> Emitted<Option<IntValue<'c>>> {
        let guard = guard.simplify(&self.bounds);
        if guard.is_never() {
            return Ok(Some(self.context.bool_type().const_zero()));
        }
        let mut all = None;
        for relation in guard.relations() {
            let holds = self.relation(relation)?;
            all = self.both(all, holds)?;
        }
        Ok(all)
    }

    fn relation(&self, relation: &Relation) -> Emitted<Option<IntValue<'c>>> {
        match relation {
            Relation::Within { index, low, high } => {
                let (least, end) = index.range(&self.bounds);
                let x = self.index(index)?;
                let above = match least < *low {
                    true => Some(self.compare_ints(IntPredicate::SGE, x, self.int(*low))?),
                    false => None,
                };
                let below = match end > *high {
                    true => Some(self.compare_ints(IntPredicate::SLT, x, self.int(*high))?),
                    false => None,
                };
                self.both(above, below)
            }
            Relation::Divisible { index, divisor } => {
                let x = self.index(index)?;
                let divisor = self.int(*divisor);
                let rest = self.builder.build_int_signed_rem(x, divisor, "")?;
                let holds = self.compare_ints(IntPredicate::EQ, rest, self.int(0))?;
                Ok(Some(holds))
            }
        }
    }

    /// Whether a relation holds in each lane.
    pub(super) fn relation_of_lanes(
        &self,
        relation: &Relation,
        lanes: u32,
    ) -> Emitted<Operand<'c>> {
        match relation {
            Relation::Within { index, low, high } => {
                let simple = index.simplify(&self.bounds_in(lanes));
                if let Some((first, 1)) = self.even(&simple) {
                    return self.lanes_within(&first, (*low, *high), lanes);
                }
                let x = self.index_of_lanes(index, lanes)?.into_vector_value();
                let bound = |value: i64| self.splat(self.int(value).into(), lanes);
                let low = bound(*low)?.into_vector_value();
                let high = bound(*high)?.into_vector_value();
                let builder = &self.builder;
                let above = builder.build_int_compare(IntPredicate::SGE, x, low, "")?;
                let below = builder.build_int_compare(IntPredicate::SLT, x, high, "")?;
                Ok(builder.build_and(above, below, "")?.into())
            }
            Relation::Divisible { index, divisor } => {
                let each = (0..lanes).map(|lane| {
                    let index = self.at_lane(index, lane);
                    let relation = Relation::Divisible {
                        index,
                        divisor: *divisor,
                    };
                    let holds = self.relation(&relation)?;
                    let holds = holds.ok_or(EmitError::Refused("a relation without a value"))?;
                    Ok(holds.into())
                });
                self.assembled(&each.collect::<Emitted<Vec<_>>>()?)
            }
        }
    }

    /// The lanes in which `first + lane` is within bounds: those between two numbers, which are compared as 32 bits.
    fn lanes_within(
        &self,
        first: &Index,
        (low, high): (i64, i64),
        lanes: u32,
    ) -> Emitted<Operand<'c>> {
        let (least, end) = first.range(&self.bounds);
        let most = i64::from(lanes);
        let clamped = |bound: i64| -> Emitted<IntValue<'c>> {
            let distance = Index::constant(bound).sub(first);
            let distance = self.index(&distance)?;
            let int = self.context.i64_type().into();
            let limit = |name: &str, x: IntValue<'c>, limit: i64| -> Emitted<IntValue<'c>> {
                let limit = self.int(limit).into();
                Ok(self
                    .call(name, &[int], &[x.into(), limit])?
                    .into_int_value())
            };
            let distance = limit("llvm.smax", distance, 0)?;
            let distance = limit("llvm.smin", distance, most)?;
            let short = self.context.i32_type();
            Ok(self.builder.build_int_truncate(distance, short, "")?)
        };
        let ramp: Vec<_> = (0..lanes).map(|lane| self.int32(lane)).collect();
        let ramp = VectorType::const_vector(&ramp);
        let compare = |predicate: IntPredicate, bound: i64| -> Emitted<Operand<'c>> {
            let bound = self
                .splat(clamped(bound)?.into(), lanes)?
                .into_vector_value();
            let holds = self.builder.build_int_compare(predicate, ramp, bound, "")?;
            Ok(holds.into())
        };
        let above = match least < low {
            true => Some(compare(IntPredicate::UGE, low)?),
            false => None,
        };
        let below = match end.saturating_sub(1).saturating_add(most) > high {
            true => Some(compare(IntPredicate::ULT, high)?),
            false => None,
        };
        match (above, below) {
            (Some(above), Some(below)) => self.and(above, below, lanes),
            (Some(one), None) | (None, Some(one)) => Ok(one),
            (None, None) => {
                let one = self.context.bool_type().const_all_ones();
                self.splat(one.into(), lanes)
            }
        }
    }

    /// The conjunction of truth values.
    pub(super) fn both(
        &self,
        x: Option<IntValue<'c>>,
        y: Option<IntValue<'c>>,
    ) -> Emitted<Option<IntValue<'c>>> {
        match (x, y) {
            (None, other) | (other, None) => Ok(other),
            (Some(x), Some(y)) => Ok(Some(self.builder.build_and(x, y, "")?)),
        }
    }

    /// The conjunction of truth values of lanes.
    pub(super) fn and(&self, x: Operand<'c>, y: Operand<'c>, lanes: u32) -> Emitted<Operand<'c>> {
        let x = self.spread(x, lanes)?.into_vector_value();
        let y = self.spread(y, lanes)?.into_vector_value();
        if x.get_type() != y.get_type() {
            return refuse("masks of different lengths");
        }
        Ok(self.builder.build_and(x, y, "")?.into())
    }
}
