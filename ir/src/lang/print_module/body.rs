//! The statements of an entry: one per node, then the results that are left.

use super::names::Names;
use super::notation::{Notation, is_splat};
use super::{ident, tensor};
use crate::graph::{Graph, NodeId, Value, Values};
use crate::lang::ast::{Definition, ExprId, Pattern, Place, Statement, Target};
use crate::module::{Entry, Tree};
use crate::op::Op;
use crate::span::Span;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// A leaf of a result, or the next value of a leaf of an `inout` parameter.
struct Output {
    /// `d.hidden.w`
    path: String,
    /// Whether it is a next value.
    next: bool,
    value: Value,
}

struct Body<'a> {
    graph: &'a Graph,
    /// How each result of each node is read, once it is known.
    paths: Vec<SmallVec<[String; 1]>>,
    /// Values that are defined as results of the entry, with the names of these.
    direct: FxHashMap<Value, String>,
    /// Names for other values that are results, after their paths.
    suggested: FxHashMap<Value, String>,
    names: Names,
}

/// The statements that compute the entry's graph.
pub(super) fn statements(notation: &mut Notation, entry: &Entry) -> Vec<Statement> {
    let definitions = definitions(notation, entry).into_iter();
    definitions.map(Statement::Definition).collect()
}

fn definitions(notation: &mut Notation, entry: &Entry) -> Vec<Definition> {
    let graph = &entry.graph;
    let outputs = outputs(entry);
    let mut body = Body::new(entry, &outputs);
    let inlined = inlined(graph);
    let mut statements = Vec::with_capacity(graph.len());
    for node in graph.nodes() {
        if body.paths[node.index()].is_empty() && !inlined[node.index()] {
            statements.push(body.statement(notation, node, &inlined));
        }
    }
    for output in &outputs {
        if body.direct.get(&output.value) != Some(&output.path) || output.next {
            let value = body.read(notation, output.value);
            statements.push(assignment(notation, output, value));
        }
    }
    statements
}

/// The outputs in the order of the signature.
fn outputs(entry: &Entry) -> Vec<Output> {
    let signature = &entry.signature;
    let results = signature.results.iter().map(|result| (result, false));
    let inouts = signature.params.iter().filter(|param| param.inout);
    let paths = results.chain(inouts.map(|param| (param, true)));
    let paths = paths.flat_map(|(param, next)| {
        let leaves = param.tree.leaves(&param.name).into_iter();
        leaves.map(move |(path, _)| (path, next))
    });
    let values = entry.graph.outputs().iter();
    paths
        .zip(values)
        .map(|((path, next), output)| Output {
            path,
            next,
            value: output.value,
        })
        .collect()
}

