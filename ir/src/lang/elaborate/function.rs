//! Functions: instances of graphs for given types, their transforms, and inlining.

use super::body::Body;
use super::call::{Args, Attrs};
use super::dims::Bindings;
use super::value::{Data, Function, Val};
use super::{Elaborator, MAX_CALL_DEPTH, Reported, Scope, count};
use crate::autodiff::{self, AutodiffError};
use crate::builder::Builder;
use crate::diag::{Code, Diagnostic};
use crate::graph::{Graph, Output, Value, Values};
use crate::module::Tree;
use crate::op::{Input, Op, SPECS};
use crate::rewrite::dce;
use crate::shape::Type;
use crate::span::Span;
use rustc_hash::FxHashMap;
use std::rc::Rc;

/// Derivatives nest no deeper than this.
const MAX_DERIVATIVES: usize = 8;

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
}

/// Names and types of parameters or results.
type Named = Vec<(String, Tree)>;

/// What an instance depends on.
pub(super) type InstanceKey = (Rc<Function>, Vec<Tree>);

impl<'a> Elaborator<'a> {
    /// `grad(f, wrt = …)` and its kin: the function, not yet applied.
    pub(super) fn transform(
        &mut self,
        name: &str,
        args: Args,
        attributes: Attrs,
        span: Span,
    ) -> Result<Val, Reported> {
        let [(callee, callee_span)] = <[(Val, Span); 1]>::try_from(args).map_err(|_| {
            let message = format!("`{name}` takes one function");
            self.report(
                Diagnostic::error(Code::ArgumentCount, message)
                    .primary(span, "")
                    .help(format!(
                        "it yields a function, which is then called: `{name}(f, wrt = x)(x)`"
                    )),
            )
        })?;
        let of = self.function(callee, callee_span)?;
        let (mut wrt, mut result) = (None, None);
        for (attribute, _) in &attributes {
            let names = self.names_in(attribute)?;
            match (attribute.name.name.as_str(), name) {
                ("wrt", _) => wrt = Some(names),
                ("of", "grad" | "value_and_grad") if names.len() == 1 => {
                    result = names.into_iter().next()
                }
                (other, _) => {
                    let message = format!("`{name}` has no attribute `{other}`");
                    return Err(self.report(
                        Diagnostic::error(Code::BadAttribute, message)
                            .primary(attribute.span, "")
                            .help("`wrt` names parameters; for grad and value_and_grad, `of` names a scalar result"),
                    ));
                }
            }
        }
        let Some(wrt) = wrt.filter(|wrt| !wrt.is_empty()) else {
            let message = format!("`{name}` needs `wrt`: with respect to what");
            return Err(self.report(
                Diagnostic::error(Code::BadAttribute, message)
                    .primary(span, "")
                    .help("name a parameter, or a list of them: `wrt = x` or `wrt = [x, y]`"),
            ));
        };
        Ok(Val::Function(Rc::new(match name {
            "vjp" => Function::Vjp { of, wrt },
            "jvp" => Function::Jvp { of, wrt },
            "grad" => Function::Gradient {
                of,
                wrt,
                result,
                with_value: false,
            },
            _ => Function::Gradient {
                of,
                wrt,
                result,
                with_value: true,
            },
        })))
    }

    /// The names in `wrt = x` or `wrt = [x, y]`: they name parameters, whatever else they may name.
    fn names_in(
        &mut self,
        attribute: &crate::lang::ast::Attribute,
    ) -> Result<Vec<String>, Reported> {
        use crate::lang::ast::ExprKind;
        let ast = self.ast;
        let expr = ast.expr(attribute.value);
        let single = |id: &crate::lang::ast::ExprId| match &ast.expr(*id).kind {
            ExprKind::Name(name) => Some(name.clone()),
            _ => None,
        };
        let names = match &expr.kind {
            ExprKind::Name(name) => Some(vec![name.clone()]),
            ExprKind::List(items) | ExprKind::Tuple(items) => items.iter().map(single).collect(),
            _ => None,
        };
        names.ok_or_else(|| {
            self.report(
                Diagnostic::error(
                    Code::BadAttribute,
                    "a name or a list of names is needed here",
                )
                .primary(expr.span, "")
                .help("for example `wrt = [x, y]`"),
            )
        })
    }

