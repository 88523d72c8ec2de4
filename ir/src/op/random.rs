//! Random numbers.
//!
//! Every random number is a function of a key, an explicit *stream* and a position: the counter-based
//! generator Threefry-2x32 with 20 rounds (Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as
//! easy as 1, 2, 3", SC 2011) enciphers the position with a key made of the two. So there is no
//! state, the same mask can be had again, and neither the order of execution nor the form of the
//! graph changes a number. Integers are the same on every machine; so are floats up to what rounding
//! of the functions that they are mapped through differs.
//!
//! A stochastic op is a sample, which has no derivative, and a differentiable map of it: what the
//! sample depends on are integers (the key) or comparisons, and a location and scale are applied by
//! ordinary arithmetic, `mean + deviation * rng_normal(key, …)`, through which derivatives pass.
//!
//! Keys, folding, bits and uniform numbers are those of JAX (`jax.random` with
//! `jax_threefry_partitionable`, its default): `rng_bits(seed, stream = s)` is
//! `jax.random.bits(jax.random.fold_in(jax.random.key(seed), s))`.

use super::attribute::{Axes, Real};
use super::composite::{Built, axis_of};
use super::family::Composite;
use super::macros::op;
use super::spec::{
    Accepts, OpDef, TypeError, Types, check_axes, check_positions, normalize_axes, single,
};
use crate::builder::Builder;
use crate::constant::Constant;
use crate::dtype::DType;
use crate::graph::Value;
use crate::op::{BitOr, BitXor, Concat, Cos, Less, Max, ShiftLeft, ShiftRight, Sqrt};
use crate::shape::{Shape, Type};
use dashu::rational::RBig;
use smallvec::smallvec;

// ------------------------------------------------------------------------------- the generator

op! {
    /// Threefry-2x32 with 20 rounds: each pair of words (x0, x1), enciphered with a key of two words.
    Threefry2x32 = "threefry2x32"(key, x0, x1) -> (y0, y1)
    examples ["(key: u32[2], x0: u32[3], x1: u32[3]) -> threefry2x32(key, x0, x1)"]
}
impl OpDef for Threefry2x32 {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        let [key, x0, x1] = [operands[0], operands[1], operands[2]];
        if *key != key_type() {
            let message = format!("`threefry2x32` takes a key of type u32[2], not {key}");
            return Err(TypeError::new(message).at(0));
        }
        for (slot, words) in [(1, x0), (2, x1)] {
            if words.dtype != DType::U32 || words.shape != x0.shape {
                let message =
                    format!("`threefry2x32` takes words of u32 in pairs, not {x0} and {x1}");
                return Err(TypeError::new(message).at(slot));
            }
        }
        Ok(smallvec![x0.clone(), x1.clone()])
    }
}
impl Composite for Threefry2x32 {
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        // Table 2 of the paper, and the constant of Skein's key schedule for words of 32 bits.
        const ROTATIONS: [[i64; 4]; 2] = [[13, 15, 26, 6], [17, 29, 16, 24]];
        const PARITY: i64 = 0x1bd1_1bda;
        let [mut x0, mut x1] = [operands[1], operands[2]];
        let shape = b.shape(x0);
        let [k0, k1] = words(b, operands[0])?;
        let parity = b.integer_like(k0, PARITY)?;
        let k2 = b.apply(BitXor {}, &[b.apply(BitXor {}, &[k0, k1])?, parity])?;
        let keys = [k0, k1, k2];
        // What is added after each four rounds; all before the first, so that one kernel does them.
        let mut added = Vec::with_capacity(5);
        for block in 1..=5usize {
            let count = b.integer_like(k0, block as i64)?;
            added.push([keys[block % 3], b.add(keys[(block + 1) % 3], count)?]);
        }
        let plus = |x: Value, key: Value| b.add(x, b.broadcast_to(key, &shape)?);
        (x0, x1) = (plus(x0, k0)?, plus(x1, k1)?);
        for (block, [first, second]) in added.into_iter().enumerate() {
            for rotation in ROTATIONS[block % 2] {
                x0 = b.add(x0, x1)?;
                x1 = b.apply(BitXor {}, &[rotated(b, x1, rotation)?, x0])?;
            }
            (x0, x1) = (plus(x0, first)?, plus(x1, second)?);
        }
        Ok(smallvec![x0, x1])
    }
}

