//! Folds: interleaved partial results in registers, merged in the documented order.
//!
//! The extent, lanes and chunks of a fold are constants. Chunks are an outer loop. What chunks come to is
//! merged as they come, like a binary counter: the value of 2ᵏ chunks waits at level k until there is
//! another of its size. That is the tree of neighbours, in as many places as it has levels. Where chunks
//! are tasks, each takes a number of them that is a power of two, so that it computes a subtree. A fold with a
//! straight-line body keeps its L lanes in registers and runs L elements at a time; the elements
//! that are left over, fewer than L and in the last chunk only, are stepped one by one with the lanes
//! in memory. Other folds with more than one lane keep them in memory throughout.

use crate::backend::cranelift::core::{Advance, Loop, Shift};
use crate::kernel::{Fold, Form, ValueType};
use crate::machine::kernel::{KernelEmitter, Vector};
use crate::machine::lanes::{Extent, Lanes, Parts, cuts, native_unit, part_type};
use crate::machine::refusal::{Refusal, Result, signed};
use cranelift_codegen::ir::{Opcode, Type, Value};
use lgc_ir::dtype::DType;

/// An array of states in memory: one array of values for each component.
pub(crate) struct Store {
    /// For each component: the address of the first element, its type, and the bytes of an element.
    pub(crate) components: Vec<(Value, ValueType, u32)>,
}

/// Where a chunk begins and ends, as values.
struct Chunk {
    start: Value,
    /// The end of the last whole group of L elements.
    middle: Value,
    end: Value,
    /// Whether there is a whole group, if it is known.
    has_groups: Option<bool>,
    /// Whether there are elements after the last whole group, if it is known.
    has_rest: Option<bool>,
}

impl<'k> KernelEmitter<'k> {
    /// Emits a fold and defines its results.
    pub(crate) fn fold(&mut self, fold: &'k Fold) -> Result<()> {
        let results = fold.states.iter().map(|state| state.result);
        let count = fold.chunks();
        let zero = self.core.constant(0);
        let parts = if count <= 1 {
            let chunk = self.chunk(fold, None);
            self.fold_chunk(fold, &chunk)?
        } else if let Some(tasks) = self.tasks_of_fold(fold) {
            let states = self.allocate_states(fold, tasks)?;
            self.launch_fold(fold, &states)?;
            self.merge_neighbours(fold, &states, tasks)?;
            self.get(&states, zero)
        } else {
            let end = self.core.constant(signed(count)?);
            self.fold_chunks(fold, zero, end, count)?
        };
        self.define_flat(results, &parts);
        Ok(())
    }

    /// The merged state of the chunks `first..end`, of which there is one at least and `most` at most.
    pub(crate) fn fold_chunks(
        &mut self,
        fold: &'k Fold,
        first: Value,
        end: Value,
        most: u64,
    ) -> Result<Vec<Value>> {
        let levels = self.allocate_states(fold, u64::BITS - most.leading_zeros())?;
        // The latest state is in memory, so that no register is kept from the loops of a chunk for it.
        let latest = self.allocate_states(fold, 1)?;
        let zero = self.core.constant(0);
        let open = self.core.begin_loop(first, Vec::new());
        let chunk = self.chunk(fold, Some(open.point));
        let parts = self.fold_chunk(fold, &chunk)?;
        self.put(&latest, zero, &parts);
        let before = self.core.binary(Opcode::Isub, open.point, first);
        let number = self.core.add_constant(before, 1);
        // With this chunk, as many levels are full as its number ends in zeros.
        let full = self.core.trailing_zeros(number);
        let carry = self.core.begin_loop(zero, Vec::new());
        self.merge_with(fold, (&levels, carry.point), &latest)?;
        let advance = Advance {
            step: 1,
            bound: full,
            runs: None,
        };
        self.core.end_loop(carry, advance, &[]);
        let zero = self.core.constant(0);
        let parts = self.get(&latest, zero);
        self.put(&levels, full, &parts);
        let advance = Advance {
            step: 1,
            bound: end,
            runs: Some(true),
        };
        self.core.end_loop(open, advance, &[]);
        // What waits is merged from the last on.
        let count = self.core.binary(Opcode::Isub, end, first);
        let last = self.core.trailing_zeros(count);
        let zero = self.core.constant(0);
        let parts = self.get(&levels, last);
        self.put(&latest, zero, &parts);
        let rest = self.core.without_last_bit(count);
        let more = self.core.population(rest);
        let open = self.core.begin_loop(zero, vec![rest]);
        let rest = open.states[0];
        let level = self.core.trailing_zeros(rest);
        self.merge_with(fold, (&levels, level), &latest)?;
        let rest = self.core.without_last_bit(rest);
        let advance = Advance {
            step: 1,
            bound: more,
            runs: None,
        };
        self.core.end_loop(open, advance, &[rest]);
        let zero = self.core.constant(0);
        Ok(self.get(&latest, zero))
    }

