//! Index expressions and guards as code.
//!
//! Sums are emitted from the outermost atom inwards, so that every partial sum leaves the loops that
//! do not change it. Quotients by constants become shifts, or multiplications where the range of the
//! dividend is known.

use crate::backend::cranelift::core::{Core, POINTER, Shift};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Opcode, Value};
use lgc_ir::index::{Atom, Guard, Index, Relation};

/// What the variables of index expressions are while code is emitted.
#[derive(Default)]
pub(crate) struct Variables {
    /// The value of each variable that is in scope.
    values: Vec<Option<Value>>,
    /// The half-open range of each variable.
    pub(crate) bounds: Vec<(i64, i64)>,
}

impl Variables {
    /// Variables of these ranges; none is in scope yet.
    pub(crate) fn new(bounds: Vec<(i64, i64)>) -> Self {
        Variables {
            values: vec![None; bounds.len()],
            bounds,
        }
    }

    /// Sets the value of a variable.
    pub(crate) fn set(&mut self, variable: u32, value: Value) {
        self.make_room(variable);
        self.values[variable as usize] = Some(value);
    }

    /// Sets the range of a variable.
    pub(crate) fn bound(&mut self, variable: u32, range: (i64, i64)) {
        self.make_room(variable);
        self.bounds[variable as usize] = range;
    }

    fn make_room(&mut self, variable: u32) {
        let needed = self.values.len().max(variable as usize + 1);
        self.values.resize(needed, None);
        self.bounds.resize(needed, lgc_ir::index::UNKNOWN);
    }
}

impl Core {
    /// The value of an index expression.
    pub(crate) fn index(&mut self, index: &Index, variables: &Variables) -> Value {
        let (sum, offset) = self.index_sum(None, index, variables);
        self.add_constant(sum, offset)
    }

    /// `base` plus an index, as a value and a constant that is still to be added.
    pub(crate) fn index_sum(
        &mut self,
        base: Option<Value>,
        index: &Index,
        variables: &Variables,
    ) -> (Value, i64) {
        let mut terms: Vec<Value> = Vec::with_capacity(index.terms().len() + 1);
        terms.extend(base);
        for (atom, coefficient) in index.terms() {
            let value = self.atom(atom, variables);
            terms.push(self.multiply_constant(value, *coefficient));
        }
        (self.sum_outside_in(terms), index.offset())
    }

    /// The sum of values, the outermost first, so that partial sums are loop invariant.
    pub(crate) fn sum_outside_in(&mut self, mut terms: Vec<Value>) -> Value {
        terms.sort_by_key(|&term| self.home(term));
        let sum = terms.into_iter().reduce(|sum, term| self.add(sum, term));
        match sum {
            Some(sum) => sum,
            None => self.constant(0),
        }
    }

    fn atom(&mut self, atom: &Atom, variables: &Variables) -> Value {
        match atom {
            Atom::Var(variable) => {
                let value = variables.values.get(*variable as usize).copied().flatten();
                match value {
                    Some(value) => value,
                    // A variable without a loop reads as 0, as in `Index::eval`.
                    None => self.constant(0),
                }
            }
            Atom::FloorDiv(inner, divisor) => self.quotient(inner, *divisor, variables),
            Atom::Mod(inner, divisor) => self.remainder(inner, *divisor, variables),
        }
    }

    fn quotient(&mut self, inner: &Index, divisor: i64, variables: &Variables) -> Value {
        let value = self.index(inner, variables);
        let range = inner.range(&variables.bounds);
        self.floor_divide(value, range, divisor)
    }

    fn remainder(&mut self, inner: &Index, divisor: i64, variables: &Variables) -> Value {
        let value = self.index(inner, variables);
        if (divisor as u64).is_power_of_two() {
            let key = (Opcode::Band, POINTER, (divisor - 1) as u128 | 1 << 64);
            return self.pure(key, &[value], |ins| ins.band_imm_s(value, divisor - 1));
        }
        let range = inner.range(&variables.bounds);
        let quotient = self.floor_divide(value, range, divisor);
        let product = self.multiply_constant(quotient, divisor);
        self.binary(Opcode::Isub, value, product)
    }

