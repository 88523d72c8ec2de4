//! The derivative rules of the families, one function for each direction.
//!
//! [`vjp`] turns the cotangents of a node's results into those of its operands; [`jvp`] turns the
//! tangents of its operands into those of its results. Both append ops to the graph. A derivative
//! that is absent (`None`) is a structural zero: no zero tensor stands for it.

use super::AutodiffError;
use super::prefix;
use super::region::{self, Merge};
use super::traced::{Traced, Tracer};
use crate::builder::Builder;
use crate::constant::Constant;
use crate::dtype::DType;
use crate::expr::{ExprId, Rule};
use crate::graph::{NodeId, Value, Values};
use crate::op::{
    DotGeneral, Family, FoldRule, Gather, Guard, Monoid, Op, ScatterAdd, TypeError, View,
};
use crate::scalar::Scalar;
use crate::shape::{Shape, Type};
use smallvec::SmallVec;

/// One optional derivative per operand or result.
pub(super) type Parts = SmallVec<[Option<Value>; 3]>;

/// A node whose derivative is taken.
pub(super) struct Site {
    /// The op.
    pub op: Op,
    /// The operands.
    pub operands: Values,
    /// The results.
    pub results: Values,
}

impl Site {
    /// The site of a node of the graph under construction.
    pub(super) fn of(builder: &Builder, node: NodeId) -> Site {
        builder.with_graph(|graph| Site {
            op: graph.op(node).clone(),
            operands: graph.operands(node),
            results: graph.results(node),
        })
    }

    fn types(&self, builder: &Builder) -> Vec<Type> {
        self.operands
            .iter()
            .map(|operand| builder.ty(*operand))
            .collect()
    }

    /// Whether a partial derivative may be infinite where the operands are not, so that zero derivatives
    /// must be kept from it: where the op is singular, and where the partial overflows.
    fn is_singular(&self, builder: &Builder, rule: &Rule, operand: usize) -> bool {
        let explodes = |partial: &ExprId| rule.explodes(*partial);
        matches!(self.op, Op::MultiplyNoNan(_))
            || rule.partials().get(operand).is_some_and(explodes)
            || self
                .op
                .guards()
                .iter()
                .any(|guard| guard.is_singular() && !self.holds(builder, guard))
    }

    /// Whether a guard is known to hold because its operand is a suitable constant.
    fn holds(&self, builder: &Builder, guard: &Guard) -> bool {
        let splat = |operand: usize| builder.splat(self.operands[operand]);
        match guard {
            Guard::Nonzero { operand } => {
                splat(*operand).is_some_and(|value| !value.is_zero() && value != Constant::Nan)
            }
            Guard::Above { operand, bound } => splat(*operand)
                .and_then(|value| value.as_rational())
                .zip(bound.as_rational())
                .is_some_and(|(value, bound)| value > bound),
            Guard::Off { .. } | Guard::Distinct { .. } | Guard::UniqueWinner { .. } => false,
        }
    }
}

fn absent(count: usize) -> Parts {
    SmallVec::from_elem(None, count)
}

/// The cotangents of the operands for which `wanted` holds, and the merge that they rest on.
pub(super) fn vjp(
    b: &Builder,
    (node, site): (NodeId, &Site),
    cotangents: &[Option<Value>],
    wanted: &dyn Fn(usize) -> bool,
) -> Result<(Parts, Option<Merge>), AutodiffError> {
    let family = site.op.family();
    if let Family::Scan(op) = family {
        return region::scan_vjp(b, (node, site), op, cotangents, wanted);
    }
    if let Family::Cond(op) = family {
        return Ok((region::cond_vjp(b, site, op, cotangents, wanted)?, None));
    }
    Ok((family_vjp(b, site, family, cotangents, wanted)?, None))
}

