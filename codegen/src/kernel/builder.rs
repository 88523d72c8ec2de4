//! Building kernels.
//!
//! A [`KernelBuilder`] appends statements to the innermost open region; loops take closures that
//! build their bodies. It is a shared handle (clones build the same kernel), so that values of it
//! can stand behind [`BodyScalar`](super::BodyScalar). Operations are hash-consed: what a region, or
//! one around it, has already computed is not computed again, and neither is a load of an `in`
//! parameter repeated. A scalar operand beside a vector or tile is splatted.
//!
//! Values that lowering computes with never have the dtype of a half: constants, casts and loads of these
//! dtypes yield the f32 that the half is. What an op yields is such an f32, too: lowering rounds it with
//! [`KernelBuilder::cast`], before it goes on or is stored. Only [`KernelBuilder::op`] makes values of them.
//!
//! Mistakes do not interrupt the building: the first one is remembered, and
//! [`KernelBuilder::finish`] returns it.

use super::{
    Access, Carried, Condition, Directive, Fold, FoldState, ForRange, Form, Join, Kernel, MemId,
    Memory, Mode, Op, Place, Region, SourceLine, SourceLines, Space, Stmt, ValueId, ValueType,
    VarId,
};
use lgc_ir::constant::Constant;
use lgc_ir::dtype::DType;
use lgc_ir::index::Index;
use lgc_ir::scalar::{Binary, Comparison, Connective, Unary};
use lgc_ir::shape::Type;
use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::rc::Rc;

/// Why a kernel could not be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot build kernel `{kernel}`: {message}")]
pub struct BuildError {
    /// The name of the kernel.
    pub kernel: String,
    /// The first mistake.
    pub message: String,
}

/// The number of elements of a fold, and how they are grouped (see [`super`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FoldShape {
    /// The number of elements.
    pub extent: u64,
    /// The number of interleaved partial results, a power of two.
    pub lanes: u32,
    /// The number of elements of each contiguous part; a multiple of the lanes where there are
    /// several parts.
    pub chunk: u64,
}

impl FoldShape {
    /// A fold in increasing order, one partial result.
    pub const fn sequential(extent: u64) -> Self {
        FoldShape {
            extent,
            lanes: 1,
            chunk: whole(extent),
        }
    }

    /// A fold with that many lanes and one chunk.
    pub const fn lanes(extent: u64, lanes: u32) -> Self {
        FoldShape {
            extent,
            lanes,
            chunk: whole(extent),
        }
    }
}

/// The length of the part that is all of a fold.
const fn whole(extent: u64) -> u64 {
    match extent {
        0 => 1,
        _ => extent,
    }
}

type LoadKey = (Access, Form, Option<ValueId>);

#[derive(Default)]
struct OpenRegion {
    stmts: Vec<Stmt>,
    ops: FxHashMap<Op, ValueId>,
    loads: FxHashMap<LoadKey, ValueId>,
}

struct State {
    kernel: Kernel,
    /// The line that is being computed for.
    line: Option<SourceLine>,
    open: Vec<OpenRegion>,
    /// For each f32 that is a half, the half.
    halves: FxHashMap<ValueId, ValueId>,
    /// What each negation negates.
    negated: FxHashMap<ValueId, ValueId>,
    fault: Option<String>,
}

impl State {
    fn fail(&mut self, message: impl Into<String>) {
        self.fault.get_or_insert_with(|| message.into());
    }

    fn fresh(&mut self, ty: ValueType) -> ValueId {
        self.kernel.new_value(ty, self.line)
    }

    fn push(&mut self, stmt: Stmt) {
        if let Some(region) = self.open.last_mut() {
            region.stmts.push(stmt);
        }
    }

    fn is_read_only(&self, memory: MemId) -> bool {
        let memory = self.kernel.memories.get(memory.index());
        memory.is_some_and(|memory| memory.place == Place::Param(Mode::In))
    }
}

/// A kernel under construction. Clones are handles to the same kernel.
#[derive(Clone)]
pub struct KernelBuilder(Rc<RefCell<State>>);

impl std::fmt::Debug for KernelBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KernelBuilder({})", self.0.borrow().kernel.name)
    }
}

