//! Lints: what is defined and yet not what its author meant, on the ranges that are declared.
//!
//! Floats overflow where reals do not, differences of nearly equal numbers have few digits, and a gradient that is 0
//! whatever the inputs are trains nothing. None of it is an error: a report names it beside the conditions.

use super::body::{Part, visit};
use super::range::Range;
use crate::constant::Constant;
use crate::dtype::DType;
use crate::graph::{Graph, NodeId, Value};
use crate::module::Entry;
use crate::op::{Family, Op, TypeError};
use crate::rewrite::{decompose_deeply, passes};
use crate::span::Span;
use rustc_hash::FxHashSet;

/// Something that may not be meant.
#[derive(Clone, Debug, PartialEq)]
pub struct Lint {
    /// What it is, in words.
    pub what: String,
    /// Where in the source it is.
    pub span: Span,
    /// The graph in the body of which it stands, where that is a loop's or a branch's.
    pub body: Option<String>,
}

/// What may not be meant in an entry, each once for a place.
///
/// # Errors
/// A decomposition does not type-check, which is a fault of lgc.
pub fn lints(entry: &Entry) -> Result<Vec<Lint>, TypeError> {
    let mut found = Vec::new();
    let (deep, _) = decompose_deeply(&entry.graph)?;
    visit(&deep, &mut |part, node| {
        let what = overflow(part, node);
        found.extend(what.map(|what| at(part, node, what)));
    });
    visit(&entry.graph, &mut |part, node| {
        let what = cancellation(part, node);
        found.extend(what.map(|what| at(part, node, what)));
    });
    found.extend(zeros(entry)?);
    let mut known = FxHashSet::default();
    found.retain(|lint| known.insert((lint.what.clone(), lint.span)));
    Ok(found)
}

fn at(part: &Part<'_>, node: NodeId, what: String) -> Lint {
    Lint {
        what,
        span: part.graph.span(node),
        body: part.region.map(|region| region.name().to_string()),
    }
}

/// The largest number of a float dtype.
fn largest(dtype: DType) -> Option<f64> {
    match dtype {
        DType::F16 => Some(65504.0),
        // (2 − 2⁻⁷)·2¹²⁷.
        DType::Bf16 => Some((2.0 - 2f64.powi(-7)) * 2f64.powi(127)),
        DType::F32 => Some(f64::from(f32::MAX)),
        DType::F64 => Some(f64::MAX),
        DType::Bool | DType::I32 | DType::I64 | DType::U32 => None,
    }
}

/// Whether all of a range can be held by floats up to `largest`.
fn is_held(range: &Range, largest: f64) -> bool {
    range.is_within(&Range::between(-largest, largest))
}

/// That a node may be infinite though its operands are not, on the ranges that are declared of inputs. Where nothing is
/// declared, nothing is said.
fn overflow(part: &Part<'_>, node: NodeId) -> Option<String> {
    let graph = part.graph;
    let result = Value { node, result: 0 };
    let dtype = graph.ty(result).dtype;
    let most = largest(dtype)?;
    let computes = matches!(
        graph.op(node).family(),
        Family::Pointwise(_) | Family::Fold(_) | Family::Contract(_) | Family::Prefix(_)
    );
    let operands = graph.operands(node);
    let all_held = operands.iter().all(|operand| {
        let held = largest(graph.ty(*operand).dtype).unwrap_or(f64::MAX);
        is_held(&part.ranges.value(*operand), held)
    });
    // A pole is a condition.
    let has_pole = graph
        .op(node)
        .guards()
        .iter()
        .any(|guard| guard.is_singular());
    let range = part.ranges.value(result);
    if !computes || operands.is_empty() || !all_held || has_pole || is_held(&range, most) {
        return None;
    }
    let name = graph.op(node).spec().name;
    let reach = range.high.at.abs().max(range.low.at.abs());
    let reach = match reach.is_finite() {
        true => format!("magnitudes reach {reach:.1e}"),
        false => "magnitudes have no bound".to_string(),
    };
    Some(format!(
        "`{name}` may overflow {dtype} on the declared ranges: {reach}, and {dtype} ends at {most:.1e}"
    ))
}

