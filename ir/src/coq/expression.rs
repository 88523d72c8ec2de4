//! Expressions of rules as terms of `proofs/Syntax.v`.
//!
//! A term is a tree, and what an expression shares is written each time: rules are small. Attributes that
//! were traced as marks, numbers that no rule writes, are put back as `Attr k`.

use crate::constant::Constant;
use crate::expr::{Expr, ExprId, Rule, operands_of};
use crate::op::Guard;
use crate::scalar::{Binary, Comparison, Connective, Unary};
use dashu::rational::RBig;
use rustc_hash::FxHashMap;

/// How the constants of a rule read: which of them stand for attributes.
pub(super) struct Reading<'a> {
    /// The value with which each attribute was traced, and the term that it stands for.
    pub(super) marks: &'a [(Constant, String)],
}

impl Reading<'_> {
    /// The term of an expression.
    pub(super) fn term(&self, rule: &Rule, root: ExprId) -> String {
        let mut terms: FxHashMap<ExprId, String> = FxHashMap::default();
        for id in rule.reachable(&[root]) {
            let of = |id: &ExprId| terms.get(id).cloned().unwrap_or_default();
            let term = match rule.expr(id) {
                Expr::Input(position) => format!("(In {position})"),
                Expr::Constant(value) => self.constant(value),
                Expr::Unary(function, x) => format!("(Un {} {})", unary(*function), of(x)),
                Expr::Binary(function, x, y) => {
                    format!("(Bin {} {} {})", binary(*function), of(x), of(y))
                }
                Expr::Compare(relation, x, y) => {
                    format!("(Cmp {} {} {})", comparison(*relation), of(x), of(y))
                }
                Expr::Connect(function, x, y) => {
                    format!("(Con {} {} {})", connective(*function), of(x), of(y))
                }
                Expr::Not(x) => format!("(Not {})", of(x)),
                Expr::Truth(known) => format!("(Known {known})"),
                Expr::Select(mask, yes, no) => format!("(If {} {} {})", of(mask), of(yes), of(no)),
                Expr::Undefined(_) => "Undefined".to_string(),
            };
            terms.insert(id, term);
        }
        terms.remove(&root).unwrap_or_default()
    }

    /// The term of a constant.
    pub(super) fn constant(&self, value: &Constant) -> String {
        if let Some((_, term)) = self.marks.iter().find(|(mark, _)| mark == value) {
            return term.clone();
        }
        if let Some((_, term)) = self.marks.iter().find(|(mark, _)| mark.neg() == *value) {
            return format!("(Un Neg {term})");
        }
        number(value)
    }

    /// The term of a guard; `None` for one that speaks of more than one element of each operand.
    pub(super) fn guard(&self, guard: &Guard) -> Option<String> {
        match guard {
            Guard::Above { operand, bound } => {
                Some(format!("Above {operand} {}", self.constant(bound)))
            }
            Guard::Nonzero { operand } => Some(format!("Nonzero {operand}")),
            Guard::Off { operand, at } => Some(format!("Off {operand} {}", self.constant(at))),
            Guard::Distinct { left, right } => Some(format!("Distinct {left} {right}")),
            Guard::OffLattice { operand, at } => {
                Some(format!("OffLattice {operand} {}", self.constant(at)))
            }
            Guard::UniqueWinner { .. } | Guard::NoTies { .. } => None,
        }
    }
}

/// How many nodes the terms of expressions have together, where what is shared is written each time.
pub(super) fn size(rule: &Rule, roots: &[ExprId]) -> u64 {
    let mut sizes: FxHashMap<ExprId, u64> = FxHashMap::default();
    for id in rule.reachable(roots) {
        let operands = operands_of(rule.expr(id));
        let operands = operands.iter().filter_map(|operand| sizes.get(operand));
        let size = operands.fold(1u64, |sum, size| sum.saturating_add(*size));
        sizes.insert(id, size);
    }
    let roots = roots.iter().filter_map(|root| sizes.get(root));
    roots.fold(0, |sum, size| sum.saturating_add(*size))
}

/// The term of a number that is no attribute.
pub(super) fn number(value: &Constant) -> String {
    if let Some(rational) = value.as_rational() {
        return match rational.is_int() {
            true => format!("(Int {})", signed(&rational)),
            false => format!("(Ratio {})", parts(&rational)),
        };
    }
    match value {
        Constant::Real {
            factor,
            radicand,
            half_powers_of_pi,
        } => format!(
            "(Root {} {} ({half_powers_of_pi}))",
            parts(factor),
            parts(radicand)
        ),
        Constant::Infinity => "PosInf".to_string(),
        Constant::NegInfinity => "NegInf".to_string(),
        Constant::Nan | Constant::NegZero => "Undefined".to_string(),
    }
}

fn signed(value: &RBig) -> String {
    format!("({})", value.numerator())
}

fn parts(value: &RBig) -> String {
    format!("{} ({})", signed(value), value.denominator())
}

fn unary(function: Unary) -> &'static str {
    match function {
        Unary::Neg => "Neg",
        Unary::Abs => "Abs",
        Unary::Sqrt => "Sqrt",
        Unary::Exp => "Exp",
        Unary::Expm1 => "Expm1",
        Unary::Log => "Log",
        Unary::Log1p => "Log1p",
        Unary::Sin => "Sin",
        Unary::Cos => "Cos",
        Unary::Sinh => "Sinh",
        Unary::Cosh => "Cosh",
        Unary::Tanh => "Tanh",
        Unary::Erf => "Erf",
        Unary::Floor => "Floor",
        Unary::Ceil => "Ceil",
        Unary::Round => "Round",
    }
}

fn binary(function: Binary) -> &'static str {
    match function {
        Binary::Add => "Add",
        Binary::Sub => "Sub",
        Binary::Mul => "Mul",
        Binary::Div => "Div",
        Binary::Max => "Max",
        Binary::Min => "Min",
        Binary::Pow => "Pow",
        // Of integers only, whose rules are not printed.
        Binary::Rem => "Rem",
        Binary::And => "BitAnd",
        Binary::Or => "BitOr",
        Binary::Xor => "BitXor",
        Binary::Shl => "Shl",
        Binary::Shr => "Shr",
    }
}

fn comparison(relation: Comparison) -> &'static str {
    match relation {
        Comparison::Eq => "Eq",
        Comparison::Ne => "Ne",
        Comparison::Lt => "Lt",
        Comparison::Le => "Le",
        Comparison::Gt => "Gt",
        Comparison::Ge => "Ge",
    }
}

fn connective(function: Connective) -> &'static str {
    match function {
        Connective::And => "And",
        Connective::Or => "Or",
        Connective::Xor => "Xor",
    }
}
