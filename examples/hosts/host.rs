//! A host in Rust, through `lgc_runtime`: sessions, a pool, and calls from several threads at once.
//!
//! ```text
//! lgc compile layer.graph
//! cargo run --example host -- layer.so
//! ```
#![allow(clippy::print_stdout, reason = "the example prints what it finds")]

use lgc_runtime::{Entry, Library, Pool};
use std::error::Error;
use std::path::Path;

/// Numbers from -1/2 to 1/2, times a power of two.
fn fill(values: &mut [f32], seed: &mut u32, factor: f32) {
    for value in values {
        *seed = seed.wrapping_mul(1664525).wrapping_add(1013904223);
        *value = ((*seed >> 8) as f32 / 16777216.0 - 0.5) * factor;
    }
}

/// The weights after ten steps, and the loss before the last.
fn train(step: &Entry, pool: Option<&Pool>) -> Result<(Vec<f32>, f32), lgc_runtime::CallError> {
    let mut session = step.session()?;
    session.set_pool(pool.cloned());
    let mut seed = 0;
    fill(session.elements_mut("x")?, &mut seed, 1.0);
    fill(session.elements_mut("target")?, &mut seed, 1.0);
    fill(session.elements_mut("p.w")?, &mut seed, 0.125);
    session.elements_mut::<f32>("rate")?.fill(0.5);
    for _ in 0..10 {
        session.run()?;
    }
    let loss = session.elements::<f32>("loss")?.first().copied();
    Ok((session.elements("p.w")?.to_vec(), loss.unwrap_or_default()))
}

/// What calls on one thread, on a pool and from many threads find.
pub(crate) fn report(path: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let library = Library::open(path)?;
    let step = library.entry("step")?;
    let (serial, loss) = train(&step, None)?;
    let verdict = |same| if same { "the same bits" } else { "other bits" };

    let pool = library.pool(4)?;
    let pool = pool.ok_or("the library has no work for threads")?;
    let (weights, _) = train(&step, Some(&pool))?;

    let same = std::thread::scope(|scope| {
        let call = || train(&step, Some(&pool)).is_ok_and(|(weights, _)| weights == serial);
        let callers: Vec<_> = (0..16).map(|_| scope.spawn(call)).collect();
        let same = callers
            .into_iter()
            .map(|caller| caller.join().unwrap_or(false));
        same.filter(|same| *same).count()
    });
    Ok(vec![
        format!("loss {loss}"),
        format!("a pool of 4: {}", verdict(weights == serial)),
        format!("{same} of 16 threads at once: the same bits"),
    ])
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).ok_or("name the library")?;
    for line in report(Path::new(&path))? {
        println!("{line}");
    }
    Ok(())
}
