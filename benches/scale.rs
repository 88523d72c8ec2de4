//! How compilation scales: time and peak memory of every stage, on graphs of 2 thousand to 64
//! thousand ops.
//!
//! ```text
//! cargo bench --bench scale              # all sizes, forward graphs and training graphs
//! cargo bench --bench scale -- 16384     # one size
//! ```
//! The graphs are long chains with fan-out, row and column reductions, and shapes that alternate.
//! Each size runs in a process of its own, so that peak memory is that of the size. The last column
//! is the cost of one op, which stays level when cost grows linearly.
#![allow(clippy::print_stdout, reason = "a benchmark prints figures")]

use lgc::Failure;
use lgc::driver::Session;
use std::fmt::Write as _;
use std::process::Command;

/// Sizes of the graphs, in ops of the graph as elaborated.
const SIZES: [usize; 6] = [2048, 4096, 8192, 16_384, 32_768, 65_536];

/// Ops that one link of the chain elaborates to.
const OPS_PER_LINK: usize = 16;

/// The source of a chain of about `ops` ops: `loss` of `x`, or its gradient too.
fn source(ops: usize, with_gradient: bool) -> String {
    let links = ops / OPS_PER_LINK;
    let mut text = String::from("graph chain(x: f32[16, 32], w: f32[32]) -> (loss: f32[]) {\n");
    text.push_str("    h0 = x\n");
    for k in 0..links {
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "    a{k} = tanh(h{k} * 0.5)
    b{k} = a{k} + h{k}
    c{k} = b{k} - mean(b{k}, axes = [1], keepdims = true)
    d{k} = c{k} * sigmoid(a{k})
    e{k} = transpose(max(d{k}, a{k}), permutation = [1, 0])
    f{k} = sum(e{k}, axes = [1]) * w
    h{next} = transpose(e{k}, permutation = [1, 0]) + f{k} * 0.01",
            next = k + 1
        );
    }
    let _ = writeln!(text, "    loss = mean(h{links})\n}}");
    text.push_str(if with_gradient {
        "entry train(x: f32[16, 32], w: f32[32]) -> (loss: f32[], d: f32[32]) {
    (loss, d) = value_and_grad(chain, wrt = w)(x, w)
}\n"
    } else {
        "entry forward(x: f32[16, 32], w: f32[32]) -> (loss: f32[]) { loss = chain(x, w) }\n"
    });
    text
}

/// Compiles one graph and prints a row of the table.
fn measure(ops: usize, with_gradient: bool) -> Result<String, Failure> {
    let mut session = Session::new();
    let file = session.add_source("chain.graph", source(ops, with_gradient))?;
    let ast = session.parse(file)?;
    let module = session.elaborate(&ast, &[])?;
    let nodes: usize = module.entries.iter().map(|entry| entry.graph.len()).sum();
    let build = session.build(module, "chain")?;
    let (mut kernels, mut launches) = (0, 0);
    for program in &build.programs {
        kernels += program.kernels.len();
        launches += program.steps.len();
    }
    let object = session.object(&build)?;
    let library = session.shared_library(&build.library, object, "chain.so")?;
    let mut row = format!("{nodes:>7} {launches:>7} {kernels:>7}");
    let mut total = 0.0;
    for cost in session.clock().costs() {
        let milliseconds = cost.time.as_secs_f64() * 1e3;
        total += milliseconds;
        let _ = write!(row, " {:>9} {milliseconds:>7.1}", cost.stage.name());
    }
    let peak = session
        .clock()
        .costs()
        .iter()
        .map(|cost| cost.peak_bytes)
        .max()
        .unwrap_or(0);
    let _ = write!(
        row,
        " | {total:>7.1} ms {:>6.1} MB {:>6} KB {:>6.2} µs/op",
        peak as f64 / 1e6,
        library.len() / 1000,
        total * 1e3 / nodes.max(1) as f64
    );
    Ok(row)
}

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    if let [kind, size] = arguments.as_slice()
        && let Ok(ops) = size.parse()
    {
        match measure(ops, kind == "train") {
            Ok(row) => println!("{kind:<8}{row}"),
            Err(_) => println!("{kind:<8} {ops} ops: the compiler refused the graph"),
        }
        return;
    }
    let chosen: Vec<usize> = arguments.iter().filter_map(|a| a.parse().ok()).collect();
    let sizes = if chosen.is_empty() {
        SIZES.to_vec()
    } else {
        chosen
    };
    println!(
        "graph     nodes  launches kernels, milliseconds by stage | total, peak memory, library, cost"
    );
    let Ok(program) = std::env::current_exe() else {
        return;
    };
    for kind in ["forward", "train"] {
        for size in &sizes {
            let child = Command::new(&program)
                .args([kind, &size.to_string()])
                .output();
            match child {
                Ok(output) => print!("{}", String::from_utf8_lossy(&output.stdout)),
                Err(error) => println!("{kind} {size}: {error}"),
            }
        }
    }
}
