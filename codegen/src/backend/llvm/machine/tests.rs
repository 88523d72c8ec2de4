use super::*;
use crate::backend::llvm::object::{Piece, piece};
use lgc_llvm::inkwell::intrinsics::Intrinsic;
use lgc_llvm::inkwell::memory_buffer::MemoryBuffer;
use lgc_llvm::inkwell::values::BasicValue;
use lgc_llvm::inkwell::{AddressSpace, IntPredicate};
use object::{Object, ObjectSection, ObjectSymbol};

fn machine(level: Level, effort: Effort) -> Machine {
    Machine::new(lgc_llvm::load(None).unwrap(), level, effort).unwrap()
}

/// `for i in 0..n { y[i] = fma(x[i], y[i], x[i]) }` in vectors.
fn chain<'c>(machine: &Machine, context: &'c Context) -> Module<'c> {
    let module = machine.module(context, "kernels");
    let lanes = machine.level.vector_bits() / 32;
    let (pointer, long) = (
        context.ptr_type(AddressSpace::default()),
        context.i64_type(),
    );
    let vector = context.f32_type().vec_type(lanes);
    let kind = context.void_type();
    let kind = kind.fn_type(&[pointer.into(), pointer.into(), long.into()], false);
    let function = module.add_function("chain", kind, None);
    machine.prepare(context, function);
    let [start, turn, end] =
        ["start", "turn", "end"].map(|n| context.append_basic_block(function, n));
    let parameter = |at| function.get_nth_param(at).unwrap();
    let (x, y) = (
        parameter(0).into_pointer_value(),
        parameter(1).into_pointer_value(),
    );

    let builder = context.create_builder();
    builder.position_at_end(start);
    builder.build_unconditional_branch(turn).unwrap();
    builder.position_at_end(turn);
    let i = builder.build_phi(long, "i").unwrap();
    let at = i.as_basic_value().into_int_value();
    let bytes = builder
        .build_int_mul(at, long.const_int(u64::from(lanes) * 4, false), "")
        .unwrap();
    let [x, y] = [x, y].map(|base| lgc_llvm::byte_offset(&builder, base, bytes).unwrap());
    let [a, b] = [x, y].map(|from| {
        let value = builder.build_load(vector, from, "").unwrap();
        value
            .as_instruction_value()
            .unwrap()
            .set_alignment(4)
            .unwrap();
        value
    });
    let fma = Intrinsic::find("llvm.fma").unwrap();
    let fma = fma.get_declaration(&module, &[vector.into()]).unwrap();
    let value = builder
        .build_call(fma, &[a.into(), b.into(), a.into()], "")
        .unwrap();
    let value = value.try_as_basic_value().basic().unwrap();
    builder
        .build_store(y, value)
        .unwrap()
        .set_alignment(4)
        .unwrap();
    let next = builder
        .build_int_add(at, long.const_int(1, false), "")
        .unwrap();
    i.add_incoming(&[(&long.const_zero(), start), (&next, turn)]);
    let more =
        builder.build_int_compare(IntPredicate::ULT, next, parameter(2).into_int_value(), "");
    builder
        .build_conditional_branch(more.unwrap(), turn, end)
        .unwrap();
    builder.position_at_end(end);
    builder.build_return(None).unwrap();
    module
}

/// A module from text, whose functions are prepared.
fn read<'c>(machine: &Machine, context: &'c Context, text: &str) -> Module<'c> {
    let buffer = MemoryBuffer::create_from_memory_range_copy(text.as_bytes(), "text");
    let module = context.create_module_from_ir(buffer).unwrap();
    module.set_triple(&machine.machine.get_triple());
    module.set_data_layout(&machine.machine.get_target_data().get_data_layout());
    for function in module
        .get_functions()
        .filter(|f| f.count_basic_blocks() > 0)
    {
        machine.prepare(context, function);
    }
    module
}

/// The code of a module from text.
fn assembly(machine: &Machine, text: &str) -> String {
    let context = Context::create();
    let module = read(machine, &context, text);
    machine.optimize(&module).unwrap();
    machine.assembly(module).unwrap()
}

#[test]
fn code_is_made_for_each_level_and_effort_and_repeats() {
    for level in Level::ALL {
        for effort in Effort::ALL {
            let machine = machine(level, effort);
            let make = || {
                let context = Context::create();
                let module = chain(&machine, &context);
                machine.optimize(&module).unwrap();
                machine.object(module).unwrap()
            };
            let first = make();
            assert_eq!(first, make(), "{level} {effort:?}");
            let elf = object::File::parse(&*first).unwrap();
            assert_eq!(elf.architecture(), object::Architecture::X86_64);
            let defined = elf
                .symbols()
                .filter(|symbol| symbol.is_definition() && symbol.is_global());
            let defined: Vec<&str> = defined.map(|symbol| symbol.name().unwrap()).collect();
            assert_eq!(defined, ["chain"]);
            assert!(elf.symbols().skip(1).all(|symbol| !symbol.is_undefined()));
            let text = elf.section_by_name(".text").unwrap();
            assert!(text.size() > 0);
            assert!(
                elf.section_by_name(".eh_frame").is_none(),
                "{level} {effort:?}"
            );
        }
    }
}

#[test]
fn the_same_module_becomes_the_same_bytes_in_every_thread() {
    let object = || {
        let machine = machine(Level::V3, Effort::Most);
        let context = Context::create();
        let module = chain(&machine, &context);
        machine.optimize(&module).unwrap();
        machine.object(module).unwrap()
    };
    let first = object();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(object)).collect();
        for thread in threads {
            assert_eq!(thread.join().unwrap(), first);
        }
    });
}

