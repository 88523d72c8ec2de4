//! Bodies: statements in order, and the expressions that need no call.

use super::function::Instance;
use super::value::{Data, Val};
use super::{Elaborator, Reported, Scope, closest, count};
use crate::builder::Builder;
use crate::constant::{Constant, parse_decimal};
use crate::diag::{Code, Diagnostic};
use crate::graph::{Graph, Output, Value};
use crate::lang::ast::{self, ExprId, ExprKind, Literal, Pattern, Place, Target};
use crate::module::Tree;
use crate::op::{Input, TypeError};
use crate::shape::Type;
use crate::span::Span;
use rustc_hash::FxHashMap;
use std::cell::Cell;

/// The body of one graph while it is elaborated.
pub(super) struct Body<'a> {
    pub(super) graph: &'a ast::Graph,
    pub(super) scope: Scope<'a>,
    pub(super) builder: Builder,
    /// How many derivatives of one another were called so far.
    pub(super) order: Cell<usize>,
    locals: FxHashMap<String, Local>,
    /// Next values of `inout` parameters, and results that are set leaf by leaf.
    pending: FxHashMap<String, Pending>,
}

/// A name of a body.
#[derive(Clone, Debug)]
struct Local {
    val: Val,
    span: Span,
}

/// A struct or tensor whose leaves are defined one by one, or at once.
#[derive(Clone, Debug)]
struct Pending {
    tree: Tree,
    leaves: Vec<Option<(Value, Span)>>,
}

impl Pending {
    fn new(tree: &Tree) -> Self {
        Pending {
            tree: tree.clone(),
            leaves: vec![None; tree.leaf_count()],
        }
    }
}

/// The key of the next value of an `inout` parameter.
fn next_key(name: &str) -> String {
    format!("{name}'")
}

impl<'a> Elaborator<'a> {
    /// The expansion of a graph for the given dims and arguments.
    pub(super) fn body(
        &mut self,
        graph: &'a ast::Graph,
        dims: super::dims::Bindings,
        arguments: Vec<Tree>,
    ) -> Result<Instance, Reported> {
        let mut body = self.begin(graph, dims, &arguments)?;
        let results = self.declare_results(&mut body)?;
        self.statements(&mut body)?;
        let outputs = self.collect_outputs(&body)?;
        let order = body.order.get();
        let mut expanded = body.builder.finish();
        expanded.set_outputs(outputs);
        let names = graph.params.iter().map(|param| param.name.name.clone());
        Ok(Instance {
            graph: expanded,
            params: names.zip(arguments).collect(),
            results,
            order,
        })
    }

