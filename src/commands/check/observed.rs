//! What compiled code leaves in memory on its way, and the enclosure of each value by those before it.
//!
//! An enclosure by the inputs alone grows from op to op: a block of a transformer makes it a thousand times as wide, and
//! behind the second one nothing is told apart. So each value that is stored is enclosed by what the code has really
//! computed before it. If all lie inside, what the code did is one of the ways in which the graph can be rounded,
//! however deep it is: op by op within the bounds of its primitives.

use super::compiled::number;
use crate::lowered::{Lowered, is_leaf};
use lgc_codegen::kernel::{BufferId, Program};
use lgc_ir::dtype::DType;
use lgc_ir::graph::{Graph, NodeId, Value};
use lgc_ir::interpret::{InterpretError, Interpretation, Tensor, interpret_settling};
use lgc_ir::module::Entry;
use lgc_ir::scalar::Interval;
use lgc_ir::shape::Type;
use rustc_hash::FxHashMap;

/// The values of an entry that its program stores.
#[derive(Default)]
pub(super) struct Observed {
    buffers: Vec<BufferId>,
    types: Vec<Type>,
    /// Which of them holds a value of the entry's graph.
    places: FxHashMap<Value, usize>,
}

impl Observed {
    /// Those of an entry as it is compiled.
    pub(super) fn of(entry: &Entry, lowered: &Lowered) -> Observed {
        let buffers: FxHashMap<NodeId, BufferId> = lowered.buffers.iter().copied().collect();
        let mut known: FxHashMap<NodeId, usize> = FxHashMap::default();
        let mut observed = Observed::default();
        let graph = &entry.graph;
        let (live, nodes) = (graph.live(), graph.nodes());
        let computed = nodes.filter(|node| live[node.index()] && !is_leaf(graph, *node));
        for value in computed.flat_map(|node| graph.results(node)) {
            let node = lowered.node(value);
            let buffer = node.and_then(|node| Some((node, *buffers.get(&node)?)));
            let Some((node, buffer)) = buffer else {
                continue;
            };
            let place = *known.entry(node).or_insert_with(|| {
                observed.buffers.push(buffer);
                observed.types.push(graph.ty(value).clone());
                observed.buffers.len() - 1
            });
            observed.places.insert(value, place);
        }
        observed
    }

    /// The program with what it stores as further outputs.
    pub(super) fn program(&self, program: &Program) -> Program {
        program.observed(&self.buffers)
    }

    /// The types of these outputs.
    pub(super) fn types(&self) -> &[Type] {
        &self.types
    }

    /// Which of these outputs holds a value.
    pub(super) fn place(&self, value: Value) -> Option<usize> {
        self.places.get(&value).copied()
    }
}

/// What is done with a value that is stored: its enclosure, which of what is stored it is, and what is there.
pub(super) type Seen<'a> = &'a mut dyn FnMut(Value, &Tensor<Interval>, (usize, &[u8]));

/// Encloses the values of a graph, where `place` says which of `held` has been stored of a value: what follows is
/// enclosed by that.
///
/// # Errors
/// As [`interpret_settling`].
pub(super) fn enclose(
    graph: &Graph,
    inputs: &[Tensor<Interval>],
    (place, held): (&dyn Fn(Value) -> Option<usize>, &[Vec<u8>]),
    seen: Seen<'_>,
) -> Result<Interpretation<Interval>, InterpretError> {
    interpret_settling(graph, &(), inputs, &mut |value, enclosure| {
        let place = place(value)?;
        let bytes = held.get(place)?;
        seen(value, enclosure, (place, bytes));
        Some(points(&enclosure.ty, bytes))
    })
}

/// What memory holds, as numbers that are known.
fn points(ty: &Type, bytes: &[u8]) -> Tensor<Interval> {
    let dtype = ty.dtype;
    let elements = bytes.chunks_exact(dtype.size() as usize);
    match dtype {
        DType::F16 | DType::Bf16 | DType::F32 | DType::F64 => {
            let points = elements.map(|chunk| Interval::point(dtype, number(dtype, chunk)));
            Tensor::numbers(ty.clone(), points.collect())
        }
        DType::I32 | DType::I64 | DType::U32 => {
            Tensor::integers(ty.clone(), elements.map(|chunk| integer(dtype, chunk)))
        }
        DType::Bool => Tensor::masks(ty.shape.clone(), elements.map(|chunk| chunk != [0])),
    }
}

/// One integer from its bytes.
fn integer(dtype: DType, bytes: &[u8]) -> i64 {
    let mut wide = [0; 8];
    wide[..bytes.len().min(8)].copy_from_slice(&bytes[..bytes.len().min(8)]);
    let bits = i64::from_le_bytes(wide);
    match dtype {
        DType::I32 => i64::from(bits as i32),
        DType::U32
        | DType::I64
        | DType::F16
        | DType::Bf16
        | DType::F32
        | DType::F64
        | DType::Bool => bits,
    }
}
