//! Loops and conditions: blocks of statements, and `if` as an expression.

use super::expression::Operand;
use super::{MAX_NESTING, Parsed, Parser, Reported};
use crate::diag::Code;
use crate::lang::ast::{Block, Carry, Domain, ExprId, ExprKind, For, If, Statement};
use crate::lang::token::TokenKind;
use crate::span::Span;

const FOR_HELP: &str = "a loop runs over integers or over the elements of an array, as in \
                        `for i in 0..4 { … }` or `for layer in p.layers with h = x { … }`";
const CARRY_HELP: &str =
    "a loop hands on values from turn to turn, as in `with h = x, s: f32[] = 0`";
const IF_HELP: &str = "a condition is followed by braces, as in `if B > 1 { … } else { … }`";
const VALUE_HELP: &str =
    "as an expression, `if` has one value in each pair of braces: `if c { a } else { b }`";

impl Parser<'_> {
    /// `for i in 0..L with h = x { … }`
    pub(super) fn for_statement(&mut self) -> Parsed<For> {
        let start = self.here();
        self.bump();
        let variable = self.name("the name of a loop variable")?;
        self.expect(TokenKind::In, FOR_HELP)?;
        let first = self.expression()?;
        let domain = match self.eat(TokenKind::DotDot) {
            Some(_) => Domain::Range {
                start: first,
                end: self.expression()?,
            },
            None => Domain::Elements(first),
        };
        let carries = self.carries()?;
        let body = self.block(FOR_HELP)?;
        let span = start.to(body.span);
        self.end_of_statement()?;
        Ok(For {
            variable,
            domain,
            carries,
            body,
            span,
        })
    }

    fn carries(&mut self) -> Parsed<Vec<Carry>> {
        let mut carries = Vec::new();
        if self.eat(TokenKind::With).is_none() {
            return Ok(carries);
        }
        loop {
            let name = self.name("the name of a carried value")?;
            let ty = match self.eat(TokenKind::Colon) {
                Some(_) => Some(self.ty()?),
                None => None,
            };
            self.expect(TokenKind::Equal, CARRY_HELP)?;
            let initial = self.expression()?;
            carries.push(Carry {
                span: name.span.to(self.previous()),
                name,
                ty,
                initial,
            });
            if self.eat(TokenKind::Comma).is_none() || self.kind() == TokenKind::OpenBrace {
                return Ok(carries);
            }
        }
    }

    /// `if c { … } else if d { … } else { … }` as a statement.
    pub(super) fn if_statement(&mut self) -> Parsed<If> {
        let start = self.here();
        let (mut arms, mut otherwise) = (Vec::new(), None);
        let mut span = start;
        while self.eat(TokenKind::If).is_some() {
            let condition = self.expression()?;
            let block = self.block(IF_HELP)?;
            span = start.to(block.span);
            arms.push((condition, block));
            if self.eat(TokenKind::Else).is_some() && self.kind() != TokenKind::If {
                let block = self.block(IF_HELP)?;
                span = start.to(block.span);
                otherwise = Some(block);
                break;
            }
        }
        self.end_of_statement()?;
        Ok(If {
            arms,
            otherwise,
            span,
        })
    }

    fn block(&mut self, help: &str) -> Parsed<Block> {
        let (statements, span) = self.nested(|parser| parser.statements(help))?;
        Ok(Block { statements, span })
    }

    /// Statements in braces.
    pub(super) fn statements(&mut self, help: &str) -> Parsed<(Vec<Statement>, Span)> {
        let opening = self.at;
        if self.kind() != TokenKind::OpenBrace {
            let already = self.sink.has_errors() && self.at_item();
            return Err(if already {
                Reported
            } else {
                self.expected("`{`", help)
            });
        }
        let start = self.here();
        self.bump();
        let mut statements = Vec::new();
        loop {
            while self.eat(TokenKind::Semicolon).is_some() {}
            if let Some(end) = self.eat(TokenKind::CloseBrace) {
                return Ok((statements, start.to(self.span(end))));
            }
            if self.kind() == TokenKind::End || self.at_item() {
                return Err(self.unclosed(opening));
            }
            if self.sink.is_full() {
                return Err(Reported);
            }
            self.first = self.at;
            match self.statement() {
                Ok(statement) => statements.push(statement),
                Err(Reported) => self.skip_statement(),
            }
        }
    }

    /// `if c { a } else { b }` as an expression.
    pub(super) fn if_expression(&mut self) -> Parsed<Operand> {
        let start = self.here();
        let mut arms = Vec::new();
        while self.eat(TokenKind::If).is_some() {
            let condition = self.nested(Self::expression)?;
            arms.push((condition, self.braced_value()?));
            self.expect(TokenKind::Else, VALUE_HELP)?;
        }
        let otherwise = self.braced_value()?;
        let span = start.to(self.previous());
        Ok(self.operand(ExprKind::If { arms, otherwise }, span))
    }

    fn braced_value(&mut self) -> Parsed<ExprId> {
        if self.kind() != TokenKind::OpenBrace {
            return Err(self.expected("`{`", VALUE_HELP));
        }
        let list = self.list("value", Self::expression)?;
        match (list.elements.as_slice(), list.trailing_comma) {
            (&[value], false) => {
                self.ast.set_close(value, list.span.end.saturating_sub(1));
                Ok(value)
            }
            _ if !list.complete => Err(Reported),
            (values, _) => {
                let message = match values.len() {
                    0 => "expected an expression, found empty braces".to_owned(),
                    _ => "expected one expression in braces, found several".to_owned(),
                };
                Err(self.error(Code::UnexpectedToken, message, list.span, "", VALUE_HELP))
            }
        }
    }

    /// Reads something that can hold itself without brackets that line ends would respect.
    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth() >= MAX_NESTING {
            return Err(self.too_deep());
        }
        self.blocks += 1;
        let result = read(self);
        self.blocks -= 1;
        result
    }

    /// How many brackets and blocks are around this place.
    pub(super) fn depth(&self) -> usize {
        self.open.len() + self.blocks
    }
}
