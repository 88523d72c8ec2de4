//! Where the values of a graph lie, as known from its form alone.
//!
//! One [`Set`] stands for all elements of a value, whatever the inputs are. That is enough to see
//! that eˣ, x·x + ε or the sum of a softmax is positive. Sums keep their [`Form`], so that terms cancel, and each side of a
//! choice lies where its condition says ([`Facts`]). Sets speak of real numbers: a condition
//! that an operand relies on is reported where the operand is computed.

use super::affine::{Form, of_rule};
use super::body;
use super::constants::constants;
use super::derivatives::is_carrier;
use super::differences::{is_below_largest, is_variance};
use super::evaluation::Evaluation;
use super::facts::Facts;
use super::range::{End, Range, Set};
use super::symbols::{Symbol, Symbols};
use crate::dtype::DType;
use crate::expr::{Expr, ExprId};
use crate::graph::{Graph, NodeId, Value};
use crate::op::{Family, FoldRule, Leaf, Monoid, Op, Prefix, PrefixRule};
use crate::scalar::{Binary, Unary};
use crate::shape::Type;
use rustc_hash::FxHashMap;

/// What is known of a value.
struct Known {
    set: Set,
    symbol: Symbol,
    /// What it is the sum of, where that says more than its symbol.
    form: Option<Form>,
}

/// What is known of the values of a graph.
pub(super) struct Ranges {
    /// Of the first result of every node.
    first: Vec<Known>,
    /// Values that are another value times something of one sign: that value, and the sign.
    multiples: FxHashMap<Value, (Value, i32)>,
    /// Of other results.
    others: FxHashMap<Value, (Set, Symbol)>,
    symbols: Symbols,
}

impl Ranges {
    /// What is known whatever the inputs are.
    pub(super) fn of(graph: &Graph) -> Ranges {
        Ranges::given(graph, &[])
    }

    /// What is known where the inputs lie in the given sets.
    pub(super) fn given(graph: &Graph, inputs: &[Set]) -> Ranges {
        let nodes = graph.inputs().iter().map(|input| input.node);
        let inputs: FxHashMap<NodeId, Set> = nodes.zip(inputs.iter().copied()).collect();
        let constants = constants(graph);
        let mut ranges = Ranges {
            first: Vec::with_capacity(graph.len()),
            multiples: FxHashMap::default(),
            others: FxHashMap::default(),
            symbols: Symbols::default(),
        };
        for node in graph.nodes() {
            if graph.op(node).runs_regions() {
                ranges.push_results(graph, node);
                continue;
            }
            let constant = constants.get(&node).map(|range| Set::from(*range));
            let set = match inputs.get(&node).copied().or(constant) {
                Some(given) => given,
                None => {
                    let set = set_of(graph, node, &ranges);
                    ranges.note_product(graph, node, set)
                }
            };
            ranges.push(graph, node, set);
        }
        ranges
    }

    /// Adds what is known of a node, besides where it lies.
    fn push(&mut self, graph: &Graph, node: NodeId, set: Set) {
        let form = self.form_of(graph, node);
        let set = match &form {
            Some(form) => set.within(&form.range(&self.symbols).into()),
            None => set,
        };
        let symbol = self.symbol_of(graph, node, form.as_ref(), set);
        let set = self.symbols.note(symbol, node, set);
        let form = form.filter(|form| !form.is(symbol));
        self.first.push(Known { set, symbol, form });
        for value in graph.results(node).into_iter().skip(1) {
            let symbol = self.symbols.fresh(Set::ANY);
            self.others.insert(value, (Set::ANY, symbol));
        }
    }

    fn symbol_of(&mut self, graph: &Graph, node: NodeId, form: Option<&Form>, set: Set) -> Symbol {
        // One term, as it is, is that term.
        if let Some(form) = form
            && let [(symbol, _)] = form.terms.as_slice()
            && form.is(*symbol)
        {
            return *symbol;
        }
        let operands = graph.operands(node).into_iter();
        let operands: Vec<Symbol> = operands.map(|operand| self.symbol(operand)).collect();
        match (graph.op(node), operands.as_slice()) {
            (_, [operand, ..]) if passes(graph, node) => *operand,
            // To compare large tensors takes long, and few are there twice.
            (Op::Input(_) | Op::Literal(_), _) => self.symbols.fresh(set),
            (op, operands) => self.symbols.of(op, operands, || set),
        }
    }

