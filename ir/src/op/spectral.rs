//! Discrete Fourier transforms of any length.
//!
//! A complex tensor has a trailing axis of 2, for the real and the imaginary part; `axis` does not
//! count it. The forward transform is unnormalised, y_k = Σ x_j exp(−2πi jk/n); the inverse divides by
//! n. Of a real tensor `rfft` yields the bins 0..=n/2, the others being their conjugates.
//!
//! Inside, a tensor is [2, n, Q]: real and imaginary plane, the transformed axis, all else. The
//! transform takes factors off the length (Stockham's form of Cooley & Tukey, decimation in
//! frequency): n = r·m, and one step is a product with the r-point matrix, which as a matrix of real
//! numbers is 2r × 2r, and with the *twiddle factors* exp(−2πi k₁j₂/n). The new digit of the frequency
//! comes before the digits that are there already, so nothing is permuted in the end. A length whose
//! prime factors are all too large goes by Bluestein's algorithm: jk = (j² + k² − (j−k)²)/2 makes the
//! transform a cyclic convolution of a length that is a power of two.
//!
//! All steps are linear and each costs O(n), in a logarithmic number, so derivatives that follow from
//! them cost O(n log n) as well, and are the true transposes of what is computed: none is written by
//! hand.

use super::attribute::Axes;
use super::composite::{Built, axis_of};
use super::family::Composite;
use super::macros::op;
use super::spec::{Accepts, OpDef, TypeError, Types, check_axes, normalize_axes, single};
use super::twiddle::{
    Complex, Sign, TABLE, chirp, literal, times, times_number, times_table, twiddles,
};
use crate::builder::Builder;
use crate::dtype::DType;
use crate::graph::Value;
use crate::op::{Concat, ContractAxes, LogicalAnd, LogicalNot, LogicalOr};
use crate::shape::{Shape, Type};
use smallvec::smallvec;

// ------------------------------------------------------------------------------- the transform

/// Lengths up to this one are one product with a matrix.
const DIRECT: u64 = 16;
/// The largest prime factor that is taken off as one.
const LARGEST_FACTOR: u64 = 31;

/// The factors that are taken off a length, and what is left, which has no small factor.
fn factors(mut n: u64) -> (Vec<u64>, u64) {
    if n <= DIRECT {
        return (if n > 1 { vec![n] } else { Vec::new() }, 1);
    }
    let mut found = Vec::new();
    for factor in [8, 4, 2, 9]
        .into_iter()
        .chain((3..=LARGEST_FACTOR).step_by(2))
    {
        while n > 1 && n.is_multiple_of(factor) {
            found.push(factor);
            n /= factor;
        }
    }
    (found, n)
}

/// The transform of [2, n, Q] along n.
fn transform(b: &Builder, x: Value, sign: Sign) -> Result<Value, TypeError> {
    let shape = b.shape(x);
    let (n, mut inner) = (shape.extent(1), shape.extent(2));
    let (factors, rest) = factors(n);
    let (mut state, mut left) = (x, n);
    for factor in factors {
        state = step(b, state, [factor, left / factor, inner], sign)?;
        (left, inner) = (left / factor, inner * factor);
    }
    if rest > 1 {
        state = b.reshape(state, &Shape::new([2, rest, inner]))?;
        state = chirp_transform(b, state, sign)?;
    }
    b.reshape(state, &shape)
}

