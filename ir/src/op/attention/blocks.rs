//! Attention in blocks of queries, where the scores of all would be more than may be in memory.

use super::{Extents, ScaledDotProductAttention, counting};
use crate::builder::Builder;
use crate::graph::{Graph, Value};
use crate::op::{Call, Input, Pullback, Region, Scan, TypeError};
use crate::shape::{Shape, Type};
use std::rc::Rc;

impl ScaledDotProductAttention {
    /// A block of queries at a time, where the scores of all would be more than may be in memory. The
    /// derivative computes the scores of a block again.
    pub(super) fn in_blocks(
        &self,
        b: &Builder,
        [q, k, v]: [Value; 3],
        mask: Option<Value>,
        block: u64,
    ) -> Result<Value, TypeError> {
        let axis = b.shape(q).rank() - 2;
        let length = b.shape(q).extent(axis);
        let rows = match self.causal {
            true => {
                let all = Shape::new([length]);
                let square = Shape::new([length, b.shape(k).extent(axis)]);
                let rows = b.iota(&all, 0, counting(&square))?;
                Some(b.reshape(rows, &Shape::new([length / block, block]))?)
            }
            false => None,
        };
        // A mask may say the same of all queries.
        let own_rows = |mask: &Value| {
            let shape = b.shape(*mask);
            let axis = shape.rank().checked_sub(2);
            axis.is_some_and(|axis| shape.extent(axis) == length)
        };
        let cut_mask = mask.filter(own_rows);
        let cut_mask = cut_mask.map(|x| cut(b, x, b.shape(x).rank() - 2, block));
        let stacked: Vec<Value> = [Some(cut(b, q, axis, block)?), rows, cut_mask.transpose()?]
            .into_iter()
            .flatten()
            .collect();
        let closed = [Some(k), Some(v), mask.filter(|mask| !own_rows(mask))];
        let operands: Vec<Value> = stacked
            .iter()
            .copied()
            .chain(closed.into_iter().flatten())
            .collect();
        let types = operands.iter().enumerate().map(|(place, x)| {
            let ty = b.ty(*x);
            match place < stacked.len() {
                true => ty.with_shape(ty.shape.without(&[0])),
                false => ty,
            }
        });
        let types: Vec<Type> = types.collect();
        let turn = graph_of(b, &types, "y", &|body, inputs| {
            let (slices, closed) = inputs.split_at(stacked.len());
            let [q, k, v] = [slices[0], closed[0], closed[1]];
            let rows = self.causal.then(|| slices[1]);
            let mask = mask.and_then(|mask| match own_rows(&mask) {
                true => slices.last().copied(),
                false => closed.last().copied(),
            });
            let extents = Extents::new(&body.shape(q), &body.shape(v));
            let extents = extents.ok_or_else(|| TypeError::new("attention of other shapes"))?;
            self.attend(body, [q, k, v], mask, rows, &extents)
        })?;
        let again = Region::new("attention", Vec::new(), turn, Pullback::Recompute)?;
        let region = Rc::new(again);
        let call = graph_of(b, &types, "y", &|body, inputs| {
            body.apply(
                Call {
                    region: region.clone(),
                },
                inputs,
            )
        })?;
        let scan = Scan {
            region: Rc::new(Region::made("attention_blocks", Vec::new(), call)),
            carries: 0,
            stacked: stacked.len(),
            length: length / block,
            reverse: false,
        };
        let blocks = b.apply(scan, &operands)?;
        joined(b, blocks, axis)
    }
}

/// The most bytes of scores that are computed at a time where not all can be.
const BLOCK_BYTES: u64 = 1 << 30;

/// How many of `length` rows, of so many bytes each, are a block: a divisor.
pub(super) fn block_of(length: u64, bytes: u64) -> u64 {
    let most = (BLOCK_BYTES / bytes.max(1)).clamp(1, length.max(1));
    (1..=most)
        .rev()
        .find(|block| length.is_multiple_of(*block))
        .unwrap_or(1)
}

/// x with an axis cut into blocks, whose number is the first axis.
fn cut(b: &Builder, x: Value, axis: usize, block: u64) -> Result<Value, TypeError> {
    let shape = b.shape(x);
    let extents = shape.extents().enumerate();
    let extents = extents.flat_map(|(at, extent)| match at == axis {
        true => vec![extent / block, block],
        false => vec![extent],
    });
    let x = b.reshape(x, &Shape::new(extents))?;
    let others = (0..=shape.rank()).filter(|&at| at != axis);
    b.transpose(
        x,
        &std::iter::once(axis).chain(others).collect::<Vec<usize>>(),
    )
}

/// The inverse of [`cut`].
fn joined(b: &Builder, x: Value, axis: usize) -> Result<Value, TypeError> {
    let shape = b.shape(x);
    let order = (1..=axis).chain([0]).chain(axis + 1..shape.rank());
    let x = b.transpose(x, &order.collect::<Vec<usize>>())?;
    let slice = shape.without(&[0]);
    let extents = slice.extents().enumerate();
    let extents = extents.map(|(at, extent)| match at == axis {
        true => extent * shape.extent(0),
        false => extent,
    });
    b.reshape(x, &Shape::new(extents))
}

