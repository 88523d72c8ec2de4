//! Loops and branches over functions: `scan(f, …)` and `cond(f, g)`.
//!
//! An instance of such a function has one node beside its inputs: a [`Scan`](crate::op::Scan) or
//! [`Cond`](crate::op::Cond) over the graph of the function, with parameters in the order that the op
//! wants. What the body computes inside has a value in each turn (`inside.rs`).

use super::body::Body;
use super::call::{Args, Attrs};
use super::function::{Instance, Named};
use super::inside::Run;
use super::path::{Names, Path};
use super::value::{Data, Function, Val};
use super::{Elaborator, Reported, count};
use crate::builder::Builder;
use crate::diag::{Code, Diagnostic};
use crate::graph::{Graph, Value};
use crate::module::Tree;
use crate::op::{Concat, Cond, Input, Pullback, Region, SPECS, Scan, ScanRole, TypeError};
use crate::shape::{Shape, Type};
use crate::span::Span;
use std::rc::Rc;

/// How a function is repeated.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Repeat {
    /// The parameters that are carried from turn to turn; the first one where none is given.
    carry: Option<Vec<Path>>,
    /// The parameters that are slices; the one after the carried ones where none is given.
    over: Option<Vec<Path>>,
    /// The number of turns, where it is given.
    length: Option<u64>,
    /// Whether turns begin with the last slices.
    reverse: bool,
}

/// The parameters of a body by what they are.
#[derive(Default)]
struct Roles {
    /// Positions among the parameters, in the order in which the results follow.
    carry: Vec<usize>,
    over: Vec<usize>,
}

impl Roles {
    fn of(&self, position: usize) -> ScanRole {
        if self.carry.contains(&position) {
            ScanRole::Carry
        } else if self.over.contains(&position) {
            ScanRole::Slice
        } else {
            ScanRole::Closed
        }
    }

    /// All positions below `count`: carried ones, slices, closed ones.
    fn order(&self, count: usize) -> Vec<usize> {
        let closed = (0..count).filter(|&at| self.of(at) == ScanRole::Closed);
        let open = self.carry.iter().chain(&self.over).copied();
        open.chain(closed).collect()
    }
}

pub(super) fn sliced(tree: &Tree) -> Tree {
    tree.map_leaves(&mut |ty| {
        let rest = ty.shape.extents().skip(1);
        Tree::Leaf(ty.with_shape(Shape::new(rest)))
    })
}

pub(super) fn stacked(tree: &Tree, length: u64) -> Tree {
    tree.map_leaves(&mut |ty| {
        let extents = std::iter::once(length).chain(ty.shape.extents());
        Tree::Leaf(ty.with_shape(Shape::new(extents)))
    })
}

impl<'a> Elaborator<'a> {
    /// `scan(f, …)`: the function, not yet applied.
    pub(super) fn scan(
        &mut self,
        args: Args,
        attributes: &Attrs,
        span: Span,
    ) -> Result<Val, Reported> {
        let [(callee, callee_span)] = <[(Val, Span); 1]>::try_from(args).map_err(|_| {
            self.report(
                Diagnostic::error(Code::ArgumentCount, "`scan` takes one function")
                    .primary(span, "")
                    .help("it yields a function, which is then called: `scan(f, carry = h, over = x)(h0, xs)`"),
            )
        })?;
        let of = self.function(callee, callee_span)?;
        let mut repeat = Repeat {
            carry: None,
            over: None,
            length: None,
            reverse: false,
        };
        for (attribute, val) in attributes {
            let whole = |val: &Val| match val {
                Val::Number(number) => number.as_i64().and_then(|n| u64::try_from(n).ok()),
                _ => None,
            };
            let wanted = match (attribute.name.name.as_str(), val) {
                ("carry", _) => {
                    repeat.carry = Some(self.paths_in(attribute)?);
                    continue;
                }
                ("over", _) => {
                    repeat.over = Some(self.paths_in(attribute)?);
                    continue;
                }
                ("reverse", Val::Bool(reverse)) => {
                    repeat.reverse = *reverse;
                    continue;
                }
                ("length", length) if whole(length).is_some() => {
                    repeat.length = whole(length);
                    continue;
                }
                ("reverse", _) => "`reverse` is `true` or `false`".to_string(),
                ("length", _) => "`length` is a whole number, known at compile time".to_string(),
                (other, _) => format!("`scan` has no attribute `{other}`"),
            };
            return Err(self.report(
                Diagnostic::error(Code::BadAttribute, wanted)
                    .primary(attribute.span, "")
                    .help("`carry` and `over` name parameters of the function; `length` and `reverse` say how often and from which end"),
            ));
        }
        Ok(Val::Function(Rc::new(Function::Scan { of, repeat })))
    }