/// One step: [2, r·m, S] to [2, m, r·S].
fn step(b: &Builder, x: Value, [r, m, s]: [u64; 3], sign: Sign) -> Result<Value, TypeError> {
    let dtype = b.ty(x).dtype;
    // y = (c + i·d)·x is [[c, −d], [d, c]] on the two parts.
    let mut matrix = Vec::with_capacity((4 * r * r) as usize);
    for to in 0..2 {
        for k in 0..r {
            for from in 0..2 {
                for j in 0..r {
                    let (c, d) = sign.turn(j * k % r, r);
                    matrix.push(match (to, from) {
                        (0, 0) | (1, 1) => c,
                        (0, _) => 0.0 - d,
                        _ => d,
                    });
                }
            }
        }
    }
    let matrix = literal(b, dtype, &[2 * r, 2 * r], &matrix)?;
    let x = b.reshape(x, &Shape::new([2 * r, m * s]))?;
    let axes = ContractAxes {
        batch: Default::default(),
        contract: [smallvec![1], smallvec![0]],
        free: Default::default(),
    };
    let y = b.contract(matrix, x, &axes)?;
    if m == 1 {
        return b.reshape(y, &Shape::new([2, 1, r * s]));
    }
    let y = b.reshape(y, &Shape::new([2, r, m, s]))?;
    let y = b.transpose(y, &[0, 2, 1, 3])?;
    let z = if r * m <= TABLE {
        let twiddles = (0..m).flat_map(|j| (0..r).map(move |k| sign.turn(j * k, r * m)));
        times_table(b, y, &[m, r], &twiddles.collect::<Vec<Complex>>())?
    } else {
        let twiddles = twiddles(b, [m, r], sign, &|k| k, &|_| (1.0, 0.0))?;
        times(b, y, twiddles)?
    };
    b.reshape(z, &Shape::new([2, m, r * s]))
}

/// The conjugates of [2, n, Q].
fn conjugate(b: &Builder, x: Value) -> Result<Value, TypeError> {
    let signs = literal(b, b.ty(x).dtype, &[2], &[1.0, -1.0])?;
    b.mul(x, b.broadcast_in_dim(signs, &b.shape(x), &[0])?)
}

/// Elements `start..limit` of [2, n, Q] along n.
fn bins(b: &Builder, x: Value, start: u64, limit: u64) -> Result<Value, TypeError> {
    let shape = b.shape(x);
    let (first, last) = ([0, start, 0], [shape.extent(0), limit, shape.extent(2)]);
    b.slice(x, &first, &last, &[1, 1, 1])
}

/// Bluestein's algorithm ("A linear filtering approach to the computation of discrete Fourier
/// transform", 1970): the transform of [2, n, Q] as a cyclic convolution.
fn chirp_transform(b: &Builder, x: Value, sign: Sign) -> Result<Value, TypeError> {
    let n = b.shape(x).extent(1);
    if n > TABLE {
        return long_chirp_transform(b, x, sign);
    }
    let length = (2 * n - 1).next_power_of_two();
    // exp(∓πi j²/n), with j² reduced exactly.
    let square = |j: u64| (u128::from(j) * u128::from(j) % u128::from(2 * n)) as u64;
    let chirp: Vec<Complex> = (0..n).map(|j| sign.turn(square(j), 2 * n)).collect();
    let mut filter = vec![(0.0, 0.0); length as usize];
    for (j, &(c, d)) in chirp.iter().enumerate() {
        let opposite = (filter.len() - j) % filter.len();
        filter[j] = (c, 0.0 - d);
        filter[opposite] = (c, 0.0 - d);
    }
    let scale = 1.0 / length as f64;
    let response = power_of_two_transform(filter, sign);
    let response: Vec<Complex> = response
        .iter()
        .map(|z| (z.0 * scale, z.1 * scale))
        .collect();
    let weighted = times_table(b, x, &[n], &chirp)?;
    let none: Axes = smallvec![0, 0, 0];
    let room: Axes = smallvec![0, (length - n) as i64, 0];
    let padded = b.pad_zero(weighted, none.clone(), room, none)?;
    let spectrum = transform_smooth(b, padded, sign)?;
    let product = times_table(b, spectrum, &[length], &response)?;
    let convolved = transform_smooth(b, product, sign.other())?;
    times_table(b, bins(b, convolved, 0, n)?, &[n], &chirp)
}

