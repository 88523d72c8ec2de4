//! Paths: what `wrt` names.
//!
//! A derivative is with respect to values of the function that is differentiated: `x`, a parameter or
//! a value that its body defines; `p.w`, a field of one; `block.h`, the value `h` in its call of
//! `block`; `block[1].h`, in the second of several calls; `k[1]`, the value `k` of the second turn of a
//! loop. Paths lead on through calls of calls, into functions that are derivatives themselves, and into
//! what loops and branches run (`inside.rs`). What has no name is named by its op (`unnamed.rs`).
//!
//! An [`Instance`] therefore remembers what its body named and called ([`Names`]). Where a named value
//! stands in the expanded graph is only worked out when a path asks for it.

use super::function::Instance;
use super::inside::{Hop, Run, chosen_run, place_of, tree_of};
use super::unnamed::unnamed;
use super::value::Data;
use super::{Elaborator, Reported, closest, count};
use crate::autodiff::Carriers;
use crate::autodiff::Place;
use crate::diag::{Code, Diagnostic};
use crate::graph::{Remap, Value};
use crate::lang::ast::{Ast, Attribute, ExprId, ExprKind, Literal};
use crate::module::Tree;
use crate::shape::Type;
use crate::span::Span;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

/// What an element of `wrt` names. Where it stands in the source does not tell paths apart.
#[derive(Clone, Debug)]
pub(super) struct Path {
    steps: Vec<Step>,
    span: Span,
}

/// One part of a path: `block`, or `block[1]`: one of several calls, or an element of an array.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Step {
    pub(super) name: String,
    pub(super) indices: Vec<u64>,
}

impl PartialEq for Path {
    fn eq(&self, other: &Path) -> bool {
        self.steps == other.steps
    }
}

impl Eq for Path {}

impl Hash for Path {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.steps.hash(state);
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        self.indices
            .iter()
            .try_for_each(|index| write!(f, "[{index}]"))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps: Vec<String> = self.steps.iter().map(Step::to_string).collect();
        f.write_str(&steps.join("."))
    }
}

impl Path {
    /// Where it is written.
    pub(super) fn span(&self) -> Span {
        self.span
    }

    /// The path as a name: `block_1_h`.
    pub(super) fn flat(&self) -> String {
        let flat = |step: &Step| {
            let name = step.name.clone();
            let indices = step.indices.iter();
            indices.fold(name, |name, index| format!("{name}_{index}"))
        };
        let steps: Vec<String> = self.steps.iter().map(flat).collect();
        steps.join("_")
    }

    /// The path that an expression is, if it is one.
    fn read(ast: &Ast, id: ExprId) -> Option<Path> {
        let (mut steps, mut at, mut pending) = (Vec::new(), id, Vec::new());
        let step = |name: &str, mut indices: Vec<u64>| {
            let name = name.to_string();
            indices.reverse();
            Step { name, indices }
        };
        loop {
            match &ast.expr(at).kind {
                ExprKind::Name(name) => {
                    steps.push(step(name, pending));
                    steps.reverse();
                    let span = ast.expr(id).span;
                    return Some(Path { steps, span });
                }
                ExprKind::Field { base, field } => {
                    steps.push(step(&field.name, std::mem::take(&mut pending)));
                    at = *base;
                }
                ExprKind::Index { base, indices } => {
                    pending.push(single_index(ast, indices)?);
                    at = *base;
                }
                ExprKind::Slice { .. }
                | ExprKind::If { .. }
                | ExprKind::Literal(_)
                | ExprKind::Unary { .. }
                | ExprKind::Binary { .. }
                | ExprKind::Next { .. }
                | ExprKind::Call { .. }
                | ExprKind::Tuple(_)
                | ExprKind::List(_) => return None,
            }
        }
    }
}

fn single_index(ast: &Ast, indices: &[ExprId]) -> Option<u64> {
    let [index] = indices else { return None };
    match &ast.expr(*index).kind {
        ExprKind::Literal(Literal::Int { value, .. }) => Some(*value),
        _ => None,
    }
}

