//! What the costs of a processor are worth: programs at the value that a cost has, and at others, in microseconds of
//! one thread.
//!
//! `cargo run --release -p lgc-codegen --example costs`

#![allow(clippy::print_stdout, reason = "a measurement is printed")]

use lgc_codegen::backend::cranelift::{CompiledEntry, Jit};
use lgc_codegen::legalize::Legal;
use lgc_codegen::lower::{Signature, lower};
use lgc_codegen::target::{Costs, Target};
use lgc_ir::dtype::DType;
use lgc_ir::graph::{Graph, Value};
use lgc_ir::lang::example;
use lgc_ir::rewrite::optimize;
use lgc_ir::shape::Type;
use std::error::Error;
use std::time::{Duration, Instant};

/// A cost, how it is set, the values that are tried, and programs that it tells on.
struct Trial {
    name: &'static str,
    set: fn(&mut Costs, u32),
    values: &'static [u32],
    programs: &'static [&'static str],
}

const ELEMENTWISE: &str = "(x: f32[50000], y: f32[50000]) -> x * y + x";
const TANH: &str = "(x: f32[50000]) -> tanh(x)";
const LONG: &str =
    "(x: f32[50000], y: f32[50000]) -> (x * y + x) * (x - y) + (x + y * y) * (y - x * x) + x * 3";
const PRODUCT: &str = "(x: f32[96, 96], y: f32[96, 96]) -> x @ y";
const COLUMNS: &str = "(x: f32[1000, 4000]) -> sum(x, axes = [0])";
const NARROW: &str = "(x: f32[100000, 2]) -> sum(x, axes = [0])";
const SCAN: &str = "(x: f32[4, 50000]) -> cumsum(x, axis = 1)";
const SCAN_ACROSS: &str = "(x: f32[1000, 64]) -> cumsum(x, axis = 0)";
const SCATTER: &str =
    "(x: f32[1000, 256], i: i64[4000], u: f32[4000, 256]) -> scatter_add(x, i, u)";
const SMALL_PRODUCT: &str = "(x: f32[3, 20000], y: f32[20000, 3]) -> x @ y";
const ROWS: &str = "(x: f32[1024, 1024], y: f32[1024]) -> x @ y";
const SUM: &str = "(x: f32[100, 1000]) -> sum(x, axes = [1])";
const REUSED: &str = "(x: f32[100, 1000]) -> softmax(x * x + 1)";

const TRIALS: &[Trial] = &[
    Trial {
        name: "short_body_vectors",
        set: |costs, value| costs.short_body_vectors = value,
        values: &[4, 1, 2, 8],
        programs: &[ELEMENTWISE],
    },
    Trial {
        name: "long_body_vectors",
        set: |costs, value| costs.long_body_vectors = value,
        values: &[2, 1, 4],
        programs: &[LONG],
    },
    Trial {
        name: "short_body",
        set: |costs, value| costs.short_body = value as usize,
        values: &[8, 0, 4, 1000],
        programs: &[ELEMENTWISE, TANH],
    },
    Trial {
        name: "tile_repetitions",
        set: |costs, value| costs.tile_repetitions = value,
        values: &[4, 1, 2, 8],
        programs: &[PRODUCT],
    },
    Trial {
        name: "scalars",
        set: |costs, value| costs.scalars = u64::from(value),
        values: &[12, 1, 4],
        programs: &[SMALL_PRODUCT],
    },
    Trial {
        name: "chains",
        set: |costs, value| costs.chains = value.into(),
        values: &[8, 1, 4, 16],
        programs: &["(x: f32[1000000], y: f32[1000000]) -> x @ y"],
    },
    Trial {
        name: "readings_apart",
        set: |costs, value| costs.readings_apart = value.into(),
        values: &[6, 0],
        programs: &[ROWS, "(x: f32[1024, 1024], y: f32[1024, 3]) -> x @ y"],
    },
    Trial {
        name: "rows_apart",
        set: |costs, value| costs.rows_apart = value,
        values: &[8, 4, 16, 32],
        programs: &[ROWS],
    },
    Trial {
        name: "often",
        set: |costs, value| costs.often = u64::from(value),
        values: &[8, 1, 1000],
        programs: &[
            PRODUCT,
            "(x: f32[1024, 256], y: f32[1024, 256]) -> dot_general(x, y, x_contract = [0], y_contract = [0])",
        ],
    },
    Trial {
        name: "panel_columns",
        set: |costs, value| costs.panel_columns = u64::from(value),
        values: &[2048, 64, 512, 100_000],
        programs: &[COLUMNS],
    },
    Trial {
        name: "rows_at_once",
        set: |costs, value| costs.rows_at_once = u64::from(value),
        values: &[8, 1, 2, 4, 16],
        programs: &[COLUMNS],
    },
    Trial {
        name: "pieces_of_few",
        set: |costs, value| costs.pieces_of_few = u64::from(value),
        values: &[4, 1, 2, 8],
        programs: &[NARROW],
    },
    Trial {
        name: "few_column_vectors",
        set: |costs, value| costs.few_column_vectors = u64::from(value),
        values: &[2, 1, 4],
        programs: &[NARROW, "(x: f32[100000, 12]) -> sum(x, axes = [0])"],
    },
    Trial {
        name: "blocks_at_once",
        set: |costs, value| costs.blocks_at_once = u64::from(value),
        values: &[8, 1, 2, 4, 16],
        programs: &[SCAN],
    },
    Trial {
        name: "line_vectors",
        set: |costs, value| costs.line_vectors = value,
        values: &[4, 1, 2, 8],
        programs: &[SCAN_ACROSS],
    },
    Trial {
        name: "scatter_vectors",
        set: |costs, value| costs.scatter_vectors = value,
        values: &[16, 1, 4],
        programs: &[SCATTER],
    },
    Trial {
        name: "short_fold",
        set: |costs, value| costs.short_fold = value as usize,
        values: &[4, 0, 100],
        programs: &[SUM, REUSED],
    },
    Trial {
        name: "long_fold_lanes",
        set: |costs, value| costs.long_fold_lanes = value,
        values: &[16, 4, 8, 32],
        programs: &[REUSED],
    },
    Trial {
        name: "many_lines",
        set: |costs, value| costs.many_lines = value.into(),
        values: &[8, 1, 1000],
        programs: &[SCAN, "(x: f32[100, 10000]) -> cumsum(x, axis = 1)"],
    },
    Trial {
        name: "panel_bytes",
        set: |costs, value| costs.panel_bytes = value.into(),
        values: &[4096, 1024, 16384, 1 << 20],
        programs: &["(x: f32[2000, 1024]) -> cumsum(x, axis = 0)"],
    },
    Trial {
        name: "panel_steps",
        set: |costs, value| costs.panel_steps = value.into(),
        values: &[4, 1, 2, 8],
        programs: &["(a: f32[256, 4096], b: f32[256, 4096]) -> linear_recurrence(a, b, axis = 0)"],
    },
    Trial {
        name: "heavy",
        set: |costs, value| costs.heavy = value,
        values: &[12, 1, 1000],
        programs: &[REUSED, "(x: f32[100], y: f32[400, 100]) -> exp(x) * y"],
    },
];

