//! The command line, as data. What it accepts is documented in `docs/cli.md`.

use crate::Origin;
use crate::report::ErrorFormat;
use clap::{Args, Parser, Subcommand, ValueEnum};

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
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print any stage of a compilation as text
    Emit(Emit),
    /// Tell about a graph, a compiled library, or the ops
    Info(Info),
    /// Rewrite graphs in canonical form
    Fmt(Fmt),
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

#[derive(Debug, Args)]
pub(crate) struct Emit {
    #[command(flatten)]
    pub(crate) source: Source,
    /// Which stage to print
    #[arg(long, value_enum, default_value_t = EmitStage::Graph)]
    pub(crate) stage: EmitStage,
    /// Only this entry
    #[arg(long, value_name = "NAME")]
    pub(crate) entry: Option<String>,
}

/// A stage that can be printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum EmitStage {
    /// The entries, with calls and derivatives expanded
    Graph,
    /// As `graph`; where the file asks for no derivative, each entry with its reverse mode
    Adjoint,
    /// The graph after simplification
    Opt,
}

#[derive(Debug, Args)]
pub(crate) struct Info {
    /// A graph, `-` for standard input, or a compiled library (.so)
    #[arg(value_name = "FILE", required_unless_present = "ops")]
    pub(crate) file: Option<Origin>,
    #[command(flatten)]
    pub(crate) dims: Dims,
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