/// The same for lengths whose tables would be long: they are computed, as is the transform of the filter.
fn long_chirp_transform(b: &Builder, x: Value, sign: Sign) -> Result<Value, TypeError> {
    let n = b.shape(x).extent(1);
    let length = (2 * n - 1).next_power_of_two();
    let [c, d] = chirp(b, n, sign)?;
    // [2, n, 1]: the conjugates, before and after the place 0 of a circle of that length.
    let row = Shape::new([1, n, 1]);
    let conjugates = [b.reshape(c, &row)?, b.reshape(b.neg(d)?, &row)?];
    let conjugates = b.apply(Concat { axis: 0 }, &conjugates)?;
    let none: Axes = smallvec![0, 0, 0];
    let room = |amount: u64| -> Axes { smallvec![0, amount as i64, 0] };
    let after = b.pad_zero(conjugates, none.clone(), room(length - n), none.clone())?;
    let before = b.reverse(bins(b, conjugates, 1, n)?, smallvec![1])?;
    let before = b.pad_zero(before, room(length - n + 1), none.clone(), none.clone())?;
    let filter = b.add(after, before)?;
    let response = scaled(b, transform_smooth(b, filter, sign)?, length)?;
    let part = |at: u64| {
        let part = b.slice(response, &[at, 0, 0], &[at + 1, length, 1], &[1, 1, 1])?;
        b.reshape(part, &Shape::new([length]))
    };
    let response = [part(0)?, part(1)?];
    let weighted = times(b, x, [c, d])?;
    let padded = b.pad_zero(weighted, none.clone(), room(length - n), none)?;
    let spectrum = transform_smooth(b, padded, sign)?;
    let convolved = transform_smooth(b, times(b, spectrum, response)?, sign.other())?;
    times(b, bins(b, convolved, 0, n)?, [c, d])
}

/// The transform of [2, n, Q] where n is a power of two.
fn transform_smooth(b: &Builder, x: Value, sign: Sign) -> Result<Value, TypeError> {
    let shape = b.shape(x);
    let (mut left, mut inner) = (shape.extent(1), shape.extent(2));
    let mut state = x;
    for factor in factors(left).0 {
        state = step(b, state, [factor, left / factor, inner], sign)?;
        (left, inner) = (left / factor, inner * factor);
    }
    b.reshape(state, &shape)
}

/// The transform of constants whose number is a power of two.
fn power_of_two_transform(mut x: Vec<Complex>, sign: Sign) -> Vec<Complex> {
    let n = x.len();
    let mut width = 1;
    while width < n {
        // Stockham's form with factor 2: distance n/2 in, neighbours out.
        let mut next = vec![(0.0, 0.0); n];
        for j in 0..n / (2 * width) {
            let twiddle = sign.turn((j * width) as u64, n as u64);
            for q in 0..width {
                let (a, z) = (x[j * width + q], x[j * width + q + n / 2]);
                next[2 * j * width + q] = (a.0 + z.0, a.1 + z.1);
                next[(2 * j + 1) * width + q] = times_number((a.0 - z.0, a.1 - z.1), twiddle);
            }
        }
        x = next;
        width *= 2;
    }
    x
}

// ------------------------------------------------------------------------------- layouts

/// How a tensor, without its axis of parts, becomes [n, Q] and back.
struct Layout {
    /// All axes but the transformed one.
    others: Vec<usize>,
    axis: usize,
    shape: Shape,
}
impl Layout {
    fn new(axis: i64, shape: Shape) -> Self {
        let axis = axis_of(axis);
        let others = (0..shape.rank()).filter(|&a| a != axis).collect();
        Layout {
            others,
            axis,
            shape,
        }
    }
    fn rest(&self) -> u64 {
        self.others.iter().map(|&a| self.shape.extent(a)).product()
    }
    fn order(&self) -> Vec<usize> {
        [self.axis]
            .into_iter()
            .chain(self.others.iter().copied())
            .collect()
    }

    /// A real tensor as [n, Q].
    fn real(&self, b: &Builder, x: Value) -> Result<Value, TypeError> {
        let moved = b.transpose(x, &self.order())?;
        b.reshape(
            moved,
            &Shape::new([self.shape.extent(self.axis), self.rest()]),
        )
    }

