//! Constant folding: ops on constants, evaluated as compiled code would.
//!
//! Only what is correctly rounded, and so the same on every machine, is folded: arithmetic, roots,
//! comparisons, integers, views. Transcendental functions are left to run time, where they give the
//! bits that compiled code gives. Splat constants fold to splat constants; others only while small.

use super::rebuild::{Step, rebuild};
use crate::builder::Builder;
use crate::constant::Constant;
use crate::dtype::DType;
use crate::expr::{Expr, Rule};
use crate::graph::{Graph, NodeId, Remap, Value, Values};
use crate::interpret::{Data, Tensor, interpret};
use crate::op::{Elements, Family, Full, Input, Literal, Op, TypeError};
use crate::scalar::{Binary, Scalar, Unary};
use crate::shape::{Shape, Type};
use crate::span::Span;

/// Constants that are not splats are materialised up to this many elements.
const MAX_ELEMENTS: u64 = 1024;

/// Replaces ops on constants by their value.
///
/// # Errors
/// None for a graph that verifies.
pub fn fold_constants(graph: &Graph) -> Result<(Graph, Remap), TypeError> {
    rebuild(graph, |builder, node, operands| {
        let constant =
            |operand: &Value| builder.with_graph(|new| is_constant(new.op(operand.node)));
        let on_constants = !operands.is_empty() && operands.iter().all(constant);
        if !on_constants || !is_exact(graph.op(node)) {
            return Ok(Step::Keep);
        }
        let folded = match splats(builder, operands) {
            Some(splats) => fold_splats(builder, graph, node, &splats)?,
            None => fold_tensors(builder, graph, node, operands)?,
        };
        Ok(folded.map_or(Step::Keep, Step::Fold))
    })
}

fn is_constant(op: &Op) -> bool {
    matches!(op, Op::Full(_) | Op::Literal(_) | Op::Iota(_))
}

/// Whether an op gives the same bits wherever it runs.
fn is_exact(op: &Op) -> bool {
    match op.family() {
        Family::Pointwise(rule) | Family::Discrete(rule) => rule_is_exact(&rule),
        Family::Compare(_)
        | Family::Connect(_)
        | Family::Not
        | Family::Select
        | Family::Cast(_)
        | Family::View(_)
        | Family::ArgFold(_) => true,
        // Sums depend on the order, which is the kernel's; composites are expanded first.
        Family::Fold(_)
        | Family::Contract(_)
        | Family::Gather(_)
        | Family::ScatterAdd(_)
        | Family::Leaf(_)
        | Family::Composite(_) => false,
    }
}

fn rule_is_exact(rule: &Rule) -> bool {
    rule.reachable(&[rule.value()])
        .into_iter()
        .all(|id| match rule.expr(id) {
            Expr::Unary(function, _) => match function {
                Unary::Neg
                | Unary::Abs
                | Unary::Sqrt
                | Unary::Floor
                | Unary::Ceil
                | Unary::Round => true,
                Unary::Exp
                | Unary::Expm1
                | Unary::Log
                | Unary::Log1p
                | Unary::Sin
                | Unary::Cos
                | Unary::Sinh
                | Unary::Cosh
                | Unary::Tanh
                | Unary::Erf => false,
            },
            Expr::Binary(function, _, _) => *function != Binary::Pow,
            Expr::Undefined(_) => false,
            Expr::Input(_)
            | Expr::Constant(_)
            | Expr::Compare(..)
            | Expr::Connect(..)
            | Expr::Not(_)
            | Expr::Truth(_)
            | Expr::Select(..) => true,
        })
}

fn splats(b: &Builder, operands: &Values) -> Option<Vec<Constant>> {
    operands.iter().map(|operand| b.splat(*operand)).collect()
}

/// An elementwise op on splats: evaluated on one element.
fn fold_splats(
    b: &Builder,
    graph: &Graph,
    node: NodeId,
    splats: &[Constant],
) -> Result<Option<Value>, TypeError> {
    match graph.op(node).family() {
        Family::Pointwise(_)
        | Family::Discrete(_)
        | Family::Compare(_)
        | Family::Connect(_)
        | Family::Not
        | Family::Select
        | Family::Cast(_) => {}
        Family::View(_)
        | Family::Fold(_)
        | Family::ArgFold(_)
        | Family::Contract(_)
        | Family::Gather(_)
        | Family::ScatterAdd(_)
        | Family::Leaf(_)
        | Family::Composite(_) => return Ok(None),
    }
    let inputs: Vec<(Type, Vec<Constant>)> = graph
        .operands(node)
        .iter()
        .zip(splats)
        .map(|(operand, splat)| (Type::scalar(graph.ty(*operand).dtype), vec![splat.clone()]))
        .collect();
    let Some(values) = evaluate(graph.op(node), &inputs)? else {
        return Ok(None);
    };
    let ty = graph.ty(Value { node, result: 0 });
    let Some(value) = values.into_iter().next() else {
        return Ok(None);
    };
    Ok(Some(b.apply(
        Full {
            value,
            shape: ty.shape.clone(),
            dtype: ty.dtype,
        },
        &[],
    )?))
}

