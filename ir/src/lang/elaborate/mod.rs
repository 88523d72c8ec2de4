//! Elaboration: from a syntax tree to a [`Module`] of expanded graphs.
//!
//! Names are resolved, dims inferred at calls, struct arithmetic spread over leaves, calls inlined,
//! and the function transforms (`grad`, `value_and_grad`, `vjp`, `jvp`, `map`, `zip`) applied. Each
//! graph is elaborated once per choice of argument types and then copied into its callers, so work
//! grows with the size of the result. What can grow without bound is bounded: nodes, call depth,
//! struct nesting; past a bound there is an error that names the cause.
//!
//! Every failure is reported to the [`Diagnostics`] sink where it is found; [`Reported`] says that
//! this has happened, and what depends on a failed statement is skipped in silence.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "elaboration looks for one or two forms of a value, and reports the rest alike"
)]

mod all;
mod array;
mod attribute;
mod block;
mod body;
mod builtin;
mod call;
mod condition;
mod construct;
mod derivative;
mod dims;
mod einsum;
mod entry;
mod expression;
mod function;
mod growth;
mod inside;
mod load;
mod observe;
mod operator;
mod path;
mod prefix;
mod range;
mod region;
mod resolve;
mod scan;
mod scopes;
mod spread;
mod unnamed;
mod value;

pub use builtin::{BUILTINS, Builtin};
pub use observe::{Meaning, Observations, observe};

pub(super) use call::{is_reserved, literal_type};
pub(super) use operator::{infix_op, matmul_op};

use crate::constant::Constant;
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::lang::ast::{self, Ast, ExprId, ExprKind, GraphKind, Item};
use crate::module::{Differentiated, Entry, Module, Param, Signature};
use crate::op::Region;
use crate::span::Span;
use attribute::{Choice, Types};
use dims::Bindings;
use function::{Instance, InstanceKey};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;
use std::rc::Rc;

/// The problem was reported to the sink.
#[derive(Clone, Copy, Debug)]
struct Reported;

/// Bounds and settings of elaboration.
#[derive(Clone, Debug)]
pub struct Options {
    /// Dims set from outside (`--define`), which win over `dim` declarations.
    pub defines: BTreeMap<String, u64>,
    /// An entry may not expand to more nodes than this.
    pub max_nodes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            defines: BTreeMap::new(),
            max_nodes: 1 << 20,
        }
    }
}

/// Calls nest no deeper than this, which fits the smallest stack of a thread.
const MAX_CALL_DEPTH: usize = 64;

/// Where dim expressions are evaluated: the tree that holds them and the dims in force.
struct Scope<'a> {
    ast: &'a Ast,
    dims: Bindings,
    types: Types,
}

impl<'a> Scope<'a> {
    /// A scope without dims and types of its own.
    fn new(ast: &'a Ast) -> Scope<'a> {
        Scope {
            ast,
            dims: Bindings::default(),
            types: Types::default(),
        }
    }
}

/// The state of one elaboration.
struct Elaborator<'a> {
    ast: &'a Ast,
    options: &'a Options,
    diagnostics: &'a mut Diagnostics,
    structs: FxHashMap<&'a str, &'a ast::Struct>,
    graphs: Vec<&'a ast::Graph>,
    graph_names: FxHashMap<&'a str, usize>,
    file_dims: FxHashMap<String, i64>,
    failed_dims: FxHashSet<String>,
    instances: FxHashMap<InstanceKey, Result<Rc<Instance>, Reported>>,
    /// Graphs being elaborated, outermost first.
    active: Vec<usize>,
    /// Graphs that were elaborated for some choice of types.
    elaborated: FxHashSet<usize>,
    /// How many loops and conditions are around this place, in all active graphs.
    blocks: usize,
    /// Turns of loops that were taken so far.
    turns: usize,
    /// What graphs are known to expand to.
    growth: FxHashMap<usize, growth::Growth>,
    /// The regions that state their own derivative.
    rules: Vec<Rc<Region>>,
    /// What derivatives are taken of that is no derivative itself, with its name.
    differentiated: Vec<(String, Rc<function::Instance>)>,
    /// What is found out about the source, if somebody wants to know.
    observations: Option<&'a mut Observations>,
}

