//! Automatic differentiation: from a graph to a graph.
//!
//! Both modes only append ops to a copy of the graph. [`vjp`] sweeps ids downwards and accumulates
//! contributions as a left-nested sum in sweep order; [`jvp`] follows ids upwards. Since the result
//! is an ordinary graph, derivatives of derivatives are the same calls again. Composite ops without
//! a rule of their own are decomposed first; truth values have no derivative, and integers only where a
//! rule names their cotangents (`integers.rs`). A call of a region is such an op: the sweep applies its
//! rule, or computes again what its derivative needs.
//!
//! Derivatives are with respect to any values, not just inputs. The cotangent of an intermediate
//! value h is the gradient by a number that is added to h, where all that reads h reads the sum; its
//! tangent is that number's. Since the sweep passes by all cotangents on its way, those of
//! intermediate values cost nothing beyond what they are.
//!
//! Values inside of loops, branches and calls are those of other graphs: see `place.rs`. What a branch that is
//! not taken contributes is 0 by structure: see `cotangent.rs`.

mod contract;
mod cotangent;
mod error;
mod integers;
pub(crate) mod mask;
#[cfg(test)]
pub(crate) mod mutation;
mod place;
mod prefix;
mod region;
mod rules;
mod traced;

pub use error::AutodiffError;
pub use integers::Carriers;
pub use place::{Place, Way, gradient_at, jvp_at, vjp_at};
pub use traced::{Traced, TracedMask, Tracer};

use crate::builder::Builder;
use crate::constant::Constant;
use crate::dtype::DType;
use crate::graph::{Graph, NodeId, Output, Remap, Value};
use crate::op::{Composite, Family, Input, Op, expansion, names_integers};
use crate::rewrite::{decompose, isolate};
use crate::shape::Type;
use crate::span::Span;
use cotangent::{Cotangent, Cotangents};
use region::{Merge, merge};
use rules::{Adjoints, Parts, Site, plus};
use rustc_hash::FxHashMap;

/// A derivative, with what became of the values of the graph that was differentiated.
#[derive(Clone, Debug)]
pub struct Derived {
    /// The graph itself, with the derivative's inputs, ops and outputs appended.
    pub graph: Graph,
    /// Where the values of the original stand in it.
    pub remap: Remap,
    /// The nodes in it that the derivative passes through, and those that decide by floats which way it takes: what
    /// their ops need is what the derivative needs.
    pub passed: Vec<NodeId>,
}

/// A graph under differentiation: the original's ops, copied, with derivatives appended.
#[derive(Debug)]
struct Derivation {
    builder: Builder,
    /// Nodes with an id below this are the original's.
    forward: usize,
    /// Where the values of the original stand.
    remap: Remap,
    /// The copies of the values with respect to which the derivative is taken.
    wrt: Vec<Value>,
    /// Whether integers have cotangents.
    integers: bool,
}

impl Derivation {
    /// For forward mode.
    fn forward(graph: &Graph, wrt: &[Value]) -> Result<Self, AutodiffError> {
        let is_integer = |value: &&Value| {
            let ty = graph.get_type(**value);
            ty.is_some_and(|ty| ty.dtype.is_integer())
        };
        match wrt.iter().find(is_integer) {
            Some(value) => Err(no_derivative(graph.ty(*value))),
            None => Derivation::new(graph, wrt, &|composite| !composite.has_jvp()),
        }
    }

    /// For reverse mode from the outputs `of`.
    fn reverse(graph: &Graph, of: &[usize], wrt: &[Value]) -> Result<Self, AutodiffError> {
        let derivation = Derivation::new(graph, wrt, &|composite| composite.has_vjp())?;
        let outputs = of.iter().filter_map(|at| graph.outputs().get(*at));
        let mut outputs = outputs.map(|output| graph.ty(output.value).dtype);
        Ok(Derivation {
            integers: names_integers(graph) || outputs.any(|dtype| dtype.is_integer()),
            ..derivation
        })
    }