    /// `cond(f, g)`: the function, not yet applied.
    pub(super) fn cond(
        &mut self,
        args: Args,
        attributes: &Attrs,
        span: Span,
    ) -> Result<Val, Reported> {
        if let Some((attribute, _)) = attributes.first() {
            let message = "`cond` takes no attributes";
            return Err(self.report(
                Diagnostic::error(Code::BadAttribute, message).primary(attribute.span, ""),
            ));
        }
        let [then, otherwise] = <[(Val, Span); 2]>::try_from(args).map_err(|_| {
            self.report(
                Diagnostic::error(Code::ArgumentCount, "`cond` takes two functions")
                    .primary(span, "")
                    .help("it yields a function, which is then called: `cond(f, g)(c, x)` is `f(x)` where `c` holds, else `g(x)`"),
            )
        })?;
        let then = self.function(then.0, then.1)?;
        let otherwise = self.function(otherwise.0, otherwise.1)?;
        Ok(Val::Function(Rc::new(Function::Cond { then, otherwise })))
    }

    /// The names of the parameters that a function has by name.
    fn parameter_names(&self, function: &Function) -> Vec<String> {
        let mut at = function;
        let mut extra = Vec::new();
        let names = loop {
            match at {
                Function::Graph { index, .. } => {
                    let params = self.graphs[*index].params.iter();
                    break params.map(|param| param.name.name.clone()).collect();
                }
                Function::Op(name) => {
                    let spec = SPECS.iter().find(|spec| spec.name == *name);
                    let operands = spec.map_or(&[][..], |spec| spec.operands);
                    break operands.iter().map(ToString::to_string).collect();
                }
                Function::Cond { then, .. } => {
                    extra.push("condition".to_string());
                    at = then;
                }
                Function::Gradient { of, .. }
                | Function::AssociativeScan { of, .. }
                | Function::Checkpoint { of }
                | Function::Scan { of, .. }
                | Function::Vjp { of, .. }
                | Function::Jvp { of, .. } => at = of,
            }
        };
        extra.extend::<Vec<String>>(names);
        extra
    }

    fn roles(
        &mut self,
        of: &Function,
        repeat: &Repeat,
        given: usize,
        span: Span,
    ) -> Result<Roles, Reported> {
        let names = self.parameter_names(of);
        let mut find = |paths: &[Path]| -> Result<Vec<usize>, Reported> {
            let mut found: Vec<usize> = Vec::new();
            for path in paths {
                let name = path.to_string();
                match names.iter().position(|known| *known == name) {
                    Some(at) if !found.contains(&at) => found.push(at),
                    Some(_) => {
                        let message = format!("`{name}` is named twice");
                        return Err(self.report(
                            Diagnostic::error(Code::BadScan, message).primary(path.span(), ""),
                        ));
                    }
                    None => {
                        let message = format!("the function has no parameter `{name}`");
                        return Err(self.report(
                            Diagnostic::error(Code::BadScan, message)
                                .primary(path.span(), "")
                                .help(format!("its parameters are {}", names.join(", "))),
                        ));
                    }
                }
            }
            Ok(found)
        };
        let carry = match &repeat.carry {
            Some(paths) => find(paths)?,
            None => (0..given.min(1)).collect(),
        };
        let over = match (&repeat.over, repeat.length) {
            (Some(paths), _) => find(paths)?,
            (None, Some(_)) => Vec::new(),
            (None, None) => {
                let free = (0..given).find(|at| !carry.contains(at));
                free.into_iter().collect()
            }
        };
        if let Some(&both) = carry.iter().find(|at| over.contains(at)) {
            let message = format!("`{}` is both carried and a slice", names[both]);
            return Err(self.report(Diagnostic::error(Code::BadScan, message).primary(span, "")));
        }
        if let Some(&absent) = carry.iter().chain(&over).find(|at| **at >= given) {
            let message = format!("no argument is given for `{}`", names[absent]);
            let code = Code::ArgumentCount;
            return Err(self.report(Diagnostic::error(code, message).primary(span, "")));
        }
        Ok(Roles { carry, over })
    }

    /// Whether an argument of a function is cut into slices.
    pub(super) fn is_sliced(&mut self, function: &Function, position: usize) -> bool {
        let Function::Scan { of, repeat } = function else {
            return false;
        };
        let given = self.parameter_names(of).len();
        let roles = self.roles(of, repeat, given, Span::SYNTHETIC);
        roles.is_ok_and(|roles| roles.of(position) == ScanRole::Slice)
    }

