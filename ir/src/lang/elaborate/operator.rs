//! Operators: infix and prefix, on tensors, structs and numbers; literals and broadcasting.

use super::body::Body;
use super::value::{Data, Val, told_apart};
use super::{Elaborator, Reported, condition};
use crate::constant::Constant;
use crate::diag::{Code, Diagnostic};
use crate::dtype::DType;
use crate::graph::Value;
use crate::lang::ast::{BinaryOp, UnaryOp};
use crate::module::Tree;
use crate::op::attribute::to_axes;
use crate::op::{self, DotGeneral, Elements, Op, Real, TypeError};
use crate::shape::{Shape, Type};
use crate::span::Span;
use dashu::base::BitTest;

/// Spans of an infix expression: operator, left and right operand.
type Spans = [Span; 3];

impl<'a> Elaborator<'a> {
    pub(super) fn unary(
        &mut self,
        body: &Body<'a>,
        op: UnaryOp,
        operand: Val,
        span: Span,
        operand_span: Span,
    ) -> Result<Val, Reported> {
        match (op, operand) {
            (UnaryOp::Neg, Val::Number(number)) => Ok(Val::Number(number.neg())),
            (UnaryOp::Not, Val::Bool(truth)) => Ok(Val::Bool(!truth)),
            (op, Val::Data(data)) => {
                let mut leaves = Vec::with_capacity(data.leaves.len());
                for leaf in &data.leaves {
                    leaves.push(self.unary_leaf(body, op, *leaf, span, operand_span)?);
                }
                Ok(Val::Data(Data {
                    tree: data.tree,
                    leaves,
                }))
            }
            (_, Val::Error) => Err(Reported),
            (_, Val::Name(name)) => Err(self.unknown_name(body, &name, operand_span)),
            (
                op,
                other @ (Val::Number(_)
                | Val::Bool(_)
                | Val::Text(_)
                | Val::Tuple(_)
                | Val::List(_)
                | Val::Function(_)
                | Val::Instance(..)),
            ) => {
                let message = format!("`{}` of {}", op.symbol(), other.describe());
                Err(self.report(
                    Diagnostic::error(Code::TypeMismatch, message).primary(operand_span, ""),
                ))
            }
        }
    }

    fn unary_leaf(
        &mut self,
        body: &Body<'a>,
        op: UnaryOp,
        leaf: Value,
        span: Span,
        operand_span: Span,
    ) -> Result<Value, Reported> {
        let b = &body.builder;
        let ty = b.ty(leaf);
        let made = match op {
            UnaryOp::Neg => b.neg(leaf),
            UnaryOp::Not if ty.dtype.is_integer() => {
                let ones = ty.dtype.wrap(-1);
                b.full(&ty, &Constant::integer(ones))
                    .and_then(|ones| b.apply(op::BitXor {}, &[leaf, ones]))
            }
            UnaryOp::Not => b.apply(op::LogicalNot {}, &[leaf]),
        };
        made.map_err(|error| {
            self.type_error(&as_written(error, op.symbol()), span, &[operand_span])
        })
    }