    fn new(
        graph: &Graph,
        wrt: &[Value],
        keep: &dyn Fn(&dyn Composite) -> bool,
    ) -> Result<Self, AutodiffError> {
        let is_composite = |value: &Value| {
            let op = graph.get_type(*value).map(|_| graph.op(value.node));
            op.is_some_and(|op| matches!(op.family(), Family::Composite(_)))
        };
        let (copy, remap) = if wrt.iter().any(is_composite) {
            let (isolated, first) = isolate(graph, wrt, keep)?;
            let (copy, second) = decompose(&isolated, keep)?;
            (copy, first.then(&second))
        } else {
            decompose(graph, keep)?
        };
        let wrt = wrt.iter().map(|value| copy_of(graph, &remap, *value));
        let wrt = wrt.collect::<Result<_, _>>()?;
        let forward = copy.len();
        let builder = Builder::new(copy, Span::SYNTHETIC);
        builder.applies_rules();
        Ok(Derivation {
            builder,
            forward,
            remap,
            wrt,
            integers: false,
        })
    }

    fn finish(self, merges: &[Merge], passed: &[NodeId]) -> Result<Derived, AutodiffError> {
        let (graph, moved) = merge(self.builder.finish(), self.forward, merges)?;
        let first = |node: &NodeId| Value {
            node: *node,
            result: 0,
        };
        let passed = passed.iter().filter_map(|node| moved.value(first(node)));
        Ok(Derived {
            passed: passed.map(|value| value.node).collect(),
            remap: self.remap.then(&moved),
            graph,
        })
    }

    /// Appends an input for the cotangent of each of the outputs `of`.
    fn seeds(&self, of: &[usize]) -> Result<Vec<(Value, Value)>, AutodiffError> {
        let outputs: Vec<Output> = self.builder.with_graph(|graph| graph.outputs().to_vec());
        let seed = |position: &usize| {
            let missing = || AutodiffError::Missing(format!("output number {position}"));
            let Output { name, value } = outputs.get(*position).ok_or_else(missing)?;
            let seed = self.derivative_input(*value, &format!("ct_{name}"))?;
            Ok((*value, seed))
        };
        of.iter().map(seed).collect()
    }

    fn nodes(&self) -> impl DoubleEndedIterator<Item = NodeId> + use<> {
        self.builder.with_graph(Graph::nodes).take(self.forward)
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

    /// For each original node, whether a result of it depends on one of `sources` in a way by which cotangents flow.
    fn varying(&self, sources: &[Value]) -> Vec<bool> {
        self.builder.with_graph(|graph| {
            let mut varying = vec![false; self.forward];
            for source in sources {
                varying[source.node.index()] = true;
            }
            for node in graph.nodes().take(self.forward) {
                if integers::is_varying(graph, node, &varying, self.integers) {
                    varying[node.index()] = true;
                }
            }
            varying
        })
    }

    /// The original nodes that vary and that floats among `of` have a derivative by.
    fn on_the_way(&self, varying: &[bool], of: &[Value]) -> Vec<NodeId> {
        let needed = self.builder.with_graph(|graph| {
            needed_by(graph, of, &|node, operand| {
                !graph.op(node).is_step() && graph.ty(operand).dtype.is_float()
            })
        });
        let is_passed = |node: &NodeId| varying[node.index()] && needed[node.index()];
        self.nodes().filter(is_passed).collect()
    }

    /// The original nodes that are constant but for jumps, and decide by floats that vary what `of` depends on.
    fn decisions(&self, varying: &[bool], of: &[Value]) -> Vec<NodeId> {
        self.builder.with_graph(|graph| {
            let needed = needed_by(graph, of, &|node, _| {
                !matches!(graph.op(node), Op::StopGradient(_))
            });
            let varies = |operand: &Value| {
                varying[operand.node.index()] && graph.ty(*operand).dtype.is_float()
            };
            let decides = |node: &NodeId| {
                graph.op(*node).is_step()
                    && needed[node.index()]
                    && graph.operands(*node).iter().any(varies)
            };
            graph.nodes().take(self.forward).filter(decides).collect()
        })
    }
}

/// For each node, whether `of` depends on it by operands that `reads` holds for.
fn needed_by(graph: &Graph, of: &[Value], reads: &dyn Fn(NodeId, Value) -> bool) -> Vec<bool> {
    let mut needed = vec![false; graph.len()];
    for value in of {
        needed[value.node.index()] = true;
    }
    for node in graph.nodes().rev() {
        if needed[node.index()] {
            for operand in graph.operands(node) {
                needed[operand.node.index()] |= reads(node, operand);
            }
        }
    }
    needed
}

/// A sweep over nodes downwards: from the cotangents of some values to those of every value on the way
/// to what varies.
struct Sweep<'a> {
    builder: &'a Builder,
    /// For each node, whether a derivative flows through it.
    varying: Vec<bool>,
    /// Whether integers have cotangents.
    integers: bool,
    cotangents: Cotangents,
    /// The nodes that are to be merged.
    merges: Vec<Merge>,
    /// The nodes that a cotangent reached.
    passed: Vec<NodeId>,
}

