//! Pooling: folds over windows.
//!
//! Tensors lie as in ONNX: x is [batch, channels, places…]. Padding takes no part in a maximum. Windows
//! are views and the folds are those of `fold.rs`, so derivatives are theirs.

use super::attribute::{Numbers, Real};
use super::family::{Composite, Monoid};
use super::macros::op;
use super::spec::{Accepts, OpDef, TypeError, Types, single};
use super::window::{Window, Windows, shortest, shortest_sides};
use crate::builder::Builder;
use crate::constant::Constant;
use crate::graph::Value;
use crate::op::{Scale, SubtractNoNan};
use crate::shape::{Shape, Type};
use smallvec::{SmallVec, smallvec};

type Built = Result<SmallVec<[Value; 2]>, TypeError>;

/// The result type of a pool. Where padding takes no part, each window must hold an element.
fn infer_pool(
    op: &str,
    accepts: Accepts,
    windows: Windows<'_>,
    skips_padding: bool,
    x: &Type,
) -> Result<Types, TypeError> {
    accepts.require(op, 0, x)?;
    if x.shape.rank() < 3 {
        let message = format!("`{op}` of {x}");
        return Err(TypeError::new(message)
            .at(0)
            .help("x is [batch, channels, places…]"));
    }
    let places: Vec<u64> = x.shape.extents().skip(2).collect();
    let counts = windows.counts(op, &places)?;
    if skips_padding {
        for (sliding, &extent) in windows.along(op, places.len())?.iter().zip(&places) {
            sliding.require_elements(op, extent)?;
        }
    }
    let first = x.shape.extents().take(2);
    Ok(single(x.with_shape(Shape::new(first.chain(counts)))))
}

/// Windows along all axes from `first` on, and the axes with their elements.
fn windows_of(
    b: &Builder,
    x: Value,
    first: usize,
    windows: Windows<'_>,
    value: Real,
) -> Result<(Value, Vec<usize>), TypeError> {
    let rank = b.shape(x).rank();
    let own = |list: &[i64]| Numbers::from(list);
    let window = Window {
        axes: (first as i64..rank as i64).collect(),
        size: own(windows.size),
        stride: own(windows.stride),
        dilation: own(windows.dilation),
        padding: own(windows.padding),
        value,
    };
    let within = (rank..2 * rank - first).collect();
    Ok((b.apply(window, &[x])?, within))
}

