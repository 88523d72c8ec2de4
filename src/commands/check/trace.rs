//! Every value that compiled code computes, against the enclosure of what rounding may yield.
//!
//! Fusion leaves only some values of a graph in memory. Those are compared where they are: the compiled
//! program runs with copies between its steps, kernels and workspace as they are shipped, and what it
//! left in each buffer is compared with the enclosure by what it computed before. The others, which live within kernels,
//! are named; a version of the program that stores them can be compared as well, but it is another one,
//! since what is stored is not fused.

use super::compiled::{Execution, MAX_OPERATIONS, execute, inside};
use super::observed::enclose;
use super::samples::Samples;
use crate::Failure;
use crate::args::TraceScope;
use crate::driver::Session;
use crate::lowered::{Lowered, is_leaf};
use crate::stage::Stage;
use lgc_codegen::kernel::BufferId;
use lgc_ir::graph::{Graph, NodeId, Value};
use lgc_ir::interpret::{InterpretError, Tensor};
use lgc_ir::laws::work;
use lgc_ir::module::Entry;
use lgc_ir::scalar::Interval;
use lgc_ir::shape::Type;
use lgc_ir::span::{SourceMap, Span};
use std::collections::HashMap;
use std::fmt::{self, Write as _};

/// No more lines than this are printed for an entry.
const MAX_LINES: usize = 200;

/// What was found of a value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Finding {
    /// It lies in its enclosure: how many elements, and how many of them that decides.
    Inside { elements: usize, decided: usize },
    /// It does not, and which element.
    Outside(String),
    /// No buffer holds it.
    WithinKernels,
    /// Nothing needs it once the graph is simplified.
    NotNeeded,
}

/// A value of the graph.
pub(super) struct Traced {
    span: Span,
    name: String,
    ty: Type,
    finding: Finding,
}

/// The values of an entry.
pub(super) enum Trace {
    /// In the order of the graph.
    Values {
        scope: TraceScope,
        values: Vec<Traced>,
    },
    /// There is nothing to compare, and why.
    Skipped(String),
}

/// Compiles and runs an entry, and compares its values with their enclosures.
pub(super) fn trace(
    entry: &Entry,
    (scope, effort): (TraceScope, u64),
    session: &mut Session,
) -> Result<Trace, Failure> {
    let operations = work(&entry.graph).map_err(Failure::internal)?;
    if operations > MAX_OPERATIONS.saturating_mul(effort) {
        let why = format!("{operations} scalar operations are too many without `--effort`");
        return Ok(Trace::Skipped(why));
    }
    let compiled = match scope {
        TraceScope::Memory => Lowered::of(entry, session)?,
        TraceScope::All => Lowered::exposed(entry, session)?,
    };
    trace_program(entry, scope, &compiled, session)
}

fn trace_program(
    entry: &Entry,
    scope: TraceScope,
    compiled: &Lowered,
    session: &mut Session,
) -> Result<Trace, Failure> {
    let buffers: Vec<BufferId> = compiled.buffers.iter().map(|(_, buffer)| *buffer).collect();
    let observed = compiled.program.observed(&buffers);
    let value = |node: &NodeId| Value {
        node: *node,
        result: 0,
    };
    // What is exposed comes first among the outputs beyond the entry's.
    let exposed = compiled.graph().outputs()[entry.graph.outputs().len()..].iter();
    let exposed: Vec<Type> = exposed
        .map(|o| compiled.graph().ty(o.value).clone())
        .collect();
    let nodes = compiled.buffers.iter().map(|(node, _)| node);
    let types = nodes.map(|node| compiled.graph().ty(value(node)).clone());
    let types: Vec<Type> = exposed.iter().cloned().chain(types).collect();
    let samples = Samples::of(&entry.graph, 1, 1)?;
    let inputs = samples.inputs(0, |_, x| x);
    let Execution { status, extra, .. } = execute(entry, &observed, &types, &inputs, session)?;
    let inputs = samples.inputs(0, Interval::point);
    let nodes = compiled.buffers.iter().map(|(node, _)| *node);
    let places: HashMap<NodeId, usize> = nodes.zip(0..).collect();
    let held = &extra[exposed.len()..];
    let within = |graph: &Graph, node: &dyn Fn(Value) -> Option<NodeId>| {
        let place = |value| places.get(&node(value)?).copied();
        let mut findings = Findings::new();
        let seen = &mut |value: Value, enclosure: &Tensor<Interval>, (_, bytes): (usize, &[u8])| {
            findings.insert(value, finding(enclosure, bytes));
        };
        enclose(graph, &inputs, (&place, held), seen)?;
        Ok::<_, InterpretError>(findings)
    };
    let whole = session.time(Stage::Check, || {
        within(&entry.graph, &|value| compiled.node(value))
    });
    let whole = match whole {
        Ok(whole) if status == 0 => whole,
        Ok(_) | Err(InterpretError::IndexOutOfRange { .. }) => {
            return Ok(Trace::Skipped(format!("the entry returns status {status}")));
        }
        Err(error) => return Err(Failure::internal(error)),
    };
    let lowered = session.time(Stage::Check, || {
        within(compiled.graph(), &|value| Some(value.node))
    });
    let lowered = lowered.map_err(Failure::internal)?;
    let values = compared(entry, compiled, &whole, &lowered);
    Ok(Trace::Values { scope, values })
}

