//! Elements addressed along each axis: element by element, by tuples of indices, by run-time starts.
//!
//! All are composites over `gather` and `scatter_add`, so that repeated indices, out-of-range indices
//! and derivatives are those of the two. Starts of slices are clamped instead, as in StableHLO.

use super::attribute::Axes;
use super::composite::{Built, Cotangents, Reached, axis_of};
use super::family::Composite;
use super::index::{Gather, ScatterAdd};
use super::macros::op;
use super::spec::{Accepts, OpDef, TypeError, Types, check_axes, normalize_axes, single};
use crate::builder::Builder;
use crate::constant::Constant;
use crate::dtype::DType;
use crate::graph::Value;
use crate::op::{GreaterEqual, Less, LogicalAnd, Max, Min};
use crate::shape::{Shape, Type};
use smallvec::smallvec;

/// An error unless the operand holds integers.
fn require_indices(op: &str, operand: usize, indices: &Type) -> Result<(), TypeError> {
    if indices.dtype.is_integer() {
        return Ok(());
    }
    let message = format!("`{op}` needs integer indices, not {}", indices.dtype);
    let help = "convert them with `cast(indices, dtype = i32)`";
    Err(TypeError::new(message).at(operand).help(help))
}

/// An error unless `updates` is what the corresponding gather would yield.
fn require_updates(op: &str, updates: &Type, wanted: &Type) -> Result<(), TypeError> {
    if updates == wanted {
        return Ok(());
    }
    let message = format!("`{op}` needs updates of type {wanted}, not {updates}");
    Err(TypeError::new(message).at(2))
}

// ----------------------------------------------------------------------------- along an axis

op! {
    /// Each element of the result is x at the same coordinates, but at the given index along the
    /// axis: y[i, j] = x[i, indices[i, j]] for axis 1 (NumPy and JAX `take_along_axis`, ONNX
    /// GatherElements). The indices have x's extents except along the axis. An index outside
    /// 0..extent is an error, which compiled code reports.
    TakeAlongAxis = "take_along_axis"(x, indices) {
        /// The axis that the indices address.
        axis: i64 = -1,
    }
    examples [
        "(x: f32[2, 3], indices: i32[2, 4]) -> take_along_axis(x, indices)",
        "(x: f32[3, 2], indices: i32[1, 2]) -> take_along_axis(x, indices, axis = 0)",
        "(x: f32[4], indices: i64[3]) -> take_along_axis(x, indices)",
    ]
}

op! {
    /// x with each update added at its own coordinates, but at the given index along the axis; the
    /// transpose of `take_along_axis` (ONNX ScatterElements with `add`). Repeated indices add up, in
    /// row-major order of the updates. An index outside 0..extent is an error, which compiled code
    /// reports.
    ScatterElementsAdd = "scatter_elements_add"(x, indices, updates) {
        /// The axis that the indices address.
        axis: i64 = -1,
    }
    examples [
        "(x: f32[2, 3], indices: i32[2, 4], updates: f32[2, 4]) -> scatter_elements_add(x, indices, updates)",
        "(x: f32[3, 2], indices: i32[2, 2], updates: f32[2, 2]) -> scatter_elements_add(x, indices, updates, axis = 0)",
    ]
}

/// The type of what is picked along an axis.
fn along_axis(op: &str, axis: i64, x: &Type, indices: &Type) -> Result<Type, TypeError> {
    check_axes(op, &[axis], x.shape.rank())?;
    require_indices(op, 1, indices)?;
    let others = [axis_of(axis)];
    let alike = indices.shape.rank() == x.shape.rank()
        && indices.shape.without(&others) == x.shape.without(&others);
    if alike {
        return Ok(x.with_shape(indices.shape.clone()));
    }
    let message = format!("`{op}` of {x} by indices {indices} along axis {axis}");
    let help = "the extents of the indices are those of x, except along the axis";
    Err(TypeError::new(message).at(1).help(help))
}