/// Elaborates a parsed file. Errors go to `diagnostics`; entries that have none are in the module.
pub fn elaborate(ast: &Ast, options: &Options, diagnostics: &mut Diagnostics) -> Module {
    Elaborator::new(ast, options, diagnostics).entries()
}

/// The text of doc lines.
fn doc(lines: &[ast::DocLine]) -> Vec<String> {
    lines.iter().map(|line| line.text.clone()).collect()
}

/// A number of things in words: `no dims`, `1 dim`, `2 dims`.
fn count(number: usize, thing: &str) -> String {
    match number {
        0 => format!("no {thing}s"),
        1 => format!("1 {thing}"),
        _ => format!("{number} {thing}s"),
    }
}

/// A number as it would be written: a short decimal where that is exact.
fn written(number: &Constant) -> String {
    number.decimal().unwrap_or_else(|| number.to_string())
}

/// The known name that is most like `name`, if one is alike enough to be meant. Any letter is like any
/// other.
pub(super) fn closest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    if name.chars().count() < 2 {
        return None;
    }
    let scored = known.map(|other| (strsim::damerau_levenshtein(name, other), other));
    let (distance, best) = scored.min()?;
    let longest = name.len().max(best.len());
    (distance > 0 && distance * 3 <= longest.max(3)).then_some(best)
}

impl<'a> Elaborator<'a> {
    /// An elaborator that knows the file's declarations and dims.
    fn new(ast: &'a Ast, options: &'a Options, diagnostics: &'a mut Diagnostics) -> Self {
        let mut elaborator = Elaborator {
            ast,
            options,
            diagnostics,
            structs: FxHashMap::default(),
            graphs: Vec::new(),
            graph_names: FxHashMap::default(),
            file_dims: FxHashMap::default(),
            failed_dims: FxHashSet::default(),
            instances: FxHashMap::default(),
            active: Vec::new(),
            elaborated: FxHashSet::default(),
            blocks: 0,
            turns: 0,
            growth: FxHashMap::default(),
            rules: Vec::new(),
            differentiated: Vec::new(),
            observations: None,
        };
        elaborator.declare();
        elaborator.check_names();
        elaborator.evaluate_dims();
        elaborator
    }

    fn report(&mut self, diagnostic: Diagnostic) -> Reported {
        self.diagnostics.push(diagnostic);
        Reported
    }

    /// Collects the file's declarations; a name may be declared once.
    fn declare(&mut self) {
        let ast = self.ast;
        let mut declared: FxHashMap<&str, Span> = FxHashMap::default();
        for item in &ast.items {
            let name = item.name();
            if let Some(first) = declared.get(name.name.as_str()) {
                let done = match item {
                    Item::Use(_) => "used",
                    Item::Struct(_) | Item::Graph(_) | Item::Entry(_) | Item::Dim(_) => "declared",
                };
                let message = format!("`{}` is {done} twice", name.name);
                self.report(
                    Diagnostic::error(Code::DuplicateName, message)
                        .primary(name.span, format!("{done} again here"))
                        .secondary(*first, format!("first {done} here")),
                );
                continue;
            }
            declared.insert(&name.name, name.span);
            match item {
                Item::Struct(item) => {
                    self.structs.insert(&item.name.name, item);
                }
                Item::Graph(item) => {
                    self.check_op_name(&item.name);
                    self.check_attribute_names(item);
                    self.graph_names.insert(&item.name.name, self.graphs.len());
                    self.graphs.push(item);
                }
                Item::Entry(item) => self.check_op_name(&item.graph.name),
                Item::Dim(_) | Item::Use(_) => {}
            }
        }
    }

    /// The names of ops stand for the ops everywhere, so that expanded graphs can call them.
    fn check_op_name(&mut self, name: &ast::Ident) {
        if call::is_reserved(&name.name) {
            let message = format!("`{}` is the name of an op", name.name);
            self.report(
                Diagnostic::error(Code::DuplicateName, message)
                    .primary(name.span, "a graph needs another name")
                    .help(format!("for example `my_{}`", name.name)),
            );
        }
    }