    /// The arguments of a scan, with arrays of which it takes the elements as stacked tensors.
    pub(super) fn stack_arrays(
        &mut self,
        body: &Body<'a>,
        function: &Function,
        mut args: Vec<(Data, Span)>,
        span: Span,
    ) -> Result<Vec<(Data, Span)>, Reported> {
        let over = match function {
            Function::Scan { of, repeat } => self.roles(of, repeat, args.len(), span)?.over,
            Function::AssociativeScan { .. } => (0..args.len()).collect(),
            Function::Graph { .. }
            | Function::Op(_)
            | Function::Cond { .. }
            | Function::Gradient { .. }
            | Function::Vjp { .. }
            | Function::Jvp { .. }
            | Function::Checkpoint { .. } => Vec::new(),
        };
        for position in over {
            let (data, at) = &args[position];
            if let Tree::Array { element, length } = &data.tree {
                let stack = stack(&body.builder, &data.leaves, element, *length);
                let leaves = stack.map_err(|error| self.type_error(&error, *at, &[]))?;
                let tree = stacked(element, *length);
                args[position] = (Data { tree, leaves }, *at);
            }
        }
        Ok(args)
    }

    /// The instance of a scan of a function.
    pub(super) fn scanned(
        &mut self,
        (of, repeat): (&Rc<Function>, &Repeat),
        arguments: &[Tree],
        span: Span,
        spans: &[Span],
    ) -> Result<Instance, Reported> {
        let roles = self.roles(of, repeat, arguments.len(), span)?;
        let length = self.scan_length(&roles, repeat, arguments, span, spans)?;
        let slice = |(at, tree): (usize, &Tree)| match roles.of(at) {
            ScanRole::Slice => sliced(tree),
            ScanRole::Carry | ScanRole::Closed => tree.clone(),
        };
        let slices = arguments.iter().enumerate().map(slice).collect();
        let inner = self.instantiate(of, slices, span, spans)?;
        self.check_carries(&roles, &inner, span)?;
        let order = roles.order(inner.params.len());
        let trees: Vec<&Tree> = inner.params.iter().map(|(_, tree)| tree).collect();
        let leaf_order = leaves_in_order(&trees, &order);
        let permuted = permuted(&inner.graph, &leaf_order);
        let (name, doc) = self.describe(of);
        let region = permuted.and_then(|body| Region::new(name, doc, body, Pullback::Derived));
        let region = region.map_err(|error| self.type_error(&error, span, &[]))?;
        let leaves = |positions: &[usize]| -> usize {
            positions.iter().map(|&at| trees[at].leaf_count()).sum()
        };
        let run = Run {
            name: self.base_name(of),
            of: inner.clone(),
            order: Some(leaf_order),
            turns: Some(length),
            carries: leaves(&roles.carry),
        };
        let op = Scan {
            region: Rc::new(region),
            carries: run.carries,
            stacked: leaves(&roles.over),
            length,
            reverse: repeat.reverse,
        };
        let mut results: Named = inner.results.clone();
        for (_, tree) in results.iter_mut().skip(roles.carry.len()) {
            *tree = stacked(tree, length);
        }
        let names = inner.params.iter().map(|(name, _)| name.clone());
        let params: Named = names.zip(arguments.iter().cloned()).collect();
        let graph = applied(op, &params, &order, &results, span);
        Ok(Instance {
            graph: graph.map_err(|error| self.type_error(&error, span, spans))?,
            params,
            results,
            order: inner.order,
            names: Names::Runs(vec![run]),
        })
    }

    /// The extent that the leading axes of some arguments have in common.
    pub(super) fn common_length(
        &mut self,
        arguments: &[Tree],
        span: Span,
        spans: &[Span],
    ) -> Result<u64, Reported> {
        let roles = Roles {
            carry: Vec::new(),
            over: (0..arguments.len()).collect(),
        };
        let repeat = Repeat {
            carry: None,
            over: None,
            length: None,
            reverse: false,
        };
        self.scan_length(&roles, &repeat, arguments, span, spans)
    }

