//! Attention: weighted means of values, and rotary positions.
//!
//! Rows in which nothing may be attended to are zeros, and so are their derivatives; a blocked entry is
//! exactly 0, whatever stands there, be it NaN or infinite.

mod blocks;

use super::attribute::Real;
use super::composite::{Built, Cotangents, Reached, axis_of, check_group, in_groups, softmax_vjp};
use super::contract::ContractAxes;
use super::family::Composite;
use super::macros::op;
use super::spec::{Accepts, OpDef, TypeError, Types, normalize_axes, single};
use super::twiddle::literal as literal_of;
use crate::builder::Builder;
use crate::constant::Constant;
use crate::dtype::DType;
use crate::graph::Value;
use crate::op::{Concat, Cos, Equal, LessEqual, LogicalAnd, Scale, Sin, Softmax};
use crate::shape::{Shape, Type};
use smallvec::smallvec;

/// Whether NumPy's rules broadcast `from` to `to`.
fn broadcasts(from: &Shape, to: &Shape) -> bool {
    let Some(first) = to.rank().checked_sub(from.rank()) else {
        return false;
    };
    (0..from.rank()).all(
        |axis| matches!((from.extent(axis), to.extent(first + axis)), (a, b) if a == b || a == 1),
    )
}

/// x repeated to `shape` by NumPy's rules: aligned at the last axis, where extents of 1 repeat.
fn spread(b: &Builder, x: Value, shape: &Shape) -> Result<Value, TypeError> {
    b.broadcast_to(x, shape)
}

op! {
    /// The softmax of the entries that a mask allows: eˣ / Σeˣ over the allowed entries along an axis,
    /// computed from x − max x over the allowed entries. A blocked entry is exactly 0, whatever x is
    /// there; where all are blocked, all are 0. The mask is of bool, true where an entry is allowed, and
    /// has a shape that broadcasts to that of x.
    MaskedSoftmax = "masked_softmax"(x, mask) {
        /// The axis along which the result sums to 1, or 0 where all is blocked.
        axis: i64 = -1,
    }
    examples [
        "(x: f32[3, 4], mask: bool[3, 4]) -> masked_softmax(x, mask)",
        "(x: f64[2, 3, 2], mask: bool[3, 1]) -> masked_softmax(x, mask, axis = 1)",
        "(x: f32[2, 3]) -> masked_softmax(x, x > 10)",
        "(x: f32[0, 3], mask: bool[3]) -> masked_softmax(x, mask)",
    ]
}
impl OpDef for MaskedSoftmax {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        let [x, mask] = [operands[0], operands[1]];
        Accepts::Floats.require("masked_softmax", 0, x)?;
        check_group("masked_softmax", self.axis, x)?;
        if mask.dtype != DType::Bool || !broadcasts(&mask.shape, &x.shape) {
            let message = format!("`masked_softmax` of {x} with a mask {mask}");
            return Err(TypeError::new(message).at(1).help(format!(
                "the mask is bool{}, or broadcasts to that",
                x.shape
            )));
        }
        Ok(single(x.clone()))
    }
    fn canonical(self, operands: &[&Type]) -> Self {
        MaskedSoftmax {
            axis: normalize_axes(&[self.axis], operands[0].shape.rank())[0],
        }
    }
}
impl Composite for MaskedSoftmax {
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let (x, axis, ty) = (operands[0], axis_of(self.axis), b.ty(operands[0]));
        let mask = spread(b, operands[1], &ty.shape)?;
        let (zero, lowest) = (b.integer_like(x, 0)?, b.full(&ty, &lowest(ty.dtype))?);
        let largest =
            b.stop_gradient(b.reduce_max(b.select(mask, x, lowest)?, &[axis], true)?)?;
        let centred = b.sub(x, b.broadcast_to(largest, &ty.shape)?)?;
        // Not taken, the exponential may overflow: its argument is 0 there.
        let powers = b.exp(b.select(mask, centred, zero)?)?;
        let powers = b.select(mask, powers, zero)?;
        let total = b.sum(powers, &[axis], true)?;
        let nothing = b.apply(Equal {}, &[total, b.integer_like(total, 0)?])?;
        let divisor = b.select(nothing, b.integer_like(total, 1)?, total)?;
        Ok(smallvec![
            b.div(powers, b.broadcast_to(divisor, &ty.shape)?)?
        ])
    }
    fn has_vjp(&self) -> bool {
        true
    }
    /// y⊙(δ − ⟨δ, y⟩), as of `softmax`, and 0 where an entry is blocked.
    fn vjp(
        &self,
        b: &Builder,
        operands: &[Value],
        results: &[Value],
        cotangents: &[Option<Value>],
    ) -> Cotangents {
        let ct = cotangents[0]?;
        Some((|| {
            let dx = softmax_vjp(b, results[0], ct, axis_of(self.axis))?;
            let mask = spread(b, operands[1], &b.shape(dx))?;
            let dx = b.select(mask, dx, b.integer_like(dx, 0)?)?;
            Ok(vec![Some(dx), None])
        })())
    }
    fn reached(&self, b: &Builder, _operands: &[Value], taken: Value) -> Reached {
        Some(in_groups(b, taken, &[axis_of(self.axis)]).map(|x| vec![Some(x), None]))
    }
}

