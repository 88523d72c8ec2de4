//! Sorting.
//!
//! One primitive yields the *permutation* that sorts along an axis; it has no derivative. What is
//! sorted is then picked by it, so that derivatives pass through the permutation like through any
//! other index. The order is total and stable: NaN counts as larger than every number (NumPy, JAX
//! and PyTorch put it last when ascending, PyTorch and JAX first when descending), −0 equals 0, and
//! equal elements keep their order in both directions.

use super::composite::Built;
use super::family::{Composite, SortRule};
use super::macros::op;
use super::spec::{
    Accepts, Guard, OpDef, TypeError, Types, check_axes, check_positions, normalize_axes, single,
};
use crate::builder::Builder;
use crate::dtype::DType;
use crate::graph::Value;
use crate::op::TakeAlongAxis;
use crate::shape::Type;
use smallvec::{SmallVec, smallvec};

op! {
    /// The positions along an axis, in the order that sorts x: element 0 of the result says where
    /// the smallest element stands (the largest, if descending). Stable: equal elements keep their
    /// order. A NaN counts as largest. No derivative.
    ArgSort = "argsort"(x) {
        /// The axis to sort along.
        axis: i64 = -1,
        /// Whether the largest element comes first.
        descending: bool = false,
        /// Element type of the result; an integer type.
        dtype: DType = DType::I32,
    }
    examples [
        "(x: f32[2, 5]) -> argsort(x)",
        "(x: f32[3, 2]) -> argsort(x, axis = 0, descending = true, dtype = i64)",
        "(x: i32[7]) -> argsort(x, descending = true)",
    ]
}
impl ArgSort {
    /// The order, once the axis is canonical.
    pub(crate) fn rule(&self) -> SortRule {
        SortRule {
            descending: self.descending,
            axis: usize::try_from(self.axis).unwrap_or(usize::MAX),
            dtype: self.dtype,
        }
    }
}
impl OpDef for ArgSort {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        let x = operands[0];
        let extent = sorted_extent("argsort", self.axis, x)?;
        if !self.dtype.is_integer() {
            let message = format!("`argsort` yields an integer type, not {}", self.dtype);
            return Err(TypeError::new(message));
        }
        check_positions("argsort", self.dtype, extent)?;
        Ok(single(x.with_dtype(self.dtype)))
    }
    fn canonical(self, operands: &[&Type]) -> Self {
        let axis = normalize_axes(&[self.axis], operands[0].shape.rank())[0];
        ArgSort { axis, ..self }
    }
    fn guards(&self) -> SmallVec<[Guard; 1]> {
        smallvec![Guard::NoTies { operand: 0 }]
    }
}

/// The extent along the axis, if x can be sorted along it.
fn sorted_extent(op: &str, axis: i64, x: &Type) -> Result<u64, TypeError> {
    Accepts::Numbers.require(op, 0, x)?;
    check_axes(op, &[axis], x.shape.rank())?;
    Ok(x.shape.extent(usize::try_from(axis).unwrap_or(usize::MAX)))
}

/// x picked along an axis in sorted order, and the permutation.
fn sorted(b: &Builder, x: Value, axis: i64, descending: bool) -> Result<[Value; 2], TypeError> {
    let dtype = index_dtype(&b.ty(x), axis);
    let order = ArgSort {
        axis,
        descending,
        dtype,
    };
    let order = b.apply(order, &[x])?;
    Ok([b.apply(TakeAlongAxis { axis }, &[x, order])?, order])
}

/// i32, where it counts the elements along the axis.
fn index_dtype(x: &Type, axis: i64) -> DType {
    let extent = x.shape.extent(usize::try_from(axis).unwrap_or(usize::MAX));
    if i32::try_from(extent).is_ok() {
        DType::I32
    } else {
        DType::I64
    }
}

op! {
    /// The elements of x in order along an axis: ascending, or descending. Equal elements keep their
    /// order; a NaN counts as largest. The derivative passes through the permutation.
    Sort = "sort"(x) {
        /// The axis to sort along.
        axis: i64 = -1,
        /// Whether the largest element comes first.
        descending: bool = false,
    }
    examples [
        "(x: f32[5]) -> sort(x)",
        "(x: f32[2, 4]) -> sort(x, descending = true)",
        "(x: f32[3, 2]) -> sort(x, axis = 0)",
        "(x: i32[6]) -> sort(x)",
    ]
}
impl OpDef for Sort {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        sorted_extent("sort", self.axis, operands[0])?;
        Ok(single(operands[0].clone()))
    }
    fn canonical(self, operands: &[&Type]) -> Self {
        let axis = normalize_axes(&[self.axis], operands[0].shape.rank())[0];
        Sort { axis, ..self }
    }
}
impl Composite for Sort {
    fn keeps_halves(&self) -> bool {
        true
    }
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let [values, _] = sorted(b, operands[0], self.axis, self.descending)?;
        Ok(smallvec![values])
    }
}

op! {
    /// The k largest elements along an axis, in descending order, and where they stand (i32).
    /// Of equal elements the first comes first; a NaN counts as largest. The derivative of the
    /// values passes through the permutation; indices have none.
    TopK = "top_k"(x) -> (values, indices) {
        /// How many elements; at most the extent of the axis.
        k: i64,
        /// The axis to search.
        axis: i64 = -1,
        /// Whether the largest elements are wanted; else the smallest, in ascending order, of which
        /// a NaN is the last.
        largest: bool = true,
    }
    examples [
        "(x: f32[2, 5]) -> top_k(x, k = 3)",
        "(x: f32[4, 2]) -> top_k(x, k = 1, axis = 0)",
        "(x: f32[6]) -> top_k(x, k = 2, largest = false)",
    ]
}
impl OpDef for TopK {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        let x = operands[0];
        let extent = sorted_extent("top_k", self.axis, x)?;
        let Some(k) = u64::try_from(self.k).ok().filter(|&k| k <= extent) else {
            let message = format!("`top_k` of {extent} elements cannot take {}", self.k);
            let help = format!("k is from 0 to {extent}, the extent of axis {}", self.axis);
            return Err(TypeError::new(message).help(help));
        };
        check_positions("top_k", DType::I32, extent)
            .map_err(|error| error.help("use `argsort` with `dtype = i64`"))?;
        let cut = |(at, extent): (usize, u64)| if at as i64 == self.axis { k } else { extent };
        let shape = crate::shape::Shape::new(x.shape.extents().enumerate().map(cut));
        let values = x.with_shape(shape);
        let indices = values.with_dtype(DType::I32);
        Ok(smallvec![values, indices])
    }
    fn canonical(self, operands: &[&Type]) -> Self {
        let axis = normalize_axes(&[self.axis], operands[0].shape.rank())[0];
        TopK { axis, ..self }
    }
}
impl Composite for TopK {
    fn keeps_halves(&self) -> bool {
        true
    }
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let x = operands[0];
        let order = ArgSort {
            axis: self.axis,
            descending: self.largest,
            dtype: DType::I32,
        };
        let order = b.apply(order, &[x])?;
        let shape = b.shape(x);
        let (start, step) = (vec![0; shape.rank()], vec![1; shape.rank()]);
        let mut limit: Vec<u64> = shape.extents().collect();
        if let Some(limit) = limit.get_mut(usize::try_from(self.axis).unwrap_or(usize::MAX)) {
            *limit = u64::try_from(self.k).unwrap_or(0);
        }
        let indices = b.slice(order, &start, &limit, &step)?;
        let values = b.apply(TakeAlongAxis { axis: self.axis }, &[x, indices])?;
        Ok(smallvec![values, indices])
    }
}
