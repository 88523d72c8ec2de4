//! Reductions over axes.

use super::attribute::{Axes, as_axes};
use super::family::{ArgRule, FoldRule, Monoid, all_axes};
use super::macros::op;
use super::spec::{
    Accepts, Guard, OpDef, TypeError, Types, check_axes, check_positions, normalize_axes, single,
};
use crate::dtype::DType;
use crate::shape::{Shape, Type};
use smallvec::{SmallVec, smallvec};

/// An op that folds a monoid over axes.
pub(crate) trait Reduction: OpDef {
    /// The fold, once axes are canonical.
    fn rule(&self) -> FoldRule;
}

pub(super) fn reduced_shape(shape: &Shape, axes: &[usize], keepdims: bool) -> Shape {
    if keepdims {
        shape.with_ones(axes)
    } else {
        shape.without(axes)
    }
}

/// Axes in canonical form: given, normalised and ascending.
fn canonical_axes(axes: Option<Axes>, operands: &[&Type]) -> Option<Axes> {
    let rank = operands[0].shape.rank();
    let mut axes = normalize_axes(&all_axes(axes, rank), rank);
    axes.sort_unstable();
    Some(axes)
}

/// The result type of a fold; an empty group is an error unless the fold has a neutral element
/// that users expect.
fn infer_fold(
    op: &str,
    accepts: Accepts,
    axes: &Option<Axes>,
    keepdims: bool,
    needs_elements: bool,
    operand: &Type,
) -> Result<Types, TypeError> {
    accepts.require(op, 0, operand)?;
    let axes = axes.clone().unwrap_or_default();
    check_axes(op, &axes, operand.shape.rank())?;
    let axes = as_axes(&axes);
    let empty = axes.iter().any(|&axis| operand.shape.extent(axis) == 0);
    if needs_elements && empty {
        let shape = &operand.shape;
        return Err(TypeError::new(format!("`{op}` of no elements: shape {shape}")).at(0));
    }
    Ok(single(operand.with_shape(reduced_shape(
        &operand.shape,
        &axes,
        keepdims,
    ))))
}

