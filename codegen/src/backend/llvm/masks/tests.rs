use crate::backend::llvm::machine::{Effort, Machine};
use crate::level::Level;
use lgc_llvm::inkwell::context::Context;
use lgc_llvm::inkwell::memory_buffer::MemoryBuffer;
use lgc_llvm::inkwell::module::Module;

fn machine(effort: Effort) -> Machine {
    Machine::new(lgc_llvm::load(None).unwrap(), Level::V4, effort).unwrap()
}

fn module<'c>(context: &'c Context, text: &str) -> Module<'c> {
    let buffer = MemoryBuffer::create_from_memory_range_copy(text.as_bytes(), "masks");
    context.create_module_from_ir(buffer).unwrap()
}

/// A function that makes vectors of `from` narrower, to `to`, and stores lanes of them.
fn narrowed([from, to]: [&str; 2], mask: &str) -> String {
    format!(
        "define void @f(<4 x {from}> %x, ptr %p, i32 %n) #0 {{\n\
         %narrow = trunc <4 x {from}> %x to <4 x {to}>\n\
         %all = insertelement <4 x i32> poison, i32 %n, i32 0\n\
         %same = shufflevector <4 x i32> %all, <4 x i32> poison, <4 x i32> zeroinitializer\n\
         %computed = icmp ult <4 x i32> <i32 0, i32 1, i32 2, i32 3>, %same\n\
         call void @llvm.masked.store.v4{to}.p0(<4 x {to}> %narrow, ptr align 1 %p, <4 x i1> {mask})\n\
         ret void\n\
         }}\n\
         attributes #0 = {{ \"target-cpu\"=\"x86-64-v4\" }}\n"
    )
}

fn lanes(mask: [bool; 4]) -> String {
    let lanes = mask.map(|holds| format!("i1 {holds}"));
    format!("<{}>", lanes.join(", "))
}

#[test]
fn one_lane_is_stored_by_itself_and_others_as_they_were() {
    for effort in Effort::ALL {
        let machine = machine(effort);
        for mask in 0..16u32 {
            let mask = [0, 1, 2, 3].map(|lane| mask >> lane & 1 == 1);
            let context = Context::create();
            let module = module(&context, &narrowed(["i32", "i16"], &lanes(mask)));
            machine.optimize(&module).unwrap();
            let text = module.print_to_string().to_string();
            let stays = text.contains("call void @llvm.masked.store");
            let stored: Vec<&str> = text
                .lines()
                .filter(|line| line.trim().starts_with("store i16"))
                .collect();
            let count = mask.iter().filter(|holds| **holds).count();
            if count != 1 {
                // The passes simplify those of all lanes and of none themselves.
                assert!(stored.is_empty(), "{mask:?}: {text}");
                assert!(stays || count % 4 == 0 && effort != Effort::None, "{text}");
                continue;
            }
            let lane = mask.iter().position(|holds| *holds).unwrap();
            assert!(!stays, "{text}");
            assert!(
                stored.len() == 1 && stored[0].ends_with("align 2"),
                "{text}"
            );
            assert!(text.contains(&format!(", i64 {lane}\n")), "{text}");
            let offset = format!("getelementptr i8, ptr %p, i64 {}\n", 2 * lane);
            assert!(lane == 0 || text.contains(&offset), "{text}");
        }
        let context = Context::create();
        let module = module(&context, &narrowed(["i32", "i16"], "%computed"));
        machine.optimize(&module).unwrap();
        assert!(module.print_to_string().to_string().contains("call void"));
    }
}

/// What LLVM 22 makes of the same by itself is `movl`, four bytes of two (see above).
#[test]
fn code_stores_as_many_bytes_as_an_element_has() {
    for effort in Effort::ALL {
        let machine = machine(effort);
        for (types, stores) in [
            (["i32", "i16"], &["vpextrw", "movw"][..]),
            (["i32", "i8"], &["vpextrb", "movb"]),
            (["i64", "i16"], &["vpextrw", "movw"]),
            (
                ["i64", "i32"],
                &["vpextrd", "vmovd", "vextractps", "vmovss", "movl"],
            ),
        ] {
            for lane in 0..4 {
                let context = Context::create();
                let mut mask = [false; 4];
                mask[lane] = true;
                let module = module(&context, &narrowed(types, &lanes(mask)));
                machine.optimize(&module).unwrap();
                let text = machine.assembly(module).unwrap();
                let into_memory = |line: &&str| line.ends_with("(%rdi)");
                let lines: Vec<&str> = text.lines().filter(into_memory).collect();
                let is_right = |line: &str| {
                    let instruction = line.split_whitespace().next();
                    instruction.is_some_and(|name| stores.contains(&name))
                };
                assert!(
                    lines.len() == 1 && is_right(lines[0]),
                    "{types:?} {lane}: {text}"
                );
            }
        }
    }
}
