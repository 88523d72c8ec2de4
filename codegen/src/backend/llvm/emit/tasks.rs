//! Tasks: functions of a frame and a number, and the calls that hand them out.
//!
//! The function of a task takes what is in its frame apart and calls another one, to which addresses are parameters:
//! so LLVM knows of them what it knows of those of the kernel, that they do not overlap.

use super::debug::first_line;
use super::{EmitError, Emitted, Emitter, Operand, RUN_TASKS};
use crate::kernel::{Region, SourceLine, TaskFrame, VarId};
use lgc_ir::dtype::DType;
use lgc_llvm::inkwell::types::BasicTypeEnum;
use lgc_llvm::inkwell::values::{BasicMetadataValueEnum, FunctionValue, PointerValue};

/// What a frame holds: where each thing is, and how it is stored.
struct Layout<'c> {
    slots: Vec<(u64, BasicTypeEnum<'c>)>,
    bytes: u64,
}

impl<'c, 'e> Emitter<'c, 'e> {
    /// Hands tasks out.
    pub(super) fn tasks(
        &mut self,
        (var, count): (VarId, u64),
        frame: &'e TaskFrame,
        body: &'e Region,
    ) -> Emitted<()> {
        let Some(run_context) = self.run_context else {
            return Err(EmitError::Refused("tasks are handed out by a task"));
        };
        let layout = self.layout(frame)?;
        let place = self.stack(layout.bytes)?;
        for (&(offset, _), held) in layout.slots.iter().zip(self.held(frame)?) {
            let address = self.offset(place, self.slot(offset)?)?;
            self.builder.build_store(address, held)?;
        }
        let count = i64::try_from(count);
        let count = count.map_err(|_| EmitError::Refused("more than 2⁶³ tasks"))?;
        let bounds = (0, count);
        let task = self.task((var, bounds), (frame, &layout), body)?;
        let pointer = self.pointer();
        let int = self.context.i64_type();
        let params = [pointer.into(), int.into(), pointer.into(), pointer.into()];
        let run = self.unit.module.get_function(RUN_TASKS);
        let run = run.unwrap_or_else(|| {
            let ty = self.context.void_type().fn_type(&params, false);
            let run = self.unit.module.add_function(RUN_TASKS, ty, None);
            run.as_global_value()
                .set_visibility(lgc_llvm::inkwell::GlobalVisibility::Hidden);
            run
        });
        let task = task.as_global_value().as_pointer_value();
        let args: [BasicMetadataValueEnum<'c>; 4] = [
            run_context.into(),
            self.int(count).into(),
            task.into(),
            place.into(),
        ];
        self.builder.build_call(run, &args, "")?;
        Ok(())
    }

