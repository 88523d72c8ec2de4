//! Regions: a graph within a graph, called as one op.
//!
//! Ordinary calls are expanded when a file is elaborated and leave nothing behind. A call stays a
//! node of its own where its derivative is not that of its expansion: where the called graph states
//! its own rule, or where `checkpoint` asks that what the derivative needs be computed again. It is
//! a composite op like others: its meaning and its forward mode are those of its body, so that the
//! interpreters, the laws and lowering see what it expands to; only its VJP is its own. The second
//! derivative of a call is the derivative of what the first has emitted, so that of a rule is the
//! derivative of the rule.
//!
//! [`Barrier`] stands between what a checkpointed call has kept, its operands, and what is computed
//! from them again: without it, that would be merged with the first computation.

use super::attribute::{AttrError, AttrValue, Attributes};
use super::family::{Composite, Family};
use super::leaf::Input;
use super::macros::op;
use super::spec::{Accepts, Described, OpDef, Spec, TypeError, Types, single};
use crate::autodiff::{AutodiffError, pulled_back};
use crate::builder::Builder;
use crate::graph::{Graph, NodeId, Value};
use crate::op::Op;
use crate::shape::Type;
use crate::span::Span;
use crate::verify::verify;
use smallvec::SmallVec;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

op! {
    /// x itself, which no pass sees through: what is computed from the result is not merged with
    /// what is computed from x, nor fused with what computes x. `checkpoint` puts it before what it
    /// computes again. It costs nothing at run time.
    Barrier = "barrier"(x)
    examples ["(x: f32[4]) -> barrier(x) * x"]
}
impl OpDef for Barrier {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        Accepts::Anything.require("barrier", 0, operands[0])?;
        Ok(single(operands[0].clone()))
    }
}

/// How a region is differentiated in reverse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pullback {
    /// By a rule of its own.
    Rule(Stated),
    /// As by a rule, but by one that is meant to differ from the derivative of the body, so that nothing
    /// compares them.
    Surrogate(Stated),
    /// By its derived rule, on values that are computed again from the operands.
    Recompute,
    /// By its derived rule, on the values that it computes: the body of a scan or a branch.
    Derived,
}

/// A rule that a graph states, and whose cotangents it is about: those of all floats, of no truth values, and of the
/// integers that it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stated {
    /// From the operands, the results and the cotangents of results to the cotangents of operands.
    pub rule: Graph,
    /// For each operand, whether the rule yields its cotangent.
    pub operands: Vec<bool>,
    /// For each result, whether the rule takes its cotangent.
    pub results: Vec<bool>,
}

impl Stated {
    /// A rule for a body that is about floats only.
    pub fn of_floats(rule: Graph, body: &Graph) -> Stated {
        let is_float = |value: Value| body.ty(value).dtype.is_float();
        Stated {
            rule,
            operands: body.inputs().iter().copied().map(is_float).collect(),
            results: outputs(body).map(is_float).collect(),
        }
    }

    /// Whether it names the cotangents of integers of a body.
    fn names_integers(&self, body: &Graph) -> bool {
        let operands = self.operands.iter().zip(body.inputs().iter().copied());
        let mut all = operands.chain(self.results.iter().zip(outputs(body)));
        all.any(|(named, value)| *named && body.ty(value).dtype.is_integer())
    }

    /// What it takes and yields, if it is about what a rule for `body` can be about.
    fn interface(&self, body: &Graph) -> Option<(Vec<Type>, Vec<Type>)> {
        let operands = types_of(body, body.inputs().iter().copied());
        let results = types_of(body, outputs(body));
        let owed = named(&operands, &self.operands)?;
        let cotangents = named(&results, &self.results)?;
        Some(([operands, results, cotangents].concat(), owed))
    }
}

/// The types that have names, if all floats have one and no truth value has.
fn named(types: &[Type], names: &[bool]) -> Option<Vec<Type>> {
    let fits = |(ty, named): (&Type, &bool)| ty.dtype.is_integer() || *named == ty.dtype.is_float();
    let all = || types.iter().zip(names);
    let fits = types.len() == names.len() && all().all(fits);
    fits.then(|| {
        all()
            .filter(|(_, named)| **named)
            .map(|(ty, _)| ty.clone())
            .collect()
    })
}

/// A graph that is called as one op. Its graphs verify, and have no `inout` parameters.
pub struct Region {
    name: String,
    doc: Vec<String>,
    body: Graph,
    pullback: Pullback,
    expanded: usize,
    /// Whether rules name cotangents of integers: its own, or those of what it calls.
    names_integers: bool,
    /// Whether derivatives are taken in the body, or in what it calls, that may have conditions.
    states_conditions: bool,
}

