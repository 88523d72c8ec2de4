//! The op reference, written from the op table.

use crate::dtype::DType;
use crate::expr::{Class, Rule};
use crate::graph::{Graph, NodeId};
use crate::lang::example;
use crate::laws::{Law, LawError, Outcome, describe_guard, laws_of};
use crate::op::{AttrValue, Family, Op, SPECS, Spec};
use crate::scalar::Exact;
use crate::shape::Type;
use std::fmt::Write as _;

/// Why the reference cannot be written.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ReferenceError {
    /// An example does not elaborate; the diagnostics as text.
    #[error("an example of `{op}` is wrong: {message}")]
    Example {
        /// The op.
        op: &'static str,
        /// What is wrong with it.
        message: String,
    },
    /// A law cannot be stated for an example.
    #[error(transparent)]
    Law(#[from] LawError),
}

/// How many points the laws of each example are checked at.
const POINTS: usize = 3;

/// The reference of every op, as Markdown: what it computes, its attributes, its rule and partial
/// derivatives as traced, the conditions it is under, and what its laws came to.
///
/// # Errors
/// An example of an op is wrong.
pub fn reference() -> Result<String, ReferenceError> {
    let mut text = String::from(
        "# Op reference\n\n\
         Written from the op table by `cargo run -p lgc-ir --example op-reference`; a test fails \
         when this file is out of date.\n",
    );
    let mut heading = "";
    for spec in SPECS {
        let section = Section::of(spec)?;
        if section.family != heading {
            heading = section.family;
            // Writing to a String cannot fail.
            let _ = write!(text, "\n## {heading}\n");
        }
        section.write(&mut text);
    }
    Ok(text)
}

/// What is known of one op.
struct Section<'a> {
    spec: &'a Spec,
    family: &'static str,
    /// The op of the first example, where there is one.
    op: Option<Op>,
    /// What the first operand may be of, with the others of its dtype.
    dtypes: Vec<DType>,
    laws: Vec<(Law, Outcome)>,
}

impl<'a> Section<'a> {
    fn of(spec: &'a Spec) -> Result<Self, ReferenceError> {
        let (mut op, mut dtypes, mut laws) = (None, Vec::new(), Vec::new());
        for text in spec.examples {
            let name = spec.name;
            let entry =
                example(text).map_err(|message| ReferenceError::Example { op: name, message })?;
            let mut nodes = entry.graph.nodes();
            let used = nodes.find(|node| entry.graph.op(*node).spec().name == spec.name);
            if let (Some(node), None) = (used, &op) {
                dtypes = accepted(&entry.graph, node);
                op = Some(entry.graph.op(node).clone());
            }
            merge(&mut laws, laws_of::<Exact>(&entry.graph, POINTS, 1)?);
        }
        Ok(Section {
            family: op.as_ref().map_or("Leaves", |op| family_name(&op.family())),
            op,
            spec,
            dtypes,
            laws,
        })
    }

    fn write(&self, text: &mut String) {
        let spec = self.spec;
        let _ = write!(
            text,
            "\n### `{}`\n\n```text\n{}\n```\n\n",
            spec.name,
            signature(spec)
        );
        for line in spec.doc.lines() {
            let _ = writeln!(text, "{}", line.trim());
        }
        let names: Vec<&str> = self.dtypes.iter().map(|dtype| dtype.name()).collect();
        if !names.is_empty() {
            let _ = write!(text, "\nOn {}.\n", names.join(", "));
        }
        self.attributes(text);
        self.rule(text);
        self.guards(text);
        self.examples(text);
        self.outcomes(text);
    }

    fn attributes(&self, text: &mut String) {
        for attribute in self.spec.attributes {
            let kind = attribute.kind;
            let shown =
                |default: AttrValue| (default != AttrValue::Name("all".into())).then_some(default);
            let default = match attribute.default.map(|default| shown(default())) {
                None => format!("{kind}; required"),
                Some(None) => format!("{kind}; may be left out"),
                Some(Some(default)) => format!("{kind}; `{default}` if left out"),
            };
            let _ = write!(
                text,
                "\n- `{}` ({default}): {}",
                attribute.name,
                attribute.doc.trim()
            );
        }
        if !self.spec.attributes.is_empty() {
            text.push('\n');
        }
    }

    fn rule(&self, text: &mut String) {
        let Some(op) = &self.op else { return };
        let (Family::Pointwise(rule) | Family::Discrete(rule)) = op.family() else {
            return;
        };
        let result = self.spec.results.first().copied().unwrap_or("y");
        let names: Vec<&str> = self.spec.operands.iter().copied().chain([result]).collect();
        let _ = write!(
            text,
            "\n```text\n{result} = {}\n",
            rule.print(rule.value(), &names)
        );
        for (operand, partial) in self.spec.operands.iter().zip(rule.partials()) {
            let _ = writeln!(
                text,
                "∂{result}/∂{operand} = {}",
                rule.print(*partial, &names)
            );
        }
        let _ = writeln!(text, "```\n\n{}", class(&rule));
    }

