//! Calls that stay calls: graphs with a `vjp` block, and `checkpoint(f)`.
//!
//! An instance of such a function has one node beside its inputs, a call of a
//! [`Region`](crate::op::Region), so that callers and derivatives inline that and nothing else has
//! to know. What a graph with a `vjp` block computes inside is not named from outside: it is one op.

use super::attribute::Choice;
use super::call::{Args, Attrs};
use super::function::{Instance, Named};
use super::inside::Run;
use super::path::Names;
use super::value::{Function, Val};
use super::{Elaborator, Reported, count};
use crate::diag::{Code, Diagnostic};
use crate::dtype::DType;
use crate::lang::ast::{self, Ident};
use crate::op::{Pullback, Region, Stated};
use crate::rewrite::region_without_hypothetical;
use crate::span::Span;
use std::rc::Rc;

/// Whether each leaf is named, given whether each tree is.
fn of_leaves(of: &Named, named: &[bool]) -> Vec<bool> {
    let of = of.iter().zip(named);
    let leaves = of.flat_map(|((_, tree), named)| std::iter::repeat_n(*named, tree.leaf_count()));
    leaves.collect()
}

impl<'a> Elaborator<'a> {
    /// The instance of a graph that states its own derivative.
    pub(super) fn ruled(
        &mut self,
        graph: &'a ast::Graph,
        rule: &'a ast::Rule,
        choice: Choice,
        instance: Instance,
    ) -> Result<Instance, Reported> {
        if instance.graph.outputs().is_empty() {
            return Ok(instance);
        }
        if let Some(inout) = graph.params.iter().find_map(|param| param.inout) {
            let message = "a graph that updates in place cannot state a derivative";
            return Err(self.report(
                Diagnostic::error(Code::BadRule, message)
                    .primary(rule.span, "")
                    .secondary(inout, "updated in place")
                    .help("move what is to be differentiated into a graph of its own"),
            ));
        }
        let names = (&rule.cotangents, rule.cotangents_span);
        let results = self.cotangents("result", &instance.results, names)?;
        let names = (&rule.gradients, rule.gradients_span);
        let operands = self.cotangents("parameter", &instance.params, names)?;
        let params = instance.params.iter().chain(&instance.results);
        let cotangents = instance
            .results
            .iter()
            .zip(&results)
            .filter(|(_, has)| **has);
        let arguments = params.chain(cotangents.map(|(result, _)| result));
        let arguments = arguments.map(|(_, tree)| tree.clone());
        let stated = self.body(&rule.graph, choice, arguments.collect())?;
        let doc = super::doc(&graph.docs);
        let order = instance.order.max(stated.order);
        let stated = Stated {
            rule: stated.graph.clone(),
            operands: of_leaves(&instance.params, &operands),
            results: of_leaves(&instance.results, &results),
        };
        let pullback = match rule.surrogate {
            Some(_) => Pullback::Surrogate(stated),
            None => Pullback::Rule(stated),
        };
        let region = Region::new(&graph.name.name, doc, instance.graph.clone(), pullback);
        let region = region.map_err(|error| self.type_error(&error, rule.span, &[]))?;
        let region = Rc::new(region);
        let stated = region_without_hypothetical(&region);
        let stated = stated.map_err(|error| self.type_error(&error, rule.span, &[]))?;
        self.rules.push(stated);
        let called = Region::called(&region, graph.span);
        Ok(Instance {
            graph: called.map_err(|error| self.type_error(&error, rule.span, &[]))?,
            order,
            names: Names::None,
            ..instance
        })
    }