/// Words rotated to the left.
fn rotated(b: &Builder, x: Value, by: i64) -> Result<Value, TypeError> {
    let left = b.apply(ShiftLeft {}, &[x, b.integer_like(x, by)?])?;
    let right = b.apply(ShiftRight {}, &[x, b.integer_like(x, 32 - by)?])?;
    b.apply(BitOr {}, &[left, right])
}

fn key_type() -> Type {
    Type::new(DType::U32, Shape::new([2]))
}

/// The two words of a key, as scalars.
fn words(b: &Builder, key: Value) -> Result<[Value; 2], TypeError> {
    let word = |at: u64| b.reshape(b.slice(key, &[at], &[at + 1], &[1])?, &Shape::scalar());
    Ok([word(0)?, word(1)?])
}

/// Two scalar words as a key.
fn key_of(b: &Builder, words: [Value; 2]) -> Result<Value, TypeError> {
    let one = Shape::new([1]);
    let parts = [b.reshape(words[0], &one)?, b.reshape(words[1], &one)?];
    b.apply(Concat { axis: 0 }, &parts)
}

/// An error unless the operand is a key or a seed.
fn check_key(op: &str, key: &Type) -> Result<(), TypeError> {
    let is_seed = key.dtype.is_integer() && key.shape.rank() == 0;
    if is_seed || *key == key_type() {
        return Ok(());
    }
    let message = format!("`{op}` takes a key u32[2] or a seed, an integer scalar, not {key}");
    Err(TypeError::new(message).at(0))
}

/// A key as it is, and a seed as the key whose words are its high and its low half.
fn seeded(b: &Builder, key: Value) -> Result<Value, TypeError> {
    let ty = b.ty(key);
    if ty.shape.rank() == 1 {
        return Ok(key);
    }
    let low = b.cast(key, DType::U32)?;
    let high = if ty.dtype.size() > 4 {
        let high = b.apply(ShiftRight {}, &[key, b.integer_like(key, 32)?])?;
        b.cast(high, DType::U32)?
    } else {
        b.integer_like(low, 0)?
    };
    key_of(b, [high, low])
}

op! {
    /// A new key from a key and a number: `jax.random.fold_in`. It gives each step of a loop, or each
    /// of several models, random numbers of its own.
    RngFoldIn = "rng_fold_in"(key, number)
    examples [
        "(key: u32[2], number: i32[]) -> rng_fold_in(key, number)",
        "(seed: i64[], step: u32[]) -> rng_fold_in(seed, step)",
    ]
}
impl OpDef for RngFoldIn {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        check_key("rng_fold_in", operands[0])?;
        let number = operands[1];
        if !number.dtype.is_integer() || number.shape.rank() != 0 {
            let message = format!("`rng_fold_in` takes an integer scalar, not {number}");
            return Err(TypeError::new(message).at(1));
        }
        Ok(single(key_type()))
    }
}
impl Composite for RngFoldIn {
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let number = b.cast(operands[1], DType::U32)?;
        let key = seeded(b, operands[0])?;
        let zero = b.integer_like(number, 0)?;
        let words = b.apply_all(Threefry2x32 {}, &[key, zero, number])?;
        Ok(smallvec![key_of(b, [words[0], words[1]])?])
    }
}

/// A source of random words: a key for one stream, and the shape in which they are wanted.
struct Stream<'b> {
    b: &'b Builder,
    key: Value,
    shape: Shape,
}
impl<'b> Stream<'b> {
    fn new(b: &'b Builder, key: Value, stream: i64, shape: &Shape) -> Result<Self, TypeError> {
        let number = b.full(&Type::scalar(DType::U32), &Constant::integer(stream))?;
        Ok(Stream {
            key: b.apply(RngFoldIn {}, &[key, number])?,
            shape: shape.clone(),
            b,
        })
    }

