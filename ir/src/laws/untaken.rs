//! Results that are not taken: whatever stands in them, nothing flows back to what they are made of, and
//! nothing forward.

use super::derivatives::Derivatives;
use super::point::Random;
use super::rules::{Effort, LawError, derivatives, outputs};
use crate::builder::Builder;
use crate::dtype::DType;
use crate::graph::{Graph, Output};
use crate::interpret::Tensor;
use crate::op::Input;
use crate::shape::Type;
use crate::span::Span;
use std::ops::Range;

/// A graph with its derivatives, some of whose inputs choose whether its results are taken.
pub(super) struct Choices {
    pub(super) d: Derivatives,
    /// The positions of these inputs.
    choices: Range<usize>,
}

impl Choices {
    /// The graph with a choice between each float result and 0.
    pub(super) fn of(graph: &Graph) -> Result<Self, LawError> {
        let d = Derivatives::of(&behind_choices(graph)?)?;
        let choices = graph.inputs().len()..d.graph.inputs().len();
        Ok(Choices { d, choices })
    }

    /// The reverse mode, as a graph.
    #[cfg(test)]
    pub(super) fn reversed(&self) -> Result<Self, LawError> {
        Ok(Choices {
            d: Derivatives::of(&self.d.vjp)?,
            choices: self.choices.clone(),
        })
    }
}

/// The graph with a choice between each float result and 0, by an input that comes after its own.
fn behind_choices(graph: &Graph) -> Result<Graph, LawError> {
    let b = Builder::new(graph.clone(), Span::SYNTHETIC);
    let mut chosen = Vec::with_capacity(graph.outputs().len());
    for Output { name, value } in graph.outputs() {
        let (name, ty) = (name.clone(), graph.ty(*value).clone());
        let value = if ty.dtype.is_float() {
            let (dtype, shape) = (DType::Bool, ty.shape);
            let taken = b.apply(Input { dtype, shape }, &[])?;
            b.select(taken, *value, b.integer_like(*value, 0)?)?
        } else {
            *value
        };
        chosen.push(Output { name, value });
    }
    b.edit(|graph| graph.set_outputs(chosen));
    Ok(b.finish())
}

/// A place where a graph of which no result is taken has a derivative other than zeros. Elements of its
/// inputs are drawn from {−1, −0, 0, 1, −∞, ∞, NaN}: points where ops are singular, tie or have no value.
pub(super) fn leak(of: &Choices, effort: Effort) -> Result<Option<String>, LawError> {
    const EDGES: [f32; 7] = [
        -1.0,
        -0.0,
        0.0,
        1.0,
        f32::NEG_INFINITY,
        f32::INFINITY,
        f32::NAN,
    ];
    let mut random = Random(effort.seed);
    let (d, inputs) = (&of.d, of.d.inputs());
    for _ in 0..4 * effort.points {
        let edge = |random: &mut Random| EDGES[random.within(0, 6) as usize];
        let mut point: Vec<Tensor<f32>> = Vec::new();
        for (position, ty) in inputs.iter().enumerate() {
            let count = ty.elements();
            point.push(if ty.dtype.is_float() {
                Tensor::numbers(ty.clone(), (0..count).map(|_| edge(&mut random)).collect())
            } else if ty.dtype == DType::Bool {
                let is_own = !of.choices.contains(&position);
                let truths = (0..count).map(|_| is_own && random.within(0, 1) == 1);
                Tensor::masks(ty.shape.clone(), truths)
            } else {
                Tensor::integers(ty.clone(), (0..count).map(|_| 0))
            });
        }
        for (what, graph, types) in [
            ("cotangent", &d.vjp, d.targets()),
            ("tangent", &d.jvp, d.sources()),
        ] {
            let mut all = point.clone();
            all.extend(types.into_iter().map(ones));
            let yielded = outputs::<f32>(graph, &all)?;
            let mut numbers = derivatives(d, &yielded).iter().flat_map(Tensor::as_numbers);
            if let Some(bad) = numbers.find(|x| **x != 0.0) {
                let shown: Vec<String> = point
                    .iter()
                    .map(|x| format!("{:?}", x.as_numbers()))
                    .collect();
                let at = shown.join(", ");
                return Ok(Some(format!(
                    "a {what} is {bad} where no result is taken, at {at}"
                )));
            }
        }
    }
    Ok(None)
}

fn ones(ty: Type) -> Tensor<f32> {
    let count = ty.elements() as usize;
    Tensor::numbers(ty, vec![1.0; count])
}
