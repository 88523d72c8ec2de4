//! Calls: of ops, graphs and function transforms.

use super::body::Body;
use super::builtin::{BUILTINS, is_builtin};
use super::dims::too_many_axes;
use super::function::wrong_arguments;
use super::operator::list_shape;
use super::value::{Data, Function, Val};
use super::{Elaborator, Reported, closest};
use crate::diag::{Code, Diagnostic};
use crate::graph::{Value, check_arity};
use crate::lang::ast;
use crate::module::Tree;
use crate::op::{AttrError, AttrValue, Family, Op, SPECS, Spec};
use crate::shape::MAX_RANK;
use crate::shape::Type;
use crate::span::Span;
use std::rc::Rc;

/// The arguments of a call with their places.
pub(super) type Args = Vec<(Val, Span)>;
/// The attributes of a call with their values.
pub(super) type Attrs = Vec<(ast::Attribute, Val)>;

/// Ops that have a notation of their own and are not called by name.
pub(super) fn is_callable(spec: &Spec) -> bool {
    !["input", "literal", "call", "scan", "cond"].contains(&spec.name)
}

/// Whether a name is that of an op or transform.
pub(in crate::lang) fn is_reserved(name: &str) -> bool {
    is_builtin(name)
        || SPECS
            .iter()
            .any(|spec| spec.name == name && is_callable(spec))
}

/// How many of the first arguments of a call to this are functions.
pub(super) fn takes_functions(callee: &str) -> usize {
    match callee {
        "cond" => 2,
        "matmul" | "einsum" | "load" => 0,
        name => usize::from(is_builtin(name)),
    }
}

impl<'a> Elaborator<'a> {
    /// Whether dims may follow a name in brackets where it is called.
    pub(super) fn takes_dims(&self, name: &str) -> bool {
        self.is_function(name) || self.structs.contains_key(name)
    }

    /// Whether a name is that of an op, a graph or a transform.
    pub(super) fn is_function(&self, name: &str) -> bool {
        self.graph_names.contains_key(name) || is_reserved(name)
    }

    pub(super) fn call(
        &mut self,
        body: &Body<'a>,
        callee: Val,
        callee_span: Span,
        args: Args,
        attributes: Attrs,
        span: Span,
    ) -> Result<Val, Reported> {
        if let Val::Name(name) = &callee {
            match name.as_str() {
                "grad" | "value_and_grad" | "vjp" | "jvp" => {
                    return self.transform(name, args, attributes, span);
                }
                "checkpoint" => return self.checkpoint(args, &attributes, span),
                "scan" => return self.scan(args, &attributes, span),
                "associative_scan" => return self.associative_scan(args, &attributes, span),
                "cond" => return self.cond(args, &attributes, span),
                "map" | "zip" => return self.map(body, name, args, &attributes, span),
                "fold" => return self.fold(body, args, &attributes, span),
                "einsum" => return self.einsum(body, args, &attributes, span),
                "matmul" => return self.matmul_call(body, args, &attributes, span),
                _ => {}
            }
        }
        if let Some(template) = self.constructed(&callee) {
            let dims = match callee {
                Val::Instance(_, dims) => Some(dims),
                _ => None,
            };
            return self.construct(body, template, dims, (args, attributes), span);
        }
        let function = self.function(callee, callee_span)?;
        self.apply(body, &function, args, &attributes, span)
    }

    /// What is called, as a function.
    pub(super) fn function(&mut self, callee: Val, span: Span) -> Result<Rc<Function>, Reported> {
        match callee {
            Val::Function(function) => Ok(function),
            Val::Name(name) => self.named_function(&name, None, span),
            Val::Instance(name, dims) => self.named_function(&name, Some(dims), span),
            Val::Error => Err(Reported),
            other @ (Val::Data(_)
            | Val::Number(_)
            | Val::Bool(_)
            | Val::Text(_)
            | Val::Tuple(_)
            | Val::List(_)) => {
                let message = format!("{} cannot be called", other.describe());
                Err(self.report(Diagnostic::error(Code::NotAFunction, message).primary(span, "")))
            }
        }
    }

    fn named_function(
        &mut self,
        name: &str,
        dims: Option<Vec<u64>>,
        span: Span,
    ) -> Result<Rc<Function>, Reported> {
        if let Some(&index) = self.graph_names.get(name) {
            let attributes = Vec::new();
            return Ok(Rc::new(Function::Graph {
                index,
                dims,
                attributes,
            }));
        }
        if let Some(spec) = SPECS
            .iter()
            .find(|spec| spec.name == name && is_callable(spec))
        {
            return Ok(Rc::new(Function::Op(spec.name)));
        }
        let diagnostic = self.no_such_function(name, span);
        Err(self.report(diagnostic))
    }

