//! Derivatives of prefix scans, which are prefix scans.
//!
//! With yᵢ₋₁ the value before each place, the recurrences of the ops and of their tangents are
//!
//! ```text
//! sum        yᵢ = yᵢ₋₁ + xᵢ             ẏᵢ = ẏᵢ₋₁ + ẋᵢ
//! product    yᵢ = yᵢ₋₁·xᵢ               ẏᵢ = xᵢ·ẏᵢ₋₁ + yᵢ₋₁·ẋᵢ
//! max        yᵢ = max(yᵢ₋₁, xᵢ)         ẏᵢ = if xᵢ wins { ẋᵢ } else { ẏᵢ₋₁ }
//! linear     yᵢ = aᵢ·yᵢ₋₁ + bᵢ          ẏᵢ = aᵢ·ẏᵢ₋₁ + (ȧᵢ·yᵢ₋₁ + ḃᵢ)
//! ```
//!
//! so each tangent is a linear recurrence ẏᵢ = fᵢ·ẏᵢ₋₁ + gᵢ·ẋᵢ, and each cotangent the one that runs the
//! other way: x̄ᵢ = gᵢ·sᵢ with sᵢ = ȳᵢ + fᵢ₊₁·sᵢ₊₁.

use super::AutodiffError;
use super::cotangent::Cotangent;
use super::mask::{Mask, found};
use super::rules::{Adjoints, Site, plus};
use crate::builder::Builder;
use crate::constant::Constant;
use crate::dtype::DType;
use crate::graph::Value;
use crate::op::{
    Concat, CumSum, Greater, Less, LinearRecurrence, LogicalAnd, LogicalOr, NotEqual, Prefix,
    PrefixRule, TypeError,
};
use crate::shape::Type;
use smallvec::SmallVec;

/// How a tangent runs along: fᵢ, and gᵢ for each operand, where they are not 1.
struct Recurrence {
    carry: Value,
    /// `None` for an operand whose gᵢ is 1.
    factors: SmallVec<[Option<Value>; 2]>,
    /// Where an operand's tangent is taken or left: gᵢ is 1 or 0.
    taken: Option<Value>,
}

impl PrefixRule {
    fn axis_attribute(&self) -> i64 {
        self.axis as i64
    }

    /// The same with every element.
    fn whole(&self) -> PrefixRule {
        PrefixRule {
            exclusive: false,
            ..*self
        }
    }
}

/// x, each element one place later (or earlier) along the axis, in the direction of the rule. At the
/// edge stands `fill`.
fn moved(
    b: &Builder,
    rule: &PrefixRule,
    x: Value,
    later: bool,
    fill: i64,
) -> Result<Value, TypeError> {
    let shape = b.shape(x);
    let (rank, extent) = (shape.rank(), shape.extent(rule.axis));
    if extent == 0 {
        return Ok(x);
    }
    let forward = later != rule.reverse;
    let part = |from: u64, to: u64| {
        let (mut start, mut limit) = (vec![0; rank], shape.extents().collect::<Vec<u64>>());
        (start[rule.axis], limit[rule.axis]) = (from, to);
        b.slice(x, &start, &limit, &vec![1; rank])
    };
    let edge = if forward { 0 } else { extent - 1 };
    let edge = part(edge, edge + 1)?;
    let edge = b.integer_like(edge, fill)?;
    let pieces = if forward {
        [edge, part(0, extent - 1)?]
    } else {
        [part(1, extent)?, edge]
    };
    let axis = rule.axis_attribute();
    b.apply(Concat { axis }, &pieces)
}

/// yᵢ₋₁, from the inclusive results. Before the first element of max and min, which wins in any case,
/// stands 0.
fn before(b: &Builder, rule: &PrefixRule, y: Value) -> Result<Value, TypeError> {
    let fill = match rule.prefix {
        Prefix::Product => 1,
        Prefix::Sum | Prefix::Max | Prefix::Min | Prefix::Linear => 0,
    };
    moved(b, rule, y, true, fill)
}

fn linear(
    b: &Builder,
    rule: &PrefixRule,
    a: Value,
    x: Value,
    back: bool,
) -> Result<Value, TypeError> {
    let op = LinearRecurrence {
        axis: rule.axis_attribute(),
        reverse: rule.reverse != back,
        exclusive: false,
    };
    b.apply(op, &[a, x])
}

/// The recurrence of the tangent, from the operands and the inclusive results.
fn recurrence(
    b: &Builder,
    rule: &PrefixRule,
    x: &[Value],
    y: Value,
) -> Result<Recurrence, TypeError> {
    let one = SmallVec::from_elem(None, 1);
    Ok(match rule.prefix {
        Prefix::Sum => Recurrence {
            carry: b.integer_like(y, 1)?,
            factors: one,
            taken: None,
        },
        Prefix::Product => Recurrence {
            carry: x[0],
            factors: SmallVec::from_elem(Some(before(b, rule, y)?), 1),
            taken: None,
        },
        Prefix::Max | Prefix::Min => {
            let wins = wins(b, rule, x[0], before(b, rule, y)?)?;
            let (zero, unit) = (b.integer_like(y, 0)?, b.integer_like(y, 1)?);
            Recurrence {
                carry: b.select(wins, zero, unit)?,
                factors: one,
                taken: Some(wins),
            }
        }
        Prefix::Linear => Recurrence {
            carry: x[0],
            factors: SmallVec::from_slice(&[Some(before(b, rule, y)?), None]),
            taken: None,
        },
    })
}

