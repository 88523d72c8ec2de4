//! Dims and types: evaluation of dim expressions, and inference of dims at calls.

use super::attribute::Choice;
use super::{Elaborator, Reported, Scope, count};
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::dtype::DType;
use crate::lang::ast::{self, Ast, BinaryOp, ExprId, ExprKind, Literal, UnaryOp};
use crate::lang::print_expr;
use crate::module::{Field, Tree};
use crate::shape::{MAX_BYTES, MAX_RANK, Shape, Type};
use crate::span::Span;
use rustc_hash::FxHashMap;

/// Values of dims by name.
pub(super) type Bindings = FxHashMap<String, i64>;

/// Structs nest no deeper than this.
const MAX_STRUCT_DEPTH: usize = 32;

impl Elaborator<'_> {
    /// The value of a dim expression.
    pub(super) fn dim(&mut self, scope: &Scope<'_>, expr: ExprId) -> Result<i64, Reported> {
        // Operands precede their users in the arena, so one pass over the ids that matter suffices.
        let mut values: FxHashMap<ExprId, i64> = FxHashMap::default();
        for id in scope.ast.subtree(expr) {
            let value = self.dim_step(scope, id, &values)?;
            values.insert(id, value);
        }
        values.get(&expr).copied().ok_or(Reported)
    }

    fn dim_step(
        &mut self,
        scope: &Scope<'_>,
        id: ExprId,
        values: &FxHashMap<ExprId, i64>,
    ) -> Result<i64, Reported> {
        let expr = scope.ast.expr(id);
        let operand = |id: &ExprId| values.get(id).copied().ok_or(Reported);
        let value = match &expr.kind {
            ExprKind::Name(name) => return self.named_dim(scope, name, expr.span),
            ExprKind::Literal(Literal::Int { value, .. }) => i64::try_from(*value).ok(),
            ExprKind::Unary {
                op: UnaryOp::Neg,
                operand: inner,
            } => operand(inner)?.checked_neg(),
            ExprKind::Binary {
                op, left, right, ..
            } => {
                let (x, y) = (operand(left)?, operand(right)?);
                let exact = match op {
                    BinaryOp::Div => divides(x, y),
                    BinaryOp::Rem => y != 0,
                    _ => true,
                };
                if !exact {
                    return Err(self.inexact_dim(scope.ast, id, [(*left, x), (*right, y)]));
                }
                return self.dim_binary(*op, x, y, expr.span);
            }
            ExprKind::Literal(Literal::Bool(_) | Literal::Float(_) | Literal::String(_))
            | ExprKind::Unary {
                op: UnaryOp::Not, ..
            }
            | ExprKind::Field { .. }
            | ExprKind::Next { .. }
            | ExprKind::Index { .. }
            | ExprKind::Slice { .. }
            | ExprKind::If { .. }
            | ExprKind::Call { .. }
            | ExprKind::Tuple(_)
            | ExprKind::List(_) => {
                return Err(self.report(
                    Diagnostic::error(
                        Code::NotADim,
                        "a dim is made of integers, dims and + - * / %",
                    )
                    .primary(expr.span, "this is no dim"),
                ));
            }
        };
        value.ok_or_else(|| self.dim_overflow(expr.span))
    }

    fn dim_overflow(&mut self, span: Span) -> Reported {
        self.report(
            Diagnostic::error(
                Code::DimOverflow,
                "a dim beyond the range of 64-bit integers",
            )
            .primary(span, ""),
        )
    }

    /// An error about a quotient that is no whole number, with what its sides are.
    pub(super) fn inexact_dim(
        &mut self,
        ast: &Ast,
        quotient: ExprId,
        sides: [(ExprId, i64); 2],
    ) -> Reported {
        let said = |(side, value): &(ExprId, i64)| match ast.expr(*side).kind {
            ExprKind::Literal(_) => None,
            _ => Some(format!("{} = {value}", print_expr(ast, *side))),
        };
        let values: Vec<String> = sides.iter().filter_map(said).collect();
        let text = print_expr(ast, quotient);
        let [(_, x), (_, y)] = sides;
        let must = if y == 0 {
            "divides by 0"
        } else {
            "must divide"
        };
        let message = match values.as_slice() {
            [] => format!("`{text}` {must}"),
            values => format!("`{text}` {must}: {}", values.join(", ")),
        };
        let label = match x.checked_rem_euclid(y) {
            Some(rest) => format!("{x} / {y} leaves {rest}"),
            None => "nothing divides by 0".to_string(),
        };
        let help = "an extent is a whole number: choose dims that divide";
        let diagnostic = Diagnostic::error(Code::InexactDim, message);
        self.report(
            diagnostic
                .primary(ast.expr(quotient).span, label)
                .help(help),
        )
    }

    /// Reports the first quotient of dims in an expression that is no whole number, if there is one:
    /// numbers are exact, so that it shows only where a whole number is needed.
    pub(super) fn inexact_in(&mut self, scope: &Scope<'_>, expr: ExprId) -> Option<Reported> {
        for id in scope.ast.subtree(expr) {
            let ExprKind::Binary {
                op: BinaryOp::Div,
                left,
                right,
                ..
            } = scope.ast.expr(id).kind
            else {
                continue;
            };
            let mut aside = Diagnostics::new();
            std::mem::swap(self.diagnostics, &mut aside);
            let sides = [left, right].map(|side| self.dim(scope, side));
            std::mem::swap(self.diagnostics, &mut aside);
            if let [Ok(x), Ok(y)] = sides
                && !divides(x, y)
            {
                return Some(self.inexact_dim(scope.ast, id, [(left, x), (right, y)]));
            }
        }
        None
    }

    fn dim_binary(&mut self, op: BinaryOp, x: i64, y: i64, span: Span) -> Result<i64, Reported> {
        let value = match op {
            BinaryOp::Add => x.checked_add(y),
            BinaryOp::Sub => x.checked_sub(y),
            BinaryOp::Mul => x.checked_mul(y),
            BinaryOp::Div => x.checked_div(y),
            BinaryOp::Rem if y > 0 => Some(x.rem_euclid(y)),
            BinaryOp::Rem => {
                let message = format!("`%` by {y}: the rest is that of a positive number");
                return Err(
                    self.report(Diagnostic::error(Code::NotADim, message).primary(span, ""))
                );
            }
            BinaryOp::MatMul
            | BinaryOp::Pow
            | BinaryOp::Or
            | BinaryOp::And
            | BinaryOp::Eq
            | BinaryOp::Ne
            | BinaryOp::Lt
            | BinaryOp::Le
            | BinaryOp::Gt
            | BinaryOp::Ge
            | BinaryOp::BitOr
            | BinaryOp::BitXor
            | BinaryOp::BitAnd
            | BinaryOp::Shl
            | BinaryOp::Shr => {
                let message = format!("`{}` is not defined for dims", op.symbol());
                return Err(self.report(
                    Diagnostic::error(Code::NotADim, message)
                        .primary(span, "dims know + - * %, and / where it is exact"),
                ));
            }
        };
        value.ok_or_else(|| self.dim_overflow(span))
    }

    fn named_dim(&mut self, scope: &Scope<'_>, name: &str, span: Span) -> Result<i64, Reported> {
        let known = scope
            .dims
            .get(name)
            .or_else(|| self.file_dims.get(name))
            .copied();
        if let Some(value) = known {
            return Ok(value);
        }
        if self.failed_dims.contains(name) {
            return Err(Reported);
        }
        let diagnostic = self.no_such_dim(name, span, scope.dims.keys().map(String::as_str));
        Err(self.report(diagnostic))
    }

    /// An error about a name that is none of the dims `known` here, and none of the file.
    pub(super) fn no_such_dim<'n>(
        &'n self,
        name: &str,
        span: Span,
        known: impl Iterator<Item = &'n str>,
    ) -> Diagnostic {
        let known = known.chain(self.file_dims.keys().map(String::as_str));
        let message = format!("there is no dim `{name}`");
        let diagnostic = Diagnostic::error(Code::UnknownDim, message).primary(span, "not declared");
        match super::closest(name, known) {
            Some(close) => diagnostic.help(format!("did you mean `{close}`?")),
            None => diagnostic.help(format!(
                "declare it with `dim {name} = …`; `--define {name}=…` then sets it otherwise"
            )),
        }
    }

    /// A type as written, with all its dims known.
    pub(super) fn tree(&mut self, scope: &Scope<'_>, ty: &ast::Type) -> Result<Tree, Reported> {
        self.tree_at(scope, ty, 0)
    }

    fn tree_at(
        &mut self,
        scope: &Scope<'_>,
        ty: &ast::Type,
        depth: usize,
    ) -> Result<Tree, Reported> {
        let (values, lengths) = self.brackets(ty);
        let mut tree = if let Ok(dtype) = ty.name.name.parse::<DType>() {
            Tree::Leaf(self.tensor(scope, ty, dtype)?)
        } else if let Some(tree) = scope.types.get(&ty.name.name) {
            tree.clone()
        } else {
            self.structure(scope, ty, values, depth)?
        };
        for &length in lengths.iter().rev() {
            let value = self.dim(scope, length)?;
            tree = self.array_of(tree, value, scope.ast.expr(length).span)?;
        }
        Ok(tree)
    }

    /// What stands in the brackets of a type: its dims, and the lengths of the array, outermost
    /// first. A struct without dims has only lengths in brackets, as has a type parameter.
    pub(super) fn brackets<'t>(&self, ty: &'t ast::Type) -> (&'t [ExprId], Vec<ExprId>) {
        let dims = ty.dims.as_deref().unwrap_or_default();
        let template = self.structs.get(ty.name.name.as_str());
        let tensor = ty.name.name.parse::<DType>().is_ok();
        // A type parameter has no dims either.
        match (template.map(|template| template.dims.is_empty()), dims) {
            (Some(true), [length]) | (None, [length]) if !tensor => {
                let lengths = std::iter::once(length).chain(&ty.lengths);
                (&[], lengths.copied().collect())
            }
            (_, dims) => (dims, ty.lengths.clone()),
        }
    }

    fn structure(
        &mut self,
        scope: &Scope<'_>,
        ty: &ast::Type,
        values: &[ExprId],
        depth: usize,
    ) -> Result<Tree, Reported> {
        let Some(template) = self.structs.get(ty.name.name.as_str()).copied() else {
            let unknown = self.no_such_type(ty);
            return Err(self.report(unknown));
        };
        if values.len() != template.dims.len() {
            return Err(self.report(wrong_dims(template, ty, values.len())));
        }
        if depth >= MAX_STRUCT_DEPTH {
            return Err(self.endless(ty, template));
        }
        let dims: Vec<i64> = values
            .iter()
            .map(|&dim| self.dim(scope, dim))
            .collect::<Result<_, _>>()?;
        let tree = self.instance(template, &dims, depth)?;
        self.check_leaves(&tree, ty.span)?;
        Ok(tree)
    }

    /// An error about structs within structs: the circle that they run in, or that they are too many.
    fn endless(&mut self, ty: &ast::Type, template: &ast::Struct) -> Reported {
        let name = &ty.name.name;
        let diagnostic = match self.circle(name) {
            Some(circle) => {
                let message = format!("`{name}` contains itself");
                let note = format!("the fields run in a circle: {}", circle.join(" → "));
                Diagnostic::error(Code::RecursiveStruct, message).note(note)
            }
            None => {
                let message = format!("structs nest more than {MAX_STRUCT_DEPTH} deep");
                Diagnostic::error(Code::RecursiveStruct, message)
                    .help("pass what is inside by itself")
            }
        };
        self.report(
            diagnostic
                .primary(ty.span, "")
                .secondary(template.name.span, "declared here"),
        )
    }

    /// The structs that lead from one back to it, by their names.
    fn circle(&self, name: &str) -> Option<Vec<String>> {
        let mut from: FxHashMap<&str, &str> = FxHashMap::default();
        let mut open = std::collections::VecDeque::from([name]);
        while let Some(at) = open.pop_front() {
            for field in self.structs.get(at).iter().flat_map(|item| &item.fields) {
                let inner = field.ty.name.name.as_str();
                if inner == name {
                    let mut circle = vec![name.to_string(), at.to_string()];
                    let mut step = at;
                    while step != name {
                        step = from.get(step)?;
                        circle.push(step.to_string());
                    }
                    if at == name {
                        circle.truncate(2);
                    }
                    circle.reverse();
                    return Some(circle);
                }
                if self.structs.contains_key(inner) && !from.contains_key(inner) {
                    from.insert(inner, at);
                    open.push_back(inner);
                }
            }
        }
        None
    }

    pub(super) fn instance(
        &mut self,
        template: &ast::Struct,
        dims: &[i64],
        depth: usize,
    ) -> Result<Tree, Reported> {
        let names = template.dims.iter().map(|dim| dim.name.clone());
        let inner = Scope {
            dims: names.zip(dims.iter().copied()).collect(),
            ..Scope::new(self.ast)
        };
        let mut fields = Vec::with_capacity(template.fields.len());
        for field in &template.fields {
            let tree = self.tree_at(&inner, &field.ty, depth + 1)?;
            fields.push(Field {
                name: field.name.name.clone(),
                doc: super::doc(&field.docs),
                tree,
            });
        }
        let dims = dims.iter().map(|&dim| dim.unsigned_abs()).collect();
        Ok(Tree::Struct {
            name: template.name.name.clone(),
            doc: super::doc(&template.docs),
            dims,
            fields,
        })
    }

    fn tensor(
        &mut self,
        scope: &Scope<'_>,
        ty: &ast::Type,
        dtype: DType,
    ) -> Result<Type, Reported> {
        let mut extents = Vec::new();
        for &dim in ty.dims.as_deref().unwrap_or_default() {
            let value = self.dim(scope, dim)?;
            let Ok(extent) = u64::try_from(value) else {
                let message = format!("a dim cannot be negative, and this one is {value}");
                return Err(self.report(
                    Diagnostic::error(Code::NegativeDim, message)
                        .primary(scope.ast.expr(dim).span, ""),
                ));
            };
            extents.push(extent);
        }
        if extents.len() > MAX_RANK {
            let diagnostic = too_many_axes(extents.len());
            return Err(self.report(diagnostic.primary(ty.span, "")));
        }
        let tensor = Type::new(dtype, Shape::new(extents));
        if tensor.is_countable() {
            return Ok(tensor);
        }
        let message = match tensor.shape.extents().find(|extent| *extent > MAX_BYTES) {
            Some(extent) => format!("an axis of {extent} elements, of which there may be 2^40"),
            None => format!("a tensor of type {tensor} exceeds 2^48 elements"),
        };
        Err(self.report(
            Diagnostic::error(Code::TooLarge, message)
                .primary(ty.span, "")
                .help("tensors are bounded, so that sizes cannot overflow; choose smaller dims"),
        ))
    }

    /// An error unless all leaves of a parameter or result of an entry can be in memory.
    pub(super) fn check_stored(&mut self, tree: &Tree, ty: &ast::Type) -> Result<(), Reported> {
        let mut leaves = tree.leaves("").into_iter().map(|(_, leaf)| leaf);
        let Some(large) = leaves.find(|leaf| !leaf.is_bounded()) else {
            return Ok(());
        };
        let message = format!("a tensor of type {large} exceeds 2^40 bytes");
        Err(self.report(
            Diagnostic::error(Code::TooLarge, message)
                .primary(ty.span, "")
                .help(
                    "parameters and results are in memory, which is bounded; choose smaller dims",
                ),
        ))
    }

    /// An error about the name of a type that is none.
    pub(super) fn no_such_type(&self, ty: &ast::Type) -> Diagnostic {
        let name = &ty.name.name;
        let known: Vec<&str> = DType::ALL
            .iter()
            .map(|dtype| dtype.name())
            .chain(self.structs.keys().copied())
            .collect();
        let diagnostic = Diagnostic::error(Code::UnknownType, format!("there is no type `{name}`"))
            .primary(ty.name.span, "neither a dtype nor a struct of this file");
        match super::closest(name, known.iter().copied()) {
            Some(close) => diagnostic.help(format!("did you mean `{close}`?")),
            None => diagnostic.help("the dtypes are bool, i32, i64, u32, f16, bf16, f32 and f64"),
        }
    }

    /// Binds the dims and types among `generic` that are plain names in `ty` by comparing with an actual
    /// type. What does not match is left for the comparison of whole types that follows.
    pub(super) fn bind_dims(
        &self,
        generic: &[ast::Ident],
        is_type: &dyn Fn(&str) -> bool,
        ty: &ast::Type,
        actual: &Tree,
        choice: &mut Choice,
    ) {
        let (dims, lengths) = self.brackets(ty);
        let (mut element, mut extents) = (actual, Vec::new());
        for _ in &lengths {
            let Tree::Array {
                element: inner,
                length,
            } = element
            else {
                return;
            };
            extents.push(*length);
            element = inner;
        }
        if is_type(&ty.name.name) {
            let types = choice.types.entry(ty.name.name.clone());
            types.or_insert_with(|| element.clone());
        }
        match element {
            Tree::Leaf(tensor) => extents.extend(tensor.shape.extents()),
            Tree::Struct { dims, .. } => extents.extend(dims),
            Tree::Array { .. } => {}
        }
        for (dim, extent) in lengths.iter().chain(dims).zip(extents) {
            if let ExprKind::Name(name) = &self.ast.expr(*dim).kind
                && generic.iter().any(|generic| generic.name == *name)
                && let Ok(extent) = i64::try_from(extent)
            {
                choice.dims.entry(name.clone()).or_insert(extent);
            }
        }
    }
}

/// An error about a struct with more or fewer dims than it has.
pub(super) fn wrong_dims(template: &ast::Struct, ty: &ast::Type, given: usize) -> Diagnostic {
    let (name, declared) = (&template.name, count(template.dims.len(), "dim"));
    let message = format!("`{}` has {declared}, got {given}", name.name);
    Diagnostic::error(Code::DimCount, message)
        .primary(ty.span, "")
        .secondary(name.span, "declared here")
        .help("dims come first, then the length of an array: `Linear[64, 10][12]`")
}

/// Whether a quotient is a whole number.
fn divides(x: i64, y: i64) -> bool {
    x.checked_rem(y) == Some(0)
}

/// The error of a tensor with so many axes.
pub(super) fn too_many_axes(rank: usize) -> Diagnostic {
    let message = format!("a tensor of {rank} axes, of which there may be {MAX_RANK}");
    Diagnostic::error(Code::TooManyAxes, message)
        .help("make one axis of those that are walked together")
}