    /// `wrt` and `of` are read as paths wherever they are given.
    fn check_attribute_names(&mut self, graph: &ast::Graph) {
        for attribute in &graph.attributes {
            let name = &attribute.name;
            if matches!(name.name.as_str(), "wrt" | "ct" | "of" | "carry" | "over") {
                let message = format!("`{}` is an attribute of derivatives", name.name);
                self.report(
                    Diagnostic::error(Code::DuplicateName, message)
                        .primary(name.span, "an attribute of a graph needs another name"),
                );
            }
        }
    }

    /// Whether names are declared once each, which is reported.
    fn check_unique<'n>(
        &mut self,
        what: &str,
        names: impl Iterator<Item = &'n ast::Ident>,
    ) -> bool {
        let mut unique = true;
        let mut seen: FxHashMap<&str, Span> = FxHashMap::default();
        for name in names {
            if let Some(first) = seen.insert(&name.name, name.span) {
                let message = format!("the {what} `{}` is declared twice", name.name);
                self.report(
                    Diagnostic::error(Code::DuplicateName, message)
                        .primary(name.span, "declared again here")
                        .secondary(first, "first declared here"),
                );
                unique = false;
            }
        }
        unique
    }

    /// Evaluates the `dim` declarations; each may use the others and `--define`.
    fn evaluate_dims(&mut self) {
        for (name, value) in &self.options.defines {
            match i64::try_from(*value) {
                Ok(value) => {
                    self.file_dims.insert(name.clone(), value);
                }
                Err(_) => {
                    let message = format!("--define {name}={value} is beyond 64-bit integers");
                    self.diagnostics
                        .push(Diagnostic::error(Code::DimOverflow, message));
                }
            }
        }
        for dim in self.dims_in_order() {
            self.evaluate_dim(dim);
        }
    }

    fn evaluate_dim(&mut self, dim: &ast::Dim) {
        let name = &dim.name.name;
        let scope = Scope::new(self.ast);
        match self.dim(&scope, dim.value) {
            Ok(value) if value >= 0 => {
                self.file_dims.insert(name.clone(), value);
            }
            Ok(value) => {
                let message = format!("a dim cannot be negative, and `{name}` is {value}");
                let span = self.ast.expr(dim.value).span;
                self.report(Diagnostic::error(Code::NegativeDim, message).primary(span, ""));
                self.failed_dims.insert(name.clone());
            }
            Err(Reported) => {
                self.failed_dims.insert(name.clone());
            }
        }
    }

    /// The `dim` declarations that are to be evaluated, each after those that it uses. Those that use
    /// themselves are reported.
    fn dims_in_order(&mut self) -> Vec<&'a ast::Dim> {
        let ast = self.ast;
        let dims = ast.items.iter().filter_map(|item| match item {
            Item::Dim(dim) if !self.options.defines.contains_key(&dim.name.name) => Some(dim),
            Item::Dim(_) | Item::Use(_) | Item::Struct(_) | Item::Graph(_) | Item::Entry(_) => None,
        });
        let dims: Vec<&'a ast::Dim> = dims.collect();
        let named = dims.iter().map(|dim| (dim.name.name.as_str(), *dim));
        let named: FxHashMap<&str, &'a ast::Dim> = named.collect();
        let used = |dim: &ast::Dim| -> Vec<&'a ast::Dim> {
            let names = ast.subtree(dim.value).into_iter();
            let names = names.filter_map(|id| match &ast.expr(id).kind {
                ExprKind::Name(name) => named.get(name.as_str()).copied(),
                _ => None,
            });
            names.collect()
        };
        let (mut ordered, mut begun) = (Vec::with_capacity(dims.len()), FxHashSet::default());
        let mut done: FxHashSet<Span> = FxHashSet::default();
        for dim in dims {
            let mut open = vec![dim];
            while let Some(&dim) = open.last() {
                let span = dim.name.span;
                let next = used(dim)
                    .into_iter()
                    .find(|used| !done.contains(&used.name.span));
                match next {
                    _ if done.contains(&span) => {
                        open.pop();
                    }
                    Some(used) if begun.contains(&used.name.span) || used.name.span == span => {
                        let message = format!("the dim `{}` depends on itself", dim.name.name);
                        self.report(
                            Diagnostic::error(Code::UnknownDim, message)
                                .primary(ast.expr(dim.value).span, "")
                                .help("one of the dims in the circle needs a value of its own"),
                        );
                        self.failed_dims.insert(dim.name.name.clone());
                        done.insert(span);
                    }
                    Some(used) => {
                        begun.insert(span);
                        open.push(used);
                    }
                    None => {
                        done.insert(span);
                        ordered.push(dim);
                    }
                }
            }
        }
        ordered
    }

    /// Elaborates what the file exports: its entries, or all graphs where it has none.
    fn entries(mut self) -> Module {
        let has_entry = self
            .graphs
            .iter()
            .any(|graph| graph.kind == GraphKind::Entry);
        let functions: Vec<&'a ast::Entry> = self.function_entries();
        let has_entry = has_entry || !functions.is_empty();
        let mut module = Module {
            doc: doc(&self.ast.docs),
            ..Module::default()
        };
        let own = |graph: &ast::Graph| graph.name.span.file == self.ast.file;
        let exportable = (0..self.graphs.len()).filter(|&index| own(self.graphs[index]));
        let exportable: Vec<usize> = exportable.collect();
        for &index in &exportable {
            let graph = self.graphs[index];
            match (graph.kind, has_entry) {
                // In an editor, a file of graphs for others is no fault.
                (GraphKind::Graph, false)
                    if self.observations.is_some() && !self.can_be_exported(graph) => {}
                (GraphKind::Entry, _) | (GraphKind::Graph, false) => {
                    if let Ok(entry) = self.entry(index) {
                        module.entries.push(entry);
                    }
                }
                (GraphKind::Graph, true) => {}
            }
            if self.diagnostics.is_full() {
                break;
            }
        }
        for item in functions {
            if let Ok(entry) = self.function_entry(item) {
                let place = |known: &Entry| known.span.start < entry.span.start;
                let at = module.entries.partition_point(place);
                module.entries.insert(at, entry);
            }
        }
        module.rules = std::mem::take(&mut self.rules);
        let differentiated = std::mem::take(&mut self.differentiated).into_iter();
        module.differentiated = differentiated
            .map(|(name, instance)| Differentiated {
                name,
                graph: instance.graph.clone(),
            })
            .collect();
        self.check_unused(&exportable);
        self.resolve();
        self.observe_unused();
        let library = self.observations.is_some() && !self.ast.items.is_empty();
        if exportable.is_empty() && !has_entry && !library && !self.diagnostics.has_errors() {
            self.report(
                Diagnostic::error(Code::NothingToExport, "the file declares no graph")
                    .primary(Span::new(self.ast.file, 0, 0), "")
                    .help("declare one, for example `entry f(x: f32[3]) -> (y: f32[3]) { y = x * x }`"),
            );
        }
        module
    }

    /// The entries of the file that are functions.
    fn function_entries(&self) -> Vec<&'a ast::Entry> {
        let entries = self.ast.items.iter().filter_map(|item| match item {
            Item::Entry(entry) => Some(entry),
            Item::Graph(_) | Item::Struct(_) | Item::Dim(_) | Item::Use(_) => None,
        });
        entries.collect()
    }

    /// Elaborates the graphs of the file that need nothing from a caller and have none, once nothing is
    /// wrong with the others.
    fn check_unused(&mut self, own: &[usize]) {
        if self.diagnostics.has_errors() {
            return;
        }
        for &index in own {
            let graph = self.graphs[index];
            if graph.is_complete() && self.elaborated.insert(index) && !self.diagnostics.is_full() {
                self.turns = 0;
                // What is wrong was reported, and what it expands to is not wanted.
                let _: Result<_, Reported> = self.entry(index);
            }
        }
    }

    /// Whether the file gives a graph what else a caller does.
    fn can_be_exported(&self, graph: &ast::Graph) -> bool {
        let mut dims = graph.dims.iter();
        let mut attributes = graph.attributes.iter();
        dims.all(|dim| self.file_dims.contains_key(&dim.name))
            && attributes.all(|attribute| attribute.default.is_some())
    }

    fn entry(&mut self, index: usize) -> Result<Entry, Reported> {
        let graph = self.graphs[index];
        let (choice, params) = self.entry_params(graph)?;
        let arguments = params.iter().map(|param| param.tree.clone()).collect();
        let instance = self.graph_instance(index, choice, arguments, graph.name.span)?;
        for ((_, tree), declared) in instance.results.iter().zip(&graph.results) {
            self.check_stored(tree, &declared.ty)?;
        }
        let docs = graph.results.iter().map(|result| doc(&result.docs));
        let results = instance.results.iter().cloned().zip(docs);
        let results = results.map(|((name, tree), doc)| Param {
            name,
            doc,
            inout: false,
            tree,
        });
        let signature = Signature {
            params,
            results: results.collect(),
        };
        self.stripped(graph, signature, instance.graph.clone())
    }

    /// The dims, attributes and parameters of an exported graph.
    fn entry_params(&mut self, graph: &'a ast::Graph) -> Result<(Choice, Vec<Param>), Reported> {
        let mut choice = Choice {
            dims: self.entry_dims(graph)?,
            ..Choice::default()
        };
        let scope = self.choose_attributes(graph, &mut choice, &[], graph.name.span)?;
        let mut params = Vec::with_capacity(graph.params.len());
        for param in &graph.params {
            let tree = self.tree(&scope, &param.ty);
            let tree = tree.and_then(|tree| self.check_stored(&tree, &param.ty).map(|()| tree));
            params.push(tree.map(|tree| Param {
                name: param.name.name.clone(),
                doc: doc(&param.docs),
                inout: param.inout.is_some(),
                tree,
            }));
        }
        let params: Result<Vec<Param>, Reported> = params.into_iter().collect();
        Ok((choice, params?))
    }

    /// The dims of an exported graph, which nobody calls, come from `--define` and the file.
    pub(super) fn entry_dims(&mut self, graph: &ast::Graph) -> Result<Bindings, Reported> {
        let mut dims = Bindings::default();
        for dim in &graph.dims {
            match self.file_dims.get(&dim.name) {
                Some(value) => {
                    dims.insert(dim.name.clone(), *value);
                }
                None => {
                    let name = &dim.name;
                    let is_type = graph.is_type_parameter(name);
                    let what = if is_type { "type" } else { "dim" };
                    let message =
                        format!("the {what} `{name}` of `{}` has no value", graph.name.name);
                    return Err(self.report(
                        Diagnostic::error(Code::UnknownDim, message)
                            .primary(dim.span, "an exported graph has no caller to infer it from")
                            .help(if is_type {
                                "give the parameters types, or mark with `entry` what is to be \
                                 exported"
                                    .to_string()
                            } else {
                                format!(
                                    "give it one with `dim {name} = …` or `--define {name}=…`, or \
                                     mark with `entry` what is to be exported"
                                )
                            }),
                    ));
                }
            }
        }
        Ok(dims)
    }
}