    /// Merges the state that waits at a place with the latest one, which comes after it.
    fn merge_with(
        &mut self,
        fold: &'k Fold,
        (waiting, place): (&Store, Value),
        latest: &Store,
    ) -> Result<()> {
        let zero = self.core.constant(0);
        let left = self.get(waiting, place);
        let right = self.get(latest, zero);
        let merged = self.merged(fold, &left, &right)?;
        self.put(latest, zero, &merged);
        Ok(())
    }

    /// The state that an earlier and a later one come to.
    fn merged(&mut self, fold: &'k Fold, left: &[Value], right: &[Value]) -> Result<Vec<Value>> {
        self.define_flat(fold.states.iter().map(|state| state.left), left);
        self.define_flat(fold.states.iter().map(|state| state.right), right);
        self.region(&fold.merge)?;
        self.flat_all(fold.states.iter().map(|state| state.merged))
    }

    /// Ends a loop over `0..count` without carried values.
    fn close(&mut self, open: Loop, count: i64) {
        let bound = self.core.constant(count);
        let advance = Advance {
            step: 1,
            bound,
            runs: Some(count > 0),
        };
        self.core.end_loop(open, advance, &[]);
    }

    fn chunk(&mut self, fold: &Fold, number: Option<Value>) -> Chunk {
        let lanes = i64::from(fold.lanes.max(1));
        let extent = fold.extent as i64;
        let Some(number) = number else {
            let middle = extent / lanes * lanes;
            return Chunk {
                start: self.core.constant(0),
                middle: self.core.constant(middle),
                end: self.core.constant(extent),
                has_groups: Some(middle > 0),
                has_rest: Some(middle < extent),
            };
        };
        let length = fold.chunk as i64;
        let rest = extent % length.max(1);
        let start = self.core.multiply_constant(number, length);
        let mut end = self.core.add_constant(start, length);
        if rest != 0 {
            let bound = self.core.constant(extent);
            end = self.core.binary(Opcode::Smin, end, bound);
        }
        let count = self.core.binary(Opcode::Isub, end, start);
        let groups = self
            .core
            .shift(Shift::Logical, count, lanes.trailing_zeros());
        let whole = self.core.shift(Shift::Left, groups, lanes.trailing_zeros());
        let is_even = extent % lanes == 0;
        Chunk {
            start,
            middle: self.core.add(start, whole),
            end,
            has_groups: (rest == 0 || rest >= lanes).then_some(true),
            has_rest: is_even.then_some(false),
        }
    }

    /// The state of a chunk, merged over its lanes.
    fn fold_chunk(&mut self, fold: &'k Fold, chunk: &Chunk) -> Result<Vec<Value>> {
        if fold.lanes <= 1 {
            return self.fold_sequence(fold, chunk);
        }
        let scalars = fold
            .states
            .iter()
            .all(|state| self.kernel.type_of(state.state).form == Form::Scalar);
        if self.vector.is_none() && scalars && fold.lanes <= 64 && self.is_flat(&fold.body) {
            return self.fold_registers(fold, chunk);
        }
        self.fold_memory(fold, chunk)
    }