impl Region {
    /// A region.
    ///
    /// # Errors
    /// The body or the rule does not verify, or the rule does not take and yield what it must.
    pub fn new(
        name: impl Into<String>,
        doc: Vec<String>,
        body: Graph,
        pullback: Pullback,
    ) -> Result<Region, TypeError> {
        let broken = |violation: crate::verify::Violation| TypeError::new(violation.to_string());
        verify(&body).map_err(broken)?;
        if let Pullback::Rule(stated) | Pullback::Surrogate(stated) = &pullback {
            let rule = &stated.rule;
            verify(rule).map_err(broken)?;
            let takes: Vec<Type> = types_of(rule, rule.inputs().iter().copied());
            let yields = types_of(rule, outputs(rule));
            if stated.interface(&body) != Some((takes, yields)) {
                let message = "a rule takes operands, results and cotangents of the results, and yields \
                               cotangents of the operands: of all that are floats, and of some integers";
                return Err(TypeError::new(message));
            }
        }
        Ok(Region::of(name.into(), doc, body, pullback))
    }

    fn of(name: String, doc: Vec<String>, body: Graph, pullback: Pullback) -> Region {
        let own = match &pullback {
            Pullback::Rule(stated) | Pullback::Surrogate(stated) => stated.names_integers(&body),
            Pullback::Recompute | Pullback::Derived => false,
        };
        Region {
            name,
            doc,
            expanded: body.expanded_len(),
            names_integers: own || names_integers(&body),
            states_conditions: body.nodes().any(|node| states_conditions(&body, node)),
            body,
            pullback,
        }
    }

    /// The body of a scan or branch that a pass or a derivative has made, which whoever verifies the
    /// graph around it verifies too.
    pub(crate) fn made(name: impl Into<String>, doc: Vec<String>, body: Graph) -> Region {
        Region::of(name.into(), doc, body, Pullback::Derived)
    }

    /// The same region with another body, which computes the same.
    pub(crate) fn with_body(&self, body: Graph) -> Region {
        let (name, doc) = (self.name.clone(), self.doc.clone());
        Region::of(name, doc, body, self.pullback.clone())
    }

    /// The same region with another graph for its rule, if it states one, which computes the same.
    pub(crate) fn with_rule(&self, rule: Graph) -> Region {
        let with = |stated: &Stated| Stated {
            rule,
            ..stated.clone()
        };
        let pullback = match &self.pullback {
            Pullback::Rule(stated) => Pullback::Rule(with(stated)),
            Pullback::Surrogate(stated) => Pullback::Surrogate(with(stated)),
            Pullback::Recompute => Pullback::Recompute,
            Pullback::Derived => Pullback::Derived,
        };
        let (name, doc) = (self.name.clone(), self.doc.clone());
        Region::of(name, doc, self.body.clone(), pullback)
    }

    /// The name, for readers: that of the graph that is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The doc comment, line by line.
    pub fn doc(&self) -> &[String] {
        &self.doc
    }

    /// What it computes.
    pub fn body(&self) -> &Graph {
        &self.body
    }

    /// How it is differentiated in reverse.
    pub fn pullback(&self) -> &Pullback {
        &self.pullback
    }

    /// The rule that it states, if it states one.
    pub fn stated(&self) -> Option<&Stated> {
        match &self.pullback {
            Pullback::Rule(stated) | Pullback::Surrogate(stated) => Some(stated),
            Pullback::Recompute | Pullback::Derived => None,
        }
    }

    /// The graph of the rule that it states, if it states one.
    pub fn rule(&self) -> Option<&Graph> {
        self.stated().map(|stated| &stated.rule)
    }

    /// Whether the rule that it states names cotangents of integers.
    pub fn states_integers(&self) -> bool {
        let stated = self.stated();
        stated.is_some_and(|stated| stated.names_integers(&self.body))
    }

    /// Whether its rule does, or that of a region that its body calls.
    pub fn names_integers(&self) -> bool {
        self.names_integers
    }

    /// Whether its rule is meant to differ from the derivative.
    pub fn is_surrogate(&self) -> bool {
        match &self.pullback {
            Pullback::Surrogate(_) => true,
            Pullback::Rule(_) | Pullback::Recompute | Pullback::Derived => false,
        }
    }

