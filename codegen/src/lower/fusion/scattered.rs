//! Scatters that write where a view of them has its elements.
//!
//! Tuples of indices address a reshape of a tensor, and indices along an axis a transposition of it. What
//! is then kept is the view back. Where nothing else is read of the scatter, its sums are in the memory of
//! that view from the start.

use crate::lower::analysis::model::{Kind, Reference};
use crate::lower::fusion::fuse::Fusion;
use crate::lower::fusion::group::{Member, Read};
use lgc_ir::graph::NodeId;
use lgc_ir::index::{Index, IndexMap};
use lgc_ir::shape::Shape;

impl Fusion<'_> {
    /// Puts a view into the group of the scatter that it reads, if all that is read of the scatter is
    /// this view.
    pub(super) fn place_with_scatter(&mut self, node: NodeId, reads: &[Read]) -> bool {
        let [Read { node: scatter, .. }] = *reads else {
            return false;
        };
        let (Kind::Scatter(picking), Some(member)) =
            (self.model.kind(scatter), self.member(scatter))
        else {
            return false;
        };
        let group = member.group;
        let is_alone = self.uses(scatter) == self.uses(node) && !self.buffered.contains(&scatter);
        let places = is_alone.then(|| self.places_in_view(scatter, node));
        let Some(places) = places.flatten() else {
            return false;
        };
        // Elements that are added to at the same time must be told apart by coordinates without the
        // run-time index.
        let axis = picking.axis as u32;
        let apart = |index: &Index| {
            let mut others = false;
            index.for_each_var(&mut |var| others |= var != axis);
            !(others && index.mentions(axis))
        };
        if !places.indices.iter().all(apart) {
            return false;
        }
        let member = Member {
            group,
            coords: places.indices.into(),
            row: false,
            reads: reads.into(),
        };
        self.join(node, member);
        true
    }

    /// Where a view of a value has each of its elements, if it is known to have each once.
    fn places_in_view(&self, value: NodeId, view: NodeId) -> Option<IndexMap> {
        let mut steps = Vec::new();
        let mut at = view;
        while at != value {
            let references = self.model.references(at);
            let [Reference { node, map }] = references.as_slice() else {
                return None;
            };
            steps.push(inverse(map, self.model.shape(*node), self.model.shape(at))?);
            at = *node;
        }
        let shape = self.model.shape(value);
        let mut places = IndexMap::identity(shape.rank());
        for step in steps.iter().rev() {
            places = places.compose(step)?.simplify_for(shape);
        }
        Some(places)
    }
}

/// The map from coordinates of the operand of a view to those of the view, if this is known to be a
/// reshape or a transposition.
fn inverse(map: &IndexMap, operand: &Shape, view: &Shape) -> Option<IndexMap> {
    if !map.guard.is_always() || operand.elements() != view.elements() {
        return None;
    }
    let own = map.simplify_for(view);
    if own == IndexMap::reshape(operand, view).simplify_for(view) {
        return Some(IndexMap::reshape(view, operand));
    }
    // Along axes of extent 1 a coordinate is 0.
    let mut indices = vec![None; view.rank()];
    for (axis, index) in own.indices.iter().enumerate() {
        if index.as_constant() == Some(0) && operand.extent(axis) == 1 {
            continue;
        }
        let along = index.as_var()? as usize;
        let place = indices.get_mut(along)?;
        if place.is_some() || operand.extent(axis) != view.extent(along) {
            return None;
        }
        *place = Some(Index::var(axis as u32));
    }
    let index = |(axis, index): (usize, Option<Index>)| match index {
        Some(index) => Some(index),
        None => (view.extent(axis) == 1).then(|| Index::constant(0)),
    };
    let indices = indices.into_iter().enumerate().map(index);
    Some(IndexMap::total(indices.collect::<Option<_>>()?))
}
