//! Threads for the compiler's own work, and one where the process may start no others.

use rayon::{ThreadPool, ThreadPoolBuilder};
use std::sync::OnceLock;

/// Does some work whose parallel loops then run on as many threads as there are processors; on the thread
/// at hand, if the system refuses to start others.
pub fn on_all<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    static POOL: OnceLock<Option<ThreadPool>> = OnceLock::new();
    match POOL.get_or_init(|| ThreadPoolBuilder::new().build().ok()) {
        Some(pool) => pool.install(work),
        None => alone(work),
    }
}

/// Does some work whose parallel loops then run on one thread: a new one if there can be one, so that the
/// work of others does not get in between.
pub(crate) fn on_one<T: Send>(name: &'static str, work: impl FnOnce() -> T + Send) -> T {
    let pool = ThreadPoolBuilder::new().num_threads(1);
    match pool.thread_name(move |_| name.to_owned()).build() {
        Ok(pool) => pool.install(work),
        Err(_) => alone(work),
    }
}

/// Does some work on the thread at hand, which becomes the only one of those that parallel loops run on
/// by default.
fn alone<T>(work: impl FnOnce() -> T) -> T {
    let pool = ThreadPoolBuilder::new().num_threads(1).use_current_thread();
    // There is one already if this is not the first time.
    let _ = pool.build_global();
    work()
}
