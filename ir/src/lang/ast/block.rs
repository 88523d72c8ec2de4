//! Statements that hold statements: loops and conditions, both of which are known at compile time.

use super::{ExprId, Ident, Statement, Target, Type};
use crate::span::Span;

/// Statements in braces.
#[derive(Clone, Debug)]
pub struct Block {
    /// The statements, in order.
    pub statements: Vec<Statement>,
    /// The braces with what is between.
    pub span: Span,
}

/// `for block in p.blocks with h = x { h' = f(h, block) }`
#[derive(Clone, Debug)]
pub struct For {
    /// The name that stands for each number or element in turn.
    pub variable: Ident,
    /// What it runs over.
    pub domain: Domain,
    /// What one turn hands on to the next, and the last one to the statements after the loop.
    pub carries: Vec<Carry>,
    /// What each turn does.
    pub body: Block,
    /// From `for` to `}`.
    pub span: Span,
}

/// What a loop runs over.
#[derive(Clone, Copy, Debug)]
pub enum Domain {
    /// `0..L`: the integers from the first on, without the last.
    Range {
        /// The first.
        start: ExprId,
        /// The one after the last.
        end: ExprId,
    },
    /// The elements of an array or list.
    Elements(ExprId),
}

/// `h = x`, `s: f32[] = 0`: a value that changes from turn to turn. In the body `h` is its value and
/// `h'` its next one.
#[derive(Clone, Debug)]
pub struct Carry {
    /// Its name.
    pub name: Ident,
    /// The type that it is said to have.
    pub ty: Option<Type>,
    /// What it is in the first turn.
    pub initial: ExprId,
    /// From the name to the value.
    pub span: Span,
}

/// `if causal { … } else if B > 1 { … } else { … }`
#[derive(Clone, Debug)]
pub struct If {
    /// The conditions in order, with what is done where one is the first to hold.
    pub arms: Vec<(ExprId, Block)>,
    /// What is done where none holds.
    pub otherwise: Option<Block>,
    /// From `if` to `}`.
    pub span: Span,
}

/// All statements, those within loops and conditions too, in the order of the text.
pub fn statements_in(statements: &[Statement]) -> Vec<&Statement> {
    let (mut found, mut open) = (Vec::new(), vec![statements]);
    while let Some(statements) = open.pop() {
        for statement in statements {
            found.push(statement);
            match statement {
                Statement::Definition(_) => {}
                Statement::For(item) => open.push(&item.body.statements),
                Statement::If(item) => {
                    let blocks = item.arms.iter().map(|(_, block)| block);
                    let blocks = blocks.chain(&item.otherwise);
                    open.extend(blocks.map(|block| block.statements.as_slice()));
                }
            }
        }
    }
    found.sort_by_key(|statement| statement.span());
    found
}

/// The names that statements define, those within loops and conditions too, in the order of the text.
pub fn names_in(statements: &[Statement]) -> Vec<&Ident> {
    let (mut names, mut open) = (Vec::new(), vec![statements]);
    while let Some(statements) = open.pop() {
        for statement in statements {
            match statement {
                Statement::Definition(definition) => {
                    let targets = definition.pattern.targets().iter();
                    names.extend(targets.filter_map(|target| match target {
                        Target::Place(place) => Some(&place.root),
                        Target::Discard(_) => None,
                    }));
                }
                Statement::For(item) => {
                    names.push(&item.variable);
                    names.extend(item.carries.iter().map(|carry| &carry.name));
                    open.push(&item.body.statements);
                }
                Statement::If(item) => {
                    let blocks = item.arms.iter().map(|(_, block)| block);
                    let blocks = blocks.chain(&item.otherwise);
                    open.extend(blocks.map(|block| block.statements.as_slice()));
                }
            }
        }
    }
    names.sort_by_key(|name| name.span);
    names
}