/// An axis moved to the end, and back.
struct ToEnd {
    forth: Vec<usize>,
    back: Vec<usize>,
}
impl ToEnd {
    fn new(axis: i64, rank: usize) -> Self {
        let axis = axis_of(axis);
        let forth: Vec<usize> = (0..rank).filter(|&a| a != axis).chain([axis]).collect();
        let place = |a| forth.iter().position(|&from| from == a).unwrap_or(a);
        let back = (0..rank).map(place).collect();
        ToEnd { forth, back }
    }
    /// The axis among the others once it is the last, paired with all of them.
    fn last(&self) -> i64 {
        self.forth.len() as i64 - 1
    }
}

impl OpDef for TakeAlongAxis {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        along_axis("take_along_axis", self.axis, operands[0], operands[1]).map(single)
    }
    fn canonical(self, operands: &[&Type]) -> Self {
        let axis = normalize_axes(&[self.axis], operands[0].shape.rank())[0];
        TakeAlongAxis { axis }
    }
}
impl Composite for TakeAlongAxis {
    fn keeps_halves(&self) -> bool {
        true
    }
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let to_end = ToEnd::new(self.axis, b.shape(operands[0]).rank());
        let x = b.transpose(operands[0], &to_end.forth)?;
        let indices = b.transpose(operands[1], &to_end.forth)?;
        let (axis, batch) = (to_end.last(), to_end.last());
        let taken = b.gather(x, indices, Gather { axis, batch })?;
        Ok(smallvec![b.transpose(taken, &to_end.back)?])
    }
}

impl OpDef for ScatterElementsAdd {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        let (name, x) = ("scatter_elements_add", operands[0]);
        Accepts::Numbers.require(name, 0, x)?;
        let wanted = along_axis(name, self.axis, x, operands[1])?;
        require_updates(name, operands[2], &wanted)?;
        Ok(single(x.clone()))
    }
    fn canonical(self, operands: &[&Type]) -> Self {
        let axis = normalize_axes(&[self.axis], operands[0].shape.rank())[0];
        ScatterElementsAdd { axis }
    }
}
impl Composite for ScatterElementsAdd {
    fn keeps_halves(&self) -> bool {
        true
    }
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let to_end = ToEnd::new(self.axis, b.shape(operands[0]).rank());
        let [x, indices, updates] =
            [0, 1, 2].map(|slot| b.transpose(operands[slot], &to_end.forth));
        let (axis, batch) = (to_end.last(), to_end.last());
        let sum = b.scatter_add(x?, indices?, updates?, ScatterAdd { axis, batch })?;
        Ok(smallvec![b.transpose(sum, &to_end.back)?])
    }
}

// ----------------------------------------------------------------------------- by tuples

op! {
    /// Slices of x picked by tuples of indices: the last axis of `indices` holds the coordinates
    /// along as many axes of x, from axis `batch` on (ONNX GatherND). The first `batch` axes of x and
    /// of `indices` are paired. A coordinate outside 0..extent is an error, which compiled code
    /// reports.
    GatherNd = "gather_nd"(x, indices) {
        /// How many leading axes are paired.
        batch: i64 = 0,
    }
    examples [
        "(x: f32[3, 4], indices: i32[5, 2]) -> gather_nd(x, indices)",
        "(x: f32[3, 2, 2], indices: i32[2, 2]) -> gather_nd(x, indices)",
        "(x: f32[2, 3, 2], indices: i32[2, 4, 1]) -> gather_nd(x, indices, batch = 1)",
    ]
}

op! {
    /// x with updates added at tuples of indices; the transpose of `gather_nd` (ONNX ScatterND with
    /// `add`). Updates have the shape of what `gather_nd` yields; tuples that repeat add up, in
    /// row-major order of the updates. A coordinate outside 0..extent is an error, which compiled
    /// code reports.
    ScatterNdAdd = "scatter_nd_add"(x, indices, updates) {
        /// How many leading axes are paired.
        batch: i64 = 0,
    }
    examples [
        "(x: f32[3, 4], indices: i32[5, 2], updates: f32[5]) -> scatter_nd_add(x, indices, updates)",
        "(x: f32[2, 3, 2], indices: i32[2, 2, 1], updates: f32[2, 2, 2]) -> scatter_nd_add(x, indices, updates, batch = 1)",
    ]
}

