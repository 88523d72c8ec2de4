//! `lgc check`: the laws of a graph's derivatives, its domain, the passes over it, its compiled code,
//! and the derivatives that graphs state themselves.

mod comparison;
mod compiled;
mod observed;
mod samples;
mod smaller;
mod tally;
mod trace;

use super::margins::Margins;
use super::run::Point;
use crate::args::Check;
use crate::driver::{Session, Use};
use crate::lowered::Lowered;
use crate::node_map::{Census, map_of};
use crate::stage::Stage;
use crate::{Failure, output};
use comparison::Comparison;
use indicatif::{ProgressBar, ProgressStyle};
use lgc_ir::laws::{
    Law, Options, Report, StatedRule, check_derivatives, check_graph, check_rules, conditions,
    lints,
};
use lgc_ir::module::{Differentiated, Entry, Module};
use lgc_ir::rewrite::passes;
use smaller::Smaller;
use tally::Tally;

/// Checks each entry and prints what was found, how much of it was checked first; fails if anything does not
/// hold, or is skipped where nothing may be.
pub(crate) fn run(arguments: &Check, session: &mut Session) -> Result<(), Failure> {
    if !arguments.at.is_empty() {
        return at_point(arguments, session);
    }
    let defines = &arguments.source.dims.defines;
    session.make_code(&arguments.code, Use::Here)?;
    let (ast, module) = session.load(&arguments.source.file, defines)?;
    let options = Options::with_effort(arguments.effort);
    let smaller = Smaller::of(&ast, &module, defines, &options, session);
    let mut check = Checking {
        arguments,
        options,
        session,
        tally: Tally::default(),
        text: String::new(),
        failed: false,
        bar: progress(&module),
    };
    check.whole(&module, smaller.as_ref())?;
    check.bar.finish_and_clear();
    let Checking {
        tally,
        text,
        failed,
        ..
    } = check;
    output::print(&format!("{tally}\n{text}"))?;
    if failed || tally.failed > 0 {
        return Err(Failure::CheckFailed);
    }
    if arguments.strict && tally.skipped > 0 {
        output::remark(&format!(
            "{} skipped, which `--strict` forbids",
            tally.skipped
        ));
        return Err(Failure::CheckFailed);
    }
    Ok(())
}

/// Checks the conditions of an entry at a point.
fn at_point(arguments: &Check, session: &mut Session) -> Result<(), Failure> {
    session.make_code(&arguments.code, Use::Here)?;
    let point = Point {
        file: &arguments.source.file,
        defines: &arguments.source.dims.defines,
        entry: arguments.entry.as_deref(),
        adjoint: false,
        inputs: &arguments.at,
        random: None,
        threads: 1,
    };
    let (mut leaves, mut tensors, measured) = point.run(true, session)?;
    let measured = measured.ok_or_else(|| Failure::internal("margins were not measured"))?;
    let margins = Margins::taken(&measured, &mut leaves, &mut tensors)?;
    margins.report(session.sources())
}

/// A bar on standard error with a step for each law, each pass and compiled code; none where nobody looks.
fn progress(module: &Module) -> ProgressBar {
    let of_entry = Law::ALL.len() + passes().count() + 1;
    let derived = differentiated(module).count();
    let steps = module.entries.len() * of_entry + derived * Law::ALL.len() + 1;
    let bar = ProgressBar::new(steps as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} {msg}") {
        bar.set_style(style);
    }
    bar
}

/// What derivatives are taken of that is no entry.
fn differentiated(module: &Module) -> impl Iterator<Item = &Differentiated> {
    let is_entry = |name: &str| module.entries.iter().any(|entry| entry.name == name);
    let all = module.differentiated.iter();
    all.filter(move |graph| !is_entry(&graph.name))
}

/// A check under way.
struct Checking<'a> {
    arguments: &'a Check,
    options: Options,
    session: &'a mut Session,
    tally: Tally,
    text: String,
    failed: bool,
    bar: ProgressBar,
}

