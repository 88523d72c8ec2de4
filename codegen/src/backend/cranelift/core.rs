//! A function under construction: blocks in nested scopes, and instructions that find their place.
//!
//! Every loop body and every side of a branch is a [`Scope`]. The block of a scope stays open until
//! what is inside it is complete, so that an instruction without effects can be placed in the
//! outermost scope that knows its operands ([`Core::pure`]): address arithmetic leaves inner loops
//! by construction, and equal instructions of a scope are one.

use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::immediates::{Ieee32, Ieee64, Offset32};
use cranelift_codegen::ir::{
    Block, BlockArg, ConstantData, ExtFuncData, ExternalName, FuncRef, Function, GlobalValue,
    GlobalValueData, InsertBuilder, InstBuilder, InstructionData, MemFlagsData, Opcode, Signature,
    SourceLoc, StackSlotData, StackSlotKind, Type, UserExternalName, UserFuncName, Value, ValueDef,
    types,
};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// Addresses are 64 bits wide on every target.
pub(crate) const POINTER: Type = types::I64;

/// The flags of loads and stores: addresses are valid, alignment is that of the element.
pub(crate) fn memory_flags() -> MemFlagsData {
    MemFlagsData::new().with_notrap()
}

/// What identifies an instruction without effects.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    opcode: Opcode,
    ty: Type,
    args: SmallVec<[Value; 3]>,
    immediate: u128,
}

/// A region of code that dominates what is nested in it.
struct Scope {
    /// The block that instructions are appended to; it has no terminator yet.
    block: Block,
    /// The instructions without effects that were placed here.
    known: FxHashMap<Key, Value>,
}

/// A constant that was made more than so many values ago is made anew. One instruction loads it, and a
/// register that held it all the while would be one less for everything between: register allocation
/// of a long block takes time out of proportion where many values live from its start to its end.
const CONSTANTS_LAST: u32 = 512;

/// A branch whose sides are being emitted.
pub(crate) struct Branch {
    condition: Value,
    then: Block,
    otherwise: Block,
    join: Block,
}

/// A loop whose body is being emitted.
pub(crate) struct Loop {
    start: Value,
    inits: Vec<Value>,
    /// The block with the point and the carried values as parameters.
    header: Block,
    body: Block,
    /// The point of the current iteration.
    pub(crate) point: Value,
    /// The carried values at the start of the iteration.
    pub(crate) states: Vec<Value>,
}

/// Where a loop goes on from one point to the next.
#[derive(Clone, Copy)]
pub(crate) struct Advance {
    /// The distance, not 0.
    pub(crate) step: i64,
    /// The points are below this; with a negative step, not below this.
    pub(crate) bound: Value,
    /// Whether there is a first iteration at all: known, or to be tested.
    pub(crate) runs: Option<bool>,
}

impl Advance {
    /// What holds between a point of the loop and its bound.
    fn relation(self) -> IntCC {
        if self.step > 0 {
            IntCC::SignedLessThan
        } else {
            IntCC::SignedGreaterThanOrEqual
        }
    }
}

/// The directions and kinds of shifts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shift {
    /// To the left.
    Left,
    /// To the right, filling with the sign.
    Arithmetic,
    /// To the right, filling with zeros.
    Logical,
}

impl Shift {
    pub(crate) fn opcode(self) -> Opcode {
        match self {
            Shift::Left => Opcode::Ishl,
            Shift::Arithmetic => Opcode::Sshr,
            Shift::Logical => Opcode::Ushr,
        }
    }
}

/// A function under construction.
pub(crate) struct Core {
    pub(crate) func: Function,
    scopes: Vec<Scope>,
    /// The scope that each value is defined in.
    homes: Vec<u16>,
    /// The blocks that return early, by what they return.
    exits: FxHashMap<i32, Block>,
    /// The data that is referred to, by number.
    globals: FxHashMap<u32, GlobalValue>,
    /// What new instructions come from.
    origin: SourceLoc,
}