/// A compiled program with its arguments.
struct Run {
    entry: CompiledEntry,
    inputs: Vec<Vec<u8>>,
    outputs: Vec<Vec<u8>>,
}

impl Run {
    fn new(graph: &Graph, costs: Costs) -> Result<Self, Box<dyn Error>> {
        let target = Target {
            costs,
            ..Target::BITS_128
        };
        let (optimized, _, _) = optimize(graph, false)?;
        let program = lower(&optimized, &Signature::pure("f"), &target)?.program;
        let ty = |value: &Value| graph.ty(*value).clone();
        let outputs = graph.outputs().iter().map(|output| ty(&output.value));
        Ok(Run {
            entry: Jit::compile(&Legal::new(&program, &target))?,
            inputs: graph.inputs().iter().map(|x| numbers(&ty(x))).collect(),
            outputs: outputs.map(|ty| vec![0; ty.bytes() as usize]).collect(),
        })
    }

    fn time(&mut self) -> Result<Duration, Box<dyn Error>> {
        let inputs: Vec<&[u8]> = self.inputs.iter().map(Vec::as_slice).collect();
        let mut outputs: Vec<&mut [u8]> = self.outputs.iter_mut().map(Vec::as_mut_slice).collect();
        let start = Instant::now();
        self.entry.call(&inputs, &mut [], &mut outputs)?;
        Ok(start.elapsed())
    }
}

/// Numbers of 32 bits from 0 to below 1, and indices.
fn numbers(ty: &Type) -> Vec<u8> {
    let element = |at: u64| match ty.dtype {
        DType::I64 => (at * 7919 % 1000).to_le_bytes().to_vec(),
        DType::Bool
        | DType::I32
        | DType::U32
        | DType::F16
        | DType::Bf16
        | DType::F32
        | DType::F64 => ((at * 7919 % 1000) as f32 / 1000.0).to_le_bytes().to_vec(),
    };
    (0..ty.elements()).flat_map(element).collect()
}

fn main() -> Result<(), Box<dyn Error>> {
    for trial in TRIALS {
        for text in trial.programs {
            let graph = example(text)?.graph;
            let mut runs = Vec::new();
            for &value in trial.values {
                let mut costs = Costs::BITS_128;
                (trial.set)(&mut costs, value);
                runs.push((value, Run::new(&graph, costs)?, Duration::MAX));
            }
            // In turns, so that what else the machine does falls on all alike.
            for _ in 0..200 {
                for (_, run, best) in &mut runs {
                    *best = run.time()?.min(*best);
                }
            }
            let times = runs
                .iter()
                .map(|(value, _, best)| format!("{value}: {:.1}", best.as_secs_f64() * 1e6));
            let times: Vec<String> = times.collect();
            println!("{} of {text}: {} µs", trial.name, times.join(", "));
        }
    }
    Ok(())
}