    fn guards(&self, text: &mut String) {
        let Some(op) = &self.op else { return };
        let name = |operand: usize| self.spec.operands.get(operand).copied().unwrap_or("x");
        for guard in op.guards() {
            let kind = if guard.is_singular() {
                "Defined and differentiable where"
            } else {
                "Differentiable where"
            };
            let _ = write!(text, "\n{kind} {}.\n", describe_guard(&guard, &name));
        }
    }

    fn examples(&self, text: &mut String) {
        if !self.spec.examples.is_empty() {
            let _ = write!(text, "\n```text\n{}\n```\n", self.spec.examples.join("\n"));
        }
    }

    fn outcomes(&self, text: &mut String) {
        let told = self
            .laws
            .iter()
            .filter(|(_, outcome)| !outcome.is_skipped());
        let words: Vec<String> = told
            .map(|(law, outcome)| format!("{} {}", law.name(), in_a_word(outcome)))
            .collect();
        // An op without operands has no derivative of its own; its examples may.
        if !words.is_empty() && !self.spec.operands.is_empty() {
            let _ = write!(text, "\nLaws: {}.\n", words.join(", "));
        }
    }
}

/// The outcomes of all examples: of each law the worst that was not skipped.
fn merge(all: &mut Vec<(Law, Outcome)>, more: Vec<(Law, Outcome)>) {
    if all.is_empty() {
        *all = more;
        return;
    }
    for ((_, known), (_, new)) in all.iter_mut().zip(more) {
        if known.is_skipped() {
            *known = new;
        } else if !new.is_skipped() {
            *known = known.clone().and(new);
        }
    }
}

fn in_a_word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Proved => "proved",
        Outcome::Agreed(_) | Outcome::Congruent(_) => "agrees",
        Outcome::ByConstruction => "by construction",
        Outcome::Skipped(_) | Outcome::Vacuous(_) => "skipped",
        Outcome::Failed(_) => "**fails**",
    }
}

/// The dtypes that a node's op accepts in place of that of its first operand.
fn accepted(graph: &Graph, node: NodeId) -> Vec<DType> {
    let operands = graph.operands(node);
    let types: Vec<&Type> = operands.iter().map(|operand| graph.ty(*operand)).collect();
    let Some(first) = types.first().map(|ty| ty.dtype) else {
        return Vec::new();
    };
    let admits = |dtype: &DType| {
        let changed = types.iter().map(|ty| {
            if ty.dtype == first {
                ty.with_dtype(*dtype)
            } else {
                (*ty).clone()
            }
        });
        let changed: Vec<Type> = changed.collect();
        let changed: Vec<&Type> = changed.iter().collect();
        graph.op(node).infer_types(&changed).is_ok()
    };
    DType::ALL.into_iter().filter(admits).collect()
}

/// `(a, b) = name(x, y, …, attribute = …)`.
fn signature(spec: &Spec) -> String {
    let mut arguments: Vec<String> = spec.operands.iter().map(ToString::to_string).collect();
    if spec.variadic {
        arguments.push("…".into());
    }
    if let Some(last) = arguments.last_mut().filter(|_| spec.optional) {
        *last = format!("[{last}]");
    }
    let attributes = spec.attributes.iter();
    arguments.extend(attributes.map(|attribute| format!("{} = …", attribute.name)));
    let results = match spec.results {
        [only] => (*only).to_string(),
        several => format!("({})", several.join(", ")),
    };
    format!("{results} = {}({})", spec.name, arguments.join(", "))
}

fn class(rule: &Rule) -> &'static str {
    match rule.class() {
        Class::Semiring => "Sums and products only: exact over any commutative semiring.",
        Class::Ring => "Exact over any commutative ring.",
        Class::Field => "Exact over any field.",
        Class::Ordered => "Exact over any ordered field.",
        Class::Real => "Over the reals; exact arithmetic has symbols for it.",
    }
}

fn family_name(family: &Family<'_>) -> &'static str {
    match family {
        Family::Leaf(_) => "Leaves",
        Family::Pointwise(_) => "Pointwise",
        Family::Discrete(_) => "Pointwise, without derivative",
        Family::Compare(_) | Family::Connect(_) | Family::Not => "Truth values",
        Family::Select | Family::Cast(_) => "Selection and conversion",
        Family::View(_) => "Views",
        Family::Fold(_) | Family::ArgFold(_) => "Folds",
        Family::Prefix(_) => "Prefix scans",
        Family::ArgSort(_) => "Order",
        Family::Contract(_) => "Contractions",
        Family::Gather(_) | Family::ScatterAdd(_) => "Run-time indices",
        Family::Composite(_) => "Composites",
        Family::Barrier | Family::Scan(_) | Family::Cond(_) => "Regions",
    }
}
