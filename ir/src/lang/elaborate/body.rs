//! Bodies: statements in order, what they define, and the types that this must have.

use super::attribute::Choice;
use super::function::Instance;
use super::path::{Call, Names};
use super::value::{Data, Val, told_apart};
use super::{Elaborator, Reported, Scope, closest, count};
use crate::builder::Builder;
use crate::constant::Constant;
use crate::diag::{Code, Diagnostic};
use crate::dtype::DType;
use crate::graph::{Graph, Output, Value};
use crate::lang::ast::{self, Definition, Pattern, Place, Target};
use crate::module::Tree;
use crate::op::{Input, TypeError};
use crate::shape::Type;
use crate::span::Span;
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::{Cell, RefCell};

/// The body of one graph while it is elaborated.
pub(super) struct Body<'a> {
    pub(super) graph: &'a ast::Graph,
    pub(super) scope: Scope<'a>,
    pub(super) builder: Builder,
    /// How many derivatives of one another were called so far.
    pub(super) order: Cell<usize>,
    pub(super) locals: FxHashMap<String, Local>,
    /// Next values of `inout` parameters, and results that are set leaf by leaf.
    pub(super) pending: FxHashMap<String, Pending>,
    /// Next values of what a loop carries, where they are no tensors.
    pub(super) carried: FxHashMap<String, Option<(Val, Span)>>,
    /// Names that end with the turns of the loops around this place, the innermost loop last.
    pub(super) scopes: Vec<Vec<String>>,
    /// What turns of loops named, in the order of the turns.
    pub(super) turns: Vec<(String, Data)>,
    /// Names of whole numbers that were defined in the body and can be used as dims.
    pub(super) numbers: FxHashSet<String>,
    /// Names that would be defined where conditions do not hold.
    pub(super) left_out: FxHashMap<String, Span>,
    /// The calls that were expanded so far.
    pub(super) calls: RefCell<Vec<Call>>,
}

/// A name of a body.
#[derive(Clone, Debug)]
pub(super) struct Local {
    pub(super) val: Val,
    pub(super) span: Span,
}

/// A struct or tensor whose leaves are defined one by one, or at once.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) tree: Tree,
    pub(super) leaves: Vec<Option<(Value, Span)>>,
}

impl Pending {
    pub(super) fn new(tree: &Tree) -> Self {
        Pending {
            tree: tree.clone(),
            leaves: vec![None; tree.leaf_count()],
        }
    }
}

impl<'a> Body<'a> {
    /// A body without names.
    pub(super) fn new(graph: &'a ast::Graph, scope: Scope<'a>) -> Body<'a> {
        Body {
            graph,
            scope,
            builder: Builder::new(Graph::new(), graph.span),
            order: Cell::new(0),
            locals: FxHashMap::default(),
            pending: FxHashMap::default(),
            carried: FxHashMap::default(),
            scopes: Vec::new(),
            turns: Vec::new(),
            numbers: FxHashSet::default(),
            left_out: FxHashMap::default(),
            calls: RefCell::new(Vec::new()),
        }
    }
}

/// The key of the next value of an `inout` parameter.
pub(super) fn next_key(name: &str) -> String {
    format!("{name}'")
}

impl<'a> Elaborator<'a> {
    /// The expansion of a graph for the given dims and arguments.
    pub(super) fn body(
        &mut self,
        graph: &'a ast::Graph,
        choice: Choice,
        arguments: Vec<Tree>,
    ) -> Result<Instance, Reported> {
        let mut body = self.begin(graph, choice, &arguments)?;
        let results = self.declare_results(&mut body)?;
        self.statements(&mut body, &graph.body)?;
        let outputs = self.collect_outputs(&body)?;
        let order = body.order.get();
        let names = Names::Body {
            values: local_values(body.locals),
            turns: body.turns,
            calls: body.calls.into_inner(),
        };
        let mut expanded = body.builder.finish();
        expanded.set_outputs(outputs);
        let params = graph.params.iter().map(|param| param.name.name.clone());
        Ok(Instance {
            graph: expanded,
            params: params.zip(arguments).collect(),
            results,
            order,
            names,
        })
    }