    pub(super) fn binary(
        &mut self,
        body: &Body<'a>,
        op: BinaryOp,
        left: Val,
        right: Val,
        span: Span,
        spans: Spans,
    ) -> Result<Val, Reported> {
        let compared = self.compare_names(body, op, [&left, &right], [spans[1], spans[2]]);
        if let Some(compared) = compared {
            return compared;
        }
        if let Some(folded) = condition::fold(op, &left, &right) {
            return Ok(folded);
        }
        for (val, at) in [(&left, spans[1]), (&right, spans[2])] {
            match val {
                Val::Error => return Err(Reported),
                Val::Name(name) => {
                    let name = name.clone();
                    return Err(self.unknown_name(body, &name, at));
                }
                Val::Data(_)
                | Val::Number(_)
                | Val::Bool(_)
                | Val::Text(_)
                | Val::Tuple(_)
                | Val::List(_)
                | Val::Function(_)
                | Val::Instance(..) => {}
            }
        }
        body.builder.set_span(span);
        match (&left, &right) {
            (Val::Data(x), Val::Data(y)) => self.binary_data(body, op, x, y, span, spans),
            (Val::Data(x), Val::Number(exponent)) if op == BinaryOp::Pow => {
                self.power(body, x, exponent, span, spans)
            }
            (Val::Data(x), Val::Number(_) | Val::Bool(_) | Val::List(_)) => {
                self.with_constant(body, op, x, &right, false, span, spans)
            }
            (Val::Number(_) | Val::Bool(_) | Val::List(_), Val::Data(y)) => {
                self.with_constant(body, op, y, &left, true, span, spans)
            }
            (Val::Number(x), Val::Number(y)) => self.fold_numbers(op, x, y, span),
            (_, _) => {
                let message = format!(
                    "`{}` of {} and {}",
                    op.symbol(),
                    left.describe(),
                    right.describe()
                );
                Err(self.report(
                    Diagnostic::error(Code::TypeMismatch, message)
                        .primary(spans[0], "")
                        .help("operators work on tensors, on structs leaf by leaf, and on numbers"),
                ))
            }
        }
    }

    /// Arithmetic of numbers without a dtype is exact.
    fn fold_numbers(
        &mut self,
        op: BinaryOp,
        x: &Constant,
        y: &Constant,
        span: Span,
    ) -> Result<Val, Reported> {
        let folded = x
            .as_rational()
            .zip(y.as_rational())
            .filter(|(x, y)| is_short(x) && is_short(y))
            .and_then(|(x, y)| match op {
                BinaryOp::Add => Some(x + y),
                BinaryOp::Sub => Some(x - y),
                BinaryOp::Mul => Some(x * y),
                BinaryOp::Div => (y != dashu::rational::RBig::ZERO).then(|| x / y),
                BinaryOp::Pow => {
                    let exponent = Constant::rational(y).as_i64().filter(|e| e.abs() <= 1024)?;
                    let invertible = x != dashu::rational::RBig::ZERO || exponent >= 0;
                    invertible.then(|| x.pow(exponent as isize))
                }
                BinaryOp::Rem => {
                    let y = Constant::rational(y).as_i64().filter(|y| *y > 0)?;
                    let x = Constant::rational(x).as_i64()?;
                    Some(dashu::rational::RBig::from(x.rem_euclid(y)))
                }
                BinaryOp::MatMul
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
                | BinaryOp::Shr => None,
            });
        match folded {
            Some(value) if is_short(&value) => Ok(Val::Number(Constant::rational(value))),
            Some(_) | None => {
                let message = format!("`{}` of these numbers has no value", op.symbol());
                Err(self.report(
                    Diagnostic::error(Code::ConstantArithmetic, message).primary(
                        span,
                        "numbers without a dtype know + - * /, whole powers and remainders, up to 2^14 bits",
                    ),
                ))
            }
        }
    }

    /// xᵖ with p written as a number.
    fn power(
        &mut self,
        body: &Body<'a>,
        x: &Data,
        exponent: &Constant,
        span: Span,
        spans: Spans,
    ) -> Result<Val, Reported> {
        let op: Op = match exponent.as_i64() {
            Some(2) => op::Square {}.into(),
            Some(_) | None => op::Power {
                exponent: Real(exponent.to_f64()),
            }
            .into(),
        };
        let mut leaves = Vec::with_capacity(x.leaves.len());
        for leaf in &x.leaves {
            let made = body.builder.apply(op.clone(), &[*leaf]);
            leaves.push(made.map_err(|error| self.type_error(&error, span, &spans[1..]))?);
        }
        Ok(Val::Data(Data {
            tree: x.tree.clone(),
            leaves,
        }))
    }

