//! What threads gain: entries on the calling thread and on a pool of two, alternating, so that both meet
//! the same noise: `cargo bench --bench threads`. What it costs to hand tasks out is measured by itself:
//! `cargo run --release -p lgc-codegen --example launch_time`.
//!
//! Only rounds count before which two threads that share nothing could work at once; where others keep the
//! machine busy, there may be few. The processor time of two threads beside that of one is what handing out
//! and waiting cost, spinning included: it tells something where the machine is busy too.

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

/// Rounds count when two threads that share nothing gain this much, at least.
const FREE: f64 = 1.6;

/// Microseconds of a call.
fn time(session: &mut Session, calls: u32) -> f64 {
    let start = Instant::now();
    for _ in 0..calls {
        session.run().unwrap();
    }
    start.elapsed().as_secs_f64() * 1e6 / f64::from(calls)
}

/// Processor time that the threads of this process have had, in microseconds.
fn processor_time() -> f64 {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let times = tasks.map(|task| {
        let text = std::fs::read_to_string(task.unwrap().path().join("schedstat"));
        let text = text.unwrap_or_default();
        text.split(' ')
            .next()
            .and_then(|time| time.parse().ok())
            .unwrap_or(0.0)
    });
    times.sum::<f64>() / 1e3
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
        .env("LGC_CACHE_DIR", "")
        .status();
    assert!(status.unwrap().success());
    let library = Library::open(&folder.path().join(format!("{name}.so"))).unwrap();
    let pool = library.pool(2).unwrap();
    for info in &library.info().entries {
        let mut session = library.entry(&info.name).unwrap().session().unwrap();
        let calls = (10_000.0 / time(&mut session, 3)).clamp(1.0, 1000.0) as u32;
        let mut times = [Vec::new(), Vec::new()];
        let mut work = [0.0, 0.0];
        let (mut rounds, begin) = (0, Instant::now());
        while rounds < 25 && begin.elapsed().as_secs() < 15 {
            if capacity() < FREE {
                continue;
            }
            rounds += 1;
            let sides = times.iter_mut().zip(&mut work).zip([None, pool.clone()]);
            for ((times, work), pool) in sides {
                session.set_pool(pool);
                let before = processor_time();
                times.push(time(&mut session, calls));
                *work += processor_time() - before;
            }
        }
        if rounds == 0 {
            println!("{name}.{}: the machine is too busy", info.name);
            continue;
        }
        let best = times
            .each_ref()
            .map(|t| t.iter().copied().fold(f64::MAX, f64::min));
        let [one, two] = times.each_mut().map(|times| median(times));
        println!(
            "{name}.{:<10} {rounds:2} rounds  1 thread {one:9.2} µs  2 threads {two:9.2} µs  {:4.2}×, {:4.2}× the processor time  (best {:9.2} {:9.2} {:4.2}×)",
            info.name,
            one / two,
            work[1] / work[0],
            best[0],
            best[1],
            best[0] / best[1],
        );
    }
}

/// A while of arithmetic; how long it takes.
fn spin() -> f64 {
    let start = Instant::now();
    let mut x = 1.0f64;
    for _ in 0..400_000 {
        x = std::hint::black_box(x * 1.000_000_1 + 1e-9);
    }
    assert!(x > 1.0);
    start.elapsed().as_secs_f64()
}

/// How much two threads that share nothing gain at this moment.
fn capacity() -> f64 {
    let one = spin();
    let start = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(spin);
        spin();
    });
    2.0 * one / start.elapsed().as_secs_f64()
}

fn main() {
    compare("threads", SOURCE);
    let digits = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/digits/digits.graph");
    let digits = std::fs::read_to_string(digits).unwrap();
    for batch in [64, 512] {
        let source = digits.replace("dim B = 64", &format!("dim B = {batch}"));
        compare(&format!("digits{batch}"), &source);
    }
}