impl Attribute {
    /// Whether the value is a path, or a list of paths, and not an expression.
    pub(super) fn is_path(&self) -> bool {
        matches!(
            self.name.name.as_str(),
            "wrt" | "ct" | "of" | "carry" | "over"
        )
    }
}

/// What the body of an instance named.
#[derive(Clone, Debug)]
pub(super) enum Names {
    /// Nothing: it is an op, or is differentiated as one.
    None,
    /// Nothing of its own: it runs these functions.
    Runs(Vec<Run>),
    /// Values and calls, in the order of the body.
    Body {
        values: Vec<(String, Data)>,
        /// Values that turns of loops name.
        turns: Vec<(String, Data)>,
        calls: Vec<Call>,
    },
    /// What the differentiated function named.
    Derived { of: Rc<Instance>, remap: Remap },
}

/// A call in a body.
#[derive(Clone, Debug)]
pub(super) struct Call {
    /// The graph that is called, or that the called derivative is of.
    pub(super) name: String,
    /// The call.
    pub(super) span: Span,
    pub(super) instance: Rc<Instance>,
    /// The caller's values for the callee's inputs.
    pub(super) arguments: Vec<Value>,
    /// The position of the first of the callee's nodes in the caller's graph, where all of them but
    /// the inputs stand in their order.
    pub(super) first: usize,
}

impl Call {
    /// Where a value of the callee stands in the caller.
    pub(super) fn value(&self, caller: &Instance, value: Value) -> Option<Value> {
        let inputs = self.instance.graph.inputs();
        let before = inputs.partition_point(|input| input.node < value.node);
        if inputs.get(before) == Some(&value) {
            return self.arguments.get(before).copied();
        }
        let node = self.first + value.node.index() - before;
        let node = caller.graph.node_at(node)?;
        let result = value.result;
        Some(Value { node, result })
    }
}

/// What a path leads to.
pub(super) struct Chosen {
    pub(super) tree: Tree,
    /// Its leaves; none for what the function, a derivative, does not depend on.
    pub(super) leaves: Vec<Option<Place>>,
}

/// Why a path leads nowhere: what to say, and what would have been possible.
pub(super) struct Miss {
    pub(super) code: Code,
    pub(super) message: String,
    pub(super) help: String,
    pub(super) calls: Vec<(Span, String)>,
}

impl Instance {
    /// A parameter, a value of the body, or a result.
    pub(super) fn named(&self, name: &str) -> Option<Data> {
        let inputs: Vec<Value> = self.graph.inputs().to_vec();
        let outputs = self.graph.outputs().iter().map(|output| output.value);
        let values = match &self.names {
            Names::Body { values, .. } => values.as_slice(),
            Names::None | Names::Runs(_) | Names::Derived { .. } => &[],
        };
        let local = values.iter().find(|(value, _)| value == name);
        part(&self.params, &inputs, name)
            .or_else(|| local.map(|(_, data)| data.clone()))
            .or_else(|| part(&self.results, &outputs.collect::<Vec<_>>(), name))
    }

    /// The values of a name in the turns of loops, in the order of the turns.
    fn turns(&self, name: &str) -> Vec<&Data> {
        let turns = match &self.names {
            Names::Body { turns, .. } => turns.as_slice(),
            Names::None | Names::Runs(_) | Names::Derived { .. } => &[],
        };
        let named = turns.iter().filter(|(turn, _)| turn == name);
        named.map(|(_, data)| data).collect()
    }