impl KernelBuilder {
    /// A kernel without parameters or statements.
    pub fn new(name: impl Into<String>) -> Self {
        let kernel = Kernel {
            name: name.into().into(),
            memories: Vec::new(),
            values: Vec::new(),
            lines: SourceLines::default(),
            vars: 0,
            lane: None,
            body: Region::default(),
            schedule: Vec::new(),
        };
        KernelBuilder(Rc::new(RefCell::new(State {
            kernel,
            line: None,
            open: vec![OpenRegion::default()],
            halves: FxHashMap::default(),
            negated: FxHashMap::default(),
            fault: None,
        })))
    }

    /// Ends the building: the kernel, or the first mistake made. The builder is empty afterwards.
    pub fn finish(&self) -> Result<Kernel, BuildError> {
        let mut state = self.0.borrow_mut();
        let body = state.open.first_mut().map(std::mem::take);
        if body.is_none() {
            state.fail("a kernel without a body");
        }
        let mut kernel = state.kernel.clone();
        kernel.body.stmts = body.unwrap_or_default().stmts;
        match state.fault.take() {
            None => Ok(kernel),
            Some(message) => Err(BuildError {
                kernel: kernel.name.0,
                message,
            }),
        }
    }

    /// Records a mistake, to be returned by [`KernelBuilder::finish`]; the first one wins.
    pub fn fail(&self, message: impl Into<String>) {
        self.0.borrow_mut().fail(message);
    }

    /// Lets what is built from now on be for a line, if one is known; the line until now.
    pub fn at(&self, line: Option<SourceLine>) -> Option<SourceLine> {
        let current = &mut self.0.borrow_mut().line;
        std::mem::replace(current, line.or(*current))
    }

    /// Adds a parameter. All parameters come before local buffers.
    pub fn param(&self, name: impl Into<String>, ty: Type, mode: Mode) -> MemId {
        self.memory(name.into(), ty, Place::Param(mode))
    }

    /// Adds a local buffer, and its scope.
    pub fn local(
        &self,
        name: impl Into<String>,
        ty: Type,
        space: Space,
        body: impl FnOnce(MemId),
    ) -> MemId {
        let memory = self.memory(name.into(), ty, Place::Local(space));
        let (body, ()) = self.region(|| body(memory));
        self.push(Stmt::Let { memory, body });
        memory
    }

    fn memory(&self, name: String, ty: Type, place: Place) -> MemId {
        let mut state = self.0.borrow_mut();
        let memories = &mut state.kernel.memories;
        let id = MemId(memories.len() as u32);
        let last_is_local =
            matches!(memories.last(), Some(last) if matches!(last.place, Place::Local(_)));
        memories.push(Memory {
            name: name.into(),
            ty,
            place,
        });
        if last_is_local && matches!(place, Place::Param(_)) {
            state.fail("a parameter is added after a local buffer");
        }
        id
    }

    /// The extents of a memory.
    pub fn extents(&self, memory: MemId) -> Vec<u64> {
        let state = self.0.borrow();
        let memory = state.kernel.memories.get(memory.0 as usize);
        memory.map_or_else(Vec::new, |memory| memory.ty.shape.extents().collect())
    }

    /// Adds a scheduling directive.
    pub fn schedule(&self, directive: Directive) {
        self.0.borrow_mut().kernel.schedule.push(directive);
    }

    /// The type of a value.
    pub fn type_of(&self, value: ValueId) -> ValueType {
        self.0.borrow().kernel.type_of(value)
    }

    fn push(&self, stmt: Stmt) {
        self.0.borrow_mut().push(stmt);
    }

    fn fresh_var(&self) -> VarId {
        let mut state = self.0.borrow_mut();
        let var = VarId(state.kernel.vars);
        state.kernel.vars += 1;
        var
    }

    fn fresh_like(&self, values: &[ValueId]) -> Vec<ValueId> {
        let mut state = self.0.borrow_mut();
        let fresh = |&value: &ValueId| {
            let ty = state.kernel.type_of(value);
            state.fresh(ty)
        };
        values.iter().map(fresh).collect()
    }

    /// Builds a region with what `body` appends.
    fn region<R>(&self, body: impl FnOnce() -> R) -> (Region, R) {
        self.0.borrow_mut().open.push(OpenRegion::default());
        let result = body();
        let closed = self.0.borrow_mut().open.pop();
        if closed.is_none() {
            self.fail("a region is closed that was not opened");
        }
        let stmts = closed.map(|closed| closed.stmts);
        let region = Region {
            stmts: stmts.unwrap_or_default(),
        };
        (region, result)
    }

