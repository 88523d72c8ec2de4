//! Functions: instances of graphs for given types, and inlining.

use super::attribute::Choice;
use super::body::Body;
use super::path::{Call, Names};
use super::value::{Data, Function, Val, told_apart};
use super::{Elaborator, Reported, Scope, count, written};
use crate::builder::Builder;
use crate::diag::{Code, Diagnostic};
use crate::dtype::DType;
use crate::graph::{Graph, NodeId, Value};
use crate::lang::ast;
use crate::module::Tree;
use crate::op::{AttrValue, Input, Op, SPECS};
use crate::shape::Type;
use crate::span::Span;
use std::rc::Rc;

/// A function for given argument types.
#[derive(Clone, Debug)]
pub(super) struct Instance {
    /// Inputs are the leaves of the parameters; outputs the leaves of the results.
    pub graph: Graph,
    /// Names and types of the parameters.
    pub params: Vec<(String, Tree)>,
    /// Names and types of the results.
    pub results: Vec<(String, Tree)>,
    /// How many derivatives of one another are in it.
    pub order: usize,
    /// What its body named.
    pub names: Names,
}

/// Names and types of parameters or results.
pub(super) type Named = Vec<(String, Tree)>;

/// What an instance depends on.
pub(super) type InstanceKey = (Rc<Function>, Vec<Tree>);

impl<'a> Elaborator<'a> {
    /// The type of a parameter, where it does not depend on inferred dims.
    pub(super) fn parameter_type(
        &mut self,
        function: &Rc<Function>,
        position: usize,
    ) -> Option<Type> {
        let (mut at, mut position) = (function, position);
        let index = loop {
            match &**at {
                Function::Graph { index, .. } => break *index,
                Function::Op(_) | Function::AssociativeScan { .. } => return None,
                Function::Scan { .. } if self.is_sliced(at, position) => return None,
                Function::Cond { then, .. } => match position.checked_sub(1) {
                    Some(before) => (at, position) = (then, before),
                    None => return Some(Type::scalar(DType::Bool)),
                },
                Function::Scan { of, .. }
                | Function::Gradient { of, .. }
                | Function::Vjp { of, .. }
                | Function::Jvp { of, .. }
                | Function::Checkpoint { of } => at = of,
            }
        };
        let graph = self.graphs[index];
        let param = graph.params.get(position)?;
        let chosen = |name: &String| {
            let attributes = graph.attributes.iter().map(|attribute| &attribute.name);
            graph
                .dims
                .iter()
                .chain(attributes)
                .any(|ident| ident.name == *name)
        };
        let generic = |id: &ast::ExprId| {
            let names = self.ast.subtree(*id).into_iter();
            names.into_iter().any(|id| match &self.ast.expr(id).kind {
                ast::ExprKind::Name(name) => chosen(name),
                _ => false,
            })
        };
        let lengths = param.ty.dims.iter().flatten().chain(&param.ty.lengths);
        if chosen(&param.ty.name.name) || lengths.into_iter().any(generic) {
            return None;
        }
        let scope = Scope::new(self.ast);
        match self.tree(&scope, &param.ty).ok()? {
            Tree::Leaf(ty) => Some(ty),
            Tree::Struct { .. } | Tree::Array { .. } => None,
        }
    }

    /// The instance of a function for argument types.
    pub(super) fn instantiate(
        &mut self,
        function: &Rc<Function>,
        arguments: Vec<Tree>,
        span: Span,
        spans: &[Span],
    ) -> Result<Rc<Instance>, Reported> {
        let key = (function.clone(), arguments.clone());
        if let Some(known) = self.instances.get(&key) {
            return known.clone();
        }
        let made = match &**function {
            Function::Graph {
                index,
                dims,
                attributes,
            } => {
                let given = (dims.as_deref(), attributes.as_slice());
                self.called_graph(*index, given, arguments, span, spans)
            }
            Function::Op(name) => self.op_instance(name, &arguments, span).map(Rc::new),
            Function::Gradient {
                of,
                wrt,
                result,
                with_value,
            } => {
                let inner = self.instantiate(of, arguments, span, spans)?;
                self.note_differentiated(of, &inner);
                self.gradient((of, &inner), wrt, result.as_deref(), *with_value, span)
                    .map(Rc::new)
            }
            Function::Checkpoint { of } => {
                let inner = self.instantiate(of, arguments, span, spans)?;
                self.checkpointed(of, &inner, span).map(Rc::new)
            }
            Function::Scan { of, repeat } => self
                .scanned((of, repeat), &arguments, span, spans)
                .map(Rc::new),
            Function::AssociativeScan { of, reverse } => self
                .prefixes((of, *reverse), &arguments, span, spans)
                .map(Rc::new),
            Function::Cond { then, otherwise } => self
                .branched((then, otherwise), &arguments, span, spans)
                .map(Rc::new),
            Function::Vjp { of, wrt, ct } => {
                let (inner, extra) = self.split_arguments(of, arguments, span, spans)?;
                self.note_differentiated(of, &inner);
                self.vjp((of, &inner), wrt, ct, &extra, span).map(Rc::new)
            }
            Function::Jvp { of, wrt } => {
                let (inner, extra) = self.split_arguments(of, arguments, span, spans)?;
                self.note_differentiated(of, &inner);
                self.jvp((of, &inner), wrt, &extra, span).map(Rc::new)
            }
        };
        self.instances.insert(key, made.clone());
        made
    }

