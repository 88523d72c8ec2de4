//! Index maps: where each element of a view comes from.

use super::{Bounds, Guard, Index};
use crate::shape::Shape;

/// A map from output coordinates (variables `0..rank`) to coordinates of an operand, defined where
/// the guard holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IndexMap {
    /// The coordinate along each axis of the operand.
    pub indices: Vec<Index>,
    /// Where there is an operand element; elsewhere the view has its fill value.
    pub guard: Guard,
}

/// The ranges of the coordinates of a tensor.
pub(super) fn box_of(shape: &Shape) -> Vec<(i64, i64)> {
    let extent = |extent: u64| (0, i64::try_from(extent).unwrap_or(i64::MAX));
    shape.extents().map(extent).collect()
}

impl IndexMap {
    /// The map with these coordinates, defined everywhere.
    pub fn total(indices: Vec<Index>) -> Self {
        IndexMap {
            indices,
            guard: Guard::always(),
        }
    }

    /// The map of a view that changes nothing.
    pub fn identity(rank: usize) -> Self {
        IndexMap::total((0..rank as u32).map(Index::var).collect())
    }

    /// The map of a transposition whose result axis `i` is axis `permutation[i]` of the operand.
    pub fn transpose(permutation: &[usize]) -> Self {
        let mut indices = vec![Index::default(); permutation.len()];
        for (output, &input) in permutation.iter().enumerate() {
            if let Some(index) = indices.get_mut(input) {
                *index = Index::var(output as u32);
            }
        }
        IndexMap::total(indices)
    }

    /// The map of a broadcast of `operand` to a shape of `rank` axes, aligned at the last axis.
    /// Axes of extent 1 read coordinate 0.
    pub fn broadcast(operand: &Shape, rank: usize) -> Self {
        let shift = rank.saturating_sub(operand.rank());
        let index = |(axis, extent): (usize, u64)| match extent {
            1 => Index::constant(0),
            _ => Index::var((axis + shift) as u32),
        };
        IndexMap::total(operand.extents().enumerate().map(index).collect())
    }

    /// The map of a reshape of `operand` to `result`, which have the same number of elements.
    pub fn reshape(operand: &Shape, result: &Shape) -> Self {
        let bounds = box_of(result);
        let strides = |shape: &Shape| -> Vec<i64> {
            shape
                .strides()
                .iter()
                .map(|&stride| stride as i64)
                .collect()
        };
        let coordinates = IndexMap::identity(result.rank()).indices;
        let position = Index::linear(&coordinates, &strides(result));
        let coordinate = |(extent, stride): (u64, i64)| {
            position
                .floor_div_within(stride, &bounds)
                .modulo_within(extent as i64, &bounds)
                .simplify(&bounds)
        };
        IndexMap::total(
            operand
                .extents()
                .zip(strides(operand))
                .map(coordinate)
                .collect(),
        )
    }

    /// The operand coordinates of the output element at `coordinates`, if there is one.
    pub fn eval(&self, coordinates: &[i64]) -> Option<Vec<i64>> {
        self.guard.eval(coordinates).then(|| {
            self.indices
                .iter()
                .map(|index| index.eval(coordinates))
                .collect()
        })
    }

    /// The map that goes through this one and then through `inner`, whose outputs are this one's
    /// operand; `None` when its indices would pass [`super::MAX_DEPTH`] or [`super::MAX_ATOMS`].
    pub fn compose(&self, inner: &IndexMap) -> Option<IndexMap> {
        let composed = IndexMap {
            indices: inner
                .indices
                .iter()
                .map(|index| index.substitute(&self.indices))
                .collect(),
            guard: self.guard.and(&inner.guard.substitute(&self.indices)),
        };
        composed.is_small().then_some(composed)
    }

    /// Whether all indices are within [`super::MAX_DEPTH`] and [`super::MAX_ATOMS`].
    pub fn is_small(&self) -> bool {
        self.indices.iter().all(Index::is_small)
            && self.guard.relations().len() <= super::MAX_ATOMS
            && self
                .guard
                .relations()
                .iter()
                .all(|relation| relation.index().is_small())
    }

    /// The map with indices and guard simplified for output coordinates within `bounds`.
    #[must_use]
    pub fn simplify(&self, bounds: Bounds<'_>) -> Self {
        IndexMap {
            indices: self
                .indices
                .iter()
                .map(|index| index.simplify(bounds))
                .collect(),
            guard: self.guard.simplify(bounds),
        }
    }

    /// [`IndexMap::simplify`] for the coordinates of a tensor of that shape.
    #[must_use]
    pub fn simplify_for(&self, result: &Shape) -> Self {
        self.simplify(&box_of(result))
    }

    /// Whether this is the identity on `rank` axes.
    pub fn is_identity(&self, rank: usize) -> bool {
        self.guard.is_always()
            && self.indices.len() == rank
            && self
                .indices
                .iter()
                .enumerate()
                .all(|(axis, index)| index.as_var() == Some(axis as u32))
    }
}
