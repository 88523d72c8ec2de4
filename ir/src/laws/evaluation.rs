//! What the rule of an op makes of the sets that its operands lie in.

use super::range::{Range, Set};
use super::ranges::Ranges;
use crate::expr::{Expr, ExprId, Rule};
use crate::graph::Value;
use crate::scalar::{Binary, Comparison, Connective, Unary};
use rustc_hash::FxHashMap;

/// A rule on given operands.
pub(super) struct Evaluation<'a> {
    pub(super) rule: &'a Rule,
    pub(super) inputs: Vec<Set>,
    /// For each operand, the first operand that is the same number.
    same: Vec<usize>,
}

/// What a truth value says of an operand: how it compares with some number of a range.
type Relation = (usize, Comparison, Range);

impl<'a> Evaluation<'a> {
    /// The rule on these operands.
    pub(super) fn of(rule: &'a Rule, operands: &[Value], ranges: &Ranges) -> Evaluation<'a> {
        let symbols: Vec<_> = operands.iter().map(|x| ranges.symbol(*x)).collect();
        let first = |symbol| symbols.iter().position(|other| *other == symbol);
        Evaluation {
            rule,
            inputs: operands.iter().map(|x| ranges.set(*x)).collect(),
            same: symbols.iter().filter_map(|symbol| first(*symbol)).collect(),
        }
    }

    /// The same rule where the operands lie in other sets.
    pub(super) fn on(self, inputs: Vec<Set>) -> Evaluation<'a> {
        Evaluation { inputs, ..self }
    }

    /// Where an expression lies. At `depth` 0 the branches of a choice are not narrowed by its condition.
    pub(super) fn set(&self, root: ExprId, depth: usize) -> Set {
        let known = self.sets(root, depth);
        known.get(&root).copied().unwrap_or(Set::ANY)
    }

    /// The ranges of an expression and of all that it is made of.
    pub(super) fn ranges(&self, root: ExprId, depth: usize) -> FxHashMap<ExprId, Range> {
        let sets = self.sets(root, depth).into_iter();
        sets.map(|(id, set)| (id, set.hull())).collect()
    }

    fn sets(&self, root: ExprId, depth: usize) -> FxHashMap<ExprId, Set> {
        let mut known: FxHashMap<ExprId, Set> = FxHashMap::default();
        for id in self.rule.reachable(&[root]) {
            let at = |id: &ExprId| known.get(id).copied().unwrap_or(Set::ANY);
            let set = match self.rule.expr(id) {
                Expr::Input(position) => self.inputs.get(*position).copied().unwrap_or(Set::ANY),
                Expr::Constant(value) => Range::constant(value).into(),
                Expr::Unary(function, x) => at(x).unary(*function),
                Expr::Binary(Binary::Mul, x, y) if self.alike(*x, *y) => at(x).square(),
                Expr::Binary(function, x, y) => at(x).binary(*function, &at(y)),
                Expr::Select(mask, yes, no) if depth > 0 => self.chosen(*mask, [*yes, *no], depth),
                Expr::Select(_, yes, no) => at(yes).join(&at(no)),
                Expr::Compare(..)
                | Expr::Connect(..)
                | Expr::Not(_)
                | Expr::Truth(_)
                | Expr::Undefined(_) => Set::ANY,
            };
            known.insert(id, set);
        }
        known
    }

    /// A choice: each side where the condition lets it be taken.
    fn chosen(&self, mask: ExprId, [yes, no]: [ExprId; 2], depth: usize) -> Set {
        let side = |truth: bool, taken: ExprId| {
            let given = self.given(mask, truth)?;
            Some(given.set(taken, depth - 1))
        };
        match (side(true, yes), side(false, no)) {
            (Some(yes), Some(no)) => yes.join(&no),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => Set::ANY,
        }
    }

