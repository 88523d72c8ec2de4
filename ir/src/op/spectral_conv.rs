//! Spectral convolutions, the layers of Fourier neural operators (Li et al., arXiv:2010.08895): a
//! transform, a product with weights on the lowest modes, and the transform back.

use super::composite::Built;
use super::family::Composite;
use super::macros::op;
use super::spec::{Accepts, OpDef, TypeError, Types, single};
use super::truncated::{
    from_lowest_bins, from_lowest_of_both_signs, lowest_bins, lowest_of_both_signs,
};
use super::twiddle::literal;
use crate::builder::Builder;
use crate::graph::Value;
use crate::op::{Concat, ContractAxes};
use crate::shape::{Shape, Type};
use smallvec::smallvec;

op! {
    /// The spectral convolution of a Fourier neural operator (Li et al., 2021) along the last axis:
    /// the lowest bins of `rfft` of each channel are mixed by complex weights, the others dropped.
    /// x is [batch, channels, n], the weights are [channels, outputs, modes, 2].
    SpectralConv1d = "spectral_conv1d"(x, weights)
    examples ["(x: f32[2, 2, 8], weights: f32[2, 3, 3, 2]) -> spectral_conv1d(x, weights)"]
}
op! {
    /// The spectral convolution of a Fourier neural operator (Li et al., 2021) along the last two
    /// axes: of the transform, the lowest bins along the last axis and the lowest of both signs along
    /// the other are mixed by complex weights. x is [batch, channels, m, n]; the weights of the bins
    /// from 0 on, and of those up to −1, are [channels, outputs, modes, modes, 2].
    SpectralConv2d = "spectral_conv2d"(x, positive, negative)
    examples ["(x: f32[1, 2, 4, 6], positive: f32[2, 1, 2, 2, 2], negative: f32[2, 1, 2, 2, 2]) -> spectral_conv2d(x, positive, negative)"]
}

/// An error unless weights fit x; the extents of the result.
fn check_weights(op: &str, x: &Type, slot: usize, weights: &Type) -> Result<Shape, TypeError> {
    let modes = x.shape.rank().saturating_sub(2);
    let fits = weights.dtype == x.dtype
        && weights.shape.rank() == modes + 3
        && weights.shape.extent(modes + 2) == 2
        && weights.shape.extent(0) == x.shape.extent(1);
    if !fits {
        let message = format!("`{op}` of {x} by weights {weights}");
        let help = "weights are [channels, outputs, modes…, 2], of the dtype of x";
        return Err(TypeError::new(message).at(slot).help(help));
    }
    let last = x.shape.rank() - 1;
    for axis in 2..=last {
        let n = x.shape.extent(axis);
        let most = if axis == last { n / 2 + 1 } else { n / 2 };
        let wanted = weights.shape.extent(axis);
        if wanted > most {
            let message = format!("`{op}`: axis {axis} of {x} has {most} modes, not {wanted}");
            return Err(TypeError::new(message).at(slot));
        }
    }
    Ok(Shape::new(x.shape.extents().enumerate().map(
        |(axis, extent)| match axis {
            1 => weights.shape.extent(1),
            _ => extent,
        },
    )))
}

/// Bins [batch, channels, modes…, 2] mixed by weights [channels, outputs, modes…, 2].
fn mixed(b: &Builder, bins: Value, weights: Value) -> Result<Value, TypeError> {
    let (shape, across) = (b.shape(bins), b.shape(weights));
    let [batch, channels, outputs] = [shape.extent(0), shape.extent(1), across.extent(1)];
    let modes: Vec<u64> = across.extents().skip(2).take(across.rank() - 3).collect();
    let count = modes.iter().product();
    let x = b.reshape(bins, &Shape::new([batch, channels, count, 2]))?;
    let w = b.reshape(weights, &Shape::new([channels, 1, outputs, count, 2]))?;
    // What the real part of x is multiplied by, and what the imaginary: (c, d) and (−d, c).
    let signs = literal(b, b.ty(w).dtype, &[2], &[-1.0, 1.0])?;
    let swapped = b.reverse(w, smallvec![4])?;
    let turned = b.mul(swapped, b.broadcast_to(signs, &b.shape(w))?)?;
    let both = b.apply(Concat { axis: 1 }, &[w, turned])?;
    let axes = ContractAxes {
        batch: [smallvec![2], smallvec![3]],
        contract: [smallvec![1, 3], smallvec![0, 1]],
        free: Default::default(),
    };
    let y = b.contract(x, both, &axes)?;
    let y = b.transpose(y, &[1, 2, 0, 3])?;
    let extents = [batch, outputs].into_iter().chain(modes).chain([2]);
    b.reshape(y, &Shape::new(extents))
}

impl OpDef for SpectralConv1d {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        let (name, x) = ("spectral_conv1d", operands[0]);
        Accepts::Floats.require(name, 0, x)?;
        if x.shape.rank() != 3 || x.shape.extent(2) == 0 {
            let message = format!("`{name}` takes x as [batch, channels, n], not {x}");
            return Err(TypeError::new(message).at(0));
        }
        let shape = check_weights(name, x, 1, operands[1])?;
        Ok(single(x.with_shape(shape)))
    }
}
impl Composite for SpectralConv1d {
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let [x, weights] = [operands[0], operands[1]];
        let (shape, modes) = (b.shape(x), b.shape(weights).extent(2));
        let y = mixed(b, lowest_bins(b, x, modes)?, weights)?;
        Ok(smallvec![from_lowest_bins(b, y, shape.extent(2))?])
    }
}

impl OpDef for SpectralConv2d {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        let (name, x) = ("spectral_conv2d", operands[0]);
        Accepts::Floats.require(name, 0, x)?;
        if x.shape.rank() != 4 || x.shape.extent(2) == 0 || x.shape.extent(3) == 0 {
            let message = format!("`{name}` takes x as [batch, channels, m, n], not {x}");
            return Err(TypeError::new(message).at(0));
        }
        let shape = check_weights(name, x, 1, operands[1])?;
        if operands[2] != operands[1] {
            let message = format!("`{name}` mixes by {} and {}", operands[1], operands[2]);
            return Err(TypeError::new(message)
                .at(2)
                .help("both weights have one type"));
        }
        Ok(single(x.with_shape(shape)))
    }
}
impl Composite for SpectralConv2d {
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let [x, positive, negative] = [operands[0], operands[1], operands[2]];
        let (shape, across) = (b.shape(x), b.shape(positive));
        let [m, n] = [2, 3].map(|axis| shape.extent(axis));
        let [rows, columns] = [2, 3].map(|axis| across.extent(axis));
        let bins = lowest_of_both_signs(b, lowest_bins(b, x, columns)?, rows)?;
        let sign = |first: u64, weights: Value| {
            let kept = b.shape(bins);
            let (mut start, mut limit) = (vec![0; 5], kept.extents().collect::<Vec<u64>>());
            (start[2], limit[2]) = (first, first + rows);
            mixed(b, b.slice(bins, &start, &limit, &[1; 5])?, weights)
        };
        let signs = [sign(0, positive)?, sign(rows, negative)?];
        let y = b.apply(Concat { axis: 2 }, &signs)?;
        let y = from_lowest_of_both_signs(b, y, m)?;
        Ok(smallvec![from_lowest_bins(b, y, n)?])
    }
}
