//! What the truth of conditions says of numbers: each side of a choice lies where the condition lets it be taken.
//!
//! A comparison says where a difference lies. That is known of sums of multiples, so that x > y says of x − y that it is
//! positive, and of |x| ≥ ε or x² > 0 it says on which sides of 0 x lies. Whatever is computed of such numbers, element
//! by element, is computed again from what is known of them.

use super::affine::Form;
use super::evaluation::{Evaluation, decides_both, opposite};
use super::range::{Range, Set};
use super::ranges::{Ranges, moves};
use crate::graph::{Graph, NodeId, Value};
use crate::op::{Family, Op};
use crate::scalar::{Binary, Comparison, Connective};

/// So deep values are computed again. Guards against poles are one or two ops deep: `select(abs(x) < ε, 1, x)`.
const DEPTH: usize = 3;

/// No more facts than this are drawn from conditions: each is looked at for each value.
const MOST: usize = 8;

/// What holds where conditions do.
pub(super) struct Facts<'a> {
    graph: &'a Graph,
    ranges: &'a Ranges,
    /// Sums, and where each lies.
    known: Vec<(Form, Set)>,
}

impl<'a> Facts<'a> {
    /// What holds where each of these truth values is the one beside it.
    pub(super) fn of(graph: &'a Graph, ranges: &'a Ranges, conditions: &[(Value, bool)]) -> Self {
        let mut facts = Facts {
            graph,
            ranges,
            known: Vec::new(),
        };
        for (mask, truth) in conditions {
            facts.known.extend(facts.said(*mask, *truth));
        }
        facts.known.truncate(MOST);
        let mut at = 0;
        while at < facts.known.len().min(MOST) {
            let more = facts.before(at);
            facts.known.extend(more);
            at += 1;
        }
        facts
    }

    /// What a truth value says directly.
    fn said(&self, mask: Value, truth: bool) -> Vec<(Form, Set)> {
        let operands = self.graph.operands(mask.node);
        let op = self.graph.op(mask.node);
        let family = op.family();
        if let Family::Compare(comparison) = family {
            let comparison = match truth {
                true => comparison,
                false => opposite(comparison),
            };
            return self.compared([operands[0], operands[1]], comparison);
        }
        if let Family::Connect(connective) = family {
            let [x, y] = [0, 1].map(|at| self.said(operands[at], truth));
            return match decides_both(connective, truth) {
                true => x.into_iter().chain(y).collect(),
                false if connective == Connective::Xor => Vec::new(),
                false => either(&x, &y),
            };
        }
        if matches!(family, Family::Not) {
            return self.said(operands[0], !truth);
        }
        if matches!(family, Family::Barrier) {
            return self.said(operands[0], truth);
        }
        // Where numbers are moved with it, it says the same of them.
        if moves(self.graph, mask.node) {
            let symbols = self.ranges.symbols();
            let said = self.said(operands[0], truth).into_iter();
            let moved = said.filter_map(|(form, set)| {
                let form = form.mapped(form.rest(), |symbol| symbols.find(op, symbol))?;
                Some((form, set))
            });
            return moved.collect();
        }
        Vec::new()
    }

    fn compared(&self, [x, y]: [Value; 2], comparison: Comparison) -> Vec<(Form, Set)> {
        let ranges = self.ranges;
        let [left, right] = [x, y].map(|value| ranges.form(value));
        let zero = Range::between(0.0, 0.0);
        let beyond = |bound: &Range| Set::ANY.where_holds(comparison, bound);
        let said = match left.sub(&right, ranges.symbols()) {
            Some(difference) => beyond(&zero).map(|set| (difference, set)),
            // Against something infinite.
            None => beyond(&ranges.value(y)).map(|set| (left, set)),
        };
        let terms = said.and_then(|(form, set)| self.terms(&form, &set));
        terms.into_iter().collect()
    }

    /// What a fact says of the terms of its form alone, the first with a positive coefficient.
    fn terms(&self, form: &Form, set: &Set) -> Option<(Form, Set)> {
        let symbols = self.ranges.symbols();
        let set = set.binary(Binary::Sub, &form.rest().into());
        let terms = form.mapped(Range::between(0.0, 0.0), Some)?;
        let is_negative = terms.terms.first()?.1 < 0.0;
        Some(match is_negative {
            true => (
                terms.scaled(&Range::between(-1.0, -1.0), symbols)?,
                set.neg(),
            ),
            false => (terms, set),
        })
    }

    /// What a fact says of what the one number was computed of that it speaks of.
    fn before(&self, at: usize) -> Option<(Form, Set)> {
        let (form, set) = self.known.get(at)?;
        let [(symbol, _)] = form.terms.as_slice() else {
            return None;
        };
        let (graph, ranges) = (self.graph, self.ranges);
        let own = Form::symbol(*symbol).given(form, set, ranges.symbols())?;
        let node = ranges.symbols().node(*symbol)?;
        let operands = graph.operands(node);
        let (of, before) = match (graph.op(node), operands.as_slice()) {
            (Op::Abs(_), [x]) => (*x, own.before_abs()),
            (Op::Square(_), [x]) => (*x, own.before_square()?),
            (Op::Mul(_), [x, y]) if ranges.symbol(*x) == ranges.symbol(*y) => {
                (*x, own.before_square()?)
            }
            _ => return None,
        };
        Some((ranges.form(of), before))
    }

    /// Where a value lies at elements where the conditions hold, unless they hold nowhere.
    pub(super) fn set(&self, value: Value) -> Option<Set> {
        match self.known.is_empty() {
            true => Some(self.ranges.set(value)),
            false => self.computed(value, DEPTH),
        }
    }

