//! Twiddle factors: the roots of unity that transforms are multiplied by, to the last bits.

use super::leaf::{Elements, Literal};
use super::spec::TypeError;
use crate::builder::Builder;
use crate::constant::Constant;
use crate::dtype::DType;
use crate::graph::Value;
use crate::op::{Div, Gather, Op, Rem};
use crate::shape::Shape;
use smallvec::smallvec;

/// A complex number.
pub(super) type Complex = (f64, f64);

/// exp(2πi k/n) to the last bits: the angle is reduced to an eighth of a turn in integers, so
/// multiples of a quarter are exact and symmetries hold exactly.
fn turn(k: u64, n: u64) -> Complex {
    let quarters = 4 * u128::from(k % n.max(1));
    let n = u128::from(n.max(1));
    let (quadrant, rest) = (quarters / n, quarters % n);
    let angle = |part: u128| std::f64::consts::FRAC_PI_2 * (part as f64 / n as f64);
    let (c, s) = if 2 * rest > n {
        let (s, c) = angle(n - rest).sin_cos();
        (s, c)
    } else {
        let (s, c) = angle(rest).sin_cos();
        (c, s)
    };
    let (c, s) = match quadrant {
        0 => (c, s),
        1 => (-s, c),
        2 => (-c, -s),
        _ => (s, -c),
    };
    // No −0.
    (c + 0.0, s + 0.0)
}

pub(super) fn times_number(x: Complex, y: Complex) -> Complex {
    (x.0 * y.0 - x.1 * y.1, x.0 * y.1 + x.1 * y.0)
}

/// A constant tensor.
pub(super) fn literal(
    b: &Builder,
    dtype: DType,
    extents: &[u64],
    values: &[f64],
) -> Result<Value, TypeError> {
    let values: Vec<Constant> = values.iter().map(|&x| Constant::from_f64(x)).collect();
    let shape = Shape::new(extents.iter().copied());
    let elements = Elements::from_constants(dtype, shape, &values);
    let elements = elements.ok_or_else(|| TypeError::new("a table is no constant of its type"))?;
    b.apply(Literal { elements }, &[])
}

/// A direction: the sign of the exponent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Forward,
    Inverse,
}
impl Sign {
    pub(super) fn other(self) -> Sign {
        match self {
            Sign::Forward => Sign::Inverse,
            Sign::Inverse => Sign::Forward,
        }
    }
    /// exp(∓2πi k/n).
    pub(super) fn turn(self, k: u64, n: u64) -> Complex {
        let (c, s) = turn(k, n);
        match self {
            Sign::Forward => (c, 0.0 - s),
            Sign::Inverse => (c, s),
        }
    }
}

/// Complex numbers [2, A, …, Q] times a constant for each element of [A, …].
pub(super) fn times_table(
    b: &Builder,
    x: Value,
    extents: &[u64],
    table: &[Complex],
) -> Result<Value, TypeError> {
    let (dtype, shape) = (b.ty(x).dtype, b.shape(x));
    let all: Vec<u64> = [2].into_iter().chain(extents.iter().copied()).collect();
    let axes: Vec<usize> = (0..all.len()).collect();
    let planes = |real: &dyn Fn(&Complex) -> f64, imaginary: &dyn Fn(&Complex) -> f64| {
        let values = table.iter().map(real).chain(table.iter().map(imaginary));
        let plane = literal(b, dtype, &all, &values.collect::<Vec<f64>>())?;
        b.broadcast_in_dim(plane, &shape, &axes)
    };
    // (c + i·d)·(x + i·y) = c·(x, y) + d·(−y, x).
    let straight = planes(&|t| t.0, &|t| t.0)?;
    let crossed = planes(&|t| 0.0 - t.1, &|t| t.1)?;
    let swapped = b.reverse(x, smallvec![0])?;
    b.add(b.mul(x, straight)?, b.mul(swapped, crossed)?)
}

// ------------------------------------------------------------------------------- long tables