    /// A body with its parameters, before its first statement.
    fn begin(
        &mut self,
        graph: &'a ast::Graph,
        dims: super::dims::Bindings,
        arguments: &[Tree],
    ) -> Result<Body<'a>, Reported> {
        let mut body = Body {
            graph,
            scope: Scope {
                ast: self.ast,
                dims,
            },
            builder: Builder::new(Graph::new(), graph.span),
            order: Cell::new(0),
            locals: FxHashMap::default(),
            pending: FxHashMap::default(),
        };
        let params = graph.params.iter().map(|param| &param.name);
        let results = graph.results.iter().map(|result| &result.name);
        self.check_unique("name", params.chain(results));
        self.parameters(&mut body, arguments)?;
        Ok(body)
    }

    fn statements(&mut self, body: &mut Body<'a>) -> Result<(), Reported> {
        let mut failed = false;
        for statement in &body.graph.body {
            failed |= self.statement(body, statement).is_err();
            let nodes = body.builder.with_graph(Graph::len);
            if nodes > self.options.max_nodes {
                let name = &body.graph.name.name;
                return Err(self.too_many_nodes(name, nodes, statement.span));
            }
            if self.diagnostics.is_full() {
                return Err(Reported);
            }
        }
        if failed { Err(Reported) } else { Ok(()) }
    }

    pub(super) fn too_many_nodes(&mut self, name: &str, nodes: usize, span: Span) -> Reported {
        let limit = self.options.max_nodes;
        let message = format!("`{name}` expands to more than {limit} nodes ({nodes} so far)");
        self.report(
            Diagnostic::error(Code::TooManyNodes, message)
                .primary(span, "here")
                .help("calls are expanded in place, so nested calls multiply; call fewer of them"),
        )
    }

    fn parameters(&mut self, body: &mut Body<'a>, arguments: &[Tree]) -> Result<(), Reported> {
        for (param, tree) in body.graph.params.iter().zip(arguments) {
            body.builder.set_span(param.span);
            let mut leaves = Vec::with_capacity(tree.leaf_count());
            for (path, ty) in tree.leaves(&param.name.name) {
                let op = Input {
                    dtype: ty.dtype,
                    shape: ty.shape,
                };
                let input = body.builder.apply(op, &[]);
                let input = input.map_err(|error| self.type_error(&error, param.span, &[]))?;
                body.builder.edit(|graph| graph.set_name(input.node, &path));
                leaves.push(input);
            }
            let val = Val::Data(Data {
                tree: tree.clone(),
                leaves,
            });
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
                let path = if next { next_key(&path) } else { path };
                match leaf {
                    Some((value, _)) => outputs.push(Output {
                        name: path,
                        value: *value,
                    }),
                    None => {
                        failed = true;
                        let kind = if next { "next value" } else { "result" };
                        self.report(
                            Diagnostic::error(
                                Code::MissingResult,
                                format!("the {kind} `{path}` is never defined"),
                            )
                            .primary(name.span, "declared here")
                            .help(format!("define it in the body: `{path} = …`")),
                        );
                        break;
                    }
                }
            }
        }
        if failed { Err(Reported) } else { Ok(outputs) }
    }

    fn statement(
        &mut self,
        body: &mut Body<'a>,
        statement: &ast::Statement,
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
        if place.fields.is_empty() && place.next.is_none() {
            let local = Local {
                val: Val::Error,
                span: place.root.span,
            };
            body.locals.entry(place.root.name.clone()).or_insert(local);
        }
    }

    fn bind(
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
        if place.next.is_some() {
            let message = format!("`{root}` is no inout parameter, so it has no next value");
            return Err(self.report(
                Diagnostic::error(Code::NotInout, message)
                    .primary(place.span, "")
                    .help(format!(
                        "declare it as `inout {root}: …`, or use another name"
                    )),
            ));
        }
        if !place.fields.is_empty() {
            let message = format!("`{root}` is no result whose fields could be defined");
            return Err(
                self.report(Diagnostic::error(Code::UnknownName, message).primary(place.span, ""))
            );
        }
        if let Some(local) = body.locals.get(root) {
            let message = format!("`{root}` is defined already");
            let first = local.span;
            return Err(self.report(
                Diagnostic::error(Code::Shadowing, message)
                    .primary(place.root.span, "defined again here")
                    .secondary(first, "first defined here")
                    .help("values do not change; choose another name"),
            ));
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
        body.locals.insert(
            root.clone(),
            Local {
                val,
                span: place.root.span,
            },
        );
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
        let (mut tree, mut first) = (pending.tree.clone(), 0);
        for field in &place.fields {
            let Some((inner, before)) = tree.field(&field.name) else {
                return Err(self.unknown_field(&tree, field));
            };
            first += before;
            tree = inner.clone();
        }
        if let Some(expected) = expected.filter(|expected| *expected != tree) {
            let message = format!("`{key}` is declared as {tree}, not {expected}");
            return Err(
                self.report(Diagnostic::error(Code::TypeMismatch, message).primary(place.span, ""))
            );
        }
        let data = self.data_of_type(body, val, &tree, span)?;
        if place.next.is_none() && place.fields.is_empty() {
            name_leaves(&body.builder, &data, &place.root.name);
            let local = Local {
                val: Val::Data(data.clone()),
                span: place.root.span,
            };
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
            Tree::Leaf(_) => Vec::new(),
            Tree::Struct { fields, .. } => fields.iter().map(|f| f.name.as_str()).collect(),
        };
        let message = format!("{tree} has no field `{}`", field.name);
        let diagnostic = Diagnostic::error(Code::UnknownField, message).primary(field.span, "");
        let diagnostic = match closest(&field.name, names.iter().copied()) {
            Some(close) => diagnostic.help(format!("did you mean `{close}`?")),
            None if names.is_empty() => diagnostic.help("only structs have fields"),
            None => diagnostic.help(format!("its fields are {}", names.join(", "))),
        };
        self.report(diagnostic)
    }

    pub(super) fn unknown_name(&mut self, body: &Body<'a>, name: &str, span: Span) -> Reported {
        let known: Vec<&str> = body
            .locals
            .keys()
            .map(String::as_str)
            .chain(self.graph_names.keys().copied())
            .chain(self.file_dims.keys().map(String::as_str))
            .collect();
        let diagnostic = Diagnostic::error(Code::UnknownName, format!("there is no `{name}`"))
            .primary(span, "not defined here");
        let diagnostic = match closest(name, known.iter().copied()) {
            Some(close) => diagnostic.help(format!("did you mean `{close}`?")),
            None => diagnostic.help("names are parameters, or defined by a statement above"),
        };
        self.report(diagnostic)
    }

    /// Elaborates an expression: its parts in id order, operands first.
    fn expression(&mut self, body: &mut Body<'a>, root: ExprId) -> Result<Val, Reported> {
        let mut vals: FxHashMap<ExprId, Val> = FxHashMap::default();
        let subtree = self.ast.subtree(root);
        for id in subtree {
            let val = self.step(body, id, &vals)?;
            if matches!(val, Val::Error) {
                return Err(Reported);
            }
            vals.insert(id, val);
        }
        vals.remove(&root).ok_or(Reported)
    }

    fn step(
        &mut self,
        body: &mut Body<'a>,
        id: ExprId,
        vals: &FxHashMap<ExprId, Val>,
    ) -> Result<Val, Reported> {
        let expr = self.ast.expr(id);
        let span = expr.span;
        let get = |id: &ExprId| vals.get(id).cloned().ok_or(Reported);
        match &expr.kind {
            ExprKind::Name(name) => Ok(self.name(body, name)),
            ExprKind::Literal(literal) => self.literal(literal, span),
            ExprKind::Unary { op, operand } => {
                let operand_span = self.ast.expr(*operand).span;
                self.unary(body, *op, get(operand)?, span, operand_span)
            }
            ExprKind::Binary {
                op,
                op_span,
                left,
                right,
            } => {
                let spans = [
                    *op_span,
                    self.ast.expr(*left).span,
                    self.ast.expr(*right).span,
                ];
                self.binary(body, *op, get(left)?, get(right)?, span, spans)
            }
            ExprKind::Field { base, field } => {
                let base_val = get(base)?;
                self.field(body, base_val, field, self.ast.expr(*base).span)
            }
            ExprKind::Next { base } => self.next_value(body, *base, span),
            ExprKind::Index { base, indices } => {
                let indices: Vec<Val> = indices.iter().map(get).collect::<Result<_, _>>()?;
                self.index(get(base)?, &indices, span)
            }
            ExprKind::Tuple(items) => {
                Ok(Val::Tuple(items.iter().map(get).collect::<Result<_, _>>()?))
            }
            ExprKind::List(items) => {
                Ok(Val::List(items.iter().map(get).collect::<Result<_, _>>()?))
            }
            ExprKind::Call {
                callee,
                args,
                attributes,
            } => {
                let callee_span = self.ast.expr(*callee).span;
                let mut args: Vec<(Val, Span)> = args
                    .iter()
                    .map(|arg| Ok((get(arg)?, self.ast.expr(*arg).span)))
                    .collect::<Result<_, Reported>>()?;
                let callee_val = self.callable(*callee, get(callee)?);
                if let (true, Some((first, _)), ExprKind::Call { args: ids, .. }) = (
                    super::call::takes_function(&callee_val),
                    args.first_mut(),
                    &expr.kind,
                ) {
                    *first = self.callable(ids[0], first.clone());
                }
                let attributes: Vec<(ast::Attribute, Val)> = attributes
                    .iter()
                    .map(|attribute| {
                        let val = self.attribute(attribute.value, get(&attribute.value)?);
                        Ok((attribute.clone(), val))
                    })
                    .collect::<Result<_, Reported>>()?;
                body.builder.set_span(span);
                self.call(body, callee_val, callee_span, args, attributes, span)
            }
        }
    }

    /// What stands where a function is needed: a name there means the op or graph, whatever value
    /// may have the same name.
    fn callable(&self, id: ExprId, val: Val) -> Val {
        match (&self.ast.expr(id).kind, &val) {
            (ExprKind::Name(name), Val::Data(_) | Val::Number(_)) if self.is_function(name) => {
                Val::Name(name.clone())
            }
            (_, _) => val,
        }
    }

    /// The value of an attribute. Tensors are none, so a name there is a choice such as a dtype,
    /// whatever value may have the same name.
    fn attribute(&self, id: ExprId, val: Val) -> Val {
        match (&self.ast.expr(id).kind, &val) {
            (ExprKind::Name(name), Val::Data(_)) => Val::Name(name.clone()),
            (_, _) => val,
        }
    }

    /// A name as far as it is known here; what is unknown may still name a graph, an op or a dtype.
    fn name(&mut self, body: &Body<'a>, name: &str) -> Val {
        if let Some(local) = body.locals.get(name) {
            return local.val.clone();
        }
        if let Some(value) = body
            .scope
            .dims
            .get(name)
            .or_else(|| self.file_dims.get(name))
        {
            return Val::Number(Constant::integer(*value));
        }
        if self.failed_dims.contains(name) {
            return Val::Error;
        }
        match name {
            "inf" => Val::Number(Constant::Infinity),
            "nan" => Val::Number(Constant::Nan),
            _ => Val::Name(name.to_string()),
        }
    }

    fn literal(&mut self, literal: &Literal, span: Span) -> Result<Val, Reported> {
        match literal {
            Literal::Bool(value) => Ok(Val::Bool(*value)),
            Literal::Int { value, .. } => Ok(Val::Number(Constant::rational(
                dashu::rational::RBig::from(*value),
            ))),
            Literal::String(_) => Ok(Val::Text),
            Literal::Float(float) => match parse_decimal(float.text()) {
                Some(value) => Ok(Val::Number(Constant::rational(value))),
                None => Err(self.report(
                    Diagnostic::error(Code::BadNumber, "a number that no float can hold")
                        .primary(span, ""),
                )),
            },
        }
    }

    fn field(
        &mut self,
        body: &Body<'a>,
        base: Val,
        field: &ast::Ident,
        span: Span,
    ) -> Result<Val, Reported> {
        match base {
            Val::Data(data) => match data.tree.field(&field.name) {
                Some((tree, first)) => {
                    let leaves = data.leaves[first..first + tree.leaf_count()].to_vec();
                    Ok(Val::Data(Data {
                        tree: tree.clone(),
                        leaves,
                    }))
                }
                None => Err(self.unknown_field(&data.tree, field)),
            },
            Val::Name(name) => Err(self.unknown_name(body, &name, span)),
            Val::Error => Err(Reported),
            other => {
                let message = format!("{} has no fields", other.describe());
                Err(self.report(
                    Diagnostic::error(Code::UnknownField, message)
                        .primary(field.span, "")
                        .secondary(span, other.describe()),
                ))
            }
        }
    }

    /// `p'` as a value: what was defined as the next value.
    fn next_value(&mut self, body: &Body<'a>, base: ExprId, span: Span) -> Result<Val, Reported> {
        let mut fields = Vec::new();
        let mut at = base;
        let root = loop {
            match &self.ast.expr(at).kind {
                ExprKind::Field { base, field } => {
                    fields.push(field.clone());
                    at = *base;
                }
                ExprKind::Name(name) => break Some(name.clone()),
                ExprKind::Literal(_)
                | ExprKind::Unary { .. }
                | ExprKind::Binary { .. }
                | ExprKind::Next { .. }
                | ExprKind::Index { .. }
                | ExprKind::Call { .. }
                | ExprKind::Tuple(_)
                | ExprKind::List(_) => break None,
            }
        };
        let pending = root.and_then(|root| body.pending.get(&next_key(&root)));
        let Some(pending) = pending else {
            return Err(self.report(
                Diagnostic::error(Code::NotInout, "only an inout parameter has a next value")
                    .primary(span, ""),
            ));
        };
        let (mut tree, mut first) = (pending.tree.clone(), 0);
        for field in fields.iter().rev() {
            let Some((inner, before)) = tree.field(&field.name) else {
                return Err(self.unknown_field(&tree, field));
            };
            first += before;
            tree = inner.clone();
        }
        let defined = pending.leaves[first..first + tree.leaf_count()].iter();
        let leaves: Option<Vec<Value>> = defined
            .map(|leaf| leaf.as_ref().map(|(value, _)| *value))
            .collect();
        match leaves {
            Some(leaves) => Ok(Val::Data(Data { tree, leaves })),
            None => Err(self.report(
                Diagnostic::error(Code::UnknownName, "this next value is not defined yet")
                    .primary(span, "")
                    .help("statements run in order; define it above"),
            )),
        }
    }

    fn index(&mut self, base: Val, indices: &[Val], span: Span) -> Result<Val, Reported> {
        let Val::Name(name) = base else {
            return Err(self.report(
                Diagnostic::error(Code::NotIndexable, "only graphs take dims in brackets")
                    .primary(span, "")
                    .help("elements of a tensor are taken with `slice` or `gather`"),
            ));
        };
        let dims = indices.iter().map(|val| match val {
            Val::Number(number) => number.as_i64().and_then(|dim| u64::try_from(dim).ok()),
            Val::Data(_)
            | Val::Bool(_)
            | Val::Text
            | Val::Tuple(_)
            | Val::List(_)
            | Val::Function(_)
            | Val::Name(_)
            | Val::Instance(..)
            | Val::Error => None,
        });
        match dims.collect::<Option<Vec<u64>>>() {
            Some(dims) => Ok(Val::Instance(name, dims)),
            None => Err(self.report(
                Diagnostic::error(Code::NotADim, "dims in brackets are whole numbers")
                    .primary(span, ""),
            )),
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
            (
                other @ (Val::Number(_)
                | Val::Bool(_)
                | Val::List(_)
                | Val::Text
                | Val::Tuple(_)
                | Val::Function(_)
                | Val::Instance(..)),
                Tree::Leaf(_) | Tree::Struct { .. },
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
        let message = format!("a value of type {} where {tree} is needed", data.tree);
        Err(self.report(
            Diagnostic::error(Code::TypeMismatch, message)
                .primary(span, format!("this is {}", data.tree)),
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
                let made = body.builder.full(ty, number);
                made.map_err(|error| {
                    let help = format!("a number takes its type from where it stands, here {ty}");
                    self.type_error(&error.help(help), span, &[])
                })
            }
            Val::Bool(truth) if ty.dtype == crate::dtype::DType::Bool => {
                let made = body.builder.full(ty, &Constant::integer(i64::from(*truth)));
                made.map_err(|error| self.type_error(&error, span, &[]))
            }
            Val::List(_) => self.literal_tensor(body, val, ty, span),
            Val::Bool(_)
            | Val::Data(_)
            | Val::Text
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

/// Names the leaves of a value after the name that it is bound to, where they have none.
fn name_leaves(builder: &Builder, data: &Data, root: &str) {
    builder.edit(|graph| {
        for ((path, _), leaf) in data.tree.leaves(root).iter().zip(&data.leaves) {
            if graph.name(leaf.node).is_none() && leaf.result == 0 {
                graph.set_name(leaf.node, path);
            }
        }
    });
}