    /// A body with its parameters, before its first statement.
    fn begin(
        &mut self,
        graph: &'a ast::Graph,
        choice: Choice,
        arguments: &[Tree],
    ) -> Result<Body<'a>, Reported> {
        let scope = Scope {
            ast: self.ast,
            dims: choice.dims,
            types: choice.types,
        };
        let mut body = Body::new(graph, scope);
        for (attribute, val) in graph.attributes.iter().zip(choice.attributes) {
            self.define_local(&mut body, &attribute.name, val);
        }
        self.parameters(&mut body, arguments)?;
        Ok(body)
    }

    pub(super) fn too_many_nodes(&mut self, name: &str, nodes: usize, span: Span) -> Reported {
        let limit = self.options.max_nodes;
        let help = if self.blocks > 0 {
            "loops are unrolled at compile time: let `scan` repeat what it can, or raise the bound with \
             `--max-nodes`"
        } else {
            "calls are expanded in place, so nested calls multiply; call fewer of them, or raise the \
             bound with `--max-nodes`"
        };
        let message = format!("`{name}` expands to more than {limit} nodes ({nodes} so far)");
        self.report(
            Diagnostic::error(Code::TooManyNodes, message)
                .primary(span, "here")
                .help(help),
        )
    }

    fn parameters(&mut self, body: &mut Body<'a>, arguments: &[Tree]) -> Result<(), Reported> {
        for (param, tree) in body.graph.params.iter().zip(arguments) {
            body.builder.set_span(param.span);
            let range = self.declared_range(body, param, tree)?;
            let mut leaves = Vec::with_capacity(tree.leaf_count());
            for (path, ty) in tree.leaves(&param.name.name) {
                let op = Input {
                    dtype: ty.dtype,
                    shape: ty.shape,
                };
                let input = body.builder.apply(op, &[]);
                let input = input.map_err(|error| self.type_error(&error, param.span, &[]))?;
                body.builder.edit(|graph| {
                    graph.set_name(input.node, &path);
                    range
                        .into_iter()
                        .for_each(|range| graph.set_range(input.node, range));
                });
                leaves.push(input);
            }
            let val = Val::Data(Data {
                tree: tree.clone(),
                leaves,
            });
            self.observe(param.name.span, &val);
            let local = Local {
                val,
                span: param.name.span,
            };
            body.locals.insert(param.name.name.clone(), local);
            if param.inout.is_some() {
                body.pending
                    .insert(next_key(&param.name.name), Pending::new(tree));
            }
        }
        Ok(())
    }

    fn declare_results(&mut self, body: &mut Body<'a>) -> Result<Vec<(String, Tree)>, Reported> {
        let mut results = Vec::new();
        for result in &body.graph.results {
            let tree = self.tree(&body.scope, &result.ty)?;
            body.pending
                .insert(result.name.name.clone(), Pending::new(&tree));
            results.push((result.name.name.clone(), tree));
        }
        Ok(results)
    }

    /// The outputs: leaves of the results, then next values of `inout` parameters.
    fn collect_outputs(&mut self, body: &Body<'a>) -> Result<Vec<Output>, Reported> {
        let results = body
            .graph
            .results
            .iter()
            .map(|result| (&result.name, false));
        let inouts = body
            .graph
            .params
            .iter()
            .filter(|param| param.inout.is_some());
        let mut outputs = Vec::new();
        let mut failed = false;
        for (name, next) in results.chain(inouts.map(|param| (&param.name, true))) {
            let key = if next {
                next_key(&name.name)
            } else {
                name.name.clone()
            };
            let Some(pending) = body.pending.get(&key) else {
                continue;
            };
            for ((path, _), leaf) in pending
                .tree
                .leaves(&name.name)
                .into_iter()
                .zip(&pending.leaves)
            {
                match leaf {
                    Some((value, _)) => outputs.push(Output {
                        name: if next { next_key(&path) } else { path },
                        value: *value,
                    }),
                    None => {
                        failed = true;
                        self.report(missing_result(name, &path, next));
                        break;
                    }
                }
            }
        }
        if failed { Err(Reported) } else { Ok(outputs) }
    }

    pub(super) fn definition(
        &mut self,
        body: &mut Body<'a>,
        statement: &Definition,
    ) -> Result<(), Reported> {
        body.builder.set_span(statement.span);
        let val = self.expression(body, statement.value);
        let span = self.ast.expr(statement.value).span;
        match (&statement.pattern, val) {
            (Pattern::One(target), Ok(val)) => self.bind(body, target, val, span),
            (
                Pattern::Tuple {
                    targets,
                    span: pattern,
                },
                Ok(val),
            ) => {
                let items = match val {
                    Val::Tuple(items) => items,
                    single => vec![single],
                };
                if items.len() != targets.len() {
                    for target in targets {
                        self.poison(body, target);
                    }
                    let (names, values) = (targets.len(), count(items.len(), "value"));
                    let message = format!("{} for {values}", count(names, "name"));
                    return Err(self.report(
                        Diagnostic::error(Code::TupleLength, message)
                            .primary(*pattern, "")
                            .secondary(span, format!("this yields {values}"))
                            .help("write `_` for a value that is not wanted"),
                    ));
                }
                let bound = targets.iter().zip(items);
                let outcomes: Vec<Result<(), Reported>> = bound
                    .map(|(target, val)| self.bind(body, target, val, span))
                    .collect();
                outcomes.into_iter().collect()
            }
            (pattern, Err(Reported)) => {
                for target in pattern.targets() {
                    self.poison(body, target);
                }
                Err(Reported)
            }
        }
    }

    /// Makes uses of a target that could not be defined silent.
    fn poison(&mut self, body: &mut Body<'a>, target: &Target) {
        let Target::Place(place) = target else { return };
        if place.is_name() {
            self.poison_name(body, &place.root);
        }
    }

    pub(super) fn bind(
        &mut self,
        body: &mut Body<'a>,
        target: &Target,
        val: Val,
        span: Span,
    ) -> Result<(), Reported> {
        let Target::Place(place) = target else {
            return Ok(());
        };
        let expected = place
            .ty
            .as_ref()
            .map(|ty| self.tree(&body.scope, ty))
            .transpose()?;
        let root = &place.root.name;
        let key = if place.next.is_some() {
            next_key(root)
        } else {
            root.clone()
        };
        if body.pending.contains_key(&key) {
            return self.define_output(body, place, &key, val, expected, span);
        }
        if place.next.is_some() && body.carried.contains_key(root) {
            return self.define_carried(body, place, val, span);
        }
        if place.next.is_some() {
            return Err(self.report(no_next_value(place)));
        }
        if !place.path.is_empty() {
            return Err(self.report(no_result(place)));
        }
        if let Some(local) = body.locals.get(root) {
            let first = local.span;
            return Err(self.report(defined_already(&place.root, first)));
        }
        let val = match expected {
            Some(tree) => Val::Data(self.data_of_type(body, val, &tree, span)?),
            None => val,
        };
        if let Val::Data(data) = &val {
            name_leaves(&body.builder, data, root);
        }
        if let Val::Name(name) = &val {
            let reported = self.unknown_name(body, name, span);
            self.poison(body, target);
            return Err(reported);
        }
        self.define_local(body, &place.root, val);
        Ok(())
    }

    /// Defines a result or a next value, or a part of one.
    fn define_output(
        &mut self,
        body: &mut Body<'a>,
        place: &Place,
        key: &str,
        val: Val,
        expected: Option<Tree>,
        span: Span,
    ) -> Result<(), Reported> {
        let Some(pending) = body.pending.get(key) else {
            return Err(Reported);
        };
        let whole = pending.tree.clone();
        let (tree, first) = self.select(&body.scope, &whole, &place.path)?;
        if let Some(expected) = expected.filter(|expected| *expected != tree) {
            let message = format!("`{key}` is declared as {tree}, not {expected}");
            return Err(
                self.report(Diagnostic::error(Code::TypeMismatch, message).primary(place.span, ""))
            );
        }
        let data = self.data_of_type(body, val, &tree, span)?;
        if place.next.is_none() && place.path.is_empty() {
            name_leaves(&body.builder, &data, &place.root.name);
            let local = Local {
                val: Val::Data(data.clone()),
                span: place.root.span,
            };
            self.observe(local.span, &local.val);
            body.locals.insert(key.to_string(), local);
        }
        let Some(pending) = body.pending.get_mut(key) else {
            return Err(Reported);
        };
        let slots = pending.leaves[first..].iter_mut();
        for (slot, leaf) in slots.zip(&data.leaves) {
            if let Some((_, earlier)) = slot {
                let earlier = *earlier;
                let message = format!("`{key}` is defined twice");
                return Err(self.report(
                    Diagnostic::error(Code::Shadowing, message)
                        .primary(place.span, "defined again here")
                        .secondary(earlier, "first defined here"),
                ));
            }
            *slot = Some((*leaf, place.span));
        }
        Ok(())
    }

    pub(super) fn unknown_field(&mut self, tree: &Tree, field: &ast::Ident) -> Reported {
        let names: Vec<&str> = match tree {
            Tree::Leaf(_) | Tree::Array { .. } => Vec::new(),
            Tree::Struct { fields, .. } => fields.iter().map(|f| f.name.as_str()).collect(),
        };
        let message = format!("{tree} has no field `{}`", field.name);
        let diagnostic = Diagnostic::error(Code::UnknownField, message).primary(field.span, "");
        let diagnostic = match closest(&field.name, names.iter().copied()) {
            Some(close) => diagnostic.help(format!("did you mean `{close}`?")),
            None if matches!(tree, Tree::Array { .. }) => diagnostic
                .help("an array has elements: write an index in brackets before the point"),
            None if names.is_empty() => diagnostic.help("only structs have fields"),
            None => diagnostic.help(format!("its fields are {}", names.join(", "))),
        };
        self.report(diagnostic)
    }

    pub(super) fn unknown_name(&mut self, body: &Body<'a>, name: &str, span: Span) -> Reported {
        if let Some(place) = body.left_out.get(name) {
            let text = "defined only where a condition holds that does not";
            return self.report(
                Diagnostic::error(Code::UnknownName, format!("there is no `{name}`"))
                    .primary(span, "not defined here")
                    .secondary(*place, text)
                    .help("define it in every case, or use it only in this one"),
            );
        }
        let diagnostic = self.no_such_name(name, span, body.locals.keys().map(String::as_str));
        self.report(diagnostic)
    }

    /// An error about a name that is none of `locals`, and nothing else that is known.
    pub(super) fn no_such_name<'n>(
        &'n self,
        name: &str,
        span: Span,
        locals: impl Iterator<Item = &'n str>,
    ) -> Diagnostic {
        let diagnostic = Diagnostic::error(Code::UnknownName, format!("there is no `{name}`"))
            .primary(span, "not defined here");
        // What is not shown is not worth a search.
        if self.diagnostics.is_full() {
            return diagnostic;
        }
        let graphs = self.graph_names.keys().copied();
        let dims = self.file_dims.keys().map(String::as_str);
        let known: Vec<&str> = locals.chain(graphs).chain(dims).collect();
        match closest(name, known.into_iter()) {
            Some(close) => diagnostic.help(format!("did you mean `{close}`?")),
            None => diagnostic.help("names are parameters, or defined by a statement above"),
        }
    }

    /// Reports that an op does not take its operands.
    pub(super) fn type_error(
        &mut self,
        error: &TypeError,
        span: Span,
        operands: &[Span],
    ) -> Reported {
        let code = if error.too_large {
            Code::TooLarge
        } else {
            Code::TypeMismatch
        };
        let mut diagnostic = Diagnostic::error(code, error.message.clone());
        diagnostic = match error.operand.and_then(|operand| operands.get(operand)) {
            Some(operand) => diagnostic
                .primary(*operand, "")
                .secondary(span, "in this expression"),
            None => diagnostic.primary(span, ""),
        };
        if let Some(help) = &error.help {
            diagnostic = diagnostic.help(help.clone());
        }
        self.report(diagnostic)
    }

    /// The value as data of exactly this type; numbers and lists become constants of it.
    pub(super) fn data_of_type(
        &mut self,
        body: &Body<'a>,
        val: Val,
        tree: &Tree,
        span: Span,
    ) -> Result<Data, Reported> {
        let data = match (val, tree) {
            (Val::Data(data), _) => data,
            (Val::Error, _) => return Err(Reported),
            (Val::Name(name), _) => return Err(self.unknown_name(body, &name, span)),
            (val @ (Val::Number(_) | Val::Bool(_) | Val::List(_)), Tree::Leaf(ty)) => {
                let leaf = self.constant_of_type(body, &val, ty, span)?;
                Data {
                    tree: tree.clone(),
                    leaves: vec![leaf],
                }
            }
            (Val::List(items), Tree::Array { element, length })
                if items.len() as u64 == *length =>
            {
                let mut leaves = Vec::with_capacity(tree.leaf_count());
                for item in items {
                    leaves.extend(self.data_of_type(body, item, element, span)?.leaves);
                }
                Data {
                    tree: tree.clone(),
                    leaves,
                }
            }
            (
                other @ (Val::Number(_)
                | Val::Bool(_)
                | Val::List(_)
                | Val::Text(_)
                | Val::Tuple(_)
                | Val::Function(_)
                | Val::Instance(..)),
                Tree::Leaf(_) | Tree::Struct { .. } | Tree::Array { .. },
            ) => {
                let message = format!("{} where {tree} is needed", other.describe());
                return Err(
                    self.report(Diagnostic::error(Code::TypeMismatch, message).primary(span, ""))
                );
            }
        };
        if data.tree == *tree {
            return Ok(data);
        }
        let given = told_apart(&data.tree, tree);
        let message = format!("a value of type {given} where {tree} is needed");
        Err(self.report(
            Diagnostic::error(Code::TypeMismatch, message)
                .primary(span, format!("this is {given}")),
        ))
    }

    /// A number, truth value or list as a constant tensor of a type.
    pub(super) fn constant_of_type(
        &mut self,
        body: &Body<'a>,
        val: &Val,
        ty: &Type,
        span: Span,
    ) -> Result<Value, Reported> {
        match val {
            Val::Number(number) => {
                self.check_float(number, ty.dtype, span)?;
                let made = body.builder.full(ty, number);
                made.map_err(|error| {
                    let help = format!("a number takes its type from where it stands, here {ty}");
                    self.type_error(&error.help(help), span, &[])
                })
            }
            Val::Bool(truth) if ty.dtype == DType::Bool => {
                let made = body.builder.full(ty, &Constant::integer(i64::from(*truth)));
                made.map_err(|error| self.type_error(&error, span, &[]))
            }
            Val::List(_) => self.literal_tensor(body, val, ty, span),
            Val::Bool(_)
            | Val::Data(_)
            | Val::Text(_)
            | Val::Tuple(_)
            | Val::Function(_)
            | Val::Name(_)
            | Val::Instance(..)
            | Val::Error => {
                let message = format!("{} where {ty} is needed", val.describe());
                Err(self.report(Diagnostic::error(Code::TypeMismatch, message).primary(span, "")))
            }
        }
    }
}