impl Ast {
    /// The expressions that `root` is made of, operands before users, without those that are not
    /// evaluated here since they name values of another body.
    pub(super) fn subtree(&self, root: ExprId) -> Vec<ExprId> {
        let mut found = Vec::new();
        let mut pending = vec![root];
        while let Some(id) = pending.pop() {
            found.push(id);
            match &self.expr(id).kind {
                ExprKind::Name(_) | ExprKind::Literal(_) | ExprKind::If { .. } => {}
                ExprKind::Unary { operand, .. } => pending.push(*operand),
                ExprKind::Binary { left, right, .. } => pending.extend([*left, *right]),
                ExprKind::Field { base, .. } | ExprKind::Next { base } => pending.push(*base),
                ExprKind::Index { base, indices } => {
                    pending.push(*base);
                    pending.extend(indices);
                }
                ExprKind::Slice { base, start, end } => {
                    pending.push(*base);
                    pending.extend(start.iter().chain(end));
                }
                ExprKind::Call {
                    callee,
                    args,
                    attributes,
                } => {
                    pending.push(*callee);
                    pending.extend(args);
                    let evaluated = attributes.iter().filter(|attribute| !attribute.is_path());
                    pending.extend(evaluated.map(|attribute| attribute.value));
                }
                ExprKind::Tuple(items) | ExprKind::List(items) => pending.extend(items),
            }
        }
        found.sort_unstable();
        found
    }
}
