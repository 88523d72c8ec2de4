//! Automatic differentiation: from a graph to a graph.
//!
//! Both modes only append ops to a copy of the graph. [`vjp`] sweeps ids downwards and accumulates
//! contributions as a left-nested sum in sweep order; [`jvp`] follows ids upwards. Since the result
//! is an ordinary graph, derivatives of derivatives are the same calls again. Composite ops without
//! a rule of their own are decomposed first; integers and truth values have no derivative.

mod rules;
mod traced;

pub use traced::{Traced, TracedMask, Tracer};

use crate::builder::Builder;
use crate::constant::Constant;
use crate::graph::{Graph, NodeId, Output, Value};
use crate::op::{Composite, Input, TypeError};
use crate::rewrite::decompose;
use crate::scalar::Undefined;
use crate::span::Span;
use rules::{Parts, Site, plus};
use rustc_hash::FxHashMap;

/// Why a derivative could not be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AutodiffError {
    /// An op of the derivative does not type-check.
    #[error(transparent)]
    Type(#[from] TypeError),
    /// A rule has no value.
    #[error("a derivative rule has no value: {0}")]
    Undefined(&'static str),
    /// A composite op without a rule was left in the graph.
    #[error("`{0}` has no derivative rule and was not decomposed")]
    NotDecomposed(&'static str),
    /// The value to differentiate is no float scalar.
    #[error("only a float scalar has a gradient, not a value of type {0}")]
    NotScalar(String),
    /// The graph has no such input or output.
    #[error("there is no {0}")]
    Missing(String),
}

impl From<Undefined> for AutodiffError {
    fn from(undefined: Undefined) -> Self {
        AutodiffError::Undefined(undefined.0)
    }
}

/// A graph under differentiation: the original's ops, copied, with derivatives appended.
#[derive(Debug)]
struct Derivation {
    builder: Builder,
    /// Nodes with an id below this are the original's.
    forward: usize,
}

impl Derivation {
    fn new(graph: &Graph, keep: &dyn Fn(&dyn Composite) -> bool) -> Result<Self, AutodiffError> {
        let (copy, _) = decompose(graph, keep)?;
        let forward = copy.len();
        Ok(Derivation {
            builder: Builder::new(copy, Span::SYNTHETIC),
            forward,
        })
    }

    fn nodes(&self) -> impl DoubleEndedIterator<Item = NodeId> + use<> {
        self.builder.with_graph(Graph::nodes).take(self.forward)
    }

    /// The copy of input number `position`.
    fn input(&self, position: usize) -> Result<Value, AutodiffError> {
        self.builder
            .with_graph(|graph| graph.inputs().get(position).copied())
            .ok_or_else(|| AutodiffError::Missing(format!("input number {position}")))
    }

    /// Appends an input that carries a tangent or cotangent of `of`.
    fn derivative_input(&self, of: Value, name: &str) -> Result<Value, AutodiffError> {
        let ty = self.builder.ty(of);
        let input = self.builder.apply(
            Input {
                dtype: ty.dtype,
                shape: ty.shape,
            },
            &[],
        )?;
        self.builder.edit(|graph| graph.set_name(input.node, name));
        Ok(input)
    }

    /// For each original node, whether a float result of it depends on one of `sources`.
    fn varying(&self, sources: &[Value]) -> Vec<bool> {
        self.builder.with_graph(|graph| {
            let mut varying = vec![false; self.forward];
            for source in sources {
                varying[source.node.index()] = true;
            }
            for node in graph.nodes().take(self.forward) {
                let from_operand = |operand: &Value| {
                    varying[operand.node.index()] && graph.ty(*operand).dtype.is_float()
                };
                if graph.operands(node).iter().any(from_operand) {
                    varying[node.index()] = true;
                }
            }
            varying
        })
    }
}

/// The cotangents of values, as far as the sweep has come.
#[derive(Debug, Default)]
struct Cotangents(FxHashMap<Value, Value>);

impl Cotangents {
    fn accumulate(
        &mut self,
        builder: &Builder,
        of: Value,
        contribution: Value,
    ) -> Result<(), AutodiffError> {
        let sum = plus(builder, self.0.get(&of).copied(), Some(contribution))?;
        self.0.extend(sum.map(|sum| (of, sum)));
        Ok(())
    }
}

/// Sweeps the original nodes downwards: from the cotangents in `seeds` to those of every value on
/// the way to `wrt`.
fn sweep(
    derivation: &Derivation,
    seeds: &[(Value, Value)],
    wrt: &[Value],
) -> Result<Cotangents, AutodiffError> {
    let builder = &derivation.builder;
    let varying = derivation.varying(wrt);
    let mut cotangents = Cotangents::default();
    for (value, seed) in seeds {
        cotangents.accumulate(builder, *value, *seed)?;
    }
    for node in derivation.nodes().rev() {
        if !varying[node.index()] {
            continue;
        }
        let site = Site::of(builder, node);
        let incoming: Parts = site
            .results
            .iter()
            .map(|result| cotangents.0.get(result).copied())
            .collect();
        if incoming.iter().all(Option::is_none) {
            continue;
        }
        name_cotangent(builder, node, incoming.first().copied().flatten());
        builder.set_span(builder.with_graph(|graph| graph.span(node)));
        let wanted = |operand: usize| {
            let value = site.operands[operand];
            varying[value.node.index()] && builder.ty(value).dtype.is_float()
        };
        let parts = rules::vjp(builder, &site, &incoming, &wanted)?;
        for (operand, part) in parts.into_iter().enumerate() {
            if let Some(part) = part.filter(|_| wanted(operand)) {
                cotangents.accumulate(builder, site.operands[operand], part)?;
            }
        }
    }
    Ok(cotangents)
}

/// Names the cotangent of a named value `h` `d_h`, for readers.
fn name_cotangent(builder: &Builder, node: NodeId, cotangent: Option<Value>) {
    let name = builder.with_graph(|graph| graph.name(node).map(|name| format!("d_{name}")));
    if let (Some(name), Some(cotangent)) = (name, cotangent) {
        builder.edit(|graph| {
            if graph.name(cotangent.node).is_none() {
                graph.set_name(cotangent.node, &name.replace('.', "_"));
            }
        });
    }
}

/// Exact zeros of the type of `like`, for a derivative without a path.
fn or_zeros(
    builder: &Builder,
    derivative: Option<Value>,
    like: Value,
) -> Result<Value, AutodiffError> {
    match derivative {
        Some(derivative) => Ok(derivative),
        None => Ok(builder.integer_like(like, 0)?),
    }
}

/// The copies of the inputs at `positions`, which must be floats.
fn float_inputs(derivation: &Derivation, positions: &[usize]) -> Result<Vec<Value>, AutodiffError> {
    let float = |position: &usize| {
        let input = derivation.input(*position)?;
        let ty = derivation.builder.ty(input);
        if ty.dtype.is_float() {
            Ok(input)
        } else {
            Err(AutodiffError::Missing(format!(
                "derivative with respect to a value of type {ty}"
            )))
        }
    };
    positions.iter().map(float).collect()
}

/// Appends the sweep's cotangents of `wrt` to the outputs.
fn finish(
    derivation: Derivation,
    seeds: &[(Value, Value)],
    wrt: &[Value],
) -> Result<Graph, AutodiffError> {
    let cotangents = sweep(&derivation, seeds, wrt)?;
    let builder = derivation.builder;
    for (position, input) in wrt.iter().enumerate() {
        let cotangent = or_zeros(&builder, cotangents.0.get(input).copied(), *input)?;
        name_cotangent(&builder, input.node, Some(cotangent));
        let name = output_name(&builder, "d", *input, position);
        builder.edit(|graph| graph.add_output(name, cotangent));
    }
    Ok(builder.finish())
}

/// A name for the derivative of `of` that no output has yet.
fn output_name(builder: &Builder, prefix: &str, of: Value, position: usize) -> String {
    builder.with_graph(|graph| {
        let base = graph
            .name(of.node)
            .map_or_else(|| position.to_string(), str::to_string);
        let mut name = format!("{prefix}_{base}");
        while graph.outputs().iter().any(|output| output.name == name) {
            name.push('_');
        }
        name
    })
}

/// Reverse mode: `graph` with one more input per float output, its cotangent (in output order), and
/// one more output per input position in `wrt`, that input's cotangent.
///
/// # Errors
/// `wrt` names an input that does not exist or is no float; a derivative op does not type-check.
pub fn vjp(graph: &Graph, wrt: &[usize]) -> Result<Graph, AutodiffError> {
    let derivation = Derivation::new(graph, &|composite| composite.has_vjp())?;
    let inputs = float_inputs(&derivation, wrt)?;
    let outputs: Vec<Output> = derivation
        .builder
        .with_graph(|graph| graph.outputs().to_vec());
    let mut seeds = Vec::new();
    for Output { name, value } in outputs {
        if derivation.builder.ty(value).dtype.is_float() {
            let seed = derivation.derivative_input(value, &format!("ct_{name}"))?;
            seeds.push((value, seed));
        }
    }
    finish(derivation, &seeds, &inputs)
}

/// The gradient: `graph` with one more output per input position in `wrt`, the derivative of the
/// float scalar output number `of` with respect to that input.
///
/// # Errors
/// Output `of` is no float scalar; otherwise as [`vjp`].
pub fn gradient(graph: &Graph, of: usize, wrt: &[usize]) -> Result<Graph, AutodiffError> {
    let derivation = Derivation::new(graph, &|composite| composite.has_vjp())?;
    let inputs = float_inputs(&derivation, wrt)?;
    let builder = &derivation.builder;
    let output = builder
        .with_graph(|graph| graph.outputs().get(of).map(|output| output.value))
        .ok_or_else(|| AutodiffError::Missing(format!("output number {of}")))?;
    let ty = builder.ty(output);
    if !ty.dtype.is_float() || ty.shape.rank() != 0 {
        return Err(AutodiffError::NotScalar(ty.to_string()));
    }
    builder.set_span(builder.with_graph(|graph| graph.span(output.node)));
    let one = builder.full(&ty, &Constant::integer(1))?;
    finish(derivation, &[(output, one)], &inputs)
}

/// Forward mode: `graph` with one more input per input position in `wrt`, its tangent, and one more
/// output per float output, its tangent (in output order).
///
/// # Errors
/// As [`vjp`].
pub fn jvp(graph: &Graph, wrt: &[usize]) -> Result<Graph, AutodiffError> {
    let derivation = Derivation::new(graph, &|_| false)?;
    let inputs = float_inputs(&derivation, wrt)?;
    let builder = &derivation.builder;
    let mut tangents: FxHashMap<Value, Value> = FxHashMap::default();
    for input in inputs {
        let name = output_name(builder, "t", input, 0);
        tangents.insert(input, derivation.derivative_input(input, &name)?);
    }
    for node in derivation.nodes() {
        let site = Site::of(builder, node);
        let incoming: Parts = site
            .operands
            .iter()
            .map(|operand| tangents.get(operand).copied())
            .collect();
        builder.set_span(builder.with_graph(|graph| graph.span(node)));
        let parts = rules::jvp(builder, &site, &incoming)?;
        for (result, part) in site.results.iter().zip(parts) {
            tangents.extend(part.map(|part| (*result, part)));
        }
    }
    for Output { name, value } in builder.with_graph(|graph| graph.outputs().to_vec()) {
        if builder.ty(value).dtype.is_float() {
            let tangent = or_zeros(builder, tangents.get(&value).copied(), value)?;
            builder.edit(|graph| graph.add_output(format!("t_{name}"), tangent));
        }
    }
    Ok(derivation.builder.finish())
}
