//! Residue classes of results that read an operand through windows with gaps.
//!
//! The gradient of a convolution with a stride reads its cotangent at the place (x − k + c)/s for each tap k, where s
//! divides it. Of the products with all taps, all but one in s are with the zeros of a gap. Neighbours x that are s apart
//! meet the same taps: so results of one residue modulo s are computed together, from the taps that they meet alone, and
//! the zeros are not stored. What is left out is the product of a zero, added to a sum: the bits are the same, unless
//! the other factor is no number or the sum has underflowed to −0.
//!
//! The axis that vectors run along stays as it is: elements of one residue do not lie next to each other.

use super::Contraction;
use super::windows::Gap;
use crate::lower::grouping::{CHAIN, Pieces};
use lgc_ir::index::{Atom, Index};

/// Each class has loops of its own. Convolutions within networks have a stride of 2 or 3; with longer ones they read
/// images, by which no gradient is asked for.
const MOST: i64 = 4;

/// The results along an axis whose places have one residue.
#[derive(Clone, Copy, Debug)]
pub(super) struct Class {
    /// The axis of the result.
    pub(super) axis: usize,
    /// The residue, and modulo which number.
    residue: u64,
    base: u64,
    /// Which contracted axis the taps are.
    tap: usize,
    /// The taps that they meet: how many, from the first one on in steps.
    taps: u64,
    first: u64,
    step: u64,
}

impl Class {
    /// How many of them there are along an axis of so many places.
    pub(super) fn extent(&self, places: u64) -> u64 {
        places.saturating_sub(self.residue).div_ceil(self.base)
    }

    /// The place of one of them.
    pub(super) fn place(&self, number: &Index) -> Index {
        let residue = self.residue as i64;
        number.scale(self.base as i64).add_constant(residue)
    }
}

/// The extents of the contracted axes, where some have taps that are met only.
pub(super) fn met(classes: &[Class], contracted: &[u64]) -> Vec<u64> {
    let mut extents = contracted.to_vec();
    for class in classes {
        extents[class.tap] = class.taps;
    }
    extents
}

/// The coordinates along the contracted axes of what is met.
pub(super) fn taps(classes: &[Class], inner: &[Index]) -> Vec<Index> {
    let mut coords = inner.to_vec();
    for class in classes {
        let tap = &mut coords[class.tap];
        *tap = tap
            .scale(class.step as i64)
            .add_constant(class.first as i64);
    }
    coords
}

impl Contraction<'_> {
    /// The classes of results that meet the same taps of an operand through a gap; `None` where the gap is not that of an
    /// axis of plain loops and of taps that lie in pieces whole.
    pub(super) fn classes_of(&self, side: usize, gap: &Gap) -> Option<Vec<Class>> {
        if gap.base > MOST || (self.shape.rows.is_none() && self.shape.columns.is_none()) {
            return None;
        }
        let mut ways = [None, None];
        for (atom, factor) in gap.numerator.terms() {
            let Atom::Var(coordinate) = atom else {
                return None;
            };
            let coordinate = *coordinate as usize;
            let contracted = self.axes.contract[side]
                .iter()
                .position(|&axis| axis == coordinate);
            let (way, of) = match (self.geometry(side).result_axis(coordinate), contracted) {
                (Some(axis), _) => (0, axis),
                (None, Some(tap)) => (1, tap),
                (None, None) => return None,
            };
            if ways[way].replace((of, *factor)).is_some() {
                return None;
            }
        }
        let [(axis, along), (tap, by)] = [ways[0]?, ways[1]?];
        let blocked = [self.shape.rows, self.shape.columns, self.shape.several];
        let is_blocked = blocked.iter().flatten().any(|blocked| blocked.axis == axis);
        let mut known = self.classes.iter().flatten();
        let is_taken = known.any(|class| class.axis == axis || class.tap == tap);
        let contracted = self.contracted();
        let pieces = Pieces::of(&contracted, CHAIN);
        let is_cut = tap <= pieces.apart() && !pieces.are_one(&contracted);
        if is_blocked || is_taken || is_cut || self.result().extent(axis) == 0 {
            return None;
        }
        let class = |residue: i64| {
            let at = along * residue + gap.numerator.offset() + gap.rest;
            let met = |tap: &i64| (at + by * tap).rem_euclid(gap.base) == 0;
            let mut all = (0..contracted[tap] as i64).filter(met);
            let first = all.next();
            let second = all.next();
            let rest = all.count() as u64;
            let step = first
                .zip(second)
                .map_or(1, |(first, second)| second - first);
            Class {
                axis,
                residue: residue as u64,
                base: gap.base as u64,
                tap,
                taps: rest + u64::from(first.is_some()) + u64::from(second.is_some()),
                first: first.unwrap_or(0) as u64,
                step: step as u64,
            }
        };
        Some((0..gap.base).map(class).collect())
    }

    /// All combinations of classes along several axes; one without any where there are none.
    pub(super) fn combinations(&self) -> Vec<Vec<Class>> {
        let mut all = vec![Vec::new()];
        for classes in &self.classes {
            let longer = |before: &Vec<Class>| {
                let with = |class: &Class| before.iter().copied().chain([*class]).collect();
                classes.iter().map(with).collect::<Vec<Vec<Class>>>()
            };
            all = all.iter().flat_map(longer).collect();
        }
        all
    }
}
