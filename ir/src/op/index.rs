//! Elements addressed by run-time indices.

use super::macros::op;
use super::spec::{Accepts, OpDef, TypeError, Types, check_axes, normalize_axes, single};
use crate::shape::{Shape, Type};

op! {
    /// Slices of x along an axis, picked by indices. The first `batch` axes of x and of `indices` are
    /// paired; the result has x's axes before `axis`, then the other axes of `indices`, then x's axes
    /// after `axis`. With `batch = 0` this is ONNX Gather, an embedding lookup for axis 0; with
    /// `batch = 1` and `axis = 1` each row has indices of its own. An index outside 0..extent is an
    /// error, which compiled code reports.
    Gather = "gather"(x, indices) {
        /// The axis that the indices address.
        axis: i64 = 0,
        /// How many leading axes are paired; at most `axis`.
        batch: i64 = 0,
    }
    examples [
        "(x: f32[4, 2], indices: i32[3]) -> gather(x, indices)",
        "(x: bool[4], indices: i64[2, 2]) -> gather(x, indices)",
        "(x: f32[2, 3], indices: i32[2, 2]) -> gather(x, indices, axis = 1)",
        "(x: f32[2, 3], indices: i32[2]) -> gather(x, indices, axis = 1, batch = 1)",
    ]
}

op! {
    /// x with updates added at indices along an axis; repeated indices add up, in row-major order of
    /// the updates, halves in f32: runs of 512 updates of an element first, and of 512 such runs. So the error is at most
    /// 513·⌈log₅₁₂ n⌉·u·(|x| + Σ|updates|) for n > 1 of them, with u the unit roundoff (2⁻²⁴ in f32). The transpose of `gather`: updates have the shape of what `gather` yields for the
    /// same x, indices and attributes. An index outside 0..extent is an error, which compiled code
    /// reports.
    ScatterAdd = "scatter_add"(x, indices, updates) {
        /// The axis that the indices address.
        axis: i64 = 0,
        /// How many leading axes are paired; at most `axis`.
        batch: i64 = 0,
    }
    examples [
        "(x: f32[4, 2], indices: i32[3], updates: f32[3, 2]) -> scatter_add(x, indices, updates)",
        "(x: f32[2, 3], indices: i32[2], updates: f32[2]) -> scatter_add(x, indices, updates, axis = 1, batch = 1)",
        "(x: f16[3], indices: i32[4], updates: f16[4]) -> scatter_add(x, indices, updates)",
    ]
}

/// The geometry of a gather or scatter: how the coordinates of picked elements, of indices and of
/// the table relate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Picking {
    /// The addressed axis of the table.
    pub axis: usize,
    /// Number of leading axes that table and indices share.
    pub batch: usize,
    /// Rank of the indices.
    pub index_rank: usize,
}

impl Picking {
    fn new(axis: i64, batch: i64, indices: &Type) -> Self {
        Picking {
            axis: usize::try_from(axis).unwrap_or(usize::MAX),
            batch: usize::try_from(batch).unwrap_or(usize::MAX),
            index_rank: indices.shape.rank(),
        }
    }

    /// For each axis of the indices, the axis of the picked elements that runs along it.
    pub fn index_axes(&self) -> impl Iterator<Item = usize> + use<> {
        let (axis, batch) = (self.axis, self.batch);
        (0..self.index_rank).map(move |i| if i < batch { i } else { axis + i - batch })
    }

    /// For each axis of the table, the axis of the picked elements that runs along it; `None` for
    /// the addressed one.
    pub fn table_axis(&self, axis: usize) -> Option<usize> {
        match axis.cmp(&self.axis) {
            std::cmp::Ordering::Less => Some(axis),
            std::cmp::Ordering::Equal => None,
            std::cmp::Ordering::Greater => Some(axis - 1 + self.index_rank - self.batch),
        }
    }

    fn picked(&self, table: &Shape, indices: &Shape) -> Shape {
        let before = table.extents().take(self.axis);
        let after = table.extents().skip(self.axis + 1);
        Shape::new(
            before
                .chain(indices.extents().skip(self.batch))
                .chain(after),
        )
    }
}

fn check(op: &str, axis: i64, batch: i64, x: &Type, indices: &Type) -> Result<Shape, TypeError> {
    check_axes(op, &[axis], x.shape.rank())?;
    if !indices.dtype.is_integer() {
        return Err(TypeError::new(format!(
            "`{op}` needs integer indices, not {}",
            indices.dtype
        ))
        .at(1)
        .help("convert them with `cast(indices, dtype = i32)`"));
    }
    let picking = Picking::new(axis, batch, indices);
    if batch < 0 || batch > axis || picking.batch > picking.index_rank {
        return Err(
            TypeError::new(format!("`{op}` cannot pair {batch} leading axes"))
                .help("at most `axis` of them, and at most the rank of the indices"),
        );
    }
    let paired = (0..picking.batch).find(|&a| x.shape.extent(a) != indices.shape.extent(a));
    if let Some(a) = paired {
        let message = format!("`{op}` pairs axis {a} of {x} with that of {indices}");
        return Err(TypeError::new(message).at(1));
    }
    Ok(picking.picked(&x.shape, &indices.shape))
}

impl Gather {
    /// How coordinates relate, given the type of the indices.
    pub fn picking(&self, indices: &Type) -> Picking {
        Picking::new(self.axis, self.batch, indices)
    }
}

impl ScatterAdd {
    /// How coordinates relate, given the type of the indices.
    pub fn picking(&self, indices: &Type) -> Picking {
        Picking::new(self.axis, self.batch, indices)
    }
}

impl OpDef for Gather {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        let shape = check("gather", self.axis, self.batch, operands[0], operands[1])?;
        Ok(single(operands[0].with_shape(shape)))
    }
    fn canonical(self, operands: &[&Type]) -> Self {
        let axis = normalize_axes(&[self.axis], operands[0].shape.rank())[0];
        Gather { axis, ..self }
    }
}

impl OpDef for ScatterAdd {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        let shape = check(
            "scatter_add",
            self.axis,
            self.batch,
            operands[0],
            operands[1],
        )?;
        Accepts::Numbers.require("scatter_add", 0, operands[0])?;
        let wanted = operands[0].with_shape(shape);
        if *operands[2] != wanted {
            return Err(TypeError::new(format!(
                "`scatter_add` needs updates of type {wanted}, not {}",
                operands[2]
            ))
            .at(2));
        }
        Ok(single(operands[0].clone()))
    }
    fn canonical(self, operands: &[&Type]) -> Self {
        let axis = normalize_axes(&[self.axis], operands[0].shape.rank())[0];
        ScatterAdd { axis, ..self }
    }
}