fn family_vjp(
    b: &Builder,
    site: &Site,
    family: Family<'_>,
    cotangents: &[Option<Value>],
    wanted: &dyn Fn(usize) -> bool,
) -> Result<Parts, AutodiffError> {
    let count = site.operands.len();
    let mut parts = absent(count);
    if let Family::Composite(composite) = family {
        let own = composite.vjp(b, &site.operands, &site.results, cotangents);
        let own = own.ok_or(AutodiffError::NotDecomposed(site.op.spec().name))??;
        return Ok(own.into_iter().collect());
    }
    let Some(Some(ct)) = cotangents.first().copied() else {
        return Ok(parts);
    };
    match family {
        Family::Pointwise(rule) => {
            for operand in (0..count).filter(|&operand| wanted(operand)) {
                parts[operand] = pointwise_part(b, site, &rule, operand, ct)?;
            }
        }
        Family::Select => {
            let zero = b.integer_like(ct, 0)?;
            let mask = site.operands[0];
            if wanted(1) {
                parts[1] = Some(b.select(mask, ct, zero)?);
            }
            if wanted(2) {
                parts[2] = Some(b.select(mask, zero, ct)?);
            }
        }
        // The barrier hides a value, not its cotangent.
        Family::Barrier => parts[0] = Some(ct),
        Family::Cast(_) => {
            let dtype = b.ty(site.operands[0]).dtype;
            parts[0] = Some(b.cast(ct, dtype)?);
        }
        Family::View(view) => {
            let types = site.types(b);
            let types: Vec<&Type> = types.iter().collect();
            for operand in (0..count).filter(|&operand| wanted(operand)) {
                parts[operand] = Some(view.transpose(b, ct, &types, operand)?);
            }
        }
        Family::Prefix(rule) => return prefix::vjp(b, site, &rule, ct, wanted),
        Family::Fold(rule) => parts[0] = Some(fold_vjp(b, site.operands[0], &rule, ct)?),
        Family::Contract(op) => {
            for operand in (0..count).filter(|&operand| wanted(operand)) {
                parts[operand] = Some(contract_vjp(b, site, op, ct, operand)?);
            }
        }
        Family::Gather(op) => {
            let zero = b.integer_like(site.operands[0], 0)?;
            let scatter = ScatterAdd {
                axis: op.axis,
                batch: op.batch,
            };
            parts[0] = Some(b.scatter_add(zero, site.operands[1], ct, scatter)?);
        }
        Family::ScatterAdd(op) => {
            parts[0] = wanted(0).then_some(ct);
            if wanted(2) {
                let gather = Gather {
                    axis: op.axis,
                    batch: op.batch,
                };
                parts[2] = Some(b.gather(ct, site.operands[1], gather)?);
            }
        }
        Family::Discrete(_)
        | Family::Compare(_)
        | Family::Connect(_)
        | Family::Not
        | Family::ArgFold(_)
        | Family::ArgSort(_)
        | Family::Leaf(_)
        | Family::Scan(_)
        | Family::Cond(_)
        | Family::Composite(_) => {}
    }
    Ok(parts)
}

/// The tangents of the results, given those of the operands, and the merge that they rest on.
pub(super) fn jvp(
    b: &Builder,
    (node, site): (NodeId, &Site),
    tangents: &[Option<Value>],
) -> Result<(Parts, Option<Merge>), AutodiffError> {
    let family = site.op.family();
    if let Family::Scan(op) = family {
        return region::scan_jvp(b, (node, site), op, tangents);
    }
    if let Family::Cond(op) = family {
        return Ok((region::cond_jvp(b, site, op, tangents)?, None));
    }
    Ok((family_jvp(b, site, family, tangents)?, None))
}

fn family_jvp(
    b: &Builder,
    site: &Site,
    family: Family<'_>,
    tangents: &[Option<Value>],
) -> Result<Parts, AutodiffError> {
    let mut parts = absent(site.results.len());
    if tangents.iter().all(Option::is_none) {
        return Ok(parts);
    }
    parts[0] = match family {
        Family::Pointwise(rule) => pointwise_jvp(b, site, &rule, tangents)?,
        Family::Select => {
            let zero = b.integer_like(site.results[0], 0)?;
            let [yes, no] = [1, 2].map(|operand| tangents[operand].unwrap_or(zero));
            Some(b.select(site.operands[0], yes, no)?)
        }
        Family::Barrier => tangents[0],
        Family::Cast(dtype) => match tangents[0] {
            Some(tangent) if dtype.is_float() => Some(b.cast(tangent, dtype)?),
            Some(_) | None => None,
        },
        Family::Prefix(rule) => prefix::jvp(b, site, &rule, tangents)?,
        Family::View(view) => Some(view_jvp(b, site, view, tangents)?),
        Family::Fold(rule) => match tangents[0] {
            Some(tangent) => Some(fold_jvp(b, site.operands[0], &rule, tangent)?),
            None => None,
        },
        Family::Contract(op) => contract_jvp(b, site, op, tangents)?,
        Family::Gather(op) => match tangents[0] {
            Some(tangent) => Some(b.gather(tangent, site.operands[1], op.clone())?),
            None => None,
        },
        Family::ScatterAdd(op) => {
            let zero = |operand: usize| b.integer_like(site.operands[operand], 0);
            let table = tangents[0].map_or_else(|| zero(0), Ok)?;
            let updates = tangents[2].map_or_else(|| zero(2), Ok)?;
            Some(b.scatter_add(table, site.operands[1], updates, op.clone())?)
        }
        Family::Composite(_) => return Err(AutodiffError::NotDecomposed(site.op.spec().name)),
        Family::Discrete(_)
        | Family::Compare(_)
        | Family::Connect(_)
        | Family::Not
        | Family::ArgFold(_)
        | Family::ArgSort(_)
        | Family::Scan(_)
        | Family::Cond(_)
        | Family::Leaf(_) => None,
    };
    Ok(parts)
}