/// That a node is a difference of what may be nearly equal, where there is an op that keeps the digits.
fn cancellation(part: &Part<'_>, node: NodeId) -> Option<String> {
    let graph = part.graph;
    let op = graph.op(node);
    let operands = graph.operands(node);
    let one = |value: Value, number: i64| {
        let range = part.ranges.value(value);
        range.only() == Some(number as f64)
    };
    let exponent = |value: Value| {
        let is_exp = matches!(graph.op(value.node), Op::Exp(_));
        is_exp.then(|| graph.operands(value.node)[0])
    };
    let is_near_zero = |value: Value| {
        let near = Range::between(-0.5, 0.5);
        part.ranges.value(value).meet(&near).is_some()
    };
    if matches!(op, Op::Sub(_)) && one(operands[1], 1) {
        let x = exponent(operands[0])?;
        return is_near_zero(x).then(|| digits("exp(x) - 1", "expm1(x)"));
    }
    if matches!(op, Op::Log(_)) && matches!(graph.op(operands[0].node), Op::Add(_)) {
        let terms = graph.operands(operands[0].node);
        let other = match (one(terms[0], 1), one(terms[1], 1)) {
            (true, _) => terms[1],
            (false, true) => terms[0],
            (false, false) => return None,
        };
        return is_near_zero(other).then(|| digits("log(1 + x)", "log1p(x)"));
    }
    if matches!(op, Op::Sub(_)) && is_raw_variance(graph, operands[0], operands[1]) {
        return Some(
            "mean(x²) − mean(x)² has few digits where the mean is large: mean(square(x − mean(x))) keeps them"
                .to_string(),
        );
    }
    None
}

fn digits(what: &str, instead: &str) -> String {
    format!("`{what}` has few digits where x is near 0: `{instead}` keeps them")
}

/// Whether these are the mean of squares, and the square of the mean.
fn is_raw_variance(graph: &Graph, squares: Value, square: Value) -> bool {
    let operand = |value: Value| graph.operands(value.node).first().copied();
    let squared = |value: Value| {
        let operands = graph.operands(value.node);
        let of = graph.op(value.node);
        let is_product = matches!(of, Op::Mul(_)) && operands[0] == operands[1];
        let is_square = is_product || matches!(of, Op::Square(_));
        is_square.then(|| operands[0])
    };
    let is_mean = |value: Value| matches!(graph.op(value.node), Op::Mean(_));
    let Some(mean) = squared(square) else {
        return false;
    };
    let same = || {
        let of_squares = squared(operand(squares)?)?;
        Some(of_squares == operand(mean)?)
    };
    is_mean(squares)
        && is_mean(mean)
        && graph.op(squares.node) == graph.op(mean.node)
        && same() == Some(true)
}

/// The results that are 0 whatever the inputs are, of an entry that takes derivatives.
fn zeros(entry: &Entry) -> Result<Vec<Lint>, TypeError> {
    let graph = &entry.graph;
    let takes_derivatives = graph
        .nodes()
        .any(|node| graph.is_of_rule(node) || graph.differentiation(node).is_some());
    if !takes_derivatives && entry.hypotheses.is_none() {
        return Ok(Vec::new());
    }
    let mut simple = graph.clone();
    for (_, pass) in passes() {
        simple = pass(&simple)?.0;
    }
    let is_zero = |value: Value| {
        let mut at = value;
        while matches!(simple.op(at.node), Op::BroadcastInDim(_) | Op::Reshape(_)) {
            at = simple.operands(at.node)[0];
        }
        if let Op::Full(full) = simple.op(at.node) {
            full.value == Constant::integer(0)
        } else {
            false
        }
    };
    let results = simple.outputs().iter().zip(graph.outputs());
    let zeros = results
        .filter(|(output, _)| simple.ty(output.value).dtype.is_float() && is_zero(output.value));
    Ok(zeros
        .map(|(output, of)| Lint {
            what: format!("`{}` is 0 whatever the inputs are", output.name),
            span: graph.span(of.value.node),
            body: None,
        })
        .collect())
}