    /// Which cotangents are named of what is listed: those of floats are, those of integers may be, and of truth values
    /// there are none. What has no name is `_`.
    fn cotangents(
        &mut self,
        what: &str,
        of: &Named,
        (names, span): (&Vec<Ident>, Span),
    ) -> Result<Vec<bool>, Reported> {
        if names.len() != of.len() {
            let (have, want) = (count(names.len(), "name"), count(of.len(), what));
            let message = format!("{have} for the cotangents of {want}");
            return Err(self.report(
                Diagnostic::error(Code::BadRule, message)
                    .primary(span, "")
                    .help("write `_` for what has no cotangent, such as truth values, or integers"),
            ));
        }
        let mut named = Vec::with_capacity(of.len());
        for ((param, tree), name) in of.iter().zip(names) {
            let leaves = tree.leaves(param);
            let count =
                |of: &dyn Fn(DType) -> bool| leaves.iter().filter(|(_, ty)| of(ty.dtype)).count();
            let floats = count(&DType::is_float);
            let numbers = floats + count(&DType::is_integer);
            let is_named = name.name != "_";
            let problem = match (floats, is_named) {
                (0, false) => {
                    named.push(false);
                    continue;
                }
                (_, true) if numbers == leaves.len() && numbers > 0 => {
                    named.push(true);
                    continue;
                }
                (0, true) if numbers == 0 => (
                    format!("the {what} `{param}` of type {tree} has no cotangent"),
                    "write `_` in its place",
                ),
                (_, false) => (
                    format!("the {what} `{param}` of type {tree} has a cotangent"),
                    "name it here; where the rule does not use or need it, zeros are `0 * …`",
                ),
                (_, true) => (
                    format!(
                        "the {what} `{param}` of type {tree} has leaves with and without \
                         cotangents"
                    ),
                    "pass its numbers apart from its truth values",
                ),
            };
            let (message, help) = problem;
            return Err(self.report(
                Diagnostic::error(Code::BadRule, message)
                    .primary(name.span, "")
                    .help(help),
            ));
        }
        Ok(named)
    }

    /// `checkpoint(f)`: the function, not yet applied.
    pub(super) fn checkpoint(
        &mut self,
        args: Args,
        attributes: &Attrs,
        span: Span,
    ) -> Result<Val, Reported> {
        if let Some((attribute, _)) = attributes.first() {
            let message = "`checkpoint` takes no attributes";
            return Err(self.report(
                Diagnostic::error(Code::BadAttribute, message).primary(attribute.span, ""),
            ));
        }
        let [(callee, callee_span)] = <[(Val, Span); 1]>::try_from(args).map_err(|_| {
            self.report(
                Diagnostic::error(Code::ArgumentCount, "`checkpoint` takes one function")
                    .primary(span, "")
                    .help("it yields a function, which is then called: `checkpoint(f)(x)`"),
            )
        })?;
        let of = self.function(callee, callee_span)?;
        Ok(Val::Function(Rc::new(Function::Checkpoint { of })))
    }

    /// The instance of a function that keeps nothing for its derivative but its arguments.
    pub(super) fn checkpointed(
        &mut self,
        function: &Function,
        instance: &Rc<Instance>,
        span: Span,
    ) -> Result<Instance, Reported> {
        if instance.graph.outputs().is_empty() {
            return Ok(Instance::clone(instance));
        }
        let (name, doc) = self.describe(function);
        let region = Region::new(name, doc, instance.graph.clone(), Pullback::Recompute);
        let called = region.and_then(|region| Region::called(&Rc::new(region), span));
        Ok(Instance {
            graph: called.map_err(|error| self.type_error(&error, span, &[]))?,
            names: Names::Runs(vec![Run {
                name: self.base_name(function),
                of: instance.clone(),
                order: None,
                turns: None,
                carries: 0,
            }]),
            ..Instance::clone(instance)
        })
    }

    /// A name for a function, and its doc comment.
    pub(super) fn describe(&self, function: &Function) -> (String, Vec<String>) {
        let (mut prefix, mut at) = (String::new(), function);
        loop {
            let (transform, of) = match at {
                Function::Graph { index, .. } => {
                    let graph = self.graphs[*index];
                    let doc = if prefix.is_empty() {
                        super::doc(&graph.docs)
                    } else {
                        Vec::new()
                    };
                    return (prefix + &graph.name.name, doc);
                }
                Function::Op(name) => return (prefix + name, Vec::new()),
                Function::Checkpoint { of } => ("", of),
                Function::Scan { of, .. } => ("scan_", of),
                Function::AssociativeScan { of, .. } => ("prefixes_", of),
                Function::Cond { then, .. } => ("cond_", then),
                Function::Gradient { of, .. } => ("grad_", of),
                Function::Vjp { of, .. } => ("vjp_", of),
                Function::Jvp { of, .. } => ("jvp_", of),
            };
            prefix += transform;
            at = of;
        }
    }
}