    /// Two random words for each element: its row-major position, enciphered. A `page` above 0 gives
    /// others: it makes the position one that no element has.
    fn words(&self, page: i64) -> Result<[Value; 2], TypeError> {
        let (b, count) = (self.b, self.shape.elements());
        let flat = Shape::new([count]);
        let ty = Type::new(DType::U32, flat.clone());
        let [high, low] = if count <= 1 << 32 {
            let high = b.full(&ty, &Constant::integer(page << 30))?;
            [high, b.iota(&flat, 0, DType::U32)?]
        } else {
            let places = b.iota(&flat, 0, DType::I64)?;
            let high = b.apply(ShiftRight {}, &[places, b.integer_like(places, 32)?])?;
            let high = b.add(
                b.cast(high, DType::U32)?,
                b.full(&ty, &Constant::integer(page << 30))?,
            )?;
            [high, b.cast(places, DType::U32)?]
        };
        let [high, low] = [b.reshape(high, &self.shape)?, b.reshape(low, &self.shape)?];
        let words = b.apply_all(Threefry2x32 {}, &[self.key, high, low])?;
        Ok([words[0], words[1]])
    }

    /// A random word for each element.
    fn bits(&self) -> Result<Value, TypeError> {
        self.b.apply(BitXor {}, &self.words(0)?)
    }

    /// Numbers from 0 to 1, without 1: multiples of 2⁻²³ in f32 and of 2⁻⁵² in f64. For halves, f32
    /// that are multiples of 2⁻¹¹ (f16) and 2⁻⁸ (bf16), which they have.
    fn unit(&self, dtype: DType) -> Result<Value, TypeError> {
        if let Some(half) = dtype.half() {
            let dropped = 31 - i64::from(half.fraction);
            return scaled(self.b, self.bits()?, dtype.compute(), dropped);
        }
        if dtype == DType::F32 {
            return scaled(self.b, self.bits()?, dtype, 9);
        }
        fraction(self.b, self.words(0)?, dtype)
    }
}

/// x ⌊word / 2ᵈ⌋ / 2³²⁻ᵈ for the number d of bits that are dropped.
fn scaled(b: &Builder, word: Value, dtype: DType, dropped: i64) -> Result<Value, TypeError> {
    let kept = match dropped {
        0 => word,
        _ => b.apply(ShiftRight {}, &[word, b.integer_like(word, dropped)?])?,
    };
    times_power(b, b.cast(kept, dtype)?, dropped - 32)
}

/// x · 2ⁿ, which is exact.
fn times_power(b: &Builder, x: Value, exponent: i64) -> Result<Value, TypeError> {
    b.mul(
        x,
        b.full(&b.ty(x), &Constant::from_f64((exponent as f64).exp2()))?,
    )
}

/// The first 52 bits of two words as a fraction, exactly.
fn fraction(b: &Builder, words: [Value; 2], dtype: DType) -> Result<Value, TypeError> {
    let low = times_power(b, scaled(b, words[1], dtype, 12)?, -32)?;
    b.add(scaled(b, words[0], dtype, 0)?, low)
}

// ------------------------------------------------------------------------------- distributions

/// An error unless the stream is one.
fn check_stream(op: &str, stream: i64) -> Result<(), TypeError> {
    if u32::try_from(stream).is_ok() {
        return Ok(());
    }
    let message = format!("`{op}`: stream {stream} is none");
    Err(TypeError::new(message).help("streams are numbered from 0 to 4294967295"))
}

/// An error unless random numbers can be of that dtype.
fn check_float(op: &str, dtype: DType) -> Result<(), TypeError> {
    if dtype.is_float() {
        return Ok(());
    }
    Err(TypeError::new(format!("`{op}` yields floats, not {dtype}")))
}

op! {
    /// Random words, each of the 2³² equally likely.
    RngBits = "rng_bits"(key) {
        /// Which of the key's streams: name each use of a key by a number of its own.
        stream: i64,
        /// Extents of the result.
        shape: Shape = Shape::scalar(),
    }
    examples [
        "(key: u32[2]) -> rng_bits(key, stream = 0, shape = [2, 3])",
        "(seed: i32[]) -> rng_bits(seed, stream = 7)",
    ]
}
impl OpDef for RngBits {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        check_key("rng_bits", operands[0])?;
        check_stream("rng_bits", self.stream)?;
        Ok(single(Type::new(DType::U32, self.shape.clone())))
    }
}
impl Composite for RngBits {
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        Ok(smallvec![
            Stream::new(b, operands[0], self.stream, &self.shape)?.bits()?
        ])
    }
}

