//! Contractions.

use super::attribute::{Axes, as_axes};
use super::macros::op;
use super::spec::{Accepts, OpDef, TypeError, Types, check_axes, normalize_axes, single};
use crate::shape::{Shape, Type};
use smallvec::SmallVec;

op! {
    /// The contraction of two tensors, as StableHLO's `dot_general`: paired batch axes stay, paired
    /// contracting axes are summed over. Result axes are batch, then the rest of x, then the rest of
    /// y. `x @ y` is the matrix product with NumPy's rules.
    ///
    /// An element is a sum of chains of at most 512 fused multiply-adds each, in row-major order of
    /// the contracting axes, which are added as a tree. So with u the unit roundoff (2⁻²⁴ in f32) its error is at most
    /// (512 + r + ⌈log₂(n / 256)⌉)·u·Σ|xᵢyᵢ| for n products over r axes, and n·u·Σ|xᵢyᵢ| up to 512 of them.
    DotGeneral = "dot_general"(x, y) {
        /// Contracting axes of x.
        x_contract: Axes,
        /// Contracting axes of y, paired with those of x.
        y_contract: Axes,
        /// Batch axes of x.
        x_batch: Axes = Axes::new(),
        /// Batch axes of y, paired with those of x.
        y_batch: Axes = Axes::new(),
    }
    examples [
        "(x: f32[2, 3], y: f32[3, 4]) -> x @ y",
        "(x: bf16[3, 5], y: bf16[5, 2]) -> x @ y",
        "(x: f32[2, 2, 3], y: f32[4, 2, 3]) -> dot_general(x, y, x_contract = [2], y_contract = [2], x_batch = [0], y_batch = [1])",
    ]
}

/// The roles of the axes of a contraction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContractAxes {
    /// Batch axes of x and of y, in pairs.
    pub batch: [SmallVec<[usize; 4]>; 2],
    /// Contracting axes of x and of y, in pairs.
    pub contract: [SmallVec<[usize; 4]>; 2],
    /// The other axes of x and of y.
    pub free: [SmallVec<[usize; 4]>; 2],
}

impl DotGeneral {
    /// The roles of the axes, given the ranks of the operands.
    pub fn axes(&self, x_rank: usize, y_rank: usize) -> ContractAxes {
        let batch = [as_axes(&self.x_batch), as_axes(&self.y_batch)];
        let contract = [as_axes(&self.x_contract), as_axes(&self.y_contract)];
        let free = |side: usize, rank: usize| {
            (0..rank)
                .filter(|a| !batch[side].contains(a) && !contract[side].contains(a))
                .collect()
        };
        let free = [free(0, x_rank), free(1, y_rank)];
        ContractAxes {
            batch,
            contract,
            free,
        }
    }
}

fn paired(role: &str, x: &Type, y: &Type, x_axes: &[i64], y_axes: &[i64]) -> Result<(), TypeError> {
    if x_axes.len() != y_axes.len() {
        return Err(TypeError::new(format!(
            "`dot_general` pairs {} {role} axes of x with {} of y",
            x_axes.len(),
            y_axes.len()
        )));
    }
    for (&a, &b) in as_axes(x_axes).iter().zip(&as_axes(y_axes)) {
        let (left, right) = (x.shape.extent(a), y.shape.extent(b));
        if left != right {
            return Err(TypeError::new(format!(
                "the {role} axes differ: axis {a} of {} is {left}, axis {b} of {} is {right}",
                x, y
            ))
            .at(1));
        }
    }
    Ok(())
}

impl OpDef for DotGeneral {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        let [x, y] = [operands[0], operands[1]];
        for (index, operand) in operands.iter().enumerate() {
            Accepts::Numbers.require("dot_general", index, operand)?;
        }
        if x.dtype != y.dtype {
            let message = format!("a contraction mixes dtypes {} and {}", x.dtype, y.dtype);
            let help = format!(
                "there is no implicit promotion; write `cast(…, dtype = {})`",
                x.dtype
            );
            return Err(TypeError::new(message).at(1).help(help));
        }
        let all = |batch: &Axes, contract: &Axes| -> Axes {
            batch.iter().chain(contract.iter()).copied().collect()
        };
        check_axes(
            "dot_general",
            &all(&self.x_batch, &self.x_contract),
            x.shape.rank(),
        )?;
        check_axes(
            "dot_general",
            &all(&self.y_batch, &self.y_contract),
            y.shape.rank(),
        )?;
        paired("batch", x, y, &self.x_batch, &self.y_batch)?;
        paired("contracting", x, y, &self.x_contract, &self.y_contract)?;
        let axes = self.axes(x.shape.rank(), y.shape.rank());
        let extents = axes.batch[0]
            .iter()
            .chain(&axes.free[0])
            .map(|&axis| x.shape.extent(axis))
            .chain(axes.free[1].iter().map(|&axis| y.shape.extent(axis)));
        Ok(single(x.with_shape(Shape::new(extents))))
    }
    fn canonical(self, operands: &[&Type]) -> Self {
        let (x, y) = (operands[0].shape.rank(), operands[1].shape.rank());
        DotGeneral {
            x_contract: normalize_axes(&self.x_contract, x),
            y_contract: normalize_axes(&self.y_contract, y),
            x_batch: normalize_axes(&self.x_batch, x),
            y_batch: normalize_axes(&self.y_batch, y),
        }
    }
}
