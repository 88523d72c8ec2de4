//! One launch: the statements of a kernel.

use super::element::{Cells, Element};
use super::order::Order;
use super::{UNWRITTEN, undefined_element};
use crate::kernel::{
    Access, Condition, Fold, ForRange, Form, Kernel, MemId, Memory, Op, Region, Stmt, Subscript,
    ValueId, ValueType, end_of,
};
use lgc_ir::dtype::DType;
use lgc_ir::index::Guard;
use lgc_ir::scalar::{Binary, Int, Logic, Scalar, Undefined};
use smallvec::{SmallVec, smallvec};

/// Memory of a kernel: stored cells from an offset on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct View {
    pub(super) cells: usize,
    pub(super) offset: usize,
}

/// The elements of a value, rows first.
type Value<S> = SmallVec<[Element<S>; 1]>;

type Outcome<T> = Result<T, String>;

pub(super) struct Frame<'f, S: Scalar> {
    world: &'f S::World,
    kernel: &'f Kernel,
    memories: Vec<View>,
    store: &'f mut Vec<Cells<S>>,
    values: Vec<Value<S>>,
    vars: Vec<i64>,
    /// The extents of each memory.
    extents: Vec<Coordinates>,
    order: &'f mut Order,
}

/// One number for each axis.
type Coordinates = SmallVec<[i64; 4]>;

/// The coordinate of the first element along each axis.
type Starts = SmallVec<[Result<i64, Undefined>; 4]>;

/// Where one element of an access is.
enum Position {
    /// At that element of the memory.
    At(usize),
    /// Clipped away.
    Beyond,
    /// At a run-time subscript that is not known.
    Unknown(Undefined),
}