/// A value as a scalar of the rules, which compute with halves in f32 as the ops themselves do; `strong`
/// if products that it takes part in are to be 0 where one factor is (see [`product`]).
fn traced(b: &Builder, value: Value, strong: bool) -> Result<Traced, TypeError> {
    let ty = b.ty(value);
    let wide = ty.dtype.compute();
    let tracer = Tracer::new(b, ty.with_dtype(wide), strong);
    Ok(match b.splat(value) {
        Some(constant) => Traced::constant(&tracer, wide, &constant),
        None => tracer.node(b.cast(value, wide)?),
    })
}

/// derivative · partial, for the partial derivative of a pointwise op with respect to one operand. Where
/// the partial may be infinite, a zero derivative gives zero whatever the partial is (a *strong zero*),
/// so that no `0 · ∞` poisons a gradient that is masked out; so does every product that it is made
/// of, for the derivatives of this one.
fn product(
    b: &Builder,
    site: &Site,
    rule: &Rule,
    operand: usize,
    derivative: Value,
) -> Result<Option<Value>, AutodiffError> {
    let strong = site.is_singular(b, rule, operand);
    let inputs = site.operands.iter().chain(&site.results);
    let inputs: Vec<Traced> = inputs
        .map(|value| traced(b, *value, strong))
        .collect::<Result<_, _>>()?;
    let partial = rule.evaluate(rule.partials()[operand], &inputs);
    if partial.is_zero() {
        return Ok(None);
    }
    let dtype = b.ty(derivative).dtype;
    let product = traced(b, derivative, strong)?.mul(&partial);
    Ok(Some(b.cast(product.emit()?, dtype)?))
}

fn pointwise_part(
    b: &Builder,
    site: &Site,
    rule: &Rule,
    operand: usize,
    ct: Value,
) -> Result<Option<Value>, AutodiffError> {
    product(b, site, rule, operand, ct)
}

fn pointwise_jvp(
    b: &Builder,
    site: &Site,
    rule: &Rule,
    tangents: &[Option<Value>],
) -> Result<Option<Value>, AutodiffError> {
    let mut sum = None;
    for (operand, tangent) in tangents.iter().enumerate() {
        let Some(tangent) = tangent else { continue };
        let part = product(b, site, rule, operand, *tangent)?;
        sum = plus(b, sum, part)?;
    }
    Ok(sum)
}

/// The sum of two optional derivatives.
pub(super) fn plus(
    b: &Builder,
    left: Option<Value>,
    right: Option<Value>,
) -> Result<Option<Value>, AutodiffError> {
    match (left, right) {
        (Some(left), Some(right)) => Ok(Some(b.add(left, right)?)),
        (left, None) => Ok(left),
        (None, right) => Ok(right),
    }
}

fn view_jvp(
    b: &Builder,
    site: &Site,
    view: &dyn View,
    tangents: &[Option<Value>],
) -> Result<Value, AutodiffError> {
    let zero = |operand: usize| b.integer_like(site.operands[operand], 0);
    let operands = tangents
        .iter()
        .enumerate()
        .map(|(operand, tangent)| tangent.map_or_else(|| zero(operand), Ok))
        .collect::<Result<Vec<Value>, _>>()?;
    Ok(b.apply(view.linear(), &operands)?)
}

fn fold_vjp(b: &Builder, x: Value, rule: &FoldRule, ct: Value) -> Result<Value, AutodiffError> {
    let spread = b.unfold(ct, &b.shape(x), &rule.axes, rule.keepdims)?;
    match rule.monoid {
        Monoid::Sum => Ok(spread),
        Monoid::Max | Monoid::Min => {
            let winners = first_winners(b, x, rule)?;
            Ok(b.select(winners, spread, b.integer_like(spread, 0)?)?)
        }
    }
}

