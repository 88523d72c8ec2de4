//! Statements: what is defined, and as what.

use super::{Parsed, Parser, Reported};
use crate::diag::Code;
use crate::lang::ast::{Definition, Pattern, Place, Statement, Step, Target};
use crate::lang::token::TokenKind;

const DEFINE_HELP: &str = "a statement gives a value a name, as in `y = relu(x)`";

impl Parser<'_> {
    /// One statement and its end.
    pub(super) fn statement(&mut self) -> Parsed<Statement> {
        let docs = self.docs();
        self.stray_docs(&docs)?;
        match self.kind() {
            TokenKind::For => self.for_statement().map(Statement::For),
            TokenKind::If => self.if_statement().map(Statement::If),
            _ => self.definition().map(Statement::Definition),
        }
    }

    fn definition(&mut self) -> Parsed<Definition> {
        let pattern = match self.kind() {
            TokenKind::OpenParen => {
                let list = self.list("target", Self::target)?;
                Pattern::Tuple {
                    targets: list.elements,
                    span: list.span,
                }
            }
            TokenKind::Name => Pattern::One(self.target()?),
            _ => return Err(self.no_statement()),
        };
        if self.eat(TokenKind::Equal).is_none() {
            return Err(self.no_definition());
        }
        let value = self.expression()?;
        let span = pattern.span().to(self.previous());
        self.end_of_statement()?;
        Ok(Definition {
            pattern,
            value,
            span,
        })
    }

    fn no_statement(&mut self) -> Reported {
        let operator = crate::lang::ast::BinaryOp::of_token(self.kind()).is_some();
        if operator || matches!(self.kind(), TokenKind::Dot | TokenKind::Comma) {
            let help = "an expression goes on in the next line only inside brackets or after an operator: \
                        move this to the end of the line before";
            return self.expected("a statement", help);
        }
        if TokenKind::KEYWORDS
            .iter()
            .any(|(_, kind, _)| *kind == self.kind())
        {
            return self.reserved("a statement");
        }
        self.expected("a statement", DEFINE_HELP)
    }

    fn no_definition(&mut self) -> Reported {
        let help = match self.kind() {
            TokenKind::EqualEqual => "a definition is written with `=`, a comparison with `==`",
            TokenKind::Plus | TokenKind::Minus | TokenKind::Star | TokenKind::Slash => {
                "every name is defined once: write `y = x + 1`, or `p' = p + 1` for the next value of an \
                 `inout` parameter"
            }
            _ => DEFINE_HELP,
        };
        self.expected("`=`", help)
    }

    /// `_`, or a path perhaps with `'` and a type.
    fn target(&mut self) -> Parsed<Target> {
        let root = self.name("the name of a value")?;
        let mut span = root.span;
        if root.name == "_" {
            return Ok(Target::Discard(span));
        }
        let mut path = Vec::new();
        while !self.at_line_end() {
            let step = match self.kind() {
                TokenKind::Dot => {
                    self.bump();
                    Step::Field(self.field_name()?)
                }
                TokenKind::OpenBracket => self.element_step()?,
                _ => break,
            };
            span = span.to(step.span());
            path.push(step);
        }
        let next = self.eat(TokenKind::Prime).map(|token| self.span(token));
        span = span.to(next.unwrap_or(span));
        let ty = match self.eat(TokenKind::Colon) {
            Some(_) => Some(self.ty()?),
            None => None,
        };
        span = span.to(ty.as_ref().map_or(span, |ty| ty.span));
        Ok(Target::Place(Place {
            root,
            path,
            next,
            ty,
            span,
        }))
    }

    /// `[3]` in a target.
    fn element_step(&mut self) -> Parsed<Step> {
        let list = self.list("index", Self::expression)?;
        match *list.elements {
            [index] => Ok(Step::Index {
                index,
                span: list.span,
            }),
            _ if !list.complete => Err(Reported),
            _ => {
                let message = "one index stands in each pair of brackets".to_owned();
                let help = "an element is defined as in `p.blocks[3].w' = …`";
                Err(self.error(Code::UnexpectedToken, message, list.span, "", help))
            }
        }
    }

    /// A statement ends with its line, at `;`, or with the block.
    pub(super) fn end_of_statement(&mut self) -> Parsed<()> {
        if self.eat(TokenKind::Semicolon).is_some() || self.ends_statement() {
            return Ok(());
        }
        let help = match self.kind() {
            TokenKind::Equal => "one statement defines one value; write a second statement",
            TokenKind::Comma => "several values at once are a tuple, in parentheses",
            _ => "begin the next statement on a new line, or part the two by `;`",
        };
        Err(self.expected("the end of the statement", help))
    }
}
