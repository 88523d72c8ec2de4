//! The inputs on which compiled code is compared.
//!
//! Floats are of several scales, since what overflows at one does not at another. In half of the samples they lie where
//! the conditions of the graph hold, as far as that is known, which may be less than all. Integers that are used as indices are drawn from all positions that there are,
//! both ends included; integers of which nothing is known are small, and from the whole range of their dtype.

use crate::Failure;
use lgc_ir::dtype::DType;
use lgc_ir::generate::{Scale, sample_inputs_in};
use lgc_ir::graph::Graph;
use lgc_ir::interpret::{Data, Tensor};
use lgc_ir::laws::sensible_ranges;
use lgc_ir::scalar::{Int, Scalar};

/// No more samples than this are taken of a graph with float inputs, of one without, and of one without inputs.
const MOST: [usize; 3] = [8, 4, 1];

/// The sample inputs of a graph.
pub(super) struct Samples {
    /// Its inputs, with the ranges of integers and those that are declared.
    free: Graph,
    /// The same, with the ranges in which the conditions hold.
    ranged: Graph,
    has_floats: bool,
    /// How many there are.
    pub(super) count: usize,
}

impl Samples {
    /// As many samples of the inputs of a graph as may be interpreted, and one at least.
    pub(super) fn of(graph: &Graph, operations: u64, limit: u64) -> Result<Samples, Failure> {
        let ranges = sensible_ranges(graph).map_err(Failure::internal)?;
        let (mut free, mut ranged) = (graph.clone(), graph.clone());
        for (input, range) in graph.inputs().iter().zip(ranges) {
            let Some(range) = range else { continue };
            ranged.set_range(input.node, range);
            if !graph.ty(*input).dtype.is_float() {
                free.set_range(input.node, range);
            }
        }
        let mut inputs = graph.inputs().iter();
        let has_floats = inputs.any(|input| graph.ty(*input).dtype.is_float());
        let [floats, integers, nothing] = MOST;
        let most = match (has_floats, graph.inputs().is_empty()) {
            (true, _) => floats,
            (false, false) => integers,
            (false, true) => nothing,
        };
        let affordable = usize::try_from(limit / operations.max(1)).unwrap_or(most);
        Ok(Samples {
            free,
            ranged,
            has_floats,
            count: affordable.clamp(1, most),
        })
    }

    /// The scale of the floats of a sample.
    pub(super) fn scale(&self, sample: usize) -> Scale {
        let scales = Scale::ALL;
        match self.has_floats {
            true => scales[sample % scales.len()],
            false => Scale::Moderate,
        }
    }

    /// At how many scales floats are.
    pub(super) fn scales(&self) -> usize {
        match self.has_floats {
            true => self.count.min(Scale::ALL.len()),
            false => 1,
        }
    }

    /// The inputs of a sample; `number` makes the elements.
    pub(super) fn inputs<S: Scalar>(
        &self,
        sample: usize,
        number: impl Fn(DType, f64) -> S,
    ) -> Vec<Tensor<S>> {
        let round = sample / Scale::ALL.len();
        // Each scale takes its turn with both.
        let graph = match (sample + round).is_multiple_of(2) {
            true => &self.free,
            false => &self.ranged,
        };
        let mut tensors = sample_inputs_in(graph, self.scale(sample), round as u64, number);
        for (position, (tensor, input)) in tensors.iter_mut().zip(graph.inputs()).enumerate() {
            if let Data::Int(elements) = &mut tensor.data {
                let dtype = tensor.ty.dtype;
                let (low, high) = bounds(dtype, graph.range(input.node), sample);
                let start = ((sample as u64) << 40) | ((position as u64) << 32);
                let drawn = (0..elements.len() as u64)
                    .map(|at| Int::new(dtype, draw(low, high, start, at + sample as u64)));
                *elements = drawn.collect();
            }
        }
        tensors
    }
}

/// The least and the greatest integer of a sample.
fn bounds(dtype: DType, range: Option<(f64, f64)>, sample: usize) -> (i64, i64) {
    let (least, greatest) = match dtype {
        DType::U32 => (0, i64::from(u32::MAX)),
        DType::I64 => (i64::MIN, i64::MAX),
        DType::I32 | DType::Bool | DType::F16 | DType::Bf16 | DType::F32 | DType::F64 => {
            (i64::from(i32::MIN), i64::from(i32::MAX))
        }
    };
    let within = |low: i64, high: i64| (low.clamp(least, greatest), high.clamp(least, greatest));
    match (range, sample) {
        (Some((low, high)), _) if low.is_finite() && high.is_finite() => {
            // What is beyond 64 bits is cut to them.
            within(low.ceil() as i64, high.floor().max(low.ceil()) as i64)
        }
        (Some((low, _)), _) if low.is_finite() => {
            within(low.ceil() as i64, (low.ceil() as i64).saturating_add(7))
        }
        (Some((_, high)), _) if high.is_finite() => {
            within((high.floor() as i64).saturating_sub(7), high.floor() as i64)
        }
        (_, 0) => (0, 1),
        (_, 1) => within(-3, 8),
        (_, _) => (least, greatest),
    }
}

/// Element number `at` of a tensor: the ends first, then any. Each sample begins one further on, so that a single
/// integer is either end and something else.
fn draw(low: i64, high: i64, start: u64, at: u64) -> i64 {
    match at {
        0 => low,
        1 => high,
        _ => {
            let span = (i128::from(high) - i128::from(low) + 1).max(1);
            let offset = i128::from(mixed(start ^ at)) % span;
            (i128::from(low) + offset) as i64
        }
    }
}

/// Bits that look random (SplitMix64, Steele, Lea & Flood, OOPSLA 2014).
fn mixed(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
