//! Sums of contractions, as contractions.
//!
//! A sum over batch axes of a contraction contracts them as well:
//! Σ_n Σ_c x[n, a, c]·y[n, b, c] is one contraction over (n, c). And what moves elements along an axis of one
//! operand, by an amount that depends on where they stand along another axis, is moved before it is multiplied:
//! Σ_k z[(p − k)…, k] with z[o, k] = Σ_c x[o, c]·y[k, c] is a contraction over (c, k) of y with the view
//! x[(p − k)…, c]. The latter is what the derivative of a convolution comes to, and is where the product
//! of each window with the kernel, many times as large as the image, would be in memory else.
//!
//! Real numbers are as they were, but floats are added up in another order: the pass is part of lowering,
//! and not of [`optimize`](super::optimize).

use super::bodies::with_bodies;
use super::rebuild::{Step, rebuild};
use crate::builder::Builder;
use crate::graph::{Graph, NodeId, Remap, Value};
use crate::op::attribute::as_axes;
use crate::op::{ContractAxes, Numbers, Op, Reshape, Shear, Sum, Transpose, TypeError};
use crate::shape::Shape;
use smallvec::SmallVec;

/// Puts one contraction in the place of each sum over what is contracted, where that spares a larger
/// product; in the bodies of loops and branches as well.
///
/// # Errors
/// None for a graph that verifies.
pub fn contract_sums(graph: &Graph) -> Result<(Graph, Remap), TypeError> {
    with_bodies(graph, &contract_sums_here)
}

fn contract_sums_here(graph: &Graph) -> Result<(Graph, Remap), TypeError> {
    let uses = graph.use_counts();
    rebuild(graph, |builder, node, operands| {
        let Op::Sum(sum) = graph.op(node) else {
            return Ok(Step::Keep);
        };
        // The products of halves are rounded to halves before they are summed.
        let first = graph.ty(graph.operands(node)[0]);
        if first.dtype.half().is_some() {
            return Ok(Step::Keep);
        }
        let Some(paths) = paths_to(graph, &uses, graph.operands(node)[0]) else {
            return Ok(Step::Keep);
        };
        // The paths are the same in the new graph: no step of them is a sum.
        let product = |path: &Path| {
            let contraction = builder.with_graph(|new| path.follow(new, operands[0]));
            Product::new(builder, path, contraction)
        };
        let products: Option<Vec<Product>> = paths.iter().map(product).collect();
        let products = products.unwrap_or_default();
        let plans: Option<Vec<Plan<'_>>> = products.iter().map(|p| p.plan(builder, sum)).collect();
        let mut total = None;
        for plan in plans.unwrap_or_default() {
            let part = plan.build(builder)?;
            total = Some(match total {
                Some(total) => builder.add(total, part)?,
                None => part,
            });
        }
        Ok(total.map_or(Step::Keep, Step::Fold))
    })
}

/// A sum of more contractions than this is left as it is.
const MAX_TERMS: usize = 64;

/// What lies between a contraction and a sum: transpositions, shears and additions that nothing else
/// reads.
#[derive(Clone, Default)]
struct Path {
    /// The ops, from the sum to the contraction, each with the operand through which the path goes.
    steps: Vec<(Op, usize)>,
}

/// The paths to all contractions whose sum a value is, in order; `None` if it is anything else.
fn paths_to(graph: &Graph, uses: &[u32], from: Value) -> Option<Vec<Path>> {
    let mut paths = Vec::new();
    let mut open = vec![(from, Path::default())];
    while let Some((at, path)) = open.pop() {
        let shared = uses.get(at.node.index()).is_none_or(|&count| count > 1);
        let operands = graph.operands(at.node);
        let through = |slot: usize, op: &Op| {
            let mut path = path.clone();
            path.steps.push((op.clone(), slot));
            (operands[slot], path)
        };
        let op = graph.op(at.node);
        if shared || open.len() + paths.len() >= MAX_TERMS {
            return None;
        }
        if matches!(op, Op::DotGeneral(_)) {
            paths.push(path);
        } else if matches!(op, Op::Add(_)) {
            open.extend([through(1, op), through(0, op)]);
        } else if matches!(op, Op::Transpose(_) | Op::Shear(_) | Op::Reshape(_)) {
            open.push(through(0, op));
        } else {
            return None;
        }
    }
    Some(paths)
}