/// The elements of a small constant.
fn constant_elements(b: &Builder, value: Value) -> Option<(Type, Vec<Constant>)> {
    let ty = b.ty(value);
    if ty.elements() > MAX_ELEMENTS {
        return None;
    }
    if let Some(splat) = b.splat(value) {
        let count = ty.elements() as usize;
        return Some((ty, vec![splat; count]));
    }
    b.with_graph(|graph| {
        if let Op::Literal(literal) = graph.op(value.node) {
            return Some((ty.clone(), literal.elements.constants().collect()));
        }
        if let Op::Iota(iota) = graph.op(value.node) {
            let axis = usize::try_from(iota.axis).ok()?;
            let at = |at| Constant::integer(ty.shape.unravel(at)[axis]);
            let elements = (0..ty.elements()).map(at).collect();
            return Some((ty.clone(), elements));
        }
        None
    })
}

fn fold_tensors(
    b: &Builder,
    graph: &Graph,
    node: NodeId,
    operands: &Values,
) -> Result<Option<Value>, TypeError> {
    let ty = graph.ty(Value { node, result: 0 }).clone();
    if ty.elements() > MAX_ELEMENTS {
        return Ok(None);
    }
    let inputs: Option<Vec<_>> = operands.iter().map(|v| constant_elements(b, *v)).collect();
    let Some(inputs) = inputs else {
        return Ok(None);
    };
    let Some(values) = evaluate(graph.op(node), &inputs)? else {
        return Ok(None);
    };
    if let Some(first) = values.first().filter(|&v| values.iter().all(|w| w == v)) {
        return b.full(&ty, first).map(Some);
    }
    match Elements::from_constants(ty.dtype, ty.shape, &values) {
        Some(elements) => Ok(Some(b.apply(Literal { elements }, &[])?)),
        None => Ok(None),
    }
}

/// The single result of an op on constants, in the arithmetic of its dtype; `None` where that is
/// not known, or operands mix float dtypes in a way that one arithmetic cannot follow.
fn evaluate(op: &Op, inputs: &[(Type, Vec<Constant>)]) -> Result<Option<Vec<Constant>>, TypeError> {
    let b = Builder::new(Graph::new(), Span::SYNTHETIC);
    let mut operands = Vec::with_capacity(inputs.len());
    for (ty, _) in inputs {
        operands.push(b.apply(
            Input {
                dtype: ty.dtype,
                shape: ty.shape.clone(),
            },
            &[],
        )?);
    }
    let result = b.apply(op.clone(), &operands)?;
    b.edit(|graph| graph.add_output("y", result));
    let graph = b.finish();
    let single = inputs.iter().any(|(ty, _)| ty.dtype == DType::F32);
    let double = inputs.iter().any(|(ty, _)| ty.dtype == DType::F64);
    Ok(match (single, double) {
        (true, true) => None,
        (true, false) if graph.ty(result).dtype != DType::F64 => {
            run::<f32>(&graph, inputs, |x| f64::from(*x))
        }
        (_, _) => run::<f64>(&graph, inputs, |x| *x),
    })
}

fn run<S: Scalar<World = (), Mask = bool>>(
    graph: &Graph,
    inputs: &[(Type, Vec<Constant>)],
    widen: fn(&S) -> f64,
) -> Option<Vec<Constant>> {
    let tensors: Vec<Tensor<S>> = inputs
        .iter()
        .map(|(ty, values)| tensor(ty, values))
        .collect();
    let interpretation = interpret(graph, &(), &tensors).ok()?;
    let output = interpretation.outputs().into_iter().next()?.clone();
    match output.data {
        Data::Number(v) => Some(v.iter().map(|x| Constant::from_f64(widen(x))).collect()),
        Data::Int(v) => v
            .iter()
            .map(|x| x.value.ok().map(Constant::integer))
            .collect(),
        Data::Mask(v) => Some(v.iter().map(|m| Constant::integer(i64::from(*m))).collect()),
    }
}

fn tensor<S: Scalar<World = ()>>(ty: &Type, values: &[Constant]) -> Tensor<S> {
    if ty.dtype.is_float() {
        let elements = values
            .iter()
            .map(|value| S::constant(&(), ty.dtype, value))
            .collect();
        return Tensor::numbers(ty.clone(), elements);
    }
    let integers = values.iter().map(|value| value.as_i64().unwrap_or(0));
    if ty.dtype == DType::Bool {
        return Tensor::masks(Shape::clone(&ty.shape), integers.map(|value| value != 0));
    }
    Tensor::integers(ty.clone(), integers)
}
