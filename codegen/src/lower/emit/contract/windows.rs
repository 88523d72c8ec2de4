//! Operands of contractions that are read through windows.
//!
//! A window view has each element of an image once for every window that covers it, so packing it would
//! store the image many times over. What the windows cover is *staged* instead: the image is copied once,
//! with the padding around it and the gaps between its elements filled with zeros, so that each element
//! that a tile needs is read at an affine place and without a condition.
//!
//! The place along an axis of the image is (affine index)/base, where that is an integer. The copy has an
//! axis with the values of the affine index, its *numerator*. The axis along which the elements of a
//! tile are read comes last; where they lie `stride` apart, it is split into phases, so that they
//! are next to each other.

use crate::kernel::MemId;
use crate::lower::analysis::model::Kind;
use crate::lower::emit::element::Elements;
use crate::lower::fusion::plan::Plan;
use lgc_ir::constant::Constant;
use lgc_ir::graph::NodeId;
use lgc_ir::index::{Atom, Guard, Index, IndexMap, Relation};
use lgc_ir::op::Family;

/// A copy of what the windows of an operand cover.
#[derive(Clone, Debug)]
pub(super) struct Stage {
    /// What is copied.
    image: NodeId,
    axes: Vec<Axis>,
    /// The axis of the image that is read along, with the distance of the elements; it comes last.
    last: Option<(usize, i64)>,
    /// Where the operand has elements of the image, over the numerators.
    guard: Guard,
}

/// An axis of the image.
#[derive(Clone, Debug)]
struct Axis {
    /// Over the coordinates of the operand.
    numerator: Index,
    /// The range of the numerator: from `low`, so many values.
    low: i64,
    extent: u64,
    /// What the numerator is divided by.
    base: i64,
    /// What is added to the numerator where it is to be divided by that.
    rest: i64,
    /// Whether the copy has it in the opposite order.
    reversed: bool,
    /// Whether the copy has no gaps: it is read only where there are none.
    closed: bool,
}

/// An axis of a copy that has zeros between the elements of the image.
#[derive(Clone, Debug)]
pub(super) struct Gap {
    /// The axis of the image.
    axis: usize,
    /// Over the coordinates of the operand.
    pub(super) numerator: Index,
    /// An element is where this divides the numerator and the rest.
    pub(super) base: i64,
    pub(super) rest: i64,
}

impl Axis {
    /// The place in the copy of a value of the numerator, before it is split.
    fn offset(&self, numerator: &Index) -> Index {
        let numerator = match self.closed {
            false => numerator.clone(),
            true => numerator.floor_div(self.base),
        };
        match self.reversed {
            false => numerator.add_constant(-self.low),
            true => numerator
                .scale(-1)
                .add_constant(self.low + self.extent as i64 - 1),
        }
    }

    /// The numerator at a place in the copy.
    fn numerator_at(&self, offset: &Index) -> Index {
        let at = match self.reversed {
            false => offset.add_constant(self.low),
            true => offset
                .scale(-1)
                .add_constant(self.low + self.extent as i64 - 1),
        };
        match self.closed {
            false => at,
            true => at
                .scale(self.base)
                .add_constant((-self.rest).rem_euclid(self.base)),
        }
    }

    /// Leaves the gaps out.
    fn close(&mut self) {
        let last = (self.low + self.extent as i64 - 1).div_euclid(self.base);
        self.low = self.low.div_euclid(self.base);
        self.extent = (last - self.low + 1).max(0) as u64;
        self.closed = true;
    }
}