    /// A graph that calls the region: its inputs and outputs are those of the body.
    ///
    /// # Errors
    /// None: a region takes what its body takes.
    pub fn called(region: &Rc<Region>, span: Span) -> Result<Graph, TypeError> {
        let body = &region.body;
        let builder = Builder::new(Graph::new(), span);
        let mut arguments: Vec<Value> = Vec::with_capacity(body.inputs().len());
        for input in body.inputs() {
            builder.set_span(body.span(input.node));
            let ty = body.ty(*input);
            let op = Input {
                dtype: ty.dtype,
                shape: ty.shape.clone(),
            };
            let argument = builder.apply(op, &[])?;
            let name = body.name(input.node).unwrap_or_default();
            builder.edit(|graph| graph.set_name(argument.node, name));
            arguments.push(argument);
        }
        builder.set_span(span);
        let region = region.clone();
        let results = builder.apply_all(Call { region }, &arguments)?;
        let mut graph = builder.finish();
        for (output, value) in body.outputs().iter().zip(results) {
            graph.add_output(&output.name, value);
        }
        Ok(graph)
    }

    /// How many nodes it comes to once calls within it are expanded, too.
    pub fn expanded_len(&self) -> usize {
        self.expanded
    }
}

fn outputs(graph: &Graph) -> impl Iterator<Item = Value> + '_ {
    graph.outputs().iter().map(|output| output.value)
}

fn types_of(graph: &Graph, values: impl Iterator<Item = Value>) -> Vec<Type> {
    values.map(|value| graph.ty(value).clone()).collect()
}

/// Whether a rule of a region that a graph calls, or runs, names cotangents of integers.
pub(crate) fn names_integers(graph: &Graph) -> bool {
    let names = |node| {
        graph
            .op(node)
            .regions()
            .iter()
            .any(|region| region.names_integers)
    };
    graph.nodes().any(names)
}

/// Whether a derivative that is taken in a graph passes through a node that may have conditions, or through one in what
/// the node calls or runs.
pub(crate) fn states_conditions(graph: &Graph, node: NodeId) -> bool {
    let op = graph.op(node);
    let regions = op.regions();
    let is_composite = matches!(op.family(), Family::Composite(_));
    // What a choice leaves out has no conditions.
    let is_choice = matches!(op.family(), Family::Select);
    let has_conditions =
        is_composite || is_choice || !regions.is_empty() || !op.guards().is_empty();
    (graph.differentiation(node).is_some() && has_conditions)
        || regions.iter().any(|region| region.states_conditions)
}

/// Not the whole graphs: a graph is looked at by printing it.
impl std::fmt::Debug for Region {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let rule = self.rule().map(Graph::len);
        let body = self.body.len();
        f.debug_struct("Region")
            .field("body", &body)
            .field("rule", &rule)
            .finish()
    }
}

/// Regions are shared, and compare by what they hold only where they are not the same.
impl PartialEq for Region {
    fn eq(&self, other: &Region) -> bool {
        std::ptr::eq(self, other)
            || (self.name == other.name
                && self.expanded == other.expanded
                && self.doc == other.doc
                && self.body == other.body
                && self.pullback == other.pullback)
    }
}

impl Eq for Region {}

impl Hash for Region {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
        self.expanded.hash(state);
    }
}

/// A call of a [`Region`], on the leaves of its arguments.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Call {
    /// What is called.
    pub region: Rc<Region>,
}

/// The one op whose attribute is no constant, so that the macro cannot write this. In texts it is a
/// call of a graph with a `vjp` of its own, or of `checkpoint(f)`.
impl Described for Call {
    const SPEC: Spec = Spec {
        name: "call",
        operands: &[],
        variadic: true,
        optional: false,
        results: &[],
        attributes: &[],
        doc: "A call that is differentiated as one op: of a graph that states a `vjp` of its own, \
              by that; of `checkpoint(f)`, on values that are computed again from the operands, \
              instead of being kept. It computes what the called graph computes. It is written as \
              the call that it is, never by this name.\n",
        examples: &[
            "(x: f32[4]) -> checkpoint(tanh)(x)",
            "(x: f32[2, 3], y: f32[2, 3]) -> checkpoint(div)(x, y * y + 1)",
        ],
    };

    fn attributes(&self) -> SmallVec<[(&'static str, AttrValue); 2]> {
        SmallVec::new()
    }

    fn from_attributes(_attributes: &Attributes<'_>) -> Result<Self, AttrError> {
        Err(AttrError::Missing {
            op: Self::SPEC.name,
            name: "region",
            kind: "a graph, called by its name",
        })
    }
}

impl OpDef for Call {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        let body = &self.region.body;
        let name = &self.region.name;
        if operands.len() != body.inputs().len() {
            let (takes, given) = (body.inputs().len(), operands.len());
            let message = format!("`{name}` takes {takes} tensors, got {given}");
            return Err(TypeError::new(message));
        }
        for (position, (input, given)) in body.inputs().iter().zip(operands).enumerate() {
            let wanted = body.ty(*input);
            if wanted != *given {
                let message = format!("`{name}` takes {wanted} here, not {given}");
                return Err(TypeError::new(message).at(position));
            }
        }
        Ok(types_of(body, outputs(body)).into())
    }
}

