//! Long bodies: what register allocation has to look at grows with the body, not faster.

use super::{program, tensor};
use crate::backend::cranelift::emit::kernel::emit;
use crate::kernel::{
    Access, Directive, ForRange, Kernel, KernelBuilder, Mode, Subscript, verify_kernel,
};
use crate::legalize::Legal;
use crate::target::Target;
use crate::threads::Threads;
use cranelift_codegen::ir::{Function, Opcode, Value};
use lgc_ir::dtype::DType;
use lgc_ir::scalar::Unary;
use std::collections::HashMap;

/// A loop that applies a function with many constants again and again.
fn chain(turns: usize, width: u32) -> Kernel {
    let k = KernelBuilder::new("chain");
    let x = k.param("x", tensor(DType::F32, &[4096]), Mode::In);
    let y = k.param("y", tensor(DType::F32, &[4096]), Mode::Out);
    let var = k.for_each(ForRange::upto(4096), |point| {
        let at = || vec![Subscript::At(point.clone())];
        let start = k.load(Access::new(x, at()));
        let end = (0..turns).fold(start, |value, _| k.unary(Unary::Sin, value));
        k.store(Access::new(y, at()), end);
    });
    if width > 1 {
        k.schedule(Directive::Vec(var, width));
    }
    let kernel = k.finish().unwrap();
    verify_kernel(&kernel).unwrap();
    let threads = Threads::new(&Legal::new(&program(kernel), &Target::BITS_128)).unwrap();
    threads.program().kernels[0].clone()
}

/// The number of instructions, and the most that lie between a constant and a use of it.
fn reach(function: &Function) -> (usize, usize) {
    let (mut count, mut reach) = (0, 0);
    let mut constants: HashMap<Value, usize> = HashMap::new();
    for block in function.layout.blocks() {
        for inst in function.layout.block_insts(block) {
            count += 1;
            let opcode = function.dfg.insts[inst].opcode();
            if matches!(opcode, Opcode::Vconst | Opcode::F32const) {
                constants.insert(function.dfg.first_result(inst), count);
            }
            let known = function.dfg.inst_values(inst);
            for made in known.filter_map(|value| constants.get(&value)) {
                reach = reach.max(count - made);
            }
        }
    }
    (count, reach)
}

#[test]
fn constants_do_not_live_through_long_bodies() {
    for width in [1, 8] {
        let measured = [16, 64]
            .map(|turns| reach(&emit(&chain(turns, width), &Target::BITS_128, None).unwrap()));
        let [(short, near), (long, far)] = measured;
        assert!(short > 2000, "{short} instructions");
        assert!(long < 5 * short, "{short} and {long} instructions");
        assert!(near < 1200 && far < 1200, "{near} and {far} instructions");
    }
}
