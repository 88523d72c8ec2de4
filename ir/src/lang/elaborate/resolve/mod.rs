//! What can be said of a text without knowing the types that it is used with.
//!
//! Elaboration sees a graph only where it is called, of a condition only what holds, and of a loop
//! only the turns that it takes. Here every declaration is read once, as it stands: the names in it
//! must mean something, types exist, ops and graphs take the attributes that they are given and graphs
//! as many arguments, structs have the fields that are read, and results are defined. Shapes and
//! dtypes are left to elaboration.
//!
//! Nothing is reported that could be right for some choice of dims, types and attributes. Where what an
//! expression stands for depends on them it has the form [`Form::Unknown`], of which anything may be
//! asked. What elaboration has reported already is not reported again.

mod expression;

use super::dims::wrong_dims;
use super::{Elaborator, closest};
use crate::diag::{Code, Diagnostic};
use crate::dtype::DType;
use crate::lang::ast::{
    self, Definition, Domain, ExprId, ExprKind, For, If, Item, Pattern, Place, Statement, Step,
    Target,
};
use crate::span::Span;
use rustc_hash::FxHashMap;

/// What an expression stands for, as far as the text tells.
#[derive(Clone, Debug, PartialEq)]
enum Form<'a> {
    /// Anything.
    Unknown,
    /// A tensor.
    Tensor,
    /// A struct.
    Struct(&'a str),
    /// An array of these.
    Array(Box<Form<'a>>),
    /// What a call with several results yields.
    Tuple(Vec<Form<'a>>),
}

impl Form<'_> {
    /// What is either of two things.
    fn or(self, other: Self) -> Self {
        if self == other { self } else { Form::Unknown }
    }
}

/// A name of a body.
struct Known<'a> {
    form: Form<'a>,
    span: Span,
    /// Whether it is known here whatever conditions hold, so that it cannot be defined again.
    certain: bool,
}

/// What is known at a place of a body.
#[derive(Default)]
struct Frame<'a> {
    /// The dims and types of the graph.
    generic: Vec<&'a str>,
    names: FxHashMap<&'a str, Known<'a>>,
    /// The names in the order in which they were defined.
    order: Vec<&'a str>,
    /// The types of the results, and of what has a next value.
    results: FxHashMap<&'a str, Form<'a>>,
    nexts: FxHashMap<&'a str, Form<'a>>,
}

impl<'a> Frame<'a> {
    fn define(&mut self, name: &'a ast::Ident, form: Form<'a>) {
        let known = Known {
            form,
            span: name.span,
            certain: true,
        };
        self.order.push(&name.name);
        self.names.insert(&name.name, known);
    }

    /// Whether a name stands for a value, dim or type here.
    fn knows(&self, name: &str) -> bool {
        self.names.contains_key(name) || self.generic.contains(&name)
    }
}