    /// The range of a rule on integers, where nothing in it wraps around, and none is rounded to an integer.
    pub(super) fn integers(&self, all: &Range) -> Range {
        let known = self.ranges(self.rule.value(), 0);
        let is_exact = |id: &ExprId| match self.rule.expr(*id) {
            Expr::Input(_) | Expr::Constant(_) => true,
            Expr::Unary(function, _) => matches!(function, Unary::Neg | Unary::Abs),
            Expr::Binary(function, ..) => matches!(
                function,
                Binary::Add | Binary::Sub | Binary::Mul | Binary::Max | Binary::Min | Binary::Shr
            ),
            Expr::Select(..)
            | Expr::Compare(..)
            | Expr::Connect(..)
            | Expr::Not(_)
            | Expr::Truth(_)
            | Expr::Undefined(_) => false,
        };
        let is_sure = |(id, range): (&ExprId, &Range)| is_exact(id) && range.is_within(all);
        match known.iter().all(is_sure) {
            true => known.get(&self.rule.value()).copied().unwrap_or(Range::ANY),
            false => Range::ANY,
        }
    }

    pub(super) fn alike(&self, x: ExprId, y: ExprId) -> bool {
        match (self.rule.expr(x), self.rule.expr(y)) {
            (Expr::Input(x), Expr::Input(y)) => self.same.get(*x) == self.same.get(*y),
            (_, _) => x == y,
        }
    }

    /// The same rule where a mask is `truth`, unless it never is.
    fn given(&self, mask: ExprId, truth: bool) -> Option<Evaluation<'_>> {
        let mut relations = Vec::new();
        self.relations(mask, truth, &mut relations);
        let mut inputs = self.inputs.clone();
        for (position, comparison, bound) in relations {
            if let Some(input) = inputs.get_mut(position) {
                *input = input.where_holds(comparison, &bound)?;
            }
        }
        Some(Evaluation {
            rule: self.rule,
            inputs,
            same: self.same.clone(),
        })
    }

    fn relations(&self, mask: ExprId, truth: bool, found: &mut Vec<Relation>) {
        match self.rule.expr(mask) {
            Expr::Compare(comparison, x, y) => {
                let comparison = match truth {
                    true => *comparison,
                    false => opposite(*comparison),
                };
                for (x, y, comparison) in [(x, y, comparison), (y, x, mirrored(comparison))] {
                    if let Expr::Input(position) = self.rule.expr(*x) {
                        found.push((*position, comparison, self.set(*y, 0).hull()));
                    }
                }
            }
            Expr::Connect(connective, x, y) => {
                if decides_both(*connective, truth) {
                    self.relations(*x, truth, found);
                    self.relations(*y, truth, found);
                }
            }
            Expr::Not(x) => self.relations(*x, !truth, found),
            Expr::Input(_)
            | Expr::Constant(_)
            | Expr::Unary(..)
            | Expr::Binary(..)
            | Expr::Select(..)
            | Expr::Truth(_)
            | Expr::Undefined(_) => {}
        }
    }
}

/// Whether a connective that is `truth` says that both of its operands are.
pub(super) fn decides_both(connective: Connective, truth: bool) -> bool {
    match connective {
        Connective::And => truth,
        Connective::Or => !truth,
        Connective::Xor => false,
    }
}

/// What holds where a comparison does not.
pub(super) fn opposite(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Eq => Comparison::Ne,
        Comparison::Ne => Comparison::Eq,
        Comparison::Lt => Comparison::Ge,
        Comparison::Le => Comparison::Gt,
        Comparison::Gt => Comparison::Le,
        Comparison::Ge => Comparison::Lt,
    }
}

/// The comparison of the same two numbers the other way round.
fn mirrored(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Eq => Comparison::Eq,
        Comparison::Ne => Comparison::Ne,
        Comparison::Lt => Comparison::Gt,
        Comparison::Le => Comparison::Ge,
        Comparison::Gt => Comparison::Lt,
        Comparison::Ge => Comparison::Le,
    }
}