/// Tables with more entries are computed, of two tables with about as many as their square root: code does
/// not grow with the length of what it transforms. A table of that length is 64 KiB of complex doubles; with it a library
/// of a transform of 2²⁰ points has 0.4 MB, where it had 19.
pub(super) const TABLE: u64 = 1 << 12;

/// Complex numbers in f64, as real and imaginary parts.
type Computed = [Value; 2];

/// The least number whose square is not below.
fn root(n: u64) -> u64 {
    let near = n.isqrt();
    near + u64::from(near * near < n)
}

/// A table of complex numbers in f64.
fn table(
    b: &Builder,
    extents: &[u64],
    entries: impl Iterator<Item = Complex>,
) -> Result<Computed, TypeError> {
    let (real, imaginary): (Vec<f64>, Vec<f64>) = entries.unzip();
    Ok([
        literal(b, DType::F64, extents, &real)?,
        literal(b, DType::F64, extents, &imaginary)?,
    ])
}

/// Products of complex numbers, in f64.
fn product([a, c]: Computed, [x, y]: Computed, b: &Builder) -> Result<Computed, TypeError> {
    Ok([
        b.sub(b.mul(a, x)?, b.mul(c, y)?)?,
        b.add(b.mul(a, y)?, b.mul(c, x)?)?,
    ])
}

/// The numbers exp(∓2πi j·f(k)/(m·r))·g(k) at [j, k] of [m, r]: with j = j₁·J + j₀ they are products of
/// numbers at [j₁, k] and at [j₀, k].
pub(super) fn twiddles(
    b: &Builder,
    [m, r]: [u64; 2],
    sign: Sign,
    factor: &dyn Fn(u64) -> u64,
    constant: &dyn Fn(u64) -> Complex,
) -> Result<Computed, TypeError> {
    let (period, low) = (m * r, root(m));
    let high = m.div_ceil(low);
    let turn = |j: u64, k: u64| {
        let turns = u128::from(j) * u128::from(factor(k)) % u128::from(period);
        sign.turn(turns as u64, period)
    };
    let all = |count: u64| (0..count).flat_map(|j| (0..r).map(move |k| (j, k)));
    let coarse = all(high).map(|(j, k)| times_number(turn(j * low, k), constant(k)));
    let coarse = table(b, &[high, r], coarse)?;
    let fine = table(b, &[low, r], all(low).map(|(j, k)| turn(j, k)))?;
    let shape = Shape::new([high, low, r]);
    let spread = |[x, y]: Computed, axes: &[usize]| -> Result<Computed, TypeError> {
        Ok([
            b.broadcast_in_dim(x, &shape, axes)?,
            b.broadcast_in_dim(y, &shape, axes)?,
        ])
    };
    let [real, imaginary] = product(spread(coarse, &[0, 2])?, spread(fine, &[1, 2])?, b)?;
    let cut = |x: Value| {
        let x = b.reshape(x, &Shape::new([high * low, r]))?;
        b.slice(x, &[0, 0], &[m, r], &[1, 1])
    };
    Ok([cut(real)?, cut(imaginary)?])
}

/// The squares of integers below n modulo a period of 2n. Where squares have more than 63 bits, j is taken apart into
/// h·2¹⁶ + l, and j² = (h²·2¹⁶ + 2hl)·2¹⁶ + l² is reduced from step to step: an axis has at most 2⁴⁰ elements.
fn square_modulo(b: &Builder, j: Value, n: u64, period: u64) -> Result<Value, TypeError> {
    const HALF: u64 = 1 << 16;
    let by = |op: Op, x: Value, y: u64| b.apply(op, &[x, b.integer_like(x, y as i64)?]);
    let reduced = |x: Value| by(Rem {}.into(), x, period);
    if n.checked_mul(n)
        .is_some_and(|square| square <= i64::MAX as u64)
    {
        return reduced(b.mul(j, j)?);
    }
    let (high, low) = (by(Div {}.into(), j, HALF)?, by(Rem {}.into(), j, HALF)?);
    let shifted = |x: Value| b.mul(x, b.integer_like(x, HALF as i64)?);
    let mixed = b.mul(high, low)?;
    let upper = shifted(reduced(b.mul(high, high)?)?)?;
    let upper = reduced(b.add(upper, b.add(mixed, mixed)?)?)?;
    reduced(b.add(shifted(upper)?, b.mul(low, low)?)?)
}