    /// The value that a step names in a turn of a loop. Calls of this name come first where the path
    /// goes on.
    fn in_turn(&self, step: &Step, is_last: bool) -> Result<Option<Data>, Miss> {
        let turns = self.turns(&step.name);
        let called = || self.calls().iter().any(|call| call.name == step.name);
        if turns.is_empty() || (!is_last && called()) {
            return Ok(None);
        }
        let (name, count) = (&step.name, turns.len());
        let at = match (step.indices.first(), count) {
            (Some(index), _) => usize::try_from(*index).ok(),
            (None, 1) => Some(0),
            (None, _) => None,
        };
        if let Some(data) = at.and_then(|at| turns.get(at)) {
            return Ok(Some((*data).clone()));
        }
        let (code, message) = match step.indices.first() {
            None => (
                Code::AmbiguousName,
                format!("`{name}` has a value in each of {count} turns of a loop"),
            ),
            Some(_) => (
                Code::UnknownName,
                format!(
                    "there is no `{step}`: {} define `{name}`",
                    super::count(count, "turn")
                ),
            ),
        };
        Err(Miss {
            code,
            message,
            help: format!("say which is meant: `{name}[0]` … `{name}[{}]`", count - 1),
            calls: Vec::new(),
        })
    }

    fn calls(&self) -> &[Call] {
        match &self.names {
            Names::Body { calls, .. } => calls,
            Names::None | Names::Runs(_) | Names::Derived { .. } => &[],
        }
    }

    /// What a path leads to in this function.
    fn find(&self, path: &Path) -> Result<Chosen, Miss> {
        let (mut at, mut hops) = (self, Vec::new());
        'steps: for (position, step) in path.steps.iter().enumerate() {
            let is_last = position + 1 == path.steps.len();
            // A derivative, and what runs functions, names what these do, besides parameters and results of its own.
            let data = loop {
                match (at.named(&step.name), &at.names) {
                    (Some(data), _) if step.may_be_part_of(&data.tree) => break Some((data, 0)),
                    (_, Names::Derived { of, remap }) => {
                        hops.push(Hop::Derivative(at, of, remap));
                        at = of;
                    }
                    (_, Names::Runs(runs)) => {
                        let (number, is_named) = chosen_run(runs, step, is_last);
                        hops.push(Hop::Run(at, &runs[number], number));
                        at = &runs[number].of;
                        if is_named {
                            continue 'steps;
                        }
                    }
                    (_, Names::None | Names::Body { .. }) => {
                        break at.in_turn(step, is_last)?.map(|data| (data, 1));
                    }
                }
            };
            if let Some((data, used)) = data {
                let data = parts(data, &path.steps[position..], used)?;
                let leaves = data.leaves.iter().map(|leaf| place_of(&hops, *leaf));
                let leaves = leaves.collect::<Result<_, _>>()?;
                let tree = tree_of(&hops, data.tree);
                return Ok(Chosen { tree, leaves });
            }
            if is_last && let Some(chosen) = unnamed(at, &hops, step)? {
                return Ok(chosen);
            }
            let prefix = &path.steps[..position];
            let call = choose_call(at, step).map_err(|miss| miss.named(self, prefix, step))?;
            hops.push(Hop::Call(at, call));
            at = &call.instance;
        }
        let (inside, _) = candidates(at);
        Err(Miss {
            code: Code::UnknownName,
            message: format!("`{path}` is a call, not a value"),
            help: format!(
                "name a value in it: {path}.{}",
                inside.join(&format!(", {path}."))
            ),
            calls: Vec::new(),
        })
    }
}

/// The tree of that name with its values among those of all.
fn part(all: &[(String, Tree)], values: &[Value], name: &str) -> Option<Data> {
    let at = all.iter().position(|(other, _)| other == name)?;
    let first: usize = all[..at].iter().map(|(_, tree)| tree.leaf_count()).sum();
    let tree = all[at].1.clone();
    let leaves = values.get(first..first + tree.leaf_count())?.to_vec();
    Some(Data { tree, leaves })
}

impl Step {
    /// Whether the indices can be those of elements of a value, rather than of a call.
    fn may_be_part_of(&self, tree: &Tree) -> bool {
        self.indices.is_empty() || matches!(tree, Tree::Array { .. })
    }
}

