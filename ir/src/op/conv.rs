//! Convolution: contractions of a kernel with windows.
//!
//! Tensors lie as in ONNX: x is [batch, channels, places…], with any number of spatial axes. In the
//! language of machine learning the kernel is not flipped. Derivatives are those of the contraction and
//! of the view; there is none of its own here.

use super::attribute::Numbers;
use super::contract::ContractAxes;
use super::family::Composite;
use super::macros::op;
use super::spec::{Accepts, OpDef, TypeError, Types, single};
use super::window::{Shear, Sliding, Window, Windows, shortest, shortest_sides};
use crate::builder::Builder;
use crate::graph::Value;
use crate::op::Real;
use crate::shape::{Shape, Type};
use smallvec::{SmallVec, smallvec};

type Built = Result<SmallVec<[Value; 2]>, TypeError>;

/// Operands with their groups apart, if there are several: x[batch, group, channel, places…] and
/// w[batch, group, a, b, window…], the kernel repeated for each element of the batch, which is a view and keeps the
/// axes of the result in order.
struct Grouped {
    x: Value,
    w: Value,
    /// The number of batch axes: those of the batch and of the groups.
    batches: usize,
    /// The number of spatial axes.
    spatial: usize,
}

impl Grouped {
    fn new(b: &Builder, operands: &[Value], groups: u64) -> Result<Grouped, TypeError> {
        let (x, w) = (b.shape(operands[0]), b.shape(operands[1]));
        let split = |shape: &Shape, axis: usize| {
            let inner = shape.extent(axis).checked_div(groups).unwrap_or(0);
            let before = shape.extents().take(axis);
            let after = shape.extents().skip(axis + 1);
            match groups {
                1 => shape.clone(),
                _ => Shape::new(before.chain([groups, inner]).chain(after)),
            }
        };
        let kernel = split(&w, 0);
        let repeated = Shape::new([x.extent(0)].into_iter().chain(kernel.extents()));
        let axes: Vec<usize> = (1..repeated.rank()).collect();
        let w = b.reshape(operands[1], &kernel)?;
        Ok(Grouped {
            x: b.reshape(operands[0], &split(&x, 1))?,
            w: b.broadcast_in_dim(w, &repeated, &axes)?,
            batches: if groups == 1 { 1 } else { 2 },
            spatial: x.rank() - 2,
        })
    }

    /// The first spatial axis of x.
    fn first(&self) -> usize {
        self.batches + 1
    }

    /// Σ over channels and places within the window: w's channel axis `kept`, of its two, stays.
    /// `windows` is x with the axes of the window added.
    fn contract(&self, b: &Builder, windows: Value, kept: usize) -> Built {
        let (batches, spatial) = (self.batches, self.spatial);
        let batch = || (0..batches).collect();
        let window = |first: usize| first..first + spatial;
        let summed = batches + 1 - kept;
        let axes = ContractAxes {
            batch: [batch(), batch()],
            contract: [
                [summed].into_iter().chain(window(batches + 2)).collect(),
                [batches]
                    .into_iter()
                    .chain(window(batches + 1 + spatial))
                    .collect(),
            ],
            free: Default::default(),
        };
        let y = b.contract(self.w, windows, &axes)?;
        let shape = b.shape(y);
        let channels = (1..=batches).map(|axis| shape.extent(axis)).product();
        let places = shape.extents().skip(batches + 1);
        let shape = Shape::new([shape.extent(0), channels].into_iter().chain(places));
        Ok(smallvec![b.reshape(y, &shape)?])
    }
}

/// An error unless x and w have a batch axis, channels, and the same number of spatial axes.
fn check_operands(op: &str, layout: &str, x: &Type, w: &Type) -> Result<usize, TypeError> {
    Accepts::Numbers.require(op, 0, x)?;
    let help = format!("x is [batch, channels, places…] and w is {layout}");
    if x.shape.rank() < 3 || w.shape.rank() != x.shape.rank() {
        let message = format!("`{op}` of {x} with a kernel {w}");
        return Err(TypeError::new(message).at(1).help(help));
    }
    if x.dtype != w.dtype {
        let message = format!("`{op}` mixes dtypes {} and {}", x.dtype, w.dtype);
        let help = format!(
            "there is no implicit promotion; write `cast(…, dtype = {})`",
            x.dtype
        );
        return Err(TypeError::new(message).at(1).help(help));
    }
    Ok(x.shape.rank() - 2)
}

