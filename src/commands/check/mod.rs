//! `lgc check`: the laws of a graph's derivatives, its domain, the passes over it, its compiled code,
//! and the derivatives that graphs state themselves.

mod compiled;
mod trace;

use crate::args::Check;
use crate::driver::Session;
use crate::stage::Stage;
use crate::{Failure, output};
use lgc_ir::laws::{Options, Report, StatedRule, check_graph, check_rules};

/// Checks each entry and prints what was found; fails if anything does not hold.
pub(crate) fn run(arguments: &Check, session: &mut Session) -> Result<(), Failure> {
    let (_, module) = session.load(&arguments.source.file, &arguments.source.dims.defines)?;
    let mut failed = false;
    for entry in &module.entries {
        let check = || check_graph(entry, &Options::default());
        let report = session.time(Stage::Check, check);
        let report = report.map_err(Failure::internal)?;
        output::print(&report.with_sources(session.sources()).to_string())?;
        let comparison = compiled::compare(entry, session)?;
        output::print(&format!("  compiled code         {comparison}\n"))?;
        failed |= Report::failed(&report) || comparison.failed();
        if let Some(scope) = arguments.trace {
            let trace = trace::trace(entry, scope, session)?;
            let text = trace.render(session.sources());
            output::print(&text.map_err(Failure::internal)?)?;
            failed |= trace.failed();
        }
    }
    let rules = session.time(Stage::Check, || check_rules(&module, &Options::default()));
    let rules = rules.map_err(Failure::internal)?;
    if !rules.is_empty() {
        output::print("rules that graphs state\n")?;
    }
    for StatedRule { graph, outcome } in &rules {
        output::print(&format!("  {graph:<22}{outcome}\n"))?;
        failed |= outcome.is_failure();
    }
    if failed {
        return Err(Failure::CheckFailed);
    }
    Ok(())
}
