//! Emits the value of a node at a point.
//!
//! [`Elements::value`] computes one element of a node, or the elements along a vector or a register
//! tile, from what is in memory: it goes through views, repeats values that are not saved, and uses
//! each result again while the loop where it was computed is open. Coordinates are index expressions
//! over the kernel's loops; a guard says where an element is needed at all, and accesses carry it.

use crate::kernel::{
    Access, BodyScalar, BufferId, ForRange, KernelBuilder, MemId, Mode, SourceLine, ValueId, end_of,
};
use crate::lower::analysis::model::{Kind, Reference};
use crate::lower::emit::lanes::{COLUMN, Lanes, ROW};
use crate::lower::emit::picked::Picks;
use crate::lower::fusion::group::GroupId;
use crate::lower::fusion::plan::Plan;
use crate::target::Costs;
use lgc_ir::dtype::DType;
use lgc_ir::graph::NodeId;
use lgc_ir::index::{Guard, Index, Relation};
use lgc_ir::op::{Family, Leaf, Picking};
use lgc_ir::scalar::{Binary, Comparison, Connective};
use lgc_ir::shape::Shape;
use rustc_hash::FxHashMap;

/// A node at a point: what is computed once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Instance {
    node: NodeId,
    coords: Vec<Index>,
    guard: Guard,
    /// Tiles of several sizes may follow one another in one scope.
    lanes: Lanes,
}

/// A value that an earlier loop of the kernel left in memory.
#[derive(Clone, Debug)]
pub(in crate::lower) struct Kept {
    pub(in crate::lower) memory: MemId,
    /// Whether the memory has all axes of the domain; else only the folded ones and the lanes.
    pub(in crate::lower) whole: bool,
}

/// The element of a kept value that belongs to the current point.
#[derive(Clone, Debug)]
pub(super) struct KeptElement {
    pub(in crate::lower) access: Access,
    /// Which element it is. Others of the same value, which views may ask for, are computed anew.
    pub(in crate::lower) coords: Vec<Index>,
}

/// Emits elements into a kernel under construction.
pub(in crate::lower) struct Elements<'p> {
    pub(in crate::lower) plan: &'p Plan<'p>,
    pub(in crate::lower) builder: KernelBuilder,
    pub(super) lanes: Lanes,
    /// The values that this kernel has computed for the current row or tile, before halves are rounded.
    pub(in crate::lower) results: FxHashMap<NodeId, ValueId>,
    /// Values that are to be loaded instead of computed.
    pub(super) kept: FxHashMap<NodeId, KeptElement>,
    group: Option<GroupId>,
    params: FxHashMap<BufferId, MemId>,
    args: Vec<BufferId>,
    pub(in crate::lower) bounds: Vec<(i64, i64)>,
    pub(super) picks: Picks,
    scopes: Vec<FxHashMap<Instance, ValueId>>,
    unsupported: bool,
}

impl<'p> Elements<'p> {
    pub(in crate::lower) fn new(
        plan: &'p Plan<'p>,
        group: Option<GroupId>,
        builder: KernelBuilder,
    ) -> Self {
        Elements {
            plan,
            builder,
            lanes: Lanes::default(),
            results: FxHashMap::default(),
            kept: FxHashMap::default(),
            group,
            params: FxHashMap::default(),
            args: Vec::new(),
            bounds: Vec::new(),
            picks: Picks::default(),
            scopes: vec![FxHashMap::default()],
            unsupported: false,
        }
    }

    // ------------------------------------------------------------------------------- parameters

    /// Adds a parameter for each buffer that is read or written.
    pub(super) fn declare(&mut self, reads: &[BufferId], writes: &[BufferId]) {
        for &buffer in reads {
            let inout = writes.contains(&buffer);
            self.param(buffer, if inout { Mode::Inout } else { Mode::In });
        }
        for &buffer in writes {
            self.param(buffer, Mode::Out);
        }
    }

    fn param(&mut self, buffer: BufferId, mode: Mode) {
        if self.params.contains_key(&buffer) {
            return;
        }
        let (name, ty) = self.plan.describe(buffer);
        let memory = self.builder.param(name, ty, mode);
        self.params.insert(buffer, memory);
        self.args.push(buffer);
    }