impl Composite for Call {
    fn keeps_halves(&self) -> bool {
        true
    }
    fn decompose(
        &self,
        builder: &Builder,
        operands: &[Value],
    ) -> Result<SmallVec<[Value; 2]>, TypeError> {
        Ok(builder.inline(&self.region.body, operands)?.into())
    }

    fn has_vjp(&self) -> bool {
        true
    }

    fn vjp(
        &self,
        builder: &Builder,
        operands: &[Value],
        results: &[Value],
        cotangents: &[Option<Value>],
    ) -> Option<Result<Vec<Option<Value>>, TypeError>> {
        let all = |_: usize| true;
        let parts = self.pulled_back(builder, operands, (results, cotangents), &all);
        Some(parts.map_err(AutodiffError::into_type_error))
    }

    fn has_jvp(&self) -> bool {
        !self.region.states_integers()
    }
}

impl Call {
    /// The cotangents of the operands, from the results with theirs. Of a call without a rule, those of integers are
    /// only asked for where they are wanted: they may lead to an op that has none.
    ///
    /// # Errors
    /// An op of the derivative does not type-check, or has none.
    pub(crate) fn pulled_back(
        &self,
        builder: &Builder,
        operands: &[Value],
        (results, cotangents): (&[Value], &[Option<Value>]),
        wanted: &dyn Fn(usize) -> bool,
    ) -> Result<Vec<Option<Value>>, AutodiffError> {
        let body = &self.region.body;
        if let Some(stated) = self.region.stated() {
            let parts = apply_rule(builder, stated, operands, (results, cotangents))?;
            return Ok(spread(&stated.operands, parts));
        }
        let is_asked = |(at, input): (usize, &Value)| {
            let dtype = body.ty(*input).dtype;
            dtype.is_float() || dtype.is_integer() && wanted(at)
        };
        let asked: Vec<bool> = body.inputs().iter().enumerate().map(is_asked).collect();
        let parts = recompute(builder, body, &asked, (operands, cotangents))?;
        Ok(spread(&asked, parts))
    }
}

/// Gives each operand that has a cotangent its own, in order.
fn spread(has: &[bool], parts: Vec<Value>) -> Vec<Option<Value>> {
    let mut parts = parts.into_iter();
    let part = |has: &bool| if *has { parts.next() } else { None };
    has.iter().map(part).collect()
}

fn apply_rule(
    builder: &Builder,
    stated: &Stated,
    operands: &[Value],
    (results, cotangents): (&[Value], &[Option<Value>]),
) -> Result<Vec<Value>, TypeError> {
    let mut arguments = [operands, results].concat();
    for ((result, cotangent), has) in results.iter().zip(cotangents).zip(&stated.results) {
        if *has {
            arguments.push(match cotangent {
                Some(cotangent) => *cotangent,
                None => builder.integer_like(*result, 0)?,
            });
        }
    }
    builder.inline(&stated.rule, &arguments)
}

/// The derived VJP by the operands that are `asked` for, on copies of the operands behind barriers. Constants need
/// none: what is computed from them alone is folded away.
fn recompute(
    builder: &Builder,
    body: &Graph,
    asked: &[bool],
    (operands, cotangents): (&[Value], &[Option<Value>]),
) -> Result<Vec<Value>, AutodiffError> {
    let wrt: Vec<usize> = (0..asked.len()).filter(|at| asked[*at]).collect();
    let seeded = |position: &usize| cotangents.get(*position).copied().flatten().is_some();
    let of: Vec<usize> = (0..cotangents.len()).filter(seeded).collect();
    let body = builder.with_graph(|graph| body.clone().constants_as_in(graph));
    let backward = pulled_back(&body, &of, &wrt)?;
    let mut arguments = Vec::with_capacity(operands.len() + of.len());
    for operand in operands {
        arguments.push(match builder.splat(*operand) {
            Some(_) => *operand,
            None => builder.apply(Barrier {}, &[*operand])?,
        });
    }
    arguments.extend(cotangents.iter().copied().flatten());
    let results = builder.inline(&backward, &arguments)?;
    Ok(results[results.len() - wrt.len()..].to_vec())
}

impl Op {
    /// The region that is called, if the op is a call.
    pub fn region(&self) -> Option<&Rc<Region>> {
        if let Op::Call(call) = self {
            Some(&call.region)
        } else {
            None
        }
    }
}
