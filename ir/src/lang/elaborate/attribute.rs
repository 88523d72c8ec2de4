//! What a graph is instantiated with besides its arguments: dims, types and attributes.
//!
//! An attribute is a parameter without a type: a number, a truth value, a name such as a dtype or a
//! function, or a list of these. It is passed by name, `layer_norm(x, p, eps = 1e-6)`, is known at
//! compile time, and may have a default, which can use dims and the attributes before it.

use super::body::Body;
use super::call::{Attrs, attribute_value};
use super::dims::Bindings;
use super::value::{Function, Val};
use super::{Elaborator, Reported, Scope, closest};
use crate::diag::{Code, Diagnostic};
use crate::lang::ast;
use crate::module::Tree;
use crate::op::AttrValue;
use crate::span::Span;
use rustc_hash::FxHashMap;
use std::rc::Rc;

/// Types that stand for type parameters.
pub(super) type Types = FxHashMap<String, Tree>;

/// What a graph is instantiated with besides its arguments.
#[derive(Clone, Debug, Default)]
pub(super) struct Choice {
    pub(super) dims: Bindings,
    pub(super) types: Types,
    /// In the order of the declaration.
    pub(super) attributes: Vec<Val>,
}

/// Names of attributes with their values, as a call gives them.
pub(super) type Given = Vec<(String, AttrValue)>;

impl<'a> Elaborator<'a> {
    /// The function with attributes given to the graph that it is, or is made from.
    pub(super) fn with_attributes(
        &mut self,
        function: &Rc<Function>,
        attributes: &Attrs,
    ) -> Result<Rc<Function>, Reported> {
        let Some((first, _)) = attributes.first() else {
            return Ok(function.clone());
        };
        let Some(index) = base_graph(function) else {
            let message = "an op that is passed on as a function takes no attributes";
            return Err(self.report(
                Diagnostic::error(Code::BadAttribute, message)
                    .primary(first.span, "")
                    .help("wrap it in a graph that gives them"),
            ));
        };
        let mut given = Given::new();
        for (attribute, val) in attributes {
            let value = self.given(index, attribute, val)?;
            if given.iter().any(|(name, _)| *name == attribute.name.name) {
                let message = format!("`{}` is given twice", attribute.name.name);
                return Err(self.report(
                    Diagnostic::error(Code::BadAttribute, message).primary(attribute.span, ""),
                ));
            }
            given.push((attribute.name.name.clone(), value));
        }
        // The order in which attributes are given makes no other function.
        given.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(rebuilt(function, &given))
    }

    /// The value that a call gives an attribute of a graph.
    fn given(
        &mut self,
        index: usize,
        attribute: &ast::Attribute,
        val: &Val,
    ) -> Result<AttrValue, Reported> {
        if let Some(unknown) = self.no_such_attribute(index, attribute) {
            return Err(self.report(unknown));
        }
        attribute_value(val).ok_or_else(|| {
            let message = format!("{} is no value of an attribute", val.describe());
            self.report(
                Diagnostic::error(Code::BadAttribute, message)
                    .primary(attribute.span, "")
                    .help("attributes are constants: numbers, truth values, names, lists of them"),
            )
        })
    }

    /// An error about an attribute that a graph does not have.
    pub(super) fn no_such_attribute(
        &self,
        index: usize,
        attribute: &ast::Attribute,
    ) -> Option<Diagnostic> {
        let graph = self.graphs[index];
        let known = graph.attributes.iter().map(|a| a.name.name.as_str());
        let known: Vec<&str> = known.collect();
        let name = attribute.name.name.as_str();
        if known.contains(&name) {
            return None;
        }
        let message = format!("`{}` has no attribute `{name}`", graph.name.name);
        let diagnostic = Diagnostic::error(Code::BadAttribute, message);
        let diagnostic = diagnostic.primary(attribute.span, "");
        let diagnostic = diagnostic.secondary(graph.params_span, "its parameters");
        let parameter = graph.params.iter().any(|param| param.name.name == name);
        let close = closest(name, known.iter().copied());
        Some(diagnostic.help(match (close, known.as_slice()) {
            (Some(close), _) => format!("did you mean `{close}`?"),
            (None, _) if parameter => {
                "tensors and structs are passed by their place, without a name".to_string()
            }
            (None, []) => "it takes no attributes".to_string(),
            (None, known) => format!("its attributes are {}", known.join(", ")),
        }))
    }

