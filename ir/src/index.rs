//! Integer index expressions, guards and index maps.
//!
//! Views of the graph IR say where an element comes from, and kernels say which element they load
//! or store. Both say it with an [`Index`]: an affine sum over *atoms*, where an atom is a variable
//! or the floored quotient or remainder of an index by a positive integer. A [`Guard`] is a
//! conjunction of relations between indices (a pad, or the holes of a dilated window); an
//! [`IndexMap`] takes the coordinates of a view's result to those of its operand.
//!
//! The sum is kept in a normal form (atoms ascending, no zero coefficient), so equal sums compare
//! equal. [`Index::simplify`] uses the ranges of variables to remove quotients and remainders, which
//! makes compositions of reshapes, transposes and broadcasts plain affine sums where they are.
//!
//! Values are 64-bit. Sums wrap on overflow, which no index into a tensor of bounded size reaches:
//! a range that could overflow is reported as unknown, and nothing is derived from it. Recursion
//! goes over the nesting of quotients only; [`IndexMap::compose`] and the parser refuse nesting
//! beyond [`MAX_DEPTH`].

mod decide;
mod guard;
mod map;
mod simplex;
mod simplify;
#[cfg(test)]
mod tests;
mod text;

pub use guard::{Guard, Relation};
pub use map::IndexMap;
pub use text::IndexSyntaxError;

use smallvec::SmallVec;
use std::sync::Arc;

/// Quotients and remainders nested deeper than this are refused where indices are composed.
pub const MAX_DEPTH: u32 = 16;

/// Indices with more atoms (nested ones included) than this are refused where indices are composed.
pub const MAX_ATOMS: usize = 256;

/// The half-open range `lo..hi` of each variable; a variable beyond the list may have any value.
pub type Bounds<'a> = &'a [(i64, i64)];

/// The range of a variable that nothing is known of.
pub const UNKNOWN: (i64, i64) = (i64::MIN, i64::MAX);

/// What an index is a sum of.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Atom {
    /// A variable, named by its number.
    Var(u32),
    /// The quotient by a positive integer, rounded towards −∞.
    FloorDiv(Arc<Index>, i64),
    /// The remainder of that quotient, in `0..divisor`.
    Mod(Arc<Index>, i64),
}

/// An integer expression: Σ coefficient·atom + offset.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Index {
    /// Atoms in ascending order with nonzero coefficients.
    terms: SmallVec<[(Atom, i64); 2]>,
    offset: i64,
}

impl Atom {
    /// The index inside a quotient or remainder.
    fn inner(&self) -> Option<&Index> {
        match self {
            Atom::Var(_) => None,
            Atom::FloorDiv(index, _) | Atom::Mod(index, _) => Some(index),
        }
    }

    fn eval(&self, variables: &[i64]) -> i64 {
        match self {
            Atom::Var(variable) => variables.get(*variable as usize).copied().unwrap_or(0),
            Atom::FloorDiv(index, divisor) => index.eval(variables).div_euclid(*divisor),
            Atom::Mod(index, divisor) => index.eval(variables).rem_euclid(*divisor),
        }
    }
}

impl From<i64> for Index {
    fn from(value: i64) -> Self {
        Index::constant(value)
    }
}

impl Index {
    /// The variable of that number.
    pub fn var(variable: u32) -> Self {
        Index::atom(Atom::Var(variable), 1)
    }

    /// A constant.
    pub fn constant(value: i64) -> Self {
        Index {
            terms: SmallVec::new(),
            offset: value,
        }
    }

    /// An atom times a coefficient.
    pub fn atom(atom: Atom, coefficient: i64) -> Self {
        let mut index = Index::default();
        index.accumulate(atom, coefficient);
        index
    }

    /// The atoms, ascending, each with its nonzero coefficient.
    pub fn terms(&self) -> &[(Atom, i64)] {
        &self.terms
    }

    /// The constant part of the sum.
    pub fn offset(&self) -> i64 {
        self.offset
    }

    /// The value, if the index has no atoms.
    pub fn as_constant(&self) -> Option<i64> {
        self.terms.is_empty().then_some(self.offset)
    }

    /// The variable, if the index is just one.
    pub fn as_var(&self) -> Option<u32> {
        match (self.terms.as_slice(), self.offset) {
            ([(Atom::Var(variable), 1)], 0) => Some(*variable),
            (_, _) => None,
        }
    }

    /// The coefficients by variable and the offset, if the index has no quotient or remainder.
    pub fn as_affine(&self) -> Option<(Vec<(u32, i64)>, i64)> {
        let term = |(atom, coefficient): &(Atom, i64)| match atom {
            Atom::Var(variable) => Some((*variable, *coefficient)),
            Atom::FloorDiv(..) | Atom::Mod(..) => None,
        };
        Some((
            self.terms.iter().map(term).collect::<Option<_>>()?,
            self.offset,
        ))
    }

    /// The coefficient with which a variable stands in the sum itself; 0 if it does not.
    pub fn coefficient(&self, variable: u32) -> i64 {
        self.coefficient_of(&Atom::Var(variable))
    }

    fn coefficient_of(&self, atom: &Atom) -> i64 {
        self.terms
            .binary_search_by(|(other, _)| other.cmp(atom))
            .map_or(0, |at| self.terms[at].1)
    }

