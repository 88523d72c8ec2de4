//! Measure how far the elementary functions are from the truth:
//!
//! ```sh
//! RUSTFLAGS="-C target-feature=+fma" cargo run --release --example ulp -- [STRIDE [FUNCTION…]]
//! ```
//!
//! prints, for every function, the largest error in units of the last place and where it
//! occurs: over all binary32 inputs whose bit pattern is a multiple of STRIDE (1: all 2³²),
//! then over samples of binary64 inputs, and samples of pow in both widths.
#![allow(clippy::print_stdout, reason = "a table is what this program is for")]

#[path = "../tests/reference/mod.rs"]
mod reference;

use lgc_codegen::math::{
    Function, NativeF32, NativeF64, Width, expand, pow, pow_ulp_bound, ulp_bound,
};
use reference::{Sampler, distance, exact, exact_distance, exact_power, wide};
use std::hint::black_box;

/// A largest error and its place.
#[derive(Clone, Default)]
struct Worst {
    ulp: f64,
    place: String,
}

impl Worst {
    fn note(&mut self, ulp: f64, place: impl FnOnce() -> String) {
        if ulp > self.ulp {
            *self = Self {
                ulp,
                place: place(),
            };
        }
    }

    fn print(&self, name: &str, inputs: u64, bound: f64) {
        println!(
            "{name:10} | {:8.4} | {bound:5.2} | {inputs:10} | {}",
            self.ulp, self.place
        );
    }
}

/// The worst binary32 error among the multiples of `stride` in a part of all bit patterns.
fn sweep(
    evaluate: fn(f32) -> f32,
    function: Function,
    part: std::ops::Range<u64>,
    stride: u64,
) -> Worst {
    let mut worst = Worst::default();
    let first = part.start.next_multiple_of(stride);
    for bits in (first..part.end).step_by(stride as usize) {
        let x = f32::from_bits(bits as u32);
        let ulp = distance(evaluate(x), wide(function, x));
        worst.note(ulp, || format!("{x:e} (0x{:08x})", x.to_bits()));
    }
    worst
}

/// The code of each function for binary32, compiled on its own.
fn evaluator(function: Function) -> fn(f32) -> f32 {
    macro_rules! instance {
        ($function:ident) => {
            |x| expand(&mut NativeF32, Function::$function, x)
        };
    }
    match function {
        Function::Exp => instance!(Exp),
        Function::Expm1 => instance!(Expm1),
        Function::Log => instance!(Log),
        Function::Log1p => instance!(Log1p),
        Function::Sin => instance!(Sin),
        Function::Cos => instance!(Cos),
        Function::Sinh => instance!(Sinh),
        Function::Cosh => instance!(Cosh),
        Function::Tanh => instance!(Tanh),
        Function::Erf => instance!(Erf),
    }
}

fn all_of_binary32(function: Function, stride: u64) {
    let threads = std::thread::available_parallelism().map_or(1, |count| count.get() as u64);
    let evaluate = black_box(evaluator(function));
    let share = (1_u64 << 32).div_ceil(threads);
    let worst = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|index| {
                let part = index * share..((index + 1) * share).min(1 << 32);
                scope.spawn(move || sweep(evaluate, function, part, stride))
            })
            .collect();
        let parts = workers.into_iter().filter_map(|worker| worker.join().ok());
        parts
            .max_by(|a, b| a.ulp.total_cmp(&b.ulp))
            .unwrap_or_default()
    });
    worst.print(
        function.name(),
        (1_u64 << 32).div_ceil(stride),
        ulp_bound(function, Width::F32),
    );
}

fn samples_of_binary64(function: Function, count: u64) {
    let mut worst = Worst::default();
    let mut sampler = Sampler(1);
    for _ in 0..count {
        let x = sampler.argument(function);
        let ulp = exact_distance(expand(&mut NativeF64, function, x), &exact(function, x));
        worst.note(ulp, || format!("{x:e}"));
    }
    worst.print(function.name(), count, ulp_bound(function, Width::F64));
}

fn samples_of_pow(count: u64) {
    let (mut narrow, mut broad) = (Worst::default(), Worst::default());
    let mut sampler = Sampler(2);
    for _ in 0..100 * count {
        let (x, y) = sampler.power_arguments(110.0);
        let (x, y) = (x as f32, y as f32);
        let ulp = distance(pow(&mut NativeF32, x, y), f64::from(x).powf(f64::from(y)));
        narrow.note(ulp, || format!("{x:e} ^ {y:e}"));
    }
    narrow.print("pow", 100 * count, pow_ulp_bound(Width::F32));
    for _ in 0..count {
        let (x, y) = sampler.power_arguments(760.0);
        let ulp = exact_distance(pow(&mut NativeF64, x, y), &exact_power(x, y));
        broad.note(ulp, || format!("{x:e} ^ {y:e}"));
    }
    broad.print("pow (f64)", count, pow_ulp_bound(Width::F64));
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let stride = arguments
        .next()
        .and_then(|text| text.parse().ok())
        .unwrap_or(1_u64)
        .max(1);
    let names: Vec<String> = arguments.collect();
    let wanted = |name: &str| names.is_empty() || names.iter().any(|wanted| wanted == name);
    let functions = || {
        Function::ALL
            .into_iter()
            .filter(|function| wanted(function.name()))
    };
    let samples = 200_000;
    println!("function   |  max ulp | bound |     inputs | at");
    println!("-- binary32");
    functions().for_each(|function| all_of_binary32(function, stride));
    println!("-- binary64, sampled");
    functions().for_each(|function| samples_of_binary64(function, samples));
    if wanted("pow") {
        println!("-- pow, sampled");
        samples_of_pow(samples);
    }
}
