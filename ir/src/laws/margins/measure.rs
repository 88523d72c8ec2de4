//! The formulas of margins: for each kind of condition, how far an operand is from where it fails.

use super::super::body::operand_of;
use crate::autodiff::mask::{Mask, Where};
use crate::builder::Builder;
use crate::constant::Constant;
use crate::dtype::DType;
use crate::graph::Value;
use crate::op::attribute::to_axes;
use crate::op::{
    Abs, Cast, Family, Greater, Guard, LogicalNot, Min, Monoid, ReduceMin, Round, Sort, TypeError,
};
use crate::shape::{Shape, Type};

/// A tensor of margins as three scalars.
pub(super) struct Summary {
    /// The smallest; f64.
    pub(super) margin: Value,
    /// How many are not positive; i64.
    pub(super) violations: Value,
    /// Where the smallest is, in row-major order; i64.
    pub(super) position: Value,
    /// The shape of what is counted.
    pub(super) extents: Vec<u64>,
}

/// The margins of a guard of an op on these operands, of which some results count.
pub(super) fn of_guard(
    b: &Builder,
    family: &Family<'_>,
    guard: &Guard,
    operands: &[Value],
    needed: Where,
) -> Result<Option<Summary>, TypeError> {
    let Some(operand) = operands.get(operand_of(guard)) else {
        return Ok(None);
    };
    let x = wide(b, *operand)?;
    let from = |at: &Constant| b.sub(x, b.full(&b.ty(x), at)?);
    let (margins, needed) = match guard {
        Guard::Above { bound, .. } => (from(bound)?, needed),
        Guard::Nonzero { .. } => (b.apply(Abs {}, &[x])?, needed),
        Guard::Off { at, .. } => (b.apply(Abs {}, &[from(at)?])?, needed),
        Guard::Distinct { right, .. } => {
            let Some(other) = operands.get(*right) else {
                return Ok(None);
            };
            let apart = b.sub(x, wide(b, *other)?)?;
            (b.apply(Abs {}, &[apart])?, needed)
        }
        Guard::OffLattice { at, .. } => {
            let moved = from(at)?;
            let nearest = b.apply(Round {}, &[moved])?;
            (b.apply(Abs {}, &[b.sub(moved, nearest)?])?, needed)
        }
        Guard::UniqueWinner { .. } => match of_winner(b, family, x)? {
            Some(margins) => (margins, needed),
            None => return Ok(None),
        },
        // Neighbours are not elements of the result.
        Guard::NoTies { .. } => match between_neighbours(b, family, x)? {
            Some(margins) => (margins, None),
            None => return Ok(None),
        },
    };
    summary(b, margins, needed).map(Some)
}

/// The margins of indices into so many rows: how many more steps they may go before they are out of range.
pub(super) fn of_indices(b: &Builder, indices: Value, rows: u64) -> Result<Summary, TypeError> {
    let index = b.apply(Cast { dtype: DType::F64 }, &[indices])?;
    let ty = b.ty(index);
    let rows = i64::try_from(rows).unwrap_or(i64::MAX);
    let above = b.add(index, b.full(&ty, &Constant::integer(1))?)?;
    let below = b.sub(b.full(&ty, &Constant::integer(rows))?, index)?;
    summary(b, b.apply(Min {}, &[above, below])?, None)
}

/// A float that differences are taken of: halves as f32.
fn wide(b: &Builder, x: Value) -> Result<Value, TypeError> {
    let dtype = b.ty(x).dtype;
    match dtype.half() {
        Some(_) => b.cast(x, DType::F32),
        None => Ok(x),
    }
}

