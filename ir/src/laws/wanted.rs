//! Where the inputs of a graph must lie for the graph to be defined: its conditions, carried back.
//!
//! A condition speaks of an operand somewhere within a graph: a square root of x > 0, an index below the
//! extent of an axis. From there each op is gone through backwards, as [`preimage`](super::preimage) says of
//! functions of numbers, down to the inputs. The moments of an optimiser turn out not to be negative, its count
//! of steps to be above −1, and an index to be one. What is found is enough for the conditions where the way
//! back is known, and may be less than all; where two conditions exclude one another, the first is kept.

use super::body::{Part, operand_of};
use super::evaluation::Evaluation;
use super::preimage::{before, before_product, narrow};
use super::range::{End, Range};
use crate::dtype::DType;
use crate::graph::{Graph, NodeId, Value};
use crate::op::{
    DotGeneral, Family, FoldRule, Gather, Guard, Monoid, Prefix, PrefixRule, ScanRole, ScatterAdd,
    TypeError,
};
use crate::rewrite::decompose_deeply;
use crate::shape::Type;
use rustc_hash::FxHashMap;

/// The lowest and the highest number that each input of a graph should hold, as far as that follows from what
/// it is used for and from what is declared of it; of what is used as an index, the positions there are.
///
/// # Errors
/// A decomposition does not type-check.
pub fn sensible_ranges(graph: &Graph) -> Result<Vec<Option<(f64, f64)>>, TypeError> {
    let (graph, _) = decompose_deeply(graph)?;
    Ok(wanted(&graph))
}

/// As [`sensible_ranges`], of a graph down to primitive ops.
pub(super) fn wanted(graph: &Graph) -> Vec<Option<(f64, f64)>> {
    let outputs = vec![Range::ANY; graph.outputs().len()];
    let wants = Wants::of(&Part::whole(graph), &outputs, 0);
    let ends = |(input, wanted): (&Value, Range)| {
        let declared = graph.range(input.node);
        let within = declared.map_or(Range::ANY, |(low, high)| Range::between(low, high));
        // What is declared holds, whatever is wanted.
        let both = within.meet(&wanted).unwrap_or(within);
        let (low, high) = ends(graph.ty(*input), &both);
        (low.is_finite() || high.is_finite()).then_some((low, high))
    };
    graph.inputs().iter().zip(wants).map(ends).collect()
}

/// The ends of a range of elements of a type. Integers do not reach an open end.
fn ends(ty: &Type, range: &Range) -> (f64, f64) {
    match ty.dtype.is_integer() {
        true => range.integers(),
        false => (range.low.at, range.high.at),
    }
}

/// Bodies that lie no deeper are gone through a second time, with what their own carries need.
const TWICE: u32 = 3;

/// What is wanted of the values of one graph, while its nodes are gone through from the last to the first.
struct Wants<'a, 'g> {
    part: &'a Part<'g>,
    of: FxHashMap<Value, Range>,
    /// How many bodies it lies in.
    depth: u32,
}