/// A field of an element of a field of the value that the first step names, with that many of its
/// indices.
fn parts(data: Data, steps: &[Step], used: usize) -> Result<Data, Miss> {
    let (mut tree, mut first) = (&data.tree, 0);
    for (position, step) in steps.iter().enumerate() {
        if position > 0 {
            let (inner, before) = field(tree, step)?;
            first += before;
            tree = inner;
        }
        let used = if position == 0 { used } else { 0 };
        for &index in step.indices.iter().skip(used) {
            let (inner, before) = element(tree, index)?;
            first += before;
            tree = inner;
        }
    }
    let leaves = data.leaves[first..first + tree.leaf_count()].to_vec();
    let tree = tree.clone();
    Ok(Data { tree, leaves })
}

fn element(tree: &Tree, index: u64) -> Result<(&Tree, usize), Miss> {
    let (code, help) = match tree {
        Tree::Array { length, .. } => (
            Code::IndexOutOfRange,
            format!("it has {length} elements, numbered from 0"),
        ),
        Tree::Leaf(_) | Tree::Struct { .. } => {
            let help = "only arrays have elements".to_string();
            (Code::NotIndexable, help)
        }
    };
    tree.element(index).ok_or_else(|| Miss {
        code,
        message: format!("{tree} has no element {index}"),
        help,
        calls: Vec::new(),
    })
}

fn field<'t>(tree: &'t Tree, step: &Step) -> Result<(&'t Tree, usize), Miss> {
    tree.field(&step.name).ok_or_else(|| {
        let help = match tree {
            Tree::Leaf(_) => "only structs have fields".to_string(),
            Tree::Array { .. } => "name an element of the array first: `[0]`".to_string(),
            Tree::Struct { fields, .. } => {
                let names: Vec<&str> = fields.iter().map(|f| f.name.as_str()).collect();
                format!("its fields are {}", names.join(", "))
            }
        };
        Miss {
            code: Code::UnknownField,
            message: format!("{tree} has no field `{}`", step.name),
            help,
            calls: Vec::new(),
        }
    })
}

/// Why no call is meant by a step.
enum NoCall {
    Unknown,
    /// Several are, at these places.
    Ambiguous(Vec<Span>),
    /// There are only so many.
    Beyond(usize),
}

fn choose_call<'i>(at: &'i Instance, step: &Step) -> Result<&'i Call, NoCall> {
    let calls = at.calls().iter().filter(|call| call.name == step.name);
    let calls: Vec<&Call> = calls.collect();
    let index = match step.indices.as_slice() {
        [] => None,
        [index] => Some(*index),
        _ => return Err(NoCall::Unknown),
    };
    match (index, calls.as_slice()) {
        (_, []) => Err(NoCall::Unknown),
        (None, [only]) => Ok(only),
        (None, several) => Err(NoCall::Ambiguous(several.iter().map(|c| c.span).collect())),
        (Some(index), calls) => {
            let call = usize::try_from(index).ok().and_then(|at| calls.get(at));
            call.copied().ok_or(NoCall::Beyond(calls.len()))
        }
    }
}

/// How many places or names a message lists.
const LISTED: usize = 12;
/// How many calls a suggestion looks through.
const SEARCHED: usize = 1000;

