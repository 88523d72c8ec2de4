//! Sums of multiples of values: what is left of x − 0.9·x, or of (1 + x) − x.
//!
//! A form is Σ cᵢ·xᵢ + r with numbers cᵢ, symbols xᵢ, each the element at the same place, and r in a range. Coefficients
//! are kept to the last digit: what rounding leaves of one goes, times where the symbol lies, into r, so that a form
//! encloses what it stands for as ranges do. Where a symbol has no bounds, only what is exact has a form.

use super::range::{Range, Set, exact_sum};
use super::symbols::{Symbol, Symbols};
use crate::expr::{Expr, ExprId, Rule};
use crate::scalar::{Binary, Unary};
use smallvec::{SmallVec, smallvec};

/// A form of more terms is one term itself. Sums that cancel have two or three; sums of more terms than that are mostly
/// of independent ones.
const MAX_TERMS: usize = 6;

/// A sum of multiples.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Form {
    /// Each symbol once, in order, with a coefficient that is not 0.
    pub(super) terms: SmallVec<[(Symbol, f64); 2]>,
    rest: Range,
}

impl Form {
    /// The value of a symbol itself.
    pub(super) fn symbol(symbol: Symbol) -> Form {
        Form {
            terms: smallvec![(symbol, 1.0)],
            rest: Range::between(0.0, 0.0),
        }
    }

    /// A number in a range with ends.
    pub(super) fn number(rest: Range) -> Option<Form> {
        let is_finite = rest.low.at.is_finite() && rest.high.at.is_finite();
        is_finite.then(|| Form {
            terms: SmallVec::new(),
            rest,
        })
    }

    /// Whether it is that symbol, and nothing else.
    pub(super) fn is(&self, symbol: Symbol) -> bool {
        *self == Form::symbol(symbol)
    }

    /// Where it lies.
    pub(super) fn range(&self, symbols: &Symbols) -> Range {
        let terms = self.terms.iter().map(|(symbol, factor)| {
            let factor = Range::between(*factor, *factor);
            symbols.set(*symbol).hull().binary(Binary::Mul, &factor)
        });
        terms.fold(self.rest, |sum, term| sum.binary(Binary::Add, &term))
    }

    fn coefficient(&self, symbol: Symbol) -> f64 {
        let mut terms = self.terms.iter();
        terms
            .find(|(known, _)| *known == symbol)
            .map_or(0.0, |(_, factor)| *factor)
    }

    pub(super) fn add(&self, other: &Form, symbols: &Symbols) -> Option<Form> {
        let mut sum = Form::number(self.rest.binary(Binary::Add, &other.rest))?;
        let more = other
            .terms
            .iter()
            .filter(|(symbol, _)| self.coefficient(*symbol) == 0.0);
        for (symbol, _) in self.terms.iter().chain(more) {
            let (factor, error) = exact_sum(self.coefficient(*symbol), other.coefficient(*symbol));
            sum.push(*symbol, factor, error.abs(), symbols)?;
        }
        sum.terms.sort_by_key(|(symbol, _)| *symbol);
        (sum.terms.len() <= MAX_TERMS).then_some(sum)
    }

    pub(super) fn sub(&self, other: &Form, symbols: &Symbols) -> Option<Form> {
        let minus = Range::between(-1.0, -1.0);
        self.add(&other.scaled(&minus, symbols)?, symbols)
    }

    /// It times a number that lies in a range.
    pub(super) fn scaled(&self, factor: &Range, symbols: &Symbols) -> Option<Form> {
        let mut product = Form::number(self.rest.binary(Binary::Mul, factor))?;
        for (symbol, known) in &self.terms {
            let scaled = Range::between(*known, *known).binary(Binary::Mul, factor);
            let (low, high) = (scaled.low.at, scaled.high.at);
            let middle = low + (high - low) / 2.0;
            let error = match low == high {
                true => 0.0,
                false => (high - middle).max(middle - low).next_up(),
            };
            product.push(*symbol, middle, error, symbols)?;
        }
        Some(product)
    }

