//! Expressions, written with a work list, so that long chains and deep nesting need no recursion.

use super::{Blank, Printer, last_byte};
use crate::lang::ast::{
    Associativity, Ast, Attribute, BinaryOp, ExprId, ExprKind, Literal, Precedence,
};
use crate::lang::layout::Piece;
use crate::lang::lexer;
use std::borrow::Cow;

/// A step of writing an expression.
pub(super) enum Work<'a> {
    Piece(Piece<'a>),
    /// A place where a line may end, and the offset up to which comments belong there.
    Gap(Piece<'a>, u32),
    Expr(ExprId, Role),
    Attribute(&'a Attribute),
}

/// How a chain of operators is grouped for breaking lines.
#[derive(Clone, Copy)]
pub(super) enum Role {
    /// A group of its own, its lines indented.
    Whole,
    /// A group within an operand of other operators.
    Operand,
    /// Part of the chain around it: same precedence, no parentheses.
    Chain,
    /// A group in parentheses.
    Parenthesised,
}

impl Role {
    /// An operand, in parentheses if it binds too loosely.
    fn parenthesised(loose: bool) -> Self {
        match loose {
            true => Role::Parenthesised,
            false => Role::Operand,
        }
    }
}

impl<'a> Printer<'a> {
    pub(super) fn expr(&mut self, id: ExprId) {
        self.work.push(Work::Expr(id, Role::Whole));
        self.run();
    }

    pub(super) fn exprs(
        &mut self,
        open: &'static str,
        close: &'static str,
        ids: &'a [ExprId],
        close_at: u32,
    ) {
        let elements = ids
            .iter()
            .map(|&id| (Work::Expr(id, Role::Whole), self.start(id)));
        let steps = bracketed(open, close, elements, close_at, Piece::Break(" "));
        self.work.extend(steps.into_iter().rev());
        self.run();
    }

    pub(super) fn start(&self, id: ExprId) -> u32 {
        self.ast.expr(id).span.start
    }

    fn run(&mut self) {
        while let Some(work) = self.work.pop() {
            match work {
                Work::Piece(piece) => self.push(piece),
                Work::Gap(piece, before) => self.gap(before, piece, Blank::Drop),
                Work::Expr(id, role) => self.expand(id, role),
                Work::Attribute(attribute) => {
                    self.text(&attribute.name.name);
                    self.text(" = ");
                    self.work.push(Work::Expr(attribute.value, Role::Whole));
                }
            }
        }
    }

    /// Replaces an expression by the steps of writing it.
    fn expand(&mut self, id: ExprId, role: Role) {
        let steps = match role {
            Role::Parenthesised => {
                let inner = Work::Expr(id, Role::Operand);
                vec![text("("), inner, text(")")]
            }
            Role::Whole | Role::Operand | Role::Chain => self.steps(id, role),
        };
        self.work.extend(steps.into_iter().rev());
    }

    fn steps(&self, id: ExprId, role: Role) -> Vec<Work<'a>> {
        let ast: &'a Ast = self.ast;
        let expr = ast.expr(id);
        let close = last_byte(expr.span);
        match &expr.kind {
            ExprKind::Name(name) => vec![text(name.as_str())],
            ExprKind::Literal(literal) => vec![text(literal_text(literal))],
            ExprKind::Unary { op, operand } => {
                vec![text(op.symbol()), self.unary_operand(*operand)]
            }
            ExprKind::Binary {
                op, left, right, ..
            } => self.binary(*op, *left, *right, role),
            ExprKind::Field { base, field } => {
                vec![self.base(*base), text("."), text(field.name.as_str())]
            }
            ExprKind::Next { base } => vec![self.base(*base), text("'")],
            ExprKind::Index { base, indices } => {
                let elements = indices
                    .iter()
                    .map(|&id| (Work::Expr(id, Role::Whole), self.start(id)));
                let mut steps = vec![self.base(*base)];
                steps.extend(bracketed("[", "]", elements, close, Piece::Break(" ")));
                steps
            }
            ExprKind::Slice { base, start, end } => self.slice(*base, *start, *end, close),
            ExprKind::Call {
                callee,
                args,
                attributes,
            } => self.call(*callee, args, attributes, close),
            ExprKind::If { arms, otherwise } => self.conditional(arms, *otherwise, close),
            ExprKind::Tuple(ids) => {
                let elements = ids
                    .iter()
                    .map(|&id| (Work::Expr(id, Role::Whole), self.start(id)));
                bracketed(
                    "(",
                    if ids.len() == 1 { ",)" } else { ")" },
                    elements,
                    close,
                    Piece::Break(" "),
                )
            }
            ExprKind::List(ids) => {
                let elements = ids
                    .iter()
                    .map(|&id| (Work::Expr(id, Role::Whole), self.start(id)));
                bracketed("[", "]", elements, close, Piece::Fill)
            }
        }
    }

    /// A bound that is an operator's result stands apart from the colon, as in `a[i : i + 2]`.
    fn slice(
        &self,
        base: ExprId,
        start: Option<ExprId>,
        end: Option<ExprId>,
        close: u32,
    ) -> Vec<Work<'a>> {
        let loose = |id: ExprId| self.precedence(id) < Precedence::PREFIX;
        let apart = start.into_iter().chain(end).any(loose);
        let mut steps = vec![self.base(base), Work::Piece(Piece::Open), text("[")];
        steps.push(Work::Piece(Piece::Indent));
        for (bound, before) in [(start, None), (end, Some(":"))] {
            let space = |wanted: bool| text(if apart && wanted { " " } else { "" });
            if let Some(colon) = before {
                steps.extend([space(start.is_some()), text(colon), space(bound.is_some())]);
            }
            if let Some(bound) = bound {
                steps.push(Work::Gap(Piece::Break(""), self.start(bound)));
                steps.push(Work::Expr(bound, Role::Whole));
            }
        }
        steps.extend([
            Work::Gap(Piece::Break(""), close),
            Work::Piece(Piece::Dedent),
            text("]"),
            Work::Piece(Piece::Close),
        ]);
        steps
    }

    fn conditional(
        &self,
        arms: &'a [(ExprId, ExprId)],
        otherwise: ExprId,
        close: u32,
    ) -> Vec<Work<'a>> {
        let mut steps = vec![Work::Piece(Piece::Open)];
        for (condition, value) in arms {
            let condition = Work::Expr(*condition, Role::Whole);
            steps.extend([text("if "), condition, text(" ")]);
            let end = self.ast.expr(*value).span.end;
            steps.extend(self.braced(*value, self.ast.close_of(*value).unwrap_or(end)));
            steps.push(text(" else "));
        }
        steps.extend(self.braced(otherwise, close));
        steps.push(Work::Piece(Piece::Close));
        steps
    }

    fn braced(&self, value: ExprId, close: u32) -> [Work<'a>; 7] {
        [
            text("{"),
            Work::Piece(Piece::Indent),
            Work::Gap(Piece::Break(" "), self.start(value)),
            Work::Expr(value, Role::Whole),
            Work::Gap(Piece::Break(" "), close),
            Work::Piece(Piece::Dedent),
            text("}"),
        ]
    }

    fn call(
        &self,
        callee: ExprId,
        args: &'a [ExprId],
        attributes: &'a [Attribute],
        close: u32,
    ) -> Vec<Work<'a>> {
        let positional = args
            .iter()
            .map(|&id| (Work::Expr(id, Role::Whole), self.start(id)));
        let named = attributes
            .iter()
            .map(|a| (Work::Attribute(a), a.span.start));
        let mut steps = vec![self.base(callee)];
        steps.extend(bracketed(
            "(",
            ")",
            positional.chain(named),
            close,
            Piece::Break(" "),
        ));
        steps
    }

    fn binary(&self, op: BinaryOp, left: ExprId, right: ExprId, role: Role) -> Vec<Work<'a>> {
        let mut steps = vec![
            self.binary_operand(op, left, Associativity::Left),
            text(" "),
            text(op.symbol()),
            Work::Gap(Piece::Fill, self.start(right)),
            self.binary_operand(op, right, Associativity::Right),
        ];
        let (before, after) = match role {
            Role::Chain => return steps,
            Role::Whole => (
                vec![Piece::Open, Piece::Indent],
                vec![Piece::Dedent, Piece::Close],
            ),
            Role::Operand | Role::Parenthesised => (vec![Piece::Open], vec![Piece::Close]),
        };
        steps.splice(0..0, before.into_iter().map(Work::Piece));
        steps.extend(after.into_iter().map(Work::Piece));
        steps
    }

    // Parentheses.

    fn precedence(&self, id: ExprId) -> Precedence {
        match &self.ast.expr(id).kind {
            ExprKind::Binary { op, .. } => op.precedence(),
            ExprKind::Unary { .. } => Precedence::PREFIX,
            // It begins with a word and ends with a brace: parentheses show how far it goes.
            ExprKind::If { .. } => Precedence::LOOSEST,
            ExprKind::Name(_)
            | ExprKind::Literal(_)
            | ExprKind::Field { .. }
            | ExprKind::Next { .. }
            | ExprKind::Index { .. }
            | ExprKind::Slice { .. }
            | ExprKind::Call { .. }
            | ExprKind::Tuple(_)
            | ExprKind::List(_) => Precedence::POSTFIX,
        }
    }

    /// The operand on one side of an operator. A prefix operator on the right needs no parentheses, as
    /// nothing to its left can take it apart.
    fn binary_operand(&self, op: BinaryOp, id: ExprId, side: Associativity) -> Work<'a> {
        let precedence = self.precedence(id);
        let role = if precedence == op.precedence() {
            if op.associativity() == side {
                Role::Chain
            } else {
                Role::Parenthesised
            }
        } else if precedence > op.precedence()
            || (side == Associativity::Right && precedence == Precedence::PREFIX)
        {
            Role::Operand
        } else {
            Role::Parenthesised
        };
        Work::Expr(id, role)
    }

    fn unary_operand(&self, id: ExprId) -> Work<'a> {
        Work::Expr(
            id,
            Role::parenthesised(self.precedence(id) < Precedence::PREFIX),
        )
    }

    /// What a call, field or bracket follows. A number would run into a point.
    fn base(&self, id: ExprId) -> Work<'a> {
        let number = matches!(
            self.ast.expr(id).kind,
            ExprKind::Literal(Literal::Int { .. } | Literal::Float(_))
        );
        let loose = number || self.precedence(id) < Precedence::POSTFIX;
        Work::Expr(id, Role::parenthesised(loose))
    }
}