/// What is to be done next; blocks within blocks need no recursion.
enum Task<'a> {
    Statements(std::slice::Iter<'a, Statement>),
    /// A turn ends: its names, those from the given one on, are gone.
    EndTurn(usize, &'a For),
    /// A case of a condition ends: its names, from the given one on, may be known or not.
    EndCase(usize),
}

impl<'a> Elaborator<'a> {
    /// Reports what is wrong in a text for any use of it.
    pub(super) fn resolve(&mut self) {
        for item in &self.ast.items {
            match item {
                Item::Struct(item) => {
                    let frame = Frame {
                        generic: item.dims.iter().map(|dim| dim.name.as_str()).collect(),
                        ..Frame::default()
                    };
                    for field in &item.fields {
                        self.resolve_type(&frame, &field.ty);
                    }
                }
                Item::Graph(graph) => {
                    self.resolve_graph(graph);
                    if let Some(rule) = &graph.rule {
                        self.resolve_graph(&rule.graph);
                    }
                }
                Item::Entry(item) => {
                    self.resolve_choice(&Frame::default(), item.function);
                }
                Item::Use(_) | Item::Dim(_) => {}
            }
            if self.diagnostics.is_full() {
                return;
            }
        }
    }

    /// Reports what was not reported yet.
    pub(super) fn report_new(&mut self, diagnostic: Diagnostic) {
        let known =
            |other: &Diagnostic| other.code == diagnostic.code && other.span() == diagnostic.span();
        if !self.diagnostics.iter().any(known) {
            self.diagnostics.push(diagnostic);
        }
    }

    fn resolve_graph(&mut self, graph: &'a ast::Graph) {
        let mut frame = Frame {
            generic: graph.dims.iter().map(|dim| dim.name.as_str()).collect(),
            ..Frame::default()
        };
        for attribute in &graph.attributes {
            if let Some(default) = attribute.default {
                self.resolve_choice(&frame, default);
            }
            frame.define(&attribute.name, Form::Unknown);
        }
        for param in &graph.params {
            let form = self.resolve_type(&frame, &param.ty);
            for bound in param.range.iter().flat_map(|range| [range.low, range.high]) {
                self.resolve_expression(&frame, bound);
            }
            if param.inout.is_some() {
                frame.nexts.insert(&param.name.name, form.clone());
            }
            frame.define(&param.name, form);
        }
        for result in &graph.results {
            let form = self.resolve_type(&frame, &result.ty);
            frame.results.insert(&result.name.name, form);
        }
        self.resolve_body(&mut frame, &graph.body);
        self.resolve_outputs(graph);
    }

    /// Reports results and next values that no statement defines.
    fn resolve_outputs(&mut self, graph: &'a ast::Graph) {
        let mut defined: FxHashMap<(&str, bool), ()> = FxHashMap::default();
        for statement in ast::statements_in(&graph.body) {
            match statement {
                Statement::Definition(definition) => {
                    for target in definition.pattern.targets() {
                        if let Target::Place(place) = target {
                            defined.insert((&place.root.name, place.next.is_some()), ());
                        }
                    }
                }
                Statement::For(item) => {
                    let names = item.carries.iter().map(|carry| carry.name.name.as_str());
                    defined.extend(names.map(|name| ((name, false), ())));
                }
                Statement::If(_) => {}
            }
        }
        let results = graph.results.iter().map(|result| (&result.name, false));
        let inouts = graph.params.iter().filter(|param| param.inout.is_some());
        for (name, next) in results.chain(inouts.map(|param| (&param.name, true))) {
            if !defined.contains_key(&(name.name.as_str(), next)) {
                self.report_new(super::body::missing_result(name, &name.name, next));
            }
        }
    }

    fn resolve_body(&mut self, frame: &mut Frame<'a>, body: &'a [Statement]) {
        let mut tasks = vec![Task::Statements(body.iter())];
        while let Some(task) = tasks.pop() {
            if self.diagnostics.is_full() {
                return;
            }
            match task {
                Task::Statements(mut statements) => {
                    let Some(statement) = statements.next() else {
                        continue;
                    };
                    tasks.push(Task::Statements(statements));
                    match statement {
                        Statement::Definition(definition) => {
                            self.resolve_definition(frame, definition);
                        }
                        Statement::For(item) => self.begin_loop(frame, item, &mut tasks),
                        Statement::If(item) => self.begin_cases(frame, item, &mut tasks),
                    }
                }
                Task::EndTurn(first, item) => end_turn(frame, first, item),
                Task::EndCase(first) => {
                    for name in &frame.order[first..] {
                        if let Some(known) = frame.names.get_mut(name) {
                            known.certain = false;
                        }
                    }
                }
            }
        }
    }

    fn begin_cases(&mut self, frame: &Frame<'a>, item: &'a If, tasks: &mut Vec<Task<'a>>) {
        for (condition, _) in &item.arms {
            self.resolve_expression(frame, *condition);
        }
        let blocks = item.arms.iter().map(|(_, block)| block);
        // The names of one case are known in the next, since nothing follows from their being there.
        let blocks: Vec<&ast::Block> = blocks.chain(&item.otherwise).collect();
        for block in blocks.into_iter().rev() {
            tasks.push(Task::EndCase(frame.order.len()));
            tasks.push(Task::Statements(block.statements.iter()));
        }
    }

    fn begin_loop(&mut self, frame: &mut Frame<'a>, item: &'a For, tasks: &mut Vec<Task<'a>>) {
        let variable = match item.domain {
            Domain::Range { start, end } => {
                self.resolve_expression(frame, start);
                self.resolve_expression(frame, end);
                Form::Unknown
            }
            Domain::Elements(array) => match self.resolve_choice(frame, array) {
                Form::Array(element) => *element,
                Form::Unknown | Form::Tensor | Form::Struct(_) | Form::Tuple(_) => Form::Unknown,
            },
        };
        let mut carried = Vec::with_capacity(item.carries.len());
        for carry in &item.carries {
            let form = self.resolve_expression(frame, carry.initial);
            carried.push(match &carry.ty {
                Some(ty) => self.resolve_type(frame, ty),
                None => form,
            });
        }
        let first = frame.order.len();
        self.bind_name(frame, &item.variable, variable);
        for (carry, form) in item.carries.iter().zip(carried) {
            frame.nexts.insert(&carry.name.name, form.clone());
            // Names that one loop binds twice were reported when names were checked.
            if !frame.order[first..].contains(&carry.name.name.as_str()) {
                self.bind_name(frame, &carry.name, form);
            }
        }
        tasks.push(Task::EndTurn(first, item));
        tasks.push(Task::Statements(item.body.statements.iter()));
    }

    fn resolve_definition(&mut self, frame: &mut Frame<'a>, definition: &'a Definition) {
        let form = self.resolve_expression(frame, definition.value);
        match (&definition.pattern, form) {
            (Pattern::One(target), form) => self.bind_target(frame, target, form),
            (Pattern::Tuple { targets, .. }, Form::Tuple(forms))
                if forms.len() == targets.len() =>
            {
                for (target, form) in targets.iter().zip(forms) {
                    self.bind_target(frame, target, form);
                }
            }
            (Pattern::Tuple { targets, .. }, _) => {
                for target in targets {
                    self.bind_target(frame, target, Form::Unknown);
                }
            }
        }
    }

    fn bind_target(&mut self, frame: &mut Frame<'a>, target: &'a Target, form: Form<'a>) {
        let Target::Place(place) = target else { return };
        let form = match &place.ty {
            Some(ty) => self.resolve_type(frame, ty),
            None => form,
        };
        if place.is_name() {
            self.bind_name(frame, &place.root, form);
            return;
        }
        let root = place.root.name.as_str();
        let whole = match place.next {
            Some(_) => frame.nexts.get(root),
            None => frame.results.get(root),
        };
        match whole.cloned() {
            Some(whole) => self.resolve_steps(frame, whole, place),
            None if place.next.is_some() => self.report_new(super::body::no_next_value(place)),
            None => self.report_new(super::body::no_result(place)),
        }
    }

    /// A name that is bound, unless it is bound for certain already.
    fn bind_name(&mut self, frame: &mut Frame<'a>, name: &'a ast::Ident, form: Form<'a>) {
        // Results may be defined in one turn of a loop and read in another.
        if frame.results.contains_key(name.name.as_str()) {
            return;
        }
        match frame.names.get(name.name.as_str()) {
            Some(known) if known.certain => {
                let first = known.span;
                self.report_new(super::body::defined_already(name, first));
            }
            Some(known) => {
                let form = form.or(known.form.clone());
                frame.define(name, form);
            }
            None => frame.define(name, form),
        }
    }

    /// The fields and elements of a place that is defined.
    fn resolve_steps(&mut self, frame: &Frame<'a>, whole: Form<'a>, place: &'a Place) {
        let mut form = whole;
        for step in &place.path {
            form = match step {
                Step::Field(field) => self.resolve_field(&form, field),
                Step::Index { index, .. } => {
                    self.resolve_dim(frame, *index);
                    match form {
                        Form::Array(element) => *element,
                        Form::Unknown | Form::Tensor | Form::Struct(_) | Form::Tuple(_) => {
                            Form::Unknown
                        }
                    }
                }
            };
        }
    }

    /// A field of what is a struct.
    fn resolve_field(&mut self, base: &Form<'a>, field: &ast::Ident) -> Form<'a> {
        let template = match base {
            Form::Struct(name) => self.structs.get(name).copied(),
            Form::Unknown | Form::Tensor | Form::Array(_) | Form::Tuple(_) => None,
        };
        let (what, help) = match (base, template) {
            (Form::Struct(name), Some(template)) => {
                let mut fields = template.fields.iter();
                if let Some(found) = fields.find(|known| known.name.name == field.name) {
                    return self.form_of(&[], &found.ty);
                }
                let names = template.fields.iter().map(|field| field.name.name.as_str());
                let names: Vec<&str> = names.collect();
                let help = match closest(&field.name, names.iter().copied()) {
                    Some(close) => format!("did you mean `{close}`?"),
                    None => format!("its fields are {}", names.join(", ")),
                };
                (format!("`{name}`"), help)
            }
            (Form::Tensor, _) => {
                let help = "only structs have fields".to_string();
                ("a tensor".to_string(), help)
            }
            (Form::Array(_), _) => {
                let help = "an array has elements: write an index in brackets before the point";
                ("an array".to_string(), help.to_string())
            }
            (Form::Unknown | Form::Struct(_) | Form::Tuple(_), _) => return Form::Unknown,
        };
        let message = format!("{what} has no field `{}`", field.name);
        let diagnostic = Diagnostic::error(Code::UnknownField, message);
        self.report_new(diagnostic.primary(field.span, "").help(help));
        Form::Unknown
    }

    /// A type and the names in it.
    fn resolve_type(&mut self, frame: &Frame<'a>, ty: &'a ast::Type) -> Form<'a> {
        let name = ty.name.name.as_str();
        let (dims, lengths) = self.brackets(ty);
        for dim in dims.iter().chain(&lengths) {
            self.resolve_dim(frame, *dim);
        }
        let known = name.parse::<DType>().is_ok() || frame.generic.contains(&name);
        match self.structs.get(name).copied() {
            _ if known => {}
            Some(template) if template.dims.len() != dims.len() => {
                self.report_new(wrong_dims(template, ty, dims.len()));
            }
            Some(_) => {}
            None => {
                let unknown = self.no_such_type(ty);
                self.report_new(unknown);
            }
        }
        self.form_of(&frame.generic, ty)
    }

    /// What a value of a type is, where `generic` are names that stand for any type.
    fn form_of(&self, generic: &[&str], ty: &'a ast::Type) -> Form<'a> {
        let name = ty.name.name.as_str();
        let element = if name.parse::<DType>().is_ok() {
            Form::Tensor
        } else if self.structs.contains_key(name) && !generic.contains(&name) {
            Form::Struct(name)
        } else {
            return Form::Unknown;
        };
        let (_, lengths) = self.brackets(ty);
        let around = |form, _: &ExprId| Form::Array(Box::new(form));
        lengths.iter().fold(element, around)
    }

    /// The names in a dim.
    fn resolve_dim(&mut self, frame: &Frame<'a>, dim: ExprId) {
        for id in self.ast.subtree(dim) {
            let expr = self.ast.expr(id);
            let ExprKind::Name(name) = &expr.kind else {
                continue;
            };
            let of_file =
                self.file_dims.contains_key(name) || self.failed_dims.contains(name.as_str());
            if !of_file && !frame.knows(name) {
                let dims = frame.generic.iter().copied();
                let unknown = self.no_such_dim(name, expr.span, dims);
                self.report_new(unknown);
            }
        }
    }
}

/// Ends the names of a turn. What was carried has its last value after the loop.
fn end_turn<'a>(frame: &mut Frame<'a>, first: usize, item: &'a For) {
    for name in frame.order.split_off(first) {
        frame.names.remove(name);
    }
    for carry in &item.carries {
        frame.nexts.remove(carry.name.name.as_str());
        if !frame.results.contains_key(carry.name.name.as_str()) {
            frame.define(&carry.name, Form::Unknown);
        }
    }
}