    /// A graph that is called: dims are inferred from the arguments, then all types compared.
    fn called_graph(
        &mut self,
        index: usize,
        (given, attributes): (Option<&[u64]>, &[(String, AttrValue)]),
        arguments: Vec<Tree>,
        span: Span,
        spans: &[Span],
    ) -> Result<Rc<Instance>, Reported> {
        let graph = self.graphs[index];
        let name = &graph.name.name;
        if let Some(inout) = graph.params.iter().find_map(|param| param.inout) {
            let message = format!("`{name}` updates a parameter in place and cannot be called");
            return Err(self.report(
                Diagnostic::error(Code::InoutCall, message)
                    .primary(span, "")
                    .secondary(inout, "declared inout here")
                    .help("only a host calls such an entry; move the computation into a graph"),
            ));
        }
        if arguments.len() != graph.params.len() {
            return Err(self.report(wrong_arguments(graph, arguments.len(), span)));
        }
        let mut choice = self.infer_dims(index, given, &arguments, span)?;
        let scope = self.choose_attributes(graph, &mut choice, attributes, span)?;
        for (position, (param, argument)) in graph.params.iter().zip(&arguments).enumerate() {
            let expected = self.tree(&scope, &param.ty)?;
            if expected == *argument {
                continue;
            }
            let argument = told_apart(argument, &expected);
            let at = spans.get(position).copied().unwrap_or(span);
            let bound = chosen(graph, &choice);
            let with = if bound.is_empty() {
                String::new()
            } else {
                format!(" with {}", bound.join(", "))
            };
            let message = format!(
                "argument `{}` of `{name}` is {expected}{with}, but {argument} is given",
                param.name.name
            );
            return Err(self.report(
                Diagnostic::error(Code::TypeMismatch, message)
                    .primary(at, format!("this is {argument}"))
                    .secondary(param.span, "declared here"),
            ));
        }
        self.graph_instance(index, choice, arguments, span)
    }

    /// Errors in a graph with dims may be due to their choice, so they point at the call.
    fn say_where_called(&mut self, before: usize, span: Span, choice: &[String]) {
        let text = format!("called here with {}", choice.join(", "));
        self.diagnostics.amend(before, |diagnostic| {
            let known = |label: &crate::diag::Label| label.text.starts_with("called here with");
            if diagnostic.labels.iter().any(known) {
                return diagnostic;
            }
            diagnostic.secondary(span, text.clone())
        });
    }

    fn infer_dims(
        &mut self,
        index: usize,
        given: Option<&[u64]>,
        arguments: &[Tree],
        span: Span,
    ) -> Result<Choice, Reported> {
        let graph = self.graphs[index];
        let mut choice = Choice::default();
        if let Some(given) = given {
            let declared = graph.value_dims().count();
            if given.len() != declared {
                let message = format!(
                    "`{}` has {}, got {}",
                    graph.name.name,
                    count(declared, "dim"),
                    given.len()
                );
                return Err(self.report(
                    Diagnostic::error(Code::DimCount, message)
                        .primary(span, "")
                        .secondary(graph.name.span, "declared here"),
                ));
            }
            let values = given
                .iter()
                .map(|&dim| i64::try_from(dim).unwrap_or(i64::MAX));
            let names = graph.value_dims().map(|dim| dim.name.clone());
            choice.dims.extend(names.zip(values));
        }
        for (param, argument) in graph.params.iter().zip(arguments) {
            let is_type = |name: &str| graph.is_type_parameter(name);
            self.bind_dims(&graph.dims, &is_type, &param.ty, argument, &mut choice);
        }
        let unbound = |dim: &&ast::Ident| {
            !choice.dims.contains_key(&dim.name) && !choice.types.contains_key(&dim.name)
        };
        match graph.dims.iter().find(unbound) {
            None => Ok(choice),
            Some(unbound) => {
                let message = format!(
                    "the dim `{}` of `{}` cannot be inferred",
                    unbound.name, graph.name.name
                );
                Err(self.report(
                    Diagnostic::error(Code::UnknownDim, message)
                        .primary(span, "in this call")
                        .secondary(unbound.span, "declared here")
                        .help(format!(
                            "give the dims in brackets: `{}[…](…)`",
                            graph.name.name
                        )),
                ))
            }
        }
    }