impl Checking<'_> {
    fn whole(&mut self, module: &Module, smaller: Option<&Smaller>) -> Result<(), Failure> {
        if let Some(smaller) = smaller {
            let dims = smaller.describe();
            self.text += &format!("laws and passes are checked {dims}\n");
        }
        let small = smaller.map_or(module, |smaller| &smaller.module);
        for entry in &module.entries {
            let same = small.entries.iter().find(|other| other.name == entry.name);
            self.entry(entry, same.unwrap_or(entry))?;
        }
        for graph in differentiated(small) {
            self.differentiated(graph)?;
        }
        self.rules(small)
    }

    /// An entry; its laws and passes on the same with smaller dims.
    fn entry(&mut self, entry: &Entry, small: &Entry) -> Result<(), Failure> {
        let (options, bar) = (self.options, self.bar.clone());
        let watch = &mut |what: &'static str| {
            bar.set_message(format!("{}: {what}", entry.name));
            bar.inc(1);
        };
        let report = self
            .session
            .time(Stage::Check, || check_graph(small, &options, watch));
        let mut report = report.map_err(Failure::internal)?;
        if !std::ptr::eq(entry, small) {
            // With fewer rows, the range that is declared of indices would be out of range.
            report.conditions = conditions(entry).map_err(Failure::internal)?;
            report.lints = lints(entry).map_err(Failure::internal)?;
        }
        self.report(&report);
        self.bar
            .set_message(format!("{}: compiled code", entry.name));
        self.bar.inc(1);
        let effort = self.arguments.effort;
        let mut comparison = compiled::compare(entry, effort, self.session)?;
        let mut dims = "";
        if matches!(comparison, Comparison::TooLarge(_)) && !std::ptr::eq(entry, small) {
            comparison = compiled::compare(small, effort, self.session)?;
            dims = ", with smaller dims";
        }
        self.tally.compare(&comparison);
        self.text += &format!("  compiled code         {comparison}{dims}\n");
        let lowered = Lowered::of(entry, self.session)?;
        let census = Census::of(&map_of(entry, &lowered.standing, &|_| String::new()));
        if !census.add_up(&entry.graph) {
            return Err(Failure::internal(
                "values are neither inputs nor results of ops",
            ));
        }
        self.text += &format!("  values                {census}\n");
        if let Some(scope) = self.arguments.trace {
            let trace = trace::trace(entry, (scope, effort), self.session)?;
            let text = trace.render(self.session.sources());
            self.text += &text.map_err(Failure::internal)?;
            self.failed |= trace.failed();
            self.tally.skipped += usize::from(trace.is_skipped());
        }
        Ok(())
    }

    /// What a derivative is taken of: a rule that is wrong shows in its laws, and not in those of what the
    /// rule has become a part of.
    fn differentiated(&mut self, graph: &Differentiated) -> Result<(), Failure> {
        let (options, bar) = (self.options, self.bar.clone());
        let watch = &mut |what: &'static str| {
            bar.set_message(format!("{}: {what}", graph.name));
            bar.inc(1);
        };
        let name = format!("{}, of which a derivative is taken", graph.name);
        let check = || check_derivatives(&name, &graph.graph, &options, watch);
        let report = self.session.time(Stage::Check, check);
        self.report(&report.map_err(Failure::internal)?);
        Ok(())
    }

    fn report(&mut self, report: &Report) {
        self.text += &report.with_sources(self.session.sources()).to_string();
        let laws = report.laws.iter().map(|(_, outcome)| outcome);
        let passes = report.passes.iter().map(|(_, outcome)| outcome);
        laws.chain(passes)
            .for_each(|outcome| self.tally.add(outcome));
        self.tally.failed += report.refuted().count();
    }

    /// The rules that graphs state.
    fn rules(&mut self, module: &Module) -> Result<(), Failure> {
        self.bar.set_message("rules that graphs state");
        self.bar.inc(1);
        let options = self.options;
        let rules = self
            .session
            .time(Stage::Check, || check_rules(module, &options));
        let rules = rules.map_err(Failure::internal)?;
        if !rules.is_empty() {
            self.text += "rules that graphs state\n";
        }
        for rule in &rules {
            let StatedRule { graph, outcome, .. } = rule;
            self.text += &format!("  {graph:<22}{rule}\n");
            self.tally.add(outcome);
        }
        Ok(())
    }
}