/// The lowest number of a float dtype.
fn lowest(dtype: DType) -> Constant {
    Constant::from_f64(if dtype == DType::F64 {
        f64::MIN
    } else {
        f64::from(f32::MIN)
    })
}

op! {
    /// Scaled dot-product attention: softmax(scale·q·kᵀ)·v over the last two axes of q[…, L, D],
    /// k[…, S, D] and v[…, S, E]; the result is […, L, E]. The axes before are batches. Of the last of
    /// them, the heads, q may have a multiple of those of k and v (grouped queries): neighbouring heads of
    /// q then share one of k and v, which is not repeated in memory.
    ///
    /// A mask, if there is one, has a shape that broadcasts to that of the scores, […, L, S]. One of bool
    /// says what may be attended to; one of floats is added to the scaled scores. Where a mask of bool,
    /// or causality, leaves a row nothing, its result is 0.
    ScaledDotProductAttention = "scaled_dot_product_attention"(q, k, v | mask) {
        /// Whether position i attends to positions up to i only, counted from the first.
        causal: bool = false,
        /// What scores are multiplied by; 1/√D if left out.
        scale: Option<Real> = None,
    }
    examples [
        "(q: f32[3, 2], k: f32[4, 2], v: f32[4, 3]) -> scaled_dot_product_attention(q, k, v)",
        "(q: f32[2, 3, 2], k: f32[2, 3, 2], v: f32[2, 3, 2]) -> scaled_dot_product_attention(q, k, v, causal = true)",
        "(q: f64[1, 2, 2, 3], k: f64[1, 2, 3, 3], v: f64[1, 2, 3, 1], mask: bool[2, 1, 3]) -> scaled_dot_product_attention(q, k, v, mask, scale = 0.5)",
        "(q: f32[2, 2, 2], k: f32[2, 3, 2], v: f32[2, 3, 2], mask: f32[2, 3]) -> scaled_dot_product_attention(q, k, v, mask)",
        "(q: f32[4, 2, 2], k: f32[2, 3, 2], v: f32[2, 3, 1]) -> scaled_dot_product_attention(q, k, v, causal = true)",
        "(q: f32[1, 4, 2, 1], k: f32[1, 2, 2, 1], v: f32[1, 2, 2, 2], mask: bool[4, 2, 2]) -> scaled_dot_product_attention(q, k, v, mask, causal = true)",
    ]
}

/// The extents of an attention.
struct Extents {
    /// The batches before the heads.
    batch: Vec<u64>,
    /// The heads of q and of k, if there are any.
    heads: Option<[u64; 2]>,
    /// The positions of q and of k.
    positions: [u64; 2],
    /// Features of a query, and of a value.
    features: [u64; 2],
}

impl Extents {
    fn new(q: &Shape, v: &Shape) -> Option<Self> {
        let rank = q.rank();
        let [before, length, size] = [
            rank.checked_sub(3),
            rank.checked_sub(2),
            rank.checked_sub(1),
        ];
        let (length, size) = (length?, size?);
        if v.rank() != rank {
            return None;
        }
        Some(Extents {
            batch: q.extents().take(before.unwrap_or(0)).collect(),
            heads: before.map(|axis| [q.extent(axis), v.extent(axis)]),
            positions: [q.extent(length), v.extent(length)],
            features: [q.extent(size), v.extent(size)],
        })
    }

