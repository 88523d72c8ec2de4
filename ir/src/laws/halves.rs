//! Composite ops on halves, against themselves in f32.
//!
//! A composite op on halves is computed in f32 throughout, and so are its derivatives; what they yield is
//! rounded once. So each result, and each cotangent, lies among the halves next to what the same op yields
//! in f32. Other laws look at graphs as functions of real numbers, where a variance that overflows to
//! infinity, and a gradient that is 0 for it, cannot be seen.
//!
//! Operands are those that the op has in the graph, at points of every [`Scale`]; only where rounding in
//! f32 may yield anything, nothing is compared.

use super::derivatives::Derivatives;
use super::domain::Domain;
use super::outcome::{Outcome, Tally};
use super::point::{Point, Random};
use super::rules::{Effort, LawError, outputs};
use crate::autodiff;
use crate::builder::Builder;
use crate::generate::Scale;
use crate::graph::{Graph, NodeId};
use crate::half::Half;
use crate::interpret::{Data, Tensor, trace};
use crate::op::{Family, Input, Op};
use crate::scalar::{Interval, Logic};
use crate::shape::Type;
use crate::span::Span;

/// A composite op of a graph, on its own.
struct Alone {
    node: NodeId,
    /// Its results and the cotangents of its operands, as it stands in the graph.
    halves: Graph,
    /// The same of the op in f32.
    single: Graph,
    /// The types of the cotangents of its results.
    targets: Vec<Type>,
}

impl Alone {
    /// All that are to be computed in f32 from halves.
    fn all(graph: &Graph) -> Result<Vec<Alone>, LawError> {
        let takes_halves = |node: &NodeId| {
            let mut operands = graph.operands(*node).into_iter();
            let composite = matches!(
                graph.op(*node).family(), Family::Composite(op) if !op.keeps_halves()
            );
            composite && operands.any(|x| graph.ty(x).dtype.half().is_some())
        };
        let nodes = graph.nodes().filter(takes_halves);
        nodes.map(|node| Alone::new(graph, node)).collect()
    }

    fn new(graph: &Graph, node: NodeId) -> Result<Alone, LawError> {
        let operands = graph.operands(node).into_iter();
        let types: Vec<Type> = operands.map(|x| graph.ty(x).clone()).collect();
        let wide = types.iter().map(|ty| ty.with_dtype(ty.dtype.compute()));
        let wide: Vec<Type> = wide.collect();
        let op = graph.op(node);
        let (halves, targets) = with_cotangents(op, &types)?;
        let (single, _) = with_cotangents(op, &wide)?;
        Ok(Alone {
            node,
            halves,
            single,
            targets,
        })
    }

    /// Compares at operands that are given.
    fn compare(
        &self,
        operands: &[&Tensor<f32>],
        random: &mut Random,
        at: &dyn Fn() -> String,
        tally: &mut Tally,
    ) -> Result<(), LawError> {
        let mut inputs: Vec<Tensor<f32>> = operands.iter().map(|x| (*x).clone()).collect();
        inputs.extend(Point::direction(&self.targets, random).tensors::<f32>());
        let found = outputs::<f32>(&self.halves, &inputs)?;
        let wide: Vec<Tensor<Interval>> = inputs.iter().map(enclosed).collect();
        let bounds = outputs::<Interval>(&self.single, &wide)?;
        for (result, (found, bounds)) in found.iter().zip(&bounds).enumerate() {
            let Some(half) = found.ty.dtype.half() else {
                continue;
            };
            let pairs = found.as_numbers().iter().zip(bounds.as_numbers());
            for (element, (x, bound)) in pairs.enumerate() {
                // Nothing is known of what lies anywhere.
                if bound.is_anything() || !bound.width().is_finite() {
                    continue;
                }
                let wrong = !among(half, f64::from(*x), bound);
                tally.settle(wrong.then(|| {
                    let name = &self.halves.outputs()[result].name;
                    format!(
                        "`{name}` of `{}`, element {element}, is {x}, and in f32 from {} to {}, {}",
                        self.halves_op(),
                        bound.low,
                        bound.high,
                        at()
                    )
                }));
            }
        }
        Ok(())
    }