/// The number of groups, which must divide `channels`.
pub(super) fn check_groups(
    op: &str,
    groups: i64,
    what: &str,
    channels: u64,
) -> Result<u64, TypeError> {
    let count = u64::try_from(groups).ok().filter(|&count| count > 0);
    let fitting = count.filter(|count| channels.is_multiple_of(*count));
    fitting.ok_or_else(|| {
        let message = format!("`{op}` cannot have {groups} groups of {channels} {what}");
        TypeError::new(message).help("the number of groups is positive and divides the channels")
    })
}

fn places(ty: &Type) -> Vec<u64> {
    ty.shape.extents().skip(2).collect()
}

fn sizes(w: &Shape) -> Numbers {
    w.extents().skip(2).map(|extent| extent as i64).collect()
}

op! {
    /// Convolution, over any number of spatial axes and without flipping the kernel, as ONNX's `Conv`:
    /// x[N, C, P…] with w[M, C/groups, K…] is y[N, M, Q…],
    /// y[n, m, q] = Σ over channels c of m's group and places k of x[n, c, q·stride + k·dilation − padding before]·w[m, c, k],
    /// where x is 0 beyond its ends. Products are added up as `dot_general` does, channels outside and
    /// places inside, with its error. Depthwise convolution has as many groups as channels. A bias is
    /// added: `conv(x, w) + b` with b[M, 1…].
    Conv = "conv"(x, w) {
        /// Distance of windows along each spatial axis; one number stands for all.
        stride: Numbers = Numbers::from([1]),
        /// How far windows reach beyond the ends: one number for all sides, one for each axis, or one
        /// before each axis and then one after each.
        padding: Numbers = Numbers::from([0]),
        /// Distance of the elements of a window along each spatial axis; one number stands for all.
        dilation: Numbers = Numbers::from([1]),
        /// Channels are in so many groups, in order; a group of results reads one of channels.
        groups: i64 = 1,
    }
    examples [
        "(x: f32[1, 2, 5], w: f32[3, 2, 3]) -> conv(x, w)",
        "(x: f32[2, 2, 5, 4], w: f32[3, 2, 3, 2]) -> conv(x, w, stride = 2, padding = 1)",
        "(x: f32[1, 2, 4, 5], w: f32[2, 2, 2, 3]) -> conv(x, w, stride = [1, 2], padding = [0, 1, 2, 0], dilation = [2, 1])",
        "(x: f64[1, 4, 3, 3], w: f64[2, 2, 2, 2]) -> conv(x, w, groups = 2)",
        "(x: f32[1, 3, 4, 9], w: f32[3, 1, 3, 3]) -> conv(x, w, padding = [1], groups = 3)",
        "(x: f32[1, 2, 3, 3, 2], w: f32[2, 2, 2, 2, 2]) -> conv(x, w, padding = [0, 0, 1, 0, 1, 0])",
        "(x: f32[1, 1, 9], w: f32[2, 1, 2]) -> conv(x, w, stride = 3)",
        "(x: f32[2, 3, 2, 2], w: f32[4, 3, 1, 1]) -> conv(x, w)",
        "(x: f32[1, 0, 3], w: f32[2, 0, 2]) -> conv(x, w)",
        "(x: i32[1, 2, 4], w: i32[1, 2, 2]) -> conv(x, w, padding = [1, 0])",
    ]
}
impl OpDef for Conv {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        let [x, w] = [operands[0], operands[1]];
        check_operands("conv", "[filters, channels/groups, window…]", x, w)?;
        let groups = check_groups("conv", self.groups, "channels", x.shape.extent(1))?;
        check_groups("conv", self.groups, "filters", w.shape.extent(0))?;
        if w.shape.extent(1) != x.shape.extent(1) / groups {
            let message = format!("`conv` of {x} with a kernel {w} and groups = {groups}");
            let help = format!(
                "axis 1 of w has extent {}: the channels of a group",
                x.shape.extent(1) / groups
            );
            return Err(TypeError::new(message).at(1).help(help));
        }
        let counts = self.windows(&sizes(&w.shape)).counts("conv", &places(x))?;
        let first = [x.shape.extent(0), w.shape.extent(0)];
        Ok(single(
            x.with_shape(Shape::new(first.into_iter().chain(counts))),
        ))
    }
    fn canonical(self, operands: &[&Type]) -> Self {
        let count = operands[0].shape.rank().saturating_sub(2);
        Conv {
            stride: shortest(self.stride, count),
            padding: shortest_sides(self.padding, count),
            dilation: shortest(self.dilation, count),
            groups: self.groups,
        }
    }
}
impl Conv {
    fn windows<'a>(&'a self, size: &'a Numbers) -> Windows<'a> {
        Windows {
            size,
            stride: &self.stride,
            dilation: &self.dilation,
            padding: &self.padding,
        }
    }
}
impl Composite for Conv {
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let grouped = Grouped::new(b, operands, self.groups.unsigned_abs())?;
        let first = grouped.first() as i64;
        let windows = Window {
            axes: (first..first + grouped.spatial as i64).collect(),
            size: sizes(&b.shape(operands[1])),
            stride: self.stride.clone(),
            dilation: self.dilation.clone(),
            padding: self.padding.clone(),
            value: Real(0.0),
        };
        let windows = b.apply(windows, &[grouped.x])?;
        grouped.contract(b, windows, 0)
    }
}