fn fold_jvp(b: &Builder, x: Value, rule: &FoldRule, dx: Value) -> Result<Value, AutodiffError> {
    let taken = match rule.monoid {
        Monoid::Sum => dx,
        Monoid::Max | Monoid::Min => {
            let winners = first_winners(b, x, rule)?;
            b.select(winners, dx, b.integer_like(dx, 0)?)?
        }
    };
    let sum = b.sum(taken, &rule.axes, rule.keepdims)?;
    Ok(sum)
}

/// For each element of x, whether it is the first winner of its group in row-major order.
fn first_winners(b: &Builder, x: Value, rule: &FoldRule) -> Result<Value, AutodiffError> {
    let shape = b.shape(x);
    let largest = rule.monoid == Monoid::Max;
    let is_folded = |axis: &usize| rule.axes.contains(axis);
    let (folded, kept): (Vec<usize>, Vec<usize>) = (0..shape.rank()).partition(is_folded);
    let order: Vec<usize> = kept.iter().chain(&folded).copied().collect();
    let moved = Shape::new(order.iter().map(|&axis| shape.extent(axis)));
    let group: u64 = folded.iter().map(|&axis| shape.extent(axis)).product();
    let rows = Shape::new(kept.iter().map(|&axis| shape.extent(axis)).chain([group]));
    let flat = b.reshape(b.transpose(x, &order)?, &rows)?;
    let winner = b.arg_extreme(flat, kept.len(), largest)?;
    let positions = b.iota(&rows, kept.len(), DType::I64)?;
    let mask = b.equal(positions, b.broadcast_to(winner, &rows)?)?;
    let back: Vec<usize> = (0..shape.rank())
        .filter_map(|axis| order.iter().position(|&from| from == axis))
        .collect();
    Ok(b.transpose(b.reshape(mask, &moved)?, &back)?)
}

/// The two contractions that are the adjoint of one: dx = ct·y over y's free axes, dy = x·ct over
/// x's, with axes put back in the operand's order.
fn contract_vjp(
    b: &Builder,
    site: &Site,
    op: &DotGeneral,
    ct: Value,
    which: usize,
) -> Result<Value, AutodiffError> {
    let ranks = [0, 1].map(|side| b.shape(site.operands[side]).rank());
    let axes = op.axes(ranks[0], ranks[1]);
    let (batches, x_free) = (axes.batch[0].len(), axes.free[0].len());
    let ct_batch: SmallVec<[usize; 4]> = (0..batches).collect();
    let ct_x: SmallVec<[usize; 4]> = (batches..batches + x_free).collect();
    let ct_y = (batches + x_free..batches + x_free + axes.free[1].len()).collect();
    let other = 1 - which;
    let mut inner = axes.contract[other].clone();
    inner.sort_unstable();
    // The axis of this operand that is paired with a contracting axis of the other.
    let partner = |axis: &usize| {
        let pair = axes.contract[other]
            .iter()
            .position(|a| a == axis)
            .unwrap_or(0);
        axes.contract[which][pair]
    };
    let mut sources: Vec<usize> = axes.batch[which].to_vec();
    let product = if which == 0 {
        sources.extend(&axes.free[0]);
        sources.extend(inner.iter().map(partner));
        let roles = crate::op::ContractAxes {
            batch: [ct_batch, axes.batch[1].clone()],
            contract: [ct_y, axes.free[1].clone()],
            free: Default::default(),
        };
        b.contract(ct, site.operands[1], &roles)?
    } else {
        sources.extend(inner.iter().map(partner));
        sources.extend(&axes.free[1]);
        let roles = crate::op::ContractAxes {
            batch: [axes.batch[0].clone(), ct_batch],
            contract: [axes.free[0].clone(), ct_x],
            free: Default::default(),
        };
        b.contract(site.operands[0], ct, &roles)?
    };
    let permutation: Vec<usize> = (0..sources.len())
        .filter_map(|axis| sources.iter().position(|&source| source == axis))
        .collect();
    Ok(b.transpose(product, &permutation)?)
}

fn contract_jvp(
    b: &Builder,
    site: &Site,
    op: &DotGeneral,
    tangents: &[Option<Value>],
) -> Result<Option<Value>, AutodiffError> {
    let [x, y] = [site.operands[0], site.operands[1]];
    let left = tangents[0]
        .map(|dx| b.apply(op.clone(), &[dx, y]))
        .transpose()?;
    let right = tangents[1]
        .map(|dy| b.apply(op.clone(), &[x, dy]))
        .transpose()?;
    plus(b, left, right)
}
