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
        let asked = b.shape(q).extent(axis);
        // Queries of zeros fill the last block up; what comes of them is dropped.
        let length = asked.next_multiple_of(block.max(1));
        let q = filled(b, q, axis, length)?;
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
            axis.is_some_and(|axis| shape.extent(axis) == asked)
        };
        let cut_mask = mask.filter(own_rows);
        let cut_mask = cut_mask.map(|x| {
            let axis = b.shape(x).rank() - 2;
            cut(b, filled(b, x, axis, length)?, axis, block)
        });
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
        let all = joined(b, blocks, axis)?;
        if asked == length {
            return Ok(all);
        }
        let shape = b.shape(all);
        let extents = shape.extents().enumerate();
        let limit = extents.map(|(at, extent)| if at == axis { asked } else { extent });
        let limit: Vec<u64> = limit.collect();
        b.slice(all, &vec![0; limit.len()], &limit, &vec![1; limit.len()])
    }
}

/// The most bytes of scores that are computed at a time where not all can be.
const BLOCK_BYTES: u64 = 1 << 30;

/// How many of `length` rows, of so many bytes each, are a block: a divisor, where there is one of more than half
/// of the rows that there is room for. Else there are as few blocks as may be, and less than one row for each of them
/// is missing in the last.
pub(super) fn block_of(length: u64, bytes: u64) -> u64 {
    let most = (BLOCK_BYTES / bytes.max(1)).clamp(1, length.max(1));
    let divisor = (most / 2 + 1..=most)
        .rev()
        .find(|block| length.is_multiple_of(*block));
    divisor.unwrap_or_else(|| length.div_ceil(length.div_ceil(most)).max(1))
}

/// x with zeros at the end of an axis, up to a length.
fn filled(b: &Builder, x: Value, axis: usize, length: u64) -> Result<Value, TypeError> {
    let shape = b.shape(x);
    let more = (length - shape.extent(axis)) as i64;
    let none = || std::iter::repeat_n(0, shape.rank());
    let high = none().enumerate();
    let high = high.map(|(at, none)| if at == axis { more } else { none });
    b.pad_zero(x, none().collect(), high.collect(), none().collect())
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
    use crate::op::Composite;
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
            for block in [1, 2, 3, 4, 5, 6] {
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

    /// A number of queries without divisors is no reason for blocks of one.
    #[test]
    fn a_prime_number_of_queries_has_large_blocks() {
        let b = Builder::new(Graph::new(), Span::SYNTHETIC);
        let input = || {
            let shape = Shape::new([8, 12, 65537, 64]);
            let dtype = DType::F32;
            b.apply(Input { dtype, shape }, &[]).unwrap()
        };
        let op = ScaledDotProductAttention {
            causal: true,
            scale: None,
        };
        let y = op.decompose(&b, &[input(), input(), input()]).unwrap()[0];
        assert_eq!(b.shape(y), Shape::new([8, 12, 65537, 64]));
        let graph = b.finish();
        let ops = graph.nodes().map(|node| graph.op(node));
        let lengths = ops.filter_map(|op| {
            if let crate::op::Op::Scan(scan) = op {
                Some(scan.length)
            } else {
                None
            }
        });
        assert_eq!(lengths.collect::<Vec<_>>(), [1561]);
    }

    #[test]
    fn blocks_are_few_and_stay_small() {
        for (length, bytes, block) in [
            (65536, 8 * 12 * 65536 * 4, 32),
            (65536, 1 << 24, 64),
            (65536, 1, 65536),
            (65537, 8 * 12 * 65537 * 4, 42),
            (7, 1 << 29, 2),
            (6, 1 << 29, 2),
            (10, 1 << 40, 1),
            (1, 1, 1),
        ] {
            assert_eq!(block_of(length, bytes), block, "{length} {bytes}");
            let blocks = length.div_ceil(block);
            assert!(blocks * block - length < blocks && block * bytes <= BLOCK_BYTES.max(bytes));
        }
    }
}
