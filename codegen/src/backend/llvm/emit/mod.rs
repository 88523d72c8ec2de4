//! Thread programs as LLVM functions.
//!
//! A kernel is a function of the addresses of its parameters and, if it has tasks, of the context; each of its task
//! statements is a function of a frame and the number of a task. What is given is a thread program
//! ([`crate::threads`]) that verifies: scalars and vectors, loops, branches, tasks. Everything that LLVM leaves
//! undefined is kept away from it: division and shifts are legal, conversions of floats to integers saturate, and
//! what is loaded from fresh memory is frozen. What an emitter does not know it refuses.
//!
//! | module | what it emits |
//! |---|---|
//! | `control` | regions, loops, branches |
//! | `tasks` | task functions and their frames |
//! | `index` | indices and guards, of a lane or of all |
//! | `access` | loads, stores, faults |
//! | `address` | addresses that accesses share |
//! | `squares` | loads that are together a square of a matrix |
//! | `ops` | operations |
//! | `convert` | conversions |
//! | `debug` | lines of sources |

mod access;
mod address;
mod control;
mod convert;
mod debug;
mod index;
mod ops;
mod squares;
mod tasks;

use self::address::Computed;
use self::debug::{Debug, Scopes};
use super::machine::Machine;
use crate::kernel::{Kernel, Mode, Place, Stmt, ValueId, ValueType};
use lgc_ir::dtype::DType;
use lgc_ir::index::UNKNOWN;
use lgc_llvm::inkwell::attributes::{Attribute, AttributeLoc};
use lgc_llvm::inkwell::basic_block::BasicBlock;
use lgc_llvm::inkwell::builder::{Builder, BuilderError};
use lgc_llvm::inkwell::context::Context;
use lgc_llvm::inkwell::intrinsics::Intrinsic;
use lgc_llvm::inkwell::module::{Linkage, Module};
use lgc_llvm::inkwell::types::{BasicMetadataTypeEnum, BasicTypeEnum, PointerType, VectorType};
use lgc_llvm::inkwell::values::{BasicValueEnum, FunctionValue, IntValue, PointerValue};
use lgc_llvm::inkwell::{AddressSpace, IntPredicate};
use std::cell::RefCell;

/// Local buffers and frames begin at multiples of this: a cache line, and the widest register.
const ALIGNMENT: u32 = 64;

/// A value of LLVM.
pub(super) type Operand<'c> = BasicValueEnum<'c>;

/// Why a kernel cannot be emitted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EmitError {
    /// It has something that is no part of thread programs.
    #[error("{0}")]
    Refused(&'static str),
    /// LLVM does not take an instruction.
    #[error("LLVM takes no such instruction: {0}")]
    Instruction(String),
}

impl From<BuilderError> for EmitError {
    fn from(error: BuilderError) -> Self {
        EmitError::Instruction(error.to_string())
    }
}

pub(super) type Emitted<T> = Result<T, EmitError>;

fn refuse<T>(message: &'static str) -> Emitted<T> {
    Err(EmitError::Refused(message))
}

/// The symbol of the function that runs tasks, which others define.
pub(super) const RUN_TASKS: &str = "lgc.run_tasks";

/// Adds the functions of a kernel to a module: its own first, as `name`. The local buffers and frames of each take up to
/// `stack_bytes` of the stack. If the kernel has lines, the module has debug information, in which the files are called
/// what `sources` says, or by their numbers.
///
/// # Errors
/// If the kernel is no thread program.
pub(crate) fn emit<'c>(
    context: &'c Context,
    module: &Module<'c>,
    machine: &Machine,
    (kernel, name): (&Kernel, &str),
    stack_bytes: u64,
    sources: &[String],
) -> Emitted<()> {
    let debug = Debug::new(context, module, kernel, sources);
    let has_tasks = has_tasks(kernel);
    let pointer = context.ptr_type(AddressSpace::default());
    let count = kernel.params().count();
    let params = vec![BasicMetadataTypeEnum::from(pointer); count + usize::from(has_tasks)];
    let ty = context.void_type().fn_type(&params, false);
    let function = module.add_function(name, ty, None);
    machine.prepare(context, function);
    let unit = UnitOf {
        context,
        module,
        machine,
        name,
        stack_bytes,
        debug: debug.as_ref(),
    };
    let mut emitter = Emitter::new(unit, kernel, function);
    emitter.describe(name, &kernel.body);
    for (at, (id, _, mode)) in (0u32..).zip(kernel.params()) {
        let align = kernel.memories[id.index()].ty.dtype.size();
        emitter.describe_pointer(at, align, mode == Mode::In);
        let address = emitter.param(at)?.into_pointer_value();
        emitter.memories[id.index()] = Some(address);
    }
    if has_tasks {
        let at = u32::try_from(count).map_err(|_| EmitError::Refused("too many parameters"))?;
        emitter.run_context = Some(emitter.param(at)?.into_pointer_value());
    }
    emitter.body(&kernel.body)?;
    if let Some(debug) = &debug {
        debug.finish();
    }
    Ok(())
}