/// An error about a result or a next value, or a part of it, that no statement defines.
pub(super) fn missing_result(name: &ast::Ident, path: &str, next: bool) -> Diagnostic {
    let (kind, path) = if next {
        ("next value", next_key(path))
    } else {
        ("result", path.to_string())
    };
    let message = format!("the {kind} `{path}` is never defined");
    Diagnostic::error(Code::MissingResult, message)
        .primary(name.span, "declared here")
        .help(format!("define it in the body: `{path} = …`"))
}

/// An error about a definition of a next value of what has none.
pub(super) fn no_next_value(place: &Place) -> Diagnostic {
    let root = &place.root.name;
    let message = format!("`{root}` is no inout parameter, so it has no next value");
    let help = format!("declare it as `inout {root}: …`, or use another name");
    Diagnostic::error(Code::NotInout, message)
        .primary(place.span, "")
        .help(help)
}

/// An error where the next value of something is read that has none.
pub(super) fn no_next_of(span: Span) -> Diagnostic {
    let message = "only an inout parameter, or what a loop carries, has a next value";
    Diagnostic::error(Code::NotInout, message).primary(span, "")
}

/// An error about a definition of a part of what is no result.
pub(super) fn no_result(place: &Place) -> Diagnostic {
    let root = &place.root.name;
    let message = format!("`{root}` is no result whose parts could be defined");
    Diagnostic::error(Code::UnknownName, message).primary(place.span, "")
}