/// What was found of the values of a graph that are stored.
type Findings = HashMap<Value, Finding>;

fn finding(enclosure: &Tensor<Interval>, bytes: &[u8]) -> Finding {
    match inside(enclosure, bytes) {
        Ok(decided) => Finding::Inside {
            elements: enclosure.ty.elements() as usize,
            decided,
        },
        Err(what) => Finding::Outside(what),
    }
}

/// The values of the entry's graph, then those that only the lowered graph has.
fn compared(
    entry: &Entry,
    compiled: &Lowered,
    whole: &Findings,
    lowered: &Findings,
) -> Vec<Traced> {
    let (graph, mut known) = (&entry.graph, std::collections::HashSet::new());
    let (live, mut values) = (graph.live(), Vec::new());
    let needed = graph
        .nodes()
        .filter(|node| live[node.index()] && !is_leaf(graph, *node));
    for value in needed.flat_map(|node| graph.results(node)) {
        let finding = match compiled.node(value) {
            None => Finding::NotNeeded,
            Some(node) if is_leaf(compiled.graph(), node) => Finding::NotNeeded,
            Some(node) => {
                known.insert(node);
                let stored = whole.get(&value).cloned();
                stored.unwrap_or(Finding::WithinKernels)
            }
        };
        values.push(traced(graph, value, finding));
    }
    for (node, _) in compiled
        .buffers
        .iter()
        .filter(|(node, _)| !known.contains(node))
    {
        let value = Value {
            node: *node,
            result: 0,
        };
        let unseen = || Finding::Outside("it has no enclosure".into());
        let finding = lowered.get(&value).cloned().unwrap_or_else(unseen);
        values.push(traced(compiled.graph(), value, finding));
    }
    values
}

fn traced(graph: &Graph, value: Value, finding: Finding) -> Traced {
    let op = graph.op(value.node).spec().name;
    let name = match graph.name(value.node) {
        Some(name) => format!("{name} = {op}"),
        None => op.to_string(),
    };
    Traced {
        span: graph.span(value.node),
        name,
        ty: graph.ty(value).clone(),
        finding,
    }
}

impl Traced {
    fn describe(&self, sources: &SourceMap) -> String {
        let place = match sources.location(self.span) {
            Some((file, at)) => format!("{file}:{}:{}: ", at.line, at.column),
            None => String::new(),
        };
        format!("{place}{}: {}", self.name, self.ty)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Finding::Inside { elements, decided } if elements == decided => f.write_str("inside"),
            Finding::Inside { elements, decided } => {
                write!(f, "inside, {decided} of {elements} elements enclosed")
            }
            Finding::Outside(what) => write!(f, "FAILED: {what}"),
            Finding::WithinKernels => f.write_str("within kernels"),
            Finding::NotNeeded => f.write_str("not needed"),
        }
    }
}

impl Trace {
    fn values(&self) -> &[Traced] {
        match self {
            Trace::Values { values, .. } => values,
            Trace::Skipped(_) => &[],
        }
    }

    /// The first value that compiled code computes wrongly.
    fn first_wrong(&self) -> Option<&Traced> {
        let wrong = |value: &&Traced| matches!(value.finding, Finding::Outside(_));
        self.values().iter().find(wrong)
    }

    /// Whether compiled code computes a value wrongly.
    pub(super) fn failed(&self) -> bool {
        self.first_wrong().is_some()
    }

    /// Whether nothing was compared.
    pub(super) fn is_skipped(&self) -> bool {
        matches!(self, Trace::Skipped(_))
    }

