//! Windows that slide over axes: the views behind convolution and pooling.
//!
//! A window view repeats each element once for each window that covers it; convolution contracts it with
//! a kernel (`conv.rs`), pooling folds it (`pool.rs`), and neither is ever in memory: lowering reads
//! through the index map. Its transpose puts every element of every window back in its place and adds up
//! those that meet there. The first half of that is a view again, [`Shear`], whose transpose is a shear
//! too. So derivatives of any order are made of shears, sums and contractions, and none of them is
//! written for convolution or pooling.

use super::attribute::{Axes, Numbers, Real, as_axes};
use super::family::{View, transposed_counts};
use super::leaf::check_written;
use super::macros::op;
use super::spec::{Accepts, OpDef, TypeError, Types, check_axes, normalize_axes, single};
use crate::builder::Builder;
use crate::constant::Constant;
use crate::graph::Value;
use crate::index::{Guard, Index, IndexMap};
use crate::op::Op;
use crate::shape::{Shape, Type};
use smallvec::smallvec;

/// No number that describes a window is beyond this, as no axis is longer. Their products
/// then fit 128 bits, and what is checked there fits an index.
const MAX_NUMBER: i64 = 1 << 40;

/// How windows lie along one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sliding {
    /// Elements of a window.
    pub(super) size: i64,
    /// Distance of windows.
    pub(super) stride: i64,
    /// Distance of the elements of a window.
    pub(super) dilation: i64,
    /// What lies before the first element of the axis, and after the last.
    pub(super) padding: [i64; 2],
}

/// The attributes with which ops describe windows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Windows<'a> {
    pub(super) size: &'a [i64],
    pub(super) stride: &'a [i64],
    pub(super) dilation: &'a [i64],
    pub(super) padding: &'a [i64],
}

/// The number for each of `count` axes, where one stands for all.
fn spread(op: &str, name: &str, list: &[i64], count: usize) -> Result<Axes, TypeError> {
    match list {
        [all] => Ok(smallvec![*all; count]),
        each if each.len() == count => Ok(Axes::from_slice(each)),
        _ => Err(TypeError::new(format!(
            "`{op}` slides along {count} axes, but `{name}` has {} numbers",
            list.len()
        ))
        .help(format!(
            "`{name}` is one number for each axis, or one for all"
        ))),
    }
}

/// What lies before and after each of `count` axes.
fn sides(op: &str, list: &[i64], count: usize) -> Result<Vec<[i64; 2]>, TypeError> {
    if list.len() == 2 * count && count > 0 {
        let (before, after) = list.split_at(count);
        return Ok(before.iter().zip(after).map(|(b, a)| [*b, *a]).collect());
    }
    match spread(op, "padding", list, count) {
        Ok(both) => Ok(both.iter().map(|&amount| [amount, amount]).collect()),
        Err(error) => Err(error.help(
            "`padding` is one number for all sides, one for each axis, or one before each axis and \
             then one after each",
        )),
    }
}

fn check_numbers(op: &str, name: &str, list: &[i64], least: i64) -> Result<(), TypeError> {
    match list.iter().find(|n| !(least..=MAX_NUMBER).contains(n)) {
        Some(number) => {
            let message = format!("`{op}` cannot have {number} in `{name}`");
            Err(TypeError::new(message).help(format!("it is at least {least} and at most 2^40")))
        }
        None => Ok(()),
    }
}

