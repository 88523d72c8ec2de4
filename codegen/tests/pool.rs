//! The pool of threads that libraries carry, compiled into this test.
#![expect(
    clippy::unwrap_used,
    reason = "the helpers of a test fail it by panicking"
)]

#[path = "../freestanding/pool.rs"]
#[allow(
    clippy::missing_safety_doc,
    reason = "the header of a library says what callers may do"
)]
mod pool;

use pool::{Pool, Run, Task, float_mode, lgc_pool_create, lgc_pool_destroy, set_float_mode};
use std::ffi::c_void;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::time::{Duration, Instant};

unsafe extern "C" {
    fn fork() -> i32;
    fn waitpid(process: i32, status: *mut i32, options: i32) -> i32;
    fn _exit(status: i32) -> !;
}

/// A pool that ends with the test.
struct Owned(*mut Pool);

// SAFETY: a pool may be used from any thread.
unsafe impl Send for Owned {}
// SAFETY: and from several at once.
unsafe impl Sync for Owned {}

impl Owned {
    fn new(threads: u32) -> Self {
        // SAFETY: any number will do.
        let pool = unsafe { lgc_pool_create(threads) };
        assert!(!pool.is_null());
        Owned(pool)
    }

    /// Runs tasks as compiled code does: by the function that a pool begins with.
    fn run(&self, count: u64, task: &(dyn Fn(u64) + Sync)) {
        unsafe extern "C" fn call(data: *mut c_void, number: u64) {
            // SAFETY: `run` gives this data.
            unsafe { (*data.cast::<&(dyn Fn(u64) + Sync)>())(number) }
        }
        // SAFETY: the pool is alive, and so is the task until `run` returns.
        unsafe {
            let run = *self.0.cast::<Run>();
            let call: Task = call;
            run(self.0, count, call, (&raw const task).cast_mut().cast());
        }
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: nobody else has the pool.
        unsafe { lgc_pool_destroy(self.0) }
    }
}

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

#[test]
fn each_task_runs_once() {
    for size in [1, 2, 3, 4, 8] {
        let pool = Owned::new(size);
        for count in [0, 1, 2, 3, 7, 64, 1000, 4095, 4096, 10_000] {
            let hits: Vec<AtomicUsize> = (0..count).map(|_| AtomicUsize::new(0)).collect();
            pool.run(count, &|number| {
                hits[number as usize].fetch_add(1, Relaxed);
            });
            assert!(
                hits.iter().all(|hits| hits.load(Relaxed) == 1),
                "{size} {count}"
            );
        }
    }
}

#[test]
fn launches_follow_one_another_closely_and_after_pauses() {
    let pool = Owned::new(3);
    let sum = AtomicU64::new(0);
    for round in 0..20_000u64 {
        let expected = sum.load(Relaxed) + 10;
        pool.run(5, &|number| {
            sum.fetch_add(number, Relaxed);
        });
        assert_eq!(sum.load(Relaxed), expected);
        if round % 2000 == 0 {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

#[test]
fn a_busy_pool_makes_others_run_their_tasks_themselves() {
    let pool = Owned::new(2);
    let nested = AtomicU64::new(0);
    pool.run(4, &|_| {
        pool.run(8, &|number| {
            nested.fetch_add(number, Relaxed);
        });
    });
    assert_eq!(nested.load(Relaxed), 4 * 28);
    let sums: Vec<AtomicU64> = (0..16).map(|_| AtomicU64::new(0)).collect();
    std::thread::scope(|scope| {
        for sum in &sums {
            let pool = &pool;
            scope.spawn(move || {
                for _ in 0..500 {
                    pool.run(6, &|number| {
                        sum.fetch_add(number, Relaxed);
                    });
                }
            });
        }
    });
    assert!(sums.iter().all(|sum| sum.load(Relaxed) == 500 * 15));
}

#[test]
fn tasks_run_at_once_and_keep_the_caller_s_float_mode() {
    let pool = Owned::new(2);
    // Both tasks wait for one another, as only two threads can; a lost wake-up shows here too.
    let arrived = AtomicU64::new(0);
    // Denormal numbers become zero on this thread, until the mode is set back.
    let before = float_mode();
    set_float_mode(before | 0x8040);
    let modes = [AtomicU64::new(0), AtomicU64::new(0)];
    pool.run(2, &|number| {
        modes[number as usize].store(u64::from(float_mode() & 0x8040), Relaxed);
        arrived.fetch_add(1, SeqCst);
        let start = Instant::now();
        while arrived.load(SeqCst) < 2 && start.elapsed() < Duration::from_secs(20) {
            std::thread::yield_now();
        }
    });
    set_float_mode(before);
    assert_eq!(arrived.load(SeqCst), 2);
    assert!(modes.iter().all(|mode| mode.load(Relaxed) == 0x8040));
}

#[test]
fn a_child_process_has_no_threads_and_may_make_its_own() {
    let pool = Owned::new(3);
    let run_all = |pool: &Owned| {
        let sum = AtomicU64::new(0);
        pool.run(100, &|number| {
            sum.fetch_add(number, Relaxed);
        });
        sum.load(Relaxed) == 4950
    };
    assert!(run_all(&pool));
    // SAFETY: the child calls nothing that takes locks which other threads of the parent may hold.
    unsafe {
        let child = fork();
        assert!(child >= 0);
        if child == 0 {
            let inherited = run_all(&pool);
            let own = Owned(lgc_pool_create(2));
            let fresh = !own.0.is_null() && run_all(&own);
            drop(own);
            drop(pool);
            _exit(if inherited && fresh { 17 } else { 1 });
        }
        let mut status = 0;
        assert_eq!(waitpid(child, &raw mut status, 0), child);
        assert_eq!(status, 17 << 8);
    }
    assert!(run_all(&pool), "the parent still has its threads");
}

#[test]
fn threads_end_with_their_pool() {
    let idle = Owned::new(1);
    idle.run(3, &|_| {});
    drop(idle);
    // Other tests have threads too, so that only many tell.
    let before = threads();
    let pools: Vec<Owned> = (0..20).map(|_| Owned::new(9)).collect();
    assert!(threads() >= before + 100);
    drop(pools);
    let start = Instant::now();
    while threads() > before + 60 && start.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(threads() <= before + 60);
    // As many as there are processors; more than the most.
    drop(Owned::new(0));
    drop(Owned::new(u32::MAX));
}
