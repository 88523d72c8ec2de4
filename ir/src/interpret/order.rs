//! The permutation that sorts.

use super::{Data, NOT_NUMBERS, Outcome, Tensor, reduce::Groups};
use crate::op::SortRule;
use crate::scalar::{Comparison, Int, Logic, Scalar, Undefined};

/// The positions along the axis in sorted order, those of equal elements in their order; not known
/// for a whole group when a comparison in it is not decided.
pub(super) fn arg_sort<S: Scalar>(rule: &SortRule, x: &Tensor<S>) -> Outcome<S> {
    let groups = Groups::new(&x.ty.shape, &[rule.axis]);
    let orders = match &x.data {
        Data::Number(v) => groups.map(|group| (group.to_vec(), sorted(rule, v, group))),
        Data::Int(v) => groups.map(|group| (group.to_vec(), sorted(rule, v, group))),
        Data::Mask(_) => return Err(NOT_NUMBERS),
    };
    let mut result = vec![Int::new(rule.dtype, 0); x.len()];
    for (group, order) in orders {
        match order {
            Ok(order) => {
                for (&place, position) in group.iter().zip(order) {
                    result[place] = Int::new(rule.dtype, position as i64);
                }
            }
            Err(reason) => {
                for place in group {
                    result[place] = Int::unknown(rule.dtype, reason);
                }
            }
        }
    }
    Ok(Data::Int(result))
}

/// The positions in `group` in sorted order, by merging runs of 1, 2, 4, … elements.
fn sorted<T: Scalar>(rule: &SortRule, x: &[T], group: &[usize]) -> Result<Vec<usize>, Undefined> {
    let count = group.len();
    let mut order: Vec<usize> = (0..count).collect();
    let mut width = 1;
    while width < count {
        let mut merged = Vec::with_capacity(count);
        for run in order.chunks(2 * width) {
            let (mut left, mut right) = run.split_at(width.min(run.len()));
            while let ([first, rest @ ..], [other, others @ ..]) = (left, right) {
                if comes_before(rule, &x[group[*other]], &x[group[*first]])? {
                    merged.push(*other);
                    right = others;
                } else {
                    merged.push(*first);
                    left = rest;
                }
            }
            merged.extend(left.iter().chain(right));
        }
        order = merged;
        width *= 2;
    }
    Ok(order)
}

/// Whether y must stand before x, which it does not in the tensor.
fn comes_before<T: Scalar>(rule: &SortRule, y: &T, x: &T) -> Result<bool, Undefined> {
    // Where an enclosure decides the comparison, neither side can be NaN.
    let is_nan = |x: &T| x.compare(Comparison::Ne, x).decide() == Ok(true);
    let (beyond, y_first) = if rule.descending {
        (Comparison::Gt, is_nan(y) && !is_nan(x))
    } else {
        (Comparison::Lt, is_nan(x) && !is_nan(y))
    };
    Ok(y_first || y.compare(beyond, x).decide()?)
}