impl Windows<'_> {
    /// How windows lie along each of `count` axes.
    pub(super) fn along(&self, op: &str, count: usize) -> Result<Vec<Sliding>, TypeError> {
        check_numbers(op, "size", self.size, 1)?;
        check_numbers(op, "stride", self.stride, 1)?;
        check_numbers(op, "dilation", self.dilation, 1)?;
        check_numbers(op, "padding", self.padding, 0)?;
        let size = spread(op, "size", self.size, count)?;
        let stride = spread(op, "stride", self.stride, count)?;
        let dilation = spread(op, "dilation", self.dilation, count)?;
        let padding = sides(op, self.padding, count)?;
        let sliding = |axis: usize| Sliding {
            size: size[axis],
            stride: stride[axis],
            dilation: dilation[axis],
            padding: padding[axis],
        };
        Ok((0..count).map(sliding).collect())
    }

    /// The number of windows along each of the axes, which have these extents.
    pub(super) fn counts(&self, op: &str, extents: &[u64]) -> Result<Vec<u64>, TypeError> {
        let along = self.along(op, extents.len())?;
        let pairs = along.iter().zip(extents).enumerate();
        pairs
            .map(|(axis, (sliding, &extent))| sliding.count(op, axis, extent))
            .collect()
    }
}

impl Sliding {
    /// From the first element of a window to the last.
    pub(super) fn reach(&self) -> i128 {
        i128::from(self.size - 1) * i128::from(self.dilation)
    }

    /// The number of windows along an axis.
    fn count(&self, op: &str, axis: usize, extent: u64) -> Result<u64, TypeError> {
        let [low, high] = self.padding.map(i128::from);
        let padded = i128::from(extent) + low + high;
        let reach = self.reach();
        if reach >= padded {
            let message = format!(
                "the window of `{op}` reaches over {} elements along axis {axis} of those it slides along, which has {padded}",
                reach + 1
            );
            return Err(TypeError::new(message).help(format!(
                "there are {extent} elements and {low} + {high} of padding: make the window smaller, \
                 or the padding larger"
            )));
        }
        let count = (padded - 1 - reach) / i128::from(self.stride) + 1;
        Ok(u64::try_from(count).unwrap_or(u64::MAX))
    }

    /// An error unless each window has an element that is no padding.
    pub(super) fn require_elements(&self, op: &str, extent: u64) -> Result<(), TypeError> {
        let [low, high] = self.padding;
        let within = i128::from(low.max(high)) <= self.reach();
        let dense = i128::from(self.dilation) <= i128::from(extent) || self.size == 1;
        if low == 0 && high == 0 || within && dense && extent > 0 {
            return Ok(());
        }
        let message = format!("a window of `{op}` would hold nothing but padding");
        Err(TypeError::new(message).help(
            "padding is at most size − 1 times dilation on each side, and dilation at most the extent",
        ))
    }
}

fn normalized(axes: &[i64], x: &Type) -> Numbers {
    normalize_axes(axes, x.shape.rank()).into_iter().collect()
}

/// The shortest list that says the same of `count` axes: one number where all are equal.
pub(super) fn shortest(list: Numbers, count: usize) -> Numbers {
    match list.split_first() {
        Some((first, rest)) if list.len() == count && rest.iter().all(|number| number == first) => {
            Box::new([*first])
        }
        Some(_) | None => list,
    }
}

/// The shortest list of amounts before and after `count` axes.
pub(super) fn shortest_sides(list: Numbers, count: usize) -> Numbers {
    let halves = (list.len() == 2 * count).then(|| list.split_at(count));
    match halves {
        Some((before, after)) if before == after => shortest(before.into(), count),
        Some(_) | None if list.len() <= count => shortest(list, count),
        Some(_) | None => list,
    }
}