/// Whether a kernel hands out tasks.
fn has_tasks(kernel: &Kernel) -> bool {
    let mut found = false;
    kernel
        .body
        .visit(&mut |stmt| found |= matches!(stmt, Stmt::Tasks { .. }));
    found
}

/// Where functions are emitted to.
#[derive(Clone, Copy)]
struct UnitOf<'c, 'e> {
    context: &'c Context,
    module: &'e Module<'c>,
    machine: &'e Machine,
    /// The name of the function of the kernel, which those of its tasks begin with.
    name: &'e str,
    /// How much of the stack a function may take for buffers and frames.
    stack_bytes: u64,
    /// What is said of lines.
    debug: Option<&'e Debug<'c>>,
}

/// A function that is being emitted.
struct Emitter<'c, 'e> {
    unit: UnitOf<'c, 'e>,
    context: &'c Context,
    builder: Builder<'c>,
    kernel: &'e Kernel,
    function: FunctionValue<'c>,
    /// The block of the stack, before all others.
    entry: BasicBlock<'c>,
    vars: Vec<Option<IntValue<'c>>>,
    bounds: Vec<(i64, i64)>,
    memories: Vec<Option<PointerValue<'c>>>,
    values: Vec<Option<Operand<'c>>>,
    /// The context that the kernel is called with.
    run_context: Option<PointerValue<'c>>,
    /// The bytes of the stack that buffers and frames take so far.
    on_stack: u64,
    /// Where lines are, if the function is described.
    scopes: Option<Scopes<'c>>,
    /// Addresses that accesses share.
    computed: RefCell<Computed<'c>>,
}

impl<'c, 'e> Emitter<'c, 'e> {
    fn new(unit: UnitOf<'c, 'e>, kernel: &'e Kernel, function: FunctionValue<'c>) -> Self {
        let context = unit.context;
        let entry = context.append_basic_block(function, "entry");
        let start = context.append_basic_block(function, "start");
        let builder = context.create_builder();
        builder.position_at_end(start);
        Emitter {
            unit,
            context,
            builder,
            kernel,
            function,
            entry,
            vars: vec![None; kernel.vars as usize],
            bounds: vec![UNKNOWN; kernel.vars as usize],
            memories: vec![None; kernel.memories.len()],
            values: vec![None; kernel.values.len()],
            run_context: None,
            on_stack: 0,
            scopes: None,
            computed: RefCell::default(),
        }
    }

    /// Emits a region as the whole function.
    fn body(&mut self, body: &'e crate::kernel::Region) -> Emitted<()> {
        let Some(start) = self.builder.get_insert_block() else {
            return refuse("a function without a block");
        };
        self.region(body)?;
        self.builder.build_return(None)?;
        self.builder.position_at_end(self.entry);
        self.builder.build_unconditional_branch(start)?;
        Ok(())
    }

