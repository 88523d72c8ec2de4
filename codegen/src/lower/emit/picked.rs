//! Elements at run-time coordinates.
//!
//! A gather reads its table, and a scatter adds to its result, at an index that is a value. Among
//! coordinates such a value is a variable, a *pick*, so that views map it as they map any other. Where
//! an element is accessed in the end, a coordinate with picks in it is a run-time subscript, computed in
//! integers.

use crate::kernel::{MemId, Subscript, ValueId, end_of};
use crate::lower::emit::element::Elements;
use lgc_ir::dtype::DType;
use lgc_ir::index::{Atom, Guard, Index, Relation, UNKNOWN};
use lgc_ir::scalar::{Binary, Comparison};

/// The variable of the first pick; those of others count down from it.
const FIRST: u32 = u32::MAX - 16;

/// A run-time index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pick {
    /// The index as it is given.
    value: ValueId,
    /// It is in `0..extent`, or what is picked is of no matter.
    extent: u64,
    /// Whether it is known to be in that range.
    certain: bool,
}

/// The run-time indices that coordinates of a kernel mention.
#[derive(Clone, Debug, Default)]
pub(super) struct Picks(Vec<Pick>);

impl Picks {
    /// The number of the pick that a variable stands for.
    fn number(&self, var: u32) -> Option<usize> {
        let number = FIRST.checked_sub(var)? as usize;
        (number < self.0.len()).then_some(number)
    }

    fn of(&self, var: u32) -> Option<Pick> {
        self.0.get(self.number(var)?).copied()
    }

    fn are_in(&self, index: &Index) -> bool {
        let mut found = false;
        if !self.0.is_empty() {
            index.for_each_var(&mut |var| found |= self.number(var).is_some());
        }
        found
    }

    /// Applies `change` to an index whose picks are numbered behind its other variables, within bounds
    /// of all of them.
    fn renumbered<R>(
        &self,
        bounds: &[(i64, i64)],
        indices: &[&Index],
        change: impl FnOnce(&dyn Fn(&Index) -> Index, &[(i64, i64)], &dyn Fn(&Index) -> Index) -> R,
    ) -> R {
        let mut first = bounds.len() as u32;
        for index in indices {
            index.for_each_var(&mut |var| {
                // Lanes have variables as large as picks.
                if var < FIRST - (u16::MAX as u32) {
                    first = first.max(var + 1);
                }
            });
        }
        let mut all = bounds.to_vec();
        all.resize(first as usize, UNKNOWN);
        all.extend(self.0.iter().map(Pick::range));
        let there = |index: &Index| {
            index.replace(&mut |var| {
                let number = self.number(var)? as u32;
                Some(Index::var(first + number))
            })
        };
        let back = |index: &Index| {
            index.replace(&mut |var| {
                let number = var.checked_sub(first)?;
                let is_pick = (number as usize) < self.0.len();
                is_pick.then(|| Index::var(FIRST - number))
            })
        };
        change(&there, &all, &back)
    }
}

impl Pick {
    fn range(&self) -> (i64, i64) {
        (0, end_of(self.extent.max(1)))
    }
}