    /// An operator between data and a constant, which takes the dtype of each leaf.
    #[expect(
        clippy::too_many_arguments,
        reason = "an infix expression has this many parts"
    )]
    fn with_constant(
        &mut self,
        body: &Body<'a>,
        op: BinaryOp,
        data: &Data,
        constant: &Val,
        constant_first: bool,
        span: Span,
        spans: Spans,
    ) -> Result<Val, Reported> {
        let constant_span = if constant_first { spans[1] } else { spans[2] };
        let mut leaves = Vec::with_capacity(data.leaves.len());
        let mut types = Vec::with_capacity(data.leaves.len());
        for leaf in &data.leaves {
            let ty = body.builder.ty(*leaf);
            let ty = match constant {
                Val::List(items) => Type::new(ty.dtype, list_shape(items)),
                _ => ty,
            };
            let other = self.constant_of_type(body, constant, &ty, constant_span)?;
            let operands = if constant_first {
                [other, *leaf]
            } else {
                [*leaf, other]
            };
            let made = self.binary_leaf(body, op, operands, span, spans)?;
            types.push(body.builder.ty(made));
            leaves.push(made);
        }
        Ok(Val::Data(Data {
            tree: retyped(&data.tree, types),
            leaves,
        }))
    }

    fn binary_data(
        &mut self,
        body: &Body<'a>,
        op: BinaryOp,
        x: &Data,
        y: &Data,
        span: Span,
        spans: Spans,
    ) -> Result<Val, Reported> {
        let (tree, pairs): (&Tree, Vec<[Value; 2]>) = match (&x.tree, &y.tree) {
            (Tree::Struct { .. } | Tree::Array { .. }, Tree::Leaf(ty)) if ty.shape.rank() == 0 => (
                &x.tree,
                x.leaves.iter().map(|leaf| [*leaf, y.leaves[0]]).collect(),
            ),
            (Tree::Leaf(ty), Tree::Struct { .. } | Tree::Array { .. }) if ty.shape.rank() == 0 => (
                &y.tree,
                y.leaves.iter().map(|leaf| [x.leaves[0], *leaf]).collect(),
            ),
            (Tree::Leaf(_), Tree::Leaf(_)) => (&x.tree, vec![[x.leaves[0], y.leaves[0]]]),
            (a, b) if a == b => (
                a,
                x.leaves
                    .iter()
                    .zip(&y.leaves)
                    .map(|(x, y)| [*x, *y])
                    .collect(),
            ),
            (a, b) => {
                let (a, b) = (a.to_string(), told_apart(b, a));
                let message = format!("`{}` of {a} and {b}", op.symbol());
                return Err(self.report(
                    Diagnostic::error(Code::TypeMismatch, message)
                        .primary(spans[0], "")
                        .secondary(spans[1], a)
                        .secondary(spans[2], b)
                        .help(
                            "structs and arrays combine with those of the same type and with scalars",
                        ),
                ));
            }
        };
        let mut leaves = Vec::with_capacity(pairs.len());
        for pair in pairs {
            leaves.push(self.binary_leaf(body, op, pair, span, spans)?);
        }
        let types: Vec<Type> = leaves.iter().map(|leaf| body.builder.ty(*leaf)).collect();
        Ok(Val::Data(Data {
            tree: retyped(tree, types),
            leaves,
        }))
    }

    fn binary_leaf(
        &mut self,
        body: &Body<'a>,
        op: BinaryOp,
        operands: [Value; 2],
        span: Span,
        spans: Spans,
    ) -> Result<Value, Reported> {
        let types = operands.map(|operand| body.builder.ty(operand));
        if op == BinaryOp::MatMul {
            return self.matmul(body, operands, span, spans);
        }
        let operands = self.broadcast(body, &operands, span, &spans[1..])?;
        body.builder
            .apply(infix_op(op, types[0].dtype), &operands)
            .map_err(|error| self.type_error(&as_written(error, op.symbol()), span, &spans[1..]))
    }

    /// The operands broadcast to a common shape by NumPy's rules.
    pub(super) fn broadcast(
        &mut self,
        body: &Body<'a>,
        operands: &[Value],
        span: Span,
        spans: &[Span],
    ) -> Result<Vec<Value>, Reported> {
        let mut common = Shape::scalar();
        for operand in operands {
            let shape = body.builder.shape(*operand);
            match common.broadcast(&shape) {
                Some(wider) => common = wider,
                None => return Err(self.shapes_differ(body, operands, span, spans)),
            }
        }
        let widened = operands
            .iter()
            .map(|operand| match body.builder.splat(*operand) {
                Some(constant) if body.builder.shape(*operand) != common => {
                    let ty = body.builder.ty(*operand).with_shape(common.clone());
                    body.builder.full(&ty, &constant)
                }
                Some(_) | None => body.builder.broadcast_to(*operand, &common),
            });
        let widened: Result<Vec<Value>, _> = widened.collect();
        widened.map_err(|error| self.type_error(&error, span, spans))
    }

    fn shapes_differ(
        &mut self,
        body: &Body<'a>,
        operands: &[Value],
        span: Span,
        spans: &[Span],
    ) -> Reported {
        let types: Vec<Type> = operands
            .iter()
            .map(|operand| body.builder.ty(*operand))
            .collect();
        let shapes: Vec<String> = types.iter().map(|ty| ty.shape.to_string()).collect();
        let message = format!("shapes {} do not go together", shapes.join(" and "));
        let mut diagnostic = Diagnostic::error(Code::ShapeMismatch, message).primary(span, "");
        for (ty, at) in types.iter().zip(spans) {
            diagnostic = diagnostic.secondary(*at, ty.to_string());
        }
        self.report(
            diagnostic.help(
                "shapes are aligned at the last axis; extents must agree, or one of them be 1",
            ),
        )
    }

    /// The matrix product with NumPy's rules: vectors lose their axis, leading axes are batches and
    /// broadcast.
    pub(super) fn matmul(
        &mut self,
        body: &Body<'a>,
        [x, y]: [Value; 2],
        span: Span,
        spans: Spans,
    ) -> Result<Value, Reported> {
        let b = &body.builder;
        let (tx, ty) = (b.ty(x), b.ty(y));
        let (rx, ry) = (tx.shape.rank(), ty.shape.rank());
        if rx == 0 || ry == 0 {
            let message = format!("`@` of {tx} and {ty}: a scalar has no axis to contract");
            return Err(self.report(
                Diagnostic::error(Code::ShapeMismatch, message)
                    .primary(span, "")
                    .help("use `*` to multiply by a scalar"),
            ));
        }
        let inner = [
            tx.shape.extent(rx - 1),
            ty.shape.extent(ry.saturating_sub(2)),
        ];
        if inner[0] != inner[1] {
            let message = format!(
                "`@` contracts {} with {} elements: {tx} @ {ty}",
                inner[0], inner[1]
            );
            return Err(self.report(
                Diagnostic::error(Code::ShapeMismatch, message)
                    .primary(span, "")
                    .secondary(spans[1], format!("last axis of {tx} is {}", inner[0]))
                    .secondary(
                        spans[2],
                        format!("axis {} of {ty} is {}", ry.saturating_sub(2), inner[1]),
                    )
                    .help(
                        "the last axis of the left side must match the last but one of the right",
                    ),
            ));
        }
        let Some(MatMul { sides, op }) = MatMul::new(&tx.shape, &ty.shape) else {
            let message = format!("`@` of {tx} and {ty}: their leading axes do not go together");
            return Err(self.report(
                Diagnostic::error(Code::ShapeMismatch, message)
                    .primary(span, "")
                    .secondary(spans[1], tx.to_string())
                    .secondary(spans[2], ty.to_string())
                    .help("axes before the last two are batches: extents must agree, or one be 1"),
            ));
        };
        let made = b.broadcast_to(x, &sides[0]).and_then(|x| {
            let y = b.broadcast_to(y, &sides[1])?;
            b.apply(op, &[x, y])
        });
        made.map_err(|error| self.type_error(&error, span, &spans[1..]))
    }

    /// A nested list as a constant tensor of a type.
    pub(super) fn literal_tensor(
        &mut self,
        body: &Body<'a>,
        list: &Val,
        ty: &Type,
        span: Span,
    ) -> Result<Value, Reported> {
        let Val::List(items) = list else {
            return Err(Reported);
        };
        let shape = list_shape(items);
        let mut numbers = Vec::new();
        let regular = flatten(items, shape.rank(), &shape, &mut numbers);
        if !regular {
            let message = "a constant tensor with rows of different lengths, or of no numbers";
            return Err(self.report(Diagnostic::error(Code::BadLiteral, message).primary(span, "")));
        }
        // Nothing can be nested inside an axis without elements: `[]` is also a constant of [0, 3].
        let written = ty.shape.extents().take(shape.rank());
        let empty = shape.elements() == 0 && shape.extents().eq(written);
        if shape != ty.shape && !empty {
            let message = format!("a constant of shape {shape} where {ty} is needed");
            return Err(
                self.report(Diagnostic::error(Code::ShapeMismatch, message).primary(span, ""))
            );
        }
        for number in &numbers {
            self.check_float(number, ty.dtype, span)?;
        }
        let Some(elements) = Elements::from_constants(ty.dtype, ty.shape.clone(), &numbers) else {
            let message = format!("a number of this list is no value of {}", ty.dtype);
            return Err(self.report(Diagnostic::error(Code::BadLiteral, message).primary(span, "")));
        };
        let made = body.builder.apply(op::Literal { elements }, &[]);
        made.map_err(|error| self.type_error(&error, span, &[]))
    }
}