op! {
    /// Windows that slide along axes of x. Along each of `axes` the result has the number of windows; an
    /// axis with the elements of a window is added at the end for each of them, in order. Element
    /// k of window o is that at o·stride + k·dilation − padding before; beyond the ends stands `value`.
    /// A window never reaches beyond the padding. Nothing is copied: what reads it reads x.
    Window = "window"(x) {
        /// The axes along which windows slide.
        axes: Numbers,
        /// Elements of a window along each axis; one number stands for all.
        size: Numbers,
        /// Distance of windows along each axis; one number stands for all.
        stride: Numbers = Numbers::from([1]),
        /// Distance of the elements of a window along each axis; one number stands for all.
        dilation: Numbers = Numbers::from([1]),
        /// How far windows reach beyond the ends: one number for all sides, one for each axis, or one
        /// before each axis and then one after each.
        padding: Numbers = Numbers::from([0]),
        /// What stands beyond the ends.
        value: Real = Real(0.0),
    }
    examples [
        "(x: f32[7]) -> window(x, axes = [0], size = [3])",
        "(x: f32[2, 5, 6]) -> window(x, axes = [1, 2], size = [2, 3], stride = [1, 2], padding = [0, 1, 1, 0])",
        "(x: f64[2, 4]) -> window(x, axes = [-1], size = 2, stride = 3, dilation = 2, padding = 1, value = -1.5)",
        "(x: f32[2, 2]) -> window(x, axes = [1, 0], size = [3, 1], padding = [2, 0])",
        "(x: bool[4]) -> window(x, axes = [0], size = 2, padding = [0, 1], value = 1)",
    ]
}
impl Window {
    fn windows(&self) -> Windows<'_> {
        Windows {
            size: &self.size,
            stride: &self.stride,
            dilation: &self.dilation,
            padding: &self.padding,
        }
    }

    /// Each axis that windows slide along, with how they lie. The op has passed [`OpDef::infer`].
    fn pairs(&self) -> Vec<(usize, Sliding)> {
        let along = self.windows().along("window", self.axes.len());
        let axes = as_axes(&self.axes).into_iter();
        axes.zip(along.unwrap_or_default()).collect()
    }
}
impl OpDef for Window {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        let x = operands[0];
        check_written(x.dtype, &Constant::from_f64(self.value.0))?;
        check_axes("window", &self.axes, x.shape.rank())?;
        let axes = as_axes(&self.axes);
        let mut extents: Vec<u64> = x.shape.extents().collect();
        let own: Vec<u64> = axes.iter().map(|&axis| extents[axis]).collect();
        let counts = self.windows().counts("window", &own)?;
        for (&axis, count) in axes.iter().zip(counts) {
            extents[axis] = count;
        }
        let along = self.windows().along("window", axes.len())?;
        extents.extend(along.iter().map(|sliding| sliding.size.cast_unsigned()));
        Ok(single(x.with_shape(Shape::new(extents))))
    }
    fn canonical(self, operands: &[&Type]) -> Self {
        let count = self.axes.len();
        Window {
            axes: normalized(&self.axes, operands[0]),
            size: shortest(self.size, count),
            stride: shortest(self.stride, count),
            dilation: shortest(self.dilation, count),
            padding: shortest_sides(self.padding, count),
            value: self.value,
        }
    }
}
impl View for Window {
    fn maps(&self, operands: &[&Type], _result: &Type) -> Vec<IndexMap> {
        let shape = &operands[0].shape;
        let mut map = IndexMap::identity(shape.rank());
        for (place, (axis, sliding)) in self.pairs().into_iter().enumerate() {
            let within = (shape.rank() + place) as u32;
            let index = Index::var(axis as u32).scale(sliding.stride);
            let index = index.add(&Index::var(within).scale(sliding.dilation));
            let index = index.add_constant(-sliding.padding[0]);
            let extent = shape.extent(axis) as i64;
            map.guard = map.guard.and(&Guard::within(index.clone(), 0, extent));
            map.indices[axis] = index;
        }
        vec![map]
    }
    fn fill(&self) -> Constant {
        self.value.constant()
    }
    fn linear(&self) -> Op {
        Window {
            value: Real(0.0),
            ..self.clone()
        }
        .into()
    }
    fn stacked(&self, _count: u64) -> Op {
        Window {
            axes: self.axes.iter().map(|axis| axis + 1).collect(),
            ..self.clone()
        }
        .into()
    }
    /// Each element of each window is put back, and the sum over the elements of windows adds up those
    /// that come to one place.
    fn transpose(
        &self,
        b: &Builder,
        cotangent: Value,
        operands: &[&Type],
        _which: usize,
    ) -> Result<Value, TypeError> {
        let (pairs, rank) = (self.pairs(), operands[0].shape.rank());
        let of = |number: &dyn Fn(&(usize, Sliding)) -> i64| -> Numbers {
            pairs.iter().map(number).collect()
        };
        let along: Vec<usize> = (rank..rank + pairs.len()).collect();
        let back = Shear {
            axes: self.axes.clone(),
            along: along.iter().map(|&axis| axis as i64).collect(),
            extent: of(&|(axis, _)| operands[0].shape.extent(*axis) as i64),
            stride: of(&|_| 1),
            dilation: of(&|(_, sliding)| -sliding.dilation),
            low: of(&|(_, sliding)| -sliding.padding[0]),
            base: of(&|(_, sliding)| sliding.stride),
        };
        b.sum(b.apply(back, &[cotangent])?, &along, false)
    }
    fn transpose_adds(&self, _operands: &[&Type]) -> bool {
        true
    }
    fn transpose_truths(
        &self,
        b: &Builder,
        truths: Value,
        operands: &[&Type],
        which: usize,
    ) -> Result<Value, TypeError> {
        transposed_counts(self, b, truths, operands, which)
    }
}