    /// How deep quotients and remainders nest; 0 for affine sums.
    pub fn depth(&self) -> u32 {
        self.terms
            .iter()
            .filter_map(|(atom, _)| atom.inner())
            .map(|inner| inner.depth() + 1)
            .max()
            .unwrap_or(0)
    }

    /// The number of atoms, those inside quotients and remainders included.
    pub fn size(&self) -> usize {
        self.terms
            .iter()
            .map(|(atom, _)| 1 + atom.inner().map_or(0, Index::size))
            .sum()
    }

    /// Whether depth and size are within [`MAX_DEPTH`] and [`MAX_ATOMS`].
    pub fn is_small(&self) -> bool {
        self.depth() <= MAX_DEPTH && self.size() <= MAX_ATOMS
    }

    /// Calls `visit` with each occurrence of a variable.
    pub fn for_each_var(&self, visit: &mut dyn FnMut(u32)) {
        for (atom, _) in &self.terms {
            match atom {
                Atom::Var(variable) => visit(*variable),
                Atom::FloorDiv(inner, _) | Atom::Mod(inner, _) => inner.for_each_var(visit),
            }
        }
    }

    /// Whether a variable occurs.
    pub fn mentions(&self, variable: u32) -> bool {
        let mut found = false;
        self.for_each_var(&mut |other| found |= other == variable);
        found
    }

    fn accumulate(&mut self, atom: Atom, coefficient: i64) {
        match self.terms.binary_search_by(|(other, _)| other.cmp(&atom)) {
            Ok(at) => {
                let sum = self.terms[at].1.wrapping_add(coefficient);
                if sum == 0 {
                    self.terms.remove(at);
                } else {
                    self.terms[at].1 = sum;
                }
            }
            Err(_) if coefficient == 0 => {}
            Err(at) => self.terms.insert(at, (atom, coefficient)),
        }
    }

    fn accumulate_scaled(&mut self, other: &Index, factor: i64) {
        for (atom, coefficient) in &other.terms {
            self.accumulate(atom.clone(), coefficient.wrapping_mul(factor));
        }
        self.offset = self.offset.wrapping_add(other.offset.wrapping_mul(factor));
    }

    /// The sum.
    #[must_use]
    pub fn add(&self, other: &Index) -> Self {
        let mut sum = self.clone();
        sum.accumulate_scaled(other, 1);
        sum
    }

    /// The difference.
    #[must_use]
    pub fn sub(&self, other: &Index) -> Self {
        let mut difference = self.clone();
        difference.accumulate_scaled(other, -1);
        difference
    }

    /// The index plus a constant.
    #[must_use]
    pub fn add_constant(&self, value: i64) -> Self {
        let mut sum = self.clone();
        sum.offset = sum.offset.wrapping_add(value);
        sum
    }

    /// The product with a constant.
    #[must_use]
    pub fn scale(&self, factor: i64) -> Self {
        let mut product = Index::default();
        product.accumulate_scaled(self, factor);
        product
    }

    /// The quotient rounded towards −∞. The divisor must be positive (else reads as 1).
    #[must_use]
    pub fn floor_div(&self, divisor: i64) -> Self {
        self.floor_div_within(divisor, &[])
    }

    /// The remainder in `0..divisor`. The divisor must be positive (else reads as 1).
    #[must_use]
    pub fn modulo(&self, divisor: i64) -> Self {
        self.modulo_within(divisor, &[])
    }

    /// Σ strideᵢ·indexᵢ: the position of a tuple of indices. Extra entries of either are ignored.
    pub fn linear(indices: &[Index], strides: &[i64]) -> Self {
        let mut position = Index::default();
        for (index, stride) in indices.iter().zip(strides) {
            position.accumulate_scaled(index, *stride);
        }
        position
    }

    /// The value where variable `i` is `variables[i]` (0 beyond the list). Sums wrap.
    pub fn eval(&self, variables: &[i64]) -> i64 {
        self.terms
            .iter()
            .fold(self.offset, |sum, (atom, coefficient)| {
                sum.wrapping_add(atom.eval(variables).wrapping_mul(*coefficient))
            })
    }

    /// The index with variable `i` replaced by `replacements[i]` (kept beyond the list).
    #[must_use]
    pub fn substitute(&self, replacements: &[Index]) -> Self {
        self.replace(&mut |variable| replacements.get(variable as usize).cloned())
    }

    /// The index with each variable replaced by what `replacement` says (kept where it says none).
    #[must_use]
    pub fn replace(&self, replacement: &mut dyn FnMut(u32) -> Option<Index>) -> Self {
        let mut result = Index::constant(self.offset);
        for (atom, coefficient) in &self.terms {
            let value = match atom {
                Atom::Var(variable) => {
                    replacement(*variable).unwrap_or_else(|| Index::var(*variable))
                }
                Atom::FloorDiv(inner, divisor) => inner.replace(replacement).floor_div(*divisor),
                Atom::Mod(inner, divisor) => inner.replace(replacement).modulo(*divisor),
            };
            result.accumulate_scaled(&value, *coefficient);
        }
        result
    }
}