impl Path {
    /// The contraction at the end of the path from a value.
    fn follow(&self, graph: &Graph, from: Value) -> NodeId {
        let back = |at: NodeId, (_, slot): &(Op, usize)| graph.operands(at)[*slot].node;
        self.steps.iter().fold(from.node, back)
    }
}

/// Elements that are moved along an axis of a contraction's result, by a shear.
#[derive(Clone, Debug)]
struct Move {
    /// Which shear of the path.
    step: usize,
    /// The axis, and that on which the amount depends, of the contraction's result.
    axis: usize,
    along: usize,
    extent: i64,
    stride: i64,
    dilation: i64,
    low: i64,
    base: i64,
}

/// A contraction and what is done to its result.
struct Product {
    operands: [Value; 2],
    axes: ContractAxes,
    moves: Vec<Move>,
    /// Where the axes of what is summed stand in the contraction's result: all that are longer than 1.
    order: Vec<Option<usize>>,
    /// The shape of what is summed.
    shape: Vec<u64>,
    /// The number of axes of the contraction's result.
    rank: usize,
}

impl Product {
    fn new(b: &Builder, path: &Path, contraction: NodeId) -> Option<Product> {
        let (op, operands) =
            b.with_graph(|graph| (graph.op(contraction).clone(), graph.operands(contraction)));
        let Op::DotGeneral(op) = op else { return None };
        let operands = [operands[0], operands[1]];
        let ranks = operands.map(|operand| b.shape(operand).rank());
        let axes = op.axes(ranks[0], ranks[1]);
        let rank = axes.batch[0].len() + axes.free[0].len() + axes.free[1].len();
        let mut product = Product {
            operands,
            axes,
            moves: Vec::new(),
            order: (0..rank).map(Some).collect(),
            shape: Vec::new(),
            rank,
        };
        product.shape = (0..rank).map(|axis| product.extent(b, axis)).collect();
        for (step, (op, _)) in path.steps.iter().rev().enumerate() {
            product.then(step, op)?;
        }
        Some(product)
    }

    /// Follows the axes through an op; `None` if they get lost.
    fn then(&mut self, step: usize, op: &Op) -> Option<()> {
        if let Op::Transpose(Transpose { permutation }) = op {
            let from = as_axes(permutation);
            self.order = from.iter().map(|&axis| self.order[axis]).collect();
            self.shape = from.iter().map(|&axis| self.shape[axis]).collect();
        }
        if let Op::Reshape(Reshape { shape }) = op {
            let shape: Vec<u64> = shape.extents().collect();
            self.order = self.reshaped(&shape)?;
            self.shape = shape;
        }
        if let Op::Shear(shear) = op {
            for (at, &axis) in as_axes(&shear.axes).iter().enumerate() {
                self.moves.push(Move {
                    step,
                    axis: self.order[axis]?,
                    along: self.order[as_axes(&shear.along)[at]]?,
                    extent: shear.extent[at],
                    stride: shear.stride[at],
                    dilation: shear.dilation[at],
                    low: shear.low[at],
                    base: shear.base[at],
                });
                self.shape[axis] = shear.extent[at].cast_unsigned();
            }
        }
        Some(())
    }

    /// Where the axes stand after a reshape that keeps all that are longer than 1. Axes of extent 1 are
    /// alike: their only coordinate is 0.
    fn reshaped(&self, shape: &[u64]) -> Option<Vec<Option<usize>>> {
        let long = |shape: &[u64]| {
            shape
                .iter()
                .copied()
                .filter(|&e| e != 1)
                .collect::<Vec<_>>()
        };
        if long(shape) != long(&self.shape) {
            return None;
        }
        let those = |unit: bool| {
            let pairs = self.order.iter().zip(&self.shape);
            pairs
                .filter(move |(_, extent)| (**extent == 1) == unit)
                .map(|(axis, _)| *axis)
        };
        let (mut units, mut others) = (those(true), those(false));
        let next = |&extent: &u64| match extent {
            1 => units.next().flatten(),
            _ => others.next().flatten(),
        };
        Some(shape.iter().map(next).collect())
    }

