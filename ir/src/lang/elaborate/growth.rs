//! How large graphs grow, foreseen from the text.
//!
//! Calls are expanded in place, so forty graphs of two calls each come to 2⁴⁰ nodes. Expanding until
//! the bound is met would take gigabytes; counting on the syntax tree takes no time. The count is a
//! lower bound: calls by name and derivatives of what has a name, which all are expanded, and
//! expressions that certainly make a node. Derivatives of one another are counted in the same way.

use super::derivative::MAX_DERIVATIVES;
use super::{Elaborator, MAX_CALL_DEPTH, Reported};
use crate::diag::{Code, Diagnostic};
use crate::dtype::DType;
use crate::lang::ast::{self, Domain, ExprId, ExprKind, Literal, Statement};
use crate::op::SPECS;
use crate::span::Span;
use rustc_hash::{FxHashMap, FxHashSet};

/// What a graph certainly expands to.
#[derive(Clone, Debug, Default)]
pub(super) struct Growth {
    /// Nodes, at least.
    nodes: u64,
    /// How many derivatives of one another are in it, at least.
    order: usize,
    /// The graphs that it calls by name or takes a derivative of, how often, with the places.
    calls: Vec<(usize, u64, Span)>,
    /// The graphs that it takes a derivative of, with the places.
    derivatives: Vec<(usize, Span)>,
}

/// What takes a derivative of a graph that it is given.
const DERIVATIVES: [&str; 4] = ["grad", "value_and_grad", "vjp", "jvp"];

impl Elaborator<'_> {
    /// An error when a graph must expand to more nodes than are allowed.
    pub(super) fn check_growth(&mut self, index: usize) -> Result<(), Reported> {
        let limit = self.options.max_nodes as u64;
        let growth = self.growth(index, 0);
        if growth.order > MAX_DERIVATIVES {
            return Err(self.too_high_order(growth));
        }
        if growth.nodes <= limit {
            return Ok(());
        }
        // The innermost graph that is too large is the one to blame.
        let mut culprit = index;
        let mut growth = self.growth(index, 0);
        while let Some((callee, ..)) = growth
            .calls
            .iter()
            .find(|(callee, ..)| self.known_nodes(*callee) > limit)
        {
            culprit = *callee;
            growth = self.growth(culprit, 0);
        }
        let name = &self.graphs[culprit].name;
        let message = format!("`{}` expands to more than {limit} nodes", name.name);
        let mut diagnostic = Diagnostic::error(Code::TooManyNodes, message)
            .primary(name.span, format!("at least {} nodes", growth.nodes));
        for (callee, times, span) in growth.calls.iter().take(3) {
            let nodes = self.known_nodes(*callee).saturating_mul(*times);
            let text = format!("{nodes} of them from this call");
            diagnostic = diagnostic.secondary(*span, text);
        }
        Err(self.report(
            diagnostic
                .help("calls are expanded in place, so nested calls multiply; call fewer of them, or raise the bound with `--max-nodes`"),
        ))
    }

    /// An error at the first derivative that is one too many.
    fn too_high_order(&mut self, mut growth: Growth) -> Reported {
        let order_of = |this: &Self, index: usize| this.growth.get(&index).map_or(0, |g| g.order);
        loop {
            let callees = growth.calls.iter().map(|(callee, ..)| *callee);
            let too_high = callees
                .into_iter()
                .find(|c| order_of(self, *c) > MAX_DERIVATIVES);
            let Some(callee) = too_high else { break };
            growth = self.growth(callee, 0);
        }
        let last = growth.derivatives.iter();
        let mut last = last.filter(|(of, _)| order_of(self, *of) >= MAX_DERIVATIVES);
        let span = last.next().map_or(Span::SYNTHETIC, |(_, span)| *span);
        self.too_many_derivatives(span)
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
        growth.calls.sort_by_key(|(.., span)| *span);
        if depth < MAX_CALL_DEPTH {
            for (callee, times, _) in &growth.calls {
                let nodes = self.growth(*callee, depth + 1).nodes.saturating_mul(*times);
                growth.nodes = growth.nodes.saturating_add(nodes);
                growth.order = growth.order.max(self.growth(*callee, depth + 1).order);
            }
            for (of, _) in &growth.derivatives {
                growth.order = growth.order.max(self.growth(*of, depth + 1).order + 1);
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
        let rule = graph.rule.iter().map(|rule| &rule.graph.body);
        let bodies = std::iter::once(&graph.body).chain(rule);
        let mut open: Vec<_> = bodies.map(|body| (body.as_slice(), 1u64)).collect();
        while let Some((statements, times)) = open.pop() {
            for statement in statements {
                match statement {
                    Statement::Definition(definition) => {
                        self.add_growth(definition.value, &tensors, times, &mut growth);
                    }
                    Statement::For(item) => {
                        let turns = self.certain_turns(graph, &item.domain);
                        open.push((&item.body.statements, times.saturating_mul(turns)));
                    }
                    // Which case holds is not known here.
                    Statement::If(_) => {}
                }
            }
        }
        growth
    }

    /// How often a loop certainly runs.
    fn certain_turns(&self, graph: &ast::Graph, domain: &Domain) -> u64 {
        let generic = |name: &String| graph.dims.iter().any(|dim| dim.name == *name);
        let number = |id: ExprId| match &self.ast.expr(id).kind {
            ExprKind::Literal(Literal::Int { value, .. }) => i64::try_from(*value).ok(),
            ExprKind::Name(name) if !generic(name) => self.file_dims.get(name).copied(),
            _ => None,
        };
        match domain {
            Domain::Range { start, end } => {
                let turns = number(*end)
                    .zip(number(*start))
                    .map(|(end, start)| end - start);
                turns
                    .and_then(|turns| u64::try_from(turns).ok())
                    .unwrap_or(0)
            }
            Domain::Elements(_) => 0,
        }
    }

    /// The nodes that an expression makes itself, and its calls, that many times.
    fn add_growth(
        &self,
        value: ExprId,
        tensors: &FxHashSet<&str>,
        times: u64,
        growth: &mut Growth,
    ) {
        // Whether an expression is certainly a tensor; operands come before their users.
        let mut certain: FxHashMap<ExprId, bool> = FxHashMap::default();
        for id in self.ast.subtree(value) {
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
                ExprKind::Call { callee, args, .. } => match &self.ast.expr(*callee).kind {
                    ExprKind::Name(name) if DERIVATIVES.contains(&name.as_str()) => {
                        if let Some(of) = args.first().and_then(|of| self.named_graph(*of)) {
                            growth.calls.push((of, times, expr.span));
                            growth.derivatives.push((of, expr.span));
                        }
                        (false, false)
                    }
                    ExprKind::Name(name) => match self.graph_names.get(name.as_str()) {
                        Some(callee) => {
                            growth.calls.push((*callee, times, expr.span));
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
            growth.nodes = growth.nodes.saturating_add(times * u64::from(node));
        }
    }

    /// The graph that an expression is the name of.
    fn named_graph(&self, expr: ExprId) -> Option<usize> {
        let ExprKind::Name(name) = &self.ast.expr(expr).kind else {
            return None;
        };
        self.graph_names.get(name.as_str()).copied()
    }
}