    /// The buffers of the parameters, in order.
    pub(in crate::lower) fn args(&self) -> Vec<BufferId> {
        self.args.clone()
    }

    /// The memory of a node that has a buffer.
    pub(in crate::lower) fn memory(&self, node: NodeId) -> Option<MemId> {
        self.params.get(&self.plan.buffer(node)?).copied()
    }

    /// The memory of a buffer that is a parameter.
    pub(super) fn memory_of(&self, buffer: BufferId) -> Option<MemId> {
        self.params.get(&buffer).copied()
    }

    /// Whether something was asked for that the current lanes do not allow.
    pub(super) fn is_unsupported(&self) -> bool {
        self.unsupported
    }

    // ------------------------------------------------------------------------------- loops

    /// Notes that something was asked for that the current lanes do not allow.
    pub(super) fn refuse_lanes(&mut self) {
        self.unsupported = true;
    }

    /// Opens the body of a loop: what is computed in it is forgotten at [`Elements::leave`].
    pub(in crate::lower) fn enter(&mut self, var: &Index, extent: u64) {
        self.scopes.push(FxHashMap::default());
        if let Some(var) = var.as_var() {
            let at = var as usize;
            if self.bounds.len() <= at {
                self.bounds.resize(at + 1, lgc_ir::index::UNKNOWN);
            }
            self.bounds[at] = (0, end_of(extent));
        }
    }

    /// Closes the body of a loop.
    pub(in crate::lower) fn leave(&mut self) {
        self.scopes.pop();
    }

    /// Computes something whose parts are not to be used again: with other lanes, the same
    /// coordinates are other elements.
    pub(super) fn isolated<R>(&mut self, compute: impl FnOnce(&mut Self) -> R) -> R {
        let outer = std::mem::replace(&mut self.scopes, vec![FxHashMap::default()]);
        let result = compute(self);
        self.scopes = outer;
        result
    }

    /// Nested loops over `extents`; a single iteration needs no loop.
    pub(in crate::lower) fn nest(
        &mut self,
        parallel: bool,
        extents: &[u64],
        work: u64,
        body: &mut dyn FnMut(&mut Self, &[Index]),
    ) {
        let total = extents.iter().fold(work, |w, &e| w.saturating_mul(e));
        let shape = parallel.then_some((work, total));
        let mut indices = Vec::with_capacity(extents.len());
        self.nest_from(shape, extents, &mut indices, body);
    }

    /// The work of an iteration and of all of them is given where the loops are parallel.
    fn nest_from(
        &mut self,
        parallel: Option<(u64, u64)>,
        extents: &[u64],
        indices: &mut Vec<Index>,
        body: &mut dyn FnMut(&mut Self, &[Index]),
    ) {
        let Some((&extent, rest)) = extents.split_first() else {
            return body(self, indices);
        };
        if extent == 1 {
            indices.push(Index::constant(0));
            self.nest_from(parallel, rest, indices, body);
            indices.pop();
            return;
        }
        let (plan, builder) = (self.plan, self.builder.clone());
        let inside = |index: Index| {
            self.enter(&index, extent);
            indices.push(index);
            self.nest_from(parallel, rest, indices, body);
            indices.pop();
            self.leave();
        };
        if let Some((work, total)) = parallel {
            let inner = rest.iter().fold(work.max(1), |w, &e| w.saturating_mul(e));
            let grain = grain(&plan.target.costs, extent, inner, total);
            builder.par(extent, grain, inside);
        } else {
            builder.for_each(ForRange::upto(extent), inside);
        }
    }

    // ------------------------------------------------------------------------------- indices

    fn substituted(&self, indices: &[Index], coords: &[Index]) -> Vec<Index> {
        let at = |index: &Index| self.simplified(&index.substitute(coords));
        indices.iter().map(at).collect()
    }