    /// A loop over the elements of a chunk, each taken into one state.
    fn fold_sequence(&mut self, fold: &'k Fold, chunk: &Chunk) -> Result<Vec<Value>> {
        let inits = self.flat_all(fold.states.iter().map(|state| state.init))?;
        if fold.chunk == 1 && fold.extent > 0 {
            self.define_flat(fold.states.iter().map(|state| state.state), &inits);
            return self.step(fold, chunk.start, (0, fold.extent as i64));
        }
        let open = self.core.begin_loop(chunk.start, inits);
        self.define_flat(fold.states.iter().map(|state| state.state), &open.states);
        let next = self.step(fold, open.point, (0, fold.extent as i64))?;
        let advance = Advance {
            step: 1,
            bound: chunk.end,
            runs: match (chunk.has_groups, chunk.has_rest) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (_, _) => None,
            },
        };
        Ok(self.core.end_loop(open, advance, &next))
    }

    /// Emits the body for an element; the parts of the next state.
    fn step(&mut self, fold: &'k Fold, element: Value, bounds: (i64, i64)) -> Result<Vec<Value>> {
        self.vars.set(fold.var.0, element, bounds);
        self.region(&fold.body)?;
        self.flat_all(fold.states.iter().map(|state| state.next))
    }

    // ------------------------------------------------------------------------------- registers

    fn fold_registers(&mut self, fold: &'k Fold, chunk: &Chunk) -> Result<Vec<Value>> {
        self.vector = Some(Vector {
            var: fold.var.0,
            width: fold.lanes,
            // Chunks begin at multiples of the lanes.
            is_aligned: true,
        });
        let inits = self.flat_all(fold.states.iter().map(|state| state.init))?;
        let mut parts = inits;
        if chunk.has_groups != Some(false) {
            let open = self.core.begin_loop(chunk.start, parts);
            let next = self.group_of_lanes(fold, open.point, &open.states.clone())?;
            let advance = Advance {
                step: i64::from(fold.lanes),
                bound: chunk.middle,
                runs: chunk.has_groups,
            };
            parts = self.core.end_loop(open, advance, &next);
        }
        self.vector = None;
        if chunk.has_rest != Some(false) {
            parts = self.fold_rest(fold, chunk, parts)?;
        }
        self.merge_registers(fold, parts)
    }

    /// Takes an element into each lane. Long bodies take some of the lanes at a time, since registers do not hold
    /// their values for all.
    fn group_of_lanes(
        &mut self,
        fold: &'k Fold,
        first: Value,
        states: &[Value],
    ) -> Result<Vec<Value>> {
        let costs = &self.target.costs;
        let width = match fold.body.stmts.len() <= costs.short_fold {
            true => fold.lanes,
            false => fold.lanes.min(costs.long_fold_lanes),
        };
        let mut next: Vec<Vec<Value>> = vec![Vec::new(); fold.states.len()];
        for at in (0..fold.lanes).step_by(width as usize) {
            self.vector = Some(Vector {
                var: fold.var.0,
                width,
                is_aligned: true,
            });
            let own = self.parts_of_lanes(fold, states, at..at + width);
            self.define_flat(fold.states.iter().map(|state| state.state), &own);
            let point = self.core.add_constant(first, i64::from(at));
            self.vars.set(fold.var.0, point, (0, fold.extent as i64));
            self.region(&fold.body)?;
            for (next, state) in next.iter_mut().zip(&fold.states) {
                next.extend(self.flat(state.next)?);
            }
        }
        Ok(next.into_iter().flatten().collect())
    }

    /// The parts of some neighbouring lanes, by component, of those of all lanes.
    fn parts_of_lanes(
        &self,
        fold: &Fold,
        parts: &[Value],
        lanes: std::ops::Range<u32>,
    ) -> Vec<Value> {
        let mut rest = parts.iter();
        let mut own = Vec::new();
        for state in &fold.states {
            let unit = native_unit(self.kernel.type_of(state.state).dtype);
            for ((lane, _), &part) in cuts(fold.lanes, unit).zip(rest.by_ref()) {
                if lanes.contains(&lane) {
                    own.push(part);
                }
            }
        }
        own
    }

    /// Takes the elements after the last whole group into their lanes, which are in memory for it.
    fn fold_rest(
        &mut self,
        fold: &'k Fold,
        chunk: &Chunk,
        parts: Vec<Value>,
    ) -> Result<Vec<Value>> {
        let lanes = self.allocate_lanes(fold)?;
        self.spill_lanes(fold, &lanes, &parts);
        let open = self.core.begin_loop(chunk.middle, Vec::new());
        let lane = self.core.binary(Opcode::Isub, open.point, chunk.middle);
        let states = self.get(&lanes, lane);
        self.define_flat(fold.states.iter().map(|state| state.state), &states);
        let next = self.step(fold, open.point, (0, fold.extent as i64))?;
        self.put(&lanes, lane, &next);
        let advance = Advance {
            step: 1,
            bound: chunk.end,
            runs: chunk.has_rest,
        };
        self.core.end_loop(open, advance, &[]);
        Ok(self.reload_lanes(fold, &lanes))
    }

    /// Merges lanes that are in registers by halving.
    fn merge_registers(&mut self, fold: &'k Fold, parts: Vec<Value>) -> Result<Vec<Value>> {
        let mut lanes = fold.lanes;
        let mut states = self.cut_states(fold, lanes, &parts);
        while lanes > 1 {
            let half = lanes / 2;
            let extent = Extent::row(half);
            for (state, elements) in fold.states.iter().zip(&states) {
                let dtype = self.kernel.type_of(state.state).dtype;
                let (left, right) = self.halves(dtype, lanes, elements);
                self.define(state.left, lane_values(extent, left));
                self.define(state.right, lane_values(extent, right));
            }
            self.vector = (half > 1).then_some(Vector {
                var: fold.var.0,
                width: half,
                is_aligned: false,
            });
            self.region(&fold.merge)?;
            let merged = self.flat_all(fold.states.iter().map(|state| state.merged))?;
            self.vector = None;
            states = self.cut_states(fold, half, &merged);
            lanes = half;
        }
        Ok(states
            .into_iter()
            .flat_map(|lanes| match lanes {
                Lanes::Uniform(x) => Parts::from_slice(&[x]),
                Lanes::Parts { parts, .. } => parts,
                Lanes::Memory(_) => Parts::new(),
            })
            .collect())
    }

    /// The parts of several components with `lanes` lanes each, by component.
    fn cut_states(&self, fold: &Fold, lanes: u32, parts: &[Value]) -> Vec<Lanes> {
        let mut rest = parts;
        let mut states = Vec::new();
        for state in &fold.states {
            let unit = native_unit(self.kernel.type_of(state.state).dtype);
            let count = cuts(lanes, unit).count().min(rest.len());
            let (own, others) = rest.split_at(count);
            rest = others;
            states.push(Lanes::Parts {
                unit,
                parts: own.into(),
            });
        }
        states
    }

    /// The first and the second half of lanes.
    fn halves(&mut self, dtype: DType, lanes: u32, elements: &Lanes) -> (Lanes, Lanes) {
        let unit = native_unit(dtype);
        let half = lanes / 2;
        let unit = if half < unit { 1 } else { unit };
        let parts = self.core.parts(dtype, Extent::row(lanes), elements, unit);
        let (left, right) = parts.split_at(parts.len() / 2);
        let of = |parts: &[Value]| Lanes::Parts {
            unit,
            parts: parts.into(),
        };
        (of(left), of(right))
    }

    // ---------------------------------------------------------------------------------- memory

    /// A fold whose lanes are in memory throughout.
    fn fold_memory(&mut self, fold: &'k Fold, chunk: &Chunk) -> Result<Vec<Value>> {
        let lanes = self.allocate_lanes(fold)?;
        let zero = self.core.constant(0);
        let inits = self.flat_all(fold.states.iter().map(|state| state.init))?;
        let open = self.core.begin_loop(zero, Vec::new());
        self.put(&lanes, open.point, &inits);
        self.close(open, i64::from(fold.lanes));

        let open = self.core.begin_loop(chunk.start, Vec::new());
        let place = self.core.binary(Opcode::Isub, open.point, chunk.start);
        let last = self.core.constant(i64::from(fold.lanes) - 1);
        let lane = self.core.binary(Opcode::Band, place, last);
        let states = self.get(&lanes, lane);
        self.define_flat(fold.states.iter().map(|state| state.state), &states);
        let next = self.step(fold, open.point, (0, fold.extent as i64))?;
        self.put(&lanes, lane, &next);
        let advance = Advance {
            step: 1,
            bound: chunk.end,
            runs: None,
        };
        self.core.end_loop(open, advance, &[]);

        let mut half = fold.lanes / 2;
        while half > 0 {
            let open = self.core.begin_loop(zero, Vec::new());
            let other = self.core.add_constant(open.point, i64::from(half));
            self.merge_into(fold, &lanes, (open.point, other), open.point)?;
            self.close(open, i64::from(half));
            half /= 2;
        }
        Ok(self.get(&lanes, zero))
    }

    /// Stores the merged states of two places at a third.
    fn merge_into(
        &mut self,
        fold: &'k Fold,
        states: &Store,
        (left, right): (Value, Value),
        to: Value,
    ) -> Result<()> {
        let (left, right) = (self.get(states, left), self.get(states, right));
        let merged = self.merged(fold, &left, &right)?;
        self.put(states, to, &merged);
        Ok(())
    }

    /// Merges states as neighbours until one is left: x₂ⱼ and x₂ⱼ₊₁ to place j, an odd last one moves
    /// to the place after them.
    fn merge_neighbours(&mut self, fold: &'k Fold, chunks: &Store, count: u32) -> Result<()> {
        let mut left = count;
        let zero = self.core.constant(0);
        while left > 1 {
            let pairs = left / 2;
            let open = self.core.begin_loop(zero, Vec::new());
            let first = self.core.shift(Shift::Left, open.point, 1);
            let second = self.core.add_constant(first, 1);
            self.merge_into(fold, chunks, (first, second), open.point)?;
            self.close(open, i64::from(pairs));
            if left % 2 == 1 {
                let last = self.core.constant(i64::from(left - 1));
                let states = self.get(chunks, last);
                let place = self.core.constant(i64::from(pairs));
                self.put(chunks, place, &states);
            }
            left = left.div_ceil(2);
        }
        Ok(())
    }

    // --------------------------------------------------------------------------------- storage

    fn allocate_lanes(&mut self, fold: &Fold) -> Result<Store> {
        self.allocate_states(fold, fold.lanes)
    }

    /// Memory for that many states.
    fn allocate_states(&mut self, fold: &Fold, count: u32) -> Result<Store> {
        let mut components = Vec::new();
        for (ty, bytes) in self.state_sizes(fold) {
            let total = bytes.checked_mul(count);
            let total = total.and_then(|total| total.checked_next_multiple_of(16));
            let total = total.ok_or(Refusal("states of a fold of 4 GiB and more"))?;
            components.push((self.core.stack_memory(total), ty, bytes));
        }
        Ok(Store { components })
    }

    /// The type and the bytes of each component of a state.
    pub(crate) fn state_sizes(&self, fold: &Fold) -> Vec<(ValueType, u32)> {
        let types = fold
            .states
            .iter()
            .map(|state| self.kernel.type_of(state.state));
        types
            .map(|ty| match ty.form {
                Form::Scalar => (ty, ty.dtype.compute().size() as u32),
                Form::Vector(_) | Form::Tile(..) => (ty, part_types(ty).len() as u32 * 16),
            })
            .collect()
    }

    /// Stores a state, given by the parts of its components, at a place.
    pub(crate) fn put(&mut self, store: &Store, place: Value, parts: &[Value]) {
        let mut parts = parts.iter();
        for &(base, ty, bytes) in &store.components {
            let offset = self.core.multiply_constant(place, i64::from(bytes));
            let address = self.core.add(base, offset);
            for (at, &part) in (0..part_types(ty).len()).zip(parts.by_ref()) {
                self.core.store(part, address, at as i32 * 16);
            }
        }
    }

    /// The parts of the components of the state at a place.
    fn get(&mut self, store: &Store, place: Value) -> Vec<Value> {
        let mut parts = Vec::new();
        for &(base, ty, bytes) in &store.components {
            let offset = self.core.multiply_constant(place, i64::from(bytes));
            let address = self.core.add(base, offset);
            for (at, part) in part_types(ty).into_iter().enumerate() {
                parts.push(self.core.load(part, address, at as i32 * 16));
            }
        }
        parts
    }

    /// Stores the lanes of scalar states, which are in registers, one after the other.
    fn spill_lanes(&mut self, fold: &Fold, store: &Store, parts: &[Value]) {
        let mut parts = parts.iter();
        for &(base, ty, bytes) in &store.components {
            let cuts = cuts(fold.lanes, native_unit(ty.dtype));
            for ((lane, width), &part) in cuts.zip(parts.by_ref()) {
                let offset = (lane * bytes) as i32;
                let dtype = ty.dtype.compute();
                self.core.store_part(dtype, width, part, base, offset);
            }
        }
    }

    /// The lanes of scalar states as registers.
    fn reload_lanes(&mut self, fold: &Fold, store: &Store) -> Vec<Value> {
        let mut parts = Vec::new();
        for &(base, ty, bytes) in &store.components {
            for (lane, width) in cuts(fold.lanes, native_unit(ty.dtype)) {
                let offset = (lane * bytes) as i32;
                let dtype = ty.dtype.compute();
                parts.push(self.core.load_part(dtype, width, base, offset));
            }
        }
        parts
    }
}

/// The types of the parts of a value, row by row.
pub(crate) fn part_types(ty: ValueType) -> Vec<Type> {
    let (rows, columns) = match ty.form {
        Form::Scalar => (1, 1),
        Form::Vector(columns) => (1, columns),
        Form::Tile(rows, columns) => (rows, columns),
    };
    (0..rows)
        .flat_map(|_| cuts(columns, native_unit(ty.dtype)))
        .map(|(_, width)| part_type(ty.dtype, width))
        .collect()
}

/// Lanes as a value: one lane is a single element.
fn lane_values(extent: Extent, lanes: Lanes) -> Lanes {
    match lanes {
        Lanes::Parts { parts, .. } if extent.is_one() && parts.len() == 1 => {
            Lanes::Uniform(parts[0])
        }
        Lanes::Uniform(_) | Lanes::Memory(_) | Lanes::Parts { .. } => lanes,
    }
}