fn text<'a>(text: impl Into<Cow<'a, str>>) -> Work<'a> {
    Work::Piece(Piece::Text(text.into()))
}

fn literal_text(literal: &Literal) -> Cow<'_, str> {
    match literal {
        Literal::Bool(true) => "true".into(),
        Literal::Bool(false) => "false".into(),
        Literal::Int {
            value,
            hexadecimal: true,
        } => format!("{value:#x}").into(),
        Literal::Int {
            value,
            hexadecimal: false,
        } => value.to_string().into(),
        Literal::Float(literal) => literal.text().into(),
        Literal::String(text) => lexer::escape(text).into(),
    }
}

/// The steps of writing elements in brackets, each given with its offset in the source.
fn bracketed<'a>(
    open: &'static str,
    close: &'static str,
    elements: impl Iterator<Item = (Work<'a>, u32)>,
    close_at: u32,
    between: Piece<'a>,
) -> Vec<Work<'a>> {
    let fills = matches!(between, Piece::Fill);
    let mut steps = vec![
        Work::Piece(Piece::Open),
        text(open),
        Work::Piece(Piece::Indent),
    ];
    let mut first = true;
    for (element, start) in elements {
        if first {
            steps.push(Work::Gap(Piece::Break(""), start));
        } else {
            let piece = if fills {
                Piece::Fill
            } else {
                Piece::Break(" ")
            };
            steps.extend([text(","), Work::Gap(piece, start)]);
        }
        first = false;
        steps.push(element);
    }
    // The comma of a one-element tuple stands there anyway.
    let (close, comma) = match close.strip_prefix(',') {
        Some(close) => (close, text(",")),
        None if first => (close, text("")),
        None => (close, Work::Piece(Piece::IfBroken(","))),
    };
    steps.extend([
        comma,
        Work::Gap(Piece::Break(""), close_at),
        Work::Piece(Piece::Dedent),
        text(close),
        Work::Piece(Piece::Close),
    ]);
    steps
}