impl Stage {
    /// How an operand is staged that is read at coordinates within `bounds`, along axis `along` in vectors; `None` where
    /// it is no window view.
    pub(in crate::lower) fn of(
        plan: &Plan<'_>,
        operand: NodeId,
        bounds: &[(i64, i64)],
        along: Option<usize>,
    ) -> Option<Stage> {
        let (image, map) = image_of(plan, operand, bounds)?;
        let shape = plan.model.shape(image);
        let mut axes = Vec::with_capacity(map.indices.len());
        for index in &map.indices {
            let (numerator, base) = fraction(index)?;
            let (low, end) = numerator.range(bounds);
            let extent = u64::try_from(end.checked_sub(low)?).ok()?;
            axes.push(Axis {
                numerator,
                low,
                extent,
                base,
                rest: 0,
                reversed: false,
                closed: false,
            });
        }
        let mut guard = Guard::always();
        for (axis, staged) in axes.iter_mut().enumerate() {
            let end = (shape.extent(axis) as i64 - 1) * staged.base + 1;
            let numerator = Index::var(axis as u32);
            guard = guard.and(&Guard::within(numerator, 0, end.max(0)));
            if staged.base > 1 {
                let rest = |relation: &Relation| match relation {
                    Relation::Divisible { index, divisor } if *divisor == staged.base => {
                        congruent(index, &staged.numerator, *divisor)
                    }
                    Relation::Divisible { .. } | Relation::Within { .. } => None,
                };
                staged.rest = map.guard.relations().iter().find_map(rest)?;
            }
        }
        for relation in map.guard.relations() {
            guard = guard.and(&translated(relation, &axes)?);
        }
        let last = match along {
            Some(along) => {
                let (axis, step) = read_along(&axes, along as u32)?;
                axes[axis].reversed = step < 0;
                Some((axis, step.abs()))
            }
            None => None,
        };
        Some(Stage {
            image,
            axes,
            last,
            guard,
        })
    }

    /// The axes with zeros between the elements of the image, but for the one that is read along.
    pub(super) fn gaps(&self) -> Vec<Gap> {
        let gap = |axis: usize| {
            let staged = &self.axes[axis];
            (staged.base > 1).then(|| Gap {
                axis,
                numerator: staged.numerator.clone(),
                base: staged.base,
                rest: staged.rest,
            })
        };
        self.others().filter_map(gap).collect()
    }

    /// Leaves the zeros of a gap out of the copy: it is read only between them.
    pub(super) fn close(&mut self, gap: &Gap) {
        if let Some(axis) = self.axes.get_mut(gap.axis) {
            axis.close();
        }
    }

    /// Whether every element that is read is one of the image.
    pub(in crate::lower) fn is_plain(&self, bounds: &[(i64, i64)]) -> bool {
        let numerators: Vec<Index> = self
            .axes
            .iter()
            .map(|axis| axis.numerator.clone())
            .collect();
        self.guard
            .substitute(&numerators)
            .simplify(bounds)
            .is_always()
    }

    /// The extents of the copy.
    pub(in crate::lower) fn extents(&self) -> Vec<u64> {
        let others = self.others().map(|axis| self.axes[axis].extent);
        let mut extents: Vec<u64> = others.collect();
        if let Some((axis, stride)) = self.last {
            let stride = stride.unsigned_abs();
            extents.push(stride);
            extents.push(self.axes[axis].extent.div_ceil(stride));
        }
        extents
    }

    fn others(&self) -> impl Iterator<Item = usize> + '_ {
        let last = self.last.map(|(axis, _)| axis);
        (0..self.axes.len()).filter(move |axis| Some(*axis) != last)
    }

    /// Where in the copy the element of the operand at some coordinates is.
    pub(in crate::lower) fn place(&self, elements: &Elements<'_>, coords: &[Index]) -> Vec<Index> {
        let from_low = |axis: usize| {
            let staged = &self.axes[axis];
            elements.simplified(&staged.offset(&staged.numerator.substitute(coords)))
        };
        let mut place: Vec<Index> = self.others().map(from_low).collect();
        if let Some((axis, stride)) = self.last {
            let at = from_low(axis);
            place.push(elements.simplified(&at.modulo(stride)));
            place.push(elements.simplified(&at.floor_div(stride)));
        }
        place
    }

    /// Emits the copy.
    pub(in crate::lower) fn copy(&self, elements: &mut Elements<'_>, memory: MemId) {
        let extents = self.extents();
        let inner = extents.len().min(2);
        let (outside, inside) = extents.split_at(extents.len() - inner);
        let work: u64 = inside.iter().product();
        elements.nest(true, outside, work, &mut |elements, outer| {
            elements.nest(false, inside, 1, &mut |elements, inner| {
                let at: Vec<Index> = outer.iter().chain(inner).cloned().collect();
                let numerators = self.numerators(&at);
                let coordinate =
                    |(axis, numerator): (&Axis, &Index)| numerator.floor_div(axis.base);
                let coords = self.axes.iter().zip(&numerators).map(coordinate);
                let coords: Vec<Index> = coords.map(|index| elements.simplified(&index)).collect();
                let guard = self.guard.substitute(&numerators);
                let guard = elements.simplified_guard(&guard);
                let value = elements.value_where(self.image, coords, guard.clone());
                let value = elements.or_zero(&guard, value);
                elements.store_to(memory, &at, value);
            });
        });
    }

    /// The numerators at a place of the copy.
    fn numerators(&self, at: &[Index]) -> Vec<Index> {
        let mut numerators = vec![Index::default(); self.axes.len()];
        for (place, axis) in self.others().enumerate() {
            numerators[axis] = self.axes[axis].numerator_at(&at[place]);
        }
        if let (Some((axis, stride)), [.., phase, place]) = (self.last, at) {
            let offset = place.scale(stride).add(phase);
            numerators[axis] = self.axes[axis].numerator_at(&offset);
        }
        numerators
    }
}

