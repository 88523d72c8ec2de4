//! Expressions: walked in id order, operands first, without recursion.

use super::array::part;
use super::body::{Body, next_key, no_next_of};
use super::value::{Data, Val};
use super::{Elaborator, Reported};
use crate::constant::{Constant, parse_decimal};
use crate::diag::{Code, Diagnostic};
use crate::dtype::DType;
use crate::graph::Value;
use crate::lang::ast::{self, ExprId, ExprKind, Literal};
use crate::span::Span;
use rustc_hash::FxHashMap;

impl<'a> Elaborator<'a> {
    /// Elaborates an expression: its parts in id order, operands first.
    pub(super) fn expression(
        &mut self,
        body: &mut Body<'a>,
        root: ExprId,
    ) -> Result<Val, Reported> {
        let mut vals: FxHashMap<ExprId, Val> = FxHashMap::default();
        let subtree = self.ast.subtree(root);
        for id in subtree {
            let val = self.step(body, id, &vals)?;
            if matches!(val, Val::Error) {
                return Err(Reported);
            }
            self.observe(self.ast.expr(id).span, &val);
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
            ExprKind::Name(name) => Ok(self.name(body, name, span)),
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
                let base_span = self.ast.expr(*base).span;
                self.index(body, get(base)?, &indices, span, base_span)
            }
            ExprKind::Slice { base, start, end } => {
                let start = start.as_ref().map(get).transpose()?;
                let end = end.as_ref().map(get).transpose()?;
                let base_span = self.ast.expr(*base).span;
                self.slice(body, get(base)?, [start, end], span, base_span)
            }
            ExprKind::If { arms, otherwise } => self.conditional(body, arms, *otherwise, span),
            ExprKind::Tuple(items) => {
                Ok(Val::Tuple(items.iter().map(get).collect::<Result<_, _>>()?))
            }
            ExprKind::List(items) => {
                let items: Vec<Val> = items.iter().map(get).collect::<Result<_, _>>()?;
                self.list(items, span)
            }
            ExprKind::Call { callee, .. } if self.ast.is_load(*callee) => {
                self.loaded(body, id, span)
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
                if let ExprKind::Call { args: ids, .. } = &expr.kind {
                    let functions = match &callee_val {
                        Val::Name(name) => super::call::takes_functions(name),
                        _ => 0,
                    };
                    for ((arg, _), id) in args.iter_mut().zip(ids).take(functions) {
                        *arg = self.callable(*id, arg.clone());
                    }
                }
                let attributes: Vec<(ast::Attribute, Val)> = attributes
                    .iter()
                    .map(|attribute| {
                        if attribute.is_path() {
                            return Ok((attribute.clone(), Val::List(Vec::new())));
                        }
                        let val = get(&attribute.value)?;
                        let val = match self.constructed(&callee_val) {
                            Some(_) => val,
                            None => self.attribute(&callee_val, attribute, val),
                        };
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
    /// whatever value may have the same name; but for graphs, which say by their default that they
    /// choose by names.
    fn attribute(&self, callee: &Val, attribute: &ast::Attribute, val: Val) -> Val {
        let ExprKind::Name(name) = &self.ast.expr(attribute.value).kind else {
            return val;
        };
        let chooses = match callee {
            Val::Name(callee) => match self.graph_names.get(callee.as_str()) {
                Some(&index) => self.chooses_by_name(index, &attribute.name.name),
                None => true,
            },
            _ => true,
        };
        let meant = chooses || self.is_function(name) || name.parse::<DType>().is_ok();
        match &val {
            Val::Data(_) if meant => Val::Name(name.clone()),
            _ => val,
        }
    }

    /// Whether an attribute of a graph is a name by default.
    fn chooses_by_name(&self, index: usize, attribute: &str) -> bool {
        let mut attributes = self.graphs[index].attributes.iter();
        let declared = attributes.find(|declared| declared.name.name == attribute);
        let default = declared.and_then(|declared| declared.default);
        default.is_some_and(|default| matches!(self.ast.expr(default).kind, ExprKind::Name(_)))
    }

    /// A name as far as it is known here; what is unknown may still name a graph, an op or a dtype.
    fn name(&mut self, body: &Body<'a>, name: &str, span: Span) -> Val {
        if let Some(local) = body.locals.get(name) {
            self.observe_use(span, local.span);
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
            Literal::String(text) => Ok(Val::Text(text.as_str().into())),
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
                Some((tree, first)) => Ok(Val::Data(part(&data, tree, first))),
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
        let path = self.path_of(base);
        if let Some((root, path)) = &path
            && path.is_empty()
            && let Some(Some((val, _))) = body.carried.get(*root)
        {
            return Ok(val.clone());
        }
        let pending = path.and_then(|(root, path)| {
            let pending = body.pending.get(&next_key(root))?;
            Some((pending, path))
        });
        let Some((pending, path)) = pending else {
            return Err(self.report(no_next_of(span)));
        };
        let (tree, first) = self.select(&body.scope, &pending.tree, &path)?;
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
}
