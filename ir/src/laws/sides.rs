//! On which side of their conditions the elements of operands are at a point.

use super::needed::Needed;
use crate::constant::Constant;
use crate::graph::{Graph, NodeId};
use crate::interpret::{Groups, Interpretation, Tensor};
use crate::op::{Family, Guard, Monoid};
use crate::scalar::{Comparison, Logic, Scalar};

/// How a point misses a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Miss {
    /// The condition does not hold.
    Broken,
    /// It is not known whether it holds.
    Undecided,
}

/// For each element (each group, for a search), which side of the guard it is on, or 0 where it is not
/// needed.
pub(super) fn guard_sides<S: Scalar>(
    graph: &Graph,
    (node, guard): (NodeId, &Guard),
    values: &Interpretation<S>,
    needed: &Needed,
    is_flat: &dyn Fn(&S) -> bool,
) -> Result<Vec<i64>, Miss> {
    let operands = graph.operands(node);
    let tensor = |operand: usize| -> Result<&Tensor<S>, Miss> {
        let value = operands.get(operand).and_then(|value| values.value(*value));
        value.ok_or(Miss::Undecided)
    };
    let against = |operand: usize, bound: &Constant| -> Result<Vec<Side>, Miss> {
        let x = tensor(operand)?.as_numbers().iter();
        Ok(x.map(|x| order(x, &x.lit(bound))).collect())
    };
    let sides = match guard {
        Guard::Above { operand, bound } => {
            let above = |side: Side| {
                side.and_then(|side| match side {
                    ..0 => Err(Miss::Broken),
                    0.. => Ok(side),
                })
            };
            against(*operand, bound)?.into_iter().map(above).collect()
        }
        Guard::Nonzero { operand } => against(*operand, &Constant::integer(0))?,
        Guard::Off { operand, at } => against(*operand, at)?,
        Guard::Distinct { left, right } => {
            let (left, right) = (tensor(*left)?.as_numbers(), tensor(*right)?.as_numbers());
            let tied = |x: &S, y: &S, miss| match is_flat(x) && is_flat(y) {
                true => Ok(0),
                false => Err(miss),
            };
            let pairs = left.iter().zip(right);
            let sides = pairs.map(|(x, y)| order(x, y).or_else(|miss| tied(x, y, miss)));
            sides.collect()
        }
        Guard::UniqueWinner { operand } => {
            let Family::Fold(rule) = graph.op(node).family() else {
                return Err(Miss::Undecided);
            };
            let x = tensor(*operand)?;
            let groups = Groups::new(&x.ty.shape, &rule.axes);
            let largest = rule.monoid == Monoid::Max;
            groups.map(|group| unique_winner(x.as_numbers(), group, largest, is_flat))
        }
        // What is decided by jumps is compared as it is: see `Domain::branches`.
        Guard::OffLattice { .. } | Guard::NoTies { .. } => return Ok(Vec::new()),
    };
    let matters = |(element, side): (usize, Side)| match needed.holds(node, element) {
        true => side,
        false => Ok(0),
    };
    let sides: Vec<Side> = sides.into_iter().enumerate().map(matters).collect();
    // One that does not hold tells more than those that are not known.
    match sides.contains(&Err(Miss::Broken)) {
        true => Err(Miss::Broken),
        false => sides.into_iter().collect(),
    }
}

/// On which side of something a number is, or why on none.
pub(super) type Side = Result<i64, Miss>;

/// 1 if x > y, −1 if x < y.
fn order<S: Scalar>(x: &S, y: &S) -> Side {
    if x.compare(Comparison::Gt, y).decide() == Ok(true) {
        Ok(1)
    } else if x.compare(Comparison::Lt, y).decide() == Ok(true) {
        Ok(-1)
    } else if x.compare(Comparison::Eq, y).decide() == Ok(true) {
        Err(Miss::Broken)
    } else {
        Err(Miss::Undecided)
    }
}

/// The position in `group` of the element that is beyond all others, or of the first of several that do not
/// vary.
fn unique_winner<S: Scalar>(
    x: &[S],
    group: &[usize],
    largest: bool,
    is_flat: &dyn Fn(&S) -> bool,
) -> Side {
    let wanted = if largest { 1 } else { -1 };
    let mut best = *group.first().ok_or(Miss::Undecided)?;
    for &at in group {
        // Those that lose may tie, as the infinities around what is padded do.
        if order(&x[at], &x[best]) == Ok(wanted) {
            best = at;
        }
    }
    for &at in group.iter().filter(|&&at| at != best) {
        match order(&x[best], &x[at]) {
            Ok(side) if side == wanted => {}
            _ if is_flat(&x[best]) && is_flat(&x[at]) => {}
            Ok(_) => return Err(Miss::Undecided),
            Err(miss) => return Err(miss),
        }
    }
    Ok(best as i64)
}