    /// An error about a name that is called, but is neither an op nor a graph.
    pub(super) fn no_such_function(&self, name: &str, span: Span) -> Diagnostic {
        let diagnostic = Diagnostic::error(
            Code::UnknownFunction,
            format!("there is no op or graph `{name}`"),
        )
        .primary(span, "not known");
        if self.diagnostics.is_full() {
            return diagnostic;
        }
        let ops = SPECS
            .iter()
            .filter(|spec| is_callable(spec))
            .map(|spec| spec.name);
        let known: Vec<&str> = ops
            .chain(self.graph_names.keys().copied())
            .chain(self.structs.keys().copied())
            .chain(BUILTINS.iter().map(|builtin| builtin.name))
            .collect();
        match closest(name, known.iter().copied()) {
            Some(close) => diagnostic.help(format!("did you mean `{close}`?")),
            None => diagnostic.help("`lgc info --ops` lists the ops"),
        }
    }

    /// Applies a function to arguments.
    pub(super) fn apply(
        &mut self,
        body: &Body<'a>,
        function: &Rc<Function>,
        args: Args,
        attributes: &Attrs,
        span: Span,
    ) -> Result<Val, Reported> {
        if let Function::Op(name) = **function {
            return self.op_call(body, name, args, attributes, span);
        }
        let function = &self.with_attributes(function, attributes)?;
        if let Function::Graph { index, .. } = **function
            && args.len() != self.graphs[index].params.len()
        {
            return Err(self.report(wrong_arguments(self.graphs[index], args.len(), span)));
        }
        let args = self.typed_arguments(body, function, args, span)?;
        let args = self.stack_arrays(body, function, args, span)?;
        let trees = args.iter().map(|(data, _)| data.tree.clone()).collect();
        let spans: Vec<Span> = args.iter().map(|(_, span)| *span).collect();
        let instance = self.instantiate(function, trees, span, &spans)?;
        let leaves: Vec<Value> = args
            .iter()
            .flat_map(|(data, _)| data.leaves.clone())
            .collect();
        self.inline(body, function, &instance, &leaves, span)
    }

    /// The arguments of a call as data: constants take the type of the parameter.
    fn typed_arguments(
        &mut self,
        body: &Body<'a>,
        function: &Rc<Function>,
        args: Args,
        span: Span,
    ) -> Result<Vec<(Data, Span)>, Reported> {
        let mut typed = Vec::with_capacity(args.len());
        for (position, (val, at)) in args.into_iter().enumerate() {
            let data = match val {
                Val::Data(data) => data,
                Val::Number(_) | Val::Bool(_) | Val::List(_) => {
                    let Some(ty) = self.parameter_type(function, position) else {
                        let message = "the dtype of this constant cannot be inferred here";
                        return Err(self.report(
                            Diagnostic::error(Code::UntypedConstant, message)
                                .primary(at, "")
                                .secondary(span, "in this call")
                                .help("name it first with a type: `c: f32[] = 0.5`"),
                        ));
                    };
                    let leaf = self.constant_of_type(body, &val, &ty, at)?;
                    Data {
                        tree: Tree::Leaf(ty),
                        leaves: vec![leaf],
                    }
                }
                Val::Name(name) => return Err(self.unknown_name(body, &name, at)),
                Val::Error => return Err(Reported),
                other @ (Val::Text(_) | Val::Tuple(_) | Val::Function(_) | Val::Instance(..)) => {
                    let message = format!(
                        "arguments are tensors and structs, not {}",
                        other.describe()
                    );
                    return Err(
                        self.report(Diagnostic::error(Code::TypeMismatch, message).primary(at, ""))
                    );
                }
            };
            typed.push((data, at));
        }
        Ok(typed)
    }

    /// A call of an op of the table.
    fn op_call(
        &mut self,
        body: &Body<'a>,
        name: &'static str,
        args: Args,
        attributes: &Attrs,
        span: Span,
    ) -> Result<Val, Reported> {
        let op = self.read_op(body, name, attributes, span)?;
        if let Err(error) = check_arity(&op.spec(), args.len()) {
            let diagnostic = Diagnostic::error(Code::ArgumentCount, error.message);
            let diagnostic = diagnostic.primary(span, "");
            return Err(self.report(error.help.into_iter().fold(diagnostic, Diagnostic::help)));
        }
        let spans: Vec<Span> = args.iter().map(|(_, span)| *span).collect();
        let mut operands = self.operands(body, &op, args, span)?;
        if spreads(&op) && operands.len() > 1 {
            operands = self.broadcast(body, &operands, span, &spans)?;
        }
        let results = body.builder.apply_all(op, &operands);
        let results = results.map_err(|error| self.type_error(&error, span, &spans))?;
        let ranks = results.iter().map(|x| body.builder.shape(*x).rank());
        if let Some(rank) = ranks.max().filter(|rank| *rank > MAX_RANK) {
            return Err(self.report(too_many_axes(rank).primary(span, "")));
        }
        let single = |value: Value| {
            let tree = Tree::Leaf(body.builder.ty(value));
            Val::Data(Data {
                tree,
                leaves: vec![value],
            })
        };
        match results.as_slice() {
            [value] => Ok(single(*value)),
            values => Ok(Val::Tuple(values.iter().copied().map(single).collect())),
        }
    }