impl<'f, S: Scalar + 'static> Frame<'f, S> {
    pub(super) fn new(
        world: &'f S::World,
        kernel: &'f Kernel,
        params: Vec<View>,
        store: &'f mut Vec<Cells<S>>,
        order: &'f mut Order,
    ) -> Self {
        let mut memories = params;
        memories.resize(kernel.memories.len(), View::default());
        Frame {
            world,
            kernel,
            memories,
            store,
            values: vec![SmallVec::new(); kernel.values.len()],
            vars: vec![0; kernel.vars as usize],
            extents: kernel.memories.iter().map(extents).collect(),
            order,
        }
    }

    pub(super) fn run(&mut self) -> Outcome<()> {
        self.region(&self.kernel.body)
    }

    fn region(&mut self, region: &Region) -> Outcome<()> {
        region.stmts.iter().try_for_each(|stmt| self.stmt(stmt))
    }

    fn value(&self, value: ValueId) -> Outcome<&Value<S>> {
        match self.values.get(value.index()) {
            Some(elements) if !elements.is_empty() => Ok(elements),
            Some(_) | None => Err(format!("v{} has no value here", value.0)),
        }
    }

    fn scalar(&self, value: ValueId) -> Outcome<&Element<S>> {
        match self.value(value)?.as_slice() {
            [element] => Ok(element),
            _ => Err(format!("v{} is no scalar", value.0)),
        }
    }

    /// The element of a vector in a lane; scalars are the same in all.
    fn in_lane(&self, value: ValueId, lane: usize) -> Outcome<&Element<S>> {
        match self.value(value)?.as_slice() {
            [element] => Ok(element),
            elements => elements
                .get(lane)
                .ok_or_else(|| format!("v{} has no lane {lane}", value.0)),
        }
    }

    fn set_lane(&mut self, lane: u32) -> Outcome<()> {
        match self.kernel.lane {
            Some(var) => self.set_var(var, i64::from(lane)),
            None => Ok(()),
        }
    }

    /// The variables as they are in a lane.
    fn vars_in(&self, lane: u32) -> Vec<i64> {
        let mut vars = self.vars.clone();
        let slot = self.kernel.lane.and_then(|var| vars.get_mut(var.index()));
        if let Some(slot) = slot {
            *slot = i64::from(lane);
        }
        vars
    }

    fn set(&mut self, value: ValueId, elements: Value<S>) -> Outcome<()> {
        match self.values.get_mut(value.index()) {
            Some(slot) => {
                *slot = elements;
                Ok(())
            }
            None => Err(format!("v{} has no type", value.0)),
        }
    }

    fn set_all<'v>(
        &mut self,
        targets: impl Iterator<Item = ValueId>,
        values: impl IntoIterator<Item = &'v Value<S>>,
    ) -> Outcome<()>
    where
        S: 'v,
    {
        targets
            .zip(values)
            .try_for_each(|(target, value)| self.set(target, value.clone()))
    }

    fn get_all(&self, values: impl Iterator<Item = ValueId>) -> Outcome<Vec<Value<S>>> {
        values.map(|value| self.value(value).cloned()).collect()
    }

    fn set_var(&mut self, var: crate::kernel::VarId, point: i64) -> Outcome<()> {
        match self.vars.get_mut(var.index()) {
            Some(slot) => {
                *slot = point;
                Ok(())
            }
            None => Err(format!("i{} is not declared", var.0)),
        }
    }

    fn stmt(&mut self, stmt: &Stmt) -> Outcome<()> {
        match stmt {
            Stmt::Par {
                var, extent, body, ..
            }
            | Stmt::Tasks {
                var,
                count: extent,
                body,
                ..
            } => self.order.of(0..*extent).try_for_each(|point| {
                self.set_var(*var, point as i64)?;
                self.region(body)
            }),
            Stmt::For {
                var,
                range,
                carried,
                body,
            } => {
                let mut current = self.get_all(carried.iter().map(|c| c.init))?;
                let until = match range.until {
                    Some(until) => known(self.scalar(until)?.integer()?)?,
                    None => i64::MAX,
                };
                for point in points(range, until, &self.vars)? {
                    self.set_var(*var, point)?;
                    self.set_all(carried.iter().map(|c| c.state), &current)?;
                    self.region(body)?;
                    current = self.get_all(carried.iter().map(|c| c.next))?;
                }
                self.set_all(carried.iter().map(|c| c.result), &current)
            }
            Stmt::Fold(fold) => self.fold(fold),
            Stmt::If {
                condition,
                then,
                otherwise,
                joins,
            } => {
                let holds = self.condition(condition)?;
                self.region(if holds { then } else { otherwise })?;
                let yields = joins
                    .iter()
                    .map(|join| if holds { join.then } else { join.otherwise });
                let values = self.get_all(yields)?;
                self.set_all(joins.iter().map(|join| join.result), &values)
            }
            Stmt::Let { memory, body } => self.local(*memory, body),
            Stmt::Compute { result, op } => {
                let value = self.compute(op, *result)?;
                self.set(*result, value)
            }
            Stmt::Load {
                result,
                access,
                otherwise,
            } => {
                let value = self.load(access, *result, *otherwise)?;
                self.set(*result, value)
            }
            Stmt::Store { access, value } => self.store_value(access, *value),
        }
    }

    fn condition(&self, condition: &Condition) -> Outcome<bool> {
        match condition {
            Condition::Guard(guard) => Ok(guard.eval(&self.vars)),
            Condition::Mask(mask) => {
                let truth = self.scalar(*mask)?.mask()?.decide();
                truth.map_err(|reason| reason.0.to_string())
            }
        }
    }

    fn local(&mut self, memory: MemId, body: &Region) -> Outcome<()> {
        let Some(declared) = self.kernel.memories.get(memory.index()) else {
            return Err("a buffer is not declared".to_string());
        };
        let cells = self.store.len();
        self.store
            .push(Cells::undefined(self.world, &declared.ty, UNWRITTEN));
        self.memories[memory.index()] = View { cells, offset: 0 };
        self.region(body)?;
        self.store.truncate(cells);
        Ok(())
    }

    // ---------------------------------------------------------------------------- folds

    fn fold(&mut self, fold: &Fold) -> Outcome<()> {
        let init = self.get_all(fold.states.iter().map(|s| s.init))?;
        let count = fold.chunks();
        let mut chunks = vec![Vec::new(); count as usize];
        for chunk in self.order.of(0..count) {
            chunks[chunk as usize] = self.chunk(fold, chunk, &init)?;
        }
        while chunks.len() > 1 {
            let mut pairs = chunks.into_iter();
            let mut merged = Vec::new();
            while let Some(left) = pairs.next() {
                merged.push(match pairs.next() {
                    Some(right) => self.merge(fold, &left, &right)?,
                    None => left,
                });
            }
            chunks = merged;
        }
        let result = chunks.pop().unwrap_or(init);
        self.set_all(fold.states.iter().map(|s| s.result), &result)
    }

    fn chunk(&mut self, fold: &Fold, chunk: u64, init: &[Value<S>]) -> Outcome<Vec<Value<S>>> {
        let count = fold.lanes.max(1) as usize;
        let mut lanes = vec![init.to_vec(); count];
        for point in self.order.of_lanes(fold.elements_of(chunk), count as u64) {
            let lane = (point % count as u64) as usize;
            self.set_var(fold.var, point as i64)?;
            self.set_all(fold.states.iter().map(|s| s.state), &lanes[lane])?;
            self.region(&fold.body)?;
            lanes[lane] = self.get_all(fold.states.iter().map(|s| s.next))?;
        }
        let mut width = count / 2;
        while width > 0 {
            for lane in 0..width {
                lanes[lane] = self.merge(fold, &lanes[lane], &lanes[lane + width])?;
            }
            width /= 2;
        }
        Ok(lanes.swap_remove(0))
    }

    fn merge(
        &mut self,
        fold: &Fold,
        left: &[Value<S>],
        right: &[Value<S>],
    ) -> Outcome<Vec<Value<S>>> {
        self.set_all(fold.states.iter().map(|s| s.left), left)?;
        self.set_all(fold.states.iter().map(|s| s.right), right)?;
        self.region(&fold.merge)?;
        self.get_all(fold.states.iter().map(|s| s.merged))
    }

    // ---------------------------------------------------------------------------- operations

    fn compute(&self, op: &Op, result: ValueId) -> Outcome<Value<S>> {
        match op {
            Op::Const(dtype, constant) => {
                Ok(smallvec![Element::constant(self.world, *dtype, constant)])
            }
            Op::Index(dtype, index) => {
                let value = index.eval(&self.vars);
                Ok(smallvec![Element::Int(Int::new(*dtype, value))])
            }
            Op::Ramp(dtype, lanes, index) => (0..*lanes)
                .map(|lane| {
                    let value = index.eval(&self.vars_in(lane));
                    Ok(Element::Int(Int::new(*dtype, value)))
                })
                .collect(),
            Op::Slice(form, from, x) => {
                let (from, count) = (*from as usize, form.elements() as usize);
                let elements = self.value(*x)?.get(from..from.saturating_add(count));
                let elements = elements.ok_or("a slice beyond its vector")?;
                Ok(elements.iter().cloned().collect())
            }
            Op::Splat(form, x) => {
                let element = self.scalar(*x)?.clone();
                Ok(SmallVec::from_elem(element, form.elements() as usize))
            }
            Op::Rows(rows, x) => {
                let row = self.value(*x)?;
                let copies = (0..*rows).flat_map(|_| row.iter().cloned());
                Ok(copies.collect())
            }
            Op::Columns(columns, x) => {
                let column = self.value(*x)?.iter();
                let copies = column
                    .flat_map(|element| std::iter::repeat_n(element.clone(), *columns as usize));
                Ok(copies.collect())
            }
            Op::Mma(acc, a, b) => self.mma(*acc, *a, *b),
            Op::Unary(..)
            | Op::Binary(..)
            | Op::Compare(..)
            | Op::Connect(..)
            | Op::Not(_)
            | Op::Select(..)
            | Op::Cast(..)
            | Op::Bitcast(..)
            | Op::Fma(..) => self.elementwise(op, result),
        }
    }

    fn elementwise(&self, op: &Op, result: ValueId) -> Outcome<Value<S>> {
        let operands = op.operands();
        let dtype = operands
            .first()
            .map_or(DType::Bool, |x| self.kernel.type_of(*x).dtype);
        let values: Vec<&Value<S>> = operands
            .iter()
            .map(|x| self.value(*x))
            .collect::<Outcome<_>>()?;
        let count = self.kernel.type_of(result).form.elements() as usize;
        let element = |at: usize| {
            let elements = values.iter().map(|value| value.get(at));
            match elements.collect::<Option<Vec<_>>>() {
                Some(elements) => Element::apply(self.world, op, dtype, &elements),
                None => Err("operands of different forms".to_string()),
            }
        };
        (0..count).map(element).collect()
    }

    fn mma(&self, acc: ValueId, a: ValueId, b: ValueId) -> Outcome<Value<S>> {
        let (acc, a, b) = (self.value(acc)?, self.value(a)?, self.value(b)?);
        let element = |(at, sum): (usize, &Element<S>)| match a.get(at / b.len()) {
            Some(left) => left.fma(&b[at % b.len()], sum),
            None => Err("operands of different forms".to_string()),
        };
        acc.iter().enumerate().map(element).collect()
    }

    // ---------------------------------------------------------------------------- accesses

    /// The position of each element of an access of that form, rows first.
    fn positions(
        &mut self,
        access: &Access,
        form: Form,
        lane: u32,
    ) -> Outcome<SmallVec<[Position; 1]>> {
        let (rows, columns) = (form.extent(0), form.extent(1));
        let starts = self.starts(access, lane as usize)?;
        let mut positions = SmallVec::new();
        for row in 0..rows {
            for column in 0..columns {
                positions.push(self.position(access, &starts, [row, column])?);
            }
        }
        Ok(positions)
    }

    /// The coordinate of the first element along each axis; run-time subscripts clamped.
    fn starts(&mut self, access: &Access, lane: usize) -> Outcome<Starts> {
        let extents = self.extents(access.memory)?.clone();
        if extents.len() != access.at.len() {
            return Err("an access has the wrong number of subscripts".to_string());
        }
        let mut starts = Starts::new();
        for (subscript, extent) in access.at.iter().zip(extents) {
            starts.push(match subscript {
                Subscript::At(index) | Subscript::Span(index) => Ok(index.eval(&self.vars)),
                Subscript::Value(value) => {
                    let given = self.in_lane(*value, lane)?.integer()?;
                    if given.is_ok_and(|given| !(0..extent).contains(&given)) {
                        self.record_fault(access)?;
                    }
                    given.map(|given| given.min(extent - 1).max(0))
                }
            });
        }
        Ok(starts)
    }

    fn extents(&self, memory: MemId) -> Outcome<&Coordinates> {
        let extents = self.extents.get(memory.index());
        extents.ok_or_else(|| "no such memory".to_string())
    }

    fn position(&self, access: &Access, starts: &Starts, along: [u32; 2]) -> Outcome<Position> {
        let extents = self.extents(access.memory)?;
        let mut spans = along.into_iter();
        let mut position = 0;
        for ((subscript, start), &extent) in access.at.iter().zip(starts).zip(extents) {
            let start = match start {
                Ok(start) => *start,
                Err(reason) => return Ok(Position::Unknown(*reason)),
            };
            let is_span = matches!(subscript, Subscript::Span(_));
            let offset = if is_span {
                let along = spans.next();
                along
                    .ok_or_else(|| "an access has more spans than its form has axes".to_string())?
            } else {
                0
            };
            // What is beyond all integers is beyond the extent.
            let coordinate = start.saturating_add(i64::from(offset));
            if is_span && access.clip && coordinate >= extent {
                return Ok(Position::Beyond);
            }
            if !(0..extent).contains(&coordinate) {
                let name = &self.kernel.memories[access.memory.index()].name;
                return Err(format!(
                    "the index {coordinate} into `{name}` is not below {extent}"
                ));
            }
            position = position * extent + coordinate;
        }
        Ok(Position::At(position as usize))
    }

    fn record_fault(&mut self, access: &Access) -> Outcome<()> {
        let Some(fault) = &access.fault else {
            return Ok(());
        };
        let position = fault.position.eval(&self.vars);
        let position = Element::Int(Int::new(DType::I64, position));
        let status = self.cell(fault.status, 0)?;
        *status = status.binary(Binary::Min, &position)?;
        Ok(())
    }

    fn cell(&mut self, memory: MemId, position: usize) -> Outcome<&mut Element<S>> {
        let view = self.memories.get(memory.index()).copied();
        let cells = view.and_then(|view| Some((self.store.get_mut(view.cells)?, view.offset)));
        cells
            .and_then(|(cells, offset)| cells.elements.get_mut(offset + position))
            .ok_or_else(|| "an access outside its buffer".to_string())
    }

    fn holds(&self, guard: &Guard) -> bool {
        guard.eval(&self.vars)
    }

    /// The mask of an access; `None` where the access does not happen.
    fn mask_of(&self, access: &Access, lane: usize) -> Outcome<Option<S::Mask>> {
        if !self.holds(&access.guard) {
            return Ok(None);
        }
        let mask = match access.mask {
            Some(mask) => self.in_lane(mask, lane)?.mask()?.clone(),
            None => S::Mask::known(Ok(true)),
        };
        Ok((mask.decide() != Ok(false)).then_some(mask))
    }

    fn load(
        &mut self,
        access: &Access,
        result: ValueId,
        otherwise: Option<ValueId>,
    ) -> Outcome<Value<S>> {
        let ty = self.kernel.type_of(result);
        if access.goes_by_lanes(ty.form) {
            let mut value = Value::new();
            for lane in 0..ty.form.elements() {
                self.set_lane(lane)?;
                let loaded = self.load_from(access, ty.with_form(Form::Scalar), otherwise, lane)?;
                value.extend(loaded);
            }
            return Ok(value);
        }
        self.load_from(access, ty, otherwise, 0)
    }

    /// What an access yields in a lane, or at all.
    fn load_from(
        &mut self,
        access: &Access,
        ty: ValueType,
        otherwise: Option<ValueId>,
        lane: u32,
    ) -> Outcome<Value<S>> {
        let fill = match otherwise {
            Some(value) => self.in_lane(value, lane as usize)?.clone(),
            None => Element::zero(self.world, ty.dtype),
        };
        let Some(mask) = self.mask_of(access, lane as usize)? else {
            return Ok(SmallVec::from_elem(fill, ty.form.elements() as usize));
        };
        let mut value = Value::new();
        for position in self.positions(access, ty.form, lane)? {
            value.push(match position {
                Position::Beyond => fill.clone(),
                Position::Unknown(reason) => undefined_element(self.world, ty.dtype, reason),
                Position::At(position) => {
                    let loaded = self.cell(access.memory, position)?.clone();
                    Element::select(&mask, &loaded, &fill)?
                }
            });
        }
        Ok(value)
    }

    fn store_value(&mut self, access: &Access, value: ValueId) -> Outcome<()> {
        let elements = self.value(value)?.clone();
        let form = self.kernel.type_of(value).form;
        if access.goes_by_lanes(form) {
            for (lane, element) in (0..).zip(elements) {
                self.set_lane(lane)?;
                self.store_at(access, Form::Scalar, smallvec![element], lane)?;
            }
            return Ok(());
        }
        self.store_at(access, form, elements, 0)
    }

    /// Stores in a lane, or at all.
    fn store_at(
        &mut self,
        access: &Access,
        form: Form,
        elements: Value<S>,
        lane: u32,
    ) -> Outcome<()> {
        let Some(mask) = self.mask_of(access, lane as usize)? else {
            return Ok(());
        };
        let positions = self.positions(access, form, lane)?;
        for (position, element) in positions.into_iter().zip(elements) {
            match position {
                Position::Beyond => {}
                Position::Unknown(reason) => return Err(reason.0.to_string()),
                Position::At(position) => {
                    let cell = self.cell(access.memory, position)?;
                    *cell = Element::select(&mask, &element, cell)?;
                }
            }
        }
        Ok(())
    }
}

fn known(given: Result<i64, Undefined>) -> Outcome<i64> {
    given.map_err(|reason| reason.0.to_string())
}

fn extents(memory: &Memory) -> Coordinates {
    memory.ty.shape.extents().map(end_of).collect()
}

/// The points of a sequential loop, in its order.
fn points(range: &ForRange, until: i64, vars: &[i64]) -> Outcome<Box<dyn Iterator<Item = i64>>> {
    let (low, high) = (range.low.eval(vars), range.high.eval(vars));
    let high = high.min(until).min(range.below.unwrap_or(i64::MAX));
    let distance = i128::from(range.step.unsigned_abs());
    if distance == 0 {
        return Err("a loop with step 0".to_string());
    }
    let count = (i128::from(high) - i128::from(low)).max(0);
    let count = (count + distance - 1) / distance;
    let point = move |number: i128| (i128::from(low) + number * distance) as i64;
    Ok(if range.step > 0 {
        Box::new((0..count).map(point))
    } else {
        Box::new((0..count).rev().map(point))
    })
}
