//! Prefixes under a function: `associative_scan(f)`.
//!
//! An instance is a loop over all slices but the first, which carries what has been combined so far and
//! yields it in every turn: n − 1 calls of `f`, one after the other. A tree of calls would be shallower,
//! but calls `f` about twice as often, and its result differs in rounding from that of the loop. Its
//! derivatives are those of the loop.

use super::call::{Args, Attrs};
use super::function::Instance;
use super::path::Names;
use super::scan::{input, permuted, sliced};
use super::value::{Function, Val};
use super::{Elaborator, Reported};
use crate::builder::Builder;
use crate::diag::{Code, Diagnostic};
use crate::graph::{Graph, Value};
use crate::module::Tree;
use crate::op::{Concat, Pullback, Region, Scan, TypeError};
use crate::shape::Shape;
use crate::span::Span;
use std::rc::Rc;

const HELP: &str = "it yields a function, which is then called: `associative_scan(f)(xs)`";

impl Elaborator<'_> {
    /// `associative_scan(f, …)`: the function, not yet applied.
    pub(super) fn associative_scan(
        &mut self,
        args: Args,
        attributes: &Attrs,
        span: Span,
    ) -> Result<Val, Reported> {
        let [(callee, callee_span)] = <[(Val, Span); 1]>::try_from(args).map_err(|_| {
            let message = "`associative_scan` takes one function";
            let diagnostic = Diagnostic::error(Code::ArgumentCount, message);
            self.report(diagnostic.primary(span, "").help(HELP))
        })?;
        let of = self.function(callee, callee_span)?;
        let mut reverse = false;
        for (attribute, val) in attributes {
            let message = match (attribute.name.name.as_str(), val) {
                ("reverse", Val::Bool(given)) => {
                    reverse = *given;
                    continue;
                }
                ("reverse", _) => "`reverse` is `true` or `false`".to_string(),
                (other, _) => format!("`associative_scan` has no attribute `{other}`"),
            };
            let diagnostic = Diagnostic::error(Code::BadAttribute, message);
            return Err(self.report(
                diagnostic
                    .primary(attribute.span, "")
                    .help("`reverse = true` begins with the last slice"),
            ));
        }
        let function = Function::AssociativeScan { of, reverse };
        Ok(Val::Function(Rc::new(function)))
    }

    /// The instance of the prefixes under a function, of the slices of all arguments together.
    pub(super) fn prefixes(
        &mut self,
        (of, reverse): (&Rc<Function>, bool),
        arguments: &[Tree],
        span: Span,
        spans: &[Span],
    ) -> Result<Instance, Reported> {
        if arguments.is_empty() {
            let message = "`associative_scan` takes slices of at least one argument";
            let diagnostic = Diagnostic::error(Code::ArgumentCount, message);
            return Err(self.report(diagnostic.primary(span, "").help(HELP)));
        }
        let length = self.common_length(arguments, span, spans)?;
        let slices: Vec<Tree> = arguments.iter().map(sliced).collect();
        let both = [slices.as_slice(), slices.as_slice()].concat();
        let inner = self.instantiate(of, both, span, &[spans, spans].concat())?;
        self.check_combination(&inner, &slices, span)?;
        let (name, doc) = self.describe(of);
        let region = twice(&inner.graph)
            .and_then(|body| Region::new(name, doc, body, Pullback::Derived))
            .map_err(|error| self.type_error(&error, span, &[]))?;
        let names = inner.params.iter().map(|(name, _)| name.clone());
        let params: Vec<(String, Tree)> = names.zip(arguments.iter().cloned()).collect();
        let names = inner.results.iter().map(|(name, _)| name.clone());
        let results: Vec<(String, Tree)> = names.zip(arguments.iter().cloned()).collect();
        let graph = combined(region, length, reverse, &params, &results, span)
            .map_err(|error| self.type_error(&error, span, spans))?;
        Ok(Instance {
            graph,
            params,
            results,
            order: inner.order,
            names: Names::None,
        })
    }

    /// What combines two slices yields what each of them is.
    fn check_combination(
        &mut self,
        inner: &Instance,
        slices: &[Tree],
        span: Span,
    ) -> Result<(), Reported> {
        if inner.results.iter().map(|(_, tree)| tree).eq(slices) {
            return Ok(());
        }
        let list = |trees: &mut dyn Iterator<Item = &Tree>| {
            let types: Vec<String> = trees.map(Tree::to_string).collect();
            types.join(", ")
        };
        let yields = list(&mut inner.results.iter().map(|(_, tree)| tree));
        let wanted = list(&mut slices.iter());
        let message = format!("slices are ({wanted}), but the function makes ({yields}) of two");
        Err(self.report(
            Diagnostic::error(Code::BadScan, message)
                .primary(span, "")
                .help("the function takes what has been combined, then a slice, and yields the same types"),
        ))
    }
}