    /// How many heads of q share one of k, if heads do.
    fn sharing(&self) -> Option<u64> {
        let [query, key] = self.heads?;
        (query != key).then(|| query.checked_div(key).unwrap_or(0))
    }

    /// The batches, the heads of one side, and two more axes.
    fn shape(&self, side: usize, last: [u64; 2]) -> Shape {
        let heads = self.heads.map(|heads| heads[side]);
        let all = self.batch.iter().copied().chain(heads).chain(last);
        Shape::new(all)
    }

    fn scores(&self) -> Shape {
        self.shape(0, self.positions)
    }

    /// As `scores`, with the heads of q that share one of k in an axis of their own.
    fn shared_scores(&self) -> Shape {
        let heads = self.heads.map(|[_, key]| key);
        let all = self
            .batch
            .iter()
            .copied()
            .chain(heads)
            .chain(self.sharing());
        Shape::new(all.chain(self.positions))
    }
}

impl OpDef for ScaledDotProductAttention {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        const OP: &str = "scaled_dot_product_attention";
        let [q, k, v] = [operands[0], operands[1], operands[2]];
        for (slot, operand) in operands.iter().enumerate().take(3) {
            Accepts::Floats.require(OP, slot, operand)?;
            if operand.dtype != q.dtype {
                let message = format!("`{OP}` mixes dtypes {} and {}", q.dtype, operand.dtype);
                return Err(TypeError::new(message).at(slot));
            }
        }
        let extents = Extents::new(&q.shape, &v.shape);
        let fitting = extents.filter(|extents| {
            let keys = extents.shape(1, [extents.positions[1], extents.features[0]]);
            let values = extents.shape(1, [extents.positions[1], extents.features[1]]);
            let shared = extents
                .heads
                .is_none_or(|[query, key]| query == key || (key > 0 && query.is_multiple_of(key)));
            k.shape == keys && v.shape == values && shared
        });
        let Some(extents) = fitting else {
            let message = format!("`{OP}` of queries {q}, keys {k} and values {v}");
            return Err(TypeError::new(message).at(1).help(
                "they are q[…, L, D], k[…, S, D] and v[…, S, E], with the same axes before, but q may have a multiple of the heads of k and v",
            ));
        };
        if extents.positions[1] == 0 {
            let message = format!("`{OP}` has nothing to attend to: {k}");
            return Err(TypeError::new(message).at(1));
        }
        if extents.features[0] == 0 {
            let message = format!("`{OP}` of queries without features: {q}");
            return Err(TypeError::new(message).at(0));
        }
        if let Some(scale) = self.scale.filter(|scale| !scale.0.is_finite()) {
            let message = format!("`{OP}` cannot have {} for `scale`", scale.0);
            return Err(TypeError::new(message).help("it is a finite number"));
        }
        if let Some(mask) = operands.get(3) {
            let scores = extents.scores();
            let known = mask.dtype == DType::Bool || mask.dtype == q.dtype;
            if !known || !broadcasts(&mask.shape, &scores) {
                let message = format!("`{OP}` of scores {scores} with a mask {mask}");
                return Err(TypeError::new(message).at(3).help(format!(
                    "the mask is bool{scores}, true where attention is allowed, or {}{scores}, which is added to the scores, or broadcasts to these",
                    q.dtype
                )));
            }
        }
        Ok(single(q.with_shape(
            extents.shape(0, [extents.positions[0], extents.features[1]]),
        )))
    }
}

impl ScaledDotProductAttention {
    /// Where position i is at or after position j, for all positions i, or for those that are given.
    fn causality(b: &Builder, shape: &Shape, rows: Option<Value>) -> Result<Value, TypeError> {
        let rank = shape.rank();
        let square = Shape::new([shape.extent(rank - 2), shape.extent(rank - 1)]);
        let row = match rows {
            Some(rows) => b.broadcast_in_dim(rows, &square, &[0])?,
            None => b.iota(&square, 0, counting(&square))?,
        };
        let column = b.iota(&square, 1, b.ty(row).dtype)?;
        spread(b, b.apply(LessEqual {}, &[column, row])?, shape)
    }