    /// Whether two values differ at such elements.
    pub(super) fn are_apart(&self, x: Value, y: Value) -> bool {
        let (graph, symbols) = (self.graph, self.ranges.symbols());
        if graph.ty(x).shape != graph.ty(y).shape {
            return false;
        }
        let [left, right] = [x, y].map(|value| self.ranges.form(value));
        let differs = left.sub(&right, symbols).is_some_and(|difference| {
            let known = self
                .known
                .iter()
                .map(|(form, set)| difference.given(form, set, symbols));
            let mut known = known.map(|set| set.is_none_or(|set| set.excludes(0.0)));
            known.any(|excludes| excludes)
        });
        let sets = [x, y].map(|value| self.set(value));
        match sets {
            [Some(x), Some(y)] => differs || x.is_apart(&y),
            [_, _] => true,
        }
    }

    fn computed(&self, value: Value, depth: usize) -> Option<Set> {
        let (graph, ranges) = (self.graph, self.ranges);
        let own = ranges.form(value);
        let mut known = ranges.set(value);
        for (form, set) in &self.known {
            known = known.meet(&own.given(form, set, ranges.symbols())?)?;
        }
        let operands = graph.operands(value.node);
        let family = graph.op(value.node).family();
        if let Family::Pointwise(rule) = family
            && depth > 0
            && graph.ty(value).dtype.is_float()
        {
            let inputs = operands.iter().map(|x| self.computed(*x, depth - 1));
            let inputs: Option<Vec<Set>> = inputs.collect();
            let evaluation = Evaluation::of(&rule, &operands, ranges).on(inputs?);
            known = known.within(&evaluation.set(rule.value(), 1));
        }
        Some(known)
    }
}

/// What holds where one of two lists of facts does.
fn either(x: &[(Form, Set)], y: &[(Form, Set)]) -> Vec<(Form, Set)> {
    let joined = x.iter().filter_map(|(form, set)| {
        let (_, other) = y.iter().find(|(other, _)| other == form)?;
        Some((form.clone(), set.join(other)))
    });
    joined.collect()
}

/// Which conditions hold at the elements of the values of a graph that count.
pub(super) struct Taken(Vec<Vec<(Value, bool)>>);

/// So many conditions are kept of one value: choices within choices are few.
const NESTED: usize = 4;

impl Taken {
    /// Of the nodes of a graph, of which some are passed by derivatives though no output depends on them.
    ///
    /// As margins count: an op on single elements needs of its operands what is needed of it, `select` what it takes, and
    /// any other op all. What only formulas of derivatives read is read where the op is that they are of.
    pub(super) fn of(graph: &Graph, is_passed: &dyn Fn(NodeId) -> bool) -> Taken {
        let mut taken: Vec<Option<Vec<(Value, bool)>>> = vec![None; graph.len()];
        for output in graph.outputs() {
            taken[output.value.node.index()] = Some(Vec::new());
        }
        let mut is_read = vec![false; graph.len()];
        for node in graph.nodes().filter(|node| !graph.is_of_rule(*node)) {
            for operand in graph.operands(node) {
                is_read[operand.node.index()] = true;
            }
        }
        for node in graph.nodes().rev() {
            let at = node.index();
            if taken[at].is_none() && is_passed(node) && !is_read[at] {
                taken[at] = Some(Vec::new());
            }
            let Some(here) = taken[at].clone().filter(|_| !graph.is_of_rule(node)) else {
                continue;
            };
            let op = graph.op(node);
            let operands = graph.operands(node);
            let condition = operands.first().copied();
            for (position, operand) in operands.iter().enumerate() {
                let more = match (op.family(), condition) {
                    (Family::Select, Some(mask)) if position > 0 => {
                        let mut more = here.clone();
                        more.push((mask, position == 1));
                        more
                    }
                    _ if op.is_elementwise() => here.clone(),
                    _ => Vec::new(),
                };
                let known = &mut taken[operand.node.index()];
                *known = Some(match known.take() {
                    None => more.into_iter().take(NESTED).collect(),
                    Some(known) => known.into_iter().filter(|x| more.contains(x)).collect(),
                });
            }
        }
        Taken(taken.into_iter().map(Option::unwrap_or_default).collect())
    }

    /// The conditions under which a node counts.
    pub(super) fn at(&self, node: NodeId) -> &[(Value, bool)] {
        self.0.get(node.index()).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::Scalar;

    /// Of a comparison and its opposite one holds, and the part of a set where it does holds those numbers.
    #[test]
    fn comparisons_part_sets_in_two() {
        const ALL: [Comparison; 6] = [
            Comparison::Eq,
            Comparison::Ne,
            Comparison::Lt,
            Comparison::Le,
            Comparison::Gt,
            Comparison::Ge,
        ];
        let numbers = [-1.0f64, 0.0, 0.5, 2.0];
        let whole = Set::from(Range::between(-1.0, 2.0));
        for comparison in ALL {
            let pairs = numbers
                .iter()
                .flat_map(|x| numbers.iter().map(move |y| (*x, *y)));
            for (x, bound) in pairs {
                let holds = x.compare(comparison, &bound);
                assert_ne!(holds, x.compare(opposite(comparison), &bound));
                let part = whole.where_holds(comparison, &Range::between(bound, bound));
                let is_there = part.is_some_and(|part| !part.excludes(x));
                assert_eq!(is_there, holds, "{x} {comparison:?} {bound}: {part:?}");
            }
        }
    }
}
