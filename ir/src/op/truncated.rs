//! Transforms of which few bins are wanted, or given.
//!
//! A whole transform of n numbers costs O(n log n), in as many passes over memory as n has factors. Its lowest m bins
//! alone are a product with m columns of the matrix of the transform: O(n·m), but one pass, at the speed of products. The
//! way back is a product with the same matrix, transposed, since the matrix is symmetric and the bins of a real tensor
//! count twice. [`pays`] says which of the two it is; where it is the whole transform, its other bins are left out.

use super::attribute::Axes;
use super::spec::TypeError;
use super::spectral::{Fft, Ifft, Irfft, Rfft, scaled};
use super::twiddle::{Sign, literal, twiddles};
use crate::builder::Builder;
use crate::dtype::DType;
use crate::graph::Value;
use crate::op::{Concat, ContractAxes};
use crate::shape::Shape;
use smallvec::smallvec;

/// A product pays up to so many columns for each time that the length doubles. Timed for `spectral_conv1d` of 512 rows of
/// 1024 numbers, there and back on one thread, against whole transforms: 32 columns take 0.17 of the time on x86-64-v4 and
/// 0.21 on v3, 64 columns 0.36 and 0.44, 128 columns 0.65 and 0.75.
const COLUMNS_PER_LEVEL: u64 = 16;

/// Matrices with more elements are computed from smaller tables, or not used: so many f32 are 128 KiB of a library.
const LITERAL: u64 = 1 << 15;

/// Whether the product with so many columns of the matrix of a transform of length n pays.
fn pays(n: u64, columns: u64) -> bool {
    columns <= COLUMNS_PER_LEVEL * u64::from(n.max(2).ilog2())
}

/// The lowest bins of the transform of real numbers along the last axis: [.., n] to [.., modes, 2].
pub(super) fn lowest_bins(b: &Builder, x: Value, modes: u64) -> Result<Value, TypeError> {
    let shape = b.shape(x);
    let last = shape.rank() - 1;
    let n = shape.extent(last);
    let extents = shape.extents().take(last).chain([modes, 2]);
    let extents = Shape::new(extents);
    if !pays(n, 2 * modes) {
        let whole = b.apply(Rfft { axis: last as i64 }, &[x])?;
        return part(b, whole, &vec![0; last + 2], &extents);
    }
    let matrix = real_matrix(b, b.ty(x).dtype, n, modes)?;
    let y = b.contract(
        x,
        matrix,
        &contracting([smallvec![last as i64], smallvec![0]]),
    )?;
    b.reshape(y, &extents)
}

/// n real numbers along the last axis from the lowest bins of their transform, where the others are 0: [.., modes, 2] to
/// [.., n].
pub(super) fn from_lowest_bins(b: &Builder, y: Value, n: u64) -> Result<Value, TypeError> {
    let shape = b.shape(y);
    let axis = shape.rank() - 2;
    let modes = shape.extent(axis);
    if !pays(n, 2 * modes) {
        let mut whole: Vec<u64> = shape.extents().collect();
        whole[axis] = n / 2 + 1;
        let y = placed(b, y, &vec![0; axis + 2], &whole)?;
        let axis = axis as i64;
        return b.apply(Irfft { n: n as i64, axis }, &[y]);
    }
    let dtype = b.ty(y).dtype;
    // Each bin also stands for its conjugate, but for bin 0 and, of an even length, bin n/2. Of these the imaginary parts
    // are not read: the matrix has 0 there.
    let weight = |k: u64| if k == 0 || 2 * k == n { 1.0 } else { 2.0 };
    let weights: Vec<f64> = (0..modes).map(|k| weight(k) / n as f64).collect();
    let weights = literal(b, dtype, &[modes], &weights)?;
    let y = b.mul(y, b.broadcast_in_dim(weights, &shape, &[axis])?)?;
    let columns = shape.extents().take(axis).chain([2 * modes]);
    let y = b.reshape(y, &Shape::new(columns))?;
    let matrix = real_matrix(b, dtype, n, modes)?;
    b.contract(
        y,
        matrix,
        &contracting([smallvec![axis as i64], smallvec![1]]),
    )
}

/// The lowest bins of both signs of the transform of complex numbers along the axis before the last two:
/// [.., n, columns, 2] to [.., 2·modes, columns, 2], the bins from 0 on, then those up to −1.
pub(super) fn lowest_of_both_signs(b: &Builder, x: Value, modes: u64) -> Result<Value, TypeError> {
    let shape = b.shape(x);
    let axis = shape.rank() - 3;
    let n = shape.extent(axis);
    let Some(matrix) = complex_matrix(b, b.ty(x).dtype, n, modes)? else {
        let whole = b.apply(Fft { axis: axis as i64 }, &[x])?;
        let mut extents: Vec<u64> = shape.extents().collect();
        extents[axis] = modes;
        let mut start = vec![0; shape.rank()];
        let positive = part(b, whole, &start, &Shape::new(extents.iter().copied()))?;
        start[axis] = n - modes;
        let negative = part(b, whole, &start, &Shape::new(extents))?;
        return b.apply(Concat { axis: axis as i64 }, &[positive, negative]);
    };
    let matrix = b.reshape(matrix, &Shape::new([n, 2, 4 * modes]))?;
    across(b, x, matrix, [0, 1], 2 * modes)
}