    /// A complex tensor as [2, n, Q].
    fn complex(&self, b: &Builder, x: Value) -> Result<Value, TypeError> {
        let mut order = vec![self.shape.rank()];
        order.extend(self.order());
        let moved = b.transpose(x, &order)?;
        b.reshape(
            moved,
            &Shape::new([2, self.shape.extent(self.axis), self.rest()]),
        )
    }

    /// The extents once the transformed axis stands first, with as many elements as it has now.
    fn moved(&self, n: u64) -> impl Iterator<Item = u64> + '_ {
        [n].into_iter()
            .chain(self.others.iter().map(|&a| self.shape.extent(a)))
    }

    /// Where each axis stands in the order of [`Layout::order`].
    fn back(&self) -> Vec<usize> {
        let order = self.order();
        let place = |a| order.iter().position(|&from| from == a).unwrap_or(a);
        (0..order.len()).map(place).collect()
    }

    /// [n, Q] as a real tensor.
    fn real_back(&self, b: &Builder, x: Value) -> Result<Value, TypeError> {
        let moved = Shape::new(self.moved(b.shape(x).extent(0)));
        b.transpose(b.reshape(x, &moved)?, &self.back())
    }

    /// [2, n, Q] as a complex tensor.
    fn complex_back(&self, b: &Builder, x: Value) -> Result<Value, TypeError> {
        let moved = Shape::new([2].into_iter().chain(self.moved(b.shape(x).extent(1))));
        let mut back: Vec<usize> = self.back().iter().map(|place| place + 1).collect();
        back.push(0);
        b.transpose(b.reshape(x, &moved)?, &back)
    }
}

/// The shape of a complex tensor without its axis of parts.
fn complex_shape(op: &str, operand: usize, x: &Type) -> Result<Shape, TypeError> {
    Accepts::Floats.require(op, operand, x)?;
    let last = x.shape.rank().checked_sub(1);
    match last.filter(|&last| x.shape.extent(last) == 2) {
        Some(last) => Ok(x.shape.without(&[last])),
        None => Err(
            TypeError::new(format!("`{op}` takes complex numbers, not {x}"))
                .at(operand)
                .help("the last axis holds the real and the imaginary part, and has extent 2"),
        ),
    }
}

/// An error unless there is such an axis, with elements along it. The extent.
fn transformed_extent(op: &str, axis: i64, shape: &Shape) -> Result<u64, TypeError> {
    check_axes(op, &[axis], shape.rank())?;
    match shape.extent(axis_of(axis)) {
        0 => Err(TypeError::new(format!("`{op}` of no elements: axis {axis} of {shape}")).at(0)),
        extent => Ok(extent),
    }
}

/// `shape` with another extent along an axis.
fn with_extent(shape: &Shape, axis: i64, extent: u64) -> Vec<u64> {
    let mut extents: Vec<u64> = shape.extents().collect();
    if let Some(place) = extents.get_mut(axis_of(axis)) {
        *place = extent;
    }
    extents
}

fn complex_of(extents: Vec<u64>) -> Shape {
    Shape::new(extents.into_iter().chain([2]))
}

/// A tensor divided by a whole number.
pub(super) fn scaled(b: &Builder, x: Value, divisor: u64) -> Result<Value, TypeError> {
    b.div(x, b.integer_like(x, divisor as i64)?)
}

// ------------------------------------------------------------------------------- complex numbers

