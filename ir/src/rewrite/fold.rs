//! Constant folding.

use super::bodies::with_bodies;
use super::certain::{Certain, EXACT_INTEGERS, Float};
use super::rebuild::{Step, rebuild};
use crate::constant::Constant;
use crate::dtype::DType;
use crate::graph::{Graph, Remap, Value, Values};
use crate::interpret::{Data, interpret};
use crate::op::{Elements, Family, FoldRule, Full, Literal, Monoid, Op, TypeError, View};
use crate::scalar::Logic;
use crate::shape::{Shape, Type};
use crate::span::Span;

/// Constants of more elements than this are neither read nor made, unless one number fills them:
/// what is cheap to compute is not worth storing.
const MAX_ELEMENTS: u64 = 1024;

/// The graph with ops on constants replaced by their value, where every compiled program computes
/// exactly that: integers, truth values and views always; floats where each step is rounded
/// correctly and no order of addition is left open; elementary functions at the points where they
/// are exact (e⁰ = 1). A constant with one number in every element becomes a `full`, of any size.
/// An op that would fail (a gather out of range) stays, to fail when it is run.
///
/// # Errors
/// None for a graph that verifies: replacements have the types of what they replace.
pub fn fold_constants(graph: &Graph) -> Result<(Graph, Remap), TypeError> {
    with_bodies(graph, &fold_constants_here)
}

fn fold_constants_here(graph: &Graph) -> Result<(Graph, Remap), TypeError> {
    rebuild(graph, |builder, node, operands| {
        let (op, ty) = (graph.op(node), graph.ty(Value { node, result: 0 }));
        match builder.with_graph(|new| constant(new, op, operands, ty)) {
            Some(leaf) => Ok(Step::Fold(builder.apply(leaf, &[])?)),
            None => Ok(Step::Keep),
        }
    })
}

/// The constant that an op on constants yields, as an op without operands.
fn constant(graph: &Graph, op: &Op, operands: &[Value], ty: &Type) -> Option<Op> {
    if operands.is_empty() {
        return uniform_literal(op);
    }
    let leaves: Vec<&Op> = operands.iter().map(|x| graph.op(x.node)).collect();
    let are_constant = leaves
        .iter()
        .all(|leaf| matches!(leaf, Op::Full(_) | Op::Literal(_) | Op::Iota(_)));
    if !are_constant {
        return None;
    }
    of_splats(&leaves, op, operands, graph, ty).or_else(|| {
        let sizes = operands.iter().map(|x| graph.ty(*x).elements());
        let small = sizes.chain([ty.elements()]).all(|n| n <= MAX_ELEMENTS);
        let is_primitive = !matches!(
            op.family(),
            Family::Composite(_) | Family::Scan(_) | Family::Cond(_)
        );
        (small && is_primitive).then(|| evaluate(op, &leaves, ty))?
    })
}

/// A constant tensor that holds the same number in every element, as a `full`.
fn uniform_literal(op: &Op) -> Option<Op> {
    let Op::Literal(Literal { elements }) = op else {
        return None;
    };
    let mut constants = elements.constants();
    let first = constants.next()?;
    let ty = Type::new(elements.dtype, elements.shape.clone());
    constants
        .all(|other| other == first)
        .then(|| Full::stored(&ty, &first).into())
}

/// The value of an op on operands that are one number each, whatever their size.
fn of_splats(leaves: &[&Op], op: &Op, operands: &[Value], graph: &Graph, ty: &Type) -> Option<Op> {
    let fulls: Option<Vec<&Full>> = leaves.iter().map(|leaf| splat(leaf)).collect();
    let fulls = fulls?;
    let first = fulls.first()?;
    let value = match op.family() {
        Family::Pointwise(_)
        | Family::Discrete(_)
        | Family::Compare(_)
        | Family::Connect(_)
        | Family::Not
        | Family::Select
        | Family::Cast(_) => return elementwise(op, &fulls, ty),
        Family::View(view) => viewed(view, &fulls)?,
        Family::Fold(rule) => folded(&rule, first, &graph.ty(*operands.first()?).shape)?,
        Family::ArgFold(_) => Constant::integer(0),
        // A constant costs nothing to keep.
        Family::Barrier => first.value.clone(),
        Family::Contract(_)
        | Family::ArgSort(_)
        | Family::Prefix(_)
        | Family::Gather(_)
        | Family::ScatterAdd(_)
        | Family::Leaf(_)
        | Family::Scan(_)
        | Family::Cond(_)
        | Family::Composite(_) => return None,
    };
    Some(Full::stored(ty, &value).into())
}