op! {
    /// Transposed convolution, as ONNX's `ConvTranspose`: x[N, C, P…] with w[C, M/groups, K…] is
    /// y[N, M, Q…] with Q = (P − 1)·stride + (K − 1)·dilation + 1 + output_padding − padding on both sides.
    /// It is the transpose of `conv` with that kernel and these attributes: each element of x times the
    /// kernel is added to y, a stride apart.
    ConvTranspose = "conv_transpose"(x, w) {
        /// Distance in y of neighbours in x, along each spatial axis; one number stands for all.
        stride: Numbers = Numbers::from([1]),
        /// How much of y is cut off at the ends: one number for all sides, one for each axis, or one
        /// before each axis and then one after each.
        padding: Numbers = Numbers::from([0]),
        /// Distance of the elements of the kernel along each spatial axis; one number stands for all.
        dilation: Numbers = Numbers::from([1]),
        /// Channels are in so many groups, in order; a group of results reads one of channels.
        groups: i64 = 1,
        /// By how much y is longer at the end of each spatial axis; one number stands for all.
        output_padding: Numbers = Numbers::from([0]),
    }
    examples [
        "(x: f32[1, 2, 4], w: f32[2, 3, 3]) -> conv_transpose(x, w)",
        "(x: f32[2, 3, 2, 3], w: f32[3, 2, 3, 2]) -> conv_transpose(x, w, stride = 2, padding = [1, 0], output_padding = [1, 0])",
        "(x: f32[1, 2, 3, 3], w: f32[2, 1, 2, 2]) -> conv_transpose(x, w, stride = [3, 1], padding = [0, 1, 1, 0], dilation = [1, 2], groups = 2)",
        "(x: f64[1, 4, 3], w: f64[4, 1, 2]) -> conv_transpose(x, w, stride = 2, groups = 2)",
        "(x: f32[1, 1, 2, 2, 2], w: f32[1, 2, 2, 1, 2]) -> conv_transpose(x, w, stride = 2)",
        "(x: f32[0, 2, 3], w: f32[2, 3, 2]) -> conv_transpose(x, w)",
    ]
}
impl ConvTranspose {
    /// For each axis, how windows of the convolution lie whose transpose this is, and by how much y is
    /// longer.
    fn along(&self, size: &Numbers) -> Result<Vec<(Sliding, i64)>, TypeError> {
        let op = "conv_transpose";
        let windows = Windows {
            size,
            stride: &self.stride,
            dilation: &self.dilation,
            padding: &self.padding,
        };
        let longer = Windows {
            size,
            stride: &[1],
            dilation: &[1],
            padding: &self.output_padding,
        };
        let along = windows.along(op, size.len())?;
        if self.output_padding.len() > size.len().max(1) {
            let message = format!("`{op}` has too many numbers in `output_padding`");
            return Err(TypeError::new(message).help("it is one number for each spatial axis"));
        }
        let longer = longer.along(op, size.len())?;
        let more = longer.iter().map(|longer| longer.padding[1]);
        Ok(along.into_iter().zip(more).collect())
    }