/// The axes that tuples of indices address, as one.
struct Tuples {
    batch: usize,
    /// Extents of the addressed axes.
    addressed: Vec<u64>,
    /// x with one axis in place of the addressed ones.
    merged: Shape,
    /// What is picked.
    picked: Shape,
}
impl Tuples {
    fn new(op: &str, batch: i64, x: &Type, indices: &Type) -> Result<Self, TypeError> {
        require_indices(op, 1, indices)?;
        let rank = x.shape.rank();
        let Some(last) = indices.shape.rank().checked_sub(1) else {
            let message = format!("`{op}` needs indices with an axis of coordinates");
            return Err(TypeError::new(message).at(1));
        };
        let batch = usize::try_from(batch).unwrap_or(usize::MAX);
        if batch > last || batch > rank {
            return Err(TypeError::new(format!(
                "`{op}` cannot pair {batch} leading axes of {x} with those of {indices}"
            )));
        }
        let count = usize::try_from(indices.shape.extent(last)).unwrap_or(usize::MAX);
        if count == 0 || count > rank - batch {
            let message = format!("`{op}` of {x} by tuples of {count} coordinates");
            let help = format!("the last axis of the indices is from 1 to {}", rank - batch);
            return Err(TypeError::new(message).at(1).help(help));
        }
        if let Some(a) = (0..batch).find(|&a| x.shape.extent(a) != indices.shape.extent(a)) {
            let message = format!("`{op}` pairs axis {a} of {x} with that of {indices}");
            return Err(TypeError::new(message).at(1));
        }
        let addressed: Vec<u64> = x.shape.extents().skip(batch).take(count).collect();
        let whole = addressed.iter().product();
        let before = || x.shape.extents().take(batch);
        let after = || x.shape.extents().skip(batch + count);
        let tuples = indices.shape.extents().take(last).skip(batch);
        Ok(Tuples {
            batch,
            merged: Shape::new(before().chain([whole]).chain(after())),
            picked: Shape::new(before().chain(tuples).chain(after())),
            addressed,
        })
    }

    /// The position along the merged axis of each tuple. Each coordinate is looked up in a table of
    /// its axis, so that one out of range is an error of its own.
    fn positions(&self, b: &Builder, indices: Value) -> Result<Value, TypeError> {
        let shape = b.shape(indices);
        let last = shape.rank() - 1;
        let outer = shape.without(&[last]);
        let whole: u64 = self.addressed.iter().product();
        let dtype = fitting(b.ty(indices).dtype, whole);
        let mut total: Option<Value> = None;
        for (at, &extent) in self.addressed.iter().enumerate() {
            let mut start = vec![0; shape.rank()];
            let mut limit: Vec<u64> = shape.extents().collect();
            (start[last], limit[last]) = (at as u64, at as u64 + 1);
            let one = b.slice(indices, &start, &limit, &vec![1; shape.rank()])?;
            let mut position = b.reshape(one, &outer)?;
            if self.addressed.len() > 1 {
                let axis = b.iota(&Shape::new([extent]), 0, dtype)?;
                position = b.gather(axis, position, Gather { axis: 0, batch: 0 })?;
            }
            total = Some(match total {
                None => position,
                Some(before) => {
                    let stride = b.integer_like(before, extent as i64)?;
                    b.add(b.mul(before, stride)?, position)?
                }
            });
        }
        total.ok_or_else(|| TypeError::new("a tuple without coordinates"))
    }
}

/// The dtype, or i64 where it does not count that many elements.
fn fitting(dtype: DType, extent: u64) -> DType {
    let fits = |(_, last): (i64, i64)| extent <= last.unsigned_abs();
    if dtype.integer_range().is_some_and(fits) {
        dtype
    } else {
        DType::I64
    }
}