op! {
    /// Random numbers, equally distributed from `low` to `high`, without `high` (which rounding may
    /// yield where the two are far from 0).
    RngUniform = "rng_uniform"(key) {
        /// Which of the key's streams: name each use of a key by a number of its own.
        stream: i64,
        /// Extents of the result.
        shape: Shape = Shape::scalar(),
        /// The smallest number.
        low: Real = Real(0.0),
        /// The bound above all numbers.
        high: Real = Real(1.0),
        /// Element type; a float type.
        dtype: DType = DType::F32,
    }
    examples [
        "(key: u32[2]) -> rng_uniform(key, stream = 0, shape = [2, 3])",
        "(seed: i64[]) -> rng_uniform(seed, stream = 1, shape = [5], low = -2, high = 3, dtype = f64)",
        "(key: u32[2]) -> rng_uniform(key, stream = 2, shape = [7], dtype = bf16)",
    ]
}
impl OpDef for RngUniform {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        let name = "rng_uniform";
        check_key(name, operands[0])?;
        check_stream(name, self.stream)?;
        check_float(name, self.dtype)?;
        let (low, high) = (self.low.0, self.high.0);
        if !(low < high && low.is_finite() && high.is_finite()) {
            return Err(TypeError::new(format!(
                "`{name}` needs low < high, not {low} and {high}"
            )));
        }
        if high - low > self.dtype.compute().largest()
            || low.abs().max(high.abs()) > self.dtype.largest()
        {
            let (dtype, largest) = (self.dtype, self.dtype.largest());
            return Err(TypeError::new(format!(
                "`{name}` from {low} to {high}: the range is beyond the numbers of {dtype}"
            ))
            .help(format!("the largest is {largest:?}")));
        }
        Ok(single(Type::new(self.dtype, self.shape.clone())))
    }
}
impl Composite for RngUniform {
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let unit = Stream::new(b, operands[0], self.stream, &self.shape)?.unit(self.dtype)?;
        if (self.low, self.high) == (Real(0.0), Real(1.0)) {
            return Ok(smallvec![unit]);
        }
        let ty = b.ty(unit);
        let [low, high] = [self.low, self.high].map(|end| b.full(&ty, &end.constant()));
        let low = low?;
        let spread = b.mul(unit, b.sub(high?, low)?)?;
        Ok(smallvec![b.apply(Max {}, &[b.add(spread, low)?, low])?])
    }
}

op! {
    /// Random numbers of the normal distribution with mean 0 and variance 1, by the transform of Box
    /// and Muller (1958): √(−2 ln u)·cos 2πv. The largest possible are ±6.7 in f32, ±9.4 in f64.
    RngNormal = "rng_normal"(key) {
        /// Which of the key's streams: name each use of a key by a number of its own.
        stream: i64,
        /// Extents of the result.
        shape: Shape = Shape::scalar(),
        /// Element type; a float type.
        dtype: DType = DType::F32,
    }
    examples [
        "(key: u32[2]) -> rng_normal(key, stream = 0, shape = [2, 3])",
        "(key: u32[2], mean: f64[3], deviation: f64[3]) -> mean + deviation * rng_normal(key, stream = 1, shape = [3], dtype = f64)",
    ]
}
impl OpDef for RngNormal {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        check_key("rng_normal", operands[0])?;
        check_stream("rng_normal", self.stream)?;
        check_float("rng_normal", self.dtype)?;
        Ok(single(Type::new(self.dtype, self.shape.clone())))
    }
}
impl RngNormal {
    /// u, which is not 0, and v, which is below 1.
    fn uniform_pair(&self, b: &Builder, stream: &Stream<'_>) -> Result<[Value; 2], TypeError> {
        let dtype = self.dtype.compute();
        let [first, second] = stream.words(0)?;
        // Half a step up: no logarithm of 0.
        let centred = |word: Value| {
            let number = b.cast(word, dtype)?;
            let half = b.full(&b.ty(number), &Constant::ratio(1, 2))?;
            times_power(b, b.add(number, half)?, -32)
        };
        if dtype == DType::F32 {
            return Ok([centred(first)?, scaled(b, second, dtype, 8)?]);
        }
        let low = times_power(b, centred(second)?, -32)?;
        let u = b.add(scaled(b, first, dtype, 0)?, low)?;
        Ok([u, fraction(b, stream.words(1)?, dtype)?])
    }
}
impl Composite for RngNormal {
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let stream = Stream::new(b, operands[0], self.stream, &self.shape)?;
        let [u, v] = self.uniform_pair(b, &stream)?;
        let ty = b.ty(u);
        let minus_two = b.full(&ty, &Constant::integer(-2))?;
        let radius = b.apply(Sqrt {}, &[b.mul(minus_two, b.log(u)?)?])?;
        let turn = Constant::Real {
            factor: RBig::from(2),
            radicand: RBig::ONE,
            half_powers_of_pi: 2,
        };
        let angle = b.mul(v, b.full(&ty, &turn)?)?;
        Ok(smallvec![b.mul(radius, b.apply(Cos {}, &[angle])?)?])
    }
}

