//! Where the operands of a function must lie for its value to lie in a range.
//!
//! What is found is enough, not always needed: of x·y > 0 that both are positive, of x + y > 0 that each is
//! above a bound, with the bounds adding up. Where nothing is found, nothing is asked of the operands.

use super::evaluation::Evaluation;
use super::range::{End, Range};
use crate::expr::{Expr, ExprId};
use crate::scalar::{Binary, Unary};
use rustc_hash::FxHashMap;

/// All numbers above 0.
fn positive() -> Range {
    Range::from(End::open(0.0))
}

fn nonnegative() -> Range {
    Range::from(End::closed(0.0))
}

impl Range {
    /// The one number that is here, if there is no more than rounding between its ends.
    fn single(&self) -> Option<f64> {
        let (low, high) = (self.low.at, self.high.at);
        let close = high - low <= 1e-12 * low.abs().max(high.abs());
        (close && low.is_finite() && high.is_finite()).then_some((low + high) / 2.0)
    }

    /// Both ends through a growing function; an end where that is no number says nothing.
    fn through(&self, function: impl Fn(f64) -> f64) -> Range {
        let end = |end: End, none: f64| match function(end.at) {
            at if at.is_nan() => End::closed(none),
            at => end.moved(at),
        };
        Range {
            low: end(self.low, f64::NEG_INFINITY),
            high: end(self.high, f64::INFINITY),
        }
    }

    /// The numbers that a factor, which is not 0, takes into this range.
    pub(super) fn over_factor(&self, factor: f64) -> Range {
        let quotient = self.through(|end| end / factor.abs());
        if factor < 0.0 {
            quotient.neg()
        } else {
            quotient
        }
    }

    /// The first and the last integer here, which are no open ends.
    pub(super) fn integers(&self) -> (f64, f64) {
        let inside = |end: &End| f64::from(u8::from(end.open && end.at == end.at.floor()));
        (
            self.low.at.ceil() + inside(&self.low),
            self.high.at.floor() - inside(&self.high),
        )
    }

    /// Where x must lie for f(x) to lie here.
    fn before_unary(&self, function: Unary) -> Option<Range> {
        let (low, high) = (self.low.at, self.high.at);
        Some(match function {
            Unary::Neg => self.neg(),
            Unary::Abs if low > 0.0 => *self,
            Unary::Abs => Range {
                low: self.high.moved(-high),
                high: self.high,
            },
            Unary::Sqrt => self.through(|end| end.abs() * end),
            Unary::Exp => self.through(f64::ln),
            Unary::Expm1 => self.through(f64::ln_1p),
            Unary::Log => self.through(f64::exp),
            Unary::Log1p => self.through(f64::exp_m1),
            Unary::Sinh => self.through(f64::asinh),
            Unary::Tanh => self.through(f64::atanh),
            Unary::Erf => self.through(|end| if end == 0.0 { 0.0 } else { f64::NAN }),
            Unary::Floor | Unary::Ceil | Unary::Round => {
                let (first, last) = self.integers();
                (first <= last).then(|| Range::between(first, last))?
            }
            Unary::Sin | Unary::Cos | Unary::Cosh => return None,
        })
    }
}

/// Bounds a and b with a + b = `sum` such that x > a and y > b can hold, where x and y lie so.
fn split(sum: End, x: &Range, y: &Range) -> Option<[Range; 2]> {
    if sum.at == f64::NEG_INFINITY {
        return Some([Range::ANY; 2]);
    }
    // What one is at least anyway leaves the rest to the other.
    for (known, other, swapped) in [(y, x, false), (x, y, true)] {
        let rest = End {
            at: sum.at - known.low.at,
            open: sum.open && !known.low.open,
        };
        if known.low.at.is_finite() && rest.at < other.high.at {
            let rest = Range::from(rest);
            return Some(match swapped {
                false => [rest, Range::ANY],
                true => [Range::ANY, rest],
            });
        }
    }
    let low = x.low.at.max(sum.at - y.high.at);
    let high = x.high.at.min(sum.at - y.low.at);
    let at = match (low.is_finite(), high.is_finite()) {
        (true, true) if low < high => (low + high) / 2.0,
        (true, false) => low + 1.0,
        (false, true) => high - 1.0,
        (false, false) => sum.at / 2.0,
        (true, true) => return None,
    };
    let bound = |at| Range::from(End { at, ..sum });
    Some([bound(at), bound(sum.at - at)])
}

/// Where x and y must lie for x + y to lie in `wanted`.
pub(super) fn before_sum(wanted: &Range, x: &Range, y: &Range) -> [Range; 2] {
    let above = split(wanted.low, x, y).unwrap_or([Range::ANY; 2]);
    let below = split(wanted.neg().low, &x.neg(), &y.neg()).unwrap_or([Range::ANY; 2]);
    let both = |above: Range, below: Range| above.meet(&below.neg()).unwrap_or(above);
    [both(above[0], below[0]), both(above[1], below[1])]
}