    /// The number of turns, on which all stacked arguments must agree.
    fn scan_length(
        &mut self,
        roles: &Roles,
        repeat: &Repeat,
        arguments: &[Tree],
        span: Span,
        spans: &[Span],
    ) -> Result<u64, Reported> {
        let mut length = repeat.length.map(|length| (length, span));
        for &position in &roles.over {
            let at = spans.get(position).copied().unwrap_or(span);
            for (_, ty) in arguments[position].leaves("") {
                let Some(leading) = ty.shape.extents().next() else {
                    let message = format!("a scan takes slices of this argument, but it is {ty}");
                    return Err(self.report(
                        Diagnostic::error(Code::BadScan, message)
                            .primary(at, "this has no leading axis")
                            .help("`over` names the parameters that are slices, `length` says how often to repeat without any"),
                    ));
                };
                match length {
                    Some((known, first)) if known != leading => {
                        let message =
                            format!("the scan has {known} turns, but here are {leading} slices");
                        return Err(self.report(
                            Diagnostic::error(Code::BadScan, message)
                                .primary(at, format!("this is {ty}"))
                                .secondary(first, format!("{known} turns because of this")),
                        ));
                    }
                    Some(_) => {}
                    None => length = Some((leading, at)),
                }
            }
        }
        match length {
            Some((length, _)) => Ok(length),
            None => Err(self.report(
                Diagnostic::error(Code::BadScan, "nothing says how many turns the scan has")
                    .primary(span, "")
                    .help("give `length = …`, or name parameters that are slices with `over`"),
            )),
        }
    }

    /// The first results must be next values of what is carried.
    fn check_carries(
        &mut self,
        roles: &Roles,
        inner: &Instance,
        span: Span,
    ) -> Result<(), Reported> {
        if inner.results.len() < roles.carry.len() {
            let (carried, yielded) = (
                count(roles.carry.len(), "value"),
                count(inner.results.len(), "result"),
            );
            let message = format!("the scan carries {carried}, but the function has {yielded}");
            return Err(self.report(
                Diagnostic::error(Code::BadScan, message)
                    .primary(span, "")
                    .help("the first results are the next values of what is carried, in order"),
            ));
        }
        for (&position, (result, next)) in roles.carry.iter().zip(&inner.results) {
            let Some((name, tree)) = inner.params.get(position) else {
                continue;
            };
            if tree == next {
                continue;
            }
            let message = format!(
                "`{name}` is carried as {tree}, but its next value, the result `{result}`, is {next}"
            );
            return Err(self.report(
                Diagnostic::error(Code::BadScan, message)
                    .primary(span, "")
                    .help("what is carried keeps its type; the first results are its next values, in order"),
            ));
        }
        Ok(())
    }

    /// The instance of a branch between two functions.
    pub(super) fn branched(
        &mut self,
        (then, otherwise): (&Rc<Function>, &Rc<Function>),
        arguments: &[Tree],
        span: Span,
        spans: &[Span],
    ) -> Result<Instance, Reported> {
        let Some((condition, rest)) = arguments.split_first() else {
            let message = "a branch takes a truth value before the arguments of its functions";
            return Err(
                self.report(Diagnostic::error(Code::ArgumentCount, message).primary(span, ""))
            );
        };
        let rest_spans = spans.get(1..).unwrap_or(&[]);
        let yes = self.instantiate(then, rest.to_vec(), span, rest_spans)?;
        let no = self.instantiate(otherwise, rest.to_vec(), span, rest_spans)?;
        let types = |named: &Named| {
            named
                .iter()
                .map(|(_, tree)| tree.clone())
                .collect::<Vec<_>>()
        };
        if types(&yes.results) != types(&no.results) {
            let list = |named: &Named| {
                let types: Vec<String> = named.iter().map(|(_, tree)| tree.to_string()).collect();
                types.join(", ")
            };
            let message = format!(
                "the branches yield different types: ({}) and ({})",
                list(&yes.results),
                list(&no.results)
            );
            return Err(
                self.report(Diagnostic::error(Code::TypeMismatch, message).primary(span, ""))
            );
        }
        let (mut regions, mut runs) = (Vec::new(), Vec::new());
        for (function, instance) in [(then, &yes), (otherwise, &no)] {
            let (name, doc) = self.describe(function);
            let order: Vec<usize> = (0..instance.graph.inputs().len()).collect();
            let body = permuted(&instance.graph, &order);
            runs.push(Run {
                name: self.base_name(function),
                of: instance.clone(),
                order: Some(order),
                turns: None,
                carries: 0,
            });
            let region = body.and_then(|body| Region::new(name, doc, body, Pullback::Derived));
            regions.push(region.map_err(|error| self.type_error(&error, span, &[]))?);
        }
        let mut regions = regions.into_iter().map(Rc::new);
        let (Some(then), Some(otherwise)) = (regions.next(), regions.next()) else {
            return Err(Reported);
        };
        let mut params = vec![("condition".to_string(), condition.clone())];
        params.extend(yes.params.clone());
        let order: Vec<usize> = (0..params.len()).collect();
        let graph = applied(
            Cond { then, otherwise },
            &params,
            &order,
            &yes.results,
            span,
        );
        Ok(Instance {
            graph: graph.map_err(|error| self.type_error(&error, span, spans))?,
            params,
            results: yes.results.clone(),
            order: yes.order.max(no.order),
            names: Names::Runs(runs),
        })
    }
}