op! {
    /// Products of complex numbers, element by element; the last axis holds the two parts.
    ComplexMul = "complex_mul"(x, y)
    examples ["(x: f32[3, 2], y: f32[3, 2]) -> complex_mul(x, y)"]
}
impl OpDef for ComplexMul {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        let ty = super::spec::elementwise("complex_mul", Accepts::Floats, operands)?;
        complex_shape("complex_mul", 0, &ty)?;
        Ok(single(ty))
    }
}
impl Composite for ComplexMul {
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let [x, y] = [operands[0], operands[1]];
        let shape = b.shape(x);
        let last = shape.rank() - 1;
        // The part of y that multiplies x in place, and x with its parts swapped.
        let part = |at: u64| {
            let mut start = vec![0; shape.rank()];
            let mut limit: Vec<u64> = shape.extents().collect();
            (start[last], limit[last]) = (at, at + 1);
            b.broadcast_to(b.slice(y, &start, &limit, &vec![1; shape.rank()])?, &shape)
        };
        let signs = literal(b, b.ty(x).dtype, &[2], &[-1.0, 1.0])?;
        let swapped = b.reverse(x, smallvec![last as i64])?;
        let turned = b.mul(swapped, b.broadcast_to(signs, &shape)?)?;
        Ok(smallvec![
            b.add(b.mul(x, part(0)?)?, b.mul(turned, part(1)?)?)?
        ])
    }
}

// ------------------------------------------------------------------------------- the ops

macro_rules! complex_transform {
    ($(#[doc = $doc:literal])+ $Name:ident = $name:literal, $sign:ident, [$($example:literal),+]) => {
        op! {
            $(#[doc = $doc])+
            $Name = $name(x) {
                /// The axis to transform; the axis of the two parts does not count.
                axis: i64 = -1,
            }
            examples [$($example),+]
        }
        impl OpDef for $Name {
            fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
                let shape = complex_shape($name, 0, operands[0])?;
                transformed_extent($name, self.axis, &shape)?;
                Ok(single(operands[0].clone()))
            }
            fn canonical(self, operands: &[&Type]) -> Self {
                let rank = operands[0].shape.rank().saturating_sub(1);
                $Name { axis: normalize_axes(&[self.axis], rank)[0] }
            }
        }
        impl Composite for $Name {
            fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
                let shape = complex_shape($name, 0, &b.ty(operands[0]))?;
                let layout = Layout::new(self.axis, shape);
                let n = layout.shape.extent(layout.axis);
                let mut y = transform(b, layout.complex(b, operands[0])?, Sign::$sign)?;
                if Sign::$sign == Sign::Inverse {
                    y = scaled(b, y, n)?;
                }
                Ok(smallvec![layout.complex_back(b, y)?])
            }
        }
    };
}

complex_transform! {
    /// The discrete Fourier transform of complex numbers along an axis of any extent, unnormalised:
    /// y_k = Σ x_j exp(−2πi jk/n). The last axis holds the real and the imaginary part.
    Fft = "fft", Forward,
    ["(x: f32[6, 2]) -> fft(x)", "(x: f32[4, 3, 2]) -> fft(x, axis = 0)", "(x: f32[18, 2]) -> fft(x)", "(x: f64[37, 2]) -> fft(x)"]
}
complex_transform! {
    /// The inverse of `fft`: x_j = Σ y_k exp(2πi jk/n) / n. The last axis holds the real and the
    /// imaginary part.
    Ifft = "ifft", Inverse,
    ["(x: f32[5, 2]) -> ifft(x)", "(x: f32[3, 8, 2]) -> ifft(x)"]
}

op! {
    /// The discrete Fourier transform of real numbers along an axis of any extent n, unnormalised:
    /// the bins 0..=n/2, with their real and imaginary parts along a new last axis. The imaginary
    /// parts of bin 0 and, for even n, of bin n/2 are 0.
    Rfft = "rfft"(x) {
        /// The axis to transform.
        axis: i64 = -1,
    }
    examples [
        "(x: f32[8]) -> rfft(x)",
        "(x: f32[2, 5]) -> rfft(x)",
        "(x: f32[6, 2]) -> rfft(x, axis = 0)",
        "(x: f32[1]) -> rfft(x)",
        "(x: f32[2]) -> rfft(x)",
    ]
}
impl OpDef for Rfft {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        let x = operands[0];
        Accepts::Floats.require("rfft", 0, x)?;
        let n = transformed_extent("rfft", self.axis, &x.shape)?;
        let extents = with_extent(&x.shape, self.axis, n / 2 + 1);
        Ok(single(x.with_shape(complex_of(extents))))
    }
    fn canonical(self, operands: &[&Type]) -> Self {
        let axis = normalize_axes(&[self.axis], operands[0].shape.rank())[0];
        Rfft { axis }
    }
}
impl Composite for Rfft {
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let layout = Layout::new(self.axis, b.shape(operands[0]));
        let x = layout.real(b, operands[0])?;
        let bins = real_transform(b, x)?;
        Ok(smallvec![layout.complex_back(b, bins)?])
    }
}