    fn read_op(
        &mut self,
        body: &Body<'a>,
        name: &'static str,
        attributes: &Attrs,
        span: Span,
    ) -> Result<Op, Reported> {
        let mut given: Vec<(String, AttrValue)> = Vec::with_capacity(attributes.len());
        for (attribute, val) in attributes {
            if given.iter().any(|(name, _)| *name == attribute.name.name) {
                let message = format!("`{}` is given twice", attribute.name.name);
                return Err(self.report(
                    Diagnostic::error(Code::BadAttribute, message).primary(attribute.span, ""),
                ));
            }
            match attribute_value(val) {
                Some(value) => given.push((attribute.name.name.clone(), value)),
                None => {
                    let message = format!("{} is no value of an attribute", val.describe());
                    return Err(self.report(
                        Diagnostic::error(Code::BadAttribute, message)
                            .primary(attribute.span, "")
                            .help("attributes are constants: numbers, lists of numbers, names"),
                    ));
                }
            }
        }
        match Op::read(name, &given) {
            Some(Ok(op)) => {
                if let Op::Full(full) = &op {
                    self.check_float(&full.value, full.dtype, span)?;
                }
                Ok(op)
            }
            Some(Err(error)) => {
                let kind = matches!(error, AttrError::Kind { .. });
                let values = attributes.iter().filter(|_| kind);
                let mut values = values.map(|(attribute, _)| attribute.value);
                let inexact = values.find_map(|value| self.inexact_in(&body.scope, value));
                Err(inexact.unwrap_or_else(|| {
                    let attributes = attributes.iter().map(|(attribute, _)| attribute);
                    self.report(attribute_error(&error, attributes, span))
                }))
            }
            None => Err(self.report(
                Diagnostic::error(Code::UnknownFunction, format!("there is no op `{name}`"))
                    .primary(span, ""),
            )),
        }
    }

    /// The operands of an op. Numbers take the dtype of the first tensor among them: its shape too
    /// where the op works element by element, else they are scalars. Indices are i32, keys u32.
    fn operands(
        &mut self,
        body: &Body<'a>,
        op: &Op,
        args: Args,
        span: Span,
    ) -> Result<Vec<Value>, Reported> {
        let tensor = |val: &Val| match val {
            Val::Data(Data {
                tree: Tree::Leaf(ty),
                ..
            }) => Some(ty.clone()),
            _ => None,
        };
        let types: Vec<Option<Type>> = args.iter().map(|(val, _)| tensor(val)).collect();
        let mut operands = Vec::with_capacity(args.len());
        for (slot, (val, at)) in args.into_iter().enumerate() {
            let operand = match val {
                Val::Data(Data {
                    tree: Tree::Leaf(_),
                    leaves,
                }) => leaves[0],
                Val::Data(data) => {
                    let name = op.spec().name;
                    let given = Val::Data(data).describe();
                    let message = format!("`{name}` takes tensors, not {given}");
                    return Err(self.report(
                        Diagnostic::error(Code::TypeMismatch, message)
                            .primary(at, "")
                            .help(format!("apply it leaf by leaf: `map({name}, …)`")),
                    ));
                }
                constant @ (Val::Number(_) | Val::Bool(_) | Val::List(_)) => {
                    let Some(literal) = literal_type(op, slot, &types) else {
                        let message = "the dtype of this constant cannot be inferred here";
                        return Err(self.report(
                            Diagnostic::error(Code::UntypedConstant, message)
                                .primary(at, "")
                                .secondary(span, "no operand of this call has a dtype")
                                .help("name it first with a type: `c: f32[] = 0.5`"),
                        ));
                    };
                    let ty = match &constant {
                        Val::List(items) => literal.with_shape(list_shape(items)),
                        _ => literal,
                    };
                    self.constant_of_type(body, &constant, &ty, at)?
                }
                Val::Name(name) => return Err(self.unknown_name(body, &name, at)),
                Val::Error => return Err(Reported),
                other @ (Val::Text(_) | Val::Tuple(_) | Val::Function(_) | Val::Instance(..)) => {
                    let message = format!(
                        "`{}` takes tensors, not {}",
                        op.spec().name,
                        other.describe()
                    );
                    return Err(
                        self.report(Diagnostic::error(Code::TypeMismatch, message).primary(at, ""))
                    );
                }
            };
            operands.push(operand);
        }
        Ok(operands)
    }