impl OpDef for GatherNd {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        let tuples = Tuples::new("gather_nd", self.batch, operands[0], operands[1])?;
        Ok(single(operands[0].with_shape(tuples.picked)))
    }
}
impl Composite for GatherNd {
    fn keeps_halves(&self) -> bool {
        true
    }
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let [x, indices] = [operands[0], operands[1]];
        let tuples = Tuples::new("gather_nd", self.batch, &b.ty(x), &b.ty(indices))?;
        let positions = tuples.positions(b, indices)?;
        let axis = tuples.batch as i64;
        let table = b.reshape(x, &tuples.merged)?;
        Ok(smallvec![b.gather(
            table,
            positions,
            Gather { axis, batch: axis }
        )?])
    }
}

impl OpDef for ScatterNdAdd {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        let (name, x) = ("scatter_nd_add", operands[0]);
        Accepts::Numbers.require(name, 0, x)?;
        let tuples = Tuples::new(name, self.batch, x, operands[1])?;
        require_updates(name, operands[2], &x.with_shape(tuples.picked))?;
        Ok(single(x.clone()))
    }
}
impl Composite for ScatterNdAdd {
    fn keeps_halves(&self) -> bool {
        true
    }
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let [x, indices, updates] = [operands[0], operands[1], operands[2]];
        let tuples = Tuples::new("scatter_nd_add", self.batch, &b.ty(x), &b.ty(indices))?;
        let positions = tuples.positions(b, indices)?;
        let axis = tuples.batch as i64;
        let table = b.reshape(x, &tuples.merged)?;
        let sum = b.scatter_add(table, positions, updates, ScatterAdd { axis, batch: axis })?;
        Ok(smallvec![b.reshape(sum, &b.shape(x))?])
    }
}

// ----------------------------------------------------------------------------- by run-time starts

op! {
    /// The part of x of the given sizes whose first element stands at run-time coordinates, one
    /// integer scalar for each axis. As in StableHLO and JAX, starts are clamped so that the part lies
    /// within x: to 0..=extent − size. Nothing is out of range.
    DynamicSlice = "dynamic_slice"(x; start ...) {
        /// Extents of the part.
        sizes: Axes,
    }
    examples [
        "(x: f32[5], i: i32[]) -> dynamic_slice(x, i, sizes = [3])",
        "(x: f32[4, 3], i: i32[], j: i32[]) -> dynamic_slice(x, i, j, sizes = [2, 3])",
        "(x: f32[3, 4, 2], i: i32[], j: i64[], k: i32[]) -> dynamic_slice(x, i, j, k, sizes = [2, 1, 1])",
    ]
}

op! {
    /// x with `update` in place of the part whose first element stands at run-time coordinates, one
    /// integer scalar for each axis. Starts are clamped as for `dynamic_slice`, so that all of the
    /// update lies within x.
    DynamicUpdateSlice = "dynamic_update_slice"(x, update; start ...)
    examples [
        "(x: f32[5], update: f32[2], i: i32[]) -> dynamic_update_slice(x, update, i)",
        "(x: f32[3, 4], update: f32[2, 2], i: i32[], j: i32[]) -> dynamic_update_slice(x, update, i, j)",
        "(x: f32[3, 2], update: f32[1, 2], i: i64[], j: i32[]) -> dynamic_update_slice(x, update, i, j)",
    ]
}

/// An error unless there is an integer scalar for each axis of x, and the part fits.
fn check_window(
    op: &str,
    x: &Type,
    sizes: &[u64],
    starts: &[&Type],
    first: usize,
) -> Result<(), TypeError> {
    let rank = x.shape.rank();
    if starts.len() != rank || sizes.len() != rank {
        let message = format!(
            "`{op}` of {x} takes {rank} starts and {rank} sizes, not {} and {}",
            starts.len(),
            sizes.len()
        );
        return Err(TypeError::new(message).help("one for each axis"));
    }
    for (at, start) in starts.iter().enumerate() {
        if !start.dtype.is_integer() || start.shape.rank() != 0 {
            let message = format!("`{op}` starts at an integer scalar, not {start}");
            return Err(TypeError::new(message)
                .at(first + at)
                .help("for example `cast(i, dtype = i32)`"));
        }
    }
    for (axis, (&size, extent)) in sizes.iter().zip(x.shape.extents()).enumerate() {
        if size > extent {
            let message = format!("`{op}`: {size} elements do not fit axis {axis} of {x}");
            return Err(TypeError::new(message));
        }
    }
    Ok(())
}

