//! Dims, shapes and tensor types.
//!
//! Sizes are bounded twice. No value of a graph has more than [`MAX_ELEMENTS`], so that later stages
//! can compute element counts and byte offsets without overflow. What is in memory has at most
//! [`MAX_BYTES`]: parameters, results, and what the lowering decides to store. A value on the way that
//! is never stored (a view, an operand of a sum) may be larger.

use crate::dtype::DType;
use smallvec::SmallVec;
use std::fmt;

/// No tensor in memory may need more bytes than this (2⁴⁰).
pub const MAX_BYTES: u64 = 1 << 40;

/// No tensor of a program has more axes than this.
pub const MAX_RANK: usize = 32;

/// No value of a graph has more axes than this: what ops are made of may need some of their own.
pub(crate) const MAX_INNER_RANK: usize = 2 * MAX_RANK + 8;

/// No value of a graph may have more elements than this (2⁴⁸), stored or not.
pub const MAX_ELEMENTS: u64 = 1 << 48;

/// The extent of one axis. Fixed at compile time; a type of its own, since extents that are
/// chosen at run time are planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Dim(pub u64);

impl fmt::Display for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The extents of a tensor, outermost first. Row-major order is implied everywhere.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Shape(SmallVec<[Dim; 4]>);

impl Shape {
    /// The shape of a scalar: no axes, one element.
    pub fn scalar() -> Self {
        Shape::default()
    }

    /// A shape from extents.
    pub fn new(dims: impl IntoIterator<Item = u64>) -> Self {
        Shape(dims.into_iter().map(Dim).collect())
    }

    /// Number of axes.
    pub fn rank(&self) -> usize {
        self.0.len()
    }

    /// The extents, outermost first.
    pub fn dims(&self) -> &[Dim] {
        &self.0
    }

    /// The extents as integers, outermost first.
    pub fn extents(&self) -> impl DoubleEndedIterator<Item = u64> + ExactSizeIterator + '_ {
        self.0.iter().map(|dim| dim.0)
    }

    /// The extent of `axis`, or 1 past the last axis.
    pub fn extent(&self, axis: usize) -> u64 {
        self.0.get(axis).map_or(1, |dim| dim.0)
    }

    /// Number of elements; saturates at `u64::MAX`, which no checked [`Type`] reaches.
    pub fn elements(&self) -> u64 {
        if self.0.iter().any(|dim| dim.0 == 0) {
            return 0;
        }
        self.0
            .iter()
            .fold(1u64, |product, dim| product.saturating_mul(dim.0))
    }

    /// Row-major strides in elements.
    pub fn strides(&self) -> SmallVec<[u64; 4]> {
        let mut strides: SmallVec<[u64; 4]> = SmallVec::from_elem(1, self.rank());
        for axis in (0..self.rank().saturating_sub(1)).rev() {
            strides[axis] = strides[axis + 1].saturating_mul(self.extent(axis + 1));
        }
        strides
    }

    /// The shape with `axes` removed.
    pub fn without(&self, axes: &[usize]) -> Shape {
        Shape::new(
            self.extents()
                .enumerate()
                .filter(|(axis, _)| !axes.contains(axis))
                .map(|(_, e)| e),
        )
    }

    /// The shape of `count` tensors of this shape, stacked along a new leading axis.
    #[must_use]
    pub fn stacked(&self, count: u64) -> Shape {
        Shape::new(std::iter::once(count).chain(self.extents()))
    }

    /// The shape with the extents of `axes` replaced by 1.
    pub fn with_ones(&self, axes: &[usize]) -> Shape {
        Shape::new(
            self.extents()
                .enumerate()
                .map(|(a, e)| if axes.contains(&a) { 1 } else { e }),
        )
    }

    /// The coordinates of the element at row-major position `linear`.
    pub fn unravel(&self, linear: u64) -> SmallVec<[i64; 4]> {
        let mut rest = linear;
        let mut coordinates: SmallVec<[i64; 4]> = SmallVec::from_elem(0, self.rank());
        for axis in (0..self.rank()).rev() {
            let extent = self.extent(axis).max(1);
            coordinates[axis] = (rest % extent) as i64;
            rest /= extent;
        }
        coordinates
    }

    /// The row-major position of `coordinates`, or `None` when they lie outside.
    pub fn ravel(&self, coordinates: &[i64]) -> Option<u64> {
        let mut linear = 0u64;
        for (extent, &coordinate) in self.extents().zip(coordinates) {
            let coordinate = u64::try_from(coordinate).ok().filter(|&c| c < extent)?;
            linear = linear * extent + coordinate;
        }
        (coordinates.len() == self.rank()).then_some(linear)
    }

    /// The common shape of two under NumPy broadcasting (aligned at the last axis), if any.
    pub fn broadcast(&self, other: &Shape) -> Option<Shape> {
        let rank = self.rank().max(other.rank());
        let at = |shape: &Shape, axis: usize| {
            (axis + shape.rank())
                .checked_sub(rank)
                .map_or(1, |axis| shape.extent(axis))
        };
        (0..rank)
            .map(|axis| match (at(self, axis), at(other, axis)) {
                (a, b) if a == b => Some(a),
                (1, b) => Some(b),
                (a, 1) => Some(a),
                (_, _) => None,
            })
            .collect::<Option<Vec<u64>>>()
            .map(Shape::new)
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (axis, dim) in self.0.iter().enumerate() {
            write!(f, "{}{dim}", if axis == 0 { "" } else { ", " })?;
        }
        f.write_str("]")
    }
}

/// The type of a tensor: what an element is, and how many there are along each axis.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Type {
    /// Element type.
    pub dtype: DType,
    /// Extents.
    pub shape: Shape,
}

impl Type {
    /// A tensor type.
    pub fn new(dtype: DType, shape: Shape) -> Self {
        Type { dtype, shape }
    }

    /// The type of a scalar tensor.
    pub fn scalar(dtype: DType) -> Self {
        Type {
            dtype,
            shape: Shape::scalar(),
        }
    }

    /// The same shape with another dtype.
    pub fn with_dtype(&self, dtype: DType) -> Self {
        Type {
            dtype,
            shape: self.shape.clone(),
        }
    }

    /// The same dtype with another shape.
    pub fn with_shape(&self, shape: Shape) -> Self {
        Type {
            dtype: self.dtype,
            shape,
        }
    }

    /// Number of elements.
    pub fn elements(&self) -> u64 {
        self.shape.elements()
    }

    /// Size in bytes (saturating; at most 8 · [`MAX_ELEMENTS`] for every checked type).
    pub fn bytes(&self) -> u64 {
        self.elements().saturating_mul(self.dtype.size())
    }

    /// Whether it may be in memory: the size is within [`MAX_BYTES`].
    pub fn is_bounded(&self) -> bool {
        self.bytes() <= MAX_BYTES && self.nonzero_extents() <= MAX_BYTES
    }

    /// Whether a value of a graph may be of this type: it has at most [`MAX_ELEMENTS`], no axis is
    /// longer than a tensor in memory can be, and there are not too many.
    pub fn is_countable(&self) -> bool {
        self.nonzero_extents() <= MAX_ELEMENTS
            && self.shape.rank() <= MAX_INNER_RANK
            && self.shape.extents().all(|extent| extent <= MAX_BYTES)
    }

    /// The product of the extents that are not zero: products of some extents are bounded, too, where
    /// another one is zero.
    fn nonzero_extents(&self) -> u64 {
        let extents = self.shape.extents().filter(|&extent| extent > 0);
        extents.fold(1u64, u64::saturating_mul)
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.dtype, self.shape)
    }
}
