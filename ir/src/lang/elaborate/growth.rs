//! How large graphs grow, foreseen from the text.
//!
//! Calls are expanded in place, so forty graphs of two calls each come to 2⁴⁰ nodes. Expanding until
//! the bound is met would take gigabytes; counting on the syntax tree takes no time. The count is a
//! lower bound: calls by name, which all are expanded, and expressions that certainly make a node.

use super::{Elaborator, MAX_CALL_DEPTH, Reported};
use crate::diag::{Code, Diagnostic};
use crate::dtype::DType;
use crate::lang::ast::{self, ExprId, ExprKind};
use crate::op::SPECS;
use crate::span::Span;
use rustc_hash::{FxHashMap, FxHashSet};

/// What a graph certainly expands to.
#[derive(Clone, Debug, Default)]
pub(super) struct Growth {
    /// Nodes, at least.
    nodes: u64,
    /// The graphs that it calls by name, with the places of the calls.
    calls: Vec<(usize, Span)>,
}

impl Elaborator<'_> {
    /// An error when a graph must expand to more nodes than are allowed.
    pub(super) fn check_growth(&mut self, index: usize) -> Result<(), Reported> {
        let limit = self.options.max_nodes as u64;
        if self.growth(index, 0).nodes <= limit {
            return Ok(());
        }
        // The innermost graph that is too large is the one to blame.
        let mut culprit = index;
        let mut growth = self.growth(index, 0);
        while let Some((callee, _)) = growth
            .calls
            .iter()
            .find(|(callee, _)| self.known_nodes(*callee) > limit)
        {
            culprit = *callee;
            growth = self.growth(culprit, 0);
        }
        let name = &self.graphs[culprit].name;
        let message = format!("`{}` expands to more than {limit} nodes", name.name);
        let mut diagnostic = Diagnostic::error(Code::TooManyNodes, message)
            .primary(name.span, format!("at least {} nodes", growth.nodes));
        for (callee, span) in growth.calls.iter().take(3) {
            let text = format!("{} of them from this call", self.known_nodes(*callee));
            diagnostic = diagnostic.secondary(*span, text);
        }
        Err(self.report(
            diagnostic
                .help("calls are expanded in place, so nested calls multiply; call fewer of them"),
        ))
    }

    fn known_nodes(&self, index: usize) -> u64 {
        self.growth.get(&index).map_or(0, |growth| growth.nodes)
    }

    /// What a graph expands to. Calls that nest too deeply, or in a circle, count as nothing here
    /// and are reported when they are expanded.
    fn growth(&mut self, index: usize, depth: usize) -> Growth {
        if let Some(known) = self.growth.get(&index) {
            return known.clone();
        }
        self.growth.insert(index, Growth::default());
        let mut growth = self.own_growth(self.graphs[index]);
        growth.calls.sort_by_key(|(_, span)| *span);
        if depth < MAX_CALL_DEPTH {
            for (callee, _) in &growth.calls {
                let nodes = self.growth(*callee, depth + 1).nodes;
                growth.nodes = growth.nodes.saturating_add(nodes);
            }
        }
        self.growth.insert(index, growth.clone());
        growth
    }

    /// The nodes that the statements of a graph make themselves, and its calls.
    fn own_growth(&self, graph: &ast::Graph) -> Growth {
        let is_tensor = |param: &&ast::Param| param.ty.name.name.parse::<DType>().is_ok();
        let tensors = graph.params.iter().filter(is_tensor);
        let tensors: FxHashSet<&str> = tensors.map(|param| param.name.name.as_str()).collect();
        let mut growth = Growth::default();
        let rule = graph.rule.iter().flat_map(|rule| &rule.graph.body);
        for statement in graph.body.iter().chain(rule) {
            // Whether an expression is certainly a tensor; operands come before their users.
            let mut certain: FxHashMap<ExprId, bool> = FxHashMap::default();
            for id in self.ast.subtree(statement.value) {
                let expr = self.ast.expr(id);
                let is_certain = |id: &ExprId| certain.get(id).copied().unwrap_or(false);
                let (tensor, node) = match &expr.kind {
                    ExprKind::Name(name) => (tensors.contains(name.as_str()), false),
                    ExprKind::Unary { operand, .. } => {
                        let tensor = is_certain(operand);
                        (tensor, tensor)
                    }
                    ExprKind::Binary { left, right, .. } => {
                        let tensor = is_certain(left) || is_certain(right);
                        (tensor, tensor)
                    }
                    ExprKind::Call { callee, .. } => match &self.ast.expr(*callee).kind {
                        ExprKind::Name(name) => match self.graph_names.get(name.as_str()) {
                            Some(callee) => {
                                growth.calls.push((*callee, expr.span));
                                (false, false)
                            }
                            None => {
                                let is_op = SPECS.iter().any(|spec| spec.name == name);
                                (is_op, is_op)
                            }
                        },
                        _ => (false, false),
                    },
                    _ => (false, false),
                };
                certain.insert(id, tensor);
                growth.nodes += u64::from(node);
            }
        }
        growth
    }
}
