//! `lgc check`: the laws of a graph's derivatives, its domain, the passes over it, its compiled code,
//! and the derivatives that graphs state themselves.

mod compiled;
mod trace;

use crate::args::Check;
use crate::driver::Session;
use crate::stage::Stage;
use crate::{Failure, output};
use lgc_ir::laws::{Options, Outcome, Report, StatedRule, check_graph, check_rules};
use std::fmt;

/// How many laws and passes had which outcome.
#[derive(Default)]
struct Tally {
    proved: usize,
    constructed: usize,
    agreed: usize,
    skipped: usize,
    failed: usize,
}

impl Tally {
    fn add(&mut self, outcome: &Outcome) {
        *match outcome {
            Outcome::Proved => &mut self.proved,
            Outcome::ByConstruction => &mut self.constructed,
            Outcome::Agreed(_) | Outcome::Congruent(_) => &mut self.agreed,
            Outcome::Skipped(_) => &mut self.skipped,
            Outcome::Failed(_) => &mut self.failed,
        } += 1;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally {
            proved,
            constructed,
            agreed,
            skipped,
            failed,
        } = self;
        write!(
            f,
            "laws and passes: {proved} proved, {constructed} by construction, {agreed} agreed, \
             {skipped} skipped, {failed} failed"
        )
    }
}

/// Checks each entry and prints what was found; fails if anything does not hold.
pub(crate) fn run(arguments: &Check, session: &mut Session) -> Result<(), Failure> {
    let (_, module) = session.load(&arguments.source.file, &arguments.source.dims.defines)?;
    let (effort, mut tally) = (arguments.effort, Tally::default());
    let options = Options::with_effort(effort);
    let mut failed = false;
    for entry in &module.entries {
        let check = || check_graph(entry, &options);
        let report = session.time(Stage::Check, check);
        let report = report.map_err(Failure::internal)?;
        output::print(&report.with_sources(session.sources()).to_string())?;
        let outcomes = report.laws.iter().map(|(_, outcome)| outcome);
        let passes = report.passes.iter().map(|(_, outcome)| outcome);
        outcomes
            .chain(passes)
            .for_each(|outcome| tally.add(outcome));
        let comparison = compiled::compare(entry, effort, session)?;
        output::print(&format!("  compiled code         {comparison}\n"))?;
        failed |= Report::failed(&report) || comparison.failed();
        if let Some(scope) = arguments.trace {
            let trace = trace::trace(entry, (scope, effort), session)?;
            let text = trace.render(session.sources());
            output::print(&text.map_err(Failure::internal)?)?;
            failed |= trace.failed();
        }
    }
    let rules = session.time(Stage::Check, || check_rules(&module, &options));
    let rules = rules.map_err(Failure::internal)?;
    if !rules.is_empty() {
        output::print("rules that graphs state\n")?;
    }
    for StatedRule { graph, outcome } in &rules {
        output::print(&format!("  {graph:<22}{outcome}\n"))?;
        failed |= outcome.is_failure();
        tally.add(outcome);
    }
    output::print(&format!("{tally}\n"))?;
    if failed {
        return Err(Failure::CheckFailed);
    }
    Ok(())
}