    /// The expansion of a graph for dims and argument types that fit.
    pub(super) fn graph_instance(
        &mut self,
        index: usize,
        choice: Choice,
        arguments: Vec<Tree>,
        span: Span,
    ) -> Result<Rc<Instance>, Reported> {
        let graph = self.graphs[index];
        if self.active.contains(&index) {
            let message = format!("`{}` calls itself", graph.name.name);
            let from = self.active.iter().position(|at| *at == index).unwrap_or(0);
            let circle = self.active[from..].iter().chain([&index]);
            let circle: Vec<&str> = circle
                .map(|at| self.graphs[*at].name.name.as_str())
                .collect();
            let note = format!("the calls run in a circle: {}", circle.join(" → "));
            return Err(self.report(
                Diagnostic::error(Code::Recursion, message)
                    .primary(span, "by this call")
                    .secondary(graph.name.span, "declared here")
                    .note(note)
                    .help("calls are expanded at compile time, so graphs cannot be recursive"),
            ));
        }
        self.check_growth(index)?;
        self.check_depth(span)?;
        let said: Vec<String> = chosen(graph, &choice);
        let before = self.diagnostics.len();
        self.active.push(index);
        self.elaborated.insert(index);
        let instance = self.body(graph, choice.clone(), arguments);
        let instance = match (&graph.rule, instance) {
            (Some(rule), Ok(instance)) => self.ruled(graph, rule, choice, instance),
            (None, instance) | (Some(_), instance @ Err(Reported)) => instance,
        };
        self.active.pop();
        if !said.is_empty() && !self.active.is_empty() {
            self.say_where_called(before, span, &said);
        }
        instance.map(Rc::new)
    }

    /// An op as a function of tensors, so that it can be differentiated or mapped.
    fn op_instance(
        &mut self,
        name: &str,
        arguments: &[Tree],
        span: Span,
    ) -> Result<Instance, Reported> {
        let spec = SPECS.iter().find(|spec| spec.name == name);
        let op = Op::read(name, &[]);
        let (Some(spec), Some(Ok(op))) = (spec, op) else {
            let message = format!("`{name}` needs attributes, so it cannot be used as a function");
            return Err(self.report(
                Diagnostic::error(Code::BadAttribute, message)
                    .primary(span, "")
                    .help("wrap it in a graph of your own"),
            ));
        };
        let builder = Builder::new(Graph::new(), span);
        let mut params = Vec::new();
        let mut inputs = Vec::new();
        for (position, tree) in arguments.iter().enumerate() {
            let Tree::Leaf(ty) = tree else {
                let message = format!("`{name}` takes tensors, not {tree}");
                return Err(
                    self.report(Diagnostic::error(Code::TypeMismatch, message).primary(span, ""))
                );
            };
            let last = spec.operands.last().copied().unwrap_or("x");
            let label = spec.operands.get(position).copied().unwrap_or(last);
            let op = Input {
                dtype: ty.dtype,
                shape: ty.shape.clone(),
            };
            let input = builder
                .apply(op, &[])
                .map_err(|e| self.type_error(&e, span, &[]))?;
            builder.edit(|graph| graph.set_name(input.node, label));
            inputs.push(input);
            params.push((label.to_string(), tree.clone()));
        }
        let made = builder
            .apply_all(op, &inputs)
            .map_err(|e| self.type_error(&e, span, &[]))?;
        let mut results = Vec::new();
        for (label, value) in spec.results.iter().zip(made) {
            results.push((label.to_string(), Tree::Leaf(builder.ty(value))));
            builder.edit(|graph| graph.add_output(*label, value));
        }
        Ok(Instance {
            graph: builder.finish(),
            params,
            results,
            order: 0,
            names: Names::None,
        })
    }