/// Sweeps the original nodes: from the cotangents in `seeds` to those of every value on the way to `wrt`.
fn sweep<'a>(
    derivation: &'a Derivation,
    seeds: &[(Value, Value)],
) -> Result<Sweep<'a>, AutodiffError> {
    let builder = &derivation.builder;
    let mut sweep = Sweep {
        builder,
        varying: derivation.varying(&derivation.wrt),
        integers: derivation.integers,
        cotangents: Cotangents::default(),
        merges: Vec::new(),
        passed: Vec::new(),
    };
    for (value, seed) in seeds {
        let seed = Cotangent::plain(*seed);
        sweep.cotangents.accumulate(builder, *value, seed)?;
    }
    for node in derivation.nodes().rev() {
        sweep.visit(node)?;
    }
    Ok(sweep)
}

impl Sweep<'_> {
    /// Adds what a node contributes to the cotangents of its operands.
    fn visit(&mut self, node: NodeId) -> Result<(), AutodiffError> {
        if !self.varying[node.index()] {
            return Ok(());
        }
        let builder = self.builder;
        let site = Site::of(builder, node);
        let results = site.results.iter();
        let incoming: Adjoints = results.map(|result| self.cotangents.get(*result)).collect();
        if incoming.iter().all(Option::is_none) {
            return Ok(());
        }
        self.passed.push(node);
        name_cotangent(&mut self.cotangents, builder, node, incoming[0]);
        builder.set_span(builder.with_graph(|graph| graph.span(node)));
        let mut incoming = incoming;
        if !rules::passes_masks(builder, &site) {
            for cotangent in incoming.iter_mut().flatten() {
                *cotangent = self.cotangents.settle(builder, *cotangent)?;
            }
        }
        if rules::comes_apart(builder, &site, &incoming)? {
            return self.visit_inside(&site, &incoming);
        }
        let (varying, integers) = (&self.varying, self.integers);
        let wanted = |at: usize| {
            let operand = site.operands[at];
            let flows = |graph: &Graph| integers::flows(graph, node, (at, operand), integers);
            varying[operand.node.index()] && builder.with_graph(flows)
        };
        integers::check(builder, (node, &site), &incoming, &wanted)?;
        let (parts, merge) = rules::vjp(builder, (node, &site), &incoming, &wanted)?;
        #[cfg(test)]
        let parts = mutation::parts(builder, &site, parts)?;
        for (operand, part) in parts.into_iter().enumerate() {
            if let Some(part) = part.filter(|_| wanted(operand)) {
                let of = site.operands[operand];
                self.cotangents.accumulate(builder, of, part)?;
            }
        }
        self.merges.extend(merge);
        Ok(())
    }

    /// As [`Sweep::visit`], of what a composite op decomposes into. Composites nest a few levels deep.
    fn visit_inside(&mut self, site: &Site, incoming: &Adjoints) -> Result<(), AutodiffError> {
        let builder = self.builder;
        let Family::Composite(composite) = site.op.family() else {
            return Ok(());
        };
        let types: Vec<Type> = site.results.iter().map(|x| builder.ty(*x)).collect();
        let first = builder.with_graph(Graph::len);
        let values = expansion(composite, builder, &site.operands, &types)?;
        let inside: Vec<NodeId> = builder.with_graph(|graph| graph.nodes().skip(first).collect());
        self.varying.resize(first, false);
        for node in &inside {
            let flows = builder.with_graph(|graph| {
                integers::is_varying(graph, *node, &self.varying, self.integers)
            });
            self.varying.push(flows);
        }
        for (value, cotangent) in values.iter().zip(incoming) {
            if let Some(cotangent) = cotangent {
                self.cotangents.accumulate(builder, *value, *cotangent)?;
            }
        }
        inside
            .into_iter()
            .rev()
            .try_for_each(|node| self.visit(node))
    }
}

