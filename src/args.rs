//! The command line, as data. What it accepts is documented in `docs/cli.md`.

use crate::report::ErrorFormat;
use crate::stage::Stage;
use crate::{Origin, origin};
use clap::{Args, Parser, Subcommand, ValueEnum};
use lgc_codegen::level::Level;
use std::path::PathBuf;

/// An ahead-of-time compiler for differentiable tensor graphs.
///
/// Turns a graph, with its derivatives, into one native library with a plain C interface.
#[derive(Debug, Parser)]
#[command(name = "lgc", version, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// What every command takes.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// The form of messages on standard error
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORM")]
    pub(crate) error_format: ErrorFormat,
    /// Print time and peak memory of each stage to standard error
    #[arg(long, global = true)]
    pub(crate) time_passes: bool,
    /// Do no more once this stage is over
    #[arg(long, global = true, value_enum, value_name = "STAGE")]
    pub(crate) stop_after: Option<Stage>,
    /// Verify graphs and kernels after every pass, and say which pass broke what
    #[arg(long, global = true)]
    pub(crate) verify: bool,
    /// How many nodes an entry may expand to [default: 2^20]
    #[arg(long, global = true, value_name = "NODES")]
    pub(crate) max_nodes: Option<u32>,
    /// Let graphs use and load files below this directory as well as below that of the main file; may
    /// be repeated
    #[arg(long, global = true, value_name = "DIR", value_parser = directory)]
    pub(crate) allow_path: Vec<PathBuf>,
}

/// The path of a directory.
fn directory(path: &str) -> Result<PathBuf, String> {
    match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => Ok(path.into()),
        Ok(_) => Err("it is no directory".to_owned()),
        Err(error) => Err(origin::explain(&error).0),
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Compile a graph to a library, an object or a header
    Compile(Compile),
    /// Print any stage of a compilation as text
    Emit(Emit),
    /// Run an entry of a graph or of a compiled library
    Run(Run),
    /// Check the laws of a graph's derivatives
    Check(Check),
    /// Tell about a graph, a compiled library, or the ops
    Info(Info),
    /// Rewrite graphs in canonical form
    Fmt(Fmt),
    /// Explain a diagnostic by its code, or list all codes
    Explain(Explain),
    /// Serve an editor: the language server protocol on standard input and output
    Lsp,
    /// Make a graph smaller while a command goes on failing on it
    Reduce(Reduce),
    /// Say what works on this machine
    Doctor,
    /// Tell about the code that is kept for later compilations
    Cache(CacheArguments),
    /// Print the manual page of lgc or of a command
    Man(Man),
    /// Print a script that completes command lines in a shell
    Completions(Completions),
    /// Compile a classifier, train it on handwritten digits, and test it
    Demo(Demo),
}

/// A graph and its dims.
#[derive(Debug, Args)]
pub(crate) struct Source {
    /// The graph; `-` reads standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: Origin,
    #[command(flatten)]
    pub(crate) dims: Dims,
}

/// Values of dims.
#[derive(Debug, Args)]
pub(crate) struct Dims {
    /// Set a dim, over its value in the file; may be repeated
    #[arg(long = "define", value_name = "DIM=VALUE", value_parser = definition)]
    pub(crate) defines: Vec<(String, u64)>,
}

fn definition(text: &str) -> Result<(String, u64), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or("write it as `DIM=VALUE`, such as `B=128`")?;
    let value = value
        .parse()
        .map_err(|_| format!("`{value}` is no extent: a natural number below 2^64"))?;
    Ok((name.to_owned(), value))
}

/// How machine code is made.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Code {
    /// What makes machine code of kernels [default: for libraries LLVM where it can be loaded, else
    /// Cranelift]
    #[arg(long, value_enum, value_name = "NAME")]
    pub(crate) backend: Option<BackendName>,
    /// The processor to make code for [default: for libraries, x86-64-v3 and v4 behind one entry]
    #[arg(long, value_name = "CPU", value_parser = cpu)]
    pub(crate) cpu: Option<Cpu>,
    /// How much LLVM does for the speed of code, from 0 to 3 [default: 3]
    #[arg(short = 'O', long = "opt-level", value_name = "N", value_parser = clap::value_parser!(u8).range(0..=3))]
    pub(crate) opt_level: Option<u8>,
    /// The file of LLVM to load [default: $LGC_LLVM, else that of a Rust toolchain]
    #[arg(long, value_name = "FILE")]
    pub(crate) llvm: Option<PathBuf>,
}

/// What code says about the text that it comes from.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(crate) struct Lines {
    /// Say which line of the graph each part of the code comes from, for debuggers and profilers
    /// (DWARF line tables)
    #[arg(short = 'g', long)]
    pub(crate) line_tables: bool,
}

/// What makes machine code of kernels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BackendName {
    /// Always there, and quick; 128-bit registers
    Cranelift,
    /// The widest registers of the processor; needs the LLVM of a Rust toolchain
    Llvm,
}

