//! What threads gain: entries on the calling thread and on a pool of two, alternating, so that both meet
//! the same noise: `cargo bench --bench threads`. What it costs to hand tasks out is measured beside the
//! pool: `cargo test -p lgc-codegen --test pool launch_time -- --ignored --nocapture`.
//!
//! The first line tells how much two threads can do at once on this machine at this time, at most.

#![allow(
    clippy::unwrap_used,
    reason = "a measurement stops where something fails"
)]
#![allow(clippy::print_stdout, reason = "a measurement is printed")]

use lgc_runtime::{Library, Session};
use std::process::Command;
use std::time::Instant;

const SOURCE: &str = "
entry product(a: f32[512, 512], b: f32[512, 512]) -> (c: f32[512, 512]) { c = a @ b }
entry pointwise(x: f32[1000000]) -> (y: f32[1000000]) { y = gelu(x) }
entry total(x: f32[1000000]) -> (s: f32[]) { s = sum(square(x)) }
";

/// Microseconds of a call.
fn time(session: &mut Session, calls: u32) -> f64 {
    let start = Instant::now();
    for _ in 0..calls {
        session.run().unwrap();
    }
    start.elapsed().as_secs_f64() * 1e6 / f64::from(calls)
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Compares the entries of a graph on 1 thread (no pool) and on 2.
fn compare(name: &str, source: &str) {
    let folder = tempfile::tempdir().unwrap();
    let graph = folder.path().join(format!("{name}.graph"));
    std::fs::write(&graph, source).unwrap();
    let status = Command::new(env!("CARGO_BIN_EXE_lgc"))
        .args(["compile", &format!("{name}.graph")])
        .current_dir(folder.path())
        .status();
    assert!(status.unwrap().success());
    let library = Library::open(&folder.path().join(format!("{name}.so"))).unwrap();
    let pool = library.pool(2).unwrap();
    for info in &library.info().entries {
        let mut session = library.entry(&info.name).unwrap().session().unwrap();
        let calls = (20_000.0 / time(&mut session, 3)).clamp(1.0, 1000.0) as u32;
        let mut times = [Vec::new(), Vec::new()];
        for _ in 0..25 {
            for (times, pool) in times.iter_mut().zip([None, pool.clone()]) {
                session.set_pool(pool);
                times.push(time(&mut session, calls));
            }
        }
        let best = times
            .each_ref()
            .map(|t| t.iter().copied().fold(f64::MAX, f64::min));
        let [one, two] = times.each_mut().map(|times| median(times));
        println!(
            "{name}.{:<10} 1 thread {one:9.2} µs  2 threads {two:9.2} µs  {:4.2}×  (best {:9.2} {:9.2} {:4.2}×)",
            info.name,
            one / two,
            best[0],
            best[1],
            best[0] / best[1],
        );
    }
}

/// A while of arithmetic.
fn spin() -> f64 {
    let start = Instant::now();
    let mut x = 1.0f64;
    for _ in 0..5_000_000 {
        x = std::hint::black_box(x * 1.000_000_1 + 1e-9);
    }
    assert!(x > 1.0);
    start.elapsed().as_secs_f64() * 1e3
}

/// How much two threads that share nothing gain.
fn capacity() {
    let mut ratios: Vec<f64> = (0..15)
        .map(|_| {
            let one = spin();
            let start = Instant::now();
            std::thread::scope(|scope| {
                scope.spawn(spin);
                spin();
            });
            2.0 * one / (start.elapsed().as_secs_f64() * 1e3)
        })
        .collect();
    let middle = median(&mut ratios);
    println!(
        "two threads can do {middle:.2}× at once (best {:.2}×)",
        ratios[ratios.len() - 1]
    );
}

fn main() {
    capacity();
    compare("threads", SOURCE);
    let digits = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/digits/digits.graph");
    let digits = std::fs::read_to_string(digits).unwrap();
    for batch in [64, 512] {
        let source = digits.replace("dim B = 64", &format!("dim B = {batch}"));
        compare(&format!("digits{batch}"), &source);
    }
}