impl Core {
    /// A function of that signature with an open block, and its parameters.
    pub(crate) fn new(signature: Signature) -> (Self, Vec<Value>) {
        let mut func = Function::with_name_signature(UserFuncName::default(), signature);
        // Origins are kept relative to the first one, and −1 would be none.
        func.params.ensure_base_srcloc(SourceLoc::new(0));
        let block = func.dfg.make_block();
        func.layout.append_block(block);
        let types: Vec<Type> = func.signature.params.iter().map(|p| p.value_type).collect();
        let params = types
            .into_iter()
            .map(|ty| func.dfg.append_block_param(block, ty))
            .collect();
        let mut core = Core {
            func,
            scopes: Vec::new(),
            homes: Vec::new(),
            exits: FxHashMap::default(),
            globals: FxHashMap::default(),
            origin: SourceLoc::default(),
        };
        core.push_scope(block);
        core.settle(0);
        (core, params)
    }

    /// Lets new instructions come from something that has a number.
    pub(crate) fn set_origin(&mut self, number: u32) {
        self.origin = SourceLoc::new(number);
    }

    fn cursor(&mut self, block: Block) -> FuncCursor<'_> {
        let origin = self.origin;
        FuncCursor::new(&mut self.func)
            .at_bottom(block)
            .with_srcloc(origin)
    }

    // ------------------------------------------------------------------------------- placement

    fn depth(&self) -> usize {
        self.scopes.len().saturating_sub(1)
    }

    /// Values that are new since the last call are defined in the scope of that depth.
    fn settle(&mut self, depth: usize) {
        self.homes.resize(self.func.dfg.num_values(), depth as u16);
    }

    /// How deep the scope lies in which a value is defined.
    pub(crate) fn home(&self, value: Value) -> usize {
        let home = self.homes.get(value.as_u32() as usize);
        home.map_or(self.depth(), |&home| home as usize)
    }

    fn push_scope(&mut self, block: Block) {
        self.scopes.push(Scope {
            block,
            known: FxHashMap::default(),
        });
    }

    fn block_at(&self, depth: usize) -> Block {
        self.scopes[depth.min(self.depth())].block
    }

    fn build_at<R>(
        &mut self,
        depth: usize,
        build: impl FnOnce(InsertBuilder<'_, &mut FuncCursor<'_>>) -> R,
    ) -> R {
        let block = self.block_at(depth);
        let result = build(self.cursor(block).ins());
        self.settle(depth);
        result
    }

    /// Appends an instruction at the current place.
    pub(crate) fn emit<R>(
        &mut self,
        build: impl FnOnce(InsertBuilder<'_, &mut FuncCursor<'_>>) -> R,
    ) -> R {
        self.build_at(self.depth(), build)
    }

    /// An instruction without effects in the outermost scope that has its operands, or the equal one
    /// that is there. Opcode, type and immediate must tell it from others on the same operands.
    pub(crate) fn pure(
        &mut self,
        (opcode, ty, immediate): (Opcode, Type, u128),
        args: &[Value],
        build: impl FnOnce(InsertBuilder<'_, &mut FuncCursor<'_>>) -> Value,
    ) -> Value {
        let homes = args.iter().map(|&arg| self.home(arg));
        let depth = homes.max().unwrap_or(self.depth());
        let key = Key {
            opcode,
            ty,
            args: args.into(),
            immediate,
        };
        let count = self.func.dfg.num_values() as u32;
        let is_near = |value: Value| count - value.as_u32() <= CONSTANTS_LAST;
        if let Some(&known) = self.scopes[depth].known.get(&key)
            && (!args.is_empty() || is_near(known))
        {
            return known;
        }
        let value = self.build_at(depth, build);
        self.scopes[depth].known.insert(key, value);
        value
    }

    fn terminate(
        &mut self,
        block: Block,
        build: impl FnOnce(InsertBuilder<'_, &mut FuncCursor<'_>>),
    ) {
        build(self.cursor(block).ins());
    }

    fn new_block(&mut self) -> Block {
        let block = self.func.dfg.make_block();
        self.func.layout.append_block(block);
        block
    }

    // ---------------------------------------------------------------------------- control flow

    /// Starts a branch; what follows is its first side, up to [`Core::otherwise`].
    pub(crate) fn branch(&mut self, condition: Value) -> Branch {
        let branch = Branch {
            condition,
            then: self.new_block(),
            otherwise: self.new_block(),
            join: self.new_block(),
        };
        self.push_scope(branch.then);
        branch
    }

    /// Ends the first side of a branch, which yields `values`, and starts the second.
    pub(crate) fn otherwise(&mut self, branch: &Branch, values: &[Value]) {
        self.leave_side(branch, values);
        self.push_scope(branch.otherwise);
    }

    /// Ends a branch; its second side yields `values`. What the branch yields.
    pub(crate) fn join(&mut self, branch: Branch, values: &[Value]) -> Vec<Value> {
        self.leave_side(&branch, values);
        let depth = self.depth();
        let params = values
            .iter()
            .map(|&value| {
                let ty = self.func.dfg.value_type(value);
                self.func.dfg.append_block_param(branch.join, ty)
            })
            .collect();
        self.settle(depth);
        let before = self.block_at(depth);
        self.terminate(before, |ins| {
            ins.brif(branch.condition, branch.then, &[], branch.otherwise, &[]);
        });
        self.scopes[depth].block = branch.join;
        params
    }

    fn leave_side(&mut self, branch: &Branch, values: &[Value]) {
        let args = block_args(values);
        if let Some(scope) = self.scopes.pop() {
            self.terminate(scope.block, |ins| {
                ins.jump(branch.join, &args);
            });
        }
    }

    /// Starts a loop at `start` with carried values; what follows is its body, up to
    /// [`Core::end_loop`].
    pub(crate) fn begin_loop(&mut self, start: Value, inits: Vec<Value>) -> Loop {
        let depth = self.depth() + 1;
        let header = self.new_block();
        let point = self.func.dfg.append_block_param(header, POINTER);
        let states: Vec<Value> = inits
            .iter()
            .map(|&init| {
                let ty = self.func.dfg.value_type(init);
                self.func.dfg.append_block_param(header, ty)
            })
            .collect();
        // Without carried values the header is the body.
        let body = if states.is_empty() {
            header
        } else {
            self.new_block()
        };
        self.push_scope(body);
        self.settle(depth);
        Loop {
            start,
            inits,
            header,
            body,
            point,
            states,
        }
    }

    /// Ends a loop; `next` are the carried values at the end of its body. Their last values.
    pub(crate) fn end_loop(&mut self, open: Loop, advance: Advance, next: &[Value]) -> Vec<Value> {
        let point = self.add_constant(open.point, advance.step);
        let exit = self.new_block();
        if open.states.is_empty() {
            self.close_at_bottom(&open, exit, advance, point);
        } else {
            self.close_at_top(&open, exit, advance, point, next);
        }
        let depth = self.depth();
        self.scopes[depth].block = exit;
        for &state in &open.states {
            // From here on a value of the scope around the loop.
            if let Some(home) = self.homes.get_mut(state.as_u32() as usize) {
                *home = depth as u16;
            }
        }
        open.states
    }

    /// Closes a loop that decides at the end of its body whether to go on.
    fn close_at_bottom(&mut self, open: &Loop, exit: Block, advance: Advance, point: Value) {
        let again = self.before_bound(point, advance);
        let last = self.block_at(self.depth());
        self.scopes.pop();
        let (first, repeated) = (block_args(&[open.start]), block_args(&[point]));
        self.terminate(last, |ins| {
            ins.brif(again, open.body, &repeated, exit, &[]);
        });
        let enters = match advance.runs {
            Some(true) => None,
            Some(false) | None => Some(self.before_bound(open.start, advance)),
        };
        let before = self.block_at(self.depth());
        self.terminate(before, |ins| match enters {
            None => {
                ins.jump(open.body, &first);
            }
            Some(enters) => {
                ins.brif(enters, open.body, &first, exit, &[]);
            }
        });
    }

    /// Closes a loop that decides in its header. So each carried value is used once at the end of the
    /// body: what is used twice, to go on and to leave, is not fused with the loads that it needs.
    fn close_at_top(
        &mut self,
        open: &Loop,
        exit: Block,
        advance: Advance,
        point: Value,
        next: &[Value],
    ) {
        let last = self.block_at(self.depth());
        self.scopes.pop();
        let before = self.block_at(self.depth());
        for (block, point, states) in [
            (before, open.start, open.inits.as_slice()),
            (last, point, next),
        ] {
            let mut args = block_args(&[point]);
            args.extend(block_args(states));
            self.terminate(block, |ins| {
                ins.jump(open.header, &args);
            });
        }
        let bound = self.constant_of(advance.bound);
        let mut cursor = self.cursor(open.header);
        let relation = advance.relation();
        let enters = match bound {
            Some(bound) => cursor.ins().icmp_imm_s(relation, open.point, bound),
            None => cursor.ins().icmp(relation, open.point, advance.bound),
        };
        cursor.ins().brif(enters, open.body, &[], exit, &[]);
        self.settle(self.depth());
    }

    fn before_bound(&mut self, point: Value, advance: Advance) -> Value {
        match self.constant_of(advance.bound) {
            Some(bound) => self.compare_constant(advance.relation(), point, bound),
            None => self.compare(advance.relation(), point, advance.bound),
        }
    }

    /// Returns `code` from the function where the condition holds.
    pub(crate) fn return_if(&mut self, condition: Value, code: i32) {
        let leave = self.exit(code);
        let stay = self.new_block();
        let depth = self.depth();
        let before = self.block_at(depth);
        self.terminate(before, |ins| {
            ins.brif(condition, leave, &[], stay, &[]);
        });
        self.scopes[depth].block = stay;
    }

    /// Returns a value from the function where the condition holds.
    pub(crate) fn return_value_if(&mut self, condition: Value, value: Value) {
        let (leave, stay) = (self.new_block(), self.new_block());
        self.func.layout.set_cold(leave);
        let depth = self.depth();
        let before = self.block_at(depth);
        self.terminate(before, |ins| {
            ins.brif(condition, leave, &[], stay, &[]);
        });
        self.terminate(leave, |ins| {
            ins.return_(&[value]);
        });
        self.scopes[depth].block = stay;
    }

    /// The block that returns `code`.
    fn exit(&mut self, code: i32) -> Block {
        if let Some(&exit) = self.exits.get(&code) {
            return exit;
        }
        let exit = self.new_block();
        self.func.layout.set_cold(exit);
        let mut cursor = self.cursor(exit);
        let code_value = cursor.ins().iconst(types::I32, i64::from(code));
        cursor.ins().return_(&[code_value]);
        self.settle(self.depth());
        self.exits.insert(code, exit);
        exit
    }

    /// Ends the function.
    pub(crate) fn finish(mut self, results: &[Value]) -> Function {
        let last = self.block_at(0);
        self.terminate(last, |ins| {
            ins.return_(results);
        });
        self.func
    }

    // ------------------------------------------------------------------------------ arithmetic

    /// The number that a value is known to be.
    pub(crate) fn constant_of(&self, value: Value) -> Option<i64> {
        let ValueDef::Result(inst, 0) = self.func.dfg.value_def(value) else {
            return None;
        };
        let data = self.func.dfg.insts[inst];
        if let InstructionData::UnaryImm { imm, .. } = data {
            Some(imm.bits())
        } else if let InstructionData::UnaryIeee32 { imm, .. } = data {
            Some(i64::from(imm.bits()))
        } else if let InstructionData::UnaryIeee64 { imm, .. } = data {
            Some(imm.bits() as i64)
        } else {
            None
        }
    }

    /// The same constant, made anew where it was made far back; other values as they are.
    pub(crate) fn refreshed(&mut self, value: Value) -> Value {
        let ValueDef::Result(inst, 0) = self.func.dfg.value_def(value) else {
            return value;
        };
        let ty = self.func.dfg.value_type(value);
        let data = self.func.dfg.insts[inst];
        if let InstructionData::UnaryImm { imm, .. } = data {
            self.int(ty, imm.bits())
        } else if let InstructionData::UnaryIeee32 { imm, .. } = data {
            self.float32(imm)
        } else if let InstructionData::UnaryIeee64 { imm, .. } = data {
            self.float64(imm)
        } else {
            value
        }
    }

    /// A constant of single precision.
    pub(crate) fn float32(&mut self, value: impl Into<Ieee32>) -> Value {
        let value = value.into();
        let key = (Opcode::F32const, types::F32, u128::from(value.bits()));
        self.pure(key, &[], |ins| ins.f32const(value))
    }

    /// A constant of double precision.
    pub(crate) fn float64(&mut self, value: impl Into<Ieee64>) -> Value {
        let value = value.into();
        let key = (Opcode::F64const, types::F64, u128::from(value.bits()));
        self.pure(key, &[], |ins| ins.f64const(value))
    }

    /// An integer constant of a type.
    pub(crate) fn int(&mut self, ty: Type, value: i64) -> Value {
        let bits = ty.bits();
        let value = if bits < 64 {
            value & ((1i64 << bits) - 1)
        } else {
            value
        };
        self.pure((Opcode::Iconst, ty, value as u64 as u128), &[], |ins| {
            ins.iconst(ty, value)
        })
    }

    /// A constant of 64 bits.
    pub(crate) fn constant(&mut self, value: i64) -> Value {
        self.int(POINTER, value)
    }

    /// An operation on two values of one type, which the result has.
    pub(crate) fn binary(&mut self, opcode: Opcode, x: Value, y: Value) -> Value {
        let ty = self.func.dfg.value_type(x);
        self.pure((opcode, ty, 0), &[x, y], |ins| {
            let (inst, dfg) = ins.Binary(opcode, ty, x, y);
            dfg.first_result(inst)
        })
    }

    /// An operation on one value that yields `ty`; `controlling` is the type that selects it.
    pub(crate) fn unary(&mut self, opcode: Opcode, controlling: Type, x: Value) -> Value {
        self.pure((opcode, controlling, 0), &[x], |ins| {
            let (inst, dfg) = ins.Unary(opcode, controlling, x);
            dfg.first_result(inst)
        })
    }

    /// The sum of 64-bit integers.
    pub(crate) fn add(&mut self, x: Value, y: Value) -> Value {
        match (self.constant_of(x), self.constant_of(y)) {
            (Some(x), Some(y)) => self.constant(x.wrapping_add(y)),
            (Some(0), None) => y,
            (None, Some(0)) => x,
            (_, _) => self.binary(Opcode::Iadd, x, y),
        }
    }

    /// A 64-bit integer plus a constant.
    pub(crate) fn add_constant(&mut self, x: Value, addend: i64) -> Value {
        if addend == 0 {
            return x;
        }
        if let Some(x) = self.constant_of(x) {
            return self.constant(x.wrapping_add(addend));
        }
        self.pure(
            (Opcode::Iadd, POINTER, addend as u64 as u128 | 1 << 64),
            &[x],
            |ins| ins.iadd_imm_s(x, addend),
        )
    }

    /// A 64-bit integer times a constant.
    pub(crate) fn multiply_constant(&mut self, x: Value, factor: i64) -> Value {
        if let Some(x) = self.constant_of(x) {
            return self.constant(x.wrapping_mul(factor));
        }
        match factor {
            0 => self.constant(0),
            1 => x,
            _ if factor > 0 && (factor as u64).is_power_of_two() => {
                self.shift(Shift::Left, x, factor.trailing_zeros())
            }
            _ => self.pure(
                (Opcode::Imul, POINTER, factor as u64 as u128 | 1 << 64),
                &[x],
                |ins| ins.imul_imm_s(x, factor),
            ),
        }
    }

    /// A shift by a constant below the width.
    pub(crate) fn shift(&mut self, shift: Shift, x: Value, count: u32) -> Value {
        if count == 0 {
            return x;
        }
        let ty = self.func.dfg.value_type(x);
        let (opcode, count) = (shift.opcode(), i64::from(count));
        self.pure(
            (opcode, ty, count as u128 | 1 << 64),
            &[x],
            |ins| match shift {
                Shift::Left => ins.ishl_imm_u(x, count),
                Shift::Arithmetic => ins.sshr_imm_u(x, count),
                Shift::Logical => ins.ushr_imm_u(x, count),
            },
        )
    }

    /// A relation between integers of one type.
    pub(crate) fn compare(&mut self, relation: IntCC, x: Value, y: Value) -> Value {
        let ty = self.func.dfg.value_type(x);
        self.pure((Opcode::Icmp, ty, relation as u128), &[x, y], |ins| {
            ins.icmp(relation, x, y)
        })
    }

    /// A relation between an integer and a constant.
    pub(crate) fn compare_constant(&mut self, relation: IntCC, x: Value, value: i64) -> Value {
        let ty = self.func.dfg.value_type(x);
        let key = relation as u128 | u128::from(value as u64) << 8 | 1 << 127;
        self.pure((Opcode::Icmp, ty, key), &[x], |ins| {
            ins.icmp_imm_s(relation, x, value)
        })
    }

    /// `yes` where the condition, a scalar, holds, else `no`.
    pub(crate) fn select(&mut self, condition: Value, yes: Value, no: Value) -> Value {
        let ty = self.func.dfg.value_type(yes);
        self.pure((Opcode::Select, ty, 0), &[condition, yes, no], |ins| {
            ins.select(condition, yes, no)
        })
    }

    /// Both conditions; absent ones hold.
    pub(crate) fn both(&mut self, x: Option<Value>, y: Option<Value>) -> Option<Value> {
        match (x, y) {
            (Some(x), Some(y)) => Some(self.binary(Opcode::Band, x, y)),
            (x, None) => x,
            (None, y) => y,
        }
    }

    /// The same bits as another type of the same width.
    pub(crate) fn bitcast(&mut self, ty: Type, x: Value) -> Value {
        let from = self.func.dfg.value_type(x);
        if from == ty {
            return x;
        }
        self.pure((Opcode::Bitcast, ty, 0), &[x], |ins| {
            let flags =
                MemFlagsData::new().with_endianness(cranelift_codegen::ir::Endianness::Little);
            ins.bitcast(ty, flags, x)
        })
    }

    /// A constant vector of 128 bits, given in memory order.
    pub(crate) fn vector_constant(&mut self, ty: Type, bytes: [u8; 16]) -> Value {
        let pool = self
            .func
            .dfg
            .constants
            .insert(ConstantData::from(bytes.as_slice()));
        self.pure(
            (Opcode::Vconst, ty, u128::from_le_bytes(bytes)),
            &[],
            |ins| ins.vconst(ty, pool),
        )
    }

    /// A vector of bytes picked from two vectors of one type.
    pub(crate) fn shuffle(&mut self, x: Value, y: Value, picked: [u8; 16]) -> Value {
        let ty = self.func.dfg.value_type(x);
        let (x, y) = (self.bitcast(types::I8X16, x), self.bitcast(types::I8X16, y));
        let mask = self
            .func
            .dfg
            .immediates
            .push(ConstantData::from(picked.as_slice()));
        let key = (Opcode::Shuffle, types::I8X16, u128::from_le_bytes(picked));
        let bytes = self.pure(key, &[x, y], |ins| ins.shuffle(x, y, mask));
        self.bitcast(ty, bytes)
    }

    // ---------------------------------------------------------------------------------- memory

    /// Loads a value.
    pub(crate) fn load(&mut self, ty: Type, address: Value, offset: i32) -> Value {
        self.emit(|ins| ins.load(ty, memory_flags(), address, Offset32::new(offset)))
    }

    /// Stores a value.
    pub(crate) fn store(&mut self, value: Value, address: Value, offset: i32) {
        self.emit(|ins| ins.store(memory_flags(), value, address, Offset32::new(offset)));
    }

    /// The address of new memory of the function's own, aligned to 16 bytes.
    pub(crate) fn stack_memory(&mut self, bytes: u32) -> Value {
        let slot = self.func.create_sized_stack_slot(StackSlotData::new(
            StackSlotKind::ExplicitSlot,
            bytes,
            4,
        ));
        self.build_at(0, |ins| ins.stack_addr(POINTER, slot, 0))
    }

    /// The total size of the function's own memory in bytes.
    pub(crate) fn stack_bytes(&self) -> u64 {
        let slots = self.func.sized_stack_slots.values();
        slots.map(|slot| u64::from(slot.size)).sum()
    }

    // --------------------------------------------------------------------------------- symbols

    /// A function of the same module by its number there.
    pub(crate) fn function(&mut self, number: u32, signature: Signature) -> FuncRef {
        let signature = self.func.import_signature(signature);
        let name = self
            .func
            .declare_imported_user_function(UserExternalName::new(0, number));
        self.func.import_function(ExtFuncData {
            name: ExternalName::user(name),
            signature,
            colocated: true,
            patchable: false,
        })
    }

    /// The address of data of the same module by its number there.
    pub(crate) fn data(&mut self, number: u32) -> Value {
        let global = match self.globals.get(&number) {
            Some(&global) => global,
            None => self.declare_data(number),
        };
        self.emit(|ins| ins.symbol_value(POINTER, global))
    }

    fn declare_data(&mut self, number: u32) -> GlobalValue {
        let name = self
            .func
            .declare_imported_user_function(UserExternalName::new(1, number));
        let global = self.func.create_global_value(GlobalValueData::Symbol {
            name: ExternalName::user(name),
            offset: 0.into(),
            colocated: true,
            tls: false,
        });
        self.globals.insert(number, global);
        global
    }

    /// Calls a function of the same module; its results.
    pub(crate) fn call(&mut self, function: FuncRef, args: &[Value]) -> SmallVec<[Value; 1]> {
        let call = self.emit(|ins| ins.call(function, args));
        self.func.dfg.inst_results(call).into()
    }
}

fn block_args(values: &[Value]) -> Vec<BlockArg> {
    values.iter().copied().map(BlockArg::Value).collect()
}
