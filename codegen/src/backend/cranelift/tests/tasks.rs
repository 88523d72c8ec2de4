//! Tasks, and what their frames hold.

use super::{Bytes, Jit, agree_on, program, tensor};
use crate::kernel::{
    Access, Directive, ForRange, Form, Kernel, KernelBuilder, Mode, Program, Subscript,
};
use crate::legalize::Legal;
use crate::target::Target;
use lgc_ir::constant::Constant;
use lgc_ir::dtype::DType;
use lgc_ir::index::Index;
use lgc_ir::scalar::{Binary, Comparison};
use std::cell::RefCell;

const ROWS: u64 = 5;

/// Each row from the one before, in tasks: they need the row, a number and a truth value.
fn rows(columns: u64) -> Kernel {
    let k = KernelBuilder::new("rows");
    let x = k.param("x", tensor(DType::F32, &[ROWS, columns]), Mode::In);
    let y = k.param("y", tensor(DType::F32, &[ROWS, columns]), Mode::Inout);
    let half = k.constant(DType::F32, &Constant::ratio(1, 2));
    k.for_each(ForRange::span(1, ROWS as i64, 1), |row| {
        let first = k.load(Access::element(x, [row.clone(), Index::constant(0)]));
        let is_large = k.compare(Comparison::Gt, first, k.int(DType::F32, 0));
        let var = k.par(columns, 8, |column| {
            let before = [row.add_constant(-1), column.clone()];
            let before = k.load(Access::element(y, before));
            let own = k.load(Access::element(x, [row.clone(), column.clone()]));
            let sum = k.fma(before, half, k.binary(Binary::Mul, own, first));
            let sum = k.select(is_large, sum, own);
            let number = k.index_value(DType::I32, &row.scale(7).add(&column));
            let number = k.cast(DType::F32, number);
            let sum = k.binary(Binary::Sub, sum, number);
            k.store(Access::element(y, [row.clone(), column]), sum);
        });
        k.schedule(Directive::Vec(var, 8));
    });
    k.finish().unwrap()
}

/// Blocks of a matrix, each the sum of a vector and of its place: tasks need two loop variables and the vector.
fn blocks() -> Kernel {
    let k = KernelBuilder::new("blocks");
    let x = k.param("x", tensor(DType::F32, &[3, 6]), Mode::In);
    let y = k.param("y", tensor(DType::F32, &[3, 2, 50, 6]), Mode::Out);
    k.for_each(ForRange::upto(3), |outer| {
        let start = || Subscript::Span(Index::constant(0));
        let access = Access::new(x, vec![Subscript::At(outer.clone()), start()]);
        let vector = k.load_form(access, Form::Vector(6), None);
        k.for_each(ForRange::upto(2), |inner| {
            k.par(50, 2, |point| {
                let place = point.scale(3).add(&inner).add(&outer.scale(100));
                let place = k.cast(DType::F32, k.index_value(DType::I64, &place));
                let place = k.splat(Form::Vector(6), place);
                let at = [&outer, &inner, &point].map(|index| Subscript::At(index.clone()));
                let access = Access::new(y, at.into_iter().chain([start()]).collect());
                k.store(access, k.binary(Binary::Add, vector, place));
            });
        });
    });
    k.finish().unwrap()
}

/// How many tasks are handed out at a time. Run backwards, they give the bits of the interpreter.
fn handed_out(program: &Program) -> Vec<u64> {
    agree_on::<f32>(program, Bytes::random(program, 3), "in turn");
    let entry = Jit::compile(&Legal::new(program, &Target::BITS_128)).unwrap();
    let (mut in_turn, mut backwards) = (Bytes::random(program, 3), Bytes::random(program, 3));
    assert_eq!(in_turn.call(&entry), 0);
    let counts = RefCell::new(Vec::new());
    let run = |count: u64, task: &(dyn Fn(u64) + Sync)| {
        counts.borrow_mut().push(count);
        (0..count).rev().for_each(task);
    };
    let inputs: Vec<&[u8]> = backwards.inputs.iter().map(Vec::as_slice).collect();
    let inouts = backwards.inouts.iter_mut().map(Vec::as_mut_slice);
    let outputs = backwards.outputs.iter_mut().map(Vec::as_mut_slice);
    let (mut inouts, mut outputs): (Vec<_>, Vec<_>) = (inouts.collect(), outputs.collect());
    let status = entry.call_on(&run, &inputs, &mut inouts, &mut outputs);
    assert_eq!(status, Ok(0));
    assert_eq!(backwards.inouts, in_turn.inouts);
    assert_eq!(backwards.outputs, in_turn.outputs);
    counts.into_inner()
}

#[test]
fn parallel_loops_in_loops_are_handed_out_in_each_turn() {
    assert_eq!(handed_out(&program(rows(200))), [25; 4]);
    assert_eq!(handed_out(&program(rows(203))), [26; 4]);
    assert_eq!(handed_out(&program(rows(7))), [0; 0]);
}

#[test]
fn frames_hold_variables_and_vectors() {
    assert_eq!(handed_out(&program(blocks())), [25; 6]);
}