    /// The type of a parameter, where it does not depend on inferred dims.
    pub(super) fn parameter_type(
        &mut self,
        function: &Rc<Function>,
        position: usize,
    ) -> Option<Type> {
        let mut at = function;
        let index = loop {
            match &**at {
                Function::Graph { index, .. } => break *index,
                Function::Op(_) => return None,
                Function::Gradient { of, .. }
                | Function::Vjp { of, .. }
                | Function::Jvp { of, .. } => at = of,
            }
        };
        let graph = self.graphs[index];
        let param = graph.params.get(position)?;
        let generic = |id: &crate::lang::ast::ExprId| {
            self.ast
                .subtree(*id)
                .iter()
                .any(|id| match &self.ast.expr(*id).kind {
                    crate::lang::ast::ExprKind::Name(name) => {
                        graph.dims.iter().any(|dim| dim.name == *name)
                    }
                    _ => false,
                })
        };
        if param.ty.dims.iter().flatten().any(generic) {
            return None;
        }
        let scope = Scope {
            ast: self.ast,
            dims: Bindings::default(),
        };
        match self.tree(&scope, &param.ty).ok()? {
            Tree::Leaf(ty) => Some(ty),
            Tree::Struct { .. } => None,
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
            Function::Graph { index, dims } => {
                self.called_graph(*index, dims.as_deref(), arguments, span, spans)
            }
            Function::Op(name) => self.op_instance(name, &arguments, span).map(Rc::new),
            Function::Gradient {
                of,
                wrt,
                result,
                with_value,
            } => {
                let inner = self.instantiate(of, arguments, span, spans)?;
                self.gradient(&inner, wrt, result.as_deref(), *with_value, span)
                    .map(Rc::new)
            }
            Function::Vjp { of, wrt } => {
                let (inner, extra) = self.split_arguments(of, arguments, span, spans)?;
                self.vjp(&inner, wrt, &extra, span).map(Rc::new)
            }
            Function::Jvp { of, wrt } => {
                let (inner, extra) = self.split_arguments(of, arguments, span, spans)?;
                self.jvp(&inner, wrt, &extra, span).map(Rc::new)
            }
        };
        self.instances.insert(key, made.clone());
        made
    }

    /// A graph that is called: dims are inferred from the arguments, then all types compared.
    fn called_graph(
        &mut self,
        index: usize,
        given: Option<&[u64]>,
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
            let message = format!(
                "`{name}` takes {}, got {}",
                count(graph.params.len(), "argument"),
                arguments.len()
            );
            return Err(self.report(
                Diagnostic::error(Code::ArgumentCount, message)
                    .primary(span, "")
                    .secondary(graph.params_span, "its parameters"),
            ));
        }
        let dims = self.infer_dims(index, given, &arguments, span)?;
        let scope = Scope {
            ast: self.ast,
            dims: dims.clone(),
        };
        for (position, (param, argument)) in graph.params.iter().zip(&arguments).enumerate() {
            let expected = self.tree(&scope, &param.ty)?;
            if expected == *argument {
                continue;
            }
            let at = spans.get(position).copied().unwrap_or(span);
            let bound = self.choice(graph, &dims);
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
        self.graph_instance(index, dims, arguments, span)
    }

