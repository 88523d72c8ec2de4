//! The derivative rules of the families, one function for each direction.
//!
//! [`vjp`] turns the cotangents of a node's results into those of its operands; [`jvp`] turns the
//! tangents of its operands into those of its results. Both append ops to the graph. A derivative
//! that is absent (`None`) is a structural zero: no zero tensor stands for it. Tangents need no masks: that
//! of a `select` is one.

use super::AutodiffError;
use super::contract;
use super::cotangent::Cotangent;
use super::integers;
use super::mask::{self, Mask, Where};
use super::prefix;
use super::region::{self, Merge};
use super::traced::{Traced, Tracer};
use crate::builder::Builder;
use crate::constant::Constant;
use crate::dtype::DType;
use crate::expr::Rule;
use crate::graph::{NodeId, Value, Values};
use crate::op::{Composite, Family, FoldRule, Gather, Monoid, Op, ScatterAdd, TypeError, View};
use crate::scalar::Scalar;
use crate::shape::{Shape, Type};
use smallvec::SmallVec;

/// One optional derivative per operand or result.
pub(super) type Parts = SmallVec<[Option<Value>; 3]>;

/// One optional cotangent per operand.
pub(super) type Adjoints = SmallVec<[Option<Cotangent>; 3]>;

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
}

fn absent(count: usize) -> Parts {
    SmallVec::from_elem(None, count)
}

/// Whether the rule of a node passes masks on: others take cotangents that are settled.
pub(super) fn passes_masks(b: &Builder, site: &Site) -> bool {
    match site.op.family() {
        Family::Pointwise(_)
        | Family::Select
        | Family::Barrier
        | Family::Cast(_)
        | Family::Fold(_)
        | Family::ScatterAdd(_) => true,
        Family::View(view) => {
            let types = site.types(b);
            !view.transpose_adds(&types.iter().collect::<Vec<&Type>>())
        }
        Family::Discrete(_)
        | Family::Compare(_)
        | Family::Connect(_)
        | Family::Not
        | Family::ArgFold(_)
        | Family::ArgSort(_)
        | Family::Prefix(_)
        | Family::Contract(_)
        | Family::Gather(_)
        | Family::Leaf(_)
        | Family::Scan(_)
        | Family::Cond(_)
        | Family::Composite(_) => false,
    }
}

/// The cotangents of the operands for which `wanted` holds, and the merge that they rest on. Those of
/// the results are settled unless the node [passes masks](passes_masks).
pub(super) fn vjp(
    b: &Builder,
    (node, site): (NodeId, &Site),
    cotangents: &[Option<Cotangent>],
    wanted: &dyn Fn(usize) -> bool,
) -> Result<(Adjoints, Option<Merge>), AutodiffError> {
    let values = || -> Parts {
        let values = cotangents.iter();
        values.map(|ct| ct.map(|ct| ct.value)).collect()
    };
    let family = site.op.family();
    if let Family::Scan(op) = family {
        let (parts, merge) = region::scan_vjp(b, (node, site), op, &values(), wanted)?;
        let adjoints = taken_as_a_whole(b, site, cotangents, plain(parts))?;
        return Ok((adjoints, merge));
    }
    if let Family::Cond(op) = family {
        let parts = region::cond_vjp(b, site, op, &values(), wanted)?;
        let adjoints = taken_as_a_whole(b, site, cotangents, plain(parts))?;
        return Ok((adjoints, None));
    }
    Ok((family_vjp(b, site, family, cotangents, wanted)?, None))
}

/// The cotangents of the operands of a region, of which any result may be made of any operand: they count
/// where any element of a result is taken.
fn taken_as_a_whole(
    b: &Builder,
    site: &Site,
    cotangents: &[Option<Cotangent>],
    mut adjoints: Adjoints,
) -> Result<Adjoints, AutodiffError> {
    let mut taken = None;
    for cotangent in cotangents.iter().flatten() {
        let Some(mask) = cotangent.settled else {
            return Ok(adjoints);
        };
        let truths = mask.emit(b)?;
        let all: Vec<usize> = (0..b.shape(truths).rank()).collect();
        let scalar = Shape::new([]);
        let any = Mask::of(b.reshape(mask::any(b, truths, &all)?, &scalar)?);
        taken = match taken {
            None => Some(any),
            some => mask::either(b, some, Some(any))?,
        };
    }
    let Some(taken) = taken else {
        return Ok(adjoints);
    };
    for (operand, adjoint) in site.operands.iter().zip(&mut adjoints) {
        if let Some(adjoint) = adjoint {
            let truths = b.broadcast_to(taken.emit(b)?, &b.shape(*operand))?;
            *adjoint = adjoint.where_taken(b, Mask::of(truths))?;
        }
    }
    Ok(adjoints)
}

fn plain(parts: Parts) -> Adjoints {
    let plain = |part: Option<Value>| part.map(Cotangent::plain);
    parts.into_iter().map(plain).collect()
}

