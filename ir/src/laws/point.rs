//! Points at which graphs are evaluated: exact numbers, which any scalar can read.

use crate::constant::Constant;
use crate::dtype::DType;
use crate::generate::Scale;
use crate::interpret::Tensor;
use crate::scalar::{Dual, Scalar};
use crate::shape::Type;
use dashu::rational::RBig;

/// A source of random numbers that is the same on every machine (SplitMix64, Steele, Lea & Flood,
/// OOPSLA 2014).
#[derive(Clone, Debug)]
pub(super) struct Random(pub u64);

impl Random {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// An integer from `low` to `high`, both included; the bias of the remainder is of no matter.
    pub(super) fn within(&mut self, low: i64, high: i64) -> i64 {
        let span = (high - low).max(0).unsigned_abs() + 1;
        low + (self.bits() % span) as i64
    }
}

/// The elements of one tensor, exactly.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Elements {
    Numbers(Vec<RBig>),
    Ints(Vec<i64>),
    Truths(Vec<bool>),
}

/// A tensor for each of a list of types.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Point {
    pub(super) types: Vec<Type>,
    pub(super) elements: Vec<Elements>,
}

/// What floats are drawn from. On the first two, exact exponentials are homomorphisms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grid {
    /// Multiples of ½, all different within a small tensor.
    Halves,
    /// Small integers, whose products and sums are integers again.
    Integers,
    /// As halves, but an eighth farther from zero, where nothing rounds to another integer nearby.
    OffIntegers,
    /// Odd multiples of 1/128 within ±½, with which enclosures of deep networks stay narrow.
    Small,
}

/// Tensors up to this size get distinct multiples of ½, larger ones multiples of 1/64 or 1/65536 in ±½.
const SMALL: u64 = 64;

impl Point {
    /// A random point. Floats are on `grid`, and not zero; about one tensor in three is positive.
    /// Integers are from `ints`.
    pub(super) fn random(
        types: &[Type],
        random: &mut Random,
        ints: (i64, i64),
        grid: Grid,
    ) -> Point {
        let elements = types.iter().map(|ty| match ty.dtype {
            DType::F16 | DType::Bf16 | DType::F32 | DType::F64 => {
                Elements::Numbers(numbers(ty.elements(), random, grid))
            }
            DType::I32 | DType::I64 => Elements::Ints(integers(ty.elements(), random, ints)),
            DType::U32 => {
                let ints = (ints.0.max(0), ints.1.max(0));
                Elements::Ints(integers(ty.elements(), random, ints))
            }
            DType::Bool => {
                let truths = (0..ty.elements()).map(|_| random.within(0, 1) == 1);
                Elements::Truths(truths.collect())
            }
        });
        Point {
            elements: elements.collect(),
            types: types.to_vec(),
        }
    }

    /// The point with floats that are outside of the range of their tensor drawn again, inside, and integers
    /// from anywhere in theirs.
    pub(super) fn confined(mut self, ranges: &[Option<(f64, f64)>], random: &mut Random) -> Point {
        for (elements, range) in self.elements.iter_mut().zip(ranges) {
            let Some((low, high)) = *range else { continue };
            match elements {
                Elements::Numbers(numbers) => {
                    for number in numbers {
                        *number = confined(number, low, high, random);
                    }
                }
                Elements::Ints(integers) => {
                    let (low, high) = whole(low, high);
                    for integer in integers {
                        *integer = random.within(low, high);
                    }
                }
                Elements::Truths(_) => {}
            }
        }
        self
    }

    /// The point with 60 random bits, the 31st after the point and later, added to each float that
    /// stays in its range.
    pub(super) fn refined(mut self, ranges: &[Option<(f64, f64)>], random: &mut Random) -> Point {
        let scale = RBig::from(1u128 << 90);
        for (at, elements) in self.elements.iter_mut().enumerate() {
            let Elements::Numbers(numbers) = elements else {
                continue;
            };
            let high = ranges.get(at).copied().flatten().map(|(_, high)| high);
            let high = high.and_then(|high| RBig::try_from(high).ok());
            for number in numbers {
                let fine = &*number + RBig::from(random.bits() >> 4) / &scale;
                if high.as_ref().is_none_or(|high| fine < *high) {
                    *number = fine;
                }
            }
        }
        self
    }