/// The processor to make code for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cpu {
    /// Any of x86-64-v3.
    V3,
    /// Any of x86-64-v4.
    V4,
    /// The best that this one is.
    Native,
}

fn cpu(name: &str) -> Result<Cpu, String> {
    if name == "native" {
        return Ok(Cpu::Native);
    }
    match name.parse() {
        Ok(Level::V3) => Ok(Cpu::V3),
        Ok(Level::V4) => Ok(Cpu::V4),
        Err(error) => Err(format!("{error}; or `native`")),
    }
}

#[derive(Debug, Args)]
pub(crate) struct Compile {
    #[command(flatten)]
    pub(crate) source: Source,
    #[command(flatten)]
    pub(crate) code: Code,
    #[command(flatten)]
    pub(crate) lines: Lines,
    /// Output, whose suffix says what it is: .so (with the header beside it), .a, .o, .h or .clif;
    /// may be repeated [default: FILE with the suffix .so, in the current directory]
    #[arg(short, long = "output", value_name = "OUT", value_parser = output)]
    pub(crate) outputs: Vec<(PathBuf, OutputKind)>,
    /// Prefix of every symbol [default: FILE without directory and suffix]
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Let each entry yield, beside its results, for each condition that is up to the inputs the smallest margin
    /// (`margins`) and how many elements violate it (`violations`), in the order in which `lgc info` lists them
    #[arg(long)]
    pub(crate) monitor: bool,
}

/// What an output file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OutputKind {
    /// A shared library, with its header beside it.
    Shared,
    /// A static archive.
    Archive,
    /// A relocatable object.
    Object,
    /// The C header.
    Header,
    /// Cranelift's intermediate form, as text.
    Clif,
}

impl OutputKind {
    const ALL: [Self; 5] = [
        Self::Shared,
        Self::Archive,
        Self::Object,
        Self::Header,
        Self::Clif,
    ];

    /// Whether it is machine code, beside which there is a header.
    pub(crate) const fn is_code(self) -> bool {
        match self {
            Self::Shared | Self::Archive | Self::Object => true,
            Self::Header | Self::Clif => false,
        }
    }

    /// The suffix that stands for it.
    pub(crate) const fn suffix(self) -> &'static str {
        match self {
            Self::Shared => "so",
            Self::Archive => "a",
            Self::Object => "o",
            Self::Header => "h",
            Self::Clif => "clif",
        }
    }
}

fn output(text: &str) -> Result<(PathBuf, OutputKind), String> {
    let path = PathBuf::from(text);
    let suffix = path.extension();
    let kind = OutputKind::ALL
        .into_iter()
        .find(|kind| suffix.is_some_and(|suffix| suffix == kind.suffix()));
    match kind {
        Some(kind) => Ok((path, kind)),
        None => Err("its suffix must say what to write: .so, .a, .o, .h or .clif".to_owned()),
    }
}

#[derive(Debug, Args)]
pub(crate) struct Emit {
    #[command(flatten)]
    pub(crate) source: Source,
    #[command(flatten)]
    pub(crate) code: Code,
    #[command(flatten)]
    pub(crate) lines: Lines,
    /// Which stage to print
    #[arg(long, value_enum, default_value_t = EmitStage::Graph)]
    pub(crate) stage: EmitStage,
    /// Only this entry
    #[arg(long, value_name = "NAME")]
    pub(crate) entry: Option<String>,
    /// Write the text to this file instead of standard output; constants of more than 64 elements
    /// go to a file beside it, with the suffix .safetensors
    #[arg(short, long, value_name = "OUT")]
    pub(crate) output: Option<PathBuf>,
}

/// A stage that can be printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum EmitStage {
    /// The entries, with calls and derivatives expanded
    Graph,
    /// The entries as drawings for Graphviz
    Dot,
    /// As `graph`; where the file asks for no derivative, each entry with its reverse mode
    Adjoint,
    /// The graph after simplification
    Opt,
    /// Loop kernels and the steps that run them
    Kernels,
    /// The same in operations that processors have
    Legal,
    /// Kernels as thread programs: tasks, loops and vectors of registers
    Threads,
    /// Cranelift's intermediate form
    Clif,
    /// LLVM's intermediate form, before its passes
    Llvm,
    /// The machine's instructions
    Asm,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The graph, `-` for standard input, or a compiled library (.so)
    #[arg(value_name = "FILE")]
    pub(crate) file: Origin,
    /// Inputs: `PATH=FILE.npy`, `PATH=NUMBER` for a scalar, or FILE.npz with arrays named as the
    /// inputs are (`x`, `p.hidden.w`)
    #[arg(value_name = "INPUT")]
    pub(crate) inputs: Vec<String>,
    #[command(flatten)]
    pub(crate) dims: Dims,
    #[command(flatten)]
    pub(crate) code: Code,
    /// The entry to run [default: the only one]
    #[arg(long, value_name = "NAME")]
    pub(crate) entry: Option<String>,
    /// Draw the inputs that are not given: from the range that is declared for them; else floats
    /// from the normal distribution, integers and truth values from {0, 1}
    #[arg(long, value_name = "SEED")]
    pub(crate) random: Option<u64>,
    /// Interpret the entry over these numbers, forward and with `--adjoint`, instead of compiling it; an op
    /// that has no value among them is named
    #[arg(
        long,
        value_enum,
        value_name = "NUMBERS",
        conflicts_with_all = ["threads", "backend", "cpu", "opt_level", "llvm"]
    )]
    pub(crate) scalar: Option<ScalarName>,
    /// Run the entry with its reverse mode: it takes the cotangent of each float result (`ct_y`), too, and
    /// yields that of each float parameter (`d_x`), as `lgc emit --stage adjoint` prints it
    #[arg(long)]
    pub(crate) adjoint: bool,
    /// With `--scalar`, print tensors of up to this many elements whole
    #[arg(long, value_name = "N", default_value_t = 64, requires = "scalar", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) elements: u64,
    /// Run large loops on this many threads, on as many as there are processors if 0; the results
    /// are the same
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(..=256))]
    pub(crate) threads: u32,
    /// Write results and updated parameters to this .npz file instead of printing a summary
    #[arg(short, long, value_name = "OUT.npz")]
    pub(crate) output: Option<PathBuf>,
    /// Tell of each condition that is up to the inputs how far from failing it is with these, where that is, and how
    /// many elements violate it; fail with exit code 3 if some do
    #[arg(long, conflicts_with = "scalar")]
    pub(crate) margins: bool,
}

