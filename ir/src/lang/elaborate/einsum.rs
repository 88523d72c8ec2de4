//! Sums of products with named axes: `einsum("bij,bjk->bik", x, y)`.
//!
//! Each axis of an operand has a letter, and axes with one letter go together. Letters that the result does
//! not have are summed over. The operands are contracted from left to right; what is in one alone, and not
//! in the result, is summed before. A letter that an operand has twice stands for its diagonal.

use super::body::Body;
use super::call::{Args, Attrs};
use super::value::{Data, Val};
use super::{Elaborator, Reported};
use crate::builder::Builder;
use crate::diag::{Code, Diagnostic};
use crate::dtype::DType;
use crate::graph::Value;
use crate::module::Tree;
use crate::op::{ContractAxes, TypeError};
use crate::shape::Type;
use crate::span::Span;

const HELP: &str =
    "a letter for each axis of each operand, and of the result: `einsum(\"ij,jk->ik\", x, y)`";

/// A formula: the letters of the axes of each operand and of the result.
struct Formula {
    operands: Vec<Vec<char>>,
    result: Vec<char>,
}

impl Formula {
    /// What is wrong with it, otherwise.
    fn parse(text: &str) -> Result<Formula, String> {
        let text: String = text.chars().filter(|letter| *letter != ' ').collect();
        let parts = text.split_once("->");
        let (operands, result) = parts.ok_or_else(|| format!("`{text}` has no `->`"))?;
        let letters = |part: &str| -> Result<Vec<char>, String> {
            match part.chars().find(|letter| !letter.is_ascii_alphabetic()) {
                Some(other) => Err(format!("`{other}` names no axis")),
                None => Ok(part.chars().collect()),
            }
        };
        let operands: Result<Vec<_>, _> = operands.split(',').map(letters).collect();
        let formula = Formula {
            operands: operands?,
            result: letters(result)?,
        };
        for (at, letter) in formula.result.iter().enumerate() {
            if formula.result[..at].contains(letter) {
                return Err(format!("the result has `{letter}` twice"));
            }
            if !formula.operands.iter().any(|own| own.contains(letter)) {
                return Err(format!("no operand has the `{letter}` of the result"));
            }
        }
        Ok(formula)
    }

    /// What does not go together in operands of these types.
    fn check(&self, types: &[Type]) -> Result<(), String> {
        if self.operands.len() != types.len() {
            let (wanted, given) = (self.operands.len(), types.len());
            return Err(format!(
                "the formula has {wanted} operands, the call {given}"
            ));
        }
        let mut known: Vec<(char, u64)> = Vec::new();
        for (letters, ty) in self.operands.iter().zip(types) {
            if letters.len() != ty.shape.rank() {
                let letters: String = letters.iter().collect();
                return Err(format!(
                    "`{letters}` does not have a letter for each axis of {ty}"
                ));
            }
            for (letter, extent) in letters.iter().zip(ty.shape.extents()) {
                match known.iter().find(|(other, _)| other == letter) {
                    Some((_, other)) if *other != extent => {
                        return Err(format!("axis `{letter}` has {other} elements and {extent}"));
                    }
                    Some(_) => {}
                    None => known.push((*letter, extent)),
                }
            }
        }
        Ok(())
    }

    /// The sum of products of operands that have been checked.
    fn build(&self, b: &Builder, operands: &[Value]) -> Result<Value, TypeError> {
        let mut terms = Vec::with_capacity(operands.len());
        for (letters, value) in self.operands.iter().zip(operands) {
            let term = Term {
                letters: letters.clone(),
                value: *value,
            };
            terms.push(term.diagonal(b)?);
        }
        let needed = |later: &[Term], letter: &char| {
            let mut later = later.iter();
            self.result.contains(letter) || later.any(|term| term.letters.contains(letter))
        };
        let mut rest = terms.as_slice();
        let mut product: Option<Term> = None;
        while let Some((term, later)) = rest.split_first() {
            let before = product.as_ref().map_or(&[][..], |term| &term.letters);
            let term = term.summed(b, |letter| before.contains(letter) || needed(later, letter))?;
            product = Some(match product {
                None => term,
                Some(product) => product.times(b, &term, |letter| needed(later, letter))?,
            });
            rest = later;
        }
        let Some(product) = product else {
            return Err(TypeError::new("`einsum` of no operands"));
        };
        let place = |letter: &char| product.letters.iter().position(|own| own == letter);
        let order: Vec<usize> = self.result.iter().filter_map(place).collect();
        b.transpose(product.value, &order)
    }
}

/// A tensor whose axes have letters.
struct Term {
    letters: Vec<char>,
    value: Value,
}

impl Term {
    /// The same with each letter once: of two axes with the same, the elements where both places agree.
    fn diagonal(mut self, b: &Builder) -> Result<Term, TypeError> {
        while let Some((first, second)) = self.twice() {
            let ty = b.ty(self.value);
            let place = |axis: usize| b.iota(&ty.shape, axis, DType::I32);
            let same = b.equal(place(first)?, place(second)?)?;
            let zero = b.integer_like(self.value, 0)?;
            let kept = b.select(same, self.value, zero)?;
            self.value = b.sum(kept, &[second], false)?;
            self.letters.remove(second);
        }
        Ok(self)
    }

