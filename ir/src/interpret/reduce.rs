//! Folds, searches and contractions: ops whose result elements combine many operand elements.

use super::{Data, Machine, NOT_NUMBERS, Outcome, Tensor};
use crate::op::{ArgRule, DotGeneral, FoldRule, Monoid};
use crate::scalar::{Comparison, Int, Logic, Scalar, Undefined};
use crate::shape::{Shape, Type};

impl<S: Scalar> Machine<'_, S> {
    pub(super) fn fold(&self, rule: &FoldRule, x: &Tensor<S>, ty: &Type) -> Outcome<S> {
        let groups = Groups::new(&x.ty.shape, &rule.axes);
        Ok(match &x.data {
            Data::Number(v) => {
                let combine = |group: &[usize]| {
                    let mut elements = group.iter().map(|&at| v[at].clone());
                    match rule.monoid {
                        Monoid::Sum => S::sum_of(self.world, ty.dtype, &mut elements),
                        Monoid::Max | Monoid::Min => elements
                            .reduce(|a, b| rule.monoid.combine(&a, &b))
                            .unwrap_or_else(|| {
                                S::constant(self.world, ty.dtype, &rule.monoid.identity(ty.dtype))
                            }),
                    }
                };
                Data::Number(groups.map(combine))
            }
            Data::Int(v) => {
                let start = Int::constant(&(), ty.dtype, &rule.monoid.identity(ty.dtype));
                Data::Int(groups.map(|group| {
                    group
                        .iter()
                        .fold(start, |sum, &at| rule.monoid.combine(&sum, &v[at]))
                }))
            }
            Data::Mask(_) => return Err(NOT_NUMBERS),
        })
    }

    pub(super) fn contract(
        &self,
        op: &DotGeneral,
        x: &Tensor<S>,
        y: &Tensor<S>,
        ty: &Type,
    ) -> Outcome<S> {
        let plan = Contraction::new(op, &x.ty.shape, &y.ty.shape);
        let start = |at: u64| offsets(&ty.shape.unravel(at), &plan.result);
        let all = 0..ty.elements();
        match (&x.data, &y.data) {
            (Data::Number(x), Data::Number(y)) => {
                let dot = |at| S::dot_at(self.world, ty.dtype, [x, y], start(at), &plan.inner);
                Ok(Data::Number(all.map(dot).collect()))
            }
            (Data::Int(x), Data::Int(y)) => {
                let dot = |at| Int::dot_at(&(), ty.dtype, [x, y], start(at), &plan.inner);
                Ok(Data::Int(all.map(dot).collect()))
            }
            (_, _) => Err(NOT_NUMBERS),
        }
    }
}

/// Position along the axis of the first winner of each group. An element wins over another when it
/// is beyond it, or is NaN while the other is not.
pub(super) fn arg_fold<S: Scalar>(rule: &ArgRule, x: &Tensor<S>) -> Outcome<S> {
    let groups = Groups::new(&x.ty.shape, &[rule.axis]);
    let positions = match &x.data {
        Data::Number(v) => groups.map(|group| first_winner(rule, v, group)),
        Data::Int(v) => groups.map(|group| first_winner(rule, v, group)),
        Data::Mask(_) => return Err(NOT_NUMBERS),
    };
    let int = |position: Result<i64, Undefined>| match position {
        Ok(position) => Int::new(rule.dtype, position),
        Err(reason) => Int::unknown(rule.dtype, reason),
    };
    Ok(Data::Int(positions.into_iter().map(int).collect()))
}

fn first_winner<T: Scalar>(rule: &ArgRule, x: &[T], group: &[usize]) -> Result<i64, Undefined> {
    let beyond = if rule.largest {
        Comparison::Gt
    } else {
        Comparison::Lt
    };
    let mut best = 0;
    for (position, &at) in group.iter().enumerate().skip(1) {
        let (challenger, champion) = (&x[at], &x[group[best]]);
        // Where an enclosure decides the comparison, neither side can be NaN.
        let is_nan = |x: &T| x.compare(Comparison::Ne, x).decide() == Ok(true);
        let wins = challenger.compare(beyond, champion).decide()?;
        if wins || (is_nan(challenger) && !is_nan(champion)) {
            best = position;
        }
    }
    Ok(best as i64)
}
/// The elements that each result of a fold combines, in row-major order.
pub(crate) struct Groups {
    members: Vec<Vec<usize>>,
}

impl Groups {
    /// The groups that folding `axes` of a tensor combines.
    pub(crate) fn new(shape: &Shape, axes: &[usize]) -> Self {
        let kept = shape.with_ones(axes);
        let mut members = vec![Vec::new(); kept.elements() as usize];
        for at in 0..shape.elements() {
            let mut coordinates = shape.unravel(at);
            for &axis in axes {
                coordinates[axis] = 0;
            }
            if let Some(group) = kept.ravel(&coordinates) {
                members[group as usize].push(at as usize);
            }
        }
        Groups { members }
    }

    /// A value for each group, from the positions of its elements.
    pub(crate) fn map<T>(&self, combine: impl Fn(&[usize]) -> T) -> Vec<T> {
        self.members.iter().map(|group| combine(group)).collect()
    }
}

/// Where the factors of a contraction stand: at the sum of two offsets in each operand.
struct Contraction {
    /// The strides of each result axis in the two operands.
    result: Vec<[u64; 2]>,
    /// The offsets of each combination of contracting coordinates, in order.
    inner: Vec<[usize; 2]>,
}

impl Contraction {
    fn new(op: &DotGeneral, x: &Shape, y: &Shape) -> Self {
        let axes = op.axes(x.rank(), y.rank());
        let (sx, sy) = (x.strides(), y.strides());
        let both = |pair: [&[usize]; 2]| -> Vec<[u64; 2]> {
            let pairs = pair[0].iter().zip(pair[1]);
            pairs.map(|(&a, &b)| [sx[a], sy[b]]).collect()
        };
        let mut result = both([&axes.batch[0], &axes.batch[1]]);
        result.extend(axes.free[0].iter().map(|&a| [sx[a], 0]));
        result.extend(axes.free[1].iter().map(|&b| [0, sy[b]]));
        let contracted = Shape::new(axes.contract[0].iter().map(|&a| x.extent(a)));
        let strides = both([&axes.contract[0], &axes.contract[1]]);
        // Without result elements nothing is read, however many combinations there would be.
        let is_empty = x.elements() == 0 || y.elements() == 0;
        let count = if is_empty { 0 } else { contracted.elements() };
        let inner = (0..count).map(|at| offsets(&contracted.unravel(at), &strides));
        Contraction {
            inner: inner.collect(),
            result,
        }
    }
}

fn offsets(coordinates: &[i64], strides: &[[u64; 2]]) -> [usize; 2] {
    [0, 1].map(|side| {
        let terms = coordinates.iter().zip(strides);
        terms
            .map(|(&c, stride)| c as usize * stride[side] as usize)
            .sum()
    })
}
