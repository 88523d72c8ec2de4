//! Expressions, as far as the text tells: the names in them, fields, and calls.

use super::{Form, Frame};
use crate::diag::Diagnostic;
use crate::dtype::DType;
use crate::graph::check_arity;
use crate::lang::ast::{self, Attribute, BinaryOp, ExprId, ExprKind};
use crate::lang::elaborate::call::{attribute_error, is_callable, takes_functions};
use crate::lang::elaborate::function::wrong_arguments;
use crate::lang::elaborate::{Elaborator, body};
use crate::op::{AttrError, SPECS, Spec};
use crate::span::Span;
use rustc_hash::FxHashMap;

/// What an expression is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// To be a value.
    Value,
    /// To be called, or passed to what takes a function.
    Function,
    /// To choose something: names of any kind are values of attributes.
    Choice,
}

/// A call: its parts.
struct CallParts<'e> {
    args: &'e [ExprId],
    attributes: &'e [Attribute],
    span: Span,
}

impl<'a> Elaborator<'a> {
    pub(super) fn resolve_expression(&mut self, frame: &Frame<'a>, root: ExprId) -> Form<'a> {
        self.resolve_as(frame, root, Role::Value)
    }

    /// An expression that may be a choice, as the value of an attribute is.
    pub(super) fn resolve_choice(&mut self, frame: &Frame<'a>, root: ExprId) -> Form<'a> {
        self.resolve_as(frame, root, Role::Choice)
    }

    fn resolve_as(&mut self, frame: &Frame<'a>, root: ExprId, role: Role) -> Form<'a> {
        let ids = self.all_cases(root);
        let roles = self.roles_in(frame, &ids, root, role);
        let mut forms: FxHashMap<ExprId, Form<'a>> = FxHashMap::default();
        for id in ids {
            let role = roles.get(&id).copied().unwrap_or(Role::Value);
            let form = self.form(frame, id, role, &forms);
            forms.insert(id, form);
        }
        forms.remove(&root).unwrap_or(Form::Unknown)
    }

    /// The expressions that one is made of, operands before users, in all cases of conditions.
    fn all_cases(&self, root: ExprId) -> Vec<ExprId> {
        let (mut found, mut open) = (Vec::new(), vec![root]);
        while let Some(root) = open.pop() {
            for id in self.ast.subtree(root) {
                found.push(id);
                if let ExprKind::If { arms, otherwise } = &self.ast.expr(id).kind {
                    open.extend(
                        arms.iter()
                            .flat_map(|(condition, value)| [condition, value]),
                    );
                    open.push(*otherwise);
                }
            }
        }
        found.sort_unstable();
        found
    }

    /// What the expressions are there for, where that is not to be values.
    fn roles_in(
        &self,
        frame: &Frame<'a>,
        ids: &[ExprId],
        root: ExprId,
        role: Role,
    ) -> FxHashMap<ExprId, Role> {
        let mut roles = FxHashMap::default();
        roles.insert(root, role);
        // Users come after their operands.
        for id in ids.iter().rev() {
            let role = roles.get(id).copied().unwrap_or(Role::Value);
            match &self.ast.expr(*id).kind {
                ExprKind::If { arms, otherwise } => {
                    let values = arms.iter().map(|(_, value)| value);
                    roles.extend(values.chain([otherwise]).map(|value| (*value, role)));
                }
                ExprKind::List(items) | ExprKind::Tuple(items) => {
                    roles.extend(items.iter().map(|item| (*item, role)));
                }
                ExprKind::Binary {
                    op: BinaryOp::Eq | BinaryOp::Ne,
                    left,
                    right,
                    ..
                } => {
                    roles.insert(*left, Role::Choice);
                    roles.insert(*right, Role::Choice);
                }
                ExprKind::Call {
                    callee,
                    args,
                    attributes,
                } => {
                    roles.insert(*callee, Role::Function);
                    let name = self.callee_name(frame, *callee);
                    let functions = args.iter().take(name.map_or(0, takes_functions));
                    roles.extend(functions.map(|function| (*function, Role::Function)));
                    let fields = name.is_some_and(|name| self.struct_named(name).is_some());
                    let role = if fields { Role::Value } else { Role::Choice };
                    roles.extend(attributes.iter().map(|given| (given.value, role)));
                }
                _ => {}
            }
        }
        roles
    }

    /// The struct that a name stands for where something is called. Graphs and ops come first.
    fn struct_named(&self, name: &str) -> Option<&'a ast::Struct> {
        let template = self.structs.get(name).copied();
        template.filter(|_| !self.is_function(name))
    }

    /// The name of what is called, where it is that of an op, graph, struct or transform: a value of
    /// this name that stands for some function comes first.
    fn callee_name(&self, frame: &Frame<'a>, callee: ExprId) -> Option<&'a str> {
        let mut at = callee;
        if let ExprKind::Index { base, .. } = &self.ast.expr(at).kind {
            at = *base;
        }
        match &self.ast.expr(at).kind {
            ExprKind::Name(name) => match frame.names.get(name.as_str()) {
                Some(known) if known.form == Form::Unknown => None,
                Some(_) | None => Some(name),
            },
            _ => None,
        }
    }

    fn form(
        &mut self,
        frame: &Frame<'a>,
        id: ExprId,
        role: Role,
        forms: &FxHashMap<ExprId, Form<'a>>,
    ) -> Form<'a> {
        let expr = self.ast.expr(id);
        let get = |id: &ExprId| forms.get(id).cloned().unwrap_or(Form::Unknown);
        match &expr.kind {
            ExprKind::Name(name) => self.form_of_name(frame, name, role, expr.span),
            ExprKind::Unary { operand, .. } => get(operand),
            ExprKind::Binary { left, right, .. } => combined(get(left), get(right)),
            ExprKind::Field { base, field } => self.resolve_field(&get(base), field),
            ExprKind::Next { base } => {
                self.check_next(frame, *base, expr.span);
                Form::Unknown
            }
            ExprKind::Index { base, indices } => match (get(base), indices.as_slice()) {
                (Form::Array(element), [_]) => *element,
                _ => Form::Unknown,
            },
            ExprKind::Slice { base, .. } => get(base),
            ExprKind::Tuple(items) => Form::Tuple(items.iter().map(get).collect()),
            ExprKind::List(items) => {
                let mut elements = items.iter().map(get);
                let first = elements.next().unwrap_or(Form::Unknown);
                match elements.fold(first, Form::or) {
                    Form::Unknown | Form::Tuple(_) => Form::Unknown,
                    element => Form::Array(Box::new(element)),
                }
            }
            ExprKind::If { arms, otherwise } => {
                let values = arms.iter().map(|(_, value)| get(value));
                values.fold(get(otherwise), Form::or)
            }
            ExprKind::Call {
                callee,
                args,
                attributes,
            } => {
                let call = CallParts {
                    args,
                    attributes,
                    span: expr.span,
                };
                match self.callee_name(frame, *callee) {
                    Some(name) => self.form_of_call(name, &call),
                    None => Form::Unknown,
                }
            }
            _ => Form::Unknown,
        }
    }

    fn form_of_name(
        &mut self,
        frame: &Frame<'a>,
        name: &'a str,
        role: Role,
        span: Span,
    ) -> Form<'a> {
        if let Some(known) = frame.names.get(name) {
            return known.form.clone();
        }
        if let Some(form) = frame.results.get(name) {
            return form.clone();
        }
        let known = frame.knows(name)
            || self.file_dims.contains_key(name)
            || self.failed_dims.contains(name)
            || self.is_function(name)
            || self.structs.contains_key(name)
            || name.parse::<DType>().is_ok()
            || matches!(name, "inf" | "nan");
        match role {
            _ if known => {}
            Role::Choice => {}
            Role::Function => {
                let unknown = self.no_such_function(name, span);
                self.report_new(unknown);
            }
            Role::Value => {
                let unknown = self.no_such_name(name, span, frame.names.keys().copied());
                self.report_new(unknown);
            }
        }
        Form::Unknown
    }

    fn check_next(&mut self, frame: &Frame<'a>, base: ExprId, span: Span) {
        let root = self.path_of(base);
        if root.is_some_and(|(root, _)| !frame.nexts.contains_key(root)) {
            self.report_new(body::no_next_of(span));
        }
    }

    /// What a call by name yields.
    fn form_of_call(&mut self, name: &'a str, call: &CallParts<'_>) -> Form<'a> {
        if let Some(&index) = self.graph_names.get(name) {
            return self.form_of_graph_call(index, call);
        }
        if let Some(spec) = SPECS
            .iter()
            .find(|spec| spec.name == name && is_callable(spec))
        {
            self.check_op_call(spec, call);
            return match spec.results {
                [_] => Form::Tensor,
                results => Form::Tuple(vec![Form::Tensor; results.len()]),
            };
        }
        match self.struct_named(name) {
            Some(_) => Form::Struct(name),
            None => Form::Unknown,
        }
    }