/// The bins of a real [n, Q].
fn real_transform(b: &Builder, x: Value) -> Result<Value, TypeError> {
    let shape = b.shape(x);
    let (n, rest) = (shape.extent(0), shape.extent(1));
    let half = n / 2;
    if !n.is_multiple_of(2) {
        let plane = b.reshape(x, &Shape::new([1, n, rest]))?;
        let (none, room): (Axes, Axes) = (smallvec![0, 0, 0], smallvec![1, 0, 0]);
        let complex = b.pad_zero(plane, none.clone(), room, none)?;
        let all = transform(b, complex, Sign::Forward)?;
        return without_end_phases(b, bins(b, all, 0, half + 1)?, n);
    }
    // Even and odd elements as the two parts of half as many complex numbers: Z = E + iO with
    // E_k = (Z_k + Z̄_{h−k})/2 and iO_k = (Z_k − Z̄_{h−k})/2, and then Y_k = E_k + exp(−2πi k/n)·O_k.
    let pairs = b.reshape(x, &Shape::new([half, 2, rest]))?;
    let z = transform(b, b.transpose(pairs, &[1, 0, 2])?, Sign::Forward)?;
    let z = b.apply(Concat { axis: 1 }, &[z, bins(b, z, 0, 1)?])?;
    let mirrored = conjugate(b, b.reverse(z, smallvec![1])?)?;
    let even = scaled(b, b.add(z, mirrored)?, 2)?;
    let odd = scaled(b, b.sub(z, mirrored)?, 2)?;
    b.add(even, times_quarter_turned(b, odd, n, Sign::Forward)?)
}

/// The bins 0..=n/2 times ∓i·exp(∓2πi k/n).
fn times_quarter_turned(b: &Builder, x: Value, n: u64, sign: Sign) -> Result<Value, TypeError> {
    let count = n / 2 + 1;
    if count <= TABLE {
        let table = (0..count).map(|k| sign.turn(4 * k + n, 4 * n));
        return times_table(b, x, &[count], &table.collect::<Vec<Complex>>());
    }
    // With n as m, of which the first bins are needed.
    let quarter = sign.turn(1, 4);
    let all = twiddles(b, [n, 1], sign, &|_| 1, &|_| quarter)?;
    let first = |x: Value| {
        let x = b.slice(x, &[0, 0], &[count, 1], &[1, 1])?;
        b.reshape(x, &Shape::new([count]))
    };
    times(b, x, [first(all[0])?, first(all[1])?])
}