/// Whether a number is short enough to be calculated with. Exact numbers grow by multiplication.
fn is_short(number: &dashu::rational::RBig) -> bool {
    const BITS: usize = 1 << 14;
    number
        .numerator()
        .bit_len()
        .max(number.denominator().bit_len())
        <= BITS
}

/// The error about an op as one about the operator that stands for it.
fn as_written(mut error: TypeError, symbol: &str) -> TypeError {
    // Messages about an op begin with its name.
    if let Some((_, rest)) = error
        .message
        .strip_prefix('`')
        .and_then(|m| m.split_once('`'))
    {
        error.message = format!("`{symbol}`{rest}");
    }
    error
}

/// How `x @ y` is elaborated.
struct MatMul {
    /// The shapes to which the sides are broadcast.
    sides: [Shape; 2],
    /// Their contraction.
    op: DotGeneral,
}

impl MatMul {
    /// NumPy's rules; `None` for scalars, and where batches do not broadcast.
    fn new(x: &Shape, y: &Shape) -> Option<MatMul> {
        let (x_last, y_last) = (x.rank().checked_sub(1)?, y.rank().checked_sub(1)?);
        let head = |shape: &Shape| Shape::new(shape.extents().take(shape.rank().max(2) - 2));
        // A left side with more axes than two needs no repetition of a right side without batches:
        // its leading axes are just more rows.
        if y_last < 2 {
            return Some(MatMul {
                op: contraction(x_last, y_last.saturating_sub(1), 0),
                sides: [x.clone(), y.clone()],
            });
        }
        let batch = head(x).broadcast(&head(y))?;
        let widen = |shape: &Shape| {
            let matrix = shape.rank().min(2);
            let tail = shape.extents().skip(shape.rank() - matrix);
            Shape::new(batch.extents().chain(tail))
        };
        let sides = [widen(x), widen(y)];
        let op = contraction(sides[0].rank() - 1, sides[1].rank() - 2, batch.rank());
        Some(MatMul { sides, op })
    }
}