    /// The coordinates of an element at flat position `flat` of a shape.
    pub(super) fn unraveled(&self, shape: &Shape, flat: &Index) -> Vec<Index> {
        let axis = |(extent, stride): (u64, u64)| {
            let quotient = flat.floor_div_within(stride.max(1) as i64, &self.bounds);
            let place = quotient.modulo_within(extent.max(1) as i64, &self.bounds);
            place.simplify(&self.bounds)
        };
        shape.extents().zip(shape.strides()).map(axis).collect()
    }

    // ------------------------------------------------------------------------------- values

    /// The element of a member of the group at a point of the group's domain.
    pub(super) fn member_value(&mut self, node: NodeId, point: &[Index]) -> ValueId {
        let coords = self.member_coords(node, point);
        self.value(node, coords)
    }

    /// The coordinates of that element.
    pub(super) fn member_coords(&self, node: NodeId, point: &[Index]) -> Vec<Index> {
        match self.plan.fusion.member(node) {
            Some(member) => self.substituted(&member.coords, point),
            None => point.to_vec(),
        }
    }

    /// The element of a node at coordinates.
    pub(in crate::lower) fn value(&mut self, node: NodeId, coords: Vec<Index>) -> ValueId {
        self.value_where(node, coords, Guard::always())
    }

    /// The element of a node at coordinates; anything where the guard does not hold.
    pub(super) fn value_where(
        &mut self,
        node: NodeId,
        coords: Vec<Index>,
        guard: Guard,
    ) -> ValueId {
        let root = Instance {
            node,
            coords,
            guard,
            lanes: self.lanes,
        };
        // Each with the line that it is needed for.
        let mut open = vec![(root.clone(), None)];
        while let Some((top, reader)) = open.last().cloned() {
            if self.known(&top).is_some() {
                open.pop();
                continue;
            }
            let needs = self.needs(&top);
            let before = open.len();
            let line = self.plan.line(top.node).or(reader);
            let missing = needs.iter().flatten().filter(|i| self.known(i).is_none());
            open.extend(missing.map(|needed| (needed.clone(), line)));
            if open.len() == before {
                let value = self.emit(&top, &needs, reader);
                if let Some(scope) = self.scopes.last_mut() {
                    scope.insert(top, value);
                }
                open.pop();
            }
        }
        match self.known(&root) {
            Some(value) => value,
            None => self.builder.int(self.plan.model.ty(node).dtype, 0),
        }
    }

    fn known(&self, instance: &Instance) -> Option<ValueId> {
        if let Some(&value) = self.results.get(&instance.node) {
            return Some(self.rounded(instance.node, value));
        }
        self.scopes
            .iter()
            .rev()
            .find_map(|scope| scope.get(instance).copied())
    }

    /// What a node yields, from what is computed for it: a half is rounded here, once, whether it then
    /// stays in the kernel or not.
    fn rounded(&self, node: NodeId, value: ValueId) -> ValueId {
        let dtype = self.plan.model.ty(node).dtype;
        match self.plan.model.graph.op(node).stays_within(dtype) {
            true => value,
            false => self.builder.cast(dtype, value),
        }
    }

    /// Whether a node is read from memory here.
    fn is_loaded(&self, node: NodeId) -> bool {
        self.plan.is_loaded(self.group, node)
    }

    /// Where an earlier loop left an instance.
    fn kept_access(&self, instance: &Instance) -> Option<&Access> {
        let kept = self.kept.get(&instance.node)?;
        (kept.coords == instance.coords).then_some(&kept.access)
    }

    /// The instances that an instance is computed from, for each reference: none for what is loaded
    /// in place of it, or is never read.
    fn needs(&mut self, instance: &Instance) -> Vec<Option<Instance>> {
        if self.kept_access(instance).is_some() || self.is_loaded(instance.node) {
            return Vec::new();
        }
        if let Kind::Gather(picking) = *self.plan.model.kind(instance.node) {
            return self.gather_needs(instance, picking);
        }
        let references = self.plan.model.references(instance.node);
        let need = |reference: Reference| {
            let guard = self.guard_of(instance, &reference);
            let read = !guard.is_never() && !self.loads_guarded(instance, &reference);
            read.then(|| Instance {
                lanes: self.lanes,
                node: reference.node,
                coords: self.substituted(&reference.map.indices, &instance.coords),
                guard: self.without_picks(&guard),
            })
        };
        references.into_iter().map(need).collect()
    }

