//! Derivatives of loops and branches.
//!
//! The tangent of a scan is a scan that carries, beside each carried value whose tangent is not a
//! structural zero, that tangent. Which carried values these are is a fixpoint: a tangent reaches a
//! carried value from the operands, or in some turn from another carried value.
//!
//! The cotangent of a scan is a scan in the other direction. It carries the cotangents of carried
//! values (again a fixpoint) and, for each closed value, the sum of its cotangents so far; it takes the
//! cotangents of stacked results slice by slice and stacks those of stacked operands. What its turns
//! need of the first computation is taken from three places: slices and closed values are operands
//! again; what is cheap, does not change from turn to turn, or stands behind a barrier (`checkpoint`) is
//! computed again; the rest the first scan stacks as further results. So the first scan is replaced by
//! one that yields more: a [`Merge`], which [`merge`] carries out once the derivative is complete.
//!
//! The tangent and cotangent of a branch are branches, which compute what they need again.

mod branch;
mod forward;
mod merge;
mod reverse;

pub(super) use branch::{cond_jvp, cond_vjp};
pub(super) use forward::scan_jvp;
use merge::merge_all;
pub(super) use merge::{Merge, merge};
pub(super) use reverse::scan_vjp;

use super::integers::is_varying;
use super::{AutodiffError, Derivation, Sweep, inputs, sweep, tangents};
use crate::builder::Builder;
use crate::graph::{Graph, Output, Value};
use crate::op::{Input, Region, TypeError};
use crate::shape::Type;
use crate::span::Span;
use rustc_hash::{FxHashMap, FxHashSet};
use std::rc::Rc;

/// A body with a derivative appended: its inputs, then those of the derivative.
struct Inner {
    graph: Graph,
    /// The derivative of each output (forward mode) or of each of `wrt` (reverse mode), where it is
    /// no structural zero.
    parts: Vec<Option<Value>>,
}

impl Inner {
    fn of(
        derivation: Derivation,
        merges: &[Merge],
        parts: Vec<Option<Value>>,
    ) -> Result<Inner, AutodiffError> {
        let graph = derivation.builder.finish();
        // What is needed of it is taken from it, so nothing has to be left out.
        let (graph, remap) = merge_all(graph, merges)?;
        let moved = |part: Option<Value>| part.and_then(|part| remap.value(part));
        Ok(Inner {
            parts: parts.into_iter().map(moved).collect(),
            graph,
        })
    }

    /// Forward mode from the inputs `wrt`, with a tangent input for each.
    fn forward(body: &Graph, wrt: &[usize]) -> Result<Inner, AutodiffError> {
        let derivation = Derivation::forward(body, &inputs(body, wrt)?)?;
        let (known, merges) = tangents(&derivation)?;
        let outputs = derivation
            .builder
            .with_graph(|graph| graph.outputs().to_vec());
        let part = |output: &Output| known.get(&output.value).copied();
        let parts = outputs.iter().map(part).collect();
        Inner::of(derivation, &merges, parts)
    }

    /// Reverse mode from the outputs `of`, with a cotangent input for each.
    fn reverse(body: &Graph, of: &[usize], wrt: &[usize]) -> Result<Inner, AutodiffError> {
        let derivation = Derivation::reverse(body, of, &inputs(body, wrt)?)?;
        let seeds = derivation.seeds(of)?;
        let Sweep {
            mut cotangents,
            merges,
            ..
        } = sweep(&derivation, &seeds)?;
        let wrt = derivation.wrt.iter();
        let parts = wrt.map(|value| cotangents.settled(&derivation.builder, *value));
        let parts = parts.collect::<Result<_, _>>()?;
        Inner::of(derivation, &merges, parts)
    }
}