    /// The axis of an operand that is an axis of the result, if it has that.
    fn own_axis(&self, side: usize, axis: usize) -> Option<usize> {
        let batches = self.axes.batch[side].len();
        let first = batches + side * self.axes.free[0].len();
        let batch = self.axes.batch[side].get(axis);
        let free = axis.checked_sub(first).filter(|_| axis >= batches);
        batch.or_else(|| self.axes.free[side].get(free?)).copied()
    }

    /// How to sum over the product before it is made, if that is possible and spares something.
    fn plan<'p>(&'p self, b: &Builder, sum: &Sum) -> Option<Plan<'p>> {
        let folded = as_axes(sum.axes.as_deref().unwrap_or_default());
        let summed = folded
            .iter()
            .filter_map(|&axis| self.order[axis])
            .collect::<Vec<_>>();
        // An axis on which a move in one operand depends, and which only the other one has.
        let mut shared: Vec<usize> = Vec::new();
        for step in &self.moves {
            let lacks = |side: usize| {
                self.own_axis(side, step.axis).is_some()
                    && self.own_axis(side, step.along).is_none()
            };
            if (0..2).any(lacks) && !shared.contains(&step.along) {
                shared.push(step.along);
            }
        }
        shared.sort_unstable();
        let moved = |axis: &usize| self.moves.iter().any(|step| step.axis == *axis);
        if shared
            .iter()
            .any(|axis| moved(axis) || !summed.contains(axis))
        {
            return None;
        }
        let batch = 0..self.axes.batch[0].len();
        let batches: Vec<usize> = batch.filter(|axis| summed.contains(axis)).collect();
        let smaller = self.operands.map(|operand| b.ty(operand).elements());
        let spares = self.elements(b) > smaller[0].min(smaller[1]);
        let worthwhile = !shared.is_empty() || !batches.is_empty() && spares;
        worthwhile.then(|| Plan {
            product: self,
            shared,
            batches,
            summed,
            result: self.result(&folded, sum.keepdims),
        })
    }

    /// The shape of the sum.
    fn result(&self, folded: &[usize], keepdims: bool) -> Shape {
        let shape = Shape::new(self.shape.iter().copied());
        if keepdims {
            shape.with_ones(folded)
        } else {
            shape.without(folded)
        }
    }

    /// The number of elements of the contraction's result.
    fn elements(&self, b: &Builder) -> u64 {
        (0..self.rank).fold(1u64, |count, axis| {
            count.saturating_mul(self.extent(b, axis))
        })
    }

    /// The extent of an axis of the contraction's result, before it is moved.
    fn extent(&self, b: &Builder, axis: usize) -> u64 {
        let on = |side: usize| {
            let own = self.own_axis(side, axis)?;
            Some(b.shape(self.operands[side]).extent(own))
        };
        on(0).or_else(|| on(1)).unwrap_or(1)
    }
}

/// How a sum of a product becomes a contraction.
struct Plan<'p> {
    product: &'p Product,
    /// Free axes that become contracted axes, of both operands; ascending.
    shared: Vec<usize>,
    /// Batch axes that become contracted axes; ascending.
    batches: Vec<usize>,
    /// All axes that are summed, as axes of the contraction's result.
    summed: Vec<usize>,
    /// The shape of the sum.
    result: Shape,
}