impl Elements<'_> {
    /// The coordinate that a run-time index is, along an axis of that extent.
    pub(super) fn pick(&mut self, value: ValueId, extent: u64, certain: bool) -> Index {
        let pick = Pick {
            value,
            extent,
            certain,
        };
        let known = self.picks.0.iter().position(|other| *other == pick);
        let number = known.unwrap_or_else(|| {
            self.picks.0.push(pick);
            self.picks.0.len() - 1
        });
        Index::var(FIRST - number as u32)
    }

    /// Whether an index is known at run time only.
    pub(super) fn is_picked(&self, index: &Index) -> bool {
        self.picks.are_in(index)
    }

    /// The relations of a guard that are known at run time only, and the others.
    pub(super) fn without_picks(&self, guard: &Guard) -> Guard {
        let fixed = guard.relations().iter();
        let fixed = fixed.filter(|relation| !self.is_picked(relation.index()));
        fixed.fold(Guard::always(), |all, relation| all.and(&only(relation)))
    }

    /// An index in a simpler form.
    pub(super) fn simplified(&self, index: &Index) -> Index {
        if !self.is_picked(index) {
            return index.simplify(&self.bounds);
        }
        let indices = [index];
        self.picks
            .renumbered(&self.bounds, &indices, |there, bounds, back| {
                back(&there(index).simplify(bounds))
            })
    }

    /// A guard in a simpler form.
    pub(super) fn simplified_guard(&self, guard: &Guard) -> Guard {
        let indices: Vec<&Index> = guard.relations().iter().map(|r| r.index()).collect();
        if !indices.iter().any(|index| self.is_picked(index)) {
            return guard.simplify(&self.bounds);
        }
        self.picks
            .renumbered(&self.bounds, &indices, |there, bounds, back| {
                guard.map(there).simplify(bounds).map(back)
            })
    }

    /// The range of an index.
    pub(in crate::lower) fn range(&self, index: &Index) -> (i64, i64) {
        if !self.is_picked(index) {
            return index.range(&self.bounds);
        }
        self.picks
            .renumbered(&self.bounds, &[index], |there, bounds, _| {
                there(index).range(bounds)
            })
    }

    /// Coordinates without lanes as subscripts. Among coordinates with picks, those whose range only a
    /// relation of picks could tell are run-time subscripts, too.
    pub(super) fn subscripts(
        &self,
        memory: MemId,
        coords: &[Index],
        guard: &Guard,
    ) -> Vec<Subscript> {
        if !coords.iter().any(|index| self.is_picked(index)) {
            return coords.iter().cloned().map(Subscript::At).collect();
        }
        let extents = self.builder.extents(memory);
        let each = coords.iter().zip(extents);
        each.map(|(index, extent)| self.subscript(index, extent, guard))
            .collect()
    }

    /// A coordinate without lanes, among such with picks, as a subscript of an axis of that extent.
    pub(super) fn subscript(&self, index: &Index, extent: u64, guard: &Guard) -> Subscript {
        let whole = (Some(0), i64::try_from(extent).ok());
        let is_known = !self.is_picked(index) && index.stays_within(whole, &self.bounds, guard);
        match (is_known, index.as_var().and_then(|var| self.picks.of(var))) {
            (true, _) => Subscript::At(index.clone()),
            // An access keeps within the axis of itself.
            (false, Some(pick)) => Subscript::Value(pick.value),
            (false, None) => Subscript::Value(self.integer(index)),
        }
    }

    /// An index as an integer value.
    pub(in crate::lower) fn integer(&self, index: &Index) -> ValueId {
        let narrow = self
            .magnitude(index)
            .is_some_and(|largest| largest <= i64::from(i32::MAX));
        self.sum(if narrow { DType::I32 } else { DType::I64 }, index)
    }

    /// What no part of the sum, and no sum inside it, exceeds.
    fn magnitude(&self, index: &Index) -> Option<i64> {
        let mut sum = index.offset().checked_abs()?;
        let mut inner = 0;
        for (atom, factor) in index.terms() {
            let (low, high) = self.range(&alone(atom));
            let largest = low.checked_abs()?.max(high.checked_abs()?);
            sum = sum.checked_add(largest.checked_mul(factor.checked_abs()?)?)?;
            match atom {
                Atom::Var(_) => {}
                Atom::FloorDiv(index, divisor) | Atom::Mod(index, divisor) => {
                    inner = inner.max(self.magnitude(index)?.checked_add(*divisor)?);
                }
            }
        }
        Some(sum.max(inner))
    }

    fn sum(&self, dtype: DType, index: &Index) -> ValueId {
        let b = &self.builder;
        let mut fixed = Index::constant(index.offset());
        let mut total: Option<ValueId> = None;
        for (atom, factor) in index.terms() {
            let whole = alone(atom);
            if !self.is_picked(&whole) {
                fixed = fixed.add(&whole.scale(*factor));
                continue;
            }
            let value = self.atom(dtype, atom);
            let term = match factor {
                1 => value,
                _ => b.binary(Binary::Mul, value, b.int(dtype, *factor)),
            };
            total = Some(match total {
                Some(total) => b.binary(Binary::Add, total, term),
                None => term,
            });
        }
        let rest = || match fixed.as_constant() {
            Some(constant) => b.int(dtype, constant),
            None => b.index_value(dtype, &fixed),
        };
        match total {
            None => rest(),
            Some(total) if fixed.as_constant() == Some(0) => total,
            Some(total) => b.binary(Binary::Add, total, rest()),
        }
    }

    fn atom(&self, dtype: DType, atom: &Atom) -> ValueId {
        let b = &self.builder;
        match atom {
            Atom::Var(var) => match self.picks.of(*var) {
                Some(pick) => b.cast(dtype, self.clamped(pick)),
                None => b.index_value(dtype, &Index::var(*var)),
            },
            Atom::FloorDiv(inner, divisor) => {
                let (value, divisor) = (self.sum(dtype, inner), b.int(dtype, *divisor));
                let whole = match self.is_negative(inner) {
                    false => value,
                    true => b.binary(
                        Binary::Sub,
                        value,
                        self.remainder(dtype, value, divisor, true),
                    ),
                };
                b.binary(Binary::Div, whole, divisor)
            }
            Atom::Mod(inner, divisor) => {
                let (value, divisor) = (self.sum(dtype, inner), b.int(dtype, *divisor));
                self.remainder(dtype, value, divisor, self.is_negative(inner))
            }
        }
    }

    /// Whether an index may be negative.
    fn is_negative(&self, index: &Index) -> bool {
        self.range(index).0 < 0
    }

    /// The remainder in `0..divisor`.
    fn remainder(
        &self,
        dtype: DType,
        value: ValueId,
        divisor: ValueId,
        is_negative: bool,
    ) -> ValueId {
        let b = &self.builder;
        let rest = b.binary(Binary::Rem, value, divisor);
        if !is_negative {
            return rest;
        }
        let below = b.compare(Comparison::Lt, rest, b.int(dtype, 0));
        b.select(below, b.binary(Binary::Add, rest, divisor), rest)
    }

    /// A pick within its range.
    fn clamped(&self, pick: Pick) -> ValueId {
        let (b, value) = (&self.builder, pick.value);
        if pick.certain {
            return value;
        }
        let dtype = b.type_of(value).dtype;
        let (low, high) = dtype.integer_range().unwrap_or((i64::MIN, i64::MAX));
        let last = end_of(pick.extent) - 1;
        let value = match low < 0 {
            true => b.binary(Binary::Max, value, b.int(dtype, 0)),
            false => value,
        };
        match last < high {
            true => b.binary(Binary::Min, value, b.int(dtype, last.max(0))),
            false => value,
        }
    }
}

/// An atom as a sum.
fn alone(atom: &Atom) -> Index {
    match atom {
        Atom::Var(var) => Index::var(*var),
        Atom::FloorDiv(index, divisor) => index.floor_div(*divisor),
        Atom::Mod(index, divisor) => index.modulo(*divisor),
    }
}

/// A relation as a guard.
fn only(relation: &Relation) -> Guard {
    match relation {
        Relation::Within { index, low, high } => Guard::within(index.clone(), *low, *high),
        Relation::Divisible { index, divisor } => Guard::divisible(index.clone(), *divisor),
    }
}