    /// The name of the graph that a function is, or is a derivative of.
    pub(super) fn base_name(&self, function: &Function) -> String {
        let mut at = function;
        loop {
            match at {
                Function::Graph { index, .. } => return self.graphs[*index].name.name.clone(),
                Function::Op(name) => return (*name).to_string(),
                Function::Gradient { of, .. }
                | Function::Scan { of, .. }
                | Function::AssociativeScan { of, .. }
                | Function::Cond { then: of, .. }
                | Function::Vjp { of, .. }
                | Function::Jvp { of, .. }
                | Function::Checkpoint { of } => at = of,
            }
        }
    }

    /// Copies an instance of a function into the caller, onto the values of its arguments.
    pub(super) fn inline(
        &mut self,
        body: &Body<'a>,
        function: &Function,
        instance: &Rc<Instance>,
        arguments: &[Value],
        span: Span,
    ) -> Result<Val, Reported> {
        body.order.set(body.order.get().max(instance.order));
        body.calls.borrow_mut().push(Call {
            name: self.base_name(function),
            span,
            instance: instance.clone(),
            arguments: arguments.to_vec(),
            first: body.builder.with_graph(Graph::len),
        });
        let graph = &instance.graph;
        let nodes = body
            .builder
            .with_graph(Graph::expanded_len)
            .saturating_add(graph.expanded_len());
        if nodes > self.options.max_nodes {
            return Err(self.too_many_nodes(&body.graph.name.name, nodes, span));
        }
        let first = body.builder.with_graph(Graph::next_id);
        let outputs = body.builder.inline(graph, arguments);
        body.builder
            .edit(|graph| place_derivatives(graph, first, span));
        let outputs = outputs.map_err(|error| self.type_error(&error, span, &[]))?;
        let mut outputs = outputs.into_iter();
        let mut results: Vec<Val> = Vec::with_capacity(instance.results.len());
        for (_, tree) in &instance.results {
            let leaves = outputs.by_ref().take(tree.leaf_count()).collect();
            results.push(Val::Data(Data {
                tree: tree.clone(),
                leaves,
            }));
        }
        match results.len() {
            1 => Ok(results.remove(0)),
            _ => Ok(Val::Tuple(results)),
        }
    }
}

/// An error about a call with more or fewer arguments than a graph takes.
pub(super) fn wrong_arguments(graph: &ast::Graph, given: usize, span: Span) -> Diagnostic {
    let (name, takes) = (&graph.name.name, count(graph.params.len(), "argument"));
    let message = format!("`{name}` takes {takes}, got {given}");
    let diagnostic = Diagnostic::error(Code::ArgumentCount, message)
        .primary(span, "")
        .secondary(graph.params_span, "its parameters");
    let extra = given.saturating_sub(graph.params.len());
    let attribute = graph.attributes.get(extra.wrapping_sub(1));
    match attribute {
        Some(attribute) => {
            let name = &attribute.name.name;
            diagnostic.help(format!("attributes go by name: `{name} = …`"))
        }
        None => diagnostic,
    }
}

/// The dims, types and attributes of a graph as they are chosen: `I = 4`, `P = Mlp`, `eps = 1e-5`.
fn chosen(graph: &ast::Graph, choice: &Choice) -> Vec<String> {
    let dims = graph.dims.iter().filter_map(|dim| {
        let name = &dim.name;
        let value = choice
            .dims
            .get(name)
            .map(|value| format!("{name} = {value}"));
        value.or_else(|| {
            choice
                .types
                .get(name)
                .map(|tree| format!("{name} = {tree}"))
        })
    });
    let attributes = graph.attributes.iter().zip(&choice.attributes);
    let attributes = attributes.filter_map(|(attribute, val)| {
        let name = &attribute.name.name;
        match val {
            Val::Number(number) => Some(format!("{name} = {}", written(number))),
            Val::Bool(truth) => Some(format!("{name} = {truth}")),
            Val::Name(value) => Some(format!("{name} = {value}")),
            _ => None,
        }
    });
    dims.chain(attributes).collect()
}

/// Says of derivatives that the nodes from `first` on were passed through by that they are taken by a call there, if
/// it is not known yet where they are.
fn place_derivatives(graph: &mut Graph, first: NodeId, call: Span) {
    for node in graph.nodes().skip(first.index()) {
        if graph.differentiation(node) == Some(Span::SYNTHETIC) {
            graph.set_differentiation(node, call);
        }
    }
}
