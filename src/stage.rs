//! The stages of a run, and what each of them costs.

use clap::ValueEnum;
use clap::builder::PossibleValue;
use std::cell::Cell;
use std::fmt::Write;
use std::fs;
use std::time::{Duration, Instant};

macro_rules! stages {
    ($($(#[doc = $doc:literal])+ $stage:ident $name:literal;)+) => {
        /// A part of the work, in the order in which a compilation comes to them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Stage {
            $($(#[doc = $doc])+ $stage,)+
        }

        impl Stage {
            /// Every stage.
            pub const ALL: &'static [Self] = &[$(Self::$stage,)+];

            /// What it does.
            const fn help(self) -> &'static str {
                match self { $(Self::$stage => concat!($($doc),+),)+ }
            }

            /// The name that messages and tables show.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$stage => $name,)+ }
            }
        }
    };
}

stages! {
    /// Reading sources and data.
    Read "read";
    /// Text to syntax tree.
    Parse "parse";
    /// Syntax tree to graphs, derivatives included.
    Elaborate "elaborate";
    /// Graphs to smaller graphs.
    Simplify "simplify";
    /// Graphs to kernels.
    Lower "lower";
    /// Kernels to what the machine has.
    Legalise "legalise";
    /// Checking what the stages made.
    Verify "verify";
    /// Kernels to machine code.
    Generate "generate";
    /// Objects to a library.
    Link "link";
    /// Any stage's result to text.
    Print "print";
    /// Checking laws and passes.
    Check "check";
    /// Running entries.
    Run "run";
    /// Writing outputs.
    Write "write";
}

impl ValueEnum for Stage {
    fn value_variants<'a>() -> &'a [Self] {
        Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = self.help().trim().trim_end_matches('.');
        Some(PossibleValue::new(self.name()).help(help))
    }
}

thread_local! {
    static CURRENT: Cell<Option<Stage>> = const { Cell::new(None) };
}

/// The stage that this thread is in.
pub(crate) fn current() -> Option<Stage> {
    CURRENT.get()
}

/// What a stage cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// The stage.
    pub stage: Stage,
    /// Wall time.
    pub time: Duration,
    /// The most bytes of memory that the process has had resident until the stage's end; 0 where
    /// the system does not say.
    pub peak_bytes: u64,
}

/// Measures stages.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    costs: Vec<Cost>,
}

impl Clock {
    /// Does the work and records what it cost. A stage that is entered again adds to its record.
    pub fn time<T>(&mut self, stage: Stage, work: impl FnOnce() -> T) -> T {
        let (outer, start) = (CURRENT.replace(Some(stage)), Instant::now());
        let result = work();
        CURRENT.set(outer);
        self.record(stage, start.elapsed());
        result
    }

    fn record(&mut self, stage: Stage, time: Duration) {
        let peak_bytes = peak_bytes().unwrap_or(0);
        match self.costs.iter_mut().find(|cost| cost.stage == stage) {
            Some(cost) => {
                cost.time += time;
                cost.peak_bytes = peak_bytes;
            }
            None => self.costs.push(Cost {
                stage,
                time,
                peak_bytes,
            }),
        }
    }

    /// The costs of all stages that ran, in the order in which they were first entered.
    #[must_use]
    pub fn costs(&self) -> &[Cost] {
        &self.costs
    }

    /// The costs as a table for people.
    #[must_use]
    pub fn table(&self) -> String {
        let mut table = format!("{:<10} {:>11} {:>12}\n", "stage", "time", "peak memory");
        for cost in &self.costs {
            table.push_str(&row(cost.stage.name(), cost.time, cost.peak_bytes));
        }
        let total = self.costs.iter().map(|cost| cost.time).sum();
        let peak = self.costs.iter().map(|cost| cost.peak_bytes).max();
        table.push_str(&row("total", total, peak.unwrap_or(0)));
        table
    }
}

fn row(name: &str, time: Duration, peak_bytes: u64) -> String {
    let mut row = String::new();
    let (milliseconds, megabytes) = (time.as_secs_f64() * 1e3, peak_bytes as f64 / 1e6);
    // Writing to a string does not fail.
    let _ = writeln!(row, "{name:<10} {milliseconds:>8.2} ms {megabytes:>9.1} MB");
    row
}

/// The largest resident set so far, as Linux counts it.
fn peak_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_recorded_once_each_in_order() {
        let mut clock = Clock::default();
        let inside = clock.time(Stage::Parse, current);
        clock.time(Stage::Lower, || {
            std::thread::sleep(Duration::from_millis(2))
        });
        clock.time(Stage::Parse, || ());
        assert_eq!((inside, current()), (Some(Stage::Parse), None));
        let stages: Vec<Stage> = clock.costs().iter().map(|cost| cost.stage).collect();
        assert_eq!(stages, [Stage::Parse, Stage::Lower]);
        assert!(clock.costs()[1].time >= Duration::from_millis(2));
        assert_eq!(clock.table().lines().count(), 4);
    }
}
