//! How long compilation takes, and how fast what it makes runs.
//!
//! `cargo run --release -p lgc-codegen --example compile_time`

#![allow(clippy::print_stdout, reason = "a table is what this program is for")]

use lgc_codegen::backend::cranelift::Jit;
use lgc_codegen::kernel::{
    Access, Arg, Buffer, BufferId, Directive, FoldShape, ForRange, Form, Kernel, KernelBuilder,
    KernelId, Mode, Program, Role, Step, Subscript, ValueId,
};
use lgc_codegen::legalize::Legal;
use lgc_codegen::target::Target;
use lgc_ir::constant::Constant;
use lgc_ir::dtype::DType;
use lgc_ir::index::Index;
use lgc_ir::scalar::{Binary, Unary};
use lgc_ir::shape::{Shape, Type};
use std::time::{Duration, Instant};

type Error = Box<dyn std::error::Error>;

fn floats(dims: &[u64]) -> Type {
    Type::new(DType::F32, Shape::new(dims.iter().copied()))
}

/// A chain of `length` sums and products, then an activation.
fn chain(extent: u64, length: usize, activation: Option<Unary>) -> Result<Kernel, Error> {
    let k = KernelBuilder::new("chain");
    let x = k.param("x", floats(&[extent]), Mode::In);
    let y = k.param("y", floats(&[extent]), Mode::Out);
    let var = k.par(extent, 1, |i| {
        let first = k.load(Access::element(x, [i.clone()]));
        let mut value = first;
        for step in 0..length {
            let function = if step % 2 == 0 {
                Binary::Add
            } else {
                Binary::Mul
            };
            value = k.binary(function, value, first);
        }
        if let Some(function) = activation {
            value = k.unary(function, value);
        }
        k.store(Access::element(y, [i]), value);
    });
    k.schedule(Directive::Vec(var, 8));
    Ok(k.finish()?)
}

/// A fold of a vector, with 16 lanes.
fn fold(extent: u64, function: Binary, init: &Constant) -> Result<Kernel, Error> {
    let k = KernelBuilder::new("fold");
    let x = k.param("x", floats(&[extent]), Mode::In);
    let y = k.param("y", floats(&[1]), Mode::Out);
    let init = k.constant(DType::F32, init);
    let take = |a: ValueId, b: ValueId| vec![k.binary(function, a, b)];
    let (_, total) = k.fold(
        FoldShape::lanes(extent, 16),
        &[init],
        |i, state| take(state[0], k.load(Access::element(x, [i]))),
        |a, b| take(a[0], b[0]),
    );
    k.store(Access::element(y, [Index::constant(0)]), total[0]);
    Ok(k.finish()?)
}

/// A product of matrices in 4 × 8 register tiles.
fn product(size: u64) -> Result<Kernel, Error> {
    let k = KernelBuilder::new("product");
    let a = k.param("a", floats(&[size, size]), Mode::In);
    let b = k.param("b", floats(&[size, size]), Mode::In);
    let y = k.param("y", floats(&[size, size]), Mode::Out);
    k.par(size.div_ceil(4), 1, |block| {
        let row = block.scale(4);
        k.par(size.div_ceil(8), 1, |block| {
            let column = block.scale(8);
            let zero = k.splat(Form::Tile(4, 8), k.int(DType::F32, 0));
            let (_, sum) = k.carry(ForRange::upto(size), &[zero], |point, sum| {
                let left = vec![Subscript::Span(row.clone()), Subscript::At(point.clone())];
                let right = vec![Subscript::At(point), Subscript::Span(column.clone())];
                let left = Access::new(a, left).clipped();
                let right = Access::new(b, right).clipped();
                let left = k.load_form(left, Form::Vector(4), None);
                let right = k.load_form(right, Form::Vector(8), None);
                vec![k.mma(sum[0], left, right)]
            });
            let at = vec![Subscript::Span(row.clone()), Subscript::Span(column)];
            k.store(Access::new(y, at).clipped(), sum[0]);
        });
    });
    Ok(k.finish()?)
}