/// The numbers exp(∓πi j²/n), j below n. The squares are reduced exactly, and what is left is looked up
/// in two parts.
pub(super) fn chirp(b: &Builder, n: u64, sign: Sign) -> Result<Computed, TypeError> {
    let period = 2 * n;
    let low = root(period);
    let place = b.iota(&Shape::new([n]), 0, DType::I64)?;
    let by = |op: Op, x: Value, y: u64| b.apply(op, &[x, b.integer_like(x, y as i64)?]);
    let square = square_modulo(b, place, n, period)?;
    let part = |op: Op, step: u64, count: u64| -> Result<Computed, TypeError> {
        let entries = (0..count).map(|k| sign.turn(k * step % period, period));
        let indices = by(op, square, low)?;
        let [real, imaginary] = table(b, &[count], entries)?;
        let pick = |x: Value| b.gather(x, indices, Gather { axis: 0, batch: 0 });
        Ok([pick(real)?, pick(imaginary)?])
    };
    let coarse = part(Div {}.into(), low, period.div_ceil(low))?;
    let fine = part(Rem {}.into(), 1, low)?;
    product(coarse, fine, b)
}

/// Complex numbers [2, A, …, Q] times numbers [A, …] that are computed in f64.
pub(super) fn times(
    b: &Builder,
    x: Value,
    [real, imaginary]: Computed,
) -> Result<Value, TypeError> {
    let (dtype, shape) = (b.ty(x).dtype, b.shape(x));
    let axes: Vec<usize> = (1..=b.shape(real).rank()).collect();
    let plane = |table: Value| b.broadcast_in_dim(b.cast(table, dtype)?, &shape, &axes);
    // (c + i·d)·(x + i·y) = c·(x, y) + d·(−y, x).
    let signs = literal(b, dtype, &[2], &[-1.0, 1.0])?;
    let swapped = b.reverse(x, smallvec![0])?;
    let turned = b.mul(swapped, b.broadcast_in_dim(signs, &shape, &[0])?)?;
    b.add(b.mul(x, plane(real)?)?, b.mul(turned, plane(imaginary)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Graph;
    use crate::interpret::{Tensor, interpret};
    use crate::op::Input;
    use crate::shape::Type;
    use crate::span::Span;

    #[test]
    fn squares_are_reduced_exactly_whatever_the_length() {
        for n in [
            5u64,
            3_037_000_499,
            3_037_000_501,
            4_000_000_007,
            (1 << 40) - 87,
        ] {
            let places = [0, 1, n / 3, n / 2 + 1, n - 2, n - 1];
            let b = Builder::new(Graph::new(), Span::SYNTHETIC);
            let shape = Shape::new([places.len() as u64]);
            let ty = Type::new(DType::I64, shape.clone());
            let dtype = DType::I64;
            let j = b.apply(Input { dtype, shape }, &[]).unwrap();
            let square = square_modulo(&b, j, n, 2 * n).unwrap();
            b.edit(|graph| graph.add_output("square", square));
            let input = Tensor::integers(ty, places.map(|j| j as i64));
            let values = interpret::<f64>(&b.finish(), &(), &[input]).unwrap();
            let found = values.outputs()[0]
                .as_ints()
                .iter()
                .map(|x| x.value.unwrap());
            let expected =
                places.map(|j| (u128::from(j) * u128::from(j) % u128::from(2 * n)) as i64);
            assert_eq!(found.collect::<Vec<_>>(), expected, "{n}");
        }
    }
}