    /// The quotient, rounded down, of a value in a half-open range by a positive constant.
    pub(crate) fn floor_divide(
        &mut self,
        value: Value,
        (low, high): (i64, i64),
        divisor: i64,
    ) -> Value {
        if (divisor as u64).is_power_of_two() {
            return self.shift(Shift::Arithmetic, value, divisor.trailing_zeros());
        }
        // Shift the range to start above zero by a multiple of the divisor.
        let periods = if low < 0 {
            low.saturating_neg() / divisor + 1
        } else {
            0
        };
        let shift = periods.checked_mul(divisor);
        let end = shift.and_then(|shift| high.checked_add(shift));
        match (shift, end) {
            (Some(shift), Some(end)) if end <= 1 << 31 && divisor < 1 << 31 => {
                let shifted = self.add_constant(value, shift);
                let quotient = self.divide_by_multiplication(shifted, divisor);
                self.add_constant(quotient, -periods)
            }
            (_, _) => self.divide_any(value, divisor),
        }
    }

    /// ⌊x/d⌋ = ⌊x·m / 2ˢ⌋ for 0 ≤ x < 2³¹, with s = 31 + ⌈log₂ d⌉ and m = ⌈2ˢ/d⌉: then m·d − 2ˢ < d
    /// ≤ 2^(s−31), so that x·(m·d − 2ˢ) < 2ˢ; and x·m < 2⁶³.
    fn divide_by_multiplication(&mut self, value: Value, divisor: i64) -> Value {
        let shift = 31 + (divisor as u64).next_power_of_two().trailing_zeros();
        let factor = (1u128 << shift).div_ceil(divisor as u128) as i64;
        let product = self.multiply_constant(value, factor);
        self.shift(Shift::Logical, product, shift)
    }

    /// The quotient of any value: truncated, less one where the remainder is negative.
    fn divide_any(&mut self, value: Value, divisor: i64) -> Value {
        let by = self.constant(divisor);
        let truncated = self.binary(Opcode::Sdiv, value, by);
        let product = self.multiply_constant(truncated, divisor);
        let remainder = self.binary(Opcode::Isub, value, product);
        let correction = self.shift(Shift::Arithmetic, remainder, 63);
        self.add(truncated, correction)
    }

    /// Whether a relation holds.
    pub(crate) fn relation(&mut self, relation: &Relation, variables: &Variables) -> Value {
        match relation {
            Relation::Within { index, low, high } => self.within(index, *low, *high, variables),
            Relation::Divisible { index, divisor } => {
                let remainder = index.modulo_within(*divisor, &variables.bounds);
                let remainder = self.index(&remainder, variables);
                self.compare_constant(IntCC::Equal, remainder, 0)
            }
        }
    }

    /// low ≤ index < high as one unsigned comparison.
    fn within(&mut self, index: &Index, low: i64, high: i64, variables: &Variables) -> Value {
        if low >= high {
            return self.int(cranelift_codegen::ir::types::I8, 0);
        }
        let range = index.range(&variables.bounds);
        if range.0 >= low {
            let value = self.index(index, variables);
            return self.compare_constant(IntCC::SignedLessThan, value, high);
        }
        if range.1 <= high {
            let value = self.index(index, variables);
            return self.compare_constant(IntCC::SignedGreaterThanOrEqual, value, low);
        }
        let distance = index.add_constant(low.wrapping_neg());
        let value = self.index(&distance, variables);
        self.compare_constant(IntCC::UnsignedLessThan, value, high.wrapping_sub(low))
    }

    /// Whether a guard holds; `None` if it always does.
    pub(crate) fn guard(&mut self, guard: &Guard, variables: &Variables) -> Option<Value> {
        let guard = guard.simplify(&variables.bounds);
        let mut all = None;
        for relation in guard.relations() {
            let holds = self.relation(relation, variables);
            all = self.both(all, Some(holds));
        }
        all
    }
}