    /// Adds a term of which the coefficient is known but for an error.
    fn push(&mut self, symbol: Symbol, factor: f64, error: f64, symbols: &Symbols) -> Option<()> {
        if error != 0.0 {
            let spread = Range::between(-error, error);
            let spread = symbols.set(symbol).hull().binary(Binary::Mul, &spread);
            self.rest = Form::number(self.rest.binary(Binary::Add, &spread))?.rest;
        }
        if factor != 0.0 {
            self.terms.push((symbol, factor));
        }
        factor.is_finite().then_some(())
    }

    /// The form of what a linear op makes of it, given what it makes of each symbol and of the rest.
    pub(super) fn mapped(
        &self,
        rest: Range,
        mut symbol: impl FnMut(Symbol) -> Option<Symbol>,
    ) -> Option<Form> {
        let mut mapped = Form::number(rest)?;
        for (known, factor) in &self.terms {
            mapped.terms.push((symbol(*known)?, *factor));
        }
        mapped.terms.sort_by_key(|(symbol, _)| *symbol);
        Some(mapped)
    }

    /// The range of the part that varies with nothing known.
    pub(super) fn rest(&self) -> Range {
        self.rest
    }

    /// Where it lies if another form lies in a set: each multiple of that which takes a term away leaves a rest.
    pub(super) fn given(&self, other: &Form, set: &Set, symbols: &Symbols) -> Option<Set> {
        let mut known = Set::from(self.range(symbols));
        for (symbol, factor) in &other.terms {
            let share = self.coefficient(*symbol) / factor;
            if share == 0.0 || !share.is_finite() {
                continue;
            }
            let share = Range::between(share, share);
            let left = other
                .scaled(&share, symbols)
                .and_then(|part| self.sub(&part, symbols));
            if let Some(left) = left {
                let part = set.binary(Binary::Mul, &share.into());
                let all = part.binary(Binary::Add, &left.range(symbols).into());
                known = known.meet(&all)?;
            }
        }
        Some(known)
    }
}

/// The form of a rule on operands of which the forms are known, if it is a sum of multiples.
pub(super) fn of_rule(rule: &Rule, operands: &[Form], symbols: &Symbols) -> Option<Form> {
    of_expr(rule, rule.value(), operands, symbols)
}

/// Rules are trees that are not deep.
fn of_expr(rule: &Rule, id: ExprId, operands: &[Form], symbols: &Symbols) -> Option<Form> {
    let of = |id: ExprId| of_expr(rule, id, operands, symbols);
    let number = |form: &Form| form.terms.is_empty().then_some(form.rest);
    match rule.expr(id) {
        Expr::Input(position) => operands.get(*position).cloned(),
        Expr::Constant(value) => Form::number(Range::constant(value)),
        Expr::Unary(Unary::Neg, x) => of(*x)?.scaled(&Range::between(-1.0, -1.0), symbols),
        Expr::Binary(Binary::Add, x, y) => of(*x)?.add(&of(*y)?, symbols),
        Expr::Binary(Binary::Sub, x, y) => of(*x)?.sub(&of(*y)?, symbols),
        Expr::Binary(Binary::Mul, x, y) => {
            let (x, y) = (of(*x)?, of(*y)?);
            match (number(&x), number(&y)) {
                (_, Some(factor)) => x.scaled(&factor, symbols),
                (Some(factor), None) => y.scaled(&factor, symbols),
                (None, None) => None,
            }
        }
        Expr::Binary(Binary::Div, x, y) => {
            let divisor = number(&of(*y)?).filter(|divisor| divisor.excludes(0.0))?;
            let one = Range::between(1.0, 1.0);
            of(*x)?.scaled(&one.binary(Binary::Div, &divisor), symbols)
        }
        Expr::Unary(..)
        | Expr::Binary(..)
        | Expr::Compare(..)
        | Expr::Connect(..)
        | Expr::Not(_)
        | Expr::Truth(_)
        | Expr::Select(..)
        | Expr::Undefined(_) => None,
    }
}