    fn param(&self, number: u32) -> Emitted<Operand<'c>> {
        let param = self.function.get_nth_param(number);
        param.ok_or(EmitError::Refused("a parameter that does not exist"))
    }

    /// Parameters never overlap where one is written.
    fn describe_pointer(&self, number: u32, align: u64, is_read: bool) {
        let place = AttributeLoc::Param(number);
        let mut names = vec![("noalias", 0), ("nonnull", 0), ("align", align.max(1))];
        if is_read {
            names.push(("readonly", 0));
        }
        for (name, value) in names {
            let kind = Attribute::get_named_enum_kind_id(name);
            let attribute = self.context.create_enum_attribute(kind, value);
            self.function.add_attribute(place, attribute);
        }
    }

    // ------------------------------------------------------------------------------------ types

    fn pointer(&self) -> PointerType<'c> {
        self.context.ptr_type(AddressSpace::default())
    }

    /// An element in a register: halves are their 16 bits, truth values one.
    fn element(&self, dtype: DType) -> BasicTypeEnum<'c> {
        match dtype {
            DType::Bool => self.context.bool_type().into(),
            DType::F16 | DType::Bf16 => self.context.i16_type().into(),
            DType::I32 | DType::U32 => self.context.i32_type().into(),
            DType::I64 => self.context.i64_type().into(),
            DType::F32 => self.context.f32_type().into(),
            DType::F64 => self.context.f64_type().into(),
        }
    }

    /// An element in memory: truth values are bytes.
    fn stored(&self, dtype: DType) -> BasicTypeEnum<'c> {
        match dtype {
            DType::Bool => self.context.i8_type().into(),
            DType::F16
            | DType::Bf16
            | DType::I32
            | DType::U32
            | DType::I64
            | DType::F32
            | DType::F64 => self.element(dtype),
        }
    }

    /// A vector of elements.
    fn vector(&self, element: BasicTypeEnum<'c>, lanes: u32) -> Emitted<VectorType<'c>> {
        match element {
            BasicTypeEnum::FloatType(ty) => Ok(ty.vec_type(lanes)),
            BasicTypeEnum::IntType(ty) => Ok(ty.vec_type(lanes)),
            BasicTypeEnum::PointerType(ty) => Ok(ty.vec_type(lanes)),
            BasicTypeEnum::ArrayType(_)
            | BasicTypeEnum::StructType(_)
            | BasicTypeEnum::VectorType(_)
            | BasicTypeEnum::ScalableVectorType(_) => refuse("a vector of what is no element"),
        }
    }

    /// So many elements: one of them itself.
    fn form(&self, element: BasicTypeEnum<'c>, lanes: Option<u32>) -> Emitted<BasicTypeEnum<'c>> {
        match lanes {
            None => Ok(element),
            Some(lanes) => Ok(self.vector(element, lanes)?.into()),
        }
    }

    /// The lanes of a value, if it is a vector.
    fn lanes(ty: ValueType) -> Emitted<Option<u32>> {
        match ty.form {
            crate::kernel::Form::Scalar => Ok(None),
            crate::kernel::Form::Vector(lanes) => Ok(Some(lanes)),
            crate::kernel::Form::Tile(..) => refuse("a tile"),
        }
    }

    /// The type of a value in registers.
    fn type_of(&self, ty: ValueType) -> Emitted<BasicTypeEnum<'c>> {
        self.form(self.element(ty.dtype), Self::lanes(ty)?)
    }

    // ----------------------------------------------------------------------------------- values

    fn value(&self, value: ValueId) -> Emitted<Operand<'c>> {
        let found = self.values.get(value.index()).copied().flatten();
        found.ok_or(EmitError::Refused(
            "a value is used where it is not defined",
        ))
    }

    fn define(&mut self, value: ValueId, operand: Operand<'c>) {
        if let Some(slot) = self.values.get_mut(value.index()) {
            *slot = Some(operand);
        }
    }

    fn dtype(&self, value: ValueId) -> DType {
        self.kernel.type_of(value).dtype
    }

    /// A 64-bit integer.
    fn int(&self, value: i64) -> IntValue<'c> {
        let bits = value.cast_unsigned();
        self.context.i64_type().const_int(bits, true)
    }

    fn int32(&self, value: u32) -> IntValue<'c> {
        self.context.i32_type().const_int(value.into(), false)
    }

    /// Calls a function of LLVM's own that is overloaded for `types`.
    fn intrinsic(
        &self,
        name: &str,
        types: &[BasicTypeEnum<'c>],
        args: &[Operand<'c>],
    ) -> Emitted<Option<Operand<'c>>> {
        let function = Intrinsic::find(name);
        let function = function.and_then(|it| it.get_declaration(self.unit.module, types));
        let Some(function) = function else {
            return Err(EmitError::Instruction(name.to_owned()));
        };
        let args: Vec<_> = args.iter().map(|&arg| arg.into()).collect();
        let call = self.builder.build_call(function, &args, "")?;
        Ok(call.try_as_basic_value().basic())
    }

    /// The result of a function of LLVM's own.
    fn call(
        &self,
        name: &str,
        types: &[BasicTypeEnum<'c>],
        args: &[Operand<'c>],
    ) -> Emitted<Operand<'c>> {
        let result = self.intrinsic(name, types, args)?;
        result.ok_or_else(|| EmitError::Instruction(name.to_owned()))
    }

    /// One element as every lane of a vector.
    fn splat(&self, x: Operand<'c>, lanes: u32) -> Emitted<Operand<'c>> {
        let ty = self.vector(x.get_type(), lanes)?;
        let first = self
            .builder
            .build_insert_element(ty.get_poison(), x, self.int32(0), "")?;
        let mask = self.context.i32_type().vec_type(lanes).const_zero();
        let splat = self
            .builder
            .build_shuffle_vector(first, ty.get_poison(), mask, "")?;
        Ok(splat.into())
    }

    /// A lane of a vector; what is no vector is the same in all.
    fn lane_of(&self, x: Operand<'c>, lane: u32) -> Emitted<Operand<'c>> {
        match x {
            Operand::VectorValue(x) => {
                Ok(self
                    .builder
                    .build_extract_element(x, self.int32(lane), "")?)
            }
            Operand::ArrayValue(_)
            | Operand::IntValue(_)
            | Operand::FloatValue(_)
            | Operand::PointerValue(_)
            | Operand::StructValue(_)
            | Operand::ScalableVectorValue(_) => Ok(x),
        }
    }

    /// Elements as a vector.
    fn assembled(&self, elements: &[Operand<'c>]) -> Emitted<Operand<'c>> {
        let Some(first) = elements.first() else {
            return refuse("a vector without lanes");
        };
        let lanes = u32::try_from(elements.len());
        let lanes = lanes.map_err(|_| EmitError::Refused("a vector of too many lanes"))?;
        let mut vector = self.vector(first.get_type(), lanes)?.get_poison();
        for (lane, &element) in (0..).zip(elements) {
            let place = self.int32(lane);
            vector = self
                .builder
                .build_insert_element(vector, element, place, "")?;
        }
        Ok(vector.into())
    }

    /// A value as a vector, if it is not one.
    fn spread(&self, x: Operand<'c>, lanes: u32) -> Emitted<Operand<'c>> {
        match x.is_vector_value() {
            true => Ok(x),
            false => self.splat(x, lanes),
        }
    }

    fn compare_ints(
        &self,
        predicate: IntPredicate,
        x: IntValue<'c>,
        y: IntValue<'c>,
    ) -> Emitted<IntValue<'c>> {
        Ok(self.builder.build_int_compare(predicate, x, y, "")?)
    }

    // ------------------------------------------------------------------------------------ stack

    /// So many bytes of the stack.
    fn stack(&mut self, bytes: u64) -> Emitted<PointerValue<'c>> {
        let bytes = u32::try_from(bytes.max(1));
        let bytes = bytes.map_err(|_| EmitError::Refused("a local buffer of 4 GiB and more"))?;
        self.on_stack += u64::from(bytes.next_multiple_of(ALIGNMENT));
        if self.on_stack > self.unit.stack_bytes {
            return refuse("local buffers exceed the stack that kernels may take");
        }
        let here = self.builder.get_insert_block();
        self.builder.position_at_end(self.entry);
        let ty = self.context.i8_type().array_type(bytes);
        let memory = self.builder.build_alloca(ty, "")?;
        if let Some(instruction) = memory.as_instruction() {
            let aligned = instruction.set_alignment(ALIGNMENT);
            aligned.map_err(|e| EmitError::Instruction(e.to_string()))?;
        }
        if let Some(here) = here {
            self.builder.position_at_end(here);
        }
        Ok(memory)
    }

    /// Whether memory is fresh: nothing may be known of what was not stored there.
    fn is_local(&self, memory: crate::kernel::MemId) -> bool {
        let memory = self.kernel.memories.get(memory.index());
        memory.is_some_and(|memory| matches!(memory.place, Place::Local(_)))
    }

    /// A function beside that of the kernel.
    fn function_beside(
        &self,
        name: &str,
        params: &[BasicMetadataTypeEnum<'c>],
    ) -> FunctionValue<'c> {
        let ty = self.context.void_type().fn_type(params, false);
        let function = self
            .unit
            .module
            .add_function(name, ty, Some(Linkage::Internal));
        self.unit.machine.prepare(self.context, function);
        function
    }
}