    fn form_of_graph_call(&mut self, index: usize, call: &CallParts<'_>) -> Form<'a> {
        let graph = self.graphs[index];
        if call.args.len() != graph.params.len() {
            self.report_new(wrong_arguments(graph, call.args.len(), call.span));
        }
        for attribute in call.attributes {
            if let Some(unknown) = self.no_such_attribute(index, attribute) {
                self.report_new(unknown);
            }
        }
        let generic: Vec<&str> = graph.dims.iter().map(|dim| dim.name.as_str()).collect();
        let results = graph.results.iter();
        let mut results: Vec<Form<'a>> = results
            .map(|result| self.form_of(&generic, &result.ty))
            .collect();
        match results.len() {
            1 => results.remove(0),
            _ => Form::Tuple(results),
        }
    }

    fn check_op_call(&mut self, spec: &'static Spec, call: &CallParts<'_>) {
        if let Some(error) = wrong_attributes(spec, call.attributes) {
            let attributes = call.attributes.iter();
            self.report_new(attribute_error(&error, attributes, call.span));
        } else if let Err(error) = check_arity(spec, call.args.len()) {
            let diagnostic = Diagnostic::error(crate::diag::Code::ArgumentCount, error.message);
            let diagnostic = diagnostic.primary(call.span, "");
            self.report_new(error.help.into_iter().fold(diagnostic, Diagnostic::help));
        }
    }
}

/// The first attribute that an op does not take, or needs and is not given.
fn wrong_attributes(spec: &'static Spec, given: &[Attribute]) -> Option<AttrError> {
    let op = spec.name;
    let known = || spec.attributes.iter().map(|attribute| attribute.name);
    let names = || given.iter().map(|attribute| attribute.name.name.as_str());
    if let Some(name) = names().find(|name| known().all(|known| known != *name)) {
        let (name, known) = (name.to_string(), known().collect());
        return Some(AttrError::Unknown { op, name, known });
    }
    let mut needed = spec
        .attributes
        .iter()
        .filter(|attribute| attribute.required);
    let missing = needed.find(|attribute| names().all(|name| name != attribute.name));
    missing.map(|attribute| AttrError::Missing {
        op,
        name: attribute.name,
        kind: attribute.kind,
    })
}

/// What an operator yields: structs and arrays go leaf by leaf.
fn combined<'a>(x: Form<'a>, y: Form<'a>) -> Form<'a> {
    match (x, y) {
        (Form::Tensor, Form::Tensor) => Form::Tensor,
        (parts @ (Form::Struct(_) | Form::Array(_)), other)
        | (other, parts @ (Form::Struct(_) | Form::Array(_))) => match other {
            Form::Struct(_) | Form::Array(_) => parts.or(other),
            Form::Unknown | Form::Tensor | Form::Tuple(_) => parts,
        },
        (_, _) => Form::Unknown,
    }
}
