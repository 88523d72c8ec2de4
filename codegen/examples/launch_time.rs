//! What it costs to hand tasks to the pool of threads that libraries carry: launches of two tasks that
//! do nothing, back to back and after pauses in which the threads fall asleep.
//!
//! `cargo run --release -p lgc-codegen --example launch_time`

#![allow(clippy::print_stdout, reason = "a measurement is printed")]

#[path = "../freestanding/pool.rs"]
#[allow(
    dead_code,
    clippy::missing_safety_doc,
    reason = "the header of a library says what callers may do; not all of it is measured"
)]
mod pool;

use pool::{Pool, Run, lgc_pool_create, lgc_pool_destroy};
use std::ffi::c_void;
use std::time::{Duration, Instant};

/// Launches that are timed for each pause.
const LAUNCHES: usize = 400;

unsafe extern "C" fn nothing(_: *mut c_void, _: u64) {}

/// Microseconds of a launch, ascending, each after a pause of so many microseconds.
///
/// # Safety
/// The pool is alive and nobody else uses it.
unsafe fn times(pool: *mut Pool, pause: u64) -> Vec<f64> {
    let launch = || {
        let idle = Instant::now();
        while pause > 0 && idle.elapsed() < Duration::from_micros(pause) {
            std::thread::sleep(Duration::from_micros(pause / 4));
        }
        let start = Instant::now();
        // SAFETY: a pool begins with its `Run`; the tasks touch nothing.
        unsafe { (*pool.cast::<Run>())(pool, 2, nothing, std::ptr::null_mut()) };
        start.elapsed().as_secs_f64() * 1e6
    };
    let mut times: Vec<f64> = std::iter::repeat_with(launch).take(LAUNCHES).collect();
    times.sort_by(f64::total_cmp);
    times
}

fn main() {
    for (name, pause) in [
        ("back to back", 0),
        ("after 200 µs", 200),
        ("after 5 ms", 5000),
    ] {
        // SAFETY: any number of threads will do.
        let pool = unsafe { lgc_pool_create(2) };
        if pool.is_null() {
            println!("{name}: no memory for a pool");
            continue;
        }
        // SAFETY: the pool was made just now, is used here only, and is destroyed last.
        let times = unsafe { times(pool, pause) };
        // SAFETY: as above.
        unsafe { lgc_pool_destroy(pool) };
        let [low, middle, high] = [0, LAUNCHES / 2, LAUNCHES * 9 / 10].map(|at| times[at]);
        println!("{name}: {low:.2} µs at best, {middle:.2} in the middle, {high:.2} at 90 %");
    }
}