op! {
    /// The inverse of `rfft`: n real numbers from the bins 0..=n/2, each bin between the ends counting
    /// twice, divided by n. The imaginary parts of bin 0 and, for even n, of bin n/2 are not read.
    Irfft = "irfft"(x) {
        /// The extent of the result along the axis; x has n/2 + 1 bins, rounded down.
        n: i64,
        /// The axis to transform; the axis of the two parts does not count.
        axis: i64 = -1,
    }
    examples [
        "(x: f32[5, 2]) -> irfft(x, n = 8)",
        "(x: f32[2, 3, 2]) -> irfft(x, n = 5)",
        "(x: f32[4, 2, 2]) -> irfft(x, n = 6, axis = 0)",
        "(x: f32[1, 2]) -> irfft(x, n = 1)",
        "(x: f32[2, 2]) -> irfft(x, n = 2)",
    ]
}
impl Irfft {
    fn length(&self) -> u64 {
        u64::try_from(self.n).unwrap_or(0)
    }
}
impl OpDef for Irfft {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        let x = operands[0];
        let shape = complex_shape("irfft", 0, x)?;
        let count = transformed_extent("irfft", self.axis, &shape)?;
        let n = self.length();
        if n == 0 || n / 2 + 1 != count {
            let message = format!("`irfft` cannot make {} numbers of {count} bins", self.n);
            let [even, odd] = [2 * count - 2, 2 * count - 1];
            let help = match even {
                0 => "n is 1".to_string(),
                _ => format!("n is {even} or {odd}"),
            };
            return Err(TypeError::new(message).at(0).help(help));
        }
        Ok(single(
            x.with_shape(Shape::new(with_extent(&shape, self.axis, n))),
        ))
    }
    fn canonical(self, operands: &[&Type]) -> Self {
        let rank = operands[0].shape.rank().saturating_sub(1);
        let axis = normalize_axes(&[self.axis], rank)[0];
        Irfft { axis, ..self }
    }
}
impl Composite for Irfft {
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let shape = complex_shape("irfft", 0, &b.ty(operands[0]))?;
        let layout = Layout::new(self.axis, shape);
        let bins = layout.complex(b, operands[0])?;
        let x = inverse_real_transform(b, bins, self.length())?;
        Ok(smallvec![layout.real_back(b, x)?])
    }
}

/// n real numbers [n, Q] from their bins.
fn inverse_real_transform(b: &Builder, y: Value, n: u64) -> Result<Value, TypeError> {
    let shape = b.shape(y);
    let (count, rest) = (shape.extent(1), shape.extent(2));
    let y = without_end_phases(b, y, n)?;
    if !n.is_multiple_of(2) {
        let others = conjugate(b, b.reverse(bins(b, y, 1, count)?, smallvec![1])?)?;
        let whole = match count {
            1 => y,
            _ => b.apply(Concat { axis: 1 }, &[y, others])?,
        };
        let x = scaled(b, transform(b, whole, Sign::Inverse)?, n)?;
        let real = b.slice(x, &[0, 0, 0], &[1, n, rest], &[1, 1, 1])?;
        return b.reshape(real, &Shape::new([n, rest]));
    }
    let half = n / 2;
    let mirrored = conjugate(b, b.reverse(y, smallvec![1])?)?;
    let even = scaled(b, b.add(y, mirrored)?, 2)?;
    let odd = scaled(b, b.sub(y, mirrored)?, 2)?;
    let z = b.add(even, times_quarter_turned(b, odd, n, Sign::Inverse)?)?;
    let x = scaled(b, transform(b, bins(b, z, 0, half)?, Sign::Inverse)?, half)?;
    b.reshape(b.transpose(x, &[1, 0, 2])?, &Shape::new([n, rest]))
}

/// Bins with 0 as the imaginary parts that the transform of real numbers has not.
fn without_end_phases(b: &Builder, y: Value, n: u64) -> Result<Value, TypeError> {
    let shape = b.shape(y);
    let count = shape.extent(1);
    // The imaginary parts of bin 0 and, for even n, of the last bin.
    let bins = Shape::new([2, count]);
    let is = |axis: usize, place: u64| {
        let places = b.iota(&bins, axis, DType::I64)?;
        b.equal(places, b.integer_like(places, place as i64)?)
    };
    let mut ends = is(1, 0)?;
    if n.is_multiple_of(2) {
        ends = b.apply(LogicalOr {}, &[ends, is(1, count - 1)?])?;
    }
    let read = b.apply(LogicalAnd {}, &[ends, is(0, 1)?])?;
    let read = b.apply(LogicalNot {}, &[read])?;
    let read = b.broadcast_in_dim(read, &shape, &[0, 1])?;
    b.select(read, y, b.integer_like(y, 0)?)
}