/// An error about a name that has a value.
pub(super) fn defined_already(name: &ast::Ident, first: Span) -> Diagnostic {
    let message = format!("`{}` is defined already", name.name);
    Diagnostic::error(Code::Shadowing, message)
        .primary(name.span, "defined again here")
        .secondary(first, "first defined here")
        .help("values do not change; choose another name")
}

/// The tensors and structs among the names of a body, in the order of the body.
fn local_values(locals: FxHashMap<String, Local>) -> Vec<(String, Data)> {
    let mut locals: Vec<(String, Local)> = locals.into_iter().collect();
    locals.sort_by_key(|(_, local)| local.span);
    let data = locals
        .into_iter()
        .filter_map(|(name, local)| match local.val {
            Val::Data(data) => Some((name, data)),
            Val::Number(_)
            | Val::Bool(_)
            | Val::Text(_)
            | Val::Tuple(_)
            | Val::List(_)
            | Val::Function(_)
            | Val::Name(_)
            | Val::Instance(..)
            | Val::Error => None,
        });
    data.collect()
}

/// Names the leaves of a value after the name that it is bound to, where they have none.
pub(super) fn name_leaves(builder: &Builder, data: &Data, root: &str) {
    builder.edit(|graph| {
        for ((path, _), leaf) in data.tree.leaves(root).iter().zip(&data.leaves) {
            if graph.name(leaf.node).is_none() && leaf.result == 0 {
                graph.set_name(leaf.node, path);
            }
        }
    });
}