    /// Checks that a region yields as many values as are expected.
    fn yielded(&self, values: Vec<ValueId>, expected: &[ValueId]) -> Vec<ValueId> {
        if values.len() == expected.len() {
            return values;
        }
        self.fail(format!(
            "a region yields {} values instead of {}",
            values.len(),
            expected.len()
        ));
        expected.to_vec()
    }

    // ---------------------------------------------------------------------------- statements

    /// Adds a parallel loop.
    pub fn par(&self, extent: u64, grain: u64, body: impl FnOnce(Index)) -> VarId {
        let var = self.fresh_var();
        let (body, ()) = self.region(|| body(var.to_index()));
        self.push(Stmt::Par {
            var,
            extent,
            grain,
            body,
        });
        var
    }

    /// Adds a sequential loop without carried values.
    pub fn for_each(&self, range: ForRange, body: impl FnOnce(Index)) -> VarId {
        let (var, _) = self.carry(range, &[], |point, _| {
            body(point);
            Vec::new()
        });
        var
    }

    /// Adds a sequential loop that hands values from one iteration to the next; `body` gets the
    /// point and the current values and returns the next ones. The loop's variable and the values
    /// after the last iteration.
    pub fn carry(
        &self,
        range: ForRange,
        inits: &[ValueId],
        body: impl FnOnce(Index, &[ValueId]) -> Vec<ValueId>,
    ) -> (VarId, Vec<ValueId>) {
        let var = self.fresh_var();
        let states = self.fresh_like(inits);
        let (region, next) = self.region(|| body(var.to_index(), &states));
        let next = self.yielded(next, inits);
        let results = self.fresh_like(inits);
        let carried = (0..inits.len()).map(|at| Carried {
            init: inits[at],
            state: states[at],
            next: next[at],
            result: results[at],
        });
        self.push(Stmt::For {
            var,
            range,
            carried: carried.collect(),
            body: region,
        });
        (var, results)
    }

    /// Adds a fold. `body` gets the element and the state before it and returns the state after it;
    /// `merge` joins an earlier and a later state. The fold's variable and results.
    pub fn fold(
        &self,
        shape: FoldShape,
        inits: &[ValueId],
        body: impl FnOnce(Index, &[ValueId]) -> Vec<ValueId>,
        merge: impl FnOnce(&[ValueId], &[ValueId]) -> Vec<ValueId>,
    ) -> (VarId, Vec<ValueId>) {
        let var = self.fresh_var();
        let states = self.fresh_like(inits);
        let (body, next) = self.region(|| body(var.to_index(), &states));
        let (left, right) = (self.fresh_like(inits), self.fresh_like(inits));
        let (merge, merged) = self.region(|| merge(&left, &right));
        let (next, merged) = (self.yielded(next, inits), self.yielded(merged, inits));
        let results = self.fresh_like(inits);
        let states = (0..inits.len()).map(|at| FoldState {
            init: inits[at],
            state: states[at],
            next: next[at],
            left: left[at],
            right: right[at],
            merged: merged[at],
            result: results[at],
        });
        let states = states.collect();
        self.push(Stmt::Fold(Box::new(Fold {
            var,
            extent: shape.extent,
            lanes: shape.lanes,
            chunk: shape.chunk,
            states,
            body,
            merge,
        })));
        (var, results)
    }

    /// Adds a branch whose sides yield values of the same types.
    pub fn branch(
        &self,
        condition: Condition,
        then: impl FnOnce() -> Vec<ValueId>,
        otherwise: impl FnOnce() -> Vec<ValueId>,
    ) -> Vec<ValueId> {
        let (then, yes) = self.region(then);
        let (otherwise, no) = self.region(otherwise);
        let no = self.yielded(no, &yes);
        let results = self.fresh_like(&yes);
        let joins = (0..yes.len()).map(|at| Join {
            then: yes[at],
            otherwise: no[at],
            result: results[at],
        });
        let joins = joins.collect();
        self.push(Stmt::If {
            condition,
            then,
            otherwise,
            joins,
        });
        results
    }

    /// Adds a branch that does something only where the condition holds.
    pub fn when(&self, condition: Condition, then: impl FnOnce()) {
        self.branch(
            condition,
            || {
                then();
                Vec::new()
            },
            Vec::new,
        );
    }