/// The axes along which a part is less than the whole, each with the first position of the part.
/// Along the others it starts at 0, whatever is asked for.
fn clamped_starts(
    b: &Builder,
    x: &Shape,
    sizes: &[u64],
    starts: &[Value],
) -> Result<Vec<(usize, Value)>, TypeError> {
    let mut clamped = Vec::new();
    for (axis, (&size, extent)) in sizes.iter().zip(x.extents()).enumerate() {
        if size >= extent {
            continue;
        }
        let wide = fitting(b.ty(starts[axis]).dtype, extent);
        let start = b.cast(starts[axis], wide)?;
        let last = b.integer_like(start, (extent - size) as i64)?;
        let start = b.apply(Min {}, &[start, last])?;
        let start = b.apply(Max {}, &[start, b.integer_like(start, 0)?])?;
        clamped.push((axis, b.cast(start, fitting(DType::I32, extent))?));
    }
    Ok(clamped)
}

/// `sizes` as extents; a negative one is an error.
fn extents_of(op: &str, sizes: &[i64]) -> Result<Vec<u64>, TypeError> {
    let extent = |&size: &i64| {
        u64::try_from(size).map_err(|_| TypeError::new(format!("`{op}`: size {size} is negative")))
    };
    sizes.iter().map(extent).collect()
}

impl OpDef for DynamicSlice {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        let sizes = extents_of("dynamic_slice", &self.sizes)?;
        check_window("dynamic_slice", operands[0], &sizes, &operands[1..], 1)?;
        Ok(single(operands[0].with_shape(Shape::new(sizes))))
    }
}
impl Composite for DynamicSlice {
    fn keeps_halves(&self) -> bool {
        true
    }
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let sizes = extents_of("dynamic_slice", &self.sizes)?;
        let mut part = operands[0];
        let starts = clamped_starts(b, &b.shape(part), &sizes, &operands[1..])?;
        for (axis, start) in starts {
            let shape = Shape::new([sizes[axis]]);
            let steps = b.iota(&shape, 0, b.ty(start).dtype)?;
            let indices = b.add(b.broadcast_to(start, &shape)?, steps)?;
            let axis = axis as i64;
            part = b.gather(part, indices, Gather { axis, batch: 0 })?;
        }
        Ok(smallvec![part])
    }
    fn has_vjp(&self) -> bool {
        true
    }
    /// The cotangent put where the part was taken, zeros around it: no scatter.
    fn vjp(
        &self,
        b: &Builder,
        operands: &[Value],
        _results: &[Value],
        cotangents: &[Option<Value>],
    ) -> Cotangents {
        let ct = cotangents[0]?;
        Some((|| {
            let mut all = vec![b.integer_like(operands[0], 0)?, ct];
            all.extend(&operands[1..]);
            let mut parts = vec![None; operands.len()];
            parts[0] = Some(b.apply(DynamicUpdateSlice {}, &all)?);
            Ok(parts)
        })())
    }
    fn reached(&self, b: &Builder, operands: &[Value], taken: Value) -> Reached {
        let whole = b.ty(operands[0]).with_dtype(DType::Bool);
        Some((|| {
            let mut all = vec![b.full(&whole, &Constant::integer(0))?, taken];
            all.extend(&operands[1..]);
            let mut reached = vec![None; operands.len()];
            reached[0] = Some(b.apply(DynamicUpdateSlice {}, &all)?);
            Ok(reached)
        })())
    }
}

