//! Bodies: statements, and the loops and conditions that hold statements.

use super::{Blank, Printer, last_byte};
use crate::lang::ast::{
    Block, Carry, Definition, Domain, For, If, Pattern, Statement, Step, Target,
};
use crate::lang::layout::Piece;

impl<'a> Printer<'a> {
    /// The body of a graph: a single definition stands on the same line if it `may_join` it and there
    /// is room.
    pub(super) fn body(&mut self, statements: &'a [Statement], close: u32, may_join: bool) {
        let single = matches!(statements, [Statement::Definition(_)]);
        self.statements(statements, close, single && may_join);
    }

    fn block(&mut self, block: &'a Block) {
        self.statements(&block.statements, last_byte(block.span), false);
    }

    /// Statements in braces, on one line or each on its own.
    fn statements(&mut self, statements: &'a [Statement], close: u32, may_fit: bool) {
        self.push(Piece::Open);
        self.text("{");
        self.push(Piece::Indent);
        let line_end = || match statements {
            [] => Piece::Break(""),
            [_] if may_fit => Piece::Break(" "),
            _ => Piece::Hard,
        };
        let mut blank = Blank::First;
        for statement in statements {
            self.gap(statement.span().start, line_end(), blank);
            self.statement(statement);
            blank = Blank::Keep;
        }
        self.gap(close, line_end(), Blank::Last);
        self.push(Piece::Dedent);
        self.text("}");
        self.push(Piece::Close);
    }

    fn statement(&mut self, statement: &'a Statement) {
        match statement {
            Statement::Definition(definition) => self.definition(definition),
            Statement::For(item) => self.for_statement(item),
            Statement::If(item) => self.if_statement(item),
        }
    }

    fn definition(&mut self, statement: &'a Definition) {
        match &statement.pattern {
            Pattern::One(target) => self.target(target),
            Pattern::Tuple { targets, span } => {
                let start = |target: &&Target| match target {
                    Target::Discard(span) => *span,
                    Target::Place(place) => place.span,
                };
                let close = last_byte(*span);
                self.list(("(", ")", ""), targets, close, start, Self::target);
            }
        }
        self.text(" = ");
        self.expr(statement.value);
    }

    fn target(&mut self, target: &'a Target) {
        let Target::Place(place) = target else {
            return self.text("_");
        };
        self.text(&place.root.name);
        for step in &place.path {
            match step {
                Step::Field(field) => {
                    self.text(".");
                    self.text(&field.name);
                }
                Step::Index { index, span } => {
                    self.exprs("[", "]", std::slice::from_ref(index), last_byte(*span));
                }
            }
        }
        if place.next.is_some() {
            self.text("'");
        }
        if let Some(ty) = &place.ty {
            self.text(": ");
            self.ty(ty);
        }
    }

    fn for_statement(&mut self, item: &'a For) {
        self.push(Piece::Open);
        self.text("for ");
        self.text(&item.variable.name);
        self.text(" in ");
        match item.domain {
            Domain::Range { start, end } => {
                self.expr(start);
                self.text("..");
                self.expr(end);
            }
            Domain::Elements(array) => self.expr(array),
        }
        self.push(Piece::Indent);
        for (index, carry) in item.carries.iter().enumerate() {
            self.text(if index == 0 { " with" } else { "," });
            self.gap(carry.span.start, Piece::Fill, Blank::Drop);
            self.carry(carry);
        }
        self.push(Piece::Dedent);
        self.push(Piece::Close);
        self.text(" ");
        self.block(&item.body);
    }

    fn carry(&mut self, carry: &'a Carry) {
        self.text(&carry.name.name);
        if let Some(ty) = &carry.ty {
            self.text(": ");
            self.ty(ty);
        }
        self.text(" = ");
        self.expr(carry.initial);
    }

    fn if_statement(&mut self, item: &'a If) {
        let conditions = item.arms.iter().skip(1);
        let nexts = conditions.map(|(condition, _)| Some(self.start(*condition)));
        let last = item.otherwise.as_ref().map(|block| block.span.start);
        let nexts: Vec<Option<u32>> = nexts.chain([last]).collect();
        for (index, ((condition, block), next)) in item.arms.iter().zip(nexts).enumerate() {
            self.text(if index == 0 { "if " } else { " else if " });
            self.expr(*condition);
            self.text(" ");
            // Comments between a block and the `else` after it go to the end of the block.
            let close = next.unwrap_or(last_byte(block.span));
            self.statements(&block.statements, close, false);
        }
        if let Some(block) = &item.otherwise {
            self.text(" else ");
            self.block(block);
        }
    }
}