/// Names the cotangent of a named value `h` `d_h`, for readers.
fn name_cotangent(
    cotangents: &mut Cotangents,
    builder: &Builder,
    node: NodeId,
    cotangent: Option<Cotangent>,
) {
    let name = builder.with_graph(|graph| graph.name(node).map(|name| format!("d_{name}")));
    if let (Some(name), Some(cotangent)) = (name, cotangent) {
        cotangents.name(builder, cotangent, &name.replace('.', "_"));
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

/// The copy of a value of the original, which must be a number.
fn copy_of(graph: &Graph, remap: &Remap, value: Value) -> Result<Value, AutodiffError> {
    let copy = graph.get_type(value).zip(remap.value(value));
    let (ty, copy) = copy.ok_or_else(|| AutodiffError::Missing("such value".into()))?;
    if ty.dtype == DType::Bool {
        Err(no_derivative(ty))
    } else {
        Ok(copy)
    }
}

fn no_derivative(ty: &Type) -> AutodiffError {
    AutodiffError::Missing(format!("derivative with respect to a value of type {ty}"))
}

/// An error unless a derivative can be by all of these values.
fn check_wrt(graph: &Graph, wrt: &[Value]) -> Result<(), AutodiffError> {
    let is_integer = |value: &Value| {
        let ty = graph.get_type(*value);
        ty.is_some_and(|ty| ty.dtype.is_integer())
    };
    if !wrt.iter().any(is_integer) {
        return Ok(());
    }
    let carriers = Carriers::of(graph);
    let mut none = wrt
        .iter()
        .filter(|x| is_integer(x) && !carriers.has(graph, **x));
    match none.next() {
        Some(value) => Err(no_derivative(graph.ty(*value))),
        None => Ok(()),
    }
}

/// The inputs at `positions`.
fn inputs(graph: &Graph, positions: &[usize]) -> Result<Vec<Value>, AutodiffError> {
    let input = |position: &usize| {
        let input = graph.inputs().get(*position).copied();
        input.ok_or_else(|| AutodiffError::Missing(format!("input number {position}")))
    };
    positions.iter().map(input).collect()
}

/// Appends the sweep's cotangents of `wrt` to the outputs.
fn finish(derivation: Derivation, seeds: &[(Value, Value)]) -> Result<Derived, AutodiffError> {
    let Sweep {
        mut cotangents,
        merges,
        mut passed,
        varying,
        ..
    } = sweep(&derivation, seeds)?;
    let builder = &derivation.builder;
    // What composite ops are made of has served to take the derivative.
    passed.retain(|node| node.index() < derivation.forward);
    let seeded: Vec<Value> = seeds.iter().map(|(value, _)| *value).collect();
    passed.extend(derivation.decisions(&varying, &seeded));
    for (position, value) in derivation.wrt.iter().enumerate() {
        let cotangent = cotangents.settled(builder, *value)?;
        let cotangent = or_zeros(builder, cotangent, *value)?;
        let settled = Some(Cotangent::plain(cotangent));
        name_cotangent(&mut cotangents, builder, value.node, settled);
        let name = output_name(builder, "d", *value, position);
        builder.edit(|graph| graph.add_output(name, cotangent));
    }
    derivation.finish(&merges, &passed)
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

/// Reverse mode: `graph` with one more input per output that has a cotangent, that is each float and integers that
/// [carry](Carriers) one, in output order; and one more output per input position in `wrt`, that input's cotangent.
///
/// # Errors
/// `wrt` names an input that does not exist or has no cotangent; a cotangent of integers meets an op that passes none
/// on; a derivative op does not type-check.
pub fn vjp(graph: &Graph, wrt: &[usize]) -> Result<Graph, AutodiffError> {
    Ok(vjp_of(graph, &inputs(graph, wrt)?)?.graph)
}

/// As [`vjp`], with respect to any values of the graph that have a cotangent.
///
/// # Errors
/// As [`vjp`].
pub fn vjp_of(graph: &Graph, wrt: &[Value]) -> Result<Derived, AutodiffError> {
    check_wrt(graph, wrt)?;
    let carriers = Carriers::of(graph);
    let outputs = graph.outputs().iter().enumerate();
    let taking = outputs.filter(|(_, output)| carriers.takes(graph, output.value));
    let of: Vec<usize> = taking.map(|(position, _)| position).collect();
    pullback_of(graph, &of, wrt)
}

/// Reverse mode from some outputs only: `graph` with one more input per output position in `of`, its
/// cotangent, and one more output per input position in `wrt`, that input's cotangent.
///
/// # Errors
/// As [`vjp`]; `of` names an output that does not exist.
pub fn pullback(graph: &Graph, of: &[usize], wrt: &[usize]) -> Result<Graph, AutodiffError> {
    check_wrt(graph, &inputs(graph, wrt)?)?;
    pulled_back(graph, of, wrt)
}

/// As [`pullback`], also by integers that no rule speaks of: whoever asks for their cotangents has sorted out that.
pub(crate) fn pulled_back(
    graph: &Graph,
    of: &[usize],
    wrt: &[usize],
) -> Result<Graph, AutodiffError> {
    Ok(pullback_of(graph, of, &inputs(graph, wrt)?)?.graph)
}

fn pullback_of(graph: &Graph, of: &[usize], wrt: &[Value]) -> Result<Derived, AutodiffError> {
    let derivation = Derivation::reverse(graph, of, wrt)?;
    let seeds = derivation.seeds(of)?;
    finish(derivation, &seeds)
}

/// Reverse mode from some outputs and other values: `graph` with one more input for each, outputs first, its
/// cotangent, and one more output for each of `wrt`. What is given for a value is added to the cotangent that its users
/// lead to.
fn seeded(
    graph: &Graph,
    of: &[usize],
    wrt: &[Value],
    seeds: &[Value],
) -> Result<Derived, AutodiffError> {
    // A seed is that of what users see, as a cotangent is.
    let both = [wrt, seeds].concat();
    check_wrt(graph, &both)?;
    let mut derivation = Derivation::reverse(graph, of, &both)?;
    let copies = derivation.wrt.split_off(wrt.len());
    let mut pairs = derivation.seeds(of)?;
    for (position, value) in copies.into_iter().enumerate() {
        let name = input_name(&derivation.builder, value, position);
        let seed = derivation.derivative_input(value, &name)?;
        pairs.push((value, seed));
    }
    finish(derivation, &pairs)
}

/// A name for the seed of a value.
fn input_name(builder: &Builder, of: Value, position: usize) -> String {
    builder.with_graph(|graph| match graph.name(of.node) {
        Some(name) => format!("ct_{name}"),
        None => format!("ct_{position}"),
    })
}

/// The gradient: `graph` with one more output per input position in `wrt`, the derivative of the
/// float scalar output number `of` with respect to that input.
///
/// # Errors
/// Output `of` is no float scalar; otherwise as [`vjp`].
pub fn gradient(graph: &Graph, of: usize, wrt: &[usize]) -> Result<Graph, AutodiffError> {
    Ok(gradient_of(graph, of, &inputs(graph, wrt)?)?.graph)
}

/// As [`gradient`], with respect to any values of the graph that have a cotangent.
///
/// # Errors
/// As [`gradient`].
pub fn gradient_of(graph: &Graph, of: usize, wrt: &[Value]) -> Result<Derived, AutodiffError> {
    check_wrt(graph, wrt)?;
    let derivation = Derivation::reverse(graph, &[], wrt)?;
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
    finish(derivation, &[(output, one)])
}

/// Forward mode: `graph` with one more input per input position in `wrt`, its tangent, and one more
/// output per float output, its tangent (in output order).
///
/// # Errors
/// As [`vjp`]; `wrt` names an input that is no float, or a tangent reaches a call whose rule names cotangents of
/// integers.
pub fn jvp(graph: &Graph, wrt: &[usize]) -> Result<Graph, AutodiffError> {
    Ok(jvp_of(graph, &inputs(graph, wrt)?)?.graph)
}

/// As [`jvp`], with respect to any float values of the graph. The tangent that is given for an
/// intermediate value is added to the one that its operands lead to.
///
/// # Errors
/// As [`jvp`].
pub fn jvp_of(graph: &Graph, wrt: &[Value]) -> Result<Derived, AutodiffError> {
    let derivation = Derivation::forward(graph, wrt)?;
    let builder = &derivation.builder;
    let (tangents, merges) = tangents(&derivation)?;
    let outputs = builder.with_graph(|graph| graph.outputs().to_vec());
    let floats = outputs.iter().map(|output| output.value);
    let floats: Vec<Value> = floats
        .filter(|value| builder.ty(*value).dtype.is_float())
        .collect();
    let varying = derivation.varying(&derivation.wrt);
    let mut passed = derivation.on_the_way(&varying, &floats);
    passed.extend(derivation.decisions(&varying, &floats));
    for Output { name, value } in outputs {
        if builder.ty(value).dtype.is_float() {
            let tangent = or_zeros(builder, tangents.get(&value).copied(), value)?;
            builder.edit(|graph| graph.add_output(format!("t_{name}"), tangent));
        }
    }
    derivation.finish(&merges, &passed)
}

/// The tangents of the original's values, from an input for each of `wrt`. Also the nodes that are to
/// be merged.
fn tangents(
    derivation: &Derivation,
) -> Result<(FxHashMap<Value, Value>, Vec<Merge>), AutodiffError> {
    let builder = &derivation.builder;
    let mut tangents: FxHashMap<Value, Value> = FxHashMap::default();
    let mut merges = Vec::new();
    for value in &derivation.wrt {
        let name = output_name(builder, "t", *value, 0);
        let tangent = derivation.derivative_input(*value, &name)?;
        let sum = plus(builder, tangents.get(value).copied(), Some(tangent))?;
        tangents.extend(sum.map(|sum| (*value, sum)));
    }
    for node in derivation.nodes() {
        let site = Site::of(builder, node);
        let incoming: Parts = site
            .operands
            .iter()
            .map(|operand| tangents.get(operand).copied())
            .collect();
        builder.set_span(builder.with_graph(|graph| graph.span(node)));
        let (parts, merge) = rules::jvp(builder, (node, &site), &incoming)?;
        merges.extend(merge);
        for (result, part) in site.results.iter().zip(parts) {
            let sum = plus(builder, part, tangents.get(result).copied())?;
            tangents.extend(sum.map(|sum| (*result, sum)));
        }
    }
    Ok((tangents, merges))
}