impl OpDef for DynamicUpdateSlice {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        let (name, x, update) = ("dynamic_update_slice", operands[0], operands[1]);
        if update.dtype != x.dtype || update.shape.rank() != x.shape.rank() {
            let message = format!("`{name}` of {x} by {update}");
            let help = "the update has the dtype and the rank of x";
            return Err(TypeError::new(message).at(1).help(help));
        }
        let sizes: Vec<u64> = update.shape.extents().collect();
        check_window(name, x, &sizes, &operands[2..], 2)?;
        Ok(single(x.clone()))
    }
}
impl Composite for DynamicUpdateSlice {
    fn keeps_halves(&self) -> bool {
        true
    }
    /// Each element of x asks which element of the update stands there, if any: no scatter, and no
    /// order in which elements are written.
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let [x, update] = [operands[0], operands[1]];
        let (shape, sizes) = (b.shape(x), b.shape(update));
        if sizes.elements() == 0 {
            return Ok(smallvec![x]);
        }
        let sizes: Vec<u64> = sizes.extents().collect();
        let (mut spread, mut inside) = (update, None);
        for (axis, start) in clamped_starts(b, &shape, &sizes, &operands[2..])? {
            let along = Shape::new([shape.extent(axis)]);
            let positions = b.iota(&along, 0, b.ty(start).dtype)?;
            let from_start = b.sub(positions, b.broadcast_to(start, &along)?)?;
            let number = |value: u64| {
                let ty = b.ty(from_start);
                b.full(&ty, &Constant::integer(value as i64))
            };
            let after = b.apply(GreaterEqual {}, &[from_start, number(0)?])?;
            let before = b.apply(Less {}, &[from_start, number(sizes[axis])?])?;
            let here = b.apply(LogicalAnd {}, &[after, before])?;
            let here = b.broadcast_in_dim(here, &shape, &[axis])?;
            inside = Some(match inside {
                None => here,
                Some(others) => b.apply(LogicalAnd {}, &[others, here])?,
            });
            let last = b.apply(Min {}, &[from_start, number(sizes[axis] - 1)?])?;
            let indices = b.apply(Max {}, &[last, number(0)?])?;
            let axis = axis as i64;
            spread = b.gather(spread, indices, Gather { axis, batch: 0 })?;
        }
        Ok(smallvec![match inside {
            None => spread,
            Some(inside) => b.select(inside, spread, x)?,
        }])
    }
    fn has_vjp(&self) -> bool {
        true
    }
    /// The cotangent with zeros in place of the part; and the part of it.
    fn vjp(
        &self,
        b: &Builder,
        operands: &[Value],
        _results: &[Value],
        cotangents: &[Option<Value>],
    ) -> Cotangents {
        let ct = cotangents[0]?;
        Some((|| {
            let update = operands[1];
            let mut around = vec![ct, b.integer_like(update, 0)?];
            around.extend(&operands[2..]);
            let mut part = vec![ct];
            part.extend(&operands[2..]);
            let sizes: Axes = b.shape(update).extents().map(|size| size as i64).collect();
            let mut parts = vec![None; operands.len()];
            parts[0] = Some(b.apply(DynamicUpdateSlice {}, &around)?);
            parts[1] = Some(b.apply(DynamicSlice { sizes }, &part)?);
            Ok(parts)
        })())
    }
    fn reached(&self, b: &Builder, operands: &[Value], taken: Value) -> Reached {
        let update = b.ty(operands[1]).with_dtype(DType::Bool);
        Some((|| {
            let mut around = vec![taken, b.full(&update, &Constant::integer(0))?];
            around.extend(&operands[2..]);
            let mut part = vec![taken];
            part.extend(&operands[2..]);
            let sizes: Axes = update.shape.extents().map(|size| size as i64).collect();
            let mut reached = vec![None; operands.len()];
            reached[0] = Some(b.apply(DynamicUpdateSlice {}, &around)?);
            reached[1] = Some(b.apply(DynamicSlice { sizes }, &part)?);
            Ok(reached)
        })())
    }
}