    /// The extent of y along each spatial axis, that of x being `extents`.
    fn extents(&self, size: &Numbers, extents: &[u64]) -> Result<Vec<i64>, TypeError> {
        let mut results = Vec::with_capacity(extents.len());
        for (axis, (sliding, more)) in self.along(size)?.into_iter().enumerate() {
            let [low, high] = sliding.padding.map(i128::from);
            let steps = i128::from(extents[axis]) - 1;
            let whole = steps * i128::from(sliding.stride) + sliding.reach() + 1;
            let extent = whole + i128::from(more) - low - high;
            let least = i128::from(sliding.stride.max(sliding.dilation));
            if i128::from(more) >= least {
                let message = format!("`conv_transpose` cannot have {more} in `output_padding`");
                let help =
                    format!("along spatial axis {axis} it is below {least}: stride or dilation");
                return Err(TypeError::new(message).help(help));
            }
            if !(1..=1 << 40).contains(&extent) {
                let message = format!(
                    "`conv_transpose` would have {extent} elements along spatial axis {axis}: \
                     {whole} and {more}, less {low} and {high} that are cut off"
                );
                return Err(TypeError::new(message).help("make `padding` smaller"));
            }
            results.push(extent as i64);
        }
        Ok(results)
    }
}
impl OpDef for ConvTranspose {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        let [x, w] = [operands[0], operands[1]];
        let op = "conv_transpose";
        check_operands(op, "[channels, filters/groups, window…]", x, w)?;
        let groups = check_groups(op, self.groups, "channels", x.shape.extent(1))?;
        if w.shape.extent(0) != x.shape.extent(1) {
            let message = format!("`{op}` of {x} with a kernel {w}");
            let help = "axis 0 of w has the extent of axis 1 of x: the channels";
            return Err(TypeError::new(message).at(1).help(help));
        }
        let extents = self.extents(&sizes(&w.shape), &places(x))?;
        let first = [x.shape.extent(0), w.shape.extent(1).saturating_mul(groups)];
        let rest = extents.into_iter().map(i64::cast_unsigned);
        Ok(single(
            x.with_shape(Shape::new(first.into_iter().chain(rest))),
        ))
    }
    fn canonical(self, operands: &[&Type]) -> Self {
        let count = operands[0].shape.rank().saturating_sub(2);
        ConvTranspose {
            stride: shortest(self.stride, count),
            padding: shortest_sides(self.padding, count),
            dilation: shortest(self.dilation, count),
            groups: self.groups,
            output_padding: shortest(self.output_padding, count),
        }
    }
}
impl Composite for ConvTranspose {
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let grouped = Grouped::new(b, operands, self.groups.unsigned_abs())?;
        let (x, size) = (b.ty(operands[0]), sizes(&b.shape(operands[1])));
        let along = self.along(&size)?;
        let (first, spatial) = (grouped.first() as i64, grouped.spatial as i64);
        let of = |number: &dyn Fn(&Sliding) -> i64| -> Numbers {
            along.iter().map(|(sliding, _)| number(sliding)).collect()
        };
        let shear = Shear {
            axes: (first..first + spatial).collect(),
            along: (first + spatial..first + 2 * spatial).collect(),
            extent: self.extents(&size, &places(&x))?.into_iter().collect(),
            stride: of(&|_| 1),
            dilation: of(&|sliding| -sliding.dilation),
            low: of(&|sliding| -sliding.padding[0]),
            base: of(&|sliding| sliding.stride),
        };
        let own = b.shape(grouped.x);
        let window = size.iter().map(|extent| extent.unsigned_abs());
        let repeated = Shape::new(own.extents().chain(window));
        let axes: Vec<usize> = (0..own.rank()).collect();
        let repeated = b.broadcast_in_dim(grouped.x, &repeated, &axes)?;
        let windows = b.apply(shear, &[repeated])?;
        grouped.contract(b, windows, 1)
    }
}