op! {
    /// Random truth values, true with the given probability: `rng_uniform(…) < probability`. The
    /// probability has no derivative.
    RngBernoulli = "rng_bernoulli"(key, probability) {
        /// Which of the key's streams: name each use of a key by a number of its own.
        stream: i64,
        /// Extents of the result, to which the probability is broadcast; its own if left out.
        shape: Option<Axes> = None,
    }
    examples [
        "(key: u32[2], probability: f32[2, 3]) -> rng_bernoulli(key, probability, stream = 0)",
        "(seed: u32[]) -> rng_bernoulli(seed, 0.25, stream = 3, shape = [7])",
    ]
}
impl RngBernoulli {
    fn shape_for(&self, probability: &Type) -> Result<Shape, TypeError> {
        let Some(extents) = &self.shape else {
            return Ok(probability.shape.clone());
        };
        let extents: Option<Vec<u64>> = extents.iter().map(|&e| u64::try_from(e).ok()).collect();
        let shape = extents.map(Shape::new);
        shape
            .filter(|shape| probability.shape.broadcast(shape).as_ref() == Some(shape))
            .ok_or_else(|| {
                let message = "`rng_bernoulli` cannot broadcast a probability of type";
                TypeError::new(format!("{message} {probability} to the given shape")).at(1)
            })
    }
}
impl OpDef for RngBernoulli {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        check_key("rng_bernoulli", operands[0])?;
        check_stream("rng_bernoulli", self.stream)?;
        Accepts::Floats.require("rng_bernoulli", 1, operands[1])?;
        Ok(single(Type::new(DType::Bool, self.shape_for(operands[1])?)))
    }
}
impl Composite for RngBernoulli {
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let ty = b.ty(operands[1]);
        let shape = self.shape_for(&ty)?;
        let unit = Stream::new(b, operands[0], self.stream, &shape)?.unit(ty.dtype)?;
        let probability = b.broadcast_to(operands[1], &shape)?;
        Ok(smallvec![b.apply(Less {}, &[unit, probability])?])
    }
}

op! {
    /// Random classes (i32) with the probabilities softmax(logits) along an axis, which goes: the
    /// position of the largest logits + g, where g is of the Gumbel distribution, −ln(−ln u)
    /// (`jax.random.categorical`). The logits have no derivative.
    RngCategorical = "rng_categorical"(key, logits) {
        /// Which of the key's streams: name each use of a key by a number of its own.
        stream: i64,
        /// The axis of the classes.
        axis: i64 = -1,
    }
    examples [
        "(key: u32[2], logits: f32[4, 3]) -> rng_categorical(key, logits, stream = 0)",
        "(key: u32[2], logits: f64[3, 2]) -> rng_categorical(key, logits, stream = 1, axis = 0)",
    ]
}
impl OpDef for RngCategorical {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        let (name, logits) = ("rng_categorical", operands[1]);
        check_key(name, operands[0])?;
        check_stream(name, self.stream)?;
        Accepts::Floats.require(name, 1, logits)?;
        check_axes(name, &[self.axis], logits.shape.rank())?;
        let axis = axis_of(self.axis);
        if logits.shape.extent(axis) == 0 {
            return Err(TypeError::new(format!("`{name}` of no classes: {logits}")).at(1));
        }
        check_positions(name, DType::I32, logits.shape.extent(axis))
            .map_err(|error| error.help("classes are numbered by i32"))?;
        Ok(single(Type::new(DType::I32, logits.shape.without(&[axis]))))
    }
    fn canonical(self, operands: &[&Type]) -> Self {
        let axis = normalize_axes(&[self.axis], operands[1].shape.rank())[0];
        RngCategorical { axis, ..self }
    }
}
impl Composite for RngCategorical {
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let [key, logits] = [operands[0], operands[1]];
        let ty = b.ty(logits);
        let smallest = match ty.dtype {
            DType::F16 | DType::Bf16 | DType::F32 => f64::from(f32::MIN_POSITIVE),
            DType::F64 | DType::Bool | DType::I32 | DType::I64 | DType::U32 => f64::MIN_POSITIVE,
        };
        let uniform = RngUniform {
            stream: self.stream,
            shape: ty.shape.clone(),
            low: Real(smallest),
            high: Real(1.0),
            dtype: ty.dtype,
        };
        let u = b.apply(uniform, &[key])?;
        let gumbel = b.neg(b.log(b.neg(b.log(u)?)?)?)?;
        let (axis, keepdims) = (self.axis, false);
        let largest = crate::op::Argmax {
            axis,
            keepdims,
            dtype: DType::I32,
        };
        Ok(smallvec![b.apply(largest, &[b.add(logits, gumbel)?])?])
    }
}