impl<'g> Wants<'_, 'g> {
    /// Where the inputs should lie, for outputs that should lie in these ranges.
    fn of(part: &Part<'g>, outputs: &[Range], depth: u32) -> Vec<Range> {
        let (graph, mut wants) = (
            part.graph,
            Wants {
                part,
                of: FxHashMap::default(),
                depth,
            },
        );
        for (output, wanted) in graph.outputs().iter().zip(outputs) {
            wants.narrow(output.value, wanted);
        }
        let live = graph.live();
        for node in graph.nodes().rev().filter(|node| live[node.index()]) {
            for guard in part.slopes(node) {
                wants.guard(node, &guard);
            }
            wants.pass(node);
        }
        let of = |input: &Value| wants.wanted(*input);
        graph.inputs().iter().map(of).collect()
    }

    fn wanted(&self, value: Value) -> Range {
        self.of.get(&value).copied().unwrap_or(Range::ANY)
    }

    fn known(&self, value: Value) -> Range {
        self.part.ranges.value(value)
    }

    /// Asks that a value lie in a range, where it does not anyway.
    fn narrow(&mut self, value: Value, wanted: &Range) {
        if !self.known(value).is_within(wanted) {
            narrow(&mut self.of, value, wanted);
        }
    }

    fn guard(&mut self, node: NodeId, guard: &Guard) {
        match guard {
            Guard::Above { bound, .. } => {
                let operand = self.part.graph.operands(node)[operand_of(guard)];
                self.narrow(operand, &Range::from(End::open(bound.to_f64())));
            }
            // Chance avoids single points.
            Guard::Nonzero { .. }
            | Guard::Off { .. }
            | Guard::Distinct { .. }
            | Guard::UniqueWinner { .. }
            | Guard::OffLattice { .. }
            | Guard::NoTies { .. } => {}
        }
    }

    /// Carries what is wanted of the results of a node on to its operands, with what it needs itself.
    fn pass(&mut self, node: NodeId) {
        let graph = self.part.graph;
        let operands = graph.operands(node);
        let wanted = self.wanted(Value { node, result: 0 });
        let family = graph.op(node).family();
        if let Family::Gather(Gather { axis, .. }) | Family::ScatterAdd(ScatterAdd { axis, .. }) =
            family
        {
            self.index(operands[1], operands[0], *axis);
        }
        match family {
            Family::Scan(_) | Family::Cond(_) => self.bodies(node, &operands),
            Family::Gather(_) => self.narrow(operands[0], &wanted),
            Family::ScatterAdd(_) => {
                self.narrow(operands[0], &wanted);
                self.narrow(operands[2], &sign_of(&wanted));
            }
            Family::Pointwise(rule) | Family::Discrete(rule) => {
                let evaluation = Evaluation::of(&rule, &operands, &self.part.ranges);
                let wants = before(&evaluation, &wanted);
                for (operand, wanted) in operands.iter().zip(&wants) {
                    self.narrow(*operand, wanted);
                }
            }
            Family::Select => {
                self.narrow(operands[1], &wanted);
                self.narrow(operands[2], &wanted);
            }
            Family::Cast(_) | Family::View(_) | Family::Barrier => {
                for operand in operands {
                    if graph.ty(operand).dtype != DType::Bool {
                        self.narrow(operand, &wanted);
                    }
                }
            }
            Family::Fold(rule) => self.fold(&rule, operands[0], &wanted),
            Family::Prefix(rule) => self.prefix(rule, &operands, &wanted),
            Family::Contract(op) => self.contract(op, [operands[0], operands[1]], &wanted),
            Family::Compare(_)
            | Family::Connect(_)
            | Family::Not
            | Family::ArgFold(_)
            | Family::ArgSort(_)
            | Family::Leaf(_)
            | Family::Composite(_) => {}
        }
    }

    /// An index is a position on its axis.
    fn index(&mut self, indices: Value, table: Value, axis: i64) {
        let shape = &self.part.graph.ty(table).shape;
        let extent = usize::try_from(axis).map_or(0, |axis| shape.extent(axis));
        if extent > 0 {
            self.narrow(indices, &Range::between(0.0, (extent - 1) as f64));
        }
    }

    fn fold(&mut self, rule: &FoldRule, operand: Value, wanted: &Range) {
        let shape = &self.part.graph.ty(operand).shape;
        let count: u64 = rule.axes.iter().map(|&axis| shape.extent(axis)).product();
        match rule.monoid {
            Monoid::Max | Monoid::Min => self.narrow(operand, wanted),
            // Each term has an equal share.
            Monoid::Sum if count > 0 => self.narrow(operand, &wanted.over_factor(count as f64)),
            Monoid::Sum => {}
        }
    }

    fn prefix(&mut self, rule: PrefixRule, operands: &[Value], wanted: &Range) {
        match rule.prefix {
            Prefix::Max | Prefix::Min => self.narrow(operands[0], wanted),
            Prefix::Sum | Prefix::Product | Prefix::Linear => {
                for operand in operands {
                    self.narrow(*operand, &sign_of(wanted));
                }
            }
        }
    }

    /// A sum of products of one sign has that sign.
    fn contract(&mut self, op: &DotGeneral, [x, y]: [Value; 2], wanted: &Range) {
        let is_square = x == y && op.x_contract == op.y_contract && op.x_batch == op.y_batch;
        let wanted = sign_of(wanted);
        if wanted != Range::ANY && !is_square {
            let (known, other) = (self.known(x), self.known(y));
            let [left, right] = before_product(&wanted, &known, &other, false);
            self.narrow(x, &left);
            self.narrow(y, &right);
        }
    }

    /// What the bodies of a loop or branch need of its operands, for results that should lie where they are
    /// wanted. What a loop carries is wanted where the next turn wants it.
    fn bodies(&mut self, node: NodeId, operands: &[Value]) {
        let graph = self.part.graph;
        let results: Vec<Range> = graph
            .results(node)
            .into_iter()
            .map(|x| self.wanted(x))
            .collect();
        for (first, body) in self.part.within(node) {
            let depth = self.depth + 1;
            let mut wants = Wants::of(&body, &results, depth);
            if let Family::Scan(scan) = graph.op(node).family() {
                let is_carry = |at: usize| scan.role(at) == ScanRole::Carry;
                let carried = results.iter().zip(&wants).enumerate();
                let next: Vec<Range> = carried
                    .map(|(at, (result, wanted))| match is_carry(at) {
                        true => result.meet(wanted).unwrap_or(*result),
                        false => *result,
                    })
                    .chain(results.iter().skip(wants.len()).copied())
                    .collect();
                // Twice at every depth would take a time that is exponential in it.
                if next != results && depth <= TWICE {
                    wants = Wants::of(&body, &next, depth);
                }
            }
            for (operand, wanted) in operands.iter().skip(first).zip(&wants) {
                self.narrow(*operand, wanted);
            }
        }
    }
}