    /// The dims of a graph as they are chosen: `I = 4`, `O = 2`.
    fn choice(&self, graph: &crate::lang::ast::Graph, dims: &Bindings) -> Vec<String> {
        let chosen = graph
            .dims
            .iter()
            .map(|dim| (&dim.name, dims.get(&dim.name)));
        chosen
            .filter_map(|(name, value)| Some(format!("{name} = {}", value?)))
            .collect()
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
    ) -> Result<Bindings, Reported> {
        let graph = self.graphs[index];
        let mut dims = Bindings::default();
        if let Some(given) = given {
            if given.len() != graph.dims.len() {
                let message = format!(
                    "`{}` has {}, got {}",
                    graph.name.name,
                    count(graph.dims.len(), "dim"),
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
            dims.extend(graph.dims.iter().map(|dim| dim.name.clone()).zip(values));
        }
        for (param, argument) in graph.params.iter().zip(arguments) {
            self.bind_dims(&graph.dims, &param.ty, argument, &mut dims);
        }
        match graph.dims.iter().find(|dim| !dims.contains_key(&dim.name)) {
            None => Ok(dims),
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
        dims: Bindings,
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
        if self.active.len() >= MAX_CALL_DEPTH {
            let message = format!("calls nest more than {MAX_CALL_DEPTH} deep");
            return Err(
                self.report(Diagnostic::error(Code::TooDeepCalls, message).primary(span, "here"))
            );
        }
        let choice: Vec<String> = self.choice(graph, &dims);
        let before = self.diagnostics.len();
        self.active.push(index);
        let instance = self.body(graph, dims, arguments);
        self.active.pop();
        if !choice.is_empty() && !self.active.is_empty() {
            self.say_where_called(before, span, &choice);
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
        })
    }

    /// The leaf positions of the parameters that `wrt` names, with names and types.
    fn wrt_leaves(
        &mut self,
        inner: &Instance,
        wrt: &[String],
        span: Span,
    ) -> Result<(Vec<usize>, Named), Reported> {
        let (mut positions, mut params) = (Vec::new(), Vec::new());
        for name in wrt {
            let Some(at) = inner.params.iter().position(|(param, _)| param == name) else {
                let names: Vec<&str> = inner.params.iter().map(|(n, _)| n.as_str()).collect();
                let message = format!("`wrt` names `{name}`, which is no parameter");
                return Err(self.report(
                    Diagnostic::error(Code::BadAttribute, message)
                        .primary(span, "")
                        .help(format!("the parameters are {}", names.join(", "))),
                ));
            };
            let tree = inner.params[at].1.clone();
            let first: usize = inner.params[..at]
                .iter()
                .map(|(_, tree)| tree.leaf_count())
                .sum();
            if let Some((path, ty)) = tree
                .leaves(name)
                .into_iter()
                .find(|(_, ty)| !ty.dtype.is_float())
            {
                let message = format!("`{path}` of type {ty} has no derivative");
                return Err(self.report(
                    Diagnostic::error(Code::NotDifferentiable, message)
                        .primary(span, "")
                        .help("derivatives are with respect to f32 and f64 tensors"),
                ));
            }
            positions.extend(first..first + tree.leaf_count());
            params.push((name.clone(), tree));
        }
        Ok((positions, params))
    }

    fn autodiff_error(&mut self, error: &AutodiffError, span: Span) -> Reported {
        self.report(Diagnostic::error(Code::NotDifferentiable, error.to_string()).primary(span, ""))
    }

    fn checked(&mut self, graph: &Graph, span: Span) -> Result<(), Reported> {
        if graph.len() > self.options.max_nodes {
            return Err(self.too_many_nodes("the derivative", graph.len(), span));
        }
        Ok(())
    }

    fn gradient(
        &mut self,
        inner: &Instance,
        wrt: &[String],
        result: Option<&str>,
        with_value: bool,
        span: Span,
    ) -> Result<Instance, Reported> {
        let order = self.next_order(inner, span)?;
        let of = self.scalar_result(inner, result, span)?;
        let (positions, params) = self.wrt_leaves(inner, wrt, span)?;
        let derived = autodiff::gradient(&inner.graph, of, &positions);
        let mut graph = derived.map_err(|error| self.autodiff_error(&error, span))?;
        self.checked(&graph, span)?;
        let mut results = if with_value {
            inner.results.clone()
        } else {
            Vec::new()
        };
        if !with_value {
            let gradients = graph.outputs()[inner.graph.outputs().len()..].to_vec();
            graph.set_outputs(gradients);
        }
        results.extend(
            params
                .into_iter()
                .map(|(name, tree)| (format!("d_{name}"), tree)),
        );
        self.swept(graph, inner.params.clone(), results, order, span)
    }

    /// The instance with dead code removed, which keeps towers of derivatives small.
    fn swept(
        &mut self,
        graph: Graph,
        params: Named,
        results: Named,
        order: usize,
        span: Span,
    ) -> Result<Instance, Reported> {
        let (graph, _) = dce(&graph).map_err(|error| self.type_error(&error, span, &[]))?;
        Ok(Instance {
            graph,
            params,
            results,
            order,
        })
    }

    /// An error where one more derivative would be too many.
    fn next_order(&mut self, inner: &Instance, span: Span) -> Result<usize, Reported> {
        if inner.order < MAX_DERIVATIVES {
            return Ok(inner.order + 1);
        }
        let message = format!("more than {MAX_DERIVATIVES} derivatives of one another");
        Err(self.report(
            Diagnostic::error(Code::TooManyDerivatives, message)
                .primary(span, "this takes one more")
                .help("each derivative multiplies the size of the graph"),
        ))
    }

    /// The output position of the scalar to differentiate.
    fn scalar_result(
        &mut self,
        inner: &Instance,
        result: Option<&str>,
        span: Span,
    ) -> Result<usize, Reported> {
        let is_scalar = |tree: &Tree| match tree {
            Tree::Leaf(ty) => ty.dtype.is_float() && ty.shape.rank() == 0,
            Tree::Struct { .. } => false,
        };
        let names: Vec<&str> = inner
            .results
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        let candidates: Vec<usize> = match result {
            Some(wanted) => names
                .iter()
                .position(|name| *name == wanted)
                .into_iter()
                .collect(),
            None => (0..names.len())
                .filter(|&i| is_scalar(&inner.results[i].1))
                .collect(),
        };
        let message = match (candidates.as_slice(), result) {
            ([only], _) if is_scalar(&inner.results[*only].1) => {
                let before = &inner.results[..*only];
                return Ok(before.iter().map(|(_, tree)| tree.leaf_count()).sum());
            }
            ([only], _) => {
                let (name, tree) = &inner.results[*only];
                format!(
                    "the result `{name}` of type {tree} is no float scalar, so it has no gradient"
                )
            }
            ([], Some(wanted)) => format!("there is no result `{wanted}`"),
            ([], None) => "no result is a float scalar, so there is no gradient".to_string(),
            (_, _) => "several results are scalars; which one is differentiated?".to_string(),
        };
        Err(self.report(
            Diagnostic::error(Code::NotDifferentiable, message)
                .primary(span, "")
                .help(format!(
                    "the results are {}; choose a scalar with `of = …`, or use `vjp`",
                    names.join(", ")
                )),
        ))
    }

    /// The instance of the differentiated function, and the arguments beyond its parameters.
    fn split_arguments(
        &mut self,
        of: &Rc<Function>,
        mut arguments: Vec<Tree>,
        span: Span,
        spans: &[Span],
    ) -> Result<(Rc<Instance>, Vec<Tree>), Reported> {
        let own = self.parameter_count(of, &arguments, span, spans)?;
        if arguments.len() < own {
            let message = format!(
                "the function takes {}, and its derivative takes tangents or cotangents after \
                 them; got {}",
                count(own, "argument"),
                arguments.len()
            );
            return Err(
                self.report(Diagnostic::error(Code::ArgumentCount, message).primary(span, ""))
            );
        }
        let extra = arguments.split_off(own);
        let inner = self.instantiate(of, arguments, span, spans)?;
        Ok((inner, extra))
    }

    /// How many of `arguments` are those of the function, the others being directions in which it is
    /// differentiated.
    fn parameter_count(
        &mut self,
        function: &Rc<Function>,
        arguments: &[Tree],
        span: Span,
        spans: &[Span],
    ) -> Result<usize, Reported> {
        match &**function {
            Function::Graph { index, .. } => Ok(self.graphs[*index].params.len()),
            Function::Op(name) => {
                let spec = SPECS.iter().find(|spec| spec.name == *name);
                Ok(spec.map_or(0, |spec| spec.operands.len()))
            }
            Function::Gradient { of, .. } => self.parameter_count(of, arguments, span, spans),
            Function::Jvp { of, wrt } => {
                Ok(self.parameter_count(of, arguments, span, spans)? + wrt.len())
            }
            Function::Vjp { of, .. } => {
                let own = self.parameter_count(of, arguments, span, spans)?;
                match arguments.get(..own) {
                    Some(arguments) => {
                        let inner = self.instantiate(of, arguments.to_vec(), span, spans)?;
                        Ok(own + self.float_results(&inner, span)?.len())
                    }
                    None => Ok(own),
                }
            }
        }
    }

    fn compare_extra(
        &mut self,
        what: &str,
        wanted: &[(String, Tree)],
        given: &[Tree],
        span: Span,
    ) -> Result<(), Reported> {
        let fits = wanted.iter().map(|(_, tree)| tree).eq(given);
        if fits {
            return Ok(());
        }
        let wanted_list: Vec<String> = wanted
            .iter()
            .map(|(name, tree)| format!("{name}: {tree}"))
            .collect();
        let list = wanted_list.join(", ");
        let got: Vec<String> = given.iter().map(Tree::to_string).collect();
        let got = if got.is_empty() {
            "none are given".to_string()
        } else {
            format!("({}) is given", got.join(", "))
        };
        let code = if wanted.len() == given.len() {
            Code::TypeMismatch
        } else {
            Code::ArgumentCount
        };
        let message = format!("after the function's arguments come its {what} ({list}), but {got}");
        Err(self.report(Diagnostic::error(code, message).primary(span, "")))
    }

    /// The results that have derivatives. A struct has one if all its leaves do, and none if no leaf
    /// does.
    fn float_results(&mut self, inner: &Instance, span: Span) -> Result<Named, Reported> {
        let mut floats = Vec::new();
        for (name, tree) in &inner.results {
            let leaves = tree.leaves(name);
            let is_float = |(_, ty): &&(String, Type)| ty.dtype.is_float();
            let count = leaves.iter().filter(is_float).count();
            if count == leaves.len() {
                floats.push((name.clone(), tree.clone()));
            } else if count > 0 {
                let message = format!(
                    "the result `{name}` of type {tree} has leaves with and without derivatives"
                );
                return Err(self.report(
                    Diagnostic::error(Code::NotDifferentiable, message)
                        .primary(span, "")
                        .help("return its f32 and f64 leaves apart from the others"),
                ));
            }
        }
        Ok(floats)
    }

    fn vjp(
        &mut self,
        inner: &Instance,
        wrt: &[String],
        extra: &[Tree],
        span: Span,
    ) -> Result<Instance, Reported> {
        let order = self.next_order(inner, span)?;
        let (positions, gradients) = self.wrt_leaves(inner, wrt, span)?;
        let cotangents = self.float_results(inner, span)?;
        self.compare_extra("cotangents", &cotangents, extra, span)?;
        let graph = autodiff::vjp(&inner.graph, &positions);
        let graph = graph.map_err(|error| self.autodiff_error(&error, span))?;
        self.checked(&graph, span)?;
        let mut params = inner.params.clone();
        params.extend(
            cotangents
                .into_iter()
                .map(|(name, tree)| (format!("ct_{name}"), tree)),
        );
        let mut results = inner.results.clone();
        results.extend(
            gradients
                .into_iter()
                .map(|(name, tree)| (format!("d_{name}"), tree)),
        );
        self.swept(graph, params, results, order, span)
    }

    fn jvp(
        &mut self,
        inner: &Instance,
        wrt: &[String],
        extra: &[Tree],
        span: Span,
    ) -> Result<Instance, Reported> {
        let order = self.next_order(inner, span)?;
        let (positions, tangents) = self.wrt_leaves(inner, wrt, span)?;
        self.compare_extra("tangents", &tangents, extra, span)?;
        let graph = autodiff::jvp(&inner.graph, &positions);
        let graph = graph.map_err(|error| self.autodiff_error(&error, span))?;
        self.checked(&graph, span)?;
        let mut params = inner.params.clone();
        params.extend(
            tangents
                .into_iter()
                .map(|(name, tree)| (format!("t_{name}"), tree)),
        );
        let mut results = inner.results.clone();
        let derived = self.float_results(inner, span)?;
        results.extend(
            derived
                .into_iter()
                .map(|(name, tree)| (format!("t_{name}"), tree)),
        );
        self.swept(graph, params, results, order, span)
    }

    /// Copies an instance into the caller, onto the values of its arguments.
    pub(super) fn inline(
        &mut self,
        body: &Body<'a>,
        instance: &Instance,
        arguments: &[Value],
        span: Span,
    ) -> Result<Val, Reported> {
        body.order.set(body.order.get().max(instance.order));
        let graph = &instance.graph;
        let nodes = body
            .builder
            .with_graph(Graph::len)
            .saturating_add(graph.len());
        if nodes > self.options.max_nodes {
            return Err(self.too_many_nodes(&body.graph.name.name, nodes, span));
        }
        let inputs: FxHashMap<Value, Value> = graph
            .inputs()
            .iter()
            .copied()
            .zip(arguments.iter().copied())
            .collect();
        let mut map: FxHashMap<Value, Value> = FxHashMap::default();
        for node in graph.nodes() {
            let results = graph.results(node);
            if let Some(argument) = results.first().and_then(|result| inputs.get(result)) {
                map.insert(results[0], *argument);
                continue;
            }
            let operands: Values = graph
                .operands(node)
                .iter()
                .filter_map(|operand| map.get(operand).copied())
                .collect();
            let copy = body
                .builder
                .edit(|new| new.copy_node(graph, node, &operands));
            let copy = copy.map_err(|error| self.type_error(&error, span, &[]))?;
            for result in results {
                map.insert(
                    result,
                    Value {
                        node: copy,
                        result: result.result,
                    },
                );
            }
        }
        let mut outputs = graph.outputs().iter();
        let mut results: Vec<Val> = Vec::with_capacity(instance.results.len());
        for (_, tree) in &instance.results {
            let leaves = outputs.by_ref().take(tree.leaf_count());
            let leaves = leaves
                .filter_map(|Output { value, .. }| map.get(value).copied())
                .collect();
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