    /// What a node is the sum of, if it is linear in something.
    fn form_of(&mut self, graph: &Graph, node: NodeId) -> Option<Form> {
        let result = Value { node, result: 0 };
        let operands = graph.operands(node);
        if !graph.ty(result).dtype.is_float() {
            return None;
        }
        if passes(graph, node) {
            return self.known(operands[0])?.form.clone();
        }
        let op = graph.op(node);
        let family = op.family();
        if let Family::Pointwise(rule) = family {
            let arithmetic = is_arithmetic(rule.expr(rule.value()));
            let forms = || operands.iter().map(|x| self.form(*x)).collect::<Vec<_>>();
            return arithmetic.then(|| of_rule(&rule, &forms(), &self.symbols))?;
        }
        if let Family::Leaf(Leaf::Full(full)) = family {
            return Form::number(Range::constant(&full.value));
        }
        let form = self.known(*operands.first()?)?.form.clone()?;
        if let Family::Fold(rule) = family {
            let [terms, sums] = [operands[0], result].map(|x| graph.ty(x).elements());
            let count = terms
                .checked_div(sums)
                .filter(|_| rule.monoid == Monoid::Sum)?;
            return form.mapped(form.rest().times(count), |symbol| {
                let set = self.symbols.set(symbol).hull().times(count).into();
                Some(self.symbols.of(op, &[symbol], || set))
            });
        }
        let moved = || {
            form.mapped(form.rest(), |symbol| {
                let set = self.symbols.set(symbol);
                Some(self.symbols.of(op, &[symbol], || set))
            })
        };
        moves(graph, node).then(moved)?
    }

    /// The value that a value is a multiple of, and the sign of the other factor.
    fn base(&self, value: Value) -> (Value, i32) {
        self.multiples.get(&value).copied().unwrap_or((value, 1))
    }

    /// Where a node lies that may be a product. Where both factors are multiples of one value, its square is
    /// in it: (k·x)·x has the sign of k. Integers wrap around.
    fn note_product(&mut self, graph: &Graph, node: NodeId, set: Set) -> Set {
        let (Family::Pointwise(rule), result) =
            (graph.op(node).family(), Value { node, result: 0 })
        else {
            return set;
        };
        let operands = graph.operands(node);
        let Expr::Binary(Binary::Mul, x, y) = rule.expr(rule.value()) else {
            return set;
        };
        if !graph.ty(result).dtype.is_float() {
            return set;
        }
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
            return set;
        };
        let [(x, one), (y, other)] = [self.base(x), self.base(y)];
        let square = Range::from(End::closed(0.0));
        match one * other {
            _ if self.symbol(x) != self.symbol(y) => set,
            1 => set.within(&square.into()),
            _ => set.within(&square.neg().into()),
        }
    }

    fn push_results(&mut self, graph: &Graph, node: NodeId) {
        let results = body::results(graph, node, self);
        let mut sets = results.into_iter().chain(std::iter::repeat(Set::ANY));
        for value in graph.results(node) {
            let set = sets.next().unwrap_or(Set::ANY);
            let symbol = self.symbols.fresh(set);
            if value.result == 0 {
                let form = None;
                self.first.push(Known { set, symbol, form });
            } else {
                self.others.insert(value, (set, symbol));
            }
        }
    }

    fn known(&self, value: Value) -> Option<&Known> {
        let is_first = value.result == 0;
        is_first
            .then(|| self.first.get(value.node.index()))
            .flatten()
    }

    /// Where a value lies.
    pub(super) fn set(&self, value: Value) -> Set {
        match self.known(value) {
            Some(known) => known.set,
            None => self.others.get(&value).map_or(Set::ANY, |(set, _)| *set),
        }
    }

    /// The range from the lowest to the highest number that a value may be.
    pub(super) fn value(&self, value: Value) -> Range {
        self.set(value).hull()
    }

    /// What a value is the same as.
    ///
    /// Every value up to the node that is looked at has a symbol.
    pub(super) fn symbol(&self, value: Value) -> Symbol {
        match self.known(value) {
            Some(known) => known.symbol,
            None => self
                .others
                .get(&value)
                .map_or(Symbol::NONE, |(_, symbol)| *symbol),
        }
    }

    /// What a value is the sum of: of itself, if nothing more is known.
    pub(super) fn form(&self, value: Value) -> Form {
        let form = self.known(value).and_then(|known| known.form.clone());
        form.unwrap_or_else(|| Form::symbol(self.symbol(value)))
    }

    pub(super) fn symbols(&self) -> &Symbols {
        &self.symbols
    }

    /// Whether the elements of two values differ at each place.
    pub(super) fn are_apart(&self, x: Value, y: Value) -> bool {
        let difference = self.form(x).sub(&self.form(y), &self.symbols);
        let differs = difference.is_some_and(|form| form.range(&self.symbols).excludes(0.0));
        differs || self.set(x).is_apart(&self.set(y))
    }
}