    /// The index of a gather; once that is known, the element of the table that it picks.
    fn gather_needs(&mut self, instance: &Instance, picking: Picking) -> Vec<Option<Instance>> {
        let model = self.plan.model;
        let node = instance.node;
        let [table, indices] = [0, 1].map(|slot| model.operand(node, slot));
        let extent = model.shape(table).extent(picking.axis);
        if self.lanes.columns.is_some() || extent == 0 {
            return Vec::new();
        }
        let axes = picking.index_axes();
        let index = Instance {
            node: indices,
            coords: axes.map(|a| self.coordinate(&instance.coords, a)).collect(),
            guard: instance.guard.clone(),
            lanes: self.lanes,
        };
        let Some(value) = self.known(&index) else {
            return vec![Some(index)];
        };
        let picked = self.pick(value, extent, model.checked_indices(node).is_none());
        let coord = |axis: usize| match picking.table_axis(axis) {
            Some(axis) => self.coordinate(&instance.coords, axis),
            None => picked.clone(),
        };
        let element = Instance {
            node: table,
            coords: (0..model.shape(table).rank()).map(coord).collect(),
            guard: instance.guard.clone(),
            lanes: self.lanes,
        };
        vec![Some(index), Some(element)]
    }

    fn guard_of(&self, instance: &Instance, reference: &Reference) -> Guard {
        let own = reference.map.guard.substitute(&instance.coords);
        self.simplified_guard(&instance.guard.and(&own))
    }

    /// Whether a guarded view loads its operand with the guard as the condition of the load.
    fn loads_guarded(&self, instance: &Instance, reference: &Reference) -> bool {
        let is_view = matches!(self.plan.model.kind(instance.node), Kind::View);
        is_view
            && self.lanes.columns.is_none()
            && !reference.map.guard.is_always()
            && self.is_loaded(reference.node)
            && !instance.coords.iter().any(|index| self.is_picked(index))
    }

    /// Emits an instance: what is computed for its own line, what is loaded for that of its reader.
    fn emit(
        &mut self,
        instance: &Instance,
        needs: &[Option<Instance>],
        reader: Option<SourceLine>,
    ) -> ValueId {
        let is_loaded = self.kept_access(instance).is_some() || self.is_loaded(instance.node);
        let line = match is_loaded {
            true => reader,
            false => self.plan.line(instance.node),
        };
        let outer = self.builder.at(line);
        let value = self.emit_there(instance, needs);
        self.builder.at(outer);
        value
    }

    fn emit_there(&mut self, instance: &Instance, needs: &[Option<Instance>]) -> ValueId {
        if let Some(access) = self.kept_access(instance) {
            return self
                .builder
                .load_form(access.clone(), self.lanes.form(), None);
        }
        if self.is_loaded(instance.node) {
            return self.load(instance.node, &instance.coords, &instance.guard, None);
        }
        let values: Vec<Option<ValueId>> = needs
            .iter()
            .map(|need| need.as_ref().and_then(|need| self.known(need)))
            .collect();
        match self.plan.model.kind(instance.node) {
            Kind::Generated => self.generated(instance),
            Kind::View => self.view(instance, &values),
            Kind::Gather(_) => self.gather(instance, &values),
            Kind::ScatterRow(picking) => {
                let sum = self.scatter_row(instance, *picking, &values);
                self.rounded(instance.node, sum)
            }
            Kind::Elementwise => {
                let value = self.elementwise(instance, &values);
                self.rounded(instance.node, value)
            }
            Kind::Input(_)
            | Kind::Literal
            | Kind::Scatter(_)
            | Kind::Sort(_)
            | Kind::Prefix(_)
            | Kind::Fold(_)
            | Kind::Barrier
            | Kind::Region
            | Kind::Part
            | Kind::Contract(_) => {
                self.builder
                    .fail("a value is needed where it is not available");
                self.builder.int(self.plan.model.ty(instance.node).dtype, 0)
            }
        }
    }