    /// Adds a store. What is stored in memory of halves is rounded to them.
    pub fn store(&self, access: Access, value: ValueId) {
        let value = match self.half_memory(access.memory) {
            Some(dtype) => self.as_half(dtype, value),
            None => value,
        };
        self.push(Stmt::Store { access, value });
    }

    /// A number as a half: the half that it is, if it is known to be one, else the one next to it.
    fn as_half(&self, dtype: DType, value: ValueId) -> ValueId {
        let known = self.0.borrow().halves.get(&value).copied();
        let known = known.filter(|half| self.type_of(*half).dtype == dtype);
        known.unwrap_or_else(|| self.op(Op::Cast(dtype, value)))
    }

    /// The f32 that a half is.
    fn as_single(&self, half: ValueId) -> ValueId {
        let single = self.op(Op::Cast(DType::F32, half));
        self.0.borrow_mut().halves.insert(single, half);
        single
    }

    /// The dtype of a memory, if it is a half.
    fn half_memory(&self, memory: MemId) -> Option<DType> {
        let state = self.0.borrow();
        let dtype = state.kernel.memories.get(memory.index())?.ty.dtype;
        dtype.half().map(|_| dtype)
    }

    /// Loads one element; where the access does not happen, zero.
    pub fn load(&self, access: Access) -> ValueId {
        self.load_form(access, Form::Scalar, None)
    }

    /// Loads one element; where the access does not happen, `otherwise`.
    pub fn load_or(&self, access: Access, otherwise: ValueId) -> ValueId {
        self.load_form(access, Form::Scalar, Some(otherwise))
    }

    /// Loads a value of the given form; elements that are not accessed are `otherwise`, or zero.
    /// From memory of halves they come as f32.
    pub fn load_form(&self, access: Access, form: Form, otherwise: Option<ValueId>) -> ValueId {
        let Some(dtype) = self.half_memory(access.memory) else {
            return self.load_stored(access, form, otherwise);
        };
        let otherwise = otherwise.map(|value| self.as_half(dtype, value));
        self.as_single(self.load_stored(access, form, otherwise))
    }

    /// Loads a value of the dtype that the memory has.
    fn load_stored(&self, access: Access, form: Form, otherwise: Option<ValueId>) -> ValueId {
        let mut state = self.0.borrow_mut();
        let shareable = access.fault.is_none() && state.is_read_only(access.memory);
        let key = (access, form, otherwise);
        if shareable
            && let Some(&known) = state.open.iter().find_map(|region| region.loads.get(&key))
        {
            return known;
        }
        let Some(memory) = state.kernel.memories.get(key.0.memory.index()) else {
            state.fail("a load from memory that does not exist");
            return state.fresh(ValueType::scalar(DType::Bool));
        };
        let dtype = memory.ty.dtype;
        let result = state.fresh(ValueType { dtype, form });
        state.push(Stmt::Load {
            result,
            access: key.0.clone(),
            otherwise,
        });
        if shareable && let Some(region) = state.open.last_mut() {
            region.loads.insert(key, result);
        }
        result
    }

    // ---------------------------------------------------------------------------- operations

    /// The value of an operation, computed here unless an open region has it already.
    pub fn op(&self, op: Op) -> ValueId {
        let mut state = self.0.borrow_mut();
        if let Some(&known) = state.open.iter().find_map(|region| region.ops.get(&op)) {
            return known;
        }
        let ty = match op.result_type(&|value| state.kernel.type_of(value)) {
            Ok(ty) => ty,
            Err(fault) => {
                state.fail(format!("{}: {fault}", op.name()));
                let first = op.operands().first().copied();
                first.map_or(ValueType::scalar(DType::F32), |x| state.kernel.type_of(x))
            }
        };
        let result = state.fresh(ty);
        state.push(Stmt::Compute {
            result,
            op: op.clone(),
        });
        if let Some(region) = state.open.last_mut() {
            region.ops.insert(op, result);
        }
        result
    }

    /// The operands with scalars splatted to the form of the others.
    fn unified<const N: usize>(&self, operands: [ValueId; N]) -> [ValueId; N] {
        let forms = operands.map(|value| self.type_of(value).form);
        let Some(form) = forms.into_iter().find(|&form| form != Form::Scalar) else {
            return operands;
        };
        operands.map(|value| match self.type_of(value).form {
            Form::Scalar => self.op(Op::Splat(form, value)),
            Form::Vector(_) | Form::Tile(..) => value,
        })
    }