    /// The lines of a report.
    pub(super) fn render(&self, sources: &SourceMap) -> Result<String, fmt::Error> {
        let mut text = String::new();
        let (scope, values) = match self {
            Trace::Skipped(why) => return Ok(format!("  trace                 skipped: {why}\n")),
            Trace::Values { scope, values } => (scope, values),
        };
        let count = |test: &dyn Fn(&Finding) -> bool| {
            let findings = values.iter().map(|value| &value.finding);
            findings.filter(|finding| test(finding)).count()
        };
        let inside = count(&|f| matches!(f, Finding::Inside { .. }));
        let outside = count(&|f| matches!(f, Finding::Outside(_)));
        let within = count(&|f| *f == Finding::WithinKernels);
        let not_needed = count(&|f| *f == Finding::NotNeeded);
        match self.first_wrong() {
            None => write!(text, "  trace                 agreed: ")?,
            Some(first) => {
                let first = first.describe(sources);
                write!(text, "  trace                 failed, first at {first}: ")?;
            }
        }
        let stored = inside + outside;
        writeln!(
            text,
            "{inside} of {stored} values in memory inside, {within} within kernels, {not_needed} not needed"
        )?;
        if *scope == TraceScope::All {
            let note =
                "what is stored is not fused, so that this is not the program that is compiled";
            writeln!(text, "    note: {note}")?;
        }
        for value in values.iter().take(MAX_LINES) {
            let what = value.describe(sources);
            writeln!(text, "    {what}: {}", value.finding)?;
        }
        if let Some(more) = values.len().checked_sub(MAX_LINES).filter(|more| *more > 0) {
            writeln!(text, "    … and {more} more")?;
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lgc_ir::diag::Diagnostics;
    use lgc_ir::lang::{Options, elaborate, parse};

    const TEXT: &str = "\
entry f(x: f32[4, 3], w: f32[3, 3], inout s: f32[4, 3]) -> (y: f32[4, 3]) {
    h = x @ w
    k = exp(h) * 2
    y = k @ w
    s' = s + y
}
";

    fn entry() -> Entry {
        let (mut sources, mut diagnostics) = (SourceMap::new(), Diagnostics::new());
        let file = sources.add("f.graph", TEXT).unwrap();
        let ast = parse(file, TEXT, &mut diagnostics);
        let module = elaborate(&ast, &Options::default(), &mut diagnostics);
        assert!(diagnostics.is_empty(), "{}", diagnostics.plain(&sources));
        module.entries.into_iter().next().unwrap()
    }

    fn findings(trace: &Trace) -> Vec<(&str, bool)> {
        let inside = |value: &Traced| matches!(value.finding, Finding::Inside { .. });
        let values = trace.values().iter();
        values
            .map(|value| (value.name.as_str(), inside(value)))
            .collect()
    }

    #[test]
    fn values_are_compared_where_they_are() {
        let (entry, mut session) = (entry(), Session::new());
        let memory = trace(&entry, (TraceScope::Memory, 1), &mut session).unwrap();
        assert!(!memory.failed());
        let stored = [
            ("h = dot_general", false),
            ("exp", false),
            ("k = mul", true),
            ("y = dot_general", true),
            ("add", true),
        ];
        assert_eq!(findings(&memory), stored);
        let all = trace(&entry, (TraceScope::All, 1), &mut session).unwrap();
        assert!(!all.failed() && findings(&all).iter().all(|(_, inside)| *inside));
    }

    #[test]
    fn the_first_wrong_value_is_found() {
        let (entry, mut session) = (entry(), Session::new());
        for (scope, right, wrong, first) in [
            (TraceScope::Memory, " = exp ", " = tanh ", "k = mul"),
            (TraceScope::All, " = exp ", " = tanh ", "exp"),
            (TraceScope::Memory, " = add ", " = mul ", "add"),
        ] {
            let lowered = match scope {
                TraceScope::Memory => Lowered::of(&entry, &mut session),
                TraceScope::All => Lowered::exposed(&entry, &mut session),
            };
            let mut compiled = lowered.unwrap();
            let text = compiled.program.to_string();
            assert!(text.contains(right), "{text}");
            compiled.program = text.replace(right, wrong).parse().unwrap();
            let trace = trace_program(&entry, scope, &compiled, &mut session).unwrap();
            assert_eq!(trace.first_wrong().unwrap().name, first);
            let report = trace.render(&SourceMap::new()).unwrap();
            assert!(
                report.contains(&format!("failed, first at {first}")),
                "{report}"
            );
        }
    }

    #[test]
    fn a_buffer_that_is_never_written_is_found() {
        let (entry, mut session) = (entry(), Session::new());
        let mut compiled = Lowered::of(&entry, &mut session).unwrap();
        compiled.program.steps.remove(0);
        let trace = trace_program(&entry, TraceScope::Memory, &compiled, &mut session).unwrap();
        assert_eq!(trace.first_wrong().unwrap().name, "k = mul");
    }
}