    fn halves_op(&self) -> &'static str {
        let node = self
            .halves
            .nodes()
            .find(|node| matches!(self.halves.op(*node).family(), Family::Composite(_)));
        node.map_or("?", |node| self.halves.op(node).spec().name)
    }
}

/// Whether a half is one next to a number of an enclosure.
fn among(half: Half, x: f64, bound: &Interval) -> bool {
    half.round(bound.low) <= x && x <= half.round(bound.high)
}

/// An op on inputs of these types, with the cotangents of its float operands; and the types of the
/// cotangents that it is given.
fn with_cotangents(op: &Op, types: &[Type]) -> Result<(Graph, Vec<Type>), LawError> {
    let builder = Builder::new(Graph::new(), Span::SYNTHETIC);
    let mut operands = Vec::with_capacity(types.len());
    for Type { dtype, shape } in types {
        let (dtype, shape) = (*dtype, shape.clone());
        operands.push(builder.apply(Input { dtype, shape }, &[])?);
    }
    let results = builder.apply_all(op.clone(), &operands)?;
    let mut targets = Vec::new();
    for (position, result) in results.into_iter().enumerate() {
        let ty = builder.ty(result);
        if ty.dtype.is_float() {
            targets.push(ty);
        }
        builder.edit(|graph| graph.add_output(format!("result {position}"), result));
    }
    let is_float = |position: &usize| types[*position].dtype.is_float();
    let wrt: Vec<usize> = (0..types.len()).filter(is_float).collect();
    Ok((autodiff::vjp(&builder.finish(), &wrt)?, targets))
}

fn enclosed(tensor: &Tensor<f32>) -> Tensor<Interval> {
    let dtype = tensor.ty.dtype.compute();
    let ty = tensor.ty.with_dtype(dtype);
    let data = match &tensor.data {
        Data::Number(x) => Data::Number(
            x.iter()
                .map(|x| Interval::point(dtype, f64::from(*x)))
                .collect(),
        ),
        Data::Int(x) => Data::Int(x.clone()),
        Data::Mask(x) => Data::Mask(x.iter().map(|truth| Logic::known(Ok(*truth))).collect()),
    };
    Tensor { ty, data }
}

/// Each composite op on halves, at points of every scale.
pub(super) fn composites_on_halves(d: &Derivatives, effort: Effort) -> Result<Outcome, LawError> {
    let all = Alone::all(&d.graph)?;
    if all.is_empty() {
        return Ok(Outcome::Vacuous("no composite op on halves"));
    }
    compare_all(d, &all, effort)
}