    /// A constant, as it is stored: numbers that round to one float are one value, however rules and
    /// graphs write them. One of a half is the f32 that it is.
    pub fn constant(&self, dtype: DType, value: &Constant) -> ValueId {
        self.op(Op::Const(dtype.compute(), value.stored(dtype)))
    }

    /// A small integer as a constant of any dtype.
    pub fn int(&self, dtype: DType, value: i64) -> ValueId {
        self.constant(dtype, &Constant::integer(value))
    }

    /// The value of an index expression as an integer of that dtype.
    pub fn index_value(&self, dtype: DType, index: &Index) -> ValueId {
        self.op(Op::Index(dtype, index.clone()))
    }

    /// A function of one number. |−x| is |x|, so that what is computed from magnitudes is computed once
    /// for x and −x.
    pub fn unary(&self, function: Unary, x: ValueId) -> ValueId {
        let negated = self.0.borrow().negated.get(&x).copied();
        match (function, negated) {
            (Unary::Abs, Some(x)) => self.op(Op::Unary(Unary::Abs, x)),
            (Unary::Neg, _) => {
                let result = self.op(Op::Unary(Unary::Neg, x));
                self.0.borrow_mut().negated.insert(result, x);
                result
            }
            (_, _) => self.op(Op::Unary(function, x)),
        }
    }

    /// A function of two numbers.
    pub fn binary(&self, function: Binary, x: ValueId, y: ValueId) -> ValueId {
        let [x, y] = self.unified([x, y]);
        self.op(Op::Binary(function, x, y))
    }

    /// A relation between two numbers.
    pub fn compare(&self, comparison: Comparison, x: ValueId, y: ValueId) -> ValueId {
        let [x, y] = self.unified([x, y]);
        self.op(Op::Compare(comparison, x, y))
    }

    /// A function of two truth values.
    pub fn connect(&self, connective: Connective, x: ValueId, y: ValueId) -> ValueId {
        let [x, y] = self.unified([x, y]);
        self.op(Op::Connect(connective, x, y))
    }

    /// The negation of a truth value.
    pub fn not(&self, x: ValueId) -> ValueId {
        self.op(Op::Not(x))
    }

    /// `yes` where `mask` holds, else `no`.
    pub fn select(&self, mask: ValueId, yes: ValueId, no: ValueId) -> ValueId {
        let [mask, yes, no] = self.unified([mask, yes, no]);
        self.op(Op::Select(mask, yes, no))
    }

    /// The value as an element of `dtype`; itself if it is one. As an element of a half it is
    /// rounded to that, and stays an f32.
    pub fn cast(&self, dtype: DType, x: ValueId) -> ValueId {
        if self.type_of(x).dtype == dtype {
            return x;
        }
        match dtype.half() {
            Some(_) => self.as_single(self.as_half(dtype, x)),
            None => self.op(Op::Cast(dtype, x)),
        }
    }

    /// The bits as an element of `dtype`.
    pub fn bitcast(&self, dtype: DType, x: ValueId) -> ValueId {
        self.op(Op::Bitcast(dtype, x))
    }

    /// x · y + z, rounded once.
    pub fn fma(&self, x: ValueId, y: ValueId, z: ValueId) -> ValueId {
        let [x, y, z] = self.unified([x, y, z]);
        self.op(Op::Fma(x, y, z))
    }

    /// A value whose elements all are the scalar `x`; `x` itself for the scalar form.
    pub fn splat(&self, form: Form, x: ValueId) -> ValueId {
        if form == Form::Scalar {
            return x;
        }
        self.op(Op::Splat(form, x))
    }

    /// A tile whose rows all are `x`.
    pub fn rows(&self, rows: u32, x: ValueId) -> ValueId {
        self.op(Op::Rows(rows, x))
    }

    /// A tile whose columns all are `x`.
    pub fn columns(&self, columns: u32, x: ValueId) -> ValueId {
        self.op(Op::Columns(columns, x))
    }

    /// The tile `acc` plus the outer product of `a` and `b`, rounded once.
    pub fn mma(&self, acc: ValueId, a: ValueId, b: ValueId) -> ValueId {
        self.op(Op::Mma(acc, a, b))
    }
}