/// Where an element beats all before it: it is better, or the first NaN. The first element always
/// does.
fn wins(b: &Builder, rule: &PrefixRule, x: Value, before: Value) -> Result<Value, TypeError> {
    let ahead = match rule.prefix {
        Prefix::Min => b.apply(Less {}, &[x, before])?,
        Prefix::Sum | Prefix::Product | Prefix::Max | Prefix::Linear => {
            b.apply(Greater {}, &[x, before])?
        }
    };
    let is_nan = b.apply(NotEqual {}, &[x, x])?;
    let was_number = b.equal(before, before)?;
    let first_nan = b.apply(LogicalAnd {}, &[is_nan, was_number])?;
    let ahead = b.apply(LogicalOr {}, &[ahead, first_nan])?;
    let positions = b.iota(&b.shape(x), rule.axis, DType::I64)?;
    let extent = b.shape(x).extent(rule.axis) as i64;
    let first = if rule.reverse { extent - 1 } else { 0 };
    let ty = Type::new(DType::I64, b.shape(x));
    let first = b.equal(positions, b.full(&ty, &Constant::integer(first))?)?;
    b.apply(LogicalOr {}, &[ahead, first])
}

/// The factor gᵢ of an operand, times a derivative.
fn weighted(b: &Builder, of: &Recurrence, operand: usize, x: Value) -> Result<Value, TypeError> {
    if let Some(taken) = of.taken {
        return b.select(taken, x, b.integer_like(x, 0)?);
    }
    match of.factors.get(operand).copied().flatten() {
        Some(factor) => b.mul(factor, x),
        None => Ok(x),
    }
}

/// The inclusive results: those of the op itself, unless it leaves elements out.
fn inclusive(b: &Builder, rule: &PrefixRule, site: &Site) -> Result<Value, TypeError> {
    if rule.exclusive {
        b.apply(site.op.clone().inclusive(), &site.operands)
    } else {
        Ok(site.results[0])
    }
}

/// A sum is its own recurrence, which needs no factors.
fn running_sum(b: &Builder, rule: &PrefixRule, x: Value, back: bool) -> Result<Value, TypeError> {
    let op = CumSum {
        axis: rule.axis_attribute(),
        reverse: rule.reverse != back,
        exclusive: rule.exclusive,
    };
    b.apply(op, &[x])
}

/// The tangent of the result.
pub(super) fn jvp(
    b: &Builder,
    site: &Site,
    rule: &PrefixRule,
    tangents: &[Option<Value>],
) -> Result<Option<Value>, AutodiffError> {
    if rule.prefix == Prefix::Sum {
        let sum = tangents[0].map(|tangent| running_sum(b, rule, tangent, false));
        return Ok(sum.transpose()?);
    }
    let y = inclusive(b, rule, site)?;
    let along = recurrence(b, rule, &site.operands, y)?;
    let mut all = None;
    for (operand, tangent) in tangents.iter().enumerate() {
        let part = tangent.map(|tangent| weighted(b, &along, operand, tangent));
        all = plus(b, all, part.transpose()?)?;
    }
    let Some(all) = all else { return Ok(None) };
    let tangent = linear(b, rule, along.carry, all, false)?;
    Ok(Some(match rule.exclusive {
        true => moved(b, rule, tangent, true, 0)?,
        false => tangent,
    }))
}

/// The cotangents of the operands. Where a result is not taken, what the recurrence carries past it alone is
/// taken as 0.
pub(super) fn vjp(
    b: &Builder,
    site: &Site,
    rule: &PrefixRule,
    ct: Cotangent,
    wanted: &dyn Fn(usize) -> bool,
) -> Result<Adjoints, AutodiffError> {
    let mut parts: Adjoints = SmallVec::from_elem(None, site.operands.len());
    if rule.prefix == Prefix::Sum {
        let back = |x: Value| running_sum(b, rule, x, true);
        let truths = |truths| found(b, back(b.cast(truths, DType::I64)?)?);
        parts[0] = Some(ct.moved(b, back, truths)?);
        return Ok(parts);
    }
    let y = inclusive(b, rule, site)?;
    let mut along = recurrence(b, rule, &site.operands, y)?;
    let ct = match rule.exclusive {
        true => ct.moved(
            b,
            |x| moved(b, rule, x, false, 0),
            |x| moved(b, rule, x, false, 0),
        )?,
        false => ct,
    };
    let mut reached = None;
    if let Some(mask) = ct.settled {
        let counts = running_sum(b, &rule.whole(), b.cast(mask.emit(b)?, DType::I64)?, true)?;
        let mask = Mask::of(found(b, counts)?);
        along.carry = mask.keep(b, along.carry)?;
        reached = Some(mask);
    }
    let next = moved(b, rule, along.carry, false, 0)?;
    let sums = linear(b, rule, next, ct.value, true)?;
    let sums = Cotangent {
        settled: reached,
        ..Cotangent::plain(sums)
    };
    for operand in (0..parts.len()).filter(|&operand| wanted(operand)) {
        parts[operand] = Some(match along.factors.get(operand).copied().flatten() {
            Some(factor) => sums.unsettled(b, b.mul(factor, sums.value)?)?,
            None => sums.where_steep(b, along.taken.map(Mask::of))?,
        });
    }
    Ok(parts)
}