/// Where x and y must lie for x·y to lie in `wanted`; they are the same value, if `alike`.
pub(super) fn before_product(wanted: &Range, x: &Range, y: &Range, alike: bool) -> [Range; 2] {
    let nothing = [Range::ANY; 2];
    if alike {
        let root = wanted.through(f64::sqrt);
        // A square is 0 nowhere but at 0, which is no reason to ask for a sign.
        let range = match wanted.low.at > 0.0 {
            true => root,
            false => Range {
                low: root.high.moved(-root.high.at),
                high: root.high,
            },
        };
        return [range; 2];
    }
    match (x.single(), y.single()) {
        (Some(x), None) if x != 0.0 => return [Range::ANY, wanted.over_factor(x)],
        (None, Some(y)) if y != 0.0 => return [wanted.over_factor(y), Range::ANY],
        (Some(_) | None, _) => {}
    }
    let sign = |range: &Range, positive: bool| if positive { *range } else { range.neg() };
    let at_least = match (wanted.is_above(0.0), wanted.sign()) {
        (true, _) => Range {
            low: End::open(wanted.low.at.sqrt()),
            high: Range::ANY.high,
        },
        (false, Some(1)) => nonnegative(),
        (false, Some(_)) => {
            let [x, y] = before_product(&wanted.neg(), x, &y.neg(), false);
            return [x, y.neg()];
        }
        (false, None) => return nothing,
    };
    // Both of one sign: that of what is known to have one.
    let is_positive = match (x.sign(), y.sign()) {
        (Some(sign), _) | (None, Some(sign)) => sign > 0,
        (None, None) => true,
    };
    [sign(&at_least, is_positive); 2]
}

/// Where x and y must lie for x / y to lie in `wanted`.
fn before_quotient(wanted: &Range, x: &Range, y: &Range) -> [Range; 2] {
    match y.single() {
        Some(divisor) if divisor != 0.0 => [wanted.over_factor(1.0 / divisor), Range::ANY],
        Some(_) | None if wanted.sign() == Some(1) && wanted.low.at == 0.0 => {
            let [x, y] = before_product(wanted, x, y, false);
            let open = |range: Range| match range.low.at == 0.0 {
                true => range.meet(&positive()).unwrap_or(range),
                false => range.meet(&positive().neg()).unwrap_or(range),
            };
            [x, open(y)]
        }
        Some(_) | None if wanted.sign() == Some(-1) && wanted.high.at == 0.0 => {
            let [x, y] = before_quotient(&wanted.neg(), &x.neg(), y);
            [x.neg(), y]
        }
        Some(_) | None => [Range::ANY; 2],
    }
}

fn before_binary(
    wanted: &Range,
    function: Binary,
    x: &Range,
    y: &Range,
    alike: bool,
) -> [Range; 2] {
    let low = Range::from(wanted.low);
    let high = Range::from(wanted.neg().low).neg();
    match function {
        Binary::Add => before_sum(wanted, x, y),
        Binary::Sub => {
            let [x, y] = before_sum(wanted, x, &y.neg());
            [x, y.neg()]
        }
        Binary::Mul => before_product(wanted, x, y, alike),
        Binary::Div => before_quotient(wanted, x, y),
        // One of them is enough for the lower end: that which is not known.
        Binary::Max if x.single().is_some() => [high, *wanted],
        Binary::Max => [*wanted, high],
        Binary::Min if x.single().is_some() => [low, *wanted],
        Binary::Min => [*wanted, low],
        Binary::Pow if wanted.low.at.is_finite() => [positive(), Range::ANY],
        Binary::Rem => match y.single() {
            Some(y) if y > 0.0 && wanted.low.at <= 0.0 => [nonnegative(), Range::ANY],
            Some(_) | None => [Range::ANY; 2],
        },
        Binary::And => [nonnegative(); 2],
        Binary::Pow | Binary::Or | Binary::Xor | Binary::Shl | Binary::Shr => [Range::ANY; 2],
    }
}

/// Narrows what is wanted of a key, unless nothing were left.
pub(super) fn narrow<K: std::hash::Hash + Eq>(
    wants: &mut FxHashMap<K, Range>,
    key: K,
    wanted: &Range,
) {
    let known = wants.entry(key).or_insert(Range::ANY);
    if let Some(both) = known.meet(wanted) {
        *known = both;
    }
}

/// Where the operands of a rule must lie for its value to lie in `wanted`.
pub(super) fn before(evaluation: &Evaluation<'_>, wanted: &Range) -> Vec<Range> {
    let rule = evaluation.rule;
    if *wanted == Range::ANY {
        return vec![Range::ANY; evaluation.inputs.len()];
    }
    let known = evaluation.ranges(rule.value(), 1);
    let of = |id: &ExprId| known.get(id).copied().unwrap_or(Range::ANY);
    let mut operands = vec![Range::ANY; evaluation.inputs.len()];
    let mut wants: FxHashMap<ExprId, Range> = FxHashMap::default();
    wants.insert(rule.value(), *wanted);
    for id in rule.reachable(&[rule.value()]).into_iter().rev() {
        let Some(wanted) = wants.get(&id).copied() else {
            continue;
        };
        if of(&id).is_within(&wanted) {
            continue;
        }
        match rule.expr(id) {
            Expr::Input(position) => {
                if let Some(operand) = operands.get_mut(*position) {
                    *operand = operand.meet(&wanted).unwrap_or(*operand);
                }
            }
            Expr::Unary(function, x) => {
                if let Some(before) = wanted.before_unary(*function) {
                    narrow(&mut wants, *x, &before);
                }
            }
            Expr::Binary(function, x, y) => {
                let alike = evaluation.alike(*x, *y);
                let [left, right] = before_binary(&wanted, *function, &of(x), &of(y), alike);
                narrow(&mut wants, *x, &left);
                narrow(&mut wants, *y, &right);
            }
            Expr::Select(_, yes, no) => {
                narrow(&mut wants, *yes, &wanted);
                narrow(&mut wants, *no, &wanted);
            }
            Expr::Constant(_)
            | Expr::Compare(..)
            | Expr::Connect(..)
            | Expr::Not(_)
            | Expr::Truth(_)
            | Expr::Undefined(_) => {}
        }
    }
    operands
}