/// The positions of the leaves of some trees, tree by tree in that order.
fn leaves_in_order(trees: &[&Tree], order: &[usize]) -> Vec<usize> {
    let mut first = 0;
    let starts: Vec<usize> = trees
        .iter()
        .map(|tree| {
            let start = first;
            first += tree.leaf_count();
            start
        })
        .collect();
    let leaves = order
        .iter()
        .flat_map(|&at| starts[at]..starts[at] + trees[at].leaf_count());
    leaves.collect()
}

pub(super) fn input(builder: &Builder, ty: &Type, name: &str) -> Result<Value, TypeError> {
    let op = Input {
        dtype: ty.dtype,
        shape: ty.shape.clone(),
    };
    let input = builder.apply(op, &[])?;
    builder.edit(|graph| graph.set_name(input.node, name));
    Ok(input)
}

/// The graph with its inputs in another order, before all other nodes.
pub(super) fn permuted(graph: &Graph, order: &[usize]) -> Result<Graph, TypeError> {
    let builder = Builder::new(Graph::like(graph), Span::SYNTHETIC);
    let mut arguments: Vec<(usize, Value)> = Vec::with_capacity(order.len());
    for &position in order {
        let old = graph.inputs()[position];
        builder.set_span(graph.span(old.node));
        let name = graph.name(old.node).unwrap_or_default();
        let new = input(&builder, graph.ty(old), name)?;
        if let Some(range) = graph.range(old.node) {
            builder.edit(|graph| graph.set_range(new.node, range));
        }
        arguments.push((position, new));
    }
    arguments.sort_unstable_by_key(|(position, _)| *position);
    let arguments: Vec<Value> = arguments.into_iter().map(|(_, value)| value).collect();
    let values = builder.inline(graph, &arguments)?;
    let mut new = builder.finish();
    for (output, value) in graph.outputs().iter().zip(values) {
        new.add_output(&output.name, value);
    }
    Ok(new)
}

/// The graph with the leaves of `params` as inputs, and the op on them in the given order of params.
fn applied(
    op: impl Into<crate::op::Op>,
    params: &Named,
    order: &[usize],
    results: &Named,
    span: Span,
) -> Result<Graph, TypeError> {
    let builder = Builder::new(Graph::new(), span);
    let mut inputs = Vec::new();
    for (name, tree) in params {
        for (path, ty) in tree.leaves(name) {
            inputs.push(input(&builder, &ty, &path)?);
        }
    }
    let trees: Vec<&Tree> = params.iter().map(|(_, tree)| tree).collect();
    let operands = leaves_in_order(&trees, order);
    let operands: Vec<Value> = operands.into_iter().map(|at| inputs[at]).collect();
    let values = builder.apply_all(op, &operands)?;
    let names = results.iter().flat_map(|(name, tree)| tree.leaves(name));
    let mut graph = builder.finish();
    for ((name, _), value) in names.zip(values) {
        graph.add_output(name, value);
    }
    Ok(graph)
}

/// The leaves of the elements of an array, each stacked along a new leading axis.
fn stack(
    builder: &Builder,
    leaves: &[Value],
    element: &Tree,
    length: u64,
) -> Result<Vec<Value>, TypeError> {
    let each = element.leaf_count();
    let mut stacks = Vec::with_capacity(each);
    for (at, (_, ty)) in element.leaves("").into_iter().enumerate() {
        let extents = std::iter::once(1).chain(ty.shape.extents());
        let row = Shape::new(extents);
        let rows = leaves.iter().skip(at).step_by(each.max(1));
        let rows: Vec<Value> = rows
            .map(|leaf| builder.reshape(*leaf, &row))
            .collect::<Result<_, _>>()?;
        stacks.push(match rows.as_slice() {
            [] => {
                let Tree::Leaf(ty) = stacked(&Tree::Leaf(ty), length) else {
                    continue;
                };
                builder.full(&ty, &crate::constant::Constant::integer(0))?
            }
            [only] => *only,
            rows => builder.apply(Concat { axis: 0 }, rows)?,
        });
    }
    Ok(stacks)
}
