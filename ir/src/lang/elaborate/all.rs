//! Every value of a function: what `wrt = all` and `ct = all` stand for.
//!
//! They are one struct. Its fields are the tensors of floats that the function takes, names, or computes without a
//! name, each once, by the first path that leads to it: what a function names before what its ops result in, and both
//! before what is in its calls. `layer[0].h` is the field `layer_0_h`. Constants without a name are left out.

use super::Elaborator;
use super::Reported;
use super::function::Instance;
use super::inside::{Hop, Run, derived_nodes, own_nodes, place_of, tree_of};
use super::path::{Call, Names, Path};
use super::unnamed::op_results;
use super::value::Data;
use crate::autodiff::Place;
use crate::diag::{Code, Diagnostic};
use crate::graph::Value;
use crate::lang::ast::{Attribute, ExprKind};
use crate::module::{Field, Tree};
use crate::shape::MAX_RANK;
use crate::span::Span;
use rustc_hash::{FxHashMap, FxHashSet};

/// What a derivative is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Asked {
    /// Every value of the function.
    All,
    /// What these name.
    Paths(Vec<Path>),
}

impl Asked {
    /// How many arguments or results that makes.
    pub(super) fn len(&self) -> usize {
        match self {
            Asked::All => 1,
            Asked::Paths(paths) => paths.len(),
        }
    }
}

/// A value with the path that leads to it.
pub(super) struct Found {
    pub(super) path: String,
    pub(super) tree: Tree,
    pub(super) place: Place,
}

/// A part of the path to a function.
enum Piece<'i> {
    /// A call.
    Call(String),
    /// A function that is run, which only has to be named where the name that follows is known outside.
    Run(String, &'i Instance, bool),
}

struct Search<'i> {
    hops: Vec<Hop<'i>>,
    path: Vec<Piece<'i>>,
    taken: FxHashSet<Place>,
    found: Vec<Found>,
}

/// All values of a function, each once.
pub(super) fn all_values(root: &Instance) -> Vec<Found> {
    let mut search = Search {
        hops: Vec::new(),
        path: Vec::new(),
        taken: FxHashSet::default(),
        found: Vec::new(),
    };
    search.function(root, &mut FxHashMap::default());
    search.found
}

impl<'i> Search<'i> {
    /// The path to a name, or to a part of what it names.
    fn path(&self, name: &str) -> String {
        let root = |path: &str| {
            path.split(['.', '['])
                .next()
                .unwrap_or_default()
                .to_string()
        };
        let mut path = String::new();
        for (at, piece) in self.path.iter().enumerate() {
            let text = match piece {
                Piece::Call(label) => label,
                Piece::Run(label, within, is_needed) => {
                    let next = match self.path.get(at + 1) {
                        Some(Piece::Call(next)) => root(next),
                        Some(Piece::Run(..)) | None => root(name),
                    };
                    if !is_needed && within.named(&next).is_none() && next != root(label) {
                        continue;
                    }
                    label
                }
            };
            path += text;
            path.push('.');
        }
        path + name
    }

    /// Whether a value of the innermost function is met for the first time: then where it is.
    fn claim(&mut self, value: Value) -> Option<Place> {
        let place = place_of(&self.hops, value).ok().flatten()?;
        self.taken.insert(place.clone()).then_some(place)
    }

    fn add(&mut self, path: &str, data: &Data) {
        for ((leaf, ty), value) in data.tree.leaves("").into_iter().zip(&data.leaves) {
            if !ty.dtype.is_float() {
                continue;
            }
            let tree = tree_of(&self.hops, Tree::Leaf(ty));
            if let Some(place) = self.claim(*value) {
                let path = self.path(&format!("{path}{leaf}"));
                self.found.push(Found { path, tree, place });
            }
        }
    }

    /// Functions nest as deep as calls, which are bounded.
    fn function(&mut self, at: &'i Instance, counts: &mut FxHashMap<&'static str, usize>) {
        for (name, _) in &at.params {
            self.name(at, name);
        }
        match &at.names {
            Names::None => {}
            Names::Body { values, turns, .. } => {
                values.iter().for_each(|(name, data)| self.add(name, data));
                let mut seen: FxHashMap<&str, usize> = FxHashMap::default();
                for (name, data) in turns {
                    let turn = seen.entry(name).or_default();
                    self.add(&format!("{name}[{turn}]"), data);
                    *turn += 1;
                }
            }
            Names::Derived { .. } | Names::Runs(_) => {}
        }
        for (name, _) in &at.results {
            self.name(at, name);
        }
        match &at.names {
            Names::None => {}
            Names::Body { calls, .. } => {
                self.ops(at, &own_nodes(at), counts);
                self.calls(at, calls);
            }
            Names::Derived { of, remap } => {
                self.hops.push(Hop::Derivative(at, of, remap));
                self.function(of, counts);
                self.hops.pop();
                if is_body(of) {
                    self.ops(at, &derived_nodes(at, of, remap), counts);
                }
            }
            Names::Runs(runs) => {
                for (number, run) in runs.iter().enumerate() {
                    self.run(at, runs, (number, run));
                }
            }
        }
    }

    fn name(&mut self, at: &Instance, name: &str) {
        if let Some(data) = at.named(name) {
            self.add(name, &data);
        }
    }