    /// The axes of a letter that is there twice.
    fn twice(&self) -> Option<(usize, usize)> {
        let mut letters = self.letters.iter().enumerate();
        letters.find_map(|(second, letter)| {
            let first = self.letters.iter().position(|other| other == letter)?;
            (first < second).then_some((first, second))
        })
    }

    /// The sum over the axes that are not kept.
    fn summed(&self, b: &Builder, kept: impl Fn(&char) -> bool) -> Result<Term, TypeError> {
        let axes = 0..self.letters.len();
        let gone: Vec<usize> = axes.filter(|axis| !kept(&self.letters[*axis])).collect();
        let letters = self.letters.iter().copied().filter(kept).collect();
        let value = match gone.as_slice() {
            [] => self.value,
            gone => b.sum(self.value, gone, false)?,
        };
        Ok(Term { letters, value })
    }

    /// The product with another, contracted over the letters of both that are not kept.
    fn times(
        &self,
        b: &Builder,
        other: &Term,
        kept: impl Fn(&char) -> bool,
    ) -> Result<Term, TypeError> {
        let mut axes = ContractAxes {
            batch: Default::default(),
            contract: Default::default(),
            free: Default::default(),
        };
        let (mut batch, mut free) = (Vec::new(), Vec::new());
        for (at, letter) in self.letters.iter().enumerate() {
            match other.letters.iter().position(|own| own == letter) {
                Some(place) => {
                    let role = if kept(letter) {
                        batch.push(*letter);
                        &mut axes.batch
                    } else {
                        &mut axes.contract
                    };
                    role[0].push(at);
                    role[1].push(place);
                }
                None => {
                    free.push(*letter);
                    axes.free[0].push(at);
                }
            }
        }
        for (at, letter) in other.letters.iter().enumerate() {
            if !self.letters.contains(letter) {
                free.push(*letter);
                axes.free[1].push(at);
            }
        }
        batch.extend(free);
        Ok(Term {
            letters: batch,
            value: b.contract(self.value, other.value, &axes)?,
        })
    }
}

impl<'a> Elaborator<'a> {
    /// `einsum("…", x, y, …)`.
    pub(super) fn einsum(
        &mut self,
        body: &Body<'a>,
        args: Args,
        attributes: &Attrs,
        span: Span,
    ) -> Result<Val, Reported> {
        let mut args = args.into_iter();
        let (Some((Val::Text(text), text_span)), []) = (args.next(), attributes.as_slice()) else {
            let message = "`einsum` takes a formula and tensors";
            let diagnostic = Diagnostic::error(Code::ArgumentCount, message);
            return Err(self.report(diagnostic.primary(span, "").help(HELP)));
        };
        let operands = self.tensors(body, args.collect())?;
        let spans: Vec<Span> = operands.iter().map(|(_, at)| *at).collect();
        let types: Vec<Type> = operands
            .iter()
            .map(|(value, _)| body.builder.ty(*value))
            .collect();
        let formula = Formula::parse(&text).and_then(|formula| {
            formula.check(&types)?;
            Ok(formula)
        });
        let formula = formula.map_err(|message| {
            let diagnostic = Diagnostic::error(Code::ShapeMismatch, format!("`einsum`: {message}"));
            self.report(diagnostic.primary(text_span, "").help(HELP))
        })?;
        body.builder.set_span(span);
        let values: Vec<Value> = operands.iter().map(|(value, _)| *value).collect();
        let made = formula.build(&body.builder, &values);
        let value = made.map_err(|error| self.type_error(&error, span, &spans))?;
        Ok(Val::Data(Data {
            tree: Tree::Leaf(body.builder.ty(value)),
            leaves: vec![value],
        }))
    }

    /// Arguments that are all tensors, with where they stand.
    fn tensors(&mut self, body: &Body<'a>, args: Args) -> Result<Vec<(Value, Span)>, Reported> {
        let mut tensors = Vec::with_capacity(args.len());
        for (val, at) in args {
            match val {
                Val::Data(Data {
                    tree: Tree::Leaf(_),
                    leaves,
                }) => tensors.extend(leaves.first().map(|leaf| (*leaf, at))),
                Val::Name(name) => return Err(self.unknown_name(body, &name, at)),
                Val::Error => return Err(Reported),
                other @ (Val::Data(_)
                | Val::Number(_)
                | Val::Bool(_)
                | Val::Text(_)
                | Val::Tuple(_)
                | Val::List(_)
                | Val::Function(_)
                | Val::Instance(..)) => {
                    let message = format!("`einsum` takes tensors, not {}", other.describe());
                    let diagnostic = Diagnostic::error(Code::TypeMismatch, message);
                    return Err(self.report(diagnostic.primary(at, "")));
                }
            }
        }
        Ok(tensors)
    }
}