    fn matmul_call(
        &mut self,
        body: &Body<'a>,
        args: Args,
        attributes: &Attrs,
        span: Span,
    ) -> Result<Val, Reported> {
        match (args.as_slice(), attributes.as_slice()) {
            ([(x, x_span), (y, y_span)], []) => {
                let spans = [span, *x_span, *y_span];
                self.binary(
                    body,
                    ast::BinaryOp::MatMul,
                    x.clone(),
                    y.clone(),
                    span,
                    spans,
                )
            }
            (_, _) => Err(self.report(
                Diagnostic::error(Code::ArgumentCount, "`matmul` takes two tensors")
                    .primary(span, ""),
            )),
        }
    }
}

/// An error about the attributes of an op in a call.
pub(super) fn attribute_error<'n>(
    error: &AttrError,
    mut attributes: impl Iterator<Item = &'n ast::Attribute>,
    span: Span,
) -> Diagnostic {
    let mut place = |name: &str| {
        let found = attributes.find(|attribute| attribute.name.name == name);
        found.map_or(span, |attribute| attribute.span)
    };
    let diagnostic = Diagnostic::error(Code::BadAttribute, error.to_string());
    match error {
        AttrError::Unknown { name, known, .. } => {
            let diagnostic = diagnostic.primary(place(name), "");
            match (closest(name, known.iter().copied()), known.is_empty()) {
                (Some(close), _) => diagnostic.help(format!("did you mean `{close}`?")),
                (None, true) => diagnostic.help("it takes no attributes"),
                (None, false) => {
                    diagnostic.help(format!("its attributes are {}", known.join(", ")))
                }
            }
        }
        AttrError::Missing { name, .. } => diagnostic
            .primary(span, "")
            .help(format!("add `{name} = …` after the operands")),
        AttrError::Kind { name, .. } => diagnostic.primary(place(name), ""),
    }
}

/// Whether an op works element by element, so that its operands broadcast.
fn spreads(op: &Op) -> bool {
    match op.family() {
        Family::Pointwise(_)
        | Family::Discrete(_)
        | Family::Compare(_)
        | Family::Connect(_)
        | Family::Not
        | Family::Select => true,
        Family::Cast(_)
        | Family::View(_)
        | Family::Fold(_)
        | Family::ArgFold(_)
        | Family::ArgSort(_)
        | Family::Prefix(_)
        | Family::Contract(_)
        | Family::Gather(_)
        | Family::ScatterAdd(_)
        | Family::Leaf(_)
        | Family::Barrier
        | Family::Scan(_)
        | Family::Cond(_)
        | Family::Composite(_) => false,
    }
}

/// The type that a number takes as operand `slot` of `op`, beside operands of the types that are
/// given: that of the first of them where the op works element by element, else it is a scalar; of
/// the op's own choice where an operand is never of the dtype of the others, as indices are.
pub(in crate::lang) fn literal_type(
    op: &Op,
    slot: usize,
    operands: &[Option<Type>],
) -> Option<Type> {
    if let Some(dtype) = op.spec().literal_dtype(slot) {
        return Some(Type::scalar(dtype));
    }
    // The condition of a select says nothing about the dtype of its arms.
    let skip = usize::from(matches!(op, Op::Select(_)));
    let model = operands.iter().skip(skip).flatten().next()?;
    Some(if spreads(op) {
        model.clone()
    } else {
        Type::scalar(model.dtype)
    })
}

/// A constant as the value of an attribute.
pub(super) fn attribute_value(val: &Val) -> Option<AttrValue> {
    match val {
        Val::Number(number) => Some(AttrValue::Number(number.clone())),
        Val::Bool(truth) => Some(AttrValue::Bool(*truth)),
        Val::Name(name) => Some(AttrValue::Name(name.clone())),
        Val::List(items) => items
            .iter()
            .map(attribute_value)
            .collect::<Option<_>>()
            .map(AttrValue::List),
        Val::Data(_)
        | Val::Text(_)
        | Val::Tuple(_)
        | Val::Function(_)
        | Val::Instance(..)
        | Val::Error => None,
    }
}
