//! What a check of a graph found.

use super::condition::{Condition, Status};
use super::domain::{Parameter, Remedy, Unmet};
use super::lints::Lint;
use super::outcome::{Law, Outcome};
use crate::rewrite::Replaced;
use crate::span::{SourceMap, Span};
use std::fmt;

/// The numbers over which the laws of a graph were checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arithmetic {
    /// Rationals, with transcendental functions as symbols. A law that could not be settled so was
    /// checked over residues, and else over enclosures.
    Exact,
    /// Residues modulo a prime, since rationals would take too long. A law that could not be settled so
    /// was checked over intervals that enclose the reals.
    Modular,
}

impl fmt::Display for Arithmetic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Arithmetic::Exact => "exact arithmetic",
            Arithmetic::Modular => "modular arithmetic",
        })
    }
}

/// What a check of one entry found.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The entry.
    pub entry: String,
    /// The numbers over which its laws were checked.
    pub arithmetic: Arithmetic,
    /// Scalar operations of one evaluation of the reverse graph.
    pub work: u64,
    /// At how many points, at most.
    pub points: usize,
    /// The outcome of each law.
    pub laws: Vec<(Law, Outcome)>,
    /// How many rows and columns of the Jacobian are compared, and how many there are, where these are more.
    pub compared: Option<([u64; 2], [u64; 2])>,
    /// Graphs whose rule is not the derivative: the laws are those of their bodies.
    pub replaced: Replaced,
    /// What no point fulfils that was drawn, if none was found.
    pub unmet: Option<Unmet>,
    /// The conditions under which the entry is defined and differentiable.
    pub conditions: Vec<Condition>,
    /// What may not be meant.
    pub lints: Vec<Lint>,
    /// For each pass of the optimiser, whether the graph means the same after it.
    pub passes: Vec<(&'static str, Outcome)>,
}

impl Report {
    /// Whether anything does not hold.
    pub fn failed(&self) -> bool {
        let laws = self.laws.iter().map(|(_, outcome)| outcome);
        let mut all = laws.chain(self.passes.iter().map(|(_, outcome)| outcome));
        all.any(Outcome::is_failure) || self.refuted().next().is_some()
    }

    /// The conditions that the declared ranges of inputs rule out.
    pub fn refuted(&self) -> impl Iterator<Item = &Condition> {
        let is_refuted = |condition: &&Condition| condition.status == Status::Refuted;
        self.conditions.iter().filter(is_refuted)
    }

    /// The conditions that are up to the inputs.
    pub fn assumed(&self) -> impl Iterator<Item = &Condition> {
        let open = |condition: &&Condition| condition.status == Status::Assumed;
        self.conditions.iter().filter(open)
    }

    /// The report with places in the source as `file:line:column`.
    pub fn with_sources<'a>(&'a self, sources: &'a SourceMap) -> impl fmt::Display + 'a {
        Rendered {
            report: self,
            sources: Some(sources),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rendered = Rendered {
            report: self,
            sources: None,
        };
        rendered.fmt(f)
    }
}

/// No more parameters are named whose range would help.
const MAX_PARAMETERS: usize = 4;

struct Rendered<'a> {
    report: &'a Report,
    sources: Option<&'a SourceMap>,
}

impl Rendered<'_> {
    fn place(&self, span: Span) -> String {
        place_of(self.sources, span)
    }

    fn condition(&self, f: &mut fmt::Formatter<'_>, condition: &Condition) -> fmt::Result {
        let text = condition.told(self.sources);
        match &condition.found {
            None => writeln!(f, "    {text}"),
            Some(found) => writeln!(f, "    FAILED: {text}, but {found}"),
        }
    }
}

impl Condition {
    /// What is needed, where, and for which derivatives, in words; with places where sources are known.
    pub fn told(&self, sources: Option<&SourceMap>) -> String {
        let Condition {
            op, requirement, ..
        } = self;
        let inside = match &self.body {
            Some(name) => format!(", in the body of `{name}`"),
            None => String::new(),
        };
        let kind = if self.singular {
            "is undefined unless"
        } else {
            "is differentiable where"
        };
        let place = place_of(sources, self.span);
        let asked = derivatives(sources, &self.derivatives);
        format!("{place}`{op}` {kind} {requirement}{inside}{asked}")
    }
}

/// A place as `file:line:column: `, where its source is known.
fn place_of(sources: Option<&SourceMap>, span: Span) -> String {
    match sources.and_then(|sources| sources.location(span)) {
        Some((file, at)) => format!("{file}:{}:{}: ", at.line, at.column),
        None => String::new(),
    }
}