/// For each output of a graph, whether it depends on one of the inputs that are marked in a way by which cotangents
/// flow, where integers have any if `integers`.
fn reached(body: &Graph, marked: &[bool], integers: bool) -> Vec<bool> {
    let mut varying = vec![false; body.len()];
    for (input, marked) in body.inputs().iter().zip(marked) {
        varying[input.node.index()] = *marked;
    }
    for node in body.nodes() {
        if is_varying(body, node, &varying, integers) {
            varying[node.index()] = true;
        }
    }
    let reached = |output: &Output| {
        let dtype = body.ty(output.value).dtype;
        varying[output.value.node.index()] && (dtype.is_float() || integers && dtype.is_integer())
    };
    body.outputs().iter().map(reached).collect()
}

fn positions(marked: &[bool]) -> Vec<usize> {
    (0..marked.len()).filter(|&at| marked[at]).collect()
}

/// A body under construction: what it takes stands for values of the graph that it is taken from.
struct Excerpt<'g> {
    builder: Builder,
    source: &'g Graph,
    copies: FxHashMap<Value, Value>,
    outputs: FxHashSet<String>,
}

impl<'g> Excerpt<'g> {
    fn of(source: &'g Graph) -> Self {
        Excerpt {
            builder: Builder::new(Graph::like(source), Span::SYNTHETIC),
            source,
            copies: FxHashMap::default(),
            outputs: FxHashSet::default(),
        }
    }

    /// A parameter of a type.
    fn parameter(&self, ty: &Type, name: &str) -> Result<Value, TypeError> {
        let op = Input {
            dtype: ty.dtype,
            shape: ty.shape.clone(),
        };
        let input = self.builder.apply(op, &[])?;
        self.builder.edit(|graph| graph.set_name(input.node, name));
        Ok(input)
    }

    /// A parameter in the place of a value of the source.
    fn takes(&mut self, value: Value, name: Option<&str>) -> Result<Value, TypeError> {
        let known = self.source.name(value.node);
        let name = name.or(known).unwrap_or("v").replace(['.', '[', ']'], "_");
        let input = self.parameter(self.source.ty(value), &name)?;
        if let Some(range) = self.source.range(value.node) {
            self.builder
                .edit(|graph| graph.set_range(input.node, range));
        }
        self.copies.insert(value, input);
        Ok(input)
    }

    /// Copies what `values` need, and returns their copies.
    fn computes(&mut self, values: &[Value]) -> Result<Vec<Value>, TypeError> {
        let mut needed = vec![false; self.source.len()];
        let mark = |needed: &mut [bool], copies: &FxHashMap<Value, Value>, value: &Value| {
            if !copies.contains_key(value) {
                needed[value.node.index()] = true;
            }
        };
        for value in values {
            mark(&mut needed, &self.copies, value);
        }
        for node in self.source.nodes().rev() {
            if needed[node.index()] {
                for operand in self.source.operands(node) {
                    mark(&mut needed, &self.copies, &operand);
                }
            }
        }
        for node in self.source.nodes().filter(|node| needed[node.index()]) {
            let operands = self.copied(&self.source.operands(node))?;
            let copy = self
                .builder
                .edit(|new| new.copy_node(self.source, node, &operands))?;
            for value in self.source.results(node) {
                let copy = Value {
                    node: copy,
                    ..value
                };
                self.copies.entry(value).or_insert(copy);
            }
        }
        self.copied(values)
    }

    fn copied(&self, values: &[Value]) -> Result<Vec<Value>, TypeError> {
        let missing = || TypeError::new("a body reads a value that it is not given");
        let copy = |value: &Value| self.copies.get(value).copied().ok_or_else(missing);
        values.iter().map(copy).collect()
    }

    /// Declares a result, by a name that no other has.
    fn yields(&mut self, name: &str, value: Value) {
        let mut name = name.replace(['.', '[', ']'], "_");
        while !self.outputs.insert(name.clone()) {
            name.push('_');
        }
        self.builder.edit(|graph| graph.add_output(name, value));
    }

    fn finish(self) -> Graph {
        self.builder.finish()
    }
}

fn name_of(graph: &Graph, value: Value) -> &str {
    graph.name(value.node).unwrap_or("v")
}

fn made(name: String, doc: &[String], body: Graph) -> Rc<Region> {
    Rc::new(Region::made(name, doc.to_vec(), body))
}