/// Complex numbers along the axis before the last two from the lowest bins of both signs, where the others are 0:
/// [.., 2·modes, columns, 2] to [.., n, columns, 2].
pub(super) fn from_lowest_of_both_signs(b: &Builder, y: Value, n: u64) -> Result<Value, TypeError> {
    let shape = b.shape(y);
    let axis = shape.rank() - 3;
    let modes = shape.extent(axis) / 2;
    let dtype = b.ty(y).dtype;
    let Some(matrix) = complex_matrix(b, dtype, n, modes)? else {
        let mut extents: Vec<u64> = shape.extents().collect();
        extents[axis] = modes;
        let half = Shape::new(extents.iter().copied());
        extents[axis] = n;
        let mut start = vec![0; shape.rank()];
        let positive = placed(b, part(b, y, &start, &half)?, &start, &extents)?;
        start[axis] = modes;
        let negative = part(b, y, &start, &half)?;
        start[axis] = n - modes;
        let negative = placed(b, negative, &start, &extents)?;
        let axis = axis as i64;
        return b.apply(Ifft { axis }, &[b.add(positive, negative)?]);
    };
    let y = scaled(b, y, n)?;
    let matrix = b.reshape(matrix, &Shape::new([2 * n, 2 * modes, 2]))?;
    across(b, y, matrix, [1, 2], n)
}

/// The product of a matrix, contracted along two of its axes, with complex numbers along the axis before the last two and
/// their parts; `count` complex numbers come in the place of that axis.
fn across(
    b: &Builder,
    x: Value,
    matrix: Value,
    along: [i64; 2],
    count: u64,
) -> Result<Value, TypeError> {
    let shape = b.shape(x);
    let axis = shape.rank() - 3;
    let contract = [
        smallvec![axis as i64, axis as i64 + 2],
        along.into_iter().collect(),
    ];
    let y = b.contract(x, matrix, &contracting(contract))?;
    let extents = shape
        .extents()
        .take(axis)
        .chain([shape.extent(axis + 1), count, 2]);
    let y = b.reshape(y, &Shape::new(extents))?;
    let order = (0..axis).chain([axis + 1, axis, axis + 2]);
    b.transpose(y, &order.collect::<Vec<usize>>())
}

fn contracting(contract: [Axes; 2]) -> ContractAxes {
    let place = |axes: &Axes| axes.iter().map(|&axis| axis as usize).collect();
    ContractAxes {
        batch: Default::default(),
        contract: [place(&contract[0]), place(&contract[1])],
        free: Default::default(),
    }
}

/// The matrix [n, 2·modes] whose columns are cos(2πjk/n) and −sin(2πjk/n).
fn real_matrix(b: &Builder, dtype: DType, n: u64, modes: u64) -> Result<Value, TypeError> {
    let shape = Shape::new([n, 2 * modes]);
    if shape.elements() <= LITERAL {
        let row = |j: u64| (0..modes).map(move |k| Sign::Forward.turn(j * k % n, n));
        let values: Vec<f64> = (0..n).flat_map(row).flat_map(|(c, s)| [c, s]).collect();
        return literal(b, dtype, &[n, 2 * modes], &values);
    }
    let [real, imaginary] = twiddles(b, [n, modes], Sign::Forward, &|k| k * modes, &|_| {
        (1.0, 0.0)
    })?;
    let column = Shape::new([n, modes, 1]);
    let parts = [b.reshape(real, &column)?, b.reshape(imaginary, &column)?];
    let both = b.apply(Concat { axis: 2 }, &parts)?;
    b.cast(b.reshape(both, &shape)?, dtype)
}

/// The matrix [2·n, 4·modes] by which complex numbers become bins of both signs, if it pays and is small enough. The
/// product with c + i·d is [[c, −d], [d, c]] on the two parts.
fn complex_matrix(
    b: &Builder,
    dtype: DType,
    n: u64,
    modes: u64,
) -> Result<Option<Value>, TypeError> {
    if !pays(n, 4 * modes) || 8 * n * modes > LITERAL {
        return Ok(None);
    }
    let bins = || (0..modes).chain(n - modes..n);
    let mut values = Vec::with_capacity((8 * n * modes) as usize);
    for j in 0..n {
        for is_imaginary in [false, true] {
            for (c, d) in bins().map(|k| Sign::Forward.turn(j * k % n, n)) {
                values.extend(match is_imaginary {
                    false => [c, d],
                    true => [0.0 - d, c],
                });
            }
        }
    }
    literal(b, dtype, &[2 * n, 4 * modes], &values).map(Some)
}

/// Part of a tensor: from `start` on, of these extents.
fn part(b: &Builder, x: Value, start: &[u64], extents: &Shape) -> Result<Value, TypeError> {
    let limit: Vec<u64> = start
        .iter()
        .zip(extents.extents())
        .map(|(start, size)| start + size)
        .collect();
    b.slice(x, start, &limit, &vec![1; start.len()])
}

/// A block put into zeros of the given extents.
fn placed(b: &Builder, x: Value, start: &[u64], extents: &[u64]) -> Result<Value, TypeError> {
    let low: Axes = start.iter().map(|&start| start as i64).collect();
    let sizes = b.shape(x);
    let high = sizes.extents().zip(start.iter().zip(extents));
    let high = high.map(|(size, (start, extent))| (extent - start - size) as i64);
    b.pad_zero(x, low, high.collect(), start.iter().map(|_| 0).collect())
}