/// By how much the winner of each group is ahead of the next one; 0 at a tie.
fn of_winner(b: &Builder, family: &Family<'_>, x: Value) -> Result<Option<Value>, TypeError> {
    let (largest, axes, keepdims) = if let Family::Fold(rule) = family {
        let axes = rule.axes.to_vec();
        (rule.monoid == Monoid::Max, axes, rule.keepdims)
    } else if let Family::ArgFold(rule) = family {
        (rule.largest, vec![rule.axis], rule.keepdims)
    } else {
        return Ok(None);
    };
    let x = if largest { x } else { b.neg(x)? };
    let (ty, shape) = (b.ty(x), b.shape(x));
    let first = b.reduce_max(x, &axes, true)?;
    let wins = b.equal(x, b.broadcast_to(first, &shape)?)?;
    let lowest = b.full(&ty, &Constant::from_f64(f64::NEG_INFINITY))?;
    let next = b.reduce_max(b.select(wins, lowest, x)?, &axes, true)?;
    let winners = b.sum(b.cast(wins, DType::I64)?, &axes, true)?;
    let several = b.apply(Greater {}, &[winners, b.integer_like(winners, 1)?])?;
    let ahead = b.sub(first, next)?;
    let margins = b.select(several, b.integer_like(ahead, 0)?, ahead)?;
    if keepdims {
        return Ok(Some(margins));
    }
    let rest = (0..shape.rank()).filter(|axis| !axes.contains(axis));
    let rest = Shape::new(rest.map(|axis| shape.extent(axis)));
    b.reshape(margins, &rest).map(Some)
}

/// How far neighbours in sorted order are apart.
fn between_neighbours(
    b: &Builder,
    family: &Family<'_>,
    x: Value,
) -> Result<Option<Value>, TypeError> {
    let axis = if let Family::ArgSort(rule) = family {
        rule.axis
    } else if let Family::Prefix(rule) = family {
        rule.axis
    } else {
        return Ok(None);
    };
    let shape = b.shape(x);
    let (rank, extent) = (shape.rank(), shape.extent(axis));
    if extent == 0 {
        return Ok(None);
    }
    let sort = Sort {
        axis: axis as i64,
        descending: false,
    };
    let sorted = b.apply(sort, &[x])?;
    let part = |from: u64, to: u64| {
        let (mut start, mut limit) = (vec![0; rank], shape.extents().collect::<Vec<u64>>());
        (start[axis], limit[axis]) = (from, to);
        b.slice(sorted, &start, &limit, &vec![1; rank])
    };
    b.sub(part(1, extent)?, part(0, extent - 1)?).map(Some)
}

/// The smallest of margins that count, where it is, and how many are not positive. NaN is the smallest of all, and not
/// positive.
fn summary(b: &Builder, margins: Value, needed: Where) -> Result<Summary, TypeError> {
    let ty = b.ty(margins);
    let extents: Vec<u64> = ty.shape.extents().collect();
    if ty.elements() == 0 {
        return nothing(b, extents);
    }
    let margins = match needed {
        Some(mask) => {
            let infinite = b.full(&ty, &Constant::from_f64(f64::INFINITY))?;
            Mask::choose(mask, b, margins, infinite)?
        }
        None => margins,
    };
    let flat = b.reshape(margins, &Shape::new([ty.elements()]))?;
    let positive = b.apply(Greater {}, &[flat, b.integer_like(flat, 0)?])?;
    let violations = b.cast(b.apply(LogicalNot {}, &[positive])?, DType::I64)?;
    let scalar = Shape::new([]);
    Ok(Summary {
        margin: b.cast(smallest(b, flat)?, DType::F64)?,
        violations: b.sum(violations, &[0], false)?,
        position: b.reshape(b.arg_extreme(flat, 0, false)?, &scalar)?,
        extents,
    })
}

/// The smallest element of a vector.
pub(super) fn smallest(b: &Builder, x: Value) -> Result<Value, TypeError> {
    let fold = ReduceMin {
        axes: Some(to_axes([0])),
        keepdims: false,
    };
    b.apply(fold, &[x])
}

/// What is read where nothing is compared.
pub(super) fn nothing(b: &Builder, extents: Vec<u64>) -> Result<Summary, TypeError> {
    let scalar = |dtype, value: &Constant| {
        let ty = Type::new(dtype, Shape::new([]));
        b.full(&ty, value)
    };
    Ok(Summary {
        margin: scalar(DType::F64, &Constant::from_f64(f64::INFINITY))?,
        violations: scalar(DType::I64, &Constant::integer(0))?,
        position: scalar(DType::I64, &Constant::integer(0))?,
        extents,
    })
}