fn contraction(x_axis: usize, y_axis: usize, batches: usize) -> DotGeneral {
    DotGeneral {
        x_contract: to_axes([x_axis]),
        y_contract: to_axes([y_axis]),
        x_batch: to_axes(0..batches),
        y_batch: to_axes(0..batches),
    }
}

/// The contraction that `x @ y` alone stands for; `None` where a side is repeated first.
pub(in crate::lang) fn matmul_op(x: &Shape, y: &Shape) -> Option<DotGeneral> {
    MatMul::new(x, y)
        .and_then(|MatMul { sides, op }| (sides == [x.clone(), y.clone()]).then_some(op))
}

/// The op that an infix operator stands for, on operands of a dtype.
pub(in crate::lang) fn infix_op(op: BinaryOp, dtype: DType) -> Op {
    let is_bool = dtype == DType::Bool;
    match op {
        BinaryOp::Add => op::Add {}.into(),
        BinaryOp::Sub => op::Sub {}.into(),
        BinaryOp::Mul => op::Mul {}.into(),
        BinaryOp::Div => op::Div {}.into(),
        BinaryOp::Rem => op::Rem {}.into(),
        BinaryOp::Pow => op::Pow {}.into(),
        BinaryOp::Eq => op::Equal {}.into(),
        BinaryOp::Ne => op::NotEqual {}.into(),
        BinaryOp::Lt => op::Less {}.into(),
        BinaryOp::Le => op::LessEqual {}.into(),
        BinaryOp::Gt => op::Greater {}.into(),
        BinaryOp::Ge => op::GreaterEqual {}.into(),
        BinaryOp::And => op::LogicalAnd {}.into(),
        BinaryOp::Or => op::LogicalOr {}.into(),
        BinaryOp::BitAnd if is_bool => op::LogicalAnd {}.into(),
        BinaryOp::BitAnd => op::BitAnd {}.into(),
        BinaryOp::BitOr if is_bool => op::LogicalOr {}.into(),
        BinaryOp::BitOr => op::BitOr {}.into(),
        BinaryOp::BitXor if is_bool => op::LogicalXor {}.into(),
        BinaryOp::BitXor => op::BitXor {}.into(),
        BinaryOp::Shl => op::ShiftLeft {}.into(),
        BinaryOp::Shr => op::ShiftRight {}.into(),
        // A matrix product is elaborated before operators are looked up; its scalar case is `*`.
        BinaryOp::MatMul => op::Mul {}.into(),
    }
}