fn splat(leaf: &Op) -> Option<&Full> {
    if let Op::Full(full) = leaf {
        Some(full)
    } else {
        None
    }
}

/// An elementwise op on splats is computed once, on scalars.
fn elementwise(op: &Op, fulls: &[&Full], ty: &Type) -> Option<Op> {
    let scalar = |full: &&Full| {
        let shape = Shape::scalar();
        Op::from(Full {
            shape,
            ..(*full).clone()
        })
    };
    let scalars: Vec<Op> = fulls.iter().map(scalar).collect();
    let scalars: Vec<&Op> = scalars.iter().collect();
    let result = evaluate(op, &scalars, &Type::scalar(ty.dtype))?;
    Some(Full::stored(ty, &splat(&result)?.value).into())
}

/// A view of splats of one number is that number, unless it adds another.
fn viewed(view: &dyn View, fulls: &[&Full]) -> Option<Constant> {
    let value = &fulls.first()?.value;
    let alike = fulls.iter().all(|full| full.value == *value);
    (alike && (view.is_total() || view.fill() == *value)).then(|| value.clone())
}

/// A fold of one number, repeated.
fn folded(rule: &FoldRule, full: &Full, shape: &Shape) -> Option<Constant> {
    let count = Shape::new(rule.axes.iter().map(|&axis| shape.extent(axis))).elements() as i64;
    match rule.monoid {
        Monoid::Max | Monoid::Min => Some(full.value.clone()),
        Monoid::Sum if count == 1 => Some(full.value.clone()),
        Monoid::Sum if full.value == Constant::NegZero => None,
        Monoid::Sum => {
            let value = full.value.as_i64()?;
            let exact = value as f64 * count as f64;
            let certain = full.dtype.is_integer() || exact.abs() <= EXACT_INTEGERS;
            certain.then(|| Constant::integer(full.dtype.wrap(value.wrapping_mul(count))))
        }
    }
}

/// Runs one op on constants in the arithmetic of its dtype.
fn evaluate(op: &Op, leaves: &[&Op], ty: &Type) -> Option<Op> {
    let mut graph = Graph::new();
    let mut operands = Values::new();
    for leaf in leaves {
        let node = graph.push((*leaf).clone(), &[], Span::SYNTHETIC).ok()?;
        operands.push(Value { node, result: 0 });
    }
    let wide = operands.iter().any(|x| graph.ty(*x).dtype == DType::F64);
    let node = graph.push(op.clone(), &operands, Span::SYNTHETIC).ok()?;
    graph.add_output("y", Value { node, result: 0 });
    let values = if wide || ty.dtype == DType::F64 {
        run::<f64>(&graph)?
    } else {
        run::<f32>(&graph)?
    };
    leaf(ty, &values)
}

fn run<F: Float>(graph: &Graph) -> Option<Vec<Constant>> {
    let interpretation = interpret::<Certain<F>>(graph, &(), &[]).ok()?;
    let outputs = interpretation.outputs();
    match &outputs.first()?.data {
        Data::Number(numbers) => numbers
            .iter()
            .map(|number| Some(Constant::from_f64(number.0?.into())))
            .collect(),
        Data::Int(integers) => integers
            .iter()
            .map(|integer| integer.value.ok().map(Constant::integer))
            .collect(),
        Data::Mask(masks) => masks
            .iter()
            .map(|mask| {
                mask.decide()
                    .ok()
                    .map(|truth| Constant::integer(truth.into()))
            })
            .collect(),
    }
}

/// The constant tensor of those elements: a `full` where they agree.
fn leaf(ty: &Type, values: &[Constant]) -> Option<Op> {
    let zero = Constant::integer(0);
    let first = values.first().unwrap_or(&zero);
    if values.iter().all(|value| value == first) {
        return Some(Full::stored(ty, first).into());
    }
    let elements = Elements::from_constants(ty.dtype, ty.shape.clone(), values)?;
    Some(Literal { elements }.into())
}