    fn elementwise(&self, instance: &Instance, values: &[Option<ValueId>]) -> ValueId {
        let b = &self.builder;
        let operands: Vec<ValueId> = values.iter().copied().flatten().collect();
        let op = self.plan.model.graph.op(instance.node);
        match (op.family(), operands.as_slice()) {
            (Family::Pointwise(rule) | Family::Discrete(rule), [_, ..]) => {
                let inputs: Vec<BodyScalar> =
                    operands.iter().map(|&v| BodyScalar::new(b, v)).collect();
                rule.evaluate(rule.value(), &inputs).value()
            }
            (Family::Compare(comparison), &[x, y]) => b.compare(comparison, x, y),
            (Family::Connect(connective), &[x, y]) => b.connect(connective, x, y),
            (Family::Not, &[x]) => b.not(x),
            (Family::Select, &[mask, yes, no]) => b.select(mask, yes, no),
            (Family::Cast(dtype), &[x]) => b.cast(dtype, x),
            (_, _) => {
                b.fail("an elementwise op has unexpected operands");
                b.int(self.plan.model.ty(instance.node).dtype, 0)
            }
        }
    }

    fn generated(&mut self, instance: &Instance) -> ValueId {
        let dtype = self.plan.model.ty(instance.node).dtype;
        let family = self.plan.model.graph.op(instance.node).family();
        if let Family::Leaf(Leaf::Full(full)) = family {
            return self.builder.constant(dtype, &full.value);
        }
        if let Family::Leaf(Leaf::Iota(iota)) = family {
            // An axis that no tensor has has no coordinate either.
            let axis = usize::try_from(iota.axis).unwrap_or(usize::MAX);
            let place = self.coordinate(&instance.coords, axis);
            return self.position(dtype, &place);
        }
        self.builder.fail("a generated value is of an unknown kind");
        self.builder.int(dtype, 0)
    }

    /// A coordinate of a point, which has one for each axis.
    pub(super) fn coordinate(&self, point: &[Index], axis: usize) -> Index {
        point.get(axis).cloned().unwrap_or_else(|| {
            self.builder.fail("a point lacks a coordinate");
            Index::constant(0)
        })
    }

    /// An index as a number.
    fn position(&mut self, dtype: DType, index: &Index) -> ValueId {
        if index.mentions(ROW) || index.mentions(COLUMN) {
            self.unsupported = true;
            return self.builder.int(dtype, 0);
        }
        if let Some(constant) = index.as_constant() {
            return self.builder.int(dtype, constant);
        }
        if self.is_picked(index) {
            return self.builder.cast(dtype, self.integer(index));
        }
        if dtype.is_integer() {
            return self.builder.index_value(dtype, index);
        }
        let integer = self.builder.index_value(self.index_dtype(index), index);
        self.builder.cast(dtype, integer)
    }

    /// An integer dtype that holds every value of an index; narrow ones make wide vectors.
    fn index_dtype(&self, index: &Index) -> DType {
        let (low, high) = self.range(index);
        let narrow = low >= i64::from(i32::MIN) && high <= i64::from(i32::MAX);
        if narrow { DType::I32 } else { DType::I64 }
    }

    fn view(&mut self, instance: &Instance, values: &[Option<ValueId>]) -> ValueId {
        let Family::View(view) = self.plan.model.graph.op(instance.node).family() else {
            self.builder.fail("a view is of another family");
            return self.builder.int(DType::I32, 0);
        };
        let references = self.plan.model.references(instance.node);
        if let ([reference], [Some(value)]) = (references.as_slice(), values)
            && reference.map.guard.is_always()
        {
            return *value;
        }
        let dtype = self.plan.model.ty(instance.node).dtype;
        let mut result = self.builder.constant(dtype, &view.fill());
        for (reference, value) in references.iter().zip(values).rev() {
            let own = reference.map.guard.substitute(&instance.coords);
            let own = self.simplified_guard(&own);
            if own.is_never() || self.guard_of(instance, reference).is_never() {
                continue;
            }
            result = match value {
                Some(value) => match self.mask(&own) {
                    Some(mask) => self.builder.select(mask, *value, result),
                    None => *value,
                },
                None => {
                    let coords = self.substituted(&reference.map.indices, &instance.coords);
                    let guard = self.guard_of(instance, reference);
                    self.load(reference.node, &coords, &guard, Some(result))
                }
            };
        }
        result
    }