macro_rules! pool {
    (
        $(#[doc = $doc:literal])+
        $Name:ident = $name:literal, $accepts:ident, skips: |$this:ident| $skips:expr,
        { $( $(#[doc = $attr_doc:literal])+ $attr:ident : $ty:ty $(= $default:expr)? ),* }
        [$($example:literal),+]
    ) => {
        op! {
            $(#[doc = $doc])+
            $Name = $name(x) {
                $( $(#[doc = $attr_doc])+ $attr: $ty $(= $default)?, )*
                /// Elements of a window along each spatial axis; one number stands for all.
                size: Numbers,
                /// Distance of windows along each spatial axis; one number stands for all.
                stride: Numbers = Numbers::from([1]),
                /// How far windows reach beyond the ends: one number for all sides, one for each axis,
                /// or one before each axis and then one after each.
                padding: Numbers = Numbers::from([0]),
                /// Distance of the elements of a window along each spatial axis; one number stands
                /// for all.
                dilation: Numbers = Numbers::from([1]),
            }
            examples [$($example),+]
        }
        impl $Name {
            fn windows(&self) -> Windows<'_> {
                Windows {
                    size: &self.size,
                    stride: &self.stride,
                    dilation: &self.dilation,
                    padding: &self.padding,
                }
            }
        }
        impl OpDef for $Name {
            fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
                let $this = self;
                let skips = $skips?;
                infer_pool($name, Accepts::$accepts, self.windows(), skips, operands[0])
            }
            fn canonical(self, operands: &[&Type]) -> Self {
                let count = operands[0].shape.rank().saturating_sub(2);
                $Name {
                    size: shortest(self.size, count),
                    stride: shortest(self.stride, count),
                    padding: shortest_sides(self.padding, count),
                    dilation: shortest(self.dilation, count),
                    $( $attr: self.$attr, )*
                }
            }
        }
    };
}

pool! {
    /// The largest element of each window; NaN if any is NaN. Padding takes no part. At a tie the first
    /// winner in row-major order takes the cotangent.
    MaxPool = "max_pool", Numbers, skips: |_this| Ok::<bool, TypeError>(true),
    {}
    [
        "(x: f32[1, 2, 7]) -> max_pool(x, size = 3, stride = 2)",
        "(x: f32[2, 2, 4, 5]) -> max_pool(x, size = 2, stride = 2)",
        "(x: f32[1, 1, 5, 6]) -> max_pool(x, size = [3, 2], stride = [2, 1], padding = [1, 0, 2, 1], dilation = [1, 2])",
        "(x: f64[1, 1, 3, 3, 3]) -> max_pool(x, size = 2)",
        "(x: f32[1, 2, 9]) -> max_pool(x, size = 2, stride = 4)",
        "(x: f32[2, 0, 4]) -> max_pool(x, size = 2)",
        "(x: i32[1, 1, 5]) -> max_pool(x, size = 3, padding = 1)"
    ]
}
impl Composite for MaxPool {
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let dtype = b.ty(operands[0]).dtype;
        let least = Real(Monoid::Max.identity(dtype).to_f64());
        let (windows, within) = windows_of(b, operands[0], 2, self.windows(), least)?;
        Ok(smallvec![b.reduce_max(windows, &within, false)?])
    }
}

pool! {
    /// The mean of each window. Padding counts as zeros, or takes no part.
    AvgPool = "avg_pool", Floats, skips: |this| Ok::<bool, TypeError>(!this.count_include_pad),
    {
        /// Whether padding counts among the elements that the sum is divided by.
        count_include_pad: bool = false
    }
    [
        "(x: f32[1, 2, 7]) -> avg_pool(x, size = 3, stride = 2)",
        "(x: f32[2, 2, 4, 5]) -> avg_pool(x, size = 2, padding = [1, 0, 0, 1])",
        "(x: f32[2, 1, 4, 5]) -> avg_pool(x, count_include_pad = true, size = [2, 3], stride = [2, 1], padding = 1)",
        "(x: f64[1, 1, 5, 6]) -> avg_pool(x, size = 2, stride = 3, dilation = [2, 3])",
        "(x: f32[1, 1, 2, 3, 2]) -> avg_pool(x, size = [1, 2, 2])",
        "(x: f32[0, 1, 4]) -> avg_pool(x, size = 2)"
    ]
}
impl Composite for AvgPool {
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let x = b.ty(operands[0]);
        let (windows, within) = windows_of(b, operands[0], 2, self.windows(), Real(0.0))?;
        let total = b.sum(windows, &within, false)?;
        let shape = b.shape(total);
        let whole = self.count_include_pad || self.padding.iter().all(|&amount| amount == 0);
        let count = if whole {
            let extents = b.shape(windows);
            let size: u64 = within.iter().map(|&axis| extents.extent(axis)).product();
            b.full(&b.ty(total), &Constant::integer(size as i64))?
        } else {
            // How many elements each window holds depends on its place only.
            let places = Shape::new(x.shape.extents().skip(2));
            let ones = b.full(&x.with_shape(places), &Constant::integer(1))?;
            let (ones, within) = windows_of(b, ones, 0, self.windows(), Real(0.0))?;
            b.broadcast_to(b.sum(ones, &within, false)?, &shape)?
        };
        Ok(smallvec![b.div(total, count)?])
    }
}

pool! {
    /// A smooth maximum of each window: β⁻¹ ln Σ e^{βx}, computed from βx − max βx. Padding takes no
    /// part. It lies above the maximum by at most ln(elements)/β, and for negative β below the minimum.
    SmoothMaxPool = "smooth_max_pool", Floats, skips: |this| nonzero(this.beta),
    {
        /// How sharp the maximum is; not 0.
        beta: Real
    }
    [
        "(x: f32[1, 2, 7]) -> smooth_max_pool(x, beta = 2, size = 3, stride = 2)",
        "(x: f32[1, 2, 4, 5]) -> smooth_max_pool(x, beta = 0.5, size = 2, padding = [1, 0, 0, 1])",
        "(x: f64[1, 1, 5, 4]) -> smooth_max_pool(x, beta = -1.5, size = [3, 2], stride = 2, padding = 1, dilation = [1, 2])",
        "(x: f32[1, 0, 4]) -> smooth_max_pool(x, beta = 1, size = 2)"
    ]
}

/// Padding takes no part in a smooth maximum, whose β is a number other than 0.
fn nonzero(beta: Real) -> Result<bool, TypeError> {
    if beta.0 != 0.0 && beta.0.is_finite() {
        return Ok(true);
    }
    let message = format!("`smooth_max_pool` cannot have {} for `beta`", beta.0);
    Err(TypeError::new(message)
        .help("it is a finite number other than 0; for its limit at ∞, use `max_pool`"))
}

impl Composite for SmoothMaxPool {
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let scaled = b.apply(Scale { factor: self.beta }, operands)?;
        let (windows, within) = windows_of(b, scaled, 2, self.windows(), Real(f64::NEG_INFINITY))?;
        // The result does not depend on the shift.
        let largest = b.stop_gradient(b.reduce_max(windows, &within, false)?)?;
        let spread = b.unfold(largest, &b.shape(windows), &within, false)?;
        let centred = b.apply(SubtractNoNan {}, &[windows, spread])?;
        let total = b.sum(b.exp(centred)?, &within, false)?;
        let smooth = b.add(b.log(total)?, largest)?;
        let beta = b.full(&b.ty(smooth), &self.beta.constant())?;
        Ok(smallvec![b.div(smooth, beta)?])
    }
}
