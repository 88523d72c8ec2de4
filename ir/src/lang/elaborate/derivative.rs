//! Function transforms: `grad`, `value_and_grad`, `vjp` and `jvp` of functions for given types.

use super::call::{Args, Attrs};
use super::function::{Instance, Named};
use super::value::{Function, Val};
use super::{Elaborator, Reported, count};
use crate::autodiff::{self, AutodiffError};
use crate::diag::{Code, Diagnostic};
use crate::graph::Graph;
use crate::lang::ast::{Attribute, ExprId, ExprKind};
use crate::module::Tree;
use crate::op::SPECS;
use crate::rewrite::dce;
use crate::shape::Type;
use crate::span::Span;
use std::rc::Rc;

/// Derivatives nest no deeper than this.
const MAX_DERIVATIVES: usize = 8;

impl Elaborator<'_> {
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
    fn names_in(&mut self, attribute: &Attribute) -> Result<Vec<String>, Reported> {
        let ast = self.ast;
        let expr = ast.expr(attribute.value);
        let single = |id: &ExprId| match &ast.expr(*id).kind {
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

    pub(super) fn gradient(
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
    pub(super) fn split_arguments(
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

    pub(super) fn vjp(
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

    pub(super) fn jvp(
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
}