// ------------------------------------------------------------------------------- masks

/// An error unless a share is above 0 and at most 1.
fn check_keep(op: &str, keep: Real) -> Result<(), TypeError> {
    if keep.0 > 0.0 && keep.0 <= 1.0 {
        return Ok(());
    }
    Err(
        TypeError::new(format!("`{op}` cannot keep a share of {}", keep.0)).help(
            "keep is above 0, and at most 1: it is the share that stays, not that which goes",
        ),
    )
}

op! {
    /// x over `keep` where the mask holds, else 0: the differentiable part of dropout.
    FixedMaskScale = "fixed_mask_scale"(x, mask) {
        /// The share of elements that the mask keeps; above 0, at most 1.
        keep: Real,
    }
    examples ["(x: f32[2, 3], mask: bool[2, 3]) -> fixed_mask_scale(x, mask, keep = 0.75)"]
}
impl OpDef for FixedMaskScale {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        let (name, x, mask) = ("fixed_mask_scale", operands[0], operands[1]);
        Accepts::Floats.require(name, 0, x)?;
        check_keep(name, self.keep)?;
        if *mask != x.with_dtype(DType::Bool) {
            let wanted = x.with_dtype(DType::Bool);
            let message = format!("`{name}` of {x} needs a mask of type {wanted}, not {mask}");
            return Err(TypeError::new(message).at(1));
        }
        Ok(single(x.clone()))
    }
}
impl Composite for FixedMaskScale {
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let x = operands[0];
        let keep = b.full(&b.ty(x), &self.keep.constant())?;
        let scaled = b.div(x, keep)?;
        Ok(smallvec![b.select(
            operands[1],
            scaled,
            b.integer_like(x, 0)?
        )?])
    }
}

op! {
    /// Each element of x over `keep` with that probability, else 0, so that the mean stays. The mask
    /// is `rng_bernoulli(key, keep, stream = …, shape = …)`: to use it again, give the same key and
    /// stream. When not training, x itself.
    Dropout = "dropout"(x, key) {
        /// Which of the key's streams: name each use of a key by a number of its own.
        stream: i64,
        /// The probability with which an element stays; above 0, at most 1.
        keep: Real,
        /// Whether elements are dropped at all.
        training: bool = true,
    }
    examples [
        "(x: f32[3, 4], key: u32[2]) -> dropout(x, key, stream = 0, keep = 0.5)",
        "(x: f32[4], key: i32[]) -> dropout(x, key, stream = 1, keep = 0.9, training = false)",
    ]
}
impl OpDef for Dropout {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        let x = operands[0];
        Accepts::Floats.require("dropout", 0, x)?;
        check_key("dropout", operands[1]).map_err(|error| error.at(1))?;
        check_stream("dropout", self.stream)?;
        check_keep("dropout", self.keep)?;
        Ok(single(x.clone()))
    }
}
impl Composite for Dropout {
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let [x, key] = [operands[0], operands[1]];
        if !self.training || self.keep == Real(1.0) {
            return Ok(smallvec![x]);
        }
        // In f32 whatever the dtype of x, so that the mask is the same.
        let keep = b.full(&Type::scalar(DType::F32), &self.keep.constant())?;
        let mask = RngBernoulli {
            stream: self.stream,
            shape: Some(b.shape(x).extents().map(|extent| extent as i64).collect()),
        };
        let mask = b.apply(mask, &[key, keep])?;
        Ok(smallvec![
            b.apply(FixedMaskScale { keep: self.keep }, &[x, mask])?
        ])
    }
}