    fn slot(&self, offset: u64) -> Emitted<lgc_llvm::inkwell::values::IntValue<'c>> {
        let offset = i64::try_from(offset);
        let offset = offset.map_err(|_| EmitError::Refused("a frame of more than 2⁶³ bytes"))?;
        Ok(self.int(offset))
    }

    fn layout(&self, frame: &TaskFrame) -> Emitted<Layout<'c>> {
        let pointers = frame.memories.iter().map(|_| Ok(self.pointer().into()));
        let values = frame.values.iter().map(|&value| {
            let ty = self.kernel.type_of(value);
            self.form(self.stored(ty.dtype), Self::lanes(ty)?)
        });
        let ints = frame
            .vars
            .iter()
            .map(|_| Ok(self.context.i64_type().into()));
        let types: Emitted<Vec<BasicTypeEnum<'c>>> = pointers.chain(values).chain(ints).collect();
        let mut layout = Layout {
            slots: Vec::new(),
            bytes: 0,
        };
        for ty in types? {
            // At multiples of a cache line each: whatever it is, it is aligned.
            layout.slots.push((layout.bytes, ty));
            layout.bytes = layout
                .bytes
                .saturating_add(size_of_type(ty).next_multiple_of(64));
        }
        Ok(layout)
    }

    /// What a frame holds, as it is stored.
    fn held(&self, frame: &TaskFrame) -> Emitted<Vec<Operand<'c>>> {
        let mut held = Vec::new();
        for memory in &frame.memories {
            let address = self.memories.get(memory.index()).copied().flatten();
            let address = address.ok_or(EmitError::Refused("memory outside its scope"))?;
            held.push(address.into());
        }
        for &value in &frame.values {
            held.push(self.as_stored(self.dtype(value), self.value(value)?)?);
        }
        for var in &frame.vars {
            held.push(self.var(var.0)?.into());
        }
        Ok(held)
    }

    /// The function of a task, and that which it calls.
    fn task(
        &self,
        (var, bounds): (VarId, (i64, i64)),
        (frame, layout): (&'e TaskFrame, &Layout<'c>),
        body: &'e Region,
    ) -> Emitted<FunctionValue<'c>> {
        let number = self.unit.module.get_functions().count();
        let name = format!("{}.tasks{number}", self.unit.name);
        let int = self.context.i64_type();
        let mut params: Vec<_> = layout.slots.iter().map(|&(_, ty)| ty.into()).collect();
        params.push(int.into());
        let name_of_work = format!("{name}.work");
        let work = self.function_beside(&name_of_work, &params);
        let task = self.function_beside(&name, &[self.pointer().into(), int.into()]);
        self.take_apart((task, &name), work, layout, first_line(self.kernel, body))?;

        let mut emitter = Emitter::new(self.unit, self.kernel, work);
        emitter.describe(&name_of_work, body);
        emitter.bounds.clone_from(&self.bounds);
        let mut at = 0;
        for &memory in &frame.memories {
            let declared = self.kernel.memories.get(memory.index());
            let declared = declared.ok_or(EmitError::Refused("memory that is not declared"))?;
            emitter.describe_pointer(at, declared.ty.dtype.size(), false);
            emitter.memories[memory.index()] = Some(emitter.param(at)?.into_pointer_value());
            at += 1;
        }
        for &value in &frame.values {
            let held = emitter.param(at)?;
            let operand = emitter.as_held(self.dtype(value), held)?;
            emitter.define(value, operand);
            at += 1;
        }
        for &var in &frame.vars {
            let point = emitter.param(at)?.into_int_value();
            let known = self.bounds.get(var.index()).copied();
            emitter.set_var(var, point, known.unwrap_or(lgc_ir::index::UNKNOWN));
            at += 1;
        }
        let point = emitter.param(at)?.into_int_value();
        emitter.set_var(var, point, bounds);
        emitter.body(body)?;
        Ok(task)
    }

    /// Emits a task: it loads what is in the frame and calls the function that works, whose first line is its own.
    fn take_apart(
        &self,
        (task, name): (FunctionValue<'c>, &str),
        work: FunctionValue<'c>,
        layout: &Layout<'c>,
        line: Option<SourceLine>,
    ) -> Emitted<()> {
        let builder = self.context.create_builder();
        if let Some(debug) = self.unit.debug {
            let mut scopes = debug.function(task, name, line);
            if let Some(line) = line {
                debug.at(self.context, &builder, &mut scopes, line);
            }
        }
        builder.position_at_end(self.context.append_basic_block(task, "entry"));
        let param = |number| {
            let param = task.get_nth_param(number);
            param.ok_or(EmitError::Refused("a task without parameters"))
        };
        let frame: PointerValue<'c> = param(0)?.into_pointer_value();
        let mut args: Vec<BasicMetadataValueEnum<'c>> = Vec::new();
        for &(offset, ty) in &layout.slots {
            let address = lgc_llvm::byte_offset(&builder, frame, self.slot(offset)?)?;
            args.push(builder.build_load(ty, address, "")?.into());
        }
        args.push(param(1)?.into());
        builder.build_call(work, &args, "")?;
        builder.build_return(None)?;
        Ok(())
    }

    /// A value as memory holds it.
    pub(super) fn as_stored(&self, dtype: DType, x: Operand<'c>) -> Emitted<Operand<'c>> {
        if dtype != DType::Bool {
            return Ok(x);
        }
        let byte = self.context.i8_type();
        if let Operand::VectorValue(x) = x {
            let bytes = byte.vec_type(x.get_type().get_size());
            return Ok(self.builder.build_int_z_extend(x, bytes, "")?.into());
        }
        let x = x.into_int_value();
        Ok(self.builder.build_int_z_extend(x, byte, "")?.into())
    }

    /// What memory holds as a value.
    pub(super) fn as_held(&self, dtype: DType, x: Operand<'c>) -> Emitted<Operand<'c>> {
        if dtype != DType::Bool {
            return Ok(x);
        }
        let differs = lgc_llvm::inkwell::IntPredicate::NE;
        if let Operand::VectorValue(x) = x {
            let zero = x.get_type().const_zero();
            return Ok(self.builder.build_int_compare(differs, x, zero, "")?.into());
        }
        let x = x.into_int_value();
        let zero = x.get_type().const_zero();
        Ok(self.builder.build_int_compare(differs, x, zero, "")?.into())
    }
}

/// The bytes that a value of a frame takes.
fn size_of_type(ty: BasicTypeEnum<'_>) -> u64 {
    match ty {
        BasicTypeEnum::IntType(ty) => u64::from(ty.get_bit_width().div_ceil(8)),
        BasicTypeEnum::FloatType(ty) => u64::from(ty.get_bit_width() / 8),
        BasicTypeEnum::VectorType(ty) => {
            u64::from(ty.get_size()) * size_of_type(ty.get_element_type())
        }
        BasicTypeEnum::PointerType(_)
        | BasicTypeEnum::ArrayType(_)
        | BasicTypeEnum::StructType(_)
        | BasicTypeEnum::ScalableVectorType(_) => 8,
    }
}
