//! Bounds of integers that are known from the form of a graph alone.
//!
//! They tell which indices cannot be out of range, so that nothing checks them when the program
//! runs: positions, what sorts and searches yield, and what is clamped.

use lgc_ir::dtype::DType;
use lgc_ir::expr::{Expr, ExprId, Rule};
use lgc_ir::graph::{Graph, NodeId, Value};
use lgc_ir::op::{Family, Iota, Leaf};
use lgc_ir::scalar::Binary;
use lgc_ir::shape::Type;
use rustc_hash::FxHashMap;

/// The smallest and the largest value that an element may have.
pub(super) type Bounds = (i64, i64);

/// For each node that holds integers, the bounds of its elements: those of the dtype where no others
/// are known, or where arithmetic may wrap around.
pub(in crate::lower) fn bounds(graph: &Graph) -> Vec<Option<Bounds>> {
    let mut known: Vec<Option<Bounds>> = Vec::with_capacity(graph.len());
    for node in graph.nodes() {
        let ty = graph.ty(Value { node, result: 0 });
        let all = ty.dtype.integer_range();
        known.push(all.map(|all| within(of_node(graph, node, ty, &known), all)));
    }
    known
}

/// The bounds, if all that is between them is in a range; else the range.
fn within(bounds: Option<Bounds>, all: Bounds) -> Bounds {
    bounds
        .filter(|bounds| all.0 <= bounds.0 && bounds.1 <= all.1)
        .unwrap_or(all)
}

fn of_node(graph: &Graph, node: NodeId, ty: &Type, known: &[Option<Bounds>]) -> Option<Bounds> {
    let operands = graph.operands(node);
    let of = |slot: usize| {
        let operand = operands.get(slot).filter(|operand| operand.result == 0)?;
        known.get(operand.node.index()).copied().flatten()
    };
    let positions = |extent: u64| Some((0, i64::try_from(extent).ok()?.checked_sub(1)?.max(0)));
    match graph.op(node).family() {
        Family::Leaf(leaf) => of_leaf(leaf, ty),
        Family::Pointwise(rule) | Family::Discrete(rule) => {
            let inputs: Option<Vec<Bounds>> = (0..operands.len()).map(of).collect();
            of_rule(&rule, ty.dtype.integer_range()?, &inputs?)
        }
        Family::Select => Some(join(of(1)?, of(2)?)),
        Family::Cast(_) => match graph.ty(operands[0]).dtype {
            DType::Bool => Some((0, 1)),
            DType::I32 | DType::I64 | DType::U32 => of(0),
            DType::F16 | DType::Bf16 | DType::F32 | DType::F64 => None,
        },
        Family::View(view) => {
            let fill = view.fill().as_i64()?;
            let types: Vec<&Type> = operands.iter().map(|operand| graph.ty(*operand)).collect();
            let maps = view.maps(&types, ty);
            // One operand that does not cover the result leaves places to the fill value.
            let fills = maps.len() == 1 && !maps[0].guard.is_always();
            let mut all = fills.then_some((fill, fill));
            for slot in 0..operands.len() {
                let next = of(slot)?;
                all = Some(all.map_or(next, |all| join(all, next)));
            }
            all
        }
        Family::ArgFold(rule) => positions(graph.ty(operands[0]).shape.extent(rule.axis)),
        Family::ArgSort(rule) => positions(ty.shape.extent(rule.axis)),
        Family::Gather(_) | Family::Barrier => of(0),
        Family::Fold(_)
        | Family::Prefix(_)
        | Family::Contract(_)
        | Family::ScatterAdd(_)
        | Family::Compare(_)
        | Family::Connect(_)
        | Family::Not
        | Family::Scan(_)
        | Family::Cond(_)
        | Family::Composite(_) => None,
    }
}

fn of_leaf(leaf: Leaf<'_>, ty: &Type) -> Option<Bounds> {
    match leaf {
        Leaf::Input(_) => None,
        Leaf::Full(full) => full.value.as_i64().map(|value| (value, value)),
        Leaf::Literal(literal) => {
            let values = literal.elements.constants().map(|value| value.as_i64());
            values
                .map(|value| value.map(|v| (v, v)))
                .reduce(|all, next| Some(join(all?, next?)))?
        }
        Leaf::Iota(Iota { axis, .. }) => {
            let extent = ty.shape.extent(usize::try_from(*axis).ok()?);
            Some((0, i64::try_from(extent).ok()?.saturating_sub(1).max(0)))
        }
    }
}

/// Bounds of a function of numbers of a range, from those of its operands.
fn of_rule(rule: &Rule, all: Bounds, inputs: &[Bounds]) -> Option<Bounds> {
    let mut values: FxHashMap<ExprId, Bounds> = FxHashMap::default();
    for id in rule.reachable(&[rule.value()]) {
        let of = |id: &ExprId| values.get(id).copied().unwrap_or(all);
        let bounds = match rule.expr(id) {
            Expr::Input(slot) => inputs.get(*slot).copied(),
            Expr::Constant(constant) => constant.as_i64().map(|value| (value, value)),
            Expr::Binary(function, x, y) => of_binary(*function, of(x), of(y)),
            Expr::Select(_, x, y) => Some(join(of(x), of(y))),
            Expr::Unary(..)
            | Expr::Compare(..)
            | Expr::Connect(..)
            | Expr::Not(_)
            | Expr::Truth(_)
            | Expr::Undefined(_) => None,
        };
        values.insert(id, within(bounds, all));
    }
    values.get(&rule.value()).copied()
}

fn of_binary(function: Binary, x: Bounds, y: Bounds) -> Option<Bounds> {
    match function {
        Binary::Add => Some((x.0.checked_add(y.0)?, x.1.checked_add(y.1)?)),
        Binary::Sub => Some((x.0.checked_sub(y.1)?, x.1.checked_sub(y.0)?)),
        Binary::Mul => {
            let ends = [(x.0, y.0), (x.0, y.1), (x.1, y.0), (x.1, y.1)];
            let products = ends.map(|(x, y)| x.checked_mul(y).map(|product| (product, product)));
            products
                .into_iter()
                .reduce(|all, next| Some(join(all?, next?)))?
        }
        Binary::Min => Some((x.0.min(y.0), x.1.min(y.1))),
        Binary::Max => Some((x.0.max(y.0), x.1.max(y.1))),
        Binary::Div
        | Binary::Rem
        | Binary::Pow
        | Binary::And
        | Binary::Or
        | Binary::Xor
        | Binary::Shl
        | Binary::Shr => None,
    }
}

fn join(x: Bounds, y: Bounds) -> Bounds {
    (x.0.min(y.0), x.1.max(y.1))
}