/// Which derivatives ask for a condition, where that is known.
fn derivatives(sources: Option<&SourceMap>, at: &[Span]) -> String {
    let places = at.iter().map(|at| place_of(sources, *at));
    let places = places.map(|place| place.trim_end_matches(": ").to_string());
    let places: Vec<String> = places.filter(|place| !place.is_empty()).collect();
    match places.as_slice() {
        [] => String::new(),
        [place] => format!(", for the derivative at {place}"),
        [first, second] => format!(", for the derivatives at {first} and {second}"),
        [first, others @ ..] => {
            format!(", for the derivatives at {first} and {} more", others.len())
        }
    }
}

impl Rendered<'_> {
    /// What keeps points from being found, and what would help.
    fn unmet(&self, f: &mut fmt::Formatter<'_>, unmet: &Unmet) -> fmt::Result {
        let place = self.place(unmet.span);
        writeln!(f, "    note: {place}no point was found where {unmet}")?;
        let Some(remedy) = &unmet.remedy else {
            return self.no_remedy(f, &unmet.parameters);
        };
        let Remedy { parameters, range } = remedy.as_ref();
        let (low, high) = range;
        for parameter in parameters.iter().take(MAX_PARAMETERS) {
            let place = self.place(parameter.span);
            let declaration = self.declaration(parameter);
            writeln!(
                f,
                "    help: {place}with `{declaration} in [{low}, {high}]` points are found"
            )?;
        }
        match parameters.len().checked_sub(MAX_PARAMETERS) {
            None | Some(0) => Ok(()),
            Some(more) => writeln!(f, "    … and the same of {more} more"),
        }
    }

    fn no_remedy(&self, f: &mut fmt::Formatter<'_>, parameters: &[Parameter]) -> fmt::Result {
        if parameters.is_empty() {
            return Ok(());
        }
        let names = parameters.iter().take(MAX_PARAMETERS);
        let names = names.map(|parameter| format!("`{}`", self.declaration(parameter)));
        let more = match parameters.len().checked_sub(MAX_PARAMETERS) {
            None | Some(0) => String::new(),
            Some(more) => format!(" and {more} more"),
        };
        let names = names.collect::<Vec<_>>().join(", ");
        writeln!(
            f,
            "    help: declare where it is met, if anywhere, of {names}{more}; no simple range was found to help"
        )
    }

    /// The parameter as it is declared, where its source is known.
    fn declaration(&self, parameter: &Parameter) -> String {
        let text = self.sources.map(|sources| sources.text(parameter.span));
        match text.filter(|text| !text.is_empty()) {
            Some(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
            None => parameter.name.clone(),
        }
    }
}

impl fmt::Display for Rendered<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = self.report;
        let (points, arithmetic) = (report.points, report.arithmetic);
        let plural = if points == 1 { "" } else { "s" };
        let entry = &report.entry;
        writeln!(
            f,
            "{entry}: {arithmetic}, at most {points} random point{plural}"
        )?;
        writeln!(f, "  laws")?;
        for (law, outcome) in &report.laws {
            write!(f, "    {:<22}{}: {outcome}", law.name(), law.statement())?;
            match report.compared {
                Some(([rows, columns], [all, others]))
                    if *law == Law::Jacobian && !outcome.is_skipped() =>
                {
                    let of = format!("{rows} of {all} rows and {columns} of {others} columns");
                    writeln!(f, ", in {of}")?;
                }
                Some(_) | None => writeln!(f)?,
            }
        }
        for name in &report.replaced.surrogates {
            let what = "has a surrogate rule, which is no derivative: its body counts here";
            writeln!(f, "    note: `{name}` {what}")?;
        }
        for name in &report.replaced.integers {
            let what = "has a rule for integers, which have no derivative: its body counts here";
            writeln!(f, "    note: `{name}` {what}")?;
        }
        if let Some(unmet) = &report.unmet {
            self.unmet(f, unmet)?;
        }
        if report.passes.is_empty() {
            return Ok(());
        }
        writeln!(f, "  passes")?;
        for (pass, outcome) in &report.passes {
            writeln!(f, "    {pass:<22}{outcome}")?;
        }
        let (assumed, refuted) = (report.assumed().count(), report.refuted().count());
        let discharged = report.conditions.len() - assumed - refuted;
        write!(
            f,
            "  conditions: {discharged} hold for all inputs, {assumed} assumed"
        )?;
        match refuted {
            0 => writeln!(f)?,
            _ => writeln!(f, ", {refuted} fail")?,
        }
        for condition in report.refuted().chain(report.assumed()) {
            self.condition(f, condition)?;
        }
        for Lint { what, span, body } in &report.lints {
            let place = self.place(*span);
            let inside = match body {
                Some(name) => format!(", in the body of `{name}`"),
                None => String::new(),
            };
            writeln!(f, "  lint: {place}{what}{inside}")?;
        }
        Ok(())
    }
}
