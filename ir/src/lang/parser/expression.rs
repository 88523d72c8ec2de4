//! Expressions: operators by precedence, calls, fields, literals.
//!
//! Operators wait on a stack of their own, [`Parser::pending`], so that neither a long chain nor a long
//! row of prefixes takes any recursion.

use super::{Parsed, Parser, Reported};
use crate::diag::{Code, Diagnostic};
use crate::lang::ast::{
    Associativity, Attribute, BinaryOp, ExprId, ExprKind, Literal, Precedence, UnaryOp,
};
use crate::lang::lexer;
use crate::lang::token::{Token, TokenKind};
use crate::span::Span;

/// An expression with the parentheses around it, if any.
#[derive(Clone, Copy)]
pub(super) struct Operand {
    id: ExprId,
    span: Span,
}

/// An operator that waits for its right operand.
pub(super) enum Pending {
    Prefix(UnaryOp, Span),
    Infix(BinaryOp, Span, Operand),
}

/// What stands in brackets after an expression.
enum Subscript {
    One(ExprId),
    Slice {
        start: Option<ExprId>,
        end: Option<ExprId>,
        colon: Span,
    },
}

enum Argument {
    Positional(ExprId),
    Named(Attribute),
}

impl Parser<'_> {
    /// A whole expression.
    pub(super) fn expression(&mut self) -> Parsed<ExprId> {
        let base = self.pending.len();
        let result = self.operators(base);
        self.pending.truncate(base);
        result.map(|operand| operand.id)
    }

    fn operators(&mut self, base: usize) -> Parsed<Operand> {
        loop {
            self.prefixes();
            let operand = self.postfix()?;
            let infix = BinaryOp::of_token(self.kind()).filter(|_| !self.at_line_end());
            let left = self.reduce(base, operand, infix);
            let Some(op) = infix else { return Ok(left) };
            let token = self.bump();
            let span = self.span(token);
            self.pending.push(Pending::Infix(op, span, left));
        }
    }

    fn prefixes(&mut self) {
        loop {
            let op = match self.kind() {
                TokenKind::Minus => UnaryOp::Neg,
                TokenKind::Bang => UnaryOp::Not,
                _ => return,
            };
            let token = self.bump();
            let span = self.span(token);
            self.pending.push(Pending::Prefix(op, span));
        }
    }

    /// Gives the operand to all pending operators that bind tighter than `next`.
    fn reduce(&mut self, base: usize, mut operand: Operand, next: Option<BinaryOp>) -> Operand {
        while self.pending.len() > base
            && self
                .pending
                .last()
                .is_some_and(|top| binds_before(top, next))
        {
            operand = match self.pending.pop() {
                Some(Pending::Prefix(op, op_span)) => {
                    let kind = ExprKind::Unary {
                        op,
                        operand: operand.id,
                    };
                    self.operand(kind, op_span.to(operand.span))
                }
                Some(Pending::Infix(op, op_span, left)) => {
                    self.check_chaining(op, op_span, next);
                    let kind = ExprKind::Binary {
                        op,
                        op_span,
                        left: left.id,
                        right: operand.id,
                    };
                    self.operand(kind, left.span.to(operand.span))
                }
                None => operand,
            };
        }
        operand
    }

    pub(super) fn operand(&mut self, kind: ExprKind, span: Span) -> Operand {
        let id = self.ast.add(kind, span);
        Operand { id, span }
    }

    fn check_chaining(&mut self, op: BinaryOp, op_span: Span, next: Option<BinaryOp>) {
        let chained = op.associativity() == Associativity::None
            && next.is_some_and(|next| next.precedence() == op.precedence());
        if !chained {
            return;
        }
        let diagnostic =
            Diagnostic::error(Code::ChainedComparison, "comparisons cannot be chained")
                .primary(self.here(), "this comparison would compare a bool")
                .secondary(op_span, "with the result of this one")
                .help("write `a < b && b < c`, or use parentheses if comparing a bool is meant");
        self.sink.push(diagnostic);
    }

    /// A primary expression and the calls, fields and brackets that follow it.
    fn postfix(&mut self) -> Parsed<Operand> {
        let mut base = self.primary()?;
        while !self.at_line_end() {
            let kind = match self.kind() {
                TokenKind::OpenParen => self.call(base.id)?,
                TokenKind::OpenBracket => self.brackets(base.id)?,
                TokenKind::Dot => {
                    self.bump();
                    ExprKind::Field {
                        base: base.id,
                        field: self.field_name()?,
                    }
                }
                TokenKind::Prime => {
                    self.bump();
                    ExprKind::Next { base: base.id }
                }
                _ => break,
            };
            base = self.operand(kind, base.span.to(self.previous()));
        }
        Ok(base)
    }

    /// Brackets after an expression: dims, an index, or a slice.
    fn brackets(&mut self, base: ExprId) -> Parsed<ExprKind> {
        let list = self.list("dim", Self::subscript)?;
        if let [Subscript::Slice { start, end, .. }] = *list.elements {
            return Ok(ExprKind::Slice { base, start, end });
        }
        let mut indices = Vec::with_capacity(list.elements.len());
        for subscript in list.elements {
            match subscript {
                Subscript::One(index) => indices.push(index),
                Subscript::Slice { colon, .. } => {
                    let message = "a slice stands alone in its brackets".to_owned();
                    let help = "an array has one axis: write `blocks[2:5]`; a tensor is sliced by the \
                                op `slice(x, …)`";
                    return Err(self.error(Code::UnexpectedToken, message, colon, "", help));
                }
            }
        }
        Ok(ExprKind::Index { base, indices })
    }

    fn subscript(&mut self) -> Parsed<Subscript> {
        let start = match self.kind() {
            TokenKind::Colon => None,
            _ => Some(self.expression()?),
        };
        let colon = self.here();
        match (self.eat(TokenKind::Colon), start) {
            (None, Some(index)) => Ok(Subscript::One(index)),
            (_, start) => {
                let ends = matches!(self.kind(), TokenKind::CloseBracket | TokenKind::Comma);
                let end = if ends { None } else { Some(self.expression()?) };
                Ok(Subscript::Slice { start, end, colon })
            }
        }
    }

    fn call(&mut self, callee: ExprId) -> Parsed<ExprKind> {
        let mut named: Option<Span> = None;
        let list = self.list("argument", |parser| {
            let argument = parser.argument(named)?;
            if let Argument::Named(attribute) = &argument {
                named = Some(attribute.span);
            }
            Ok(argument)
        })?;
        let mut args = Vec::new();
        let mut attributes = Vec::new();
        for argument in list.elements {
            match argument {
                Argument::Positional(value) => args.push(value),
                Argument::Named(attribute) => attributes.push(attribute),
            }
        }
        Ok(ExprKind::Call {
            callee,
            args,
            attributes,
        })
    }

    /// One argument; `named` is the attribute before it, if any.
    fn argument(&mut self, named: Option<Span>) -> Parsed<Argument> {
        let start = self.here();
        if self.kind() == TokenKind::Name && self.second_kind() == TokenKind::Equal {
            let name = self.name("the name of an attribute")?;
            self.bump();
            let value = self.expression()?;
            let span = name.span.to(self.previous());
            return Ok(Argument::Named(Attribute { name, value, span }));
        }
        let value = self.expression()?;
        if let Some(attribute) = named {
            let message = "an argument stands after a named attribute";
            let diagnostic = Diagnostic::error(Code::PositionalAfterAttribute, message)
                .primary(start.to(self.previous()), "an argument without a name")
                .secondary(attribute, "the attribute before it")
                .help("move the argument before the attributes, or name it");
            self.sink.push(diagnostic);
        }
        Ok(Argument::Positional(value))
    }

    fn primary(&mut self) -> Parsed<Operand> {
        let token = self.token();
        if self.begins_next_statement() {
            return Err(self.no_operand());
        }
        let kind = match token.kind {
            TokenKind::Name => ExprKind::Name(self.text(token).to_owned()),
            TokenKind::Int | TokenKind::Float | TokenKind::String => {
                let Some(literal) = self.literal(token) else {
                    return Err(self.no_operand());
                };
                ExprKind::Literal(literal)
            }
            TokenKind::True => ExprKind::Literal(Literal::Bool(true)),
            TokenKind::False => ExprKind::Literal(Literal::Bool(false)),
            TokenKind::If => return self.if_expression(),
            TokenKind::OpenParen => return self.parenthesised(),
            TokenKind::OpenBracket => {
                let list = self.list("element", Self::expression)?;
                return Ok(self.operand(ExprKind::List(list.elements), list.span));
            }
            _ => return Err(self.no_operand()),
        };
        self.bump();
        Ok(self.operand(kind, self.span(token)))
    }

    fn literal(&self, token: Token) -> Option<Literal> {
        let text = self.text(token);
        match token.kind {
            TokenKind::Int => {
                let (value, hexadecimal) = lexer::parse_int(text)?;
                Some(Literal::Int { value, hexadecimal })
            }
            TokenKind::Float => lexer::parse_float(text).map(Literal::Float),
            TokenKind::String => lexer::unescape(text).ok().map(Literal::String),
            _ => None,
        }
    }

    /// A tuple, or an expression in parentheses.
    fn parenthesised(&mut self) -> Parsed<Operand> {
        let list = self.list("element", Self::expression)?;
        match (list.elements.as_slice(), list.trailing_comma) {
            (&[id], false) => Ok(Operand {
                id,
                span: list.span,
            }),
            ([], _) if !list.complete => Err(Reported),
            ([], _) => {
                let message = "expected an expression, found empty parentheses".to_owned();
                let help = "a tuple has at least one element, as in `(a,)`";
                Err(self.error(Code::UnexpectedToken, message, list.span, "", help))
            }
            _ => Ok(self.operand(ExprKind::Tuple(list.elements), list.span)),
        }
    }

    fn no_operand(&mut self) -> Reported {
        let kind = self.kind();
        let keyword = TokenKind::KEYWORDS.iter().any(|(_, word, _)| *word == kind);
        if keyword && !self.at_item() {
            return self.reserved("an expression");
        }
        let help = match kind {
            TokenKind::Star | TokenKind::StarStar | TokenKind::Slash | TokenKind::Plus => {
                "an infix operator needs an operand on each side"
            }
            TokenKind::Comma => "remove the comma, or write what should stand before it",
            TokenKind::Doc | TokenKind::FileDoc => "comments inside of expressions begin with `//`",
            _ => "write a name, a literal, a call, or something in brackets",
        };
        self.expected("an expression", help)
    }
}

/// Whether a pending operator takes the operand between it and the operator `next`.
fn binds_before(top: &Pending, next: Option<BinaryOp>) -> bool {
    let Some(next) = next else { return true };
    match top {
        Pending::Prefix(..) => Precedence::PREFIX > next.precedence(),
        Pending::Infix(op, ..) if op.precedence() == next.precedence() => {
            op.associativity() != Associativity::Right
        }
        Pending::Infix(op, ..) => op.precedence() > next.precedence(),
    }
}