impl NoCall {
    /// The message for a step after `prefix` in a path from `root`.
    fn named(self, root: &Instance, prefix: &[Step], step: &Step) -> Miss {
        let prefix: Vec<String> = prefix.iter().map(Step::to_string).collect();
        let name = &step.name;
        let place = match prefix.last() {
            None => "the function".to_string(),
            Some(call) => format!("`{call}`"),
        };
        match self {
            NoCall::Ambiguous(calls) => {
                let last = calls.len() - 1;
                let text = |(at, span)| (span, format!("`{name}[{at}]`"));
                Miss {
                    code: Code::AmbiguousName,
                    message: format!("{place} has {} of `{name}`", count(calls.len(), "call")),
                    help: format!("say which is meant: `{name}[0]` … `{name}[{last}]`"),
                    calls: calls
                        .into_iter()
                        .enumerate()
                        .map(text)
                        .take(LISTED)
                        .collect(),
                }
            }
            NoCall::Beyond(calls) => Miss {
                code: Code::UnknownName,
                message: format!(
                    "there is no `{step}`: {place} has {} of `{name}`",
                    count(calls, "call")
                ),
                help: "calls are numbered from 0, in the order of the body".into(),
                calls: Vec::new(),
            },
            NoCall::Unknown => {
                let deeper = search(root, name);
                let inside = follow(root, &prefix);
                let (known, more) = candidates(inside);
                let close = closest(name, known.iter().map(String::as_str));
                let help = match (close, deeper.as_slice()) {
                    _ if matches!(inside.names, Names::None) => {
                        "what an op, a graph with a `vjp` block or `associative_scan` computes inside has \
                         no name outside; differentiate by an argument or a result of the call"
                            .to_string()
                    }
                    (_, [_, ..]) => format!("did you mean {}?", deeper.join(" or ")),
                    (Some(close), []) => format!("did you mean `{close}`?"),
                    (None, []) => {
                        let more = if more { ", …" } else { "" };
                        format!("there are {}{more}", known.join(", "))
                    }
                };
                Miss {
                    code: Code::UnknownName,
                    message: format!("there is no value `{step}` in {place}"),
                    help,
                    calls: Vec::new(),
                }
            }
        }
    }
}

/// The function that a path of calls leads to, as far as it leads.
fn follow<'i>(root: &'i Instance, prefix: &[String]) -> &'i Instance {
    let base = |mut at: &'i Instance| loop {
        at = match &at.names {
            Names::Derived { of, .. } => of,
            Names::Runs(runs) => &runs[0].of,
            Names::None | Names::Body { .. } => break at,
        };
    };
    let mut at = base(root);
    for step in prefix {
        let Some((_, call)) = labelled(at).into_iter().find(|(label, _)| label == step) else {
            break;
        };
        at = base(&call.instance);
    }
    at
}

/// The calls of a body with the steps that lead to them.
fn labelled(at: &Instance) -> Vec<(String, &Call)> {
    let calls = at.calls();
    let mut labelled: Vec<(String, &Call)> = Vec::with_capacity(calls.len());
    let mut seen: rustc_hash::FxHashMap<&str, usize> = rustc_hash::FxHashMap::default();
    let mut total: rustc_hash::FxHashMap<&str, usize> = rustc_hash::FxHashMap::default();
    for call in calls {
        *total.entry(&call.name).or_default() += 1;
    }
    for call in calls {
        let at = seen.entry(&call.name).or_default();
        let single = total.get(call.name.as_str()) == Some(&1);
        let label = if single {
            call.name.clone()
        } else {
            format!("{}[{at}]", call.name)
        };
        labelled.push((label, call));
        *at += 1;
    }
    labelled
}

/// The differentiable names of a function and its calls, and whether there are more than are listed.
fn candidates(at: &Instance) -> (Vec<String>, bool) {
    let floats = |tree: &Tree| tree.leaves("").iter().all(|(_, ty)| ty.dtype.is_float());
    let mut names: Vec<String> = Vec::new();
    let mut add = |name: String| {
        if !names.contains(&name) {
            names.push(name);
        }
    };
    for (name, tree) in &at.params {
        if floats(tree) {
            add(name.clone());
        }
    }
    if let Names::Body { values, turns, .. } = &at.names {
        for (name, data) in values {
            if floats(&data.tree) {
                add(name.clone());
            }
        }
        for (name, data) in turns {
            if floats(&data.tree) {
                add(format!("{name}[…]"));
            }
        }
    }
    for (label, _) in labelled(at) {
        add(format!("{label}.…"));
    }
    let more = names.len() > LISTED;
    names.truncate(LISTED);
    (names, more)
}