    /// A guard as a truth value; `None` if it always holds.
    pub(in crate::lower) fn mask(&mut self, guard: &Guard) -> Option<ValueId> {
        let mut all = None;
        for relation in guard.relations() {
            let holds = self.relation(relation);
            all = Some(match all {
                Some(known) => self.builder.connect(Connective::And, known, holds),
                None => holds,
            });
        }
        all
    }

    fn relation(&mut self, relation: &Relation) -> ValueId {
        let index = relation.index();
        let dtype = self.index_dtype(index);
        let value = self.position(dtype, index);
        let b = &self.builder;
        match relation {
            Relation::Within { low, high, .. } => {
                let (first, end) = self.range(index);
                let above = || b.compare(Comparison::Ge, value, b.int(dtype, *low));
                let below = || b.compare(Comparison::Lt, value, b.int(dtype, *high));
                match (*low <= first, *high >= end) {
                    (true, _) => below(),
                    (false, true) => above(),
                    (false, false) => b.connect(Connective::And, above(), below()),
                }
            }
            Relation::Divisible { divisor, .. } => {
                let rest = b.binary(Binary::Rem, value, b.int(dtype, *divisor));
                b.compare(Comparison::Eq, rest, b.int(dtype, 0))
            }
        }
    }

    /// The element of the table that has been picked.
    fn gather(&mut self, instance: &Instance, values: &[Option<ValueId>]) -> ValueId {
        if let &[Some(_), Some(element)] = values {
            return element;
        }
        // Where there is nothing to pick, the check of the indices has failed.
        self.unsupported |= self.lanes.columns.is_some();
        self.builder.int(self.plan.model.ty(instance.node).dtype, 0)
    }

    /// x, with the update added where the row's index points.
    fn scatter_row(
        &mut self,
        instance: &Instance,
        picking: Picking,
        values: &[Option<ValueId>],
    ) -> ValueId {
        let &[Some(x), Some(index), Some(update)] = values else {
            self.builder.fail("a scatter lacks operands");
            return self.builder.int(self.plan.model.ty(instance.node).dtype, 0);
        };
        let dtype = self.builder.type_of(index).dtype;
        let place = self.coordinate(&instance.coords, picking.axis);
        let place = self.position(dtype, &place);
        let here = self.builder.compare(Comparison::Eq, index, place);
        let sum = self.builder.binary(Binary::Add, x, update);
        self.builder.select(here, sum, x)
    }

    // ------------------------------------------------------------------------------- memory

    /// Loads an element of a node that is in memory.
    pub(in crate::lower) fn load(
        &mut self,
        node: NodeId,
        coords: &[Index],
        guard: &Guard,
        otherwise: Option<ValueId>,
    ) -> ValueId {
        let Some(memory) = self.memory(node) else {
            self.builder.fail("a value that is read has no buffer");
            return self.builder.int(self.plan.model.ty(node).dtype, 0);
        };
        let loaded = self.load_from(memory, coords, guard, otherwise);
        loaded.unwrap_or_else(|| {
            self.unsupported = true;
            self.builder.int(self.plan.model.ty(node).dtype, 0)
        })
    }

    /// Stores the element of a saved member of the group.
    pub(super) fn save(&mut self, node: NodeId, coords: &[Index], value: ValueId) {
        match self.memory(node) {
            Some(memory) => self.store_to(memory, coords, value),
            None => self.builder.fail("a value that is saved has no buffer"),
        }
    }
}

/// How many iterations of a loop make a task, of that much work each; `total` is the work of the nest of
/// loops that it is in.
pub(super) fn grain(costs: &Costs, extent: u64, work: u64, total: u64) -> u64 {
    let task = costs.task_work.div_ceil(work.max(1)).max(1);
    match total < costs.shared_work {
        true => task.max(extent),
        false => task,
    }
}
