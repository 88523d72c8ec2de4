//! Differences of which the form tells a sign: the mean of squares less the square of the mean, which is a variance, and
//! numbers less the largest of them.

use crate::expr::Expr;
use crate::graph::{Graph, NodeId, Value};
use crate::op::{Family, FoldRule, Leaf, Monoid, Op};
use crate::scalar::Binary;

/// Whether a node is Σc²/n − (Σc/n)², with the same sums of at most n terms: not negative by the inequality of Cauchy and
/// Schwarz.
pub(super) fn is_variance(graph: &Graph, node: NodeId) -> bool {
    let Some([squares, square]) = binary(graph, node, Binary::Sub) else {
        return false;
    };
    let squared = |value: Value| match binary(graph, value.node, Binary::Mul) {
        Some([x, y]) if passed(graph, x) == passed(graph, y) => Some(passed(graph, x)),
        Some(_) | None => None,
    };
    let means = || {
        let whole = mean(graph, squares)?;
        let part = mean(graph, squared(square)?)?;
        let same = whole.count == part.count && whole.rule == part.rule;
        let is_of_squares = squared(whole.of)? == passed(graph, part.of);
        Some(same && is_of_squares && whole.count >= whole.terms as f64)
    };
    means().unwrap_or(false)
}

/// Whether a node is x − max x, with the largest elements of groups of x repeated over these.
pub(super) fn is_below_largest(graph: &Graph, node: NodeId) -> bool {
    let op = graph.op(node);
    if !matches!(op, Op::Sub(_) | Op::SubtractNoNan(_)) {
        return false;
    }
    let operands = graph.operands(node);
    let mut largest = passed(graph, operands[1]);
    if let Op::BroadcastInDim(spread) = graph.op(largest.node) {
        let rank = graph.ty(operands[0]).shape.rank();
        // Each axis of the largest elements is the same one of x.
        if !spread.axes.iter().copied().eq(0..rank as i64) {
            return false;
        }
        largest = passed(graph, graph.operands(largest.node)[0]);
    }
    let Family::Fold(rule) = graph.op(largest.node).family() else {
        return false;
    };
    let folded = passed(graph, graph.operands(largest.node)[0]);
    rule.monoid == Monoid::Max && rule.keepdims && folded == passed(graph, operands[0])
}

/// A sum that is divided by a number.
struct Divided {
    of: Value,
    rule: FoldRule,
    /// How many terms each sum has.
    terms: u64,
    count: f64,
}

fn mean(graph: &Graph, value: Value) -> Option<Divided> {
    let [sum, count] = binary(graph, value.node, Binary::Div)?;
    let Family::Leaf(Leaf::Full(full)) = graph.op(count.node).family() else {
        return None;
    };
    let Family::Fold(rule) = graph.op(sum.node).family() else {
        return None;
    };
    let of = *graph.operands(sum.node).first()?;
    let terms = graph
        .ty(of)
        .elements()
        .checked_div(graph.ty(sum).elements())?;
    (rule.monoid == Monoid::Sum).then(|| Divided {
        of,
        rule: rule.clone(),
        terms,
        count: full.value.to_f64(),
    })
}

/// What a value is the same number as, though it may have another derivative.
fn passed(graph: &Graph, value: Value) -> Value {
    if matches!(graph.op(value.node), Op::StopGradient(_)) {
        graph.operands(value.node)[0]
    } else {
        value
    }
}

/// The operands of a node that applies a function of two numbers; both are the same for a function of one of them.
fn binary(graph: &Graph, node: NodeId, function: Binary) -> Option<[Value; 2]> {
    let Family::Pointwise(rule) = graph.op(node).family() else {
        return None;
    };
    let Expr::Binary(found, x, y) = rule.expr(rule.value()) else {
        return None;
    };
    let operands = graph.operands(node);
    let operand = |id| {
        if let Expr::Input(position) = rule.expr(id) {
            operands.get(*position).copied()
        } else {
            None
        }
    };
    (*found == function).then_some([operand(*x)?, operand(*y)?])
}
