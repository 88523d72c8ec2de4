//! The demonstration: handwritten digits, learned by a compiled library.
//!
//! `examples/digits/digits.graph` is compiled to a shared library, which is loaded through its C
//! interface like any other, trained on four fifths of the digits, and tested on the rest. Nothing
//! here knows how the library computes. Equal arguments give equal results.

pub(crate) mod data;
mod plot;
mod train;

use crate::args::Demo;
use crate::driver::Session;
use crate::stage::Stage;
use crate::{Failure, library, output};
use data::Digits;
use indicatif::{ProgressBar, ProgressStyle};
use lgc_codegen::output::{Access, OutputSet, write_whole};
use lgc_ir::diag::Code;
use lgc_runtime::Library;
use std::path::{Path, PathBuf};
use std::time::Instant;
use train::{Epoch, Trainer};

/// The graph, embedded so that the program needs no file.
const GRAPH: &str = include_str!("../examples/digits/digits.graph");
const NAME: &str = "digits";

/// Passes over the training images, unless another number is asked for.
pub(crate) const EPOCHS: u32 = 30;

/// Compiles, trains, tests and draws.
pub(crate) fn run(arguments: &Demo, session: &mut Session) -> Result<(), Failure> {
    let start = Instant::now();
    let temporary = tempfile::tempdir();
    let temporary = temporary.map_err(|error| {
        Failure::message(
            Code::UnwritableFile,
            format!("cannot make a temporary directory: {error}"),
        )
    })?;
    let directory = arguments.keep.as_deref().unwrap_or(temporary.path());
    let path = compile(directory, session)?;
    let library = Library::open_named(&path, NAME)?;
    let losses = learn(&library, arguments, session)?;
    output::print(&plot::terminal(&losses))?;
    let drawing = plot::svg(&losses).map_err(Failure::internal)?;
    write_whole(&arguments.svg, drawing.as_bytes(), Access::Read)?;
    output::print(&format!(
        "loss curve: {}; {:.1} s in all\n",
        arguments.svg.display(),
        start.elapsed().as_secs_f64()
    ))
}

/// Compiles the graph to a shared library and its header, and says what came of it.
fn compile(directory: &Path, session: &mut Session) -> Result<PathBuf, Failure> {
    let start = Instant::now();
    let file = session.add_source("examples/digits/digits.graph", GRAPH.to_owned())?;
    let ast = session.parse(file)?;
    let module = session.elaborate(&ast, &[])?;
    let compiled = session.compile(module, NAME)?;
    let path = directory.join("digits.so");
    let header = compiled.header()?;
    let shared = session.shared_library(&compiled.library, compiled.object, "digits.so")?;
    session.time(Stage::Write, || -> Result<(), Failure> {
        let mut outputs = OutputSet::default();
        outputs.stage(&path, &shared, Access::Execute)?;
        outputs.stage(&path.with_extension("h"), header.as_bytes(), Access::Read)?;
        Ok(outputs.commit()?)
    })?;
    let needed = library::needed(&shared);
    output::print(&format!(
        "compiled digits.graph in {:.0} ms: digits.so, {:.0} kB, needs {}\n",
        start.elapsed().as_secs_f64() * 1e3,
        shared.len() as f64 / 1e3,
        if needed.is_empty() {
            "no other library".to_owned()
        } else {
            needed.join(", ")
        },
    ))?;
    Ok(path)
}

/// Trains and tests. The loss of each epoch.
fn learn(library: &Library, arguments: &Demo, session: &mut Session) -> Result<Vec<f64>, Failure> {
    let digits = Digits::load().map_err(Failure::internal)?;
    let split = digits.split(arguments.seed);
    let mut trainer = Trainer::new(library, &split, arguments.epochs, arguments.seed)?;
    output::print(&format!(
        "training on {} images in steps of {}, testing on {}\n",
        split.train.len(),
        trainer.batch(),
        split.test.len()
    ))?;
    let bar = ProgressBar::new(u64::from(arguments.epochs));
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} epochs {msg}") {
        bar.set_style(style);
    }
    let mut losses = Vec::new();
    let start = Instant::now();
    for number in 1..=arguments.epochs {
        let Epoch { loss, accuracy } = session.time(Stage::Run, || trainer.epoch())?;
        losses.push(loss);
        bar.set_message(format!("loss {loss:.4}"));
        bar.inc(1);
        let percent = accuracy * 100.0;
        let line = format!("epoch {number:3}  loss {loss:.5}  held out {percent:5.2} %\n");
        bar.suspend(|| output::print(&line))?;
    }
    bar.finish_and_clear();
    let seconds = start.elapsed().as_secs_f64();
    let (right, all) = trainer.test()?;
    output::print(&format!(
        "trained in {seconds:.2} s; {right} of {all} held-out digits are right: {:.2} %\n",
        right as f64 / all as f64 * 100.0
    ))?;
    Ok(losses)
}