/// Whether a node yields its operand, as real numbers.
fn passes(graph: &Graph, node: NodeId) -> bool {
    let is_float = |value: &Value| graph.ty(*value).dtype.is_float();
    if let Family::Cast(to) = graph.op(node).family() {
        return to.is_float() && graph.operands(node).iter().all(is_float);
    }
    matches!(graph.op(node), Op::StopGradient(_) | Op::Barrier(_))
}

/// Whether a node only moves the elements of one operand, or repeats them.
pub(super) fn moves(graph: &Graph, node: NodeId) -> bool {
    let Family::View(view) = graph.op(node).family() else {
        return false;
    };
    let operands = graph.operands(node);
    let types: Vec<&Type> = operands.iter().map(|operand| graph.ty(*operand)).collect();
    let maps = view.maps(&types, graph.ty(Value { node, result: 0 }));
    matches!(maps.as_slice(), [map] if map.guard.is_always())
}

/// Whether an expression may be a sum of multiples.
fn is_arithmetic(expr: &Expr) -> bool {
    match expr {
        Expr::Unary(function, _) => *function == Unary::Neg,
        Expr::Binary(function, ..) => matches!(
            function,
            Binary::Add | Binary::Sub | Binary::Mul | Binary::Div
        ),
        Expr::Input(_)
        | Expr::Constant(_)
        | Expr::Compare(..)
        | Expr::Connect(..)
        | Expr::Not(_)
        | Expr::Truth(_)
        | Expr::Select(..)
        | Expr::Undefined(_) => false,
    }
}