    fn ops(
        &mut self,
        at: &Instance,
        nodes: &[crate::graph::NodeId],
        counts: &mut FxHashMap<&'static str, usize>,
    ) {
        for (path, value) in op_results(at, nodes, counts) {
            let tree = Tree::Leaf(at.graph.ty(value).clone());
            let leaves = vec![value];
            self.add(&path, &Data { tree, leaves });
        }
    }

    fn calls(&mut self, at: &'i Instance, calls: &'i [Call]) {
        let mut total: FxHashMap<&str, usize> = FxHashMap::default();
        for call in calls {
            *total.entry(&call.name).or_default() += 1;
        }
        let mut seen: FxHashMap<&str, usize> = FxHashMap::default();
        for call in calls {
            let number = seen.entry(&call.name).or_default();
            // A value of that name comes first, unless there is an index.
            let is_single = total.get(call.name.as_str()) == Some(&1);
            let label = match is_single && at.named(&call.name).is_none() {
                true => call.name.clone(),
                false => format!("{}[{number}]", call.name),
            };
            *number += 1;
            self.hops.push(Hop::Call(at, call));
            self.path.push(Piece::Call(label));
            self.function(&call.instance, &mut FxHashMap::default());
            self.path.pop();
            self.hops.pop();
        }
    }

    fn run(&mut self, at: &'i Instance, runs: &[Run], (number, run): (usize, &'i Run)) {
        let alike = |others: &[Run]| others.iter().filter(|other| other.name == run.name).count();
        let label = match alike(runs) {
            1 => run.name.clone(),
            _ => format!("{}[{}]", run.name, alike(&runs[..number])),
        };
        self.hops.push(Hop::Run(at, run, number));
        self.path.push(Piece::Run(label, at, number > 0));
        self.outer_values(run);
        self.function(&run.of, &mut FxHashMap::default());
        self.path.pop();
        self.hops.pop();
    }

    /// Leaves out what is a value from outside: what a function takes that is not carried, and what it yields that is
    /// the call's own result.
    fn outer_values(&mut self, run: &Run) {
        let inputs = run.of.graph.inputs();
        let order: Vec<usize> = match &run.order {
            Some(order) => order.clone(),
            None => (0..inputs.len()).collect(),
        };
        for input in order.into_iter().skip(run.carries) {
            self.claim(inputs[input]);
        }
        if run.order.is_none() {
            for output in run.of.graph.outputs() {
                self.claim(output.value);
            }
        }
    }
}

/// Whether an instance is the expansion of a body, or a derivative of one.
fn is_body(mut at: &Instance) -> bool {
    while let Names::Derived { of, .. } = &at.names {
        at = of;
    }
    matches!(at.names, Names::Body { .. })
}

/// A path as the name of a field: `layer_0_h`.
fn flat(path: &str) -> String {
    let part = |c: char| match c {
        '.' | '[' => Some('_'),
        ']' => None,
        other => Some(other),
    };
    path.chars().filter_map(part).collect()
}

impl Elaborator<'_> {
    /// What `wrt` or `ct` asks for: `all`, or paths.
    pub(super) fn asked_in(&mut self, attribute: &Attribute) -> Result<Asked, Reported> {
        match &self.ast.expr(attribute.value).kind {
            ExprKind::Name(name) if name == "all" => Ok(Asked::All),
            _ => self.paths_in(attribute).map(Asked::Paths),
        }
    }

    /// Every value of a function as a struct of the given name, with where its fields are.
    pub(super) fn all_of(
        &mut self,
        inner: &Instance,
        name: &str,
        span: Span,
    ) -> Result<(Tree, Vec<Place>), Reported> {
        let found = all_values(inner);
        if found.is_empty() {
            let message = "`all` asks for every tensor of floats, and the function has none";
            return Err(
                self.report(Diagnostic::error(Code::NotDifferentiable, message).primary(span, ""))
            );
        }
        let (mut fields, mut places) = (Vec::new(), Vec::new());
        let mut names: FxHashSet<String> = FxHashSet::default();
        for Found { path, tree, place } in found {
            self.check_axes(&tree, span)?;
            let mut name = flat(&path);
            while !names.insert(name.clone()) {
                name.push('_');
            }
            fields.push(Field {
                name,
                doc: vec![format!("`{path}`")],
                tree,
            });
            places.push(place);
        }
        let tree = Tree::Struct {
            name: format!("{name}_values"),
            doc: vec![format!("The values of `{name}`, by their paths.")],
            dims: Vec::new(),
            fields,
        };
        self.check_leaves(&tree, span)?;
        Ok((tree, places))
    }

    /// An error where tensors that were stacked have too many axes.
    pub(super) fn check_axes(&mut self, tree: &Tree, span: Span) -> Result<(), Reported> {
        let ranks = tree.leaves("").into_iter().map(|(_, ty)| ty.shape.rank());
        match ranks.max().filter(|rank| *rank > MAX_RANK) {
            Some(rank) => {
                let diagnostic = super::dims::too_many_axes(rank).primary(span, "");
                let note = "values in loops have one more axis, for the turns";
                Err(self.report(diagnostic.note(note)))
            }
            None => Ok(()),
        }
    }
}
