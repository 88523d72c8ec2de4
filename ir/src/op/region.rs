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
use super::family::Composite;
use super::leaf::Input;
use super::macros::op;
use super::spec::{Accepts, Described, OpDef, Spec, TypeError, Types, single};
use crate::autodiff::{AutodiffError, pullback};
use crate::builder::Builder;
use crate::graph::{Graph, Value};
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
    /// By a rule of its own: a graph from the operands, the results and a cotangent for each float
    /// result to a cotangent for each float operand.
    Rule(Graph),
    /// As by a rule, but by one that is meant to differ from the derivative of the body, so that nothing
    /// compares them.
    Surrogate(Graph),
    /// By its derived rule, on values that are computed again from the operands.
    Recompute,
    /// By its derived rule, on the values that it computes: the body of a scan or a branch.
    Derived,
}

/// A graph that is called as one op. Its graphs verify, and have no `inout` parameters.
pub struct Region {
    name: String,
    doc: Vec<String>,
    body: Graph,
    pullback: Pullback,
    expanded: usize,
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
        if let Pullback::Rule(rule) | Pullback::Surrogate(rule) = &pullback {
            verify(rule).map_err(broken)?;
            let takes: Vec<Type> = types_of(rule, rule.inputs().iter().copied());
            let yields = types_of(rule, outputs(rule));
            let (wanted, owed) = interface(&body);
            if takes != wanted || yields != owed {
                let message = "a rule takes operands, results and cotangents of the float results, \
                               and yields cotangents of the float operands";
                return Err(TypeError::new(message));
            }
        }
        Ok(Region {
            name: name.into(),
            doc,
            expanded: body.expanded_len(),
            body,
            pullback,
        })
    }

    /// The body of a scan or branch that a pass or a derivative has made, which whoever verifies the
    /// graph around it verifies too.
    pub(crate) fn made(name: impl Into<String>, doc: Vec<String>, body: Graph) -> Region {
        Region {
            name: name.into(),
            doc,
            expanded: body.expanded_len(),
            body,
            pullback: Pullback::Derived,
        }
    }

    /// The same region with another body, which computes the same.
    pub(crate) fn with_body(&self, body: Graph) -> Region {
        Region {
            name: self.name.clone(),
            doc: self.doc.clone(),
            expanded: body.expanded_len(),
            body,
            pullback: self.pullback.clone(),
        }
    }

    /// The same region with another rule of its own, which computes the same.
    pub(crate) fn with_rule(&self, rule: Graph) -> Region {
        Region {
            name: self.name.clone(),
            doc: self.doc.clone(),
            expanded: self.expanded,
            body: self.body.clone(),
            pullback: Pullback::Rule(rule),
        }
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
    pub fn rule(&self) -> Option<&Graph> {
        match &self.pullback {
            Pullback::Rule(rule) | Pullback::Surrogate(rule) => Some(rule),
            Pullback::Recompute | Pullback::Derived => None,
        }
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

/// What a rule for `body` takes and yields.
fn interface(body: &Graph) -> (Vec<Type>, Vec<Type>) {
    let operands = types_of(body, body.inputs().iter().copied());
    let results = types_of(body, outputs(body));
    let floats = |types: &[Type]| -> Vec<Type> {
        let floats = types.iter().filter(|ty| ty.dtype.is_float());
        floats.cloned().collect()
    };
    let (owed, cotangents) = (floats(&operands), floats(&results));
    ([operands, results, cotangents].concat(), owed)
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
        let parts = match &self.region.pullback {
            Pullback::Rule(rule) | Pullback::Surrogate(rule) => {
                apply_rule(builder, rule, operands, results, cotangents)
            }
            Pullback::Recompute | Pullback::Derived => {
                recompute(builder, &self.region.body, operands, cotangents)
            }
        };
        Some(parts.map(|parts| spread(builder, operands, parts)))
    }
}

/// Gives each float operand its cotangent, in order.
fn spread(builder: &Builder, operands: &[Value], parts: Vec<Value>) -> Vec<Option<Value>> {
    let mut parts = parts.into_iter();
    let float = |operand: &Value| builder.ty(*operand).dtype.is_float();
    let part = |operand| if float(operand) { parts.next() } else { None };
    operands.iter().map(part).collect()
}

fn apply_rule(
    builder: &Builder,
    rule: &Graph,
    operands: &[Value],
    results: &[Value],
    cotangents: &[Option<Value>],
) -> Result<Vec<Value>, TypeError> {
    let mut arguments = [operands, results].concat();
    for (result, cotangent) in results.iter().zip(cotangents) {
        if builder.ty(*result).dtype.is_float() {
            arguments.push(match cotangent {
                Some(cotangent) => *cotangent,
                None => builder.integer_like(*result, 0)?,
            });
        }
    }
    builder.inline(rule, &arguments)
}

/// The derived VJP, on copies of the operands behind barriers. Constants need none: what is computed
/// from them alone is folded away.
fn recompute(
    builder: &Builder,
    body: &Graph,
    operands: &[Value],
    cotangents: &[Option<Value>],
) -> Result<Vec<Value>, TypeError> {
    let is_float = |value: &Value| body.ty(*value).dtype.is_float();
    let inputs = body.inputs().iter().enumerate();
    let wrt: Vec<usize> = inputs
        .filter(|(_, v)| is_float(v))
        .map(|(i, _)| i)
        .collect();
    let seeded = |position: &usize| cotangents.get(*position).copied().flatten().is_some();
    let of: Vec<usize> = (0..cotangents.len()).filter(seeded).collect();
    let body = builder.with_graph(|graph| body.clone().constants_as_in(graph));
    let backward = pullback(&body, &of, &wrt).map_err(|error| match error {
        AutodiffError::Type(error) => error,
        AutodiffError::Undefined(_)
        | AutodiffError::NotDecomposed(_)
        | AutodiffError::NotScalar(_)
        | AutodiffError::Missing(_) => TypeError::new(error.to_string()),
    })?;
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
