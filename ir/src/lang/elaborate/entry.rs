//! Entries that are functions: `entry backward = vjp(network, wrt = all, ct = all)`.
//!
//! Their parameters and results, with their names and types, are those of the function. Such an entry is elaborated as
//! one would be that takes these parameters and calls the function.

use super::attribute::Choice;
use super::body::Body;
use super::function::Instance;
use super::value::{Function, Val};
use super::{Elaborator, Reported, Scope, doc};
use crate::diag::{Code, Diagnostic};
use crate::dtype::DType;
use crate::graph::{Graph, Value};
use crate::lang::ast;
use crate::module::{Entry, Param, Signature, Tree};
use crate::op::Input;
use crate::rewrite::without_hypothetical;
use crate::shape::Type;
use crate::span::Span;
use rustc_hash::FxHashSet;
use std::rc::Rc;

/// A type that a function takes, and what is said of it.
struct Taken {
    tree: Tree,
    doc: Vec<String>,
}

impl Taken {
    fn of(tree: Tree) -> Taken {
        let doc = Vec::new();
        Taken { tree, doc }
    }
}

impl<'a> Elaborator<'a> {
    /// An entry that is a function.
    pub(super) fn function_entry(&mut self, item: &'a ast::Entry) -> Result<Entry, Reported> {
        let span = self.ast.expr(item.function).span;
        let mut body = Body::new(&item.graph, Scope::new(self.ast));
        let val = self.expression(&mut body, item.function)?;
        let function = match val {
            Val::Function(_) | Val::Name(_) | Val::Instance(..) | Val::Error => {
                self.function(val, span)?
            }
            other => {
                let message = format!("an entry is a function, not {}", other.describe());
                return Err(self.report(
                    Diagnostic::error(Code::NotAFunction, message)
                        .primary(span, "")
                        .help("for example `entry slope = grad(loss, wrt = w)`"),
                ));
            }
        };
        let taken = self.taken(&function, span)?;
        let trees: Vec<Tree> = taken.iter().map(|taken| taken.tree.clone()).collect();
        let instance = self.instantiate(&function, trees, span, &[])?;
        let mut arguments = Vec::new();
        for input in instance.graph.inputs() {
            arguments.push(self.entry_input(&body, &instance.graph, *input, span)?);
        }
        self.inline(&body, &function, &instance, &arguments, span)?;
        let call = body.calls.borrow_mut().pop().ok_or(Reported)?;
        let mut whole = body.builder.finish();
        let shell = Instance {
            graph: whole.clone(),
            ..Instance::clone(&instance)
        };
        let mut names = FxHashSet::default();
        let results: Vec<Param> = named(&instance.results, &mut names);
        let paths = results
            .iter()
            .flat_map(|result| result.tree.leaves(&result.name));
        for ((name, _), output) in paths.zip(instance.graph.outputs()) {
            let value = call.value(&shell, output.value).ok_or(Reported)?;
            whole.add_output(name, value);
        }
        let mut params = named(&instance.params, &mut FxHashSet::default());
        for (param, taken) in params.iter_mut().zip(taken) {
            param.doc = taken.doc;
        }
        for param in params.iter().chain(&results) {
            self.check_bounded(&param.tree, span)?;
        }
        rename_inputs(&mut whole, &params);
        let signature = Signature { params, results };
        self.stripped(&item.graph, signature, whole)
    }

    /// The entry without what only conditions of derivatives speak of.
    pub(super) fn stripped(
        &mut self,
        graph: &ast::Graph,
        signature: Signature,
        whole: Graph,
    ) -> Result<Entry, Reported> {
        let stripped = without_hypothetical(&whole);
        let stripped = stripped.map_err(|error| self.type_error(&error, graph.span, &[]))?;
        let (expanded, hypotheses) = match stripped {
            Some(stripped) => (stripped, Some(whole)),
            None => (whole, None),
        };
        Ok(Entry {
            name: graph.name.name.clone(),
            doc: doc(&graph.docs),
            signature,
            graph: expanded,
            hypotheses,
            span: graph.span,
        })
    }

    /// An input of the entry for one of the function's.
    fn entry_input(
        &mut self,
        body: &Body<'a>,
        of: &Graph,
        input: Value,
        span: Span,
    ) -> Result<Value, Reported> {
        let ty = of.ty(input);
        let op = Input {
            dtype: ty.dtype,
            shape: ty.shape.clone(),
        };
        body.builder.set_span(of.span(input.node));
        let made = body.builder.apply(op, &[]);
        let made = made.map_err(|error| self.type_error(&error, span, &[]))?;
        if let Some(range) = of.range(input.node) {
            body.builder.edit(|graph| graph.set_range(made.node, range));
        }
        Ok(made)
    }