/// What is wanted of each of several terms of one sign, for their sum to lie in a range that begins or ends
/// at 0.
fn sign_of(wanted: &Range) -> Range {
    let end = if wanted.is_above(0.0) {
        End::open(0.0)
    } else {
        End::closed(0.0)
    };
    match wanted.sign() {
        Some(1) => Range::from(end),
        Some(_) if wanted.neg().is_above(0.0) => Range::from(End::open(0.0)).neg(),
        Some(_) => Range::from(End::closed(0.0)).neg(),
        None => Range::ANY,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::example;

    fn ranges(text: &str) -> Vec<Option<(f64, f64)>> {
        sensible_ranges(&example(text).unwrap().graph).unwrap()
    }

    #[test]
    fn conditions_are_carried_back_to_inputs() {
        let (inf, none) = (f64::INFINITY, None);
        let above = |low| Some((low, inf));
        let below = |high| Some((-inf, high));
        for (text, wanted) in [
            ("(x: f32[3]) -> log(x)", vec![above(0.0)]),
            ("(x: f32[3]) -> log(2 * x - 6)", vec![above(3.0)]),
            ("(x: f32[3]) -> sqrt(1 - x)", vec![below(1.0)]),
            (
                "(v: f32[3], d: f32[3]) -> sqrt(0.9 * v + 0.1 * d * d)",
                vec![above(0.0), none],
            ),
            (
                "(t: f32[]) -> log(-expm1(-0.5 * (t + 1)))",
                vec![above(-1.0)],
            ),
            (
                "(x: f32[2], y: f32[2]) -> log(x - y)",
                vec![above(0.0), below(0.0)],
            ),
            (
                "(x: f32[2], y: f32[2]) -> log(exp(x) - 1 / y)",
                vec![none, below(0.0)],
            ),
            ("(x: f32[4]) -> sqrt(sum(square(x)))", vec![none]),
            (
                "(x: f32[2, 3]) -> log(sum(x, axes = [1]) + 3)",
                vec![above(-1.0)],
            ),
            (
                "(x: f32[5], i: i32[2]) -> gather(x, i)",
                vec![none, Some((0.0, 4.0))],
            ),
            (
                "(x: f32[5], i: i32[2]) -> gather(x, 7 - i)",
                vec![none, Some((3.0, 7.0))],
            ),
            (
                "(x: f32[5], i: i32[2]) -> gather(x, i % 5)",
                vec![none, above(0.0)],
            ),
        ] {
            assert_eq!(ranges(text), wanted, "{text}");
        }
        let declared = "(x: f32[2] in [0, 1], y: f32[2] in [0, 1]) -> log(x - y)";
        assert_eq!(ranges(declared), [Some((0.5, 1.0)), Some((0.0, 0.5))]);
    }
}