#[test]
fn vectors_are_as_wide_as_the_level_has_registers() {
    for (level, register) in [(Level::V3, "ymm"), (Level::V4, "zmm")] {
        let machine = machine(level, Effort::Most);
        let context = Context::create();
        let module = chain(&machine, &context);
        machine.optimize(&module).unwrap();
        let text = machine.assembly(module).unwrap();
        let product = text.lines().find(|line| line.contains("vfmadd")).unwrap();
        assert!(product.contains(register), "{text}");
        assert_eq!(text.matches("vfmadd").count(), 1, "not unrolled: {text}");
        assert!(!text.contains(".cfi"), "{text}");
    }
}

#[test]
fn a_product_and_a_sum_are_not_contracted() {
    let text = "define <8 x float> @f(<8 x float> %a, <8 x float> %b) {
        %p = fmul <8 x float> %a, %b
        %s = fadd <8 x float> %p, %a
        ret <8 x float> %s }";
    for level in Level::ALL {
        let code = assembly(&machine(level, Effort::Most), text);
        assert!(code.contains("vmulps") && code.contains("vaddps"), "{code}");
        assert!(!code.contains("vfmadd"), "{code}");
    }
}

/// The piece that becomes of a module from text, as it stands; its first function is that of the kernel.
fn piece_of(text: &str) -> Result<Piece, String> {
    let machine = machine(Level::V3, Effort::Most);
    let context = Context::create();
    let buffer = MemoryBuffer::create_from_memory_range_copy(text.as_bytes(), "text");
    let module = context.create_module_from_ir(buffer).unwrap();
    module.set_triple(&machine.machine.get_triple());
    module.set_data_layout(&machine.machine.get_target_data().get_data_layout());
    piece(&machine.object(module).unwrap(), "kernel")
}

#[test]
fn what_a_library_cannot_have_is_refused() {
    let piece = piece_of("define void @kernel() nounwind { ret void }").unwrap();
    assert!(piece.calls.is_empty());
    let refused = [
        (
            "define void @kernel() uwtable { ret void }",
            "a section `.eh_frame`",
        ),
        (
            "@x = internal global i32 7
            define i32 @kernel(i32 %to) nounwind {
                %from = load volatile i32, ptr @x
                store volatile i32 %to, ptr @x
                ret i32 %from }",
            "a section `.data`",
        ),
        (
            "@x = internal thread_local global i32 0
            define void @kernel() nounwind { store volatile i32 1, ptr @x ret void }",
            "a section `.tbss`",
        ),
        (
            "declare ptr @memset(ptr, i32, i64)
            define void @kernel(ptr %p) nounwind {
                call ptr @memset(ptr %p, i32 0, i64 99)
                ret void }",
            "a call of `memset`, which no library has",
        ),
        (
            "define void @other() nounwind { ret void }
            define void @kernel() nounwind { ret void }",
            "something else than `kernel` in front",
        ),
    ];
    for (text, reason) in refused {
        assert_eq!(piece_of(text).unwrap_err(), reason, "{text}");
    }
}

/// Stores zeros one by one.
const CLEARS: &str = "define void @clear(ptr %p, i64 %n) {
    start: br label %turn
    turn:
        %i = phi i64 [0, %start], [%next, %turn]
        %at = getelementptr float, ptr %p, i64 %i
        store float 0.0, ptr %at
        %next = add nuw i64 %i, 1
        %more = icmp ult i64 %next, %n
        br i1 %more, label %turn, label %end
    end: ret void }";

#[test]
fn loops_become_no_calls_of_the_c_library() {
    let machine = machine(Level::V3, Effort::Most);
    let calls = |prepared: bool| {
        let context = Context::create();
        let module = read(&machine, &context, CLEARS);
        if !prepared {
            let function = module.get_function("clear").unwrap();
            function.remove_string_attribute(AttributeLoc::Function, "no-builtins");
        }
        machine.run(&module, "function(loop(loop-idiom))").unwrap();
        machine.assembly(module).unwrap().contains("memset")
    };
    assert!(calls(false), "the pass finds such loops");
    assert!(!calls(true));
    assert!(!assembly(&machine, CLEARS).contains("memset"));
}

#[test]
fn lanes_are_left_out_by_masks() {
    let text = "declare <8 x float> @llvm.masked.load.v8f32.p0(ptr, <8 x i1>, <8 x float>)
        declare void @llvm.masked.store.v8f32.p0(<8 x float>, ptr, <8 x i1>)
        define void @f(ptr %x, ptr %y, <8 x i1> %m) {
        %v = call <8 x float> @llvm.masked.load.v8f32.p0(ptr align 4 %x, <8 x i1> %m, <8 x float> zeroinitializer)
        call void @llvm.masked.store.v8f32.p0(<8 x float> %v, ptr align 4 %y, <8 x i1> %m)
        ret void }";
    let code = assembly(&machine(Level::V3, Effort::Most), text);
    assert_eq!(code.matches("vmaskmovps").count(), 2, "{code}");
    let code = assembly(&machine(Level::V4, Effort::Most), text);
    assert!(code.contains("{%k1}"), "{code}");
}

#[test]
fn a_module_that_is_wrong_is_refused() {
    let machine = machine(Level::V3, Effort::Most);
    let context = Context::create();
    let module = machine.module(&context, "wrong");
    let function = module.add_function("open", context.void_type().fn_type(&[], false), None);
    context.append_basic_block(function, "without_an_end");
    let error = machine.optimize(&module).unwrap_err();
    assert!(matches!(error, MachineError::Invalid(_)), "{error}");
    assert!(error.to_string().contains("without_an_end"), "{error}");
    assert!(matches!(
        machine.object(module),
        Err(MachineError::Invalid(_))
    ));
}
