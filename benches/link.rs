//! How long it takes to link a shared library in this process: `cargo bench --bench link`.

#![allow(clippy::print_stdout, reason = "a line is what this program is for")]

use lgc::driver::Session;
use lgc::{Failure, Origin};
use std::time::{Duration, Instant};

const LINKS: usize = 21;

fn main() -> Result<(), String> {
    measure().map_err(|failure| format!("{failure:?}"))
}

fn measure() -> Result<(), Failure> {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/digits/digits.graph");
    let mut session = Session::new();
    let (_, module) = session.load(&Origin::File(example.into()), &[])?;
    let build = session.build(module, "digits")?;
    let object = session.object(&build)?;
    let mut link = || -> Result<(Duration, usize), Failure> {
        let (object, start) = (object.clone(), Instant::now());
        let library = session.shared_library(&build.library, object, "digits.so")?;
        Ok((start.elapsed(), library.len()))
    };
    let mut links = (0..LINKS).map(|_| link()).collect::<Result<Vec<_>, _>>()?;
    links.sort_unstable();
    let (median, bytes) = links[LINKS / 2];
    let (worst, _) = links[LINKS - 1];
    println!("link: median {median:.2?}, worst {worst:.2?} of {LINKS}, {bytes} bytes");
    Ok(())
}