macro_rules! reduction {
    (
        $(#[doc = $doc:literal])+
        $Name:ident = $name:literal, $accepts:ident, needs_elements: $needs:literal,
        [$($example:literal),+], $($monoid:ident)? $(, guard $guard:expr)?
    ) => {
        op! {
            $(#[doc = $doc])+
            $Name = $name(x) {
                /// The axes to fold; all if left out.
                axes: Option<Axes> = None,
                /// Whether folded axes stay, with extent 1.
                keepdims: bool = false,
            }
            examples [$($example),+]
        }
        impl OpDef for $Name {
            fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
                infer_fold($name, Accepts::$accepts, &self.axes, self.keepdims, $needs, operands[0])
            }
            fn canonical(self, operands: &[&Type]) -> Self {
                $Name { axes: canonical_axes(self.axes, operands), ..self }
            }
            fn guards(&self) -> SmallVec<[Guard; 1]> {
                smallvec![$($guard)?]
            }
        }
        $(impl Reduction for $Name {
            fn rule(&self) -> FoldRule {
                let axes = as_axes(self.axes.as_deref().unwrap_or_default());
                FoldRule { monoid: Monoid::$monoid, axes, keepdims: self.keepdims }
            }
        })?
    };
}

reduction! {
    /// Sum over axes. The sum of no elements is 0. Halves are added up in f32.
    ///
    /// How elements are grouped follows from the shape alone. If the last axis is summed, the last axes with
    /// 256 elements or more are a line, which is added up in 32 interleaved parts, cut at multiples of 4096
    /// elements; if not, rows are added in order, cut so that at most 128 follow one another. What
    /// parts come to is added as a tree. So the error is at most (130 + r + ⌈log₂ n⌉)·u·Σ|xᵢ|, with u the unit roundoff (2⁻²⁴ in
    /// f32), n elements and r axes. `mean`, norms, losses and variances add up in this way.
    Sum = "sum", Numbers, needs_elements: false,
    ["(x: f32[2, 3]) -> sum(x, axes = [1])", "(x: f32[2, 3]) -> sum(x, axes = [0], keepdims = true)",
     "(x: bf16[3, 5]) -> sum(x)", "(x: i64[2, 3]) -> sum(x, axes = [1])"],
    Sum
}
reduction! {
    /// Largest element over axes; NaN if any is NaN. At a tie the first winner in row-major order
    /// takes the cotangent.
    ReduceMax = "reduce_max", Numbers, needs_elements: true,
    ["(x: f32[2, 3]) -> reduce_max(x, axes = [1])", "(x: f32[2, 3, 2]) -> reduce_max(x, axes = [0, 2])"],
    Max, guard Guard::UniqueWinner { operand: 0 }
}
reduction! {
    /// Smallest element over axes; NaN if any is NaN. At a tie the first winner in row-major order
    /// takes the cotangent.
    ReduceMin = "reduce_min", Numbers, needs_elements: true,
    ["(x: f32[2, 3]) -> reduce_min(x, axes = [1])"],
    Min, guard Guard::UniqueWinner { operand: 0 }
}
reduction! {
    /// Product over axes, as a tree. The product of no elements is 1. The derivative is exact where
    /// elements are 0: it divides by none.
    ReduceProd = "reduce_prod", Numbers, needs_elements: false,
    [
        "(x: f32[2, 3]) -> reduce_prod(x, axes = [1])",
        "(x: f64[2, 5, 2]) -> reduce_prod(x, axes = [0, 1], keepdims = true)",
        "(x: f32[7]) -> reduce_prod(x)",
        "(x: f32[2, 0]) -> reduce_prod(x, axes = [1])",
        "(x: i32[4]) -> reduce_prod(x)"
    ],
}
impl ReduceProd {
    /// The folded axes, once they are canonical, and the shape of the result.
    pub(crate) fn parts(&self, shape: &Shape) -> (SmallVec<[usize; 4]>, Shape) {
        let axes = as_axes(self.axes.as_deref().unwrap_or_default());
        let result = reduced_shape(shape, &axes, self.keepdims);
        (axes, result)
    }
}
reduction! {
    /// Mean over axes.
    Mean = "mean", Floats, needs_elements: true,
    ["(x: f32[2, 3]) -> mean(x, axes = [1])", "(x: f32[2, 3]) -> mean(x)"],
}
impl Mean {
    /// The sum that the mean divides.
    pub(crate) fn sum(&self) -> Sum {
        Sum {
            axes: self.axes.clone(),
            keepdims: self.keepdims,
        }
    }
}

macro_rules! arg_reduction {
    ($(#[doc = $doc:literal])+ $Name:ident = $name:literal, largest: $largest:literal, $example:literal) => {
        op! {
            $(#[doc = $doc])+
            $Name = $name(x) {
                /// The axis to search.
                axis: i64 = -1,
                /// Whether the axis stays, with extent 1.
                keepdims: bool = false,
                /// Element type of the result; an integer type.
                dtype: DType = DType::I32,
            }
            examples [$example]
        }
        impl OpDef for $Name {
            fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
                let axes = Some(smallvec![self.axis]);
                let types =
                    infer_fold($name, Accepts::Numbers, &axes, self.keepdims, true, operands[0])?;
                if !self.dtype.is_integer() {
                    let message = format!("`{}` yields an integer type, not {}", $name, self.dtype);
                    return Err(TypeError::new(message));
                }
                let axis = usize::try_from(self.axis).unwrap_or(usize::MAX);
                check_positions($name, self.dtype, operands[0].shape.extent(axis))?;
                Ok(single(types[0].with_dtype(self.dtype)))
            }
            fn canonical(self, operands: &[&Type]) -> Self {
                let axis = normalize_axes(&[self.axis], operands[0].shape.rank())[0];
                $Name { axis, ..self }
            }
            fn guards(&self) -> SmallVec<[Guard; 1]> {
                smallvec![Guard::UniqueWinner { operand: 0 }]
            }
        }
        impl $Name {
            pub(crate) fn rule(&self) -> ArgRule {
                ArgRule {
                    largest: $largest,
                    axis: usize::try_from(self.axis).unwrap_or(usize::MAX),
                    keepdims: self.keepdims,
                    dtype: self.dtype,
                }
            }
        }
    };
}

arg_reduction! {
    /// Position of the first largest element along an axis; a NaN counts as largest.
    Argmax = "argmax", largest: true, "(x: f32[2, 3]) -> argmax(x, axis = 1)"
}
arg_reduction! {
    /// Position of the first smallest element along an axis; a NaN counts as smallest.
    Argmin = "argmin", largest: false, "(x: f32[2, 3]) -> argmin(x, axis = 1)"
}