op! {
    /// Elements of x moved along axes, by an amount that depends on where they stand along others:
    /// y[…, o, …, k, …] = x[…, (o·stride + k·dilation − low)/base, …, k, …], with o along one of `axes`
    /// and k along its partner in `along`; 0 where that is no integer, or is beyond the ends of x. It is
    /// what the derivatives of windows are made of, and its transpose is a shear.
    Shear = "shear"(x) {
        /// The axes along which elements move.
        axes: Numbers,
        /// For each of these, the axis on which the amount depends.
        along: Numbers,
        /// The extent of the result along each of `axes`.
        extent: Numbers,
        /// Factor of the place along each of `axes`; positive.
        stride: Numbers,
        /// Factor of the place along each of `along`.
        dilation: Numbers,
        /// What is subtracted.
        low: Numbers,
        /// What the difference is divided by; positive.
        base: Numbers,
    }
    examples [
        "(x: f32[3, 4]) -> shear(x, axes = [1], along = [0], extent = [5], stride = [1], dilation = [-1], low = [-1], base = [1])",
        "(x: f32[2, 3, 2]) -> shear(x, axes = [1], along = [2], extent = [6], stride = [1], dilation = [-2], low = [1], base = [2])",
        "(x: f64[5, 4, 2, 3]) -> shear(x, axes = [0, 1], along = [3, 2], extent = [2, 3], stride = [2, 1], dilation = [1, 1], low = [0, 1], base = [1, 3])",
    ]
}
impl Shear {
    /// The lists but `axes`, with their names.
    fn lists(&self) -> [(&'static str, &Numbers); 6] {
        [
            ("along", &self.along),
            ("extent", &self.extent),
            ("stride", &self.stride),
            ("dilation", &self.dilation),
            ("low", &self.low),
            ("base", &self.base),
        ]
    }

    /// An error unless the numbers are in their ranges.
    fn check(&self) -> Result<(), TypeError> {
        for (name, list) in self.lists() {
            if list.len() != self.axes.len() {
                let message = format!(
                    "`shear` moves along {} axes, but `{name}` has {} numbers",
                    self.axes.len(),
                    list.len()
                );
                return Err(TypeError::new(message).help("each list has a number for each axis"));
            }
        }
        check_numbers("shear", "extent", &self.extent, 0)?;
        check_numbers("shear", "stride", &self.stride, 1)?;
        check_numbers("shear", "base", &self.base, 1)?;
        // Places beyond the bound would be those of no tensor; products of two fit an index with that.
        let bound = MAX_NUMBER;
        check_numbers("shear", "dilation", &self.dilation, -bound)?;
        check_numbers("shear", "low", &self.low, -bound)
    }

    /// The place in x, times `base`, along one of the axes.
    fn numerator(&self, at: usize) -> Index {
        let [axis, along] = [&self.axes, &self.along].map(|list| list[at] as u32);
        let moved = Index::var(axis).scale(self.stride[at]);
        let moved = moved.add(&Index::var(along).scale(self.dilation[at]));
        moved.add_constant(-self.low[at])
    }
}
impl OpDef for Shear {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        let x = operands[0];
        Accepts::Numbers.require("shear", 0, x)?;
        self.check()?;
        check_axes("shear", &self.axes, x.shape.rank())?;
        for axis in &self.along {
            check_axes("shear", &[*axis], x.shape.rank())?;
            if self.axes.contains(axis) {
                return Err(TypeError::new(format!(
                    "`shear` cannot both move along axis {axis} and depend on the place along it"
                )));
            }
        }
        let mut extents: Vec<u64> = x.shape.extents().collect();
        for (at, &axis) in as_axes(&self.axes).iter().enumerate() {
            let along = x.shape.extent(as_axes(&self.along)[at]);
            let reach = |factor: i64, extent: u64| i128::from(factor) * i128::from(extent);
            let most = reach(self.stride[at], self.extent[at].cast_unsigned()).abs()
                + reach(self.dilation[at], along).abs()
                + reach(self.base[at], extents[axis]).abs();
            if most > i128::from(i64::MAX / 4) {
                let message = format!("`shear` of {x} moves elements too far along axis {axis}");
                return Err(TypeError::new(message).help("places have to fit 64 bits"));
            }
            extents[axis] = self.extent[at].cast_unsigned();
        }
        Ok(single(x.with_shape(Shape::new(extents))))
    }
    fn canonical(self, operands: &[&Type]) -> Self {
        Shear {
            axes: normalized(&self.axes, operands[0]),
            along: normalized(&self.along, operands[0]),
            ..self
        }
    }
}
impl View for Shear {
    fn maps(&self, operands: &[&Type], _result: &Type) -> Vec<IndexMap> {
        let shape = &operands[0].shape;
        let mut map = IndexMap::identity(shape.rank());
        for (at, &axis) in as_axes(&self.axes).iter().enumerate() {
            let (numerator, base) = (self.numerator(at), self.base[at]);
            let end = (shape.extent(axis) as i64 - 1) * base + 1;
            let inside = Guard::within(numerator.clone(), 0, end.max(0));
            map.guard = map.guard.and(&inside);
            if base > 1 {
                let whole = Guard::divisible(numerator.clone(), base);
                map.guard = map.guard.and(&whole);
            }
            map.indices[axis] = numerator.floor_div(base);
        }
        vec![map]
    }
    fn linear(&self) -> Op {
        self.clone().into()
    }
    fn stacked(&self, _count: u64) -> Op {
        let behind = |axes: &Numbers| axes.iter().map(|axis| axis + 1).collect();
        Shear {
            axes: behind(&self.axes),
            along: behind(&self.along),
            ..self.clone()
        }
        .into()
    }
    /// a·base = o·stride + k·dilation − low solved for o.
    fn transpose(
        &self,
        b: &Builder,
        cotangent: Value,
        operands: &[&Type],
        _which: usize,
    ) -> Result<Value, TypeError> {
        let negated = |list: &[i64]| -> Numbers { list.iter().map(|number| -number).collect() };
        let shape = &operands[0].shape;
        let extent = |axis: &usize| shape.extent(*axis) as i64;
        let back = Shear {
            axes: self.axes.clone(),
            along: self.along.clone(),
            extent: as_axes(&self.axes).iter().map(extent).collect(),
            stride: self.base.clone(),
            dilation: negated(&self.dilation),
            low: negated(&self.low),
            base: self.stride.clone(),
        };
        b.apply(back, &[cotangent])
    }
    /// A shear moves numbers only.
    fn transpose_truths(
        &self,
        b: &Builder,
        truths: Value,
        operands: &[&Type],
        which: usize,
    ) -> Result<Value, TypeError> {
        transposed_counts(self, b, truths, operands, which)
    }
}