    fn check_bounded(&mut self, tree: &Tree, span: Span) -> Result<(), Reported> {
        let mut leaves = tree.leaves("").into_iter().map(|(_, leaf)| leaf);
        let Some(large) = leaves.find(|leaf| !leaf.is_bounded()) else {
            return Ok(());
        };
        let message = format!("a tensor of type {large} exceeds 2^40 bytes");
        Err(self.report(Diagnostic::error(Code::TooLarge, message).primary(span, "")))
    }

    /// What a function takes, where nobody calls it.
    fn taken(&mut self, function: &Rc<Function>, span: Span) -> Result<Vec<Taken>, Reported> {
        match &**function {
            Function::Graph {
                index,
                dims,
                attributes,
            } => self.taken_by_graph(*index, dims.as_deref(), attributes, span),
            Function::Gradient { of, .. } | Function::Checkpoint { of } => self.taken(of, span),
            Function::Cond { then, .. } => {
                let condition = Taken::of(Tree::Leaf(Type::scalar(DType::Bool)));
                let mut all = vec![condition];
                all.extend(self.taken(then, span)?);
                Ok(all)
            }
            Function::Vjp { of, ct, .. } => {
                let mut all = self.taken(of, span)?;
                let trees = all.iter().map(|taken| taken.tree.clone()).collect();
                let inner = self.instantiate(of, trees, span, &[])?;
                let wanted = self.cotangent_types(of, &inner, ct, span)?;
                all.extend(wanted.into_iter().map(|(_, tree)| Taken::of(tree)));
                Ok(all)
            }
            Function::Jvp { of, wrt } => {
                let mut all = self.taken(of, span)?;
                let trees = all.iter().map(|taken| taken.tree.clone()).collect();
                let inner = self.instantiate(of, trees, span, &[])?;
                let wanted = self.asked_types(of, &inner, wrt, span)?;
                all.extend(wanted.into_iter().map(|(_, tree)| Taken::of(tree)));
                Ok(all)
            }
            Function::Op(_) | Function::Scan { .. } | Function::AssociativeScan { .. } => {
                let message = "nothing says which types this function takes";
                Err(self.report(
                    Diagnostic::error(Code::UnknownDim, message)
                        .primary(
                            span,
                            "an exported function has no caller to infer them from",
                        )
                        .help("call it in a graph whose parameters have types, and export that"),
                ))
            }
        }
    }

    fn taken_by_graph(
        &mut self,
        index: usize,
        dims: Option<&[u64]>,
        attributes: &[(String, crate::op::AttrValue)],
        span: Span,
    ) -> Result<Vec<Taken>, Reported> {
        let graph = self.graphs[index];
        let dims = match dims {
            Some(given) => {
                let given = given
                    .iter()
                    .map(|dim| i64::try_from(*dim).unwrap_or(i64::MAX));
                let names = graph.value_dims().map(|dim| dim.name.clone());
                names.zip(given).collect()
            }
            None => self.entry_dims(graph)?,
        };
        let mut choice = Choice {
            dims,
            ..Choice::default()
        };
        let scope = self.choose_attributes(graph, &mut choice, attributes, span)?;
        let mut all = Vec::with_capacity(graph.params.len());
        for param in &graph.params {
            let tree = self.tree(&scope, &param.ty)?;
            let doc = doc(&param.docs);
            all.push(Taken { tree, doc });
        }
        Ok(all)
    }
}

/// Parameters or results, each with a name of its own.
fn named(trees: &[(String, Tree)], names: &mut FxHashSet<String>) -> Vec<Param> {
    let param = |(name, tree): &(String, Tree)| {
        let mut name = name.clone();
        while !names.insert(name.clone()) {
            name.push('_');
        }
        Param {
            name,
            doc: Vec::new(),
            inout: false,
            tree: tree.clone(),
        }
    };
    trees.iter().map(param).collect()
}

/// Calls the inputs of a graph what the leaves of its parameters are called.
fn rename_inputs(graph: &mut Graph, params: &[Param]) {
    let inputs = graph.inputs().to_vec();
    let names = params
        .iter()
        .flat_map(|param| param.tree.leaves(&param.name));
    for (input, (name, _)) in inputs.into_iter().zip(names) {
        graph.set_name(input.node, &name);
    }
}