fn compare_all(d: &Derivatives, all: &[Alone], effort: Effort) -> Result<Outcome, LawError> {
    let mut random = Random(effort.seed);
    let (mut domain, mut tally) = (Domain::of(&d.graph)?, Tally::default());
    for _ in 0..effort.points {
        let point = match domain.draw_enclosed(&mut random) {
            Ok(point) => point,
            Err(why) => {
                tally.skip(why);
                break;
            }
        };
        for scale in Scale::ALL {
            let point = point.at_scale(scale, domain.ranges());
            let values = match trace::<f32>(&d.graph, &(), &point.tensors()) {
                Ok(values) => values,
                Err(_) => continue,
            };
            let at = || format!("at {}", point.describe());
            for alone in all {
                let operands = d.graph.operands(alone.node).into_iter();
                let operands: Option<Vec<_>> = operands.map(|x| values.value(x)).collect();
                let mut of_op = Tally::default();
                if let Some(operands) = operands {
                    alone.compare(&operands, &mut random, &at, &mut of_op)?;
                }
                of_op.matters(true);
                tally.merge(of_op);
            }
        }
    }
    Ok(tally.outcome())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Output;
    use crate::lang::example;
    use crate::op::{Abs, Greater, Select};

    const EFFORT: Effort = Effort::at(3, 1);

    fn derivatives(text: &str) -> Derivatives {
        Derivatives::of(&example(text).unwrap().graph).unwrap()
    }

    #[test]
    fn norms_losses_and_attention_hold() {
        for text in [
            "(x: f16[3, 8], g: f16[8], b: f16[8]) -> layer_norm(x, g, b)",
            "(x: bf16[3, 8], g: bf16[8]) -> rms_norm(x, g)",
            "(x: f16[4, 3], t: f16[4, 3]) -> mse(softmax(x), t)",
            "(q: f16[3, 2], k: f16[4, 2], v: f16[4, 3]) -> scaled_dot_product_attention(q, k, v)",
        ] {
            let outcome = composites_on_halves(&derivatives(text), EFFORT).unwrap();
            assert_eq!(outcome, Outcome::Proved, "{text}");
        }
        let none = composites_on_halves(&derivatives("(x: f16[3]) -> x * x"), EFFORT).unwrap();
        assert!(none.is_skipped());
    }

    /// The cotangent of the first operand, with zeros where that operand is larger than 255.
    fn cut_off(graph: &Graph) -> Graph {
        let mut outputs = graph.outputs().to_vec();
        let (x, ct) = (graph.inputs()[0], outputs[1].value);
        let builder = Builder::new(graph.clone(), Span::SYNTHETIC);
        let limit = builder.integer_like(x, 255).unwrap();
        let size = builder.apply(Abs {}, &[x]).unwrap();
        let beyond = builder.apply(Greater {}, &[size, limit]).unwrap();
        let zero = builder.integer_like(ct, 0).unwrap();
        let value = builder.apply(Select {}, &[beyond, zero, ct]).unwrap();
        let name = outputs[1].name.clone();
        outputs[1] = Output { name, value };
        builder.edit(|graph| graph.set_outputs(outputs));
        builder.finish()
    }

    #[test]
    fn a_gradient_that_is_lost_at_large_scale_is_found() {
        let d = derivatives("(x: f16[3, 8], g: f16[8], b: f16[8]) -> layer_norm(x, g, b)");
        let mut all = Alone::all(&d.graph).unwrap();
        all[0].halves = cut_off(&all[0].halves);
        let Outcome::Failed(what) = compare_all(&d, &all, EFFORT).unwrap() else {
            panic!("it is not found")
        };
        assert!(what.contains("`d_0` of `layer_norm`"), "{what}");
    }

    #[test]
    fn an_adjoint_that_is_computed_in_halves_is_found() {
        let d = derivatives("(x: f16[3, 8], g: f16[8]) -> rms_norm(x, g)");
        let mut all = Alone::all(&d.graph).unwrap();
        // The rule of the op on halves themselves, which rounds the mean of squares to one.
        let graph = &all[0].halves;
        let builder = Builder::new(Graph::new(), Span::SYNTHETIC);
        let input = |at: usize| {
            let Type { dtype, shape } = graph.ty(graph.inputs()[at]).clone();
            builder.apply(Input { dtype, shape }, &[]).unwrap()
        };
        let (x, g, ct) = (input(0), input(1), input(2));
        let op = d.graph.op(all[0].node);
        let y = builder.apply(op.clone(), &[x, g]).unwrap();
        let Family::Composite(composite) = op.family() else {
            panic!("it is no composite")
        };
        let parts = composite.vjp(&builder, &[x, g], &[y], &[Some(ct)]).unwrap();
        let parts = parts.unwrap().into_iter().flatten();
        for (name, value) in ["y", "d_x", "d_g"]
            .into_iter()
            .zip([y].into_iter().chain(parts))
        {
            builder.edit(|graph| graph.add_output(name, value));
        }
        all[0].halves = builder.finish();
        assert!(compare_all(&d, &all, EFFORT).unwrap().is_failure());
    }
}