/// The tree with the types of its leaves replaced, in order.
fn retyped(tree: &Tree, types: impl IntoIterator<Item = Type>) -> Tree {
    let mut types = types.into_iter();
    tree.map_leaves(&mut |ty| Tree::Leaf(types.next().unwrap_or_else(|| ty.clone())))
}

/// The shape of a nested list, by its first elements.
pub(super) fn list_shape(items: &[Val]) -> Shape {
    let mut extents = vec![items.len() as u64];
    let mut first = items.first();
    while let Some(Val::List(inner)) = first {
        extents.push(inner.len() as u64);
        first = inner.first();
    }
    Shape::new(extents)
}

/// Appends the numbers of a nested list; false when it does not have the shape. Lists nest no deeper
/// than the parser allows.
fn flatten(items: &[Val], rank: usize, shape: &Shape, numbers: &mut Vec<Constant>) -> bool {
    if items.len() as u64 != shape.extent(shape.rank() - rank) {
        return false;
    }
    items.iter().all(|item| match (item, rank) {
        (Val::Number(number), 1) => {
            numbers.push(number.clone());
            true
        }
        (Val::Bool(truth), 1) => {
            numbers.push(Constant::integer(i64::from(*truth)));
            true
        }
        (Val::List(inner), 2..) => flatten(inner, rank - 1, shape, numbers),
        (_, _) => false,
    })
}