/// What an operand reads through views of one operand each that put zeros where it has no element, and
/// where. Coordinates are within `bounds`.
fn image_of(plan: &Plan<'_>, operand: NodeId, bounds: &[(i64, i64)]) -> Option<(NodeId, IndexMap)> {
    let model = plan.model;
    let mut map = IndexMap::identity(model.shape(operand).rank());
    let mut node = operand;
    while matches!(model.kind(node), Kind::View) && plan.buffer(node).is_none() {
        let references = model.references(node);
        let [reference] = references.as_slice() else {
            break;
        };
        let Family::View(view) = model.graph.op(node).family() else {
            break;
        };
        if !reference.map.guard.is_always() && view.fill() != Constant::integer(0) {
            break;
        }
        map = map.compose(&reference.map)?.simplify(bounds);
        node = reference.node;
    }
    Some((node, map))
}

/// An index as a quotient of an affine index.
fn fraction(index: &Index) -> Option<(Index, i64)> {
    let mut quotients = index
        .terms()
        .iter()
        .filter_map(|(atom, factor)| match atom {
            Atom::Var(_) => None,
            Atom::FloorDiv(inner, divisor) => Some((atom, inner, *divisor, *factor)),
            Atom::Mod(inner, _) => Some((atom, inner, 1, 0)),
        });
    let Some((atom, inner, divisor, factor)) = quotients.next() else {
        return Some((index.clone(), 1));
    };
    if quotients.next().is_some() || factor != 1 || inner.as_affine().is_none() {
        return None;
    }
    let mut whole = Index::constant(index.offset());
    for (other, factor) in index.terms().iter().filter(|(other, _)| other != atom) {
        if let Atom::Var(variable) = other {
            whole = whole.add(&Index::var(*variable).scale(*factor));
        }
    }
    Some((whole.scale(divisor).add(inner), divisor))
}

/// The axis of the image that a coordinate of the operand moves, alone, and by how much.
fn read_along(axes: &[Axis], along: u32) -> Option<(usize, i64)> {
    let mut moved = (0..axes.len()).filter(|&axis| axes[axis].numerator.mentions(along));
    let axis = moved.next()?;
    let stride = axes[axis].numerator.coefficient(along);
    (moved.next().is_none() && stride != 0).then_some((axis, stride))
}

/// c with index ≡ numerator + c modulo a divisor, at all points.
fn congruent(index: &Index, numerator: &Index, divisor: i64) -> Option<i64> {
    let difference = index.sub(numerator);
    let mut factors = difference.terms().iter().map(|(_, factor)| *factor);
    factors
        .all(|factor| factor % divisor == 0)
        .then(|| difference.offset())
}

/// A relation of coordinates of the operand as one of numerators.
fn translated(relation: &Relation, axes: &[Axis]) -> Option<Guard> {
    let mut numerators = axes.iter().enumerate();
    match relation {
        Relation::Divisible { index, divisor } => numerators.find_map(|(axis, staged)| {
            let rest = congruent(index, &staged.numerator, *divisor)?;
            let numerator = Index::var(axis as u32).add_constant(rest);
            Some(Guard::divisible(numerator, *divisor))
        }),
        Relation::Within { index, low, high } => numerators.find_map(|(axis, staged)| {
            // factor·index = multiple·numerator + rest.
            let (atom, own) = staged.numerator.terms().first()?;
            let other = index.terms().iter().find(|(other, _)| other == atom)?.1;
            let (factor, multiple) = (own.abs(), other * own.signum());
            let rest = index.scale(factor).sub(&staged.numerator.scale(multiple));
            let rest = rest.as_constant()?;
            let numerator = Index::var(axis as u32).scale(multiple).add_constant(rest);
            let low = low.checked_mul(factor)?;
            let high = (high - 1).checked_mul(factor)? + 1;
            Some(Guard::within(numerator, low, high))
        }),
    }
}
