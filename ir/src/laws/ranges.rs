//! Ranges of values that are known from the form of a graph alone.
//!
//! One [`Range`] stands for all elements of a value, whatever the inputs are. That is enough to see
//! that eˣ, x·x + ε or the sum of a softmax is positive. Ranges speak of real numbers: a condition
//! that an operand relies on is reported where the operand is computed.

use super::body;
use super::constants::constants;
use super::derivatives::is_carrier;
use super::differences::{is_below_largest, is_variance};
use super::range::{End, Range};
use crate::dtype::DType;
use crate::expr::{Expr, ExprId, Rule};
use crate::graph::{Graph, NodeId, Value};
use crate::op::{Family, FoldRule, Leaf, Monoid, Op, Prefix, PrefixRule};
use crate::scalar::{Binary, Comparison, Unary};
use crate::shape::Type;
use rustc_hash::FxHashMap;

/// A rule on given operand ranges.
pub(super) struct Evaluation<'a> {
    pub(super) rule: &'a Rule,
    pub(super) inputs: Vec<Range>,
    /// For each operand, the first operand that is the same value.
    same: Vec<usize>,
}

impl<'a> Evaluation<'a> {
    /// The rule on these operands.
    pub(super) fn of(rule: &'a Rule, operands: &[Value], ranges: &Ranges) -> Evaluation<'a> {
        let first = |value: &Value| operands.iter().position(|other| other == value);
        Evaluation {
            rule,
            inputs: operands.iter().map(|x| ranges.value(*x)).collect(),
            same: operands.iter().filter_map(first).collect(),
        }
    }

    /// The range of an expression.
    fn range(&self, root: ExprId, depth: usize) -> Range {
        let known = self.ranges(root, depth);
        known.get(&root).copied().unwrap_or(Range::ANY)
    }

    /// The ranges of an expression and of all that it is made of. At `depth` 0 the branches of a choice
    /// are not narrowed by its condition.
    pub(super) fn ranges(&self, root: ExprId, depth: usize) -> FxHashMap<ExprId, Range> {
        let mut known: FxHashMap<ExprId, Range> = FxHashMap::default();
        for id in self.rule.reachable(&[root]) {
            let at = |id: &ExprId| known.get(id).copied().unwrap_or(Range::ANY);
            let range = match self.rule.expr(id) {
                Expr::Input(position) => self.inputs.get(*position).copied().unwrap_or(Range::ANY),
                Expr::Constant(value) => Range::constant(value),
                Expr::Unary(function, x) => at(x).unary(*function),
                Expr::Binary(Binary::Mul, x, y) if self.alike(*x, *y) => at(x).square(),
                Expr::Binary(function, x, y) => at(x).binary(*function, &at(y)),
                Expr::Select(mask, yes, no) if depth > 0 => {
                    let yes = self.given(*mask, true).range(*yes, depth - 1);
                    yes.join(&self.given(*mask, false).range(*no, depth - 1))
                }
                Expr::Select(_, yes, no) => at(yes).join(&at(no)),
                Expr::Compare(..)
                | Expr::Connect(..)
                | Expr::Not(_)
                | Expr::Truth(_)
                | Expr::Undefined(_) => Range::ANY,
            };
            known.insert(id, range);
        }
        known
    }

    /// The range of a rule on integers, where nothing in it wraps around, and none is rounded to an integer.
    fn integers(&self, all: &Range) -> Range {
        let known = self.ranges(self.rule.value(), 0);
        let is_exact = |id: &ExprId| match self.rule.expr(*id) {
            Expr::Input(_) | Expr::Constant(_) => true,
            Expr::Unary(function, _) => matches!(function, Unary::Neg | Unary::Abs),
            Expr::Binary(function, ..) => matches!(
                function,
                Binary::Add | Binary::Sub | Binary::Mul | Binary::Max | Binary::Min
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

    /// The same rule where a mask that compares an operand with a constant is `truth`.
    fn given(&self, mask: ExprId, truth: bool) -> Evaluation<'_> {
        let mut inputs = self.inputs.clone();
        if let Expr::Compare(comparison, x, bound) = self.rule.expr(mask)
            && let (Expr::Input(position), Expr::Constant(bound)) =
                (self.rule.expr(*x), self.rule.expr(*bound))
            && let Some(range) = inputs.get_mut(*position)
        {
            let comparison = if truth {
                *comparison
            } else {
                opposite(*comparison)
            };
            *range = range.where_holds(comparison, bound.to_f64());
        }
        Evaluation {
            rule: self.rule,
            inputs,
            same: self.same.clone(),
        }
    }
}

fn opposite(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Eq => Comparison::Ne,
        Comparison::Ne => Comparison::Eq,
        Comparison::Lt => Comparison::Ge,
        Comparison::Le => Comparison::Gt,
        Comparison::Gt => Comparison::Le,
        Comparison::Ge => Comparison::Lt,
    }
}

/// The ranges of the values of a graph.
pub(super) struct Ranges {
    /// Of the first result of every node.
    first: Vec<Range>,
    /// Values that are another value times something of one sign: that value, and the sign.
    multiples: FxHashMap<Value, (Value, i32)>,
    /// Of other results, where something is known.
    others: FxHashMap<Value, Range>,
}

impl Ranges {
    /// What is known whatever the inputs are.
    pub(super) fn of(graph: &Graph) -> Ranges {
        Ranges::given(graph, &[])
    }

    /// What is known where the inputs lie in the given ranges.
    pub(super) fn given(graph: &Graph, inputs: &[Range]) -> Ranges {
        let nodes = graph.inputs().iter().map(|input| input.node);
        let inputs: FxHashMap<NodeId, Range> = nodes.zip(inputs.iter().copied()).collect();
        let constants = constants(graph);
        let mut ranges = Ranges {
            first: Vec::with_capacity(graph.len()),
            multiples: FxHashMap::default(),
            others: FxHashMap::default(),
        };
        for node in graph.nodes() {
            if graph.op(node).runs_regions() {
                ranges.push_results(graph, node);
                continue;
            }
            let range = match inputs.get(&node).or_else(|| constants.get(&node)) {
                Some(given) => *given,
                None => {
                    let range = range_of(graph, node, &ranges);
                    ranges.note_product(graph, node, range)
                }
            };
            ranges.first.push(range);
        }
        ranges
    }

    /// The value that a value is a multiple of, and the sign of the other factor.
    fn base(&self, value: Value) -> (Value, i32) {
        self.multiples.get(&value).copied().unwrap_or((value, 1))
    }

    /// The range of a node that may be a product. Where both factors are multiples of one value, its square is
    /// in it: (k·x)·x has the sign of k.
    fn note_product(&mut self, graph: &Graph, node: NodeId, range: Range) -> Range {
        let (Family::Pointwise(rule), result) =
            (graph.op(node).family(), Value { node, result: 0 })
        else {
            return range;
        };
        let operands = graph.operands(node);
        let Expr::Binary(Binary::Mul, x, y) = rule.expr(rule.value()) else {
            return range;
        };
        let operand = |id: &ExprId| {
            if let Expr::Input(position) = rule.expr(*id) {
                operands.get(*position).copied()
            } else {
                None
            }
        };
        let sign = |id: &ExprId| match (operand(id), rule.constant(*id)) {
            (Some(value), _) => self.value(value).sign(),
            (None, Some(constant)) => Range::constant(constant).sign(),
            (None, None) => None,
        };
        for (factor, other) in [(x, y), (y, x)] {
            if let (Some(value), Some(sign)) = (operand(factor), sign(other)) {
                let (base, known) = self.base(value);
                self.multiples.insert(result, (base, known * sign));
                break;
            }
        }
        let (Some(x), Some(y)) = (operand(x), operand(y)) else {
            return range;
        };
        let [(x, one), (y, other)] = [self.base(x), self.base(y)];
        let square = Range::from(End::closed(0.0));
        match one * other {
            _ if x != y => range,
            1 => range.meet(&square).unwrap_or(range),
            _ => range.meet(&square.neg()).unwrap_or(range),
        }
    }

    fn push_results(&mut self, graph: &Graph, node: NodeId) {
        let mut results = body::results(graph, node, self).into_iter();
        self.first.push(results.next().unwrap_or(Range::ANY));
        for (result, range) in (1..).zip(results) {
            self.others.insert(Value { node, result }, range);
        }
    }

    /// The range of a value.
    pub(super) fn value(&self, value: Value) -> Range {
        let known = match value.result {
            0 => self.first.get(value.node.index()),
            _ => self.others.get(&value),
        };
        known.copied().unwrap_or(Range::ANY)
    }
}

fn range_of(graph: &Graph, node: NodeId, ranges: &Ranges) -> Range {
    let operands = graph.operands(node);
    let result = Value { node, result: 0 };
    let of = |position: usize| match operands.get(position) {
        Some(operand) => ranges.value(*operand),
        None => Range::ANY,
    };
    let joined = || {
        let all = (0..operands.len()).map(of);
        all.reduce(|x, y| x.join(&y)).unwrap_or(Range::ANY)
    };
    match graph.op(node).family() {
        Family::Pointwise(rule) | Family::Discrete(rule) => {
            let evaluation = Evaluation::of(&rule, &operands, ranges);
            match representable(graph.ty(result).dtype) {
                None if is_variance(graph, node) => {
                    let square = Range::from(End::closed(0.0));
                    evaluation.range(rule.value(), 1).max(&square)
                }
                None if is_below_largest(graph, node) => {
                    let least = Range::from(End::closed(0.0)).neg();
                    let range = evaluation.range(rule.value(), 1);
                    range.meet(&least).unwrap_or(least)
                }
                None => evaluation.range(rule.value(), 1),
                Some(all) => evaluation.integers(&all),
            }
        }
        Family::Select => selected(graph, &operands, ranges),
        Family::Cast(_) => cast(graph, operands[0], result, of(0)),
        Family::View(view) => {
            let types: Vec<&Type> = operands.iter().map(|operand| graph.ty(*operand)).collect();
            let maps = view.maps(&types, graph.ty(result));
            // One operand that does not cover the result leaves places to the fill value.
            match maps.as_slice() {
                [map] if !map.guard.is_always() => of(0).join(&Range::constant(&view.fill())),
                _ => joined(),
            }
        }
        Family::Fold(rule) => fold(graph, operands[0], result, &rule, of(0)),
        Family::Contract(op) => {
            let [x, y] = [0, 1].map(|at| &graph.ty(operands[at]).shape);
            let axes = op.axes(x.rank(), y.rank());
            let terms = axes.contract[0].iter().map(|axis| x.extent(*axis));
            let sum = of(0).binary(Binary::Mul, &of(1)).times(terms.product());
            unless_wrapped(graph.ty(result).dtype, sum)
        }
        Family::Gather(_) | Family::Barrier => of(0),
        Family::ScatterAdd(_) if of(2).is_at_least(0.0) => {
            unless_wrapped(graph.ty(result).dtype, Range::from(of(0).low))
        }
        Family::Leaf(leaf) => match graph.range(node) {
            Some((low, high)) => Range::between(low, high),
            None => leaf_range(leaf),
        },
        Family::Prefix(rule) => {
            let extent = graph.ty(result).shape.extent(rule.axis);
            let all: Vec<Range> = (0..operands.len()).map(of).collect();
            unless_wrapped(graph.ty(result).dtype, prefix(&rule, extent, &all))
        }
        Family::ScatterAdd(_)
        | Family::Compare(_)
        | Family::Connect(_)
        | Family::Not
        | Family::ArgFold(_)
        | Family::ArgSort(_)
        | Family::Scan(_)
        | Family::Cond(_)
        | Family::Composite(_) => Range::ANY,
    }
}

/// The numbers of an integer dtype, or a little less: what is beyond wraps around.
fn representable(dtype: DType) -> Option<Range> {
    let (low, high) = match dtype {
        DType::I32 => (i32::MIN.into(), i32::MAX.into()),
        DType::U32 => (0.0, u32::MAX.into()),
        // The nearest numbers inside.
        DType::I64 => (-(2f64.powi(63)), 2f64.powi(63).next_down()),
        DType::Bool | DType::F16 | DType::Bf16 | DType::F32 | DType::F64 => return None,
    };
    Some(Range::between(low, high))
}

/// A range of integers, if none of them wraps around: sums and products do so at the end as if they did in between.
fn unless_wrapped(dtype: DType, range: Range) -> Range {
    match representable(dtype) {
        Some(all) if !range.is_within(&all) => Range::ANY,
        Some(_) | None => range,
    }
}

fn leaf_range(leaf: Leaf<'_>) -> Range {
    match leaf {
        Leaf::Input(_) => Range::ANY,
        Leaf::Full(full) => Range::constant(&full.value),
        Leaf::Literal(literal) => {
            let all = literal.elements.constants().map(|c| Range::constant(&c));
            all.reduce(|x, y| x.join(&y)).unwrap_or(Range::ANY)
        }
        Leaf::Iota(iota) => {
            let axis = usize::try_from(iota.axis).unwrap_or(0);
            let last = iota.shape.extent(axis).saturating_sub(1);
            Range::between(0.0, last as f64)
        }
    }
}

fn cast(graph: &Graph, operand: Value, result: Value, range: Range) -> Range {
    let from = graph.ty(operand).dtype;
    let number = match representable(from) {
        _ if from == DType::Bool => Range::between(0.0, 1.0),
        Some(all) => range.meet(&all).unwrap_or(all),
        None => range,
    };
    let to = graph.ty(result).dtype;
    // Fractions are cut off.
    match to.is_integer() && from.is_float() {
        true => Range::ANY,
        false => unless_wrapped(to, number),
    }
}

/// Where a choice lies: each side where the condition lets it be taken.
fn selected(graph: &Graph, operands: &[Value], ranges: &Ranges) -> Range {
    let side = |value: Value, holds: bool| {
        let range = ranges.value(value);
        let Family::Compare(comparison) = graph.op(operands[0].node).family() else {
            return range;
        };
        let comparison = match holds {
            true => comparison,
            false => opposite(comparison),
        };
        let compared = graph.operands(operands[0].node);
        let bound = |at: usize| ranges.value(compared[at]).only();
        match (bound(0), bound(1)) {
            (_, Some(bound)) if compared[0] == value => range.where_holds(comparison, bound),
            (Some(bound), _) if compared[1] == value => {
                range.where_holds(mirrored(comparison), bound)
            }
            _ => range,
        }
    };
    side(operands[1], true).join(&side(operands[2], false))
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

/// Where the elements of a prefix scan along an axis of some extent lie.
fn prefix(rule: &PrefixRule, extent: u64, operands: &[Range]) -> Range {
    let [x, ..] = operands else { return Range::ANY };
    let zero = Range::between(0.0, 0.0);
    let of_all = match (rule.prefix, operands) {
        // From one element to all of them.
        (Prefix::Sum, _) => x.join(&x.times(extent)),
        (Prefix::Max | Prefix::Min, _) if !rule.exclusive => return *x,
        (Prefix::Linear, [a, b]) if a.is_at_least(0.0) && b.is_at_least(0.0) => Range::from(b.low),
        (Prefix::Max | Prefix::Min | Prefix::Product | Prefix::Linear, _) => return Range::ANY,
    };
    match rule.exclusive {
        true => of_all.join(&zero),
        false => of_all,
    }
}

fn fold(graph: &Graph, operand: Value, result: Value, rule: &FoldRule, x: Range) -> Range {
    match rule.monoid {
        Monoid::Max | Monoid::Min => x,
        Monoid::Sum => {
            let terms = graph.ty(operand).elements();
            let sums = graph.ty(result).elements();
            // Where there are no sums, anything holds of all.
            let sum = terms.checked_div(sums).map_or(x, |terms| x.times(terms));
            unless_wrapped(graph.ty(result).dtype, sum)
        }
    }
}

/// For each node, whether a derivative flows through it: from a float input to a float output.
pub(super) fn differentiated(graph: &Graph) -> Vec<bool> {
    differentiated_from(graph, &vec![true; graph.inputs().len()])
}

/// For each node, whether it jumps where floats vary that depend on the inputs that are marked, and whether float
/// outputs depend on that.
pub(super) fn jumps(graph: &Graph, marked: &[bool]) -> Vec<bool> {
    let varies = reached(graph, marked);
    let mut needed = vec![false; graph.len()];
    for output in graph.outputs() {
        needed[output.value.node.index()] |= graph.ty(output.value).dtype.is_float();
    }
    for node in graph.nodes().rev() {
        if needed[node.index()] && !matches!(graph.op(node), Op::StopGradient(_)) {
            for operand in graph.operands(node) {
                needed[operand.node.index()] = true;
            }
        }
    }
    let is_jump = |node: NodeId| {
        let operands = graph.operands(node);
        let mut floats = operands.iter().filter(|x| graph.ty(**x).dtype.is_float());
        graph.op(node).is_step() && needed[node.index()] && floats.any(|x| varies[x.node.index()])
    };
    graph.nodes().map(is_jump).collect()
}

/// For each node, whether a derivative by the inputs that are marked reaches it.
fn reached(graph: &Graph, marked: &[bool]) -> Vec<bool> {
    let mut reached = vec![false; graph.len()];
    for (input, marked) in graph.inputs().iter().zip(marked) {
        reached[input.node.index()] = *marked && graph.ty(*input).dtype.is_float();
    }
    for node in graph.nodes() {
        let from =
            |operand: &Value| reached[operand.node.index()] && graph.ty(*operand).dtype.is_float();
        if is_carrier(graph, node) && graph.operands(node).iter().any(from) {
            reached[node.index()] = true;
        }
    }
    reached
}

/// For each node, whether a derivative flows through it from one of the inputs that are marked.
pub(super) fn differentiated_from(graph: &Graph, marked: &[bool]) -> Vec<bool> {
    let reached = reached(graph, marked);
    let mut needed = vec![false; graph.len()];
    for output in graph.outputs() {
        needed[output.value.node.index()] |= graph.ty(output.value).dtype.is_float();
    }
    for node in graph.nodes().rev() {
        if needed[node.index()] && is_carrier(graph, node) {
            for operand in graph.operands(node) {
                needed[operand.node.index()] |= graph.ty(operand).dtype.is_float();
            }
        }
    }
    let both = reached.iter().zip(&needed);
    both.map(|(reached, needed)| *reached && *needed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::{CHOICES_PER_STEP, Generator, sample_inputs};
    use crate::interpret::trace;
    use crate::laws::Enclosed;
    use crate::scalar::Interval;
    use proptest::prelude::*;

    thread_local! {
        static GENERATOR: Generator = Generator::new();
    }

    /// Whether a real number, of which an enclosure is known, may be one of a range.
    fn admits(range: &Range, x: &Interval) -> bool {
        let is_apart = x.high < range.low.at || x.low > range.high.at;
        !is_apart
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

        /// Whatever the analysis says of a value holds of what the reals give, in every node.
        #[test]
        fn ranges_of_random_graphs_contain_what_is_computed(
            choices in prop::collection::vec(any::<u16>(), 0..CHOICES_PER_STEP * 6),
            spread in -3.0f64..3.0,
        ) {
            let graph = GENERATOR.with(|generator| generator.graph(&choices).unwrap());
            let exactly = |x: f64| Interval { low: x, high: x, dtype: DType::F64 };
            let inputs = sample_inputs(&graph, |dtype, x| Enclosed(exactly(match dtype.half() {
                Some(half) => half.round(x * spread),
                None if dtype == DType::F32 => f64::from((x * spread) as f32),
                None => x * spread,
            })));
            let Ok(values) = trace::<Enclosed>(&graph, &(), &inputs) else {
                return Ok(());
            };
            let ranges = Ranges::of(&graph);
            for value in graph.nodes().flat_map(|node| graph.results(node)) {
                let (range, tensor) = (ranges.value(value), values.value(value).unwrap());
                let numbers = tensor.as_numbers().iter().map(|x| x.0);
                let ints = tensor.as_ints().iter().filter_map(|x| x.value.ok());
                for x in numbers.chain(ints.map(|x| exactly(x as f64))) {
                    prop_assert!(
                        admits(&range, &x),
                        "{x:?} is not in {range:?}, which {} is said to be in:\n{graph:?}",
                        graph.op(value.node).spec().name
                    );
                }
            }
        }
    }

    #[test]
    fn a_condition_narrows_the_branch_that_it_belongs_to() {
        let positive = |text: &str| {
            let graph = crate::lang::example(text).unwrap().graph;
            Ranges::of(&graph)
                .value(graph.outputs()[0].value)
                .is_above(0.0)
        };
        assert!(!positive("(x: f64[3]) -> leaky_relu(x, slope = 0.5)"));
        assert!(!positive("(x: f64[3]) -> elu(x)"));
        assert!(positive("(x: f64[3]) -> exp(x) + 1"));
        // x where it is positive, and −x/2 elsewhere: not negative only with the condition in each branch.
        assert!(positive("(x: f64[3]) -> leaky_relu(x, slope = -0.5) + 1"));
        assert!(!positive(
            "(x: f64[2, 3]) -> window(exp(x), axes = [1], size = [2], stride = [1], padding = [1])"
        ));
        assert!(positive("(x: f64[2, 3]) -> sum(exp(x), axes = [0])"));
        assert!(!positive("(x: f64[0, 3]) -> sum(exp(x), axes = [0])"));
    }

    /// Of a comparison and its opposite one holds, and the part of a range where it does holds those numbers and
    /// no end where it does not.
    #[test]
    fn comparisons_part_ranges_in_two() {
        use crate::scalar::Scalar;
        const ALL: [Comparison; 6] = [
            Comparison::Eq,
            Comparison::Ne,
            Comparison::Lt,
            Comparison::Le,
            Comparison::Gt,
            Comparison::Ge,
        ];
        let numbers = [-1.0f64, 0.0, 0.5, 2.0];
        for comparison in ALL {
            for (x, bound) in numbers
                .iter()
                .flat_map(|x| numbers.iter().map(move |y| (*x, *y)))
            {
                let holds = x.compare(comparison, &bound);
                assert_ne!(holds, x.compare(opposite(comparison), &bound));
                let part = Range::between(-1.0, 2.0).where_holds(comparison, bound);
                let inside = Range::between(x, x).is_within(&part);
                assert!(inside || !holds, "{x} {comparison:?} {bound}: {part:?}");
            }
        }
    }
}