    /// Completes a choice by attributes: those given, and defaults for the others. Returns the scope
    /// in which the types of the graph are read: whole numbers among the attributes are dims there.
    pub(super) fn choose_attributes(
        &mut self,
        graph: &'a ast::Graph,
        choice: &mut Choice,
        given: &[(String, AttrValue)],
        span: Span,
    ) -> Result<Scope<'a>, Reported> {
        let scope = Scope {
            ast: self.ast,
            dims: choice.dims.clone(),
            types: choice.types.clone(),
        };
        let mut body = Body::new(graph, scope);
        for attribute in &graph.attributes {
            let name = &attribute.name;
            let default = match attribute.default {
                Some(default) => Some(self.default_value(&mut body, default)?),
                None => None,
            };
            let given = given.iter().find(|(given, _)| *given == name.name);
            let val = match (given, default) {
                (Some((_, value)), None) => value_of(value),
                (Some((_, value)), Some(default)) => {
                    let val = value_of(value);
                    self.check_kind(attribute, &val, &default, span)?;
                    val
                }
                (None, Some(default)) => default,
                (None, None) => return Err(self.missing(graph, name, span)),
            };
            self.define_local(&mut body, name, val.clone());
            choice.attributes.push(val);
        }
        Ok(body.scope)
    }

    fn default_value(
        &mut self,
        body: &mut Body<'a>,
        default: ast::ExprId,
    ) -> Result<Val, Reported> {
        let span = self.ast.expr(default).span;
        let val = self.expression(body, default)?;
        if attribute_value(&val).is_some() {
            return Ok(val);
        }
        let message = format!("{} is no default of an attribute", val.describe());
        Err(self.report(
            Diagnostic::error(Code::BadAttribute, message)
                .primary(span, "")
                .help("attributes are constants: numbers, truth values, names, lists of them"),
        ))
    }

    /// An error where a value is of another kind than the default.
    fn check_kind(
        &mut self,
        attribute: &ast::AttributeParam,
        val: &Val,
        default: &Val,
        span: Span,
    ) -> Result<(), Reported> {
        if std::mem::discriminant(val) == std::mem::discriminant(default) {
            return Ok(());
        }
        let name = &attribute.name.name;
        let (given, wanted) = (val.describe(), default.describe());
        let message =
            format!("the attribute `{name}` is {wanted} by default, but {given} is given");
        Err(self.report(
            Diagnostic::error(Code::BadAttribute, message)
                .primary(span, "in this call")
                .secondary(attribute.span, "declared here"),
        ))
    }

    fn missing(&mut self, graph: &ast::Graph, name: &ast::Ident, span: Span) -> Reported {
        let message = format!("`{}` needs the attribute `{}`", graph.name.name, name.name);
        let diagnostic = Diagnostic::error(Code::BadAttribute, message);
        if span == graph.name.span {
            return self.report(
                diagnostic
                    .primary(name.span, "an exported graph has no caller to give it")
                    .help(format!("give it a default: `{} = …`", name.name)),
            );
        }
        self.report(
            diagnostic
                .primary(span, "")
                .secondary(name.span, "declared here, without a default")
                .help(format!("add `{} = …` after the arguments", name.name)),
        )
    }
}

/// The graph that a function is, or is made from.
pub(super) fn base_graph(function: &Function) -> Option<usize> {
    let mut at = function;
    loop {
        at = match at {
            Function::Graph { index, .. } => return Some(*index),
            Function::Op(_) => return None,
            Function::Gradient { of, .. }
            | Function::Checkpoint { of }
            | Function::Scan { of, .. }
            | Function::AssociativeScan { of, .. }
            | Function::Cond { then: of, .. }
            | Function::Vjp { of, .. }
            | Function::Jvp { of, .. } => of,
        };
    }
}

/// The function with attributes given to the graph within. Transforms nest no deeper than brackets.
fn rebuilt(function: &Rc<Function>, given: &Given) -> Rc<Function> {
    Rc::new(match &**function {
        Function::Graph { index, dims, .. } => Function::Graph {
            index: *index,
            dims: dims.clone(),
            attributes: given.clone(),
        },
        Function::Op(name) => Function::Op(name),
        Function::Checkpoint { of } => Function::Checkpoint {
            of: rebuilt(of, given),
        },
        Function::Scan { of, repeat } => Function::Scan {
            of: rebuilt(of, given),
            repeat: repeat.clone(),
        },
        Function::AssociativeScan { of, reverse } => Function::AssociativeScan {
            of: rebuilt(of, given),
            reverse: *reverse,
        },
        Function::Cond { then, otherwise } => Function::Cond {
            then: rebuilt(then, given),
            otherwise: otherwise.clone(),
        },
        Function::Gradient {
            of,
            wrt,
            result,
            with_value,
        } => Function::Gradient {
            of: rebuilt(of, given),
            wrt: wrt.clone(),
            result: result.clone(),
            with_value: *with_value,
        },
        Function::Vjp { of, wrt, ct } => Function::Vjp {
            ct: ct.clone(),
            of: rebuilt(of, given),
            wrt: wrt.clone(),
        },
        Function::Jvp { of, wrt } => Function::Jvp {
            of: rebuilt(of, given),
            wrt: wrt.clone(),
        },
    })
}

fn value_of(value: &AttrValue) -> Val {
    match value {
        AttrValue::Bool(truth) => Val::Bool(*truth),
        AttrValue::Number(number) => Val::Number(number.clone()),
        AttrValue::Name(name) => Val::Name(name.clone()),
        AttrValue::List(items) => Val::List(items.iter().map(value_of).collect()),
    }
}

impl ast::Graph {
    /// Whether a name in the brackets after the graph's stands for a type rather than for a dim: it
    /// is the type of a parameter.
    pub(super) fn is_type_parameter(&self, name: &str) -> bool {
        self.dims.iter().any(|dim| dim.name == name)
            && self.params.iter().any(|param| param.ty.name.name == name)
    }

    /// Whether it needs no dims, types or attributes from a caller.
    pub(super) fn is_complete(&self) -> bool {
        let mut attributes = self.attributes.iter();
        self.dims.is_empty() && attributes.all(|attribute| attribute.default.is_some())
    }

    /// The names in brackets that stand for dims.
    pub(super) fn value_dims(&self) -> impl Iterator<Item = &ast::Ident> {
        let dims = self.dims.iter();
        dims.filter(|dim| !self.is_type_parameter(&dim.name))
    }
}