fn family_vjp(
    b: &Builder,
    site: &Site,
    family: Family<'_>,
    cotangents: &[Option<Cotangent>],
    wanted: &dyn Fn(usize) -> bool,
) -> Result<Adjoints, AutodiffError> {
    let count = site.operands.len();
    let mut parts: Adjoints = SmallVec::from_elem(None, count);
    if let Family::Composite(composite) = family {
        return composite_vjp(b, site, composite, cotangents, wanted);
    }
    let Some(Some(ct)) = cotangents.first().copied() else {
        return Ok(parts);
    };
    match family {
        Family::Pointwise(rule) => {
            for operand in (0..count).filter(|&operand| wanted(operand)) {
                parts[operand] = match b.ty(ct.value).dtype.is_integer() {
                    true => Some(integers::pointwise_part(b, &site.op, operand, ct)?),
                    false => pointwise_part(b, site, &rule, operand, ct)?,
                };
            }
        }
        Family::Select => {
            let mask = Mask::of(site.operands[0]);
            for (operand, mask) in [(1, mask), (2, mask.not())] {
                if wanted(operand) {
                    parts[operand] = Some(ct.where_taken(b, mask)?);
                }
            }
        }
        // The barrier hides a value, not its cotangent.
        Family::Barrier => parts[0] = Some(ct),
        Family::Cast(_) => {
            let dtype = b.ty(site.operands[0]).dtype;
            let value = b.cast(ct.value, dtype)?;
            parts[0] = Some(Cotangent { value, ..ct });
        }
        Family::View(view) => {
            let types = site.types(b);
            let types: Vec<&Type> = types.iter().collect();
            for operand in (0..count).filter(|&operand| wanted(operand)) {
                let back = |value: Value| view.transpose(b, value, &types, operand);
                let truths = |truths: Value| view.transpose_truths(b, truths, &types, operand);
                parts[operand] = Some(ct.moved(b, back, truths)?);
            }
        }
        Family::Prefix(rule) => return prefix::vjp(b, site, &rule, ct, wanted),
        Family::Fold(rule) => parts[0] = Some(fold_vjp(b, site.operands[0], &rule, ct)?),
        Family::Contract(op) => {
            for operand in (0..count).filter(|&operand| wanted(operand)) {
                parts[operand] = Some(contract::vjp(b, site, op, ct, operand)?);
            }
        }
        Family::Gather(op) => {
            let scatter = ScatterAdd {
                axis: op.axis,
                batch: op.batch,
            };
            let back = |updates: Value| {
                let ty = b.ty(site.operands[0]).with_dtype(b.ty(updates).dtype);
                let zero = b.full(&ty, &Constant::integer(0))?;
                b.scatter_add(zero, site.operands[1], updates, scatter.clone())
            };
            let truths = |truths| mask::found(b, back(b.cast(truths, DType::I32)?)?);
            parts[0] = Some(ct.moved(b, back, truths)?);
        }
        Family::ScatterAdd(op) => {
            parts[0] = wanted(0).then_some(ct);
            if wanted(2) {
                let gather = Gather {
                    axis: op.axis,
                    batch: op.batch,
                };
                let back = |x: Value| b.gather(x, site.operands[1], gather.clone());
                parts[2] = Some(ct.moved(b, back, back)?);
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

/// The cotangents of the operands of a composite op, by its own rule. Where results are not taken, the
/// operands that only they read are taken as 0, lest they reach those that are by a sum.
fn composite_vjp(
    b: &Builder,
    site: &Site,
    composite: &dyn Composite,
    cotangents: &[Option<Cotangent>],
    wanted: &dyn Fn(usize) -> bool,
) -> Result<Adjoints, AutodiffError> {
    let values: Parts = cotangents.iter().map(|ct| ct.map(|ct| ct.value)).collect();
    let own = |operands: &[Value], results: &[Value]| {
        let own = composite.vjp(b, operands, results, &values);
        own.ok_or(AutodiffError::NotDecomposed(site.op.spec().name))
    };
    let peeled = |parts: Vec<Option<Value>>| -> Adjoints {
        let peeled = |part: Option<Value>| part.map(|part| Cotangent::peeled(b, part));
        parts.into_iter().map(peeled).collect()
    };
    if let Op::Call(call) = &site.op {
        let given = (site.results.as_slice(), values.as_slice());
        let parts = peeled(call.pulled_back(b, &site.operands, given, wanted)?);
        return taken_as_a_whole(b, site, cotangents, parts);
    }
    let Some(reached) = reached(b, site, composite, cotangents)? else {
        return Ok(peeled(own(&site.operands, &site.results)??));
    };
    let (mut operands, mut results) = (site.operands.clone(), site.results.clone());
    if reached.iter().flatten().count() > 1 {
        for (operand, mask) in operands.iter_mut().zip(&reached) {
            if let Some(mask) = mask {
                *operand = Mask::of(*mask).keep(b, *operand)?;
            }
        }
        results = b.apply_all(site.op.clone(), &operands)?;
    }
    let mut adjoints = peeled(own(&operands, &results)??);
    for (adjoint, mask) in adjoints.iter_mut().zip(&reached) {
        if let (Some(adjoint), Some(mask)) = (adjoint, mask) {
            *adjoint = adjoint.where_taken(b, Mask::of(*mask))?;
        }
    }
    Ok(adjoints)
}

/// Which elements of each operand some result that is taken is made of, if not all are taken and the op
/// says so.
fn reached(
    b: &Builder,
    site: &Site,
    composite: &dyn Composite,
    cotangents: &[Option<Cotangent>],
) -> Result<Option<Vec<Option<Value>>>, AutodiffError> {
    let [Some(ct)] = cotangents else {
        return Ok(None);
    };
    let Some(mask) = ct.settled else {
        return Ok(None);
    };
    let reached = composite.reached(b, &site.operands, mask.emit(b)?);
    Ok(reached.transpose()?)
}

/// Whether a composite op has to be taken apart for its cotangents: where not all results are taken, and
/// its own rule says nothing of that; where they are of integers, of which it says nothing either; and where it has no
/// rule, as parts of others that were taken apart.
pub(super) fn comes_apart(
    b: &Builder,
    site: &Site,
    cotangents: &[Option<Cotangent>],
) -> Result<bool, AutodiffError> {
    let Family::Composite(composite) = site.op.family() else {
        return Ok(false);
    };
    let masked = cotangents.iter().flatten().any(|ct| ct.settled.is_some());
    let is_call = matches!(site.op, Op::Call(_));
    if is_call || !composite.has_vjp() {
        return Ok(!is_call);
    }
    if cotangents.iter().any(|ct| integers::is_of_integers(b, ct)) {
        return Ok(true);
    }
    Ok(masked && reached(b, site, composite, cotangents)?.is_none())
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
    if let Op::Call(call) = &site.op
        && tangents.iter().any(Option::is_some)
    {
        return Err(AutodiffError::NoForward {
            name: call.region.name().to_string(),
            span: b.with_graph(|graph| graph.span(node)),
        });
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
        Family::Contract(op) => contract::jvp(b, site, op, tangents)?,
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

/// A value as a scalar of the rules, which compute with halves in f32 as the ops themselves do.
fn traced(b: &Builder, value: Value) -> Result<Traced, TypeError> {
    let ty = b.ty(value);
    let wide = ty.dtype.compute();
    let tracer = Tracer::new(b, ty.with_dtype(wide));
    Ok(match b.splat(value) {
        Some(constant) => Traced::constant(&tracer, wide, &constant),
        None => tracer.node(b.cast(value, wide)?),
    })
}

/// derivative · partial.
struct Product {
    value: Value,
    /// Where the partial is not literally 0.
    mask: Where,
    /// Whether the partial is a finite constant, so that `value` is 0 where the derivative is.
    keeps_zeros: bool,
}

/// derivative · partial, for the partial derivative of a pointwise op with respect to one operand;
/// `None` if that is 0.
fn product(
    b: &Builder,
    site: &Site,
    rule: &Rule,
    operand: usize,
    derivative: Value,
) -> Result<Option<Product>, AutodiffError> {
    let inputs = site.operands.iter().chain(&site.results);
    let inputs: Vec<Traced> = inputs
        .map(|value| traced(b, *value))
        .collect::<Result<_, _>>()?;
    let partial = rule.evaluate(rule.partials()[operand], &inputs);
    if partial.is_zero() {
        return Ok(None);
    }
    let dtype = b.ty(derivative).dtype;
    let (mask, value) = traced(b, derivative)?.mul(&partial).emit_masked()?;
    Ok(Some(Product {
        value: b.cast(value, dtype)?,
        mask: mask.map(Mask::of),
        keeps_zeros: partial.is_finite_constant(),
    }))
}

fn pointwise_part(
    b: &Builder,
    site: &Site,
    rule: &Rule,
    operand: usize,
    ct: Cotangent,
) -> Result<Option<Cotangent>, AutodiffError> {
    let Some(product) = product(b, site, rule, operand, ct.value)? else {
        return Ok(None);
    };
    let value = product.value;
    let part = match product.keeps_zeros {
        true => Cotangent { value, ..ct },
        false => ct.unsettled(b, value)?,
    };
    Ok(Some(part.where_steep(b, product.mask)?))
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
        let part = match product(b, site, rule, operand, *tangent)? {
            Some(Product {
                value,
                mask: Some(mask),
                ..
            }) => Some(mask.keep(b, value)?),
            Some(product) => Some(product.value),
            None => None,
        };
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

fn fold_vjp(
    b: &Builder,
    x: Value,
    rule: &FoldRule,
    ct: Cotangent,
) -> Result<Cotangent, AutodiffError> {
    let shape = b.shape(x);
    let spread = |value: Value| b.unfold(value, &shape, &rule.axes, rule.keepdims);
    let all = ct.moved(b, spread, spread)?;
    match rule.monoid {
        Monoid::Sum => Ok(all),
        Monoid::Max | Monoid::Min => {
            let winners = Mask::of(first_winners(b, x, rule)?);
            Ok(all.where_steep(b, Some(winners))?)
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