impl Plan<'_> {
    /// The axis of a new operand that is an axis of the old contraction's result.
    fn axis(&self, b: &Builder, side: usize, axis: usize) -> Option<usize> {
        let product = self.product;
        let rank = b.shape(product.operands[side]).rank();
        let added = self.added(side);
        let place = added.iter().position(|&other| other == axis);
        product.own_axis(side, axis).or_else(|| Some(rank + place?))
    }

    /// The shared axes that an operand lacks.
    fn added(&self, side: usize) -> Vec<usize> {
        let lacks = |axis: &usize| self.product.own_axis(side, *axis).is_none();
        self.shared.iter().copied().filter(lacks).collect()
    }

    /// An operand with the shared axes, and its elements moved.
    fn operand(&self, b: &Builder, side: usize) -> Result<Value, TypeError> {
        let product = self.product;
        let x = product.operands[side];
        let shape = b.shape(x);
        let more = self.added(side);
        let more = more.iter().map(|&axis| product.extent(b, axis));
        let whole = Shape::new(shape.extents().chain(more));
        let axes: Vec<usize> = (0..shape.rank()).collect();
        let mut x = b.broadcast_in_dim(x, &whole, &axes)?;
        let steps = product.moves.iter().map(|step| step.step);
        for step in 0..steps.max().map_or(0, |last| last + 1) {
            let moves: Vec<(Move, i64, i64)> = product
                .moves
                .iter()
                .filter(|other| other.step == step)
                .filter_map(|other| {
                    let axis = self.axis(b, side, other.axis)?;
                    let along = self.axis(b, side, other.along)?;
                    Some((other.clone(), axis as i64, along as i64))
                })
                .collect();
            let list = |number: &dyn Fn(&Move) -> i64| -> Numbers {
                moves.iter().map(|(step, _, _)| number(step)).collect()
            };
            let shear = Shear {
                axes: moves.iter().map(|(_, axis, _)| *axis).collect(),
                along: moves.iter().map(|(_, _, along)| *along).collect(),
                extent: list(&|step| step.extent),
                stride: list(&|step| step.stride),
                dilation: list(&|step| step.dilation),
                low: list(&|step| step.low),
                base: list(&|step| step.base),
            };
            if !shear.axes.is_empty() {
                x = b.apply(shear, &[x])?;
            }
        }
        Ok(x)
    }

    fn is_contracted(&self, axis: usize) -> bool {
        self.shared.contains(&axis) || self.batches.contains(&axis)
    }

    fn build(&self, b: &Builder) -> Result<Value, TypeError> {
        let product = self.product;
        let operands = [self.operand(b, 0)?, self.operand(b, 1)?];
        let batches = product.axes.batch[0].len();
        let kept: Vec<usize> = (0..batches)
            .filter(|axis| !self.is_contracted(*axis))
            .collect();
        let on = |side: usize, axes: &[usize]| -> SmallVec<[usize; 4]> {
            let own = axes.iter();
            own.filter_map(|&axis| self.axis(b, side, axis)).collect()
        };
        let contract = |side: usize| {
            let mut axes = on(side, &self.batches);
            axes.extend(product.axes.contract[side].iter().copied());
            axes.extend(on(side, &self.shared));
            axes
        };
        let axes = ContractAxes {
            batch: [on(0, &kept), on(1, &kept)],
            contract: [contract(0), contract(1)],
            free: Default::default(),
        };
        let y = b.contract(operands[0], operands[1], &axes)?;
        self.finish(b, y, &kept)
    }

    /// What is still to be summed, and the axes in their order. `y` has batch axes `kept`, then the
    /// other axes of the old result that are left, ascending.
    fn finish(&self, b: &Builder, y: Value, kept: &[usize]) -> Result<Value, TypeError> {
        let product = self.product;
        let free =
            (product.axes.batch[0].len()..product.rank).filter(|axis| !self.is_contracted(*axis));
        let now: Vec<usize> = kept.iter().copied().chain(free).collect();
        let known = product.order.iter().copied().flatten();
        let mut left: Vec<usize> = known.filter(|axis| now.contains(axis)).collect();
        // The others got lost on the way, since they have extent 1.
        left.extend(
            now.iter()
                .filter(|axis| !product.order.contains(&Some(**axis))),
        );
        let place = |axis: &usize| now.iter().position(|other| other == axis);
        let permutation: Vec<usize> = left.iter().filter_map(place).collect();
        let y = b.transpose(y, &permutation)?;
        let is_summed = |place: &usize| self.summed.contains(&left[*place]);
        let rest: Vec<usize> = (0..left.len()).filter(is_summed).collect();
        let y = if rest.is_empty() {
            y
        } else {
            b.sum(y, &rest, false)?
        };
        b.reshape(y, &self.result)
    }
}