    /// The weights, of scores before they are scaled, in their shape.
    fn weights(
        &self,
        b: &Builder,
        scores: Value,
        size: u64,
        mask: Option<Value>,
        rows: Option<Value>,
        extents: &Extents,
    ) -> Result<Value, TypeError> {
        let shape = b.shape(scores);
        let factor = self.scale.unwrap_or(Real(1.0 / (size as f64).sqrt()));
        let mut scores = b.apply(Scale { factor }, &[scores])?;
        let mut allowed = None;
        if let Some(mask) = mask {
            let mask = b.reshape(spread(b, mask, &extents.scores())?, &shape)?;
            if b.ty(mask).dtype == DType::Bool {
                allowed = Some(mask);
            } else {
                scores = b.add(scores, mask)?;
            }
        }
        if self.causal {
            let before = Self::causality(b, &shape, rows)?;
            allowed = Some(match allowed {
                Some(mask) => b.apply(LogicalAnd {}, &[mask, before])?,
                None => before,
            });
        }
        let axis = shape.rank() as i64 - 1;
        match allowed {
            Some(mask) => b.apply(MaskedSoftmax { axis }, &[scores, mask]),
            None => b.apply(Softmax { axis }, &[scores]),
        }
    }
}

impl Composite for ScaledDotProductAttention {
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let [q, k, v] = [operands[0], operands[1], operands[2]];
        let Some(extents) = Extents::new(&b.shape(q), &b.shape(v)) else {
            return Err(TypeError::new("attention of other shapes"));
        };
        let mask = operands.get(3).copied();
        let scores = b.ty(q).with_shape(extents.scores());
        let y = match scores.is_bounded() {
            true => self.attend(b, [q, k, v], mask, None, &extents)?,
            false => {
                let length = extents.positions[0];
                let block = blocks::block_of(length, scores.bytes() / length.max(1));
                self.in_blocks(b, [q, k, v], mask, block)?
            }
        };
        Ok(smallvec![y])
    }
}

impl ScaledDotProductAttention {
    /// All at once. The queries stand in the rows that are given, or in all.
    fn attend(
        &self,
        b: &Builder,
        [q, k, v]: [Value; 3],
        mask: Option<Value>,
        rows: Option<Value>,
        extents: &Extents,
    ) -> Result<Value, TypeError> {
        // Heads of q that share one of k are rows of one product.
        let batches = extents.batch.len() + usize::from(extents.heads.is_some());
        let [size, width] = extents.features;
        let count = extents.positions[0] * extents.sharing().unwrap_or(1);
        let grouped = b.reshape(q, &extents.shape(1, [count, size]))?;
        let scores = b.contract(grouped, k, &products(batches, batches + 1))?;
        let scores = b.reshape(scores, &extents.shared_scores())?;
        let weights = self.weights(b, scores, size, mask, rows, extents)?;
        let weights = b.reshape(weights, &extents.shape(1, [count, extents.positions[1]]))?;
        let mixed = b.contract(weights, v, &products(batches, batches))?;
        b.reshape(mixed, &extents.shape(0, [extents.positions[0], width]))
    }
}

/// The dtype in which positions are counted.
fn counting(shape: &Shape) -> DType {
    let most = i32::MAX.unsigned_abs().into();
    match shape.extents().all(|extent| extent <= most) {
        true => DType::I32,
        false => DType::I64,
    }
}

/// A product of matrices in batches: over the last axis of the left one, and axis `right` of the other.
fn products(batches: usize, right: usize) -> ContractAxes {
    let all: smallvec::SmallVec<[usize; 4]> = (0..batches).collect();
    ContractAxes {
        batch: [all.clone(), all],
        contract: [smallvec![batches + 1], smallvec![right]],
        free: Default::default(),
    }
}