impl<'a> Body<'a> {
    fn new(entry: &'a Entry, outputs: &[Output]) -> Body<'a> {
        let graph = &entry.graph;
        let signature = &entry.signature;
        let mut paths = vec![SmallVec::new(); graph.len()];
        let leaves = signature.params.iter();
        let leaves = leaves.flat_map(|param| param.tree.leaves(&param.name));
        for (input, (path, _)) in graph.inputs().iter().zip(leaves) {
            paths[input.node.index()].push(path);
        }
        let names = signature.params.iter().chain(&signature.results);
        let names = names.map(|param| param.name.as_str());
        let mut body = Body {
            graph,
            paths,
            direct: FxHashMap::default(),
            suggested: FxHashMap::default(),
            names: Names::new(names.chain(["inf", "nan"])),
        };
        let whole = |result: &&crate::module::Param| matches!(result.tree, Tree::Leaf(_));
        for result in signature.results.iter().filter(whole) {
            let output = outputs.iter().find(|output| output.path == result.name);
            body.define_directly(output.map(|output| output.value), &result.name);
        }
        for output in outputs {
            let next = if output.next { "next_" } else { "" };
            let name = || format!("{next}{}", output.path);
            body.suggested.entry(output.value).or_insert_with(name);
        }
        body
    }

    /// Lets the statement that computes `value` define the result `name`, whatever name the node
    /// has: what callers see reads best. Of several results of one value, the first is meant.
    fn define_directly(&mut self, value: Option<Value>, name: &str) {
        let computed = value.filter(|value| self.paths[value.node.index()].is_empty());
        if let Some(value) = computed {
            let name = || name.to_string();
            self.direct.entry(value).or_insert_with(name);
        }
    }

    fn statement(&mut self, notation: &mut Notation, node: NodeId, inlined: &[bool]) -> Definition {
        let op = self.graph.op(node);
        let operands = self.graph.operands(node);
        let value = match constant(notation, op) {
            Some(constant) => constant,
            None => {
                let types = operands.iter().map(|operand| self.graph.ty(*operand));
                let types: SmallVec<[_; 3]> = types.collect();
                let operands = operands.iter().map(|operand| {
                    if inlined[operand.node.index()] {
                        self.literal(notation, *operand)
                    } else {
                        self.read(notation, *operand)
                    }
                });
                let operands = operands.collect();
                notation.op(op, operands, &types)
            }
        };
        self.claim_names(notation, node, op);
        let targets = self.graph.results(node);
        let targets = targets.iter().zip(&self.paths[node.index()]);
        let mut targets: Vec<Target> = targets
            .map(|(value, path)| {
                let ty = tensor(notation, self.graph.ty(*value));
                place(notation, path, false, Some(ty))
            })
            .collect();
        let pattern = match (targets.len(), targets.pop()) {
            (1, Some(target)) => Pattern::One(target),
            (_, last) => {
                targets.extend(last);
                Pattern::Tuple {
                    targets,
                    span: Span::SYNTHETIC,
                }
            }
        };
        Definition {
            pattern,
            value,
            span: Span::SYNTHETIC,
        }
    }

    /// Chooses names for the results of a node.
    fn claim_names(&mut self, notation: &Notation, node: NodeId, op: &Op) {
        for value in self.graph.results(node) {
            let name = match self.direct.get(&value) {
                Some(name) => name.clone(),
                None => {
                    let wanted = self.wanted_name(notation, value, op);
                    self.names.claim(&wanted)
                }
            };
            self.paths[node.index()].push(name);
        }
    }

    /// The name that a value should have. A graph knows the names of first results only; those of
    /// others must follow from what stands in the text.
    fn wanted_name(&self, notation: &Notation, value: Value, op: &Op) -> String {
        let first = self.paths[value.node.index()].first();
        let given = self.graph.name(value.node).filter(|_| value.result == 0);
        let label = notation.result_name(op, value.result);
        match (given, self.suggested.get(&value), first, label) {
            (Some(name), _, _, _) => name.to_string(),
            (None, Some(name), _, _) => name.clone(),
            (None, None, Some(first), Some(label)) => format!("{first}_{label}"),
            (None, None, _, _) => format!("v{}", value.node.index()),
        }
    }

    fn read(&self, notation: &mut Notation, value: Value) -> ExprId {
        let paths = &self.paths[value.node.index()];
        let path = paths.get(usize::from(value.result));
        notation.path(path.map_or("", String::as_str))
    }

    fn literal(&self, notation: &mut Notation, value: Value) -> ExprId {
        match constant(notation, self.graph.op(value.node)) {
            Some(literal) => literal,
            None => self.read(notation, value),
        }
    }
}

/// A constant as a literal, whose type its context must give.
fn constant(notation: &mut Notation, op: &Op) -> Option<ExprId> {
    if let Op::Full(full) = op {
        Some(notation.number(full.dtype, &full.value))
    } else if let Op::Literal(literal) = op {
        Some(notation.elements(&literal.elements))
    } else {
        None
    }
}

fn place(
    notation: &mut Notation,
    path: &str,
    next: bool,
    ty: Option<crate::lang::ast::Type>,
) -> Target {
    let (root, path) = notation.steps(path);
    Target::Place(Place {
        root: ident(root),
        path,
        next: next.then_some(Span::SYNTHETIC),
        ty,
        span: Span::SYNTHETIC,
    })
}

fn assignment(notation: &mut Notation, output: &Output, value: ExprId) -> Definition {
    Definition {
        pattern: Pattern::One(place(notation, &output.path, output.next, None)),
        value,
        span: Span::SYNTHETIC,
    }
}

/// For each node, whether it is written as a literal in the expression of its only user.
///
/// A literal is elaborated right before the op whose operand it is. So a constant is inlined only
/// where it stands right before its user in the graph (inputs aside), unnamed, and where the op
/// gives a literal exactly the constant's type.
fn inlined(graph: &Graph) -> Vec<bool> {
    let uses = graph.use_counts();
    let mut inlined = vec![false; graph.len()];
    let mut before: Vec<NodeId> = Vec::new();
    for node in graph.nodes() {
        let operands = graph.operands(node);
        let mut literals = adjacent_constants(graph, &uses, &before, &operands);
        while !literals.is_empty() && !accepted(graph, node, &operands, &literals) {
            literals.remove(0);
        }
        for literal in literals {
            inlined[literal.index()] = true;
        }
        if !matches!(graph.op(node), Op::Input(_)) {
            // No op has more operands than nodes before it that matter here.
            before.push(node);
        }
    }
    inlined
}

/// The operands that are constants of this op alone and stand right before it, in operand order.
fn adjacent_constants(
    graph: &Graph,
    uses: &[u32],
    before: &[NodeId],
    operands: &Values,
) -> SmallVec<[NodeId; 2]> {
    let mut found: SmallVec<[NodeId; 2]> = SmallVec::new();
    let mut expected = before.iter().rev();
    let mut next = expected.next();
    for operand in operands.iter().rev() {
        let node = operand.node;
        let private = uses[node.index()] == 1 && graph.name(node).is_none();
        if next == Some(&node) && private && is_splat(graph.op(node)) {
            found.push(node);
            next = expected.next();
        }
    }
    found.reverse();
    found
}

/// Whether the op would give literals in the places of `literals` their types.
fn accepted(graph: &Graph, node: NodeId, operands: &Values, literals: &[NodeId]) -> bool {
    let typed = operands.iter().map(|operand| {
        let is_literal = literals.contains(&operand.node);
        (graph.ty(*operand), is_literal)
    });
    super::notation::infers_literals(graph.op(node), &typed.collect::<SmallVec<[_; 3]>>())
}