/// Numbers that an entry is interpreted over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScalarName {
    /// Exact fractions; no op rounds
    Rational,
    /// The same fractions modulo a prime next to 2^61, which stay short
    Prime,
    /// Intervals that enclose the same real numbers, and those that are irrational
    Interval,
    /// Double precision, whatever the dtypes are
    F64,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) source: Source,
    #[command(flatten)]
    pub(crate) code: Code,
    /// Compare every value that compiled code keeps in memory, or all
    #[arg(
        long,
        value_name = "SCOPE",
        value_enum,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "memory"
    )]
    pub(crate) trace: Option<TraceScope>,
    /// Fail if anything is skipped, too
    #[arg(long)]
    pub(crate) strict: bool,
    /// Check what takes up to this many times as much work as by default
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) effort: u64,
    /// Instead of the laws, check the conditions at this very point: FILE.npz with arrays named as the inputs are,
    /// `PATH=FILE.npy`, or `PATH=NUMBER` for a scalar; may be given several times
    #[arg(long, value_name = "INPUT", conflicts_with_all = ["trace", "strict", "effort"])]
    pub(crate) at: Vec<String>,
    /// The entry whose conditions are checked at a point [default: the only one]
    #[arg(long, value_name = "NAME", requires = "at")]
    pub(crate) entry: Option<String>,
}

/// Which values `check --trace` compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TraceScope {
    /// Those that the compiled program keeps in memory
    Memory,
    /// All, in a version of the program that keeps them in memory
    All,
}

#[derive(Debug, Args)]
pub(crate) struct Info {
    /// A graph, `-` for standard input, or a compiled library (.so)
    #[arg(value_name = "FILE", required_unless_present = "ops")]
    pub(crate) file: Option<Origin>,
    #[command(flatten)]
    pub(crate) dims: Dims,
    /// Say of each value of a graph what becomes of it: stored, computed within kernels, merged with another, constant,
    /// or not needed
    #[arg(long, requires = "file")]
    pub(crate) map: bool,
    /// List the ops of the graph language
    #[arg(long, conflicts_with = "file")]
    pub(crate) ops: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Fmt {
    /// Graphs to rewrite in place; `-` reads standard input and writes standard output
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<Origin>,
    /// Change nothing; fail with exit code 3 if a file is not in canonical form
    #[arg(long)]
    pub(crate) check: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The code, such as E0302 [default: list all]
    #[arg(value_name = "CODE")]
    pub(crate) code: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Reduce {
    #[command(flatten)]
    pub(crate) source: Source,
    /// Where the smallest graph is written [default: beside FILE, with the suffix .reduced.graph]
    #[arg(short, long, value_name = "OUT")]
    pub(crate) output: Option<PathBuf>,
    /// Run the command no more often than this
    #[arg(long, value_name = "N", default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) tries: u32,
    /// Kill a run of the command after this time, which then counts as no failure
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) timeout: u64,
    /// What fails: a program with its arguments, among them FILE, in whose place it gets candidates
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(crate) command: Vec<std::ffi::OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct CacheArguments {
    /// Remove it
    #[arg(long)]
    pub(crate) clear: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Man {
    /// The command [default: lgc itself]
    #[arg(value_name = "COMMAND")]
    pub(crate) command: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Keep the library and its header in this directory
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,
    /// Where the loss curve is drawn
    #[arg(long, value_name = "FILE", default_value = "digits-loss.svg")]
    pub(crate) svg: PathBuf,
    /// Passes over the training images
    #[arg(long, value_name = "N", default_value_t = crate::demo::EPOCHS, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) epochs: u32,
    /// Decides the initial parameters and the order of the images
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
}