op! {
    /// Rotary positions (Su et al., "RoFormer", 2021): features of x[…, L, D] in pairs, each turned by an
    /// angle of position·base^(−2i/D) for pair number i. Positions are integers or floats of a shape that
    /// broadcasts to […, L]. So the product of a query and a key depends on the distance of their
    /// positions only.
    ///
    /// Pairs are features i and i + D/2, as in GPT-NeoX, LLaMA and ONNX's `RotaryEmbedding`; if
    /// interleaved, features 2i and 2i + 1, as in RoFormer and GPT-J.
    RotaryEmbedding = "rotary_embedding"(x, positions) {
        /// How the angles fall from pair to pair; must be positive.
        base: Real = Real(10000.0),
        /// Whether pairs are neighbours, not a half apart.
        interleaved: bool = false,
    }
    examples [
        "(x: f32[3, 4], positions: i32[3]) -> rotary_embedding(x, positions)",
        "(x: f64[2, 3, 6], positions: i32[3]) -> rotary_embedding(x, positions, base = 100, interleaved = true)",
        "(x: f32[2, 2, 3, 2], positions: f32[2, 1, 3]) -> rotary_embedding(x, positions)",
        "(x: f32[0, 4], positions: i32[0]) -> rotary_embedding(x, positions)",
    ]
}
impl OpDef for RotaryEmbedding {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        const OP: &str = "rotary_embedding";
        super::spec::positive_attribute(OP, "base", self.base)?;
        let [x, positions] = [operands[0], operands[1]];
        Accepts::Floats.require(OP, 0, x)?;
        let Some(last) = x.shape.rank().checked_sub(1) else {
            return Err(TypeError::new(format!("`{OP}` needs an axis of features: {x}")).at(0));
        };
        if !x.shape.extent(last).is_multiple_of(2) {
            let message =
                format!("`{OP}` turns pairs of features, but {x} has an odd number of them");
            return Err(TypeError::new(message).at(0));
        }
        let places = x.shape.without(&[last]);
        let known = positions.dtype.is_integer() || positions.dtype == x.dtype;
        if !known || !broadcasts(&positions.shape, &places) {
            let message = format!("`{OP}` of {x} at positions {positions}");
            return Err(TypeError::new(message).at(1).help(format!(
                "positions are i32{places} or {}{places}, or broadcast to these",
                x.dtype
            )));
        }
        Ok(single(x.clone()))
    }
}
impl RotaryEmbedding {
    /// Angles of the shape of a half of x's features.
    fn angles(&self, b: &Builder, positions: Value, half: &Type) -> Result<Value, TypeError> {
        let last = half.shape.rank() - 1;
        let pairs = half.shape.extent(last);
        let turn = |pair: u64| self.base.0.powf(-(pair as f64) / pairs.max(1) as f64);
        let turns: Vec<f64> = (0..pairs).map(turn).collect();
        let turns = literal_of(b, half.dtype, &[pairs], &turns)?;
        let places = half.shape.without(&[last]);
        let positions = spread(b, b.cast(positions, half.dtype)?, &places)?;
        let axes: Vec<usize> = (0..last).collect();
        let positions = b.broadcast_in_dim(positions, &half.shape, &axes)?;
        b.mul(positions, b.broadcast_to(turns, &half.shape)?)
    }
}
impl Composite for RotaryEmbedding {
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let x = b.ty(operands[0]);
        let last = x.shape.rank() - 1;
        let half = x.shape.extent(last) / 2;
        let pairs = |extents: [u64; 2]| Shape::new(x.shape.extents().take(last).chain(extents));
        // Pairs as [half, 2] or [2, half].
        let (split, at) = if self.interleaved {
            (pairs([half, 2]), last + 1)
        } else {
            (pairs([2, half]), last)
        };
        let halves = Shape::new(x.shape.extents().take(last).chain([half]));
        let folded = b.reshape(operands[0], &split)?;
        let part = |which: u64| {
            let mut start: Vec<u64> = vec![0; last + 2];
            let mut limit: Vec<u64> = split.extents().collect();
            (start[at], limit[at]) = (which, which + 1);
            b.reshape(
                b.slice(folded, &start, &limit, &vec![1; last + 2])?,
                &halves,
            )
        };
        let angles = self.angles(b, operands[1], &x.with_shape(halves.clone()))?;
        let [cos, sin] = [b.apply(Cos {}, &[angles])?, b.apply(Sin {}, &[angles])?];
        let [first, second] = [part(0)?, part(1)?];
        let turned = [
            b.sub(b.mul(first, cos)?, b.mul(second, sin)?)?,
            b.add(b.mul(first, sin)?, b.mul(second, cos)?)?,
        ];
        let mut one = split.extents().collect::<Vec<u64>>();
        one[at] = 1;
        let one = Shape::new(one);
        let turned = [b.reshape(turned[0], &one)?, b.reshape(turned[1], &one)?];
        let joined = b.apply(Concat { axis: at as i64 }, &turned)?;
        Ok(smallvec![b.reshape(joined, &x.shape)?])
    }
}