/// A program that runs every kernel once, each on buffers of its own.
fn program(kernels: Vec<Kernel>) -> Program {
    let (mut inputs, mut outputs) = (0, 0);
    let (mut buffers, mut steps) = (Vec::new(), Vec::new());
    for (number, kernel) in kernels.iter().enumerate() {
        let first = buffers.len() as u32;
        for (_, memory, mode) in kernel.params() {
            let counter = if mode == Mode::In {
                &mut inputs
            } else {
                &mut outputs
            };
            let place = *counter;
            *counter += 1;
            buffers.push(Buffer {
                name: memory.name.clone(),
                ty: memory.ty.clone(),
                role: if mode == Mode::In {
                    Role::Input(place)
                } else {
                    Role::Output(place)
                },
            });
        }
        let args = (first..buffers.len() as u32).map(|at| Arg::whole(BufferId(at)));
        steps.push(Step::Launch {
            kernel: KernelId(number as u32),
            args: args.collect(),
        });
    }
    Program {
        name: "bench".into(),
        workspace: 0,
        buffers,
        kernels,
        steps,
    }
}

fn statements(kernels: &[Kernel]) -> usize {
    kernels.iter().map(|kernel| kernel.body.size()).sum()
}

fn compile_time(name: &str, kernels: Vec<Kernel>) -> Result<(), Error> {
    let (before, count) = (statements(&kernels), kernels.len());
    let program = Legal::new(&program(kernels), &Target::default());
    let after = statements(&program.program().kernels);
    let start = Instant::now();
    Jit::compile(&program)?;
    let time = start.elapsed();
    println!(
        "{name:>24}: {count:5} kernels, {before:6} statements, {after:6} legal: {time:8.1?}, \
         {:6.2?} per kernel, {:6.2?} per 1000 legal statements",
        time / count as u32,
        time * 1000 / after as u32,
    );
    Ok(())
}

/// The median time of a run of a program.
fn run_time(kernel: Kernel) -> Result<Duration, Error> {
    let program = program(vec![kernel]);
    let entry = Jit::compile(&Legal::new(&program, &Target::default()))?;
    let size = |is_input: bool| {
        let roles = program
            .buffers
            .iter()
            .filter(move |buffer| matches!(buffer.role, Role::Input(_)) == is_input);
        roles
            .map(|buffer| buffer.ty.bytes() as usize)
            .collect::<Vec<_>>()
    };
    let quarter = 0.25f32.to_le_bytes();
    let inputs: Vec<Vec<u8>> = size(true).iter().map(|&n| quarter.repeat(n / 4)).collect();
    let mut outputs: Vec<Vec<u8>> = size(false).iter().map(|&n| vec![0; n]).collect();
    let inputs: Vec<&[u8]> = inputs.iter().map(Vec::as_slice).collect();
    let mut times = Vec::new();
    let started = Instant::now();
    while times.len() < 5 || started.elapsed() < Duration::from_millis(200) {
        let mut outputs: Vec<&mut [u8]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
        let start = Instant::now();
        entry.call(&inputs, &mut [], &mut outputs)?;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    Ok(times[times.len() / 2])
}

fn main() -> Result<(), Error> {
    compile_time("first of all", vec![chain(64, 4, None)?])?;
    let many = |make: &dyn Fn(u64) -> Result<Kernel, Error>| (0..1000).map(make).collect();
    let kernels: Result<Vec<Kernel>, Error> = many(&|i| chain(64 + i, 16, None));
    compile_time("chains of 16", kernels?)?;
    let kernels: Result<Vec<Kernel>, Error> = many(&|i| chain(64 + i, 4, Some(Unary::Tanh)));
    compile_time("chains with tanh", kernels?)?;
    let kernels: Result<Vec<Kernel>, Error> =
        many(&|i| fold(65 + i, Binary::Max, &Constant::NegInfinity));
    compile_time("folds", kernels?)?;
    let kernels: Result<Vec<Kernel>, Error> = many(&|i| product(9 + i));
    compile_time("products", kernels?)?;

    for function in [
        None,
        Some(Unary::Exp),
        Some(Unary::Tanh),
        Some(Unary::Erf),
        Some(Unary::Sin),
    ] {
        let time = run_time(chain(4096, 2, function)?)?;
        let name = function.map_or("none", Unary::name);
        println!(
            "{name:>24}: {:6.2} elements/ns",
            4096.0 / time.as_nanos() as f64
        );
    }
    for function in [Binary::Add, Binary::Max] {
        let time = run_time(fold(4096, function, &Constant::NegInfinity)?)?;
        println!(
            "{:>24}: {:6.2} elements/ns",
            function.name(),
            4096.0 / time.as_nanos() as f64
        );
    }
    for size in [64, 128, 250, 256] {
        let time = run_time(product(size)?)?;
        let operations = 2.0 * (size * size * size) as f64;
        println!(
            "{size:>24}: {:6.2} GFLOP/s",
            operations / time.as_nanos() as f64
        );
    }
    Ok(())
}