    /// The point with its floats as many times as large as a scale says, where that stays in the range of
    /// their dtype and in those that are declared.
    pub(super) fn at_scale(&self, scale: Scale, ranges: &[Option<(f64, f64)>]) -> Point {
        let mut scaled = self.clone();
        for (at, elements) in scaled.elements.iter_mut().enumerate() {
            let Elements::Numbers(numbers) = elements else {
                continue;
            };
            let dtype = self.types[at].dtype;
            let factor = RBig::try_from(f64::from(scale.exponent(dtype, at)).exp2());
            let (low, high) = ranges
                .get(at)
                .copied()
                .flatten()
                .unwrap_or((-dtype.largest(), dtype.largest()));
            let bounds = [low, high].map(|bound| RBig::try_from(bound).ok());
            for number in numbers {
                let Ok(factor) = &factor else { continue };
                let larger = &*number * factor;
                let above = bounds[0].as_ref().is_none_or(|low| *low <= larger);
                let below = bounds[1].as_ref().is_none_or(|high| larger <= *high);
                if above && below {
                    *number = larger;
                }
            }
        }
        scaled
    }

    /// Small multiples of ½, for tangents and cotangents of the given float types.
    pub(super) fn direction(types: &[Type], random: &mut Random) -> Point {
        let element = |random: &mut Random| {
            let magnitude = random.within(1, 4);
            let sign = 2 * random.within(0, 1) - 1;
            RBig::from(sign * magnitude) / RBig::from(2)
        };
        Point::float(types, |_| element(random))
    }

    /// Zeros.
    pub(super) fn zeros(types: &[Type]) -> Point {
        Point::float(types, |_| RBig::ZERO)
    }

    /// 1 at one position of all elements in order, else 0.
    pub(super) fn unit(types: &[Type], position: u64) -> Point {
        Point::float(types, |at| {
            if at == position {
                RBig::ONE
            } else {
                RBig::ZERO
            }
        })
    }

    fn float(types: &[Type], mut element: impl FnMut(u64) -> RBig) -> Point {
        let mut at = 0;
        let mut next = || {
            at += 1;
            element(at - 1)
        };
        let elements = types
            .iter()
            .map(|ty| Elements::Numbers((0..ty.elements()).map(|_| next()).collect()))
            .collect();
        Point {
            elements,
            types: types.to_vec(),
        }
    }

    /// This point, then the tensors of another.
    pub(super) fn with(&self, other: &Point) -> Point {
        Point {
            types: self.types.iter().chain(&other.types).cloned().collect(),
            elements: self
                .elements
                .iter()
                .chain(&other.elements)
                .cloned()
                .collect(),
        }
    }

    /// x + t·dx, with the tensors of `direction` for those at `wrt`.
    pub(super) fn moved(&self, wrt: &[usize], direction: &Point, t: &RBig) -> Point {
        let mut moved = self.clone();
        for (&position, along) in wrt.iter().zip(&direction.elements) {
            if let (Elements::Numbers(x), Elements::Numbers(dx)) =
                (&mut moved.elements[position], along)
            {
                for (x, dx) in x.iter_mut().zip(dx) {
                    *x += dx * t;
                }
            }
        }
        moved
    }

    /// The tensors over a scalar.
    pub(super) fn tensors<S: Scalar<World = ()>>(&self) -> Vec<Tensor<S>> {
        let tensor = |(ty, elements): (&Type, &Elements)| match elements {
            Elements::Numbers(x) => Tensor::numbers(ty.clone(), scalars(ty, x)),
            Elements::Ints(x) => Tensor::integers(ty.clone(), x.iter().copied()),
            Elements::Truths(x) => Tensor::masks(ty.shape.clone(), x.iter().copied()),
        };
        self.types.iter().zip(&self.elements).map(tensor).collect()
    }

    /// The tensors over dual numbers, those at `wrt` varying along `direction`.
    pub(super) fn duals<S: Scalar<World = ()>>(
        &self,
        wrt: &[usize],
        direction: &Point,
    ) -> Vec<Tensor<Dual<S>>> {
        let mut tensors = self.tensors::<Dual<S>>();
        let along = direction.tensors::<S>();
        for (&position, dx) in wrt.iter().zip(&along) {
            let x = tensors[position].as_numbers().iter().zip(dx.as_numbers());
            let varying = x.map(|(x, dx)| Dual::varying(x.value.clone(), dx.clone()));
            let ty = tensors[position].ty.clone();
            tensors[position] = Tensor::numbers(ty, varying.collect());
        }
        tensors
    }