fn set_of(graph: &Graph, node: NodeId, ranges: &Ranges) -> Set {
    let operands = graph.operands(node);
    let result = Value { node, result: 0 };
    let set = |position: usize| match operands.get(position) {
        Some(operand) => ranges.set(*operand),
        None => Set::ANY,
    };
    let of = |position: usize| set(position).hull();
    let joined = || {
        let all = (0..operands.len()).map(set);
        all.reduce(|x, y| x.join(&y)).unwrap_or(Set::ANY)
    };
    match graph.op(node).family() {
        Family::Pointwise(rule) | Family::Discrete(rule) => {
            let evaluation = Evaluation::of(&rule, &operands, ranges);
            let nonnegative = Range::from(End::closed(0.0));
            match representable(graph.ty(result).dtype) {
                None if is_variance(graph, node) => {
                    evaluation.set(rule.value(), 1).within(&nonnegative.into())
                }
                None if is_below_largest(graph, node) => {
                    let nonpositive = nonnegative.neg();
                    evaluation.set(rule.value(), 1).within(&nonpositive.into())
                }
                None => evaluation.set(rule.value(), 1),
                Some(all) => {
                    // Each operand is one of the numbers that there are.
                    let known = |set: &Set| set.within(&all.into());
                    let inputs = evaluation.inputs.iter().map(known).collect();
                    evaluation.on(inputs).integers(&all).into()
                }
            }
        }
        Family::Select => selected(graph, &operands, ranges),
        Family::Cast(_) => cast(graph, operands[0], result, set(0)),
        Family::View(view) => {
            let types: Vec<&Type> = operands.iter().map(|operand| graph.ty(*operand)).collect();
            let maps = view.maps(&types, graph.ty(result));
            // One operand that does not cover the result leaves places to the fill value.
            match maps.as_slice() {
                [map] if !map.guard.is_always() => {
                    set(0).join(&Range::constant(&view.fill()).into())
                }
                _ => joined(),
            }
        }
        Family::Fold(rule) => fold(graph, operands[0], result, &rule, set(0)),
        Family::Contract(op) => {
            let [x, y] = [0, 1].map(|at| &graph.ty(operands[at]).shape);
            let axes = op.axes(x.rank(), y.rank());
            let terms = axes.contract[0].iter().map(|axis| x.extent(*axis));
            let sum = of(0).binary(Binary::Mul, &of(1)).times(terms.product());
            unless_wrapped(graph.ty(result).dtype, sum.into())
        }
        Family::Gather(_) | Family::Barrier => set(0),
        Family::ScatterAdd(_) if of(2).is_at_least(0.0) => {
            unless_wrapped(graph.ty(result).dtype, Range::from(of(0).low).into())
        }
        Family::Leaf(leaf) => match graph.range(node) {
            Some((low, high)) => Range::between(low, high).into(),
            None => leaf_set(leaf),
        },
        Family::Prefix(rule) => {
            let extent = graph.ty(result).shape.extent(rule.axis);
            let all: Vec<Set> = (0..operands.len()).map(set).collect();
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
        | Family::Composite(_) => Set::ANY,
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

/// A set of integers, if none of them wraps around: sums and products do so at the end as if they did in between.
fn unless_wrapped(dtype: DType, set: Set) -> Set {
    match representable(dtype) {
        Some(all) if !set.hull().is_within(&all) => Set::ANY,
        Some(_) | None => set,
    }
}

fn leaf_set(leaf: Leaf<'_>) -> Set {
    match leaf {
        Leaf::Input(_) => Set::ANY,
        Leaf::Full(full) => Range::constant(&full.value).into(),
        Leaf::Literal(literal) => {
            let all = literal
                .elements
                .constants()
                .map(|c| Set::from(Range::constant(&c)));
            all.reduce(|x, y| x.join(&y)).unwrap_or(Set::ANY)
        }
        Leaf::Iota(iota) => {
            let axis = usize::try_from(iota.axis).unwrap_or(0);
            let last = iota.shape.extent(axis).saturating_sub(1);
            Range::between(0.0, last as f64).into()
        }
    }
}

fn cast(graph: &Graph, operand: Value, result: Value, set: Set) -> Set {
    let from = graph.ty(operand).dtype;
    let number = match representable(from) {
        _ if from == DType::Bool => Range::between(0.0, 1.0).into(),
        Some(all) => set.meet(&all.into()).unwrap_or(all.into()),
        None => set,
    };
    let to = graph.ty(result).dtype;
    // Fractions are cut off.
    match to.is_integer() && from.is_float() {
        true => Set::ANY,
        false => unless_wrapped(to, number),
    }
}

/// Where a choice lies: each side where the condition lets it be taken.
fn selected(graph: &Graph, operands: &[Value], ranges: &Ranges) -> Set {
    let side = |value: Value, holds: bool| {
        let facts = Facts::of(graph, ranges, &[(operands[0], holds)]);
        facts.set(value)
    };
    match (side(operands[1], true), side(operands[2], false)) {
        (Some(yes), Some(no)) => yes.join(&no),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => Set::ANY,
    }
}

/// Where the elements of a prefix scan along an axis of some extent lie.
fn prefix(rule: &PrefixRule, extent: u64, operands: &[Set]) -> Set {
    let [x, ..] = operands else { return Set::ANY };
    let zero = Set::from(Range::between(0.0, 0.0));
    let is_positive = |set: &Set| set.hull().is_at_least(0.0);
    let of_all: Set = match (rule.prefix, operands) {
        // From one element to all of them.
        (Prefix::Sum, _) => x.hull().join(&x.hull().times(extent)).into(),
        (Prefix::Max | Prefix::Min, _) if !rule.exclusive => return *x,
        (Prefix::Linear, [a, b]) if is_positive(a) && is_positive(b) => {
            Range::from(b.hull().low).into()
        }
        (Prefix::Max | Prefix::Min | Prefix::Product | Prefix::Linear, _) => return Set::ANY,
    };
    match rule.exclusive {
        true => of_all.join(&zero),
        false => of_all,
    }
}

fn fold(graph: &Graph, operand: Value, result: Value, rule: &FoldRule, x: Set) -> Set {
    match rule.monoid {
        Monoid::Max | Monoid::Min => x,
        Monoid::Sum => {
            let terms = graph.ty(operand).elements();
            let sums = graph.ty(result).elements();
            // Where there are no sums, anything holds of all.
            let sum = terms
                .checked_div(sums)
                .map(|terms| x.hull().times(terms).into());
            unless_wrapped(graph.ty(result).dtype, sum.unwrap_or(x))
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
mod tests;