/// The graph with every output a second time.
fn twice(graph: &Graph) -> Result<Graph, TypeError> {
    let order: Vec<usize> = (0..graph.inputs().len()).collect();
    let mut body = permuted(graph, &order)?;
    for output in body.outputs().to_vec() {
        let mut name = format!("{}_so_far", output.name);
        while body.outputs().iter().any(|known| known.name == name) {
            name.push('_');
        }
        body.add_output(name, output.value);
    }
    Ok(body)
}

/// The graph of the prefixes: the first slices, and after them what the loop yields.
fn combined(
    region: Region,
    length: u64,
    reverse: bool,
    params: &[(String, Tree)],
    results: &[(String, Tree)],
    span: Span,
) -> Result<Graph, TypeError> {
    let builder = Builder::new(Graph::new(), span);
    let mut inputs: Vec<Value> = Vec::new();
    for (path, ty) in params.iter().flat_map(|(name, tree)| tree.leaves(name)) {
        inputs.push(input(&builder, &ty, &path)?);
    }
    let prefixes = match length {
        0 | 1 => inputs,
        _ => after_the_first(&builder, region, length, reverse, &inputs)?,
    };
    let mut graph = builder.finish();
    let names = results.iter().flat_map(|(name, tree)| tree.leaves(name));
    for ((name, _), value) in names.zip(prefixes) {
        graph.add_output(name, value);
    }
    Ok(graph)
}

fn after_the_first(
    builder: &Builder,
    region: Region,
    length: u64,
    reverse: bool,
    inputs: &[Value],
) -> Result<Vec<Value>, TypeError> {
    let rows = |value: Value, from: u64, to: u64| {
        let shape = builder.shape(value);
        let (mut start, mut limit) = (vec![0; shape.rank()], shape.extents().collect::<Vec<_>>());
        (start[0], limit[0]) = (from, to);
        builder.slice(value, &start, &limit, &vec![1; start.len()])
    };
    let (first, rest) = match reverse {
        false => ((0, 1), (1, length)),
        true => ((length - 1, length), (0, length - 1)),
    };
    let (mut firsts, mut operands, mut slices) = (Vec::new(), Vec::new(), Vec::new());
    for &value in inputs {
        let row = rows(value, first.0, first.1)?;
        let inner = Shape::new(builder.shape(value).extents().skip(1));
        operands.push(builder.reshape(row, &inner)?);
        slices.push(rows(value, rest.0, rest.1)?);
        firsts.push(row);
    }
    operands.extend(slices);
    let scan = Scan {
        region: Rc::new(region),
        carries: inputs.len(),
        stacked: inputs.len(),
        length: length - 1,
        reverse,
    };
    let results = builder.apply_all(scan, &operands)?;
    let stacks = results.into_iter().skip(inputs.len());
    let joined = firsts.into_iter().zip(stacks).map(|(first, others)| {
        let parts = if reverse {
            [others, first]
        } else {
            [first, others]
        };
        builder.apply(Concat { axis: 0 }, &parts)
    });
    joined.collect()
}