/// What makes a value of inputs.
type Make<'m> = dyn Fn(&Builder, &[Value]) -> Result<Value, TypeError> + 'm;

/// A graph of inputs of these types, with what is made of them as its output.
fn graph_of(b: &Builder, types: &[Type], name: &str, make: &Make<'_>) -> Result<Graph, TypeError> {
    let body = Builder::new(b.with_graph(Graph::like), b.span());
    let input = |ty: &Type| {
        let (dtype, shape) = (ty.dtype, ty.shape.clone());
        body.apply(Input { dtype, shape }, &[])
    };
    let inputs: Vec<Value> = types.iter().map(input).collect::<Result<_, _>>()?;
    let y = make(&body, &inputs)?;
    let mut graph = body.finish();
    graph.add_output(name, y);
    Ok(graph)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autodiff::gradient;
    use crate::dtype::DType;
    use crate::interpret::{Tensor, interpret};
    use crate::span::Span;

    /// An attention as a graph, all at once or in blocks of so many queries.
    fn graph(op: &ScaledDotProductAttention, types: &[Type], block: Option<u64>) -> Graph {
        let b = Builder::new(Graph::new(), Span::SYNTHETIC);
        let input = |ty: &Type| {
            let (dtype, shape) = (ty.dtype, ty.shape.clone());
            b.apply(Input { dtype, shape }, &[]).unwrap()
        };
        let inputs: Vec<Value> = types.iter().map(input).collect();
        let (qkv, mask) = ([inputs[0], inputs[1], inputs[2]], inputs.get(3).copied());
        let y = match block {
            Some(block) => op.in_blocks(&b, qkv, mask, block).unwrap(),
            None => {
                let extents = Extents::new(&b.shape(qkv[0]), &b.shape(qkv[2])).unwrap();
                op.attend(&b, qkv, mask, None, &extents).unwrap()
            }
        };
        let rank = b.shape(y).rank();
        let sum = b.sum(b.mul(y, y).unwrap(), &(0..rank).collect::<Vec<_>>(), false);
        b.edit(|graph| {
            graph.add_output("y", y);
            graph.add_output("s", sum.unwrap());
        });
        b.finish()
    }

    fn values(types: &[Type]) -> Vec<Tensor<f64>> {
        let mut seed = 1u64;
        let mut next = || {
            seed = seed
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (seed >> 40) as f64 / f64::from(1 << 23) - 1.0
        };
        let tensor = |ty: &Type| {
            let numbers: Vec<f64> = (0..ty.elements()).map(|_| next()).collect();
            if ty.dtype == DType::Bool {
                Tensor::masks(ty.shape.clone(), numbers.iter().map(|x| *x > 0.0))
            } else {
                Tensor::numbers(ty.clone(), numbers)
            }
        };
        types.iter().map(tensor).collect()
    }

    #[test]
    fn blocks_of_queries_come_to_the_same() {
        let ty = |dtype, extents: &[u64]| Type::new(dtype, Shape::new(extents.iter().copied()));
        let float = |extents: &[u64]| ty(DType::F64, extents);
        let plain = vec![float(&[6, 2]), float(&[5, 2]), float(&[5, 3])];
        let heads = vec![
            float(&[2, 4, 6, 2]),
            float(&[2, 2, 6, 2]),
            float(&[2, 2, 6, 3]),
        ];
        let with = |types: &[Type], mask: Type| [types, &[mask]].concat();
        let cases = [
            plain.clone(),
            heads.clone(),
            with(&plain, ty(DType::Bool, &[6, 5])),
            with(&plain, float(&[5])),
            with(&heads, float(&[4, 6, 1])),
            with(&heads, ty(DType::Bool, &[1, 6])),
        ];
        for (types, causal) in cases
            .iter()
            .flat_map(|types| [(types, false), (types, true)])
        {
            let op = ScaledDotProductAttention {
                causal,
                scale: None,
            };
            let inputs = values(types);
            let whole = graph(&op, types, None);
            let wanted = [whole.clone(), gradient(&whole, 1, &[0, 1, 2]).unwrap()];
            for block in [1, 2, 3, 6] {
                let blocks = graph(&op, types, Some(block));
                let found = [blocks.clone(), gradient(&blocks, 1, &[0, 1, 2]).unwrap()];
                for (wanted, found) in wanted.iter().zip(&found) {
                    let wanted = interpret(wanted, &(), &inputs).unwrap();
                    let found = interpret(found, &(), &inputs).unwrap();
                    for (wanted, found) in wanted.outputs().iter().zip(found.outputs()) {
                        let pairs = wanted.as_numbers().iter().zip(found.as_numbers());
                        let near = |(x, y): (&f64, &f64)| (x - y).abs() <= 1e-12 * (1.0 + x.abs());
                        assert!(pairs.into_iter().all(near), "{types:?} {causal} {block}");
                    }
                }
            }
        }
    }

    #[test]
    fn blocks_divide_and_stay_small() {
        for (length, bytes, block) in [
            (65536, 8 * 12 * 65536 * 4, 32),
            (65536, 1, 65536),
            (7, 1 << 29, 1),
            (6, 1 << 29, 2),
            (10, 1 << 40, 1),
        ] {
            assert_eq!(block_of(length, bytes), block, "{length} {bytes}");
        }
    }
}