    /// The first elements of all tensors, for readers.
    pub(super) fn describe(&self) -> String {
        self.describe_each().join(", ")
    }

    /// The first elements of each tensor, for readers.
    pub(super) fn describe_each(&self) -> Vec<String> {
        const SHOWN: usize = 6;
        fn list(items: impl ExactSizeIterator<Item = String>) -> String {
            let more = if items.len() > SHOWN { ", …" } else { "" };
            let shown: Vec<String> = items.take(SHOWN).collect();
            format!("[{}{more}]", shown.join(", "))
        }
        let tensors = self.elements.iter().map(|elements| match elements {
            Elements::Numbers(x) => list(x.iter().map(ToString::to_string)),
            Elements::Ints(x) => list(x.iter().map(ToString::to_string)),
            Elements::Truths(x) => list(x.iter().map(ToString::to_string)),
        });
        tensors.collect()
    }
}

/// The number if it lies in a range, else one that does: inside, not at the bounds, so that what is
/// defined up to them is differentiable.
fn confined(number: &RBig, low: f64, high: f64, random: &mut Random) -> RBig {
    let bound = |bound: f64| RBig::try_from(bound).ok();
    let magnitude = |number: &RBig| {
        if *number < RBig::ZERO {
            -number
        } else {
            number.clone()
        }
    };
    let sixteenths = RBig::from(random.within(1, 15)) / RBig::from(16);
    match (bound(low), bound(high)) {
        (Some(low), Some(high)) if *number <= low || *number >= high => {
            (&high - &low) * sixteenths + low
        }
        (Some(low), None) if *number <= low => low + magnitude(number) + sixteenths,
        (None, Some(high)) if *number >= high => high - magnitude(number) - sixteenths,
        (_, _) => number.clone(),
    }
}

/// The integers that are drawn of a range: all, but no more than eight from an end on where there is no other.
fn whole(low: f64, high: f64) -> (i64, i64) {
    const LARGEST: f64 = (1u64 << 53) as f64;
    let (first, last) = (low.ceil().max(-LARGEST), high.floor().min(LARGEST));
    let (first, last) = match (low.is_finite(), high.is_finite()) {
        (true, false) => (first, first + 7.0),
        (false, true) => (last - 7.0, last),
        (false, false) => (-3.0, 4.0),
        (true, true) => (first, last.max(first)),
    };
    (first as i64, last as i64)
}

fn scalars<S: Scalar<World = ()>>(ty: &Type, x: &[RBig]) -> Vec<S> {
    x.iter()
        .map(|x| S::constant(&(), ty.dtype, &Constant::rational(x.clone())))
        .collect()
}

fn integers(count: u64, random: &mut Random, (low, high): (i64, i64)) -> Vec<i64> {
    (0..count).map(|_| random.within(low, high)).collect()
}

fn numbers(count: u64, random: &mut Random, grid: Grid) -> Vec<RBig> {
    let positive = random.within(0, 2) == 0;
    let sign = |random: &mut Random| {
        if positive {
            RBig::ONE
        } else {
            RBig::from(2 * random.within(0, 1) - 1)
        }
    };
    if count > SMALL && grid != Grid::Integers {
        // Off the grid of exact exponentials there is no reason for elements to be alike, and to tie.
        let steps = if grid == Grid::Halves { 32 } else { 1 << 15 };
        let element = |_| {
            let magnitude = random.within(1, steps);
            sign(random) * RBig::from(magnitude) / RBig::from(2 * steps)
        };
        return (0..count).map(element).collect();
    }
    let offset = match grid {
        Grid::Small => {
            let element =
                |_| sign(random) * RBig::from(2 * random.within(0, 31) + 1) / RBig::from(128);
            return (0..count).map(element).collect();
        }
        Grid::Halves => RBig::ZERO,
        Grid::OffIntegers => RBig::ONE / RBig::from(8),
        Grid::Integers => {
            let element = |_| sign(random) * RBig::from(random.within(1, 3));
            return (0..count).map(element).collect();
        }
    };
    let mut pool: Vec<i64> = (1..=(count as i64 + 5)).collect();
    let element = |_| {
        let at = random.within(0, pool.len() as i64 - 1) as usize;
        let magnitude = pool.swap_remove(at);
        sign(random) * (RBig::from(magnitude) / RBig::from(2) + &offset)
    };
    (0..count).map(element).collect()
}