/// The paths, quoted, of values of that name in calls, nearest first; no more than three.
fn search(root: &Instance, name: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = std::collections::VecDeque::from([(String::new(), root)]);
    for _ in 0..SEARCHED {
        let Some((prefix, at)) = open.pop_front() else {
            break;
        };
        if let Names::Derived { of, .. } = &at.names {
            open.push_front((prefix, of));
            continue;
        }
        if let Names::Runs(runs) = &at.names {
            for (number, run) in runs.iter().enumerate().rev() {
                let name = match number {
                    0 => String::new(),
                    _ => format!("{}.", run.name),
                };
                open.push_front((format!("{prefix}{name}"), &run.of));
            }
            continue;
        }
        if !prefix.is_empty() && at.named(name).is_some() {
            found.push(format!("`{prefix}{name}`"));
            if found.len() == 3 {
                break;
            }
        }
        let inner = labelled(at).into_iter();
        open.extend(inner.map(|(label, call)| (format!("{prefix}{label}."), &*call.instance)));
    }
    found
}

/// The first leaf of what a path leads to that has no derivative: neither a float nor an integer that carries a cotangent.
fn without_derivative(instance: &Instance, path: &Path, chosen: &Chosen) -> Option<(String, Type)> {
    let leaves = chosen.tree.leaves(&path.to_string());
    if leaves.iter().all(|(_, ty)| ty.dtype.is_float()) {
        return None;
    }
    let carriers = Carriers::of(&instance.graph);
    // Within loops and branches only floats are named.
    let has = |at: &Place| at.way.is_empty() && carriers.has(&instance.graph, at.value);
    let leaves = leaves.into_iter().zip(&chosen.leaves);
    let mut others =
        leaves.filter(|((_, ty), value)| !ty.dtype.is_float() && !value.as_ref().is_some_and(has));
    others.next().map(|(leaf, _)| leaf)
}

impl Elaborator<'_> {
    /// The paths in `wrt = x` or `wrt = [x, block.h]`.
    pub(super) fn paths_in(&mut self, attribute: &Attribute) -> Result<Vec<Path>, Reported> {
        let ast = self.ast;
        let expr = ast.expr(attribute.value);
        let paths = match &expr.kind {
            ExprKind::List(items) | ExprKind::Tuple(items) => {
                items.iter().map(|id| Path::read(ast, *id)).collect()
            }
            _ => Path::read(ast, attribute.value).map(|path| vec![path]),
        };
        paths.ok_or_else(|| {
            self.report(
                Diagnostic::error(
                    Code::BadAttribute,
                    "a name or a list of names is needed here",
                )
                .primary(expr.span, "")
                .help("for example `wrt = [x, p.w]`, or `wrt = block[1].h` for a value of a call"),
            )
        })
    }

    /// What a path names in a function.
    pub(super) fn follow_path(
        &mut self,
        instance: &Instance,
        path: &Path,
    ) -> Result<Chosen, Reported> {
        let chosen = instance.find(path).map_err(|miss| {
            let diagnostic = Diagnostic::error(miss.code, miss.message);
            let diagnostic = diagnostic.primary(path.span, "");
            let calls = miss.calls.into_iter();
            let diagnostic = calls.fold(diagnostic, |d, (span, text)| d.secondary(span, text));
            self.report(diagnostic.help(miss.help))
        })?;
        self.check_axes(&chosen.tree, path.span)?;
        match without_derivative(instance, path, &chosen) {
            None => Ok(chosen),
            Some((leaf, ty)) => {
                let message = format!("`{leaf}` of type {ty} has no derivative");
                Err(self.report(
                    Diagnostic::error(Code::NotDifferentiable, message)
                        .primary(path.span, "")
                        .help(
                            "derivatives are with respect to tensors of floats: f16, bf16, f32 or f64, and to \
                             integers that lead to a graph whose `vjp` block names their cotangents",
                        ),
                ))
            }
        }
    }

    /// The single name in `of = l`.
    pub(super) fn name_in(&mut self, attribute: &Attribute) -> Result<String, Reported> {
        let expr = self.ast.expr(attribute.value);
        match &expr.kind {
            ExprKind::Name(name) => Ok(name.clone()),
            _ => Err(self.report(
                Diagnostic::error(Code::BadAttribute, "the name of a result is needed here")
                    .primary(expr.span, "")
                    .help("for example `of = loss`"),
            )),
        }
    }
}
